"""The window's frame: search, state, actions and keys, several windows, what is kept of them."""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PyQt6.QtCore import QByteArray, QPoint, QSettings, Qt
from PyQt6.QtGui import QGuiApplication, QKeySequence
from PyQt6.QtTest import QTest
from PyQt6.QtWidgets import QDialog, QFileDialog, QMenu, QToolButton

from Heatmap import HeatmapSettings
from Heatmap.standalone.settings_dock import SettingsDock
from Heatmap.standalone.sources import Source, open_live
from Heatmap.standalone.status_bar import StatusBar
from Heatmap.standalone.tool_bar import LEVELS
from Heatmap.standalone.window import ChartWindow
from Heatmap.standalone.windows import Windows
from Heatmap.tests.systems import kill
from Heatmap.tests.ui.chart_page import answer_of
from Heatmap.tests.ui.test_window_switch import World
from Heatmap.ui import StateTone, StateWords

ONE = HeatmapSettings(enabled=True, heat="recorded", symbols=("BTCUSDT",))


@pytest.fixture
def world(qtbot: Any, qt_run: Any, qt_loop: Any, tmp_path: Path) -> Iterator[World]:
    world = World(qtbot, qt_run, qt_loop, tmp_path)
    with world.exchange:
        yield world
        errors = list(world.window.page.console_errors)
        qt_run(world.close(), timeout=20_000)
    assert errors == []


def heads_and_symbols(window: ChartWindow) -> list[str]:
    model = window.tool_bar.symbols.list.model()
    assert model is not None
    return [str(model.index(at, 0).data()) for at in range(model.rowCount())]


def test_a_symbol_that_is_typed_on_the_chart_is_shown_and_can_be_recorded(world: World) -> None:
    world.qt_run(world.open(ONE), timeout=20_000)
    world.wait_for("BTCUSDT", "1m")
    window, box = world.window, world.window.tool_bar.symbols
    chart = window.view.focusProxy()
    assert chart is not None
    QTest.keyClick(chart, Qt.Key.Key_U)
    # The exchange is asked for its instruments now: what is recorded is there at once.
    assert heads_and_symbols(window)[:2] == ["Recorded", "BTCUSDT"]
    found = ["Recorded", "BTCUSDT", "Not recorded", "ETHUSDT"]
    world.qtbot.waitUntil(lambda: heads_and_symbols(window) == found, timeout=10_000)
    QTest.keyClick(box, Qt.Key.Key_Escape)
    assert not box.list.isVisible()
    assert box.text() == "BTCUSDT"
    QTest.keyClick(chart, Qt.Key.Key_E)
    QTest.keyClick(box, Qt.Key.Key_T)
    assert box.text().upper() == "ET"
    assert heads_and_symbols(window) == ["Not recorded", "ETHUSDT"]
    QTest.keyClick(box, Qt.Key.Key_Return)
    world.wait_for("ETHUSDT", "1m")
    assert box.text() == "ETHUSDT"
    assert window.docks.tape.symbol == window.docks.totals.symbol == "ETHUSDT"
    # What was not recorded is not shown as nothing: it is predicted meanwhile, for this layer.
    assert window.market.settings.heat == window.tool_bar.heats.currentData() == "predicted"
    assert world.service.settings.heat == "recorded"
    world.qtbot.waitUntil(
        lambda: window.status_bar.line.words.startswith("Not recorded:"), timeout=10_000
    )
    offer = window.status_bar.offer
    assert offer.isVisible()
    assert offer.text() == "Record ETHUSDT too"
    QTest.mouseClick(offer, Qt.MouseButton.LeftButton)
    assert world.service.settings.symbols == ("BTCUSDT", "ETHUSDT")
    assert world.store.value("Heatmap/symbols") == "BTCUSDT,ETHUSDT"
    world.qtbot.waitUntil(lambda: "Record" not in offer.text(), timeout=10_000)
    # It is shown on, and its own heat is there again.
    assert window.layer.symbol == "ETHUSDT"
    assert window.market.settings.heat == "recorded"


CONTROL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier


def test_each_action_is_in_the_menu_once_and_its_tool_tip_names_its_key(world: World) -> None:
    world.qt_run(world.open(ONE), timeout=20_000)
    window = world.window
    menu = window.tool_bar.menu_button.menu()
    assert isinstance(menu, QMenu)
    shown = [one for one in menu.actions() if not one.isSeparator()]
    assert len(shown) == len(set(shown)) == len(window.actions_.all()) > 15
    keys = [key.toString() for one in shown for key in one.shortcuts()]
    assert len(keys) == len(set(keys)) > 12
    for action in shown:
        native = action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
        assert native in action.toolTip()


