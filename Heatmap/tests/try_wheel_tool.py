"""What `make wheel` is made of, loaded as a module."""

import importlib
from pathlib import Path
from types import ModuleType

import pytest

TOOL = Path(__file__).parents[2] / "tools" / "try_wheel.py"


def load_try_wheel() -> ModuleType:
    """Load it, or skip the test where the package was copied without the repository."""
    if not TOOL.exists():
        pytest.skip("only in the repository")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(TOOL.parent)
        return importlib.import_module(TOOL.stem)
