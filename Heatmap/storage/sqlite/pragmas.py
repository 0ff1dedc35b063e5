"""One function per pragma, each with its reason. The order of `prepare_for_writing` matters."""

import sqlite3

from Heatmap.domain.failure_texts import raised
from Heatmap.errors import FailureKind, StorageError

# As long as a log is when the recorder writes it back, and somewhat more.
_LOG_LIMIT_BYTES = 8 * 2**20


def set_busy_timeout(connection: sqlite3.Connection, timeout_ms: int) -> None:
    """Wait for a foreign lock instead of failing at once.

    Recovery after a crash and a database browser both lock the file for a moment.
    """
    connection.execute(f"PRAGMA busy_timeout = {timeout_ms:d}")


def set_incremental_vacuum(connection: sqlite3.Connection) -> None:
    """Let retention hand pages back in small steps instead of a blocking ``VACUUM``.

    Works on a file without content only, and once WAL is on the file has some: call it first.
    """
    connection.execute("PRAGMA auto_vacuum = INCREMENTAL")


def set_write_ahead_log(connection: sqlite3.Connection) -> None:
    """Let readers read while the recorder writes.

    Raises
    ------
    StorageError
        SQLite kept another journal, as it does where the file system has no shared memory.
    """
    mode = connection.execute("PRAGMA journal_mode = WAL").fetchone()[0]
    if mode != "wal":
        raise raised(StorageError, FailureKind.NO_WRITE_AHEAD_LOG, got=repr(mode))


def set_synchronous_normal(connection: sqlite3.Connection) -> None:
    """Sync at checkpoints, not at every commit.

    In WAL mode a killed process loses nothing and a power cut loses the last commits at most; the
    file stays consistent either way.
    """
    connection.execute("PRAGMA synchronous = NORMAL")


def set_temporary_in_memory(connection: sqlite3.Connection) -> None:
    """Keep temporary tables and sorts off the disk: the file may lie on a slow or a full one."""
    connection.execute("PRAGMA temp_store = MEMORY")


def set_own_checkpoints(connection: sqlite3.Connection) -> None:
    """Leave it to the recorder when the log is written into the file (`WriteAheadLog.settle`).

    So it knows what in the file is its own doing: whatever else changes there came from outside.
    """
    connection.execute("PRAGMA wal_autocheckpoint = 0")


def set_log_size_limit(connection: sqlite3.Connection) -> None:
    """Let a log that a reader has kept from shrinking give its room back once it is used anew."""
    connection.execute(f"PRAGMA journal_size_limit = {_LOG_LIMIT_BYTES:d}")


def prepare_for_writing(connection: sqlite3.Connection, busy_timeout_ms: int) -> None:
    """Apply every pragma of the writing connection, in the order that makes each effective.

    Parameters
    ----------
    connection
        Just opened, outside a transaction.
    busy_timeout_ms
        How long to wait for a foreign lock, milliseconds.

    Raises
    ------
    StorageError
        The file system cannot hold a write-ahead log.
    """
    set_busy_timeout(connection, busy_timeout_ms)
    set_incremental_vacuum(connection)
    set_write_ahead_log(connection)
    set_synchronous_normal(connection)
    set_temporary_in_memory(connection)
    set_own_checkpoints(connection)
    set_log_size_limit(connection)
