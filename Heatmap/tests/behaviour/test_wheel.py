"""The wheel carries all that runs, and runs without the repository."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path
from types import ModuleType

import pytest

from Heatmap.tests.try_wheel_tool import load_try_wheel

ROOT = Path(__file__).parents[3]
TIMEOUT_S = 100


def run(*words: str | Path, cwd: Path, **environment: str) -> str:
    done = subprocess.run(  # noqa: S603 - this interpreter, with words of this file
        [sys.executable, *words],
        cwd=cwd,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def tool() -> ModuleType:
    return load_try_wheel()


@pytest.fixture(scope="module")
def wheel(tool: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel from a copy of what the repository ships, without a network."""
    folder = tmp_path_factory.mktemp("build")
    built: Path = tool.build_wheel(folder, "--wheel", "--no-isolation")
    return built


def test_every_file_of_the_plugin_is_in_it_and_no_test(tool: ModuleType, wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        packed = {name for name in archive.namelist() if name.startswith("Heatmap/")}
    modules = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "Heatmap").rglob("*.py")
        if "tests" not in path.relative_to(ROOT).parts
    }
    assert packed == modules | {f"Heatmap/{name}" for name in tool.data_files()}
    assert {"Heatmap/ui/js/heatmap_layer.js", "Heatmap/storage/schema.sql", "Heatmap/py.typed"} < (
        packed
    )


def test_it_runs_from_elsewhere(wheel: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "site")
    site = str(tmp_path / "site")
    where = run("-c", "import Heatmap; print(Heatmap.__file__)", cwd=tmp_path, PYTHONPATH=site)
    assert where.startswith(site)
    picture = tmp_path / "demo.png"
    words = ("--source", "demo", "--db", tmp_path / "x.sqlite3")
    said = run(
        *("-m", "Heatmap", *words, "--screenshot", picture, "--exit-after", "3"),
        cwd=tmp_path,
        PYTHONPATH=site,
        QT_QPA_PLATFORM="offscreen",
    )
    assert picture.stat().st_size > 10_000, said
