"""The list of alert rules: a switch, the symbol, the rule in words, its ways, when it rang last."""

from collections.abc import Sequence
from dataclasses import dataclass

from PyQt6.QtCore import (
    QAbstractItemModel,
    QEvent,
    QModelIndex,
    QPointF,
    QRect,
    QRectF,
    QSize,
    Qt,
    pyqtSignal,
)
from PyQt6.QtGui import (
    QColor,
    QFontMetrics,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPalette,
)
from PyQt6.QtWidgets import (
    QFrame,
    QListWidget,
    QListWidgetItem,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
)

from Heatmap.runtime.compat import override
from Heatmap.runtime.guarded import guarded
from Heatmap.runtime.safe_log import get_logger
from Heatmap.ui.panels.panel_head import SECOND_SIZE, scaled
from Heatmap.ui.settings.look import CAPTION_OPACITY, refused_colour, text_colour
from Heatmap.ui.settings.way_icons import SIZE_PX, paint_way
from Heatmap.ui.text_painter import text_painter

logger = get_logger(__name__)

ROW_PX = 32
MOST_ROWS = 5
"""So many are seen; more can be scrolled to."""
_LINE = Qt.ItemDataRole.UserRole
_EDGE, _GAP, _BAR = 14, 10, 3
_SWITCH = QSize(28, 16)
_MOST_SYMBOL = 110
_WAY_GAP = 7
_CHOSEN, _FRAME, _OFF = 0.10, 0.20, 0.55


@dataclass(frozen=True, slots=True)
class RuleLine:
    """What the list says of a rule.

    Attributes
    ----------
    rule_id
        Which.
    symbol, words, last
        Its columns: about what, what it watches for, when it rang last.
    ways
        The kinds of its ways, as `way_icons.paint_way` takes them.
    way_words
        The same as words.
    is_on
        Whether it rings.
    is_refused
        Whether an entry of it was refused.
    """

    rule_id: str
    symbol: str
    words: str
    last: str
    ways: tuple[str, ...]
    way_words: str
    is_on: bool
    is_refused: bool = False


