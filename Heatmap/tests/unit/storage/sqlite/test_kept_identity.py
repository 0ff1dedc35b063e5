"""Another program changes what a file says about itself, while it is written."""

from pathlib import Path

import pytest

from Heatmap.domain.events import DataKind
from Heatmap.storage.sqlite.migrations import APPLICATION_ID, SCHEMA_VERSION
from Heatmap.storage.sqlite.status import read_status
from Heatmap.storage.sqlite_store import SqliteStore
from Heatmap.tests.fact_texts import notices_text
from Heatmap.tests.unit.stored_events import events, query, tamper

CHANGES = [
    "PRAGMA user_version = 99",
    "PRAGMA user_version = 0",
    "PRAGMA application_id = 0",
    "PRAGMA application_id = -1",
    "DELETE FROM meta WHERE key = 'kind'",
    "UPDATE meta SET value = 'replay' WHERE key = 'kind'",
    "UPDATE meta SET value = x'001b' WHERE key = 'kind'",
    "DELETE FROM meta; PRAGMA user_version = 1; PRAGMA application_id = 7",
]


@pytest.mark.parametrize("change", CHANGES)
def test_a_file_that_was_written_can_be_opened_again(path: Path, change: str) -> None:
    with SqliteStore.for_recorder(path, DataKind.LIVE) as store:
        store.save_symbols(("BTCUSDT", "ETHUSDT"))
        store.keep_retention(86_400_000)
        store.write(events(50))
        tamper(path, change)
        store.write(events(60))
        assert store.notices
        assert notices_text(store.notices).isprintable()
        assert "every row is kept" in notices_text(store.notices)
    assert query(path, "PRAGMA application_id") == [(APPLICATION_ID,)]
    assert query(path, "PRAGMA user_version") == [(SCHEMA_VERSION,)]
    with SqliteStore.for_recorder(path, DataKind.LIVE) as store:
        store.write(events(70))
        assert store.notices == ()
    status = read_status(path)
    assert status["events"] == 70
    assert status["recorded_symbols"] == ["BTCUSDT", "ETHUSDT"]
    assert status["retention_ms"] == 86_400_000


def test_it_is_written_again_also_where_nothing_else_is(path: Path) -> None:
    with SqliteStore.for_recorder(path, DataKind.LIVE) as store:
        store.write(events(50))
        tamper(path, "PRAGMA user_version = 99")
        store.write(events(50))
        assert query(path, "PRAGMA user_version") == [(SCHEMA_VERSION,)]


def test_a_change_is_seen_however_long_nobody_else_wrote_before_it(path: Path) -> None:
    with SqliteStore.for_recorder(path, DataKind.LIVE) as store:
        for number in range(3):
            for second in range(5):
                store.extend_coverage("BTCUSDT", 0, number * 10_000 + second * 1000, proven=True)
            tamper(path, "PRAGMA application_id = 7")
            store.write(events(10 * (number + 1)))
            assert query(path, "PRAGMA application_id") == [(APPLICATION_ID,)]
    assert read_status(path)["events"] == 30
