"""The summary of a database for ``python -m Heatmap status``."""

import json
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest

import Heatmap
from Heatmap.domain.events import DataKind, Liquidated, LiquidationEvent
from Heatmap.errors import CorruptDatabaseError, StorageError
from Heatmap.storage.sqlite.schema import SCHEMA_VERSION
from Heatmap.storage.sqlite.status import read_status
from Heatmap.storage.sqlite_store import SqliteStore

DAY_MS = 1_733_270_400_000  # 2024-12-04T00:00:00Z


def event(ts_ms: int, side: Liquidated, notional: float) -> LiquidationEvent:
    return LiquidationEvent(
        ts_ms, "BTCUSDT", side, notional, 1.0, notional, "BINANCE_USDM", 1.0, 1.0, ts_ms, ts_ms, ""
    )


@pytest.fixture
def recorded(path: Path) -> Path:
    with SqliteStore(path, DataKind.REPLAY) as store:
        store.write(
            [
                event(DAY_MS + 5000, Liquidated.LONG, 1000.0),
                event(DAY_MS + 1500, Liquidated.SHORT, 250.0),
                event(DAY_MS + 9250, Liquidated.LONG, 500.0),
            ]
        )
        store.extend_coverage("BTCUSDT", DAY_MS, DAY_MS + 2000, proven=False)
        store.extend_coverage("BTCUSDT", DAY_MS + 2000, DAY_MS + 6000, proven=True)
        store.extend_coverage("BTCUSDT", DAY_MS + 9000, DAY_MS + 10_000, proven=True)
        store.extend_coverage("ETHUSDT", DAY_MS, DAY_MS + 1000, proven=True)
        store.save_tick_size("BTCUSDT", Decimal("0.10"), DAY_MS)
    return path


def test_the_summary_tells_what_is_there(recorded: Path) -> None:
    status = read_status(recorded)
    assert json.loads(json.dumps(status)) == status
    assert status["path"] == str(recorded)
    assert status["kind"] == "replay"
    assert status["schema_version"] == SCHEMA_VERSION
    assert status["size_bytes"] >= recorded.stat().st_size > 0
    assert status["writer"] == {"active": False}
    assert status["events"] == 3
    assert status["symbols"]["BTCUSDT"] == {
        "events": 3,
        "long_events": 2,
        "short_events": 1,
        "notional_usd_lower_bound": 1750.0,
        "long_notional_usd_lower_bound": 1500.0,
        "short_notional_usd_lower_bound": 250.0,
        "first_event": "2024-12-04T00:00:01.500Z",
        "first_event_ms": DAY_MS + 1500,
        "last_event": "2024-12-04T00:00:09.250Z",
        "last_event_ms": DAY_MS + 9250,
        "coverage": {
            "proven_ms": 5000,
            "unproven_ms": 2000,
            "first": "2024-12-04T00:00:00.000Z",
            "first_ms": DAY_MS,
            "last": "2024-12-04T00:00:10.000Z",
            "last_ms": DAY_MS + 10_000,
        },
        "gaps": [
            {
                "from": "2024-12-04T00:00:06.000Z",
                "from_ms": DAY_MS + 6000,
                "to": "2024-12-04T00:00:09.000Z",
                "to_ms": DAY_MS + 9000,
                "duration_ms": 3000,
            }
        ],
        "tick_size": "0.10",
        "tick_size_fetched": "2024-12-04T00:00:00.000Z",
        "tick_size_fetched_ms": DAY_MS,
    }


def test_a_fresh_database_has_no_symbols(path: Path) -> None:
    with SqliteStore(path, DataKind.LIVE):
        status = read_status(path)
    assert (status["events"], status["symbols"]) == (0, {})


def test_an_active_writer_is_seen_and_not_disturbed(path: Path) -> None:
    with SqliteStore(path, DataKind.LIVE) as store:
        for number in range(3):
            status = read_status(path)
            assert status["writer"] == {"active": True}
            assert status["events"] == number
            store.write([event(number, Liquidated.LONG, 1.0)])
    assert read_status(path)["writer"] == {"active": False}


def test_asking_changes_and_creates_neither_database_nor_lock(recorded: Path) -> None:
    lock = recorded.with_name(f"{recorded.name}-writer")
    lock.unlink()
    before = recorded.read_bytes()
    changed_ns = recorded.stat().st_mtime_ns
    read_status(recorded)
    assert recorded.read_bytes() == before
    assert recorded.stat().st_mtime_ns == changed_ns
    assert not lock.exists()


def test_a_missing_file_is_named_and_not_created(path: Path) -> None:
    with pytest.raises(StorageError, match="there is no database"):
        read_status(path)
    assert not list(path.parent.iterdir())


def test_a_file_that_is_no_database_is_refused(path: Path) -> None:
    path.write_bytes(b"notes" * 1000)
    with pytest.raises(CorruptDatabaseError):
        read_status(path)
    assert path.read_bytes() == b"notes" * 1000


def test_the_summary_needs_neither_numpy_nor_qt(recorded: Path) -> None:
    code = (
        "import sys; from Heatmap.storage.sqlite_store import read_status; "
        "read_status(sys.argv[1]); print({'numpy', 'PyQt6'} & set(sys.modules))"
    )
    finished = subprocess.run(  # noqa: S603  # our own code
        [sys.executable, "-c", code, str(recorded)],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": str(Path(Heatmap.__file__).resolve().parents[1])},
    )
    assert finished.stdout.strip() == "set()"
