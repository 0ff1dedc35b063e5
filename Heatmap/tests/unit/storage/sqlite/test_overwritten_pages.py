"""A database of which another program overwrites some pages while it is written."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from itertools import chain
from pathlib import Path

import pytest

from Heatmap.domain.events import DataKind, LiquidationEvent
from Heatmap.errors import StorageError
from Heatmap.storage.sqlite_store import SqliteStore
from Heatmap.tests.fact_texts import notices_text
from Heatmap.tests.unit.storage.sqlite.foreign_programs import sound
from Heatmap.tests.unit.stored_events import events, query, tamper

PAGE_BYTES = 4096
BEFORE = events(1500, start_ms=10**8)
LOGGED = events(100, start_ms=10**9)
AFTER = events(100, start_ms=2 * 10**9)


def times(path: Path) -> set[object]:
    return {row[0] for row in query(path, "SELECT ts_ms FROM liq_events")}


def times_of(*rows: list[LiquidationEvent]) -> set[object]:
    return {event.ts_ms for event in chain(*rows)}


def set_aside(path: Path) -> list[Path]:
    found = path.parent.glob(f"{path.name}.damaged-*")
    return [one for one in found if not one.name.endswith(("-wal", "-shm"))]


def pages_beside_log(path: Path) -> list[int]:
    """Return the pages of a file that its log does not hold; the first one left out."""
    log = path.with_name(f"{path.name}-wal").read_bytes()
    frames = range(32, len(log), 24 + PAGE_BYTES)
    logged = {int.from_bytes(log[frame : frame + 4]) for frame in frames}
    count = path.stat().st_size // PAGE_BYTES
    return [page for page in range(2, count + 1) if page not in logged]


def zeroed(path: Path, page: int) -> None:
    with path.open("r+b") as file:
        file.seek((page - 1) * PAGE_BYTES)
        file.write(bytes(PAGE_BYTES))


def noisy(path: Path, page: int) -> None:
    with path.open("r+b") as file:
        file.seek((page - 1) * PAGE_BYTES)
        file.write(b"\xa5" * PAGE_BYTES)


def write(store: SqliteStore, rows: list[LiquidationEvent]) -> None:
    """Write as the recorder does: what fails is tried again."""
    for _ in range(4):
        try:
            store.write(rows)
        except StorageError:
            continue
        return
    raise AssertionError("it cannot be written")


@pytest.mark.parametrize("harm", [zeroed, noisy])
@pytest.mark.parametrize("share", [0.0, 0.5, 0.99])
@pytest.mark.parametrize("goes_on", [True, False], ids=["goes on", "ends"])
def test_a_page_that_was_overwritten_never_stays_in_the_file(
    path: Path, harm: Callable[[Path, int], None], share: float, *, goes_on: bool
) -> None:
    with SqliteStore(path, DataKind.LIVE) as store:
        store.write(BEFORE)
    store = SqliteStore.for_recorder(path, DataKind.LIVE)
    write(store, LOGGED)
    pages = pages_beside_log(path)
    harm(path, pages[int(share * len(pages))])
    after = AFTER if goes_on else []
    if goes_on:
        write(store, AFTER)
        assert store.notices
        assert "damaged" in notices_text(store.notices)
    store.close()
    assert sound(path)
    # What was only in the log is in the fresh file; the rest a tool can read of the other one.
    assert times_of(LOGGED, after) <= times(path)
    assert len(set_aside(path)) == 1


def test_a_damaged_row_and_a_foreign_checkpoint_leave_the_file_where_it_is(path: Path) -> None:
    store = SqliteStore.for_recorder(path, DataKind.LIVE)
    store.write(BEFORE[:10])
    tamper(path, "INSERT INTO coverage VALUES ('BINANCE_USDM', 'BTCUSDT', 5, 3, 7)")
    with closing(sqlite3.connect(path)) as other:
        other.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
    for number in range(20):
        store.write(AFTER[number : number + 1])
    store.close()
    assert not set_aside(path)
    assert times_of(BEFORE[:10], AFTER[:20]) == times(path)
