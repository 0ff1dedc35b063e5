"""Whether a database can be recorded into: real files, and nothing of them is changed."""

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from Heatmap.domain.events import DataKind, Liquidated, LiquidationEvent
from Heatmap.storage.sqlite.migrations import SCHEMA_VERSION
from Heatmap.storage.sqlite_store import SqliteStore
from Heatmap.storage.store import DatabaseFacts
from Heatmap.tests.database_health import describe_database, examine_database

FACTS = DatabaseFacts(
    address=Path("/x/heatmap.sqlite3"),
    exists=True,
    size_bytes=3 * 2**20,
    kind=DataKind.LIVE,
    schema_version=SCHEMA_VERSION,
    expected_version=SCHEMA_VERSION,
    free_bytes=20 * 2**30,
)


def content(directory: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in directory.iterdir()}


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "x.sqlite3"
    with SqliteStore(path, DataKind.LIVE) as store:
        store.write(
            [
                LiquidationEvent(
                    1_733_270_400_000 + number,
                    "BTCUSDT",
                    Liquidated.LONG,
                    100.0,
                    1.0,
                    100.0,
                    "BINANCE_USDM",
                    1.0,
                    1.0,
                    1_733_270_400_000,
                    1_733_270_400_000,
                    "x" * 200,
                )
                for number in range(5000)
            ]
        )
    return path


@pytest.mark.parametrize(
    ("changes", "level", "words"),
    [
        ({}, "ok", "live data"),
        ({"writer_active": True}, "ok", "a recorder is writing it"),
        ({"exists": False, "kind": None, "size_bytes": 0}, "ok", "does not exist yet"),
        ({"kind": None, "size_bytes": 0}, "ok", "is empty"),
        ({"is_writable": False}, "FAIL", "cannot be written"),
        ({"kind": DataKind.REPLAY}, "FAIL", "replay data"),
        ({"schema_version": SCHEMA_VERSION - 1}, "warn", "schema version"),
        ({"damage": "row 3 missing from index"}, "FAIL", "row 3 missing from index"),
        ({"is_checked": False}, "warn", "too large to check"),
        ({"free_bytes": 2**30 - 1}, "warn", "1024.0 MiB free"),
        ({"free_bytes": 1000}, "FAIL", "disk is full"),
        ({"free_inodes": 3}, "FAIL", "inodes"),
        ({"free_inodes": 1000}, "ok", "live data"),
        ({"free_bytes": None}, "ok", "no recorder is writing it"),
    ],
)
def test_each_fact_that_matters_is_said(changes: dict[str, object], level: str, words: str) -> None:
    health = describe_database(replace(FACTS, **changes), DataKind.LIVE)
    assert health.level == level
    assert words in health.words
    assert (level == "ok") == (not health.advice)


def test_a_healthy_database_is_left_as_it_is_with_nothing_beside_it(database: Path) -> None:
    before = content(database.parent)
    health = examine_database(database, DataKind.LIVE)
    assert health.level == "ok", health
    assert "intact" in health.words
    assert "no recorder is writing it" in health.words
    assert content(database.parent) == before


def test_a_database_that_is_being_recorded_is_read_beside_its_recorder(database: Path) -> None:
    with SqliteStore(database, DataKind.LIVE) as store:
        before = database.read_bytes()
        health = examine_database(database, DataKind.LIVE)
        assert health.level == "ok", health
        assert "a recorder is writing it" in health.words
        assert database.read_bytes() == before
        store.extend_coverage("BTCUSDT", 1000, 2000, proven=True)


def test_a_place_without_a_database_stays_without_one(tmp_path: Path) -> None:
    health = examine_database(tmp_path / "x.sqlite3", DataKind.LIVE)
    assert health.level == "ok"
    assert "does not exist yet" in health.words
    assert list(tmp_path.iterdir()) == []
    assert examine_database(tmp_path / "no" / "x.sqlite3", DataKind.LIVE).level == "FAIL"
    assert examine_database(tmp_path, DataKind.LIVE).level == "FAIL"


def test_an_empty_file_may_become_a_database(tmp_path: Path) -> None:
    path = tmp_path / "x.sqlite3"
    path.touch()
    assert examine_database(path, DataKind.LIVE).level == "ok"
    sqlite3.connect(path).close()
    assert examine_database(path, DataKind.LIVE).level == "ok"


def test_a_file_of_another_kind_program_or_version_fails_and_is_left_as_it_is(
    database: Path, tmp_path: Path
) -> None:
    health = examine_database(database, DataKind.SIMULATED)
    assert (health.level, "holds live data" in health.words) == ("FAIL", True)
    notes = tmp_path / "notes.txt"
    notes.write_text("these are my notes, not a database\n" * 40)
    foreign = tmp_path / "foreign.sqlite3"
    with closing(sqlite3.connect(foreign)) as connection:
        connection.execute("CREATE TABLE t (a)")
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("PRAGMA user_version = 999")
    before = content(tmp_path)
    for path, word in ((notes, "notes.txt"), (foreign, "another program"), (database, "999")):
        health = examine_database(path, DataKind.LIVE)
        assert health.level == "FAIL", health
        assert word in health.words
        assert len(health.words.splitlines()) == 1
    assert content(tmp_path) == before


def test_a_damaged_database_fails_and_is_left_as_it_is(database: Path) -> None:
    whole = database.read_bytes()
    for start, size in ((40 * 4096, 30 * 4096), (5 * 4096, 60 * 4096), (0, 100)):
        damaged = bytearray(whole)
        damaged[start : start + size] = b"\xa5" * size
        database.write_bytes(damaged)
        health = examine_database(database, DataKind.LIVE)
        assert health.level == "FAIL", (start, health)
        assert len(health.words.splitlines()) == 1
        assert database.read_bytes() == damaged


def test_a_check_of_integrity_ends_in_its_time(database: Path) -> None:
    health = examine_database(database, DataKind.LIVE, timeout_s=0.0)
    assert health.level == "warn"
    assert "too large to check in time" in health.words


def test_a_database_that_another_program_holds_fails_and_says_so(database: Path) -> None:
    with closing(sqlite3.connect(database, isolation_level=None)) as other:
        other.execute("PRAGMA locking_mode = EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        other.execute("DELETE FROM tick_sizes")
        health = examine_database(database, DataKind.LIVE)
    assert health.level == "FAIL"
    assert "locked by another program" in health.words
