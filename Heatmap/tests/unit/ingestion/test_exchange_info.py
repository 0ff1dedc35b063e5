"""The tick sizes, from the exchange's recorded answer and from a server on loopback."""

import asyncio
import json
import random
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path

import pytest
from aiohttp import web

from Heatmap.domain.failure_texts import failure_text
from Heatmap.errors import ExchangeError
from Heatmap.ingestion.connection.supervisor import ConnectionMemory
from Heatmap.ingestion.exchange_info import (
    TickSizeRefresher,
    fetch_exchange_info,
    parse_exchange_info,
)

ABSURD = (
    "1e900000000",
    "1e-900000000",
    "1E+999999999999999999",
    "1000001",
    "0.0000000000009",
    "0.100000000000000000000",
    "0" * 30 + "1",
    "1" * 5000,
    "Infinity",
    "1_0",
    " 1",
    "\u0661",
    10**30,
    ["0.1"],
    True,
)


def answer(*symbols: tuple[str, object]) -> dict[str, object]:
    return {
        "serverTime": 1766562549558,
        "symbols": [
            {
                "symbol": symbol,
                "filters": [
                    {"filterType": "LOT_SIZE", "stepSize": "0.001"},
                    {"filterType": "PRICE_FILTER", "tickSize": tick_size},
                ],
            }
            for symbol, tick_size in symbols
        ],
    }


@asynccontextmanager
async def exchange(
    handler: Callable[[web.Request], web.Response],
) -> AsyncIterator[tuple[str, list[str]]]:
    """Serve ``exchangeInfo`` on a free port; give the base and the list of requested paths."""
    paths: list[str] = []

    async def handle(request: web.Request) -> web.Response:
        paths.append(request.path_qs)
        return handler(request)

    app = web.Application()
    app.router.add_get("/{tail:.*}", handle)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}", paths
    finally:
        await runner.cleanup()


def test_the_recorded_answer_gives_exact_tick_sizes(shared_data: Callable[[str], Path]) -> None:
    text = shared_data("exchange_info_2025-12-24_btc_eth.json").read_text()
    info = parse_exchange_info(text, {"BTCUSDT", "NOSUCH"})
    assert info.tick_sizes == {"BTCUSDT": Decimal("0.10")}
    assert str(info.tick_sizes["BTCUSDT"]) == "0.10"
    assert info.server_ms == 1766562549558
    assert parse_exchange_info(text, None).tick_sizes.keys() == {"BTCUSDT", "ETHUSDT"}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "null",
        "{}",
        '{"symbols": 1}',
        '{"symbols": [1]}',
        '{"symbols": [{"symbol": 1}]}',
        '{"symbols": [{"symbol": "BTCUSDT"}]}',
        '{"symbols": [{"symbol": "BTCUSDT", "filters": {}}]}',
        '{"symbols": [{"symbol": "BTCUSDT", "filters": []}]}',
        "[" * 100_000,
        '{"symbols": [{"symbol": "BTCUSDT"}],}',
        '{"symbols": [], "symbols": []} trailing',
        '{"serverTime": 1}',
        '{"symbols": [{"symbol": "BTCUSDT", "filters": ' + "[" * 5000 + "]" * 5000 + "}]}",
        '{"other": ' + '{"a":' * 5000 + "1" + "}" * 5000 + ', "symbols": []}',
        '{"symbols": ["' + '\\\\"' * 30_000,
        '{"symbols": [{"symbol": "BTCUSDT", "x": 1' + "0" * 5000 + "}]}",
        *(json.dumps(answer(("BTCUSDT", bad))) for bad in (0.1, "", "x", "0", "-1", "NaN", None)),
        *(json.dumps(answer(("BTCUSDT", bad))) for bad in ABSURD),
    ],
)
def test_an_answer_of_another_shape_is_one_clear_line(text: str) -> None:
    with pytest.raises(ExchangeError, match=r"exchangeInfo is not what .{1,200}$"):
        parse_exchange_info(text, {"BTCUSDT"})


def test_an_odd_entry_hides_neither_wanted_symbols_nor_others_when_all_are_wanted() -> None:
    text = json.dumps(answer(("ODDUSDT", "x"), ("BTCUSDT", "0.10")))
    assert parse_exchange_info(text, {"BTCUSDT"}).tick_sizes == {"BTCUSDT": Decimal("0.1")}
    assert parse_exchange_info(text, None).tick_sizes == {"BTCUSDT": Decimal("0.1")}


