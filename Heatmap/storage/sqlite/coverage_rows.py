"""Rows of ``coverage``: merged where they touch, cut and trimmed."""

import sqlite3
import time
from collections.abc import Sequence
from contextlib import closing

from Heatmap.domain.coverage import CoverageInterval
from Heatmap.domain.instruments import Instrument
from Heatmap.domain.recordings import ImportedCoverage
from Heatmap.storage.coverage import clipped, extended, normalized, without_span
from Heatmap.storage.sqlite.sound_rows import LAST_TIME_MS, SOUND_COVERAGE, SOUND_IMPORTED

# A damaged row may have the same key: then it is put right. Proven stays proven.
_INSERT_COVERAGE = """
INSERT INTO coverage (source, symbol, start_ms, end_ms, proven) VALUES (?, ?, ?, ?, ?)
ON CONFLICT (source, symbol, start_ms, end_ms) DO UPDATE SET
    proven = CASE WHEN typeof(proven) = 'integer' AND proven = 1 THEN 1 ELSE excluded.proven END
"""
_DELETE_COVERAGE = (
    "DELETE FROM coverage WHERE source = ? AND symbol = ? AND start_ms = ? AND end_ms = ?"
)
# What a heartbeat does. OR REPLACE: no sound row can have the new key, as that would have merged.
_EXTEND_COVERAGE = """
UPDATE OR REPLACE coverage SET end_ms = ?
WHERE source = ? AND symbol = ? AND start_ms = ? AND end_ms = ?
"""
_HAS_INTERVAL = """
SELECT 1 FROM coverage
WHERE source = ? AND symbol = ? AND start_ms = ? AND end_ms >= ? AND proven = ? LIMIT 1
"""
_SELECT_NEWEST_FIRST = f"""
SELECT start_ms, end_ms, proven FROM coverage
WHERE source = ? AND symbol = ? AND start_ms <= ? AND {SOUND_COVERAGE}
ORDER BY start_ms DESC, end_ms DESC
"""
_DELETE_FUTURE = (
    f"DELETE FROM coverage WHERE source = ? AND symbol = ? AND start_ms > ? AND {SOUND_COVERAGE}"
)
# No time that heartbeats bring late is as much behind the newest one.
_CERTAINLY_AHEAD_MS = 3_600_000


class NewestIntervals:
    """Knows each instrument's newest interval, so that a heartbeat need not look for it.

    Holds only while nobody else writes coverage: `forget` when somebody may have. What is taken out
    here needs no note, since an interval that is not stored any more is not extended.
    """

    def __init__(self) -> None:
        self._known: dict[Instrument, CoverageInterval] = {}

    def forget(self) -> None:
        """Know none: the next heartbeat of each instrument looks."""
        self._known.clear()

    def note(self, newest: CoverageInterval | None, whose: Instrument) -> None:
        """Take note of what a committed transaction has left as an instrument's newest interval."""
        if newest is None:
            self._known.pop(whose, None)
        else:
            self._known[whose] = newest

    def extend(
        self, connection: sqlite3.Connection, added: CoverageInterval, whose: Instrument
    ) -> CoverageInterval | None:
        """Extend an instrument's newest interval, where that is all that a heartbeat does.

        Returns
        -------
        CoverageInterval or None
            The interval now, to be noted after the commit; ``None``: `add_coverage` has to see.
        """
        newest = self._known.get(whose)
        if (
            newest is not None
            and newest.proven is added.proven
            # Begun inside it, so what lies before it is not touched.
            and newest.start_ms < added.start_ms <= newest.end_ms < added.end_ms
            and connection.execute(_EXTEND_COVERAGE, (added.end_ms, *_key(newest))).rowcount == 1
        ):
            return extended(newest, added.end_ms)
        return None


def add_coverage(
    connection: sqlite3.Connection, added: CoverageInterval
) -> CoverageInterval | None:
    """Merge an interval with those that it touches.

    Returns
    -------
    CoverageInterval or None
        The newest interval of all, where the added one is a part of it now.
    """
    latest_ms = _latest_ms(added)
    touching, is_newest = _coverage_touching(connection, added, latest_ms)
    wanted = normalized([*touching, added])
    _replace_coverage(connection, touching, wanted)
    return wanted[-1] if is_newest and wanted[-1].end_ms >= added.end_ms else None


def has_interval(connection: sqlite3.Connection, wanted: CoverageInterval) -> bool:
    """Tell whether an interval is stored, or one of the same start that reaches further."""
    row = connection.execute(_HAS_INTERVAL, (*_key(wanted), wanted.proven)).fetchone()
    return row is not None


