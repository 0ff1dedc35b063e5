"""What a recorder knows of one symbol at this moment: what is asked for again and again."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from Heatmap.domain.candles import RunningMinute
from Heatmap.ingestion.connection.supervisor import ConnectionState
from Heatmap.ingestion.recorder.standby import SinkRole


class TickOrigin(StrEnum):
    """Where a tick size comes from."""

    EXCHANGE = "exchange"
    LAST_KNOWN = "last known"


@dataclass(frozen=True, slots=True)
class RecorderGlance:
    """The part of a `RecorderStatus` that a picture needs; costs the same with 600 symbols.

    Attributes
    ----------
    role, connection, connected_since_ms
        As in the status.
    has_storage_fault
        Whether something cannot be written at present.
    newest_heartbeat
        Of any symbol: UTC milliseconds, and the monotonic clock's seconds when it came; ``None``:
        there was none.
    heartbeat_ms
        The symbol's newest, UTC milliseconds; ``None``: there was none.
    mark_price
        USD; ``None``: not known.
    running_minute
        What the minute that is not over has reached; ``None``: not known.
    is_recorded_elsewhere
        Whether the program that writes records the symbol, while this one stands by; ``None``:
        this one writes, or that is not known.
    tick_size, tick_origin
        USD, and whether the latest fetch confirmed it; ``None``: the exchange has not told it.
    """

    role: SinkRole
    connection: ConnectionState
    connected_since_ms: int | None
    has_storage_fault: bool
    newest_heartbeat: tuple[int, float] | None
    heartbeat_ms: int | None
    mark_price: float | None
    running_minute: RunningMinute | None
    tick_size: Decimal | None
    tick_origin: TickOrigin | None
    is_recorded_elsewhere: bool | None = None
