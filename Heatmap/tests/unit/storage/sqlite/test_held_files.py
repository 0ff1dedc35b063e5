"""Windows refuses to rename or delete a file that is open: recording goes on nevertheless.

The refusals stand in below the code that asks for them, as Windows would answer.
"""

import errno
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from Heatmap.domain.events import DataKind
from Heatmap.errors import OtherWriterError, StorageError
from Heatmap.storage.sqlite.connections import file_stat, is_same_file
from Heatmap.storage.sqlite.set_aside import HeldFileError, rename, set_aside
from Heatmap.storage.sqlite_store import SqliteStore
from Heatmap.tests.fact_texts import notices_text
from Heatmap.tests.unit.storage.sqlite.foreign_programs import sound
from Heatmap.tests.unit.stored_events import events, query


class HeldFiles:
    """Files that other programs have open: what would rename or delete them is refused."""

    def __init__(self) -> None:
        self.paths: set[Path] = set()
        self.refusals = 0
        # Let go after so many refusals; None: never.
        self.patience: int | None = None

    def refuse(self, *paths: Any) -> None:
        if not self.paths.intersection(Path(path) for path in paths):
            return
        self.refusals += 1
        if self.patience is not None and self.refusals > self.patience:
            return
        raise PermissionError(
            errno.EACCES,
            "The process cannot access the file because it is being used by another process",
            str(paths[0]),
        )


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> HeldFiles:
    files = HeldFiles()

    def refusing(name: str) -> None:
        original = getattr(os, name)

        def call(*arguments: Any, **options: Any) -> Any:
            files.refuse(*arguments[:2])
            return original(*arguments, **options)

        monkeypatch.setattr(os, name, call)

    for name in ("rename", "replace", "unlink", "remove"):
        refusing(name)
    return files


def hold(held: HeldFiles, path: Path) -> None:
    held.paths = {path.with_name(path.name + suffix) for suffix in ("", "-wal", "-shm")}


def damage(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[:4096] + b"\xff" * (len(content) - 4096))


def continued(path: Path) -> Path:
    (found,) = path.parent.glob(f"{path.name}.continued-*Z")
    return found


def test_a_file_that_is_let_go_soon_is_renamed(path: Path, held: HeldFiles) -> None:
    path.write_text("x")
    hold(held, path)
    held.patience = 3
    target = set_aside(path)
    assert target.read_text() == "x"
    assert held.refusals >= 3


def test_a_file_that_is_not_let_go_is_said(path: Path, held: HeldFiles) -> None:
    path.write_text("x")
    hold(held, path)
    with pytest.raises(HeldFileError, match="close what has it open"):
        rename(path, path.with_name("y"))
    assert path.read_text() == "x"


def write_until_stored(store: SqliteStore, first_ms: int) -> None:
    for _ in range(4):
        with suppress(StorageError):
            store.write(events(50, start_ms=first_ms))
            return
    raise AssertionError("it was never stored")


def settled(store: SqliteStore) -> None:
    assert store._connection is not None
    assert store._log.settle(store._connection)
    store._connection.execute("PRAGMA shrink_memory")


def test_recording_goes_on_under_a_new_name_where_a_damaged_file_is_held(
    path: Path, held: HeldFiles
) -> None:
    with SqliteStore.for_recorder(path, DataKind.LIVE) as store:
        store.save_symbols(("BTCUSDT",))
        last_id = store.write(events(2000)).row_ids[-1]
        settled(store)
        damage(path)
        content = path.read_bytes()
        hold(held, path)
        write_until_stored(store, 10**9)
        new = continued(path)
        assert store.path == new
        notice = notices_text(store.notices)
        assert "\n" not in notice
        assert str(path) in notice
        assert str(new) in notice
        assert path.read_bytes() == content
        # Neither name is anybody else's.
        for name in (path, new):
            with pytest.raises(OtherWriterError):
                SqliteStore.for_recorder(name, DataKind.LIVE)
        write_until_stored(store, 2 * 10**9)
    assert sound(new)
    rows = query(new, "SELECT id FROM liq_events ORDER BY id")
    assert len(rows) == 100
    assert rows[0] > (last_id,)
    # Once it is let go, the next start puts it away under the first name.
    held.paths.clear()
    with SqliteStore.for_recorder(path, DataKind.LIVE) as store:
        assert "set aside" in notices_text(store.notices)
        store.write(events(3))
    assert len(query(path, "SELECT 1 FROM liq_events")) == 3


def test_a_damaged_file_that_is_held_at_the_start_stops_nobody(path: Path, held: HeldFiles) -> None:
    with SqliteStore(path, DataKind.LIVE) as store:
        store.write(events(2000))
    damage(path)
    hold(held, path)
    with SqliteStore.for_recorder(path, DataKind.LIVE) as store:
        store.write(events(3))
        assert store.path == continued(path)
    assert len(query(continued(path), "SELECT 1 FROM liq_events")) == 3


@pytest.mark.parametrize("way", ["overwritten", "log cut off"])
def test_what_replaces_a_file_goes_on_under_a_new_name_where_it_is_held(
    path: Path, held: HeldFiles, way: str
) -> None:
    backup = path.with_name("backup")
    with SqliteStore(backup, DataKind.LIVE) as store:
        store.write(events(700))
    with SqliteStore.for_recorder(path, DataKind.LIVE) as store:
        store.write(events(300, start_ms=10**8))
        hold(held, path)
        if way == "overwritten":
            shutil.copyfile(backup, path)
        else:
            os.truncate(path.with_name(f"{path.name}-wal"), 0)
        for number in range(2):
            write_until_stored(store, (number + 1) * 10**9)
        assert str(store.path) in notices_text(store.notices)
        assert store.path != path
    expected = 300 + 100 + (700 if way == "overwritten" else 0)
    assert sound(store.path)
    assert len(query(store.path, "SELECT 1 FROM liq_events")) == expected


@contextmanager
def numbered_by(monkeypatch: pytest.MonkeyPatch, number: Any) -> Iterator[None]:
    """Let the file system number files in its own way."""

    def numbered(look: Callable[..., os.stat_result]) -> Callable[..., os.stat_result]:
        def stat(path: Any, **options: Any) -> os.stat_result:
            values = list(look(path, **options))
            values[1] = number(values[1])
            return os.stat_result(values)

        return stat

    with monkeypatch.context() as patched:
        patched.setattr(os, "stat", numbered(os.stat))
        patched.setattr(os, "lstat", numbered(os.lstat))
        yield


def test_a_file_system_that_numbers_no_files_is_no_reason_to_leave_one(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with numbered_by(monkeypatch, lambda _: 0):
        assert is_same_file(file_stat(path.parent), file_stat(path.parent.parent))
        with SqliteStore.for_recorder(path, DataKind.LIVE) as store:
            for number in range(5):
                store.write(events(10, start_ms=number * 10**6))
            assert store.notices == ()
            assert store.generation() == 0
    assert len(query(path, "SELECT 1 FROM liq_events")) == 50


def test_a_file_system_that_numbers_files_anew_now_and_then_loses_nothing(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = iter(range(10**9))
    with (
        numbered_by(monkeypatch, lambda number: number + next(looks) // 50),
        SqliteStore.for_recorder(path, DataKind.LIVE) as store,
    ):
        for number in range(20):
            write_until_stored(store, number * 10**6)
        assert store.generation() == 0
        assert list(path.parent.glob(f"{path.name}.*")) == []
    assert next(looks) > 200
    assert len(query(path, "SELECT 1 FROM liq_events")) == 1000
