"""What a status panel tells of a database: few numbers, each from an index."""

import os
from collections.abc import Sequence
from contextlib import closing

from Heatmap.heatmap_settings import ALL_SYMBOLS
from Heatmap.storage.engine import DayFacts
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
_COUNT_SYMBOL = "SELECT count(*) FROM liq_events WHERE symbol = ? AND ts_ms >= ? AND ts_ms < ?"
_COUNT_ALL = "SELECT count(*) FROM liq_events WHERE ts_ms >= ? AND ts_ms < ?"
_NEWEST_SYMBOL = "SELECT max(ts_ms) FROM liq_events WHERE symbol = ? AND ts_ms < ?"
_NEWEST_ALL = "SELECT max(ts_ms) FROM liq_events WHERE ts_ms < ?"
_DAY_MS = 86_400_000


def read_day_facts(
    path: str | os.PathLike[str], symbols: Sequence[str], day_start_ms: int
) -> DayFacts:
    """Read what a status panel tells. Counts the day's events: not on a GUI's loop.

    Parameters
    ----------
    path
        The file, which must exist.
    symbols
        Whose events count; ``ALL`` among them: everybody's.
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
            else [(_COUNT_SYMBOL, _NEWEST_SYMBOL, (symbol,)) for symbol in symbols]
        )
        day_end_ms = day_start_ms + _DAY_MS
        counts, newest = [], []
        for count, last, bound in asked:
            counts.append(
                connection.execute(count, (*bound, day_start_ms, day_end_ms)).fetchone()[0]
            )
            newest.append(connection.execute(last, (*bound, day_end_ms)).fetchone()[0])
    known = [int(ts_ms) for ts_ms in newest if ts_ms is not None]
    return DayFacts(sum(counts), max(known, default=None), size_bytes(database))
