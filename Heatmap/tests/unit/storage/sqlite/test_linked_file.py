"""Something else comes to lie in the place of a database while it is written: a link, or no file.

A file that was moved to another disk, with a link in its place, is still one file with one writer.
"""

import os
import sys
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest

from Heatmap.domain.events import DataKind
from Heatmap.errors import OtherWriterError, StorageError
from Heatmap.storage.sqlite_store import SqliteStore
from Heatmap.tests.array_reader import EventReader
from Heatmap.tests.fact_texts import notices_text
from Heatmap.tests.unit.storage.sqlite.foreign_programs import (
    reading_elsewhere,
    sound,
    writing_elsewhere,
)
from Heatmap.tests.unit.stored_events import events, query

pytestmark = pytest.mark.skipif(
    sys.platform == "win32", reason="a file that is open is not renamed there"
)

BEFORE = events(50, start_ms=10**8)
AFTER = events(50, start_ms=10**9)
ALL = {event.ts_ms for event in BEFORE + AFTER}


def times(*paths: Path) -> set[object]:
    return {row[0] for one in paths for row in query(one, "SELECT ts_ms FROM liq_events")}


def move(path: Path) -> Path:
    target = path.parent / "disk" / "moved.sqlite3"
    target.parent.mkdir()
    path.rename(target)
    path.symlink_to(target)
    return target


def move_all(path: Path) -> Path:
    """Move what lies beside it as well, under the same names."""
    target = path.parent / "disk" / path.name
    target.parent.mkdir()
    for suffix in ("-wal", "-shm", "-writer", ""):
        one = path.with_name(path.name + suffix)
        one.rename(target.with_name(one.name))
    path.symlink_to(target)
    return target


@pytest.mark.parametrize("moving", [move, move_all])
@pytest.mark.parametrize("is_read", [False, True], ids=["alone", "reader elsewhere"])
def test_a_link_to_the_moved_file_leads_to_the_same_lock_and_log(
    path: Path, moving: Callable[[Path], Path], *, is_read: bool
) -> None:
    with ExitStack() as stack:
        store = stack.enter_context(SqliteStore.for_recorder(path, DataKind.LIVE))
        store.write(BEFORE)
        if is_read:
            stack.enter_context(reading_elsewhere(path))
        target = moving(path)
        store.write(AFTER[:20])
        assert path.is_symlink()
        for name in (path, target):
            with pytest.raises(OtherWriterError):
                SqliteStore(name, DataKind.LIVE)
            with EventReader(name) as reader:
                assert len(reader.read_window("BTCUSDT", 0, None).events) == 70
        store.write(AFTER[20:])
    assert sound(target)
    assert times(target) == ALL
    assert not path.with_name(f"{path.name}-wal").exists()


def test_a_link_to_a_file_that_another_recorder_writes_harms_neither(path: Path) -> None:
    other_path = path.with_name("other.sqlite3")
    with SqliteStore.for_recorder(other_path, DataKind.LIVE) as other:
        other.write(AFTER[:20])
        with SqliteStore.for_recorder(path, DataKind.LIVE) as store:
            store.write(BEFORE)
            moved = path.rename(path.with_name("moved.sqlite3"))
            path.symlink_to(other_path)
            for _ in range(2):
                with pytest.raises(OtherWriterError):
                    store.write(AFTER[20:])
        other.write(AFTER[20:])
    assert sound(moved)
    assert sound(other_path)
    assert times(moved, other_path) == ALL


def test_a_second_recorder_of_the_moved_file_that_came_first_is_left_alone(path: Path) -> None:
    with SqliteStore.for_recorder(path, DataKind.LIVE) as store:
        store.write(BEFORE)
        target = move(path)
        with writing_elsewhere(target) as second:
            with pytest.raises(OtherWriterError):
                store.write(AFTER)
            assert second.write() == "written"
    kept = [one for one in path.parent.glob("*.replaced-*") if not one.name.endswith("-wal")]
    assert sound(target)
    assert {event.ts_ms for event in BEFORE} | {10**6 + 1, 10**6 + 2} == times(target, *kept)


def test_a_link_that_leads_nowhere_is_waited_for(path: Path) -> None:
    with SqliteStore.for_recorder(path, DataKind.LIVE) as store:
        store.write(BEFORE)
        moved = path.rename(path.with_name("moved.sqlite3"))
        target = path.parent / "disk" / "fresh.sqlite3"
        path.symlink_to(target)
        with pytest.raises(StorageError):
            store.write(AFTER)
        target.parent.mkdir()
        store.write(AFTER)
    assert sound(moved)
    assert sound(target)
    assert times(moved) | times(target) == ALL


def make_directory(path: Path) -> None:
    path.mkdir()


def make_pipe(path: Path) -> None:
    os.mkfifo(path)


@pytest.mark.timeout(30)
@pytest.mark.parametrize(("make", "words"), [(make_directory, "a directory"), (make_pipe, "pipe")])
def test_what_is_no_file_is_named_and_recording_goes_on_after_it(
    path: Path, make: Callable[[Path], None], words: str
) -> None:
    with SqliteStore.for_recorder(path, DataKind.LIVE) as store:
        store.write(BEFORE)
        moved = path.rename(path.with_name("moved.sqlite3"))
        make(path)
        for _ in range(2):
            with pytest.raises(StorageError, match=words):
                store.write(AFTER)
        assert "hard link" not in notices_text(store.notices)
        path.rename(path.with_name("away"))
        store.write(AFTER)
    assert times(moved) | times(path) == ALL


@pytest.mark.timeout(30)
def test_a_pipe_is_refused_from_the_start(path: Path) -> None:
    os.mkfifo(path)
    with pytest.raises(StorageError, match="pipe"):
        SqliteStore.for_recorder(path, DataKind.LIVE)
