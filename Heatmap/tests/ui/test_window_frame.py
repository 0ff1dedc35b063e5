"""The window's frame: search, state, actions and keys, several windows, what is kept of them."""

import asyncio
import re
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from PyQt6.QtCore import QByteArray, QPoint, QSettings, Qt
from PyQt6.QtGui import QGuiApplication, QImage, QKeySequence, QPalette
from PyQt6.QtTest import QTest
from PyQt6.QtWidgets import QApplication, QDialog, QFileDialog, QMenu, QToolButton, QWidget

from Heatmap import HeatmapSettings, ShownTime, __version__
from Heatmap.standalone.deeds import source_line
from Heatmap.standalone.picture_file import SOURCE_LINE_PX
from Heatmap.standalone.settings_dock import SettingsDock
from Heatmap.standalone.sources import Source, open_live
from Heatmap.standalone.status_bar import StatusBar
from Heatmap.standalone.theme import colours_of
from Heatmap.standalone.tool_bar import LEVELS, ToolBar
from Heatmap.standalone.window import ChartWindow
from Heatmap.standalone.window_store import kept_windows
from Heatmap.standalone.windows import Windows
from Heatmap.tests.systems import kill
from Heatmap.tests.ui.chart_page import answer_of
from Heatmap.tests.ui.test_window_switch import World
from Heatmap.ui import StateTone, StateWords, install_translation
from Heatmap.ui.settings.segments import Segments

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


def search_by_arrow_and_by_hasty_enter(world: World) -> None:
    """Open and shut the list by its arrow; press Enter before the exchange has told of a symbol."""
    window, box = world.window, world.window.tool_bar.symbols
    arrow = box.findChildren(QToolButton)[-1]
    for is_open in (True, False):
        QTest.mouseClick(arrow, Qt.MouseButton.LeftButton)
        assert box.list.isVisible() is is_open
    # What is entered before the exchange has told of it is shown once it has.
    world.sources[0].listed = {}
    box.search()
    QTest.keyClicks(box, "BTC/XYZ")
    assert heads_and_symbols(window) == ["No name has this in it"]
    QTest.keyClick(box, Qt.Key.Key_Return)
    box.selectAll()
    QTest.keyClicks(box, "ethusdt")
    assert not [row for row in heads_and_symbols(window) if row == "ETHUSDT"]
    QTest.keyClick(box, Qt.Key.Key_Return)
    world.wait_for("ETHUSDT", "1m")
    window.market.choose_symbol("BTCUSDT")
    world.wait_for("BTCUSDT", "1m")


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
    # What is chosen meanwhile stays so when more are told.
    QTest.keyClick(box, Qt.Key.Key_Down)
    box.refresh()
    assert box.list.currentIndex().data() == "ETHUSDT"
    QTest.keyClick(box, Qt.Key.Key_Escape)
    assert not box.list.isVisible()
    assert box.text() == "BTCUSDT"
    search_by_arrow_and_by_hasty_enter(world)
    chart.setFocus()
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
    # It is offered once: by the card, and by the bar where the card is shut.
    offer = window.status_bar.offer
    on_card = "document.querySelector('#card .act')?.textContent"
    world.qtbot.waitUntil(lambda: world.js(on_card) == "Record ETHUSDT too", timeout=10_000)
    world.qtbot.waitUntil(lambda: not offer.isVisible(), timeout=10_000)
    world.js("(document.querySelector('#card .shut').click(), 0)")
    world.qtbot.waitUntil(offer.isVisible, timeout=10_000)
    assert offer.text() == "Record ETHUSDT too"
    QTest.mouseClick(offer, Qt.MouseButton.LeftButton)
    assert world.service.settings.symbols == ("BTCUSDT", "ETHUSDT")
    assert world.store.value("Heatmap/symbols") == "BTCUSDT,ETHUSDT"
    world.qtbot.waitUntil(lambda: not offer.isVisible(), timeout=10_000)
    # It is shown on, and its own heat is there again.
    assert window.layer.symbol == "ETHUSDT"
    assert window.market.settings.heat == "recorded"


