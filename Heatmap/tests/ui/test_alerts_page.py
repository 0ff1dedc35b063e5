"""The page of alerts: edits are in force and kept, what is wrong is said, secrets stay secret."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PyQt6.QtCore import QSettings, Qt, QTimer
from PyQt6.QtWidgets import (
    QAbstractButton,
    QCheckBox,
    QDialog,
    QDoubleSpinBox,
    QLabel,
    QLineEdit,
    QPushButton,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from Heatmap import HeatmapService, HeatmapSettings, parse_rule
from Heatmap.domain.events import DataKind
from Heatmap.storage.store import open_store
from Heatmap.tests.behaviour.hostile_receiver import HostileReceiver
from Heatmap.tests.ui.prepared_service import PreparedService
from Heatmap.tests.ui.settings_controls import choose, control, turn
from Heatmap.tests.unit.stored_events import EVENT
from Heatmap.ui import HeatmapSettingsTab, HostAlerts, load_alert_rules, save_alert_rules
from Heatmap.ui.alert_ways import load_ways
from Heatmap.ui.settings.way_trial import WayTrial

ADDRESS_PART = "T0ken5257"
KEY = "0123456789abcdefKEY"
RULES = (
    parse_rule("large,id=big,usd=250k,symbol=BTCUSDT,ways=desktop"),
    parse_rule("cascade,id=fall,usd=500k,seconds=30,count=5,quiet=5m,symbol=BTCUSDT"),
    parse_rule("stops,id=dead,seconds=60"),
)


def shown_tab(
    qtbot: Any, service: HeatmapService, store: QSettings, *, has_close: bool = True
) -> HeatmapSettingsTab:
    tab = HeatmapSettingsTab(service, store, has_close=has_close)
    qtbot.addWidget(tab)
    tab.resize(600, 760)
    tab.show()
    tab.findChild(QTabWidget, "pages").setCurrentWidget(tab.alerts.parent().parent())
    return tab


def press(tab: HeatmapSettingsTab, name: str) -> None:
    button = tab.findChild(QPushButton, name)
    assert button.isEnabled(), name
    button.click()


def words(tab: HeatmapSettingsTab, name: str) -> str:
    label = tab.findChild(QLabel, name)
    return str(label.text()) if label.isVisible() else ""


@pytest.fixture
def ruled(service: PreparedService, store: QSettings) -> PreparedService:
    save_alert_rules(store, RULES)
    service.set_alert_rules(RULES)
    return service


@pytest.fixture
def alerts(qt_run: Any, ruled: PreparedService, store: QSettings) -> Iterator[HostAlerts]:
    """Give what tells the rules of the store on its ways."""
    made = HostAlerts(store)
    made.apply(ruled)
    yield made
    qt_run(made.end())


def test_what_is_edited_is_in_force_and_kept_and_undo_takes_it_back(
    qtbot: Any, ruled: PreparedService, store: QSettings
) -> None:
    tab = shown_tab(qtbot, ruled, store)
    rows = tab.alerts.list
    assert [line.words for line in rows.lines][1] == "Cascade \u2265 500k in 30 s"
    assert [line.last for line in rows.lines] == ["Not fired yet"] * 3
    assert [line.ways for line in rows.lines] == [("desktop",), (), ()]
    rows.setFocus()
    qtbot.keyClick(rows, Qt.Key.Key_Down)
    qtbot.keyClick(rows, Qt.Key.Key_Space)
    assert [line.last for line in rows.lines] == ["Not fired yet", "Off", "Not fired yet"]
    choose("rule_side", "short")(tab)
    turn("rule_usd", 750_000)(tab)
    turn("rule_quiet", 1.5)(tab)
    fall = replace(RULES[1], is_enabled=False, side="short", usd=750_000.0, quiet=90)
    assert ruled.alert_rules == load_alert_rules(store) == (RULES[0], fall, RULES[2])
    # What was changed elsewhere meanwhile stays.
    ruled.set_alert_rules([replace(RULES[0], usd=1e6), fall, RULES[2]])
    choose("rule_kind", "near")(tab)
    near = ruled.alert_rules[1]
    assert (near.id, near.kind.value, near.usd, near.quiet) == ("near-1", "near", 1e6, 90)
    press(tab, "rule_copy")
    press(tab, "rule_new")
    qtbot.keyClick(rows, Qt.Key.Key_Delete)
    assert [one.id for one in ruled.alert_rules] == ["big", "near-1", "near-2", "dead"]
    for _ in range(8):
        press(tab, "undo")
    assert ruled.alert_rules == load_alert_rules(store) == (replace(RULES[0], usd=1e6), *RULES[1:])
    assert not tab.findChild(QPushButton, "undo").isEnabled()
    # Defaults of this page: no rules; other pages keep theirs.
    choose("palette", "ice")(tab)
    press(tab, "page_defaults")
    assert ruled.alert_rules == load_alert_rules(store) == ()
    assert ruled.settings.palette == "ice"
    press(tab, "undo")
    assert len(load_alert_rules(store)) == 3


def test_a_rule_that_can_never_ring_is_refused_and_close_leads_there(
    qtbot: Any, ruled: PreparedService, store: QSettings
) -> None:
    tab = shown_tab(qtbot, ruled, store)
    closed: list[bool] = []
    tab.close_asked.connect(lambda: closed.append(True))
    tab.alerts.list.setCurrentRow(1)
    turn("rule_count", 40)(tab)
    # What else is entered is in force all the same.
    turn("rule_quiet", 2)(tab)
    fall = replace(RULES[1], quiet=120)
    assert ruled.alert_rules == load_alert_rules(store) == (RULES[0], fall, RULES[2])
    assert "can never ring" in words(tab, "rule_seconds_refusal")
    assert "31 or less" in tab.problem_text()
    assert words(tab, "message") == "Not valid: Within"
    tab.alerts.list.setCurrentRow(0)
    pages = tab.findChild(QTabWidget, "pages")
    pages.setCurrentIndex(0)
    press(tab, "close")
    assert closed == []
    count = tab.findChild(QDoubleSpinBox, "rule_count")
    assert count.isVisible()
    assert count.value() == 40
    qtbot.waitUntil(count.hasFocus, timeout=10_000)
    # Both together can ring.
    turn("rule_seconds", 60)(tab)
    assert ruled.alert_rules[1] == replace(fall, seconds=60, count=40)
    assert tab.problem_text() == ""
    box = control(tab, "rule_symbol").findChild(QLineEdit)
    box.setText("9 9")
    box.editingFinished.emit()
    assert words(tab, "rule_symbol_refusal") == "“9 9” cannot be used"
    press(tab, "undo")
    assert words(tab, "rule_symbol_refusal") == ""
    assert box.text() == "BTCUSDT"
    box.setText("ethusdt")
    box.editingFinished.emit()
    assert ruled.alert_rules[1].symbol == "ETHUSDT"
    assert words(tab, "rules_silence") == "ETHUSDT is not recorded"
    press(tab, "close")
    assert closed == [True]


def test_a_modal_dialog_that_is_rejected_leaves_rules_and_ways_as_they_were(
    qtbot: Any, ruled: PreparedService, alerts: HostAlerts, store: QSettings
) -> None:
    del alerts
    dialog = QDialog()
    qtbot.addWidget(dialog)
    tab = HeatmapSettingsTab(ruled, store)
    QVBoxLayout(dialog).addWidget(tab)
    for is_accepted in (False, True):
        dialog.open()
        press(tab, "rule_new")
        enter_secret(qtbot, tab, "address_webhook", f"https://h.example.com/{ADDRESS_PART}")
        assert len(load_ways(store)) == 1
        assert len(ruled.alert_rules) == 4
        if is_accepted:
            dialog.accept()
        else:
            dialog.reject()
        assert len(load_ways(store)) == is_accepted
        assert len(load_alert_rules(store)) == len(ruled.alert_rules) == 3 + is_accepted


# -- counting ---------------------------------------------------------------------------------


@pytest.fixture
def running(qt_run: Any, tmp_path: Path) -> Iterator[HeatmapService]:
    """Give a service that runs, with three liquidations of an hour ago, and two hours recorded."""
    database, now_ms = tmp_path / "x.sqlite3", time.time_ns() // 1_000_000
    with closing(open_store(database).open_writer(DataKind.LIVE)) as writer:
        writer.write(
            [
                replace(
                    EVENT, ts_ms=now_ms - 3_600_000 + n * 1000, price=1.0, qty=usd, notional=usd
                )
                for n, usd in enumerate((300_000.0, 400_000.0, 600_000.0))
            ]
        )
        writer.extend_coverage("BTCUSDT", now_ms - 7_200_000, now_ms, proven=True)
    # Nobody answers there: the time is this machine's.
    urls = {"ws_url": "ws://127.0.0.1:9", "rest_url": "http://127.0.0.1:9"}
    service = HeatmapService(HeatmapSettings(), db=database, **urls)
    qt_run(service.start())
    yield service
    qt_run(service.stop())


def test_it_says_how_often_the_newest_edit_would_have_rung(
    qtbot: Any, running: HeatmapService, store: QSettings
) -> None:
    running.set_alert_rules(RULES)
    tab = shown_tab(qtbot, running, store)
    count, said = tab.alerts.count, []
    assert count.text() == "Counting…"
    qtbot.waitUntil(
        lambda: "rung 3 times in the recorded 8 % of the last 24 h" in count.text(),
        timeout=20_000,
    )
    set_text = count.setText
    count.setText = lambda text: (said.append(text), set_text(text))  # type: ignore[method-assign]
    turn("rule_usd", 350_000)(tab)
    assert said == ["Counting…"]
    # Before that was counted, or while it is.
    turn("rule_usd", 500_000)(tab)
    qtbot.waitUntil(lambda: "rung once in the recorded 8 %" in count.text(), timeout=20_000)
    assert not [one for one in said if "2 times" in one]
    tab.alerts.list.setCurrentRow(2)
    qtbot.waitUntil(lambda: "whether this program ran" in count.text(), timeout=20_000)


# -- ways -------------------------------------------------------------------------------------


def enter_secret(qtbot: Any, tab: HeatmapSettingsTab, name: str, text: str) -> None:
    edit = tab.findChild(QLineEdit, name)
    assert edit.isEnabled(), name
    edit.clear()
    qtbot.keyClicks(edit, text)
    qtbot.keyClick(edit, Qt.Key.Key_Return)


def all_that_is_shown(tab: HeatmapSettingsTab) -> str:
    shown = [tab.problem_text(), tab.notice_text(), repr(tab.alerts.ways.rows)]
    for widget in tab.findChildren(QWidget):
        shown += [widget.toolTip(), widget.accessibleName(), widget.accessibleDescription()]
        if isinstance(widget, QLabel | QAbstractButton):
            shown.append(widget.text())
        if isinstance(widget, QLineEdit):
            shown += [widget.displayText(), widget.placeholderText()]
    return "\n".join(shown)


def test_an_address_is_kept_masked_tested_and_forgotten(
    qtbot: Any,
    ruled: PreparedService,
    alerts: HostAlerts,
    store: QSettings,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("DEBUG")
    tab = shown_tab(qtbot, ruled, store)
    # Offscreen there is no tray.
    assert "no tray" in words(tab, "answer_desktop")
    assert not tab.findChild(QCheckBox, "way_desktop").isEnabled()
    box = tab.findChild(QCheckBox, "way_webhook")
    assert not box.isEnabled()
    enter_secret(qtbot, tab, "address_webhook", f"http://example.com/{ADDRESS_PART}")
    assert "https" in words(tab, "address_webhook_refusal")
    assert words(tab, "message") == "Not valid: Address"
    assert tab.show_problem()
    assert load_ways(store) == ()
    with HostileReceiver(("204", "500")) as receiver:
        enter_secret(qtbot, tab, "address_webhook", receiver.address(f"/{ADDRESS_PART}"))
        enter_secret(qtbot, tab, "key_webhook", "short")
        assert "at least 16" in words(tab, "key_webhook_refusal")
        enter_secret(qtbot, tab, "key_webhook", KEY)
        assert tab.problem_text() == ""
        assert {one.name for one in alerts.status()} == {"desktop", "sound", "webhook"}
        for answer in ("It has arrived", "Failed: HTTP 500: the receiver refuses the message"):
            press(tab, "test_webhook")
            qtbot.waitUntil(
                lambda told=answer: words(tab, "answer_webhook") == told, timeout=20_000
            )
    assert [one.path for one in receiver.received] == [f"/{ADDRESS_PART}"] * 2
    assert "heatmap-signature" in receiver.received[0].headers
    assert box.isEnabled()
    box.click()
    assert ruled.alert_rules[0].ways == ("desktop", "webhook")
    tab.take_along.export_to(str(tmp_path / "export.json"))
    exported = (tmp_path / "export.json").read_text("utf-8")
    assert json.loads(exported)["alert_rules"][0]["rule"].endswith("ways=desktop+webhook")
    kept = {key: str(store.value(key)) for key in store.allKeys()}
    assert ADDRESS_PART in kept.pop("HeatmapAlertWays/ways")
    status = json.dumps(ruled.status(), default=str)
    for text in (all_that_is_shown(tab), exported, str(kept), caplog.text, status):
        assert ADDRESS_PART not in text
        assert KEY not in text
    assert tab.findChild(QLineEdit, "address_webhook").placeholderText() == (
        "http://127.0.0.1/" + "•" * 8
    )
    press(tab, "forget_webhook")
    assert load_ways(store) == ()
    press(tab, "undo")
    assert load_ways(store)[0].signing_key is not None
    assert {one.name for one in alerts.status()} == {"desktop", "sound", "webhook"}


def ended_trials(receiver: HostileReceiver, count: int) -> None:
    """Wait until so many tests have arrived and ended, without Qt: nothing is shown meanwhile."""
    until_s = time.monotonic() + 20
    while len(receiver.received) < count:
        assert time.monotonic() < until_s
        time.sleep(0.01)
    for thread in threading.enumerate():
        if thread.name == "heatmap-worker":
            thread.join(20)


def test_a_test_of_an_address_that_is_gone_says_nothing(
    qtbot: Any, ruled: PreparedService, alerts: HostAlerts, store: QSettings
) -> None:
    tab = shown_tab(qtbot, ruled, store)
    with HostileReceiver(("204", "204")) as receiver:
        enter_secret(qtbot, tab, "address_webhook", receiver.address("/first"))
        rows = tab.alerts.ways.rows
        (trial,) = (one.findChild(WayTrial) for one in rows if one.name == "webhook")
        timer = trial.findChild(QTimer)
        press(tab, "test_webhook")
        ended_trials(receiver, 1)
        enter_secret(qtbot, tab, "address_webhook", receiver.address("/second"))
        qtbot.waitUntil(lambda: not timer.isActive())
        assert words(tab, "answer_webhook") == ""
        press(tab, "test_webhook")
        ended_trials(receiver, 2)
        press(tab, "forget_webhook")
    qtbot.waitUntil(lambda: not timer.isActive())
    assert words(tab, "answer_webhook") == ""
    assert alerts.status()[-1].name == "sound"


def test_an_imported_file_brings_rules_and_undo_takes_all_of_it_away(
    qtbot: Any, ruled: PreparedService, store: QSettings, tmp_path: Path
) -> None:
    tab, path = shown_tab(qtbot, ruled, store), tmp_path / "a.json"
    tab.take_along.export_to(str(path))
    plain = json.loads(path.read_text("utf-8"))
    plain["settings"]["palette"] = "ice"
    plain["alert_rules"] += [{"rule": "huge,usd=1"}, {"rule": "large,id=big,usd=1"}]
    plain["alert_rules"][0] = {"rule": "large,id=big,usd=9M", "enabled": False}
    path.write_text(json.dumps(plain), "utf-8")
    before = ruled.settings
    tab.take_along.import_from(str(path))
    brought = replace(parse_rule("large,id=big,usd=9M"), is_enabled=False)
    assert load_alert_rules(store) == ruled.alert_rules == (brought, *RULES[1:])
    assert tab.take_along.words.text().splitlines() == [
        "a.json: 1 changed",
        "Alert rules: 3",
        "An alert rule cannot be used: huge,usd=1",
        "An alert rule cannot be used: large,id=big,usd=1",
    ]
    press(tab, "undo")
    assert (ruled.alert_rules, ruled.settings) == (RULES, before)
