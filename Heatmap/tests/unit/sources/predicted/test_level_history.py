"""What stood at any minute: the same as the model's own map, whatever came later."""

from dataclasses import replace

import numpy as np
import pytest

from Heatmap.levels.arrays import MINUTE_MS
from Heatmap.levels.build_map import build_map
from Heatmap.levels.market import Market
from Heatmap.levels.models import LevelModel
from Heatmap.levels.price_rows import FIT_WIDTH, LogRows
from Heatmap.levels.shipped import shipped_yields
from Heatmap.levels.yields import YieldTable
from Heatmap.sources.predicted.level_history import LevelHistory, crop
from Heatmap.tests.unit.levels.simulated_positions import market

CANDLES = market(2_000, seed=5)
ALL = Market("BTCUSDT", CANDLES)


def every_row(history: LevelHistory) -> LogRows:
    return history.rows


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


def moved(candles: np.ndarray, times: float) -> np.ndarray:
    """Return candles of a price that goes up or down so many times, evenly."""
    steps = np.exp(np.linspace(0, np.log(times), len(candles)))
    found = candles.copy()
    for name in ("open", "high", "low", "close"):
        found[name] = candles[name] * steps
    return found


@pytest.mark.parametrize("times", [1.6, 0.6])
def test_rows_grow_with_the_price_and_nothing_before_is_another(times: float) -> None:
    candles = np.concatenate([CANDLES[:1_000], moved(CANDLES[1_000:], times)])
    growing, whole = (LevelHistory(Market("BTCUSDT", part)) for part in (candles[:1_000], candles))
    seen = np.arange(1, 1_000, 7)
    rows = growing.rows
    before = growing.columns(seen, rows)
    live = growing._live
    for first in range(1_000, 2_000, 20):
        assert growing.extend(candles[first : first + 20])
    assert growing.rows.count > rows.count
    assert growing._live is not live
    np.testing.assert_array_equal(growing.columns(seen, rows), before)
    later = np.array([1_000, 1_441, 1_700, 2_000])
    first = max(growing.rows.first, whole.rows.first)
    last = min(one.rows.first + one.rows.count for one in (growing, whole))
    shared = LogRows(FIT_WIDTH, first, last - first)
    assert_alike(growing.columns(later, shared), whole.columns(later, shared))
    standing = growing.standing()[shared.first - growing.rows.first :][: shared.count]
    assert_alike(standing, whole.columns(later, shared)[-1])


def test_where_prices_differ_too_much_the_newest_have_rows_and_the_others_are_named() -> None:
    candles = np.concatenate([CANDLES[:800], moved(CANDLES[800:1_200], 5.0), CANDLES[1_200:]])
    for name in ("open", "high", "low", "close"):
        candles[name][1_200:] *= 5.0
    history = LevelHistory(Market("BTCUSDT", candles))
    prices = np.log([candles["low"][-1], candles["high"][-1]])
    assert (prices / history.rows.width > history.rows.first + 500).all()
    assert 800 <= history.cut < 1_200
    low = history.rows.first * history.rows.width
    # What lies between two candles counts as reached.
    reached = min(candles["low"][history.cut - 1], candles["close"][history.cut - 2])
    assert np.log(reached) < low
    assert (np.log(candles["low"][history.cut :]) >= low).all()
    assert LevelHistory(ALL).cut == 0
    # One that had rows for the old prices has to be made anew when they are needed for new ones.
    early = LevelHistory(Market("BTCUSDT", candles[:800]))
    taken = [early.extend(candles[n : n + 1]) for n in range(800, 1_200)]
    assert taken[0]
    assert not taken[-1]


def stronger(at: int, times: float) -> YieldTable:
    """Return a fit that is known just after a minute is over."""
    table = shipped_yields()
    fitted_ms = int(CANDLES["open_ms"][at]) + 1
    value = times * table.usd_per_message.value
    return replace(
        table.for_volume(ALL.volume),
        symbol="BTCUSDT",
        fitted_ms=fitted_ms,
        data_until_ms=fitted_ms - 1,
        usd_per_message=replace(table.usd_per_message, value=value),
    )


def test_a_fit_that_was_waited_for_is_in_force_with_its_minute() -> None:
    fits = [stronger(500, 3.0)]
    history = LevelHistory(Market("BTCUSDT", CANDLES[:500], fits=fits))
    seen = np.arange(1, 501)
    before = history.columns(seen, every_row(history))
    assert history.extend(CANDLES[500:520])
    assert history.fit_changes == (501,)
    np.testing.assert_array_equal(history.columns(seen, every_row(history)), before)
    whole = LevelHistory(Market("BTCUSDT", CANDLES[:520], fits=fits))
    assert_alike(history.standing(), whole.standing())


def test_another_fit_changes_nothing_before_its_time_also_where_older_minutes_are_gone() -> None:
    history = LevelHistory(ALL).shortened(720)
    rows, seen = every_row(history), np.arange(1, 1_281)
    before = history.columns(seen, rows)
    assert history.refit([stronger(1_500, 3.0)])
    assert history.fit_changes == (1_501 - 720,)
    after = history.columns(seen, rows)
    np.testing.assert_array_equal(after[:780], before[:780])
    made = LevelHistory(Market("BTCUSDT", CANDLES[720:], fits=[stronger(1_500, 3.0)]))
    count = min(rows.count, made.rows.first + made.rows.count - rows.first)
    shared = LogRows(FIT_WIDTH, max(rows.first, made.rows.first), 0)
    shared = replace(shared, count=rows.first + count - shared.first)
    # By the new table, of the minutes that are kept.
    assert_alike(history.columns(seen[780:], shared), made.columns(seen[780:], shared))
    assert not history.refit([stronger(1_500, 3.0)])
    assert history.refit([])
    assert_alike(history.columns(seen, rows), before)


def test_what_is_older_goes_and_what_stood_later_stays() -> None:
    fits = [stronger(300, 2.0), stronger(1_000, 3.0)]
    whole = LevelHistory(Market("BTCUSDT", CANDLES, fits=fits))
    seen = np.arange(721, 2_001)
    before = whole.columns(seen, every_row(whole))
    short = whole.shortened(720)
    assert len(short) == 1_280
    assert short.fit_changes == (1_001 - 720,)
    short._known.clear()
    assert_alike(short.columns(seen - 720, every_row(short)), before)
    assert_alike(short.standing(), before[-1])
    # The one before is as it was.
    np.testing.assert_array_equal(whole.columns(seen, every_row(whole)), before)


def test_few_walks_are_kept_however_many_fits_there_are() -> None:
    fits = [stronger(100 * n, 1.0 + n) for n in range(1, 19)]
    history = LevelHistory(Market("BTCUSDT", CANDLES, fits=fits))
    history.columns(np.arange(1, 2_001), every_row(history))
    walks = sum(len(one.kept) for one in history._stretches)
    assert walks <= len(fits) + 1 + 2 * 18


def test_windows_that_are_kept_take_little_memory() -> None:
    history = LevelHistory(ALL)
    for end in range(1_900, 2_000, 10):
        history.columns(np.arange(1, end), every_row(history))
    assert len(history._known) == 1
    narrow = crop(history.rows, 99_000, 101_000)
    for end in range(1_900, 2_000, 10):
        history.columns(np.arange(1, end), narrow)
    assert 1 < len(history._known) <= 4


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
