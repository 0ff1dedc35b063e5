"""From a tape to the chart and back, and the bars per candle: a real page, real clicks, pixels."""

from typing import Any

import numpy as np
import pytest
from PyQt6.QtCore import QPoint, Qt
from PyQt6.QtTest import QTest

from Heatmap.feeds.candle_bars import step_of
from Heatmap.picture.packing import pack_numbers
from Heatmap.picture.texts import CANDLE_BAR_WORDS
from Heatmap.tests.ui.chart_page import (
    START_S,
    ChartPage,
    Recording,
    changed,
    chart_library,
    minute_candles,
    page_html,
    to_array,
)
from Heatmap.tests.ui.test_bubbles import PLAIN, bubble, place_of, show, show_grid
from Heatmap.ui.layer.chart_layer import HeatmapLayer

pytestmark = pytest.mark.qt_log_ignore("Registered new object after initialization")

RANGE = "chart.timeScale().getVisibleLogicalRange()"
# How long Lightweight Charts waits for the second click of a double click, and a little more.
DOUBLE_MS = 550
BUILDS = ("5.0.9 production", "5.2.1 production")


def layer_on(
    page: ChartPage, listener: Recording, candles: list[Any] | None = None, **names: str
) -> HeatmapLayer:
    page.create_chart(candles, PLAIN)
    page.js("(priceSeries.applyOptions({priceLineVisible: false}), 0)")
    layer = HeatmapLayer(page.page, **names)
    layer.set_listener(listener)
    page.qtbot.waitUntil(lambda: layer.is_ready, timeout=10_000)
    return layer


def test_a_click_on_a_bubble_tells_which_liquidations_it_is(
    chart_page: ChartPage, listener: Recording
) -> None:
    layer = layer_on(chart_page, listener)
    picked: list[Any] = []
    layer.liquidations_picked.connect(picked.append)
    show_grid(layer)
    liquidations = (
        bubble(20, 100_950.0, 500_000.0),
        bubble(40, 98_950.0, 400_000.0, is_long=False),
    )
    bare = chart_page.settled_picture()
    show(layer, *liquidations)
    chart_page.qtbot.waitUntil(
        lambda: bool(changed(bare, chart_page.picture()).any()), timeout=10_000
    )
    chart_page.settled_picture()
    x, y = place_of(chart_page, 40, 98_950.0)
    chart_page.js("(window.clicks = 0, chart.subscribeClick(() => { window.clicks += 1; }), 0)")
    # Beside it, and then on it: one report.
    for count, dx in enumerate((60, 0)):
        place = QPoint(round(x) + dx, round(y))
        QTest.mouseMove(chart_page.view.focusProxy(), place - QPoint(5, 0))
        QTest.mouseMove(chart_page.view.focusProxy(), place)
        QTest.mouseClick(chart_page.view.focusProxy(), Qt.MouseButton.LeftButton, pos=place)
        chart_page.qtbot.waitUntil(
            lambda n=count: chart_page.js("window.clicks") == n + 1, timeout=10_000
        )
        # Until then the library takes another click for the second one of a double click.
        chart_page.js(
            f"(window.isOver = false, setTimeout(() => {{ isOver = true; }}, {DOUBLE_MS}), 0)"
        )
        chart_page.qtbot.waitUntil(lambda: chart_page.js("isOver"), timeout=10_000)
    chart_page.qtbot.waitUntil(lambda: len(picked) > 0, timeout=10_000)
    assert len(picked) == 1
    assert picked[0].holds(liquidations[1])
    assert not picked[0].holds(liquidations[0])
    assert picked[0].price_high / picked[0].price_low < 1.01
    assert (picked[0].usd, picked[0].count) == (400_000.0, 1)
    assert picked[0].distance(liquidations[1]) == 0.0
    assert picked[0].distance(liquidations[0]) is None


