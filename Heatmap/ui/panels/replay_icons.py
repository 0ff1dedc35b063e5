"""The replay bar's icons, drawn: no font and no file is needed, in any colour, at 1x and 2x."""

from collections.abc import Callable
from enum import StrEnum

from PyQt6.QtCore import QPointF, QRectF, Qt
from PyQt6.QtGui import QColor, QIcon, QPainter, QPixmap, QPolygonF

SIZE_PX = 18
_BAR = 2.4


class ReplayIcon(StrEnum):
    """What a button of the bar does."""

    START = "start"
    BACK = "back"
    PLAY = "play"
    PAUSE = "pause"
    ON = "on"


def replay_icon(name: ReplayIcon, colour: QColor, faint: QColor) -> QIcon:
    """Return an icon in a colour, and in another one where its button is disabled."""
    icon = QIcon()
    for ink, mode in ((colour, QIcon.Mode.Normal), (faint, QIcon.Mode.Disabled)):
        for ratio in (1, 2):
            icon.addPixmap(_pixmap(name, ink, ratio), mode)
    return icon


def _pixmap(name: ReplayIcon, colour: QColor, ratio: int) -> QPixmap:
    pixmap = QPixmap(SIZE_PX * ratio, SIZE_PX * ratio)
    pixmap.setDevicePixelRatio(ratio)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(colour)
    _DRAWN[name](painter)
    painter.end()
    return pixmap


def _triangle(painter: QPainter, tip: float, base: float) -> None:
    """Draw a triangle from its base to its tip, both on the x axis."""
    half = 5.5
    middle = SIZE_PX / 2
    points = [QPointF(base, middle - half), QPointF(base, middle + half), QPointF(tip, middle)]
    painter.drawPolygon(QPolygonF(points))


def _bar(painter: QPainter, x: float) -> None:
    painter.drawRoundedRect(QRectF(x, 3.5, _BAR, 11), 1, 1)


def _start(painter: QPainter) -> None:
    _bar(painter, 3)
    _triangle(painter, 6, 15)


def _back(painter: QPainter) -> None:
    _triangle(painter, 1.5, 8.5)
    _triangle(painter, 8.5, 15.5)


def _play(painter: QPainter) -> None:
    _triangle(painter, 15, 5)


def _pause(painter: QPainter) -> None:
    _bar(painter, 5)
    _bar(painter, SIZE_PX - 5 - _BAR)


def _on(painter: QPainter) -> None:
    _triangle(painter, 9.5, 2.5)
    _triangle(painter, 16.5, 9.5)


_DRAWN: dict[ReplayIcon, Callable[[QPainter], None]] = {
    ReplayIcon.START: _start,
    ReplayIcon.BACK: _back,
    ReplayIcon.PLAY: _play,
    ReplayIcon.PAUSE: _pause,
    ReplayIcon.ON: _on,
}
