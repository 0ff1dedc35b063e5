"""What holds for all inputs: sums, edges, and that keeping up equals building anew."""

import math
from decimal import Decimal
from fractions import Fraction

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from Heatmap.aggregation.grid_builder import build_grid
from Heatmap.aggregation.heat_field import HeatField
from Heatmap.aggregation.normalization import Scale, auto_clip, to_bytes, to_usd
from Heatmap.aggregation.resolution import (
    TIME_BINS_MS,
    GridSpec,
    PriceAxis,
    TimeAxis,
    choose_price_axis,
    choose_time_axis,
    fits,
    price_bin_ticks,
    time_bin_ms,
)
from Heatmap.arrays import EVENT_DTYPE
from Heatmap.heatmap_settings import Resolution
from Heatmap.model import Viewport

BIN = 5_000
PRICE = PriceAxis(Decimal("0.1"), 10, first_row=1_000, n_rows=17)
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
batches = st.lists(
    st.tuples(st.lists(event_tuples, max_size=6), st.integers(0, 12)), min_size=1, max_size=8
)
taus = st.sampled_from([None, 20_000.0, 60_000.0, 3_600_000.0])
shapes = st.sampled_from(["bands", "spots", "cells"])


def events_of(rows: list[tuple[int, float, float, bool]]) -> np.ndarray:
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


def by_formula(
    rows: list[tuple[int, float, float, bool]], now_ms: int, shape: str, tau_ms: float | None
) -> np.ndarray:
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


@settings(deadline=None, max_examples=150)
@given(batches, shapes, taus)
def test_keeping_up_equals_building_anew(
    history: list[tuple[list[tuple[int, float, float, bool]], int]],
    shape: str,
    tau_ms: float | None,
) -> None:
    kept, now_ms = field_at(NOW, shape, tau_ms), NOW
    kept.load(events_of([]))
    everything: list[tuple[int, float, float, bool]] = []
    for rows, steps in history:
        # What was drawn changes only where a change is reported.
        before, first_before = kept.values.copy(), kept.spec.time.first_col
        changed = kept.add(events_of(rows))
        untouched = np.ones(N_COLS, bool)
        if changed is not None:
            untouched[changed.start : changed.stop] = False
        assert np.array_equal(kept.values[:, untouched], before[:, untouched])
        everything += rows

        before = kept.values.copy()
        now_ms += steps * BIN
        changed = kept.advance(now_ms)
        moved = kept.spec.time.first_col - first_before
        assert moved == steps
        same_until = N_COLS if changed is None else max(0, changed.start)
        assert np.array_equal(kept.values[:, :same_until], before[:, moved : moved + same_until])
    rebuilt = field_at(now_ms, shape, tau_ms)
    rebuilt.load(events_of(everything))
    assert rebuilt.spec == kept.spec
    np.testing.assert_allclose(kept.values, rebuilt.values, rtol=1e-9, atol=1e-25)


@settings(deadline=None, max_examples=40)
@given(st.lists(event_tuples, max_size=8), shapes, taus)
def test_every_cell_is_the_sum_of_its_events_shares(
    rows: list[tuple[int, float, float, bool]], shape: str, tau_ms: float | None
) -> None:
    field = field_at(NOW, shape, tau_ms)
    field.load(events_of(rows))
    expected = by_formula(rows, NOW, shape, tau_ms)
    np.testing.assert_allclose(field.values, expected, rtol=1e-9, atol=1e-20)


@settings(deadline=None)
@given(st.lists(event_tuples, max_size=30), taus, st.integers(1, 40))
def test_sliding_bands_changes_no_surviving_value_by_a_bit(
    rows: list[tuple[int, float, float, bool]], tau_ms: float | None, steps: int
) -> None:
    field = field_at(NOW, "bands", tau_ms)
    field.load(events_of([row for row in rows if row[0] <= NOW]))
    before = field.values.copy()
    field.advance(NOW + steps * BIN)
    surviving = max(0, N_COLS - steps)
    assert np.array_equal(field.values[:, :surviving], before[:, N_COLS - surviving :])


@settings(deadline=None)
@given(st.lists(event_tuples, max_size=60), st.sampled_from(["spots", "bands", "cells"]))
def test_sums_are_conserved_where_the_grid_holds_the_overhang(
    rows: list[tuple[int, float, float, bool]], shape: str
) -> None:
    spec = GridSpec(PriceAxis(PRICE.tick_size, 10, 980, 60), TimeAxis(BIN, FIRST_COL - 60, 200))
    field = HeatField(
        spec,
        shape=shape,
        tau_ms=None,
        side="both",
        minimum_notional=0.0,
        now_ms=spec.time.end_ms - 1,
    )
    field.load(events_of(rows))
    total = math.fsum(row[2] for row in rows)
    summed = field.values[:, -1].sum() if shape == "bands" else field.values.sum()
    assert math.isclose(summed, total, rel_tol=1e-9, abs_tol=1e-12)
    assert field.n_outside == 0


