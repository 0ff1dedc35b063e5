"""Whether a database can be recorded into, in words. Reads only: nothing of it is ever changed."""

import os
import shutil
import sqlite3
import time
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from Heatmap.domain.events import DataKind
from Heatmap.domain.failure_texts import damaged_rows_text
from Heatmap.errors import HeatmapError, StorageError
from Heatmap.storage.engine import DatabaseHealth
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

_MIB, _GIB = 2**20, 2**30
# A busy day is some 100 MB with raw messages.
_FREE_WARNING_BYTES, _FREE_LEAST_BYTES = _GIB, 64 * _MIB
_FREE_LEAST_INODES = 16
_LOCK_TIMEOUT_S = 2.0
# Virtual machine steps of SQLite between two looks at the clock; some milliseconds.
_STEPS = 100_000


@dataclass(frozen=True, slots=True)
class DatabaseFacts:
    """What is known of a file that can be read, or of the place for one that is not there.

    Attributes
    ----------
    path
        The file.
    exists
        Whether it is there.
    size_bytes
        The file and its write-ahead log.
    identity
        What it says about itself; ``None``: it is not there, or is empty.
    faults
        What SQLite's ``quick_check`` named; empty: nothing. ``None``: it did not come to an end.
    writer_active
        Whether a recorder holds the writer lock.
    is_writable
        Whether this user may write the file, or make one, and others beside it.
    free_bytes
        Room left on the disk for this user.
    free_inodes
        How many files can still be made; ``None`` where the file system sets no number.
    damaged_rows
        Rows that another program has spoilt, by table; what time allowed to count.
    """

    path: Path
    exists: bool
    size_bytes: int
    identity: Identity | None
    faults: tuple[str, ...] | None
    writer_active: bool
    is_writable: bool
    free_bytes: int
    free_inodes: int | None
    damaged_rows: Mapping[str, int] = field(default_factory=dict)


def examine_database(
    path: str | os.PathLike[str], kind: DataKind, *, timeout_s: float = 10.0
) -> DatabaseHealth:
    """Look at a database, whether or not a recorder is writing it.

    Parameters
    ----------
    path
        The file, which need not exist.
    kind
        What is to be recorded into it.
    timeout_s
        How long its integrity may be checked, seconds.

    Returns
    -------
    DatabaseHealth
        Faults of the environment are in it and are not raised.
    """
    try:
        facts = _look(database_path(path), timeout_s)
    except (HeatmapError, OSError) as error:
        return DatabaseHealth("FAIL", str(error))
    return describe_database(facts, kind)


def describe_database(facts: DatabaseFacts, kind: DataKind) -> DatabaseHealth:
    """Say what the facts mean for a recorder of `kind`. Pure."""
    words = f"{_describe_file(facts)}; {_size(facts.free_bytes)} free"
    return (
        _describe_fault(facts, kind)
        or _describe_room(facts, words)
        or _describe_rest(facts, words)
        or DatabaseHealth("ok", words)
    )


def _describe_fault(facts: DatabaseFacts, kind: DataKind) -> DatabaseHealth | None:
    name = f"the database {facts.path}"
    if not facts.is_writable:
        return DatabaseHealth(
            "FAIL",
            f"{name} or its directory cannot be written",
            "change the permissions or choose another file",
        )
    if facts.identity is not None and facts.identity.kind is not kind:
        return DatabaseHealth(
            "FAIL",
            f"{name} holds {facts.identity.kind} data, expected {kind}",
            "the kinds never share a file, choose another one",
        )
    if facts.identity is not None and facts.identity.schema_faults:
        is_mended = facts.identity.schema_faults.is_mendable
        return DatabaseHealth(
            "FAIL",
            f"another program has changed {name}: {facts.identity.schema_faults.words}",
            "undo that; a recorder makes a changed index again, and keeps every row"
            if is_mended
            else "undo that; otherwise a recorder sets the file aside as it is and begins anew",
        )
    if facts.faults:
        return DatabaseHealth(
            "FAIL",
            f"{name} is damaged: {facts.faults[0]}",
            "it was left as it is; a recorder that meets the damage sets it aside and begins anew",
        )
    return None


def _describe_room(facts: DatabaseFacts, words: str) -> DatabaseHealth | None:
    if facts.free_inodes is not None and facts.free_inodes < _FREE_LEAST_INODES:
        return DatabaseHealth(
            "FAIL", f"{words}, but no room for new files (inodes)", "delete some files"
        )
    if facts.free_bytes < _FREE_LEAST_BYTES:
        return DatabaseHealth("FAIL", f"{words}, the disk is full", "free some space")
    if facts.free_bytes < _FREE_WARNING_BYTES:
        return DatabaseHealth("warn", words, "free some space, or set a shorter retention")
    return None


def _describe_rest(facts: DatabaseFacts, words: str) -> DatabaseHealth | None:
    if facts.identity is not None and facts.identity.version < SCHEMA_VERSION:
        return DatabaseHealth(
            "warn",
            f"{words}; schema version {facts.identity.version} of {SCHEMA_VERSION}",
            "the recorder brings it up to date when it starts",
        )
    if facts.damaged_rows:
        return DatabaseHealth(
            "warn",
            f"{words}; {damaged_rows_text(facts.damaged_rows)}",
            "another program has written them; the rest is read and recording goes on",
        )
    if facts.faults is None:
        return DatabaseHealth("warn", words, "check it with SQLite's own PRAGMA integrity_check")
    return None


def _describe_file(facts: DatabaseFacts) -> str:
    if not facts.exists:
        return f"{facts.path} does not exist yet, the recorder makes it"
    if facts.identity is None:
        return f"{facts.path} is empty, the recorder makes it its own"
    integrity = "too large to check in the time" if facts.faults is None else "intact"
    writer = "a recorder is writing it" if facts.writer_active else "no recorder is writing it"
    return (
        f"{facts.path} holds {facts.identity.kind} data, schema version {facts.identity.version}, "
        f"{_size(facts.size_bytes)}, {integrity}, {writer}"
    )


def _look(path: Path, timeout_s: float) -> DatabaseFacts:
    exists = path.exists()
    if exists and not path.is_file():
        raise StorageError(f"{path} is no file; choose another one")
    require_plain_file(path)
    found = _Content(None, ())
    active = is_writer_active(path)
    if exists and path.stat().st_size:
        found = _read(path, time.monotonic() + timeout_s, is_quiet=not active)
    return DatabaseFacts(
        path=path,
        exists=exists,
        size_bytes=sum(part.stat().st_size for part in (path, _log(path)) if part.exists()),
        identity=found.identity,
        faults=found.faults,
        writer_active=active,
        is_writable=os.access(path.parent, os.W_OK | os.X_OK)
        and (not exists or os.access(path, os.R_OK | os.W_OK)),
        free_bytes=shutil.disk_usage(path.parent).free,
        free_inodes=_free_inodes(path.parent),
        damaged_rows=found.damaged_rows,
    )


@dataclass(frozen=True, slots=True)
class _Content:
    """What was read of a file, as in `DatabaseFacts`."""

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


def _size(size_bytes: int) -> str:
    for unit, name in ((_GIB, "GiB"), (_MIB, "MiB")):
        if size_bytes >= unit:
            return f"{size_bytes / unit:.1f} {name}"
    return f"{size_bytes / 1024:.0f} KiB"
