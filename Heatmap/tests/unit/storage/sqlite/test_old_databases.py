"""Files of earlier versions become current ones: nothing is lost, and the picture is the same.

``data/first_release.sqlite3.gz`` was written by the first release: 160 messages of BTCUSDT, a
quarter of them without their text, and four odd ones.
"""

import gzip
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from Heatmap.domain.event_keys import event_key, key_of_numbers
from Heatmap.domain.events import DataKind, Liquidated, LiquidationEvent
from Heatmap.domain.viewport import Viewport
from Heatmap.errors import StorageError
from Heatmap.ingestion.venues.binance.force_order import parse_frame
from Heatmap.storage.sqlite.connections import transaction
from Heatmap.storage.sqlite.migrations import SCHEMA_VERSION, bring_up_to_date
from Heatmap.storage.sqlite.schema import apply_scripts, migration_scripts
from Heatmap.storage.sqlite.status import read_status
from Heatmap.storage.sqlite_store import SqliteStore
from Heatmap.storage.store import open_store
from Heatmap.tests.array_reader import EventReader
from Heatmap.tests.packed_cells import bytes_of
from Heatmap.tests.systems import posix_only
from Heatmap.tests.unit.picture.picture_requests import rebuilt, request
from Heatmap.tests.unit.stored_events import query, tamper

OF_FIRST_RELEASE = Path(__file__).parent / "data" / "first_release.sqlite3.gz"
END_MS = 1_733_339_227_441
KEPT = (
    "SELECT id, ts_ms, symbol, side, price, qty, notional, source, raw_json, push_ms, receive_ms, "
    "coalesce(limit_price, 0.0), coalesce(original_qty, 0.0) FROM liq_events ORDER BY id"
)


@pytest.fixture
def old(tmp_path: Path) -> Path:
    path = tmp_path / "heatmap.sqlite3"
    path.write_bytes(gzip.decompress(OF_FIRST_RELEASE.read_bytes()))
    return path


def migrated(path: Path) -> Path:
    SqliteStore(path, DataKind.REPLAY).close()
    return path


def test_every_row_is_kept_with_its_id(old: Path) -> None:
    before = query(old, KEPT)
    assert query(old, "PRAGMA user_version") == [(2,)]
    migrated(old)
    assert query(old, KEPT) == before
    assert len(before) == 164
    assert query(old, "PRAGMA integrity_check") == [("ok",)]
    status = read_status(old)
    assert status["schema_version"] == SCHEMA_VERSION
    assert status["counters"]["reconnects"] == 2
    assert status["counters"]["rejected"] == {"not JSON": 1}
    assert status["symbols"]["BTCUSDT"]["tick_size"] == "0.10"
    assert status["damaged_rows"] == {}


def test_ids_go_on_where_they_were(old: Path) -> None:
    tamper(old, "DELETE FROM liq_events WHERE id > 150")
    ((reached,),) = query(old, "SELECT seq FROM sqlite_sequence")
    with SqliteStore(old, DataKind.REPLAY) as store:
        fresh = replace(parsed(old)[0], ts_ms=END_MS + 1, event_key=None)
        assert store.write([fresh]).row_ids == (int(str(reached)) + 1,)
    assert int(str(reached)) > 150


def test_coverage_is_binances_and_the_same(old: Path) -> None:
    before = query(old, "SELECT symbol, start_ms, end_ms, proven FROM coverage")
    migrated(old)
    after = query(old, "SELECT source, symbol, start_ms, end_ms, proven FROM coverage")
    assert after == [("BINANCE_USDM", *row) for row in before]
    assert len(after) == 3
    with EventReader(old) as reader:
        assert reader.read_coverage("bybit:BTCUSDT", 0, None) == ()
        assert reader.tick_size("bybit:BTCUSDT") is None
        assert len(reader.read_coverage("BTCUSDT", 0, None)) == 3


def parsed(path: Path) -> list[LiquidationEvent]:
    """What the messages that were kept say today."""
    rows = query(path, "SELECT raw_json, receive_ms FROM liq_events WHERE raw_json <> ''")
    found = [parse_frame(str(raw), int(str(ms)), keep_raw=True)[0] for raw, ms in rows]
    return [one for one in found if isinstance(one, LiquidationEvent)]


