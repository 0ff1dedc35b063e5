"""The layer's life on a page: finding the chart, sharing the channel, reporting, leaving."""

import gc
import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from PyQt6.QtCore import QUrl
from PyQt6.QtWebChannel import QWebChannel

from Heatmap.domain.instruments import Instrument
from Heatmap.errors import SettingsError
from Heatmap.tests.ui.chart_page import (
    START_S,
    ChartPage,
    Recording,
    changed,
    grid_message,
    minute_candles,
)
from Heatmap.tests.ui.conftest import HostBridge
from Heatmap.tests.ui.drawn_layer import assert_draws, assert_host_works, full_grid, wait_ready
from Heatmap.ui.layer.chart_layer import HeatmapLayer

pytestmark = pytest.mark.qt_log_ignore("Registered new object after initialization")


# What a script finds on the page; `qt` is Qt's own, and comes with a channel.
NAMES = "Object.getOwnPropertyNames(window).filter(name => name !== 'qt').sort()"


def connect_host(page: ChartPage) -> None:
    page.js("(connectHost(), 0)")
    page.qtbot.waitUntil(lambda: page.js("pyBridge !== null"), timeout=10_000)


@pytest.mark.parametrize(
    "name",
    ["", "a b", "chart;", "a..b", "1a", "chart()", "a[0]", "ä", "new.target", "if", "null", "let"],
)
def test_names_that_are_not_dotted_identifiers_are_refused(
    name: str, chart_page: ChartPage
) -> None:
    with pytest.raises(ValueError, match="JavaScript"):
        HeatmapLayer(chart_page.page, chart=name)
    with pytest.raises(ValueError, match="JavaScript"):
        HeatmapLayer(chart_page.page, candles=name)


@pytest.mark.parametrize(
    "options",
    [
        {"opacity": 1.5},
        {"opacity": "1"},
        {"opacity": True},
        {"palette": "grey"},
        {"visible": 1},
        {"hatch": None},
        {"label": 3},
        {"colour": "red"},
    ],
)
def test_options_out_of_range_are_refused(options: Any, chart_page: ChartPage) -> None:
    with pytest.raises(SettingsError):
        HeatmapLayer(chart_page.page).set_options(options)


def test_a_chart_that_is_made_long_after_the_load_is_found(
    chart_page: ChartPage, listener: Recording
) -> None:
    layer = HeatmapLayer(chart_page.page)
    layer.set_listener(listener)
    chart_page.qtbot.wait(400)
    assert not layer.is_ready
    # Nothing is sent, and nothing fails, before the page is ready.
    layer.show_grid(*grid_message(full_grid()))
    layer.clear()
    chart_page.create_chart()
    wait_ready(layer, chart_page)
    assert listener.ready == 1
    assert_draws(layer, chart_page)


def test_a_layer_made_before_the_load_waits_and_comes_back_at_each_load(
    make_page: Callable[..., ChartPage], listener: Recording
) -> None:
    page = make_page()
    layer = HeatmapLayer(page.page)
    layer.set_listener(listener)
    layer.set_options({"opacity": 0.9, "palette": "ice"})
    for loads in (1, 2):
        page.load()
        assert not layer.is_ready
        assert listener.gone == loads - 1
        page.create_chart()
        wait_ready(layer, page)
        assert listener.ready == loads
        assert_draws(layer, page)
        options = page.js("OrderPilotHeatmap.layers.values().next().value.picture.options")
        assert (options["opacity"], options["palette"]) == (0.9, "ice")


def test_a_dotted_name_and_another_variable_name_are_resolved(
    chart_page: ChartPage,
) -> None:
    chart_page.create_chart()
    chart_page.js("(window.app = {view: {chart: chart, candles: priceSeries}}, chart = null, 0)")
    layer = HeatmapLayer(chart_page.page, chart="app.view.chart", candles="app.view.candles")
    wait_ready(layer, chart_page)
    assert_draws(layer, chart_page)


