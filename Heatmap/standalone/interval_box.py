"""The little box in which a typed interval stands, as "15", "4h" or "1d"."""

from collections.abc import Sequence

from PyQt6.QtCore import QPoint, Qt, pyqtSignal
from PyQt6.QtGui import QFocusEvent, QKeyEvent, QShowEvent
from PyQt6.QtWidgets import QFrame, QLabel, QLineEdit, QVBoxLayout, QWidget

from Heatmap.runtime.compat import override
from Heatmap.standalone.candle_counts import typed_interval

WIDTH_PX = 250
_EDGE_PX = 14
_LONGEST = 6


class IntervalBox(QFrame):
    """Takes an interval that is typed on the chart: Enter shows it, Esc leaves.

    Parameters
    ----------
    window
        Where it is shown.
    intervals
        What can be shown, such as ``15m``.

    Attributes
    ----------
    interval_chosen
        The interval that the user wants.
    left
        The user is done here: the chart gets the keyboard back.
    field
        What is typed.
    hint
        What that is; of what is none, what is allowed.
    """

    interval_chosen = pyqtSignal(str)
    left = pyqtSignal()

    def __init__(self, window: QWidget, intervals: Sequence[str]) -> None:
        super().__init__(window)
        self.setObjectName("intervalBox")
        self._intervals = tuple(intervals)
        column = QVBoxLayout(self)
        column.setContentsMargins(_EDGE_PX, 12, _EDGE_PX, 12)
        column.setSpacing(6)
        title = QLabel(self.tr("Candle interval"))
        title.setObjectName("weak")
        self.field = _Field()
        self.field.setObjectName("interval")
        self.field.setMaxLength(_LONGEST)
        self.field.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self.field.setAccessibleName(title.text())
        self.field.textChanged.connect(lambda _text: self._explain())
        self.field.entered.connect(self._enter)
        self.field.left.connect(self._leave)
        self.hint = QLabel()
        self.hint.setObjectName("weak")
        self.hint.setWordWrap(True)
        self.hint.setTextFormat(Qt.TextFormat.PlainText)
        for one in (title, self.field, self.hint):
            column.addWidget(one)
        self.setFixedWidth(WIDTH_PX)
        self.hide()

    def begin(self, typed: str) -> None:
        """Open with what was typed on the chart already."""
        self.field.setText(typed)
        self.show()
        self.raise_()
        self.field.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.field.setCursorPosition(len(typed))

    # -- inside -------------------------------------------------------------------------------

    def _explain(self) -> None:
        """Say what the typed text would show, or what can be typed."""
        interval = typed_interval(self.field.text(), self._intervals)
        is_wrong = interval is None and bool(self.field.text())
        if interval is not None:
            words = self.tr("Candles of {interval}, Enter").format(interval=interval)
        else:
            words = self.tr("Possible: {intervals}").format(intervals=", ".join(self._intervals))
        self.hint.setText(words)
        self.field.setProperty("wrong", is_wrong)
        style = self.field.style()
        if style is not None:
            # A style sheet looks at properties only when it is told to.
            style.unpolish(self.field)
            style.polish(self.field)
        self._fit()

    def _fit(self) -> None:
        """Stand in the middle of the window, as high as the words need."""
        window = self.parentWidget()
        layout = self.layout()
        if window is None or layout is None:
            return
        layout.activate()
        height = layout.totalHeightForWidth(WIDTH_PX)
        self.setFixedHeight(max(height, layout.totalMinimumSize().height()))
        left = (window.width() - WIDTH_PX) // 2
        self.move(QPoint(left, (window.height() - self.height()) // 3))

    def _enter(self) -> None:
        interval = typed_interval(self.field.text(), self._intervals)
        # What is none stays, with what is allowed below it.
        if interval is not None:
            self._leave()
            self.interval_chosen.emit(interval)

    def _leave(self) -> None:
        if not self.isHidden():
            self.hide()
            self.left.emit()

    @override
    def showEvent(self, event: QShowEvent | None) -> None:
        """Take the middle of the window."""
        super().showEvent(event)
        self._fit()


class _Field(QLineEdit):
    """Tells Enter, and that the user wants to leave or has gone elsewhere."""

    entered = pyqtSignal()
    left = pyqtSignal()

    @override
    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        """Take Enter and Esc."""
        key = None if event is None else event.key()
        if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.entered.emit()
        elif key == Qt.Key.Key_Escape:
            self.left.emit()
        else:
            super().keyPressEvent(event)

    @override
    def focusOutEvent(self, event: QFocusEvent | None) -> None:
        """Leave where another part was clicked; a menu has the keyboard for a moment only."""
        super().focusOutEvent(event)
        reasons = (Qt.FocusReason.PopupFocusReason, Qt.FocusReason.ActiveWindowFocusReason)
        if event is not None and event.reason() not in reasons:
            self.left.emit()
