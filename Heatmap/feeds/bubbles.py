"""Recorded liquidations as bubbles over the heat of one layer's chart.

- They are those of the settings' window, which ends at now or at the chart's right edge. With
  predicted levels, which cover the pane, it begins at the pane's left edge where that is earlier.
- What is new is read in a worker thread, twice a second at most; the page gets all of them anew
  where anything has changed. It joins those that overlap, at any zoom, by itself.
- With predicted levels they bring along what was not recorded: no bubble is not no liquidation.
- What is drawn stays until others come, or none are wanted any more.
"""

import asyncio
from collections.abc import Callable
from functools import partial
from time import monotonic
from typing import Any

from Heatmap.domain.viewport import Viewport
from Heatmap.feeds.bubble_book import BubbleBook, BubbleQuestion
from Heatmap.feeds.feed_context import FeedContext
from Heatmap.feeds.feed_schedule import QUIET_S
from Heatmap.heatmap_settings import HeatmapSettings
from Heatmap.runtime.guarded import guarded
from Heatmap.runtime.host_loop import Outcome, Turns
from Heatmap.setting_fields import Effect
from Heatmap.sources.registry import has_bubbles, source_class

PART = "bubbles"
"""Name of the part of the page that draws them."""

LOOK_S = 0.4
"""From one look at what is stored to the next."""
EXPIRY_S = 10.0
"""Without anything new, what has left the window goes at most so much later."""
RETRY_S = 5.0
"""Time until the next try after reading failed."""
USUAL_MS = 7 * 86_400_000
"""What is large is told by the liquidations of so much time."""
# From one time that this is looked for to the next.
_USUAL_STEP_MS = 3_600_000
# The pane's left edge counts in steps of this part of the window.
_STEPS = 4


def are_wanted(settings: HeatmapSettings) -> bool:
    """Tell whether there are to be bubbles; by themselves where both heats are shown."""
    if settings.bubbles == "recorded":
        # Predicted levels alone are then something else than both.
        return has_bubbles(settings.heat) or source_class(settings.heat).needs_recording
    return settings.bubbles == "on" or (settings.bubbles == "auto" and has_bubbles(settings.heat))


