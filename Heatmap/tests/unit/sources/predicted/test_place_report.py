"""What stands at a price by how far away it was opened: as the model's own account has it."""

import numpy as np
import pytest

from Heatmap.levels.arrays import LONGS, SHORTS, SIDES
from Heatmap.levels.consumption import consume
from Heatmap.levels.ladders import DISTANCE_EDGES_PCT
from Heatmap.levels.market import Market
from Heatmap.levels.minutes import prepare_minutes
from Heatmap.sources.predicted.level_history import LevelHistory
from Heatmap.sources.predicted.place_report import distance_shares, fit_facts
from Heatmap.tests.unit.levels.simulated_positions import market

CANDLES = market(3_000, seed=11)
KNOWN = Market("BTCUSDT", CANDLES)


@pytest.mark.parametrize("side", [LONGS, SHORTS])
@pytest.mark.parametrize("seen", [1_200, 3_000])
def test_the_shares_are_those_of_the_models_own_account(side: int, seen: int) -> None:
    history = LevelHistory(KNOWN)
    minutes = prepare_minutes(CANDLES[:seen])
    standing = consume(minutes, minutes.volume_usd, history.rows, with_standing=True)
    expected = (standing.standing_usd * history.table.usd_per_usd[:, :, None])[side]
    here = int(history.rows.rows(minutes.log_close[-1:])[0])
    near = slice(here - 400, here - 20) if side == LONGS else slice(here + 20, here + 400)
    rows = near.start + np.argsort(-expected[:, near].sum(axis=0))[[0, 40, 120]]
    for row in rows.tolist():
        found = distance_shares(history, history.table, seen, history.rows.first + row, SIDES[side])
        by_bin = np.zeros(len(expected))
        for one in found:
            by_bin[DISTANCE_EDGES_PCT.index(one.from_pct)] = one.share
        # The map draws no edges between bins, so that neighbours share a little.
        window = expected[:, row - 2 : row + 3].sum(axis=1)
        assert np.abs(by_bin - window / window.sum()).max() < 0.12
        assert sum(one.share for one in found) == pytest.approx(1.0, abs=0.06)
        assert [one.share for one in found] == sorted((one.share for one in found), reverse=True)
        assert all(one.leverage_low < one.leverage_high for one in found)


def test_where_nothing_stands_there_are_no_shares() -> None:
    history = LevelHistory(KNOWN)
    here = int(np.floor(history.minutes.log_close[-1] / history.rows.width))
    assert distance_shares(history, history.table, len(history), here, "longs") == ()


def test_a_fit_beats_fixed_tables_only_where_that_is_certain() -> None:
    table = LevelHistory(KNOWN).table
    assert fit_facts(table, KNOWN).beats_fixed
    assert not fit_facts(table, Market("BTCUSDT", CANDLES, scores={})).beats_fixed
    close = {name: table.score for name in KNOWN.scores if table.score is not None}
    assert not fit_facts(table, Market("BTCUSDT", CANDLES, scores=close)).beats_fixed
