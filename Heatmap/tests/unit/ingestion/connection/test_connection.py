"""The connection's decisions, with a clock and a generator of the test's own."""

import random
from collections.abc import Iterator

import pytest

from Heatmap.domain.failure_texts import failure_text
from Heatmap.errors import Failure, FailureKind
from Heatmap.ingestion.connection.supervisor import (
    Backoff,
    Close,
    ConnectionMemory,
    ConnectionState,
    ConnectionSupervisor,
    ConnectionTimes,
    Open,
    classify_status,
)

TIMES = ConnectionTimes()
BROKEN = Failure(FailureKind.BROKE_OFF)


class Harness:
    """A supervisor and a clock; carries out nothing by itself."""

    def __init__(self, times: ConnectionTimes = TIMES, seed: int = 1) -> None:
        self.times = times
        self.seed = seed
        self.memory = ConnectionMemory()
        self.supervisor = ConnectionSupervisor(times, random.Random(seed), self.memory)
        self.now_s = 1000.0

    def start_anew(self) -> None:
        """Stop, and start with what the memory has kept."""
        self.supervisor.receive_stop(self.now_s)
        self.supervisor = ConnectionSupervisor(self.times, random.Random(self.seed), self.memory)

    def commands(self, after_s: float = 0.0) -> list[Open | Close]:
        self.now_s += after_s
        return self.supervisor.commands(self.now_s)

    def wait_for_commands(self, limit_s: float = 1e9) -> list[Open | Close]:
        """Sleep as a shell would until there is something to do."""
        until_s = self.now_s + limit_s
        while self.now_s < until_s:
            if commands := self.commands():
                return commands
            delay_s = self.supervisor.next_delay(self.now_s)
            assert delay_s > 0, "a shell would spin"
            self.now_s = min(self.now_s + delay_s, until_s)
        return self.commands()

    def opened(self, number: int) -> None:
        self.supervisor.receive_opened(number, self.now_s)

    def heartbeat(self, number: int, ts_ms: int = 0, symbol: str = "BTCUSDT") -> None:
        self.supervisor.receive_heartbeat(number, symbol, ts_ms, self.now_s)

    def lost(self, number: int) -> None:
        self.supervisor.receive_lost(number, BROKEN, self.now_s)

    def failed(self, number: int, failure: Failure = BROKEN) -> None:
        self.supervisor.receive_failed(number, failure, self.now_s)

    def live(self) -> int:
        """Bring a first connection up."""
        assert self.commands() == [Open(1)]
        self.opened(1)
        self.heartbeat(1)
        return 1


def test_the_first_attempt_is_immediate_and_only_one() -> None:
    harness = Harness()
    assert harness.supervisor.next_delay(harness.now_s) == 0
    assert harness.commands() == [Open(1)]
    assert harness.commands(after_s=100) == []


def test_a_live_connection_that_drops_is_replaced_at_once() -> None:
    harness = Harness()
    harness.live()
    harness.now_s += 60
    harness.heartbeat(1)
    harness.lost(1)
    assert harness.commands() == [Open(2)]


def test_a_live_connection_that_drops_young_is_replaced_a_second_after_its_opening() -> None:
    harness = Harness()
    harness.live()
    harness.now_s += 0.2
    harness.lost(1)
    assert harness.commands() == []
    assert harness.supervisor.next_delay(harness.now_s) == pytest.approx(0.8)
    assert harness.commands(after_s=0.79) == []
    assert harness.commands(after_s=0.02) == [Open(2)]


def failing_delays(harness: Harness, count: int, *, accept: bool) -> Iterator[float]:
    (opened,) = harness.commands()
    for _ in range(count):
        if accept:
            harness.opened(opened.number)
            harness.lost(opened.number)
        else:
            harness.failed(opened.number)
        before_s = harness.now_s
        (opened,) = harness.wait_for_commands()
        yield harness.now_s - before_s


@pytest.mark.parametrize("accept", [False, True])
def test_attempts_without_data_back_off_from_one_to_sixty_seconds(accept: bool) -> None:
    delays = list(failing_delays(Harness(), 12, accept=accept))
    ceilings = [2, 4, 8, 16, 32, 60, 60, 60, 60, 60, 60, 60]
    for delay, ceiling in zip(delays, ceilings, strict=True):
        assert ceiling / 2 <= delay <= ceiling
    assert len({round(delay, 6) for delay in delays}) == len(delays), "no jitter"


def test_only_a_heartbeat_resets_the_backoff() -> None:
    harness = Harness()
    delays = list(failing_delays(harness, 8, accept=False))
    assert delays[-1] >= 30
    harness.opened(9)
    harness.heartbeat(9)
    harness.now_s += 5
    harness.lost(9)
    assert harness.commands() == [Open(10)]
    harness.failed(10)
    before_s = harness.now_s
    assert harness.wait_for_commands() == [Open(11)]
    assert 1 <= harness.now_s - before_s <= 2


