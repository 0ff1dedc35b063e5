"""One import at a time into a store, in this process and any other.

As for recorders, an exclusive transaction on an SQLite file of its own: the operating system drops
it with the process, so a killed import leaves nothing to clean up. Local disks only.
"""

import json
import os
import socket
import sqlite3
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from Heatmap.errors import HistoryError
from Heatmap.history.store_layout import lock_path
from Heatmap.runtime.exchange_clock import wall_clock_ms
from Heatmap.runtime.outside_text import shown_text

_MOST_HOLDER_BYTES = 2**12
_WAIT_S = 0.25


@dataclass(frozen=True, slots=True)
class Holder:
    """Who imports.

    Attributes
    ----------
    process, machine
        Its number, and the name of the machine.
    since_ms
        Since when, UTC milliseconds.
    """

    process: int
    machine: str
    since_ms: int


class ImportLock:
    """The right to import into a store, held from `__enter__` to `__exit__`.

    Parameters
    ----------
    store
        The store's directory; its folder of history is there.
    """

    def __init__(self, store: Path) -> None:
        self._path = lock_path(store)
        self._connection: sqlite3.Connection | None = None

    def __enter__(self) -> Self:
        """Take it.

        Raises
        ------
        HistoryError
            Another import holds it, or it cannot be taken.
        """
        try:
            connection = sqlite3.connect(self._path, timeout=_WAIT_S, isolation_level=None)
            try:
                connection.execute("BEGIN EXCLUSIVE")
            except BaseException:
                connection.close()
                raise
        except sqlite3.Error as error:
            if holder := who_imports(self._path.parent.parent):
                raise HistoryError(
                    f"{holder_text(holder)} imports into {self._path.parent}; wait until it has "
                    "ended, or choose another --store"
                ) from error
            raise HistoryError(
                f"the lock {self._path} cannot be taken ({error}); expected a directory on a local "
                "disk that may be written"
            ) from error
        self._connection = connection
        said = {
            "process": os.getpid(),
            "machine": socket.gethostname(),
            "since_ms": wall_clock_ms(),
        }
        # Only said, not relied on.
        with suppress(OSError):
            _holder_path(self._path).write_text(json.dumps(said), "utf-8")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with suppress(OSError):
            _holder_path(self._path).unlink(missing_ok=True)
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def who_imports(store: Path) -> Holder | None:
    """Return who imports into a store; ``None``: nobody does. Takes no lock."""
    path = lock_path(store)
    if not path.exists():
        return None
    with closing(sqlite3.connect(path, timeout=0)) as it:
        try:
            it.execute("SELECT count(*) FROM sqlite_master").fetchone()
        except sqlite3.Error as error:
            if getattr(error, "sqlite_errorcode", 0) & 0xFF != sqlite3.SQLITE_BUSY:
                return None
        else:
            return None
    try:
        with _holder_path(path).open("rb") as file:
            plain = json.loads(file.read(_MOST_HOLDER_BYTES))
        return Holder(
            int(plain["process"]), shown_text(str(plain["machine"]), 60), int(plain["since_ms"])
        )
    except (OSError, ValueError, TypeError, KeyError):
        return Holder(0, "", 0)  # it has only just begun


def holder_text(holder: Holder) -> str:
    """Say who imports."""
    if not holder.process:
        return "another program"
    return f"another program (process {holder.process} on {holder.machine})"


def _holder_path(path: Path) -> Path:
    return path.with_name("import.holder.json")
