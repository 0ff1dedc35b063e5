"""Takes away a database file that holds nothing, and that nobody writes."""

import os
import sqlite3
from contextlib import closing, suppress
from pathlib import Path

from Heatmap.errors import StorageError
from Heatmap.storage.sqlite.connections import (
    companion,
    database_path,
    database_uri,
    file_stat,
    open_read_only,
    open_uri,
)
from Heatmap.storage.sqlite.migrations import APPLICATION_ID
from Heatmap.storage.sqlite.writer_lock import WriterLock

# What a file has from its first opening on, before anything is recorded.
_OWN_TABLES = ("meta", "counters")


def discard_empty(path: str | os.PathLike[str]) -> bool:
    """Delete a database that has no row of anything; return whether it is gone.

    One that somebody writes, that is no database of this program, or that cannot be read stays.
    The lock file beside it stays in any case, as it always does.
    """
    with suppress(StorageError, sqlite3.Error, OSError):
        database = database_path(path)
        if file_stat(database) is None:
            return True
        lock = WriterLock(database)
        try:
            if not _is_empty(database):
                return False
            # The log goes first: without its file it would be taken for that of the next one.
            for one in (companion(database, "-wal"), companion(database, "-shm"), database):
                one.unlink(missing_ok=True)
            return True
        finally:
            lock.release()
    return False


def _is_empty(database: Path) -> bool:
    with closing(_opened(database)) as connection:
        names = [
            name
            for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        ]
        owner = connection.execute("PRAGMA application_id").fetchone()[0]
        # One that was not even finished has neither tables nor an owner.
        if owner != APPLICATION_ID and (owner or names):
            return False
        return not any(
            connection.execute(f'SELECT EXISTS (SELECT 1 FROM "{name}")').fetchone()[0]
            for name in names
            if name not in _OWN_TABLES and not name.startswith("sqlite_")
        )


def _opened(database: Path) -> sqlite3.Connection:
    log = file_stat(companion(database, "-wal"))
    if log is None or not log.st_size:
        # All is in the file; and where the disk is full, no index of a log can be made beside it.
        return open_uri(database_uri(database, "mode=ro&immutable=1"), timeout_s=0.0)
    return open_read_only(database)
