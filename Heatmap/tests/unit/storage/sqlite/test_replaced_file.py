"""A database that is replaced while it is written, or after its recorder was killed."""

import os
import shutil
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager, suppress
from pathlib import Path

import pytest

import Heatmap
from Heatmap.domain.events import DataKind, LiquidationEvent
from Heatmap.errors import (
    CorruptDatabaseError,
    DatabaseInUseError,
    StorageError,
    WrongDataKindError,
)
from Heatmap.storage.sqlite import renewal
from Heatmap.storage.sqlite.connections import database_uri
from Heatmap.storage.sqlite_store import SqliteStore
from Heatmap.tests.array_reader import EventReader
from Heatmap.tests.fact_texts import notices_text
from Heatmap.tests.unit.storage.sqlite.foreign_programs import reading_elsewhere, sound
from Heatmap.tests.unit.stored_events import events, query

ROOT = Path(Heatmap.__file__).resolve().parents[1]
OLD = events(5000)
BEFORE = events(400, start_ms=10**8)
AFTER = events(300, start_ms=10**9)


def times(path: Path) -> set[int]:
    return {row[0] for row in query(path, "SELECT ts_ms FROM liq_events")}  # type: ignore[misc]


def times_of(rows: list[LiquidationEvent]) -> set[int]:
    return {event.ts_ms for event in rows}


def beside(path: Path, pattern: str) -> list[Path]:
    return sorted(path.parent.glob(f"{path.name}{pattern}"))


@pytest.fixture
def backup(tmp_path: Path) -> Path:
    """Return a backup with rows of long ago."""
    path = tmp_path / "backup"
    with SqliteStore(path, DataKind.LIVE) as store:
        store.write(OLD)
    return path


