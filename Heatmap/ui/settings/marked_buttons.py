"""Check boxes and radio buttons whose mark can be seen in any host.

A host that colours every widget by one rule of its style sheet, as ``QWidget { background: ... }``,
leaves the mark of a box to the style, which then draws its edge in the colour of the ground: a box
that is not checked is not to be seen.
"""

from PyQt6.QtCore import QRect, Qt
from PyQt6.QtGui import QImage, QPainter, QPaintEvent, QPalette
from PyQt6.QtWidgets import QAbstractButton, QCheckBox, QRadioButton, QStyle, QStyleOptionButton

from Heatmap.runtime.compat import override
from Heatmap.ui.settings.look import text_colour

EDGE_OPACITY = 0.55
"""Of the text's own, as an edge has to be seen and not to be read: 3 to 1 and more."""
_FAINT = 28
"""Lightness that no pixel of a mark differs from its ground by, 0 to 255: nobody sees it."""
_RADIUS = 2


class MarkedBox(QCheckBox):
    """A check box whose mark has an edge where the style's cannot be seen."""

    @override
    def paintEvent(self, event: QPaintEvent | None) -> None:
        """Draw it as the style does, and the edge."""
        super().paintEvent(event)
        option = QStyleOptionButton()
        self.initStyleOption(option)
        _edge(self, option, QStyle.SubElement.SE_CheckBoxIndicator, _RADIUS)


class MarkedRadio(QRadioButton):
    """The same of a radio button."""

    @override
    def paintEvent(self, event: QPaintEvent | None) -> None:
        """Draw it as the style does, and the edge."""
        super().paintEvent(event)
        option = QStyleOptionButton()
        self.initStyleOption(option)
        _edge(self, option, QStyle.SubElement.SE_RadioButtonIndicator, None)


def _edge(
    button: QAbstractButton,
    option: QStyleOptionButton,
    element: QStyle.SubElement,
    radius: int | None,
) -> None:
    """Draw the edge of a button's mark if it needs one; `radius` in pixels, ``None``: a circle."""
    style = button.style()
    if style is None:
        return
    mark = style.subElementRect(element, option, button)
    if mark.isEmpty() or not _is_faint(button, style, option, mark, is_round=radius is None):
        return
    painter = QPainter(button)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(text_colour(button, EDGE_OPACITY if button.isEnabled() else EDGE_OPACITY / 2))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    edge = mark.toRectF().adjusted(0.5, 0.5, -0.5, -0.5)
    if radius is None:
        painter.drawEllipse(edge)
    else:
        painter.drawRoundedRect(edge, radius, radius)
    painter.end()


def _is_faint(
    button: QAbstractButton,
    style: QStyle,
    option: QStyleOptionButton,
    mark: QRect,
    *,
    is_round: bool,
) -> bool:
    """Whether the mark, unchecked and without the mouse over it, is nothing but its ground."""
    ground = button.palette().color(QPalette.ColorRole.Window)
    image = QImage(mark.size(), QImage.Format.Format_RGB32)
    image.fill(ground)
    option.rect = image.rect()
    option.state = QStyle.StateFlag.State_Enabled | QStyle.StateFlag.State_Off
    element = (
        QStyle.PrimitiveElement.PE_IndicatorRadioButton
        if is_round
        else QStyle.PrimitiveElement.PE_IndicatorCheckBox
    )
    painter = QPainter(image)
    style.drawPrimitive(element, option, painter, button)
    painter.end()
    lightness = ground.lightness()
    return all(
        abs(image.pixelColor(x, y).lightness() - lightness) < _FAINT
        for x in range(image.width())
        for y in range(image.height())
    )