def test_a_chart_that_replaces_another_gets_the_layer(
    chart_page: ChartPage, listener: Recording
) -> None:
    chart_page.create_chart()
    layer = HeatmapLayer(chart_page.page)
    layer.set_listener(listener)
    wait_ready(layer, chart_page)
    chart_page.js("(chart.remove(), chart = null, priceSeries = null, 0)")
    chart_page.qtbot.waitUntil(lambda: listener.gone == 1, timeout=10_000)
    assert (layer.is_ready, layer.viewport) == (False, None)
    chart_page.create_chart()
    chart_page.qtbot.waitUntil(lambda: listener.ready == 2, timeout=10_000)
    assert_draws(layer, chart_page)


def test_nothing_is_drawn_before_the_page_has_candles(
    chart_page: ChartPage, listener: Recording
) -> None:
    chart_page.create_chart([])
    bare = chart_page.settled_picture()
    layer = HeatmapLayer(chart_page.page)
    layer.set_listener(listener)
    wait_ready(layer, chart_page)
    layer.set_options({"label": "SIMULATED"})
    layer.show_grid(*grid_message(full_grid()))
    assert chart_page.settled_picture() == bare
    assert listener.viewports == []
    chart_page.js(
        f"(priceSeries.update({{time: {START_S}, open: 1e5, high: 100500, low: 99500, "
        "close: 99900}), 0)"
    )
    chart_page.qtbot.waitUntil(lambda: bool(listener.viewports), timeout=10_000)
    before = changed(bare, chart_page.settled_picture()).sum()
    layer.set_options({"visible": False})
    chart_page.qtbot.waitUntil(
        lambda: changed(bare, chart_page.picture()).sum() < before, timeout=10_000
    )


def test_the_layer_follows_the_candles_to_another_pane_and_leaves_no_empty_one(
    chart_page: ChartPage,
) -> None:
    chart_page.create_chart()
    layer = HeatmapLayer(chart_page.page)
    wait_ready(layer, chart_page)
    chart_page.js(
        "(chart.addSeries(LightweightCharts.LineSeries, {}, 1).setData("
        f"[{{time: {START_S}, value: 100000}}]), 0)"
    )
    assert chart_page.js("chart.panes().length") == 2
    chart_page.js("(priceSeries.moveToPane(1), 0)")
    # The first pane held only the candles: it goes, as it does without the layer.
    chart_page.qtbot.waitUntil(lambda: chart_page.js("chart.panes().length") == 1, timeout=10_000)
    assert chart_page.js("chart.panes()[0].getSeries().length") == 3
    assert_draws(layer, chart_page)


def test_the_view_is_reported_when_it_changes_and_only_then(
    chart_page: ChartPage, listener: Recording
) -> None:
    chart_page.create_chart()
    layer = HeatmapLayer(chart_page.page)
    layer.set_listener(listener)
    qtbot = chart_page.qtbot
    qtbot.waitUntil(lambda: bool(listener.viewports), timeout=10_000)
    first = listener.viewports[-1]
    size = chart_page.js("chart.paneSize(0)")
    assert (first.width_px, first.height_px) == (size["width"], size["height"])
    assert first.price_high == pytest.approx(chart_page.js("priceSeries.coordinateToPrice(0)"))
    assert first.price_low == pytest.approx(
        chart_page.js("priceSeries.coordinateToPrice(chart.paneSize(0).height)")
    )
    assert first.end_ms is None
    count = len(listener.viewports)
    layer.show_grid(*grid_message(full_grid()))
    chart_page.settled_picture()
    qtbot.wait(250)
    assert len(listener.viewports) == count
    # Scrolled back: the time at the right edge is between two known candles.
    chart_page.js("(chart.timeScale().setVisibleLogicalRange({from: 0, to: 30}), 0)")
    qtbot.waitUntil(lambda: listener.viewports[-1].end_ms is not None, timeout=10_000)
    # The range to logical 30 shows the whole of candle 30.
    assert listener.viewports[-1].end_ms == pytest.approx((START_S + 31 * 60) * 1000, abs=6000)
    chart_page.js("(priceSeries.priceScale().applyOptions({invertScale: true}), 0)")
    # Not scrollToRealTime: its animation stops short of the end where frames are slow.
    chart_page.js("(chart.timeScale().scrollToPosition(0, false), 0)")
    qtbot.waitUntil(lambda: listener.viewports[-1].end_ms is None, timeout=10_000)
    last = listener.viewports[-1]
    assert last.price_low < last.price_high


