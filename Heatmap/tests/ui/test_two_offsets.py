"""The host goes on from its history by candles of another offset; each keeps its own time."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from PyQt6.QtCore import QPoint, QUrl
from PyQt6.QtTest import QTest
from PyQt6.QtWebEngineCore import QWebEnginePage

from Heatmap.tests.ui.chart_page import ChartPage, changed, grid_message
from Heatmap.tests.ui.crosshair_box import box_text
from Heatmap.tests.ui.host_page import (
    CLOCK,
    Host,
    candles_until,
    shifted,
    zone,
)
from Heatmap.ui.layer.chart_layer import HeatmapLayer

pytestmark = pytest.mark.qt_log_ignore("Registered new object after initialization")

MINUTE, HOUR = 60, 3600
COUNT = 40
# Above all candles, within the pane.
FREE_PRICE = 101_150.0


@dataclass
class Chart:
    """The host's chart with a layer on it, and what is known of its candles."""

    host: Host
    layer: HeatmapLayer
    #: For each candle its UTC time and the time that the page has, in the order on the page.
    places: list[tuple[int, int]] = field(default_factory=list)

    @property
    def page(self) -> ChartPage:
        return self.host.view

    def set(self, candles: list[Any], by_s: int = 0) -> None:
        """Give the chart its history: candles in UTC, shown with an offset."""
        self.host.show("BTCUSDT", shifted(candles, by_s))
        self.host.candles = candles
        self.places = [(each["time"], each["time"] + by_s) for each in candles]

    def go_on(self, minutes: int, by_s: int, *, clock_ahead_s: int = 0) -> None:
        made = self.host.go_on(minutes, by_s, clock_ahead_s=clock_ahead_s)
        self.places += [(each["time"], each["time"] + by_s) for each in made]

    def show_all(self) -> None:
        newest = "chart.timeScale().timeToIndex(priceSeries.data().slice(-1)[0].time)"
        self.page.js(
            f"(chart.timeScale().setVisibleLogicalRange({{from: -1.5, to: {newest} + 2.5}}), 0)"
        )
        self.page.settled_picture()

    def drawn(self, minutes: list[int]) -> list[float]:
        """Give the middles of what is drawn, pixels, where only these minutes are bright."""
        first = min(minutes)
        grid = np.zeros((60, (max(minutes) - first) // 60 + 1), np.uint8)
        for each in minutes:
            grid[:, (each - first) // 60] = 255
        self.layer.clear()
        bare = self.page.settled_picture()
        self.layer.show_grid(
            *grid_message(
                grid, timeStartMs=first * 1000, binMs=60_000, endMs=max(minutes) * 1000 + 60_000
            )
        )
        self.page.qtbot.waitUntil(
            lambda: bool(changed(bare, self.page.picture()).any()), timeout=10_000
        )
        y = round(self.host.pane_top() + self.page.y_of_price(FREE_PRICE))
        columns = np.flatnonzero(changed(bare, self.page.settled_picture())[y])
        # A grid line of the chart is no hole.
        runs = np.split(columns, np.flatnonzero(np.diff(columns) > 3) + 1)
        return [float((run[0] + run[-1] + 1) / 2) for run in runs]

    def assert_every_candle_has_its_time(self) -> None:
        """Of the candles that stand for one time alone, every third lies where its candle is."""
        self.show_all()
        times = [utc for utc, _ in self.places]
        picked = [(utc, at) for utc, at in self.places if times.count(utc) == 1][::-3][::-1]
        expected = [self.page.x_of_candle(at) for _, at in picked]
        assert self.drawn([utc for utc, _ in picked]) == pytest.approx(expected, abs=1.5)

    def assert_no_hole(self) -> None:
        """All minutes together are one piece, from the first candle to the last one."""
        self.show_all()
        times = [utc for utc, _ in self.places]
        grid = list(range(min(times), max(times) + 60, 60))
        left, right = (self.page.x_of_candle(self.places[i][1]) for i in (0, -1))
        assert self.drawn(grid) == pytest.approx([(left + right) / 2], abs=2)

    def have_layer_come_again(self) -> None:
        """Take the layer's series away, as a host does that removes all: it enters anew."""
        count = "chart.panes()[1].getSeries().length"
        before = self.page.js(count)
        self.page.js(
            "(chart.panes()[1].getSeries().filter((each) => each.seriesType() === 'Custom')"
            ".forEach((each) => chart.removeSeries(each)), 0)"
        )
        self.page.qtbot.waitUntil(lambda: self.page.js(count) == before, timeout=10_000)
        self.page.qtbot.waitUntil(lambda: self.layer.is_ready, timeout=10_000)

    @property
    def offset_ms(self) -> float:
        """Give what the layer has told last; what was told it may be another one."""
        return float(
            self.page.js("Array.from(OrderPilotHeatmap.layers.values())[0].stage.axis.offsetMs")
        )


@pytest.fixture
def make_chart(make_page: Callable[..., ChartPage]) -> Callable[..., Chart]:
    """Open the host, in a zone, with a history in UTC up to now, and a layer on it."""

    def make(
        zone_script: str = "", told_ms: float | None = None, *, by_s: int = 0, stale_s: int = 0
    ) -> Chart:
        host = Host(make_page(size=(900, 600)), zone_script=zone_script + CLOCK)
        history = candles_until(time.time() - stale_s, COUNT)
        host.candles = shifted(history, by_s)
        host.open()
        layer = HeatmapLayer(host.view.page)
        layer.set_time_offset(told_ms)
        host.view.qtbot.waitUntil(lambda: layer.is_ready, timeout=10_000)
        layer.set_options({"opacity": 1.0})
        chart = Chart(host, layer)
        chart.set(history, by_s)
        return chart

    return make


@pytest.mark.parametrize("minutes_ahead", [60, 120, 330, 345, 840])
def test_history_in_utc_stays_when_the_stream_is_local(
    minutes_ahead: int, make_chart: Callable[..., Chart]
) -> None:
    chart = make_chart(zone(minutes_ahead))
    chart.go_on(9, minutes_ahead * 60)
    chart.assert_every_candle_has_its_time()
    chart.assert_no_hole()
    chart.page.qtbot.waitUntil(
        lambda: chart.layer.time_offset_ms == minutes_ahead * 60_000, timeout=10_000
    )


@pytest.mark.parametrize("minutes_ahead", [120, -210])
def test_a_stream_of_any_zone_leaves_the_history_where_it_is(
    minutes_ahead: int, make_chart: Callable[..., Chart]
) -> None:
    """The machine's own zone is UTC. A stream that is behind needs a history that is older."""
    stale_s = max(0, 2 * HOUR - minutes_ahead * 60)
    chart = make_chart(zone(0), stale_s=stale_s if minutes_ahead < 0 else 0)
    if minutes_ahead < 0:
        later = candles_until(time.time(), 1)
        chart.host.candles = shifted(later, -60)
    chart.go_on(9, minutes_ahead * 60)
    chart.assert_every_candle_has_its_time()


@pytest.mark.parametrize("told_ms", [0.0, None])
def test_a_stream_behind_utc_leaves_an_old_history_where_it_is(
    told_ms: float | None, make_chart: Callable[..., Chart]
) -> None:
    chart = make_chart(zone(-300), told_ms, stale_s=7 * HOUR)
    chart.host.candles = shifted(candles_until(time.time(), 1), -60)
    chart.go_on(9, -5 * HOUR)
    chart.assert_every_candle_has_its_time()


def test_local_history_stays_when_the_stream_is_utc(make_chart: Callable[..., Chart]) -> None:
    chart = make_chart(zone(-300), by_s=-5 * HOUR)
    chart.go_on(9, 0)
    chart.assert_every_candle_has_its_time()
    chart.assert_no_hole()


@pytest.mark.parametrize("told_min", [0, 120])
def test_what_is_told_of_one_path_does_not_misplace_the_other(
    told_min: int, make_chart: Callable[..., Chart]
) -> None:
    chart = make_chart(zone(120), told_min * 60_000.0)
    chart.go_on(9, 2 * HOUR)
    chart.assert_every_candle_has_its_time()
    chart.assert_no_hole()
    chart.have_layer_come_again()
    chart.assert_every_candle_has_its_time()


def test_what_is_told_later_is_of_the_candles_to_come(make_chart: Callable[..., Chart]) -> None:
    """An old history, of which no clock tells anything."""
    chart = make_chart(zone(0), 0.0, stale_s=1500)
    chart.set(chart.host.candles)
    chart.layer.set_time_offset(2 * HOUR * 1000.0)
    chart.go_on(9, 2 * HOUR)
    chart.assert_every_candle_has_its_time()
    # From the next `setData` on it is of all candles.
    chart.set(candles_until(time.time() - 1500, COUNT), 2 * HOUR)
    chart.assert_every_candle_has_its_time()


def test_what_is_told_corrects_candles_that_nobody_was_sure_of(
    make_chart: Callable[..., Chart],
) -> None:
    chart = make_chart(zone(120), stale_s=20 * HOUR, by_s=-90 * 60)
    for by_s in (-90 * 60, 210 * 60, -90 * 60):
        chart.layer.set_time_offset(by_s * 1000.0)
        chart.places = [(at - by_s, at) for _, at in chart.places]
        chart.assert_every_candle_has_its_time()


def test_the_minute_that_both_paths_have_is_drawn_in_both_candles(
    make_chart: Callable[..., Chart],
) -> None:
    chart = make_chart(zone(60))
    newest = chart.host.candles.pop()
    chart.host.candles[-1] = {**newest, "time": newest["time"] - 60}
    chart.go_on(4, HOUR, clock_ahead_s=-60)
    shared = [at for utc, at in chart.places if utc == newest["time"]]
    assert len(shared) == 2
    chart.show_all()
    expected = sum(chart.page.x_of_candle(at) for at in shared) / 2
    assert chart.drawn([newest["time"]]) == pytest.approx([expected], abs=1.5)
    chart.assert_every_candle_has_its_time()
    chart.assert_no_hole()


def test_a_history_that_is_set_again_with_what_was_streamed_keeps_both_offsets(
    make_chart: Callable[..., Chart],
) -> None:
    chart = make_chart(zone(120))
    chart.go_on(6, 2 * HOUR)
    chart.page.js("(show(priceSeries.data()), 0)")
    chart.assert_every_candle_has_its_time()
    chart.go_on(3, 2 * HOUR, clock_ahead_s=360)
    chart.assert_every_candle_has_its_time()
    # Another history begins anew, whatever was known of the one before.
    chart.set(candles_until(time.time() + 540, COUNT), 2 * HOUR)
    chart.assert_every_candle_has_its_time()
    chart.set(candles_until(time.time() + 540, COUNT))
    chart.assert_every_candle_has_its_time()


@pytest.mark.parametrize("minutes_ahead", [60, 330, -210])
def test_a_layer_that_comes_late_finds_both_offsets(
    minutes_ahead: int, make_chart: Callable[..., Chart]
) -> None:
    history_by_s, stream_by_s = sorted((0, minutes_ahead * 60))
    chart = make_chart(zone(minutes_ahead), by_s=history_by_s)
    chart.go_on(9, stream_by_s)
    chart.have_layer_come_again()
    chart.assert_every_candle_has_its_time()
    chart.assert_no_hole()
    # And after a load: nothing at all is known.
    loads, mixed = chart.host.loads, chart.page.js("priceSeries.data()")
    chart.host.candles = mixed
    chart.host.html = chart.host.html.replace(CLOCK, CLOCK + "window.aheadMs = 540000;")
    chart.page.page.setHtml(chart.host.html, QUrl("http://host.invalid/charts/"))
    chart.host.wait_for_load(loads + 1)
    chart.page.qtbot.waitUntil(lambda: chart.layer.is_ready, timeout=10_000)
    chart.assert_every_candle_has_its_time()


def test_a_hole_as_long_as_the_offset_stays_a_hole(make_chart: Callable[..., Chart]) -> None:
    """The recorder of the host's candles stood still for two hours, in a zone of two hours."""
    chart = make_chart(zone(120), by_s=2 * HOUR)
    chart.go_on(3, 2 * HOUR)
    chart.host.candles = shifted(chart.host.candles, 2 * HOUR)
    chart.go_on(6, 2 * HOUR, clock_ahead_s=2 * HOUR + 180)
    chart.assert_every_candle_has_its_time()
    chart.page.js("(show(priceSeries.data()), 0)")
    chart.assert_every_candle_has_its_time()
    chart.have_layer_come_again()
    chart.assert_every_candle_has_its_time()


def test_a_replay_has_both_offsets_by_its_own_clock(make_chart: Callable[..., Chart]) -> None:
    chart = make_chart(zone(330), stale_s=400 * 24 * HOUR)
    layer, host = chart.layer, chart.host
    empty = np.zeros((60, 12), np.uint8)
    now_s = host.candles[-1]["time"] + 30

    def clock(sequence: int) -> None:
        layer.show_grid(*grid_message(empty, nowMs=now_s * 1000, sequence=sequence))
        shown = "Array.from(OrderPilotHeatmap.layers.values())[0].picture.grid?.sequence ?? -1"
        chart.page.qtbot.waitUntil(lambda: chart.page.js(shown) == sequence, timeout=10_000)

    clock(1)
    for number in range(9):
        now_s += 60
        clock(number + 2)
        utc_s = host.candles[-1]["time"] + 60
        candle = {**host.candles[-1], "time": utc_s}
        host.stream([{**candle, "time": utc_s + 330 * 60}])
        host.candles = [*host.candles, candle]
        chart.places.append((utc_s, utc_s + 330 * 60))
    chart.assert_every_candle_has_its_time()
    chart.assert_no_hole()


def test_the_view_is_asked_for_rightly_with_both_offsets(make_chart: Callable[..., Chart]) -> None:
    chart = make_chart(zone(120))
    chart.go_on(20, 2 * HOUR)
    for index in (25, 50):
        utc_s, _ = chart.places[index]
        chart.page.js(
            f"(chart.timeScale().setVisibleLogicalRange({{from: {index - 20}, to: {index}}}), 0)"
        )
        # The right edge is the end of that candle.
        chart.page.qtbot.waitUntil(
            lambda at=utc_s: (
                chart.layer.viewport is not None
                and chart.layer.viewport.end_ms is not None
                and abs(chart.layer.viewport.end_ms - (at + 60) * 1000) < 3_000
            ),
            timeout=10_000,
        )


def test_the_crosshair_says_the_time_of_the_candle_that_it_is_at(
    make_chart: Callable[..., Chart],
) -> None:
    chart = make_chart(zone(120))
    chart.go_on(20, 2 * HOUR)
    chart.show_all()
    times = [utc for utc, _ in chart.places]
    chart.drawn(list(range(min(times), max(times) + 60, 60)))
    page = chart.page
    y = round(chart.host.pane_top() + page.y_of_price(FREE_PRICE))
    # Two minutes of either stretch, as the host's own formatter says them on the axis.
    for index in (20, 22, 55, 57):
        place = QPoint(round(page.x_of_candle(chart.places[index][1])), y)
        QTest.mouseMove(page.view.focusProxy(), place - QPoint(3, 0))
        QTest.mouseMove(page.view.focusProxy(), place)
        said = page.js(f"chart.options().localization.timeFormatter({chart.places[index][1]})")
        page.qtbot.waitUntil(lambda words=said: words in (box_text(page) or ""), timeout=10_000)


SPRING_S, AUTUMN_S = 1_743_296_400, 1_761_440_400


def at_clock(chart_time_s: int) -> str:
    """Give the script of a page whose clock stands near another time."""
    return f"{CLOCK} window.aheadMs = {chart_time_s} * 1000 - machineNow();"


def berlin() -> str:
    return (
        "Date.prototype.getTimezoneOffset = function () {"
        f" const now = this.getTime() / 1000;"
        f" return now >= {SPRING_S} && now < {AUTUMN_S} ? -120 : -60; }};"
    )


def local(utc_s: int) -> int:
    return utc_s + (7200 if SPRING_S <= utc_s < AUTUMN_S else 3600)


def by_local_time(candles: list[Any]) -> dict[int, Any]:
    """Give what a host keeps that has one candle for each local time: the last one."""
    return {local(each["time"]): each for each in candles}


@pytest.fixture
def make_berlin(make_page: Callable[..., ChartPage]) -> Callable[..., Chart]:
    """Open the host in Berlin, at a time, without candles."""

    def make(now_s: int) -> Chart:
        host = Host(make_page(size=(900, 600)), zone_script=berlin() + at_clock(now_s))
        host.candles = [{**candles_until(now_s, 1)[0], "time": now_s // 60 * 60 - 86_400}]
        host.open()
        layer = HeatmapLayer(host.view.page)
        host.view.qtbot.waitUntil(lambda: layer.is_ready, timeout=10_000)
        layer.set_options({"opacity": 1.0})
        return Chart(host, layer)

    return make


@pytest.mark.parametrize("step_min", [1, 15, 60])
@pytest.mark.parametrize("change_s", [SPRING_S, AUTUMN_S])
def test_a_history_over_a_change_of_summer_time_is_followed_back(
    change_s: int, step_min: int, make_berlin: Callable[..., Chart]
) -> None:
    step_s = step_min * 60
    now_s = change_s + 20 * step_s + 3600
    chart = make_berlin(now_s + 5)
    first = candles_until(now_s, 1)[0]
    candles = [
        {**first, "time": now_s - (60 * 60 // step_min + 40 - i) * step_s}
        for i in range(60 * 60 // step_min + 41)
    ]
    kept = by_local_time(candles)
    chart.host.show("BTCUSDT", [{**each, "time": at} for at, each in kept.items()])
    axis = "Array.from(OrderPilotHeatmap.layers.values())[0].stage.axis"
    chart.page.next_frames()
    shown = chart.page.js(f"(Array.from({axis}._data.times.slice(0, {axis}.count)))")
    # At the end of summer time the second hour has the candles, and the first one has none.
    assert shown == [each["time"] * 1000 for each in kept.values()]


@pytest.mark.parametrize("change_s", [SPRING_S, AUTUMN_S])
def test_a_stream_over_a_change_of_summer_time_keeps_what_was_drawn(
    change_s: int, make_berlin: Callable[..., Chart]
) -> None:
    chart = make_berlin(change_s - 590)
    history = candles_until(change_s - 600, COUNT)
    chart.host.show("BTCUSDT", [{**each, "time": local(each["time"])} for each in history])
    chart.places = [(each["time"], local(each["time"])) for each in history]
    newest_at = chart.places[-1][1]
    for number in range(1, 90):
        utc_s = history[-1]["time"] + 60 * number
        chart.page.js(f"(window.aheadMs = {utc_s + 2} * 1000 - machineNow(), 0)")
        # While the local hour comes again, the host has no later candle to give.
        at = max(newest_at, local(utc_s))
        chart.host.stream([{**history[-1], "time": at, "close": 100_000 + number}])
        if at > newest_at:
            newest_at = at
            chart.places.append((utc_s, at))
    chart.assert_every_candle_has_its_time()


def hide(chart: Chart) -> None:
    chart.page.view.hide()
    chart.page.qtbot.waitUntil(lambda: chart.page.js("document.hidden"), timeout=10_000)


def unhide(chart: Chart) -> None:
    chart.page.view.show()
    chart.page.qtbot.waitUntil(lambda: not chart.page.js("document.hidden"), timeout=10_000)


@pytest.mark.parametrize("by_s", [0, 2 * HOUR])
def test_minutes_that_came_while_the_page_was_hidden_are_drawn_afterwards(
    by_s: int, make_chart: Callable[..., Chart]
) -> None:
    chart = make_chart(zone(120))
    chart.page.settled_picture()
    hide(chart)
    for number in range(4):
        chart.go_on(3, by_s, clock_ahead_s=180 * number)
    unhide(chart)
    chart.assert_every_candle_has_its_time()
    chart.assert_no_hole()


def test_a_history_and_a_stream_that_came_while_the_page_was_hidden_are_told_apart(
    make_chart: Callable[..., Chart],
) -> None:
    chart = make_chart(zone(120))
    chart.page.settled_picture()
    hide(chart)
    chart.go_on(2, 2 * HOUR)
    # Another symbol, and another one with another number of candles.
    for count in (25, 70):
        chart.set(candles_until(time.time() + 120, count))
        chart.go_on(5, 2 * HOUR, clock_ahead_s=120)
        chart.page.js("(window.aheadMs = 120000, 0)")
    unhide(chart)
    chart.assert_every_candle_has_its_time()
    chart.assert_no_hole()


def test_minutes_that_a_frozen_page_gets_all_at_once_are_drawn(
    make_chart: Callable[..., Chart],
) -> None:
    chart = make_chart(zone(120))
    chart.go_on(3, 2 * HOUR)
    page = chart.page.page
    chart.page.view.hide()
    page.setLifecycleState(QWebEnginePage.LifecycleState.Frozen)
    chart.page.qtbot.waitUntil(
        lambda: page.lifecycleState() == QWebEnginePage.LifecycleState.Frozen, timeout=10_000
    )
    made = [
        {**chart.host.candles[-1], "time": chart.host.candles[-1]["time"] + 60 * (i + 1)}
        for i in range(12)
    ]
    page.runJavaScript(
        f"window.aheadMs = 15 * 60000; stream({json.dumps(shifted(made, 2 * HOUR))})"
    )
    page.setLifecycleState(QWebEnginePage.LifecycleState.Active)
    chart.host.candles = chart.host.candles + made
    chart.places += [(each["time"], each["time"] + 2 * HOUR) for each in made]
    unhide(chart)
    last_at = chart.places[-1][1]
    chart.page.qtbot.waitUntil(
        lambda: chart.page.js("priceSeries.data().slice(-1)[0].time") == last_at, timeout=10_000
    )
    chart.assert_every_candle_has_its_time()
    chart.assert_no_hole()


def test_candles_that_change_or_come_out_of_order_keep_their_times(
    make_chart: Callable[..., Chart],
) -> None:
    chart = make_chart(zone(120))
    chart.go_on(6, 2 * HOUR)
    page = chart.page
    _, old_at = chart.places[10]
    _, gone_at = chart.places[-1]
    # An old candle is corrected; the newest is taken back and comes again; a place is left blank.
    page.js(
        f"(priceSeries.update({{time: {old_at}, open: 1e5, high: 100200, low: 99900,"
        " close: 100100}, true), priceSeries.pop(2), 0)"
    )
    chart.places = chart.places[:-2]
    chart.assert_every_candle_has_its_time()
    page.js(f"(priceSeries.update({{time: {gone_at + 600}}}), 0)")
    chart.assert_every_candle_has_its_time()
    page.js(
        f"(window.aheadMs = 900000, stream([{{time: {gone_at + 660}, open: 1e5, high: 100200,"
        " low: 99900, close: 100100}]), 0)"
    )
    chart.places.append((gone_at + 660 - 2 * HOUR, gone_at + 660))
    chart.assert_every_candle_has_its_time()


def test_seconds_that_come_between_two_frames_are_all_there(
    make_chart: Callable[..., Chart],
) -> None:
    chart = make_chart(zone(120))
    now_s = int(time.time())
    first = chart.host.candles[-1]
    history = [{**first, "time": now_s - 39 + i} for i in range(40)]
    chart.host.show("BTCUSDT", history)
    made = [{**first, "time": now_s + 1 + i} for i in range(30)]
    chart.host.stream(shifted(made, 2 * HOUR))
    axis = "Array.from(OrderPilotHeatmap.layers.values())[0].stage.axis"
    chart.page.next_frames()
    shown = chart.page.js(f"(Array.from({axis}._data.times.slice(0, {axis}.count)))")
    assert shown == [each["time"] * 1000 for each in history + made]
    assert chart.offset_ms == 2 * HOUR * 1000
