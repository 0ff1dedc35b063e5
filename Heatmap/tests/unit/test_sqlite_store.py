"""The writer: what it stores, what it refuses, what a crash leaves behind."""

import os
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

import Heatmap
from Heatmap.errors import (
    CorruptDatabaseError,
    DatabaseInUseError,
    NewerDatabaseError,
    StorageError,
    WrongDataKindError,
)
from Heatmap.model import DataKind, LiquidationEvent, OrderSide
from Heatmap.storage.sqlite_store import SqliteStore, event_to_row
from Heatmap.storage.writer_lock import is_writer_active

ROOT = Path(Heatmap.__file__).resolve().parents[1]
EVENT = LiquidationEvent(
    ts_ms=1_733_330_785_584,
    symbol="BTCUSDT",
    side=OrderSide.SELL,
    price=94_809.6,
    qty=0.013,
    notional=94_809.6 * 0.013,
    source="BINANCE_USDM",
    limit_price=94_434.91,
    original_qty=0.014,
    push_ms=1_733_330_785_587,
    receive_ms=1_733_330_785_600,
    raw_json='{"e":"forceOrder"}',
)


def events(count: int, start_ms: int = 0, step_ms: int = 1000) -> list[LiquidationEvent]:
    return [replace(EVENT, ts_ms=start_ms + number * step_ms) for number in range(count)]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "heatmap.sqlite3"


@pytest.fixture
def store(path: Path) -> Iterator[SqliteStore]:
    with SqliteStore(path, DataKind.LIVE) as opened:
        yield opened


def query(path: Path, statement: str, *values: object) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(statement, values).fetchall()


# --- events


def test_an_event_is_stored_with_every_field(store: SqliteStore, path: Path) -> None:
    batch = store.write([EVENT])
    assert batch.events == (EVENT,)
    assert batch.duplicates == 0
    rows = query(
        path,
        "SELECT id, ts_ms, symbol, side, price, qty, notional, source, raw_json, limit_price, "
        "original_qty, push_ms, receive_ms FROM liq_events",
    )
    assert rows == [(*batch.row_ids, *event_to_row(EVENT))]
    assert rows[0][3] == "SELL"


def test_row_ids_ascend_and_belong_to_the_events(store: SqliteStore, path: Path) -> None:
    batch = store.write(events(5))
    assert list(batch.row_ids) == sorted(set(batch.row_ids))
    stored = query(path, "SELECT id, ts_ms FROM liq_events ORDER BY id")
    assert stored == [
        (row_id, event.ts_ms) for row_id, event in zip(batch.row_ids, batch.events, strict=True)
    ]


def test_a_message_is_stored_once(store: SqliteStore, path: Path) -> None:
    first, second, third = events(3)
    assert store.write([first, second, first]).duplicates == 1
    # The same message over another connection arrives at another time.
    again = replace(second, receive_ms=second.receive_ms + 700, raw_json="")
    batch = store.write([again, third])
    assert batch.events == (third,)
    assert len(batch.row_ids) == 1
    assert batch.duplicates == 1
    assert query(path, "SELECT count(*) FROM liq_events") == [(3,)]
    kept = query(path, "SELECT receive_ms FROM liq_events WHERE ts_ms = ?", second.ts_ms)
    assert kept == [(second.receive_ms,)]


@pytest.mark.parametrize(
    "change",
    [
        {"source": "OTHER"},
        {"symbol": "BTCUSDC"},
        {"ts_ms": EVENT.ts_ms + 1},
        {"side": OrderSide.BUY},
        {"limit_price": 94_434.92},
        {"price": 94_809.7},
        {"original_qty": 0.015},
        {"qty": 0.012},
    ],
    ids=lambda change: next(iter(change)),
)
def test_messages_that_differ_in_an_identifying_field_are_both_stored(
    store: SqliteStore, change: dict[str, object]
) -> None:
    batch = store.write([EVENT, replace(EVENT, **change)])
    assert len(batch.events) == 2
    assert batch.duplicates == 0


def test_writing_nothing_stores_nothing(store: SqliteStore) -> None:
    batch = store.write([])
    assert (batch.events, batch.row_ids, batch.duplicates) == ((), (), 0)


