"""The writer lock."""

import os
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

import Heatmap
from Heatmap.errors import CorruptDatabaseError, DatabaseInUseError, StorageError
from Heatmap.storage.sqlite.connections import open_read_only
from Heatmap.storage.sqlite.writer_lock import WriterLock, is_writer_active, lock_path

HOLD = """
import sys, time
from pathlib import Path
from Heatmap.storage.sqlite.writer_lock import WriterLock
lock = WriterLock(Path(sys.argv[1]))
print("held", flush=True)
time.sleep(60)
"""


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "heatmap.sqlite3"


def test_the_lock_is_exclusive_inside_a_process(database: Path) -> None:
    lock = WriterLock(database)
    with pytest.raises(DatabaseInUseError):
        WriterLock(database)
    lock.release()
    lock.release()
    WriterLock(database).release()


def test_the_lock_is_seen_without_being_taken(database: Path) -> None:
    assert not is_writer_active(database)
    assert not lock_path(database).exists()
    lock = WriterLock(database)
    assert is_writer_active(database)
    assert is_writer_active(database)
    with pytest.raises(DatabaseInUseError):
        WriterLock(database)
    lock.release()
    assert not is_writer_active(database)


def test_the_lock_of_a_killed_process_is_free_at_once(database: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(Path(Heatmap.__file__).resolve().parents[1])}
    with subprocess.Popen(  # noqa: S603  # our own code
        [sys.executable, "-c", HOLD, str(database)], stdout=subprocess.PIPE, env=environment
    ) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"held\n"
        assert is_writer_active(database)
        with pytest.raises(DatabaseInUseError):
            WriterLock(database)
        child.kill()
        child.wait(10)
    started = time.perf_counter()
    WriterLock(database).release()
    assert time.perf_counter() - started < 1


def test_a_new_writer_outlasts_a_status_query(database: Path) -> None:
    WriterLock(database).release()
    with closing(open_read_only(lock_path(database))) as query:
        query.execute("BEGIN")
        query.execute("SELECT count(*) FROM sqlite_master").fetchone()
        # A query that never ends does keep a writer out, with a name for the reason.
        with pytest.raises(DatabaseInUseError):
            WriterLock(database)
        query.execute("ROLLBACK")
        WriterLock(database).release()


def test_something_else_in_the_place_of_the_lock_is_reported(database: Path) -> None:
    lock_path(database).write_bytes(b"notes" * 1000)
    with pytest.raises(CorruptDatabaseError):
        WriterLock(database)
    with pytest.raises(CorruptDatabaseError):
        is_writer_active(database)
    assert lock_path(database).read_bytes() == b"notes" * 1000


def test_a_lock_that_cannot_be_created_is_reported(tmp_path: Path) -> None:
    with pytest.raises(StorageError):
        WriterLock(tmp_path / "missing" / "heatmap.sqlite3")
