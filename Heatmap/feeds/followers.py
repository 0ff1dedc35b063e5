"""What one layer is shown besides its picture: each follower fills one part of the page.

- `follow` says what is drawn, `fit` that the chart shows something else of it. A follower shows its
  part by itself from then on, whenever there is something new, and takes it away when nothing is
  to be drawn any more.
- `forget` and `doubt` are about the page: it has lost what it showed, or may have.
- A new follower is one class of `Follower`, made in `Followers.of_layer`.
"""

import asyncio
from collections.abc import Callable
from collections.abc import Set as AbstractSet
from functools import partial
from typing import Any, Protocol, Self

from Heatmap.domain.viewport import Viewport
from Heatmap.feeds import bubbles, candle_bars, cluster_lines, level_tags, replay_line
from Heatmap.feeds.feed_context import FeedContext
from Heatmap.heatmap_settings import SETTINGS, HeatmapSettings
from Heatmap.setting_fields import Effect


class Follower(Protocol):
    """Keeps one part of a layer's page up to date. Belongs on the loop's thread."""

    @property
    def effect(self) -> Effect:
        """What settings have that it has to be told of by `follow`, beside those that restart."""

    def follow(
        self, symbol: str | None, settings: HeatmapSettings, viewport: Viewport | None
    ) -> None:
        """Show what belongs to a symbol, from now on; of another one nothing any more.

        Parameters
        ----------
        symbol
            ``None``: nothing is to be drawn, and what was drawn goes.
        settings
            The current settings.
        viewport
            What the chart shows; ``None``: not known yet.
        """

    def fit(self, symbol: str, viewport: Viewport) -> None:
        """Take what the chart shows now."""

    def forget(self) -> None:
        """Note that the page shows nothing any more."""

    def doubt(self) -> None:
        """Note that the page may have lost what it shows."""

    def end(self) -> None:
        """Do nothing any more, and show nothing; `follow` begins again. Never waits."""


class Followers:
    """All followers of one layer, told together."""

    def __init__(self, *followers: Follower) -> None:
        self._followers = followers
        # Whether anything is drawn, and of what, concerns all of them.
        self._told = tuple(
            SETTINGS.with_effect(follower.effect, Effect.RESTART) for follower in followers
        )

    @classmethod
    def of_layer(
        cls,
        context: FeedContext,
        loop: Callable[[], asyncio.AbstractEventLoop | None],
        show_part: Callable[[str, Any], None],
        note_error: Callable[[Exception], None],
    ) -> Self:
        """Make all that there are.

        Parameters
        ----------
        context
            What they follow.
        loop
            Gives the feed's loop; ``None`` before and after its task.
        show_part
            Takes the name of a part of the page, and what it shows from now on.
        note_error
            Takes what fails.
        """
        return cls(
            cluster_lines.ClusterLines(
                context.clusters, partial(show_part, cluster_lines.PART), note_error
            ),
            bubbles.Bubbles(context, loop, partial(show_part, bubbles.PART), note_error),
            level_tags.LevelTags(context, loop, partial(show_part, level_tags.PART), note_error),
            candle_bars.CandleBars(context, loop, partial(show_part, candle_bars.PART), note_error),
            replay_line.ReplayLine(context, loop, partial(show_part, replay_line.PART), note_error),
        )

    def follow(
        self,
        symbol: str | None,
        settings: HeatmapSettings,
        viewport: Viewport | None,
        changed: AbstractSet[str] | None = None,
    ) -> None:
        """Tell them what is drawn, see `Follower.follow`.

        Parameters
        ----------
        changed
            Names of settings: only those are told that depend on one of them; ``None``: all.
            All of them depend on those that restart.
        """
        for follower, told in zip(self._followers, self._told, strict=True):
            if changed is None or changed & told:
                follower.follow(symbol, settings, viewport)

    def fit(self, symbol: str, viewport: Viewport) -> None:
        """Tell all of them what the chart shows now."""
        for follower in self._followers:
            follower.fit(symbol, viewport)

    def forget(self) -> None:
        """Tell all of them that the page shows nothing any more."""
        for follower in self._followers:
            follower.forget()

    def doubt(self) -> None:
        """Tell all of them that the page may have lost what it shows."""
        for follower in self._followers:
            follower.doubt()

    def end(self) -> None:
        """Have all of them do nothing any more."""
        for follower in self._followers:
            follower.end()
