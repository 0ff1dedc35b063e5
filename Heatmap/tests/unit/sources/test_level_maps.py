"""Maps are made once, follow what is stored, and are shared by all who look at a market."""

from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from Heatmap.domain.candles import DAY_MS, MINUTE_MS, Candle, Fetched, Series, Span
from Heatmap.domain.events import DataKind
from Heatmap.errors import StorageError
from Heatmap.feeds.level_market import LevelStore, StoredMarket
from Heatmap.feeds.market_as_of import markets_as_of
from Heatmap.history.market_history import MarketHistory
from Heatmap.levels.yields import YieldTable
from Heatmap.sources.level_maps import LevelMaps
from Heatmap.storage.event_tape import EventTape
from Heatmap.storage.store import open_store, store_as_of
from Heatmap.tests.history_files import HistoryFiles, kline_rows
from Heatmap.tests.stored_market import START_MS, SYMBOL, made_candles, store_market

ALL = made_candles(400)
NOW_MS = START_MS + 400 * MINUTE_MS
SPAN_MS = 45 * DAY_MS


class Counted:
    """Reads markets, and counts how often all of one was read."""

    def __init__(self, path: Path) -> None:
        self.store = LevelStore.of(open_store(path), MarketHistory.beside(path))
        self.reads: list[str] = []

    def read(self, instrument: str, at_ms: int, span_ms: int) -> StoredMarket:
        self.reads.append(instrument)
        return self.store.read(instrument, at_ms, span_ms)

    def imported_spans(self, instrument: str) -> tuple[Span, ...]:
        return self.store.imported_spans(instrument)

    def fit_names(self, instrument: str) -> Sequence[str]:
        return self.store.fit_names(instrument)

    def read_fits(self, instrument: str) -> tuple[Sequence[YieldTable], Sequence[object]]:
        return self.store.read_fits(instrument)


def save(path: Path, candles: tuple[Candle, ...], symbol: str = SYMBOL) -> None:
    span = (candles[0].open_ms, candles[-1].open_ms + MINUTE_MS)
    with closing(open_store(path).open_writer(DataKind.LIVE, is_recorder=False)) as writer:
        writer.save_fetched(symbol, Fetched(Series.CANDLES, candles, (span,)))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    made = tmp_path / "heatmap.sqlite3"
    store_market(made, ALL[100:300], [])
    return made


def maps_of(path: Path, reader: Counted, look_s: float = 0.0) -> LevelMaps:
    return LevelMaps(EventTape(open_store(path)), reader, look_s)


def test_a_map_is_read_once_and_new_minutes_are_added(path: Path) -> None:
    reader = Counted(path)
    maps = maps_of(path, reader)
    first = maps.look(SYMBOL, NOW_MS, SPAN_MS)
    assert first.history is not None
    assert len(first.history) == 200
    save(path, ALL[300:303])
    again = maps.look(SYMBOL, NOW_MS, SPAN_MS)
    assert again is first
    assert again.history is first.history
    assert len(again.history) == 203
    assert reader.reads == [SYMBOL]


def test_candles_that_were_not_over_by_then_come_when_they_are(path: Path) -> None:
    maps = maps_of(path, Counted(path))
    first = maps.look(SYMBOL, ALL[250].open_ms + 5, SPAN_MS)
    assert first.history is not None
    assert len(first.history) == 150
    assert maps.look(SYMBOL, NOW_MS, SPAN_MS) is first
    assert len(first.history) == 200


def test_a_map_of_the_past_is_not_taken_for_one_of_a_later_time(path: Path) -> None:
    maps = maps_of(path, Counted(path), look_s=1_000.0)
    first = maps.look(SYMBOL, ALL[250].open_ms + 5, SPAN_MS)
    assert first.history is not None
    assert len(first.history) == 150
    # Back from the present, which lies after that.
    maps.doubt(is_back=True)
    again = maps.look(SYMBOL, NOW_MS - MINUTE_MS, SPAN_MS)
    assert again.history is not None
    assert len(again.history) == 200


