"""The window's docks: totals, tape and alerts beside the chart."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from PyQt6.QtCore import QCoreApplication, QEvent, QObject, QSettings, QSize, Qt, QTimeZone
from PyQt6.QtGui import QAction, QKeySequence
from PyQt6.QtWidgets import QAbstractButton, QDockWidget, QMainWindow, QToolButton, QWidget

from Heatmap import HeatmapService
from Heatmap.runtime.compat import override
from Heatmap.standalone.actions import with_keys
from Heatmap.ui import AlertPanel, HeatmapLayer, LiquidationTape, LiquidationTotals

if TYPE_CHECKING:
    from collections.abc import Callable

WIDTH_PX = 316
"""Of the docks' column."""
LEAST_WINDOW_PX = 1100
"""A narrower window begins without docks."""
_CLOSE_PX = 24
_BY_TAB = Qt.FocusPolicy.TabFocus


class Docks(QObject):
    """Puts the panels into docks at the right of a window; F9 shuts all of them, or opens all.

    A window that is narrow when it is shown first begins without them.

    Parameters
    ----------
    window
        Where they go.
    layer
        The layer of the window's chart.
    store
        Where alert rules are kept.

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
    """

    def __init__(self, window: QMainWindow, layer: HeatmapLayer, store: QSettings) -> None:
        super().__init__(window)
        self._window = window
        self.totals = LiquidationTotals(None, layer)
        self.tape = LiquidationTape(None, layer)
        self.alerts = AlertPanel(None, layer, store)
        self._docks = [
            _dock(window, "totalsDock", _tr("Totals"), self.totals, self.totals.head),
            _dock(window, "tapeDock", _tr("Tape"), self.tape, self.tape.head),
            _dock(window, "alertsDock", _tr("Alerts"), self.alerts, self.alerts.head),
        ]
        self._alerts_dock = self._docks[-1]
        for dock in self._docks:
            window.addDockWidget(Qt.DockWidgetArea.RightDockWidgetArea, dock)
        self._has_begun = False
        # Those that made room for something else, each with its height in pixels.
        self._set_aside: dict[QDockWidget, int] = {}
        self.changed: Callable[[], object] = lambda: None
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

    def set_open(self, *, are_open: bool) -> None:
        """Open all of them, or shut all."""
        for dock in self._docks:
            dock.setVisible(are_open)

    def make_room(self) -> None:
        """Shut those that are open, until `come_back`: something else is to have their place."""
        self._set_aside = {dock: dock.height() for dock in self._docks if not dock.isHidden()}
        self.set_open(are_open=False)

    def come_back(self) -> None:
        """Open those again that made room, in their own width and as high as they were."""
        docks, self._set_aside = self._set_aside, {}
        for dock in docks:
            dock.show()
        widths = [WIDTH_PX] * len(docks)
        self._window.resizeDocks(list(docks), widths, Qt.Orientation.Horizontal)
        self._window.resizeDocks(list(docks), list(docks.values()), Qt.Orientation.Vertical)

    def show_alerts(self) -> None:
        """Open the alerts, and give them the keyboard."""
        dock = self._alerts_dock
        dock.show()
        # Others may lie over it.
        dock.raise_()
        # A rule's switch before what holds them all, and before the dock's own buttons.
        parts: list[QWidget] = [
            *self.alerts.findChildren(QAbstractButton),
            *dock.findChildren(QWidget),
        ]
        takes = (one for one in parts if one.isEnabled() and one.focusPolicy() & _BY_TAB)
        part = next(takes, None)
        if part is not None:
            part.setFocus(Qt.FocusReason.ShortcutFocusReason)

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
        self.set_open(are_open=not self.are_open)

    def _toggle_alerts(self) -> None:
        if self._alerts_dock.isHidden():
            self.show_alerts()
        else:
            self._alerts_dock.hide()


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
