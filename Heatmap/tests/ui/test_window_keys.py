"""The window's keyboard: what has it, what gets it when a part is shut, Esc and Alt alone."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PyQt6.QtCore import Qt, QTimer
from PyQt6.QtTest import QTest
from PyQt6.QtWidgets import QApplication

from Heatmap import HeatmapSettings
from Heatmap.standalone.settings_dock import SettingsDock
from Heatmap.tests.ui.test_window_switch import World

ONE = HeatmapSettings(enabled=True, heat="recorded", symbols=("BTCUSDT",))
CONTROL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier


@pytest.fixture
def world(qtbot: Any, qt_run: Any, qt_loop: Any, tmp_path: Path) -> Iterator[World]:
    world = World(qtbot, qt_run, qt_loop, tmp_path)
    with world.exchange:
        yield world
        errors = list(world.window.page.console_errors)
        qt_run(world.close(), timeout=20_000)
    assert errors == []


def test_what_is_shut_gives_the_keyboard_to_the_chart_and_the_settings_take_it(
    world: World,
) -> None:
    world.qt_run(world.open(ONE), timeout=20_000)
    window, docks = world.window, world.window.docks
    window.resize(1_440, 900)
    window.activateWindow()
    world.qtbot.waitUntil(window.isActiveWindow, timeout=5_000)

    def has_chart() -> bool:
        focus = QApplication.focusWidget()
        return focus is not None and (focus is window.view or window.view.isAncestorOf(focus))

    docks.show_alerts()
    assert not has_chart()
    QTest.keyClick(window, Qt.Key.Key_F9)
    assert has_chart()
    QTest.keyClick(window, Qt.Key.Key_F9)
    docks.show_alerts()
    QTest.keyClick(window, Qt.Key.Key_A, CONTROL | SHIFT)
    assert has_chart()
    # The settings stand in the panels' place: Esc shuts them, and so does F9.
    for key in (Qt.Key.Key_Escape, Qt.Key.Key_F9):
        QTest.keyClick(window, Qt.Key.Key_Comma, CONTROL)
        settings = window.findChild(SettingsDock)
        assert not settings.isFloating()
        focus = QApplication.focusWidget()
        assert focus is not None
        assert settings.isAncestorOf(focus)
        assert not docks.are_open
        with world.qtbot.waitSignal(settings.destroyed, timeout=5_000):
            QTest.keyClick(focus, key)
        assert has_chart()
        assert docks.are_open
    # Alt alone opens the menu wherever the keyboard is, Alt with something else does not.
    opened: list[str] = []
    menu = window.actions_.menu
    # It goes on only once it is shut.
    menu.aboutToShow.connect(lambda: (opened.append("menu"), QTimer.singleShot(0, menu.close)))
    field = window.tool_bar.symbols
    field.setFocus()
    QTest.keyPress(field, Qt.Key.Key_Alt)
    QTest.keyClick(field, Qt.Key.Key_Left, Qt.KeyboardModifier.AltModifier)
    QTest.keyRelease(field, Qt.Key.Key_Alt)
    assert opened == []
    QTest.keyClick(field, Qt.Key.Key_Alt)
    assert opened == ["menu"]
    # A letter leads to the lines that begin with it, one after the other.
    names = ["save_picture", "show_heat", "settings", "shortcuts"]
    for name in [*names, names[0]]:
        QTest.keyClick(menu, Qt.Key.Key_S)
        assert menu.activeAction() is window.actions_[name]


def test_esc_on_the_chart_shuts_card_settings_and_full_screen(world: World) -> None:
    world.qt_run(world.open(ONE), timeout=20_000)
    window, page = world.window, world.window.page
    window.showMaximized()
    window.activateWindow()
    world.qtbot.waitUntil(window.isActiveWindow, timeout=5_000)
    QTest.keyClick(window, Qt.Key.Key_F11)
    QTest.keyClick(window, Qt.Key.Key_Comma, CONTROL)
    settings = window.findChild(SettingsDock)
    # On a small screen they float.
    window.activateWindow()
    window.view.setFocus()
    chart = window.view.focusProxy()
    assert chart is not None
    # Nothing is recorded yet: so says the card.
    world.qtbot.waitUntil(lambda: page.has_card, timeout=15_000)
    world.qtbot.waitUntil(lambda: world.js("document.hasFocus()"), timeout=5_000)
    QTest.keyClick(chart, Qt.Key.Key_Escape)
    world.qtbot.waitUntil(lambda: not page.has_card, timeout=5_000)
    assert settings.isVisible()
    with world.qtbot.waitSignal(settings.destroyed, timeout=5_000):
        QTest.keyClick(chart, Qt.Key.Key_Escape)
    assert window.isFullScreen()
    QTest.keyClick(chart, Qt.Key.Key_Escape)
    # As it was before.
    assert (window.isFullScreen(), window.isMaximized()) == (False, True)
