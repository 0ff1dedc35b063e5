"""A database that is locked, full, read-only, broken or damaged costs no event, or says which."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from Heatmap.domain.events import DataKind, LiquidationEvent, StoredBatch
from Heatmap.domain.failure_texts import failure_text
from Heatmap.ingestion.recorder.recorder import Recorder, SinkRole
from Heatmap.storage.coverage import gaps_between
from Heatmap.storage.sqlite.status import read_status
from Heatmap.storage.sqlite_store import SqliteStore
from Heatmap.tests.array_reader import EventReader
from Heatmap.tests.behaviour.memory_sink import QUICK_END_S, eventually, live
from Heatmap.tests.behaviour.scripted_exchange import ScriptedExchange
from Heatmap.tests.fact_texts import notices_text

ROOT = Path(__file__).resolve().parents[3]
StartRecorder = Callable[..., Recorder]

LOCK = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.executescript(sys.argv[2])
print("locked", flush=True)
sys.stdin.readline()
if connection.in_transaction:
    connection.execute("ROLLBACK")
connection.close()
print("free", flush=True)
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "heatmap.sqlite3"


class ErrandStore(SqliteStore):
    """Runs statements of the test in its own thread, the only one that may, before it writes."""

    errands: list[str | Callable[[], object]]

    def write(self, events: Sequence[LiquidationEvent]) -> StoredBatch:
        while self.errands:
            errand = self.errands[0]
            if callable(errand):
                errand()
            else:
                assert self._connection is not None
                self._connection.execute(errand).fetchall()
            self.errands.pop(0)
        return super().write(events)


class World:
    """A recorder on a real file, and what its store is to do next."""

    def __init__(self, path: Path, start_recorder: StartRecorder) -> None:
        self.path = path
        self.errands: list[str | Callable[[], object]] = []
        self._start = start_recorder

    def start(self, **config: Any) -> Recorder:
        values = {"standby_poll_s": 0.05, "coverage_s": 0.1} | config
        return self._start(open_sink=self._open, **values)

    def _open(self) -> SqliteStore:
        store = ErrandStore.for_recorder(self.path, DataKind.LIVE)
        store.errands = self.errands
        return store

    def times(self) -> list[int]:
        with EventReader(self.path) as reader:
            times: list[int] = reader.read_window("BTCUSDT", 0, None).events["ts_ms"].tolist()
        return times


@pytest.fixture
def world(path: Path, start_recorder: StartRecorder) -> World:
    return World(path, start_recorder)


@contextmanager
def locked_elsewhere(path: Path, begin: str) -> Iterator[Callable[[], None]]:
    """Hold a lock in another process; the given function lets it go."""
    with subprocess.Popen(  # noqa: S603 - our own code
        [sys.executable, "-c", LOCK, str(path), begin],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as holder:
        assert holder.stdin is not None
        assert holder.stdout is not None
        assert holder.stdout.readline() == "locked\n"

        def free() -> None:
            assert holder.stdin is not None
            assert holder.stdout is not None
            holder.stdin.write("\n")
            holder.stdin.flush()
            assert holder.stdout.readline() == "free\n"

        try:
            yield free
        finally:
            holder.kill()


def assert_covered(path: Path, start_ms: int, end_ms: int) -> None:
    with EventReader(path) as reader:
        assert (
            gaps_between(reader.read_coverage("BTCUSDT", start_ms, end_ms), start_ms, end_ms) == ()
        )


@pytest.mark.parametrize("begin", ["BEGIN IMMEDIATE", "BEGIN EXCLUSIVE"])
def test_events_wait_while_another_process_has_the_file_locked(
    exchange: ScriptedExchange, world: World, path: Path, begin: str
) -> None:
    recorder = world.start()
    eventually(lambda: live(recorder))
    sent = [exchange.liquidate()]
    eventually(lambda: world.times() == sent)
    with locked_elsewhere(path, begin) as free:
        sent += [exchange.liquidate() for _ in range(300)]
        eventually(lambda: "locked" in failure_text(recorder.status().storage_fault))
        eventually(lambda: recorder.status().queued == 600)
        assert live(recorder)
        assert recorder.status().role is SinkRole.WRITER
        free()
        eventually(lambda: recorder.status().storage_fault is None)
    eventually(lambda: world.times() == sent)
    assert recorder.status().overflowed == 0
    assert recorder.status().reconnects == 0
    recorder.stop()
    assert_covered(path, sent[0], sent[-1])


def test_a_recorder_that_finds_the_file_locked_starts_and_loses_nothing(
    exchange: ScriptedExchange, world: World, path: Path
) -> None:
    SqliteStore(path, DataKind.LIVE).close()
    with locked_elsewhere(path, "BEGIN IMMEDIATE") as free:
        recorder = world.start(standby_keep_s=0.1)
        eventually(lambda: live(recorder))
        status = recorder.status()
        assert status.role is SinkRole.WRITER
        assert "locked" in failure_text(status.storage_fault)
        sent = [exchange.liquidate() for _ in range(20)]
        eventually(lambda: recorder.status().received == 40)
        free()
    eventually(lambda: world.times() == sent)
    assert recorder.status().storage_fault is None


# So the file cannot even be read elsewhere, for as long as the connection is open.
EXCLUSIVE = "PRAGMA locking_mode = EXCLUSIVE; BEGIN; UPDATE meta SET value = value; COMMIT"


def test_a_recorder_that_cannot_even_read_the_file_starts_soon_and_loses_nothing(
    exchange: ScriptedExchange, world: World, path: Path
) -> None:
    SqliteStore(path, DataKind.LIVE).close()
    with locked_elsewhere(path, EXCLUSIVE) as free:
        began_s = time.monotonic()
        recorder = world.start()
        # Whoever is not a recorder waits two seconds for a file.
        assert time.monotonic() - began_s < 2
        eventually(lambda: live(recorder))
        assert recorder.status().role is SinkRole.WRITER
        assert "locked" in failure_text(recorder.status().storage_fault)
        sent = [exchange.liquidate() for _ in range(20)]
        eventually(lambda: recorder.status().received == 40)
        assert recorder.status().reconnects == 0
        free()
        eventually(lambda: world.times() == sent)
    assert recorder.status().storage_fault is None
    assert recorder.status().overflowed == 0


def test_stopping_is_quick_and_counts_the_loss_where_the_file_never_became_free(
    exchange: ScriptedExchange, world: World, path: Path
) -> None:
    SqliteStore(path, DataKind.LIVE).close()
    with locked_elsewhere(path, EXCLUSIVE):
        recorder = world.start()
        eventually(lambda: live(recorder))
        for _ in range(5):
            exchange.liquidate()
        eventually(lambda: recorder.status().received == 10)
        began_s = time.monotonic()
        recorder.stop()
        assert time.monotonic() - began_s < QUICK_END_S
        assert not recorder.is_running()
    assert (recorder.status().overflowed, recorder.status().queued) == (10, 0)


def test_what_does_not_fit_into_the_queue_is_counted_and_is_a_gap(
    exchange: ScriptedExchange, world: World, path: Path
) -> None:
    recorder = world.start(symbols=("ALL",), queue_limit=10)
    eventually(lambda: live(recorder))
    with locked_elsewhere(path, "BEGIN IMMEDIATE") as free:
        sent = [exchange.liquidate() for _ in range(15)]
        eventually(lambda: recorder.status().overflowed == 5)
        eventually(lambda: recorder.status().queued == 10)
        free()
    eventually(lambda: world.times() == sent[:10])
    covered_until = exchange.now_ms + 5000
    eventually(lambda: exchange.now_ms > covered_until)
    recorder.stop()
    status = read_status(path)
    assert status["counters"]["overflowed"] == 5
    assert status["counters"]["received"] == 15
    with EventReader(path) as reader:
        covered = reader.read_coverage("BTCUSDT", 0, None)
    for lost_ms in sent[10:]:
        assert not any(one.start_ms <= lost_ms <= one.end_ms for one in covered)
    assert covered[-1].end_ms > sent[-1]


def test_events_wait_while_the_disk_is_full(exchange: ScriptedExchange, world: World) -> None:
    recorder = world.start()
    eventually(lambda: live(recorder))
    # The smallest limit that SQLite takes is what the file already has.
    world.errands.append("PRAGMA max_page_count = 1")
    sent = [exchange.liquidate(price=f"{100 + n}.5") for n in range(400)]
    eventually(lambda: "full" in failure_text(recorder.status().storage_fault))
    kept = world.times()
    assert len(kept) < 400
    assert recorder.status().queued
    world.errands.append("PRAGMA max_page_count = 1000000")
    eventually(lambda: world.times() == sent)
    eventually(lambda: recorder.status().storage_fault is None)
    assert recorder.status().overflowed == 0


def test_events_wait_while_the_file_may_only_be_read(
    exchange: ScriptedExchange, world: World
) -> None:
    recorder = world.start()
    eventually(lambda: live(recorder))
    world.errands.append("PRAGMA query_only = ON")
    sent = [exchange.liquidate() for _ in range(5)]
    eventually(lambda: "permission" in failure_text(recorder.status().storage_fault))
    assert world.times() == []
    world.errands.append("PRAGMA query_only = OFF")
    eventually(lambda: world.times() == sent)
    assert recorder.status().overflowed == 0


LIMITED = """
import json, resource, sys, time
from Heatmap.ingestion.recorder.recorder import Recorder, RecorderConfig
from Heatmap.domain.events import DataKind
from Heatmap.domain.failure_texts import failure_text
from Heatmap.storage.sqlite_store import SqliteStore
ws_url, rest_url, path = sys.argv[1:]
config = RecorderConfig(ws_url=ws_url, rest_url=rest_url)
recorder = Recorder(config, lambda: SqliteStore.for_recorder(path, DataKind.LIVE))
recorder.start()
hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
for line in sys.stdin:
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(line) if int(line) else hard, hard))
    print("limited", flush=True)
    while bool(recorder.status().storage_fault) != bool(int(line)):
        time.sleep(0.01)
    print(json.dumps(failure_text(recorder.status().storage_fault) or None), flush=True)
