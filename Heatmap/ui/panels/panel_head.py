"""The head of a panel: its name, and room for what is set there."""

from PyQt6.QtCore import QEvent, QSize
from PyQt6.QtGui import QFont
from PyQt6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QWidget

from Heatmap.runtime.compat import override
from Heatmap.ui.panels.panel_colours import PanelColours

HEIGHT_PX = 34
_EDGE_PX, _GAP_PX = 12, 8
# Of secondary text, as a part of the system's size.
SECOND_SIZE = 0.92


class PanelHead(QWidget):
    """One line above a panel; a host may put it into a dock's title bar instead.

    What is set there is added with `add`.

    Parameters
    ----------
    title
        The panel's name.
    caption
        Said beside it, in smaller letters; empty: nothing.
    """

    def __init__(self, title: str, caption: str = "") -> None:
        super().__init__()
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(_EDGE_PX, 0, _GAP_PX, 0)
        self._row.setSpacing(_GAP_PX)
        name = QLabel(title)
        font = QFont(name.font())
        font.setWeight(QFont.Weight.DemiBold)
        name.setFont(font)
        self._row.addWidget(name)
        self.caption = QLabel(caption)
        self.caption.setFont(scaled(self.caption.font(), SECOND_SIZE))
        self._row.addWidget(self.caption)
        self._row.addStretch(1)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFixedHeight(HEIGHT_PX)
        self.setAutoFillBackground(True)
        self._restyle()

    def add(self, widget: QWidget) -> None:
        """Put something at the right end."""
        self._row.addWidget(widget)

    @override
    def changeEvent(self, event: QEvent | None) -> None:
        """Take over another palette."""
        super().changeEvent(event)
        if event is not None and event.type() == QEvent.Type.PaletteChange:
            self._restyle()

    def _restyle(self) -> None:
        ink = PanelColours.of(self.palette()).caption
        # A window that gives each widget its palette would undo a palette.
        self.caption.setStyleSheet(f"color: {ink.name()}; background: transparent")

    @override
    def sizeHint(self) -> QSize:
        """Return a dock's title bar's size: `setFixedHeight` does nothing there."""
        return QSize(super().sizeHint().width(), HEIGHT_PX)

    @override
    def minimumSizeHint(self) -> QSize:
        """Return the same height."""
        return QSize(super().minimumSizeHint().width(), HEIGHT_PX)


def scaled(font: QFont, factor: float) -> QFont:
    """Return a font of another size, its digits of one width."""
    changed = tabular(font)
    if font.pointSizeF() > 0:
        changed.setPointSizeF(font.pointSizeF() * factor)
    else:
        changed.setPixelSize(round(font.pixelSize() * factor))
    return changed


def tabular(font: QFont) -> QFont:
    """Return a font with digits of one width, so that counting numbers stand still."""
    changed = QFont(font)
    if hasattr(QFont, "setFeature"):
        changed.setFeature(QFont.Tag("tnum"), 1)
    return changed
