"""Whose clock is believed: the exchange's, or this machine's, where the two disagree."""

import pytest

from Heatmap.ingestion.recorder.coverage_tracker import Arrival, CoverageTracker

NOW_MS = 1_790_000_000_000
YEAR_MS = 365 * 86_400_000
SYMBOL = "BTCUSDT"


class Clocks:
    """An exchange that beats `rate` times a second, and a machine."""

    def __init__(self, *, machine_off_ms: int = 0, rate: int = 1) -> None:
        self.tracker = CoverageTracker()
        self.covered: list[tuple[int, int]] = []
        self.machine_off_ms = machine_off_ms
        self.rate = rate
        self.at_s = 0.0

    def run(self, seconds: float, *off_ms: int, orders_off_ms: int | None = None) -> None:
        """Beat for a while with these faults of the exchange's clock, in turn."""
        for step in range(round(seconds * self.rate)):
            true_ms = NOW_MS + round(self.at_s * 1000)
            if orders_off_ms is not None:
                self.tracker.receive_force_order(true_ms + orders_off_ms, self.at_s)
            arrival = Arrival(self.at_s, true_ms + self.machine_off_ms)
            ts_ms = true_ms + off_ms[step % len(off_ms)]
            interval = self.tracker.receive_heartbeat(1, SYMBOL, ts_ms, arrival)
            if interval is not None:
                self.covered.append((interval.start_ms, interval.end_ms))
            self.at_s += 1 / self.rate

    def total_s(self, off_ms: int = 0) -> float:
        """Return how much was covered in the neighbourhood of a fault."""
        near = NOW_MS + off_ms
        return sum(e - s for s, e in self.covered if abs(s - near) < YEAR_MS / 24) / 1000

    def far_s(self, off_ms: int = 0) -> float:
        return sum(e - s for s, e in self.covered) / 1000 - self.total_s(off_ms)


@pytest.mark.parametrize("off_ms", [10 * YEAR_MS, -10 * YEAR_MS])
@pytest.mark.parametrize("rate", [1, 50])
@pytest.mark.parametrize("before_s", [0, 20])
def test_a_wrong_time_of_two_seconds_covers_nothing(off_ms: int, rate: int, before_s: int) -> None:
    clocks = Clocks(rate=rate)
    clocks.run(before_s, 0)
    clocks.run(2, off_ms)
    clocks.run(20, 0)
    assert clocks.far_s() == 0
    assert clocks.total_s() >= 18
    now_ms = clocks.tracker.now_ms
    assert now_ms is not None
    assert abs(now_ms - (NOW_MS + clocks.at_s * 1000)) < 3000


@pytest.mark.parametrize("off_ms", [3_600_000, -3_600_000])
def test_an_hour_for_a_few_seconds_covers_nothing_either(off_ms: int) -> None:
    clocks = Clocks(rate=50)
    clocks.run(20, 0)
    clocks.run(5, off_ms)
    clocks.run(20, 0)
    # What lies between the two heartbeats beside the fault is within a usual step.
    assert sum(end - start for start, end in clocks.covered) <= 45_000
    assert all(abs(end - NOW_MS) < 60_000 for _start, end in clocks.covered)


def test_a_time_that_jumps_back_and_forth_neither_covers_nor_breaks() -> None:
    clocks = Clocks()
    clocks.run(5, 0)
    clocks.run(120, 10 * YEAR_MS, 0)
    clocks.run(120, -10 * YEAR_MS, 0, 10 * YEAR_MS)
    clocks.run(5, 0)
    assert clocks.far_s() == 0
    assert clocks.total_s() >= 240


def test_an_exchange_that_leaves_what_both_agreed_on_has_to_last() -> None:
    clocks = Clocks()
    clocks.run(10, 0)
    clocks.run(50, YEAR_MS)
    assert clocks.far_s() == 0
    # Back where this machine has been all the while, it is believed soon.
    clocks.run(8, 0)
    assert clocks.total_s() >= 15
    clocks.run(120, YEAR_MS)
    # In the end this machine may be the one that is wrong.
    assert clocks.far_s() >= 115


@pytest.mark.parametrize("machine_off_ms", [-20 * YEAR_MS, 5 * YEAR_MS, 3_600_000, -3_600_000])
def test_a_machine_with_a_wrong_clock_believes_a_steady_exchange(machine_off_ms: int) -> None:
    clocks = Clocks(machine_off_ms=machine_off_ms)
    clocks.run(30, 0)
    # From its first heartbeat on.
    assert clocks.total_s() == 29


def test_mark_prices_of_a_wrong_time_are_not_believed_against_orders_and_machine() -> None:
    clocks = Clocks()
    clocks.run(300, YEAR_MS, orders_off_ms=0)
    assert clocks.covered == []
    clocks.run(10, 0, orders_off_ms=0)
    assert clocks.total_s() == 9


def test_orders_of_a_wrong_time_neither_prove_nor_disturb() -> None:
    clocks = Clocks()
    clocks.run(30, 0, orders_off_ms=10 * YEAR_MS)
    assert clocks.total_s() == 29
    assert not clocks.tracker.is_proven(NOW_MS + 29_000)


def test_what_this_machine_does_to_its_clock_changes_nothing() -> None:
    clocks = Clocks()
    for off_ms in (0, 3_600_000, -YEAR_MS, 10 * YEAR_MS, 0):
        clocks.machine_off_ms = off_ms
        clocks.run(20, 0)
    assert clocks.total_s() == 99
    assert clocks.far_s() == 0
