"""Candles in memory beside a store that another program writes: read as one, written by nobody."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from Heatmap.domain.candles import MINUTE_MS, Candle, Fetched, Funding, OpenInterest, Series
from Heatmap.domain.events import DataKind
from Heatmap.storage.sqlite_store import SqliteStore
from Heatmap.storage.store import StandbyCandles, Store, open_store, store_beside

T0 = 1_790_000_040_000 // MINUTE_MS * MINUTE_MS
Beside = tuple[Store, StandbyCandles, SqliteStore]


def fetched(count: int, start_ms: int = T0, price: float = 100.0) -> Fetched:
    times = range(start_ms, start_ms + count * MINUTE_MS, MINUTE_MS)
    values = tuple(Candle(at, price, price, price, price, 5e4, 2e4, 7) for at in times)
    return Fetched(Series.CANDLES, values, ((start_ms, start_ms + count * MINUTE_MS),))


@pytest.fixture
def beside(tmp_path: Path) -> Iterator[Beside]:
    path = tmp_path / "heatmap.sqlite3"
    with SqliteStore(path, DataKind.LIVE) as writer:
        yield *store_beside(open_store(path)), writer


def prices(store: Store, symbol: str = "ETHUSDT") -> list[tuple[int, float]]:
    with closing(store.open_reader()) as reader:
        rows = reader.read_candles(symbol, 0, 2**60, list)
    return [((row[0] - T0) // MINUTE_MS, row[1]) for row in rows]


def test_both_are_read_as_one_and_what_is_stored_counts(beside: Beside) -> None:
    store, candles, writer = beside
    writer.save_fetched("ETHUSDT", fetched(3, T0 + MINUTE_MS))
    candles.save_fetched("ETHUSDT", fetched(3, price=7.0))
    assert prices(store) == [(0, 7.0), (1, 100.0), (2, 100.0), (3, 100.0)]
    with closing(store.open_reader()) as reader:
        spans = reader.fetched_spans("ETHUSDT", Series.CANDLES)
        assert reader.read_window("ETHUSDT", 0, None, list).events == []
    assert spans == ((T0, T0 + 4 * MINUTE_MS),) == candles.fetched_spans("ETHUSDT", Series.CANDLES)
    assert candles.stored_until_ms(["ETHUSDT", "SOLUSDT"]) == {"ETHUSDT": T0 + 4 * MINUTE_MS}
    assert writer.fetched_spans("ETHUSDT", Series.CANDLES) == ((T0 + MINUTE_MS, spans[0][1]),)


def test_what_is_handed_over_is_whole_and_seen_all_the_while(beside: Beside) -> None:
    store, candles, writer = beside
    candles.save_fetched("ETHUSDT", fetched(2_500))
    others = (
        Fetched(Series.OPEN_INTEREST, (OpenInterest(T0, 5e9),), ((T0, T0 + 300_000),)),
        Fetched(Series.FUNDING, (Funding(T0 + 5, 0.0001),), ((T0, T0 + 900_000),)),
    )
    for one in others:
        candles.save_fetched("ETHUSDT", one)
    before = prices(store)
    parts = 0
    while (held := candles.next_held()) is not None:
        writer.save_fetched(held.instrument, held.fetched)
        candles.release(held)
        parts += 1
        assert prices(store) == before
    assert parts >= 5
    assert candles.memory.is_empty
    with closing(open_store(store.address).open_reader()) as reader:
        whole = fetched(2_500)
        assert reader.fetched_spans("ETHUSDT", Series.CANDLES) == whole.spans
        assert len(reader.read_candles("ETHUSDT", 0, 2**60, list)) == 2_500
        for one in others:
            assert reader.fetched_spans("ETHUSDT", one.series) == one.spans
            assert len(reader.read_series("ETHUSDT", one.series, 0, 2**60, list)) == 1


def test_what_nobody_looks_at_any_more_and_what_is_old_is_forgotten(beside: Beside) -> None:
    store, candles, _writer = beside
    for symbol in ("ETHUSDT", "SOLUSDT"):
        candles.save_fetched(symbol, fetched(3))
    candles.hold_only(["ETHUSDT"])
    assert prices(store, "SOLUSDT") == []
    while candles.delete_old_candles(T0 + MINUTE_MS):
        pass
    assert [at for at, _ in prices(store)] == [1, 2]
    candles.save_fetched("ETHUSDT", replace(fetched(0), spans=((T0, T0 + MINUTE_MS),)))
    candles.hold_only([])
    assert candles.memory.is_empty
    assert candles.next_held() is None
