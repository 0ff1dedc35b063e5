"""The plugin in a page and an application shaped like the host's, with the real service."""

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PyQt6.QtGui import QImage
from PyQt6.QtWebChannel import QWebChannel
from PyQt6.QtWebEngineCore import QWebEnginePage

from Heatmap import HeatmapService, HeatmapSettings
from Heatmap.standalone.sources import Source, load_market, open_replay
from Heatmap.tests.behaviour.scripted_exchange import START_MS, ScriptedExchange
from Heatmap.tests.behaviour.scripted_service import make_service
from Heatmap.tests.systems import kill
from Heatmap.tests.ui.chart_page import (
    START_S,
    ChartPage,
    changed,
    grid_message,
    minute_candles,
)
from Heatmap.tests.ui.drawn_layer import assert_host_works
from Heatmap.tests.ui.host_page import Host, candles_until, changing_zone, shifted, zone
from Heatmap.ui.layer.chart_layer import HeatmapLayer
from Heatmap.ui.layer.page_revival import MAX_DEATHS

pytestmark = pytest.mark.qt_log_ignore("Registered new object after initialization")


@pytest.fixture(scope="module")
def render_process() -> None:
    """Give each page a process of its own: tests kill it."""


# Long after its candle, so that a band runs to the right edge.
EVENT_S, PRICE = START_S + 20 * 60, 100_300.0
# The line with an offer ends so far below the pane's upper edge.
OFFER_PX = 45
SETTINGS = HeatmapSettings(
    enabled=True, opacity=1.0, decay="off", gap_hatch=False, colour_bar=False, source_line=False
)


@pytest.fixture
def host(make_page: Callable[..., ChartPage]) -> Host:
    host = Host(make_page(size=(800, 600)))
    host.open()
    return host


@pytest.fixture
def source(qt_run: Callable[..., Any], tmp_path: Path) -> Iterator[Source]:
    """Run the service on a replay that stands still after an hour with one liquidation."""
    order = {
        "s": "BTCUSDT",
        "S": "SELL",
        "q": "2.000",
        "p": f"{PRICE - 500:.2f}",
        "ap": f"{PRICE:.2f}",
        "z": "2.000",
        "T": EVENT_S * 1000,
    }
    messages = tmp_path / "messages.jsonl"
    messages.write_text(json.dumps({"e": "forceOrder", "E": EVENT_S * 1000 + 3, "o": order}) + "\n")
    rows = ["open_time,open,high,low,close,volume,quote_volume,trades"]
    for candle in minute_candles():
        prices = ",".join(str(candle[name]) for name in ("open", "high", "low", "close"))
        rows.append(f"{candle['time'] * 1000},{prices},1,1,1")
    klines = tmp_path / "klines.csv"
    klines.write_text("\n".join(rows) + "\n")
    start_ms = (START_S + 3599) * 1000

    async def begin() -> Source:
        return await open_replay(
            SETTINGS,
            tmp_path / "x.sqlite3",
            market=load_market(messages, klines, start_ms),
            start_ms=start_ms,
            speed=1.0,
            duration_s=1.0,
        )

    source = qt_run(begin(), timeout=20_000)
    yield source
    qt_run(source.close(), timeout=10_000)


def attach(host: Host, source: Source | HeatmapService, offset_ms: float = 0.0) -> HeatmapLayer:
    layer = HeatmapLayer(host.view.page)
    layer.set_time_offset(offset_ms)
    host.follow_with(layer)
    service = source.service if isinstance(source, Source) else source
    service.attach(layer)
    host.view.qtbot.waitUntil(lambda: layer.is_ready, timeout=10_000)
    return layer


def assert_band(host: Host, source: Source, by_s: int = 0) -> None:
    """A band begins at its event's time, lies at its price, and nothing else is coloured."""
    service, page = source.service, host.view
    service.apply_settings(service.settings.changed(enabled=False))
    bare = page.settled_picture()
    service.apply_settings(service.settings.changed(enabled=True))
    page.qtbot.waitUntil(lambda: bool(changed(bare, page.picture()).any()), timeout=10_000)
    rows, columns = np.nonzero(changed(bare, page.settled_picture()))
    spacing = page.x_of_candle(START_S + by_s + 60) - page.x_of_candle(START_S + by_s)
    assert columns.min() == pytest.approx(page.x_of_candle(EVENT_S + by_s) - spacing / 2, abs=2)
    # The clock stands at the end of the newest candle.
    assert columns.max() == pytest.approx(page.x_of_candle(EVENT_S + by_s) + 39.5 * spacing, abs=2)
    y = host.pane_top() + page.y_of_price(PRICE)
    assert (rows.min() + rows.max()) / 2 == pytest.approx(y, abs=3)
    assert np.ptp(rows) < 40


