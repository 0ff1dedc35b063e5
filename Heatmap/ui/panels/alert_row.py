"""One rule in the panel of alerts: what it watches for, when it rang last, and its switch."""

from PyQt6.QtCore import QRectF, QSize, Qt, pyqtSignal
from PyQt6.QtGui import QFontMetricsF, QPainter, QPaintEvent, QPalette
from PyQt6.QtWidgets import QAbstractButton, QHBoxLayout, QSizePolicy

from Heatmap.alerts.rules import Rule
from Heatmap.runtime.compat import override
from Heatmap.runtime.guarded import guarded
from Heatmap.runtime.safe_log import get_logger
from Heatmap.ui.panels.painted_widget import PaintedWidget
from Heatmap.ui.panels.panel_colours import PanelColours
from Heatmap.ui.panels.panel_head import SECOND_SIZE, scaled
from Heatmap.ui.text_painter import text_painter

logger = get_logger(__name__)

ROW_PX = 46
_EDGE_PX, _GAP_PX, _LINE_PX, _TOP_PX = 12, 10, 18, 5
_SWITCH_PX = 28, 16
_KNOB_PX = 3


class Switch(QAbstractButton):
    """A switch; on at the right, and in the palette's highlight."""

    def __init__(self) -> None:
        super().__init__()
        self.setCheckable(True)
        self.setFixedSize(*_SWITCH_PX)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)

    @override
    def sizeHint(self) -> QSize:
        """Return its size."""
        return QSize(*_SWITCH_PX)

    def note_error(self, error: Exception) -> None:
        """Log an error of its own, which must not reach Qt."""
        logger.error("a switch could not be painted", exc_info=error)

    @override
    @guarded
    def paintEvent(self, _event: QPaintEvent | None) -> None:
        """Paint it."""
        colours, palette = PanelColours.of(self.palette()), self.palette()
        accent = palette.color(QPalette.ColorRole.Highlight)
        painter = text_painter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        box = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        edge = colours.text if self.hasFocus() else accent if self.isChecked() else colours.caption
        painter.setPen(edge)
        painter.setBrush(accent if self.isChecked() else colours.ground)
        painter.drawRoundedRect(box, box.height() / 2, box.height() / 2)
        knob = box.height() - 2 * _KNOB_PX
        left = box.right() - _KNOB_PX - knob if self.isChecked() else box.left() + _KNOB_PX
        painter.setPen(Qt.PenStyle.NoPen)
        is_on = self.isChecked()
        on_accent = palette.color(QPalette.ColorRole.HighlightedText)
        painter.setBrush(on_accent if is_on else colours.caption)
        painter.drawEllipse(QRectF(left, box.top() + _KNOB_PX, knob, knob))
        painter.end()


class AlertRow(PaintedWidget):
    """A rule: two lines and a switch.

    Parameters
    ----------
    rule
        Which.

    Attributes
    ----------
    switched
        The user has switched it on or off.
    rule
        As it was shown last.
    """

    switched = pyqtSignal(bool)

    def __init__(self, rule: Rule) -> None:
        super().__init__()
        self.rule = rule
        self.texts = ("", "")
        self._has_rung = False
        self.switch = Switch()
        self.switch.clicked.connect(self.switched)
        row = QHBoxLayout(self)
        row.setContentsMargins(_EDGE_PX, 0, _EDGE_PX, 0)
        row.addStretch(1)
        row.addWidget(self.switch)
        self.fit_font()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    @override
    def fit_font(self) -> None:
        """Have room for two lines."""
        self.setFixedHeight(ROW_PX + 2 * (self.line_px(_LINE_PX) - _LINE_PX))

    def show_rule(self, rule: Rule, title: str, last: str, has_rung: bool) -> None:
        """Show what a rule watches for, and when it rang last."""
        shown = (self.rule, self.texts, self._has_rung)
        self.rule, self.texts, self._has_rung = rule, (title, last), has_rung
        self.switch.setChecked(rule.is_enabled)
        if shown != (self.rule, self.texts, self._has_rung):
            self.switch.setAccessibleName(title)
            self.switch.setAccessibleDescription(last)
            self.setToolTip(f"{title}\n{last}")
            self.update()

    def note_error(self, error: Exception) -> None:
        """Log an error of its own, which must not reach Qt."""
        logger.error("an alert's row could not be painted", exc_info=error)

    @override
    @guarded
    def paintEvent(self, _event: QPaintEvent | None) -> None:
        """Paint both lines; what is too long is cut, and whole in the tool tip."""
        painter = text_painter(self)
        colours, is_on = self._colours, self.rule.is_enabled
        width = self.switch.geometry().left() - _GAP_PX - _EDGE_PX
        second = colours.warn if self._has_rung else colours.caption
        inks = (colours.text if is_on else colours.caption, second)
        fonts = (self.font(), scaled(self.font(), SECOND_SIZE))
        for at, (text, ink, font) in enumerate(zip(self.texts, inks, fonts, strict=True)):
            painter.setFont(font)
            painter.setPen(ink)
            shown = QFontMetricsF(font).elidedText(text, Qt.TextElideMode.ElideRight, width)
            line_px = self.line_px(_LINE_PX)
            box = QRectF(_EDGE_PX, _TOP_PX + at * line_px, width, line_px)
            painter.drawText(box, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, shown)
        painter.end()
