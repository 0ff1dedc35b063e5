"""The clock of the data."""

import pytest

from Heatmap.standalone.exchange.data_clock import DataClock

START_MS = 1_733_360_400_000


class Hand:
    """A clock's hand that the test moves, seconds."""

    def __init__(self, at_s: float = 500.0) -> None:
        self.at_s = at_s

    def __call__(self) -> float:
        return self.at_s


def replay(hand: Hand, speed: float, until_ms: int | None = None) -> DataClock:
    return DataClock(START_MS, speed, until_ms, monotonic_s=hand)


def test_a_replay_stands_at_its_beginning_until_started() -> None:
    hand = Hand()
    clock = replay(hand, 60)
    hand.at_s += 100
    assert clock() == START_MS
    assert not clock.is_running
    clock.start()
    assert clock() == START_MS
    assert clock.is_running


@pytest.mark.parametrize("speed", [0.1, 1, 60, 600])
def test_a_replay_runs_at_its_speed(speed: float) -> None:
    hand = Hand()
    clock = replay(hand, speed)
    clock.start()
    hand.at_s += 2.5
    assert clock() == START_MS + round(2500 * speed)
    assert clock.speed == speed


def test_starting_again_changes_nothing() -> None:
    hand = Hand()
    clock = replay(hand, 2)
    clock.start()
    hand.at_s += 10
    clock.start()
    assert clock() == START_MS + 20_000


def test_a_replay_stops_at_its_end_exactly() -> None:
    hand = Hand()
    clock = replay(hand, 60, START_MS + 90_500)
    clock.start()
    hand.at_s += 1.5
    assert clock() == START_MS + 90_000
    assert clock.is_running
    hand.at_s += 0.1
    assert clock() == START_MS + 90_500
    assert not clock.is_running
    hand.at_s += 1000
    assert clock() == START_MS + 90_500


def test_frozen_it_stands_for_good() -> None:
    hand = Hand()
    clock = replay(hand, 10)
    clock.start()
    hand.at_s += 1
    clock.freeze()
    hand.at_s += 1
    clock.freeze()
    clock.start()
    assert clock() == START_MS + 10_000
    assert not clock.is_running


def test_frozen_before_the_start_it_stays_at_its_beginning() -> None:
    hand = Hand()
    clock = replay(hand, 10)
    clock.freeze()
    clock.start()
    hand.at_s += 5
    assert clock() == START_MS


def test_the_wall_clock_shows_the_machines_time_without_a_start() -> None:
    wall = Hand(1_733_360_400.25)
    clock = DataClock(None, wall_s=wall)
    assert clock() == 1_733_360_400_250
    assert clock.is_running
    clock.start()
    wall.at_s += 1
    assert clock() == 1_733_360_401_250
    clock.freeze()
    wall.at_s += 1
    assert clock() == 1_733_360_401_250


def test_the_machines_own_clocks_are_the_default() -> None:
    before, after = DataClock.wall()(), DataClock.wall()()
    assert 1_700_000_000_000 < before <= after
    clock = DataClock.replay(START_MS, 600, START_MS)
    clock.start()
    assert clock() == START_MS


@pytest.mark.parametrize("speed", [0.0, -1.0, 0.09, 601.0, float("nan"), float("inf")])
def test_a_speed_out_of_range_is_refused(speed: float) -> None:
    with pytest.raises(ValueError, match="speed"):
        DataClock.replay(START_MS, speed)


def test_an_end_before_the_beginning_is_refused() -> None:
    with pytest.raises(ValueError, match="before it begins"):
        DataClock.replay(START_MS, 1, START_MS - 1)


def test_a_replay_that_is_paused_goes_on_from_where_it_stood() -> None:
    hand = Hand()
    clock = replay(hand, 60)
    clock.pause()
    assert not clock.is_paused, "it has not begun"
    clock.start()
    hand.at_s += 2
    clock.pause()
    clock.pause()
    hand.at_s += 1_000
    assert clock() == START_MS + 120_000
    assert clock.is_paused
    assert not clock.is_running
    clock.start()
    assert clock() == START_MS + 120_000
    hand.at_s += 1
    assert clock() == START_MS + 180_000
    assert not clock.is_paused


def test_neither_a_wall_clock_nor_a_replay_at_its_end_is_paused() -> None:
    hand = Hand()
    ended = replay(hand, 60, START_MS)
    ended.start()
    wall = DataClock(None, wall_s=hand)
    for clock in (ended, wall):
        clock.pause()
        assert not clock.is_paused
    hand.at_s += 1
    assert wall() == hand.at_s * 1000
