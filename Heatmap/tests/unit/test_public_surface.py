"""The public names are there and cost nothing unused; the window and the examples keep to them."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

import Heatmap
import Heatmap.ui

PACKAGE = Path(Heatmap.__file__).parent
HOSTS = sorted(
    path for folder in ("standalone", "examples") for path in (PACKAGE / folder).rglob("*.py")
)


@pytest.mark.parametrize("package", [Heatmap, Heatmap.ui])
def test_every_public_name_leads_to_what_it_names(package: ModuleType) -> None:
    for name in package.__all__:
        value = getattr(package, name)
        assert value == Heatmap.__version__ if name == "__version__" else value.__name__ == name


@pytest.mark.parametrize("package", [Heatmap, Heatmap.ui], ids=lambda one: one.__name__)
def test_every_public_name_is_told_to_whoever_embeds_it(package: ModuleType) -> None:
    readme = (PACKAGE / "README.md").read_text("utf-8")
    names = [name for name in package.__all__ if not name.startswith("_")]
    assert [name for name in names if not re.search(rf"\b{name}\b", readme)] == []


def test_a_name_that_is_not_public_is_no_attribute() -> None:
    with pytest.raises(AttributeError, match="Recorder"):
        Heatmap.Recorder  # noqa: B018 - the access is what is tested


def test_what_tells_of_the_recorder_loads_neither_qt_nor_numpy() -> None:
    # In a process of its own: this one has loaded both long since.
    code = (
        "import sys\n"
        "from Heatmap import ConnectionState, ConnectionTimes, DataKind, RecorderStatus, SinkRole\n"
        "print([m for m in sys.modules if m.split('.')[0] in ('PyQt6', 'numpy', 'qasync')])\n"
    )
    assert output_of(code) == "[]"


def test_parts_without_a_chart_load_no_web_engine() -> None:
    code = (
        "import sys\n"
        "from Heatmap.ui import AlertPanel, HeatmapSettingsTab, LastHourLine, LiquidationTape\n"
        "from Heatmap.ui import LiquidationTotals, PanelSymbol, ReplayBar, StatusPanel\n"
        "print([m for m in sys.modules if m.startswith('PyQt6.QtWeb')])\n"
    )
    assert output_of(code) == "[]"


def output_of(code: str) -> str:
    """Return what code prints in an interpreter of its own."""
    done = subprocess.run(  # noqa: S603 - this interpreter
        [sys.executable, "-c", code],
        cwd=PACKAGE.parent,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


def names_with_underscore(tree: ast.Module) -> Iterator[str]:
    """Name what is imported from the package although its name begins with an underscore."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "Heatmap":
            for alias in node.names:
                # The version is one of the public names.
                if alias.name.startswith("_") and alias.name not in Heatmap.__all__:
                    yield f"line {node.lineno}: {node.module}.{alias.name}"


@pytest.mark.parametrize("path", HOSTS, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_window_and_examples_import_no_name_with_an_underscore(path: Path) -> None:
    """Which modules they import, and which attributes they use, `make check` looks after."""
    assert list(names_with_underscore(ast.parse(path.read_text("utf-8")))) == []
