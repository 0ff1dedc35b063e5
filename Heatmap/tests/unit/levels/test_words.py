"""No text of the levels claims what they do not know."""

import re
from pathlib import Path

import Heatmap.levels

_PACKAGE = Path(Heatmap.levels.__file__).parent
_DOCUMENT = _PACKAGE.parents[1] / "docs" / "levels.md"


def test_neither_accuracy_nor_confidence_is_claimed() -> None:
    files = [*_PACKAGE.rglob("*.py"), *_PACKAGE.rglob("*.json")]
    assert len(files) > 20
    # A package that was copied into a host comes without the document.
    files += [_DOCUMENT] if _DOCUMENT.is_file() else []
    for path in files:
        text = path.read_text(encoding="utf-8").lower()
        found = re.findall(r"accura\w*|confiden\w*", text)
        assert not found, f"{path.name}: {found}"
