"""`MarketStateLine`: whether the data are live, and if not why not, in one line."""

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from PyQt6.QtCore import QPointF, QRectF, QSize, Qt, QTimeZone, pyqtSignal
from PyQt6.QtGui import QColor, QFont, QFontMetrics, QHideEvent, QPainter, QPaintEvent, QPen
from PyQt6.QtWidgets import QSizePolicy, QWidget

from Heatmap.heatmap_service import HeatmapService
from Heatmap.runtime.compat import override
from Heatmap.runtime.guarded import guarded
from Heatmap.runtime.safe_log import get_logger
from Heatmap.service.market_state import MarketState
from Heatmap.ui.language import write_as_user
from Heatmap.ui.market_watch import MarketWatch
from Heatmap.ui.number_texts import clock_text, day_text, is_same_day
from Heatmap.ui.panels.painted_widget import PaintedWidget
from Heatmap.ui.panels.panel_colours import PanelColours
from Heatmap.ui.panels.panel_symbol import PanelLayer
from Heatmap.ui.state_texts import StateTone, StateWords, state_words
from Heatmap.ui.text_painter import text_painter
from Heatmap.ui.ties import Ties, Weakly
from Heatmap.ui.while_visible import WhileVisible

if TYPE_CHECKING:
    from Heatmap.service.replays import Replay

logger = get_logger(__name__)

_EDGE_PX, _GAP_PX, _DOT_PX, _HEIGHT_PX = 8, 8, 4.0, 26


