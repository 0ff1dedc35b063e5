"""The layer's pixels on a real page: right time, right price, and nothing else changed."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from PyQt6.QtGui import QImage

from Heatmap.picture.packing import pack_cells
from Heatmap.tests.ui.cell_grids import (
    CELLS,
    COLS,
    ROWS,
    bright_cells,
    cell_box,
    wait_for_change,
)
from Heatmap.tests.ui.chart_page import (
    START_S,
    ChartPage,
    Recording,
    changed,
    grid_message,
    minute_candles,
    to_array,
)
from Heatmap.ui.layer.chart_layer import HeatmapLayer

pytestmark = pytest.mark.qt_log_ignore("Registered new object after initialization")


def assert_only_these_cells(
    page: ChartPage, bare: QImage, drawn: QImage, cells: tuple[tuple[int, int, int], ...] = CELLS
) -> None:
    """Each cell's inside is coloured (but for candles over it), and nothing outside the cells."""
    difference = changed(bare, drawn)
    allowed = np.zeros_like(difference)
    for cell in cells:
        left, right, top, bottom = cell_box(page, *cell)
        assert 0 < left < right < difference.shape[1]
        inside = difference[round(top) + 1 : round(bottom) - 1, round(left) + 1 : round(right) - 1]
        assert inside.size > 0
        # Grid lines and wicks pass over the cells.
        assert inside.mean() > 0.7, cell
        allowed[round(top) - 1 : round(bottom) + 1, round(left) - 1 : round(right) + 1] = True
    assert not (difference & ~allowed).any()


SCALES = {
    "linear": "{}",
    "logarithmic": "{mode: 1}",
    "percentage": "{mode: 2}",
    "indexed": "{mode: 3}",
    "inverted": "{invertScale: true}",
    "inverted logarithmic": "{mode: 1, invertScale: true}",
}


@pytest.mark.parametrize("scale", SCALES)
def test_cells_lie_at_their_time_and_price_in_every_scale(
    scale: str, chart_page: ChartPage, shown: Callable[..., HeatmapLayer]
) -> None:
    chart_page.create_chart()
    chart_page.js(f"(priceSeries.priceScale().applyOptions({SCALES[scale]}), 0)")
    # In percentage mode the chart moves its own price line a little at the update after this one.
    chart_page.settled_picture()
    chart_page.js("(chart.applyOptions({}), 0)")
    bare = chart_page.settled_picture()
    shown()
    drawn = wait_for_change(chart_page, bare)
    assert_only_these_cells(chart_page, bare, drawn)


@pytest.mark.parametrize("invert", ["false", "true"])
def test_a_strongly_curved_logarithmic_scale_is_drawn_in_strips(
    invert: str, chart_page: ChartPage, shown: Callable[..., HeatmapLayer]
) -> None:
    candles = minute_candles()
    candles[10]["low"] = 10_000
    chart_page.create_chart(candles)
    chart_page.js(f"(priceSeries.priceScale().applyOptions({{mode: 1, invertScale: {invert}}}), 0)")
    bare = chart_page.settled_picture()
    grid = np.zeros((20, COLS), np.uint8)
    # 5,000 USD rows from 10,000 USD: the upper ones are far lower than the ones below.
    grid[2, 240:252] = grid[14, 480:492] = 255
    shown(grid, priceLow=10_000.0, binUsd=5_000.0)
    drawn = wait_for_change(chart_page, bare)
    difference = changed(bare, drawn)
    spacing = chart_page.x_of_candle(START_S + 60) - chart_page.x_of_candle(START_S)
    allowed = np.zeros_like(difference)
    for row, column in ((2, 240), (14, 480)):
        prices = (10_000 + 5_000 * row, 15_000 + 5_000 * row)
        top, bottom = sorted(chart_page.y_of_price(price) for price in prices)
        left = round(chart_page.x_of_candle(START_S + column * 5) - spacing / 2)
        right = round(left + spacing)
        inside = difference[round(top) + 1 : round(bottom) - 1, left + 1 : right - 1]
        assert inside.mean() > 0.8
        allowed[round(top) - 1 : round(bottom) + 1, left - 1 : right + 1] = True
    assert not (difference & ~allowed).any()


