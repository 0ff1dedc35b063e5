"""A notification reaches a real desktop: a screen, a bus and a tray, where they are installed."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

# A screen, a bus, what listens to it, and a tray.
PROGRAMS = ("Xvfb", "dbus-daemon", "dbus-monitor", "gtk-sni-tray-standalone")
LACKING = [name for name in PROGRAMS if shutil.which(name) is None]

pytestmark = pytest.mark.skipif(bool(LACKING), reason=f"not installed: {', '.join(LACKING)}")

LIMIT_S = 30
SHOW = """
from PyQt6.QtCore import QTimer
from PyQt6.QtWidgets import QApplication, QSystemTrayIcon
from Heatmap.alerts.ways.messages import PlainNotice
from Heatmap.ui.alert_ways import TrayWay
app = QApplication(["Heatmap"])
way = TrayWay("desktop")
def look():
    if QSystemTrayIcon.isSystemTrayAvailable():
        timer.stop()
        way.offer(PlainNotice("a:1", "Kaskade BTCUSDT", "Mindestens 1,36M", {}))
timer = QTimer()
timer.timeout.connect(look)
timer.start(50)
app.exec()
"""


@contextmanager
def running(*words: str, **environment: str) -> Iterator[subprocess.Popen[str]]:
    program = subprocess.Popen(  # noqa: S603 - programs of this file
        words,
        env=os.environ | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        yield program
    finally:
        program.kill()
        program.communicate()


def first_line(program: subprocess.Popen[str]) -> str:
    assert program.stdout is not None
    line = program.stdout.readline()
    assert line, "it ended"
    return line.strip()


@pytest.mark.timeout(LIMIT_S)
def test_an_alert_is_shown_as_more_than_information(tmp_path: Path) -> None:
    with ExitStack() as stack:

        def start(*words: str, **environment: str) -> subprocess.Popen[str]:
            return stack.enter_context(running(*words, **environment))

        display = f":{first_line(start('Xvfb', '-displayfd', '1', '-screen', '0', '300x200x24'))}"
        bus = first_line(start("dbus-daemon", "--session", "--nofork", "--print-address=1"))
        there = {
            "DISPLAY": display,
            "DBUS_SESSION_BUS_ADDRESS": bus,
            "HOME": str(tmp_path),
            "QT_QPA_PLATFORM": "xcb",
        }
        heard = start("dbus-monitor", "--session", "member=Notify", **there)
        # Its first words are about itself: from then on it listens.
        first_line(heard)
        start("gtk-sni-tray-standalone", "--watcher", **there)
        start(sys.executable, "-c", SHOW, **there)
        said = ""
        while "int32 10000" not in said:
            said += first_line(heard)
    assert 'string "Kaskade BTCUSDT"string "Mindestens 1,36M"' in said
    # 0 would be of low urgency: desktops list that, and do not show it.
    assert 'string "urgency"variant             int32 1' in said
