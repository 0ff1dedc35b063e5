"""What was imported: a row for each day in the store, and what was wrong with those that are not.

SQLite, because several processes read while one writes. ``user_version`` is the number of scripts
in `_SCRIPTS` that were applied; a file of a later version is refused.
"""

import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import astuple, dataclass, fields
from importlib.resources import files
from pathlib import Path
from typing import Any

from Heatmap.errors import HistoryError
from Heatmap.history.store_layout import manifest_path

#: ``LiqM`` in ASCII.
APPLICATION_ID = 0x4C69714D
_SCRIPTS = ("manifest_schema.sql",)
_WAIT_S = 10.0


@dataclass(frozen=True, slots=True)
class ImportedDay:
    """A day that is in the store; the columns of table ``imports``.

    Attributes
    ----------
    dataset, symbol, day
        Which, the day as ``2025-01-31``.
    source_name, sha256, published_sha256
        The file that it came from, its checksum, and the one that was published with it.
    header
        1 where the file had one.
    rows, rejected, duplicates
        How many it has; that could not be read; that were left out as copies of others.
    first_ms, last_ms, first_id, last_id
        Its bounds; times in UTC milliseconds.
    holes
        Ids or steps that are missing in it; ``None``: that cannot be told.
    importer_version, imported_ms
        What made it, and when.
    market
        ``um``, ``cm`` or ``spot``.
    """

    dataset: str
    symbol: str
    day: str
    source_name: str
    sha256: str
    published_sha256: str | None
    header: int
    rows: int
    rejected: int
    first_ms: int | None
    last_ms: int | None
    first_id: int | None
    last_id: int | None
    holes: int | None
    duplicates: int
    importer_version: int
    imported_ms: int
    market: str = "um"


@dataclass(frozen=True, slots=True)
class ImportFault:
    """What was wrong with a day; the columns of table ``import_faults``."""

    dataset: str
    symbol: str
    day: str
    line: int | None
    kind: str
    detail: str


@dataclass(frozen=True, slots=True)
class EmptyDay:
    """A day of which a file of a month has no rows; the columns of table ``empty_days``."""

    dataset: str
    symbol: str
    day: str
    source_name: str
    sha256: str


_DAY_COLUMNS = ", ".join(one.name for one in fields(ImportedDay))
_FAULT_COLUMNS = ", ".join(one.name for one in fields(ImportFault))