def test_a_listener_that_comes_late_is_told_what_it_missed(
    chart_page: ChartPage, listener: Recording
) -> None:
    chart_page.create_chart()
    layer = HeatmapLayer(chart_page.page)
    wait_ready(layer, chart_page)
    chart_page.qtbot.waitUntil(lambda: layer.viewport is not None, timeout=10_000)
    layer.set_listener(listener)
    assert listener.ready == 0
    chart_page.qtbot.waitUntil(lambda: listener.ready == 1, timeout=10_000)
    assert listener.viewports == [layer.viewport]


def test_paint_times_are_reported(chart_page: ChartPage, listener: Recording) -> None:
    chart_page.create_chart()
    layer = HeatmapLayer(chart_page.page)
    layer.set_listener(listener)
    wait_ready(layer, chart_page)
    assert_draws(layer, chart_page)
    chart_page.qtbot.waitUntil(lambda: bool(listener.timings), timeout=10_000)
    timing = listener.timings[0]
    assert timing["frames"] >= 1
    assert 0 <= timing["paint_ms"] < 100


def test_another_symbol_takes_the_grid_away_and_is_told(
    chart_page: ChartPage, listener: Recording
) -> None:
    chart_page.create_chart()
    bare = chart_page.settled_picture()
    layer = HeatmapLayer(chart_page.page, symbol="BTCUSDT")
    layer.set_listener(listener)
    wait_ready(layer, chart_page)
    assert_draws(layer, chart_page)
    layer.set_symbol("BTCUSDT")
    assert listener.symbols == 0
    layer.set_symbol("AAPL")
    assert (listener.symbols, layer.symbol) == (1, "AAPL")
    chart_page.qtbot.waitUntil(lambda: chart_page.picture() == bare, timeout=10_000)


def test_candle_times_shifted_against_utc_are_shifted_back(
    chart_page: ChartPage, listener: Recording
) -> None:
    shifted = [{**candle, "time": candle["time"] + 7200} for candle in minute_candles()]
    chart_page.create_chart(shifted)
    bare = chart_page.settled_picture()
    layer = HeatmapLayer(chart_page.page)
    layer.set_listener(listener)
    wait_ready(layer, chart_page)
    layer.set_options({"opacity": 1.0})
    grid = np.zeros((60, 720), np.uint8)
    grid[50, 240:252] = 255
    layer.show_grid(*grid_message(grid))
    assert chart_page.settled_picture() == bare
    layer.set_time_offset(7_200_000)
    chart_page.qtbot.waitUntil(
        lambda: bool(changed(bare, chart_page.picture()).any()), timeout=10_000
    )
    _, columns = np.nonzero(changed(bare, chart_page.settled_picture()))
    x = chart_page.x_of_candle(START_S + 7200 + 1200)
    assert columns.mean() == pytest.approx(x, abs=1)


