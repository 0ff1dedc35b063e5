"""The loopback exchange on real sockets: Binance's wire, on time, complete, gone when stopped."""

import asyncio
import itertools
import json
import socket
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any

import aiohttp
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidStatus

from Heatmap.domain.events import LiquidationEvent
from Heatmap.ingestion.exchange_info import fetch_exchange_info
from Heatmap.ingestion.venues.binance.force_order import MarkPrice, parse_frame
from Heatmap.standalone.exchange.loopback_client import parse_path
from Heatmap.standalone.exchange.loopback_exchange import LoopbackExchange
from Heatmap.standalone.exchange.market import INTERVALS_MS, MINUTE_MS
from Heatmap.standalone.exchange.simulated_market import SimulatedMarket
from Heatmap.standalone.exchange.wire import compact

# Eight seconds before a full hour, so that candles end.
START_MS = 1_795_176_000_000 - 8000
TIMEOUT_S = 10.0


class Hand:
    """A data clock that the test moves; read by the exchange's thread."""

    def __init__(self, now_ms: int = START_MS) -> None:
        self.now_ms = now_ms

    def __call__(self) -> int:
        return self.now_ms


class HoleMarket(SimulatedMarket):
    """The simulated market with a hole in its heartbeat."""

    hole_ms = (START_MS + 5000, START_MS + 20_000)

    def mark_price(self, ts_ms: int) -> float | None:  # type: ignore[override]
        return None if self.hole_ms[0] <= ts_ms < self.hole_ms[1] else super().mark_price(ts_ms)


def run(
    scenario: Callable[[LoopbackExchange, Hand], Awaitable[None]],
    market: SimulatedMarket | None = None,
    speed: float | None = 1.0,
    **options: float,
) -> None:
    async def main() -> None:
        hand = Hand()
        exchange = LoopbackExchange(market or SimulatedMarket(3), hand, speed, **options)
        await exchange.start()
        try:
            async with asyncio.timeout(3 * TIMEOUT_S):
                await scenario(exchange, hand)
        finally:
            await exchange.stop()
        assert "loopback exchange" not in {thread.name for thread in threading.enumerate()}

    asyncio.run(main())


@asynccontextmanager
async def connected(exchange: LoopbackExchange, path: str) -> AsyncIterator[ClientConnection]:
    async with connect(exchange.ws_url + path, proxy=None, close_timeout=0.2) as connection:
        yield connection


async def ask(connection: ClientConnection, method: str, *params: str, number: int = 1) -> Any:
    """Send a command and return its answer; frames before it are dropped."""
    await connection.send(json.dumps({"method": method, "params": params, "id": number}))
    while True:
        answer = json.loads(await connection.recv())
        if answer.get("id") == number:
            return answer


async def collect(connection: ClientConnection, is_last: Callable[[Any], bool]) -> list[Any]:
    """Return what comes, up to and with the frame that `is_last`."""
    frames = []
    while True:
        frames.append(json.loads(await connection.recv()))
        if is_last(frames[-1]):
            return frames


def is_heartbeat_at(ts_ms: int) -> Callable[[Any], bool]:
    def check(frame: Any) -> bool:
        payload = frame.get("data", frame)
        return bool(payload.get("e") == "markPriceUpdate" and payload["E"] >= ts_ms)

    return check


async def rest(exchange: LoopbackExchange, path: str, **query: object) -> tuple[int, Any]:
    async with (
        aiohttp.ClientSession() as session,
        session.get(
            exchange.rest_url + path, params={name: str(value) for name, value in query.items()}
        ) as response,
    ):
        return response.status, await response.json()


RECORDER_PATH = "/market/stream?streams=btcusdt@forceOrder/btcusdt@markPrice@1s/!forceOrder@arr"


