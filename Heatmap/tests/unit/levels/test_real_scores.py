"""S1 and S2 on real recordings, beside the figures that were published for them."""

import csv
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from Heatmap.levels.arrays import CANDLE_DTYPE, INTERVAL_DTYPE, MESSAGE_DTYPE
from Heatmap.levels.bracket_check import fit_tables
from Heatmap.levels.consumption import consume
from Heatmap.levels.counts import Counts, count_messages
from Heatmap.levels.fit import FitSettings, fit_yields
from Heatmap.levels.ladders import N_BINS, leverage_ladder, log_edges
from Heatmap.levels.minutes import Minutes, prepare_minutes
from Heatmap.levels.models import EQUAL_MIX
from Heatmap.levels.price_rows import FIT_WIDTH, rows_over
from Heatmap.levels.scoring.bootstrap import ratio_of_sums
from Heatmap.levels.scoring.conditional import (
    DISTANCE,
    ConditionalScores,
    least_favourable,
    score_conditional,
)
from Heatmap.levels.scoring.ensemble import EnsembleModel
from Heatmap.levels.scoring.folds import hours_out, leave_stretch_out
from Heatmap.levels.scoring.log_linear import LogLinearModel
from Heatmap.levels.scoring.path_terms import log_path_terms, path_terms
from Heatmap.levels.scoring.rate_model import Predictor, RateModel, Shrinkage, falling_shape
from Heatmap.levels.scoring.volumes import FLOOR_USD, VolumeScores, score_volumes
from Heatmap.levels.shipped import shipped_brackets, shipped_scores, shipped_yields
from Heatmap.levels.walk import LevelWalk, WalkInput
from Heatmap.levels.yields import Verdict
from Heatmap.tests.unit.levels.simulated_positions import every_position

_HOUR_MS = 3_600_000
# When the recorder was on, but for the last four minutes.
_STRETCHES = (
    ("2024-12-04T16:46:25", "2024-12-05T01:55"),
    ("2024-12-05T06:43:26", "2024-12-05T08:30"),
    ("2024-12-05T17:09", "2024-12-05T20:48"),
)
SHRUNK = Shrinkage(falling_shape())


def ms(text: str) -> int:
    return int(np.datetime64(text, "ms").astype(np.int64))


class Recording:
    """Two days of December 2024."""

    def __init__(self, candles: np.ndarray, messages: np.ndarray) -> None:
        self.candles, self.messages = candles, messages
        self.minutes: Minutes = prepare_minutes(candles)
        coverage = np.array([(ms(a), ms(b)) for a, b in _STRETCHES], INTERVAL_DTYPE)
        self.counts: Counts = count_messages(self.minutes, messages, coverage)
        self.rows, _ = rows_over(self.minutes, FIT_WIDTH)

    def reached(self, volume: np.ndarray) -> np.ndarray:
        return consume(self.minutes, volume, self.rows).reached_usd / 1e9

    def even(self) -> RateModel:
        volume = self.minutes.volume_usd
        return RateModel(DISTANCE, self.reached(np.full(len(volume), volume.mean())), SHRUNK)

    def score(self, models: Sequence[Predictor], counts: Counts, ways: str) -> ConditionalScores:
        how = leave_stretch_out if ways == "stretch" else hours_out
        open_ms = self.minutes.open_ms
        return score_conditional(models, counts, open_ms, how(open_ms, counts.is_used), ways)


@pytest.fixture(scope="module")
def real(shared_data: Callable[[str], Path]) -> Recording:
    path = shared_data("klines_1m_btcusdt_spot_2024-12-03_07.csv")
    with path.open() as file:
        rows = [
            (
                int(row["open_time"]),
                *(float(row[name]) for name in ("open", "high", "low", "close", "quote_volume")),
                np.nan,
            )
            for row in csv.DictReader(file)
        ]
    messages = []
    for line in shared_data("forceorder_btcusdt_2024-12-04_06.jsonl").read_text().splitlines():
        order = json.loads(line)["data"]["o"]
        notional = float(order["ap"]) * float(order["z"])
        messages.append((order["T"], notional, order["S"] == "SELL"))
    return Recording(np.array(rows, CANDLE_DTYPE), np.array(messages, MESSAGE_DTYPE))


