"""Levels of imported history: equal to those of fetched candles, true about their origin."""

import json
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from Heatmap.__main__ import main
from Heatmap.domain.candles import DAY_MS, MINUTE_MS, Fetched, Series
from Heatmap.domain.events import DataKind
from Heatmap.domain.market_note import SPOT, MarketNote
from Heatmap.feeds.level_market import LevelStore, StoredMarket
from Heatmap.history.market_history import MarketHistory
from Heatmap.levels.models import LevelModel, ModelOptions
from Heatmap.levels.notes import NoteKind
from Heatmap.levels.predict import predict
from Heatmap.levels.taker_selection import TakerMode, TakerRule
from Heatmap.levels.yields import Volume
from Heatmap.service.candle_reads import read_history
from Heatmap.storage.store import open_store
from Heatmap.tests.history_files import (
    SYMBOL,
    HistoryFiles,
    Row,
    kline_rows,
    made_trades,
    metrics_row,
)
from Heatmap.tests.stored_market import START_MS, made_candles, made_events, store_market

COUNT, HALF = 1_440, 720
CANDLES = made_candles(COUNT)
MIDDLE_MS, END_MS = START_MS + HALF * MINUTE_MS, START_MS + COUNT * MINUTE_MS
SPAN_MS = 45 * DAY_MS
MODELS = [one.value for one in LevelModel]
Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Run the command line in this process."""

    def call(*words: str) -> subprocess.CompletedProcess[str]:
        try:
            status = main(words)
        except SystemExit as ended:
            status = int(ended.code or 0)
        told = capsys.readouterr()
        return subprocess.CompletedProcess(words, status, told.out, told.err)

    return call


@pytest.fixture(scope="module")
def fetched(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a database that has all of the day."""
    path = tmp_path_factory.mktemp("fetched") / "heatmap.sqlite3"
    store_market(path, CANDLES, made_events(CANDLES, 2.0)[-1_000:])
    return path


