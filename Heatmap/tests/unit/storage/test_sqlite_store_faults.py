"""The writer and the file: what it refuses, what a fault or a crash leaves behind."""

import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

import Heatmap
from Heatmap.domain.events import DataKind
from Heatmap.errors import (
    CorruptDatabaseError,
    DatabaseInUseError,
    NewerDatabaseError,
    StorageError,
    WrongDataKindError,
)
from Heatmap.storage.sqlite.writer_lock import is_writer_active
from Heatmap.storage.sqlite_store import SqliteStore
from Heatmap.tests.unit.stored_events import EVENT, events, query

ROOT = Path(Heatmap.__file__).resolve().parents[1]


def other_program(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE notes (text)")


def garbage(path: Path) -> None:
    path.write_bytes(b"these are notes, not a database\n" * 300)


def short_garbage(path: Path) -> None:
    path.write_bytes(b"note")


def newer_version(path: Path) -> None:
    SqliteStore(path, DataKind.LIVE).close()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 999")


def simulated(path: Path) -> None:
    SqliteStore(path, DataKind.SIMULATED).close()


def without_a_table(path: Path) -> None:
    SqliteStore(path, DataKind.LIVE).close()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("DROP TABLE coverage")


def without_a_kind(path: Path) -> None:
    SqliteStore(path, DataKind.LIVE).close()
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("DELETE FROM meta")


@pytest.mark.parametrize(
    ("prepare", "expected"),
    [
        (other_program, CorruptDatabaseError),
        (garbage, CorruptDatabaseError),
        (short_garbage, CorruptDatabaseError),
        (newer_version, NewerDatabaseError),
        (simulated, WrongDataKindError),
        (without_a_table, CorruptDatabaseError),
        (without_a_kind, CorruptDatabaseError),
    ],
    ids=lambda value: value.__name__,
)
def test_a_file_that_is_not_ours_is_refused_and_left_as_it_was(
    path: Path, prepare: Callable[[Path], None], expected: type[StorageError]
) -> None:
    prepare(path)
    lock = path.with_name(f"{path.name}-writer")
    lock.unlink(missing_ok=True)
    before = path.read_bytes()
    with pytest.raises(expected) as raised:
        SqliteStore(path, DataKind.LIVE)
    assert type(raised.value) is expected
    assert "\n" not in str(raised.value)
    assert str(path) in str(raised.value)
    assert path.read_bytes() == before
    assert not lock.exists()


def test_a_damaged_page_is_reported_as_damage(path: Path) -> None:
    with SqliteStore(path, DataKind.LIVE) as store:
        store.write(events(2000))
    content = bytearray(path.read_bytes())
    content[8192:] = b"\xff" * (len(content) - 8192)  # pages 3 and on
    path.write_bytes(content)
    with pytest.raises(CorruptDatabaseError), SqliteStore(path, DataKind.LIVE) as store:
        store.write(events(1, start_ms=10**9))


def test_a_refused_file_can_be_opened_by_the_next_one(path: Path) -> None:
    simulated(path)
    with pytest.raises(WrongDataKindError):
        SqliteStore(path, DataKind.LIVE)
    SqliteStore(path, DataKind.SIMULATED).close()


def test_a_writer_that_cannot_open_the_file_gives_the_lock_back(path: Path) -> None:
    SqliteStore(path, DataKind.LIVE).close()
    with closing(sqlite3.connect(path, isolation_level=None)) as browser:
        browser.execute("BEGIN IMMEDIATE")
        # The exception is kept, so that its traceback keeps the failed store alive.
        with pytest.raises(DatabaseInUseError) as raised:
            SqliteStore(path, DataKind.LIVE, busy_timeout_ms=20)
        assert not is_writer_active(path)
    assert "another program" in str(raised.value)


def test_a_directory_that_is_missing_or_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for directory in (tmp_path / "missing", tmp_path / "file"):
        with pytest.raises(StorageError) as raised:
            SqliteStore(directory / "heatmap.sqlite3", DataKind.LIVE)
        assert str(directory) in str(raised.value)
        assert "\n" not in str(raised.value)
    assert [file.name for file in tmp_path.iterdir()] == ["file"]


def test_a_directory_in_place_of_the_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="is a directory"):
        SqliteStore(tmp_path, DataKind.LIVE)
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0,
    reason="permission bits do not bind this user",
)
def test_a_directory_without_write_permission_is_refused(tmp_path: Path) -> None:
    directory = tmp_path / "locked"
    directory.mkdir(mode=0o500)
    with pytest.raises(StorageError, match="permission"):
        SqliteStore(directory / "heatmap.sqlite3", DataKind.LIVE)
    assert not list(directory.iterdir())


# --- faults while writing


def test_a_foreign_lock_is_reported_and_the_batch_can_be_written_afterwards(path: Path) -> None:
    with (
        SqliteStore(path, DataKind.LIVE, busy_timeout_ms=20) as store,
        closing(sqlite3.connect(path, isolation_level=None)) as browser,
    ):
        browser.execute("BEGIN IMMEDIATE")
        with pytest.raises(DatabaseInUseError, match="locked by another program"):
            store.write([EVENT])
        browser.execute("ROLLBACK")
        assert len(store.write([EVENT]).events) == 1


