"""What holds at all edges: rows, columns, and whatever counts the events between them."""

import math
from decimal import Decimal
from fractions import Fraction

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from Heatmap.aggregation.event_timeline import EventTimeline, SideTotals, sum_rows
from Heatmap.aggregation.grid_builder import build_grid
from Heatmap.aggregation.heat_field import HeatField
from Heatmap.aggregation.price_profile import price_profile
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
from Heatmap.domain.viewport import Viewport
from Heatmap.setting_fields import Resolution
from Heatmap.tests.property.field_cases import (
    BIN,
    FIRST_COL,
    N_COLS,
    NOW,
    PRICE,
    Rows,
    event_tuples,
    events_of,
    kernel,
    off_edge_events,
    ticks_sizes,
)


@settings(deadline=None)
@given(st.lists(event_tuples, max_size=100))
def test_the_grid_holds_the_sum_of_the_events_inside(
    rows: Rows,
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


@settings(deadline=None, max_examples=200)
@given(
    ticks_sizes, st.integers(1, 500), st.integers(0, 10**5), st.integers(-2, 12), st.integers(-1, 1)
)
def test_every_count_puts_a_price_at_an_edge_into_the_same_row(
    tick: str, bin_ticks: int, first_row: int, edge: int, offset: int
) -> None:
    axis = PriceAxis(Decimal(tick), bin_ticks, first_row, n_rows=10)
    ticks = max(0, (first_row + edge) * bin_ticks + offset)
    row = ticks // bin_ticks - first_row
    time = TimeAxis(BIN, FIRST_COL, 1)
    expected = [float(r == row) for r in range(10)]
    for price in (float(Decimal(tick) * ticks), float(tick) * ticks):
        events = events_of([(FIRST_COL * BIN, price, 1.0, True)])
        grid = build_grid(events, GridSpec(axis, time))
        assert grid.long_usd[:, 0].tolist() == expected
        assert grid.n_outside == (0 if 0 <= row < 10 else 1)
        assert price_profile(events, axis)[0].tolist() == expected
        assert [sum_rows(events, axis, r, r + 1).count for r in range(10)] == expected
        cells = HeatField(
            GridSpec(axis, time),
            shape="cells",
            tau_ms=None,
            side="both",
            minimum_notional=0.0,
            now_ms=time.end_ms - 1,
        )
        cells.load(events)
        assert cells.values[:, 0].tolist() == expected


@settings(deadline=None, max_examples=200)
@given(
    st.sampled_from(TIME_BINS_MS),
    st.integers(0, 10**6),
    st.integers(1, 12),
    st.integers(-2, 14),
    st.integers(-1, 1),
)
def test_a_time_at_an_edge_belongs_to_the_later_column(
    bin_ms: int, first_col: int, n_cols: int, edge: int, offset_ms: int
) -> None:
    time = TimeAxis(bin_ms, first_col + 2, n_cols)
    ts_ms = (time.first_col + edge) * bin_ms + offset_ms
    col = edge if offset_ms >= 0 else edge - 1
    events = events_of([(ts_ms, 1_000.0, 1.0, False)])
    spec = GridSpec(PriceAxis(Decimal(1), 1, 1_000, 1), time)
    grid = build_grid(events, spec)
    expected = [float(c == col) for c in range(n_cols)]
    assert grid.short_usd[0].tolist() == expected
    assert grid.count[0].tolist() == expected
    window = EventTimeline(events)
    for c in range(n_cols):
        start_ms = time.start_ms + c * bin_ms
        assert len(window.between(start_ms, start_ms + bin_ms)) == expected[c]
    for shape, values in (("cells", expected), ("bands", [float(c >= col) for c in range(n_cols)])):
        # A window that stays: events beyond its end are no later columns' either.
        field = HeatField(
            spec,
            shape=shape,
            tau_ms=None,
            side="both",
            minimum_notional=0.0,
            now_ms=time.end_ms + 30 * bin_ms,
        )
        field.load(events)
        share = 1.0 if shape == "cells" else kernel(1.3, 0)
        np.testing.assert_allclose(field.values[0], np.array(values) * share, rtol=1e-12)


@settings(deadline=None)
@given(st.lists(off_edge_events, max_size=80))
def test_off_the_edges_the_sums_are_those_of_numpys_histogram(rows: Rows) -> None:
    events, spec = events_of(rows), GridSpec(PRICE, TimeAxis(BIN, FIRST_COL, N_COLS))
    price_edges = 1_000.0 + np.arange(PRICE.n_rows + 1)
    time_edges = (FIRST_COL + np.arange(N_COLS + 1)) * BIN

    def histogram(chosen: np.ndarray, weights: np.ndarray | None) -> np.ndarray:
        edges = (price_edges, time_edges)
        return np.histogram2d(chosen["price"], chosen["ts_ms"], bins=edges, weights=weights)[0]

    grid = build_grid(events, spec)
    longs, shorts = events[events["is_long"]], events[~events["is_long"]]
    by_side = [histogram(side, side["notional"]) for side in (longs, shorts)]
    np.testing.assert_allclose(grid.long_usd, by_side[0], rtol=1e-12)
    np.testing.assert_allclose(grid.short_usd, by_side[1], rtol=1e-12)
    assert np.array_equal(grid.count, histogram(events, None))
    cells = HeatField(
        spec, shape="cells", tau_ms=None, side="both", minimum_notional=0.0, now_ms=NOW + 60 * BIN
    )
    cells.load(events)
    np.testing.assert_allclose(cells.values, by_side[0] + by_side[1], rtol=1e-12)
    all_time = np.array([0, 2**53])
    for profile, side in zip(price_profile(events, PRICE), (longs, shorts), strict=True):
        edges = (price_edges, all_time)
        expected = np.histogram2d(
            side["price"], side["ts_ms"], bins=edges, weights=side["notional"]
        )[0]
        np.testing.assert_allclose(profile, expected[:, 0], rtol=1e-12)


@settings(deadline=None)
@given(
    st.lists(st.lists(event_tuples, max_size=8), min_size=1, max_size=5),
    st.integers(FIRST_COL * BIN - 100_000, NOW + 100_000),
    st.integers(0, 200_000),
    st.integers(-3, 20),
    st.integers(0, 20),
)
def test_a_window_of_events_gives_what_filtering_them_all_would(
    parts: list[Rows], start_ms: int, span_ms: int, first_row: int, n_rows: int
) -> None:
    window, everything = EventTimeline(events_of([])), [row for rows in parts for row in rows]
    for rows in parts:
        window.add(events_of(rows))
        window.between(None, start_ms)
    inside = [row for row in everything if start_ms <= row[0] < start_ms + span_ms]
    found = window.between(start_ms, start_ms + span_ms)
    assert found["ts_ms"].tolist() == sorted(row[0] for row in inside)
    totals = sum_rows(found, PRICE, first_row, first_row + n_rows)
    low, high = Decimal(1_000 + first_row), Decimal(1_000 + first_row + n_rows)
    inside = [row for row in inside if low <= Decimal(str(row[1])) < high]
    longs = [row[2] for row in inside if row[3]]
    shorts = [row[2] for row in inside if not row[3]]
    assert math.isclose(totals.long_usd, math.fsum(longs), rel_tol=1e-9, abs_tol=0.0)
    assert math.isclose(totals.short_usd, math.fsum(shorts), rel_tol=1e-9, abs_tol=0.0)
    newest_ms = max((row[0] for row in inside), default=None)
    counts = SideTotals(totals.long_usd, totals.short_usd, len(longs), len(shorts), newest_ms)
    assert totals == counts
    window.forget_before(start_ms)
    assert len(window) == sum(row[0] >= start_ms for row in everything)


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
