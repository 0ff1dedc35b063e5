"""Reads a store in memory."""

from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from typing import TypeVar

from Heatmap.domain.coverage import CoverageInterval
from Heatmap.domain.events import LiquidationEvent
from Heatmap.domain.instruments import (
    ALL_SYMBOLS,
    Instrument,
    InstrumentName,
    instrument_of,
)
from Heatmap.domain.recordings import ImportedCoverage, RecordedEvent, RecordingHead
from Heatmap.errors import StorageError
from Heatmap.storage.coverage import clipped, effective
from Heatmap.storage.store import EventWindow, Gather, KnownRow, StoredEvent
from Heatmap.tests.engines.memory.contents import Contents, key_of
from Heatmap.tests.engines.memory.memory_candles import CandleReader

Events = TypeVar("Events")
StoredRow = tuple[int, LiquidationEvent]


class MemoryReader(CandleReader):
    """Reads contents in whose place others may stand by now; `is_current` tells."""

    def __init__(self, contents: Contents, find_present: Callable[[], Contents | None]) -> None:
        self.kind = contents.kind
        self._contents = contents
        self._find_present = find_present
        self._is_closed = False

    def is_current(self) -> bool:
        return self._find_present() is self._contents

    def read_window(
        self,
        instrument: InstrumentName,
        start_ms: int,
        end_ms: int | None,
        gather: Gather[Events],
        /,
    ) -> EventWindow[Events]:
        def is_inside(ts_ms: int) -> bool:
            return start_ms <= ts_ms and (end_ms is None or ts_ms < end_ms)

        rows = self.rows()
        return _window(rows, [row for row in rows if is_inside(row[1].ts_ms)], instrument, gather)

    def read_after(
        self, instrument: InstrumentName, row_id: int, gather: Gather[Events], /
    ) -> EventWindow[Events]:
        rows = self.rows()
        window = _window(rows, [row for row in rows if row[0] > row_id], instrument, gather)
        return EventWindow(window.events, max(window.last_row_id, row_id))

    def read_stored(self, row_id: int, limit: int, /) -> EventWindow[tuple[StoredEvent, ...]]:
        rows = self.rows()
        found = [_stored(row) for row in rows if row[0] > row_id and row[1].notional is not None]
        return EventWindow(tuple(found[:limit]), rows[-1][0] if rows else 0)

    def read_stored_between(
        self,
        instrument: InstrumentName,
        start_ms: int,
        end_ms: int,
        row_id: int,
        limit: int,
        /,
    ) -> tuple[StoredEvent, ...]:
        asked = str(instrument_of(instrument))
        found = [
            one
            for one in self.read_stored(row_id, len(self.rows())).events
            if one.instrument == asked and start_ms <= one.ts_ms < end_ms
        ]
        return tuple(found[:limit])

    def read_known(
        self,
        instrument: InstrumentName,
        start_ms: int,
        end_ms: int,
        row_id: int,
        late_ms: int,
        gather: Callable[[Iterator[KnownRow]], Events],
        /,
    ) -> EventWindow[Events]:
        asked, rows = instrument_of(instrument), self.rows()
        found = (
            (max(one.ts_ms, one.pushed_ms), number, one.ts_ms, one.price, one.notional, is_long)
            for number, one in sorted(rows, key=lambda row: (row[1].ts_ms, row[0]))
            for is_long in (one.liquidated == "long",)
            if one.instrument == asked and one.notional is not None and number > row_id
            if start_ms <= one.ts_ms < end_ms
            and max(one.ts_ms, one.pushed_ms) - one.ts_ms > late_ms
        )
        last_row_id = rows[-1][0] if rows else 0
        return EventWindow(gather(found), max(last_row_id, row_id))

    def read_coverage(
        self, instrument: InstrumentName, start_ms: int, end_ms: int | None, /
    ) -> tuple[CoverageInterval, ...]:
        own = effective(instrument_of(instrument), self._open_contents().all_coverage())
        return clipped(own, start_ms, end_ms)

    def tick_size(self, instrument: InstrumentName, /) -> Decimal | None:
        known = self._open_contents().tick_sizes.get(instrument_of(instrument))
        return None if known is None else known[0]

    def tick_sizes(self, instruments: Iterable[InstrumentName]) -> dict[str, Decimal]:
        known, asked = self._open_contents().tick_sizes, set(map(instrument_of, instruments))
        return {
            str(instrument): tick_size
            for instrument, (tick_size, _ts_ms) in known.items()
            if not asked.isdisjoint({instrument, Instrument(instrument.venue, ALL_SYMBOLS)})
        }

    def first_event_ms(self, instrument: InstrumentName, /) -> int | None:
        asked = instrument_of(instrument)
        times = (event.ts_ms for _, event in self.rows() if event.instrument == asked)
        return min(times, default=None)

    def recorded_since_ms(self, instrument: InstrumentName, /) -> int | None:
        covered = self.read_coverage(instrument, 0, None)
        return covered[0].start_ms if covered else self.first_event_ms(instrument)

    def read_recording(
        self, gather: Callable[[RecordingHead, Iterator[RecordedEvent]], Events], /
    ) -> Events:
        contents = self._open_contents()
        own = [part for parts in contents.coverage.values() for part in parts]
        imported = [
            ImportedCoverage(part, origin)
            for (origin, _whose), parts in contents.imported.items()
            for part in parts
        ]
        rows = sorted(self.rows(), key=lambda row: (row[1].ts_ms, row[0]))
        events = (
            RecordedEvent(event, key := key_of(event), key in contents.keys_from_numbers)
            for _row_id, event in rows
        )
        head = RecordingHead(contents.kind, tuple(own), tuple(imported), market=contents.market)
        return gather(head, events)

    def newest_push_ms(self) -> int | None:
        rows = self.rows()
        return rows[-1][1].pushed_ms if rows else None

    def damaged_rows(self) -> dict[str, int]:
        return {}

    def close(self) -> None:
        self._is_closed = True

    def rows(self) -> list[StoredRow]:
        return list(self._open_contents().rows)

    def _open_contents(self) -> Contents:
        if self._is_closed:
            raise StorageError("the store was closed; open it anew")
        return self._contents


def _window(
    rows: list[StoredRow],
    found: list[StoredRow],
    instrument: InstrumentName,
    gather: Gather[Events],
) -> EventWindow[Events]:
    asked = instrument_of(instrument)
    points = (
        (event.ts_ms, event.price, event.notional, event.liquidated == "long")
        for _row_id, event in sorted(found, key=lambda row: (row[1].ts_ms, row[0]))
        if event.instrument == asked and event.notional is not None
    )
    return EventWindow(gather(points), rows[-1][0] if rows else 0)


def _stored(row: StoredRow) -> StoredEvent:
    row_id, event = row
    return StoredEvent(
        row_id,
        str(event.instrument),
        event.ts_ms,
        event.liquidated == "long",
        event.price,
        event.qty,
        event.notional or 0.0,
        event.limit_price,
    )
