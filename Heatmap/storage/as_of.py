"""A store as it was known at a time: what came later is not in it. Imports no numpy.

- An event is known from the moment at which the venue told of it, a covered time until the moment
  itself, a closed minute from its end on.
- The moment is a clock's. While it goes on, what becomes known is news to whoever follows the
  store, each event once. Where it goes back, a reader is not current any more: all is read anew.
- The numbers of rows that a reader gives are its own: which moment was read, and how far the store
  was written then. So a row counts as new where it became known, and where it was stored late.
- What deleted or cut out something of the past later on has taken it from here too.
"""

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from operator import itemgetter
from typing import Any, NoReturn

from Heatmap.domain.candles import MINUTE_MS, Series, Span
from Heatmap.domain.candles import clipped as clipped_spans
from Heatmap.domain.coverage import CoverageInterval
from Heatmap.domain.events import DataKind
from Heatmap.domain.instruments import InstrumentName
from Heatmap.domain.market_note import MarketNote
from Heatmap.domain.recordings import RecordedEvent, RecordingHead
from Heatmap.storage.engine import (
    Address,
    CandleRow,
    DatabaseFacts,
    DayFacts,
    Events,
    EventWindow,
    Gather,
    Gathered,
    KnownRow,
    OrderRow,
    Row,
    Store,
    StoredEvent,
    StoreReader,
    StoreWriter,
    TimedRow,
)

LATE_MS = 300_000
"""An event that was told of so long after it happened is kept in mind, since no index finds it."""
_END_OF_TIME_MS = 2**62
# More rows than any store has.
_ROW_BITS = 48


def store_as_of(store: Store, clock: Callable[[], int]) -> Store:
    """Return a store as it was known at the time of a clock; it can be read, and not written.

    Parameters
    ----------
    store
        What is stored.
    clock
        The moment, UTC milliseconds; asked in any thread, at each read.
    """
    return _StoreAsOf(store, clock)


class _StoreAsOf:
    """See `store_as_of`."""

    def __init__(self, store: Store, clock: Callable[[], int]) -> None:
        self._store = store
        self._clock = clock
        self._late = _LateEvents()

    @property
    def address(self) -> Address:
        return self._store.address

    def exists(self) -> bool:
        return self._store.exists()

    def discard_empty(self) -> bool:
        return False

    def open_writer(self, kind: DataKind, *, is_recorder: bool = True) -> StoreWriter:
        del kind, is_recorder
        _refuse()

    def open_reader(self) -> StoreReader:
        return _ReaderAsOf(self._store.open_reader(), self._clock, self._late)

    def day_facts(self, instruments: Sequence[InstrumentName], day_start_ms: int, /) -> DayFacts:
        del instruments, day_start_ms
        _refuse()

    def status(self, machine_ms: int | None = None) -> dict[str, Any]:
        del machine_ms
        _refuse()

    def health(self, *, timeout_s: float = 10.0) -> DatabaseFacts:
        return self._store.health(timeout_s=timeout_s)

    def kept_retention_ms(self) -> int | None:
        return self._store.kept_retention_ms()

    def count_expired(self, before_ms: int, /) -> int:
        del before_ms
        _refuse()

    def tick_sizes(self, instruments: Iterable[InstrumentName], /) -> dict[str, Decimal]:
        return self._store.tick_sizes(instruments)


@dataclass(frozen=True, slots=True)
class _Mark:
    """How far a reader has come: which moment it has read, and which row was the last stored."""

    known_ms: int
    row_id: int

    @classmethod
    def of(cls, number: int) -> "_Mark":
        """Return the mark that a number stands for."""
        return cls(number >> _ROW_BITS, number & ((1 << _ROW_BITS) - 1))

    @property
    def number(self) -> int:
        """What stands for it where the number of a row does; later marks have larger ones."""
        return self.known_ms << _ROW_BITS | self.row_id

    def is_before(self, row: KnownRow) -> bool:
        """Whether an event was not known yet, or not stored."""
        return row[0] > self.known_ms or row[1] > self.row_id


