"""The right end of the status bar: how prices are laid out, and what time it is on the chart."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from PyQt6.QtCore import QCoreApplication, Qt, QTimer
from PyQt6.QtGui import QAction, QActionGroup, QFont, QHideEvent, QShowEvent
from PyQt6.QtWidgets import QHBoxLayout, QMenu, QToolButton, QWidget

from Heatmap.runtime.compat import override
from Heatmap.standalone.chart_clock import LOCAL, ChartClock
from Heatmap.standalone.chart_clock import UTC as UTC_NAME

_SECOND_MS = 1000
_GAP_PX = 2


class ScaleBar(QWidget):
    """Auto, Log and %, and a clock with its zone.

    Parameters
    ----------
    actions
        What the three do, in this order; each is on or off.
    times
        Says times as the chart does.
    now_ms
        Gives the time that the chart shows, UTC milliseconds; ``None``: it shows nothing yet.
    choose_zone
        Called with the name of the zone that the user wants.

    Attributes
    ----------
    buttons
        Auto, Log and %.
    clock
        The clock; its menu has the zones.
    """

    def __init__(
        self,
        actions: Sequence[QAction],
        times: ChartClock,
        now_ms: Callable[[], int | None],
        choose_zone: Callable[[str], object],
    ) -> None:
        super().__init__()
        self._times = times
        self._now_ms = now_ms
        self._choose_zone = choose_zone
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(_GAP_PX)
        self.buttons: list[QToolButton] = []
        words = (_tr("Auto"), _tr("Log"), "%")
        for action, word in zip(actions, words, strict=True):
            button = QToolButton()
            # The menu has it in full.
            action.setIconText(word)
            button.setDefaultAction(action)
            button.setObjectName("scale")
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            button.setAccessibleName(action.text())
            row.addWidget(button)
            self.buttons.append(button)
        self.clock = QToolButton()
        self.clock.setObjectName("clock")
        self.clock.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.clock.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.clock.setToolTip(_tr("Time of the chart and its zone; a click changes the zone"))
        self.clock.setAccessibleName(_tr("Time of the chart"))
        self.clock.setFont(_tabular(self.clock.font()))
        menu = QMenu(self.clock)
        menu.aboutToShow.connect(self._fill_zones)
        self.clock.setMenu(menu)
        self._zones = menu
        row.addWidget(self.clock)
        # At each full second of the clock that is shown, as long as somebody can see it.
        self._beat = QTimer(self)
        self._beat.setSingleShot(True)
        self._beat.setTimerType(Qt.TimerType.PreciseTimer)
        self._beat.timeout.connect(self.show_time)

    def show_time(self) -> None:
        """Show what time it is now."""
        now_ms = self._now_ms()
        if now_ms is not None:
            words = f"{self._times.clock(now_ms)} {self._times.zone_words(now_ms)}"
            if words != self.clock.text():
                self.clock.setText(words)
        if self.isVisible():
            left_ms = _SECOND_MS if now_ms is None else _SECOND_MS - now_ms % _SECOND_MS
            self._beat.start(left_ms)

    # -- Qt -----------------------------------------------------------------------------------

    @override
    def showEvent(self, event: QShowEvent | None) -> None:
        """Let the clock go."""
        super().showEvent(event)
        self.show_time()

    @override
    def hideEvent(self, event: QHideEvent | None) -> None:
        """Count no seconds that nobody sees."""
        super().hideEvent(event)
        self._beat.stop()

    def _fill_zones(self) -> None:
        """Offer UTC, this computer's zone, and the one that is chosen where it is another."""
        menu = self._zones
        menu.clear()
        group = QActionGroup(menu)
        names = dict.fromkeys((UTC_NAME, LOCAL, self._times.name))
        for name in names:
            action = QAction(_zone_text(name), menu)
            action.setCheckable(True)
            action.setChecked(name == self._times.name)
            action.triggered.connect(lambda _checked, name=name: self._take_zone(name))
            group.addAction(action)
            menu.addAction(action)

    def _take_zone(self, name: str) -> None:
        self._choose_zone(name)
        self.show_time()


def _zone_text(name: str) -> str:
    if name != LOCAL:
        return name
    zone = ChartClock(LOCAL)
    now_ms = int(datetime.now(UTC).timestamp() * 1000)
    return _tr("This computer's ({zone})").format(zone=zone.zone_words(now_ms))


def _tabular(font: QFont) -> QFont:
    """Return a font whose digits are of one width: the clock does not jump."""
    tabular = QFont(font)
    if hasattr(QFont, "setFeature"):
        tabular.setFeature(QFont.Tag("tnum"), 1)
    return tabular


def _tr(text: str) -> str:
    return QCoreApplication.translate("StatusBar", text)
