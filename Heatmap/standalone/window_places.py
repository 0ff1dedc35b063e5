"""How large a first window is, and where one more goes: in sight, and on no other. Pure."""

from collections.abc import Collection, Iterator

from PyQt6.QtCore import QPoint, QRect, QSize

OFFSET_PX = 32
"""One more window is so much further right and down."""
FRAME_PX = 16, 48
"""What a frame takes of a screen's width and height, and a little air."""
_MOST_STEPS = 20


def first_size(wanted: QSize, room: QSize, least: QSize) -> QSize:
    """Return the size of a window that was never open before: as wanted, where there is room.

    Parameters
    ----------
    wanted
        On a large screen.
    room
        What windows may have of the screen; a laptop with large letters has little.
    least
        No window is smaller.
    """
    inner = QSize(room.width() - FRAME_PX[0], room.height() - FRAME_PX[1])
    return wanted.boundedTo(inner).expandedTo(least)


def place_beside(
    like: QRect, room: QRect, taken: Collection[tuple[int, int]], least: QSize
) -> QRect:
    """Return a place for one more window.

    Parameters
    ----------
    like
        Where the window is that it is to be like: as large, and a little further right and down.
    room
        The part of the screen that windows may have.
    taken
        Upper left corners of all windows.
    least
        No window is smaller.
    """
    first = QRect(like)
    for place in _candidates(like, room, least):
        if (place.x(), place.y()) not in taken:
            return place
        first = place
    return first


def _candidates(like: QRect, room: QRect, least: QSize) -> Iterator[QRect]:
    size = like.size().boundedTo(room.size())
    most = QPoint(room.x() + room.width() - size.width(), room.y() + room.height() - size.height())
    for step in range(1, _MOST_STEPS + 1):
        x, y = like.x() + step * OFFSET_PX, like.y() + step * OFFSET_PX
        yield QRect(QPoint(max(room.x(), min(x, most.x())), max(room.y(), min(y, most.y()))), size)
    # There is no other corner for one so large.
    for step in range(1, _MOST_STEPS + 1):
        corner = room.topLeft() + QPoint(step * OFFSET_PX, step * OFFSET_PX)
        left = QSize(room.width() - step * OFFSET_PX, room.height() - step * OFFSET_PX)
        yield QRect(corner, size.boundedTo(left).expandedTo(least))
