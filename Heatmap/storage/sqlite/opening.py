"""What is done on the way to the writing connection: the first look, the lock, the migration."""

import sqlite3
from contextlib import closing, suppress
from pathlib import Path

from Heatmap.domain.events import DataKind
from Heatmap.errors import OtherWriterError, StorageError
from Heatmap.storage.damage_words import damage_words
from Heatmap.storage.sqlite import ledger
from Heatmap.storage.sqlite.connections import open_read_only, open_writable, require_plain_file
from Heatmap.storage.sqlite.log_mark import open_without_log
from Heatmap.storage.sqlite.migrations import (
    bring_up_to_date,
    read_identity,
    require_kind,
    require_mendable,
)
from Heatmap.storage.sqlite.pragmas import prepare_for_writing
from Heatmap.storage.sqlite.sound_rows import SMALL_TABLES, count_damaged
from Heatmap.storage.sqlite.sqlite_errors import storage_errors
from Heatmap.storage.sqlite.writer_lock import WriterLock

# The look before the lock decides nothing that the one under it does not: it is not worth waiting.
_FIRST_LOOK_S = 0.05


def refuse_foreign_file(path: Path, kind: DataKind) -> None:
    """Refuse what is visibly not ours before a lock file is put beside it.

    The same checks decide again under the lock. So an operational fault, such as a lock or an
    interrupted transaction that only a writer may roll back, is left to that second look.
    """
    if not path.exists():
        return
    require_plain_file(path)
    with (
        storage_errors(path, blames_file=True),
        suppress(sqlite3.OperationalError),
        closing(open_read_only(path, timeout_s=_FIRST_LOOK_S)) as connection,
    ):
        _require_usable(connection, kind, path)


def is_usable(path: Path, kind: DataKind) -> bool:
    """Tell whether a file, without its log, is a database of ours that holds this kind of data."""
    with suppress(sqlite3.Error, StorageError), closing(open_without_log(path)) as connection:
        _require_usable(connection, kind, path)
        return True
    return False


def _require_usable(connection: sqlite3.Connection, kind: DataKind, path: Path) -> None:
    identity = read_identity(connection, path)
    require_kind(identity, kind, path)
    require_mendable(identity, path)


def take_lock(path: Path) -> WriterLock:
    """Take the writer lock of a database.

    Raises
    ------
    OtherWriterError
        Another recorder has it; the error names what that one records.
    StorageError
        As `WriterLock`.
    """
    try:
        return WriterLock(path)
    except OtherWriterError as error:
        error.recorded = recorded_symbols(path)
        raise


def recorded_symbols(path: Path) -> tuple[str, ...] | None:
    """Return what the file's recorder records, where it can be read just now."""
    with suppress(sqlite3.Error), closing(open_read_only(path, timeout_s=0.0)) as connection:
        return ledger.read_symbols(connection)
    return None


def open_up_to_date(
    path: Path, kind: DataKind, busy_timeout_ms: int
) -> tuple[sqlite3.Connection, str | None, str]:
    """Open a file for writing, and migrate it; the caller holds the writer lock.

    Returns
    -------
    tuple
        The connection; what was mended of the schema, ``None``: nothing; how many rows of the
        small tables are damaged, in words, or an empty text.

    Raises
    ------
    StorageError
        It cannot be opened, or is not ours; the file is as it was.
    """
    with storage_errors(path, blames_file=True):
        connection = open_writable(path, timeout_s=busy_timeout_ms / 1000)
        try:
            # Before any pragma that writes: a foreign file stays as it is.
            _require_usable(connection, kind, path)
            prepare_for_writing(connection, busy_timeout_ms)
            mended = bring_up_to_date(connection, path, kind)
            damaged = damage_words(count_damaged(connection, SMALL_TABLES))
        except BaseException:
            connection.close()
            raise
    return connection, mended, damaged
