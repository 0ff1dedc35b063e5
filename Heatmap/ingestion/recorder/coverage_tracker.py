"""Which time is known to have been recorded, told by the exchange's own heartbeats. Pure.

Time is covered from one heartbeat to the next of the same symbol on the same connection, if they
lie close together. Nothing else is: neither the time before a connection's first heartbeat, nor
what follows its last one. A leap of the exchange's time, ahead or far back, is believed when a few
heartbeats in a row agree on it; then it counts from the first of them. One that leads away from
the time of this machine also has to last: the exchange, or some of its servers, may be wrong for a
while. A time that is not believed neither covers anything nor breaks what goes on beside it.
"""

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from Heatmap.domain.coverage import HEARTBEAT_GAP_MS, PROOF_MS, CoverageInterval

# Time that leaps by more than this may be the exchange's fault.
_LEAP_MS = 60_000
# So many heartbeats in a row at their usual pace make a leap credible.
_LEAP_HEARTBEATS = 5
# And so long it has to last where this machine's clock says otherwise: that may be the wrong one,
# less probably where both have agreed so far.
_DOUBTFUL_S, _AGAINST_AGREEMENT_S = 10.0, 60.0
# So many times may alternate.
_LEFT_RUNS = 3
# At the beginning nothing speaks for this machine's clock: an exchange that is some years behind it
# is believed at once, as one that replays a recording is; one that is ahead after a few heartbeats.
_FIRST_DOUBT_MS = 5 * 366 * 86_400_000


@dataclass(slots=True)
class _Run:
    """Heartbeats of one symbol on one connection that follow each other at their usual pace."""

    first_ms: int
    latest_ms: int
    count: int
    # When the first and the latest one came, on this machine's monotonic clock.
    since_s: float
    latest_s: float


@dataclass(frozen=True, slots=True)
class Arrival:
    """What the clocks of this machine said: monotonic seconds, and UTC milliseconds."""

    at_s: float
    machine_ms: int


