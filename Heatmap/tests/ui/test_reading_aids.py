"""What helps to read the picture: split sides, the price profile, the words at the crosshair."""

import base64
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from PyQt6.QtCore import QPoint

from Heatmap.picture.messages import CellLines, CellQuery
from Heatmap.tests.ui.cell_grids import BIN_USD, COLS, PRICE_LOW, ROWS
from Heatmap.tests.ui.chart_page import (
    START_S,
    ChartPage,
    Recording,
    changed,
    grid_message,
    to_array,
)
from Heatmap.tests.ui.crosshair_box import box_text, bright_block, place, point_at
from Heatmap.ui.layer.chart_layer import HeatmapLayer

pytestmark = pytest.mark.qt_log_ignore("Registered new object after initialization")

REPORT_LINES = (("Heat", "\u2265 1.2M USD"), ("Recorded", "all of this time"))


@pytest.fixture
def layer(qtbot: Any, chart_page: ChartPage, listener: Recording) -> HeatmapLayer:
    """Give a layer on a chart of 60 one-minute candles; the bare chart is drawn."""
    chart_page.create_chart()
    layer = HeatmapLayer(chart_page.page)
    layer.set_listener(listener)
    qtbot.waitUntil(lambda: layer.is_ready, timeout=10_000)
    layer.set_options({"opacity": 1.0})
    return layer


# -- split sides ------------------------------------------------------------------------------


def test_split_cells_are_orange_for_longs_and_blue_for_shorts(
    layer: HeatmapLayer, chart_page: ChartPage
) -> None:
    bare = chart_page.settled_picture()
    grid = np.zeros((ROWS, COLS), np.uint8)
    grid[50:56, 240:300] = 2 * 127 + 1
    grid[12:18, 240:300] = 2 * 127
    layer.show_grid(*grid_message(grid, isSplit=True))
    chart_page.qtbot.waitUntil(
        lambda: int(changed(bare, chart_page.picture()).sum()) > 500, timeout=10_000
    )
    pixels = to_array(chart_page.settled_picture())
    for row, is_long in ((53.5, True), (15.5, False)):
        # Between two candles.
        at = place(chart_page, 22, row) + QPoint(5, 0)
        red, _green, blue = pixels[at.y(), at.x()]
        assert (red > blue + 60) if is_long else (blue > red + 60)


def test_going_from_split_to_one_field_and_back_takes_the_colours_along(
    layer: HeatmapLayer, chart_page: ChartPage
) -> None:
    at = place(chart_page, 22, 30.5)

    def colour_of(meta: Any, cells: bytes) -> tuple[int, ...]:
        before = chart_page.settled_picture()
        layer.show_grid(meta, cells)
        chart_page.qtbot.waitUntil(
            lambda: bool(changed(before, chart_page.picture()).any()), timeout=10_000
        )
        return tuple(to_array(chart_page.settled_picture())[at.y(), at.x()])

    first = colour_of(*grid_message(bright_block(255), isSplit=True))
    one_field = colour_of(*grid_message(bright_block(255)))
    assert one_field != first
    assert colour_of(*grid_message(bright_block(255), isSplit=True)) == first


# -- price profile ----------------------------------------------------------------------------


def profile(longs: dict[int, int], shorts: dict[int, int]) -> dict[str, str]:
    bars = np.zeros((2, ROWS), np.uint8)
    for side, rows in enumerate((longs, shorts)):
        for row, length in rows.items():
            bars[side, row] = length
    text = base64.b64encode(bars.tobytes()).decode("ascii")
    return {"bars": text, "longText": "\u2265 1.2M", "shortText": "\u2265 300k"}


def test_the_profile_shows_long_and_short_bars_of_their_rows_at_the_right_edge(
    layer: HeatmapLayer, chart_page: ChartPage
) -> None:
    layer.set_options({"colourBar": False, "sourceLine": False, "profile": True})
    empty = np.zeros((ROWS, COLS), np.uint8)
    layer.show_grid(*grid_message(empty, profile=profile({}, {})))
    without = chart_page.settled_picture()
    # One row of longs only, one of shorts only, one that has both.
    layer.show_grid(*grid_message(empty, profile=profile({10: 255, 40: 100}, {25: 128, 40: 100})))
    chart_page.qtbot.waitUntil(
        lambda: bool(changed(without, chart_page.picture()).any()), timeout=10_000
    )
    drawn = chart_page.settled_picture()
    difference = changed(without, drawn)
    width = int(chart_page.js("chart.timeScale().width()"))
    full = min(160, width * 0.14)
    pixels = to_array(drawn)
    for row, length in ((10, full), (25, full * 128 / 255), (40, full * 200 / 255)):
        y = place(chart_page, 30, row + 0.5).y()
        changed_xs = np.flatnonzero(difference[y, :width])
        assert abs(len(changed_xs) - length) <= 3
        # As long as it is, and at the edge, but where a candle lies over it.
        assert changed_xs[-1] >= width - 2
    long_y, short_y = place(chart_page, 30, 10.5).y(), place(chart_page, 30, 25.5).y()
    assert pixels[long_y, width - 3][0] > pixels[long_y, width - 3][2]
    assert pixels[short_y, width - 3][2] > pixels[short_y, width - 3][0]
    other_rows = [y for row in (5, 18, 33, 55) for y in (place(chart_page, 30, row).y(),)]
    assert not difference[other_rows].any()


