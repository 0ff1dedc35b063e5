"""What keys and buttons do with a replay: step, seek, faster and slower, within the recording."""

from typing import TYPE_CHECKING

from Heatmap.runtime.replay_clock import SPEEDS

if TYPE_CHECKING:
    from collections.abc import Callable

    from Heatmap.feeds.replay_reads import RecordedTime
    from Heatmap.service.replays import Replay

_HOUR_MS = 3_600_000


class ReplayMoves:
    """Moves a replay; nothing happens while there is none.

    Attributes
    ----------
    replay
        What is moved; ``None``: there is none.
    recorded
        It stays within this time; ``None``: not known.
    step_ms
        How long a candle is, milliseconds.
    on_use
        Called when it is used.
    """

    def __init__(self) -> None:
        self.replay: Replay | None = None
        self.recorded: RecordedTime | None = None
        self.step_ms = 60_000
        self.on_use: Callable[[], object] = lambda: None

    def begin(self) -> None:
        """Begin an hour before now and stand there, where nothing is replayed yet."""
        self.on_use()
        if self.replay is not None and not self.replay.is_active:
            self.replay.begin(self.replay.now_ms() - _HOUR_MS)

    def stay_within(self) -> None:
        """Go to the start of the recording, where the replay is before it."""
        replay, recorded = self.replay, self.recorded
        if replay is None or recorded is None or not replay.is_active:
            return
        if replay.now_ms() < recorded.start_ms:
            replay.seek(recorded.start_ms)

    def toggle(self) -> None:
        """Play or pause."""
        if self.replay is not None:
            (self.replay.pause if self.replay.is_playing else self.replay.play)()

    def step(self, count: int) -> None:
        """Pause, and go to the next edge of a candle, or the last one: 1 or -1."""
        replay, step_ms = self.replay, self.step_ms
        if replay is None or not replay.is_active:
            return
        replay.pause()
        at_ms = replay.now_ms()
        edge_ms = at_ms // step_ms * step_ms
        if count < 0 and edge_ms < at_ms:
            count += 1
        self.seek(edge_ms + count * step_ms)

    def seek(self, ms: int) -> None:
        """Go to a moment of the recording, UTC milliseconds."""
        self.on_use()
        if self.replay is not None:
            recorded = self.recorded
            self.replay.seek(ms if recorded is None else max(ms, recorded.start_ms))

    def go_to_start(self) -> None:
        """Go to the start of the recording."""
        if self.recorded is not None:
            self.seek(self.recorded.start_ms)

    def set_speed(self, speed: int) -> None:
        """Play at another speed, now or later."""
        self.on_use()
        if self.replay is not None:
            self.replay.set_speed(speed)

    def change_speed(self, places: int) -> None:
        """Play faster by so many of the speeds, or slower."""
        if self.replay is not None:
            at = SPEEDS.index(int(self.replay.speed)) + places
            self.set_speed(SPEEDS[max(0, min(len(SPEEDS) - 1, at))])

    def back_to_live(self) -> None:
        """Show the present."""
        if self.replay is not None:
            self.replay.back_to_live()
