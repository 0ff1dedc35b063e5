"""What every engine's reader does, beside a writer that writes; and what a store says of itself."""

import json
import threading
from contextlib import closing
from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest

from Heatmap.aggregation.arrays import EVENT_DTYPE
from Heatmap.domain.event_sink import EventSink
from Heatmap.domain.events import DataKind, Liquidated
from Heatmap.storage.event_arrays import as_array
from Heatmap.storage.store import DayFacts, Store, StoreReader
from Heatmap.tests.engines.stores import take_away
from Heatmap.tests.unit.stored_events import EVENT, event, events

DAY_MS = 86_400_000
MIDNIGHT_MS = 20_000 * DAY_MS
DECEMBER_MS = 1_733_270_400_000  # 2024-12-04T00:00:00Z


def times(reader: StoreReader, start_ms: int, end_ms: int | None) -> list[int]:
    return [row[0] for row in reader.read_window("BTCUSDT", start_ms, end_ms, list).events]


# --- windows


def test_a_window_holds_what_the_grid_needs_to_the_last_bit(
    sink: EventSink, reader: StoreReader
) -> None:
    long, short = event(1000), event(2000, liquidated=Liquidated.SHORT)
    sink.write([long, short])
    expected = [
        (1000, long.price, long.notional, True),
        (2000, short.price, short.notional, False),
    ]
    assert reader.read_window("BTCUSDT", 0, 5000, list).events == expected
    array = reader.read_window("BTCUSDT", 0, 5000, as_array).events
    assert (array.dtype, array.tolist()) == (EVENT_DTYPE, expected)


def test_a_window_includes_its_start_and_excludes_its_end(
    sink: EventSink, reader: StoreReader
) -> None:
    sink.write([event(ts_ms) for ts_ms in (999, 1000, 1001, 1999, 2000, 2001)])
    assert times(reader, 1000, 2000) == [1000, 1001, 1999]
    assert times(reader, 1999, None) == [1999, 2000, 2001]
    assert reader.read_window("BTCUSDT", 1000, 1000, as_array).events.shape == (0,)


def test_rows_come_in_the_order_of_time_and_equal_times_in_the_order_of_storing(
    sink: EventSink, reader: StoreReader
) -> None:
    sink.write([event(3000), event(1000, qty=3.0), event(2000), event(1000, qty=1.0)])
    sink.write([event(1000, qty=2.0)])
    found = reader.read_window("BTCUSDT", 0, None, as_array).events
    assert found["ts_ms"].tolist() == [1000, 1000, 1000, 2000, 3000]
    assert np.round(found["notional"][:3] / found["price"][:3], 6).tolist() == [3.0, 1.0, 2.0]


def test_another_instrument_is_not_in_the_window_but_counts_for_the_last_row_id(
    sink: EventSink, reader: StoreReader
) -> None:
    sink.write([event(1000)])
    last = sink.write([event(1500, symbol="BTCUSDT_260327")]).row_ids[-1]
    window = reader.read_window("BTCUSDT", 0, None, list)
    assert [row[0] for row in window.events] == [1000]
    assert window.last_row_id == last


def test_an_empty_store_has_the_row_id_zero(reader: StoreReader) -> None:
    window = reader.read_window("BTCUSDT", 0, None, list)
    assert (window.events, window.last_row_id) == ([], 0)


def test_what_was_stored_after_a_row_is_read(sink: EventSink, reader: StoreReader) -> None:
    first = sink.write(events(3))
    assert len(reader.read_after("BTCUSDT", 0, list).events) == 3
    known = reader.read_window("BTCUSDT", 0, None, list).last_row_id
    nothing = reader.read_after("BTCUSDT", known, list)
    assert (nothing.events, nothing.last_row_id) == ([], first.row_ids[-1])
    late, other = replace(EVENT, ts_ms=500), replace(EVENT, ts_ms=600, symbol="ETHUSDT")
    rows = sink.write([late, replace(EVENT, ts_ms=400), other]).row_ids
    news = reader.read_after("BTCUSDT", known, list)
    assert [row[0] for row in news.events] == [400, 500]
    assert news.last_row_id == rows[-1]


