"""How the programs end: by every signal, and by a console that is closed, as Windows does it."""

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from Heatmap.errors import StorageError
from Heatmap.storage.sqlite.status import read_status
from Heatmap.tests.behaviour.command_line import environment
from Heatmap.tests.behaviour.memory_sink import eventually
from Heatmap.tests.behaviour.scripted_exchange import ScriptedExchange
from Heatmap.tests.systems import posix_only
from Heatmap.tests.windows_console import EXIT_STATUS

WINDOWS_PATIENCE_S = 5.0
HANGS_AFTER_S = 100.0

# A program on Windows whose console is closed when a line comes on its input.
CLOSED_CONSOLE = """
import os, sys, threading
from pathlib import Path
import Heatmap.commands.record, Heatmap.commands.window
from Heatmap.__main__ import main
from Heatmap.standalone import program_end
from Heatmap.storage.sqlite.writer_lock import is_writer_active
from Heatmap.tests.windows_console import CLOSE_EVENT, CTRL_C_EVENT, install
if sys.argv[1] != "record":
    import Heatmap.standalone.application

kernel = install()
program_end._PATIENCE_S = 200.0  # Windows has less, which is for the test to say
database = Path(sys.argv[-1]).resolve()

def tell(text):
    os.write(1, f"{text}\\n".encode())  # at once, whoever else prints

def close_console():
    sys.stdin.readline()
    kernel.send(CTRL_C_EVENT, lambda: tell("took what is Python's"))
    kernel.send(CLOSE_EVENT, lambda: tell(f"writes: {is_writer_active(database)}"))

threading.Thread(target=close_console, daemon=True).start()
tell(f"status {main(sys.argv[1:])}")
threading.Event().wait(60)  # not the program's own end, but Windows ends the process
"""


@contextmanager
def program(folder: Path, *words: str, code: str | None = None, **variables: str) -> Iterator[Any]:
    """Run the command line, or `code`, with pipes and these variables."""
    start = ["-m", "Heatmap"] if code is None else ["-c", code]
    with subprocess.Popen(  # noqa: S603 - this interpreter
        [sys.executable, *start, *words],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        cwd=folder,
        env=environment(folder) | variables,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def close_console(process: Any) -> list[str]:
    """Close it; returns what the program printed from then on."""
    process.stdin.write("close\n")
    process.stdin.flush()
    # Counted is the processor's time that one gets who always wants it: on a busy machine it goes
    # as slowly for the program that is to end.
    begun_s, limit_s = time.thread_time(), time.monotonic() + HANGS_AFTER_S
    while process.poll() is None:
        assert time.thread_time() - begun_s < WINDOWS_PATIENCE_S
        assert time.monotonic() < limit_s
    rest: str = process.stdout.read()
    assert process.returncode == EXIT_STATUS, process.stderr.read()
    return rest.splitlines()


def test_a_closed_console_ends_record_when_all_is_stored_and_not_before(tmp_path: Path) -> None:
    database = tmp_path / "x.sqlite3"
    with ScriptedExchange() as exchange:
        addresses = ("--ws-url", exchange.ws_url, "--rest-url", exchange.rest_url)
        words = ("record", *addresses, "--db", str(database))
        with program(tmp_path, *words, code=CLOSED_CONSOLE) as process:
            assert "recording BTCUSDT" in process.stdout.readline()
            eventually(lambda: exchange.served)
            for _ in range(40):
                exchange.liquidate()
            exchange.ping()  # all have arrived
            lines = close_console(process)
    assert "writes: False" in lines
    assert "took what is Python's" not in lines
    assert read_status(database)["events"] == 40


def test_a_closed_console_ends_the_window_when_all_is_closed(tmp_path: Path) -> None:
    words = ("--source", "demo", "--screenshot", "demo.png", "--db", "x.sqlite3")
    flags = {"QT_QPA_PLATFORM": "offscreen", "QTWEBENGINE_CHROMIUM_FLAGS": "--no-sandbox"}
    with program(tmp_path, *words, code=CLOSED_CONSOLE, **flags) as process:
        assert "offscreen" in process.stdout.readline()
        eventually(lambda: is_written(tmp_path / "x.sqlite3"), limit_s=HANGS_AFTER_S)
        lines = close_console(process)
    assert "writes: False" in lines
    assert (tmp_path / "demo.png").read_bytes().startswith(b"\x89PNG")


@posix_only
@pytest.mark.parametrize("name", ["SIGHUP", "SIGINT", "SIGTERM"])
def test_every_signal_ends_the_window_in_order(name: str, tmp_path: Path) -> None:
    words = ("--source", "demo", "--screenshot", "demo.png", "--db", "x.sqlite3")
    with program(tmp_path, *words) as process:
        assert "offscreen" in process.stdout.readline()
        eventually(lambda: is_written(tmp_path / "x.sqlite3"), limit_s=HANGS_AFTER_S)
        process.send_signal(getattr(signal, name))
        assert process.wait(timeout=HANGS_AFTER_S) == 0, process.stderr.read()
    assert not is_written(tmp_path / "x.sqlite3")
    assert (tmp_path / "demo.png").read_bytes().startswith(b"\x89PNG")


def is_written(database: Path) -> bool:
    try:
        return bool(read_status(database)["writer"]["active"])
    except StorageError:
        return False
