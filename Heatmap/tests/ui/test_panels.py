"""Tape and totals beside a chart: a real recording that another program writes."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from PyQt6.QtCore import Qt, QTimeZone
from PyQt6.QtGui import QColor, QFont, QFontMetrics, QPalette
from PyQt6.QtTest import QTest
from PyQt6.QtWidgets import QApplication, QHBoxLayout, QLineEdit, QToolButton, QWidget

from Heatmap import HeatmapService, HeatmapSettings
from Heatmap.domain.events import DataKind, Liquidated, LiquidationEvent
from Heatmap.domain.picked import PickedLiquidations
from Heatmap.feeds.recorded_books import MOST_ROWS
from Heatmap.storage.sqlite_store import SqliteStore
from Heatmap.tests.unit.stored_events import EVENT
from Heatmap.ui import (
    HeatmapSettingsTab,
    LastHourLine,
    LiquidationTape,
    LiquidationTotals,
    install_translation,
)
from Heatmap.ui.number_texts import UNKNOWN, percent_text, whole_usd
from Heatmap.ui.panels.panel_head import SECOND_SIZE, PanelHead, scaled
from Heatmap.ui.panels.tape_model import BRIEF_HEAD, Column, TapeModel
from Heatmap.ui.panels.tape_view import ROW_PX
from Heatmap.ui.settings.number_box import NumberBox

NOW_MS = 1_733_360_400_000
HOUR_MS = 3_600_000
# Nobody answers there: what is shown comes from the file.
NOWHERE = {"ws_url": "ws://127.0.0.1:9", "rest_url": "http://127.0.0.1:9"}


def event(before_s: float, usd: float, **values: Any) -> LiquidationEvent:
    ts_ms = NOW_MS - round(before_s * 1000)
    return replace(EVENT, **{"ts_ms": ts_ms, "price": 98_000.0, "notional": usd, **values})


class World:
    """A service that stands by while the test records, and panels."""

    def __init__(self, qtbot: Any, store: SqliteStore, service: HeatmapService) -> None:
        self.qtbot, self.store, self.service = qtbot, store, service
        self.now_ms = NOW_MS

    def show(self, panel: QWidget) -> None:
        self.qtbot.addWidget(panel)
        panel.resize(316, 400)
        panel.show()

    def until(self, condition: Callable[[], object]) -> None:
        self.qtbot.waitUntil(lambda: bool(condition()), timeout=20_000)


@pytest.fixture
def world(qtbot: Any, qt_run: Any, tmp_path: Path) -> Iterator[World]:
    path = tmp_path / "x.sqlite3"
    with SqliteStore(path, DataKind.LIVE) as store:
        settings = HeatmapSettings(enabled=True, symbols=("BTCUSDT", "ETHUSDT"))
        made: list[World] = []
        service = HeatmapService(
            settings, db=path, kind=DataKind.LIVE, clock=lambda: made[0].now_ms, **NOWHERE
        )
        made.append(World(qtbot, store, service))
        qt_run(service.start())
        yield made[0]
        qt_run(service.stop())


def shown(tape: LiquidationTape) -> list[tuple[str, ...]]:
    model = tape.model
    return [tuple(model.text(at, column) for column in range(4)) for at in range(len(model.rows))]


def test_the_tape_shows_what_is_recorded_and_goes_on(world: World) -> None:
    tape = LiquidationTape(world.service)
    world.show(tape)
    assert tape.empty.isVisible()
    assert tape.empty.text() == "Liquidations appear here as they are recorded."
    assert not tape.view.isVisible()
    world.store.write(
        [event(60, 20_500.9), event(86_400, 1_500.0), event(30, 999.0), event(5, 7e6, symbol="X")]
    )
    world.store.extend_coverage("BTCUSDT", NOW_MS - HOUR_MS, NOW_MS, proven=True)
    world.until(lambda: len(shown(tape)) == 2)
    assert tape.view.isVisible()
    assert not tape.empty.isVisible()
    world.store.write([event(10, 2_520_530.99, liquidated=Liquidated.SHORT, price=99_040.1)])
    world.until(lambda: len(shown(tape)) == 3)
    assert shown(tape) == [
        ("00:59:50", "Short", "99,040.1", "2,520,530"),
        ("00:59:00", "Long", "98,000.0", "20,500"),
        ("4 Dec 01:00", "Long", "98,000.0", "1,500"),
    ]
    # Of another size, of another symbol, and of time that is not recorded any more.
    tape.set_least_usd(0)
    world.until(lambda: len(shown(tape)) == 4)
    assert not tape.blind.isVisible()
    world.now_ms += 2 * HOUR_MS
    world.until(tape.blind.isVisible)
    assert tape.blind.text() == "No data since 01:00:00"
    tape.set_symbol("ETHUSDT")
    assert tape.empty.isVisible()
    assert not tape.blind.isVisible()


def test_a_small_price_has_its_digits_before_and_after_the_tick_size_is_told(world: World) -> None:
    tape = LiquidationTape(world.service)
    tape.set_symbol("ETHUSDT")
    world.show(tape)
    world.store.write([event(60, 20_500.0, symbol="ETHUSDT", price=0.00001218)])
    world.until(lambda: len(shown(tape)) == 1)
    assert shown(tape)[0][2] == "0.00001218"
    # The exchange tells it when the first rows stand already.
    world.service._symbols.learn({"ETHUSDT": Decimal("0.000000001")})
    world.store.write([event(50, 30_500.0, symbol="ETHUSDT", price=0.0000122)])
    world.until(lambda: len(shown(tape)) == 2)
    assert [row[2] for row in shown(tape)] == ["0.000012200", "0.000012180"]
    # And its column is as wide as they need.
    assert tape.view.columnWidth(Column.PRICE) >= tape.view._needed_px()[Column.PRICE]
    # Another symbol has digits of its own.
    tape.set_symbol("BTCUSDT")
    world.store.write([event(40, 20_500.0, price=98_000.5)])
    world.until(lambda: len(shown(tape)) == 1)
    assert shown(tape)[0][2] == "98,000.5"


def test_the_tape_stays_where_it_is_read_and_enter_chooses(world: World) -> None:
    world.store.write([event(1_000 - number, 2_000.0 + number) for number in range(200)])
    tape = LiquidationTape(world.service)
    world.show(tape)
    world.until(lambda: len(shown(tape)) == 200)
    bar = tape.view.verticalScrollBar()
    assert bar is not None
    QTest.keyClick(tape.view, Qt.Key.Key_Down)
    QTest.keyClick(tape.view, Qt.Key.Key_Down)
    chosen = tape.chosen_event()
    activated: list[Any] = []
    tape.event_activated.connect(activated.append)
    QTest.keyClick(tape.view, Qt.Key.Key_Return)
    assert activated == [chosen]
    assert chosen is not None
    bar.setValue(50 * ROW_PX + 7)
    top = tape.view.rowAt(0)
    read = tape.model.rows[top]
    world.store.write([event(1, 50_000.0), event(2, 60_000.0), event(3, 70_000.0)])
    world.until(lambda: len(shown(tape)) == 203)
    assert tape.model.rows[tape.view.rowAt(0)] == read
    assert bar.value() == 53 * ROW_PX + 7
    assert tape.chosen_event() == chosen
    # At the top it shows what comes.
    bar.setValue(0)
    world.store.write([event(0, 80_000.0)])
    world.until(lambda: len(shown(tape)) == 204)
    assert bar.value() == 0


def test_a_bubble_finds_the_largest_of_its_liquidations_whatever_the_filter(world: World) -> None:
    world.store.write([event(50, 700.0), event(40, 900.0), event(30, 800.0), event(10, 90_000.0)])
    tape = LiquidationTape(world.service)
    world.show(tape)
    world.until(lambda: len(shown(tape)) == 1)
    bubble = PickedLiquidations(
        NOW_MS - 60_000, NOW_MS - 20_000, 97_990.0, 98_010.0, is_long=True, usd=2_400.0, count=3
    )
    tape.select(bubble)
    world.until(lambda: tape.chosen_event() is not None)
    chosen = tape.chosen_event()
    assert chosen is not None
    assert (chosen.ts_ms, chosen.usd) == (NOW_MS - 40_000, 900.0)
    # None of the other side is there, and what was chosen stays.
    tape.select(replace(bubble, is_long=False))
    assert tape.chosen_event() == chosen
    # Many that were joined on their way have one place, which is none of theirs.
    middle_ms = NOW_MS - 33_000
    tape.select(
        replace(bubble, from_ms=middle_ms, to_ms=middle_ms, price_low=98_020.0, price_high=98_020.0)
    )
    chosen = tape.chosen_event()
    assert chosen is not None
    assert chosen.usd == 800.0


LINE = "1 h at least: longs 1.99k, shorts 0"


def text_colour(widget: QWidget) -> str:
    return widget.palette().color(QPalette.ColorRole.WindowText).name()


def test_totals_tell_what_was_recorded_and_a_dash_of_what_was_not(world: World) -> None:
    totals, line = LiquidationTotals(world.service), LastHourLine(world.service)
    world.show(totals)
    world.show(line)
    assert totals.texts()[0] == ("1 h", UNKNOWN, UNKNOWN, "0 %")
    world.store.write([event(60, 1_999.9), event(5_000, 12_790_000.0, liquidated=Liquidated.SHORT)])
    world.store.extend_coverage("BTCUSDT", NOW_MS - 3 * HOUR_MS, NOW_MS, proven=True)
    world.until(lambda: totals.texts()[0][3] == "100 %")
    assert totals.texts() == [
        ("1 h", "1.99k", "0", "100 %"),
        ("4 h", "1.99k", "12.7M", "75 %"),
        ("24 h", "1.99k", "12.7M", "12 %"),
    ]
    # The line in a status bar says the same, and of which part of the hour.
    world.until(lambda: (line.text(), line.toolTip()) == (LINE, ""))
    plain = text_colour(line)
    world.now_ms += HOUR_MS // 4
    world.until(lambda: totals.texts()[0][3] == "75 %")
    world.until(lambda: line.toolTip() == "75 % of this hour was recorded")
    assert line.text() == LINE
    assert text_colour(line) != plain
    world.now_ms -= HOUR_MS // 4
    world.until(lambda: (line.toolTip(), text_colour(line)) == ("", plain))
    world.until(lambda: totals.texts()[0][3] == "100 %")
    assert "1 h: longs 1.99k, shorts 0, recorded 100 %" in totals.figures.accessibleDescription()
    inks = totals.figures.grab().toImage()
    colours = {inks.pixelColor(x, y).name() for x in range(inks.width()) for y in range(24, 58)}
    # Only longs within the hour.
    assert "#ee8c28" in colours or "#e07a1f" in colours
    assert not colours & {"#2f9be0", "#2f86d1"}
    world.now_ms += HOUR_MS
    world.until(lambda: totals.texts()[0] == ("1 h", UNKNOWN, UNKNOWN, "0 %"))
    totals.set_service(None)
    assert totals.texts()[2] == ("24 h", UNKNOWN, UNKNOWN, "0 %")


def test_late_rows_find_their_place_and_the_oldest_go(qapp: Any) -> None:
    del qapp
    model = TapeModel()
    model.replace([(number, 1.0, 1.0, True) for number in range(0, 2 * MOST_ROWS + 20, 2)])
    assert model.rowCount() == MOST_ROWS
    newest_ms = model.rows[0][0]
    late = newest_ms - 7
    on_top = model.add([(late, 2.0, 2.0, False), (newest_ms, 3.0, 3.0, True)])
    assert on_top == 1
    assert model.rowCount() == MOST_ROWS
    times = [row[0] for row in model.rows]
    assert times == sorted(times, reverse=True)
    assert model.rows[0][1] == 3.0
    assert late in times


def test_a_tape_keeps_the_keyboard_while_it_has_no_rows(world: World) -> None:
    tape, dialog = LiquidationTape(world.service), QLineEdit()
    panel = QWidget()
    # Another widget would get it.
    for part in (QLineEdit(), tape, QLineEdit()):
        part.setParent(panel)
    world.show(panel)
    world.qtbot.addWidget(dialog)
    world.store.write([event(60, 5_000.0)])
    world.until(lambda: tape.model.rowCount() == 1)
    tape.view.setFocus()
    # As a dialog that asks for another time.
    dialog.show()
    dialog.activateWindow()
    world.until(dialog.isActiveWindow)
    tape.set_symbol("ETHUSDT")
    assert not tape.view.isVisible()
    assert panel.focusWidget() is tape.empty
    tape.set_symbol("BTCUSDT")
    world.until(lambda: tape.model.rowCount() == 1)
    assert panel.focusWidget() is tape.view


def test_rows_of_another_day_say_it_above_them(world: World) -> None:
    tape = LiquidationTape(world.service)
    world.show(tape)
    # NOW_MS is one o'clock of the 5th.
    world.store.write([event(3_600 + 20 * second, 5_000.0) for second in range(300)])
    world.store.write([event(second, 5_000.0) for second in range(100, 160)])
    world.until(lambda: tape.model.rowCount() == 360)

    def head() -> str:
        return tape.model.headerData(Column.TIME, Qt.Orientation.Horizontal)

    world.until(lambda: head() == "Time")
    bar = tape.view.verticalScrollBar()
    assert bar is not None
    bar.setValue(bar.maximum())
    assert head() == "4 Dec"
    bar.setValue(0)
    assert head() == "Time"
    # A day later, and nobody was liquidated since.
    world.now_ms += 86_400_000
    tape.set_time_zone(QTimeZone.utc())
    assert head() == "5 Dec"


def test_whole_amounts_are_never_more_than_they_are(qapp: QApplication) -> None:
    # The last one is 29, but for the rounding of binary fractions.
    amounts = (1_027_145.9, 999_999.0, 999.99, 0.4, 2_500_000_000.0, 0.29 * 100)
    english = ["1,027,145", "999,999", "999", "0", "2,500,000,000", "29"]
    assert [whole_usd(usd) for usd in amounts] == english
    install_translation(qapp, "de")
    try:
        assert [whole_usd(usd) for usd in amounts] == [one.replace(",", ".") for one in english]
    finally:
        install_translation(qapp, "en")


def test_only_all_of_it_is_100_percent() -> None:
    assert percent_text(0.99999) == "99 %"
    assert percent_text(1.0) == "100 %"
    # Not 28, by the rounding of binary fractions.
    assert percent_text(0.29) == "29 %"


@pytest.mark.parametrize(("ground", "ink"), [("#0f1218", "#c3c8d4"), ("#f7f8fa", "#333a47")])
def test_colours_come_of_the_hosts_palette_and_can_be_read(
    ground: str, ink: str, qtbot: Any
) -> None:
    tape = LiquidationTape(None)
    qtbot.addWidget(tape)
    palette = QPalette(QColor(ink), QColor(ground))
    palette.setColor(QPalette.ColorRole.WindowText, QColor(ink))
    palette.setColor(QPalette.ColorRole.Window, QColor(ground))
    tape.setPalette(palette)
    colours = tape.view.painter.colours
    assert colours.ground.name() == ground
    for text in (colours.text, colours.second, colours.caption, colours.long_text):
        assert contrast(text, colours.ground) >= 4.5
    for text in (colours.short_text, colours.warn, colours.bad):
        assert contrast(text, colours.ground) >= 4.5
    for fill in (colours.long_fill, colours.short_fill):
        assert contrast(fill, colours.ground) >= 2.8


def contrast(one: QColor, other: QColor) -> float:
    """Give the contrast of two colours by WCAG."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def luminance(colour: QColor) -> float:
    channels = (
        one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4
        for one in (colour.redF(), colour.greenF(), colour.blueF())
    )
    return sum(part * one for part, one in zip((0.2126, 0.7152, 0.0722), channels, strict=True))


