"""What the programs print reaches any console and any pipe, whatever characters these know."""

import errno
import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from Heatmap.commands.arguments import say
from Heatmap.domain.events import DataKind
from Heatmap.storage.sqlite_store import SqliteStore
from Heatmap.tests.behaviour.command_line import environment
from Heatmap.tests.behaviour.memory_sink import eventually
from Heatmap.tests.systems import posix_only

# None of the encodings knows all of these, and ASCII knows none.
NAME = "币安人生 ≥ ↔ → Jörg"
SYMBOL = "币安人生USDT"
NOWHERE = ("--ws-url", "ws://127.0.0.1:9", "--rest-url", "http://127.0.0.1:9")
ENCODINGS = ("cp1252", "cp437", "cp850", "ascii")


@pytest.fixture
def database(tmp_path: Path) -> Path:
    folder = tmp_path / NAME
    folder.mkdir()
    return folder / f"{NAME}.sqlite3"


def call(folder: Path, encoding: str, *words: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(  # noqa: S603 - this interpreter
        [sys.executable, *words],
        capture_output=True,
        timeout=60,
        check=False,
        cwd=folder,
        env=environment(folder) | {"PYTHONIOENCODING": f"{encoding}:strict", "PYTHONUTF8": "0"},
    )


def shown(text: str, encoding: str) -> str:
    """Return `text` as it comes out: what the encoding lacks is spelt by its number."""
    return text.encode(encoding, "backslashreplace").decode(encoding)


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_names_that_the_console_does_not_have_are_spelt(
    encoding: str, tmp_path: Path, database: Path
) -> None:
    missing = ("--db", str(database))
    for words in (("status", *missing), ("clusters", *missing), ("--theme", NAME)):
        done = call(tmp_path, encoding, "-m", "Heatmap", *words)
        lines = done.stderr.decode(encoding).splitlines()
        assert (done.returncode, done.stdout, len(lines)) == (2, b"", 1)
        assert shown(NAME, encoding) in lines[0]


@pytest.mark.parametrize("encoding", ["utf-8", *ENCODINGS])
@pytest.mark.parametrize("command", ["status", "doctor", "levels"])
def test_names_in_json_are_readable_where_that_can_be_and_json_everywhere(
    encoding: str, command: str, tmp_path: Path, database: Path
) -> None:
    with SqliteStore(database, DataKind.LIVE):
        words, name = {
            "status": (("status",), NAME),
            "doctor": (("doctor", "--json", *NOWHERE), NAME),
            "levels": (("levels", "brackets", "--check", "--json", "--symbol", SYMBOL), SYMBOL),
        }[command]
        done = call(tmp_path, encoding, "-m", "Heatmap", *words, "--db", str(database))
    text = done.stdout.decode(encoding)
    assert name in repr(json.loads(text))
    assert (name in text) == (encoding == "utf-8")


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_the_doctor_says_all_in_any_encoding(encoding: str, tmp_path: Path, database: Path) -> None:
    with SqliteStore(database, DataKind.LIVE):
        words = ("doctor", *NOWHERE, "--db", str(database))
        done = call(tmp_path, encoding, "-m", "Heatmap", *words)
    assert done.returncode == 1
    assert done.stderr == b""
    assert shown(NAME, encoding) in done.stdout.decode(encoding)


@contextmanager
def running(folder: Path, encoding: str, *words: str) -> Iterator[Any]:
    with subprocess.Popen(  # noqa: S603 - this interpreter
        [sys.executable, *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=folder,
        env=environment(folder) | {"PYTHONIOENCODING": f"{encoding}:strict", "PYTHONUTF8": "0"},
    ) as process:
        try:
            yield process
        finally:
            process.kill()


@posix_only
def test_record_says_where_it_records_in_any_encoding(tmp_path: Path, database: Path) -> None:
    words = ("-m", "Heatmap", "record", *NOWHERE, "--db", str(database))
    with running(tmp_path, "cp1252", *words) as process:
        line = process.stdout.readline().decode("cp1252")
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=20) == 0
    assert "recording BTCUSDT" in line
    assert shown(NAME, "cp1252") in line


def test_the_window_says_where_its_picture_is_in_any_encoding(tmp_path: Path) -> None:
    picture = tmp_path / f"{NAME}.png"
    words = ("-m", "Heatmap", "--source", "demo", "--screenshot", str(picture), "--exit-after", "1")
    done = call(tmp_path, "cp437", *words)
    assert (done.returncode, done.stderr) == (0, b"")
    assert shown(picture.name, "cp437") in done.stdout.decode("cp437")
    assert picture.read_bytes().startswith(b"\x89PNG")


@posix_only
def test_a_picture_that_cannot_be_replaced_now_is_said_and_tried_again(tmp_path: Path) -> None:
    code = (
        "import sys\n"
        "from Heatmap.standalone import application\n"
        "from Heatmap.__main__ import main\n"
        "application.STATUS_LINE_PERIOD_S = 0.2\n"
        "sys.exit(main(['--source', 'demo', '--screenshot', 'x.png']))\n"
    )
    picture = tmp_path / "x.png"
    with running(tmp_path, "utf-8", "-c", code) as process:
        eventually(picture.is_file, limit_s=30)
        # As hard to replace as one that a viewer holds on Windows.
        while not picture.is_dir():
            picture.unlink(missing_ok=True)
            with suppress(FileExistsError):
                picture.mkdir()
        while b"cannot be written" not in (line := process.stdout.readline()):
            assert line, process.stderr.read()
        picture.rmdir()
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=30) == 0, process.stderr.read()
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_the_example_prints_a_contract_that_the_console_cannot(tmp_path: Path) -> None:
    code = (
        "import sys\n"
        "from Heatmap.examples import live_clusters\n"
        "def show(heatmap, symbol):\n"
        "    print('\u5e01\u5b89', flush=True)\n"
        "    raise KeyboardInterrupt\n"
        "live_clusters.show = show\n"
        "live_clusters.main()\n"
    )
    words = ("-c", code, "--db", "x.sqlite3", "--seconds", "0.1", *NOWHERE)
    done = call(tmp_path, "cp1252", *words)
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"\\u5e01\\u5b89" in done.stdout


