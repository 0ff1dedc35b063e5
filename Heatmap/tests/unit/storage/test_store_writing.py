"""What every engine's writer does: it stores once, counts, keeps notes, and deletes what is old."""

import threading
from contextlib import closing
from dataclasses import replace
from decimal import Decimal

import pytest

from Heatmap.doctor.doctor import database_finding
from Heatmap.doctor.findings import Result
from Heatmap.domain.event_sink import EventSink
from Heatmap.domain.events import REJECTED_COUNTER, DataKind, Liquidated
from Heatmap.errors import OtherWriterError, StorageError, WrongDataKindError
from Heatmap.storage.store import Store
from Heatmap.tests.engines.stores import take_away
from Heatmap.tests.unit.stored_events import EVENT, events

DAY_MS = 86_400_000


def times(database: Store, symbol: str = "BTCUSDT") -> list[int]:
    with closing(database.open_reader()) as reader:
        return [row[0] for row in reader.read_window(symbol, 0, None, list).events]


def drain(sink: EventSink, before_ms: int) -> None:
    while sink.delete_expired(before_ms):
        pass


# --- events


def test_row_ids_ascend_and_belong_to_the_events(sink: EventSink, database: Store) -> None:
    batch = sink.write(events(5))
    assert batch.events == tuple(events(5))
    assert list(batch.row_ids) == sorted(set(batch.row_ids))
    assert len(batch.row_ids) == 5
    with closing(database.open_reader()) as reader:
        for row_id, event in zip(batch.row_ids, batch.events, strict=True):
            later = reader.read_after("BTCUSDT", row_id, list).events
            assert [row[0] for row in later] == list(range(event.ts_ms + 1000, 5000, 1000))
    assert sink.write(events(1, start_ms=9000)).row_ids[0] > batch.row_ids[-1]


def test_a_message_is_stored_once(sink: EventSink, database: Store) -> None:
    first, second, third = events(3)
    assert sink.write([first, second, first]).duplicates == 1
    # The same message over another connection arrives at another time.
    again = replace(second, receive_ms=second.receive_ms + 700, raw_json="")
    batch = sink.write([again, third])
    assert (batch.events, len(batch.row_ids), batch.duplicates) == ((third,), 1, 1)
    assert times(database) == [first.ts_ms, second.ts_ms, third.ts_ms]


@pytest.mark.parametrize(
    "change",
    [
        {"source": "OTHER"},
        {"symbol": "BTCUSDC"},
        {"ts_ms": EVENT.ts_ms + 1},
        {"liquidated": Liquidated.SHORT},
        {"limit_price": 94_434.92},
        {"price": 94_809.7},
        {"original_qty": 0.015},
        {"qty": 0.012},
    ],
    ids=lambda change: next(iter(change)),
)
def test_messages_that_differ_in_an_identifying_field_are_both_stored(
    sink: EventSink, change: dict[str, object]
) -> None:
    batch = sink.write([EVENT, replace(EVENT, **change)])
    assert (len(batch.events), batch.duplicates) == (2, 0)


def test_writing_nothing_stores_nothing(sink: EventSink) -> None:
    batch = sink.write([])
    assert (batch.events, batch.row_ids, batch.duplicates) == ((), (), 0)


def test_a_batch_that_cannot_be_stored_leaves_nothing_and_counts_for_nothing(
    sink: EventSink, database: Store
) -> None:
    first, second = events(2)
    with pytest.raises(Exception) as raised:  # noqa: PT011 - each engine has its own
        sink.write([first, replace(second, price=float("nan"))])
    assert not isinstance(raised.value, StorageError), "it is no fault of the environment"
    status = database.status()
    assert (status["events"], status["counters"]["received"]) == (0, 0)
    assert len(sink.write([first, second]).events) == 2


def test_a_row_id_is_never_given_twice(database: Store) -> None:
    with closing(database.open_writer(DataKind.LIVE)) as sink:
        last = sink.write(events(3)).row_ids[-1]
        drain(sink, 10**12)
    with closing(database.open_writer(DataKind.LIVE)) as sink:
        assert sink.write(events(1)).row_ids[0] > last