CONTROL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier


def test_each_action_is_in_the_menu_once_and_its_tool_tip_names_its_key(world: World) -> None:
    world.qt_run(world.open(ONE), timeout=20_000)
    window = world.window
    menu = window.tool_bar.menu_button.menu()
    assert isinstance(menu, QMenu)
    menus = [menu, *(one.menu() for one in menu.actions() if one.menu() is not None)]
    assert [one.title() for one in menus[1:]] == ["Heat", "Price scale"]
    shown = [one for part in menus for one in part.actions()]
    shown = [one for one in shown if not one.isSeparator() and one.menu() is None]
    assert len(shown) == len(set(shown)) == len(window.actions_.all()) > 15
    # On the screen of a small computer all of it is one column.
    assert menu.sizeHint().height() < 700
    keys = [key.toString() for one in shown for key in one.shortcuts()]
    assert len(keys) == len(set(keys)) > 12
    for action in shown:
        native = action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
        assert native in action.toolTip()
        # Those of the tool bar have a picture there, and a place for a tick here.
        assert not action.isIconVisibleInMenu()
    at_hand = {one.defaultAction() for one in window.tool_bar.findChildren(QToolButton)}
    wanted = {"alerts", "replay", "save_picture", "panels", "settings"}
    assert {window.actions_[one] for one in wanted} <= at_hand
    # Tab goes through the bar, and then on.
    bar, chain = window.tool_bar, [window.tool_bar.menu_button]
    while (after := chain[-1].nextInFocusChain()) is not chain[0]:
        chain.append(after)
    takes = [one for one in chain if one.focusPolicy() & Qt.FocusPolicy.TabFocus]
    is_in_bar = [bar.isAncestorOf(one) for one in takes]
    assert sum(is_in_bar) > 15
    assert is_in_bar.count(False) > 5
    assert sum(a != b for a, b in pairwise(is_in_bar)) == 1


def ancestors(widget: QWidget) -> list[QWidget]:
    found = []
    here: QWidget | None = widget
    while here is not None:
        found.append(here)
        here = here.parentWidget()
    return found


def require_source_line(window: ChartWindow, picture: QImage) -> None:
    """Below what is seen stands a line; another moment is another line."""
    seen = window.grab().toImage()
    line = picture.copy(0, seen.height(), seen.width(), SOURCE_LINE_PX)
    assert picture.height() == seen.height() + SOURCE_LINE_PX
    assert picture.width() == seen.width()
    columns = {line.pixelColor(x, y).name() for x in range(12, 400) for y in range(line.height())}
    assert len(columns) > 3
    words = source_line(window)
    now_ms = window.shown_ms
    assert now_ms is not None
    assert words.startswith(f"Binance, BTCUSDT, {window.page.times.date(now_ms)} "), words
    assert f" UTC. Recorded amounts are lower bounds. Heatmap {__version__}" in words