@pytest.fixture
def live(
    qt_run: Callable[..., Any], tmp_path: Path
) -> Iterator[tuple[HeatmapService, ScriptedExchange]]:
    """Run the service on an exchange that sends what the test tells it to."""
    with ScriptedExchange() as exchange:
        service = make_service(exchange, tmp_path / "x.sqlite3", SETTINGS)
        qt_run(service.start(), timeout=20_000)
        yield service, exchange
        qt_run(service.stop(), timeout=20_000)


def kill_renderer(page: QWebEnginePage) -> None:
    kill(page.renderProcessPid())


def test_the_page_does_what_the_host_s_does(make_page: Callable[..., ChartPage]) -> None:
    host = Host(make_page(size=(800, 600)), zone_script=zone(330))
    host.open()
    page = host.view
    options = (
        "((o) => [o.crosshair.mode, o.layout.background.color, o.layout.textColor])"
        "(chart.options())"
    )
    assert page.js(options) == [1, "#0b0b0d", "#c8ccd4"]
    host.choose_drawing_tool()
    host.set_background()
    assert page.js(options) == [2, "#ffffff", "#c8ccd4"]
    host.choose_drawing_tool(is_chosen=False)
    assert page.js(options)[0] == 1
    assert page.js(f"chart.options().localization.timeFormatter({START_S})") == "2024-12-05 06:30"
    host.stream([{**host.candles[-1], "time": START_S + 7200}])
    assert page.js("priceSeries.data().slice(-1)[0].time") == START_S + 7200
    assert page.js("average.data().slice(-1)[0].time") == START_S + 7200


def test_the_heat_comes_with_a_recorded_symbol_and_goes_with_another(
    host: Host, source: Source
) -> None:
    page = host.view
    bare = page.settled_picture()
    layer = attach(host, source)
    page.qtbot.waitUntil(lambda: layer.viewport is not None, timeout=10_000)
    assert page.settled_picture() == bare
    host.show("BTCUSDT", minute_candles())
    assert_band(host, source)
    assert_host_works(page, host.bridge)
    host.show("AAPL", minute_candles(40))
    assert source.service.status()["layers"][0]["symbol"] == "AAPL"
    with_layer = page.settled_picture()
    layer.detach()
    page.qtbot.waitUntil(
        lambda: set(host.channel.registeredObjects()) == {"pyBridge"}, timeout=10_000
    )
    assert page.settled_picture() == with_layer
    assert_host_works(page, host.bridge)


def test_the_heat_stays_in_the_candles_pane_while_panes_come_and_go(
    host: Host, source: Source
) -> None:
    host.show("BTCUSDT", minute_candles())
    attach(host, source)
    assert_band(host, source)
    page = host.view
    page.js(
        "(window.extra = chart.addSeries(LightweightCharts.LineSeries, {}, 2), "
        "extra.setData(priceSeries.data().map(e => ({time: e.time, value: e.low}))), 0)"
    )
    assert_band(host, source)
    page.js("(chart.removeSeries(average), 0)")
    assert page.js("[chart.panes().length, priceSeries.getPane().paneIndex()]") == [2, 0]
    assert_band(host, source)
    page.js("(chart.removeSeries(extra), 0)")
    assert page.js("chart.panes().length") == 1
    assert_band(host, source)


def test_candles_that_are_removed_and_replaced_keep_nothing_behind(
    host: Host, caplog: pytest.LogCaptureFixture
) -> None:
    page = host.view
    host.show("BTCUSDT", minute_candles())
    layers = [HeatmapLayer(page.page), HeatmapLayer(page.page)]
    page.qtbot.waitUntil(lambda: all(layer.is_ready for layer in layers), timeout=10_000)
    # The candles' pane goes with them at once, though the page still holds their name.
    panes = "chart.panes().map((pane) => pane.getSeries().length)"
    assert page.js(f"(chart.removeSeries(priceSeries), {panes})") == [1]
    page.next_frames()
    candles = json.dumps(minute_candles())
    page.js(
        "(priceSeries = chart.addSeries(LightweightCharts.CandlestickSeries, {}, 1),"
        f" priceSeries.setData({candles}), 0)"
    )
    page.qtbot.waitUntil(lambda: page.js(panes) == [1, 3], timeout=10_000)
    x = show_cell(layers[1], host, START_S + 1800)
    assert x == pytest.approx(page.x_of_candle(START_S + 1800), abs=1)
    for layer in layers:
        layer.detach()
    page.qtbot.waitUntil(lambda: page.js(panes) == [1, 1], timeout=10_000)
    own = "[chart, priceSeries].map((each) => Object.keys(each).length)"
    assert page.js(
        f"{own}.join() === [LightweightCharts.createChart("
        "document.createElement('div'))].map((bare) => [bare, bare.addSeries("
        "LightweightCharts.CandlestickSeries)]).flat().map((each) => "
        "Object.keys(each).length).join()"
    )
    assert [record for record in caplog.records if record.levelname == "ERROR"] == []


