"""Pictures of the window as files."""

import os
from contextlib import suppress
from pathlib import Path

from PyQt6.QtCore import QRectF, QStandardPaths, Qt
from PyQt6.QtGui import QFontMetricsF, QImage, QPainter, QPalette
from PyQt6.QtWidgets import QWidget

from Heatmap.errors import HeatmapError

SOURCE_LINE_PX = 26
"""Height of the line below a picture."""
_EDGE_PX = 12


def with_source_line(widget: QWidget, words: str) -> QImage:
    """Return a picture of a widget as it is seen, and a line below it.

    Who sees the picture later, and elsewhere, reads there what it is of.

    Parameters
    ----------
    widget
        What is seen; the line has its colours and its font.
    words
        What the line says; without room for all of it, it ends with an ellipsis.
    """
    seen = widget.grab().toImage()
    ratio = seen.devicePixelRatio()
    picture = QImage(
        seen.width(), seen.height() + round(SOURCE_LINE_PX * ratio), QImage.Format.Format_RGB32
    )
    picture.setDevicePixelRatio(ratio)
    palette = widget.palette()
    picture.fill(palette.color(QPalette.ColorRole.Window))
    height = seen.height() / ratio
    width = seen.width() / ratio - 2 * _EDGE_PX
    painter = QPainter(picture)
    painter.drawImage(0, 0, seen)
    painter.setFont(widget.font())
    painter.setPen(palette.color(QPalette.ColorRole.WindowText))
    metrics = QFontMetricsF(painter.font())
    painter.drawText(
        QRectF(_EDGE_PX, height, width, SOURCE_LINE_PX),
        int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft),
        metrics.elidedText(words, Qt.TextElideMode.ElideRight, width),
    )
    painter.end()
    return picture


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


def suggested_picture(symbol: str, moment: str, folder: Path) -> Path:
    """Return where a picture goes unless the user says otherwise.

    Parameters
    ----------
    symbol
        What it shows.
    moment
        When, as a part of the file's name; empty: not known.
    folder
        Where the last one went; one that is no absolute path, or is gone: the user's pictures.
    """
    if not (folder.is_absolute() and folder.is_dir()):
        place = QStandardPaths.StandardLocation.PicturesLocation
        folder = Path(QStandardPaths.writableLocation(place) or Path.home())
    name = " ".join(filter(None, ["Heatmap", symbol, moment]))
    return (folder if folder.is_dir() else Path.home()) / f"{name}.png"


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