class CoverageTracker:
    """Turns heartbeats into covered intervals. Not thread-safe.

    Parameters
    ----------
    longest_step_ms
        Heartbeats further apart than this, in the exchange's time, leave a hole.
    proof_ms
        An interval is proven if a force order of any symbol was pushed within this time before its
        end: the endpoint delivers such messages, it does not only acknowledge.
    """

    def __init__(
        self, *, longest_step_ms: int = HEARTBEAT_GAP_MS, proof_ms: int = PROOF_MS
    ) -> None:
        self._longest_step_ms = longest_step_ms
        self._proof_ms = proof_ms
        # By connection and symbol: the heartbeats that go on, and those that went on before the
        # time leapt, which it may leap back to, the latest last.
        self._runs: dict[tuple[int, str], _Run] = {}
        self._left: dict[tuple[int, str], list[_Run]] = {}
        # The newest covered stretch, by symbol, and the connection that began it; two connections
        # must not count the same time twice.
        self._newest: dict[str, tuple[int, int, int]] = {}
        self._now_ms: int | None = None
        self._last_push_ms: int | None = None
        # When that was received, and when time was covered last; monotonic.
        self._pushed_s = self._advanced_s = -math.inf
        # Whether the exchange's time was this machine's when it was covered last.
        self._has_agreed = False
        self._arrival: Arrival | None = None

    @property
    def now_ms(self) -> int | None:
        """The exchange's time as far as two heartbeats in a row agree on it; ``None``: not yet.

        What deletes old rows must not trust a single time stamp.
        """
        return self._now_ms

    def is_proven(self, ts_ms: int) -> bool:
        """Tell whether a force order shows that the endpoint delivered up to this time."""
        if self._last_push_ms is None:
            return False
        # The push may be a little ahead of the heartbeat, but one from the far future is damaged.
        return abs(ts_ms - self._last_push_ms) <= self._proof_ms

    def is_credible(self, ts_ms: int, machine_ms: int) -> bool:
        """Tell whether a heartbeat's time may be taken for the exchange's.

        Parameters
        ----------
        ts_ms, machine_ms
            The heartbeat's time, and this machine's; UTC milliseconds.
        """
        known_ms = machine_ms if self._now_ms is None else self._now_ms
        return abs(ts_ms - known_ms) <= _LEAP_MS

    def receive_force_order(self, push_ms: int, at_s: float = -math.inf) -> None:
        """Note that a force order of any symbol came, pushed at this time.

        Parameters
        ----------
        push_ms
            The exchange's time of it.
        at_s
            When it came, on this machine's monotonic clock.
        """
        self._last_push_ms, self._pushed_s = push_ms, at_s

    def receive_heartbeat(
        self, number: int, symbol: str, ts_ms: int, arrival: Arrival | None = None
    ) -> CoverageInterval | None:
        """Record a heartbeat; return the time that it covers and that was not covered before.

        Parameters
        ----------
        number
            The connection's.
        symbol
            Whose coverage grows.
        ts_ms
            The exchange's time.
        arrival
            When it came; ``None``: not known, and a leap is believed without lasting.
        """
        key = number, symbol
        self._arrival = arrival
        at_s = math.inf if arrival is None else arrival.at_s
        run = self._runs.get(key)
        if run is None or not self._is_usual_step(run, ts_ms):
            is_back, run = self._leave(key, ts_ms, at_s)
            if not is_back:
                return None
        start_ms, run.latest_ms, run.latest_s = run.latest_ms, ts_ms, at_s
        run.count += 1
        return self._cover(number, symbol, run, start_ms)

    def _leave(self, key: tuple[int, str], ts_ms: int, at_s: float) -> tuple[bool, _Run]:
        """Let another run go on at a time that is no usual step; whether it is one of before."""
        left = self._left.setdefault(key, [])
        if key in self._runs:
            left.append(self._runs[key])
        for run in left:
            # Only where it is known that the connection has delivered all the while.
            is_back = at_s - run.latest_s <= self._longest_step_ms / 1000
            if is_back and self._is_usual_step(run, ts_ms):
                left.remove(run)
                break
        else:
            is_back, run = False, _Run(ts_ms, ts_ms, 1, at_s, at_s)
        del left[:-_LEFT_RUNS]
        self._runs[key] = run
        return is_back, run

    def _is_usual_step(self, run: _Run, ts_ms: int) -> bool:
        return 0 < ts_ms - run.latest_ms <= self._longest_step_ms

    def receive_lost(self, number: int) -> None:
        """Note that a connection ended: it covers nothing after its last heartbeats."""
        for key in [key for key in self._runs if key[0] == number]:
            del self._runs[key]
            self._left.pop(key, None)

    def receive_overflow(self) -> None:
        """Note that events were dropped: time since the latest heartbeats is not covered."""
        self._runs.clear()
        self._left.clear()

    def _cover(self, number: int, symbol: str, run: _Run, start_ms: int) -> CoverageInterval | None:
        """Return what a usual step of a run, from `start_ms` on, adds to what is covered."""
        newest, ts_ms = self._newest.get(symbol), run.latest_ms
        if newest is None:
            return self._begin(number, symbol, run)
        first_ms, last_ms, beginner = newest
        if start_ms > last_ms + _LEAP_MS or (ts_ms < first_ms - _LEAP_MS and number >= beginner):
            return self._leap(number, symbol, run)
        if start_ms > last_ms:
            return self._advance(number, symbol, start_ms, start_ms, ts_ms)
        if ts_ms > last_ms:
            return self._advance(beginner, symbol, first_ms, last_ms, ts_ms)
        if start_ms < first_ms and number < beginner:
            # Late: this connection was held up while the next one went ahead.
            return self._interval(symbol, start_ms, min(ts_ms, first_ms))
        return None

    def _begin(self, number: int, symbol: str, run: _Run) -> CoverageInterval | None:
        """Return the first stretch of a symbol, once its time is credible."""
        if not self._may_begin(run):
            return None
        return self._advance(number, symbol, run.first_ms, run.first_ms, run.latest_ms)

    def _may_begin(self, run: _Run) -> bool:
        """Whether a run may tell the first time of its symbol."""
        arrival, ts_ms = self._arrival, run.latest_ms
        if arrival is None:
            return True
        known_ms = arrival.machine_ms if self._now_ms is None else self._now_ms
        if abs(ts_ms - known_ms) <= _LEAP_MS:
            return True
        ahead_ms = ts_ms - arrival.machine_ms
        if self._now_ms is None and abs(ahead_ms) <= _FIRST_DOUBT_MS:
            is_enough = ahead_ms < 0 or run.count >= _LEAP_HEARTBEATS
            return is_enough and not self._is_contradicted(run)
        return self._is_lasting(run)

    def _is_lasting(self, run: _Run) -> bool:
        """Whether a run is credible that leads away from what was covered last."""
        if run.count < _LEAP_HEARTBEATS:
            return False
        arrival = self._arrival
        if arrival is None or abs(run.latest_ms - arrival.machine_ms) <= _LEAP_MS:
            return True
        least_s = _AGAINST_AGREEMENT_S if self._has_agreed else _DOUBTFUL_S
        # While heartbeats go on as they did before, others prove nothing.
        lasts_s = arrival.at_s - max(run.since_s, self._advanced_s)
        return lasts_s >= least_s and not self._is_contradicted(run)

    def _is_contradicted(self, run: _Run) -> bool:
        """Whether the newest force order and this machine agree on another time than a run."""
        arrival, push_ms = self._arrival, self._last_push_ms
        if arrival is None or push_ms is None or arrival.at_s - self._pushed_s > _DOUBTFUL_S * 6:
            return False
        is_agreed = abs(push_ms - arrival.machine_ms) <= _LEAP_MS
        return is_agreed and abs(run.latest_ms - push_ms) > _LEAP_MS

    def _leap(self, number: int, symbol: str, run: _Run) -> CoverageInterval | None:
        """Return the whole stretch on the other side of a leap, once it is credible."""
        if not self._is_lasting(run):
            return None
        # The other connection disagrees: it has to be as credible before it is believed again.
        for key in [key for key in self._runs if key[1] == symbol]:
            for other in [self._runs[key], *self._left.get(key, ())]:
                if other is not run:
                    other.first_ms, other.count = other.latest_ms, 1
        return self._advance(number, symbol, run.first_ms, run.first_ms, run.latest_ms)

    def _advance(
        self, beginner: int, symbol: str, first_ms: int, start_ms: int, end_ms: int
    ) -> CoverageInterval:
        """Let the newest stretch begin at `first_ms`, and cover its part from `start_ms` on."""
        self._newest[symbol] = (first_ms, end_ms, beginner)
        self._now_ms = end_ms
        if self._arrival is not None:
            self._advanced_s = self._arrival.at_s
            self._has_agreed = abs(end_ms - self._arrival.machine_ms) <= _LEAP_MS
        return self._interval(symbol, start_ms, end_ms)

    def _interval(self, symbol: str, start_ms: int, end_ms: int) -> CoverageInterval:
        return CoverageInterval(symbol, start_ms, end_ms, self.is_proven(end_ms))


