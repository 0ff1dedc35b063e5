"""The clusters of several symbols, from real files and the batches that are stored in them."""

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
from Heatmap.errors import CorruptDatabaseError, DatabaseInUseError
from Heatmap.feeds.cluster_book import WAITING_LIMIT, ClusterBook
from Heatmap.storage.sqlite.event_reader import EventReader
from Heatmap.storage.sqlite_store import SqliteStore
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
def store(path: Path) -> Iterator[SqliteStore]:
    with closing(SqliteStore.for_recorder(path, DataKind.LIVE)) as opened:
        yield opened


@pytest.fixture
def book(path: Path) -> Iterator[ClusterBook]:
    with closing(ClusterBook(path, PARAMETERS)) as opened:
        yield opened


@pytest.fixture
def market() -> Market:
    return Market()


def from_scratch(
    path: Path,
    symbol: str = "BTCUSDT",
    now_ms: int = NOW_MS,
    parameters: ClusterParameters = PARAMETERS,
) -> list[LiquidationCluster]:
    with EventReader(path) as reader:
        events = reader.read_window(symbol, 0, None).events
    return find_clusters(events, PRICE, now_ms, parameters)


def count_of(clusters: list[LiquidationCluster]) -> int:
    return sum(cluster.liquidation_count for cluster in clusters)


def test_what_was_recorded_before_is_there_at_the_first_question(
    store: SqliteStore, book: ClusterBook, path: Path, market: Market
) -> None:
    store.write(market.events(200) + market.events(50, "ETHUSDT"))
    clusters = book.clusters("BTCUSDT", PRICE, NOW_MS)
    assert count_of(clusters) > 100
    assert clusters == from_scratch(path)
    assert book.clusters("ETHUSDT", PRICE, NOW_MS) == from_scratch(path, "ETHUSDT")
    assert book.clusters("XRPUSDT", PRICE, NOW_MS) == []


def test_without_a_file_there_is_nothing_and_with_it_there_is(
    book: ClusterBook, path: Path, market: Market
) -> None:
    assert book.clusters("BTCUSDT", PRICE, NOW_MS) == []
    with closing(SqliteStore.for_recorder(path, DataKind.LIVE)) as store:
        book.add_batch(store.write(market.events(30)))
        assert book.clusters("BTCUSDT", PRICE, NOW_MS) == from_scratch(path) != []


def test_events_that_are_stored_later_count_once_however_they_come(
    store: SqliteStore, book: ClusterBook, path: Path, market: Market
) -> None:
    store.write(market.events(50))
    book.clusters("BTCUSDT", PRICE, NOW_MS)
    book.add_batch(store.write(market.events(30) + market.events(5, "ETHUSDT")))
    assert book.clusters("BTCUSDT", PRICE, NOW_MS) == from_scratch(path)
    # Committed, then read from the file as new rows, and only then handed over.
    late = store.write(market.events(30))
    expected = from_scratch(path)
    assert book.clusters("BTCUSDT", PRICE, NOW_MS, reads_new_rows=True) == expected
    book.add_batch(late)
    assert book.clusters("BTCUSDT", PRICE, NOW_MS) == expected
    # Of a symbol that nobody has asked for: its first question finds it in the file.
    batch = store.write(market.events(40, "SOLUSDT"))
    book.add_batch(batch)
    assert book.clusters("SOLUSDT", PRICE, NOW_MS) == from_scratch(path, "SOLUSDT")
    book.add_batch(batch)
    assert book.clusters("SOLUSDT", PRICE, NOW_MS) == from_scratch(path, "SOLUSDT")


def test_a_batch_without_events_and_one_of_another_symbol_change_nothing(
    store: SqliteStore, book: ClusterBook, path: Path, market: Market
) -> None:
    events = market.events(50)
    store.write(events)
    before = book.clusters("BTCUSDT", PRICE, NOW_MS)
    book.add_batch(store.write(events))
    book.add_batch(store.write(market.events(5, "ETHUSDT")))
    assert book.clusters("BTCUSDT", PRICE, NOW_MS) == before == from_scratch(path)


def test_what_comes_by_batches_is_not_read_and_is_taken_once(
    store: SqliteStore, book: ClusterBook, path: Path, market: Market
) -> None:
    store.write(market.events(50))
    book.clusters("BTCUSDT", PRICE, NOW_MS)
    # Whoever reads from now on meets a closed file.
    assert book._reader is not None
    book._reader.close()
    for symbol in ("ETHUSDT", "BTCUSDT", "ETHUSDT", "BTCUSDT"):
        book.add_batch(store.write(market.events(10, symbol)))
        assert book.clusters("BTCUSDT", PRICE, NOW_MS) == from_scratch(path)
        assert book._symbols["BTCUSDT"].inbox.events == []