def test_days_of_any_month_fit_into_the_tape(qtbot: Any) -> None:
    tape = LiquidationTape(None)
    qtbot.addWidget(tape)
    strong = QFontMetrics(tape.view.painter.strong)
    for month in range(1, 13):
        at = datetime(2026, month, 28, 23, 59, tzinfo=UTC).timestamp() * 1000
        tape.model.replace([(int(at), 1.0, 1.0, True), (int(at) + 120_000, 1.0, 1.0, True)])
        dated = tape.model.text(1, Column.TIME)
        assert dated[:2] == "28"
        assert strong.horizontalAdvance(dated) <= tape.view.columnWidth(Column.TIME) - 18


@pytest.mark.parametrize("price", [98_123.4, 1_234_567.8, 0.0123])
def test_no_width_and_no_font_cuts_an_amount_or_a_price(qtbot: Any, price: float) -> None:
    tape = LiquidationTape(None)
    holder = QWidget()
    column = QHBoxLayout(holder)
    column.setContentsMargins(0, 0, 0, 0)
    column.addWidget(tape)
    qtbot.addWidget(holder)
    holder.show()
    tape.model.set_decimals(8 if price < 1 else 1)
    tape.model.replace(
        [(NOW_MS - 86_400_000, price, 12_345_678.9, True), (NOW_MS, price, 2e3, False)]
    )
    tape._show_state()
    tape.view.fit_columns()
    assert tape.view.isVisible()
    seen = set()
    for pixels in (11, 13, 16, 24):
        font = QFont(tape.font())
        font.setPixelSize(pixels)
        tape.setFont(font)
        for width in (800, 400, 316, 200, 1):
            holder.resize(width, 300)
            qtbot.waitUntil(lambda width=width: holder.width() >= width)
            QApplication.processEvents()
            view, model = tape.view, tape.model
            strong = QFontMetrics(view.painter.strong)
            viewport = view.viewport()
            assert viewport is not None
            right = 0
            for at in Column:
                if (size := view.columnWidth(at)) == 0:
                    assert at == Column.SIDE
                    continue
                assert view.columnViewportPosition(at) == right
                right += size
                needed = max(strong.horizontalAdvance(model.text(row, at)) for row in (0, 1))
                assert size >= needed + 12
                head = model.headerData(at, Qt.Orientation.Horizontal)
                plain = QFontMetrics(view.painter.plain)
                assert plain.horizontalAdvance(head) <= size - 12
            assert right <= viewport.width()
            seen.add(
                (view.columnWidth(Column.SIDE) > 0, model.headerData(3, Qt.Orientation.Horizontal))
            )
    assert seen >= {(True, "USD, at least"), (False, BRIEF_HEAD)}


