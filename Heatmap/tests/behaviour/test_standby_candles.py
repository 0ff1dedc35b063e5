"""A standby shows what the program that writes does not keep: it holds candles, and writes none."""

import asyncio
import contextlib
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from Heatmap import HeatmapService, HeatmapSettings
from Heatmap.domain.candles import length_ms
from Heatmap.domain.events import DataKind
from Heatmap.ingestion.candles.candle_status import CandleState
from Heatmap.ingestion.recorder.recorder import Recorder
from Heatmap.storage.sqlite.event_reader import EventReader
from Heatmap.storage.sqlite.status import read_status
from Heatmap.storage.sqlite_store import SqliteStore
from Heatmap.tests.behaviour.candle_exchange import CandleExchange
from Heatmap.tests.behaviour.conftest import QUICK
from Heatmap.tests.behaviour.scripted_exchange import ScriptedExchange
from Heatmap.tests.behaviour.service_world import RecordingLayer

HOUR_MS = 3_600_000
# The newest page. Time flies in this test, so that older ones have to wait for new minutes.
ENOUGH = 480


async def until(condition: Callable[[], object], limit_s: float = 15.0) -> None:
    async with asyncio.timeout(limit_s):
        while not condition():  # noqa: ASYNC110 - other threads bring it about
            await asyncio.sleep(0.01)


def stored(path: Path, symbol: str) -> int:
    with contextlib.closing(EventReader(path)) as reader:
        return len(reader.read_candles(symbol, 0, 2**60, list))


@pytest.mark.parametrize("recorded", [("BTCUSDT",), ("ALL",)])
def test_a_standby_draws_levels_of_what_the_writer_does_not_keep_and_stores_them_as_the_writer(
    exchange: ScriptedExchange,
    start_recorder: Callable[..., Recorder],
    tmp_path: Path,
    recorded: tuple[str, ...],
) -> None:
    path = tmp_path / "heatmap.sqlite3"
    tick = [{"filterType": "PRICE_FILTER", "tickSize": "0.0001"}]

    async def show(market: CandleExchange, writer: Recorder) -> None:
        service = HeatmapService(
            HeatmapSettings(enabled=True, heat="predicted", candle_retention_days=1),
            db=path,
            ws_url=exchange.ws_url,
            rest_url=market.rest_url,
            connection_times=QUICK,
        )
        layers = [RecordingLayer("XRPUSDT"), RecordingLayer("ADAUSDT")]
        for layer in layers:
            service.attach(layer)

        async def known(symbol: str) -> int:
            history = await service.candles(symbol, 0, exchange.now_ms)
            return len(history.candles)

        async def fetched(symbol: str) -> None:
            async with asyncio.timeout(15):
                while await known(symbol) < ENOUGH:  # noqa: ASYNC110 - as above
                    await asyncio.sleep(0.02)

        await service.start()
        try:
            assert service.is_standby()
            for layer in layers:
                layer.open_page()
                await fetched(layer.symbol or "")
                shown = layer
                await until(
                    lambda shown=shown: (
                        shown.grids and "no levels" not in shown.grids[-1].get("sourceText", "")
                    )
                )
                # Nobody records it: its digits are known all the same.
                assert service.tick_size(layer.symbol or "") == Decimal("0.0001")
                assert stored(path, layer.symbol or "") == 0
            await fetched("BTCUSDT")
            status = service.recorder_status()
            assert status is not None
            assert status.candles is not None
            assert status.candles.state is CandleState.FETCHING
            assert status.candles.problem is None
            # What is too old by then is not stored: of a day that is half an hour at most.
            before = {one.symbol or "": await known(one.symbol or "") - 30 for one in layers}
            await asyncio.to_thread(writer.stop)
            for symbol, count in before.items():
                await until(lambda symbol=symbol, count=count: stored(path, symbol) >= count)
                assert await known(symbol) >= count
        finally:
            await service.stop()

    with CandleExchange(lambda: exchange.now_ms) as market:
        names = ("BTCUSDT", "XRPUSDT", "ADAUSDT")
        market.listing = (200, {}, {"symbols": [{"symbol": one, "filters": tick} for one in names]})
        writer = start_recorder(
            open_sink=lambda: SqliteStore.for_recorder(path, DataKind.LIVE),
            rest_url=market.rest_url,
            candle_retention_ms=24 * HOUR_MS,
            symbols=recorded,
        )
        asyncio.run(show(market, writer))
    # Whoever writes, each page was asked for once: also what the writer keeps by name.
    for symbol in names if recorded == ("BTCUSDT",) else names[1:]:
        pages = [one for one in market.asked("klines", symbol) if one[1] - one[0] > HOUR_MS]
        assert 1 <= length_ms(pages) // HOUR_MS <= 25
    # The list of instruments names them all; kept are those that are recorded.
    told = read_status(path)["symbols"]
    assert {one for one, facts in told.items() if facts.get("tick_size")} == (
        {"BTCUSDT"} if recorded == ("BTCUSDT",) else set(names)
    )
