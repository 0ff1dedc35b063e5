"""Value types that travel between the packages. No numpy, no I/O: plain immutable data.

Times are UTC milliseconds since the epoch (``*_ms``), prices and notionals USD (``*_usd`` where the
name alone does not say it).
"""

import math
import re
import unicodedata
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache

SOURCE_BINANCE_USDM = "BINANCE_USDM"
HEARTBEAT_GAP_MS = 10_000
"""Heartbeats further apart than this, in the exchange's time, leave a hole in the coverage."""
PROOF_MS = 1_800_000
"""For this long after a force order of any symbol the endpoint is known to deliver."""

REJECTED_COUNTER = "rejected: "
"""The counter of a rejection is called this and the reason's value."""
UNREAD_COUNTER = "unread force order: "
"""The counter of a force order that could not be read is called this and the reason's value."""
UNREADABLE_SYMBOL = "?"
"""Stands for the name of a force order that is no symbol's."""

ALL_SYMBOLS = "ALL"
"""Stands where a symbol would, for all of them; so no symbol is called this."""
LONGEST_SYMBOL_CHARS = 50

_USUAL_SYMBOL = re.compile(r"[A-Z0-9_]{1,50}")
_LETTER, _MARK, _DIGIT = "L", "M", "N"
_TICK_SIZE = re.compile(r"([0-9]+(?:\.[0-9]+)?)(?:[eE][-+]?[0-9]{1,3})?")
_SMALLEST_TICK, _LARGEST_TICK, _MOST_TICK_DIGITS = Decimal("1e-12"), Decimal("1e6"), 20
_SHOWN_CHARS = 40


def canonical_symbol(name: object) -> str:
    """Return a symbol as this program writes it: composed, in capitals.

    A symbol is the exchange's to name: letters and digits of any script and ``_``, such as
    ``BTCUSDT``, ``BTCUSDT_260327`` or a contract with a Chinese name.

    Raises
    ------
    ValueError
        It is none; the message shows it shortened and escaped.
    """
    if isinstance(name, str):
        if _USUAL_SYMBOL.fullmatch(name) and name != ALL_SYMBOLS:
            return name
        # The length first: composing a long text takes long.
        if 0 < len(name) <= 2 * LONGEST_SYMBOL_CHARS:
            symbol = _canonical(name)
            if symbol is not None:
                return symbol
    shown = ascii(name[:_SHOWN_CHARS]) if isinstance(name, str) else f"a {type(name).__name__}"
    raise ValueError(f"expected a symbol such as BTCUSDT, got {shown}")


@lru_cache(1024)
def _canonical(name: str) -> str | None:
    symbol = "".join(map(_capital, unicodedata.normalize("NFC", name)))
    symbol = unicodedata.normalize("NFC", symbol)
    is_symbol = (
        0 < len(symbol) <= LONGEST_SYMBOL_CHARS
        and symbol != ALL_SYMBOLS
        and all(
            char == "_" or unicodedata.category(char)[0] in (_LETTER, _MARK, _DIGIT)
            for char in symbol
        )
        and unicodedata.category(symbol[0])[0] != _MARK
    )
    return symbol if is_symbol else None


def _capital(char: str) -> str:
    # Some capitals are two letters or those of another letter; the name has to stay the same.
    upper = char.upper()
    return upper if len(upper) == 1 and upper.casefold() == char.casefold() else char


def parse_tick_size(text: object) -> Decimal:
    """Read a tick size, USD: 1e-12 to 1e6, of at most 20 digits.

    What lies far outside is refused before it is made a number of so many digits.

    Raises
    ------
    ValueError
        It is none; the message shows it shortened and escaped.
    """
    if (
        isinstance(text, str)
        and len(text) <= _SHOWN_CHARS
        and (found := _TICK_SIZE.fullmatch(text))
    ):
        tick_size = Decimal(text)
        digits = len(found[1].replace(".", ""))
        if digits <= _MOST_TICK_DIGITS and _SMALLEST_TICK <= tick_size <= _LARGEST_TICK:
            return tick_size
    shown = ascii(text[:_SHOWN_CHARS]) if isinstance(text, str) else f"a {type(text).__name__}"
    raise ValueError(
        f"expected a tick size from 1e-12 to 1e6 of at most {_MOST_TICK_DIGITS} digits, got {shown}"
    )