def test_a_recorders_connection_gets_every_message_once_in_order_and_enveloped() -> None:
    market = SimulatedMarket(3)
    end_ms = START_MS + 7_200_000

    async def scenario(exchange: LoopbackExchange, hand: Hand) -> None:
        async with connected(exchange, RECORDER_PATH) as connection:
            await connection.recv()
            # In time, late, and after a long sleep of the machine.
            frames = []
            for late_ms in (1, 1001, 3700, 61_001, end_ms - START_MS + 1):
                hand.now_ms = START_MS + late_ms
                newest_ms = (hand.now_ms - 1) // 1000 * 1000
                frames += await collect(connection, is_heartbeat_at(newest_ms))
        by_stream: dict[str, list[Any]] = {}
        for frame in frames:
            by_stream.setdefault(frame["stream"], []).append(frame["data"])
        expected = market.force_orders(START_MS, end_ms + 1)
        assert len(expected) > 20
        assert by_stream["btcusdt@forceOrder"] == expected
        assert by_stream["!forceOrder@arr"] == expected
        beats = [payload["E"] for payload in by_stream["btcusdt@markPrice@1s"]]
        assert beats == list(range(START_MS, end_ms + 1, 1000))
        pushes = [frame["data"]["E"] for frame in frames]
        assert pushes == sorted(pushes)

    run(scenario, market, keepalive_s=TIMEOUT_S)


def test_nothing_is_pushed_before_its_time() -> None:
    market = SimulatedMarket(3)
    orders = market.force_orders(START_MS, START_MS + 3_600_000)

    async def scenario(exchange: LoopbackExchange, hand: Hand) -> None:
        path = "/market/stream?streams=btcusdt@forceOrder/btcusdt@markPrice@1s/btcusdt@kline_1m"
        async with connected(exchange, path) as connection:
            for order in orders[:8]:
                # Just before the order is due, for a few rounds of the exchange.
                hand.now_ms = order["E"]
                await asyncio.sleep(0.05)
                await connection.send('{"method":"LIST_SUBSCRIPTIONS","id":9}')
                frames = await collect(connection, lambda frame: frame.get("id") == 9)
                pushed = [frame["data"] for frame in frames if "data" in frame]
                assert all(payload["E"] <= hand.now_ms for payload in pushed)
                assert order not in pushed
                hand.now_ms = order["E"] + 1
                await collect(connection, lambda frame, want=order: frame.get("data") == want)

    run(scenario, market)


def test_a_message_due_where_a_replay_begins_waits_for_its_start() -> None:
    market = SimulatedMarket(3)
    first = market.force_orders(START_MS, START_MS + 3_600_000)[0]

    async def main() -> None:
        hand = Hand(first["E"])
        exchange = LoopbackExchange(market, hand)
        await exchange.start()
        try:
            async with connected(exchange, "/market/ws/btcusdt@forceOrder") as connection:
                assert (await ask(connection, "LIST_SUBSCRIPTIONS"))["result"] == [
                    "btcusdt@forceOrder"
                ]
                hand.now_ms += 1
                assert json.loads(await connection.recv()) == first
        finally:
            await exchange.stop()

    asyncio.run(main())


def test_raw_frames_have_no_envelope_and_the_recorders_parser_reads_them() -> None:
    async def scenario(exchange: LoopbackExchange, hand: Hand) -> None:
        path = "/market/ws/btcusdt@forceOrder/btcusdt@markPrice@1s"
        async with connected(exchange, path) as connection:
            hand.now_ms += 600_000
            kinds = set()
            while kinds != {MarkPrice, LiquidationEvent}:
                (item,) = parse_frame(await connection.recv(), 0, keep_raw=True)
                kinds.add(type(item))
                assert item.symbol == "BTCUSDT"  # type: ignore[union-attr]

    run(scenario)