def test_after_a_read_that_failed_nothing_is_missing(
    store: SqliteStore,
    book: ClusterBook,
    path: Path,
    market: Market,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    store.write(market.events(50))
    book.clusters("BTCUSDT", PRICE, NOW_MS)
    # Rows that no batch brought, so that the file is read; the batch is taken and the read fails.
    store.write(market.events(50))
    book.add_batch(store.write(market.events(50)))

    def fail(*_: object) -> None:
        raise DatabaseInUseError("another program has it locked")

    with monkeypatch.context() as patch:
        patch.setattr(EventReader, "read_after", fail)
        with pytest.raises(DatabaseInUseError):
            book.clusters("BTCUSDT", PRICE, NOW_MS)
    assert book.clusters("BTCUSDT", PRICE, NOW_MS) == from_scratch(path)


def test_rows_of_another_recorder_are_read_when_asked_for(
    store: SqliteStore, book: ClusterBook, path: Path, market: Market
) -> None:
    store.write(market.events(50))
    before = book.clusters("BTCUSDT", PRICE, NOW_MS)
    store.write(market.events(50))
    assert book.clusters("BTCUSDT", PRICE, NOW_MS) == before
    assert book.clusters("BTCUSDT", PRICE, NOW_MS, reads_new_rows=True) == from_scratch(path)


def test_what_another_recorder_wrote_last_is_found_after_it_has_ended(
    store: SqliteStore, book: ClusterBook, path: Path, market: Market
) -> None:
    store.write(market.events(50))
    book.clusters("BTCUSDT", PRICE, NOW_MS, reads_new_rows=True)
    store.write(market.events(50))
    assert book.clusters("BTCUSDT", PRICE, NOW_MS) == from_scratch(path)


@pytest.mark.parametrize("is_between", [False, True], ids=["before a batch", "between batches"])
def test_rows_that_no_batch_brought_are_noticed_by_the_ids_of_those_that_came(
    is_between: bool, store: SqliteStore, book: ClusterBook, path: Path, market: Market
) -> None:
    store.write(market.events(50))
    book.clusters("BTCUSDT", PRICE, NOW_MS)
    if is_between:
        book.add_batch(store.write(market.events(5)))
    store.write(market.events(50))
    book.add_batch(store.write(market.events(5)))
    assert book.clusters("BTCUSDT", PRICE, NOW_MS) == from_scratch(path)


@pytest.mark.parametrize("seed", range(12))
def test_any_course_of_writers_batches_and_questions_counts_every_event_once(
    seed: int, store: SqliteStore, book: ClusterBook, path: Path
) -> None:
    rng, market = random.Random(seed), Market(seed)
    is_standby, late = False, list[StoredBatch]()
    for _ in range(120):
        match rng.randrange(10):
            case 0:
                is_standby = not is_standby
            case 1:
                book.miss_batches()
            case 2 | 3 | 4 | 5:
                events = market.events(rng.randrange(4), rng.choice(("BTCUSDT", "ETHUSDT")))
                batch = store.write(events)
                if not is_standby:
                    late.append(batch)
            case _:
                symbol = rng.choice(("BTCUSDT", "ETHUSDT"))
                # Batches are handed over a moment after the commit, also of the last one.
                for batch in late:
                    book.add_batch(batch)
                late.clear()
                clusters = book.clusters(symbol, PRICE, NOW_MS, reads_new_rows=is_standby)
                assert clusters == from_scratch(path, symbol)


def test_too_many_waiting_events_and_lost_batches_are_read_from_the_file(
    store: SqliteStore, book: ClusterBook, path: Path, market: Market
) -> None:
    book.clusters("BTCUSDT", PRICE, NOW_MS)
    for _ in range(3):
        book.add_batch(store.write(market.events(WAITING_LIMIT // 2)))
        assert len(book._symbols["BTCUSDT"].inbox.events) <= WAITING_LIMIT
    assert book.clusters("BTCUSDT", PRICE, NOW_MS) == from_scratch(path)
    store.write(market.events(50))
    book.miss_batches()
    assert book.clusters("BTCUSDT", PRICE, NOW_MS) == from_scratch(path)


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
    other: ClusterParameters, store: SqliteStore, book: ClusterBook, path: Path, market: Market
) -> None:
    store.write(market.events(300))
    first = book.clusters("BTCUSDT", PRICE, NOW_MS)
    book.set_parameters(other)
    second = book.clusters("BTCUSDT", PRICE, NOW_MS)
    assert second == from_scratch(path, parameters=other)
    assert second != first
    book.set_parameters(PARAMETERS)
    assert book.clusters("BTCUSDT", PRICE, NOW_MS) == first


@pytest.mark.parametrize("step_ms", [-5 * HOUR_MS, -2000, 500, 3 * HOUR_MS])
def test_now_may_go_on_and_back(
    step_ms: int, store: SqliteStore, book: ClusterBook, path: Path, market: Market
) -> None:
    store.write(market.events(300))
    for now_ms in (NOW_MS, NOW_MS + step_ms, NOW_MS):
        clusters = book.clusters("BTCUSDT", PRICE, now_ms)
        assert clusters == from_scratch(path, now_ms=now_ms)


def test_a_fresh_file_in_the_place_of_the_old_one_is_read_anew(
    book: ClusterBook, path: Path, market: Market
) -> None:
    with closing(SqliteStore.for_recorder(path, DataKind.LIVE)) as store:
        store.write(market.events(100))
        book.clusters("BTCUSDT", PRICE, NOW_MS)
        book.clusters("ETHUSDT", PRICE, NOW_MS)
    for file in path.parent.glob("heatmap.sqlite3*"):
        file.rename(file.with_name("old-" + file.name))
    assert book.clusters("BTCUSDT", PRICE, NOW_MS) == []
    with closing(SqliteStore.for_recorder(path, DataKind.LIVE)) as store:
        book.add_batch(store.write(market.events(20) + market.events(20, "ETHUSDT")))
        for symbol in ("BTCUSDT", "ETHUSDT"):
            assert book.clusters(symbol, PRICE, NOW_MS) == from_scratch(path, symbol) != []


def test_a_file_that_cannot_be_read_is_an_error_and_the_next_one_serves(
    book: ClusterBook, path: Path, market: Market
) -> None:
    path.write_bytes(b"no database at all, but more than a few bytes of something else" * 20)
    with pytest.raises(CorruptDatabaseError):
        book.clusters("BTCUSDT", PRICE, NOW_MS)
    path.unlink()
    with closing(SqliteStore.for_recorder(path, DataKind.LIVE)) as store:
        store.write(market.events(20))
    assert book.clusters("BTCUSDT", PRICE, NOW_MS) == from_scratch(path) != []


def test_a_row_that_is_no_liquidation_leaves_the_others_their_clusters(
    store: SqliteStore, book: ClusterBook, path: Path, market: Market
) -> None:
    store.write(market.events(50))
    expected = from_scratch(path)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE liq_events SET price = -1 WHERE id = 1")
    one_less = book.clusters("BTCUSDT", PRICE, NOW_MS)
    assert count_of(expected) - 1 == count_of(one_less)
    impossible = replace(market.events(1)[0], notional=float("inf"))
    book.add_batch(StoredBatch((impossible,), (51,), 0))
    assert book.clusters("BTCUSDT", PRICE, NOW_MS) == one_less


@pytest.mark.parametrize("price", [0.0, -1.0, float("nan"), float("inf"), "1", True])
def test_a_price_that_is_none_is_refused(price: float, book: ClusterBook) -> None:
    with pytest.raises(ValueError, match="current_price must be a number above 0"):
        book.clusters("BTCUSDT", price, NOW_MS)


def test_close_is_idempotent_and_nothing_comes_afterwards(
    store: SqliteStore, book: ClusterBook, market: Market
) -> None:
    store.write(market.events(50))
    assert book.clusters("BTCUSDT", PRICE, NOW_MS)
    book.close()
    book.close()
    book.add_batch(store.write(market.events(5)))
    book.miss_batches()
    book.set_parameters(PARAMETERS)
    assert book.clusters("BTCUSDT", PRICE, NOW_MS) == []
    assert book._reader is None


def test_handing_over_a_batch_does_not_wait_for_a_reader_of_the_file(
    store: SqliteStore, book: ClusterBook, path: Path, market: Market
) -> None:
    book.clusters("BTCUSDT", PRICE, NOW_MS)
    with book._work:  # as long as the file is being read
        handed_over = threading.Thread(
            target=lambda: book.add_batch(store_batch), name="recorder", daemon=True
        )
        store_batch = store.write(market.events(30))
        handed_over.start()
        handed_over.join(20)
        assert not handed_over.is_alive()
    assert book.clusters("BTCUSDT", PRICE, NOW_MS) == from_scratch(path)


def test_questions_from_many_threads_while_events_come_count_each_once(
    store: SqliteStore, book: ClusterBook, path: Path, market: Market
) -> None:
    # Of one price, on one side and now: all of them are one cluster.
    def events(count: int, symbol: str) -> list[LiquidationEvent]:
        made = market.events(count, symbol, ts_ms=NOW_MS)
        return [replace(event, price=PRICE, liquidated=Liquidated.LONG) for event in made]

    store.write(events(10, "BTCUSDT") + events(10, "ETHUSDT"))
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
            book.add_batch(store.write(events(2, "BTCUSDT") + events(2, "ETHUSDT")))
    finally:
        is_over.set()
        for thread in threads:
            thread.join()
    assert faults == []
    for symbol in ("BTCUSDT", "ETHUSDT"):
        clusters = book.clusters(symbol, PRICE, NOW_MS)
        assert count_of(clusters) == 210
        assert clusters == from_scratch(path, symbol)


def test_without_a_price_the_distances_are_from_the_newest_liquidation(
    book: ClusterBook, store: SqliteStore, market: Market
) -> None:
    assert book.clusters("BTCUSDT", None, NOW_MS) == []
    events = market.events(50)
    store.write(events)
    newest = max(events, key=lambda event: event.ts_ms)
    assert book.clusters("BTCUSDT", None, NOW_MS) == book.clusters("BTCUSDT", newest.price, NOW_MS)
