"""The candle feed against the loopback exchange and against servers that misbehave."""

import asyncio
import json
from typing import Any

import pytest
from websockets.asyncio.server import ServerConnection, serve

from Heatmap.standalone.candle_feed import LIVE, Candle, CandleFeed
from Heatmap.standalone.exchange.loopback_exchange import LoopbackExchange
from Heatmap.standalone.exchange.market import MINUTE_MS
from Heatmap.standalone.exchange.simulated_market import SimulatedMarket
from Heatmap.tests.behaviour.fed_chart import (
    NOW_MS,
    QUICK,
    Chart,
    Hand,
    Scripted,
    exchange_at,
    feed_for,
    run,
)


def test_history_comes_first_then_the_stream_follows_without_a_gap() -> None:
    async def scenario() -> None:
        hand, chart = Hand(), Chart()
        async with exchange_at(hand) as exchange:
            feed = feed_for(chart, exchange.rest_url, exchange.ws_url)
            await feed.start()
            await chart.until(lambda: LIVE in chart.states)
            start = NOW_MS // MINUTE_MS * MINUTE_MS - 99 * MINUTE_MS
            assert len(chart.histories) == 1
            assert chart.shows(start, NOW_MS)
            assert [one.is_closed for one in chart.histories[0]] == [True] * 99 + [False]
            for _ in range(3):
                hand.now_ms += 47_000
                await chart.until(lambda: chart.shows(start, hand.now_ms))
            assert len(chart.histories) == 1
            assert len(chart.candles) > 101
            assert all(one.is_closed for one in list(chart.candles.values())[:-1])
            await feed.stop()

    run(scenario)


