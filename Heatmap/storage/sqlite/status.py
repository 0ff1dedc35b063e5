"""What is in a database, as plain data for JSON. Reads only; reads every event, so not on a GUI."""

import os
import sqlite3
import time
from collections.abc import Sequence
from contextlib import closing, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from Heatmap.domain.coverage import CoverageInterval
from Heatmap.domain.events import DataKind
from Heatmap.domain.instruments import Instrument, parse_tick_size
from Heatmap.domain.market_note import MarketNote
from Heatmap.domain.recordings import ImportedCoverage
from Heatmap.storage.coverage import (
    clipped,
    effective,
    gaps_between,
    without_future,
)
from Heatmap.storage.sqlite import ledger
from Heatmap.storage.sqlite.candle_tables import CandleSummary, candle_summary
from Heatmap.storage.sqlite.connections import (
    existing_database,
    open_read_only,
    size_bytes,
    transaction,
)
from Heatmap.storage.sqlite.migrations import Identity, read_identity, require_current
from Heatmap.storage.sqlite.recording_reader import read_coverage_rows
from Heatmap.storage.sqlite.sound_rows import (
    SOUND_EVENT,
    SOUND_TICK_SIZE,
    count_damaged,
    is_readable,
    read_tick_size,
)
from Heatmap.storage.sqlite.sqlite_errors import storage_errors
from Heatmap.storage.sqlite.writer_lock import is_writer_active

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_SELECT_EVENTS = f"""
SELECT source, symbol, count(*), sum(side = 'SELL'),
    sum(CASE WHEN side = 'SELL' THEN coalesce(notional, 0.0) ELSE 0.0 END),
    sum(CASE WHEN side = 'BUY' THEN coalesce(notional, 0.0) ELSE 0.0 END),
    min(ts_ms), max(ts_ms)
FROM liq_events WHERE typeof(symbol) = 'text' AND typeof(source) = 'text' AND {SOUND_EVENT}
GROUP BY symbol, source
"""
_SELECT_TICK_SIZES = f"""
SELECT source, symbol, tick_size, fetched_ms FROM tick_sizes WHERE {SOUND_TICK_SIZE}
"""


def read_status(path: str | os.PathLike[str], machine_ms: int | None = None) -> dict[str, Any]:
    """Summarise a database, whether or not a recorder is writing it.

    What an exchange with a wrong clock has left in live data is no part of coverage and gaps: what
    lies ahead of all time, or before the retention.

    Parameters
    ----------
    path
        The file, which must exist.
    machine_ms
        This machine's time, UTC milliseconds; ``None``: now.

    Returns
    -------
    dict
        Ready for ``json.dumps``. Keys: ``path``, ``kind``, ``schema_version``, ``size_bytes`` (the
        file and its write-ahead log), ``writer`` (``{"active": bool}``), ``recorded_symbols`` (of
        the latest recorder, ``None`` when not noted), ``retention_ms`` (current, ``None`` when not
        noted), ``counters`` (totals since the file was made: ``received``, ``stored``,
        ``duplicates``, ``overflowed``, ``reconnects``, ``rotations``, and ``rejected`` by reason),
        ``unread_orders`` (force orders that could not be read: ``by_reason``, and the ``last`` in
        words; their time counts as not recorded),
        ``imports`` (what was imported from other recordings, a list with ``origin``, ``symbol``,
        ``proven_ms``, ``unproven_ms``, ``first`` and ``last``; it counts as coverage below too),
        ``damaged_rows`` (by table: rows that another program has spoilt; nothing of them is in the
        other numbers), ``market`` (``name`` of a simulated market, else empty; ``candles``:
        ``futures`` or ``spot``, whose volume they have), ``candles`` (by symbol: how many
        one-minute ``candles``, the ``first`` and ``last`` of them, and in between
        ``minutes_without_candle``, of which the exchange has none, and ``minutes_not_fetched``),
        ``events`` (all symbols) and
        ``symbols``, a dict by symbol (``BTCUSDT``; those of other venues than Binance with the
        venue before them, ``bybit:BTCUSDT``) with

        - ``events``, ``long_events``, ``short_events``: numbers of liquidations;
        - ``notional_usd_lower_bound``, ``long_notional_usd_lower_bound``,
          ``short_notional_usd_lower_bound``: sums; lower bounds, because the exchange sends at most
          one liquidation per second;
        - ``first_event``, ``last_event``: times, ``None`` without events;
        - ``coverage``: ``proven_ms``, ``unproven_ms`` (lengths), ``first``, ``last`` (times,
          ``None`` without coverage); what was covered while all symbols were recorded counts for
          each of the venue's, and stands by itself under ``ALL``;
        - ``gaps``: what lies uncovered between first and last coverage, ``from`` and ``to`` (times)
          and ``duration_ms``;
        - ``tick_size`` (text; ``None`` when not fetched, or where no tick size stands there) and
          ``tick_size_fetched`` (a time).

        Each time ``x`` is ISO 8601 UTC and stands again as ``x_ms``, UTC milliseconds.

    Raises
    ------
    CorruptDatabaseError, NewerDatabaseError
        The file is none that this version can read.
    StorageError
        There is no such file, it is empty, or it cannot be read.
    """
    database = existing_database(path)
    active = is_writer_active(database)
    with (
        storage_errors(database, blames_file=True),
        closing(open_read_only(database)) as connection,
        # One transaction, so that the numbers belong to the same moment.
        transaction(connection, "BEGIN"),
    ):
        identity = require_current(read_identity(connection, database), database)
        span = None
        if identity.kind is DataKind.LIVE:
            machine_ms = time.time_ns() // 1_000_000 if machine_ms is None else machine_ms
            span = _LiveSpan(
                machine_ms,
                ledger.read_newest_push_ms(connection),
                ledger.read_retention(connection),
            )
        symbols = _read_symbols(connection, span)
        recorded = ledger.read_symbols(connection)
        notes = {
            "recorded_symbols": None if recorded is None else list(recorded),
            "retention_ms": ledger.read_retention(connection),
            "counters": ledger.read_counts(connection),
            "damaged_rows": count_damaged(connection),
            "imports": import_summaries(_read_coverage(connection, span)[1]),
            "unread_orders": ledger.read_unread_orders(connection),
            "market": asdict(ledger.read_market(connection) or MarketNote()),
            "candles": {
                str(one.instrument): _candle_summary(one) for one in candle_summary(connection)
            },
        }
    return _summary(database, identity, notes, symbols, active=active)