class Manifest:
    """The manifest of a store; use it in ``with``. Safe to use from several threads.

    Parameters
    ----------
    store
        The store's directory.
    writes
        Whether it may be made, brought up to date and written; only who holds `ImportLock` may.
    """

    def __init__(self, store: Path, *, writes: bool = False) -> None:
        self._path = manifest_path(store)
        self._guard = threading.RLock()
        # An import was killed after it had made the file, and before its tables: nothing is in it.
        self._is_blank = False
        with self._errors():
            self._connection = self._open(writes=writes)
        try:
            with self._errors():
                self._bring_up_to_date(writes=writes)
        except BaseException:
            self._connection.close()
            raise

    def __enter__(self) -> "Manifest":
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def days(self, dataset: str | None = None, symbol: str | None = None) -> list[ImportedDay]:
        """Return what is in the store, by dataset, symbol and day."""
        query = (
            f"SELECT {_DAY_COLUMNS} FROM imports WHERE dataset = coalesce(?, dataset) "
            "AND symbol = coalesce(?, symbol) ORDER BY dataset, symbol, day"
        )
        return [ImportedDay(*row) for row in self._rows(query, (dataset, symbol))]

    def faults(self, dataset: str | None = None, symbol: str | None = None) -> list[ImportFault]:
        """Return what was wrong, by dataset, symbol and day."""
        query = (
            f"SELECT {_FAULT_COLUMNS} FROM import_faults WHERE dataset = coalesce(?, dataset) "
            "AND symbol = coalesce(?, symbol) ORDER BY dataset, symbol, day, rowid"
        )
        return [ImportFault(*row) for row in self._rows(query, (dataset, symbol))]

    def forget(self, keys: Iterable[tuple[str, str, str]]) -> None:
        """Take days (dataset, symbol, day) out, before their files are replaced."""
        with self._transaction():
            self._connection.executemany(
                "DELETE FROM imports WHERE dataset = ? AND symbol = ? AND day = ?", list(keys)
            )

    def put(
        self, days: Iterable[ImportedDay], *, periods: Iterable[tuple[str, str, str]] = ()
    ) -> None:
        """Put days in, all or none, and take away what was wrong with them before.

        Parameters
        ----------
        days
            Whole days.
        periods
            Of the files where those are months (dataset, symbol, ``2025-01``): nothing is wrong
            with them either.
        """
        found = list(days)
        marks = ", ".join("?" for _ in fields(ImportedDay))
        with self._transaction():
            self._connection.executemany(
                f"INSERT OR REPLACE INTO imports ({_DAY_COLUMNS}) VALUES ({marks})",
                [astuple(one) for one in found],
            )
            self._connection.executemany(
                "DELETE FROM empty_days WHERE dataset = ? AND symbol = ? AND day = ?",
                [(one.dataset, one.symbol, one.day) for one in found],
            )
            self._clear([*((one.dataset, one.symbol, one.day) for one in found), *periods])

    def empty_days(self) -> list[EmptyDay]:
        """Return the days that files have no rows of."""
        query = "SELECT dataset, symbol, day, source_name, sha256 FROM empty_days"
        return [EmptyDay(*row) for row in self._rows(query)]

    def put_empty(self, days: Iterable[EmptyDay]) -> None:
        """Put down days that a file has no rows of."""
        with self._transaction():
            self._connection.executemany(
                "INSERT OR REPLACE INTO empty_days VALUES (?, ?, ?, ?, ?)",
                [astuple(one) for one in days],
            )

    def put_faults(self, faults: Iterable[ImportFault]) -> None:
        """Say what is wrong with days, in the place of what was said before."""
        found = list(faults)
        with self._transaction():
            self._clear((one.dataset, one.symbol, one.day) for one in found)
            self._insert_faults(found)

    def put_notes(self, dataset: str, symbol: str, kind: str, notes: Iterable[ImportFault]) -> None:
        """Put all notes of one kind in the place of those before."""
        with self._transaction():
            self._connection.execute(
                "DELETE FROM import_faults WHERE dataset = ? AND symbol = ? AND kind = ?",
                (dataset, symbol, kind),
            )
            self._insert_faults(notes)

    def _clear(self, keys: Iterable[tuple[str, str, str]]) -> None:
        self._connection.executemany(
            "DELETE FROM import_faults WHERE dataset = ? AND symbol = ? AND day = ?",
            sorted(set(keys)),
        )

    def _insert_faults(self, faults: Iterable[ImportFault]) -> None:
        marks = ", ".join("?" for _ in fields(ImportFault))
        self._connection.executemany(
            f"INSERT INTO import_faults ({_FAULT_COLUMNS}) VALUES ({marks})",
            [astuple(one) for one in faults],
        )

    def _rows(self, query: str, values: Sequence[object] = ()) -> list[Any]:
        if self._is_blank:
            return []
        with self._guard, self._errors():
            return self._connection.execute(query, values).fetchall()

    def _open(self, *, writes: bool) -> sqlite3.Connection:
        if not writes and not self._path.is_file():
            raise HistoryError(f"nothing was imported yet, there is no {self._path}; import first")
        # A reader may have to undo what a killed import has left, so it opens for writing too.
        connection = sqlite3.connect(
            self._path,
            timeout=_WAIT_S,
            isolation_level=None,
            check_same_thread=False,
        )
        if not writes:
            connection.execute("PRAGMA query_only = ON")
        return connection

    def _bring_up_to_date(self, *, writes: bool) -> None:
        version = self._connection.execute("PRAGMA user_version").fetchone()[0]
        owner = self._connection.execute("PRAGMA application_id").fetchone()[0]
        tables = self._connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        if owner != APPLICATION_ID and (owner or version or tables):
            raise HistoryError(
                f"{self._path} is not a manifest of this program; move it, or choose another "
                "--store"
            )
        if version > len(_SCRIPTS):
            raise HistoryError(
                f"{self._path} was written by a newer version of this program (version {version}, "
                f"this is {len(_SCRIPTS)}); update this program"
            )
        if version == len(_SCRIPTS):
            return
        if not writes and not owner:
            self._is_blank = True
            return
        if not writes:
            raise HistoryError(
                f"{self._path} is of an earlier version; import once, which updates it"
            )
        with self._transaction():
            for number, name in enumerate(_SCRIPTS[version:], version + 1):
                text = files("Heatmap.history").joinpath(name).read_text("utf-8")
                for statement in filter(str.strip, text.split(";")):
                    self._connection.execute(statement)
                self._connection.execute(f"PRAGMA user_version = {number:d}")
            self._connection.execute(f"PRAGMA application_id = {APPLICATION_ID:d}")

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with self._guard, self._errors():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise HistoryError(
                f"the manifest {self._path} cannot be used ({error}); expected a file of this "
                "program in a directory that may be written, with room on the disk"
            ) from error


def read_manifest(store: Path) -> tuple[list[ImportedDay], list[ImportFault]]:
    """Return what a store has, and what was wrong; nothing where nothing was imported yet.

    Raises
    ------
    HistoryError
        The manifest cannot be read.
    """
    path = manifest_path(store)
    if not path.is_file() or not path.stat().st_size:  # an import was killed as it began
        return [], []
    with Manifest(store) as manifest:
        return manifest.days(), manifest.faults()
