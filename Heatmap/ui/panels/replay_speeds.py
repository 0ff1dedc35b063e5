"""The speeds of a replay beside each other, or in a list where there is no room for that."""

from PyQt6.QtCore import QEvent, pyqtSignal
from PyQt6.QtGui import QFont, QFontMetrics
from PyQt6.QtWidgets import QButtonGroup, QComboBox, QFrame, QHBoxLayout, QToolButton, QWidget

from Heatmap.runtime.compat import override
from Heatmap.runtime.replay_clock import SPEEDS

_FRAME_PX, _HEIGHT_PX, _LEAST_PX, _AROUND_PX = 30, 26, 38, 10


class ReplaySpeeds(QWidget):
    """Chooses one of `SPEEDS`.

    Parameters
    ----------
    keys
        Which keys do the same, for the tool tips.

    Attributes
    ----------
    chosen
        A speed that the user wants.
    """

    chosen = pyqtSignal(int)

    def __init__(self, keys: str) -> None:
        super().__init__()
        self.segments = QFrame()
        self.segments.setObjectName("speeds")
        self.segments.setFixedHeight(_FRAME_PX)
        self.segments.setAccessibleName(self.tr("Speed"))
        row = QHBoxLayout(self.segments)
        row.setContentsMargins(2, 2, 2, 2)
        row.setSpacing(0)
        group = QButtonGroup(self.segments)
        self.buttons: dict[int, QToolButton] = {}
        self.list = QComboBox()
        self.list.setAccessibleName(self.tr("Speed"))
        for speed in SPEEDS:
            text = f"{speed}\u00d7"
            button = QToolButton()
            button.setText(text)
            button.setCheckable(True)
            button.setFixedHeight(_HEIGHT_PX)
            words = self.tr("{speed} times as fast as it was ({keys})")
            button.setToolTip(words.format(speed=speed, keys=keys))
            button.clicked.connect(lambda _on, speed=speed: self.chosen.emit(speed))
            group.addButton(button)
            row.addWidget(button)
            self.buttons[speed] = button
            self.list.addItem(text, speed)
        self.list.activated.connect(lambda at: self.chosen.emit(SPEEDS[at]))
        both = QHBoxLayout(self)
        both.setContentsMargins(0, 0, 0, 0)
        both.addWidget(self.segments)
        both.addWidget(self.list)
        self._fit()
        self.set_narrow(is_narrow=False)

    def show_speed(self, speed: int) -> None:
        """Show which speed is in force, and tell nobody."""
        self.buttons[speed].setChecked(True)
        self.list.setCurrentIndex(SPEEDS.index(speed))

    @override
    def changeEvent(self, event: QEvent | None) -> None:
        """Have room for the chosen speed, which is bold, in another font."""
        super().changeEvent(event)
        if event is not None and event.type() == QEvent.Type.FontChange:
            self._fit()

    def _fit(self) -> None:
        strong = QFont(self.font())
        strong.setWeight(QFont.Weight.DemiBold)
        metrics = QFontMetrics(strong)
        for button in getattr(self, "buttons", {}).values():
            text_px = metrics.horizontalAdvance(button.text()) + _AROUND_PX
            button.setMinimumWidth(max(_LEAST_PX, text_px))

    def wide_width(self) -> int:
        """Return what the speeds beside each other need, pixels."""
        return self.segments.minimumSizeHint().width()

    def narrow_width(self) -> int:
        """Return what the list needs, pixels."""
        return self.list.minimumSizeHint().width()

    def set_narrow(self, *, is_narrow: bool) -> None:
        """Show the list in place of the segments, or not."""
        self.segments.setVisible(not is_narrow)
        self.list.setVisible(is_narrow)
