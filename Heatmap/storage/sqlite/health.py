"""What tells whether a database can be recorded into. Reads only: nothing of it is ever changed."""

import os
import shutil
import sqlite3
import time
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from Heatmap.domain.failure_texts import raised
from Heatmap.errors import FailureKind, HeatmapError, StorageError
from Heatmap.storage.engine import DatabaseFacts
from Heatmap.storage.sqlite.connections import (
    database_path,
    database_uri,
    open_uri,
    require_plain_file,
)
from Heatmap.storage.sqlite.migrations import SCHEMA_VERSION, Identity, read_identity
from Heatmap.storage.sqlite.sound_rows import count_damaged
from Heatmap.storage.sqlite.sqlite_errors import storage_errors
from Heatmap.storage.sqlite.writer_lock import is_writer_active

_LOCK_TIMEOUT_S = 2.0
# Virtual machine steps of SQLite between two looks at the clock; some milliseconds.
_STEPS = 100_000


def examine_database(path: str | os.PathLike[str], *, timeout_s: float = 10.0) -> DatabaseFacts:
    """Look at a database, whether or not a recorder is writing it.

    Parameters
    ----------
    path
        The file, which need not exist.
    timeout_s
        How long its integrity may be checked, seconds.

    Raises
    ------
    HeatmapError, OSError
        The environment does not let it be looked at, or the file is none of ours.
    """
    return _look(database_path(path), timeout_s)


def _look(path: Path, timeout_s: float) -> DatabaseFacts:
    exists = path.exists()
    if exists and not path.is_file():
        raise raised(StorageError, FailureKind.NO_FILE, path=path)
    require_plain_file(path)
    found = _Content(None, ())
    active = is_writer_active(path)
    if exists and path.stat().st_size:
        found = _read(path, time.monotonic() + timeout_s, is_quiet=not active)
    identity, faults = found.identity, found.faults
    return DatabaseFacts(
        address=path,
        exists=exists,
        size_bytes=sum(part.stat().st_size for part in (path, _log(path)) if part.exists()),
        kind=None if identity is None else identity.kind,
        schema_version=SCHEMA_VERSION if identity is None else identity.version,
        expected_version=SCHEMA_VERSION,
        schema_changes="" if identity is None else identity.schema_faults.words,
        is_mendable=identity is not None and identity.schema_faults.is_mendable,
        damage=faults[0] if faults else "",
        is_checked=faults is not None,
        writer_active=active,
        is_writable=os.access(path.parent, os.W_OK | os.X_OK)
        and (not exists or os.access(path, os.R_OK | os.W_OK)),
        free_bytes=shutil.disk_usage(path.parent).free,
        free_inodes=_free_inodes(path.parent),
        damaged_rows=found.damaged_rows,
    )


@dataclass(frozen=True, slots=True)
class _Content:
    """What was read of a file.

    Attributes
    ----------
    identity
        What it says about itself; ``None``: it is not there, or is empty.
    faults
        What SQLite's ``quick_check`` named; empty: nothing. ``None``: it did not come to an end.
    damaged_rows
        Rows that another program has spoilt, by table; what time allowed to count.
    """

    identity: Identity | None
    faults: tuple[str, ...] | None
    damaged_rows: Mapping[str, int] = field(default_factory=dict)


def _read(path: Path, deadline_s: float, *, is_quiet: bool) -> _Content:
    """Read a file, without leaving SQLite's own files beside it where that can be avoided."""
    if is_quiet and not _log(path).exists():
        answer: _Content | None = None
        error: HeatmapError | None = None
        try:
            answer = _read_as("mode=ro&immutable=1", path, deadline_s)
        except HeatmapError as caught:
            error = caught
        # A recorder that has started meanwhile changed the file under a reader who was told that
        # nobody would; then what was seen is worth nothing.
        if not _log(path).exists():
            if error is not None:
                raise error
            if answer is not None:
                return answer
    return _read_as("mode=ro", path, deadline_s)


def _read_as(mode: str, path: Path, deadline_s: float) -> _Content:
    with (
        storage_errors(path, blames_file=True),
        closing(open_uri(database_uri(path, mode), timeout_s=_LOCK_TIMEOUT_S)) as connection,
    ):
        identity = read_identity(connection, path)
        connection.set_progress_handler(lambda: time.monotonic() > deadline_s, _STEPS)
        try:
            rows = connection.execute("PRAGMA quick_check(1)").fetchall()
            # SQLite puts line ends into its words.
            faults = (" ".join(str(row[0]).split()) for row in rows)
            told = tuple(fault for fault in faults if fault != "ok")
            is_countable = identity is not None and identity.version == SCHEMA_VERSION and not told
            return _Content(identity, told, count_damaged(connection) if is_countable else {})
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_INTERRUPT:
                raise
            return _Content(identity, None)


def _log(path: Path) -> Path:
    return path.with_name(f"{path.name}-wal")


def _free_inodes(directory: Path) -> int | None:
    if hasattr(os, "statvfs"):  # not on Windows
        counts = os.statvfs(directory)
        return counts.f_favail if counts.f_files else None
    return None
