"""How a tape looks and is used: rows of one height, a bar for the side, a bar for the amount."""

from PyQt6.QtCore import QModelIndex, QRect, Qt, pyqtSignal
from PyQt6.QtGui import QFont, QFontMetrics, QKeyEvent, QPainter, QPalette
from PyQt6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QHeaderView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
)

from Heatmap.runtime.compat import override
from Heatmap.ui.panels.panel_colours import PanelColours, mixed, translucent
from Heatmap.ui.panels.panel_head import SECOND_SIZE, scaled
from Heatmap.ui.panels.tape_model import Column, TapeModel

ROW_PX, HEAD_PX = 22, 24
_SIDE_PX, _EDGE_PX, _GAP_PX, _BAR_PX = 3, 12, 6, 8
# Widths of the columns but the last, in widths of a text like the longest in them.
_LONGEST = {Column.TIME: "30 Dec 00:00", Column.SIDE: "Short", Column.PRICE: "108,855.1"}
# An amount of this much fills its bar.
_FULL_USD = 1e6
_BAR_ALPHA, _LARGE_ALPHA, _CHOSEN_PART = 0.28, 0.17, 0.16


class TapeDelegate(QStyledItemDelegate):
    """Paints a cell. Large liquidations are bold, on a tinted ground.

    Attributes
    ----------
    large_usd
        From this amount on one is large, USD.
    colours
        What it paints with.
    plain, strong
        Fonts of the others, and of large ones.
    """

    def __init__(self, view: "TapeView") -> None:
        super().__init__(view)
        self.large_usd = float("inf")
        self.colours = PanelColours.of(view.palette())
        # Made once, and not for each cell.
        self.plain = self.strong = QFont()
        self._model = view.tape

    def restyle(self, palette: QPalette, font: QFont) -> None:
        """Paint with the colours that suit a palette, in a font."""
        self.colours = PanelColours.of(palette)
        self.plain, self.strong = font, QFont(font)
        self.strong.setWeight(QFont.Weight.DemiBold)

    @override
    def paint(
        self, painter: QPainter | None, option: QStyleOptionViewItem, index: QModelIndex
    ) -> None:
        """Paint one cell."""
        at, column, colours = index.row(), index.column(), self.colours
        if painter is None or not 0 <= at < len(self._model.rows):
            return
        _ts_ms, _price, usd, is_long = self._model.rows[at]
        is_large = usd >= self.large_usd
        side, box = colours.side_fill(is_long=is_long), option.rect
        if option.state & QStyle.StateFlag.State_Selected:
            painter.fillRect(box, mixed(colours.ground, colours.text, _CHOSEN_PART))
        elif is_large:
            painter.fillRect(box, translucent(side, _LARGE_ALPHA))
        if self._model.is_dated(at):
            painter.fillRect(QRect(box.left(), box.top(), box.width(), 1), colours.line)
        if column == Column.TIME:
            bar = QRect(box.left(), box.top() + _SIDE_PX, _SIDE_PX, box.height() - 2 * _SIDE_PX)
            painter.fillRect(bar, side)
        elif column == Column.USD:
            # The square root: small ones can be seen beside large ones.
            width = round((box.width() - _GAP_PX) * min(1.0, usd / _FULL_USD) ** 0.5)
            bar = QRect(box.right() + 1 - width, box.top() + 3, width, box.height() - 6)
            painter.fillRect(bar, translucent(side, _BAR_ALPHA))
        ink = {
            Column.TIME: colours.text if is_large else colours.caption,
            Column.SIDE: colours.side_text(is_long=is_long),
            Column.PRICE: colours.text if is_large else colours.second,
            Column.USD: colours.text,
        }[Column(column)]
        painter.setPen(ink)
        painter.setFont(self.strong if is_large else self.plain)
        left = _EDGE_PX if column == Column.TIME else _GAP_PX
        right = _EDGE_PX if column == Column.USD else _GAP_PX
        flags = int(index.data(Qt.ItemDataRole.TextAlignmentRole))
        painter.drawText(box.adjusted(left, 0, -right, 0), flags, self._model.text(at, column))


class TapeView(QTableView):
    """A table of liquidations. Rows that come on top leave what is read where it is.

    Attributes
    ----------
    chosen
        The number of a row that is to be shown on the chart: a double click, or Enter.
    """

    chosen = pyqtSignal(int)

    def __init__(self, model: TapeModel) -> None:
        super().__init__()
        self.tape = model
        self.setModel(model)
        self.delegate = TapeDelegate(self)
        self.setItemDelegate(self.delegate)
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
        self.delegate.restyle(self.palette(), font)
        colours, heads = self.delegate.colours, self.horizontalHeader()
        # A window may have a style sheet, below which palettes are not handed on.
        self.setStyleSheet(
            f"QTableView {{ background: {colours.ground.name()}; border: 0; }}"
            f"QScrollBar:vertical {{ background: {colours.ground.name()}; width: {_BAR_PX}px; }}"
            f"QScrollBar::handle:vertical {{ background: {colours.track.name()};"
            f" border-radius: {_BAR_PX // 2}px; min-height: 24px; }}"
            f"QScrollBar::handle:vertical:hover {{ background: {colours.caption.name()}; }}"
            "QScrollBar::add-line:vertical, QScrollBar::sub-line:vertical { height: 0; }"
            "QScrollBar::add-page:vertical, QScrollBar::sub-page:vertical { background: none; }"
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
            strong = QFontMetrics(self.delegate.strong)
            for column, longest in _LONGEST.items():
                head = self.tape.headerData(column, Qt.Orientation.Horizontal)
                edges = 2 * _GAP_PX + (_EDGE_PX - _GAP_PX if column == Column.TIME else 0)
                # Those of large liquidations are the widest.
                widths = map(strong.horizontalAdvance, (longest, head))
                self.setColumnWidth(column, max(widths) + edges)

    def add_rows(self, count: int) -> None:
        """Keep what is read where it is, after so many rows have come on top."""
        bar = self.verticalScrollBar()
        if bar is not None and bar.value() > 0 and count > 0:
            # The bar's range follows the model in a turn of its own.
            self.executeDelayedItemsLayout()
            bar.setValue(bar.value() + count * ROW_PX)

    @override
    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        """Show the row on the chart at Enter; arrows move, as in every table."""
        if event is not None and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            if self.currentIndex().isValid():
                self.chosen.emit(self.currentIndex().row())
            return
        super().keyPressEvent(event)
