"""The settings tab: legible, reached by the keyboard, explained, and translatable."""

from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from string import ascii_lowercase
from typing import Any

import pytest
from PyQt6.QtCore import QCoreApplication, QSettings, Qt
from PyQt6.QtGui import QColor
from PyQt6.QtQml import QJSEngine
from PyQt6.QtWidgets import (
    QAbstractButton,
    QCheckBox,
    QComboBox,
    QDialog,
    QDoubleSpinBox,
    QGroupBox,
    QLabel,
    QLineEdit,
    QPushButton,
    QRadioButton,
    QScrollArea,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from Heatmap.errors import Failure, FailureKind
from Heatmap.feeds.page.scripts import read_script
from Heatmap.heatmap_settings import PALETTES
from Heatmap.ingestion.connection.supervisor import ConnectionState
from Heatmap.ingestion.recorder.recorder_status import RecorderStatus
from Heatmap.ingestion.recorder.retention import RetentionStatus
from Heatmap.ingestion.recorder.standby import SinkRole
from Heatmap.tests.ui.marking_translator import MarkingTranslator
from Heatmap.tests.ui.prepared_service import PreparedService
from Heatmap.tests.ui.settings_controls import DAY_MS, FIELDS, enter, interactive, is_inner, pages
from Heatmap.ui import HeatmapSettingsTab
from Heatmap.ui.layer.page_scripts import call_script
from Heatmap.ui.palettes import SWATCH_STEPS, swatch_colours
from Heatmap.ui.settings.look import indicator_width
from Heatmap.ui.settings.marked_buttons import MarkedBox, MarkedRadio
from Heatmap.ui.settings.segments import Segments
from Heatmap.ui.status_panel import StatusPanel


def failed(text: str) -> Failure:
    return Failure(FailureKind.OTHER, {"text": text})


def test_every_widget_with_a_text_or_a_value_says_what_it_is_for(tab: HeatmapSettingsTab) -> None:
    found = interactive(tab)
    assert len(found) >= len(FIELDS) + 5
    labels = [label for label in tab.findChildren(QLabel) if not is_inner(label)]
    for widget in (*found, *labels, *tab.findChildren(QGroupBox)):
        assert widget.toolTip(), widget.objectName() or widget.text()
    box = tab.findChild(QTabWidget, "pages")
    assert all(box.tabToolTip(index) for index in range(box.count()))


def test_the_tab_key_walks_each_page_from_top_to_bottom(tab: HeatmapSettingsTab) -> None:
    tab.resize(700, 600)
    box = tab.findChild(QTabWidget, "pages")
    for index in range(box.count()):
        box.setCurrentIndex(index)
        page = box.widget(index).widget()
        reachable = [
            widget.focusProxy() if isinstance(widget, Segments) else widget
            for widget in interactive(page)
            if widget.isEnabled() and widget.isVisibleTo(page)
        ]
        assert all(widget.focusPolicy() & Qt.FocusPolicy.TabFocus for widget in reachable)
        chain, widget = [], tab.nextInFocusChain()
        while widget is not tab:
            if widget in reachable:
                chain.append(widget)
            widget = widget.nextInFocusChain()
        assert len(chain) == len(reachable)
        places = [widget.mapTo(tab, widget.rect().center()) for widget in chain]
        for one, other in pairwise(places):
            # In a row from left to right.
            is_in_row = abs(other.y() - one.y()) < 6
            assert other.x() > one.x() if is_in_row else other.y() > one.y()


@pytest.mark.parametrize(("ground", "ink"), [("#14171f", "#e4e8ef"), ("#fbfbfb", "#202020")])
def test_unchecked_marks_are_seen_below_a_plain_style_sheet_of_a_host(
    tab: HeatmapSettingsTab, ground: str, ink: str
) -> None:
    tab.setStyleSheet(f"QWidget {{ background: {ground}; color: {ink}; }}")
    found = [*tab.findChildren(QCheckBox), *tab.findChildren(QRadioButton)]
    assert {type(one) for one in found} == {MarkedBox, MarkedRadio}
    for box in (tab.findChild(QCheckBox, "enabled"), tab.findChild(QRadioButton)):
        box.setAutoExclusive(False)
        box.setChecked(False)
        picture = box.grab().toImage()
        # The mark stands at the left of the words.
        mark = [
            picture.pixelColor(x, y).lightness()
            for x in range(indicator_width(box) - 2)
            for y in range(picture.height())
        ]
        assert max(abs(one - QColor(ground).lightness()) for one in mark) > 50


def mnemonic(text: str) -> str:
    _before, found, after = text.replace("&&", "").partition("&")
    return after[0].lower() if found else ""


def labelled(parent: QWidget) -> list[str]:
    buttons = [widget.text() for widget in parent.findChildren(QAbstractButton)]
    return [*buttons, *(label.text() for label in parent.findChildren(QLabel) if label.buddy())]


def test_mnemonics_are_unique_on_what_is_seen_at_once(tab: HeatmapSettingsTab) -> None:
    box = tab.findChild(QTabWidget, "pages")
    always = [box.tabText(index) for index in range(box.count())]
    always += [tab.findChild(QCheckBox, "enabled").text()]
    always += [tab.findChild(QPushButton, name).text() for name in ("page_defaults", "undo")]
    for page in pages(tab):
        keys = [key for text in [*always, *labelled(page)] if (key := mnemonic(text))]
        twice = [key for key, count in Counter(keys).items() if count > 1]
        free = sorted(set(ascii_lowercase) - {*keys, "o", "c"})
        assert twice == [], f"free on this page: {' '.join(free)}"
        # The buttons of a dialog: OK and Cancel.
        assert not {"o", "c"} & set(keys)


def test_every_row_can_be_reached_by_its_mnemonic(tab: HeatmapSettingsTab) -> None:
    for row in tab._rows:
        text = row.label
        if not text:
            assert isinstance(row.control, QCheckBox)
            text = row.control.text()
        assert mnemonic(text), text
    buddies = {label.buddy() for label in tab.findChildren(QLabel) if label.buddy()}
    # Reached by what chooses between them.
    radios = {"clip_percentile", "clip_usd", "bubble_least_usd"}
    for row in tab._rows:
        if row.label and row.control.objectName() not in radios:
            assert row.control in buddies


@pytest.mark.parametrize(("width", "height"), [(700, 560), (700, 400), (1, 400)])
def test_nothing_is_cut_off_in_a_dialog_of_700_pixels_or_of_the_least_width(
    qtbot: Any, service: PreparedService, width: int, height: int
) -> None:
    dialog = QDialog()
    layout = QVBoxLayout(dialog)
    tab = HeatmapSettingsTab(service)
    layout.addWidget(tab)
    qtbot.addWidget(dialog)
    service.recorder = RecorderStatus(
        storage_notices=(failed("/a/long/folder/of/a/user" * 8),),
        storage_fault=failed("unbroken" * 40),
        last_failure=failed("word " * 60),
    )
    assert dialog.minimumSizeHint().width() <= 700
    # What is amiss takes a few lines more, at the end of the page of recording.
    assert dialog.sizeHint().height() <= 1000
    dialog.resize(width, height)
    dialog.show()
    box = tab.findChild(QTabWidget, "pages")
    for index in range(box.count()):
        box.setCurrentIndex(index)
        QCoreApplication.processEvents()
        area = box.widget(index)
        assert isinstance(area, QScrollArea)
        page = area.widget()
        # Upwards and downwards it scrolls; to the side there is room for all.
        assert page.width() <= area.viewport().width()
        assert page.height() >= page.minimumSizeHint().height()
        for widget in [*interactive(page), *page.findChildren(QLabel)]:
            if not widget.isVisible() or is_inner(widget):
                continue
            assert widget.mapTo(page, widget.rect().topRight()).x() <= page.width()
            if isinstance(widget, QLabel) and widget.wordWrap():
                assert widget.height() >= widget.heightForWidth(widget.width())
            else:
                assert widget.width() >= widget.minimumSizeHint().width()
                assert widget.height() >= widget.minimumSizeHint().height()


@pytest.fixture
def marking() -> Iterator[None]:
    translator = MarkingTranslator()
    assert QCoreApplication.installTranslator(translator)
    yield
    QCoreApplication.removeTranslator(translator)


def all_texts(tab: HeatmapSettingsTab) -> list[str]:
    texts = [widget.toolTip() for widget in tab.findChildren(QWidget) if not is_inner(widget)]
    texts += [label.text() for label in tab.findChildren(QLabel)]
    texts += [button.text() for button in tab.findChildren(QAbstractButton)]
    texts += [group.title() for group in tab.findChildren(QGroupBox)]
    for box in tab.findChildren(QComboBox):
        texts += [box.itemText(index) for index in range(box.count())]
    texts += [spin.suffix() for spin in tab.findChildren(QDoubleSpinBox)]
    texts += [edit.placeholderText() for edit in tab.findChildren(QLineEdit)]
    tabs = tab.findChild(QTabWidget, "pages")
    for index in range(tabs.count()):
        texts.extend((tabs.tabText(index), tabs.tabToolTip(index)))
    return [text for text in texts if text]


@pytest.mark.usefixtures("marking")
def test_every_text_can_be_translated(
    qtbot: Any, service: PreparedService, store: QSettings
) -> None:
    store.setValue("Heatmap/window", "9h")
    store.setValue("Heatmap/forgotten", "9h")
    service.recorder = RecorderStatus(
        retention=RetentionStatus(30 * DAY_MS, 14 * DAY_MS, 5), without_heartbeat=("BTCUSDT",)
    )
    service.measured = [{"clip_usd": 5.0, "rebuild_ms": 1.0, "frames": 3.0}]
    tab = HeatmapSettingsTab(service, store)
    qtbot.addWidget(tab)
    tab.show()
    box = tab.findChild(QTabWidget, "pages")
    for index in range(box.count()):
        box.setCurrentIndex(index)
    texts = all_texts(tab)
    assert len(texts) > 150
    # The dash says that nothing is known; the path is the file's, the symbol the exchange's.
    path = str(service.database)
    spared = {"–", path, "BTCUSDT"}  # noqa: RUF001
    plain = [text.replace("\u200b", "") for text in texts]
    assert [text for text in plain if "«" not in text and text not in spared] == []
    enter("resolution", "many")(tab)
    enter("symbols", "9 9")(tab)
    for name in ("message", "resolution_refusal", "symbols_refusal"):
        assert tab.findChild(QLabel, name).text().startswith("«"), name


@pytest.mark.usefixtures("marking")
@pytest.mark.parametrize("recorder_of", ["none", "blind", "quiet", "connected", "standby"])
def test_every_word_of_the_status_can_be_translated(
    qtbot: Any, service: PreparedService, recorder_of: str
) -> None:
    now_ms = service.now_ms
    live: dict[str, Any] = {
        "connection": ConnectionState.LIVE,
        "connected_since_ms": now_ms - 5_000,
    }
    prepared: dict[str, RecorderStatus | None] = {
        "none": None,
        "blind": RecorderStatus(),
        "quiet": RecorderStatus(**live),
        "connected": RecorderStatus(**live, proven=True, last_event_ms=now_ms - 3 * DAY_MS),
        "standby": RecorderStatus(role=SinkRole.STANDBY, not_recorded=("ALL",), overflowed=3),
    }
    service.recorder = prepared[recorder_of]
    panel = StatusPanel(service)
    qtbot.addWidget(panel)
    panel.refresh()
    texts = panel.texts()
    for name in ("connection", "role", "attention", "error"):
        assert all(line.startswith("«") for line in texts[name].splitlines()), texts[name]
    for name in ("since", "last"):
        assert texts[name] == "–" or "«" in texts[name]  # noqa: RUF001


def test_palettes_are_offered_with_their_swatches(tab: HeatmapSettingsTab) -> None:
    box = tab.findChild(QComboBox, "palette")
    assert [box.itemData(index) for index in range(box.count())] == list(PALETTES)
    pictures = [
        box.itemIcon(index).pixmap(box.iconSize()).toImage() for index in range(box.count())
    ]
    for name, picture in zip(PALETTES, pictures, strict=True):
        for step, colour in enumerate(swatch_colours(name)):
            x = min(round(step / (SWATCH_STEPS - 1) * picture.width()), picture.width() - 1)
            drawn = picture.pixelColor(x, picture.height() // 2).getRgb()
            pairs = zip(drawn, QColor(colour).getRgb(), strict=True)
            # Between two steps the colours run into each other.
            assert max(abs(one - other) for one, other in pairs) <= 8, (name, step)


def test_swatches_are_the_pages_own_colours() -> None:
    engine = QJSEngine()
    engine.evaluate(read_script("heatmap_palette.js"))
    for name in PALETTES:
        colours = swatch_colours(name)
        assert len(colours) == SWATCH_STEPS
        for step, colour in enumerate(colours):
            place = step / (SWATCH_STEPS - 1)
            script = call_script("OrderPilotHeatmap.palette.colourAt", name, place)
            rgb = engine.evaluate(script).toVariant()
            assert colour == "#" + bytes(map(round, rgb)).hex(), (name, step)
    with pytest.raises(KeyError):
        swatch_colours("none")
