"""Imports in children that are killed, or whose files may not grow; prints what was found.

A program of its own: it forks, which a process with threads must not do. Each child begins with all
modules loaded, so that most kills hit the import and not its start.
"""

import hashlib
import json
import os
import signal
import sys
import time
from datetime import date
from io import StringIO
from pathlib import Path

import duckdb  # noqa: F401 - loaded before the children

from Heatmap.history.dataset import Market
from Heatmap.history.manifest import read_manifest
from Heatmap.history.source_tree import find_files
from Heatmap.history.store_layout import day_path, history_folder
from Heatmap.history.whole_import import import_tree
from Heatmap.tests.archive_files import SYMBOL

if os.name != "nt":
    import resource
assert os.name != "nt", "it forks"


def _import(archive: Path, store: Path, jobs: int) -> int:
    tree = find_files(archive, SYMBOL, Market.USD_M, None, None, None)
    report = import_tree(tree, store, replaces=False, jobs=jobs, terminal=StringIO())
    return 3 if report.stopped else 0


def _child(archive: Path, store: Path, limit_bytes: int = 0) -> int:
    child = os.fork()
    if child:
        return child
    code = 9
    try:
        if limit_bytes:
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit_bytes, resource.RLIM_INFINITY))
        # One at a time where a file may not grow, so that it is known which ones come before it.
        code = _import(archive, store, jobs=1 if limit_bytes else 2)
    except BaseException as error:  # noqa: BLE001 - told, and the child must not go on
        print(repr(error), file=sys.stderr, flush=True)
    os._exit(code)


def _digests(store: Path) -> dict[str, str]:
    """Return a digest of each Parquet file of a store."""
    # So small a day is one group of rows, whose bytes are always the same.
    return {
        str(path.relative_to(store)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(history_folder(store).rglob("*.parquet"))
    }


def _require_sound(store: Path, expected: dict[str, str]) -> None:
    digests = _digests(store)
    wrong = {name for name, digest in digests.items() if expected.get(name) != digest}
    if wrong:
        raise AssertionError(f"half or wrong: {wrong}")
    for one in read_manifest(store)[0]:
        path = day_path(store, one.dataset, one.symbol, date.fromisoformat(one.day))
        if str(path.relative_to(store)) not in digests:
            raise AssertionError(f"the manifest has {path}, and it is not there")


def kill(archive: Path, work: Path, kills: int) -> dict[str, object]:
    """Kill an import so often, each at another share of its time, and let it end each time."""
    whole = work / "whole"
    begun_s = time.monotonic()
    os.waitpid(_child(archive, whole), 0)
    took_s = time.monotonic() - begun_s
    expected = _digests(whole)
    hits, partial, store, attempt = 0, 0, work / "store-0", 0
    while hits < kills:
        attempt += 1
        child = _child(archive, store)
        # Shares that cover all of an import, in an order that jumps about.
        time.sleep(took_s * ((attempt * 7) % 20 + 0.5) / 20)
        os.kill(child, signal.SIGKILL)
        status = os.waitpid(child, 0)[1]
        hits += os.WIFSIGNALED(status)
        _require_sound(store, expected)
        done = len(read_manifest(store)[0])
        partial += 0 < done < len(expected)
        if done == len(expected):
            store = work / f"store-{attempt}"
    code = os.waitstatus_to_exitcode(os.waitpid(_child(archive, store), 0)[1])
    left = sorted(path.name for path in history_folder(store).iterdir())
    return {
        "kills": hits,
        "partial": partial,
        "files": len(expected),
        "code": code,
        "same": _digests(store) == expected,
        "left": left,
    }


def fill(archive: Path, work: Path, limit_bytes: int) -> dict[str, object]:
    """Import where no file may grow beyond a limit, as on a full disk; then where all may."""
    whole, store = work / "whole", work / "full"
    os.waitpid(_child(archive, whole), 0)
    expected = _digests(whole)
    code = os.waitstatus_to_exitcode(os.waitpid(_child(archive, store, limit_bytes), 0)[1])
    _require_sound(store, expected)
    during = len(_digests(store))
    left = sorted(path.name for path in history_folder(store).iterdir())
    again = os.waitstatus_to_exitcode(os.waitpid(_child(archive, store), 0)[1])
    return {
        "code": code,
        "during": during,
        "files": len(expected),
        "left": left,
        "again": again,
        "same": _digests(store) == expected,
    }


if __name__ == "__main__":
    what, archive, work, number = sys.argv[1:]
    action = {"kill": kill, "fill": fill}[what]
    print(json.dumps(action(Path(archive), Path(work), int(number))))
