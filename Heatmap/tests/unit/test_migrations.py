"""What a file says about itself, and the way from one schema version to the next."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from Heatmap.errors import CorruptDatabaseError, StorageError, WrongDataKindError
from Heatmap.model import DataKind
from Heatmap.storage.connections import transaction
from Heatmap.storage.migrations import (
    APPLICATION_ID,
    SCHEMA_VERSION,
    Identity,
    apply_scripts,
    bring_up_to_date,
    read_identity,
    require_current,
)

PATH = Path("heatmap.sqlite3")
FIRST = "-- first\nCREATE TABLE one (\n    a\n);\n"
SECOND = "CREATE TABLE two (a);\nINSERT INTO two VALUES ('a;b');\n-- the end"
BROKEN = "CREATE TABLE three (a);\nCREATE TABLE one (a);\n"


@pytest.fixture
def connection() -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as opened:
        yield opened


def version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def tables(connection: sqlite3.Connection) -> set[str]:
    return {row[0] for row in connection.execute("SELECT name FROM sqlite_master")}


def test_a_new_file_becomes_ours_and_current(connection: sqlite3.Connection) -> None:
    assert read_identity(connection, PATH) is None
    bring_up_to_date(connection, PATH, DataKind.LIVE)
    assert read_identity(connection, PATH) == Identity(SCHEMA_VERSION, DataKind.LIVE)
    assert connection.execute("PRAGMA application_id").fetchone() == (APPLICATION_ID,)
    bring_up_to_date(connection, PATH, DataKind.LIVE)
    assert version(connection) == SCHEMA_VERSION


def test_only_scripts_that_were_not_applied_are_applied(connection: sqlite3.Connection) -> None:
    with transaction(connection):
        apply_scripts(connection, 0, [FIRST])
    assert version(connection) == 1
    with transaction(connection):
        apply_scripts(connection, 1, [FIRST, SECOND])
    assert version(connection) == 2
    assert tables(connection) == {"one", "two"}
    assert connection.execute("SELECT a FROM two").fetchall() == [("a;b",)]


def test_a_script_that_fails_leaves_schema_and_version_as_they_were(
    connection: sqlite3.Connection,
) -> None:
    with transaction(connection):
        apply_scripts(connection, 0, [FIRST])
    with pytest.raises(sqlite3.OperationalError), transaction(connection):
        apply_scripts(connection, 1, [FIRST, SECOND, BROKEN])
    assert version(connection) == 1
    assert tables(connection) == {"one"}


def test_the_kind_is_checked_again_under_the_write_lock(connection: sqlite3.Connection) -> None:
    bring_up_to_date(connection, PATH, DataKind.SIMULATED)
    with pytest.raises(WrongDataKindError):
        bring_up_to_date(connection, PATH, DataKind.LIVE)
    assert not connection.in_transaction


def test_a_file_whose_creation_fails_half_way_stays_empty(connection: sqlite3.Connection) -> None:
    connection.execute("PRAGMA max_page_count = 6")
    with pytest.raises(sqlite3.OperationalError, match="full"):
        bring_up_to_date(connection, PATH, DataKind.LIVE)
    assert read_identity(connection, PATH) is None
    connection.execute("PRAGMA max_page_count = 1000")
    bring_up_to_date(connection, PATH, DataKind.LIVE)
    assert read_identity(connection, PATH) == Identity(SCHEMA_VERSION, DataKind.LIVE)


@pytest.mark.parametrize(
    "statement",
    ["CREATE TABLE notes (a)", "PRAGMA user_version = 1", "PRAGMA application_id = 7"],
)
def test_anything_foreign_in_a_file_makes_it_foreign(
    connection: sqlite3.Connection, statement: str
) -> None:
    connection.execute(statement)
    with pytest.raises(CorruptDatabaseError):
        read_identity(connection, PATH)


def test_an_unknown_kind_is_damage(connection: sqlite3.Connection) -> None:
    bring_up_to_date(connection, PATH, DataKind.LIVE)
    connection.execute("UPDATE meta SET value = 'dreamt'")
    with pytest.raises(CorruptDatabaseError, match="dreamt"):
        read_identity(connection, PATH)


def test_a_reader_wants_a_current_file() -> None:
    current = Identity(SCHEMA_VERSION, DataKind.LIVE)
    assert require_current(current, PATH) is current
    with pytest.raises(StorageError, match="older"):
        require_current(Identity(SCHEMA_VERSION - 1, DataKind.LIVE), PATH)
    with pytest.raises(StorageError, match="empty"):
        require_current(None, PATH)
