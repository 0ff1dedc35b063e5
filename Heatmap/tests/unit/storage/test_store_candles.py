"""What every engine does with candles, open interest and funding: once each, with their spans."""

from contextlib import closing
from dataclasses import replace

import pytest

from Heatmap.domain.candles import (
    MINUTE_MS,
    Candle,
    Fetched,
    Funding,
    OpenInterest,
    Series,
)
from Heatmap.domain.event_sink import EventSink
from Heatmap.domain.events import DataKind
from Heatmap.domain.market_note import MarketNote
from Heatmap.storage.store import Store, StoreReader
from Heatmap.tests.unit.stored_events import events

T0 = 1_790_000_040_000 // MINUTE_MS * MINUTE_MS


def candles(count: int, start_ms: int = T0) -> tuple[Candle, ...]:
    return tuple(
        Candle(start_ms + n * MINUTE_MS, 100.0 + n, 103.0 + n, 99.0 + n, 101.5 + n, 5e4, 2e4, 7)
        for n in range(count)
    )


def fetched(count: int, start_ms: int = T0) -> Fetched:
    span = (start_ms, start_ms + count * MINUTE_MS)
    return Fetched(Series.CANDLES, candles(count, start_ms), (span,))


def test_candles_are_read_as_they_were_stored(sink: EventSink, reader: StoreReader) -> None:
    sink.save_fetched("BTCUSDT", fetched(3))
    rows = reader.read_candles("BTCUSDT", T0, T0 + 2 * MINUTE_MS, list)
    assert rows == [
        (T0, 100.0, 103.0, 99.0, 101.5, 5e4, 2e4),
        (T0 + MINUTE_MS, 101.0, 104.0, 100.0, 102.5, 5e4, 2e4),
    ]
    assert reader.read_candles("ETHUSDT", T0, T0 + MINUTE_MS, list) == []
    assert reader.read_candles("bybit:BTCUSDT", T0, T0 + MINUTE_MS, list) == []


def test_a_later_candle_takes_the_place_of_one_of_the_same_minute(
    sink: EventSink, reader: StoreReader
) -> None:
    sink.save_fetched("BTCUSDT", fetched(1))
    other = replace(candles(1)[0], close=100.5, taker_buy_quote=None, trades=None)
    sink.save_fetched("BTCUSDT", replace(fetched(1), values=(other,)))
    assert reader.read_candles("BTCUSDT", 0, 2**60, list) == [
        (T0, 100.0, 103.0, 99.0, 100.5, 5e4, None)
    ]


def test_spans_merge_with_what_they_touch_and_with_nothing_else(
    sink: EventSink, reader: StoreReader
) -> None:
    for start in (0, 10, 4, 20):
        sink.save_fetched("BTCUSDT", fetched(4, T0 + start * MINUTE_MS))
    m = MINUTE_MS
    expected = ((T0, T0 + 8 * m), (T0 + 10 * m, T0 + 14 * m), (T0 + 20 * m, T0 + 24 * m))
    assert sink.fetched_spans("BTCUSDT", Series.CANDLES) == expected
    assert reader.fetched_spans("BTCUSDT", Series.CANDLES) == expected
    sink.save_fetched("BTCUSDT", Fetched(Series.CANDLES, (), ((T0 + 2 * m, T0 + 21 * m),)))
    assert sink.fetched_spans("BTCUSDT", Series.CANDLES) == ((T0, T0 + 24 * m),)
    for symbol, series in (("ETHUSDT", Series.CANDLES), ("BTCUSDT", Series.FUNDING)):
        assert sink.fetched_spans(symbol, series) == ()


