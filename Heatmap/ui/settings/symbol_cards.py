"""The recorded symbols, each on a card: how its recording is, since when, and how much there is."""

from collections.abc import Callable

from PyQt6.QtCore import Qt
from PyQt6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PyQt6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from Heatmap.feeds.replay_reads import RecordedTime
from Heatmap.heatmap_service import HeatmapService
from Heatmap.heatmap_settings import ALL_SYMBOLS
from Heatmap.runtime.compat import override
from Heatmap.service.market_state import market_state
from Heatmap.ui.number_texts import clock_words, date_words, whole_number
from Heatmap.ui.recorded_facts import RecordedFacts
from Heatmap.ui.settings.look import Caption, is_on_dark, text_colour
from Heatmap.ui.state_texts import StateTone, StateWords, state_words
from Heatmap.ui.text_painter import text_painter
from Heatmap.ui.while_visible import WhileVisible

_TONES = {
    StateTone.OK: ("#43c98f", "#127347"),
    StateTone.WARN: ("#e8b755", "#7d5200"),
    StateTone.BAD: ("#ff8078", "#b9232b"),
}
_DOT_PX, _RING_PX = 9, 2.0
_GROUND, _EDGE, _RADIUS = 0.05, 0.16, 7.0


class SymbolCards(QWidget):
    """A card for each recorded symbol, from top to bottom.

    Parameters
    ----------
    service
        Whose symbols.
    stop
        Told the symbol that is not to be recorded any more.
    """

    def __init__(self, service: HeatmapService, stop: Callable[[str], object]) -> None:
        super().__init__()
        self._service = service
        self._stop = stop
        self._cards: dict[str, SymbolCard] = {}
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(6)
        self.facts = RecordedFacts(self, service, self._refresh)
        self._visible = WhileVisible(self, self._refresh)

    @property
    def symbols(self) -> tuple[str, ...]:
        """The symbols that have a card."""
        return tuple(self._cards)

    def show_symbols(self, symbols: tuple[str, ...]) -> None:
        """Show these symbols; ``ALL`` is one card."""
        for symbol in [*self._cards]:
            if symbol not in symbols:
                card = self._cards.pop(symbol)
                self._column.removeWidget(card)
                card.hide()
                card.deleteLater()
        for at, symbol in enumerate(symbols):
            if symbol not in self._cards:
                self._cards[symbol] = SymbolCard(symbol, self._stop)
                self._column.insertWidget(at, self._cards[symbol])
        for card in self._cards.values():
            card.allow(is_last=len(self._cards) == 1)
        self.facts.want(one for one in symbols if one != ALL_SYMBOLS)
        self._refresh()

    def _refresh(self) -> None:
        service = self._service
        for symbol, card in self._cards.items():
            recorded = self.facts.of(symbol)
            state = market_state(
                symbol,
                service.recorder_status(),
                service.clock(),
                is_running=service.is_running(),
                recorded=service.settings.symbols,
                last_event_ms=recorded.sums[-1][0] if recorded and recorded.sums else None,
                blind_since_ms=_blind_since_ms(recorded),
            )
            words = state_words(state, clock_words)
            told = self._words(recorded, is_known=self.facts.is_known(symbol))
            if symbol == ALL_SYMBOLS:
                told = self.tr("whatever the exchange lists")
            card.show_state(words, told)

    def _words(self, recorded: RecordedTime | None, *, is_known: bool) -> str:
        if recorded is None:
            return self.tr("nothing recorded yet") if is_known else ""
        since = f"{date_words(recorded.start_ms)} {clock_words(recorded.start_ms)[:5]}"
        if recorded.count == 1:
            return self.tr("since {time}, 1 liquidation").format(time=since)
        words = self.tr("since {time}, {count} liquidations")
        return words.format(time=since, count=whole_number(recorded.count))


class SymbolCard(QWidget):
    """One symbol."""

    def __init__(self, symbol: str, stop: Callable[[str], object]) -> None:
        super().__init__()
        self.setObjectName(f"card_{symbol}")
        self._tone, self._is_ring = StateTone.FAINT, True
        name = QLabel(self.tr("All symbols") if symbol == ALL_SYMBOLS else symbol)
        name.setTextFormat(Qt.TextFormat.PlainText)
        font = name.font()
        font.setWeight(font.Weight.DemiBold)
        name.setFont(font)
        name.setToolTip(self.tr("Recorded from now on, until you stop it"))
        self._words = Caption()
        self._words.setObjectName(f"recorded_{symbol}")
        self._words.setToolTip(self.tr("How much of it is in the database"))
        for label in (name, self._words):
            # The ground is the card's, whatever a host's style says of widgets.
            label.setStyleSheet("background: transparent")
        self._button = QPushButton(self.tr("Stop recording"))
        self._button.setObjectName(f"stop_{symbol}")
        self._button.setAutoDefault(False)
        self._button.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self._button.setAccessibleName(self.tr("Stop recording {symbol}").format(symbol=symbol))
        self._button.clicked.connect(lambda _checked: stop(symbol))
        self._button.setVisible(symbol != ALL_SYMBOLS)
        row = QHBoxLayout(self)
        row.setContentsMargins(10 + 2 * _DOT_PX, 6, 8, 6)
        row.setSpacing(8)
        row.addWidget(name)
        row.addWidget(self._words, 1)
        row.addWidget(self._button)

    def allow(self, *, is_last: bool) -> None:
        """Offer to stop it, unless nothing else is recorded."""
        self._button.setEnabled(not is_last)
        self._button.setToolTip(
            self.tr("One symbol at least is recorded: add another one first")
            if is_last
            else self.tr("What was recorded of it stays in the database")
        )

    def show_state(self, state: StateWords, words: str) -> None:
        """Show how the recording is, and what there is of it."""
        self._tone, self._is_ring = state.tone, state.is_ring
        # When the last liquidation was is known here to some minutes only: the bar has it.
        is_well = state.tone is StateTone.OK
        self.setToolTip(state.word if is_well else f"{state.word}. {state.sentence}")
        # A colour alone says nothing to many.
        parts = [] if state.tone is StateTone.OK else [state.word]
        self._words.setText("; ".join(filter(None, [*parts, words])))
        self.update()

    @override
    def paintEvent(self, event: QPaintEvent | None) -> None:
        """Draw the card's ground, and the dot."""
        del event
        painter = text_painter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(text_colour(self, _EDGE))
        painter.setBrush(text_colour(self, _GROUND))
        edge = self.rect().toRectF().adjusted(0.5, 0.5, -0.5, -0.5)
        painter.drawRoundedRect(edge, _RADIUS, _RADIUS)
        colours = _TONES.get(self._tone)
        colour = text_colour(self, 0.6)
        if colours is not None:
            colour = QColor(colours[0 if is_on_dark(self) else 1])
        painter.setPen(QPen(colour, _RING_PX) if self._is_ring else Qt.PenStyle.NoPen)
        painter.setBrush(Qt.BrushStyle.NoBrush if self._is_ring else colour)
        top = (self.height() - _DOT_PX) / 2
        painter.drawEllipse(12, round(top), _DOT_PX, _DOT_PX)
        painter.end()


def _blind_since_ms(recorded: RecordedTime | None) -> int | None:
    """Return since when nothing is recorded; ``None``: it is, or never was."""
    if recorded is None:
        return None
    holes = recorded.holes_between(recorded.start_ms, recorded.end_ms)
    return holes[-1][0] if holes and holes[-1][1] >= recorded.end_ms else None
