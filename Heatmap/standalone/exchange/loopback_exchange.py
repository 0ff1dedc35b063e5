"""An exchange on loopback that speaks Binance's wire for a simulated or replayed market.

It runs in a thread of its own: whoever shows the market's data must not be slowed down by making
them, and the recorder meets a peer that behaves like a foreign one.
"""

import asyncio
import concurrent.futures
import contextlib
import math
import threading
import time
from collections.abc import AsyncIterator, Callable
from http import HTTPStatus
from typing import Any, cast

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.http11 import Request, Response

from Heatmap.runtime.compat import override
from Heatmap.runtime.safe_log import get_logger
from Heatmap.standalone.exchange.data_clock import DataClock
from Heatmap.standalone.exchange.loopback_client import LoopbackClient, parse_path
from Heatmap.standalone.exchange.loopback_guard import (
    MAX_CONNECTIONS,
    MAX_MESSAGE_BYTES,
    RefusedConnection,
    foreign_words,
    stream_problem,
)
from Heatmap.standalone.exchange.loopback_rest import open_rest
from Heatmap.standalone.exchange.market import INTERVALS_MS, Market
from Heatmap.standalone.exchange.wire import (
    force_order_stream,
    kline_payload,
    mark_price_payload,
    next_funding_ms,
)

logger = get_logger(__name__)

_HOST = "127.0.0.1"
# How often the clock is looked at, and how often a candle in progress is pushed (as Binance does).
_TICK_S, _KLINE_S = 0.02, 0.25
_HEARTBEAT_MS = 1000
# When the clock has jumped (the machine slept), so much data time is delivered at once, with a
# pause in between, in which the clients take it.
_CHUNK_MS, _CHUNK_PAUSE_S = 60_000, 0.002
_CLOSE_TIMEOUT_S = 0.5


