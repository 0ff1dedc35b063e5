"""The replay bar over a real recording: keys and clicks move what layer, tape and totals show."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PyQt6 import sip
from PyQt6.QtCore import QPoint, Qt, QTimeZone
from PyQt6.QtTest import QTest
from PyQt6.QtWebEngineCore import QWebEnginePage
from PyQt6.QtWidgets import QVBoxLayout, QWidget

from Heatmap import HeatmapService, HeatmapSettings, ShownTime
from Heatmap.domain.events import DataKind
from Heatmap.feeds.replay_reads import RecordedTime
from Heatmap.storage.sqlite_store import SqliteStore
from Heatmap.tests.ui.test_panels import HOUR_MS, NOW_MS, NOWHERE, event
from Heatmap.ui import HeatmapLayer, LiquidationTape, LiquidationTotals, ReplayBar
from Heatmap.ui.panels.as_of_dialog import AsOfDialog
from Heatmap.ui.panels.recording_timeline import RecordingTimeline

MINUTE_MS = 60_000
HOLE_MS = (NOW_MS - 3 * HOUR_MS, NOW_MS - 2 * HOUR_MS)
START_MS = NOW_MS - 5 * HOUR_MS
# Seconds before now, and USD.
EVENTS = [(4.5 * 3600, 9_000.0), (90 * 60, 40_000.0), (20 * 60, 70_000.0), (60, 2_000.0)]


class World:
    """A bar with a tape and totals of one layer, on a file with a hole."""

    def __init__(self, qtbot: Any, service: HeatmapService, page: QWebEnginePage) -> None:
        self.qtbot, self.service = qtbot, service
        self.layer = HeatmapLayer(page, symbol="BTCUSDT")
        service.attach(self.layer)
        self.window = QWidget()
        self.bar = ReplayBar(service, self.layer)
        self.tape = LiquidationTape(service, self.layer)
        self.totals = LiquidationTotals(service, self.layer)
        column = QVBoxLayout(self.window)
        for one in (self.tape, self.totals, self.bar):
            column.addWidget(one)
        qtbot.addWidget(self.window)
        self.window.resize(1_000, 500)
        self.window.show()
        self.window.activateWindow()
        self.until(lambda: self.bar.timeline.recorded is not None)

    @property
    def replay(self) -> Any:
        return self.bar.replay

    @property
    def before_s(self) -> float:
        return (NOW_MS - self.replay.now_ms()) / 1000

    def until(self, condition: Any) -> None:
        self.qtbot.waitUntil(lambda: bool(condition()), timeout=20_000)

    def press(self, key: Qt.Key, *, shift: bool = False) -> None:
        modifier = Qt.KeyboardModifier.ShiftModifier if shift else Qt.KeyboardModifier.NoModifier
        QTest.keyClick(self.window, key, modifier)

    def rows(self) -> list[float]:
        return [row[2] for row in self.tape.model.rows]


@pytest.fixture
def world(qtbot: Any, qt_run: Any, tmp_path: Path) -> Iterator[World]:
    path = tmp_path / "x.sqlite3"
    with SqliteStore(path, DataKind.LIVE) as store:
        store.write([event(before_s, usd, push_ms=None) for before_s, usd in EVENTS])
        store.extend_coverage("BTCUSDT", START_MS, HOLE_MS[0], proven=True)
        store.extend_coverage("BTCUSDT", HOLE_MS[1], NOW_MS, proven=True)
        service = HeatmapService(
            HeatmapSettings(enabled=True), db=path, clock=lambda: NOW_MS, **NOWHERE
        )
        page = QWebEnginePage()
        qt_run(service.start())
        made = World(qtbot, service, page)
        yield made
        made.bar.set_service(None)
        made.layer.detach()
        qt_run(service.stop())
        sip.delete(page)


def test_buttons_keep_their_icons_when_their_actions_change(world: World) -> None:
    for button in world.bar._buttons:
        action = button.defaultAction()
        # As the window does where it puts an action into its menu, and while nothing can be played.
        action.setToolTip(f"{action.toolTip()} ")
        action.setEnabled(not action.isEnabled())
        assert not button.icon().isNull()


def test_keys_and_clicks_move_chart_tape_and_totals_together(world: World) -> None:
    bar, replay = world.bar, world.replay
    world.until(lambda: world.rows() == [2_000.0, 70_000.0, 40_000.0, 9_000.0])
    # Without a replay the keys are nobody's.
    world.press(Qt.Key.Key_Space)
    assert (replay.is_active, bar.live.isEnabled()) == (False, False)
    bar.begin()
    assert (replay.shown, replay.is_playing, world.before_s) == (ShownTime.REPLAY, False, 3600)
    world.until(lambda: world.rows() == [40_000.0, 9_000.0])
    world.until(lambda: world.totals.texts()[0] == ("1 h", "40k", "0", "100 %"))
    assert bar.moment.text() == "5 Dec 00:00:00"
    # A step back to the edge of a candle, and on over one.
    bar.set_step(15 * MINUTE_MS)
    replay.seek(NOW_MS - 3600_000 - 1)
    world.press(Qt.Key.Key_Left, shift=True)
    assert world.before_s == 75 * 60
    world.press(Qt.Key.Key_Right, shift=True)
    world.press(Qt.Key.Key_Right, shift=True)
    assert world.before_s == 45 * 60
    # The start of the recording is where it ends: nothing is before it.
    world.press(Qt.Key.Key_Home, shift=True)
    world.press(Qt.Key.Key_Left, shift=True)
    assert replay.now_ms() == START_MS
    world.until(lambda: world.rows() == [])
    world.press(Qt.Key.Key_Up, shift=True)
    assert (replay.speed, bar.speeds.buttons[300].isChecked()) == (300, True)
    QTest.mouseClick(bar.speeds.buttons[600], Qt.MouseButton.LeftButton)
    world.press(Qt.Key.Key_Space)
    assert replay.is_playing
    world.until(lambda: world.rows() == [9_000.0])
    world.press(Qt.Key.Key_Space)
    stands_ms = replay.now_ms()
    assert not replay.is_playing
    # A click on the bar seeks; a word says what is a hole.
    timeline = bar.timeline
    QTest.mouseClick(
        timeline, Qt.MouseButton.LeftButton, pos=QPoint(timeline.x_of(NOW_MS - 20 * MINUTE_MS), 15)
    )
    world.until(lambda: replay.now_ms() != stands_ms)
    assert world.before_s == pytest.approx(20 * 60, abs=60)
    assert timeline.recorded is not None
    assert timeline.recorded.holes == (HOLE_MS,)
    assert [timeline.is_hole(ms) for ms in (HOLE_MS[0] - 1, *HOLE_MS)] == [False, True, False]
    image = timeline.grab().toImage()
    hatch, quiet = ((timeline.x_of(a) + timeline.x_of(b)) // 2 for a, b in (HOLE_MS, quiet_ms()))
    shades = [{image.pixel(x + dx, 10) for dx in range(6)} for x in (hatch, quiet)]
    assert len(shades[0]) > len(shades[1]) == 1
    world.press(Qt.Key.Key_Escape)
    assert (replay.is_active, replay.now_ms()) == (False, NOW_MS)
    world.until(lambda: len(world.rows()) == len(EVENTS))


def quiet_ms() -> tuple[int, int]:
    """Return a recorded time in which nothing happened."""
    return NOW_MS - 4 * HOUR_MS, HOLE_MS[0]


def test_any_recorded_time_is_shown_as_it_was_known(world: World) -> None:
    bar, replay = world.bar, world.replay
    bar.ask_as_of()
    dialog = world.window.findChild(AsOfDialog)
    assert dialog is not None
    # As British English writes days, the usual one.
    assert dialog.moment.displayFormat() == "dd/MM/yyyy HH:mm:ss"
    # So long was not recorded.
    assert [one.isEnabled() for one in dialog.ago] == [True, True, False]
    dialog.ago[0].click()
    assert dialog.moment_ms == NOW_MS - HOUR_MS
    dialog.moment.setDateTime(dialog._time(HOLE_MS[0] + 1))
    assert dialog.note.text().startswith("Not recorded at this time")
    dialog.moment.setDateTime(dialog._time(START_MS - HOUR_MS))
    assert dialog.moment_ms == START_MS
    dialog.ago[1].click()
    dialog.accept()
    assert (replay.shown, replay.now_ms()) == (ShownTime.AS_OF, NOW_MS - 4 * HOUR_MS)
    world.until(lambda: world.rows() == [9_000.0])
    # Once it plays it is a replay.
    replay.play()
    assert replay.shown is ShownTime.REPLAY
    # A layer that is detached shows the present from then on, and so do the panels.
    world.service.detach(world.layer)
    assert replay.shown is ShownTime.NOW
    world.until(lambda: len(world.rows()) == len(EVENTS))


def test_the_hour_that_is_there_twice_has_the_name_of_its_clock(qtbot: Any) -> None:
    # In the night of 27 October 2024 clocks in Berlin went from 3:00 back to 2:00.
    first_ms = 1_729_989_000_000
    end_ms = first_ms + 2 * HOUR_MS
    zone = QTimeZone(b"Europe/Berlin")
    timeline = RecordingTimeline()
    qtbot.addWidget(timeline)
    timeline.show_recorded(RecordedTime(first_ms - 86_400_000, end_ms, (), 60_000, ()))
    dialog = AsOfDialog(timeline, zone, first_ms, end_ms)
    qtbot.addWidget(dialog)
    entered = dialog.moment.text()
    assert (dialog.zone_name.text(), dialog.moment_ms) == ("CEST", first_ms)
    dialog.ago[0].click()
    assert dialog.moment.text() == entered
    assert (dialog.zone_name.text(), dialog.moment_ms) == ("CET", first_ms + HOUR_MS)


def test_the_bar_is_never_narrower_than_its_words_need(world: World) -> None:
    bar = world.bar
    bar.begin()
    world.window.resize(600, 500)
    world.until(bar.speeds.list.isVisible)
    bar.live.setText("Zurück zu dem, was die Aufzeichnung jetzt gerade zeigt")
    parts = (bar.live, bar.moment, bar.timeline, bar.speeds)
    world.until(
        lambda: all(
            one.width() >= max(one.minimumWidth(), one.minimumSizeHint().width()) for one in parts
        )
    )
