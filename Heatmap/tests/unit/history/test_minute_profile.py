"""Bins follow the price's scale; a price on an edge belongs to the upper bin."""

from contextlib import closing
from decimal import Decimal

import pytest

from Heatmap.history.engine import open_engine
from Heatmap.history.minute_profile import profile_bin_usd, profile_query


@pytest.mark.parametrize(
    ("price", "bin_usd"),
    [
        (19_999.9, 1),
        (20_000, 10),
        (95_000, 10),
        (199_999, 10),
        (200_000, 100),
        (3_500, 1),
        (0.61, 0.0001),
        (0.00001234, 1e-9),
    ],
)
def test_a_bin_is_a_power_of_ten_up_to_a_2000th(price: float, bin_usd: float) -> None:
    assert profile_bin_usd(price) == bin_usd


def test_prices_on_edges_and_who_took() -> None:
    # Each of these lies on an edge of 0.0001; as binary fractions some lie just below it.
    prices = [float(Decimal(number) / 10_000) for number in range(6_000, 6_300)]
    with closing(open_engine(threads=1)) as engine:
        engine.execute(
            "CREATE TABLE t (id BIGINT, ts_ms BIGINT, price DOUBLE, qty DOUBLE, "
            "buyer_is_maker BOOLEAN)"
        )
        engine.executemany(
            "INSERT INTO t VALUES (?, ?, ?, 2, ?)",
            [
                (number, 59_999 + number % 2, price, number % 2 == 0)
                for number, price in enumerate(prices)
            ],
        )
        rows = engine.execute(profile_query("t", 0.0001)).fetchall()
    assert len(rows) == len(prices)
    assert [row[0] for row in rows] == [0] * 150 + [60_000] * 150
    assert [round(row[1], 6) for row in rows] == [*prices[::2], *prices[1::2]]
    for ts_ms, price_bin, notional, taker_buy, trades in rows:
        assert notional == pytest.approx(2 * price_bin)
        assert taker_buy == pytest.approx(notional if ts_ms else 0)
        assert trades == 1
