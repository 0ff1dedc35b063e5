"""What the loopback exchange answers over HTTP: Binance's shapes, bounds, limits and refusals."""

from decimal import Decimal
from typing import Any

import pytest

from Heatmap.ingestion.exchange_info import fetch_exchange_info
from Heatmap.standalone.exchange.loopback_exchange import LoopbackExchange
from Heatmap.standalone.exchange.market import MINUTE_MS
from Heatmap.standalone.exchange.simulated_market import SimulatedMarket
from Heatmap.tests.behaviour.loopback_scenario import (
    Hand,
    collect,
    connected,
    rest,
    run,
)


def test_exchange_info_is_what_the_recorder_reads() -> None:
    async def scenario(exchange: LoopbackExchange, hand: Hand) -> None:
        info = await fetch_exchange_info(exchange.rest_url, {"BTCUSDT"})
        assert info.tick_sizes == {"BTCUSDT": Decimal("0.10")}
        assert info.server_ms == hand.now_ms
        assert await rest(exchange, "/fapi/v1/ping") == (200, {})
        assert await rest(exchange, "/fapi/v1/time") == (200, {"serverTime": hand.now_ms})

    run(scenario)


def test_klines_follow_binances_bounds_and_limits() -> None:
    market = SimulatedMarket(3)

    async def scenario(exchange: LoopbackExchange, hand: Hand) -> None:
        async def opens(**query: object) -> list[int]:
            status, rows = await rest(
                exchange, "/fapi/v1/klines", symbol="BTCUSDT", interval="1m", **query
            )
            assert status == 200
            return [row[0] for row in rows]

        now_open = hand.now_ms // MINUTE_MS * MINUTE_MS

        def minutes(first: int, count: int) -> list[int]:
            return [now_open + (first + index) * MINUTE_MS for index in range(count)]

        assert await opens() == minutes(-499, 500)
        assert await opens(limit=3) == minutes(-2, 3)
        assert await opens(limit=1500) == minutes(-1499, 1500)
        # Bounds are inclusive, and are compared with the opening.
        assert await opens(startTime=now_open - 2 * MINUTE_MS) == minutes(-2, 3)
        assert await opens(startTime=now_open - 2 * MINUTE_MS + 1) == minutes(-1, 2)
        assert await opens(startTime=now_open - 9 * MINUTE_MS, limit=2) == minutes(-9, 2)
        assert await opens(endTime=now_open, limit=2) == minutes(-1, 2)
        assert await opens(endTime=now_open - 1, limit=2) == minutes(-2, 2)
        assert await opens(
            startTime=now_open - 5 * MINUTE_MS, endTime=now_open - 3 * MINUTE_MS
        ) == (minutes(-5, 3))
        assert await opens(startTime=hand.now_ms + 1, endTime=hand.now_ms + 2) == []
        assert await opens(endTime=hand.now_ms + 10**9, limit=1) == minutes(0, 1)
        assert await opens(startTime=0, limit=2) == [0, MINUTE_MS]

    run(scenario, market)


def test_kline_rows_have_binances_shape_and_the_newest_is_in_progress() -> None:
    market = SimulatedMarket(3)

    async def scenario(exchange: LoopbackExchange, hand: Hand) -> None:
        _status, rows = await rest(
            exchange, "/fapi/v1/klines", symbol="BTCUSDT", interval="15m", limit=2
        )
        candles = market.candles(900_000, hand.now_ms - 1_800_000, hand.now_ms)
        assert len(candles) == len(rows) == 2
        for row, candle in zip(rows, candles, strict=True):
            assert len(row) == 12
            assert row[6] == row[0] + 899_999
            assert all(isinstance(value, str) for value in row[1:6])
            assert [float(value) for value in row[1:5]] == [
                candle.open,
                candle.high,
                candle.low,
                candle.close,
            ]
        assert rows[1][4] == f"{market.mark_price(hand.now_ms):g}" or float(
            rows[1][4]
        ) == market.mark_price(hand.now_ms)

    run(scenario, market)


def test_klines_and_their_stream_carry_what_the_levels_need() -> None:
    market = SimulatedMarket(3)

    async def scenario(exchange: LoopbackExchange, hand: Hand) -> None:
        _status, rows = await rest(
            exchange, "/fapi/v1/klines", symbol="BTCUSDT", interval="1m", limit=499
        )
        assert len(rows) == 499
        candles = market.candles(MINUTE_MS, rows[0][0], hand.now_ms)
        for row, candle in zip(rows, candles, strict=True):
            assert float(row[7]) == pytest.approx(candle.quote_volume)
            assert row[8] == candle.trades
            assert float(row[10]) == pytest.approx(candle.taker_buy_quote)
            assert 0 < float(row[10]) < float(row[7])
        async with connected(exchange, "/market/ws/btcusdt@kline_1m") as connection:
            hand.now_ms += MINUTE_MS
            frames = await collect(connection, lambda frame: frame["k"]["x"])
        (closed,) = market.candles(MINUTE_MS, frames[-1]["k"]["t"], frames[-1]["k"]["T"] + 1)
        kline = frames[-1]["k"]
        assert [float(kline[name]) for name in ("q", "n", "Q")] == pytest.approx(
            [closed.quote_volume, closed.trades, closed.taker_buy_quote]
        )

    run(scenario, market)