class CoverageLedger:
    """Covered intervals that wait until the events received before them are committed.

    Coverage that is written before its events would, after a crash, claim events that are not
    there.
    """

    def __init__(self) -> None:
        # By symbol, oldest first: how many events had come when it began, how many must be written
        # first, and the interval.
        self._waiting: dict[str, list[tuple[int, int, CoverageInterval]]] = {}
        # By symbol: how many events had come when its latest interval ended.
        self._reached: dict[str, int] = {}
        # Numbers of events that are not in the sink though later ones are.
        self._left_out: set[int] = set()

    def __bool__(self) -> bool:
        return any(self._waiting.values())

    def add(self, interval: CoverageInterval, after: int, since: int | None = None) -> None:
        """Take an interval that may be written once `after` events have been.

        `since`: how many had come when it began; ``None``: when the one before it was taken.
        """
        entries = self._waiting.setdefault(interval.symbol, [])
        if since is None:
            since = self._reached.get(interval.symbol, 0)
        self._reached[interval.symbol] = after
        # Only what is quiet is joined: `since` would not hold for the whole otherwise.
        if entries and entries[-1][:2] == (since, after) and _continues(entries[-1][2], interval):
            interval = _joined(entries.pop()[2], interval)
        entries.append((since, after, interval))

    def leave_out(self, number: int) -> None:
        """Claim no time in which an event came that later ones have overtaken.

        Parameters
        ----------
        number
            How many events had come before it.
        """
        self._left_out.add(number)

    def first_ready(self, written: int, besides: Collection[str] = ()) -> CoverageInterval | None:
        """Return the first interval whose events are written, joined with those that continue it.

        It stays until `discard` names it, so that a failed write can be repeated.

        Parameters
        ----------
        written
            How many events are in the sink, or left out.
        besides
            Symbols that are not asked for.
        """
        self._drop_left_out()
        for symbol, entries in self._waiting.items():
            if symbol in besides:
                continue
            ready = [interval for _, after, interval in entries if after <= written]
            if not ready:
                continue
            interval = ready[0]
            for following in ready[1:]:
                if not _continues(interval, following):
                    break
                interval = _joined(interval, following)
            return interval
        return None

    def _drop_left_out(self) -> None:
        if not self._left_out:
            return
        for symbol, entries in self._waiting.items():
            self._waiting[symbol] = [
                entry
                for entry in entries
                if not any(entry[0] <= number < entry[1] for number in self._left_out)
            ]
        # What comes next began later than these: no interval will hold them any more.
        begun = min(self._reached.values(), default=0)
        self._left_out = {number for number in self._left_out if number >= begun}

    def cut(self, starts_ms: Mapping[str, int]) -> None:
        """Forget what lies before these times, by symbol; all of a symbol that has none."""
        for symbol, entries in self._waiting.items():
            start_ms = starts_ms.get(symbol)
            self._waiting[symbol] = [
                (since, after, _from(interval, start_ms))
                for since, after, interval in entries
                if start_ms is not None and interval.end_ms > start_ms
            ]

    def forget_written(self, written: int) -> None:
        """Forget what may need events among the first `written`: those are not in the sink.

        An interval in which no event came needs none.
        """
        for symbol, entries in self._waiting.items():
            self._waiting[symbol] = [entry for entry in entries if entry[0] >= written]

    def discard(self, written_interval: CoverageInterval) -> None:
        """Forget what `first_ready` returned, once it is written."""
        entries = self._waiting[written_interval.symbol]
        # What is late lies before what was written, and was not.
        while entries and _holds(written_interval, entries[0][2]):
            entries.pop(0)


def _holds(outer: CoverageInterval, inner: CoverageInterval) -> bool:
    return outer.start_ms <= inner.start_ms and inner.end_ms <= outer.end_ms


def _continues(earlier: CoverageInterval, later: CoverageInterval) -> bool:
    return earlier.proven == later.proven and earlier.end_ms == later.start_ms


def _from(interval: CoverageInterval, start_ms: int) -> CoverageInterval:
    return replace(interval, start_ms=max(interval.start_ms, start_ms))


def _joined(earlier: CoverageInterval, later: CoverageInterval) -> CoverageInterval:
    return replace(earlier, end_ms=later.end_ms)
