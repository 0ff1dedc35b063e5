"""Liquidations as they are reported, refused and stored. Pure.

Times are UTC milliseconds since the epoch (``*_ms``), prices and notionals USD (``*_usd`` where the
name alone does not say it).
"""

from dataclasses import dataclass
from enum import StrEnum

REJECTED_COUNTER = "rejected: "
"""The counter of a rejection is called this and the reason's value."""
UNREAD_COUNTER = "unread force order: "
"""The counter of a force order that could not be read is called this and the reason's value."""
UNREADABLE_SYMBOL = "?"
"""Stands for the name of a force order that is no symbol's."""


class Liquidated(StrEnum):
    """Who was liquidated. Venues name an order's side or a position's; their parsers tell which."""

    LONG = "long"
    SHORT = "short"

    @property
    def order_side(self) -> str:
        """Side of the order that closed the position: ``SELL`` for a long, ``BUY`` for a short."""
        return "SELL" if self is Liquidated.LONG else "BUY"


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
    liquidated: Liquidated
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
