"""Whatever happens to what waits for a way: each alert arrives, or is counted."""

import random
from collections import Counter

from hypothesis import example, given
from hypothesis import strategies as st

from Heatmap.alerts.ways.delivery_queue import DeliveryQueue, DeliveryTimes, Rate
from Heatmap.alerts.ways.messages import Entry
from Heatmap.errors import Failure, FailureKind

LENGTH, MOST_IN_MESSAGE, MOST_BYTES = 4, 3, 50
RATE = Rate(2, 10.0)
TIMES = DeliveryTimes(first_backoff_s=1.0, longest_backoff_s=8.0, longest_hold_s=20.0, give_up_s=60)

happenings = st.lists(
    st.one_of(
        st.tuples(st.just("offer"), st.integers(1, 40)),
        st.tuples(st.just("wait"), st.floats(0, 15)),
        st.tuples(st.sampled_from(["arrive", "arrive", "fail", "refuse", "interrupt"]), st.just(0)),
        st.tuples(st.just("hold"), st.floats(-5, 90)),
    ),
    max_size=120,
)


class Receiver:
    """Takes what the queue gives out, and checks it against the queue's rules."""

    def __init__(self, seed: int) -> None:
        self.queue = DeliveryQueue(
            RATE,
            TIMES,
            random.Random(seed),
            length=LENGTH,
            most_in_message=MOST_IN_MESSAGE,
            most_bytes=MOST_BYTES,
        )
        self.now_s = 100.0
        self.offered: list[str] = []
        self.under_way: tuple[Entry, ...] = ()
        # What was tried and neither arrived nor was given up.
        self.tried: tuple[Entry, ...] = ()
        self.first_s = 0.0
        self.arrived: list[str] = []
        self.given_up: list[str] = []
        self.out_s: list[float] = []
        self.not_before_s = 0.0
        self.repeats = 0

    def happen(self, what: str, value: float) -> None:
        if what == "offer":
            name = str(len(self.offered))
            self.offered.append(name)
            assert self.queue.offer(Entry(name, "", "", b"x" * int(value)))
            assert not self.queue.offer(Entry(name, "", "", b"")), "it waits already"
        elif what == "wait":
            self.now_s += value
        elif self.under_way:
            self.settle(what, value)
        if not self.under_way:
            self.take()

    def take(self) -> None:
        delay_s = self.queue.next_delay(self.now_s)
        entries = self.queue.take(self.now_s)
        assert bool(entries) == (delay_s == 0)
        if not entries:
            return
        self.under_way = entries
        if self.tried:
            assert entries == self.tried, "what is repeated is the same"
            self.repeats += 1
        else:
            self.first_s = self.now_s
        self.tried = entries
        assert len(entries) <= MOST_IN_MESSAGE
        assert len(entries) == 1 or sum(len(one.data) for one in entries) <= MOST_BYTES
        assert self.now_s >= self.not_before_s
        self.out_s.append(self.now_s)
        if len(self.out_s) > RATE.count:
            assert self.now_s - self.out_s[-1 - RATE.count] >= RATE.per_s * (1 - 1e-9)

    def settle(self, what: str, value: float) -> None:
        ids = [entry.id for entry in self.under_way]
        self.under_way = ()
        if what == "arrive":
            self.queue.receive_delivered()
            self.arrived += ids
            self.tried = ()
            return
        if what == "interrupt":
            self.queue.receive_interrupted()
            return
        values = {"status": 429, "hold_s": value} if what == "hold" else {"status": 500}
        failure = Failure(FailureKind.WAY_BUSY, values)
        is_final = what == "refuse"
        self.queue.receive_failed(failure, self.now_s, is_final=is_final)
        asked_s = min(value, TIMES.longest_hold_s) if what == "hold" else 0.0
        self.not_before_s = self.now_s + max(asked_s, TIMES.first_backoff_s)
        if is_final or self.now_s - self.first_s >= TIMES.give_up_s:
            self.given_up += ids
            self.tried = ()

    def check(self) -> None:
        counts, left = self.queue.counts(), self.queue.left()
        seen = Counter([*self.arrived, *self.given_up, *left])
        assert max(seen.values(), default=0) <= 1, "no alert is in two places"
        missing = [name for name in self.offered if name not in seen]
        assert counts.dropped == len(missing)
        assert (counts.sent, counts.failed) == (len(self.arrived), len(self.given_up))
        assert counts.repeated == self.repeats
        assert list(map(int, left)) == sorted(map(int, left))
        assert len(left) - len(self.tried) <= LENGTH
        # The oldest made room: what is dropped is older than all that waits.
        waiting = left[len(self.tried) :]
        assert all(int(name) < int(waiting[0]) for name in missing if waiting)
        assert self.arrived == sorted(self.arrived, key=int)
        assert self.queue.next_delay(self.now_s) <= max(RATE.per_s, 1.1 * TIMES.longest_hold_s) or (
            not left or bool(self.under_way)
        )


@given(happenings, st.integers(0, 2**32))
@example([("offer", 1)] * 8 + [("fail", 0), ("wait", 5.0), ("arrive", 0)] * 3, 0)
def test_each_alert_arrives_waits_or_is_counted_and_the_rate_is_kept(
    story: list[tuple[str, float]], seed: int
) -> None:
    receiver = Receiver(seed)
    for what, value in story:
        receiver.happen(what, value)
        receiver.check()
    # Then all that is left arrives, in bounded time.
    for _ in range(LENGTH + 3):
        if receiver.under_way:
            receiver.settle("arrive", 0)
        receiver.now_s += 30.0
        receiver.take()
        receiver.check()
    assert receiver.queue.left() == ()
    receiver.queue.close()
    assert not receiver.queue.offer(Entry("late", "", "", b""))
    assert (
        receiver.queue.counts().dropped
        == len(receiver.offered) - len(receiver.arrived) - len(receiver.given_up) + 1
    )
