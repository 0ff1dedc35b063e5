"""Puts the files of days into the store: whole or not at all, and never beside a false manifest.

Days are first taken out of the manifest, then their files are renamed, then they are put in again.
Who is killed in between leaves whole files that the manifest does not know: they are made again.
"""

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from Heatmap.history.faults import FaultKind, FileFaultError
from Heatmap.history.manifest import ImportedDay, Manifest

# A reader on Windows has a file open for the time of a query.
_ATTEMPTS = 50
_RETRY_S = 0.1


@dataclass(frozen=True, slots=True)
class DayFile:
    """A file of a day that is written and waits to be renamed.

    Attributes
    ----------
    part, target
        Where it is, and where it goes; on one file system.
    row
        What the manifest is to say of it.
    """

    part: Path
    target: Path
    row: ImportedDay


@dataclass(frozen=True, slots=True)
class NewDay:
    """A day that is to be put into the store.

    Attributes
    ----------
    files
        The day itself, and what is made of it.
    period
        Of the file that they came from.
    """

    files: tuple[DayFile, ...]
    period: str


def sync_file(path: Path) -> None:
    """Have a file's content on the disk before its name is."""
    with path.open("r+b") as file:
        os.fsync(file.fileno())


def put_days(manifest: Manifest, days: Sequence[NewDay]) -> list[tuple[NewDay, Exception]]:
    """Put the files of days in the place of those before; the manifest learns of all at once.

    Parameters
    ----------
    manifest
        Writing.
    days
        No two of them are one day of a dataset.

    Returns
    -------
    list of (NewDay, Exception)
        Those that could not be put there: ``FileFaultError`` where another program has the day's
        file open and does not let go of it, ``OSError`` where the directory cannot be written.
    """
    keys = {_key(one.row) for day in days for one in day.files}
    before = [
        row
        for symbol in {one[1] for one in keys}
        for row in manifest.days(symbol=symbol)
        if _key(row) in keys
    ]
    manifest.forget(keys)
    failed: list[tuple[NewDay, Exception]] = []
    placed: list[NewDay] = []
    for day in days:
        renamed = 0
        try:
            for one in day.files:
                one.target.parent.mkdir(parents=True, exist_ok=True)
                _rename(one.part, one.target)
                renamed += 1
        except (FileFaultError, OSError) as error:
            failed.append((day, error))
            if not renamed:
                same = {_key(one.row) for one in day.files}
                manifest.put(row for row in before if _key(row) in same)
        else:
            placed.append(day)
    try:
        for folder in {one.target.parent for day in placed for one in day.files}:
            _sync_directory(folder)
    except OSError as error:
        # Nobody knows which names have reached the disk: these days are made again.
        failed += [(day, error) for day in placed]
        placed.clear()
    periods = {(one.row.dataset, one.row.symbol, day.period) for day in placed for one in day.files}
    manifest.put((one.row for day in placed for one in day.files), periods=periods)
    return failed


def _key(row: ImportedDay) -> tuple[str, str, str]:
    return row.dataset, row.symbol, row.day


def _rename(part: Path, target: Path) -> None:
    for attempt in range(_ATTEMPTS):
        try:
            part.replace(target)
        except PermissionError as error:
            if os.name != "nt" or attempt + 1 == _ATTEMPTS:
                raise FileFaultError(FaultKind.HELD, reason=error.strerror or str(error)) from error
            time.sleep(_RETRY_S)
        else:
            return


def _sync_directory(folder: Path) -> None:
    if os.name == "nt":  # it has no handle of a directory
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