def _coverage_touching(
    connection: sqlite3.Connection, added: CoverageInterval, latest_ms: int | None = None
) -> tuple[list[CoverageInterval], bool]:
    """Return the stored intervals that share at least an instant with another one.

    Those that begin after `latest_ms`, where that is given, are deleted; then it is also told
    whether none is left that begins later than the other one ends.
    """
    symbol, venue = added.symbol, added.venue
    touching, has_future, has_later = [], False, latest_ms is None
    # One look for both: the newest interval is mostly the one that a heartbeat continues.
    until_ms = added.end_ms if latest_ms is None else LAST_TIME_MS
    with closing(connection.execute(_SELECT_NEWEST_FIRST, (venue, symbol, until_ms))) as rows:
        for start_ms, end_ms, proven in rows:
            if start_ms > added.end_ms:
                is_future = latest_ms is not None and start_ms > latest_ms
                has_future |= is_future
                has_later |= not is_future
                continue
            if end_ms < added.start_ms:
                break  # the intervals do not overlap, so all further ones end earlier still
            touching.append(CoverageInterval(symbol, start_ms, end_ms, bool(proven), venue))
    if has_future:
        connection.execute(_DELETE_FUTURE, (venue, symbol, latest_ms))
    return touching, not has_later


def _replace_coverage(
    connection: sqlite3.Connection,
    known: Sequence[CoverageInterval],
    wanted: Sequence[CoverageInterval],
) -> None:
    """Turn the stored intervals `known` into `wanted`; what is in both stays as it is."""
    gone = [part for part in known if part not in wanted]
    new = [part for part in wanted if part not in known]
    if len(gone) == len(new) == 1:
        before, after = gone[0], new[0]
        if (before.start_ms, before.proven) == (after.start_ms, after.proven):
            connection.execute(_EXTEND_COVERAGE, (after.end_ms, *_key(before)))
            return
    connection.executemany(_DELETE_COVERAGE, map(_key, gone))
    connection.executemany(_INSERT_COVERAGE, [(*_key(part), part.proven) for part in new])


def _key(part: CoverageInterval) -> tuple[str, str, int, int]:
    return part.venue, part.symbol, part.start_ms, part.end_ms


def cut_coverage(connection: sqlite3.Connection, hole: CoverageInterval) -> None:
    """Take a span of time out of what an instrument covers."""
    touching, _ = _coverage_touching(connection, hole)
    _replace_coverage(connection, touching, without_span(touching, hole.start_ms, hole.end_ms))


def _latest_ms(added: CoverageInterval) -> int:
    """Return the time from which on coverage is of a future that only a wrong clock can have told.

    By the later one of the exchange's time and this machine's: either may be behind.
    """
    return max(added.end_ms, time.time_ns() // 1_000_000) + _CERTAINLY_AHEAD_MS


def add_imported(connection: sqlite3.Connection, added: Sequence[ImportedCoverage]) -> None:
    """Unite time that other recordings cover with what is known of the same origins."""
    new: dict[tuple[str, Instrument], list[CoverageInterval]] = {}
    for one in added:
        new.setdefault((one.origin, one.interval.instrument), []).append(one.interval)
    for (origin, whose), parts in new.items():
        known = [
            CoverageInterval(whose.symbol, start_ms, end_ms, bool(proven), whose.venue)
            for start_ms, end_ms, proven in connection.execute(
                "SELECT start_ms, end_ms, proven FROM imported_coverage "
                f"WHERE source = ? AND symbol = ? AND origin = ? AND {SOUND_IMPORTED}",
                (whose.venue, whose.symbol, origin),
            )
        ]
        _replace_imported(connection, whose, origin, normalized([*known, *parts]))


def _replace_imported(
    connection: sqlite3.Connection,
    whose: Instrument,
    origin: str,
    wanted: Sequence[CoverageInterval],
) -> None:
    connection.execute(
        "DELETE FROM imported_coverage WHERE source = ? AND symbol = ? AND origin = ?",
        (whose.venue, whose.symbol, origin),
    )
    connection.executemany(
        "INSERT INTO imported_coverage (source, symbol, origin, start_ms, end_ms, proven) "
        "VALUES (?, ?, ?, ?, ?, ?)",
        [
            (whose.venue, whose.symbol, origin, part.start_ms, part.end_ms, part.proven)
            for part in wanted
        ],
    )


def _trim_imported(connection: sqlite3.Connection, before_ms: int) -> None:
    connection.execute(
        f"DELETE FROM imported_coverage WHERE end_ms <= ? AND {SOUND_IMPORTED}", (before_ms,)
    )
    connection.execute(
        # Intervals of one origin do not overlap, so no other one has that start.
        "UPDATE imported_coverage SET start_ms = ? "
        f"WHERE start_ms < ? AND end_ms > ? AND {SOUND_IMPORTED}",
        (before_ms, before_ms, before_ms),
    )


def trim_coverage(connection: sqlite3.Connection, before_ms: int) -> None:
    """Let what is covered begin at a time; damaged rows stay, since nobody knows their time."""
    _trim_imported(connection, before_ms)
    known: dict[Instrument, list[CoverageInterval]] = {}
    for venue, symbol, start_ms, end_ms, proven in connection.execute(
        "SELECT source, symbol, start_ms, end_ms, proven FROM coverage "
        f"WHERE start_ms < ? AND {SOUND_COVERAGE}",
        (before_ms,),
    ):
        interval = CoverageInterval(symbol, start_ms, end_ms, bool(proven), venue)
        known.setdefault(Instrument(venue, symbol), []).append(interval)
    for parts in known.values():
        _replace_coverage(connection, parts, clipped(normalized(parts), before_ms, None))