def test_the_windows_own_column_has_room_for_the_side(world: World) -> None:
    world.store.write([event(90_000, 8_888_888.0), event(1, 2_000.0, price=108_855.1)])
    tape = LiquidationTape(world.service)
    world.show(tape)
    world.until(lambda: len(shown(tape)) == 2)
    assert tape.view.columnWidth(Column.SIDE) > 0


def test_a_host_from_right_to_left_has_the_same_panels(world: World, qapp: QApplication) -> None:
    world.store.write(
        [event(60, 20_500.9), event(5_000, 12_790_000.0, liquidated=Liquidated.SHORT)]
    )
    world.store.extend_coverage("BTCUSDT", NOW_MS - 3 * HOUR_MS, NOW_MS, proven=True)
    pictures = []
    for direction in (Qt.LayoutDirection.LeftToRight, Qt.LayoutDirection.RightToLeft):
        qapp.setLayoutDirection(direction)
        try:
            tape, totals = LiquidationTape(world.service), LiquidationTotals(world.service)
            world.show(tape)
            world.show(totals)
            world.until(lambda tape=tape: len(shown(tape)) == 2)
            world.until(lambda totals=totals: totals.texts()[0][3] == "100 %")
            assert qapp.layoutDirection() == direction
            viewport = tape.view.viewport()
            assert viewport is not None
            pictures.append([one.grab().toImage() for one in (viewport, totals.figures)])
        finally:
            qapp.setLayoutDirection(Qt.LayoutDirection.LeftToRight)
    assert pictures[0] == pictures[1]