def test_columns_in_a_hole_of_the_candles_have_no_place(
    chart_page: ChartPage, shown: Callable[..., HeatmapLayer]
) -> None:
    chart_page.create_chart(minute_candles(without=range(25, 30)))
    bare = chart_page.settled_picture()
    inside_hole = (12 * 26, 12, 30)
    shown(bright_cells((*CELLS, inside_hole)))
    drawn = wait_for_change(chart_page, bare)
    assert_only_these_cells(chart_page, bare, drawn)


def test_candles_with_many_holes_in_a_curved_scale_are_drawn_right(
    chart_page: ChartPage, shown: Callable[..., HeatmapLayer]
) -> None:
    candles = [candle for i, candle in enumerate(minute_candles()) if i % 7 or i == 0]
    candles[3]["low"] = 40_000
    chart_page.create_chart(candles)
    chart_page.js("(priceSeries.priceScale().applyOptions({mode: 1}), 0)")
    bare = chart_page.settled_picture()
    grid = np.zeros((20, COLS), np.uint8)
    grid[4, 240:252] = 255
    shown(grid, priceLow=40_000.0, binUsd=5_000.0)
    drawn = wait_for_change(chart_page, bare)
    rows, columns = np.nonzero(changed(bare, drawn))
    assert columns.mean() == pytest.approx(chart_page.x_of_candle(START_S + 1200), abs=1)
    assert rows.min() == pytest.approx(chart_page.y_of_price(65_000), abs=2)
    assert rows.max() == pytest.approx(chart_page.y_of_price(60_000), abs=2)


def test_columns_right_of_the_newest_candle_continue_its_run(
    chart_page: ChartPage, shown: Callable[..., HeatmapLayer]
) -> None:
    chart_page.create_chart(minute_candles(50))
    bare = chart_page.settled_picture()
    shown(bright_cells(((12 * 53, 12, 50),)))
    drawn = wait_for_change(chart_page, bare)
    _, columns = np.nonzero(changed(bare, drawn))
    first, last = (chart_page.x_of_candle(START_S + 60 * i) for i in (0, 49))
    spacing = (last - first) / 49
    assert columns.mean() + 0.5 == pytest.approx(last + 4 * spacing, abs=1)
    assert np.ptp(columns) + 1 == pytest.approx(spacing, abs=1.5)


def test_slots_of_another_series_between_the_candles_are_taken_into_account(
    chart_page: ChartPage, shown: Callable[..., HeatmapLayer]
) -> None:
    chart_page.create_chart()
    chart_page.js(
        "(chart.addSeries(LightweightCharts.LineSeries, {visible: false}).setData("
        f"[0, 30, 60, 90].map(s => ({{time: {START_S + 600} + s, value: 1}}))), 0)"
    )
    bare = chart_page.settled_picture()
    shown(bright_cells(CELLS[:2]))
    drawn = wait_for_change(chart_page, bare)
    for column, _, _ in CELLS[:2]:
        x = chart_page.x_of_candle(START_S + column * 5)
        # Beside the middle, where a vertical line of the chart may pass.
        hit = changed(bare, drawn)[:, round(x) + 2]
        assert hit.any()


def test_cells_follow_a_pan_and_a_zoom(
    chart_page: ChartPage, shown: Callable[..., HeatmapLayer]
) -> None:
    chart_page.create_chart()
    layer = shown()
    for range_ in ("{from: 12.3, to: 50.2}", "{from: 5.5, to: 100}"):
        chart_page.js(f"(chart.timeScale().setVisibleLogicalRange({range_}), 0)")
        drawn = chart_page.settled_picture()
        layer.set_options({"visible": False})
        bare = wait_for_change(chart_page, drawn)
        assert_only_these_cells(chart_page, bare, drawn)
        layer.set_options({"visible": True})
        wait_for_change(chart_page, bare)
    chart_page.js(
        "(priceSeries.priceScale().setAutoScale(false), "
        "priceSeries.priceScale().setVisibleRange({from: 97500, to: 102500}), 0)"
    )
    drawn = chart_page.settled_picture()
    layer.set_options({"visible": False})
    assert_only_these_cells(chart_page, wait_for_change(chart_page, drawn), drawn)


