"""Turns SQLite's faults into the error tree: what the environment did, as a fact.

Faults of the environment are translated (locked, full, read-only, damaged, ...). Otherwise a
constraint that fails or a statement that is wrong is a bug and leaves as Python's own ``sqlite3``
exception; but where a file is opened or read, it is the file that does not fit the statement.
"""

import sqlite3
from collections.abc import Callable
from pathlib import Path

from Heatmap.domain.failure_texts import raised
from Heatmap.errors import CorruptDatabaseError, DatabaseInUseError, FailureKind, StorageError

_LOCKED = (DatabaseInUseError, FailureKind.DATABASE_LOCKED)
_READ_ONLY = (StorageError, FailureKind.DATABASE_READ_ONLY)
_DAMAGED = (CorruptDatabaseError, FailureKind.DATABASE_DAMAGED)

# What Python itself raises: a connection that is closed, or of another thread; a wrong value.
_WRONG_USE = (sqlite3.ProgrammingError, sqlite3.InterfaceError)

# Primary result codes (the low byte of an extended one), https://sqlite.org/rescode.html
_FAULTS: dict[int, tuple[type[StorageError], FailureKind]] = {
    sqlite3.SQLITE_BUSY: _LOCKED,
    sqlite3.SQLITE_LOCKED: _LOCKED,
    sqlite3.SQLITE_PROTOCOL: _LOCKED,
    sqlite3.SQLITE_READONLY: _READ_ONLY,
    sqlite3.SQLITE_PERM: _READ_ONLY,
    sqlite3.SQLITE_CANTOPEN: (StorageError, FailureKind.DATABASE_NOT_OPENED),
    sqlite3.SQLITE_FULL: (StorageError, FailureKind.DISK_FULL),
    sqlite3.SQLITE_IOERR: (StorageError, FailureKind.DISK_ERROR),
    sqlite3.SQLITE_NOMEM: (StorageError, FailureKind.OUT_OF_MEMORY),
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
    error_class, kind = fault
    return raised(error_class, kind, path=path, reason=error)


def is_io_error(error: BaseException | None) -> bool:
    """Tell whether SQLite raised this because the disk reported an error."""
    code: int | None = getattr(error, "sqlite_errorcode", None)
    return code is not None and code & 0xFF == sqlite3.SQLITE_IOERR


class storage_errors:  # noqa: N801 - used as a function, and entered for each transaction
    """Raise the environment's faults inside the block as `StorageError`, bugs as they are.

    Parameters
    ----------
    path
        The file that the block works on, for the message.
    blames_file
        Whether what SQLite refuses for any other reason is the file's fault, which holds something
        else than what it was looked at for. The wrong use of a connection stays a bug.
    on_error
        Gets what the block raises, translated, before it is raised.

    Raises
    ------
    StorageError
        One of its subclasses where one fits, see `to_storage_error`.
    """

    __slots__ = ("_blames_file", "_on_error", "_path")

    def __init__(
        self,
        path: Path,
        *,
        blames_file: bool = False,
        on_error: Callable[[BaseException], None] | None = None,
    ) -> None:
        self._path = path
        self._blames_file = blames_file
        self._on_error = on_error

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        if error is None:
            return
        translated = self._translated(error) if isinstance(error, sqlite3.Error) else None
        if translated is not None:
            translated.__cause__ = error
        if self._on_error is not None:
            self._on_error(translated or error)
        if translated is not None:
            raise translated

    def _translated(self, error: sqlite3.Error) -> StorageError | None:
        translated = to_storage_error(error, self._path)
        if translated is None and self._blames_file and not isinstance(error, _WRONG_USE):
            kind = FailureKind.DATABASE_UNEXPECTED
            return raised(CorruptDatabaseError, kind, path=self._path, reason=error)
        return translated
