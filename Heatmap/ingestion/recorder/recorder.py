"""The recorder: its own thread, in which the exchange's events go to the sink.

A thread with an asyncio loop of its own, so that a frozen user interface costs no data: what is
not recorded cannot be fetched later. Nothing of it depends on the host's loop.
"""

import asyncio
import atexit
import concurrent.futures
import contextlib
import os
import random
import threading
import time
from collections.abc import Callable, Collection
from dataclasses import replace

from Heatmap.domain.candle_sink import CandlesBeside
from Heatmap.domain.candles import MOST_CANDLE_SYMBOLS
from Heatmap.domain.event_sink import EventSink
from Heatmap.domain.events import LiquidationEvent, Rejection, StoredBatch
from Heatmap.errors import ExchangeError, Failure, FailureKind
from Heatmap.ingestion.binance_forceorder_ws import ForceOrderStream
from Heatmap.ingestion.candles.recorder_part import CandlePart
from Heatmap.ingestion.connection.supervisor import ConnectionMemory, ConnectionState
from Heatmap.ingestion.exchange_info import TickSizeRefresher
from Heatmap.ingestion.push_margin import PushMargin
from Heatmap.ingestion.recorder.coverage_tracker import Arrival, CoverageTracker
from Heatmap.ingestion.recorder.event_writer import EventWriter
from Heatmap.ingestion.recorder.listed_tick_sizes import ListedTickSizes
from Heatmap.ingestion.recorder.recorder_glance import RecorderGlance, TickOrigin
from Heatmap.ingestion.recorder.recorder_loop import RecorderLoop
from Heatmap.ingestion.recorder.recorder_status import (
    RecorderConfig,
    RecorderStatus,
    SinkPart,
    StatusBoard,
    TickSizeStatus,
    storage_failure,
)
from Heatmap.ingestion.recorder.restarts import keep_running
from Heatmap.ingestion.recorder.retention import RetentionKeeper, RetentionStatus, earlier_ms
from Heatmap.ingestion.recorder.sink_keeper import SinkKeeper
from Heatmap.ingestion.recorder.standby import SinkRole
from Heatmap.ingestion.recorder.unsaved_tick_sizes import UnsavedTickSizes
from Heatmap.ingestion.unread_orders import UnreadOrders
from Heatmap.ingestion.venue import Kline, MarkPrice, ParsedItem, keep_wanted
from Heatmap.runtime.safe_log import get_logger

__all__ = [
    "ConnectionMemory",
    "EventSink",
    "Recorder",
    "RecorderConfig",
    "RecorderStatus",
    "RetentionStatus",
    "SinkRole",
    "TickOrigin",
    "TickSizeStatus",
]

_logger = get_logger(__name__)

# Stopping takes under 3 s in all: closing the sockets (1 s at most), then writing what is queued.
_STOP_LIMIT_S = 2.9
_INTAKE_STOP_S = 1.3
_DRAIN_S = 1.2


