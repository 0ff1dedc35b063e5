"""Keys that are typed while the chart has the keyboard.

A letter finds a symbol, a digit begins an interval, arrows, + and - move the chart, Alt alone opens
the menu.

The web view gives its keys to a widget of its own, which is another one after each load.
"""

from PyQt6.QtCore import QEvent, QObject, Qt, pyqtSignal
from PyQt6.QtGui import QKeyEvent
from PyQt6.QtWebEngineWidgets import QWebEngineView

from Heatmap.runtime.compat import override

_SHIFT = Qt.KeyboardModifier.ShiftModifier
# Also on the pad of digits.
_PLAIN = _SHIFT | Qt.KeyboardModifier.KeypadModifier
_ARROWS: dict[int, int] = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}
_ZOOMS = {"+": 1, "-": -1}
_DIGITS = frozenset("0123456789")


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
    digit_typed
        A digit, which begins an interval.
    scroll_asked
        -1: some candles back, 1: on.
    zoom_asked
        1: fewer candles, each wider; -1: more of them.
    escape_pressed
        Esc, which the page gets too: it may have something that is shut by it.
    alt_tapped
        Alt was pressed and released, and no other key in between.
    """

    letter_typed = pyqtSignal(str)
    digit_typed = pyqtSignal(str)
    scroll_asked = pyqtSignal(int)
    zoom_asked = pyqtSignal(int)
    escape_pressed = pyqtSignal()
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
        """Take what begins a symbol or an interval, or moves the chart."""
        if isinstance(event, QKeyEvent):
            if event.type() == QEvent.Type.KeyPress:
                self._is_alt_alone = event.key() == Qt.Key.Key_Alt
                if self._take(event):
                    return True
            elif event.type() == QEvent.Type.KeyRelease and event.key() == Qt.Key.Key_Alt:
                if self._is_alt_alone:
                    self.alt_tapped.emit()
                self._is_alt_alone = False
        return super().eventFilter(watched, event)

    def _take(self, event: QKeyEvent) -> bool:
        """Carry out a key that has no modifier but Shift; ``False``: it means nothing here."""
        if event.modifiers() & ~_PLAIN:
            return False
        if event.key() == Qt.Key.Key_Escape:
            self.escape_pressed.emit()
            return False
        text = event.text()
        steps = _ARROWS.get(event.key()) if not event.modifiers() & _SHIFT else None
        if steps is not None:
            self.scroll_asked.emit(steps)
        elif text in _ZOOMS:
            self.zoom_asked.emit(_ZOOMS[text])
        elif len(text) == 1 and text.isalpha():
            self.letter_typed.emit(text)
        elif text in _DIGITS:
            self.digit_typed.emit(text)
        else:
            return False
        return True
