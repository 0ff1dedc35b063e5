"""The scores: the law of the counts, intervals, ways of holding time out."""

import math

import numpy as np
import pytest

from Heatmap.levels.arrays import MINUTE_MS
from Heatmap.levels.counts import Counts
from Heatmap.levels.minutes import prepare_minutes
from Heatmap.levels.scoring.bootstrap import ratio_of_sums
from Heatmap.levels.scoring.conditional import DISTANCE, score_conditional
from Heatmap.levels.scoring.ensemble import learn_parts
from Heatmap.levels.scoring.folds import (
    Fold,
    halves_out,
    hours_out,
    leave_stretch_out,
    walk_forward,
)
from Heatmap.levels.scoring.forecast import (
    CELLS,
    REACH,
    cell_middles,
    distance_prior,
    normalised,
    score_forecasts,
)
from Heatmap.levels.scoring.log_linear import LogLinearModel
from Heatmap.levels.scoring.negative_binomial import fit_dispersion, log_scores
from Heatmap.levels.scoring.path_terms import LOOKBACKS, log_path_terms, path_terms
from Heatmap.levels.scoring.rate_model import RateModel
from Heatmap.levels.scoring.volumes import score_volumes
from Heatmap.tests.unit.levels.simulated_positions import START_MS, market


def test_scores_are_the_negative_binomial_law() -> None:
    for mean, dispersion in ((0.3, 0.5), (4.0, 2.0), (12.0, 0.01)):
        counts = np.arange(400.0)
        scores = log_scores(counts, np.full(400, mean), dispersion)
        probability = np.exp(scores)
        assert probability.sum() == pytest.approx(1, abs=1e-6)
        assert (probability * counts).sum() == pytest.approx(mean, rel=1e-4)
        variance = (probability * (counts - mean) ** 2).sum()
        assert variance == pytest.approx(mean + dispersion * mean**2, rel=1e-3)
        size = 1 / dispersion
        direct = math.lgamma(size + 3) - math.lgamma(size) - math.lgamma(4)
        direct += size * math.log(size / (size + mean)) + 3 * math.log(mean / (size + mean))
        assert scores[3] == pytest.approx(direct)


def test_dispersion_is_found_again() -> None:
    random = np.random.default_rng(1)
    means = random.uniform(0.5, 10, 20_000)
    counts = random.poisson(random.gamma(1 / 0.7, means * 0.7)).astype(float)
    assert fit_dispersion(counts, means) == pytest.approx(0.7, rel=0.05)


def test_intervals_come_from_blocks_not_from_minutes() -> None:
    random = np.random.default_rng(2)
    times = np.arange(3_000) * MINUTE_MS
    level = random.normal(0, 1, 100).repeat(30)
    ones = np.ones(3_000)
    estimate = ratio_of_sums(level, ones, times, np.random.default_rng(0))
    assert estimate.value == pytest.approx(level.mean())
    # A mean of a hundred, not of three thousand.
    half = (estimate.high - estimate.low) / 2
    assert half == pytest.approx(1.645 * level.std() / 10, rel=0.15)
    nothing = ratio_of_sums(level, 0 * ones, times, np.random.default_rng(0))
    assert np.isnan(nothing.value)


@pytest.mark.parametrize("ways", [leave_stretch_out, hours_out, halves_out, walk_forward])
def test_no_minute_is_scored_by_a_fit_on_it(ways) -> None:  # type: ignore[no-untyped-def]
    open_ms = START_MS + np.delete(np.arange(2_000), np.s_[700:900]) * MINUTE_MS
    used = np.random.default_rng(0).random(len(open_ms)) < 0.9
    folds: list[Fold] = ways(open_ms, used)
    assert len(folds) >= 2
    tested = np.sum([fold.test for fold in folds], axis=0)
    assert tested.max() == 1
    for fold in folds:
        assert not (fold.train & fold.test).any()
        assert not ((fold.train | fold.test) & ~used).any()
        if ways is walk_forward:
            assert open_ms[fold.train].max() < open_ms[fold.test].min()
        else:
            assert ((fold.train | fold.test) == used).all()
    if ways is not walk_forward:
        assert (tested[used] == 1).all()


def test_path_terms_are_new_extremes_of_the_past_only() -> None:
    minutes = prepare_minutes(market(300, 9))
    terms = path_terms(minutes)
    assert terms.shape == (300, 2, len(LOOKBACKS) + 2)
    assert (terms >= 0).all()
    at = 200
    for number, lookback in enumerate(LOOKBACKS):
        before = minutes.log_low[max(at - lookback, 0) : at].min()
        expected = max(before - minutes.log_low[at], 0)
        assert terms[at, 0, number] == pytest.approx(expected)
    earlier = path_terms(prepare_minutes(market(300, 9)[:201]))
    np.testing.assert_array_equal(earlier, terms[:201])
    assert path_terms(prepare_minutes(market(300)[:0])).shape[0] == 0


def test_a_model_that_knows_the_rate_gains_what_theory_says() -> None:
    random = np.random.default_rng(3)
    rate = np.where(random.random((6_000, 2)) < 0.2, 3.0, 0.1)
    messages = random.poisson(rate).astype(float)
    open_ms = START_MS + np.arange(6_000) * MINUTE_MS
    counts = Counts(messages, messages, np.ones(6_000, np.bool_))
    models = [
        RateModel(DISTANCE, np.ones((6_000, 2, 1))),
        RateModel("knows", rate[:, :, None]),
    ]
    scored = score_conditional(models, counts, open_ms, hours_out(open_ms, counts.is_used), "h")
    assert scored.minutes == 6_000
    assert scored.of(DISTANCE).over_constant.value == pytest.approx(0, abs=0.01)
    assert scored.of("knows").over_distance.low > 0.3
    assert scored.of("knows").predicted_over_actual == pytest.approx((1, 1), abs=0.05)
    between = scored.between("knows", DISTANCE, counts, open_ms)
    assert between.value == pytest.approx(scored.of("knows").over_distance.value)


