"""Tells whether a write-ahead log belongs to the file that it lies beside.

SQLite takes any log that is sound in itself, and so ruins a backup that was put in the place of the
file. Therefore every transaction of the recorder numbers itself in the table ``meta``, beside the
number from which on the log is needed. The file alone, read without its log, then says whether that
log continues it. Only heartbeats after the first transaction of a log may go without a number: the
log has one, and the rows that they extend tell how far they got.
"""

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from Heatmap.storage.sqlite.connections import database_uri, require_no_pipe

_KEY = "log_mark"


@dataclass(frozen=True, slots=True)
class Point:
    """One transaction of one writer.

    Attributes
    ----------
    writer
        A random word; empty: no writer has numbered anything yet.
    number
        Counts its transactions.
    """

    writer: str = ""
    number: int = 0


@dataclass(frozen=True, slots=True)
class LogMark:
    """What the latest transaction says.

    Attributes
    ----------
    reached
        Itself.
    base
        The log holds all that came after this one; what came before is in the file.
    """

    reached: Point
    base: Point

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """Read what `text` gives; ``None``: it is none."""
        match text.split():
            case [writer, number, base_writer, base_number] if (
                number.isdecimal() and base_number.isdecimal()
            ):
                base = Point("" if base_writer == "-" else base_writer, int(base_number))
                return cls(Point(writer, int(number)), base)
        return None

    def text(self) -> str:
        """Return it as the table keeps it."""
        base_writer = self.base.writer or "-"
        return f"{self.reached.writer} {self.reached.number} {base_writer} {self.base.number}"

    def continues(self, file: "LogMark | None") -> bool:
        """Tell whether the log with this mark continues a file.

        A file that is newer than the log's base holds a part of the log already: that does no harm.

        Parameters
        ----------
        file
            The mark of the file without its log.
        """
        reached = Point() if file is None else file.reached
        if reached.writer == self.base.writer and reached.number >= self.base.number:
            return True
        # All of this writer's transactions but those up to the base are in the log.
        is_from_the_start = self.base.writer != self.reached.writer
        return reached.writer == self.reached.writer and is_from_the_start


def read_mark(connection: sqlite3.Connection) -> LogMark | None:
    """Return the mark as the connection sees it; ``None``: there is none.

    Raises
    ------
    sqlite3.Error
        The file cannot be read.
    """
    if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'meta'").fetchone():
        return None
    row = connection.execute("SELECT value FROM meta WHERE key = ?", (_KEY,)).fetchone()
    return None if row is None else LogMark.parse(str(row[0]))


def write_mark(connection: sqlite3.Connection, mark: LogMark) -> None:
    """Put the mark into the caller's transaction."""
    connection.execute(
        "INSERT INTO meta (key, value) VALUES (?, ?) "
        "ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        (_KEY, mark.text()),
    )


def open_without_log(path: Path) -> sqlite3.Connection:
    """Open a file as it is without its log, which is neither read nor touched; it must exist."""
    require_no_pipe(path)
    return sqlite3.connect(
        database_uri(path, "mode=ro&immutable=1"), uri=True, isolation_level=None
    )


def read_file_mark(path: Path) -> LogMark | None:
    """Return the mark of a file without its log; ``None``: it has none.

    Raises
    ------
    sqlite3.Error
        The file cannot be read.
    """
    with closing(open_without_log(path)) as connection:
        return read_mark(connection)
