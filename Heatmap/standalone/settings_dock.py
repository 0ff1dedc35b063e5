"""The settings of the standalone window: the plugin's tab in a dock beside the chart."""

from PyQt6.QtCore import QPoint, QSettings, QSize, Qt, pyqtSignal
from PyQt6.QtGui import QCloseEvent, QKeyEvent
from PyQt6.QtWidgets import QDockWidget, QMainWindow, QVBoxLayout, QWidget

from Heatmap import HeatmapService
from Heatmap.runtime.compat import override
from Heatmap.standalone.language_choice import LanguageChoice, LookChoice
from Heatmap.standalone.theme import stored_look, window_defaults
from Heatmap.ui import HeatmapSettingsTab

WIDTH = 600
"""Of the settings, CSS pixels."""
LEAST_DOCKED_WIDTH = 1300
"""In a narrower window the settings float: the chart that they change has to be seen."""
_GAP = 8


class SettingsDock(QDockWidget):
    """Sets one service beside its chart; what is changed shows at once, and Undo takes it back.

    Closed, it is gone, and what was changed stays.

    Attributes
    ----------
    look_chosen
        The user has chosen another look, one of `LOOKS`.
    closed
        They are shut.
    """

    look_chosen = pyqtSignal(str)
    closed = pyqtSignal()

    def __init__(
        self, service: HeatmapService, store: QSettings, theme: str, window: QMainWindow
    ) -> None:
        super().__init__(window)
        self.setObjectName("settings")
        self.setWindowTitle(self.tr("Settings"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.tab = HeatmapSettingsTab(
            service, store, defaults=window_defaults(theme), has_close=True
        )
        self.tab.close_asked.connect(self.close)
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(0, 0, 0, 0)
        self.look = LookChoice(stored_look(store))
        self.look.chosen.connect(self.look_chosen)
        language = LanguageChoice(store)
        # One below the other: side by side long words have no room.
        rows = QVBoxLayout()
        rows.setContentsMargins(20, 0, 20, 8)
        rows.addWidget(self.look)
        rows.addWidget(language)
        column.addWidget(self.tab, 1)
        column.addLayout(rows)
        self.setWidget(page)

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
        frame = window.frameGeometry()
        has_room = room is not None and frame.right() + _GAP + WIDTH <= room.right()
        if room is not None and (has_room or window.width() < LEAST_DOCKED_WIDTH):
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
        else:
            window.resizeDocks([self], [WIDTH], Qt.Orientation.Horizontal)
        self.show()
