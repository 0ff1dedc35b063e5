"""Whatever a script of the page sends to the layer's slots: the next good report is drawn."""

import json
import logging
import math
from typing import Any

import numpy as np
import pytest

from Heatmap.domain.viewport import Viewport
from Heatmap.tests.ui.chart_page import ChartPage, Recording, changed, grid_message
from Heatmap.tests.ui.drawn_layer import full_grid, wait_ready
from Heatmap.ui.layer.chart_layer import HeatmapLayer

pytestmark = pytest.mark.qt_log_ignore("Registered new object after initialization")

BRIDGE = "OrderPilotHeatmap.layers.values().next().value._messenger._bridge"
SLOTS = [
    "pageReady",
    "pageGone",
    "pageBlank",
    "pageLacks",
    "pageNeedsGrid",
    "pageMoved",
    "pageAsked",
    "pageChose",
    "pagePicked",
    "pageOffset",
    "pagePainted",
    "pageFailed",
]
# As JavaScript. Those after the first few are no texts, which the slots take.
VALUES = (
    "''",
    "'nonsense'",
    "'[]'",
    "'null'",
    "'NaN'",
    "'[1e999]'",
    """'{"entry": -1}'""",
    """'{"entry": "1"}'""",
    """'{"entry": 1e308}'""",
    "'x'.repeat(3e6)",
    """'{"what": ' + '['.repeat(5000)""",
    r"""'{"a\u0000\ud800": '""",
    "3",
    "NaN",
    "null",
    "undefined",
    "true",
    "[]",
    "({})",
)


def call(page: ChartPage, slot: str, value: str) -> None:
    page.js(f"({BRIDGE}.{slot}({value}, () => {{}}), 0)")


def forge(page: ChartPage, slot: str, message: Any) -> None:
    """Send what this side encodes; NaN and infinity as JavaScript's JSON never would."""
    call(page, slot, json.dumps(json.dumps(message)))


@pytest.fixture
def layer(chart_page: ChartPage, listener: Recording) -> HeatmapLayer:
    chart_page.create_chart()
    layer = HeatmapLayer(chart_page.page)
    layer.set_listener(listener)
    wait_ready(layer, chart_page)
    chart_page.qtbot.waitUntil(lambda: layer.viewport is not None, timeout=10_000)
    return layer


def zoom(page: ChartPage, layer: HeatmapLayer, low: float) -> None:
    """Have the chart show other prices; wait until the layer knows."""
    page.js(
        "(chart.priceScale('right').applyOptions({autoScale: false}), "
        f"chart.priceScale('right').setVisibleRange({{from: {low}, to: 102000}}), 0)"
    )
    page.qtbot.waitUntil(
        lambda: layer.viewport is not None and low - 2_000 < layer.viewport.price_low <= low,
        timeout=10_000,
    )


@pytest.mark.parametrize("slot", SLOTS)
def test_garbage_in_any_slot_does_no_harm(
    slot: str, layer: HeatmapLayer, chart_page: ChartPage, listener: Recording
) -> None:
    before = layer.viewport
    for value in VALUES:
        call(chart_page, slot, value)
    chart_page.next_frames()
    assert layer.is_ready
    assert layer.viewport == before
    bare = chart_page.settled_picture()
    layer.show_grid(*grid_message(full_grid()))
    chart_page.qtbot.waitUntil(
        lambda: int(changed(bare, chart_page.picture()).sum()) > 20_000, timeout=10_000
    )
    zoom(chart_page, layer, 97_000.0)
    assert all(viewport.is_drawable for viewport in listener.viewports)