def test_keys_are_those_of_the_messages_where_they_were_kept(old: Path) -> None:
    migrated(old)
    keys = query(old, "SELECT event_key, key_from_numbers FROM liq_events WHERE raw_json <> ''")
    assert keys == [(event.event_key, 0) for event in parsed(old)]
    assert len(keys) == 124
    with SqliteStore(old, DataKind.REPLAY) as store:
        assert store.write(parsed(old)).duplicates == 124


def test_keys_of_the_others_are_those_of_their_numbers_and_marked(old: Path) -> None:
    migrated(old)
    rows = query(
        old,
        "SELECT event_key, ts_ms, side, price, qty, limit_price, original_qty, key_from_numbers "
        "FROM liq_events WHERE raw_json = ''",
    )
    assert len(rows) == 40
    for key, ts_ms, side, *numbers, is_from_numbers in rows:
        liquidated = "long" if side == "SELL" else "short"
        named = "BINANCE_USDM", "BTCUSDT", int(str(ts_ms)), liquidated
        assert key == key_of_numbers(*named, numbers)  # type: ignore[arg-type]
        assert is_from_numbers == 1


def test_prices_of_old_rows_say_what_they_are(old: Path) -> None:
    migrated(old)
    rows = query(old, "SELECT DISTINCT price_kind, price_rule, origin, twin FROM liq_events")
    assert set(rows) == {
        ("fill", "reported", "recorder", 0),
        ("unknown", "reported", "recorder", 0),
    }
    assert query(old, "SELECT count(*) FROM liq_events WHERE reported_price <> price") == [(0,)]
    # What was not sent is not zero.
    assert query(
        old,
        "SELECT count(*) FROM liq_events WHERE limit_price IS NULL AND original_qty IS NULL",
    ) == [(1,)]


@pytest.mark.parametrize("shape", ["bands", "spots", "cells"])
def test_the_picture_is_the_same_byte_for_byte(old: Path, tmp_path: Path, shape: str) -> None:
    fresh = tmp_path / "fresh.sqlite3"
    columns = "ts_ms, symbol, side, price, qty, notional"
    with closing(sqlite3.connect(old)) as connection:
        rows = connection.execute(f"SELECT {columns} FROM liq_events ORDER BY id").fetchall()  # noqa: S608
        covered = connection.execute("SELECT * FROM coverage").fetchall()
    pattern = parsed(old)[0]
    sides = {"SELL": Liquidated.LONG, "BUY": Liquidated.SHORT}
    with SqliteStore(fresh, DataKind.REPLAY) as store:
        store.write(
            [
                replace(
                    pattern,
                    ts_ms=ts_ms,
                    symbol=symbol,
                    liquidated=sides[side],
                    price=price,
                    qty=qty,
                    notional=notional,
                    event_key=None,
                )
                for ts_ms, symbol, side, price, qty, notional in rows
            ]
        )
        for symbol, start_ms, end_ms, proven in covered:
            store.extend_coverage(symbol, start_ms, end_ms, proven=bool(proven))
    asked = request(now_ms=END_MS + 60_000, shape=shape, decay="off", window="8h")
    view = Viewport(price_low=92_000, price_high=97_000, end_ms=None, width_px=920, height_px=500)
    asked = replace(asked, viewport=view)
    before = rebuilt(open_store(fresh), asked)
    after = rebuilt(open_store(migrated(old)), asked)
    assert after.meta == before.meta
    assert after.packed == before.packed
    assert any(bytes_of(after))


