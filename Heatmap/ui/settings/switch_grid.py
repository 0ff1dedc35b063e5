"""Switches side by side, as many in a row as their words leave room for."""

from PyQt6.QtCore import QSize
from PyQt6.QtGui import QResizeEvent
from PyQt6.QtWidgets import QGridLayout, QWidget

from Heatmap.runtime.compat import override

_MOST_COLUMNS = 2
_GAP_PX = 16


class SwitchGrid(QWidget):
    """Puts widgets into two columns, from left to right, or one below the other."""

    def __init__(self) -> None:
        super().__init__()
        self._widgets: list[QWidget] = []
        self._columns = _MOST_COLUMNS
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(_GAP_PX)
        self._grid.setVerticalSpacing(6)

    def add(self, widget: QWidget) -> None:
        """Put a widget behind the others."""
        self._widgets.append(widget)
        self._arrange(self._columns)

    @override
    def minimumSizeHint(self) -> QSize:
        """Ask for the width of the widest: two columns are a matter of room."""
        width = max((one.minimumSizeHint().width() for one in self._widgets), default=0)
        return QSize(width, super().minimumSizeHint().height())

    @override
    def resizeEvent(self, event: QResizeEvent | None) -> None:
        """Use the room that there is."""
        super().resizeEvent(event)
        hints = [one.sizeHint().width() for one in self._widgets]
        widest = [max(hints[at::_MOST_COLUMNS], default=0) for at in range(_MOST_COLUMNS)]
        needed = 2 * max(widest) + _GAP_PX
        columns = _MOST_COLUMNS if needed <= self.width() else 1
        if columns != self._columns:
            self._arrange(columns)

    def _arrange(self, columns: int) -> None:
        self._columns = columns
        for at, widget in enumerate(self._widgets):
            self._grid.addWidget(widget, at // columns, at % columns)
        for column in range(_MOST_COLUMNS):
            self._grid.setColumnStretch(column, 1 if column < columns else 0)