@pytest.mark.parametrize("absurd", ABSURD)
def test_an_absurd_tick_size_is_refused_at_once_and_hides_no_other(absurd: object) -> None:
    text = json.dumps(answer(("BTCUSDT", absurd), ("ETHUSDT", "0.01"), ("BTCUSDT_260327", "0.5")))
    # The processor's time: a busy machine makes it no longer.
    begun_s = time.thread_time()
    info = parse_exchange_info(text, {"BTCUSDT", "ETHUSDT", "BTCUSDT_260327"})
    assert time.thread_time() - begun_s < 1
    assert {symbol: str(tick) for symbol, tick in info.tick_sizes.items()} == {
        "ETHUSDT": "0.01",
        "BTCUSDT_260327": "0.5",
    }
    assert info.refused.keys() == {"BTCUSDT"}
    words = failure_text(info.failure)
    assert words.startswith("exchangeInfo: the tick size of BTCUSDT is odd: ")
    assert words.isprintable()
    assert len(words) < 250


@pytest.mark.parametrize("text", ["0.10", "1e-8", "0.000000000001", "1000000", "1E6", "0.5"])
def test_every_tick_size_within_reason_is_taken_as_it_is_written(text: str) -> None:
    info = parse_exchange_info(json.dumps(answer(("BTCUSDT", text))), {"BTCUSDT"})
    assert str(info.tick_sizes["BTCUSDT"]) == str(Decimal(text))


def test_a_symbol_listed_twice_is_taken_only_where_both_say_the_same() -> None:
    same = answer(("BTCUSDT", "0.10"), ("ETHUSDT", "0.01"), ("BTCUSDT", "0.1"))
    assert parse_exchange_info(json.dumps(same), None).tick_sizes.keys() == {"BTCUSDT", "ETHUSDT"}
    other = answer(("BTCUSDT", "0.10"), ("ETHUSDT", "0.01"), ("BTCUSDT", "0.2"))
    info = parse_exchange_info(json.dumps(other), None)
    assert info.tick_sizes.keys() == {"ETHUSDT"}
    assert info.refused.keys() == {"BTCUSDT"}
    assert "it is listed twice, with two tick sizes" in failure_text(info.failure)
    both = answer(("BTCUSDT", "x"), ("ETHUSDT", "0"), ("XRPUSDT", "0.1"))
    assert "2 tick sizes are odd" in failure_text(
        parse_exchange_info(json.dumps(both), None).failure
    )


@pytest.mark.parametrize(
    "symbol", ["\u5e01\u5b89\u4eba\u751fUSDT", "1000SHIBUSDT", "\u0391\u03a3USDT"]
)
@pytest.mark.parametrize("is_escaped", [True, False])
def test_a_symbol_of_any_script_has_a_tick_size(symbol: str, is_escaped: bool) -> None:
    text = json.dumps(answer((symbol, "0.10"), ("A B", "1")), ensure_ascii=is_escaped)
    for wanted in ({symbol}, None):
        assert parse_exchange_info(text.encode(), wanted).tick_sizes == {symbol: Decimal("0.10")}


@pytest.mark.parametrize("server_time", [-1, 0, 10**30, 1.5, None, "1766562549558", True])
def test_a_clock_that_is_none_is_not_taken(server_time: object) -> None:
    text = json.dumps(answer(("BTCUSDT", "0.10")) | {"serverTime": server_time})
    assert parse_exchange_info(text, None).server_ms is None


def test_the_largest_answer_is_read_beside_a_loop_that_goes_on() -> None:
    odd = {"symbol": "ODDUSDT", "filters": [[], {}] * 3000}
    entries = [json.dumps(odd)] * 400 + [json.dumps(answer(("BTCUSDT", "0.10"))["symbols"][0])]
    text = f'{{"symbols": [{", ".join(entries)}]}}'
    longest_s = 0.0

    async def watch() -> None:
        nonlocal longest_s
        while True:
            # Of this process, so that a busy machine does not count.
            begun_s = time.process_time()
            await asyncio.sleep(0.001)
            longest_s = max(longest_s, time.process_time() - begun_s)

    async def scenario() -> None:
        async with exchange(lambda _: web.Response(text=text)) as (base, _):
            watcher = asyncio.create_task(watch())
            info = await fetch_exchange_info(base, {"BTCUSDT"})
            assert info.tick_sizes == {"BTCUSDT": Decimal("0.10")}
            watcher.cancel()

    asyncio.run(scenario())
    assert longest_s < 0.3