def test_commands_subscribe_list_and_unsubscribe() -> None:
    async def scenario(exchange: LoopbackExchange, hand: Hand) -> None:
        async with connected(exchange, "/market/ws") as connection:
            answer = await ask(connection, "SUBSCRIBE", "btcusdt@markPrice@1s", "btcusdt@x")
            assert answer == {"result": None, "id": 1}
            # At once, without the clock having moved.
            beat = json.loads(await connection.recv())
            assert (beat["e"], beat["E"]) == ("markPriceUpdate", hand.now_ms)
            listed = await ask(connection, "LIST_SUBSCRIPTIONS", number=2)
            assert listed == {"result": ["btcusdt@markPrice@1s", "btcusdt@x"], "id": 2}
            await ask(connection, "UNSUBSCRIBE", "btcusdt@markPrice@1s", "never@had", number=3)
            await ask(connection, "SUBSCRIBE", "btcusdt@forceOrder", number=4)
            hand.now_ms += 3_600_000
            frames = await collect(connection, lambda frame: frame["E"] > START_MS + 1_800_000)
            assert {frame["e"] for frame in frames} == {"forceOrder"}

    run(scenario)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("hello", 3),
        ("[]", 2),
        ('{"method":"DANCE","id":1}', 2),
        ('{"method":"SUBSCRIBE","params":"btcusdt@x","id":1}', 2),
        ('{"method":"SUBSCRIBE","params":[1],"id":1}', 2),
    ],
)
def test_a_bad_command_is_answered_with_an_error_and_the_connection_goes_on(
    text: str, code: int
) -> None:
    async def scenario(exchange: LoopbackExchange, _hand: Hand) -> None:
        async with connected(exchange, "/market/ws") as connection:
            await connection.send(text)
            assert json.loads(await connection.recv())["error"]["code"] == code
            assert (await ask(connection, "LIST_SUBSCRIPTIONS", number=7))["result"] == []

    run(scenario)


@pytest.mark.parametrize("path", ["/ws", "/stream", "/public/ws"])
def test_the_old_paths_acknowledge_and_stay_silent(path: str) -> None:
    async def scenario(exchange: LoopbackExchange, hand: Hand) -> None:
        async with (
            connected(exchange, path) as old,
            connected(exchange, "/market/ws/btcusdt@forceOrder") as new,
        ):
            streams = ("btcusdt@forceOrder", "btcusdt@markPrice@1s", "!forceOrder@arr")
            assert await ask(old, "SUBSCRIBE", *streams) == {"result": None, "id": 1}
            hand.now_ms += 3_600_000
            await collect(new, lambda frame: frame["E"] > START_MS + 1_800_000)
            # Whatever it had been sent would stand before this answer.
            await old.send('{"method":"LIST_SUBSCRIPTIONS","id":2}')
            assert json.loads(await old.recv()) == {"result": list(streams), "id": 2}

    run(scenario)


def test_an_unknown_path_is_refused_with_404() -> None:
    async def scenario(exchange: LoopbackExchange, _hand: Hand) -> None:
        for path in ("/", "/market", "/market/wss", "/wsx", "/market/public/ws"):
            with pytest.raises(InvalidStatus) as caught:
                async with connected(exchange, path):
                    pass
            assert caught.value.response.status_code == 404

    run(scenario)


def test_the_address_names_streams_percent_encoded_or_not() -> None:
    endpoint = parse_path("/market/stream?streams=%21forceOrder%40arr/btcusdt@forceOrder")
    assert endpoint is not None
    assert endpoint.streams == ("!forceOrder@arr", "btcusdt@forceOrder")
    assert endpoint.is_enveloped
    assert not endpoint.is_silent
    raw = parse_path("/market/ws/%21forceOrder@arr/")
    assert raw is not None
    assert raw.streams == ("!forceOrder@arr",)
    assert not raw.is_enveloped


