"""Sees to it that no transaction writes into a schema that another program has changed.

A trigger may swallow rows without any error, so failures alone would not tell. SQLite counts the
changes of a schema; where the count is another one than at the last look, it is looked at again, in
the same transaction that is to write. It also tells whether any other connection has committed:
while none has, there is nothing to look at.
"""

import sqlite3
from pathlib import Path

from Heatmap.domain.failure_texts import raised
from Heatmap.errors import FailureKind, StorageError
from Heatmap.storage.sqlite.schema import SCHEMA_VERSION, find_faults

MENDING_DELAY_S = 5.0
"""A wrong schema is put right after this time, seconds: another program may be amid changing it."""


class SchemaWatch:
    """Remembers which state of a file's schema was found to be ours. Not thread-safe."""

    def __init__(self) -> None:
        # SQLite's count of changes when the schema was found to be right; None: never.
        self._known: int | None = None
        # SQLite's count of others' commits when schema and identity were right; None: never.
        self._right_at: int | None = None
        self._wrong_since_s: float | None = None
        self._is_hurried = False

    def forget(self) -> None:
        """Know nothing: another file, or another connection."""
        self._known = self._wrong_since_s = self._right_at = None

    def finish_now(self) -> None:
        """Put a wrong schema right at once from now on: the end is near."""
        self._is_hurried = True

    def is_mending_due(self, now_s: float) -> bool:
        """Whether the schema has been wrong for long enough.

        Parameters
        ----------
        now_s
            The monotonic clock.
        """
        if self._wrong_since_s is None:
            return False
        return self._is_hurried or now_s - self._wrong_since_s >= MENDING_DELAY_S

    def is_right_since(self, version: int) -> bool:
        """Whether nobody else has committed anything since all was right; see `data_version`."""
        return version == self._right_at

    def note_right(self, version: int) -> None:
        """Note that schema and identity are ours in this state, which was not changed here."""
        self._right_at = version

    def require_known(self, connection: sqlite3.Connection, path: Path, now_s: float) -> None:
        """Look at the schema where it has changed since the last look.

        Parameters
        ----------
        connection
            Inside the transaction that is to write.
        path
            The file, for messages.
        now_s
            The monotonic clock.

        Raises
        ------
        StorageError
            The schema is not ours.
        """
        count: int = connection.execute("PRAGMA schema_version").fetchone()[0]
        if count == self._known:
            return
        faults = find_faults(connection, SCHEMA_VERSION)
        if faults:
            self._known = self._right_at = None
            if self._wrong_since_s is None:
                self._wrong_since_s = now_s
            raise raised(
                StorageError,
                FailureKind.SCHEMA_CHANGED_INDEX
                if faults.is_mendable
                else FailureKind.SCHEMA_CHANGED,
                path=path,
                changes=faults.words,
                delay_s=MENDING_DELAY_S,
            )
        self._known, self._wrong_since_s = count, None


def data_version(connection: sqlite3.Connection) -> int:
    """Return a number that changes when another connection has committed, and not by this one's.

    Parameters
    ----------
    connection
        Inside the transaction that is asked about.
    """
    version: int = connection.execute("PRAGMA data_version").fetchone()[0]
    return version
