"""What a host does to a page, its channel and its chart that a layer has to live through."""

import json
import socket
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from PyQt6.QtCore import QUrl
from PyQt6.QtWebChannel import QWebChannel
from PyQt6.QtWebEngineCore import QWebEnginePage

from Heatmap.tests.own_program import run_program
from Heatmap.tests.ui.chart_page import (
    ChartPage,
    Recording,
    grid_message,
    minute_candles,
    page_html,
)
from Heatmap.tests.ui.drawn_layer import assert_draws, full_grid, wait_ready
from Heatmap.ui.layer.chart_layer import HeatmapLayer

pytestmark = pytest.mark.qt_log_ignore("Registered new object after initialization")


def assert_draws_again(layer: HeatmapLayer, page: ChartPage) -> None:
    layer.clear()
    assert_draws(layer, page)


@pytest.fixture
def silent_server() -> Iterator[str]:
    """Give the address of a server that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0), backlog=8) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}/"


@pytest.fixture
def layer(chart_page: ChartPage, listener: Recording) -> HeatmapLayer:
    """Give a layer that draws on the page's chart."""
    chart_page.create_chart()
    layer = HeatmapLayer(chart_page.page, symbol="BTCUSDT")
    layer.set_listener(listener)
    wait_ready(layer, chart_page)
    assert_draws(layer, chart_page)
    return layer


def test_a_navigation_that_leads_nowhere_leaves_the_layer_where_it_is(
    layer: HeatmapLayer, chart_page: ChartPage, listener: Recording, silent_server: str
) -> None:
    page, wait = chart_page.page, chart_page.qtbot.waitUntil
    drawn = chart_page.settled_picture()
    layer.set_options({"visible": False})
    wait(lambda: chart_page.picture() != drawn, timeout=10_000)
    bare = chart_page.settled_picture()
    layer.set_options({"visible": True})
    wait(lambda: chart_page.picture() == drawn, timeout=10_000)
    with chart_page.qtbot.waitSignal(page.loadStarted, timeout=10_000):
        page.runJavaScript(f"location.href = {json.dumps(silent_server)};")
    # The load is under way, and the document still the one before: what is told reaches it.
    layer.set_options({"visible": False})
    wait(lambda: chart_page.picture() == bare, timeout=10_000)
    layer.set_options({"visible": True})
    wait(lambda: chart_page.picture() == drawn, timeout=10_000)
    layer.set_symbol("AAPL")
    wait(lambda: chart_page.picture() == bare, timeout=10_000)
    layer.set_symbol("BTCUSDT")
    ready = listener.ready
    with chart_page.qtbot.waitSignal(page.loadFinished, timeout=10_000) as finished:
        page.triggerAction(QWebEnginePage.WebAction.Stop)
    assert finished.args == [False]
    wait(lambda: layer.is_ready and listener.ready > ready, timeout=10_000)
    assert layer.fault == ""
    assert chart_page.js("OrderPilotHeatmap.layers.size") == 1
    assert_draws(layer, chart_page)
    assert chart_page.js("chart.panes()[0].getSeries().length") == 2


def test_a_page_with_a_picture_that_never_comes_gets_its_heatmap(
    make_page: Callable[..., ChartPage], silent_server: str
) -> None:
    page = make_page()
    image = f'<img src="{silent_server}" style="position: absolute">'
    layer = HeatmapLayer(page.page)
    page.page.setHtml(
        page_html().replace("</body>", f"{image}</body>"), QUrl("http://host.invalid/")
    )
    page.qtbot.waitUntil(lambda: page.js("typeof createChart") == "function", timeout=10_000)
    page.create_chart()
    wait_ready(layer, page)
    assert page.page.isLoading()
    assert_draws(layer, page)
    page.page.triggerAction(QWebEnginePage.WebAction.Stop)
    page.qtbot.waitUntil(lambda: not page.page.isLoading(), timeout=10_000)
    wait_ready(layer, page)
    layer.clear()
    assert_draws(layer, page)


def test_a_document_that_hangs_in_its_head_has_no_chart(
    layer: HeatmapLayer, chart_page: ChartPage, listener: Recording, silent_server: str
) -> None:
    script = f'<script src="{silent_server}"></script>'
    html = page_html().replace("<head>", f"<head>{script}")
    chart_page.page.setHtml(html, QUrl("http://host.invalid/"))
    chart_page.qtbot.waitUntil(lambda: not layer.is_ready, timeout=10_000)
    assert chart_page.page.isLoading()
    assert listener.gone == 1
    chart_page.page.triggerAction(QWebEnginePage.WebAction.Stop)
    chart_page.load()
    chart_page.create_chart()
    wait_ready(layer, chart_page)
    assert_draws(layer, chart_page)
    chart_page.page.console_errors.clear()


