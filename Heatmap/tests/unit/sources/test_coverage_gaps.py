"""What was not recorded, and how far heartbeats prove that it was."""

from typing import Any

import pytest

from Heatmap.domain.coverage import HEARTBEAT_GAP_MS, CoverageInterval
from Heatmap.picture.messages import Heartbeats
from Heatmap.sources.coverage_gaps import find_gaps, inner_edges, recorded_parts, stretched

END_MS = 10_000_000


def covered(start_ms: int, end_ms: int, *, proven: bool = True) -> CoverageInterval:
    return CoverageInterval("BTCUSDT", start_ms, end_ms, proven)


@pytest.mark.parametrize(
    ("intervals", "expected"),
    [
        ([], [[0, 100, "gap"]]),
        ([covered(0, 100)], []),
        ([covered(10, 40), covered(60, 100)], [[0, 10, "gap"], [40, 60, "gap"]]),
        (
            [covered(0, 50, proven=False), covered(50, 90)],
            [[0, 50, "unproven"], [90, 100, "gap"]],
        ),
        ([covered(0, 100, proven=False)], [[0, 100, "unproven"]]),
    ],
)
def test_what_is_not_covered_is_a_gap(
    intervals: list[CoverageInterval], expected: list[list[Any]]
) -> None:
    assert find_gaps(intervals, 0, 100) == expected


def test_the_newest_interval_reaches_to_now_until_the_next_heartbeat_is_overdue() -> None:
    newest = covered(0, 9_000_000, proven=False)
    beats = Heartbeats(since_ms=8_000_000, until_ms=9_001_000, lag_ms=15_000)
    due_ms = 9_001_000 + HEARTBEAT_GAP_MS
    assert stretched(newest, beats, due_ms) == covered(0, due_ms, proven=False)
    # Then the time since the last one is a hole, as it is in the store.
    assert stretched(newest, beats, due_ms + 1) == covered(0, 9_001_000, proven=False)


def test_it_reaches_no_further_than_the_window() -> None:
    beats = Heartbeats(since_ms=8_000_000, until_ms=9_001_000, lag_ms=15_000)
    assert stretched(covered(0, 9_000_000), beats, 9_002_000).end_ms == 9_002_000
    # And it never shrinks.
    assert stretched(covered(0, 9_000_000), beats, 8_999_000).end_ms == 9_000_000


@pytest.mark.parametrize(
    ("since_ms", "is_stretched"), [(8_999_999, True), (9_000_000, True), (9_000_001, False)]
)
def test_an_interval_from_before_the_connection_stays(since_ms: int, is_stretched: bool) -> None:
    newest = covered(0, 9_000_000)
    beats = Heartbeats(since_ms, until_ms=9_001_000, lag_ms=15_000)
    assert (stretched(newest, beats, END_MS) != newest) is is_stretched


@pytest.mark.parametrize(
    ("until_ms", "is_stretched"), [(9_014_999, True), (9_015_000, True), (9_015_001, False)]
)
def test_one_that_lags_by_more_than_writing_explains_stays(
    until_ms: int, is_stretched: bool
) -> None:
    newest = covered(0, 9_000_000)
    beats = Heartbeats(8_000_000, until_ms, lag_ms=15_000)
    assert (stretched(newest, beats, END_MS) != newest) is is_stretched


def test_the_windows_own_ends_are_no_edges() -> None:
    gaps = [[0, 10, "gap"], [40, 60, "unproven"], [90, 100, "gap"]]
    expected = [(None, 10, "gap"), (40, 60, "unproven"), (90, None, "gap")]
    assert inner_edges(gaps, 0, 100) == expected
    # The window has moved on, and the gap of now grown with it: the same edges.
    assert inner_edges([[5, 10, "gap"], [40, 60, "unproven"], [90, 105, "gap"]], 5, 105) == expected
    assert inner_edges([[0, 100, "gap"]], 0, 100) == [(None, None, "gap")]
    assert inner_edges([], 0, 100) == []


@pytest.mark.parametrize(
    ("from_ms", "to_ms", "parts"),
    [
        (10, 20, (1.0, 0.0, 0.0)),
        (0, 10, (0.0, 0.0, 1.0)),
        (50, 60, (0.0, 1.0, 0.0)),
        # Touched at an edge is not touched.
        (60, 90, (1.0, 0.0, 0.0)),
        (30, 40, (1.0, 0.0, 0.0)),
        (0, 100, (0.6, 0.2, 0.2)),
        (35, 45, (0.5, 0.5, 0.0)),
        (55, 95, (0.75, 0.125, 0.125)),
        (-10, 0, (1.0, 0.0, 0.0)),
        (20, 20, (0.0, 0.0, 1.0)),
        (20, 10, (0.0, 0.0, 1.0)),
    ],
)
def test_a_span_is_recorded_unproven_or_missing_in_parts(
    from_ms: int, to_ms: int, parts: tuple[float, float, float]
) -> None:
    gaps = [[0, 10, "gap"], [40, 60, "unproven"], [90, 100, "gap"]]
    found = recorded_parts(gaps, from_ms, to_ms)
    assert found == pytest.approx(parts, abs=1e-12)
    assert sum(found) == pytest.approx(1.0, abs=1e-12)


def test_without_gaps_all_was_recorded() -> None:
    assert recorded_parts([], 0, 10) == (1.0, 0.0, 0.0)
