"""On the simulated market, whose positions are known: fits find them, scores tell their skill.

What is fitted are the messages that the exchange reports, at most one a second.
`bench_simulated_market.py` does the same for more seeds and all ways of holding time out.
"""

import numpy as np

from Heatmap.levels.fit import FitSettings, fit_yields
from Heatmap.levels.scoring.conditional import DISTANCE, score_conditional
from Heatmap.levels.scoring.folds import walk_forward
from Heatmap.levels.scoring.rate_model import RateModel, Shrinkage, falling_shape
from Heatmap.levels.shipped import shipped_yields
from Heatmap.levels.yields import Verdict, Volume
from Heatmap.standalone.exchange.market import DAY_MS
from Heatmap.standalone.exchange.simulated_positions import Entries
from Heatmap.tests.simulated_truth import LAST_DAY, SimulatedDays, sums_by_tier


def verdict(days: SimulatedDays) -> Verdict:
    shrinkage = Shrinkage(falling_shape())
    models = [
        RateModel(DISTANCE, days.reached_usd(even=True) / 1e9, shrinkage),
        RateModel("levels", days.reached_usd() / 1e9, shrinkage),
    ]
    counts, open_ms = days.counts(), days.minutes.open_ms
    folds = walk_forward(open_ms, counts.is_used)
    return score_conditional(models, counts, open_ms, folds, "forward").of("levels").verdict


# Two seconds of one processor: fourteen days are what is promised.
def test_the_stated_mix_is_found_within_its_intervals_from_fourteen_days() -> None:
    fortnight = SimulatedDays.of(seed=1, count=14)
    prior = shipped_yields().for_volume(Volume.FUTURES)
    settings = FitSettings(
        "own",
        "BINANCE_USDM",
        "BTCUSDT",
        "a simulation",
        (LAST_DAY + 1) * DAY_MS,
        # Another market's table must not hold it back.
        bin_events=0.3,
        may_lighten=False,
    )
    fit = fit_yields(
        fortnight.minutes, fortnight.reached_usd(), fortnight.counts(), prior, settings
    )
    assert fit.table is not None
    truth = sums_by_tier(fortnight.true_messages_per_busd())
    found, low, high = (
        sums_by_tier(
            np.array(
                [
                    [0.0, *(getattr(one.messages_per_busd, name) for one in side)]
                    for side in (fit.table.longs, fit.table.shorts)
                ]
            )
        )
        for name in ("value", "low", "high")
    )
    is_inside = (low <= truth) & (truth <= high)
    # Nine in ten are expected of these eight.
    assert is_inside.sum() >= 7
    # Those that are reached all the time are known well, also those that were not reported.
    np.testing.assert_allclose(found[:, :2], truth[:, :2], rtol=0.15)
    # More shorts than longs, as stated.
    assert (found[1, :3] > found[0, :3]).all()


# A second and a half each: the candles of two weeks before count as well.
def test_levels_are_better_than_distance_by_construction() -> None:
    assert verdict(SimulatedDays.of(seed=1, count=5)) is Verdict.BETTER


def test_levels_are_no_better_where_positions_ignore_volume() -> None:
    assert verdict(SimulatedDays.of(seed=3, count=5, entries=Entries.EVEN)) is Verdict.WORSE
