"""Bin sizes, bin edges and the rules by which a built grid is kept."""

import math
from decimal import Decimal

import numpy as np
import pytest

from Heatmap.aggregation.resolution import (
    MAX_COLUMNS,
    MAX_ROWS,
    SPARE_ROWS,
    GridSpec,
    PriceAxis,
    TimeAxis,
    choose_price_axis,
    choose_time_axis,
    columns_target,
    fits,
    price_bin_ticks,
    rows_target,
    time_bin_ms,
)
from Heatmap.domain.viewport import Viewport
from Heatmap.setting_fields import Resolution

TICK = Decimal("0.1")
AUTO = Resolution()


def viewport(
    low: float = 95_000.0, high: float = 97_000.0, width: float = 1200.0, height: float = 600.0
) -> Viewport:
    return Viewport(price_low=low, price_high=high, end_ms=None, width_px=width, height_px=height)


def visible_rows(axis: PriceAxis, view: Viewport) -> float:
    return (view.price_high - view.price_low) / axis.bin_usd


@pytest.mark.parametrize(
    ("height", "rows"),
    [(1, 180), (414, 180), (437, 190), (600, 261), (874, 380), (5000, 380)],
)
def test_rows_target_is_one_per_2_3_px_clamped(height: float, rows: int) -> None:
    assert rows_target(height) == rows


@pytest.mark.parametrize(
    ("width", "columns"), [(1, 800), (920, 800), (1150, 1000), (1955, 1700), (9999, 1700)]
)
def test_columns_target_is_one_per_1_15_px_clamped(width: float, columns: int) -> None:
    assert columns_target(width) == columns


@pytest.mark.parametrize(
    ("low", "high", "rows", "tick", "ticks"),
    [
        (100.0, 100.3, 3, "0.1", 1),  # in binary 1.0000000000000476
        (100.0, 100.0 + 3 * 0.1, 3, "0.1", 1),  # 100.30000000000001 as it prints
        (0.1, 0.7, 6, "0.1", 1),
        (95_000.0, 97_000.0, 200, "0.1", 100),
        (95_000.0, 97_000.1, 200, "0.1", 101),
        (95_000.0, 95_000.5, 200, "0.1", 1),
        (1.0, 1.0 + 1e-15, 200, "0.1", 1),
        (0.00001, 0.00002, 100, "0.0000001", 1),
        (-100.0, 100.0, 100, "1", 2),
    ],
)
def test_a_row_is_the_range_over_the_rows_rounded_up_to_whole_ticks(
    low: float, high: float, rows: int, tick: str, ticks: int
) -> None:
    assert price_bin_ticks(low, high, rows, Decimal(tick)) == ticks


@pytest.mark.parametrize(
    ("window_ms", "columns", "bin_ms"),
    [
        (7_200_000, 1043, 5_000),
        (28_800_000, 1043, 30_000),
        (172_800_000, 1043, 180_000),
        (7_500, 1, 10_000),  # a tie: the coarser
        (22_500, 1, 30_000),
        (150_000, 1, 180_000),
        (7_499, 1, 5_000),
        (10, 1, 5_000),
        (604_800_000, 1043, 600_000),
        (2_592_000_000, 1700, 1_800_000),
        (450_000, 1, 600_000),
        (10**10, 1, 1_800_000),
    ],
)
def test_a_column_is_the_nearest_allowed_time_and_the_coarser_on_a_tie(
    window_ms: int, columns: int, bin_ms: int
) -> None:
    assert time_bin_ms(window_ms, columns) == bin_ms


@pytest.mark.parametrize("tick", ["0.1", "0.01", "0.5", "0.0000001", "1", "0.3"])
@pytest.mark.parametrize("bin_ticks", [1, 3, 7, 100])
def test_a_price_on_an_edge_belongs_to_the_upper_row(tick: str, bin_ticks: int) -> None:
    axis = PriceAxis(Decimal(tick), bin_ticks, first_row=1_000, n_rows=3_000)
    edges = [Decimal(tick) * bin_ticks * number for number in range(1_000, 4_000)]
    as_parsed = np.array([float(edge) for edge in edges])
    as_computed = np.arange(1_000, 4_000) * bin_ticks * float(tick)
    expected = np.arange(3_000)
    assert np.array_equal(axis.rows_of(as_parsed), expected)
    assert np.array_equal(axis.rows_of(as_computed), expected)