def require_picture_and_folder(world: World, tmp_path: Path) -> None:
    window = world.window
    QTest.keyClick(window, Qt.Key.Key_S, CONTROL)
    chooser = window.findChild(QFileDialog, "savePicture")
    assert chooser is not None
    (offered,) = chooser.selectedFiles()
    assert re.search(r"Heatmap BTCUSDT \d{4}-\d\d-\d\d \d\d-\d\d-\d\d\.png$", offered), offered
    chooser.fileSelected.emit(str(tmp_path / "picture.png"))
    chooser.close()
    assert (tmp_path / "picture.png").stat().st_size > 10_000
    # The next one goes to the same folder, while that is there.
    for folder in (tmp_path, tmp_path / "gone"):
        world.store.setValue("Pictures/folder", str(folder))
        QTest.keyClick(window, Qt.Key.Key_S, CONTROL)
        chooser = window.findChildren(QFileDialog, "savePicture")[-1]
        assert (chooser.directory().absolutePath() == str(folder)) is folder.is_dir()
        chooser.close()
    # Without a program for folders, as here, the user reads where it is.
    window.actions_["data_folder"].trigger()
    assert str(tmp_path) in window.status_bar.line.words


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
    window.docks.set_open(are_open=False)
    QTest.keyClick(window, Qt.Key.Key_A, CONTROL | SHIFT)
    focus = window.focusWidget()
    assert focus is not None
    assert window.docks.alerts.isVisible()
    assert window.docks.alerts.parentWidget() in ancestors(focus)
    window.docks.alerts.edit_wanted.emit()
    assert window.findChild(SettingsDock).tab.alerts.isVisible()
    window.findChild(SettingsDock).close()
    for key, kind in ((Qt.Key.Key_F1, QDialog), (Qt.Key.Key_Comma, SettingsDock)):
        QTest.keyClick(window, key, CONTROL if kind is SettingsDock else Qt.KeyboardModifier(0))
        opened = window.findChild(kind)
        assert opened is not None
        opened.close()
    clipboard = QGuiApplication.clipboard()
    assert clipboard is not None
    QTest.keyClick(window, Qt.Key.Key_C, CONTROL | SHIFT)
    require_source_line(window, clipboard.image())
    require_picture_and_folder(world, tmp_path)


def test_a_digit_on_the_chart_begins_an_interval(world: World) -> None:
    world.qt_run(world.open(ONE), timeout=20_000)
    world.wait_for("BTCUSDT", "1m")
    window, box = world.window, world.window.interval_box
    window.activateWindow()
    chart = window.view.focusProxy()
    assert chart is not None
    QTest.keyClick(chart, Qt.Key.Key_7)
    assert window.focusWidget() is box.field
    # What cannot be shown stays, with what can be.
    QTest.keyClick(box.field, Qt.Key.Key_Return)
    assert box.isVisible()
    assert "15m, 30m, 1h" in box.hint.text()
    QTest.keyClick(box.field, Qt.Key.Key_Escape)
    assert box.isHidden()
    assert window.tool_bar.intervals.currentData() == ""
    chart = window.view.focusProxy()
    QTest.keyClick(chart, Qt.Key.Key_1)
    QTest.keyClick(box.field, Qt.Key.Key_5)
    assert "15m" in box.hint.text()
    QTest.keyClick(box.field, Qt.Key.Key_Return)
    assert box.isHidden()
    assert window.tool_bar.intervals.currentData() == "15m"
    world.wait_for("BTCUSDT", "15m")


def test_arrows_plus_and_minus_move_the_chart(world: World) -> None:
    world.qt_run(world.open(ONE), timeout=20_000)
    world.wait_for("BTCUSDT", "1m")
    chart = world.window.view.focusProxy()

    def seen() -> tuple[float, float]:
        found = world.js("chart.timeScale().getVisibleLogicalRange()")
        return (found["from"], found["to"]) if found else (0.0, 0.0)

    def after(key: Qt.Key, is_so: Callable[[float, float, float, float], bool]) -> None:
        before = seen()
        QTest.keyClick(chart, key)
        world.qtbot.waitUntil(lambda: is_so(*before, *seen()), timeout=10_000)

    after(Qt.Key.Key_Left, lambda a, b, c, d: c < a - 5 and d < b - 5)
    after(Qt.Key.Key_Plus, lambda a, b, c, d: d - c < 0.9 * (b - a) and abs(d - b) < 1)
    after(Qt.Key.Key_Minus, lambda a, b, c, d: d - c > 1.1 * (b - a) and abs(d - b) < 1)
    after(Qt.Key.Key_Right, lambda a, b, c, d: c > a + 5 and d > b + 5)


