"""Whatever a user has set for other programs, tests run as on a fresh machine."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from Heatmap.tests.clean_environment import SET, clean

ROOT = Path(__file__).resolve().parents[4]
TOOL = ROOT / "Heatmap" / "tests" / "clean_environment.py"
HABITS = {
    "QTWEBENGINE_CHROMIUM_FLAGS": "--force-dark-mode --force-device-scale-factor=2",
    "QTWEBENGINE_DISABLE_SANDBOX": "1",
    "QTWEBENGINE_REMOTE_DEBUGGING": "9222",
    "QT_SCALE_FACTOR": "2",
    "QT_DEVICE_PIXEL_RATIO": "2",
    "QT_SCREEN_SCALE_FACTORS": "1.5",
    "QT_FONT_DPI": "192",
    "QT_QPA_PLATFORMTHEME": "gtk3",
    "QT_STYLE_OVERRIDE": "Windows",
    "QT_LOGGING_RULES": "*=true",
    "QT_FATAL_WARNINGS": "1",
    "QT_PLUGIN_PATH": "/nowhere",
    "QSG_INFO": "1",
    "http_proxy": "http://127.0.0.1:9",
    "https_proxy": "http://127.0.0.1:9",
    "ALL_PROXY": "socks5://127.0.0.1:9",
    "NO_PROXY": "*",
    "LANG": "de_DE.ISO-8859-1",
    "LANGUAGE": "de",
    "LC_ALL": "de_DE.ISO-8859-1",
    "LC_NUMERIC": "de_DE",
    "TZ": "Asia/Kolkata",
    "HEATMAP_LOG": "loudly",
    "COLUMNS": "20",
    "XDG_DATA_HOME": "/nowhere",
}
AT_START = {
    "PYTHONPATH": "/nowhere",
    "PYTHONWARNINGS": "error",
    "PYTHONOPTIMIZE": "2",
    "PYTHONHASHSEED": "7",
    "PYTEST_ADDOPTS": "--no-such-option",
    "PYTEST_PLUGINS": "no_such_plugin",
}
needs_tools = pytest.mark.skipif(
    not (ROOT / "Makefile").is_file() or shutil.which("make") is None,
    reason="the package was copied without the repository, or there is no make",
)


def test_habits_go_and_what_the_machine_needs_stays() -> None:
    needed = {
        "PATH": "/usr/bin",
        "HOME": "/home/me",
        "DISPLAY": ":0",
        "QT_QPA_PLATFORM": "offscreen",
        "TMPDIR": "/tmp",  # noqa: S108
        "XDG_RUNTIME_DIR": "/run/user/0",
        "PYTHONPATH": "/packages",
    }
    environment = HABITS | needed
    clean(environment)
    assert environment == needed | SET


def test_before_a_start_the_interpreters_own_go_as_well() -> None:
    environment = HABITS | AT_START | {"PATH": "/usr/bin", "PYTHONUNBUFFERED": "1"}
    clean(environment, at_start=True)
    assert environment == {"PATH": "/usr/bin", "PYTHONUNBUFFERED": "1"} | SET


def test_this_process_has_none_of_them() -> None:
    assert not set(HABITS) - set(SET) & set(os.environ)
    assert {name: os.environ[name] for name in SET} == SET


TELLS = """
import json, os, sys
print(json.dumps([dict(os.environ), sys.argv[1:], sys.flags.optimize]))
"""


def test_as_a_program_it_runs_a_command_without_them() -> None:
    done = subprocess.run(  # noqa: S603 - this interpreter, our own file
        [sys.executable, "-I", str(TOOL), sys.executable, "-c", TELLS, "one", "two words"],
        env=os.environ | HABITS | AT_START,
        capture_output=True,
        text=True,
        check=True,
    )
    environment, words, optimize = json.loads(done.stdout)
    assert words == ["one", "two words"]
    assert optimize == 0
    assert not (set(HABITS | AT_START) - set(SET)) & set(environment)
    assert {name: environment[name] for name in SET} == SET


def test_as_a_program_it_gives_the_commands_exit_status() -> None:
    done = subprocess.run(  # noqa: S603 - this interpreter, our own file
        [sys.executable, "-I", str(TOOL), sys.executable, "-c", "raise SystemExit(3)"], check=False
    )
    assert done.returncode == 3


# Stands for the interpreter of .venv: it notes what it is started with, and starts nothing of ours
# but the cleaning.
STAND_IN = """#!{python} -I
import json, os, sys
words = sys.argv[1:]
if any(word.endswith("clean_environment.py") for word in words):
    os.execv({python!r}, [{python!r}, *words])
with open({notes!r}, "a") as notes:
    notes.write(json.dumps([words, dict(os.environ)]) + "\\n")
"""


@needs_tools
@pytest.mark.parametrize(
    ("target", "program"),
    [
        ("test", "tools/run_tests.py"),
        ("bench", "tools/run_benchmarks.py"),
        ("torture", "Heatmap.tests.torture"),
    ],
)
def test_make_starts_each_of_them_without_a_users_habits(
    tmp_path: Path, target: str, program: str
) -> None:
    notes, stand_in = tmp_path / "notes.jsonl", tmp_path / "python"
    stand_in.write_text(STAND_IN.format(python=sys.executable, notes=str(notes)))
    stand_in.chmod(0o755)
    # The set-up counts as done.
    words = ["make", "-o", "setup", "-o", "setup-qt", target, f"PY={stand_in}", "ARGS=one two"]
    done = subprocess.run(  # noqa: S603 - our own Makefile
        words,
        cwd=ROOT,
        env=os.environ | HABITS | AT_START,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    started = [json.loads(line) for line in notes.read_text().splitlines()]
    environments = [environment for words, environment in started if program in words]
    assert len(environments) == 1
    (environment,) = environments
    assert not (set(HABITS | AT_START) - set(SET)) & set(environment)
    assert {name: environment[name] for name in SET} == SET
    if target != "torture":
        assert environment["QT_QPA_PLATFORM"] == "offscreen"


@pytest.mark.skipif(sys.platform == "win32", reason="Qt needs no offscreen platform there")
def test_pytest_by_hand_passes_with_all_of_them_set() -> None:
    """A page is drawn at its true size, offscreen, though the user scales and darkens pages."""
    done = subprocess.run(  # noqa: S603 - this interpreter, a test of ours
        [
            *(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"),
            "Heatmap/tests/ui/test_window_chart_page.py",
            *("-k", "scrolled_back or without_candles"),
        ],
        cwd=ROOT,
        env=os.environ | HABITS | {"QT_QPA_PLATFORM": "offscreen"},
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"[1-9][0-9]* passed", done.stdout)
