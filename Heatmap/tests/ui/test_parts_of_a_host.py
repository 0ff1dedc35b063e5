"""Parts that a host makes, moves and ends as it likes, with a chart or without one."""

import gc
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PyQt6 import sip
from PyQt6.QtCore import QSettings, Qt, QTimeZone
from PyQt6.QtTest import QTest
from PyQt6.QtWebEngineCore import QWebEnginePage
from PyQt6.QtWidgets import QLineEdit, QVBoxLayout, QWidget

from Heatmap import HeatmapService, HeatmapSettings, Instrument
from Heatmap.domain.events import DataKind
from Heatmap.storage.sqlite_store import SqliteStore
from Heatmap.tests.ui.test_panels import HOUR_MS, NOW_MS, NOWHERE, event, shown
from Heatmap.ui import (
    AlertPanel,
    HeatmapLayer,
    HeatmapSettingsTab,
    LastHourLine,
    LiquidationTape,
    LiquidationTotals,
    MarketStateLine,
    PanelSymbol,
    ReplayBar,
    StateTone,
    StateWords,
    StatusPanel,
    toggle_action,
)
from Heatmap.ui.number_texts import UNKNOWN

START_MS = NOW_MS - 4 * HOUR_MS


class World:
    """A service whose file has two symbols, and a window for parts."""

    def __init__(self, qtbot: Any, service: HeatmapService, store: QSettings) -> None:
        self.qtbot, self.service, self.store = qtbot, service, store
        self.window = QWidget()
        self.column = QVBoxLayout(self.window)
        qtbot.addWidget(self.window)
        self.window.resize(1_000, 600)
        self.window.show()

    def put(self, *parts: QWidget) -> None:
        for one in parts:
            self.column.addWidget(one)

    def until(self, condition: Callable[[], object]) -> None:
        self.qtbot.waitUntil(lambda: bool(condition()), timeout=20_000)

    def told(self, layer: Any) -> tuple[int, int, int]:
        """Give how many are told of recordings, of settings and of a replay."""
        service = self.service
        return (
            len(service.recorded._feed._followings),
            len(service._settings_listeners),
            len(service.replays.of(layer)._listeners),
        )


@pytest.fixture
def world(qtbot: Any, qt_run: Any, tmp_path: Path) -> Iterator[World]:
    path = tmp_path / "x.sqlite3"
    with SqliteStore(path, DataKind.LIVE) as store:
        store.write(
            [
                event(3 * 3600, 9_000.0),
                event(60, 70_000.0),
                event(50, 5_000.0, symbol="ETHUSDT", price=3_900.0),
            ]
        )
        for symbol in ("BTCUSDT", "ETHUSDT"):
            store.extend_coverage(symbol, START_MS, NOW_MS, proven=True)
    service = HeatmapService(
        HeatmapSettings(enabled=True, symbols=("BTCUSDT", "ETHUSDT"), retention_days=3650),
        db=path,
        clock=lambda: NOW_MS,
        **NOWHERE,
    )
    qt_run(service.start())
    kept = QSettings(str(tmp_path / "host.ini"), QSettings.Format.IniFormat)
    yield World(qtbot, service, kept)
    qt_run(service.stop())


PARTS: dict[str, Callable[[World, PanelSymbol], Any]] = {
    "tape": lambda world, symbol: LiquidationTape(world.service, symbol),
    "totals": lambda world, symbol: LiquidationTotals(world.service, symbol),
    "line": lambda world, symbol: LastHourLine(world.service, symbol),
    "state": lambda world, symbol: MarketStateLine(world.service, symbol),
    "bar": lambda world, symbol: ReplayBar(world.service, symbol),
    "alerts": lambda world, symbol: AlertPanel(world.service, symbol, world.store),
    "status": lambda world, _symbol: StatusPanel(world.service),
    "tab": lambda world, _symbol: HeatmapSettingsTab(world.service, world.store),
}


@pytest.mark.parametrize("name", PARTS)
def test_whoever_ends_a_part_nobody_is_told_afterwards(world: World, name: str) -> None:
    symbol = PanelSymbol("BTCUSDT")
    assert world.told(symbol) == (0, 0, 0)
    for end in (sip.delete, QWidget.deleteLater, lambda part: part.setParent(None), None):
        part = PARTS[name](world, symbol)
        if end is None:
            # A window of its own, which Python takes while it is shown.
            part.show()
        else:
            world.put(part)
        world.until(part.isVisible)
        is_known = weakref.ref(part)
        if end is not None:
            end(part)
        del part

        def is_gone(is_known: Any = is_known) -> bool:
            gc.collect()
            return is_known() is None and world.told(symbol) == (0, 0, 0)

        world.until(is_gone)
    # What is gone is asked for nothing: an exception here would end a host's process.
    symbol.set_symbol("ETHUSDT")
    world.service.replays.of(symbol).show_as_of(NOW_MS - HOUR_MS)
    world.service.apply_settings(world.service.settings.changed(opacity=0.4))