def test_what_time_has_gone_on_meanwhile_is_not_lost(path: Path) -> None:
    # It was asked for as of one moment, and is read as of a later one.
    moment_ms = [NOW_MS]
    store = store_as_of(open_store(path), lambda: moment_ms[0])
    maps = LevelMaps(EventTape(store), LevelStore.of(store), 0.0)
    held = maps.look(SYMBOL, moment_ms[0], SPAN_MS)
    asked_ms, moment_ms[0] = ALL[150].open_ms + 5, ALL[250].open_ms + 5
    maps.doubt(is_back=True)
    held = maps.look(SYMBOL, asked_ms, SPAN_MS)
    held = maps.look(SYMBOL, moment_ms[0], SPAN_MS)
    assert held.history is not None
    assert len(held.history) == 150


def test_what_is_stored_is_not_looked_at_at_every_turn(path: Path) -> None:
    reader = Counted(path)
    maps = maps_of(path, reader, look_s=1_000.0)
    first = maps.look(SYMBOL, NOW_MS, SPAN_MS)
    save(path, ALL[300:303])
    assert maps.look(SYMBOL, NOW_MS, SPAN_MS) is first
    assert first.history is not None
    assert len(first.history) == 200


def test_older_candles_make_it_anew_but_not_page_by_page(path: Path) -> None:
    reader = Counted(path)
    maps = maps_of(path, reader)
    first = maps.look(SYMBOL, NOW_MS, SPAN_MS)
    save(path, ALL[50:100])
    # Soon after it was made it stays.
    assert maps.look(SYMBOL, NOW_MS, SPAN_MS) is first
    first.made_s -= 1_000.0
    second = maps.look(SYMBOL, NOW_MS, SPAN_MS)
    assert second.number == first.number + 1
    assert second.history is not None
    assert len(second.history) == 250
    assert second.fetched_ms(0) == 250 * MINUTE_MS
    assert second.fetched_ms(ALL[299].open_ms) == MINUTE_MS


def test_new_minutes_do_not_wait_for_older_ones(path: Path) -> None:
    reader = Counted(path)
    maps = maps_of(path, reader)
    first = maps.look(SYMBOL, NOW_MS, SPAN_MS)
    save(path, ALL[50:100])
    save(path, ALL[300:303])
    assert maps.look(SYMBOL, NOW_MS, SPAN_MS) is first
    assert first.history is not None
    assert len(first.history) == 203
    assert first.fetched == ((ALL[100].open_ms, ALL[303].open_ms),)
    # What is older is not forgotten over that.
    first.made_s -= 1_000.0
    second = maps.look(SYMBOL, NOW_MS, SPAN_MS)
    assert second.history is not None
    assert len(second.history) == 253
    assert reader.reads == [SYMBOL, SYMBOL]


def test_imported_minutes_are_added_as_a_replay_comes_to_them(path: Path) -> None:
    # Beside the recorded ones, and behind them.
    HistoryFiles(path.parent).write("klines_1m", kline_rows(ALL[200:340]))
    live = LevelStore.of(open_store(path), MarketHistory.beside(path))
    moment_ms = [ALL[250].open_ms]

    def clock() -> int:
        return moment_ms[0]

    store = store_as_of(open_store(path), clock)
    maps = LevelMaps(EventTape(store), markets_as_of(live, store, clock), 0.0)
    first = maps.look(SYMBOL, clock(), SPAN_MS)
    assert first.history is not None
    assert len(first.history) == 150
    for count in (155, 220, 240):
        moment_ms[0] = ALL[100 + count].open_ms + 7
        assert maps.look(SYMBOL, clock(), SPAN_MS) is first
        opens = first.history.minutes.open_ms.tolist()
        assert opens == [one.open_ms for one in ALL[100 : 100 + count]]
    assert first.fetched == ((ALL[100].open_ms, ALL[340].open_ms),)


