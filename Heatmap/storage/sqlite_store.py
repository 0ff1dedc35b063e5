"""The only writer of the database: events, coverage, tick sizes, retention. Imports no numpy."""

import os
import sqlite3
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, suppress
from decimal import Decimal
from typing import Self

from Heatmap.domain.coverage import CoverageInterval
from Heatmap.domain.events import DataKind, LiquidationEvent, StoredBatch
from Heatmap.domain.instruments import (
    BINANCE_USDM,
    Instrument,
    InstrumentName,
    instrument_of,
    parse_tick_size,
)
from Heatmap.domain.market_note import MarketNote
from Heatmap.domain.recordings import (
    ImportedCoverage,
    OldestTime,
    RecordedEvent,
    retention_after_merge,
)
from Heatmap.runtime.compat import override
from Heatmap.storage.sqlite import ledger
from Heatmap.storage.sqlite.candle_writer import CandleWriter
from Heatmap.storage.sqlite.coverage_rows import (
    NewestIntervals,
    add_coverage,
    add_imported,
    cut_coverage,
    trim_coverage,
)
from Heatmap.storage.sqlite.event_rows import (
    counts_by_venue,
    event_to_row,
    insert_again,
    insert_events,
    insert_recorded,
    sequence,
)
from Heatmap.storage.sqlite.log_mark import LogMark, open_without_log
from Heatmap.storage.sqlite.status import read_status

__all__ = ["SqliteStore", "event_to_row", "read_status"]

_DELETE_OLDEST = """
DELETE FROM liq_events
WHERE id IN (SELECT id FROM liq_events WHERE ts_ms < ? ORDER BY ts_ms, id LIMIT ?)
"""

# The row that is a slice further on; without one the rest is less than a slice.
_SLICE_END = """
SELECT ts_ms, id FROM liq_events WHERE (ts_ms, id) > (?, ?) AND ts_ms < ?
ORDER BY ts_ms, id LIMIT 1 OFFSET ?
"""
_COUNT_REST = "SELECT count(*) FROM liq_events WHERE (ts_ms, id) > (?, ?) AND ts_ms < ?"

_RAISE_SEQUENCE = "UPDATE sqlite_sequence SET seq = max(seq, ?) WHERE name = 'liq_events'"
_BEGIN_SEQUENCE = "INSERT INTO sqlite_sequence (name, seq) VALUES ('liq_events', ?)"

# A retention step works in slices until this much time is used, which leaves room in the 50 ms that
# it may take for the last slice and the commit.
_STEP_BUDGET_S = 0.02
_ROWS_PER_SLICE = 100
_PAGES_PER_SLICE = 64
_COUNTED_PER_SLICE = 50_000
# A recorder's events wait in its queue; waiting in SQLite would keep it from its sockets.
_RECORDER_BUSY_TIMEOUT_MS = 250


