"""Pictures as arrays."""

import numpy as np
from PyQt6.QtGui import QImage
from PyQt6.QtWidgets import QWidget


def grab(widget: QWidget) -> np.ndarray:
    """Give what a widget shows: (height, width, 3) int, red green blue."""
    image = widget.grab().toImage().convertToFormat(QImage.Format.Format_RGB888)
    bits = image.constBits()
    assert bits is not None
    data = np.frombuffer(bits.asstring(image.sizeInBytes()), np.uint8)
    rows = data.reshape(image.height(), image.bytesPerLine())[:, : image.width() * 3]
    return rows.reshape(image.height(), image.width(), 3).astype(int)
