"""The Qt loop, chart pages and the settings tab for the tests of the user interface."""

import asyncio
import os
import sys
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

import pytest
from PyQt6 import sip
from PyQt6.QtCore import QObject, QSettings, QUrl, pyqtProperty, pyqtSignal, pyqtSlot
from PyQt6.QtWebChannel import QWebChannel
from PyQt6.QtWebEngineCore import QWebEnginePage
from qasync import QEventLoop

from Heatmap import HeatmapService
from Heatmap.tests.left_behind import asyncio_errors, own_threads, still_running
from Heatmap.tests.ui.cell_grids import bright_cells
from Heatmap.tests.ui.chart_page import ChartPage, Recording, grid_message
from Heatmap.tests.ui.prepared_service import PreparedService
from Heatmap.ui import HeatmapLayer, HeatmapSettingsTab

if sys.platform == "linux" and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

WIDTH, HEIGHT = 800, 500


@pytest.fixture(scope="session")
def qapp_args() -> list[str]:
    # Beside a page that is kept, pages share its process: see `render_process`.
    chromium = ("--no-sandbox", "--disable-gpu", "--renderer-process-limit=1")
    return ["heatmap-tests", "--webEngineArgs", *chromium]


@pytest.fixture(scope="module")
def render_process(qapp: Any) -> Iterator[None]:
    """Keep one render process for a module's pages: to start it takes half of a page's time.

    Each test has a page of its own all the same. A module whose tests end or stop the process has
    this fixture do nothing: then each page has a process of its own.
    """
    del qapp
    keeper = QWebEnginePage()
    keeper.setUrl(QUrl("about:blank"))
    yield
    sip.delete(keeper)


@pytest.fixture(scope="session")
def qt_loop(qapp: Any) -> Iterator[asyncio.AbstractEventLoop]:
    loop = QEventLoop(qapp, already_running=True)
    yield loop
    loop.stop()
    loop.close()
    asyncio.events._set_running_loop(None)


@pytest.fixture(autouse=True)
def nothing_is_left(
    qt_loop: asyncio.AbstractEventLoop, qtbot: Any, caplog: pytest.LogCaptureFixture
) -> Iterator[None]:
    """Fail a test that leaves a thread, a task, or an exception that nobody has retrieved."""
    yield
    # Cancelled tasks end in a turn of the loop.
    qtbot.waitUntil(lambda: not asyncio.all_tasks(qt_loop), timeout=20_000)
    assert still_running(own_threads()) == []
    assert asyncio_errors(caplog) == []


@pytest.fixture
def qt_run(qtbot: Any, qt_loop: Any) -> Callable[..., Any]:
    def run(coro: Coroutine[Any, Any, Any], timeout: int = 20_000) -> Any:
        task = qt_loop.create_task(coro)
        qtbot.waitUntil(task.done, timeout=timeout)
        return task.result()

    return run


@pytest.fixture
def listener() -> Recording:
    return Recording()


@pytest.fixture
def make_page(qtbot: Any, render_process: None) -> Iterator[Callable[..., ChartPage]]:
    """Make chart pages; an error or a warning on their console fails the test at its end."""
    del render_process
    pages: list[ChartPage] = []

    def make(*, is_dark: bool = True, size: tuple[int, int] = (WIDTH, HEIGHT)) -> ChartPage:
        pages.append(ChartPage(qtbot, is_dark=is_dark, size=size))
        return pages[-1]

    yield make
    errors = [error for page in pages for error in page.page.console_errors]
    for page in pages:
        if not sip.isdeleted(page.page):
            # The page before its view and its profile: Qt warns about the other order.
            page.view.setPage(None)
            with qtbot.waitSignal(page.page.destroyed, timeout=10_000):
                page.page.deleteLater()
    assert errors == []


@pytest.fixture
def chart_page(make_page: Callable[..., ChartPage]) -> ChartPage:
    """Give a loaded dark page without a chart yet."""
    page = make_page()
    page.load()
    return page


@pytest.fixture
def shown(qtbot: Any, chart_page: ChartPage, listener: Recording) -> Callable[..., HeatmapLayer]:
    """Put a layer on the chart page and show a grid on it."""

    def show(grid: Any = None, **changes: Any) -> HeatmapLayer:
        layer = HeatmapLayer(chart_page.page)
        layer.set_listener(listener)
        qtbot.waitUntil(lambda: layer.is_ready, timeout=10_000)
        layer.set_options({"opacity": 1.0})
        layer.show_grid(*grid_message(bright_cells() if grid is None else grid, **changes))
        return layer

    return show


class HostBridge(QObject):
    """A host's own object on the channel: a method, a signal and a property."""

    spoken = pyqtSignal(str)
    levelChanged = pyqtSignal(int)  # noqa: N815  # Qt's way of naming

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._level = 1

    @pyqtSlot(int, result=int)
    def double(self, value: int) -> int:
        return 2 * value

    @pyqtProperty(int, notify=levelChanged)
    def level(self) -> int:
        return self._level

    def set_level(self, level: int) -> None:
        self._level = level
        self.levelChanged.emit(level)


@pytest.fixture
def host_bridge(chart_page: ChartPage) -> HostBridge:
    return HostBridge(chart_page.page)


@pytest.fixture
def host_channel(chart_page: ChartPage, host_bridge: HostBridge) -> QWebChannel:
    """Give the host's channel with its object, not yet set on the page."""
    channel = QWebChannel(chart_page.page)
    channel.registerObject("pyBridge", host_bridge)
    return channel


@pytest.fixture
def store(tmp_path: Path) -> QSettings:
    """Give the host's store of settings, empty."""
    return QSettings(str(tmp_path / "host.ini"), QSettings.Format.IniFormat)


@pytest.fixture
def service(qt_loop: Any, tmp_path: Path) -> PreparedService:
    """Give a service that has not been started, and tells what a test prepares."""
    assert qt_loop is not None
    return PreparedService(tmp_path / "x.sqlite3")


@pytest.fixture
def tab(qtbot: Any, service: HeatmapService, store: QSettings) -> HeatmapSettingsTab:
    """Show the settings tab of the service."""
    made = HeatmapSettingsTab(service, store)
    qtbot.addWidget(made)
    made.show()
    return made
