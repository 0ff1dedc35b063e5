"""What the recorder needs to know of a venue, and all that it knows of any.

A new venue is a file (or a folder) in `Heatmap.ingestion.venues` and a row in its table. Its
messages become events, heartbeats and rejections by a pure parser; everything after that
(connecting, reconnecting, coverage, storing) is the same for all. Events name the venue, and so
does all that is stored and told of them: the same symbol of two venues is two instruments.
"""

from collections.abc import Awaitable, Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Protocol, TypeAlias

from Heatmap.domain.candles import Candle, RunningMinute, Series, Value
from Heatmap.domain.events import LiquidationEvent, PriceKind, Rejection, RejectReason
from Heatmap.errors import Failure
from Heatmap.ingestion.candles.fetch_plan import Request, SeriesRules


class Completeness(StrEnum):
    """Which of its liquidations a venue reports; totals are lower bounds but for `ALL`."""

    ALL = "all"
    #: At most one for a symbol and second.
    CAPPED = "capped"
    #: The largest of a symbol and second.
    LARGEST = "largest"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class MarkPrice:
    """A price that comes at least every few seconds; it is also the connection's heartbeat.

    Attributes
    ----------
    symbol
        Such as BTCUSDT.
    ts_ms
        When the venue pushed it, its own clock.
    price
        USD.
    """

    symbol: str
    ts_ms: int
    price: float


@dataclass(frozen=True, slots=True)
class Kline:
    """A push of a symbol's one-minute candle.

    Attributes
    ----------
    symbol
        Whose.
    candle
        The minute; ``None`` while it is not over.
    running
        What one that is not over has reached; ``None``: it is over, or cannot be read.
    """

    symbol: str
    candle: Candle | None
    running: RunningMinute | None = None


ParsedItem: TypeAlias = LiquidationEvent | MarkPrice | Kline | Rejection


@dataclass(frozen=True, slots=True)
class Answer:
    """What could be read of an answer about a series.

    Attributes
    ----------
    values
        In order of time, each time once.
    bad_ms
        Times of those that could not be used.
    reason
        Why the first of them could not; empty: there is none.
    """

    values: tuple[Value, ...]
    bad_ms: tuple[int, ...] = ()
    reason: str = ""


class MarketData(Protocol):
    """How a venue is asked for candles, open interest and funding. Pure."""

    @property
    def rules(self) -> Mapping[Series, SeriesRules]:
        """How each series is asked for."""

    def stream_url(self, url: str, symbols: Sequence[str]) -> str:
        """Return the address of a connection with one-minute candles of these, where there is room.

        Parameters
        ----------
        url
            As `Venue.stream_url` gives it.
        symbols
            Whose.
        """

    def subscription(self, symbols: Sequence[str], *, ends: bool = False) -> str:
        """Return what is sent on an open connection to have candles of these too, or no more.

        Empty: the venue cannot do that.
        """

    def query(self, request: Request) -> Mapping[str, str]:
        """Return a request's parameters."""

    def parse(self, request: Request, body: bytes) -> Answer:
        """Read an answer.

        Raises
        ------
        ExchangeError
            It is not such an answer; one line says why.
        """


class Instruments(Protocol):
    """What a venue tells of its instruments."""

    @property
    def server_ms(self) -> int | None:
        """The venue's clock as the answer names it; ``None`` where it does not."""

    @property
    def tick_sizes(self) -> Mapping[str, Decimal]:
        """USD by symbol."""

    @property
    def refused(self) -> Mapping[str, str]:
        """Symbols that are listed with something that is no tick size, and what came."""

    @property
    def failure(self) -> Failure | None:
        """Whose tick sizes cannot be used, and what came; ``None``: all can."""


@dataclass(frozen=True, slots=True)
class Ping:
    """What keeps a connection alive where the venue wants to hear something.

    Attributes
    ----------
    text
        The message.
    every_s
        Time between two of them, seconds.
    """

    text: str
    every_s: float


class Venue(Protocol):
    """One venue; its methods are called in the recorder's loop and keep nothing."""

    @property
    def id(self) -> str:
        """The stored name, such as ``BINANCE_USDM``."""

    @property
    def ws_url(self) -> str:
        """Base of the websocket addresses."""

    @property
    def rest_url(self) -> str:
        """Base of the REST addresses."""

    @property
    def completeness(self) -> Completeness:
        """Which of its liquidations it reports."""

    @property
    def price_kind(self) -> PriceKind:
        """What the price of its events is, as a rule; each event says it of its own."""

    @property
    def ping(self) -> Ping | None:
        """What keeps a connection alive; ``None``: nothing is needed."""

    @property
    def market_data(self) -> MarketData | None:
        """How candles are asked for; ``None``: they are not kept up."""

    def stream_url(self, ws_url: str, symbols: Sequence[str]) -> str:
        """Return the address of one connection for these symbols (``("ALL",)``: all of them)."""

    def subscriptions(self, symbols: Sequence[str]) -> Sequence[str]:
        """Return what is sent once it is open; empty where the address says it all."""

    def heartbeat_symbols(self, symbols: Sequence[str]) -> tuple[str, ...]:
        """Return whose `MarkPrice` shows that the connection delivers."""

    def shares_heartbeat(self, symbols: Sequence[str]) -> bool:
        """Whether one heartbeat stands for all of these, because they come by one stream."""

    def parse(
        self, frame: str | bytes, receive_ms: int, *, keep_raw: bool
    ) -> tuple[ParsedItem, ...]:
        """Read one frame; never raises.

        Parameters
        ----------
        frame
            As received.
        receive_ms
            This machine's clock when it arrived, UTC milliseconds.
        keep_raw
            Whether events carry its text.
        """

    def refusal(self, status: int, retry_after: str | None, date: str | None) -> Failure:
        """Say what it means that it answers with an HTTP status, and how long to stay away.

        Parameters
        ----------
        status
            The status.
        retry_after, date
            Headers of the answer; ``None``: not there.
        """

    def fetch_instruments(
        self, rest_url: str, symbols: Collection[str] | None
    ) -> Awaitable[Instruments]:
        """Ask for the tick sizes of these symbols (``None``: of all).

        Raises
        ------
        ExchangeError
            There was no answer, a refusal, or not the documented answer.
        """


def keep_wanted(item: ParsedItem, symbols: frozenset[str] | None) -> ParsedItem:
    """Turn an event of a symbol that is not recorded into a rejection; pass everything else.

    Parameters
    ----------
    item
        What a venue's parser gave.
    symbols
        The recorded symbols, compared exactly (``BTCUSDT_260327`` is not ``BTCUSDT``); ``None``:
        all of them.
    """
    if symbols is None or not isinstance(item, LiquidationEvent) or item.symbol in symbols:
        return item
    return Rejection(RejectReason.FOREIGN_SYMBOL, item.symbol)
