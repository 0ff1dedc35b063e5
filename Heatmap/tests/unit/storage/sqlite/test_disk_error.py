"""A disk that fails amid the writer's own checkpoint: the file is judged with its log."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from Heatmap.tests.systems import posix_only
from Heatmap.tests.unit.storage.sqlite.foreign_programs import ROOT, sound
from Heatmap.tests.unit.stored_events import query

# The file is larger than a file may be from then on, the log is smaller: a checkpoint then ends
# amid the file, where the pages beyond come. When the log is too large as well the connection is
# lost, and the next one meets the same fault as it opens.
PROGRAM = """
import resource, sys, time
from dataclasses import replace
from pathlib import Path
from Heatmap.domain.events import DataKind
from Heatmap.errors import CorruptDatabaseError, DatabaseInUseError, StorageError
from Heatmap.storage.sqlite import whole_files
from Heatmap.storage.sqlite_store import SqliteStore
from Heatmap.tests.unit.stored_events import EVENT

whole_files.PATIENCE_S = 0.0
long = replace(EVENT, raw_json="x" * 900)
number = 0
def batch():
    global number
    number += 1
    return [replace(long, ts_ms=number * 1000 + part) for part in range(500)]

def write(rows):
    # Looking for damage in a large file takes longer than a writer is held up, who comes again.
    while True:
        try:
            return store.write(rows)
        except DatabaseInUseError:
            time.sleep(0.01)

path, limit = Path(sys.argv[1]), int(sys.argv[2])
with SqliteStore.for_recorder(path, DataKind.LIVE) as store:
    for _ in range(24):
        store.write(batch())
assert path.stat().st_size > limit + 1_000_000, path.stat().st_size
store = SqliteStore.for_recorder(path, DataKind.LIVE)
before = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, before[1]))
faults, waits = 0, []
for _ in range(60):
    waits.append(batch())
    while waits:
        try:
            write(waits[0])
        except CorruptDatabaseError as error:
            print("taken for damaged:", error, flush=True)
            sys.exit(1)
        except StorageError:
            faults += 1
            break
        del waits[0]
    if faults >= 4:
        break
resource.setrlimit(resource.RLIMIT_FSIZE, before)
for rows in waits:
    write(rows)
notices = len(store.notices)
store.close()
print(faults, number, notices, flush=True)
"""


@posix_only
@pytest.mark.parametrize("limit", [1500 * 4096, 1500 * 4096 + 700], ids=["whole page", "torn page"])
def test_a_checkpoint_that_fails_amid_the_file_costs_nothing(path: Path, limit: int) -> None:
    done = subprocess.run(  # noqa: S603 - our own code
        [sys.executable, "-c", PROGRAM, str(path), str(limit)],
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    faults, batches, _ = map(int, done.stdout.split()[-3:])
    assert faults >= 4
    assert sound(path)
    assert query(path, "SELECT count(*) FROM liq_events") == [(batches * 500,)]
    assert list(path.parent.glob(f"{path.name}.*-*")) == []