def test_an_action_that_nobody_keeps_is_told_nothing(world: World) -> None:
    action = toggle_action(world.service)
    assert action.isChecked()
    assert world.told(PanelSymbol())[1] == 1
    del action
    gc.collect()
    assert world.told(PanelSymbol())[1] == 0


def test_parts_without_a_chart_show_one_symbol_and_one_time(world: World) -> None:
    symbol = PanelSymbol("BTC/USDT")
    tape = LiquidationTape(world.service, symbol)
    totals = LiquidationTotals(world.service, symbol)
    bar = ReplayBar(world.service, symbol)
    world.put(tape, totals, bar)
    world.until(lambda: [row[3] for row in shown(tape)] == ["70,000", "9,000"])
    world.until(lambda: totals.texts()[0] == ("1 h", "70k", "0", "100 %"))
    world.until(lambda: bar.timeline.recorded is not None)
    bar.begin()
    world.until(lambda: [row[3] for row in shown(tape)] == ["9,000"])
    world.until(lambda: totals.texts()[0] == ("1 h", "0", "0", "100 %"))
    world.service.replays.of(symbol).back_to_live()
    world.until(lambda: len(shown(tape)) == 2)
    symbol.set_symbol("bitunix:ethusdt")
    assert symbol.symbol == "ETHUSDT"
    world.until(lambda: [row[3] for row in shown(tape)] == ["5,000"])
    world.until(lambda: totals.texts()[0] == ("1 h", "5k", "0", "100 %"))


def test_beside_a_chart_of_something_else_nothing_of_another_symbol_stands(world: World) -> None:
    page = QWebEnginePage()
    layer = HeatmapLayer(page, symbol="BTCUSDT")
    tape = LiquidationTape(world.service, layer)
    totals = LiquidationTotals(world.service, layer)
    bar = ReplayBar(world.service, layer)
    world.put(tape, totals, bar)
    # The chart's symbol is not known, is no symbol, all of them, or the same one of another venue.
    for other in (None, "ALL", "X Y", "", Instrument("BYBIT", "BTCUSDT")):
        layer.set_symbol("BTCUSDT")
        world.until(lambda: len(shown(tape)) == 2)
        world.until(lambda: totals.texts()[0][1] == "70k")
        world.until(lambda: bar.timeline.recorded is not None)
        layer.set_symbol(other)
        assert tape.symbol == totals.symbol == layer.symbol
        # What is told first of a symbol with liquidations, after it, comes with its own.
        seen: list[Any] = []
        leave = world.service.recorded.follow_tape("ETHUSDT", seen.append)
        world.until(lambda seen=seen: seen)
        leave()
        assert shown(tape) == []
        assert totals.texts()[0] == ("1 h", UNKNOWN, UNKNOWN, "0 %")
        assert bar.timeline.recorded is None
    layer.detach()
    sip.delete(page)


def test_panels_say_so_when_the_service_below_them_stops_and_go_on_with_it(
    world: World, qt_run: Any
) -> None:
    tape, totals = LiquidationTape(world.service), LiquidationTotals(world.service)
    line = LastHourLine(world.service)
    world.put(tape, totals, line)
    for _ in range(2):
        world.until(lambda: len(shown(tape)) == 2)
        world.until(lambda: totals.texts()[0][1] == "70k" and "70k" in line.text())
        world.until(lambda: not tape.blind.isVisible())
        qt_run(world.service.stop())
        world.until(tape.blind.isVisible)
        assert tape.blind.text() == "Recording is stopped: nothing new comes"
        # What happened has happened; what the last hour brought is not known any more.
        assert len(shown(tape)) == 2
        world.until(lambda: totals.texts()[0][1] == UNKNOWN and "70k" not in line.text())
        qt_run(world.service.start())


def test_an_empty_tape_says_why(world: World) -> None:
    symbol = PanelSymbol("AAPL")
    tape = LiquidationTape(world.service, symbol)
    world.put(tape)
    world.until(tape.empty.isVisible)
    assert tape.empty.text() == "AAPL is not recorded."
    symbol.set_symbol(None)
    assert tape.empty.text() == "The chart's symbol is not known."
    symbol.set_symbol("DOGEUSDT")
    assert tape.empty.text() == "DOGEUSDT is not recorded."
    settings = world.service.settings
    world.service.apply_settings(settings.changed(symbols=(*settings.symbols, "DOGEUSDT")))
    world.until(lambda: tape.empty.text() == "Liquidations appear here as they are recorded.")