def test_a_place_is_scrolled_to_marked_and_left_as_it_was(
    chart_page: ChartPage, listener: Recording
) -> None:
    layer = layer_on(chart_page, listener, minute_candles(600))
    chart_page.js("(chart.timeScale().setVisibleLogicalRange({from: 500, to: 560}), 0)")
    chart_page.settled_picture()
    before = chart_page.state()["range"]
    ts_ms = (START_S + 100 * 60 + 30) * 1000
    layer.show_place(ts_ms, 100_000.0)
    chart_page.qtbot.waitUntil(lambda: chart_page.js(RANGE)["from"] < 100, timeout=10_000)
    shown = chart_page.js(RANGE)
    assert (shown["from"] + shown["to"]) / 2 == pytest.approx(100, abs=0.5)
    assert shown["to"] - shown["from"] == pytest.approx(before["to"] - before["from"], abs=0.01)
    # What is in sight already is not moved, and the mark goes by itself.
    x, y = chart_page.x_of_candle(START_S + 105 * 60), chart_page.y_of_price(100_000.0)
    pictures = [chart_page.settled_picture()]

    def changes_there() -> bool:
        earlier = pictures[0]
        pictures.append(chart_page.picture())
        _, columns = np.nonzero(changed(earlier, pictures[-1]))
        return bool((np.abs(columns - x) < 10).any())

    layer.show_place(ts_ms + 5 * 60_000, 100_000.0)
    chart_page.qtbot.waitUntil(changes_there, timeout=10_000)
    marked = pictures[-1]
    assert chart_page.js(RANGE) == shown
    pictures[:] = [marked]
    chart_page.qtbot.waitUntil(changes_there, timeout=10_000)
    rows, columns = np.nonzero(changed(chart_page.settled_picture(), marked))
    assert columns.mean() == pytest.approx(x, abs=6)
    assert rows.mean() == pytest.approx(y, abs=6)
    assert np.ptp(rows) < 60


def sums(*rows: tuple[float, float, float], gaps: list[Any] | None = None) -> dict[str, Any]:
    """Give minutes after the first candle, longs and shorts, as the part takes them."""
    columns = np.array(rows, dtype=np.float64).reshape(-1, 3).T.copy()
    columns[0] = (START_S + columns[0] * 60) * 1000
    return {
        "sums": pack_numbers(columns.ravel()),
        "startMs": START_S * 1000,
        "recorded": {"gaps": gaps or [], "sinceMs": START_S * 1000, "sinceText": ""},
        "words": CANDLE_BAR_WORDS,
    }


def heights(page: ChartPage, bare: Any, time_s: int, top: int = 0) -> tuple[int, int]:
    """Give the heights of a candle's blue and orange, CSS pixels, below a row of the picture."""
    drawn = page.settled_picture()
    column = to_array(drawn)[top:, round(page.x_of_candle(time_s))].astype(int)
    is_new = changed(bare, drawn)[top:, round(page.x_of_candle(time_s))]
    blue = is_new & (column[:, 2] > column[:, 0] + 60)
    orange = is_new & (column[:, 0] > column[:, 2] + 60)
    return int(blue.sum()), int(orange.sum())


# Candles of five minutes: what lies in one of them is one bar.
FIVE = minute_candles(60, step_s=300)
MINUTES = ((50, 0, 300_000), (53, 0, 100_000), (55, 0, 200_000), (57, 100_000, 0))


