"""The liquidation price: published examples to the cent, and brute force."""

import numpy as np
import pytest

from Heatmap.levels.arrays import LONGS, SHORTS
from Heatmap.levels.brackets import BracketTable, flat_table
from Heatmap.levels.liquidation_price import (
    bankruptcy_price,
    isolated_wallet_usd,
    liquidation_distance,
    liquidation_price,
)
from Heatmap.levels.shipped import shipped_brackets


@pytest.fixture
def of_2021() -> BracketTable:
    return shipped_brackets().tables["BTCUSDT"][0]


def test_worked_examples_are_met_to_the_cent(of_2021: BracketTable) -> None:
    long = liquidation_price(LONGS, 67_000, 1, isolated_wallet_usd(67_000, 1, 10), of_2021)
    short = liquidation_price(SHORTS, 67_000, 0.5, isolated_wallet_usd(67_000, 0.5, 25), of_2021)
    cross = liquidation_price(LONGS, 61_788.9, 0.001, 53.357177, of_2021)
    assert float(long) == pytest.approx(60_552.7638, abs=5e-5)
    assert float(short) == pytest.approx(69_402.3904, abs=5e-5)
    assert float(cross) == pytest.approx(8_465.5853, abs=5e-5)


@pytest.mark.parametrize(
    ("leverage", "long_pct", "short_pct"),
    [
        (125, 0.4016, 0.3984),
        (100, 0.6024, 0.5976),
        (75, 0.937, 0.930),
        (50, 1.606, 1.594),
        (25, 3.614, 3.586),
        (20, 4.618, 4.582),
        (10, 9.639, 9.562),
    ],
)
def test_distances_of_small_positions(
    of_2021: BracketTable, leverage: int, long_pct: float, short_pct: float
) -> None:
    long = float(liquidation_distance(LONGS, 1_000, leverage, of_2021)) * 100
    short = float(liquidation_distance(SHORTS, 1_000, leverage, of_2021)) * 100
    assert long == pytest.approx(long_pct, abs=5.1e-4)
    assert short == pytest.approx(short_pct, abs=5.1e-4)


def brute_force(side: int, entry: float, held: float, wallet: float, table: BracketTable) -> float:
    """Find the price at which the margin left equals the maintenance margin, by halving."""
    sign = 1.0 if side == LONGS else -1.0

    def left(price: float) -> float:
        notional = held * price
        walked = zip(table.brackets, table.amounts_usd.tolist(), strict=True)
        fitting = [one for one in walked if notional <= one[0].cap_usd]
        bracket, amount = fitting[0] if fitting else (table.brackets[-1], table.amounts_usd[-1])
        return wallet + sign * held * (price - entry) - (notional * bracket.rate - amount)

    # A long's margin rises with the price, a short's falls.
    low, high = 1e-9, entry * 1e4
    if sign * left(low) >= 0 or sign * left(high) <= 0:
        return float("nan")
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if sign * left(middle) < 0 else (low, middle)
    return (low + high) / 2


@pytest.mark.parametrize("table", shipped_brackets().tables["BTCUSDT"], ids=lambda one: one.source)
@pytest.mark.parametrize("side", [LONGS, SHORTS])
def test_the_bracket_walk_agrees_with_brute_force(side: int, table: BracketTable) -> None:
    random = np.random.default_rng(20_241_204 + side)
    n = 400
    entry = np.exp(random.uniform(np.log(10), np.log(200_000), n))
    held = np.exp(random.uniform(np.log(10), np.log(3e9), n)) / entry
    wallet = entry * held * random.uniform(0.002, 1.5, n)
    found = liquidation_price(side, entry, held, wallet, table)
    expected = [
        brute_force(side, *one, table)
        for one in zip(entry.tolist(), held.tolist(), wallet.tolist(), strict=True)
    ]
    np.testing.assert_allclose(found, expected, rtol=1e-9)
    assert np.isfinite(found).sum() > n / 3


def test_what_cannot_be_is_nan_and_never_an_exception(of_2021: BracketTable) -> None:
    bad = [np.nan, 0.0, -1.0, np.inf]
    for value in bad:
        assert np.isnan(liquidation_price(LONGS, value, 1, 100, of_2021))
        assert np.isnan(liquidation_price(SHORTS, 100, value, 100, of_2021))
    # As much margin as notional: nothing liquidates a long.
    assert np.isnan(liquidation_price(LONGS, 100, 1, 100, of_2021))
    assert np.isnan(liquidation_distance(LONGS, 1_000, 1, of_2021))


def test_a_size_that_may_not_have_the_leverage_has_no_distance(of_2021: BracketTable) -> None:
    assert np.isnan(liquidation_distance(LONGS, 60_000, 125, of_2021))
    assert np.isfinite(liquidation_distance(LONGS, 50_000, 125, of_2021))
    # Margin below maintenance from the start.
    assert np.isnan(liquidation_distance(LONGS, 1_000, 125, flat_table(0.01)))


def test_one_over_leverage_with_a_stated_rate_where_brackets_are_unknown() -> None:
    distance = float(liquidation_distance(LONGS, 1e9, 10, flat_table(0.005)))
    assert distance == pytest.approx(1 - (1 - 0.1) / (1 - 0.005))


def test_bankruptcy_lies_where_the_margin_is_gone() -> None:
    assert float(bankruptcy_price(LONGS, 50_000, 10)) == pytest.approx(45_000)
    assert float(bankruptcy_price(SHORTS, 50_000, 10)) == pytest.approx(55_000)
