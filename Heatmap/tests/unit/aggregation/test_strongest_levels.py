"""The strongest levels: sums of whole ranges, none of which shares a price with another."""

from itertools import pairwise

import numpy as np
import pytest

from Heatmap.aggregation.arrays import EVENT_DTYPE
from Heatmap.aggregation.strongest_levels import LEVEL_PART, find_strongest_levels


def events(*rows: tuple[float, float, bool]) -> np.ndarray:
    """Make liquidations of price, USD and whether a long's."""
    return np.array([(0, price, usd, is_long) for price, usd, is_long in rows], EVENT_DTYPE)


def test_levels_are_those_of_a_plain_loop_whatever_the_order() -> None:
    rng = np.random.default_rng(7)
    # On the ticks of a market, several on one: none of equal strength.
    rows = [
        (round(float(price), 1), float(usd), bool(side))
        for price, usd, side in zip(
            rng.normal(98_000, 300, 400), rng.lognormal(9, 2, 400), rng.integers(0, 2, 400),
            strict=True,
        )
    ]  # fmt: skip
    left = sorted({price for price, _, _ in rows})
    half = LEVEL_PART / 2
    expected = []
    while left and len(expected) < 6:

        def total(middle: float) -> float:
            return sum(
                usd for at, usd, _ in rows if middle * (1 - half) <= at < middle * (1 + half)
            )

        best = max(left, key=total)
        low, high = best * (1 - half), best * (1 + half)
        expected.append((low, high, total(best)))
        left = [at for at in left if at * (1 - half) >= high or at * (1 + half) <= low]
    found = find_strongest_levels(events(*rows), 6)
    assert [(one.low, one.high, pytest.approx(one.usd)) for one in found] == expected
    assert find_strongest_levels(events(*rows[::-1]), 6) == found
    ranges = sorted((one.low, one.high) for one in found)
    assert all(one[1] <= other[0] for one, other in pairwise(ranges))
    assert all(one.low <= one.price < one.high for one in found)


def test_what_lies_on_the_lower_edge_is_in_a_level_and_on_the_upper_one_not() -> None:
    # 10 % around 100: from 95 until before 105.
    rows = ((100.0, 50.0, True), (95.0, 3.0, False), (105.0, 2.0, False), (100.0, 1.0, False))
    (found, *_) = find_strongest_levels(events(*rows), 4, part=0.1)
    assert (found.long_usd, found.short_usd, found.count) == (50.0, 4.0, 3)


def test_too_few_liquidations_are_no_level() -> None:
    rows = ((100.0, 900.0, True), (200.0, 1.0, True), (200.1, 1.0, False), (300.0, 0.0, True))
    assert [one.count for one in find_strongest_levels(events(*rows), 4, least_count=2)] == [2]
    # What has no amount is none either.
    assert [one.usd for one in find_strongest_levels(events(*rows), 4)] == [900.0, 2.0]
    assert find_strongest_levels(events(*rows), 0) == []
    assert find_strongest_levels(events(), 4) == []