def count_expired(path: str | os.PathLike[str], before_ms: int) -> int:
    """Count the events that a retention up to a time would delete. Reads only.

    Parameters
    ----------
    path
        The file, which must exist.
    before_ms
        UTC milliseconds; an event exactly then stays.

    Raises
    ------
    CorruptDatabaseError, NewerDatabaseError
        The file is none that this version can read.
    StorageError
        There is no such file, it is empty, or it cannot be read.
    """
    database = existing_database(path)
    with (
        storage_errors(database, blames_file=True),
        closing(open_read_only(database)) as connection,
        transaction(connection, "BEGIN"),
    ):
        require_current(read_identity(connection, database), database)
        count: int = connection.execute(
            "SELECT count(*) FROM liq_events WHERE ts_ms < ?", (before_ms,)
        ).fetchone()[0]
    return count


def kept_retention_ms(path: str | os.PathLike[str]) -> int | None:
    """Return the current retention, milliseconds; ``None`` where the file notes none.

    Raises
    ------
    CorruptDatabaseError, NewerDatabaseError
        The file is none that this version can read.
    StorageError
        There is no such file, or it cannot be read. One of an older version can.
    """
    database = existing_database(path)
    with (
        storage_errors(database, blames_file=True),
        closing(open_read_only(database)) as connection,
    ):
        identity = read_identity(connection, database)
        return None if identity is None else ledger.read_retention(connection)


@dataclass(frozen=True, slots=True)
class _LiveSpan:
    """What of a live file can be true: by this machine's clock, the newest row, the retention."""

    machine_ms: int
    newest_push_ms: int | None
    retention_ms: int | None

    def credible(self, intervals: Sequence[CoverageInterval]) -> tuple[CoverageInterval, ...]:
        """Return what of the coverage is no trace of a wrong clock."""
        present = without_future(intervals, self.machine_ms, self.newest_push_ms)
        if not present or self.retention_ms is None:
            return present
        # The recorder deletes it when it looks next.
        end_ms = max(part.end_ms for part in present)
        return clipped(present, end_ms - self.retention_ms, None)


def _summary(
    database: Path,
    identity: Identity,
    notes: dict[str, Any],
    symbols: dict[str, dict[str, Any]],
    *,
    active: bool,
) -> dict[str, Any]:
    return {
        "path": str(database),
        "kind": identity.kind.value,
        "schema_version": identity.version,
        "size_bytes": size_bytes(database),
        "writer": {"active": active},
        **notes,
        "events": sum(symbol["events"] for symbol in symbols.values()),
        "symbols": symbols,
    }


