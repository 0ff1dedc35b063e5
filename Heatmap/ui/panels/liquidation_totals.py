"""`LiquidationTotals`: what was liquidated in the last 1, 4 and 24 hours, by side."""

from collections.abc import Callable

from PyQt6.QtCore import QRectF, QSize, Qt
from PyQt6.QtGui import QColor, QFont, QFontMetrics, QPainter, QPainterPath, QPaintEvent
from PyQt6.QtWidgets import QSizePolicy, QVBoxLayout, QWidget

from Heatmap.domain.instruments import InstrumentName
from Heatmap.feeds.recorded_books import TOTAL_SPANS_MS, RecordedTotals, SpanTotals
from Heatmap.heatmap_service import HeatmapService
from Heatmap.runtime.compat import override
from Heatmap.runtime.guarded import guarded
from Heatmap.runtime.safe_log import get_logger
from Heatmap.service.recorded_questions import RecordedQuestions
from Heatmap.ui.language import write_as_user
from Heatmap.ui.number_texts import (
    UNKNOWN,
    percent_text,
    short_usd,
    whole_percent,
)
from Heatmap.ui.panels.followed_symbol import FollowedSymbol
from Heatmap.ui.panels.painted_widget import PaintedWidget
from Heatmap.ui.panels.panel_head import SECOND_SIZE, PanelHead, scaled, tabular
from Heatmap.ui.panels.panel_symbol import PanelLayer
from Heatmap.ui.text_painter import text_painter
from Heatmap.ui.ties import Weakly

logger = get_logger(__name__)

_HOUR_MS = 3_600_000
_DAY_HOURS, _GAP_PX = 24, 8
_FULL_PERCENT = 100
_NOTHING = RecordedTotals(0, tuple(SpanTotals(one, 0.0, 0.0, 0.0) for one in TOTAL_SPANS_MS))

_EDGE_PX, _HEAD_PX, _ROW_PX, _TEXT_PX, _BAR_PX, _FOOT_PX = 12, 22, 36, 22, 5, 8
# Where the columns end, as parts of the width between the edges.
_LONGS_END, _SHORTS_END = 0.43, 0.69


class LiquidationTotals(QWidget):
    """Longs and shorts of 1 h, 4 h and 24 h, a bar that splits them, and how much was recorded.

    Amounts are lower bounds. They follow the clock while the panel is seen, also without events. Of
    time that was not recorded nothing is known: a dash, and not 0.

    Parameters
    ----------
    service
        Whose recording; ``None``: none yet, see `set_service`.
    layer
        A `HeatmapLayer`, whose symbol and time are followed; without a chart a `PanelSymbol`.
        ``None``: the first recorded symbol, until `set_symbol`.
    parent
        Qt parent.

    Attributes
    ----------
    head
        The line above with the panel's name; a host may put it elsewhere, as into a title bar.
    """

    def __init__(
        self,
        service: HeatmapService | None,
        layer: PanelLayer | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        write_as_user(self)
        self.head = PanelHead(self.tr("Totals"), self.tr("USD, at least"))
        self.head.caption.setToolTip(
            self.tr(
                "At least: the exchange reports one liquidation per symbol and second at most, "
                "so there may have been more"
            )
        )
        self.figures = TotalsFigures()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.head)
        column.addWidget(self.figures)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAutoFillBackground(True)
        self._followed = FollowedSymbol(self, service, layer, self._follow, self._forget)

    @property
    def symbol(self) -> str | None:
        """The symbol whose totals are shown; ``None``: none."""
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

    def texts(self) -> list[tuple[str, str, str, str]]:
        """Return what is shown: length of time, longs, shorts and recorded share, row by row."""
        return self.figures.texts()

    def _follow(self, recorded: RecordedQuestions, symbol: InstrumentName) -> Callable[[], None]:
        return recorded.follow_totals(symbol, Weakly(self.figures.show_totals))

    def _forget(self) -> None:
        self.figures.show_totals(_NOTHING)