class OrderSide(StrEnum):
    """Side of the liquidation *order*, as the exchange sends it."""

    BUY = "BUY"
    SELL = "SELL"

    @property
    def liquidated(self) -> str:
        """Who was liquidated: a SELL order closes a ``long``, a BUY order closes a ``short``."""
        return "long" if self is OrderSide.SELL else "short"


class DataKind(StrEnum):
    """Where a database's rows come from; one file holds one kind only."""

    LIVE = "live"
    SIMULATED = "simulated"
    REPLAY = "replay"


@dataclass(frozen=True, slots=True)
class LiquidationEvent:
    """One liquidation order as the exchange reported it.

    Attributes
    ----------
    ts_ms
        Trade time (``o.T``).
    price
        Average fill price (``o.ap``); the limit price where the exchange sends no average.
    qty
        Filled quantity (``o.z``); the original quantity where the exchange sends no filled one.
    notional
        ``price * qty``, USD.
    limit_price, original_qty
        ``o.p`` and ``o.q``; 0.0 where absent. With the fields above they identify the message.
    push_ms
        When the exchange pushed the message (``E``); up to about 1 s after `ts_ms`.
    receive_ms
        This machine's clock when the message arrived.
    raw_json
        The message as received; empty when raw messages are not kept.
    """

    ts_ms: int
    symbol: str
    side: OrderSide
    price: float
    qty: float
    notional: float
    source: str
    limit_price: float
    original_qty: float
    push_ms: int
    receive_ms: int
    raw_json: str


class RejectReason(StrEnum):
    """Why a frame gave no event; each is counted."""

    NOT_JSON = "not JSON"
    NOT_AN_OBJECT = "not an object"
    OTHER_EVENT = "another event type"
    PROTOCOL = "protocol message"
    MISSING_FIELD = "missing field"
    BAD_VALUE = "bad value"
    COIN_M = "COIN-M order"
    FOREIGN_SYMBOL = "symbol not recorded"


@dataclass(frozen=True, slots=True)
class UnreadOrder:
    """What is known of a force order that could not be read: it happened, and it is missing.

    Attributes
    ----------
    symbol
        Whose; ``None``: not known, it may be any symbol's. `UNREADABLE_SYMBOL`: it has a name, and
        that is none of a symbol.
    times_ms
        Its trade time and its push time, as far as they can be read; may be empty.
    """

    symbol: str | None = None
    times_ms: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Rejection:
    """A frame that gave no event, and why.

    Attributes
    ----------
    reason
        The sort of it.
    detail
        One short printable line.
    unread
        The force order that it was, where it was one that should have been read.
    """

    reason: RejectReason
    detail: str
    unread: UnreadOrder | None = None


@dataclass(frozen=True, slots=True)
class StoredBatch:
    """Events that were committed in one transaction, and are in the database from now on.

    Attributes
    ----------
    events
        The newly stored events only, in arrival order; duplicates are not among them.
    row_ids
        Their ``liq_events.id``, ascending, same length.
    duplicates
        How many of the events written were already there.
    """

    events: tuple[LiquidationEvent, ...]
    row_ids: tuple[int, ...]
    duplicates: int


@dataclass(frozen=True, slots=True)
class CoverageInterval:
    """A closed time interval in which the connection was alive by the exchange's heartbeats.

    `proven` means that some symbol's force order arrived within 30 minutes, so that the endpoint
    is known to deliver; otherwise only the heartbeat flowed.
    """

    symbol: str
    start_ms: int
    end_ms: int
    proven: bool


@dataclass(frozen=True, slots=True)
class Viewport:
    """What the chart shows, as the layer reports it.

    Attributes
    ----------
    price_low, price_high
        Price at the pane's lower and upper edge (swapped back for an inverted scale), USD.
    end_ms
        Time at the pane's right edge; ``None`` while the chart shows its newest candle, so that the
        window follows now.
    width_px, height_px
        Size of the candles' pane in CSS pixels.
    """

    price_low: float
    price_high: float
    end_ms: int | None
    width_px: float
    height_px: float

    @property
    def is_drawable(self) -> bool:
        """Whether there is something to draw on: a pane with a size and a price range."""
        numbers = (self.price_low, self.price_high, self.width_px, self.height_px)
        return (
            all(map(math.isfinite, numbers))
            and self.price_low < self.price_high
            and min(self.price_high, self.width_px, self.height_px) > 0
        )
