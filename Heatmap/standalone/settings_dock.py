"""The settings of the standalone window: the plugin's tab in a dock beside the chart."""

from collections.abc import Sequence

from PyQt6.QtCore import QEvent, QObject, QPoint, QSettings, QSize, Qt, pyqtSignal
from PyQt6.QtGui import QCloseEvent, QKeyEvent, QResizeEvent
from PyQt6.QtWidgets import (
    QApplication,
    QDockWidget,
    QHBoxLayout,
    QLabel,
    QMainWindow,
    QToolButton,
    QWidget,
)

from Heatmap import HeatmapService
from Heatmap.runtime.compat import override
from Heatmap.standalone.theme import window_defaults
from Heatmap.ui import HeatmapSettingsTab, HostChoice

WIDTH = 600
"""Of the settings, CSS pixels."""
ALERTS_PAGE = 3
"""Number of the tab's page of alerts, its last."""
LEAST_DOCKED_WIDTH = 1300
"""In a narrower window the settings float: the chart that they change has to be seen."""
_GAP = 8
_CLOSE_PX = 24


class SettingsDock(QDockWidget):
    """Sets one service beside its chart; what is changed shows at once, and Undo takes it back.

    Closed, it is gone, and what was changed stays.

    Parameters
    ----------
    service, store
        What is set, and where it is kept.
    theme
        ``dark`` or ``light``: its defaults are those of Defaults.
    window
        Whose dock it is.
    choices
        What is chosen for the window: rows at the end of the chart page.

    Attributes
    ----------
    closed
        They are shut.
    moved_out
        They float now, as the window has become too narrow for them.
    """

    closed = pyqtSignal()
    moved_out = pyqtSignal()

    def __init__(
        self,
        service: HeatmapService,
        store: QSettings,
        theme: str,
        window: QMainWindow,
        choices: Sequence[HostChoice] = (),
    ) -> None:
        super().__init__(window)
        self.setObjectName("settings")
        self.setWindowTitle(self.tr("Settings"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setTitleBarWidget(self._title_bar())
        self.tab = HeatmapSettingsTab(
            service, store, defaults=window_defaults(theme), has_close=True, has_switch=False
        )
        self.tab.close_asked.connect(self.close)
        if choices:
            self.tab.add_choices("chart", self.tr("Axes and look"), choices)
        self.setWidget(self.tab)

    def _title_bar(self) -> QWidget:
        bar = QWidget()
        title = QLabel(self.windowTitle())
        title.setObjectName("settingsTitle")
        shut = QToolButton()
        shut.setObjectName("dockClose")
        shut.setText("\u00d7")
        shut.setAutoRaise(True)
        shut.setFixedSize(_CLOSE_PX, _CLOSE_PX)
        # What is refused is to be seen first, as by the button below.
        shut.clicked.connect(lambda _checked: self.tab.ask_to_close())
        shut.setToolTip(self.tr("Close"))
        shut.setAccessibleName(self.tr("Close"))
        row = QHBoxLayout(bar)
        row.setContentsMargins(20, 8, 12, 2)
        row.addWidget(title, 1)
        row.addWidget(shut)
        return bar

    @override
    def closeEvent(self, event: QCloseEvent | None) -> None:
        """Say that they are shut."""
        super().closeEvent(event)
        self.closed.emit()

    @override
    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        """Be shut by Esc, where no field has a use for it."""
        if event is not None and event.key() == Qt.Key.Key_Escape:
            # What was entered and is refused is not thrown away.
            if not self.tab.show_problem():
                self.close()
            return
        super().keyPressEvent(event)

    def open_beside(self, window: QMainWindow) -> None:
        """Show the settings right of the chart: in the window, or beside it where there is room."""
        window.addDockWidget(Qt.DockWidgetArea.RightDockWidgetArea, self)
        screen = window.screen()
        room = None if screen is None else screen.availableGeometry()
        has_room = (
            room is not None and window.frameGeometry().right() + _GAP + WIDTH <= room.right()
        )
        if has_room or window.width() < LEAST_DOCKED_WIDTH:
            self._float_beside(window)
        else:
            window.resizeDocks([self], [WIDTH], Qt.Orientation.Horizontal)
        window.installEventFilter(self)
        self.show()

    def come_forward(self) -> None:
        """Be on top, and have the keyboard: Esc shuts what has it."""
        self.raise_()
        self.activateWindow()
        focus = QApplication.focusWidget()
        if focus is None or not self.isAncestorOf(focus):
            self.tab.setFocus(Qt.FocusReason.OtherFocusReason)

    @override
    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:
        """Float once the window is made so narrow that they would leave no chart."""
        if isinstance(event, QResizeEvent) and isinstance(watched, QMainWindow):
            was_wide = event.oldSize().width() >= LEAST_DOCKED_WIDTH
            is_narrow = event.size().width() < LEAST_DOCKED_WIDTH
            if was_wide and is_narrow and self.isVisible() and not self.isFloating():
                self._float_beside(watched)
                self.moved_out.emit()
        return super().eventFilter(watched, event)

    def _float_beside(self, window: QMainWindow) -> None:
        """Float right of the window, or as far to the right as the screen has room."""
        screen = window.screen()
        if screen is None:
            return
        room, frame = screen.availableGeometry(), window.frameGeometry()
        self.setFloating(True)
        height = min(self.sizeHint().height(), room.height())
        self.resize(QSize(WIDTH, height))
        right, bottom = room.right() - WIDTH, room.bottom() - height
        self.move(
            QPoint(
                max(room.left(), min(frame.right() + _GAP, right)),
                max(room.top(), min(frame.top(), bottom)),
            )
        )


def shut_docked(window: QMainWindow) -> bool:
    """Shut settings that have the panels' place; ``False``: they stay, an entry is refused."""
    docked = [one for one in window.findChildren(SettingsDock) if not one.isFloating()]
    for dock in docked:
        dock.tab.ask_to_close()
    return all(dock.isHidden() for dock in docked)
