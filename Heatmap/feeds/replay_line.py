"""The line at the moment that a layer shows, where that is an earlier one than now."""

import asyncio
from collections.abc import Callable

from Heatmap.domain.viewport import Viewport
from Heatmap.feeds.feed_context import FeedContext
from Heatmap.heatmap_settings import HeatmapSettings
from Heatmap.runtime.guarded import guarded
from Heatmap.runtime.host_loop import Turns
from Heatmap.setting_fields import Effect

PART = "replay_line"
"""Name of the part of the page that draws it."""

LOOK_S = 0.1
"""From one look at the clock to the next."""


class ReplayLine:
    """Keeps the line of one layer at its clock's time, see `Heatmap.feeds.followers.Follower`.

    Parameters
    ----------
    context
        The clock, and whether there is a line.
    loop
        Gives the feed's loop; ``None`` before and after its task.
    show
        Takes ``{"ms": time}``, UTC milliseconds; ``None``: no line.
    note_error
        Takes what fails.
    """

    effect = Effect.RESTART

    def __init__(
        self,
        context: FeedContext,
        loop: Callable[[], asyncio.AbstractEventLoop | None],
        show: Callable[[dict[str, int] | None], None],
        note_error: Callable[[Exception], None],
    ) -> None:
        self.note_error = note_error
        self._context = context
        self._loop = loop
        self._show = show
        self._turns = Turns(self._take_turn)
        # What the page shows; `None`: nothing.
        self._shown_ms: int | None = None

    def follow(
        self, symbol: str | None, settings: HeatmapSettings, viewport: Viewport | None
    ) -> None:
        """Show the line from now on, or none; see `Follower.follow`."""
        del settings, viewport
        loop = self._loop()
        if symbol is None or loop is None or not self._context.is_replay:
            self.end()
            if self._shown_ms is not None:
                self._shown_ms = None
                self._show(None)
            return
        if self._turns.loop is not loop:
            self._turns.begin(loop)
        self._turns.appoint()

    def fit(self, symbol: str, viewport: Viewport) -> None:
        """Do nothing: the page knows where a time is."""

    def forget(self) -> None:
        """Show it again: the page shows nothing any more."""
        self._shown_ms = None

    def doubt(self) -> None:
        """Show it again: the page may have lost it."""
        self._shown_ms = None

    def end(self) -> None:
        """Follow the clock no more; never waits."""
        self._turns.end()

    @guarded
    def _take_turn(self) -> None:
        now_ms = self._context.clock()
        if now_ms != self._shown_ms:
            self._shown_ms = now_ms
            self._show({"ms": now_ms})
        self._turns.appoint(LOOK_S)
