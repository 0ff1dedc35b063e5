"""A chart that a candle feed feeds, and exchanges that serve or fail it."""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from aiohttp import web
from websockets.asyncio.server import ServerConnection, serve

from Heatmap.domain.candles import Candle as StoredCandle
from Heatmap.domain.candles import CandleHistory, joined
from Heatmap.standalone.candle_feed import Candle, CandleFeed, CandleFeedTimes
from Heatmap.standalone.candle_table import CandleTable
from Heatmap.standalone.exchange.loopback_exchange import LoopbackExchange
from Heatmap.standalone.exchange.market import MINUTE_MS
from Heatmap.standalone.exchange.simulated_market import SimulatedMarket
from Heatmap.standalone.exchange.wire import enveloped, kline_payload, kline_row

NOW_MS = 1_795_176_034_567
QUICK = CandleFeedTimes(
    silence_s=5.0,
    first_backoff_s=0.02,
    longest_backoff_s=0.05,
    close_timeout_s=0.1,
    first_look_s=0.01,
    longest_look_s=0.02,
)
MARKET = SimulatedMarket(3)


class Hand:
    """A data clock that the test moves."""

    def __init__(self, now_ms: int = NOW_MS) -> None:
        self.now_ms = now_ms

    def __call__(self) -> int:
        return self.now_ms


class Chart:
    """What a chart makes of the feed: the candles by time, and a way to wait for a condition."""

    def __init__(self) -> None:
        self.candles: dict[int, Candle] = {}
        self.histories: list[list[Candle]] = []
        self.older: list[list[Candle]] = []
        self.states: list[str] = []
        self._changed = asyncio.Event()

    def show_history(self, candles: list[Candle]) -> None:
        self.histories.append(candles)
        self.candles = {one.open_ms: one for one in candles}
        self._changed.set()

    def show_candle(self, candle: Candle) -> None:
        assert candle.open_ms >= max(self.candles), "a chart takes no older candle"
        self.candles[candle.open_ms] = candle
        self._changed.set()

    def show_older(self, candles: list[Candle]) -> None:
        assert [one.open_ms for one in candles] == sorted(one.open_ms for one in candles)
        assert candles[-1].open_ms < min(self.candles), "nothing is delivered twice"
        self.older.append(candles)
        self.candles = {one.open_ms: one for one in candles} | self.candles
        self._changed.set()

    def show_state(self, state: str) -> None:
        assert "\n" not in state
        self.states.append(state)
        self._changed.set()

    async def until(self, condition: Callable[[], object]) -> None:
        while not condition():
            self._changed.clear()
            await self._changed.wait()

    def shows(self, start_ms: int, now_ms: int) -> bool:
        """Whether the prices are the market's, without a gap."""
        wanted = MARKET.candles(MINUTE_MS, start_ms, now_ms)
        return [prices(one) for one in self.candles.values()] == [prices(one) for one in wanted]


def prices(candle: Candle) -> tuple[float, ...]:
    return candle.open_ms, candle.open, candle.high, candle.low, candle.close


def feed_for(
    chart: Chart,
    rest_url: str,
    ws_url: str,
    count: int = 100,
    table: CandleTable | None = None,
    **times: float,
) -> CandleFeed:
    return CandleFeed(
        rest_url,
        ws_url,
        "BTCUSDT",
        "1m",
        count=count,
        on_history=chart.show_history,
        on_candle=chart.show_candle,
        on_state=chart.show_state,
        table=table,
        times=CandleFeedTimes(
            **{name: times.get(name, getattr(QUICK, name)) for name in CandleFeedTimes.__slots__}
        ),
        rng=random.Random(1),
    )


