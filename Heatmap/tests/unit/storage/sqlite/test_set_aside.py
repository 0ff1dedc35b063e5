"""A damaged file of ours is renamed with its log; nothing else is touched."""

import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from Heatmap.domain.events import DataKind
from Heatmap.errors import CorruptDatabaseError, DatabaseInUseError, StorageError
from Heatmap.storage.sqlite.set_aside import is_ours, set_aside
from Heatmap.storage.sqlite.status import read_status
from Heatmap.storage.sqlite.writer_lock import lock_path
from Heatmap.storage.sqlite_store import SqliteStore
from Heatmap.tests.array_reader import EventReader
from Heatmap.tests.fact_texts import notices_text
from Heatmap.tests.unit.stored_events import events, query

NOW = datetime(2026, 11, 20, 5, 30, 1, tzinfo=UTC)


def damage_all_but_the_first_page(path: Path) -> bytes:
    content = bytearray(path.read_bytes())
    content[4096:] = b"\xff" * (len(content) - 4096)
    path.write_bytes(content)
    return bytes(content)


def aside(path: Path) -> list[Path]:
    found = sorted(path.parent.glob(f"{path.name}.damaged-*"))
    return [one for one in found if not one.name.endswith(("-wal", "-shm"))]


def test_the_new_name_carries_the_utc_time_and_log_and_index_go_with_the_file(path: Path) -> None:
    for suffix in ("", "-wal", "-shm"):
        path.with_name(path.name + suffix).write_text(f"content{suffix}")
    target = set_aside(path, NOW)
    assert target.name == "heatmap.sqlite3.damaged-20261120T053001Z"
    for suffix in ("", "-wal", "-shm"):
        assert target.with_name(target.name + suffix).read_text() == f"content{suffix}"
        assert not path.with_name(path.name + suffix).exists()


def test_a_name_that_is_taken_is_not_overwritten(path: Path) -> None:
    for number in range(3):
        path.write_text(str(number))
        set_aside(path, NOW)
    assert [found.read_text() for found in aside(path)] == ["0", "1", "2"]


def test_a_rename_that_the_system_refuses_is_a_storage_error(path: Path) -> None:
    path.write_text("x")
    path.with_name(f"{path.name}.damaged-20261120T053001Z").mkdir()
    path.with_name(f"{path.name}.damaged-20261120T053001Z-2").symlink_to(path.parent / "nowhere")
    # A dangling link does not "exist": renaming replaces it, a directory is never in the way.
    assert set_aside(path, NOW).read_text() == "x"
    missing = path.parent / "missing"
    missing.mkdir()
    (missing / "x").write_text("x")
    long_name = missing / ("y" * 250)
    long_name.write_text("x")
    with pytest.raises(StorageError, match="renamed"):
        set_aside(long_name, NOW)
    assert long_name.read_text() == "x"


def test_a_file_is_ours_by_its_application_id_or_its_lock_file(path: Path) -> None:
    SqliteStore(path, DataKind.LIVE).close()
    assert is_ours(path, has_lock_file=False)
    damage_all_but_the_first_page(path)
    assert is_ours(path, has_lock_file=False)
    path.write_bytes(b"no header at all" * 1000)
    assert not is_ours(path, has_lock_file=False)
    assert is_ours(path, has_lock_file=True)
    path.unlink()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE notes (text)")
    assert not is_ours(path, has_lock_file=True)


def test_a_damaged_file_is_set_aside_at_opening_and_recording_goes_on(path: Path) -> None:
    with SqliteStore(path, DataKind.LIVE) as store:
        store.write(events(500))
    content = damage_all_but_the_first_page(path)
    with SqliteStore.for_recorder(path, DataKind.LIVE) as store:
        (target,) = aside(path)
        assert store.notices
        assert str(target) in notices_text(store.notices)
        assert str(path) in notices_text(store.notices)
        assert "\n" not in notices_text(store.notices)
        assert len(store.write(events(3)).events) == 3
        with pytest.raises(DatabaseInUseError):
            SqliteStore.for_recorder(path, DataKind.LIVE)
    assert target.read_bytes() == content
    assert read_status(path)["events"] == 3


def test_a_file_without_a_readable_header_is_ours_where_a_writer_lock_stands(path: Path) -> None:
    SqliteStore(path, DataKind.LIVE).close()
    path.write_bytes(b"zeroed by a power cut" * 1000)
    with SqliteStore.for_recorder(path, DataKind.LIVE) as store:
        assert len(store.write(events(1)).events) == 1
    assert [found.read_bytes() for found in aside(path)] == [b"zeroed by a power cut" * 1000]


def test_a_file_that_lost_a_table_is_set_aside(path: Path) -> None:
    SqliteStore(path, DataKind.LIVE).close()
    lock_path(path).unlink()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("DROP TABLE coverage")
    SqliteStore.for_recorder(path, DataKind.LIVE).close()
    assert len(aside(path)) == 1


def test_another_programs_file_is_refused_and_not_moved(path: Path) -> None:
    path.write_bytes(b"these are my notes\n" * 1000)
    with pytest.raises(CorruptDatabaseError):
        SqliteStore.for_recorder(path, DataKind.LIVE)
    assert path.read_bytes() == b"these are my notes\n" * 1000
    assert [found.name for found in path.parent.iterdir()] == [path.name]
    path.unlink()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE notes (text)")
    lock_path(path).touch()
    with pytest.raises(CorruptDatabaseError, match="another program"):
        SqliteStore.for_recorder(path, DataKind.LIVE)
    assert aside(path) == []