def test_silence_gets_one_chance_to_drain_and_then_ends_the_connection() -> None:
    harness = Harness()
    harness.live()
    assert harness.commands(after_s=9.99) == []
    assert harness.commands(after_s=0.02) == []
    assert harness.supervisor.next_delay(harness.now_s) == pytest.approx(TIMES.drain_s)
    assert harness.commands(after_s=TIMES.drain_s) == [Close(1, at_once=True), Open(2)]
    assert "silent" in failure_text(harness.supervisor.last_failure)


def test_after_a_long_sleep_what_waited_in_the_socket_saves_the_connection() -> None:
    harness = Harness()
    harness.live()
    assert harness.commands(after_s=60) == []
    harness.now_s += 0.1
    harness.heartbeat(1)
    assert harness.commands(after_s=TIMES.drain_s) == []
    assert harness.supervisor.state() is ConnectionState.LIVE
    assert harness.supervisor.reconnects == 0


def test_an_endpoint_that_accepts_and_stays_silent_is_named_and_backed_off() -> None:
    harness = Harness()
    assert harness.commands() == [Open(1)]
    harness.opened(1)
    assert harness.supervisor.state() is ConnectionState.OPEN
    assert harness.wait_for_commands() == [Close(1, at_once=True)]
    assert harness.now_s == pytest.approx(1010.5)
    assert "delivered no mark price" in failure_text(harness.supervisor.last_failure)
    before_s = harness.now_s
    assert harness.wait_for_commands() == [Open(2)]
    assert 1 <= harness.now_s - before_s <= 2


def test_the_state_tells_connecting_open_live_and_blind_apart() -> None:
    harness = Harness()
    supervisor = harness.supervisor
    assert supervisor.state() is ConnectionState.BLIND
    harness.commands()
    assert supervisor.state() is ConnectionState.CONNECTING
    harness.opened(1)
    assert supervisor.state() is ConnectionState.OPEN
    harness.heartbeat(1)
    assert supervisor.state() is ConnectionState.LIVE
    assert supervisor.state() is ConnectionState.LIVE
    harness.lost(1)
    assert supervisor.state() is ConnectionState.BLIND
    assert (supervisor.state(), supervisor.last_failure) == (ConnectionState.BLIND, BROKEN)


def test_reports_about_a_connection_that_is_gone_change_nothing() -> None:
    harness = Harness()
    harness.live()
    harness.now_s += 60
    harness.lost(1)
    for report in (harness.opened, harness.heartbeat, harness.lost, harness.failed):
        report(1)
    assert harness.supervisor.state() is ConnectionState.BLIND
    assert harness.commands() == [Open(2)]


def rotating(harness: Harness) -> None:
    """Bring a connection to the age of its rotation, and the second attempt under way."""
    harness.live()
    while harness.now_s < 1000 + TIMES.rotate_after_s - 5:
        harness.now_s += 5
        harness.heartbeat(1)
        assert harness.commands() == []
    harness.now_s = 1000 + TIMES.rotate_after_s
    harness.heartbeat(1, 100_000)
    assert harness.commands() == [Open(2)]


def test_rotation_closes_the_old_connection_only_after_an_overlap_of_heartbeats() -> None:
    harness = Harness()
    rotating(harness)
    harness.now_s += 1
    harness.opened(2)
    harness.heartbeat(1, 101_000)
    assert harness.commands() == []
    harness.heartbeat(2, 101_000)
    assert harness.commands() == [], "both may yet lack a message pushed before 101 s"
    harness.heartbeat(2, 102_000)
    assert harness.commands() == []
    harness.heartbeat(1, 102_000)
    assert harness.commands() == [Close(1, at_once=False)]
    assert harness.supervisor.rotations == 1
    assert harness.supervisor.reconnects == 0
    assert harness.supervisor.state() is ConnectionState.LIVE


def test_rotation_waits_for_every_symbol_of_the_old_connection() -> None:
    harness = Harness()
    rotating(harness)
    harness.heartbeat(1, 100_000, "ETHUSDT")
    harness.opened(2)
    harness.heartbeat(2, 101_000)
    harness.heartbeat(1, 102_000)
    harness.heartbeat(1, 102_000, "ETHUSDT")
    assert harness.commands() == []
    harness.heartbeat(2, 101_000, "ETHUSDT")
    assert harness.commands() == [Close(1, at_once=False)]


def test_rotation_ends_after_a_while_without_an_overlap() -> None:
    harness = Harness()
    rotating(harness)
    harness.opened(2)
    harness.heartbeat(2, 101_000)
    for _ in range(9):
        harness.now_s += 1
        harness.heartbeat(2, 101_000)
        harness.heartbeat(1, 100_000)
        assert harness.commands() == []
    assert harness.commands(after_s=1) == [Close(1, at_once=False)]


def test_a_failed_rotation_leaves_the_old_connection_and_backs_off() -> None:
    harness = Harness()
    rotating(harness)
    gaps = []
    for number in range(2, 8):
        harness.failed(number)
        before_s = harness.now_s
        commands: list[Open | Close] = []
        while not commands:
            harness.heartbeat(1)
            commands = harness.commands(after_s=0.25)
        assert commands == [Open(number + 1)]
        gaps.append(harness.now_s - before_s)
    assert gaps[-1] > 15
    assert harness.supervisor.state() is ConnectionState.LIVE


