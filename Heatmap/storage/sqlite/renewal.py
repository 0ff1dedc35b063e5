"""Gives a database a fresh file of the same name, which no old log and no old index belongs to.

Where a database, its log or its index was moved, deleted or overwritten while it was written, those
who have it open share an index that is wrong, also inside this process; SQLite offers no way to
begin that anew. With a copy in the place of the file each of them keeps what it has open, which
harms nobody any more, and whoever opens the path finds files that belong together.
"""

import os
import shutil
import sqlite3
import sys
import time
from contextlib import closing, suppress
from datetime import UTC, datetime
from pathlib import Path

from Heatmap.domain.failure_texts import raised
from Heatmap.errors import DatabaseInUseError, FailureKind, StorageError
from Heatmap.storage.sqlite.connections import companion, file_stat, open_read_only
from Heatmap.storage.sqlite.log_mark import open_without_log
from Heatmap.storage.sqlite.set_aside import HeldFileError, free_name, rename
from Heatmap.storage.sqlite.whole_files import is_whole, look_at, read_beside

# A file whose last change is older, in seconds, is not being copied at this moment.
_STILL_S = 0.3
# The same for a file that is no whole database: a copy that pauses, or that was broken off.
_UNFINISHED_STILL_S = 2.0
_LOOK_S = 0.02
# Less than stopping may take.
_LONGEST_WAIT_S = 2.5
# Left free on the disk beside a copy that is only kept.
_MARGIN_BYTES = 64 * 2**20


def wait_until_written(database: Path, *, hurries: bool = False) -> bool:
    """Wait, a few seconds at most, until nobody else writes into a file any more.

    A program that copies may pause, and a copy that has just begun is an empty file. So a file that
    is no whole database has to be unchanged for longer.

    Parameters
    ----------
    database
        The file. All of it is read, without its log, beside the caller.
    hurries
        Whether a file that is not whole is given no more time than one that is; what is to be read
        is waited for.

    Returns
    -------
    bool
        Whether it is a sound database without its log; also where there is no file.

    Raises
    ------
    DatabaseInUseError
        Somebody still writes into it, or it is still being read; ask again.
    """
    until_s = time.monotonic() + _LONGEST_WAIT_S
    judged: object = None
    while True:
        found = file_stat(database)
        if found is None:
            return True
        # A time in the future tells nothing, as a clock that was set back leaves one.
        still_s = abs(time.time() - found.st_mtime)
        if still_s > _STILL_S:
            look = look_at(database)
            if look != judged and read_beside(is_whole, database, look, hurries=hurries).answer():
                return True
            judged = look
            if hurries or still_s > _UNFINISHED_STILL_S:
                return False
        if time.monotonic() > until_s:
            raise raised(DatabaseInUseError, FailureKind.BEING_OVERWRITTEN, path=database)
        time.sleep(_LOOK_S)


def copy_whole(
    source: sqlite3.Connection, target: Path, *, margin_bytes: int = _MARGIN_BYTES
) -> None:
    """Copy all that a connection sees into a new file, which is complete on the disk afterwards.

    Parameters
    ----------
    source
        What is copied.
    target
        The new file.
    margin_bytes
        So much has to stay free on the disk.

    Raises
    ------
    StorageError
        There is no room for it.
    OSError, sqlite3.Error
        The copy failed; what there is of it was deleted.
    """
    pages = source.execute("PRAGMA page_count").fetchone()[0]
    page_bytes = source.execute("PRAGMA page_size").fetchone()[0]
    free_bytes = shutil.disk_usage(target.parent).free
    wanted_bytes = pages * page_bytes + margin_bytes
    if wanted_bytes > free_bytes:
        raise raised(
            StorageError,
            FailureKind.NO_ROOM,
            target=target,
            wanted_mib=wanted_bytes / 2**20,
            free_mib=free_bytes / 2**20,
        )
    _delete(target)
    try:
        with closing(sqlite3.connect(target, isolation_level=None)) as copy:
            source.backup(copy)
    except BaseException:
        _delete(target)
        raise


def close_unwritten(connection: sqlite3.Connection, database: Path) -> None:
    """Close a connection without its last act, which would write its log into the file."""
    if sys.version_info >= (3, 12):
        connection.setconfig(sqlite3.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE)
        with suppress(sqlite3.Error):
            connection.close()
        return
    # Only the last connection of a file does that, and this one is no writer.
    with suppress(sqlite3.Error), closing(open_read_only(database, timeout_s=0.0)) as other:
        with suppress(sqlite3.Error):
            other.execute("SELECT count(*) FROM sqlite_master").fetchone()
        with suppress(sqlite3.Error):
            connection.close()
    with suppress(sqlite3.Error):
        connection.close()


def prepare_copy(source: sqlite3.Connection, database: Path) -> Path:
    """Copy what a connection sees to where it can be put in the file's place from.

    Raises
    ------
    StorageError, OSError, sqlite3.Error
        As `copy_whole`.
    """
    target = database.with_name(f"{database.name}.renewed")
    # It takes the file's place, and without it nothing can be written: any room will do.
    copy_whole(source, target, margin_bytes=0)
    return target


def prepare_copy_without_log(database: Path, log: Path | None = None) -> Path:
    """Copy a file as it is without its log to where it can be put in the file's place from.

    Parameters
    ----------
    database
        The file.
    log
        Another log that belongs to it, and is written into the copy; ``None``: none.

    Raises
    ------
    StorageError, OSError, sqlite3.Error
        As `copy_whole`.
    """
    with closing(open_without_log(database)) as source:
        target = prepare_copy(source, database)
    if log is not None:
        shutil.copyfile(log, companion(target, "-wal"))
        with closing(sqlite3.connect(target, isolation_level=None)) as copy:
            copy.execute("PRAGMA journal_mode = WAL")
            copy.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    return target


def put_companions_away(database: Path, *, keeps_log: bool = False) -> Path | None:
    """Take an old log and its index from beside a file.

    Parameters
    ----------
    database
        The file.
    keeps_log
        Rename the log instead of deleting it, unless it is empty.

    Returns
    -------
    Path or None
        The new name of the log; ``None``: there was none to keep.

    Raises
    ------
    HeldFileError, StorageError
        The system refused.
    """
    log, index = companion(database, "-wal"), companion(database, "-shm")
    kept: Path | None = None
    found = file_stat(log)
    if keeps_log and found is not None and found.st_size:
        kept = companion(free_name(database, "replaced", datetime.now(UTC)), "-wal")
        rename(log, kept)
    try:
        log.unlink(missing_ok=True)
        index.unlink(missing_ok=True)
    except PermissionError as error:
        raise raised(HeldFileError, FailureKind.LOG_HELD, path=database, reason=error) from error
    except OSError as error:
        raise raised(
            StorageError, FailureKind.LOG_NOT_DELETED, path=database, reason=error
        ) from error
    return kept


def empty_log(database: Path) -> None:
    """Cut off a log, so that nobody who has it open can write it into the file any more."""
    with suppress(OSError):
        os.truncate(companion(database, "-wal"), 0)


def _delete(database: Path) -> None:
    for path in (database, companion(database, "-wal"), companion(database, "-shm")):
        path.unlink(missing_ok=True)
