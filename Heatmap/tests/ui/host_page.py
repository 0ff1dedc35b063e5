"""A page and an application in the shape of the host, written from what is known of it."""

import json
from typing import Any

from PyQt6.QtCore import QObject, QUrl, pyqtSignal
from PyQt6.QtWebChannel import QWebChannel

from Heatmap.tests.ui.chart_page import (
    PACKAGED_BUILD,
    START_S,
    ChartPage,
    chart_library,
    has_build,
    minute_candles,
)
from Heatmap.tests.ui.conftest import HostBridge
from Heatmap.ui.layer.chart_layer import HeatmapLayer
from Heatmap.ui.layer.page_scripts import channel_script

PAGE = """<!DOCTYPE html><html><head><meta charset="utf-8"><style>
html, body { margin: 0; background: #0b0b0d; overflow: hidden; }
#chart { position: absolute; inset: 0; }</style>
<script>ZONE</script><script>LIBRARY</script><script>CHANNEL_LIBRARY</script></head>
<body><div id="chart"></div><script>
let pyBridge = null; let chart = null; let priceSeries = null; let average = null;
const received = [];
function connectBridge() {
  new QWebChannel(qt.webChannelTransport, function (channel) {
    pyBridge = channel.objects.pyBridge;
    pyBridge.spoken.connect(function (text) { received.push(text); });
    pyBridge.levelChanged.connect(function () { received.push("level " + pyBridge.level); });
  });
}
// What the crosshair's label says: local time, whatever the candle's offset.
function localTime(time) {
  const minutesAhead = -new Date(1000 * time).getTimezoneOffset();
  const shifted = new Date(1000 * time + 60000 * minutesAhead);
  return shifted.toISOString().slice(0, 16).replace("T", " ");
}
function initialise() {
  chart = LightweightCharts.createChart(document.getElementById("chart"), {
    autoSize: true,
    layout: { background: { color: "#0b0b0d" }, textColor: "#c8ccd4" },
    grid: { vertLines: { color: "#1f2226" }, horzLines: { color: "#1f2226" } },
    crosshair: { mode: LightweightCharts.CrosshairMode.Magnet },
    localization: { timeFormatter: localTime },
    timeScale: { timeVisible: true, shiftVisibleRangeOnNewBar: false },
  });
  average = chart.addSeries(LightweightCharts.LineSeries, { color: "#8888ff" }, 0);
  priceSeries = chart.addSeries(LightweightCharts.CandlestickSeries, {
    upColor: "#26a69a", downColor: "#ef5350", wickUpColor: "#26a69a", wickDownColor: "#ef5350",
    borderVisible: false, priceLineVisible: false }, 1);
  chart.panes()[1].setStretchFactor(3);
}
function show(candles) {
  priceSeries.setData(candles);
  average.setData(candles.map((each) => ({ time: each.time, value: each.close / 2 })));
  chart.timeScale().setVisibleLogicalRange({ from: -1.5, to: candles.length + 1.5 });
}
function stream(candles) {
  for (const each of candles) {
    priceSeries.update(each);
    average.update({ time: each.time, value: each.close / 2 });
  }
}
// A drawing tool was chosen, or put back.
function setDrawing(isDrawing) {
  const { Hidden, Magnet } = LightweightCharts.CrosshairMode;
  chart.applyOptions({ crosshair: { mode: isDrawing ? Hidden : Magnet } });
}
// The texts stay as they are, also where they can hardly be read then.
function updateColors(background) {
  chart.applyOptions({ layout: { background: { color: background } } });
}
setTimeout(connectBridge, 100);
setTimeout(initialise, 250);
</script></body></html>"""