class RuleListBox(QListWidget):
    """The rules below each other; the arrow keys go from one to the next, Space switches.

    Attributes
    ----------
    chosen
        Another rule is the current one; tells its id.
    switched
        The user has switched one; tells its id, and whether it is on.
    delete_asked
        The delete key was pressed.
    """

    chosen = pyqtSignal(str)
    switched = pyqtSignal(str, bool)
    delete_asked = pyqtSignal()

    def __init__(self, empty_words: str) -> None:
        super().__init__()
        self._empty_words = empty_words
        self._lines: tuple[RuleLine, ...] = ()
        self._is_filling = False
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setItemDelegate(_RuleDelegate(self))
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollMode(QListWidget.ScrollMode.ScrollPerPixel)
        self.setUniformItemSizes(True)
        self.currentRowChanged.connect(self._on_row)
        self.itemChanged.connect(self._on_item)
        self._fit()

    @property
    def lines(self) -> tuple[RuleLine, ...]:
        """What is shown."""
        return self._lines

    def show_lines(self, lines: Sequence[RuleLine], current_id: str) -> None:
        """Show these rules, one of them as the current one."""
        shown = tuple(lines)
        self._is_filling = True
        if shown != self._lines:
            self._lines = shown
            while self.count() > len(shown):
                self.takeItem(self.count() - 1)
            for at, line in enumerate(shown):
                item = self.item(at)
                if item is None:
                    item = QListWidgetItem()
                    self.addItem(item)
                self._fill(item, line)
            self._fit()
        ids = [line.rule_id for line in shown]
        self.setCurrentRow(ids.index(current_id) if current_id in ids else -1)
        self._is_filling = False

    def last_width(self) -> int:
        """Return how wide the column of times is, pixels."""
        metrics = QFontMetrics(scaled(self.font(), SECOND_SIZE))
        return max((metrics.horizontalAdvance(line.last) for line in self._lines), default=0)

    def symbol_width(self) -> int:
        """Return how wide the column of symbols is, pixels."""
        metrics = self.fontMetrics()
        widths = (metrics.horizontalAdvance(line.symbol) + 4 for line in self._lines)
        return min(_MOST_SYMBOL, max(widths, default=0))

    @override
    def sizeHint(self) -> QSize:
        """Return the size with its rows."""
        return QSize(super().sizeHint().width(), self.height())

    @override
    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        """Have the delete key ask."""
        if event is not None and event.key() == Qt.Key.Key_Delete:
            self.delete_asked.emit()
            return
        super().keyPressEvent(event)

    @override
    @guarded
    def paintEvent(self, event: QPaintEvent | None) -> None:
        """Draw the rows, and a frame around them."""
        super().paintEvent(event)
        painter = text_painter(self.viewport())
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(text_colour(self, _FRAME))
        box = self.rect().toRectF().adjusted(0.5, 0.5, -0.5, -0.5)
        painter.drawRoundedRect(box, 6, 6)
        if not self._lines:
            painter.setPen(text_colour(self, CAPTION_OPACITY))
            inner = box.adjusted(_EDGE, 0, -_EDGE, 0)
            flags = Qt.AlignmentFlag.AlignVCenter.value | Qt.TextFlag.TextWordWrap.value
            painter.drawText(inner, flags, self._empty_words)
        painter.end()

    def note_error(self, error: Exception) -> None:
        """Log an error of its own, which must not reach Qt."""
        logger.error("the list of alert rules failed", exc_info=error)

    def _fill(self, item: QListWidgetItem, line: RuleLine) -> None:
        item.setData(_LINE, line)
        item.setFlags(
            Qt.ItemFlag.ItemIsEnabled
            | Qt.ItemFlag.ItemIsSelectable
            | Qt.ItemFlag.ItemIsUserCheckable
        )
        item.setCheckState(Qt.CheckState.Checked if line.is_on else Qt.CheckState.Unchecked)
        said = "\n".join(filter(None, (f"{line.symbol}: {line.words}", line.last, line.way_words)))
        item.setToolTip(said)
        item.setData(Qt.ItemDataRole.AccessibleTextRole, said.replace("\n", ", "))

    def _fit(self) -> None:
        rows = min(max(len(self._lines), 2), MOST_ROWS)
        self.setFixedHeight(rows * ROW_PX + 1)

    def _on_row(self, row: int) -> None:
        if not self._is_filling and row >= 0:
            self.chosen.emit(self._lines[row].rule_id)

    def _on_item(self, item: QListWidgetItem) -> None:
        line = item.data(_LINE)
        is_on = item.checkState() == Qt.CheckState.Checked
        if not self._is_filling and isinstance(line, RuleLine) and is_on != line.is_on:
            self.switched.emit(line.rule_id, is_on)


