"""Counters, recorded symbols and the retention in force, in a real file."""

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from Heatmap.domain.events import DataKind, RejectReason
from Heatmap.errors import OtherWriterError, StorageError
from Heatmap.ingestion.recorder.recorder_status import StatusBoard
from Heatmap.storage.sqlite.status import count_expired, kept_retention_ms, read_status
from Heatmap.storage.sqlite_store import SqliteStore
from Heatmap.tests.unit.stored_events import events, tamper

DAY_MS = 86_400_000


def test_the_board_gives_each_count_to_the_totals_once() -> None:
    board = StatusBoard()
    board.count(rotations=2, reconnects=0)
    board.count_rejection(RejectReason.NOT_JSON)
    first = board.unsaved_counts()
    assert first == {"rotations": 2, "rejected: not JSON": 1}
    # Not saved: the same again, with what came meanwhile.
    board.count(rotations=1)
    assert board.unsaved_counts() == first | {"rotations": 3}
    board.note_saved(first)
    assert board.unsaved_counts() == {"rotations": 1}
    board.begin_totals()
    assert board.unsaved_counts() == {}
    assert board.snapshot(0.0).rotations == 3


def test_what_the_sink_counts_is_not_counted_for_it_but_for_what_it_never_sees() -> None:
    board = StatusBoard()
    board.count(received=5, stored=3, duplicates=1)
    assert board.unsaved_counts() == {}
    board.count_lost(2)
    assert board.unsaved_counts() == {"received": 2, "overflowed": 2}
    status = board.snapshot(0.0)
    assert (status.received, status.stored, status.duplicates, status.overflowed) == (5, 3, 1, 2)


def test_a_batch_that_cannot_be_stored_is_not_counted(path: Path, store: SqliteStore) -> None:
    first, second = events(2)
    with pytest.raises(sqlite3.IntegrityError):
        store.write([first, replace(second, price=float("nan"))])
    assert read_status(path)["counters"]["received"] == 0


def test_symbols_that_could_not_be_noted_come_with_the_first_events(path: Path) -> None:
    with (
        SqliteStore(path, DataKind.LIVE, busy_timeout_ms=20) as store,
        closing(sqlite3.connect(path, isolation_level=None)) as browser,
    ):
        browser.execute("BEGIN IMMEDIATE")
        with pytest.raises(StorageError):
            store.save_symbols(("ETHUSDT",))
        browser.execute("ROLLBACK")
        assert read_status(path)["recorded_symbols"] is None
        store.write(events(1))
        assert read_status(path)["recorded_symbols"] == ["ETHUSDT"]


@pytest.mark.parametrize(
    "note",
    [
        "UPDATE meta SET value = 'a week' WHERE key = 'retention_ms'",
        "UPDATE meta SET value = X'31' WHERE key = 'retention_ms'",
        "UPDATE meta SET value = -5 WHERE key = 'retention_ms'",
        "UPDATE meta SET value = '0' WHERE key = 'retention_ms'",
        "UPDATE meta SET value = '99999999999999999999' WHERE key = 'retention_ms'",
    ],
)
def test_a_spoilt_retention_deletes_nothing_until_somebody_confirms(
    path: Path, store: SqliteStore, note: str
) -> None:
    store.keep_retention(60 * DAY_MS)
    tamper(path, note)
    kept_ms = store.kept_retention_ms()
    assert kept_ms is not None
    assert kept_ms >= 3650 * DAY_MS
    assert kept_retention_ms(path) == kept_ms


def test_the_symbols_are_those_of_the_latest_recorder_and_a_second_one_learns_them(
    path: Path, store: SqliteStore
) -> None:
    assert read_status(path)["recorded_symbols"] is None
    with pytest.raises(OtherWriterError) as unknown:
        SqliteStore(path, DataKind.LIVE)
    assert unknown.value.recorded is None
    store.save_symbols(("BTCUSDT",))
    store.save_symbols(("BTCUSDT", "ETHUSDT"))
    assert read_status(path)["recorded_symbols"] == ["BTCUSDT", "ETHUSDT"]
    with pytest.raises(OtherWriterError) as known:
        SqliteStore(path, DataKind.LIVE)
    assert known.value.recorded == ("BTCUSDT", "ETHUSDT")


def test_what_expired_is_counted_in_steps_and_in_one(
    path: Path, store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("Heatmap.storage.sqlite_store._COUNTED_PER_SLICE", 7)
    # Of equal times, none may be left out at the edge of a step.
    store.write([*events(30), *(one for one in events(30, start_ms=500, step_ms=1000))])
    for before_ms in (-1, 0, 1, 7_000, 12_345, 29_500, 29_501, 10**9):
        steps = list(store.expired_counts(before_ms))
        assert all(step <= 7 for step in steps)
        expected = sum(
            ts_ms < before_ms for ts_ms in [*range(0, 30_000, 1000), *range(500, 30_500, 1000)]
        )
        assert sum(steps) == count_expired(path, before_ms) == expected


def test_equal_times_are_counted_each(store: SqliteStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("Heatmap.storage.sqlite_store._COUNTED_PER_SLICE", 3)
    same_time = [replace(events(1)[0], price=100.0 + number) for number in range(10)]
    store.write(same_time)
    assert sum(store.expired_counts(1)) == 10


def test_a_file_that_is_not_there_cannot_be_asked(path: Path) -> None:
    with pytest.raises(StorageError):
        count_expired(path, 0)
    with pytest.raises(StorageError):
        kept_retention_ms(path)
