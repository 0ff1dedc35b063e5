"""Rows that another program has spoilt: every reader leaves them out, and they are counted."""

import json
from decimal import Decimal
from pathlib import Path

import pytest

from Heatmap.domain.coverage import CoverageInterval
from Heatmap.domain.events import DataKind
from Heatmap.domain.failure_texts import damaged_rows_text
from Heatmap.storage.sqlite.day_facts import read_day_facts
from Heatmap.storage.sqlite.event_reader import read_tick_sizes
from Heatmap.storage.sqlite.sound_rows import read_tick_size
from Heatmap.storage.sqlite.status import count_expired, kept_retention_ms, read_status
from Heatmap.storage.sqlite_store import SqliteStore
from Heatmap.tests.array_reader import EventReader
from Heatmap.tests.database_health import examine_database
from Heatmap.tests.fact_texts import notices_text
from Heatmap.tests.unit.stored_events import events, query, tamper

# A value as another program may put it into any column, in SQL.
VALUES = (
    "'soon'",
    "''",
    "X'00ff'",
    "X'31303030'",
    "CAST(X'ff' AS TEXT)",
    "0.5",
    "9e999",
    "-9e999",
    "9223372036854775807",
    "-9223372036854775808",
)
EVENT = (
    "INSERT INTO liq_events VALUES (NULL, {ts_ms}, {symbol}, {side}, {price}, 1.0, {notional}, "
    "'BINANCE_USDM', '', 1.0, 1.0, 0, 0, randomblob(16), 1, 0, 'recorder', NULL, 'unknown', "
    "'unknown')"
)
SOUND_EVENT = {"ts_ms": "700", "symbol": "'BTCUSDT'", "side": "'BUY'"}
SOUND_EVENT |= {"price": "5.0", "notional": "7.0"}
COVERAGE = "INSERT INTO coverage VALUES ('BINANCE_USDM', {symbol}, {start_ms}, {end_ms}, {proven})"
SOUND_COVERAGE = {"symbol": "'BTCUSDT'", "start_ms": "60000", "end_ms": "70000", "proven": "1"}
TICK_SIZE = (
    "INSERT OR REPLACE INTO tick_sizes VALUES ('BINANCE_USDM', {symbol}, {tick_size}, {fetched_ms})"
)
SOUND_TICK_SIZE = {"symbol": "'ETHUSDT'", "tick_size": "'0.01'", "fetched_ms": "1"}
COUNTER = "INSERT OR REPLACE INTO counters VALUES ('BINANCE_USDM', {name}, {total})"
SOUND_COUNTER = {"name": "'reconnects'", "total": "5"}

SPOILT = [
    (table, statement.format(**(sound | {column: value})))
    for table, statement, sound in (
        ("liq_events", EVENT, SOUND_EVENT),
        ("coverage", COVERAGE, SOUND_COVERAGE),
        ("tick_sizes", TICK_SIZE, SOUND_TICK_SIZE),
        ("counters", COUNTER, SOUND_COUNTER),
    )
    for column in sound
    for value in VALUES
]


@pytest.fixture
def filled(path: Path) -> Path:
    with SqliteStore(path, DataKind.LIVE) as store:
        store.write(events(50))
        store.extend_coverage("BTCUSDT", 0, 50_000, proven=True)
        store.save_tick_size("BTCUSDT", Decimal("0.10"), 5)
        store.save_symbols(("BTCUSDT",))
        store.keep_retention(86_400_000)
    return path


def read_all(path: Path) -> dict[str, object]:
    """Ask everything that anyone asks of a database."""
    status = read_status(path)
    assert json.loads(json.dumps(status)) == status
    with EventReader(path) as reader:
        for symbol in ("BTCUSDT", "ETHUSDT"):
            window = reader.read_window(symbol, 0, None)
            newer = reader.read_after(symbol, 0)
            assert window.events.tolist() == newer.events.tolist()
            assert (window.events["price"] > 0).all()
            reader.read_coverage(symbol, -(2**63), None)
            reader.first_event_ms(symbol)
        reader.damaged_rows()
    read_tick_sizes(path, ("ALL",))
    read_day_facts(path, ("ALL",), 0)
    read_day_facts(path, ("BTCUSDT",), 0)
    count_expired(path, 10**15)
    kept_retention_ms(path)
    assert len(examine_database(path, DataKind.LIVE).words.splitlines()) == 1
    return status


@pytest.mark.parametrize(("table", "statement"), SPOILT)
def test_a_spoilt_row_breaks_no_reader_and_the_sound_ones_are_all_there(
    filled: Path, table: str, statement: str
) -> None:
    before = read_all(filled)
    assert before["damaged_rows"] == {}
    tamper(filled, statement)
    after = read_all(filled)
    kept, known = after["symbols"], before["symbols"]
    assert isinstance(kept, dict)
    assert isinstance(known, dict)
    if after["damaged_rows"]:
        assert after["damaged_rows"] == {table: 1}
        assert after["events"] == 50
        assert kept["BTCUSDT"] == known["BTCUSDT"]
        assert "damaged row, left out: 1 in" in examine_database(filled, DataKind.LIVE).words
    else:
        # It is odd, but a value that the program could have written; none of the others changes.
        assert table in ("liq_events", "coverage", "counters", "tick_sizes")
        assert kept["BTCUSDT"]["events"] in (50, 51)
        assert kept["BTCUSDT"]["long_events"] == known["BTCUSDT"]["long_events"]


