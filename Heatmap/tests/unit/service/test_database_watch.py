"""What is known of the database is read beside the loop, and asked for in a turn of its own."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from Heatmap.service.database_watch import DatabaseWatch
from Heatmap.storage.sqlite_store import SqliteStore
from Heatmap.storage.store import open_store
from Heatmap.tests.executor_lock import ends_amid_a_hand_over
from Heatmap.tests.left_behind import asyncio_errors
from Heatmap.tests.unit.stored_events import EVENT


def test_asking_waits_for_nothing_whatever_the_thread_holds(
    path: Path, store: SqliteStore, caplog: pytest.LogCaptureFixture
) -> None:
    """As where the garbage collector leads here amid a hand-over to another executor."""
    store.write([EVENT, replace(EVENT, price=1.0)])
    loop, executor, watch = (
        asyncio.new_event_loop(),
        ThreadPoolExecutor(1),
        DatabaseWatch(open_store(path)),
    )
    told: list[object] = []
    assert ends_amid_a_hand_over(
        lambda: told.append(watch.facts(loop, executor, [EVENT.symbol], EVENT.ts_ms))
    )
    assert told == [None]
    loop.run_until_complete(asyncio.sleep(0))
    executor.shutdown()
    facts = watch.facts(loop, executor, [EVENT.symbol], EVENT.ts_ms)
    assert facts is not None
    assert facts.events_today == 2
    # Neither a loop that was closed nor worker threads that have ended are asked.
    watch._asked_s = float("-inf")
    watch.facts(loop, executor, [EVENT.symbol], EVENT.ts_ms)
    loop.run_until_complete(asyncio.sleep(0))
    assert asyncio_errors(caplog) == []
    loop.close()
    watch._asked_s = float("-inf")
    assert watch.facts(loop, executor, [EVENT.symbol], EVENT.ts_ms) is facts
