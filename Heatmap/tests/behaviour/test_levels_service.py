"""Predicted levels for programs: asked for, listened to, learned from, while a service records."""

import asyncio
import contextlib
import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from Heatmap import (
    HeatmapService,
    HeatmapSettings,
    LevelModel,
    LiveLiquidationHeatmap,
    PredictedLevels,
)
from Heatmap.domain.candles import DAY_MS, MINUTE_MS
from Heatmap.domain.failure_texts import failure_text
from Heatmap.feeds.level_market import LevelStore
from Heatmap.levels.learn import Learning
from Heatmap.levels.notes import NoteKind
from Heatmap.service.learning import LevelLearner
from Heatmap.storage.fit_files import FitFiles
from Heatmap.storage.store import open_store
from Heatmap.tests.behaviour.candle_exchange import CandleExchange
from Heatmap.tests.behaviour.conftest import QUICK
from Heatmap.tests.behaviour.memory_sink import QUICK_END_S, eventually
from Heatmap.tests.behaviour.scripted_exchange import ScriptedExchange
from Heatmap.tests.stored_market import START_MS, made_candles, made_events, store_market

COUNT = 720
END_MS = START_MS + COUNT * MINUTE_MS


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "heatmap.sqlite3"
    candles = made_candles(COUNT)
    store_market(path, candles, made_events(candles, 2.0))
    return path


def source(path: Path) -> LevelStore:
    return LevelStore.of(open_store(path))


async def until(condition: Callable[[], object], limit_s: float = 15.0) -> None:
    async with asyncio.timeout(limit_s):
        while not condition():  # noqa: ASYNC110 - other threads bring it about
            await asyncio.sleep(0.01)


def test_a_service_answers_from_the_first_minutes_on(
    exchange: ScriptedExchange, tmp_path: Path
) -> None:
    async def ask() -> tuple[PredictedLevels, list[PredictedLevels]]:
        service = HeatmapService(
            HeatmapSettings(candle_retention_days=1),
            db=tmp_path / "fresh.sqlite3",
            ws_url=exchange.ws_url,
            rest_url=market.rest_url,
            connection_times=QUICK,
        )
        told: list[PredictedLevels] = []
        service.add_levels_listener("BTC/USDT", told.append)
        await service.start()
        try:
            await until(lambda: any(one.levels for one in told))
            levels = await service.levels("btcusdt")
            assert json.dumps(service.status()["learning"]) == "[]"
            assert service.status()["failure"] is None
            with pytest.raises(ValueError, match="model must be one of"):
                await service.levels("BTCUSDT", model="guess")
            service.remove_levels_listener("BTCUSDT", told.append)
            # Of a symbol that is not recorded the candles are fetched when it is asked for.
            assert not market.asked("klines", "ETHUSDT")
            await service.levels("ETHUSDT")
            await until(lambda: market.asked("klines", "ETHUSDT"))
            return levels, told
        finally:
            await service.stop()

    with CandleExchange(lambda: exchange.now_ms) as market:
        levels, told = asyncio.run(ask())
    assert levels.candles >= 400
    assert levels.model is LevelModel.CALIBRATED
    assert levels.is_provisional
    assert NoteKind.PROVISIONAL_USD in {note.kind for note in levels.notes}
    assert [one.symbol for one in told] == ["BTCUSDT"] * len(told)


def test_a_stopped_service_says_so(path: Path) -> None:
    async def ask() -> None:
        with pytest.raises(ValueError, match="start it first"):
            await HeatmapService(db=path).levels("BTCUSDT")

    asyncio.run(ask())


def test_a_program_without_a_loop_asks_for_levels(exchange: ScriptedExchange, path: Path) -> None:
    with LiveLiquidationHeatmap(
        db=path, ws_url=exchange.ws_url, rest_url=exchange.rest_url, connection_times=QUICK
    ) as heatmap:
        heatmap.start_stream(["BTCUSDT"])
        levels = heatmap.get_levels("BTC/USDT", at=END_MS)
        assert levels.candles == COUNT
        assert len(levels.levels) > 50
        early = heatmap.get_levels("BTCUSDT", "binance_standard", at=END_MS - 300 * MINUTE_MS)
        assert early.candles == COUNT - 300
        with pytest.raises(ValueError, match="given to start_stream"):
            heatmap.get_levels("ETHUSDT")
        with pytest.raises(ValueError, match="model must be one of"):
            heatmap.get_levels("BTCUSDT", "guess")


def test_learning_goes_on_by_itself_and_keeps_what_is_better(path: Path) -> None:
    learner = LevelLearner(
        source(path), lambda: ("BTCUSDT", "ETHUSDT"), lambda: 45 * DAY_MS, first_s=0.01, look_s=0.05
    )
    learner.start()
    learner.start()
    try:
        eventually(learner.statuses, 90)
        status = learner.statuses()[0]
        assert (status.symbol, status.last_result) == ("BTCUSDT", Learning.TAKEN)
        assert status.failure is None
        assert status.fitted_ms == END_MS
        assert not status.is_provisional
        assert status.messages > 100
        # Once a day, and of a symbol without candles never.
        time.sleep(0.2)
        assert len(learner.statuses()) == 1
        assert len(FitFiles(path).names("BTCUSDT")) == 1
    finally:
        learner.stop()
    # Levels use it from its own time on.
    with contextlib.closing(open_store(path).open_reader()):
        found = source(path).read("BTCUSDT", END_MS, DAY_MS)
    table = found.market.table_at(END_MS)
    assert table is not None
    assert table.fitted_ms == END_MS


def test_what_is_under_way_is_given_up_at_the_end(path: Path) -> None:
    learner = LevelLearner(
        source(path), lambda: ("BTCUSDT",), lambda: DAY_MS, first_s=0.0, look_s=60.0
    )
    learner.start()
    begun_s = time.monotonic()
    learner.stop()
    assert time.monotonic() - begun_s < QUICK_END_S


def test_a_fit_that_cannot_be_kept_or_read_is_told(path: Path) -> None:
    folder = path.with_name("heatmap-fits")
    folder.write_text("a file in its place")
    learner = LevelLearner(
        source(path), lambda: ("BTCUSDT",), lambda: DAY_MS, first_s=0.01, look_s=60.0
    )
    learner.start()
    try:
        eventually(learner.statuses, 90)
        failure = learner.statuses()[0].failure
        assert failure is not None
        assert "cannot be written" in failure_text(failure)
    finally:
        learner.stop()
    folder.unlink()
    folder.mkdir()
    (folder / "BINANCE_USDM-BTCUSDT-2026-01-01T000000Z.json").write_text("{}")
    found = source(path).read("BTCUSDT", END_MS, DAY_MS)
    assert len(found.problems) == 1
    assert found.market.fits == []