def test_the_bars_right_end_sets_scale_and_zone_and_is_never_cut(world: World) -> None:
    world.qt_run(world.open(ONE), timeout=20_000)
    world.wait_for("BTCUSDT", "1m")
    window = world.window
    bar, line = window.scale_bar, window.status_bar.line
    # Without panels the last hour's totals stand in the bar as well.
    window.docks.set_open(are_open=False)
    window.resize(760, 460)
    parts = (window.last_hour, *bar.buttons, bar.clock)

    def are_whole() -> bool:
        rights = [one.mapTo(window, QPoint(one.width(), 0)).x() for one in parts]
        widths = [one.width() >= one.minimumSizeHint().width() for one in parts]
        is_seen = all(one.isVisible() for one in parts)
        return window.width() == 760 and is_seen and max(rights) <= 760 and all(widths)

    world.qtbot.waitUntil(are_whole, timeout=5_000)
    # The sentence gives way, and nothing else.
    line.show_state("Live", "Recording BTCUSDT " * 20, "ok", is_ring=False, has_fault=False)
    assert line.shown_sentence().endswith("…")
    auto, log, percent = bar.buttons
    assert are_whole()
    assert [one.text() for one in bar.buttons] == ["Auto", "Log", "%"]
    QTest.mouseClick(log, Qt.MouseButton.LeftButton)
    assert window.chart_choices.scale == "log"
    QTest.mouseClick(percent, Qt.MouseButton.LeftButton)
    assert (log.isChecked(), percent.isChecked()) == (False, True)
    QTest.mouseClick(percent, Qt.MouseButton.LeftButton)
    assert window.chart_choices.scale == "linear"
    # The user moves the price axis; the button brings it back.
    is_auto = "candleSeries.priceScale().options().autoScale"
    world.js("(candleSeries.priceScale().setAutoScale(false), 0)")
    world.qtbot.waitUntil(lambda: not auto.isChecked(), timeout=10_000)
    QTest.mouseClick(auto, Qt.MouseButton.LeftButton)
    world.qtbot.waitUntil(lambda: world.js(is_auto) is True, timeout=10_000)
    world.qtbot.waitUntil(auto.isChecked, timeout=10_000)
    world.qtbot.waitUntil(lambda: bar.clock.text().endswith(" UTC"), timeout=10_000)
    window.chart_choices.set_time_zone("Asia/Tokyo")
    menu = bar.clock.menu()
    assert menu is not None
    menu.aboutToShow.emit()
    chosen = [one.text() for one in menu.actions() if one.isChecked()]
    assert chosen == ["Asia/Tokyo"]
    world.qtbot.waitUntil(lambda: bar.clock.text().endswith(" UTC+9"), timeout=10_000)
    menu.actions()[0].trigger()
    world.qtbot.waitUntil(lambda: bar.clock.text().endswith(" UTC"), timeout=10_000)


def test_f6_leads_through_the_parts_and_back_to_the_first(world: World) -> None:
    world.qt_run(world.open(ONE), timeout=20_000)
    window = world.window
    window.activateWindow()
    parts = window.parts()
    docks = {dock.objectName(): dock for dock in window.docks.all}
    assert [part for part, _ in parts] == [window.tool_bar, window.view, docks["alertsDock"]]
    parts[0][1].setFocus()
    for part, control in [*parts[1:], parts[0]]:
        QTest.keyClick(window, Qt.Key.Key_F6)
        focus = window.focusWidget()
        assert focus is not None
        assert part is focus or part.isAncestorOf(focus)
        assert control in (focus, focus.parentWidget())
    # Nothing of the page has it, where Enter would follow a link.
    window.view.setFocus(Qt.FocusReason.TabFocusReason)
    world.qtbot.waitUntil(lambda: world.js("document.hasFocus()"), timeout=5_000)
    world.js("document.querySelector('#tv-attr-logo').focus()")
    assert world.js("document.activeElement.tagName") == "BODY"


def cut_off(bar: ToolBar) -> list[str]:
    """Name the buttons that lack room for their words, or reach out of the bar."""
    shown = [one for one in bar.findChildren(QToolButton) if one.isVisible() and one.text()]
    assert len(shown) > 5
    return [
        one.text()
        for one in shown
        if one.width() < one.minimumSizeHint().width()
        or one.mapTo(bar, QPoint(one.width(), 0)).x() > bar.width()
    ]


