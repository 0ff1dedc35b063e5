"""Other heat is offered in one line on the chart: a click on it tells Python, and no other does."""

from typing import Any, ClassVar

import numpy as np
import pytest
from PyQt6.QtCore import QPoint, Qt, QTranslator
from PyQt6.QtTest import QTest
from PyQt6.QtWidgets import QApplication

from Heatmap.tests.ui.cell_grids import COLS, ROWS
from Heatmap.tests.ui.chart_page import ChartPage, Recording, changed, grid_message
from Heatmap.ui.layer.chart_layer import HeatmapLayer
from Heatmap.ui.layer.chart_texts import in_users_language

pytestmark = pytest.mark.qt_log_ignore("Registered new object after initialization")

OFFER = {"words": "Nothing recorded in this window. Show predicted levels", "heat": "both"}


@pytest.fixture
def layer(qtbot: Any, chart_page: ChartPage, listener: Recording) -> HeatmapLayer:
    chart_page.create_chart()
    layer = HeatmapLayer(chart_page.page)
    layer.set_listener(listener)
    qtbot.waitUntil(lambda: layer.is_ready, timeout=10_000)
    chart_page.js("(window.hostsClicks = [], chart.subscribeClick((e) => hostsClicks.push(1)), 0)")
    chart_page.js(
        "(document.getElementById('chart').addEventListener('click', () => hostsClicks.push(2)), 0)"
    )
    return layer


def show(layer: HeatmapLayer, offer: dict[str, str] | None, sequence: int = 1) -> None:
    cells = np.zeros((ROWS, COLS), np.uint8)
    layer.show_grid(*grid_message(cells, offer=offer, sequence=sequence))


def line_edges(page: ChartPage) -> list[float] | None:
    """Give left, top, right, bottom of the line; ``None`` while there is none."""
    return page.js(
        "(() => { const line = chart.chartElement().querySelector('[role=button]');"
        " if (line === null) { return null; } const box = line.getBoundingClientRect();"
        " return [box.left, box.top, box.right, box.bottom]; })()"
    )


def wait_for_line(page: ChartPage, *, is_there: bool = True) -> None:
    page.qtbot.waitUntil(lambda: (line_edges(page) is not None) is is_there, timeout=10_000)


def click(page: ChartPage, x: float, y: float) -> None:
    place = QPoint(round(x), round(y))
    QTest.mouseMove(page.view.focusProxy(), place - QPoint(5, 0))
    QTest.mouseMove(page.view.focusProxy(), place)
    QTest.mouseClick(page.view.focusProxy(), Qt.MouseButton.LeftButton, pos=place)


def test_a_click_on_the_line_is_told_and_is_none_of_the_hosts(
    layer: HeatmapLayer, chart_page: ChartPage, listener: Recording
) -> None:
    bare = chart_page.settled_picture()
    show(layer, OFFER)
    wait_for_line(chart_page)
    left, top, right, bottom = line_edges(chart_page) or []
    width = chart_page.js("chart.timeScale().width()")
    assert 0 < left < right < width
    assert (left + right) / 2 == pytest.approx(width / 2, abs=1)
    difference = changed(bare, chart_page.settled_picture())
    assert difference[int(top) : int(bottom), int(left) : int(right)].any()
    click(chart_page, (left + right) / 2, (top + bottom) / 2)
    chart_page.qtbot.waitUntil(lambda: listener.offers == ["both"], timeout=10_000)
    assert chart_page.js("hostsClicks") == []


@pytest.mark.parametrize("place", ["left of it", "below it"])
def test_clicks_beside_it_are_the_hosts_and_no_others(
    place: str, layer: HeatmapLayer, chart_page: ChartPage, listener: Recording
) -> None:
    show(layer, OFFER)
    wait_for_line(chart_page)
    left, _top, _right, bottom = line_edges(chart_page) or []
    x, y = (left - 8, bottom - 5) if place == "left of it" else (left + 20, bottom + 8)
    click(chart_page, x, y)
    chart_page.qtbot.waitUntil(
        lambda: sorted(chart_page.js("hostsClicks")) == [1, 2], timeout=10_000
    )
    assert listener.offers == []


def test_the_line_goes_with_the_offer_and_with_the_layer(
    layer: HeatmapLayer, chart_page: ChartPage
) -> None:
    for sequence, end in enumerate(
        (
            lambda: show(layer, None, 20),
            layer.clear,
            lambda: layer.set_options({"visible": False}),
            layer.detach,
        )
    ):
        layer.set_options({"visible": True})
        show(layer, OFFER, sequence + 1)
        wait_for_line(chart_page)
        end()
        wait_for_line(chart_page, is_there=False)


