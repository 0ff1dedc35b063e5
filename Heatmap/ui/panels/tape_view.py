"""How a tape looks and is used: rows of one height, a bar for the side, a bar for the amount."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from PyQt6.QtCore import QRect, Qt, pyqtSignal
from PyQt6.QtGui import (
    QFont,
    QFontMetrics,
    QKeyEvent,
    QPainter,
    QPaintEvent,
    QPalette,
    QPixmap,
)
from PyQt6.QtWidgets import QAbstractItemView, QFrame, QHeaderView, QTableView

from Heatmap.runtime.compat import override
from Heatmap.runtime.guarded import guarded
from Heatmap.runtime.safe_log import get_logger
from Heatmap.ui.panels.panel_colours import PanelColours, mixed, scroll_bar_style, translucent
from Heatmap.ui.panels.panel_head import SECOND_SIZE, scaled
from Heatmap.ui.panels.tape_model import Column, TapeModel, alignment

if TYPE_CHECKING:
    from Heatmap.feeds.recorded_books import TapeRow

logger = get_logger(__name__)

ROW_PX, HEAD_PX = 22, 24
_SIDE_PX, _EDGE_PX, _GAP_PX = 3, 12, 6
# Widths of the columns but the last, in widths of a text like the longest in them.
_LONGEST = {Column.TIME: "30 Dec 00:00", Column.SIDE: "Short", Column.PRICE: "108,855.1"}
# An amount of this much fills its bar.
_FULL_USD = 1e6
# So many rows are kept as they are painted: more than any screen shows.
_MOST_KEPT = 150
_BAR_ALPHA, _LARGE_ALPHA, _CHOSEN_PART = 0.28, 0.17, 0.16


class RowPainter:
    """Paints whole rows, and keeps them: an update then only copies what is seen.

    Large liquidations are bold, on a tinted ground.

    Attributes
    ----------
    colours
        What it paints with.
    plain, strong
        Fonts of most rows, and of large ones.
    """

    def __init__(self, model: TapeModel, palette: QPalette) -> None:
        self.colours = PanelColours.of(palette)
        self.plain = self.strong = QFont()
        self._model = model
        self._large_usd = float("inf")
        # Left edge and width of each column, and device pixels a pixel: of the rows that are kept.
        self._layout: tuple[object, ...] = ()
        self._kept: dict[tuple[TapeRow, bool], QPixmap] = {}

    @property
    def large_usd(self) -> float:
        """From this amount on a liquidation is large, USD."""
        return self._large_usd

    @large_usd.setter
    def large_usd(self, usd: float) -> None:
        self._large_usd = usd
        self.forget()

    def forget(self) -> None:
        """Paint all rows anew."""
        self._kept.clear()

    def restyle(self, palette: QPalette, font: QFont) -> None:
        """Paint with the colours that suit a palette, in a font."""
        self.colours = PanelColours.of(palette)
        self.plain, self.strong = font, QFont(font)
        self.strong.setWeight(QFont.Weight.DemiBold)
        self.forget()

    def row(self, at: int, columns: Sequence[tuple[int, int]], ratio: float) -> QPixmap:
        """Return a row as it is when it is not chosen.

        Parameters
        ----------
        at
            Its number.
        columns
            Left edge and width of each column, pixels.
        ratio
            Device pixels a pixel.
        """
        if self._layout != (columns, ratio):
            self._layout = columns, ratio
            self.forget()
        key = self._model.rows[at], self._model.is_dated(at)
        kept = self._kept.get(key)
        if kept is None:
            width = sum(columns[-1])
            kept = QPixmap(round(width * ratio), round(ROW_PX * ratio))
            kept.setDevicePixelRatio(ratio)
            painter = QPainter(kept)
            self.paint(painter, at, columns, is_chosen=False)
            painter.end()
            if len(self._kept) >= _MOST_KEPT:
                # The oldest one: to paint all that are seen anew would take longer than a frame.
                self._kept.pop(next(iter(self._kept)))
            self._kept[key] = kept
        return kept

    def paint(
        self, painter: QPainter, at: int, columns: Sequence[tuple[int, int]], *, is_chosen: bool
    ) -> None:
        """Paint a row; its left upper corner is the painter's."""
        colours, model = self.colours, self._model
        _ts_ms, _price, usd, is_long = model.rows[at]
        is_large = usd >= self._large_usd
        fill, width = colours.side_fill(is_long=is_long), sum(columns[-1])
        painter.fillRect(0, 0, width, ROW_PX, colours.ground)
        if is_chosen:
            chosen = mixed(colours.ground, colours.text, _CHOSEN_PART)
            painter.fillRect(0, 0, width, ROW_PX, chosen)
        elif is_large:
            painter.fillRect(0, 0, width, ROW_PX, translucent(fill, _LARGE_ALPHA))
        if model.is_dated(at):
            painter.fillRect(0, 0, width, 1, colours.line)
        painter.fillRect(0, _SIDE_PX, _SIDE_PX, ROW_PX - 2 * _SIDE_PX, fill)
        # The square root: small ones can be seen beside large ones.
        bar = round((columns[Column.USD][1] - _GAP_PX) * min(1.0, usd / _FULL_USD) ** 0.5)
        painter.fillRect(width - bar, 3, bar, ROW_PX - 6, translucent(fill, _BAR_ALPHA))
        inks = (
            colours.text if is_large else colours.caption,
            colours.side_text(is_long=is_long),
            colours.text if is_large else colours.second,
            colours.text,
        )
        painter.setFont(self.strong if is_large else self.plain)
        for column, (left, size) in zip(Column, columns, strict=True):
            first = _EDGE_PX if column == Column.TIME else _GAP_PX
            last = _EDGE_PX if column == Column.USD else _GAP_PX
            painter.setPen(inks[column])
            box = QRect(left + first, 0, size - first - last, ROW_PX)
            painter.drawText(box, int(alignment(column)), model.text(at, column))


