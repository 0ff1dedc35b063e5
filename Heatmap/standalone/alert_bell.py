"""The bell in the tool bar: how many alerts nobody has looked at."""

from PyQt6.QtCore import QCoreApplication, QObject, QRectF, QSettings, Qt
from PyQt6.QtGui import QAction, QColor, QFont, QFontMetricsF, QPainter, QPaintEvent
from PyQt6.QtWidgets import QToolButton

from Heatmap import HeatmapService
from Heatmap.runtime.compat import override
from Heatmap.standalone.actions import with_keys
from Heatmap.standalone.theme import colours_of
from Heatmap.standalone.unseen_alerts import UnseenAlerts
from Heatmap.ui import AlertPanel

MOST_SHOWN = 99
_BADGE_PX, _LETTER_PX, _ROOM_PX = 15.0, 10, 4.0


class BellButton(QToolButton):
    """A button with a number at its corner; without one where that is 0."""

    def __init__(self) -> None:
        super().__init__()
        self._count = 0
        self._theme = "dark"

    @property
    def count(self) -> int:
        """The number."""
        return self._count

    def set_count(self, count: int) -> None:
        """Show this number; painted anew only where it is another one."""
        if count != self._count:
            self._count = count
            self.update()

    def set_theme(self, theme: str) -> None:
        """Take the colours of a theme."""
        self._theme = theme
        self.update()

    @override
    def paintEvent(self, event: QPaintEvent | None) -> None:
        """Paint the button, and the number over it."""
        super().paintEvent(event)
        if not self._count:
            return
        colours = colours_of(self._theme)
        text = str(self._count) if self._count <= MOST_SHOWN else f"{MOST_SHOWN}+"
        font = QFont(self.font())
        font.setPixelSize(_LETTER_PX)
        font.setWeight(QFont.Weight.DemiBold)
        width = max(_BADGE_PX, QFontMetricsF(font).horizontalAdvance(text) + 2 * _ROOM_PX)
        box = QRectF(self.width() - width, 0.0, width, _BADGE_PX)
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(colours["accent"]))
        painter.drawRoundedRect(box, _BADGE_PX / 2, _BADGE_PX / 2)
        painter.setFont(font)
        painter.setPen(QColor(colours["on_accent"]))
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text)
        painter.end()


class AlertBell(QObject):
    """Keeps the number: what came since the panel was looked at last, in whichever window.

    It was looked at when it is seen in the window that the user works in.

    Parameters
    ----------
    button
        Where the number stands; also the parent.
    action
        Opens and shuts the panel.
    panel
        Where alerts are looked at.
    store
        Where it is kept what was looked at.
    """

    def __init__(
        self, button: BellButton, action: QAction, panel: AlertPanel, store: QSettings
    ) -> None:
        super().__init__(button)
        self._button, self._action, self._panel = button, action, panel
        self._unseen = UnseenAlerts(store)
        self._service: HeatmapService | None = None
        self.refresh()

    def set_service(self, service: HeatmapService | None) -> None:
        """Count what another service rings; ``None``: nothing."""
        self._service = service
        self.refresh()

    def refresh(self) -> None:
        """Show how many there are now."""
        latest = () if self._service is None else self._service.alert_state().latest
        if self._panel.isVisible() and self._panel.isActiveWindow():
            self._unseen.note_seen(latest)
        count = self._unseen.count(latest)
        self._button.set_count(count)
        words = _tr("Show or hide alerts")
        if count:
            words = _tr("Alerts: {count} not seen yet").format(count=count)
        self._action.setToolTip(with_keys(words, self._action))
        self._button.setAccessibleDescription(words if count else "")


def _tr(text: str) -> str:
    # Not the window's own tr: that looks for what stands in the window's class.
    return QCoreApplication.translate("AlertBell", text)
