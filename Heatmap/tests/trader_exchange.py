"""An exchange on loopback with two symbols whose past can be fetched, and with liquidations."""

import json
import math
import random
import time
from collections import deque
from collections.abc import Iterator
from typing import Any

from aiohttp import web

from Heatmap.domain.events import Liquidated, LiquidationEvent
from Heatmap.runtime.compat import override
from Heatmap.standalone.exchange.market import INTERVALS_MS, Candle
from Heatmap.standalone.exchange.wire import kline_payload, kline_row, mark_price_payload
from Heatmap.tests.two_symbol_exchange import PRICES, TwoSymbolExchange

MINUTE_MS = 60_000
_STEPS = 8
_LIMIT = 500


def price_at(symbol: str, ts_ms: int) -> float:
    """Return the price at a time: it swings by three per cent over the day."""
    minutes = ts_ms / MINUTE_MS
    swing = 0.012 * math.sin(minutes / 190) + 0.004 * math.sin(minutes / 31)
    noise = random.Random(ts_ms // 7_500).gauss(0, 0.00035)
    return round(PRICES[symbol] * (1 + swing + noise), 2)


def candle_at(symbol: str, interval_ms: int, open_ms: int, now_ms: int) -> Candle:
    """Return a candle, complete or in progress."""
    end_ms = min(open_ms + interval_ms, now_ms)
    step_ms = max(1, (end_ms - open_ms) // _STEPS)
    prices = [price_at(symbol, open_ms + step_ms * n) for n in range(_STEPS)]
    prices.append(price_at(symbol, end_ms))
    # Some minutes trade a lot: from those most predicted levels are.
    usd = 1e7 * interval_ms / MINUTE_MS * random.Random(open_ms).lognormvariate(0, 1)
    return Candle(
        open_ms,
        prices[0],
        max(prices),
        min(prices),
        prices[-1],
        round(usd / prices[0], 3),
        open_ms + interval_ms <= now_ms,
        round(usd, 2),
        round(usd / 2, 2),
        900,
    )


def past_liquidations(symbol: str, start_ms: int, end_ms: int) -> list[LiquidationEvent]:
    """Return liquidations of some time, about two a minute, none of them of a million USD."""
    draw = random.Random(start_ms)
    found = []
    ts_ms = start_ms
    while ts_ms < end_ms:
        usd = min(draw.lognormvariate(9.3, 1.4), 900_000.0)
        found.append(liquidation(symbol, ts_ms, usd, is_long=draw.random() < 0.5))
        ts_ms += 1 + int(draw.expovariate(1 / 30_000))
    return found


def liquidation(symbol: str, ts_ms: int, usd: float, *, is_long: bool) -> LiquidationEvent:
    """Return a liquidation at the price of its time."""
    price = price_at(symbol, ts_ms)
    return LiquidationEvent(
        ts_ms=ts_ms,
        symbol=symbol,
        liquidated=Liquidated.LONG if is_long else Liquidated.SHORT,
        price=price,
        qty=usd / price,
        notional=usd,
        source="BINANCE_USDM",
        limit_price=price,
        original_qty=usd / price,
        push_ms=ts_ms + 5,
        receive_ms=ts_ms + 9,
        raw_json="",
    )


class TraderExchange(TwoSymbolExchange):
    """As its base, with a past, open interest and funding; it pushes what `liquidate` is told."""

    def __init__(self) -> None:
        super().__init__()
        self._orders: deque[tuple[int, str]] = deque(maxlen=50)
        self._sent: dict[str, int] = {}
        self._count = 0

    def liquidate(self, symbol: str, usd: float, *, is_long: bool) -> None:
        """Push an order to whoever listens, within a moment."""
        now_ms = int(time.time() * 1000)
        price = price_at(symbol, now_ms)
        order = {
            "s": symbol,
            "S": "SELL" if is_long else "BUY",
            "o": "LIMIT",
            "f": "IOC",
            "q": f"{usd / price:.4f}",
            "p": str(price),
            "ap": str(price),
            "X": "FILLED",
            "l": f"{usd / price:.4f}",
            "z": f"{usd / price:.4f}",
            "T": now_ms,
        }
        self._count += 1
        text = json.dumps({"e": "forceOrder", "E": now_ms + 5, "o": order})
        self._orders.append((self._count, text))

    @override
    async def _klines(self, request: web.Request) -> web.Response:
        query = request.query
        symbol, interval = query["symbol"], query["interval"]
        self.asked.append((symbol, interval))
        if symbol not in PRICES:
            return web.json_response({"code": -1121, "msg": "Invalid symbol."}, status=400)
        interval_ms = INTERVALS_MS[interval]
        rows = [
            kline_row(interval_ms, candle_at(symbol, interval_ms, at_ms, _now_ms()))
            for at_ms in _times(query, interval_ms)
        ]
        self.answered.append((symbol, interval))
        return web.json_response(rows)

    @override
    def _add_routes(self, app: web.Application) -> None:
        app.router.add_get("/futures/data/openInterestHist", self._open_interest)
        app.router.add_get("/fapi/v1/fundingRate", self._funding)

    async def _open_interest(self, request: web.Request) -> web.Response:
        query, step_ms = request.query, INTERVALS_MS["5m"]
        price = PRICES[query["symbol"]]
        rows = [
            {
                "symbol": query["symbol"],
                "sumOpenInterest": f"{5e9 / price:.4f}",
                "sumOpenInterestValue": "5000000000.0",
                "timestamp": at_ms,
            }
            for at_ms in _times(query, step_ms)
        ]
        return web.json_response(rows)

    async def _funding(self, request: web.Request) -> web.Response:
        query = request.query
        rows = [
            {
                "symbol": query["symbol"],
                "fundingTime": at_ms,
                "fundingRate": "0.00010000",
                "markPrice": str(PRICES[query["symbol"]]),
            }
            for at_ms in _times(query, 8 * INTERVALS_MS["1h"])
        ]
        return web.json_response(rows)

    @override
    def _due(self, path: str, now_ms: int) -> Iterator[str]:
        is_combined = "?streams=" in path

        def framed(stream: str, data: dict[str, Any]) -> str:
            return json.dumps({"stream": stream, "data": data} if is_combined else data)

        for stream in path.rpartition("=" if is_combined else "/")[2].split("/"):
            name, _, kind = stream.partition("@")
            symbol, interval = name.upper(), kind.removeprefix("kline_")
            if interval != kind and symbol in PRICES:
                interval_ms = INTERVALS_MS[interval]
                candle = candle_at(symbol, interval_ms, now_ms - now_ms % interval_ms, now_ms)
                payload = kline_payload(symbol, interval, interval_ms, candle, now_ms)
                yield framed(stream, payload)
        if "forceOrder" not in path and "markPrice" not in path:
            return
        for symbol in PRICES:
            stream = f"{symbol.lower()}@markPrice@1s"
            if stream in path or "!forceOrder@arr" in path:
                price = price_at(symbol, now_ms)
                yield framed(stream, mark_price_payload(symbol, now_ms, price))
        if "!forceOrder@arr" in path:
            sent = self._sent.get(path, 0)
            for number, text in list(self._orders):
                if number > sent:
                    self._sent[path] = number
                    yield framed("!forceOrder@arr", json.loads(text))


def _now_ms() -> int:
    return int(time.time() * 1000)


def _times(query: Any, step_ms: int) -> range:
    """Return the times that are asked for, multiples of the step."""
    now_ms, limit = _now_ms(), int(query.get("limit", _LIMIT))
    end_ms = min(int(query.get("endTime", now_ms)), now_ms)
    last = end_ms // step_ms
    first = last - limit + 1
    if "startTime" in query:
        first = -(-int(query["startTime"]) // step_ms)
        last = min(last, first + limit - 1)
    return range(first * step_ms, last * step_ms + 1, step_ms)
