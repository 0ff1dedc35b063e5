"""A modal dialog of the host: within a coroutine, and with the settings tab in it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PyQt6 import sip
from PyQt6.QtCore import QCoreApplication, QEvent, QObject, QSettings, QTimer
from PyQt6.QtWidgets import QDialog, QLabel, QLineEdit, QSlider, QTabWidget, QVBoxLayout

from Heatmap import HeatmapService, HeatmapSettings
from Heatmap.tests.behaviour.service_world import World
from Heatmap.tests.fact_texts import told_text
from Heatmap.tests.own_program import run_program
from Heatmap.tests.ui.prepared_service import PreparedService
from Heatmap.tests.ui.settings_controls import choose, enter, turn_to_page_of
from Heatmap.ui import HeatmapSettingsTab


def test_picture_and_clusters_go_on_while_a_task_of_the_host_runs_a_dialog(
    qt_run: Callable[..., Any], tmp_path: Path
) -> None:
    world = World(tmp_path, cluster_interval_s=1.0)
    heard: list[str] = []

    async def main() -> None:
        await world.exchange.start()
        service = world.service = world.make_service()
        service.attach(world.layer)
        await service.start()
        try:
            await world.until(service.is_live)
            world.layer.open_page()
            await world.until(lambda: bool(world.layer.grids))
            service.add_cluster_listener("BTCUSDT", lambda symbol, _found: heard.append(symbol))
            world.clock.start()
            dialog = QDialog()
            wanted = len(world.layer.appended) + 4
            grids = len(world.layer.grids)

            def look() -> None:
                if len(world.layer.appended) < wanted or not heard:
                    return
                if len(world.layer.grids) > grids:
                    dialog.accept()
                elif service.settings.shape == "bands":
                    service.apply_settings(service.settings.changed(shape="cells"))

            timer = QTimer(dialog)
            timer.timeout.connect(look)
            timer.start(20)
            QTimer.singleShot(15_000, dialog.reject)
            assert dialog.exec() == QDialog.DialogCode.Accepted
            # And afterwards as well.
            count = len(world.layer.appended)
            await world.until(lambda: len(world.layer.appended) > count + 2)
            assert told_text(service.status()) == ""
        finally:
            await service.stop()
            await world.exchange.stop()

    qt_run(main(), timeout=40_000)


# -- the settings tab in a modal dialog -------------------------------------------------------


class HostDialog(QDialog):
    """A host's settings dialog with some tabs, of which the heatmap's is shown."""

    def __init__(self, service: HeatmapService, store: QSettings | None) -> None:
        super().__init__()
        self.tab = HeatmapSettingsTab(service, store)
        self.tabs = QTabWidget()
        self.tabs.addTab(QLabel("General"), "General")
        self.tabs.addTab(self.tab, "Heatmap")
        self.tabs.setCurrentWidget(self.tab)
        QVBoxLayout(self).addWidget(self.tabs)


class Host:
    """A service with its store, and what it makes of them."""

    BEFORE = HeatmapSettings(enabled=True, opacity=0.6, window="8h")

    def __init__(self, folder: Path) -> None:
        self.path = folder / "host.ini"
        self.store = self.open_store()
        # The opacity is stored, the window is an option of this run only, decay is a default.
        self.store.setValue("Heatmap/opacity", "0.6")
        self.service = PreparedService(folder / "x.sqlite3", self.BEFORE)

    def open_store(self, parent: QObject | None = None) -> QSettings:
        return QSettings(str(self.path), QSettings.Format.IniFormat, parent)

    def stored(self) -> dict[str, str]:
        """Read what is on the disk, as another process would."""
        self.store.sync()
        text = self.path.read_text("utf-8")
        return dict(line.split("=", 1) for line in text.splitlines() if "=" in line)

    def is_as_before(self) -> bool:
        return self.service.settings == self.BEFORE and self.stored() == {"opacity": "0.6"}

    def is_changed(self) -> bool:
        changed = self.BEFORE.changed(opacity=0.2, window="2d", decay="6h")
        stored = {"opacity": "0.2", "window": "2d", "decay": "6h"}
        return self.service.settings == changed and self.stored() == stored


@pytest.fixture
def host(qt_loop: Any, tmp_path: Path) -> Host:
    assert qt_loop is not None
    return Host(tmp_path)


def preview(tab: HeatmapSettingsTab) -> None:
    for name, value in (("window", "2d"), ("decay", "6h")):
        choose(name, value)(tab)
    tab.findChild(QSlider, "opacity").setValue(20)


def delete_later(dialog: QDialog) -> None:
    dialog.deleteLater()
    QCoreApplication.sendPostedEvents(dialog, QEvent.Type.DeferredDelete)


def test_a_modal_dialog_that_is_deleted_while_it_is_open_takes_back(qtbot: Any, host: Host) -> None:
    dialog = HostDialog(host.service, host.store)
    told: list[HeatmapSettings] = []
    host.service.add_settings_listener(told.append)
    dialog.open()
    preview(dialog.tab)
    qtbot.waitUntil(host.is_changed, timeout=10_000)
    delete_later(dialog)
    assert sip.isdeleted(dialog.tab)
    assert host.is_as_before()
    assert told[3:] == [Host.BEFORE]


def test_so_does_one_that_is_deleted_while_its_exec_waits(host: Host) -> None:
    dialog = HostDialog(host.service, host.store)

    def act() -> None:
        preview(dialog.tab)
        # Another tab of the dialog is looked at meanwhile.
        dialog.tabs.setCurrentIndex(0)
        dialog.deleteLater()

    QTimer.singleShot(0, act)
    assert dialog.exec() == QDialog.DialogCode.Rejected
    assert sip.isdeleted(dialog)
    assert host.is_as_before()


def test_so_does_one_that_was_hidden_without_a_result(host: Host) -> None:
    dialog = HostDialog(host.service, host.store)
    dialog.open()
    preview(dialog.tab)
    dialog.hide()
    assert host.is_changed()
    sip.delete(dialog)
    assert host.is_as_before()


def test_so_does_a_tab_that_is_deleted_alone_with_a_text_half_entered(
    qtbot: Any, host: Host
) -> None:
    dialog = HostDialog(host.service, host.store)
    qtbot.addWidget(dialog)
    dialog.open()
    preview(dialog.tab)
    turn_to_page_of(dialog.tab, "resolution")
    edit = dialog.tab.findChild(QLineEdit, "resolution")
    dialog.activateWindow()
    edit.setFocus()
    qtbot.waitUntil(edit.hasFocus, timeout=10_000)
    edit.selectAll()
    qtbot.keyClicks(edit, "3px")
    sip.delete(dialog.tab)
    assert host.is_as_before()
    # The dialog has nobody left to tell.
    dialog.accept()
    assert host.is_as_before()


def test_the_store_may_be_deleted_before_the_tab(qtbot: Any, host: Host) -> None:
    dialog = QDialog()
    store = host.open_store(dialog)
    tab = HeatmapSettingsTab(host.service, store)
    tab.setParent(dialog)
    gone: list[bool] = []
    tab.destroyed.connect(lambda: gone.append(sip.isdeleted(store)))
    dialog.open()
    preview(tab)
    qtbot.waitUntil(host.is_changed, timeout=10_000)
    delete_later(dialog)
    assert gone == [True]
    assert host.is_as_before()


def test_what_is_taken_back_stays_in_the_group_of_the_hosts_store(host: Host) -> None:
    dialog = QDialog()
    store = host.open_store(dialog)
    store.beginGroup("plugins")
    tab = HeatmapSettingsTab(host.service, store)
    tab.setParent(dialog)
    dialog.open()
    preview(tab)
    delete_later(dialog)
    assert host.service.settings == Host.BEFORE
    assert host.stored() == {"opacity": "0.6"}
    assert host.store.allKeys() == ["Heatmap/opacity"]


def test_a_tab_without_a_store_takes_back_what_was_in_force(host: Host) -> None:
    dialog = HostDialog(host.service, None)
    dialog.open()
    preview(dialog.tab)
    delete_later(dialog)
    assert host.is_as_before()


@pytest.mark.parametrize("page", [0, 1], ids=["on another tab", "on the heatmap's tab"])
@pytest.mark.parametrize("signal", ["accepted", "finished"])
def test_after_ok_a_deletion_takes_nothing_back_also_at_once(
    host: Host, signal: str, page: int
) -> None:
    dialog = HostDialog(host.service, host.store)
    # Connected before the tab listens, so it is deleted before the tab hears of the result.
    getattr(dialog, signal).connect(lambda: sip.delete(dialog))
    dialog.open()
    preview(dialog.tab)
    dialog.tabs.setCurrentIndex(page)
    dialog.accept()
    assert sip.isdeleted(dialog.tab)
    assert host.is_changed()


@pytest.mark.parametrize("result", [1, 2], ids=["accepted", "a result of the host's"])
def test_a_dialog_that_was_done_keeps_its_changes_when_it_is_deleted(
    host: Host, result: int
) -> None:
    dialog = HostDialog(host.service, host.store)
    dialog.open()
    preview(dialog.tab)
    dialog.tabs.setCurrentIndex(0)
    dialog.done(result)
    delete_later(dialog)
    assert host.is_changed()


def test_after_cancel_a_deletion_takes_back_nothing_more(host: Host) -> None:
    dialog = HostDialog(host.service, host.store)
    dialog.open()
    preview(dialog.tab)
    dialog.reject()
    assert host.is_as_before()
    # By the host's program, while the dialog is closed.
    preview(dialog.tab)
    delete_later(dialog)
    assert host.is_changed()


def test_a_dialog_that_is_opened_again_is_undecided_again(host: Host) -> None:
    dialog = HostDialog(host.service, host.store)
    dialog.open()
    preview(dialog.tab)
    dialog.accept()
    dialog.open()
    choose("palette", "ice")(dialog.tab)
    assert host.service.settings.palette == "ice"
    delete_later(dialog)
    assert host.is_changed()


@pytest.mark.parametrize("is_seen_at_first", [True, False])
def test_one_that_was_accepted_and_is_shown_again_is_undecided_too(
    is_seen_at_first: bool, host: Host
) -> None:
    dialog = HostDialog(host.service, host.store)
    dialog.setModal(True)
    dialog.tabs.setCurrentIndex(1 if is_seen_at_first else 0)
    dialog.show()
    if is_seen_at_first:
        preview(dialog.tab)
    dialog.accept()
    dialog.show()
    dialog.tabs.setCurrentWidget(dialog.tab)
    choose("palette", "ice")(dialog.tab)
    dialog.hide()
    delete_later(dialog)
    assert host.is_changed() if is_seen_at_first else host.is_as_before()


def test_a_result_of_the_hosts_own_stays_while_the_dialog_is_open(host: Host) -> None:
    dialog = HostDialog(host.service, host.store)
    dialog.open()
    dialog.setResult(7)
    dialog.tabs.setCurrentIndex(0)
    dialog.tabs.setCurrentWidget(dialog.tab)
    assert dialog.result() == 7
    dialog.reject()


def test_what_was_kept_while_the_dialog_was_open_stays(host: Host) -> None:
    dialog = HostDialog(host.service, host.store)
    dialog.open()
    preview(dialog.tab)
    dialog.tab.keep()  # a button "Apply" of the host's
    choose("palette", "ice")(dialog.tab)
    delete_later(dialog)
    assert host.is_changed()


def test_a_tab_that_is_in_no_modal_dialog_keeps_its_changes(host: Host) -> None:
    dialog = HostDialog(host.service, host.store)
    dialog.show()
    preview(dialog.tab)
    delete_later(dialog)
    assert host.is_changed()


def test_a_tab_that_has_left_its_modal_dialog_keeps_its_changes(host: Host) -> None:
    dialog = HostDialog(host.service, host.store)
    dialog.open()
    window = QTabWidget()
    window.addTab(dialog.tab, "Heatmap")
    window.show()
    preview(dialog.tab)
    delete_later(dialog)
    sip.delete(window)
    assert host.is_changed()


def test_a_tab_that_has_moved_to_another_dialog_takes_part_there(host: Host) -> None:
    first, second = HostDialog(host.service, host.store), QDialog()
    first.open()
    tab = first.tab
    tab.setParent(second)
    delete_later(first)
    second.open()
    tab.show()
    preview(tab)
    delete_later(second)
    assert sip.isdeleted(tab)
    assert host.is_as_before()


def test_a_service_that_is_stopped_takes_its_settings_back_all_the_same(
    qt_run: Callable[..., Any], tmp_path: Path
) -> None:
    world = World(tmp_path)
    settings: list[HeatmapSettings] = []

    async def main() -> None:
        await world.exchange.start()
        service = world.service = world.make_service()
        settings.append(service.settings)
        await service.start()
        dialog = HostDialog(service, None)
        try:
            dialog.open()
            preview(dialog.tab)
            enter("symbols", "ETHUSDT")(dialog.tab)
            settings.append(service.settings)
        finally:
            await service.stop()
            await world.exchange.stop()
        delete_later(dialog)
        settings.append(service.settings)
        assert not service.is_running()

    qt_run(main(), timeout=40_000)
    before, changed, after = settings
    assert before == after
    assert changed.symbols == ("BTCUSDT", "ETHUSDT")
    assert changed.window == "2d"


ENDING = """
import sys
from pathlib import Path
from PyQt6.QtCore import QTimer
from PyQt6.QtWidgets import QApplication
from Heatmap.tests.ui.test_modal_dialog import Host, HostDialog, preview