def test_the_recording_is_the_one_that_was_published(real: Recording) -> None:
    assert real.counts.messages[real.counts.is_used].sum() == 1_816
    assert abs(int(real.counts.is_used.sum()) - 875) <= 5
    # Entries reached per side and bin, as the shipped table has them.
    reached = real.reached(real.minutes.volume_usd)[real.counts.is_used].sum(axis=0)
    table = shipped_yields()
    published = [[one.reached_busd for one in side] for side in (table.longs, table.shorts)]
    np.testing.assert_allclose(reached[:, :13], np.array(published)[:, :13], rtol=0.05)


def test_consumption_is_that_of_single_positions(real: Recording) -> None:
    reached = consume(real.minutes, real.minutes.volume_usd, real.rows).reached_usd.sum(axis=0)
    positions = every_position(real.candles, np.stack([log_edges(0), log_edges(1)]), 6)
    is_over = positions.ended >= 0
    expected = np.zeros((2, N_BINS))
    np.add.at(
        expected, (positions.side[is_over], positions.kind[is_over]), positions.weight[is_over]
    )
    is_large = expected > 0.01 * expected.sum()
    assert is_large.sum() >= 28
    np.testing.assert_allclose(reached[is_large], expected[is_large], rtol=0.01)


@pytest.fixture(scope="module")
def s1(real: Recording) -> dict[str, ConditionalScores]:
    """Score the models in two ways of holding time out."""
    causes = real.reached(real.minutes.volume_usd)
    minutes = real.minutes
    table = shipped_brackets().in_force("BTCUSDT", int(minutes.open_ms[0]))
    rows, _ = rows_over(minutes, FIT_WIDTH, 0.25)
    equal = np.zeros((len(minutes), 2, 1))
    for side in range(2):
        walk = LevelWalk(rows, [leverage_ladder(side, EQUAL_MIX, table, FIT_WIDTH)])
        inputs = WalkInput.plain(minutes, minutes.volume_usd / 1e9)
        equal[:, side, 0] = walk.run(inputs, np.zeros(0, np.int64)).consumed_usd
    models: list[Predictor] = [
        real.even(),
        RateModel("levels", causes, SHRUNK),
        RateModel("levels, not shrunk", causes),
        RateModel("path", path_terms(minutes)),
        RateModel("five tiers alike", equal),
    ]
    summands = (models[3], models[0], models[1], models[4])
    models += [
        EnsembleModel("ensemble", summands),
        EnsembleModel("path and levels", (models[3], models[1]), holds_out=False),
    ]
    return {ways: real.score(models, real.counts, ways) for ways in ("stretch", "hours")}


@pytest.mark.parametrize(
    ("ways", "levels", "distance"), [("stretch", 0.357, 0.328), ("hours", 0.366, 0.331)]
)
def test_s1_is_near_the_published_figures(
    real: Recording, s1: dict[str, ConditionalScores], ways: str, levels: float, distance: float
) -> None:
    scored = s1[ways]
    bits = {one.name: one.over_constant.value for one in scored.models}
    assert scored.events == 1_816
    assert bits["levels"] == pytest.approx(levels, abs=0.03)
    assert bits[DISTANCE] == pytest.approx(distance, abs=0.04)
    assert bits["levels, not shrunk"] == pytest.approx(0.33, abs=0.05)
    assert bits["path"] == pytest.approx(0.31, abs=0.05)
    assert bits["five tiers alike"] == pytest.approx(0.2, abs=0.06)
    # The invented table is worse than knowing no entries at all, and that is certain.
    assert scored.of("five tiers alike").over_distance.high < 0
    assert scored.of("levels").over_distance.value > 0
    # The sum, its parts learned on time that they were not fitted on, is about as good.
    ensemble = scored.of("ensemble")
    assert bits["ensemble"] == pytest.approx(0.36, abs=0.03)
    assert ensemble.over_distance.value > 0
    assert ensemble.predicted_over_actual == pytest.approx((1, 1), abs=0.1)
    # On top of the path, levels add something, and that is certain too.
    added = scored.between("path and levels", "path", real.counts, real.minutes.open_ms)
    assert added.low > 0


