"""The loopback exchange on real sockets: Binance's wire, on time, complete, gone when stopped."""

import asyncio
import contextlib
import itertools
import json
import socket
import threading
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidStatus

from Heatmap.domain.events import LiquidationEvent
from Heatmap.ingestion.venues.binance.force_order import MarkPrice, parse_frame
from Heatmap.standalone.exchange import loopback_client
from Heatmap.standalone.exchange.loopback_client import parse_path
from Heatmap.standalone.exchange.loopback_exchange import LoopbackExchange
from Heatmap.standalone.exchange.market import INTERVALS_MS, MINUTE_MS
from Heatmap.standalone.exchange.simulated_market import SimulatedMarket
from Heatmap.standalone.exchange.wire import compact
from Heatmap.tests.behaviour.loopback_scenario import (
    START_MS,
    TIMEOUT_S,
    Hand,
    ask,
    collect,
    connected,
    is_heartbeat_at,
    run,
)


class HoleMarket(SimulatedMarket):
    """The simulated market with a hole in its heartbeat."""

    hole_ms = (START_MS + 5000, START_MS + 20_000)

    def mark_price(self, ts_ms: int) -> float | None:  # type: ignore[override]
        return None if self.hole_ms[0] <= ts_ms < self.hole_ms[1] else super().mark_price(ts_ms)


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


def test_a_client_that_does_not_read_blocks_nobody_and_is_cut_off(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # So that a third of the frames fills it: each costs time.
    monkeypatch.setattr(loopback_client, "_QUEUE_FRAMES", 3_000)

    async def scenario(exchange: LoopbackExchange, hand: Hand) -> None:
        host, port = exchange.ws_url.removeprefix("ws://").split(":")
        deaf = socket.socket()
        # The system keeps up to four megabytes for the sender; it need not keep more here.
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        deaf.connect((host, int(port)))
        reader, writer = await asyncio.open_connection(sock=deaf)
        with contextlib.closing(writer):
            writer.write(
                b"GET /market/ws/btcusdt@markPrice@1s HTTP/1.1\r\nHost: 127.0.0.1\r\n"
                b"Upgrade: websocket\r\nConnection: Upgrade\r\n"
                b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
            )
            await reader.readuntil(b"\r\n\r\n")
            writer.transport.pause_reading()  # type: ignore[attr-defined]
            async with connected(exchange, "/market/ws/btcusdt@markPrice@1s") as connection:
                for _ in range(20):
                    hand.now_ms += 2_000_000
                    await collect(connection, is_heartbeat_at(hand.now_ms - 1000))
            writer.transport.resume_reading()  # type: ignore[attr-defined]
            with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
                await reader.readexactly(10**9)

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
