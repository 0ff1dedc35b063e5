"""The one connection that writes a database file: its lock, its opening, how it outlives faults.

A fault of the environment reaches the caller as a `StorageError`, and the next call begins anew: on
a fresh file where this one was damaged, moved or deleted, on a fresh connection after an I/O error.
A schema that another program has changed is such a fault. It is put right when the file is opened,
and after a few seconds while it is written: an index is made again from the rows, which all stay.
For anything else the file is set aside, as no row may be touched to please a foreign schema.
"""

import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Self

from Heatmap.domain.events import DataKind
from Heatmap.domain.failure_texts import failure_text, raised
from Heatmap.errors import (
    CorruptDatabaseError,
    Failure,
    FailureKind,
    OtherWriterError,
    StorageError,
)
from Heatmap.runtime.safe_log import get_logger
from Heatmap.storage.sqlite import ledger
from Heatmap.storage.sqlite.connections import (
    database_path,
    file_id,
    open_read_only,
    open_writable,
    transaction,
)
from Heatmap.storage.sqlite.migrations import (
    SCHEMA_VERSION,
    bring_up_to_date,
    mend_schema,
    read_identity,
    require_kind,
    require_mendable,
)
from Heatmap.storage.sqlite.pragmas import prepare_for_writing
from Heatmap.storage.sqlite.schema import find_faults
from Heatmap.storage.sqlite.schema_watch import SchemaWatch
from Heatmap.storage.sqlite.set_aside import is_ours, set_aside
from Heatmap.storage.sqlite.sound_rows import SMALL_TABLES, count_damaged
from Heatmap.storage.sqlite.sqlite_errors import is_io_error, storage_errors
from Heatmap.storage.sqlite.writer_lock import WriterLock, lock_path

logger = get_logger(__name__)

# A file that is damaged again and again lies on a broken disk: that must not fill up with copies.
_SET_ASIDE_SPACING_S = 60.0
# The look before the lock decides nothing that the one under it does not: it is not worth waiting.
_FIRST_LOOK_S = 0.05


