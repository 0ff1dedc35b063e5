"""Which time counts as recorded, from heartbeats."""

from Heatmap.ingestion.coverage_tracker import CoverageLedger, CoverageTracker
from Heatmap.model import CoverageInterval


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