def test_a_host_may_disconnect_all_of_the_page_s_signals(
    layer: HeatmapLayer, chart_page: ChartPage
) -> None:
    page = chart_page.page
    for signal in (page.loadStarted, page.loadFinished, page.renderProcessTerminated):
        signal.disconnect()
    layer.detach()
    chart_page.qtbot.waitUntil(lambda: layer.parent() is None, timeout=10_000)
    chart_page.qtbot.waitUntil(
        lambda: chart_page.js("!('OrderPilotHeatmap' in window)"), timeout=10_000
    )


def test_channels_of_its_own_do_not_pile_up(layer: HeatmapLayer, chart_page: ChartPage) -> None:
    page = chart_page.page
    for _ in range(3):
        before = page.webChannel()
        page.setWebChannel(None)
        chart_page.qtbot.waitUntil(
            lambda before=before: page.webChannel() not in (None, before), timeout=10_000
        )
        wait_ready(layer, chart_page)
    chart_page.qtbot.waitUntil(lambda: len(page.findChildren(QWebChannel)) == 1, timeout=10_000)
    assert_draws_again(layer, chart_page)


CHANNEL_DELETED = """
import sys
from PyQt6 import sip
from PyQt6.QtCore import QTimer
from PyQt6.QtWidgets import QApplication
from PyQt6.QtWebChannel import QWebChannel
from PyQt6.QtWebEngineWidgets import QWebEngineView
from Heatmap.tests.ui.chart_page import minute_candles, page_html
from Heatmap.ui import HeatmapLayer
import json, os
application = QApplication(["host", "--webEngineArgs", "--no-sandbox", "--disable-gpu"])
view = QWebEngineView()
channel = QWebChannel()
view.page().setWebChannel(channel)
layer = HeatmapLayer(view.page())
view.setHtml(page_html())
def start(is_ok):
    view.page().runJavaScript(f"createChart({json.dumps(minute_candles())})")
view.loadFinished.connect(start)
looks = []
def look():
    if layer.is_ready and not looks:
        if sys.argv[1] == "later":
            channel.deleteLater()
        else:
            sip.delete(channel)
        looks.append(1)
    elif looks and not layer.is_ready and layer.fault:
        looks.append(1)
        # Longer than from one look of the layer to the next.
        if len(looks) == 40:
            view.reload()
        if len(looks) == 80:
            another = HeatmapLayer(view.page())
            another.detach()
            print(layer.fault, another.fault, sep="\\n", flush=True)
            os._exit(0)
timer = QTimer()
timer.timeout.connect(look)
timer.start(25)
QTimer.singleShot(60_000, lambda: os._exit(3))
application.exec()
"""


@pytest.mark.parametrize("how", ["later", "now"])
def test_a_channel_that_is_deleted_on_the_page_costs_the_heatmap_and_not_the_host(
    how: str,
) -> None:
    result = run_program(CHANNEL_DELETED, how, timeout_s=100)
    assert result.returncode == 0, result.stderr
    assert result.stdout.count("channel was deleted") == 2


# Until the change is noticed the page speaks of an object that the new channel lacks.
@pytest.mark.qt_log_ignore("Unknown object encountered")
def test_a_channel_that_is_replaced_and_then_deleted_is_no_loss(
    layer: HeatmapLayer, chart_page: ChartPage, host_channel: Any
) -> None:
    own = chart_page.page.webChannel()
    assert own is not None
    chart_page.page.setWebChannel(host_channel)
    with chart_page.qtbot.waitSignal(own.destroyed, timeout=10_000):
        own.deleteLater()
    assert layer.fault == ""
    chart_page.qtbot.waitUntil(
        lambda: layer.is_ready and len(host_channel.registeredObjects()) == 2, timeout=10_000
    )
    assert_draws(layer, chart_page)


@pytest.mark.parametrize("then", ["", "chart = null, priceSeries = null", "createChart(candles)"])
def test_a_chart_that_is_removed_is_asked_for_nothing_more(
    then: str, layer: HeatmapLayer, chart_page: ChartPage, listener: Recording
) -> None:
    chart_page.js(f"(window.candles = {json.dumps(minute_candles())}, 0)")
    chart_page.settled_picture()
    chart_page.page.runJavaScript(f"chart.remove(); {then};")
    # At once, before anybody has looked at the page again.
    layer.set_symbol("ETHUSDT")
    layer.show_grid(*grid_message(full_grid()))
    layer.set_options({"palette": "ice"})
    layer.clear()
    chart_page.next_frames()
    chart_page.qtbot.waitUntil(lambda: listener.gone == 1, timeout=10_000)
    if "create" in then:
        chart_page.qtbot.waitUntil(lambda: listener.ready == 2, timeout=10_000)
        assert_draws(layer, chart_page)
    layer.detach()
    chart_page.next_frames()
    assert chart_page.page.console_errors == []


