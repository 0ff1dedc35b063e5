"""Reads windows of events beside the recorder that writes. Imports no numpy.

Damaged rows are left out everywhere; see `Heatmap.storage.sqlite.sound_rows`.
"""

import os
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from decimal import Decimal
from typing import Self

from Heatmap.domain.coverage import CoverageInterval
from Heatmap.domain.failure_texts import raised
from Heatmap.domain.instruments import BINANCE_USDM, Instrument, InstrumentName, instrument_of
from Heatmap.errors import CorruptDatabaseError, FailureKind
from Heatmap.heatmap_settings import ALL_SYMBOLS
from Heatmap.runtime.compat import override
from Heatmap.runtime.safe_log import get_logger
from Heatmap.storage.coverage import clipped, normalized
from Heatmap.storage.engine import Events, EventWindow, Gather
from Heatmap.storage.sqlite.connections import (
    companion,
    existing_database,
    file_stat,
    is_same_file,
    open_read_only,
    transaction,
)
from Heatmap.storage.sqlite.ledger import read_newest_push_ms
from Heatmap.storage.sqlite.migrations import read_identity, require_current
from Heatmap.storage.sqlite.recording_reader import RecordingReader
from Heatmap.storage.sqlite.sound_rows import (
    LAST_TIME_MS,
    SIZED_EVENT,
    SOUND_COVERAGE,
    SOUND_EVENT,
    SOUND_IMPORTED,
    SOUND_TICK_SIZE,
    count_damaged,
    is_readable,
    read_tick_size,
)
from Heatmap.storage.sqlite.sqlite_errors import storage_errors
from Heatmap.storage.sqlite.stored_event_reader import StoredEventReader

_logger = get_logger(__name__)

# What SQLite keeps beside a database: the log, and the index of the log.
_COMPANIONS = ("-wal", "-shm")

# A window without an end reaches as far as there is time.
_END_OF_TIME_MS = LAST_TIME_MS + 1

_SELECT_WINDOW = f"""
SELECT ts_ms, price, notional, side = 'SELL' FROM liq_events
WHERE symbol = ? AND source = ? AND ts_ms >= ? AND ts_ms < ? AND {SIZED_EVENT} ORDER BY ts_ms, id
"""
# The plus signs keep SQLite from walking the symbol's whole index to save a sort of few rows.
_SELECT_AFTER = f"""
SELECT ts_ms, price, notional, side = 'SELL' FROM liq_events
WHERE id > ? AND +symbol = ? AND source = ? AND +ts_ms BETWEEN 0 AND {LAST_TIME_MS}
AND {SIZED_EVENT}
ORDER BY +ts_ms, id
"""
_SELECT_FIRST = f"""
SELECT ts_ms FROM liq_events
WHERE symbol = ? AND source = ? AND ts_ms BETWEEN ? AND {LAST_TIME_MS} AND {SOUND_EVENT}
ORDER BY ts_ms LIMIT 1
"""
# What this database's own recorder covered, and what imported recordings did.
_SELECT_COVERAGE = " UNION ALL ".join(
    "SELECT start_ms, end_ms, proven FROM " + table + " WHERE source = :venue "
    "AND symbol IN (:symbol, :all) AND start_ms < :end_ms AND end_ms > :start_ms AND " + sound
    for table, sound in (("coverage", SOUND_COVERAGE), ("imported_coverage", SOUND_IMPORTED))
)
_SELECT_SINCE = f"SELECT min(start_ms) FROM ({_SELECT_COVERAGE})"


