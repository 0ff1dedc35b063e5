"""What waits for one way, when it goes out, and what becomes of it. Pure; the clock is an argument.

The rules that `DeliveryQueue` enforces:

1. One message is under way at a time. What comes meanwhile waits, and goes out as one message.
2. So many wait at most: the oldest is dropped for the newest, and counted. What is under way is not
   dropped: it may have arrived.
3. A message that did not arrive is sent again as it was, with the same key, until it arrives, is
   refused for good, or has been tried for too long; the last two are counted.
4. Between two attempts passes a growing time with jitter, or what the receiver asks for, within
   limits. No more messages go out in any span of time than the way's rate allows, repeats included.
"""

import math
import random
from collections import deque
from dataclasses import dataclass

from Heatmap.alerts.ways.messages import Entry
from Heatmap.errors import Failure
from Heatmap.ingestion.connection.supervisor import Backoff


@dataclass(frozen=True, slots=True)
class Rate:
    """How many messages a receiver takes: `count` in any `per_s` seconds."""

    count: int
    per_s: float


@dataclass(frozen=True, slots=True)
class DeliveryTimes:
    """Waiting times, seconds.

    Attributes
    ----------
    first_backoff_s, longest_backoff_s
        Limits of the wait after a failure; it doubles, with jitter.
    longest_hold_s
        A receiver that asks to wait longer is asked again after this.
    give_up_s
        A message that did not arrive for so long is given up.
    """

    first_backoff_s: float = 1.0
    longest_backoff_s: float = 300.0
    longest_hold_s: float = 3600.0
    give_up_s: float = 6 * 3600.0


@dataclass(frozen=True, slots=True)
class QueueCounts:
    """What became of alerts, since the start.

    Attributes
    ----------
    sent
        Alerts that the receiver took.
    repeated
        Messages that were sent again.
    dropped
        Alerts that had to make room, or came after the end.
    failed
        Alerts that were refused for good, or given up.
    """

    sent: int = 0
    repeated: int = 0
    dropped: int = 0
    failed: int = 0


@dataclass(slots=True)
class _Head:
    entries: tuple[Entry, ...]
    first_s: float
    attempts: int = 0


class DeliveryQueue:
    """Holds what waits for one way. Not thread-safe.

    `take`, then one of `receive_delivered`, `receive_failed`, `receive_interrupted`.

    Parameters
    ----------
    rate
        What the receiver takes.
    times
        Waiting times.
    rng
        Where the jitter comes from.
    length
        So many alerts wait at most.
    most_in_message, most_bytes
        A message holds so many alerts, and so many bytes of JSON of them; one alert at least.
    """

    def __init__(
        self,
        rate: Rate,
        times: DeliveryTimes,
        rng: random.Random,
        *,
        length: int = 200,
        most_in_message: int = 50,
        most_bytes: int = 2**16,
    ) -> None:
        self._rate = rate
        self._times = times
        self._rng = rng
        self._length = length
        self._most_in_message = most_in_message
        self._most_bytes = most_bytes
        self._waiting: deque[Entry] = deque()
        # Of what has not arrived, what is under way included.
        self._ids: set[str] = set()
        # What was tried, and has neither arrived nor been given up.
        self._head: _Head | None = None
        self._is_under_way = False
        self._is_closed = False
        # When the latest messages went out, as many as the rate counts.
        self._sent_s: deque[float] = deque(maxlen=rate.count)
        self._not_before_s = -math.inf
        self._backoff = Backoff(times.first_backoff_s, times.longest_backoff_s, rng)
        self._sent = self._repeated = self._dropped = self._failed = 0

    def offer(self, entry: Entry) -> bool:
        """Take an alert; ``False``: it waits already, or the queue is closed, which counts it."""
        if self._is_closed:
            self._dropped += 1
            return False
        if entry.id in self._ids:
            return False
        if len(self._waiting) >= self._length:
            self._ids.discard(self._waiting.popleft().id)
            self._dropped += 1
        self._waiting.append(entry)
        self._ids.add(entry.id)
        return True

    def close(self) -> None:
        """Take nothing more; what waits can still be taken out."""
        self._is_closed = True

    def next_delay(self, now_s: float) -> float:
        """Return after how many seconds `take` gives something; infinite: not before a call."""
        if self._is_under_way or (self._head is None and not self._waiting):
            return math.inf
        return max(0.0, self._due_s() - now_s)

    def take(self, now_s: float) -> tuple[Entry, ...]:
        """Return what is to be sent now as one message; empty: nothing. It counts as sent out."""
        if self.next_delay(now_s) > 0:
            return ()
        if self._head is None:
            self._head = _Head(self._gathered(), now_s)
        self._head.attempts += 1
        self._repeated += self._head.attempts > 1
        self._is_under_way = True
        self._sent_s.append(now_s)
        return self._head.entries

    def receive_delivered(self) -> None:
        """Take note that what was taken has arrived."""
        self._sent += self._settled()
        self._backoff.reset()

    def receive_failed(self, failure: Failure, now_s: float, *, is_final: bool) -> None:
        """Take note that what was taken did not arrive, as far as is known.

        Parameters
        ----------
        failure
            Why. Its `Failure.hold_s` is how long the receiver asks to wait.
        now_s
            The clock.
        is_final
            Sending it again is no use.
        """
        hold_s = failure.hold_s
        if hold_s is None:
            delay_s = self._backoff.next_delay()
        else:
            hold_s = min(max(hold_s, self._times.first_backoff_s), self._times.longest_hold_s)
            delay_s = hold_s * self._rng.uniform(1.0, 1.1)
        self._not_before_s = now_s + delay_s
        head = self._head
        assert head is not None  # noqa: S101 - it was taken
        if is_final or now_s - head.first_s >= self._times.give_up_s:
            self._failed += self._settled()
        else:
            self._is_under_way = False

    def receive_interrupted(self) -> None:
        """Take note that sending was broken off here: it is not known whether it arrived."""
        self._is_under_way = False

    def left(self) -> tuple[str, ...]:
        """Return the ids of what has not arrived, oldest first."""
        head = () if self._head is None else self._head.entries
        return tuple(entry.id for entry in (*head, *self._waiting))

    def counts(self) -> QueueCounts:
        """Return what became of the others."""
        return QueueCounts(self._sent, self._repeated, self._dropped, self._failed)

    def _due_s(self) -> float:
        if len(self._sent_s) < self._rate.count:
            return self._not_before_s
        return max(self._not_before_s, self._sent_s[0] + self._rate.per_s)

    def _gathered(self) -> tuple[Entry, ...]:
        gathered = [self._waiting.popleft()]
        size = len(gathered[0].data)
        while self._waiting and len(gathered) < self._most_in_message:
            size += len(self._waiting[0].data)
            if size > self._most_bytes:
                break
            gathered.append(self._waiting.popleft())
        return tuple(gathered)

    def _settled(self) -> int:
        """Let go of what was taken; returns how many alerts it held."""
        head, self._head, self._is_under_way = self._head, None, False
        assert head is not None  # noqa: S101 - it was taken
        self._ids.difference_update(entry.id for entry in head.entries)
        return len(head.entries)