def test_a_missing_value_raises_and_stores_nothing_of_the_batch(
    store: SqliteStore, path: Path
) -> None:
    first, second = events(2)
    with pytest.raises(sqlite3.IntegrityError):
        store.write([first, replace(second, price=float("nan"))])
    assert query(path, "SELECT count(*) FROM liq_events") == [(0,)]
    assert len(store.write([first, second]).events) == 2


def test_a_row_id_is_never_given_twice(path: Path) -> None:
    with SqliteStore(path, DataKind.LIVE) as store:
        last = store.write(events(3)).row_ids[-1]
        while store.delete_expired(10**12):
            pass
    with SqliteStore(path, DataKind.LIVE) as store:
        assert store.write(events(1)).row_ids[0] > last


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


# --- coverage and tick sizes


def coverage(path: Path, symbol: str = "BTCUSDT") -> list[tuple[object, ...]]:
    return query(
        path,
        "SELECT start_ms, end_ms, proven FROM coverage WHERE symbol = ? ORDER BY start_ms",
        symbol,
    )


def test_heartbeats_lengthen_one_interval(store: SqliteStore, path: Path) -> None:
    store.extend_coverage("BTCUSDT", 1000, 1000, proven=True)
    for end_ms in range(2000, 6000, 1000):
        store.extend_coverage("BTCUSDT", end_ms - 1000, end_ms, proven=True)
    assert coverage(path) == [(1000, 5000, 1)]


def test_an_interruption_starts_a_new_interval(store: SqliteStore, path: Path) -> None:
    store.extend_coverage("BTCUSDT", 1000, 2000, proven=True)
    store.extend_coverage("BTCUSDT", 5000, 6000, proven=True)
    assert coverage(path) == [(1000, 2000, 1), (5000, 6000, 1)]


def test_a_change_of_proof_starts_a_new_interval_where_it_happened(
    store: SqliteStore, path: Path
) -> None:
    store.extend_coverage("BTCUSDT", 0, 2000, proven=False)
    store.extend_coverage("BTCUSDT", 2000, 3000, proven=True)
    store.extend_coverage("BTCUSDT", 3000, 4000, proven=True)
    store.extend_coverage("BTCUSDT", 4000, 5000, proven=False)
    assert coverage(path) == [(0, 2000, 0), (2000, 4000, 1), (4000, 5000, 0)]


def test_a_repeated_recording_does_not_close_the_gaps_of_the_first(
    store: SqliteStore, path: Path
) -> None:
    for _ in range(2):
        store.extend_coverage("BTCUSDT", 0, 1000, proven=True)
        store.extend_coverage("BTCUSDT", 8000, 9000, proven=True)
    assert coverage(path) == [(0, 1000, 1), (8000, 9000, 1)]


def test_each_symbol_has_its_own_coverage(store: SqliteStore, path: Path) -> None:
    store.extend_coverage("BTCUSDT", 0, 1000, proven=True)
    store.extend_coverage("ETHUSDT", 500, 2000, proven=True)
    assert coverage(path) == [(0, 1000, 1)]
    assert coverage(path, "ETHUSDT") == [(500, 2000, 1)]


def test_coverage_that_ends_before_it_starts_is_a_bug(store: SqliteStore) -> None:
    with pytest.raises(ValueError, match="BTCUSDT"):
        store.extend_coverage("BTCUSDT", 2, 1, proven=True)


def test_a_tick_size_keeps_its_digits_and_the_newest_counts(store: SqliteStore, path: Path) -> None:
    store.save_tick_size("BTCUSDT", Decimal("0.10"), 1000)
    store.save_tick_size("PEPEUSDT", Decimal("1E-7"), 1000)
    store.save_tick_size("BTCUSDT", Decimal("0.50"), 2000)
    assert query(path, "SELECT * FROM tick_sizes ORDER BY symbol") == [
        ("BTCUSDT", "0.50", 2000),
        ("PEPEUSDT", "0.0000001", 1000),
    ]


@pytest.mark.parametrize("text", ["0", "-0.1", "NaN", "Infinity"])
def test_a_tick_size_that_is_no_positive_number_is_a_bug(store: SqliteStore, text: str) -> None:
    with pytest.raises(ValueError, match="BTCUSDT"):
        store.save_tick_size("BTCUSDT", Decimal(text), 0)


