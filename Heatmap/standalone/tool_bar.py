"""The window's tool bar: what is chosen most often, without the settings dialog."""

from PyQt6.QtCore import QCoreApplication, QSignalBlocker, Qt, pyqtSignal
from PyQt6.QtGui import QAction
from PyQt6.QtWidgets import QComboBox, QLabel, QSizePolicy, QToolBar, QWidget

from Heatmap import HeatmapSettings
from Heatmap.heatmap_settings import AS_CHART, SETTINGS
from Heatmap.standalone.candle_counts import SELECTABLE_INTERVALS, automatic_interval


class ToolBar(QToolBar):
    """Shows some settings and the source's name, and tells what the user chooses.

    Attributes
    ----------
    field_chosen
        Name and value of a setting.
    interval_chosen
        The candles' interval is another one: `interval`.
    theme_asked, settings_asked
        The other theme, the settings dialog.
    """

    field_chosen = pyqtSignal(str, object)
    interval_chosen = pyqtSignal()
    theme_asked = pyqtSignal()
    settings_asked = pyqtSignal()

    def __init__(self) -> None:
        super().__init__()
        self.setWindowTitle(self.tr("Heatmap"))
        self.setMovable(False)
        self.toggle = QAction(self.tr("Heatmap"), self)
        self.toggle.setCheckable(True)
        self.toggle.setToolTip(self.tr("Show or hide the heatmap; recording goes on either way"))
        self.toggle.toggled.connect(lambda on: self.field_chosen.emit("enabled", on))
        self.addAction(self.toggle)
        self.heats = QComboBox()
        for key, option in SETTINGS.options("heat").items():
            self.heats.addItem(_record_text(option.short or option.label), key)
        self.heats.setToolTip(_record_text(SETTINGS["heat"].help))
        self.heats.currentIndexChanged.connect(
            lambda _index: self.field_chosen.emit("heat", self.heats.currentData())
        )
        self.addWidget(self.heats)
        self.windows = QComboBox()
        for key, option in SETTINGS.options("window").items():
            # Spans by their names, as traders write them.
            self.windows.addItem(_record_text(option.label) if key == AS_CHART else key, key)
        self.windows.setToolTip(self.tr("Time span of the heatmap"))
        self.windows.currentIndexChanged.connect(
            lambda _index: self.field_chosen.emit("window", self.windows.currentData())
        )
        self.addWidget(self.windows)
        self.intervals = QComboBox()
        self.intervals.addItem(self.tr("auto"), "")
        for interval in SELECTABLE_INTERVALS:
            self.intervals.addItem(interval, interval)
        self.intervals.setToolTip(self.tr("Candle interval"))
        self.intervals.currentIndexChanged.connect(lambda _index: self.interval_chosen.emit())
        self.addWidget(self.intervals)
        spacer = QWidget()
        spacer.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.addWidget(spacer)
        self.source_name = QLabel()
        self.source_name.setObjectName("sourceName")
        self.source_name.setTextFormat(Qt.TextFormat.PlainText)
        self.addWidget(self.source_name)
        theme = self.addAction(self.tr("Dark / light"))
        settings = self.addAction(self.tr("Settings…"))
        if theme is not None and settings is not None:
            theme.triggered.connect(lambda _checked: self.theme_asked.emit())
            settings.triggered.connect(lambda _checked: self.settings_asked.emit())

    def show_settings(self, settings: HeatmapSettings) -> None:
        """Show what is in force, and tell nobody."""
        with QSignalBlocker(self.toggle):
            self.toggle.setChecked(settings.enabled)
        with QSignalBlocker(self.heats):
            self.heats.setCurrentIndex(self.heats.findData(settings.heat))
        with QSignalBlocker(self.windows):
            self.windows.setCurrentIndex(self.windows.findData(settings.window))

    def interval(self, window_ms: int, pane_px: float | None = None) -> str:
        """Return the chosen interval of the candles, or what suits a window of this length."""
        return str(self.intervals.currentData()) or automatic_interval(window_ms, pane_px)


def _record_text(text: str) -> str:
    """Return a text of a setting's record in the user's language, as the settings tab has it."""
    return QCoreApplication.translate("HeatmapSettings", text)
