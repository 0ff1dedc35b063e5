"""Events by the number of their row: each once, in the order of storing, whatever its time."""

from dataclasses import replace

from Heatmap.domain.event_sink import EventSink
from Heatmap.domain.events import Liquidated
from Heatmap.storage.store import StoreReader
from Heatmap.tests.unit.stored_events import EVENT, event


def test_pages_give_each_event_once_in_the_order_of_storing(
    sink: EventSink, reader: StoreReader
) -> None:
    times = [3_000, 1_000, 2_000, 5_000, 4_000]
    ids = sink.write([event(at, "ETHUSDT" if at == 2_000 else "BTCUSDT") for at in times]).row_ids
    found, cursor = [], 0
    while (page := reader.read_stored(cursor, 2)).events:
        found += page.events
        cursor = page.events[-1].row_id
        assert page.last_row_id == ids[-1]
    assert [one.ts_ms for one in found] == times
    assert tuple(one.row_id for one in found) == ids
    assert [one.instrument for one in found] == ["BTCUSDT"] * 2 + ["ETHUSDT"] + ["BTCUSDT"] * 2


def test_an_event_has_all_that_was_stored_of_it(sink: EventSink, reader: StoreReader) -> None:
    short = replace(EVENT, liquidated=Liquidated.SHORT, limit_price=None, ts_ms=EVENT.ts_ms + 1)
    unsized = replace(EVENT, notional=None, ts_ms=EVENT.ts_ms + 2)
    sink.write([EVENT, short, unsized])
    page = reader.read_stored(0, 10)
    first, second = page.events
    assert (first.price, first.qty, first.notional) == (EVENT.price, EVENT.qty, EVENT.notional)
    assert (first.is_long, first.limit_price) == (True, EVENT.limit_price)
    assert (second.is_long, second.limit_price) == (False, None)
    # Its row counts as read all the same.
    assert page.last_row_id == second.row_id + 1


def test_a_time_is_half_open_and_pages_within_it(sink: EventSink, reader: StoreReader) -> None:
    sink.write([event(at) for at in (3_000, 1_000, 2_000, 999, 2_999)])
    sink.write([event(1_500, "ETHUSDT")])

    def read(row_id: int, limit: int = 10) -> list[int]:
        found = reader.read_stored_between("BTCUSDT", 1_000, 3_000, row_id, limit)
        return [one.ts_ms for one in found]

    assert read(0) == [1_000, 2_000, 2_999]
    assert read(0, 2) == [1_000, 2_000]
    assert read(3) == [2_999]
