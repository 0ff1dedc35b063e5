"""Candles in SQLite: what another program has spoilt, the summary, and older files."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from Heatmap.domain.candles import MINUTE_MS, Fetched, Series
from Heatmap.domain.events import DataKind
from Heatmap.domain.instruments import Instrument
from Heatmap.storage.sqlite.candle_tables import CandleSummary, candle_summary
from Heatmap.storage.sqlite.event_reader import EventReader
from Heatmap.storage.sqlite.migrations import APPLICATION_ID, MIGRATIONS
from Heatmap.storage.sqlite.schema import apply_scripts, migration_scripts
from Heatmap.storage.sqlite_store import SqliteStore, read_status
from Heatmap.tests.unit.storage.test_store_candles import T0, candles, fetched

BTC = Instrument("BINANCE_USDM", "BTCUSDT")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "heatmap.sqlite3"


@pytest.mark.parametrize(
    "spoil",
    [
        "open_ms = 'soon'",
        "low = -1",
        "high = 98",
        "close = 'x'",
        "open = 1e16",
        "quote_volume = -5",
        "quote_volume = x'00'",
        "taker_buy_quote = 'none'",
    ],
)
def test_a_spoilt_candle_is_left_out(path: Path, spoil: str) -> None:
    with SqliteStore(path, DataKind.LIVE) as store:
        store.save_fetched("BTCUSDT", fetched(3))
    with closing(sqlite3.connect(path)) as other, other:
        other.execute("PRAGMA ignore_check_constraints = ON")
        other.execute(f"UPDATE candles_1m SET {spoil} WHERE open_ms = {T0 + MINUTE_MS}")  # noqa: S608
    with EventReader(path) as reader:
        rows = reader.read_candles("BTCUSDT", 0, 2**60, list)
    assert [row[0] for row in rows] == [T0, T0 + 2 * MINUTE_MS]
    # Fetched once more it takes the other one's place.
    with SqliteStore(path, DataKind.LIVE) as store, EventReader(path) as reader:
        store.save_fetched("BTCUSDT", fetched(3))
        assert len(reader.read_candles("BTCUSDT", 0, 2**60, list)) == 3


def test_the_summary_tells_minutes_that_the_exchange_does_not_have(path: Path) -> None:
    with SqliteStore(path, DataKind.LIVE) as store:
        span = (T0 - 50 * MINUTE_MS, T0 + 10 * MINUTE_MS)
        store.save_fetched(
            "BTCUSDT", Fetched(Series.CANDLES, (*candles(3), *candles(2, T0 + 480_000)), (span,))
        )
    with closing(sqlite3.connect(path)) as connection:
        assert candle_summary(connection) == [CandleSummary(BTC, 5, T0, T0 + 540_000, 5, 0)]
    summary = read_status(path)["candles"]["BTCUSDT"]
    assert summary["candles"] == 5
    assert summary["minutes_without_candle"] == 5
    assert summary["last_ms"] == T0 + 540_000


def test_a_spoilt_span_claims_nothing(path: Path) -> None:
    with SqliteStore(path, DataKind.LIVE) as store:
        store.save_fetched("BTCUSDT", fetched(3))
        with closing(sqlite3.connect(path)) as other, other:
            other.execute("UPDATE fetched_spans SET end_ms = 'later'")
        assert store.fetched_spans("BTCUSDT", Series.CANDLES) == ()
        store.save_fetched("BTCUSDT", fetched(4))
        assert store.fetched_spans("BTCUSDT", Series.CANDLES) == ((T0, T0 + 4 * MINUTE_MS),)


def test_a_file_of_the_version_before_gets_the_tables_and_keeps_its_rows(path: Path) -> None:
    before = next(n for n, name in enumerate(MIGRATIONS) if "candles" in name)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        apply_scripts(connection, 0, migration_scripts()[:before])
        connection.execute("INSERT INTO meta (key, value) VALUES ('kind', 'live')")
        connection.execute("INSERT INTO meta (key, value) VALUES ('symbols', 'BTCUSDT')")
    with SqliteStore(path, DataKind.LIVE) as store:
        assert store.fetched_spans("BTCUSDT", Series.CANDLES) == ()
        store.save_fetched("BTCUSDT", fetched(2))
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT value FROM meta WHERE key = 'symbols'").fetchone()
        assert connection.execute("SELECT count(*) FROM candles_1m").fetchone() == (2,)


def test_a_first_fetch_of_many_days_costs_little_at_a_time(path: Path) -> None:
    with SqliteStore(path, DataKind.LIVE) as store:
        for page in range(5):
            store.save_fetched("BTCUSDT", fetched(499, T0 - page * 499 * MINUTE_MS))
        assert store.fetched_spans("BTCUSDT", Series.CANDLES) == (
            (T0 - 4 * 499 * MINUTE_MS, T0 + 499 * MINUTE_MS),
        )
        assert store.delete_old_candles(T0 + 499 * MINUTE_MS) == 500