class TotalsFigures(PaintedWidget):
    """The figures themselves; painted as one, which costs least."""

    def __init__(self) -> None:
        super().__init__()
        self._totals = _NOTHING
        self.setAccessibleName(self.tr("Totals of liquidations, USD, at least"))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.fit_font()
        self._describe()

    @override
    def fit_font(self) -> None:
        """Have room for the heads and all rows."""
        more_px = self.line_px(_TEXT_PX) - _TEXT_PX
        rows = len(TOTAL_SPANS_MS)
        self.setFixedHeight(_HEAD_PX + _ROW_PX * rows + _FOOT_PX + more_px * (rows + 1))
        # No layout makes it so narrow that columns run into each other.
        strong = QFont(self.font())
        strong.setWeight(QFont.Weight.DemiBold)
        small = QFontMetrics(scaled(self.font(), SECOND_SIZE))
        amount_px = QFontMetrics(strong).horizontalAdvance(short_usd(8.88e6)) + _GAP_PX
        span_px = QFontMetrics(strong).horizontalAdvance(self._hours(_DAY_HOURS)) + _GAP_PX
        share_px = small.horizontalAdvance(self.tr("Recorded")) + _GAP_PX
        parts = (
            (span_px + amount_px) / _LONGS_END,
            amount_px / (_SHORTS_END - _LONGS_END),
            share_px / (1 - _SHORTS_END),
        )
        self.setMinimumWidth(round(max(parts)) + 2 * _EDGE_PX)

    def show_totals(self, totals: RecordedTotals) -> None:
        """Show other figures; painted again only where a text or a bar is another one."""
        before, self._totals = (self.texts(), self._splits()), totals
        if before != (self.texts(), self._splits()):
            self._describe()
            self.update()

    def texts(self) -> list[tuple[str, str, str, str]]:
        """Return what stands in each row."""
        rows = []
        for one in self._totals.spans:
            is_known = whole_percent(one.recorded_share) > 0 or one.long_usd + one.short_usd > 0
            longs, shorts = (
                short_usd(usd) if is_known else UNKNOWN for usd in (one.long_usd, one.short_usd)
            )
            share = percent_text(one.recorded_share)
            hours = self._hours(one.span_ms // _HOUR_MS)
            rows.append((hours, longs, shorts, share))
        return rows

    def _hours(self, hours: int) -> str:
        return self.tr("{hours} h").format(hours=hours)

    def _splits(self) -> list[int]:
        """Return how much of each bar is the longs', in pixels."""
        width = self.width() - 2 * _EDGE_PX
        return [
            round(width * one.long_usd / (one.long_usd + one.short_usd or 1.0))
            for one in self._totals.spans
        ]

    def _describe(self) -> None:
        """Say the same to who cannot see it."""
        sentence = self.tr("{span}: longs {longs}, shorts {shorts}, recorded {share}")
        self.setAccessibleDescription(
            "; ".join(
                sentence.format(span=span, longs=longs, shorts=shorts, share=share)
                for span, longs, shorts, share in self.texts()
            )
        )

    @override
    def sizeHint(self) -> QSize:
        """Return the width that the columns need at least, comfortably."""
        return QSize(316, self.height())

    def note_error(self, error: Exception) -> None:
        """Log an error of its own, which must not reach Qt."""
        logger.error("totals could not be painted", exc_info=error)

    @override
    @guarded
    def paintEvent(self, _event: QPaintEvent | None) -> None:
        """Paint heads, amounts and bars."""
        painter = text_painter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        colours = self._colours
        inner, text_px = self.width() - 2 * _EDGE_PX, self.line_px(_TEXT_PX)
        more_px = text_px - _TEXT_PX
        ends = [_EDGE_PX + inner * part for part in (_LONGS_END, _SHORTS_END, 1.0)]
        small = scaled(self.font(), SECOND_SIZE)
        strong = QFont(tabular(self.font()))
        strong.setWeight(QFont.Weight.DemiBold)
        painter.setFont(small)
        heads = (self.tr("Longs"), self.tr("Shorts"), self.tr("Recorded"))
        for end, words in zip(ends, heads, strict=True):
            _write(painter, colours.caption, QRectF(0, 0, end, _HEAD_PX + more_px), words)
        for at, (one, row) in enumerate(zip(self._totals.spans, self.texts(), strict=True)):
            top = _HEAD_PX + more_px + at * (_ROW_PX + more_px)
            span, longs, shorts, share = row
            painter.setFont(strong)
            box = QRectF(_EDGE_PX, top, inner, text_px)
            _write(painter, colours.text, box, span, Qt.AlignmentFlag.AlignLeft)
            for end, words, ink in (
                (ends[0], longs, colours.long_text),
                (ends[1], shorts, colours.short_text),
            ):
                shown = colours.caption if words == UNKNOWN else ink
                _write(painter, shown, QRectF(0, top, end, text_px), words)
            painter.setFont(small)
            is_whole = whole_percent(one.recorded_share) >= _FULL_PERCENT
            ink = colours.caption if is_whole else colours.warn
            _write(painter, ink, QRectF(0, top, ends[2], text_px), share)
            self._paint_bar(painter, one, QRectF(_EDGE_PX, top + text_px + 2, inner, _BAR_PX))
        painter.end()

    def _paint_bar(self, painter: QPainter, one: SpanTotals, box: QRectF) -> None:
        """Paint longs and shorts as parts of one bar; an empty one where there are none."""
        path = QPainterPath()
        path.addRoundedRect(box, _BAR_PX / 2, _BAR_PX / 2)
        painter.fillPath(path, self._colours.track)
        total = one.long_usd + one.short_usd
        if total <= 0:
            return
        painter.save()
        painter.setClipPath(path)
        cut = box.left() + box.width() * one.long_usd / total
        left, right = QRectF(box), QRectF(box)
        left.setRight(cut)
        right.setLeft(cut)
        painter.fillRect(left, self._colours.long_fill)
        painter.fillRect(right, self._colours.short_fill)
        if one.long_usd > 0 and one.short_usd > 0:
            painter.fillRect(QRectF(cut - 1, box.top(), 2, box.height()), self._colours.ground)
        painter.restore()


def _write(
    painter: QPainter,
    ink: QColor,
    box: QRectF,
    words: str,
    side: Qt.AlignmentFlag = Qt.AlignmentFlag.AlignRight,
) -> None:
    painter.setPen(ink)
    painter.drawText(box, side | Qt.AlignmentFlag.AlignVCenter, words)
