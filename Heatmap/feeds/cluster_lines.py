"""The strongest clusters of one layer's symbol, as lines on its chart.

- A line stands for a cluster of the lookback (6 h by default), whatever the window is; its label
  says so.
- Where the width of a cluster is not set, it follows what the chart shows: a part of the visible
  price range, so that a line lies where the heat is that it stands for. It stays while it is
  between `NARROWEST` and `WIDEST` of the range, so that lines do not move with each candle.
- Until a view is known there is no width, and nothing is drawn.
- What is drawn stays until other clusters come, or none are wanted any more.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from Heatmap.aggregation.clusters.find_clusters import LiquidationCluster
from Heatmap.domain.viewport import Viewport
from Heatmap.feeds.cluster_feed import ClusterFeed
from Heatmap.heatmap_settings import SETTINGS, HeatmapSettings
from Heatmap.picture.texts import cluster_words
from Heatmap.runtime.guarded import guarded
from Heatmap.setting_fields import Effect

PART = "cluster_lines"
"""Name of the part of the page that draws them."""

NARROWEST, USUAL, WIDEST = 0.02, 0.025, 0.03
"""The width of a cluster as a part of the visible price range."""

_HIDDEN_SIDE = {"longs": "short", "shorts": "long"}


@dataclass(frozen=True, slots=True)
class _Question:
    symbol: str
    # As a part of the price; None: as the settings have it.
    window_pct: float | None


class ClusterLines:
    """Follows the clusters of what a layer shows, see `Heatmap.feeds.followers.Follower`.

    Belongs on the loop's thread.

    Parameters
    ----------
    clusters
        Tells the clusters of a symbol; ``None``: nobody does, and nothing is drawn.
    show
        Takes all lines, see ``ui/js/parts/cluster_lines.js``, in place of those before.
    note_error
        Takes what fails in a callback.
    """

    effect = Effect.LINES

    def __init__(
        self,
        clusters: ClusterFeed | None,
        show: Callable[[list[dict[str, Any]]], None],
        note_error: Callable[[Exception], None],
    ) -> None:
        self.note_error = note_error
        self._feed = clusters
        self._show = show
        self._settings = HeatmapSettings()
        # What is asked at present, and what ends that.
        self._question: _Question | None = None
        self._leave: Callable[[], None] | None = None
        # What the page shows; None: something, that it may have lost.
        self._shown: list[dict[str, Any]] | None = []

    def follow(
        self, symbol: str | None, settings: HeatmapSettings, viewport: Viewport | None
    ) -> None:
        """Ask anew, and draw what is told.

        Parameters
        ----------
        symbol
            ``None``: nothing is to be drawn, and what was drawn goes.
        settings
            The current settings.
        viewport
            What the chart shows; ``None``: not known yet.
        """
        before = self._question
        self.end()
        self._settings = settings
        if symbol is None or self._feed is None or not settings.cluster_lines:
            self._draw([])
            return
        window_pct = before.window_pct if before is not None and before.symbol == symbol else None
        self._ask(symbol, viewport, window_pct)

    def fit(self, symbol: str, viewport: Viewport) -> None:
        """Ask with another width, where the present one does not suit the view any more."""
        if self._feed is None or not self._settings.cluster_lines:
            return
        question = self._question
        if question is None:
            self._ask(symbol, viewport, None)
        elif question.window_pct is not None:
            fitting = fitting_window_pct(viewport, question.window_pct)
            if fitting != question.window_pct:
                self._ask(symbol, viewport, question.window_pct)

    def forget(self) -> None:
        """Note that the page shows nothing any more."""
        self._shown = []

    def doubt(self) -> None:
        """Note that the page may have lost what it shows."""
        if self._shown:
            self._shown = None

    def end(self) -> None:
        """Ask nothing any more."""
        self._question = None
        leave, self._leave = self._leave, None
        if leave is not None:
            leave()

    def _ask(self, symbol: str, viewport: Viewport | None, before: float | None) -> None:
        if self._feed is None:
            return
        window_pct = None
        if self._settings.cluster_window_pct is None:
            if viewport is None:
                return
            window_pct = fitting_window_pct(viewport, before)
        leave, self._question = self._leave, _Question(symbol, window_pct)
        self._leave = self._feed.subscribe(symbol, self._take, window_pct)
        if leave is not None:
            leave()

    @guarded
    def _take(self, _symbol: str, clusters: list[LiquidationCluster]) -> None:
        self._draw(clusters)

    def _draw(self, clusters: list[LiquidationCluster]) -> None:
        settings = self._settings
        hidden = _HIDDEN_SIDE.get(settings.side)
        drawn = [cluster for cluster in clusters if cluster.side != hidden]
        lines = [
            {
                "price": float(f"{cluster.price_level:.9g}"),
                "side": cluster.side,
                "strength": round(cluster.strength, 3),
                "fromMs": cluster.first_event_ms,
                "text": cluster_words(cluster, settings.cluster_lookback_ms),
            }
            for cluster in drawn[: settings.cluster_line_count]
        ]
        if lines != self._shown:
            self._shown = lines
            self._show(lines)


def fitting_window_pct(viewport: Viewport, before: float | None = None) -> float:
    """Return how wide a cluster may be on a chart, as a part of its price.

    Parameters
    ----------
    viewport
        What the chart shows.
    before
        The present width, which is kept while it suits; ``None``: there is none.
    """
    low, high = SETTINGS.range("cluster_window_pct")
    # Charts can be dragged until they show prices below nothing.
    middle = max((viewport.price_low + viewport.price_high) / 2, viewport.price_high / 2)
    if middle <= 0:
        return high
    visible = (viewport.price_high - viewport.price_low) / middle
    if before is not None and NARROWEST * visible <= before <= WIDEST * visible:
        return before
    return min(max(USUAL * visible, low), high)