def test_the_profile_is_off_unless_asked_for(layer: HeatmapLayer, chart_page: ChartPage) -> None:
    layer.set_options({"colourBar": False, "sourceLine": False})
    bare = chart_page.settled_picture()
    empty = np.zeros((ROWS, COLS), np.uint8)
    layer.show_grid(*grid_message(empty, profile=profile({10: 255}, {25: 128})))
    chart_page.next_frames()
    assert not changed(bare, chart_page.settled_picture()).any()


def test_a_profile_of_another_number_of_rows_is_refused(
    layer: HeatmapLayer, chart_page: ChartPage, caplog: pytest.LogCaptureFixture
) -> None:
    wrong = profile({1: 255}, {})
    wrong["bars"] = wrong["bars"][:8]
    layer.show_grid(*grid_message(bright_block(), profile=wrong))
    chart_page.qtbot.waitUntil(lambda: "profile" in caplog.text, timeout=10_000)


# -- at the crosshair -------------------------------------------------------------------------


@pytest.fixture
def asked(layer: HeatmapLayer, listener: Recording, chart_page: ChartPage) -> list[CellQuery]:
    """Show a block of heat and keep what is asked about it."""
    layer.show_grid(*grid_message(bright_block()))
    chart_page.settled_picture()
    return listener.queries


def test_the_crosshair_asks_about_the_cell_under_it_and_shows_the_answer(
    layer: HeatmapLayer, chart_page: ChartPage, asked: list[CellQuery]
) -> None:
    point_at(chart_page, place(chart_page, 30, 30.5))
    chart_page.qtbot.waitUntil(lambda: bool(asked), timeout=10_000)
    query = asked[-1]
    assert (query.price_low, query.price_high) == (PRICE_LOW + 1500, PRICE_LOW + 1550)
    # A candle is centred on its open time: its middle is half a minute after it.
    assert abs(query.from_ms - (START_S * 1000 + 30 * 60_000 + 30_000)) <= 10_000
    # Columns that are narrower than a pixel are asked about in pairs, as they are drawn.
    assert query.to_ms - query.from_ms in (5_000, 10_000)
    layer.show_cell(CellLines(query, REPORT_LINES))
    chart_page.qtbot.waitUntil(
        lambda: "\u2265 1.2M USD" in (box_text(chart_page) or ""), timeout=10_000
    )
    text = box_text(chart_page) or ""
    assert "100000.00 \u2013 100050.00" in text
    assert "5 Dec 01:30:" in text
    assert "UTC" in text
    assert "all of this time" in text


def test_after_a_switch_nothing_is_told_of_the_symbol_before(
    layer: HeatmapLayer, chart_page: ChartPage, asked: list[CellQuery]
) -> None:
    point_at(chart_page, place(chart_page, 30, 30.5))
    chart_page.qtbot.waitUntil(lambda: bool(asked), timeout=10_000)
    stale = CellLines(asked[-1], REPORT_LINES)
    layer.show_cell(stale)
    chart_page.qtbot.waitUntil(lambda: "1.2M" in (box_text(chart_page) or ""), timeout=10_000)
    # Asked about the next place, the answer to which is under way when the symbol changes.
    asked.clear()
    point_at(chart_page, place(chart_page, 31, 31.5))
    chart_page.qtbot.waitUntil(lambda: bool(asked), timeout=10_000)
    layer.set_symbol("ETHUSDT")
    layer.show_grid(*grid_message(bright_block()))
    chart_page.settled_picture()
    asked.clear()
    point_at(chart_page, place(chart_page, 31, 31.5))
    chart_page.qtbot.waitUntil(lambda: box_text(chart_page) is not None, timeout=10_000)
    assert "1.2M" not in (box_text(chart_page) or "")
    layer.show_cell(stale)
    # That one is dropped, and the question is asked anew.
    chart_page.qtbot.waitUntil(lambda: bool(asked), timeout=10_000)
    assert "1.2M" not in (box_text(chart_page) or "")
    layer.show_cell(CellLines(asked[-1], (("Heat", "77k USD"),)))
    chart_page.qtbot.waitUntil(lambda: "77k" in (box_text(chart_page) or ""), timeout=10_000)


def test_times_are_those_of_the_charts_axis(
    layer: HeatmapLayer, chart_page: ChartPage, asked: list[CellQuery]
) -> None:
    # The page's candles are two hours ahead: in UTC they begin at 23:00 the day before.
    layer.set_time_offset(7_200_000)
    layer.show_grid(*grid_message(bright_block(), timeStartMs=START_S * 1000 - 7_200_000))
    chart_page.settled_picture()
    point_at(chart_page, place(chart_page, 30, 30.5))
    chart_page.qtbot.waitUntil(lambda: bool(asked), timeout=10_000)
    assert abs(asked[-1].from_ms - (START_S * 1000 - 7_200_000 + 1_830_000)) <= 10_000
    text = box_text(chart_page) or ""
    assert "5 Dec 01:30:" in text
    assert "UTC" not in text


