"""``--log-file`` and ``--log-json``, for every command."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from Heatmap.commands.log_output import KEPT_FILES, LARGEST_FILE_BYTES
from Heatmap.domain.events import DataKind
from Heatmap.storage.store import open_store
from Heatmap.tests.behaviour.command_line import assert_one_line, environment

Here = Callable[..., "subprocess.CompletedProcess[str]"]
COMMANDS = (
    ("--source", "demo"),
    ("record",),
    ("serve", "--source", "demo"),
    ("status",),
    ("clusters",),
    ("levels", "show"),
    ("history", "status"),
    ("doctor",),
)
LOGGING = (
    "import argparse, logging, sys\n"
    "from Heatmap.commands.log_output import start_log\n"
    "start_log(argparse.Namespace(log_file=sys.argv[1], log_json=len(sys.argv) > 2))\n"
    "other = logging.getLogger('some.library')\n"
    "other.info('begun')\n"
    "try:\n"
    "    raise ValueError('http://user:SECRET@host\\x1b[2J')\n"
    "except ValueError:\n"
    "    other.exception('stopped\\n%s', 'token=SECRET')\n"
)


def log(directory: Path, *words: str) -> str:
    """Log a little in a process of its own; returns what came on stderr."""
    done = subprocess.run(  # noqa: S603 - this interpreter
        [sys.executable, "-c", LOGGING, *words],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
        cwd=directory,
        env=environment(directory),
    )
    return done.stderr


@pytest.mark.parametrize("words", COMMANDS, ids=lambda words: words[0])
def test_a_log_file_that_cannot_be_written_is_one_line(here: Here, words: tuple[str, ...]) -> None:
    assert_one_line(here(*words, "--log-file", "missing/x.log"), "--log-file", "missing/x.log")


def test_a_database_is_no_log_file(here: Here, tmp_path: Path) -> None:
    path = tmp_path / "x.sqlite3"
    words = ("--log-file", "x.sqlite3")
    # Not there yet: nothing makes it a log.
    assert_one_line(here("record", "--db", str(path), *words), "x.sqlite3", "database")
    assert not path.exists()
    open_store(path).open_writer(DataKind.LIVE).close()
    before = path.read_bytes()
    assert_one_line(here("status", *words), "x.sqlite3", "database")
    assert path.read_bytes() == before


def test_what_any_library_logs_is_a_json_object_a_line_without_secrets(tmp_path: Path) -> None:
    shown = log(tmp_path, "x.log", "json")
    lines = [json.loads(line) for line in (tmp_path / "x.log").read_text("utf-8").splitlines()]
    assert [one["message"] for one in lines] == ["begun", r"stopped\ntoken=***"]
    assert [one["level"] for one in lines] == ["INFO", "ERROR"]
    assert {one["logger"] for one in lines} == {"some.library"}
    assert lines[1]["traceback"].endswith(r"ValueError: http://***@host\x1b[2J")
    # What is in order is for the file.
    assert [json.loads(line) for line in shown.splitlines()] == lines[1:]


def test_a_file_that_is_full_is_kept_beside_a_new_one_and_the_oldest_goes(tmp_path: Path) -> None:
    path = tmp_path / "x.log"
    path.write_bytes(b"0" * LARGEST_FILE_BYTES)
    for number in range(1, KEPT_FILES + 1):
        path.with_name(f"x.log.{number}").write_text(str(number))
    log(tmp_path, "x.log")
    assert path.read_text("utf-8").splitlines()[0].endswith("INFO some.library: begun")
    assert path.with_name("x.log.1").stat().st_size == LARGEST_FILE_BYTES
    kept = [path.with_name(f"x.log.{number}") for number in range(2, KEPT_FILES + 1)]
    assert [one.read_text() for one in kept] == ["1", "2", "3", "4"]
    assert len(list(tmp_path.glob("x.log*"))) == 1 + KEPT_FILES


@pytest.mark.skipif(os.name != "posix", reason="Windows has no /dev/full")
def test_a_disk_that_is_full_is_told_once_and_the_program_goes_on(tmp_path: Path) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("there is no /dev/full")
    shown = log(tmp_path, "/dev/full")
    assert shown.count("the log file is incomplete") == 1
    assert "Traceback (most" not in shown.split("incomplete")[0]


@pytest.mark.skipif(os.name != "posix", reason="Windows has no such signal")
def test_the_file_has_what_record_says_and_stderr_does_not_repeat_it(tmp_path: Path) -> None:
    words = ["record", "--db", "x.sqlite3", "--log-file", "x.log", "--log-json"]
    words += ["--ws-url", "ws://user:SECRET@127.0.0.1:9", "--rest-url", "http://127.0.0.1:9"]
    with subprocess.Popen(  # noqa: S603 - this interpreter
        [sys.executable, "-m", "Heatmap", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
        env=environment(tmp_path) | {"HEATMAP_LOG": "INFO"},
    ) as process:
        assert process.stdout is not None
        said = next(line for line in process.stdout if line.startswith("blind: "))
        process.send_signal(signal.SIGTERM)
        rest, shown = process.communicate(timeout=30)
    lines = [json.loads(line) for line in (tmp_path / "x.log").read_text("utf-8").splitlines()]
    told = [one["message"] for one in lines if one["logger"] == "Heatmap.said"]
    assert told[0] == "recording BTCUSDT into x.sqlite3"
    assert said.strip() in told
    assert rest.splitlines()[-1] == told[-1]
    assert "Heatmap.said" not in shown
    assert "SECRET" not in shown + (tmp_path / "x.log").read_text("utf-8")