@pytest.mark.parametrize("words", [("status", "--db", "x.sqlite3"), ("--version",), ("--bogus",)])
def test_without_any_console_nothing_breaks(words: tuple[str, ...], tmp_path: Path) -> None:
    # As `pythonw` starts it.
    with SqliteStore(tmp_path / "x.sqlite3", DataKind.LIVE):
        code = (
            "import os, sys\n"
            "sys.stdout = sys.stderr = None\n"
            "from Heatmap.__main__ import main\n"
            "try:\n"
            "    code = main(sys.argv[1:])\n"
            "except SystemExit as end:\n"
            "    code = end.code\n"
            "except BaseException:\n"
            "    code = 99\n"
            "os._exit(code)\n"
        )
        done = call(tmp_path, "utf-8", "-c", code, *words)
    assert done.returncode == (2 if words == ("--bogus",) else 0)


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_line_is_printed_also_where_nobody_prepared_for_it(
    encoding: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding, errors="strict"))
    say(NAME)
    assert raw.getvalue().decode(encoding).splitlines() == [shown(NAME, encoding)]


def test_a_reader_that_has_gone_is_the_same_under_both_names(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Gone:
        def __init__(self, number: int) -> None:
            self.number = number

        def write(self, _text: str) -> int:
            raise OSError(self.number, os.strerror(self.number))

    for number in (errno.EPIPE, errno.EINVAL):  # POSIX, Windows
        monkeypatch.setattr(sys, "stdout", Gone(number))
        with pytest.raises(BrokenPipeError):
            say("text")
    monkeypatch.setattr(sys, "stdout", Gone(errno.ENOSPC))
    with pytest.raises(OSError, match="space"):
        say("text")
