"""Which time counts as recorded, from heartbeats."""

import pytest

from Heatmap.domain.coverage import CoverageInterval
from Heatmap.ingestion.recorder.coverage_tracker import CoverageLedger, CoverageTracker


def spans(
    tracker: CoverageTracker, times: list[int], number: int = 1, symbol: str = "BTCUSDT"
) -> list[tuple[int, int]]:
    intervals = [tracker.receive_heartbeat(number, symbol, ts_ms) for ts_ms in times]
    return [(one.start_ms, one.end_ms) for one in intervals if one is not None]


def test_time_is_covered_from_heartbeat_to_heartbeat() -> None:
    tracker = CoverageTracker()
    assert spans(tracker, [1000, 2000, 3000]) == [(1000, 2000), (2000, 3000)]


def test_heartbeats_more_than_ten_seconds_apart_leave_a_hole() -> None:
    tracker = CoverageTracker()
    assert spans(tracker, [1000, 11_000, 21_001, 22_000]) == [(1000, 11_000), (21_001, 22_000)]


def test_nothing_is_covered_between_a_lost_connection_and_the_next_heartbeat() -> None:
    tracker = CoverageTracker()
    assert spans(tracker, [1000, 2000]) == [(1000, 2000)]
    tracker.receive_lost(1)
    assert spans(tracker, [3000, 4000], number=2) == [(3000, 4000)]


def test_a_lost_connection_does_not_break_the_other_one() -> None:
    tracker = CoverageTracker()
    spans(tracker, [1000, 2000], number=1)
    assert spans(tracker, [2000, 3000], number=2) == [(2000, 3000)]
    tracker.receive_lost(1)
    assert spans(tracker, [4000], number=2) == [(3000, 4000)]


def test_overlapping_connections_cover_their_time_once() -> None:
    tracker = CoverageTracker()
    assert spans(tracker, [1000, 3000], number=1) == [(1000, 3000)]
    assert spans(tracker, [1500, 2500, 3500], number=2) == [(3000, 3500)]


def test_time_that_goes_back_covers_nothing_twice() -> None:
    tracker = CoverageTracker()
    assert spans(tracker, [5000, 6000, 2000, 3000, 6500]) == [(5000, 6000), (6000, 6500)]


def test_symbols_are_covered_apart() -> None:
    tracker = CoverageTracker()
    assert spans(tracker, [1000, 2000], symbol="BTCUSDT") == [(1000, 2000)]
    assert spans(tracker, [2000, 2500], symbol="ETHUSDT") == [(2000, 2500)]


def test_dropped_events_end_the_coverage_at_the_heartbeats_before() -> None:
    tracker = CoverageTracker()
    spans(tracker, [1000, 2000])
    tracker.receive_overflow()
    assert spans(tracker, [3000, 4000]) == [(3000, 4000)]


def test_coverage_is_proven_for_thirty_minutes_after_any_force_order() -> None:
    tracker = CoverageTracker(longest_step_ms=10**7)
    proven = []
    tracker.receive_heartbeat(1, "BTCUSDT", 1_000_000)
    for ts_ms in (1_001_000, 2_799_000, 2_802_001):
        interval = tracker.receive_heartbeat(1, "BTCUSDT", ts_ms)
        assert interval is not None
        proven.append(interval.proven)
        if len(proven) == 1:
            tracker.receive_force_order(1_002_000)
    assert proven == [False, True, False]


def test_a_push_time_of_the_far_future_proves_nothing() -> None:
    tracker = CoverageTracker()
    tracker.receive_force_order(10**12)
    assert not tracker.is_proven(1_000_000)


def test_the_exchanges_time_needs_two_heartbeats_that_agree() -> None:
    tracker = CoverageTracker()
    assert tracker.now_ms is None
    spans(tracker, [1000, 2000, 4_000_000_000_000])
    assert tracker.now_ms == 2000


HOUR_MS = 3_600_000


def beats(start_ms: int, count: int) -> list[int]:
    return [start_ms + 1000 * step for step in range(count)]


def test_a_few_heartbeats_of_the_far_future_end_no_coverage() -> None:
    tracker = CoverageTracker()
    assert spans(tracker, beats(0, 3)) == [(0, 1000), (1000, 2000)]
    assert spans(tracker, beats(HOUR_MS, 4)) == []
    assert tracker.now_ms == 2000
    assert spans(tracker, beats(3000, 3)) == [(3000, 4000), (4000, 5000)]


def test_after_a_hole_the_second_side_is_covered_from_its_first_heartbeat_on() -> None:
    tracker = CoverageTracker()
    spans(tracker, beats(0, 3))
    second = spans(tracker, beats(HOUR_MS, 7))
    assert second == [
        (HOUR_MS, HOUR_MS + 4000),
        (HOUR_MS + 4000, HOUR_MS + 5000),
        (HOUR_MS + 5000, HOUR_MS + 6000),
    ]
    assert tracker.now_ms == HOUR_MS + 6000


def test_a_short_hole_needs_no_more_than_two_heartbeats() -> None:
    tracker = CoverageTracker()
    spans(tracker, beats(0, 3))
    tracker.receive_lost(1)
    assert spans(tracker, beats(60_000, 2), number=2) == [(60_000, 61_000)]


