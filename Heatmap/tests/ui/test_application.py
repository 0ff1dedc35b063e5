"""The program as a process: closing its window ends it, with everything behind it closed."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from PyQt6.QtGui import QImage

from Heatmap.errors import HeatmapError
from Heatmap.standalone.display import is_reachable_display, prepare_environment
from Heatmap.standalone.picture_file import save_picture

ROOT = Path(__file__).resolve().parents[3]

CLOSES_ITS_WINDOW = """
import sys, threading
from pathlib import Path
from PyQt6.QtCore import QTimer
from PyQt6.QtWidgets import QApplication
from Heatmap.__main__ import main
from Heatmap.standalone import window

class ClosedByItself(window.ChartWindow):
    async def show_source(self, *sources, **options):
        await super().show_source(*sources, **options)
        assert await self.wait_for_candles(10)
        QTimer.singleShot(300, self.close)

from Heatmap.standalone import application
application.ChartWindow = ClosedByItself
code = main(["--source", "demo", "--db", "x.sqlite3"])
print("threads", sorted(thread.name for thread in threading.enumerate()))
sys.exit(code)
"""


QUIT_BY_THE_DESKTOP = """
import sys, threading
from PyQt6.QtCore import QTimer
from PyQt6.QtWidgets import QApplication
from Heatmap.__main__ import main
from Heatmap.standalone import application, windows

class Two(windows.Windows):
    async def open_others(self):
        await super().open_others()
        first = self.open_windows[0]
        await self.open_another(first)
        assert len(self.open_windows) == 2
        QTimer.singleShot(0, QApplication.quit)

application.Windows = Two
code = main(["--source", "demo", "--db", "x.sqlite3"])
print("threads", sorted(thread.name for thread in threading.enumerate()))
sys.exit(code)
"""

CLOSED_WHILE_IT_STARTS = """
import sys
from PyQt6.QtCore import QSettings, QTimer
from Heatmap.__main__ import main
from Heatmap.standalone import application, window
from Heatmap.standalone.stores import STORE

made = []

class ClosedAtOnce(window.ChartWindow):
    def __init__(self, *words):
        super().__init__(*words)
        made.append(self)

    async def load(self):
        await super().load()
        self.close()