def test_a_price_between_ticks_just_below_an_edge_stays_in_the_lower_row() -> None:
    axis = PriceAxis(TICK, 10, first_row=96_000, n_rows=10)
    prices = np.array([96_000.9999999, 96_001.0, 96_001.0000001, 96_000.55555])
    assert axis.rows_of(prices).tolist() == [0, 1, 1, 0]


def test_prices_outside_and_prices_that_are_no_numbers_have_rows_outside() -> None:
    axis = PriceAxis(TICK, 10, first_row=100, n_rows=5)
    prices = np.array([99.9, 105.0, 0.0, -1.0, 1e300, math.inf, -math.inf, math.nan])
    rows = axis.rows_of(prices)
    assert rows[:3].tolist() == [-1, 5, -100]
    assert np.all((rows < 0) | (rows >= 5))


def test_axes_tell_their_edges() -> None:
    price = PriceAxis(TICK, 5, first_row=7, n_rows=3)
    assert (price.bin_usd, price.low, price.high) == (0.5, 3.5, 5.0)
    time = TimeAxis(bin_ms=5_000, first_col=10, n_cols=4)
    assert (time.start_ms, time.end_ms, time.last_col) == (50_000, 70_000, 13)
    assert time.cols_of(np.array([49_999, 50_000, 69_999, 70_000, -1])).tolist() == [
        -1,
        0,
        3,
        4,
        -11,
    ]
    assert GridSpec(price, time).shape == (3, 4)


@pytest.mark.parametrize(
    ("tick", "bin_ticks", "first_row", "n_rows", "named"),
    [
        ("0", 1, 0, 1, "tick"),
        ("-0.1", 1, 0, 1, "tick"),
        ("NaN", 1, 0, 1, "tick"),
        ("Infinity", 1, 0, 1, "tick"),
        ("0.1", 0, 0, 1, "at least 1 tick"),
        ("0.1", 1, 0, 0, "rows"),
        ("0.1", 1, 0, MAX_ROWS + 1, "rows"),
        ("0.1", 1, -1, 1, "first row"),
        ("0.1", 1, 10**11, 1, "first row"),
    ],
)
def test_a_price_axis_out_of_bounds_is_refused(
    tick: str, bin_ticks: int, first_row: int, n_rows: int, named: str
) -> None:
    with pytest.raises(ValueError, match=named):
        PriceAxis(Decimal(tick), bin_ticks, first_row, n_rows)


@pytest.mark.parametrize(("bin_ms", "n_cols"), [(0, 1), (5_000, 0), (5_000, MAX_COLUMNS + 1)])
def test_a_time_axis_out_of_bounds_is_refused(bin_ms: int, n_cols: int) -> None:
    with pytest.raises(ValueError, match=r"column"):
        TimeAxis(bin_ms, 0, n_cols)


def test_a_grid_of_too_many_cells_is_refused() -> None:
    with pytest.raises(ValueError, match="cells"):
        GridSpec(PriceAxis(TICK, 1, 0, MAX_ROWS), TimeAxis(5_000, 0, MAX_COLUMNS))


@pytest.mark.parametrize(
    ("low", "high"), [(95_000.0, 97_000.0), (95_012.34, 95_913.7), (0.5, 3.0), (1e-3, 2e-1)]
)
def test_the_axis_covers_the_pane_and_a_quarter_more_and_spare_rows(
    low: float, high: float
) -> None:
    view = viewport(low, high)
    tick = Decimal("0.0001")
    axis = choose_price_axis(view, tick, AUTO, None)
    margin = (high - low) / 4
    spare = SPARE_ROWS * axis.bin_usd
    assert axis.low <= max(0.0, low - margin - spare) + 1e-9
    assert axis.high >= high + margin + spare - 1e-9
    assert visible_rows(axis, view) <= rows_target(600) + 1e-9
    assert axis.n_rows <= 1.5 * rows_target(600) + 2 * SPARE_ROWS + 2


