"""Replay and as of: what one layer, and the panels beside it, show of an earlier time.

- It is read from the database as it was known then (`Heatmap.storage.store.store_as_of`): recorded
  heat, bubbles, bars, clusters, predicted levels, tape, totals and candles. Nothing that came later
  is in it.
- Recording goes on, and other layers show the present.
- A replay that has caught up with the present goes back to it by itself.
"""

import asyncio
from collections.abc import Callable, Iterable
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from functools import partial
from typing import cast
from weakref import WeakKeyDictionary, ref

from Heatmap.domain.candles import MINUTE_MS, Candle
from Heatmap.domain.instruments import InstrumentName, asked_symbol
from Heatmap.feeds.cluster_feed import ClusterFeed, ClusterSource
from Heatmap.feeds.feed_context import FeedContext
from Heatmap.feeds.layer_port import LayerPort, SymbolPort
from Heatmap.feeds.level_market import LevelStore
from Heatmap.feeds.market_as_of import markets_as_of
from Heatmap.feeds.recorded_feed import RecordedFeed, RecordedSource
from Heatmap.feeds.replay_reads import with_running
from Heatmap.heatmap_settings import HeatmapSettings
from Heatmap.runtime.guarded import guarded
from Heatmap.runtime.host_loop import Turns, run_beside
from Heatmap.runtime.replay_clock import ReplayClock
from Heatmap.runtime.safe_log import get_logger
from Heatmap.service.candle_reads import read_history
from Heatmap.service.market_state import ShownTime
from Heatmap.service.recorded_questions import RecordedQuestions
from Heatmap.sources.level_maps import LevelMaps
from Heatmap.storage.event_tape import EventTape
from Heatmap.storage.store import store_as_of

logger = get_logger(__name__)

# How often it is looked whether the present was reached, and for clusters.
_LOOK_S, _CLUSTERS_S = 0.25, 1.0


@dataclass(frozen=True, slots=True)
class ReplaySource:
    """What replays are made of.

    Attributes
    ----------
    tape
        What is stored.
    markets, maps
        What is known of markets, and the levels that are drawn of it.
    clock
        Data time now, UTC milliseconds; asked in any thread.
    settings
        Gives the settings in force.
    look_around
        Has the service notice that another loop runs than the one in which it was started.
    """

    tape: EventTape
    markets: LevelStore
    maps: LevelMaps
    clock: Callable[[], int]
    settings: Callable[[], HeatmapSettings]
    look_around: Callable[[], object]


