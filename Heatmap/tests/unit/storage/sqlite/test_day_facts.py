"""What a status panel is told of a database."""

from dataclasses import replace
from pathlib import Path

import pytest

from Heatmap.domain.events import DataKind
from Heatmap.errors import StorageError
from Heatmap.storage.sqlite.day_facts import DayFacts, read_day_facts
from Heatmap.storage.sqlite_store import SqliteStore
from Heatmap.tests.unit.stored_events import EVENT

DAY_MS = 86_400_000
MIDNIGHT_MS = 20_000 * DAY_MS


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """Two of BTCUSDT before midnight, three from midnight on; one of ETHUSDT each."""
    path = tmp_path / "heatmap.sqlite3"
    times = [
        ("BTCUSDT", -2),
        ("BTCUSDT", -1),
        ("BTCUSDT", 0),
        ("BTCUSDT", 1),
        ("BTCUSDT", 2000),
        ("ETHUSDT", -1),
        ("ETHUSDT", 5000),
    ]
    store = SqliteStore.for_recorder(path, DataKind.LIVE)
    try:
        store.write(
            [
                replace(EVENT, symbol=symbol, ts_ms=MIDNIGHT_MS + offset_ms)
                for symbol, offset_ms in times
            ]
        )
    finally:
        store.close()
    return path


@pytest.mark.parametrize(
    ("symbols", "events", "last_offset_ms"),
    [
        (("BTCUSDT",), 3, 2000),
        (("ETHUSDT",), 1, 5000),
        (("BTCUSDT", "ETHUSDT"), 4, 5000),
        (("ALL",), 4, 5000),
    ],
)
def test_the_day_begins_with_the_event_at_midnight(
    database: Path, symbols: tuple[str, ...], events: int, last_offset_ms: int
) -> None:
    facts = read_day_facts(database, symbols, MIDNIGHT_MS)
    assert (facts.events_today, facts.last_event_ms) == (events, MIDNIGHT_MS + last_offset_ms)
    assert facts.database_bytes >= database.stat().st_size


def test_a_symbol_without_events_has_no_last_one(database: Path) -> None:
    facts = read_day_facts(database, ("XRPUSDT",), MIDNIGHT_MS)
    assert facts == DayFacts(0, None, facts.database_bytes)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match=r"absent\.sqlite3"):
        read_day_facts(tmp_path / "absent.sqlite3", ("BTCUSDT",), 0)
