"""The schema that a file of ours has, and what of a file's schema is another one.

The expected schema is what the scripts of `MIGRATIONS` make: it stands nowhere else. Statements are
compared by their words, so that a file that was dumped and read in again, or whose names another
program put in quotes, counts as the same.

What differs is of two sorts. An index holds nothing that the rows do not, so it can be made again
in place. Everything else (columns, types, constraints, triggers, a view in a table's place) cannot
be put right without touching what another program put there, so such a file is left as it is.
"""

import re
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from types import MappingProxyType

from Heatmap.storage.sqlite.old_events import OldEventKeys

#: Script files of the package `storage`; script ``i`` leads from version ``i`` to ``i + 1``.
MIGRATIONS = (
    "schema.sql",
    "sqlite/schema_2.sql",
    "sqlite/schema_3.sql",
    "sqlite/schema_candles.sql",
    "sqlite/schema_imports.sql",
)

SCHEMA_VERSION = len(MIGRATIONS)

_SELECT_OBJECTS = "SELECT type, name, tbl_name, sql FROM sqlite_master"
# A comment, a text, a quoted name (three ways), a word or number, any other sign.
_WORDS = re.compile(
    r"--[^\n]*|/\*.*?\*/|('(?:[^']|'')*')|\"((?:[^\"]|\"\")*)\"|\[([^\]]*)\]|`((?:[^`]|``)*)`"
    r"|(\w+)|([^\s\w])",
    re.DOTALL,
)
# What every connection can sort by; another one may be missing, and then writing fails.
_COLLATIONS = frozenset({"BINARY", "NOCASE", "RTRIM"})
# An unreleased version kept candles before it knew several venues: it has seen these scripts.
_DRAFT_VERSION, _DRAFT_APPLIED = 3, (0, 1, 3)
# Events whose key an earlier one has.
_SELECT_TWINS = """
SELECT id, number FROM (
    SELECT id, row_number() OVER (PARTITION BY ts_ms, event_key ORDER BY id) - 1 AS number
    FROM liq_events
) WHERE number > 0
"""
_EXPRESSION = -2
_FIRST_ID, _IDS_PER_SLICE = -(2**63), 20_000


@dataclass(frozen=True, slots=True)
class SchemaFaults:
    """What of a file's schema is not ours; false where nothing is.

    Attributes
    ----------
    indexes
        Indexes that are missing or different, or that another program added and that may refuse
        rows, in words.
    tables
        Tables that are missing or different, in words.
    triggers
        Triggers on our tables, in words: they may refuse, change or delete what is written.
    mending
        Statements that make the indexes what they are to be.
    """

    indexes: tuple[str, ...] = ()
    tables: tuple[str, ...] = ()
    triggers: tuple[str, ...] = ()
    mending: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.indexes or self.tables or self.triggers)

    @property
    def is_mendable(self) -> bool:
        """Whether only indexes differ."""
        return not (self.tables or self.triggers)

    @property
    def words(self) -> str:
        """All of it as one line, the worst first."""
        return ", ".join((*self.tables, *self.triggers, *self.indexes))


@dataclass(frozen=True, slots=True)
class _Object:
    kind: str
    name: str
    table: str
    sql: str | None

    @property
    def key(self) -> str:
        return self.name.lower()


@cache
def migration_scripts() -> tuple[str, ...]:
    """Return the text of the scripts, oldest first; read once, as files may run out later."""
    return tuple(files("Heatmap.storage").joinpath(name).read_text("utf-8") for name in MIGRATIONS)


def apply_scripts(connection: sqlite3.Connection, version: int, scripts: Sequence[str]) -> None:
    """Apply the scripts that a file has not seen, and record that.

    Parameters
    ----------
    connection
        Inside a transaction, which the caller commits or rolls back as a whole.
    version
        How many of the scripts the file has seen.
    scripts
        All scripts, oldest first; each statement ends at the end of a line. One that names
        ``:after_id`` and ``:last_id`` is run for the events slice by slice, one that names
        ``:row_id`` and ``:twin`` for those whose key is still to be made.
    """
    applied = _applied(connection, version)
    for number, script in enumerate(scripts):
        if number not in applied:
            _apply(connection, script)
    connection.execute(f"PRAGMA user_version = {len(scripts):d}")


def _apply(connection: sqlite3.Connection, script: str) -> None:
    keys = OldEventKeys()
    keys.register(connection)
    for_one_event = ""
    # Not executescript: it commits what is pending, and the version must come with the schema.
    for statement in _statements(script):
        if ":last_id" in statement:
            for after_id, last_id in _id_slices(connection):
                connection.execute(statement, {"after_id": after_id, "last_id": last_id})
        elif ":row_id" in statement:
            for_one_event = statement
            rows = [{"row_id": row_id, "twin": 0} for row_id in keys.unusual]
            connection.executemany(statement, rows)
        else:
            try:
                connection.execute(statement)
            except sqlite3.IntegrityError:
                if not for_one_event:
                    raise
                twins = connection.execute(_SELECT_TWINS).fetchall()
                rows = [{"row_id": row_id, "twin": twin} for row_id, twin in twins]
                connection.executemany(for_one_event, rows)
                connection.execute(statement)


def _applied(connection: sqlite3.Connection, version: int) -> tuple[int, ...]:
    """Return the numbers of the scripts that a file has seen."""
    if version == _DRAFT_VERSION:
        columns = {row[1] for row in connection.execute("PRAGMA table_info(liq_events)")}
        if "event_key" not in columns and _has_candles(connection):
            return _DRAFT_APPLIED
    return tuple(range(version))


