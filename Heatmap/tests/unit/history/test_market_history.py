"""Imported days as levels take them: what is read, of which time, and what it is made of."""

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from Heatmap.domain.candles import DAY_MS, MINUTE_MS
from Heatmap.errors import HistoryError
from Heatmap.history.days import day_of
from Heatmap.history.manifest import Manifest
from Heatmap.history.market_history import MarketHistory
from Heatmap.history.store_layout import day_path, history_folder, manifest_path
from Heatmap.levels.arrays import LONGS, SHORTS
from Heatmap.levels.minutes import Minutes, prepare_minutes
from Heatmap.levels.taker_selection import (
    TakerEntries,
    TakerMode,
    TakerRule,
    selection_changes,
    trade_entries,
)
from Heatmap.levels.yields import Volume
from Heatmap.tests.history_files import (
    COLUMNS,
    SYMBOL,
    HistoryFiles,
    kline_rows,
    made_trades,
    metrics_row,
    write_parquet,
)
from Heatmap.tests.stored_market import made_candles

MIDNIGHT_MS = 20_000 * DAY_MS
DAY_BEFORE = day_of(MIDNIGHT_MS - 1)
# Two hours on each side of midnight.
START_MS, MINUTES = MIDNIGHT_MS - 120 * MINUTE_MS, 240
END_MS = START_MS + MINUTES * MINUTE_MS


@pytest.fixture(scope="module")
def klines(tmp_path_factory: pytest.TempPathFactory) -> MarketHistory:
    """Return a store with candles, open interest and funding of four hours in two days."""
    store = tmp_path_factory.mktemp("klines")
    HistoryFiles(store).write_market(made_candles(MINUTES, start_ms=START_MS))
    return MarketHistory(store)


@pytest.fixture(scope="module")
def trades(tmp_path_factory: pytest.TempPathFactory) -> MarketHistory:
    """Return a store with trades of four hours in two days."""
    store = tmp_path_factory.mktemp("trades")
    HistoryFiles(store).write("agg_trades", made_trades(START_MS, MINUTES))
    return MarketHistory(store)


def test_candles_are_those_of_minutes_that_are_over(klines: MarketHistory) -> None:
    wanted = made_candles(MINUTES, start_ms=START_MS)
    found = klines.read(SYMBOL, START_MS + 1, END_MS - 1)
    assert found.candles["open_ms"].tolist() == [one.open_ms for one in wanted[1:-1]]
    assert found.candles["close"].tolist() == [one.close for one in wanted[1:-1]]
    assert found.candles["quote_volume"].tolist() == [one.quote_volume for one in wanted[1:-1]]
    assert found.candles["taker_buy_quote"].tolist() == [
        one.taker_buy_quote for one in wanted[1:-1]
    ]
    assert not found.of_trades.any()
    assert klines.spans(SYMBOL) == ((START_MS, END_MS),)
    assert klines.volume(SYMBOL) is Volume.FUTURES
    assert klines.candles(SYMBOL, START_MS, END_MS)["high"].max() == max(one.high for one in wanted)


def test_open_interest_counts_when_it_is_known(klines: MarketHistory, tmp_path: Path) -> None:
    label_ms = MIDNIGHT_MS
    known_ms = label_ms + 300_000
    before = klines.read(SYMBOL, START_MS, known_ms - 1).open_interest["known_ms"]
    then = klines.read(SYMBOL, START_MS, known_ms).open_interest["known_ms"]
    assert (int(before[-1]), int(then[-1])) == (known_ms - 300_000, known_ms)
    # A blank is unknown, and no zero; the last label of a day is known on the next one.
    files = HistoryFiles(tmp_path)
    files.write("metrics", [metrics_row(label_ms - 300_000, 7.0), metrics_row(label_ms, None)])
    found = MarketHistory(tmp_path).read(SYMBOL, label_ms, known_ms).open_interest
    np.testing.assert_array_equal(found["usd"], [7.0, np.nan])
    assert found["known_ms"].tolist() == [label_ms, known_ms]


