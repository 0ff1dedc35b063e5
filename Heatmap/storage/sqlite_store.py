"""The only writer of the database: events, coverage, tick sizes, retention. Imports no numpy."""

import os
import sqlite3
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, suppress
from decimal import Decimal
from typing import Self

from Heatmap.domain.coverage import CoverageInterval
from Heatmap.domain.events import DataKind, LiquidationEvent, StoredBatch
from Heatmap.domain.instruments import parse_tick_size
from Heatmap.runtime.compat import override
from Heatmap.storage.coverage import clipped, normalized, without_span
from Heatmap.storage.sqlite import ledger
from Heatmap.storage.sqlite.candle_writer import CandleWriter
from Heatmap.storage.sqlite.log_mark import LogMark, open_without_log
from Heatmap.storage.sqlite.sound_rows import SOUND_COVERAGE
from Heatmap.storage.sqlite.status import read_status

__all__ = ["SqliteStore", "event_to_row", "read_status"]

# ON CONFLICT names the one index whose conflicts mean "already stored". INSERT OR IGNORE would
# swallow every other fault as well, such as a missing value.
_INSERT_EVENT = """
INSERT INTO liq_events (
    ts_ms, symbol, side, price, qty, notional, source, raw_json,
    limit_price, original_qty, push_ms, receive_ms
) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (source, symbol, ts_ms, side, limit_price, price, original_qty, qty) DO NOTHING
"""
# A damaged row may have the same key: then it is put right. Proven stays proven.
_INSERT_COVERAGE = """
INSERT INTO coverage (symbol, start_ms, end_ms, proven) VALUES (?, ?, ?, ?)
ON CONFLICT (symbol, start_ms, end_ms) DO UPDATE SET
    proven = CASE WHEN typeof(proven) = 'integer' AND proven = 1 THEN 1 ELSE excluded.proven END
"""
_DELETE_COVERAGE = "DELETE FROM coverage WHERE symbol = ? AND start_ms = ? AND end_ms = ?"
_INSERT_NUMBERED = _INSERT_EVENT.replace("(\n    ts_ms", "(\n    id, ts_ms").replace(
    "VALUES (", "VALUES (?, "
)
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
_READ_SEQUENCE = "SELECT seq FROM sqlite_sequence WHERE name = 'liq_events'"
_BEGIN_SEQUENCE = "INSERT INTO sqlite_sequence (name, seq) VALUES ('liq_events', ?)"