def test_each_candle_gets_its_last_word_when_it_ends() -> None:
    market = SimulatedMarket(3)

    async def scenario(exchange: LoopbackExchange, hand: Hand) -> None:
        async with connected(exchange, "/market/ws") as connection:
            await ask(connection, "SUBSCRIBE", *(f"btcusdt@kline_{name}" for name in INTERVALS_MS))
            hand.now_ms = START_MS + 8000 + 10 * MINUTE_MS + 30_000
            latest: dict[str, Any] = {}
            closed: dict[str, list[int]] = {}
            while latest.keys() != INTERVALS_MS.keys():
                frame = json.loads(await connection.recv())
                kline = frame["k"]
                assert frame["E"] <= hand.now_ms
                assert kline["T"] == kline["t"] + INTERVALS_MS[kline["i"]] - 1
                if kline["x"]:
                    closed.setdefault(kline["i"], []).append(kline["t"])
                elif frame["E"] == hand.now_ms:
                    latest[kline["i"]] = kline
        first = START_MS + 8000 - MINUTE_MS
        assert closed["1m"] == list(range(first, first + 11 * MINUTE_MS, MINUTE_MS))
        assert closed["5m"] == [first + n * MINUTE_MS for n in (-4, 1, 6)]
        assert closed["1h"] == [first - 59 * MINUTE_MS]
        # In progress, each agrees with the market as of now.
        for interval, kline in latest.items():
            interval_ms = INTERVALS_MS[interval]
            start = hand.now_ms // interval_ms * interval_ms
            (candle,) = market.candles(interval_ms, start, hand.now_ms)
            shown = [float(kline[name]) for name in "ohlc"]
            assert shown == [candle.open, candle.high, candle.low, candle.close]
            assert kline["t"] == start

    run(scenario, market)


def test_in_a_hole_there_is_no_heartbeat_but_candles_go_on() -> None:
    market = HoleMarket(3)

    async def scenario(exchange: LoopbackExchange, hand: Hand) -> None:
        path = "/market/stream?streams=btcusdt@markPrice@1s/btcusdt@kline_1m"
        async with connected(exchange, path) as connection:
            # The welcome, at the time of the subscription.
            assert is_heartbeat_at(START_MS)(json.loads(await connection.recv()))
            hand.now_ms = market.hole_ms[0] + 10_000
            inside = await collect(
                connection,
                lambda frame: (
                    frame["data"]["e"] == "kline"
                    and frame["data"]["E"] == market.hole_ms[0] + 10_000
                ),
            )
            assert any(
                frame["data"]["e"] == "kline" and frame["data"]["k"]["x"] for frame in inside
            )
            hand.now_ms = market.hole_ms[1] + 5001
            after = await collect(connection, is_heartbeat_at(hand.now_ms - 1))
        beats = [
            frame["data"]["E"]
            for frame in [*inside, *after]
            if frame["data"]["e"] == "markPriceUpdate"
        ]
        assert beats == [
            *range(START_MS, market.hole_ms[0], 1000),
            *range(market.hole_ms[1], hand.now_ms, 1000),
        ]

    run(scenario, market, keepalive_s=TIMEOUT_S)


def test_at_high_speed_heartbeats_are_a_hundredth_of_the_speed_apart() -> None:
    async def scenario(exchange: LoopbackExchange, hand: Hand) -> None:
        async with connected(exchange, "/market/ws/btcusdt@markPrice@1s") as connection:
            await connection.recv()
            hand.now_ms += 120_001
            frames = await collect(connection, is_heartbeat_at(START_MS + 114_001))
        steps = {b["E"] - a["E"] for a, b in itertools.pairwise(frames)}
        assert steps == {6000}

    run(scenario, speed=600, keepalive_s=TIMEOUT_S)


def test_while_the_clock_stands_still_heartbeats_go_on() -> None:
    async def scenario(exchange: LoopbackExchange, hand: Hand) -> None:
        async with connected(exchange, "/market/ws/btcusdt@markPrice@1s") as connection:
            for _ in range(3):
                assert json.loads(await connection.recv())["E"] == hand.now_ms

    run(scenario, keepalive_s=0.05)


