"""Longs and shorts per price row."""

from decimal import Decimal

import numpy as np
import pytest

from Heatmap.aggregation.arrays import EVENT_DTYPE
from Heatmap.aggregation.price_profile import price_profile
from Heatmap.aggregation.resolution import PriceAxis

AXIS = PriceAxis(Decimal("0.1"), 5, first_row=200, n_rows=8)  # 100 to 104 USD
NOW_MS = 1_733_360_400_000


def events_of(*rows: tuple[int, float, float, bool]) -> np.ndarray:
    return np.array(list(rows), dtype=EVENT_DTYPE)


def test_each_row_has_its_longs_and_its_shorts_of_all_times() -> None:
    sides = price_profile(
        events_of(
            (NOW_MS, 100.7, 10.0, True),
            (0, 100.9, 5.0, True),
            (NOW_MS + 10**9, 100.6, 7.0, False),
            (NOW_MS - 10**9, 103.9, 3.0, False),
        ),
        AXIS,
    )
    assert sides.shape == (2, 8)
    assert sides.dtype == np.float64
    assert sides[0].tolist() == [0, 15, 0, 0, 0, 0, 0, 0]
    assert sides[1].tolist() == [0, 7, 0, 0, 0, 0, 0, 3]


@pytest.mark.parametrize(
    ("price", "row"), [(100.0, 0), (100.4, 0), (100.5, 1), (0.1 * 1005, 1), (103.9, 7)]
)
def test_a_price_on_an_edge_belongs_to_the_upper_row(price: float, row: int) -> None:
    sides = price_profile(events_of((NOW_MS, price, 1.0, True)), AXIS)
    assert np.flatnonzero(sides[0]).tolist() == [row]


@pytest.mark.parametrize("price", [99.9, 104.0, 0.0, float("nan"), float("inf")])
def test_what_lies_outside_is_left_out_and_never_moved_to_an_edge(price: float) -> None:
    assert not price_profile(events_of((NOW_MS, price, 1.0, True)), AXIS).any()


def test_without_events_all_rows_are_empty() -> None:
    sides = price_profile(events_of(), AXIS)
    assert sides.shape == (2, 8)
    assert not sides.any()


def test_the_sums_are_those_of_the_events_inside() -> None:
    random = np.random.default_rng(6)
    events = np.zeros(5_000, EVENT_DTYPE)
    events["ts_ms"] = random.integers(NOW_MS - 10**9, NOW_MS, 5_000)
    events["price"] = random.uniform(99, 105, 5_000).round(1)
    events["notional"] = random.lognormal(8, 2, 5_000)
    events["is_long"] = random.random(5_000) < 0.3
    inside = events[(events["price"] >= 100.0) & (events["price"] < 104.0)]
    sides = price_profile(events, AXIS)
    for side, mask in zip(sides, (inside["is_long"], ~inside["is_long"]), strict=True):
        assert side.sum() == pytest.approx(inside["notional"][mask].sum(), rel=1e-9)
