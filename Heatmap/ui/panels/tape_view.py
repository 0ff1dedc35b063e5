"""How a tape looks and is used: rows of one height, a bar for the side, a bar for the amount."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from PyQt6.QtCore import QEvent, QRect, Qt, pyqtSignal
from PyQt6.QtGui import (
    QFont,
    QFontMetrics,
    QKeyEvent,
    QPainter,
    QPaintEvent,
    QPalette,
    QPixmap,
    QResizeEvent,
)
from PyQt6.QtWidgets import QAbstractItemView, QFrame, QHeaderView, QTableView

from Heatmap.runtime.compat import override
from Heatmap.runtime.guarded import guarded
from Heatmap.runtime.safe_log import get_logger
from Heatmap.ui.panels.panel_colours import PanelColours, mixed, scroll_bar_style, translucent
from Heatmap.ui.panels.panel_head import SECOND_SIZE, scaled
from Heatmap.ui.panels.tape_model import BRIEF_HEAD, Column, TapeModel, alignment
from Heatmap.ui.text_painter import text_painter

if TYPE_CHECKING:
    from Heatmap.feeds.recorded_books import TapeRow

logger = get_logger(__name__)

ROW_PX, HEAD_PX = 22, 24
_SIDE_PX, _EDGE_PX, _GAP_PX, _ABOVE_PX = 3, 12, 6, 4
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
    row_px
        How high a row is, pixels: more than `ROW_PX` where letters are large.
    """

    def __init__(self, model: TapeModel, palette: QPalette) -> None:
        self.colours = PanelColours.of(palette)
        self.plain = self.strong = QFont()
        self.row_px = ROW_PX
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
        self.row_px = max(ROW_PX, QFontMetrics(self.strong).height() + _ABOVE_PX)
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
            kept = QPixmap(round(width * ratio), round(self.row_px * ratio))
            kept.setDevicePixelRatio(ratio)
            painter = text_painter(kept)
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
        painter.fillRect(0, 0, width, self.row_px, colours.ground)
        if is_chosen:
            chosen = mixed(colours.ground, colours.text, _CHOSEN_PART)
            painter.fillRect(0, 0, width, self.row_px, chosen)
        elif is_large:
            painter.fillRect(0, 0, width, self.row_px, translucent(fill, _LARGE_ALPHA))
        if model.is_dated(at):
            painter.fillRect(0, 0, width, 1, colours.line)
        painter.fillRect(0, _SIDE_PX, _SIDE_PX, self.row_px - 2 * _SIDE_PX, fill)
        # The square root: small ones can be seen beside large ones.
        bar = round((columns[Column.USD][1] - _GAP_PX) * min(1.0, usd / _FULL_USD) ** 0.5)
        painter.fillRect(width - bar, 3, bar, self.row_px - 6, translucent(fill, _BAR_ALPHA))
        inks = (
            colours.text if is_large else colours.caption,
            colours.side_text(is_long=is_long),
            colours.text if is_large else colours.second,
            colours.text,
        )
        painter.setFont(self.strong if is_large else self.plain)
        for column, (left, size) in zip(Column, columns, strict=True):
            if not size:
                continue
            first = _EDGE_PX if column == Column.TIME else _GAP_PX
            last = _EDGE_PX if column == Column.USD else _GAP_PX
            painter.setPen(inks[column])
            box = QRect(left + first, 0, size - first - last, self.row_px)
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
        self._look = QPalette(self.palette())
        # What the columns have been fitted to: font, width, and what is in them.
        self._fitted: tuple[object, ...] = ()
        self.painter = RowPainter(model, self._look)
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
            heads.setHighlightSections(False)
            heads.setTextElideMode(Qt.TextElideMode.ElideRight)
            heads.setSectionsClickable(False)
            heads.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
            heads.setSectionResizeMode(Column.USD, QHeaderView.ResizeMode.Stretch)
        self.restyle()

    def restyle(self, palette: QPalette | None = None) -> None:
        """Take over a palette, and the font that there is now.

        Its own palette is not asked for: below a host's style sheet it may be an older one.
        """
        self._look = palette or self._look
        font = scaled(self.font(), SECOND_SIZE)
        self.painter.restyle(self._look, font)
        colours, heads = self.painter.colours, self.horizontalHeader()
        rows, row_px = self.verticalHeader(), self.painter.row_px
        if rows is not None and heads is not None:
            rows.setDefaultSectionSize(row_px)
            heads.setFixedHeight(row_px + HEAD_PX - ROW_PX)
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
        self.fit_columns()

    @override
    def changeEvent(self, event: QEvent | None) -> None:
        """Take over another font: its panel is told before it has that itself."""
        super().changeEvent(event)
        painter = getattr(self, "painter", None)
        is_font = event is not None and event.type() == QEvent.Type.FontChange
        if is_font and painter and scaled(self.font(), SECOND_SIZE) != painter.plain:
            self.restyle()

    def fit_columns(self) -> None:
        """Give each column what its longest text needs; where all do not fit, the side goes.

        Before that the words at the head of the amounts become a sign. The side's colour stands at
        the left of each row all the same; price and amount stay whole.
        """
        fitted = (self.painter.strong, self.width(), self.tape.width_key)
        if fitted == self._fitted:
            return
        self._fitted = fitted
        needed = self._needed_px()
        room_px = self._room_px() - sum(needed.values())
        has_side = room_px >= 0
        self.setColumnHidden(Column.SIDE, not has_side)
        for column in (Column.TIME, Column.SIDE, Column.PRICE):
            if self.columnWidth(column) != needed[column] and not self.isColumnHidden(column):
                self.setColumnWidth(column, needed[column])
        room_px += needed[Column.USD] + (0 if has_side else needed[Column.SIDE])
        plain = QFontMetrics(self.painter.plain)
        head_px = plain.horizontalAdvance(self.tape.whole_head) + _GAP_PX + _EDGE_PX
        self.tape.set_brief(is_brief=head_px > room_px)
        least_px = sum(needed.values()) - needed[Column.SIDE] + self._bar_px()
        if least_px != self.minimumWidth():
            # No host's layout makes it so narrow that amounts are cut.
            self.setMinimumWidth(least_px)

    def _needed_px(self) -> dict[Column, int]:
        """Return the least width of each column, pixels."""
        needed = {}
        for column in Column:
            head = self.tape.headerData(column, Qt.Orientation.Horizontal)
            head = BRIEF_HEAD if column == Column.USD else head
            texts = [head, *self.tape.longest_texts(column)]
            edge_px = _EDGE_PX if column in (Column.TIME, Column.USD) else _GAP_PX
            needed[column] = max(map(self._text_px, texts)) + _GAP_PX + edge_px
        return needed

    def _text_px(self, text: str) -> int:
        # Those of large liquidations are the widest.
        return QFontMetrics(self.painter.strong).horizontalAdvance(text)

    def _bar_px(self) -> int:
        bar = self.verticalScrollBar()
        return 0 if bar is None else bar.sizeHint().width()

    def _room_px(self) -> int:
        """Return the width that rows have beside the scroll bar, whether it is seen or not."""
        return self.width() - self._bar_px()

    @override
    def resizeEvent(self, event: QResizeEvent | None) -> None:
        """Fit the columns to another width."""
        super().resizeEvent(event)
        self.fit_columns()

    def show_day(self) -> None:
        """Say above the times which day they are of, where that is not today."""
        self.tape.show_day(max(0, self.rowAt(0)), self.now())

    def add_rows(self, count: int) -> None:
        """Keep what is read where it is, after so many rows have come on top."""
        bar = self.verticalScrollBar()
        if bar is not None and bar.value() > 0 and count > 0:
            # The bar's range follows the model in a turn of its own.
            self.executeDelayedItemsLayout()
            bar.setValue(bar.value() + count * self.painter.row_px)

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
        painter = text_painter(viewport)
        y = self.rowViewportPosition(first)
        for at in range(first, last + 1):
            if at == chosen:
                painter.save()
                painter.translate(0, y)
                self.painter.paint(painter, at, columns, is_chosen=True)
                painter.restore()
            else:
                painter.drawPixmap(0, y, self.painter.row(at, columns, ratio))
            y += self.painter.row_px
        painter.end()

    @override
    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        """Show the row on the chart at Enter; arrows move, as in every table."""
        if event is not None and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            if self.currentIndex().isValid():
                self.chosen.emit(self.currentIndex().row())
            return
        super().keyPressEvent(event)
