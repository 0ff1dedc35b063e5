"""Sees whether the files of a database are still those that its writer has open, unchanged.

By looks from outside only: opening and closing the file itself would drop the locks that SQLite
holds on it (POSIX). The log carries none, so a few of its bytes may be read.
"""

import os
import stat
import sys
from contextlib import suppress
from enum import Enum
from pathlib import Path

from Heatmap.storage.sqlite.connections import companion, file_stat, is_same_file

_HEADER_BYTES = 32
_FRAME_HEADER_BYTES = 24
# So many frames the index of a log has room for before it grows
# (https://www.sqlite.org/walformat.html#the_wal_index_file_format).
_FIRST_INDEX_FRAMES = 4062
# The number at the start of every log, but for its last byte.
_MAGIC = b"\x37\x7f\x06"
# A pipe in the place of a log is not waited for; Windows would take bytes for text.
_OPEN_LOG = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


class LogState(Enum):
    """What became of a log since its writer left it."""

    INTACT = "intact"
    #: The path leads to none or to another one; what the writer has open may be whole.
    ELSEWHERE = "elsewhere"
    #: It is shorter, or its content is another one.
    SPOILT = "spoilt"


class FileWatch:
    """Compares a database, its log and the index of its log with what was noted of them.

    Parameters
    ----------
    database
        The file, absolute.
    """

    def __init__(self, database: Path) -> None:
        # As texts: these paths are looked at before and after each transaction.
        self._database = os.fspath(database)
        self._log = os.fspath(companion(database, "-wal"))
        self._index = os.fspath(companion(database, "-shm"))
        self._known: os.stat_result | None = None
        self._known_log: os.stat_result | None = None
        self._known_index: os.stat_result | None = None
        self._page_bytes = 0
        # The log's header, and that of its last frame; empty where that is no end of a commit of
        # this log, but left of the one before or of a writer that was killed.
        self._ends = b"", b""
        self._is_log_spoilt = False
        self._was_begun_anew = False

    def note(self, page_bytes: int) -> None:
        """Take all three for what the writer has open and left; it has just read or written.

        Parameters
        ----------
        page_bytes
            The size of the database's pages.
        """
        self._page_bytes = page_bytes
        self._known_index = file_stat(self._index)
        self.note_file()
        self.note_log()

    def note_file(self) -> None:
        """Take the file itself as the writer left it: it has checkpointed."""
        self._known = file_stat(self._database)

    def note_log(self) -> None:
        """Take the log as the writer left it: it has committed or checkpointed."""
        self._is_log_spoilt = False
        self._known_log = file_stat(self._log)
        header, last = self._read_log(self.log_bytes)
        self._ends = _without_rest(header, last)
        self._note_index()

    def _note_index(self) -> None:
        index = file_stat(self._index)
        if is_same_file(self._known_index, index):
            self._known_index = index  # it may have grown

    def note_closed(self) -> None:
        """Take all three as the writer left them by closing the file, without looking inside."""
        self._known_index = file_stat(self._index)
        self.note_file()
        self.note_log()

    def forget(self) -> None:
        """Know none: another file comes."""
        self._known = self._known_log = self._known_index = None
        self._ends = b"", b""
        self._is_log_spoilt = False

    @property
    def is_noted(self) -> bool:
        """Whether a file was noted."""
        return self._known is not None

    @property
    def log_bytes(self) -> int:
        """How long the log was when it was noted."""
        return 0 if self._known_log is None else self._known_log.st_size

    def is_as_left(self) -> bool:
        """Whether the path leads to all three, untouched: then no other question has to be asked.

        ``False`` where something is not as it was; the other methods tell what, and whether it is
        any harm. Another program that has the database open may have added to its log.
        """
        if self._is_log_spoilt or self._known is None:
            return False
        try:
            file = os.lstat(self._database)  # a link in the place of the file is another file
        except OSError:
            return False
        known = self._known
        if (
            file.st_mtime_ns != known.st_mtime_ns
            or file.st_size != known.st_size
            or file.st_ino != known.st_ino
            or file.st_dev != known.st_dev
        ):
            return False
        log, known_log = file_stat(self._log), self._known_log
        if log is None or known_log is None:
            if log is not known_log:
                return False
        elif (
            log.st_mtime_ns != known_log.st_mtime_ns
            or log.st_size != known_log.st_size
            or log.st_ino != known_log.st_ino
            or log.st_dev != known_log.st_dev
        ):
            return False
        index, known_index = file_stat(self._index), self._known_index
        return (
            index is not None
            and known_index is not None
            and index.st_ino == known_index.st_ino
            and index.st_dev == known_index.st_dev
            and index.st_size >= known_index.st_size
        )

    def is_elsewhere(self) -> bool:
        """Whether the path leads to another file, or to none."""
        return not is_same_file(self._known, file_stat(self._database))

    def is_rewritten(self) -> bool:
        """Whether somebody else has written into the file."""
        found = file_stat(self._database)
        if found is None or self._known is None:
            return found is not self._known
        return _left(found) != _left(self._known)

    def has_second_name(self) -> bool:
        """Whether another name of the file exists."""
        found = file_stat(self._database)
        return found is not None and stat.S_ISREG(found.st_mode) and found.st_nlink > 1

    def has_name_elsewhere(self) -> bool:
        """Whether the file, which this process has open, still has a name; so if nobody tells."""
        if sys.platform != "win32":
            with suppress(OSError, ValueError):
                for number in Path("/dev/fd").iterdir():
                    with suppress(OSError):
                        found = os.fstat(int(number.name))
                        if self._known is not None and os.path.samestat(found, self._known):
                            return found.st_nlink > 0
        return True

    def log_state(self) -> LogState:
        """Compare the log with how the writer left it; what others added at its end is no harm."""
        found = file_stat(self._log)
        known = self._known_log
        if found is None or known is None or not is_same_file(known, found):
            return LogState.INTACT if found is known is None else LogState.ELSEWHERE
        if self._is_log_spoilt or found.st_size < known.st_size:
            return LogState.SPOILT
        if _left(found) == _left(known) or self.is_log_alike():
            return LogState.INTACT
        return LogState.SPOILT

    def is_log_alike(self) -> bool:
        """Whether the log at the path begins and ends as the writer left its own."""
        header, last = self._read_log(self.log_bytes)
        return header == self._ends[0] and self._ends[1] in {b"", last}

    @property
    def was_begun_anew(self) -> bool:
        """Whether the commit that `has_taken` was asked about is the first one of its log."""
        return self._was_begun_anew

    @property
    def has_lost_commit(self) -> bool:
        """Whether `has_taken` has missed a commit, which the log's index names nonetheless."""
        return self._is_log_spoilt

    def is_log_whole(self, *, had_content: bool) -> bool:
        """Whether the log that was noted is empty or ends with a commit.

        Parameters
        ----------
        had_content
            It was there before this writer opened it: what a writer that was killed had not
            committed may then lie at its end, and its beginning alone tells.
        """
        if not self.log_bytes:
            return True
        return self._ends[0][:3] == _MAGIC if had_content else bool(self._ends[1])

    def has_taken(self) -> bool:
        """Note the log after a commit; whether that is in the log that lies at the path.

        What was cut off or overwritten just before, or amid the commit, leaves a hole in the log,
        behind which SQLite finds nothing.
        """
        self._was_begun_anew = False
        found, known = file_stat(self._log), self._known_log
        if found is None or (known is not None and not is_same_file(known, found)):
            self._is_log_spoilt = True
            return False
        if known is not None and _left(found) == _left(known):
            return True  # nothing was written
        header, last, left = self._read_log(found.st_size, self.log_bytes)
        self._was_begun_anew = header != self._ends[0]
        if known is not None and known.st_size and self._was_begun_anew:
            # SQLite begins a log anew, and may shorten it, once all of it is in the file. At its
            # end lies what is left of the one before.
            is_whole, last = header[:3] == _MAGIC, b""
        else:
            before = b"" if known is None else self._ends[1]
            is_whole = before in {b"", left} and found.st_size >= self.log_bytes
            if before or not self.log_bytes:
                is_whole = is_whole and _is_end_of_commit(header, last)
        self._is_log_spoilt = not is_whole
        if is_whole:
            self._known_log, self._ends = found, _without_rest(header, last)
            if found.st_size > _FIRST_INDEX_FRAMES * self._page_bytes:
                self._note_index()
        return is_whole

    def is_index_elsewhere(self) -> bool:
        """Whether the path of the log's index leads to another file than the open one, or none."""
        found = file_stat(self._index)
        if found is not None and self._known_index is not None:
            missing = self._known_index.st_size - found.st_size
            if missing > 0 and is_same_file(self._known_index, found):
                # It is mapped into memory, and touching what was cut off would kill the process.
                # Filled up with zeros it counts as none, and SQLite makes it anew from the log.
                with suppress(OSError):
                    os.truncate(self._index, self._known_index.st_size)
        return not is_same_file(self._known_index, found)

    def _read_log(self, *sizes: int) -> list[bytes]:
        """Return the log's header, and for each size the last frame's header of so many bytes.

        Empty ones where there is none, and where the log cannot be read.
        """
        frame_bytes = _FRAME_HEADER_BYTES + self._page_bytes
        try:
            file = os.open(self._log, _OPEN_LOG)
            try:
                parts = [os.read(file, _HEADER_BYTES)]
                for size in sizes:
                    last = size - frame_bytes
                    parts.append(b"" if last < _HEADER_BYTES else _read_at(file, last))
            finally:
                os.close(file)
        except OSError:
            return [b""] * (1 + len(sizes))
        return parts


def _read_at(file: int, offset: int) -> bytes:
    """Return the header of the frame that begins there."""
    os.lseek(file, offset, os.SEEK_SET)
    return os.read(file, _FRAME_HEADER_BYTES)


def _is_end_of_commit(header: bytes, last: bytes) -> bool:
    """Tell whether a frame belongs to a log, by its number, and ends a commit, by a size in it."""
    is_log = header[:3] == _MAGIC
    return is_log and header[16:24] == last[8:16] and any(last[4:8])


def _without_rest(header: bytes, last: bytes) -> tuple[bytes, bytes]:
    """Leave out a last frame that does not end a commit of the log."""
    return header, last if _is_end_of_commit(header, last) else b""


def _left(found: os.stat_result) -> tuple[int, int]:
    """Return what changes when somebody writes into a file."""
    return found.st_size, found.st_mtime_ns