def test_candles_replaced_by_another_timeframe_move_the_cells(chart_page: ChartPage) -> None:
    chart_page.create_chart()
    layer = HeatmapLayer(chart_page.page)
    wait_ready(layer, chart_page)
    layer.set_options({"opacity": 1.0})
    grid = np.zeros((60, 720), np.uint8)
    grid[50, 360:420] = 255
    layer.show_grid(*grid_message(grid))
    chart_page.js(
        f"(priceSeries.setData({json.dumps(minute_candles(12, step_s=300))}), "
        "chart.timeScale().setVisibleLogicalRange({from: -1, to: 13}), 0)"
    )
    drawn = chart_page.settled_picture()
    layer.set_options({"visible": False})
    chart_page.qtbot.waitUntil(lambda: chart_page.picture() != drawn, timeout=10_000)
    _, columns = np.nonzero(changed(chart_page.settled_picture(), drawn))
    spacing = chart_page.x_of_candle(START_S + 600) - chart_page.x_of_candle(START_S + 300)
    assert columns.mean() + 0.5 == pytest.approx(chart_page.x_of_candle(START_S + 1800), abs=2)
    assert np.ptp(columns) == pytest.approx(spacing, abs=2)


@pytest.mark.parametrize(
    "order",
    [
        "host first",
        "layer first",
        "given",
        # Until the change is noticed the page speaks of an object that this channel lacks.
        pytest.param(
            "host sets it later",
            marks=pytest.mark.qt_log_ignore("Unknown object", "Registered new object"),
        ),
    ],
)
def test_a_host_s_channel_keeps_working(
    order: str, chart_page: ChartPage, host_channel: QWebChannel, host_bridge: HostBridge
) -> None:
    page = chart_page.page
    chart_page.create_chart()
    if order == "host sets it later":
        layer = HeatmapLayer(page)
        wait_ready(layer, chart_page)
        page.setWebChannel(host_channel)
        connect_host(chart_page)
    elif order == "given":
        layer = HeatmapLayer(page, channel=host_channel)
        assert page.webChannel() is host_channel
        connect_host(chart_page)
    else:
        page.setWebChannel(host_channel)
        if order == "host first":
            connect_host(chart_page)
        layer = HeatmapLayer(page)
        wait_ready(layer, chart_page)
        if order == "layer first":
            connect_host(chart_page)
    chart_page.qtbot.waitUntil(lambda: layer.is_ready, timeout=10_000)
    chart_page.qtbot.waitUntil(lambda: len(host_channel.registeredObjects()) == 2, timeout=10_000)
    wait_ready(layer, chart_page)
    assert_host_works(chart_page, host_bridge)
    assert_draws(layer, chart_page)
    assert_host_works(chart_page, host_bridge)
    layer.detach()
    layer.detach()
    chart_page.qtbot.waitUntil(
        lambda: chart_page.js(
            "'value' in Object.getOwnPropertyDescriptor(qt.webChannelTransport, 'onmessage')"
        ),
        timeout=10_000,
    )
    assert set(host_channel.registeredObjects()) == {"pyBridge"}
    chart_page.qtbot.waitUntil(
        lambda: chart_page.js("!('OrderPilotHeatmap' in window)"), timeout=10_000
    )
    assert_host_works(chart_page, host_bridge)


def test_a_handler_that_wraps_the_one_before_gets_each_message_once(
    chart_page: ChartPage, host_channel: QWebChannel, host_bridge: HostBridge
) -> None:
    chart_page.create_chart()
    chart_page.page.setWebChannel(host_channel)
    connect_host(chart_page)
    layer = HeatmapLayer(chart_page.page)
    wait_ready(layer, chart_page)
    chart_page.js(
        "(window.seen = [], (before => { qt.webChannelTransport.onmessage = event => {"
        " window.seen.push(event.data); before(event); }; })(qt.webChannelTransport.onmessage), 0)"
    )
    assert_host_works(chart_page, host_bridge)
    assert_draws(layer, chart_page)
    layer.detach()
    chart_page.qtbot.waitUntil(
        lambda: chart_page.js(
            "'value' in Object.getOwnPropertyDescriptor(qt.webChannelTransport, 'onmessage')"
        ),
        timeout=10_000,
    )
    assert_host_works(chart_page, host_bridge)
    words = chart_page.js("received.filter(text => text.startsWith('word')).length")
    assert words == 4


