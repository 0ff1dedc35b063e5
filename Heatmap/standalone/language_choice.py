"""Which language the window speaks: the system's, or one that the user has chosen."""

from PyQt6.QtCore import QSettings
from PyQt6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QWidget

SETTING = "Window/language"
NAMES = {"system": "", "en": "English", "de": "Deutsch"}
"""What can be chosen, with the language's own name."""


def stored_language(store: QSettings) -> str:
    """Return what the user has chosen; what is not known counts as the system's language."""
    text = str(store.value(SETTING, "system"))
    return text if text in NAMES else "system"


class LanguageChoice(QWidget):
    """Lets the user choose the language of the next start.

    Parameters
    ----------
    store
        Where the choice is kept.
    """

    def __init__(self, store: QSettings, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._store = store
        label = QLabel(self.tr("&Language"))
        self.box = QComboBox()
        self.box.setObjectName("language")
        for key, name in NAMES.items():
            self.box.addItem(name or self.tr("As the system"), key)
        self.box.setCurrentIndex(self.box.findData(stored_language(store)))
        label.setBuddy(self.box)
        tool_tip = self.tr("Changes at the next start")
        for widget in (label, self.box):
            widget.setToolTip(tool_tip)
        note = QLabel(tool_tip)
        note.setEnabled(False)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        for one in (label, self.box, note):
            row.addWidget(one)
        row.addStretch(1)
        self.box.currentIndexChanged.connect(self._keep)

    def _keep(self, _index: int) -> None:
        self._store.setValue(SETTING, self.box.currentData())
