"""Interval arithmetic of coverage."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from Heatmap.domain.coverage import CoverageInterval
from Heatmap.storage.coverage import (
    clipped,
    covered_share,
    covered_shares,
    gaps_between,
    normalized,
)


def proven(start_ms: int, end_ms: int) -> CoverageInterval:
    return CoverageInterval("BTCUSDT", start_ms, end_ms, proven=True)


def unproven(start_ms: int, end_ms: int) -> CoverageInterval:
    return CoverageInterval("BTCUSDT", start_ms, end_ms, proven=False)


def test_nothing_stays_nothing() -> None:
    assert normalized([]) == ()


def test_intervals_that_touch_become_one() -> None:
    assert normalized([proven(10, 20), proven(0, 10)]) == (proven(0, 20),)


def test_an_interval_inside_another_changes_nothing() -> None:
    assert normalized([proven(0, 20), proven(5, 8)]) == (proven(0, 20),)


def test_intervals_one_millisecond_apart_stay_apart() -> None:
    assert normalized([proven(0, 10), proven(11, 20)]) == (proven(0, 10), proven(11, 20))


def test_the_sorts_share_an_end_and_stay_apart() -> None:
    assert normalized([unproven(0, 10), proven(10, 20)]) == (unproven(0, 10), proven(10, 20))


def test_proven_cuts_unproven_in_two() -> None:
    assert normalized([unproven(0, 30), proven(10, 20)]) == (
        unproven(0, 10),
        proven(10, 20),
        unproven(20, 30),
    )


def test_unproven_inside_proven_vanishes() -> None:
    assert normalized([proven(0, 30), unproven(10, 20), unproven(30, 30)]) == (proven(0, 30),)


def test_a_proven_instant_keeps_its_place() -> None:
    assert normalized([unproven(0, 20), proven(10, 10)]) == (
        unproven(0, 10),
        proven(10, 10),
        unproven(10, 20),
    )


def test_clipping_cuts_both_ends_and_drops_what_has_no_length() -> None:
    parts = [proven(0, 10), unproven(10, 20), proven(25, 25), proven(30, 40)]
    assert clipped(parts, 10, 35) == (unproven(10, 20), proven(30, 35))
    assert clipped(parts, 5, None) == (proven(5, 10), unproven(10, 20), proven(30, 40))


def test_gaps_are_what_no_interval_covers() -> None:
    parts = [unproven(30, 40), proven(10, 20), proven(15, 25)]
    assert gaps_between(parts, 0, 50) == ((0, 10), (25, 30), (40, 50))
    assert gaps_between(parts, 12, 18) == ()
    assert gaps_between(parts, 22, 27) == ((25, 27),)
    assert gaps_between([], 0, 5) == ((0, 5),)
    assert gaps_between(parts, 41, 45) == ((41, 45),)
    assert gaps_between([], 5, 5) == ()


def test_an_instant_does_not_cut_a_gap_in_two() -> None:
    assert gaps_between([proven(5, 5)], 0, 10) == ((0, 10),)


@given(
    st.lists(st.tuples(st.integers(0, 60), st.integers(0, 30)), max_size=8),
    st.lists(st.integers(0, 80), min_size=2, max_size=10, unique=True),
)
def test_shares_of_adjacent_times_are_each_that_of_its_own(
    spans: list[tuple[int, int]], edges: list[int]
) -> None:
    intervals = [CoverageInterval("X", start, start + n, proven=True) for start, n in spans]
    edges.sort()
    shares = covered_shares(intervals, edges)
    expected = [covered_share(intervals, *pair) for pair in pairwise(edges)]
    assert shares == pytest.approx(expected)
