"""Which time is known to have been recorded, told by the exchange's own heartbeats. Pure.

Time is covered from one heartbeat to the next of the same symbol on the same connection, if they
lie close together. Nothing else is: neither the time before a connection's first heartbeat, nor
what follows its last one.
"""

from collections.abc import Mapping
from dataclasses import replace

from Heatmap.model import CoverageInterval


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

    def __init__(self, *, longest_step_ms: int = 10_000, proof_ms: int = 1_800_000) -> None:
        self._longest_step_ms = longest_step_ms
        self._proof_ms = proof_ms
        # The latest heartbeat, by connection and symbol.
        self._latest_ms: dict[tuple[int, str], int] = {}
        # The newest covered stretch, by symbol, and the connection that began it; two connections
        # must not count the same time twice.
        self._newest: dict[str, tuple[int, int, int]] = {}
        self._last_push_ms: int | None = None

    @property
    def now_ms(self) -> int | None:
        """The exchange's time as far as two heartbeats in a row agree on it; ``None``: not yet.

        What deletes old rows must not trust a single time stamp.
        """
        return max((end_ms for _, end_ms, _ in self._newest.values()), default=None)

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
            return None
        newest = self._newest.get(symbol)
        if newest is None or start_ms > newest[1]:
            self._newest[symbol] = (start_ms, ts_ms, number)
            return CoverageInterval(symbol, start_ms, ts_ms, self.is_proven(ts_ms))
        first_ms, last_ms, beginner = newest
        if ts_ms > last_ms:
            self._newest[symbol] = (first_ms, ts_ms, beginner)
            start_ms = last_ms
        elif start_ms < first_ms and number < beginner:
            # Late: this connection was held up while the next one went ahead.
            ts_ms = min(ts_ms, first_ms)
        else:
            return None
        return CoverageInterval(symbol, start_ms, ts_ms, self.is_proven(ts_ms))

    def receive_lost(self, number: int) -> None:
        """Take note that a connection ended: it covers nothing after its last heartbeats."""
        for key in [key for key in self._latest_ms if key[0] == number]:
            del self._latest_ms[key]

    def receive_overflow(self) -> None:
        """Take note that events were dropped: time since the latest heartbeats is not covered."""
        self._latest_ms.clear()


class CoverageLedger:
    """Covered intervals that wait until the events received before them are committed.

    Coverage that is written before its events would, after a crash, claim events that are not
    there.
    """

    def __init__(self) -> None:
        # By symbol: how many events must be written first, and the interval; oldest first.
        self._waiting: dict[str, list[tuple[int, CoverageInterval]]] = {}

    def __bool__(self) -> bool:
        return any(self._waiting.values())

    def add(self, interval: CoverageInterval, after: int) -> None:
        """Take an interval that may be written once `after` events have been."""
        entries = self._waiting.setdefault(interval.symbol, [])
        if entries and entries[-1][0] == after and _continues(entries[-1][1], interval):
            interval = _joined(entries.pop()[1], interval)
        entries.append((after, interval))

    def first_ready(self, written: int) -> CoverageInterval | None:
        """Return the first interval whose events are written, joined with those that continue it.

        It stays until `discard` names it, so that a failed write can be repeated.
        """
        for entries in self._waiting.values():
            ready = [interval for after, interval in entries if after <= written]
            if not ready:
                continue
            interval = ready[0]
            for following in ready[1:]:
                if not _continues(interval, following):
                    break
                interval = _joined(interval, following)
            return interval
        return None

    def cut(self, starts_ms: Mapping[str, int]) -> None:
        """Forget what lies before these times, by symbol; all of a symbol that has none."""
        for symbol, entries in self._waiting.items():
            start_ms = starts_ms.get(symbol)
            self._waiting[symbol] = [
                (after, _from(interval, start_ms))
                for after, interval in entries
                if start_ms is not None and interval.end_ms > start_ms
            ]

    def discard(self, written_interval: CoverageInterval) -> None:
        """Forget what `first_ready` returned, once it is written."""
        entries = self._waiting[written_interval.symbol]
        # What is late lies before what was written, and was not.
        while entries and _holds(written_interval, entries[0][1]):
            entries.pop(0)


def _holds(outer: CoverageInterval, inner: CoverageInterval) -> bool:
    return outer.start_ms <= inner.start_ms and inner.end_ms <= outer.end_ms


def _continues(earlier: CoverageInterval, later: CoverageInterval) -> bool:
    return earlier.proven == later.proven and earlier.end_ms == later.start_ms


def _from(interval: CoverageInterval, start_ms: int) -> CoverageInterval:
    return replace(interval, start_ms=max(interval.start_ms, start_ms))


def _joined(earlier: CoverageInterval, later: CoverageInterval) -> CoverageInterval:
    return CoverageInterval(earlier.symbol, earlier.start_ms, later.end_ms, earlier.proven)
