"""The head of a panel: its name, and room for what is set there."""

from PyQt6.QtCore import QEvent, QSize, Qt
from PyQt6.QtGui import QColor, QFont, QFontMetrics, QHelpEvent, QPaintEvent
from PyQt6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QToolTip, QWidget

from Heatmap.runtime.compat import override
from Heatmap.ui.language import write_as_user
from Heatmap.ui.panels.panel_colours import PanelColours
from Heatmap.ui.text_painter import text_painter

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
        # A host may put it elsewhere.
        write_as_user(self)
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(_EDGE_PX, 0, _GAP_PX, 0)
        self._row.setSpacing(_GAP_PX)
        name = QLabel(title)
        font = QFont(name.font())
        font.setWeight(QFont.Weight.DemiBold)
        name.setFont(font)
        self._row.addWidget(name)
        self.caption = HeadCaption(caption)
        self._row.addWidget(self.caption, 1)
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
        self.caption.show_ink(PanelColours.of(self.palette()).caption)

    @override
    def sizeHint(self) -> QSize:
        """Return a dock's title bar's size: `setFixedHeight` does nothing there."""
        return QSize(super().sizeHint().width(), HEIGHT_PX)

    @override
    def minimumSizeHint(self) -> QSize:
        """Return the same height."""
        return QSize(super().minimumSizeHint().width(), HEIGHT_PX)


class HeadCaption(QLabel):
    """What is said beside a panel's name; cut with an ellipsis where there is no room for it."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self._ink = self.palette().color(self.foregroundRole())

    def show_ink(self, ink: QColor) -> None:
        """Write it in a colour, whatever the host's style sheet says of labels."""
        self._ink = ink
        self.update()

    def shown_text(self) -> str:
        """Return as much of it as there is room for."""
        cut = Qt.TextElideMode.ElideRight
        return QFontMetrics(self._smaller()).elidedText(self.text(), cut, self.width())

    def _is_cut(self) -> bool:
        return self.shown_text() != self.text()

    def _smaller(self) -> QFont:
        # Its own font stays the host's, whatever that becomes.
        return scaled(self.font(), SECOND_SIZE)

    @override
    def sizeHint(self) -> QSize:
        """Return what its whole text needs."""
        metrics = QFontMetrics(self._smaller())
        return QSize(metrics.horizontalAdvance(self.text()) + 1, metrics.height())

    @override
    def minimumSizeHint(self) -> QSize:
        """Return that it takes what there is."""
        return QSize(0, super().minimumSizeHint().height())

    @override
    def event(self, event: QEvent | None) -> bool:
        """Say what was cut in the tool tip, where it has none of its own."""
        if isinstance(event, QHelpEvent) and not self.toolTip() and self._is_cut():
            QToolTip.showText(event.globalPos(), self.text(), self)
            return True
        return super().event(event)

    @override
    def paintEvent(self, _event: QPaintEvent | None) -> None:
        """Write it."""
        painter = text_painter(self)
        painter.setPen(self._ink)
        painter.setFont(self._smaller())
        side = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        painter.drawText(self.rect(), side, self.shown_text())
        painter.end()


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
