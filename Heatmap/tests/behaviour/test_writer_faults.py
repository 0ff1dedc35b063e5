"""Failures of writing that no table of faults names, and files whose schema or rows are not ours.

Real recorders on real files: nothing that can be stored is lost, and what cannot be is said.
"""

import json
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from Heatmap.domain.events import DataKind, LiquidationEvent, StoredBatch
from Heatmap.domain.failure_texts import failure_text
from Heatmap.ingestion.recorder.recorder import Recorder
from Heatmap.storage.sqlite.status import read_status
from Heatmap.storage.sqlite_store import SqliteStore
from Heatmap.tests.behaviour.command_line import assert_one_line, environment
from Heatmap.tests.behaviour.memory_sink import QUICK_END_S, MemorySink, eventually, live
from Heatmap.tests.behaviour.scripted_exchange import ScriptedExchange
from Heatmap.tests.fact_texts import notices_text
from Heatmap.tests.systems import posix_only
from Heatmap.tests.unit.storage.sqlite.test_schema import INDEXES, TABLES, TRIGGERS
from Heatmap.tests.unit.stored_events import events, query, tamper

DAY_MS = 1_733_270_400_000  # 2024-12-04T00:00:00Z
StartRecorder = Callable[..., Recorder]
Run = Callable[..., subprocess.CompletedProcess[str]]
CHANGES = {
    "an index dropped": INDEXES["gone"],
    "a unique index on other columns": INDEXES["other columns"],
    "another unique index": INDEXES["a second unique one"],
    "a trigger that refuses": TRIGGERS["refuses"],
    "a trigger that swallows": TRIGGERS["swallows"],
    "a column dropped": TABLES["column dropped"],
    "a view instead of the table": TABLES["a view instead"],
    "counters dropped": TABLES["table dropped"],
    "coverage changed": TABLES["column renamed"],
}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "heatmap.sqlite3"


def stored_times(folder: Path) -> Counter[int]:
    """Return the trade times in all files, also in those that were set aside."""
    found: Counter[int] = Counter()
    for database in [folder / "heatmap.sqlite3", *folder.glob("heatmap.sqlite3.damaged-*")]:
        if database.name.endswith(("-wal", "-shm")):
            continue
        with closing(sqlite3.connect(database)) as connection:
            names = {row[0] for row in connection.execute("SELECT name FROM sqlite_master")}
            table = "events" if "events" in names else "liq_events"
            found.update(row[0] for row in connection.execute(f"SELECT ts_ms FROM {table}"))  # noqa: S608 - names of this test
    return found


def undo(path: Path, copy: Path) -> None:
    """Undo a change as another program does, by putting the copied content back."""
    with closing(sqlite3.connect(path)) as target, closing(sqlite3.connect(copy)) as source:
        source.backup(target)


def open_store(path: Path) -> Callable[[], SqliteStore]:
    return lambda: SqliteStore.for_recorder(path, DataKind.LIVE)


@pytest.mark.parametrize("name", CHANGES)
def test_what_another_program_does_to_a_running_recorders_file_loses_nothing(
    exchange: ScriptedExchange, start_recorder: StartRecorder, path: Path, name: str
) -> None:
    recorder = start_recorder(open_sink=open_store(path), coverage_s=0.1)
    eventually(lambda: live(recorder))
    sent = [exchange.liquidate() for _ in range(20)]
    eventually(lambda: recorder.status().stored == 20)
    tamper(path, CHANGES[name])
    sent += [exchange.liquidate() for _ in range(50)]
    eventually(lambda: recorder.status().storage_fault is not None)
    assert "another program has changed" in failure_text(recorder.status().storage_fault)
    assert "\n" not in failure_text(recorder.status().storage_fault)
    eventually(lambda: recorder.status().queued == 100)
    # Stopped long before the fault is put right by itself: the end does it.
    recorder.stop()
    status = recorder.status()
    assert (status.stored, status.overflowed, status.queued) == (70, 0, 0)
    assert status.storage_fault is None
    assert status.storage_notices
    assert stored_times(path.parent) == Counter(sent)


def test_a_fault_that_is_undone_is_over_and_the_events_that_waited_are_stored(
    exchange: ScriptedExchange, start_recorder: StartRecorder, path: Path
) -> None:
    recorder = start_recorder(open_sink=open_store(path), coverage_s=0.1)
    eventually(lambda: live(recorder))
    sent = [exchange.liquidate() for _ in range(5)]
    eventually(lambda: recorder.status().stored == 5)
    tamper(path, TRIGGERS["swallows"])
    sent += [exchange.liquidate() for _ in range(50)]
    eventually(lambda: recorder.status().storage_fault is not None)
    tamper(path, "DROP TRIGGER mine")
    eventually(lambda: recorder.status().storage_fault is None and not recorder.status().queued)
    assert not recorder.status().storage_notices
    recorder.stop()
    assert stored_times(path.parent) == Counter(sent)
    counters = read_status(path)["counters"]
    assert (counters["received"], counters["stored"]) == (110, 55)


