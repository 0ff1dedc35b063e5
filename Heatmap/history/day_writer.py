"""Puts the files of a day into the store: whole or not at all, and never beside a false manifest.

A day is first taken out of the manifest, then its files are renamed, then it is put in again. Who
is killed in between leaves whole files that the manifest does not know: they are made again.
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


def sync_file(path: Path) -> None:
    """Have a file's content on the disk before its name is."""
    with path.open("r+b") as file:
        os.fsync(file.fileno())


def put_day(manifest: Manifest, files: Sequence[DayFile], period: str) -> None:
    """Put a day's files in the place of those before.

    Parameters
    ----------
    manifest
        Writing.
    files
        The day itself, and what is made of it.
    period
        Of the file that they came from.

    Raises
    ------
    FileFaultError
        Another program has the day's file open, and does not let go of it.
    OSError
        The directory cannot be written.
    """
    keys = [(one.row.dataset, one.row.symbol, one.row.day) for one in files]
    before = [row for row in manifest.days(symbol=keys[0][1]) if _key(row) in keys]
    manifest.forget(keys)
    renamed = 0
    try:
        for one in files:
            one.target.parent.mkdir(parents=True, exist_ok=True)
            _rename(one.part, one.target)
            renamed += 1
    except BaseException:
        if not renamed:
            manifest.put(before)
        raise
    for folder in {one.target.parent for one in files}:
        _sync_directory(folder)
    manifest.put([one.row for one in files], period=period)


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
