"""Paths, connections and transactions."""

import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest

from Heatmap.errors import StorageError
from Heatmap.storage.sqlite.connections import (
    database_path,
    existing_database,
    open_read_only,
    open_writable,
    transaction,
)


def test_every_name_of_a_file_leads_to_the_same_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "data.sqlite3")
    monkeypatch.chdir(tmp_path)
    expected = tmp_path.resolve() / "data.sqlite3"
    assert database_path("data.sqlite3") == expected
    assert database_path(tmp_path / "link") == expected
    assert database_path("../" + tmp_path.name + "/data.sqlite3") == expected


@pytest.mark.parametrize("name", ["missing/data.sqlite3", "file/data.sqlite3", ".", "n" * 300])
def test_a_path_that_cannot_hold_a_database_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StorageError) as raised:
        existing_database(tmp_path / name)
    assert "\n" not in str(raised.value)


def test_a_loop_of_links_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to(tmp_path / "b")
    (tmp_path / "b").symlink_to(tmp_path / "a")
    with pytest.raises(StorageError):
        existing_database(tmp_path / "a" / "data.sqlite3")


def test_opening_read_only_creates_nothing(tmp_path: Path) -> None:
    with pytest.raises(sqlite3.OperationalError):
        open_read_only(tmp_path / "missing.sqlite3")
    assert not list(tmp_path.iterdir())


def test_a_transaction_is_kept_whole_or_not_at_all(tmp_path: Path) -> None:
    with closing(open_writable(tmp_path / "a.sqlite3", timeout_s=0.0)) as connection:
        with transaction(connection):
            connection.execute("CREATE TABLE t (a)")
            connection.execute("INSERT INTO t VALUES (1)")
        with pytest.raises(KeyboardInterrupt):
            _insert_and_be_interrupted(connection)
        assert not connection.in_transaction
        assert connection.execute("SELECT a FROM t").fetchall() == [(1,)]


def _insert_and_be_interrupted(connection: sqlite3.Connection) -> None:
    with transaction(connection):
        connection.execute("INSERT INTO t VALUES (2)")
        raise KeyboardInterrupt


def test_a_fault_at_the_commit_rolls_back(tmp_path: Path) -> None:
    with closing(open_writable(tmp_path / "a.sqlite3", timeout_s=0.0)) as connection:
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("CREATE TABLE parent (id INTEGER PRIMARY KEY)")
        connection.execute(
            "CREATE TABLE child (id REFERENCES parent (id) DEFERRABLE INITIALLY DEFERRED)"
        )
        with pytest.raises(sqlite3.IntegrityError), transaction(connection):
            connection.execute("INSERT INTO child VALUES (1)")
        assert not connection.in_transaction
        assert connection.execute("SELECT count(*) FROM child").fetchone() == (0,)


def test_a_rollback_that_already_happened_does_not_hide_the_fault(tmp_path: Path) -> None:
    with closing(open_writable(tmp_path / "a.sqlite3", timeout_s=0.0)) as connection:
        connection.execute("CREATE TABLE t (a PRIMARY KEY)")
        with pytest.raises(sqlite3.IntegrityError), transaction(connection):
            connection.executemany("INSERT OR ROLLBACK INTO t VALUES (?)", [(1,), (1,)])
        assert connection.execute("SELECT count(*) FROM t").fetchone() == (0,)


def test_a_lock_is_waited_for_as_long_as_is_said_from_the_first_look_on(tmp_path: Path) -> None:
    path = tmp_path / "a.sqlite3"
    with closing(sqlite3.connect(path, isolation_level=None)) as holder:
        holder.execute("PRAGMA locking_mode = EXCLUSIVE")
        holder.execute("CREATE TABLE notes (text)")
        for timeout_s in (0.0, 0.2):
            with closing(open_writable(path, timeout_s=timeout_s)) as connection:
                began_s = time.monotonic()
                with pytest.raises(sqlite3.OperationalError, match="locked"):
                    connection.execute("SELECT count(*) FROM sqlite_master")
                assert timeout_s <= time.monotonic() - began_s + 0.05
                assert time.monotonic() - began_s < timeout_s + 1.0
