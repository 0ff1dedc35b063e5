"""The HTTP half of the loopback exchange: the few ``/fapi/v1`` calls this program makes."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Mapping

from aiohttp import web
from aiohttp.typedefs import Handler

from Heatmap.standalone.exchange.loopback_guard import (
    MAX_CONNECTIONS,
    RefusedConnection,
    foreign_words,
)
from Heatmap.standalone.exchange.market import INTERVALS_MS, Candle, Market
from Heatmap.standalone.exchange.wire import compact, exchange_info, kline_row

_DEFAULT_LIMIT, _MAX_LIMIT = 500, 1500
_SHUTDOWN_S = 1.0
# A client that asks for nothing holds its place no longer.
_KEEP_ALIVE_S = 15.0
_UNAUTHORIZED = -1002
# Milliseconds since 1970 have 13; a number of thousands is none that Python would read.
_MAX_DIGITS = 16


class _RequestError(Exception):
    """A request that Binance answers with an error code and status 400."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


@contextlib.asynccontextmanager
async def open_rest(market: Market, clock: Callable[[], int], host: str) -> AsyncIterator[int]:
    """Serve the calls on a free port of `host`, which is given to the body.

    Raises
    ------
    OSError
        There is no free port.
    """
    runner = web.AppRunner(
        _application(market, clock),
        access_log=None,
        shutdown_timeout=_SHUTDOWN_S,
        keepalive_timeout=_KEEP_ALIVE_S,
    )
    await runner.setup()
    handlers = runner.server
    assert handlers is not None  # noqa: S101  # made by the set-up

    def connection() -> asyncio.Protocol:
        return handlers() if len(handlers.connections) < MAX_CONNECTIONS else RefusedConnection()

    try:
        server = await asyncio.get_running_loop().create_server(connection, host, 0)
        try:
            yield server.sockets[0].getsockname()[1]
        finally:
            server.close()
    finally:
        await runner.cleanup()


@web.middleware
async def _refuse_foreign(request: web.Request, handler: Handler) -> web.StreamResponse:
    headers = request.headers
    words = foreign_words(
        headers.getall("Host", []),
        headers.getall("Origin", []),
        headers.getall("Sec-Fetch-Site", []),
    )
    if words:
        return web.json_response({"code": _UNAUTHORIZED, "msg": words}, status=403)
    return await handler(request)


def _application(market: Market, clock: Callable[[], int]) -> web.Application:
    async def ping(_request: web.Request) -> web.Response:
        return web.json_response({})

    async def server_time(_request: web.Request) -> web.Response:
        return web.json_response({"serverTime": clock()})

    async def info(_request: web.Request) -> web.Response:
        return web.json_response(exchange_info(market.symbol, market.tick_size, clock()))

    async def klines(request: web.Request) -> web.Response:
        try:
            # In a thread: years of daily candles take a second, and pushes must not wait for them.
            text = await asyncio.to_thread(klines_json, market, clock(), request.query)
        except _RequestError as error:
            return web.json_response({"code": error.code, "msg": error.message}, status=400)
        return web.Response(text=text, content_type="application/json")

    app = web.Application(middlewares=[_refuse_foreign])
    app.router.add_get("/fapi/v1/ping", ping)
    app.router.add_get("/fapi/v1/time", server_time)
    app.router.add_get("/fapi/v1/exchangeInfo", info)
    app.router.add_get("/fapi/v1/klines", klines)
    return app


def klines_json(market: Market, now_ms: int, query: Mapping[str, str]) -> str:
    """Answer ``/fapi/v1/klines`` as of `now_ms`.

    With ``startTime`` the oldest ``limit`` candles from there on, else the newest ones up to
    ``endTime``; both bounds are inclusive and compared with the candle's opening.
    """
    symbol = _required(query, "symbol")
    if symbol != market.symbol:
        raise _RequestError(-1121, "Invalid symbol.")
    interval_ms = INTERVALS_MS.get(_required(query, "interval"))
    if interval_ms is None:
        raise _RequestError(-1120, "Invalid interval.")
    limit = _whole_number(query, "limit", _DEFAULT_LIMIT)
    if not 1 <= limit <= _MAX_LIMIT:
        raise _RequestError(-1130, "Data sent for parameter 'limit' is not valid.")
    start_ms = _whole_number(query, "startTime", -1)
    end_ms = _whole_number(query, "endTime", now_ms)
    if start_ms > end_ms:
        raise _RequestError(-1023, "Start time is greater than end time.")
    candles = _candles(market, interval_ms, start_ms, min(end_ms, now_ms), now_ms, limit)
    return compact([kline_row(interval_ms, candle) for candle in candles])


def _candles(
    market: Market, interval_ms: int, start_ms: int, last_open_ms: int, now_ms: int, limit: int
) -> list[Candle]:
    span_ms = limit * interval_ms
    # Up to the end of the candle that opens last, but never beyond now.
    end_ms = min(last_open_ms - last_open_ms % interval_ms + interval_ms, now_ms)
    # Times without trades have no candle, so the time looked at grows until there are enough.
    if start_ms < 0:
        found = market.candles(interval_ms, max(end_ms - span_ms, 0), end_ms)
        while len(found) < limit and span_ms < end_ms:
            span_ms *= 2
            found = market.candles(interval_ms, max(end_ms - span_ms, 0), end_ms)
        return found[-limit:]
    found = []
    while start_ms < end_ms and len(found) < limit:
        piece_end_ms = min(start_ms - start_ms % interval_ms + span_ms, end_ms)
        found += market.candles(interval_ms, start_ms, piece_end_ms)
        start_ms = piece_end_ms
        span_ms *= 2
    return found[:limit]


def _required(query: Mapping[str, str], name: str) -> str:
    value = query.get(name, "")
    if not value:
        raise _RequestError(
            -1102, f"Mandatory parameter '{name}' was not sent, was empty/null, or malformed."
        )
    return value


def _whole_number(query: Mapping[str, str], name: str, default: int) -> int:
    text = query.get(name)
    if text is None:
        return default
    if not (text.isascii() and text.isdigit() and len(text) <= _MAX_DIGITS):
        raise _RequestError(-1130, f"Data sent for parameter '{name}' is not valid.")
    return int(text)