def test_keys_carry_out_what_the_menu_has(world: World, tmp_path: Path) -> None:
    world.qt_run(world.open(ONE), timeout=20_000)
    world.wait_for("BTCUSDT", "1m")
    window, service = world.window, world.service
    window.activateWindow()
    pressed: list[str] = []
    window.another_asked.connect(lambda: pressed.append("another"))
    window.look_chosen.connect(pressed.append)
    window.quit_asked.connect(lambda: pressed.append("quit"))
    QTest.keyClick(window, Qt.Key.Key_N, CONTROL)
    QTest.keyClick(window, Qt.Key.Key_L, CONTROL | SHIFT)
    QTest.keyClick(window, Qt.Key.Key_Q, CONTROL)
    assert pressed == ["another", "light", "quit"]
    QTest.keyClick(window, Qt.Key.Key_BracketRight)
    assert service.settings.window == window.tool_bar.windows.currentData() == "8h"
    QTest.keyClick(window, Qt.Key.Key_BracketLeft)
    assert service.settings.window == "2h"
    QTest.keyClick(window, Qt.Key.Key_2, SHIFT)
    assert service.settings.heat == "predicted"
    QTest.keyClick(window, Qt.Key.Key_H, SHIFT)
    assert not service.settings.enabled
    QTest.keyClick(window, Qt.Key.Key_K, CONTROL)
    assert window.focusWidget() is window.tool_bar.symbols
    QTest.keyClick(window.tool_bar.symbols, Qt.Key.Key_Escape)
    for key, kind in ((Qt.Key.Key_F1, QDialog), (Qt.Key.Key_Comma, SettingsDock)):
        QTest.keyClick(window, key, CONTROL if kind is SettingsDock else Qt.KeyboardModifier(0))
        opened = window.findChild(kind)
        assert opened is not None
        opened.close()
    clipboard = QGuiApplication.clipboard()
    assert clipboard is not None
    QTest.keyClick(window, Qt.Key.Key_C, CONTROL | SHIFT)
    assert clipboard.image().size() == window.grab().toImage().size()
    QTest.keyClick(window, Qt.Key.Key_S, CONTROL)
    chooser = window.findChild(QFileDialog, "savePicture")
    assert chooser is not None
    chooser.fileSelected.emit(str(tmp_path / "picture.png"))
    chooser.close()
    assert (tmp_path / "picture.png").stat().st_size > 10_000


def test_f6_leads_through_the_parts_and_back_to_the_first(world: World) -> None:
    world.qt_run(world.open(ONE), timeout=20_000)
    window = world.window
    window.activateWindow()
    parts = window.parts()
    assert parts[:2] == [window.tool_bar.menu_button, window.view]
    parts[0].setFocus()
    for part in [*parts[1:], parts[0]]:
        QTest.keyClick(window, Qt.Key.Key_F6)
        focus = window.focusWidget()
        assert focus is not None
        assert part in (focus, focus.parentWidget()) or part.isAncestorOf(focus)


def test_the_tool_bar_measures_itself_and_cuts_nothing_off(world: World) -> None:
    world.qt_run(world.open(ONE), timeout=20_000)
    bar = world.window.tool_bar
    levels = []
    for width in (1_440, 1_060, 900, 760):
        world.window.resize(width, 500)
        world.qtbot.waitUntil(lambda width=width: bar.width() == width, timeout=5_000)
        levels.append(bar.level)
        for button in bar.findChildren(QToolButton):
            if button.isVisible() and button.text():
                assert button.width() >= button.minimumSizeHint().width(), button.text()
                right = button.mapTo(bar, QPoint(button.width(), 0)).x()
                assert right <= width, (width, bar.level, button.text())
    assert levels == sorted(levels)
    assert levels[0] == 0
    assert levels[-1] in range(2, LEVELS)


def test_a_sentence_without_room_is_elided_and_whole_in_the_tool_tip(qtbot: Any) -> None:
    bar = StatusBar()
    qtbot.addWidget(bar)
    sentence = "Recording BTCUSDT since 16:46, last liquidation 1 s ago <b>"
    words = StateWords(StateTone.OK, False, "Live", sentence)
    bar.show_words(words, "", ["Binance: live"])
    bar.resize(1_000, 28)
    bar.show()
    assert bar.line.shown_sentence() == sentence
    bar.resize(260, 28)
    shown = bar.line.shown_sentence()
    assert shown.endswith("…")
    assert sentence.startswith(shown[:-1])
    room = bar.line.width() - bar.line.fontMetrics().horizontalAdvance("Live")
    assert bar.line.fontMetrics().horizontalAdvance(shown) < room
    # Not taken for mark-up.
    assert "ago &lt;b&gt;" in bar.toolTip()
    assert bar.text() == f"Live: {sentence}  |  Binance: live"
    # What is wrong with candles takes a good state's sentence.
    bar.show_words(words, "no candles", [])
    assert bar.text() == "Live: no candles  |  no candles"