# --- retention


def test_the_oldest_expired_events_go_first_and_at_most_the_limit(
    store: SqliteStore, path: Path
) -> None:
    store.write(list(reversed(events(10))))
    assert store.delete_expired(6000, limit=4) == 4
    assert query(path, "SELECT min(ts_ms) FROM liq_events") == [(4000,)]
    assert store.delete_expired(6000, limit=4) == 2
    assert store.delete_expired(6000, limit=4) == 0
    assert query(path, "SELECT min(ts_ms), count(*) FROM liq_events") == [(6000, 4)]


def test_retention_forgets_coverage_older_than_the_cut(store: SqliteStore, path: Path) -> None:
    for start_ms, end_ms in ((0, 1000), (2000, 4000), (5000, 6000)):
        store.extend_coverage("BTCUSDT", start_ms, end_ms, proven=True)
    assert store.delete_expired(3000) == 0
    assert coverage(path) == [(3000, 4000, 1), (5000, 6000, 1)]
    assert store.delete_expired(4000) == 0
    assert coverage(path) == [(5000, 6000, 1)]


def test_a_step_with_nothing_expired_changes_nothing(store: SqliteStore, path: Path) -> None:
    store.write(events(3))
    store.extend_coverage("BTCUSDT", 0, 1000, proven=True)
    assert store.delete_expired(0) == 0
    assert query(path, "SELECT count(*) FROM liq_events") == [(3,)]
    assert coverage(path) == [(0, 1000, 1)]


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
        started = time.perf_counter()
        deleted = store.delete_expired(10**12, limit=10**9)
        elapsed_s = time.perf_counter() - started
    assert 0 < deleted < 40_000
    assert elapsed_s < 0.5  # ten times what is promised, for a busy machine


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
    assert all(row[3] == 1 for name, row in columns.items() if name != "id")
    assert columns["id"][5] == 1
    indexes = query(path, "SELECT name FROM sqlite_master WHERE type = 'index'")
    assert {("idx_liq_events_symbol_ts",), ("idx_liq_events_ts",)} <= set(indexes)
    assert query(path, "PRAGMA journal_mode") == [("wal",)]
    assert query(path, "PRAGMA auto_vacuum") == [(2,)]
    assert query(path, "PRAGMA user_version") == [(1,)]
    connection = store._connection
    assert connection.execute("PRAGMA synchronous").fetchone() == (1,)
    assert connection.execute("PRAGMA temp_store").fetchone() == (2,)
    assert connection.execute("PRAGMA busy_timeout").fetchone() == (2000,)


def test_what_was_stored_is_there_after_reopening(path: Path) -> None:
    with SqliteStore(path, DataKind.LIVE) as store:
        store.write(events(3))
    with SqliteStore(path, DataKind.LIVE) as store:
        assert store.write(events(4)).duplicates == 3


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