def test_edges_lie_on_multiples_of_the_bin_so_a_pan_does_not_shift_cells() -> None:
    first = choose_price_axis(viewport(95_000.0, 97_000.0), TICK, AUTO, None)
    panned = choose_price_axis(viewport(95_333.3, 97_333.3), TICK, AUTO, first)
    assert panned.bin_ticks == first.bin_ticks
    prices = np.linspace(95_400, 96_900, 977)
    assert np.array_equal(
        first.rows_of(prices) + first.first_row, panned.rows_of(prices) + panned.first_row
    )


def test_a_pane_that_reaches_below_zero_has_no_rows_there() -> None:
    axis = choose_price_axis(viewport(-20_000.0, 140_000.0), TICK, AUTO, None)
    assert axis.first_row == 0
    assert axis.high >= 140_000.0


def test_the_automatic_bin_stays_until_the_rows_leave_0_7_to_1_4_of_their_target() -> None:
    base = choose_price_axis(viewport(95_000.0, 97_610.0), TICK, AUTO, None)
    assert base.bin_ticks == 100  # 261 rows
    for factor, stays in [(0.71, True), (1.39, True), (0.69, False), (1.41, False)]:
        view = viewport(95_000.0, 95_000.0 + 2_610 * factor)
        axis = choose_price_axis(view, TICK, AUTO, base)
        assert (axis.bin_ticks == base.bin_ticks) is stays
        assert 0.7 * 261 <= visible_rows(axis, view) <= 1.4 * 261


def test_a_changed_tick_size_rebins() -> None:
    base = choose_price_axis(viewport(), TICK, AUTO, None)
    axis = choose_price_axis(viewport(), Decimal(7), AUTO, base)
    assert (axis.tick_size, axis.bin_ticks) == (Decimal(7), 2)


def test_a_fixed_number_of_rows_and_columns_is_honoured_and_forgets_the_previous_bin() -> None:
    fixed = Resolution(rows=100, columns=720)
    base = choose_price_axis(viewport(), TICK, AUTO, None)
    axis = choose_price_axis(viewport(), TICK, fixed, base)
    assert axis.bin_ticks == 200
    assert (
        choose_price_axis(viewport(), TICK, Resolution(rows=80, columns=80), axis).bin_ticks == 250
    )
    assert choose_time_axis(10**9, 7_200_000, 1200, fixed).bin_ms == 10_000


def test_pixels_per_bin_are_honoured_in_both_directions() -> None:
    fixed = Resolution(pixels_per_bin=6.0)
    assert choose_price_axis(viewport(), TICK, fixed, None).bin_ticks == 200
    assert choose_time_axis(10**9, 7_200_000, 1440, fixed).bin_ms == 30_000


@pytest.mark.parametrize(
    "resolution", [Resolution(pixels_per_bin=1.0), Resolution(rows=10**6, columns=10**6)]
)
def test_absurdly_fine_resolutions_stay_bounded(resolution: Resolution) -> None:
    view = viewport(1.0, 1e6, width=1e6, height=1e6)
    axis = choose_price_axis(view, TICK, resolution, None)
    assert 3_000 < axis.n_rows <= MAX_ROWS
    time = choose_time_axis(10**9, 172_800_000, view.width_px, resolution)
    assert time.n_cols <= 5_761
    GridSpec(axis, time)


def test_a_pane_of_a_pixel_has_at_least_one_row() -> None:
    fixed = Resolution(pixels_per_bin=50.0)
    axis = choose_price_axis(viewport(width=1, height=1), TICK, fixed, None)
    assert axis.n_rows >= 1 + 2 * SPARE_ROWS
    assert choose_time_axis(10**9, 7_200_000, 1, fixed).bin_ms == 1_800_000


