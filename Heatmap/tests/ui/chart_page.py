"""A real chart page in the host's shape, and what tests ask of it."""

import base64
import json
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PyQt6.QtCore import QEventLoop, QTimer, QUrl
from PyQt6.QtGui import QImage
from PyQt6.QtWebEngineCore import QWebEnginePage
from PyQt6.QtWebEngineWidgets import QWebEngineView

from Heatmap.picture.packing import pack_cells
from Heatmap.ui.layer.page_scripts import channel_script

START_S = 1_733_360_400  # 2024-12-05T01:00:00Z


def answer_of(page: QWebEnginePage, script: str, *, timeout: int = 20_000) -> Any:
    """Evaluate an expression on a page; return as soon as it answers.

    To look for the answer every 10 ms would take most of the time of the tests that ask much.
    """
    answers: list[Any] = []
    loop = QEventLoop()

    def take(answer: Any) -> None:
        answers.append(answer)
        loop.quit()

    page.runJavaScript(f"JSON.stringify({script})", take)
    limit = QTimer()
    limit.setSingleShot(True)
    limit.timeout.connect(loop.quit)
    limit.start(timeout)
    if not answers:
        loop.exec()
    limit.stop()
    assert answers, f"no answer within {timeout} ms: {script:.200}"
    return json.loads(answers[0]) if answers[0] else None


#: Begins an exchange with Qt's web channel: its answer comes after all that Python sent before.
#: The layers do everything in turn, which takes its time: the last turn is awaited too, and two
#: frames after it. A layer that leaves meanwhile keeps its client until the answer has come, which
#: would go to the host; Python may have taken the channel away, so that none comes.
TAKEN_IN = """(() => {
  const heatmap = window.OrderPilotHeatmap, number = 2 ** 39, describe = 3;
  window.takenIn = 0;
  const draw = () => requestAnimationFrame(() => requestAnimationFrame(() => {
    window.takenIn = 1;
  }));
  const settle = () => Promise.all(
    [...((heatmap && heatmap.layers) || new Map()).values()].map((layer) => layer.inTurn(() => {}))
  ).then(draw);
  const hub = heatmap && heatmap.hub;
  const client = hub && !hub.isClosed && [...hub._clients.values()].find((one) => one.isReady);
  if (!client) { settle(); return 0; }
  const { deliver } = client, { close } = hub;
  let isLeft = false;
  function end() {
    if (hub.close === later) {
      delete client.deliver;
      delete hub.close;
      if (isLeft) { close.call(hub, client); }
      settle();
    }
  }
  function later(one) {
    if (one !== client) { close.call(hub, one); return; }
    isLeft = true;
    setTimeout(end, 500);
  }
  hub.close = later;
  client.deliver = function (message, acknowledge) {
    if (message.id === number) { end(); } else { deliver.call(client, message, acknowledge); }
  };
  client.send(JSON.stringify({ type: describe, id: number }));
  return 0;
})()"""


def wait_until_taken_in(qtbot: Any, page: QWebEnginePage) -> None:
    """Wait until the page has drawn all that Python told it over the web channel so far.

    Two pictures that agree do not show that: another message may be on its way.
    """
    answer_of(page, TAKEN_IN)
    qtbot.waitUntil(lambda: answer_of(page, "window.takenIn") == 1, timeout=20_000)


class WatchedPage(QWebEnginePage):
    """A page that keeps its console errors."""

    def __init__(self, parent: Any) -> None:
        super().__init__(parent)
        self.console_errors: list[str] = []

    def javaScriptConsoleMessage(  # noqa: N802  # Qt's name
        self, level: Any, message: str | None, line: int, source: str | None
    ) -> None:
        del line, source
        if level != QWebEnginePage.JavaScriptConsoleMessageLevel.InfoMessageLevel:
            self.console_errors.append(str(message))


def minute_candles(count: int = 60, *, without: range = range(0), step_s: int = 60) -> list[Any]:
    """Candles around 100,000 USD with a gentle wave, one per step, but for some numbers."""
    candles = []
    for i in range(count):
        if i in without:
            continue
        middle = 100_000 + 150 * ((i * 7) % 11 - 5)
        candles.append(
            {
                "time": START_S + i * step_s,
                "open": middle - 60,
                "high": middle + 120,
                "low": middle - 120,
                "close": middle + 60 if i % 2 else middle - 120,
            }
        )
    return candles


