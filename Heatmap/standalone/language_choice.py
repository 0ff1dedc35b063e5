"""Which language the window speaks, and its look: the system's, or what the user has chosen."""

from PyQt6.QtCore import QSettings, QSignalBlocker, pyqtSignal
from PyQt6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QWidget

from Heatmap.standalone.theme import LOOKS

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


class LookChoice(QWidget):
    """Lets the user choose the dark or the light look; it changes at once.

    Parameters
    ----------
    look
        What is chosen: one of `LOOKS`.

    Attributes
    ----------
    chosen
        Tells what is chosen now.
    """

    chosen = pyqtSignal(str)

    def __init__(self, look: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        label = QLabel(self.tr("L&ook"))
        self.box = QComboBox()
        self.box.setObjectName("look")
        names = (self.tr("Dark"), self.tr("Light"), self.tr("As the system"))
        for key, name in zip(LOOKS, names, strict=True):
            self.box.addItem(name, key)
        self.box.setCurrentIndex(max(0, self.box.findData(look)))
        label.setBuddy(self.box)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(label)
        row.addWidget(self.box)
        row.addStretch(1)
        self.box.currentIndexChanged.connect(
            lambda _index: self.chosen.emit(self.box.currentData())
        )

    def show_look(self, look: str) -> None:
        """Show what was chosen elsewhere, and tell nobody."""
        with QSignalBlocker(self.box):
            self.box.setCurrentIndex(max(0, self.box.findData(look)))
