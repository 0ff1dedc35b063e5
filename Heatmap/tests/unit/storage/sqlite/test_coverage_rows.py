"""A heartbeat relies on what it knows of the rows only while nobody else has changed them."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from Heatmap.domain.events import DataKind
from Heatmap.storage.sqlite_store import SqliteStore
from Heatmap.tests.unit.stored_events import query

Span = tuple[int, int, int]
LAST = (8550, 9500, 1)


def add_later(path: Path, store: SqliteStore) -> None:
    del store
    insert(path, 7000, 9000)


def add_far_ahead(path: Path, store: SqliteStore) -> None:
    del store
    insert(path, 10**14, 10**14 + 1)


def delete(path: Path, store: SqliteStore) -> None:
    del store
    with closing(sqlite3.connect(path)) as other, other:
        other.execute("DELETE FROM coverage")


def cut(path: Path, store: SqliteStore) -> None:
    del path
    store.cut_coverage("BTCUSDT", [(2000, 4000)])


def expire(path: Path, store: SqliteStore) -> None:
    del path
    store.delete_expired(3000)


def be_late(path: Path, store: SqliteStore) -> None:
    del path
    store.extend_coverage("BTCUSDT", 8000, 9000, proven=True)


def be_unproven(path: Path, store: SqliteStore) -> None:
    del path
    store.extend_coverage("BTCUSDT", 3000, 8600, proven=False)


def insert(path: Path, start_ms: int, end_ms: int) -> None:
    with closing(sqlite3.connect(path)) as other, other:
        row = (start_ms, end_ms)
        other.execute("INSERT INTO coverage VALUES ('BINANCE_USDM', 'BTCUSDT', ?, ?, 1)", row)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (add_later, [(0, 9500, 1)]),
        (add_far_ahead, [(0, 8500, 1), LAST]),
        (delete, [(5000, 8500, 1), LAST]),
        (cut, [(0, 2000, 1), (4000, 8500, 1), LAST]),
        (expire, [(3000, 8500, 1), LAST]),
        (be_late, [(0, 9500, 1)]),
        (be_unproven, [(0, 8500, 1), (8500, 8550, 0), LAST]),
    ],
)
def test_a_heartbeat_goes_by_the_rows_as_they_are_now(
    path: Path, change: Callable[[Path, SqliteStore], None], expected: list[Span]
) -> None:
    with SqliteStore(path, DataKind.LIVE) as store:
        for start_ms in range(0, 5000, 1000):
            store.extend_coverage("BTCUSDT", start_ms, start_ms + 1000, proven=True)
        change(path, store)
        for start_ms, end_ms in ((5000, 7500), (7400, 8500), (8550, 9500)):
            store.extend_coverage("BTCUSDT", start_ms, end_ms, proven=True)
    rows = query(path, "SELECT start_ms, end_ms, proven FROM coverage ORDER BY start_ms")
    assert rows == expected
