"""The writer lock: one recorder per database file, in this process and any other.

An exclusive transaction on an empty SQLite file beside the database. The operating system drops the
lock with its process, so a killed recorder leaves nothing to clean up; a forked child does not
inherit it. The lock file is touched only through SQLite and never deleted: opening and closing it
in another way would drop the holder's lock (POSIX), deleting it would let two recorders in.
Where somebody else deletes it, or renames its directory, the path leads to the lock no more: the
holder looks whenever it writes, and takes the lock that the path leads to now, or stops writing.
Local disks only: network file systems do not keep such locks reliably.
"""

import os
import sqlite3
import threading
import time
from contextlib import closing
from pathlib import Path
from weakref import WeakValueDictionary

from Heatmap.domain.failure_texts import raised
from Heatmap.errors import FailureKind, OtherWriterError
from Heatmap.storage.sqlite.connections import (
    companion,
    file_stat,
    is_same_file,
    open_read_only,
    open_writable,
)
from Heatmap.storage.sqlite.sqlite_errors import storage_errors

# A status query looks at the lock for an instant; a new writer must outlast that.
_OUTLAST_S = 0.25
_RETRY_S = 0.005
# To lock a file that is still there once it is locked.
_ATTEMPTS = 3
# A recorder whose lock file was deleted takes a new one within a second.
_RENEWAL_S = 1.3

# Whom this process lets write, and for what path: no lock file is needed to know that. A forked
# child has it too, and lets nobody write.
_held: WeakValueDictionary[tuple[int, Path], "WriterLock"] = WeakValueDictionary()
_held_guard = threading.Lock()


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
        self._database = database
        self._path = lock_path(database)
        self._key = (os.getpid(), self._path)
        with _held_guard:
            if _held.setdefault(self._key, self) is not self:
                raise _other_writer(database)
        try:
            self._wait_for_renewal()
            self._connection, self._file = self._take()
        except BaseException:
            self._leave()
            raise

    def is_in_place(self) -> bool:
        """Whether the path still leads to the lock file that is locked."""
        return self._file is not None and is_same_file(self._file, file_stat(self._path))

    def is_at(self, database: Path) -> bool:
        """Whether the lock file that is locked lies beside this database."""
        return self._file is not None and is_same_file(self._file, file_stat(lock_path(database)))

    def renew(self) -> None:
        """Take the lock that the path leads to now, and give up the one before.

        Raises
        ------
        OtherWriterError, StorageError
            As the constructor. `OtherWriterError`: no lock is held any more; otherwise the one that
            was.
        """
        try:
            connection, self._file = self._take()
        except OtherWriterError:
            # It may be the held one, where a file system numbers its files anew.
            self._connection.close()
            self._file = None
            connection, self._file = self._take()
        before, self._connection = self._connection, connection
        before.close()

    def release(self) -> None:
        """Let another recorder write; idempotent."""
        self._connection.close()
        self._file = None
        self._leave()

    def _leave(self) -> None:
        with _held_guard:
            if _held.get(self._key) is self:
                del _held[self._key]

    def _wait_for_renewal(self) -> None:
        """Let a recorder come first whose lock file was deleted under it.

        That a database is in use without one is a sign of it; one that was killed leaves the same.
        """
        until_s = time.monotonic() + _RENEWAL_S
        while (
            file_stat(self._path) is None
            and file_stat(self._database) is not None
            and file_stat(companion(self._database, "-shm")) is not None
            and time.monotonic() < until_s
        ):
            time.sleep(_RETRY_S)

    def _take(self) -> tuple[sqlite3.Connection, os.stat_result | None]:
        with storage_errors(self._path):
            for attempt in range(_ATTEMPTS):
                connection = open_writable(self._path, timeout_s=0.0)
                try:
                    before = file_stat(self._path)
                    self._acquire(connection)
                    is_there = is_same_file(before, file_stat(self._path))
                    if is_there or attempt + 1 == _ATTEMPTS:
                        return connection, before
                except BaseException as error:
                    connection.close()
                    if _is_busy(error):
                        raise _other_writer(self._database) from error
                    raise
                connection.close()  # it was deleted meanwhile
        raise AssertionError("the last attempt returns or raises")

    @staticmethod
    def _acquire(connection: sqlite3.Connection) -> None:
        until_s = time.monotonic() + _OUTLAST_S
        while True:
            try:
                connection.execute("BEGIN EXCLUSIVE")
            except sqlite3.OperationalError as error:
                if not _is_busy(error) or time.monotonic() > until_s:
                    raise
                # Who cannot even read it faces a writer, which no waiting outlasts: a standby asks
                # once a second, and must not be held up each time.
                connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
                time.sleep(_RETRY_S)
            else:
                return


def _other_writer(database: Path) -> OtherWriterError:
    return raised(OtherWriterError, FailureKind.OTHER_WRITER, path=database)


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
