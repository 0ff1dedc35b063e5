"""How long storing, reading and deleting take, against the plain way of doing the same.

Run as ``python Heatmap/tests/bench/bench_storage.py``: one JSON object per line with ``name``,
``value``, ``unit``, ``baseline``, ``ratio`` (value / baseline), ``goal`` and ``ok``. Every answer
that is timed is checked first; a wrong one ends the run.
"""

import gc
import sqlite3
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from numpy.typing import NDArray

from Heatmap.aggregation.arrays import EVENT_DTYPE
from Heatmap.domain.events import DataKind, Liquidated, LiquidationEvent
from Heatmap.storage.sqlite.event_rows import key_of
from Heatmap.storage.sqlite_store import SqliteStore, event_to_row
from Heatmap.tests.array_reader import EventReader
from Heatmap.tests.bench.measurements import at_most, tell

TOTAL = 200_000
IN_WINDOW = 20_000
WINDOW_MS = 2 * 86_400_000
STEP_MS = WINDOW_MS // IN_WINDOW
START_MS = 1_733_270_400_000
RAW = "x" * 230  # as long as the exchange's message
# A window must not be read slower because more was stored before it.
FLAT_SIZES, FLAT_WINDOW, FLAT_ROUNDS, FLAT_GOAL = (10_000, 5_000_000), 10_000, 31, 1.3


def make_events(count: int, seed: int = 1) -> list[LiquidationEvent]:
    """Make liquidations at even distances in time, with prices and sizes like the recorded ones."""
    generator = np.random.default_rng(seed)
    prices = np.round(95_000 + generator.normal(0, 1500, count), 1)
    quantities = np.round(generator.lognormal(-4, 2, count) + 0.001, 3)
    sells = generator.random(count) < 0.4
    made = (
        LiquidationEvent(
            ts_ms=START_MS + number * STEP_MS,
            symbol="BTCUSDT",
            liquidated=Liquidated.LONG if sell else Liquidated.SHORT,
            price=float(price),
            qty=float(quantity),
            notional=float(price * quantity),
            source="BINANCE_USDM",
            limit_price=float(price),
            original_qty=float(quantity),
            push_ms=START_MS + number * STEP_MS + 3,
            receive_ms=START_MS + number * STEP_MS + 90,
            raw_json=RAW,
        )
        for number, (price, quantity, sell) in enumerate(
            zip(prices, quantities, sells, strict=True)
        )
    )
    # With their keys, which are made where a message is read.
    return [replace(event, event_key=key_of(event)) for event in made]


def measure(action: Callable[[], Any], repeats: int) -> float:
    """Return the median time of an action, milliseconds."""
    times = []
    for _ in range(repeats):
        gc.collect()
        started = time.perf_counter()
        action()
        times.append((time.perf_counter() - started) * 1000)
    return median(times)


def longest_stall(action: Callable[[], Any]) -> float:
    """Return the longest time another Python thread stands still during an action, milliseconds.

    The other thread sleeps 0.2 ms at a time, as an idle GUI loop waits for work.
    """
    stop = threading.Event()
    stalls = [0.0]

    def watch() -> None:
        last = time.perf_counter()
        while not stop.is_set():
            time.sleep(0.0002)
            now = time.perf_counter()
            stalls[0] = max(stalls[0], now - last)
            last = now

    thread = threading.Thread(target=watch)
    thread.start()
    action()
    stop.set()
    thread.join()
    return stalls[0] * 1000


def bench_read(path: Path, events: Sequence[LiquidationEvent]) -> bool:
    """Time a window of two days, and how long it holds up the GUI's thread."""
    start_ms = events[-IN_WINDOW].ts_ms
    statement = (
        "SELECT ts_ms, price, notional, side = 'SELL' FROM liq_events "
        "WHERE symbol = ? AND ts_ms >= ? AND ts_ms < ? ORDER BY ts_ms, id"
    )
    with EventReader(path) as reader, closing(sqlite3.connect(path)) as connection:

        def read() -> NDArray[Any]:
            return reader.read_window("BTCUSDT", start_ms, None).events

        def read_plainly() -> NDArray[Any]:
            rows = connection.execute(statement, ("BTCUSDT", start_ms, 2**63 - 1)).fetchall()
            return np.array(rows, dtype=EVENT_DTYPE)

        answer = read()
        if len(answer) != IN_WINDOW or not np.array_equal(answer, read_plainly()):
            raise AssertionError("the two ways of reading a window differ")
        expected = sum(event.notional for event in events[-IN_WINDOW:])
        if not np.isclose(answer["notional"].sum(), expected, rtol=1e-12):
            raise AssertionError("the window's notional is not what was stored")
        baseline = measure(read_plainly, 15)
        fast = at_most("read 2 days, 20,000 of 200,000 events", measure(read, 15), baseline, 60.0)
        stalls = [median(longest_stall(way) for _ in range(9)) for way in (read, read_plainly)]
    return at_most("longest stall of another thread during it", *stalls, 8.0) and fast


