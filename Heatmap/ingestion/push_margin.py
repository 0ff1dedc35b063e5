"""Which part of the covered time is complete: liquidations are pushed some time after they happen.

What happened within this time before a connection's end had not come yet, and never will. So the
newest part of each covered stretch is held back until heartbeats have gone on for as long: however
a stretch ends, also with the process, what was written of it claims nothing that did not come. Of
connections that overlap nothing is held back but at the end of the last one: what the first one did
not bring any more, the second one did. Pure.
"""

from dataclasses import dataclass, replace

from Heatmap.domain.coverage import CoverageInterval

#: At least so long after a trade its liquidation may be pushed, milliseconds.
LEAST_DELAY_MS = 1_000
# A longer one is no usual delay: single messages tell of trades a year ago.
_LONGEST_DELAY_MS = 10_000
# For how long at least the largest delay counts, in the exchange's time.
_MEMORY_MS = 900_000
# Stretches of a symbol that may still grow: those of the connections, and one that came late.
_OPEN_STRETCHES = 4


@dataclass(slots=True)
class _Stretch:
    start_ms: int
    # What was handed on of it ends here.
    settled_ms: int
    end_ms: int


class PushMargin:
    """Hands covered time on once what happened in it must have come. Not thread-safe."""

    def __init__(self) -> None:
        self._stretches: dict[str, list[_Stretch]] = {}
        # The largest delay since a moment, and in the time before that.
        self._largest_ms = self._earlier_ms = LEAST_DELAY_MS
        self._since_ms: int | None = None

    @property
    def delay_ms(self) -> int:
        """The usual delay: the largest one lately, at least a second."""
        return max(self._largest_ms, self._earlier_ms)

    def receive_force_order(self, ts_ms: int, push_ms: int) -> None:
        """Record when a trade took place, and when its liquidation was pushed."""
        delay_ms = push_ms - ts_ms
        if delay_ms <= _LONGEST_DELAY_MS:
            self._largest_ms = max(self._largest_ms, delay_ms)

    def settle(self, interval: CoverageInterval) -> CoverageInterval | None:
        """Take time that heartbeats cover; return what is complete now and was not before.

        Parameters
        ----------
        interval
            As `CoverageTracker.receive_heartbeat` returns it: each goes on where an earlier one
            ended, or begins a stretch.
        """
        self._age(interval.end_ms)
        stretches = self._stretches.setdefault(interval.symbol, [])
        stretch = next((one for one in stretches if one.end_ms == interval.start_ms), None)
        if stretch is None:
            start_ms = interval.start_ms
            stretch = _Stretch(start_ms, start_ms, start_ms)
            stretches.append(stretch)
            del stretches[:-_OPEN_STRETCHES]
        stretch.end_ms = interval.end_ms
        reached_ms = stretch.end_ms - self.delay_ms
        joined = next((one for one in stretches if one.start_ms == interval.end_ms), None)
        if joined is not None and joined is not stretch:
            # It was late, and is followed without a break.
            reached_ms, joined.start_ms = stretch.end_ms, stretch.start_ms
            stretches.remove(stretch)
        if reached_ms <= stretch.settled_ms:
            return None
        settled_ms, stretch.settled_ms = stretch.settled_ms, reached_ms
        return replace(interval, start_ms=settled_ms, end_ms=reached_ms)

    def _age(self, now_ms: int) -> None:
        if self._since_ms is None:
            self._since_ms = now_ms
        elif abs(now_ms - self._since_ms) > _MEMORY_MS:
            self._earlier_ms, self._largest_ms = self._largest_ms, LEAST_DELAY_MS
            self._since_ms = now_ms