class WritableDatabase:
    """Holds the writer lock and the writing connection of one file; `SqliteStore` says what for.

    Belongs to the thread and the process that made it.

    Parameters
    ----------
    path, kind, busy_timeout_ms, sets_damaged_aside
        As for `SqliteStore`.

    Raises
    ------
    StorageError
        As `SqliteStore`.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        kind: DataKind,
        *,
        busy_timeout_ms: int,
        sets_damaged_aside: bool,
    ) -> None:
        self.path = database_path(path)
        self.kind = kind
        self._busy_timeout_ms = busy_timeout_ms
        self._sets_damaged_aside = sets_damaged_aside
        self._owner_pid = os.getpid()
        self._owner_thread = threading.get_ident()
        # None: closed, or about to be opened anew.
        self._connection: sqlite3.Connection | None = None
        self._file_id: tuple[int, int] | None = None
        self._is_damaged = False
        self._set_aside_again_s = 0.0
        self._generation = 0
        # The file that was written until now was moved or deleted.
        self._has_left_file = False
        self._notice: Failure | None = None
        # About rows of the present file that cannot be used.
        self._rows_notice: Failure | None = None
        self._schema = SchemaWatch()
        has_lock_file = lock_path(self.path).exists()
        try:
            _refuse_foreign_file(self.path, kind)
        except CorruptDatabaseError:
            if not self._may_set_aside(has_lock_file=has_lock_file):
                raise
        self._lock = _take_lock(self.path)
        try:
            self._open(has_lock_file=has_lock_file)
        except BaseException:
            self._lock.release()
            raise
        logger.info("writing %s data to %s", kind, self.path)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    @property
    def notices(self) -> tuple[Failure, ...]:
        """What a user should know: that the file is a fresh one or was mended, and why.

        Also that it holds rows that cannot be used.
        """
        return tuple(one for one in (self._notice, self._rows_notice) if one is not None)

    def generation(self) -> int:
        """Make ready to write, and return the number of the file: it grows with each fresh one.

        What was written while the number was another one lies in another file, or is lost.

        Raises
        ------
        StorageError
            The file cannot be written.
        """
        with self._faults():
            self._ready()
        return self._generation

    def hurry(self) -> None:
        """Take note that the end is near: what is damaged or changed is put right at once."""
        self._set_aside_again_s = 0.0
        self._schema.hurry()

    def close(self) -> None:
        """Checkpoint, close the file and give up the writer lock; idempotent."""
        try:
            with storage_errors(self.path):
                if self._connection is not None:
                    self._connection.close()
        finally:
            self._lock.release()

    @contextmanager
    def _transaction(self, begin: str = "BEGIN IMMEDIATE") -> Iterator[sqlite3.Connection]:
        if os.getpid() != self._owner_pid:
            raise RuntimeError("a SqliteStore was used in a forked child; open it after the fork")
        with self._faults():
            connection = self._ready()
            with transaction(connection, begin):
                self._schema.require_known(connection, self.path, time.monotonic())
                yield connection

    @contextmanager
    def _faults(self) -> Iterator[None]:
        """Translate the environment's faults, and draw the consequences for the next call."""
        try:
            with storage_errors(self.path):
                yield
        except CorruptDatabaseError:
            self._is_damaged = self._sets_damaged_aside
            raise
        except StorageError as error:
            if is_io_error(error.__cause__):
                # A connection that met one may keep failing when the disk works again.
                self._disconnect()
            raise
        except Exception:
            # No fault that is known. Whatever state the connection is in, a fresh one is in none.
            if threading.get_ident() == self._owner_thread:
                self._disconnect()
            raise

    def _open(self, *, has_lock_file: bool) -> None:
        try:
            self._connection = self._connect()
            self._file_id = file_id(self.path)
        except CorruptDatabaseError:
            if not self._may_set_aside(has_lock_file=has_lock_file):
                raise
            self._is_damaged = True
            with storage_errors(self.path):
                self._ready()

    def _may_set_aside(self, *, has_lock_file: bool) -> bool:
        return self._sets_damaged_aside and is_ours(self.path, has_lock_file=has_lock_file)

    def _ready(self) -> sqlite3.Connection:
        """Return the connection; where damage was met or the file is gone, that of a fresh one."""
        if self._is_damaged:
            self._put_damaged_file_away()
        elif self._connection is not None and file_id(self.path) != self._file_id:
            self._leave_moved_file(self._connection)
        elif self._connection is not None and self._schema.is_mending_due(time.monotonic()):
            self._mend(self._connection)
        return self._connection or self._connect_again()

    def _connect_again(self) -> sqlite3.Connection:
        connection = self._connect()
        try:
            with transaction(connection):
                self._hand_over(connection)
        except BaseException:
            connection.close()
            raise
        known, self._file_id = self._file_id, file_id(self.path)
        self._connection = connection
        # A deleted file's id may be given to the next one, so that alone does not tell.
        if self._has_left_file or known != self._file_id:
            self._generation += 1
        self._has_left_file = False
        if known is not None and known != self._file_id:
            self._tell(FailureKind.FILE_MOVED)
        return connection

    def _connect(self) -> sqlite3.Connection:
        connection, mended, damaged = _connect(self.path, self.kind, self._busy_timeout_ms)
        self._schema.forget()
        values = {"path": self.path, "tables": damaged}
        rows_notice = Failure(FailureKind.ROWS_LEFT_OUT, values) if damaged else None
        if rows_notice is not None and rows_notice != self._rows_notice:
            logger.warning("%s", failure_text(rows_notice))
        self._rows_notice = rows_notice
        self._tell_mended(mended)
        return connection

    def _mend(self, connection: sqlite3.Connection) -> None:
        """Put a schema right that another program has changed; else set the file aside."""
        try:
            with transaction(connection):
                faults = find_faults(connection, SCHEMA_VERSION)
                mended = mend_schema(connection, self.path, faults)
        except CorruptDatabaseError:
            if not self._sets_damaged_aside:
                raise
            self._is_damaged = True
            self._put_damaged_file_away()
        else:
            self._schema.forget()
            self._tell_mended(mended)

    def _tell_mended(self, mended: str | None) -> None:
        if mended is not None:
            self._tell(FailureKind.SCHEMA_MENDED, changes=mended)

    def _leave_moved_file(self, connection: sqlite3.Connection) -> None:
        # SQLite does not checkpoint a file that was moved when it closes it: its log would be lost.
        with suppress(sqlite3.Error):
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        self._has_left_file = True
        self._disconnect()

    def _disconnect(self) -> None:
        if self._connection is not None:
            with suppress(sqlite3.Error):
                self._connection.close()
            self._connection = None

    def _put_damaged_file_away(self) -> None:
        now_s = time.monotonic()
        if now_s < self._set_aside_again_s:
            raise raised(
                StorageError,
                FailureKind.DAMAGED_AGAIN,
                path=self.path,
                spacing_s=_SET_ASIDE_SPACING_S,
            )
        self._disconnect()
        if not is_ours(self.path, has_lock_file=True):
            self._is_damaged = False
            raise raised(StorageError, FailureKind.FOREIGN_DATABASE, path=self.path)
        aside = set_aside(self.path)
        self._is_damaged = False
        self._file_id = None
        self._set_aside_again_s = now_s + _SET_ASIDE_SPACING_S
        self._tell(FailureKind.SET_ASIDE, target=aside)

    def _tell(self, kind: FailureKind, **values: object) -> None:
        self._notice = Failure(kind, {"path": self.path, **values})
        logger.warning("%s", failure_text(self._notice))

    def _hand_over(self, connection: sqlite3.Connection) -> None:
        """Tell a file that may be a fresh one what this process still knows of the one before."""


