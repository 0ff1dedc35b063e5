"""What of a panel paints itself, in the panel's colours."""

from PyQt6.QtCore import QEvent
from PyQt6.QtGui import QFontMetrics
from PyQt6.QtWidgets import QWidget

from Heatmap.runtime.compat import override
from Heatmap.ui.panels.panel_colours import PanelColours


class PaintedWidget(QWidget):
    """Has the colours of its palette at hand in `_colours`, and is painted anew with others."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._colours = PanelColours.of(self.palette())

    @override
    def changeEvent(self, event: QEvent | None) -> None:
        """Take over another palette or font."""
        super().changeEvent(event)
        kind = None if event is None else event.type()
        if kind == QEvent.Type.PaletteChange:
            self._colours = PanelColours.of(self.palette())
            self.update()
        elif kind == QEvent.Type.FontChange:
            self.fit_font()

    def fit_font(self) -> None:
        """Be as high as the letters need; called with each other font."""

    def line_px(self, least_px: int) -> int:
        """Return how high a line of text is: more than usual where letters are large."""
        return max(least_px, QFontMetrics(self.font()).height() + 1)