application = QApplication(["host"])
host = Host(Path(sys.argv[1]))
dialog = HostDialog(host.service, host.store)
if sys.argv[2] == "held by itself":
    dialog.itself = dialog

def end():
    preview(dialog.tab)
    application.exit(7)

QTimer.singleShot(0, end)
if sys.argv[3] == "exec":
    dialog.exec()
else:
    dialog.open()
    assert application.exec() == 7
print("ended")
"""


COLLECTED = """
import gc
import sys
from pathlib import Path
from PyQt6.QtWidgets import QApplication, QVBoxLayout, QWidget
from Heatmap.tests.ui.test_modal_dialog import Host, HostDialog, preview
from Heatmap.ui import HeatmapSettingsTab

application = QApplication(["host"])
host = Host(Path(sys.argv[1]))
if sys.argv[2] == "dialog":
    window = HostDialog(host.service, host.store)
    window.open()
    preview(window.tab)
else:
    window = QWidget()
    tab = HeatmapSettingsTab(host.service, host.store)
    QVBoxLayout(window).addWidget(tab)
    window.show()
    preview(tab)
    del tab
window.itself, window.host = window, host
del window, host
gc.collect()
print("ended")
"""


def assert_ends_well(program: str, *words: object) -> None:
    """Run a host's program, which must end well and without an error in its log."""
    done = run_program(program, *words)
    assert (done.returncode, done.stdout) == (0, "ended\n"), done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("kind", ["dialog", "window"])
def test_tab_and_service_may_be_garbage_together(tmp_path: Path, kind: str) -> None:
    assert_ends_well(COLLECTED, tmp_path, kind)


@pytest.mark.parametrize("way", ["open", "exec"])
@pytest.mark.parametrize("holder", ["held by its name", "held by itself"])
def test_a_program_that_ends_while_the_dialog_is_open_leaves_stored_what_was(
    tmp_path: Path, holder: str, way: str
) -> None:
    """The interpreter's end deletes dialog, tab and store in whatever order."""
    assert_ends_well(ENDING, tmp_path, holder, way)
    store = QSettings(str(tmp_path / "host.ini"), QSettings.Format.IniFormat)
    assert {key: store.value(key) for key in store.allKeys()} == {"Heatmap/opacity": "0.6"}
