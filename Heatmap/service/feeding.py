"""Layers, clusters, levels and panels of one service, fed in the host's loop while it runs."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor

from Heatmap.feeds.cluster_feed import ClusterFeed
from Heatmap.feeds.feed_context import FeedContext
from Heatmap.feeds.level_feed import LevelFeed
from Heatmap.feeds.recorded_feed import RecordedFeed
from Heatmap.heatmap_settings import HeatmapSettings
from Heatmap.service.alerting import Alerting
from Heatmap.service.attached_layers import AttachedLayers
from Heatmap.service.learning import LevelLearner
from Heatmap.service.replays import Replays


class Feeding:
    """Begins and ends all feeds together. Belongs on the loop's thread.

    Parameters
    ----------
    layers, clusters, levels, recorded, replays, alerts
        What is fed.
    learner
        Learns meanwhile.
    make_context
        Gives what the layers' feeds share, for the worker threads of this time.
    settings
        Gives the current settings.
    """

    def __init__(
        self,
        layers: AttachedLayers,
        clusters: ClusterFeed,
        levels: LevelFeed,
        recorded: RecordedFeed,
        replays: Replays,
        alerts: Alerting,
        learner: LevelLearner,
        make_context: Callable[[Executor], FeedContext],
        settings: Callable[[], HeatmapSettings],
    ) -> None:
        self._layers = layers
        self._clusters = clusters
        self._levels = levels
        self._recorded = recorded
        self._replays = replays
        self._alerts = alerts
        self._learner = learner
        self._make_context = make_context
        self._settings = settings

    def listen(self) -> None:
        """Have what the pages tell be noticed before anything is fed."""
        for layer in self._layers.layers:
            self._layers.listen(layer)

    def begin(self, executor: Executor | None, loop: asyncio.AbstractEventLoop | None) -> None:
        """Feed what is not fed yet; idempotent."""
        if executor is not None:
            self._clusters.start(executor)
            self._levels.start(executor)
            self._recorded.start(executor)
            self._replays.start(executor)
            self._alerts.start(executor)
            self._learner.start()
        self.feed_layers(executor, loop)

    def feed_layers(
        self, executor: Executor | None, loop: asyncio.AbstractEventLoop | None
    ) -> None:
        """Feed the layers that are not fed yet, where there is a loop for it."""
        if executor is not None and loop is not None and not loop.is_closed():
            self._layers.feed_all(self._make_context(executor), self._settings(), loop)

    def end(self, *, is_wanted: bool) -> None:
        """Feed nobody any more.

        Parameters
        ----------
        is_wanted
            Whether it goes on after that: what pages tell is then noticed further.
        """
        self._layers.end_feeds()
        if not is_wanted:
            self._layers.listen_no_more()
        self._clusters.stop()
        self._levels.stop()
        self._recorded.stop()
        self._replays.stop()
        self._alerts.stop()
        self._learner.request_stop()

    def leave_loop(self) -> None:
        """End the feeds of a loop that runs no more."""
        self._layers.leave_loop()
        self._clusters.stop()
        self._levels.stop()
        self._recorded.stop()
        self._replays.stop()
        self._alerts.stop()

    def forget_failures(self) -> None:
        """Forget what layers could not be told in an earlier time."""
        self._layers.layer_failure = None

    def apply_settings(self, settings: HeatmapSettings) -> None:
        """Tell all of them changed settings."""
        self._clusters.apply_settings(settings)
        self._replays.apply_settings(settings)
        self._layers.apply_settings(settings)
