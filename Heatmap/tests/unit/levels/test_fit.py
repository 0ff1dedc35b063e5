"""Learning: known truths are recovered, priors hold where data do not reach, JSON holds all."""

import json
from dataclasses import replace

import numpy as np
import pytest

from Heatmap.errors import SettingsError
from Heatmap.levels.arrays import CANDLE_DTYPE, INTERVAL_DTYPE, MESSAGE_DTYPE, MINUTE_MS
from Heatmap.levels.consumption import consume
from Heatmap.levels.counts import Counts, count_messages
from Heatmap.levels.expectation import learn_rates
from Heatmap.levels.fit import FitSettings, expected_messages, fit_and_compare, fit_yields
from Heatmap.levels.ladders import N_BINS, log_edges
from Heatmap.levels.minutes import Minutes, prepare_minutes
from Heatmap.levels.notes import NoteKind
from Heatmap.levels.price_rows import FIT_WIDTH, rows_over
from Heatmap.levels.scoring.conditional import DISTANCE, score_conditional
from Heatmap.levels.scoring.folds import hours_out, walk_forward
from Heatmap.levels.scoring.rate_model import RateModel, Shrinkage, falling_shape
from Heatmap.levels.shipped import shipped_yields
from Heatmap.levels.yields import Estimate, Score, Verdict, Volume, in_force, parse_yields
from Heatmap.tests.unit.levels.simulated_positions import (
    START_MS,
    covered,
    draw,
    market,
    messages_of,
)

DAYS = 14
EDGES = np.stack([log_edges(0), log_edges(1)])
SETTINGS = FitSettings("own", "BINANCE_USDM", "BTCUSDT", "a simulation", START_MS + 10**10)


def truth() -> np.ndarray:
    """Return positions per USD unlike the shipped table: 100x, 50x and 25x, more shorts."""
    per_usd = np.full((2, N_BINS), 1e-10)
    per_usd[:, 5] = 15e-9, 20e-9
    per_usd[:, 9] = 12e-9, 8e-9
    per_usd[:, 12] = 10e-9, 15e-9
    return per_usd


class World:
    """Fourteen days of a market whose positions are known."""

    def __init__(self, *, follows_volume: bool, seed: int = 11) -> None:
        self.candles = market(DAYS * 1_440, seed)
        volume = self.candles["quote_volume"]
        entries = volume if follows_volume else np.full(len(volume), volume.mean())
        positions = draw(self.candles, EDGES, truth(), entries)
        self.minutes: Minutes = prepare_minutes(self.candles)
        messages = messages_of(self.candles, positions)
        self.counts: Counts = count_messages(self.minutes, messages, covered(self.candles))
        rows, _ = rows_over(self.minutes, FIT_WIDTH)
        self.reached = consume(self.minutes, self.minutes.volume_usd, rows).reached_usd
        even = np.full(len(volume), volume.mean())
        self.even = consume(self.minutes, even, rows).reached_usd


@pytest.fixture(scope="module")
def by_volume() -> World:
    return World(follows_volume=True)


@pytest.fixture(scope="module")
def by_time() -> World:
    return World(follows_volume=False)


@pytest.mark.parametrize("seed", [12, 13])
def test_a_known_truth_is_recovered_within_its_intervals(seed: int) -> None:
    world = World(follows_volume=True, seed=seed)
    prior = shipped_yields().for_volume(Volume.FUTURES)
    fit = fit_yields(world.minutes, world.reached, world.counts, prior, SETTINGS)
    assert fit.table is not None
    assert not fit.table.is_provisional
    of_mix, of_all = [], []
    for side, bins in enumerate((fit.table.longs, fit.table.shorts)):
        for kind, one in enumerate(bins):
            expected = truth()[side, kind] * 1e9
            rate = one.messages_per_busd
            is_inside = rate.low <= expected <= rate.high
            if one.data_share > 0.5:
                of_all.append(is_inside)
            if kind in {5, 9, 12}:
                of_mix.append(is_inside)
                assert rate.value == pytest.approx(expected, rel=0.1)
                assert one.data_share > 0.9
                # How many of its messages came from each tier.
                assert one.messages == pytest.approx(expected * one.reached_busd, rel=0.1)
    # Nine in ten are expected; of six it may be five.
    assert sum(of_mix) >= 5
    assert np.mean(of_all) > 0.8
    # The recording refutes the shipped shape, and that is told.
    assert fit.table.notes == ("prior: binance-btcusdt-2024-12, 0.3 pseudo-messages a bin",)


def conditional(world: World, kind: str) -> Verdict:
    shrinkage = Shrinkage(falling_shape())
    models = [
        RateModel(DISTANCE, world.even / 1e9, shrinkage),
        RateModel("levels", world.reached / 1e9, shrinkage),
    ]
    open_ms, used = world.minutes.open_ms, world.counts.is_used
    folds = hours_out(open_ms, used) if kind == "hours" else walk_forward(open_ms, used)
    return score_conditional(models, world.counts, open_ms, folds, kind).of("levels").verdict


