"""What a storage engine offers: one `Store` for an address. Protocols and plain types, no numpy.

An engine is a folder with three classes (`Store`, `StoreWriter`, `StoreReader`) and a row in
`Heatmap.storage.store`; the tests in ``tests/unit/storage`` say what it has to do.

An instrument is a venue and a symbol, as `instrument_of` reads it: the same symbol of two venues is
two instruments, which are never mixed. Events whose notional is not known are stored and counted,
and no reader gives them. Row ids are the engine's: they ascend in the order of committing and never
come twice, which is all that the event tape needs of them. A gap between the batches of one writer
costs a read.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any, Generic, Protocol, TypeAlias, TypeVar

from Heatmap.domain.candles import Series, Span
from Heatmap.domain.coverage import CoverageInterval
from Heatmap.domain.event_sink import EventSink
from Heatmap.domain.events import DataKind
from Heatmap.domain.instruments import InstrumentName
from Heatmap.domain.market_note import MarketNote
from Heatmap.domain.recordings import RecordedEvent, RecordingHead, RecordingSink

Address: TypeAlias = str | Path
"""Where a store is: a file, or a text ``scheme://...``. To be passed on and shown, not opened."""

Row: TypeAlias = tuple[int, float, float, bool]
"""A stored event: time (UTC ms), price (USD), notional (USD), whether a long was liquidated."""

CandleRow: TypeAlias = tuple[int, float, float, float, float, float, float | None]
"""A closed minute: its opening (UTC ms), open, high, low, close (USD), USD traded, USD that buyers
took (``None``: unknown)."""
TimedRow: TypeAlias = tuple[int, float]
"""A time (UTC ms) and a value: open interest (its label, USD), or funding (when paid, the rate)."""

KnownRow: TypeAlias = tuple[int, int, int, float, float, bool]
"""When the venue told of an event (UTC ms), the number of its row, and what a `Row` has."""

OrderRow: TypeAlias = tuple[float, float, float, bool]
"""A liquidation order: fill price, the order's own price, notional (USD), whether a long was
liquidated."""

Events = TypeVar("Events")
Gathered = TypeVar("Gathered")
Gather: TypeAlias = Callable[[Iterator[Row]], Events]
"""Makes of rows what its caller works with, such as ``list`` or `event_arrays.as_array`."""


@dataclass(frozen=True, slots=True, eq=False)
class EventWindow(Generic[Events]):
    """The events of a window, and how far the store had been written when they were read.

    Attributes
    ----------
    events
        Sorted by time, equal times in the order of storing.
    last_row_id
        The largest row id of all instruments at that moment, 0 without any: an event stored later
        has a larger id, one with this id or a smaller one was seen by this read.
    """

    events: Events
    last_row_id: int


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """One liquidation of a known size, with all that a program may want of it.

    Attributes
    ----------
    row_id
        Ascends in the order of storing, and never comes twice.
    instrument
        Whose, as it is written: ``BTCUSDT``, ``bybit:BTCUSDT``.
    ts_ms
        Trade time, UTC milliseconds.
    is_long
        Whether a long was liquidated.
    price, qty, notional
        USD, contracts in the base currency, USD.
    limit_price
        The order's own price, USD; ``None``: the venue did not send it.
    """

    row_id: int
    instrument: str
    ts_ms: int
    is_long: bool
    price: float
    qty: float
    notional: float
    limit_price: float | None


@dataclass(frozen=True, slots=True)
class DayFacts:
    """What a status panel tells of a store, at one moment: the status has each of these names.

    Attributes
    ----------
    events_today
        Events of the asked instruments since the day began.
    last_event_ms
        Trade time of the newest of their events, UTC milliseconds; ``None``: there is none.
    database_bytes
        What the store takes on its disk, with everything that belongs to it.
    """

    events_today: int
    last_event_ms: int | None
    database_bytes: int