def test_a_row_of_midnight_in_two_days_files_counts_once(tmp_path: Path) -> None:
    """The last file of a day, or a month, may have the first row of the next one too."""
    files = HistoryFiles(tmp_path)
    jitter_ms = MIDNIGHT_MS + 3
    candles = list(kline_rows(made_candles(2, start_ms=MIDNIGHT_MS - MINUTE_MS)))
    for dataset, before, at_midnight, other in (
        ("klines_1m", candles[0], candles[1], (*candles[1][:6], 1.0, *candles[1][7:])),
        ("metrics", metrics_row(MIDNIGHT_MS - 300_000, 7.0), metrics_row(MIDNIGHT_MS, 8.0), None),
        ("funding", (MIDNIGHT_MS - 28_800_000, 8, 0.1), (jitter_ms, 8, 0.2), (jitter_ms, 8, 0.9)),
    ):
        files.write(dataset, [before, at_midnight])
        # What the file of the day before has is another value, to tell which one is taken.
        path = day_path(tmp_path, dataset, SYMBOL, DAY_BEFORE)
        rows = [before, metrics_row(MIDNIGHT_MS, 1.0) if other is None else other]
        write_parquet(path, COLUMNS[dataset], rows)
        note_last(tmp_path, dataset, MIDNIGHT_MS + 3)
    found = MarketHistory(tmp_path).read(SYMBOL, MIDNIGHT_MS - DAY_MS, MIDNIGHT_MS + DAY_MS)
    assert found.candles["open_ms"].tolist() == [MIDNIGHT_MS - MINUTE_MS, MIDNIGHT_MS]
    assert found.candles["quote_volume"][1] == candles[1][6]
    assert found.open_interest["usd"].tolist() == [7.0, 8.0]
    assert found.funding["rate"].tolist() == [0.1, 0.2]


def note_last(store: Path, dataset: str, last_ms: int) -> None:
    """Have the manifest say how far the file of the day before midnight reaches."""
    with Manifest(store, writes=True) as manifest:
        row = next(one for one in manifest.days(dataset) if one.day == str(DAY_BEFORE))
        manifest.put([replace(row, last_ms=last_ms)])


def test_funding_is_that_of_the_time(klines: MarketHistory) -> None:
    found = klines.read(SYMBOL, START_MS, END_MS).funding
    assert found.tolist() == [(MIDNIGHT_MS, 0.0001)]
    assert not len(klines.read(SYMBOL, START_MS, MIDNIGHT_MS).funding)