def test_it_asks_the_documented_path() -> None:
    async def scenario() -> None:
        async with exchange(lambda _: web.json_response(answer(("BTCUSDT", "0.10")))) as (
            base,
            paths,
        ):
            info = await fetch_exchange_info(base + "/", {"BTCUSDT"})
            assert info.tick_sizes == {"BTCUSDT": Decimal("0.10")}
            assert paths == ["/fapi/v1/exchangeInfo"]

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("status", "headers", "least_s", "most_s"),
    [
        (429, {"Retry-After": "77"}, 77, 77),
        (418, {}, 120, 120),
        (451, {}, 300, 300),
        (503, {}, 2, 4),
        (404, {}, 2, 4),
    ],
)
def test_a_refusal_names_its_status_and_sets_the_next_attempt(
    status: int, headers: dict[str, str], least_s: float, most_s: float
) -> None:
    async def scenario() -> None:
        async with exchange(lambda _: web.Response(status=status, headers=headers)) as (base, _):
            refresher = TickSizeRefresher(
                base, {"BTCUSDT"}, refresh_s=86_400, rng=random.Random(1), clock=lambda: 1000.0
            )
            with pytest.raises(ExchangeError, match=str(status)):
                await refresher.refresh()
            assert least_s <= refresher.next_delay_s <= most_s

    asyncio.run(scenario())


def test_the_exchange_wants_to_be_left_alone_by_all_that_ask_over_rest() -> None:
    async def scenario() -> None:
        memory, now_s = ConnectionMemory(), 1000.0
        status, headers = 429, {"Retry-After": "77"}
        async with exchange(lambda _: web.Response(status=status, headers=headers)) as (base, _):
            refresher = TickSizeRefresher(
                base,
                {"BTCUSDT"},
                refresh_s=86_400,
                rng=random.Random(1),
                memory=memory,
                clock=lambda: now_s,
            )
            with pytest.raises(ExchangeError):
                await refresher.refresh()
            assert memory.rest_held_until_s == 1077.0
            # Another part was told to stay away for longer, amid the wait.
            memory.hold_rest(1500.0)
            memory.hold_rest(1200.0)
            assert refresher.next_delay_s == 500.0
            # What was no wish of the exchange holds nobody else.
            now_s, status, headers = 2000.0, 503, {}
            with pytest.raises(ExchangeError):
                await refresher.refresh()
            assert memory.rest_held_until_s == 1500.0
            assert refresher.next_delay_s >= 2

    asyncio.run(scenario())


def test_no_server_and_no_json_are_errors_of_one_line() -> None:
    async def scenario() -> None:
        async with exchange(lambda _: web.Response(text="<html>")) as (base, _):
            with pytest.raises(ExchangeError, match="exchangeInfo"):
                await fetch_exchange_info(base, {"BTCUSDT"})
        for gone in (base, "nonsense", "http://"):
            with pytest.raises(ExchangeError, match="exchangeInfo") as caught:
                await fetch_exchange_info(gone, {"BTCUSDT"})
            assert "\n" not in str(caught.value)

    asyncio.run(scenario())


def test_refresh_is_daily_after_success_and_backed_off_after_errors() -> None:
    healthy = False

    def handler(_: web.Request) -> web.Response:
        return (
            web.json_response(answer(("BTCUSDT", "0.10"))) if healthy else web.Response(status=500)
        )

    async def scenario() -> None:
        nonlocal healthy
        async with exchange(handler) as (base, _):
            refresher = TickSizeRefresher(
                base,
                {"BTCUSDT", "GONEUSDT"},
                refresh_s=86_400,
                rng=random.Random(1),
                clock=lambda: 1000.0,
            )
            assert refresher.next_delay_s == 0
            delays = []
            for _ in range(4):
                with pytest.raises(ExchangeError):
                    await refresher.refresh()
                delays.append(refresher.next_delay_s)
            assert all(2**n <= delay <= 2 ** (n + 1) for n, delay in enumerate(delays, start=1))
            healthy = True
            info = await refresher.refresh()
            assert refresher.next_delay_s == 86_400
            assert refresher.missing(info) == ("GONEUSDT",)

    asyncio.run(scenario())