def other_program(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE notes (text)")


def garbage(path: Path) -> None:
    path.write_bytes(b"these are notes, not a database\n" * 300)


def short_garbage(path: Path) -> None:
    path.write_bytes(b"note")


def newer_version(path: Path) -> None:
    SqliteStore(path, DataKind.LIVE).close()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 999")


def simulated(path: Path) -> None:
    SqliteStore(path, DataKind.SIMULATED).close()


def without_a_table(path: Path) -> None:
    SqliteStore(path, DataKind.LIVE).close()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("DROP TABLE coverage")


def without_a_kind(path: Path) -> None:
    SqliteStore(path, DataKind.LIVE).close()
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("DELETE FROM meta")


@pytest.mark.parametrize(
    ("prepare", "expected"),
    [
        (other_program, CorruptDatabaseError),
        (garbage, CorruptDatabaseError),
        (short_garbage, CorruptDatabaseError),
        (newer_version, NewerDatabaseError),
        (simulated, WrongDataKindError),
        (without_a_table, CorruptDatabaseError),
        (without_a_kind, CorruptDatabaseError),
    ],
    ids=lambda value: value.__name__,
)
def test_a_file_that_is_not_ours_is_refused_and_left_as_it_was(
    path: Path, prepare: Callable[[Path], None], expected: type[StorageError]
) -> None:
    prepare(path)
    lock = path.with_name(f"{path.name}-writer")
    lock.unlink(missing_ok=True)
    before = path.read_bytes()
    with pytest.raises(expected) as raised:
        SqliteStore(path, DataKind.LIVE)
    assert type(raised.value) is expected
    assert "\n" not in str(raised.value)
    assert str(path) in str(raised.value)
    assert path.read_bytes() == before
    assert not lock.exists()


def test_a_damaged_page_is_reported_as_damage(path: Path) -> None:
    with SqliteStore(path, DataKind.LIVE) as store:
        store.write(events(2000))
    content = bytearray(path.read_bytes())
    content[8192:] = b"\xff" * (len(content) - 8192)  # pages 3 and on
    path.write_bytes(content)
    with pytest.raises(CorruptDatabaseError), SqliteStore(path, DataKind.LIVE) as store:
        store.write(events(1, start_ms=10**9))


def test_a_refused_file_can_be_opened_by_the_next_one(path: Path) -> None:
    simulated(path)
    with pytest.raises(WrongDataKindError):
        SqliteStore(path, DataKind.LIVE)
    SqliteStore(path, DataKind.SIMULATED).close()


def test_a_writer_that_cannot_open_the_file_gives_the_lock_back(path: Path) -> None:
    SqliteStore(path, DataKind.LIVE).close()
    with closing(sqlite3.connect(path, isolation_level=None)) as browser:
        browser.execute("BEGIN IMMEDIATE")
        # The exception is kept, so that its traceback keeps the failed store alive.
        with pytest.raises(DatabaseInUseError) as raised:
            SqliteStore(path, DataKind.LIVE, busy_timeout_ms=20)
        assert not is_writer_active(path)
    assert "another program" in str(raised.value)


def test_a_directory_that_is_missing_or_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for directory in (tmp_path / "missing", tmp_path / "file"):
        with pytest.raises(StorageError) as raised:
            SqliteStore(directory / "heatmap.sqlite3", DataKind.LIVE)
        assert str(directory) in str(raised.value)
        assert "\n" not in str(raised.value)
    assert [file.name for file in tmp_path.iterdir()] == ["file"]


def test_a_directory_in_place_of_the_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="is a directory"):
        SqliteStore(tmp_path, DataKind.LIVE)
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0,
    reason="permission bits do not bind this user",
)
def test_a_directory_without_write_permission_is_refused(tmp_path: Path) -> None:
    directory = tmp_path / "locked"
    directory.mkdir(mode=0o500)
    with pytest.raises(StorageError, match="permission"):
        SqliteStore(directory / "heatmap.sqlite3", DataKind.LIVE)
    assert not list(directory.iterdir())


# --- faults while writing


def test_a_foreign_lock_is_reported_and_the_batch_can_be_written_afterwards(path: Path) -> None:
    with (
        SqliteStore(path, DataKind.LIVE, busy_timeout_ms=20) as store,
        closing(sqlite3.connect(path, isolation_level=None)) as browser,
    ):
        browser.execute("BEGIN IMMEDIATE")
        with pytest.raises(DatabaseInUseError, match="locked by another program"):
            store.write([EVENT])
        browser.execute("ROLLBACK")
        assert len(store.write([EVENT]).events) == 1


def test_a_full_disk_is_reported_and_the_batch_can_be_written_afterwards(
    store: SqliteStore, path: Path
) -> None:
    pages = store._connection.execute("PRAGMA page_count").fetchone()[0]
    store._connection.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(StorageError, match="disk is full"):
        store.write(events(500))
    assert query(path, "SELECT count(*) FROM liq_events") == [(0,)]
    store._connection.execute("PRAGMA max_page_count = 1000000")
    assert len(store.write(events(500)).events) == 500


def test_a_file_that_may_only_be_read_is_reported(store: SqliteStore) -> None:
    store._connection.execute("PRAGMA query_only = ON")
    with pytest.raises(StorageError, match="write permission"):
        store.write([EVENT])
    store._connection.execute("PRAGMA query_only = OFF")