@pytest.mark.parametrize(
    "statement", sorted({one for table, one in SPOILT if table != "liq_events"})
)
def test_a_spoilt_row_does_not_hold_up_the_writer(filled: Path, statement: str) -> None:
    tamper(filled, statement)
    with SqliteStore.for_recorder(filled, DataKind.LIVE) as store:
        assert len(store.write(events(60)).events) == 10
        store.extend_coverage("BTCUSDT", 50_000, 80_000, proven=True)
        store.extend_coverage("BTCUSDT", 80_000, 90_000, proven=False)
        store.save_tick_size("ETHUSDT", Decimal("0.01"), 9)
        store.add_counts({"reconnects": 1})
        while store.delete_expired(20_000):
            pass
        assert list(store.expired_counts(30_000)) == [10]
    with EventReader(filled) as reader:
        covered = reader.read_coverage("BTCUSDT", 0, 100_000)
        assert reader.tick_size("ETHUSDT") == Decimal("0.01")
    assert [(one.start_ms, one.end_ms) for one in covered if one.proven] == [(20_000, 80_000)]
    assert covered[-1] == CoverageInterval("BTCUSDT", 80_000, 90_000, proven=False)
    assert len(list(filled.parent.glob("*.damaged-*"))) == 0
    counters = read_status(filled)["counters"]
    assert counters["stored"] == 60
    assert counters["reconnects"] >= 1


@pytest.mark.parametrize("column", ["start_ms", "end_ms", "proven"])
def test_a_spoilt_row_with_the_key_of_a_sound_one_is_put_right(filled: Path, column: str) -> None:
    # The same key with another `proven` cannot be inserted beside it, only in its place.
    tamper(filled, "UPDATE coverage SET proven = 'yes'" if column == "proven" else "SELECT 1")
    tamper(filled, f"UPDATE coverage SET {column} = 'x'")  # noqa: S608 - names of this test
    with SqliteStore(filled, DataKind.LIVE) as store:
        store.extend_coverage("BTCUSDT", 0, 50_000, proven=True)
    with EventReader(filled) as reader:
        (covered,) = reader.read_coverage("BTCUSDT", 0, None)
    assert (covered.start_ms, covered.end_ms, covered.proven) == (0, 50_000, True)


def test_rows_that_overlap_against_the_rules_do_not_stop_the_retention(filled: Path) -> None:
    tamper(
        filled,
        "INSERT INTO coverage SELECT 'BINANCE_USDM', 'BTCUSDT', column1, 50000, column2 "
        "FROM (VALUES (5, 0), (7, 1))",
    )
    with SqliteStore(filled, DataKind.LIVE) as store:
        while store.delete_expired(20_000):
            pass
    assert query(filled, "SELECT start_ms, end_ms, proven FROM coverage") == [(20_000, 50_000, 1)]
    assert query(filled, "SELECT count(*) FROM liq_events") == [(30,)]


@pytest.mark.parametrize("value", ["X'4254'", "CAST(X'ff' AS TEXT)", "7.5", "''"])
def test_symbols_that_are_spoilt_count_as_not_noted(filled: Path, value: str) -> None:
    tamper(filled, f"UPDATE meta SET value = {value} WHERE key = 'symbols'")  # noqa: S608 - as above
    symbols = read_all(filled)["recorded_symbols"]
    assert symbols is None or symbols == ["7.5"]


def test_a_damaged_row_is_told_by_the_writer(filled: Path) -> None:
    tamper(filled, "UPDATE coverage SET end_ms = 'x'")
    with SqliteStore.for_recorder(filled, DataKind.LIVE) as store:
        assert "1 in coverage" in notices_text(store.notices)
        assert "\n" not in notices_text(store.notices)


def test_a_damaged_tick_size_keeps_no_other_from_being_read(filled: Path) -> None:
    tamper(
        filled,
        "INSERT INTO tick_sizes SELECT 'BINANCE_USDM', column1, column2, 1 "
        "FROM (VALUES ('AUSDT', 'x'), ('BUSDT', X'31'))",
    )
    assert read_tick_sizes(filled, ("ALL",)) == {"BTCUSDT": Decimal("0.10")}
    assert read_tick_sizes(filled, ("AUSDT", "BTCUSDT")) == {"BTCUSDT": Decimal("0.10")}


@pytest.mark.parametrize(
    ("value", "tick_size"),
    [
        ("0.10", Decimal("0.10")),
        ("0.0000001", Decimal("0.0000001")),
        *((bad, None) for bad in ("", "x", "NaN", "Infinity", "-1", "0", "1e900000000")),
        *((bad, None) for bad in ("1e-900000000", "1" * 30, None, 5, 0.5, b"0.1")),
    ],
)
def test_a_tick_size_is_a_decimal_number_of_a_usual_size(
    value: object, tick_size: Decimal | None
) -> None:
    assert read_tick_size(value) == tick_size


def test_the_words_count_by_table() -> None:
    assert damaged_rows_text({}) == ""
    assert damaged_rows_text({"coverage": 1}) == "damaged row, left out: 1 in coverage"
    words = damaged_rows_text({"coverage": 2, "counters": 1})
    assert words == "damaged rows, left out: 2 in coverage, 1 in counters"