PAGE = """<!DOCTYPE html><html><head><meta charset="utf-8"><style>
html, body { margin: 0; background: BACKGROUND; overflow: hidden; }
#chart { position: absolute; inset: 0; }</style>
<script>LIBRARY</script>
<script>CHANNEL_LIBRARY</script></head><body><div id="chart"></div><script>
let pyBridge = null; let chart = null; let priceSeries = null;
const received = [];
function createChart(candles, options) {
  chart = LightweightCharts.createChart(document.getElementById("chart"), Object.assign({
    autoSize: true,
    layout: { background: { color: "BACKGROUND" }, textColor: "TEXT" },
    grid: { vertLines: { color: "GRID" }, horzLines: { color: "GRID" } },
    timeScale: { timeVisible: true, shiftVisibleRangeOnNewBar: false },
  }, options || {}));
  priceSeries = chart.addSeries(LightweightCharts.CandlestickSeries, {
    upColor: "#26a69a", downColor: "#ef5350", wickUpColor: "#26a69a", wickDownColor: "#ef5350",
    borderVisible: false, lastValueVisible: true,
  });
  priceSeries.setData(candles);
}
function connectHost() {
  new QWebChannel(qt.webChannelTransport, function (channel) {
    pyBridge = channel.objects.pyBridge;
    pyBridge.spoken.connect(function (text) { received.push(text); });
    pyBridge.levelChanged.connect(function () { received.push("level " + pyBridge.level); });
  });
}
</script></body></html>"""


PACKAGED_BUILD = "5.1.0 production"
_BUILDS = Path(__file__).parents[3] / ".venv" / "chart-builds"


def has_build(build: str) -> bool:
    """Tell whether a build is here, which is named by version and kind."""
    return build == PACKAGED_BUILD or _path_of(build).exists()


def chart_library(build: str = PACKAGED_BUILD) -> str:
    """Give the text of a build; skip the test where it is absent."""
    if build == PACKAGED_BUILD:
        return (
            resources.files("litecharts").joinpath("js", "lightweight-charts.js").read_text("utf-8")
        )
    if not has_build(build):
        pytest.skip(f"Lightweight Charts {build} is absent: tools/fetch_chart_builds.py needs npm")
    return _path_of(build).read_text(encoding="utf-8")


def _path_of(build: str) -> Path:
    version, kind = build.split()
    return _BUILDS / version / f"lightweight-charts.standalone.{kind}.js"


def page_html(*, is_dark: bool = True, library: str | None = None) -> str:
    library = chart_library() if library is None else library
    html = PAGE.replace("BACKGROUND", "#0b0b0d" if is_dark else "#ffffff")
    html = html.replace("TEXT", "#c8ccd4" if is_dark else "#24292f")
    html = html.replace("GRID", "#1f2226" if is_dark else "#e8eaee")
    return html.replace("CHANNEL_LIBRARY", channel_script()).replace("LIBRARY", library)


