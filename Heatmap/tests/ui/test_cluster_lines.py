"""Price clusters as lines on the chart."""

from typing import Any

import numpy as np
import pytest

from Heatmap.tests.ui.chart_page import (
    START_S,
    ChartPage,
    Recording,
    changed,
    to_array,
)
from Heatmap.ui.layer.chart_layer import HeatmapLayer

pytestmark = pytest.mark.qt_log_ignore("Registered new object after initialization")


@pytest.fixture
def layer(qtbot: Any, chart_page: ChartPage, listener: Recording) -> HeatmapLayer:
    chart_page.create_chart()
    layer = HeatmapLayer(chart_page.page)
    layer.set_listener(listener)
    qtbot.waitUntil(lambda: layer.is_ready, timeout=10_000)
    return layer


def line(price: float, **values: Any) -> dict[str, Any]:
    return {
        "price": price,
        "side": "long",
        "strength": 1.0,
        "fromMs": (START_S + 20 * 60) * 1000,
        "text": "\u2265 1.2M USD, last 6 h",
    } | values


def show(page: ChartPage, layer: HeatmapLayer, *lines: dict[str, Any]) -> Any:
    """Draw lines; give the pixels before and after, and which differ."""
    bare = page.settled_picture()
    layer.show_part("cluster_lines", lines)
    page.qtbot.waitUntil(lambda: bool(changed(bare, page.picture()).any()), timeout=10_000)
    drawn = page.settled_picture()
    return to_array(bare), to_array(drawn), changed(bare, drawn)


def label_rows(difference: Any) -> list[tuple[int, int]]:
    """Give the height ranges of what was drawn right of the lines' beginning, label by label."""
    is_label = difference[:, 480:700].sum(axis=1) > 60
    edges = np.flatnonzero(np.diff(np.concatenate([[False], is_label, [False]]).astype(int)))
    return [(int(top), int(end)) for top, end in zip(edges[::2], edges[1::2], strict=True)]


def test_a_line_runs_from_its_first_liquidation_to_the_right_in_its_sides_colour(
    layer: HeatmapLayer, chart_page: ChartPage
) -> None:
    _, pixels, difference = show(
        chart_page,
        layer,
        line(100_700.0),
        line(99_400.0, side="short", fromMs=(START_S + 40 * 60) * 1000),
    )
    for price, minute, is_long in ((100_700.0, 20, True), (99_400.0, 40, False)):
        y = round(chart_page.y_of_price(price))
        row = difference[y - 1 : y + 2].any(axis=0)
        spacing = chart_page.x_of_candle(START_S + 60) - chart_page.x_of_candle(START_S)
        begin = chart_page.x_of_candle(START_S + minute * 60) - spacing / 2
        assert abs(int(np.flatnonzero(row)[0]) - begin) <= 2
        red, _green, blue = pixels[y, round(begin) + 4]
        assert bool(red > blue) is is_long


def test_the_stronger_line_is_wider_and_brighter(
    layer: HeatmapLayer, chart_page: ChartPage
) -> None:
    before, after, difference = show(
        chart_page, layer, line(100_700.0), line(99_400.0, strength=0.1)
    )
    heights, contrasts = [], []
    # Between the lines' beginning and their labels, between two candles.
    x = round(chart_page.x_of_candle(START_S + 22 * 60)) + 5
    for price in (100_700.0, 99_400.0):
        y = round(chart_page.y_of_price(price))
        part = slice(y - 6, y + 7)
        heights.append(int(difference[part, x].sum()))
        contrasts.append(int(np.abs(after[part, x] - before[part, x]).max()))
    assert heights[0] > heights[1] >= 1
    assert contrasts[0] > contrasts[1] > 0


def test_labels_give_way_and_do_not_overlap(layer: HeatmapLayer, chart_page: ChartPage) -> None:
    _, _, one = show(chart_page, layer, line(100_000.0))
    assert len(label_rows(one)) == 1
    height = label_rows(one)[0][1] - label_rows(one)[0][0]
    layer.clear()
    # Three at nearly one price and one far away: all find a place.
    near = [line(price) for price in (100_000.0, 100_010.0, 99_990.0, 101_000.0)]
    _, _, four = show(chart_page, layer, *near)
    heights = [end - top for top, end in label_rows(four)]
    assert sum(heights) >= 4 * (height - 1)
    layer.clear()
    # Of ten at one price the strongest that have room are told; the picture stays readable.
    _, _, many = show(chart_page, layer, *[line(100_000.0 + i) for i in range(10)])
    assert sum(end - top for top, end in label_rows(many)) <= 6 * height


def test_lines_go_with_the_grid_and_with_the_layer(
    layer: HeatmapLayer, chart_page: ChartPage
) -> None:
    bare = chart_page.settled_picture()
    for end in (
        layer.clear,
        lambda: layer.show_part("cluster_lines", []),
        lambda: layer.set_options({"visible": False}),
        layer.detach,
    ):
        layer.show_part("cluster_lines", [])
        layer.set_options({"visible": True})
        show(chart_page, layer, line(100_000.0))
        end()
        chart_page.qtbot.waitUntil(
            lambda: not changed(bare, chart_page.picture()).any(), timeout=10_000
        )


def test_lines_change_nothing_of_the_hosts_chart(
    layer: HeatmapLayer, chart_page: ChartPage
) -> None:
    before = chart_page.state()
    # Far outside the candles' prices as well: the scale must not follow.
    show(chart_page, layer, line(100_000.0), line(250_000.0), line(10.0, side="short"))
    assert chart_page.state() == before


def test_a_line_that_begins_right_of_the_pane_is_not_drawn(
    layer: HeatmapLayer, chart_page: ChartPage
) -> None:
    bare = chart_page.settled_picture()
    chart_page.js("(chart.timeScale().setVisibleLogicalRange({from: -1.5, to: 15.5}), 0)")
    scrolled = chart_page.settled_picture()
    assert changed(bare, scrolled).any()
    layer.show_part("cluster_lines", [line(100_000.0)])
    chart_page.next_frames()
    assert not changed(scrolled, chart_page.settled_picture()).any()