class MarketStateLine(PaintedWidget):
    """A dot, a word and a sentence, such as ``Live``, and since when the symbol is recorded.

    Looked at once a second while it is seen; nothing where there is no service or no symbol. What
    there is no room for is cut with an ellipsis, and whole in the tool tip.

    Parameters
    ----------
    service
        Whose recording; ``None``: none yet, see `set_service`.
    layer
        A `HeatmapLayer`, whose symbol and time are meant; without a chart a `PanelSymbol`.
    parent
        Qt parent.

    Attributes
    ----------
    state_changed
        Other `StateWords`, or ``None``: nothing is known. They have what a chart may say in one
        line (`card`), and what can be done (`action`, with `button` for its name), which is the
        host's to do.
    """

    state_changed = pyqtSignal(object)

    def __init__(
        self, service: HeatmapService | None, layer: PanelLayer, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        write_as_user(self)
        self._service = service
        self._layer = layer
        self._zone = QTimeZone.utc()
        self._words: StateWords | None = None
        self._watch = MarketWatch(Weakly(self._look))
        self._ties = Ties(self)
        self._ties.tie("watch", partial(self._watch.follow, None, None))
        # As wide as there is room: it never asks for its whole text.
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        layer.symbol_changed.connect(self._look_at_other)
        self._refresher = WhileVisible(self, self._look)

    # -- what a host says -----------------------------------------------------------------------

    @property
    def words(self) -> StateWords | None:
        """What is said; ``None``: nothing is known, or the line has not been seen yet."""
        return self._words

    def set_service(self, service: HeatmapService | None) -> None:
        """Say how another service's recording is; ``None``: nothing."""
        self._service = service
        if self.isVisible():
            self._look()

    def set_time_zone(self, zone: QTimeZone) -> None:
        """Give times by the clock of a zone; UTC at first."""
        self._zone = zone
        if self.isVisible():
            self._look()

    # -- what is looked at ----------------------------------------------------------------------

    def note_error(self, error: Exception) -> None:
        """Log an error of its own, which must not reach Qt."""
        logger.error("the state of the recording could not be said", exc_info=error)

    @guarded
    def _look_at_other(self, _symbol: str | None) -> None:
        if self.isVisible():
            self._look()

    @guarded
    def _look(self) -> None:
        if not self.isVisible():
            return
        service, symbol = self._service, self._layer.symbol
        self._watch.follow(service, symbol)
        state = None if service is None or not symbol else self._watch.state(service.kind)
        self._say(None if state is None or service is None else self._words_of(service, state))

    def _words_of(self, service: HeatmapService, state: MarketState) -> StateWords:
        replay: Replay = service.replays.of(self._layer)
        if replay.is_active:
            state = replace(state, shown=replay.shown, shown_ms=replay.now_ms())
        now_ms = service.clock()

        def clock(ts_ms: int) -> str:
            time = clock_text(ts_ms, self._zone, has_seconds=False)
            is_today = is_same_day(ts_ms, now_ms, self._zone)
            return time if is_today else f"{day_text(ts_ms, self._zone)} {time}"

        return state_words(state, clock)

    def _say(self, words: StateWords | None) -> None:
        if words == self._words:
            return
        self._words = words
        text = "" if words is None else f"{words.word}: {words.sentence}"
        self.setAccessibleName(text)
        self.setToolTip(text)
        self.update()
        self.state_changed.emit(words)

    # -- how it looks ---------------------------------------------------------------------------

    @override
    def hideEvent(self, event: QHideEvent | None) -> None:
        """Read nothing while it is hidden."""
        super().hideEvent(event)
        self._watch.follow(None, None)

    @override
    def sizeHint(self) -> QSize:
        """Return the height alone."""
        return QSize(1, max(_HEIGHT_PX, self.fontMetrics().height() + _GAP_PX))

    def shown_sentence(self) -> str:
        """Return the sentence as it is painted, cut or whole."""
        sentence = "" if self._words is None else self._words.sentence
        room_px = max(0, self.width() - self._sentence_left() - _EDGE_PX)
        return self.fontMetrics().elidedText(sentence, Qt.TextElideMode.ElideRight, room_px)

    @override
    @guarded
    def paintEvent(self, _event: QPaintEvent | None) -> None:
        """Paint dot, word and sentence."""
        words, colours, middle = self._words, self._colours, self.height() / 2
        if words is None:
            return
        painter = text_painter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        tone = _tone(colours, words.tone)
        _paint_dot(painter, tone, QPointF(_EDGE_PX + _DOT_PX, middle), is_ring=words.is_ring)
        line = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        painter.setFont(self._strong())
        painter.setPen(colours.text)
        left = _EDGE_PX + 2 * _DOT_PX + _GAP_PX
        painter.drawText(QRectF(left, 0, self.width(), self.height()), line, words.word)
        left = self._sentence_left()
        if words.has_fault_behind:
            at = QPointF(left - _GAP_PX - _DOT_PX, middle)
            _paint_dot(painter, colours.bad, at, is_ring=False)
        painter.setFont(self.font())
        painter.setPen(colours.second)
        painter.drawText(QRectF(left, 0, self.width(), self.height()), line, self.shown_sentence())
        painter.end()

    def _strong(self) -> QFont:
        font = QFont(self.font())
        font.setWeight(QFont.Weight.DemiBold)
        return font

    def _sentence_left(self) -> int:
        words = self._words
        word_px = 0
        if words is not None:
            word_px = QFontMetrics(self._strong()).horizontalAdvance(words.word)
            word_px += int(2 * _DOT_PX) + _GAP_PX if words.has_fault_behind else 0
        return _EDGE_PX + int(2 * _DOT_PX) + _GAP_PX + word_px + _GAP_PX


def _tone(colours: PanelColours, tone: StateTone) -> QColor:
    return {
        StateTone.OK: colours.ok,
        StateTone.WARN: colours.warn,
        StateTone.BAD: colours.bad,
        StateTone.FAINT: colours.caption,
        StateTone.SIMULATED: colours.simulated,
        StateTone.REPLAY: colours.replay,
    }[tone]


def _paint_dot(painter: QPainter, colour: QColor, middle: QPointF, *, is_ring: bool) -> None:
    painter.setPen(QPen(colour, 1.75) if is_ring else Qt.PenStyle.NoPen)
    painter.setBrush(Qt.BrushStyle.NoBrush if is_ring else colour)
    radius = _DOT_PX - (0.5 if is_ring else 0)
    painter.drawEllipse(middle, radius, radius)
