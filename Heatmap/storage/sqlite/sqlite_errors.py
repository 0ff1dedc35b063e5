"""Turns SQLite's faults into the error tree: what the environment did, in words a user can act on.

Only faults of the environment are translated (locked, full, read-only, damaged, ...). A constraint
that fails or a statement that is wrong is a bug and leaves as Python's own ``sqlite3`` exception.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from Heatmap.errors import CorruptDatabaseError, DatabaseInUseError, StorageError

_LOCKED = (
    DatabaseInUseError,
    "is locked by another program; close what has it open (a database browser, a backup) and retry",
)
_READ_ONLY = (
    StorageError,
    (
        "cannot be written; expected write permission for the file and its directory, "
        "change the permissions or choose another file"
    ),
)
_DAMAGED = (
    CorruptDatabaseError,
    "is not a readable SQLite database; it was left as it is, move it away or choose another file",
)

# Primary result codes (the low byte of an extended one), https://sqlite.org/rescode.html
_FAULTS: dict[int, tuple[type[StorageError], str]] = {
    sqlite3.SQLITE_BUSY: _LOCKED,
    sqlite3.SQLITE_LOCKED: _LOCKED,
    sqlite3.SQLITE_PROTOCOL: _LOCKED,
    sqlite3.SQLITE_READONLY: _READ_ONLY,
    sqlite3.SQLITE_PERM: _READ_ONLY,
    sqlite3.SQLITE_CANTOPEN: (
        StorageError,
        (
            "cannot be opened; expected read and write permission for the file and its directory, "
            "change the permissions or choose another file"
        ),
    ),
    sqlite3.SQLITE_FULL: (
        StorageError,
        (
            "cannot grow because the disk is full; free some space, "
            "what was not stored yet is written on the next attempt"
        ),
    ),
    sqlite3.SQLITE_IOERR: (
        StorageError,
        (
            "cannot be read or written because the disk reports an error; "
            "check the disk and its free space, use a local one"
        ),
    ),
    sqlite3.SQLITE_NOMEM: (StorageError, "cannot be used because memory ran out; free some"),
    sqlite3.SQLITE_CORRUPT: _DAMAGED,
    sqlite3.SQLITE_NOTADB: _DAMAGED,
}


def to_storage_error(error: sqlite3.Error, path: Path) -> StorageError | None:
    """Translate a fault of the environment.

    Parameters
    ----------
    error
        What ``sqlite3`` raised.
    path
        The file it was about, for the message.

    Returns
    -------
    StorageError or None
        One line that says what is wrong and what to do; ``None`` when the fault is a bug.
    """
    code = getattr(error, "sqlite_errorcode", None)  # absent where Python itself raised it
    fault = None if code is None else _FAULTS.get(code & 0xFF)
    if fault is None:
        return None
    error_class, text = fault
    return error_class(f"the database {path} {text} ({error})")


def is_io_error(error: BaseException | None) -> bool:
    """Tell whether SQLite raised this because the disk reported an error."""
    code: int | None = getattr(error, "sqlite_errorcode", None)
    return code is not None and code & 0xFF == sqlite3.SQLITE_IOERR


@contextmanager
def storage_errors(path: Path) -> Iterator[None]:
    """Raise the environment's faults inside the block as `StorageError`, bugs as they are.

    Parameters
    ----------
    path
        The file that the block works on, for the message.

    Raises
    ------
    StorageError
        One of its subclasses where one fits, see `to_storage_error`.
    """
    try:
        yield
    except sqlite3.Error as error:
        translated = to_storage_error(error, path)
        if translated is None:
            raise
        raise translated from error
