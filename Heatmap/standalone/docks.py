"""The window's docks: totals, tape and alerts beside the chart."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from PyQt6.QtCore import QCoreApplication, QEvent, QObject, QSize, Qt, QTimeZone
from PyQt6.QtGui import QAction, QKeySequence
from PyQt6.QtWidgets import QAbstractButton, QDockWidget, QMainWindow, QToolButton, QWidget

from Heatmap import HeatmapService
from Heatmap.runtime.compat import override
from Heatmap.standalone.actions import with_keys
from Heatmap.standalone.window_store import WindowStore
from Heatmap.ui import AlertPanel, HeatmapLayer, LiquidationTape, LiquidationTotals

if TYPE_CHECKING:
    from collections.abc import Callable

WIDTH_PX = 316
"""Of the docks' column."""
LEAST_WINDOW_PX = 1100
"""A narrower window begins without docks."""
_CLOSE_PX = 24
_BY_TAB = Qt.FocusPolicy.TabFocus
_LEAST_USD = "tape_least_usd"


class Docks(QObject):
    """Puts the panels into docks at the right of a window; F9 shuts all of them, or opens all.

    Those that come back are as large as they were.

    A window that is narrow when it is shown first begins without them.

    Parameters
    ----------
    window
        Where they go.
    layer
        The layer of the window's chart.
    store
        Where alert rules and what the tape leaves out are kept.

    Attributes
    ----------
    tape, totals, alerts
        The panels.
    toggle
        The action behind F9.
    alerts_toggle
        The action that opens and shuts the alerts alone.
    changed
        Called when they are opened or shut.
    free_place
        Called before a key opens panels, to shut what has their place; ``False``: they stay shut,
        since that does not go.
    """

    def __init__(self, window: QMainWindow, layer: HeatmapLayer, store: WindowStore) -> None:
        super().__init__(window)
        self._window = window
        self.totals = LiquidationTotals(None, layer)
        self.tape = LiquidationTape(None, layer)
        self.alerts = AlertPanel(None, layer, store.program)
        least = store.text(_LEAST_USD)
        if least.isdecimal():
            self.tape.set_least_usd(float(least))
        self.tape.least.currentIndexChanged.connect(
            lambda _index: store.set_text(_LEAST_USD, str(self.tape.least.currentData()))
        )
        self._docks = [
            _dock(window, "totalsDock", _tr("Totals"), self.totals, self.totals.head),
            _dock(window, "tapeDock", _tr("Tape"), self.tape, self.tape.head),
            _dock(window, "alertsDock", _tr("Alerts"), self.alerts, self.alerts.head),
        ]
        self._alerts_dock = self._docks[-1]
        for dock in self._docks:
            window.addDockWidget(Qt.DockWidgetArea.RightDockWidgetArea, dock)
        self._has_begun = False
        # How large those were that have been open, in pixels.
        self._sizes: dict[QDockWidget, QSize] = {}
        # Those that made room for something else.
        self._set_aside: list[QDockWidget] = []
        self.changed: Callable[[], object] = lambda: None
        self.free_place: Callable[[], bool] = lambda: True
        self.toggle = _toggle(window, "panels", _tr("Panels"), "F9")
        self.toggle.setToolTip(with_keys(_tr("Show or hide the panels"), self.toggle))
        self.toggle.triggered.connect(lambda _checked: self._toggle())
        self.alerts_toggle = _toggle(window, "alerts", _tr("Alerts"), "Ctrl+Shift+A")
        self.alerts_toggle.triggered.connect(lambda _checked: self._toggle_alerts())
        window.installEventFilter(self)
        for dock in self._docks:
            dock.visibilityChanged.connect(lambda _is_seen: self._note_change())

    @property
    def are_open(self) -> bool:
        """Whether any of them is open."""
        return any(not dock.isHidden() for dock in self._docks)

    @override
    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:
        """Be open in a wide window, or shut; what the user does later stays."""
        if event is not None and event.type() == QEvent.Type.Show and not self._has_begun:
            self._has_begun = True
            self.set_open(are_open=self._window.width() >= LEAST_WINDOW_PX)
        return super().eventFilter(watched, event)

    @property
    def all(self) -> list[QDockWidget]:
        """All of them, open or shut, from the top."""
        return list(self._docks)

    def set_open(self, *, are_open: bool) -> None:
        """Open all of them, as large as they were, or shut all."""
        if are_open:
            self._open(self._docks)
            return
        self.note_sizes()
        for dock in self._docks:
            dock.hide()

    def note_sizes(self) -> None:
        """Remember how large those are that are open: they come back so."""
        for dock in self._docks:
            if not dock.isHidden():
                self._sizes[dock] = dock.size()

    def make_room(self) -> None:
        """Shut those that are open, until `come_back`: something else has their place.

        How large they were has to be noted before that comes, see `note_sizes`.
        """
        self._set_aside = [dock for dock in self._docks if not dock.isHidden()]
        for dock in self._set_aside:
            dock.hide()

    def come_back(self) -> None:
        """Open those again that made room, as large as they were."""
        docks, self._set_aside = self._set_aside, []
        self._open(docks)

    def _open(self, docks: list[QDockWidget]) -> None:
        for dock in docks:
            dock.show()
        known = [dock for dock in docks if dock in self._sizes and not dock.isFloating()]
        widths = [self._sizes[dock].width() for dock in known]
        heights = [self._sizes[dock].height() for dock in known]
        self._window.resizeDocks(known, widths, Qt.Orientation.Horizontal)
        self._window.resizeDocks(known, heights, Qt.Orientation.Vertical)

    def show_alerts(self) -> None:
        """Open the alerts, and give them the keyboard."""
        dock = self._alerts_dock
        dock.show()
        # Others may lie over it.
        dock.raise_()
        self._alerts_control().setFocus(Qt.FocusReason.ShortcutFocusReason)

    def parts(self) -> list[tuple[QWidget, QWidget]]:
        """Return those that F6 leads to, each with what gets the keyboard in it."""
        parts: list[tuple[QWidget, QWidget]] = []
        if self.tape.view.isVisible():
            parts.append((self.tape, self.tape.view))
        if self.alerts.isVisible():
            parts.append((self._alerts_dock, self._alerts_control()))
        return parts

    def _alerts_control(self) -> QWidget:
        """Return a rule's switch, before what holds them all, and before the dock's own buttons."""
        dock = self._alerts_dock
        parts: list[QWidget] = [
            *self.alerts.findChildren(QAbstractButton),
            *dock.findChildren(QWidget),
        ]
        takes = (one for one in parts if one.isEnabled() and one.focusPolicy() & _BY_TAB)
        return next(takes, dock)

    def set_service(self, service: HeatmapService | None) -> None:
        """Show what a service records; ``None``: nothing."""
        self.totals.set_service(service)
        self.tape.set_service(service)
        self.alerts.set_service(service)

    def set_time_zone(self, zone: QTimeZone) -> None:
        """Say times by the clock of a zone."""
        self.tape.set_time_zone(zone)
        self.alerts.set_time_zone(zone)

    def keep_open(self) -> None:
        """Stay as they are, whatever the window's width: they were put so by the user."""
        self._has_begun = True
        self._note_change()

    def _note_change(self) -> None:
        self.toggle.setChecked(self.are_open)
        self.alerts_toggle.setChecked(not self._alerts_dock.isHidden())
        self.changed()

    def _toggle(self) -> None:
        if self.are_open:
            self.set_open(are_open=False)
        elif self.free_place() and not self.are_open:
            # Else those have come back that had made room.
            self.set_open(are_open=True)
        self._note_change()

    def _toggle_alerts(self) -> None:
        if not self._alerts_dock.isHidden():
            self._alerts_dock.hide()
        elif self.free_place():
            self.show_alerts()
        self._note_change()


