"""The window's status bar: a dot, one word, one sentence; at the right what else is of use.

Where the chart shows another time or an invented market, the word has a ground of its own colour.
"""

import html

from PyQt6.QtCore import QEvent, QPointF, QRect, QRectF, QSize, Qt, QTimer, pyqtSignal
from PyQt6.QtGui import QColor, QFont, QFontMetrics, QPainter, QPaintEvent, QPen
from PyQt6.QtWidgets import QHBoxLayout, QSizePolicy, QStatusBar, QToolButton, QWidget

from Heatmap.runtime.compat import override
from Heatmap.standalone.theme import colours_of
from Heatmap.ui import StateAction, StateTone, StateWords

HEIGHT_PX = 28
MOMENT_MS = 4000
"""For so long it is said what was done just now."""
_EDGE_PX, _GAP_PX, _DOT_PX = 14, 8, 4.0
# The ground behind a word that nobody may miss: beside the word, and its height.
_PILL_EDGE_PX, _PILL_PX = 8, 20
_PILLS = {StateTone.REPLAY.value, StateTone.SIMULATED.value}


class StateLine(QWidget):
    """Dot, word and sentence as one line, which is elided at its end where there is no room."""

    def __init__(self) -> None:
        super().__init__()
        self._dot, self._is_ring, self._has_fault = "faint", True, False
        self._word = self._sentence = ""
        self._theme = "dark"
        # As wide as there is room: a label would ask for its whole text, and then cut it.
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.setMinimumWidth(1)

    @property
    def words(self) -> str:
        """What is said, whole."""
        return f"{self._word}: {self._sentence}" if self._sentence else self._word

    def set_theme(self, theme: str) -> None:
        """Take the colours of a theme."""
        self._theme = theme
        self.update()

    def show_state(
        self, word: str, sentence: str, dot: str, *, is_ring: bool, has_fault: bool
    ) -> None:
        """Say this; painted anew only where it is something else.

        Parameters
        ----------
        word, sentence
            What is said.
        dot
            Role of its colour; with `is_ring` a ring.
        has_fault
            A red dot stands beside the word: behind what is shown the recording has stopped.
        """
        state = word, sentence, dot, is_ring, has_fault
        if state == (self._word, self._sentence, self._dot, self._is_ring, self._has_fault):
            return
        self._word, self._sentence, self._dot, self._is_ring, self._has_fault = state
        self.setAccessibleName(self.words)
        self.update()

    def shown_sentence(self) -> str:
        """Return the sentence as it is painted, elided or not."""
        room = self.width() - self._sentence_left() - _GAP_PX
        return self.fontMetrics().elidedText(self._sentence, Qt.TextElideMode.ElideRight, room)

    @override
    def sizeHint(self) -> QSize:
        """Return the height alone."""
        return QSize(1, HEIGHT_PX - 2)

    @override
    def paintEvent(self, event: QPaintEvent | None) -> None:
        """Paint dot, word and sentence."""
        del event
        colours = colours_of(self._theme)
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        middle = self.height() / 2
        self._paint_dot(painter, colours[self._dot], QPointF(_EDGE_PX + _DOT_PX, middle))
        painter.setFont(self._bold())
        painter.setPen(QColor(colours["text"]))
        left = self._word_left()
        if self.has_pill:
            self._paint_pill(painter, colours[self._dot])
            painter.setPen(QColor(colours["background"]))
        line = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        painter.drawText(QRect(left, 0, self.width() - left, self.height()), line, self._word)
        if self._has_fault:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(colours["bad"]))
            at = self._sentence_left() - _GAP_PX - _DOT_PX
            painter.drawEllipse(QPointF(at, middle), _DOT_PX, _DOT_PX)
        painter.setFont(self.font())
        painter.setPen(QColor(colours["text2"]))
        left = self._sentence_left()
        painter.drawText(
            QRect(left, 0, self.width() - left, self.height()), line, self.shown_sentence()
        )
        painter.end()

    def _paint_dot(self, painter: QPainter, colour: str, middle: QPointF) -> None:
        pen = QPen(QColor(colour), 1.75)
        painter.setPen(pen if self._is_ring else Qt.PenStyle.NoPen)
        painter.setBrush(Qt.BrushStyle.NoBrush if self._is_ring else QColor(colour))
        radius = _DOT_PX - (0.5 if self._is_ring else 0)
        painter.drawEllipse(middle, radius, radius)

    def _paint_pill(self, painter: QPainter, colour: str) -> None:
        """Paint the ground behind the word."""
        width = self._word_width() + 2 * _PILL_EDGE_PX
        left, top = self._word_left() - _PILL_EDGE_PX, (self.height() - _PILL_PX) / 2
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(colour))
        painter.drawRoundedRect(QRectF(left, top, width, _PILL_PX), _PILL_PX / 2, _PILL_PX / 2)

    @property
    def has_pill(self) -> bool:
        """Whether the word has a ground of its own: what is shown is not the live market."""
        return self._dot in _PILLS

    def _bold(self) -> QFont:
        font = QFont(self.font())
        font.setWeight(QFont.Weight.DemiBold)
        return font

    def _word_left(self) -> int:
        pill = _PILL_EDGE_PX if self.has_pill else 0
        return _EDGE_PX + int(2 * _DOT_PX) + _GAP_PX + pill

    def _word_width(self) -> int:
        return QFontMetrics(self._bold()).horizontalAdvance(self._word)

    def _sentence_left(self) -> int:
        fault = int(2 * _DOT_PX) + _GAP_PX if self._has_fault else 0
        pill = _PILL_EDGE_PX if self.has_pill else 0
        return self._word_left() + self._word_width() + pill + fault + _GAP_PX


