"""Paths, connections and transactions."""

import os
import sqlite3
import sys
import time
from contextlib import closing
from pathlib import Path, PureWindowsPath
from urllib.parse import unquote, urlsplit

import pytest

from Heatmap.errors import StorageError
from Heatmap.storage.sqlite.connections import (
    database_path,
    database_uri,
    existing_database,
    open_read_only,
    open_writable,
    require_short_name,
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


@pytest.mark.parametrize(
    ("path", "opened"),
    [
        (r"C:\data\heatmap.sqlite3", "/C:/data/heatmap.sqlite3"),
        (
            r"D:\Jörg Müller\Börse & 100% #1?\a;b.sqlite3",
            "/D:/Jörg Müller/Börse & 100% #1?/a;b.sqlite3",
        ),
        (r"C:\币安\+.sqlite3", "/C:/币安/+.sqlite3"),
        # A drive that is a share of another machine resolves to the share.
        (r"\\server\my share\ü.sqlite3", "//server/my share/ü.sqlite3"),
        (r"\\?\C:\long\a.sqlite3", "//?/C:/long/a.sqlite3"),
        (r"\\?\UNC\server\share\a.sqlite3", "//?/UNC/server/share/a.sqlite3"),
    ],
)
def test_a_windows_path_reaches_sqlite_whole_and_without_a_host(path: str, opened: str) -> None:
    # SQLite takes off "/" before a drive letter, and Windows takes "/" for "\\".
    parts = urlsplit(database_uri(PureWindowsPath(path), "mode=ro"))
    assert (parts.scheme, parts.netloc, parts.query, parts.fragment) == ("file", "", "mode=ro", "")
    assert parts.path.isascii()
    assert unquote(parts.path) == opened


def test_sqlite_refuses_a_host_and_takes_an_empty_one_before_two_slashes(tmp_path: Path) -> None:
    # What the address of a share is made for; on POSIX "//tmp" is "/tmp".
    sqlite3.connect(tmp_path / "a.sqlite3").close()
    share = PureWindowsPath("/" + (tmp_path / "a.sqlite3").as_posix())
    with closing(sqlite3.connect(database_uri(share, "mode=ro"), uri=True)) as connection:
        assert connection.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,)
    with pytest.raises(sqlite3.OperationalError, match="authority"):
        sqlite3.connect(f"file:{share.as_posix()}", uri=True)


@pytest.mark.parametrize(
    "name",
    [
        "plain",
        "with a space",
        "Jörg Müller",
        "币安人生",
        "100%25 #1 ?mode=rw&x=y;z+",
        pytest.param(
            os.fsdecode(b"not \xff text"),
            marks=pytest.mark.skipif(sys.platform != "linux", reason="names are text elsewhere"),
        ),
    ],
)
def test_whatever_a_directory_is_called_its_database_is_written_and_read(
    tmp_path: Path, name: str
) -> None:
    path = tmp_path / name / f"{name}.sqlite3"
    path.parent.mkdir()
    with closing(open_writable(path, timeout_s=0.0)) as connection, transaction(connection):
        connection.execute("CREATE TABLE t (a)")
    assert path.is_file()
    with closing(open_read_only(path)) as connection:
        assert connection.execute("SELECT count(*) FROM t").fetchone() == (0,)
        with pytest.raises(sqlite3.OperationalError, match="readonly"):
            connection.execute("INSERT INTO t VALUES (1)")


def test_on_windows_a_name_too_long_to_be_renamed_is_refused_before_it_is_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    require_short_name(PureWindowsPath("C:/" + 18 * "directory/" + "a.sqlite3"))
    require_short_name(PureWindowsPath("//?/C:/" + 30 * "directory/" + "a.sqlite3"))
    with pytest.raises(StorageError) as raised:
        require_short_name(PureWindowsPath("C:/" + 23 * "directory/" + "a.sqlite3"))
    assert "\n" not in str(raised.value)
    long = tmp_path / ("n" * 200) / ("m" * 50)
    long.mkdir(parents=True)
    assert database_path(long / "a.sqlite3") == long / "a.sqlite3"
    monkeypatch.setattr(sys, "platform", "win32")
    with pytest.raises(StorageError):
        database_path(long / "a.sqlite3")