@pytest.mark.parametrize("row", [45.5, 10.5])
def test_where_nothing_is_drawn_nothing_opens(
    row: float, layer: HeatmapLayer, chart_page: ChartPage, asked: list[CellQuery]
) -> None:
    point_at(chart_page, place(chart_page, 30, row))
    # The same way into the heat: what opens there shows that the box would have opened before.
    chart_page.next_frames()
    assert box_text(chart_page) is None
    point_at(chart_page, place(chart_page, 30, 30.5))
    chart_page.qtbot.waitUntil(lambda: bool(asked), timeout=10_000)
    assert {(query.price_low - PRICE_LOW) // BIN_USD for query in asked} == {30.0}
    del layer


def test_a_gap_is_told_about_though_nothing_is_drawn_in_it(
    layer: HeatmapLayer, chart_page: ChartPage, listener: Recording
) -> None:
    start_ms = START_S * 1000
    gaps = [[start_ms + 600_000, start_ms + 1_200_000, "gap"]]
    layer.show_grid(*grid_message(np.zeros((ROWS, COLS), np.uint8), gaps=gaps))
    chart_page.settled_picture()
    point_at(chart_page, place(chart_page, 14, 30.5))
    chart_page.qtbot.waitUntil(lambda: bool(listener.queries), timeout=10_000)
    assert box_text(chart_page) is not None


@pytest.mark.parametrize(
    "close",
    [
        lambda layer: layer.clear(),
        lambda layer: layer.set_options({"tooltip": False}),
        lambda layer: layer.set_options({"visible": False}),
        lambda layer: layer.show_grid(*grid_message(np.zeros((ROWS, COLS), np.uint8))),
        lambda layer: layer.detach(),
    ],
)
def test_the_box_closes_with_what_it_tells_about(
    close: Callable[[HeatmapLayer], None],
    layer: HeatmapLayer,
    chart_page: ChartPage,
    asked: list[CellQuery],
) -> None:
    point_at(chart_page, place(chart_page, 30, 30.5))
    chart_page.qtbot.waitUntil(lambda: box_text(chart_page) is not None, timeout=10_000)
    assert asked
    close(layer)
    chart_page.qtbot.waitUntil(lambda: box_text(chart_page) is None, timeout=10_000)


def test_the_box_stays_inside_the_pane_in_every_corner(
    layer: HeatmapLayer, chart_page: ChartPage, asked: list[CellQuery]
) -> None:
    layer.show_grid(*grid_message(np.full((ROWS, COLS), 200, np.uint8)))
    chart_page.settled_picture()
    width = chart_page.js("chart.timeScale().width()")
    height = chart_page.js("chart.panes()[0].getHeight()")
    long_lines = tuple((f"line {number}", "\u2265 1.2M USD in 30") for number in range(8))
    for at in ((40, 40), (width - 40, 40), (40, height - 5), (width - 40, height - 5)):
        point_at(chart_page, QPoint(round(at[0]), round(at[1])))
        asked_before = len(asked)
        chart_page.qtbot.waitUntil(lambda n=asked_before: len(asked) > n - 1, timeout=10_000)
        chart_page.qtbot.waitUntil(lambda: box_text(chart_page) is not None, timeout=10_000)
        layer.show_cell(CellLines(asked[-1], long_lines))
        chart_page.next_frames()
        left, top, right, bottom = chart_page.js(
            "(() => { const box = chart.chartElement().lastElementChild.getBoundingClientRect();"
            " return [box.left, box.top, box.right, box.bottom]; })()"
        )
        assert left >= 0
        assert top >= 0
        assert right <= width + 1
        assert bottom <= height + 1


def test_an_open_box_changes_no_pixel_of_the_chart_outside_itself_and_no_host_state(
    layer: HeatmapLayer, chart_page: ChartPage, asked: list[CellQuery]
) -> None:
    at = place(chart_page, 30, 30.5)
    layer.set_options({"tooltip": False})
    point_at(chart_page, at)
    chart_page.next_frames()
    without, state = chart_page.settled_picture(), chart_page.state()
    layer.set_options({"tooltip": True})
    point_at(chart_page, at)
    chart_page.qtbot.waitUntil(lambda: box_text(chart_page) is not None, timeout=10_000)
    assert asked
    layer.show_cell(CellLines(asked[-1], REPORT_LINES))
    chart_page.qtbot.waitUntil(lambda: "1.2M" in (box_text(chart_page) or ""), timeout=10_000)
    difference = changed(without, chart_page.settled_picture())
    left, top, right, bottom = chart_page.js(
        "(() => { const box = chart.chartElement().lastElementChild.getBoundingClientRect();"
        " return [box.left, box.top, box.right, box.bottom]; })()"
    )
    assert difference[int(top) : int(bottom), int(left) : int(right)].any()
    difference[int(top) - 1 : int(bottom) + 2, int(left) - 1 : int(right) + 2] = False
    assert not difference.any()
    assert chart_page.state() == state
