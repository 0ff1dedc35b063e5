"""The panel of alerts: what it says of each rule, and that its switches are in force and kept."""

from pathlib import Path
from typing import Any

from PyQt6.QtCore import QSettings, Qt
from PyQt6.QtTest import QTest
from PyQt6.QtWidgets import QMenu

from Heatmap import Alert, AlertKind, AlertState, DataKind, HeatmapService, parse_rule
from Heatmap.alerts.texts import way_text
from Heatmap.alerts.ways import WayFacts
from Heatmap.errors import Failure, FailureKind
from Heatmap.ui import AlertPanel, load_alert_rules
from Heatmap.ui.alert_texts import last_words, ways_words
from Heatmap.ui.panels.alert_panel import READY_RULES

NOW_MS = 1_733_360_400_000
HOUR_MS = 3_600_000


def alert(before_ms: int, *, is_late: bool = False) -> Alert:
    ts_ms = NOW_MS - before_ms
    return Alert(
        f"big:{ts_ms}", "big", AlertKind.LARGE, "BTCUSDT", "short", ts_ms, 1_027_145.0, 1,
        98_000.0, is_late,
    )  # fmt: skip


def said(*alerts: Alert) -> str:
    rule = parse_rule("large,id=big,usd=500k")
    state = AlertState(latest=alerts, last={"big": alerts[-1]} if alerts else {})
    panel = AlertPanel(None)
    return last_words(rule, state, NOW_MS, panel.time_zone)


def test_it_says_when_a_rule_rang_last_and_why(qtbot: Any) -> None:
    del qtbot
    assert said() == "Not fired yet"
    # Counted are the last 24 hours; amounts are rounded down.
    days = 30 * HOUR_MS
    ringing = (alert(days), alert(2 * HOUR_MS), alert(HOUR_MS))
    assert said(*ringing) == "2\u00d7, last 00:00:00: 1.02M shorts"
    assert said(alert(days)) == "Last 3 Dec 19:00:00: 1.02M shorts"
    assert said(alert(HOUR_MS, is_late=True)) == "Missed 00:00:00: 1.02M shorts"


def test_switches_are_in_force_and_kept(qtbot: Any, tmp_path: Path) -> None:
    store = QSettings(str(tmp_path / "host.ini"), QSettings.Format.IniFormat)
    service = HeatmapService(db=tmp_path / "x.sqlite3", kind=DataKind.SIMULATED)
    panel = AlertPanel(service, None, store)
    qtbot.addWidget(panel)
    panel.show()
    assert panel.empty.isVisible()
    # Nobody is to believe that a simulated market rings.
    assert panel.head.caption.text() == "do not ring, not live"
    for rule in panel.ready_rules():
        panel.add_rule(rule)
    assert not panel.empty.isVisible()
    assert len(panel.texts()) == len(READY_RULES)
    assert panel.texts()[1] == ("Cascade \u2265 500k in 30 s", "Not fired yet")
    # What is offered next has ids of its own.
    assert not {one.id for one in panel.ready_rules()} & {one.id for one in service.alert_rules}
    QTest.mouseClick(panel.rows[1].switch, Qt.MouseButton.LeftButton)
    assert panel.texts()[1] == ("Cascade \u2265 500k in 30 s", "Off")
    assert [one.is_enabled for one in service.alert_rules] == [True, False, True, True, True]
    panel.remove_rule("large-1")
    assert panel.texts()[0] == ("Cascade \u2265 500k in 30 s", "Off")
    assert load_alert_rules(store) == service.alert_rules
    assert len(service.alert_rules) == len(READY_RULES) - 1
    # A host with a page for them is asked for it, below the ready rules.
    asked: list[bool] = []
    for are_edited in (False, True):
        if are_edited:
            panel.edit_wanted.connect(lambda: asked.append(True))
        QTest.mouseClick(panel.add, Qt.MouseButton.LeftButton)
        menu = panel.findChildren(QMenu)[-1]
        texts = [one.text() for one in menu.actions() if not one.isSeparator()]
        assert texts[len(READY_RULES) :] == (["Edit alerts…"] if are_edited else [])
        menu.actions()[-1].trigger()
        menu.close()
    assert asked == [True]


def test_it_says_in_one_line_which_ways_do_not_work() -> None:
    refused = Failure(FailureKind.WAY_REFUSED, {"status": 500})
    ways = (
        WayFacts("phone", "webhook", dropped=3, failed=1, waiting=2, last_failure=refused),
        # What waits for its turn is nothing amiss, and neither is what went wrong before.
        WayFacts("mail", "apprise", sent=7, waiting=2, last_failure=refused),
        WayFacts("bot", "apprise", waiting=4, last_failure=refused, is_failing=True),
    )
    reason = "HTTP 500: the receiver refuses the message"
    assert ways_words(ways) == f"phone: 3 dropped, 1 not delivered; bot: 4 waiting: {reason}"
    assert way_text(ways[0]) == f"by phone: 3 dropped, 1 failed ({reason})"
    assert ways_words(ways[1:2]) == ""
