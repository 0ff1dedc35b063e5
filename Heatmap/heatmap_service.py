"""The service: wires recorder, database and layers together; the one object a host talks to."""

import time
from collections.abc import Callable, Coroutine
from concurrent.futures import Executor
from decimal import Decimal
from itertools import islice
from typing import Any

from Heatmap.domain.candles import MOST_CANDLE_SYMBOLS
from Heatmap.domain.events import DataKind, StoredBatch
from Heatmap.errors import Failure, FailureKind
from Heatmap.feeds.cluster_feed import ClusterFeed, ClusterSource
from Heatmap.feeds.feed_context import FeedContext
from Heatmap.feeds.layer_port import LayerPort
from Heatmap.feeds.level_book import LevelBook
from Heatmap.feeds.level_feed import LevelFeed
from Heatmap.feeds.level_market import LevelStore
from Heatmap.feeds.recorded_feed import RecordedFeed, RecordedSource
from Heatmap.heatmap_settings import ALL_SYMBOLS, HeatmapSettings
from Heatmap.history.market_history import MarketHistory
from Heatmap.ingestion.connection.supervisor import ConnectionTimes
from Heatmap.ingestion.recorder.recorder import RecorderStatus
from Heatmap.ingestion.venues.table import venue_named
from Heatmap.runtime.exchange_clock import ExchangeClock, wall_clock_ms
from Heatmap.runtime.safe_log import get_logger
from Heatmap.service.alert_questions import AlertQuestions
from Heatmap.service.alerting import Alerting, AlertSource
from Heatmap.service.attached_layers import AttachedLayers
from Heatmap.service.database_watch import DatabaseWatch
from Heatmap.service.feeding import Feeding
from Heatmap.service.layer_overrides import LayerOverrides
from Heatmap.service.learning import LevelLearner
from Heatmap.service.lifecycle import Lifecycle
from Heatmap.service.market_questions import MarketQuestions
from Heatmap.service.recorded_questions import RecordedQuestions
from Heatmap.service.recorder_holder import RecorderHolder
from Heatmap.service.recording import Recording
from Heatmap.service.replays import Replays, ReplaySource
from Heatmap.service.shared_parts import SharedParts, locked
from Heatmap.service.status import assemble_status
from Heatmap.service.symbol_facts import SymbolFacts
from Heatmap.sources.level_maps import LevelMaps
from Heatmap.storage.event_tape import EventTape
from Heatmap.storage.store import Address, open_store, store_beside

logger = get_logger(__name__)

SettingsListener = Callable[[HeatmapSettings], None]