def test_what_was_stored_is_there_after_reopening(database: Store) -> None:
    with closing(database.open_writer(DataKind.LIVE)) as sink:
        sink.write(events(3))
    with closing(database.open_writer(DataKind.LIVE)) as sink:
        assert sink.write(events(4)).duplicates == 3
    assert len(times(database)) == 4


# --- one writer, one kind


def test_a_second_writer_is_refused_until_the_first_closes_and_learns_what_is_recorded(
    database: Store,
) -> None:
    with closing(database.open_writer(DataKind.LIVE)) as sink:
        with pytest.raises(OtherWriterError) as unknown:
            database.open_writer(DataKind.LIVE)
        assert unknown.value.recorded is None
        assert "\n" not in str(unknown.value)
        sink.save_symbols(("BTCUSDT",))
        sink.save_symbols(("BTCUSDT", "ETHUSDT"))
        assert database.status()["recorded_symbols"] == ["BTCUSDT", "ETHUSDT"]
        for is_recorder in (True, False):
            with pytest.raises(OtherWriterError) as known:
                database.open_writer(DataKind.LIVE, is_recorder=is_recorder)
            assert known.value.recorded == ("BTCUSDT", "ETHUSDT")
        assert len(sink.write([EVENT]).events) == 1
        # The refused attempts have not driven the first one out.
        with pytest.raises(OtherWriterError):
            database.open_writer(DataKind.LIVE)
    database.open_writer(DataKind.LIVE).close()


def test_closing_twice_is_harmless(database: Store) -> None:
    sink = database.open_writer(DataKind.LIVE)
    sink.close()
    with closing(database.open_writer(DataKind.LIVE)):
        sink.close()
        with pytest.raises(OtherWriterError):
            database.open_writer(DataKind.LIVE)


def test_a_store_of_another_kind_is_refused(database: Store) -> None:
    database.open_writer(DataKind.REPLAY).close()
    with pytest.raises(WrongDataKindError):
        database.open_writer(DataKind.LIVE)
    assert database_finding(database.health, DataKind.LIVE).result is Result.FAIL
    assert database_finding(database.health, DataKind.REPLAY).result is not Result.FAIL
    with closing(database.open_reader()) as reader:
        assert reader.kind is DataKind.REPLAY


def test_a_writer_is_ready_and_has_nothing_to_say(sink: EventSink) -> None:
    generation = sink.generation()
    sink.write(events(2))
    sink.finish_now()
    assert (sink.generation(), sink.notices) == (generation, ())


# --- counters and notes


def test_counters_add_up_over_calls_and_runs(database: Store) -> None:
    for _ in range(3):
        with closing(database.open_writer(DataKind.LIVE)) as sink:
            sink.add_counts({"received": 5, "stored": 3, REJECTED_COUNTER + "not JSON": 1})
            sink.add_counts({"received": 1, "duplicates": 3})
    assert database.status()["counters"] == {
        "received": 18,
        "stored": 9,
        "duplicates": 9,
        "overflowed": 0,
        "reconnects": 0,
        "rotations": 0,
        "rejected": {"not JSON": 3},
    }


def test_the_totals_fit_the_rows_after_every_batch(database: Store, sink: EventSink) -> None:
    batches = (events(7), events(9), [*events(3, start_ms=10**6)] * 2)
    for batch in batches:
        sink.write(batch)
        status = database.status()
        counters = status["counters"]
        assert counters["stored"] == status["events"]
        assert counters["received"] == counters["stored"] + counters["duplicates"]
    assert (counters["received"], counters["stored"]) == (22, 12)


def test_the_latest_unread_order_is_kept_in_words(database: Store, sink: EventSink) -> None:
    sink.add_counts({"unread force order: bad value": 3, "rejected: bad value": 5})
    sink.save_unread_order("some symbol: s is 7")
    sink.save_unread_order("some symbol: s is 8")
    assert database.status()["unread_orders"] == {
        "by_reason": {"bad value": 3},
        "last": "some symbol: s is 8",
    }


# --- retention


def test_the_retention_is_kept(database: Store, sink: EventSink) -> None:
    assert sink.kept_retention_ms() is None
    assert database.kept_retention_ms() is None
    sink.keep_retention(1000)
    sink.keep_retention(500)
    assert sink.kept_retention_ms() == database.kept_retention_ms() == 500
    assert database.status()["retention_ms"] == 500