def _has_candles(connection: sqlite3.Connection) -> bool:
    select = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'candles_1m'"
    return connection.execute(select).fetchone() is not None


def find_faults(connection: sqlite3.Connection, version: int) -> SchemaFaults:
    """Compare a file's schema with that of a version; reads only.

    Tables, views and triggers of other names that do not touch our tables are nobody's fault, and
    neither is an index on plain columns that cannot refuse a row.

    Parameters
    ----------
    connection
        Open on the file; inside a transaction where the answer is to last.
    version
        How many of the scripts the file has seen.
    """
    expected = _expected(_applied(connection, version))
    latest = _expected(tuple(range(SCHEMA_VERSION)))
    found = [_Object(kind, name, table, sql) for kind, name, table, sql in _objects(connection)]
    by_name = {one.key: one for one in found}
    tables = [
        *(
            words
            for one in expected.values()
            if one.kind == "table" and (words := _table_fault(one, by_name.get(one.key)))
        ),
        *(
            f"the {by_name[key].kind} {by_name[key].name} is of a later version"
            for key in latest.keys() - expected.keys()
            if key in by_name
        ),
    ]
    ours = {one.key for one in expected.values() if one.kind == "table"}
    triggers = [
        f"there is a trigger {one.name} on {one.table}"
        for one in found
        if one.kind == "trigger" and one.table.lower() in ours
    ]
    indexes, mending = _index_faults(connection, expected, latest, by_name)
    return SchemaFaults(tuple(indexes), tuple(sorted(tables)), tuple(triggers), tuple(mending))


def _id_slices(connection: sqlite3.Connection) -> Iterator[tuple[int, int]]:
    """Yield the ids of the events by parts: above the first one, up to the second.

    To undo a statement alone SQLite keeps each page that it changes as it was, in memory.
    """
    after_id = _FIRST_ID
    while True:
        found = connection.execute(
            "SELECT max(id), count(*) FROM "
            "(SELECT id FROM liq_events WHERE id > ? ORDER BY id LIMIT ?)",
            (after_id, _IDS_PER_SLICE),
        ).fetchone()
        if not found[1]:
            return
        yield after_id, found[0]
        after_id = found[0]


def _table_fault(expected: _Object, found: _Object | None) -> str | None:
    if found is None:
        return f"the table {expected.name} is missing"
    if found.kind != "table":
        return f"{expected.name} is a {found.kind} and no table"
    if _words(found.sql) != _words(expected.sql):
        return f"the table {expected.name} has other columns or constraints"
    return None


def _index_faults(
    connection: sqlite3.Connection,
    expected: Mapping[str, _Object],
    latest: Mapping[str, _Object],
    by_name: Mapping[str, _Object],
) -> tuple[list[str], list[str]]:
    """Return what is wrong with the indexes, and the statements that put it right."""
    words, mending = [], []
    for one in expected.values():
        if one.kind != "index" or one.sql is None:
            continue
        found = by_name.get(one.key)
        if found is None:
            words.append(f"the index {one.name} is missing")
        elif found.kind != "index" or _words(found.sql) != _words(one.sql):
            words.append(f"the index {one.name} is another one")
            mending.append(f"DROP INDEX {_quoted(found.name)}")
        else:
            continue
        # One that the next version does without may refuse rows, and would be dropped anyway.
        if one.key in latest:
            mending.append(one.sql)
    for table in (one for one in expected.values() if one.kind == "table"):
        for name in _strict_indexes(connection, table.name):
            if name.lower() not in expected:
                words.append(f"the index {name} of another program may refuse rows")
                mending.append(f"DROP INDEX {_quoted(name)}")
    return words, mending


def _strict_indexes(connection: sqlite3.Connection, table: str) -> Iterator[str]:
    """Yield the indexes on a table by which SQLite may refuse a row, or fail to write one."""
    for _, name, is_unique, origin, is_partial in connection.execute(
        f"PRAGMA index_list({_quoted(table)})"
    ).fetchall():
        if origin != "c":  # of a constraint, which the table's own statement tells
            continue
        columns = connection.execute(f"PRAGMA index_xinfo({_quoted(name)})").fetchall()
        is_plain = all(
            column[1] != _EXPRESSION and str(column[4]).upper() in _COLLATIONS for column in columns
        )
        if is_unique or is_partial or not is_plain:
            yield name


@cache
def _expected(applied: tuple[int, ...]) -> Mapping[str, _Object]:
    scripts = migration_scripts()
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        apply_scripts(connection, 0, [scripts[number] for number in applied])
        objects = [_Object(*row) for row in _objects(connection)]
    # SQLite's own, such as sqlite_sequence and the indexes of constraints, come with the tables.
    return MappingProxyType(
        {one.key: one for one in objects if not one.key.startswith("sqlite_")},
    )


def _objects(connection: sqlite3.Connection) -> list[tuple[str, str, str, str | None]]:
    return connection.execute(_SELECT_OBJECTS).fetchall()


@lru_cache(maxsize=256)
def _words(sql: str | None) -> tuple[str, ...]:
    """Return what a statement says, without its spacing, comments, capitals and quotes."""
    words = []
    for text, double, bracketed, backticked, word, sign in _WORDS.findall(sql or ""):
        if text:
            words.append(text)
        elif name := double or bracketed or backticked or word:
            words.append(name.lower())
        elif sign:
            words.append(sign)
    return tuple(words)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _statements(script: str) -> Iterator[str]:
    pending = ""
    for line in script.splitlines(keepends=True):
        pending += line
        if sqlite3.complete_statement(pending):
            yield pending
            pending = ""
    if pending.strip():
        yield pending