def test_a_line_says_how_the_recording_is_whatever_time_is_shown(world: World, qt_run: Any) -> None:
    symbol = PanelSymbol("BTCUSDT")
    line = MarketStateLine(world.service, symbol)
    told: list[StateWords | None] = []
    line.state_changed.connect(told.append)
    world.put(line)
    # Nobody answers at the addresses.
    world.until(lambda: line.words is not None and line.words.tone is StateTone.BAD)
    assert told[-1] == line.words
    assert line.words.card
    assert line.shown_sentence() == line.words.sentence
    assert line.toolTip() == f"{line.words.word}: {line.words.sentence}"
    line.setMinimumWidth(140)
    world.column.setAlignment(line, Qt.AlignmentFlag.AlignLeft)
    world.until(lambda: line.shown_sentence().endswith("\u2026"))
    world.service.replays.of(symbol).show_as_of(NOW_MS - HOUR_MS)
    world.until(lambda: line.words.word == "As of 00:00")
    assert line.words.has_fault_behind
    line.set_time_zone(QTimeZone(5 * 3600))
    assert line.words.word == "As of 05:00"
    # Hidden, it reads nothing.
    line.hide()
    assert world.told(symbol)[0] == 0
    line.show()
    world.until(lambda: world.told(symbol)[0] == 1)
    symbol.set_symbol(None)
    assert line.words is None
    symbol.set_symbol("AAPL")
    qt_run(world.service.stop())
    world.service.replays.of(symbol).back_to_live()
    world.until(lambda: line.words is not None and line.words.word == "Stopped")


def test_a_line_tells_a_run_from_what_a_bar_shows_of_it(
    qtbot: Any, qt_run: Any, tmp_path: Path
) -> None:
    path = tmp_path / "run.sqlite3"
    with SqliteStore(path, DataKind.REPLAY) as store:
        store.write([event(60, 70_000.0)])
        store.extend_coverage("BTCUSDT", START_MS, NOW_MS, proven=True)
    settings = HeatmapSettings(enabled=True, retention_days=3650)
    service = HeatmapService(
        settings, db=path, kind=DataKind.REPLAY, clock=lambda: NOW_MS, **NOWHERE
    )
    qt_run(service.start())
    symbol = PanelSymbol("BTCUSDT")
    line = MarketStateLine(service, symbol)
    qtbot.addWidget(line)
    line.show()

    def says(begin: str) -> bool:
        return line.words is not None and line.words.sentence.startswith(begin)

    try:
        qtbot.waitUntil(lambda: says("A past market, played from files."), timeout=20_000)
        service.replays.of(symbol).begin(NOW_MS - HOUR_MS)
        qtbot.waitUntil(lambda: says("Shown as it was known then."), timeout=20_000)
    finally:
        qt_run(service.stop())


def test_keys_are_those_of_the_bar_that_was_used_last(world: World) -> None:
    symbols = [PanelSymbol("BTCUSDT"), PanelSymbol("ETHUSDT")]
    bars = [ReplayBar(world.service, one) for one in symbols]
    world.put(*bars)
    world.window.activateWindow()
    world.until(lambda: all(one.timeline.recorded is not None for one in bars))
    field = QLineEdit()
    world.put(field)
    field.setFocus()

    def states() -> list[tuple[bool, bool]]:
        replays = [world.service.replays.of(one) for one in symbols]
        return [(one.is_active, one.is_playing) for one in replays]

    for bar in bars:
        bar.begin()
    QTest.keyClick(world.window, Qt.Key.Key_Space)
    assert states() == [(True, False), (True, True)]
    # The other one is used: its timeline is clicked.
    QTest.mouseClick(bars[0].timeline, Qt.MouseButton.LeftButton)
    field.setFocus()
    QTest.keyClick(world.window, Qt.Key.Key_Space)
    assert states() == [(True, True), (True, True)]
    QTest.keyClick(world.window, Qt.Key.Key_Escape)
    assert states() == [(False, False), (True, True)]
    # Nothing but the other one is there to go back now.
    QTest.keyClick(world.window, Qt.Key.Key_Escape)
    assert states() == [(False, False), (False, False)]
    # What is typed in the host's own field is the field's.
    bars[0].begin()
    QTest.keyClicks(field, "a b")
    assert field.text() == "a b"
    assert not states()[0][1]
