"""A few values side by side, of which one is chosen; works as a combo box does."""

from PyQt6.QtCore import QRectF, QSize, Qt, pyqtSignal
from PyQt6.QtGui import QFocusEvent, QFont, QFontMetrics, QPainter, QPaintEvent, QPalette
from PyQt6.QtWidgets import QButtonGroup, QHBoxLayout, QSizePolicy, QToolButton, QWidget

from Heatmap.runtime.compat import override
from Heatmap.ui.settings.look import text_colour
from Heatmap.ui.text_painter import text_painter

_PADDING = 11
_HEIGHT = 14
_FRAME, _CHOSEN, _HOVER = 0.30, 0.20, 0.08
_RADIUS = 6.0


class Segments(QWidget):
    """Values side by side, each with its text, of which one is chosen.

    The arrow keys go from one to the next, Tab leaves them. What it offers is called as in
    `QComboBox`; nothing is chosen until `setCurrentIndex` is called.

    Attributes
    ----------
    currentIndexChanged
        Tells the place of the value that is chosen now.
    """

    currentIndexChanged = pyqtSignal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._keys: list[str] = []
        self._group = QButtonGroup(self)
        self._group.idToggled.connect(self._on_toggled)
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(0)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        # Passed on to the value that is chosen; without one a label's letter does nothing.
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    def addItem(self, text: str, key: str) -> None:
        """Add a value behind the others."""
        button = _Segment(text, self)
        self._group.addButton(button, len(self._keys))
        self._keys.append(key)
        self._row.addWidget(button)
        if len(self._keys) == 1:
            self.setFocusProxy(button)

    def count(self) -> int:
        """Return how many values there are."""
        return len(self._keys)

    def itemData(self, index: int) -> str:
        """Return the value at a place."""
        return self._keys[index]

    def findData(self, key: str) -> int:
        """Return the place of a value; -1 where there is none."""
        return self._keys.index(key) if key in self._keys else -1

    def currentIndex(self) -> int:
        """Return the place of what is chosen; -1: nothing is."""
        return self._group.checkedId()

    def currentData(self) -> str | None:
        """Return the value that is chosen."""
        index = self.currentIndex()
        return self._keys[index] if index >= 0 else None

    def setCurrentIndex(self, index: int) -> None:
        """Choose the value at a place."""
        button = self._group.button(index)
        if button is not None:
            button.setChecked(True)

    @override
    def setToolTip(self, text: str | None) -> None:
        """Explain the choice, at each of its values too."""
        super().setToolTip(text)
        for button in self._group.buttons():
            button.setToolTip(text)

    @override
    def paintEvent(self, event: QPaintEvent | None) -> None:
        """Draw the frame around all of them."""
        del event
        painter = text_painter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(text_colour(self, _FRAME))
        painter.drawRoundedRect(_inner(self), _RADIUS, _RADIUS)
        painter.end()

    def _on_toggled(self, index: int, is_on: bool) -> None:
        if is_on:
            self.setFocusProxy(self._group.button(index))
            self.currentIndexChanged.emit(index)


class _Segment(QToolButton):
    """One of the values, drawn by itself: no style has one that suits all the others."""

    def __init__(self, text: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.setText(text)
        self.setCheckable(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        # A ring that says where the keyboard is, not where the mouse was.
        self._has_ring = False

    @override
    def focusInEvent(self, event: QFocusEvent | None) -> None:
        """Learn whether the keyboard led here."""
        super().focusInEvent(event)
        self._has_ring = event is not None and event.reason() != Qt.FocusReason.MouseFocusReason

    @override
    def sizeHint(self) -> QSize:
        """Ask for the room of the bold text, so that nothing moves when another is chosen."""
        self.ensurePolished()
        metrics = QFontMetrics(self._font(is_chosen=True))
        return QSize(
            metrics.horizontalAdvance(self.text()) + 2 * _PADDING, metrics.height() + _HEIGHT
        )

    @override
    def minimumSizeHint(self) -> QSize:
        """Never less: the text is not elided."""
        return self.sizeHint()

    @override
    def paintEvent(self, event: QPaintEvent | None) -> None:
        """Draw the text, on a ground where it is chosen or pointed at."""
        del event
        painter = text_painter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if not self.isEnabled():
            painter.setOpacity(0.45)
        ground = _CHOSEN if self.isChecked() else _HOVER if self.underMouse() else 0.0
        painter.setPen(Qt.PenStyle.NoPen)
        if self.hasFocus() and self._has_ring:
            painter.setPen(self.palette().color(QPalette.ColorRole.Highlight))
        painter.setBrush(text_colour(self, ground))
        painter.drawRoundedRect(_inner(self).adjusted(2, 2, -2, -2), _RADIUS - 2, _RADIUS - 2)
        painter.setPen(text_colour(self, 1.0 if self.isChecked() else 0.85))
        painter.setFont(self._font(is_chosen=self.isChecked()))
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, self.text())
        painter.end()

    def _font(self, *, is_chosen: bool) -> QFont:
        font = QFont(self.font())
        if is_chosen:
            font.setWeight(QFont.Weight.DemiBold)
        return font


def _inner(widget: QWidget) -> QRectF:
    return widget.rect().toRectF().adjusted(0.5, 0.5, -0.5, -0.5)
