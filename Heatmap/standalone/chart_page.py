"""The web page of the standalone window: Lightweight Charts with candles, and nothing else."""

import asyncio
import hashlib
import json
import logging
from collections.abc import Sequence
from decimal import Decimal
from importlib import resources
from typing import Any

from PyQt6.QtCore import QObject, QUrl
from PyQt6.QtGui import QDesktopServices
from PyQt6.QtWebEngineCore import QWebEnginePage, QWebEngineScript

from Heatmap.errors import PageError
from Heatmap.runtime.compat import override
from Heatmap.standalone.exchange.market import Candle

logger = logging.getLogger(__name__)

CHARTS_SHA256 = "756b0ba9f58930226d6b8b9d47ad310448ab85d799ea1f7c2c02304777c10b52"
"""Sum of the official Lightweight Charts 5.1.0 standalone production build."""

_FRAME_S = 0.02


class ChartPage(QWebEnginePage):
    """A chart page with the names ``chart`` and ``candleSeries``, as a host's page has them.

    `load_chart` is awaited once before the other methods are called.
    """

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        # Errors that the page's own scripts print; a test or a status line may look at them.
        self.console_errors: list[str] = []

    async def load_chart(self, theme: str) -> None:
        """Load the page and create the chart.

        Raises
        ------
        PageError
            The chart library is missing or is not the build it should be, or the page did not load.
        """
        library = charts_library()
        own = resources.files("Heatmap.standalone").joinpath("page")
        for name, source in (
            ("lightweight-charts", library),
            ("chart-page", own.joinpath("chart_page.js").read_text("utf-8")),
        ):
            script = QWebEngineScript()
            script.setName(name)
            script.setSourceCode(source)
            script.setInjectionPoint(QWebEngineScript.InjectionPoint.DocumentReady)
            script.setWorldId(QWebEngineScript.ScriptWorldId.MainWorld)
            self.scripts().insert(script)
        loaded: asyncio.Future[bool] = asyncio.get_running_loop().create_future()

        def note(is_ok: bool) -> None:
            if not loaded.done():
                loaded.set_result(is_ok)

        self.loadFinished.connect(note)
        self.setHtml(own.joinpath("chart.html").read_text("utf-8"), QUrl("heatmap:/"))
        if not await loaded:
            raise PageError(
                "the chart page did not load; start again with QTWEBENGINE_DISABLE_SANDBOX=1"
            )
        self._call("create", theme)

    def set_theme(self, theme: str) -> None:
        """Use the ``dark`` or ``light`` colours."""
        self._call("setTheme", theme)

    def set_price_format(self, tick_size: Decimal) -> None:
        """Show prices with the digits of `tick_size`, USD."""
        exponent = tick_size.normalize().as_tuple().exponent
        precision = max(0, -exponent) if isinstance(exponent, int) else 2
        self._call("setPriceFormat", precision, float(tick_size))

    def set_candles(self, candles: Sequence[Candle], visible_bars: int) -> None:
        """Replace all candles and show the newest `visible_bars`."""
        self._call("setCandles", [_row(candle) for candle in candles], visible_bars)

    def clear_candles(self) -> None:
        """Show no candles."""
        self._call("clearCandles")

    def update_candle(self, candle: Candle) -> None:
        """Replace the newest candle, or add one."""
        self._call("updateCandle", _row(candle))

    def show_newest(self, visible_bars: int) -> None:
        """Show the newest `visible_bars` candles."""
        self._call("showNewest", visible_bars)

    async def wait_for_frame(self) -> None:
        """Wait until a frame shows everything that was asked of the page until now."""
        before = (await self.geometry())["framesDrawn"]
        self._call("countFrame")
        # The page answers questions; it cannot call back without a channel of its own.
        while (await self.geometry())["framesDrawn"] == before:  # noqa: ASYNC110
            await asyncio.sleep(_FRAME_S)

    async def geometry(self) -> dict[str, Any]:
        """Return size and price range of the candles' pane, as the page measures them."""
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()

        def note(result: object) -> None:
            if not answer.done():
                answer.set_result(result)

        self.runJavaScript("chartPage.geometry()", note)
        return dict(await answer)

    def _call(self, function: str, *arguments: object) -> None:
        self.runJavaScript(f"chartPage.{function}(...{json.dumps(arguments)})")

    # -- Qt -----------------------------------------------------------------------------------

    @override
    def javaScriptConsoleMessage(
        self,
        level: QWebEnginePage.JavaScriptConsoleMessageLevel,
        message: str | None,
        line: int,
        source: str | None,
    ) -> None:
        """Send what the page prints to the log."""
        if level == QWebEnginePage.JavaScriptConsoleMessageLevel.ErrorMessageLevel:
            self.console_errors.append(str(message))
            logger.error("chart page: %s (%s:%s)", message, source, line)
        else:
            logger.debug("chart page: %s", message)

    @override
    def acceptNavigationRequest(
        self, url: QUrl, kind: QWebEnginePage.NavigationType, is_main_frame: bool
    ) -> bool:
        """Open what the user clicks on in the user's browser."""
        if kind == QWebEnginePage.NavigationType.NavigationTypeLinkClicked:
            QDesktopServices.openUrl(url)
            return False
        return super().acceptNavigationRequest(url, kind, is_main_frame)

    @override
    def createWindow(self, _kind: QWebEnginePage.WebWindowType) -> QWebEnginePage | None:
        """Give the attribution logo's link, which asks for a window, the user's browser."""
        outside = QWebEnginePage(self)
        outside.urlChanged.connect(QDesktopServices.openUrl)
        outside.urlChanged.connect(lambda _url: outside.deleteLater())
        return outside


def charts_library() -> str:
    """Return the source of Lightweight Charts from the ``litecharts`` package.

    Raises
    ------
    PageError
        The package is missing, or its file is not the official 5.1.0 build.
    """
    try:
        path = resources.files("litecharts").joinpath("js", "lightweight-charts.js")
        content = path.read_bytes()
    except (ModuleNotFoundError, FileNotFoundError) as error:
        raise PageError(
            "the chart library is missing: install litecharts 0.2.0 as requirements.txt says"
        ) from error
    found = hashlib.sha256(content).hexdigest()
    if found != CHARTS_SHA256:
        raise PageError(
            f"the chart library has the sum {found[:12]}…, expected {CHARTS_SHA256[:12]}… "
            "(Lightweight Charts 5.1.0): install litecharts 0.2.0 as requirements.txt says"
        )
    return content.decode("utf-8")


def _row(candle: Candle) -> dict[str, float]:
    return {
        "time": candle.open_ms // 1000,
        "open": candle.open,
        "high": candle.high,
        "low": candle.low,
        "close": candle.close,
    }
