"""Columns, and candles, that are narrower than a pixel: none of them is lost."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from PyQt6.QtGui import QImage

from Heatmap.tests.ui.cell_grids import BIN_USD, COLS, PRICE_LOW, ROWS, wait_for_change
from Heatmap.tests.ui.chart_page import START_S, ChartPage, changed, minute_candles
from Heatmap.ui.layer.chart_layer import HeatmapLayer


def test_a_window_narrower_than_a_pixel_is_a_hairline(
    chart_page: ChartPage, shown: Callable[..., HeatmapLayer]
) -> None:
    # An hour among weekly candles of eleven pixels.
    chart_page.create_chart(minute_candles(step_s=7 * 86_400))
    bare = chart_page.settled_picture()
    start_ms = (START_S + 40 * 7 * 86_400) * 1000
    shown(np.full((ROWS, COLS), 255, np.uint8), timeStartMs=start_ms)
    drawn = wait_for_change(chart_page, bare)
    columns = np.flatnonzero(changed(bare, drawn)[40:300].any(axis=0))
    assert len(columns) == 1
    spacing = chart_page.js("chart.timeScale().options().barSpacing")
    left = chart_page.x_of_candle(START_S + 40 * 7 * 86_400) - spacing / 2
    assert abs(columns[0] - left) <= 1


def show_without_candles(page: ChartPage, candles: list[Any], spacing: float) -> QImage:
    """Make a chart whose candles are not seen, of a spacing, at its end; give its picture."""
    page.create_chart(candles)
    page.js(
        "(priceSeries.applyOptions({upColor: 'transparent', downColor: 'transparent', "
        "wickVisible: false, borderVisible: false, priceLineVisible: false}), "
        f"chart.timeScale().applyOptions({{minBarSpacing: 0.1, barSpacing: {spacing}}}), "
        "chart.timeScale().scrollToPosition(2, false), 0)"
    )
    return page.settled_picture()


@pytest.mark.parametrize("mode", [0, 1])
@pytest.mark.parametrize("every", [3, 40])
@pytest.mark.parametrize(("spacing", "column_s"), [(1.3, 5), (0.9, 60), (0.5, 60), (0.3, 20)])
def test_no_cell_is_lost_among_candles_with_holes(
    every: int,
    spacing: float,
    column_s: int,
    mode: int,
    chart_page: ChartPage,
    shown: Callable[..., HeatmapLayer],
) -> None:
    """A hole at each third candle, or at few: pieces of the time axis between them."""
    candles = [candle for i, candle in enumerate(minute_candles(1200)) if i % every]
    show_without_candles(chart_page, candles, spacing)
    chart_page.js(f"(priceSeries.priceScale().applyOptions({{mode: {mode}}}), 0)")
    bare = chart_page.settled_picture()
    grid = np.zeros((ROWS, 72_000 // column_s), np.uint8)
    # Of each row the number of its candle, and the column that holds a bit of it.
    marked = {row: (candles[-1 - 9 * row]["time"], 5 * (row % 12)) for row in range(14, 46)}
    for row, (time_s, after_s) in marked.items():
        grid[row, (time_s - START_S + after_s) // column_s] = 255
    shown(grid, binMs=column_s * 1000, endMs=(START_S + 1200 * 60) * 1000)
    difference = changed(bare, wait_for_change(chart_page, bare))
    for row, (time_s, after_s) in marked.items():
        y = chart_page.y_of_price(PRICE_LOW + (row + 0.5) * BIN_USD)
        left = chart_page.x_of_candle(time_s) - spacing / 2
        start = left + after_s // column_s * column_s / 60 * spacing
        columns = np.flatnonzero(difference[round(y)])
        # In short pieces the pixels that the column touches, and no other; within long ones those
        # of its group, which is less than two pixels wide.
        allowed = 1 if every == 3 else 2
        assert columns[0] == pytest.approx(start, abs=allowed)
        assert columns[-1] + 1 == pytest.approx(start + column_s / 60 * spacing, abs=allowed)


@pytest.mark.parametrize("every", [3, 5, 11])
@pytest.mark.parametrize("spacing", [0.7, 2.3, 3.7, 6.1])
def test_what_lies_in_holes_of_the_candles_is_nowhere(
    spacing: float, every: int, chart_page: ChartPage, shown: Callable[..., HeatmapLayer]
) -> None:
    candles = [candle for i, candle in enumerate(minute_candles(600)) if i % every]
    bare = show_without_candles(chart_page, candles, spacing)
    grid = np.zeros((ROWS, 7200), np.uint8)
    for i in range(0, 600, every):
        grid[20:40, 12 * i : 12 * i + 12] = 255
    grid[45, 12 * 599] = 255  # of the newest candle, so that something comes
    shown(grid, endMs=(START_S + 36_000) * 1000)
    difference = changed(bare, wait_for_change(chart_page, bare))
    low, high = (round(chart_page.y_of_price(PRICE_LOW + row * BIN_USD)) for row in (20, 40))
    assert not difference[high + 1 : low - 1].any()


@pytest.mark.parametrize("columns", [1, 3])
@pytest.mark.parametrize("spacing", [1.1, 2.3, 3.3, 5.9])
def test_the_newest_and_the_oldest_columns_are_seen_at_any_spacing(
    spacing: float, columns: int, chart_page: ChartPage, shown: Callable[..., HeatmapLayer]
) -> None:
    """Where the next liquidation comes first: in a group of columns that is not full yet."""
    bare = show_without_candles(chart_page, minute_candles(1200), spacing)
    count = 1440 - 7
    grid = np.zeros((ROWS, count), np.uint8)
    grid[20, :columns] = 255
    grid[30, -columns:] = 255
    start_s = START_S + 1200 * 60 - 7200
    shown(grid, timeStartMs=start_s * 1000, endMs=(start_s + 5 * count) * 1000)
    difference = changed(bare, wait_for_change(chart_page, bare))
    newest = chart_page.x_of_candle(START_S + 1199 * 60) + (5 / 60 * 5 - 0.5) * spacing
    row = difference[round(chart_page.y_of_price(PRICE_LOW + 30.5 * BIN_USD))]
    assert np.flatnonzero(row)[-1] + 0.5 == pytest.approx(newest, abs=1)
    oldest = newest - count * 5 / 60 * spacing
    if oldest > 1:
        row = difference[round(chart_page.y_of_price(PRICE_LOW + 20.5 * BIN_USD))]
        assert np.flatnonzero(row)[0] + 0.5 == pytest.approx(oldest, abs=1)
