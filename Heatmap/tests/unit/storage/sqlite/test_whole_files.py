"""All of a large file is read beside whoever asks, and what is decided is the same."""

import shutil
import stat
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from Heatmap.domain.events import DataKind
from Heatmap.errors import DatabaseInUseError, StorageError
from Heatmap.storage.sqlite import renewal, watched_file, whole_files
from Heatmap.storage.sqlite.connections import companion
from Heatmap.storage.sqlite.whole_files import (
    find_damage,
    is_whole,
    look_at,
    look_with_log,
    read_beside,
)
from Heatmap.storage.sqlite_store import SqliteStore
from Heatmap.tests.systems import posix_only
from Heatmap.tests.unit.storage.sqlite.foreign_programs import sound
from Heatmap.tests.unit.stored_events import events, query, tamper


class Held:
    """Reads a file as it is asked to, but not before it is let go."""

    def __init__(self, read: object) -> None:
        self.read, self.begun, self.let_go = read, threading.Semaphore(0), threading.Event()
        self.count = 0

    def __call__(self, path: Path) -> object:
        self.count += 1
        self.begun.release()
        assert self.let_go.wait(30)
        return self.read(path)  # type: ignore[operator]


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(whole_files, "PATIENCE_S", 0.01)


@pytest.fixture
def held() -> Iterator[Held]:
    held = Held(is_whole)
    yield held
    held.let_go.set()


@pytest.fixture
def file(path: Path) -> Path:
    with SqliteStore(path, DataKind.LIVE) as store:
        store.write(events(100))
    return path


@posix_only
def test_whoever_opens_a_log_as_root_has_not_written_into_it(path: Path) -> None:
    with SqliteStore(path, DataKind.LIVE) as store:
        store.write(events(100))
        before, log = look_with_log(path), companion(path, "-wal")
        # SQLite sets its owner then, to the same one.
        was_ns = log.stat().st_ctime_ns
        while log.stat().st_ctime_ns == was_ns:
            log.chmod(stat.S_IMODE(log.stat().st_mode))
        assert find_damage(path) is None
        assert look_with_log(path) == before
        store.write(events(200))
        assert look_with_log(path) != before


def test_who_asks_waits_a_moment_and_has_the_answer_later(file: Path, held: Held) -> None:
    for _ in range(3):
        with pytest.raises(DatabaseInUseError, match="being checked"):
            read_beside(held, file, "as it is")
    held.let_go.set()
    assert read_beside(held, file, "as it is", hurries=True).answer() is True
    assert read_beside(held, file, "as it is").answer() is True
    assert held.count == 1


def test_an_answer_for_another_state_is_not_given(file: Path, held: Held) -> None:
    with pytest.raises(DatabaseInUseError):
        read_beside(held, file, "before")
    with pytest.raises(DatabaseInUseError):
        read_beside(held, file, "after")
    assert held.count == 1, "one at a time"
    held.let_go.set()
    file.write_bytes(b"nothing of it" * 1000)
    assert read_beside(held, file, "after", hurries=True).answer() is False
    assert held.count == 2


def test_what_reading_raises_is_raised_where_it_was_asked(path: Path) -> None:
    path.mkdir()
    reading = read_beside(find_damage, path, "a directory", hurries=True)
    with pytest.raises(Exception, match="unable to open"):
        reading.answer()


def test_damage_is_found_with_and_without_the_log(file: Path) -> None:
    assert (is_whole(file), find_damage(file)) == (True, None)
    before = look_at(file)
    content = bytearray(file.read_bytes())
    content[4096 : 2 * 4096] = b"\xa5" * 4096
    file.write_bytes(content)
    assert not is_whole(file)
    assert find_damage(file)
    assert look_at(file) != before
    file.unlink()
    assert not is_whole(file)


def test_a_recorder_goes_on_while_a_backup_in_its_files_place_is_read(
    path: Path, tmp_path: Path, held: Held, monkeypatch: pytest.MonkeyPatch
) -> None:
    backup = tmp_path / "backup"
    with SqliteStore(backup, DataKind.LIVE) as store:
        store.write(events(50))
    monkeypatch.setattr(renewal, "is_whole", held)
    with SqliteStore.for_recorder(path, DataKind.LIVE) as store:
        store.write(events(10, start_ms=10**6))
        shutil.copyfile(backup, path)
        for _ in range(5):
            # Each attempt ends at once, and the next one goes on where it was.
            with pytest.raises(StorageError, match="being checked"):
                store.write(events(20, start_ms=10**7))
        assert held.count == 1
        held.let_go.set()
        written = 0
        while not written:
            try:
                written = len(store.write(events(20, start_ms=10**7)).events)
            except DatabaseInUseError:
                continue
    assert sound(path)
    assert query(path, "SELECT count(*) FROM liq_events") == [(80,)]
    assert list(tmp_path.glob(f"{path.name}.damaged-*")) == []


def test_a_recorder_writes_while_it_is_looked_what_another_program_has_written(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = Held(find_damage)
    monkeypatch.setattr(watched_file, "find_damage", held)
    with SqliteStore.for_recorder(path, DataKind.LIVE) as store:
        store.write(events(10))
        tamper(path, "PRAGMA wal_checkpoint(PASSIVE)")
        stored = 10
        for number in range(4):
            stored += len(store.write(events(10, start_ms=10**6 * (number + 1))).events)
        assert held.begun.acquire(timeout=20)
        assert held.count == 1
        held.let_go.set()
    assert sound(path)
    assert query(path, "SELECT count(*) FROM liq_events") == [(stored,)] == [(50,)]
