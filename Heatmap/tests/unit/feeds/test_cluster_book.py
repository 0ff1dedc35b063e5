"""The clusters of several symbols, from real stores and the batches that are stored in them."""

import random
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from Heatmap.aggregation.clusters.find_clusters import (
    ClusterParameters,
    LiquidationCluster,
    find_clusters,
)
from Heatmap.domain.events import DataKind, Liquidated, LiquidationEvent, StoredBatch
from Heatmap.errors import CorruptDatabaseError, DatabaseInUseError, SettingsError
from Heatmap.feeds.cluster_book import ClusterBook
from Heatmap.storage.event_arrays import as_array
from Heatmap.storage.event_tape import EventTape
from Heatmap.storage.sqlite_store import SqliteStore
from Heatmap.storage.store import Store, open_store
from Heatmap.storage.tape_cursor import WAITING_LIMIT
from Heatmap.tests.engines.stores import take_away
from Heatmap.tests.unit.handing_writer import HandingWriter
from Heatmap.tests.unit.stored_events import EVENT

NOW_MS = EVENT.ts_ms
PRICE = 95_000.0
PARAMETERS = ClusterParameters(min_cluster_size=2)
HOUR_MS = 3_600_000


class Market:
    """Makes events that differ, near two prices and on both sides, in the last hours."""

    def __init__(self, seed: int = 1) -> None:
        self._random = random.Random(seed)
        self._number = 0

    def events(self, count: int, symbol: str = "BTCUSDT", **fields: int) -> list[LiquidationEvent]:
        return [self._event(symbol, fields) for _ in range(count)]

    def _event(self, symbol: str, fields: dict[str, int]) -> LiquidationEvent:
        self._number += 1
        event = replace(
            EVENT,
            symbol=symbol,
            liquidated=self._random.choice(list(Liquidated)),
            price=self._random.choice((91_000.0, 99_000.0)) + self._random.randrange(2000) / 10,
            notional=1000.0 + self._number,
            qty=float(self._number),
            ts_ms=NOW_MS - self._random.randrange(8 * HOUR_MS),
        )
        return replace(event, **fields)  # type: ignore[arg-type]


@pytest.fixture
def book(tape: EventTape) -> Iterator[ClusterBook]:
    with closing(ClusterBook(tape, PARAMETERS)) as opened:
        yield opened


@pytest.fixture
def market() -> Market:
    return Market()


def from_scratch(
    database: Store,
    symbol: str = "BTCUSDT",
    now_ms: int = NOW_MS,
    parameters: ClusterParameters = PARAMETERS,
) -> list[LiquidationCluster]:
    with closing(database.open_reader()) as reader:
        events = reader.read_window(symbol, 0, None, as_array).events
    return find_clusters(events, PRICE, now_ms, parameters)


def count_of(clusters: list[LiquidationCluster]) -> int:
    return sum(cluster.liquidation_count for cluster in clusters)


def test_what_was_recorded_before_is_there_at_the_first_question(
    writer: HandingWriter, book: ClusterBook, database: Store, market: Market
) -> None:
    writer.write(market.events(200) + market.events(50, "ETHUSDT"))
    clusters = book.clusters("BTCUSDT", PRICE, NOW_MS)
    assert count_of(clusters) > 100
    assert clusters == from_scratch(database)
    assert book.clusters("ETHUSDT", PRICE, NOW_MS) == from_scratch(database, "ETHUSDT")
    assert book.clusters("XRPUSDT", PRICE, NOW_MS) == []


def test_without_a_store_there_is_nothing_and_with_it_there_is(
    writer: HandingWriter, book: ClusterBook, database: Store, market: Market
) -> None:
    writer.close()
    take_away(database)
    assert book.clusters("BTCUSDT", PRICE, NOW_MS) == []
    writer.reopen()
    writer.write(market.events(30))
    assert book.clusters("BTCUSDT", PRICE, NOW_MS) == from_scratch(database) != []


def test_events_that_are_stored_later_count_once_however_they_come(
    writer: HandingWriter, book: ClusterBook, database: Store, market: Market
) -> None:
    writer.write(market.events(50))
    book.clusters("BTCUSDT", PRICE, NOW_MS)
    writer.write(market.events(30) + market.events(5, "ETHUSDT"))
    assert book.clusters("BTCUSDT", PRICE, NOW_MS) == from_scratch(database)
    # Committed, then read from the store as new rows, and only then handed over.
    writer.is_standby = True
    late = writer.write(market.events(30))
    expected = from_scratch(database)
    assert book.clusters("BTCUSDT", PRICE, NOW_MS) == expected
    writer.is_standby = False
    writer.tape.add_batch(late)
    assert book.clusters("BTCUSDT", PRICE, NOW_MS) == expected
    # Of a symbol that nobody has asked for: its first question finds it in the store.
    batch = writer.write(market.events(40, "SOLUSDT"))
    assert book.clusters("SOLUSDT", PRICE, NOW_MS) == from_scratch(database, "SOLUSDT")
    writer.tape.add_batch(batch)
    assert book.clusters("SOLUSDT", PRICE, NOW_MS) == from_scratch(database, "SOLUSDT")


