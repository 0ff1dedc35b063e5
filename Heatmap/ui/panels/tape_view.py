"""How a tape looks and is used: rows of one height, a bar for the side, a bar for the amount."""

from collections.abc import Sequence

from PyQt6.QtCore import QModelIndex, Qt, pyqtSignal
from PyQt6.QtGui import (
    QColor,
    QFont,
    QFontMetrics,
    QKeyEvent,
    QPainter,
    QPalette,
    QStaticText,
    QTransform,
)
from PyQt6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QHeaderView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
)

from Heatmap.feeds.recorded_books import TapeRow
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
# As plain numbers: a cell is painted a hundred times at each update.
_TIME, _PRICE, _USD = int(Column.TIME), int(Column.PRICE), int(Column.USD)
_SELECTED = QStyle.StateFlag.State_Selected.value
# So many rows are kept as they are painted: more than any screen shows.
_MOST_LOOKS = 400
_BAR_ALPHA, _LARGE_ALPHA, _CHOSEN_PART = 0.28, 0.17, 0.16


class _Look:
    """How one row is painted: made once, for all the frames in which it is seen."""

    def __init__(self, texts: Sequence[str], inks: Sequence[QColor], font: QFont) -> None:
        self.font = font
        self.inks = inks
        self.texts = []
        for text in texts:
            # Its glyphs are laid out once; to write a plain text lays them out each time.
            laid_out = QStaticText(text)
            laid_out.setTextFormat(Qt.TextFormat.PlainText)
            laid_out.prepare(QTransform(), font)
            self.texts.append(laid_out)
        self.sizes = [text.size() for text in self.texts]


class TapeDelegate(QStyledItemDelegate):
    """Paints a cell. Large liquidations are bold, on a tinted ground.

    Attributes
    ----------
    colours
        What it paints with.
    plain, strong
        Fonts of most of them, and of large ones.
    """

    def __init__(self, view: "TapeView") -> None:
        super().__init__(view)
        self.colours = PanelColours.of(view.palette())
        self.plain = self.strong = QFont()
        self._large_usd = float("inf")
        self._model = view.tape
        # By the liquidation, and whether it says its day.
        self._looks: dict[tuple[TapeRow, bool], _Look] = {}
        # Grounds of large ones and of amounts by whether they are a long's, and of the chosen row.
        self._tints: dict[bool, QColor] = {}
        self._bars: dict[bool, QColor] = {}
        self._chosen = QColor()

    @property
    def large_usd(self) -> float:
        """From this amount on a liquidation is large, USD."""
        return self._large_usd

    @large_usd.setter
    def large_usd(self, usd: float) -> None:
        self._large_usd = usd
        self.forget()

    def forget(self) -> None:
        """Make the looks of the rows anew."""
        self._looks.clear()

    def restyle(self, palette: QPalette, font: QFont) -> None:
        """Paint with the colours that suit a palette, in a font."""
        colours = self.colours = PanelColours.of(palette)
        self.plain, self.strong = font, QFont(font)
        self.strong.setWeight(QFont.Weight.DemiBold)
        for is_long in (False, True):
            fill = colours.side_fill(is_long=is_long)
            self._tints[is_long] = translucent(fill, _LARGE_ALPHA)
            self._bars[is_long] = translucent(fill, _BAR_ALPHA)
        self._chosen = mixed(colours.ground, colours.text, _CHOSEN_PART)
        self.forget()

    @override
    def paint(
        self, painter: QPainter | None, option: QStyleOptionViewItem, index: QModelIndex
    ) -> None:
        """Paint one cell."""
        at, column = index.row(), index.column()
        if painter is None or not 0 <= at < len(self._model.rows):
            return
        row, is_dated = self._model.rows[at], self._model.is_dated(at)
        look = self._looks.get((row, is_dated)) or self._make_look(at, row, is_dated=is_dated)
        usd, is_long = row[2], row[3]
        box = option.rect
        left, top, width, height = box.left(), box.top(), box.width(), box.height()
        if option.state.value & _SELECTED:
            painter.fillRect(box, self._chosen)
        elif usd >= self._large_usd:
            painter.fillRect(box, self._tints[is_long])
        if is_dated:
            painter.fillRect(left, top, width, 1, self.colours.line)
        size = look.sizes[column]
        x = left + _GAP_PX
        if column == _TIME:
            side = self.colours.side_fill(is_long=is_long)
            painter.fillRect(left, top + _SIDE_PX, _SIDE_PX, height - 2 * _SIDE_PX, side)
            x = left + _EDGE_PX
        elif column == _PRICE:
            x = round(left + width - _GAP_PX - size.width())
        elif column == _USD:
            # The square root: small ones can be seen beside large ones.
            bar = round((width - _GAP_PX) * min(1.0, usd / _FULL_USD) ** 0.5)
            painter.fillRect(left + width - bar, top + 3, bar, height - 6, self._bars[is_long])
            x = round(left + width - _EDGE_PX - size.width())
        painter.setPen(look.inks[column])
        painter.setFont(look.font)
        y = round(top + (height - size.height()) / 2)
        painter.drawStaticText(x, y, look.texts[column])

    def _make_look(self, at: int, row: TapeRow, *, is_dated: bool) -> _Look:
        if len(self._looks) >= _MOST_LOOKS:
            # The oldest one: to make all that are seen anew would take longer than a frame.
            self._looks.pop(next(iter(self._looks)))
        colours, is_large = self.colours, row[2] >= self._large_usd
        inks = (
            colours.text if is_large else colours.caption,
            colours.side_text(is_long=row[3]),
            colours.text if is_large else colours.second,
            colours.text,
        )
        texts = [self._model.text(at, column) for column in Column]
        look = _Look(texts, inks, self.strong if is_large else self.plain)
        self._looks[row, is_dated] = look
        return look


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
