"""Value types that travel between the packages. No numpy, no I/O: plain immutable data.

Times are UTC milliseconds since the epoch (``*_ms``), prices and notionals USD (``*_usd`` where the
name alone does not say it).
"""

import math
from dataclasses import dataclass
from enum import StrEnum

SOURCE_BINANCE_USDM = "BINANCE_USDM"
HEARTBEAT_GAP_MS = 10_000
"""Heartbeats further apart than this, in the exchange's time, leave a hole in the coverage."""
PROOF_MS = 1_800_000
"""For this long after a force order of any symbol the endpoint is known to deliver."""

REJECTED_COUNTER = "rejected: "
"""The counter of a rejection is called this and the reason's value."""


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
class Rejection:
    """A frame that gave no event, and why; `detail` is one short line for the log."""

    reason: RejectReason
    detail: str


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
