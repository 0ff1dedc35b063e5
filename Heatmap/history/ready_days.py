"""Days that are written and wait to be put into the store, several together.

Each time that the manifest is written the disk is waited for four times, and once for the folder: a
day with few rows is made in less time than that takes. So days wait until there are some of them,
or much was read for them. Who is killed meanwhile has lost these: they are made again.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from Heatmap.history.day_writer import NewDay, put_days
from Heatmap.history.manifest import Manifest
from Heatmap.history.source_tree import SourceFile

#: So many days are put into the store together, or fewer where their files are large.
MOST_DAYS = 16
# Of CSV: a day of trades waits for no other.
_MOST_BYTES = 30_000_000


class ReadyDays:
    """Keeps days, and puts them into the store. Its caller sees to it that threads take turns.

    Parameters
    ----------
    manifest
        Writing.
    folder
        Where files wait, on the file system of the store; made when it is needed.
    """

    def __init__(self, manifest: Manifest, folder: Path) -> None:
        self._manifest = manifest
        self._folder = folder
        self._waiting: list[tuple[SourceFile, NewDay]] = []
        self._size_bytes = 0

    @property
    def are_due(self) -> bool:
        """Whether as many wait as are put into the store together."""
        return len(self._waiting) >= MOST_DAYS or self._size_bytes >= _MOST_BYTES

    def add(self, source: SourceFile, days: Sequence[NewDay], size_bytes: int) -> None:
        """Keep the days of a file; their files are moved.

        Raises
        ------
        OSError
            They cannot be.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        for day in days:
            moved = [replace(one, part=self._folder / one.part.name) for one in day.files]
            for before, after in zip(day.files, moved, strict=True):
                before.part.replace(after.part)
            self._waiting.append((source, replace(day, files=tuple(moved))))
        self._size_bytes += size_bytes

    def waiting_file(self, target: Path) -> Path | None:
        """Return where the file waits that is to become a day's; ``None``: none does."""
        files = (one for _, day in self._waiting for one in day.files)
        return next((one.part for one in files if one.target == target), None)

    def put(self) -> list[tuple[SourceFile, Exception]]:
        """Put them into the store; return the files of which days could not be, with the reason.

        Raises
        ------
        HistoryError
            The manifest cannot be written.
        """
        waiting, self._waiting, self._size_bytes = self._waiting, [], 0
        if not waiting:
            return []
        failed = put_days(self._manifest, [day for _, day in waiting])
        return [(source, error) for day, error in failed for source, one in waiting if one is day]