def test_the_shipped_scores_are_the_less_favourable_ones(
    s1: dict[str, ConditionalScores],
) -> None:
    shipped = shipped_scores()
    for name, model, verdict in (
        ("binance_standard", "five tiers alike", Verdict.WORSE),
        ("ensemble", "ensemble", Verdict.NO_BETTER),
    ):
        score = least_favourable(list(s1.values()), model)
        assert score is not None
        assert shipped[name].over_constant.value == pytest.approx(
            score.over_constant.value, abs=2e-3
        )
        assert shipped[name].over_distance.low == pytest.approx(score.over_distance.low, abs=5e-3)
        assert shipped[name].verdict is score.verdict is verdict
        # One way alone may flatter.
        assert score.over_distance.low == min(
            one.of(model).over_distance.low for one in s1.values()
        )
    assert least_favourable([], "levels") is None


def shuffled_hours(volume: np.ndarray, seed: int) -> np.ndarray:
    hours = volume.reshape(-1, 60)
    return np.random.default_rng(seed).permutation(hours).ravel()


def test_a_permuted_world_scores_no_better_than_distance(real: Recording) -> None:
    volume = real.minutes.volume_usd
    truth = RateModel("levels", real.reached(volume), SHRUNK)
    models = [real.even(), truth]
    models += [
        RateModel(f"shuffled {seed}", real.reached(shuffled_hours(volume, seed)), SHRUNK)
        for seed in range(6)
    ]
    models += [
        RateModel(f"shifted {hours} h", np.roll(truth.causes, 60 * hours, axis=0), SHRUNK)
        for hours in (-6, -3, 3, 6)
    ]
    models.append(RateModel("sides swapped", truth.causes[:, ::-1], SHRUNK))
    for ways in ("stretch", "hours"):
        scored = real.score(models, real.counts, ways)
        real_gain = scored.of("levels").over_distance.value
        for one in scored.models[2:]:
            assert one.over_distance.low <= 0, one.name
            assert one.over_distance.value < real_gain, one.name
        # Against other hours' paths nothing is left at all.
        for one in scored.models[-5:]:
            assert one.over_constant.value < 0.03, one.name


def test_the_real_recording_moves_the_shipped_table_little(real: Recording) -> None:
    reached = consume(real.minutes, real.minutes.volume_usd, real.rows).reached_usd
    settings = FitSettings("own", "BINANCE_USDM", "BTCUSDT", "", ms("2024-12-06"))
    fit = fit_yields(real.minutes, reached, real.counts, shipped_yields(), settings)
    assert fit.table is not None
    # It was fitted on the same recording: the factors are about one.
    assert fit.table.factors == pytest.approx((1, 1), abs=0.15)
    ratio = fit.table.messages_per_usd / shipped_yields().messages_per_usd
    assert (np.abs(np.log(ratio)) < 0.35).all()
    own, shipped = fit.table.usd_per_message, shipped_yields().usd_per_message
    assert own.value == pytest.approx(shipped.value, rel=0.05)
    assert own.low == pytest.approx(shipped.low, rel=0.1)


@pytest.fixture(scope="module")
def hourly(shared_data: Callable[[str], Path]) -> VolumeScores:
    path = shared_data("btc_1h_price_liquidations_2025-09_2026-04.csv")
    data = np.genfromtxt(path, delimiter=",", names=True)
    candles = np.zeros(len(data), CANDLE_DTYPE)
    candles["open_ms"] = data[data.dtype.names[0]]
    for name in ("open", "high", "low", "close"):
        candles[name] = data[name]
    candles["quote_volume"] = data["volume"] * data["close"]
    candles["taker_buy_quote"] = np.nan
    minutes = prepare_minutes(candles, _HOUR_MS)
    usd = np.stack([data["liquidated_longs_usd"], data["liquidated_shorts_usd"]], axis=1)
    used = np.isfinite(usd).all(axis=1) & minutes.follows
    rows, _ = rows_over(minutes, FIT_WIDTH)
    even = np.full(len(minutes), minutes.volume_usd.mean())
    middle = np.log((candles["high"] + candles["low"] + candles["close"]) / 3)
    at_middle = replace(minutes, log_entries=middle[:, None])
    volumes = (even, minutes.volume_usd)
    reached = [consume(minutes, volume, rows).reached_usd / 1e9 for volume in volumes]
    at_one = [consume(at_middle, volume, rows).reached_usd / 1e9 for volume in volumes]
    ranges = path_terms(minutes)[:, :, -2:-1]
    path = log_path_terms(minutes, (1, 4, 24, 72, 240))
    levels = RateModel("levels", reached[1], SHRUNK)
    models = [
        RateModel("range", ranges),
        RateModel(DISTANCE, reached[0], SHRUNK),
        levels,
        RateModel("distance, entries at one price", at_one[0], SHRUNK),
        RateModel("levels, entries at one price", at_one[1], SHRUNK),
        LogLinearModel("path", path, FLOOR_USD / 1e6),
        LogLinearModel("path and levels", path, FLOOR_USD / 1e6, (levels,)),
    ]
    folds = hours_out(minutes.open_ms, used)
    return score_volumes(models, np.nan_to_num(usd), minutes.open_ms, folds)


