"""The tick sizes, from the exchange's recorded answer and from a server on loopback."""

import asyncio
import json
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path

import pytest
from aiohttp import web

from Heatmap.errors import ExchangeError
from Heatmap.ingestion.exchange_info import (
    TickSizeRefresher,
    fetch_exchange_info,
    parse_exchange_info,
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
        *(json.dumps(answer(("BTCUSDT", bad))) for bad in (0.1, "", "x", "0", "-1", "NaN", None)),
    ],
)
def test_an_answer_of_another_shape_is_one_clear_line(text: str) -> None:
    with pytest.raises(ExchangeError, match=r"exchangeInfo is not what .{1,200}$"):
        parse_exchange_info(text, {"BTCUSDT"})


def test_an_odd_entry_hides_neither_wanted_symbols_nor_others_when_all_are_wanted() -> None:
    text = json.dumps(answer(("ODDUSDT", "x"), ("BTCUSDT", "0.10")))
    assert parse_exchange_info(text, {"BTCUSDT"}).tick_sizes == {"BTCUSDT": Decimal("0.1")}
    assert parse_exchange_info(text, None).tick_sizes == {"BTCUSDT": Decimal("0.1")}


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
            refresher = TickSizeRefresher(base, {"BTCUSDT"}, refresh_s=86_400, rng=random.Random(1))
            with pytest.raises(ExchangeError, match=str(status)):
                await refresher.refresh()
            assert least_s <= refresher.next_delay_s <= most_s

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
                base, {"BTCUSDT", "GONEUSDT"}, refresh_s=86_400, rng=random.Random(1)
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
