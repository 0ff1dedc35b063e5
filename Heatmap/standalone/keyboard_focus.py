"""Where the keyboard goes when what had it goes away, and Alt alone, which opens the menu."""

from PyQt6 import sip
from PyQt6.QtCore import QEvent, QObject, Qt, pyqtSignal
from PyQt6.QtGui import QKeyEvent
from PyQt6.QtWidgets import QApplication, QMainWindow, QWidget

from Heatmap.runtime.compat import override

_ENDS = frozenset(
    {
        QEvent.Type.MouseButtonPress,
        QEvent.Type.Wheel,
        QEvent.Type.WindowDeactivate,
        QEvent.Type.ApplicationDeactivate,
    }
)
_KEYS = frozenset({QEvent.Type.KeyPress, QEvent.Type.ShortcutOverride})


class FocusReturn(QObject):
    """Gives the keyboard to the chart when a part that has it is shut.

    Qt would give it to the next widget, which is any button of the tool bar: letters, digits and
    arrows would do nothing then.

    Parameters
    ----------
    window
        Whose parts they are; also the parent.
    chart
        What gets the keyboard.
    """

    def __init__(self, window: QMainWindow, chart: QWidget) -> None:
        super().__init__(window)
        self._window = window
        self._chart = chart

    def watch(self, part: QWidget) -> None:
        """Look after one more part of the window."""
        part.installEventFilter(self)

    @override
    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:
        """Act before Qt looks for the next widget: it does so after this event."""
        is_gone = sip.isdeleted(self._window) or not self._window.isVisible()
        if event is not None and event.type() == QEvent.Type.Hide and not is_gone:
            # A dialog may be in front of the window.
            here, own = QApplication.focusWidget(), self._window.focusWidget()
            # Nothing has it where a field has given it up to be read.
            if own is None or any(_has(watched, one) for one in (here, own)):
                self._chart.setFocus(Qt.FocusReason.OtherFocusReason)
        return super().eventFilter(watched, event)


class AltTap(QObject):
    """Tells of Alt that is pressed and released with nothing in between, anywhere in a window.

    All events are looked at only while the key is down. A chart keeps its keys to itself: its own
    are told by `ChartKeys`.

    Parameters
    ----------
    window
        Where it is pressed; also the parent.

    Attributes
    ----------
    tapped
        It was.
    """

    tapped = pyqtSignal()

    def __init__(self, window: QMainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._is_down = False
        # What no widget has a use for comes to the window in the end.
        window.installEventFilter(self)

    @override
    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:
        """Watch for Alt, and then for whatever else is done before it is released."""
        if event is None:
            return False
        kind = event.type()
        if not self._is_down:
            if watched is self._window and kind == QEvent.Type.KeyPress and _is_alt(event):
                self._set_down(is_down=True)
        elif kind in _ENDS or (kind in _KEYS and not _is_alt(event)):
            self._set_down(is_down=False)
        elif kind == QEvent.Type.KeyRelease and _is_alt(event):
            self._set_down(is_down=False)
            self.tapped.emit()
        return False

    def _set_down(self, *, is_down: bool) -> None:
        self._is_down = is_down
        program = QApplication.instance()
        if program is not None:
            (program.installEventFilter if is_down else program.removeEventFilter)(self)


def _has(part: QObject | None, focus: QWidget | None) -> bool:
    """Whether a part is what has the keyboard, or holds it."""
    if focus is None or not isinstance(part, QWidget):
        return False
    return part is focus or part.isAncestorOf(focus)


def _is_alt(event: QEvent) -> bool:
    return isinstance(event, QKeyEvent) and event.key() == Qt.Key.Key_Alt
