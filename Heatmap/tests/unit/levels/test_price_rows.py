"""Rows of equal log price, and their sums in other rows."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from Heatmap.levels.minutes import prepare_minutes
from Heatmap.levels.price_rows import LogRows, rows_over
from Heatmap.tests.unit.levels.simulated_positions import market


def test_rows_lie_on_multiples_whatever_the_range() -> None:
    minutes = prepare_minutes(market(500))
    narrow, _ = rows_over(minutes, 1e-4)
    wide, _ = rows_over(minutes, 1e-4, 0.1)
    offset = narrow.first - wide.first
    np.testing.assert_array_equal(
        narrow.edges_usd, wide.edges_usd[offset : offset + narrow.count + 1]
    )


@settings(deadline=None)
@given(
    st.lists(st.floats(0, 1e9), min_size=1, max_size=60),
    st.lists(st.floats(0.9, 1.1), min_size=2, max_size=20, unique=True),
)
def test_sums_are_conserved_in_other_rows(values: list[float], edges: list[float]) -> None:
    rows = LogRows(1e-3, -len(values) // 2, len(values))
    usd = np.array(values)
    inside = rows.to_price_rows(usd, np.sort(np.array(edges)))
    assert inside.sum() <= usd.sum() * (1 + 1e-12) + 1e-9
    wide = np.concatenate([[0.5], np.sort(np.array(edges)), [2.0]])
    assert rows.to_price_rows(usd, wide).sum() == pytest.approx(usd.sum(), rel=1e-12)


def test_a_row_is_split_by_log_price() -> None:
    rows = LogRows(1e-2, 0, 2)
    parts = rows.to_price_rows(np.array([[4.0, 8.0]]), np.exp([0.0, 0.0025, 0.01, 0.015]))
    assert parts[0] == pytest.approx([1.0, 3.0, 4.0])


def test_touched_rows_are_those_whose_middle_was_reached() -> None:
    rows = LogRows(1.0, 0, 10)
    start, stop = rows.touched(np.array([2.4, 2.6, -5.0, 3.6]), np.array([4.6, 4.4, 0.6, 4.4]))
    assert [list(range(*one)) for one in zip(start, stop, strict=True)] == [
        [2, 3, 4],
        [3],
        [0],
        [],
    ]


def test_prices_too_far_apart_leave_the_older_ones_out() -> None:
    candles = market(300)
    for name in ("open", "high", "low", "close"):
        candles[name][:100] /= 1e6
    minutes = prepare_minutes(candles)
    rows, is_cut = rows_over(minutes, 1e-4)
    assert is_cut
    assert rows.count < 3_000
    newest, _ = rows_over(prepare_minutes(candles[100:]), 1e-4)
    assert rows == newest
