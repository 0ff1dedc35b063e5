"""What of the window was not recorded, as the chart hatches it. Pure."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from Heatmap.domain.coverage import HEARTBEAT_GAP_MS, CoverageInterval
from Heatmap.sources.heat_source import Heartbeats
from Heatmap.storage.coverage import gaps_between


def find_gaps(intervals: Sequence[CoverageInterval], start_ms: int, end_ms: int) -> list[list[Any]]:
    """Return what was not recorded, or not proven to be, between `start_ms` and `end_ms`.

    Parameters
    ----------
    intervals
        Coverage within these times.

    Returns
    -------
    list of ``[from_ms, to_ms, kind]``
        Sorted, not overlapping; kind is ``"gap"`` (no connection) or ``"unproven"``.
    """
    gaps: list[list[Any]] = [
        [from_ms, to_ms, "gap"] for from_ms, to_ms in gaps_between(intervals, start_ms, end_ms)
    ]
    gaps += [[part.start_ms, part.end_ms, "unproven"] for part in intervals if not part.proven]
    return sorted(gaps)


def stretched(newest: CoverageInterval, heartbeats: Heartbeats, end_ms: int) -> CoverageInterval:
    """Let the newest interval of the present connection reach as far as its heartbeats prove.

    Coverage is written after its events, about once a second, and what comes after the newest
    heartbeat is taken for covered until the next one is overdue. An interval from before the
    present connection stays as it is, and so does one that lags behind by more than writing
    explains: something in between was not recorded.
    """
    is_of_connection = newest.end_ms >= heartbeats.since_ms
    if not is_of_connection or heartbeats.until_ms - newest.end_ms > heartbeats.lag_ms:
        return newest
    is_overdue = end_ms - heartbeats.until_ms > HEARTBEAT_GAP_MS
    reached_ms = heartbeats.until_ms if is_overdue else end_ms
    return replace(newest, end_ms=max(newest.end_ms, reached_ms))


def inner_edges(gaps: list[list[Any]], start_ms: int, end_ms: int) -> list[tuple[Any, ...]]:
    """Return the gaps without the window's own ends, which move all the time with now."""
    return [
        (None if from_ms == start_ms else from_ms, None if to_ms == end_ms else to_ms, kind)
        for from_ms, to_ms, kind in gaps
    ]


def recorded_parts(
    gaps: Sequence[Sequence[Any]], from_ms: int, to_ms: int
) -> tuple[float, float, float]:
    """Return which parts of a time span were recorded, unproven and not recorded.

    Parameters
    ----------
    gaps
        As `find_gaps` gives them.
    from_ms, to_ms
        The span; an empty one counts as not recorded.

    Returns
    -------
    (recorded, unproven, missing)
        Each 0 to 1; together 1.
    """
    if to_ms <= from_ms:
        return 0.0, 0.0, 1.0
    lost_ms = {"unproven": 0, "gap": 0}
    for gap_from_ms, gap_to_ms, kind in gaps:
        lost_ms[kind] += max(0, min(gap_to_ms, to_ms) - max(gap_from_ms, from_ms))
    span_ms = to_ms - from_ms
    unproven, missing = lost_ms["unproven"] / span_ms, lost_ms["gap"] / span_ms
    return max(0.0, 1.0 - unproven - missing), unproven, missing
