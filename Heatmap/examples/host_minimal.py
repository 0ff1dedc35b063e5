"""A host in one file: ``python -m Heatmap.examples.host_minimal [WS_URL REST_URL]``."""

import asyncio
import json
import sys
from importlib import resources

import aiohttp
from PyQt6.QtCore import QSettings, QUrl
from PyQt6.QtWebEngineWidgets import QWebEngineView
from PyQt6.QtWidgets import QApplication, QTabWidget
from qasync import QEventLoop

from Heatmap import HeatmapService, HeatmapSettings
from Heatmap.heatmap_settings import REST_URL, WS_URL
from Heatmap.ui import HeatmapLayer, HeatmapSettingsTab, load_settings

PAGE = """<body style="margin:0"><div id="chart" style="height:100vh"></div><script>%s</script>
<script>
let chart = LightweightCharts.createChart(document.getElementById("chart"), {autoSize: true});
let priceSeries = chart.addSeries(LightweightCharts.CandlestickSeries);
</script></body>"""
WS, REST = sys.argv[1:] if len(sys.argv) > 1 else (WS_URL, REST_URL)
NAMES, PATH = ("time", "open", "high", "low", "close"), "/fapi/v1/klines"


async def show_candles(view: QWebEngineView) -> None:
    """Load the newest candles again and again."""
    query = {"symbol": "BTCUSDT", "interval": "1m", "limit": "240"}
    async with aiohttp.ClientSession(REST) as session:
        while True:
            await asyncio.sleep(1)
            try:
                async with session.get(PATH, params=query, allow_redirects=False) as answer:
                    answer.raise_for_status()
                    rows = await answer.json()
            except (aiohttp.ClientError, TimeoutError):
                continue  # the heatmap has its own connection, and goes on
            values = ((row[0] // 1000, *map(float, row[1:5])) for row in rows)
            candles = [dict(zip(NAMES, candle, strict=True)) for candle in values]
            if (page := view.page()) is not None:
                page.runJavaScript(f"priceSeries.setData({json.dumps(candles)})")


async def main(application: QApplication) -> None:
    """Run until the window is closed."""
    store = QSettings("OrderPilot", "HeatmapExample")
    settings = load_settings(store, HeatmapSettings(enabled=True))
    service = HeatmapService(settings, ws_url=WS, rest_url=REST)
    await service.start()
    view, tabs, closed = QWebEngineView(), QTabWidget(), asyncio.Event()
    application.lastWindowClosed.connect(closed.set)
    library = resources.files("litecharts").joinpath("js", "lightweight-charts.js")
    view.setHtml(PAGE % library.read_text("utf-8"), QUrl("http://host.invalid/"))
    page = view.page()
    assert page is not None  # noqa: S101 - a view always has one
    layer = HeatmapLayer(page, chart="chart", candles="priceSeries", symbol="BTCUSDT")
    service.attach(layer)
    tabs.addTab(view, "Chart")  # in a modal dialog the settings tab takes part in OK and Cancel
    tabs.addTab(HeatmapSettingsTab(service, store), "Heatmap")
    tabs.show()
    candles = asyncio.ensure_future(show_candles(view))
    try:
        await closed.wait()
    finally:
        candles.cancel()
        layer.detach()
        await service.stop()


if __name__ == "__main__":
    host = QApplication(["host"])
    host.setQuitOnLastWindowClosed(False)
    loop = QEventLoop(host)
    asyncio.set_event_loop(loop)
    task = loop.create_task(main(host))
    task.add_done_callback(lambda _task: loop.stop())
    loop.run_forever()
    task.result()