class Host(QObject):
    """The host's window: it owns page, channel and candles, and tells which symbol it shows."""

    symbol_changed = pyqtSignal(str)

    def __init__(self, page: ChartPage, *, zone_script: str = "") -> None:
        super().__init__(page.page)
        self.view = page
        self.symbol = "AAPL"
        self.candles = [
            {name: value if name == "time" else value / 500 for name, value in candle.items()}
            for candle in minute_candles()
        ]
        # The host's own build where it is here.
        build = "5.0.9 production"
        library = chart_library(build if has_build(build) else PACKAGED_BUILD)
        html = PAGE.replace("ZONE", zone_script).replace("CHANNEL_LIBRARY", channel_script())
        self.html = html.replace("LIBRARY", library)
        self.bridge = HostBridge(self)
        self.loads = 0
        page.page.loadFinished.connect(self._on_loaded)

    def open(self) -> None:
        """Show the page, then the channel, as the host does."""
        page = self.view.page
        page.setHtml(self.html, QUrl("http://host.invalid/charts/"))
        self.channel = QWebChannel(self)
        self.channel.registerObject("pyBridge", self.bridge)
        page.setWebChannel(self.channel)
        self.wait_for_load(1)

    def wait_for_load(self, number: int) -> None:
        """Wait until the page was loaded so many times and has its bridge, chart and candles."""
        self.view.qtbot.waitUntil(lambda: self.loads == number, timeout=20_000)
        self.view.qtbot.waitUntil(
            lambda: self.view.js(
                "typeof pyBridge !== 'undefined' && pyBridge !== null && priceSeries !== null"
                " && priceSeries.data().length > 0"
            ),
            timeout=10_000,
        )

    def _on_loaded(self, is_ok: bool) -> None:
        if is_ok:
            self.loads += 1
            candles = json.dumps(self.candles)
            self.view.page.runJavaScript(
                "(function wait() { if (priceSeries === null) { setTimeout(wait, 20); }"
                f" else {{ show({candles}); }} }})()"
            )

    def show(self, symbol: str, candles: list[Any]) -> None:
        """Switch to other candles, then tell the symbol."""
        self.symbol, self.candles = symbol, candles
        self.view.js(f"(show({json.dumps(candles)}), 0)")
        self.symbol_changed.emit(symbol)

    def stream(self, candles: list[Any]) -> None:
        """Go on with these candles, one after the other, as they stand at the page."""
        self.view.js(f"(stream({json.dumps(candles)}), 0)")

    def go_on(self, minutes: int, by_s: int, *, clock_ahead_s: int = 0) -> list[Any]:
        """Stream minutes after the newest candle, each when it begins, all within one frame.

        Parameters
        ----------
        minutes
            Number of candles.
        by_s
            Offset of the streamed candles; those that are shown last count as UTC.
        clock_ahead_s
            How far the page's clock, see `CLOCK`, is ahead of the machine's.

        Returns
        -------
        list
            The candles, in UTC.
        """
        newest = self.candles[-1]
        made = [{**newest, "time": newest["time"] + 60 * (i + 1)} for i in range(minutes)]
        self.view.js(
            f"({json.dumps(made)}.forEach((each, i) => {{"
            f" window.aheadMs = 1000 * ({clock_ahead_s} + 60 * (i + 1));"
            f" stream([Object.assign({{}}, each, {{ time: each.time + {by_s} }})]); }}), 0)"
        )
        self.candles = self.candles + made
        return made

    def choose_drawing_tool(self, *, is_chosen: bool = True) -> None:
        """Hide the crosshair as a drawing tool does, or show it again."""
        self.view.js(f"(setDrawing({json.dumps(is_chosen)}), 0)")

    def set_background(self, colour: str = "#ffffff") -> None:
        """Change the background's colour alone; the texts stay light."""
        self.view.js(f"(updateColors({json.dumps(colour)}), 0)")

    def follow_with(self, layer: HeatmapLayer) -> None:
        """Connect a layer as the host's few lines do."""
        layer.set_symbol(self.symbol)
        self.symbol_changed.connect(layer.set_symbol)

    def pane_top(self) -> float:
        """Give where the candles' pane begins, pixels from the top of the page."""
        pane = "chart.panes()[priceSeries.getPane().paneIndex()].getHTMLElement()"
        return float(self.view.js(f"{pane}.getBoundingClientRect().top"))


def zone(minutes: int) -> str:
    """Give the script of a page in a zone so many minutes ahead of UTC all year."""
    return f"Date.prototype.getTimezoneOffset = function () {{ return {-minutes}; }};"


def changing_zone(change_s: int, before_min: int, after_min: int) -> str:
    """Give the script of a page in a zone that changes its time at a moment, UTC seconds."""
    return (
        "Date.prototype.getTimezoneOffset = function () {"
        f" return this.getTime() >= {change_s * 1000} ? {-after_min} : {-before_min}; }};"
    )


# The page's clock goes ahead of the machine's by `aheadMs`, so that no test waits for a minute.
CLOCK = "const machineNow = Date.now; window.aheadMs = 0; Date.now = () => machineNow() + aheadMs;"


def shifted(candles: list[Any], by_s: int) -> list[Any]:
    """Give candles as a host has them that adds an offset to their times."""
    return [{**candle, "time": candle["time"] + by_s} for candle in candles]


def candles_until(now_s: float, count: int = 60) -> list[Any]:
    """Give minute candles, the newest of which contains a time."""
    newest_s = int(now_s) // 60 * 60
    return shifted(minute_candles(count), newest_s - START_S - 60 * (count - 1))
