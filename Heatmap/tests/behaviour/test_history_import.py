"""``history import`` as a user calls it: killed, on a full disk, twice at once, with bad input."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from Heatmap.__main__ import main
from Heatmap.history.datasets import AGG_TRADES
from Heatmap.history.import_lock import ImportLock
from Heatmap.history.ready_days import MOST_DAYS
from Heatmap.history.store_layout import history_folder
from Heatmap.tests.archive_files import (
    DAY,
    SYMBOL,
    agg_rows,
    place,
    write_agg_days,
    write_checksum,
    write_csv,
)
from Heatmap.tests.behaviour.command_line import assert_one_line, environment

Run = Callable[..., subprocess.CompletedProcess[str]]
PROGRAM = Path(__file__).with_name("history_kill_program.py")
posix_only = pytest.mark.skipif(os.name == "nt", reason="needs fork and limits of files")
KEPT = {"import.lock", "manifest.sqlite3", "agg_trades", "minute_profile"}


def program(what: str, archive: Path, work: Path, number: int) -> dict[str, Any]:
    done = subprocess.run(  # noqa: S603 - this interpreter
        [sys.executable, str(PROGRAM), what, str(archive), str(work), str(number)],
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
        env=environment(work),
    )
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


@posix_only
def test_20_kills_leave_nothing_half_and_it_goes_on(tmp_path: Path) -> None:
    # More than are put into the store together.
    write_agg_days(tmp_path / "archive", 2 * MOST_DAYS + 4, 60)
    found = program("kill", tmp_path / "archive", tmp_path, 20)
    assert found["kills"] == 20
    assert found["partial"] > 5  # they hit the import, and not only its begin
    assert (found["files"], found["code"], found["same"]) == (4 * MOST_DAYS + 8, 0, True)
    assert KEPT.issuperset(found["left"])


@posix_only
def test_a_full_disk_leaves_what_is_whole_and_it_goes_on(tmp_path: Path) -> None:
    archive = tmp_path / "archive"
    # Plain CSV is read where it is: what finds no room is the engine's file.
    for number, rows in enumerate((200, 20_000, 200)):
        day = DAY + timedelta(days=number)
        lines = agg_rows(rows, day, first_id=1 + number * 20_000)
        write_csv(place(archive, AGG_TRADES, day).with_suffix(".csv"), lines)
    found = program("fill", archive, tmp_path, 60_000)
    assert found["code"] == 3
    assert found["during"] == 2  # of the first day
    assert KEPT.issuperset(found["left"])
    assert (found["again"], found["files"], found["same"]) == (0, 6, True)


def test_a_second_import_says_who_holds_the_store(tmp_path: Path, run: Run) -> None:
    write_agg_days(tmp_path / "archive", 1, 20)
    words = ("--data-dir", str(tmp_path / "archive"), "--store", str(tmp_path))
    history_folder(tmp_path).mkdir()
    with ImportLock(tmp_path):
        assert_one_line(run("history", "import", *words), f"process {os.getpid()}", "--store")
        status = json.loads(run("history", "status", "--store", str(tmp_path)).stdout)
        assert status["importing"]["process"] == os.getpid()
    assert run("history", "import", *words).returncode == 0


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--start-date", "2025-13-01"), "2025-01-31"),
        (("--start-date", "2025-01-05", "--end-date", "2025-01-04"), "--end-date"),
        (("--start-date", "2026-01-01"), "2026-01-01"),
        (("--symbol", "ETHUSDT"), "BTCUSDT"),
        (("--symbol", "not a symbol"), "--symbol"),
        (("--data-dir", "nowhere"), "nowhere"),
        (("--data-dir", "empty"), "history download"),
        (("--data-dir", "file"), "no directory"),
        (("--store", "file"), "file"),
        (("--datasets", "aggTrade"), "aggTrades"),
        (("--market", "cm", "--datasets", "aggTrades"), "--market"),
        (("--jobs", "0"), "--jobs"),
        (("--jobs", "9" * 5000), "--jobs"),
        (("--symbol", "bybit:BTCUSDT"), "Binance's"),
        (("--liquidations", "file"), "both"),
    ],
)
def test_bad_input_is_one_line_and_changes_nothing(
    tmp_path: Path,
    words: tuple[str, ...],
    told: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    write_agg_days(tmp_path / "archive", 1, 20)
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_text("kept")
    monkeypatch.chdir(tmp_path)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    options = {"--data-dir": "archive", "--store": "store"}
    options |= dict(zip(words[::2], words[1::2], strict=True))
    arguments = [word for pair in options.items() for word in pair]
    try:
        code = main(["history", "import", *arguments])
    except SystemExit as error:
        code = error.code
    output = capsys.readouterr()
    assert code == 2, output
    assert output.out == ""
    assert len(output.err.strip().splitlines()) == 1
    assert told in output.err
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before


def test_an_import_tells_as_json_what_became_of_each_file_and_what_it_left_alone(
    tmp_path: Path, run: Run
) -> None:
    paths = write_agg_days(tmp_path / "archive", 2, 20)
    write_checksum(paths[1], "0" * 64)
    odd = paths[0].with_name("BTCUSDT-aggTrades-2025-13-01.zip")
    odd.write_bytes(b"")
    words = ("--data-dir", str(tmp_path / "archive"), "--store", str(tmp_path))
    done = run("history", "import", *words, "--json")
    assert done.returncode == 1
    found = json.loads(done.stdout)
    assert [(one["result"], one["rows"], one["kind"]) for one in found["files"]] == [
        ("imported", 20, None),
        ("kept_out", 0, "checksum"),
    ]
    assert found["ignored"] == [str(odd)]
    assert str(odd) in run("history", "import", *words).stdout


def test_what_may_not_be_read_is_told(tmp_path: Path, run: Run) -> None:
    (path,) = write_agg_days(tmp_path / "archive", 1, 20)
    path.unlink()
    path.symlink_to(tmp_path / "gone")  # as root, whoever may read everything meets this one
    words = ("--data-dir", str(tmp_path / "archive"), "--store", str(tmp_path))
    assert_one_line(run("history", "import", *words), path.name)
    done = run("history", "check", *words, "--symbol", SYMBOL)
    assert done.returncode == 1
    assert json.loads(done.stdout)["faults"][0]["kind"] == "not_readable"


def test_without_duckdb_it_says_what_to_install(tmp_path: Path) -> None:
    write_agg_days(tmp_path / "archive", 1, 20)
    (tmp_path / "sitecustomize.py").write_text("import sys\nsys.modules['duckdb'] = None\n")
    kept = environment(tmp_path)
    kept["PYTHONPATH"] = f"{tmp_path}{os.pathsep}{kept['PYTHONPATH']}"

    def call(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(  # noqa: S603 - this interpreter
            [sys.executable, "-m", "Heatmap", "history", *words],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            env=kept,
        )

    words = ("--data-dir", str(tmp_path / "archive"), "--store", str(tmp_path))
    assert_one_line(call("import", *words), "pip install duckdb")
    assert not history_folder(tmp_path).exists()
    # What reads no rows needs none.
    assert call("check", *words).returncode == 0
    assert call("status", "--store", str(tmp_path)).returncode == 0