def test_a_future_that_was_believed_is_left_when_five_heartbeats_say_so() -> None:
    tracker = CoverageTracker()
    # The fault is there from the first heartbeat on, when nothing speaks against it.
    spans(tracker, beats(HOUR_MS, 2))
    assert spans(tracker, beats(0, 4)) == []
    assert spans(tracker, [4000, 5000]) == [(0, 4000), (4000, 5000)]
    assert tracker.now_ms == 5000


def test_a_new_connection_leaves_a_believed_future_too() -> None:
    tracker = CoverageTracker()
    spans(tracker, beats(0, 3))
    spans(tracker, beats(HOUR_MS, 9))
    tracker.receive_lost(1)
    assert spans(tracker, beats(20_000, 6), number=2) == [(20_000, 24_000), (24_000, 25_000)]


def test_the_heartbeats_on_either_side_of_a_lost_connection_are_not_added_up() -> None:
    tracker = CoverageTracker()
    spans(tracker, beats(0, 3))
    spans(tracker, beats(HOUR_MS, 3))
    tracker.receive_lost(1)
    assert spans(tracker, beats(HOUR_MS + 3000, 4), number=2) == []
    spans(tracker, beats(HOUR_MS + 7000, 3), number=3)
    tracker.receive_overflow()
    assert spans(tracker, beats(HOUR_MS + 10_000, 4), number=3) == []
    assert spans(tracker, [HOUR_MS + 14_000], number=3) == [(HOUR_MS + 10_000, HOUR_MS + 14_000)]


@pytest.mark.parametrize("bases_ms", [(0, HOUR_MS), (HOUR_MS, 0)])
def test_two_connections_that_disagree_by_hours_have_to_convince_each_time(
    bases_ms: tuple[int, int],
) -> None:
    tracker = CoverageTracker()
    covered = [
        span
        for step in range(40)
        for number, base_ms in enumerate(bases_ms, 1)
        for span in spans(tracker, [base_ms + 1000 * step], number=number)
    ]
    assert all(0 < end - start <= 10_000 for start, end in covered)
    total = sum(end - start for start, end in covered)
    assert total <= 2 * 39_000, "no second counts twice"


def interval(start_ms: int, end_ms: int, *, proven: bool = True) -> CoverageInterval:
    return CoverageInterval("BTCUSDT", start_ms, end_ms, proven)


def test_coverage_waits_for_the_events_that_came_before_it() -> None:
    ledger = CoverageLedger()
    assert not ledger
    ledger.add(interval(0, 1), after=0)
    ledger.add(interval(1, 2), after=3)
    ledger.add(interval(2, 3), after=5)
    assert ledger
    assert ledger.first_ready(0) == interval(0, 1)
    assert ledger.first_ready(3) == interval(0, 2)
    ledger.discard(interval(0, 2))
    assert ledger.first_ready(4) is None
    assert ledger.first_ready(5) == interval(2, 3)
    ledger.discard(interval(2, 3))
    assert ledger.first_ready(5) is None
    assert not ledger


def test_intervals_are_joined_only_where_they_continue_each_other() -> None:
    ledger = CoverageLedger()
    parts = [interval(0, 1), interval(1, 2), interval(5, 6), interval(6, 7, proven=False)]
    for part in parts:
        ledger.add(part, after=0)
    written = []
    while (ready := ledger.first_ready(0)) is not None:
        written.append(ready)
        ledger.discard(ready)
    assert written == [interval(0, 2), interval(5, 6), interval(6, 7, proven=False)]


def test_a_failed_write_leaves_the_interval_waiting() -> None:
    ledger = CoverageLedger()
    ledger.add(interval(0, 1), after=0)
    assert ledger.first_ready(0) == ledger.first_ready(0) == interval(0, 1)


def test_what_is_cut_away_is_forgotten_and_the_rest_begins_at_the_cut() -> None:
    ledger = CoverageLedger()
    ledger.add(interval(0, 10), after=0)
    ledger.add(interval(20, 30), after=1)
    ledger.add(interval(30, 40, proven=False), after=2)
    ledger.add(CoverageInterval("ETHUSDT", 0, 50, proven=True), after=0)
    ledger.cut({"BTCUSDT": 25})
    written = []
    while (ready := ledger.first_ready(9)) is not None:
        written.append(ready)
        ledger.discard(ready)
    assert written == [interval(25, 30), interval(30, 40, proven=False)]
    assert not ledger


def test_what_a_held_up_connection_brings_late_is_covered_too() -> None:
    tracker = CoverageTracker()
    assert spans(tracker, [1000], number=1) == []
    # The second one was opened meanwhile; then what the first one brings comes in a burst.
    assert spans(tracker, [3500, 4500], number=2) == [(3500, 4500)]
    late = spans(tracker, [2000, 3000, 4000, 5000], number=1)
    assert late == [(1000, 2000), (2000, 3000), (3000, 3500), (4500, 5000)]
    assert tracker.now_ms == 5000


def test_late_coverage_waits_behind_what_was_ahead_of_it() -> None:
    ledger = CoverageLedger()
    parts = [interval(5, 6), interval(6, 7), interval(0, 1), interval(1, 2)]
    for part in parts:
        ledger.add(part, after=0)
    written = []
    while (ready := ledger.first_ready(0)) is not None:
        written.append(ready)
        ledger.discard(ready)
    assert written == [interval(5, 7), interval(0, 2)]
