"""Two venues in one file: the same symbol is two instruments, and neither speaks for the other."""

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from Heatmap.domain.events import DataKind, Liquidated, LiquidationEvent
from Heatmap.domain.instruments import Instrument
from Heatmap.storage.sqlite.day_facts import read_day_facts
from Heatmap.storage.sqlite.status import read_status
from Heatmap.storage.sqlite_store import SqliteStore
from Heatmap.storage.store import open_store
from Heatmap.storage.tape_cursor import TapeCursor
from Heatmap.tests.array_reader import EventReader
from Heatmap.tests.unit.picture.picture_requests import NOW_MS, event, rebuilt, request
from Heatmap.tests.unit.stored_events import tamper

OTHER = Instrument("BYBIT", "BTCUSDT")
OURS = event(NOW_MS - 600_000, 98_000.0, 1e6, Liquidated.LONG)
THEIRS = replace(
    event(NOW_MS - 500_000, 98_400.0, 3e6, Liquidated.SHORT),
    source="BYBIT",
    limit_price=None,
    original_qty=None,
    push_ms=None,
    price_kind="bankruptcy",
    reported_price=98_700.0,
)
OF_UNKNOWN_SIZE = replace(THEIRS, ts_ms=NOW_MS - 400_000, notional=None)


@pytest.fixture
def both(tmp_path: Path) -> Path:
    path = tmp_path / "both.sqlite3"
    with SqliteStore(path, DataKind.LIVE) as store:
        assert len(store.write([OURS, THEIRS, OF_UNKNOWN_SIZE]).events) == 3
        assert store.write([OURS, THEIRS, OF_UNKNOWN_SIZE]).duplicates == 3
        store.extend_coverage("BTCUSDT", NOW_MS - 3_600_000, NOW_MS - 1_800_000, proven=True)
        store.extend_coverage(OTHER, NOW_MS - 1_800_000, NOW_MS, proven=True)
        store.save_tick_size("BTCUSDT", Decimal("0.10"), NOW_MS)
        store.save_tick_size(OTHER, Decimal("0.50"), NOW_MS)
        store.add_counts({"reconnects": 1}, "BYBIT")
        store.add_counts({"reconnects": 2})
    return path


def amounts(reader: EventReader, name: Instrument | str) -> list[float]:
    assert (
        reader.read_after(name, 0).events.tolist()
        == reader.read_window(name, 0, None).events.tolist()
    )
    return [row[2] for row in reader.read_window(name, 0, None).events.tolist()]


def test_events_are_never_mixed(both: Path) -> None:
    with EventReader(both) as reader:
        assert amounts(reader, "BTCUSDT") == amounts(reader, "binance:BTCUSDT") == [1e6]
        # What has no known size has no amount to show.
        assert amounts(reader, OTHER) == amounts(reader, "bybit:BTCUSDT") == [3e6]
        assert amounts(reader, "okx:BTCUSDT") == []


def test_coverage_speaks_for_its_own_venue(both: Path) -> None:
    with EventReader(both) as reader:
        ours = reader.read_coverage("BTCUSDT", 0, None)
        theirs = reader.read_coverage(OTHER, 0, None)
        assert [one.end_ms for one in ours] == [NOW_MS - 1_800_000]
        assert [one.start_ms for one in theirs] == [NOW_MS - 1_800_000]
        assert {one.instrument for one in theirs} == {OTHER}
    with SqliteStore(both, DataKind.LIVE) as store:
        store.extend_coverage(Instrument("BYBIT", "ALL"), 0, NOW_MS, proven=True)
        store.cut_coverage(None, [(NOW_MS - 2_700_000, NOW_MS - 1_800_000)], "BYBIT")
        store.cut_coverage("BTCUSDT", [(NOW_MS - 3_600_000, NOW_MS - 3_000_000)])
    with EventReader(both) as reader:
        (ours,) = reader.read_coverage("BTCUSDT", 0, None)
        assert (ours.start_ms, ours.end_ms) == (NOW_MS - 3_000_000, NOW_MS - 1_800_000)
        covered = reader.read_coverage("bybit:ETHUSDT", 0, None)
        assert [one.end_ms for one in covered] == [NOW_MS - 2_700_000, NOW_MS]