class Recorded:
    """A recorder's table: what of the market was fetched, and how often it was read."""

    def __init__(self, *minutes_ago: tuple[int, int]) -> None:
        newest = NOW_MS // MINUTE_MS * MINUTE_MS
        self.fetched = [
            (newest - first * MINUTE_MS, newest - last * MINUTE_MS) for first, last in minutes_ago
        ]
        self.reads = 0
        self.failure: Exception | None = None

    def fetch(self, first: int, last: int) -> None:
        """Take in what the recorder has fetched, of so many minutes ago."""
        self.fetched += Recorded((first, last)).fetched

    async def read(self, start_ms: int, end_ms: int) -> CandleHistory:
        self.reads += 1
        if self.failure is not None:
            raise self.failure
        spans = joined((max(first, start_ms), min(last, end_ms)) for first, last in self.fetched)
        candles = tuple(
            StoredCandle(one.open_ms, one.open, one.high, one.low, one.close, 1.0)
            for first, last in spans
            for one in MARKET.candles(MINUTE_MS, first, last)
        )
        return CandleHistory(candles, spans)


def run(scenario: Callable[[], Awaitable[None]]) -> None:
    async def main() -> None:
        async with asyncio.timeout(20):
            await scenario()
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(main())


@contextlib.asynccontextmanager
async def exchange_at(hand: Hand) -> AsyncIterator[LoopbackExchange]:
    exchange = LoopbackExchange(MARKET, hand)
    await exchange.start()
    try:
        yield exchange
    finally:
        await exchange.stop()


class Scripted:
    """An exchange of which each part does as the test says; HTTP and websocket share a clock."""

    def __init__(self, hand: Hand) -> None:
        self.hand = hand
        self.rest_url = self.ws_url = ""
        self.requests: list[dict[str, str]] = []
        self.connections: list[ServerConnection] = []
        # Statuses and bodies of the next answers; afterwards the market's candles.
        self.answers: list[tuple[int, str]] = []
        self.location = ""
        self.on_connection: Callable[[ServerConnection], Awaitable[None]] = self.stay
        self._asked = asyncio.Event()

    async def asked(self, times: int) -> None:
        """Wait for so many requests."""
        while len(self.requests) < times:
            self._asked.clear()
            await self._asked.wait()

    async def stay(self, connection: ServerConnection) -> None:
        await connection.wait_closed()

    async def klines(self, request: web.Request) -> web.Response:
        query = dict(request.query)
        self.requests.append(query)
        self._asked.set()
        if self.answers:
            status, text = self.answers.pop(0)
            headers = {"Location": self.location} if self.location else {}
            return web.Response(status=status, text=text, headers=headers)
        limit, end_ms = int(query["limit"]), int(query.get("endTime", self.hand()))
        last = end_ms // MINUTE_MS * MINUTE_MS
        candles = MARKET.candles(
            MINUTE_MS, last - (limit - 1) * MINUTE_MS, min(last + MINUTE_MS, self.hand())
        )
        return web.json_response([kline_row(MINUTE_MS, one) for one in candles])

    async def push(self, connection: ServerConnection, now_ms: int, **changes: Any) -> None:
        (candle,) = MARKET.candles(MINUTE_MS, now_ms // MINUTE_MS * MINUTE_MS, now_ms)
        payload = kline_payload("BTCUSDT", "1m", MINUTE_MS, candle, now_ms)
        payload["k"] |= changes
        await connection.send(enveloped("btcusdt@kline_1m", payload))

    @contextlib.asynccontextmanager
    async def serving(self) -> AsyncIterator["Scripted"]:
        async def handle(connection: ServerConnection) -> None:
            self.connections.append(connection)
            await self.on_connection(connection)

        app = web.Application()
        app.router.add_get("/fapi/v1/klines", self.klines)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            self.rest_url = "http://{}:{}".format(*runner.addresses[0][:2])
            async with serve(handle, "127.0.0.1", 0, close_timeout=0.1) as server:
                self.ws_url = "ws://{}:{}".format(*next(iter(server.sockets)).getsockname()[:2])
                yield self
        finally:
            await runner.cleanup()
