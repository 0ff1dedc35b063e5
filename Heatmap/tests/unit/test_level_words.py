"""No text of the program claims for its levels what they do not know."""

import re
from pathlib import Path

import Heatmap

_PACKAGE = Path(Heatmap.__file__).parent
_KINDS = ("*.py", "*.js", "*.json", "*.html", "*.md", "*.sql")


def test_neither_accuracy_nor_confidence_is_claimed_anywhere() -> None:
    files = [path for kind in _KINDS for path in _PACKAGE.rglob(kind)]
    files = [path for path in files if _PACKAGE / "tests" not in path.parents]
    # A package that was copied into a host comes without the repository's pages.
    files += [
        path
        for path in (_PACKAGE.parent / "README.md", *(_PACKAGE.parent / "docs").glob("*.md"))
        if path.is_file()
    ]
    assert len(files) > 200
    for path in files:
        found = re.findall(r"accura\w*|confiden\w*", path.read_text(encoding="utf-8").lower())
        assert not found, f"{path.name}: {found}"
