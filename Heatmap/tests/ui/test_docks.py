"""The window's docks: what they show, F9, and that a narrow window begins without them."""

import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from PyQt6.QtCore import QPoint, QSettings, Qt
from PyQt6.QtGui import QColor
from PyQt6.QtTest import QTest
from PyQt6.QtWidgets import QDockWidget, QToolButton

from Heatmap import parse_rule
from Heatmap.heatmap_settings import HeatmapSettings
from Heatmap.standalone.docks import WIDTH_PX
from Heatmap.standalone.settings_dock import SettingsDock
from Heatmap.standalone.theme import colours_of
from Heatmap.standalone.unseen_alerts import UnseenAlerts
from Heatmap.standalone.window import ChartWindow
from Heatmap.tests.behaviour.scripted_exchange import force_order
from Heatmap.tests.ui.test_window_switch import World
from Heatmap.ui.number_texts import UNKNOWN

BOTH = HeatmapSettings(enabled=True, candle_bars=True, symbols=("BTCUSDT", "ETHUSDT"))


@pytest.fixture
def world(qtbot: Any, qt_run: Any, qt_loop: Any, tmp_path: Any) -> Iterator[World]:
    world = World(qtbot, qt_run, qt_loop, tmp_path)
    with world.exchange:
        yield world
        errors = list(world.window.page.console_errors)
        qt_run(world.close(), timeout=20_000)
    assert errors == []


def require_panels_back(world: World, found: dict[str, QDockWidget]) -> None:
    """The settings take the panels' place; each comes back as it was, as high or shut."""
    window = world.window
    window.resize(1_440, 900)
    found["totalsDock"].hide()
    column = [found["tapeDock"], found["alertsDock"]]
    window.resizeDocks(column, [250, 550], Qt.Orientation.Vertical)
    window.resizeDocks(column, [400, 400], Qt.Orientation.Horizontal)
    world.qtbot.waitUntil(lambda: column[1].height() > column[0].height() + 200, timeout=5_000)
    world.qtbot.waitUntil(lambda: column[0].width() == 400, timeout=5_000)
    sizes = [dock.size() for dock in column]
    window.open_settings()
    settings = window.findChild(SettingsDock)
    world.qtbot.waitUntil(lambda: settings.isVisible() and not window.docks.are_open, timeout=5_000)
    assert not settings.isFloating()
    settings.close()
    world.qtbot.waitUntil(lambda: [dock.size() for dock in column] == sizes, timeout=5_000)
    assert not found["totalsDock"].isVisible()
    # In a window that is made narrow they would leave no chart: they float, the panels come back.
    window.open_settings()
    settings = window.findChild(SettingsDock)
    world.qtbot.waitUntil(lambda: settings.isVisible() and not window.docks.are_open, timeout=5_000)
    window.resize(1_200, 900)
    world.qtbot.waitUntil(lambda: settings.isFloating() and window.docks.are_open, timeout=5_000)
    settings.close()
    window.resize(1_440, 900)
    # F9 leaves all as large as they were, too.
    found["totalsDock"].show()
    column = list(found.values())
    window.resizeDocks(column, [174, 226, 400], Qt.Orientation.Vertical)
    tape = found["tapeDock"]
    world.qtbot.waitUntil(lambda: abs(tape.height() - 226) < 30, timeout=5_000)
    sizes = [dock.size() for dock in column]
    window.activateWindow()
    for _ in range(2):
        QTest.keyClick(window, Qt.Key.Key_F9)
        world.qtbot.waitUntil(lambda: not window.docks.are_open, timeout=5_000)
        QTest.keyClick(window, Qt.Key.Key_F9)
        world.qtbot.waitUntil(lambda: [dock.size() for dock in column] == sizes, timeout=5_000)


