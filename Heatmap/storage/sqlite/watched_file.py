"""The files of a database while it is written: what somebody else does to them is put right.

Before each transaction they are looked at from outside. A file that was moved is left, one that was
replaced or overwritten is taken for what it is now, a log that is cut off, deleted or exchanged is
begun anew. What belonged to the file before never meets the one that is there now.
"""

import sqlite3
import time
from contextlib import closing, suppress
from datetime import UTC, datetime
from pathlib import Path

from Heatmap.domain.events import DataKind
from Heatmap.domain.failure_texts import raised
from Heatmap.errors import (
    CorruptDatabaseError,
    DatabaseInUseError,
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
    open_read_only,
    require_plain_file,
)
from Heatmap.storage.sqlite.file_watch import FileWatch, LogState
from Heatmap.storage.sqlite.log_mark import open_without_log, read_file_mark, read_mark
from Heatmap.storage.sqlite.log_shadow import LogShadow
from Heatmap.storage.sqlite.migrations import read_identity, require_kind
from Heatmap.storage.sqlite.renewal import (
    close_unwritten,
    copy_whole,
    empty_log,
    prepare_copy,
    prepare_copy_without_log,
    put_companions_away,
    wait_until_written,
)
from Heatmap.storage.sqlite.set_aside import HeldFileError, free_name, rename
from Heatmap.storage.sqlite.whole_files import find_damage, look_with_log, read_beside
from Heatmap.storage.sqlite.write_ahead_log import WriteAheadLog
from Heatmap.storage.sqlite.writer_lock import WriterLock

logger = get_logger(__name__)

# Another program may write the log back again and again, and reading all of a large file takes
# seconds: at most this share of the time goes into that.
_CHECKED_SHARE = 0.05