class _Column(QDockWidget):
    """A dock of the column's width."""

    @override
    def sizeHint(self) -> QSize:
        """Return the width that it begins with."""
        return QSize(WIDTH_PX, super().sizeHint().height())


def _toggle(window: QMainWindow, name: str, text: str, keys: str) -> QAction:
    action = QAction(text, window)
    action.setShortcut(QKeySequence(keys))
    action.setObjectName(name)
    action.setCheckable(True)
    action.setIconVisibleInMenu(False)
    window.addAction(action)
    return action


def _dock(window: QMainWindow, name: str, title: str, panel: QWidget, head: QWidget) -> QDockWidget:
    dock = _Column(title, window)
    # Its place is kept by this name.
    dock.setObjectName(name)
    close = QToolButton()
    close.setObjectName("dockClose")
    close.setText("\u00d7")
    close.setAutoRaise(True)
    close.setFixedSize(_CLOSE_PX, _CLOSE_PX)
    close.setToolTip(_tr("Close; F9 opens all panels"))
    close.setAccessibleName(_tr("Close {panel}").format(panel=title))
    close.clicked.connect(lambda _checked: dock.close())
    layout = head.layout()
    if layout is not None:
        layout.addWidget(close)
    dock.setTitleBarWidget(head)
    dock.setWidget(panel)
    return dock


def _tr(text: str) -> str:
    # Not the window's own tr: that looks for what stands in the window's class.
    return QCoreApplication.translate("Docks", text)
