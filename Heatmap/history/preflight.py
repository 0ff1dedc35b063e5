"""Whether an import would succeed: files, names, first lines, checksums, room. Writes nothing."""

import os
import shutil
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from Heatmap.history.csv_head import read_head
from Heatmap.history.days import days_between, spans
from Heatmap.history.faults import Fault, FileFaultError
from Heatmap.history.import_lock import holder_text, who_imports
from Heatmap.history.importer import needed_bytes
from Heatmap.history.source_tree import SourceFile, SourceTree
from Heatmap.history.texts import fault_text, size_text
from Heatmap.history.unpacking import checked_sha256, first_lines, unpacked_size


@dataclass(frozen=True, slots=True)
class Preflight:
    """What was found.

    Attributes
    ----------
    faults
        What is wrong with files.
    missing
        Days that were asked for and are not there, by dataset.
    problems
        What keeps all of it out, in words.
    plain
        All of it for JSON.
    """

    faults: tuple[tuple[Path, Fault], ...]
    missing: dict[str, list[date]]
    problems: tuple[str, ...]
    plain: dict[str, Any]

    @property
    def is_ready(self) -> bool:
        """Whether an import would bring everything that was asked for."""
        return not self.faults and not self.problems and not any(self.missing.values())


def look_before(
    tree: SourceTree, store: Path, first: date | None, last: date | None, *, jobs: int = 1
) -> Preflight:
    """Look at everything that an import would meet, but the rows themselves.

    Parameters
    ----------
    tree
        The files.
    store
        Where the days would lie; it need not exist.
    first, last
        The days that were asked for; ``None``: those between the first and the last file.
    jobs
        How many files would be imported at a time.
    """
    faults = [(one.path, one.fault) for one in tree.misplaced]
    for source in tree.files:
        try:
            _look_at(source)
        except FileFaultError as error:
            faults.append((source.path, error.fault))
    missing = missing_days(tree, first, last)
    needed = needed_bytes(tree.files, jobs)
    problems, free = _store_problems(store, needed)
    plain = {
        "is_ready": not faults and not problems and not any(missing.values()),
        "files": len(tree.files),
        "datasets": {
            name: {
                "files": sum(one.dataset.name == name for one in tree.files),
                "days": sum(len(one.days) for one in tree.files if one.dataset.name == name),
                "bytes": sum(one.size_bytes for one in tree.files if one.dataset.name == name),
                "missing_days": [[str(low), str(high)] for low, high in spans(days)],
            }
            for name, days in missing.items()
        },
        "faults": [
            {
                "file": str(path),
                "kind": fault.kind.value,
                "line": fault.line,
                "detail": fault_text(fault),
            }
            for path, fault in faults
        ],
        "ignored": list(tree.ignored),
        "store": str(store),
        "needed_bytes": round(needed),
        "free_bytes": free,
        "problems": problems,
    }
    return Preflight(tuple(faults), missing, tuple(problems), plain)


def missing_days(tree: SourceTree, first: date | None, last: date | None) -> dict[str, list[date]]:
    """Return by dataset which of the days that were asked for no file has.

    Without a first or a last day those between the files count.
    """
    found: dict[str, list[date]] = {}
    for name in dict.fromkeys(one.dataset.name for one in tree.files):
        days = {day for one in tree.files if one.dataset.name == name for day in one.days}
        low, high = first or min(days), last or max(days)
        found[name] = [day for day in days_between(low, high) if day not in days]
    return found


def can_read_any(tree: SourceTree) -> bool:
    """Whether at least one of the files can be opened."""
    return any(os.access(one.path, os.R_OK) for one in tree.files) or not tree.files


def _look_at(source: SourceFile) -> None:
    checked_sha256(source.path)
    unpacked_size(source.path, source.name.stem)
    lines = first_lines(source.path, source.name.stem)
    read_head(*lines, source.dataset, source.market)


def _store_problems(store: Path, needed: float) -> tuple[list[str], int]:
    problems = []
    above = store
    while not above.exists() and above != above.parent:
        above = above.parent
    if not above.is_dir():
        problems.append(f"{above} is no directory; choose another --store")
    elif not os.access(above, os.W_OK):
        problems.append(
            f"{above} may not be written; change its permissions, or choose another --store"
        )
    free = shutil.disk_usage(above).free
    if needed > free:
        problems.append(
            f"it needs about {size_text(needed)} in {store}, and the disk has "
            f"{size_text(free)} left; make room, or choose another --store"
        )
    if holder := who_imports(store):
        problems.append(f"{holder_text(holder)} imports into {store}; wait until it has ended")
    return problems, free