def test_an_increment_adds_changes_and_drops_columns(
    chart_page: ChartPage, shown: Callable[..., HeatmapLayer], listener: Recording
) -> None:
    chart_page.create_chart()
    bare = chart_page.settled_picture()
    start_col = START_S // 5
    old = ((0, 12, 50), (12 * 40, 12, 49))
    layer = shown(bright_cells(old)[:, : 12 * 45])
    wait_for_change(chart_page, bare)
    # Replaces the last bright candle's columns by nothing, and goes on with a new one.
    cells = bright_cells(((12 * 50, 12, 10),))[:, 12 * 40 : 12 * 55]
    drop = 12 * 10
    layer.append_cells(
        {
            "sequence": 2,
            "firstCol": start_col + 12 * 40,
            "cols": cells.shape[1],
            "dropCols": drop,
            "timeStartMs": (START_S + 600) * 1000,
            "windowStartMs": 0,
            "endMs": (START_S + 3300) * 1000,
        },
        pack_cells(np.ascontiguousarray(cells).tobytes()),
    )
    new = ((12 * 50, 12, 10),)
    x, _, y, _ = cell_box(chart_page, *new[0])
    chart_page.qtbot.waitUntil(
        lambda: bool(changed(bare, chart_page.picture())[round(y) + 2, round(x) + 2]),
        timeout=10_000,
    )
    assert_only_these_cells(chart_page, bare, chart_page.settled_picture(), new)
    assert listener.ready == 1


def test_increments_that_run_past_the_ring_s_end_stay_in_place(
    chart_page: ChartPage, shown: Callable[..., HeatmapLayer], listener: Recording
) -> None:
    chart_page.create_chart()
    bare = chart_page.settled_picture()
    layer = shown(np.zeros((ROWS, 120), np.uint8))
    start_col = START_S // 5
    for step in range(1, 50):
        cells = np.zeros((ROWS, 12), np.uint8)
        if step in (39, 45):
            cells[50] = 255
        layer.append_cells(
            {
                "sequence": 1 + step,
                "firstCol": start_col + 120 + 12 * (step - 1),
                "cols": 12,
                "dropCols": 12,
                "timeStartMs": (START_S + 60 * step) * 1000,
                "windowStartMs": 0,
                "endMs": (START_S + 600 + 60 * step) * 1000,
            },
            pack_cells(cells.tobytes()),
        )
    drawn = wait_for_change(chart_page, bare)
    expected = ((120 + 12 * 38, 12, 50), (120 + 12 * 44, 12, 50))
    # The first of the two left the window again.
    assert_only_these_cells(chart_page, bare, drawn, expected[1:])
    assert listener.ready == 1


def test_an_increment_out_of_sequence_asks_for_a_whole_grid_and_changes_nothing(
    qtbot: Any, chart_page: ChartPage, shown: Callable[..., HeatmapLayer], listener: Recording
) -> None:
    chart_page.create_chart()
    bare = chart_page.settled_picture()
    layer = shown()
    drawn = wait_for_change(chart_page, bare)
    meta = {
        "sequence": 7,
        "firstCol": START_S // 5,
        "cols": 1,
        "dropCols": 0,
        "timeStartMs": 0,
        "windowStartMs": 0,
        "endMs": 0,
    }
    layer.append_cells(meta, pack_cells(bytes([255]) * ROWS))
    qtbot.waitUntil(lambda: listener.ready == 2, timeout=10_000)
    assert chart_page.settled_picture() == drawn


def test_no_bright_cell_vanishes_when_cells_are_smaller_than_pixels(
    chart_page: ChartPage, shown: Callable[..., HeatmapLayer]
) -> None:
    chart_page.create_chart(minute_candles(600))
    chart_page.js("(chart.timeScale().setVisibleLogicalRange({from: -1, to: 610}), 0)")
    chart_page.js(
        "(priceSeries.priceScale().setAutoScale(false), "
        "priceSeries.priceScale().setVisibleRange({from: 60000, to: 140000}), 0)"
    )
    bare = chart_page.settled_picture()
    grid = np.zeros((1000, 7200), np.uint8)
    bright = [(37 + 90 * i, 611 + 700 * i) for i in range(9)]
    for row, column in bright:
        grid[row, column] = 255
    shown(grid, priceLow=75_000.0)
    drawn = wait_for_change(chart_page, bare)
    difference = changed(bare, drawn)
    assert 9 <= difference.sum() <= 9 * 9
    for row, column in bright:
        candle = column // 12
        x = round(chart_page.x_of_candle(START_S + candle * 60))
        y = round(chart_page.y_of_price(75_000 + 50 * row))
        assert difference[y - 3 : y + 4, x - 3 : x + 4].any(), (row, column)


