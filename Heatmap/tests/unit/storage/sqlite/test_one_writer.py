"""One writer for a file, by whatever name, whatever becomes of its lock file and its directory."""

import gc
import os
import shutil
from pathlib import Path

import pytest

from Heatmap.domain.events import DataKind
from Heatmap.errors import OtherWriterError, StorageError
from Heatmap.storage.sqlite.writer_lock import WriterLock, is_writer_active, lock_path
from Heatmap.storage.sqlite_store import SqliteStore
from Heatmap.tests.database_health import examine_database
from Heatmap.tests.fact_texts import notices_text
from Heatmap.tests.unit.storage.sqlite.foreign_programs import sound, writing_elsewhere
from Heatmap.tests.unit.stored_events import events, query


def refused(path: Path) -> bool:
    try:
        SqliteStore.for_recorder(path, DataKind.LIVE).close()
    except OtherWriterError:
        return True
    return False


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Return a database's path in a directory that can be renamed."""
    directory = tmp_path / "place"
    directory.mkdir()
    return directory / "heatmap.sqlite3"


def names_of(place: Path) -> list[Path]:
    """Make other names that lead to a file."""
    base = place.parent.parent
    (base / "link to file").symlink_to(place)
    (base / "link to directory").symlink_to(place.parent, target_is_directory=True)
    (base / "link to link").symlink_to(base / "link to file")
    return [
        base / "link to file",
        base / "link to directory" / place.name,
        base / "link to link",
        place.parent / ".." / "place" / place.name,
        Path(os.path.relpath(place)),
    ]


def test_every_name_of_a_file_that_is_written_elsewhere_is_refused(place: Path) -> None:
    with writing_elsewhere(place):
        assert all(refused(name) for name in [place, *names_of(place)])


def test_every_name_of_a_file_that_is_written_here_is_refused(place: Path) -> None:
    with SqliteStore.for_recorder(place, DataKind.LIVE):
        assert all(refused(name) for name in [place, *names_of(place)])


def test_a_deleted_lock_file_lets_nobody_in_here(place: Path) -> None:
    with SqliteStore.for_recorder(place, DataKind.LIVE) as store:
        lock_path(place).unlink()
        assert refused(place)
        store.write(events(1))
        assert lock_path(place).exists()
        assert is_writer_active(place)
        assert refused(place)
        assert len(query(place, "SELECT 1 FROM liq_events")) == 1


def test_a_deleted_lock_file_is_made_anew_by_who_writes(place: Path) -> None:
    with writing_elsewhere(place) as writer:
        lock_path(place).unlink()
        assert writer.write() == "written"
        assert lock_path(place).exists()
        assert refused(place)
        shutil.copy(lock_path(place), place.with_name("copy"))
        place.with_name("copy").replace(lock_path(place))
        assert writer.write() == "written"
        assert refused(place)


def test_who_comes_first_after_a_lock_file_was_deleted_is_the_only_writer(place: Path) -> None:
    with writing_elsewhere(place) as writer:
        lock_path(place).unlink()
        # It lets the other one come first for a while, which does nothing here.
        with SqliteStore.for_recorder(place, DataKind.LIVE) as store:
            store.write(events(2))
            assert writer.write() == "other writer"
            assert writer.write() == "other writer"
            store.write(events(3))
        assert writer.write() == "written"
        assert refused(place)
    assert sound(place)
    # What was refused is written on the next attempt by whoever had it; here nobody tries again.
    assert len(query(place, "SELECT 1 FROM liq_events")) == 3 + 2


def test_two_writers_never_write_after_the_directory_was_renamed_and_made_anew(
    place: Path,
) -> None:
    moved = place.parent.with_name("moved")
    with writing_elsewhere(place) as writer:
        place.parent.rename(moved)
        assert writer.write().startswith("fault"), "there is no directory"
        assert refused(moved / place.name), "it holds the one that was moved until it finds another"
        place.parent.mkdir()
        assert writer.write() == "written"
        assert lock_path(place).exists()
        assert refused(place)
        assert not refused(moved / place.name)
    assert sound(place)
    assert sound(moved / place.name)
    assert query(moved / place.name, "SELECT ts_ms FROM liq_events") == [(10**6 + 1,)]
    assert query(place, "SELECT ts_ms FROM liq_events") == [(10**6 + 3,)]


