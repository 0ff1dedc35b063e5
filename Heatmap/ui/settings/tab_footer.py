"""The foot of the settings tab: what is amiss, and the buttons for all that stands above."""

from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from Heatmap.ui.settings.look import Caption


class TabFooter(QWidget):
    """One line of words, and the buttons Defaults, Undo and, where it is asked for, Close.

    Parameters
    ----------
    has_close
        Whether there is the button Close.

    Attributes
    ----------
    message
        Says what cannot be used; empty: all is well.
    defaults, undo, close_button
        The buttons; the last one is hidden where there is none.
    """

    def __init__(self, *, has_close: bool) -> None:
        super().__init__()
        self.message = Caption()
        self.message.setObjectName("message")
        self.message.setToolTip(self.tr("What could not be used"))
        self._hint = Caption(self.tr("Changes show at once."))
        self._hint.setToolTip(self.tr("Changes apply at once and are saved"))
        words = QVBoxLayout()
        words.setSpacing(0)
        words.addStretch(1)
        words.addWidget(self._hint)
        words.addWidget(self.message)
        words.addStretch(1)
        self.message.hide()
        self.defaults = QPushButton(self.tr("&Defaults"))
        self.defaults.setObjectName("page_defaults")
        self.defaults.setToolTip(self.tr("Set what stands on this page to its defaults"))
        self.undo = QPushButton(self.tr("&Undo"))
        self.undo.setObjectName("undo")
        self.undo.setToolTip(self.tr("Take back the last change; again, the one before it"))
        self.close_button = QPushButton(self.tr("&Close"))
        self.close_button.setObjectName("close")
        self.close_button.setToolTip(self.tr("Close, unless something entered cannot be used"))
        row = QHBoxLayout(self)
        row.setContentsMargins(14, 4, 14, 6)
        row.setSpacing(8)
        row.addLayout(words, 1)
        for button in (self.defaults, self.undo, self.close_button):
            button.setAutoDefault(False)
            row.addWidget(button, 0, Qt.AlignmentFlag.AlignVCenter)
        self.close_button.setDefault(has_close)
        self.close_button.setVisible(has_close)

    def show_words(self, words: str, *, is_refusal: bool) -> None:
        """Say what is amiss; empty: nothing is."""
        self.message.is_refusal = is_refusal
        self.message.setText(words)
        self.message.setVisible(bool(words))
        self._hint.setVisible(not words)
