"""DuckDB as this program uses it: in memory, without network and without extensions."""

import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

from Heatmap.errors import HistoryError

if TYPE_CHECKING:
    import duckdb

#: What one connection may hold in memory; beyond it DuckDB writes into its temporary directory.
MEMORY_LIMIT_MB = 512
# Where it takes a program for a person at work, it would draw into the output.
_NO_PROGRESS_BAR = "SET enable_progress_bar = false"


def require_duckdb() -> None:
    """Refuse to go on without duckdb, before anything is touched.

    Raises
    ------
    HistoryError
        It is not installed.
    """
    try:
        import duckdb  # noqa: F401, PLC0415 - an extra: asked for where it is needed
    except ImportError as error:
        raise HistoryError(
            "history needs DuckDB, which is not installed: pip install duckdb"
        ) from error


def open_engine(
    temporary: Path | None = None,
    *,
    database: Path | None = None,
    threads: int | None = None,
    memory_mb: int = MEMORY_LIMIT_MB,
) -> "duckdb.DuckDBPyConnection":
    """Return a connection to an empty database; the caller closes it.

    Nothing is downloaded: extensions are neither installed nor loaded by themselves.

    Parameters
    ----------
    temporary
        Directory for what does not fit into memory; ``None``: then a query that needs more fails.
    database
        A file for what is large, compressed and read from there again; ``None``: in memory.
    threads
        ``None``: one for each processor.
    memory_mb
        Limit of its memory, MiB.

    Raises
    ------
    HistoryError
        duckdb is not installed.
    """
    require_duckdb()
    import duckdb  # noqa: PLC0415 - an extra: imported where it is used, and only there

    connection = duckdb.connect(
        ":memory:" if database is None else str(database),
        config={
            "memory_limit": f"{memory_mb}MiB",
            "threads": str(threads or os.cpu_count() or 1),
            # Never the current directory, which is DuckDB's default.
            "temp_directory": "" if temporary is None else str(temporary),
            "preserve_insertion_order": "true",
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            "allow_community_extensions": "false",
        },
    )
    connection.execute(_NO_PROGRESS_BAR)
    return connection


class EnginePool:
    """Empty databases in memory that are lent to one user after the other; close it at the end.

    Opening one takes longer than a small file is worked on. Safe to use from several threads.

    Parameters
    ----------
    temporary
        Directory for what does not fit into memory.
    threads
        Of each.
    """

    def __init__(self, temporary: Path, threads: int) -> None:
        self._temporary = temporary
        self._threads = threads
        self._numbers = count(1)
        # Lists and counts are safe by themselves.
        self._idle: list[duckdb.DuckDBPyConnection] = []

    @contextmanager
    def lent(self) -> Iterator["duckdb.DuckDBPyConnection"]:
        """Lend a database, which its user leaves empty; where an error comes by it is closed."""
        try:
            engine = self._idle.pop()
        except IndexError:
            spill = self._temporary / f"spill-{next(self._numbers)}"
            engine = open_engine(spill, threads=self._threads)
        try:
            # What was rejected is told to the connection, and gone with it.
            with closing(engine.cursor()) as connection:
                connection.execute(_NO_PROGRESS_BAR)
                yield connection
        except BaseException:
            engine.close()
            raise
        self._idle.append(engine)

    def close(self) -> None:
        """Close those that are not lent."""
        while self._idle:
            self._idle.pop().close()


def exact(path: Path) -> str:
    """Return a path as the engine takes it for one file, and for no pattern."""
    return "".join(f"[{one}]" if one in "[*?" else one for one in str(path))
