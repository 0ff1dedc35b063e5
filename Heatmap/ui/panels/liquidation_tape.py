"""`LiquidationTape`: the newest liquidations of a symbol, row by row."""

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from PyQt6 import sip
from PyQt6.QtCore import QEvent, QModelIndex, Qt, QTimeZone, pyqtSignal
from PyQt6.QtGui import QPalette
from PyQt6.QtWidgets import QComboBox, QLabel, QSizePolicy, QVBoxLayout, QWidget

from Heatmap.domain.instruments import InstrumentName
from Heatmap.domain.picked import PickedLiquidations
from Heatmap.feeds.recorded_books import TapeNews
from Heatmap.heatmap_service import HeatmapService
from Heatmap.ingestion.connection.supervisor import ConnectionState
from Heatmap.ingestion.recorder.standby import SinkRole
from Heatmap.runtime.compat import override
from Heatmap.runtime.guarded import guarded
from Heatmap.runtime.safe_log import get_logger
from Heatmap.service.recorded_questions import RecordedQuestions
from Heatmap.ui.language import write_as_user
from Heatmap.ui.number_texts import clock_text, day_text, is_same_day, short_usd
from Heatmap.ui.panels.followed_symbol import FollowedSymbol
from Heatmap.ui.panels.panel_head import PanelHead
from Heatmap.ui.panels.panel_symbol import PanelLayer, PanelSymbol
from Heatmap.ui.panels.tape_model import TapeModel
from Heatmap.ui.panels.tape_view import TapeView
from Heatmap.ui.ties import Weakly

logger = get_logger(__name__)

LEAST_USD = (0, 1_000, 10_000, 100_000, 1_000_000)
"""What the tape can leave out: smaller ones than this, USD."""
_FIRST_LEAST_USD = 1_000
_EDGE_PX = 12
# So many rows are looked at for their digits, and so many digits a price has at most.
_DIGITS_ROWS, _MOST_DECIMALS = 200, 10
# The largest liquidation of a bubble lies this near to it, see `PickedLiquidations.distance`.
_NEAR = 10.0
_RESTYLING = (QEvent.Type.PaletteChange, QEvent.Type.FontChange)


@dataclass(frozen=True, slots=True)
class TapeEvent:
    """A liquidation of the tape.

    Attributes
    ----------
    ts_ms
        When, UTC milliseconds.
    price
        At which price, USD.
    usd
        Its amount, a lower bound.
    is_long
        Whether a long was liquidated.
    """

    ts_ms: int
    price: float
    usd: float
    is_long: bool


