"""Arithmetic of coverage intervals: merging what was recorded, and finding what was not. Pure.

Rules that hold for the result of `normalized`, instrument by instrument:

- intervals share no more than an end point;
- proven wins over unproven where both were claimed;
- two intervals of the same sort that touch are one, unless a proven instant lies between.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise

from Heatmap.domain.coverage import CoverageInterval
from Heatmap.domain.instruments import ALL_SYMBOLS, Instrument

AHEAD_MS = 60_000
"""So far clocks may differ without one of them being wrong."""
# Coverage of a time that has not come is believed from this length on.
_LONGEST_FAULT_MS = 60_000
_DAY_MS = 86_400_000


def normalized(intervals: Iterable[CoverageInterval]) -> tuple[CoverageInterval, ...]:
    """Merge the intervals of one instrument into disjoint ones.

    Parameters
    ----------
    intervals
        Closed intervals of the same instrument, in any order, overlapping or not.

    Returns
    -------
    tuple of CoverageInterval
        The same time, sorted by start; unproven only where nothing is proven.
    """
    given = tuple(intervals)
    if not given:
        return ()
    symbol, venue, is_first_proven = given[0].symbol, given[0].venue, given[0].proven
    if all(part.proven is is_first_proven for part in given):
        # The usual case: each heartbeat of a recorder adds one of the same sort.
        spans = _union((part.start_ms, part.end_ms) for part in given)
        return tuple(CoverageInterval(symbol, *span, is_first_proven, venue) for span in spans)
    proven = _union((part.start_ms, part.end_ms) for part in given if part.proven)
    unproven = _union((part.start_ms, part.end_ms) for part in given if not part.proven)
    for cut in proven:
        unproven = [rest for span in unproven for rest in _without(span, cut)]
    parts = [
        CoverageInterval(symbol, start, end, is_proven, venue)
        for is_proven, spans in ((True, proven), (False, unproven))
        for start, end in spans
    ]
    return tuple(sorted(parts, key=lambda part: (part.start_ms, part.end_ms)))


def extended(interval: CoverageInterval, end_ms: int) -> CoverageInterval:
    """Return an interval with another end, UTC milliseconds; for each heartbeat, so it is quick."""
    return CoverageInterval(
        interval.symbol, interval.start_ms, end_ms, interval.proven, interval.venue
    )


def without_future(
    intervals: Iterable[CoverageInterval], machine_ms: int, newest_push_ms: int | None
) -> tuple[CoverageInterval, ...]:
    """Leave out what an exchange with a wrong clock has covered ahead of all time.

    Where an interval lies in the future of this machine's clock, one of the two is wrong. It is the
    machine's where the interval is longer than such a fault, and the liquidation that was stored
    last, if there is any, is of that time too.

    Parameters
    ----------
    intervals
        Any intervals; their order is kept.
    machine_ms
        This machine's time, UTC milliseconds.
    newest_push_ms
        When the exchange pushed the liquidation that was stored last; ``None``: there is none.
    """

    def is_credible(part: CoverageInterval) -> bool:
        if part.start_ms <= machine_ms + AHEAD_MS:
            return True
        if part.end_ms - part.start_ms < _LONGEST_FAULT_MS:
            return False
        earliest_ms, latest_ms = part.start_ms - _DAY_MS, part.end_ms + _DAY_MS
        return newest_push_ms is None or earliest_ms <= newest_push_ms <= latest_ms

    return tuple(part for part in intervals if is_credible(part))


def clipped(
    intervals: Iterable[CoverageInterval], start_ms: int, end_ms: int | None
) -> tuple[CoverageInterval, ...]:
    """Cut intervals to a window.

    Parameters
    ----------
    intervals
        Any intervals; their order is kept.
    start_ms, end_ms
        The window's edges, UTC milliseconds; `end_ms` ``None``: open.

    Returns
    -------
    tuple of CoverageInterval
        The parts inside. A part without length covers no time and is left out.
    """
    parts = (
        replace(
            part,
            start_ms=max(part.start_ms, start_ms),
            end_ms=part.end_ms if end_ms is None else min(part.end_ms, end_ms),
        )
        for part in intervals
    )
    return tuple(part for part in parts if part.start_ms < part.end_ms)


def without_span(
    intervals: Iterable[CoverageInterval], start_ms: int, end_ms: int
) -> list[CoverageInterval]:
    """Return what is left of intervals once a span of time is taken out of each."""
    return [
        replace(part, start_ms=first_ms, end_ms=last_ms)
        for part in intervals
        for first_ms, last_ms in (
            (part.start_ms, min(part.end_ms, start_ms)),
            (max(part.start_ms, end_ms), part.end_ms),
        )
        if first_ms < last_ms
    ]


def covered_share(intervals: Iterable[CoverageInterval], start_ms: int, end_ms: int) -> float:
    """Return which share of a window was recorded, proven or not: 0 to 1.

    Parameters
    ----------
    intervals
        Intervals of one instrument, in any order.
    start_ms, end_ms
        The window, UTC milliseconds; 0 where it has no length.
    """
    if end_ms <= start_ms:
        return 0.0
    missing = sum(to_ms - from_ms for from_ms, to_ms in gaps_between(intervals, start_ms, end_ms))
    return 1.0 - missing / (end_ms - start_ms)


def effective(
    whose: Instrument, coverage: Mapping[Instrument, Iterable[CoverageInterval]]
) -> tuple[CoverageInterval, ...]:
    """Return when an instrument was recorded: by itself, or among all of its venue.

    Parameters
    ----------
    whose
        An instrument; its symbol may be ``ALL``.
    coverage
        Intervals by instrument, in any order.

    Returns
    -------
    tuple of CoverageInterval
        As `normalized` makes them.
    """
    everyone = Instrument(whose.venue, ALL_SYMBOLS)
    parts = [*coverage.get(whose, ())]
    if whose != everyone:
        parts += coverage.get(everyone, ())
    return normalized(replace(part, symbol=whose.symbol) for part in parts)


def covered_shares(intervals: Iterable[CoverageInterval], edges_ms: Sequence[int]) -> list[float]:
    """Return which share of each time between two edges was recorded, proven or not: 0 to 1.

    Parameters
    ----------
    intervals
        Intervals of one instrument, in any order.
    edges_ms
        Rising, UTC milliseconds; one more than there are shares.
    """
    spans = _union((part.start_ms, part.end_ms) for part in intervals)
    shares, first = [], 0
    for start_ms, end_ms in pairwise(edges_ms):
        while first < len(spans) and spans[first][1] <= start_ms:
            first += 1
        covered_ms, at = 0, first
        while at < len(spans) and spans[at][0] < end_ms:
            covered_ms += min(spans[at][1], end_ms) - max(spans[at][0], start_ms)
            at += 1
        shares.append(covered_ms / (end_ms - start_ms))
    return shares


def gaps_between(
    intervals: Iterable[CoverageInterval], start_ms: int, end_ms: int
) -> tuple[tuple[int, int], ...]:
    """Find the time that no interval covers, proven or not.

    Parameters
    ----------
    intervals
        Intervals of one symbol, in any order.
    start_ms, end_ms
        The window to look at, UTC milliseconds.

    Returns
    -------
    tuple of (from_ms, to_ms)
        Sorted, apart from each other, at least 1 ms long; empty when all is covered.
    """
    gaps = []
    reached = start_ms
    # An instant covers no time, so it does not cut a gap in two.
    covered = ((part.start_ms, part.end_ms) for part in intervals if part.start_ms < part.end_ms)
    for start, end in _union(covered):
        if start >= end_ms:
            break
        if start > reached:
            gaps.append((reached, start))
        reached = max(reached, end)
    if reached < end_ms:
        gaps.append((reached, end_ms))
    return tuple(gaps)


def _union(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Merge closed spans that overlap or touch."""
    merged: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((start, end))
    return merged


def _without(span: tuple[int, int], cut: tuple[int, int]) -> list[tuple[int, int]]:
    """Take one closed span out of another; the remaining parts keep the shared end point."""
    start, end = span
    cut_start, cut_end = cut
    if cut_end < start or cut_start > end:
        return [span]
    rest = []
    if start < cut_start:
        rest.append((start, cut_start))
    if cut_end < end:
        rest.append((cut_end, end))
    return rest
