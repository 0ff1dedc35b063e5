"""The window's icons, drawn as lines: no font and no file that a policy of the system may block.

Each is a function that draws into a square of 24; the theme gives the colour.
"""

from collections.abc import Callable
from functools import lru_cache

from PyQt6.QtCore import QPointF, QRectF, QSize, Qt
from PyQt6.QtGui import QColor, QIcon, QPainter, QPainterPath, QPen, QPixmap

SIZE_PX = 19
"""Of a button's icon."""
SMALL_PX = 14
_GRID = 24.0
_STROKE = 1.75
_RATIOS = (1.0, 2.0)
_PROGRAM_PX = (16, 24, 32, 48, 64, 128, 256)
# Of the program's own: top, height and colour of a band; left, top, height and wick of a candle.
_BANDS = ((3.0, 4.0, "#e8c33a"), (7.0, 2.5, "#27918d"), (17.0, 3.0, "#3b4f9e"))
_CANDLES = (
    (3.5, 13.0, 6.0, 1.5, "#2bb3a0"),
    (10.0, 8.5, 6.5, 1.5, "#2bb3a0"),
    (16.5, 9.5, 5.0, 2.0, "#ef5a58"),
)


def icon(name: str, colour: str, chosen: str | None = None, size_px: int = SIZE_PX) -> QIcon:
    """Return an icon of this name, for screens of one and of two pixels a point.

    Parameters
    ----------
    name
        One of `NAMES`.
    colour, chosen
        Of its lines, and of a button that is pressed in; ``None``: the same.
    size_px
        Its edge.

    Raises
    ------
    KeyError
        There is no such icon.
    """
    made = QIcon()
    for ratio in _RATIOS:
        for state, ink in ((QIcon.State.Off, colour), (QIcon.State.On, chosen or colour)):
            made.addPixmap(_pixmap(name, ink, size_px, ratio), QIcon.Mode.Normal, state)
    return made


def program_icon() -> QIcon:
    """Return the program's own, for windows, the task bar and notifications: bands behind candles.

    It has a ground of its own: it is seen on dark bars and on light ones.
    """
    made = QIcon()
    for edge in _PROGRAM_PX:
        picture = QPixmap(edge, edge)
        picture.fill(Qt.GlobalColor.transparent)
        painter = QPainter(picture)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.scale(edge / _GRID, edge / _GRID)
        painter.setPen(Qt.PenStyle.NoPen)
        tile = QPainterPath()
        tile.addRoundedRect(QRectF(0.5, 0.5, 23, 23), 5, 5)
        painter.fillPath(tile, QColor("#10131a"))
        painter.setClipPath(tile)
        for top, height, colour in _BANDS:
            painter.fillRect(QRectF(0, top, _GRID, height), QColor(colour))
        for left, top, height, wick, colour in _CANDLES:
            painter.fillRect(QRectF(left, top, 4, height), QColor(colour))
            painter.fillRect(QRectF(left + 1.5, top - wick, 1, height + 2 * wick), QColor(colour))
        painter.end()
        made.addPixmap(picture)
    return made


@lru_cache(maxsize=256)
def _pixmap(name: str, colour: str, size_px: int, ratio: float) -> QPixmap:
    edge = round(size_px * ratio)
    picture = QPixmap(QSize(edge, edge))
    picture.fill(Qt.GlobalColor.transparent)
    painter = QPainter(picture)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.scale(edge / _GRID, edge / _GRID)
    pen = QPen(QColor(colour), _STROKE)
    pen.setCapStyle(Qt.PenCapStyle.RoundCap)
    pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
    painter.setPen(pen)
    path = QPainterPath()
    _DRAWN[name](path)
    painter.drawPath(path)
    painter.end()
    picture.setDevicePixelRatio(ratio)
    return picture


def _line(path: QPainterPath, *points: tuple[float, float]) -> None:
    path.moveTo(*points[0])
    for point in points[1:]:
        path.lineTo(*point)


def _menu(path: QPainterPath) -> None:
    for y in (6.0, 12.0, 18.0):
        _line(path, (4, y), (20, y))


def _search(path: QPainterPath) -> None:
    path.addEllipse(QPointF(10, 10), 6.5, 6.5)
    _line(path, (15, 15), (20.5, 20.5))


def _chevron_down(path: QPainterPath) -> None:
    _line(path, (6, 9), (12, 15), (18, 9))


def _bell(path: QPainterPath) -> None:
    path.moveTo(4.5, 17)
    path.cubicTo(6, 15.5, 6.5, 14, 6.5, 12)
    path.lineTo(6.5, 10.5)
    path.arcTo(QRectF(6.5, 5, 11, 11), 180, -180)
    path.lineTo(17.5, 12)
    path.cubicTo(17.5, 14, 18, 15.5, 19.5, 17)
    path.closeSubpath()
    _line(path, (12, 3), (12, 5))
    path.moveTo(9.5, 17)
    path.cubicTo(9.5, 21, 14.5, 21, 14.5, 17)


def _replay(path: QPainterPath) -> None:
    # A clock whose rim is an arrow that runs back.
    path.moveTo(4.4, 9.5)
    path.arcTo(QRectF(4, 4, 16, 16), 162, -322)
    _line(path, (4, 4.5), (4.2, 9.7), (9.4, 9.5))
    _line(path, (12, 8), (12, 12), (15, 14))


def _camera(path: QPainterPath) -> None:
    _line(path, (9, 4.5), (15, 4.5), (16.8, 7.5), (19, 7.5))
    path.arcTo(QRectF(17, 7.5, 4, 4), 90, -90)
    path.lineTo(21, 17.5)
    path.arcTo(QRectF(17, 15.5, 4, 4), 0, -90)
    path.lineTo(5, 19.5)
    path.arcTo(QRectF(3, 15.5, 4, 4), 270, -90)
    path.lineTo(3, 9.5)
    path.arcTo(QRectF(3, 7.5, 4, 4), 180, -90)
    path.lineTo(7.2, 7.5)
    path.closeSubpath()
    path.addEllipse(QPointF(12, 13), 3.2, 3.2)


def _panels(path: QPainterPath) -> None:
    path.addRoundedRect(QRectF(4, 4, 16, 16), 2, 2)
    _line(path, (15, 4), (15, 20))


def _settings(path: QPainterPath) -> None:
    # Three sliders: teeth of a wheel are too fine for 19 pixels.
    for y, x in ((6.0, 15.0), (12.0, 8.5), (18.0, 13.0)):
        _line(path, (4, y), (x - 2.2, y))
        path.addEllipse(QPointF(x, y), 2.2, 2.2)
        _line(path, (x + 2.2, y), (20, y))


_DRAWN: dict[str, Callable[[QPainterPath], None]] = {
    "menu": _menu,
    "search": _search,
    "chevron-down": _chevron_down,
    "bell": _bell,
    "replay": _replay,
    "camera": _camera,
    "panels": _panels,
    "settings": _settings,
}

NAMES = frozenset(_DRAWN)
"""The icons that there are."""