def test_damage_that_is_met_while_writing_raises_once_and_the_next_call_writes_afresh(
    path: Path,
) -> None:
    with SqliteStore.for_recorder(path, DataKind.LIVE) as store:
        store.save_symbols(("BTCUSDT",))
        store.keep_retention(86_400_000)
        last_id = store.write(events(2000)).row_ids[-1]
        store._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # type: ignore[union-attr]
        # The pages that the connection still has in memory would hide the damage.
        store._connection.execute("PRAGMA shrink_memory")  # type: ignore[union-attr]
        reader = EventReader(path)
        damage_all_but_the_first_page(path)
        fresh = events(3, start_ms=10**9)
        with pytest.raises(CorruptDatabaseError):
            store.write(fresh)
        assert reader.is_current()
        batch = store.write(fresh)
        assert len(batch.events) == 3
        assert batch.row_ids[0] > last_id, "a reader takes only larger ids for new"
        assert not reader.is_current()
        reader.close()
        assert store.kept_retention_ms() == 86_400_000
        (target,) = aside(path)
        assert store.notices
        assert target.name in notices_text(store.notices)
    status = read_status(path)
    assert status["events"] == 3
    assert status["recorded_symbols"] == ["BTCUSDT"]
    assert query(path, "PRAGMA integrity_check") == [("ok",)]


def test_a_file_that_is_moved_away_while_it_is_written_is_followed_by_a_new_one(
    path: Path,
) -> None:
    with SqliteStore.for_recorder(path, DataKind.LIVE) as store:
        store.save_symbols(("BTCUSDT",))
        last_id = store.write(events(3)).row_ids[-1]
        path.rename(path.with_name("backup"))
        batch = store.write(events(2, start_ms=10**6))
        assert batch.row_ids[0] > last_id
        assert "moved or deleted" in notices_text(store.notices)
        path.unlink()
        store.write(events(1, start_ms=10**7))
        status = read_status(path)
    assert (status["events"], status["recorded_symbols"]) == (1, ["BTCUSDT"])
    assert query(path.with_name("backup"), "SELECT count(*) FROM liq_events") == [(3,)]


def test_another_programs_file_in_the_place_of_a_moved_one_is_left_alone(path: Path) -> None:
    with SqliteStore.for_recorder(path, DataKind.LIVE) as store:
        store.write(events(3))
        path.rename(path.with_name("backup"))
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("CREATE TABLE notes (text)")
        for _ in range(4):
            with pytest.raises(StorageError):
                store.write(events(1))
        assert aside(path) == []
        path.unlink()
        assert len(store.write(events(1)).events) == 1


def test_an_io_error_is_over_when_the_disk_works_again(path: Path) -> None:
    with SqliteStore.for_recorder(path, DataKind.LIVE) as store:
        store.write(events(3000))
        with pytest.raises(StorageError, match="disk"), store._transaction():
            raise io_error()
        assert len(store.write(events(5, start_ms=10**9)).events) == 5
        assert not store.notices
    assert query(path, "PRAGMA integrity_check") == [("ok",)]
    assert query(path, "SELECT seq FROM sqlite_sequence") == [(3005,)]


def io_error() -> sqlite3.OperationalError:
    """Return what SQLite raises where the disk reports an error."""
    error = sqlite3.OperationalError("disk I/O error")
    error.sqlite_errorcode = sqlite3.SQLITE_IOERR_WRITE
    return error


def test_a_disk_that_damages_each_file_does_not_fill_up_with_copies(path: Path) -> None:
    with SqliteStore.for_recorder(path, DataKind.LIVE) as store:
        for expected in (1, 1, 1):
            store._is_damaged = True
            if not aside(path):
                store.write(events(1))
            else:
                with pytest.raises(StorageError, match="damaged again"):
                    store.write(events(1))
            assert len(aside(path)) == expected


def test_at_the_end_a_file_that_is_damaged_again_is_set_aside_once_more(path: Path) -> None:
    with SqliteStore.for_recorder(path, DataKind.LIVE) as store:
        store._is_damaged = True
        store.write(events(1))
        store._is_damaged = True
        with pytest.raises(StorageError, match="damaged again"):
            store.write(events(2))
        store.finish_now()
        assert len(store.write(events(2)).events) == 2
        store._is_damaged = True
        with pytest.raises(StorageError, match="damaged again"):
            store.write(events(3))
    assert len(aside(path)) == 2


def test_each_fresh_file_has_another_number_and_a_new_connection_has_not(path: Path) -> None:
    with SqliteStore.for_recorder(path, DataKind.LIVE) as store:
        numbers = [store.generation()]
        store.write(events(1))
        numbers.append(store.generation())
        store._disconnect()  # as after an I/O error
        numbers.append(store.generation())
        store._is_damaged = True
        numbers.append(store.generation())
        path.rename(path.with_name("backup"))
        numbers.append(store.generation())
        # The next file may well get the id of one that is deleted.
        path.unlink()
        numbers.append(store.generation())
        assert path.exists(), "it makes ready to write"
    first = numbers[0]
    assert numbers == [first, first, first, first + 1, first + 2, first + 3]


def test_a_file_that_cannot_be_made_ready_has_no_number(path: Path) -> None:
    with SqliteStore.for_recorder(path, DataKind.LIVE) as store:
        path.rename(path.with_name("backup"))
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("CREATE TABLE notes (text)")
        with pytest.raises(StorageError):
            store.generation()
