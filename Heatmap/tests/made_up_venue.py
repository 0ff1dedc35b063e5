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
    UnreadOrder,
)
from Heatmap.domain.instruments import parse_tick_size
from Heatmap.ingestion.connection.supervisor import Failure, classify_status
from Heatmap.ingestion.exchange_info import ExchangeInfo
from Heatmap.ingestion.venue import Completeness, MarkPrice, ParsedItem, Ping
from Heatmap.ingestion.venues.numbers import EARLIEST_MS, LATEST_MS, read_decimal


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
            case ["beat", symbol, time, price]:
                return (MarkPrice(symbol, int(time), float(price)),)
            case ["gone", who, symbol, time, *decimals]:
                ts_ms, numbers = read_time(time), [read_decimal(one) for one in decimals]
                if ts_ms is None or len(numbers) != 2 or not all(numbers):
                    # It happened and is missing: its second must not count as recorded.
                    times_ms = () if ts_ms is None else (ts_ms,)
                    unread = UnreadOrder(symbol, times_ms)
                    return (Rejection(RejectReason.BAD_VALUE, text, unread),)
                liquidated = Liquidated(who)
                price, qty = float(decimals[0]), float(decimals[1])
                return (
                    LiquidationEvent(
                        ts_ms=ts_ms,
                        symbol=symbol,
                        liquidated=liquidated,
                        price=price,
                        qty=qty,
                        notional=price * qty,
                        source=self.id,
                        limit_price=None,
                        original_qty=None,
                        push_ms=None,
                        receive_ms=receive_ms,
                        raw_json=text if keep_raw else "",
                        price_kind=self.price_kind,
                        price_rule="reported",
                        reported_price=price,
                        event_key=event_key(self.id, symbol, ts_ms, liquidated, decimals),
                    ),
                )
        return (Rejection(RejectReason.BAD_VALUE, text),)

    def refusal(self, status: int, retry_after: str | None, date: str | None) -> Failure:
        return classify_status(status, retry_after, date)

    async def fetch_instruments(
        self, _rest_url: str, symbols: Collection[str] | None
    ) -> ExchangeInfo:
        return ExchangeInfo(None, {one: parse_tick_size("0.50") for one in symbols or _LISTED})


# All that it trades.
_LISTED = ("BTCUSDT",)


def read_time(text: str) -> int | None:
    """Read a time, UTC milliseconds; ``None``: it is none."""
    ts_ms = int(text) if text.isdecimal() and text.isascii() else -1
    return ts_ms if EARLIEST_MS <= ts_ms < LATEST_MS else None