class SqliteStore(CandleWriter):
    """Writes one database file; at most one instance per file exists, in any process.

    Belongs to the thread that made it. It must not cross a fork: the child holds neither the lock
    nor a usable connection, and every method raises there. Every method that writes is one
    transaction: when it raises, nothing of it is stored, and it may be tried again.

    Parameters
    ----------
    path
        The file; created where it does not exist, in a directory that does. A local disk.
    kind
        What the file holds; a file of another kind is refused.
    busy_timeout_ms
        How long to wait for a foreign lock on the file before giving up, milliseconds.
    sets_damaged_aside
        Whether a damaged file of ours is renamed, never deleted, and a fresh one begun. While
        writing, the call that meets the damage raises, and the next one works on the fresh file.

    Raises
    ------
    OtherWriterError
        Another recorder writes the file.
    DatabaseInUseError
        Another program has the file locked.
    WrongDataKindError, NewerDatabaseError, CorruptDatabaseError
        The file is none that this store may write; it was left as it is.
    StorageError
        The file or its directory is missing, cannot be written or has no room.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        kind: DataKind,
        *,
        busy_timeout_ms: int = 2000,
        sets_damaged_aside: bool = False,
    ) -> None:
        # What a fresh file in the place of this one would have to know.
        self._symbols: tuple[str, ...] = ()
        # They are still to be noted in the file, at the latest with the first events.
        self._are_symbols_due = False
        self._retention_ms: int | None = None
        self._first_row_id, self._last_row_id = 1, 0
        self._newest = NewestIntervals()
        super().__init__(
            path, kind, busy_timeout_ms=busy_timeout_ms, sets_damaged_aside=sets_damaged_aside
        )

    @classmethod
    def for_recorder(cls, path: str | os.PathLike[str], kind: DataKind) -> Self:
        """Open a file as a recorder wants it: a damaged one is set aside, locks are not waited for.

        Raises
        ------
        StorageError
            As the constructor.
        """
        return cls(path, kind, busy_timeout_ms=_RECORDER_BUSY_TIMEOUT_MS, sets_damaged_aside=True)

    def write(self, events: Sequence[LiquidationEvent]) -> StoredBatch:
        """Store events in one transaction; those already stored are counted and left as they are.

        The totals ``received``, ``stored`` and ``duplicates`` are part of the transaction: whenever
        the process ends, they fit the rows.

        Parameters
        ----------
        events
            In arrival order; may repeat each other. Empty: nothing happens.

        Returns
        -------
        StoredBatch
            The newly stored ones with their row ids, ascending.

        Raises
        ------
        StorageError
            The file cannot be written; none of the events is stored.
        sqlite3.IntegrityError
            A field is NaN or missing, which is a bug of the caller; none of the events is stored.
        """
        if not events:
            return StoredBatch((), (), 0)
        with self._transaction() as connection:
            row_ids, stored = insert_events(connection, events)
            added = counts_by_venue(events, stored)
            for venue, counts in added.items():
                ledger.add_counts(connection, counts, venue)
            self._note_due_symbols(connection)
            number = self._log.number
            self._on_commit.append(lambda: self._log.memory.add_events(row_ids, stored))
            self._on_commit.append(lambda: self._log.memory.add_counts(number, added))
        self._are_symbols_due = False
        if row_ids:
            self._last_row_id = row_ids[-1]
        return StoredBatch(tuple(stored), tuple(row_ids), len(events) - len(stored))

    def merge_recording(
        self,
        events: Iterable[RecordedEvent],
        coverage: Sequence[ImportedCoverage],
        now_ms: int,
        market: MarketNote | None = None,
    ) -> int:
        """Add another recording in one transaction; return how many of its events were new.

        The totals of what was received stay: they are the recorder's.

        Parameters
        ----------
        events
            In any order; those that are stored already stay as they are.
        coverage
            Kept apart from what this file's own recorder covered.
        now_ms
            This machine's time, UTC milliseconds: where something is older than the retention in
            force, the longest one is noted, so that it stays until somebody shortens it.
        market
            Noted with it; ``None``: what is noted stays.

        Raises
        ------
        StorageError
            The file cannot be written; nothing was stored.
        """
        with self._transaction() as connection:
            before = sequence(connection)
            oldest = OldestTime(coverage)
            added = insert_recorded(connection, oldest.watched(events))
            add_imported(connection, coverage)
            kept_ms = ledger.read_retention(connection)
            longer_ms = retention_after_merge(kept_ms, oldest.oldest_ms, now_ms)
            if longer_ms is not None:
                kept_ms = longer_ms
                ledger.save_retention(connection, kept_ms)
            if market is not None:
                ledger.save_market(connection, market)
            reached = sequence(connection)
            if reached > before:
                # Too many to keep; where the log is lost, whoever has the file imports it again.
                self._on_commit.append(lambda: self._log.memory.forget(reached, added))
        self._retention_ms = kept_ms
        self._market = market or self._market
        self._last_row_id = max(self._last_row_id, reached)
        return added

    def extend_coverage(
        self, instrument: InstrumentName, start_ms: int, end_ms: int, *, proven: bool
    ) -> None:
        """Record that the connection was alive in a closed interval.

        It merges with intervals of the same sort that it touches or overlaps. Where proven and
        unproven were both claimed, proven stays, whichever came first.

        Parameters
        ----------
        instrument
            Whose stream was alive; its symbol may be ``ALL``.
        start_ms, end_ms
            Times of the exchange's heartbeats, UTC milliseconds; equal for the first heartbeat.
        proven
            Whether the endpoint was known to deliver, see `CoverageInterval`.

        Raises
        ------
        ValueError
            `end_ms` lies before `start_ms`.
        StorageError
            The file cannot be written.
        """
        if end_ms < start_ms:
            raise ValueError(f"coverage of {instrument} ends at {end_ms}, before {start_ms}")
        covered = instrument_of(instrument)
        added = CoverageInterval(covered.symbol, start_ms, end_ms, proven, covered.venue)
        with self._transaction() as connection:
            newest = self._newest.extend(connection, added, covered)
            if newest is None:
                newest = add_coverage(connection, added)
            else:
                self._heartbeat = newest
            self._on_commit.append(lambda: self._log.memory.add_coverage(added))
            self._on_commit.append(lambda: self._newest.note(newest, covered))

    def cut_coverage(
        self,
        symbol: str | None,
        spans: Sequence[tuple[int, int]],
        venue: str = BINANCE_USDM,
    ) -> None:
        """Take spans of time out of what was recorded, in one transaction.

        Parameters
        ----------
        symbol
            Whose; ``None``: every symbol's.
        spans
            First and last moment of each, UTC milliseconds.
        venue
            Of which venue, by its stored name; those of others stay.

        Raises
        ------
        StorageError
            The file cannot be written; nothing was taken out.
        """
        with self._transaction() as connection:
            symbols = [symbol]
            if symbol is None:
                rows = connection.execute(
                    "SELECT DISTINCT symbol FROM coverage WHERE source = ?", (venue,)
                )
                symbols = [row[0] for row in rows.fetchall()]
            for start_ms, end_ms in spans:
                for one in symbols:
                    hole = CoverageInterval(str(one), start_ms, end_ms, False, venue)
                    cut_coverage(connection, hole)
            self._on_commit.append(lambda: self._log.memory.cut_coverage(symbol, spans, venue))

    def save_tick_size(self, instrument: InstrumentName, tick_size: Decimal, ts_ms: int) -> None:
        """Remember an instrument's tick size, in place of an earlier one.

        Parameters
        ----------
        instrument
            Whose.
        tick_size
            Smallest price step, USD, with the exchange's digits (``0.10``).
        ts_ms
            When the exchange said so, UTC milliseconds.

        Raises
        ------
        ValueError
            `tick_size` is not a number from 1e-12 to 1e6.
        StorageError
            The file cannot be written.
        """
        # Before it is written out: a number of few digits may have an exponent of many.
        try:
            parse_tick_size(str(tick_size))
        except ValueError as error:
            raise ValueError(f"{instrument}: {error}") from None
        whose = instrument_of(instrument)
        with self._transaction() as connection:
            _save_tick_size(connection, whose, tick_size, ts_ms)
            self._on_commit.append(lambda: self._log.memory.add_tick_size(whose, tick_size, ts_ms))

    def add_counts(self, counts: Mapping[str, int], venue: str = BINANCE_USDM) -> None:
        """Add to the totals that the file keeps since it was made.

        Parameters
        ----------
        counts
            Increment by counter, such as ``received`` or ``rejected: not JSON``.
        venue
            Of what was counted, by its stored name.

        Raises
        ------
        StorageError
            The file cannot be written; nothing was added.
        """
        with self._transaction() as connection:
            ledger.add_counts(connection, counts, venue)
            number = self._log.number
            kept = {venue: dict(counts)}
            self._on_commit.append(lambda: self._log.memory.add_counts(number, kept))

    def save_unread_order(self, words: str) -> None:
        """Keep what is said of the latest force order that could not be read.

        Raises
        ------
        StorageError
            The file cannot be written.
        """
        with self._transaction() as connection:
            ledger.save_unread_order(connection, words)

    def save_symbols(self, symbols: Sequence[str]) -> None:
        """Note which symbols are recorded from now on; others may ask.

        Where that fails, they are noted with the first events that are written.

        Raises
        ------
        StorageError
            The file cannot be written.
        """
        self._symbols, self._are_symbols_due = tuple(symbols), True
        with self._transaction() as connection:
            self._note_due_symbols(connection)
        self._are_symbols_due = False

    def kept_retention_ms(self) -> int | None:
        """Return the current retention, milliseconds; ``None``: none was ever noted.

        Raises
        ------
        StorageError
            The file cannot be read.
        """
        with self._transaction("BEGIN") as connection:
            self._retention_ms = ledger.read_retention(connection)
        return self._retention_ms

    def keep_retention(self, retention_ms: int) -> None:
        """Note the current retention, milliseconds; deletes nothing.

        Raises
        ------
        StorageError
            The file cannot be written.
        """
        with self._transaction() as connection:
            ledger.save_retention(connection, retention_ms)
        self._retention_ms = retention_ms

    def expired_counts(self, before_ms: int) -> Iterator[int]:
        """Count the events before a time in small steps, so that writing is never held up.

        Parameters
        ----------
        before_ms
            UTC milliseconds; an event exactly then does not count.

        Yields
        ------
        int
            Parts of the number; their sum is the number.

        Raises
        ------
        StorageError
            The file cannot be read.
        """
        reached = (-(2**63), 0)
        while True:
            with self._transaction("BEGIN") as connection:
                row = connection.execute(
                    _SLICE_END, (*reached, before_ms, _COUNTED_PER_SLICE - 1)
                ).fetchone()
                count = _COUNTED_PER_SLICE
                if row is None:
                    count = connection.execute(_COUNT_REST, (*reached, before_ms)).fetchone()[0]
            yield count
            if row is None:
                return
            reached = row

    def delete_expired(self, before_ms: int, limit: int = 500) -> int:
        """Do one small step of retention; call it again until it returns 0.

        Deletes the oldest events first and trims coverage, so that deleted time counts as not
        recorded. Once no event is left to delete, a step gives free pages back to the disk. A step
        stops early when it has used its time, about 20 ms.

        Parameters
        ----------
        before_ms
            What happened before this time goes, UTC milliseconds; an event exactly then stays.
        limit
            Delete at most this many events.

        Returns
        -------
        int
            Deleted events; 0: done.

        Raises
        ------
        StorageError
            The file cannot be written.
        """
        step_ends = time.perf_counter() + _STEP_BUDGET_S
        deleted = 0
        with self._transaction() as connection:
            trim_coverage(connection, before_ms)
            while deleted < limit:
                size = min(_ROWS_PER_SLICE, limit - deleted)
                count = connection.execute(_DELETE_OLDEST, (before_ms, size)).rowcount
                deleted += count
                if count < size or time.perf_counter() > step_ends:
                    break
        if deleted == 0:
            with self._faults():
                self._shrink(self._ready(), step_ends)
        return deleted

    def _shrink(self, connection: sqlite3.Connection, until: float) -> None:
        """Give free pages back to the disk, at least a slice, until ``time.perf_counter()`` passes.

        Or until the log has to be written back, which takes as long as a step.
        """
        while connection.execute("PRAGMA freelist_count").fetchone()[0] > 0:
            if not self._log.may_omit_stamp:
                self._stamp_log(connection)
            # The pragma frees one page per step of the statement, so it has to be drained.
            connection.execute(f"PRAGMA incremental_vacuum({_PAGES_PER_SLICE})").fetchall()
            self._note_taken()
            if self._log.is_due or time.perf_counter() > until:
                break
        self._note_log(connection)

    def _note_due_symbols(self, connection: sqlite3.Connection) -> None:
        if self._are_symbols_due:
            ledger.save_symbols(connection, self._symbols)

    @override
    def _forget_rows(self) -> None:
        self._newest.forget()

    @override
    def _hand_over(self, connection: sqlite3.Connection) -> None:
        """Tell a file that may be a fresh one what this process still knows of the one before."""
        if self._symbols:
            ledger.save_symbols(connection, self._symbols)
        if self._retention_ms is not None:
            ledger.save_retention(connection, self._retention_ms)
        if self._market is not None:
            ledger.save_market(connection, self._market)
        if self._last_row_id:
            # Row ids go on: whoever has seen ids up to here takes only larger ones for new.
            reached = connection.execute(_RAISE_SEQUENCE, (self._last_row_id,))
            if not reached.rowcount:
                connection.execute(_BEGIN_SEQUENCE, (self._last_row_id,))

    @override
    def _restore(self, connection: sqlite3.Connection, mark: LogMark | None) -> tuple[int, int]:
        """Write once more what only a lost log held."""
        memory = self._log.memory
        is_same_file = mark is not None
        reached = sequence(connection) if is_same_file else 0
        restored = 0
        for row_id, event in memory.events_after(reached):
            # Under its own id, where that is free: who has seen the row sees no other one.
            restored += insert_again(connection, row_id if is_same_file else None, event)
        self._last_row_id = max(self._last_row_id, sequence(connection))
        lost = memory.forgotten_after(reached)
        if mark is not None:
            # Of another file the time is not covered in which events lie in the one before; nor is
            # any of a log of which events are lost.
            for interval in () if lost else memory.coverage():
                add_coverage(connection, interval)
            for whose, tick_size, ts_ms in memory.tick_sizes():
                _save_tick_size(connection, whose, tick_size, ts_ms)
            for added in memory.counts_after(mark.reached.number):
                for venue, counts in added.items():
                    ledger.add_counts(connection, counts, venue)
        return restored, lost

    @override
    def _note_opened(self, connection: sqlite3.Connection, *, is_settled: bool) -> None:
        """Record what a file holds that was just opened."""
        first_row_id, self._last_row_id = connection.execute(
            "SELECT coalesce(min(id), 1), ? FROM liq_events", (sequence(connection),)
        ).fetchone()
        self._first_row_id = first_row_id
        self._market = ledger.read_market(connection) or self._market
        if is_settled:
            return
        with suppress(sqlite3.Error), closing(open_without_log(self.path)) as file:
            count = connection.execute(
                "SELECT count(*) FROM liq_events WHERE id > ?", (sequence(file),)
            ).fetchone()[0]
            if count:
                self._log.memory.forget(self._last_row_id, count)

    @override
    def _count_held(self) -> int:
        """Return how many rows the file held at most."""
        return self._last_row_id - self._first_row_id + 1


def _save_tick_size(
    connection: sqlite3.Connection, whose: Instrument, tick_size: Decimal, ts_ms: int
) -> None:
    connection.execute(
        "INSERT INTO tick_sizes (source, symbol, tick_size, fetched_ms) VALUES (?, ?, ?, ?) "
        "ON CONFLICT (source, symbol) DO UPDATE SET "
        "tick_size = excluded.tick_size, fetched_ms = excluded.fetched_ms",
        (whose.venue, whose.symbol, f"{tick_size:f}", ts_ms),
    )
