"""Liquidations in few cells: nothing is lost, nothing is moved far, coarser ones are unions."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from Heatmap.aggregation.arrays import EVENT_DTYPE
from Heatmap.aggregation.bubble_cells import LEAST_CELLS, PRICE_STEP, TIME_STEP_MS, group_into_cells

START_MS = 1_733_360_400_000


def events(*rows: tuple[int, float, float, bool]) -> Any:
    """Give liquidations: time after the start, price, USD, whether a long."""
    made = np.array(list(rows), dtype=EVENT_DTYPE)
    made["ts_ms"] += START_MS
    return made


def many(count: int, seed: int = 3) -> Any:
    random = np.random.default_rng(seed)
    made = np.zeros(count, dtype=EVENT_DTYPE)
    made["ts_ms"] = START_MS + random.integers(0, 28_800_000, count)
    made["price"] = 98_000 * np.exp(random.normal(0, 0.01, count))
    made["notional"] = random.lognormal(9, 2, count)
    made["is_long"] = random.random(count) < 0.5
    return made


def test_few_liquidations_stay_as_they_are_by_time() -> None:
    cells = group_into_cells(
        events((5_000, 99.0, 70.0, False), (1_001, 98.0, 50.0, True), (1_001, 98.0, 20.0, True)), 8
    )
    assert cells.ts_ms.tolist() == [START_MS + 1_001, START_MS + 1_001, START_MS + 5_000]
    assert cells.price.tolist() == [98.0, 98.0, 99.0]
    assert cells.usd.tolist() == [50.0, 20.0, 70.0]
    assert cells.count.tolist() == [1, 1, 1]
    assert cells.is_long.tolist() == [True, True, False]


def test_what_is_one_cell_lies_at_its_mean_by_usd_and_sides_stay_apart() -> None:
    near = [(0, 100.0, 300.0, True), (400, 100.0004, 100.0, True), (400, 100.0, 5.0, False)]
    # Further ones, so that there are too many.
    others = [(600_000 * number, 100.0 + number, 1.0, True) for number in range(1, 7)]
    cells = group_into_cells(events(*near, *others), 8)
    assert cells.usd.tolist() == pytest.approx([400.0, 5.0] + 6 * [1.0])
    assert cells.ts_ms[:2].tolist() == pytest.approx([START_MS + 100, START_MS + 400])
    assert cells.price[:2].tolist() == pytest.approx([100.0001, 100.0])
    assert cells.count[:2].tolist() == [2, 1]
    assert cells.is_long[:2].tolist() == [True, False]


def test_fewer_than_there_may_always_be_left_are_refused() -> None:
    # Before and after 1970, above and below 1 USD, of both sides: cells that are never joined.
    far = np.array(
        [(ms, p, 1.0, side) for ms in (-5, 5) for p in (0.5, 2.0) for side in (True, False)] * 3,
        dtype=EVENT_DTYPE,
    )
    assert group_into_cells(far, LEAST_CELLS).count.tolist() == [3] * 8
    with pytest.raises(ValueError, match="at least 8"):
        group_into_cells(far, LEAST_CELLS - 1)


@pytest.mark.parametrize("most", [8, 30, 150, 1_500])
def test_there_are_at_most_so_many_and_the_sums_of_each_side_are_kept(most: int) -> None:
    liquidations = many(4_000)
    cells = group_into_cells(liquidations, most)
    # As fine as that allows: doubling takes less than four cells into one, and one more would do.
    assert most / 8 < len(cells) <= most
    for is_long in (True, False):
        before = liquidations[liquidations["is_long"] == is_long]
        after = cells.is_long == is_long
        assert cells.usd[after].sum() == pytest.approx(before["notional"].sum(), rel=1e-9)
        assert cells.count[after].sum() == len(before)
    assert (np.diff(cells.ts_ms) >= 0).all()


def test_coarser_cells_consist_of_whole_finer_ones() -> None:
    liquidations = many(2_000)
    fine, coarse = (group_into_cells(liquidations, most) for most in (400, 60))
    # Whatever is added up of the finer ones, the coarser ones are what that gives.
    edges = np.searchsorted(coarse.ts_ms, fine.ts_ms)
    assert len(np.unique(edges)) > 10
    for size in 2.0 ** np.arange(24):
        keys = [
            set(
                zip(
                    (cells.ts_ms // (TIME_STEP_MS * size)).tolist(),
                    np.floor(np.log(cells.price) / (PRICE_STEP * size)).tolist(),
                    cells.is_long.tolist(),
                    strict=True,
                )
            )
            for cells in (fine, coarse)
        ]
        if len(keys[1]) == len(coarse) == len(keys[0]):
            assert keys[0] == keys[1]
            return
    raise AssertionError("the coarser cells are no cells of any size")


@pytest.mark.parametrize("value", [0.0, -1.0, np.nan, np.inf])
@pytest.mark.parametrize("field", ["price", "notional"])
def test_what_has_no_place_or_no_size_is_left_out(field: str, value: float) -> None:
    liquidations = events((0, 100.0, 300.0, True), (1, 100.0, 300.0, True))
    liquidations[0][field] = value
    assert group_into_cells(liquidations, 10).count.tolist() == [1]
    assert len(group_into_cells(liquidations[:1], 10)) == 0


@given(
    st.lists(
        st.tuples(
            st.integers(-(10**13), 10**13),
            st.floats(1e-12, 1e12),
            st.floats(1e-6, 1e12),
            st.booleans(),
        ),
        max_size=40,
    ),
    st.integers(LEAST_CELLS, 20),
)
def test_whatever_comes_nothing_is_lost(rows: list[Any], most: int) -> None:
    liquidations = np.array(rows, dtype=EVENT_DTYPE)
    cells = group_into_cells(liquidations, most)
    assert len(cells) <= most
    assert cells.usd.sum() == pytest.approx(liquidations["notional"].sum(), rel=1e-9)
    assert cells.count.sum() == len(rows)
    assert np.isfinite(cells.ts_ms).all()
