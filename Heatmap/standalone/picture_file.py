"""Pictures of the window as files."""

import os
from contextlib import suppress
from pathlib import Path

from PyQt6.QtCore import QStandardPaths
from PyQt6.QtGui import QImage

from Heatmap.errors import HeatmapError


def require_writable(picture: Path) -> None:
    """Find out before anything starts whether a picture can be saved.

    Raises
    ------
    HeatmapError
        Its directory is missing or may not be written to, or a directory has its name.
    """
    directory = picture.resolve().parent
    if not directory.is_dir() or not os.access(directory, os.W_OK) or picture.is_dir():
        raise HeatmapError(
            f"the picture cannot be written to {picture}: name a file in a directory that exists "
            "and can be written to, with --screenshot"
        )


def suggested_picture(symbol: str, moment: str) -> Path:
    """Return where a picture goes unless the user says otherwise.

    Parameters
    ----------
    symbol
        What it shows.
    moment
        When, as a part of the file's name.
    """
    place = QStandardPaths.StandardLocation.PicturesLocation
    folder = Path(QStandardPaths.writableLocation(place) or Path.home())
    return (folder if folder.is_dir() else Path.home()) / f"Heatmap {symbol} {moment}.png"


def save_picture(picture: QImage, path: Path) -> None:
    """Write a PNG; a picture that is there is replaced only by a whole one.

    Raises
    ------
    HeatmapError
        The file cannot be written.
    """
    part = path.with_name(f".{path.name}.part")
    refusal = f"the picture cannot be written to {path}: name a file that can be"
    if not picture.save(str(part), "PNG"):
        raise HeatmapError(refusal)
    try:
        part.replace(path)
    except OSError as error:
        # Windows replaces no file that a viewer has open.
        with suppress(OSError):
            part.unlink()
        raise HeatmapError(f"{refusal}, or close what shows it ({error.strerror})") from error
