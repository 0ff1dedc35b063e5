"""Pages that forbid much, that fail, or whose chart changes under the crosshair."""

import json
from collections.abc import Callable

import pytest
from PyQt6.QtCore import QPoint, QUrl
from PyQt6.QtTest import QTest

from Heatmap.tests.ui.chart_page import ChartPage, minute_candles, page_html
from Heatmap.tests.ui.drawn_layer import assert_draws, wait_ready
from Heatmap.ui.layer.chart_layer import HeatmapLayer

# All that a page can forbid and still have Lightweight Charts, and a script of its own.
POLICY = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'"


def load(page: ChartPage, html: str) -> None:
    with page.qtbot.waitSignal(page.page.loadFinished, timeout=20_000):
        page.page.setHtml(html, QUrl("http://host.invalid/"))


@pytest.mark.qt_log_ignore("Registered new object after initialization")
def test_a_page_that_forbids_eval_gets_its_heatmap(make_page: Callable[..., ChartPage]) -> None:
    page = make_page()
    meta = f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
    load(page, page_html().replace("<head>", f"<head>{meta}"))
    page.create_chart()
    assert page.js("(() => { try { return eval('1'); } catch (error) { return null; } })()") is None
    layer = HeatmapLayer(page.page)
    wait_ready(layer, page)
    assert_draws(layer, page)
    assert layer.fault == ""


def test_a_page_on_which_the_script_fails_is_told_of(
    make_page: Callable[..., ChartPage], caplog: pytest.LogCaptureFixture
) -> None:
    page = make_page()
    taken = "<script>Object.defineProperty(window, 'OrderPilotHeatmap', {value: 1});</script>"
    load(page, page_html().replace("<head>", f"<head>{taken}"))
    page.create_chart()
    layer = HeatmapLayer(page.page)
    page.qtbot.waitUntil(lambda: layer.fault != "", timeout=10_000)
    assert "did not take the layer's script" in layer.fault
    assert [each.getMessage() for each in caplog.records if each.levelname == "ERROR"] == [
        "The page did not take the layer's script; its console says why"
    ]
    assert page.page.console_errors != []
    page.page.console_errors.clear()
    # The next page is another matter.
    page.load()
    assert layer.fault == ""
    page.create_chart()
    wait_ready(layer, page)
    assert_draws(layer, page)


def test_a_page_that_does_not_load_is_told_of(chart_page: ChartPage) -> None:
    layer = HeatmapLayer(chart_page.page)
    with chart_page.qtbot.waitSignal(chart_page.page.loadFinished, timeout=20_000):
        chart_page.page.load(QUrl("http://127.0.0.1:9/"))
    assert layer.fault == "the page did not load"
    chart_page.page.console_errors.clear()


def test_a_chart_of_another_kind_is_told_of(chart_page: ChartPage) -> None:
    chart_page.js("(chart = {}, priceSeries = {}, 0)")
    layer = HeatmapLayer(chart_page.page)
    chart_page.qtbot.waitUntil(lambda: layer.fault != "", timeout=10_000)
    assert "chart and priceSeries are not a chart and a series" in layer.fault
    chart_page.create_chart()
    wait_ready(layer, chart_page)
    assert layer.fault == ""


def test_the_candles_pane_may_go_under_the_crosshair(chart_page: ChartPage) -> None:
    chart_page.create_chart()
    layer = HeatmapLayer(chart_page.page)
    wait_ready(layer, chart_page)
    assert_draws(layer, chart_page)
    line = json.dumps([{"time": each["time"], "value": 1} for each in minute_candles()])
    chart_page.js(f"(chart.addSeries(LightweightCharts.LineSeries, {{}}, 1).setData({line}), 0)")
    view = chart_page.view.focusProxy()
    QTest.mouseMove(view, QPoint(300, 100))
    chart_page.next_frames()
    # Within one turn of the page: nothing of the layer has had a look at it meanwhile.
    chart_page.js(
        "(chart.removePane(0), chart.setCrosshairPosition(1, "
        f"{minute_candles()[30]['time']}, chart.panes()[0].getSeries()[0]), 0)"
    )
    QTest.mouseMove(view, QPoint(310, 120))
    chart_page.next_frames()
    assert layer.fault == ""