def test_the_tool_bar_measures_itself_and_cuts_nothing_off(world: World) -> None:
    world.qt_run(world.open(ONE), timeout=20_000)
    bar = world.window.tool_bar
    levels = []
    for width in (1_440, 1_060, 900, 760):
        world.window.resize(width, 500)
        # What became visible gets its place in a later turn of the loop.
        world.qtbot.waitUntil(
            lambda width=width: bar.width() == width and cut_off(bar) == [], timeout=5_000
        )
        levels.append(bar.level)
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
    # No ground behind the word while the market is the live one.
    assert not bar.line.has_pill
    bar.show_words(StateWords(StateTone.REPLAY, False, "Replay", sentence), "no candles", [])
    assert bar.line.has_pill
    above_word = QPoint(46, bar.line.height() // 2 - 8)
    assert bar.line.grab().toImage().pixelColor(above_word).name() == "#b1a3ff"
    # What is wrong with candles takes a good state's sentence.
    bar.show_words(words, "no candles", [])
    assert bar.text() == "Live: no candles  |  no candles"
    # While nothing is known the tool tip does not go on with what was.
    bar.announce("ETHUSDT connecting")
    assert bar.toolTip() == "<p>ETHUSDT connecting</p>"


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


def speak_german(many: Many, *before: ChartWindow) -> list[ChartWindow]:
    """Choose German in the settings, and return the windows that stand in the place of others."""
    world, (first, second) = many.world, before
    application = QApplication.instance()
    assert isinstance(application, QApplication)
    # As the program does it.
    many.windows.language_chosen.connect(lambda name: install_translation(application, name))
    many.windows.language_chosen.connect(lambda _name: many.windows.renew())
    first.open_settings(1)
    language = first.findChild(SettingsDock).findChild(QWidget, "language")
    assert isinstance(language, Segments)
    at_ms = second.market.service.clock() - 60_000
    second.replay.bar.replay.show_as_of(at_ms)
    try:
        language.setCurrentIndex(language.findData("de"))
        world.qtbot.waitUntil(lambda: not {*before} & {*many.windows.open_windows}, timeout=60_000)
        first, second = many.windows.open_windows
        world.qtbot.waitUntil(shows(first, "BTCUSDT"), timeout=15_000)
        world.qtbot.waitUntil(shows(second, "ETHUSDT"), timeout=15_000)
        world.qtbot.waitUntil(lambda: first.settings_page == 1, timeout=15_000)
        assert first.findChild(SettingsDock).windowTitle() == "Einstellungen"
        assert second.actions_["settings"].text() == "Einstellungen…"
        assert (second.width(), second.height()) == (780, 555)
        # The earlier time is shown on, and what no window stands above has the windows' colours.
        world.qtbot.waitUntil(lambda: second.replay.shown is ShownTime.AS_OF, timeout=15_000)
        assert second.replay.shown_ms == at_ms
        ground = QFileDialog().palette().color(QPalette.ColorRole.Base)
        assert ground.name() == colours_of(first.theme)["field"]
        second.replay.bar.replay.back_to_live()
    finally:
        install_translation(application, "en")
    return [first, second]


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
        assert first.theme == world.store.value("Window/theme") == "light"
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
        first, second = speak_german(many, first, second)
        # What is set for the recorder is set for all windows.
        service.apply_settings(service.settings.changed(window="8h"))
        assert first.market.settings.window == second.market.settings.window == "8h"
        ended: list[bool] = []
        many.windows.all_closed.connect(lambda: ended.append(True))
        second.close()
        many.wait_until_open(1)
        # Not closed together with the other one: it is forgotten.
        qtbot.waitUntil(lambda: kept_windows(world.store) == [1] and not ended, timeout=10_000)
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
