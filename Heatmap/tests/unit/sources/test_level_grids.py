"""Levels of a window as numbers: the newest column is what stands; none knows the future."""

import numpy as np
import pytest

from Heatmap.feeds.level_market import LevelStore
from Heatmap.levels.models import LevelModel
from Heatmap.levels.predict import predict
from Heatmap.sources.level_grids import BUCKET_STEP, GridTimes, LevelGrid, LevelGrids
from Heatmap.sources.level_maps import LevelMaps
from Heatmap.storage.event_tape import EventTape
from Heatmap.storage.store import open_store
from Heatmap.tests.stored_market import SYMBOL, made_candles, store_market

MINUTE_MS = 60_000
SPAN_MS = 45 * 86_400_000
CANDLES = made_candles(900)
NOW_MS = CANDLES[-1].open_ms + MINUTE_MS + 5_000
# Bins exchange a little with their neighbours where the picture draws no edges. On the rows of the
# newest minute, which a grid has as passed, the list of levels has a little left.
NEAR = {LevelModel.CALIBRATED: 0.03, LevelModel.ENSEMBLE: 0.01}


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> LevelStore:
    path = tmp_path_factory.mktemp("market") / "heatmap.sqlite3"
    store_market(path, CANDLES, [])
    return LevelStore.of(open_store(path))


def grid(market: LevelStore, model: LevelModel, now_ms: int, minutes: int = 10) -> LevelGrid:
    grids = LevelGrids(LevelMaps(EventTape(market.store), market), market)
    return grids.grid(SYMBOL, model, GridTimes.until(now_ms, minutes * MINUTE_MS, 40), SPAN_MS)


def buckets(found: LevelGrid, column: int) -> dict[int, float]:
    usd = found.usd[:, column]
    return {found.first_bucket + k: float(usd[k]) for k in np.flatnonzero(usd).tolist()}


@pytest.mark.parametrize("model", list(LevelModel))
def test_the_newest_column_is_what_stands_now(market: LevelStore, model: LevelModel) -> None:
    levels = predict(market.read(SYMBOL, NOW_MS, SPAN_MS).market, NOW_MS, model)
    found = grid(market, model, NOW_MS)
    assert found.price_usd == pytest.approx(levels.price_usd, rel=1e-12)
    assert found.unit is levels.unit
    expected: dict[int, float] = {}
    for one in levels.levels:
        place = round(np.log(one.low_usd) / BUCKET_STEP)
        expected[place] = expected.get(place, 0.0) + one.expected_usd
    newest = buckets(found, -1)
    near = NEAR.get(model, 1e-6)
    assert len(newest) > 50
    assert sum(newest.values()) == pytest.approx(sum(expected.values()), rel=near)
    largest = max(expected.values())
    for place in newest.keys() | expected.keys():
        assert newest.get(place, 0.0) == pytest.approx(
            expected.get(place, 0.0), rel=1e-3, abs=near * largest
        )


@pytest.mark.parametrize("model", [LevelModel.CALIBRATED, LevelModel.ENSEMBLE])
def test_a_column_that_is_over_knows_nothing_later(market: LevelStore, model: LevelModel) -> None:
    now, earlier = grid(market, model, NOW_MS), grid(market, model, NOW_MS - 100 * MINUTE_MS)
    # The last of the earlier ones that was over by then.
    end_ms = earlier.times.start_ms + 39 * earlier.times.step_ms
    column = (end_ms - now.times.start_ms) // now.times.step_ms - 1
    before, after = buckets(earlier, 38), buckets(now, column)
    assert before.keys() == after.keys()
    assert len(before) > 50
    for place, usd in before.items():
        assert after[place] == pytest.approx(usd, rel=1e-4, abs=0.01)


def test_columns_before_the_first_candle_are_not_known(market: LevelStore) -> None:
    found = grid(market, LevelModel.CALIBRATED, NOW_MS, minutes=60)
    known_from = int(np.flatnonzero(found.is_known)[0])
    assert 20 < known_from < 30
    assert not found.usd[:, : known_from - 1].any()


def test_without_candles_there_is_no_price(market: LevelStore) -> None:
    grids = LevelGrids(LevelMaps(EventTape(market.store), market), market)
    times = GridTimes.until(NOW_MS, MINUTE_MS, 5)
    for model in LevelModel:
        found = grids.grid("ETHUSDT", model, times, SPAN_MS)
        assert (found.price_usd, found.usd.size) == (None, 0)