def test_two_layers_share_a_page_and_its_channel(
    chart_page: ChartPage, listener: Recording
) -> None:
    chart_page.create_chart()
    first = HeatmapLayer(chart_page.page)
    wait_ready(first, chart_page)
    second = HeatmapLayer(chart_page.page)
    second.set_listener(listener)
    wait_ready(second, chart_page)
    assert_draws(second, chart_page)
    second.detach()
    chart_page.qtbot.waitUntil(
        lambda: chart_page.js("OrderPilotHeatmap.layers.size") == 1, timeout=10_000
    )
    assert_draws(first, chart_page)


def test_an_error_in_the_page_is_reported_and_the_chart_lives_on(
    chart_page: ChartPage, listener: Recording, caplog: pytest.LogCaptureFixture
) -> None:
    chart_page.create_chart()
    layer = HeatmapLayer(chart_page.page)
    layer.set_listener(listener)
    wait_ready(layer, chart_page)
    meta, cells = grid_message(full_grid())
    layer.show_grid({**meta, "rows": 59}, cells)
    chart_page.qtbot.waitUntil(lambda: bool(layer.fault), timeout=10_000)
    assert layer.fault.endswith(
        "JavaScript failed: Error: grid message: 59 x 720 cells expected, got 43200"
    )
    assert [each.name for each in caplog.records if each.levelname == "ERROR"] == [
        "Heatmap.ui.layer.page_state"
    ]
    assert_draws(layer, chart_page)
    chart_page.js("(chart.remove(), createChart([]), 0)")
    chart_page.qtbot.waitUntil(lambda: not layer.fault, timeout=10_000)


def test_detached_nothing_is_left_on_page_channel_and_loop(
    chart_page: ChartPage, listener: Recording
) -> None:
    chart_page.create_chart()
    before = chart_page.state()
    # The tests' own come before.
    chart_page.settled_picture()
    names = chart_page.js(NAMES)
    layer = HeatmapLayer(chart_page.page)
    layer.set_listener(listener)
    wait_ready(layer, chart_page)
    assert_draws(layer, chart_page)
    layer.detach()
    count = len(listener.viewports), listener.ready
    assert chart_page.js("chart.panes()[0].getSeries().length") == 1
    assert chart_page.state() == before
    chart_page.qtbot.waitUntil(lambda: chart_page.page.webChannel() is None, timeout=10_000)
    assert layer.parent() is None
    chart_page.qtbot.waitUntil(lambda: chart_page.js(NAMES) == names, timeout=10_000)
    layer.show_grid(*grid_message(full_grid()))
    layer.set_options({"opacity": 0.3})
    layer.clear()
    chart_page.load()
    chart_page.create_chart()
    chart_page.settled_picture()
    assert chart_page.js("typeof OrderPilotHeatmap") == "undefined"
    assert (len(listener.viewports), listener.ready) == count


def test_a_page_that_goes_takes_the_layer_along(
    make_page: Callable[..., ChartPage], qtbot: Any
) -> None:
    page = make_page()
    page.load()
    page.create_chart()
    layer = HeatmapLayer(page.page)
    wait_ready(layer, page)
    with qtbot.waitSignal(layer.destroyed, timeout=10_000):
        page.view.setPage(None)
        page.page.deleteLater()
    gc.collect()
    layer.detach()


def test_a_page_without_lightweight_charts_stays_as_it_is(chart_page: ChartPage) -> None:
    with chart_page.qtbot.waitSignal(chart_page.page.loadFinished, timeout=10_000):
        chart_page.page.setHtml("<p>No chart</p>", QUrl("http://host.invalid/other"))
    layer = HeatmapLayer(chart_page.page)
    chart_page.qtbot.wait(300)
    assert not layer.is_ready