def test_trades_add_up_to_candles_where_there_are_none(
    trades: MarketHistory, tmp_path: Path
) -> None:
    found = trades.read(SYMBOL, START_MS, END_MS)
    assert found.of_trades.all()
    rows = made_trades(START_MS, MINUTES)
    minutes = sorted({ts_ms // MINUTE_MS * MINUTE_MS for _, ts_ms, *_ in rows})
    assert found.candles["open_ms"].tolist() == minutes
    for candle in found.candles:
        mine = [one for one in rows if one[1] // MINUTE_MS * MINUTE_MS == candle["open_ms"]]
        prices = [price for _, _, price, _, _ in mine]
        shown = [float(candle[name]) for name in ("open", "high", "low", "close")]
        assert shown == [prices[0], max(prices), min(prices), prices[-1]]
        usd = sum(price * qty for _, _, price, qty, _ in mine)
        bought = sum(price * qty for _, _, price, qty, is_maker in mine if not is_maker)
        assert float(candle["quote_volume"]) == pytest.approx(usd, rel=1e-12)
        assert float(candle["taker_buy_quote"]) == pytest.approx(bought, rel=1e-12)
    # What is known from the last time is cut to what is asked for.
    for start_ms, end_ms in ((START_MS + 61 * MINUTE_MS, END_MS), (START_MS, MIDNIGHT_MS)):
        opens = trades.read(SYMBOL, start_ms, end_ms).candles["open_ms"]
        assert opens.tolist() == [one for one in minutes if start_ms <= one < end_ms]
        later = trades.read(SYMBOL, start_ms + MINUTE_MS, end_ms).candles["open_ms"]
        assert later.tolist() == opens[1:].tolist()
    # Half a day of candles: they count as far as they go, and trades after them.
    files = HistoryFiles(tmp_path)
    candles = made_candles(MINUTES, start_ms=START_MS)
    files.write("klines_1m", kline_rows(candles[:150]))
    files.write("agg_trades", rows)
    both = MarketHistory(tmp_path).read(SYMBOL, START_MS, END_MS)
    assert both.candles["close"][:150].tolist() == [one.close for one in candles[:150]]
    np.testing.assert_array_equal(both.candles[150:], found.candles[-len(both.candles[150:]) :])
    assert np.flatnonzero(both.of_trades)[0] == 150
    # Single trades come before aggregated ones: the exchange's own candles are made of them.
    files.write("trades", rows)
    single = MarketHistory(tmp_path).read(SYMBOL, START_MS, END_MS)
    np.testing.assert_array_equal(single.candles, both.candles)
    assert not single.of_trades.any()


def test_of_two_markets_futures_count(tmp_path: Path) -> None:
    candles = made_candles(MINUTES, start_ms=START_MS)
    HistoryFiles(tmp_path, market="spot").write("klines_1m", kline_rows(candles))
    history = MarketHistory(tmp_path)
    assert (history.volume(SYMBOL), len(history.candles(SYMBOL, 0, END_MS))) == (
        Volume.SPOT,
        MINUTES,
    )
    HistoryFiles(tmp_path).write("agg_trades", made_trades(START_MS, 10))
    assert history.volume(SYMBOL) is Volume.FUTURES
    assert history.spans(SYMBOL)[-1][1] <= START_MS + 10 * MINUTE_MS
    assert not len(history.candles(SYMBOL, 0, END_MS))


@pytest.mark.parametrize("portion", [0.003, 0.2])
@pytest.mark.parametrize("mode", list(TakerMode))
def test_what_a_rule_chooses_is_among_what_is_read(
    trades: MarketHistory, mode: TakerMode, portion: float
) -> None:
    rule = TakerRule(mode, top_n=7, portion=portion, trade_usd=60_000.0)
    read = trades.trades(SYMBOL, START_MS, END_MS, rule)
    assert read is not None
    minutes = prepare_minutes(trades.read(SYMBOL, START_MS, END_MS).candles)
    rows = made_trades(START_MS, MINUTES)
    if mode is not TakerMode.PORTION or portion < 0.1:
        assert len(read.trades) < len(rows) / 2
    for side, found in zip((LONGS, SHORTS), trade_entries(read, minutes, rule), strict=True):
        mine = [one for one in rows if one[4] == (side == SHORTS)]
        everything = all_entries(minutes, mine, rule)
        assert found.seen.tolist() == everything.seen.tolist()
        assert chosen(found, rule) == chosen(everything, rule)
        assert chosen(found, rule)


def all_entries(
    minutes: Minutes, rows: list[tuple[int, int, float, float, bool]], rule: TakerRule
) -> TakerEntries:
    """Return all trades of a side, nothing left out."""
    at = np.searchsorted(minutes.open_ms, [ts_ms for _, ts_ms, *_ in rows], side="right") - 1
    usd = np.array([price * qty for _, _, price, qty, _ in rows])
    price = np.array([one[2] for one in rows])
    seen = np.cumsum(np.bincount(at, minlength=len(minutes)))
    return TakerEntries(at, usd, np.log(price)[:, None], seen, rule.trade_usd)


def chosen(entries: TakerEntries, rule: TakerRule) -> list[tuple[int, float, float]]:
    """Return what begins and ceases to count: minute, notional, sign."""
    changes = selection_changes(entries, rule)
    usd = entries.usd[changes.entry].tolist()
    return sorted(zip(changes.minute.tolist(), usd, changes.sign.tolist(), strict=True))


def test_only_what_the_manifest_names_is_there(klines: MarketHistory, tmp_path: Path) -> None:
    empty = MarketHistory(tmp_path)
    assert empty.spans(SYMBOL) == ()
    assert empty.volume(SYMBOL) is None
    assert empty.trades(SYMBOL, START_MS, END_MS, TakerRule()) is None
    # Of another venue nothing was imported, and of a symbol that was not.
    assert klines.spans("bybit:BTCUSDT") == klines.spans("ETHUSDT") == ()
    files = HistoryFiles(tmp_path, market="spot")
    candles = made_candles(MINUTES, start_ms=START_MS)
    files.write("klines_1m", kline_rows(candles[:120]))
    assert empty.spans(SYMBOL) == ((START_MS, MIDNIGHT_MS),)
    assert empty.volume(SYMBOL) is Volume.SPOT
    # What an import has not finished lies there and does not count; what it finishes then does.
    manifest = manifest_path(tmp_path).read_bytes()
    files.write("klines_1m", kline_rows(candles[120:]))
    finished = manifest_path(tmp_path).read_bytes()
    manifest_path(tmp_path).write_bytes(manifest)
    assert len(empty.read(SYMBOL, START_MS, END_MS).candles) == 120
    manifest_path(tmp_path).write_bytes(finished)
    assert len(empty.read(SYMBOL, START_MS, END_MS).candles) == 240


def test_what_cannot_be_read_is_told_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = HistoryFiles(tmp_path)
    files.write("klines_1m", kline_rows(made_candles(5, start_ms=START_MS)))
    files.written[0].write_bytes(b"PAR1 and then nothing of a table PAR1")
    history = MarketHistory(tmp_path)
    with pytest.raises(HistoryError, match=r"cannot be read .*--replace$") as told:
        history.read(SYMBOL, START_MS, END_MS)
    assert "\n" not in str(told.value)
    with monkeypatch.context() as patch:
        patch.setitem(sys.modules, "duckdb", None)
        with pytest.raises(HistoryError, match=r"pip install duckdb$"):
            history.spans(SYMBOL)
        # Where nothing was imported nothing is missing.
        assert history.spans("ETHUSDT") == ()
    manifest_path(tmp_path).write_bytes(b"no database" * 100)
    with pytest.raises(HistoryError, match="manifest"):
        history.spans(SYMBOL)


def test_a_rule_needs_the_trades_that_were_read_for_it(trades: MarketHistory) -> None:
    minutes = prepare_minutes(trades.read(SYMBOL, START_MS, END_MS).candles)
    rule = TakerRule(TakerMode.TOP_N, top_n=3)
    read = trades.trades(SYMBOL, START_MS, END_MS, rule)
    half = trades.trades(SYMBOL, START_MS, MIDNIGHT_MS, rule)
    assert read is not None
    assert half is not None
    assert read.serve(replace(rule, is_consumed=True), minutes)
    assert not read.serve(replace(rule, top_n=4), minutes)
    # Half of the minutes would look like all of them.
    assert not half.serve(rule, minutes)


def test_trades_are_read_once_for_all_minutes_of_an_hour(tmp_path: Path) -> None:
    files = HistoryFiles(tmp_path)
    files.write("agg_trades", made_trades(START_MS, MINUTES))
    history, rule = MarketHistory(tmp_path), TakerRule(trade_usd=1_000.0)
    first = history.trades(SYMBOL, START_MS - 50 * MINUTE_MS, END_MS, rule)
    assert first is not None
    assert history.trades(SYMBOL, START_MS - MINUTE_MS, END_MS + DAY_MS, rule) is first
    # Another end, another hour, another rule and another import give others.
    earlier = history.trades(SYMBOL, START_MS, MIDNIGHT_MS, rule)
    assert earlier is not None
    assert first.trades["ts_ms"].max() >= MIDNIGHT_MS > earlier.trades["ts_ms"].max()
    later = history.trades(SYMBOL, START_MS + MINUTE_MS, END_MS, rule)
    assert later is not None
    assert later.trades["ts_ms"].min() >= START_MS + 60 * MINUTE_MS
    none = history.trades(SYMBOL, START_MS, END_MS, replace(rule, trade_usd=9e9))
    assert none is not None
    assert not len(none.trades)
    before = history.trades(SYMBOL, START_MS, END_MS, rule)
    files.write("agg_trades", made_trades(START_MS, MINUTES, 3))
    again = history.trades(SYMBOL, START_MS, END_MS, rule)
    assert before is not None
    assert again is not None
    assert again.counts["buys"].sum() < before.counts["buys"].sum()


def test_the_folder_is_that_of_the_store(tmp_path: Path) -> None:
    # A name that DuckDB would take for a pattern, of which the other one is a match.
    store = tmp_path / "day[s]"
    for folder, count in ((store, 2), (tmp_path / "days", 3)):
        files = HistoryFiles(folder)
        files.write("klines_1m", kline_rows(made_candles(count, start_ms=MIDNIGHT_MS)))
        expected = history_folder(folder) / "klines_1m" / SYMBOL / "2024-10-04.parquet"
        assert files.written == [expected]
    beside = MarketHistory.beside(store / "heatmap.sqlite3")
    assert beside is not None
    assert beside.spans(SYMBOL) == ((MIDNIGHT_MS, MIDNIGHT_MS + 2 * MINUTE_MS),)
    assert len(beside.candles(SYMBOL, 0, END_MS)) == 2
    assert MarketHistory.beside("memory://somewhere") is None