@pytest.mark.parametrize("hours", [168, 24, 4])
def test_two_hours_among_long_candles_are_a_mark_at_the_end(
    hours: int, host: Host, live: tuple[HeatmapService, ScriptedExchange]
) -> None:
    service, exchange = live
    page, qtbot = host.view, host.view.qtbot
    step_s = hours * 3600
    # A week begins on Monday; time itself did on a Thursday.
    newest_s = START_MS // 1000 - (START_MS // 1000 - 4 * 86_400) % step_s
    candles = minute_candles(step_s=step_s)
    candles = shifted(candles, newest_s - candles[-1]["time"])
    host.show("BTCUSDT", candles)
    # Above the newest candle, which hides nothing of it.
    price = PRICE + 300
    bare, before = page.settled_picture(), page.state()

    def differs(picture: QImage) -> Any:
        # Above that stands the line that offers other heat, as nothing was recorded yet.
        difference = changed(bare, picture)
        difference[: int(host.pane_top()) + OFFER_PX] = False
        return difference

    attach(host, service)
    qtbot.waitUntil(service.is_live, timeout=10_000)
    qtbot.waitUntil(lambda: service.status()["layers"][0]["state"] == "drawn", timeout=10_000)
    assert not differs(page.settled_picture()).any()
    exchange.liquidate(price=f"{price:.2f}")
    qtbot.waitUntil(lambda: bool(differs(page.picture()).any()), timeout=10_000)
    rows, columns = np.nonzero(differs(page.settled_picture()))
    spacing = page.x_of_candle(newest_s) - page.x_of_candle(newest_s - step_s)
    left = page.x_of_candle(newest_s) - spacing / 2
    x = left + (START_MS / 1000 - newest_s) / step_s * spacing
    assert columns == pytest.approx(x, abs=1.5)
    y = host.pane_top() + page.y_of_price(price)
    assert (rows.min() + rows.max()) / 2 == pytest.approx(y, abs=3)
    assert np.ptp(rows) < 40
    assert page.state() == before
    assert page.js("priceSeries.data()") == candles


@pytest.mark.parametrize("hours", [2, -5])
def test_shifted_times_that_the_host_tells(hours: int, host: Host, source: Source) -> None:
    host.show("BTCUSDT", shifted(minute_candles(), 3600 * hours))
    attach(host, source, 3_600_000 * hours)
    assert_band(host, source, 3600 * hours)


def show_cell(layer: HeatmapLayer, host: Host, at_s: int) -> float:
    """Show one bright minute, with nothing else; give the middle of what is drawn, pixels."""
    page = host.view
    layer.set_options({"opacity": 1.0})
    layer.clear()
    bare = page.settled_picture()
    grid = np.full((60, 12), 255, np.uint8)
    layer.show_grid(*grid_message(grid, timeStartMs=at_s * 1000))
    page.qtbot.waitUntil(lambda: bool(changed(bare, page.picture()).any()), timeout=10_000)
    _, columns = np.nonzero(changed(bare, page.settled_picture()))
    return float((columns.min() + columns.max()) / 2)


def test_shifted_times_are_found_by_the_machine_s_zone(make_page: Callable[..., ChartPage]) -> None:
    host = Host(
        make_page(size=(800, 600)),
        zone_script=zone(330),
    )
    candles = candles_until(time.time())
    host.candles = shifted(candles, 330 * 60)
    host.open()
    layer = HeatmapLayer(host.view.page)
    qtbot = host.view.qtbot
    qtbot.waitUntil(lambda: layer.time_offset_ms == 330 * 60_000, timeout=10_000)
    x = show_cell(layer, host, candles[30]["time"])
    expected = host.view.x_of_candle(candles[30]["time"] + 330 * 60)
    assert x == pytest.approx(expected, abs=1)
    # The other data path of the host.
    host.show("BTCUSDT", candles)
    qtbot.waitUntil(lambda: layer.time_offset_ms == 0, timeout=10_000)
    host.show("BTCUSDT", shifted(candles, 330 * 60))
    qtbot.waitUntil(lambda: layer.time_offset_ms == 330 * 60_000, timeout=10_000)


