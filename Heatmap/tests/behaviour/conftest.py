"""Fixtures of the tests that connect real parts with each other."""

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from Heatmap.__main__ import main
from Heatmap.domain.events import StoredBatch
from Heatmap.ingestion.connection.supervisor import ConnectionMemory, ConnectionTimes
from Heatmap.ingestion.recorder.recorder import EventSink, Recorder, RecorderConfig
from Heatmap.tests.behaviour.command_line import environment
from Heatmap.tests.behaviour.memory_sink import MemorySink, eventually
from Heatmap.tests.behaviour.scripted_exchange import ScriptedExchange
from Heatmap.tests.left_behind import asyncio_errors, still_running

QUICK = ConnectionTimes(
    silence_s=0.4,
    drain_s=0.1,
    first_backoff_s=0.1,
    longest_backoff_s=1.0,
    spacing_s=0.1,
    handover_s=2.0,
    open_timeout_s=30.0,
)
StartRecorder = Callable[..., Recorder]


@pytest.fixture(autouse=True)
def nothing_is_left(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Fail a test that leaves a thread, or an exception that nobody has retrieved."""
    before = set(threading.enumerate())
    yield
    # Also one of the test's own: it may take the processor's time from all that follow.
    assert still_running(set(threading.enumerate()) - before) == []
    assert asyncio_errors(caplog) == []


@pytest.fixture
def exchange() -> Iterator[ScriptedExchange]:
    """Run an exchange on loopback that the test scripts."""
    with ScriptedExchange() as running:
        yield running


@pytest.fixture
def sink() -> MemorySink:
    return MemorySink()


@pytest.fixture
def start_recorder(exchange: ScriptedExchange, sink: MemorySink) -> Iterator[StartRecorder]:
    """Start a recorder of the scripted exchange; at the end nothing of it may be left."""
    recorders: list[Recorder] = []

    def start(
        *,
        times: ConnectionTimes = QUICK,
        open_sink: Callable[[], EventSink] | None = None,
        on_stored: Callable[[StoredBatch], None] | None = None,
        memory: ConnectionMemory | None = None,
        **config: Any,
    ) -> Recorder:
        addresses = {"ws_url": exchange.ws_url, "rest_url": exchange.rest_url}
        recorder = Recorder(
            RecorderConfig(**(addresses | {"connection_times": times} | config)),
            open_sink or (lambda: sink),
            on_stored=on_stored,
            memory=memory,
        )
        recorders.append(recorder)
        recorder.start()
        return recorder

    yield start
    sink.write_gate.set()
    for recorder in recorders:
        recorder.stop()
        # A thousand symbols take longer on a busy machine than `stop` waits.
        eventually(lambda recorder=recorder: not recorder.is_running())


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run ``python -m Heatmap`` with an empty home and no display."""

    def call(*words: str, timeout_s: float = 120) -> subprocess.CompletedProcess[str]:
        return subprocess.run(  # noqa: S603 - this interpreter
            [sys.executable, "-m", "Heatmap", *words],
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
            cwd=tmp_path,
            env=environment(tmp_path),
        )

    return call


@pytest.fixture
def here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run the command line in this process, which has loaded everything by now.

    It is for what ends by itself without a window and a recorder.
    """
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))

    def call(*words: str) -> subprocess.CompletedProcess[str]:
        try:
            status = main(words)
        except SystemExit as ended:
            status = int(ended.code or 0)
        told = capsys.readouterr()
        return subprocess.CompletedProcess(words, status, told.out, told.err)

    return call