# A retention step works in slices until this much time is used, which leaves room in the 50 ms that
# it may take for the last slice and the commit.
_STEP_BUDGET_S = 0.02
_ROWS_PER_SLICE = 100
_PAGES_PER_SLICE = 64
_COUNTED_PER_SLICE = 50_000
# No time that heartbeats bring late is as much behind the newest one.
_CERTAINLY_AHEAD_MS = 3_600_000
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
        stored: list[LiquidationEvent] = []
        row_ids: list[int] = []
        with self._transaction() as connection, closing(connection.cursor()) as cursor:
            for event in events:
                cursor.execute(_INSERT_EVENT, event_to_row(event))
                if cursor.rowcount == 1 and cursor.lastrowid is not None:
                    stored.append(event)
                    row_ids.append(cursor.lastrowid)
            counts = {"received": len(events), "stored": len(stored)}
            counts["duplicates"] = len(events) - len(stored)
            ledger.add_counts(connection, counts)
            self._note_due_symbols(connection)
            number = self._log.number
            self._on_commit.append(lambda: self._log.memory.add_events(row_ids, stored))
            self._on_commit.append(lambda: self._log.memory.add_counts(number, counts))
        self._are_symbols_due = False
        if row_ids:
            self._last_row_id = row_ids[-1]
        return StoredBatch(tuple(stored), tuple(row_ids), len(events) - len(stored))

    def extend_coverage(self, symbol: str, start_ms: int, end_ms: int, *, proven: bool) -> None:
        """Record that the connection was alive in a closed interval.

        It merges with intervals of the same sort that it touches or overlaps. Where proven and
        unproven were both claimed, proven stays, whichever came first.

        Parameters
        ----------
        symbol
            Whose stream was alive.
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
            raise ValueError(f"coverage of {symbol} ends at {end_ms}, before {start_ms}")
        added = CoverageInterval(symbol, start_ms, end_ms, proven)
        with self._transaction() as connection:
            _add_coverage(connection, added)
            self._on_commit.append(lambda: self._log.memory.add_coverage(added))

    def cut_coverage(self, symbol: str | None, spans: Sequence[tuple[int, int]]) -> None:
        """Take spans of time out of what was recorded, in one transaction.

        Parameters
        ----------
        symbol
            Whose; ``None``: every symbol's.
        spans
            First and last moment of each, UTC milliseconds.

        Raises
        ------
        StorageError
            The file cannot be written; nothing was taken out.
        """
        with self._transaction() as connection:
            symbols = [symbol]
            if symbol is None:
                rows = connection.execute("SELECT DISTINCT symbol FROM coverage")
                symbols = [row[0] for row in rows.fetchall()]
            for start_ms, end_ms in spans:
                for one in symbols:
                    _cut_coverage(connection, CoverageInterval(str(one), start_ms, end_ms, False))
            self._on_commit.append(lambda: self._log.memory.cut_coverage(symbol, spans))

    def save_tick_size(self, symbol: str, tick_size: Decimal, ts_ms: int) -> None:
        """Remember a symbol's tick size, in place of an earlier one.

        Parameters
        ----------
        symbol
            The symbol.
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
            raise ValueError(f"{symbol}: {error}") from None
        with self._transaction() as connection:
            _save_tick_size(connection, symbol, tick_size, ts_ms)
            self._on_commit.append(lambda: self._log.memory.add_tick_size(symbol, tick_size, ts_ms))

    def add_counts(self, counts: Mapping[str, int]) -> None:
        """Add to the totals that the file keeps since it was made.

        Parameters
        ----------
        counts
            Increment by counter, such as ``received`` or ``rejected: not JSON``.

        Raises
        ------
        StorageError
            The file cannot be written; nothing was added.
        """
        with self._transaction() as connection:
            ledger.add_counts(connection, counts)
            number = self._log.number
            self._on_commit.append(lambda: self._log.memory.add_counts(number, dict(counts)))

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
        """Return the retention in force, milliseconds; ``None``: none was ever noted.

        Raises
        ------
        StorageError
            The file cannot be read.
        """
        with self._transaction("BEGIN") as connection:
            self._retention_ms = ledger.read_retention(connection)
        return self._retention_ms

    def keep_retention(self, retention_ms: int) -> None:
        """Note the retention in force, milliseconds; deletes nothing.

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
            _trim_coverage(connection, before_ms)
            while deleted < limit:
                size = min(_ROWS_PER_SLICE, limit - deleted)
                count = connection.execute(_DELETE_OLDEST, (before_ms, size)).rowcount
                deleted += count
                if count < size or time.perf_counter() > step_ends:
                    break
        if deleted == 0:
            with self._faults():
                connection = self._ready()
                _shrink(connection, step_ends)
                self._require_taken()
                self._note_log(connection)
        return deleted

    def _note_due_symbols(self, connection: sqlite3.Connection) -> None:
        if self._are_symbols_due:
            ledger.save_symbols(connection, self._symbols)

    @override
    def _hand_over(self, connection: sqlite3.Connection) -> None:
        """Tell a file that may be a fresh one what this process still knows of the one before."""
        if self._symbols:
            ledger.save_symbols(connection, self._symbols)
        if self._retention_ms is not None:
            ledger.save_retention(connection, self._retention_ms)
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
        reached = _sequence(connection) if is_same_file else 0
        restored = 0
        for row_id, event in memory.events_after(reached):
            # Under its own id, where that is free: who has seen the row sees no other one.
            restored += _insert_again(connection, row_id if is_same_file else None, event)
        self._last_row_id = max(self._last_row_id, _sequence(connection))
        if mark is not None:
            # Of another file the time is not covered in which events lie in the one before.
            for interval in memory.coverage():
                _add_coverage(connection, interval)
            for symbol, tick_size, ts_ms in memory.tick_sizes():
                _save_tick_size(connection, symbol, tick_size, ts_ms)
            for counts in memory.counts_after(mark.reached.number):
                ledger.add_counts(connection, counts)
        return restored, memory.forgotten_after(reached)

    @override
    def _note_opened(self, connection: sqlite3.Connection, *, is_settled: bool) -> None:
        """Take note of what a file holds that was just opened."""
        first_row_id, self._last_row_id = connection.execute(
            "SELECT coalesce(min(id), 1), ? FROM liq_events", (_sequence(connection),)
        ).fetchone()
        self._first_row_id = first_row_id
        if is_settled:
            return
        with suppress(sqlite3.Error), closing(open_without_log(self.path)) as file:
            count = connection.execute(
                "SELECT count(*) FROM liq_events WHERE id > ?", (_sequence(file),)
            ).fetchone()[0]
            if count:
                self._log.memory.forget(self._last_row_id, count)

    @override
    def _count_held(self) -> int:
        """Return how many rows the file held at most."""
        return self._last_row_id - self._first_row_id + 1


def event_to_row(event: LiquidationEvent) -> tuple[object, ...]:
    """Return an event's values in the order of the insert statement."""
    return (
        event.ts_ms,
        event.symbol,
        event.liquidated.order_side,
        event.price,
        event.qty,
        event.notional,
        event.source,
        event.raw_json,
        event.limit_price,
        event.original_qty,
        event.push_ms,
        event.receive_ms,
    )