class Many:
    """All windows of a run, on one recorder."""

    def __init__(self, world: World, source: Source) -> None:
        self.world, self.source = world, source
        self.windows: Windows
        self._end = asyncio.Event()
        self._is_open = asyncio.Event()
        self.task = world.qt_loop.create_task(self._run())

    async def _run(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            self.windows = Windows(self.world.store, "dark", ChartWindow, tasks)
            await self.windows.open_first()
            await self.windows.show_source(self.source)
            await self.windows.open_others()
            self._is_open.set()
            await self._end.wait()
            await self.windows.leave()

    def wait_until_open(self, count: int) -> list[ChartWindow]:
        self.world.qtbot.waitUntil(
            lambda: self._is_open.is_set() and len(self.windows.open_windows) == count,
            timeout=30_000,
        )
        return list(self.windows.open_windows)

    def end(self) -> None:
        self._end.set()
        self.world.qtbot.waitUntil(self.task.done, timeout=20_000)
        self.task.result()


def shows(window: ChartWindow, symbol: str) -> Callable[[], bool]:
    return lambda: (
        window.market.candles.shown is not None
        and window.market.candles.shown.symbol == window.layer.symbol == symbol
    )


def is_whole(window: ChartWindow) -> bool:
    """Tell whether the page has a chart with candles, and a layer that is drawn."""
    if not window.page._chart_there.is_set():
        return False
    service = window.market.service
    assert service is not None
    layers = service.status()["layers"]
    states = {layer["symbol"]: layer["state"] for layer in layers}
    script = "typeof candleSeries === 'object' && candleSeries.data().length > 0"
    is_drawn = window.layer.is_ready and states[window.layer.symbol] == "drawn"
    return is_drawn and answer_of(window.page, script) is True


def require_revival(qtbot: Any, symbols: dict[ChartWindow, str]) -> None:
    """End the one process that draws these windows: each must come back with its symbol."""
    (pid,) = {one.page.renderProcessPid() for one in symbols}
    died: list[ChartWindow] = []
    for one in symbols:
        one.page.renderProcessTerminated.connect(lambda *_, one=one: died.append(one))
    kill(pid)
    qtbot.waitUntil(lambda: set(died) == set(symbols), timeout=10_000)
    qtbot.waitUntil(lambda: all(map(is_whole, symbols)), timeout=20_000)
    assert {one: one.layer.symbol for one in symbols} == symbols
    (after,) = {one.page.renderProcessPid() for one in symbols}
    assert after != pid


def test_windows_on_one_recorder_keep_what_each_shows_over_a_restart(
    qtbot: Any, qt_run: Callable[..., Any], qt_loop: Any, tmp_path: Path
) -> None:
    world = World(qtbot, qt_run, qt_loop, tmp_path)
    with world.exchange:
        source = qt_run(
            open_live(
                ONE.changed(symbols=("BTCUSDT", "ETHUSDT")),
                tmp_path / "live.sqlite3",
                world.exchange.ws_url,
                world.exchange.rest_url,
            )
        )
        service = source.service
        many = Many(world, source)
        (first,) = many.wait_until_open(1)
        qtbot.waitUntil(shows(first, "BTCUSDT"), timeout=15_000)
        first.actions_["theme"].trigger()
        assert first.theme == "light"
        assert world.store.value("Window/theme") == "light"
        # The palette goes with it, until the user chooses one.
        assert service.settings.palette == "daylight"
        first.actions_["new_window"].trigger()
        first, second = many.wait_until_open(2)
        qtbot.waitUntil(shows(second, "BTCUSDT"), timeout=15_000)
        assert second.theme == "light"
        second.market.choose_symbol("ETHUSDT")
        second.tool_bar.windows.setCurrentIndex(second.tool_bar.windows.findData("24h"))
        second.tool_bar.intervals.setCurrentIndex(second.tool_bar.intervals.findData("15m"))
        second.resize(780, 555)
        qtbot.waitUntil(shows(second, "ETHUSDT"), timeout=15_000)
        # Each layer has its own span, on one recorder.
        assert service.settings.window == first.market.settings.window == "2h"
        assert first.tool_bar.windows.currentData() == "2h"
        assert second.market.settings.window == "24h"
        assert first.layer.symbol == "BTCUSDT"
        many.end()

        many = Many(world, source)
        first, second = many.wait_until_open(2)
        both = shows(first, "BTCUSDT"), shows(second, "ETHUSDT")
        qtbot.waitUntil(lambda: all(shown() for shown in both), timeout=15_000)
        assert second.market.settings.window == "24h"
        assert second.tool_bar.intervals.currentData() == "15m"
        assert second.market.candles.shown.interval == "15m"
        assert (second.width(), second.height()) == (780, 555)
        require_revival(qtbot, {first: "BTCUSDT", second: "ETHUSDT"})
        # What is set for the recorder is set for all windows.
        service.apply_settings(service.settings.changed(window="8h"))
        assert first.market.settings.window == second.market.settings.window == "8h"
        ended: list[bool] = []
        many.windows.all_closed.connect(lambda: ended.append(True))
        second.close()
        many.wait_until_open(1)
        assert ended == []
        first.close()
        assert ended == [True]
        many.end()
        assert service.is_running()

        many = Many(world, source)
        assert [one.store.number for one in many.wait_until_open(1)] == [1]
        # Nothing is left of the one that was closed.
        assert QSettings.value(world.store, "Window2/geometry", QByteArray()) == QByteArray()
        many.end()
        qt_run(source.close(), timeout=20_000)
