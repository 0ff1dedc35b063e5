"""The service: wires recorder, database and layers together; the one object a host talks to."""

import asyncio
import time
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

from Heatmap.aggregation.clusters.find_clusters import LiquidationCluster
from Heatmap.domain.events import DataKind, StoredBatch
from Heatmap.domain.instruments import parse_symbol
from Heatmap.errors import Failure, FailureKind
from Heatmap.feeds.cluster_feed import ClusterFeed, ClusterListener, ClusterSource
from Heatmap.feeds.layer_feed import FeedContext
from Heatmap.feeds.layer_port import LayerPort
from Heatmap.heatmap_settings import ALL_SYMBOLS, REST_URL, WS_URL, HeatmapSettings
from Heatmap.ingestion.connection.supervisor import (
    ConnectionMemory,
    ConnectionState,
    ConnectionTimes,
)
from Heatmap.ingestion.recorder.recorder import Recorder, RecorderConfig, RecorderStatus, SinkRole
from Heatmap.picture.messages import Heartbeats
from Heatmap.runtime.exchange_clock import ExchangeClock, wall_clock_ms
from Heatmap.runtime.host_loop import LoopHome, Request, begin_task, end_task, run_beside
from Heatmap.runtime.plain import as_plain
from Heatmap.runtime.safe_log import get_logger
from Heatmap.service.attached_layers import AttachedLayers
from Heatmap.service.database_watch import DatabaseWatch
from Heatmap.storage.location import default_database
from Heatmap.storage.sqlite_store import SqliteStore

logger = get_logger(__name__)

FALLBACK_TICK_SIZE = Decimal("0.1")
"""Tick size of BTCUSDT as of 2026; serves until the exchange or the database tells one."""

# Coverage is written after its events, about once a second; a second recorder's is not waited for.
_COVERAGE_LAG_S = 15.0

SettingsListener = Callable[[HeatmapSettings], None]


