"""What a status panel tells of a database: few numbers, each by way of an index."""

import os
from collections.abc import Sequence
from contextlib import closing

from Heatmap.domain.instruments import (
    ALL_SYMBOLS,
    BINANCE_USDM,
    Instrument,
    InstrumentName,
    instrument_of,
)
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
_COUNT = "SELECT count(*) FROM liq_events WHERE {} AND ts_ms >= :start AND ts_ms < :end"
# Not max(): with the venue it would look at each of the symbol's rows.
_NEWEST = "SELECT ts_ms FROM liq_events WHERE {} AND ts_ms < :end ORDER BY ts_ms DESC LIMIT 1"
# Whoever stores another venue's event counts it for that (Binance's may be older than counting).
# Where there is none, an index tells all.
_HAS_OTHERS = f"SELECT EXISTS (SELECT 1 FROM counters WHERE source <> '{BINANCE_USDM}')"
_DAY_MS = 86_400_000


def read_day_facts(
    path: str | os.PathLike[str], instruments: Sequence[InstrumentName], day_start_ms: int
) -> DayFacts:
    """Read what a status panel tells. Counts the day's events: not on a GUI's loop.

    Parameters
    ----------
    path
        The file, which must exist.
    instruments
        Whose events count; ``ALL`` among them: those of all of its venue.
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
        end_ms = day_start_ms + _DAY_MS
        counts, newest = [], []
        (has_others,) = connection.execute(_HAS_OTHERS).fetchone()
        for one in _without_doubles(instruments):
            conditions = ["symbol = :symbol"] if one.symbol != ALL_SYMBOLS else []
            if has_others or one.venue != BINANCE_USDM:
                conditions.append("source = :venue")
            whose = " AND ".join(conditions) or "TRUE"
            bound: dict[str, object] = {"symbol": one.symbol, "venue": one.venue}
            bound |= {"start": day_start_ms, "end": end_ms}
            counts.append(connection.execute(_COUNT.format(whose), bound).fetchone()[0])
            newest += [row[0] for row in connection.execute(_NEWEST.format(whose), bound)]
    known = [int(ts_ms) for ts_ms in newest if ts_ms is not None]
    return DayFacts(sum(counts), max(known, default=None), size_bytes(database))


def _without_doubles(names: Sequence[InstrumentName]) -> list[Instrument]:
    """Return the instruments, and of a venue of which all are asked for only that."""
    asked = dict.fromkeys(map(instrument_of, names))
    whole = {one.venue for one in asked if one.symbol == ALL_SYMBOLS}
    return [one for one in asked if one.symbol == ALL_SYMBOLS or one.venue not in whole]
