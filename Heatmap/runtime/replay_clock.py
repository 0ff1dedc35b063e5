"""The clock of a replay: it stands at a moment, or runs from it, and never passes the present."""

import time
from collections.abc import Callable

SPEEDS = (1, 10, 60, 300, 600)
"""How fast a replay can run: data time per real time."""


class ReplayClock:
    """A moment of the past, UTC milliseconds; calling the object reads it. Safe in any thread.

    It stands until `play`. Whoever changes it belongs to one thread.

    Parameters
    ----------
    present
        Data time now, UTC milliseconds: the moment is never later.
    at_ms
        Where it begins, UTC milliseconds.
    monotonic_s
        The machine's clock, seconds.

    Attributes
    ----------
    speed
        Data time per real time while it runs.
    """

    def __init__(
        self,
        present: Callable[[], int],
        at_ms: int,
        *,
        monotonic_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self.speed = float(SPEEDS[2])
        self._present = present
        self._monotonic_s = monotonic_s
        # The moment at a second of the monotonic clock, and how fast it goes on from there:
        # replaced as one, so that another thread reads what belongs together.
        self._line = (float(at_ms), 0.0, 0.0)

    def __call__(self) -> int:
        """Return the moment, UTC milliseconds."""
        return min(int(self._raw()), self._present())

    @property
    def is_playing(self) -> bool:
        """Whether it runs."""
        return self._line[2] > 0

    def play(self) -> None:
        """Run from where it stands."""
        self._go_on(self.speed)

    def pause(self) -> None:
        """Stand still."""
        self._go_on(0.0)

    def set_speed(self, speed: float) -> None:
        """Run so much faster than real time, now or once it runs.

        Raises
        ------
        ValueError
            The speed is none of `SPEEDS`.
        """
        if speed not in SPEEDS:
            raise ValueError(f"speed must be one of {', '.join(map(str, SPEEDS))}, got {speed:g}")
        self.speed = float(speed)
        if self.is_playing:
            self.play()

    def seek(self, at_ms: int) -> None:
        """Go to a moment, and stand or run there as before; what lies ahead counts as now."""
        # Else one that stands would go on with the present until then.
        at_ms = min(at_ms, self._present())
        self._line = (float(at_ms), self._monotonic_s(), self._line[2])

    def _go_on(self, speed: float) -> None:
        self._line = (float(self()), self._monotonic_s(), speed)

    def _raw(self) -> float:
        at_ms, since_s, speed = self._line
        return at_ms + (self._monotonic_s() - since_s) * 1000 * speed if speed else at_ms