def test_after_retention_has_deleted_all_the_known_row_stays_known(
    sink: EventSink, reader: StoreReader
) -> None:
    last = sink.write(events(3)).row_ids[-1]
    while sink.delete_expired(10**12):
        pass
    assert reader.read_after("BTCUSDT", last, list).last_row_id == last


def test_a_reader_notices_that_its_store_was_replaced(database: Store) -> None:
    database.open_writer(DataKind.LIVE).close()
    with closing(database.open_reader()) as reader:
        assert reader.is_current()
        take_away(database)
        assert not reader.is_current()
        database.open_writer(DataKind.LIVE).close()
        assert not reader.is_current()
    with closing(database.open_reader()) as reader:
        assert reader.is_current()


def test_reading_in_a_thread_beside_a_writer_always_sees_whole_batches(
    sink: EventSink, reader: StoreReader
) -> None:
    batches, size = 60, 50
    faults: list[str] = []
    lengths: list[int] = []
    written = threading.Event()
    looked = threading.Event()

    def read() -> None:
        done = False
        while not done:
            done = written.is_set()  # one more read after the last batch
            window = reader.read_window("BTCUSDT", 0, None, as_array)
            count = len(window.events)
            # Ids are given without holes here: rows and id belong to the same moment.
            is_sorted = not np.any(np.diff(window.events["ts_ms"]) < 0)
            if count != window.last_row_id or count % size or not is_sorted:
                faults.append(f"{count} events, last row {window.last_row_id}")
            lengths.append(count)
            looked.set()

    thread = threading.Thread(target=read)
    thread.start()
    for number in range(batches):
        if number % 10 == 0:
            # So that reading and writing overlap, however fast one of them is.
            looked.clear()
            assert looked.wait(10)
        sink.write([event(number * size + part) for part in range(size)])
    written.set()
    thread.join(30)
    assert not faults
    assert lengths == sorted(lengths)
    assert lengths[-1] == batches * size
    assert len(set(lengths)) >= batches // 10


def test_the_first_event_is_the_oldest_of_its_instrument(
    sink: EventSink, reader: StoreReader
) -> None:
    assert (reader.first_event_ms("BTCUSDT"), reader.newest_push_ms()) == (None, None)
    sink.write([event(3000), event(2000), event(1000, symbol="ETHUSDT")])
    assert reader.first_event_ms("BTCUSDT") == 2000
    assert reader.newest_push_ms() == 1000
    assert not reader.damaged_rows()


def test_closing_twice_is_harmless(sink: EventSink, database: Store) -> None:
    assert sink is not None
    reader = database.open_reader()
    reader.close()
    reader.close()


# --- what a store says of itself


def test_the_summary_tells_what_is_there(database: Store) -> None:
    with closing(database.open_writer(DataKind.REPLAY)) as sink:
        assert database.status()["writer"] == {"active": True}
        assert (database.status()["events"], database.status()["symbols"]) == (0, {})
        for offset_ms, side, notional in (
            (5000, Liquidated.LONG, 1000.0),
            (1500, Liquidated.SHORT, 250.0),
            (9250, Liquidated.LONG, 500.0),
        ):
            one = replace(EVENT, ts_ms=DECEMBER_MS + offset_ms, liquidated=side, notional=notional)
            sink.write([one])
        day_ms = DECEMBER_MS
        sink.extend_coverage("BTCUSDT", day_ms, day_ms + 2000, proven=False)
        sink.extend_coverage("BTCUSDT", day_ms + 2000, day_ms + 6000, proven=True)
        sink.extend_coverage("BTCUSDT", day_ms + 9000, day_ms + 10_000, proven=True)
        sink.extend_coverage("ETHUSDT", day_ms, day_ms + 1000, proven=True)
        sink.save_tick_size("BTCUSDT", Decimal("0.10"), day_ms)
    status = database.status()
    assert json.loads(json.dumps(status)) == status
    assert set(status) == {
        "candles",
        *("path", "kind", "schema_version", "size_bytes", "writer", "recorded_symbols"),
        *("retention_ms", "counters", "damaged_rows", "unread_orders", "events", "symbols"),
        "market",
        "imports",
    }
    assert (status["path"], status["kind"]) == (str(database.address), "replay")
    assert status["size_bytes"] > 0
    assert status["writer"] == {"active": False}
    assert (status["events"], status["damaged_rows"]) == (3, {})
    assert status["symbols"]["BTCUSDT"] == {
        "events": 3,
        "long_events": 2,
        "short_events": 1,
        "notional_usd_lower_bound": 1750.0,
        "long_notional_usd_lower_bound": 1500.0,
        "short_notional_usd_lower_bound": 250.0,
        "first_event": "2024-12-04T00:00:01.500Z",
        "first_event_ms": DECEMBER_MS + 1500,
        "last_event": "2024-12-04T00:00:09.250Z",
        "last_event_ms": DECEMBER_MS + 9250,
        "coverage": {
            "proven_ms": 5000,
            "unproven_ms": 2000,
            "first": "2024-12-04T00:00:00.000Z",
            "first_ms": DECEMBER_MS,
            "last": "2024-12-04T00:00:10.000Z",
            "last_ms": DECEMBER_MS + 10_000,
        },
        "gaps": [
            {
                "from": "2024-12-04T00:00:06.000Z",
                "from_ms": DECEMBER_MS + 6000,
                "to": "2024-12-04T00:00:09.000Z",
                "to_ms": DECEMBER_MS + 9000,
                "duration_ms": 3000,
            }
        ],
        "tick_size": "0.10",
        "tick_size_fetched": "2024-12-04T00:00:00.000Z",
        "tick_size_fetched_ms": DECEMBER_MS,
    }
    ether = status["symbols"]["ETHUSDT"]
    assert (ether["events"], ether["first_event"], ether["tick_size"]) == (0, None, None)
    assert (ether["coverage"]["proven_ms"], ether["gaps"]) == (1000, [])


