"""A second copy of a write-ahead log, for as long as the file alone is no sound database.

A reader keeps SQLite from writing all of a log into the file: of the pages that changed after the
reader began nothing is written, of the others all is. What results is whole only together with the
log. Should that be lost, the copy takes its place.
"""

import shutil
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from Heatmap.errors import StorageError
from Heatmap.storage.sqlite.connections import companion, file_stat
from Heatmap.storage.sqlite.set_aside import free_name, rename


class LogShadow:
    """Follows the log of a database, which only grows meanwhile.

    Parameters
    ----------
    database
        The file, absolute.
    """

    def __init__(self, database: Path) -> None:
        self._log = companion(database, "-wal")
        self._shadow = database.with_name(f"{database.name}-wal-copy")
        self._bytes: int | None = None

    @property
    def path(self) -> Path | None:
        """The copy; ``None``: there is none."""
        return None if self._bytes is None or file_stat(self._shadow) is None else self._shadow

    @property
    def is_on(self) -> bool:
        """Whether the log is copied."""
        return self._bytes is not None

    def find(self) -> None:
        """Delete the copy that a killed recorder has left, where its log is there as well."""
        left, log = file_stat(self._shadow), file_stat(self._log)
        if left is not None and log is not None and log.st_size >= left.st_size:
            self.drop()
        elif left is not None:
            with suppress(StorageError):
                rename(self._shadow, free_name(self._shadow, "left", datetime.now(UTC)))

    def follow(self) -> None:
        """Copy what the log has more than the copy; the first time, all of it.

        Raises
        ------
        OSError
            That failed; the copy is as it was, or ends early.
        """
        with (
            self._log.open("rb") as source,
            self._shadow.open("ab" if self._bytes else "wb") as copy,
        ):
            source.seek(self._bytes or 0)
            copy.seek(self._bytes or 0)
            copy.truncate()
            shutil.copyfileobj(source, copy)
            self._bytes = copy.tell()

    def drop(self) -> None:
        """Delete the copy: the file is whole without it."""
        self._bytes = None
        with suppress(OSError):
            self._shadow.unlink(missing_ok=True)