def test_any_zone_is_found_once_the_newest_candle_changes(host: Host) -> None:
    by_s = -150 * 60
    candles = candles_until(time.time())
    host.show("BTCUSDT", shifted(candles, by_s))
    layer = HeatmapLayer(host.view.page)
    host.view.qtbot.waitUntil(lambda: layer.is_ready, timeout=10_000)
    newest = shifted(candles, by_s)[-1]
    host.view.js(f"(priceSeries.update({json.dumps({**newest, 'close': 100_000})}), 0)")
    host.view.qtbot.waitUntil(lambda: layer.time_offset_ms == by_s * 1000, timeout=10_000)


def test_a_replay_is_found_by_its_own_clock(host: Host) -> None:
    by_s = 210 * 60
    host.show("BTCUSDT", shifted(minute_candles(), by_s))
    layer = HeatmapLayer(host.view.page)
    qtbot = host.view.qtbot
    qtbot.waitUntil(lambda: layer.is_ready, timeout=10_000)
    now_ms = (START_S + 3590) * 1000
    layer.show_grid(*grid_message(np.zeros((60, 12), np.uint8), nowMs=now_ms))
    newest = shifted(minute_candles(), by_s)[-1]
    host.view.js(f"(priceSeries.update({json.dumps(newest)}), 0)")
    qtbot.waitUntil(lambda: layer.time_offset_ms == by_s * 1000, timeout=10_000)


def test_summer_time_that_begins_within_the_candles_moves_only_the_later_ones(
    make_page: Callable[..., ChartPage],
) -> None:
    candles = candles_until(time.time())
    change_s = candles[40]["time"]
    host = Host(
        make_page(size=(800, 600)),
        zone_script=changing_zone(change_s, 60, 120),
    )
    host.candles = shifted(candles[:40], 3600) + shifted(candles[40:], 7200)
    host.open()
    layer = HeatmapLayer(host.view.page)
    host.view.qtbot.waitUntil(lambda: layer.time_offset_ms == 7_200_000, timeout=10_000)
    for index, by_s in ((30, 3600), (39, 3600), (40, 7200), (50, 7200)):
        x = show_cell(layer, host, candles[index]["time"])
        assert x == pytest.approx(host.view.x_of_candle(candles[index]["time"] + by_s), abs=1)


def test_old_candles_that_tell_nothing_are_taken_as_utc_with_one_warning(
    make_page: Callable[..., ChartPage], caplog: pytest.LogCaptureFixture
) -> None:
    host = Host(
        make_page(size=(800, 600)),
        zone_script=zone(120),
    )
    host.candles = minute_candles()
    host.open()
    layer = HeatmapLayer(host.view.page)
    host.view.qtbot.waitUntil(lambda: layer.is_ready, timeout=10_000)
    for _ in range(2):
        x = show_cell(layer, host, START_S + 1800)
        assert x == pytest.approx(host.view.x_of_candle(START_S + 1800), abs=1)
        host.view.qtbot.waitUntil(lambda: layer.time_offset_ms == 0, timeout=10_000)
        host.show("BTCUSDT", minute_candles())
    warnings = [
        record for record in caplog.records if record.name == "Heatmap.ui.layer.candle_offset"
    ]
    assert len(warnings) == 1
    layer.set_time_offset(7_200_000)
    assert layer.time_offset_ms == 7_200_000
    with pytest.raises(ValueError, match="finite"):
        layer.set_time_offset(float("nan"))


def test_a_page_whose_render_process_died_comes_back_with_the_heat(
    host: Host, source: Source, caplog: pytest.LogCaptureFixture
) -> None:
    host.show("BTCUSDT", minute_candles())
    layer = attach(host, source)
    second = HeatmapLayer(host.view.page)
    assert_band(host, source)
    with host.view.qtbot.waitSignal(host.view.page.renderProcessTerminated, timeout=10_000):
        kill_renderer(host.view.page)
    assert not layer.is_ready
    host.wait_for_load(2)
    host.view.qtbot.waitUntil(lambda: layer.is_ready and second.is_ready, timeout=10_000)
    assert host.view.page.webChannel() is host.channel
    assert host.view.js("location.href") == "http://host.invalid/charts/"
    assert_band(host, source)
    assert_host_works(host.view, host.bridge)
    second.detach()
    # Two layers, one line each, and one load.
    assert host.loads == 2
    assert [record.name for record in caplog.records if record.levelname == "WARNING"].count(
        "Heatmap.ui.layer.page_revival"
    ) == 2


