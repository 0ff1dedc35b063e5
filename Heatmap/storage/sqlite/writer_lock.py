"""The writer lock: one recorder per database file, in this process and any other.

An exclusive transaction on an empty SQLite file beside the database. The operating system drops the
lock with its process, so a killed recorder leaves nothing to clean up; a forked child does not
inherit it. The lock file is touched only through SQLite and never deleted: opening and closing it
in another way would drop the holder's lock (POSIX), deleting it would let two recorders in.
Local disks only: network file systems do not keep such locks reliably.
"""

import sqlite3
import time
from contextlib import closing
from pathlib import Path

from Heatmap.domain.failure_texts import raised
from Heatmap.errors import FailureKind, OtherWriterError
from Heatmap.storage.sqlite.connections import open_read_only, open_writable
from Heatmap.storage.sqlite.sqlite_errors import storage_errors

# A status query looks at the lock for an instant; a new writer must outlast that.
_OUTLAST_S = 0.25
_RETRY_S = 0.005


class WriterLock:
    """Exclusive right to write a database, held from construction until `release`.

    Belongs to the thread and the process that made it.

    Parameters
    ----------
    database
        The main file, absolute and with links resolved; it need not exist.

    Raises
    ------
    OtherWriterError
        Another recorder holds it; raised at once.
    StorageError
        The lock file cannot be created or used.
    """

    def __init__(self, database: Path) -> None:
        path = lock_path(database)
        with storage_errors(path):
            self._connection = open_writable(path, timeout_s=0.0)
            try:
                self._acquire()
            except BaseException as error:
                self._connection.close()
                if _is_busy(error):
                    raise raised(
                        OtherWriterError, FailureKind.OTHER_WRITER, path=database
                    ) from error
                raise

    def release(self) -> None:
        """Let another recorder write; idempotent."""
        self._connection.close()

    def _acquire(self) -> None:
        until_s = time.monotonic() + _OUTLAST_S
        while True:
            try:
                self._connection.execute("BEGIN EXCLUSIVE")
            except sqlite3.OperationalError as error:
                if not _is_busy(error) or time.monotonic() > until_s:
                    raise
                # Who cannot even read it faces a writer, which no waiting outlasts: a standby asks
                # once a second, and must not be held up each time.
                self._connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
                time.sleep(_RETRY_S)
            else:
                return


def lock_path(database: Path) -> Path:
    """Return the lock file's path for a database."""
    return database.with_name(f"{database.name}-writer")


def is_writer_active(database: Path) -> bool:
    """Tell whether a recorder holds the lock, without ever holding it exclusively.

    Parameters
    ----------
    database
        The main file, absolute and with links resolved.

    Raises
    ------
    StorageError
        The lock file exists but cannot be read.
    """
    path = lock_path(database)
    if not path.exists():
        return False
    with storage_errors(path), closing(open_read_only(path, timeout_s=0.0)) as connection:
        try:
            # Any read needs a shared lock, which the holder's exclusive one excludes.
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        except sqlite3.OperationalError as error:
            if _is_busy(error):
                return True
            raise
    return False


def _is_busy(error: BaseException) -> bool:
    code: int | None = getattr(error, "sqlite_errorcode", None)
    return code is not None and code & 0xFF == sqlite3.SQLITE_BUSY