def test_imported_time_makes_it_anew_once_and_counts_as_fetched(path: Path) -> None:
    reader = Counted(path)
    maps = maps_of(path, reader)
    first = maps.look(SYMBOL, NOW_MS, SPAN_MS)
    HistoryFiles(path.parent).write("klines_1m", kline_rows(ALL[:200]))
    first.made_s -= 1_000.0
    second = maps.look(SYMBOL, NOW_MS, SPAN_MS)
    assert second.number == first.number + 1
    assert second.history is not None
    assert second.history.minutes.open_ms.tolist() == [one.open_ms for one in ALL[:300]]
    assert second.fetched == ((START_MS, ALL[300].open_ms),)
    # Nothing is new: neither is it made again, nor is what was imported forgotten.
    second.made_s -= 1_000.0
    save(path, ALL[300:303])
    third = maps.look(SYMBOL, NOW_MS, SPAN_MS)
    assert third is second
    assert len(second.history) == 303
    assert second.fetched == ((START_MS, ALL[303].open_ms),)
    assert reader.reads == [SYMBOL, SYMBOL]


def test_imported_days_that_cannot_be_read_are_not_read_again_and_again(path: Path) -> None:
    files = HistoryFiles(path.parent)
    files.write("klines_1m", kline_rows(ALL[:100]))
    for one in files.written:
        one.write_bytes(b"damaged")
    reader = Counted(path)
    maps = maps_of(path, reader)
    for _ in range(3):
        found = maps.look(SYMBOL, NOW_MS, SPAN_MS)
        found.made_s -= 1_000.0
    assert found.history is not None
    assert len(found.history) == 200
    assert reader.reads == [SYMBOL]


def test_a_market_without_candles_gets_its_map_when_they_come(path: Path) -> None:
    reader = Counted(path)
    maps = maps_of(path, reader)
    empty = maps.look("ETHUSDT", NOW_MS, SPAN_MS)
    assert empty.history is None
    assert maps.look("ETHUSDT", NOW_MS, SPAN_MS) is empty
    save(path, ALL[:20], "ETHUSDT")
    made = maps.look("ETHUSDT", NOW_MS, SPAN_MS)
    assert made.history is not None
    assert reader.reads == ["ETHUSDT", "ETHUSDT"]


def test_maps_that_are_held_stay_and_of_the_others_a_few(path: Path) -> None:
    reader = Counted(path)
    maps = maps_of(path, reader)
    names = [f"S{n}USDT" for n in range(8)]
    for symbol in names:
        save(path, ALL[:20], symbol)
    held = {symbol: maps.look(symbol, NOW_MS, SPAN_MS) for symbol in names}
    for _ in range(3):
        for symbol in names:
            assert maps.look(symbol, NOW_MS, SPAN_MS) is held[symbol]
    assert reader.reads == names
    # Nobody holds them now: those that were looked at last are at hand.
    held.clear()
    for symbol in names[-3:]:
        maps.look(symbol, NOW_MS, SPAN_MS)
    assert reader.reads == names
    maps.look(names[0], NOW_MS, SPAN_MS)
    assert reader.reads == [*names, names[0]]


def test_a_map_drops_what_is_far_older_than_what_is_wanted_and_repaints_nothing(
    tmp_path: Path,
) -> None:
    path = tmp_path / "heatmap.sqlite3"
    candles = made_candles(6_000)
    store_market(path, candles, [])
    reader = Counted(path)
    maps = maps_of(path, reader)
    now_ms = START_MS + 6_000 * MINUTE_MS
    first = maps.look(SYMBOL, now_ms, SPAN_MS)
    assert first.history is not None
    seen = np.arange(5_000, 6_001, 9)
    before = first.history.columns(seen, first.history.rows)
    later = maps.look(SYMBOL, now_ms, DAY_MS)
    assert reader.reads == [SYMBOL]
    assert later.number != first.number
    assert later.history is not None
    gone = 6_000 - len(later.history)
    assert 1_440 <= len(later.history) < 1_440 + 720
    assert later.fetched_ms(now_ms - DAY_MS) == DAY_MS
    found = later.history.columns(seen - gone, first.history.rows)
    np.testing.assert_array_equal(found, before)
    assert len(first.history) == 6_000
    assert maps.look(SYMBOL, now_ms, DAY_MS) is later