def test_settings_write_numbers_in_the_language_that_they_speak(
    qapp: QApplication, qtbot: Any
) -> None:
    # In German 166,000 is less than 200.
    install_translation(qapp, "de")
    try:
        tab = HeatmapSettingsTab(HeatmapService(HeatmapSettings(clip_usd=166_000.0), **NOWHERE))
        qtbot.addWidget(tab)
        texts = [box.text() for box in tab.findChildren(NumberBox)]
    finally:
        install_translation(qapp, "en")
    assert "99,5 %" in texts
    assert "166.000 USD" in texts


def test_what_a_head_has_no_room_for_is_cut_with_an_ellipsis(qtbot: Any) -> None:
    head = PanelHead("Alarme", "l\u00e4uten nicht bei einer Wiedergabe")
    button = QToolButton()
    head.add(button)
    qtbot.addWidget(head)
    head.show()
    for width, is_cut in ((600, False), (220, True)):
        head.resize(width, head.height())
        qtbot.waitUntil(lambda width=width: head.width() == width)
        shown_text = head.caption.shown_text()
        assert shown_text.endswith("\u2026") is is_cut
        metrics = QFontMetrics(scaled(head.caption.font(), SECOND_SIZE))
        assert metrics.horizontalAdvance(shown_text) <= head.caption.width()
        assert button.geometry().right() < width


