"""Liquidations as they are reported, refused and stored. Pure.

Times are UTC milliseconds since the epoch (``*_ms``), prices and notionals USD (``*_usd`` where the
name alone does not say it).
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from Heatmap.domain.instruments import Instrument

if TYPE_CHECKING:
    from dataclasses import dataclass as frozen_for_mypy
else:

    def frozen_for_mypy(**_: Any) -> Callable[[type], type]:
        """Make a dataclass that only mypy holds frozen, for what is made for each message.

        A frozen one sets each field by a call, which takes as long as reading the message's JSON.
        """
        return dataclass(slots=True, unsafe_hash=True)


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


PriceKind: TypeAlias = Literal["fill", "order", "bankruptcy", "market", "unknown"]
"""What the price of an event is: venues report different ones."""

PriceRule: TypeAlias = Literal["reported", "unknown"]
"""How the price of an event came about from what the venue reported."""

Origin: TypeAlias = Literal["recorder", "back-fill", "import"]
"""By which way an event came into the database."""


@frozen_for_mypy(frozen=True, slots=True)
class LiquidationEvent:
    """One liquidation as a venue reported it.

    Attributes
    ----------
    ts_ms
        Trade time.
    symbol, source
        What was traded, and the venue's stored name (``BINANCE_USDM``); see `instrument`.
    liquidated
        Who was.
    price
        Where it is drawn, USD; `price_kind` and `price_rule` say what it is.
    qty
        Filled quantity; the original quantity where the venue sends no filled one.
    notional
        ``price * qty``, USD; ``None``: the size of a contract is not known.
    limit_price, original_qty
        Of the liquidation order; ``None``: the venue did not send it.
    push_ms
        When the venue pushed the message, up to about 1 s after `ts_ms`; ``None``: it does not say.
    receive_ms
        This machine's clock when the message arrived.
    raw_json
        The message as received; empty when raw messages are not kept.
    reported_price
        The venue's, from which `price` was made; ``None``: not known.
    twin
        Number among identical events of one message, from 0.
    event_key
        See `Heatmap.domain.event_keys`; ``None``: it is made from the numbers when the event is
        stored, and marked so.
    """

    ts_ms: int
    symbol: str
    liquidated: Liquidated
    price: float
    qty: float
    notional: float | None
    source: str
    limit_price: float | None
    original_qty: float | None
    push_ms: int | None
    receive_ms: int
    raw_json: str
    price_kind: PriceKind = "unknown"
    price_rule: PriceRule = "unknown"
    reported_price: float | None = None
    origin: Origin = "recorder"
    twin: int = 0
    event_key: bytes | None = None

    @property
    def instrument(self) -> Instrument:
        """Venue and symbol."""
        return Instrument(self.source, self.symbol)

    @property
    def pushed_ms(self) -> int:
        """When the venue pushed it; the trade time where it does not say."""
        return self.ts_ms if self.push_ms is None else self.push_ms


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
