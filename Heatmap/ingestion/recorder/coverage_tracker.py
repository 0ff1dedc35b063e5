"""Which time is known to have been recorded, told by the exchange's own heartbeats. Pure.

Time is covered from one heartbeat to the next of the same symbol on the same connection, if they
lie close together. Nothing else is: neither the time before a connection's first heartbeat, nor
what follows its last one. A leap of the exchange's time, ahead or far back, is believed when a few
heartbeats in a row agree on it; then it counts from the first of them.
"""

from collections.abc import Collection, Mapping
from dataclasses import replace

from Heatmap.domain.events import HEARTBEAT_GAP_MS, PROOF_MS, CoverageInterval

# Time that leaps by more than this may be the exchange's fault.
_LEAP_MS = 60_000
# So many heartbeats in a row at their usual pace make a leap credible.
_LEAP_HEARTBEATS = 5


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
        # The latest heartbeat, by connection and symbol.
        self._latest_ms: dict[tuple[int, str], int] = {}
        # The newest covered stretch, by symbol, and the connection that began it; two connections
        # must not count the same time twice.
        self._newest: dict[str, tuple[int, int, int]] = {}
        # The first heartbeat since the latest step that was no usual one, and how many there were
        # from it on; by connection and symbol.
        self._paced: dict[tuple[int, str], tuple[int, int]] = {}
        self._now_ms: int | None = None
        self._last_push_ms: int | None = None

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

    def receive_force_order(self, push_ms: int) -> None:
        """Take note that a force order of any symbol came, pushed at this time."""
        self._last_push_ms = push_ms

    def receive_heartbeat(self, number: int, symbol: str, ts_ms: int) -> CoverageInterval | None:
        """Take note of a heartbeat; return the time that it covers and that was not covered before.

        Parameters
        ----------
        number
            The connection's.
        symbol
            Whose coverage grows.
        ts_ms
            The exchange's time.
        """
        start_ms = self._latest_ms.get((number, symbol))
        self._latest_ms[number, symbol] = ts_ms
        if start_ms is None or not 0 < ts_ms - start_ms <= self._longest_step_ms:
            self._paced[number, symbol] = (ts_ms, 1)
            return None
        paced_ms, count = self._paced.get((number, symbol), (start_ms, 1))
        self._paced[number, symbol] = (paced_ms, count + 1)
        return self._cover(number, symbol, start_ms, ts_ms)

    def receive_lost(self, number: int) -> None:
        """Take note that a connection ended: it covers nothing after its last heartbeats."""
        for key in [key for key in self._latest_ms if key[0] == number]:
            del self._latest_ms[key]
            self._paced.pop(key, None)

    def receive_overflow(self) -> None:
        """Take note that events were dropped: time since the latest heartbeats is not covered."""
        self._latest_ms.clear()

    def _cover(
        self, number: int, symbol: str, start_ms: int, ts_ms: int
    ) -> CoverageInterval | None:
        """Return what a usual step from `start_ms` to `ts_ms` adds to what is covered."""
        newest = self._newest.get(symbol)
        if newest is None:
            return self._advance(number, symbol, start_ms, start_ms, ts_ms)
        first_ms, last_ms, beginner = newest
        if start_ms > last_ms + _LEAP_MS or (ts_ms < first_ms - _LEAP_MS and number >= beginner):
            return self._leap(number, symbol, ts_ms)
        if start_ms > last_ms:
            return self._advance(number, symbol, start_ms, start_ms, ts_ms)
        if ts_ms > last_ms:
            return self._advance(beginner, symbol, first_ms, last_ms, ts_ms)
        if start_ms < first_ms and number < beginner:
            # Late: this connection was held up while the next one went ahead.
            return self._interval(symbol, start_ms, min(ts_ms, first_ms))
        return None

    def _leap(self, number: int, symbol: str, ts_ms: int) -> CoverageInterval | None:
        """Return the whole stretch on the other side of a leap, once it is credible."""
        paced_ms, count = self._paced[number, symbol]
        if count < _LEAP_HEARTBEATS:
            return None
        # The other connection disagrees: it has to be as credible before it is believed again.
        for key in [key for key in self._paced if key[1] == symbol and key[0] != number]:
            del self._paced[key]
        return self._advance(number, symbol, paced_ms, paced_ms, ts_ms)

    def _advance(
        self, beginner: int, symbol: str, first_ms: int, start_ms: int, end_ms: int
    ) -> CoverageInterval:
        """Let the newest stretch begin at `first_ms`, and cover its part from `start_ms` on."""
        self._newest[symbol] = (first_ms, end_ms, beginner)
        self._now_ms = end_ms
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

    def add(self, interval: CoverageInterval, after: int) -> None:
        """Take an interval that may be written once `after` events have been."""
        entries = self._waiting.setdefault(interval.symbol, [])
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
    return CoverageInterval(earlier.symbol, earlier.start_ms, later.end_ms, earlier.proven)
