"""Maps are made once, follow what is stored, and are shared by all who look at a market."""

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest

from Heatmap.domain.candles import DAY_MS, MINUTE_MS, Candle, Fetched, Series
from Heatmap.domain.events import DataKind
from Heatmap.errors import StorageError
from Heatmap.feeds.level_market import LevelStore, StoredMarket
from Heatmap.sources.level_maps import LevelMaps
from Heatmap.storage.event_tape import EventTape
from Heatmap.storage.fit_files import FitFiles
from Heatmap.storage.store import open_store
from Heatmap.tests.stored_market import START_MS, SYMBOL, made_candles, store_market

ALL = made_candles(400)
NOW_MS = START_MS + 400 * MINUTE_MS
SPAN_MS = 45 * DAY_MS


class Counted:
    """Reads markets, and counts how often all of one was read."""

    def __init__(self, path: Path) -> None:
        self.store = LevelStore(open_store(path), FitFiles(path))
        self.reads: list[str] = []

    def read(self, instrument: str, at_ms: int, span_ms: int) -> StoredMarket:
        self.reads.append(instrument)
        return self.store.read(instrument, at_ms, span_ms)

    def fit_names(self, instrument: str) -> Sequence[str]:
        return self.store.fit_names(instrument)


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


def test_the_maps_that_were_looked_at_last_are_kept(path: Path) -> None:
    reader = Counted(path)
    maps = maps_of(path, reader)
    for symbol in (SYMBOL, "AUSDT", "BUSDT", SYMBOL, "CUSDT", SYMBOL):
        maps.look(symbol, NOW_MS, SPAN_MS)
    assert reader.reads == [SYMBOL, "AUSDT", "BUSDT", "CUSDT"]


def test_a_map_drops_what_is_far_older_than_what_is_wanted(path: Path) -> None:
    reader = Counted(path)
    maps = maps_of(path, reader)
    maps.look(SYMBOL, NOW_MS, SPAN_MS)
    later = maps.look(SYMBOL, NOW_MS + 10 * DAY_MS, DAY_MS)
    assert reader.reads == [SYMBOL, SYMBOL]
    assert later.history is None


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
