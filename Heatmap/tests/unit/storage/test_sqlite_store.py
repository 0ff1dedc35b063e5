"""The writer: what it stores, what it refuses, what a crash leaves behind."""

import logging
import sqlite3
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from Heatmap.domain.events import DataKind
from Heatmap.domain.recordings import RecordedEvent
from Heatmap.errors import DatabaseInUseError
from Heatmap.storage.sqlite.schema import SCHEMA_VERSION
from Heatmap.storage.sqlite_store import SqliteStore, event_to_row
from Heatmap.tests.unit.stored_events import EVENT, events, query

# --- events


def test_an_event_is_stored_with_every_field(store: SqliteStore, path: Path) -> None:
    batch = store.write([EVENT])
    assert batch.events == (EVENT,)
    assert batch.duplicates == 0
    rows = query(
        path,
        "SELECT id, ts_ms, symbol, side, price, qty, notional, source, raw_json, limit_price, "
        "original_qty, push_ms, receive_ms, event_key, key_from_numbers, twin, origin, "
        "reported_price, price_kind, price_rule FROM liq_events",
    )
    assert rows == [(*batch.row_ids, *event_to_row(EVENT))]
    assert rows[0][3] == "SELL"


def test_of_two_equal_messages_the_first_one_stays(store: SqliteStore, path: Path) -> None:
    (first,) = events(1)
    store.write([first])
    # The same message over another connection arrives at another time.
    store.write([replace(first, receive_ms=first.receive_ms + 700, raw_json="")])
    kept = query(path, "SELECT receive_ms, raw_json FROM liq_events")
    assert kept == [(first.receive_ms, first.raw_json)]


def test_writing_from_another_thread_is_a_bug(store: SqliteStore) -> None:
    raised: list[BaseException] = []

    def write() -> None:
        try:
            store.write([EVENT])
        except sqlite3.ProgrammingError as error:
            raised.append(error)

    thread = threading.Thread(target=write)
    thread.start()
    thread.join()
    assert len(raised) == 1


# --- coverage


def coverage(path: Path, symbol: str = "BTCUSDT") -> list[tuple[object, ...]]:
    return query(
        path,
        "SELECT start_ms, end_ms, proven FROM coverage WHERE symbol = ? ORDER BY start_ms",
        symbol,
    )


def test_heartbeats_lengthen_one_row(store: SqliteStore, path: Path) -> None:
    store.extend_coverage("BTCUSDT", 1000, 1000, proven=True)
    for end_ms in range(2000, 6000, 1000):
        store.extend_coverage("BTCUSDT", end_ms - 1000, end_ms, proven=True)
    assert coverage(path) == [(1000, 5000, 1)]


# --- retention


def test_retention_forgets_coverage_older_than_the_cut(store: SqliteStore, path: Path) -> None:
    for start_ms, end_ms in ((0, 1000), (2000, 4000), (5000, 6000)):
        store.extend_coverage("BTCUSDT", start_ms, end_ms, proven=True)
    assert store.delete_expired(3000) == 0
    assert coverage(path) == [(3000, 4000, 1), (5000, 6000, 1)]
    assert store.delete_expired(4000) == 0
    assert coverage(path) == [(5000, 6000, 1)]


def test_the_file_shrinks_in_small_steps_once_all_is_deleted(path: Path) -> None:
    with SqliteStore(path, DataKind.LIVE) as store:
        long_text = "x" * 2000
        store.write([replace(event, raw_json=long_text) for event in events(3000)])
    full_size = path.stat().st_size
    with SqliteStore(path, DataKind.LIVE) as store:
        while store.delete_expired(10**12):
            pass
        for _ in range(100):
            store.delete_expired(10**12)
    assert full_size > 6_000_000
    assert path.stat().st_size < full_size / 20
    assert query(path, "PRAGMA integrity_check") == [("ok",)]


def test_a_step_ends_early_whatever_the_limit(path: Path) -> None:
    with SqliteStore(path, DataKind.LIVE) as store:
        store.write(events(40_000))
        # The processor's time: a busy machine makes it no longer.
        started = time.thread_time()
        deleted = store.delete_expired(10**12, limit=10**9)
        elapsed_s = time.thread_time() - started
    assert 0 < deleted < 40_000
    assert elapsed_s < 0.5  # ten times what is promised, for a slow machine


# --- opening


def test_the_database_has_the_promised_form(store: SqliteStore, path: Path) -> None:
    columns = {row[1]: row for row in query(path, "PRAGMA table_info(liq_events)")}
    assert list(columns)[:9] == [
        "id",
        "ts_ms",
        "symbol",
        "side",
        "price",
        "qty",
        "notional",
        "source",
        "raw_json",
    ]
    # What a venue may not send, or what cannot be told from it.
    may_be_missing = {"notional", "limit_price", "original_qty", "push_ms", "reported_price"}
    assert {name for name, row in columns.items() if row[3] == 0} == {"id", *may_be_missing}
    assert columns["id"][5] == 1
    indexes = query(path, "SELECT name FROM sqlite_master WHERE type = 'index'")
    assert {("idx_liq_events_symbol_ts",), ("idx_liq_events_ts",)} <= set(indexes)
    assert query(path, "PRAGMA journal_mode") == [("wal",)]
    assert query(path, "PRAGMA auto_vacuum") == [(2,)]
    assert query(path, "PRAGMA user_version") == [(SCHEMA_VERSION,)]
    connection = store._connection
    assert connection.execute("PRAGMA synchronous").fetchone() == (1,)
    assert connection.execute("PRAGMA temp_store").fetchone() == (2,)
    assert connection.execute("PRAGMA busy_timeout").fetchone() == (2000,)


def test_an_empty_file_becomes_a_database(path: Path) -> None:
    path.touch()
    with SqliteStore(path, DataKind.LIVE) as store:
        assert len(store.write([EVENT]).events) == 1


def test_closing_twice_is_harmless_and_leaves_one_file_and_its_lock(path: Path) -> None:
    store = SqliteStore(path, DataKind.LIVE)
    store.write([EVENT])
    store.close()
    store.close()
    assert sorted(file.name for file in path.parent.iterdir()) == [path.name, f"{path.name}-writer"]


def test_a_second_writer_is_refused_until_the_first_closes(path: Path, tmp_path: Path) -> None:
    link = tmp_path / "link.sqlite3"
    link.symlink_to(path)
    with SqliteStore(path, DataKind.LIVE) as store:
        for name in (path, link, str(path)):
            with pytest.raises(DatabaseInUseError) as raised:
                SqliteStore(name, DataKind.LIVE)
            assert "\n" not in str(raised.value)
        assert len(store.write([EVENT]).events) == 1
        # The refused attempts have not dropped the holder's lock.
        with pytest.raises(DatabaseInUseError):
            SqliteStore(path, DataKind.LIVE)
    SqliteStore(link, DataKind.LIVE).close()


def test_a_large_merge_is_no_log_that_somebody_holds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("Heatmap.storage.sqlite.write_ahead_log.LARGE_BYTES", 50_000)
    with SqliteStore(tmp_path / "x.sqlite3", DataKind.LIVE) as store:
        keyed = [(replace(EVENT, ts_ms=number), number.to_bytes(16)) for number in range(2000)]
        merged = [RecordedEvent(one, key, key_from_numbers=False) for one, key in keyed]
        assert store.merge_recording(merged, [], 2000) == 2000
        assert store.notices == ()
    assert [one for one in caplog.records if one.levelno >= logging.WARNING] == []
