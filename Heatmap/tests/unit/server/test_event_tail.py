"""The tail gives each row once, from memory or from the store, wherever a stream stands."""

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from Heatmap.domain.events import DataKind
from Heatmap.server.kept_reader import KeptReader
from Heatmap.server.streams import event_tail
from Heatmap.server.streams.bell import Bell
from Heatmap.server.streams.event_tail import EventTail
from Heatmap.server.work import Work
from Heatmap.storage.store import open_store
from Heatmap.tests.unit.stored_events import event


async def read_all(tail: EventTail, cursor: int, until: int) -> tuple[list[int], int]:
    """Read as a stream does, until a row has come."""
    found: list[int] = []
    async with asyncio.timeout(10):
        while cursor < until:
            events, cursor = await tail.after(cursor)
            found += [one.row_id for one in events]
            await asyncio.sleep(0)
    return found, cursor


def test_each_row_comes_once_from_memory_and_from_the_store(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # So that a few events are more than is kept, and more than a page.
    for name, value in (("PAGE", 5), ("_KEPT", 10), ("_MOST_KEPT", 12)):
        monkeypatch.setattr(event_tail, name, value)
    path = tmp_path / "heatmap.sqlite3"

    async def follow(tail: EventTail) -> None:
        first = list(sink.write([event(k) for k in range(7)]).row_ids)
        async with tail.streaming():
            slow, slow_cursor = await read_all(tail, 0, first[-1])
            assert slow == first
            fast_cursor = first[-1]
            later: list[int] = []
            for round_ in range(4):
                ids = sink.write([event(100 + 10 * round_ + k) for k in range(8)]).row_ids
                fast, fast_cursor = await read_all(tail, fast_cursor, ids[-1])
                assert fast == list(ids)
                later += ids
            # It has fallen behind what is kept.
            assert len(tail._kept) <= 12 < len(later)
            assert (await read_all(tail, slow_cursor, later[-1]))[0] == later
            # The retention deletes the newest rows: their numbers do not come again.
            with closing(sqlite3.connect(path)) as other, other:
                other.execute("DELETE FROM liq_events WHERE id > ?", (later[-3],))
            async with asyncio.timeout(10):
                while fast_cursor != later[-3]:
                    _, fast_cursor = await tail.after(fast_cursor)
                    await asyncio.sleep(0.01)
            ids = sink.write([event(1_000)]).row_ids
            assert ids[0] > later[-1]
            assert await read_all(tail, fast_cursor, ids[-1]) == (list(ids), ids[-1])
        tail.close()

    with closing(open_store(path).open_writer(DataKind.LIVE)) as sink:
        reader, work = KeptReader(open_store(path)), Work()
        try:
            asyncio.run(follow(EventTail(reader, work, Bell())))
        finally:
            work.close()
            reader.close()
