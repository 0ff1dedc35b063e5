"""What of a panel paints itself, in the panel's colours."""

from PyQt6.QtCore import QEvent
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
        """Take over another palette."""
        super().changeEvent(event)
        if event is not None and event.type() == QEvent.Type.PaletteChange:
            self._colours = PanelColours.of(self.palette())
            self.update()