class Recorder:
    """Records until it is stopped. `start` and `stop` may alternate; all methods are thread-safe.

    Parameters
    ----------
    config
        What to record.
    open_sink
        Opens the sink; called in the recorder's thread, in which the sink then stays. While it
        raises `OtherWriterError` the recorder stands by: it stays connected, keeps the last 30 s,
        and tries again once a second.
    on_stored
        Called in the recorder's thread with each batch that is committed; must return soon. What
        it raises is logged and does not disturb recording.
    memory
        What an earlier recorder of the same address left, which has stopped: the waiting times
        that the exchange asked for hold for this one too. Restarts of one recorder share its own.
    beside
        Where candles are held while another recorder writes; ``None``: none are fetched then.
    """

    def __init__(
        self,
        config: RecorderConfig,
        open_sink: Callable[[], EventSink],
        *,
        on_stored: Callable[[StoredBatch], None] | None = None,
        memory: ConnectionMemory | None = None,
        beside: CandlesBeside | None = None,
    ) -> None:
        self._config = config
        self._beside = beside
        self._open_sink = open_sink
        self._on_stored = on_stored
        # Touched only by the recorder's thread, of which there is one at a time.
        self._memory = ConnectionMemory() if memory is None else memory
        self._board = StatusBoard()
        # Guards starting and stopping against each other, and the thread.
        self._lifecycle = threading.Lock()
        self._thread: threading.Thread | None = None
        self._process_id = os.getpid()
        # Set last of all by the thread.
        self._ended = threading.Event()
        # It is to end: it was stopped, or its start was interrupted.
        self._is_ending = False
        # Guards the session and the configuration; never held for long. Reentrant, as the garbage
        # collector may take a settings dialog of the host's meanwhile, which then takes back what
        # it had changed.
        self._state_lock = threading.RLock()
        self._session: _Session | None = None
        # Whose candles somebody wants to see, the latest first.
        self._shown: tuple[str, ...] = ()

    def start(self) -> None:
        """Start the thread; does nothing while it runs. Where a Ctrl-C interrupts it, it ends.

        Returns once the sink is open, or waited for because another recorder writes or another
        program has it locked; `status` tells which.

        Raises
        ------
        Exception
            Whatever else opening the sink raised; then nothing runs.
        RuntimeError
            An earlier stop, or a start that was interrupted, does not come to its end.
        """
        with self._lifecycle:
            if self._is_ending and not self._join():
                raise RuntimeError(
                    "the recorder cannot start: an earlier stop, or a start that was interrupted, "
                    "has not come to its end; try again later"
                )
            if self.is_running():
                return
            ended = threading.Event()
            opened: concurrent.futures.Future[None] = concurrent.futures.Future()
            thread = threading.Thread(
                target=self._run_thread,
                args=(opened, ended),
                name="heatmap-recorder",
                daemon=True,
            )
            self._thread, self._ended, self._process_id = thread, ended, os.getpid()
            # A daemon thread would be cut off in the middle of a transaction at the end.
            atexit.register(self.stop)
            try:
                thread.start()
                opened.result()
            except BaseException:
                if thread.ident is None:  # it could not be started
                    ended.set()
                # Where Ctrl-C has interrupted the waiting it opens all the same, and ends then.
                self._is_ending = True
                opened.add_done_callback(lambda _opened: self._request_stop())
                self._join()
                raise

    def stop(self) -> None:
        """Stop taking events, write those that came, close the sink; under 3 s, idempotent.

        Called in the recorder's own thread (by `on_stored`), it only begins to stop.
        """
        if self._thread is threading.current_thread():
            self._is_ending = True
            self._request_stop()
            return
        if self._process_id != os.getpid():
            # Of a parent, and called at the end of a child, which has no thread of it.
            return
        with self._lifecycle:
            if self._thread is not None:
                self._is_ending = True
                self._request_stop()
                self._join()

    def _join(self) -> bool:
        """Wait for the end of the thread, with `_lifecycle` held; whether it has come."""
        # Not for the thread itself: a Ctrl-C amid `Thread.join` makes Python take a thread that
        # still runs for one that has ended, until 3.13.
        if not self._ended.wait(_STOP_LIMIT_S):
            _logger.error("the recorder's thread did not end within %s s", _STOP_LIMIT_S)
            return False
        if self._thread is not None and self._thread.ident is not None:
            self._thread.join()
        self._thread, self._is_ending = None, False
        atexit.unregister(self.stop)
        return True

    def is_running(self) -> bool:
        """Whether the recorder's thread lives; `status` tells whether data comes."""
        is_own = self._process_id == os.getpid()
        return self._thread is not None and is_own and not self._ended.is_set()

    def status(self) -> RecorderStatus:
        """Return a snapshot."""
        return self._board.snapshot(time.monotonic())

    def glance(self, symbol: str) -> RecorderGlance:
        """Return what of the status a picture of a symbol needs; costs no snapshot."""
        return self._board.glance(symbol)

    def reconfigure(
        self,
        *,
        retention_ms: int | None = None,
        keep_raw: bool | None = None,
        candle_retention_ms: int | None = None,
    ) -> None:
        """Change what can change while recording; ``None`` keeps a value.

        A shorter retention waits for `confirm_retention`; that of candles does not.
        """
        with self._state_lock:
            if candle_retention_ms is not None and self._config.candle_retention_ms is not None:
                self._config = replace(self._config, candle_retention_ms=candle_retention_ms)
            if retention_ms is not None:
                self._config = replace(self._config, retention_ms=retention_ms)
            if keep_raw is not None:
                self._config = replace(self._config, keep_raw=keep_raw)
            if self._session is not None:
                self._session.reconfigure(self._config)

    def want_candles(self, symbols: Collection[str]) -> None:
        """Keep up the candles of these too, while they are among the latest 20 that were asked."""
        with self._state_lock:
            self._shown = tuple(dict.fromkeys([*symbols, *self._shown]))[:MOST_CANDLE_SYMBOLS]
            if self._session is not None:
                self._session.candles.want(self._shown)

    def confirm_retention(self) -> bool:
        """Apply the shorter retention that waits in ``status().retention``.

        Returns
        -------
        bool
            ``False`` where none waits, or where it is not counted yet what it deletes.
        """
        retention = self.status().retention
        with self._state_lock:
            if (
                self._session is None
                or retention is None
                or not retention.is_pending
                or retention.wanted_ms != self._config.retention_ms
            ):
                return False
            self._session.confirm_retention()
            return True

    def _request_stop(self) -> None:
        with self._state_lock:
            if self._session is not None:
                self._session.request_stop()

    def _run_thread(self, opened: concurrent.futures.Future[None], ended: threading.Event) -> None:
        self._board.forget_storage_faults()
        try:
            # The loop ends without waiting for a name resolution that hangs.
            with asyncio.Runner(loop_factory=RecorderLoop) as runner:
                runner.run(self._record(opened))
        except Exception as error:
            if opened.done():
                _logger.exception("the recorder ended unexpectedly")
                failure = Failure(FailureKind.RECORDER_ENDED, {"error": repr(error)})
                self._board.note_storage_fault(SinkPart.END, failure)
            else:
                opened.set_exception(error)
        finally:
            self._board.note(
                role=SinkRole.STOPPED,
                recorded_by_writer=None,
                not_recorded=(),
                is_waiting=False,
                connection=ConnectionState.STOPPED,
                connection_failure=None,
                attempts=0,
                connected_since_ms=None,
            )
            self._board.note_not_live()
            ended.set()

    async def _record(self, opened: concurrent.futures.Future[None]) -> None:
        with contextlib.closing(SinkKeeper(self._config, self._open_sink, self._board)) as keeper:
            keeper.open_first()
            config = self._config
            # Without the lock: it looks at the board, and whoever looks at that may want the lock.
            session = _Session(
                config, keeper, self._board, self._on_stored, self._memory, self._beside
            )
            with self._state_lock:
                self._session = session
                if self._config is not config:
                    session.reconfigure(self._config)
                session.candles.want(self._shown)
            opened.set_result(None)
            try:
                await session.run()
            except BaseException:
                session.abandon()
                raise
            finally:
                with self._state_lock:
                    if self._session is session:
                        self._session = None


