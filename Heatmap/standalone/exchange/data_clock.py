"""The clock of the data: the wall clock, or the running time of a replay."""

import time
from collections.abc import Callable
from typing import Self

MIN_SPEED, MAX_SPEED = 0.1, 600.0


class DataClock:
    """What time the exchange has, in UTC milliseconds; calling the object reads it.

    A clock made by `wall` always runs with the machine's time. A clock made by `replay` stands at
    its beginning until `start`, then runs `speed` times as fast as real time; after `pause` it
    stands until the next `start`, and goes on from there without a jump. Either stands still for
    good after `freeze`. Reading is safe from any thread; `start`, `pause` and `freeze` are
    idempotent.

    Parameters
    ----------
    start_ms
        Where a replay begins; ``None``: the wall clock.
    speed
        Data time per real time, 0.1 to 600; 1 for the wall clock.
    until_ms
        Where the clock stops by itself; ``None``: never.
    monotonic_s, wall_s
        The machine's clocks, seconds.

    Raises
    ------
    ValueError
        The speed is out of range, or the clock would end before it begins.
    """

    def __init__(
        self,
        start_ms: int | None,
        speed: float = 1.0,
        until_ms: int | None = None,
        *,
        monotonic_s: Callable[[], float] = time.monotonic,
        wall_s: Callable[[], float] = time.time,
    ) -> None:
        if not MIN_SPEED <= speed <= MAX_SPEED:
            raise ValueError(f"speed must be from {MIN_SPEED:g} to {MAX_SPEED:g}, got {speed:g}")
        if start_ms is not None and until_ms is not None and until_ms < start_ms:
            raise ValueError(f"the clock would end at {until_ms}, before it begins at {start_ms}")
        self._is_wall = start_ms is None
        self._speed = speed
        self._until_ms = until_ms
        self._monotonic_s = monotonic_s
        self._wall_s = wall_s
        # Of a replay: the time from which it runs, and the monotonic second at which it started
        # there; None: it stands. Both as one: another thread reads them.
        self._run: tuple[int, float | None] = (start_ms or 0, None)
        self._is_paused = False
        # The time at which the clock was frozen; None: it runs.
        self._frozen_ms: int | None = None

    @classmethod
    def wall(cls) -> Self:
        """Make a clock that shows the machine's time."""
        return cls(None)

    @classmethod
    def replay(cls, start_ms: int, speed: float, until_ms: int | None = None) -> Self:
        """Make a clock that stands at `start_ms` until it is started.

        Raises
        ------
        ValueError
            The speed is out of range, or `until_ms` lies before `start_ms`.
        """
        return cls(start_ms, speed, until_ms)

    @property
    def speed(self) -> float:
        """Data time per real time."""
        return self._speed

    @property
    def has_end(self) -> bool:
        """Whether it stops by itself."""
        return self._until_ms is not None

    @property
    def is_running(self) -> bool:
        """Whether the time moves: started, not frozen, and not at its end."""
        if self._frozen_ms is not None or (not self._is_wall and self._run[1] is None):
            return False
        return self._until_ms is None or self() < self._until_ms

    @property
    def is_paused(self) -> bool:
        """Whether a replay that has been started stands still until the next `start`."""
        return self._is_paused and self._frozen_ms is None

    def start(self) -> None:
        """Let a replay run from where it stands; without effect when it runs already."""
        start_ms, started_s = self._run
        if started_s is None:
            self._run = start_ms, self._monotonic_s()
            self._is_paused = False

    def pause(self) -> None:
        """Stand still until the next `start`; a wall clock goes on."""
        if self.is_running and not self._is_wall:
            self._run = self(), None
            self._is_paused = True

    def freeze(self) -> None:
        """Stand still from now on."""
        if self._frozen_ms is None:
            self._frozen_ms = self()

    def __call__(self) -> int:
        """Return the data time, UTC milliseconds."""
        # Each attribute is read once: another thread may freeze or start the clock meanwhile.
        frozen_ms, (start_ms, started_s) = self._frozen_ms, self._run
        if frozen_ms is not None:
            return frozen_ms
        if self._is_wall:
            now_ms = int(self._wall_s() * 1000)
        elif started_s is None:
            return start_ms
        else:
            elapsed_s = self._monotonic_s() - started_s
            now_ms = start_ms + int(elapsed_s * 1000 * self._speed)
        return now_ms if self._until_ms is None else min(now_ms, self._until_ms)
