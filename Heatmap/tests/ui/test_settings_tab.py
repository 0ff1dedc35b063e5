"""The settings tab: what is changed applies and is stored at once, and can be taken back."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PyQt6.QtCore import QCoreApplication, QSettings, Qt
from PyQt6.QtWidgets import (
    QAbstractButton,
    QCheckBox,
    QComboBox,
    QDialog,
    QDoubleSpinBox,
    QLabel,
    QLineEdit,
    QPushButton,
    QRadioButton,
    QSlider,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from Heatmap import HeatmapService, HeatmapSettings
from Heatmap.domain.events import DataKind
from Heatmap.errors import SettingsError
from Heatmap.heatmap_settings import SETTINGS
from Heatmap.ingestion.recorder.recorder_status import RecorderStatus
from Heatmap.ingestion.recorder.retention import RetentionStatus
from Heatmap.tests.ui.prepared_service import PreparedService
from Heatmap.tests.ui.settings_controls import (
    CHANGES,
    DAY_MS,
    FIELDS,
    choose,
    control,
    enter,
    turn,
    turn_to_page_of,
)
from Heatmap.ui import HeatmapSettingsTab, load_settings
from Heatmap.ui.settings.segments import Segments
from Heatmap.ui.settings.symbol_rows import SymbolRows


def test_every_field_of_the_settings_has_a_control_that_takes_part(tab: HeatmapSettingsTab) -> None:
    for name in FIELDS:
        control(tab, name)
    assert set(CHANGES) == set(FIELDS)
    shown = [name for row in tab._rows for name in row.names]
    assert sorted(shown) == sorted(FIELDS)


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_applies_and_is_stored_at_once(
    name: str, tab: HeatmapSettingsTab, service: HeatmapService, store: QSettings
) -> None:
    change, expected = CHANGES[name]
    before = service.settings
    change(tab)
    assert service.settings == before.changed(**{name: expected})
    tab.hide()
    assert getattr(load_settings(store), name) == expected
    # Only what was changed is stored: the rest follows the defaults of a later version.
    assert store.allKeys() == [f"Heatmap/{name}"]


@pytest.mark.parametrize("name", CHANGES)
def test_a_value_from_elsewhere_is_shown_and_neither_applied_nor_stored(
    name: str, qtbot: Any, service: HeatmapService, store: QSettings
) -> None:
    other, expected = HeatmapSettingsTab(service), CHANGES[name][1]
    qtbot.addWidget(other)
    watched = HeatmapSettingsTab(service, store)
    qtbot.addWidget(watched)
    CHANGES[name][0](other)
    assert getattr(service.settings, name) == expected
    assert store.allKeys() == []
    assert content(control(watched, name)) == content(control(other, name))
    assert content(control(watched, name)) != content(control(fresh(qtbot, service), name))


def fresh(qtbot: Any, service: HeatmapService) -> HeatmapSettingsTab:
    """Make a tab of a service that nobody has changed."""
    made = HeatmapSettingsTab(PreparedService(service.database))
    qtbot.addWidget(made)
    return made


def content(widget: QWidget) -> object:
    if isinstance(widget, SymbolRows):
        return widget.cards.symbols
    if isinstance(widget, QAbstractButton):
        return widget.isChecked()
    if isinstance(widget, QComboBox | Segments):
        return widget.currentData()
    if isinstance(widget, QSlider):
        return widget.value()
    if isinstance(widget, QDoubleSpinBox):
        return widget.value(), widget.isEnabled()
    assert isinstance(widget, QLineEdit)
    return widget.text()


@pytest.mark.parametrize(
    "name",
    [
        name
        for name in FIELDS
        if not isinstance(HeatmapSettings.__dataclass_fields__[name].default, bool | str | tuple)
    ],
)
def test_a_number_can_be_entered_exactly_as_far_as_it_is_allowed(
    name: str, tab: HeatmapSettingsTab
) -> None:
    box = control(tab, name)
    if isinstance(box, QSlider):
        low, high = box.minimum() / 100, box.maximum() / 100
    else:
        assert isinstance(box, QDoubleSpinBox)
        factor = 100 if name == "cluster_window_pct" else 1
        low, high = box.minimum() / factor, box.maximum() / factor
    for value, beyond in ((low, low - 0.5 - abs(low)), (high, high * 2)):
        number = round(value) if isinstance(getattr(HeatmapSettings(), name), int) else value
        HeatmapSettings().changed(**{name: number})
        with pytest.raises(SettingsError):
            HeatmapSettings().changed(**{name: beyond})
    if name != "clip_usd":
        assert (low, high) == pytest.approx(SETTINGS.range(name))


@pytest.mark.parametrize("heat", ["predicted", "both"])
def test_what_acts_on_recorded_heat_only_is_grey_where_levels_are_drawn(
    heat: str, tab: HeatmapSettingsTab, service: HeatmapService
) -> None:
    names = {name for name, record in SETTINGS.items() if record.is_of_recorded}
    assert names == {"shape", "decay", "price_profile", "level_tags"}
    assert all(SETTINGS[name].help.startswith("Recorded heat") for name in names)
    assert all(control(tab, name).isEnabled() for name in names)
    choose("heat", heat)(tab)
    assert not any(control(tab, name).isEnabled() for name in names)
    assert control(tab, "window").isEnabled()
    service.apply_settings(service.settings.changed(heat="recorded"))
    assert all(control(tab, name).isEnabled() for name in names)


# -- taking back ------------------------------------------------------------------------------


def test_restore_takes_everything_back(
    tab: HeatmapSettingsTab, service: HeatmapService, store: QSettings
) -> None:
    before = service.settings
    for change, _expected in CHANGES.values():
        change(tab)
    assert service.settings == before.changed(
        **{name: expected for name, (_change, expected) in CHANGES.items()}
    )
    tab.restore()
    assert service.settings == before
    assert store.allKeys() == []


def test_restore_stores_no_option_of_this_run_only(
    qtbot: Any, service: HeatmapService, store: QSettings
) -> None:
    store.setValue("Heatmap/opacity", "0.8")
    service.apply_settings(service.settings.changed(opacity=0.3, palette="ice"))
    tab = HeatmapSettingsTab(service, store)
    qtbot.addWidget(tab)
    CHANGES["opacity"][0](tab)
    choose("palette", "inferno")(tab)
    tab.restore()
    assert service.settings.opacity == 0.3
    assert store.value("Heatmap/opacity") == "0.8"
    assert store.allKeys() == ["Heatmap/opacity"]


def test_restore_leaves_alone_what_was_changed_elsewhere(
    tab: HeatmapSettingsTab, service: HeatmapService
) -> None:
    CHANGES["opacity"][0](tab)
    service.apply_settings(service.settings.changed(window="8h"))
    tab.restore()
    assert service.settings == HeatmapSettings(enabled=True, window="8h")
    # Once is enough: what comes later is not taken back by a second call.
    service.apply_settings(service.settings.changed(opacity=0.1))
    tab.restore()
    assert service.settings.opacity == 0.1


class HostDialog(QDialog):
    """A host's settings dialog with some tabs; the heatmap's is not the first one."""

    def __init__(self, service: HeatmapService, store: QSettings, *, connects: bool) -> None:
        super().__init__()
        self.tab = HeatmapSettingsTab(service, store)
        self.tabs = QTabWidget()
        self.tabs.addTab(QLabel("General"), "General")
        self.tabs.addTab(self.tab, "Heatmap")
        QVBoxLayout(self).addWidget(self.tabs)
        if connects:
            self.rejected.connect(self.tab.restore)


@pytest.mark.parametrize("connects", [False, True])
def test_cancel_of_a_modal_dialog_takes_back_and_ok_keeps_each_time_it_is_open(
    qtbot: Any, service: HeatmapService, store: QSettings, *, connects: bool
) -> None:
    dialog = HostDialog(service, store, connects=connects)
    qtbot.addWidget(dialog)
    # Long after the dialog was made.
    service.apply_settings(service.settings.changed(window="8h"))
    told: list[HeatmapSettings] = []
    service.add_settings_listener(told.append)

    def change_and(close: Callable[[], None], opacity: int) -> None:
        dialog.open()
        dialog.tabs.setCurrentWidget(dialog.tab)
        dialog.tab.findChild(QSlider, "opacity").setValue(opacity)
        assert service.settings.opacity == opacity / 100
        close()

    change_and(dialog.reject, 20)
    assert service.settings == HeatmapSettings(enabled=True, window="8h")
    assert store.allKeys() == []
    assert len(told) == 2
    change_and(dialog.accept, 40)
    assert load_settings(store).opacity == 0.4
    change_and(dialog.reject, 60)
    assert service.settings.opacity == 0.4
    assert load_settings(store).opacity == 0.4
    # Opened and cancelled without a look at the tab, after a change elsewhere.
    service.apply_settings(service.settings.changed(opacity=0.9))
    dialog.open()
    dialog.reject()
    assert service.settings.opacity == 0.9


@pytest.mark.parametrize(
    ("name", "text"), [("update_interval_ms", "500"), ("resolution", "3px"), ("symbols", "ETHUSDT")]
)
@pytest.mark.parametrize("key", [Qt.Key.Key_Escape, Qt.Key.Key_Return])
def test_a_text_that_is_half_entered_goes_with_cancel_and_stays_with_ok(
    qtbot: Any, service: HeatmapService, store: QSettings, name: str, text: str, key: Qt.Key
) -> None:
    dialog = HostDialog(service, store, connects=False)
    qtbot.addWidget(dialog)
    dialog.open()
    dialog.tabs.setCurrentWidget(dialog.tab)
    turn_to_page_of(dialog.tab, name)
    box = control(dialog.tab, name)
    dialog.activateWindow()
    box.setFocus()
    qtbot.waitUntil(box.hasFocus, timeout=10_000)
    box.selectAll()  # type: ignore[attr-defined]
    qtbot.keyClicks(box, text)
    assert service.settings == HeatmapSettings(enabled=True)
    qtbot.keyClick(box, key)
    dialog.done(QDialog.DialogCode.Accepted if key == Qt.Key.Key_Return else 0)
    is_kept = key == Qt.Key.Key_Return
    # A symbol is added to those that are recorded.
    wanted = f"BTCUSDT,{text}" if name == "symbols" else text
    assert (service.settings.to_texts()[name] == wanted) is is_kept
    QCoreApplication.processEvents()
    assert (service.settings.to_texts()[name] == wanted) is is_kept
    assert store.allKeys() == ([f"Heatmap/{name}"] if is_kept else [])


def test_a_dialog_that_is_not_modal_keeps_what_was_set_when_it_is_closed(
    qtbot: Any, service: HeatmapService, store: QSettings
) -> None:
    dialog = HostDialog(service, store, connects=False)
    qtbot.addWidget(dialog)
    dialog.show()
    dialog.tabs.setCurrentWidget(dialog.tab)
    CHANGES["opacity"][0](dialog.tab)
    dialog.close()
    assert service.settings.opacity == 0.33
    assert load_settings(store).opacity == 0.33


def test_reset_sets_every_field_to_its_default_and_stores_none(
    tab: HeatmapSettingsTab, service: HeatmapService, store: QSettings
) -> None:
    store.setValue("Heatmap/forgotten", "1")
    for change, _expected in CHANGES.values():
        change(tab)
    changed = service.settings
    tab.keep()
    assert tab.findChild(QPushButton, "undo").isEnabled() is False
    tab.findChild(QPushButton, "reset").click()
    assert service.settings == HeatmapSettings()
    assert store.allKeys() == []
    assert not tab.findChild(QCheckBox, "enabled").isChecked()
    tab.restore()
    assert service.settings == changed
    assert load_settings(store) == changed
    assert store.value("Heatmap/forgotten") == "1"


def test_a_host_may_have_defaults_of_its_own(
    qtbot: Any, service: HeatmapService, store: QSettings
) -> None:
    tab = HeatmapSettingsTab(service, store, defaults=HeatmapSettings(enabled=True, palette="ice"))
    qtbot.addWidget(tab)
    CHANGES["opacity"][0](tab)
    tab.reset()
    assert service.settings == HeatmapSettings(enabled=True, palette="ice")
    assert store.allKeys() == []


# -- what is refused --------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "good"), [("resolution", "3px"), ("symbols", "ETHUSDT")])
def test_a_text_that_cannot_be_used_is_refused_in_words_and_stays_to_be_corrected(
    name: str, good: str, tab: HeatmapSettingsTab, service: HeatmapService, store: QSettings
) -> None:
    before = service.settings
    enter(name, "1 or many")(tab)
    assert service.settings == before
    assert store.allKeys() == []
    assert "1 or many" in tab.problem_text().lower()
    assert tab.findChild(QLabel, f"{name}_refusal").text() == tab.problem_text()
    label = {"resolution": "Rows and columns", "symbols": "Symbols"}[name]
    assert tab.findChild(QLabel, "message").text() == f"Not valid: {label}"
    # Another change neither hides the problem nor the text.
    CHANGES["opacity"][0](tab)
    assert "1 or many" in tab.problem_text().lower()
    assert tab.findChild(QLineEdit, name).text() == "1 or many"
    enter(name, good)(tab)
    assert tab.problem_text() == ""
    is_added = name == "symbols"
    assert service.settings.to_texts()[name] == (f"BTCUSDT,{good}" if is_added else good)
    enter(name, "1 or many")(tab)
    tab.restore()
    assert tab.problem_text() == ""
    assert tab.findChild(QLineEdit, name).text() == ("" if is_added else "auto")


def test_a_refused_text_gives_way_to_a_change_of_its_field_from_elsewhere(
    tab: HeatmapSettingsTab, service: HeatmapService
) -> None:
    enter("resolution", "many")(tab)
    service.apply_settings(service.settings.changed(resolution="3px"))
    assert tab.problem_text() == ""
    assert tab.findChild(QLineEdit, "resolution").text() == "3px"


def test_an_exception_of_a_listener_stays_in_the_plugin_and_is_logged(
    tab: HeatmapSettingsTab, service: HeatmapService, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(_settings: HeatmapSettings) -> None:
        raise RuntimeError("no room")

    service.add_settings_listener(fail)
    CHANGES["opacity"][0](tab)
    # The setting is in force all the same.
    assert tab.problem_text() == ""
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    service.remove_settings_listener(fail)
    CHANGES["window"][0](tab)
    assert tab.problem_text() == ""


def test_a_tab_that_is_gone_is_not_told_any_more(
    qtbot: Any, service: HeatmapService, store: QSettings
) -> None:
    tab = HeatmapSettingsTab(service, store)
    with qtbot.waitSignal(tab.destroyed):
        tab.deleteLater()
    service.apply_settings(service.settings.changed(opacity=0.1))
    assert service._settings_listeners == []


# -- scale, symbols, retention ----------------------------------------------------------------


def test_locking_begins_where_the_automatic_scale_ends(
    tab: HeatmapSettingsTab, service: PreparedService
) -> None:
    usd, locked = (
        tab.findChild(QDoubleSpinBox, "clip_usd"),
        tab.findChild(QRadioButton, "clip_locked"),
    )
    assert not usd.isEnabled()
    service.measured = [{}, {"clip_usd": 183_245.7}]
    locked.setChecked(True)
    assert service.settings.clip_usd == 183_000.0
    assert usd.isEnabled()
    assert usd.value() == 183_000.0
    assert not tab.findChild(QDoubleSpinBox, "clip_percentile").isEnabled()
    tab.findChild(QRadioButton, "clip_automatic").setChecked(True)
    assert service.settings.clip_usd is None
    assert tab.findChild(QDoubleSpinBox, "clip_percentile").isEnabled()


def test_the_present_end_of_the_scale_is_shown(
    qtbot: Any, tab: HeatmapSettingsTab, service: PreparedService
) -> None:
    turn_to_page_of(tab, "clip_now")
    now = tab.findChild(QLabel, "clip_now")
    assert now.text() == "no picture now"
    service.measured = [{"clip_usd": 0.25}]
    qtbot.waitUntil(lambda: now.text() == "now 1 USD", timeout=10_000)
    # Where levels are drawn, theirs; it is not what locking recorded heat begins with.
    service.measured = [{"predicted_clip_usd": 370.0}]
    qtbot.waitUntil(lambda: now.text() == "now 370 USD per 0.1 %", timeout=10_000)
    assert tab.findChild(QDoubleSpinBox, "clip_usd").value() == 1_000_000
    service.measured = [{"clip_usd": 950_000.0}]
    qtbot.waitUntil(lambda: now.text() == "now 950k USD", timeout=10_000)
    assert tab.findChild(QDoubleSpinBox, "clip_usd").value() == 950_000.0
    assert service.settings.clip_usd is None


def test_without_a_picture_locking_begins_with_a_round_amount(
    tab: HeatmapSettingsTab, service: PreparedService
) -> None:
    tab.findChild(QRadioButton, "clip_locked").setChecked(True)
    assert service.settings.clip_usd == 1_000_000.0


def test_all_symbols_and_back_to_the_list(tab: HeatmapSettingsTab, service: HeatmapService) -> None:
    edit, every = tab.findChild(QLineEdit, "symbols"), tab.findChild(QCheckBox, "all_symbols")
    enter("symbols", "ethusdt, btcusdt")(tab)
    assert edit.text() == ""
    every.setChecked(True)
    assert service.settings.symbols == ("ALL",)
    assert not edit.isEnabled()
    assert "all symbols" in tab.findChild(QLabel, "source").text()
    every.setChecked(False)
    assert service.settings.symbols == ("BTCUSDT", "ETHUSDT")
    assert "BTCUSDT, ETHUSDT" in tab.findChild(QLabel, "source").text()


@pytest.mark.parametrize(
    ("kind", "words"),
    [(DataKind.LIVE, "Binance"), (DataKind.SIMULATED, "simulated"), (DataKind.REPLAY, "recording")],
)
@pytest.mark.usefixtures("qt_loop")
def test_the_source_of_the_data_is_named(
    qtbot: Any, tmp_path: Path, kind: DataKind, words: str
) -> None:
    tab = HeatmapSettingsTab(HeatmapService(db=tmp_path / "x.sqlite3", kind=kind))
    qtbot.addWidget(tab)
    assert words in tab.findChild(QLabel, "source").text()
    assert "BTCUSDT" in tab.findChild(QLabel, "source").text()


def retention(in_force: int, wanted: int, expired: int, deleted: int | None = None) -> Any:
    status = RetentionStatus(in_force * DAY_MS, wanted * DAY_MS, expired, deleted)
    return RecorderStatus(retention=status)


def test_a_shorter_retention_says_what_it_deletes_and_waits_for_the_button(
    tab: HeatmapSettingsTab, service: PreparedService
) -> None:
    words = tab.findChild(QLabel, "retention_words")
    button = tab.findChild(QPushButton, "confirm_retention")
    turn_to_page_of(tab, "confirm_retention")
    assert words.text() == "Not recording: nothing is deleted"
    assert not button.isEnabled()
    service.recorder = retention(14, 14, 0)
    turn("retention_days", 7)(tab)
    assert words.text() == "Counting what that deletes"
    assert not button.isEnabled()
    service.recorder = retention(14, 7, 4321)
    tab.findChild(QLabel, "retention_words").refresh()
    assert "14 days" in words.text()
    assert "7 days" in words.text()
    assert "4321" in words.text().replace(",", "")
    assert button.isEnabled()
    assert service.confirmed == 0
    button.click()
    assert service.confirmed == 1
    assert not button.isEnabled()
    service.recorder = retention(7, 7, 0, deleted=4321)
    tab.findChild(QLabel, "retention_words").refresh()
    assert "4321" in words.text().replace(",", "")
    assert not button.isEnabled()


def test_one_day_and_one_event_are_told_as_one(
    tab: HeatmapSettingsTab, service: PreparedService
) -> None:
    turn("retention_days", 1)(tab)
    service.recorder = retention(2, 1, 1)
    tab.findChild(QLabel, "retention_words").refresh()
    words = tab.findChild(QLabel, "retention_words").text()
    assert words.startswith("Still kept for 2 days. Keeping them for 1 day deletes 1 event:")


def test_nothing_is_deleted_that_the_text_did_not_tell(
    tab: HeatmapSettingsTab, service: PreparedService
) -> None:
    turn_to_page_of(tab, "confirm_retention")
    button = tab.findChild(QPushButton, "confirm_retention")
    turn("retention_days", 7)(tab)
    service.recorder = retention(14, 7, 10)
    tab.findChild(QLabel, "retention_words").refresh()
    # More has expired since the user read it: he is told first.
    service.recorder = retention(14, 7, 9_999)
    button.click()
    assert service.confirmed == 0
    assert "9999" in tab.findChild(QLabel, "retention_words").text().replace(",", "")
    button.click()
    assert service.confirmed == 1
