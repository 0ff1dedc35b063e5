"""What of a file's schema is not ours: every statement here is one that another program may run."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest

from Heatmap.storage.sqlite.schema import (
    SCHEMA_VERSION,
    apply_scripts,
    find_faults,
    migration_scripts,
)

KEY = "ts_ms, event_key"


def remade_counters(total: str = "INTEGER NOT NULL", options: str = "WITHOUT ROWID") -> str:
    columns = "source TEXT NOT NULL, name TEXT NOT NULL"
    return (
        f"DROP TABLE counters; CREATE TABLE counters ({columns}, total {total}, "
        f"PRIMARY KEY (source, name)) {options}"
    )


INDEXES = {
    "gone": "DROP INDEX idx_liq_events_key",
    "another one gone": "DROP INDEX idx_liq_events_ts",
    "no longer unique": "DROP INDEX idx_liq_events_key;"
    f"CREATE INDEX idx_liq_events_key ON liq_events ({KEY})",
    "other columns": "DROP INDEX idx_liq_events_key;"
    "CREATE UNIQUE INDEX idx_liq_events_key ON liq_events (ts_ms)",
    "partial": "DROP INDEX idx_liq_events_key;"
    f"CREATE UNIQUE INDEX idx_liq_events_key ON liq_events ({KEY}) WHERE price > 5",
    "other sorting": "DROP INDEX idx_liq_events_symbol_ts;"
    "CREATE INDEX idx_liq_events_symbol_ts ON liq_events (symbol COLLATE NOCASE, ts_ms)",
    "on another table": "DROP INDEX idx_liq_events_ts;"
    "CREATE TABLE notes (ts_ms); CREATE INDEX idx_liq_events_ts ON notes (ts_ms)",
    "a second unique one": "CREATE UNIQUE INDEX mine ON liq_events (symbol, ts_ms)",
    "on an expression": "CREATE INDEX mine ON liq_events (json_extract(raw_json, '$.o'))",
    "a second partial one": "CREATE INDEX mine ON coverage (start_ms) WHERE start_ms > 0",
    "unique, of a small table": "CREATE UNIQUE INDEX mine ON tick_sizes (tick_size)",
}
TABLES = {
    "column added": "ALTER TABLE liq_events ADD COLUMN note TEXT",
    "column dropped": "ALTER TABLE liq_events DROP COLUMN push_ms",
    "column renamed": "ALTER TABLE coverage RENAME COLUMN proven TO certain",
    "table dropped": "DROP TABLE counters",
    "table renamed": "ALTER TABLE tick_sizes RENAME TO ticks",
    "a view instead": "ALTER TABLE liq_events RENAME TO events;"
    "CREATE VIEW liq_events AS SELECT * FROM events",
    "strict": remade_counters(options="STRICT, WITHOUT ROWID"),
    "with row ids": remade_counters(options=""),
    "another type": remade_counters("TEXT NOT NULL"),
    "another check": remade_counters("INTEGER NOT NULL CHECK (total < 5)"),
    "generated": remade_counters("INTEGER NOT NULL AS (1)"),
    "another default": "DROP TABLE meta; CREATE TABLE meta "
    "(key TEXT NOT NULL PRIMARY KEY, value TEXT NOT NULL DEFAULT 'x') WITHOUT ROWID",
    "another program's": "DROP TABLE meta; CREATE TABLE meta (name, content)",
}
TRIGGERS = {
    "refuses": "CREATE TRIGGER mine BEFORE INSERT ON liq_events "
    "BEGIN SELECT RAISE(ABORT, 'no'); END",
    "swallows": "CREATE TRIGGER mine BEFORE INSERT ON liq_events BEGIN SELECT RAISE(IGNORE); END",
    "deletes": "CREATE TRIGGER mine AFTER INSERT ON liq_events "
    "BEGIN DELETE FROM liq_events WHERE id = new.id; END",
    "of a small table": "CREATE TRIGGER mine AFTER UPDATE ON coverage BEGIN SELECT 1; END",
}
HARMLESS = (
    "CREATE TABLE notes (text)",
    "CREATE VIEW totals AS SELECT symbol, sum(notional) FROM liq_events GROUP BY symbol",
    "CREATE INDEX mine ON liq_events (side, price DESC)",
    "CREATE TABLE notes (a UNIQUE); CREATE TRIGGER t AFTER INSERT ON notes BEGIN SELECT 1; END",
    "ANALYZE",
    "VACUUM",
    "ALTER TABLE counters RENAME TO x; ALTER TABLE x RENAME TO counters",
    remade_counters(),
    (
        'DROP INDEX idx_liq_events_ts; create index "idx_liq_events_ts" on [liq_events]('
        "`ts_ms` /* when */ ) -- the end"
    ),
)


@pytest.fixture
def connection() -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as opened:
        apply_scripts(opened, 0, migration_scripts())
        yield opened


@pytest.mark.parametrize("change", HARMLESS)
def test_what_cannot_harm_is_no_fault(connection: sqlite3.Connection, change: str) -> None:
    assert not find_faults(connection, SCHEMA_VERSION)
    connection.executescript(change)
    assert not find_faults(connection, SCHEMA_VERSION)


@pytest.mark.parametrize("name", INDEXES)
def test_an_index_that_differs_is_named_and_can_be_mended(
    connection: sqlite3.Connection, name: str
) -> None:
    connection.executescript(INDEXES[name])
    faults = find_faults(connection, SCHEMA_VERSION)
    assert faults.indexes
    assert faults.is_mendable
    assert "\n" not in faults.words
    for statement in faults.mending:
        connection.execute(statement)
    assert not find_faults(connection, SCHEMA_VERSION)


@pytest.mark.parametrize("name", [*TABLES, *TRIGGERS])
def test_a_table_that_differs_or_a_trigger_on_it_is_named_and_not_mendable(
    connection: sqlite3.Connection, name: str
) -> None:
    connection.executescript((TABLES | TRIGGERS)[name])
    faults = find_faults(connection, SCHEMA_VERSION)
    assert bool(faults.tables) == (name in TABLES)
    assert bool(faults.triggers) == (name in TRIGGERS)
    assert not faults.is_mendable
    assert faults.words
    assert "\n" not in faults.words


def test_a_file_of_an_older_version_is_compared_with_that_one(
    connection: sqlite3.Connection,
) -> None:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as older:
        apply_scripts(older, 0, migration_scripts()[:1])
        assert not find_faults(older, 1)
        assert find_faults(older, 2).tables
    # A file that says of itself that it is older than it is would be migrated twice.
    assert "later version" in find_faults(connection, 1).words
