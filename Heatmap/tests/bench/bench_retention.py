"""How long retention keeps the writer busy in one piece while it deletes 300,000 events.

Run as ``python Heatmap/tests/bench/bench_retention.py``: one JSON object per line, as
`bench_storage` prints them. Between the steps live events are written, as the recorder does.
"""

import os
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

from Heatmap.domain.events import DataKind
from Heatmap.storage.sqlite.status import read_status
from Heatmap.storage.sqlite_store import SqliteStore
from Heatmap.tests.bench.bench_storage import START_MS, STEP_MS, make_events
from Heatmap.tests.bench.measurements import at_most

TOTAL, EXPIRED = 400_000, 300_000
GOAL_MS = 50.0
LIVE_EVENTS = 20


def main() -> int:
    """Run all; return 1 when a goal was missed."""
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "large.sqlite3"
        events = make_events(TOTAL)
        # Symbols by turns: their rows lie far apart in every index but that of the time.
        events = [
            replace(event, symbol=f"COIN{number % 97}USDT") for number, event in enumerate(events)
        ]
        with SqliteStore(path, DataKind.LIVE) as store:
            for first in range(0, TOTAL, 2000):
                store.write(events[first : first + 2000])
        # A recorder's file has been on the disk for days: the first sync must not be for all of it.
        with path.open("r+b") as file:
            os.fsync(file.fileno())
        with SqliteStore.for_recorder(path, DataKind.LIVE) as store:
            results = [_count(store), *_delete(store), *_shrink(store)]
        if read_status(path)["events"] < TOTAL - EXPIRED:
            raise AssertionError("events were deleted that had not expired")
    return 0 if all(results) else 1


def _count(store: SqliteStore) -> bool:
    steps, found = [], 0
    counts = store.expired_counts(START_MS + EXPIRED * STEP_MS)
    while True:
        started = time.perf_counter()
        count = next(counts, None)
        steps.append((time.perf_counter() - started) * 1000)
        if count is None:
            break
        found += count
    if found != EXPIRED:
        raise AssertionError(f"{found} events were counted, expected {EXPIRED}")
    return at_most(
        f"longest of {len(steps)} steps that count what expired", max(steps), None, GOAL_MS
    )


def _delete(store: SqliteStore) -> list[bool]:
    steps, writes, deleted, now_ms = [], [], 0, 10**13
    live = make_events(LIVE_EVENTS, seed=2)
    while True:
        started = time.perf_counter()
        count = store.delete_expired(START_MS + EXPIRED * STEP_MS)
        steps.append((time.perf_counter() - started) * 1000)
        deleted += count
        if not count:
            break
        now_ms += 1
        started = time.perf_counter()
        store.write([replace(event, ts_ms=now_ms) for event in live])
        writes.append((time.perf_counter() - started) * 1000)
    if deleted != EXPIRED:
        raise AssertionError(f"{deleted} events were deleted, expected {EXPIRED}")
    name = f"{len(steps)} steps that delete {EXPIRED} events"
    return [
        at_most(f"99th percentile of {name}", float(np.percentile(steps, 99)), None, GOAL_MS),
        at_most(f"longest of {name}", max(steps), None, GOAL_MS),
        at_most("longest write between them", max(writes), None, GOAL_MS),
    ]


def _shrink(store: SqliteStore) -> list[bool]:
    size_before = store.path.stat().st_size
    steps = []
    for _ in range(400):
        started = time.perf_counter()
        store.delete_expired(START_MS)
        steps.append((time.perf_counter() - started) * 1000)
    if store.path.stat().st_size > size_before / 2:
        raise AssertionError("the file did not shrink")
    return [at_most("longest of 400 steps that shrink the file", max(steps), None, GOAL_MS)]


if __name__ == "__main__":
    sys.exit(main())