@pytest.fixture
def impatience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give a copy that pauses little time."""
    monkeypatch.setattr(renewal, "_UNFINISHED_STILL_S", 0.6)


@contextmanager
def reading_here(path: Path) -> Iterator[Callable[[], None]]:
    """Hold a reader of this process open, as a window does."""
    with EventReader(path) as reader:
        reader.read_window("BTCUSDT", 0, None)
        yield reader.close


@contextmanager
def reading_nowhere(path: Path) -> Iterator[Callable[[], None]]:
    del path
    yield lambda: None


def move_over(backup: Path, path: Path) -> None:
    backup.replace(path)


def copy_over(backup: Path, path: Path) -> None:
    shutil.copyfile(backup, path)


def copy_with_times(backup: Path, path: Path) -> None:
    shutil.copy2(backup, path)


def delete_and_copy(backup: Path, path: Path) -> None:
    path.unlink()
    shutil.copyfile(backup, path)


Reading = Callable[[Path], AbstractContextManager[Callable[[], None]]]
WAYS = pytest.mark.parametrize(
    "replace",
    [move_over, copy_over, copy_with_times, delete_and_copy],
    ids=lambda way: way.__name__,
)


@pytest.mark.parametrize(
    "reading",
    [reading_nowhere, reading_elsewhere, reading_here],
    ids=["alone", "reader elsewhere", "reader here"],
)
@pytest.mark.parametrize("is_early", [True, False], ids=["opened before", "opened after"])
@WAYS
def test_what_the_backup_held_and_what_comes_after_are_there(
    path: Path,
    backup: Path,
    replace: Callable[[Path, Path], None],
    reading: Reading,
    is_early: bool,
) -> None:
    with ExitStack() as stack:
        store = stack.enter_context(SqliteStore.for_recorder(path, DataKind.LIVE))
        store.write(BEFORE[:200])
        if is_early:
            stack.enter_context(reading(path))
        store.write(BEFORE[200:])
        replace(backup, path)
        if not is_early and replace is not copy_over:
            stack.enter_context(reading(path))
        for number in range(0, len(AFTER), 100):
            store.write(AFTER[number : number + 100])
        assert store.notices
        assert "\n" not in notices_text(store.notices)
        stack.close()
    assert sound(path)
    assert times_of(OLD) | times_of(AFTER) <= times(path)
    # What went with the file before is kept: as a copy, or from what was only in its log.
    kept = set().union(*(times(one) for one in beside(path, ".replaced-*")))
    assert times_of(BEFORE) <= kept | times(path)


WRITE_AND_WAIT = """
import sys
from dataclasses import replace
from Heatmap.domain.events import DataKind
from Heatmap.storage.sqlite_store import SqliteStore
from Heatmap.tests.unit.stored_events import events
store = SqliteStore.for_recorder(sys.argv[1], DataKind.LIVE)
store.write(events(400, start_ms=10**8))
print("written", flush=True)
sys.stdin.readline()
"""


def write_and_be_killed(path: Path) -> None:
    """Leave what a killed recorder leaves: a file, and a log with all the rows."""
    with subprocess.Popen(  # noqa: S603 - our own code
        [sys.executable, "-c", WRITE_AND_WAIT, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    ) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"written\n"
        child.kill()
    assert beside(path, "-wal")[0].stat().st_size > 100_000


@pytest.mark.parametrize("reading", ["nobody", "since before", "since after"])
@WAYS
def test_a_file_that_is_replaced_after_a_kill_never_meets_the_old_log(
    path: Path, backup: Path, replace: Callable[[Path, Path], None], reading: str
) -> None:
    write_and_be_killed(path)
    with ExitStack() as stack:
        if reading == "since before":
            stack.enter_context(reading_elsewhere(path))
        replace(backup, path)
        if reading == "since after":
            stack.enter_context(reading_elsewhere(path))
        with SqliteStore.for_recorder(path, DataKind.LIVE) as store:
            assert "belongs to another file" in notices_text(store.notices)
            store.write(AFTER)
    assert sound(path)
    assert times(path) == times_of(OLD) | times_of(AFTER)
    assert beside(path, ".replaced-*-wal"), "the old log is kept"


def test_a_log_of_no_rows_never_meets_an_older_copy_of_its_own_file(
    path: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "older"
    with SqliteStore.for_recorder(path, DataKind.LIVE) as store:
        store.write(OLD)
        empty_log(store)
        shutil.copyfile(path, copy)
        for _ in range(8):
            assert store.delete_expired(OLD[4000].ts_ms)
        empty_log(store)
        pages = query(path, "PRAGMA page_count")
        assert store.delete_expired(1) == 0
        assert query(path, "PRAGMA page_count") < pages, "a step gives pages back, and nothing else"
        log = beside(path, "-wal")[0].read_bytes()
    # What a recorder leaves that is killed now, but for the file: that is replaced.
    copy.replace(path)
    path.with_name(f"{path.name}-wal").write_bytes(log)
    with SqliteStore.for_recorder(path, DataKind.LIVE) as store:
        assert "belongs to another file" in notices_text(store.notices)
    assert sound(path)
    assert times(path) == times_of(OLD)


def empty_log(store: SqliteStore) -> None:
    """Have all of the log written into the file."""
    assert store._connection is not None
    store._settle(store._connection)
    assert not store._watch.log_bytes


def test_what_a_killed_recorder_left_is_taken_up_where_nothing_was_replaced(path: Path) -> None:
    write_and_be_killed(path)
    with SqliteStore.for_recorder(path, DataKind.LIVE) as store:
        assert store.notices == ()
        store.write(AFTER)
    assert times(path) == times_of(BEFORE) | times_of(AFTER)
    assert beside(path, ".*") == []


def test_a_log_whose_file_is_gone_is_kept(path: Path) -> None:
    write_and_be_killed(path)
    path.unlink()
    with SqliteStore.for_recorder(path, DataKind.LIVE) as store:
        store.write(AFTER)
    assert times(path) == times_of(AFTER)
    assert beside(path, ".replaced-*-wal")[0].stat().st_size > 100_000


def test_a_backup_that_comes_with_its_own_log_is_whole(path: Path, backup: Path) -> None:
    with closing(sqlite3.connect(backup, isolation_level=None)) as connection:
        connection.execute("PRAGMA wal_autocheckpoint = 0")
        connection.execute("UPDATE liq_events SET price = 7 WHERE id = 1")
        log = backup.with_name("backup-wal")
        with SqliteStore.for_recorder(path, DataKind.LIVE) as store:
            store.write(BEFORE)
            shutil.copyfile(backup, path.with_name("new"))
            shutil.copyfile(log, path.with_name("new-wal"))
            path.with_name("new").replace(path)
            path.with_name("new-wal").replace(path.with_name(f"{path.name}-wal"))
            store.write(AFTER)
    assert sound(path)
    assert times_of(OLD) | times_of(AFTER) <= times(path)
    assert query(path, "SELECT price FROM liq_events WHERE id = 1") == [(7.0,)]


def test_a_file_may_be_replaced_again_and_again(path: Path, backup: Path) -> None:
    with SqliteStore.for_recorder(path, DataKind.LIVE) as store, reading_elsewhere_after(store):
        for number in range(4):
            copy = path.with_name("copy")
            shutil.copyfile(backup, copy)
            (move_over if number % 2 else copy_over)(copy, path)
            batch = events(50, start_ms=10**9 + number * 10**6)
            assert len(store.write(batch).events) == 50
    assert sound(path)
    assert times_of(OLD) | times_of(batch) <= times(path)


@contextmanager
def reading_elsewhere_after(store: SqliteStore) -> Iterator[None]:
    store.write(BEFORE)
    with reading_elsewhere(store.path):
        yield


def copied_file(path: Path, store: SqliteStore) -> Path:
    store.write(events(3, start_ms=10**7))
    copy = path.with_name("copy")
    shutil.copyfile(path, copy)  # the test is no holder of locks on it that matter
    return copy


def backed_up(path: Path, store: SqliteStore) -> Path:
    store.write(events(3, start_ms=10**7))
    copy = path.with_name("copy")
    with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(copy)) as target:
        source.backup(target)
    return copy


@pytest.mark.parametrize("replace", [move_over, copy_over], ids=lambda way: way.__name__)
@pytest.mark.parametrize("make", [copied_file, backed_up], ids=lambda way: way.__name__)
@pytest.mark.parametrize("rows", [10, 20_000], ids=["same log", "logs ago"])
def test_a_copy_of_the_same_recording_may_be_put_back(
    path: Path,
    make: Callable[[Path, SqliteStore], Path],
    replace: Callable[[Path, Path], None],
    rows: int,
) -> None:
    later = events(rows, start_ms=10**8)
    with SqliteStore.for_recorder(path, DataKind.LIVE) as store:
        store.write(OLD)
        copy = make(path, store)
        held = times(copy)
        for number in range(0, len(later), 2000):
            store.write(later[number : number + 2000])
        replace(copy, path)
        store.write(AFTER)
    assert sound(path)
    assert held | times_of(AFTER) <= times(path)


@pytest.mark.parametrize("replace", [move_over, copy_over], ids=lambda way: way.__name__)
def test_a_file_of_another_kind_or_owner_is_left_as_it_is_until_it_goes(
    path: Path, replace: Callable[[Path, Path], None]
) -> None:
    simulated, notes = path.with_name("simulated"), path.with_name("notes")
    with SqliteStore(simulated, DataKind.SIMULATED) as store:
        store.write(OLD)
    with closing(sqlite3.connect(notes)) as connection:
        connection.execute("CREATE TABLE notes (text)")
        connection.execute("INSERT INTO notes VALUES ('mine')")
        connection.commit()
    with SqliteStore.for_recorder(path, DataKind.LIVE) as store:
        store.write(BEFORE)
        for foreign in (simulated, notes):
            content = foreign.read_bytes()
            replace(foreign, path)
            for _ in range(4):
                with pytest.raises(StorageError) as raised:
                    store.write(AFTER)
                assert isinstance(raised.value, WrongDataKindError | CorruptDatabaseError) or (
                    "another program" in str(raised.value)
                )
            assert path.read_bytes() == content
            assert beside(path, ".damaged-*") == []
            path.unlink()
            store.write(AFTER)
            assert times_of(AFTER) <= times(path)
            assert sound(path)


@pytest.mark.usefixtures("impatience")
@pytest.mark.parametrize("size", [0, 100, 8192, 20_000])
def test_a_file_that_is_cut_off_loses_no_more_than_what_was_cut_off(path: Path, size: int) -> None:
    with SqliteStore.for_recorder(path, DataKind.LIVE) as store:
        for number in range(0, 20_000, 1000):
            store.write(events(1000, start_ms=number * 1000))
        in_log = 20_000 - len(rows_without_log(path))
        store.write(BEFORE)
        os.truncate(path, size)
        for _ in range(3):
            try:
                store.write(AFTER)
            except CorruptDatabaseError:
                continue
        assert store.notices
    assert sound(path)
    assert times_of(BEFORE) | times_of(AFTER) <= times(path)
    assert len(times(path)) >= len(BEFORE) + len(AFTER) + in_log


def rows_without_log(path: Path) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(database_uri(path, "immutable=1"), uri=True)) as connection:
        return connection.execute("SELECT ts_ms FROM liq_events").fetchall()


@pytest.mark.parametrize("mode", ["PASSIVE", "TRUNCATE"])
def test_another_programs_checkpoint_is_no_replacing(path: Path, mode: str) -> None:
    with SqliteStore.for_recorder(path, DataKind.LIVE) as store:
        for number in range(4):
            store.write(events(200, start_ms=number * 10**6))
            with closing(sqlite3.connect(path, isolation_level=None)) as connection:
                busy = connection.execute(f"PRAGMA wal_checkpoint({mode})").fetchone()[0]
                assert not busy
        assert store.generation() == store.generation()
        assert store.notices == ()
        assert beside(path, ".*") == []
    assert len(times(path)) == 800


def test_a_file_that_is_moved_while_it_is_read_is_kept_whole(path: Path) -> None:
    with SqliteStore.for_recorder(path, DataKind.LIVE) as store:
        store.write(OLD)
        with reading_elsewhere(path):
            for number in range(20):
                store.write(events(500, start_ms=10**8 + number * 10**6))
            path.rename(path.with_name("moved"))
            store.write(AFTER)
        (kept,) = beside(path, ".replaced-*")
        assert str(kept) in notices_text(store.notices)
    assert sound(kept)
    assert len(times(kept)) == 15_000
    assert times(path) == times_of(AFTER)


@pytest.mark.parametrize(
    "harm", [lambda log: os.truncate(log, 0), Path.unlink], ids=["cut", "gone"]
)
def test_a_log_is_begun_anew_also_where_the_disk_has_little_room(
    path: Path, monkeypatch: pytest.MonkeyPatch, harm: Callable[[Path], None]
) -> None:
    free_bytes = 2**20
    usage = shutil.disk_usage(path.parent)._replace(free=free_bytes)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    with SqliteStore.for_recorder(path, DataKind.LIVE) as store:
        store.write(BEFORE)
        harm(path.with_name(f"{path.name}-wal"))
        store.write(AFTER)
    assert path.stat().st_size < free_bytes
    assert sound(path)
    assert times(path) == times_of(BEFORE + AFTER)


class PausingCopy:
    """Another program's copy over a file: it stops somewhere on the way, and goes on later.

    Parameters
    ----------
    backup, path
        What is copied where to.
    share
        How much of it is written before the pause.
    is_sized_first
        Whether the file has its length from the start, as with Windows' own copies.
    """

    def __init__(self, backup: Path, path: Path, share: float, *, is_sized_first: bool) -> None:
        self._content = backup.read_bytes()
        self._path = path
        self._share = share
        self._is_sized_first = is_sized_first

    def __enter__(self) -> "PausingCopy":
        self._file = self._path.open("wb", buffering=0)
        if self._is_sized_first:
            self._file.truncate(len(self._content))
        self._file.write(self._content[: int(len(self._content) * self._share)])
        return self

    def go_on(self) -> None:
        self._file.write(self._content[self._file.tell() :])
        self._file.close()

    def __exit__(self, *exception: object) -> None:
        self._file.close()


PAUSES = pytest.mark.parametrize(
    ("share", "is_sized_first"),
    [(0, False), (0.01, False), (0.5, False), (0.99, False), (0, True), (0.5, True)],
)


@PAUSES
def test_a_backup_is_taken_up_though_its_copy_pauses(
    path: Path, backup: Path, share: float, is_sized_first: bool
) -> None:
    with SqliteStore.for_recorder(path, DataKind.LIVE) as store:
        store.write(BEFORE)
        with PausingCopy(backup, path, share, is_sized_first=is_sized_first) as copy:
            # Longer than a file that is whole has to be unchanged.
            going_on = threading.Timer(0.8, copy.go_on)
            going_on.start()
            write_at_last(store, AFTER)
            going_on.join()
    assert sound(path)
    assert times_of(OLD + BEFORE + AFTER) == times(path)
    assert beside(path, ".damaged-*") == []


@pytest.mark.usefixtures("impatience")
@PAUSES
def test_a_backup_whose_copy_hangs_is_kept_under_another_name(
    path: Path, backup: Path, share: float, is_sized_first: bool
) -> None:
    with SqliteStore.for_recorder(path, DataKind.LIVE) as store:
        store.write(BEFORE)
        with PausingCopy(backup, path, share, is_sized_first=is_sized_first) as copy:
            write_at_last(store, AFTER)
            copy.go_on()
        (aside,) = beside(path, ".damaged-*Z")
        assert str(aside) in notices_text(store.notices)
    assert sound(aside)
    assert times(aside) == times_of(OLD)
    assert sound(path)
    assert times(path) == times_of(BEFORE + AFTER)


@PAUSES
def test_a_recorder_that_ends_amid_a_copy_loses_nothing(
    path: Path, backup: Path, share: float, is_sized_first: bool
) -> None:
    with ExitStack() as stack:
        with SqliteStore.for_recorder(path, DataKind.LIVE) as store:
            store.write(BEFORE)
            copying = PausingCopy(backup, path, share, is_sized_first=is_sized_first)
            copy = stack.enter_context(copying)
        copy.go_on()
    found = [path, *beside(path, ".damaged-*Z")]
    assert all(sound(one) for one in found)
    assert set().union(*map(times, found)) == times_of(OLD + BEFORE)


def start_amid_a_copy(path: Path, backup: Path, share: float) -> None:
    """Start a recorder while a backup is copied over its file; all of the backup is there then."""
    with PausingCopy(backup, path, share, is_sized_first=False) as copy:
        going_on = threading.Timer(0.8, copy.go_on)
        going_on.start()
        with opened_at_last(path) as store:
            going_on.join()
            store.write(AFTER)
    assert sound(path)
    assert times(path) == times_of(OLD + AFTER)


@pytest.mark.parametrize("share", [0, 0.5])
def test_a_recorder_that_starts_amid_a_copy_takes_the_backup_up(
    path: Path, backup: Path, share: float
) -> None:
    with SqliteStore.for_recorder(path, DataKind.LIVE) as store:
        store.write(BEFORE)
    start_amid_a_copy(path, backup, share)


@pytest.mark.parametrize("share", [0.5, 0.9])
def test_a_recorder_that_starts_amid_a_copy_never_plays_a_killed_ones_log_into_it(
    path: Path, backup: Path, share: float
) -> None:
    write_and_be_killed(path)
    start_amid_a_copy(path, backup, share)
    assert beside(path, ".replaced-*-wal"), "the old log is kept"


def test_a_backup_with_a_row_that_breaks_a_rule_is_whole(path: Path, backup: Path) -> None:
    with closing(sqlite3.connect(backup, isolation_level=None)) as connection:
        connection.execute("PRAGMA ignore_check_constraints = ON")
        connection.execute("UPDATE liq_events SET side = 'BOTH' WHERE id = 1")
    with SqliteStore.for_recorder(path, DataKind.LIVE) as store:
        store.write(BEFORE)
        backup.replace(path)
        store.write(AFTER)
        assert beside(path, ".damaged-*") == []
    assert times_of(OLD) | times_of(AFTER) <= times(path)


def opened_at_last(path: Path) -> SqliteStore:
    """Open as a recorder does: again, while another program writes into the file."""
    for _ in range(10):
        with suppress(DatabaseInUseError):
            return SqliteStore.for_recorder(path, DataKind.LIVE)
    raise AssertionError("it could not be opened")


def write_at_last(store: SqliteStore, batch: list[LiquidationEvent]) -> None:
    """Write as a recorder does: again, when it failed."""
    for _ in range(10):
        try:
            store.write(batch)
        except StorageError:
            continue
        return
    raise AssertionError("nothing could be written")


def test_a_backup_that_was_taken_for_damage_amid_its_copy_is_taken_up_when_it_is_still_by_then(
    tmp_path: Path,
) -> None:
    # A busy machine looks at the file long after the copy has ended.
    path, backup = tmp_path / "heatmap.sqlite3", tmp_path / "backup.sqlite3"
    for file, count in ((path, 3), (backup, 5)):
        with SqliteStore(file, DataKind.LIVE) as store:
            store.write(events(count))
    with SqliteStore(path, DataKind.LIVE) as store:
        store.write(events(1))
        shutil.copyfile(backup, path)
        long_ago_s = path.stat().st_mtime - 60
        os.utime(path, (long_ago_s, long_ago_s))
        store._is_damaged = True
        store._put_damaged_file_away()
    with SqliteStore(path, DataKind.LIVE) as store:
        assert store.write(events(5)).duplicates == 5
    assert [one for one in tmp_path.iterdir() if "damaged" in one.name] == []