def test_what_another_program_has_spoilt_stays_and_is_left_out(old: Path) -> None:
    tamper(
        old,
        "UPDATE liq_events SET side = 'HOLD' WHERE id = 1;"
        "UPDATE liq_events SET price = 'dear', raw_json = X'00' WHERE id = 2;"
        'UPDATE liq_events SET raw_json = \'{"q":""}\' WHERE id = 3;'
        "UPDATE liq_events SET limit_price = X'31' WHERE id = 4;"
        "UPDATE coverage SET proven = 7 WHERE symbol = 'ALL';"
        "UPDATE tick_sizes SET tick_size = X'31';"
        "UPDATE counters SET total = 'many' WHERE name = 'reconnects'",
    )
    migrated(old)
    assert query(old, "SELECT side FROM liq_events WHERE id = 1") == [("HOLD",)]
    assert query(old, "SELECT price, raw_json FROM liq_events WHERE id = 2") == [("dear", b"\0")]
    made = query(old, "SELECT key_from_numbers, length(event_key) FROM liq_events WHERE id < 5")
    assert made[1:] == [(1, 16), (1, 16), (0, 16)]
    damaged = read_status(old)["damaged_rows"]
    assert damaged == {"liq_events": 2, "coverage": 1, "tick_sizes": 1, "counters": 1}


NO_UTF_8 = "CAST(X'ff80' AS TEXT)"


@pytest.mark.parametrize(
    "column", ["raw_json", "symbol", "side", "source", "price", "qty", "limit_price", "ts_ms"]
)
@pytest.mark.parametrize("row_id", [1, 2, 160])
def test_a_text_that_is_no_utf_8_costs_no_other_row(old: Path, column: str, row_id: int) -> None:
    tamper(old, f"UPDATE liq_events SET {column} = {NO_UTF_8} WHERE id = {row_id}")  # noqa: S608
    migrated(old)
    found = "SELECT count(*), count(DISTINCT event_key) FROM liq_events"
    assert query(old, found) == [(164, 164)]
    kept = f"SELECT CAST({column} AS BLOB) FROM liq_events WHERE id = {row_id}"  # noqa: S608
    assert query(old, kept) == [(b"\xff\x80",)]
    assert list(old.parent.glob("*damaged*")) == []
    with EventReader(old) as reader:
        assert len(reader.read_window("BTCUSDT", 0, None).events) >= 162


@pytest.mark.parametrize(
    "change",
    [
        f"INSERT INTO coverage VALUES ({NO_UTF_8}, 1, 2, 1)",  # noqa: S608
        f"INSERT INTO tick_sizes VALUES ({NO_UTF_8}, {NO_UTF_8}, 1)",  # noqa: S608
        f"INSERT INTO counters VALUES ({NO_UTF_8}, 7)",  # noqa: S608
        f"INSERT INTO meta VALUES ({NO_UTF_8}, {NO_UTF_8})",  # noqa: S608
    ],
)
def test_a_note_that_is_no_utf_8_is_kept(old: Path, change: str) -> None:
    tamper(old, change)
    table = change.split()[2]
    before = query(old, f"SELECT count(*) FROM {table}")  # noqa: S608
    migrated(old)
    after = f"SELECT count(*) FROM {table}"  # noqa: S608
    if table == "meta":
        after += " WHERE key <> 'log_mark'"
    assert query(old, after) == before
    assert read_status(old)["events"] == 164


def test_two_rows_of_one_message_with_other_numbers_are_both_kept(old: Path) -> None:
    assert query(old, "SELECT raw_json FROM liq_events WHERE id = 2") != [("",)]
    columns = "ts_ms, symbol, side, qty, notional, source, raw_json, limit_price, original_qty"
    for price in (1.5, 2.5):
        tamper(
            old,
            f"INSERT INTO liq_events (price, {columns}, push_ms, receive_ms) "  # noqa: S608
            f"SELECT {price}, {columns}, push_ms, receive_ms FROM liq_events WHERE id = 2",
        )
    before = query(old, KEPT)
    migrated(old)
    assert query(old, KEPT) == before
    twins = "SELECT price, twin, key_from_numbers FROM liq_events WHERE twin > 0 ORDER BY id"
    assert query(old, twins) == [(1.5, 1, 1), (2.5, 2, 1)]
    with SqliteStore(old, DataKind.REPLAY) as store:
        assert store.write(parsed(old)[:124]).duplicates == 124
    assert query(old, "SELECT count(*) FROM liq_events") == [(166,)]