def test_in_the_summary_time_in_which_all_were_recorded_counts_for_each(
    sink: EventSink, database: Store
) -> None:
    sink.write([replace(EVENT, ts_ms=DECEMBER_MS + 500)])
    sink.extend_coverage("BTCUSDT", DECEMBER_MS, DECEMBER_MS + 1000, proven=True)
    sink.extend_coverage("ALL", DECEMBER_MS + 1000, DECEMBER_MS + 3000, proven=True)
    sink.extend_coverage("BTCUSDT", DECEMBER_MS + 4000, DECEMBER_MS + 5000, proven=True)
    symbols = database.status()["symbols"]
    assert symbols["BTCUSDT"]["coverage"]["proven_ms"] == 4000
    assert [gap["duration_ms"] for gap in symbols["BTCUSDT"]["gaps"]] == [1000]
    assert symbols["ALL"]["coverage"]["proven_ms"] == 2000
    assert symbols["ALL"]["gaps"] == []


def test_a_time_beyond_the_calendar_is_given_in_milliseconds_only(
    sink: EventSink, database: Store
) -> None:
    sink.write([replace(EVENT, ts_ms=10**17)])
    symbol = database.status()["symbols"]["BTCUSDT"]
    assert (symbol["last_event"], symbol["last_event_ms"]) == (None, 10**17)


@pytest.mark.parametrize(
    ("symbols", "count", "last_offset_ms"),
    [
        (("BTCUSDT",), 3, 2000),
        (("ETHUSDT",), 1, 5000),
        (("BTCUSDT", "ETHUSDT"), 4, 5000),
        (("ALL",), 4, 5000),
    ],
)
def test_the_day_begins_with_the_event_at_midnight(
    database: Store, sink: EventSink, symbols: tuple[str, ...], count: int, last_offset_ms: int
) -> None:
    sink.write(
        [
            replace(EVENT, symbol=symbol, ts_ms=MIDNIGHT_MS + offset_ms)
            for symbol, offset_ms in [
                *(("BTCUSDT", offset) for offset in (-2, -1, 0, 1, 2000, DAY_MS)),
                *(("ETHUSDT", offset) for offset in (-1, 5000)),
            ]
        ]
    )
    facts = database.day_facts(symbols, MIDNIGHT_MS)
    assert (facts.events_today, facts.last_event_ms) == (count, MIDNIGHT_MS + last_offset_ms)
    assert facts.database_bytes > 0


def test_an_instrument_without_events_has_no_last_one(database: Store, sink: EventSink) -> None:
    sink.write(events(3))
    facts = database.day_facts(("XRPUSDT",), MIDNIGHT_MS)
    assert facts == DayFacts(0, None, facts.database_bytes)