def test_open_interest_follows_binances_bounds_and_limits() -> None:
    market = SimulatedMarket(3)
    step = 300_000

    async def scenario(exchange: LoopbackExchange, hand: Hand) -> None:
        async def ask_for(**query: object) -> list[Any]:
            path = "/futures/data/openInterestHist"
            status, rows = await rest(exchange, path, symbol="BTCUSDT", period="5m", **query)
            assert status == 200
            return list(rows)

        newest = hand.now_ms // step * step
        rows = await ask_for()
        assert [row["timestamp"] for row in rows] == [newest - n * step for n in range(29, -1, -1)]
        assert {row["symbol"] for row in rows} == {"BTCUSDT"}
        (known,) = market.open_interest(step, newest, newest)
        assert float(rows[-1]["sumOpenInterest"]) == known.coins
        assert float(rows[-1]["sumOpenInterestValue"]) == known.usd
        assert len(await ask_for(limit=500)) == 500
        # Both bounds are inclusive; the newest are kept where there are more.
        bounded = {"startTime": newest - 3 * step, "endTime": newest - step}
        assert [row["timestamp"] for row in await ask_for(**bounded)] == [
            newest - 3 * step,
            newest - 2 * step,
            newest - step,
        ]
        assert [row["timestamp"] for row in await ask_for(**bounded, limit=1)] == [newest - step]
        for query in (
            {"startTime": hand.now_ms - 31 * 86_400_000},
            {"limit": 501},
            {"period": "1m"},
        ):
            asked = {"symbol": "BTCUSDT", "period": "5m"} | query
            status, answer = await rest(exchange, "/futures/data/openInterestHist", **asked)
            assert (status, answer["code"]) == (400, -1130)

    run(scenario, market)


def test_funding_follows_binances_bounds_and_limits() -> None:
    market = SimulatedMarket(3)
    step = 28_800_000

    async def scenario(exchange: LoopbackExchange, hand: Hand) -> None:
        async def ask_for(**query: object) -> list[Any]:
            status, rows = await rest(exchange, "/fapi/v1/fundingRate", symbol="BTCUSDT", **query)
            assert status == 200
            return list(rows)

        newest = hand.now_ms // step * step
        rows = await ask_for(limit=3)
        assert [row["fundingTime"] for row in rows] == [newest - 2 * step, newest - step, newest]
        paid = market.funding(newest - 2 * step, newest)
        assert [float(row["fundingRate"]) for row in rows] == [one.rate for one in paid]
        assert [float(row["markPrice"]) for row in rows] == [one.mark_price for one in paid]
        assert len(await ask_for()) == 100
        oldest = await ask_for(startTime=newest - 9 * step, limit=2)
        assert [row["fundingTime"] for row in oldest] == [newest - 9 * step, newest - 8 * step]
        assert await ask_for(startTime=newest + 1) == []
        status, answer = await rest(exchange, "/fapi/v1/fundingRate", symbol="BTCUSDT", limit=1001)
        assert (status, answer["code"]) == (400, -1130)

    run(scenario, market)


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"symbol": "NOSUCH", "interval": "1m"}, -1121),
        ({"symbol": "BTCUSDT", "interval": "7m"}, -1120),
        ({"interval": "1m"}, -1102),
        ({"symbol": "BTCUSDT"}, -1102),
        ({"symbol": "BTCUSDT", "interval": "1m", "limit": "0"}, -1130),
        ({"symbol": "BTCUSDT", "interval": "1m", "limit": "1501"}, -1130),
        ({"symbol": "BTCUSDT", "interval": "1m", "limit": "x"}, -1130),
        ({"symbol": "BTCUSDT", "interval": "1m", "startTime": "-5"}, -1130),
        ({"symbol": "BTCUSDT", "interval": "1m", "startTime": "9", "endTime": "8"}, -1023),
    ],
)
def test_a_bad_request_is_answered_with_binances_error(query: dict[str, str], code: int) -> None:
    async def scenario(exchange: LoopbackExchange, _hand: Hand) -> None:
        status, answer = await rest(exchange, "/fapi/v1/klines", **query)
        assert status == 400
        assert answer["code"] == code
        if code == -1121:
            assert answer == {"code": -1121, "msg": "Invalid symbol."}

    run(scenario)
