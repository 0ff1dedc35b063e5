"""The example of a host: under 80 lines, and it runs."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import Heatmap.examples

SCRIPT = """
import asyncio, sys
from PyQt6.QtCore import QSettings, QTimer
from PyQt6.QtWidgets import QApplication
QSettings.setPath(QSettings.Format.NativeFormat, QSettings.Scope.UserScope, sys.argv[1])
import runpy
sys.argv = ["host", "ws://127.0.0.1:9", "http://127.0.0.1:9"]
def close():
    for widget in QApplication.topLevelWidgets():
        tabs = getattr(widget, "count", None)
        if tabs is not None and widget.isVisible():
            print("tabs:", [widget.tabText(i) for i in range(widget.count())], flush=True)
            widget.close()
            return
    QTimer.singleShot(100, close)
original = QApplication.__init__
def start(self, *words):
    original(self, *words)
    QTimer.singleShot(100, close)
QApplication.__init__ = start
runpy.run_module("Heatmap.examples.host_minimal", run_name="__main__")
"""


def test_it_has_fewer_than_eighty_lines() -> None:
    assert (
        len(
            (Path(Heatmap.examples.__file__).parent / "host_minimal.py")
            .read_text("utf-8")
            .splitlines()
        )
        < 80
    )


def test_it_runs_until_its_window_is_closed(tmp_path: Path) -> None:
    """The exchange refuses, on a closed port of loopback, and the host goes on all the same."""
    environment = os.environ | {
        "QT_QPA_PLATFORM": "offscreen",
        "QTWEBENGINE_CHROMIUM_FLAGS": "--no-sandbox --disable-gpu",
        "HOME": str(tmp_path),
        "XDG_DATA_HOME": str(tmp_path / "data"),
    }
    done = subprocess.run(  # noqa: S603 - this interpreter
        [sys.executable, "-c", SCRIPT, str(tmp_path)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    if done.returncode == -signal.SIGKILL:
        pytest.skip("the machine ran out of memory")
    assert done.returncode == 0, done.stderr
    assert "tabs: ['Chart', 'Heatmap']" in done.stdout
    assert (tmp_path / "data" / "Heatmap" / "heatmap.sqlite3").exists()
