"""Opens SQLite connections: paths into URIs, explicit transactions, words for a wrong path."""

import os
import sqlite3
import stat
import sys
from contextlib import suppress
from functools import partial
from pathlib import Path, PurePath
from urllib.parse import quote

from Heatmap.domain.failure_texts import raised
from Heatmap.errors import FailureKind, StorageError

# Windows refuses longer names of files unless the machine is set up for them, and what stands
# beside a database has longer names than the database itself.
_LONGEST_ON_WINDOWS = 259
_LONGEST_BESIDE = ".damaged-20260131T235959Z-99-wal"


def database_path(path: str | os.PathLike[str]) -> Path:
    """Resolve where a database lies, without opening it.

    Symbolic links are followed, so that every name of a file leads to the same writer lock.

    Parameters
    ----------
    path
        The file, which need not exist; its directory must.

    Returns
    -------
    Path
        Absolute.

    Raises
    ------
    StorageError
        The directory is missing, is no directory or may not be looked into, or `path` is a
        directory itself; on Windows also, its name is too long.
    """
    try:
        resolved = Path(path).resolve()
        is_directory = resolved.is_dir()
        parent_is_directory = resolved.parent.is_dir()
    except (OSError, RuntimeError) as error:  # RuntimeError: a loop of links, before Python 3.13
        raise raised(StorageError, FailureKind.NOT_LOOKED_UP, path=path, reason=error) from error
    if sys.platform == "win32":
        require_short_name(resolved)
    if is_directory:
        example = resolved / "heatmap.sqlite3"
        raise raised(StorageError, FailureKind.IS_DIRECTORY, path=resolved, example=example)
    if not parent_is_directory:
        raise raised(
            StorageError, FailureKind.NO_DIRECTORY, directory=resolved.parent, name=resolved.name
        )
    return resolved


def require_short_name(path: PurePath) -> None:
    """Refuse a database that Windows could not rename, or not keep a log beside.

    Names in the long form, with ``?`` in place of a machine, may be as long as they like.

    Raises
    ------
    StorageError
        It has too many characters.
    """
    longest = _LONGEST_ON_WINDOWS - len(_LONGEST_BESIDE)
    name = str(path)
    if len(name) > longest and not name.startswith("\\\\?\\"):
        raise raised(
            StorageError, FailureKind.NAME_TOO_LONG, path=path, count=len(name), limit=longest
        )


def size_bytes(database: Path) -> int:
    """Return how large a database is on disk: the file and its write-ahead log."""
    log = file_stat(companion(database, "-wal"))
    return database.stat().st_size + (0 if log is None else log.st_size)


def existing_database(path: str | os.PathLike[str]) -> Path:
    """Resolve where a database lies that must exist.

    Parameters
    ----------
    path
        The file.

    Returns
    -------
    Path
        Absolute.

    Raises
    ------
    StorageError
        There is no such file; the other reasons are those of `database_path`.
    """
    resolved = database_path(path)
    if not resolved.is_file():
        raise raised(StorageError, FailureKind.NO_DATABASE, path=resolved)
    return resolved


def file_stat(path: str | os.PathLike[str]) -> os.stat_result | None:
    """Return what the system knows of the file that a path leads to; ``None``: it leads to none."""
    try:
        return os.stat(path)  # noqa: PTH116 - twice as fast, for each transaction
    except OSError:
        return None


def is_same_file(one: os.stat_result | None, other: os.stat_result | None) -> bool:
    """Tell whether two looks at a path found the same file, or both found none.

    A file that takes the place of another one that still exists, renamed or open, is another one.
    """
    if one is None or other is None:
        return one is other
    # Some file systems of Windows number no files; there an open file cannot be replaced.
    return not (one.st_ino and other.st_ino) or os.path.samestat(one, other)


def companion(database: Path, suffix: str) -> Path:
    """Return the path of a file that SQLite keeps beside a database: ``-wal`` or ``-shm``."""
    return database.with_name(database.name + suffix)


def require_plain_file(database: Path) -> None:
    """Refuse what is no file, and a file that has several names; none at all may become one.

    Opening a pipe would wait for ever. Log and lock belong to a name, not to the file.

    Raises
    ------
    StorageError
        Something else lies there, or another name of the file exists, a hard link.
    """
    found = file_stat(database)
    if found is None:
        return
    if not stat.S_ISREG(found.st_mode):
        kind = (
            FailureKind.DIRECTORY_IN_PLACE
            if stat.S_ISDIR(found.st_mode)
            else FailureKind.DEVICE_IN_PLACE
        )
        raise raised(StorageError, kind, path=database)
    if found.st_nlink > 1:
        raise raised(StorageError, FailureKind.HARD_LINKS, path=database, count=found.st_nlink)