class _Session:
    """One run of the recorder, from its sink to its end; lives in the recorder's loop.

    `request_stop`, `reconfigure`, `confirm_retention` and ``candles.want`` may be called from other
    threads, the rest may not.
    """

    def __init__(
        self,
        config: RecorderConfig,
        keeper: SinkKeeper,
        board: StatusBoard,
        on_stored: Callable[[StoredBatch], None] | None,
        memory: ConnectionMemory,
        beside: CandlesBeside | None,
    ) -> None:
        self._config = config
        self._keeper = keeper
        self._board = board
        self._loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        rng = random.Random()  # noqa: S311 - jitter, not a secret
        self._writer = EventWriter(config, keeper.sink, board, on_stored)
        self._coverage = CoverageTracker(
            longest_step_ms=config.heartbeat_gap_ms, proof_ms=config.proof_ms
        )
        self._margin = PushMargin()
        self._listed = ListedTickSizes(config, board, lambda: self.candles.kept)
        self.candles = CandlePart(
            config,
            keeper,
            board,
            lambda: self._coverage.now_ms,
            rng,
            memory,
            beside,
            self._listed.tell,
        )
        venue = config.venue
        self._heartbeat_symbols = venue.heartbeat_symbols(config.symbols)
        # Whose coverage the one heartbeat of a shared stream grows; without one, each symbol's own.
        self._covered = config.symbols if venue.shares_heartbeat(config.symbols) else ()
        board.expect_heartbeats(
            tuple(map(config.name_of, self._heartbeat_symbols)), config.connection_times.silence_s
        )
        self._stream = ForceOrderStream(
            self.candles.stream_url(venue.stream_url(config.ws_url, config.symbols)),
            config.connection_times,
            rng,
            self,
            heartbeat_symbols=self._heartbeat_symbols,
            keep_raw=lambda: self._config.keep_raw,
            memory=memory,
            venue=venue,
            subscriptions=venue.subscriptions(config.symbols),
            extra=self.candles.extra,
        )
        self._ticks = TickSizeRefresher(
            config.rest_url,
            config.wanted,
            refresh_s=config.tick_refresh_s,
            rng=rng,
            fetch=venue.fetch_instruments,
            memory=memory,
        )
        self._retention = RetentionKeeper(
            config.retention_ms,
            confirmed_deletions=config.confirmed_deletions,
            interval_s=config.retention_interval_s,
            now_ms=lambda: earlier_ms(self._coverage.now_ms, time.time_ns() // 1_000_000),
            report=self._report_retention,
        )
        # Fetched and not yet saved: tick size and when it held, by symbol.
        self._unsaved_ticks = UnsavedTickSizes(config, board)
        self._unread = UnreadOrders(config.wanted, board, self._writer.put_hole)
        self._heartbeat_ms: int | None = None
        # By connection: its first heartbeat, and the first one whose time is the exchange's.
        self._first_heard_ms: dict[int, int] = {}
        self._connected_since_ms: dict[int, int] = {}
        self._counted_reconnects = 0
        self._counted_rotations = 0

    def request_stop(self) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: it has stopped
            self._loop.call_soon_threadsafe(self._stop.set)

    def reconfigure(self, config: RecorderConfig) -> None:
        self._config = config
        with contextlib.suppress(RuntimeError):  # the loop is closed: it has stopped
            self._loop.call_soon_threadsafe(self._retention.want, config.retention_ms)
        self.candles.reconfigure(config)

    def confirm_retention(self) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: it has stopped
            self._loop.call_soon_threadsafe(self._retention.confirm)

    def abandon(self) -> None:
        """Count what still waits as lost: this is an end that was not meant to come."""
        self._writer.abandon()

    async def run(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            parts = [
                tasks.create_task(keep_running(name, part, self._board))
                for name, part in (
                    ("connection", self._stream.run),
                    ("tick sizes", self._refresh_tick_sizes),
                    ("tick sizes' saving", self._save_tick_sizes),
                    ("retention", self._keep_retention),
                    ("candles", self.candles.run),
                    ("sink", self._tend_sink),
                )
            ]
            writer = tasks.create_task(keep_running("writer", self._write, self._board))
            await self._stop.wait()
            for task in parts:
                task.cancel()
            await asyncio.wait(parts, timeout=_INTAKE_STOP_S)
            writer.cancel()
            await asyncio.wait([writer])
            # The other recorder may have died a moment ago: then only this one has the last events.
            if self._keeper.is_writing or self._open_sink():
                await self._writer.drain(_DRAIN_S)
                self._keeper.maintain()
                # Both are done at the next start, and nothing is lost by that.
                self._board.note_storage_fault(SinkPart.TICK_SIZES, None)
                self._board.note_storage_fault(SinkPart.RETENTION, None)
            elif not self._keeper.is_other_writing:
                self._writer.abandon()

    # The sink.

    async def _tend_sink(self) -> None:
        while True:
            if self._keeper.is_writing and self._keeper.maintain():
                self._writer.wake()
            elif not self._open_sink() and self._keeper.is_other_writing:
                self._writer.keep_last(self._loop.time())
            await asyncio.sleep(self._config.standby_poll_s)

    def _open_sink(self) -> bool:
        sink = self._keeper.attempt()
        if sink is not None:
            self._writer.begin(sink)
        return sink is not None

    async def _write(self) -> None:
        await self._keeper.wait_for_sink()
        await self._writer.run()

    # The stream's listener.

    def item_received(self, number: int, item: ParsedItem) -> None:
        if isinstance(item, LiquidationEvent):
            self._coverage.receive_force_order(item.pushed_ms, time.monotonic())
            self._margin.receive_force_order(item.ts_ms, item.pushed_ms)
            self._board.note(last_force_order_ms=item.pushed_ms)
        item = keep_wanted(item, self._config.wanted)
        match item:
            case LiquidationEvent():
                self._board.count(received=1)
                self._board.note(last_event_ms=item.ts_ms)
                if not self._writer.put(item):
                    self._coverage.receive_overflow()
            case MarkPrice():
                self._heartbeat_received(number, item)
            case Kline():
                self.candles.receive_kline(item)
            case Rejection():
                self._board.count_rejection(item.reason)
                _logger.debug("rejected (%s): %s", item.reason, item.detail)
                self._unread.take(item, self._heartbeat_ms, self._loop.time())

    def _heartbeat_received(self, number: int, item: MarkPrice) -> None:
        if item.symbol not in self._heartbeat_symbols:
            return
        arrival = Arrival(time.monotonic(), time.time_ns() // 1_000_000)
        interval = self._coverage.receive_heartbeat(number, item.symbol, item.ts_ms, arrival)
        # What nobody knows to be the exchange's time is not shown as such either.
        is_credible = self._coverage.is_credible(item.ts_ms, arrival.machine_ms)
        # Where all are recorded they have this heartbeat, and so has its own symbol.
        alive = (item.symbol, *self._covered) if self._config.wanted is None else self._covered
        name_of = self._config.name_of
        self._board.note_heartbeat(
            name_of(item.symbol),
            item.ts_ms if is_credible else None,
            item.price,
            arrival.at_s,
            tuple(map(name_of, alive)),
        )
        covered = self._covered or (item.symbol,)
        heard_ms = self._first_heard_ms.setdefault(number, item.ts_ms)
        if is_credible:
            self._heartbeat_ms = item.ts_ms
            # The first one may have become credible only by those after it.
            is_same_time = self._coverage.is_credible(heard_ms, arrival.machine_ms)
            first_ms = self._connected_since_ms.setdefault(
                number, heard_ms if is_same_time else item.ts_ms
            )
            proven = self._coverage.is_proven(item.ts_ms)
            self._board.note(proven=proven, connected_since_ms=first_ms)
            for symbol in covered:
                self._writer.note_heartbeat(symbol, item.ts_ms)
        if interval is not None:
            complete = self._margin.settle(interval)
            if complete is not None:
                for symbol in covered:
                    self._writer.put_coverage(
                        replace(complete, symbol=symbol, venue=self._config.venue.id)
                    )
            self._retention.note_clock()

    def connection_ended(self, number: int) -> None:
        self._coverage.receive_lost(number)
        self._first_heard_ms.pop(number, None)
        self._connected_since_ms.pop(number, None)

    def connection_changed(self) -> None:
        stream = self._stream
        state = stream.state
        is_live = state is ConnectionState.LIVE
        self._board.note(
            connection=state,
            connection_failure=None if is_live else stream.last_failure,
            attempts=stream.attempts_without_data,
        )
        self._board.count(
            reconnects=stream.reconnects - self._counted_reconnects,
            rotations=stream.rotations - self._counted_rotations,
        )
        self._counted_reconnects, self._counted_rotations = stream.reconnects, stream.rotations
        if not is_live:
            self._board.note(connected_since_ms=None)
            self._board.note_not_live()
            if stream.last_failure is not None:
                self._board.note(last_failure=stream.last_failure)

    # The slow parts.

    async def _refresh_tick_sizes(self) -> None:
        while True:
            await self._ticks.wait()
            try:
                info = await self._ticks.refresh()
            except ExchangeError as error:
                self._listed.fail()
                self._board.note(last_failure=error.failure)
                continue
            self._listed.receive(info.tick_sizes)
            if info.failure is not None:
                self._board.note(last_failure=info.failure)
            if missing := self._ticks.missing(info):
                failure = Failure(FailureKind.NOT_LISTED, {"symbols": missing})
                self._board.note(last_failure=failure)
                self._leave_uncovered(missing)
            # The stream's clock before the answer's: the exchange says not to rely on the latter.
            ts_ms = self._coverage.now_ms or info.server_ms or time.time_ns() // 1_000_000
            wanted = self._config.wanted
            for symbol, tick_size in info.tick_sizes.items():
                if wanted is None or symbol in wanted:
                    self._unsaved_ticks.put(symbol, tick_size, ts_ms)

    def _leave_uncovered(self, unlisted: Collection[str]) -> None:
        """Claim nothing of symbols that do not exist, where no heartbeat of theirs would tell."""
        # An answer that lacks most of them is rather another exchange's.
        if self._covered and 2 * len(unlisted) < len(self._config.symbols):
            self._covered = tuple(one for one in self._config.symbols if one not in unlisted)

    async def _save_tick_sizes(self) -> None:
        await self._unsaved_ticks.run(await self._keeper.wait_for_sink())

    async def _keep_retention(self) -> None:
        await self._retention.run(await self._keeper.wait_for_sink())

    def _report_retention(self, news: RetentionStatus | Exception) -> None:
        if isinstance(news, RetentionStatus):
            self._board.note(retention=news)
            self._board.note_storage_fault(SinkPart.RETENTION, None)
        else:
            failure = storage_failure(SinkPart.RETENTION, news)
            self._board.note_storage_fault(SinkPart.RETENTION, failure)
