"""The exchange's time, by its heartbeats."""

import time
from collections.abc import Callable

_LATE_HEARTBEATS = 5


def wall_clock_ms() -> int:
    """Return the time of this machine's clock, UTC milliseconds."""
    return time.time_ns() // 1_000_000


class ExchangeClock:
    """The exchange's time: what its newest heartbeat said, and the time that has passed since.

    A machine whose clock is wrong would otherwise draw into the future, or wait for it. The time
    goes on while there are no heartbeats; it may be asked for at any intervals.

    Parameters
    ----------
    newest_heartbeat
        Gives the newest heartbeat: its time in the exchange's time, UTC milliseconds, and when it
        was received, seconds of `monotonic_s`; ``None``: there was none yet.
    wall_ms
        Gives this machine's time, UTC milliseconds; serves until the first heartbeat.
    monotonic_s
        Gives the monotonic clock.
    """

    def __init__(
        self,
        newest_heartbeat: Callable[[], tuple[int, float] | None],
        wall_ms: Callable[[], int],
        monotonic_s: Callable[[], float],
    ) -> None:
        self._newest_heartbeat = newest_heartbeat
        self._wall_ms = wall_ms
        self._monotonic_s = monotonic_s
        self._seen_ms: int | None = None
        # The exchange's time where the monotonic clock is at 0, milliseconds.
        self._origin_ms: float | None = None
        # Heartbeats in a row that came later than that, and the earliest of them.
        self._late = 0
        self._late_origin_ms = 0.0

    def __call__(self) -> int:
        """Return the exchange's time, UTC milliseconds."""
        newest = self._newest_heartbeat()
        if newest is not None and newest[0] != self._seen_ms:
            self._seen_ms = newest[0]
            self._take(newest[0] - newest[1] * 1000)
        if self._origin_ms is None:
            return self._wall_ms()
        return int(self._origin_ms + self._monotonic_s() * 1000)

    def _take(self, origin_ms: float) -> None:
        """Take over what a heartbeat says; one that was on its way for long moves nothing back."""
        if self._origin_ms is None or origin_ms >= self._origin_ms:
            self._origin_ms = origin_ms
            self._late = 0
            return
        self._late_origin_ms = max(self._late_origin_ms, origin_ms) if self._late else origin_ms
        self._late += 1
        if self._late >= _LATE_HEARTBEATS:
            self._origin_ms = self._late_origin_ms
            self._late = 0