@dataclass(frozen=True, slots=True)
class DatabaseFacts:
    """What tells whether a store can be recorded into; what it means is said elsewhere.

    Attributes
    ----------
    address
        Where it is.
    exists
        Whether it is there.
    size_bytes
        What it takes on its disk.
    kind
        What it holds; ``None``: nothing yet, any kind may be recorded into it.
    schema_version, expected_version
        The version of its schema, and that which this program makes.
    schema_changes
        What of its schema is not ours, in one line; empty: nothing.
    is_mendable
        Whether all of that can be put right without a row being lost.
    damage
        What is damaged, in one line; empty: nothing that is known.
    is_checked
        Whether it was looked at for damage as a whole.
    writer_active
        Whether a recorder writes it.
    is_writable
        Whether this user may write it, or make it.
    free_bytes
        Room left for it; ``None``: not known.
    free_inodes
        How many files can still be made where it lies; ``None``: there is no such limit.
    damaged_rows
        Rows that another program has spoilt, by table; what time allowed to count.
    """

    address: Address = ""
    exists: bool = False
    size_bytes: int = 0
    kind: DataKind | None = None
    schema_version: int = 0
    expected_version: int = 0
    schema_changes: str = ""
    is_mendable: bool = False
    damage: str = ""
    is_checked: bool = True
    writer_active: bool = False
    is_writable: bool = True
    free_bytes: int | None = None
    free_inodes: int | None = None
    damaged_rows: Mapping[str, int] = field(default_factory=dict)


class StoreReader(Protocol):
    """Reads one store, also while a recorder writes it; cannot change it.

    Each method sees one committed state. May be used from any thread, by one at a time. Damaged
    events are left out everywhere. Every method but `is_current` and `close` raises `StorageError`
    where the store cannot be read.
    """

    @property
    def kind(self) -> DataKind:
        """What the store holds."""

    def is_current(self) -> bool:
        """Whether the address still leads to what is open here; otherwise a new reader is due."""

    def read_window(
        self,
        instrument: InstrumentName,
        start_ms: int,
        end_ms: int | None,
        gather: Gather[Events],
        /,
    ) -> EventWindow[Events]:
        """Read events with ``start_ms <= ts_ms < end_ms``, UTC milliseconds; ``None``: open."""

    def read_after(
        self, instrument: InstrumentName, row_id: int, gather: Gather[Events], /
    ) -> EventWindow[Events]:
        """Read events that were stored after a row, whenever they happened."""

    def read_stored(self, row_id: int, limit: int, /) -> EventWindow[tuple[StoredEvent, ...]]:
        """Read the events of all instruments that were stored after a row, in that order.

        At most `limit` of them. The window's `last_row_id` is that of all that are stored.
        """

    def read_stored_between(
        self,
        instrument: InstrumentName,
        start_ms: int,
        end_ms: int,
        row_id: int,
        limit: int,
        /,
    ) -> tuple[StoredEvent, ...]:
        """Read events with ``start_ms <= ts_ms < end_ms`` that were stored after a row.

        At most `limit` of them, in the order of storing.
        """

    def read_known(
        self,
        instrument: InstrumentName,
        start_ms: int,
        end_ms: int,
        row_id: int,
        late_ms: int,
        gather: Callable[[Iterator[KnownRow]], Gathered],
        /,
    ) -> EventWindow[Gathered]:
        """Read events with ``start_ms <= ts_ms < end_ms`` and when the venue told of them.

        That is the time at which it pushed them, and never before they happened. Only those that
        were stored after a row and told of more than `late_ms` after they happened; 0 and -1: all.
        Sorted by time, equal times in the order of storing.
        """

    def read_coverage(
        self, instrument: InstrumentName, start_ms: int, end_ms: int | None, /
    ) -> tuple[CoverageInterval, ...]:
        """Read when an instrument was recorded, cut to a window.

        Sorted and disjoint; intervals of the same sort never touch, an instant is left out. What
        was covered while all of its venue's were recorded counts for each.
        """

    def tick_size(self, instrument: InstrumentName, /) -> Decimal | None:
        """Return the last known tick size, USD; ``None``: none was fetched."""

    def first_event_ms(self, instrument: InstrumentName, /) -> int | None:
        """Return the time of the oldest stored event, UTC milliseconds; ``None``: there is none."""

    def recorded_since_ms(self, instrument: InstrumentName, /) -> int | None:
        """Return when its coverage begins, UTC milliseconds; ``None``: it was never recorded.

        Where nothing is covered it is the time of the oldest event.
        """

    def newest_push_ms(self) -> int | None:
        """Return when the event that was stored last was pushed, UTC ms; ``None`` without any."""

    def damaged_rows(self) -> Mapping[str, int]:
        """Count the rows that are left out, by table; reads every row, so not for a GUI."""

    def read_candles(
        self,
        instrument: InstrumentName,
        start_ms: int,
        end_ms: int,
        gather: Callable[[Iterator[CandleRow]], Gathered],
        /,
    ) -> Gathered:
        """Read closed minutes that began in a half-open time, in order."""

    def read_series(
        self,
        instrument: InstrumentName,
        series: Series,
        start_ms: int,
        end_ms: int,
        gather: Callable[[Iterator[TimedRow]], Gathered],
        /,
    ) -> Gathered:
        """Read open interest or funding of a half-open time, in order."""

    def read_order_prices(
        self,
        instrument: InstrumentName,
        start_ms: int,
        end_ms: int,
        gather: Callable[[Iterator[OrderRow]], Gathered],
        /,
    ) -> Gathered:
        """Read the orders of a half-open time whose own price is known, in order."""

    def fetched_spans(self, instrument: InstrumentName, series: Series, /) -> tuple[Span, ...]:
        """Return which time of a series was fetched; in it the exchange has no more values."""

    def read_recording(
        self, gather: Callable[[RecordingHead, Iterator[RecordedEvent]], Gathered], /
    ) -> Gathered:
        """Read every event by time, and what time is covered by whose word, as of one moment."""

    def market(self) -> MarketNote | None:
        """Return of which market the data are; ``None``: nobody noted it."""

    def close(self) -> None:
        """Give the store back; idempotent."""