def fill_quickly(path: Path, count: int) -> None:
    """Store many events at even distances, the last one always at the same time."""
    SqliteStore(path, DataKind.LIVE).close()
    statement = """
    WITH RECURSIVE numbers(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM numbers WHERE n + 1 < ?1)
    INSERT INTO liq_events (ts_ms, symbol, side, price, qty, notional, source, raw_json,
                            limit_price, original_qty, push_ms, receive_ms, event_key,
                            key_from_numbers, twin, origin, reported_price, price_kind, price_rule)
    SELECT ?2 - (?1 - n) * ?3, 'BTCUSDT', CASE (?1 - n) % 5 WHEN 0 THEN 'SELL' ELSE 'BUY' END,
           95000 + (?1 - n) * 7919 % 20000 * 0.1, 0.013, (?1 - n) * 104729 % 500000 * 0.1,
           'BINANCE_USDM', ?4, 95000.5, 0.014, ?2, ?2, randomblob(16), 1, 0, 'recorder', NULL,
           'fill', 'reported'
    FROM numbers
    """
    with closing(sqlite3.connect(path)) as connection:
        # Nothing of this file must outlive a fault; the file itself comes out the same.
        connection.execute("PRAGMA synchronous = OFF")
        with connection:
            connection.execute(statement, (count, START_MS, STEP_MS, RAW))
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def bench_flat(directory: Path) -> bool:
    """Read the same window from a small and from a large database, by turns.

    The goal of its line is the largest ratio that is good.
    """
    readers = []
    for size in FLAT_SIZES:
        path = directory / f"flat{size}.sqlite3"
        fill_quickly(path, size)
        readers.append(EventReader(path))
    both = list(zip(readers, FLAT_SIZES, strict=True))
    start_ms = START_MS - FLAT_WINDOW * STEP_MS
    times: list[list[float]] = [[] for _ in readers]
    windows = [reader.read_window("BTCUSDT", start_ms, None) for reader in readers]
    for window, size in zip(windows, FLAT_SIZES, strict=True):
        if window.last_row_id != size or not np.array_equal(window.events, windows[0].events):
            raise AssertionError("the same window has other events in the larger database")
    if len(windows[0].events) != FLAT_WINDOW:
        raise AssertionError(f"{len(windows[0].events)} events, expected {FLAT_WINDOW}")
    for _ in range(FLAT_ROUNDS):
        for reader, spent in zip(readers, times, strict=True):
            spent.append(
                measure(lambda reader=reader: reader.read_window("BTCUSDT", start_ms, None), 1)  # type: ignore[misc]
            )
    news = [reader.read_after("BTCUSDT", size - 10).events for reader, size in both]
    if not np.array_equal(*news) or not np.array_equal(news[0], windows[0].events[-10:]):
        raise AssertionError("what was stored last is not what was stored after the row before it")
    after_ms = [
        measure(lambda reader=reader, size=size: reader.read_after("BTCUSDT", size - 10), 9)  # type: ignore[misc]
        for reader, size in both
    ]
    for reader in readers:
        reader.close()
    is_quick = at_most("read 10 events stored since, of 5,000,000", after_ms[1], after_ms[0], 2.0)
    small_ms, large_ms = (median(spent) for spent in times)
    name = f"read {FLAT_WINDOW:,} of 5,000,000 events, against the same of 10,000"
    is_flat = tell(
        name, large_ms, "ms", FLAT_GOAL, ok=large_ms / small_ms <= FLAT_GOAL, baseline=small_ms
    )
    return is_flat and is_quick


