"""What one attached layer is shown: viewport and settings in, grids and increments out.

A feed lives on the event loop of the user interface and never blocks it: reading, building and
scaling run in a worker thread (`HeatPicture`). `FeedSchedule` decides what is due when; `LayerFeed`
carries it out. The feed draws while the heatmap is enabled, the page is ready, has told its
viewport and shows a symbol that is recorded.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from functools import partial
from pathlib import Path
from time import monotonic, perf_counter
from typing import Any

from Heatmap.aggregation.clusters.find_clusters import LiquidationCluster
from Heatmap.aggregation.resolution import can_lay_rows
from Heatmap.domain.events import LiquidationEvent, StoredBatch
from Heatmap.domain.instruments import instrument_of
from Heatmap.domain.viewport import Viewport
from Heatmap.errors import HeatmapError
from Heatmap.feeds.cluster_feed import ClusterFeed
from Heatmap.feeds.feed_schedule import QUIET_S, Action, FeedSchedule
from Heatmap.feeds.layer_port import LayerPort
from Heatmap.heatmap_settings import ALL_SYMBOLS, SETTINGS, HeatmapSettings, changed_fields
from Heatmap.picture.heat_picture import HeatPicture
from Heatmap.picture.messages import (
    CellQuery,
    CellReport,
    Heartbeats,
    PictureMessage,
    PictureRequest,
)
from Heatmap.picture.words import level_words
from Heatmap.runtime.guarded import guarded
from Heatmap.runtime.host_loop import Outcome, Turns, hand_over
from Heatmap.setting_fields import Effect, Resolution

logger = logging.getLogger(__name__)

LISTING_S = 1.0
"""Time until it is asked again whether a symbol has become known."""
RETRY_S = 5.0
"""Time until the next try after building failed."""

_HIDDEN_SIDE = {"longs": "short", "shorts": "long"}
_RESTARTING = SETTINGS.with_effect(Effect.RESTART)
_REBUILDING = SETTINGS.with_effect(Effect.REBUILD)
_RESTYLING = SETTINGS.with_effect(Effect.RESTYLE)
_LINES = SETTINGS.with_effect(Effect.LINES)


class LayerState(Enum):
    """Whether a layer's picture is drawn, or why it is not: of several reasons the first of these.

    Attributes
    ----------
    STOPPED
        Nobody feeds the layer: the service was not started or was stopped, or could not feed it, or
        the host has closed its loop.
    OFF
        The heatmap is switched off.
    NO_CHART
        The page has no chart yet, or not any more; the error says why where that is known.
    NO_SYMBOL
        The page does not say which symbol it shows.
    NOT_RECORDED
        Its symbol is not among the recorded ones.
    NO_VIEW
        The chart has no candles yet, or is too small to draw on.
    FAILED
        Reading, building or telling the page failed, which is tried again; the error says why. What
        was drawn before may still be seen.
    BUILDING
        The first picture is on its way.
    DRAWN
        The page has a picture.
    """

    STOPPED = "stopped"
    OFF = "off"
    NO_CHART = "no chart"
    NO_SYMBOL = "no symbol"
    NOT_RECORDED = "not recorded"
    NO_VIEW = "no view"
    FAILED = "failed"
    BUILDING = "building"
    DRAWN = "drawn"


@dataclass(frozen=True, slots=True)
class FeedContext:
    """What all feeds of one service share.

    Attributes
    ----------
    database
        Path of the database to read.
    clock
        Data time now, UTC milliseconds.
    tick_size
        Symbol to tick size, USD.
    heartbeats
        What a symbol's heartbeats prove beyond the written coverage; ``None`` while they do not
        flow, or while somebody else or nobody can write.
    executor
        Where reading and building run.
    label
        Short text on the picture, such as SIMULATED; empty: none.
    is_standby
        Whether another recorder writes the database: its events are read from there.
    is_known
        Whether a symbol is one of the exchange's, where all of them are recorded.
    clusters
        Tells the clusters of a symbol; ``None``: no levels are drawn.
    collect
        Has newly stored events handed to all feeds.
    look_around
        Has the service notice that another loop runs than the one in which the feeds were begun.
    """

    database: Path
    clock: Callable[[], int]
    tick_size: Callable[[str], Decimal]
    heartbeats: Callable[[str], Heartbeats | None]
    executor: Executor
    label: str
    is_standby: Callable[[], bool] = lambda: False
    is_known: Callable[[str], bool] = lambda _symbol: True
    clusters: ClusterFeed | None = None
    collect: Callable[[], None] = lambda: None
    look_around: Callable[[], object] = lambda: None


class LayerFeed:
    """Keeps one layer's picture true; `run` is its task. Belongs on the loop's thread."""

    def __init__(self, layer: LayerPort, settings: HeatmapSettings, context: FeedContext) -> None:
        self.layer = layer
        self._settings = settings
        self._context = context
        self._schedule = FeedSchedule(settings.update_interval_ms / 1000)
        self._turns = Turns(self._take_turn)
        self.viewport: Viewport | None = None
        self.is_page_ready = False
        self._picture: HeatPicture | None = None
        # Its symbol is not known yet among all of the exchange's.
        self._awaits_listing = False
        # Whether the page was handed a picture since it was empty last.
        self._has_shown = False
        self._pending: list[tuple[int, LiquidationEvent]] = []
        self._was_standby = False
        # The place that was asked about last, and whether an answer is under way.
        self._asked: CellQuery | None = None
        self._is_describing = False
        self._forget_answer: Callable[[], None] = lambda: None
        # Ends the subscription to the shown symbol's clusters; what was told last.
        self._leave_clusters: Callable[[], None] | None = None
        self._clusters: list[LiquidationCluster] = []
        self._shown_levels: list[dict[str, Any]] = []
        # Measurements of the last pieces of work, for the status.
        self.measured: dict[str, float] = {}
        self.last_error = ""
        layer.set_listener(self)

    @property
    def state(self) -> LayerState:
        """Whether the picture is drawn, or the first reason why it is not."""
        loop = self._turns.loop
        if loop is not None and loop.is_closed():
            return LayerState.STOPPED
        obstacle = self._obstacle()
        if obstacle is not None:
            return obstacle
        if self.viewport is None:
            return LayerState.NO_VIEW
        if self.last_error:
            return LayerState.FAILED
        return LayerState.DRAWN if self._has_shown else LayerState.BUILDING

    # -- what the service tells ---------------------------------------------------------------

    @guarded
    def apply_settings(self, settings: HeatmapSettings) -> None:
        """Take over changed settings; only what they touch is built again."""
        before, self._settings = self._settings, settings
        changed = changed_fields(before, settings)
        self._schedule.update_interval_s = settings.update_interval_ms / 1000
        self._send_options()
        if changed & _LINES:
            self._follow_clusters()
        if changed & _RESTARTING:
            self._restart()
        elif changed & _REBUILDING:
            self._request_rebuild()
        elif changed & _RESTYLING:
            self._schedule.request_restyle()
            self._turns.appoint()

    @guarded
    def add_batch(self, batch: StoredBatch) -> None:
        """Take newly stored events; they are drawn with the next update."""
        if self._picture is None:
            # A rebuild reads the file, and finds them there.
            return
        drawn = instrument_of(self._picture.symbol)
        self._pending.extend(
            (row_id, event)
            for row_id, event in zip(batch.row_ids, batch.events, strict=True)
            if (event.source, event.symbol) == (drawn.venue, drawn.symbol)
        )

    @guarded
    def miss_batches(self) -> None:
        """Build anew from the database, because batches were dropped on their way here."""
        if self._is_drawing():
            self._request_rebuild()

    @guarded
    def close(self) -> None:
        """Remove the picture and stop listening; the owner cancels `run`'s task."""
        self._tell(self.layer.set_listener, None)
        self._end()
        self._follow_clusters()
        self._forget_picture()
        self._tell(self.layer.clear)

    # -- what the layer tells (LayerListener) -------------------------------------------------

    @guarded
    def viewport_changed(self, viewport: Viewport) -> None:
        """Rebuild after a moment of quiet where the picture no longer fits; the first at once."""
        self._context.look_around()
        if not self._can_draw(viewport):
            return
        is_first = self.viewport is None
        self.viewport = viewport
        if not self._is_drawing():
            return
        if is_first or self._picture is None:
            self._request_rebuild()
        elif not self._picture.fits(viewport):
            self._request_rebuild(quiet_s=QUIET_S)

    @guarded
    def page_ready(self) -> None:
        """Show everything anew on a page that was just loaded."""
        self._context.look_around()
        self.is_page_ready = True
        self.last_error = ""
        self._shown_levels = []
        self._send_options()
        # Nothing to remove: the page is empty, or keeps its picture until the next one comes.
        self._begin_anew()
        self._follow_clusters()

    @guarded
    def view_lost(self) -> None:
        """Forget the view of a chart that has become empty."""
        self.viewport = None
        self._begin_anew()

    @guarded
    def page_gone(self) -> None:
        """Forget what a page showed that is not there any more."""
        self.is_page_ready = False
        self.viewport = None
        self.last_error = ""
        self.measured.clear()
        self._begin_anew()
        self._follow_clusters()

    @guarded
    def symbol_changed(self) -> None:
        """Show the new symbol's picture, or none when it is not recorded."""
        self._context.look_around()
        self._restart()
        self._follow_clusters()

    @guarded
    def painted(self, timing: Mapping[str, float]) -> None:
        """Keep the page's measured paint times for the status."""
        self.measured.update(timing)
        logger.debug("%d frames in a second, %.2f ms each", timing["frames"], timing["paintMs"])

    @guarded
    def cell_asked(self, query: CellQuery) -> None:
        """Answer what lies at a place; of several questions meanwhile only the last counts."""
        self._context.look_around()
        self._asked = query
        self._answer_next()

    def _answer_next(self) -> None:
        picture, query, loop = self._picture, self._asked, self._turns.loop
        if query is None or loop is None or loop.is_closed() or self._is_describing:
            return
        self._asked = None
        if picture is None:
            self._tell(self.layer.show_cell, None)
            return
        self._is_describing = True
        work = partial(picture.describe, query)
        self._forget_answer = hand_over(loop, self._context.executor, work, self._show_answer)

    @guarded
    def _show_answer(self, answer: Outcome[CellReport | None]) -> None:
        self._is_describing = False
        if self._turns.loop is None:
            return
        if answer.error is not None:
            logger.error("the cell could not be described", exc_info=answer.error)
        self._tell(self.layer.show_cell, answer.value)
        self._answer_next()

    # -- the task -----------------------------------------------------------------------------

    async def run(self) -> None:
        """Carry out what is due until cancelled; a failure is logged, shown and tried again.

        The work is done in callbacks (`Turns`); this task only says for how long.
        """
        self._turns.begin(asyncio.get_running_loop())
        self._catch_up()
        try:
            await asyncio.Event().wait()
        finally:
            self._end()
            self._forget_picture()

    def _end(self) -> None:
        """Take no more turns, and no more results."""
        self._turns.end()
        self._forget_answer()

    @guarded
    def _catch_up(self) -> None:
        """Do what was asked for before the task's first turn."""
        self._turns.appoint()
        self._answer_next()
        self._follow_clusters()

    @guarded
    def _take_turn(self) -> None:
        if self._awaits_listing:
            self._begin_anew()
            self._follow_clusters()
            return
        self._context.collect()
        action, delay_s = self._schedule.next_action(monotonic())
        if action is None:
            if delay_s is not None:
                self._turns.appoint(delay_s)
            return
        self._begin(action)
        self._turns.appoint()

    def _begin(self, action: Action) -> None:
        """Hand the work over to a worker thread, where there is any."""
        self._schedule.begin(action, monotonic())
        viewport, symbol = self.viewport, self.layer.symbol
        if not self._is_drawing() or viewport is None or symbol is None:
            self._schedule.reset()
            return
        if not self._can_draw(viewport):
            # It came while another symbol, with other ticks, was shown.
            self.viewport = None
            self._begin_anew()
            return
        if self._picture is None or self._picture.symbol != symbol:
            self._forget_picture()
            self._picture = HeatPicture(self._context.database, symbol)
        picture = self._picture
        is_standby = self._context.is_standby()
        # Once more after taking over, for what the other recorder wrote last.
        reads_new_rows, self._was_standby = is_standby or self._was_standby, is_standby
        has_news = bool(self._pending) or reads_new_rows
        if action is Action.UPDATE and not has_news and not picture.is_due(self._now_ms()):
            return
        request = PictureRequest(
            viewport=viewport,
            settings=self._settings,
            tick_size=self._context.tick_size(symbol),
            now_ms=self._now_ms(),
            heartbeats=self._context.heartbeats(symbol),
            reads_new_rows=reads_new_rows,
        )
        pending, self._pending = self._pending, []
        work = {
            Action.REBUILD: picture.rebuild,
            Action.RESTYLE: picture.restyle,
            Action.UPDATE: picture.update,
        }[action]
        self._turns.hand_over(
            self._context.executor,
            partial(work, request, pending),
            partial(self._finish, action, picture, perf_counter()),
        )

    @guarded
    def _finish(
        self,
        action: Action,
        picture: HeatPicture,
        started_s: float,
        done: Outcome[PictureMessage | None],
    ) -> None:
        self._take(action, picture, started_s, done.result())
        self._turns.appoint()

    def _take(
        self, action: Action, picture: HeatPicture, started_s: float, message: PictureMessage | None
    ) -> None:
        # A toggle or another symbol while the worker was busy makes the result worthless.
        if message is not None and self._picture is picture and self._is_drawing():
            self._send(message)
            # The monotonic clock of Windows goes on by 16 ms at a time, until Python 3.13.
            duration_ms = (perf_counter() - started_s) * 1000
            self.measured[f"{action.value}_ms"] = duration_ms
            size_bytes = message.size_bytes
            self.measured["sent_bytes"] = float(size_bytes)
            logger.debug("%s in %.1f ms, %d bytes sent", action.value, duration_ms, size_bytes)
        if action is Action.REBUILD and self._picture is picture:
            # The chart may have moved on while the worker was busy.
            latest = self.viewport
            if latest is not None and not picture.fits(latest):
                self._request_rebuild(quiet_s=QUIET_S)
        self.last_error = ""

    def _send(self, message: PictureMessage) -> None:
        if message.is_whole:
            self.measured["clip_usd"] = message.meta["scale"]["clipUsd"]
            self.layer.show_grid(message.meta, message.packed)
            self._has_shown = True
        else:
            self.layer.append_cells(message.meta, message.packed)

    def _tell(self, method: Callable[..., None], *words: object) -> None:
        """Call a method of the layer; what it fails with reaches nobody else."""
        try:
            method(*words)
        except Exception as error:  # noqa: BLE001 - logged there
            self._note_failure(f"the chart could not be told: {error!r}", error)

    def note_error(self, error: Exception) -> None:
        """Show what went wrong, log it once, and build anew after a while."""
        if isinstance(error, HeatmapError):
            self._note_failure(str(error))
        else:
            self._note_failure(f"the heatmap could not be built: {error!r}", error)

    def _note_failure(self, text: str, bug: Exception | None = None) -> None:
        if text != self.last_error:
            level = logging.WARNING if bug is None else logging.ERROR
            logger.log(level, "%s; trying again every %g s", text, RETRY_S, exc_info=bug)
        self.last_error = text
        self._forget_picture()
        self._schedule.reset()
        self._schedule.request_rebuild(monotonic(), quiet_s=RETRY_S)
        self._turns.appoint(RETRY_S)

    # -- levels -------------------------------------------------------------------------------

    def _follow_clusters(self) -> None:
        """Subscribe to the shown symbol's clusters anew, or to none."""
        if self._leave_clusters is not None:
            self._leave_clusters()
            self._leave_clusters = None
        self._clusters = []
        feed, symbol = self._context.clusters, self.layer.symbol
        is_open = self._turns.loop is not None
        wanted = is_open and self._settings.cluster_lines and self._is_drawing()
        if wanted and feed is not None and symbol is not None:
            self._leave_clusters = feed.subscribe(symbol, self._take_clusters)
        elif self._shown_levels:
            self._show_levels()

    @guarded
    def _take_clusters(self, _symbol: str, clusters: list[LiquidationCluster]) -> None:
        self._clusters = clusters
        self._show_levels()

    def _show_levels(self) -> None:
        now_ms = self._now_ms()
        hidden = _HIDDEN_SIDE.get(self._settings.side)
        shown = [cluster for cluster in self._clusters if cluster.side != hidden]
        levels = [
            {
                "price": float(f"{cluster.price_level:.9g}"),
                "side": cluster.side,
                "strength": round(cluster.strength, 3),
                "fromMs": cluster.first_event_ms,
                "text": level_words(cluster, now_ms),
            }
            for cluster in shown[: self._settings.cluster_line_count]
        ]
        if levels != self._shown_levels:
            self._shown_levels = levels
            self._tell(self.layer.show_levels, levels)

    # -- helpers ------------------------------------------------------------------------------

    def _now_ms(self) -> int:
        return self._context.clock()

    def _is_drawing(self) -> bool:
        return self._obstacle() is None

    def _can_draw(self, viewport: Viewport) -> bool:
        """Tell whether there are rows for a view: a page can report what no chart shows."""
        symbol = self.layer.symbol
        if symbol is None or not viewport.is_drawable:
            return viewport.is_drawable
        tick_size = self._context.tick_size(symbol)
        resolution = Resolution.parse(self._settings.resolution)
        return can_lay_rows(viewport, tick_size, resolution)

    def _obstacle(self) -> LayerState | None:
        """Return the first reason why no picture is to be drawn; ``None``: there is none."""
        symbol, recorded = self.layer.symbol, self._settings.symbols
        if not self._settings.enabled:
            return LayerState.OFF
        if not self.is_page_ready:
            return LayerState.NO_CHART
        if symbol is None:
            return LayerState.NO_SYMBOL
        # A share may be called ALL.
        is_recorded = symbol != ALL_SYMBOLS and (
            symbol in recorded or (ALL_SYMBOLS in recorded and self._context.is_known(symbol))
        )
        return None if is_recorded else LayerState.NOT_RECORDED

    def _send_options(self) -> None:
        settings = self._settings
        self._tell(
            self.layer.set_options,
            {
                "label": self._context.label,
                **{
                    option: getattr(settings, name)
                    for name, option in SETTINGS.page_options().items()
                },
            },
        )

    def _restart(self) -> None:
        """Take the picture away, and build another where one is to be drawn."""
        # What failed before was about what goes now.
        self.last_error = ""
        self._tell(self.layer.clear)
        # The levels go with it; and what was measured is not true of nothing.
        self._shown_levels = []
        self.measured.clear()
        self._begin_anew()

    def _begin_anew(self) -> None:
        self._forget_picture()
        self._has_shown = False
        self._schedule.reset()
        obstacle = self._obstacle()
        if obstacle is None and self.viewport is not None:
            self._request_rebuild()
        # With all symbols recorded, which these are is learnt from the exchange.
        self._awaits_listing = (
            obstacle is LayerState.NOT_RECORDED and ALL_SYMBOLS in self._settings.symbols
        )
        if self._awaits_listing:
            self._turns.appoint(LISTING_S)

    def _request_rebuild(self, *, quiet_s: float = 0.0) -> None:
        self._schedule.request_rebuild(monotonic(), quiet_s=quiet_s)
        self._turns.appoint()

    def _forget_picture(self) -> None:
        # The garbage collector leads here as well: with a page that goes, or with the task of a
        # loop that was closed. It does so in the midst of anything: no lock may be waited for.
        self._pending.clear()
        picture, self._picture = self._picture, None
        if picture is not None:
            picture.close()


def describe_layer(layer: LayerPort, feed: LayerFeed | None) -> dict[str, Any]:
    """Return what the status says of a layer; `feed` is ``None`` while nobody feeds it."""
    return {
        "symbol": layer.symbol,
        "state": (LayerState.STOPPED if feed is None else feed.state).value,
        "error": layer.fault or ("" if feed is None else feed.last_error),
        "measured": {} if feed is None else dict(feed.measured),
    }
