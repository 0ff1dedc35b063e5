"""The picture of the symbol that a layer shows: what goes into it, and what of it the page gets.

- There is at most one picture, of one symbol by one heat source; forgotten, it is closed by whoever
  works on it.
- The picture follows the event tape: what is stored while there is a picture is part of its next
  work; without one it is in the store, which the first work reads.
"""

from collections.abc import Callable, Mapping
from functools import partial
from time import perf_counter
from typing import Any

from Heatmap.domain.viewport import Viewport
from Heatmap.feeds.feed_context import FeedContext
from Heatmap.feeds.feed_schedule import Action
from Heatmap.feeds.layer_port import LayerPort
from Heatmap.feeds.level_labels import LevelLabels
from Heatmap.feeds.running_minutes import RunningMinutes
from Heatmap.heatmap_settings import HeatmapSettings
from Heatmap.picture.heat_picture import HeatPicture
from Heatmap.picture.messages import PictureMessage, PictureRequest
from Heatmap.runtime.safe_log import get_logger
from Heatmap.sources.registry import HEAT_SOURCES, source_of
from Heatmap.sources.source_context import SourceContext

logger = get_logger(__name__)


class PictureWork:
    """Makes the pieces of work of one layer's picture, and sends what comes of them.

    Belongs on the loop's thread; the work itself runs in a worker thread, one at a time.

    Attributes
    ----------
    picture
        ``None``: there is none.
    has_shown
        Whether the page was handed a picture since it was empty last.
    offered_heat
        The heat that the page offers by its last message, a value of the setting; ``None``: none.
    measured
        Measurements of the last pieces of work, for the status.
    """

    def __init__(self, layer: LayerPort, context: FeedContext) -> None:
        self.picture: HeatPicture | None = None
        self.has_shown = False
        self.offered_heat: str | None = None
        self.measured: dict[str, float] = {}
        self._layer = layer
        self._context = context
        # Which source the picture is of.
        self._source_name = ""
        # Under which name the end of its scale was measured last.
        self._clip_name = ""
        # How high the pane was that the last work was for, USD.
        self._pane_usd = 0.0
        # By symbol: what the price has touched stays touched, also on a page that is loaded again.
        self._running: dict[str, RunningMinutes] = {}
        self._labels = LevelLabels(layer.show_part)

    def begin(
        self, action: Action, symbol: str, viewport: Viewport, settings: HeatmapSettings
    ) -> Callable[[], PictureMessage | None] | None:
        """Return the work for a worker thread; ``None``: nothing has changed."""
        context, name = self._context, source_of(settings.heat)
        if self.picture is None or self.picture.symbol != symbol or self._source_name != name:
            self.forget()
            source = HEAT_SOURCES[name](SourceContext(context.tape, context.maps), symbol)
            self.picture, self._source_name = HeatPicture(source, symbol), name
        picture, now_ms = self.picture, context.clock()
        self._pane_usd = viewport.price_high - viewport.price_low
        running = self._running.setdefault(symbol, RunningMinutes()).receive(
            context.running_minute(symbol), context.mark_price(symbol), now_ms
        )
        is_due = picture.has_news() or picture.is_due(now_ms, running)
        if action is Action.UPDATE and not is_due:
            return None
        request = PictureRequest(
            viewport=viewport,
            settings=settings,
            tick_size=self._context.tick_size(symbol),
            now_ms=now_ms,
            heartbeats=self._context.heartbeats(symbol),
            running=running,
        )
        work = {
            Action.REBUILD: picture.rebuild,
            Action.RESTYLE: picture.restyle,
            Action.UPDATE: picture.update,
        }[action]
        return partial(work, request)

    def send(self, action: Action, message: PictureMessage, started_s: float) -> None:
        """Hand the page what came of the work, and measure it."""
        offer = message.meta.get("offer")
        self.offered_heat = None if offer is None else offer["heat"]
        if message.is_whole:
            self._note_clip(message.meta["scale"]["clipUsd"])
            self._note_size(message.meta)
            self._layer.show_grid(message.meta, message.packed)
            self.has_shown = True
        else:
            self._layer.append_cells(message.meta, message.packed)
        self._labels.tell(message)
        # The monotonic clock of Windows goes on by 16 ms at a time, until Python 3.13.
        duration_ms = (perf_counter() - started_s) * 1000
        self.measured[f"{action.value}_ms"] = duration_ms
        size_bytes = message.size_bytes
        self.measured["sent_bytes"] = float(size_bytes)
        logger.debug("%s in %.1f ms, %d bytes sent", action.value, duration_ms, size_bytes)

    def forget_shown(self) -> None:
        """Note that the page is empty, or may be; nothing is kept for those that come."""
        self.has_shown = False
        self._labels.forget()

    def _note_clip(self, clip_usd: float) -> None:
        """Measure where a source's scale ends; each has its own."""
        self.measured.pop(self._clip_name, None)
        name = self._source_name
        self._clip_name = HEAT_SOURCES[name].clip_field or f"{name}_clip"
        self.measured[self._clip_name] = clip_usd

    def _note_size(self, meta: Mapping[str, Any]) -> None:
        """Measure how many rows there are in the pane, and columns in the window."""
        span_ms = meta["endMs"] - meta["windowStartMs"]
        self.measured["rows"] = float(round(self._pane_usd / meta["binUsd"]))
        self.measured["columns"] = float(round(span_ms / meta["binMs"]))

    def forget(self) -> None:
        """Have no picture any more."""
        self.offered_heat = None
        # The garbage collector leads here as well: with a page that goes, or with the task of a
        # loop that was closed. It does so in the midst of anything: no lock may be waited for.
        picture, self.picture = self.picture, None
        if picture is not None:
            picture.close()
