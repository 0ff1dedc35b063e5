"""No order of happenings makes the connection's decisions break their rules."""

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from Heatmap.errors import Failure, FailureKind
from Heatmap.ingestion.connection.supervisor import (
    ConnectionMemory,
    ConnectionSupervisor,
    ConnectionTimes,
    Open,
    classify_status,
)

TIMES = ConnectionTimes(rotate_after_s=40.0)

happenings = st.lists(
    st.tuples(
        st.sampled_from(
            ["open", "fail", "refuse", "beat", "beat", "lose", "wait", "restart", "anew"]
        ),
        st.integers(0, 1),
        st.floats(0, 30),
    ),
    max_size=80,
)


class Network:
    """Carries the commands out as a network would, and checks each against the rules."""

    def __init__(self, seed: int) -> None:
        self.memory = ConnectionMemory()
        self.rng = random.Random(seed)
        self.supervisor = ConnectionSupervisor(TIMES, self.rng, self.memory)
        self.now_s = 1000.0
        # The connections that exist: whether each is open or still being tried.
        self.alive: dict[int, bool] = {}
        self.settled_s = -1e9
        self.held_until_s = -1e9

    def happen(self, what: str, which: int) -> None:
        if what == "restart":
            self.supervisor.receive_restart(self.now_s)
            self.alive.clear()
        elif what == "anew":
            # The recorder is stopped and started again: another supervisor, the same rules.
            if not all(self.alive.values()):
                self.settled_s = self.now_s
            self.supervisor.receive_stop(self.now_s)
            self.supervisor = ConnectionSupervisor(TIMES, self.rng, self.memory)
            self.alive.clear()
        elif which < len(self.alive):
            number = sorted(self.alive)[which]
            if self.alive[number]:
                self.happen_to_open(what, number)
            else:
                self.happen_to_attempt(what, number)

    def happen_to_attempt(self, what: str, number: int) -> None:
        if what == "open":
            self.supervisor.receive_opened(number, self.now_s)
            self.alive[number], self.settled_s = True, self.now_s
        elif what in ("fail", "refuse"):
            failure = classify_status(429 if what == "refuse" else 503, "20")
            self.supervisor.receive_failed(number, failure, self.now_s)
            self.settled_s = self.now_s
            if what == "refuse":
                self.held_until_s = self.now_s + 20
            del self.alive[number]

    def happen_to_open(self, what: str, number: int) -> None:
        if what == "beat":
            self.supervisor.receive_heartbeat(number, "BTCUSDT", int(self.now_s * 1000), self.now_s)
        elif what == "lose":
            self.supervisor.receive_lost(number, Failure(FailureKind.BROKE_OFF), self.now_s)
            del self.alive[number]

    def carry_out(self) -> None:
        for command in self.supervisor.commands(self.now_s):
            if isinstance(command, Open):
                assert self.now_s - self.settled_s >= TIMES.spacing_s
                assert self.now_s >= self.held_until_s
                assert all(self.alive.values()), "two attempts at once"
                assert command.number not in self.alive
                self.alive[command.number] = False
            else:
                del self.alive[command.number]
        assert len(self.alive) <= 2


@settings(max_examples=400, deadline=None)
@given(happenings, st.integers(0, 2**32))
def test_no_sequence_of_happenings_breaks_the_rules(
    sequence: list[tuple[str, int, float]], seed: int
) -> None:
    network = Network(seed)
    for what, which, wait_s in sequence:
        network.now_s += wait_s
        network.happen(what, which)
        network.carry_out()
        delay_s = network.supervisor.next_delay(network.now_s)
        assert delay_s > 0, "a shell would spin"
        assert network.alive or delay_s <= 60, "nothing would be tried again"
