"""What is stored as arrays for the levels: nothing that was not known at the time."""

import math
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from Heatmap.domain.candles import MINUTE_MS, Fetched, Series
from Heatmap.domain.events import DataKind
from Heatmap.levels.arrays import CANDLE_DTYPE
from Heatmap.storage.level_arrays import read_level_data
from Heatmap.storage.store import StoreReader, open_store
from Heatmap.tests.stored_market import START_MS, SYMBOL, made_candles, made_events, store_market

COUNT = 600
END_MS = START_MS + COUNT * MINUTE_MS


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StoreReader]:
    path = tmp_path_factory.mktemp("levels") / "heatmap.sqlite3"
    candles = made_candles(COUNT)
    store_market(path, candles, made_events(candles, 2.0))
    with closing(open_store(path).open_writer(DataKind.LIVE, is_recorder=False)) as writer:
        unknown = replace(candles[5], taker_buy_quote=None)
        writer.save_fetched(SYMBOL, Fetched(Series.CANDLES, (unknown,), ()))
    with closing(open_store(path).open_reader()) as opened:
        yield opened


def test_everything_is_read(reader: StoreReader) -> None:
    data = read_level_data(reader, SYMBOL, START_MS, END_MS)
    assert data.candles.dtype == CANDLE_DTYPE
    assert len(data.candles) == COUNT
    assert math.isnan(data.candles["taker_buy_quote"][5])
    assert np.isfinite(data.candles["taker_buy_quote"]).sum() == COUNT - 1
    assert len(data.messages) > 100
    assert data.coverage.tolist() == [(START_MS, END_MS)]
    assert data.fetched == ((START_MS, END_MS),)
    # Open interest counts as known five minutes after its label.
    assert (data.open_interest["known_ms"] % 300_000 == 0).all()
    assert data.open_interest["known_ms"][0] >= START_MS + 300_000
    assert len(data.funding) >= 1


def test_a_candle_is_known_when_it_is_over(reader: StoreReader) -> None:
    at_ms = START_MS + 100 * MINUTE_MS
    assert len(read_level_data(reader, SYMBOL, START_MS, at_ms).candles) == 100
    assert len(read_level_data(reader, SYMBOL, START_MS, at_ms - 1).candles) == 99
    data = read_level_data(reader, SYMBOL, START_MS, at_ms)
    assert (data.messages["ts_ms"] < at_ms).all()
    assert data.coverage.tolist() == [(START_MS, at_ms)]


def test_without_messages_none_are_read(reader: StoreReader) -> None:
    data = read_level_data(reader, SYMBOL, START_MS, END_MS, with_messages=False)
    assert (len(data.messages), len(data.coverage)) == (0, 0)


def test_an_unknown_instrument_has_nothing(reader: StoreReader) -> None:
    data = read_level_data(reader, "ETHUSDT", START_MS, END_MS)
    assert [len(one) for one in (data.candles, data.open_interest, data.funding)] == [0, 0, 0]
    assert data.fetched == ()


class Interrupted:
    """A reader before which a page of candles is stored as soon as candles were read."""

    def __init__(self, path: Path, reader: StoreReader) -> None:
        self._path = path
        self._reader = reader

    def __getattr__(self, name: str) -> Any:
        return getattr(self._reader, name)

    def read_candles(self, *given: Any) -> Any:
        found = self._reader.read_candles(*given)
        page = made_candles(COUNT)[100:200]
        span = (page[0].open_ms, page[-1].open_ms + MINUTE_MS)
        with closing(
            open_store(self._path).open_writer(DataKind.LIVE, is_recorder=False)
        ) as writer:
            writer.save_fetched(SYMBOL, Fetched(Series.CANDLES, page, (span,)))
        return found


def test_what_counts_as_fetched_was_read(tmp_path: Path) -> None:
    path = tmp_path / "heatmap.sqlite3"
    store_market(path, made_candles(COUNT)[200:], [])
    with closing(open_store(path).open_reader()) as opened:
        reader: Any = Interrupted(path, opened)
        data = read_level_data(reader, SYMBOL, START_MS, END_MS, with_messages=False)
        assert len(data.candles) == COUNT - 200
        assert data.fetched == ((START_MS + 200 * MINUTE_MS, END_MS),)
        # It is there the next time.
        again = read_level_data(opened, SYMBOL, START_MS, END_MS, with_messages=False)
        assert again.fetched == ((START_MS + 100 * MINUTE_MS, END_MS),)
