"""An exchange on loopback that misbehaves, and that knows for certain what it delivered.

It lives in the caller's asyncio loop. A force order counts as delivered only after a pong: what was
written before a ping that was answered has been read from the socket by a live client. What was
written but not answered may have been stored or not.
"""

import asyncio
import logging
import math
import random
import re
import socket
import struct
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from http import HTTPStatus
from typing import Any, Self
from urllib.parse import unquote

from aiohttp import web
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from Heatmap.tests.torture.hostile_candles import HostileCandles
from Heatmap.tests.torture.order_source import Issued, OrderSource, envelope, streams_of

# The library's word on what the exchange does on purpose is of no interest.
_silent = logging.getLogger("hostile exchange")
_silent.setLevel(logging.CRITICAL + 1)


_TIME = re.compile(rb"[0-9]{13}")


@dataclass(frozen=True, slots=True)
class Beat:
    """A symbol's mark price of one moment; a wild one names another time than its own."""

    symbol: str
    ts_ms: int
    wild: bool = False


@dataclass(frozen=True, slots=True)
class Frame:
    """Whatever else is sent: text, bytes as a text frame, or bytes as a binary frame."""

    content: str | bytes
    binary: bool = False


@dataclass(frozen=True, slots=True)
class Delivery:
    """One order on one stream."""

    issued: Issued
    stream: str


Item = Beat | Frame | Delivery


@dataclass(frozen=True, slots=True)
class Gate:
    """How one handshake is answered, in place of serving it.

    Attributes
    ----------
    kind
        ``refuse``, ``accept_close``, ``silent`` or ``garbage``.
    status, headers
        Of a refusal.
    """

    kind: str
    status: int = 0
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(slots=True)
class Attempt:
    """A handshake that arrived: when, what it was answered with, when that was over."""

    at_s: float
    gate: Gate | None


@dataclass(slots=True)
class Outage:
    """Time without any connection on which heartbeats flow; monotonic seconds."""

    start_s: float
    end_s: float | None = None