def test_copies_of_rows_in_a_file_without_its_index_are_kept(old: Path) -> None:
    columns = "ts_ms, symbol, side, price, qty, notional, source, raw_json, limit_price"
    tamper(
        old,
        f"""
        DROP INDEX idx_liq_events_message;
        INSERT INTO liq_events ({columns}, original_qty, push_ms, receive_ms)
        SELECT {columns}, original_qty, push_ms, receive_ms FROM liq_events WHERE id IN (1, 2, 160)
        """,  # noqa: S608
    )
    before = query(old, KEPT)
    assert len(before) == 167
    migrated(old)
    assert query(old, KEPT) == before
    assert query(old, "SELECT count(DISTINCT event_key), sum(twin) FROM liq_events") == [(167, 3)]


@pytest.mark.parametrize("suffix", ["_2", "_old"])
def test_tables_of_other_programs_keep_their_names(old: Path, suffix: str) -> None:
    named = [f"{table}{suffix}" for table in ("coverage", "tick_sizes", "counters")]
    named += [f"kept_{table}" for table in ("coverage", "tick_sizes", "counters")]
    tamper(old, "".join(f"CREATE TABLE {n} (a); INSERT INTO {n} VALUES ('{n}');" for n in named))  # noqa: S608
    migrated(old)
    for name in named:
        assert query(old, f"SELECT a FROM {name}") == [(name,)]  # noqa: S608
    assert query(old, "SELECT count(*) FROM coverage") == [(3,)]
    assert list(old.parent.glob("*damaged*")) == []


CANDLE = "INSERT INTO candles_1m VALUES ('BINANCE_USDM', 'BTCUSDT', 60000, 1, 2, 1, 2, 9, 4, 3);"


def test_a_file_of_an_unreleased_version_with_candles_is_taken_over(old: Path) -> None:
    before = query(old, KEPT)
    tamper(
        old,
        migration_scripts()[3] + CANDLE + "PRAGMA user_version = 3",
    )
    with pytest.raises(StorageError, match="older"):
        EventReader(old)
    migrated(old)
    assert query(old, KEPT) == before
    assert query(old, "SELECT open_ms, quote_volume FROM candles_1m") == [(60_000, 9.0)]
    assert read_status(old)["schema_version"] == SCHEMA_VERSION
    assert query(old, "SELECT count(DISTINCT event_key) FROM liq_events") == [(164,)]


def test_a_file_of_version_3_without_candles_gets_their_tables(old: Path) -> None:
    with closing(sqlite3.connect(old, isolation_level=None)) as connection, transaction(connection):
        apply_scripts(connection, 2, migration_scripts()[:3])
    assert query(old, "PRAGMA user_version") == [(3,)]
    migrated(old)
    assert query(old, "SELECT count(*) FROM candles_1m") == [(0,)]
    assert query(old, "SELECT count(DISTINCT event_key) FROM liq_events") == [(164,)]


def test_views_and_indexes_of_other_programs_go_on_to_work(old: Path) -> None:
    tamper(
        old,
        "CREATE VIEW totals AS SELECT symbol, sum(notional) FROM liq_events GROUP BY symbol;"
        "CREATE VIEW broken AS SELECT * FROM nowhere;"
        "CREATE VIEW covered AS SELECT sum(end_ms - start_ms) FROM coverage;"
        "CREATE INDEX mine ON liq_events (side, price DESC)",
    )
    before = query(old, "SELECT * FROM totals"), query(old, "SELECT * FROM covered")
    migrated(old)
    assert (query(old, "SELECT * FROM totals"), query(old, "SELECT * FROM covered")) == before
    assert query(old, "SELECT count(*) FROM sqlite_master WHERE name = 'mine'") == [(1,)]
    assert query(old, "PRAGMA integrity_check") == [("ok",)]


