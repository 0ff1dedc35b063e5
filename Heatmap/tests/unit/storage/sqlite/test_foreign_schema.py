"""The writer meets a file whose schema another program has changed: no row is lost by it."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from Heatmap.domain.events import DataKind
from Heatmap.errors import CorruptDatabaseError, StorageError
from Heatmap.storage.sqlite.status import read_status
from Heatmap.storage.sqlite_store import SqliteStore
from Heatmap.tests.array_reader import EventReader
from Heatmap.tests.database_health import examine_database
from Heatmap.tests.fact_texts import notices_text
from Heatmap.tests.unit.storage.sqlite.test_schema import INDEXES, TABLES, TRIGGERS
from Heatmap.tests.unit.stored_events import events, query, tamper

UNMENDABLE = TABLES | TRIGGERS


@pytest.fixture
def filled(path: Path) -> Path:
    with SqliteStore(path, DataKind.LIVE) as store:
        store.write(events(50))
        store.extend_coverage("BTCUSDT", 0, 50_000, proven=True)
    return path


def aside(path: Path) -> list[Path]:
    found = sorted(path.parent.glob(f"{path.name}.damaged-*"))
    return [one for one in found if not one.name.endswith(("-wal", "-shm"))]


def count(path: Path) -> object:
    return query(path, "SELECT count(*) FROM liq_events")[0][0]


# --- when it is opened


@pytest.mark.parametrize("name", INDEXES)
def test_an_index_is_made_again_when_the_file_is_opened_and_every_row_stays(
    filled: Path, name: str
) -> None:
    tamper(filled, INDEXES[name])
    assert examine_database(filled, DataKind.LIVE).level == "FAIL"
    with SqliteStore.for_recorder(filled, DataKind.LIVE) as store:
        assert "every row is kept" in notices_text(store.notices)
        assert len(store.write(events(60)).events) == 10
    assert aside(filled) == []
    assert count(filled) == 60
    assert examine_database(filled, DataKind.LIVE).level == "ok"


@pytest.mark.parametrize("name", UNMENDABLE)
def test_a_file_with_another_schema_is_set_aside_by_a_recorder_with_all_that_is_in_it(
    filled: Path, name: str
) -> None:
    tamper(filled, UNMENDABLE[name])
    schema = query(filled, "SELECT name, sql FROM sqlite_master ORDER BY name")
    with SqliteStore.for_recorder(filled, DataKind.LIVE) as store:
        (old,) = aside(filled)
        assert str(old) in notices_text(store.notices)
        assert len(store.write(events(3)).events) == 3
    assert query(old, "SELECT name, sql FROM sqlite_master ORDER BY name") == schema
    assert count(old) == 50
    assert count(filled) == 3


@pytest.mark.parametrize("name", UNMENDABLE)
def test_a_file_with_another_schema_is_refused_by_anyone_else_in_one_line(
    filled: Path, name: str
) -> None:
    tamper(filled, UNMENDABLE[name])
    before = filled.read_bytes()
    with pytest.raises(CorruptDatabaseError) as raised:
        SqliteStore(filled, DataKind.LIVE)
    assert "\n" not in str(raised.value)
    assert str(filled) in str(raised.value)
    assert filled.read_bytes() == before
    health = examine_database(filled, DataKind.LIVE)
    assert health.level == "FAIL"
    assert len(health.words.splitlines()) == 1


@pytest.mark.parametrize("name", TABLES)
def test_readers_refuse_other_tables_in_one_line(filled: Path, name: str) -> None:
    tamper(filled, TABLES[name])
    for read in (read_status, EventReader):
        with pytest.raises(CorruptDatabaseError) as raised:
            read(filled)
        assert "\n" not in str(raised.value)


@pytest.mark.parametrize("name", [*INDEXES, *TRIGGERS])
def test_readers_read_on_where_only_indexes_and_triggers_differ(filled: Path, name: str) -> None:
    tamper(filled, (INDEXES | TRIGGERS)[name])
    assert read_status(filled)["events"] == 50
    with EventReader(filled) as reader:
        assert len(reader.read_window("BTCUSDT", 0, None).events) == 50


def test_rows_that_the_index_would_refuse_are_all_kept_in_the_file_that_is_set_aside(
    filled: Path,
) -> None:
    tamper(
        filled,
        "DROP INDEX idx_liq_events_key; INSERT INTO liq_events SELECT NULL, ts_ms, symbol, "
        "side, price, qty, notional, source, raw_json, limit_price, original_qty, push_ms, "
        "receive_ms, event_key, key_from_numbers, twin, origin, reported_price, price_kind, "
        "price_rule FROM liq_events",
    )
    with pytest.raises(CorruptDatabaseError, match="cannot be made again"):
        SqliteStore(filled, DataKind.LIVE)
    with SqliteStore.for_recorder(filled, DataKind.LIVE) as store:
        store.write(events(1))
    (old,) = aside(filled)
    assert (count(old), count(filled)) == (100, 1)


@pytest.mark.parametrize("version", [0, -1, -(2**31), 1])
def test_a_schema_version_that_is_not_true_is_damage(filled: Path, version: int) -> None:
    tamper(filled, f"PRAGMA user_version = {version}")
    with pytest.raises(CorruptDatabaseError):
        SqliteStore(filled, DataKind.LIVE)
    with pytest.raises(CorruptDatabaseError):
        read_status(filled)
    SqliteStore.for_recorder(filled, DataKind.LIVE).close()
    assert [count(one) for one in aside(filled)] == [50]


@pytest.mark.parametrize("kind", ["X'6c697665'", "'\x1b[2J'", "5.5", "CAST(X'ff' AS TEXT)"])
def test_a_kind_that_is_none_is_damage_in_one_line(filled: Path, kind: str) -> None:
    tamper(filled, f"UPDATE meta SET value = {kind} WHERE key = 'kind'")  # noqa: S608 - of this test
    for read in (read_status, EventReader, lambda path: SqliteStore(path, DataKind.LIVE)):
        with pytest.raises(CorruptDatabaseError) as raised:
            read(filled)
        assert str(raised.value).isprintable()
    assert examine_database(filled, DataKind.LIVE).level == "FAIL"


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE liq_events SET id = 9223372036854775807 WHERE id = 50",
        "UPDATE sqlite_sequence SET seq = 9223372036854775807",
        "UPDATE sqlite_sequence SET seq = 'many'",
    ],
)
def test_a_file_that_can_give_no_more_row_ids_is_set_aside(filled: Path, change: str) -> None:
    tamper(filled, change)
    with SqliteStore.for_recorder(filled, DataKind.LIVE) as store:
        assert len(store.write(events(3)).events) == 3
    assert [count(one) for one in aside(filled)] == [50]


# --- while it is written


@pytest.mark.parametrize("name", [*INDEXES, *UNMENDABLE])
def test_no_event_is_written_into_a_schema_that_was_changed_and_undoing_heals(
    filled: Path, name: str
) -> None:
    backup = filled.with_name("copy")
    with SqliteStore.for_recorder(filled, DataKind.LIVE) as store:
        store.write(events(50))
        with closing(sqlite3.connect(filled)) as source, closing(sqlite3.connect(backup)) as copy:
            source.backup(copy)
        tamper(filled, (INDEXES | UNMENDABLE)[name])
        for _ in range(3):
            with pytest.raises(StorageError) as raised:
                store.write(events(60))
            assert str(raised.value).isprintable()
        assert query(filled, "SELECT count(*) FROM sqlite_master WHERE name = 'liq_events'")
        # As another program undoes it: the same file, with the content from before.
        with closing(sqlite3.connect(filled)) as target, closing(sqlite3.connect(backup)) as copy:
            copy.backup(target)
        batch = store.write(events(60))
        assert (len(batch.events), batch.duplicates) == (10, 50)
        assert not store.notices
    assert aside(filled) == []
    assert count(filled) == 60


@pytest.mark.parametrize("name", [*INDEXES, *UNMENDABLE])
def test_what_nobody_undoes_is_put_right_after_a_while_and_nothing_is_lost(
    filled: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with SqliteStore.for_recorder(filled, DataKind.LIVE) as store:
        generation = store.generation()
        tamper(filled, (INDEXES | UNMENDABLE)[name])
        with pytest.raises(StorageError):
            store.write(events(60, start_ms=10**6))
        monkeypatch.setattr("Heatmap.storage.sqlite.schema_watch.MENDING_DELAY_S", 0.0)
        assert len(store.write(events(60, start_ms=10**6)).events) == 60
        assert store.notices
        assert (store.generation() == generation) == (name in INDEXES)
    if name in INDEXES:
        assert (aside(filled), count(filled)) == ([], 110)
    else:
        assert [count(one) for one in aside(filled)] == [50]
        assert count(filled) == 60


def test_at_the_end_it_is_put_right_at_once(filled: Path) -> None:
    with SqliteStore.for_recorder(filled, DataKind.LIVE) as store:
        tamper(filled, TRIGGERS["swallows"])
        with pytest.raises(StorageError):
            store.write(events(60, start_ms=10**6))
        store.finish_now()
        assert len(store.write(events(60, start_ms=10**6)).events) == 60


def test_a_writer_that_may_not_set_aside_says_so_until_it_is_undone(
    filled: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("Heatmap.storage.sqlite.schema_watch.MENDING_DELAY_S", 0.0)
    with SqliteStore(filled, DataKind.LIVE) as store:
        tamper(filled, TRIGGERS["swallows"])
        for _ in range(3):
            with pytest.raises(StorageError):
                store.write(events(60))
        tamper(filled, "DROP TRIGGER mine")
        assert len(store.write(events(60)).events) == 10


def test_harmless_changes_do_not_hold_up_the_writer(filled: Path) -> None:
    with SqliteStore.for_recorder(filled, DataKind.LIVE) as store:
        for number, change in enumerate(
            ("CREATE TABLE notes (a)", "ANALYZE", "CREATE INDEX mine ON liq_events (side)")
        ):
            tamper(filled, change)
            assert len(store.write(events(1, start_ms=10**6 * (number + 1))).events) == 1
        assert not store.notices