def test_docks_follow_symbol_and_source_and_open_and_shut(world: World) -> None:
    world.qt_run(world.open(BOTH), timeout=20_000)
    world.wait_for("BTCUSDT", "1m")
    window, docks = world.window, world.window.docks
    tape, totals = docks.tape, docks.totals
    found = {dock.objectName(): dock for dock in window.findChildren(QDockWidget)}
    assert set(found) == {"totalsDock", "tapeDock", "alertsDock"}
    assert all(dock.isVisible() and dock.width() == WIDTH_PX for dock in found.values())
    # Heartbeats are recorded: some seconds of an hour, in which nobody was liquidated.
    shares = totals.figures
    world.qtbot.waitUntil(lambda: shares._totals.spans[0].recorded_share > 0, timeout=20_000)
    *hour, share = totals.texts()[0]
    assert hour == ["1 h", UNKNOWN, UNKNOWN]
    # A busy machine takes many seconds to get here, a hundredth of the hour for each 36 of them.
    assert share in {f"{percent} %" for percent in range(10)}
    assert tape.symbol == totals.symbol == "BTCUSDT"
    assert world.js("chart.panes().length") == 2
    assert world.js("barsSeries.data().length") >= 1
    # A scale of a few dollars is one without bars: no amounts stand at it.
    say = "barsSeries.options().priceFormat.tickmarksFormatter"
    middle = "barsSeries.coordinateToPrice(chart.panes()[1].getHeight() / 2)"
    scales = f"((usd) => [{say}([usd, 4]), {say}([usd, 4000])[0] !== ''])({middle})"
    world.qtbot.waitUntil(lambda: world.js(scales) == [["", ""], True], timeout=20_000)
    world.set_symbols("ETHUSDT", "BTCUSDT")
    world.wait_for("ETHUSDT", "1m")
    assert tape.symbol == totals.symbol == "ETHUSDT"
    # The bars' place is at the newest of the candles, and moves none of them.
    newest = "[barsSeries, candleSeries].map((one) => one.data().slice(-1)[0].time)"
    assert len(set(world.js(newest))) == 1
    close = found["tapeDock"].titleBarWidget().findChild(QToolButton)
    QTest.mouseClick(close, Qt.MouseButton.LeftButton, pos=QPoint(8, 8))
    assert not found["tapeDock"].isVisible()
    window.activateWindow()
    QTest.keyClick(window, Qt.Key.Key_F9)
    assert not docks.are_open
    QTest.keyClick(window, Qt.Key.Key_F9)
    assert all(dock.isVisible() for dock in found.values())
    require_panels_back(world, found)
    # Both themes, in the window's own style: what the panels paint on is the window's ground.
    for theme in ("light", "dark"):
        window.set_theme(theme)
        grounds = {panel.grab().toImage().pixelColor(100, 3).name() for panel in (tape, totals)}
        ground = {"light": "#f4f6f9", "dark": "#10131a"}[theme]
        assert grounds == {ground}
    simulated = world.qt_run(world.simulated(BOTH), timeout=60_000)
    world.qt_run(window.show_source(simulated), timeout=20_000)
    world.qtbot.waitUntil(lambda: tape.model.rowCount() > 0, timeout=30_000)
    # Each panel reads for itself.
    world.qtbot.waitUntil(lambda: totals.texts()[2][1] != "0", timeout=30_000)
    simulated.service.apply_settings(simulated.service.settings.changed(candle_bars=False))
    world.qtbot.waitUntil(lambda: world.js("chart.panes().length") == 1, timeout=10_000)


def test_the_bell_counts_alerts_until_the_panel_is_looked_at(world: World) -> None:
    world.qt_run(world.open(BOTH), timeout=20_000)
    window, bell = world.window, world.window.tool_bar.bell
    window.activateWindow()
    world.qtbot.waitUntil(window.isActiveWindow, timeout=5_000)
    world.service.set_alert_rules([parse_rule("large,usd=100k")])
    world.qtbot.waitUntil(world.service.is_live, timeout=20_000)
    keys = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
    QTest.keyClick(window, Qt.Key.Key_A, keys)
    assert not window.docks.alerts.isVisible()
    assert not bell.isChecked()
    now_ms = round(time.time() * 1000)
    world.exchange.orders = tuple(
        force_order(now_ms + before_ms, price="98000", qty="2") for before_ms in (-2_000, -1_000)
    )
    world.qtbot.waitUntil(lambda: bell.count == 2, timeout=20_000)
    assert bell.toolTip() == "Alerts: 2 not seen yet (Ctrl+Shift+A)"
    # The number is on the button: its corner has the accent's colour.
    accent = QColor(colours_of("dark")["accent"])
    picture = bell.grab().toImage()
    corner = [picture.pixelColor(x, 2) for x in range(picture.width() - 12, picture.width() - 3)]
    assert accent in corner
    QTest.mouseClick(bell, Qt.MouseButton.LeftButton)
    assert window.docks.alerts.isVisible()
    world.qtbot.waitUntil(lambda: bell.count == 0, timeout=5_000)
    # Another window on the same store, and the next start, have seen them too.
    latest = world.service.alert_state().latest
    assert len(latest) == 2
    assert UnseenAlerts(world.store).count(latest) == 0
    assert UnseenAlerts(world.store).count((*latest, replace(latest[0], id="next"))) == 1


def test_a_window_keeps_what_its_tape_leaves_out(qtbot: Any, tmp_path: Any) -> None:
    store = QSettings(str(tmp_path / "x.ini"), QSettings.Format.IniFormat)
    for number, before, after in ((1, 1_000, 100_000), (1, 100_000, 0), (2, 1_000, 1_000)):
        window = ChartWindow(store, "dark", number)
        assert window.docks.tape.least.currentData() == before
        window.docks.tape.set_least_usd(after)
        window.layer.detach()
        with qtbot.waitSignal(window.destroyed, timeout=10_000):
            window.deleteLater()


def test_a_narrow_window_begins_without_docks(qtbot: Any, tmp_path: Any) -> None:
    for width, are_open in ((1_099, False), (1_100, True)):
        store = QSettings(str(tmp_path / f"{width}.ini"), QSettings.Format.IniFormat)
        window = ChartWindow(store, "dark")
        window.resize(width, 600)
        window.show()
        assert window.docks.are_open is are_open
        window.docks.set_open(are_open=not are_open)
        window.hide()
        # What the user has done stays.
        window.show()
        assert window.docks.are_open is not are_open
        window.layer.detach()
        window.close()
        with qtbot.waitSignal(window.destroyed, timeout=10_000):
            window.deleteLater()