class ChartPage:
    """The test's hands and eyes on one chart page."""

    def __init__(self, qtbot: Any, *, is_dark: bool = True, size: tuple[int, int]) -> None:
        self.qtbot = qtbot
        self.is_dark = is_dark
        #: What the next load shows instead of the usual page.
        self.html: str | None = None
        self.view = QWebEngineView()
        self.page = WatchedPage(self.view)
        self.view.setPage(self.page)
        self.view.resize(*size)
        self.view.show()
        qtbot.addWidget(self.view)

    def load(self) -> None:
        """Load the page as the host does: `setHtml` with a base URL."""
        # The end of a load that was stopped or replaced is not that of this one.
        with self.qtbot.waitSignal(self.page.loadFinished, timeout=20_000, check_params_cb=bool):
            html = page_html(is_dark=self.is_dark) if self.html is None else self.html
            self.page.setHtml(html, QUrl("http://host.invalid/"))

    def js(self, script: str) -> Any:
        """Evaluate an expression on the page."""
        return answer_of(self.page, script)

    def create_chart(
        self,
        candles: list[Any] | None = None,
        options: dict[str, Any] | None = None,
        *,
        until_drawn: bool = True,
    ) -> None:
        shown = minute_candles() if candles is None else candles
        self.js(f"(createChart({json.dumps(shown)}, {json.dumps(options)}), 0)")
        self.js("(chart.timeScale().setVisibleLogicalRange({from: -1.5, to: 61.5}), 0)")
        # Its places, range and scales hold from its first frame on; whoever changes them before
        # that has one view, of which the layer hears.
        if until_drawn:
            self.next_frames()

    def picture(self) -> QImage:
        return self.view.grab().toImage()

    def settled_picture(self) -> QImage:
        """Give the picture with all that the page was told, once two grabs agree."""
        self.next_frames()
        last = self.picture()

        def is_settled() -> bool:
            nonlocal last
            self.next_frames()
            before, last = last, self.picture()
            return before == last

        self.qtbot.waitUntil(is_settled, timeout=20_000)
        return last

    def next_frames(self) -> None:
        wait_until_taken_in(self.qtbot, self.page)

    def x_of_candle(self, time_s: int) -> float:
        return float(self.js(f"chart.timeScale().timeToCoordinate({time_s})"))

    def y_of_price(self, price: float) -> float:
        return float(self.js(f"priceSeries.priceToCoordinate({price})"))

    def state(self) -> Any:
        """What the layer must never change."""
        return self.js(
            "{range: chart.timeScale().getVisibleLogicalRange(), top: priceSeries"
            ".coordinateToPrice(0), bottom: priceSeries.coordinateToPrice(400), "
            "scale: chart.priceScale('right').width(), panes: chart.panes().length}"
        )

    def screenshot(self) -> QImage:
        url = self.js("chart.takeScreenshot().toDataURL('image/png')")
        image = QImage()
        assert image.loadFromData(base64.b64decode(url.split(",")[1]))
        return image


class Recording:
    """A listener that keeps what the layer tells."""

    def __init__(self) -> None:
        self.ready = 0
        self.symbols = 0
        self.gone = 0
        self.blank = 0
        self.viewports: list[Any] = []
        self.timings: list[Any] = []
        self.queries: list[Any] = []
        self.offers: list[str] = []

    def viewport_changed(self, viewport: Any) -> None:
        self.viewports.append(viewport)

    def page_ready(self) -> None:
        self.ready += 1

    def view_lost(self) -> None:
        self.blank += 1

    def page_gone(self) -> None:
        self.gone += 1

    def symbol_changed(self) -> None:
        self.symbols += 1

    def cell_asked(self, query: Any) -> None:
        self.queries.append(query)

    def heat_chosen(self, heat: str) -> None:
        self.offers.append(heat)

    def painted(self, timing: Any) -> None:
        self.timings.append(timing)


def grid_message(cells: Any, **changes: Any) -> tuple[dict[str, Any], str]:
    """Give meta and packed cells for `show_grid`: 5 s by 50 USD around the candles."""
    rows, cols = cells.shape
    start_ms = changes.pop("timeStartMs", START_S * 1000)
    meta = {
        "symbol": "BTCUSDT",
        "priceLow": 98_500.0,
        "binUsd": 50.0,
        "rows": rows,
        "timeStartMs": start_ms,
        "binMs": 5000,
        "cols": cols,
        # Left of the pane: only the tests of its mark show where the window begins.
        "windowStartMs": start_ms - 7_200_000,
        "endMs": start_ms + cols * 5000,
        "gaps": [],
        "scale": {"mode": "sqrt", "floorUsd": 1.0, "clipUsd": 1e6},
        "sequence": 1,
    }
    meta.update(changes)
    return meta, pack_cells(cells.tobytes())


def to_array(image: QImage) -> Any:
    """Give (height, width, 3) int pixels."""
    image = image.convertToFormat(QImage.Format.Format_RGBA8888)
    bits = image.bits()
    assert bits is not None
    bits.setsize(image.sizeInBytes())
    rows = np.frombuffer(bits, np.uint8).reshape(image.height(), image.bytesPerLine() // 4, 4)
    return rows[:, : image.width(), :3].astype(int)


def to_colours(image: QImage) -> Any:
    """Give (height, width) uint32: 0xRRGGBB; several times faster than `to_array`."""
    image = image.convertToFormat(QImage.Format.Format_RGB32)
    bits = image.bits()
    assert bits is not None
    bits.setsize(image.sizeInBytes())
    rows = np.frombuffer(bits, np.uint32).reshape(image.height(), image.bytesPerLine() // 4)
    return rows[:, : image.width()] & 0xFFFFFF


def changed(before: QImage, after: QImage) -> Any:
    """Give (height, width) bool: where the pictures differ."""
    return to_colours(before) != to_colours(after)
