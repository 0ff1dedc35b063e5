"""The icons of ways in the list of rules, drawn as lines into a square of 24."""

from collections.abc import Callable

from PyQt6.QtCore import QPointF, QRectF, Qt
from PyQt6.QtGui import QColor, QPainter, QPainterPath, QPen

SIZE_PX = 16
_GRID = 24.0
_STROKE = 1.9


def paint_way(painter: QPainter, kind: str, place: QPointF, colour: QColor) -> None:
    """Paint the icon of a way.

    Parameters
    ----------
    painter
        Where.
    kind
        ``desktop``, ``sound``, ``webhook``; any other is a bell.
    place
        Its upper left corner.
    colour
        Of its lines.
    """
    path = QPainterPath()
    _DRAWN.get(kind, _bell)(path)
    painter.save()
    painter.translate(place)
    painter.scale(SIZE_PX / _GRID, SIZE_PX / _GRID)
    pen = QPen(colour, _STROKE)
    pen.setCapStyle(Qt.PenCapStyle.RoundCap)
    pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
    painter.setPen(pen)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawPath(path)
    painter.restore()


def _desktop(path: QPainterPath) -> None:
    path.addRoundedRect(QRectF(3, 4.5, 18, 12), 1.5, 1.5)
    _line(path, (8, 20.5), (16, 20.5))
    _line(path, (12, 16.5), (12, 20.5))


def _sound(path: QPainterPath) -> None:
    _line(path, (4, 9.5), (7.5, 9.5), (12, 5.5), (12, 18.5), (7.5, 14.5), (4, 14.5), (4, 9.5))
    path.moveTo(15.5, 9)
    path.quadTo(18, 12, 15.5, 15)
    path.moveTo(18, 6)
    path.quadTo(23, 12, 18, 18)


def _webhook(path: QPainterPath) -> None:
    for x, y in ((12.0, 6.5), (6.0, 17.0), (18.0, 17.0)):
        path.addEllipse(QPointF(x, y), 2.6, 2.6)
    _line(path, (10.7, 8.8), (7.3, 14.7))
    _line(path, (13.3, 8.8), (16.7, 14.7))
    _line(path, (8.6, 17), (15.4, 17))


def _bell(path: QPainterPath) -> None:
    path.moveTo(5, 17)
    path.cubicTo(8, 14, 6, 6, 12, 5)
    path.cubicTo(18, 6, 16, 14, 19, 17)
    path.closeSubpath()
    path.moveTo(10, 20)
    path.quadTo(12, 22, 14, 20)


def _line(path: QPainterPath, *points: tuple[float, float]) -> None:
    path.moveTo(*points[0])
    for point in points[1:]:
        path.lineTo(*point)


_DRAWN: dict[str, Callable[[QPainterPath], None]] = {
    "desktop": _desktop,
    "sound": _sound,
    "webhook": _webhook,
}
