"""Words where there is little room, and where the host's page is unusual."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from Heatmap.picture.messages import CellLines
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

SOURCE = "Replayed Binance USD-M liquidations, lower bound, recorded since 2024-12-04 16:46 UTC"
BOX = (
    "(() => { const box = chart.chartElement().lastElementChild.getBoundingClientRect();"
    " return [box.left, box.top, box.right, box.bottom]; })()"
)
LEGEND = (
    "OrderPilotHeatmap.layers.values().next().value.stage.parts._made"
    ".find((each) => each.record.name === 'legend').part"
)

MARK = LEGEND.replace("'legend'", "'window_mark'")


def shown_layer(page: ChartPage, listener: Recording, grid: Any, **changes: Any) -> HeatmapLayer:
    page.load()
    page.create_chart()
    layer = HeatmapLayer(page.page)
    layer.set_listener(listener)
    page.qtbot.waitUntil(lambda: layer.is_ready, timeout=10_000)
    layer.show_grid(*grid_message(grid, **changes))
    page.settled_picture()
    return layer


def test_the_source_breaks_its_lines_in_a_narrow_pane_and_stays_whole_in_a_wide_one(
    make_page: Callable[..., ChartPage], listener: Recording
) -> None:
    grid = bright_block()
    scale = {"labels": [[0.0, "0"], [1.0, "\u22651M USD"]], "mode": "sqrt"}
    for size, count in (((430, 400), 2), ((900, 400), 1)):
        page = make_page(size=size)
        shown_layer(page, listener, grid, sourceText=SOURCE, scale=scale)
        lines = page.js(f"{LEGEND}._lines")
        assert len(lines) >= count
        assert ", ".join(lines) == SOURCE
        assert page.js(f"{LEGEND}._textWidth") <= page.js("chart.timeScale().width()") - 20


def test_in_a_page_that_is_hardly_higher_the_box_is_not_cut_off(
    make_page: Callable[..., ChartPage], listener: Recording
) -> None:
    page = make_page(size=(500, 200))
    layer = shown_layer(page, listener, np.full((60, 720), 200, np.uint8))
    middle = page.js("[chart.timeScale().width() / 2, chart.panes()[0].getHeight() / 2]")
    at = place(page, 30, 30.5)
    at.setX(round(middle[0]))
    at.setY(round(middle[1]))
    point_at(page, at)
    page.qtbot.waitUntil(lambda: bool(listener.queries), timeout=10_000)
    lines = tuple((f"line {number}", "text") for number in range(8))
    layer.show_cell(CellLines(listener.queries[-1], lines))
    page.qtbot.waitUntil(lambda: "line 7" in (box_text(page) or ""), timeout=10_000)
    left, top, right, bottom = page.js(BOX)
    assert left >= 0
    assert top >= 0
    assert right <= 500
    assert bottom <= 200


@pytest.mark.parametrize(
    "style",
    [
        "#chart { transform: translateX(60px); }",
        "div, span { width: 100% !important; color: red !important; }",
    ],
)
def test_the_hosts_style_sheet_neither_moves_nor_stretches_the_box(
    style: str, chart_page: ChartPage, listener: Recording
) -> None:
    shown_layer(chart_page, listener, bright_block())
    chart_page.js(
        f"(document.head.appendChild(document.createElement('style')).textContent = `{style}`, 0)"
    )
    chart_page.settled_picture()
    pane = "chart.panes()[0].getHTMLElement().children[1].getBoundingClientRect()"
    shift = chart_page.js(f"[{pane}.left, {pane}.top]")
    at = place(chart_page, 30, 30.5)
    at.setX(at.x() + round(shift[0]))
    at.setY(at.y() + round(shift[1]))
    point_at(chart_page, at)
    chart_page.qtbot.waitUntil(lambda: box_text(chart_page) is not None, timeout=10_000)
    left, top, right, _bottom = chart_page.js(BOX)
    assert abs(left - at.x() - 16) <= 1
    assert abs(top - at.y() - 16) <= 1
    assert right - left < 300


def test_sides_follow_the_charts_background(chart_page: ChartPage, listener: Recording) -> None:
    grid = np.zeros((60, 720), np.uint8)
    grid[10:50, 120:480] = 2 * 127 + 1
    layer = shown_layer(chart_page, listener, grid, isSplit=True)
    layer.set_options({"opacity": 1.0})
    at = place(chart_page, 22, 15.5)
    dark = to_array(chart_page.settled_picture())[at.y(), at.x() + 5]
    chart_page.js("(chart.applyOptions({layout: {background: {color: 'white'}}}), 0)")
    light = to_array(chart_page.settled_picture())[at.y(), at.x() + 5]
    # The strongest is the brightest on a dark ground, and the darkest on a light one.
    assert dark.sum() > 500
    assert light.sum() < 250


def test_after_the_last_frame_no_frames_are_reported(
    chart_page: ChartPage, listener: Recording
) -> None:
    shown_layer(chart_page, listener, bright_block())
    chart_page.qtbot.waitUntil(
        lambda: bool(listener.timings) and listener.timings[-1]["frames"] == 0, timeout=10_000
    )
    told = len(listener.timings)
    assert listener.timings[-1]["paint_ms"] > 0
    before = chart_page.settled_picture()
    assert not changed(before, chart_page.settled_picture()).any()
    assert len(listener.timings) == told


NEWEST_BOXES = (
    "priceSeries.data().slice(-10).map((c) => [chart.timeScale().timeToCoordinate(c.time),"
    " priceSeries.priceToCoordinate(c.high), priceSeries.priceToCoordinate(c.low)])"
)
LEGEND_BOX = (
    f"(({{left, top, right, bottom}}) => [left, top, right, bottom])({LEGEND}._surface.legend)"
)


def test_the_legend_can_be_moved_and_is_never_over_the_newest_candles(
    make_page: Callable[..., ChartPage], listener: Recording
) -> None:
    page = make_page(size=(800, 500))
    scale = {"labels": [[0.0, "0"], [1.0, "\u22651M USD"]], "mode": "sqrt"}
    layer = shown_layer(page, listener, bright_block(), sourceText="A source", scale=scale)
    width = page.js("chart.timeScale().width()")

    def stands(name: str) -> bool:
        left, _top, _right, bottom = page.js(LEGEND_BOX)
        is_right, is_upper = left > width / 2, bottom < 200
        return name == f"{'upper' if is_upper else 'lower'} {'right' if is_right else 'left'}"

    # With the candles in the middle every corner is free.
    page.js("(priceSeries.priceScale().setVisibleRange({from: 96000, to: 104000}), 0)")
    page.qtbot.waitUntil(lambda: stands("lower right"), timeout=10_000)
    for name in ("upper left", "lower left", "upper right", "lower right"):
        layer.set_options({"legendCorner": name})
        page.qtbot.waitUntil(lambda name=name: stands(name), timeout=10_000)  # type: ignore[misc]
    # The newest candles come to where it stands, at the bottom and at the top.
    for prices in ("{from: 99600, to: 101500}", "{from: 98600, to: 100300}"):
        page.js(f"(priceSeries.priceScale().setVisibleRange({prices}), 0)")
        for name in ("upper right", "lower right", "auto"):
            layer.set_options({"legendCorner": name})
            page.next_frames()
            left, top, right, bottom = page.js(LEGEND_BOX)
            assert right > left
            assert [
                (x, high, low)
                for x, high, low in page.js(NEWEST_BOXES)
                if left <= x <= right and high <= bottom and low >= top
            ] == []
    # Wide ones reach into it from beside it.
    layer.set_options({"legendCorner": "lower right"})
    page.js("(priceSeries.priceScale().setVisibleRange({from: 99600, to: 101500}), 0)")
    page.js("(chart.timeScale().applyOptions({barSpacing: 80}), 0)")
    for step in range(16):
        page.js(f"(chart.timeScale().scrollToPosition({step} / 4, false), 0)")
        page.next_frames()
        left, top, right, bottom = page.js(LEGEND_BOX)
        assert [
            (x, high, low)
            for x, high, low in page.js(NEWEST_BOXES)
            if x is not None and left - 32 <= x <= right + 32 and high <= bottom and low >= top
        ] == []
    layer.detach()


def test_the_words_at_the_windows_begin_follow_its_length_and_the_charts_font(
    chart_page: ChartPage, listener: Recording
) -> None:
    block = bright_block()
    begin_ms = START_S * 1000
    layer = shown_layer(chart_page, listener, block, windowStartMs=begin_ms + 12 * 60_000)
    shown = f"[{MARK}._words, {MARK}._width]"
    for family, minutes, text in (
        ("serif", 12, "0.8 h window"),
        ("serif", 30, "0.5 h window"),
        ("monospace", 30, "0.5 h window"),
    ):
        chart_page.js(f"(chart.applyOptions({{layout: {{fontFamily: '{family}'}}}}), 0)")
        layer.show_grid(*grid_message(block, windowStartMs=begin_ms + minutes * 60_000))
        width = chart_page.js(
            "(() => { const context = document.createElement('canvas').getContext('2d');"
            f" context.font = '11px {family}';"
            f" return context.measureText('{text}').width + 8; }})()"
        )
        chart_page.qtbot.waitUntil(
            lambda: chart_page.js(shown) == [text, width],  # noqa: B023  # called at once
            timeout=10_000,
        )
    layer.detach()
