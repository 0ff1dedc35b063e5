"""The environment's faults become words, bugs stay what they are. Every fault is a real one."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from Heatmap.errors import CorruptDatabaseError, DatabaseInUseError, StorageError
from Heatmap.storage.sqlite.connections import database_uri
from Heatmap.storage.sqlite.sqlite_errors import storage_errors


def locked(path: Path) -> None:
    with (
        closing(sqlite3.connect(path, isolation_level=None)) as first,
        closing(sqlite3.connect(path, isolation_level=None, timeout=0)) as second,
    ):
        first.execute("BEGIN EXCLUSIVE")
        second.execute("BEGIN EXCLUSIVE")


def read_only(path: Path) -> None:
    sqlite3.connect(path).execute("CREATE TABLE t (a)").connection.close()
    with closing(sqlite3.connect(database_uri(path, "mode=ro"), uri=True)) as connection:
        connection.execute("INSERT INTO t VALUES (1)")


def missing(path: Path) -> None:
    sqlite3.connect(database_uri(path, "mode=ro"), uri=True).close()


def full(path: Path) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA max_page_count = 2")
        connection.execute("CREATE TABLE t (a)")
        connection.execute("INSERT INTO t VALUES (zeroblob(100000))")


def no_database(path: Path) -> None:
    path.write_bytes(b"notes" * 1000)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("SELECT * FROM sqlite_master")


def wrong_statement(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("SELECT * FROM nowhere")


def broken_constraint(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE t (a NOT NULL)")
        connection.execute("INSERT INTO t VALUES (NULL)")


def closed(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.close()
    connection.execute("SELECT 1")


@pytest.mark.parametrize(
    ("fault", "expected", "words"),
    [
        (locked, DatabaseInUseError, "locked by another program"),
        (read_only, StorageError, "write permission"),
        (missing, StorageError, "cannot be opened"),
        (full, StorageError, "disk is full"),
        (no_database, CorruptDatabaseError, "left as it is"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_a_fault_of_the_environment_says_what_to_do(
    tmp_path: Path, fault: Callable[[Path], None], expected: type[StorageError], words: str
) -> None:
    path = tmp_path / "heatmap.sqlite3"
    with pytest.raises(StorageError, match=words) as raised, storage_errors(path):
        fault(path)
    assert type(raised.value) is expected
    assert str(path) in str(raised.value)
    assert "\n" not in str(raised.value)
    assert isinstance(raised.value.__cause__, sqlite3.Error)


@pytest.mark.parametrize("fault", [wrong_statement, broken_constraint, closed])
def test_a_bug_stays_a_bug(tmp_path: Path, fault: Callable[[Path], None]) -> None:
    with pytest.raises(sqlite3.Error), storage_errors(tmp_path / "heatmap.sqlite3"):
        fault(tmp_path / "heatmap.sqlite3")