class HeatmapService:
    """Records liquidations at all times and feeds the attached layers.

    Belongs to the thread of the host's event loop. It may be created, given layers and settings
    before the loop runs; `start` and `stop` are awaited in it, any number of times.

    Parameters
    ----------
    settings
        The settings in force at the start; `apply_settings` changes them.
    db
        Path of the database; ``None``: ``heatmap.sqlite3`` in the user's data directory.
    ws_url, rest_url
        Bases of the exchange's websocket and REST addresses.
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
    """

    def __init__(
        self,
        settings: HeatmapSettings | None = None,
        *,
        db: str | Path | None = None,
        ws_url: str = WS_URL,
        rest_url: str = REST_URL,
        kind: DataKind = DataKind.LIVE,
        clock: Callable[[], int] | None = None,
        label: str = "",
        speed: float = 1.0,
        connection_times: ConnectionTimes | None = None,
    ) -> None:
        self._settings = settings or HeatmapSettings()
        self._database = Path(db) if db is not None else default_database(kind)
        self._ws_url = ws_url
        self._rest_url = rest_url
        self._kind = kind
        self._clock = clock or ExchangeClock(self._newest_heartbeat, wall_clock_ms, time.monotonic)
        self._label = label
        self._speed = speed
        self._connection_times = connection_times or ConnectionTimes()
        # A recorder that is started anew keeps to what the exchange asked of the one before.
        self._connection_memory = ConnectionMemory()
        self._recorder: Recorder | None = None
        self._last_status: RecorderStatus | None = None
        self._executor: ThreadPoolExecutor | None = None
        self._control: ThreadPoolExecutor | None = None
        self._stop_task: asyncio.Task[None] | None = None
        self._home = LoopHome(self._move_over)
        self._attached = AttachedLayers(self._look_around)
        self._restart_task: asyncio.Task[None] | None = None
        self._settings_listeners: list[SettingsListener] = []
        self._lifecycle = asyncio.Lock()
        # Recording has begun, and what attaches is fed.
        self._is_started = False
        # The host wants it to run: a restart must not undo a stop.
        self._is_wanted = False
        # What the recorder was made for.
        self._recorded_symbols: tuple[str, ...] = ()
        # From the database, for as long as the exchange has not told.
        self._stored_tick_sizes: dict[str, Decimal] = {}
        self._failure: Failure | None = None
        # What a settings listener failed with at the last change.
        self._listener_failure: Failure | None = None
        self._clusters = ClusterFeed(
            ClusterSource(self._database, self._mark_price, self._clock, self.is_standby),
            self._settings,
        )
        self._cluster_leavers: dict[tuple[str, ClusterListener], Callable[[], None]] = {}
        self._watch = DatabaseWatch(self._database)

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
        request = self._home.ask()
        if request.loop is not None:
            for layer in self._attached.layers:
                self._attached.listen(layer)
        return self._start_asked(request)

    async def _start_asked(self, request: Request) -> None:
        if not self._home.begin(request, is_wanted=self._is_wanted):
            return
        self._is_wanted = True
        self._enter_loop()
        # A stop that was asked for before comes first, though its task has not begun.
        if self._stop_task is not None and not self._stop_task.done():
            await asyncio.shield(self._stop_task)
        async with self._lifecycle:
            # A stop that was asked for after this start, and waited for its turn with it, counts.
            if self._is_wanted:
                await self._start()

    async def stop(self) -> None:
        """Stop feeding and recording; everything received is in the database. Idempotent.

        Whoever is cancelled while waiting for it does not interrupt it.
        """
        self._is_wanted = False
        loop = self._enter_loop()
        if self._stop_task is None or self._stop_task.done():
            self._stop_task = begin_task(loop, self._stop_alone(), "Heatmap stop")
        await asyncio.shield(self._stop_task)

    def is_running(self) -> bool:
        """Whether the recorder thread lives; `status` tells how it fares."""
        self._look_around()
        return self._recorder is not None and self._recorder.is_running()

    def is_standby(self) -> bool:
        """Whether another recorder writes the database, and this one only stands by."""
        status = self.recorder_status()
        return status is not None and status.role is SinkRole.STANDBY

    def is_live(self) -> bool:
        """Whether the exchange delivers heartbeats at this moment."""
        status = self.recorder_status()
        return status is not None and status.connection is ConnectionState.LIVE

    # -- settings -----------------------------------------------------------------------------

    @property
    def settings(self) -> HeatmapSettings:
        """The settings in force."""
        return self._settings

    def apply_settings(self, settings: HeatmapSettings) -> None:
        """Put `settings` in force at once: the picture, the recorder, and whoever listens."""
        self._look_around()
        before, self._settings = self._settings, settings
        if settings == before:
            return
        if self._recorder is not None:
            self._recorder.reconfigure(
                retention_ms=settings.retention_ms, keep_raw=settings.keep_raw
            )
            if settings.symbols != before.symbols:
                self._request_restart()
        self._clusters.apply_settings(settings)
        for feed, _task in self._attached.feeds.values():
            feed.apply_settings(settings)
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
        """Put the shorter retention in force that waits for it, and delete what it says.

        `RecorderStatus.retention` names the number of events that this deletes.

        Returns
        -------
        bool
            ``False`` where none waits, or where it is not counted yet what it deletes.
        """
        return self._recorder is not None and self._recorder.confirm_retention()

    def add_settings_listener(self, listener: SettingsListener) -> None:
        """Call `listener` with the new settings after each change."""
        self._settings_listeners.append(listener)

    def remove_settings_listener(self, listener: SettingsListener) -> None:
        """Call `listener` no more; nothing happens when it is not known."""
        if listener in self._settings_listeners:
            self._settings_listeners.remove(listener)

    # -- layers -------------------------------------------------------------------------------

    def attach(self, layer: LayerPort) -> None:
        """Feed `layer` while the service runs. Attaching twice is the same as once.

        A layer that is detached from its page, or goes with it, is detached here too, and so is one
        that is attached to another service.
        """
        layers = self._attached.layers
        if layer in layers:
            return
        layers.append(layer)
        layer.set_leave_listener(self.detach)
        # One that is detached from its page already has left by now.
        if layer not in layers:
            return
        if self._home.awaits_turn:
            self._attached.listen(layer)
        if not self._look_around() and self._is_started:
            self._feed_layers()

    def detach(self, layer: LayerPort) -> None:
        """Feed `layer` no more and remove its picture; recording goes on."""
        if layer in self._attached.layers:
            self._attached.layers.remove(layer)
            layer.set_leave_listener(None)
            self._attached.end_feed(layer)

    # -- clusters -----------------------------------------------------------------------------

    async def clusters(self, symbol: str, price: float | None = None) -> list[LiquidationCluster]:
        """Return the price clusters of a recorded symbol as of now, by the settings in force.

        Parameters
        ----------
        symbol
            ``BTCUSDT`` or ``BTC/USDT:USDT``, in capitals or not.
        price
            What the distances are from, USD; ``None``: the newest mark price, or that of the newest
            liquidation while there is none.

        Returns
        -------
        list of LiquidationCluster
            The strongest first; empty while the service is stopped.

        Raises
        ------
        ValueError
            The symbol is not recorded, or `price` is not above 0 and finite.
        StorageError
            The database cannot be read.
        """
        return await self._clusters.find(self._recorded(symbol), price)

    def add_cluster_listener(self, symbol: str, listener: ClusterListener) -> None:
        """Call `listener` with the symbol and its clusters, soon and after each change.

        Adding it twice is the same as once. The calls come on the loop, at most one in
        ``settings.cluster_interval_s``, while the service runs, also after it was stopped and
        started again.

        Raises
        ------
        ValueError
            The symbol is not recorded.
        """
        self._look_around()
        key = self._recorded(symbol), listener
        if key not in self._cluster_leavers:
            self._cluster_leavers[key] = self._clusters.subscribe(*key)

    def remove_cluster_listener(self, symbol: str, listener: ClusterListener) -> None:
        """Call `listener` no more; nothing happens when it is not known."""
        leave = self._cluster_leavers.pop((parse_symbol(symbol), listener), None)
        if leave is not None:
            leave()

    # -- status -------------------------------------------------------------------------------

    @property
    def database(self) -> Path:
        """Path of the database."""
        return self._database

    @property
    def kind(self) -> DataKind:
        """What the data are."""
        return self._kind

    def clock(self) -> int:
        """Return data time now, UTC milliseconds."""
        return self._clock()

    def tick_size(self, symbol: str) -> Decimal:
        """Return the tick size in use for `symbol`, USD: the exchange's, the last known, or 0.1."""
        status = self.recorder_status()
        if status is not None and (known := status.tick_sizes.get(symbol)) is not None:
            return known.tick_size
        return self._stored_tick_sizes.get(symbol, FALLBACK_TICK_SIZE)

    def recorder_status(self) -> RecorderStatus | None:
        """Return the recorder's own snapshot; ``None`` before the first `start`."""
        self._look_around()
        return self._last_status if self._recorder is None else self._recorder.status()

    def status(self) -> dict[str, Any]:
        """Return how recording and drawing are, as plain facts that `json.dumps` takes.

        Returns
        -------
        dict
            ``running``, ``kind``, ``database``, ``failure``, ``recorder`` (`RecorderStatus` as a
            dict, or ``None``), ``role``, ``events_today``, ``last_event_ms`` and
            ``database_bytes`` (of the database, a few seconds old), ``tick_sizes`` and ``layers``
            (``symbol``, ``state``, ``failure``, ``measured``); see ``docs/status.md``.
        """
        recorder = self.recorder_status()
        facts = self._watch.facts(
            self._home.loop, self._executor, self._settings.symbols, self._clock()
        )
        return {
            "running": self.is_running(),
            "kind": self._kind.value,
            "database": str(self._database),
            "failure": as_plain(self.failure()),
            "recorder": as_plain(recorder),
            "role": (SinkRole.STOPPED if recorder is None else recorder.role).value,
            "events_today": None if facts is None else facts.events,
            "last_event_ms": None if facts is None else facts.last_event_ms,
            "database_bytes": None if facts is None else facts.size_bytes,
            "tick_sizes": {symbol: self._tick_origin(symbol) for symbol in self._shown_symbols()},
            "layers": self._attached.statuses(),
        }

    def failure(self) -> Failure | None:
        """Return what is amiss with the service or a listener; ``None``: nothing."""
        fault = self._home.fault() if self._is_wanted or self._home.awaits_turn else None
        return (
            self._failure
            or self._attached.layer_failure
            or (None if fault is None else Failure(FailureKind(fault.value)))
            or self._attached.batch_failure
            or self._listener_failure
            or self._clusters.failure
        )

    # -- inside -------------------------------------------------------------------------------

    def _recorded(self, name: str) -> str:
        """Return the symbol; ValueError unless it is recorded."""
        symbol, recorded = parse_symbol(name), self._settings.symbols
        if symbol not in recorded and ALL_SYMBOLS not in recorded:
            raise ValueError(
                f"symbol must be one that is recorded ({', '.join(recorded)}), got {name!r}"
            )
        return symbol

    def _is_known(self, symbol: str) -> bool:
        """Whether the exchange has told of `symbol`, or had when the database was written."""
        status = self.recorder_status()
        is_told = status is not None and (
            symbol in status.mark_prices or symbol in status.tick_sizes
        )
        return is_told or symbol in self._stored_tick_sizes

    def _mark_price(self, symbol: str) -> float | None:
        status = self.recorder_status()
        return None if status is None else status.mark_prices.get(symbol)

    def _shown_symbols(self) -> list[str]:
        """Return what is recorded by name, and what the layers show."""
        names = [symbol for symbol in self._settings.symbols if symbol != ALL_SYMBOLS]
        shown = [layer.symbol for layer in self._attached.feeds if layer.symbol is not None]
        return list(dict.fromkeys(names + shown))

    def _tick_origin(self, symbol: str) -> str:
        status = self.recorder_status()
        if status is not None and (known := status.tick_sizes.get(symbol)) is not None:
            return known.origin.value
        return "last known" if symbol in self._stored_tick_sizes else "assumed"

    def _newest_heartbeat(self) -> tuple[int, float] | None:
        status = self.recorder_status()
        return None if status is None else status.newest_heartbeat

    def _heartbeats(self, symbol: str) -> Heartbeats | None:
        """Return what the heartbeats of `symbol` prove beyond the written coverage."""
        status = self.recorder_status()
        if status is None or not self.is_live() or self.is_standby():
            return None
        if status.storage_fault is not None or status.connected_since_ms is None:
            return None
        until_ms = status.heartbeats.get(symbol, status.heartbeats.get(ALL_SYMBOLS))
        if until_ms is None:
            return None
        lag_ms = int(_COVERAGE_LAG_S * self._speed * 1000)
        return Heartbeats(status.connected_since_ms, until_ms, lag_ms)

    def _make_recorder(self) -> Recorder:
        settings = self._settings
        self._recorded_symbols = settings.symbols
        self._failure = self._attached.layer_failure = None
        config = RecorderConfig(
            symbols=settings.symbols,
            ws_url=self._ws_url,
            rest_url=self._rest_url,
            retention_ms=settings.retention_ms,
            keep_raw=settings.keep_raw,
            # Simulated and replayed data belong to the window that makes them.
            allows_standby=self._kind is DataKind.LIVE,
            connection_times=self._connection_times,
        )
        return Recorder(
            config,
            lambda: SqliteStore.for_recorder(self._database, self._kind),
            on_stored=self._receive_batch,
            memory=self._connection_memory,
        )

    def _look_around(self) -> bool:
        """Notice a loop that runs in the place of its own; whether it is about to move there."""
        return self._home.look(is_wanted=self._is_wanted)

    def _move_over(self) -> None:
        """Go on in the running loop, in place of the one that has no turn while this one runs."""
        self._is_wanted = True
        self._enter_loop()
        self._request_restart()

    def _enter_loop(self) -> asyncio.AbstractEventLoop:
        """Belong to the running loop; leave behind what was under way in an earlier one.

        Recording goes on meanwhile. A start or a stop that was under way in a loop which was closed
        never ends, and holds its lock for ever; in one that waits, it finds that it is void.
        """
        loop = asyncio.get_running_loop()
        if not self._home.enter():
            return loop
        self._lifecycle = asyncio.Lock()
        for task in (self._stop_task, self._restart_task):
            if task is not None and task.get_loop().is_closed():
                end_task(task)
        self._stop_task = self._restart_task = None
        self._attached.leave_loop()
        self._clusters.stop()
        return loop

    async def _start(self) -> None:
        visit = self._home.visit
        if not (self.is_running() and self._is_started):
            await self._stop()
            if visit == self._home.visit:
                await self._start_recorder()
        if visit != self._home.visit:
            # Another loop took over meanwhile.
            return
        if self._executor is not None:
            self._clusters.start(self._executor)
        self._feed_layers()

    async def _start_recorder(self) -> None:
        visit = self._home.visit
        self._executor = ThreadPoolExecutor(max_workers=2, thread_name_prefix="Heatmap")
        # Apart from the pictures, so that none of them holds up the recorder's start and stop.
        self._control = ThreadPoolExecutor(max_workers=1, thread_name_prefix="Heatmap control")
        # Known before it runs: what is set, stopped or cancelled meanwhile reaches it.
        self._recorder = self._make_recorder()
        try:
            await run_beside(self._control, self._recorder.start)
            known = await run_beside(
                self._control, partial(self._watch.tick_sizes, self._settings.symbols)
            )
        except GeneratorExit:
            # The host has closed its loop: nothing can be awaited any more.
            raise
        except BaseException:
            if visit == self._home.visit:
                await self._stop()
            raise
        if visit == self._home.visit:
            self._stored_tick_sizes, self._is_started = known, True

    async def _stop_alone(self) -> None:
        async with self._lifecycle:
            await self._stop()

    async def _stop(self) -> None:
        self._is_started = False
        self._stop_feeds()
        # Whoever asks for the status meanwhile gives it no more to do.
        executor, self._executor = self._executor, None
        if executor is not None:
            # Its threads end even where the host closes the loop before this has waited for them.
            executor.shutdown(wait=False)
        control = self._control
        if control is None:
            return
        visit, recorder = self._home.visit, self._recorder
        if recorder is not None:
            await run_beside(control, recorder.stop)
            if visit != self._home.visit:
                return
            self._last_status = recorder.status()
            self._recorder = None
        # A picture under way is waited for beside the loop, not in it.
        if executor is not None:
            await run_beside(control, executor.shutdown)
            if visit != self._home.visit:
                return
        control.shutdown(wait=True)
        self._control = None

    def _feed_layers(self) -> None:
        loop, executor = self._home.loop, self._executor
        if executor is None or loop is None or loop.is_closed():
            return
        context = FeedContext(
            database=self._database,
            clock=self._clock,
            tick_size=self.tick_size,
            heartbeats=self._heartbeats,
            executor=executor,
            label=self._label,
            is_standby=self.is_standby,
            is_known=self._is_known,
            clusters=self._clusters,
            collect=self._attached.collect,
            look_around=self._look_around,
        )
        self._attached.feed_all(context, self._settings, loop)

    def _stop_feeds(self) -> None:
        self._attached.end_feeds()
        if not self._is_wanted:
            self._attached.listen_no_more()
        self._clusters.stop()

    def _request_restart(self) -> None:
        """Start, or start anew for other symbols, in a task of the loop."""
        loop, task = self._home.loop, self._restart_task
        if loop is not None and not loop.is_closed() and (task is None or task.done()):
            self._restart_task = begin_task(loop, self._restart(), "Heatmap recorder restart")

    async def _restart(self) -> None:
        """Record what is set now, unless the host has stopped the service meanwhile."""
        visit = self._home.visit
        try:
            async with self._lifecycle:
                while self._is_wanted and visit == self._home.visit:
                    if self._recorded_symbols != self._settings.symbols:
                        await self._stop()
                    await self._start()
                    if self._recorded_symbols == self._settings.symbols:
                        break
        except Exception as error:
            logger.exception("recording could not be started again")
            self._failure = Failure(FailureKind.NOT_RESTARTED, cause=Failure.of(error))

    def _receive_batch(self, batch: StoredBatch) -> None:
        """Take a batch in the recorder's thread."""
        self._attached.add_batch(batch)
        self._clusters.add_batch(batch)
