"""One line of a panel that says what is amiss; whole in its tool tip, gone where nothing is."""

from PyQt6.QtCore import QRectF, QSize, Qt
from PyQt6.QtGui import QFontMetricsF, QPaintEvent
from PyQt6.QtWidgets import QSizePolicy

from Heatmap.runtime.compat import override
from Heatmap.runtime.guarded import guarded
from Heatmap.runtime.safe_log import get_logger
from Heatmap.ui.panels.painted_widget import PaintedWidget
from Heatmap.ui.panels.panel_head import SECOND_SIZE, scaled
from Heatmap.ui.text_painter import text_painter

logger = get_logger(__name__)

LINE_PX = 22
_EDGE_PX = 12


class NoticeLine(PaintedWidget):
    """A line in the colour of warnings; hidden until `show_text` gives it words.

    Attributes
    ----------
    text
        What it says, whole; empty: it is hidden.
    """

    def __init__(self) -> None:
        super().__init__()
        self.text = ""
        self.fit_font()
        # As wide as there is room: it never asks for its whole text.
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.hide()

    @override
    def fit_font(self) -> None:
        """Have room for its line."""
        self.setFixedHeight(self.line_px(LINE_PX))

    def show_text(self, text: str) -> None:
        """Say this, or nothing."""
        if text == self.text:
            return
        self.text = text
        self.setToolTip(text)
        self.setAccessibleName(text)
        self.setVisible(bool(text))
        self.update()

    @override
    def sizeHint(self) -> QSize:
        """Return its height."""
        return QSize(1, self.line_px(LINE_PX))

    def note_error(self, error: Exception) -> None:
        """Log an error of its own, which must not reach Qt."""
        logger.error("a line of a panel could not be painted", exc_info=error)

    @override
    @guarded
    def paintEvent(self, _event: QPaintEvent | None) -> None:
        """Paint it; what is too long is cut."""
        painter = text_painter(self)
        font = scaled(self.font(), SECOND_SIZE)
        painter.setFont(font)
        painter.setPen(self._colours.warn)
        box = QRectF(self.rect()).adjusted(_EDGE_PX, 0, -_EDGE_PX, 0)
        shown = QFontMetricsF(font).elidedText(self.text, Qt.TextElideMode.ElideRight, box.width())
        painter.drawText(box, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, shown)
        painter.end()
