"""`make wheel` notices what it is there to notice, and says it in one line."""

import os
import sys
from pathlib import Path
from types import ModuleType

import pytest
from PyQt6.QtGui import QColor, QImage

from Heatmap.tests.try_wheel_tool import TOOL, load_try_wheel


@pytest.fixture(scope="module")
def tool() -> ModuleType:
    return load_try_wheel()


def test_what_fails_is_said_in_one_line_with_its_reason(tool: ModuleType, tmp_path: Path) -> None:
    trial = tool.Trial(Path(sys.executable), tmp_path)
    checks = {
        "silent": ["-c", "raise SystemExit(3)"],
        "good": ["-c", "print('all is well')"],
        "pip": ["-c", "print('ERROR: no such package'); raise ValueError('a command failed')"],
        "python": ["-c", "print('begun'); raise ValueError('no room')"],
    }
    assert tool.failures(trial, checks) == [
        "silent: it gave no reason (exit status 3)",
        "pip: ERROR: no such package (exit status 1)",
        "python: ValueError: no room (exit status 1)",
    ]


def test_a_command_that_does_not_end_is_ended(tool: ModuleType, tmp_path: Path) -> None:
    command = [sys.executable, "-c", "import time; time.sleep(60)"]
    with pytest.raises(tool.WheelError, match="the window: not done after 1 s"):
        tool.run("the window", command, tmp_path, os.environ, 1.0)


def test_the_repository_is_not_in_reach_of_what_is_tried(
    tool: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(TOOL.parents[1]))
    trial = tool.Trial(Path(sys.executable), tmp_path)
    said = tool.failures(trial, {"names": ["-c", "import Heatmap"]})
    assert said == ["names: ModuleNotFoundError: No module named 'Heatmap' (exit status 1)"]
    checks = tool.base_checks(["py.typed"])
    assert len(tool.failures(trial, checks)) == len(checks)


def test_what_is_shipped_beside_the_modules_is_found_without_tests_and_leftovers(
    tool: ModuleType, tmp_path: Path
) -> None:
    kept = ["py.typed", "storage/schema.sql", "ui/js/layer.js"]
    others = ["__init__.py", ".hidden", "tests/notes.md", "ui/__pycache__/x.pyc", "a.sqlite3-wal"]
    for name in (*kept, *others):
        path = tmp_path / "Heatmap" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    assert tool.data_files(tmp_path) == kept
    assert {"py.typed", "storage/schema.sql", "ui/js/heatmap_layer.js"} < set(tool.data_files())


@pytest.mark.parametrize(("shades", "is_good"), [(1, False), (900, False), (2500, True)])
def test_a_blank_picture_and_one_without_heat_are_told_from_one_with_heat(
    tool: ModuleType, tmp_path: Path, shades: int, *, is_good: bool
) -> None:
    picture = QImage(100, 100, QImage.Format.Format_RGB32)
    for place in range(100 * 100):
        shade = place % shades
        picture.setPixelColor(place % 100, place // 100, QColor(shade % 256, shade // 256, 9))
    assert picture.save(str(tmp_path / "picture.png"))
    trial = tool.Trial(Path(sys.executable), tmp_path)
    said = tool.failures(trial, tool.picture_check(tmp_path / "picture.png"))
    assert (said == []) is is_good
    assert all("without heat" in line for line in said)


def test_a_picture_that_is_missing_is_said(tool: ModuleType, tmp_path: Path) -> None:
    trial = tool.Trial(Path(sys.executable), tmp_path)
    (said,) = tool.failures(trial, tool.picture_check(tmp_path / "picture.png"))
    assert "it is no picture" in said
