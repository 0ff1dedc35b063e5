"""The layers that are attached to one service, and what feeds them in the host's loop."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any

from Heatmap.domain.viewport import Viewport
from Heatmap.errors import Failure, FailureKind
from Heatmap.feeds.feed_context import FeedContext
from Heatmap.feeds.layer_feed import LayerFeed, describe_layer, layer_failure
from Heatmap.feeds.layer_port import LayerListener, LayerPort
from Heatmap.heatmap_settings import HeatmapSettings
from Heatmap.picture.messages import CellQuery
from Heatmap.runtime.host_loop import begin_task, end_task
from Heatmap.runtime.safe_log import get_logger
from Heatmap.service.layer_overrides import LayerOverrides

logger = get_logger(__name__)


class AttachedLayers:
    """Knows the attached layers, and gives each a feed between `feed_all` and `end_feeds`.

    Belongs on the loop's thread.

    Parameters
    ----------
    look_around
        Has the service notice that another loop runs than the one in which it was started.

    Attributes
    ----------
    context_of
        Gives what a layer is fed by, where that is not the same for all.
    """

    def __init__(self, look_around: Callable[[], object]) -> None:
        self.context_of: Callable[[LayerPort, FeedContext], FeedContext] = lambda _, live: live
        self.layers: list[LayerPort] = []
        self.feeds: dict[LayerPort, tuple[LayerFeed, asyncio.Task[None]]] = {}
        # What a layer could not be told; ``None``: nothing.
        self.layer_failure: Failure | None = None
        self._look_around = look_around
        # Of those that are not fed yet.
        self._doorbells: dict[LayerPort, _Doorbell] = {}
        # Of those that have settings of their own, with what listens to them.
        self._overrides: dict[LayerPort, tuple[LayerOverrides, Callable[[], object]]] = {}
        # Those of the service, as they were told last.
        self._settings: HeatmapSettings | None = None

    def statuses(self) -> list[dict[str, Any]]:
        """Return what the status says of each layer."""
        return [
            describe_layer(layer, self.feeds.get(layer, (None, None))[0]) for layer in self.layers
        ]

    def failures(self) -> list[Failure | None]:
        """Return what is wrong with each layer, as its status has it."""
        return [
            layer_failure(layer, self.feeds.get(layer, (None, None))[0]) for layer in self.layers
        ]

    def set_overrides(self, layer: LayerPort, overrides: LayerOverrides | None) -> None:
        """Give a layer settings of its own, from now on; ``None``: it has none."""
        before = self._overrides.pop(layer, None)
        if before is not None:
            before[0].remove_listener(before[1])
        if overrides is not None:
            listener = partial(self._apply_to, layer)
            overrides.add_listener(listener)
            self._overrides[layer] = overrides, listener
        if before is not None or overrides is not None:
            self._apply_to(layer)

    def apply_settings(self, settings: HeatmapSettings) -> None:
        """Tell all feeds changed settings of the service."""
        self._settings = settings
        for layer in list(self.feeds):
            self._apply_to(layer)

    def _apply_to(self, layer: LayerPort) -> None:
        feed, settings = self.feeds.get(layer, (None, None))[0], self._settings
        if feed is not None and settings is not None:
            feed.apply_settings(self._own_settings(layer, settings))

    def _own_settings(self, layer: LayerPort, settings: HeatmapSettings) -> HeatmapSettings:
        entry = self._overrides.get(layer)
        return settings if entry is None else entry[0].applied(settings)

    def _choose_heat(self, layer: LayerPort, choose: Callable[[str], object], heat: str) -> None:
        """Put a heat in force that a chart offered: for that layer alone where it has its own."""
        entry = self._overrides.get(layer)
        if entry is not None and "heat" in entry[0].values:
            entry[0].change(heat=heat)
        else:
            choose(heat)

    def listen(self, layer: LayerPort) -> None:
        """Have what a layer without a feed tells of its page lead to `look_around`."""
        if layer in self.feeds or layer in self._doorbells:
            return
        doorbell = _Doorbell(self._look_around)
        try:
            layer.set_listener(doorbell)
            self._doorbells[layer] = doorbell
        except Exception as error:
            logger.exception("a layer could not be listened to")
            self.layer_failure = Failure(FailureKind.LAYER_NOT_HEARD, {"error": repr(error)})

    def feed_all(
        self, context: FeedContext, settings: HeatmapSettings, loop: asyncio.AbstractEventLoop
    ) -> None:
        """Begin to feed those that are not fed yet, in this loop."""
        self._settings = settings
        for layer in self.layers:
            if layer not in self.feeds:
                self._feed(layer, context, settings, loop)

    def _feed(
        self,
        layer: LayerPort,
        context: FeedContext,
        settings: HeatmapSettings,
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        try:
            own = replace(
                self.context_of(layer, context),
                set_heat=partial(self._choose_heat, layer, context.set_heat),
            )
            feed = LayerFeed(layer, self._own_settings(layer, settings), own)
        except Exception as error:
            # A layer whose page has gone must not keep the others from their pictures.
            logger.exception("a layer could not be fed")
            self.layer_failure = Failure(FailureKind.LAYER_NOT_FED, {"error": repr(error)})
            return
        self.feeds[layer] = (feed, begin_task(loop, feed.run(), "Heatmap layer feed"))
        if (doorbell := self._doorbells.pop(layer, None)) is not None:
            doorbell.repeat(feed)

    def jump(self, layer: LayerPort) -> None:
        """Have a layer show another time; nothing happens where it is not fed."""
        if layer in self.feeds:
            self.feeds[layer][0].jump()

    def end_feeds(self) -> None:
        """Feed nobody any more."""
        for layer in list(self.feeds):
            self.end_feed(layer)

    def listen_no_more(self) -> None:
        """Record what pages tell no longer, until layers are fed or listened to again."""
        for layer in list(self._doorbells):
            self.end_feed(layer)

    def leave_loop(self) -> None:
        """End the feeds of a loop that runs no more; those of the next one know the pages."""
        told = {
            layer: (feed.is_page_ready, feed.viewport) for layer, (feed, _) in self.feeds.items()
        }
        self.end_feeds()
        for layer, (is_ready, viewport) in told.items():
            self.listen(layer)
            if (doorbell := self._doorbells.get(layer)) is not None:
                doorbell.is_ready, doorbell.viewport = is_ready, viewport

    def end_living_feed(self, layer: LayerPort) -> bool:
        """Feed a layer no more until `feed_all`; ``False``: it was not fed."""
        is_fed = layer in self.feeds
        if is_fed:
            self.end_feed(layer)
        return is_fed

    def end_feed(self, layer: LayerPort) -> None:
        """Feed a layer no more and remove its picture; nothing happens where it is not fed."""
        if self._doorbells.pop(layer, None) is not None:
            with suppress(Exception):  # its page has gone
                layer.set_listener(None)
        entry = self.feeds.pop(layer, None)
        if entry is not None:
            feed, task = entry
            end_task(task)
            feed.close()


class _Doorbell:
    """A `LayerListener` that says that the page has said something, and keeps what a feed needs."""

    def __init__(self, ring: Callable[[], object]) -> None:
        self._ring = ring
        self.is_ready = False
        self.viewport: Viewport | None = None

    def repeat(self, listener: LayerListener) -> None:
        """Tell another listener what the page has told."""
        if self.is_ready:
            listener.page_ready()
            if self.viewport is not None:
                listener.viewport_changed(self.viewport)

    def viewport_changed(self, viewport: Viewport) -> None:
        self.viewport = viewport
        self._ring()

    def page_ready(self) -> None:
        self.is_ready = True
        self._ring()

    def view_lost(self) -> None:
        self.viewport = None
        self._ring()

    def page_gone(self) -> None:
        self.is_ready, self.viewport = False, None
        self._ring()

    def symbol_changed(self) -> None:
        self._ring()

    def painted(self, _timing: Mapping[str, float]) -> None:
        self._ring()

    def cell_asked(self, _query: CellQuery) -> None:
        self._ring()

    def heat_chosen(self, _heat: str) -> None:
        self._ring()