def _sequence(connection: sqlite3.Connection) -> int:
    """Return the largest row id that was ever given."""
    row = connection.execute(_READ_SEQUENCE).fetchone()
    return 0 if row is None else int(row[0])


def _insert_again(
    connection: sqlite3.Connection, row_id: int | None, event: LiquidationEvent
) -> int:
    """Insert an event unless it is stored; return how many were."""
    row = event_to_row(event)
    if row_id is not None:
        with suppress(sqlite3.IntegrityError):  # somebody else has used the id
            return connection.execute(_INSERT_NUMBERED, (row_id, *row)).rowcount
    return connection.execute(_INSERT_EVENT, row).rowcount


def _add_coverage(connection: sqlite3.Connection, added: CoverageInterval) -> None:
    """Merge an interval with those that it touches."""
    _drop_future(connection, added)
    touching = _coverage_touching(connection, added)
    _replace_coverage(connection, touching, normalized([*touching, added]))


def _save_tick_size(
    connection: sqlite3.Connection, symbol: str, tick_size: Decimal, ts_ms: int
) -> None:
    connection.execute(
        "INSERT INTO tick_sizes (symbol, tick_size, fetched_ms) VALUES (?, ?, ?) "
        "ON CONFLICT (symbol) DO UPDATE SET "
        "tick_size = excluded.tick_size, fetched_ms = excluded.fetched_ms",
        (symbol, f"{tick_size:f}", ts_ms),
    )


def _coverage_touching(
    connection: sqlite3.Connection, added: CoverageInterval
) -> list[CoverageInterval]:
    """Return the stored intervals that share at least an instant with another one."""
    touching = []
    with closing(
        connection.execute(
            "SELECT start_ms, end_ms, proven FROM coverage WHERE symbol = ? AND start_ms <= ? "
            f"AND {SOUND_COVERAGE} ORDER BY start_ms DESC, end_ms DESC",
            (added.symbol, added.end_ms),
        )
    ) as rows:
        for start_ms, end_ms, proven in rows:
            if end_ms < added.start_ms:
                break  # the intervals do not overlap, so all further ones end earlier still
            touching.append(CoverageInterval(added.symbol, start_ms, end_ms, bool(proven)))
    return touching


def _replace_coverage(
    connection: sqlite3.Connection,
    known: Sequence[CoverageInterval],
    wanted: Sequence[CoverageInterval],
) -> None:
    """Turn the stored intervals `known` into `wanted`; what is in both stays as it is."""
    connection.executemany(
        _DELETE_COVERAGE,
        [(part.symbol, part.start_ms, part.end_ms) for part in known if part not in wanted],
    )
    connection.executemany(
        _INSERT_COVERAGE,
        [
            (part.symbol, part.start_ms, part.end_ms, part.proven)
            for part in wanted
            if part not in known
        ],
    )


def _cut_coverage(connection: sqlite3.Connection, hole: CoverageInterval) -> None:
    touching = _coverage_touching(connection, hole)
    _replace_coverage(connection, touching, without_span(touching, hole.start_ms, hole.end_ms))


def _drop_future(connection: sqlite3.Connection, added: CoverageInterval) -> None:
    """Delete coverage of a time that has not come yet, which an exchange with a wrong clock left.

    By the later one of the exchange's time and this machine's: either may be behind.
    """
    latest_ms = max(added.end_ms, time.time_ns() // 1_000_000) + _CERTAINLY_AHEAD_MS
    connection.execute(
        f"DELETE FROM coverage WHERE symbol = ? AND start_ms > ? AND {SOUND_COVERAGE}",
        (added.symbol, latest_ms),
    )


def _trim_coverage(connection: sqlite3.Connection, before_ms: int) -> None:
    """Let what is covered begin at a time; damaged rows stay, since nobody knows their time."""
    known: dict[str, list[CoverageInterval]] = {}
    for symbol, start_ms, end_ms, proven in connection.execute(
        "SELECT symbol, start_ms, end_ms, proven FROM coverage "
        f"WHERE start_ms < ? AND {SOUND_COVERAGE}",
        (before_ms,),
    ):
        interval = CoverageInterval(symbol, start_ms, end_ms, bool(proven))
        known.setdefault(symbol, []).append(interval)
    for parts in known.values():
        _replace_coverage(connection, parts, clipped(normalized(parts), before_ms, None))


def _shrink(connection: sqlite3.Connection, until: float) -> None:
    """Give free pages back to the disk, at least a slice, until ``time.perf_counter()`` passes."""
    while connection.execute("PRAGMA freelist_count").fetchone()[0] > 0:
        # The pragma frees one page per step of the statement, so it has to be drained.
        connection.execute(f"PRAGMA incremental_vacuum({_PAGES_PER_SLICE})").fetchall()
        if time.perf_counter() > until:
            break
