"""Puts a damaged database out of the way under another name, so that recording can go on.

Nothing is ever deleted: what a tool can still read of the file stays readable, with its write-ahead
log beside it. Only a file of ours is moved.
"""

import sqlite3
from contextlib import closing, suppress
from datetime import UTC, datetime
from pathlib import Path

from Heatmap.domain.failure_texts import raised
from Heatmap.errors import FailureKind, StorageError
from Heatmap.storage.sqlite.connections import open_read_only
from Heatmap.storage.sqlite.migrations import APPLICATION_ID

# In this order: a fresh file beside the log of the old one would take up that log's content.
_COMPANIONS = ("-wal", "-shm", "")


def is_ours(database: Path, *, has_lock_file: bool) -> bool:
    """Tell whether a file that cannot be used as a database was one of ours.

    Parameters
    ----------
    database
        The file, absolute. Looked at through SQLite only.
    has_lock_file
        Whether a writer's lock file stood beside it before anyone looked.

    Returns
    -------
    bool
        By its application id; where that cannot be read any more, or the file was emptied, by its
        lock file.
    """
    with suppress(sqlite3.Error), closing(open_read_only(database)) as connection:
        application_id: int = connection.execute("PRAGMA application_id").fetchone()[0]
        if application_id == APPLICATION_ID:
            return True
        is_empty = not connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        return is_empty and has_lock_file
    return has_lock_file


def set_aside(database: Path, now: datetime | None = None) -> Path:
    """Rename a database with its log; the caller holds the writer lock and has closed the file.

    Parameters
    ----------
    database
        The file, absolute.
    now
        For the new name; ``None``: this machine's clock.

    Returns
    -------
    Path
        The new name: the old one, ``.damaged-`` and the UTC time.

    Raises
    ------
    StorageError
        The system refused; parts may be renamed, and another attempt goes on with the rest.
    """
    try:
        target = _free_name(database, now or datetime.now(UTC))
        for suffix in _COMPANIONS:
            with suppress(FileNotFoundError):
                database.with_name(database.name + suffix).rename(
                    target.with_name(target.name + suffix)
                )
    except OSError as error:
        raise raised(StorageError, FailureKind.NOT_RENAMED, path=database, reason=error) from error
    return target


def _free_name(database: Path, now: datetime) -> Path:
    name = f"{database.name}.damaged-{now:%Y%m%dT%H%M%SZ}"
    number = 1
    while True:
        target = database.with_name(name if number == 1 else f"{name}-{number}")
        if not any(target.with_name(target.name + suffix).exists() for suffix in _COMPANIONS):
            return target
        number += 1