def test_history_longer_than_a_page_is_put_together() -> None:
    async def scenario() -> None:
        hand, chart = Hand(), Chart()
        async with exchange_at(hand) as exchange:
            feed = feed_for(chart, exchange.rest_url, exchange.ws_url, count=3700)
            await feed.start()
            await chart.until(lambda: chart.histories)
            assert chart.shows(NOW_MS // MINUTE_MS * MINUTE_MS - 3699 * MINUTE_MS, NOW_MS)
            await feed.stop()

    run(scenario)


def test_history_shorter_than_wished_is_what_there_is() -> None:
    async def scenario() -> None:
        hand, chart = Hand(3 * MINUTE_MS + 1000), Chart()
        async with exchange_at(hand) as exchange:
            feed = feed_for(chart, exchange.rest_url, exchange.ws_url, count=50)
            await feed.start()
            await chart.until(lambda: chart.histories)
            assert [one.open_ms // MINUTE_MS for one in chart.histories[0]] == [0, 1, 2, 3]
            await feed.stop()

    run(scenario)


def test_after_a_lost_connection_the_gap_is_filled() -> None:
    async def scenario() -> None:
        hand, chart = Hand(), Chart()
        async with Scripted(hand).serving() as server:
            feed = feed_for(chart, server.rest_url, server.ws_url)
            await feed.start()
            await chart.until(lambda: LIVE in chart.states)
            hand.now_ms += 7 * MINUTE_MS
            await server.connections[0].close(1012, "restart")
            start = NOW_MS // MINUTE_MS * MINUTE_MS - 99 * MINUTE_MS
            await chart.until(lambda: chart.shows(start, hand.now_ms))
            assert len(chart.histories) == 1
            # The stream of the new connection goes on from there.
            await chart.until(lambda: chart.states.count(LIVE) == 2)
            hand.now_ms += 2000
            await server.push(server.connections[1], hand.now_ms)
            await chart.until(lambda: chart.shows(start, hand.now_ms))
            assert any("1012 restart" in state for state in chart.states)
            await feed.stop()

    run(scenario)


def test_after_a_gap_longer_than_the_history_it_is_loaded_anew() -> None:
    async def scenario() -> None:
        hand, chart = Hand(), Chart()
        async with Scripted(hand).serving() as server:
            feed = feed_for(chart, server.rest_url, server.ws_url, count=10)
            await feed.start()
            await chart.until(lambda: LIVE in chart.states)
            hand.now_ms += 50 * MINUTE_MS
            await server.connections[0].close()
            await chart.until(lambda: len(chart.histories) == 2)
            assert chart.shows(hand.now_ms // MINUTE_MS * MINUTE_MS - 9 * MINUTE_MS, hand.now_ms)
            await feed.stop()

    run(scenario)


def test_a_stream_that_stays_silent_while_trading_goes_on_is_given_up() -> None:
    async def scenario() -> None:
        hand, chart = Hand(), Chart()
        async with Scripted(hand).serving() as server:
            feed = feed_for(chart, server.rest_url, server.ws_url, silence_s=0.05)
            await feed.start()
            await chart.until(lambda: LIVE in chart.states)
            hand.now_ms += 90_000
            await chart.until(lambda: any("silent" in state for state in chart.states))
            await chart.until(lambda: chart.states.count(LIVE) == 2)
            assert len(server.connections) >= 2
            start = NOW_MS // MINUTE_MS * MINUTE_MS - 99 * MINUTE_MS
            assert chart.shows(start, hand.now_ms)
            await feed.stop()

    run(scenario)


def test_a_market_that_stands_still_is_not_taken_for_a_dead_stream() -> None:
    async def scenario() -> None:
        hand, chart = Hand(), Chart()
        async with Scripted(hand).serving() as server:
            feed = feed_for(chart, server.rest_url, server.ws_url, silence_s=0.03)
            await feed.start()
            await server.asked(4)
            assert len(server.connections) == 1
            assert chart.states[-1] == LIVE
            await feed.stop()

    run(scenario)


def test_old_and_foreign_frames_change_nothing() -> None:
    async def scenario() -> None:
        hand, chart = Hand(), Chart()
        async with Scripted(hand).serving() as server:
            feed = feed_for(chart, server.rest_url, server.ws_url)
            await feed.start()
            await chart.until(lambda: LIVE in chart.states)
            before = dict(chart.candles)
            connection = server.connections[0]
            await server.push(connection, NOW_MS - 2 * MINUTE_MS)
            await server.push(connection, NOW_MS + 1, s="BTCUSDC")
            await server.push(connection, NOW_MS + 1, i="5m")
            await connection.send('{"result":null,"id":1}')
            hand.now_ms = NOW_MS + 3000
            await server.push(connection, hand.now_ms)
            newest = NOW_MS // MINUTE_MS * MINUTE_MS
            await chart.until(lambda: chart.candles[newest] != before[newest])
            assert len(chart.candles) == 100
            assert all(chart.candles[ts] == one for ts, one in before.items() if ts != newest)
            await feed.stop()

    run(scenario)


@pytest.mark.parametrize(
    "frame",
    [
        "garble",
        '{"e":"kline"}',
        '{"e":"kline","k":{"t":1,"s":"BTCUSDT","i":"1m","o":"x"}}',
        '{"e":"kline","k":{"t":1,"s":"BTCUSDT","i":"1m","o":"1","h":"0.5","l":"1","c":"1","v":"1"}}',
    ],
)
def test_an_unreadable_frame_makes_it_connect_again(frame: str) -> None:
    async def scenario() -> None:
        hand, chart = Hand(), Chart()
        async with Scripted(hand).serving() as server:
            feed = feed_for(chart, server.rest_url, server.ws_url)
            await feed.start()
            await chart.until(lambda: LIVE in chart.states)
            await server.connections[0].send(frame)
            await chart.until(lambda: chart.states.count(LIVE) == 2)
            assert sum(state.startswith("no candles: ") for state in chart.states) == 1
            await feed.stop()

    run(scenario)


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        (200, "{", "JSON"),
        (200, "{}", "list"),
        (200, "[[1]]", "candle"),
        (200, '[[2,"1","1","1","1","1"],[1,"1","1","1","1","1"]]', "order"),
        (200, "[]", "no candles of BTCUSDT 1m"),
        (400, '{"code":-1121,"msg":"Invalid symbol."}', "Invalid symbol. (-1121)"),
        (400, "what?", "HTTP 400"),
        (503, "", "HTTP 503"),
    ],
)
def test_a_refused_or_unreadable_history_is_said_and_tried_again(
    status: int, body: str, words: str
) -> None:
    async def scenario() -> None:
        hand, chart = Hand(), Chart()
        async with Scripted(hand).serving() as server:
            server.answers = [(status, body)]
            feed = feed_for(chart, server.rest_url, server.ws_url)
            await feed.start()
            await chart.until(lambda: LIVE in chart.states)
            complaints = [state for state in chart.states if state.startswith("no candles: ")]
            assert len(complaints) == 1
            assert words in complaints[0]
            assert "next attempt in" in complaints[0]
            assert len(chart.histories) == 1
            await feed.stop()

    run(scenario)


def test_a_ban_is_waited_out() -> None:
    async def scenario() -> None:
        hand, chart = Hand(), Chart()
        async with Scripted(hand).serving() as server:
            server.answers = [(429, json.dumps({"code": -1003, "msg": "Too many requests"}))]
            feed = feed_for(chart, server.rest_url, server.ws_url)
            await feed.start()
            await chart.until(lambda: any("429" in state for state in chart.states))
            assert "next attempt in 60 s" in chart.states[-1]
            assert len(server.requests) == 1
            await feed.stop()

    run(scenario)


def test_an_exchange_that_is_not_there_is_said_and_found_when_it_comes() -> None:
    async def scenario() -> None:
        hand, chart = Hand(), Chart()
        feed = feed_for(chart, "http://127.0.0.1:1", "ws://127.0.0.1:1")
        await feed.start()
        await chart.until(lambda: sum("no candles" in state for state in chart.states) >= 3)
        await feed.stop()
        assert chart.histories == []
        async with exchange_at(hand) as exchange:
            feed = feed_for(chart, exchange.rest_url, exchange.ws_url)
            await feed.start()
            await chart.until(lambda: LIVE in chart.states)
            await feed.stop()

    run(scenario)


def test_a_server_that_accepts_and_closes_is_not_hammered() -> None:
    async def scenario() -> None:
        hand, chart = Hand(), Chart()
        server = Scripted(hand)

        async def close_at_once(connection: ServerConnection) -> None:
            await connection.close()

        server.on_connection = close_at_once
        async with server.serving():
            feed = feed_for(
                chart, server.rest_url, server.ws_url, first_backoff_s=0.02, longest_backoff_s=30.0
            )
            await feed.start()
            started = asyncio.get_running_loop().time()
            await chart.until(
                lambda: sum(state.startswith("no candles: ") for state in chart.states) == 5
            )
            # Four waits of at least half of 0.04, 0.08, 0.16 and 0.32 s.
            assert asyncio.get_running_loop().time() - started >= 0.3
            await feed.stop()

    run(scenario)


def test_a_callback_that_fails_does_not_end_the_feed() -> None:
    async def scenario() -> None:
        hand, chart = Hand(), Chart()
        calls = []

        def fail_once(candles: list[Candle]) -> None:
            calls.append(len(candles))
            if len(calls) == 1:
                raise ZeroDivisionError("chart")
            chart.show_history(candles)

        async with exchange_at(hand) as exchange:
            feed = CandleFeed(
                exchange.rest_url,
                exchange.ws_url,
                "BTCUSDT",
                "1m",
                count=10,
                on_history=fail_once,
                on_candle=chart.show_candle,
                on_state=chart.show_state,
                times=QUICK,
            )
            await feed.start()
            await chart.until(lambda: chart.histories)
            assert calls == [10, 10]
            assert any(
                "internal error: ZeroDivisionError('chart')" in state for state in chart.states
            )
            await feed.stop()

    run(scenario)


def test_start_and_stop_are_idempotent_and_it_may_start_again() -> None:
    async def scenario() -> None:
        hand, chart = Hand(), Chart()
        async with Scripted(hand).serving() as server:
            feed = feed_for(chart, server.rest_url, server.ws_url)
            await feed.stop()
            await feed.start()
            await feed.start()
            await chart.until(lambda: LIVE in chart.states)
            assert len(server.connections) == 1
            await asyncio.gather(feed.stop(), feed.stop())
            await feed.stop()
            await server.connections[0].wait_closed()
            states = list(chart.states)
            await feed.start()
            await chart.until(lambda: len(chart.histories) == 2)
            await feed.stop()
            assert chart.states[: len(states)] == states

    run(scenario)


def test_without_a_state_callback_nothing_is_missed() -> None:
    async def scenario() -> None:
        hand, chart = Hand(), Chart()
        async with exchange_at(hand) as exchange:
            feed = CandleFeed(
                exchange.rest_url,
                exchange.ws_url,
                "BTCUSDT",
                "5m",
                on_history=chart.show_history,
                on_candle=chart.show_candle,
            )
            await feed.start()
            await chart.until(lambda: chart.histories)
            assert len(chart.histories[0]) == 1000
            await feed.stop()

    run(scenario)


@pytest.mark.parametrize("status", [301, 302, 307])
def test_a_redirect_is_a_refusal_and_is_not_followed(status: int) -> None:
    async def scenario() -> None:
        hand, chart = Hand(), Chart()
        async with Scripted(hand).serving() as server, Scripted(hand).serving() as other:
            server.answers.append((status, ""))
            server.location = f"{other.rest_url}/fapi/v1/klines?symbol=BTCUSDT&limit=5"
            feed = feed_for(chart, server.rest_url, server.ws_url)
            await feed.start()
            await chart.until(lambda: any(f"HTTP {status}" in state for state in chart.states))
            await chart.until(lambda: LIVE in chart.states)
            assert other.requests == []
            await feed.stop()

    run(scenario)


def test_a_redirect_of_the_stream_is_a_refusal_and_is_not_followed() -> None:
    async def scenario() -> None:
        hand, chart = Hand(), Chart()
        async with Scripted(hand).serving() as server:
            moved = f"{server.ws_url}/market/ws/btcusdt@kline_1m"

            def redirect(connection: ServerConnection, _request: object) -> Any:
                answer = connection.respond(302, "")
                answer.headers["Location"] = moved
                return answer

            async with serve(server.stay, "127.0.0.1", 0, process_request=redirect) as first:
                port = next(iter(first.sockets)).getsockname()[1]
                feed = feed_for(chart, server.rest_url, f"ws://127.0.0.1:{port}")
                await feed.start()
                await chart.until(lambda: sum("HTTP 302" in one for one in chart.states) >= 3)
                assert server.connections == []
                await feed.stop()

    run(scenario)


@pytest.mark.parametrize(
    "text",
    ["[" * 200_000, " " * 2**21, '[["1' + "0" * 5000 + '"]]', "[[1" + "0" * 400 + ",1,1,1,1,1]]"],
)
def test_an_absurd_answer_is_one_line_and_the_candles_come_all_the_same(text: str) -> None:
    async def scenario() -> None:
        hand, chart = Hand(), Chart()
        async with Scripted(hand).serving() as server:
            server.answers.append((200, text))
            feed = feed_for(chart, server.rest_url, server.ws_url)
            await feed.start()
            await chart.until(lambda: LIVE in chart.states)
            (words,) = [state for state in chart.states if state.startswith("no candles")]
            assert words.isprintable()
            assert "internal error" not in words
            assert len(words) < 250
            await feed.stop()

    run(scenario)


def test_the_candles_of_a_contract_with_a_chinese_name_come() -> None:
    async def scenario() -> None:
        hand = Hand()
        symbol = "\u5e01\u5b89\u4eba\u751fUSDT"
        exchange = LoopbackExchange(SimulatedMarket(3, symbol=symbol), hand)
        await exchange.start()
        chart = Chart()
        feed = CandleFeed(
            exchange.rest_url,
            exchange.ws_url,
            symbol,
            "1m",
            count=50,
            on_history=chart.show_history,
            on_candle=chart.show_candle,
            on_state=chart.show_state,
            times=QUICK,
        )
        await feed.start()
        await chart.until(lambda: LIVE in chart.states)
        newest = max(chart.candles)
        hand.now_ms += 2 * MINUTE_MS
        await chart.until(lambda: max(chart.candles) > newest)
        await feed.stop()
        await exchange.stop()

    run(scenario)