class Line:
    """One open connection: an ordered queue towards the client, and the proof of what it took.

    Attributes
    ----------
    written
        What was written, in order; the last of a connection that broke perhaps only in part.
    reached
        So many of `written` are known to have been read by the client.
    reached_sent_s
        When the last of these was sent; monotonic.
    held
        Nothing is sent for now; it waits.
    ended
        Why it serves no more; ``None``: it does.
    first_beat_s, end_s
        When its first heartbeat was written, and when it ended; monotonic.
    open_ms, end_ms
        The same in the exchange's time, from the handshake on.
    """

    def __init__(self, exchange: "HostileExchange", connection: ServerConnection) -> None:
        assert connection.request is not None
        self.connection = connection
        self.streams = unquote(connection.request.path.partition("?streams=")[2]).split("/")
        self.written: list[Item] = []
        self.reached = 0
        self.reached_sent_s = -math.inf
        self.held = False
        self.ended: str | None = None
        self.first_beat_s: float | None = None
        self.end_s: float | None = None
        self.open_ms = exchange.now_ms()
        self.end_ms: int | None = None
        self._exchange = exchange
        self._queue: deque[Item] = deque()
        self._taken = 0
        self._wake = asyncio.Event()

    @property
    def serving(self) -> bool:
        """Whether heartbeats have flowed and nothing has ended it."""
        return self.ended is None and self.first_beat_s is not None

    def put(self, item: Item) -> int:
        """Queue something for the client; it has been read once `reached` is what this returns."""
        if self.ended is None:
            self._queue.append(item)
            self._taken += 1
            self._wake.set()
        return self._taken

    @property
    def taken(self) -> int:
        """How many things have been queued so far."""
        return self._taken

    def release(self) -> None:
        """Send again, first all that has waited."""
        self.held = False
        self._wake.set()

    def end(self, reason: str) -> None:
        """Note that it serves no more from now on; nothing more is sent. Idempotent."""
        if self.ended is None:
            self.ended = reason
            self.end_s = time.monotonic()
            self.end_ms = self._exchange.now_ms()
            self._queue.clear()
            self._wake.set()
            self._exchange.serving_changed()

    def reset(self) -> None:
        """Cut it off with a TCP reset, which may take with it what the client has not read."""
        self.end("reset")
        linger = struct.pack("ii", 1, 0)
        sock = self.connection.transport.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.connection.transport.abort()

    def write_raw(self, data: bytes, reason: str) -> None:
        """Write bytes past the library and end it: they are no well-formed frame."""
        self.end(reason)
        self.connection.transport.write(data)

    async def send_all(self) -> None:
        """Send whatever is queued until it has ended."""
        try:
            while self.ended is None:
                await self._wake.wait()
                self._wake.clear()
                await self._send_queued()
        except ConnectionClosed:
            pass  # whoever watches the connection notices

    async def _send_queued(self) -> None:
        begun = len(self.written)
        while self._queue and not self.held and self.ended is None:
            item = self._queue.popleft()
            # Noted first: an order cut off in the middle may have arrived all the same.
            self.written.append(item)
            await self._send(item)
            self._note_sent(item)
        if len(self.written) > begun and self.ended is None:
            pong = await self.connection.ping()
            assert isinstance(pong, asyncio.Future)
            sent = len(self.written), time.monotonic()
            pong.add_done_callback(partial(self._note_pong, *sent))

    async def _send(self, item: Item) -> None:
        match item:
            case Frame(content, binary):
                await self.connection.send(content, text=not binary)
            case Delivery(issued, stream):
                # The client's clock can only be later than this.
                if issued.written_ms is None:
                    issued.written_ms = time.time_ns() // 1_000_000
                await self.connection.send(issued.text(stream))
            case Beat(symbol, ts_ms):
                data = {"e": "markPriceUpdate", "E": ts_ms, "s": symbol, "p": "100.25"}
                await self.connection.send(envelope(f"{symbol.lower()}@markPrice@1s", data))

    def _note_sent(self, item: Item) -> None:
        now_s = time.monotonic()
        if isinstance(item, Delivery) and item.issued.written_s is None:
            item.issued.written_s = now_s
        if isinstance(item, Frame):
            self._exchange.note_frame(item)
        if isinstance(item, Beat) and self.first_beat_s is None and self.ended is None:
            self.first_beat_s = now_s
            self._exchange.serving_changed()

    def _note_pong(self, count: int, sent_s: float, pong: "asyncio.Future[float]") -> None:
        if pong.cancelled() or pong.exception() is not None:
            return
        now_s = time.monotonic()
        for item in self.written[self.reached : count]:
            if isinstance(item, Delivery) and item.issued.reached_s is None:
                item.issued.reached_s = now_s
        self.reached = max(self.reached, count)
        self.reached_sent_s = max(self.reached_sent_s, sent_s)
        self._exchange.note_progress()


@dataclass(slots=True)
class _Pace:
    """How often things are sent: seconds between heartbeats, orders a second."""

    heartbeat_s: float
    events_per_s: float
    tick_s: float = 0.02
    due: float = field(default=0.0)