def run_child(code: str, *arguments: str) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(  # noqa: S603  # our own code
        [sys.executable, "-c", code, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    )


WRITE_UNTIL_KILLED = """
import sys
from dataclasses import replace
from Heatmap.model import DataKind, LiquidationEvent, OrderSide
from Heatmap.storage.sqlite_store import SqliteStore
event = LiquidationEvent(0, "BTCUSDT", OrderSide.SELL, 1.0, 1.0, 1.0, "BINANCE_USDM", 1.0, 1.0, 0,
                         0, "x" * 300)
store = SqliteStore(sys.argv[1], DataKind.LIVE)
number = 0
while True:
    store.write([replace(event, ts_ms=number * 100 + part) for part in range(100)])
    store.extend_coverage("BTCUSDT", number, number + 1, proven=True)
    number += 1
    print(number, flush=True)
"""


def test_a_killed_writer_loses_nothing_it_had_confirmed_and_frees_its_lock(path: Path) -> None:
    confirmed = 0
    with run_child(WRITE_UNTIL_KILLED, str(path)) as child:
        assert child.stdout is not None
        for line in child.stdout:
            confirmed = int(line)
            if confirmed == 30:
                with pytest.raises(DatabaseInUseError):
                    SqliteStore(path, DataKind.LIVE)
                break
        child.kill()
        rest = child.stdout.read().splitlines()
    # The kill may have cut the last line short.
    confirmed = max([confirmed, *(int(line) for line in rest[:-1])])
    started = time.perf_counter()
    with SqliteStore(path, DataKind.LIVE) as store:
        taken_over_s = time.perf_counter() - started
        assert query(path, "PRAGMA integrity_check") == [("ok",)]
        ((count,),) = query(path, "SELECT count(*) FROM liq_events")
        assert isinstance(count, int)
        assert count >= confirmed * 100
        assert count % 100 == 0, "a batch is stored as a whole or not at all"
        assert len(store.write([replace(EVENT, ts_ms=10**12)]).events) == 1
    assert taken_over_s < 2


def test_a_disk_error_is_reported(path: Path) -> None:
    code = """
import resource, sys
from dataclasses import replace
from Heatmap.errors import StorageError
from Heatmap.model import DataKind, LiquidationEvent, OrderSide
from Heatmap.storage.sqlite_store import SqliteStore
event = LiquidationEvent(0, "BTCUSDT", OrderSide.SELL, 1.0, 1.0, 1.0, "BINANCE_USDM", 1.0, 1.0, 0,
                         0, "x" * 300)
store = SqliteStore(sys.argv[1], DataKind.LIVE)
store.write([event])
resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, 400_000))
try:
    store.write([replace(event, ts_ms=number) for number in range(1, 20_000)])
except StorageError as error:
    print(error)
"""
    pytest.importorskip("resource", reason="file size limits are POSIX")
    with run_child(code, str(path)) as child:
        output, complaints = child.communicate(timeout=60)
    assert child.returncode == 0, complaints
    assert "disk" in output
    assert output.count("\n") == 1
    assert query(path, "PRAGMA integrity_check") == [("ok",)]
    assert query(path, "SELECT count(*) FROM liq_events") == [(1,)]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_forked_child_cannot_write_and_does_not_keep_the_lock(path: Path) -> None:
    code = """
import os, sys
from Heatmap.model import DataKind
from Heatmap.storage.sqlite_store import SqliteStore
store = SqliteStore(sys.argv[1], DataKind.LIVE)
to_child, to_parent = os.pipe(), os.pipe()
if os.fork() == 0:
    try:
        store.extend_coverage("BTCUSDT", 0, 1, proven=True)
    except RuntimeError:
        os.write(to_parent[1], b"refused")
    os.read(to_child[0], 1)
    os._exit(0)
print(os.read(to_parent[0], 100).decode(), flush=True)
store.close()
SqliteStore(sys.argv[1], DataKind.LIVE).close()
print("free", flush=True)
os.write(to_child[1], b"x")
os.wait()
"""
    with run_child(code, str(path)) as child:
        output, complaints = child.communicate(timeout=60)
    assert child.returncode == 0, complaints
    assert output.split() == ["refused", "free"]


def test_the_recorder_side_imports_no_numpy() -> None:
    code = "import sys, Heatmap.storage.sqlite_store; print('numpy' in sys.modules)"
    with run_child(code) as child:
        output, complaints = child.communicate(timeout=60)
    assert (output.strip(), child.returncode) == ("False", 0), complaints