def test_of_a_map_that_is_older_as_a_whole_nothing_stays(path: Path) -> None:
    reader = Counted(path)
    maps = maps_of(path, reader)
    maps.look(SYMBOL, NOW_MS, SPAN_MS)
    later = maps.look(SYMBOL, NOW_MS + 10 * DAY_MS, DAY_MS)
    assert reader.reads == [SYMBOL, SYMBOL]
    assert later.history is None


def test_another_fit_reads_no_candles_and_changes_nothing_before_its_time(path: Path) -> None:
    reader = Counted(path)
    maps = maps_of(path, reader)
    first = maps.look(SYMBOL, NOW_MS, SPAN_MS)
    assert first.history is not None
    seen, rows = np.arange(1, 201), first.history.rows
    before = first.history.columns(seen, rows)
    table = first.history.table
    fitted_ms = ALL[250].open_ms + 1
    value = 3 * table.usd_per_message.value
    own = replace(
        table,
        symbol=SYMBOL,
        fitted_ms=fitted_ms,
        data_until_ms=fitted_ms - 1,
        usd_per_message=replace(table.usd_per_message, value=value),
    )
    reader.store.fits.write(SYMBOL, fitted_ms, own.to_json())
    later = maps.look(SYMBOL, NOW_MS, SPAN_MS)
    assert later.number != first.number
    assert later.history is first.history
    after = later.history.columns(seen, rows)
    np.testing.assert_array_equal(after[:150], before[:150])
    np.testing.assert_allclose(after[150:].sum(), 3 * before[150:].sum(), rtol=1e-4)
    assert reader.reads == [SYMBOL]
    assert maps.look(SYMBOL, NOW_MS, SPAN_MS) is later


def test_a_hole_that_is_filled_has_it_made_anew_also_while_older_time_goes(tmp_path: Path) -> None:
    path = tmp_path / "heatmap.sqlite3"
    store_market(path, ALL[:200], [])
    save(path, ALL[250:400])
    reader = Counted(path)
    maps = maps_of(path, reader)
    first = maps.look(SYMBOL, NOW_MS, SPAN_MS)
    first.made_s -= 1_000.0
    # As much goes at the old end as the hole was long.
    with closing(open_store(path).open_writer(DataKind.LIVE, is_recorder=False)) as writer:
        writer.delete_old_candles(ALL[60].open_ms)
    save(path, ALL[200:250])
    second = maps.look(SYMBOL, NOW_MS, SPAN_MS)
    assert second.history is not None
    assert len(second.history) == 340
    assert (np.diff(second.history.minutes.open_ms) == MINUTE_MS).all()


def test_a_fault_is_no_lack_of_candles(path: Path) -> None:
    class Faulty(Counted):
        def read(self, instrument: str, at_ms: int, span_ms: int) -> StoredMarket:
            found = super().read(instrument, at_ms, span_ms)
            candles = found.market.candles[["open_ms", "close"]]
            return replace(found, market=replace(found.market, candles=candles))

    with pytest.raises(ValueError, match="no field"):
        maps_of(path, Faulty(path)).look(SYMBOL, NOW_MS, SPAN_MS)


def test_a_store_that_cannot_be_read_is_told_and_nothing_is_lost(path: Path) -> None:
    reader = Counted(path)
    maps = maps_of(path, reader)
    first = maps.look(SYMBOL, NOW_MS, SPAN_MS)
    away = path.with_suffix(".away")
    path.rename(away)
    with pytest.raises(StorageError):
        maps.look(SYMBOL, NOW_MS, SPAN_MS)
    away.rename(path)
    assert maps.look(SYMBOL, NOW_MS, SPAN_MS) is first
    assert reader.reads == [SYMBOL]