@pytest.mark.parametrize("kind", ["hours", "forward"])
def test_levels_are_better_than_distance_where_that_is_so_by_construction(
    by_volume: World, kind: str
) -> None:
    assert conditional(by_volume, kind) is Verdict.BETTER


@pytest.mark.parametrize("kind", ["hours", "forward"])
def test_levels_are_no_better_where_positions_ignore_volume(by_time: World, kind: str) -> None:
    assert conditional(by_time, kind) is not Verdict.BETTER


def test_without_messages_or_coverage_there_is_no_fit_and_it_says_why(by_volume: World) -> None:
    minutes, prior = by_volume.minutes, shipped_yields()
    blind = count_messages(minutes, np.zeros(0, MESSAGE_DTYPE), np.zeros(0, INTERVAL_DTYPE))
    fit = fit_yields(minutes, by_volume.reached, blind, prior, SETTINGS)
    assert (fit.table, fit.notes[0].kind) == (None, NoteKind.NO_COVERAGE)
    quiet = count_messages(minutes, np.zeros(0, MESSAGE_DTYPE), covered(by_volume.candles))
    fit = fit_yields(minutes, by_volume.reached, quiet, prior, SETTINGS)
    assert (fit.table, fit.notes[0].kind) == (None, NoteKind.NO_MESSAGES)
    models = [RateModel(DISTANCE, by_volume.even)]
    for counts, kind in ((blind, NoteKind.NO_COVERAGE), (quiet, NoteKind.NO_MESSAGES)):
        scored = score_conditional(models, counts, minutes.open_ms, [], "none")
        assert scored.models == ()
        assert scored.notes[0].kind is kind


def test_few_messages_leave_the_prior_and_provisional_dollars(by_volume: World) -> None:
    prior = shipped_yields().for_volume(Volume.FUTURES)
    counts = by_volume.counts
    few = np.zeros(len(by_volume.minutes), np.bool_)
    few[5_000:5_060] = True
    counts = Counts(np.minimum(counts.messages, 0.1) * few[:, None], counts.usd, few)
    fit = fit_yields(by_volume.minutes, by_volume.reached, counts, prior, SETTINGS)
    assert fit.table is not None
    assert fit.table.is_provisional
    assert [note.kind for note in fit.notes] == [NoteKind.PROVISIONAL_USD]
    ratio = fit.table.messages_per_usd / prior.messages_per_usd
    # One factor for each side, and hardly more.
    assert (np.ptp(ratio, axis=1) < 0.15 * ratio.mean(axis=1)).all()
    # Bins that were never reached are the prior times the factor.
    assert fit.table.longs[-1].data_share == 0
    factor = fit.table.factors[0] / prior.factors[0]
    assert ratio[0, -1] == pytest.approx(factor)


def test_a_fit_that_scores_worse_is_not_taken(by_volume: World) -> None:
    minutes, reached, counts = by_volume.minutes, by_volume.reached, by_volume.counts
    prior = shipped_yields().for_volume(Volume.FUTURES)
    fit = fit_and_compare(minutes, reached, counts, prior, prior, SETTINGS)
    assert fit.is_taken
    assert fit.gain_bits > 0.05
    assert fit.table is not None
    # The table in use is the truth itself; a prior of great weight keeps the fit from it.
    settings = replace(SETTINGS, bin_events=1e6, factor_events=1e6, may_lighten=False)
    worse = fit_and_compare(minutes, reached, counts, prior, fit.table, settings)
    assert not worse.is_taken
    assert worse.gain_bits < 0


def test_a_fit_is_not_in_force_before_it_was_made() -> None:
    shipped = shipped_yields()
    fits = [replace(shipped, name=str(at), fitted_ms=at, data_until_ms=at) for at in (100, 300)]
    fits.append(replace(shipped, name="leaking", fitted_ms=150, data_until_ms=10_000))
    names = [one.name if one else None for one in (in_force(fits, None, at) for at in (99, 299))]
    assert names == [None, "100"]
    newest = in_force(fits, shipped, 9_999)
    assert newest is not None
    assert newest.name == "300"
    assert in_force(fits, shipped, 5) is shipped


def test_a_fit_survives_json(by_volume: World) -> None:
    score = Score("hours", 12, Estimate(0.3, 0.2, 0.4), Estimate(0.1, -0.1, 0.2))
    fit = fit_yields(
        by_volume.minutes, by_volume.reached, by_volume.counts, shipped_yields(), SETTINGS, score
    )
    assert fit.table is not None
    text = fit.table.to_json()
    assert parse_yields(text) == fit.table
    assert fit.table.verdict is Verdict.NO_BETTER
    json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))


