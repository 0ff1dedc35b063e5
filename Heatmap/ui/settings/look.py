"""What the settings look like in any host: all of it is derived from the colour of its text.

A host's colours may come from its palette or from its style sheet, dark or light. The colour of a
widget's text is the one that both tell, once the widget is polished; its contrast to the ground is
the host's business. So captions, rules and chosen segments are that colour, more or less
transparent.
"""

from PyQt6.QtCore import QSize, Qt
from PyQt6.QtGui import QColor, QFont, QPainter, QPaintEvent, QPalette
from PyQt6.QtWidgets import QLabel, QSizePolicy, QStyle, QWidget

from Heatmap.runtime.compat import override

CAPTION_OPACITY = 0.72
"""Of the text's own: 4.6 to 1 and more where the text has 9 to 1."""
RULE_OPACITY = 0.16
_CAPTION_SIZE = 0.92
_LEAST_WIDTH = 120
_MIDDLE = 128
_REFUSED = {"dark": "#ff8078", "light": "#b9232b"}


def text_colour(widget: QWidget, opacity: float = 1.0) -> QColor:
    """Return the colour of a widget's text, `opacity` (0 to 1) of it."""
    widget.ensurePolished()
    colour = widget.palette().color(QPalette.ColorRole.WindowText)
    colour.setAlphaF(colour.alphaF() * opacity)
    return colour


def refused_colour(widget: QWidget) -> QColor:
    """Return the red that can be read where the widget stands."""
    return QColor(_REFUSED["dark" if is_on_dark(widget) else "light"])


def is_on_dark(widget: QWidget) -> bool:
    """Whether a widget's ground is dark, as its text tells."""
    return text_colour(widget).lightness() > _MIDDLE


class Caption(QLabel):
    """Words that explain: a little smaller and weaker than the text around them; plain text.

    Attributes
    ----------
    is_refusal
        Whether they say why an entry was refused: then they are red.
    least_width
        Narrower than this they are not to be, pixels.
    """

    def __init__(self, text: str = "") -> None:
        super().__init__(text)
        self.is_refusal = False
        self.least_width = _LEAST_WIDTH
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setWordWrap(True)
        policy = QSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        font = self.font()
        if font.pointSizeF() > 0:
            font.setPointSizeF(font.pointSizeF() * _CAPTION_SIZE)
            self.setFont(font)

    @override
    def minimumSizeHint(self) -> QSize:
        """Ask for one line: how many it takes at a width is told by that width."""
        return QSize(self.least_width, self.fontMetrics().lineSpacing())

    @override
    def paintEvent(self, event: QPaintEvent | None) -> None:
        """Draw the words in their own colour, whatever the style says of labels."""
        del event
        painter = QPainter(self)
        colour = refused_colour(self) if self.is_refusal else text_colour(self, CAPTION_OPACITY)
        if not self.isEnabled():
            painter.setOpacity(0.6)
        painter.setPen(colour)
        flags = self.alignment().value | Qt.TextFlag.TextWordWrap.value
        painter.drawText(self.contentsRect(), flags, self.text())
        painter.end()


class Heading(QLabel):
    """Stands above the rows of a section, with a rule over it unless it is the page's first."""

    def __init__(self, text: str, *, has_rule: bool) -> None:
        super().__init__(text)
        self._has_rule = has_rule
        font = self.font()
        font.setWeight(QFont.Weight.DemiBold)
        self.setFont(font)
        if has_rule:
            self.setContentsMargins(0, 10, 0, 0)

    @override
    def paintEvent(self, event: QPaintEvent | None) -> None:
        """Draw the rule too."""
        super().paintEvent(event)
        if self._has_rule:
            painter = QPainter(self)
            painter.fillRect(0, 2, self.width(), 1, text_colour(self, RULE_OPACITY))
            painter.end()


class RefusalMark(QWidget):
    """A red edge and ground over a control whose entry was refused; it takes no clicks.

    Over it and not of it: a style sheet for the control would take its arrows away, and would not
    be heeded where the host's own says more.
    """

    _RADIUS = 4

    def __init__(self, control: QWidget) -> None:
        super().__init__(control)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.hide()

    def fit(self, size: QSize) -> None:
        """Cover a control of this size."""
        self.resize(size)
        self.raise_()

    @override
    def paintEvent(self, event: QPaintEvent | None) -> None:
        """Paint the edge, and the ground weakly: the entry has to be read."""
        del event
        red = refused_colour(self)
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(red)
        ground = QColor(red)
        ground.setAlphaF(0.16)
        painter.setBrush(ground)
        edge = self.rect().toRectF().adjusted(0.5, 0.5, -0.5, -0.5)
        painter.drawRoundedRect(edge, self._RADIUS, self._RADIUS)
        painter.end()


def indicator_width(widget: QWidget) -> int:
    """Return how far right of a check box's edge its text begins, pixels."""
    style = widget.style()
    if style is None:
        return 0
    return style.pixelMetric(
        QStyle.PixelMetric.PM_IndicatorWidth, None, widget
    ) + style.pixelMetric(QStyle.PixelMetric.PM_CheckBoxLabelSpacing, None, widget)
