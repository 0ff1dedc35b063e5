"""Paints texts that are written from left to right, whatever the host's application is."""

from PyQt6.QtCore import Qt
from PyQt6.QtGui import QPaintDevice, QPainter


def text_painter(device: QPaintDevice | None) -> QPainter:
    """Return a painter on a device for texts; else the application's direction places them."""
    painter = QPainter(device)
    painter.setLayoutDirection(Qt.LayoutDirection.LeftToRight)
    return painter