def test_the_server_pings() -> None:
    async def scenario(exchange: LoopbackExchange, _hand: Hand) -> None:
        pinged = asyncio.Event()

        class Watching(ClientConnection):
            def data_received(self, data: bytes) -> None:
                if data[0] == 0x89:  # a ping frame
                    pinged.set()
                super().data_received(data)

        async with connect(
            exchange.ws_url + "/market/ws", proxy=None, create_connection=Watching
        ) as connection:
            await pinged.wait()
            assert (await ask(connection, "LIST_SUBSCRIPTIONS"))["result"] == []

    run(scenario, ping_interval_s=0.05)


def test_a_client_that_does_not_read_blocks_nobody_and_is_cut_off() -> None:
    async def scenario(exchange: LoopbackExchange, hand: Hand) -> None:
        host, port = exchange.ws_url.removeprefix("ws://").split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(
            b"GET /market/ws/btcusdt@markPrice@1s HTTP/1.1\r\nHost: 127.0.0.1\r\n"
            b"Upgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
        )
        await reader.readuntil(b"\r\n\r\n")
        writer.transport.pause_reading()  # type: ignore[attr-defined]
        async with connected(exchange, "/market/ws/btcusdt@markPrice@1s") as connection:
            for _ in range(20):
                hand.now_ms += 6_000_000
                await collect(connection, is_heartbeat_at(hand.now_ms - 1000))
        writer.transport.resume_reading()  # type: ignore[attr-defined]
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await reader.readexactly(10**9)
        writer.close()

    run(scenario)


def test_stop_does_not_wait_for_a_client_that_does_not_read() -> None:
    async def main() -> None:
        hand = Hand()
        exchange = LoopbackExchange(SimulatedMarket(3), hand)
        await exchange.start()
        async with connect(exchange.ws_url + "/market/ws/btcusdt@markPrice@1s", proxy=None) as one:
            one.transport.pause_reading()
            hand.now_ms += 6_000_000
            started = asyncio.get_running_loop().time()
            await exchange.stop()
            assert asyncio.get_running_loop().time() - started < 3
            one.transport.abort()

    asyncio.run(main())


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


def test_start_and_stop_are_idempotent_and_leave_nothing() -> None:
    async def main() -> None:
        threads = set(threading.enumerate())
        exchange = LoopbackExchange(SimulatedMarket(3), Hand())
        await exchange.stop()
        await exchange.start()
        address = exchange.ws_url
        await exchange.start()
        assert exchange.ws_url == address
        async with connected(exchange, RECORDER_PATH) as connection:
            await connection.recv()
            await asyncio.gather(exchange.stop(), exchange.stop())
            await connection.wait_closed()
            assert connection.close_code == 1001
        await exchange.stop()
        for url in (exchange.ws_url, exchange.rest_url):
            host, port = url.split("//")[1].split(":")
            with pytest.raises(ConnectionRefusedError):
                socket.create_connection((host, int(port)))
        assert set(threading.enumerate()) == threads
        assert asyncio.all_tasks() == {asyncio.current_task()}
        await exchange.start()
        async with connected(exchange, RECORDER_PATH) as connection:
            await connection.recv()
        await exchange.stop()

    asyncio.run(main())


def test_an_exchange_may_be_stopped_in_another_loop_than_it_was_started() -> None:
    exchange = LoopbackExchange(SimulatedMarket(3), Hand())
    asyncio.run(exchange.start())
    asyncio.run(exchange.stop())
    assert "loopback exchange" not in {thread.name for thread in threading.enumerate()}


def test_a_failing_market_ends_the_exchange_and_stop_still_returns() -> None:
    class Failing(SimulatedMarket):
        def force_orders(self, start_ms: int, end_ms: int) -> list[dict[str, Any]]:
            raise LookupError(compact([start_ms, end_ms]))

    async def main() -> None:
        hand = Hand()
        exchange = LoopbackExchange(Failing(3), hand)
        await exchange.start()
        async with connected(exchange, RECORDER_PATH) as connection:
            hand.now_ms += 1000
            await connection.wait_closed()
        await exchange.stop()

    asyncio.run(main())