def test_a_change_that_nobody_undoes_is_put_right_by_itself(
    exchange: ScriptedExchange,
    start_recorder: StartRecorder,
    path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("Heatmap.storage.sqlite.schema_watch.MENDING_DELAY_S", 0.2)
    recorder = start_recorder(open_sink=open_store(path), coverage_s=0.1)
    eventually(lambda: live(recorder))
    sent: list[int] = []

    def is_all_stored() -> bool:
        status = recorder.status()
        return status.stored == len(sent) and status.storage_fault is None

    for name in ("an index dropped", "another unique index", "a trigger that refuses"):
        tamper(path, CHANGES[name])
        sent += [exchange.liquidate() for _ in range(30)]
        eventually(is_all_stored)
    recorder.stop()
    assert recorder.status().overflowed == 0
    assert stored_times(path.parent) == Counter(sent)


# --- what the connection itself may do


class OddStore(SqliteStore):
    """Lets the test do something to the connection before a batch, in its own thread."""

    errand: Callable[["OddStore"], object] | None = None

    def write(self, events: Sequence[LiquidationEvent]) -> StoredBatch:
        errand, OddStore.errand = OddStore.errand, None
        if errand is not None:
            errand(self)
        return super().write(events)


def _connection(store: SqliteStore) -> sqlite3.Connection:
    assert store._connection is not None
    return store._connection


ODDITIES: dict[str, Callable[[OddStore], object]] = {
    "closed": lambda store: _connection(store).close(),
    "amid a transaction": lambda store: _connection(store).execute("BEGIN"),
    "nothing is allowed": lambda store: _connection(store).set_authorizer(
        lambda *_: sqlite3.SQLITE_DENY
    ),
    "interrupted": lambda store: _connection(store).set_progress_handler(lambda: 1, 1),
    "short texts only": lambda store: _connection(store).setlimit(sqlite3.SQLITE_LIMIT_LENGTH, 100),
    "short statements only": lambda store: _connection(store).setlimit(
        sqlite3.SQLITE_LIMIT_SQL_LENGTH, 60
    ),
    "no values": lambda store: _connection(store).setlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER, 2),
    "a temporary trigger": lambda store: _connection(store).execute(
        "CREATE TEMP TRIGGER mine BEFORE INSERT ON main.liq_events "
        "BEGIN SELECT RAISE(ABORT, 'no'); END"
    ),
}


@pytest.mark.parametrize("name", ODDITIES)
def test_whatever_state_the_connection_is_in_a_fresh_one_goes_on(
    exchange: ScriptedExchange, start_recorder: StartRecorder, path: Path, name: str
) -> None:
    recorder = start_recorder(
        open_sink=lambda: OddStore.for_recorder(path, DataKind.LIVE), coverage_s=0.1
    )
    eventually(lambda: live(recorder))
    sent = [exchange.liquidate() for _ in range(5)]
    eventually(lambda: recorder.status().stored == 5)
    OddStore.errand = ODDITIES[name]
    sent += [exchange.liquidate() for _ in range(20)]
    eventually(lambda: OddStore.errand is None)
    eventually(lambda: recorder.status().stored == 25)
    eventually(lambda: recorder.status().storage_fault is None)
    recorder.stop()
    assert recorder.status().overflowed == 0
    assert stored_times(path.parent) == Counter(sent)


@pytest.mark.parametrize(
    "error", [MemoryError(), SystemError("no result"), sqlite3.ProgrammingError("closed")]
)
def test_a_fault_of_any_part_is_shown_and_leaves_when_it_is_over(
    exchange: ScriptedExchange, start_recorder: StartRecorder, sink: MemorySink, error: Exception
) -> None:
    exchange.rest = (200, {"symbols": []})
    recorder = start_recorder(coverage_s=0.05, retention_interval_s=0.1)
    eventually(lambda: live(recorder))
    sink.fault = error
    exchange.liquidate()
    eventually(lambda: type(error).__name__ in failure_text(recorder.status().storage_fault))
    eventually(lambda: recorder.status().queued)
    sink.fault = None
    eventually(lambda: recorder.status().storage_fault is None)
    eventually(lambda: len(sink.events) == 1)
    sink.fault = error
    exchange.liquidate()
    eventually(lambda: recorder.status().queued)
    recorder.stop()
    assert recorder.status().overflowed == 2
    assert recorder.status().storage_fault is not None


