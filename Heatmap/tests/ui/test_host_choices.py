"""Rows that a host adds to the settings: they show what is so, and go with Undo and Defaults."""

from typing import Any

import pytest
from PyQt6.QtWidgets import QComboBox, QPushButton, QTabWidget

from Heatmap.tests.ui.settings_controls import control
from Heatmap.ui import HeatmapSettingsTab, HostChoice
from Heatmap.ui.settings.segments import Segments


class Axis:
    """What a host has chosen, and how often it was told to."""

    def __init__(self) -> None:
        self.value, self.language, self.told = "log", "en", 0

    def choose(self, value: str) -> None:
        self.value, self.told = value, self.told + 1

    def speak(self, language: str) -> None:
        self.language = language


def test_a_row_of_the_hosts_is_shown_undone_and_set_to_its_default(
    qtbot: Any, tab: HeatmapSettingsTab
) -> None:
    axis = Axis()
    many = [(f"zone {number}", f"Zone {number}") for number in range(30)]
    tab.add_choices(
        "chart",
        "Axes",
        [
            HostChoice(
                "axis",
                "A&xis",
                "How prices are laid out",
                [("linear", "Linear"), ("log", "Log"), ("percent", "Percent")],
                lambda: axis.value,
                axis.choose,
                default="linear",
            ),
            HostChoice(
                "language",
                "Langua&ge",
                "Of all windows",
                [("en", "English"), ("de", "Deutsch"), *many],
                lambda: axis.language,
                axis.speak,
            ),
        ],
    )
    tab.findChild(QTabWidget, "pages").setCurrentIndex(1)
    row, language = control(tab, "axis"), control(tab, "language")
    assert isinstance(row, Segments)
    # What has no room side by side is a list.
    assert isinstance(language, QComboBox)
    assert row.currentData() == "log"
    assert axis.told == 0
    # Changed elsewhere, such as by a key.
    axis.value = "percent"
    qtbot.waitUntil(lambda: row.currentData() == "percent", timeout=10_000)
    assert axis.told == 0
    row.setCurrentIndex(row.findData("log"))
    assert axis.value == "log"
    undo = tab.findChild(QPushButton, "undo")
    assert undo.isEnabled()
    undo.click()
    assert axis.value == row.currentData() == "percent"
    assert not undo.isEnabled()
    language.setCurrentIndex(language.findData("de"))
    assert axis.language == "de"
    # Another language cannot be undone by words that nobody reads any more.
    assert not undo.isEnabled()
    tab.findChild(QPushButton, "page_defaults").click()
    assert axis.value == row.currentData() == "linear"
    assert axis.language == "de"
    undo.click()
    assert axis.value == row.currentData() == "percent"


def test_no_other_page_than_there_is(tab: HeatmapSettingsTab) -> None:
    with pytest.raises(ValueError, match="weather"):
        tab.add_choices("weather", "Axes", [])
