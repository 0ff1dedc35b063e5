"""The window's status bar: connection, events and timings as one line each."""

import html

from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QLabel, QStatusBar


class StatusBar(QStatusBar):
    """Three texts side by side; what does not fit is in the tool tip."""

    def __init__(self) -> None:
        super().__init__()
        self.setSizeGripEnabled(False)
        self._connection, self._events, self._timing = QLabel(), QLabel(), QLabel()
        for label in (self._connection, self._events, self._timing):
            label.setTextFormat(Qt.TextFormat.PlainText)
        self.addWidget(self._connection, 2)
        self.addWidget(self._events, 1)
        self.addPermanentWidget(self._timing)

    def show_texts(self, connection: str, events: str, timing: str) -> None:
        """Show how all of it is at present."""
        self._connection.setText(connection)
        # A tool tip has no format of its own: what looks like mark-up would be taken for it.
        self._connection.setToolTip(html.escape(connection))
        self._events.setText(events)
        self._timing.setText(timing)

    def text(self) -> str:
        """Return what is shown as one line."""
        labels = (self._connection, self._events, self._timing)
        return "  |  ".join(label.text() for label in labels if label.text())
