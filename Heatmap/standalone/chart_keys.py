"""Keys that are typed while the chart has the keyboard: letters find a symbol, Alt opens the menu.

The web view gives its keys to a widget of its own, which is another one after each load.
"""

from PyQt6.QtCore import QEvent, QObject, Qt, pyqtSignal
from PyQt6.QtGui import QKeyEvent
from PyQt6.QtWebEngineWidgets import QWebEngineView

from Heatmap.runtime.compat import override

_SHIFT = Qt.KeyboardModifier.ShiftModifier


class ChartKeys(QObject):
    """Tells what is typed on the chart.

    Parameters
    ----------
    view
        The chart's view; also the parent.

    Attributes
    ----------
    letter_typed
        A letter, which begins a symbol.
    alt_tapped
        Alt was pressed and released, and no other key in between.
    """

    letter_typed = pyqtSignal(str)
    alt_tapped = pyqtSignal()

    def __init__(self, view: QWebEngineView) -> None:
        super().__init__(view)
        self._view = view
        self._watched: QObject | None = None
        self._is_alt_alone = False
        view.loadFinished.connect(lambda _is_ok: self.watch())

    def watch(self) -> None:
        """Listen to the widget that has the view's keys now."""
        proxy = self._view.focusProxy()
        if proxy is not None and proxy is not self._watched:
            self._watched = proxy
            proxy.installEventFilter(self)

    @override
    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:
        """Take letters; everything else is the chart's."""
        if isinstance(event, QKeyEvent):
            if event.type() == QEvent.Type.KeyPress:
                self._is_alt_alone = event.key() == Qt.Key.Key_Alt
                if self._begins_symbol(event):
                    self.letter_typed.emit(event.text())
                    return True
            elif event.type() == QEvent.Type.KeyRelease and event.key() == Qt.Key.Key_Alt:
                if self._is_alt_alone:
                    self.alt_tapped.emit()
                self._is_alt_alone = False
        return super().eventFilter(watched, event)

    @staticmethod
    def _begins_symbol(event: QKeyEvent) -> bool:
        is_plain = not event.modifiers() & ~_SHIFT
        return is_plain and len(event.text()) == 1 and event.text().isalpha()
