"""The command line as a user meets it: real processes, exit codes, one clear line for bad input."""

import json
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from Heatmap.domain.events import DataKind
from Heatmap.errors import StorageError
from Heatmap.storage.sqlite.status import read_status
from Heatmap.storage.sqlite_store import SqliteStore
from Heatmap.tests.behaviour.command_line import assert_one_line, environment
from Heatmap.tests.behaviour.memory_sink import eventually
from Heatmap.tests.systems import linux_only, posix_only


def messages_file(directory: Path, text: str) -> Path:
    path = directory / "messages.jsonl"
    path.write_text(text)
    return path


KLINES = "open_time,open,high,low,close,volume,quote_volume,trades\n" + "".join(
    f"{1733360400000 + 60000 * minute},100,101,99,100,1,100,1\n" for minute in range(120)
)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("--symbol", "all"), ("--symbol", "record")),
        (("--window", "9h"), ("window", "2h", "9h")),
        (("--opacity", "2"), ("opacity", "0 to 1")),
        (("--source", "moon"), ("moon", "demo")),
        (("--exit-after", "-1"), ("--exit-after", "-1")),
        (("--exit-after", "abc"), ("--exit-after", "abc", "seconds")),
        (("--opacity", "abc"), ("opacity", "0 to 1", "abc")),
        (("--screenshot", "x.txt"), (".png", "x.txt")),
        (("--source", "demo", "--symbol", "ETHUSDT"), ("BTCUSDT", "ETHUSDT")),
        (("--source", "demo", "--ws-url", "ws://x"), ("demo",)),
        (("--speed", "60"), ("--replay",)),
        (("--candles-market", "spot"), ("--candles-market", "--replay")),
        (("--candles-market", "moon"), ("futures", "spot", "moon")),
        (("--ws-url", "foo"), ("wss://", "foo")),
        (("--rest-url", "ftp://x"), ("https://", "ftp")),
        (("--db", ""), ("file name",)),
        (("--speed", "1000"), ("0.1 to 600",)),
        (("--replay", "x.jsonl"), ("--candles", "--from")),
        (("record", "--symbol", "BTC/USDT"), ("BTC/USDT", "BTCUSDT")),
        (("record", "--retention-days", "0"), ("retention_days", "1 to 3650")),
        (("record", "--confirm-retention", "-1"), ("--confirm-retention",)),
        (("record", "--confirm-retention", "many"), ("--confirm-retention", "whole", "many")),
        (("record", "--confirm-retention"), ("--confirm-retention",)),
        (("doctor", "--seconds", "0"), ("--seconds", "0")),
        (("doctor", "--ws-url", "https://x.example"), ("--ws-url", "wss://")),
        (("doctor", "--rest-url", "x.example"), ("--rest-url", "https://")),
        (("doctor", "--symbol", "BTCUSDT,ETHUSDT"), ("--symbol", "one symbol")),
    ],
)
def test_bad_words_give_one_line_and_exit_code_2(
    words: tuple[str, ...],
    expected: tuple[str, ...],
    here: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    assert_one_line(here(*words), *expected)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("--bogus",), ("--bogus",)),
        (("--source", "live", "--db", "missing/x.sqlite3"), ("missing",)),
        (("record", "--db", "missing/x.sqlite3"), ("missing",)),
        (("record", "surplus"), ("surplus",)),
        (("status", "--db", "missing.sqlite3"), ("missing.sqlite3",)),
        (("doctor", "surplus"), ("surplus",)),
        (("--screenshot", "missing/x.png"), ("missing/x.png",)),
    ],
)
def test_each_command_as_a_program_ends_so(
    words: tuple[str, ...],
    expected: tuple[str, ...],
    run: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    assert_one_line(run(*words), *expected)


def test_a_file_that_is_no_database_is_left_as_it_is(
    run: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("these are my notes, not a database\n" * 40)
    before = path.read_bytes()
    for words in (("--source", "demo"), ("record",), ("status",)):
        assert_one_line(run(*words, "--db", str(path)), "notes.txt")
    assert path.read_bytes() == before
    assert sorted(child.name for child in tmp_path.iterdir() if child.is_file()) == ["notes.txt"]


def test_a_database_of_another_kind_or_of_a_newer_version_is_refused(
    run: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    path = tmp_path / "x.sqlite3"
    SqliteStore(path, DataKind.SIMULATED).close()
    assert_one_line(run("record", "--db", str(path)), "simulated", "live")
    assert_one_line(run("--source", "live", "--db", str(path)), "simulated", "live")
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 999")
    connection.close()
    before = path.read_bytes()
    assert_one_line(run("--source", "demo", "--db", str(path)), "999")
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("messages", "candles", "start", "expected"),
    [
        ("", KLINES, "2024-12-05T01:10:00Z", "messages.jsonl"),
        ("{}\n", KLINES, "2024-12-05T01:10:00Z", "line 1"),
        ("not json\n", KLINES, "2024-12-05T01:10:00Z", "line 1"),
        (None, "open_time\n1\n", "2024-12-05T01:10:00Z", "klines.csv"),
        (None, KLINES, "yesterday", "yesterday"),
        (None, KLINES, "2020-01-01T00:00:00Z", "2020"),
    ],
)
def test_a_recording_that_cannot_be_replayed_is_refused_by_file_and_line(
    messages: str | None,
    candles: str,
    start: str,
    expected: str,
    here: Callable[..., subprocess.CompletedProcess[str]],
    tmp_path: Path,
) -> None:
    order = {
        "s": "BTCUSDT",
        "S": "SELL",
        "o": "LIMIT",
        "f": "IOC",
        "q": "0.1",
        "p": "99",
        "ap": "100",
    }
    order |= {"X": "FILLED", "l": "0.1", "z": "0.1", "T": 1733360500000}
    good = json.dumps({"e": "forceOrder", "E": 1733360500001, "o": order}) + "\n"
    path = messages_file(tmp_path, good if messages is None else messages)
    klines = tmp_path / "klines.csv"
    klines.write_text(candles)
    words = ("--replay", str(path), "--candles", str(klines), "--from", start)
    assert_one_line(here(*words), expected)
    assert not list(tmp_path.glob("**/*.sqlite3"))


def test_record_status_and_doctor_load_neither_qt_nor_numpy(tmp_path: Path) -> None:
    code = (
        "import sys\n"
        "from Heatmap.__main__ import main\n"
        "main(['status', '--db', 'missing.sqlite3'])\n"
        "main(['record', '--db', 'missing/x.sqlite3'])\n"
        "nowhere = ['--ws-url', 'ws://127.0.0.1:9', '--rest-url', 'http://127.0.0.1:9']\n"
        "main(['doctor', '--db', 'x.sqlite3', *nowhere])\n"
        "import Heatmap.ingestion.recorder.recorder, Heatmap.storage.sqlite_store\n"
        "bad = [m for m in sys.modules if m.split('.')[0] in ('PyQt6', 'numpy', 'qasync')]\n"
        "sys.exit(', '.join(bad) or None)\n"
    )
    done = subprocess.run(  # noqa: S603 - this interpreter
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        env=environment(tmp_path),
    )
    assert done.returncode == 0, done.stderr


@posix_only
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_record_ends_on_a_signal_with_everything_closed(number: int, tmp_path: Path) -> None:
    database = tmp_path / "x.sqlite3"
    # A port on which nobody listens: the recorder tries, and must end all the same.
    words = ("record", "--db", str(database), "--ws-url", "ws://127.0.0.1:9", "--rest-url")
    with subprocess.Popen(  # noqa: S603 - this interpreter
        [sys.executable, "-m", "Heatmap", *words, "http://127.0.0.1:9"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
        env=environment(tmp_path),
    ) as process:
        assert process.stdout is not None
        assert "recording BTCUSDT" in process.stdout.readline()
        process.send_signal(number)
        assert process.wait(timeout=20) == 0
    with SqliteStore(database, DataKind.LIVE) as store:
        assert store.kind is DataKind.LIVE


@pytest.mark.parametrize(
    ("words", "missing"), [(("record",), "websockets"), ((), "PyQt6"), (("clusters",), "numpy")]
)
def test_the_wrong_python_is_named_in_one_line(
    words: tuple[str, ...], missing: str, tmp_path: Path
) -> None:
    # A package that is not there: the system's Python, instead of the virtual environment's.
    code = (
        f"import sys; sys.modules[{missing!r}] = None\n"
        "from Heatmap.__main__ import main; sys.exit(main(sys.argv[1:]))\n"
    )
    done = subprocess.run(  # noqa: S603 - this interpreter
        [sys.executable, "-c", code, *words],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        env=environment(tmp_path),
    )
    assert_one_line(done, missing, sys.executable)


@contextmanager
def recording(tmp_path: Path, *before: str, stdout: Any = subprocess.PIPE) -> Iterator[Any]:
    """Run ``record`` against a port on which nobody listens; `before` starts it where given."""
    words = ["record", "--db", str(tmp_path / "x.sqlite3"), "--ws-url", "ws://127.0.0.1:9"]
    command = [sys.executable, "-m", "Heatmap", *words, "--rest-url", "http://127.0.0.1:9"]
    with subprocess.Popen(  # noqa: S603 - this interpreter
        [*before, *command],
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
        env=environment(tmp_path),
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def assert_goes_on_and_ends_in_order(process: Any) -> None:
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(timeout=1)
    process.terminate()  # on POSIX, where this is used, by SIGTERM
    assert process.wait(timeout=20) == 0
    assert "Traceback" not in process.stderr.read()


def opened(tmp_path: Path) -> bool:
    try:
        return bool(read_status(tmp_path / "x.sqlite3")["writer"]["active"])
    except StorageError:
        return False


@linux_only
def test_record_goes_on_when_its_output_cannot_be_written(tmp_path: Path) -> None:
    with Path("/dev/full").open("w") as full, recording(tmp_path, stdout=full) as process:
        eventually(lambda: opened(tmp_path), limit_s=60)
        # It says that it records, and then why it is blind.
        assert_goes_on_and_ends_in_order(process)


@posix_only
def test_record_goes_on_when_nobody_reads_its_output(tmp_path: Path) -> None:
    with recording(tmp_path) as process:
        assert "recording BTCUSDT" in process.stdout.readline()
        process.stdout.close()
        # It says that it is blind, or at the latest how it ended, and finds nobody.
        assert_goes_on_and_ends_in_order(process)


@posix_only
@pytest.mark.parametrize("number", ["SIGHUP", "SIGINT"])
def test_record_ignores_what_it_was_started_to_ignore(number: str, tmp_path: Path) -> None:
    # As `nohup` and a shell's `&` do.
    starter = (
        "import os, signal, sys\n"
        f"signal.signal(signal.{number}, signal.SIG_IGN)\n"
        "os.execv(sys.argv[1], sys.argv[1:])\n"
    )
    with recording(tmp_path, sys.executable, "-c", starter) as process:
        assert "recording BTCUSDT" in process.stdout.readline()
        process.send_signal(getattr(signal, number))
        assert_goes_on_and_ends_in_order(process)


def test_status_is_json_about_the_database(
    run: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    path = tmp_path / "x.sqlite3"
    with SqliteStore(path, DataKind.LIVE) as store:
        store.extend_coverage("BTCUSDT", 1_000, 61_000, proven=True)
        active = json.loads(run("status", "--db", str(path)).stdout)
    idle = json.loads(run("status", "--db", str(path)).stdout)
    assert active["writer"] == {"active": True}
    assert idle["writer"] == {"active": False}
    assert idle["events"] == 0
    assert idle["symbols"]["BTCUSDT"]["coverage"]["proven_ms"] == 60_000


def test_the_demonstration_ends_by_itself_with_a_picture(
    run: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    done = run("--source", "demo", "--screenshot", "demo.png", "--exit-after", "2")
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert "offscreen" in done.stdout
    assert "SIMULATED" in done.stdout
    assert (tmp_path / "demo.png").read_bytes().startswith(b"\x89PNG")


def test_without_binance_the_simulated_market_is_shown_and_the_recorder_keeps_trying(
    run: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    urls = ("--ws-url", "ws://127.0.0.1:9", "--rest-url", "http://127.0.0.1:9")
    done = run("--db", "x.sqlite3", "--exit-after", "1", *urls)
    assert done.returncode == 0, done.stderr
    assert "SIMULATED" in done.stdout
    kinds = {
        name: json.loads(run("status", "--db", name).stdout)["kind"]
        for name in ("x.sqlite3", "x-simulated.sqlite3")
    }
    assert kinds == {"x.sqlite3": "live", "x-simulated.sqlite3": "simulated"}
    assert (tmp_path / "heatmap.png").is_file()