def test_palette_and_opacity_change_the_picture_without_a_new_grid(
    chart_page: ChartPage, shown: Callable[..., HeatmapLayer]
) -> None:
    chart_page.create_chart()
    bare = chart_page.settled_picture()
    layer = shown()
    wait_for_change(chart_page, bare)
    left, right, top, bottom = cell_box(chart_page, *CELLS[0])
    middle = (round((top + bottom) / 2), round(left + (right - left) / 4))
    assert to_array(chart_page.settled_picture())[middle] == pytest.approx([242, 213, 34], abs=3)
    layer.set_options({"palette": "ice"})
    chart_page.qtbot.waitUntil(
        lambda: to_array(chart_page.picture())[middle].tolist() == [238, 250, 255], timeout=10_000
    )
    layer.set_options({"opacity": 0.5})
    background = to_array(bare)[middle]
    expected = (np.array([238, 250, 255]) + background) / 2
    chart_page.qtbot.waitUntil(
        lambda: bool((abs(to_array(chart_page.picture())[middle] - expected) <= 2).all()),
        timeout=10_000,
    )


def test_hidden_cleared_and_detached_the_chart_is_the_bare_one(
    chart_page: ChartPage, shown: Callable[..., HeatmapLayer], listener: Recording
) -> None:
    chart_page.create_chart()
    bare = chart_page.settled_picture()
    layer = shown()
    wait_for_change(chart_page, bare)
    layer.set_options({"visible": False})
    chart_page.qtbot.waitUntil(lambda: chart_page.picture() == bare, timeout=10_000)
    layer.set_options({"visible": True})
    wait_for_change(chart_page, bare)
    layer.clear()
    chart_page.qtbot.waitUntil(lambda: chart_page.picture() == bare, timeout=10_000)
    layer.show_grid(*grid_message(bright_cells()))
    wait_for_change(chart_page, bare)
    layer.detach()
    chart_page.qtbot.waitUntil(lambda: chart_page.picture() == bare, timeout=10_000)
    chart_page.qtbot.waitUntil(
        lambda: chart_page.js("!('OrderPilotHeatmap' in window)"), timeout=10_000
    )
    assert listener.ready == 1


def test_the_chart_itself_is_not_changed(
    chart_page: ChartPage, shown: Callable[..., HeatmapLayer]
) -> None:
    chart_page.create_chart()
    bare = chart_page.settled_picture()
    before = chart_page.state()
    # Far above and below the candles: the host's scale must not stretch to it.
    layer = shown(np.full((400, COLS), 255, np.uint8), priceLow=90_000.0)
    drawn = wait_for_change(chart_page, bare)
    assert chart_page.state() == before
    pixels, bare_pixels = to_array(drawn), to_array(bare)
    # The candles lie over the strongest heat, and at last the chart's grid lines, both ways.
    for colour in ((0x26, 0xA6, 0x9A), (0xEF, 0x53, 0x50), (0x1F, 0x22, 0x26)):
        inked = (bare_pixels == colour).all(axis=2)
        assert inked.sum() > 500
        assert ((pixels == colour).all(axis=2) | ~inked).all()
    assert min(inked.any(axis=0).sum(), inked.any(axis=1).sum()) > 300
    layer.detach()
    chart_page.qtbot.waitUntil(lambda: chart_page.picture() == bare, timeout=10_000)
    assert chart_page.state() == before


def test_a_screenshot_of_the_chart_contains_the_layer(
    chart_page: ChartPage, shown: Callable[..., HeatmapLayer]
) -> None:
    chart_page.create_chart()
    bare = chart_page.settled_picture()
    bare_shot = chart_page.screenshot()
    shown()
    wait_for_change(chart_page, bare)
    assert_only_these_cells(chart_page, bare_shot, chart_page.screenshot())