class LiquidationTape(QWidget):
    """Time, side, price and amount of each liquidation, the newest on top.

    It follows what is recorded while it is seen. A double click on a row, or Enter, shows its place
    on the layer's chart; a click on a bubble of that chart finds its row.

    Parameters
    ----------
    service
        Whose recording; ``None``: none yet, see `set_service`.
    layer
        A `HeatmapLayer`, whose symbol and time are followed, and where places are shown; without a
        chart a `PanelSymbol`. ``None``: the first recorded symbol, until `set_symbol`.
    parent
        Qt parent.

    Attributes
    ----------
    event_activated
        A `TapeEvent`: its row was double clicked, or Enter was pressed on it.
    head
        The line above the rows with the filter; a host may put it elsewhere, as into a title bar.
    """

    event_activated = pyqtSignal(object)

    def __init__(
        self,
        service: HeatmapService | None,
        layer: PanelLayer | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        write_as_user(self)
        self.model = TapeModel()
        self.view = TapeView(self.model)
        self.head = PanelHead(self.tr("Tape"))
        self._layer = layer
        self._blind_since_ms: int | None = None
        # What is to be chosen once there are other rows.
        self._awaited: PickedLiquidations | None = None
        self.least = QComboBox()
        self.least.setAccessibleName(self.tr("Smallest liquidation in the tape"))
        self.least.setToolTip(
            self.tr("Leave out smaller liquidations; they are recorded all the same")
        )
        for usd in LEAST_USD:
            words = self.tr("From {usd}").format(usd=short_usd(usd))
            self.least.addItem(words if usd else self.tr("All"), usd)
        self.least.setCurrentIndex(LEAST_USD.index(_FIRST_LEAST_USD))
        self.least.currentIndexChanged.connect(lambda _index: self._followed.renew())
        self.head.add(self.least)
        self.blind = _line(Qt.AlignmentFlag.AlignLeft)
        self.empty = _line(Qt.AlignmentFlag.AlignCenter)
        self.empty.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.empty.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Expanding)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        for widget in (self.head, self.blind, self.empty, self.view):
            column.addWidget(widget)
        self.setFocusProxy(self.view)
        self.view.chosen.connect(self._activate)
        self._followed = FollowedSymbol(
            self, service, layer, self._follow, self._forget, self._show_state
        )
        self.view.now = lambda: self._followed.now_ms
        if layer is not None and not isinstance(layer, PanelSymbol):
            layer.liquidations_picked.connect(self.select)
        self._restyle()
        self._show_state()

    @property
    def symbol(self) -> str | None:
        """The symbol whose liquidations are shown; ``None``: none."""
        return self._followed.symbol

    def set_symbol(self, symbol: InstrumentName | None) -> None:
        """Show another symbol; with a layer its symbol is followed by itself.

        Parameters
        ----------
        symbol
            As in `HeatmapLayer.set_symbol`. ``None``: nothing with a layer, and without one the
            first recorded symbol.

        Raises
        ------
        TypeError
            It is neither a text nor an `Instrument`, nor ``None``.
        """
        self._followed.set_symbol(symbol)

    def set_service(self, service: HeatmapService | None) -> None:
        """Show what another service records; ``None``: nothing."""
        self._followed.set_service(service)

    def set_time_zone(self, zone: QTimeZone) -> None:
        """Show times by the clock of a zone; UTC at first."""
        self.model.set_zone(zone)
        self.view.painter.forget()
        self._show_state()

    def set_least_usd(self, usd: float) -> None:
        """Leave out smaller ones: the nearest step of `LEAST_USD` that leaves out no more."""
        step = max(one for one in LEAST_USD if one <= max(usd, 0))
        self.least.setCurrentIndex(LEAST_USD.index(step))

    @guarded
    def select(self, picked: PickedLiquidations) -> None:
        """Choose the row of a bubble: of its liquidations the largest one.

        Where the filter leaves it out the filter goes; where there is none, nothing happens.
        """
        self._awaited = None
        at = self.model.find(picked.holds)
        if at is None:
            at = self.model.find_nearest(picked.distance, _NEAR)
        if at is not None:
            index = self.model.index(at, 0)
            self.view.setCurrentIndex(index)
            self.view.scrollTo(index, TapeView.ScrollHint.PositionAtCenter)
        elif self.least.currentData():
            self._awaited = picked
            self.least.setCurrentIndex(0)

    def chosen_event(self) -> TapeEvent | None:
        """Return the liquidation of the chosen row; ``None``: none is."""
        return self._event_at(self.view.currentIndex().row())

    # -- what is told -------------------------------------------------------------------------

    def _follow(self, recorded: RecordedQuestions, symbol: InstrumentName) -> Callable[[], None]:
        least_usd = float(self.least.currentData())
        return recorded.follow_tape(symbol, Weakly(self._take), least_usd=least_usd)

    def _forget(self) -> None:
        self._blind_since_ms = None
        self.model.replace([])
        self._show_state()

    def _take(self, news: TapeNews) -> None:
        is_other_scale = news.large_usd != self.view.painter.large_usd
        if is_other_scale:
            self.view.painter.large_usd = news.large_usd
        if news.is_restarted:
            self.model.replace(news.rows)
            if self._awaited is not None:
                self.select(self._awaited)
        elif news.rows:
            self.view.add_rows(self.model.add(news.rows))
        viewport = self.view.viewport()
        if is_other_scale and viewport is not None:
            viewport.update()
        self._show_digits()
        # After the digits: a price in more of them needs a wider column.
        self.view.fit_columns()
        self._blind_since_ms = news.blind_since_ms
        self._show_state()

    def _show_digits(self) -> None:
        """Say prices to the tick, which the exchange may tell after the first of them.

        Until then in the digits that they have: by another symbol's a small price would be 0.0.
        """
        service, symbol = self._followed.service, self.symbol
        if service is None or symbol is None:
            return
        steps = [service.tick_size(symbol)]
        if service.tick_origin(symbol) == "assumed":
            newest = itertools.islice(self.model.rows, _DIGITS_ROWS)
            steps += [Decimal(repr(price)) for _ts_ms, price, _usd, _is_long in newest]
        exponents = [step.normalize().as_tuple().exponent for step in steps]
        decimals = max(-one for one in exponents if isinstance(one, int))
        decimals = min(max(0, decimals), _MOST_DECIMALS)
        if decimals != self.model.decimals:
            self.view.painter.forget()
            self.model.set_decimals(decimals)

    def _show_state(self) -> None:
        """Show the rows, or why there are none, and whether they go on."""
        since_ms, zone = self._blind_since_ms, self.model.zone
        is_blind = since_ms is not None or self._followed.is_stopped
        if self._followed.is_stopped:
            self.blind.setText(self.tr("Recording is stopped: nothing new comes"))
        elif since_ms is not None:
            time = clock_text(since_ms, zone)
            now_ms = self._followed.now_ms
            if now_ms is not None and not is_same_day(since_ms, now_ms, zone):
                time = f"{day_text(since_ms, zone)} {time}"
            words = self.tr("No data since {time}")
            if self._is_unsaved():
                # Data come; they wait in memory.
                words = self.tr("Nothing saved since {time}")
            self.blind.setText(words.format(time=time))
        self.blind.setVisible(is_blind)
        has_rows = self.model.rowCount() > 0
        if not has_rows:
            usd = int(self.least.currentData())
            words = self.tr("Liquidations appear here as they are recorded.")
            if usd > _FIRST_LEAST_USD:
                words = self.tr("Liquidations from {usd} USD appear here as they are recorded.")
            if self.symbol is None and self._layer is not None:
                words = self.tr("The chart's symbol is not known.")
            elif not self._followed.is_recorded:
                words = self.tr("{symbol} is not recorded.")
            self.empty.setText(words.format(usd=short_usd(usd), symbol=self.symbol))
        # Whichever of both is in sight has the keyboard, while it is the tape's: Qt would give it
        # to another panel's button.
        gone, seen = (self.empty, self.view) if has_rows else (self.view, self.empty)
        seen.show()
        window = self.window()
        if window is not None and window.focusWidget() is gone:
            # Also where a dialog is in front of it.
            seen.setFocus(Qt.FocusReason.OtherFocusReason)
        gone.hide()
        self.view.show_day()

    def _is_unsaved(self) -> bool:
        """Whether the recorder cannot write what it has."""
        service = self._followed.service
        recorder = None if service is None else service.recorder_status()
        if recorder is None or recorder.role is SinkRole.STANDBY:
            return False
        is_live = recorder.connection is ConnectionState.LIVE
        return is_live and recorder.storage_fault is not None

    # -- rows ---------------------------------------------------------------------------------

    def _event_at(self, at: int) -> TapeEvent | None:
        if not 0 <= at < self.model.rowCount(QModelIndex()):
            return None
        ts_ms, price, usd, is_long = self.model.rows[at]
        return TapeEvent(ts_ms, price, usd, is_long)

    def note_error(self, error: Exception) -> None:
        """Log an error of its own, which must not reach Qt."""
        logger.error("the tape failed", exc_info=error)

    @guarded
    def _activate(self, at: int) -> None:
        event = self._event_at(at)
        if event is None:
            return
        layer = self._layer
        if layer is not None and not isinstance(layer, PanelSymbol) and not sip.isdeleted(layer):
            layer.show_place(event.ts_ms, event.price)
        self.event_activated.emit(event)

    # -- looks --------------------------------------------------------------------------------

    @override
    def changeEvent(self, event: QEvent | None) -> None:
        """Take over another palette or font."""
        super().changeEvent(event)
        if event is not None and event.type() in _RESTYLING:
            self._restyle()

    def _restyle(self) -> None:
        self.view.setPalette(self.palette())
        self.view.restyle(QPalette(self.palette()))
        colours = self.view.painter.colours
        self.setAutoFillBackground(True)
        for label, ink in ((self.blind, colours.bad), (self.empty, colours.caption)):
            # A window that gives each widget its palette would undo a palette.
            label.setStyleSheet(f"color: {ink.name()}; background: transparent")


def _line(alignment: Qt.AlignmentFlag) -> QLabel:
    label = QLabel()
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(True)
    label.setAlignment(alignment | Qt.AlignmentFlag.AlignVCenter)
    label.setContentsMargins(_EDGE_PX, 4, _EDGE_PX, 4)
    return label
