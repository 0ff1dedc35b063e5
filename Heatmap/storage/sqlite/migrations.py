"""What a database file says about itself, and how an older one is brought up to date.

A file is ours when its application id is. Its schema version stands in ``user_version``: the number
of scripts of `MIGRATIONS` that were applied. Scripts and version are committed together, so a file
is never between two versions.
"""

import sqlite3
from dataclasses import dataclass, field
from pathlib import Path

from Heatmap.domain.events import DataKind
from Heatmap.domain.failure_texts import raised
from Heatmap.errors import (
    CorruptDatabaseError,
    FailureKind,
    NewerDatabaseError,
    StorageError,
    WrongDataKindError,
)
from Heatmap.runtime.safe_log import get_logger
from Heatmap.storage.sqlite.connections import transaction
from Heatmap.storage.sqlite.schema import (
    MIGRATIONS,
    SCHEMA_VERSION,
    SchemaFaults,
    apply_scripts,
    find_faults,
    migration_scripts,
)

__all__ = [
    "APPLICATION_ID",
    "MIGRATIONS",
    "SCHEMA_VERSION",
    "Identity",
    "apply_scripts",
    "bring_up_to_date",
    "keep_identity",
    "mend_schema",
    "read_identity",
    "require_current",
    "require_kind",
    "require_mendable",
]

_logger = get_logger(__name__)

#: ``LiqH`` in ASCII: recognises our files, also for the ``file`` command.
APPLICATION_ID = 0x4C697148

# Beyond any number of events; a page's JavaScript counts no further in any case.
_LARGEST_ROW_ID = 2**53


@dataclass(frozen=True, slots=True)
class Identity:
    """What a file of ours says about itself.

    Attributes
    ----------
    version
        How far it was migrated.
    kind
        What it holds.
    schema_faults
        What of its indexes and triggers is not ours; it can be read all the same.
    """

    version: int
    kind: DataKind
    schema_faults: SchemaFaults = field(default_factory=SchemaFaults)


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
        A database of another program, or ours with tables that are missing or other ones.
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
        raise raised(
            CorruptDatabaseError,
            FailureKind.BELONGS_TO_OTHER,
            path=path,
            expected=APPLICATION_ID,
            got=application_id,
        )
    if version > SCHEMA_VERSION:
        raise raised(
            NewerDatabaseError,
            FailureKind.NEWER_DATABASE,
            path=path,
            expected=SCHEMA_VERSION,
            got=version,
        )
    if version < 1:
        raise _damaged(path, f"expected a schema version from 1 to {SCHEMA_VERSION}, got {version}")
    faults = find_faults(connection, version)
    if faults.tables:
        raise _damaged(path, ", ".join(faults.tables))
    return Identity(version, _read_kind(connection, path), faults)


def require_current(identity: Identity | None, path: Path) -> Identity:
    """Return the identity of a file that can be read as it is.

    Raises
    ------
    StorageError
        The file is empty, or older than this version reads without migrating it.
    """
    if identity is None:
        raise raised(StorageError, FailureKind.EMPTY_DATABASE, path=path)
    if identity.version < SCHEMA_VERSION:
        raise raised(
            StorageError,
            FailureKind.OLDER_DATABASE,
            path=path,
            expected=SCHEMA_VERSION,
            got=identity.version,
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
        raise raised(
            WrongDataKindError,
            FailureKind.WRONG_DATA_KIND,
            path=path,
            expected=kind.value,
            got=identity.kind.value,
        )


def require_mendable(identity: Identity | None, path: Path) -> None:
    """Refuse a file whose schema cannot be made ours again in place.

    Raises
    ------
    CorruptDatabaseError
        There is a trigger on one of our tables.
    """
    if identity is not None and not identity.schema_faults.is_mendable:
        raise _damaged(path, identity.schema_faults.words)


def bring_up_to_date(connection: sqlite3.Connection, path: Path, kind: DataKind) -> str | None:
    """Create or migrate the schema, all in one transaction, and check the kind under its lock.

    Parameters
    ----------
    connection
        Writing, outside a transaction.
    path
        The file, for messages.
    kind
        What the file holds, or is going to hold.

    Returns
    -------
    str or None
        Which indexes were made again, in words; ``None``: all were as they should be.

    Raises
    ------
    StorageError
        As `read_identity`, `require_kind` and `mend_schema`; the file is then as it was.
    """
    with transaction(connection):
        identity = read_identity(connection, path)
        require_kind(identity, kind, path)
        mended = None
        if identity is not None:
            mended = mend_schema(connection, path, identity.schema_faults)
            _require_free_ids(connection, path)
        version = 0 if identity is None else identity.version
        if 0 < version < SCHEMA_VERSION:
            _logger.info("bringing %s from version %d to %d", path, version, SCHEMA_VERSION)
        try:
            apply_scripts(connection, version, migration_scripts())
        except sqlite3.IntegrityError as error:
            raise _damaged(path, f"it cannot be brought up to date ({error})") from error
        if identity is None:
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID:d}")
            connection.execute("INSERT INTO meta (key, value) VALUES ('kind', ?)", (kind.value,))
    return mended