class StoreWriter(EventSink, RecordingSink, Protocol):
    """Writes one store: for a recorder, and to add another recording to what is there."""


class Store(Protocol):
    """One place where events are kept. Nothing is opened or made until a method asks for it.

    The methods raise `StorageError` where the store is missing or cannot be used, and return plain
    values. Safe to use from any thread.
    """

    @property
    def address(self) -> Address:
        """Where it is, as a user may be shown."""

    def exists(self) -> bool:
        """Whether there is anything at the address."""

    def discard_empty(self) -> bool:
        """Take the store away where it holds nothing and nobody writes it; whether it is gone.

        For whoever made it a moment ago, and could not fill it. It raises nothing.
        """

    def open_writer(self, kind: DataKind, *, is_recorder: bool = True) -> StoreWriter:
        """Open it for writing, and make it where it is missing; there is one writer at a time.

        Parameters
        ----------
        kind
            What it holds; a store of another kind is refused.
        is_recorder
            Whether a damaged store is set aside and a fresh one begun, and locks of other programs
            are waited for by trying again. Otherwise both are left to the caller.

        Raises
        ------
        OtherWriterError
            Another writer is open, in whatever process.
        StorageError
            It cannot be written; it was left as it is.
        """

    def open_reader(self) -> StoreReader:
        """Open it for reading; it must exist."""

    def day_facts(self, instruments: Sequence[InstrumentName], day_start_ms: int, /) -> DayFacts:
        """Read what a status panel tells; counts a day's events, so not on a GUI's loop.

        Parameters
        ----------
        instruments
            Whose events count; ``ALL`` among them: those of all of its venue.
        day_start_ms
            When the day began, UTC milliseconds.
        """

    def status(self, machine_ms: int | None = None) -> dict[str, Any]:
        """Summarise it for ``json.dumps``; the keys are those of `sqlite.status.read_status`.

        Parameters
        ----------
        machine_ms
            This machine's time, UTC milliseconds; ``None``: now.
        """

    def health(self, *, timeout_s: float = 10.0) -> DatabaseFacts:
        """Return what tells whether it can be recorded into; it need not exist. Changes nothing.

        Parameters
        ----------
        timeout_s
            How long its integrity may be checked, seconds.

        Raises
        ------
        HeatmapError, OSError
            The environment does not let it be looked at, or what lies there is none of ours.
        """

    def kept_retention_ms(self) -> int | None:
        """Return the current retention, milliseconds; ``None``: none was ever noted."""

    def count_expired(self, before_ms: int, /) -> int:
        """Count the events before a time, UTC milliseconds, all of which a retention deletes."""

    def tick_sizes(self, instruments: Iterable[InstrumentName], /) -> dict[str, Decimal]:
        """Return the last known tick sizes, USD, by instrument as it is written.

        ``ALL`` among them: of all of its venue that the store knows.
        """