def test_open_interest_and_funding_are_read_in_order(sink: EventSink, reader: StoreReader) -> None:
    interest = tuple(OpenInterest(T0 + n * 300_000, 1e9 + n) for n in range(3))
    funding = (Funding(T0 + 5, 0.0001), Funding(T0 + 28_800_003, -0.00025))
    spans = ((T0, T0 + 10**8),)
    sink.save_fetched("BTCUSDT", Fetched(Series.OPEN_INTEREST, interest, spans))
    sink.save_fetched("BTCUSDT", Fetched(Series.FUNDING, funding, spans))
    assert reader.read_series("BTCUSDT", Series.OPEN_INTEREST, T0 + 1, 2**60, list) == [
        (T0 + 300_000, 1e9 + 1),
        (T0 + 600_000, 1e9 + 2),
    ]
    assert reader.read_series("BTCUSDT", Series.FUNDING, 0, 2**60, list) == [
        (T0 + 5, 0.0001),
        (T0 + 28_800_003, -0.00025),
    ]
    with pytest.raises(ValueError, match="candles"):
        reader.read_series("BTCUSDT", Series.CANDLES, 0, 1, list)


def test_what_is_old_goes_in_small_steps_and_counts_as_not_fetched(
    sink: EventSink, reader: StoreReader
) -> None:
    sink.save_fetched("BTCUSDT", fetched(30))
    sink.save_fetched("ETHUSDT", fetched(10))
    interest = tuple(OpenInterest(T0 + n * 300_000, 1e9) for n in range(8))
    span = (T0, T0 + 8 * 300_000)
    sink.save_fetched("BTCUSDT", Fetched(Series.OPEN_INTEREST, interest, (span,)))
    sink.write(events(5, start_ms=T0))
    before_ms = T0 + 20 * MINUTE_MS
    steps = []
    while count := sink.delete_old_candles(before_ms, limit=7):
        steps.append(count)
    assert max(steps) <= 7
    assert sum(steps) == 20 + 10 + 4
    left = reader.read_candles("BTCUSDT", 0, 2**60, list)
    assert [row[0] for row in left] == [before_ms + n * MINUTE_MS for n in range(10)]
    assert sink.fetched_spans("BTCUSDT", Series.CANDLES) == ((before_ms, T0 + 30 * MINUTE_MS),)
    assert sink.fetched_spans("ETHUSDT", Series.CANDLES) == ()
    assert len(reader.read_series("BTCUSDT", Series.OPEN_INTEREST, 0, 2**60, list)) == 4
    # Liquidations have a retention of their own.
    assert len(reader.read_window("BTCUSDT", 0, None, list).events) == 5


def test_they_are_there_after_the_store_was_closed(database: Store) -> None:
    with closing(database.open_writer(DataKind.LIVE)) as sink:
        sink.save_fetched("币安人生USDT", fetched(4))
    with closing(database.open_writer(DataKind.LIVE)) as sink:
        spans = sink.fetched_spans("币安人生USDT", Series.CANDLES)
        assert spans == ((T0, T0 + 4 * MINUTE_MS),)


def test_how_long_they_are_kept_is_noted(database: Store) -> None:
    with closing(database.open_writer(DataKind.LIVE)) as sink:
        assert sink.kept_candle_retention_ms() is None
        sink.keep_candle_retention(90 * 86_400_000)
    with closing(database.open_writer(DataKind.LIVE)) as sink:
        assert sink.kept_candle_retention_ms() == 90 * 86_400_000
        # That of liquidations is another one.
        assert sink.kept_retention_ms() is None


def test_orders_are_read_with_their_own_price(sink: EventSink, reader: StoreReader) -> None:
    three = events(3, start_ms=T0)
    sink.write(three)
    rows = reader.read_order_prices("BTCUSDT", T0, three[-1].ts_ms, list)
    assert rows == [
        (one.price, one.limit_price, one.notional, one.liquidated == "long") for one in three[:2]
    ]


def test_of_which_market_the_data_are_is_noted(
    database: Store, sink: EventSink, reader: StoreReader
) -> None:
    assert sink.kept_market() is None
    assert reader.market() is None
    assert database.status()["market"] == {"name": "", "candles": "futures"}
    for note in (MarketNote("simulated market 1, seed 2", "futures"), MarketNote("", "spot")):
        sink.keep_market(note)
        assert sink.kept_market() == reader.market() == note
        assert database.status()["market"] == {"name": note.name, "candles": note.candles}
