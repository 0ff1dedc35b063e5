"""Puts a damaged database out of the way under another name, so that recording can go on.

Nothing is ever deleted: what a tool can still read of the file stays readable, with its write-ahead
log beside it. Only a file of ours is moved.
"""

import sqlite3
import time
from contextlib import closing, suppress
from datetime import UTC, datetime
from pathlib import Path

from Heatmap.domain.failure_texts import raised
from Heatmap.errors import FailureKind, StorageError
from Heatmap.storage.sqlite.connections import open_read_only
from Heatmap.storage.sqlite.migrations import APPLICATION_ID

# In this order: a fresh file beside the log of the old one would take up that log's content.
_COMPANIONS = ("-wal", "-shm", "")
# Windows refuses to rename a file that is open; whoever only looks at it lets go soon.
_ATTEMPTS, _PAUSE_S = 10, 0.05


class HeldFileError(StorageError):
    """A file cannot be renamed or deleted while another program has it open."""


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
    HeldFileError, StorageError
        The system refused; parts may be renamed, and another attempt goes on with the rest.
    """
    target = free_name(database, "damaged", now or datetime.now(UTC))
    for suffix in _COMPANIONS:
        rename(database.with_name(database.name + suffix), target.with_name(target.name + suffix))
    return target


def rename(source: Path, target: Path) -> None:
    """Rename a file, over another one where there is one; nothing happens where there is no source.

    Where the system refuses because the file is open elsewhere it is tried for half a second.

    Raises
    ------
    HeldFileError
        The system refused that for as long.
    StorageError
        It refused for another reason.
    """
    for attempt in range(_ATTEMPTS):
        try:
            source.replace(target)
        except FileNotFoundError:
            return
        except OSError as error:
            is_held = isinstance(error, PermissionError)
            if is_held and attempt + 1 < _ATTEMPTS:
                time.sleep(_PAUSE_S)
                continue
            error_class = HeldFileError if is_held else StorageError
            raise raised(error_class, FailureKind.NOT_RENAMED, path=source, reason=error) from error
        else:
            return


def free_name(database: Path, why: str, now: datetime) -> Path:
    """Return a name beside a database that nothing has: its own, why, and the UTC time.

    Raises
    ------
    StorageError
        The system takes no such name.
    """
    name = f"{database.name}.{why}-{now:%Y%m%dT%H%M%SZ}"
    number = 1
    try:
        while True:
            target = database.with_name(name if number == 1 else f"{name}-{number}")
            if not any(target.with_name(target.name + suffix).exists() for suffix in _COMPANIONS):
                return target
            number += 1
    except OSError as error:
        raise raised(StorageError, FailureKind.NAME_REFUSED, path=database, reason=error) from error
