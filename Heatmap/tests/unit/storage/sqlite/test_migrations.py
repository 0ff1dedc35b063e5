"""What a file says about itself, and the way from one schema version to the next."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from Heatmap.domain.events import DataKind
from Heatmap.errors import CorruptDatabaseError, StorageError, WrongDataKindError
from Heatmap.storage.sqlite.connections import transaction
from Heatmap.storage.sqlite.migrations import (
    APPLICATION_ID,
    SCHEMA_VERSION,
    Identity,
    apply_scripts,
    bring_up_to_date,
    read_identity,
    require_current,
)
from Heatmap.storage.sqlite.status import read_status
from Heatmap.storage.sqlite_store import SqliteStore

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


# --- from each earlier version, in real files. The schema texts are those of their time.

VERSION_1 = """
CREATE TABLE liq_events (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    ts_ms INTEGER NOT NULL,
    symbol TEXT NOT NULL,
    side TEXT NOT NULL CHECK (side IN ('BUY', 'SELL')),
    price REAL NOT NULL,
    qty REAL NOT NULL,
    notional REAL NOT NULL,
    source TEXT NOT NULL,
    raw_json TEXT NOT NULL,
    limit_price REAL NOT NULL,
    original_qty REAL NOT NULL,
    push_ms INTEGER NOT NULL,
    receive_ms INTEGER NOT NULL
);
CREATE INDEX idx_liq_events_symbol_ts ON liq_events (symbol, ts_ms);
CREATE INDEX idx_liq_events_ts ON liq_events (ts_ms);
CREATE UNIQUE INDEX idx_liq_events_message ON liq_events (
    source, symbol, ts_ms, side, limit_price, price, original_qty, qty
);
CREATE TABLE coverage (
    symbol TEXT NOT NULL,
    start_ms INTEGER NOT NULL,
    end_ms INTEGER NOT NULL CHECK (end_ms >= start_ms),
    proven INTEGER NOT NULL CHECK (proven IN (0, 1)),
    PRIMARY KEY (symbol, start_ms, end_ms)
) WITHOUT ROWID;
CREATE TABLE tick_sizes (
    symbol TEXT NOT NULL PRIMARY KEY,
    tick_size TEXT NOT NULL,
    fetched_ms INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE meta (
    key TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
) WITHOUT ROWID;
INSERT INTO meta VALUES ('kind', 'live');
INSERT INTO coverage VALUES ('BTCUSDT', 1000, 2000, 1);
INSERT INTO tick_sizes VALUES ('BTCUSDT', '0.10', 1000);
PRAGMA application_id = 0x4C697148;
PRAGMA user_version = 1;
"""
DAY_MS = 86_400_000


def write_version_1(path: Path, times_ms: list[int]) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.executescript(VERSION_1)
        connection.executemany(
            "INSERT INTO liq_events VALUES "
            "(NULL, ?, 'BTCUSDT', 'SELL', 1, 2, 2, 'BINANCE_USDM', '', 1, 2, ?, ?)",
            [(ts_ms, ts_ms, ts_ms) for ts_ms in times_ms],
        )


@pytest.mark.parametrize(
    ("days_ago", "retention_days"),
    # Below 0: later than now, as this machine's clock is late.
    [
        ([], None),
        ([5, 0], 14),
        ([14.5, 0], 15),
        ([30.5, 0], 31),
        ([74.5, 60], 75),
        ([10.5, -20], 31),
    ],
)
def test_a_file_of_version_1_keeps_its_content_and_its_time(
    tmp_path: Path, days_ago: list[float], retention_days: int | None
) -> None:
    path = tmp_path / "heatmap.sqlite3"
    now_ms = time.time_ns() // 1_000_000
    times_ms = [now_ms - int(days * DAY_MS) for days in days_ago]
    write_version_1(path, times_ms)
    with pytest.raises(StorageError, match="older"):
        read_status(path)
    with SqliteStore(path, DataKind.LIVE) as store:
        kept_ms = store.kept_retention_ms()
        store.add_counts({"received": 1})
    assert kept_ms == (None if retention_days is None else retention_days * DAY_MS)
    status = read_status(path)
    assert status["schema_version"] == SCHEMA_VERSION
    assert status["events"] == len(times_ms)
    assert status["counters"]["received"] == 1
    assert status["symbols"]["BTCUSDT"]["coverage"]["proven_ms"] == 1000
    assert status["symbols"]["BTCUSDT"]["tick_size"] == "0.10"


def test_a_file_of_version_1_that_lay_for_long_loses_nothing(tmp_path: Path) -> None:
    path = tmp_path / "heatmap.sqlite3"
    now_ms = time.time_ns() // 1_000_000
    write_version_1(path, [now_ms - 60 * DAY_MS - number for number in range(1000)])
    with SqliteStore(path, DataKind.LIVE) as store:
        kept_ms = store.kept_retention_ms()
        assert kept_ms is not None
        assert store.delete_expired(time.time_ns() // 1_000_000 - kept_ms) == 0
    assert read_status(path)["events"] == 1000


def test_a_migrated_file_has_the_same_schema_as_a_new_one(tmp_path: Path) -> None:
    old, new = tmp_path / "old.sqlite3", tmp_path / "new.sqlite3"
    write_version_1(old, [0])
    schemas = []
    for path in (old, new):
        SqliteStore(path, DataKind.LIVE).close()
        with closing(sqlite3.connect(path)) as connection:
            rows = connection.execute("SELECT name, sql FROM sqlite_master ORDER BY name")
            schemas.append([(name, " ".join((sql or "").split())) for name, sql in rows])
    assert schemas[0] == schemas[1]