def test_another_font_or_sheet_of_the_host_is_taken_over_while_panels_are_open(
    world: World, qapp: QApplication
) -> None:
    world.store.write([event(60, 20_500.9), event(50, 1_027_145.0)])
    world.store.extend_coverage("BTCUSDT", NOW_MS - 3 * HOUR_MS, NOW_MS, proven=True)
    tape, totals = LiquidationTape(world.service), LiquidationTotals(world.service)
    world.show(tape)
    world.show(totals)
    world.until(lambda: len(shown(tape)) == 2)
    font = qapp.font()
    large = QFont(font)
    large.setPixelSize(26)
    palette = qapp.palette()
    try:
        qapp.setPalette(QPalette(QColor("#30343c")))
        qapp.setFont(large)
        painter = tape.view.painter
        world.until(lambda: QFontMetrics(painter.plain).height() > 26)
        # Neither the font nor the sheet brings an older palette back.
        assert painter.colours.ground.lightness() < 80
        assert painter.row_px >= QFontMetrics(painter.strong).height()
        assert tape.view.rowHeight(0) == painter.row_px
        assert totals.figures.height() > 3 * 2 * 26
        span, longs, shorts, _share = totals.texts()[2]
        room = totals.figures.minimumWidth() - 24
        strong = QFontMetrics(painter.strong)
        assert strong.horizontalAdvance(span + longs) < 0.43 * room
        assert strong.horizontalAdvance(shorts) < 0.26 * room
        qapp.setStyleSheet("QWidget { background: #fffbe6; color: #222; }")
        world.until(lambda: painter.colours.ground.name() == "#fffbe6")
        assert QFontMetrics(painter.plain).height() > 26
    finally:
        qapp.setStyleSheet("")
        qapp.setFont(font)
        qapp.setPalette(palette)
