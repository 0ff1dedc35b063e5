"""The writer's account of its write-ahead log: what is only in there, and how large it is."""

import secrets
import sqlite3
from contextlib import closing, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from Heatmap.domain.coverage import CoverageInterval
from Heatmap.domain.failure_texts import failure_text
from Heatmap.errors import Failure, FailureKind
from Heatmap.runtime.safe_log import get_logger
from Heatmap.storage.sqlite.coverage_rows import has_interval
from Heatmap.storage.sqlite.log_mark import (
    LogMark,
    Point,
    open_without_log,
    read_mark,
    write_mark,
)
from Heatmap.storage.sqlite.log_memory import LogMemory

if TYPE_CHECKING:
    from Heatmap.domain.instruments import Instrument

logger = get_logger(__name__)

# SQLite's own measure: 1000 pages of 4 KiB, with the header of each frame.
CHECKPOINT_BYTES = 1000 * (4096 + 24)
# What is beyond this is not the recorder's pace but a reader that does not let go.
LARGE_BYTES = 64 * 2**20
_MIB = 2**20


class WriteAheadLog:
    """Numbers the transactions, writes the log back into the file, remembers what is only in it.

    `begin` for each file that is opened; then `stamp` in each transaction that writes, and
    `note_commit` after it. SQLite's own checkpoints are off, so that the writer knows what it has
    written into the file itself, and when.

    A heartbeat that only moves the end of an interval may do with `note_heartbeat` while
    `may_omit_stamp`: the end in its row tells as much as a number, and a heartbeat a second, for
    weeks, is most of what an idle recorder writes.

    Parameters
    ----------
    database
        The file.
    busy_timeout_ms
        As the connection's.
    """

    def __init__(self, database: Path, busy_timeout_ms: int) -> None:
        self.memory = LogMemory()
        self._database = database
        self._busy_timeout_ms = busy_timeout_ms
        self._writer = secrets.token_hex(8)
        self._committed = 0
        # The log holds a number already, so it tells whose it is.
        self._is_stamped = False
        # What was committed after the latest number, as it stands in the rows.
        self._beats: dict[Instrument, CoverageInterval] = {}
        self._base = Point()
        # A part of the log may be in the file, which is then whole only together with the log.
        self.is_mixed = False
        # An attempt to write it back has failed: the file may be whole only together with it.
        self.was_broken_off = False
        self._bytes = 0
        self._large_since: datetime | None = None

    def begin(self, file: LogMark | None) -> None:
        """Begin on a file that was just opened.

        Parameters
        ----------
        file
            Its mark without its log: all that comes after that is in the log.
        """
        self._base = Point() if file is None else file.reached
        self.is_mixed = self._is_stamped = False

    def move(self, database: Path) -> None:
        """Go on for a file of another name."""
        self._database = database

    @property
    def number(self) -> int:
        """The number of the transaction that is under way or comes next."""
        return self._committed + 1

    def stamp(self, connection: sqlite3.Connection) -> None:
        """Put its number into the transaction under way; after a rollback it is given again."""
        write_mark(connection, LogMark(Point(self._writer, self.number), self._base))

    def note_commit(self) -> None:
        """Note that the stamped transaction was committed."""
        self._committed += 1
        self._is_stamped = True
        self._beats.clear()

    @property
    def may_omit_stamp(self) -> bool:
        """Whether a heartbeat needs no number: the log holds one, and is not begun anew by it.

        SQLite does that where all of the log is in the file, as after another program's checkpoint
        or after one of ours that a reader kept from emptying it.
        """
        return self._is_stamped and not self.is_mixed

    def require_stamp(self) -> None:
        """Have the next transaction numbered: the log may have been begun anew."""
        self._is_stamped = False

    def note_heartbeat(self, newest: CoverageInterval) -> None:
        """Take note that an interval was extended and committed without a number."""
        self._beats[newest.instrument] = newest

    def note_size(self, log_bytes: int, *, is_settling: bool = False) -> None:
        """Record how long the log is now.

        Parameters
        ----------
        log_bytes
            Its length.
        is_settling
            Whether it is about to be written back, so that one large transaction says nothing yet.
        """
        self._bytes = log_bytes
        if is_settling and log_bytes > LARGE_BYTES:
            return
        if log_bytes <= LARGE_BYTES:
            self._large_since = None
        elif self._large_since is None:
            self._large_since = datetime.now(UTC)
            logger.warning("%s", failure_text(self.notice()))

    @property
    def is_due(self) -> bool:
        """Whether the log is long enough to be written back."""
        return self._bytes >= CHECKPOINT_BYTES

    def settle(self, connection: sqlite3.Connection) -> bool:
        """Write all of the log into the file and empty it, without waiting for anybody.

        Returns
        -------
        bool
            Whether that was done; a reader may still need the log. What could be written was.

        Raises
        ------
        sqlite3.Error
            The log or the file cannot be read or written.
        """
        connection.execute("PRAGMA busy_timeout = 0")
        try:
            is_busy, _, pages = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF not in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
                self.was_broken_off = True
                raise
            is_busy, pages = 1, 0
        finally:
            with suppress(sqlite3.Error):
                connection.execute(f"PRAGMA busy_timeout = {self._busy_timeout_ms:d}")
        if is_busy:
            self.is_mixed = self.is_mixed or pages > 0
            return False
        self.note_settled()
        return True

    def note_settled(self) -> None:
        """Note that all that was committed is in the file."""
        self._base = Point(self._writer, self._committed)
        self.is_mixed = self.was_broken_off = self._is_stamped = False
        self.memory.clear()

    def fits(self, file: LogMark | None) -> bool:
        """Tell whether the log continues a file with this mark."""
        return LogMark(Point(self._writer, self._committed), self._base).continues(file)

    def is_own(self, mark: LogMark | None) -> bool:
        """Tell whether this writer made a mark."""
        return mark is not None and mark.reached.writer == self._writer

    def is_all_in(self, connection: sqlite3.Connection) -> bool:
        """Tell whether what a connection sees holds all that was committed.

        Raises
        ------
        sqlite3.Error
            It cannot be read.
        """
        mark = read_mark(connection)
        return (
            mark is not None
            and mark.reached.writer == self._writer
            and mark.reached.number >= self._committed
            and all(has_interval(connection, newest) for newest in self._beats.values())
        )

    def is_all_in_file(self) -> bool:
        """Tell whether the file holds all that was committed, without its log."""
        try:
            with closing(open_without_log(self._database)) as connection:
                return self.is_all_in(connection)
        except sqlite3.Error:
            return False

    def notice(self) -> Failure | None:
        """Return that the log is large, and since when; ``None``: it is not."""
        if self._large_since is None:
            return None
        values = {
            "path": self._database,
            "limit_mib": LARGE_BYTES // _MIB,
            "since_ms": int(self._large_since.timestamp() * 1000),
            "size_mib": self._bytes // _MIB,
        }
        return Failure(FailureKind.LOG_LARGE, values)