@pytest.mark.parametrize(
    "view",
    [
        viewport(math.nan, 1.0),
        viewport(1.0, math.nan),
        viewport(1.0, math.inf),
        viewport(-math.inf, 1.0),
        viewport(2.0, 1.0),
        viewport(1.0, 1.0),
        viewport(-2.0, -1.0),
        viewport(-2.0, 0.0),
        viewport(width=0),
        viewport(height=0),
        viewport(height=-3),
        viewport(width=math.nan),
        viewport(height=math.inf),
    ],
)
def test_an_absurd_viewport_is_refused(view: Viewport) -> None:
    axis = choose_price_axis(viewport(), TICK, AUTO, None)
    with pytest.raises(ValueError, match=r"must be"):
        choose_price_axis(view, TICK, AUTO, None)
    with pytest.raises(ValueError, match=r"must be"):
        fits(axis, view, AUTO)


def test_a_range_too_narrow_for_its_price_is_refused() -> None:
    view = viewport(1e6, 1e6 + 1e-9)
    with pytest.raises(ValueError, match="first row"):
        choose_price_axis(view, Decimal("1e-12"), AUTO, None)


def test_single_functions_refuse_what_is_not_positive() -> None:
    for call in (
        lambda: rows_target(0),
        lambda: columns_target(math.nan),
        lambda: price_bin_ticks(1.0, 2.0, 0, TICK),
        lambda: price_bin_ticks(1.0, 1.0, 5, TICK),
        lambda: price_bin_ticks(1.0, 2.0, 5, Decimal(0)),
        lambda: time_bin_ms(0, 5),
        lambda: time_bin_ms(5, 0),
        lambda: choose_time_axis(0, 0, 100, AUTO),
        lambda: choose_time_axis(0, 100, 0, Resolution(rows=20, columns=20)),
    ):
        with pytest.raises(ValueError, match="must be"):
            call()


def test_a_window_of_too_many_columns_is_refused() -> None:
    with pytest.raises(ValueError, match="columns"):
        choose_time_axis(0, 1_800_000 * (MAX_COLUMNS + 1), 1200, AUTO)


def test_a_built_axis_fits_while_it_covers_the_pane_and_keeps_its_bin() -> None:
    axis = choose_price_axis(viewport(), TICK, AUTO, None)
    assert fits(axis, viewport(), AUTO)
    assert fits(axis, viewport(95_400.0, 97_400.0), AUTO)  # a pan by a fifth
    assert not fits(axis, viewport(95_900.0, 97_900.0), AUTO)
    assert not fits(axis, viewport(94_100.0, 96_100.0), AUTO)
    assert not fits(axis, viewport(95_900.0, 96_100.0), AUTO)  # zoomed in
    assert not fits(axis, viewport(), Resolution(rows=100, columns=100))


def test_a_pane_below_zero_fits_the_axis_that_was_built_for_it() -> None:
    view = viewport(-20_000.0, 140_000.0)
    assert fits(choose_price_axis(view, TICK, AUTO, None), view, AUTO)


def test_one_tick_rows_fit_however_few_they_are() -> None:
    view = viewport(95_000.0, 95_001.0)
    axis = choose_price_axis(view, TICK, AUTO, None)
    assert axis.bin_ticks == 1
    assert fits(axis, view, AUTO)


@pytest.mark.parametrize("end_ms", [1_733_400_000_000, 1_733_400_004_999, 1_733_400_003_210])
def test_the_window_reaches_from_the_column_of_its_start_to_the_column_of_its_end(
    end_ms: int,
) -> None:
    axis = choose_time_axis(end_ms, 7_200_000, 1200, AUTO)
    assert axis.bin_ms == 5_000
    edges = axis.cols_of(np.array([end_ms, end_ms - 7_200_000]))
    assert edges.tolist() == [axis.n_cols - 1, 0]
    assert axis.n_cols == 1_441
    assert axis.start_ms % 5_000 == 0