recorder.stop()
status = recorder.status()
print(json.dumps([status.received, status.stored, status.queued, status.overflowed]), flush=True)
"""


def test_events_wait_while_the_system_lets_the_file_grow_no_further(
    exchange: ScriptedExchange, path: Path
) -> None:
    pytest.importorskip("resource", reason="file size limits are POSIX")
    with subprocess.Popen(  # noqa: S603 - our own code
        [sys.executable, "-c", LIMITED, exchange.ws_url, exchange.rest_url, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    ) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        eventually(lambda: exchange.served and exchange.served[0].heartbeats_ms, limit_s=60)

        def limit(size: int) -> None:
            assert child.stdin is not None
            assert child.stdout is not None
            child.stdin.write(f"{size}\n")
            child.stdin.flush()
            assert child.stdout.readline() == "limited\n"

        try:
            log = path.with_name(f"{path.name}-wal")
            eventually(log.exists)
            sent = [exchange.liquidate()]
            limit(log.stat().st_size + 20_000)
            sent += [exchange.liquidate(price=f"{100 + n}.5") for n in range(400)]
            assert "disk" in child.stdout.readline()
            limit(0)
            assert json.loads(child.stdout.readline()) is None
            child.stdin.close()
            received, stored, queued, overflowed = json.loads(child.stdout.readline())
            assert child.wait(10) == 0
        finally:
            child.kill()
    assert (received, stored, queued, overflowed) == (802, 401, 0, 0)
    with EventReader(path) as reader:
        assert reader.read_window("BTCUSDT", 0, None).events["ts_ms"].tolist() == sent
    assert_covered(path, sent[0], sent[-1])


def test_stopping_is_quick_while_another_process_has_the_file_locked(
    exchange: ScriptedExchange, world: World, path: Path
) -> None:
    recorder = world.start()
    eventually(lambda: live(recorder))
    with locked_elsewhere(path, "BEGIN IMMEDIATE"):
        exchange.liquidate()
        eventually(lambda: recorder.status().storage_fault is not None)
        began_s = time.monotonic()
        recorder.stop()
        assert time.monotonic() - began_s < QUICK_END_S
        assert not recorder.is_running()


# --- damage


def damage(path: Path) -> None:
    """Overwrite all of a file but its first page, with its log in it."""
    content = path.read_bytes()
    path.write_bytes(content[:4096] + b"\xff" * (len(content) - 4096))


def aside(path: Path) -> list[Path]:
    found = sorted(path.parent.glob(f"{path.name}.damaged-*"))
    return [one for one in found if not one.name.endswith(("-wal", "-shm"))]


def test_a_damaged_file_is_set_aside_while_recording_and_no_event_after_it_is_lost(
    exchange: ScriptedExchange, world: World, path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    recorder = world.start(symbols=("BTCUSDT", "ETHUSDT"))
    eventually(lambda: live(recorder))
    before = [exchange.liquidate(price=f"{100 + n}.5") for n in range(200)]
    eventually(lambda: world.times() == before)
    world.errands += ["PRAGMA wal_checkpoint(TRUNCATE)", "PRAGMA shrink_memory"]
    world.errands.append(lambda: damage(path))
    after = [exchange.liquidate(price=f"{100 + n}.5") for n in range(50)]
    eventually(lambda: recorder.status().storage_notices)
    eventually(lambda: recorder.status().queued == 0 and recorder.status().storage_fault is None)
    (old,) = aside(path)
    notice = notices_text(recorder.status().storage_notices)
    assert str(old) in notice
    assert str(path) in notice
    warnings = [one for one in caplog.records if str(old) in one.getMessage()]
    assert len(warnings) == 1
    eventually(lambda: world.times() == after)
    recorder.stop()
    status = read_status(path)
    assert status["recorded_symbols"] == ["BTCUSDT", "ETHUSDT"]
    assert status["retention_ms"] == 14 * 86_400_000
    assert status["symbols"]["BTCUSDT"]["coverage"]["last_ms"] >= after[-1]
    assert old.read_bytes()[:16] == b"SQLite format 3\0"


def covers_something(path: Path) -> bool:
    with EventReader(path) as reader:
        return bool(reader.read_coverage("BTCUSDT", 0, None))


def test_a_fresh_file_does_not_cover_what_lies_in_the_one_set_aside(
    exchange: ScriptedExchange, world: World, path: Path
) -> None:
    # Coverage is due only when the recorder stops, long after its events were written.
    recorder = world.start(coverage_s=3600.0)
    eventually(lambda: live(recorder))
    eventually(lambda: covers_something(path))  # the first time that it was due
    before = [exchange.liquidate(price=f"{100 + n}.5") for n in range(100)]
    eventually(lambda: world.times() == before)
    beyond_ms = exchange.now_ms + 2000
    eventually(lambda: exchange.now_ms > beyond_ms)
    world.errands += ["PRAGMA wal_checkpoint(TRUNCATE)", "PRAGMA shrink_memory"]
    world.errands.append(lambda: damage(path))
    after = [exchange.liquidate(price=f"{100 + n}.5") for n in range(50)]
    eventually(lambda: recorder.status().storage_notices)
    eventually(lambda: recorder.status().queued == 0 and recorder.status().storage_fault is None)
    assert world.times() == after
    beyond_ms = exchange.now_ms + 2000
    eventually(lambda: exchange.now_ms > beyond_ms)
    recorder.stop()
    with EventReader(path) as reader:
        covered = reader.read_coverage("BTCUSDT", 0, None)
    assert not any(one.start_ms <= ts_ms <= one.end_ms for one in covered for ts_ms in before)
    assert covered[-1].end_ms > after[-1]


def test_stopping_soon_after_a_second_damage_loses_nothing(
    exchange: ScriptedExchange, world: World, path: Path
) -> None:
    recorder = world.start()
    eventually(lambda: live(recorder))
    before = [exchange.liquidate(price=f"{100 + n}.5") for n in range(200)]
    eventually(lambda: world.times() == before)
    errands = ("PRAGMA wal_checkpoint(TRUNCATE)", "PRAGMA shrink_memory", lambda: damage(path))
    world.errands += errands
    between = [exchange.liquidate(price=f"{100 + n}.5") for n in range(200)]
    eventually(lambda: recorder.status().storage_notices)
    eventually(lambda: recorder.status().queued == 0 and recorder.status().storage_fault is None)
    assert len(aside(path)) == 1
    assert world.times() == between
    world.errands += errands
    after = [exchange.liquidate(price=f"{200 + n}.5") for n in range(50)]
    eventually(lambda: "again" in failure_text(recorder.status().storage_fault))
    recorder.stop()
    assert len(aside(path)) == 2
    assert world.times() == after
    assert recorder.status().overflowed == 0


def test_a_file_that_is_damaged_at_the_start_is_set_aside(
    exchange: ScriptedExchange, world: World, path: Path
) -> None:
    SqliteStore(path, DataKind.LIVE).close()
    path.write_bytes(b"\0" * 20_000)
    recorder = world.start()
    eventually(lambda: live(recorder))
    eventually(lambda: recorder.status().storage_notices)
    sent = exchange.liquidate()
    eventually(lambda: world.times() == [sent])
    assert [one.read_bytes() for one in aside(path)] == [b"\0" * 20_000]
