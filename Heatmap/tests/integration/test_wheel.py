"""The wheel carries all that runs, and runs without the repository."""

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
SHIPPED = {".py", ".js", ".sql", ".html", ".md", ".typed"}
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
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel from a copy of what the repository ships, without a network."""
    if not (ROOT / "pyproject.toml").exists():
        pytest.skip("a copied plugin has no pyproject.toml to build a wheel from")
    source = tmp_path_factory.mktemp("source")
    for name in ("pyproject.toml", "README.md"):
        shutil.copy(ROOT / name, source)
    shutil.copytree(
        ROOT / "Heatmap", source / "Heatmap", ignore=shutil.ignore_patterns("__pycache__")
    )
    run("-m", "build", "--wheel", "--no-isolation", "--outdir", "dist", ".", cwd=source)
    (built,) = (source / "dist").glob("*.whl")
    return built


def test_every_file_of_the_plugin_is_in_it_and_no_test(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        packed = {name for name in archive.namelist() if name.startswith("Heatmap/")}
    expected = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "Heatmap").rglob("*")
        if path.is_file()
        and path.suffix in SHIPPED
        and "tests" not in path.relative_to(ROOT).parts
        and "__pycache__" not in path.parts
    }
    assert packed == expected
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