def bench_write(directory: Path) -> bool:
    """Time batches of 100 against one transaction per event."""
    events = make_events(2000, seed=2)

    def store_in(name: str, size: int) -> float:
        with SqliteStore(directory / name, DataKind.LIVE) as store:
            started = time.perf_counter()
            stored = sum(
                len(store.write(events[first : first + size]).events)
                for first in range(0, len(events), size)
            )
            elapsed_s = time.perf_counter() - started
            if stored != len(events) or store.write(events).duplicates != len(events):
                raise AssertionError("not every event was stored exactly once")
        return elapsed_s * 1e6 / len(events)

    batched = median(store_in(f"batched{turn}.sqlite3", 100) for turn in range(5))
    single = median(store_in(f"single{turn}.sqlite3", 1) for turn in range(5))
    return at_most("store an event, in batches of 100", batched, single, 100.0, "us")


def bench_duplicates(path: Path, events: Sequence[LiquidationEvent]) -> bool:
    """Time a batch of which everything is there already, in the large database."""
    batch = events[-200:]
    with SqliteStore(path, DataKind.LIVE) as store:
        if store.write(batch).duplicates != len(batch):
            raise AssertionError("a stored event was stored again")
        value = measure(lambda: store.write(batch), 15)
        fresh = [replace(event, symbol="ETHUSDT", event_key=None) for event in batch]
        started = time.perf_counter()
        if store.write(fresh).duplicates:
            raise AssertionError("a new event was taken for a duplicate")
        baseline = (time.perf_counter() - started) * 1000
    return at_most("recognise 200 duplicates among 200,000 events", value, baseline, 20.0)


def bench_coverage(directory: Path) -> bool:
    """Time a heartbeat's coverage after two weeks with an interruption every ten minutes."""
    with SqliteStore(directory / "coverage.sqlite3", DataKind.LIVE) as store:
        store._connection.executemany(
            "INSERT INTO coverage VALUES ('BINANCE_USDM', 'BTCUSDT', ?, ?, 1)",
            [(start, start + 590_000) for start in range(0, 14 * 86_400_000, 600_000)],
        )
        beats = iter(range(2 * 10**9, 3 * 10**9, 1000))

        def beat() -> None:
            now_ms = next(beats)
            store.extend_coverage("BTCUSDT", now_ms - 1000, now_ms, proven=True)

        value = measure(beat, 200)
        newest = store._connection.execute(
            "SELECT start_ms, end_ms FROM coverage ORDER BY start_ms DESC LIMIT 1"
        ).fetchone()
        if newest != (2 * 10**9 - 1000, next(beats) - 1000):
            raise AssertionError("the heartbeats did not make one interval")
    return at_most("extend coverage by a heartbeat", value, None, 2.0)


def bench_retention(path: Path) -> bool:
    """Time each step that deletes half of the large database, and then its shrinking."""
    cut_ms = START_MS + TOTAL // 2 * STEP_MS
    steps = []
    with SqliteStore(path, DataKind.LIVE) as store:
        deleted = 0
        while True:
            started = time.perf_counter()
            count = store.delete_expired(cut_ms)
            steps.append((time.perf_counter() - started) * 1000)
            deleted += count
            if not count:
                break
        if deleted < TOTAL // 2:
            raise AssertionError(f"{deleted} events were deleted, expected {TOTAL // 2}")
    name = f"99th percentile of {len(steps)} retention steps"
    return at_most(name, float(np.percentile(steps, 99)), None, 50.0)


def fill(path: Path, events: Sequence[LiquidationEvent]) -> None:
    """Store the large database's events."""
    with SqliteStore(path, DataKind.LIVE) as store:
        for first in range(0, len(events), 2000):
            store.write(events[first : first + 2000])
    with closing(sqlite3.connect(path)) as connection:
        row = connection.execute("SELECT * FROM liq_events WHERE id = 1").fetchone()
    if row[1:] != event_to_row(events[0]):
        raise AssertionError("the first event came back changed")


def main() -> int:
    """Run all; return 1 when a goal was missed."""
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        path = directory / "large.sqlite3"
        events = make_events(TOTAL)
        fill(path, events)
        results = [
            bench_read(path, events),
            bench_write(directory),
            bench_duplicates(path, events),
            bench_coverage(directory),
            bench_retention(path),
            bench_flat(directory),
        ]
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