class LoopbackExchange:
    """Serve a market over websockets and HTTP on 127.0.0.1, on free ports.

    Pages of a browser are refused, and what one client can ask for is bounded, see
    `loopback_guard`.

    Messages go out when the clock reaches their push time ``E``, never earlier; after a late tick
    all that became due follows in order. Force orders before the clock's time at `start` are
    history and are not sent. `start` and `stop` are idempotent, and may be awaited in any loop;
    after `stop` the exchange can be started again, on other ports.

    Parameters
    ----------
    market
        Whose data are served.
    clock
        Data time, UTC milliseconds; safe to call from any thread.
    speed
        Data time per real time; ``None``: the clock's own. Heartbeats follow each other by
        ``max(1, speed / 100)`` seconds of data time.
    ping_interval_s
        Seconds between the server's pings.
    keepalive_s
        A heartbeat goes out at least this often in real time, seconds: at a tenth of real speed,
        or with the clock standing still, a client would otherwise take the connection for dead.
    """

    def __init__(
        self,
        market: Market,
        clock: Callable[[], int],
        speed: float | None = None,
        *,
        ping_interval_s: float = 180.0,
        keepalive_s: float = 2.0,
    ) -> None:
        self._market = market
        self._clock = clock
        if speed is None:
            speed = clock.speed if isinstance(clock, DataClock) else 1.0
        self._step_ms = max(_HEARTBEAT_MS, math.ceil(_HEARTBEAT_MS * speed / 100))
        self._ping_interval_s = ping_interval_s
        self._keepalive_s = keepalive_s
        # Touched in the exchange's thread only.
        self._clients: set[LoopbackClient] = set()
        # From the first byte on, also those that have not asked for anything yet.
        self._connections: set[ServerConnection] = set()
        self._last_heartbeat_s = 0.0
        self._last_kline_s = 0.0
        self._last_kline_ms = -1
        # Of the running thread; None while stopped.
        self._thread: threading.Thread | None = None
        self._finished: concurrent.futures.Future[None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping: asyncio.Event | None = None
        self._ports = (0, 0)

    @property
    def ws_url(self) -> str:
        """Base of the websocket addresses, as ``ws://127.0.0.1:12345``; valid once started."""
        return f"ws://{_HOST}:{self._ports[0]}"

    @property
    def rest_url(self) -> str:
        """Base of the HTTP addresses, as ``http://127.0.0.1:12346``; valid once started."""
        return f"http://{_HOST}:{self._ports[1]}"

    async def start(self) -> None:
        """Open both ports; returns once they accept connections.

        Raises
        ------
        OSError
            The loopback interface gives no port.
        """
        if self._thread is not None:
            return
        ready: concurrent.futures.Future[None] = concurrent.futures.Future()
        self._finished = concurrent.futures.Future()
        self._thread = threading.Thread(
            target=self._run, args=(ready, self._finished), name="loopback exchange", daemon=True
        )
        self._thread.start()
        try:
            await asyncio.wrap_future(ready)
        except Exception:
            self._thread.join()
            self._thread = None
            raise

    async def stop(self) -> None:
        """Close every connection and both ports; returns when nothing is left."""
        thread, finished = self._thread, self._finished
        if thread is None or finished is None:
            return
        if self._loop is not None and self._stopping is not None:
            # The loop is closed already where the thread has ended by an error.
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._stopping.set)
        await asyncio.wrap_future(finished)
        thread.join()
        self._thread = None

    def _run(
        self,
        ready: concurrent.futures.Future[None],
        finished: concurrent.futures.Future[None],
    ) -> None:
        # From here on neither can be cancelled by a caller that gives up waiting.
        ready.set_running_or_notify_cancel()
        finished.set_running_or_notify_cancel()
        try:
            # The same loop on all systems: Windows' own complains of clients that are cut off.
            with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
                runner.run(self._main(ready))
        except Exception as error:
            if ready.done():
                logger.exception("the loopback exchange has ended")
            else:
                ready.set_exception(error)
        finally:
            finished.set_result(None)

    async def _main(self, ready: concurrent.futures.Future[None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._stopping = asyncio.Event()
        async with (
            open_rest(self._market, self._clock, _HOST) as rest_port,
            self._open_websockets() as ws_port,
        ):
            self._ports = (ws_port, rest_port)
            async with asyncio.TaskGroup() as tasks:
                pump = tasks.create_task(self._pump(), name="loopback exchange pump")
                ready.set_result(None)
                await self._stopping.wait()
                pump.cancel()

    @contextlib.asynccontextmanager
    async def _open_websockets(self) -> AsyncIterator[int]:
        server = await serve(
            self._serve_client,
            _HOST,
            0,
            process_request=_refuse_request,
            create_connection=cast("type[ServerConnection]", self._make_connection),
            max_size=MAX_MESSAGE_BYTES,
            compression=None,
            ping_interval=self._ping_interval_s,
            ping_timeout=600,
            close_timeout=_CLOSE_TIMEOUT_S,
        )
        try:
            yield _port(server)
        finally:
            server.close()
            try:
                async with asyncio.timeout(2 * _CLOSE_TIMEOUT_S):
                    await server.wait_closed()
            except TimeoutError:
                # A client that does not read cannot be told goodbye.
                for client in self._clients:
                    client.abort()
                await server.wait_closed()

    def _make_connection(self, *arguments: Any, **options: Any) -> asyncio.Protocol:
        if len(self._connections) >= MAX_CONNECTIONS:
            return RefusedConnection()
        return _CountedConnection(self._connections, *arguments, **options)

    async def _serve_client(self, connection: ServerConnection) -> None:
        assert connection.request is not None  # noqa: S101  # set by the handshake
        client = LoopbackClient(connection, parse_path(connection.request.path), self._welcome)
        self._clients.add(client)
        try:
            await client.run()
        finally:
            self._clients.discard(client)

    def _welcome(self, client: LoopbackClient, streams: list[str]) -> None:
        """Send a new subscriber the current mark price, so that it need not wait for the next."""
        stream = f"{self._market.symbol.lower()}@markPrice@1s"
        now_ms = self._clock()
        payload = self._heartbeat(now_ms) if stream in streams else None
        if payload is not None:
            client.offer(stream, payload)

    async def _pump(self) -> None:
        """Follow the clock and push what becomes due.

        What is due at the clock's very time waits until it has passed: a replay that stands still
        would otherwise push the first message before anyone has connected.
        """
        due_from_ms = self._clock()
        self._last_heartbeat_s = time.monotonic()
        while True:
            now_ms = self._clock()
            while due_from_ms < now_ms:
                chunk_end_ms = min(now_ms, due_from_ms + _CHUNK_MS)
                self._push_due(due_from_ms, chunk_end_ms)
                due_from_ms = chunk_end_ms
                await asyncio.sleep(_CHUNK_PAUSE_S if due_from_ms < now_ms else 0)
            self._push_klines_in_progress(now_ms)
            if time.monotonic() - self._last_heartbeat_s > self._keepalive_s:
                self._push_heartbeat(now_ms)
            await asyncio.sleep(_TICK_S)

    def _push_due(self, start_ms: int, end_ms: int) -> None:
        """Push, in the order of ``E``, what belongs to the half-open data time."""
        orders = iter(self._market.force_orders(start_ms, end_ms))
        order = next(orders, None)
        first_ms = -(-start_ms // self._step_ms) * self._step_ms
        for beat_ms in range(first_ms, end_ms, self._step_ms):
            while order is not None and order["E"] <= beat_ms:
                self._push_force_order(order)
                order = next(orders, None)
            self._push_heartbeat(beat_ms)
            self._push_closed_klines(beat_ms)
        while order is not None:
            self._push_force_order(order)
            order = next(orders, None)

    def _push_force_order(self, payload: dict[str, Any]) -> None:
        self._push(force_order_stream(payload), payload)
        self._push("!forceOrder@arr", payload)

    def _heartbeat(self, ts_ms: int) -> dict[str, Any] | None:
        """Return the mark price as it is pushed; ``None`` where there is none."""
        market = self._market
        price = market.mark_price(ts_ms)
        if price is None:
            return None
        rate = market.funding_rate(next_funding_ms(ts_ms))
        return mark_price_payload(market.symbol, ts_ms, price, rate)

    def _push_heartbeat(self, ts_ms: int) -> None:
        payload = self._heartbeat(ts_ms)
        if payload is None:
            return
        self._last_heartbeat_s = time.monotonic()
        symbol = self._market.symbol
        self._push(f"{symbol.lower()}@markPrice@1s", payload)
        if ts_ms % (3 * self._step_ms) == 0:
            self._push(f"{symbol.lower()}@markPrice", payload)

    def _push_closed_klines(self, ts_ms: int) -> None:
        """Push the last word on each candle that has ended since the heartbeat before."""
        for interval, interval_ms in INTERVALS_MS.items():
            end_ms = ts_ms - ts_ms % interval_ms
            if end_ms > ts_ms - self._step_ms and self._is_wanted(interval):
                self._push_kline(interval, end_ms - interval_ms, end_ms, ts_ms)

    def _push_klines_in_progress(self, now_ms: int) -> None:
        now_s = time.monotonic()
        if now_ms == self._last_kline_ms or now_s - self._last_kline_s < _KLINE_S:
            return
        self._last_kline_s, self._last_kline_ms = now_s, now_ms
        # What was traded before now: a clock that stops where a candle ends leaves it complete.
        traded_ms = now_ms - 1
        for interval, interval_ms in INTERVALS_MS.items():
            if self._is_wanted(interval):
                self._push_kline(interval, traded_ms - traded_ms % interval_ms, now_ms, now_ms)

    def _push_kline(self, interval: str, start_ms: int, end_ms: int, ts_ms: int) -> None:
        symbol, interval_ms = self._market.symbol, INTERVALS_MS[interval]
        for candle in self._market.candles(interval_ms, start_ms, end_ms):
            self._push(
                self._kline_stream(interval),
                kline_payload(symbol, interval, interval_ms, candle, ts_ms),
            )

    def _kline_stream(self, interval: str) -> str:
        return f"{self._market.symbol.lower()}@kline_{interval}"

    def _is_wanted(self, interval: str) -> bool:
        stream = self._kline_stream(interval)
        return any(client.wants(stream) for client in self._clients)

    def _push(self, stream: str, payload: dict[str, Any]) -> None:
        for client in self._clients:
            client.offer(stream, payload)


class _CountedConnection(ServerConnection):
    """A connection that stands in a set for as long as it is open."""

    def __init__(self, opened: set[ServerConnection], *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._opened = opened

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._opened.add(self)
        super().connection_made(transport)

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._opened.discard(self)
        super().connection_lost(exc)


def _port(server: Server) -> int:
    port: int = next(iter(server.sockets)).getsockname()[1]
    return port


def _refuse_request(connection: ServerConnection, request: Request) -> Response | None:
    headers = request.headers
    words = foreign_words(
        headers.get_all("Host"), headers.get_all("Origin"), headers.get_all("Sec-Fetch-Site")
    )
    if words:
        return connection.respond(HTTPStatus.FORBIDDEN, f"{words}\n")
    endpoint = parse_path(request.path)
    if endpoint is None:
        return connection.respond(HTTPStatus.NOT_FOUND, "no such path\n")
    if problem := stream_problem(endpoint.streams):
        return connection.respond(HTTPStatus.BAD_REQUEST, f"{problem}\n")
    return None
