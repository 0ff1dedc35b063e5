"""Days of simulated time with rotations: the decisions, put together, leave no gap in coverage.

Clock and exchange are simulated, the decisions are the recorder's own. The exchange beats each
second on every open connection and ends each one at the age of 24 h, whatever it serves.
"""

import random
from dataclasses import dataclass, field

import pytest

from Heatmap.domain.coverage import CoverageInterval
from Heatmap.errors import Failure, FailureKind
from Heatmap.ingestion.connection.supervisor import (
    Close,
    ConnectionState,
    ConnectionSupervisor,
    ConnectionTimes,
    Open,
)
from Heatmap.ingestion.recorder.coverage_tracker import CoverageLedger, CoverageTracker
from Heatmap.storage.coverage import gaps_between, normalized

DAY_S = 86_400
START_MS = 1_790_000_000_000
SYMBOL = "BTCUSDT"
# The exchange ends a connection at this age.
LONGEST_S = 24 * 3600
# A coverage write each so many seconds, and an event each so many.
WRITTEN_EVERY_S, EVENT_EVERY_S = 3, 11


@dataclass
class Day:
    """An exchange, a network that takes its time, and the recorder's decisions between them."""

    rng: random.Random
    rotates: bool = True
    now_s: float = 5000.0
    covered: list[CoverageInterval] = field(default_factory=list)
    attempts: int = 0
    cut_off: int = 0
    longest_side_by_side_s: int = 0

    def __post_init__(self) -> None:
        rotate_after_s = ConnectionTimes().rotate_after_s if self.rotates else 1e9
        times = ConnectionTimes(rotate_after_s=rotate_after_s)
        self.supervisor = ConnectionSupervisor(times, self.rng)
        self.tracker = CoverageTracker()
        self.ledger = CoverageLedger()
        # When each attempt will be open, and when each connection was opened.
        self.opening: dict[int, float] = {}
        self.open: dict[int, float] = {}
        self.accepted = 0

    def run(self, seconds: int) -> None:
        side_by_side_s = 0
        for second in range(seconds):
            self.now_s += 1.0
            self.connect()
            if self.open and (second % EVENT_EVERY_S == 0 or not self.accepted):
                self.accepted += 1
                self.tracker.receive_force_order(START_MS + second * 1000)
            self.beat(START_MS + second * 1000)
            if second % WRITTEN_EVERY_S == 0:
                self.write()
            side_by_side_s = side_by_side_s + 1 if len(self.open) > 1 else 0
            self.longest_side_by_side_s = max(self.longest_side_by_side_s, side_by_side_s)
        self.write()

    def connect(self) -> None:
        for number, opened_s in list(self.open.items()):
            if self.now_s - opened_s >= LONGEST_S:
                self.cut_off += 1
                self.forget(number)
                self.supervisor.receive_lost(number, Failure(FailureKind.BROKE_OFF), self.now_s)
        for number, due_s in list(self.opening.items()):
            if self.now_s >= due_s:
                del self.opening[number]
                self.open[number] = self.now_s
                self.supervisor.receive_opened(number, self.now_s)
        for command in self.supervisor.commands(self.now_s):
            match command:
                case Open(number):
                    self.attempts += 1
                    self.opening[number] = self.now_s + self.rng.uniform(0, 4)
                case Close(number):
                    self.forget(number)

    def forget(self, number: int) -> None:
        del self.open[number]
        self.tracker.receive_lost(number)

    def beat(self, ts_ms: int) -> None:
        for number in self.open:
            self.supervisor.receive_heartbeat(number, SYMBOL, ts_ms, self.now_s)
            interval = self.tracker.receive_heartbeat(number, SYMBOL, ts_ms)
            if interval is not None:
                self.ledger.add(interval, self.accepted)

    def write(self) -> None:
        while (interval := self.ledger.first_ready(self.accepted)) is not None:
            self.ledger.discard(interval)
            self.covered[-1:] = normalized([*self.covered[-1:], interval])

    def gaps(self) -> tuple[tuple[int, int], ...]:
        return gaps_between(self.covered, self.covered[0].start_ms, self.covered[-1].end_ms)


@pytest.mark.parametrize("seed", [1, 2])
def test_a_day_with_rotation_leaves_no_gap(seed: int) -> None:
    day = Day(random.Random(seed))
    day.run(DAY_S)
    assert day.supervisor.rotations == 1
    assert day.supervisor.reconnects == 0
    assert day.supervisor.state() is ConnectionState.LIVE
    assert day.cut_off == 0
    assert day.attempts == 2
    assert day.gaps() == ()
    assert day.covered[0].start_ms - START_MS <= 10_000
    assert day.covered[-1].end_ms == START_MS + (DAY_S - 1) * 1000
    assert all(interval.proven for interval in day.covered)
    # Only for as long as it takes to be sure of the new one.
    assert 1 <= day.longest_side_by_side_s <= 10


def test_a_day_without_rotation_has_the_gap_that_the_exchange_makes() -> None:
    day = Day(random.Random(1), rotates=False)
    day.run(DAY_S + 3600)
    assert day.supervisor.rotations == 0
    assert day.supervisor.reconnects == 1
    assert day.cut_off == 1
    ((start_ms, end_ms),) = day.gaps()
    assert 1000 <= end_ms - start_ms <= 10_000
