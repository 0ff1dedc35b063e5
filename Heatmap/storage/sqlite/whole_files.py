"""Tells whether a file is a sound database, which takes reading all of it.

A large one takes seconds, and whoever asks may be the loop that keeps connections alive. So it is
read in a thread beside. Who asks waits a moment; else the answer is there at a later question.
"""

import os
import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import Generic, TypeVar

from Heatmap.domain.failure_texts import raised
from Heatmap.errors import DatabaseInUseError, FailureKind
from Heatmap.storage.sqlite.connections import companion, file_stat, open_read_only
from Heatmap.storage.sqlite.log_mark import open_without_log

_T = TypeVar("_T")

PATIENCE_S = 1.0
"""So long whoever asks first waits for an answer, seconds; nobody who asks later does."""

# An answer is given for as long as the files have the same size and times, and no longer than this.
_KEPT_S = 60.0


def is_whole(database: Path) -> bool:
    """Tell whether a file is a sound database without its log, and not empty; reads all of it."""
    found = file_stat(database)
    if found is None or not found.st_size:
        return False
    with suppress(sqlite3.Error, OSError), closing(open_without_log(database)) as connection:
        return _damage_words(connection) == "ok"
    return False


def find_damage(database: Path) -> str | None:
    """Return in one line what ruins a file together with its log; reads all of both.

    Raises
    ------
    sqlite3.OperationalError
        They cannot be read just now.
    """
    try:
        # By another connection, which has no page of before in its memory.
        with closing(open_read_only(database)) as connection:
            words = _damage_words(connection)
    except sqlite3.OperationalError:
        raise
    except sqlite3.DatabaseError as error:
        return str(error)
    return None if words == "ok" else " ".join(words.split())


def _damage_words(connection: sqlite3.Connection) -> str:
    # Single rows that break a rule are skipped and counted; they ruin no file.
    connection.execute("PRAGMA ignore_check_constraints = ON")
    words: str = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    return words


def look_at(database: Path) -> object:
    """Return what changes when somebody writes into a file, its log aside."""
    found = file_stat(database)
    if found is None:
        return None
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


def look_with_log(database: Path) -> object:
    """Return what changes when somebody writes into a file or its log.

    Not the time at which the log's owner was set: as root, SQLite sets it each time it opens one,
    so that no answer would ever be for the state that is asked about next.
    """
    log = file_stat(companion(database, "-wal"))
    of_log = None if log is None else (log.st_dev, log.st_ino, log.st_size, log.st_mtime_ns)
    return look_at(database), of_log


class Reading(Generic[_T]):
    """One file being read, in a thread of its own, from the start on.

    Attributes
    ----------
    state
        Which state of the file the answer is for.
    """

    def __init__(self, read: Callable[[Path], _T], database: Path, state: object) -> None:
        self.state = state
        self._pid = os.getpid()
        self._answer: tuple[_T] | None = None
        self._error: Exception | None = None
        self._begun_s = self._ended_s = time.monotonic()
        self._is_done = threading.Event()
        name = f"reads {database.name}"
        # A daemon: nobody waits for the end of it when the program ends.
        threading.Thread(target=self._run, args=(read, database), name=name, daemon=True).start()

    @property
    def is_done(self) -> bool:
        """Whether there is an answer, or the reason why not."""
        return self._is_done.is_set()

    @property
    def is_lost(self) -> bool:
        """Whether it is of another process, which this one was forked from, or too old."""
        is_old = self.is_done and time.monotonic() - self._ended_s > _KEPT_S
        return is_old or self._pid != os.getpid()

    @property
    def took_s(self) -> float:
        """How long it took, seconds."""
        return self._ended_s - self._begun_s

    def wait(self, longest_s: float | None) -> None:
        """Wait until it is done; ``None``: however long that takes."""
        self._is_done.wait(longest_s)

    def answer(self) -> _T:
        """Return the answer, or raise what reading the file raised; once it is done."""
        if self._error is not None:
            raise self._error
        if self._answer is None:
            raise RuntimeError("a file's reading was asked for its answer before it was done")
        return self._answer[0]

    def _run(self, read: Callable[[Path], _T], database: Path) -> None:
        try:
            self._answer = (read(database),)
        except Exception as error:  # noqa: BLE001 - raised in `answer`
            self._error = error
        finally:
            self._ended_s = time.monotonic()
            self._is_done.set()


# By file and what is asked. A store that could not be opened is made anew, and goes on with these.
_readings: dict[tuple[Callable[[Path], object], Path], Reading[object]] = {}


def read_beside(
    read: Callable[[Path], _T], database: Path, state: object, *, hurries: bool = False
) -> Reading[_T]:
    """Read all of a file without holding up the caller for long.

    Parameters
    ----------
    read
        `is_whole` or `find_damage`.
    database
        The file.
    state
        Which state of it the answer is for; an answer for another one is not given.
    hurries
        Wait for the answer however long it takes.

    Returns
    -------
    Reading
        Done.

    Raises
    ------
    DatabaseInUseError
        The file is still being read; ask again.
    """
    key = (read, database)
    reading = _readings.get(key)
    if reading is None or reading.is_lost or (reading.is_done and reading.state != state):
        # One at a time: on Windows nobody can rename a file that is being read.
        reading = _readings[key] = Reading(read, database, state)
        reading.wait(PATIENCE_S)
    if hurries:
        reading.wait(None)
    if not reading.is_done or reading.state != state:
        if hurries:
            return read_beside(read, database, state, hurries=True)
        raise raised(DatabaseInUseError, FailureKind.BEING_READ, path=database)
    return reading  # type: ignore[return-value]
