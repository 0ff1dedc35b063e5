"""Grids with a few bright cells, and where those lie on a chart page."""

from typing import Any

import numpy as np
from PyQt6.QtGui import QImage

from Heatmap.tests.ui.chart_page import START_S, ChartPage, changed

ROWS, COLS = 60, 720
BIN_USD, PRICE_LOW = 50.0, 98_500.0
# Bright cells as (first column, columns, row): whole candles of 12 columns, away from the bodies.
CELLS = ((12 * 20, 12, 50), (12 * 40, 12, 49), (12 * 31, 12, 10))


def bright_cells(cells: tuple[tuple[int, int, int], ...] = CELLS) -> Any:
    grid = np.zeros((ROWS, COLS), np.uint8)
    for column, columns, row in cells:
        grid[row, column : column + columns] = 255
    return grid


def wait_for_change(page: ChartPage, bare: QImage) -> QImage:
    page.qtbot.waitUntil(lambda: bool(changed(bare, page.picture()).any()), timeout=10_000)
    return page.settled_picture()


def cell_box(page: ChartPage, column: int, columns: int, row: int) -> tuple[float, ...]:
    """Give left, right, top, bottom of cells, from the chart's own coordinates of candles."""
    spacing = page.x_of_candle(START_S + 60) - page.x_of_candle(START_S)
    left = page.x_of_candle(START_S + column * 5) - spacing / 2
    ys = sorted(page.y_of_price(PRICE_LOW + edge * BIN_USD) for edge in (row, row + 1))
    return left, left + spacing * columns / 12, ys[0], ys[1]
