"""A reader that does not let go keeps the log from shrinking: that is said, and over when it is."""

import sqlite3
from pathlib import Path

import pytest

from Heatmap.domain.events import DataKind
from Heatmap.storage.sqlite import write_ahead_log
from Heatmap.storage.sqlite_store import SqliteStore
from Heatmap.tests.fact_texts import notices_text
from Heatmap.tests.unit.storage.sqlite.foreign_programs import reading_elsewhere, sound
from Heatmap.tests.unit.stored_events import events, query


def log_bytes(path: Path) -> int:
    return path.with_name(f"{path.name}-wal").stat().st_size


def fill(store: SqliteStore, first: int, batches: int) -> None:
    for number in range(first, first + batches):
        store.write(events(500, start_ms=number * 10**6))


def test_a_log_that_is_too_large_is_said_with_its_beginning_and_shrinks(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(write_ahead_log, "LARGE_BYTES", 6 * 2**20)
    with SqliteStore.for_recorder(path, DataKind.LIVE) as store:
        fill(store, 0, 5)
        with reading_elsewhere(path):
            fill(store, 5, 10)
            assert store.notices == ()
            fill(store, 15, 30)
            assert log_bytes(path) > 6 * 2**20
            notice = notices_text(store.notices)
            assert "\n" not in notice
            assert "6 MiB since 20" in notice
            assert "UTC" in notice
            fill(store, 45, 5)
            # The size goes on, the beginning stays.
            assert notices_text(store.notices).partition("(now")[0] == notice.partition("(now")[0]
            assert notices_text(store.notices) != notice
        # Also without anything to write, see `SinkKeeper.maintain`.
        store.generation()
        assert log_bytes(path) == 0
        assert store.notices == ()
    assert sound(path)
    assert len(query(path, "SELECT 1 FROM liq_events")) == 50 * 500


def test_without_a_reader_the_log_stays_small(path: Path) -> None:
    longest = 0
    with SqliteStore.for_recorder(path, DataKind.LIVE) as store:
        for number in range(40):
            fill(store, number, 1)
            longest = max(longest, log_bytes(path))
        assert store.notices == ()
    assert longest < 2 * write_ahead_log.CHECKPOINT_BYTES


def test_a_log_that_another_program_begins_anew_gives_its_room_back(path: Path) -> None:
    with SqliteStore.for_recorder(path, DataKind.LIVE) as store:
        assert store._connection is not None
        limit = store._connection.execute("PRAGMA journal_size_limit").fetchone()[0]
        assert 0 < limit < 64 * 2**20
        with reading_elsewhere(path):
            fill(store, 0, 60)
            assert log_bytes(path) > limit
        # Written back by another program, but not cut off.
        with sqlite3.connect(path) as connection:
            connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
        connection.close()
        fill(store, 60, 1)
        assert log_bytes(path) <= limit
        assert store.notices == ()
    assert len(query(path, "SELECT 1 FROM liq_events")) == 61 * 500