def test_s2_is_near_the_published_figures(hourly: VolumeScores) -> None:
    assert hourly.bars == 3_161
    bits = {one.name: one.over_constant for one in hourly.models}
    # Published with each hour's entries at one price; spread over the hour they say more.
    assert bits["range"].value == pytest.approx(0.415, abs=0.03)
    assert bits["distance, entries at one price"].value == pytest.approx(0.575, abs=0.03)
    assert bits["levels, entries at one price"].value == pytest.approx(0.72, abs=0.04)
    assert bits["path"].value == pytest.approx(0.885, abs=0.03)
    assert bits["path and levels"].value == pytest.approx(0.91, abs=0.03)
    assert bits["range"].high < bits[DISTANCE].low < bits[DISTANCE].high < bits["levels"].low
    assert bits["levels"].value > bits["levels, entries at one price"].value + 0.05
    for one in hourly.models:
        assert one.predicted_over_actual == pytest.approx((1, 1), abs=0.15)
        assert 0.3 < one.top_share < 0.7


def test_over_a_good_path_hourly_levels_add_a_little(hourly: VolumeScores) -> None:
    numbers = {one.name: number for number, one in enumerate(hourly.models)}
    more = hourly.gains[numbers["path and levels"]] - hourly.gains[numbers["path"]]
    is_scored = np.isfinite(more)
    days = np.flatnonzero(is_scored) // 24 * 86_400_000
    ones = np.ones(int(is_scored.sum()))
    added = ratio_of_sums(more[is_scored], ones, days, np.random.default_rng(0))
    assert added.low > 0.03
    # Over a sum of rates it would look like 0.10: that baseline is too weak for hours.
    assert added.high < 0.09


def test_moving_the_recording_in_time_leaves_nothing(real: Recording) -> None:
    moved = later(real.messages, 5 * _HOUR_MS)
    coverage = np.array(
        [(ms(a) + 5 * _HOUR_MS, ms(b) + 5 * _HOUR_MS) for a, b in _STRETCHES], INTERVAL_DTYPE
    )
    counts = count_messages(real.minutes, moved, coverage)
    assert counts.messages.sum() >= 1_816
    models = [real.even(), RateModel("levels", real.reached(real.minutes.volume_usd), SHRUNK)]
    for ways in ("stretch", "hours"):
        assert real.score(models, counts, ways).of("levels").over_constant.value < 0.03


def later(messages: np.ndarray, by_ms: int) -> np.ndarray:
    moved = messages.copy()
    moved["ts_ms"] += by_ms
    return moved


def test_the_recording_fits_the_table_of_its_month_best(
    real: Recording, shared_data: Callable[[str], Path]
) -> None:
    del real
    orders = [
        json.loads(line)["data"]["o"]
        for line in shared_data("forceorder_btcusdt_2024-12-04_06.jsonl").read_text().splitlines()
    ]
    fill, limit, size = (np.array([float(one[key]) for one in orders]) for key in ("ap", "p", "z"))
    is_long = np.array([one["S"] == "SELL" for one in orders])
    tables = shipped_brackets().tables["BTCUSDT"]
    fits = fit_tables(fill, limit, fill * size, is_long, tables)
    assert fits[0].table.valid_from_ms in {ms("2024-12-01"), ms("2025-01-31")}
    assert fits[0].error_bp == pytest.approx(1.24, abs=0.1)
    by_day = {one.table.valid_from_ms: one.error_bp for one in fits}
    assert by_day[ms("2021-01-01")] == pytest.approx(1.79, abs=0.2)
    assert by_day[ms("2026-09-01")] == pytest.approx(3.59, abs=0.3)
    nothing = fit_tables(fill[:0], limit[:0], fill[:0], is_long[:0], tables)
    assert [one.orders for one in nothing] == [0] * len(tables)
