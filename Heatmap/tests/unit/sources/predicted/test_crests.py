"""The strongest levels: named once, with an amount that no zoom changes."""

import numpy as np
import pytest

from Heatmap.levels.price_rows import LogRows
from Heatmap.sources.predicted.crests import REACH, find_crests

ROWS = LogRows(1e-4, 114_000, 1_200)
NOW = (ROWS.first + 600) * ROWS.width


def level(row: float, usd: float, sigma: float = 4.0) -> np.ndarray:
    shape = np.exp(-0.5 * ((np.arange(ROWS.count) - row) / sigma) ** 2)
    return usd * shape / shape.sum()


def test_levels_come_with_their_amounts_the_largest_first() -> None:
    fine = level(300, 1e6) + level(900, 3e6) + level(700, 2e6)
    found = find_crests(fine, ROWS, NOW)
    assert [one.side for one in found] == ["shorts", "shorts", "longs"]
    rows = [round(np.log(one.price) / ROWS.width - ROWS.first - 0.5) for one in found]
    np.testing.assert_allclose(rows, [900, 700, 300], atol=1)
    # Down to half of the crest: 76 % of a bell.
    np.testing.assert_allclose([one.usd for one in found], [2.3e6, 1.5e6, 0.76e6], rtol=0.12)


def test_a_wide_level_reaches_only_so_far() -> None:
    fine = np.full(ROWS.count, 1e3)
    fine[600] = 1.2e3
    found = find_crests(fine, ROWS, NOW)
    half = round(REACH / ROWS.width)
    assert found[0].usd == pytest.approx(1e3 * (2 * half + 1) + 200, rel=0.02)


def test_no_row_is_counted_twice() -> None:
    rng = np.random.default_rng(4)
    fine = rng.lognormal(6, 1.5, ROWS.count)
    assert sum(one.usd for one in find_crests(fine, ROWS, NOW)) <= fine.sum()


def test_where_nothing_stands_there_is_no_level() -> None:
    assert find_crests(np.zeros(ROWS.count), ROWS, NOW) == []
