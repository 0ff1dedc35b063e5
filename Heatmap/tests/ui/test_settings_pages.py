"""The pages of the settings: they fit, lead to what was refused, and take changes back."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PyQt6.QtCore import QCoreApplication, QObject, QSettings, Qt
from PyQt6.QtGui import QFontMetrics
from PyQt6.QtWidgets import (
    QAbstractButton,
    QComboBox,
    QDoubleSpinBox,
    QLabel,
    QLineEdit,
    QMainWindow,
    QPushButton,
    QScrollArea,
    QTabBar,
    QTabWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from Heatmap import HeatmapSettings
from Heatmap.ingestion.recorder.recorder_status import RecorderStatus
from Heatmap.ingestion.recorder.retention import RetentionStatus
from Heatmap.standalone.settings_dock import WIDTH, SettingsDock
from Heatmap.standalone.theme import colour, style_sheet
from Heatmap.standalone.window_choices import window_choices
from Heatmap.tests.ui.longer_translator import LongerTranslator
from Heatmap.tests.ui.prepared_service import PreparedService
from Heatmap.tests.ui.settings_controls import (
    DAY_MS,
    choose,
    control,
    enter,
    is_inner,
    pages,
    switch,
    turn,
    turn_to_page_of,
)
from Heatmap.ui import HeatmapSettingsTab, load_settings
from Heatmap.ui.settings.segments import Segments
from Heatmap.ui.settings.settings_preview import SettingsPreview
from Heatmap.ui.settings.settings_store import SettingsWriter

# As the host's dark style: wide tabs, larger letters, fields with frames.
HOST_STYLE = """
QWidget { background: #1e1e2e; color: #d7dae0; font-size: 13px; }
QTabBar::tab { padding: 8px 22px; background: #2a2a3c; }
QLineEdit, QComboBox, QDoubleSpinBox { background: #2a2a3c; border: 1px solid #444; padding: 4px; }
"""


def in_host(service: PreparedService, _store: QSettings) -> tuple[QWidget, HeatmapSettingsTab]:
    tab = HeatmapSettingsTab(service)
    tabs = QTabWidget()
    tabs.addTab(tab, "Heatmap")
    tabs.setStyleSheet(HOST_STYLE)
    return tabs, tab


def in_dock(service: PreparedService, store: QSettings) -> tuple[QWidget, HeatmapSettingsTab]:
    window = QMainWindow()
    window.setStyleSheet(style_sheet("dark"))
    window.resize(1000, 700)
    window.show()
    choices = window_choices(store, Axes(), lambda: "dark", str, str)  # type: ignore[arg-type]
    dock = SettingsDock(service, store, "dark", window, choices)
    colour(dock, "dark")
    dock.open_beside(window)
    assert dock.width() == WIDTH
    return window, dock.tab


class Axes:
    """Stands for a chart's own choices, which need a page of the browser."""

    scale, look, time_zone = "linear", "colour", "UTC"
    set_scale = set_look = set_time_zone = str


@pytest.fixture(params=["plain", "longer"])
def language(request: pytest.FixtureRequest) -> Iterator[str]:
    translator = LongerTranslator()
    if request.param == "longer":
        assert QCoreApplication.installTranslator(translator)
    yield request.param
    QCoreApplication.removeTranslator(translator)


def assert_not_cut_off(widget: QWidget) -> None:
    """Fail where a text that a widget shows is wider, or higher, than there is room for."""
    name = widget.objectName() or type(widget).__name__
    if isinstance(widget, QLabel) and widget.wordWrap():
        assert widget.height() >= widget.heightForWidth(widget.width()), (name, widget.text())
    elif isinstance(widget, QLabel):
        needed = widget.fontMetrics().horizontalAdvance(widget.text().replace("&", ""))
        assert widget.contentsRect().width() >= needed, (name, widget.text())
    elif isinstance(widget, QDoubleSpinBox):
        edit = widget.findChild(QLineEdit)
        needed = QFontMetrics(edit.font()).horizontalAdvance(widget.text())
        assert edit.width() >= needed, (name, widget.text())
    elif isinstance(widget, QAbstractButton | QComboBox | Segments):
        assert widget.width() >= widget.minimumSizeHint().width(), name
        assert widget.height() >= widget.minimumSizeHint().height(), name


@pytest.mark.usefixtures("language")
@pytest.mark.parametrize("make", [in_host, in_dock])
def test_at_600_pixels_the_pages_fit_and_none_is_a_third_empty(
    qtbot: Any,
    service: PreparedService,
    store: QSettings,
    make: Callable[..., tuple[QWidget, HeatmapSettingsTab]],
) -> None:
    kept = RetentionStatus(14 * DAY_MS, 14 * DAY_MS, 0)
    service.recorder = RecorderStatus(retention=kept)
    service.measured = [{"clip_usd": 179_234.0}]
    window, tab = make(service, store)
    qtbot.addWidget(window)
    if make is in_host:
        window.resize(WIDTH, 780)
        window.show()
    box, bar = tab.findChild(QTabWidget, "pages"), tab.findChild(QTabBar)
    assert box.count() == 4
    natural: list[int] = []
    for index, page in enumerate(pages(tab)):
        box.setCurrentIndex(index)
        QCoreApplication.processEvents()
        natural.append(page.heightForWidth(page.width()))
        area = box.widget(index)
        assert isinstance(area, QScrollArea)
        assert page.width() <= area.viewport().width()
        for button in page.findChildren(QToolButton, "more"):
            button.click()
        QCoreApplication.processEvents()
        seen = [one for one in tab.findChildren(QWidget) if one.isVisible() and not is_inner(one)]
        assert len(seen) > 30
        for widget in seen:
            assert_not_cut_off(widget)
            assert widget.mapTo(tab, widget.rect().topRight()).x() < tab.width()
    assert tab.width() <= WIDTH
    # No arrows to scroll the tabs by.
    assert [one for one in bar.findChildren(QToolButton) if one.isVisible()] == []
    assert bar.tabRect(3).right() <= bar.width()
    assert min(natural) >= max(natural) * 2 / 3, natural


# -- what is refused --------------------------------------------------------------------------


@pytest.fixture
def closable(qtbot: Any, service: PreparedService, store: QSettings) -> HeatmapSettingsTab:
    made = HeatmapSettingsTab(service, store, has_close=True)
    qtbot.addWidget(made)
    made.resize(WIDTH, 500)
    made.show()
    return made


def red_share(widget: QWidget) -> float:
    """Return how much of the upper edge of a widget is red, 0 to 1."""
    image = widget.grab().toImage()
    colours = [image.pixelColor(x, 0) for x in range(8, image.width() - 8)]
    return sum(one.red() > one.green() + 60 for one in colours) / len(colours)


@pytest.mark.parametrize(("name", "wrong"), [("resolution", "9999x2"), ("symbols", "9 9")])
def test_close_leads_to_what_was_refused_instead_of_closing(
    qtbot: Any, closable: HeatmapSettingsTab, name: str, wrong: str
) -> None:
    closed: list[bool] = []
    closable.close_asked.connect(lambda: closed.append(True))
    box, field = closable.findChild(QTabWidget, "pages"), control(closable, name)
    refusal = closable.findChild(QLabel, f"{name}_refusal")
    turn_to_page_of(closable, name)
    assert red_share(field) == 0
    enter(name, wrong)(closable)
    # Somewhere else, and folded away.
    for more in closable.findChildren(QToolButton, "more"):
        if more.isVisible():
            more.click()
    box.setCurrentIndex(1)
    closable.findChild(QPushButton, "close").click()
    assert closed == []
    assert field.isVisible()
    assert refusal.isVisible()
    assert wrong.lower() in refusal.text().lower()
    assert red_share(field) > 0.9
    area = box.currentWidget()
    assert isinstance(area, QScrollArea)
    shown = area.viewport().rect()
    qtbot.waitUntil(lambda: shown.contains(field.mapTo(area.viewport(), field.rect().center())))
    qtbot.waitUntil(field.hasFocus, timeout=10_000)
    # What is typed and not yet entered is refused as well.
    qtbot.keyClicks(field, "?")
    closable.findChild(QPushButton, "close").click()
    assert closed == []
    enter(name, "3px" if name == "resolution" else "ETHUSDT")(closable)
    assert not refusal.isVisible()
    assert red_share(field) == 0
    closable.findChild(QPushButton, "close").click()
    assert closed == [True]


# -- undo and defaults ------------------------------------------------------------------------


def test_undo_takes_back_one_change_after_the_other(
    closable: HeatmapSettingsTab, service: PreparedService, store: QSettings
) -> None:
    before = service.settings
    undo = closable.findChild(QPushButton, "undo")
    assert not undo.isEnabled()
    store.setValue("Heatmap/palette", "viridis")
    choose("palette", "ice")(closable)
    switch("gap_hatch", False)(closable)
    enter("resolution", "many")(closable)
    # First what was refused.
    undo.click()
    assert closable.problem_text() == ""
    assert service.settings == before.changed(palette="ice", gap_hatch=False)
    undo.click()
    assert service.settings == before.changed(palette="ice")
    undo.click()
    assert service.settings == before
    # Stored is what was stored.
    assert {key: store.value(key) for key in store.allKeys()} == {"Heatmap/palette": "viridis"}
    assert not undo.isEnabled()


def test_a_slider_that_is_dragged_is_one_change_and_a_later_drag_another(
    service: PreparedService, store: QSettings
) -> None:
    now_s, parent = [5.0], QObject()
    preview = SettingsPreview(service, SettingsWriter(store, parent), lambda: now_s[0])

    def drag(*values: float) -> None:
        for value in values:
            preview.remember(["opacity"])
            service.apply_settings(service.settings.changed(opacity=value))
            now_s[0] += 0.5

    drag(0.7, 0.6, 0.5)
    now_s[0] += 1.0
    drag(0.4, 0.3)
    for wanted in (0.5, 0.75):
        settings = preview.step_back()
        assert settings is not None
        service.apply_settings(settings)
        assert settings.opacity == wanted
    assert preview.step_back() is None


def test_defaults_are_those_of_the_page_in_front(
    closable: HeatmapSettingsTab, service: PreparedService, store: QSettings
) -> None:
    closable.findChild(QTabWidget, "pages").setCurrentIndex(1)
    for change in (
        choose("palette", "ice"),
        switch("colour_bar", False),
        turn("cluster_interval_s", 9),
        turn("retention_days", 30),
    ):
        change(closable)
    changed = service.settings
    closable.findChild(QPushButton, "page_defaults").click()
    kept = {"palette": "ice", "retention_days": 30}
    assert service.settings == HeatmapSettings(enabled=True).changed(**kept)
    assert sorted(store.allKeys()) == ["Heatmap/palette", "Heatmap/retention_days"]
    closable.findChild(QPushButton, "undo").click()
    assert service.settings == changed
    assert load_settings(store, HeatmapSettings(enabled=True)) == changed


# -- export and import ------------------------------------------------------------------------


def test_an_exported_file_brings_the_settings_back_and_undo_takes_them_away(
    closable: HeatmapSettingsTab, service: PreparedService, store: QSettings, tmp_path: Path
) -> None:
    path, words = tmp_path / "a b.json", closable.findChild(QLabel, "take_along_words")
    wanted = service.settings.changed(window="7d", clip_usd=250_000.0, symbols=("ETHUSDT",))
    service.apply_settings(wanted)
    closable.take_along.export_to(str(path))
    assert words.text() == "Written to a b.json"
    before = wanted.changed(window="2h", clip_usd=None, enabled=False)
    service.apply_settings(before)
    closable.take_along.import_from(str(path))
    assert service.settings == wanted
    assert words.text() == "a b.json: 3 changed"
    assert sorted(store.allKeys()) == ["Heatmap/clip_usd", "Heatmap/enabled", "Heatmap/window"]
    closable.findChild(QPushButton, "undo").click()
    assert service.settings == before
    assert store.allKeys() == []


@pytest.mark.parametrize(
    ("text", "lines", "palette"),
    [
        ("{", ["x.json: not JSON: line 1, column 2 cannot be read. Nothing was changed."], None),
        ("[]", ["x.json: not settings of the heatmap. Nothing was changed."], None),
        (b"\xff\xfe", ["x.json: not settings of the heatmap. Nothing was changed."], None),
        (
            {"window": "9h", "colour": 1, "palette": "ice"},
            [
                "x.json: 1 changed",
                'Time span: "9h" cannot be used',
                "“colour” is no setting of this version",
            ],
            "ice",
        ),
    ],
)
def test_what_of_a_file_cannot_be_used_has_a_line_and_nothing_is_lost(
    closable: HeatmapSettingsTab,
    service: PreparedService,
    tmp_path: Path,
    text: object,
    lines: list[str],
    palette: str | None,
) -> None:
    path = tmp_path / "x.json"
    if isinstance(text, dict):
        text = json.dumps({"heatmap_settings": 1, "settings": text})
    path.write_bytes(text if isinstance(text, bytes) else str(text).encode())
    before = service.settings
    closable.take_along.import_from(str(path))
    assert closable.findChild(QLabel, "take_along_words").text().splitlines() == lines
    assert service.settings == (before if palette is None else before.changed(palette=palette))


def test_a_file_that_cannot_be_written_or_read_is_told(
    closable: HeatmapSettingsTab, service: PreparedService, tmp_path: Path
) -> None:
    words, before = closable.findChild(QLabel, "take_along_words"), service.settings
    closable.take_along.export_to(str(tmp_path / "none" / "x.json"))
    assert words.text().startswith("x.json: it cannot be written: ")
    closable.take_along.import_from(str(tmp_path / "y.json"))
    assert words.text().startswith("y.json: it cannot be read: ")
    assert service.settings == before


# -- the window's dock ------------------------------------------------------------------------


@pytest.mark.parametrize("width", [1000, 1440])
def test_the_windows_settings_are_beside_the_chart_and_block_nothing(
    qtbot: Any, service: PreparedService, store: QSettings, width: int
) -> None:
    window, chart = QMainWindow(), QWidget()
    QVBoxLayout(chart).addWidget(QPushButton("chart"))
    window.setCentralWidget(chart)
    qtbot.addWidget(window)
    window.resize(width, 700)
    window.show()
    dock = SettingsDock(service, store, "dark", window)
    dock.open_beside(window)
    assert not dock.isModal()
    assert chart.isEnabled()
    # A narrow window keeps its chart: the settings float.
    assert dock.isFloating() is (width < 1300)
    qtbot.waitUntil(lambda: dock.width() == WIDTH, timeout=5_000)
    choose("palette", "ice")(dock.tab)
    enter("symbols", "9 9")(dock.tab)
    close = dock.findChild(QPushButton, "close")
    close.click()
    assert dock.isVisible()
    enter("symbols", "ETHUSDT")(dock.tab)
    with qtbot.waitSignal(dock.destroyed, timeout=10_000):
        qtbot.mouseClick(close, Qt.MouseButton.LeftButton)
    # Closed is not taken back.
    assert service.settings.palette == "ice"
    assert load_settings(store).symbols == ("BTCUSDT", "ETHUSDT")
