"""Starting and stopping the recorder, in every state that the network can leave it in."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.server import ServerConnection, serve

from Heatmap.errors import StorageError
from Heatmap.ingestion.connection.supervisor import ConnectionState, ConnectionTimes
from Heatmap.ingestion.recorder import recorder as recorder_module
from Heatmap.ingestion.recorder.recorder import EventSink, Recorder
from Heatmap.tests.array_reader import EventReader
from Heatmap.tests.behaviour.memory_sink import (
    QUICK_END_S,
    MemorySink,
    eventually,
    live,
    times_of,
)
from Heatmap.tests.behaviour.scripted_exchange import ScriptedExchange
from Heatmap.tests.left_behind import own_threads
from Heatmap.tests.own_program import run_program
from Heatmap.tests.systems import posix_only

StartRecorder = Callable[..., Recorder]


def test_start_raises_what_opening_the_sink_raised(start_recorder: StartRecorder) -> None:
    def refuse() -> EventSink:
        raise StorageError("no such directory")

    with pytest.raises(StorageError, match="no such directory"):
        start_recorder(open_sink=refuse)


def test_start_and_stop_are_idempotent_and_may_alternate(
    exchange: ScriptedExchange, start_recorder: StartRecorder
) -> None:
    sinks: list[MemorySink] = []

    def open_sink() -> MemorySink:
        sinks.append(MemorySink())
        return sinks[-1]

    recorder = start_recorder(open_sink=open_sink)
    for count in range(1, 3):
        recorder.start()
        recorder.start()
        assert recorder.is_running()
        eventually(lambda: live(recorder))
        exchange.liquidate()
        eventually(lambda: sinks[-1].events)
        recorder.stop()
        recorder.stop()
        assert not recorder.is_running()
        assert len(sinks) == count
        assert sinks[-1].closed


def stop_time_s(recorder: Recorder) -> float:
    before_s = time.monotonic()
    recorder.stop()
    assert not recorder.is_running()
    return time.monotonic() - before_s


def test_stop_writes_what_was_received(
    exchange: ScriptedExchange, sink: MemorySink, start_recorder: StartRecorder
) -> None:
    recorder = start_recorder(batch_s=30.0, batch_events=1000)
    eventually(lambda: live(recorder))
    sent = [exchange.liquidate() for _ in range(50)]
    eventually(lambda: recorder.status().received == 100)
    assert sink.events == []
    assert stop_time_s(recorder) < QUICK_END_S
    assert times_of(sink) == sent


def test_stop_is_quick_while_live(start_recorder: StartRecorder) -> None:
    recorder = start_recorder()
    eventually(lambda: live(recorder))
    assert stop_time_s(recorder) < QUICK_END_S


def test_stop_is_quick_while_waiting_for_the_next_attempt(
    exchange: ScriptedExchange, start_recorder: StartRecorder
) -> None:
    exchange.refusal = (451, {})
    recorder = start_recorder()
    eventually(lambda: recorder.status().connection is ConnectionState.BLIND)
    assert stop_time_s(recorder) < QUICK_END_S


def test_stop_is_quick_while_connecting_and_while_rest_hangs(
    exchange: ScriptedExchange, start_recorder: StartRecorder
) -> None:
    exchange.rest = (200, None)
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        recorder = start_recorder(ws_url=f"ws://127.0.0.1:{deaf.getsockname()[1]}")
        accepted, _ = deaf.accept()
        with accepted:
            assert recorder.status().connection is ConnectionState.CONNECTING
            assert stop_time_s(recorder) < QUICK_END_S


def test_an_attempt_that_was_stopped_counts_for_the_time_to_the_next(
    start_recorder: StartRecorder,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        recorder = start_recorder(
            open_sink=MemorySink,
            times=ConnectionTimes(spacing_s=0.7),
            ws_url=f"ws://127.0.0.1:{deaf.getsockname()[1]}",
        )
        attempt, _ = deaf.accept()
        for _ in range(2):
            with attempt:
                assert recorder.status().connection is ConnectionState.CONNECTING
                stopped_s = time.monotonic()
                recorder.stop()
                recorder.start()
                attempt, _ = deaf.accept()
                assert time.monotonic() - stopped_s >= 0.7
        attempt.close()


def test_stop_is_quick_while_a_name_is_being_resolved(
    start_recorder: StartRecorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, answer = threading.Event(), threading.Event()

    def hang(*_: object, **__: object) -> list[Any]:
        asked.set()
        answer.wait(30)
        raise socket.gaierror(-3, "no answer")

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    try:
        recorder = start_recorder(
            ws_url="ws://exchange.invalid", rest_url="http://exchange.invalid"
        )
        assert asked.wait(5)
        assert stop_time_s(recorder) < QUICK_END_S
    finally:
        answer.set()


def test_stop_is_quick_when_the_peer_answers_no_closing_handshake(
    start_recorder: StartRecorder,
) -> None:
    """A server whose process is stopped: the kernel takes the bytes, nobody answers."""
    released = threading.Event()
    accepted = threading.Event()

    async def deaf_after_handshake() -> None:
        async def handler(connection: ServerConnection) -> None:
            connection.transport.pause_reading()
            accepted.set()
            await asyncio.to_thread(released.wait, 20)
            connection.transport.abort()

        async with serve(handler, "127.0.0.1", 0) as server:
            port.append(server.sockets[0].getsockname()[1])
            bound.set()
            await asyncio.to_thread(released.wait, 20)

    port: list[int] = []
    bound = threading.Event()
    thread = threading.Thread(target=lambda: asyncio.run(deaf_after_handshake()))
    thread.start()
    try:
        assert bound.wait(5)
        recorder = start_recorder(ws_url=f"ws://127.0.0.1:{port[0]}", times=ConnectionTimes())
        assert accepted.wait(5)
        eventually(lambda: recorder.status().connection is ConnectionState.OPEN)
        assert stop_time_s(recorder) < QUICK_END_S
    finally:
        released.set()
        thread.join(10)


def test_stop_is_quick_while_the_sink_fails(
    exchange: ScriptedExchange, sink: MemorySink, start_recorder: StartRecorder
) -> None:
    recorder = start_recorder()
    eventually(lambda: live(recorder))
    sink.fault = StorageError("locked")
    exchange.liquidate()
    eventually(lambda: recorder.status().storage_fault is not None)
    assert stop_time_s(recorder) < QUICK_END_S
    assert sink.closed


def test_stop_from_the_recorders_own_thread_only_begins_to_stop(
    exchange: ScriptedExchange, sink: MemorySink, start_recorder: StartRecorder
) -> None:
    holder: list[Recorder] = []
    recorder = start_recorder(on_stored=lambda _: holder[0].stop())
    holder.append(recorder)
    eventually(lambda: live(recorder))
    exchange.liquidate()
    eventually(lambda: not recorder.is_running())
    assert sink.closed


def test_the_end_of_the_interpreter_stops_the_recorder(
    exchange: ScriptedExchange, tmp_path: Path
) -> None:
    script = textwrap.dedent(
        """
        import sys, time
        from Heatmap.ingestion.recorder.recorder import Recorder, RecorderConfig
        from Heatmap.domain.events import DataKind
        from Heatmap.storage.sqlite_store import SqliteStore

        ws_url, rest_url, path = sys.argv[1:]
        config = RecorderConfig(ws_url=ws_url, rest_url=rest_url, batch_s=60.0)
        recorder = Recorder(config, lambda: SqliteStore(path, DataKind.SIMULATED))
        recorder.start()
        while not recorder.status().received:
            time.sleep(0.005)
        assert not {"numpy", "PyQt6"} & set(sys.modules)
        """
    )
    path = tmp_path / "events.sqlite3"
    process = subprocess.Popen(  # noqa: S603 - this interpreter, the script above
        [sys.executable, "-c", script, exchange.ws_url, exchange.rest_url, str(path)],
        stderr=subprocess.PIPE,
    )
    eventually(lambda: exchange.served and exchange.served[0].heartbeats_ms, limit_s=30)
    exchange.liquidate()
    _, errors = process.communicate(timeout=30)
    assert (process.returncode, errors) == (0, b"")
    # The events were still queued when the interpreter ended.
    with EventReader(path) as reader:
        assert len(reader.read_window("BTCUSDT", 0, None).events) == 1


@posix_only
def test_ctrl_c_amid_a_start_leaves_no_recorder_behind(
    exchange: ScriptedExchange, start_recorder: StartRecorder, sink: MemorySink
) -> None:
    main_thread = threading.main_thread().ident
    assert main_thread is not None

    def is_interrupted() -> bool:
        frame: Any = sys._current_frames()[main_thread]
        while frame is not None and frame.f_code.co_name != "_join":
            frame = frame.f_back
        return frame is not None

    def open_sink() -> MemorySink:
        # While the start waits; it opens after that was interrupted.
        signal.pthread_kill(main_thread, signal.SIGINT)
        eventually(is_interrupted)
        return sink

    with pytest.raises(KeyboardInterrupt):
        start_recorder(open_sink=open_sink)
    # It has ended, and the next one is the only one.
    assert not own_threads()
    recorder = start_recorder(open_sink=MemorySink)
    eventually(lambda: recorder.status().connection is ConnectionState.LIVE)
    assert len(exchange.served) == 1


@posix_only
def test_after_an_interrupted_start_the_next_one_waits_for_its_end_or_says_so(
    start_recorder: StartRecorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    main_thread, is_slow, gate = threading.main_thread().ident, threading.Event(), threading.Event()
    assert main_thread is not None

    def open_sink() -> MemorySink:
        if is_slow.is_set():
            signal.pthread_kill(main_thread, signal.SIGINT)
            gate.wait(60)
        return MemorySink()

    recorder = start_recorder(open_sink=open_sink)
    recorder.stop()
    is_slow.set()
    with monkeypatch.context() as impatient:
        impatient.setattr(recorder_module, "_STOP_LIMIT_S", 0.1)
        with pytest.raises(KeyboardInterrupt):
            recorder.start()
        with pytest.raises(RuntimeError, match="interrupted"):
            recorder.start()
    is_slow.clear()
    gate.set()
    recorder.start()
    eventually(lambda: recorder.status().connection is ConnectionState.LIVE)


class SlowSink(MemorySink):
    """Takes its time to close."""

    def __init__(self) -> None:
        super().__init__()
        self.closing, self.gate = threading.Event(), threading.Event()

    def close(self) -> None:
        self.closing.set()
        self.gate.wait(60)
        super().close()


@posix_only
def test_ctrl_c_amid_a_stop_leaves_it_running_until_it_has_written_all(
    start_recorder: StartRecorder,
) -> None:
    main_thread, sink = threading.main_thread().ident, SlowSink()
    assert main_thread is not None

    def interrupt() -> None:
        sink.closing.wait(60)
        signal.pthread_kill(main_thread, signal.SIGINT)

    recorder = start_recorder(open_sink=lambda: sink)
    impatient = threading.Thread(target=interrupt)
    impatient.start()
    with pytest.raises(KeyboardInterrupt):
        recorder.stop()
    impatient.join()
    assert recorder.is_running()
    assert not sink.closed
    sink.gate.set()
    recorder.stop()
    assert not recorder.is_running()
    assert sink.closed


def test_a_start_after_a_stop_that_takes_long_waits_for_it_or_says_so(
    start_recorder: StartRecorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    sinks = [SlowSink()]
    recorder = start_recorder(open_sink=lambda: sinks[-1])
    with monkeypatch.context() as impatient:
        impatient.setattr(recorder_module, "_STOP_LIMIT_S", 0.1)
        recorder.stop()
        with pytest.raises(RuntimeError, match="has not come to its end"):
            recorder.start()
    sinks[-1].gate.set()
    sinks.append(SlowSink())
    sinks[-1].gate.set()
    recorder.start()
    assert sinks[0].closed
    eventually(lambda: recorder.status().connection is ConnectionState.LIVE)


FORKED = """
import os, sys, threading, time, warnings
from pathlib import Path
from Heatmap.ingestion.recorder.recorder import Recorder, RecorderConfig
from Heatmap.domain.events import DataKind
from Heatmap.storage.sqlite_store import SqliteStore

warnings.simplefilter("ignore")  # of a process with threads that forks
nowhere = RecorderConfig(ws_url="ws://127.0.0.1:1", rest_url="http://127.0.0.1:1")
path = Path(sys.argv[1])
recorder = Recorder(nowhere, lambda: SqliteStore.for_recorder(path, DataKind.LIVE))
recorder.start()
# As where another thread stops it at this moment.
recorder._lifecycle.acquire()
child = os.fork()
if child == 0:
    sys.exit(0)
_, status = os.waitpid(child, 0)
recorder._lifecycle.release()
recorder.stop()
print("child", os.waitstatus_to_exitcode(status))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="nothing forks there")
def test_a_child_that_was_forked_ends_without_waiting_for_its_parents_recorder(
    tmp_path: Path,
) -> None:
    done = run_program(FORKED, tmp_path / "x.sqlite3")
    assert (done.returncode, done.stdout) == (0, "child 0\n"), done.stderr
