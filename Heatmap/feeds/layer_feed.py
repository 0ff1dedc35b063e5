"""What one attached layer is shown: viewport and settings in, grids and increments out.

A feed lives on the event loop of the user interface and never blocks it: reading, building and
scaling run in a worker thread.

- A picture is drawn while nothing stands against it, see `Heatmap.feeds.layer_state`, and a view
  is known. What takes that away takes the picture away; what brings it back begins one anew.
- `FeedSchedule` decides what is due when. One piece of work is under way at a time; what comes of
  it counts only while its picture is still the one that is wanted.
- Whatever fails is told as `LayerFeed.failure`, logged once, and tried again after `RETRY_S`.
- The picture and the crosshair's questions have modules of their own: `picture_work` and
  `cell_answers`. What the page shows besides is the `followers`': cluster lines and bubbles.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from functools import partial
from time import monotonic, perf_counter
from typing import Any

from Heatmap.domain.failure_texts import failure_text
from Heatmap.domain.viewport import Viewport
from Heatmap.errors import Failure, FailureKind, HeatmapError
from Heatmap.feeds import bubbles
from Heatmap.feeds.cell_answers import CellAnswers
from Heatmap.feeds.feed_context import FeedContext
from Heatmap.feeds.feed_schedule import QUIET_S, Action, FeedSchedule
from Heatmap.feeds.followers import Followers
from Heatmap.feeds.heat_offer import OfferLine, find_offer
from Heatmap.feeds.layer_port import LayerPort
from Heatmap.feeds.layer_state import LayerState, find_obstacle, has_rows, page_options
from Heatmap.feeds.picture_work import PictureWork
from Heatmap.heatmap_settings import ALL_SYMBOLS, SETTINGS, HeatmapSettings, changed_fields
from Heatmap.picture.heat_picture import HeatPicture
from Heatmap.picture.messages import CellQuery, PictureMessage
from Heatmap.runtime.guarded import guarded
from Heatmap.runtime.host_loop import Outcome, Turns
from Heatmap.runtime.plain import as_plain
from Heatmap.runtime.safe_log import get_logger
from Heatmap.setting_fields import Effect
from Heatmap.sources.registry import source_class

logger = get_logger(__name__)

LISTING_S = 1.0
"""Time until it is asked again whether a symbol has become known."""
RETRY_S = 5.0
"""Time until the next try after building failed."""

_RESTARTING = SETTINGS.with_effect(Effect.RESTART)
_REBUILDING = SETTINGS.with_effect(Effect.REBUILD)
_RESTYLING = SETTINGS.with_effect(Effect.RESTYLE)


class LayerFeed:
    """Keeps one layer's picture true; `run` is its task. Belongs on the loop's thread.

    More than 25 methods, because what the service tells it, what the layer tells it
    (`LayerListener`) and what is due all end in the same few decisions, and those stand here.
    """

    def __init__(self, layer: LayerPort, settings: HeatmapSettings, context: FeedContext) -> None:
        self.layer = layer
        self._settings = settings
        self._context = context
        self._schedule = FeedSchedule(settings.update_interval_ms / 1000)
        self._turns = Turns(self._take_turn)
        self.viewport: Viewport | None = None
        # It is of the symbol before, as far as is known.
        self._is_view_old = False
        self.is_page_ready = False
        # Its symbol is not known yet among the exchange's, or among those recorded elsewhere.
        self._awaits_listing = False
        # The clock has jumped since the work under way was begun.
        self._has_jumped = False
        self.failure: Failure | None = None
        self._work = PictureWork(layer, context)
        self._answers = CellAnswers(
            context.executor,
            lambda: self._turns.loop,
            lambda: self._work.picture,
            lambda report: self._tell(self.layer.show_cell, report),
            self.note_error,
        )
        self._followers = Followers.of_layer(
            context, lambda: self._turns.loop, self._show_part, self.note_error
        )
        self._offer = OfferLine(self._show_part)
        layer.set_listener(self)

    @property
    def measured(self) -> dict[str, float]:
        """Measurements of the last pieces of work and of the page's frames, for the status."""
        return self._work.measured

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
        if self.failure is not None:
            return LayerState.FAILED
        return LayerState.DRAWN if self._work.has_shown else LayerState.BUILDING

    # -- what the service tells ---------------------------------------------------------------

    @guarded
    def apply_settings(self, settings: HeatmapSettings) -> None:
        """Take over changed settings; only what they touch is built again."""
        before, self._settings = self._settings, settings
        changed = changed_fields(before, settings)
        self._schedule.update_interval_s = settings.update_interval_ms / 1000
        self._tell(self.layer.set_options, page_options(settings, self._context.label))
        self._follow(changed)
        obstacle = self._obstacle()
        if changed & _RESTARTING or (obstacle is not None and self._work.has_shown):
            self._restart()
        elif changed & _REBUILDING:
            self._request_rebuild()
        elif changed & _RESTYLING:
            self._schedule.request_restyle()
            self._turns.appoint()

    @guarded
    def jump(self) -> None:
        """Show everything as of another time: the clock, and what is stored by it, has jumped.

        What is shown stays until then. A picture that is being built is shown once it is there,
        and then the next: while a key is held, each seek would else undo the one before.
        """
        self._follow()
        if self._turns.is_working:
            self._has_jumped = True
        else:
            self._follow_jump()

    def _follow_jump(self) -> None:
        self._has_jumped = False
        self._work.forget()
        if self._obstacle() is None and self.viewport is not None:
            self._request_rebuild()

    @guarded
    def close(self) -> None:
        """Remove the picture and stop listening; the owner cancels `run`'s task."""
        self._tell(self.layer.set_listener, None)
        self._turns.end()
        self._answers.end()
        self._follow()
        self._work.forget()
        self._tell(self.layer.clear)

    # -- what the layer tells (LayerListener) -------------------------------------------------

    @guarded
    def viewport_changed(self, viewport: Viewport) -> None:
        """Rebuild after a moment of quiet where the picture no longer fits; the first at once."""
        self._context.look_around()
        symbol = self.layer.symbol
        if not has_rows(viewport, self._settings, symbol, self._context.tick_size):
            return
        is_first = self.viewport is None or self._is_view_old
        self.viewport, self._is_view_old = viewport, False
        if self._obstacle() is not None or symbol is None:
            return
        if is_first or self._work.picture is None:
            self._request_rebuild()
        elif not self._work.picture.fits(viewport):
            self._request_rebuild(quiet_s=QUIET_S)
        if self._turns.loop is not None:
            self._followers.fit(symbol, viewport)

    @guarded
    def page_ready(self) -> None:
        """Show everything anew on a page that was just loaded."""
        self._context.look_around()
        self.is_page_ready = True
        self.failure = None
        self._followers.doubt()
        self._tell(self.layer.set_options, page_options(self._settings, self._context.label))
        # Nothing to remove: the page is empty, or keeps its picture until the next one comes.
        self._begin_anew()
        self._follow()

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
        self.failure = None
        self.measured.clear()
        self._begin_anew()
        self._follow()

    @guarded
    def symbol_changed(self) -> None:
        """Show the new symbol's picture, or none when it is not recorded."""
        self._context.look_around()
        # The page tells another view in a moment, as a rule: a picture for this one, with prices of
        # the symbol before, would be built for nothing, and the right one have to wait for it.
        self._is_view_old = self.viewport is not None
        self._restart()
        self._follow()

    @guarded
    def painted(self, timing: Mapping[str, float]) -> None:
        """Keep the page's measured paint times for the status."""
        self.measured.update(timing)
        logger.debug("%d frames in a second, %.2f ms each", timing["frames"], timing["paint_ms"])

    @guarded
    def heat_chosen(self, heat: str) -> None:
        """Draw other heat from now on, where that is what the chart offers."""
        self._context.look_around()
        if heat in (self._work.offered_heat, self._offer.heat):
            self._context.set_heat(heat)

    @guarded
    def cell_asked(self, query: CellQuery) -> None:
        """Answer what lies at a place; of several questions meanwhile only the last counts."""
        self._context.look_around()
        self._answers.ask(query)

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
            self._turns.end()
            self._answers.end()
            self._followers.end()
            self._work.forget()

    @guarded
    def _catch_up(self) -> None:
        """Do what was asked for before the task's first turn."""
        self._turns.appoint()
        self._answers.answer_next()
        self._follow()

    @guarded
    def _take_turn(self) -> None:
        if self._awaits_listing:
            self._begin_anew()
            self._follow()
            return
        action, _ = self._schedule.next_action(monotonic())
        if action is None and self._schedule.next_action(self._turns.moment_s)[0] is Action.UPDATE:
            # A timer that ended early; what waits for quiet still waits for all of it.
            action = Action.UPDATE
        if action is not None:
            self._begin(action)
        self._appoint_next()

    def _appoint_next(self) -> None:
        """Appoint the turn in which something is due, and none before."""
        action, delay_s = self._schedule.next_action(monotonic())
        if action is not None or self._awaits_listing:
            self._turns.appoint()
        elif delay_s is not None:
            self._turns.appoint(delay_s)

    def _begin(self, action: Action) -> None:
        """Hand the work over to a worker thread, where there is any."""
        self._schedule.begin(action, monotonic())
        self._is_view_old = False
        viewport, symbol = self.viewport, self.layer.symbol
        if self._obstacle() is not None or viewport is None or symbol is None:
            self._schedule.reset()
            return
        if not has_rows(viewport, self._settings, symbol, self._context.tick_size):
            # It came while another symbol, with other ticks, was shown.
            self.viewport = None
            self._begin_anew()
            return
        work = self._work.begin(action, symbol, viewport, self._settings)
        picture = self._work.picture
        if work is not None and picture is not None:
            finish = partial(self._finish, action, picture, perf_counter())
            self._turns.hand_over(self._context.executor, work, finish)

    @guarded
    def _finish(
        self,
        action: Action,
        picture: HeatPicture,
        started_s: float,
        done: Outcome[PictureMessage | None],
    ) -> None:
        message = done.result()
        # A toggle or another symbol while the worker was busy makes the result worthless.
        is_wanted = self._work.picture is picture
        if message is not None and is_wanted and self._obstacle() is None:
            self._work.send(action, message, started_s)
        if action is Action.REBUILD and is_wanted:
            # The chart may have moved on while the worker was busy.
            latest = self.viewport
            if latest is not None and not picture.fits(latest):
                self._request_rebuild(quiet_s=QUIET_S)
        self.failure = None
        if self._has_jumped:
            self._follow_jump()
        self._appoint_next()

    def _tell(self, method: Callable[..., None], *words: object) -> None:
        """Call a method of the layer; what it fails with reaches nobody else."""
        try:
            method(*words)
        except Exception as error:  # noqa: BLE001 - logged there
            self.note_error(error, FailureKind.CHART_NOT_TOLD)

    def _note_bubbles(self, payload: object) -> None:
        """Measure from which amount on there are bubbles; nothing where the page decides it."""
        self.measured.pop("bubble_least_usd", None)
        least_usd = payload.get("leastUsd") if isinstance(payload, dict) else None
        if least_usd is not None:
            self.measured["bubble_least_usd"] = float(least_usd)

    def _show_part(self, name: str, payload: object) -> None:
        if name == bubbles.PART:
            self._note_bubbles(payload)
        self._tell(self.layer.show_part, name, payload)

    def note_error(self, error: Exception, kind: FailureKind | None = None) -> None:
        """Show what went wrong, log it once, and build anew after a while.

        Parameters
        ----------
        error
            One of ours says by itself what went wrong, any other is a bug.
        kind
            What went wrong, whatever the error; ``None``: the error says so.
        """
        bug: Exception | None = error
        if kind is None and isinstance(error, HeatmapError):
            failure, bug = error.failure, None
        else:
            failure = Failure(kind or FailureKind.PICTURE_NOT_BUILT, {"error": repr(error)})
        if failure != self.failure:
            level = logging.WARNING if bug is None else logging.ERROR
            text = failure_text(failure)
            logger.log(level, "%s; trying again every %g s", text, RETRY_S, exc_info=bug)
        self.failure = failure
        self._work.forget()
        self._schedule.reset()
        self._schedule.request_rebuild(monotonic(), quiet_s=RETRY_S)
        self._turns.appoint(RETRY_S)

    # -- helpers ------------------------------------------------------------------------------

    def _follow(self, changed: frozenset[str] | None = None) -> None:
        """Have the followers show what belongs to what is drawn, or nothing.

        Parameters
        ----------
        changed
            Tell only those that depend on one of these settings; ``None``: all of them.
        """
        is_drawn = self._turns.loop is not None and self._obstacle() is None
        symbol = self.layer.symbol if is_drawn else None
        self._followers.follow(symbol, self._settings, self.viewport, changed)
        self._offer_heat()

    def _offer_heat(self) -> None:
        """Offer other heat where nothing of a symbol was recorded, or nothing any more."""
        state = LayerState.STOPPED if self._turns.loop is None else self._obstacle()
        can_have = self._context.can_have_candles
        self._offer.tell(find_offer(state, self.layer.symbol, self._settings, can_have))

    @property
    def _needs_recording(self) -> bool:
        return source_class(self._settings.heat).needs_recording

    def _obstacle(self) -> LayerState | None:
        """Return the first reason why no picture is to be drawn; ``None``: there is none."""
        return find_obstacle(
            self._settings,
            self.layer.symbol,
            is_page_ready=self.is_page_ready,
            needs_recording=self._needs_recording,
            is_known=(
                self._context.is_known if self._needs_recording else self._context.can_have_candles
            ),
            is_recorded_elsewhere=self._context.is_recorded_elsewhere,
        )

    def _restart(self) -> None:
        """Take the picture away, and build another where one is to be drawn."""
        # What failed before was about what goes now.
        self.failure = None
        self._tell(self.layer.clear)
        # What was shown beside it goes with it; and what was measured is not true of nothing.
        self._followers.forget()
        self._offer.forget()
        self.measured.clear()
        self._begin_anew()

    def _begin_anew(self) -> None:
        self._work.forget()
        self._tell(self._work.forget_shown)
        self._schedule.reset()
        obstacle = self._obstacle()
        if self.layer.symbol is not None and obstacle in (None, LayerState.NOT_RECORDED):
            self._context.note_shown(self.layer.symbol)
        if obstacle is None and self.viewport is not None:
            self._request_rebuild()
        # With all symbols recorded, which these are is learnt from the exchange; and what another
        # program records is learnt from the database.
        symbol = self.layer.symbol
        self._awaits_listing = obstacle is LayerState.NOT_RECORDED and (
            ALL_SYMBOLS in self._settings.symbols
            or not self._needs_recording
            or (symbol is not None and self._context.can_have_candles(symbol))
        )
        if self._awaits_listing:
            self._turns.appoint(LISTING_S)
        self._offer_heat()

    def _request_rebuild(self, *, quiet_s: float = 0.0) -> None:
        if self._is_view_old:
            quiet_s = max(quiet_s, QUIET_S)
        self._schedule.request_rebuild(monotonic(), quiet_s=quiet_s)
        self._turns.appoint()


def layer_failure(layer: LayerPort, feed: LayerFeed | None) -> Failure | None:
    """Return what is wrong with a layer; `feed` is ``None`` while nobody feeds it."""
    return layer.failure or (None if feed is None else feed.failure)


def describe_layer(layer: LayerPort, feed: LayerFeed | None) -> dict[str, Any]:
    """Return what the status says of a layer; `feed` is ``None`` while nobody feeds it."""
    return {
        "symbol": layer.symbol,
        "state": (LayerState.STOPPED if feed is None else feed.state).value,
        "failure": as_plain(layer_failure(layer, feed)),
        "measured": {} if feed is None else dict(feed.measured),
    }
