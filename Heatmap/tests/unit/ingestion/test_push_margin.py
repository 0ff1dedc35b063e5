"""What happened shortly before a connection's end had not come yet, and counts as not recorded."""

from itertools import pairwise

import pytest

from Heatmap.domain.coverage import CoverageInterval
from Heatmap.ingestion.push_margin import PushMargin
from Heatmap.ingestion.recorder.coverage_tracker import CoverageTracker


class Recording:
    """Heartbeats of several connections, and what comes out of them."""

    def __init__(self) -> None:
        self.tracker = CoverageTracker()
        self.margin = PushMargin()
        self.covered: list[tuple[int, int]] = []

    def beat(self, *times_ms: int, number: int = 1) -> None:
        for ts_ms in times_ms:
            interval = self.tracker.receive_heartbeat(number, "BTCUSDT", ts_ms)
            settled = None if interval is None else self.margin.settle(interval)
            if settled is None:
                continue
            span = settled.start_ms, settled.end_ms
            if self.covered and self.covered[-1][1] == span[0]:
                span = self.covered.pop()[0], span[1]
            self.covered.append(span)


def test_at_any_moment_the_last_second_is_not_claimed() -> None:
    recording = Recording()
    recording.beat(0)
    for ts_ms in range(1000, 20_000, 1000):
        recording.beat(ts_ms)
        assert recording.covered == ([(0, ts_ms - 1000)] if ts_ms > 1000 else [])


def test_a_lost_connection_ends_a_second_before_its_last_heartbeat() -> None:
    recording = Recording()
    recording.beat(0, 1000, 2000, 3000)
    recording.tracker.receive_lost(1)
    recording.beat(5000, 6000, 7000, number=2)
    assert recording.covered == [(0, 2000), (5000, 6000)]


def test_dropped_events_end_it_as_a_lost_connection_does() -> None:
    recording = Recording()
    recording.beat(0, 1000, 2000, 3000)
    recording.tracker.receive_overflow()
    recording.beat(4000, 5000, 6000, 7000)
    assert recording.covered == [(0, 2000), (4000, 6000)]


@pytest.mark.parametrize("overlap_ms", [100, 1000, 2500])
def test_an_overlap_of_any_length_leaves_no_hole(overlap_ms: int) -> None:
    recording = Recording()
    recording.beat(0, 1000, 2000, 3000, 4000)
    recording.beat(4000 - overlap_ms, number=2)
    recording.tracker.receive_lost(1)
    recording.beat(5000, 6000, 7000, number=2)
    assert recording.covered == [(0, 6000)]


def test_what_a_held_up_connection_brings_late_joins_without_a_hole() -> None:
    recording = Recording()
    recording.beat(1000)
    recording.beat(3500, 4500, 5500, number=2)
    recording.beat(2000, 3000, 4000)
    spans = sorted(recording.covered)
    assert spans[0][0] == 1000
    assert all(earlier[1] == later[0] for earlier, later in pairwise(spans))
    assert spans[-1][1] == 4500


def test_the_largest_delay_seen_lately_counts() -> None:
    recording = Recording()
    recording.margin.receive_force_order(10_000, 13_500)
    recording.margin.receive_force_order(11_000, 11_100)
    recording.beat(*range(0, 21_000, 1000))
    assert recording.covered == [(0, 16_500)]


def test_a_trade_of_long_ago_or_of_the_future_is_no_usual_delay() -> None:
    margin = PushMargin()
    for ts_ms in (0, 1_790_000_010_000, 10**13):
        margin.receive_force_order(ts_ms, 1_790_000_000_000)
    assert margin.delay_ms == 1000


def test_a_large_delay_is_forgotten_after_a_while() -> None:
    margin = PushMargin()
    margin.settle(CoverageInterval("BTCUSDT", 0, 1000, proven=True))
    margin.receive_force_order(0, 4000)
    for minutes in (10, 20):
        start_ms = minutes * 60_000
        margin.settle(CoverageInterval("BTCUSDT", start_ms, start_ms + 1000, proven=True))
        assert margin.delay_ms == 4000
    for minutes in (40, 60):
        start_ms = minutes * 60_000
        margin.settle(CoverageInterval("BTCUSDT", start_ms, start_ms + 1000, proven=True))
    assert margin.delay_ms == 1000


def test_symbols_are_held_back_apart() -> None:
    margin = PushMargin()
    assert margin.settle(CoverageInterval("BTCUSDT", 0, 3000, proven=True)) is not None
    assert margin.settle(CoverageInterval("ETHUSDT", 3000, 3500, proven=True)) is None