class BrokenStore(SqliteStore):
    """May not insert into any table, however often it tries."""

    def write(self, events: Sequence[LiquidationEvent]) -> StoredBatch:
        if events:
            _connection(self).set_authorizer(_refuse_inserts)
        return super().write(events)


def _refuse_inserts(action: int, *_names: str | None) -> int:
    return sqlite3.SQLITE_DENY if action == sqlite3.SQLITE_INSERT else sqlite3.SQLITE_OK


def test_an_end_amid_a_fault_that_stays_is_quick_and_counts_what_is_lost(
    exchange: ScriptedExchange, start_recorder: StartRecorder, path: Path
) -> None:
    recorder = start_recorder(open_sink=lambda: BrokenStore.for_recorder(path, DataKind.LIVE))
    eventually(lambda: live(recorder))
    for _ in range(300):
        exchange.liquidate()
    eventually(lambda: "not authorized" in failure_text(recorder.status().storage_fault))
    eventually(lambda: recorder.status().queued == 600)
    assert live(recorder)
    began_s = time.monotonic()
    recorder.stop()
    assert time.monotonic() - began_s < QUICK_END_S
    status = recorder.status()
    assert (status.stored, status.overflowed, status.queued) == (0, 600, 0)
    assert status.storage_fault is not None


def test_the_next_start_begins_without_the_fault_of_the_one_before(
    exchange: ScriptedExchange, start_recorder: StartRecorder, sink: MemorySink
) -> None:
    recorder = start_recorder()
    eventually(lambda: live(recorder))
    sink.fault = ValueError("embedded null character")
    exchange.liquidate()
    eventually(lambda: recorder.status().queued == 2)
    recorder.stop()
    assert recorder.status().storage_fault is not None
    sink.fault, sink.closed = None, False
    recorder.start()
    eventually(lambda: live(recorder))
    assert recorder.status().storage_fault is None
    exchange.liquidate()
    eventually(lambda: len(sink.events) == 1)
    assert recorder.status().overflowed == 2


def test_totals_fit_the_rows_whenever_the_recorder_is_killed(
    exchange: ScriptedExchange, path: Path
) -> None:
    rows = 0
    for moment_s in (0.05, 0.3, 0.55):
        before = len(exchange.served)
        with recording(exchange, path) as process:
            eventually(lambda known=before: len(exchange.served) > known, limit_s=60)
            eventually(lambda: exchange.served[-1].heartbeats_ms, limit_s=60)
            until_s = time.monotonic() + moment_s  # the moment is what is tried
            while time.monotonic() < until_s:
                exchange.liquidate()
            process.kill()
            process.wait(10)
        status = read_status(path)
        counters = status["counters"]
        assert counters["stored"] == status["events"] >= rows
        accounted = counters["stored"] + counters["duplicates"] + counters["overflowed"]
        assert counters["received"] == accounted
        assert status["recorded_symbols"] == ["BTCUSDT"]
        rows = status["events"]
    assert rows


# --- the commands


@contextmanager
def recording(exchange: ScriptedExchange, path: Path) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "Heatmap", "record", "--db", str(path)]
    command += ["--ws-url", exchange.ws_url, "--rest-url", exchange.rest_url]
    with subprocess.Popen(  # noqa: S603 - this interpreter
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(path.parent),
    ) as process:
        assert process.stdout is not None
        assert "recording" in process.stdout.readline()
        try:
            yield process
        finally:
            process.kill()


@posix_only
def test_record_says_at_its_end_what_it_could_not_store(
    exchange: ScriptedExchange, path: Path
) -> None:
    with recording(exchange, path) as process:
        eventually(lambda: exchange.served and exchange.served[0].heartbeats_ms, limit_s=60)
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN EXCLUSIVE")
            for _ in range(7):
                exchange.liquidate()
            assert process.stdout is not None
            while "not written" not in (line := process.stdout.readline()):
                assert line
            process.send_signal(signal.SIGTERM)
            output, _ = process.communicate(timeout=20)
            other.execute("ROLLBACK")
    assert "14 LOST" in output.splitlines()[-1]
    assert process.returncode == 1


@posix_only
def test_record_of_a_file_whose_index_is_dropped_stores_everything(
    exchange: ScriptedExchange, path: Path
) -> None:
    with recording(exchange, path) as process:
        eventually(lambda: exchange.served and exchange.served[0].heartbeats_ms, limit_s=60)
        tamper(path, INDEXES["gone"])
        sent = [exchange.liquidate() for _ in range(40)]
        assert process.stdout is not None
        while "not written" not in (line := process.stdout.readline()):
            assert line
        process.send_signal(signal.SIGTERM)
        output, complaints = process.communicate(timeout=20)
    assert "40 stored" in output, complaints
    assert "LOST" not in output
    assert process.returncode == 0, output
    assert stored_times(path.parent) == Counter(sent)


