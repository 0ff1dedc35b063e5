"""The chart in a browser is Qt's, pixel by pixel where nothing is written."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from PyQt6 import sip
from PyQt6.QtWebEngineWidgets import QWebEngineView

from Heatmap import HeatmapService, HeatmapSettings
from Heatmap.server import HeatmapServer
from Heatmap.standalone.chart_page import ChartPage
from Heatmap.standalone.exchange.market import Candle
from Heatmap.tests.browser import Browser, browser, rgb_of
from Heatmap.tests.stored_market import made_candles, made_events, store_market
from Heatmap.ui import HeatmapLayer

MINUTES, VISIBLE = 900, 480
NOWHERE = {"ws_url": "ws://127.0.0.1:1", "rest_url": "http://127.0.0.1:1"}
SETTINGS = HeatmapSettings(
    enabled=True,
    window="8h",
    heat="predicted",
    predicted_palette="daylight",
    colour_bar=False,
    source_line=False,
)
# The strip above the chart, which only the window's page has.
STRIP_PX = 32
# Candles and their price cannot be seen: only heat is left.
ONLY_HEAT = (
    "((clear) => { candleSeries.applyOptions({upColor: clear, downColor: clear, wickUpColor: clear,"
    " wickDownColor: clear}); candleSeries.priceLines().forEach((one) => one.applyOptions("
    "{lineVisible: false, axisLabelVisible: false})); return 1; })('rgba(0,0,0,0)')"
)
HAS_BITMAP = "[...OrderPilotHeatmap.layers.values()].every((one) => one.picture.bitmap !== null)"


@pytest.fixture
def chromium() -> Iterator[Browser]:
    with browser() as one:
        yield one


def test_a_browser_shows_the_heat_that_qt_shows(  # noqa: PLR0915 - two pages, side by side
    qtbot: Any, qt_run: Callable[..., Any], tmp_path: Path, chromium: Browser
) -> None:
    database = tmp_path / "x.sqlite3"
    stored = made_candles(MINUTES)
    store_market(database, stored, made_events(stored, 3.0))
    now_ms = stored[-1].open_ms + 65_000
    service = HeatmapService(SETTINGS, db=database, clock=lambda: now_ms, **NOWHERE)
    qt_run(service.start())
    server = HeatmapServer(service, "127.0.0.1:0")
    server.start()
    view = QWebEngineView()
    page = ChartPage()
    try:
        chromium.open(f"{server.url}/heatmap.html?heat=predicted&window=8h&interval=1m")
        chromium.wait("document.getElementById('state').textContent === 'Live'")
        chromium.wait(HAS_BITMAP)
        left, top, width, height = (
            round(chromium.js(f"document.getElementById('chart').getBoundingClientRect().{one}"))
            for one in ("left", "top", "width", "height")
        )
        found = httpx.get(
            f"{server.url}/candles", params={"start": stored[0].open_ms, "end": now_ms}
        ).json()["candles"]
        candles = [
            Candle(one["timestamp"], one["open"], one["high"], one["low"], one["close"], 1.0, True)
            for one in found
        ]
        view.setPage(page)
        view.resize(width, height + STRIP_PX)
        view.show()
        qt_run(page.load_chart("dark"))
        page.set_room(has_room=True)
        page.set_candles(candles, VISIBLE, service.tick_size("BTCUSDT"))
        layer = HeatmapLayer(page, candles="candleSeries", symbol="BTCUSDT")
        service.attach(layer)

        def qt_js(script: str) -> Any:
            answers: list[Any] = []
            page.runJavaScript(script, answers.append)
            qtbot.waitUntil(lambda: bool(answers), timeout=10_000)
            return answers[0]

        qtbot.waitUntil(lambda: service.status()["layers"][0]["state"] == "drawn", timeout=60_000)
        qtbot.waitUntil(lambda: qt_js(HAS_BITMAP) is True, timeout=20_000)
        qt_js(ONLY_HEAT)
        chromium.js(ONLY_HEAT)
        # Other fonts make an axis of another height.
        size = "[chart.timeScale().width(), chart.panes()[0].getHeight()]"
        wide, tall = chromium.js(size)
        view.resize(width, height + STRIP_PX + tall - int(qt_js(size)[1]))
        qtbot.waitUntil(lambda: [int(one) for one in qt_js(size)] == [wide, tall], timeout=10_000)

        def differences() -> tuple[float, float]:
            mine = rgb_of(view.grab().toImage()).astype(int)[STRIP_PX:]
            theirs = chromium.picture()[top : top + height, left : left + width].astype(int)
            # Left of the labels of levels, above the attribution logo.
            part = np.s_[: tall - 60, : int(wide * 0.7)]
            off = np.abs(mine[part] - theirs[part]).max(axis=2)
            ground = np.abs(theirs[part] - theirs[part][0, 0]).max(axis=2)
            return float((off > 4).mean()), float((ground > 12).mean())

        # Both may have a frame to go.
        qtbot.waitUntil(lambda: differences()[0] < 0.0005, timeout=20_000)
        assert differences()[1] > 0.05
        assert chromium.errors() == []
        assert page.console_errors == []
    finally:
        server.stop()
        qt_run(service.stop())
        view.setPage(None)
        with qtbot.waitSignal(page.destroyed, timeout=10_000):
            page.deleteLater()
        sip.delete(view)
