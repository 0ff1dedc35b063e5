"""Alerts on the desktop: bursts are one message, what is lacking is a fact; ways in a store."""

import os
import stat
import sys
from pathlib import Path
from typing import Any

import pytest
from PyQt6.QtCore import QSettings
from PyQt6.QtWidgets import QSystemTrayIcon

from Heatmap import HeatmapSettings
from Heatmap.alerts.ways import Rate, Secret, WayKind, WaySpec
from Heatmap.alerts.ways.messages import Message, PlainNotice
from Heatmap.errors import Failure, FailureKind, SettingsError
from Heatmap.runtime.compat import override
from Heatmap.ui import export_settings, failure_words, save_settings
from Heatmap.ui.alert_ways import DesktopWay, SoundWay, TrayWay, load_ways, save_ways
from Heatmap.ui.settings.settings_store import unused_texts

ODD = "TOKEN, 5257a8; \\x"
SPECS = (
    WaySpec("my bot", WayKind.WEBHOOK, Secret(f"https://h/{ODD}"), Secret("k" * 16)),
    WaySpec("ü", WayKind.APPRISE, Secret("tgram://token/chat")),
)


class Board(DesktopWay):
    """Takes down what it is to show, or lacks something."""

    kind = "board"

    def __init__(self, rate: Rate) -> None:
        super().__init__("board", rate)
        self.shown: list[Message] = []
        self.lack: Failure | None = None
        self.fault: Exception | None = None

    @override
    def available(self) -> Failure | None:
        return self.lack

    @override
    def show_message(self, message: Message) -> None:
        if self.fault is not None:
            raise self.fault
        self.shown.append(message)


def notice(number: int) -> PlainNotice:
    return PlainNotice(f"id-{number}", f"Alert {number}", "", {})


def test_a_burst_is_shown_as_two_messages_and_a_test_counts_nowhere(qtbot: Any) -> None:
    way = Board(Rate(1, 0.05))
    for number in range(5):
        way.offer(notice(number))
    assert [message.key for message in way.shown] == ["id-0"]
    assert (way.facts().sent, way.facts().waiting) == (1, 4)
    qtbot.waitUntil(lambda: len(way.shown) == 2)
    assert way.shown[1].title == "4 alerts"
    assert way.shown[1].body.splitlines() == [f"Alert {number}" for number in range(1, 5)]
    before = way.facts()
    assert (before.sent, before.waiting, before.failed) == (5, 0, 0)
    assert way.test() is None
    assert len(way.shown) == 3
    assert way.facts() == before


@pytest.mark.qt_log_ignore("systemTrayWindowChanged", extend=True)
def test_the_icon_in_the_tray_says_how_it_is_unless_it_is_a_hosts(qtbot: Any) -> None:
    del qtbot
    message = Message("id", "Alert", "", ())
    own = TrayWay("own")
    own.set_tool_tip("BTCUSDT: Live")
    own.show_message(message)
    (icon,) = own.findChildren(QSystemTrayIcon)
    assert icon.toolTip() == "BTCUSDT: Live"
    own.set_tool_tip("BTCUSDT: Blind")
    assert icon.toolTip() == "BTCUSDT: Blind"
    hosts = QSystemTrayIcon()
    hosts.setToolTip("My trading program")
    way = TrayWay("host's", tray=hosts)
    way.set_tool_tip("BTCUSDT: Blind")
    way.show_message(message)
    assert hosts.toolTip() == "My trading program"


def test_what_cannot_be_shown_is_counted_and_not_shown_later(qtbot: Any) -> None:
    way = Board(Rate(100, 1.0))
    way.lack = Failure(FailureKind.NO_TRAY)
    way.offer(notice(0))
    assert (way.facts().failed, way.facts().waiting, way.facts().is_failing) == (1, 0, True)
    assert way.facts().last_failure == way.lack
    way.lack, way.fault = None, ValueError("x")
    way.offer(notice(1))
    qtbot.waitUntil(lambda: way.facts().failed == 2)
    way.fault = None
    way.offer(notice(2))
    qtbot.waitUntil(lambda: way.facts().sent == 1)
    assert [message.key for message in way.shown] == ["id-2"]
    assert not way.facts().is_failing


@pytest.mark.parametrize(("kind", "words"), [(TrayWay, "no tray"), (SoundWay, "cannot beep")])
@pytest.mark.usefixtures("qtbot")
def test_what_this_machine_lacks_is_said(kind: type[TrayWay | SoundWay], words: str) -> None:
    way = kind("way")
    lack = way.available()
    # Offscreen there is neither; making an icon there would warn, which fails the test.
    assert words in failure_words(lack)
    assert way.test() == lack
    way.offer(notice(0))
    assert way.facts().last_failure == lack
    assert way.facts().failed == 1


def test_ways_are_kept_apart_from_the_settings_in_a_file_of_their_owner(tmp_path: Path) -> None:
    path = tmp_path / "host.ini"
    path.write_text("[Other]\nx=1\n", encoding="utf-8")
    path.chmod(0o644)
    store = QSettings(str(path), QSettings.Format.IniFormat)
    assert load_ways(store) == ()
    settings = HeatmapSettings()
    save_settings(store, settings, ["enabled"])
    save_ways(store, SPECS)
    if os.name == "posix":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert load_ways(QSettings(str(path), QSettings.Format.IniFormat)) == SPECS
    assert unused_texts(store) == ()
    export_settings(settings, tmp_path / "export.json")
    exported = (tmp_path / "export.json").read_text("utf-8")
    assert "TOKEN" not in exported
    assert "way" not in exported.lower()
    store.setValue("HeatmapAlertWays/ways", f"{{{ODD}")
    with pytest.raises(SettingsError, match="no JSON") as caught:
        load_ways(store)
    assert "TOKEN" not in str(caught.value)
    with pytest.raises(SettingsError, match="name of its own"):
        save_ways(store, (SPECS[0], SPECS[0]))


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="modes of files as on Linux")
def test_a_new_file_of_ways_is_its_owners_alone_from_the_first_moment(tmp_path: Path) -> None:
    path = tmp_path / "new" / "host.ini"
    modes: list[int] = []

    class LookedAt(QSettings):
        def sync(self) -> None:
            super().sync()
            modes.append(stat.S_IMODE(path.stat().st_mode))

    save_ways(LookedAt(str(path), QSettings.Format.IniFormat), SPECS)
    assert modes == [0o600]