@pytest.fixture(scope="module")
def half(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a database that has the second half of the day; all of it was imported beside it."""
    path = tmp_path_factory.mktemp("half") / "heatmap.sqlite3"
    store_market(path, CANDLES[HALF:], [])
    HistoryFiles(path.parent).write_market(CANDLES)
    return path


def source(path: Path) -> LevelStore:
    return LevelStore.of(open_store(path), MarketHistory.beside(path))


def kinds(found: StoredMarket) -> dict[NoteKind, int]:
    return {note.kind: note.count for note in found.market.notes}


def asked(run: Run, path: Path, *words: str) -> Any:
    done = run("levels", words[0], "--db", str(path), "--json", *words[1:])
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads(done.stdout, parse_constant=pytest.fail)


# --- what was imported, beside what was fetched


@pytest.mark.parametrize("model", MODELS)
def test_levels_of_imported_and_of_fetched_candles_are_the_same(
    run: Run, fetched: Path, half: Path, model: str
) -> None:
    wanted = asked(run, fetched, "show", "--model", model)
    found = asked(run, half, "show", "--model", model)
    notes = [one for one in found.pop("notes") if one["kind"] != NoteKind.IMPORTED_CANDLES.value]
    assert notes == wanted.pop("notes")
    assert found == wanted
    assert len(found["levels"]) > 50


def test_what_was_recorded_counts_and_history_only_beside_it(fetched: Path, half: Path) -> None:
    # What was imported of recorded time is another writing of it, and is left out.
    files = HistoryFiles(half.parent)
    labels = range(-(-START_MS // 300_000) * 300_000, END_MS, 300_000)
    files.write("metrics", (metrics_row(at + 1_000, 5e9) for at in labels if at < MIDDLE_MS))
    wanted = source(fetched).read(SYMBOL, END_MS, SPAN_MS)
    found = source(half).read(SYMBOL, END_MS, SPAN_MS)
    np.testing.assert_array_equal(found.market.candles, wanted.market.candles)
    assert found.market.funding is not None
    assert wanted.market.funding is not None
    np.testing.assert_array_equal(found.market.funding, wanted.market.funding)
    assert found.market.open_interest is not None
    known = found.market.open_interest["known_ms"]
    assert (np.diff(known) > 290_000).all()
    assert kinds(found) == {NoteKind.IMPORTED_CANDLES: HALF}
    assert found.data.fetched == ((START_MS, END_MS),)


def test_candles_for_programs_reach_back_as_far(half: Path) -> None:
    found = read_history(source(half), SYMBOL, START_MS, END_MS + MINUTE_MS, MINUTE_MS)
    assert [(one.open_ms, one.close) for one in found.candles] == [
        (one.open_ms, one.close) for one in CANDLES
    ]
    assert found.fetched == ((START_MS, END_MS),)


# --- without a recording


def test_a_time_of_imported_days_is_shown_without_a_database(run: Run, tmp_path: Path) -> None:
    midnight_ms = int(datetime(2025, 1, 15, tzinfo=UTC).timestamp() * 1000)
    candles = made_candles(COUNT, start_ms=midnight_ms - HALF * MINUTE_MS)
    HistoryFiles(tmp_path).write_market(candles)
    where = ("--db", str(tmp_path / "none" / "heatmap.sqlite3"), "--store", str(tmp_path))
    shown = run("levels", "show", *where, "--at", "2025-01-15", "--json")
    levels = json.loads(shown.stdout)
    assert (levels["at_ms"], levels["candles"]) == (midnight_ms, HALF)
    assert levels["price_usd"] == pytest.approx(candles[HALF - 1].close)
    assert {one["kind"]: one["count"] for one in levels["notes"]}[
        NoteKind.IMPORTED_CANDLES.value
    ] == HALF
    # Without a time it is as of the last one that is known.
    told = run("levels", "show", *where).stdout
    assert "as of 2025-01-15 12:00 UTC" in told
    assert f"minutes from imported files: {COUNT}" in told
    assert not (tmp_path / "none").exists()
    # There is nothing to learn from without a recording, and that is said.
    done = run("levels", "fit", *where)
    assert (done.returncode, done.stderr) == (1, "")
    assert "nothing to learn from" in done.stdout


@pytest.mark.parametrize("model", ["calibrated", "ensemble"])
def test_before_the_shipped_fits_data_it_is_said_that_these_are_later(
    run: Run, tmp_path: Path, model: str
) -> None:
    begin_ms = int(datetime(2024, 12, 3, tzinfo=UTC).timestamp() * 1000)
    files = HistoryFiles(tmp_path)
    files.write("klines_1m", kline_rows(made_candles(120, start_ms=begin_ms)))
    late_ms = begin_ms + 30 * DAY_MS
    files.write("klines_1m", kline_rows(made_candles(120, start_ms=late_ms)))
    where = ("--db", str(tmp_path / "none.sqlite3"), "--store", str(tmp_path), "--model", model)
    then = run("levels", "show", *where, "--at", "2024-12-03T02:00:00Z").stdout
    assert f"{NoteKind.FIT_OF_LATER.value} 2024-12-" in then
    assert NoteKind.FIT_OF_LATER.value not in run("levels", "show", *where).stdout


def test_what_is_missing_is_said_in_one_line(
    run: Run, tmp_path: Path, fetched: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    none = ("--db", str(tmp_path / "heatmap.sqlite3"))
    nothing = run("levels", "show", *none)
    assert (nothing.returncode, nothing.stdout) == (2, "")
    assert nothing.stderr.count("\n") == 1
    assert "import history of BTCUSDT" in nothing.stderr
    HistoryFiles(tmp_path).write("klines_1m", kline_rows(CANDLES[:60]))
    assert run("levels", "show", *none).returncode == 0
    # History that does not reach so far is none, and the future is nobody's.
    for at, told in (("2020-01-01", "history has no candles"), ("2090-01-01", "in the future")):
        early = run("levels", "show", *none, "--at", at)
        assert (early.returncode, early.stdout, early.stderr.count("\n")) == (2, "", 1)
        assert told in early.stderr
    monkeypatch.setitem(sys.modules, "duckdb", None)
    without = run("levels", "show", *none)
    assert (without.returncode, without.stdout) == (2, "")
    assert without.stderr.endswith("pip install duckdb\n")
    # Beside a recording it is no reason to show nothing.
    beside = run("levels", "show", "--db", str(fetched), "--store", str(tmp_path))
    assert beside.returncode == 0
    assert "pip install duckdb" in beside.stdout


# --- of which market


def test_history_is_of_the_real_market_only(tmp_path: Path) -> None:
    path = tmp_path / "heatmap-simulated.sqlite3"
    store_market(path, CANDLES[HALF:], [], DataKind.SIMULATED)
    HistoryFiles(tmp_path).write_market(CANDLES[:HALF])
    found = source(path).read(SYMBOL, END_MS, SPAN_MS)
    assert len(found.market.candles) == HALF
    assert found.market.notes == ()
    assert source(path).imported_spans(SYMBOL) == ()
    assert len(read_history(source(path), SYMBOL, START_MS, END_MS, MINUTE_MS).candles) == HALF


def test_volume_of_spot_is_said_so_and_never_mixed_with_that_of_futures(
    half: Path, tmp_path: Path
) -> None:
    HistoryFiles(tmp_path, market="spot").write("klines_1m", kline_rows(CANDLES))
    alone = source(tmp_path / "heatmap.sqlite3").read(SYMBOL, END_MS, SPAN_MS)
    assert alone.market.volume is Volume.SPOT
    futures = source(half).read(SYMBOL, END_MS, SPAN_MS)
    assert futures.market.volume is Volume.FUTURES
    # The same volume means 8.5 times as much where it is spot's: 0.117 is for futures only.
    spot_usd, futures_usd = (
        sum(one.expected_usd for one in predict(found.market, END_MS).levels)
        for found in (alone, futures)
    )
    assert futures_usd / spot_usd == pytest.approx(0.117, rel=0.01)
    store_market(tmp_path / "heatmap.sqlite3", CANDLES[HALF:], [])
    beside = source(tmp_path / "heatmap.sqlite3").read(SYMBOL, END_MS, SPAN_MS)
    assert beside.market.volume is Volume.FUTURES
    assert len(beside.market.candles) == HALF
    assert kinds(beside) == {NoteKind.OTHER_MARKET: COUNT}
    # A database of spot candles takes spot's.
    with closing(
        open_store(tmp_path / "spot.sqlite3").open_writer(DataKind.LIVE, is_recorder=False)
    ) as writer:
        writer.keep_market(MarketNote("", SPOT))
        writer.save_fetched(SYMBOL, Fetched(Series.CANDLES, CANDLES[HALF:], ((MIDDLE_MS, END_MS),)))
    both = source(tmp_path / "spot.sqlite3").read(SYMBOL, END_MS, SPAN_MS)
    assert (both.market.volume, len(both.market.candles)) == (Volume.SPOT, COUNT)


# --- trades


def test_single_trades_make_the_map_of_the_largest_what_it_was(run: Run, tmp_path: Path) -> None:
    rows = made_trades(START_MS, HALF)
    HistoryFiles(tmp_path).write("agg_trades", rows)
    path = tmp_path / "heatmap.sqlite3"
    levels = asked(run, path, "show", "--model", "py_liquidation_map")
    notes = {one["kind"]: one["count"] for one in levels["notes"]}
    assert notes[NoteKind.SINGLE_TRADES.value] == len(rows)
    assert notes[NoteKind.CANDLES_OF_TRADES.value] == HALF
    assert NoteKind.MINUTES_FOR_TRADES.value not in notes
    # Its skill was measured with whole minutes only.
    assert (levels["score"], levels["verdict"]) == (None, "not scored")
    # The project's own sum: what takers bought in trades of 100,000 USD and more, a quarter at each
    # of 1/10, 1/25, 1/50 and 1/100 below their price, as far as that is below the price now.
    price = levels["price_usd"]
    places = [
        (paid * (1 - 1 / leverage), paid * qty / 4)
        for _, _, paid, qty, is_maker in rows
        if not is_maker and paid * qty >= 100_000
        for leverage in (10, 25, 50, 100)
    ]
    wanted = sum(usd for at, usd in places if at < price)
    found = sum(one["expected_usd"] for one in levels["levels"] if one["side"] == "longs")
    assert len(places) > 400
    assert found == pytest.approx(wanted, rel=0.02)
    told = run("levels", "show", "--db", str(path), "--model", "py_liquidation_map").stdout
    assert f"made of single trades, the largest of: {len(rows)}" in told


# --- what a score is about, and what is known when


def test_scores_stay_within_recorded_and_proven_time(
    run: Run, fetched: Path, tmp_path: Path
) -> None:
    before = made_candles(2 * COUNT, seed=3, start_ms=START_MS - 2 * COUNT * MINUTE_MS)
    HistoryFiles(tmp_path).write("klines_1m", kline_rows(before))
    alone = asked(run, fetched, "score")
    longer = asked(run, fetched, "score", "--store", str(tmp_path))
    # Of older candles more stands when the recording begins, but no older minute counts: only the
    # first that was recorded does too, which now follows on another one.
    assert (alone["minutes"], alone["messages"]) == (COUNT - 1, 1_000)
    assert (longer["minutes"], longer["messages"]) == (COUNT, 1_000)
    assert longer["scores"] != alone["scores"]


@pytest.fixture(scope="module")
def histories(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("histories")


EARLY_MS = START_MS // DAY_MS * DAY_MS - 40 * MINUTE_MS
MINUTES = 100
DATA: dict[str, list[tuple[int, Row]]] = {
    # Each row with when it is known.
    "klines_1m": [
        (int(str(row[0])) + MINUTE_MS, row)
        for row in kline_rows(made_candles(60, start_ms=EARLY_MS))
    ],
    "agg_trades": [(row[1], row) for row in made_trades(EARLY_MS + 30 * MINUTE_MS, MINUTES - 30)],
    "metrics": [
        (at + 300_000, metrics_row(at, 1e9 + at % 7e6))
        for at in range(-(-EARLY_MS // 300_000) * 300_000, EARLY_MS + MINUTES * MINUTE_MS, 300_000)
    ],
    "funding": [
        (at, (at, 1, 0.001 * n))
        for n, at in enumerate(range(EARLY_MS + 7_003, EARLY_MS + MINUTES * MINUTE_MS, 1_200_000))
    ],
}


@settings(max_examples=5, deadline=None)
@given(st.integers(3 * MINUTE_MS, MINUTES * MINUTE_MS), st.sampled_from(list(TakerMode)))
# Amid candles, and amid trades; amid a minute, and between a label and when it is known.
@example(25 * MINUTE_MS + 7_003, TakerMode.GROSS_VALUE)
@example(77 * MINUTE_MS + 30_000, TakerMode.PORTION)
def test_nothing_that_was_imported_is_known_before_its_time(
    histories: Path, after_ms: int, mode: TakerMode
) -> None:
    at_ms = EARLY_MS + after_ms
    rule = TakerRule(mode, top_n=5, portion=0.1, trade_usd=50_000.0)
    options = ModelOptions(taker_rule=rule)
    number = len(list(histories.iterdir()))
    found: list[StoredMarket] = []
    for name, until_ms in ((f"{number}-all", 2**62), (f"{number}-then", at_ms)):
        files = HistoryFiles(histories / name)
        for dataset, rows in DATA.items():
            files.write(dataset, [row for known_ms, row in rows if known_ms <= until_ms])
        path = histories / name / "heatmap.sqlite3"
        store = LevelStore.of(open_store(path), MarketHistory.beside(path))
        found.append(store.read(SYMBOL, at_ms, SPAN_MS, taker_rule=rule))
        assert found[-1].problems == ()
    everything, then = (one.market for one in found)
    np.testing.assert_array_equal(everything.candles, then.candles)
    for one, other in (
        (everything.funding, then.funding),
        (everything.open_interest, then.open_interest),
    ):
        assert (one is None) == (other is None)
        if one is not None:
            np.testing.assert_array_equal(one, other)
    for model in LevelModel:
        assert predict(everything, at_ms, model, options) == predict(then, at_ms, model, options)
