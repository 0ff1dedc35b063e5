"""How fast the recorder's path stores events, and how much memory the recorder takes.

Run as ``python Heatmap/tests/bench/bench_recorder.py``: one JSON object per line with ``name``,
``value``, ``unit``, ``baseline``, ``ratio`` (value / baseline), ``goal`` and ``ok``. Every answer
that is timed is checked; a wrong one ends the run. Memory is that of child processes, because this
one holds the events. Linux only where memory is concerned.
"""

import asyncio
import gc
import json
import logging
import mmap
import os
import random
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from statistics import median

import Heatmap
from Heatmap.domain.events import DataKind, LiquidationEvent, StoredBatch
from Heatmap.errors import StorageError
from Heatmap.ingestion.recorder.event_writer import EventWriter
from Heatmap.ingestion.recorder.recorder_status import RecorderConfig, StatusBoard
from Heatmap.ingestion.venues.binance.force_order import keep_wanted, parse_frame
from Heatmap.storage.sqlite_store import SqliteStore, event_to_row
from Heatmap.tests.bench.measurements import tell
from Heatmap.tests.torture.hostile_exchange import HostileExchange

ROOT = Path(Heatmap.__file__).resolve().parents[1]
TOTAL = 100_000
BATCH = 200
TURNS = 3
START_MS = 1_733_270_400_000
SYMBOLS = frozenset({"BTCUSDT"})

LEAST_SHARE = 0.4
LEAST_RATE = 50_000.0
STEADY_LIMIT_MB = 60.0
FULL_QUEUE_LIMIT_MB = 150.0
GROWTH_LIMIT_MB = 4.0
QUEUE = 100_000
MANY = 1_000_000
MANY_LIMIT_S = 60.0
STEADY_S = 8.0


def frames(first: int, count: int, seed: int = 1) -> Iterator[bytes]:
    """Make the exchange's frames as they come on a combined stream; no two are the same."""
    rng = random.Random(seed * 1_000_003 + first)
    for number in range(first, first + count):
        ts_ms = START_MS + number * 7
        side = "SELL" if rng.random() < 0.4 else "BUY"
        price = 95_000 + rng.gauss(0, 1500)
        qty = f"{rng.lognormvariate(-4, 2) + 0.001:.3f}"
        order = {"s": "BTCUSDT", "S": side, "o": "LIMIT", "f": "IOC", "q": qty}
        order |= {"p": f"{price + 11.3:.2f}", "ap": f"{price:.2f}", "X": "FILLED", "l": "0.001"}
        order |= {"z": qty}
        data = {"e": "forceOrder", "E": ts_ms + 3, "o": {**order, "T": ts_ms}}
        envelope = {"stream": "btcusdt@forceOrder", "data": data}
        yield json.dumps(envelope, separators=(",", ":")).encode()


def parsed(text: bytes) -> LiquidationEvent:
    """Parse one frame as the recorder does."""
    (item,) = parse_frame(text, START_MS, keep_raw=True)
    item = keep_wanted(item, SYMBOLS)
    assert isinstance(item, LiquidationEvent), f"a frame gave no event: {item}"
    return item


def check_rows(path: Path, texts: Sequence[bytes]) -> None:
    """Fail unless the file holds each message once, word for word, and in order."""
    with closing(sqlite3.connect(path)) as connection:
        stored = connection.execute("SELECT raw_json FROM liq_events ORDER BY id").fetchall()
    if [text.encode() for (text,) in stored] != list(texts):
        raise AssertionError(f"{path.name} does not hold what was written")


