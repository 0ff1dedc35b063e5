"""The settings of the standalone window: the plugin's tab in a dialog."""

from PyQt6.QtCore import QSettings
from PyQt6.QtWidgets import QDialog, QDialogButtonBox, QTabWidget, QVBoxLayout, QWidget

from Heatmap import HeatmapService
from Heatmap.standalone.language_choice import LanguageChoice
from Heatmap.standalone.theme import window_defaults
from Heatmap.ui import HeatmapSettingsTab


class SettingsDialog(QDialog):
    """Sets one service; what is changed shows at once, Cancel takes it back."""

    def __init__(
        self, service: HeatmapService, store: QSettings, theme: str, parent: QWidget
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Settings"))
        self.tab = HeatmapSettingsTab(service, store, defaults=window_defaults(theme))
        tabs = QTabWidget()
        tabs.addTab(self.tab, self.tr("Heatmap"))
        buttons = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel
        )
        buttons.accepted.connect(self._accept_unless_refused)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addWidget(tabs)
        layout.addWidget(LanguageChoice(store))
        layout.addWidget(buttons)

    def _accept_unless_refused(self) -> None:
        """Close, unless something was entered that cannot be used: that must not go unnoticed."""
        if not self.tab.problem_text():
            self.accept()
