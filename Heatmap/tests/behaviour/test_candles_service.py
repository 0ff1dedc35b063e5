"""Candles for programs and for the chart: as they were fetched, of what is shown as well."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from Heatmap import CandleHistory, HeatmapService, HeatmapSettings
from Heatmap.domain.candles import MINUTE_MS
from Heatmap.tests.behaviour.candle_exchange import CandleExchange
from Heatmap.tests.behaviour.conftest import QUICK
from Heatmap.tests.behaviour.scripted_exchange import ScriptedExchange
from Heatmap.tests.behaviour.service_world import RecordingLayer
from Heatmap.tests.stored_market import START_MS, made_candles, store_market

COUNT = 60
END_MS = START_MS + COUNT * MINUTE_MS


async def until(condition: Callable[[], object], limit_s: float = 15.0) -> None:
    async with asyncio.timeout(limit_s):
        while not condition():  # noqa: ASYNC110 - other threads bring it about
            await asyncio.sleep(0.01)


def make_service(exchange: ScriptedExchange, rest_url: str, path: Path) -> HeatmapService:
    return HeatmapService(
        HeatmapSettings(enabled=True, candle_retention_days=1),
        db=path,
        ws_url=exchange.ws_url,
        rest_url=rest_url,
        connection_times=QUICK,
    )


def test_candles_are_given_as_they_were_stored_and_longer_ones_of_them(
    exchange: ScriptedExchange, tmp_path: Path
) -> None:
    path, stored = tmp_path / "heatmap.sqlite3", made_candles(COUNT)
    store_market(path, stored, [])

    async def ask() -> tuple[CandleHistory, CandleHistory, CandleHistory]:
        service = make_service(exchange, "http://127.0.0.1:1", path)
        with pytest.raises(ValueError, match="start it first"):
            await service.candles("BTCUSDT", START_MS, END_MS)
        await service.start()
        try:
            with pytest.raises(ValueError, match="whole minutes"):
                await service.candles("BTCUSDT", START_MS, END_MS, 1_000)
            return (
                await service.candles("btc/usdt", START_MS, END_MS),
                await service.candles("BTCUSDT", START_MS, END_MS + MINUTE_MS, 5 * MINUTE_MS),
                await service.candles("ETHUSDT", START_MS, END_MS),
            )
        finally:
            await service.stop()

    minutes, longer, other = asyncio.run(ask())
    assert [(one.open_ms, one.open, one.high, one.low, one.close) for one in minutes.candles] == [
        (one.open_ms, one.open, one.high, one.low, one.close) for one in stored
    ]
    assert minutes.fetched == longer.fetched == ((START_MS, END_MS),)
    assert other == CandleHistory((), ())
    first = next(one for one in longer.candles)
    mine = [one for one in stored if first.open_ms <= one.open_ms < first.open_ms + 5 * MINUTE_MS]
    assert len(mine) == 5
    assert first.high == max(one.high for one in mine)
    assert first.quote_volume == pytest.approx(sum(one.quote_volume for one in mine))
    # No candle of a time that was fetched in part.
    assert longer.candles[-1].open_ms + 5 * MINUTE_MS <= END_MS


@pytest.mark.parametrize("recorded", [("BTCUSDT",), ("ALL",)])
def test_the_candles_of_what_a_page_shows_are_fetched_and_of_nothing_else(
    exchange: ScriptedExchange, tmp_path: Path, recorded: tuple[str, ...]
) -> None:
    named = [one for one in recorded if one != "ALL"]

    async def show() -> None:
        service = make_service(exchange, market.rest_url, tmp_path / "heatmap.sqlite3")
        service.apply_settings(service.settings.changed(symbols=recorded))
        layer = RecordingLayer("ETHUSDT")
        service.attach(layer)
        await service.start()
        try:
            layer.open_page()
            await until(lambda: market.asked("klines", "ETHUSDT"))
            layer.symbol = "SOLUSDT"
            assert layer.listener is not None
            layer.listener.symbol_changed()
            await until(lambda: market.asked("klines", "SOLUSDT"))
            # A share that a host's page shows is nothing that the exchange has.
            layer.symbol = "AAPL"
            layer.listener.symbol_changed()
            await until(lambda: all(map(market.asked, ("klines",) * len(named), named)))
            history = await service.candles("ETHUSDT", 0, exchange.now_ms)
            assert len(history.candles) > 400
        finally:
            await service.stop()

    with CandleExchange(lambda: exchange.now_ms) as market:
        asyncio.run(show())
    asked = {query["symbol"] for _path, query in market.requests}
    assert asked == {"ETHUSDT", "SOLUSDT", *named}