@pytest.mark.parametrize("order", ["", ".reverse()"])
@pytest.mark.parametrize("before", ["", "priceSeries.setSeriesOrder(0);"])
def test_a_host_removes_every_series_that_a_pane_lists(
    order: str, before: str, layer: HeatmapLayer, chart_page: ChartPage, listener: Recording
) -> None:
    removed = chart_page.js(
        f"(() => {{ {before} const all = chart.panes()[0].getSeries(){order};"
        "all.forEach(series => chart.removeSeries(series));"
        "return [all.length, chart.panes()[0].getSeries().length]; })()"
    )
    assert removed == [2, 0]
    chart_page.qtbot.waitUntil(lambda: listener.gone == 1, timeout=10_000)
    # And the chart has its own method again.
    chart_page.qtbot.waitUntil(
        lambda: not chart_page.js("Object.hasOwn(chart, 'removeSeries')"), timeout=10_000
    )
    layer.detach()
    chart_page.next_frames()
    assert layer.fault == ""


def test_the_candles_of_another_chart_are_not_taken(
    chart_page: ChartPage, listener: Recording
) -> None:
    chart_page.create_chart()
    chart_page.js(
        "(window.first = {chart, priceSeries}, document.body.appendChild("
        "Object.assign(document.createElement('div'), {id: 'second'})), "
        "chart = LightweightCharts.createChart(document.getElementById('second')), 0)"
    )
    layer = HeatmapLayer(chart_page.page)
    layer.set_listener(listener)
    chart_page.qtbot.waitUntil(lambda: "is no series of" in layer.fault, timeout=20_000)
    panes = "[first.chart, chart].map(each => each.panes().map(pane => pane.getSeries().length))"
    assert chart_page.js(panes) == [[1], [0]]
    chart_page.js("(chart = first.chart, 0)")
    wait_ready(layer, chart_page)
    assert layer.fault == ""
    assert_draws(layer, chart_page)


@pytest.mark.parametrize("frozen", ["chart", "priceSeries"])
def test_objects_that_take_no_property_are_drawn_on_and_left(
    frozen: str, chart_page: ChartPage
) -> None:
    chart_page.create_chart()
    chart_page.js(f"(Object.freeze({frozen}), 0)")
    layer = HeatmapLayer(chart_page.page)
    wait_ready(layer, chart_page)
    assert_draws(layer, chart_page)
    layer.detach()
    chart_page.qtbot.waitUntil(
        lambda: chart_page.js("chart.panes()[0].getSeries().length") == 1, timeout=10_000
    )
    assert layer.fault == ""


def test_a_chart_on_which_something_fails_keeps_nothing_of_the_layer(
    chart_page: ChartPage, caplog: pytest.LogCaptureFixture
) -> None:
    chart_page.create_chart()
    chart_page.js(
        "(priceSeries.attach = 0, window.asked = 0, chart.subscribeCrosshairMove = () => {"
        " window.asked += 1; throw new Error('not now'); }, 0)"
    )
    layer = HeatmapLayer(chart_page.page)
    chart_page.qtbot.waitUntil(lambda: "not now" in layer.fault, timeout=10_000)
    assert chart_page.js("[chart.panes()[0].getSeries().length, asked]") == [1, 1]
    assert any("not now" in record.getMessage() for record in caplog.records)


def test_a_name_that_is_misspelt_is_told_of(chart_page: ChartPage) -> None:
    chart_page.create_chart()
    layers = [
        HeatmapLayer(chart_page.page, chart="chrat"),
        HeatmapLayer(chart_page.page, candles="prizeSeries"),
    ]
    chart_page.qtbot.waitUntil(lambda: all(layer.fault for layer in layers), timeout=20_000)
    assert [layer.fault for layer in layers] == [
        "the page has no “chrat” yet",
        "the page has no “prizeSeries” yet",
    ]


def test_a_chart_that_loses_its_candles_has_no_view_until_they_come_back(
    layer: HeatmapLayer, chart_page: ChartPage, listener: Recording
) -> None:
    wait = chart_page.qtbot.waitUntil
    chart_page.js("(priceSeries.setData([]), 0)")
    wait(lambda: listener.blank == 1, timeout=10_000)
    assert layer.viewport is None
    count = len(listener.viewports)
    chart_page.js(f"(priceSeries.setData({json.dumps(minute_candles())}), 0)")
    wait(lambda: len(listener.viewports) > count, timeout=10_000)
    assert layer.viewport is not None
    layer.clear()
    assert_draws(layer, chart_page)


def test_a_layer_has_one_owner_and_none_when_it_has_gone(chart_page: ChartPage) -> None:
    first: list[Any] = []
    second: list[Any] = []
    layer = HeatmapLayer(chart_page.page)
    layer.set_leave_listener(first.append)
    layer.set_leave_listener(second.append)
    assert (first, second) == ([layer], [])
    layer.detach()
    assert (first, second) == ([layer], [layer])
    layer.set_leave_listener(first.append)
    assert first == [layer, layer]


@pytest.mark.parametrize("symbol", [123, b"BTCUSDT", float("nan")])
def test_a_symbol_that_is_no_text_is_refused(symbol: Any, chart_page: ChartPage) -> None:
    layer = HeatmapLayer(chart_page.page)
    with pytest.raises(TypeError, match="symbol must be a text"):
        layer.set_symbol(symbol)
