"""Hold the limits of size: files of 600 lines, classes of 25 methods unless they say why.

What counts of a class is what stands in it itself, private methods and properties too. The reason
is a sentence of its docstring that begins with ``More than 25 methods`` and goes on.
"""

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LIMIT = 600
METHODS = 25
_OTHERS = {"build", "dist", "__pycache__"}  # and whatever begins with a dot
_REASON = re.compile(rf"More\s+than\s+{METHODS}\s+methods[:,]\s+(?:\S+\s+){{3}}\S")


def _python_files(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        if path.name.startswith(".") or path.name in _OTHERS:
            continue
        if path.is_dir() and not path.is_symlink():
            yield from _python_files(path)
        elif path.suffix == ".py":
            yield path


def large_classes(source: str) -> Iterator[tuple[str, int, bool]]:
    """Yield of each class over the limit its name, its methods, and whether it says why."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ClassDef):
            count = sum(
                isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef) for one in node.body
            )
            if count > METHODS:
                words = ast.get_docstring(node) or ""
                yield node.name, count, _REASON.search(words) is not None


def main(root: Path = ROOT) -> int:
    """Print what is too large, or how much there is; 1 for too large, or where there is no file."""
    texts = {path: path.read_text("utf-8") for path in _python_files(root)}
    faults = [
        f"{path.relative_to(root)}: {count} lines, the limit is {LIMIT}"
        for path, text in texts.items()
        if (count := len(text.encode().splitlines())) > LIMIT
    ]
    faults += [
        f"{path.relative_to(root)}: {name} has {count} methods, the limit is {METHODS}; part it, "
        f"or say why not in its docstring: More than {METHODS} methods: ..."
        for path, text in texts.items()
        for name, count, has_reason in large_classes(text)
        if not has_reason
    ]
    for fault in faults:
        print(fault)
    if not faults:
        print(
            f"{len(texts)} Python files, none over {LIMIT} lines, no class over {METHODS} methods "
            "without a reason"
        )
    return 1 if faults or not texts else 0


if __name__ == "__main__":
    sys.exit(main())
