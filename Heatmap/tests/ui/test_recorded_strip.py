"""Beside bubbles the chart says since when they were recorded, and marks what was not."""

from typing import Any

import numpy as np
import pytest

from Heatmap.aggregation.arrays import EVENT_DTYPE
from Heatmap.aggregation.bubble_cells import group_into_cells
from Heatmap.feeds.bubble_book import MOST_BUBBLES, bubble_message
from Heatmap.tests.ui.cell_grids import COLS, ROWS
from Heatmap.tests.ui.chart_page import START_S, ChartPage, Recording, changed, grid_message
from Heatmap.tests.ui.test_axis_texts import LISTEN, drawn_texts
from Heatmap.tests.ui.test_tape_on_chart import sums
from Heatmap.ui.layer.chart_layer import HeatmapLayer

pytestmark = pytest.mark.qt_log_ignore("Registered new object after initialization")

STRIP_PX = 6
SINCE_MS = START_S * 1000 + 25 * 60_000
GAP = (START_S * 1000 + 10 * 60_000, START_S * 1000 + 20 * 60_000)


@pytest.fixture
def layer(qtbot: Any, chart_page: ChartPage, listener: Recording) -> HeatmapLayer:
    chart_page.js(LISTEN)
    plain = {"vertLines": {"visible": False}, "horzLines": {"visible": False}}
    chart_page.create_chart(options={"grid": plain})
    layer = HeatmapLayer(chart_page.page)
    layer.set_listener(listener)
    qtbot.waitUntil(lambda: layer.is_ready, timeout=10_000)
    cells = np.zeros((ROWS, COLS), np.uint8)
    layer.show_grid(
        *grid_message(cells, sourceText="Map", scale={"labels": [[0, "0"], [1, "1M USD"]]})
    )
    return layer


def show(
    layer: HeatmapLayer, gaps: list[list[Any]] | None, since_ms: int | None = SINCE_MS
) -> None:
    recorded = {"gaps": gaps, "sinceMs": since_ms, "sinceText": "2024-12-05 01:25 UTC"}
    cells = group_into_cells(np.zeros(0, dtype=EVENT_DTYPE), MOST_BUBBLES)
    layer.show_part("bubbles", bubble_message(cells, 0.0, None if gaps is None else recorded))


def strip_of(page: ChartPage, difference: Any) -> tuple[Any, Any]:
    """Give which columns of the pane's lower edge changed, and which of what is right above."""
    height, width = (page.js(f"chart.paneSize(0).{side}") for side in ("height", "width"))
    edge = difference[height - STRIP_PX : height, :width]
    return edge.any(axis=0), difference[height - STRIP_PX - 3 : height - STRIP_PX, :width]


def test_time_that_was_not_recorded_has_a_strip_along_the_lower_edge(
    layer: HeatmapLayer, chart_page: ChartPage
) -> None:
    show(layer, [])
    bare = chart_page.settled_picture()
    show(layer, [[*GAP, "gap"]])
    difference = changed(bare, chart_page.settled_picture())
    marked, above = strip_of(chart_page, difference)
    left, right = (chart_page.x_of_candle(ms / 1000) for ms in GAP)
    columns = np.flatnonzero(marked)
    # A candle is centred on its open time.
    assert abs(columns.min() - left) < 8
    assert abs(columns.max() - right) < 8
    assert not above.any()
    # Where it was not hatched before, it is not with the hatch switched off.
    layer.set_options({"hatch": False})
    off, _ = strip_of(chart_page, changed(bare, chart_page.settled_picture()))
    assert not off.any()


