"""The field with the symbol: typing searches the exchange's instruments, Enter shows one.

The list is a child of the window and no window of its own: the field keeps the keyboard, and a
picture of the window has the list.
"""

from collections.abc import Callable

from PyQt6.QtCore import (
    QAbstractListModel,
    QEvent,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QPoint,
    QRect,
    QSize,
    Qt,
    pyqtSignal,
)
from PyQt6.QtGui import QColor, QFocusEvent, QFont, QKeyEvent, QMouseEvent, QPainter
from PyQt6.QtWidgets import (
    QLineEdit,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from Heatmap.runtime.compat import override
from Heatmap.standalone.icons import SMALL_PX, icon
from Heatmap.standalone.symbol_list import ListNotice, SymbolRow
from Heatmap.standalone.theme import colours_of

WIDTH_PX, HEIGHT_PX = 150, 30
LIST_PX = 348
_ROW_PX, _HEAD_PX, _FRAME_PX = 31, 26, 10
_MOST_SEEN = 10
_GAP_PX = 3
_ROLE = Qt.ItemDataRole.UserRole
_MOVES = {
    Qt.Key.Key_Down: 1,
    Qt.Key.Key_Up: -1,
    Qt.Key.Key_PageDown: _MOST_SEEN,
    Qt.Key.Key_PageUp: -_MOST_SEEN,
}

RowsOf = Callable[[str], list[SymbolRow]]


class SymbolBox(QLineEdit):
    """Shows the symbol, and finds another one.

    Parameters
    ----------
    popup_parent
        The window in which the list is shown.

    Attributes
    ----------
    symbol_chosen
        The symbol that the user has chosen.
    left
        The user is done here, with or without another symbol: the chart gets the keyboard back.
    list
        The list below the field.
    """

    symbol_chosen = pyqtSignal(str)
    left = pyqtSignal()

    def __init__(self, popup_parent: QWidget) -> None:
        super().__init__()
        self.setObjectName("symbol")
        self.setFixedSize(WIDTH_PX, HEIGHT_PX)
        self.setAccessibleName(self.tr("Symbol"))
        self.setPlaceholderText(self.tr("Search…"))
        self._symbol = self._typed = ""
        # Enter was pressed before there was anything to choose.
        self._is_entered = False
        self._rows_of: RowsOf = lambda _words: []
        self._search = self.addAction(
            icon("search", "#808080"), QLineEdit.ActionPosition.LeadingPosition
        )
        self._open = self.addAction(
            icon("chevron-down", "#808080"), QLineEdit.ActionPosition.TrailingPosition
        )
        for action, act in ((self._search, self.search), (self._open, self._open_or_leave)):
            if action is not None:
                action.triggered.connect(lambda _checked, act=act: act())
        self.list = _SymbolList(popup_parent)
        self.list.hide()
        self.list.clicked.connect(lambda index: self._choose(index.data(_ROLE)))
        self.textEdited.connect(self._show_rows)

    @property
    def symbol(self) -> str:
        """The symbol that is shown."""
        return self._symbol

    def set_source(self, rows_of: RowsOf) -> None:
        """Search in these: what `rows_of` returns for typed words."""
        self._rows_of = rows_of

    def set_symbol(self, symbol: str) -> None:
        """Show another symbol; what is being typed stays."""
        self._symbol = symbol
        if not self.hasFocus():
            self.setText(symbol)

    def set_theme(self, theme: str) -> None:
        """Take the colours of a theme."""
        colours = colours_of(theme)
        for action, name in ((self._search, "search"), (self._open, "chevron-down")):
            if action is not None:
                action.setIcon(icon(name, colours["weak_text"], size_px=SMALL_PX + 2))
        self.list.delegate.set_colours(
            text=colours["text"],
            weak=colours["weak_text"],
            chosen=colours["raised"],
            recorded=colours["ok"],
        )

    def search(self, typed: str = "") -> None:
        """Take the keyboard and open the list, with what was typed on the chart already."""
        self.setFocus(Qt.FocusReason.ShortcutFocusReason)
        if typed:
            self.setText(typed.upper())
        else:
            self.selectAll()
        self._show_rows(typed)

    def refresh(self) -> None:
        """Show what can be found now, where the list is open."""
        if not self.list.isVisible():
            return
        chosen: SymbolRow | None = self.list.currentIndex().data(_ROLE)
        is_entered = self._is_entered
        self._show_rows(self._typed, "" if chosen is None else chosen.symbol)
        if is_entered:
            self._enter()

    # -- Qt -----------------------------------------------------------------------------------

    @override
    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        """Move in the list, choose, or give up."""
        key = None if event is None else event.key()
        if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._enter()
        elif key == Qt.Key.Key_Escape:
            self._leave()
        elif key in _MOVES:
            if self.list.isHidden():
                self._show_rows("")
            else:
                self.list.move_choice(_MOVES[Qt.Key(key)])
        else:
            super().keyPressEvent(event)

    @override
    def mousePressEvent(self, event: QMouseEvent | None) -> None:
        """Open the list with everything in it."""
        was_here = self.hasFocus()
        super().mousePressEvent(event)
        if not was_here or self.list.isHidden():
            self.selectAll()
            self._show_rows("")

    @override
    def focusOutEvent(self, event: QFocusEvent | None) -> None:
        """Show the symbol again, unless a menu has the keyboard for a moment."""
        super().focusOutEvent(event)
        if event is None or event.reason() != Qt.FocusReason.PopupFocusReason:
            self._is_entered = False
            self.list.hide()
            self.setText(self._symbol)

    # -- inside -------------------------------------------------------------------------------

    def _open_or_leave(self) -> None:
        if self.list.isVisible():
            self._leave()
        else:
            self.search()

    def _enter(self) -> None:
        """Choose the line; where there is none yet, the first that comes."""
        row: SymbolRow | None = self.list.currentIndex().data(_ROLE)
        self._is_entered = self.list.isVisible() and row is None
        self._choose(row)

    def _show_rows(self, typed: str, current: str = "") -> None:
        self._typed, self._is_entered = typed, False
        current = current or ("" if typed else self._symbol)
        self.list.show_rows(self._rows_of(typed), current, self)

    def _choose(self, row: SymbolRow | None) -> None:
        if row is None or row.is_head:
            return
        self._leave()
        if row.symbol != self._symbol:
            self.symbol_chosen.emit(row.symbol)

    def _leave(self) -> None:
        self._is_entered = False
        self.list.hide()
        self.clearFocus()
        self.setText(self._symbol)
        self.left.emit()


class _Rows(QAbstractListModel):
    """The lines that match."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.rows: list[SymbolRow] = []

    def replace(self, rows: list[SymbolRow]) -> None:
        """Have other lines."""
        self.beginResetModel()
        self.rows = rows
        self.endResetModel()

    @override
    def rowCount(self, parent: QModelIndex | QPersistentModelIndex | None = None) -> int:
        """Return how many there are."""
        del parent
        return len(self.rows)

    @override
    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Return a line, or its words for who cannot see it."""
        if not 0 <= index.row() < len(self.rows):
            return None
        row = self.rows[index.row()]
        if role == _ROLE:
            return row
        if role == Qt.ItemDataRole.DisplayRole:
            return row.symbol or self.head_words(row)
        return None

    @override
    def flags(self, index: QModelIndex) -> Qt.ItemFlag:
        """Let heads be passed over."""
        if not 0 <= index.row() < len(self.rows) or self.rows[index.row()].is_head:
            return Qt.ItemFlag.NoItemFlags
        return Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable

    def head_words(self, row: SymbolRow) -> str:
        """Return what stands above the lines, or below them."""
        notices = {
            ListNotice.ASKING: self.tr("Asking for all instruments…"),
            ListNotice.FAILED: self.tr("No list from the exchange yet"),
            ListNotice.NONE_FOUND: self.tr("No name has this in it"),
            ListNotice.MORE: self.tr("More: type a part of the name"),
        }
        if row.notice is not None:
            return notices[row.notice]
        return self.tr("Recorded") if row.is_recorded else self.tr("Not recorded")


class _SymbolList(QListView):
    """The lines below the field."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("symbolList")
        # The field keeps the keyboard.
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.setMouseTracking(True)
        self.setAccessibleName(self.tr("Instruments"))
        self._rows = _Rows(self)
        self.setModel(self._rows)
        self.delegate = _Delegate(self)
        self.setItemDelegate(self.delegate)

    def show_rows(self, rows: list[SymbolRow], current: str, field: QWidget) -> None:
        """Show these lines below the field, and choose the shown symbol or the first line."""
        self._rows.replace(rows)
        at = next((n for n, row in enumerate(rows) if row.symbol == current and current), None)
        if at is None:
            at = next((n for n, row in enumerate(rows) if not row.is_head), None)
        if at is not None:
            self.setCurrentIndex(self._rows.index(at))
        self._place(rows, field)
        self.setVisible(bool(rows))
        self.raise_()

    def move_choice(self, step: int) -> None:
        """Choose another line; heads are passed over."""
        rows = self._rows.rows
        places = [n for n, row in enumerate(rows) if not row.is_head]
        here = self.currentIndex().row()
        if here in places:
            at = places[max(0, min(len(places) - 1, places.index(here) + step))]
            self.setCurrentIndex(self._rows.index(at))

    def _place(self, rows: list[SymbolRow], field: QWidget) -> None:
        window = self.parentWidget()
        if window is None:
            return
        seen = rows[:_MOST_SEEN]
        height = sum(_HEAD_PX if row.is_head else _ROW_PX for row in seen) + _FRAME_PX
        corner = field.mapTo(window, QPoint(0, field.height() + _GAP_PX))
        room = window.height() - corner.y() - _FRAME_PX
        self.setGeometry(QRect(corner, QSize(LIST_PX, min(height, room))))

    @override
    def viewportEvent(self, event: QEvent | None) -> bool:
        """Choose the line that is pointed at."""
        if isinstance(event, QMouseEvent) and event.type() == QEvent.Type.MouseMove:
            index = self.indexAt(event.position().toPoint())
            if index.flags() & Qt.ItemFlag.ItemIsSelectable:
                self.setCurrentIndex(index)
        return super().viewportEvent(event)


class _Delegate(QStyledItemDelegate):
    """Draws a line: a dot that is full where it is recorded, the name, and what can be shown."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._text = self._weak = self._chosen = self._recorded = QColor("#808080")

    def set_colours(self, *, text: str, weak: str, chosen: str, recorded: str) -> None:
        """Take other colours."""
        self._text, self._weak = QColor(text), QColor(weak)
        self._chosen, self._recorded = QColor(chosen), QColor(recorded)

    @override
    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex) -> QSize:
        """Return a line's height."""
        del option
        row: SymbolRow = index.data(_ROLE)
        return QSize(LIST_PX - _FRAME_PX, _HEAD_PX if row.is_head else _ROW_PX)

    @override
    def paint(
        self, painter: QPainter | None, option: QStyleOptionViewItem, index: QModelIndex
    ) -> None:
        """Draw one line."""
        if painter is None:
            return
        row: SymbolRow = index.data(_ROLE)
        box = option.rect
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        font = QFont(option.font)
        left = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        if row.is_head:
            if row.notice is None:
                font.setPointSizeF(max(1.0, font.pointSizeF()) * 0.85)
                font.setCapitalization(QFont.Capitalization.AllUppercase)
            painter.setFont(font)
            painter.setPen(self._weak)
            painter.drawText(box.adjusted(10, 0, -10, 0), left, str(index.data()))
            painter.restore()
            return
        if option.state & QStyle.StateFlag.State_Selected:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(self._chosen)
            painter.drawRoundedRect(box, 5, 5)
        painter.setPen(self._recorded if row.is_recorded else self._weak)
        if row.is_recorded:
            painter.setBrush(self._recorded)
        else:
            painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawEllipse(QPoint(box.left() + 14, box.center().y() + 1), 3, 3)
        if not row.is_recorded:
            painter.setPen(self._weak)
            right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
            painter.drawText(box.adjusted(0, 0, -10, 0), right, self.tr("predicted only"))
        font.setWeight(QFont.Weight.DemiBold)
        painter.setFont(font)
        painter.setPen(self._text)
        painter.drawText(box.adjusted(28, 0, -10, 0), left, row.symbol)
        painter.restore()
