"""An exchange on loopback that does what a test tells it to: real sockets, real HTTP.

It lives in a thread of its own. Its time (`now_ms`) is the exchange's time and advances by a second
with every heartbeat, however fast those follow each other.
"""

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator, Mapping
from typing import Any
from urllib.parse import unquote

from aiohttp import web
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from Heatmap.tests.server_thread import ServerThread

START_MS = 1_790_000_000_000


def force_order(
    ts_ms: int, symbol: str = "BTCUSDT", side: str = "SELL", price: str = "100.5", qty: str = "2"
) -> dict[str, Any]:
    """Return a force order in the exchange's shape, pushed 5 ms after its trade."""
    order = {"s": symbol, "S": side, "o": "LIMIT", "f": "IOC", "q": qty, "p": "100.1", "ap": price}
    order |= {"X": "FILLED", "l": qty, "z": qty, "T": ts_ms, "ps": symbol, "st": 1}
    return {"e": "forceOrder", "E": ts_ms + 5, "o": order}


class Served:
    """One accepted connection: what it subscribed to, and the heartbeats that it was sent."""

    def __init__(self, connection: ServerConnection, streams: list[str]) -> None:
        self.connection = connection
        self.streams = streams
        self.heartbeats_ms: list[int] = []


class ScriptedExchange(ServerThread):
    """Every method and attribute may be used from the test's thread.

    Attributes
    ----------
    refusal
        The status and headers with which handshakes are refused; ``None``: they are accepted.
    close_at_once
        Accept a handshake and close right after it.
    mute
        Send no heartbeats.
    untraded
        Symbols for which nothing is sent.
    rest
        Status and JSON body of ``exchangeInfo``; a body of ``None`` never comes.
    attempts_s
        When handshakes arrived, by the monotonic clock.
    served
        Every connection accepted so far, the oldest first.
    paths
        The addresses of these, as they came.
    """

    def __init__(self, heartbeat_s: float = 0.02) -> None:
        super().__init__()
        self.refusal: tuple[int, Mapping[str, str]] | None = None
        self.close_at_once = False
        self.mute = False
        self.untraded: set[str] = set()
        self.rest: tuple[int, Any] = (200, {"symbols": []})
        self.attempts_s: list[float] = []
        self.served: list[Served] = []
        self.paths: list[str] = []
        self.now_ms = START_MS
        self.ws_url = ""
        self.rest_url = ""
        self._heartbeat_s = heartbeat_s
        self._open: list[Served] = []

    def send(self, content: object) -> None:
        """Send a frame to every open connection: text, bytes as text, or an object as JSON."""
        self.call(self._broadcast(content))

    def liquidate(self, symbol: str = "BTCUSDT", **fields: str) -> int:
        """Send a force order on every stream that carries it; return its trade time."""
        return self.call(self._liquidate(symbol, fields))

    def close_all(self, code: int = 1001) -> None:
        """Close every connection with a closing handshake."""
        self.call(self._close_all(code))

    def abort_all(self) -> None:
        """Cut every connection off, as a broken network would."""
        self.call(self._abort_all())

    def ping(self) -> None:
        """Ping every open connection and wait for the answers, at most 2 s."""
        self.call(self._ping())

    @contextlib.asynccontextmanager
    async def serving(self) -> AsyncIterator[None]:
        app = web.Application()
        app.router.add_get("/fapi/v1/exchangeInfo", self._exchange_info)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        self.rest_url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        async with serve(
            self._serve, "127.0.0.1", 0, process_request=self._accept, close_timeout=0.2
        ) as server:
            self.ws_url = f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}"
            ticker = asyncio.create_task(self._tick())
            yield
            ticker.cancel()
        await runner.cleanup()

    def _accept(self, connection: ServerConnection, request: Request) -> Response | None:
        del request
        self.attempts_s.append(time.monotonic())
        if self.refusal is None:
            return None
        status, headers = self.refusal
        response = connection.respond(status, "refused")
        response.headers.update(headers)
        return response

    async def _serve(self, connection: ServerConnection) -> None:
        assert connection.request is not None
        path, _, query = connection.request.path.partition("?streams=")
        self.paths.append(connection.request.path)
        served = Served(connection, unquote(query).split("/"))
        self.served.append(served)
        # As the real one does: it accepts other paths, and stays silent there.
        if path != "/market/stream":
            await connection.wait_closed()
            return
        if self.close_at_once:
            return
        self._open.append(served)
        try:
            await connection.wait_closed()
        finally:
            if served in self._open:
                self._open.remove(served)

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(self._heartbeat_s)
            self.now_ms += 1000
            if self.mute:
                continue
            # The newest first, so that during a rotation the new connection is ahead.
            for served in reversed(tuple(self._open)):
                sent = False
                for stream in served.streams:
                    is_traded = stream.partition("@")[0].upper() not in self.untraded
                    if "@markPrice" in stream and is_traded:
                        sent = await self._send(served, stream, self._mark_price(stream))
                if sent:
                    served.heartbeats_ms.append(self.now_ms)

    def _mark_price(self, stream: str) -> dict[str, Any]:
        symbol = stream.partition("@")[0].upper()
        return {"e": "markPriceUpdate", "E": self.now_ms, "s": symbol, "p": "100.25"}

    async def _liquidate(self, symbol: str, fields: Mapping[str, str]) -> int:
        self.now_ms += 1
        order = force_order(self.now_ms, symbol, **fields)
        for served in tuple(self._open):
            for stream in (f"{symbol.lower()}@forceOrder", "!forceOrder@arr"):
                if stream in served.streams:
                    await self._send(served, stream, order)
        return int(order["o"]["T"])

    async def _broadcast(self, content: object) -> None:
        frame = content if isinstance(content, str | bytes) else json.dumps(content)
        for served in tuple(self._open):
            await served.connection.send(frame, text=isinstance(frame, bytes))

    async def _send(self, served: Served, stream: str, data: object) -> bool:
        try:
            await served.connection.send(json.dumps({"stream": stream, "data": data}))
        except ConnectionClosed:
            return False
        return True

    async def _close_all(self, code: int) -> None:
        closing, self._open[:] = tuple(self._open), []
        for served in closing:
            await served.connection.close(code, "scripted")

    async def _abort_all(self) -> None:
        closing, self._open[:] = tuple(self._open), []
        for served in closing:
            served.connection.transport.abort()

    async def _ping(self) -> None:
        for served in tuple(self._open):
            async with asyncio.timeout(2):
                await (await served.connection.ping())

    async def _exchange_info(self, request: web.Request) -> web.Response:
        del request
        status, body = self.rest
        if body is None:
            await self._stop.wait()
        return web.json_response(body, status=status)
