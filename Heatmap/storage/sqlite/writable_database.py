"""The one connection that writes a database file: its lock, its opening, how it outlives faults.

A fault of the environment reaches the caller as a `StorageError`, and the next call begins anew: on
a fresh file where this one was damaged, moved or deleted, on a fresh connection after an I/O error.
A schema that another program has changed is such a fault. It is put right when the file is opened,
and after a few seconds while it is written: an index is made again from the rows, which all stay.
For anything else the file is set aside, as no row may be touched to please a foreign schema.
Before each transaction the files are looked at from outside: what somebody else has moved, deleted
or overwritten is put right first, and what was only in a lost log is written once more.
"""

import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Self

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
from Heatmap.storage.sqlite.connections import (
    companion,
    database_path,
    file_stat,
    require_plain_file,
    transaction,
)
from Heatmap.storage.sqlite.log_mark import LogMark, read_file_mark, read_mark
from Heatmap.storage.sqlite.migrations import (
    SCHEMA_VERSION,
    keep_identity,
    mend_schema,
)
from Heatmap.storage.sqlite.opening import (
    is_usable,
    open_up_to_date,
    recorded_symbols,
    refuse_foreign_file,
    take_lock,
)
from Heatmap.storage.sqlite.renewal import (
    close_unwritten,
    prepare_copy_without_log,
    wait_until_written,
)
from Heatmap.storage.sqlite.schema import find_faults
from Heatmap.storage.sqlite.schema_watch import SchemaWatch, data_version
from Heatmap.storage.sqlite.set_aside import HeldFileError, is_ours, set_aside
from Heatmap.storage.sqlite.sqlite_errors import is_io_error, storage_errors
from Heatmap.storage.sqlite.watched_file import WatchedFile
from Heatmap.storage.sqlite.whole_files import is_whole, look_at, read_beside
from Heatmap.storage.sqlite.writer_lock import lock_path

if TYPE_CHECKING:
    from Heatmap.domain.coverage import CoverageInterval

logger = get_logger(__name__)

# A file that is damaged again and again lies on a broken disk: that must not fill up with copies.
_SET_ASIDE_SPACING_S = 60.0