@pytest.mark.parametrize("build", BUILDS)
def test_bars_stand_in_the_pane_that_the_page_has_for_them(
    build: str, chart_page: ChartPage, listener: Recording
) -> None:
    chart_page.html = page_html(library=chart_library(build))
    chart_page.load()
    layer = layer_on(chart_page, listener, FIVE, bars="barsSeries")
    chart_page.js(
        "(window.barsSeries = chart.addSeries(LightweightCharts.LineSeries, "
        "{lineVisible: false, lastValueVisible: false, priceLineVisible: false}, 1), "
        f"barsSeries.setData([{{time: {FIVE[-1]['time']}, value: 0}}]), "
        "barsSeries.priceScale().applyOptions({scaleMargins: {top: 0, bottom: 0}}), "
        # So wide that amounts fit as well as prices.
        "chart.priceScale('right').applyOptions({minimumWidth: 120}), "
        "barsSeries.priceScale().applyOptions({minimumWidth: 120}), "
        "chart.panes()[1].setHeight(100), 0)"
    )
    bare = chart_page.settled_picture()
    before = chart_page.state()
    pane_top = int(chart_page.js("chart.panes()[0].getHeight()"))
    layer.show_part("candle_bars", sums(*MINUTES))
    chart_page.qtbot.waitUntil(
        lambda: bool(changed(bare, chart_page.picture())[pane_top:].any()), timeout=10_000
    )
    up, down = heights(chart_page, bare, START_S + 10 * 300, pane_top)
    other_up, other_down = heights(chart_page, bare, START_S + 11 * 300, pane_top)
    # One scale for all: 400, 200, and 100 thousand; 24 % are free above them.
    assert down == 0
    assert 50 < up < 78
    assert other_up == pytest.approx(up / 2, abs=1.5)
    assert other_down == pytest.approx(up / 4, abs=1.5)
    assert heights(chart_page, bare, START_S + 12 * 300, pane_top) == (0, 0)
    # Nothing is drawn among the candles, and nothing of the chart has changed.
    drawn = chart_page.settled_picture()
    assert not changed(bare, drawn)[: pane_top - 2].any()
    assert chart_page.state() == before
    # They go with what Python shows, and with the pane.
    layer.show_part("candle_bars", None)
    chart_page.qtbot.waitUntil(
        lambda: not changed(bare, chart_page.picture()).any(), timeout=10_000
    )
    layer.show_part("candle_bars", sums(*MINUTES))
    # The series' one value may lie left of what is in sight.
    chart_page.js(
        "(chart.timeScale().setVisibleLogicalRange({from: 5, to: 62}), "
        "barsSeries.priceScale().applyOptions({scaleMargins: {top: 0.1, bottom: 0.06}}), 0)"
    )
    chart_page.qtbot.waitUntil(
        lambda: heights(chart_page, bare, START_S + 10 * 300, pane_top)[0] > 30, timeout=10_000
    )
    width = int(chart_page.js("chart.timeScale().width()"))
    drawn = chart_page.settled_picture()
    chart_page.js(f"(barsSeries.setData([{{time: {FIVE[0]['time']}, value: 0}}]), 0)")
    assert chart_page.js("barsSeries.priceToCoordinate(0)") is None
    moved = chart_page.settled_picture()
    assert not changed(drawn, moved)[pane_top:, :width].any()
    chart_page.js("(chart.removeSeries(barsSeries), window.barsSeries = null, 0)")
    chart_page.settled_picture()
    layer.detach()


def test_without_such_a_pane_they_stand_below_the_candles_and_blind_time_is_hatched(
    chart_page: ChartPage, listener: Recording
) -> None:
    layer = layer_on(chart_page, listener, FIVE)
    bare = chart_page.settled_picture()
    before = chart_page.state()
    hole = [(START_S + 20 * 300) * 1000, (START_S + 30 * 300) * 1000, "gap"]
    layer.show_part("candle_bars", sums(*MINUTES, gaps=[hole]))
    chart_page.qtbot.waitUntil(
        lambda: bool(changed(bare, chart_page.picture()).any()), timeout=10_000
    )
    up, _down = heights(chart_page, bare, START_S + 10 * 300)
    other_up, other_down = heights(chart_page, bare, START_S + 11 * 300)
    assert up > 30
    assert other_up == pytest.approx(up / 2, abs=1.5)
    assert other_down == pytest.approx(up / 4, abs=1.5)
    assert chart_page.state() == before
    difference = changed(bare, chart_page.settled_picture())
    pane_height = int(chart_page.js("chart.panes()[0].getHeight()"))
    strip = difference[pane_height - 40 : pane_height - 20]
    left, right = (round(chart_page.x_of_candle(START_S + n * 300)) for n in (21, 29))
    assert 0.05 < strip[:, left:right].mean() < 0.5
    assert strip[:, round(chart_page.x_of_candle(START_S + 40 * 300)) :].mean() < 0.01
    # Nothing above the strip, which is a sixth of the pane.
    assert not difference[: round(pane_height * 0.8)].any()


def test_sums_fit_into_any_usual_candle() -> None:
    hour_s = 3_600
    steps = [step_of(round(hours * hour_s * 1000)) for hours in (0.1, 2, 8, 24, 48, 168, 720)]
    assert steps == [1_000, 1_000, 15_000, 30_000, 60_000, 300_000, 900_000]
