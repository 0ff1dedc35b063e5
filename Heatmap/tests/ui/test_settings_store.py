"""Storing: seldom while a slider is dragged, never too late; old and broken stores are repaired."""

import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from PyQt6.QtCore import QSettings
from PyQt6.QtWidgets import QLabel, QLineEdit, QSlider

from Heatmap import HeatmapService, HeatmapSettings
from Heatmap.tests.ui.settings_controls import CHANGES, choose
from Heatmap.ui import HeatmapSettingsTab, load_settings, save_settings
from Heatmap.ui.settings.settings_store import unused_texts


class CountingStore(QSettings):
    """A store that counts how often each key is written."""

    writes: Counter[str]

    def setValue(self, key: str, value: object) -> None:  # noqa: N802  # Qt's name
        self.writes[key] += 1
        super().setValue(key, value)


@pytest.fixture
def counting(tmp_path: Path) -> CountingStore:
    made = CountingStore(str(tmp_path / "host.ini"), QSettings.Format.IniFormat)
    made.writes = Counter()
    return made


def on_disk(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""


def test_a_slider_that_is_dragged_is_previewed_at_each_step_and_stored_seldom(
    qtbot: Any, service: HeatmapService, counting: CountingStore, tmp_path: Path
) -> None:
    tab = HeatmapSettingsTab(service, counting)
    qtbot.addWidget(tab)
    tab.show()
    told: list[float] = []
    service.add_settings_listener(lambda settings: told.append(settings.opacity))
    slider = tab.findChild(QSlider, "opacity")
    slider.setSliderDown(True)
    for percent in range(60):
        slider.setSliderPosition(percent)
    assert told == [percent / 100 for percent in range(60)]
    assert counting.writes == {"Heatmap/opacity": 1}
    # Released or not, the last one is stored when the tab goes.
    tab.hide()
    assert counting.writes == {"Heatmap/opacity": 2}
    assert "opacity=0.59" in on_disk(tmp_path / "host.ini")


def test_the_last_value_is_stored_by_itself_after_a_moment(
    qtbot: Any, service: HeatmapService, counting: CountingStore
) -> None:
    tab = HeatmapSettingsTab(service, counting)
    qtbot.addWidget(tab)
    for percent in (10, 20, 30):
        tab.findChild(QSlider, "opacity").setValue(percent)
    qtbot.waitUntil(lambda: load_settings(counting).opacity == 0.3, timeout=10_000)


APPLICATION = """
import sys
from PyQt6.QtCore import QCoreApplication, QObject, QSettings, QTimer
from Heatmap.ui.settings.settings_store import SettingsWriter
application = QCoreApplication([])
store = QSettings(sys.argv[1], QSettings.Format.IniFormat)
owner = QObject()
writer = SettingsWriter(store, owner)
writer.write({"opacity": "0.1"})
writer.write({"opacity": "0.2"})
QTimer.singleShot(0, application.quit)
application.exec()
"""


def test_what_waits_is_stored_at_the_end_of_the_application(tmp_path: Path) -> None:
    # In a process of its own: the end of this one's would take the web engine along.
    path = tmp_path / "store.ini"
    words = [sys.executable, "-c", APPLICATION, str(path)]
    subprocess.run(words, check=True, timeout=60)  # noqa: S603 - this interpreter
    assert load_settings(QSettings(str(path), QSettings.Format.IniFormat)).opacity == 0.2


def test_what_waits_is_stored_when_the_tab_goes(
    qtbot: Any, service: HeatmapService, store: QSettings
) -> None:
    tab = HeatmapSettingsTab(service, store)
    tab.findChild(QSlider, "opacity").setValue(30)
    tab.findChild(QSlider, "opacity").setValue(40)
    with qtbot.waitSignal(tab.destroyed):
        tab.deleteLater()
    assert load_settings(store).opacity == 0.4


def test_what_another_part_of_the_host_stores_is_not_overwritten_by_what_waited_here(
    tab: HeatmapSettingsTab, service: HeatmapService, store: QSettings
) -> None:
    for percent in (10, 20):
        tab.findChild(QSlider, "opacity").setValue(percent)
    service.apply_settings(service.settings.changed(opacity=0.9))
    store.setValue("Heatmap/opacity", "0.9")
    tab.hide()
    assert load_settings(store).opacity == 0.9


def test_without_a_store_everything_but_storing_works(qtbot: Any, service: HeatmapService) -> None:
    tab = HeatmapSettingsTab(service)
    qtbot.addWidget(tab)
    CHANGES["opacity"][0](tab)
    assert service.settings.opacity == 0.33
    tab.restore()
    tab.reset()
    assert service.settings == HeatmapSettings()


# -- stores of other versions, and broken ones ------------------------------------------------


def test_a_store_of_an_older_version_is_repaired_and_the_tab_says_what_was_not_used(
    qtbot: Any, store: QSettings, service: HeatmapService, caplog: pytest.LogCaptureFixture
) -> None:
    store.setValue("Heatmap/window", "9h")
    store.setValue("Heatmap/opacity", "0.4")
    store.setValue("Heatmap/forgotten", "1")
    store.setValue("Heatmap/symbols", ["BTCUSDT", "ETHUSDT"])
    store.setValue("Other/window", "8h")
    settings = load_settings(store)
    assert settings == HeatmapSettings(opacity=0.4, symbols=("BTCUSDT", "ETHUSDT"))
    assert [record.levelname for record in caplog.records] == ["WARNING", "WARNING"]
    assert {unused.name: unused.is_known for unused in unused_texts(store)} == {
        "window": True,
        "forgotten": False,
    }
    service.apply_settings(settings)
    tab = HeatmapSettingsTab(service, store)
    qtbot.addWidget(tab)
    message = tab.findChild(QLabel, "message")
    assert "Time span: the stored “9h” cannot be used" in message.text()
    assert "“forgotten”" in message.text()
    # Whoever sets the field is told no more; nothing else in the store was touched.
    choose("window", "8h")(tab)
    assert "9h" not in message.text()
    assert "forgotten" in message.text()
    assert store.value("Other/window") == "8h"
    tab.restore()
    assert "9h" in message.text()
    assert store.value("Heatmap/window") == "9h"
    tab.reset()
    assert message.text() == ""


# An object of Python, of a class that there is not.
OBJECT = (
    rb"@Variant(\0\0\0\x7f\0\0\0\xePyQt_PyObject"
    rb"\0\0\0\0 \x80\x4\x95\x15\0\0\0\0\0\0\0\x8c\b__main__\x94\x8c\x1Z\x94\x93\x94)\x81\x94.)"
)
BROKEN = rb"""[Heatmap]
window=@Variant(\0\0\0\x7f\0\0\0\x4no)
gap_hatch=@Variant(no)
normalization=OBJECT
opacity=nan
palette=@ByteArray(\xff\xfe)
retention_days=@Invalid()
keep_raw=@Rect(1 2 3 4)
symbols=BTC USDT
side=long\x0s
minimum_notional=-1
update_interval_ms=1e99
clip_usd=
resolution=9999999999x1
shape[=bands
cluster_window_pct=0,02
colour_bar="yes
[Heatmap/sub]
x=1
"""


@pytest.mark.qt_log_ignore("QVariant::load: unknown user type")
def test_no_broken_store_keeps_the_program_from_starting(
    qtbot: Any, service: HeatmapService, tmp_path: Path
) -> None:
    path = tmp_path / "broken.ini"
    path.write_bytes(BROKEN.replace(b"OBJECT", OBJECT))
    store = QSettings(str(path), QSettings.Format.IniFormat)
    settings = load_settings(store)
    assert settings == HeatmapSettings()
    names = {unused.name for unused in unused_texts(store)}
    assert names >= {"window", "normalization", "opacity", "palette", "retention_days"}
    service.apply_settings(settings)
    tab = HeatmapSettingsTab(service, store)
    qtbot.addWidget(tab)
    assert "more" in tab.notice_text()
    tab.reset()
    assert unused_texts(store) == ()
    assert tab.notice_text() == ""


@pytest.mark.parametrize("garbage", [b"\x00\xff" * 500, b"[Heatmap\nopacity", b"=\n=\n%%\n[", b""])
def test_a_store_that_is_no_settings_file_gives_the_defaults(
    qtbot: Any, service: HeatmapService, tmp_path: Path, garbage: bytes
) -> None:
    path = tmp_path / "broken.ini"
    path.write_bytes(garbage)
    store = QSettings(str(path), QSettings.Format.IniFormat)
    assert load_settings(store) == HeatmapSettings()
    tab = HeatmapSettingsTab(service, store)
    qtbot.addWidget(tab)
    has_failed = store.status() != QSettings.Status.NoError
    assert ("cannot be read or stored" in tab.notice_text()) is has_failed


def test_a_store_that_cannot_be_written_is_told(
    qtbot: Any, service: HeatmapService, tmp_path: Path
) -> None:
    folder = tmp_path / "host.ini"
    folder.mkdir()
    store = QSettings(str(folder), QSettings.Format.IniFormat)
    tab = HeatmapSettingsTab(service, store)
    qtbot.addWidget(tab)
    tab.show()
    for percent in (10, 20):
        tab.findChild(QSlider, "opacity").setValue(percent)
    tab.hide()
    assert service.settings.opacity == 0.2
    assert "cannot be read or stored" in tab.findChild(QLabel, "message").text()


FORMER = {
    "cluster_levels": ("cluster_lines", "yes", True),
    "cluster_level_count": ("cluster_line_count", "9", 9),
}


@pytest.mark.parametrize("former", FORMER)
def test_what_is_stored_by_a_former_name_is_taken_over(
    former: str, qtbot: Any, service: HeatmapService, store: QSettings
) -> None:
    name, text, value = FORMER[former]
    store.setValue(f"Heatmap/{former}", text)
    assert getattr(load_settings(store), name) == value
    assert unused_texts(store) == ()
    # The present name is the later one.
    store.setValue(f"Heatmap/{name}", HeatmapSettings().to_texts()[name])
    assert load_settings(store) == HeatmapSettings()
    store.remove(f"Heatmap/{name}")
    service.apply_settings(load_settings(store))
    tab = HeatmapSettingsTab(service, store)
    qtbot.addWidget(tab)
    tab.reset()
    assert store.allKeys() == []
    assert load_settings(store) == HeatmapSettings()


def test_a_change_stores_the_present_name_in_the_place_of_the_former(store: QSettings) -> None:
    store.setValue("Heatmap/cluster_levels", "yes")
    save_settings(store, HeatmapSettings(), ["cluster_lines"])
    assert store.allKeys() == ["Heatmap/cluster_lines"]
    assert load_settings(store) == HeatmapSettings()


def test_a_contract_with_a_chinese_name_is_stored_and_read_again(
    qtbot: Any, service: HeatmapService, tmp_path: Path
) -> None:
    name = "\u5e01\u5b89\u4eba\u751fUSDT"
    path = str(tmp_path / "host.ini")
    store = QSettings(path, QSettings.Format.IniFormat)
    tab = HeatmapSettingsTab(service, store)
    qtbot.addWidget(tab)
    tab.show()
    line = tab.findChild(QLineEdit, "symbols")
    line.setText(f"btcusdt, {name.lower()},1000shibusdt,BTCUSDT_260327")
    line.editingFinished.emit()
    symbols = ("BTCUSDT", name, "1000SHIBUSDT", "BTCUSDT_260327")
    assert service.settings.symbols == symbols
    tab.hide()
    store.sync()
    again = QSettings(path, QSettings.Format.IniFormat)
    assert load_settings(again, HeatmapSettings()).symbols == symbols
