"""Turns SQLite's faults into the error tree: what the environment did, in words a user can act on.

Faults of the environment are translated (locked, full, read-only, damaged, ...). Otherwise a
constraint that fails or a statement that is wrong is a bug and leaves as Python's own ``sqlite3``
exception; but where a file is opened or read, it is the file that does not fit the statement.
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

_NOT_AS_EXPECTED = (
    "is damaged: it does not hold what was expected; it was left as it is, restore a copy or "
    "choose another file"
)
# What Python itself raises: a connection that is closed, or of another thread; a wrong value.
_WRONG_USE = (sqlite3.ProgrammingError, sqlite3.InterfaceError)

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
def storage_errors(path: Path, *, blames_file: bool = False) -> Iterator[None]:
    """Raise the environment's faults inside the block as `StorageError`, bugs as they are.

    Parameters
    ----------
    path
        The file that the block works on, for the message.
    blames_file
        Whether what SQLite refuses for any other reason is the file's fault, which holds something
        else than what it was looked at for. The wrong use of a connection stays a bug.

    Raises
    ------
    StorageError
        One of its subclasses where one fits, see `to_storage_error`.
    """
    try:
        yield
    except sqlite3.Error as error:
        translated = to_storage_error(error, path)
        if translated is None and blames_file and not isinstance(error, _WRONG_USE):
            translated = CorruptDatabaseError(f"the database {path} {_NOT_AS_EXPECTED} ({error})")
        if translated is None:
            raise
        raise translated from error
