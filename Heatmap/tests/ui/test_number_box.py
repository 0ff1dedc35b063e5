"""Numbers as they are typed: a point and a comma are the same, and no magnitude is guessed."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PyQt6.QtCore import QLocale, Qt
from PyQt6.QtWidgets import QCheckBox, QDoubleSpinBox, QLabel

from Heatmap import HeatmapSettings
from Heatmap.heatmap_settings import CLUSTER_WINDOW_PCT, SETTINGS
from Heatmap.setting_fields import Number
from Heatmap.tests.ui.prepared_service import PreparedService
from Heatmap.ui import HeatmapSettingsTab
from Heatmap.ui.settings.number_box import NumberBox, read_number

LOCALES = ("en_US", "de_DE", "de_CH", "fr_FR", "en_IN", "C", "pl_PL", "es_ES")


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2.5", 2.5),
        ("2,5", 2.5),
        (".5", 0.5),
        (",5", 0.5),
        ("0.125", 0.125),
        ("0,125", 0.125),
        ("12.50", 12.5),
        ("12,5000", 12.5),
        ("1 000", 1000.0),
        ("1\u202f000,5", 1000.5),
        ("1'000.5", 1000.5),
        ("1.000.000", 1_000_000.0),
        ("1,000,000", 1_000_000.0),
        ("1,00,000.5", 100_000.5),
        ("1,234.5", 1234.5),
        ("1.234,5", 1234.5),
        ("-3,25", -3.25),
        ("7", 7.0),
    ],
)
def test_a_number_means_what_it_looks_like_in_every_locale(
    locale: str, text: str, value: float
) -> None:
    assert read_number(text, QLocale(locale)) == value


@pytest.mark.parametrize(
    ("locale", "text", "value"),
    [
        ("en_US", "1,000", 1000.0),
        ("en_US", "1.000", 1.0),
        ("de_DE", "1.000", 1000.0),
        ("de_DE", "1,000", 1.0),
    ],
)
def test_a_lone_group_of_three_is_read_as_the_locale_writes_it(
    locale: str, text: str, value: float
) -> None:
    assert read_number(text, QLocale(locale)) == value


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize(
    "text", ["", ".", ",", "1..5", "1,5,5", "1.2.3,4", "1,23.456.7", "12a", "1e3", "1000,000,00"]
)
def test_what_means_no_number_is_none(locale: str, text: str) -> None:
    assert read_number(text, QLocale(locale)) is None


@given(st.floats(-1e9, 1e9), st.sampled_from(LOCALES), st.integers(0, 6))
def test_what_a_locale_writes_is_read_back(value: float, name: str, decimals: int) -> None:
    locale = QLocale(name)
    shown = locale.toString(value, "f", decimals)
    read = read_number(shown.replace("\u2212", "-"), locale)
    assert read == pytest.approx(round(value, decimals), abs=10.0**-decimals)


def typed(qtbot: Any, box: QDoubleSpinBox, text: str) -> None:
    box.setFocus()
    box.selectAll()
    qtbot.keyClicks(box, text)
    qtbot.keyClick(box, Qt.Key.Key_Return)


NUMBERS = [
    name
    for name, record in SETTINGS.items()
    if isinstance(record.kind, Number) and not record.kind.is_slider and record.kind.decimals
]


@pytest.mark.parametrize("locale", ["en_US", "de_DE", "fr_FR"])
@pytest.mark.parametrize("name", NUMBERS)
def test_every_number_field_takes_a_point_and_a_comma(
    qtbot: Any, service: PreparedService, name: str, locale: str
) -> None:
    kind = SETTINGS[name].kind
    assert isinstance(kind, Number)
    shown = kind.low * kind.factor + 2.5 if name == "clip_percentile" else 2.5
    for text in (f"{shown:g}", f"{shown:g}".replace(".", ",")):
        tab = HeatmapSettingsTab(service)
        qtbot.addWidget(tab)
        box = tab.findChild(NumberBox, name)
        box.setLocale(QLocale(locale))
        service.apply_settings(HeatmapSettings(enabled=True))
        tab.show()
        typed(qtbot, box, text)
        assert getattr(service.settings, name) == pytest.approx(shown / kind.factor), text


@pytest.mark.parametrize("locale", ["en_US", "de_DE"])
@pytest.mark.parametrize("text", ["1.2.3,4,5", "999999", "0,0000001"])
def test_a_text_that_is_no_number_of_the_field_keeps_the_old_value_and_is_told(
    qtbot: Any, service: PreparedService, locale: str, text: str
) -> None:
    tab = HeatmapSettingsTab(service)
    qtbot.addWidget(tab)
    box = tab.findChild(NumberBox, "cluster_window_pct")
    box.setLocale(QLocale(locale))
    tab.show()
    typed(qtbot, box, text)
    assert service.settings.cluster_window_pct == HeatmapSettings().cluster_window_pct
    assert text in tab.findChild(QLabel, "cluster_window_pct_refusal").text()
    assert tab.findChild(QLabel, "message").text() == "Not valid: Widest price range"
    # The next good one is taken, and the message goes.
    typed(qtbot, box, "3")
    assert service.settings.cluster_window_pct == pytest.approx(0.03)
    assert tab.findChild(QLabel, "message").text() == ""


def test_a_number_that_may_be_automatic_has_a_switch_for_it(
    qtbot: Any, service: PreparedService
) -> None:
    tab = HeatmapSettingsTab(service)
    qtbot.addWidget(tab)
    box = tab.findChild(NumberBox, "cluster_window_pct")
    automatic = tab.findChild(QCheckBox, "cluster_window_pct_auto")
    assert automatic.isChecked()
    automatic.setChecked(False)
    # It begins with what counts where there is no chart.
    assert service.settings.cluster_window_pct == pytest.approx(CLUSTER_WINDOW_PCT)
    automatic.setChecked(True)
    assert service.settings.cluster_window_pct is None
    # A number takes the place of the automatic one.
    box.setValue(3.5)
    assert service.settings.cluster_window_pct == pytest.approx(0.035)
    assert not automatic.isChecked()
    service.apply_settings(HeatmapSettings())
    assert automatic.isChecked()


@pytest.mark.parametrize("locale", ["en_US", "de_DE"])
def test_an_amount_takes_the_letters_that_amounts_are_written_with(qtbot: Any, locale: str) -> None:
    box = NumberBox()
    qtbot.addWidget(box)
    box.setLocale(QLocale(locale))
    box.setRange(1, 1e12)
    box.setKeyboardTracking(False)
    box.take_units({"k": 1e3, "m": 1e6})
    for text, value in (("500k", 500_000), ("2,5M", 2_500_000), ("750 K", 750_000), ("7", 7)):
        box.selectAll()
        qtbot.keyClicks(box, text)
        qtbot.keyClick(box, Qt.Key.Key_Return)
        assert box.value() == value