def test_a_full_disk_is_reported_and_the_batch_can_be_written_afterwards(
    store: SqliteStore, path: Path
) -> None:
    pages = store._connection.execute("PRAGMA page_count").fetchone()[0]
    store._connection.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(StorageError, match="disk is full"):
        store.write(events(500))
    assert query(path, "SELECT count(*) FROM liq_events") == [(0,)]
    store._connection.execute("PRAGMA max_page_count = 1000000")
    assert len(store.write(events(500)).events) == 500


def test_a_file_that_may_only_be_read_is_reported(store: SqliteStore) -> None:
    store._connection.execute("PRAGMA query_only = ON")
    with pytest.raises(StorageError, match="write permission"):
        store.write([EVENT])
    store._connection.execute("PRAGMA query_only = OFF")


def run_child(code: str, *arguments: str) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(  # noqa: S603  # our own code
        [sys.executable, "-c", code, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    )


WRITE_UNTIL_KILLED = """
import sys
from dataclasses import replace
from Heatmap.domain.events import DataKind, LiquidationEvent, Liquidated
from Heatmap.storage.sqlite_store import SqliteStore
event = LiquidationEvent(0, "BTCUSDT", Liquidated.LONG, 1.0, 1.0, 1.0, "BINANCE_USDM", 1.0, 1.0, 0,
                         0, "x" * 300)
store = SqliteStore(sys.argv[1], DataKind.LIVE)
number = 0
while True:
    store.write([replace(event, ts_ms=number * 100 + part) for part in range(100)])
    store.extend_coverage("BTCUSDT", number, number + 1, proven=True)
    number += 1
    print(number, flush=True)
"""


def test_a_killed_writer_loses_nothing_it_had_confirmed_and_frees_its_lock(path: Path) -> None:
    confirmed = 0
    with run_child(WRITE_UNTIL_KILLED, str(path)) as child:
        assert child.stdout is not None
        for line in child.stdout:
            confirmed = int(line)
            if confirmed == 30:
                with pytest.raises(DatabaseInUseError):
                    SqliteStore(path, DataKind.LIVE)
                break
        child.kill()
        rest = child.stdout.read().splitlines()
    # The kill may have cut the last line short.
    confirmed = max([confirmed, *(int(line) for line in rest[:-1])])
    started = time.perf_counter()
    with SqliteStore(path, DataKind.LIVE) as store:
        taken_over_s = time.perf_counter() - started
        assert query(path, "PRAGMA integrity_check") == [("ok",)]
        ((count,),) = query(path, "SELECT count(*) FROM liq_events")
        assert isinstance(count, int)
        assert count >= confirmed * 100
        assert count % 100 == 0, "a batch is stored as a whole or not at all"
        assert len(store.write([replace(EVENT, ts_ms=10**12)]).events) == 1
    assert taken_over_s < 2


def test_a_disk_error_is_reported(path: Path) -> None:
    code = """
import resource, sys
from dataclasses import replace
from Heatmap.errors import StorageError
from Heatmap.domain.events import DataKind, LiquidationEvent, Liquidated
from Heatmap.storage.sqlite_store import SqliteStore
event = LiquidationEvent(0, "BTCUSDT", Liquidated.LONG, 1.0, 1.0, 1.0, "BINANCE_USDM", 1.0, 1.0, 0,
                         0, "x" * 300)
store = SqliteStore(sys.argv[1], DataKind.LIVE)
store.write([event])
resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, 400_000))
try:
    store.write([replace(event, ts_ms=number) for number in range(1, 20_000)])
except StorageError as error:
    print(error)
"""
    pytest.importorskip("resource", reason="file size limits are POSIX")
    with run_child(code, str(path)) as child:
        output, complaints = child.communicate(timeout=60)
    assert child.returncode == 0, complaints
    assert "disk" in output
    assert output.count("\n") == 1
    assert query(path, "PRAGMA integrity_check") == [("ok",)]
    assert query(path, "SELECT count(*) FROM liq_events") == [(1,)]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_forked_child_cannot_write_and_does_not_keep_the_lock(path: Path) -> None:
    code = """
import os, sys
from Heatmap.domain.events import DataKind
from Heatmap.storage.sqlite_store import SqliteStore
store = SqliteStore(sys.argv[1], DataKind.LIVE)
to_child, to_parent = os.pipe(), os.pipe()
if os.fork() == 0:
    try:
        store.extend_coverage("BTCUSDT", 0, 1, proven=True)
    except RuntimeError:
        os.write(to_parent[1], b"refused")
    os.read(to_child[0], 1)
    os._exit(0)
print(os.read(to_parent[0], 100).decode(), flush=True)
store.close()
SqliteStore(sys.argv[1], DataKind.LIVE).close()
print("free", flush=True)
os.write(to_child[1], b"x")
os.wait()
"""
    with run_child(code, str(path)) as child:
        output, complaints = child.communicate(timeout=60)
    assert child.returncode == 0, complaints
    assert output.split() == ["refused", "free"]


def test_the_recorder_side_imports_no_numpy() -> None:
    code = "import sys, Heatmap.storage.sqlite_store; print('numpy' in sys.modules)"
    with run_child(code) as child:
        output, complaints = child.communicate(timeout=60)
    assert (output.strip(), child.returncode) == ("False", 0), complaints