def test_tick_sizes_and_counts_are_a_venues_own(both: Path) -> None:
    with EventReader(both) as reader:
        assert reader.tick_size("BTCUSDT") == Decimal("0.10")
        assert reader.tick_size(OTHER) == Decimal("0.50")
        assert reader.tick_size("okx:BTCUSDT") is None
    status = read_status(both)
    assert set(status["symbols"]) == {"BTCUSDT", "bybit:BTCUSDT"}
    theirs = status["symbols"]["bybit:BTCUSDT"]
    assert (theirs["events"], theirs["notional_usd_lower_bound"]) == (2, 3e6)
    assert theirs["tick_size"] == "0.50"
    assert status["counters"]["reconnects"] == 3
    assert status["damaged_rows"] == {}
    assert read_day_facts(both, ["BTCUSDT"], NOW_MS - 3_600_000).events_today == 1
    assert read_day_facts(both, ["bybit:BTCUSDT"], NOW_MS - 3_600_000).events_today == 2
    assert read_day_facts(both, ["ALL"], NOW_MS - 3_600_000).events_today == 1
    assert read_day_facts(both, ["BTCUSDT", "bybit:ALL"], NOW_MS - 3_600_000).events_today == 3
    assert read_day_facts(both, ["bybit:BTCUSDT", "bybit:ALL"], 0).events_today == 0


def test_binances_events_are_nobody_elses_in_a_file_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "alone.sqlite3"
    with SqliteStore(path, DataKind.LIVE) as store:
        store.write([OURS])
    for venue in ("", "binance:"):
        facts = read_day_facts(path, [f"{venue}BTCUSDT"], NOW_MS - 3_600_000)
        assert (facts.events_today, facts.last_event_ms) == (1, OURS.ts_ms)
    for name in ("bybit:BTCUSDT", "bybit:ALL", "ETHUSDT"):
        facts = read_day_facts(path, [name], NOW_MS - 3_600_000)
        assert (facts.events_today, facts.last_event_ms) == (0, None)
    # Of a file that nothing has been counted in.
    tamper(path, "DELETE FROM counters")
    assert read_day_facts(path, ["bybit:ALL"], NOW_MS - 3_600_000).events_today == 0
    assert read_day_facts(path, ["ALL"], NOW_MS - 3_600_000).events_today == 1


def test_the_picture_of_one_venue_is_the_same_with_another_beside_it(
    both: Path, tmp_path: Path
) -> None:
    alone = tmp_path / "alone.sqlite3"
    with SqliteStore(alone, DataKind.LIVE) as store:
        store.write([OURS])
        store.extend_coverage("BTCUSDT", NOW_MS - 3_600_000, NOW_MS - 1_800_000, proven=True)
    expected, found = rebuilt(open_store(alone), request()), rebuilt(open_store(both), request())
    assert (found.meta, found.packed) == (expected.meta, expected.packed)


def test_live_events_of_another_venue_reach_no_follower(tmp_path: Path) -> None:
    ours, theirs = TapeCursor("BTCUSDT"), TapeCursor(OTHER)
    with SqliteStore(tmp_path / "live.sqlite3", DataKind.LIVE) as store:
        batch = store.write([OURS, THEIRS, OF_UNKNOWN_SIZE])
    for cursor in (ours, theirs):
        cursor.receive_batch(batch)
        cursor.begin(store, is_standby=False)
    assert [row[2] for row in ours.take()] == [1e6]
    assert [row[2] for row in theirs.take()] == [3e6]


def test_since_when_is_the_start_of_the_coverage(tmp_path: Path) -> None:
    path = tmp_path / "old.sqlite3"
    long_ago: LiquidationEvent = replace(OURS, ts_ms=NOW_MS - 180 * 86_400_000)
    with SqliteStore(path, DataKind.LIVE) as store:
        store.write([long_ago, OURS])
        with EventReader(path) as reader:
            assert reader.recorded_since_ms("BTCUSDT") == long_ago.ts_ms
            assert reader.recorded_since_ms(OTHER) is None
        store.extend_coverage("BTCUSDT", NOW_MS - 3_600_000, NOW_MS, proven=False)
    with EventReader(path) as reader:
        assert reader.recorded_since_ms("BTCUSDT") == NOW_MS - 3_600_000
