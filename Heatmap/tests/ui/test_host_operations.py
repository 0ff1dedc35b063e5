"""What a host does with its chart has the same outcome with the layer on it as without.

Two charts stand side by side on one page, the second one with the layer. Every operation is carried
out on both, and then everything that the host can see is compared: events, ranges, labels, pixels.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from Heatmap.tests.ui.chart_page import (
    PACKAGED_BUILD,
    START_S,
    ChartPage,
    chart_library,
    grid_message,
    to_array,
)
from Heatmap.ui.chart_layer import HeatmapLayer
from Heatmap.ui.page_scripts import channel_script

pytestmark = pytest.mark.qt_log_ignore("Registered new object after initialization")

# The oldest and the newest 5.x as development builds, which reject more; the host's; our own.
BUILDS = ("5.0.0 development", "5.0.9 production", PACKAGED_BUILD, "5.2.1 development")
ALL_BUILDS = (*BUILDS, "5.0.0 production", "5.2.1 production")
SIDE_PX, HEIGHT_PX = 480, 400
# The heat lies between these prices, over the whole width.
LOW, HIGH = 99_600.0, 100_400.0
CANDLE_COLOURS = ((0x26, 0xA6, 0x9A), (0xEF, 0x53, 0x50))

PAGE = """<!DOCTYPE html><html><head><meta charset="utf-8"><style>
html, body { margin: 0; background: #0b0b0d; overflow: hidden; }
.host { position: absolute; top: 0; width: SIDEpx; height: HEIGHTpx; }
#heated { left: SIDEpx; }</style>
<script>LIBRARY</script><script>CHANNEL</script></head>
<body><div class="host" id="bare"></div><div class="host" id="heated"></div><script>
let chart = null; let priceSeries = null;
const START = START_S;
const hosts = {};
function wave(count, step, first) {
  const candles = [];
  for (let i = first || 0; i < (first || 0) + count; i += 1) {
    const middle = 100000 + 150 * (((((i * 7) % 11) + 11) % 11) - 5);
    candles.push({ time: START + i * step, open: middle - 60, high: middle + 120,
                   low: middle - 120, close: i % 2 ? middle + 60 : middle - 120 });
  }
  return candles;
}
function candle(i) { return wave(1, 60, i)[0]; }
function create(name) {
  const div = document.getElementById(name);
  const api = LightweightCharts.createChart(div, {
    width: SIDE, height: HEIGHT, crosshair: { mode: 1 },
    // The logo's edges are smoothed differently at different places of a page.
    layout: { background: { color: "#0b0b0d" }, textColor: "#c8ccd4", attributionLogo: false },
    grid: { vertLines: { color: "#1f2226" }, horzLines: { color: "#1f2226" } },
    timeScale: { timeVisible: true, shiftVisibleRangeOnNewBar: false },
  });
  const series = api.addSeries(LightweightCharts.CandlestickSeries, {
    upColor: "#26a69a", downColor: "#ef5350", wickUpColor: "#26a69a", wickDownColor: "#ef5350",
    borderVisible: false });
  const host = { div, chart: api, series, other: null, line: null, events: [] };
  const note = (kind) => (value) => host.events.push([kind, value]);
  api.timeScale().subscribeVisibleLogicalRangeChange(note("logical"));
  api.timeScale().subscribeVisibleTimeRangeChange(note("time"));
  api.timeScale().subscribeSizeChange((width, height) => host.events.push([width, height]));
  series.subscribeDataChanged(note("data"));
  api.subscribeCrosshairMove((event) => host.events.push(["crosshair", event.time, event.logical,
    event.point, event.paneIndex, event.seriesData.size, event.hoveredSeries === series]));
  series.setData(wave(60, 60));
  hosts[name] = host;
}
function replaceCandles(host) {
  host.chart.removeSeries(host.series);
  host.series = host.chart.addSeries(LightweightCharts.CandlestickSeries, {
    upColor: "#26a69a", downColor: "#ef5350", wickUpColor: "#26a69a", wickDownColor: "#ef5350",
    // Its dashes move when a chart is painted once more than the other.
    borderVisible: false, priceLineVisible: false });
  host.series.setData(wave(60, 60));
  host.chart.timeScale().fitContent();
  if (host === hosts.heated) { priceSeries = host.series; }
}
function mouse(host, type, x, y) {
  const canvases = Array.from(host.chart.panes()[host.series.getPane().paneIndex()]
    .getHTMLElement().querySelectorAll("canvas"));
  const target = canvases[canvases.length - 1];
  const box = target.getBoundingClientRect();
  target.dispatchEvent(new MouseEvent(type, { bubbles: true, view: window,
    clientX: box.left + x, clientY: box.top + y }));
}
function both(action) {
  for (const host of [hosts.bare, hosts.heated]) { action(host.chart, host.series, host); }
}
function seen(host) {
  const { chart, series } = host;
  const scale = chart.timeScale();
  const pane = series.getPane();
  const rows = chart.panes().map((each) => each.getHTMLElement().getBoundingClientRect());
  return {
    events: host.events, logical: scale.getVisibleLogicalRange(), time: scale.getVisibleRange(),
    scroll: scale.scrollPosition(), scaleSize: [scale.width(), scale.height()],
    top: series.coordinateToPrice(0), bottom: series.coordinateToPrice(300),
    axes: ["left", "right"].map((side) => chart.priceScale(side).width()),
    scale: series.priceScale().options(),
    count: series.data().length,
    lastY: series.priceToCoordinate((series.data().filter((each) => each.close).pop() || {}).close),
    format: series.options().priceFormat,
    panes: rows.map((row) => row.height), pane: pane.paneIndex(),
    paneTop: rows[pane.paneIndex()].top,
    band: [series.priceToCoordinate(LOW), series.priceToCoordinate(HIGH)],
  };
}
let outcome = null;
function look(action) {
  outcome = null;
  both((_c, _s, host) => { host.events.length = 0; });
  both(action);
  requestAnimationFrame(() => requestAnimationFrame(() => {
    outcome = [seen(hosts.bare), seen(hosts.heated)];
  }));
  return 0;
}
create("bare"); create("heated");
chart = hosts.heated.chart; priceSeries = hosts.heated.series;
</script></body></html>"""

# Name to JavaScript: `c` the chart, `s` the candle series, `h` the host's own notes.
OPERATIONS: dict[str, str] = {
    "visible range": "c.timeScale().setVisibleLogicalRange({from: -1.5, to: 61.5})",
    "update of the newest": "s.update(Object.assign(candle(59), {close: 100300, high: 100350}))",
    "new candle": "s.update(candle(60))",
    "another new candle": "s.update(candle(61))",
    "scrolled back": "c.timeScale().scrollToPosition(-25, false)",
    "new candle while scrolled back": "s.update(candle(62))",
    "newer data": "s.setData(wave(60, 60, 10))",
    "older data": "s.setData(wave(60, 60, -200))",
    "longer data": "s.setData(wave(600, 60, -500))",
    "fit content": "c.timeScale().fitContent()",
    "the first data": "s.setData(wave(60, 60))",
    "bar spacing": "c.timeScale().applyOptions({barSpacing: 7.3, rightOffset: 4})",
    "to the newest": "c.timeScale().scrollToPosition(2, false)",
    "time range": "c.timeScale().setVisibleRange({from: START + 300, to: START + 3000})",
    "enter": "(mouse(h, 'mouseenter', 150, 90), mouse(h, 'mousemove', 150, 90))",
    "hover over a candle": "mouse(h, 'mousemove', 201, 152)",
    "hover elsewhere": "mouse(h, 'mousemove', 262, 203)",
    "free crosshair": "c.applyOptions({crosshair: {mode: 0}})",
    "hover freely": "mouse(h, 'mousemove', 275, 171)",
    "magnet again": "c.applyOptions({crosshair: {mode: 1}})",
    "leave": "mouse(h, 'mouseleave', 275, 171)",
    "crosshair by call": "c.setCrosshairPosition(100100, START + 1200, s)",
    "no crosshair": "c.clearCrosshairPosition()",
    "line beside the candles": (
        "h.line = c.addSeries(LightweightCharts.LineSeries, {color: '#ffffff'}), "
        "h.line.setData(wave(60, 60).map((each) => ({time: each.time, value: each.high + 90})))"
    ),
    "pane below": (
        "h.other = c.addSeries(LightweightCharts.AreaSeries, {lineColor: '#8888ff'}, 1), "
        "h.other.setData(wave(60, 60).map((each) => ({time: each.time, value: each.low - 90})))"
    ),
    "hover with two panes": (
        "(mouse(h, 'mouseenter', 201, 60), mouse(h, 'mousemove', 201, 60), "
        "mouse(h, 'mouseleave', 201, 60))"
    ),
    "line removed": "c.removeSeries(h.line)",
    "candles to the pane below": "s.moveToPane(1)",
    "logarithmic": "s.priceScale().applyOptions({mode: 1})",
    "percentage": "s.priceScale().applyOptions({mode: 2})",
    "indexed": "s.priceScale().applyOptions({mode: 3})",
    "normal": "s.priceScale().applyOptions({mode: 0})",
    "inverted": "s.priceScale().applyOptions({invertScale: true})",
    "upright": "s.priceScale().applyOptions({invertScale: false})",
    "candles to a pane of their own": "s.moveToPane(1)",
    "panes swapped": "c.swapPanes(0, 1)",
    "pane removed": "c.removeSeries(h.other)",
    "left scale": (
        "(c.applyOptions({leftPriceScale: {visible: true}}), "
        "s.applyOptions({priceScaleId: 'left'}))"
    ),
    "right scale": (
        "(s.applyOptions({priceScaleId: 'right'}), "
        "c.applyOptions({leftPriceScale: {visible: false}}))"
    ),
    "margins": "s.priceScale().applyOptions({scaleMargins: {top: 0.3, bottom: 0.2}})",
    "scale by hand": (
        "s.priceScale().setVisibleRange && "
        "s.priceScale().setVisibleRange({from: 99000, to: 100800})"
    ),
    "scale by itself": "s.priceScale().applyOptions({autoScale: true})",
    "price format": "s.applyOptions({priceFormat: {type: 'price', precision: 1, minMove: 0.1}})",
    "price line": "s.createPriceLine({price: 100250, color: '#ffff00', title: 'limit'})",
    "resize": "(h.div.style.height = '330px', c.resize(460, 330))",
    "old size": "(h.div.style.height = '400px', c.resize(480, 400))",
    "hidden candles": "s.applyOptions({visible: false})",
    "shown candles": "s.applyOptions({visible: true})",
    "holes": "s.setData(wave(60, 60).filter((_, i) => i % 9 !== 4))",
    "blank places": "s.setData(wave(60, 60).concat([{time: START + 3660}, {time: START + 3720}]))",
    "weekly": "s.setData(wave(40, 604800, -20))",
    "one of the weeks": "c.timeScale().setVisibleLogicalRange({from: 20, to: 20.5})",
    "one candle": (
        "(s.setData(wave(1, 60, 4)), c.timeScale().setVisibleLogicalRange({from: -2, to: 10}))"
    ),
    "empty": "s.setData([])",
    "candles again": "s.setData(wave(60, 60))",
    "seconds": "s.setData(wave(300, 1))",
    "five minutes": "(s.setData(wave(60, 300, -10)), c.timeScale().fitContent())",
}


def heat() -> tuple[dict[str, Any], bytes]:
    cells = np.full((16, 720), 255, np.uint8)
    return grid_message(cells, priceLow=LOW, binUsd=(HIGH - LOW) / 16, windowStartMs=0)


@pytest.fixture
def hosts(make_page: Callable[..., ChartPage], request: pytest.FixtureRequest) -> ChartPage:
    library = chart_library(request.param)
    page = make_page(size=(2 * SIDE_PX, HEIGHT_PX))
    html = PAGE.replace("SIDE", str(SIDE_PX)).replace("HEIGHT", str(HEIGHT_PX))
    html = html.replace("START_S", str(START_S)).replace("LOW", str(LOW)).replace("HIGH", str(HIGH))
    page.html = html.replace("CHANNEL", channel_script()).replace("LIBRARY", library)
    page.load()
    return page


def compare(page: ChartPage, name: str, action: str = "") -> int:
    """Do it on both sides and hold them against each other; give the number of heated pixels."""
    page.js(f"look((c, s, h) => {{ {action}; }})")
    page.qtbot.waitUntil(lambda: page.js("outcome !== null"), timeout=10_000)
    bare, heated = page.js("outcome")
    assert heated == bare, name
    pixels = to_array(page.picture())
    left, right = pixels[:, :SIDE_PX], pixels[:, SIDE_PX:]
    difference = (left != right).any(axis=2)
    if None not in bare["band"]:
        top, bottom = sorted(round(bare["paneTop"] + y) for y in bare["band"])
        band = difference[max(0, top - 1) : max(0, bottom + 2)]
        count = int(band.sum())
        # Beside the pane, on a price axis, a difference is none of the heat's.
        axis_left, axis_right = bare["axes"]
        band[:, round(axis_left) : SIDE_PX - round(axis_right)] = False
    else:
        count = 0
    assert not difference.any(), (name, np.argwhere(difference)[:3])
    if bare["lastY"] is not None:
        # The ends of the price line's dashes are mixed with what lies below them.
        line = round(bare["paneTop"] + bare["lastY"])
        left[max(0, line - 1) : line + 2] = 0
    for colour in CANDLE_COLOURS:
        candles = (left == colour).all(axis=2)
        lost = candles & ~(right == colour).all(axis=2)
        assert not lost.any(), (name, np.argwhere(lost)[:8], lost.sum())
    return count


@pytest.mark.parametrize("hosts", BUILDS, indirect=True)
def test_every_operation_has_the_same_outcome_with_the_layer(
    hosts: ChartPage,
) -> None:
    compare(hosts, "before the layer")
    hosts.js("look(() => {})")
    layer = HeatmapLayer(hosts.page)
    hosts.qtbot.waitUntil(lambda: layer.is_ready, timeout=10_000)
    layer.set_options({"opacity": 1.0})
    layer.show_grid(*heat())
    hosts.next_frames()
    # Coming, and later going, is no event for the host.
    assert hosts.js("[hosts.bare.events, hosts.heated.events]") == [[], []]
    hosts.qtbot.waitUntil(lambda: compare(hosts, "attached") > 1000, timeout=10_000)
    covered = {}
    for name, action in OPERATIONS.items():
        covered[name] = compare(hosts, name, action)
    # The heat was there to be compared with.
    without = {name for name, count in covered.items() if count == 0}
    # Where the heat has no candles.
    assert without == {"older data", "empty"}, covered
    compare(hosts, "another candle series", "replaceCandles(h)")
    hosts.qtbot.waitUntil(lambda: compare(hosts, "heated again") > 1000, timeout=10_000)
    hosts.js("look(() => {})")
    layer.detach()
    hosts.qtbot.waitUntil(
        lambda: hosts.js("chart.panes()[0].getSeries().length") == 1, timeout=10_000
    )
    hosts.next_frames()
    assert hosts.js("[hosts.bare.events, hosts.heated.events]") == [[], []]
    assert compare(hosts, "detached") == 0
    for name in ("series", "chart"):
        keys = "Object.keys(hosts.{}.{})"
        assert hosts.js(keys.format("heated", name)) == hosts.js(keys.format("bare", name))
    assert hosts.js("chart.panes().map((pane) => pane.getSeries().length)") == [1]


@pytest.mark.parametrize("hosts", ALL_BUILDS, indirect=True)
def test_a_screenshot_differs_by_the_heat_only(hosts: ChartPage) -> None:
    layer = HeatmapLayer(hosts.page)
    hosts.qtbot.waitUntil(lambda: layer.is_ready, timeout=10_000)
    layer.show_grid(*heat())
    hosts.qtbot.waitUntil(lambda: compare(hosts, "attached") > 1000, timeout=10_000)
    bounds = hosts.js(
        "(() => { const data = [hosts.bare, hosts.heated].map((host) => {"
        " const canvas = host.chart.takeScreenshot(); return canvas.getContext('2d')"
        ".getImageData(0, 0, canvas.width, canvas.height); });"
        " const [a, b] = data; const rows = [];"
        " for (let i = 0; i < a.data.length; i += 4) {"
        "  if (a.data[i] !== b.data[i]) { rows.push(Math.floor(i / 4 / a.width)); } }"
        " return { same: a.width === b.width && a.height === b.height, count: rows.length,"
        "  top: rows[0], bottom: rows[rows.length - 1], band: seen(hosts.bare).band }; })()"
    )
    assert bounds["same"]
    assert bounds["count"] > 1000
    assert min(bounds["band"]) - 1 <= bounds["top"] < bounds["bottom"] <= max(bounds["band"]) + 1
    assert hosts.js("seen(hosts.bare)") == hosts.js("seen(hosts.heated)")