class StatusBar(QStatusBar):
    """Says one thing in a trader's words; what else there is to know is in the tool tip.

    Attributes
    ----------
    action_asked
        The user wants done what the state offers: a `StateAction`.
    line
        The state.
    offer
        The button behind it.
    right
        Where more is put at the right end, such as the totals of an hour, or a clock.
    """

    action_asked = pyqtSignal(object)

    def __init__(self) -> None:
        super().__init__()
        self.setSizeGripEnabled(False)
        self.line = StateLine()
        self.offer = QToolButton()
        self.offer.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.offer.hide()
        self.offer.clicked.connect(lambda _checked: self.action_asked.emit(self._action))
        self._action: StateAction | None = None
        self._details: tuple[str, ...] = ()
        # While it runs, what was done just now stands in the state's place.
        self._moment = QTimer(self)
        self._moment.setSingleShot(True)
        self._moment.setInterval(MOMENT_MS)
        row = QWidget()
        layout = QHBoxLayout(row)
        layout.setContentsMargins(0, 0, _EDGE_PX, 0)
        layout.setSpacing(_GAP_PX)
        layout.addWidget(self.line, 1)
        layout.addWidget(self.offer)
        self.right = QHBoxLayout()
        self.right.setSpacing(4)
        layout.addLayout(self.right)
        self.addWidget(row, 1)

    def set_theme(self, theme: str) -> None:
        """Take the colours of a theme."""
        self.line.set_theme(theme)

    def announce(self, text: str) -> None:
        """Say what is going on while there is no state yet."""
        self._details = ()
        self.line.show_state(text, "", "faint", is_ring=True, has_fault=False)
        self._show_tip()

    def say(self, text: str) -> None:
        """Say for a moment what was done just now."""
        self.announce(text)
        self._moment.start()

    def show_words(self, words: StateWords, trouble: str, details: list[str]) -> None:
        """Say how it is.

        Parameters
        ----------
        words
            The state's.
        trouble
            What is worse than a good state: it takes the sentence's place; empty: nothing is.
        details
            Lines for the tool tip.
        """
        if self._moment.isActive():
            return
        # Whatever is amiss: that the market is not the live one stays to be seen.
        tone = words.tone.value
        if trouble and tone not in _PILLS:
            tone = "warn"
        self.line.show_state(
            words.word,
            trouble or words.sentence,
            tone,
            is_ring=words.is_ring,
            has_fault=words.has_fault_behind,
        )
        self._action = words.action
        self._details = tuple(dict.fromkeys(filter(None, [trouble, *details])))
        self._show_tip()

    def _show_tip(self) -> None:
        """Say all of it in the tool tip."""
        # It has no format of its own: what looks like mark-up would be taken for it.
        lines = [self.line.words, *self._details]
        self.setToolTip("".join(f"<p>{html.escape(one)}</p>" for one in lines))

    def show_offer(self, words: str) -> None:
        """Offer the state's action by a button; empty: no button."""
        self.offer.setText(words)
        self.offer.setVisible(bool(words))

    def text(self) -> str:
        """Return all that is said, the tool tip's too, as one line."""
        return "  |  ".join([self.line.words, *self._details])

    @override
    def event(self, event: QEvent | None) -> bool:
        """Take no status tips: what a menu's line does stands in the line."""
        if event is not None and event.type() == QEvent.Type.StatusTip:
            return True
        return super().event(event)