class WatchedFile:
    """The path, the connection and what is known of both; `WritableDatabase` opens and writes.

    More than 25 methods: each thing that may be done to a file while it is written has its answer
    here, and every answer changes the same few facts in an order that decides what is lost.

    Parameters
    ----------
    path
        Absolute.
    kind
        What the file holds; one of another kind is left as it is.
    busy_timeout_ms
        As the connection's.
    """

    def __init__(self, path: Path, kind: DataKind, busy_timeout_ms: int) -> None:
        self.path = path
        self.kind = kind
        # None: closed, or about to be opened anew.
        self._connection: sqlite3.Connection | None = None
        self._watch = FileWatch(path)
        self._log = WriteAheadLog(path, busy_timeout_ms)
        self._shadow = LogShadow(path)
        self._locks: list[WriterLock] = []
        # Why the next connection is on another file, or another log; None: it is not.
        self._why_anew: Failure | None = None
        # What was only in the log is written into the next file, though it is another one.
        self._restores = False
        # The file at the path is a copy that was made here.
        self._is_own_copy = False
        self._is_closed = False
        # The end is near: nothing is waited for that may take long.
        self._hurries = False
        # What lies at the path may be a copy that another program has not finished.
        self._is_unfinished = False
        # Somebody else wrote into the file, and nobody has read all of it since; from when on that
        # may be done, monotonic.
        self._is_unchecked = False
        self._check_due_s = 0.0
        # Another one for each file, and each time that somebody else has written into it.
        self._foreign_state = object()

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is None:
            return
        if not self._is_sound():
            # What lies at the path is not what the log continues.
            close_unwritten(connection, self.path)
            return
        with suppress(sqlite3.Error):
            connection.close()
        self._watch.note_closed()

    def _is_sound(self) -> bool:
        """Whether file, log and index are those that were left here, and as they were left."""
        return not (
            self._watch.is_elsewhere()
            or self._watch.is_rewritten()
            or self._watch.is_index_elsewhere()
            or self._watch.log_state() is not LogState.INTACT
        )

    def _look(self) -> None:
        """Compare the files with how they were left, and put right what is not as it was."""
        self._log.require_stamp()
        if self._watch.is_elsewhere():
            self._leave_moved_file()
        elif self._watch.is_rewritten() and not self._is_only_checkpointed():
            self._leave_overwritten_file()
        elif (state := self._watch.log_state()) is LogState.SPOILT:
            self._leave_spoilt_log()
        elif state is LogState.ELSEWHERE:
            self._renew(FailureKind.LOG_MOVED, keeps_log=not self._watch.is_log_alike())
        elif self._watch.is_index_elsewhere():
            self._renew(FailureKind.LOG_INDEX_MOVED, keeps_log=False)
        elif self._is_unchecked and time.monotonic() >= self._check_due_s:
            self._check()

    def _is_only_checkpointed(self) -> bool:
        """Whether a file that somebody else has written is still the one that the log continues."""
        try:
            is_known = self._log.fits(read_file_mark(self.path))
        except sqlite3.Error:
            is_known = False
        if not is_known:
            wait_until_written(self.path, hurries=self._hurries)
            try:
                is_known = self._log.fits(read_file_mark(self.path))
            except sqlite3.Error:
                if not self._is_whole_with_log():
                    # What the log held is whole here, and the next file gets it.
                    log = file_stat(companion(self.path, "-wal"))
                    self._restores = log is not None and log.st_size > 0
                    raise
                is_known = True  # the disk failed amid a page
        if is_known:
            self._watch.note_file()
            self._is_unchecked = True
            self._foreign_state = object()
            self._log.is_mixed = True
            self._follow_log()
        return is_known

    def _check(self) -> None:
        """Make sure that who has written into the file has written the log back, and nothing else.

        The mark tells of one page only. What is damaged elsewhere would be met much later, or
        never by the writer.

        Raises
        ------
        CorruptDatabaseError
            It is no sound database any more.
        """
        state, hurries = self._foreign_state, self._hurries
        try:
            reading = read_beside(find_damage, self.path, state, hurries=hurries)
        except DatabaseInUseError:
            return  # the next look asks again
        damage = reading.answer()
        if damage is not None:
            self._restores = True  # what the log held is whole here
            raise raised(
                CorruptDatabaseError,
                FailureKind.FILE_OVERWRITTEN_DAMAGED,
                path=self.path,
                reason=damage,
            )
        self._check_due_s = time.monotonic() + reading.took_s / _CHECKED_SHARE
        self._is_unchecked = False

    def _leave_moved_file(self) -> None:
        """Turn from a file that the path leads to no more to the one that it leads to now."""
        connection, self._connection = self._connection, None
        state = self._watch.log_state()
        is_settled = False
        why = FailureKind.FILE_MOVED
        kept: Path | None = None
        if connection is not None:
            if state is not LogState.SPOILT:
                # SQLite does not checkpoint a file that was moved when it closes it.
                with suppress(sqlite3.Error):
                    is_settled = self._log.settle(connection)
            if is_settled and self._log.is_all_in_file():
                # The same, or the like of it: some file systems number their files anew.
                close_unwritten(connection, self.path)
                self._watch.forget()
                self._is_own_copy = True
                return
            if file_stat(self.path) is not None and not self._watch.has_name_elsewhere():
                why = FailureKind.FILE_REPLACED
            # Without its log, which stays here, a file that was moved may be none.
            if why is FailureKind.FILE_REPLACED or not (is_settled or state is LogState.ELSEWHERE):
                kept = self._keep_copy(connection)
            close_unwritten(connection, self.path)
        # Where the log is not beside the path it went along with the file.
        is_own = state is not LogState.ELSEWHERE
        is_moved = why is FailureKind.FILE_MOVED
        self._restores = is_own and not (kept or (is_settled and is_moved))
        self._why_anew = Failure(why, {"path": self.path})
        if kept is not None:
            self._why_anew = Failure(FailureKind.CONTENT_KEPT, {"target": kept}, self._why_anew)
        self._take_over_file(log_is_own=is_own, keeps_log=self._restores and not is_settled)

    def _leave_overwritten_file(self) -> None:
        """Turn to what somebody has written into the file in place of what it held."""
        is_own = self._watch.log_state() is LogState.INTACT
        self._let_go()
        self._restores = True
        values = {"path": self.path, "lost": self._count_held()}
        self._why_anew = Failure(FailureKind.FILE_OVERWRITTEN, values)
        self._take_over_file(log_is_own=is_own, keeps_log=self._log.memory.has_forgotten)

    def _let_go(self) -> None:
        """Close the file and write nothing into it any more."""
        connection, self._connection = self._connection, None
        if connection is not None:
            close_unwritten(connection, self.path)

    def _take_over_file(self, *, log_is_own: bool, keeps_log: bool) -> None:
        """Make sure that log and index of the file before never meet the one at the path now.

        Parameters
        ----------
        log_is_own
            The log at the path is that of the file before; otherwise it came with the new one.
        keeps_log
            It holds what is nowhere else.
        """
        self._watch.forget()
        is_held = False
        if log_is_own:
            try:
                self._put_log_away(keeps_log=keeps_log)
            except HeldFileError:
                is_held = True
        if file_stat(self.path) is None:
            self._put_log_away(keeps_log=not log_is_own)
            return
        require_plain_file(self.path)
        self._require_written()
        # Somebody else's file is left as it is.
        with closing(open_without_log(self.path)) as connection:
            require_kind(read_identity(connection, self.path), self.kind, self.path)
        log = companion(self.path, "-wal")
        has_log = not log_is_own and log.exists()
        prepared = prepare_copy_without_log(self.path, log if has_log else None)
        if is_held:
            self._go_elsewhere(prepared)
        else:
            self._put_in_place(prepared)

    def _require_written(self) -> None:
        """Wait until nobody writes into the file any more.

        A file that this writer was amid writing its log into when the disk failed is whole together
        with that log.

        Raises
        ------
        CorruptDatabaseError
            It is no whole database then. Whoever is still about to write into it keeps it: it is
            renamed, never replaced.
        StorageError
            Somebody still writes into it, or it is still being read.
        """
        is_whole = wait_until_written(self.path, hurries=self._hurries)
        if not is_whole and not self._is_whole_with_log():
            self._is_unfinished = True
            raise raised(CorruptDatabaseError, FailureKind.FILE_UNFINISHED, path=self.path)

    def _is_whole_with_log(self) -> bool:
        """Whether file and log are sound together, and hold all that was committed here.

        Only after this writer was amid writing the log back: otherwise what is in the file is
        somebody else's, also where the log has a page for each of its own.
        """
        if not self._log.was_broken_off:
            return False
        with suppress(sqlite3.Error):
            with closing(open_read_only(self.path)) as connection:
                is_all = self._log.is_all_in(connection)
            if is_all:
                state = look_with_log(self.path)
                reading = read_beside(find_damage, self.path, state, hurries=self._hurries)
                return reading.answer() is None
        return False

    def _leave_spoilt_log(self) -> None:
        """Go on without a log that somebody has cut off or overwritten."""
        is_written_back = not self._watch.has_lost_commit and self._log.is_all_in_file()
        if self._connection is not None and is_written_back:
            # Another program has written it back, as SQLite's own tools do.
            with suppress(sqlite3.Error):
                if self._log.settle(self._connection):
                    self._watch.note_file()
                    self._watch.note_log()
                    self._log.note_size(self._watch.log_bytes)
                    self._shadow.drop()
                    return
        self._let_go()
        self._why_anew = Failure(FailureKind.LOG_SPOILT, {"path": self.path})
        prepared = prepare_copy_without_log(self.path, self._shadow.path)
        self._put_in_place(prepared, keeps_log=self._log.memory.has_forgotten)

    def _follow_log(self) -> None:
        """Keep a copy of the log, or none, as the file needs it."""
        if not self._log.is_mixed:
            if self._shadow.is_on:
                self._shadow.drop()
            return
        try:
            self._shadow.follow()
        except OSError:
            logger.debug("the log of %s could not be copied", self.path, exc_info=True)

    def _renew(self, why: FailureKind, *, keeps_log: bool) -> None:
        """Give the file a fresh log and index, with all that the connection still sees."""
        prepared: Path | None = None
        if self._connection is not None:
            with suppress(sqlite3.Error):
                prepared = prepare_copy(self._connection, self.path)
        self._let_go()
        self._why_anew = Failure(why, {"path": self.path})
        if prepared is None:
            prepared = prepare_copy_without_log(self.path, self._shadow.path)
        self._put_in_place(prepared, keeps_log=keeps_log)

    def _part_log(self, *, keeps_log: bool) -> Path | None:
        """Part the file from log and index; return the log's new name where it is kept."""
        if not keeps_log:
            empty_log(self.path)
        return put_companions_away(self.path, keeps_log=keeps_log)

    def _put_log_away(self, *, keeps_log: bool) -> None:
        kept = self._part_log(keeps_log=keeps_log)
        if kept is not None:
            self._why_anew = Failure(FailureKind.LOG_KEPT, {"target": kept}, self._why_anew)

    def _put_in_place(self, prepared: Path, *, keeps_log: bool = False) -> None:
        self._watch.forget()
        try:
            rename(prepared, self.path)
        except HeldFileError:
            self._go_elsewhere(prepared)
        else:
            self._is_own_copy = True
            # After that: the old log continues the copy too, should the process be killed here.
            self._put_log_away(keeps_log=keeps_log)

    def _go_elsewhere(self, prepared: Path | None = None) -> None:
        """Go on in a file of another name, because this one cannot be put out of the way."""
        held = self.path
        path = free_name(held, "continued", datetime.now(UTC))
        lock = WriterLock(path)
        if prepared is not None:
            rename(prepared, path)
        self._turn_to(path, lock)
        why = self._why_anew or Failure(FailureKind.FILE_DAMAGED, {"path": held})
        self._why_anew = Failure(FailureKind.GOES_ON_ELSEWHERE, {"target": path}, why)

    def _turn_to(self, path: Path, lock: WriterLock) -> None:
        """Go on under another name, of which nothing is known yet."""
        # The lock of the first name is kept: no other recorder may write there either.
        self._locks.append(lock)
        self.path = path
        self._watch, self._shadow = FileWatch(path), LogShadow(path)
        self._log.move(path)

    def _follow_link(self) -> None:
        """Go on under the name that a link leads to which lies in the place of the file.

        So it is where a file was moved to a larger disk. Whoever opens it by either name comes to
        that one: log and lock have to be there.

        Raises
        ------
        OtherWriterError
            Another recorder writes there; what was only in the log here is kept as a copy.
        StorageError
            The link leads nowhere, or the log cannot be written back.
        """
        link, target = self.path, database_path(self.path)
        if self._locks[-1].is_at(target):
            # All was moved: the lock that is held lies there as well.
            self._locks[-1].release()
        try:
            lock = WriterLock(target)
        except OtherWriterError:
            self._leave_linked_file(target, is_ours=False)
            raise
        prepared = self._leave_linked_file(target, is_ours=True)
        self._turn_to(target, lock)
        if prepared is not None:
            rename(prepared, target)
        self._is_own_copy = True
        logger.warning("a link to %s lies in the place of %s now", target, link)

    def _leave_linked_file(self, target: Path, *, is_ours: bool) -> Path | None:
        """Close the file that a link took the place of, and leave no log beside the link.

        Returns
        -------
        Path or None
            What the link's target has to be replaced by, as it lacks what the log held.
        """
        connection = self._connection
        is_target = self._watch.is_noted and not self._watch.is_elsewhere()
        is_settled, prepared, kept = False, None, None
        if connection is not None:
            # Who else writes the very file has a log of its own.
            is_free = is_ours or not is_target
            if is_free and self._watch.log_state() is not LogState.SPOILT:
                with suppress(sqlite3.Error):
                    is_settled = self._log.settle(connection)
            if not is_settled and is_target and is_ours:
                prepared = prepare_copy(connection, target)
            elif not is_settled:
                kept = self._keep_copy(connection)
            self._let_go()
        if not is_target:
            self._restores = not (is_settled or kept)
            self._why_anew = Failure(FailureKind.FILE_LINKED, {"path": self.path})
        self._watch.forget()
        self._put_log_away(keeps_log=not (is_settled or prepared or kept))
        return prepared

    def _leave_foreign_log(self) -> None:
        """Put away a log that does not belong to the file which it lies beside.

        A recorder that was killed leaves one, and whoever then replaces the file leaves it there.
        """
        log = file_stat(companion(self.path, "-wal"))
        if log is None or not log.st_size:
            return
        require_plain_file(self.path)
        found = file_stat(self.path)
        if found is not None and found.st_size and not _is_log_foreign(self.path):
            return
        self._why_anew = Failure(FailureKind.LOG_FOREIGN, {"path": self.path})
        self._take_over_file(log_is_own=True, keeps_log=True)

    def _keep_copy(self, connection: sqlite3.Connection) -> Path | None:
        """Copy a file that has no name any more, with its log; ``None``: that was not possible."""
        target = free_name(self.path, "replaced", datetime.now(UTC))
        try:
            copy_whole(connection, target)
        except (StorageError, sqlite3.Error, OSError):
            logger.warning("the replaced database could not be kept", exc_info=True)
            return None
        return target

    def _count_held(self) -> int:
        """Return how many rows the file held at most."""
        return 0

    def _second_name_notice(self) -> Failure | None:
        if self._is_closed or not self._watch.has_second_name():
            return None
        return Failure(FailureKind.SECOND_NAME, {"path": self.path})


def _is_log_foreign(path: Path) -> bool:
    """Tell whether a log does not continue the file that it lies beside."""
    try:
        with closing(open_read_only(path)) as connection:
            log = read_mark(connection)
    except sqlite3.OperationalError:
        raise
    except sqlite3.DatabaseError:
        # Together they make no database. Where the file alone is one, the log is to blame.
        return _is_readable(path)
    if log is None:
        return False
    try:
        return not log.continues(read_file_mark(path))
    except sqlite3.Error:
        # It needs its log, as a file that was being written back when its recorder was killed; or
        # it is a copy that another program has not finished.
        with suppress(sqlite3.Error):
            return wait_until_written(path) and not log.continues(read_file_mark(path))
        return False


def _is_readable(path: Path) -> bool:
    with suppress(sqlite3.Error, StorageError), closing(open_without_log(path)) as connection:
        return read_identity(connection, path) is not None
    return False