@settings(deadline=None)
@given(st.lists(event_tuples, max_size=100))
def test_the_grid_holds_the_sum_of_the_events_inside(
    rows: list[tuple[int, float, float, bool]],
) -> None:
    spec = GridSpec(PRICE, TimeAxis(BIN, FIRST_COL, N_COLS))
    grid = build_grid(events_of(rows), spec)
    inside = [
        row
        for row in rows
        if FIRST_COL <= row[0] // BIN < FIRST_COL + N_COLS
        and 1_000 <= Fraction(str(row[1])) < 1_000 + PRICE.n_rows
    ]
    assert math.isclose(
        grid.total_usd, math.fsum(row[2] for row in inside), rel_tol=1e-9, abs_tol=0.0
    )
    assert grid.count.sum() == len(inside)
    assert grid.n_outside == len(rows) - len(inside)
    for long, cells in ((True, grid.long_usd), (False, grid.short_usd)):
        expected = math.fsum(row[2] for row in inside if row[3] is long)
        assert math.isclose(cells.sum(), expected, rel_tol=1e-9, abs_tol=0.0)


@settings(deadline=None, max_examples=300)
@given(ticks_sizes, st.integers(1, 5_000), st.integers(0, 10**7), st.integers(-3, 3))
def test_rows_are_those_of_exact_decimal_arithmetic(
    tick: str, bin_ticks: int, price_ticks: int, offset: int
) -> None:
    axis = PriceAxis(Decimal(tick), bin_ticks, first_row=0, n_rows=1)
    # Around an edge in particular, as parsed from text and as computed in binary.
    edge_ticks = price_ticks // bin_ticks * bin_ticks + offset
    for ticks in (price_ticks, max(0, edge_ticks)):
        for price in (float(Decimal(tick) * ticks), float(tick) * ticks):
            assert axis.rows_of(np.array([price]))[0] == ticks // bin_ticks


@settings(deadline=None, max_examples=300)
@given(ticks_sizes, st.integers(0, 10**6), st.integers(1, 10**5), st.integers(1, 400))
def test_bin_ticks_are_the_exact_quotient_rounded_up(
    tick: str, low_ticks: int, span_ticks: int, rows: int
) -> None:
    low, high = Decimal(tick) * low_ticks, Decimal(tick) * (low_ticks + span_ticks)
    expected = -(-span_ticks // rows)
    assert price_bin_ticks(float(low), float(high), rows, Decimal(tick)) == expected
    in_binary = float(tick) * low_ticks, float(tick) * (low_ticks + span_ticks)
    assert price_bin_ticks(*in_binary, rows, Decimal(tick)) == expected


@given(st.integers(1, 10**10), st.integers(1, 5_000))
def test_no_allowed_bin_is_nearer_and_none_as_near_is_coarser(window_ms: int, columns: int) -> None:
    chosen = time_bin_ms(window_ms, columns)
    exact = Fraction(window_ms, columns)
    for other in TIME_BINS_MS:
        assert abs(exact - chosen) < abs(exact - other) or (
            abs(exact - chosen) == abs(exact - other) and other <= chosen
        )


@settings(deadline=None)
@given(
    st.floats(1e-4, 1e6),
    st.floats(1e-3, 2.0),
    st.floats(1, 4_000),
    st.floats(1, 4_000),
    ticks_sizes,
    st.sampled_from(["auto", "100x300", "1000x4000", "1px", "6px", "50px"]),
)
def test_a_chosen_axis_fits_its_own_viewport_and_stays_bounded(
    low: float, part: float, width: float, height: float, tick: str, resolution_text: str
) -> None:
    view = Viewport(low, low * (1 + part), None, width, height)
    resolution = Resolution.parse(resolution_text)
    axis = choose_price_axis(view, Decimal(tick), resolution, None)
    assert fits(axis, view, resolution)
    assert choose_price_axis(view, Decimal(tick), resolution, axis) == axis
    time = choose_time_axis(1_733_400_000_000, 172_800_000, width, resolution)
    GridSpec(axis, time)


@settings(deadline=None)
@given(
    st.sampled_from(["linear", "sqrt", "log"]),
    st.floats(1.0, 1e9),
    st.floats(1e-8, 0.9),
    st.lists(st.floats(0.0, 1e12), min_size=1, max_size=50),
)
def test_bytes_keep_their_order_and_come_back(
    mode: str, clip_usd: float, floor_part: float, values: list[float]
) -> None:
    scale = Scale(mode, clip_usd * floor_part, clip_usd)
    ordered = np.sort(np.array([values]))
    levels = to_bytes(ordered, scale)
    assert np.all(np.diff(levels.astype(int)) >= 0)
    assert np.all(levels[ordered >= clip_usd] == 255)
    assert np.all(levels[ordered == 0.0] == 0)
    assert np.array_equal(to_bytes(to_usd(levels, scale), scale), levels)


@settings(deadline=None)
@given(st.lists(st.floats(0.0, 1e9), min_size=1, max_size=200), st.floats(0, 100), st.booleans())
def test_the_automatic_clip_is_numpys_percentile_of_what_counts(
    values: list[float], percentile: float, by_columns: bool
) -> None:
    cells = np.array([values, values[::-1]], order="F" if by_columns else "C")
    counted = cells[(cells > 1e-3 * cells.max()) & (cells > 0)]
    clip = auto_clip(cells, percentile)
    if not counted.size:
        assert clip is None
    else:
        assert clip is not None
        assert math.isclose(clip, np.percentile(counted, percentile), rel_tol=1e-12)