@pytest.mark.parametrize(
    "changes",
    [
        {"priceLow": -1e308, "priceHigh": 1e308},
        {"priceHigh": 1e308},
        {"priceLow": math.nan},
        {"priceHigh": math.inf},
        {"priceLow": 200_000},
        {"endMs": -1e300},
        {"endMs": 1e300},
        {"widthPx": 1e308},
        {"heightPx": -3},
        {"priceLow": [98_000]},
    ],
)
def test_a_view_that_no_chart_shows_is_ignored_and_the_next_one_counts(
    changes: dict[str, Any], layer: HeatmapLayer, chart_page: ChartPage, listener: Recording
) -> None:
    before = layer.viewport
    told = len(listener.viewports)
    good = {"priceLow": 98_000, "priceHigh": 99_000, "endMs": None, "widthPx": 80, "heightPx": 50}
    forge(chart_page, "pageMoved", good | changes)
    chart_page.next_frames()
    assert layer.viewport == before
    forge(chart_page, "pageMoved", good)
    chart_page.qtbot.waitUntil(
        lambda: layer.viewport == Viewport(98_000, 99_000, None, 80, 50), timeout=10_000
    )
    assert len(listener.viewports) == told + 1


@pytest.mark.parametrize("slot", ["pageGone", "pageBlank"])
def test_a_chart_that_is_said_to_have_gone_and_has_not_is_drawn_on_again(
    slot: str, layer: HeatmapLayer, chart_page: ChartPage, listener: Recording
) -> None:
    forge(chart_page, slot, {})
    chart_page.qtbot.waitUntil(lambda: listener.gone + listener.blank == 1, timeout=10_000)
    assert layer.viewport is None
    chart_page.qtbot.waitUntil(
        lambda: layer.is_ready and layer.viewport is not None, timeout=10_000
    )


def test_a_chart_that_has_gone_or_is_empty_is_not_taken_for_there(
    layer: HeatmapLayer, chart_page: ChartPage, listener: Recording
) -> None:
    chart_page.js("(priceSeries.setData([]), 0)")
    chart_page.qtbot.waitUntil(lambda: listener.blank == 1, timeout=10_000)
    # Longer than it takes to ask the page.
    waited_at = chart_page.js("performance.now()")
    chart_page.qtbot.waitUntil(
        lambda: chart_page.js("performance.now()") > waited_at + 1_200, timeout=10_000
    )
    assert (layer.is_ready, layer.viewport, listener.ready) == (True, None, 1)
    assert listener.blank == 1
    chart_page.js("(chart.remove(), chart = null, priceSeries = null, 0)")
    chart_page.qtbot.waitUntil(lambda: listener.gone == 1, timeout=10_000)
    waited_at = chart_page.js("performance.now()")
    chart_page.qtbot.waitUntil(
        lambda: chart_page.js("performance.now()") > waited_at + 1_200, timeout=10_000
    )
    assert (layer.is_ready, listener.ready) == (False, 1)


def test_floods_of_errors_and_views_are_few_short_lines(
    layer: HeatmapLayer,
    chart_page: ChartPage,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG, "Heatmap")
    chart_page.js(
        f"((bridge) => {{ for (let i = 0; i < 3000; i += 1) {{"
        " bridge.pageFailed(JSON.stringify(i + ' x'.repeat(4500) + '\\n'), () => {});"
        " bridge.pageMoved(JSON.stringify({priceLow: 'y'.repeat(9000)}), () => {});"
        " bridge.pageOffset(JSON.stringify({offsetMs: i % 2 ? 1e308 : 0, isCertain: true}));"
        f" }} }})({BRIDGE})"
    )
    chart_page.qtbot.waitUntil(lambda: "2999 x" in layer.fault, timeout=30_000)
    ours = [record for record in caplog.records if record.name.startswith("Heatmap.ui")]
    assert 1 <= len(ours) <= 20
    assert max(len(record.getMessage()) for record in ours) < 500
    assert len(layer.fault) < 500
    zoom(chart_page, layer, 97_000.0)
    # What was told goes when painting has gone on.
    layer.show_grid(*grid_message(np.full((60, 720), 90, np.uint8)))

    def is_over() -> bool:
        chart_page.js("(chart.applyOptions({}), 0)")
        return layer.fault == ""

    chart_page.qtbot.waitUntil(is_over, timeout=20_000)
