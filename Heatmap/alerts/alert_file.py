"""The file beside a database in which alerts are kept, and the right to ring for that database.

Both are apart from the database: a program that must not write it may still be the one that rings,
and a disk error there is one thing, and rings for it another.
"""

import contextlib
import os
import sqlite3

from Heatmap.alerts.alert_state import AlertState
from Heatmap.storage.store import Address, file_beside

_LARGEST_BYTES = 64 * 2**20
_STATE_END, _LOCK_END = "-alerts.json", "-alerts-lock"


class AlertFile:
    """Where the state is kept. One thread uses it at a time.

    Parameters
    ----------
    address
        The database's.

    Raises
    ------
    StorageError
        There is no place for it.
    """

    def __init__(self, address: Address) -> None:
        self.path = file_beside(address, _STATE_END)
        # The engine's part of what was written last, and its text.
        self._engine: object = None
        self._engine_json: str | None = None

    def read(self) -> AlertState:
        """Return what is kept; nothing is where there is no file.

        Raises
        ------
        OSError, ValueError
            It cannot be read, or is none of ours.
        """
        try:
            with self.path.open("rb") as file:
                data = file.read(_LARGEST_BYTES + 1)
        except FileNotFoundError:
            return AlertState()
        if len(data) > _LARGEST_BYTES:
            raise ValueError(f"it is larger than {_LARGEST_BYTES} bytes")
        return AlertState.from_json(data.decode())

    def write(self, state: AlertState) -> None:
        """Keep a state, whole or not at all: also when the program or the machine dies meanwhile.

        Raises
        ------
        OSError
            It cannot be written; what was kept before still is.
        """
        is_news = self._engine_json is None or state.engine is not self._engine
        if is_news:
            self._engine, self._engine_json = state.engine, state.engine_json()
        # Else it says only what was told: where the machine dies now the one before is as good.
        text = state.to_json(self._engine_json)
        half = self.path.with_name(f"{self.path.name}.part")
        try:
            with half.open("w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            half.replace(self.path)
        except OSError:
            with contextlib.suppress(OSError):
                half.unlink(missing_ok=True)
            raise
        if is_news and os.name == "posix":
            folder = os.open(self.path.parent, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)


class RingLock:
    """The right to ring for a database, of one program at a time. One thread uses it.

    As for recorders, an exclusive transaction on an SQLite file of its own: the operating system
    drops it with the process. Local disks only.

    Parameters
    ----------
    address
        The database's.
    """

    def __init__(self, address: Address) -> None:
        self._path = file_beside(address, _LOCK_END)
        self._connection: sqlite3.Connection | None = None

    @property
    def is_held(self) -> bool:
        """Whether it was taken here."""
        return self._connection is not None

    def try_take(self) -> bool:
        """Take it, if nobody else holds it; never waits.

        Raises
        ------
        sqlite3.Error
            It cannot be taken, for another reason.
        """
        if self._connection is not None:
            return True
        connection = sqlite3.connect(self._path, timeout=0, isolation_level=None)
        try:
            connection.execute("BEGIN EXCLUSIVE")
        except BaseException as error:
            connection.close()
            if getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_BUSY:
                return False
            raise
        self._connection = connection
        return True

    def release(self) -> None:
        """Let another one ring; idempotent."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()
