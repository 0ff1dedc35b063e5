"""The settings tab: what is changed applies and is stored at once, and can be taken back."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PyQt6.QtCore import QSettings, Qt
from PyQt6.QtWidgets import QCheckBox, QComboBox, QLineEdit, QSlider

from Heatmap import HeatmapService, HeatmapSettings
from Heatmap.heatmap_settings import PALETTES
from Heatmap.ui import HeatmapSettingsTab, load_settings
from Heatmap.ui.palettes import SWATCH_STEPS, swatch_colours


@pytest.fixture
def store(tmp_path: Path) -> QSettings:
    return QSettings(str(tmp_path / "host.ini"), QSettings.Format.IniFormat)


@pytest.fixture
def service(qt_loop: Any, tmp_path: Path) -> HeatmapService:
    assert qt_loop is not None
    return HeatmapService(HeatmapSettings(enabled=True), db=tmp_path / "x.sqlite3")


@pytest.fixture
def tab(qtbot: Any, service: HeatmapService, store: QSettings) -> HeatmapSettingsTab:
    made = HeatmapSettingsTab(service, store)
    qtbot.addWidget(made)
    made.show()
    return made


CHANGES: dict[str, tuple[Callable[[HeatmapSettingsTab], Any], object]] = {
    "enabled": (lambda tab: tab.findChild(QCheckBox, "enabled").setChecked(False), False),
    "opacity": (lambda tab: tab.findChild(QSlider, "opacity").setValue(33), 0.33),
    "window": (lambda tab: choose(tab, "window", "2d"), "2d"),
    "palette": (lambda tab: choose(tab, "palette", "ice"), "ice"),
    "normalization": (lambda tab: choose(tab, "normalization", "log"), "log"),
    "decay": (lambda tab: choose(tab, "decay", "off"), "off"),
    "shape": (lambda tab: choose(tab, "shape", "spots"), "spots"),
    "side": (lambda tab: choose(tab, "side", "longs"), "longs"),
    "gap_hatch": (lambda tab: tab.findChild(QCheckBox, "gap_hatch").setChecked(False), False),
    "colour_bar": (lambda tab: tab.findChild(QCheckBox, "colour_bar").setChecked(False), False),
    "source_line": (lambda tab: tab.findChild(QCheckBox, "source_line").setChecked(False), False),
    "resolution": (lambda tab: enter(tab, "240x920"), "240x920"),
}


def choose(tab: HeatmapSettingsTab, name: str, key: str) -> None:
    box = tab.findChild(QComboBox, name)
    box.setCurrentIndex(box.findData(key))


def enter(tab: HeatmapSettingsTab, text: str) -> None:
    edit = tab.findChild(QLineEdit, "resolution")
    edit.setText(text)
    edit.editingFinished.emit()


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_applies_and_is_stored_at_once(
    name: str, tab: HeatmapSettingsTab, service: HeatmapService, store: QSettings
) -> None:
    change, expected = CHANGES[name]
    before = service.settings
    change(tab)
    assert service.settings == before.changed(**{name: expected})
    assert getattr(load_settings(store), name) == expected
    # Only what was changed is stored: the rest follows the defaults of a later version.
    assert store.allKeys() == [f"Heatmap/{name}"]


def test_cancel_takes_everything_back(
    tab: HeatmapSettingsTab, service: HeatmapService, store: QSettings
) -> None:
    before = service.settings
    for change, _expected in CHANGES.values():
        change(tab)
    assert service.settings != before
    tab.restore()
    assert service.settings == before
    assert load_settings(store, HeatmapSettings(enabled=True)) == before


def test_cancel_stores_no_option_of_this_run_only(
    qtbot: Any, service: HeatmapService, store: QSettings
) -> None:
    store.setValue("Heatmap/opacity", "0.8")
    service.apply_settings(service.settings.changed(opacity=0.3, palette="ice"))
    tab = HeatmapSettingsTab(service, store)
    qtbot.addWidget(tab)
    CHANGES["opacity"][0](tab)
    choose(tab, "palette", "inferno")
    tab.restore()
    assert service.settings.opacity == 0.3
    assert store.value("Heatmap/opacity") == "0.8"
    assert store.allKeys() == ["Heatmap/opacity"]


def test_a_resolution_that_cannot_be_read_is_refused_in_words(
    tab: HeatmapSettingsTab, service: HeatmapService
) -> None:
    before = service.settings
    enter(tab, "many")
    assert service.settings == before
    assert "many" in tab.problem_text()
    enter(tab, "3px")
    assert service.settings.resolution == "3px"
    assert tab.problem_text() == ""


def test_the_tab_follows_changes_from_elsewhere(
    tab: HeatmapSettingsTab, service: HeatmapService, store: QSettings
) -> None:
    service.apply_settings(service.settings.changed(opacity=0.2, window="8h", enabled=False))
    assert tab.findChild(QSlider, "opacity").value() == 20
    assert tab.findChild(QComboBox, "window").currentData() == "8h"
    assert not tab.findChild(QCheckBox, "enabled").isChecked()
    assert store.allKeys() == []


def test_a_tab_that_is_gone_is_not_told_any_more(
    qtbot: Any, service: HeatmapService, store: QSettings
) -> None:
    tab = HeatmapSettingsTab(service, store)
    with qtbot.waitSignal(tab.destroyed):
        tab.deleteLater()
    service.apply_settings(service.settings.changed(opacity=0.1))


def test_every_control_can_be_reached_by_the_keyboard_and_says_what_it_does(
    tab: HeatmapSettingsTab,
) -> None:
    controls = [
        child
        for kind in (QCheckBox, QComboBox, QSlider, QLineEdit)
        for child in tab.findChildren(kind)
        if child.objectName() in CHANGES
    ]
    assert len(controls) == len(CHANGES)
    for control in controls:
        assert control.focusPolicy() & Qt.FocusPolicy.TabFocus
        assert control.toolTip()
    assert tab.sizeHint().width() < 700


def test_swatches_are_the_pages_own_colours() -> None:
    for name in PALETTES:
        colours = swatch_colours(name)
        assert len(colours) == SWATCH_STEPS
        assert len(set(colours)) == SWATCH_STEPS
    with pytest.raises(KeyError):
        swatch_colours("none")


def test_a_store_of_an_older_version_is_repaired(store: QSettings) -> None:
    store.setValue("Heatmap/window", "9h")
    store.setValue("Heatmap/opacity", "0.4")
    store.setValue("Heatmap/forgotten", "1")
    store.setValue("Heatmap/symbols", ["BTCUSDT", "ETHUSDT"])
    store.setValue("Other/window", "8h")
    settings = load_settings(store)
    assert settings == HeatmapSettings(opacity=0.4, symbols=("BTCUSDT", "ETHUSDT"))