class Replay:
    """The earlier time that a layer shows; `HeatmapService.replays` makes it. Loop's thread only.

    It is not active at first: the layer shows the present. `show_as_of` or `begin` take it back,
    `back_to_live` ends that. Alerts do not ring for what a replay shows: they follow the recorder.

    Attributes
    ----------
    recorded
        Tape and totals as of the moment; for whoever follows them while it is active.
    clusters
        Clusters as of the moment; for the service.
    """

    def __init__(self, source: ReplaySource, on_change: Callable[[bool], None]) -> None:
        self._source = source
        # Told whether the layer has to be fed by another context, or time has jumped.
        self._on_change = on_change
        self._clock = ReplayClock(source.clock, source.clock())
        self._is_active = self._is_as_of = False
        self._listeners: list[Callable[[], object]] = []
        self._turns = Turns(self._take_turn)
        self._executor: Executor | None = None
        store = store_as_of(source.tape.store, self._clock)
        self._tape = EventTape(store)
        self._markets = markets_as_of(source.markets, store, self._clock)
        self._maps = LevelMaps(self._tape, self._markets, later=source.maps)
        self.clusters = ClusterFeed(
            ClusterSource(self._tape, _unknown, self._clock), _looked_at_often(source.settings())
        )
        self._feed = RecordedFeed(RecordedSource(self._tape, self._clock, _unknown))
        self.recorded = RecordedQuestions(self._feed, source.look_around)

    # -- what is shown ------------------------------------------------------------------------

    @property
    def is_active(self) -> bool:
        """Whether the layer shows an earlier time."""
        return self._is_active

    @property
    def is_playing(self) -> bool:
        """Whether that time goes on."""
        return self._is_active and self._clock.is_playing

    @property
    def speed(self) -> float:
        """How fast it goes on when it plays: data time per real time."""
        return self._clock.speed

    @property
    def shown(self) -> ShownTime:
        """What is shown, as `Heatmap.market_state` takes it: ``NOW`` while it is not active."""
        if not self._is_active:
            return ShownTime.NOW
        return ShownTime.AS_OF if self._is_as_of else ShownTime.REPLAY

    def now_ms(self) -> int:
        """Return the moment that is shown, UTC milliseconds: the present while it is not active."""
        return self._clock() if self._is_active else self._source.clock()

    # -- what is done -------------------------------------------------------------------------

    def show_as_of(self, ts_ms: int | None) -> None:
        """Show what was known at a moment, and stand there; ``None``: the present.

        Parameters
        ----------
        ts_ms
            UTC milliseconds; what lies ahead of now counts as now.
        """
        if ts_ms is None:
            self.back_to_live()
            return
        self._clock.pause()
        self._show(ts_ms, is_as_of=True)

    def begin(self, ts_ms: int) -> None:
        """Show what was known at a moment, and stand there until `play`."""
        self._clock.pause()
        self._show(ts_ms, is_as_of=False)

    def play(self) -> None:
        """Let the time go on; nothing happens while it is not active."""
        if self._is_active:
            self._is_as_of = False
            self._clock.play()
            self._turns.appoint(_LOOK_S)
            self._tell()

    def pause(self) -> None:
        """Stand still; nothing happens while it is not active."""
        if self._is_active:
            was_playing = self._clock.is_playing
            self._clock.pause()
            if was_playing:
                # What follows the time from look to look would stand a moment behind.
                self._feed.hurry()
                self._on_change(False)
            self._tell()

    def set_speed(self, speed: float) -> None:
        """Play so much faster than real time: 1, 10, 60, 300 or 600.

        Raises
        ------
        ValueError
            The speed is another one.
        """
        self._clock.set_speed(speed)
        self._tell()

    def seek(self, ts_ms: int) -> None:
        """Go to a moment, and play or stand there as before; begins where it is not active."""
        self._show(ts_ms, is_as_of=self._is_as_of)

    def back_to_live(self) -> None:
        """Show the present; nothing happens where that is shown."""
        if not self._is_active:
            return
        self._is_active = self._is_as_of = False
        self._clock.pause()
        self._stop()
        self._on_change(True)
        self._tell()

    def add_listener(self, listener: Callable[[], object]) -> None:
        """Call `listener` after each change but that of the running time."""
        self._listeners.append(listener)

    def remove_listener(self, listener: Callable[[], object]) -> None:
        """Call `listener` no more; nothing happens when it is not known."""
        if listener in self._listeners:
            self._listeners.remove(listener)

    # -- what is asked ------------------------------------------------------------------------

    async def candles(
        self, symbol: InstrumentName, from_ms: int, to_ms: int, interval_ms: int = MINUTE_MS
    ) -> tuple[Candle, ...]:
        """Return the candles of a half-open time that were known at the moment.

        Those of the database: each once, in order. The last one may be in progress: it is made of
        those of its minutes that were over.

        Raises
        ------
        ValueError
            The symbol or the interval is none, or the service does not run.
        StorageError
            The database cannot be read.
        """
        self._source.look_around()
        instrument, executor = asked_symbol(symbol), self._executor
        if executor is None:
            raise ValueError("candles need a service that runs; start it first")
        moment_ms = self.now_ms()
        read = partial(read_history, self._markets, instrument)
        closed = await run_beside(executor, partial(read, from_ms, to_ms, interval_ms))
        begin_ms = moment_ms // interval_ms * interval_ms
        if not from_ms <= begin_ms < to_ms:
            return closed.candles
        until_ms = min(to_ms, moment_ms)
        minutes = await run_beside(executor, partial(read, begin_ms, until_ms, MINUTE_MS))
        # The time may have gone on meanwhile.
        known = tuple(one for one in closed.candles if one.open_ms < begin_ms)
        if interval_ms == MINUTE_MS:
            return closed.candles
        return with_running(known, minutes.candles, interval_ms)

    # -- for the service ----------------------------------------------------------------------

    def context(self, live: FeedContext) -> FeedContext:
        """Return what the layer is fed by: `live`, or the same as of the moment."""
        if not self._is_active:
            return live
        return replace(
            live,
            tape=self._tape,
            clock=self._clock,
            heartbeats=_unknown,
            clusters=self.clusters,
            mark_price=_unknown,
            running_minute=_unknown,
            maps=self._maps,
            is_replay=True,
        )

    def start(self, executor: Executor) -> None:
        """Read in `executor` from now on; call it in the running loop. Idempotent."""
        self._executor = executor
        if self._is_active:
            self._run()

    def stop(self) -> None:
        """Read nothing any more; idempotent."""
        self._executor = None
        self._stop()

    # -- inside -------------------------------------------------------------------------------

    def note_error(self, error: Exception) -> None:
        """Log an error of its own, which must not reach the loop."""
        logger.error("a replay failed", exc_info=error)

    def _show(self, ts_ms: int, *, is_as_of: bool) -> None:
        before_ms, was_active = self.now_ms(), self._is_active
        self._is_as_of = is_as_of
        self._clock.seek(max(0, ts_ms))
        self._maps.doubt(is_back=ts_ms < before_ms)
        self._is_active = True
        if not was_active:
            self._run()
        self._feed.hurry()
        self._on_change(not was_active)
        self._tell()

    def _run(self) -> None:
        executor = self._executor
        if executor is None:
            return
        self.clusters.apply_settings(_looked_at_often(self._source.settings()))
        self.clusters.start(executor)
        self._feed.start(executor)
        self._turns.begin(asyncio.get_running_loop())
        self._turns.appoint(_LOOK_S)

    def _stop(self) -> None:
        self._turns.end()
        self.clusters.stop()
        self._feed.stop()

    @guarded
    def _take_turn(self) -> None:
        if not self.is_playing:
            return
        if self._clock() >= self._source.clock():
            self.back_to_live()
        else:
            self._turns.appoint(_LOOK_S)

    def _tell(self) -> None:
        for listener in list(self._listeners):
            try:
                listener()
            except Exception:
                logger.exception("a listener of a replay failed")