class WritableDatabase(WatchedFile):
    """Holds the writer lock and the writing connection of one file; `SqliteStore` says what for.

    Belongs to the thread and the process that made it.

    More than 25 methods: opening, writing, mending and setting aside go over into each other at any
    fault, with one connection, one lock and one account of what only the log holds.

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
        super().__init__(database_path(path), kind, busy_timeout_ms)
        self._busy_timeout_ms = busy_timeout_ms
        self._sets_damaged_aside = sets_damaged_aside
        self._owner_pid = os.getpid()
        self._owner_thread = threading.get_ident()
        self._is_damaged = False
        self._set_aside_again_s = 0.0
        self._generation = 0
        # How often a log was lost whose events were written once more.
        self._lost_logs = 0
        self._has_opened = False
        self._notice: Failure | None = None
        # About rows of the present file that cannot be used.
        self._rows_notice: Failure | None = None
        self._schema = SchemaWatch()
        # What to take note of once the transaction that is under way is committed.
        self._on_commit: list[Callable[[], None]] = []
        # What the transaction that is under way has extended, where it does nothing else.
        self._heartbeat: CoverageInterval | None = None
        has_lock_file = lock_path(self.path).exists()
        try:
            refuse_foreign_file(self.path, kind)
        except CorruptDatabaseError:
            if not self._may_set_aside(has_lock_file=has_lock_file):
                raise
        self._locks.append(take_lock(self.path))
        self._shadow.find()
        try:
            self._open(has_lock_file=has_lock_file)
        except BaseException:
            self._disconnect()
            self._release()
            raise
        logger.info("writing %s data to %s", kind, self.path)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    @property
    def notices(self) -> tuple[Failure, ...]:
        """What a user should know, such as that the file is a fresh one.

        Also that it was mended, that it holds rows that cannot be used, or that its log is large.
        """
        notices = (self._notice, self._rows_notice, self._log.notice(), self._second_name_notice())
        return tuple(one for one in notices if one is not None)

    def generation(self) -> int:
        """Make ready to write, and return the number of the file: it grows with each fresh one.

        What was written while the number was another one lies in another file, or is lost.

        Raises
        ------
        StorageError
            The file cannot be written.
        """
        with self._faults():
            self._settle_when_due(self._ready())
        return self._generation

    def finish_now(self) -> None:
        """Note that the end is near: what is damaged or changed is put right at once."""
        self._set_aside_again_s = self._check_due_s = 0.0
        self._hurries = True
        self._schema.finish_now()

    def close(self) -> None:
        """Checkpoint, close the file and give up the writer lock; idempotent."""
        if self._is_closed:
            return
        try:
            if self._connection is not None and (self._is_unchecked or not self._is_sound()):
                self._put_right_at_last()
            self._is_closed = True
            with storage_errors(self.path):
                self._close_last()
        finally:
            self._is_closed = True
            self._connection = None
            self._release()

    def _put_right_at_last(self) -> None:
        """Write what was only in a log that is lost, or never; leave a file that is damaged."""
        self.finish_now()
        for _ in range(2):
            try:
                with self._faults():
                    self._ready()
            except CorruptDatabaseError:
                continue  # the next look sets it aside
            except (StorageError, sqlite3.Error):
                pass
            return

    def _release(self) -> None:
        for lock in self._locks:
            lock.release()

    def _close_last(self) -> None:
        connection = self._connection
        if connection is None:
            return
        try:
            # A reader may keep the connection from being the last one, which would do this.
            if self._is_sound():
                self._settle(connection)
        finally:
            self._disconnect()

    @contextmanager
    def _transaction(self, begin: str = "BEGIN IMMEDIATE") -> Iterator[sqlite3.Connection]:
        if os.getpid() != self._owner_pid:
            raise RuntimeError("a SqliteStore was used in a forked child; open it after the fork")
        self._forget_notes()
        with self._faults():
            connection = self._ready()
            changes = connection.total_changes
            with transaction(connection, begin):
                kept = self._require_own(connection, is_writing=begin == "BEGIN IMMEDIATE")
                yield connection
                is_written = kept is not None or connection.total_changes != changes
                heartbeat = self._heartbeat
                is_stamped = is_written and not (heartbeat and self._log.may_omit_stamp)
                if is_stamped:
                    self._log.stamp(connection)
            if is_written:
                self._require_taken()
                if is_stamped:
                    self._log.note_commit()
                elif heartbeat is not None:
                    self._log.note_heartbeat(heartbeat)
                    if self._watch.was_begun_anew:
                        self._stamp_log(connection)
                self._tell_mended(kept)
                for note in self._on_commit:
                    note()
                self._note_log(connection)

    def _forget_notes(self) -> None:
        self._on_commit.clear()
        self._heartbeat = None

    def _stamp_log(self, connection: sqlite3.Connection) -> None:
        """Put a number into a log that has none, such as one that SQLite has just begun anew."""
        with transaction(connection):
            self._log.stamp(connection)
        self._require_taken()
        self._log.note_commit()

    def _require_own(self, connection: sqlite3.Connection, *, is_writing: bool) -> str | None:
        """Make sure that schema and identity are ours; return what of the latter was mended.

        Both are as they were while nobody else has committed anything.
        """
        version = data_version(connection)
        if self._schema.is_right_since(version):
            return None
        self._forget_rows()
        self._schema.require_known(connection, self.path, time.monotonic())
        if not is_writing:
            return None
        mended = keep_identity(connection, self.kind)
        if mended is None:
            self._schema.note_right(version)
        else:
            # What stands beside it may be gone as well.
            self._hand_over(connection)
        return mended

    def _require_taken(self) -> None:
        """Make sure that what was committed is in the file that the path leads to.

        Raises
        ------
        StorageError
            The file was replaced in the very moment; the caller tries again, on the next one.
        """
        if self._watch.is_elsewhere() or not self._watch.has_taken():
            raise raised(StorageError, FailureKind.FILE_CHANGED, path=self.path)

    def _note_taken(self) -> None:
        """Take note that the log has grown, once it is sure that it has."""
        self._require_taken()
        self._log.note_size(self._watch.log_bytes, is_settling=True)

    def _note_log(self, connection: sqlite3.Connection) -> None:
        """Record what the connection has put into its log."""
        self._log.note_size(self._watch.log_bytes, is_settling=True)
        self._follow_log()
        self._settle_when_due(connection)

    def _settle_when_due(self, connection: sqlite3.Connection) -> None:
        if not self._log.is_due or not self._is_sound():
            return
        try:
            self._settle(connection)
        except sqlite3.Error:
            # The next transaction meets the same fault, and its caller hears of it. Should the
            # file be damaged by it, a fresh one gets what the log held.
            self._restores = True
            logger.debug("the log of %s could not be written back", self.path, exc_info=True)

    def _settle(self, connection: sqlite3.Connection) -> None:
        is_settled = self._log.settle(connection)
        # Somebody may have overwritten the file just then: the next look sees to it.
        if not is_settled or self._log.is_all_in_file():
            self._watch.note_file()
        if is_settled:
            self._watch.note_log()
        self._log.note_size(self._watch.log_bytes)
        self._follow_log()

    def _faults(self) -> storage_errors:
        """Translate the environment's faults, and draw the consequences for the next call."""
        return storage_errors(self.path, on_error=self._bear)

    def _bear(self, error: BaseException) -> None:
        if isinstance(error, CorruptDatabaseError):
            self._is_damaged = self._sets_damaged_aside
        elif isinstance(error, StorageError):
            if is_io_error(error.__cause__):
                # A connection that met one may keep failing when the disk works again.
                self._disconnect()
        # No fault that is known. Whatever state the connection is in, a fresh one is in none.
        elif isinstance(error, Exception) and threading.get_ident() == self._owner_thread:
            self._disconnect()

    def _open(self, *, has_lock_file: bool) -> None:
        try:
            with storage_errors(self.path, blames_file=True):
                self._connect_again()
        except CorruptDatabaseError:
            if not self._may_set_aside(has_lock_file=has_lock_file):
                raise
            self._is_damaged = True
            is_sound = read_beside(is_whole, self.path, look_at(self.path)).answer()
            self._is_unfinished = not is_sound
            with storage_errors(self.path):
                self._ready()

    def _may_set_aside(self, *, has_lock_file: bool) -> bool:
        return self._sets_damaged_aside and is_ours(self.path, has_lock_file=has_lock_file)

    def _ready(self) -> sqlite3.Connection:
        """Return the connection; where damage was met or the file is gone, that of a fresh one."""
        if self._is_closed:
            raise RuntimeError("a SqliteStore was used after it was closed")
        is_as_left = self._watch.is_as_left() and self._locks[-1].is_in_place()
        if not is_as_left:
            self._hold_lock()
        if self._is_damaged:
            self._put_damaged_file_away()
        elif self._watch.is_noted and (self._is_unchecked or not is_as_left):
            self._look()
        connection = self._connection
        if connection is not None and self._schema.is_mending_due(time.monotonic()):
            self._mend(connection)
        return self._connection or self._connect_again()

    def _connect_again(self) -> sqlite3.Connection:
        self._leave_foreign_log()
        if not self._watch.is_noted:
            require_plain_file(self.path)
            if self._has_opened and not self._is_own_copy:
                self._require_written()
            elif (found := file_stat(self.path)) is not None and not found.st_size:
                wait_until_written(self.path)  # a copy that has just begun is an empty file
        found = file_stat(self.path)
        is_new = found is None or not found.st_size
        log = file_stat(companion(self.path, "-wal"))
        had_log = log is not None and log.st_size > 0
        connection = self._connect()
        if file_stat(companion(self.path, "-shm")) is None:
            # A reader of this process has opened the file amid its renewal, with the old index,
            # which SQLite shares inside a process.
            close_unwritten(connection, self.path)
            self._put_in_place(prepare_copy_without_log(self.path))
            connection = self._connect()
        try:
            mark = read_mark(connection)
            with transaction(connection):
                why = self._why_anew
                outcome = self._bring_over(connection, mark, why, is_new=is_new)
                self._log.stamp(connection)
            self._log.note_commit()
            page_bytes = connection.execute("PRAGMA page_size").fetchone()[0]
            self._watch.note(page_bytes)
            self._require_whole_log(had_log=had_log)
            is_settled = self._log.settle(connection)
            self._watch.note(page_bytes)
            self._log.note_size(self._watch.log_bytes)
            self._follow_log()
            self._note_opened(connection, is_settled=is_settled)
        except BaseException:
            close_unwritten(connection, self.path)
            self._watch.forget()
            raise
        self._connection = connection
        if why is not None:
            self._tell(outcome)
        self._why_anew, self._restores, self._is_own_copy = None, False, False
        return connection

    def _mend(self, connection: sqlite3.Connection) -> None:
        """Put a schema right that another program has changed; else set the file aside."""
        try:
            with transaction(connection):
                faults = find_faults(connection, SCHEMA_VERSION)
                mended = mend_schema(connection, self.path, faults)
                self._log.stamp(connection)
        except CorruptDatabaseError:
            if not self._sets_damaged_aside:
                raise
            self._is_damaged = True
            self._put_damaged_file_away()
        else:
            self._log.note_commit()
            self._note_log(connection)
            self._schema.forget()
            self._tell_mended(mended)

    def _tell_mended(self, mended: str | None) -> None:
        if mended is not None:
            values = {"path": self.path, "changes": mended}
            self._tell(Failure(FailureKind.SCHEMA_MENDED, values))

    def _require_whole_log(self, *, had_log: bool) -> None:
        if not self._watch.is_log_whole(had_content=had_log):
            raise raised(StorageError, FailureKind.LOG_OVERWRITTEN, path=self.path)

    def _bring_over(
        self,
        connection: sqlite3.Connection,
        mark: LogMark | None,
        why: Failure | None,
        *,
        is_new: bool,
    ) -> Failure:
        """Write into a file that may be another one what is only known here.

        Returns
        -------
        Failure
            What that was, with `why` as its cause.
        """
        is_same = self._log.is_own(mark)
        if is_same:
            outcome = Failure(FailureKind.NOTHING_LOST, cause=why)
            if not self._log.is_all_in(connection):
                outcome = self._restored(connection, mark, why)
            self._hand_over(connection)
            return outcome
        self._hand_over(connection)
        kind = FailureKind.GOES_ON_IN_NEW if is_new else FailureKind.GOES_ON_IN_FOUND
        outcome = Failure(kind, {"path": self.path}, why)
        if self._restores:
            outcome = self._restored(connection, None, outcome)
        else:
            self._log.memory.clear()
        if self._has_opened:
            self._generation += 1
        self._has_opened = True
        return outcome

    def _restored(
        self, connection: sqlite3.Connection, mark: LogMark | None, cause: Failure | None
    ) -> Failure:
        restored, lost = self._restore(connection, mark)
        if mark is not None:
            self._lost_logs += 1
            # Not all of what was written under the number so far is there.
            self._generation += bool(lost)
        kind = FailureKind.LOG_RESTORED_IN_PART if lost else FailureKind.LOG_RESTORED
        return Failure(kind, {"restored": restored, "lost": lost}, cause)

    def _connect(self) -> sqlite3.Connection:
        with suppress(sqlite3.Error):
            self._log.begin(None)
            if file_stat(self.path) is not None:
                self._log.begin(read_file_mark(self.path))
        connection, mended, damaged = open_up_to_date(self.path, self.kind, self._busy_timeout_ms)
        self._schema.forget()
        self._foreign_state = object()  # what is known of the file before says nothing of this one
        values = {"path": self.path, "tables": damaged}
        rows_notice = Failure(FailureKind.ROWS_LEFT_OUT, values) if damaged else None
        if rows_notice is not None and rows_notice != self._rows_notice:
            logger.warning("%s", failure_text(rows_notice))
        self._rows_notice = rows_notice
        self._tell_mended(mended)
        return connection

    def _hold_lock(self) -> None:
        """Make sure that the path leads to the lock that is held, or to no other recorder's."""
        if self.path.is_symlink():
            try:
                self._follow_link()
            except OtherWriterError as error:
                self._leave_to(error)
                raise
        if self._locks[-1].is_in_place():
            return
        database_path(self.path)  # its directory may be gone as well
        try:
            self._locks[-1].renew()
        except OtherWriterError as error:
            self._leave_to(error)
            raise
        logger.warning("the lock file of %s was deleted or moved; it was made anew", self.path)

    def _leave_to(self, other: OtherWriterError) -> None:
        self._disconnect()
        # What was written is in a file that is the other one's now, or was moved.
        self._watch.forget()
        self._log.memory.clear()
        other.recorded = recorded_symbols(self.path)

    def _put_damaged_file_away(self) -> None:
        now_s = time.monotonic()
        if now_s < self._set_aside_again_s:
            raise raised(
                StorageError,
                FailureKind.DAMAGED_AGAIN,
                path=self.path,
                spacing_s=_SET_ASIDE_SPACING_S,
            )
        is_foreign = self._is_unfinished or (self._watch.is_noted and self._watch.is_rewritten())
        if is_foreign and self._take_up_copy():
            return
        self._disconnect()
        if not is_ours(self.path, has_lock_file=True):
            self._is_damaged = False
            raise raised(StorageError, FailureKind.FOREIGN_DATABASE, path=self.path)
        before, kept = self._why_anew, None
        try:
            if is_foreign and self._has_opened:
                # The log never meets what another program has written, or is about to write. Before
                # the first opening nobody knows what it holds: it goes along with its file.
                kept = self._part_log(keeps_log=self._log.memory.has_forgotten)
            values = {"path": self.path, "target": set_aside(self.path)}
            kind = FailureKind.SET_ASIDE if before is None else FailureKind.SET_ASIDE_AFTER
            self._why_anew = Failure(kind, values, before)
            if kept is not None:
                self._why_anew = Failure(FailureKind.LOG_KEPT, {"target": kept}, self._why_anew)
        except HeldFileError:
            self._go_elsewhere()
        self._is_damaged = self._is_unfinished = False
        self._watch.forget()
        self._set_aside_again_s = now_s + _SET_ASIDE_SPACING_S

    def _take_up_copy(self) -> bool:
        """Turn to a file that was not damaged but half copied; return whether it is whole now."""
        is_whole = wait_until_written(self.path, hurries=self._hurries)
        if not is_whole or not is_usable(self.path, self.kind):
            return False
        self._let_go()
        if self._is_unfinished:
            # Before the first opening a log that lies there is a killed recorder's, and not its.
            is_first = not self._has_opened
            self._take_over_file(log_is_own=is_first, keeps_log=is_first)
        self._watch.forget()
        self._is_damaged = self._is_unfinished = False
        return True

    def _tell(self, notice: Failure) -> None:
        self._notice = notice
        logger.warning("%s", failure_text(notice))

    def _forget_rows(self) -> None:
        """Rely on nothing that is known of the rows: somebody else may have changed them."""

    def _hand_over(self, connection: sqlite3.Connection) -> None:
        """Tell a file that may be a fresh one what this process still knows of the one before."""

    def _restore(self, connection: sqlite3.Connection, mark: LogMark | None) -> tuple[int, int]:
        """Write once more what only a lost log held; return how many events were, and are lost.

        Parameters
        ----------
        connection
            In a transaction.
        mark
            How far the same file reaches without that log; ``None``: it is another file.
        """
        del connection, mark
        return 0, 0

    def _note_opened(self, connection: sqlite3.Connection, *, is_settled: bool) -> None:
        """Record what a file holds that was just opened.

        Parameters
        ----------
        connection
            On the file.
        is_settled
            Its log is empty; otherwise a reader still needs what another recorder left in it.
        """