def test_a_reader_that_holds_the_file_sees_the_old_rows_until_it_ends(old: Path) -> None:
    with closing(sqlite3.connect(old, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        assert reader.execute("SELECT count(*) FROM coverage").fetchone() == (3,)
        migrated(old)
        assert reader.execute("PRAGMA user_version").fetchone() == (2,)
        assert reader.execute("SELECT count(*) FROM liq_events").fetchone() == (164,)
        reader.execute("COMMIT")
        assert reader.execute("SELECT count(DISTINCT event_key) FROM liq_events").fetchone() == (
            164,
        )
    with EventReader(old) as current:
        assert len(current.read_window("BTCUSDT", 0, None).events) == 163


def test_a_disk_that_is_full_leaves_the_file_as_it_was(old: Path) -> None:
    before = query(old, KEPT)
    with closing(sqlite3.connect(old, isolation_level=None)) as connection:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {pages}")
        with pytest.raises(sqlite3.OperationalError, match="full"):
            bring_up_to_date(connection, old, DataKind.REPLAY)
    assert query(old, "PRAGMA user_version") == [(2,)]
    assert query(old, KEPT) == before
    with pytest.raises(StorageError, match="older"):
        EventReader(old)
    assert len(query(migrated(old), KEPT)) == 164


AMID = """
import os, sqlite3, sys, time
from pathlib import Path
from Heatmap.domain.events import DataKind
from Heatmap.storage.sqlite import old_events
from Heatmap.storage.sqlite_store import SqliteStore
from Heatmap.storage.store import open_store

def slow(make):
    def key(self, row_id, *values):
        if row_id == int(sys.argv[2]):
            print("amid", flush=True)
            time.sleep(60)
        return make(self, row_id, *values)
    return key

old_events.OldEventKeys.of_message = slow(old_events.OldEventKeys.of_message)
old_events.OldEventKeys.of_any = slow(old_events.OldEventKeys.of_any)
SqliteStore(Path(sys.argv[1]), DataKind.REPLAY)
"""


@posix_only
@pytest.mark.parametrize("row_id", [1, 80, 164])
def test_a_program_that_is_killed_meanwhile_does_no_harm(old: Path, row_id: int) -> None:
    before = query(old, KEPT)
    with subprocess.Popen(  # noqa: S603 - a program of this test
        [sys.executable, "-c", AMID, str(old), str(row_id)], stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"amid\n"
        process.send_signal(signal.SIGKILL)
    assert query(old, "PRAGMA user_version") == [(2,)]
    assert query(old, KEPT) == before
    assert query(migrated(old), KEPT) == before
    assert query(old, "PRAGMA integrity_check") == [("ok",)]


def test_many_rows_are_brought_up_to_date_in_seconds(tmp_path: Path) -> None:
    path, count = tmp_path / "heatmap.sqlite3", 50_000
    raw = (
        '{"stream":"btcusdt@forceOrder","data":{"e":"forceOrder","E":1,"o":{"s":"BTCUSDT","S":'
        '"BUY","o":"LIMIT","f":"IOC","q":"0.014","p":"95000.50","ap":"94999.10","X":"FILLED",'
        '"l":"0.014","z":"0.014","T":1}}}'
    )
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
        connection.execute("PRAGMA journal_mode = WAL")
        with transaction(connection):
            apply_scripts(connection, 0, migration_scripts()[:2])
            connection.execute("PRAGMA application_id = 0x4C697148")
            connection.execute("INSERT INTO meta VALUES ('kind', 'replay')")
            connection.execute(
                "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?) "
                "INSERT INTO liq_events SELECT i, i, 'BTCUSDT', 'BUY', 94999.1, 0.014, 1329.9874, "
                "'BINANCE_USDM', ?, 95000.5, 0.014, i, i FROM n",
                (count, raw),
            )
    begun_s = time.process_time()
    migrated(path)
    # A million in 10 s, and room for a busy machine.
    assert time.process_time() - begun_s < 3 * 10 * count / 1e6 + 0.2
    assert query(
        path, "SELECT count(DISTINCT event_key), sum(key_from_numbers) FROM liq_events"
    ) == [(count, 0)]


def test_a_key_does_not_depend_on_zeros_at_the_ends_of_a_number() -> None:
    def key(*texts: str | None) -> bytes:
        return event_key("BINANCE_USDM", "BTCUSDT", 1, "long", texts)

    assert key("94809.60", "0.010") == key("94809.6", "00.01") == key("9.48096e4", "1E-2")
    assert key("100", "5") == key("100.000", "5.") != key("10", "5")
    assert key("0.10000000000000000001") != key("0.1")
    assert len({key("1", None), key("1"), key("1", "0"), key(None, "1")}) == 4
    assert key_of_numbers("BINANCE_USDM", "BTCUSDT", 1, "long", (94809.6, 1e-07)) == key(
        "94809.60", "0.0000001"
    )
    assert len(key("1")) == 16