def test_gaps_are_hatched_within_the_window_and_unproven_ones_lighter(
    chart_page: ChartPage, shown: Callable[..., HeatmapLayer]
) -> None:
    chart_page.create_chart()
    bare = chart_page.settled_picture()

    def ms(minute: int) -> int:
        return (START_S + 60 * minute) * 1000

    gaps = [[ms(-100), ms(10), "gap"], [ms(30), ms(40), "unproven"]]
    layer = shown(np.zeros((ROWS, COLS), np.uint8), gaps=gaps, windowStartMs=ms(5))
    drawn = wait_for_change(chart_page, bare)
    strength = abs(to_array(drawn) - to_array(bare)).sum(axis=2)
    half = (chart_page.x_of_candle(START_S + 60) - chart_page.x_of_candle(START_S)) / 2

    def part(first: int, end: int) -> Any:
        left = round(chart_page.x_of_candle(START_S + 60 * first) - half)
        right = round(chart_page.x_of_candle(START_S + 60 * end) - half)
        # Below the words that name the window.
        return strength[30 : round(chart_page.y_of_price(98_500)), left + 1 : right - 1]

    assert part(0, 5).max() == part(10, 30).max() == part(40, 59).max() == 0
    assert part(5, 10).mean() > 1.5 * part(30, 40).mean() > 0
    # Quiet: most of the hatched area is as it was.
    assert (part(5, 10) > 0).mean() < 0.5
    layer.set_options({"hatch": False})
    chart_page.qtbot.waitUntil(lambda: chart_page.picture() == bare, timeout=10_000)


def test_where_the_window_begins_is_marked_while_it_is_in_view(
    chart_page: ChartPage, shown: Callable[..., HeatmapLayer]
) -> None:
    chart_page.create_chart()
    bare = chart_page.settled_picture()
    start_s = START_S + 20 * 60
    layer = shown(np.zeros((ROWS, COLS), np.uint8), windowStartMs=start_s * 1000)
    drawn = wait_for_change(chart_page, bare)
    difference = changed(bare, drawn)
    half = (chart_page.x_of_candle(START_S + 60) - chart_page.x_of_candle(START_S)) / 2
    x = round(chart_page.x_of_candle(start_s) - half)
    # A dashed line over the whole height, words at its left, and nothing right of it.
    line = difference[: round(chart_page.y_of_price(98_500)), x - 1 : x + 2].any(axis=1)
    assert 0.3 < line.mean() < 0.8
    assert difference[:20, x - 70 : x - 8].any()
    assert not difference[:, x + 2 :].any()
    chart_page.js("(chart.timeScale().setVisibleLogicalRange({from: 30, to: 61.5}), 0)")
    with_window = chart_page.settled_picture()
    layer.clear()
    assert chart_page.settled_picture() == with_window


LEGEND = {
    "sourceText": "Recorded since yesterday",
    "scale": {"mode": "sqrt", "labels": [[0, "0"], [0.5, "25k"], [1, "100k USD"]]},
}


@pytest.mark.parametrize("is_dark", [True, False])
def test_the_legend_stands_below_off_the_newest_candles_and_can_be_switched_off(
    is_dark: bool, qtbot: Any, make_page: Callable[..., ChartPage]
) -> None:
    page = make_page(is_dark=is_dark)
    page.load()
    page.create_chart()
    bare = page.settled_picture()
    layer = HeatmapLayer(page.page)
    qtbot.waitUntil(lambda: layer.is_ready, timeout=10_000)
    layer.set_options({"opacity": 1.0})
    layer.show_grid(*grid_message(np.zeros((ROWS, COLS), np.uint8), **LEGEND))
    drawn = wait_for_change(page, bare)
    difference = changed(bare, drawn)
    height, width = (page.js(f"chart.paneSize(0).{side}") for side in ("height", "width"))
    rows, columns = np.nonzero(difference)
    assert height - 70 < rows.min() <= rows.max() < height
    assert columns.max() < page.x_of_candle(START_S + 50 * 60) < width
    # The bar shows the palette: its strongest colour is there, as on a cell.
    ground = "dark" if is_dark else "light"
    strongest = page.js(f"OrderPilotHeatmap.palette.colourAt('aurora', 1, '{ground}')")
    pixels = to_array(drawn)[rows.min() : rows.max(), columns.min() : columns.max()]
    assert (abs(pixels - strongest).max(axis=2) <= 16).any()
    layer.set_options({"colourBar": False, "sourceLine": False})
    qtbot.waitUntil(lambda: page.settled_picture() == bare, timeout=10_000)


