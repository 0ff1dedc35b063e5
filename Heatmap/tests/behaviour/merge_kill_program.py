"""Merges in children that are killed, or whose files may not grow; prints what was found.

A program of its own: it forks, which a process with threads must not do. Each child begins with all
modules loaded, so that most kills hit the merge and not its start.
"""

import json
import os
import shutil
import signal
import sys
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from Heatmap.domain.events import DataKind
from Heatmap.domain.recordings import RecordedEvent
from Heatmap.errors import HeatmapError
from Heatmap.history.recordings.export_recording import export_recording
from Heatmap.history.recordings.merge_recording import merge_recording
from Heatmap.history.recordings.recording_sources import open_source
from Heatmap.storage.store import open_store
from Heatmap.tests.unit.history.recording_files import (
    DEC_5_MS,
    HOUR_MS,
    MINUTE_MS,
    NOW_MS,
    contents,
    covered,
    keyed,
    message,
    record,
)

if os.name != "nt":
    import resource
assert os.name != "nt", "it forks"

EVENTS_OF_OTHER = 800
# A log is written in a few thousandths of a second.
_LOOK_S = 0.0002


def _recorded(work: Path) -> Path:
    """Return another person's recording as a file; it begins where the own one ends."""
    store = open_store(work / "other.sqlite3")
    begin_ms = DEC_5_MS + 2 * HOUR_MS
    times = range(begin_ms, begin_ms + EVENTS_OF_OTHER)
    with closing(store.open_writer(DataKind.LIVE)) as sink:
        sink.write([keyed(ts_ms, raw_json=message(ts_ms)) for ts_ms in times])
        sink.extend_coverage("BTCUSDT", begin_ms, begin_ms + MINUTE_MS, proven=True)
    export_recording(store, work / "other.jsonl", NOW_MS)
    return work / "other.jsonl"


def _child(source: Path, target: Path, limit_bytes: int = 0) -> int:
    child = os.fork()
    if child:
        return child
    code = 9
    try:
        if limit_bytes:
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit_bytes, resource.RLIM_INFINITY))
        merge_recording(open_source(str(source)), open_store(target), NOW_MS)
        code = 0
    except HeatmapError as error:
        print(error, file=sys.stderr, flush=True)
        code = 2
    except BaseException as error:  # noqa: BLE001 - told, and the child must not go on
        print(repr(error), file=sys.stderr, flush=True)
    os._exit(code)


def _code(child: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def _found(path: Path) -> tuple[list[RecordedEvent], list[tuple[int, int, bool]]]:
    """Return what a database has: events, whenever they came, and coverage."""
    store = open_store(path)
    events = [replace(one, event=replace(one.event, receive_ms=0)) for one in contents(store)]
    return events, covered(store)


def _log_bytes(target: Path) -> int:
    try:
        return target.with_name(f"{target.name}-wal").stat().st_size
    except FileNotFoundError:
        return 0


def _killed(child: int, target: Path, log_bytes: int) -> bool:
    """Kill a child once its log is so large; return whether it lived so long."""
    while not (ended := os.waitpid(child, os.WNOHANG))[0]:
        if _log_bytes(target) >= log_bytes:
            os.kill(child, signal.SIGKILL)
            return os.WIFSIGNALED(os.waitpid(child, 0)[1])
        time.sleep(_LOOK_S)
    if os.waitstatus_to_exitcode(ended[1]):
        raise AssertionError("expected a merge that ends well")
    return False


def kill(work: Path, kills: int) -> dict[str, object]:
    """Kill merges while they write more and more, and let the last one end after all."""
    source, own = _recorded(work), work / "own.sqlite3"
    record(open_store(own))
    whole = work / "whole.sqlite3"
    shutil.copy(own, whole)
    before, child, largest = _found(own), _child(source, whole), 0
    while not os.waitpid(child, os.WNOHANG)[0]:
        largest = max(largest, _log_bytes(whole))
        time.sleep(_LOOK_S)
    after = _found(whole)
    hits, unmerged, attempt, target = 0, 0, 0, work / "target-0.sqlite3"
    shutil.copy(own, target)
    while hits < kills and attempt < 3 * kills:
        attempt += 1
        share = (attempt * 7) % kills / kills
        hits += _killed(_child(source, target), target, max(1, int(largest * share)))
        found = _found(target)
        if found not in (before, after):
            raise AssertionError(f"half: {len(found[0])} liquidations, {found[1]}")
        unmerged += found == before
        if found == after:
            target = work / f"target-{attempt}.sqlite3"
            shutil.copy(own, target)
    return {
        "kills": hits,
        "unmerged": unmerged,
        "code": _code(_child(source, target)),
        "same": _found(target) == after,
        "added": len(after[0]) - len(before[0]),
    }


def fill(work: Path, limits: int) -> dict[str, object]:
    """Merge into new databases where no file may grow beyond a limit, each time another one."""
    source, whole = _recorded(work), work / "whole.sqlite3"
    codes, left = [], set()
    for number in range(limits):
        target = work / "full" / f"{number}.sqlite3"
        target.parent.mkdir(exist_ok=True)
        codes.append(_code(_child(source, target, 5_000 + number * 30_000)))
        left |= {path.name.removeprefix(target.name) for path in target.parent.iterdir()}
        shutil.rmtree(target.parent)
    (work / "full").mkdir()
    again = _code(_child(source, work / "full" / "0.sqlite3"))
    _code(_child(source, whole))
    same = _found(work / "full" / "0.sqlite3") == _found(whole)
    return {"codes": codes, "left": sorted(left), "again": again, "same": same}


if __name__ == "__main__":
    what, work, number = sys.argv[1:]
    action = {"kill": kill, "fill": fill}[what]
    print(json.dumps(action(Path(work), int(number))))
