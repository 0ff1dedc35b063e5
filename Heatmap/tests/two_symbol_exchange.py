"""An exchange on loopback with two symbols, whose answers the test holds back or refuses."""

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any

from aiohttp import web
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from Heatmap.standalone.exchange.market import INTERVALS_MS, Candle
from Heatmap.standalone.exchange.wire import kline_payload, kline_row, mark_price_payload
from Heatmap.tests.server_thread import ServerThread

PRICES = {"BTCUSDT": 98_000.0, "ETHUSDT": 3_009.0}
TICK_SIZES = {"BTCUSDT": "0.10", "ETHUSDT": "0.01"}
_COUNT = 300


def candles_of(symbol: str, interval: str, now_ms: int, count: int = _COUNT) -> list[Candle]:
    """Return the newest candles, the last one in progress."""
    interval_ms, price = INTERVALS_MS[interval], PRICES[symbol]
    first_ms = now_ms - now_ms % interval_ms - (count - 1) * interval_ms
    step = price / 10_000
    closes = [round(price + step * ((index * 7) % 11 - 5), 2) for index in range(count)]
    return [
        Candle(
            first_ms + index * interval_ms,
            round(close - step, 2),
            round(close + 2 * step, 2),
            round(close - 2 * step, 2),
            close,
            1.0,
            index + 1 < count,
        )
        for index, close in enumerate(closes)
    ]


class TwoSymbolExchange(ServerThread):
    """Serves candles, tick sizes and heartbeats of two symbols.

    Attributes
    ----------
    asked
        Each history that was asked for, as (symbol, interval).
    held
        Histories that are answered only when they are taken out of here.
    broken
        Histories that are answered by HTTP 503.
    is_down
        Whether each connection is ended at once, whoever asks for it.
    orders
        Force orders, as the exchange writes them; sent again and again, and stored once.
    """

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[tuple[str, str]] = []
        self.held: set[tuple[str, str]] = set()
        self.broken: set[tuple[str, str]] = set()
        self.answered: list[tuple[str, str]] = []
        self.orders: tuple[dict[str, Any], ...] = ()
        self.is_down = False
        self.rest_url = self.ws_url = ""

    @contextlib.asynccontextmanager
    async def serving(self) -> AsyncIterator[None]:
        app = web.Application()
        app.router.add_get("/fapi/v1/klines", self._klines)
        app.router.add_get("/fapi/v1/exchangeInfo", self._exchange_info)
        self._add_routes(app)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        self.rest_url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        async with serve(self._stream, "127.0.0.1", 0, close_timeout=0.2) as server:
            self.ws_url = f"ws://127.0.0.1:{next(iter(server.sockets)).getsockname()[1]}"
            yield
            self.held.clear()
        await runner.cleanup()

    def _add_routes(self, app: web.Application) -> None:
        """Serve more than candles and tick sizes: an exchange that derives from this one."""

    async def _klines(self, request: web.Request) -> web.Response:
        symbol, interval = request.query["symbol"], request.query["interval"]
        key = symbol, interval
        self.asked.append(key)
        while key in self.held:  # noqa: ASYNC110 - another thread lets it go
            await asyncio.sleep(0.01)
        if key in self.broken:
            return web.Response(status=503)
        if symbol not in PRICES:
            return web.json_response({"code": -1121, "msg": "Invalid symbol."}, status=400)
        now_ms = int(time.time() * 1000)
        end_ms = int(request.query.get("endTime", now_ms))
        rows = candles_of(symbol, interval, min(end_ms, now_ms))[-int(request.query["limit"]) :]
        if "endTime" in request.query:
            rows = []
        self.answered.append(key)
        return web.json_response([kline_row(INTERVALS_MS[interval], row) for row in rows])

    async def _exchange_info(self, _request: web.Request) -> web.Response:
        symbols = [
            {"symbol": name, "filters": [{"filterType": "PRICE_FILTER", "tickSize": tick}]}
            for name, tick in TICK_SIZES.items()
        ]
        return web.json_response({"symbols": symbols})

    async def _stream(self, connection: ServerConnection) -> None:
        assert connection.request is not None
        path = connection.request.path
        with contextlib.suppress(ConnectionClosed):
            while not self.is_down:
                for text in self._due(path, int(time.time() * 1000)):
                    await connection.send(text)
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(connection.wait_closed(), 0.2)
                    return

    def _due(self, path: str, now_ms: int) -> Iterator[str]:
        is_combined = "?streams=" in path
        for stream in path.rpartition("=" if is_combined else "/")[2].split("/"):
            name, _, kind = stream.partition("@")
            symbol, interval = name.upper(), kind.removeprefix("kline_")
            if interval == kind or symbol not in PRICES:
                continue
            candle = candles_of(symbol, interval, now_ms)[-1]
            data = kline_payload(symbol, interval, INTERVALS_MS[interval], candle, now_ms)
            yield json.dumps({"stream": stream, "data": data} if is_combined else data)
        if "!forceOrder@arr" in path:
            for order in self.orders:
                yield json.dumps({"stream": "!forceOrder@arr", "data": order})
        for symbol, price in PRICES.items():
            stream = f"{symbol.lower()}@markPrice@1s"
            if stream in path or "!forceOrder@arr" in path:
                payload: dict[str, Any] = mark_price_payload(symbol, now_ms, price)
                yield json.dumps({"stream": stream, "data": payload})