class Bubbles:
    """Keeps the bubbles of one layer up to date, see `Heatmap.feeds.followers.Follower`.

    Parameters
    ----------
    context
        What is stored, the clock, and where reading runs.
    loop
        Gives the feed's loop; ``None`` before and after its task.
    show
        Takes all bubbles in place of those before; ``None``: there are none.
    note_error
        Takes what fails.
    """

    effect = Effect.BUBBLES
    look_s = LOOK_S
    # The same while the layer shows a replay, whose time may go 600 times as fast.
    replay_look_s = LOOK_S

    def __init__(
        self,
        context: FeedContext,
        loop: Callable[[], asyncio.AbstractEventLoop | None],
        show: Callable[[dict[str, Any] | None], None],
        note_error: Callable[[Exception], None],
    ) -> None:
        self.note_error = note_error
        if context.is_replay:
            self.look_s = self.replay_look_s
        self._context = context
        self._loop = loop
        self._show = show
        self._turns = Turns(self._take_turn)
        self._settings = HeatmapSettings()
        # Where the pane begins and the window ends; `None`: not told, and at now.
        self._edges: tuple[int | None, int | None] = None, None
        # What is followed; `None`: nothing.
        self._book: BubbleBook | None = None
        # All is to be read again, whatever the time.
        self._is_stale = False
        self._read_s = 0.0
        # What the page shows; `None`: nothing.
        self._shown: dict[str, Any] | None = None

    def follow(
        self, symbol: str | None, settings: HeatmapSettings, viewport: Viewport | None
    ) -> None:
        """Show the bubbles of a symbol from now on, or none; see `Follower.follow`."""
        self._settings = settings
        self._edges = self._edges_of(viewport)
        loop = self._loop()
        if symbol is None or loop is None or not self.is_wanted(settings):
            self.end()
            self._draw(None)
            return
        if self._book is None or self._book.symbol != symbol:
            self.end()
            self._draw(None)
            self._book = self.make_book(symbol)
        if self._turns.loop is not loop:
            self._turns.begin(loop)
        self._read_again()

    def is_wanted(self, settings: HeatmapSettings) -> bool:
        """Tell whether there is anything to be drawn."""
        return are_wanted(settings)

    def make_book(self, symbol: str) -> BubbleBook:
        """Return what reads a symbol's liquidations."""
        return BubbleBook(self._context.tape, symbol)

    def covers_pane(self) -> bool:
        """Tell whether they begin at the pane's left edge where that is before the window."""
        settings = self._settings
        return settings.covers_pane or source_class(settings.heat).covers_pane

    def tells_recorded(self) -> bool:
        """Tell whether they bring along what was not recorded."""
        # Heat of what was recorded says by itself what was not.
        return not source_class(self._settings.heat).needs_recording

    def fit(self, _symbol: str, viewport: Viewport) -> None:
        """Read other liquidations where the window ends elsewhere."""
        edges = self._edges_of(viewport)
        if self._book is not None and edges != self._edges:
            self._edges = edges
            self._read_again(QUIET_S)

    def forget(self) -> None:
        """Show all of them again: the page shows nothing any more."""
        self._shown = None
        self._read_again()

    def doubt(self) -> None:
        """Show all of them again: the page may have lost them."""
        self.forget()

    def end(self) -> None:
        """Follow nothing any more; never waits, since the garbage collector may lead here."""
        self._turns.end()
        book, self._book = self._book, None
        if book is not None:
            book.close()

    def _read_again(self, delay_s: float = 0.0) -> None:
        self._is_stale = True
        self._turns.appoint(delay_s)

    @guarded
    def _take_turn(self) -> None:
        book = self._book
        if book is None:
            return
        self._turns.appoint(self.look_s)
        is_due = monotonic() - self._read_s >= EXPIRY_S
        if self._is_stale or is_due or book.has_news():
            self._is_stale, self._read_s = False, monotonic()
            work = partial(book.read, self._question())
            self._turns.hand_over(self._context.executor, work, self._take)

    def _edges_of(self, viewport: Viewport | None) -> tuple[int | None, int | None]:
        """Return where the pane begins, no finer than matters, and where the window ends."""
        if viewport is None:
            return None, None
        from_ms = viewport.start_ms if self.covers_pane() else None
        if from_ms is not None:
            # A small pan reads nothing anew.
            step_ms = self._settings.window_ms // _STEPS
            from_ms = from_ms // step_ms * step_ms
        return from_ms, viewport.end_ms

    def _question(self) -> BubbleQuestion:
        settings, now_ms = self._settings, self._context.clock()
        from_ms, end_ms = self._edges
        is_still = end_ms is not None and end_ms < now_ms
        edge_ms = end_ms if is_still and end_ms is not None else now_ms
        start_ms = edge_ms - settings.window_ms
        if settings.covers_pane and from_ms is not None:
            start_ms = from_ms
        return BubbleQuestion(
            start_ms if from_ms is None else min(start_ms, from_ms),
            edge_ms if is_still else None,
            settings.side,
            settings.minimum_notional,
            settings.bubble_least_usd,
            edge_ms if self.tells_recorded() else None,
            None if self._book is None else self._context.heartbeats(self._book.symbol),
            (now_ms - USUAL_MS) // _USUAL_STEP_MS * _USUAL_STEP_MS,
        )

    @guarded
    def _take(self, done: Outcome[dict[str, Any]]) -> None:
        if done.error is not None:
            self._is_stale = True
            self._turns.appoint(RETRY_S)
        else:
            self._turns.appoint(0.0 if self._is_stale else self.look_s)
        self._draw(done.result())

    def _draw(self, bubbles: dict[str, Any] | None) -> None:
        if bubbles != self._shown:
            self._shown = bubbles
            self._show(bubbles)