application.ChartWindow = ClosedAtOnce
QSettings(*STORE).setValue("Windows/open", "1 2")
nowhere = ["--ws-url", "ws://127.0.0.1:1", "--rest-url", "http://127.0.0.1:1"]
code = main(["--db", "x.sqlite3", *nowhere])
print("made", len(made), "kept", QSettings(*STORE).value("Windows/open"))
sys.exit(code)
"""


def run_alone(program: str, home: Path) -> str:
    """Run a program of these until it ends in order, and return what it prints."""
    environment = {
        name: value
        for name, value in os.environ.items()
        if name not in ("DISPLAY", "WAYLAND_DISPLAY")
    }
    environment |= {"HOME": str(home), "PYTHONPATH": str(ROOT)}
    environment["QT_QPA_PLATFORM"] = "offscreen"
    done = subprocess.run(  # noqa: S603 - this interpreter, a fixed text
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        cwd=home,
        env=environment,
    )
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout


def test_closing_the_window_ends_the_program_and_all_its_threads(tmp_path: Path) -> None:
    # Nothing can be kept there, which is said and no reason not to run.
    (tmp_path / ".config").write_text("no folder")
    told = run_alone(CLOSES_ITS_WINDOW, tmp_path)
    assert "threads ['MainThread']" in told
    assert "not kept" in told


def test_the_end_of_a_session_ends_all_in_order_and_forgets_no_window(tmp_path: Path) -> None:
    assert "threads ['MainThread']" in run_alone(QUIT_BY_THE_DESKTOP, tmp_path)
    (kept,) = (tmp_path / ".config" / "OrderPilot").glob("Heatmap.conf")
    assert "open=1 2" in kept.read_text().splitlines()


def test_a_window_that_is_closed_while_it_starts_opens_no_other_and_forgets_none(
    tmp_path: Path,
) -> None:
    assert "made 1 kept 1 2" in run_alone(CLOSED_WHILE_IT_STARTS, tmp_path)


@pytest.mark.parametrize(
    ("environment", "is_headless"),
    [
        ({}, True),
        ({"DISPLAY": "far.example:0"}, False),
        ({"DISPLAY": ":94321"}, True),
        ({"WAYLAND_DISPLAY": "wayland-0"}, False),
        ({"DISPLAY": "far.example:0", "QT_QPA_PLATFORM": "offscreen"}, True),
    ],
)
def test_without_a_display_it_draws_offscreen(
    environment: dict[str, str], is_headless: bool
) -> None:
    assert prepare_environment(environment, "linux") is is_headless
    assert (environment.get("QT_QPA_PLATFORM") == "offscreen") is is_headless


@pytest.mark.parametrize("display", ["", ":0", "needs-to-be-defined", "127.0.0.1:0.0"])
@pytest.mark.parametrize("platform", ["win32", "darwin"])
def test_where_there_is_always_a_display_no_variable_of_x11_decides(
    platform: str, display: str
) -> None:
    environment = {"DISPLAY": display}
    assert not prepare_environment(environment, platform)
    assert "QT_QPA_PLATFORM" not in environment
    # Offscreen is what the user asks for.
    assert prepare_environment({"QT_QPA_PLATFORM": "offscreen"}, platform)


def test_on_windows_no_socket_is_needed_to_look_for_a_display(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delattr(socket, "AF_UNIX")
    monkeypatch.delattr(os, "geteuid")
    monkeypatch.setattr(sys, "platform", "win32")
    assert not prepare_environment({"DISPLAY": ":0"}, sys.platform)
    assert not is_reachable_display(":0")


@pytest.mark.skipif(sys.platform != "linux", reason="its X servers listen there")
def test_a_display_that_listens_is_found() -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("\0/tmp/.X11-unix/X94322")
        server.listen()
        assert is_reachable_display(":94322")
        assert is_reachable_display(":94322.0")
    assert not is_reachable_display(":94322")
    assert not is_reachable_display("")


def test_flags_that_the_user_has_set_stay() -> None:
    environment = {"QTWEBENGINE_CHROMIUM_FLAGS": "--force-dark-mode --log-level=0"}
    prepare_environment(environment, "linux")
    flags = environment["QTWEBENGINE_CHROMIUM_FLAGS"].split()
    assert flags[:2] == ["--force-dark-mode", "--log-level=0"]
    assert "--disable-gpu" in flags


def test_one_process_draws_all_windows_unless_the_user_says_otherwise() -> None:
    environment: dict[str, str] = {}
    prepare_environment(environment, "win32")
    assert environment["QTWEBENGINE_CHROMIUM_FLAGS"] == "--renderer-process-limit=1"
    environment = {"QTWEBENGINE_CHROMIUM_FLAGS": "--renderer-process-limit=4"}
    prepare_environment(environment, "win32")
    assert environment["QTWEBENGINE_CHROMIUM_FLAGS"] == "--renderer-process-limit=4"


def test_a_picture_that_another_program_holds_is_refused_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "heatmap.png"
    path.write_bytes(b"before")

    def refuse(_part: Path, _target: Path) -> None:
        raise PermissionError(13, "it is in use")  # as Windows does while a viewer shows it

    picture = QImage(8, 8, QImage.Format.Format_RGB32)
    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", refuse)
        with pytest.raises(HeatmapError) as raised:
            save_picture(picture, path)
    assert "\n" not in str(raised.value)
    assert [(found.name, found.read_bytes()) for found in tmp_path.iterdir()] == [
        ("heatmap.png", b"before")
    ]
    save_picture(picture, path)
    assert path.read_bytes().startswith(b"\x89PNG")