class Replays:
    """The replays of one service's layers; each layer has its own. Loop's thread only.

    Parameters
    ----------
    source
        What they are made of.
    feed_anew
        Has a layer fed by another context.
    jump
        Has what feeds a layer notice that its time has jumped.
    """

    def __init__(
        self,
        source: ReplaySource,
        feed_anew: Callable[[LayerPort], object],
        jump: Callable[[LayerPort], object],
    ) -> None:
        self._source = source
        self._feed_anew = feed_anew
        self._jump = jump
        self._replays: WeakKeyDictionary[SymbolPort, Replay] = WeakKeyDictionary()
        self._executor: Executor | None = None

    def of(self, layer: SymbolPort) -> Replay:
        """Return the replay of a layer, or of what panels share without one; always the same."""
        known = self._replays.get(layer)
        if known is None:
            # It goes with the layer.
            change = partial(self._change, ref(layer))
            known = self._replays[layer] = Replay(self._source, change)
            if self._executor is not None:
                known.start(self._executor)
        return known

    def end(self, layer: LayerPort) -> None:
        """Have a layer that is detached show the present from then on."""
        known = self._replays.get(layer)
        if known is not None:
            known.back_to_live()

    def context_of(self, layer: LayerPort, live: FeedContext) -> FeedContext:
        """Return what a layer is fed by."""
        known = self._replays.get(layer)
        return live if known is None else known.context(live)

    def start(self, executor: Executor) -> None:
        """Read in `executor` from now on; call it in the running loop. Idempotent."""
        self._executor = executor
        for one in self._all():
            one.start(executor)

    def stop(self) -> None:
        """Read nothing any more; idempotent."""
        self._executor = None
        for one in self._all():
            one.stop()

    def apply_settings(self, settings: HeatmapSettings) -> None:
        """Tell all of them changed settings."""
        for one in self._all():
            one.clusters.apply_settings(_looked_at_often(settings))

    def _all(self) -> Iterable[Replay]:
        return list(self._replays.values())

    def _change(self, layer: "ref[SymbolPort]", is_other: bool) -> None:
        living = layer()
        if living is not None:
            # What is no layer is not fed, and nothing happens.
            (self._feed_anew if is_other else self._jump)(cast("LayerPort", living))


def _looked_at_often(settings: HeatmapSettings) -> HeatmapSettings:
    """Return settings for a time that goes on up to 600 times as fast."""
    return settings.changed(cluster_interval_s=_CLUSTERS_S)


def _unknown(_symbol: str) -> None:
    """Of the past neither heartbeats nor prices between two candles are kept."""