class _RuleDelegate(QStyledItemDelegate):
    """Paints a row, and has a click on its switch, or Space, switch it."""

    def __init__(self, view: RuleListBox) -> None:
        super().__init__(view)
        self._view = view

    @override
    def sizeHint(self, _option: QStyleOptionViewItem, _index: QModelIndex) -> QSize:
        """Return the size of a row."""
        return QSize(0, ROW_PX)

    @override
    def editorEvent(
        self,
        event: QEvent | None,
        model: QAbstractItemModel | None,
        option: QStyleOptionViewItem,
        index: QModelIndex,
    ) -> bool:
        """Switch where the switch is clicked, or Space is pressed."""
        is_meant = False
        if isinstance(event, QMouseEvent) and event.type() == QEvent.Type.MouseButtonRelease:
            reach = _switch_box(option.rect).adjusted(-_EDGE, -8, _GAP // 2, 8)
            is_meant = reach.contains(event.position().toPoint())
        elif isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            is_meant = event.key() in (Qt.Key.Key_Space, Qt.Key.Key_Select)
        if not is_meant or model is None:
            return False
        role = Qt.ItemDataRole.CheckStateRole
        is_on = Qt.CheckState(index.data(role)) == Qt.CheckState.Checked
        return model.setData(
            index, Qt.CheckState.Unchecked if is_on else Qt.CheckState.Checked, role
        )

    @override
    def paint(
        self, painter: QPainter | None, option: QStyleOptionViewItem, index: QModelIndex
    ) -> None:
        """Paint a row."""
        line = index.data(_LINE)
        if painter is None or not isinstance(line, RuleLine):
            return
        view = self._view
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        box = option.rect
        if option.state & QStyle.StateFlag.State_Selected:
            painter.fillRect(box.adjusted(2, 0, -2, 0), text_colour(view, _CHOSEN))
            accent = view.palette().color(QPalette.ColorRole.Highlight)
            painter.fillRect(QRect(box.left() + 1, box.top(), _BAR, box.height()), accent)
            if view.hasFocus():
                painter.setPen(accent)
                painter.drawRect(box.adjusted(2, 0, -3, -1))
        strong = text_colour(view, 1.0 if line.is_on else _OFF)
        weak = text_colour(view, CAPTION_OPACITY if line.is_on else _OFF)
        _paint_switch(painter, _switch_box(box), line.is_on, view)
        left = box.left() + _EDGE + _SWITCH.width() + _GAP
        symbol_width, last_width = view.symbol_width(), view.last_width()
        right = box.right() - _EDGE
        ink = refused_colour(view) if line.is_refused else strong
        _write(painter, QRect(left, box.top(), symbol_width, ROW_PX), line.symbol, ink)
        last_box = QRect(right - last_width, box.top(), last_width + 1, ROW_PX)
        painter.setFont(scaled(view.font(), SECOND_SIZE))
        _write(painter, last_box, line.last, weak, Qt.AlignmentFlag.AlignRight)
        painter.setFont(view.font())
        x = right - last_width - _GAP - len(line.ways) * (SIZE_PX + _WAY_GAP)
        words_left = left + symbol_width + _GAP
        _write(
            painter, QRect(words_left, box.top(), x - _GAP - words_left, ROW_PX), line.words, ink
        )
        for at, kind in enumerate(line.ways):
            place = QPointF(x + at * (SIZE_PX + _WAY_GAP), box.top() + (ROW_PX - SIZE_PX) / 2)
            paint_way(painter, kind, place, weak)
        painter.restore()


def _switch_box(row: QRect) -> QRect:
    top = row.top() + (row.height() - _SWITCH.height()) // 2
    return QRect(row.left() + _EDGE, top, _SWITCH.width(), _SWITCH.height())


def _paint_switch(painter: QPainter, rect: QRect, is_on: bool, view: RuleListBox) -> None:
    palette = view.palette()
    accent = palette.color(QPalette.ColorRole.Highlight)
    weak = text_colour(view, CAPTION_OPACITY)
    box = QRectF(rect).adjusted(0.5, 0.5, -0.5, -0.5)
    painter.setPen(accent if is_on else weak)
    painter.setBrush(accent if is_on else QColor(Qt.GlobalColor.transparent))
    painter.drawRoundedRect(box, box.height() / 2, box.height() / 2)
    knob = box.height() - 6
    left = box.right() - 3 - knob if is_on else box.left() + 3
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(palette.color(QPalette.ColorRole.HighlightedText) if is_on else weak)
    painter.drawEllipse(QRectF(left, box.top() + 3, knob, knob))


def _write(
    painter: QPainter,
    box: QRect,
    text: str,
    ink: QColor,
    side: Qt.AlignmentFlag = Qt.AlignmentFlag.AlignLeft,
) -> None:
    """Write a text, which is cut where it is too long, and whole in the tool tip."""
    painter.setPen(ink)
    shown = painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, box.width())
    painter.drawText(box, side | Qt.AlignmentFlag.AlignVCenter, shown)
