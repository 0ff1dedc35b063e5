"""The box at the crosshair is there only while somebody points at what it tells about."""

import json
from collections.abc import Callable

import numpy as np
import pytest
from PyQt6.QtCore import QPoint
from PyQt6.QtTest import QTest

from Heatmap.picture.messages import CellLines
from Heatmap.tests.ui.cell_grids import COLS, ROWS
from Heatmap.tests.ui.chart_page import ChartPage, Recording, grid_message, minute_candles
from Heatmap.tests.ui.crosshair_box import box_text, bright_block, place, point_at
from Heatmap.ui.layer.chart_layer import HeatmapLayer

pytestmark = pytest.mark.qt_log_ignore("Registered new object after initialization")

HIDDEN, NORMAL, MAGNET = 2, 0, 1
BOXES = "Array.from(document.querySelectorAll('#chart div')).filter((each) => "
BOXES += "each.style.position === 'fixed' && each.style.display !== 'none').length"


def set_mode(page: ChartPage, mode: int) -> None:
    page.js(f"(chart.applyOptions({{crosshair: {{mode: {mode}}}}}), 0)")


def is_gone(page: ChartPage) -> bool:
    """Tell whether no box is seen, nor comes within the time that it takes to open."""
    page.js("(window.waitedMs = performance.now(), 0)")
    page.qtbot.waitUntil(lambda: page.js("performance.now() - waitedMs > 300"), timeout=10_000)
    return bool(page.js(BOXES) == 0)


def wait_gone(page: ChartPage) -> None:
    page.qtbot.waitUntil(lambda: page.js(BOXES) == 0, timeout=10_000)
    assert is_gone(page)


def wait_open(page: ChartPage) -> None:
    page.qtbot.waitUntil(lambda: box_text(page) is not None, timeout=10_000)


@pytest.fixture
def layer(qtbot: object, chart_page: ChartPage, listener: Recording) -> HeatmapLayer:
    """Give a layer whose box is open over heat, and has been answered."""
    chart_page.create_chart()
    layer = HeatmapLayer(chart_page.page, symbol="BTCUSDT")
    layer.set_listener(listener)
    chart_page.qtbot.waitUntil(lambda: layer.is_ready, timeout=10_000)
    layer.show_grid(*grid_message(bright_block()))
    chart_page.settled_picture()
    point_at(chart_page, place(chart_page, 30, 30.5))
    chart_page.qtbot.waitUntil(lambda: bool(listener.queries), timeout=10_000)
    layer.show_cell(CellLines(listener.queries[-1], (("Heat", "much"),)))
    chart_page.qtbot.waitUntil(lambda: "much" in (box_text(chart_page) or ""), timeout=10_000)
    assert qtbot is not None
    return layer


@pytest.mark.parametrize("mode", [NORMAL, MAGNET])
def test_a_hidden_crosshair_has_no_box_and_it_comes_back(
    mode: int, layer: HeatmapLayer, chart_page: ChartPage
) -> None:
    # Nothing moves.
    set_mode(chart_page, HIDDEN)
    wait_gone(chart_page)
    # Nor does one come where the user goes on to draw.
    for minute in (28, 32):
        point_at(chart_page, place(chart_page, minute, 30.5))
        assert is_gone(chart_page)
    # What comes from outside meanwhile opens none.
    layer.show_grid(*grid_message(np.full((ROWS, COLS), 99, np.uint8)))
    assert is_gone(chart_page)
    set_mode(chart_page, mode)
    wait_open(chart_page)
    point_at(chart_page, place(chart_page, 30, 30.5))
    wait_open(chart_page)


def test_a_crosshair_that_is_hidden_before_opens_nothing(
    layer: HeatmapLayer, chart_page: ChartPage, listener: Recording
) -> None:
    QTest.mouseMove(chart_page.view.focusProxy(), QPoint(795, 495))
    wait_gone(chart_page)
    set_mode(chart_page, HIDDEN)
    asked = len(listener.queries)
    point_at(chart_page, place(chart_page, 30, 30.5))
    assert is_gone(chart_page)
    assert len(listener.queries) == asked
    del layer


TIME_S = minute_candles()[40]["time"]
PLACED = f"(chart.setCrosshairPosition(100300, {TIME_S}, priceSeries), "
FIXED = "(chart.priceScale('right').applyOptions({autoScale: false}), "
PANE = (
    "(chart.addSeries(LightweightCharts.LineSeries, {}, 1).setData("
    f"{json.dumps([{'time': each['time'], 'value': 1} for each in minute_candles()])}), "
)