def test_bars_that_are_hatched_below_have_no_second_hatch_above_them(
    qtbot: Any, chart_page: ChartPage, layer: HeatmapLayer, listener: Recording
) -> None:
    layer.detach()
    chart_page.js(
        "(window.barsSeries = chart.addSeries(LightweightCharts.HistogramSeries, {}, 1),"
        " barsSeries.setData(priceSeries.data().map(({time}) => ({time, value: 1}))), 0)"
    )
    below = HeatmapLayer(chart_page.page, bars="barsSeries")
    below.set_listener(listener)
    qtbot.waitUntil(lambda: below.is_ready, timeout=10_000)
    below.show_grid(*grid_message(np.zeros((ROWS, COLS), np.uint8)))
    show(below, [[*GAP, "gap"]])
    # As long as there are no bars it is the only one.
    seen = (
        "OrderPilotHeatmap.layers.values().next().value.stage.parts._made"
        ".find((one) => one.record.name === 'bubbles').part._strip.isSeen"
    )
    qtbot.waitUntil(lambda: chart_page.js(seen), timeout=10_000)
    hatched = chart_page.settled_picture()
    below.show_part("candle_bars", sums((5.0, 7e5, 0.0), gaps=[[*GAP, "gap"]]))
    qtbot.waitUntil(lambda: not chart_page.js(seen), timeout=10_000)
    marked, _ = strip_of(chart_page, changed(hatched, chart_page.settled_picture()))
    left, right = (chart_page.x_of_candle(ms / 1000) for ms in GAP)
    assert marked[round(left) : round(right)].mean() > 0.5
    # Where all are longs, the line of nothing is right below the words, and not behind them.
    chart_page.js(
        "(barsSeries.setData(priceSeries.data().map(({time}) => ({time, value: 0}))),"
        " barsSeries.priceScale().applyOptions({scaleMargins: {top: 0, bottom: 0.06}}), 0)"
    )
    for height in (72, 60):
        chart_page.js(f"(chart.panes()[1].setHeight({height}), 0)")
        chart_page.next_frames()
        assert abs(chart_page.js("chart.paneSize(1).height") - height) <= 1
        qtbot.waitUntil(
            lambda: (
                chart_page.js("barsSeries.priceToCoordinate(0)") is not None
                and chart_page.js("barsSeries.priceToCoordinate(0)") >= 21
            ),
            timeout=10_000,
        )
    below.detach()


def test_what_was_never_recorded_is_marked_up_to_now(
    layer: HeatmapLayer, chart_page: ChartPage
) -> None:
    show(layer, [])
    bare = chart_page.settled_picture()
    show(layer, [[None, None, "gap"]], None)
    marked, _ = strip_of(chart_page, changed(bare, chart_page.settled_picture()))
    last_x, first_x = (chart_page.x_of_candle(START_S + 60 * n) for n in (COLS // 12 - 1, 0))
    now_x = last_x + (last_x - first_x) / (COLS // 12 - 1)
    assert marked[round(first_x) : round(now_x) - 12].mean() > 0.95
    assert not marked[round(now_x) + 12 :].any()
    assert "Nothing recorded yet" in drawn_texts(chart_page)
    # Neither with bubbles of recorded heat, which says it itself, nor without bubbles.
    for end in (lambda: show(layer, None), lambda: layer.show_part("bubbles", None)):
        end()
        marked, _ = strip_of(chart_page, changed(bare, chart_page.settled_picture()))
        assert not marked.any()
        assert "Nothing recorded yet" not in drawn_texts(chart_page)


def test_the_legend_says_since_when_in_the_charts_own_time(
    layer: HeatmapLayer, chart_page: ChartPage
) -> None:
    def says(words: str) -> None:
        chart_page.qtbot.waitUntil(lambda: words in drawn_texts(chart_page), timeout=10_000)

    show(layer, [])
    says("Recorded since 2024-12-05 01:25 UTC:")
    texts = drawn_texts(chart_page)
    assert "longs" in texts
    assert "shorts" in texts
    assert "not recorded" not in texts
    # Nor of what lies left of the pane.
    show(layer, [[None, START_S * 1000 - 3_600_000, "gap"]])
    assert "not recorded" not in drawn_texts(chart_page)
    show(layer, [[*GAP, "gap"]])
    says("not recorded")
    local = "new Date((t + 19800) * 1000).toISOString().slice(0, 16) + ' IST'"
    chart_page.js(f"(chart.applyOptions({{localization: {{timeFormatter: (t) => {local}}}}}), 0)")
    says("Recorded since 2024-12-05T06:55 IST:")