def _refuse_foreign_file(path: Path, kind: DataKind) -> None:
    """Refuse what is visibly not ours before a lock file is put beside it.

    The same checks decide again under the lock. So an operational fault, such as a lock or an
    interrupted transaction that only a writer may roll back, is left to that second look.
    """
    if not path.exists():
        return
    with (
        storage_errors(path, blames_file=True),
        suppress(sqlite3.OperationalError),
        closing(open_read_only(path, timeout_s=_FIRST_LOOK_S)) as connection,
    ):
        _require_usable(connection, kind, path)


def _require_usable(connection: sqlite3.Connection, kind: DataKind, path: Path) -> None:
    identity = read_identity(connection, path)
    require_kind(identity, kind, path)
    require_mendable(identity, path)


def _take_lock(path: Path) -> WriterLock:
    try:
        return WriterLock(path)
    except OtherWriterError as error:
        error.recorded = _recorded_symbols(path)
        raise


def _recorded_symbols(path: Path) -> tuple[str, ...] | None:
    """Return what the file's recorder records, where it can be read just now."""
    with suppress(sqlite3.Error), closing(open_read_only(path, timeout_s=0.0)) as connection:
        return ledger.read_symbols(connection)
    return None


def _connect(
    path: Path, kind: DataKind, busy_timeout_ms: int
) -> tuple[sqlite3.Connection, str | None, dict[str, int]]:
    """Return a connection, what was mended of the schema, and how many rows are damaged."""
    with storage_errors(path, blames_file=True):
        connection = open_writable(path, timeout_s=busy_timeout_ms / 1000)
        try:
            # Before any pragma that writes: a foreign file stays as it is.
            _require_usable(connection, kind, path)
            prepare_for_writing(connection, busy_timeout_ms)
            mended = bring_up_to_date(connection, path, kind)
            damaged = count_damaged(connection, SMALL_TABLES)
        except BaseException:
            connection.close()
            raise
    return connection, mended, damaged
