"""What the crosshair points at, and the box that opens there."""

from typing import Any

import numpy as np
from PyQt6.QtCore import QPoint
from PyQt6.QtTest import QTest

from Heatmap.tests.ui.cell_grids import BIN_USD, COLS, PRICE_LOW, ROWS
from Heatmap.tests.ui.chart_page import START_S, ChartPage


def bright_block(value: int = 200) -> Any:
    grid = np.zeros((ROWS, COLS), np.uint8)
    grid[20:40, 120:480] = value
    return grid


def place(page: ChartPage, minute: int, row: float) -> QPoint:
    """Give the pixel at the middle of a candle and at a row of the grid."""
    x = page.x_of_candle(START_S + minute * 60)
    return QPoint(round(x), round(page.y_of_price(PRICE_LOW + row * BIN_USD)))


def point_at(page: ChartPage, place: QPoint) -> None:
    # The second movement is the one that is reported: the first only enters the widget.
    QTest.mouseMove(page.view.focusProxy(), place - QPoint(7, 0))
    QTest.mouseMove(page.view.focusProxy(), place)


def box_text(page: ChartPage) -> str | None:
    """Give the tooltip's words; ``None`` while it is closed."""
    return page.js(
        "(() => { const box = chart.chartElement().lastElementChild; return box && "
        "box.style.position === 'fixed' && box.style.display === 'block' ? box.innerText : null; "
        "})()"
    )