class EventReader(RecordingReader, StoredEventReader):
    """Reads one database file; cannot change it.

    Works while a recorder writes the file. Each method is one short transaction that sees one
    committed state. May be used from any thread, by one at a time; must not cross a fork. `close`
    it when done.

    Parameters
    ----------
    path
        The file, which must exist.

    Attributes
    ----------
    path
        Absolute.
    kind
        What the file holds.

    Raises
    ------
    CorruptDatabaseError, NewerDatabaseError
        The file is none that this version can read.
    StorageError
        There is no such file, it is empty, or it cannot be read.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = existing_database(path)
        # Before opening: a file that is replaced in between then counts as replaced.
        self._paths = (self.path, *(companion(self.path, suffix) for suffix in _COMPANIONS))
        self._files = [file_stat(self.path)]
        with storage_errors(self.path, blames_file=True):
            self._connection = open_read_only(self.path, any_thread=True)
            try:
                identity = read_identity(self._connection, self.path)
                self.kind = require_current(identity, self.path).kind
                # Made by now where they were not there. They stay while a connection is open.
                self._files += [file_stat(path) for path in self._paths[1:]]
            except BaseException:
                self._connection.close()
                raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def read_window(
        self,
        instrument: InstrumentName,
        start_ms: int,
        end_ms: int | None,
        gather: Gather[Events],
    ) -> EventWindow[Events]:
        """Read the events of one instrument with ``start_ms <= ts_ms < end_ms``.

        Parameters
        ----------
        instrument
            Whose; a plain symbol is Binance's.
        start_ms, end_ms
            Edges of the half-open window, UTC milliseconds; `end_ms` ``None``: open.
        gather
            Takes the rows one by one while they are read, within the transaction.

        Raises
        ------
        StorageError
            The file cannot be read.
        """
        asked = instrument_of(instrument)
        end = _END_OF_TIME_MS if end_ms is None else min(end_ms, _END_OF_TIME_MS)
        with self._transaction() as connection:
            last_row_id = connection.execute("SELECT max(id) FROM liq_events").fetchone()[0]
            bound = (asked.symbol, asked.venue, start_ms, end)
            with closing(connection.execute(_SELECT_WINDOW, bound)) as rows:
                events = gather(rows)
        return EventWindow(events, last_row_id or 0)

    def read_after(
        self, instrument: InstrumentName, row_id: int, gather: Gather[Events]
    ) -> EventWindow[Events]:
        """Read the events of one instrument that were stored after a row.

        Parameters
        ----------
        instrument
            Whose; a plain symbol is Binance's.
        row_id
            The last row that is known, such as `EventWindow.last_row_id`.
        gather
            As in `read_window`.

        Returns
        -------
        EventWindow
            Its `last_row_id` is at least `row_id`.

        Raises
        ------
        StorageError
            The file cannot be read.
        """
        asked = instrument_of(instrument)
        with self._transaction() as connection:
            last_row_id = connection.execute("SELECT max(id) FROM liq_events").fetchone()[0] or 0
            bound = (row_id, asked.symbol, asked.venue)
            with closing(connection.execute(_SELECT_AFTER, bound)) as rows:
                events = gather(rows)
        return EventWindow(events, max(last_row_id, row_id))

    def is_current(self) -> bool:
        """Tell whether the path still leads to the files that are open here.

        It does not when the recorder has begun a fresh file in the place of one that was damaged,
        moved or replaced, or a fresh log: then a new reader is needed.
        """
        return all(
            is_same_file(known, file_stat(path))
            for known, path in zip(self._files, self._paths, strict=True)
        )

    def read_coverage(
        self, instrument: InstrumentName, start_ms: int, end_ms: int | None
    ) -> tuple[CoverageInterval, ...]:
        """Read when one instrument was recorded, cut to a window.

        Parameters
        ----------
        instrument
            Whose; a plain symbol is Binance's.
        start_ms, end_ms
            Edges of the window, UTC milliseconds; `end_ms` ``None``: open.

        Returns
        -------
        tuple of CoverageInterval
            Sorted and disjoint; intervals of the same sort never touch. An instant is left out.
            What was covered while all of the venue's symbols were recorded counts for each of them.
            `Heatmap.storage.coverage.gaps_between` gives the complement.

        Raises
        ------
        StorageError
            The file cannot be read.
        """
        asked = instrument_of(instrument)
        end = _END_OF_TIME_MS if end_ms is None else end_ms
        with self._transaction() as connection:
            rows = connection.execute(
                _SELECT_COVERAGE, _bound_coverage(asked, start_ms, end)
            ).fetchall()
        intervals = normalized(
            CoverageInterval(asked.symbol, first, last, bool(proven), asked.venue)
            for first, last, proven in rows
        )
        return clipped(intervals, start_ms, end_ms)

    def tick_size(self, instrument: InstrumentName) -> Decimal | None:
        """Return the last known tick size of an instrument, USD; ``None`` when none was fetched.

        Raises
        ------
        StorageError
            The file cannot be read, or holds something else there.
        """
        asked = instrument_of(instrument)
        with self._transaction() as connection:
            row = connection.execute(
                "SELECT tick_size FROM tick_sizes WHERE source = ? AND symbol = ?",
                (asked.venue, asked.symbol),
            ).fetchone()
        if row is None:
            return None
        tick_size = read_tick_size(row[0])
        if tick_size is None:
            raise raised(
                CorruptDatabaseError,
                FailureKind.TICK_SIZE_SPOILT,
                path=self.path,
                symbol=str(asked),
                got=f"{row[0]!r:.40}",
            )
        return tick_size

    def symbols_with_tick_size(self, venue: str = BINANCE_USDM) -> set[str]:
        """Return a venue's symbols whose tick size the database knows.

        Raises
        ------
        StorageError
            The database cannot be read.
        """
        with self._transaction() as connection:
            rows = connection.execute(
                f"SELECT symbol FROM tick_sizes WHERE source = ? AND {SOUND_TICK_SIZE}", (venue,)
            )
            return {row[0] for row in rows if is_readable(row[0])}

    def damaged_rows(self) -> dict[str, int]:
        """Count the rows that are left out, by table; reads every row, so not for a GUI.

        Raises
        ------
        StorageError
            The file cannot be read.
        """
        with self._transaction() as connection:
            return count_damaged(connection)

    def first_event_ms(self, instrument: InstrumentName) -> int | None:
        """Return the time of an instrument's oldest event, UTC ms; ``None`` without any.

        Raises
        ------
        StorageError
            The file cannot be read.
        """
        asked = instrument_of(instrument)
        with self._transaction() as connection:
            row = connection.execute(_SELECT_FIRST, (asked.symbol, asked.venue, 0)).fetchone()
        return None if row is None else int(row[0])

    def recorded_since_ms(self, instrument: InstrumentName) -> int | None:
        """Return since when an instrument is recorded, UTC ms; ``None``: it never was.

        That is the start of its coverage. Its oldest event may have happened long before: exchanges
        report late, and name old times. Only without any coverage it is the time of that event.

        Raises
        ------
        StorageError
            The file cannot be read.
        """
        asked = instrument_of(instrument)
        with self._transaction() as connection:
            (since_ms,) = connection.execute(
                _SELECT_SINCE, _bound_coverage(asked, -_END_OF_TIME_MS, _END_OF_TIME_MS)
            ).fetchone()
        return self.first_event_ms(asked) if since_ms is None else int(since_ms)

    def newest_push_ms(self) -> int | None:
        """Return when the event was pushed that was stored last, UTC ms; ``None`` without any.

        Raises
        ------
        StorageError
            The file cannot be read.
        """
        with self._transaction() as connection:
            return read_newest_push_ms(connection)

    def close(self) -> None:
        """Close the file; idempotent."""
        self._connection.close()

    @override
    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with (
            storage_errors(self.path, blames_file=True),
            transaction(self._connection, "BEGIN"),
        ):
            yield self._connection


def _bound_coverage(asked: Instrument, start_ms: int, end_ms: int) -> dict[str, object]:
    return {
        "venue": asked.venue,
        "symbol": asked.symbol,
        "all": ALL_SYMBOLS,
        "start_ms": start_ms,
        "end_ms": end_ms,
    }


def read_tick_sizes(
    path: str | os.PathLike[str], instruments: Iterable[InstrumentName]
) -> dict[str, Decimal]:
    """Return the last known tick sizes, USD, by instrument as it is written.

    ``ALL`` among `instruments`: of all of its venue that the database knows. What is no tick size
    is left out and logged.

    Raises
    ------
    StorageError
        The database cannot be read.
    """
    with EventReader(path) as reader:
        asked: set[Instrument] = set()
        for one in map(instrument_of, instruments):
            if one.symbol == ALL_SYMBOLS:
                names = reader.symbols_with_tick_size(one.venue)
                asked |= {Instrument(one.venue, name) for name in names}
            else:
                asked.add(one)
        found: dict[str, Decimal] = {}
        for one in asked:
            try:
                tick_size = reader.tick_size(one)
            except CorruptDatabaseError as error:
                _logger.warning("%s", error)
                continue
            if tick_size is not None:
                found[str(one)] = tick_size
    return found
