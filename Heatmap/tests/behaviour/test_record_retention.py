"""``record`` deletes nothing that was to be kept longer before somebody agreed to the number."""

import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from Heatmap.domain.events import DataKind
from Heatmap.ingestion.recorder.recorder import Recorder, RecorderConfig
from Heatmap.storage.sqlite.status import read_status
from Heatmap.storage.sqlite_store import SqliteStore
from Heatmap.tests.behaviour.memory_sink import eventually
from Heatmap.tests.behaviour.scripted_exchange import START_MS, ScriptedExchange
from Heatmap.tests.unit.stored_events import events

if sys.platform != "win32":
    import pty

ROOT = Path(__file__).resolve().parents[3]
DAY_MS = 86_400_000

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="terminals are POSIX")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Give a database that keeps 30 days, with an event for each of the last 20."""
    found = tmp_path / "heatmap.sqlite3"
    with SqliteStore(found, DataKind.LIVE) as store:
        store.write(events(20, start_ms=START_MS - 20 * DAY_MS + DAY_MS // 2, step_ms=DAY_MS))
        store.keep_retention(30 * DAY_MS)
    return found


@contextmanager
def record(
    exchange: ScriptedExchange, path: Path, *words: str, stdin: int = subprocess.DEVNULL
) -> Iterator[Any]:
    command = [sys.executable, "-m", "Heatmap", "record", "--db", str(path), *words]
    command += ["--ws-url", exchange.ws_url, "--rest-url", exchange.rest_url]
    with subprocess.Popen(  # noqa: S603 - this interpreter
        command,
        stdin=stdin,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "error"},
    ) as process:
        assert process.stdout is not None
        assert "recording" in process.stdout.readline()
        try:
            yield process
        finally:
            process.kill()


def left(path: Path) -> int:
    return int(read_status(path)["events"])


def end(process: Any) -> str:
    process.send_signal(signal.SIGINT)
    # A question that held up the end would do so for ever: nobody answers any more.
    assert process.wait(timeout=20) == 0
    return str(process.stdout.read())


def test_without_a_terminal_a_shorter_retention_waits_and_says_for_what(
    exchange: ScriptedExchange, path: Path
) -> None:
    with record(exchange, path, "--retention-days", "5") as process:
        line = process.stdout.readline()
        for words in ("30 days", "5 days", "would delete 15", "--confirm-retention 15"):
            assert words in line
        end(process)
    assert left(path) == 20
    assert read_status(path)["retention_ms"] == 30 * DAY_MS


def test_confirmed_on_the_command_line_it_deletes_exactly_that(
    exchange: ScriptedExchange, path: Path
) -> None:
    with record(exchange, path, "--retention-days", "5", "--confirm-retention", "15") as process:
        assert "15 liquidations are deleted" in process.stdout.readline()
        eventually(lambda: left(path) == 5)
        assert "confirm" not in end(process)
    assert read_status(path)["retention_ms"] == 5 * DAY_MS


def test_confirmed_for_fewer_events_it_deletes_none_and_names_the_number(
    exchange: ScriptedExchange, path: Path
) -> None:
    words = ("--retention-days", "5", "--confirm-retention", "14")
    with record(exchange, path, *words) as process:
        line = process.stdout.readline()
        assert "would delete 15, confirm it first" in line
        assert "--confirm-retention 14 allows fewer than 15" in line
        assert "deleted" not in end(process)
    assert left(path) == 20
    assert read_status(path)["retention_ms"] == 30 * DAY_MS


def test_without_the_option_the_database_keeps_what_it_kept(
    exchange: ScriptedExchange, path: Path
) -> None:
    with record(exchange, path) as process:
        eventually(lambda: "BTCUSDT" in read_status(path)["symbols"])
        eventually(lambda: read_status(path)["symbols"]["BTCUSDT"]["coverage"]["last_ms"])
        assert "events are kept" not in end(process)
    assert left(path) == 20


@pytest.mark.parametrize(("answer", "kept"), [("y\n", 5), ("n\n", 20), ("what?\n", 20), (None, 20)])
def test_on_a_terminal_it_asks(
    exchange: ScriptedExchange, path: Path, answer: str | None, kept: int
) -> None:
    host, terminal = pty.openpty()
    try:
        with record(exchange, path, "--retention-days", "5", stdin=terminal) as process:
            assert "delete 15 liquidations? (y/n)" in process.stdout.readline()
            if answer is not None:
                os.write(host, answer.encode())
                said = process.stdout.readline()
                assert (
                    "15 liquidations are deleted" if kept == 5 else "nothing is deleted"
                ) in said
            eventually(lambda: left(path) == kept)
            # A question that nobody answers holds up nothing.
            end(process)
        assert not select.select([host], [], [], 0)[0] or answer is not None
    finally:
        os.close(host)
        os.close(terminal)
    assert left(path) == kept


def test_a_host_confirms_what_the_status_names(exchange: ScriptedExchange, path: Path) -> None:
    config = RecorderConfig(
        ws_url=exchange.ws_url, rest_url=exchange.rest_url, retention_ms=5 * DAY_MS
    )
    recorder = Recorder(config, lambda: SqliteStore.for_recorder(path, DataKind.LIVE))
    assert not recorder.confirm_retention()
    recorder.start()
    try:
        eventually(lambda: recorder.status().retention is not None)
        retention = recorder.status().retention
        assert retention is not None
        assert retention.is_pending
        assert retention.expired_events == 15
        # Another one is set: what was named does not hold for it.
        recorder.reconfigure(retention_ms=3 * DAY_MS)
        if recorder.confirm_retention():
            retention = recorder.status().retention
            assert retention is not None
            assert retention.wanted_ms == 3 * DAY_MS
        eventually(lambda: recorder.confirm_retention() or left(path) == 3)
        eventually(lambda: left(path) == 3)
        eventually(lambda: not recorder.confirm_retention())
    finally:
        recorder.stop()
    assert json.dumps(read_status(path)["retention_ms"]) == str(3 * DAY_MS)