@pytest.mark.parametrize(
    "script",
    [
        "(chart.clearCrosshairPosition(), 0)",
        f"(chart.setCrosshairPosition(100300, {TIME_S}, priceSeries), 0)",
        # Candles that change have the chart tell the place of its crosshair again.
        f"{PLACED}priceSeries.update({{...priceSeries.data().at(-1), close: 100333}}), 0)",
        "(priceSeries.setData([]), 0)",
        "(chart.timeScale().scrollToPosition(-100, false), 0)",
        f"{FIXED}chart.priceScale('right').setVisibleRange({{from: 90000, to: 91000}}), 0)",
        f"{PANE}priceSeries.moveToPane(1), 0)",
        f"{PANE}chart.swapPanes(0, 1), 0)",
        "(chart.remove(), chart = null, priceSeries = null, 0)",
        "(chart.removeSeries(priceSeries), priceSeries = null, 0)",
    ],
)
def test_what_the_host_does_under_a_pointer_that_rests_closes_the_box(
    script: str, layer: HeatmapLayer, chart_page: ChartPage
) -> None:
    chart_page.js(script)
    wait_gone(chart_page)
    del layer


def test_after_the_host_has_placed_the_crosshair_pointing_opens_the_box_again(
    layer: HeatmapLayer, chart_page: ChartPage
) -> None:
    chart_page.js(f"(chart.setCrosshairPosition(100300, {TIME_S}, priceSeries), 0)")
    wait_gone(chart_page)
    point_at(chart_page, place(chart_page, 31, 30.5))
    wait_open(chart_page)
    # A host that has the line snap to something moves it within the pointer's own event.
    chart_page.js(
        "(chart.subscribeCrosshairMove((event) => { if (event.sourceEvent) { "
        f"chart.setCrosshairPosition(100300, {TIME_S}, priceSeries); }} }}), 0)"
    )
    point_at(chart_page, place(chart_page, 33, 30.5))
    wait_open(chart_page)
    point_at(chart_page, place(chart_page, 29, 30.5))
    wait_open(chart_page)
    del layer


def test_a_pane_that_goes_takes_the_box_along_and_another_opens_it_again(
    layer: HeatmapLayer, chart_page: ChartPage
) -> None:
    chart_page.js(f"{PANE}priceSeries.moveToPane(1), 0)")
    wait_gone(chart_page)
    chart_page.js("(chart.removePane(0), 0)")
    chart_page.settled_picture()
    assert is_gone(chart_page)
    point_at(chart_page, place(chart_page, 30, 30.5))
    wait_open(chart_page)
    del layer


@pytest.mark.parametrize(
    "close",
    [
        lambda layer: layer.set_symbol("ETHUSDT"),
        lambda layer: layer.set_symbol(None),
        lambda layer: layer.set_options({"visible": False}),
        lambda layer: layer.set_options({"tooltip": False}),
        lambda layer: layer.detach(),
    ],
)
def test_what_the_layer_is_told_closes_the_box_also_while_an_answer_is_on_its_way(
    close: Callable[[HeatmapLayer], None],
    layer: HeatmapLayer,
    chart_page: ChartPage,
    listener: Recording,
) -> None:
    asked = len(listener.queries)
    point_at(chart_page, place(chart_page, 32, 30.5))
    chart_page.qtbot.waitUntil(lambda: len(listener.queries) > asked, timeout=10_000)
    close(layer)
    layer.show_cell(CellLines(listener.queries[-1], (("Heat", "late"),)))
    wait_gone(chart_page)


def test_the_box_follows_the_candles_under_a_pointer_that_rests(
    layer: HeatmapLayer, chart_page: ChartPage, listener: Recording
) -> None:
    before = listener.queries[-1]
    chart_page.js("(chart.timeScale().setVisibleLogicalRange({from: -4.5, to: 58.5}), 0)")
    chart_page.qtbot.waitUntil(lambda: listener.queries[-1] != before, timeout=10_000)
    after = listener.queries[-1]
    assert abs(before.from_ms - after.from_ms - 3 * 60_000) <= 10_000
    assert (after.price_low, after.price_high) == (before.price_low, before.price_high)
    layer.show_cell(CellLines(after, (("Heat", "another"),)))
    chart_page.qtbot.waitUntil(lambda: "another" in (box_text(chart_page) or ""), timeout=10_000)


def test_leaving_the_chart_closes_the_box(layer: HeatmapLayer, chart_page: ChartPage) -> None:
    QTest.mouseMove(chart_page.view.focusProxy(), QPoint(790, 490))
    wait_gone(chart_page)
    # A pointer that leaves the page at once is told by the element it was over.
    point_at(chart_page, place(chart_page, 30, 30.5))
    wait_open(chart_page)
    chart_page.js(
        "(document.querySelectorAll('#chart canvas, #chart td, #chart div').forEach((each) => "
        "each.dispatchEvent(new MouseEvent('mouseleave', {bubbles: false, view: window}))), 0)"
    )
    wait_gone(chart_page)
    del layer