class HeatmapService(MarketQuestions, AlertQuestions):
    """Records liquidations at all times and feeds the attached layers.

    A facade: it has a method for each thing that a host asks for, and leaves the work to its parts.
    `MarketQuestions` has those about clusters, candles and predicted levels, `AlertQuestions` those
    about alerts.

    Belongs to the thread of the host's event loop. It may be created, given layers and settings
    before the loop runs; `start` and `stop` are awaited in it, any number of times.

    Parameters
    ----------
    settings
        The settings at the start; `apply_settings` changes them.
    db
        Address of the database, a file as a rule; ``None``: ``heatmap.sqlite3`` in the user's data
        directory.
    venue
        Whose liquidations are recorded, by its written name; the settings' symbols are its own.
    ws_url, rest_url
        Bases of the exchange's websocket and REST addresses; ``None``: the venue's own.
    kind
        What the data are; a database of another kind is refused at `start`.
    clock
        Data time now in UTC milliseconds; ``None``: the exchange's, by its heartbeats. A replay
        gives its own.
    label
        Short text on the picture, such as ``SIMULATED``; empty: none.
    speed
        Data time per real time; a fast replay's coverage is written at larger steps.
    connection_times
        The connection's waiting times; ``None``: those that suit the real exchange.

    Attributes
    ----------
    recorded
        What was recorded of single symbols, for whoever follows it, such as a tape.
    replays
        Has each layer show an earlier time: ``service.replays.of(layer)``.
    """

    def __init__(
        self,
        settings: HeatmapSettings | None = None,
        *,
        db: Address | None = None,
        venue: str = "binance",
        ws_url: str | None = None,
        rest_url: str | None = None,
        kind: DataKind = DataKind.LIVE,
        clock: Callable[[], int] | None = None,
        label: str = "",
        speed: float = 1.0,
        connection_times: ConnectionTimes | None = None,
    ) -> None:
        self._settings = settings or HeatmapSettings()
        stored = open_store(db, kind)
        # What a standby fetches it may not store: it is read as if it were.
        self._store, beside = store_beside(stored)
        self._kind = kind
        self._label = label
        self._recording = RecorderHolder(
            Recording(
                stored,
                kind,
                ws_url,
                rest_url,
                connection_times,
                venue=venue_named(venue),
                beside=beside,
            ),
            speed,
            self._receive_batch,
            self._look_around,
        )
        self._tape = EventTape(self._store, self._recording.is_written_elsewhere)
        self._clock = clock or ExchangeClock(
            self._recording.newest_heartbeat, wall_clock_ms, time.monotonic
        )
        self._symbols = SymbolFacts(
            self._recording.glance, self._recording.want_candles, lambda: self._settings
        )
        self._attached = AttachedLayers(self._look_around)
        # Why new events could not be handed on last.
        self._batch_failure: Failure | None = None
        # What a settings listener failed with at the last change.
        self._listener_failure: Failure | None = None
        clusters = ClusterFeed(
            ClusterSource(self._tape, self._recording.mark_price, self._clock),
            self._settings,
        )
        # History is of the real market.
        is_live = kind is DataKind.LIVE
        imported = MarketHistory.beside(self._store.address) if is_live else None
        source = LevelStore.of(self._store, imported)
        self._maps = LevelMaps(self._tape, source)
        book = LevelBook(source)

        def candle_span_ms() -> int:
            return self._settings.candle_retention_ms

        def learnt_symbols() -> tuple[str, ...]:
            named = (one for one in self._settings.symbols if one != ALL_SYMBOLS)
            return tuple(islice(named, MOST_CANDLE_SYMBOLS))

        levels = LevelFeed(book, self._clock, candle_span_ms)
        seen_clock = ExchangeClock(self._recording.seen_heartbeat, wall_clock_ms, time.monotonic)
        self._shared = SharedParts(
            kind=kind,
            tape=self._tape,
            markets=source,
            levels=book,
            maps=self._maps,
            clock=locked(clock or seen_clock),
            settings=lambda: self._settings,
            recorder=self._recording.seen_status,
            heartbeats=self._recording.seen_heartbeats,
            symbols=self._symbols.seen(self._recording.seen_glance),
            label=label,
        )
        self._learner = LevelLearner(source, learnt_symbols, candle_span_ms)
        recorded = RecordedFeed(RecordedSource(self._tape, self._clock, self._recording.heartbeats))
        self.recorded = RecordedQuestions(recorded, self._look_around)

        def feed_anew(layer: LayerPort) -> None:
            if self._attached.end_living_feed(layer):
                self._lifecycle.feed_layers()

        self.replays = Replays(
            ReplaySource(
                self._tape,
                source,
                self._maps,
                self._shared.clock,
                lambda: self._settings,
                self._look_around,
            ),
            feed_anew,
            self._attached.jump,
        )
        self._attached.context_of = self.replays.context_of
        alerting = Alerting(
            AlertSource(
                self._tape,
                self._recording.seen_status,
                lambda: self._settings.symbols,
                self,
                is_live=is_live,
            )
        )
        self._feeding = Feeding(
            self._attached,
            clusters,
            levels,
            recorded,
            self.replays,
            alerting,
            self._learner,
            self._make_context,
            lambda: self._settings,
        )
        self._watch = DatabaseWatch(self._store)
        self._lifecycle = Lifecycle(
            self._recording,
            self._feeding,
            self._watch,
            lambda: self._settings,
            self._symbols.learn,
        )
        AlertQuestions.__init__(
            self, alerting, self._store, self._clock, lambda: self._lifecycle.executor
        )
        MarketQuestions.__init__(
            self,
            source,
            self._symbols,
            clusters,
            levels,
            lambda: self._lifecycle.executor,
            self._recording.want_candles,
            self._look_around,
        )
        self._settings_listeners: list[SettingsListener] = []

    # -- life ---------------------------------------------------------------------------------

    def start(self) -> Coroutine[Any, Any, None]:
        """Open the database, start recording and feed the attached layers. Idempotent.

        To be awaited, or made a task. Where that is done in a loop which has no turn while another
        one runs inside it, the service moves to the one that runs when it is used there, or when
        an attached layer's page tells something.

        Raises
        ------
        StorageError
            The database cannot be used; nothing was started and nothing overwritten.
        """
        return self._lifecycle.start()

    async def stop(self) -> None:
        """Stop feeding and recording; everything received is in the database. Idempotent.

        Whoever is cancelled while waiting for it does not interrupt it.
        """
        await self._lifecycle.stop()

    def is_running(self) -> bool:
        """Whether the recorder thread lives; `status` tells how it fares."""
        return self._recording.is_running()

    def is_standby(self) -> bool:
        """Whether another recorder writes the database, and this one only stands by."""
        return self._recording.is_standby()

    def is_live(self) -> bool:
        """Whether the exchange delivers heartbeats at this moment."""
        return self._recording.is_live()

    # -- settings -----------------------------------------------------------------------------

    @property
    def settings(self) -> HeatmapSettings:
        """The current settings."""
        return self._settings

    def apply_settings(self, settings: HeatmapSettings) -> None:
        """Apply `settings` at once: the picture, the recorder, and whoever listens."""
        self._look_around()
        before, self._settings = self._settings, settings
        if settings == before:
            return
        if self._recording.recorder is not None:
            self._recording.apply_settings(settings)
            if settings.symbols != before.symbols:
                self._lifecycle.request_restart()
        self._feeding.apply_settings(settings)
        self._listener_failure = None
        for listener in list(self._settings_listeners):
            try:
                listener(settings)
            except Exception as error:
                logger.exception("a listener failed on changed settings")
                self._listener_failure = Failure(
                    FailureKind.LISTENER_FAILED, {"error": repr(error)}
                )

    def confirm_retention(self) -> bool:
        """Apply the shorter retention that waits for it, and delete what it says.

        `RecorderStatus.retention` names the number of events that this deletes.

        Returns
        -------
        bool
            ``False`` where none waits, or where it is not counted yet what it deletes.
        """
        return self._recording.confirm_retention()

    def add_settings_listener(self, listener: SettingsListener) -> None:
        """Call `listener` with the new settings after each change."""
        self._settings_listeners.append(listener)

    def remove_settings_listener(self, listener: SettingsListener) -> None:
        """Call `listener` no more; nothing happens when it is not known."""
        if listener in self._settings_listeners:
            self._settings_listeners.remove(listener)

    # -- layers -------------------------------------------------------------------------------

    def attach(self, layer: LayerPort, overrides: LayerOverrides | None = None) -> None:
        """Feed `layer` while the service runs. Attaching twice is the same as once.

        What `overrides` holds is this layer's own, in the place of the service's settings.

        A layer that is detached from its page, or goes with it, is detached here too, and so is one
        that is attached to another service.
        """
        layers = self._attached.layers
        self._attached.set_overrides(layer, overrides)
        if layer in layers:
            return
        layers.append(layer)
        layer.set_leave_listener(self.detach)
        # One that is detached from its page already has left by now.
        if layer not in layers:
            return
        if self._lifecycle.home.awaits_turn:
            self._attached.listen(layer)
        if not self._look_around() and self._lifecycle.is_started:
            self._lifecycle.feed_layers()

    def detach(self, layer: LayerPort) -> None:
        """Feed `layer` no more and remove its picture; recording goes on."""
        if layer in self._attached.layers:
            self._attached.layers.remove(layer)
            layer.set_leave_listener(None)
            self.replays.end(layer)
            self._attached.set_overrides(layer, None)
            self._attached.end_feed(layer)

    # -- status -------------------------------------------------------------------------------

    @property
    def database(self) -> Address:
        """Address of the database: its path, or a text with a scheme."""
        return self._store.address

    @property
    def kind(self) -> DataKind:
        """What the data are."""
        return self._kind

    @property
    def shared(self) -> SharedParts:
        """What of it other threads may use, such as a server's."""
        return self._shared

    def clock(self) -> int:
        """Return data time now, UTC milliseconds."""
        return self._clock()

    def tick_size(self, symbol: str) -> Decimal:
        """Return the tick size in use for `symbol`, USD: the exchange's, the last known, or 0.1."""
        return self._symbols.tick_size(symbol)

    def recorder_status(self) -> RecorderStatus | None:
        """Return the recorder's own snapshot; ``None`` before the first `start`."""
        return self._recording.status()

    def failures(self) -> list[Failure]:
        """Return what is wrong: of the service the first that it has to tell, then of each layer.

        As in `status`, which costs more.
        """
        self._look_around()
        own = next((one for one in self._own_failures() if one is not None), None)
        return [one for one in (own, *self._attached.failures()) if one is not None]

    def status(self) -> dict[str, Any]:
        """Return how recording and drawing are, as plain facts that `json.dumps` takes.

        Returns
        -------
        dict
            ``running``, ``kind``, ``database``, ``failure``, ``recorder`` (`RecorderStatus` as a
            dict, or ``None``), ``role``, ``events_today``, ``last_event_ms`` and
            ``database_bytes`` (of the database, a few seconds old), ``tick_sizes``, ``layers``
            (``symbol``, ``state``, ``failure``, ``measured``), ``learning`` (per symbol what was
            last learned for predicted levels) and ``alerts``, with how each way of telling them
            fares; see ``docs/status.md``.
        """
        symbols, layers = self._settings.symbols, self._attached
        names = [symbol for symbol in symbols if symbol != ALL_SYMBOLS]
        names += [layer.symbol for layer in layers.feeds if layer.symbol is not None]
        return assemble_status(
            recorder=self.recorder_status(),
            facts=self._watch.facts(
                self._lifecycle.home.loop, self._lifecycle.executor, symbols, self._clock()
            ),
            is_running=self.is_running(),
            kind=self._kind,
            database=self.database,
            failures=self._own_failures(),
            tick_origins={name: self._symbols.tick_origin(name) for name in names},
            layers=layers.statuses(),
            learning=self._learner.statuses(),
            alerts=self._alerting.status(),
        )

    # -- inside -------------------------------------------------------------------------------

    def _own_failures(self) -> tuple[Failure | None, ...]:
        return (
            self._lifecycle.failure,
            self._attached.layer_failure,
            self._lifecycle.loop_failure(),
            self._batch_failure,
            self._listener_failure,
            self._clusters.failure,
            self._levels.failure,
            self._alerting.failure(),
        )

    def _look_around(self) -> bool:
        """Notice a loop that runs in the place of its own; whether it is about to move there."""
        return self._lifecycle.look_around()

    def _make_context(self, executor: Executor) -> FeedContext:
        return FeedContext(
            tape=self._tape,
            clock=self._clock,
            tick_size=self.tick_size,
            heartbeats=self._recording.heartbeats,
            executor=executor,
            label=self._label,
            is_known=self._symbols.is_known,
            is_recorded_elsewhere=self._symbols.is_recorded_elsewhere,
            can_have_candles=self._symbols.can_have_candles,
            clusters=self._clusters,
            mark_price=self._recording.mark_price,
            running_minute=self._recording.running_minute,
            maps=self._maps,
            note_shown=self._symbols.note_shown,
            set_heat=lambda heat: self.apply_settings(self._settings.changed(heat=heat)),
            look_around=self._look_around,
        )

    def _receive_batch(self, batch: StoredBatch) -> None:
        """Take a batch in the recorder's thread."""
        try:
            self._tape.add_batch(batch)
        except Exception as error:
            logger.exception("new events could not be handed on")
            values = {"error": repr(error)}
            self._batch_failure = Failure(FailureKind.EVENTS_NOT_HANDED_ON, values)
            self._tape.lose_batches()
        else:
            self._batch_failure = None