def test_a_layer_and_its_feed_go_with_detach_alone_and_with_the_page_alone(
    chart_page: ChartPage, listener: Recording
) -> None:
    left: list[Any] = []
    chart_page.create_chart()
    layer = HeatmapLayer(chart_page.page)
    layer.set_listener(listener)
    layer.set_leave_listener(left.append)
    wait_ready(layer, chart_page)
    layer.detach()
    layer.detach()
    assert left == [layer]
    other = HeatmapLayer(chart_page.page)
    other.set_leave_listener(left.append)
    wait_ready(other, chart_page)
    chart_page.view.setPage(None)
    with chart_page.qtbot.waitSignal(chart_page.page.destroyed, timeout=10_000):
        chart_page.page.deleteLater()
    assert left == [layer, other]


@pytest.mark.parametrize(
    "removal",
    [
        "chart.remove()",
        "(chart.remove(), createChart(priceSeries_candles))",
        (
            "chart.panes()[0].getSeries().filter(s => s !== priceSeries)"
            ".forEach(s => chart.removeSeries(s))"
        ),
    ],
)
def test_what_the_host_removes_disturbs_neither_side(
    removal: str, chart_page: ChartPage, listener: Recording
) -> None:
    chart_page.js(f"(window.priceSeries_candles = {json.dumps(minute_candles())}, 0)")
    chart_page.create_chart()
    layer = HeatmapLayer(chart_page.page)
    layer.set_listener(listener)
    wait_ready(layer, chart_page)
    assert_draws(layer, chart_page)
    # An idle chart: nothing is planned to be drawn that would hide a further frame.
    chart_page.settled_picture()
    ready = listener.ready
    chart_page.js(f"({removal}, 0)")
    chart_page.next_frames()
    if removal != "chart.remove()":
        chart_page.qtbot.waitUntil(lambda: listener.ready > ready, timeout=10_000)
        layer.clear()
        assert_draws(layer, chart_page)
    layer.detach()
    chart_page.next_frames()


@pytest.mark.parametrize(
    ("name", "symbol"),
    [
        ("btcusdt", "BTCUSDT"),
        ("BTC/USDT:USDT", "BTCUSDT"),
        ("BTC/USDT", "BTCUSDT"),
        ("bitunix:BTCUSDT", "BTCUSDT"),
        ("alpaca:BTC/USD", "BTCUSD"),
        ("BTC-USD", "BTC-USD"),
        ("Apple Inc.", "Apple Inc."),
    ],
)
def test_a_symbol_may_be_spelt_as_programs_do(
    name: str, symbol: str, chart_page: ChartPage
) -> None:
    layer = HeatmapLayer(chart_page.page, symbol=name)
    assert layer.symbol == symbol
    layer.set_symbol(None)
    layer.set_symbol(name)
    assert layer.symbol == symbol


def test_the_host_may_name_the_venue_that_it_means(chart_page: ChartPage) -> None:
    theirs = Instrument("BYBIT", "BTCUSDT")
    layer = HeatmapLayer(
        chart_page.page, symbol="Bybit BTC", symbol_map=lambda name: theirs if " " in name else name
    )
    assert layer.symbol == "bybit:BTCUSDT"
    layer.set_symbol("bybit:BTCUSDT")  # where the candles come from
    assert layer.symbol == "BTCUSDT"
    layer.set_symbol(theirs)
    assert layer.symbol == "bybit:BTCUSDT"
    layer.set_symbol(Instrument("BINANCE_USDM", "BTCUSDT"))
    assert layer.symbol == "BTCUSDT"


def test_the_host_may_say_what_its_own_names_mean(chart_page: ChartPage) -> None:
    names = {"BTC-USD": "BTCUSDT", "Bitcoin": "binance:btc/usdt", "alpaca:BTC/USD": None}
    layer = HeatmapLayer(
        chart_page.page, symbol="BTC-USD", symbol_map=lambda name: names.get(name, name)
    )
    assert layer.symbol == "BTCUSDT"
    for name, symbol in (("alpaca:BTC/USD", None), ("Bitcoin", "BTCUSDT"), ("ETH-USD", "ETH-USD")):
        layer.set_symbol(name)
        assert layer.symbol == symbol
    layer.set_symbol(None)
    assert layer.symbol is None
