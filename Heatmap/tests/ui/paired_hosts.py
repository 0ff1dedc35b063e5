"""Two charts side by side on one page, of which only the second one has the layer.

What is done is done to both, and then everything that a host can see is compared: events, ranges,
labels, cursors, pixels.
"""

import json
from dataclasses import dataclass
from typing import Any

import numpy as np

from Heatmap.tests.ui.chart_page import START_S, ChartPage, chart_library, to_colours
from Heatmap.ui.layer.page_scripts import channel_script

SIDE_PX, HEIGHT_PX = 480, 400
# Below the charts there is room for a mark.
PAGE_PX = (2 * SIDE_PX, HEIGHT_PX + 20)
# The heat lies between these prices, over the whole width; and the lines within it, if any.
LOW, HIGH = 99_600.0, 100_400.0
LINE_PRICES = (99_900.0, 100_150.0)
CANDLE_COLOURS = (0x26A69A, 0xEF5350)
# So far from its line a label may reach, and a bubble's words that have no room beside it: see
# LEADS_PX of heatmap_bubble_words.js. And this is the room of the profile's sums at the pane's
# upper right corner: left of its right edge, and below its upper one.
LABEL_REACH_PX = 110
SUMS_PX = (slice(-160, -8), slice(8, 42))

PAGE = """<!DOCTYPE html><html><head><meta charset="utf-8"><style>
html, body { margin: 0; background: #0b0b0d; overflow: hidden; }
.host { position: absolute; top: 0; width: SIDEpx; height: HEIGHTpx; }
#heated { left: SIDEpx; }
#mark { position: absolute; top: HEIGHTpx; width: 20px; height: 20px; }</style>
<script>LIBRARY</script><script>CHANNEL</script></head>
<body><div class="host" id="bare"></div><div class="host" id="heated"></div><div id="mark"></div>
<script>
let chart = null; let priceSeries = null;
const START = START_S;
// Not all builds have it.
const WIDER_MAGNET = LightweightCharts.CrosshairMode.MagnetOHLC;
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
function nameOf(host, series) {
  const known = { none: undefined, candles: host.series, line: host.line, other: host.other };
  return Object.keys(known).find((name) => known[name] === series) || "foreign";
}
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
  const host = { div, chart: api, series, other: null, line: null, events: [], pointed: div };
  const note = (kind) => (value) => host.events.push([kind, value]);
  const told = (kind) => (event) => host.events.push([kind, event.time, event.logical,
    event.point, event.paneIndex, Object.keys(event).sort(),
    Array.from(event.seriesData, ([each, value]) => [nameOf(host, each), value]),
    nameOf(host, event.hoveredSeries), String(event.hoveredObjectId),
    // Of newer builds only.
    event.hoveredInfo && Object.assign({}, event.hoveredInfo,
      { series: nameOf(host, event.hoveredInfo.series) }),
    getComputedStyle(host.pointed).cursor]);
  api.timeScale().subscribeVisibleLogicalRangeChange(note("logical"));
  api.timeScale().subscribeVisibleTimeRangeChange(note("time"));
  api.timeScale().subscribeSizeChange((width, height) => host.events.push([width, height]));
  series.subscribeDataChanged(note("data"));
  api.subscribeCrosshairMove(told("crosshair"));
  api.subscribeClick(told("click"));
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
// Of the candles' pane; beside and below it the axes.
function cell(host, part) {
  const row = host.chart.panes()[host.series.getPane().paneIndex()].getHTMLElement();
  return part === "times" ? row.parentElement.lastElementChild.children[1]
    : row.children[part === "prices" ? 2 : 1];
}
// Whatever lies on top gets it, as from a real mouse.
function point(host, part, x, y, make) {
  const box = cell(host, part).getBoundingClientRect();
  const clientX = Math.round(box.left + x), clientY = Math.round(box.top + y);
  host.pointed = document.elementFromPoint(clientX, clientY);
  host.pointed.dispatchEvent(make({
    bubbles: true, cancelable: true, view: window, clientX, clientY,
    // Without it the library takes a young page's mouse for what follows a touch.
    sourceCapabilities: new InputDeviceCapabilities({ firesTouchEvents: false }) }));
}
function mouse(host, type, x, y, part) {
  point(host, part || "pane", x, y, (values) => new MouseEvent("mouse" + type, values));
}
function wheel(host, x, y, deltaX, deltaY) {
  point(host, "pane", x, y, (values) =>
    new WheelEvent("wheel", Object.assign(values, { deltaX, deltaY })));
}
function drag(host, part, x, y, byX, byY) {
  ["enter", "move", "down"].forEach((type) => mouse(host, type, x, y, part));
  // The library takes one movement to begin, and one more as where it begins from.
  for (const third of [1, 2]) {
    mouse(host, "move", x + (byX * third) / 3, y + (byY * third) / 3, part);
  }
  ["move", "up", "leave"].forEach((type) => mouse(host, type, x + byX, y + byY, part));
}
function hover(host, i, price) {
  mouse(host, "move", host.chart.timeScale().timeToCoordinate(START + 60 * i),
        host.series.priceToCoordinate(price));
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
    cursors: Array.from(host.div.querySelectorAll("canvas"), (each) =>
      getComputedStyle(each).cursor),
    lines: LINE_PRICES.map((price) => series.priceToCoordinate(price)),
    band: [series.priceToCoordinate(LOW), series.priceToCoordinate(HIGH)],
  };
}
let outcome = null;
function look(number, action) {
  both((_c, _s, host) => { host.events.length = 0; });
  both(action);
  requestAnimationFrame(() => requestAnimationFrame(() => {
    outcome = [seen(hosts.bare), seen(hosts.heated)];
    // Whoever sees the mark sees the charts as they are now, and no frame before.
    document.getElementById("mark").style.background = "rgb(" + (number % 256) + ", 0, 0)";
    document.title = number;
  }));
}
create("bare"); create("heated");
chart = hosts.heated.chart; priceSeries = hosts.heated.series;
</script></body></html>"""


