"""What the property tests of the grids share: events around a small window, and formulas."""

import math
from decimal import Decimal
from fractions import Fraction

import numpy as np
from hypothesis import strategies as st

from Heatmap.aggregation.arrays import EVENT_DTYPE
from Heatmap.aggregation.heat_field import HeatField
from Heatmap.aggregation.resolution import GridSpec, PriceAxis, TimeAxis

BIN = 5_000
PRICE = PriceAxis(Decimal("0.1"), 10, first_row=1_000, n_rows=17)
# Rows that hold every blurred event of `event_tuples`.
ALL_ROWS = PriceAxis(PRICE.tick_size, 10, first_row=980, n_rows=60)
FIRST_COL, N_COLS = 1_000, 23
NOW = (FIRST_COL + N_COLS) * BIN - 1

ticks_sizes = st.sampled_from(
    ["0.1", "0.01", "0.001", "0.0000001", "0.5", "0.25", "1", "0.3", "10"]
)

event_tuples = st.tuples(
    st.integers((FIRST_COL - 40) * BIN, (FIRST_COL + N_COLS + 40) * BIN),
    st.integers(9_900, 10_270).map(lambda tick: tick / 10),
    st.floats(1.0, 1e7),
    st.booleans(),
)
Rows = list[tuple[int, float, float, bool]]
batches = st.lists(
    st.tuples(st.lists(event_tuples, max_size=6), st.integers(0, 12)), min_size=1, max_size=8
)
taus = st.sampled_from([None, 20_000.0, 60_000.0, 3_600_000.0])
shapes = st.sampled_from(["bands", "spots", "cells"])

off_edge_events = st.tuples(
    # Neither on an edge in time nor, half a tick above the grid of prices, in price.
    st.tuples(st.integers(FIRST_COL - 5, FIRST_COL + N_COLS + 5), st.integers(1, BIN - 1)).map(
        lambda at: at[0] * BIN + at[1]
    ),
    st.integers(9_900, 10_270).map(lambda tick: (2 * tick + 1) / 20),
    st.floats(1.0, 1e7),
    st.booleans(),
)


def events_of(rows: Rows) -> np.ndarray:
    return np.array(rows, dtype=EVENT_DTYPE)


def field_at(now_ms: int, shape: str, tau_ms: float | None, price: PriceAxis = PRICE) -> HeatField:
    time = TimeAxis(BIN, now_ms // BIN - N_COLS + 1, N_COLS)
    return HeatField(
        GridSpec(price, time),
        shape=shape,
        tau_ms=tau_ms,
        side="both",
        minimum_notional=0.0,
        now_ms=now_ms,
    )


def kernel(sigma: float, distance: int) -> float:
    reach = int(4 * sigma + 0.5)
    if abs(distance) > reach:
        return 0.0
    total = sum(math.exp(-0.5 * (k / sigma) ** 2) for k in range(-reach, reach + 1))
    return math.exp(-0.5 * (distance / sigma) ** 2) / total


def by_formula(rows: Rows, now_ms: int, shape: str, tau_ms: float | None) -> np.ndarray:
    """Every event's share of every cell, summed one by one."""
    now_col = now_ms // BIN
    first_col = now_col - N_COLS + 1
    values = np.zeros((PRICE.n_rows, N_COLS))
    rate = 0.0 if tau_ms is None else BIN / tau_ms
    for ts_ms, price, notional, _ in rows:
        col = ts_ms // BIN
        if col > now_col:
            continue
        row = int(Fraction(str(price)) // 1) - PRICE.first_row
        for r in range(PRICE.n_rows):
            in_price = float(r == row) if shape == "cells" else kernel(1.3, r - row)
            for c in range(N_COLS):
                distance = first_col + c - col
                if shape == "bands":
                    share = math.exp(-rate * distance) if distance >= 0 else 0.0
                else:
                    in_time = float(distance == 0) if shape == "cells" else kernel(2.6, distance)
                    share = in_time * math.exp(-rate * (now_col - col))
                values[r, c] += notional * in_price * share
    return values
