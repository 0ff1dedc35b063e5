"""The service: wires recorder, database and layers together; the one object a host talks to."""

import asyncio
import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path
from typing import Any

from Heatmap.heatmap_settings import REST_URL, WS_URL, HeatmapSettings
from Heatmap.ingestion.connection import ConnectionState, ConnectionTimes
from Heatmap.ingestion.recorder import Recorder, RecorderConfig, RecorderStatus
from Heatmap.layer_feed import FeedContext, LayerFeed, LayerPort
from Heatmap.model import DataKind, StoredBatch
from Heatmap.storage.location import default_database
from Heatmap.storage.sqlite_store import SqliteStore

logger = logging.getLogger(__name__)

FALLBACK_TICK_SIZE = Decimal("0.1")
"""Tick size of BTCUSDT as of 2026; serves until the exchange or the database tells one."""
INBOX_LIMIT = 1_000
"""Batches kept for a loop that does not run; beyond it the layers are built anew from the file."""

SettingsListener = Callable[[HeatmapSettings], None]


def wall_clock_ms() -> int:
    """Return the time of this machine's clock, UTC milliseconds."""
    return time.time_ns() // 1_000_000


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
        Data time now in UTC milliseconds; ``None``: this machine's clock. A replay gives its own.
    label
        Short text on the picture, such as ``SIMULATED``; empty: none.
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
        connection_times: ConnectionTimes | None = None,
    ) -> None:
        self._settings = settings or HeatmapSettings()
        self._database = Path(db) if db is not None else default_database(kind)
        self._ws_url = ws_url
        self._rest_url = rest_url
        self._kind = kind
        self._clock = clock or wall_clock_ms
        self._label = label
        self._connection_times = connection_times or ConnectionTimes()
        self._recorder: Recorder | None = None
        self._recorder_status: RecorderStatus | None = None
        self._executor: ThreadPoolExecutor | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._layers: list[LayerPort] = []
        self._feeds: dict[LayerPort, tuple[LayerFeed, asyncio.Task[None]]] = {}
        self._restart_task: asyncio.Task[None] | None = None
        self._settings_listeners: list[SettingsListener] = []
        # Batches on their way from the recorder's thread to the loop, and whether a callback that
        # will drain them is pending; both under the lock.
        self._inbox: deque[StoredBatch] = deque()
        self._is_drain_pending = False
        self._has_inbox_overflown = False
        self._inbox_lock = threading.Lock()
        self._lifecycle = asyncio.Lock()

    # -- life ---------------------------------------------------------------------------------

    async def start(self) -> None:
        """Open the database, start recording and feed the attached layers. Idempotent.

        Raises
        ------
        StorageError
            The database cannot be used; nothing was started and nothing overwritten.
        """
        async with self._lifecycle:
            if self.is_running():
                return
            await self._stop()
            self._loop = asyncio.get_running_loop()
            self._executor = ThreadPoolExecutor(max_workers=2, thread_name_prefix="Heatmap")
            recorder = self._make_recorder()
            try:
                await self._loop.run_in_executor(self._executor, recorder.start)
            except BaseException:
                await self._stop()
                raise
            self._recorder = recorder
            for layer in self._layers:
                self._start_feed(layer)

    async def stop(self) -> None:
        """Stop feeding and recording; everything received is in the database. Idempotent."""
        async with self._lifecycle:
            await self._stop()

    def is_running(self) -> bool:
        """Whether the recorder thread lives; `status` tells how it fares."""
        return self._recorder is not None and self._recorder.is_running()

    def is_live(self) -> bool:
        """Whether the exchange delivers heartbeats at this moment."""
        status = self._current_recorder_status()
        return status is not None and status.connection is ConnectionState.LIVE

    # -- settings -----------------------------------------------------------------------------

    @property
    def settings(self) -> HeatmapSettings:
        """The settings in force."""
        return self._settings

    def apply_settings(self, settings: HeatmapSettings) -> None:
        """Put `settings` in force at once: the picture, the recorder, and whoever listens."""
        before, self._settings = self._settings, settings
        if settings == before:
            return
        if self._recorder is not None:
            self._recorder.reconfigure(
                retention_ms=settings.retention_ms, keep_raw=settings.keep_raw
            )
            if settings.symbols != before.symbols:
                self._request_restart()
        for feed, _task in self._feeds.values():
            feed.apply_settings(settings)
        for listener in list(self._settings_listeners):
            listener(settings)

    def add_settings_listener(self, listener: SettingsListener) -> None:
        """Call `listener` with the new settings after each change."""
        self._settings_listeners.append(listener)

    def remove_settings_listener(self, listener: SettingsListener) -> None:
        """Call `listener` no more; nothing happens when it is not known."""
        if listener in self._settings_listeners:
            self._settings_listeners.remove(listener)

    # -- layers -------------------------------------------------------------------------------

    def attach(self, layer: LayerPort) -> None:
        """Feed `layer` while the service runs. Attaching twice is the same as once."""
        if layer in self._layers:
            return
        self._layers.append(layer)
        if self.is_running():
            self._start_feed(layer)

    def detach(self, layer: LayerPort) -> None:
        """Feed `layer` no more and remove its picture; recording goes on."""
        if layer in self._layers:
            self._layers.remove(layer)
            self._stop_feed(layer)

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
        """Return the tick size in use for `symbol`, USD: the last known, else 0.1."""
        status = self._current_recorder_status()
        if status is not None and (known := status.tick_sizes.get(symbol)) is not None:
            return known.tick_size
        return FALLBACK_TICK_SIZE

    def recorder_status(self) -> RecorderStatus | None:
        """Return the recorder's own snapshot; ``None`` before the first `start`."""
        return self._current_recorder_status()

    def status(self) -> dict[str, Any]:
        """Return what a status panel shows, as a plain mapping.

        Returns
        -------
        dict
            ``running``, ``kind``, ``database``, ``recorder`` (a `RecorderStatus` or ``None``),
            ``tick_size_known`` (symbol to whether the exchange has told it) and ``layers``: per
            layer its symbol, last error and measurements (``rebuild_ms``, ``update_ms``,
            ``sent_bytes``, ``paintMs`` ...).
        """
        recorder = self._current_recorder_status()
        known = {} if recorder is None else recorder.tick_sizes
        return {
            "running": self.is_running(),
            "kind": self._kind.value,
            "database": str(self._database),
            "recorder": recorder,
            "tick_size_known": {symbol: symbol in known for symbol in self._settings.symbols},
            "layers": [
                {
                    "symbol": layer.symbol,
                    "error": feed.last_error,
                    "measured": dict(feed.measured),
                }
                for layer, (feed, _task) in self._feeds.items()
            ],
        }

    # -- inside -------------------------------------------------------------------------------

    def _make_recorder(self) -> Recorder:
        settings = self._settings
        config = RecorderConfig(
            symbols=settings.symbols,
            ws_url=self._ws_url,
            rest_url=self._rest_url,
            retention_ms=settings.retention_ms,
            keep_raw=settings.keep_raw,
            connection_times=self._connection_times,
        )
        return Recorder(
            config, lambda: SqliteStore(self._database, self._kind), on_stored=self._receive_batch
        )

    async def _stop(self) -> None:
        for layer in list(self._feeds):
            self._stop_feed(layer)
        recorder, self._recorder = self._recorder, None
        executor, self._executor = self._executor, None
        if executor is None:
            return
        loop = asyncio.get_running_loop()
        if recorder is not None:
            await loop.run_in_executor(executor, recorder.stop)
            self._recorder_status = recorder.status()
        with self._inbox_lock:
            self._inbox.clear()
        # Nothing is left to do but to close the readers, which takes no time.
        executor.shutdown(wait=True)

    def _start_feed(self, layer: LayerPort) -> None:
        if layer in self._feeds or self._executor is None or self._loop is None:
            return
        context = FeedContext(
            database=self._database,
            clock=self._clock,
            tick_size=self.tick_size,
            is_alive=self.is_live,
            executor=self._executor,
            label=self._label,
        )
        feed = LayerFeed(layer, self._settings, context)
        task = self._loop.create_task(feed.run(), name="Heatmap layer feed")
        self._feeds[layer] = (feed, task)

    def _stop_feed(self, layer: LayerPort) -> None:
        entry = self._feeds.pop(layer, None)
        if entry is not None:
            feed, task = entry
            feed.close()
            task.cancel()

    def _current_recorder_status(self) -> RecorderStatus | None:
        return self._recorder_status if self._recorder is None else self._recorder.status()

    def _request_restart(self) -> None:
        """Start recording anew for other symbols, in a task of the loop."""
        loop = self._loop
        if loop is None or (self._restart_task is not None and not self._restart_task.done()):
            return
        self._restart_task = loop.create_task(self._restart(), name="Heatmap recorder restart")

    async def _restart(self) -> None:
        try:
            while True:
                symbols = self._settings.symbols
                await self.stop()
                await self.start()
                if symbols == self._settings.symbols:
                    return
        except Exception:
            logger.exception("recording could not be started again")

    def _receive_batch(self, batch: StoredBatch) -> None:
        """Take a batch in the recorder's thread; at most one callback to the loop is pending."""
        loop = self._loop
        with self._inbox_lock:
            self._inbox.append(batch)
            if len(self._inbox) > INBOX_LIMIT:
                self._inbox.clear()
                self._has_inbox_overflown = True
            if self._is_drain_pending or loop is None:
                return
            self._is_drain_pending = True
        try:
            loop.call_soon_threadsafe(self._drain)
        except RuntimeError:
            # The host has closed its loop without stopping the service; recording goes on.
            with self._inbox_lock:
                self._is_drain_pending = False
                self._inbox.clear()

    def _drain(self) -> None:
        with self._inbox_lock:
            batches = list(self._inbox)
            self._inbox.clear()
            self._is_drain_pending = False
            has_overflown, self._has_inbox_overflown = self._has_inbox_overflown, False
        for feed, _task in self._feeds.values():
            if has_overflown:
                feed.miss_batches()
            for batch in batches:
                feed.add_batch(batch)