def database_uri(path: PurePath, query: str) -> str:
    """Return the address by which SQLite opens a file with options of its own.

    Not `Path.as_uri`: a share of another Windows machine has a host there, which SQLite refuses
    (https://www.sqlite.org/uri.html, section 3.1: the authority is empty or ``localhost``).

    Parameters
    ----------
    path
        Absolute; of POSIX or of Windows, where it has a drive letter, or begins with a share.
    query
        Such as ``mode=ro``.
    """
    name = path.as_posix()
    if path.drive.endswith(":") and not name.startswith("/"):
        name = f"/{name}"
    # By bytes, since a name on a POSIX disk need not be text.
    return f"file://{quote(os.fsencode(name), safe='/:')}?{query}"


def open_writable(path: Path, *, timeout_s: float) -> sqlite3.Connection:
    """Open a file for writing, creating it where it does not exist.

    The connection belongs to the thread that opened it. Transactions are begun explicitly.

    Parameters
    ----------
    path
        Absolute.
    timeout_s
        How long to wait for a lock, seconds: also the first look at a file may meet one.
    """
    require_no_pipe(path)
    return open_uri(database_uri(path, "mode=rwc"), timeout_s=timeout_s)


def open_read_only(
    path: Path, *, timeout_s: float = 2.0, any_thread: bool = False
) -> sqlite3.Connection:
    """Open a file so that nothing can be written to it; it must exist.

    SQLite may leave its ``-wal`` and ``-shm`` files beside it, empty of data. Closing such a
    connection never checkpoints, so the recorder stays the only one that moves pages.

    Parameters
    ----------
    path
        Absolute.
    timeout_s
        How long to wait for a lock, seconds.
    any_thread
        Allow use by a thread other than the opening one; the caller sees to one at a time.
    """
    require_no_pipe(path)
    # Where nothing can be made beside it, SQLite opens it only if told that it cannot change.
    options = "mode=ro&immutable=1" if _is_at_rest(path) else "mode=ro"
    return open_uri(database_uri(path, options), timeout_s=timeout_s, any_thread=any_thread)


def _is_at_rest(path: Path) -> bool:
    """Whether a file lies on a read-only file system, and all of it is in the file itself."""
    if sys.platform != "win32":
        with suppress(OSError):
            log = file_stat(companion(path, "-wal"))
            is_read_only = bool(os.statvfs(path).f_flag & os.ST_RDONLY)
            return is_read_only and (log is None or log.st_size == 0)
    return False


def require_no_pipe(path: Path) -> None:
    """Refuse as SQLite does what cannot be a database; it would wait for ever at a pipe.

    Raises
    ------
    sqlite3.OperationalError
        There is something, and that is no file.
    """
    found = file_stat(path)
    if found is not None and not stat.S_ISREG(found.st_mode):
        error = sqlite3.OperationalError("unable to open database file")
        error.sqlite_errorcode = sqlite3.SQLITE_CANTOPEN
        raise error


def open_uri(uri: str, *, timeout_s: float, any_thread: bool = False) -> sqlite3.Connection:
    """Open a file by SQLite's address of it, which says how; as `open_read_only` otherwise.

    Text that is no UTF-8 is read with a replacement sign for each wrong byte.
    """
    connection = sqlite3.connect(
        uri, uri=True, isolation_level=None, timeout=timeout_s, check_same_thread=not any_thread
    )
    # By default one such value, in whatever row, ends the statement with an error of Python's own.
    connection.text_factory = partial(str, encoding="utf-8", errors="replace")
    return connection


class transaction:  # noqa: N801 - used as a function, and entered for each transaction
    """Run the block in one transaction: committed at its end, rolled back when it raises.

    Parameters
    ----------
    connection
        Outside a transaction, with ``isolation_level=None``.
    begin
        ``BEGIN`` for reading; the default takes the write lock at once, so that the block cannot
        fail half-way for want of it.
    """

    __slots__ = ("_begin", "_connection")

    def __init__(self, connection: sqlite3.Connection, begin: str = "BEGIN IMMEDIATE") -> None:
        self._connection = connection
        self._begin = begin

    def __enter__(self) -> None:
        self._connection.execute(self._begin)

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        if error is not None:
            self._roll_back()
            return
        try:
            self._connection.execute("COMMIT")
        except BaseException:
            self._roll_back()
            raise

    def _roll_back(self) -> None:
        # A full disk may have rolled back already; a failing ROLLBACK must not hide the cause.
        if self._connection.in_transaction:
            with suppress(sqlite3.Error):
                self._connection.execute("ROLLBACK")