def test_a_batch_without_events_and_one_of_another_symbol_change_nothing(
    writer: HandingWriter, book: ClusterBook, database: Store, market: Market
) -> None:
    events = market.events(50)
    writer.write(events)
    before = book.clusters("BTCUSDT", PRICE, NOW_MS)
    writer.write(events)
    writer.write(market.events(5, "ETHUSDT"))
    assert book.clusters("BTCUSDT", PRICE, NOW_MS) == before == from_scratch(database)


def test_what_comes_by_batches_is_not_read_and_is_taken_once(
    writer: HandingWriter, book: ClusterBook, database: Store, market: Market
) -> None:
    writer.write(market.events(50))
    book.clusters("BTCUSDT", PRICE, NOW_MS)
    # Whoever reads from now on meets a closed store.
    assert writer.tape._reader is not None
    writer.tape._reader.close()
    for symbol in ("ETHUSDT", "BTCUSDT", "ETHUSDT", "BTCUSDT"):
        writer.write(market.events(10, symbol))
        assert book.clusters("BTCUSDT", PRICE, NOW_MS) == from_scratch(database)
        assert not book._symbols["BTCUSDT"].follower.has_news()


def test_after_a_read_that_failed_nothing_is_missing(
    writer: HandingWriter,
    book: ClusterBook,
    database: Store,
    market: Market,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    writer.write(market.events(50))
    book.clusters("BTCUSDT", PRICE, NOW_MS)
    # Rows that no batch brought, so that the store is read; the batch is taken and the read fails.
    writer.write_silently(market.events(50))
    writer.write(market.events(50))

    def fail(*_: object) -> None:
        raise DatabaseInUseError("another program has it locked")

    with monkeypatch.context() as patch:
        patch.setattr(type(writer.tape._reader), "read_after", fail)
        with pytest.raises(DatabaseInUseError):
            book.clusters("BTCUSDT", PRICE, NOW_MS)
    assert book.clusters("BTCUSDT", PRICE, NOW_MS) == from_scratch(database)


def test_rows_of_another_recorder_are_read_while_it_writes(
    writer: HandingWriter, book: ClusterBook, database: Store, market: Market
) -> None:
    writer.write(market.events(50))
    before = book.clusters("BTCUSDT", PRICE, NOW_MS)
    writer.write_silently(market.events(50))
    assert book.clusters("BTCUSDT", PRICE, NOW_MS) == before
    writer.is_standby = True
    assert book.clusters("BTCUSDT", PRICE, NOW_MS) == from_scratch(database)


def test_what_another_recorder_wrote_last_is_found_after_it_has_ended(
    writer: HandingWriter, book: ClusterBook, database: Store, market: Market
) -> None:
    writer.is_standby = True
    writer.write(market.events(50))
    book.clusters("BTCUSDT", PRICE, NOW_MS)
    writer.write(market.events(50))
    writer.is_standby = False
    assert book.clusters("BTCUSDT", PRICE, NOW_MS) == from_scratch(database)


@pytest.mark.parametrize("is_between", [False, True], ids=["before a batch", "between batches"])
def test_rows_that_no_batch_brought_are_noticed_by_the_ids_of_those_that_came(
    is_between: bool, writer: HandingWriter, book: ClusterBook, database: Store, market: Market
) -> None:
    writer.write(market.events(50))
    book.clusters("BTCUSDT", PRICE, NOW_MS)
    if is_between:
        writer.write(market.events(5))
    writer.write_silently(market.events(50))
    writer.write(market.events(5))
    assert book.clusters("BTCUSDT", PRICE, NOW_MS) == from_scratch(database)


@pytest.mark.parametrize("seed", range(12))
def test_any_course_of_writers_batches_and_questions_counts_every_event_once(
    seed: int, writer: HandingWriter, book: ClusterBook, database: Store
) -> None:
    rng, market = random.Random(seed), Market(seed)
    late = list[StoredBatch]()
    for _ in range(120):
        match rng.randrange(10):
            case 0:
                writer.is_standby = not writer.is_standby
            case 1:
                writer.tape.lose_batches()
            case 2 | 3 | 4 | 5:
                events = market.events(rng.randrange(4), rng.choice(("BTCUSDT", "ETHUSDT")))
                batch = writer.write_silently(events)
                if not writer.is_standby:
                    late.append(batch)
            case _:
                symbol = rng.choice(("BTCUSDT", "ETHUSDT"))
                # Batches are handed over a moment after the commit, also of the last one.
                for batch in late:
                    writer.tape.add_batch(batch)
                late.clear()
                assert book.clusters(symbol, PRICE, NOW_MS) == from_scratch(database, symbol)


def test_too_many_waiting_events_and_lost_batches_are_read_from_the_file(
    writer: HandingWriter, book: ClusterBook, database: Store, market: Market
) -> None:
    book.clusters("BTCUSDT", PRICE, NOW_MS)
    for _ in range(3):
        writer.write(market.events(WAITING_LIMIT // 2))
        waiting = book._symbols["BTCUSDT"].follower._cursor._waiting
        assert len(waiting.rows) <= WAITING_LIMIT
    assert book.clusters("BTCUSDT", PRICE, NOW_MS) == from_scratch(database)
    writer.write_silently(market.events(50))
    writer.tape.lose_batches()
    assert book.clusters("BTCUSDT", PRICE, NOW_MS) == from_scratch(database)


@pytest.mark.parametrize(
    "other",
    [
        replace(PARAMETERS, cluster_window_pct=0.001),
        replace(PARAMETERS, min_cluster_size=60),
        replace(PARAMETERS, lookback_time_constants=1.0),
        replace(PARAMETERS, time_decay_minutes=80.0),
    ],
    ids=["window", "size", "shorter lookback", "longer lookback"],
)
def test_other_parameters_hold_from_the_next_question_and_the_first_ones_again(
    other: ClusterParameters,
    writer: HandingWriter,
    book: ClusterBook,
    database: Store,
    market: Market,
) -> None:
    writer.write(market.events(300))
    first = book.clusters("BTCUSDT", PRICE, NOW_MS)
    book.set_parameters(other)
    second = book.clusters("BTCUSDT", PRICE, NOW_MS)
    assert second == from_scratch(database, parameters=other)
    assert second != first
    book.set_parameters(PARAMETERS)
    assert book.clusters("BTCUSDT", PRICE, NOW_MS) == first


def test_a_question_may_have_a_width_of_its_own_and_the_next_one_has_not(
    writer: HandingWriter, book: ClusterBook, database: Store, market: Market
) -> None:
    writer.write(market.events(300))
    usual = book.clusters("BTCUSDT", PRICE, NOW_MS)
    for window_pct in (0.001, 0.0005):
        own = book.clusters("BTCUSDT", PRICE, NOW_MS, window_pct=window_pct)
        parameters = replace(PARAMETERS, cluster_window_pct=window_pct)
        assert own == from_scratch(database, parameters=parameters)
        assert own != usual
        assert book.clusters("BTCUSDT", PRICE, NOW_MS) == usual
    with pytest.raises(SettingsError):
        book.clusters("BTCUSDT", PRICE, NOW_MS, window_pct=2.0)


@pytest.mark.parametrize("step_ms", [-5 * HOUR_MS, -2000, 500, 3 * HOUR_MS])
def test_now_may_go_on_and_back(
    step_ms: int, writer: HandingWriter, book: ClusterBook, database: Store, market: Market
) -> None:
    writer.write(market.events(300))
    for now_ms in (NOW_MS, NOW_MS + step_ms, NOW_MS):
        clusters = book.clusters("BTCUSDT", PRICE, now_ms)
        assert clusters == from_scratch(database, now_ms=now_ms)


def test_a_fresh_store_in_the_place_of_the_old_one_is_read_anew(
    writer: HandingWriter, book: ClusterBook, database: Store, market: Market
) -> None:
    writer.write(market.events(100))
    book.clusters("BTCUSDT", PRICE, NOW_MS)
    book.clusters("ETHUSDT", PRICE, NOW_MS)
    writer.close()
    take_away(database)
    assert book.clusters("BTCUSDT", PRICE, NOW_MS) == []
    writer.reopen()
    writer.write(market.events(20) + market.events(20, "ETHUSDT"))
    for symbol in ("BTCUSDT", "ETHUSDT"):
        assert book.clusters(symbol, PRICE, NOW_MS) == from_scratch(database, symbol) != []


def test_a_file_that_cannot_be_read_is_an_error_and_the_next_one_serves(
    path: Path, market: Market
) -> None:
    database = open_store(path)
    path.write_bytes(b"no database at all, but more than a few bytes of something else" * 20)
    with closing(ClusterBook(EventTape(database), PARAMETERS)) as book:
        with pytest.raises(CorruptDatabaseError):
            book.clusters("BTCUSDT", PRICE, NOW_MS)
        path.unlink()
        with closing(SqliteStore.for_recorder(path, DataKind.LIVE)) as store:
            store.write(market.events(20))
        assert book.clusters("BTCUSDT", PRICE, NOW_MS) == from_scratch(database) != []


def test_a_row_that_is_no_liquidation_leaves_the_others_their_clusters(
    path: Path, market: Market
) -> None:
    database = open_store(path)
    tape = EventTape(database, lambda: False)
    with (
        closing(SqliteStore.for_recorder(path, DataKind.LIVE)) as store,
        closing(ClusterBook(tape, PARAMETERS)) as book,
    ):
        store.write(market.events(50))
        expected = from_scratch(database)
        with closing(sqlite3.connect(path)) as connection, connection:
            connection.execute("UPDATE liq_events SET price = -1 WHERE id = 1")
        one_less = book.clusters("BTCUSDT", PRICE, NOW_MS)
        assert count_of(expected) - 1 == count_of(one_less)
        impossible = replace(market.events(1)[0], notional=float("inf"))
        tape.add_batch(StoredBatch((impossible,), (51,), 0))
        assert book.clusters("BTCUSDT", PRICE, NOW_MS) == one_less


@pytest.mark.parametrize("price", [0.0, -1.0, float("nan"), float("inf"), "1", True])
def test_a_price_that_is_none_is_refused(price: float, book: ClusterBook) -> None:
    with pytest.raises(ValueError, match="current_price must be a number above 0"):
        book.clusters("BTCUSDT", price, NOW_MS)


def test_close_is_idempotent_and_nothing_comes_afterwards(
    writer: HandingWriter, book: ClusterBook, market: Market
) -> None:
    writer.write(market.events(50))
    assert book.clusters("BTCUSDT", PRICE, NOW_MS)
    book.close()
    book.close()
    writer.write(market.events(5))
    writer.tape.lose_batches()
    book.set_parameters(PARAMETERS)
    assert book.clusters("BTCUSDT", PRICE, NOW_MS) == []
    assert writer.tape._reader is None


def test_handing_over_a_batch_does_not_wait_for_a_reader_of_the_store(
    writer: HandingWriter, book: ClusterBook, database: Store, market: Market
) -> None:
    book.clusters("BTCUSDT", PRICE, NOW_MS)
    batch = writer.write_silently(market.events(30))
    with book._work, writer.tape.reading():  # as long as the store is being read
        handed_over = threading.Thread(
            target=lambda: writer.tape.add_batch(batch), name="recorder", daemon=True
        )
        handed_over.start()
        handed_over.join(20)
        assert not handed_over.is_alive()
    assert book.clusters("BTCUSDT", PRICE, NOW_MS) == from_scratch(database)


def test_questions_from_many_threads_while_events_come_count_each_once(
    writer: HandingWriter, book: ClusterBook, database: Store, market: Market
) -> None:
    # Of one price, on one side and now: all of them are one cluster.
    def events(count: int, symbol: str) -> list[LiquidationEvent]:
        made = market.events(count, symbol, ts_ms=NOW_MS)
        return [replace(event, price=PRICE, liquidated=Liquidated.LONG) for event in made]

    writer.write(events(10, "BTCUSDT") + events(10, "ETHUSDT"))
    is_over = threading.Event()
    faults: list[str] = []

    def ask(symbol: str) -> None:
        seen = 0
        while not is_over.is_set():
            count = count_of(book.clusters(symbol, PRICE, NOW_MS))
            if not seen <= count <= 210:
                faults.append(f"{symbol}: {count} after {seen}")
            seen = count

    threads = [
        threading.Thread(target=ask, args=(symbol,)) for symbol in ("BTCUSDT", "ETHUSDT", "BTCUSDT")
    ]
    for thread in threads:
        thread.start()
    try:
        for _ in range(100):
            writer.write(events(2, "BTCUSDT") + events(2, "ETHUSDT"))
    finally:
        is_over.set()
        for thread in threads:
            thread.join()
    assert faults == []
    for symbol in ("BTCUSDT", "ETHUSDT"):
        clusters = book.clusters(symbol, PRICE, NOW_MS)
        assert count_of(clusters) == 210
        assert clusters == from_scratch(database, symbol)


def test_without_a_price_the_distances_are_from_the_newest_liquidation(
    book: ClusterBook, writer: HandingWriter, market: Market
) -> None:
    assert book.clusters("BTCUSDT", None, NOW_MS) == []
    events = market.events(50)
    writer.write(events)
    newest = max(events, key=lambda event: event.ts_ms)
    assert book.clusters("BTCUSDT", None, NOW_MS) == book.clusters("BTCUSDT", newest.price, NOW_MS)
