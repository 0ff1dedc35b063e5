"""Hold the length limit: no Python file over 600 lines."""

import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LIMIT = 600
_OTHERS = {"build", "dist", "__pycache__"}  # and whatever begins with a dot


def _python_files(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        if path.name.startswith(".") or path.name in _OTHERS:
            continue
        if path.is_dir() and not path.is_symlink():
            yield from _python_files(path)
        elif path.suffix == ".py":
            yield path


def main(root: Path = ROOT) -> int:
    """Print each file that is too long, or how many there are; 1 for a long one or none at all."""
    counts = {path: len(path.read_bytes().splitlines()) for path in _python_files(root)}
    too_long = {path: count for path, count in counts.items() if count > LIMIT}
    for path, count in too_long.items():
        print(f"{path.relative_to(root)}: {count} lines, the limit is {LIMIT}")
    if not too_long:
        print(f"{len(counts)} Python files, none over {LIMIT} lines")
    return 1 if too_long or not counts else 0


if __name__ == "__main__":
    sys.exit(main())