def recorded_rate(path: Path, texts: Sequence[bytes]) -> float:
    """Parse, validate, deduplicate and store; return events a second."""
    with SqliteStore(path, DataKind.LIVE) as store:
        stored = 0
        gc.collect()
        begun_s = time.perf_counter()
        for first in range(0, len(texts), BATCH):
            batch = [parsed(text) for text in texts[first : first + BATCH]]
            stored += len(store.write(batch).events)
        taken_s = time.perf_counter() - begun_s
        if stored != len(texts):
            raise AssertionError(f"{stored} of {len(texts)} events were stored")
        again = store.write([parsed(text) for text in texts[:BATCH]])
        if again.duplicates != BATCH or again.events:
            raise AssertionError("what was stored was stored again")
    check_rows(path, texts)
    return len(texts) / taken_s


def plain_rate(path: Path, rows: Sequence[tuple[object, ...]], texts: Sequence[bytes]) -> float:
    """Insert rows made beforehand with ``executemany``: same schema, pragmas and batch size."""
    SqliteStore(path, DataKind.LIVE).close()
    statement = (
        "INSERT INTO liq_events (ts_ms, symbol, side, price, qty, notional, source, raw_json, "
        "limit_price, original_qty, push_ms, receive_ms, event_key, key_from_numbers, twin, "
        "origin, reported_price, price_kind, price_rule) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
    )
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA synchronous = NORMAL")
        gc.collect()
        begun_s = time.perf_counter()
        for first in range(0, len(rows), BATCH):
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany(statement, rows[first : first + BATCH])
            connection.execute("COMMIT")
        taken_s = time.perf_counter() - begun_s
    check_rows(path, texts)
    return len(rows) / taken_s


def bench_rate(folder: Path) -> bool:
    """Compare the recorder's path with plain inserts, in turns so that both meet the same disk."""
    texts = list(frames(0, TOTAL))
    rows = [event_to_row(parsed(text)) for text in texts]
    recorded, plain = [], []
    for turn in range(TURNS):
        paths = [folder / f"{kind}{turn}.sqlite3" for kind in ("plain", "recorded")]
        plain.append(plain_rate(paths[0], rows, texts))
        recorded.append(recorded_rate(paths[1], texts))
        for path in paths:
            path.unlink()
    rate, baseline = median(recorded), median(plain)
    name = f"parse, validate, deduplicate, store in batches of {BATCH}"
    return all(
        (
            tell(
                f"{name}: share of plain executemany",
                *(rate, "events/s", round(LEAST_SHARE * baseline)),
                ok=rate >= LEAST_SHARE * baseline,
                baseline=baseline,
            ),
            tell(f"{name}: rate", rate, "events/s", LEAST_RATE, ok=rate > LEAST_RATE),
        )
    )


# --- memory, each measured in a child process


def resident_mb(pid: int | str = "self") -> float:
    """Return a process's resident memory, MB of 10**6 bytes."""
    assert sys.platform == "linux"
    pages = int(Path(f"/proc/{pid}/statm").read_text("utf-8").split()[1])
    return pages * mmap.PAGESIZE / 1e6


class _FullSink:
    """A sink of which every call fails, as on a full disk."""

    notice = None

    def __getattr__(self, name: str) -> object:
        def fail(*_: object, **__: object) -> StoredBatch:
            raise StorageError(f"{name}: the disk is full")

        return fail


def fill_queue() -> None:
    """In a child: fill the queue of a writer whose sink fails, and print the memory."""

    async def scenario() -> None:
        board = StatusBoard()
        writer = EventWriter(RecorderConfig(queue_limit=QUEUE), _FullSink(), board, None)  # type: ignore[arg-type]
        task = asyncio.create_task(writer.run())
        for number, text in enumerate(frames(0, QUEUE + 10)):
            writer.put(parsed(text))
            if number % 1000 == 0:
                await asyncio.sleep(0)
        status = board.snapshot(0.0)
        while board.snapshot(0.0).storage_fault is None:  # noqa: ASYNC110 - no event tells it
            await asyncio.sleep(0.01)
        print(json.dumps({"overflowed": status.overflowed, "mb": resident_mb()}), flush=True)
        task.cancel()
        await asyncio.wait([task])

    logging.disable()  # a line for each failed write says nothing new
    asyncio.run(scenario())