def test_what_expired_is_counted_in_steps_and_in_one(database: Store, sink: EventSink) -> None:
    sink.write([*events(30), *events(30, start_ms=500), *[replace(EVENT, ts_ms=9, qty=1.5)] * 2])
    for before_ms in (-1, 0, 1, 7_000, 12_345, 29_500, 29_501, 10**9):
        expected = sum(
            ts_ms < before_ms for ts_ms in [*range(0, 30_000, 1000), *range(500, 30_500, 1000), 9]
        )
        assert sum(sink.expired_counts(before_ms)) == database.count_expired(before_ms) == expected


def test_the_oldest_expired_events_go_first_and_at_most_the_limit(
    sink: EventSink, database: Store
) -> None:
    sink.write(list(reversed(events(10))))
    assert sink.delete_expired(6000, limit=4) == 4
    assert times(database)[0] == 4000
    assert sink.delete_expired(6000, limit=4) == 2
    assert sink.delete_expired(6000, limit=4) == 0
    assert times(database) == [6000, 7000, 8000, 9000]
    # What was deleted may come again.
    assert sink.write(events(10)).duplicates == 4


def test_a_step_with_nothing_expired_changes_nothing(sink: EventSink, database: Store) -> None:
    sink.write(events(3))
    sink.extend_coverage("BTCUSDT", 0, 1000, proven=True)
    assert sink.delete_expired(0) == 0
    assert len(times(database)) == 3
    assert database.status()["symbols"]["BTCUSDT"]["coverage"]["proven_ms"] == 1000


# --- tick sizes


def test_a_tick_size_keeps_its_digits_and_the_newest_counts(
    sink: EventSink, database: Store
) -> None:
    sink.save_tick_size("BTCUSDT", Decimal("0.10"), 1000)
    sink.save_tick_size("PEPEUSDT", Decimal("1E-7"), 1000)
    sink.save_tick_size("BTCUSDT", Decimal("0.50"), 2000)
    symbols = database.status()["symbols"]
    assert (symbols["BTCUSDT"]["tick_size"], symbols["BTCUSDT"]["tick_size_fetched_ms"]) == (
        "0.50",
        2000,
    )
    all_sizes = {"BTCUSDT": Decimal("0.50"), "PEPEUSDT": Decimal("0.0000001")}
    assert database.tick_sizes(("ALL",)) == all_sizes
    assert database.tick_sizes(("BTCUSDT", "SOLUSDT")) == {"BTCUSDT": Decimal("0.50")}
    with closing(database.open_reader()) as reader:
        assert str(reader.tick_size("BTCUSDT")) == "0.50"
        assert reader.tick_size("PEPEUSDT") == Decimal("0.0000001")
        assert reader.tick_size("SOLUSDT") is None


@pytest.mark.parametrize("text", ["0", "-0.1", "NaN", "Infinity"])
def test_a_tick_size_that_is_no_positive_number_is_a_bug(sink: EventSink, text: str) -> None:
    with pytest.raises(ValueError, match="BTCUSDT"):
        sink.save_tick_size("BTCUSDT", Decimal(text), 0)


# --- a store that is not there


def test_a_store_that_is_not_there_cannot_be_asked_and_is_not_made(database: Store) -> None:
    for ask in (
        database.open_reader,
        database.status,
        database.kept_retention_ms,
        lambda: database.count_expired(0),
        lambda: database.day_facts(("BTCUSDT",), 0),
        lambda: database.tick_sizes(("BTCUSDT",)),
    ):
        with pytest.raises(StorageError) as raised:
            ask()
        assert str(database.address) in str(raised.value)
    assert database_finding(database.health, DataKind.LIVE).result is not Result.FAIL
    assert not database.exists()
    database.open_writer(DataKind.LIVE).close()
    assert database.exists()
    take_away(database)
    assert not database.exists()


def test_a_store_may_be_asked_from_any_thread(database: Store, sink: EventSink) -> None:
    sink.write(events(3))
    found: list[int] = []
    thread = threading.Thread(target=lambda: found.append(database.status()["events"]))
    thread.start()
    thread.join(20)
    assert found == [3]
