"""A venue that does not exist: what a new one takes. Its server is in the tests that record it.

Its messages are lines such as ``gone|long|BTCUSDT|1790000000000|100.50|2``, its heartbeats
``beat|BTCUSDT|1790000000000|100.25``. It reports every liquidation, at the bankruptcy price.
"""

import json
from collections.abc import Collection, Sequence

from Heatmap.domain.event_keys import event_key
from Heatmap.domain.events import (
    Liquidated,
    LiquidationEvent,
    PriceKind,
    Rejection,
    RejectReason,
)
from Heatmap.domain.instruments import parse_tick_size
from Heatmap.ingestion.connection.supervisor import Failure, classify_status
from Heatmap.ingestion.exchange_info import ExchangeInfo
from Heatmap.ingestion.venue import Completeness, MarkPrice, ParsedItem, Ping


class MadeUpVenue:
    """Satisfies `Heatmap.ingestion.venue.Venue`."""

    id = "MADE_UP"
    ws_url, rest_url = "wss://stream.made-up.example", "https://made-up.example"
    completeness = Completeness.ALL
    market_data = None
    price_kind: PriceKind = "bankruptcy"
    ping: Ping | None = Ping("still here", 0.05)

    def stream_url(self, ws_url: str, _symbols: Sequence[str]) -> str:
        return f"{ws_url}/lines"

    def subscriptions(self, symbols: Sequence[str]) -> Sequence[str]:
        return [json.dumps({"want": symbol}) for symbol in symbols]

    def heartbeat_symbols(self, symbols: Sequence[str]) -> tuple[str, ...]:
        return tuple(symbols)

    def shares_heartbeat(self, _symbols: Sequence[str]) -> bool:
        return False

    def parse(
        self, frame: str | bytes, receive_ms: int, *, keep_raw: bool
    ) -> tuple[ParsedItem, ...]:
        text = frame if isinstance(frame, str) else frame.decode()
        match text.split("|"):
            case ["beat", symbol, ts_ms, price]:
                return (MarkPrice(symbol, int(ts_ms), float(price)),)
            case ["gone", who, symbol, ts_ms, price, qty]:
                liquidated = Liquidated(who)
                decimals = price, qty
                return (
                    LiquidationEvent(
                        ts_ms=int(ts_ms),
                        symbol=symbol,
                        liquidated=liquidated,
                        price=float(price),
                        qty=float(qty),
                        notional=float(price) * float(qty),
                        source=self.id,
                        limit_price=None,
                        original_qty=None,
                        push_ms=None,
                        receive_ms=receive_ms,
                        raw_json=text if keep_raw else "",
                        price_kind=self.price_kind,
                        price_rule="reported",
                        reported_price=float(price),
                        event_key=event_key(self.id, symbol, int(ts_ms), liquidated, decimals),
                    ),
                )
        return (Rejection(RejectReason.BAD_VALUE, text),)

    def refusal(self, status: int, retry_after: str | None, date: str | None) -> Failure:
        return classify_status(status, retry_after, date)

    async def fetch_instruments(
        self, _rest_url: str, symbols: Collection[str] | None
    ) -> ExchangeInfo:
        return ExchangeInfo(None, {one: parse_tick_size("0.50") for one in symbols or ()})
