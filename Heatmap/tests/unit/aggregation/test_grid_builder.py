"""Events in cells: sums, edges, and what is left out."""

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from Heatmap.aggregation.arrays import EVENT_DTYPE
from Heatmap.aggregation.grid_builder import build_grid
from Heatmap.aggregation.resolution import (
    GridSpec,
    PriceAxis,
    TimeAxis,
    choose_price_axis,
    choose_time_axis,
)
from Heatmap.domain.viewport import Viewport
from Heatmap.setting_fields import Resolution

SPEC = GridSpec(
    PriceAxis(Decimal("0.1"), 5, 200, 8), TimeAxis(5_000, 20, 6)
)  # 100..104, 100..130 s


def events_of(*rows: tuple[int, float, float, bool]) -> np.ndarray:
    return np.array(list(rows), dtype=EVENT_DTYPE)


def test_no_events_give_an_empty_grid() -> None:
    grid = build_grid(events_of(), SPEC)
    assert grid.long_usd.shape == grid.short_usd.shape == grid.count.shape == (8, 6)
    assert grid.total_usd == 0.0
    assert grid.count.sum() == grid.n_outside == 0


def test_longs_shorts_and_the_count_are_kept_apart() -> None:
    grid = build_grid(
        events_of(
            (100_000, 100.0, 10.0, True),
            (104_999, 100.4, 5.0, True),
            (100_001, 100.2, 7.0, False),
            (129_999, 103.9, 3.0, False),
        ),
        SPEC,
    )
    assert grid.long_usd[0, 0] == 15.0
    assert grid.short_usd[0, 0] == 7.0
    assert grid.count[0, 0] == 3
    assert grid.short_usd[7, 5] == 3.0
    assert grid.total_usd == 25.0
    assert grid.count.sum() == 4
    assert grid.n_outside == 0


def test_bins_are_half_open_in_both_directions() -> None:
    on_edges = events_of((105_000, 100.5, 1.0, True), (104_999, 100.4999, 2.0, True))
    grid = build_grid(on_edges, SPEC)
    assert grid.long_usd[1, 1] == 1.0
    assert grid.long_usd[0, 0] == 2.0


def test_events_outside_are_counted_and_never_moved_to_an_edge() -> None:
    grid = build_grid(
        events_of(
            (99_999, 101.0, 1.0, True),
            (130_000, 101.0, 1.0, True),
            (110_000, 99.9, 1.0, False),
            (110_000, 104.0, 1.0, False),
            (110_000, float("nan"), 1.0, False),
            (110_000, float("inf"), 1.0, True),
            (110_000, 101.0, 8.0, True),
        ),
        SPEC,
    )
    assert grid.n_outside == 6
    assert grid.total_usd == 8.0
    assert grid.count.sum() == 1


def test_the_arrays_agree_with_histogram2d_away_from_the_edges() -> None:
    random = np.random.default_rng(5)
    n = 20_000
    events = np.zeros(n, EVENT_DTYPE)
    # Prices in the middle of ticks: no price lies near an edge, so that binary edges do as well.
    events["price"] = np.round(random.uniform(98.0, 106.0, n), 1) + 0.05
    events["ts_ms"] = random.integers(95_000, 135_000, n)
    events["notional"] = random.lognormal(8, 2, n)
    events["is_long"] = random.random(n) < 0.4
    price_edges, time_edges = 100.0 + 0.5 * np.arange(9), 100_000 + 5_000 * np.arange(7)

    def histogram(mask: np.ndarray, weights: np.ndarray | None) -> np.ndarray:
        chosen = events[mask]
        # histogram2d closes its last bin.
        chosen = chosen[chosen["ts_ms"] < 130_000]
        return np.histogram2d(
            chosen["price"],
            chosen["ts_ms"],
            bins=(price_edges, time_edges),
            weights=None if weights is None else chosen["notional"],
        )[0]

    grid = build_grid(events, SPEC)
    notional = events["notional"]
    np.testing.assert_allclose(grid.long_usd, histogram(events["is_long"], notional), rtol=1e-12)
    np.testing.assert_allclose(grid.short_usd, histogram(~events["is_long"], notional), rtol=1e-12)
    assert np.array_equal(grid.count, histogram(np.ones(n, bool), None))
    assert grid.n_outside == n - grid.count.sum()


def test_recorded_liquidations_all_find_their_cell(shared_data: Callable[[str], Path]) -> None:
    orders = [
        json.loads(line)["data"]["o"]
        for line in shared_data("forceorder_btcusdt_2024-12-04_06.jsonl").read_text().splitlines()
    ]
    events = np.array(
        [
            (o["T"], float(o["ap"]), float(o["ap"]) * float(o["z"]), o["S"] == "SELL")
            for o in orders
        ],
        dtype=EVENT_DTYPE,
    )
    low, high = float(events["price"].min()), float(events["price"].max())
    end_ms = int(events["ts_ms"].max())
    view = Viewport(price_low=low, price_high=high, end_ms=None, width_px=1200, height_px=600)
    spec = GridSpec(
        choose_price_axis(view, Decimal("0.1"), Resolution(), None),
        choose_time_axis(end_ms, 172_800_000 * 2, 1200, Resolution()),
    )
    grid = build_grid(events, spec)
    assert grid.n_outside == 0
    assert grid.count.sum() == len(orders)
    assert grid.total_usd == pytest.approx(events["notional"].sum(), rel=1e-9)
    assert grid.long_usd.sum() == pytest.approx(
        sum(float(o["ap"]) * float(o["z"]) for o in orders if o["S"] == "SELL"), rel=1e-9
    )