@pytest.mark.parametrize("name", ["another program's", "a view instead", "column renamed"])
def test_commands_refuse_a_file_with_other_tables_in_one_line(
    run: Run, path: Path, name: str
) -> None:
    SqliteStore(path, DataKind.LIVE).close()
    tamper(path, TABLES[name])
    assert_one_line(run("status", "--db", str(path)), str(path), "damaged")
    assert_one_line(run("clusters", "--db", str(path)), str(path), "damaged")


# Each fault for itself: unit/storage/sqlite/test_foreign_schema.py.
@pytest.mark.parametrize(
    "name", ["gone", "no longer unique", "refuses", "a view instead", "column added"]
)
def test_doctor_fails_for_a_schema_that_is_not_ours(
    exchange: ScriptedExchange, path: Path, name: str
) -> None:
    SqliteStore(path, DataKind.LIVE).close()
    tamper(path, (INDEXES | TABLES | TRIGGERS)[name])
    done = subprocess.run(  # noqa: S603 - this interpreter
        [
            *(sys.executable, "-m", "Heatmap", "doctor", "--db", str(path), "--seconds", "0.1"),
            *("--ws-url", exchange.ws_url, "--rest-url", exchange.rest_url, "--json"),
        ],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env=environment(path.parent),
    )
    (finding,) = [one for one in json.loads(done.stdout) if one["check"] == "database"]
    assert finding["result"] == "FAIL"
    assert done.returncode == 1


SPOILING = (
    "INSERT INTO coverage VALUES ('BINANCE_USDM', 'BTCUSDT', 'soon', 'later', 'yes');"
    "INSERT INTO coverage VALUES ('BINANCE_USDM', X'42', 0.5, X'00', 7);"
    "INSERT INTO tick_sizes VALUES ('BINANCE_USDM', 'ETHUSDT', X'31', 'today');"
    "INSERT INTO counters VALUES ('BINANCE_USDM', 'stored ', 'many');"
    "UPDATE meta SET value = X'ff' WHERE key IN ('symbols', 'retention_ms');"
    "INSERT INTO liq_events VALUES (NULL, 'now', X'42', 'BOTH', 'a lot', X'', 'x', 5, 6, 7, 8, "
    "'a', 'b', X'', 'x', -1, X'ff', 'y', 0, 2)"
)


def test_commands_read_a_file_with_spoilt_rows_and_count_them(run: Run, path: Path) -> None:
    with SqliteStore(path, DataKind.LIVE) as store:
        store.write(events(50, start_ms=DAY_MS))
        store.extend_coverage("BTCUSDT", DAY_MS, DAY_MS + 50_000, proven=True)
        store.save_symbols(("BTCUSDT",))
        store.keep_retention(86_400_000)
    tamper(path, SPOILING)
    status = run("status", "--db", str(path))
    assert (status.returncode, status.stderr) == (0, "")
    told = json.loads(status.stdout)
    assert told["damaged_rows"] == {
        "liq_events": 1,
        "coverage": 2,
        "tick_sizes": 1,
        "counters": 1,
    }
    assert (told["events"], list(told["symbols"])) == (50, ["BTCUSDT"])
    clusters = run("clusters", "--db", str(path), "--at", "2024-12-04T00:01:00Z")
    assert clusters.returncode == 0
    assert "2 in coverage" in clusters.stderr
    assert "Traceback" not in clusters.stderr
    assert len(clusters.stdout.splitlines()) > 1


def test_recording_goes_on_in_a_file_with_spoilt_rows(
    exchange: ScriptedExchange, start_recorder: StartRecorder, path: Path
) -> None:
    with SqliteStore(path, DataKind.LIVE) as store:
        store.extend_coverage("BTCUSDT", 0, 50_000, proven=True)
    tamper(path, SPOILING)
    recorder = start_recorder(open_sink=open_store(path), coverage_s=0.1)
    eventually(lambda: live(recorder))
    assert "2 in coverage" in notices_text(recorder.status().storage_notices)
    sent = [exchange.liquidate() for _ in range(20)]
    eventually(lambda: recorder.status().stored == 20)
    beyond_ms = exchange.now_ms + 3000
    eventually(lambda: exchange.now_ms > beyond_ms)
    recorder.stop()
    assert recorder.status().storage_fault is None
    covered = read_status(path)["symbols"]["BTCUSDT"]["coverage"]
    assert covered["last_ms"] > sent[-1]
    assert query(path, "SELECT count(*) FROM liq_events") == [(21,)]