def _read_symbols(
    connection: sqlite3.Connection, span: _LiveSpan | None
) -> dict[str, dict[str, Any]]:
    own, imported = _read_coverage(connection, span)
    coverage: dict[Instrument, list[CoverageInterval]] = {}
    for interval in (*own, *(one.interval for one in imported)):
        coverage.setdefault(interval.instrument, []).append(interval)
    events = {Instrument(*row[:2]): row[2:] for row in connection.execute(_SELECT_EVENTS)}
    ticks = {
        Instrument(*row[:2]): row[2:]
        for row in connection.execute(_SELECT_TICK_SIZES)
        if read_tick_size(row[2]) is not None
    }
    found = {str(one): one for one in {*events, *coverage, *ticks}}
    return {
        name: {
            **_event_summary(events.get(found[name], (0, 0, 0.0, 0.0, None, None))),
            **_coverage_summary(effective(found[name], coverage)),
            **_tick_summary(ticks.get(found[name], (None, None))),
        }
        for name in sorted(found)
        if is_readable(name)
    }


def _candle_summary(one: CandleSummary) -> dict[str, Any]:
    return {
        "candles": one.candles,
        **_time("first", one.first_ms),
        **_time("last", one.last_ms),
        "minutes_without_candle": one.without_candle,
        "minutes_not_fetched": one.not_fetched,
    }


def _read_coverage(
    connection: sqlite3.Connection, span: _LiveSpan | None
) -> tuple[list[CoverageInterval], list[ImportedCoverage]]:
    own, imported = read_coverage_rows(connection)
    if span is None:
        return own, imported
    by_origin: dict[tuple[str, Instrument], list[CoverageInterval]] = {}
    for one in imported:
        by_origin.setdefault((one.origin, one.interval.instrument), []).append(one.interval)
    by_instrument: dict[Instrument, list[CoverageInterval]] = {}
    for interval in own:
        by_instrument.setdefault(interval.instrument, []).append(interval)
    return (
        [one for parts in by_instrument.values() for one in span.credible(parts)],
        [
            ImportedCoverage(one, origin)
            for (origin, _), parts in by_origin.items()
            for one in span.credible(parts)
        ],
    )


def _event_summary(row: tuple[Any, ...]) -> dict[str, Any]:
    count, longs, long_usd, short_usd, first_ms, last_ms = row
    return {
        "events": count,
        "long_events": longs,
        "short_events": count - longs,
        "notional_usd_lower_bound": long_usd + short_usd,
        "long_notional_usd_lower_bound": long_usd,
        "short_notional_usd_lower_bound": short_usd,
        **_time("first_event", first_ms),
        **_time("last_event", last_ms),
    }


def _coverage_summary(intervals: Sequence[CoverageInterval]) -> dict[str, Any]:
    first_ms = min((part.start_ms for part in intervals), default=None)
    last_ms = max((part.end_ms for part in intervals), default=None)
    gaps: tuple[tuple[int, int], ...] = ()
    if first_ms is not None and last_ms is not None:
        gaps = gaps_between(intervals, first_ms, last_ms)
    return {
        "coverage": _covered(intervals),
        "gaps": [
            {**_time("from", start), **_time("to", end), "duration_ms": end - start}
            for start, end in gaps
        ],
    }


def _covered(intervals: Sequence[CoverageInterval]) -> dict[str, Any]:
    lengths = {True: 0, False: 0}
    for part in intervals:
        lengths[part.proven] += part.end_ms - part.start_ms
    return {
        "proven_ms": lengths[True],
        "unproven_ms": lengths[False],
        **_time("first", min((part.start_ms for part in intervals), default=None)),
        **_time("last", max((part.end_ms for part in intervals), default=None)),
    }


def import_summaries(imported: Sequence[ImportedCoverage]) -> list[dict[str, Any]]:
    """Return what each origin covers of each instrument, sorted by both."""
    found: dict[tuple[str, str], list[CoverageInterval]] = {}
    for one in imported:
        key = (one.origin, str(one.interval.instrument))
        found.setdefault(key, []).append(one.interval)
    return [
        {"origin": origin, "symbol": symbol, **_covered(found[origin, symbol])}
        for origin, symbol in sorted(found)
    ]


def _tick_summary(row: tuple[Any, ...]) -> dict[str, Any]:
    text, fetched_ms = row
    tick_size: str | None = None
    with suppress(ValueError):
        parse_tick_size(text)
        tick_size = text
    return {"tick_size": tick_size, **_time("tick_size_fetched", fetched_ms)}


def _time(name: str, ts_ms: int | None) -> dict[str, Any]:
    return {name: None if ts_ms is None else _iso(ts_ms), f"{name}_ms": ts_ms}


def _iso(ts_ms: int) -> str | None:
    try:
        moment = _EPOCH + timedelta(milliseconds=ts_ms)
    except OverflowError:  # beyond the year 9999; the milliseconds stand beside it
        return None
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
