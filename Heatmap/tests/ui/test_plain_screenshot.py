"""What explains the picture is in the chart's plain export, and the crosshair's box is not."""

import base64
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from PyQt6.QtGui import QImage

from Heatmap.picture.messages import CellLines
from Heatmap.tests.ui.cell_grids import ROWS
from Heatmap.tests.ui.chart_page import START_S, ChartPage, Recording, changed, grid_message
from Heatmap.tests.ui.crosshair_box import box_text, bright_block, place, point_at
from Heatmap.ui.layer.chart_layer import HeatmapLayer

pytestmark = pytest.mark.qt_log_ignore("Registered new object after initialization")

START_MS = START_S * 1000
LINE = {
    "price": 100_700.0,
    "side": "long",
    "strength": 1.0,
    "fromMs": START_MS + 20 * 60_000,
    "text": "longs \u2265 1.2M USD, 41 liquidations, last 6 h",
}
BARS = base64.b64encode(np.full((2, ROWS), 99, np.uint8).tobytes()).decode("ascii")
META: dict[str, Any] = {
    "sourceText": "Recorded since yesterday",
    "scale": {"labels": [[0.0, "0"], [1.0, "\u22651M USD"]], "mode": "sqrt"},
    "gaps": [[START_MS + 60_000, START_MS + 300_000, "gap"]],
    "windowStartMs": START_MS + 30_000,
    "profile": {"bars": BARS, "longText": "\u2265 1.2M", "shortText": "\u2265 300k"},
}


@pytest.fixture
def layer(qtbot: Any, chart_page: ChartPage, listener: Recording) -> HeatmapLayer:
    chart_page.create_chart()
    layer = HeatmapLayer(chart_page.page)
    layer.set_listener(listener)
    qtbot.waitUntil(lambda: layer.is_ready, timeout=10_000)
    layer.set_options({"opacity": 1.0})
    return layer


def show_all(layer: HeatmapLayer, page: ChartPage) -> None:
    layer.set_options({"label": "SIMULATED", "profile": True})
    layer.show_grid(*grid_message(bright_block(), **META))
    layer.show_part("cluster_lines", [LINE])
    page.settled_picture()


def pane_of(page: ChartPage, image: QImage) -> QImage:
    """Give the candles' pane of a picture of the page or of the chart."""
    width, height = page.js("[chart.timeScale().width(), chart.paneSize(0).height]")
    ratio = page.js("window.devicePixelRatio")
    return image.copy(0, 0, int(width * ratio), int(height * ratio))


def without_logo(picture: Any) -> Any:
    """Leave out the logo: an element of the library's, which no export has."""
    picture[410:, :60] = False
    return picture


def test_the_plain_export_shows_what_the_page_shows(
    layer: HeatmapLayer, chart_page: ChartPage
) -> None:
    show_all(layer, chart_page)
    page_pane = pane_of(chart_page, chart_page.settled_picture())
    export_pane = pane_of(chart_page, chart_page.screenshot())
    difference = without_logo(changed(page_pane, export_pane))
    assert difference.sum() == 0


@pytest.mark.parametrize(
    ("name", "hide"),
    [
        ("cluster lines", lambda layer: layer.show_part("cluster_lines", [])),
        ("label", lambda layer: layer.set_options({"label": ""})),
        ("colour bar", lambda layer: layer.set_options({"colourBar": False})),
        ("source line", lambda layer: layer.set_options({"sourceLine": False})),
        ("hatch and mark", lambda layer: layer.set_options({"hatch": False})),
        ("profile", lambda layer: layer.set_options({"profile": False})),
        ("heat", lambda layer: layer.clear()),
    ],
)
def test_each_part_of_it_is_in_the_plain_export(
    name: str, hide: Callable[[HeatmapLayer], None], layer: HeatmapLayer, chart_page: ChartPage
) -> None:
    show_all(layer, chart_page)
    shown, whole = chart_page.settled_picture(), chart_page.screenshot()
    hide(layer)
    chart_page.qtbot.waitUntil(
        lambda: bool(changed(shown, chart_page.picture()).any()), timeout=10_000
    )
    on_page = changed(shown, chart_page.settled_picture())
    in_export = changed(whole, chart_page.screenshot())
    assert on_page.sum() > 20, name
    assert (pane_sum(in_export), name) == (pane_sum(on_page), name)


def pane_sum(difference: Any) -> int:
    return int(without_logo(difference)[:470, :700].sum())


def test_labels_of_lines_stand_above_the_candles_in_it(
    layer: HeatmapLayer, chart_page: ChartPage
) -> None:
    candles = "priceSeries.data().map((each) => ({...each, open: 101e3, high: 101e3,"
    candles += " low: 99e3, close: 99e3}))"
    chart_page.js(
        f"(chart.timeScale().applyOptions({{barSpacing: 11}}), priceSeries.setData({candles}), 0)"
    )
    bare = chart_page.settled_picture()
    without = chart_page.screenshot()
    layer.show_part("cluster_lines", [{**LINE, "price": 100_000.0}])
    chart_page.qtbot.waitUntil(
        lambda: bool(changed(bare, chart_page.picture()).any()), timeout=10_000
    )
    chart_page.settled_picture()
    difference = changed(without, chart_page.screenshot())
    y = round(chart_page.y_of_price(100_000.0))
    # The line is behind the candles, which stand close; the label's ground covers them.
    label = difference[y - 7 : y + 8, 480:690]
    assert label.any(axis=0).mean() > 0.8


@pytest.mark.parametrize("top_layer", ["", "true"])
def test_the_box_is_not_in_it_and_outlives_it(
    top_layer: str, layer: HeatmapLayer, chart_page: ChartPage, listener: Recording
) -> None:
    show_all(layer, chart_page)
    layer.set_options({"tooltip": False})
    point_at(chart_page, place(chart_page, 30, 30.5))
    chart_page.next_frames()
    url = f"chart.takeScreenshot({top_layer}).toDataURL('image/png')"
    without = chart_page.js(url)
    layer.set_options({"tooltip": True})
    point_at(chart_page, place(chart_page, 30, 30.5))
    chart_page.qtbot.waitUntil(lambda: bool(listener.queries), timeout=10_000)
    layer.show_cell(CellLines(listener.queries[-1], (("Heat", "\u2265 1.2M USD"),)))
    chart_page.qtbot.waitUntil(lambda: "1.2M USD" in (box_text(chart_page) or ""), timeout=10_000)
    text, asked = box_text(chart_page), len(listener.queries)
    chart_page.js(
        "(window.closings = 0, new MutationObserver(() => {"
        " if (chart.chartElement().lastElementChild.style.display === 'none') { closings += 1; }"
        "}).observe(chart.chartElement().lastElementChild, {attributes: true}), 0)"
    )
    assert chart_page.js(url) == without
    # It hides the crosshair for as long as it takes: the box does not even blink.
    chart_page.next_frames()
    assert chart_page.js("closings") == 0
    assert box_text(chart_page) == text
    assert len(listener.queries) == asked
