"""What a database file says about itself, and how an older one is brought up to date.

A file is ours when its application id is. Its schema version stands in ``user_version``: the number
of scripts of `MIGRATIONS` that were applied. Scripts and version are committed together, so a file
is never between two versions.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from Heatmap.domain.events import DataKind
from Heatmap.errors import (
    CorruptDatabaseError,
    NewerDatabaseError,
    StorageError,
    WrongDataKindError,
)
from Heatmap.storage.sqlite.connections import transaction

#: ``LiqH`` in ASCII: recognises our files, also for the ``file`` command.
APPLICATION_ID = 0x4C697148

#: Script files beside this module; script ``i`` leads from version ``i`` to ``i + 1``.
MIGRATIONS = ("schema.sql", "schema_2.sql")

SCHEMA_VERSION = len(MIGRATIONS)

# The tables that each version added to those of the ones before it.
_TABLES = (frozenset({"liq_events", "coverage", "tick_sizes", "meta"}), frozenset({"counters"}))


@dataclass(frozen=True, slots=True)
class Identity:
    """What a file of ours says about itself: how far it was migrated, and what it holds."""

    version: int
    kind: DataKind


def read_identity(connection: sqlite3.Connection, path: Path) -> Identity | None:
    """Recognise a file; reads only.

    Parameters
    ----------
    connection
        Open on the file, reading or writing.
    path
        The file, for messages.

    Returns
    -------
    Identity or None
        ``None`` for a database without any content, which may become ours.

    Raises
    ------
    CorruptDatabaseError
        A database of another program, or ours with parts missing.
    NewerDatabaseError
        Ours, from a newer version of this program.
    sqlite3.Error
        The file cannot be read, or is no database.
    """
    application_id = connection.execute("PRAGMA application_id").fetchone()[0]
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    names = {row[0] for row in connection.execute("SELECT name FROM sqlite_master")}
    if application_id == 0 and version == 0 and not names:
        return None
    if application_id != APPLICATION_ID:
        raise CorruptDatabaseError(
            f"the database {path} belongs to another program: expected the application id "
            f"{APPLICATION_ID:#x}, got {application_id:#x}; it was left as it is, "
            "choose another file"
        )
    if version > SCHEMA_VERSION:
        raise NewerDatabaseError(
            f"the database {path} was written by a newer version of this program: expected a "
            f"schema version up to {SCHEMA_VERSION}, got {version}; update the program or choose "
            "another file"
        )
    if missing := frozenset[str]().union(*_TABLES[: max(version, 1)]) - names:
        raise CorruptDatabaseError(
            f"the database {path} is damaged: {', '.join(sorted(missing))} missing; it was left "
            "as it is, restore a copy or choose another file"
        )
    return Identity(version, _read_kind(connection, path))


def require_current(identity: Identity | None, path: Path) -> Identity:
    """Return the identity of a file that can be read as it is.

    Raises
    ------
    StorageError
        The file is empty, or older than this version reads without migrating it.
    """
    if identity is None:
        raise StorageError(
            f"the database {path} is empty; expected one that the recorder has written, "
            "record first or choose another file"
        )
    if identity.version < SCHEMA_VERSION:
        raise StorageError(
            f"the database {path} has the older schema version {identity.version}, expected "
            f"{SCHEMA_VERSION}; start the recorder on it once, which brings it up to date"
        )
    return identity


def require_kind(identity: Identity | None, kind: DataKind, path: Path) -> None:
    """Refuse a file that holds another kind of data; an empty one may become any.

    Raises
    ------
    WrongDataKindError
        The kinds differ.
    """
    if identity is not None and identity.kind is not kind:
        raise WrongDataKindError(
            f"the database {path} holds {identity.kind} data, expected {kind}; the kinds never "
            "share a file, choose another one"
        )


def bring_up_to_date(connection: sqlite3.Connection, path: Path, kind: DataKind) -> None:
    """Create or migrate the schema, all in one transaction, and check the kind under its lock.

    Parameters
    ----------
    connection
        Writing, outside a transaction.
    path
        The file, for messages.
    kind
        What the file holds, or is going to hold.

    Raises
    ------
    StorageError
        As `read_identity` and `require_kind`; the file is then as it was.
    """
    with transaction(connection):
        identity = read_identity(connection, path)
        require_kind(identity, kind, path)
        scripts = [
            files("Heatmap.storage").joinpath(name).read_text("utf-8") for name in MIGRATIONS
        ]
        apply_scripts(connection, 0 if identity is None else identity.version, scripts)
        if identity is None:
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID:d}")
            connection.execute("INSERT INTO meta (key, value) VALUES ('kind', ?)", (kind.value,))


def apply_scripts(connection: sqlite3.Connection, version: int, scripts: Sequence[str]) -> None:
    """Apply the scripts that a file has not seen, and record that.

    Parameters
    ----------
    connection
        Inside a transaction, which the caller commits or rolls back as a whole.
    version
        How many of the scripts the file has seen.
    scripts
        All scripts, oldest first; each statement ends at the end of a line.
    """
    for script in scripts[version:]:
        # Not executescript: it commits what is pending, and the version must come with the schema.
        for statement in _statements(script):
            connection.execute(statement)
    connection.execute(f"PRAGMA user_version = {len(scripts):d}")


def _statements(script: str) -> Iterator[str]:
    pending = ""
    for line in script.splitlines(keepends=True):
        pending += line
        if sqlite3.complete_statement(pending):
            yield pending
            pending = ""
    if pending.strip():
        yield pending


def _read_kind(connection: sqlite3.Connection, path: Path) -> DataKind:
    row = connection.execute("SELECT value FROM meta WHERE key = 'kind'").fetchone()
    text = row[0] if row else "nothing"
    try:
        return DataKind(text)
    except ValueError:
        raise CorruptDatabaseError(
            f"the database {path} is damaged: expected a kind of data out of "
            f"{', '.join(DataKind)}, got {text!r}; it was left as it is, choose another file"
        ) from None