class TapeView(QTableView):
    """A table of liquidations. Rows that come on top leave what is read where it is.

    It paints rows by itself, each as one: cell by cell an update would take ten times as long.

    Attributes
    ----------
    painter
        Paints them.
    now
        Returns the time that is shown, UTC milliseconds; ``None``: not known.
    chosen
        The number of a row that is to be shown on the chart: a double click, or Enter.
    """

    chosen = pyqtSignal(int)

    def __init__(self, model: TapeModel) -> None:
        super().__init__()
        self.now: Callable[[], int | None] = lambda: None
        self.tape = model
        self.setModel(model)
        self.painter = RowPainter(model, self.palette())
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setTabKeyNavigation(False)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setAccessibleName(self.tr("Liquidations, the newest first"))
        self.doubleClicked.connect(lambda index: self.chosen.emit(index.row()))
        bar = self.verticalScrollBar()
        if bar is not None:
            bar.valueChanged.connect(lambda _value: self.show_day())
        rows, heads = self.verticalHeader(), self.horizontalHeader()
        if rows is not None and heads is not None:
            rows.hide()
            rows.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
            rows.setMinimumSectionSize(1)
            rows.setDefaultSectionSize(ROW_PX)
            heads.setFixedHeight(HEAD_PX)
            heads.setHighlightSections(False)
            heads.setSectionsClickable(False)
            heads.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
            heads.setSectionResizeMode(Column.USD, QHeaderView.ResizeMode.Stretch)
        self.restyle()

    def restyle(self) -> None:
        """Take over the palette and the font that there are now."""
        font = scaled(self.font(), SECOND_SIZE)
        self.painter.restyle(self.palette(), font)
        colours, heads = self.painter.colours, self.horizontalHeader()
        # A window may have a style sheet, below which palettes are not handed on.
        self.setStyleSheet(
            f"QTableView {{ background: {colours.ground.name()}; border: 0; }}"
            + scroll_bar_style(colours)
        )
        if heads is not None:
            heads.setFont(font)
            heads.setStyleSheet(
                f"QHeaderView {{ background: {colours.ground.name()}; border: 0; }}"
                f"QHeaderView::section {{ background: {colours.ground.name()}; border: 0;"
                f" color: {colours.caption.name()}; padding: 0 {_GAP_PX}px; }}"
                f"QHeaderView::section:first {{ padding-left: {_EDGE_PX}px; }}"
                f"QHeaderView::section:last {{ padding-right: {_EDGE_PX}px; }}"
            )
            strong = QFontMetrics(self.painter.strong)
            for column, longest in _LONGEST.items():
                head = self.tape.headerData(column, Qt.Orientation.Horizontal)
                edges = 2 * _GAP_PX + (_EDGE_PX - _GAP_PX if column == Column.TIME else 0)
                # Those of large liquidations are the widest.
                widths = map(strong.horizontalAdvance, (longest, head))
                self.setColumnWidth(column, max(widths) + edges)

    def show_day(self) -> None:
        """Say above the times which day they are of, where that is not today."""
        self.tape.show_day(max(0, self.rowAt(0)), self.now())

    def add_rows(self, count: int) -> None:
        """Keep what is read where it is, after so many rows have come on top."""
        bar = self.verticalScrollBar()
        if bar is not None and bar.value() > 0 and count > 0:
            # The bar's range follows the model in a turn of its own.
            self.executeDelayedItemsLayout()
            bar.setValue(bar.value() + count * ROW_PX)

    def note_error(self, error: Exception) -> None:
        """Log an error of its own, which must not reach Qt."""
        logger.error("the tape could not be painted", exc_info=error)

    @override
    @guarded
    def paintEvent(self, event: QPaintEvent | None) -> None:
        """Paint the rows that are seen."""
        viewport = self.viewport()
        if event is None or viewport is None or not self.tape.rows:
            return
        top, bottom = event.rect().top(), event.rect().bottom()
        first, last = self.rowAt(top), self.rowAt(bottom)
        if first < 0:
            return
        last = len(self.tape.rows) - 1 if last < 0 else last
        columns = [(self.columnViewportPosition(one), self.columnWidth(one)) for one in Column]
        ratio, chosen = viewport.devicePixelRatioF(), self.currentIndex().row()
        painter = QPainter(viewport)
        y = self.rowViewportPosition(first)
        for at in range(first, last + 1):
            if at == chosen:
                painter.save()
                painter.translate(0, y)
                self.painter.paint(painter, at, columns, is_chosen=True)
                painter.restore()
            else:
                painter.drawPixmap(0, y, self.painter.row(at, columns, ratio))
            y += ROW_PX
        painter.end()

    @override
    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        """Show the row on the chart at Enter; arrows move, as in every table."""
        if event is not None and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            if self.currentIndex().isValid():
                self.chosen.emit(self.currentIndex().row())
            return
        super().keyPressEvent(event)