def store_many(path: Path) -> None:
    """In a child: store a million events, or as many as the time allows, and print the memory."""
    figures: dict[int, float] = {}
    count = 0
    begun_s = time.monotonic()
    with SqliteStore(path, DataKind.LIVE) as store:
        while count < MANY and time.monotonic() - begun_s < MANY_LIMIT_S:
            batch = [parsed(text) for text in frames(count, BATCH)]
            count += len(store.write(batch).events)
            if count % (MANY // 5) == 0:
                figures[count] = resident_mb()
    figures[count] = resident_mb()
    print(json.dumps({"count": count, "mb": figures}), flush=True)


def _child(*words: str) -> dict[str, object]:
    result = subprocess.run(  # noqa: S603 - our own code
        [sys.executable, str(Path(__file__).resolve()), *words],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        timeout=MANY_LIMIT_S * 3,
    )
    answer: dict[str, object] = json.loads(result.stdout)
    return answer


def bench_full_queue() -> bool:
    """Measure the memory with a queue that is full."""
    answer = _child("fill-queue")
    if answer["overflowed"] != 10:
        raise AssertionError(f"the queue was not full: {answer}")
    value = float(str(answer["mb"]))
    name = f"resident with {QUEUE:,} events waiting"
    return tell(name, value, "MB", FULL_QUEUE_LIMIT_MB, ok=value < FULL_QUEUE_LIMIT_MB)


def bench_many(folder: Path) -> bool:
    """Measure whether memory grows with what was stored."""
    answer = _child("store-many", str(folder / "many.sqlite3"))
    figures = answer["mb"]
    assert isinstance(figures, dict)
    count = int(str(answer["count"]))
    if count < MANY // 5 * 2:
        raise AssertionError(f"only {count} events were stored in {MANY_LIMIT_S} s")
    first, last = float(figures[str(MANY // 5)]), float(figures[str(count)])
    name = f"resident gained from {MANY // 5:,} to {count:,} events stored"
    return tell(
        name, last - first, "MB", GROWTH_LIMIT_MB, ok=last - first < GROWTH_LIMIT_MB, baseline=first
    )


async def steady_mb(folder: Path) -> tuple[float, int]:
    """Let ``python -m Heatmap record`` run for a while; its memory, and how much it stored."""
    path = folder / "steady.sqlite3"
    async with HostileExchange(random.Random(1), heartbeat_s=1.0, events_per_s=20.0) as exchange:
        urls = ("--ws-url", exchange.ws_url, "--rest-url", exchange.rest_url)
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "Heatmap", "record", "--db", str(path), *urls),
            cwd=ROOT,
            stderr=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
        )
        try:
            if not await exchange.until(exchange.serving, 20):
                raise AssertionError("the recorder did not connect")
            await asyncio.sleep(STEADY_S)
            value = resident_mb(process.pid)
            exchange.client_may_leave = True
        finally:
            if process.returncode is None:
                process.terminate()
            await process.wait()
    with closing(sqlite3.connect(path)) as connection:
        count = connection.execute("SELECT count(*) FROM liq_events").fetchone()[0]
    return value, count


def bench_steady(folder: Path) -> bool:
    """Measure the memory of the recorder's program while it records."""
    value, count = asyncio.run(steady_mb(folder))
    if count < STEADY_S:
        raise AssertionError(f"the recorder stored only {count} events")
    name = "resident, python -m Heatmap record, steady"
    return tell(name, value, "MB", STEADY_LIMIT_MB, ok=value < STEADY_LIMIT_MB)


def main(words: Sequence[str]) -> int:
    """Run all; return 1 when a goal was missed."""
    if words[:1] == ["fill-queue"]:
        fill_queue()
        return 0
    if words[:1] == ["store-many"]:
        store_many(Path(words[1]))
        return 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        results = [bench_rate(folder)]
        if sys.platform == "linux":
            results += [bench_steady(folder), bench_full_queue(), bench_many(folder)]
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