def test_the_parts_of_an_ensemble_are_found() -> None:
    random = np.random.default_rng(5)
    causes = random.exponential(1, (5_000, 2, 3)) * np.array([1.0, 1e6, 1.0])
    rate = causes @ np.array([0.5, 2e-7, 0.0]) + 0.1
    counts = Counts(random.poisson(rate).astype(float), rate, np.ones(5_000, np.bool_))
    parts = learn_parts(("a", "b", "nothing"), causes, counts.messages, counts.is_used)
    assert parts is not None
    assert parts.messages_per_unit[:2] == pytest.approx((0.5, 2e-7), rel=0.1)
    assert parts.shares[2] < 0.03
    assert sum(parts.shares) == pytest.approx(0.7 / 0.8, abs=0.05)
    assert parts.background == pytest.approx(0.1, abs=0.05)
    assert learn_parts(("a",), causes[:, :, :1], 0 * counts.messages, counts.is_used) is None


def test_dollars_are_scored_by_their_logarithm() -> None:
    random = np.random.default_rng(6)
    cause = random.lognormal(0, 1.5, (3_000, 2))
    usd = 1e6 * cause * random.lognormal(0, 0.7, (3_000, 2))
    open_ms = START_MS + np.arange(3_000) * 3_600_000
    used = np.ones(3_000, np.bool_)
    models = [RateModel("knows", cause[:, :, None]), RateModel("none", np.ones((3_000, 2, 1)))]
    scored = score_volumes(models, usd, open_ms, hours_out(open_ms, used))
    knows, none = scored.models
    # log2 of the scatter without over that with the cause.
    expected = np.log2(np.hypot(1.5, 0.7) / 0.7)
    assert knows.over_constant.value == pytest.approx(expected, abs=0.05)
    assert none.over_constant.value == pytest.approx(0, abs=0.01)
    assert knows.predicted_over_actual == pytest.approx((1, 1), abs=0.1)
    assert len(knows.by_decile) == 10
    assert knows.top_share > 0.25 > none.top_share
    assert score_volumes(models, usd, open_ms, []).notes


def test_a_law_of_powers_is_learned_on_the_training_part_only() -> None:
    random = np.random.default_rng(11)
    features = random.normal(0, 1, (2_000, 2, 3))
    # The third one says nothing, and is the same everywhere on one side.
    features[:, 0, 2] = 4.0
    law = 2.0 + 0.8 * features[:, :, 0] - 0.5 * features[:, :, 1]
    usd = np.exp(law + random.normal(0, 0.3, law.shape))
    train = np.arange(2_000) < 1_500
    model = LogLinearModel("powers", features, 1e-3)
    foretold = model.predict(usd, train)
    error = np.log(foretold) - law
    assert np.std(error) < 0.05
    np.testing.assert_allclose(foretold[train].sum(axis=0), usd[train].sum(axis=0))
    # Nothing that came later moves it.
    moved = usd.copy()
    moved[~train] *= 50
    np.testing.assert_array_equal(model.predict(moved, train), foretold)
    # What another model knows is added to what the features say.
    other = RateModel("first", np.exp(0.8 * features[:, :, :1]))
    both = LogLinearModel("both", features[:, :, 1:], 1e-3, (other,)).predict(usd, train)
    assert np.std(np.log(both) - law) < 0.1


def test_terms_of_a_still_bar_are_finite_and_know_both_directions() -> None:
    minutes = prepare_minutes(market(300, 9))
    terms = log_path_terms(minutes)
    still = market(3, 9)
    for name in ("open", "high", "low", "close"):
        still[name] = 100.0
    assert np.isfinite(log_path_terms(prepare_minutes(still))).all()
    # A return hurts one side as much as it helps the other.
    np.testing.assert_allclose(terms[:, 0, -2:], -terms[:, 1, -2:], atol=1e-15)
    assert (np.abs(terms[:, :, -1]) <= 1 + 1e-9).all()
    np.testing.assert_array_equal(
        log_path_terms(prepare_minutes(market(300, 9)[:201])), terms[:201]
    )


def test_places_are_scored_against_even_spread() -> None:
    random = np.random.default_rng(7)
    as_of_ms = START_MS + np.arange(50) * 3_600_000
    as_of = random.integers(0, 50, 2_000)
    distances = random.normal(0, 0.01, 2_000)
    right = normalised(np.exp(-0.5 * (cell_middles() / 0.01) ** 2))
    prior = distance_prior(distances, np.full(2_000, 0.01), 0.01)
    even = np.full(CELLS, 1 / CELLS)
    densities = {
        name: np.tile(one, (50, 1))
        for name, one in (("right", right), ("prior", prior), ("even", even))
    }
    scores = {
        one.name: one for one in score_forecasts(densities, "prior", as_of, distances, as_of_ms)
    }
    theory = np.log2(2 * REACH / (0.01 * np.sqrt(2 * np.pi * np.e)))
    assert scores["right"].over_uniform.value == pytest.approx(theory, abs=0.05)
    assert scores["prior"].over_uniform.value == pytest.approx(theory, abs=0.1)
    assert scores["even"].over_uniform.value == 0
    assert scores["right"].hit_rate > 0.4
    assert normalised(np.array([np.nan, -1.0])).tolist() == [0.5, 0.5]
