"""``python -m Heatmap levels``: tables, JSON and a report from a database, and a file of a fit."""

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from Heatmap.tests.stored_market import made_candles, made_events, store_market

Run = Callable[..., subprocess.CompletedProcess[str]]
Process = Run
FORBIDDEN = re.compile(r"accura|confiden", re.IGNORECASE)


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("levels") / "heatmap.sqlite3"
    candles = made_candles(1440)
    store_market(path, candles, made_events(candles, 2.0))
    return path


def asked(run: Run, database: Path, *words: str) -> Any:
    done = run("levels", words[0], "--db", str(database), "--json", *words[1:])
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    # JSON has no NaN.
    return json.loads(done.stdout, parse_constant=pytest.fail)


@pytest.mark.parametrize(
    "model",
    ["calibrated", "binance_standard", "funding_adjusted", "py_liquidation_map", "ensemble"],
)
def test_what_stands_is_shown(here: Run, database: Path, model: str) -> None:
    answer = asked(here, database, "show", "--model", model)
    assert (answer["symbol"], answer["model"], answer["candles"]) == ("BTCUSDT", model, 1440)
    price = answer["price_usd"]
    assert len(answer["levels"]) > 50
    for level in answer["levels"]:
        assert level["expected_usd"] > 0
        below = level["low_usd"] < price
        assert below if level["side"] == "longs" else level["high_usd"] > price
    done = here("levels", "show", "--db", str(database), "--model", model, "--rows", "5")
    assert done.returncode == 0
    words = "lower bound" if model in ("calibrated", "ensemble") else "open positions"
    assert words in done.stdout
    assert not FORBIDDEN.search(done.stdout)


def test_a_time_is_shown_as_it_was_known_then(here: Run, database: Path) -> None:
    now = asked(here, database, "show")
    moment = "2026-09-21T18:00:00Z"
    then = asked(here, database, "show", "--at", moment)
    assert then["at_ms"] < now["at_ms"]
    assert then["candles_until_ms"] <= then["at_ms"]
    assert then["candles"] < now["candles"]


def test_a_fit_is_kept_and_used_from_then_on(here: Run, database: Path) -> None:
    before = asked(here, database, "show")
    assert before["is_provisional"]
    fit = asked(here, database, "fit")
    assert fit["result"] == "taken"
    assert (Path(fit["folder"]) / fit["file"]).is_file()
    after = asked(here, database, "show")
    assert not after["is_provisional"]
    assert after["fit"] == fit["fit"]["name"]
    again = here("levels", "fit", "--db", str(database))
    assert "too little is new" in again.stdout
    ensemble = asked(here, database, "show", "--model", "ensemble")
    assert ensemble["fit"] == fit["ensemble"]["name"]
    assert ensemble["score"] == fit["ensemble"]["score"]
    assert not ensemble["is_provisional"]
    assert "no price" in here("levels", "show", "--db", str(database), "--model", "ensemble").stdout
    assert len(list(Path(fit["folder"]).iterdir())) == 2
    for path in Path(fit["folder"]).iterdir():
        path.unlink()


def test_scores_and_the_report_say_what_came(here: Run, database: Path, tmp_path: Path) -> None:
    answer = asked(here, database, "score")
    assert [one["held_out"] for one in answer["scores"]] == ["groups of hours", "walk forward"]
    names = [one["name"] for one in answer["scores"][0]["models"]]
    assert {"distance only", "levels", "price path", "five leverages alike"} <= set(names)
    report = tmp_path / "report.md"
    done = here("levels", "score", "--db", str(database), "--report", str(report))
    assert done.returncode == 0, done.stderr
    text = report.read_text("utf-8")
    for words in ("what was expected and what came", "distance only", "lower bound", "| levels |"):
        assert words in text
    assert not FORBIDDEN.search(text)
    table = here("levels", "score", "--db", str(database)).stdout
    assert "over distance only" in table
    assert not FORBIDDEN.search(table)


def test_brackets_are_shown_and_checked(here: Run, database: Path) -> None:
    table = asked(here, database, "brackets")["table"]
    assert table["brackets"][0]["rate"] == 0.004
    checked = asked(here, database, "brackets", "--check")
    assert checked["tables"][0]["error_bp"] <= checked["tables"][-1]["error_bp"]
    assert "fits best" in here("levels", "brackets", "--check", "--db", str(database)).stdout
    flat = here("levels", "brackets", "--db", str(database), "--symbol", "ETHUSDT")
    assert "is used for all sizes" in flat.stdout


def test_nothing_recorded_is_said_and_nothing_invented(here: Run, database: Path) -> None:
    answer = asked(here, database, "show", "--symbol", "ETHUSDT")
    assert (answer["levels"], answer["price_usd"]) == ([], None)
    assert "no candles" in {note["kind"] for note in answer["notes"]}
    for words in (("fit",), ("score",)):
        done = here("levels", *words, "--db", str(database), "--symbol", "ETHUSDT")
        assert done.returncode == 1
        assert "no candles of this symbol are stored" in done.stdout
    missing = here("levels", "show", "--db", str(database.with_name("none.sqlite3")))
    assert missing.returncode == 2
    assert missing.stderr.count("\n") == 1
    for words in (("show", "--days", "0"), ("show", "--model", "x"), ("show", "--at", "x"), ()):
        assert here("levels", *words).returncode == 2


def test_it_is_a_command_of_its_own(run: Process, database: Path) -> None:
    done = run("levels", "show", "--db", str(database))
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert "as of" in done.stdout