@pytest.mark.parametrize("is_dark", [True, False])
def test_the_label_is_large_and_on_the_screenshot(
    is_dark: bool, qtbot: Any, make_page: Callable[..., ChartPage]
) -> None:
    page = make_page(is_dark=is_dark)
    page.load()
    page.create_chart()
    bare = page.settled_picture()
    bare_shot = page.screenshot()
    layer = HeatmapLayer(page.page)
    qtbot.waitUntil(lambda: layer.is_ready, timeout=10_000)
    layer.set_options({"label": "SIMULATED"})
    wait_for_change(page, bare)
    difference = abs(to_array(page.screenshot()) - to_array(bare_shot)).max(axis=2)
    rows, columns = np.nonzero(difference)
    assert np.ptp(columns) > 300
    assert np.ptp(rows) > 35
    assert 15 < np.median(difference[difference > 0]) < 80


def test_the_label_stays_while_the_heatmap_is_off(
    qtbot: Any, chart_page: ChartPage, shown: Callable[..., HeatmapLayer]
) -> None:
    chart_page.create_chart()
    bare = chart_page.settled_picture()
    layer = shown()
    layer.set_options({"label": "SIMULATED", "visible": False})
    # The candles are as simulated as the heat.
    wait_for_change(chart_page, bare)
    layer.set_options({"label": ""})
    qtbot.waitUntil(lambda: chart_page.settled_picture() == bare, timeout=10_000)


@pytest.mark.parametrize("visible", ["{from: -1.5, to: 61.5}", "{from: -400, to: 700}"])
def test_increments_give_the_same_picture_as_the_whole_grid(
    visible: str, chart_page: ChartPage, shown: Callable[..., HeatmapLayer], listener: Recording
) -> None:
    chart_page.create_chart()
    chart_page.js(f"(chart.timeScale().setVisibleLogicalRange({visible}), 0)")
    bare = chart_page.settled_picture()
    random = np.random.default_rng(20241205)
    everything = random.integers(0, 256, (ROWS, COLS + 240), np.uint8)
    everything[random.random(everything.shape) < 0.9] = 0
    start_col, width = START_S // 5, 480
    first, end = 0, width
    layer = shown(everything[:, :width])
    # Steps that do not divide the ring; in the end a pooled group has lost some of its columns.
    for sequence in range(2, 42):
        changed_from, end = end - 3, min(end + 7, COLS + 240)
        first += 7
        layer.append_cells(
            {
                "sequence": sequence,
                "firstCol": start_col + changed_from,
                "cols": end - changed_from,
                "dropCols": 7,
                "timeStartMs": (start_col + first) * 5000,
                "windowStartMs": 0,
                "endMs": (start_col + end) * 5000,
            },
            pack_cells(np.ascontiguousarray(everything[:, changed_from:end]).tobytes()),
        )
        if sequence % 13 == 0:
            wait_for_change(chart_page, bare)
    by_increments = chart_page.settled_picture()
    assert listener.ready == 1
    layer.clear()
    chart_page.qtbot.waitUntil(lambda: chart_page.picture() == bare, timeout=10_000)
    whole = np.ascontiguousarray(everything[:, first:end])
    layer.show_grid(*grid_message(whole, timeStartMs=(start_col + first) * 5000))
    assert wait_for_change(chart_page, bare) == by_increments


def test_cells_are_sharp_at_a_fractional_device_pixel_ratio(
    chart_page: ChartPage, shown: Callable[..., HeatmapLayer]
) -> None:
    chart_page.page.setZoomFactor(1.5)
    chart_page.create_chart()
    chart_page.qtbot.waitUntil(lambda: chart_page.js("devicePixelRatio") == 1.5, timeout=10_000)
    chart_page.js(
        "(chart.applyOptions({grid: {vertLines: {visible: false}, "
        "horzLines: {visible: false}}}), 0)"
    )
    # The dashes of the price line move when the chart is painted again.
    chart_page.js("(priceSeries.applyOptions({priceLineVisible: false}), 0)")
    bare = chart_page.settled_picture()
    shown(bright_cells(CELLS[:1]))
    drawn = wait_for_change(chart_page, bare)
    difference = changed(bare, drawn)
    # No pixel is a mixture: the cell ends at whole device pixels, in its own colour.
    assert len(np.unique(to_array(drawn)[difference], axis=0)) == 1
    rows, columns = np.nonzero(difference)
    left, right, top, bottom = (1.5 * edge for edge in cell_box(chart_page, *CELLS[0]))
    edges = (columns.min(), columns.max() + 1, rows.min(), rows.max() + 1)
    assert edges == pytest.approx((left, right, top, bottom), abs=1)