def test_who_finds_another_writer_in_the_directory_made_anew_does_not_write(place: Path) -> None:
    moved = place.parent.with_name("moved")
    with writing_elsewhere(place) as writer:
        place.parent.rename(moved)
        place.parent.mkdir()
        with SqliteStore.for_recorder(place, DataKind.LIVE) as store:
            store.write(events(1))
            assert writer.write() == "other writer"
            assert query(place, "SELECT ts_ms FROM liq_events") == [(0,)]
        assert writer.write() == "written"
    assert sound(place)
    assert len(query(place, "SELECT 1 FROM liq_events")) == 2


def test_another_directory_in_the_place_of_the_first_is_taken_for_what_it_is(place: Path) -> None:
    other = place.parent.with_name("other")
    other.mkdir()
    with SqliteStore(other / place.name, DataKind.LIVE) as store:
        store.write(events(7))
    with writing_elsewhere(place) as writer:
        place.parent.rename(place.parent.with_name("moved"))
        other.rename(place.parent)
        assert writer.write() == "written"
        assert refused(place)
    assert sound(place)
    assert len(query(place, "SELECT 1 FROM liq_events")) == 8


def test_a_file_with_a_second_name_is_refused_in_one_line_and_touched_by_nobody(
    place: Path,
) -> None:
    SqliteStore(place, DataKind.LIVE).close()
    second = place.with_name("second.sqlite3")
    second.hardlink_to(place)
    content = place.read_bytes()
    for name in (place, second):
        with pytest.raises(StorageError, match="hard link") as raised:
            SqliteStore.for_recorder(name, DataKind.LIVE)
        assert "\n" not in str(raised.value)
        assert str(name) in str(raised.value)
        health = examine_database(name, DataKind.LIVE)
        assert health.level == "FAIL"
        assert "hard link" in health.words
    assert not lock_path(second).exists()
    assert place.read_bytes() == content
    second.unlink()
    SqliteStore.for_recorder(place, DataKind.LIVE).close()


def test_a_second_name_that_is_given_meanwhile_is_said_and_stops_nobody(place: Path) -> None:
    with SqliteStore.for_recorder(place, DataKind.LIVE) as store:
        store.write(events(1))
        second = place.with_name("second.sqlite3")
        second.hardlink_to(place)
        with pytest.raises(StorageError, match="hard link"):
            SqliteStore.for_recorder(second, DataKind.LIVE)
        store.write(events(2))
        store._disconnect()  # as after an I/O error
        store.write(events(3))
        assert "second name" in notices_text(store.notices)
        second.unlink()
        assert store.notices == ()
    assert len(query(place, "SELECT 1 FROM liq_events")) == 3


def test_a_second_name_in_the_place_of_the_file_waits_until_it_goes(place: Path) -> None:
    backup = place.with_name("backup")
    with SqliteStore(backup, DataKind.LIVE) as store:
        store.write(events(5))
    with SqliteStore.for_recorder(place, DataKind.LIVE) as store:
        store.write(events(1, start_ms=10**6))
        place.unlink()
        place.hardlink_to(backup)
        with pytest.raises(StorageError, match="hard link"):
            store.write(events(1, start_ms=10**7))
        with pytest.raises(StorageError, match="hard link"):
            store.write(events(1, start_ms=10**7))
        backup.unlink()
        store.write(events(1, start_ms=10**7))
    assert sound(place)
    assert len(query(place, "SELECT 1 FROM liq_events")) == 6


def test_a_lock_that_nobody_keeps_is_free(place: Path) -> None:
    for _ in range(3):
        WriterLock(place)  # not released, but dropped
        gc.collect()


def test_a_store_that_was_closed_writes_no_more(place: Path) -> None:
    store = SqliteStore(place, DataKind.LIVE)
    store.close()
    with SqliteStore(place, DataKind.LIVE), pytest.raises(RuntimeError, match="closed"):
        store.write(events(1))