class _ReaderAsOf:
    """See `store_as_of`."""

    def __init__(self, reader: StoreReader, clock: Callable[[], int], late: "_LateEvents") -> None:
        self._reader = reader
        self._clock = clock
        self._late = late
        self._reached_ms = 0

    @property
    def kind(self) -> DataKind:
        return self._reader.kind

    def is_current(self) -> bool:
        return self._clock() >= self._reached_ms and self._reader.is_current()

    def read_window(
        self,
        instrument: InstrumentName,
        start_ms: int,
        end_ms: int | None,
        gather: Gather[Events],
        /,
    ) -> EventWindow[Events]:
        moment_ms = self._moment()
        end_ms = moment_ms + 1 if end_ms is None else min(end_ms, moment_ms + 1)

        def take(rows: Iterator[KnownRow]) -> Events:
            return gather(_row(row) for row in rows if row[0] <= moment_ms)

        found = self._reader.read_known(instrument, start_ms, end_ms, 0, -1, take)
        return EventWindow(found.events, _Mark(moment_ms, found.last_row_id).number)

    def read_after(
        self, instrument: InstrumentName, row_id: int, gather: Gather[Events], /
    ) -> EventWindow[Events]:
        moment_ms, mark = self._moment(), _Mark.of(row_id)

        def take(rows: Iterator[KnownRow]) -> list[KnownRow]:
            return [row for row in rows if row[0] <= moment_ms and mark.is_before(row)]

        # What was told of in time, what was stored since, and what was told of late.
        from_ms = mark.known_ms - LATE_MS
        recent = self._reader.read_known(instrument, from_ms, moment_ms + 1, 0, -1, take)
        stored = self._reader.read_known(instrument, 0, from_ms, mark.row_id, -1, take)
        late = take(iter(self._late.read(self._reader, instrument)))
        # By the number of the row, since what is late may also have been stored since. One that
        # was stored between these reads comes with the next.
        found = {
            row[1]: row
            for row in (*late, *stored.events, *recent.events)
            if row[1] <= recent.last_row_id
        }
        rows = sorted(found.values(), key=itemgetter(2, 1))
        last = _Mark(moment_ms, recent.last_row_id)
        return EventWindow(gather(map(_row, rows)), last.number)

    def read_coverage(
        self, instrument: InstrumentName, start_ms: int, end_ms: int | None, /
    ) -> tuple[CoverageInterval, ...]:
        moment_ms = self._moment()
        end_ms = moment_ms if end_ms is None else min(end_ms, moment_ms)
        return self._reader.read_coverage(instrument, start_ms, end_ms) if start_ms < end_ms else ()

    def first_event_ms(self, instrument: InstrumentName, /) -> int | None:
        return self._unless_later(self._reader.first_event_ms(instrument))

    def recorded_since_ms(self, instrument: InstrumentName, /) -> int | None:
        return self._unless_later(self._reader.recorded_since_ms(instrument))

    def newest_push_ms(self) -> int | None:
        newest_ms = self._reader.newest_push_ms()
        return None if newest_ms is None else min(newest_ms, self._moment())

    def read_candles(
        self,
        instrument: InstrumentName,
        start_ms: int,
        end_ms: int,
        gather: Callable[[Iterator[CandleRow]], Gathered],
        /,
    ) -> Gathered:
        # One that began less than a minute ago is not closed.
        end_ms = min(end_ms, self._moment() - MINUTE_MS + 1)
        return self._reader.read_candles(instrument, start_ms, end_ms, gather)

    def read_series(
        self,
        instrument: InstrumentName,
        series: Series,
        start_ms: int,
        end_ms: int,
        gather: Callable[[Iterator[TimedRow]], Gathered],
        /,
    ) -> Gathered:
        end_ms = min(end_ms, self._moment() + 1)
        return self._reader.read_series(instrument, series, start_ms, end_ms, gather)

    def fetched_spans(self, instrument: InstrumentName, series: Series, /) -> tuple[Span, ...]:
        moment_ms = self._moment()
        if series is Series.CANDLES:
            moment_ms -= moment_ms % MINUTE_MS
        return clipped_spans(self._reader.fetched_spans(instrument, series), 0, moment_ms)

    def tick_size(self, instrument: InstrumentName, /) -> Decimal | None:
        return self._reader.tick_size(instrument)

    def market(self) -> MarketNote | None:
        return self._reader.market()

    def close(self) -> None:
        self._reader.close()

    # -- what nobody asks of the past: it would tell what came later ------------------------------

    def read_stored(self, row_id: int, limit: int, /) -> EventWindow[tuple[StoredEvent, ...]]:
        del row_id, limit
        _refuse()

    def read_stored_between(
        self,
        instrument: InstrumentName,
        start_ms: int,
        end_ms: int,
        row_id: int,
        limit: int,
        /,
    ) -> tuple[StoredEvent, ...]:
        del instrument, start_ms, end_ms, row_id, limit
        _refuse()

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
        del instrument, start_ms, end_ms, row_id, late_ms, gather
        _refuse()

    def read_order_prices(
        self,
        instrument: InstrumentName,
        start_ms: int,
        end_ms: int,
        gather: Callable[[Iterator[OrderRow]], Gathered],
        /,
    ) -> Gathered:
        del instrument, start_ms, end_ms, gather
        _refuse()

    def read_recording(
        self, gather: Callable[[RecordingHead, Iterator[RecordedEvent]], Gathered], /
    ) -> Gathered:
        del gather
        _refuse()

    def damaged_rows(self) -> Mapping[str, int]:
        return self._reader.damaged_rows()

    # -- helpers ----------------------------------------------------------------------------------

    def _moment(self) -> int:
        """Return the moment that counts now; another reader is due where it has gone back."""
        moment_ms = self._clock()
        self._reached_ms = max(self._reached_ms, moment_ms)
        return moment_ms

    def _unless_later(self, ms: int | None) -> int | None:
        return None if ms is None or ms > self._moment() else ms


@dataclass(slots=True)
class _Late:
    """Events of one instrument that were told of late, as far as the store was looked through."""

    row_id: int = 0
    rows: list[KnownRow] = field(default_factory=list)


class _LateEvents:
    """Finds the few events that were told of late; looks through each row once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: dict[str, _Late] = {}
        # Of which reader: another one may be of another store in the same place.
        self._reader: StoreReader | None = None

    def read(self, reader: StoreReader, instrument: InstrumentName) -> list[KnownRow]:
        """Return all that there are by now, in no order."""
        with self._lock:
            if reader is not self._reader:
                self._reader = reader
                self._kept.clear()
            known = self._kept.setdefault(str(instrument), _Late())
            found = reader.read_known(instrument, 0, _END_OF_TIME_MS, known.row_id, LATE_MS, list)
            known.rows += found.events
            known.row_id = found.last_row_id
            return known.rows


def _row(row: KnownRow) -> Row:
    return row[2:]


def _refuse() -> NoReturn:
    raise ValueError("this is not told as of an earlier time; ask the store itself")
