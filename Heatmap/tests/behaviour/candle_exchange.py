"""The REST half of an exchange with candles, open interest and funding, as a test scripts it."""

import contextlib
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

from aiohttp import web

from Heatmap.tests.server_thread import ServerThread

MINUTE_MS = 60_000
Answer = tuple[int, Mapping[str, str], Any]


def kline(open_ms: int) -> list[Any]:
    """Return a row whose numbers tell its minute."""
    price = 100 + open_ms // MINUTE_MS % 1000 / 100
    return [
        *(open_ms, f"{price}", f"{price + 1}", f"{price - 1}", f"{price + 0.5}", "10"),
        *(open_ms + 59_999, "1000.5", 5, "4", "400.25", "0"),
    ]


class CandleExchange(ServerThread):
    """Every attribute may be used from the test's thread.

    Attributes
    ----------
    listed_ms
        Since when there is anything, by symbol; others since ever.
    silent
        Minutes without a candle.
    answer
        Takes path and query, and gives an answer in place of the true one; ``None``: the true one.
        A body that is no text is sent as JSON; one of ``None`` never comes.
    requests
        Path and query of each request so far, but those of ``exchangeInfo``.
    listing
        The answer of ``exchangeInfo``.
    listed
        How many of these were asked for.
    """

    def __init__(self, now_ms: Callable[[], int]) -> None:
        super().__init__()
        self.listing: Answer = (200, {}, {"symbols": []})
        self.listed = 0
        self.listed_ms: dict[str, int] = {}
        self.silent: set[int] = set()
        self.answer: Callable[[str, Mapping[str, str]], Answer | None] = lambda _path, _query: None
        self.requests: list[tuple[str, dict[str, str]]] = []
        self.rest_url = ""
        self._now_ms = now_ms

    def asked(self, path: str, symbol: str = "BTCUSDT") -> list[tuple[int, int]]:
        """Return the times that were asked for on a path that ends so."""
        return [
            (int(query["startTime"]), int(query["endTime"]) + 1)
            for asked, query in list(self.requests)
            if asked.endswith(path) and query["symbol"] == symbol
        ]

    @contextlib.asynccontextmanager
    async def serving(self) -> AsyncIterator[None]:
        app = web.Application()
        app.router.add_get("/{path:.*}", self._serve)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        self.rest_url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        yield
        await runner.cleanup()

    async def _serve(self, request: web.Request) -> web.Response:
        query = dict(request.query)
        if request.path.endswith("exchangeInfo"):
            self.listed += 1
            status, headers, body = self.listing
        else:
            self.requests.append((request.path, query))
            scripted = self.answer(request.path, query)
            status, headers, body = scripted or (200, {}, self._true(request.path, query))
        if body is None:
            await self._stop.wait()
        if isinstance(body, str | bytes):
            return web.Response(body=body, status=status, headers=dict(headers))
        return web.json_response(body, status=status, headers=dict(headers))

    def _true(self, path: str, query: Mapping[str, str]) -> list[Any]:
        start, end = int(query["startTime"]), int(query["endTime"]) + 1
        start, end = max(start, self.listed_ms.get(query["symbol"], 0)), min(end, self._now_ms())
        limit = int(query["limit"])
        symbol = query["symbol"]
        if path.endswith("klines"):
            first = -(-start // MINUTE_MS) * MINUTE_MS
            minutes = (one for one in range(first, end, MINUTE_MS) if one not in self.silent)
            return [kline(one) for one in minutes][:limit]
        if path.endswith("openInterestHist"):
            first = -(-start // 300_000) * 300_000
            return [
                {"symbol": symbol, "sumOpenInterestValue": "1000000.5", "timestamp": one}
                for one in range(first, end, 300_000)
            ][:limit]
        first = -(-start // 28_800_000) * 28_800_000
        return [
            {"symbol": symbol, "fundingRate": "0.00010000", "fundingTime": one + 2}
            for one in range(first, end, 28_800_000)
        ][:limit]
