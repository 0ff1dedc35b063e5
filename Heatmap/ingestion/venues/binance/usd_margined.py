"""Binance's USD-M futures, as a venue."""

from collections.abc import Collection, Sequence

from Heatmap.domain.events import PriceKind
from Heatmap.domain.instruments import BINANCE_USDM
from Heatmap.errors import Failure
from Heatmap.heatmap_settings import REST_URL, WS_URL
from Heatmap.ingestion.connection.supervisor import classify_status
from Heatmap.ingestion.exchange_info import ExchangeInfo, fetch_exchange_info
from Heatmap.ingestion.venue import Completeness, ParsedItem
from Heatmap.ingestion.venues.binance.force_order import parse_frame
from Heatmap.ingestion.venues.binance.market_data import BinanceMarketData
from Heatmap.ingestion.venues.binance.streams import heartbeat_symbols, shares_stream, stream_url


class BinanceUsdMargined:
    """A `Heatmap.ingestion.venue.Venue`; its methods are described there.

    The address names the streams, so nothing is subscribed to; the exchange sends pings of its own,
    which the websocket library answers.
    """

    id = BINANCE_USDM
    ws_url, rest_url = WS_URL, REST_URL
    #: The documentation: "only the latest one liquidation order within 1000ms will be pushed".
    completeness = Completeness.CAPPED
    price_kind: PriceKind = "fill"
    ping = None
    market_data = BinanceMarketData()

    def stream_url(self, ws_url: str, symbols: Sequence[str]) -> str:
        """Return the address of one combined stream."""
        return stream_url(ws_url, symbols)

    def subscriptions(self, _symbols: Sequence[str]) -> Sequence[str]:
        """Return nothing."""
        return ()

    def heartbeat_symbols(self, symbols: Sequence[str]) -> tuple[str, ...]:
        """Return whose mark price is pushed every second."""
        return heartbeat_symbols(symbols)

    def shares_heartbeat(self, symbols: Sequence[str]) -> bool:
        """Whether they are taken out of the stream of all."""
        return shares_stream(symbols)

    def parse(
        self, frame: str | bytes, receive_ms: int, *, keep_raw: bool
    ) -> tuple[ParsedItem, ...]:
        """Read one frame."""
        return parse_frame(frame, receive_ms, keep_raw=keep_raw)

    def refusal(self, status: int, retry_after: str | None, date: str | None) -> Failure:
        """Say what an HTTP status means."""
        return classify_status(status, retry_after, date)

    async def fetch_instruments(
        self, rest_url: str, symbols: Collection[str] | None
    ) -> ExchangeInfo:
        """Ask ``exchangeInfo``."""
        return await fetch_exchange_info(rest_url, symbols)
