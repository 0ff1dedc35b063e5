"""The HTTP half of the loopback exchange: the few calls this program makes."""

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
from Heatmap.standalone.exchange.market import Market
from Heatmap.standalone.exchange.rest_answers import (
    RequestError,
    funding_json,
    klines_json,
    open_interest_json,
)
from Heatmap.standalone.exchange.wire import exchange_info

_SHUTDOWN_S = 1.0
# A client that asks for nothing holds its place no longer.
_KEEP_ALIVE_S = 15.0
_UNAUTHORIZED = -1002


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

    def answering(
        answer: Callable[[Market, int, Mapping[str, str]], str],
    ) -> Handler:
        async def handle(request: web.Request) -> web.Response:
            try:
                # In a thread: years of daily candles take a second, and pushes must not wait.
                text = await asyncio.to_thread(answer, market, clock(), request.query)
            except RequestError as error:
                return web.json_response({"code": error.code, "msg": error.message}, status=400)
            return web.Response(text=text, content_type="application/json")

        return handle

    app = web.Application(middlewares=[_refuse_foreign])
    app.router.add_get("/fapi/v1/ping", ping)
    app.router.add_get("/fapi/v1/time", server_time)
    app.router.add_get("/fapi/v1/exchangeInfo", info)
    app.router.add_get("/fapi/v1/klines", answering(klines_json))
    app.router.add_get("/fapi/v1/fundingRate", answering(funding_json))
    app.router.add_get("/futures/data/openInterestHist", answering(open_interest_json))
    return app