@pytest.mark.parametrize(
    "change",
    [
        lambda one: one.clear(),
        lambda one: one["sides"]["longs"].pop(),
        lambda one: one["sides"]["longs"][3].update(from_pct=7),
        lambda one: one["sides"]["shorts"][3]["messages_per_busd"].update(value=-1),
        lambda one: one["sides"]["shorts"][3]["messages_per_busd"].update(value="x"),
        lambda one: one.update(volume="moon"),
        lambda one: one.update(fitted="yesterday"),
    ],
)
def test_what_is_no_table_of_yields_is_refused_in_one_line(change) -> None:  # type: ignore[no-untyped-def]
    plain = json.loads(shipped_yields().to_json())
    change(plain)
    with pytest.raises(SettingsError) as refusal:
        parse_yields(json.dumps(plain))
    assert "\n" not in str(refusal.value)


def test_the_shipped_table_says_where_it_comes_from() -> None:
    table = shipped_yields()
    assert table.volume is Volume.SPOT
    assert table.score is not None
    assert table.verdict is Verdict.NO_BETTER
    assert "spot" in table.source
    assert [one.data_share for one in table.longs[-4:]] == [0, 0, 0, 0]
    assert table.usd_per_usd[0, 3] == pytest.approx(6.367e-4, rel=1e-3)


def test_expected_messages_are_bins_and_background() -> None:
    table = shipped_yields()
    reached = np.zeros((1, 2, N_BINS))
    reached[0, 0, 3] = 1e9
    expected = expected_messages(table, reached)
    assert expected[0] == pytest.approx([43.33 + 0.1127, 0.1849])


# --- the counts


def test_blind_minutes_are_not_quiet_ones() -> None:
    candles = np.delete(market(10), 6)
    minutes = prepare_minutes(candles)
    coverage = np.array(
        [
            (START_MS + 30_000, START_MS + 3 * MINUTE_MS),
            (START_MS + 3 * MINUTE_MS, START_MS + 4 * MINUTE_MS),
            (START_MS + 5 * MINUTE_MS, START_MS + 10 * MINUTE_MS),
        ],
        INTERVAL_DTYPE,
    )
    messages = np.array(
        [
            (START_MS + MINUTE_MS, 5.0, True),
            (START_MS + 2 * MINUTE_MS - 1, 7.0, True),
            (START_MS + 6 * MINUTE_MS, 7.0, True),  # its candle is missing
            (START_MS - 1, 7.0, True),
            (START_MS + 8 * MINUTE_MS, np.nan, False),
            (START_MS + 8 * MINUTE_MS, 3.0, False),
        ],
        MESSAGE_DTYPE,
    )
    counts = count_messages(minutes, messages, coverage)
    # Of minutes 0 to 9 without 6: the first is not whole, 4 not covered, 7 follows a hole.
    assert counts.is_used.tolist() == [False, True, True, True, False, True, False, True, True]
    assert counts.messages.sum() == 3
    assert counts.messages[1].tolist() == [2, 0]
    assert counts.usd[1].tolist() == [12, 0]
    assert counts.messages[7].tolist() == [0, 1]


def test_no_candles_no_counts() -> None:
    minutes = prepare_minutes(np.zeros(0, CANDLE_DTYPE))
    messages = np.array([(START_MS, 5.0, True)], MESSAGE_DTYPE)
    assert count_messages(minutes, messages, covered(market(3))).messages.shape == (0, 2)


# --- EM


def test_rates_are_those_of_greatest_probability() -> None:
    random = np.random.default_rng(0)
    causes = random.exponential(1, (4_000, 3))
    rates = np.array([0.5, 0.05, 2.0])
    counts = random.poisson(causes @ rates).astype(float)
    none = np.zeros(3)
    found = learn_rates(causes, counts, none, none, np.arange(4_000) // 10)
    np.testing.assert_allclose(found.values, rates, rtol=0.3, atol=0.03)
    assert found.assigned.sum() == pytest.approx(counts.sum(), rel=1e-6)
    assert (found.interval_90[:, 0] < found.values).all()

    def loss(at: np.ndarray) -> float:
        return float((causes @ at - counts * np.log(causes @ at)).sum())

    for step in np.eye(3):
        for sign in (-1, 1):
            assert loss(found.values) <= loss(found.values + sign * 0.01 * step) + 1e-3


def test_a_cause_without_exposure_keeps_its_prior_or_is_nothing() -> None:
    causes = np.array([[1.0, 0.0, 1e-15], [2.0, 0.0, 0.0]])
    counts = np.array([3.0, 5.0])
    found = learn_rates(causes, counts, np.array([1.0, 7.0, 0.0]), np.array([2.0, 20.0, 0.0]))
    assert found.values[1] == pytest.approx(7.0)
    assert found.values[2] == 0
    assert found.values[0] == pytest.approx((2 + 8) / (2 + 3))


def test_intervals_hold_the_truth_in_nine_of_ten_draws() -> None:
    random = np.random.default_rng(4)
    causes = random.exponential(1, (600, 2))
    rates, none = np.array([0.6, 0.2]), np.zeros(2)
    inside = 0
    for _ in range(200):
        counts = random.poisson(causes @ rates).astype(float)
        found = learn_rates(causes, counts, none, none, np.arange(600) // 5)
        inside += int(
            ((found.interval_90[:, 0] <= rates) & (rates <= found.interval_90[:, 1])).sum()
        )
    assert 0.84 < inside / 400 < 0.95
