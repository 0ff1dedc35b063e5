"""The reader: windows, coverage and tick sizes, beside a writer that writes."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from decimal import Decimal
from pathlib import Path

import pytest

from Heatmap.domain.events import DataKind
from Heatmap.errors import CorruptDatabaseError, NewerDatabaseError, StorageError
from Heatmap.storage.sqlite.event_reader import _SELECT_AFTER, read_tick_sizes
from Heatmap.storage.sqlite_store import SqliteStore
from Heatmap.tests.array_reader import EventReader
from Heatmap.tests.unit.stored_events import event


@pytest.fixture
def reader(store: SqliteStore) -> Iterator[EventReader]:
    with EventReader(store.path) as opened:
        yield opened


def test_a_window_is_read_along_its_index_without_sorting(
    store: SqliteStore, reader: EventReader
) -> None:
    store.write([event(ts_ms) for ts_ms in range(100)])
    seen: list[str] = []
    reader._connection.set_trace_callback(seen.append)
    reader.read_window("BTCUSDT", 0, 50)
    reader._connection.set_trace_callback(None)
    (select,) = [text for text in seen if "ORDER BY" in text]
    with closing(sqlite3.connect(store.path)) as connection:
        plan = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {select}")]
    assert len(plan) == 1
    assert "idx_liq_events_symbol_ts (symbol=? AND ts_ms>? AND ts_ms<?)" in plan[0]


def test_a_tick_size_comes_back_exactly(store: SqliteStore, reader: EventReader) -> None:
    assert reader.tick_size("BTCUSDT") is None
    store.save_tick_size("BTCUSDT", Decimal("0.10"), 0)
    assert str(reader.tick_size("BTCUSDT")) == "0.10"
    store.save_tick_size("BTCUSDT", Decimal("1E-7"), 0)
    assert reader.tick_size("BTCUSDT") == Decimal("0.0000001")


def test_all_symbols_are_all_that_the_file_knows(path: Path, store: SqliteStore) -> None:
    store.save_tick_size("BTCUSDT", Decimal("0.10"), 1)
    store.save_tick_size("DOGEUSDT", Decimal("0.00001"), 1)
    assert read_tick_sizes(path, ("ALL",)) == {
        "BTCUSDT": Decimal("0.10"),
        "DOGEUSDT": Decimal("0.00001"),
    }


def test_a_tick_size_that_is_no_number_is_damage(store: SqliteStore, reader: EventReader) -> None:
    store.save_tick_size("BTCUSDT", Decimal("0.10"), 0)
    store._connection.execute("UPDATE tick_sizes SET tick_size = 'a tenth'")
    with pytest.raises(CorruptDatabaseError, match="a tenth"):
        reader.tick_size("BTCUSDT")


def test_a_reader_cannot_write(store: SqliteStore, reader: EventReader) -> None:
    store.write([event(1)])
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        reader._connection.execute("DELETE FROM liq_events")


def test_a_recording_can_be_read_when_nobody_writes_it(path: Path) -> None:
    with SqliteStore(path, DataKind.LIVE) as store:
        store.write([event(1)])
    before = path.read_bytes()
    with EventReader(path) as reader:
        assert len(reader.read_window("BTCUSDT", 0, None).events) == 1
    assert path.read_bytes() == before


def test_names_with_special_characters_are_taken_literally(tmp_path: Path) -> None:
    for name in ("a?mode=rwc.sqlite3", "50% #1 ü.sqlite3", "%41.sqlite3", "semi;colon&.sqlite3"):
        with SqliteStore(tmp_path / name, DataKind.LIVE) as store:
            store.write([event(1)])
            with EventReader(tmp_path / name) as reader:
                assert reader.read_window("BTCUSDT", 0, None).last_row_id == 1
        assert (tmp_path / name).is_file()


def test_a_missing_file_is_named_and_not_created(path: Path) -> None:
    with pytest.raises(StorageError) as raised:
        EventReader(path)
    assert str(path) in str(raised.value)
    assert not list(path.parent.iterdir())


def test_files_that_are_not_ours_are_refused(path: Path) -> None:
    path.write_bytes(b"notes" * 1000)
    with pytest.raises(CorruptDatabaseError):
        EventReader(path)
    path.write_bytes(b"")
    with pytest.raises(StorageError, match="is empty"):
        EventReader(path)


def test_a_newer_file_is_refused(path: Path) -> None:
    SqliteStore(path, DataKind.LIVE).close()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 999")
    with pytest.raises(NewerDatabaseError):
        EventReader(path)


def test_damage_found_while_reading_is_reported(path: Path) -> None:
    with SqliteStore(path, DataKind.LIVE) as store:
        store.write([event(ts_ms) for ts_ms in range(5000)])
    content = bytearray(path.read_bytes())
    half = len(content) // 2
    content[half:] = b"\xff" * (len(content) - half)
    path.write_bytes(content)
    with EventReader(path) as reader, pytest.raises(CorruptDatabaseError):
        reader.read_window("BTCUSDT", 0, None)


def test_a_window_and_the_batches_after_it_count_each_event_once(
    store: SqliteStore, reader: EventReader
) -> None:
    batches = []
    for number in range(3):
        batches.append(store.write([event(number * 10 + part) for part in range(5)]))
        if number == 1:
            window = reader.read_window("BTCUSDT", 0, None)
    later = [
        stored.ts_ms
        for batch in batches
        for row_id, stored in zip(batch.row_ids, batch.events, strict=True)
        if row_id > window.last_row_id
    ]
    assert sorted([*window.events["ts_ms"].tolist(), *later]) == [
        number * 10 + part for number in range(3) for part in range(5)
    ]


def test_rows_and_last_row_id_belong_to_the_same_moment(
    store: SqliteStore, reader: EventReader
) -> None:
    store.write([event(1000)])
    interruptions = iter([[event(2000)]])

    def write_between_the_two_statements(statement: str) -> None:
        if "ORDER BY" in statement:
            store.write(next(interruptions))

    reader._connection.set_trace_callback(write_between_the_two_statements)
    window = reader.read_window("BTCUSDT", 0, None)
    reader._connection.set_trace_callback(None)
    assert next(interruptions, None) is None, "the second event was written in between"
    assert (len(window.events), window.last_row_id) == (1, 1)
    window = reader.read_window("BTCUSDT", 0, None)
    assert (len(window.events), window.last_row_id) == (2, 2)


def test_a_read_does_not_hold_the_write_ahead_log(store: SqliteStore, reader: EventReader) -> None:
    store.write([event(ts_ms) for ts_ms in range(500)])
    reader.read_window("BTCUSDT", 0, None)
    busy, pages, moved = store._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    assert (busy, pages, moved) == (0, 0, 0)


def test_new_rows_are_searched_by_their_ids_however_many_the_symbol_has(
    path: Path, store: SqliteStore
) -> None:
    store.write([event(1000)])
    with closing(sqlite3.connect(path)) as connection:
        plan = connection.execute(
            f"EXPLAIN QUERY PLAN {_SELECT_AFTER}", (0, "BTCUSDT", "BINANCE_USDM")
        ).fetchall()
    words = " ".join(str(row[-1]) for row in plan)
    assert "INTEGER PRIMARY KEY" in words
    assert "idx_liq_events" not in words
