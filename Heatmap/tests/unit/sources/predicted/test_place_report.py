"""What stands at a price by how far away it was opened: as the model's own account has it."""

import math
from dataclasses import replace

import numpy as np
import pytest

from Heatmap.levels.arrays import SIDES
from Heatmap.levels.market import Market
from Heatmap.levels.standing import standing_levels
from Heatmap.levels.yields import Estimate, Verdict
from Heatmap.sources.predicted.level_history import LevelHistory
from Heatmap.sources.predicted.place_report import (
    away_pct,
    distance_shares,
    fit_facts,
    level_range,
)
from Heatmap.tests.unit.levels.simulated_positions import market

CANDLES = market(3_000, seed=11)
KNOWN = Market("BTCUSDT", CANDLES)


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("seen", [1_200, 3_000])
def test_shares_and_distance_are_those_of_the_levels_that_a_program_gets(
    side: str, seen: int
) -> None:
    history = LevelHistory(KNOWN)
    known = Market("BTCUSDT", CANDLES[:seen])
    told = standing_levels(known, int(CANDLES["open_ms"][seen - 1]) + 60_000)
    assert told.price_usd is not None
    levels = sorted(
        (one for one in told.levels if one.side == side), key=lambda one: -one.expected_usd
    )
    for one in levels[:12]:
        row = math.floor(math.log((one.low_usd + one.high_usd) / 2) / history.rows.width)
        level = level_range(row)
        away = away_pct(level, history.rows.width, told.price_usd, side)
        assert away == pytest.approx(one.distance_pct, abs=1e-6)
        found = distance_shares(history, history.table, seen, level, side)
        assert [share.share for share in found] == sorted(
            (share.share for share in found), reverse=True
        )
        by_bin, expected = (
            {share.from_pct: share for share in parts} for parts in (found, one.shares)
        )
        for at in by_bin.keys() | expected.keys():
            shares = [parts[at].share if at in parts else 0.0 for parts in (by_bin, expected)]
            assert shares[0] == pytest.approx(shares[1], abs=0.011)
        for at in by_bin.keys() & expected.keys():
            assert by_bin[at].leverage_low == expected[at].leverage_low


def test_where_nothing_stands_there_are_no_shares() -> None:
    history = LevelHistory(KNOWN)
    here = int(np.floor(history.minutes.log_close[-1] / history.rows.width))
    level = range(here, here + 1)
    assert distance_shares(history, history.table, len(history), level, "longs") == ()


def test_a_fit_beats_fixed_tables_only_where_that_is_certain() -> None:
    table = LevelHistory(KNOWN).table
    assert fit_facts(table, KNOWN).beats_fixed
    assert not fit_facts(table, Market("BTCUSDT", CANDLES, scores={})).beats_fixed
    # An own fit was scored on another recording than they were.
    assert table.score is not None
    own = replace(table, score=replace(table.score, folds="the last fifth", events=900))
    assert not fit_facts(own, KNOWN).beats_fixed
    close = {name: table.score for name in KNOWN.scores if table.score is not None}
    assert not fit_facts(table, Market("BTCUSDT", CANDLES, scores=close)).beats_fixed


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [
        (0.01, 0.02, Verdict.BETTER),
        (-0.01, 0.02, Verdict.NO_BETTER),
        (-0.09, -0.07, Verdict.WORSE),
    ],
)
def test_a_fit_is_called_what_its_own_score_says(low: float, high: float, verdict: Verdict) -> None:
    table = LevelHistory(KNOWN).table
    assert table.score is not None
    gain = Estimate((low + high) / 2, low, high)
    own = replace(table, score=replace(table.score, over_distance=gain))
    assert fit_facts(own, KNOWN).verdict is verdict
