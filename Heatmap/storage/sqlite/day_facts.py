"""What a status panel tells of a database: few numbers, each by way of an index."""

import os
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass

from Heatmap.domain.instruments import instrument_of
from Heatmap.heatmap_settings import ALL_SYMBOLS
from Heatmap.storage.sqlite.connections import (
    existing_database,
    open_read_only,
    size_bytes,
    transaction,
)
from Heatmap.storage.sqlite.migrations import read_identity, require_current
from Heatmap.storage.sqlite.sqlite_errors import storage_errors

# What lies beyond the day is no event of it: the exchange named a wrong time. And both limits of a
# time: text and blobs, which another program may have put there, lie beyond them.
_COUNT_SYMBOL = (
    "SELECT count(*) FROM liq_events WHERE symbol = ? AND source = ? AND ts_ms >= ? AND ts_ms < ?"
)
_COUNT_ALL = "SELECT count(*) FROM liq_events WHERE ts_ms >= ? AND ts_ms < ?"
# Not max(): with the venue it would look at each of the symbol's rows.
_NEWEST_SYMBOL = (
    "SELECT ts_ms FROM liq_events WHERE symbol = ? AND source = ? AND ts_ms < ? "
    "ORDER BY ts_ms DESC LIMIT 1"
)
_NEWEST_ALL = "SELECT max(ts_ms) FROM liq_events WHERE ts_ms < ?"
_DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class DayFacts:
    """A database at one moment.

    Attributes
    ----------
    events
        Events of the asked symbols since the day began.
    last_event_ms
        Trade time of the newest of their events, UTC milliseconds; ``None``: there is none.
    size_bytes
        The file and its write-ahead log.
    """

    events: int
    last_event_ms: int | None
    size_bytes: int


def read_day_facts(
    path: str | os.PathLike[str], symbols: Sequence[str], day_start_ms: int
) -> DayFacts:
    """Read what a status panel tells. Counts the day's events: not on a GUI's loop.

    Parameters
    ----------
    path
        The file, which must exist.
    symbols
        Whose events count, as `Instrument` writes them; ``ALL`` among them: everybody's.
    day_start_ms
        When the day began, UTC milliseconds.

    Raises
    ------
    StorageError
        There is no such file, it is none that this version can read, or it cannot be read.
    """
    database = existing_database(path)
    with (
        storage_errors(database, blames_file=True),
        closing(open_read_only(database)) as connection,
        transaction(connection, "BEGIN"),
    ):
        require_current(read_identity(connection, database), database)
        asked: list[tuple[str, str, tuple[str, ...]]] = (
            [(_COUNT_ALL, _NEWEST_ALL, ())]
            if ALL_SYMBOLS in symbols
            else [
                (_COUNT_SYMBOL, _NEWEST_SYMBOL, (one.symbol, one.venue))
                for one in map(instrument_of, symbols)
            ]
        )
        day_end_ms = day_start_ms + _DAY_MS
        counts, newest = [], []
        for count, last, bound in asked:
            counts.append(
                connection.execute(count, (*bound, day_start_ms, day_end_ms)).fetchone()[0]
            )
            newest += [row[0] for row in connection.execute(last, (*bound, day_end_ms))]
    known = [int(ts_ms) for ts_ms in newest if ts_ms is not None]
    return DayFacts(sum(counts), max(known, default=None), size_bytes(database))
