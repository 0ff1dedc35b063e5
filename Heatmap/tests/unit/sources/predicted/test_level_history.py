"""What stood at any minute: the same as the model's own map, whatever came later."""

from dataclasses import replace

import numpy as np
import pytest

from Heatmap.levels.arrays import MINUTE_MS
from Heatmap.levels.build_map import build_map
from Heatmap.levels.market import Market
from Heatmap.levels.models import LevelModel
from Heatmap.levels.shipped import shipped_yields
from Heatmap.sources.predicted.level_history import LevelHistory, crop
from Heatmap.tests.unit.levels.simulated_positions import market

CANDLES = market(2_000, seed=5)
ALL = Market("BTCUSDT", CANDLES)


def every_row(history: LevelHistory) -> slice:
    return slice(0, history.rows.count)


def assert_alike(found: np.ndarray, expected: np.ndarray) -> None:
    np.testing.assert_allclose(found, expected, rtol=2e-5, atol=1e-6 * expected.max())


def test_its_columns_are_those_of_the_models_own_map() -> None:
    history = LevelHistory(ALL)
    times = CANDLES["open_ms"][[3, 300, 719, 720, 721, 1_500, 1_999]] + MINUTE_MS
    expected = build_map(LevelModel.CALIBRATED, ALL, history.rows, times)
    found = history.columns(history.seen_by(times), every_row(history))
    assert_alike(found, expected.usd)
    # Once more, from the places that were kept on the way.
    assert_alike(history.columns(history.seen_by(times), every_row(history)), expected.usd)


def test_each_column_is_drawn_by_the_yields_that_were_known_then() -> None:
    table = shipped_yields()
    fitted_ms = int(CANDLES["open_ms"][1_000]) + 30_000
    stronger = replace(
        table.for_volume(ALL.volume),
        symbol="BTCUSDT",
        fitted_ms=fitted_ms,
        data_until_ms=fitted_ms - 1,
        usd_per_message=replace(table.usd_per_message, value=3 * table.usd_per_message.value),
    )
    changing = Market("BTCUSDT", CANDLES, fits=[stronger])
    history, before = LevelHistory(changing), LevelHistory(ALL)
    times = CANDLES["open_ms"][[900, 999, 1_000, 1_200]] + MINUTE_MS
    expected = build_map(LevelModel.CALIBRATED, changing, history.rows, times)
    seen = history.seen_by(times)
    assert_alike(history.columns(seen, every_row(history)), expected.usd)
    earlier = before.columns(seen, every_row(before))
    times_more = history.columns(seen, every_row(history)).sum(axis=1) / earlier.sum(axis=1)
    np.testing.assert_allclose(times_more, [1, 1, 3, 3], rtol=1e-4)
    assert history.fit_changes == (1_001,)
    assert history.table.usd_per_message.value == stronger.usd_per_message.value


def test_minutes_that_come_later_are_one_step_each_and_change_no_earlier_column() -> None:
    whole = LevelHistory(ALL)
    growing = LevelHistory(Market("BTCUSDT", CANDLES[:1_300]))
    times = CANDLES["open_ms"][[100, 1_000, 1_299]] + MINUTE_MS
    rows = crop(growing.rows, float(CANDLES["low"].min()), float(CANDLES["high"].max()))
    before = growing.columns(growing.seen_by(times), rows)
    for first, stop in ((1_300, 1_301), (1_301, 1_310), (1_310, 2_000)):
        assert growing.extend(CANDLES[first:stop])
    assert len(growing) == len(whole)
    np.testing.assert_array_equal(growing.columns(growing.seen_by(times), rows), before)
    # The rows of one may begin elsewhere; edges lie on multiples.
    shift = whole.rows.first - growing.rows.first
    low, high = max(0, shift), min(growing.rows.count, whole.rows.count + shift)
    assert_alike(growing.standing()[low:high], whole.standing()[low - shift : high - shift])


def test_nothing_later_is_looked_at() -> None:
    early = LevelHistory(Market("BTCUSDT", CANDLES[:1_000]))
    late = LevelHistory(ALL)
    price = float(CANDLES["close"][999])
    seen = np.array([10, 500, 1_000])
    found = [one.columns(seen, crop(one.rows, price * 0.97, price * 1.03)) for one in (early, late)]
    assert_alike(found[0], found[1])


def test_a_price_outside_its_rows_has_it_made_anew() -> None:
    history = LevelHistory(Market("BTCUSDT", CANDLES[:500]))
    far = CANDLES[500:501].copy()
    for name in ("open", "high", "low", "close"):
        far[name] *= 1.3
    assert not history.extend(far)
    assert len(history) == 500


def test_another_fit_that_is_in_force_has_it_made_anew() -> None:
    # Known just after the newest minute was over.
    fitted_ms = int(CANDLES["open_ms"][500]) + 1
    later = replace(shipped_yields(), fitted_ms=fitted_ms, data_until_ms=fitted_ms - 1)
    history = LevelHistory(Market("BTCUSDT", CANDLES[:500], fits=[later]))
    assert not history.extend(CANDLES[500:501])


def test_a_candle_that_cannot_be_is_no_minute() -> None:
    candles = CANDLES[:50].copy()
    candles["low"][-1] = -1.0
    history = LevelHistory(Market("BTCUSDT", candles))
    assert len(history) == 49
    assert history.extend(CANDLES[49:51])
    assert_alike(history.standing(), LevelHistory(Market("BTCUSDT", CANDLES[:51])).standing())


def test_without_a_candle_there_is_none() -> None:
    with pytest.raises(ValueError, match="at least one candle"):
        LevelHistory(Market("BTCUSDT", CANDLES[:0]))
    with pytest.raises(ValueError, match="yields"):
        LevelHistory(Market("BTCUSDT", CANDLES[:5], shipped=None))