class HostileExchange:
    """Serve from ``async with``; scripts act through `lines`, `gates` and the methods.

    Parameters
    ----------
    rng
        Where every choice comes from.
    heartbeat_s
        Time between two mark prices of a symbol.
    events_per_s
        Force orders a second, besides what a script adds.

    Attributes
    ----------
    lines
        Every connection that was accepted to be served, the oldest first.
    gates
        How the next handshakes are answered; empty: they are served.
    attempts
        Every handshake, the oldest first.
    outages
        Every time without a serving connection after the first one.
    issued
        Every order made so far.
    unread_ms
        When orders were sent that nobody can read, and every time that stands in them.
    unexpected
        Connections that the client ended though they served, while no other one did.
    late_leaves
        How many it ended that were silent, as this process was held up by a busy machine.
    silence_s
        How long a connection may be silent before the client is right to end it.
    client_may_leave
        Whether it may do so, because it is being stopped.
    candles
        What is answered where candles are asked for.
    beats_off_ms, orders_off_ms
        How wrong the clock of the servers is that push mark prices, and orders; several: in turn.
    """

    def __init__(
        self, rng: random.Random, *, heartbeat_s: float = 0.1, events_per_s: float = 40.0
    ) -> None:
        self.rng = rng
        self.orders = OrderSource(rng)
        # Choices of its own, that take none of the others': requests come when the client pleases.
        self.candles = HostileCandles(random.Random(hash(rng.getstate())), self.now_ms)
        self.lines: list[Line] = []
        self.gates: deque[Gate] = deque()
        self.attempts: list[Attempt] = []
        self.outages: list[Outage] = []
        self.issued: list[Issued] = []
        self.unread_ms: list[int] = []
        self.unexpected: list[str] = []
        self.late_leaves = 0
        self.silence_s = math.inf
        self.client_may_leave = False
        self.beats_off_ms: tuple[int, ...] = (0,)
        self.orders_off_ms = 0
        self._beaten = 0
        self.ws_url = ""
        self.rest_url = ""
        self.pace = _Pace(heartbeat_s, events_per_s)
        self._progress = asyncio.Event()
        self._gated: dict[int, Gate] = {}
        self._served_once = False
        # The exchange's time runs evenly, whatever is done to the machine's clock.
        self._zero_ms = time.time_ns() / 1e6 - time.monotonic() * 1e3

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_get("/fapi/v1/exchangeInfo", _exchange_info)
        self.candles.add_routes(app)
        self._rest = web.AppRunner(app, shutdown_timeout=0.1, access_log=None)
        await self._rest.setup()
        await web.TCPSite(self._rest, "127.0.0.1", 0).start()
        self.rest_url = f"http://127.0.0.1:{self._rest.addresses[0][1]}"
        self._server = await serve(
            self._serve,
            "127.0.0.1",
            0,
            process_request=self._answer,
            close_timeout=0.2,
            ping_interval=None,
            compression=None,
            logger=_silent,
        )
        self.ws_url = f"ws://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        self._pump_task = asyncio.create_task(self._pump())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._pump_task.cancel()
        for line in self.lines:
            line.end("the exchange stops")
        self._server.close()
        await self._server.wait_closed()
        await self._rest.cleanup()

    def now_ms(self) -> int:
        """Return the exchange's time, UTC milliseconds."""
        return int(self._zero_ms + time.monotonic() * 1e3)

    def note_frame(self, frame: Frame) -> None:
        """Take note of a frame that was sent, in case it is an order of which nothing is stored."""
        content = frame.content
        data = content if isinstance(content, bytes) else content.encode(errors="replace")
        if b"forceorder" in data.lower():
            self.unread_ms += [self.now_ms(), *map(int, _TIME.findall(data))]

    def serving(self) -> list[Line]:
        """Return the connections on which heartbeats flow, the oldest first."""
        return [line for line in self.lines[-8:] if line.serving]

    def add_order(self, issued: Issued) -> None:
        """Send an order on every open connection that carries it."""
        self.issued.append(issued)
        self.repeat(issued)

    def repeat(self, issued: Issued) -> None:
        """Send an order that was sent before."""
        for line in self._open():
            for stream in streams_of(issued.symbol):
                if stream in line.streams:
                    line.put(Delivery(issued, stream))

    def serving_changed(self) -> None:
        """Take note that a line began or ended to serve."""
        now_s = time.monotonic()
        is_open = bool(self.outages) and self.outages[-1].end_s is None
        if self.serving():
            self._served_once = True
            if is_open:
                self.outages[-1].end_s = now_s
        elif self._served_once and not is_open:
            self.outages.append(Outage(now_s))
        self.note_progress()

    def note_progress(self) -> None:
        """Wake whoever waits in `until`."""
        self._progress.set()

    async def until(self, condition: Any, limit_s: float) -> bool:
        """Wait for a condition on this exchange; return whether it came about in time."""
        try:
            async with asyncio.timeout(limit_s):
                while not condition():
                    self._progress.clear()
                    await self._progress.wait()
        except TimeoutError:
            return bool(condition())
        return True

    def _open(self) -> Iterator[Line]:
        # The newest first, so that during a rotation the new connection is ahead.
        return (line for line in reversed(self.lines[-8:]) if line.ended is None)

    async def _answer(self, connection: ServerConnection, request: Request) -> Response | None:
        del request
        gate = self.gates.popleft() if self.gates else None
        self.attempts.append(Attempt(time.monotonic(), gate))
        self.note_progress()
        if gate is None:
            return None
        if gate.kind == "refuse":
            response = connection.respond(HTTPStatus(gate.status), "refused\n")
            response.headers.update(gate.headers)
            return response
        if gate.kind == "garbage":
            connection.transport.write(self.rng.choice((b"HTTP/1.1 2", b"\0" * 40, b"SSH-2.0\r\n")))
            connection.transport.close()
        self._gated[id(connection)] = gate
        return None

    async def _serve(self, connection: ServerConnection) -> None:
        gate = self._gated.pop(id(connection), None)
        if gate is not None:
            if gate.kind == "silent":
                await self._acknowledge(connection)
            return
        line = Line(self, connection)
        self.lines.append(line)
        async with asyncio.TaskGroup() as tasks:
            sender = tasks.create_task(line.send_all())
            await connection.wait_closed()
            if line.serving and len(self.serving()) == 1 and not self.client_may_leave:
                # By when it was sent: a pong that came in time may be seen late as well.
                if time.monotonic() - line.reached_sent_s > self.silence_s:
                    self.late_leaves += 1
                else:
                    self.unexpected.append(f"{connection.close_code} {connection.close_reason}")
            line.end("closed by the client")
            sender.cancel()

    async def _acknowledge(self, connection: ServerConnection) -> None:
        try:
            await connection.send('{"result": null, "id": 1}')
            await connection.wait_closed()
        except ConnectionClosed:
            pass

    async def _pump(self) -> None:
        clock = asyncio.get_running_loop().time
        last_s = next_beat_s = clock()
        while True:
            await asyncio.sleep(self.pace.tick_s)
            now_s, now_ms = clock(), self.now_ms()
            lines = list(self._open())
            if now_s >= next_beat_s:
                next_beat_s = max(next_beat_s + self.pace.heartbeat_s, now_s)
                off_ms = self.beats_off_ms[self._beaten % len(self.beats_off_ms)]
                self._beaten += 1
                for line in lines:
                    for symbol in _beating(line.streams):
                        line.put(Beat(symbol, now_ms + off_ms, wild=off_ms != 0))
            self.pace.due = min(self.pace.due + (now_s - last_s) * self.pace.events_per_s, 1000.0)
            last_s = now_s
            while self.pace.due >= 1.0:
                self.pace.due -= 1.0
                if lines:
                    self.add_order(self.orders.wanted(now_ms + self.orders_off_ms))


def _beating(streams: list[str]) -> Iterator[str]:
    return (one.partition("@")[0].upper() for one in streams if "@markPrice" in one)


async def _exchange_info(_: web.Request) -> web.Response:
    symbols = [
        {"symbol": symbol, "filters": [{"filterType": "PRICE_FILTER", "tickSize": tick}]}
        for symbol, tick in (("BTCUSDT", "0.10"), ("ETHUSDT", "0.01"))
    ]
    return web.json_response({"serverTime": time.time_ns() // 1_000_000, "symbols": symbols})
