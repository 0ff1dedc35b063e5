"""While only the newest candle moves, heat and bars are copies: exact, and never old."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from PyQt6.QtGui import QImage

from Heatmap.tests.ui.cell_grids import COLS, ROWS
from Heatmap.tests.ui.chart_page import (
    START_S,
    ChartPage,
    Recording,
    grid_message,
    minute_candles,
    to_array,
)
from Heatmap.tests.ui.test_bubbles import PLAIN, bubble, show
from Heatmap.tests.ui.test_reading_aids import profile
from Heatmap.tests.ui.test_tape_on_chart import MINUTES, sums
from Heatmap.ui.layer.chart_layer import HeatmapLayer

pytestmark = pytest.mark.qt_log_ignore("Registered new object after initialization")

STAGE = "OrderPilotHeatmap.layers.values().next().value.stage"
PARTS = f"{STAGE}.parts._made"
HEAT, BARS = (
    f"{PARTS}.find((one) => one.record.name === '{name}').part" for name in ("heat", "candle_bars")
)
# How often each of them was drawn, and not copied.
COUNT = f"""(() => {{
  window.drawn = {{ heat: 0, bars: 0 }};
  for (const [name, part, method] of [
    ["heat", {HEAT}, "_drawAffine"], ["heat", {HEAT}, "_drawCurved"], ["bars", {BARS}, "_drawBars"],
  ]) {{
    const draw = part[method].bind(part);
    part[method] = (...parameters) => {{ window.drawn[name] += 1; return draw(...parameters); }};
  }}
  return 0;
}})()"""
NEWEST = minute_candles()[-1]
GRID = np.add.outer(np.arange(ROWS) * 3, np.arange(COLS) // 8).astype(np.uint8) % 200
GAP = [[(START_S + 600) * 1000, (START_S + 1200) * 1000, "gap"]]
# So far apart are two colours, 0 to 255, that one tells apart.
OTHER = 9


def heat(**changes: Any) -> tuple[dict[str, Any], str]:
    return grid_message(
        GRID, gaps=GAP, profile=profile({10: 255, 40: 100}, {25: 128, 40: 100}), **changes
    )


def show_all(layer: HeatmapLayer) -> None:
    """Have each part below the candles paint something."""
    layer.show_grid(*heat())
    show(layer, bubble(30, 100_950.0, 2e6), bubble(12, 98_950.0, 5e5, is_long=False))
    layer.show_part("candle_bars", sums(*MINUTES))
    line = {"price": 100_800.0, "side": "long", "strength": 0.8, "text": "3"}
    layer.show_part("cluster_lines", [{**line, "fromMs": (START_S + 300) * 1000}])


@pytest.fixture
def layer(qtbot: Any, chart_page: ChartPage, listener: Recording) -> HeatmapLayer:
    chart_page.create_chart(options=PLAIN)
    chart_page.js("(priceSeries.applyOptions({priceLineVisible: false}), 0)")
    layer = HeatmapLayer(chart_page.page)
    layer.set_listener(listener)
    qtbot.waitUntil(lambda: layer.is_ready, timeout=10_000)
    layer.set_options({"profile": True, "label": "TEST", "hatch": True, "opacity": 0.7})
    show_all(layer)
    chart_page.next_frames()
    return layer


def rest(page: ChartPage, frames: int = 4) -> None:
    """Have the newest candle move inside of itself, in so many frames."""
    low, high = NEWEST["low"], NEWEST["high"]
    for number in range(frames):
        close = low + (high - low) * (number + 1) / (frames + 1)
        page.js(f"(priceSeries.update({{...priceSeries.data().at(-1), close: {close}}}), 0)")
        page.next_frames()


def painted_anew(page: ChartPage) -> QImage:
    """Give the picture of frames of which nothing is a copy."""
    page.js(f"({HEAT}._still.destroy(), {BARS}._still.destroy(), {STAGE}.repaint(), 0)")
    page.next_frames()
    assert not is_kept(page)
    return page.settled_picture()


def is_kept(page: ChartPage) -> bool:
    return bool(page.js(f"{HEAT}._still._layer.isPainted && {BARS}._still._layer.isPainted"))


def distance(one: QImage, other: QImage) -> int:
    return int(np.abs(to_array(one) - to_array(other)).max())


@pytest.mark.usefixtures("layer")
def test_a_frame_that_differs_in_the_newest_candle_only_copies_heat_and_bars(
    chart_page: ChartPage,
) -> None:
    chart_page.js(COUNT)
    rest(chart_page)
    assert is_kept(chart_page)
    before = chart_page.js("window.drawn")
    assert min(before.values()) > 0
    rest(chart_page)
    assert chart_page.js("window.drawn") == before
    copied = chart_page.settled_picture()
    assert distance(copied, painted_anew(chart_page)) == 0


def test_while_the_layer_is_hidden_nothing_is_kept(
    layer: HeatmapLayer, chart_page: ChartPage
) -> None:
    rest(chart_page)
    layer.set_options({"visible": False})
    chart_page.next_frames()
    rest(chart_page)
    assert chart_page.js(f"{HEAT}._still._layer._canvas") is None


def host(script: str) -> Callable[[HeatmapLayer, ChartPage], None]:
    return lambda _layer, page: page.js(f"({script}, 0)")


def options(**changed: Any) -> Callable[[HeatmapLayer, ChartPage], None]:
    return lambda layer, _page: layer.set_options(changed)


WIDER = "{...PART, close: PART.close + 400, high: PART.high + 900}"
LAST = "priceSeries.data().at(-1)"
MORE = f"Array.from({{length: 9}}, (_, i) => ({{time: {START_S} + 30 + i * 60, value: 1}}))"
# Each changes what is behind the candles, in the host's way or in Python's.
CHANGES: dict[str, Callable[[HeatmapLayer, ChartPage], None]] = {
    "a higher price": host(f"priceSeries.update({WIDER.replace('PART', LAST)})"),
    "other bubbles": lambda layer, _page: show(layer, bubble(22, 100_700.0, 3e6)),
    "other bars": lambda layer, _page: layer.show_part("candle_bars", sums(*MINUTES[:1])),
    "scale margins": host(
        "chart.priceScale('right').applyOptions({scaleMargins: {top: 0.3, bottom: 0.2}})"
    ),
    "logarithmic": host("chart.priceScale('right').applyOptions({mode: 1})"),
    "linear": host("chart.priceScale('right').applyOptions({mode: 0})"),
    "upside down": host("chart.priceScale('right').applyOptions({invertScale: true})"),
    "upright": host("chart.priceScale('right').applyOptions({invertScale: false})"),
    "scrolled": host("chart.timeScale().scrollToPosition(-5, false)"),
    "zoomed": host("chart.timeScale().applyOptions({barSpacing: 7})"),
    "another ground": host("chart.applyOptions({layout: {background: {color: '#ffffff'}}})"),
    "other ink": host("chart.applyOptions({layout: {textColor: '#802010'}})"),
    "another font": host("chart.applyOptions({layout: {fontFamily: 'DejaVu Serif'}})"),
    "a narrower pane": host("chart.applyOptions({autoSize: false}), chart.resize(500, 320)"),
    "more opaque": options(opacity=1.0),
    "another palette": options(palette="viridis"),
    "no hatch": options(hatch=False),
    "hatch": options(hatch=True),
    "no profile": options(profile=False),
    "another label": options(label="OTHER"),
    "another offset": lambda layer, _page: layer.set_time_offset(-300_000),
    "the offset again": lambda layer, _page: layer.set_time_offset(0),
    "another series' places": host(
        f"window.more = chart.addSeries(LightweightCharts.LineSeries, {{priceScaleId: ''}}), "
        f"more.setData({MORE})"
    ),
    "the places gone": host("chart.removeSeries(more)"),
    "a hole in the candles": host(
        "priceSeries.setData(priceSeries.data().filter((_, i) => i < 20 || i > 24))"
    ),
    "another grid": lambda layer, _page: layer.show_grid(*heat(priceLow=98_300.0, sequence=2)),
    "no lines": lambda layer, _page: layer.show_part("cluster_lines", []),
    "nothing": lambda layer, _page: layer.clear(),
}


def test_what_changes_behind_the_candles_is_seen_in_the_next_frame(
    layer: HeatmapLayer, chart_page: ChartPage
) -> None:
    for name, change in CHANGES.items():
        rest(chart_page, 3)
        assert is_kept(chart_page), name
        before = chart_page.settled_picture()
        change(layer, chart_page)
        chart_page.next_frames()
        after = chart_page.settled_picture()
        assert distance(before, after) > OTHER, name
        rest(chart_page, 4)
        copied = chart_page.settled_picture()
        assert distance(copied, painted_anew(chart_page)) == 0, name


def test_bars_in_their_own_pane_are_a_copy_and_follow(
    chart_page: ChartPage, listener: Recording
) -> None:
    chart_page.create_chart(options=PLAIN)
    chart_page.js(
        "(window.barsSeries = chart.addSeries(LightweightCharts.LineSeries, "
        "{lineVisible: false, lastValueVisible: false, priceLineVisible: false}, 1), "
        f"barsSeries.setData([{{time: {NEWEST['time']}, value: 0}}]), "
        # So wide that amounts fit as well as prices.
        "chart.priceScale('right').applyOptions({minimumWidth: 120}), "
        "barsSeries.priceScale().applyOptions({minimumWidth: 120}), "
        "chart.panes()[1].setHeight(100), 0)"
    )
    layer = HeatmapLayer(chart_page.page, bars="barsSeries")
    layer.set_listener(listener)
    chart_page.qtbot.waitUntil(lambda: layer.is_ready, timeout=10_000)
    show_all(layer)
    chart_page.next_frames()
    rest(chart_page)
    assert is_kept(chart_page)
    for change in (
        lambda: layer.show_part("candle_bars", sums(*MINUTES[:1])),
        lambda: chart_page.js("(chart.panes()[1].setHeight(160), 0)"),
        lambda: chart_page.js("(chart.timeScale().scrollToPosition(-9, false), 0)"),
    ):
        before = chart_page.settled_picture()
        change()
        chart_page.next_frames()
        assert distance(before, chart_page.settled_picture()) > OTHER
        rest(chart_page)
        assert is_kept(chart_page)
        copied = chart_page.settled_picture()
        assert distance(copied, painted_anew(chart_page)) == 0
    layer.show_part("candle_bars", None)
    chart_page.next_frames()
    assert chart_page.js(f"{BARS}._still._layer._canvas") is None