def test_where_no_grid_is_the_line_stands_all_the_same(
    layer: HeatmapLayer, chart_page: ChartPage, listener: Recording
) -> None:
    bare = chart_page.settled_picture()
    layer.show_part("offer", OFFER)
    wait_for_line(chart_page)
    left, top, right, bottom = line_edges(chart_page) or []
    # Nothing else is drawn, and the host's chart stays as it is.
    difference = changed(bare, chart_page.settled_picture())
    assert difference.any()
    difference[int(top) : int(bottom) + 1, int(left) : int(right) + 1] = False
    assert not difference.any()
    click(chart_page, (left + right) / 2 - 40, (top + bottom) / 2)
    chart_page.qtbot.waitUntil(lambda: listener.offers == ["both"], timeout=10_000)
    assert chart_page.js("hostsClicks") == []
    # A grid has its own words.
    show(layer, None)
    wait_for_line(chart_page, is_there=False)
    layer.clear()
    layer.show_part("offer", OFFER)
    wait_for_line(chart_page)
    layer.show_part("offer", None)
    wait_for_line(chart_page, is_there=False)


def test_the_line_follows_its_pane(layer: HeatmapLayer, chart_page: ChartPage) -> None:
    show(layer, OFFER)
    wait_for_line(chart_page)
    before = line_edges(chart_page) or []
    # The candles go to a pane below another one.
    chart_page.js(
        "(window.other = chart.addSeries(LightweightCharts.LineSeries, {}, 1),"
        " other.setData(priceSeries.data().map((each) => ({time: each.time, value: 1}))),"
        " chart.swapPanes(0, 1), 0)"
    )
    chart_page.qtbot.waitUntil(
        lambda: (line_edges(chart_page) or before)[1] > before[1] + 50, timeout=10_000
    )


def test_words_are_words_whatever_is_in_them(layer: HeatmapLayer, chart_page: ChartPage) -> None:
    words = "<b onclick=alert(1)>Show</b> & more"
    show(layer, {"words": words, "heat": "predicted"})
    wait_for_line(chart_page)
    said = "chart.chartElement().querySelector('[role=button]').firstChild"
    assert chart_page.js(f"{said}.innerText") == words
    assert chart_page.js(f"{said}.children.length") == 0


def test_its_mark_closes_it_for_good_and_takes_no_offer(
    layer: HeatmapLayer, chart_page: ChartPage, listener: Recording
) -> None:
    show(layer, OFFER)
    wait_for_line(chart_page)
    x, y = chart_page.js(
        "(() => { const box = chart.chartElement().querySelector('[data-close]')"
        ".getBoundingClientRect();"
        " return [(box.left + box.right) / 2, (box.top + box.bottom) / 2]; })()"
    )
    click(chart_page, x, y)
    wait_for_line(chart_page, is_there=False)
    show(layer, OFFER, 2)
    chart_page.settled_picture()
    assert line_edges(chart_page) is None
    assert (listener.offers, chart_page.js("hostsClicks")) == ([], [])


@pytest.mark.parametrize("heat", ['"everything"', "3", "null", "[]", "{}", "true"])
def test_a_forged_click_for_no_heat_there_is_is_not_passed_on(
    heat: str, layer: HeatmapLayer, chart_page: ChartPage, listener: Recording
) -> None:
    bridge = "OrderPilotHeatmap.layers.values().next().value._messenger._bridge"
    del layer
    chart_page.js(f"({bridge}.pageChose(JSON.stringify({{heat: {heat}}}), () => {{}}), 0)")
    chart_page.js(f'({bridge}.pageChose(\'{{"heat": "predicted"}}\', () => {{}}), 0)')
    chart_page.qtbot.waitUntil(lambda: bool(listener.offers), timeout=10_000)
    assert listener.offers == ["predicted"]


class German(QTranslator):
    """A language as a recipe has it: a class, by context and English text."""

    WORDS: ClassVar = {
        ("Chart", OFFER["words"]): "Vorhergesagte Niveaus zeigen",
        ("Chart", "Liquidated here"): "Hier liquidiert",
        # A text that stands for something is none to read, whoever has a word for it.
        ("Chart", "both"): "beide",
    }

    def translate(self, context: str, source: str, *_more: object) -> str | None:
        # Not an empty text, which Qt would take for the translation.
        return self.WORDS.get((context, source))

    def isEmpty(self) -> bool:  # noqa: N802 - Qt's name
        return False


def test_what_python_hands_the_page_to_read_is_in_the_users_language(
    layer: HeatmapLayer, chart_page: ChartPage, listener: Recording, qapp: QApplication
) -> None:
    german = German()
    qapp.installTranslator(german)
    try:
        show(layer, OFFER)
        wait_for_line(chart_page)
        words = "chart.chartElement().querySelector('[role=button]').textContent"
        assert "Vorhergesagte Niveaus zeigen" in chart_page.js(words)
        lines = {
            "lines": (("Liquidated here", "5k USD"),),
            "levels": [{"text": "x", "side": "both"}],
        }
        assert in_users_language(lines) == {
            "lines": [["Hier liquidiert", "5k USD"]],
            "levels": [{"text": "x", "side": "both"}],
        }
        left, top, right, bottom = line_edges(chart_page) or [0.0] * 4
        click(chart_page, (left + right) / 2, (top + bottom) / 2)
        chart_page.qtbot.waitUntil(lambda: bool(listener.offers), timeout=10_000)
    finally:
        qapp.removeTranslator(german)
    # What is offered keeps its name.
    assert listener.offers == ["both"]