@dataclass(frozen=True)
class Outcome:
    """What came of one operation on both sides."""

    #: What the host sees, the same on both sides.
    seen: dict[str, Any]
    #: How many pixels the layer has changed in the candles' pane.
    heated: int
    #: The pixels of the price axes, the same on both sides.
    axes: Any

    def told(self, kind: str) -> list[Any]:
        """Give the events of a kind that told a place on the chart."""
        return [event for event in self.seen["events"] if event[0] == kind and event[3]]


class PairedHosts:
    """The test's hands and eyes on both charts."""

    def __init__(self, page: ChartPage, build: str) -> None:
        self.page = page
        #: Whether the layer's lines and price profile are on.
        self.has_aids = False
        self._looks = 0
        html = PAGE.replace("SIDE", str(SIDE_PX)).replace("HEIGHT", str(HEIGHT_PX))
        html = html.replace("START_S", str(START_S)).replace("LINE_PRICES", str(list(LINE_PRICES)))
        html = html.replace("LOW", str(LOW)).replace("HIGH", str(HIGH))
        html = html.replace("CHANNEL", channel_script())
        page.html = html.replace("LIBRARY", chart_library(build))
        page.load()

    def look(self, action: str = "") -> dict[str, Any]:
        """Do it on both sides; give what the host sees, which must be the same on both."""
        self._looks += 1
        qtbot, page = self.page.qtbot, self.page.page
        with qtbot.waitSignal(
            page.titleChanged, timeout=10_000, check_params_cb=lambda text: text == str(self._looks)
        ):
            page.runJavaScript(f"look({self._looks}, (c, s, h) => {{ {action}; }})")
        with qtbot.waitCallback(timeout=10_000) as answer:
            page.runJavaScript("JSON.stringify(outcome)", answer)
        bare, heated = json.loads(answer.args[0])
        assert heated == bare, action
        return dict(bare)

    def _picture(self) -> Any:
        """Give the pixels of the last look's outcome."""
        red = self._looks % 256
        pixels = to_colours(self.page.picture())

        def is_current() -> bool:
            nonlocal pixels
            if pixels[HEIGHT_PX + 10, 10] == red << 16:
                return True
            pixels = to_colours(self.page.picture())
            return False

        self.page.qtbot.waitUntil(is_current, timeout=10_000)
        return pixels[:HEIGHT_PX]

    def compare(self, name: str, action: str = "") -> Outcome:
        """Do it on both sides, and hold also the pixels against each other."""
        seen = self.look(action)
        pixels = self._picture()
        left, right = pixels[:, :SIDE_PX], pixels[:, SIDE_PX:]
        difference = left != right
        own, words = self._room(seen)
        heated = int((difference & own).sum())
        elsewhere = difference & ~own
        assert not elsewhere.any(), (name, np.argwhere(elsewhere)[:3])
        left = left.copy()
        if seen["lastY"] is not None:
            # The ends of the price line's dashes are mixed with what lies below them.
            line = round(seen["paneTop"] + seen["lastY"])
            left[max(0, line - 1) : line + 2] = 0
        for colour in CANDLE_COLOURS:
            lost = (left == colour) & ~words & (right != colour)
            assert not lost.any(), (name, np.argwhere(lost)[:8], lost.sum())
        axis_left, axis_right = (round(width) for width in seen["axes"])
        axes = np.hstack([left[:, :axis_left], left[:, SIDE_PX - axis_right :]])
        return Outcome(seen, heated, axes)

    def _room(self, seen: dict[str, Any]) -> tuple[Any, Any]:
        """Give (height, width) bool: where the layer may paint, and where above the candles."""
        own, words = np.zeros((2, HEIGHT_PX, SIDE_PX), bool)
        if None in seen["band"]:
            return own, words
        top = round(seen["paneTop"])
        bottom = top + round(seen["panes"][seen["pane"]])
        axis_left, axis_right = (round(width) for width in seen["axes"])
        # Views of the candles' pane: beside it, on an axis, a difference is none of the heat's.
        pane = own[top:bottom, axis_left : SIDE_PX - axis_right]
        pane_words = words[top:bottom, axis_left : SIDE_PX - axis_right]
        first, last = sorted(round(y) for y in seen["band"])
        pane[max(0, first - 1) : max(0, last + 2)] = True
        if self.has_aids:
            columns, rows = SUMS_PX
            pane[rows, columns] = True
            for y in seen["lines"]:
                near = slice(max(0, round(y) - LABEL_REACH_PX), max(0, round(y) + LABEL_REACH_PX))
                pane[near] = pane_words[near] = True
        return own, words