def test_a_host_that_loads_a_dead_page_itself_is_not_disturbed(host: Host) -> None:
    page = host.view.page
    layer = HeatmapLayer(page)
    host.view.qtbot.waitUntil(lambda: layer.is_ready, timeout=10_000)

    def load_again(*_: object) -> None:
        # Once: a page that is being destroyed tells the end of its process as well.
        page.renderProcessTerminated.disconnect(load_again)
        page.setHtml(host.html, page.url())

    page.renderProcessTerminated.connect(load_again)
    starts: list[int] = []
    page.loadStarted.connect(lambda: starts.append(1))
    kill_renderer(page)
    host.wait_for_load(2)
    assert not layer._link._revival._patience.isActive()
    host.view.qtbot.waitUntil(lambda: layer.is_ready, timeout=10_000)
    assert len(starts) == 1


def test_a_page_that_dies_again_and_again_is_left_until_it_is_loaded(
    host: Host, caplog: pytest.LogCaptureFixture
) -> None:
    page, qtbot = host.view.page, host.view.qtbot
    layer = HeatmapLayer(page)
    # Time is not what is shown here.
    layer._link._revival._patience.setInterval(0)
    for deaths in range(1, MAX_DEATHS + 1):
        kill_renderer(page)
        host.wait_for_load(deaths + 1)
    with qtbot.waitSignal(page.renderProcessTerminated, timeout=10_000):
        kill_renderer(page)
    assert not layer._link._revival._patience.isActive()
    assert not page.isLoading()
    assert [record.levelname for record in caplog.records].count("ERROR") == 1
    page.triggerAction(QWebEnginePage.WebAction.Reload)
    host.wait_for_load(MAX_DEATHS + 2)
    qtbot.waitUntil(lambda: layer.is_ready, timeout=10_000)


@pytest.mark.parametrize("moment", ["dead page", "at once", "while loading", "never loaded"])
def test_detach_leaves_no_trace_at_any_moment(
    moment: str, host: Host, make_page: Callable[..., ChartPage]
) -> None:
    page, qtbot = host.view.page, host.view.qtbot
    if moment == "never loaded":
        page = make_page().page
    layer = HeatmapLayer(page)
    if moment == "dead page":
        qtbot.waitUntil(lambda: layer.is_ready, timeout=10_000)
        with qtbot.waitSignal(page.renderProcessTerminated, timeout=10_000):
            kill_renderer(page)
    elif moment == "while loading":
        page.triggerAction(QWebEnginePage.WebAction.Reload)
    layer.detach()
    qtbot.waitUntil(lambda: layer.parent() is None, timeout=10_000)
    if moment == "never loaded":
        assert page.webChannel() is None
        return
    assert set(host.channel.registeredObjects()) == {"pyBridge"}
    assert not layer._link._watch.isActive()
    assert not layer._link._farewell.isActive()
    if moment == "dead page":
        # Without the layer a dead page is the host's concern again.
        assert not layer._link._revival._patience.isActive()
        page.triggerAction(QWebEnginePage.WebAction.Reload)
    host.wait_for_load(1 if moment == "at once" else 2)
    assert_host_works(host.view, host.bridge)
    plain = "'value' in Object.getOwnPropertyDescriptor(qt.webChannelTransport, 'onmessage')"
    qtbot.waitUntil(lambda: host.view.js(plain), timeout=10_000)
    assert host.view.js("chart.panes().map((pane) => pane.getSeries().length)") == [1, 1]


def test_two_charts_on_one_service_draw_and_leave_each_by_itself(
    host: Host, source: Source, make_page: Callable[..., ChartPage]
) -> None:
    other = Host(make_page(size=(640, 480)))
    other.open()
    for each in (host, other):
        each.show("BTCUSDT", minute_candles())
    layers = [attach(host, source), attach(other, source)]
    assert_band(host, source)
    assert_band(other, source)
    source.service.detach(layers[0])
    layers[0].detach()
    assert_band(other, source)
    assert len(source.service.status()["layers"]) == 1
    assert isinstance(other.view.page.webChannel(), QWebChannel)
