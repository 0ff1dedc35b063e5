"""The text of all sources, read once: what documents name has to be in it."""

import re
from functools import cache
from pathlib import Path

import Heatmap

PACKAGE = Path(Heatmap.__file__).resolve().parent
ROOT = PACKAGE.parent
# These name what they look for.
_LOOKERS = {"source_words.py", "test_documents.py", "test_recipes.py"}


@cache
def source_text() -> str:
    """Return what Python, scripts and build files say, and how files and folders are called."""
    files = [file for kind in ("py", "js") for file in PACKAGE.rglob(f"*.{kind}")]
    files += [*(ROOT / "tools").glob("*.py"), ROOT / "Makefile", ROOT / "pyproject.toml"]
    files = [file for file in files if file.name not in _LOOKERS]
    names = [path.stem for path in PACKAGE.rglob("*")]
    return "\n".join([*(file.read_text("utf-8") for file in files), *names])


@cache
def source_words() -> frozenset[str]:
    """Return its words; to look through the text anew for each takes long."""
    return frozenset(re.findall(r"\w+", source_text()))