def test_a_live_connection_lost_amid_failing_rotations_is_replaced_at_once() -> None:
    harness = Harness()
    rotating(harness)
    harness.failed(2)
    harness.now_s += 1
    harness.lost(1)
    assert harness.commands() == [Open(3)]


def test_when_the_old_connection_dies_during_a_rotation_the_new_one_takes_over() -> None:
    harness = Harness()
    rotating(harness)
    harness.opened(2)
    harness.lost(1)
    assert harness.commands() == []
    harness.heartbeat(2, 103_000)
    assert harness.supervisor.state() is ConnectionState.LIVE
    assert harness.supervisor.next_delay(harness.now_s) == pytest.approx(TIMES.silence_s)


@pytest.mark.parametrize("status", [418, 429, 403, 451])
def test_a_refusal_is_waited_out_whatever_happens_meanwhile(status: int) -> None:
    harness = Harness()
    harness.commands()
    harness.failed(1, classify_status(status, "90"))
    before_s = harness.now_s
    assert harness.wait_for_commands() == [Open(2)]
    assert 90 <= harness.now_s - before_s <= 99


def test_a_refused_rotation_is_waited_out_even_when_the_old_connection_drops() -> None:
    harness = Harness()
    rotating(harness)
    harness.failed(2, classify_status(429, "30"))
    harness.now_s += 1
    harness.lost(1)
    before_s = harness.now_s
    assert harness.wait_for_commands() == [Open(3)]
    assert harness.now_s - before_s >= 29


@pytest.mark.parametrize(
    ("status", "retry_after", "hold_s"),
    [
        (429, None, 60),
        (429, "7", 7),
        (429, "0", 1),
        (418, None, 120),
        (418, "172800", 172_800),
        (418, "9999999999", 259_200),
        (403, None, 300),
        (451, None, 300),
        (429, "soon", 60),
        (429, "²", 60),
        (429, "Wed, 18 Nov 2026 10:00:30 GMT", 30),
        (500, None, None),
        (503, "5", None),
        (404, None, None),
        (302, None, None),
        (799, None, None),
    ],
)
def test_each_status_has_words_and_its_time_to_stay_away(
    status: int, retry_after: str | None, hold_s: float | None
) -> None:
    failure = classify_status(status, retry_after, "Wed, 18 Nov 2026 10:00:00 GMT")
    assert failure.hold_s == hold_s
    assert str(status) in failure_text(failure)


def test_a_dated_retry_after_without_the_servers_date_is_not_guessed() -> None:
    assert classify_status(429, "Wed, 18 Nov 2026 10:00:30 GMT").hold_s == 60
    # One names its zone, the other says that it names none.
    mixed = classify_status(429, "Wed, 18 Nov 2026 10:00:30 GMT", "Wed, 18 Nov 2026 10:00:00 -0000")
    assert mixed.hold_s == 60


def test_the_backoff_starts_again_after_a_reset() -> None:
    backoff = Backoff(1.0, 60.0, random.Random(3))
    for _ in range(10):
        backoff.next_delay()
    backoff.reset()
    assert 1 <= backoff.next_delay() <= 2


def test_a_hold_outlives_a_restart_and_says_why() -> None:
    harness = Harness()
    harness.commands()
    harness.failed(1, classify_status(418, "600"))
    for _ in range(3):
        harness.start_anew()
        assert harness.commands(after_s=1) == []
        assert "HTTP 418" in failure_text(harness.supervisor.last_failure)
    assert harness.wait_for_commands() == [Open(1)]
    assert harness.now_s >= 1600
    harness.opened(1)
    harness.heartbeat(1)
    harness.start_anew()
    assert harness.supervisor.state() is ConnectionState.BLIND
    assert harness.supervisor.last_failure is None, "that reason is over"


def test_no_restart_brings_an_attempt_sooner_than_a_second_after_the_one_before() -> None:
    harness = Harness()
    assert harness.commands() == [Open(1)]
    # Stopped in the middle of an attempt, and right after one that succeeded.
    harness.now_s += 0.2
    harness.start_anew()
    assert harness.commands(after_s=0.9) == []
    assert harness.commands(after_s=0.1) == [Open(1)]
    harness.opened(1)
    harness.start_anew()
    assert harness.commands(after_s=0.9) == []
    assert harness.commands(after_s=0.1) == [Open(1)]


def test_a_restart_of_a_live_connection_waits_for_nothing() -> None:
    harness = Harness()
    harness.live()
    harness.now_s += 60
    harness.start_anew()
    assert harness.commands() == [Open(1)]


def test_the_backoff_goes_on_growing_across_restarts() -> None:
    harness = Harness()
    waits_s = []
    for _ in range(8):
        before_s = harness.now_s
        assert harness.wait_for_commands() == [Open(1)]
        waits_s.append(harness.now_s - before_s)
        harness.failed(1)
        harness.start_anew()
    assert waits_s[1] >= 1
    assert all(wait_s >= 30 for wait_s in waits_s[6:])