def mend_schema(connection: sqlite3.Connection, path: Path, faults: SchemaFaults) -> str | None:
    """Make again what can be made from the rows, which are all kept: the indexes.

    Parameters
    ----------
    connection
        Inside a transaction, which the caller rolls back where this raises.
    path
        The file, for messages.
    faults
        What was found in that transaction.

    Returns
    -------
    str or None
        What was put right, in words; ``None``: nothing had to be.

    Raises
    ------
    CorruptDatabaseError
        There is more to it, such as a trigger, or rows that the index would refuse.
    """
    if not faults:
        return None
    if not faults.is_mendable:
        raise _damaged(path, faults.words)
    try:
        for statement in faults.mending:
            connection.execute(statement)
    except sqlite3.IntegrityError as error:
        raise _damaged(path, f"{faults.words}, and cannot be made again ({error})") from error
    return faults.words


def keep_identity(connection: sqlite3.Connection, kind: DataKind) -> str | None:
    """Write again what a file of ours says about itself, where another program has changed that.

    The writer's own transactions go on without it, but nobody could open the file any more.

    Parameters
    ----------
    connection
        Inside a transaction that writes, on a file with our schema of this version.
    kind
        What the file holds.

    Returns
    -------
    str or None
        What was another one, in words; ``None``: nothing was.
    """
    changed = []
    for pragma, words, right in (
        ("application_id", "application id", APPLICATION_ID),
        ("user_version", "schema version", SCHEMA_VERSION),
    ):
        found: int = connection.execute(f"PRAGMA {pragma}").fetchone()[0]
        if found != right:
            connection.execute(f"PRAGMA {pragma} = {right:d}")
            changed.append(f"its {words} was {found}")
    row = connection.execute("SELECT value FROM meta WHERE key = 'kind'").fetchone()
    if row is None or row[0] != kind.value:
        connection.execute(
            "INSERT INTO meta (key, value) VALUES ('kind', ?) "
            "ON CONFLICT (key) DO UPDATE SET value = excluded.value",
            (kind.value,),
        )
        found_kind = "missing" if row is None else ascii(row[0])[:40]
        changed.append(f"its kind of data was {found_kind}")
    return ", ".join(changed) or None


def _require_free_ids(connection: sqlite3.Connection, path: Path) -> None:
    """Refuse a file in which a row has an absurd id: SQLite gives none after the largest."""
    row = connection.execute(
        "SELECT max(coalesce((SELECT max(id) FROM liq_events), 0), "
        "coalesce((SELECT max(seq) FROM sqlite_sequence WHERE name = 'liq_events'), 0))"
    ).fetchone()
    if not isinstance(row[0], int) or row[0] > _LARGEST_ROW_ID:
        raise _damaged(path, f"its row ids have come to {row[0]!r:.40}, so no more can be given")


def _damaged(path: Path, what: str) -> CorruptDatabaseError:
    return raised(CorruptDatabaseError, FailureKind.DATABASE_SPOILT, path=path, what=what)


def _read_kind(connection: sqlite3.Connection, path: Path) -> DataKind:
    row = connection.execute("SELECT value FROM meta WHERE key = 'kind'").fetchone()
    found = row[0] if row else "nothing"
    try:
        return DataKind(found)
    except ValueError:
        raise _damaged(
            path, f"expected a kind of data out of {', '.join(DataKind)}, got {found!r:.40}"
        ) from None
