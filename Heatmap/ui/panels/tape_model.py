"""The rows of a tape: the newest liquidation on top."""

from collections import deque
from collections.abc import Callable, Sequence
from enum import IntEnum
from typing import Any

from PyQt6.QtCore import QAbstractTableModel, QModelIndex, Qt, QTimeZone

from Heatmap.feeds.recorded_books import MOST_ROWS, TapeRow
from Heatmap.runtime.compat import override
from Heatmap.ui.number_texts import (
    clock_text,
    day_text,
    decimal_number,
    is_same_day,
    whole_usd,
)

ROW_ROLE = int(Qt.ItemDataRole.UserRole)
"""Gives the liquidation of a row, a `TapeRow`."""

BRIEF_HEAD = "\u200e\u2265 USD\u200e"
"""The head of amounts that are lower bounds, where there is little room.

The marks at its ends keep the sign as it is where a host writes from right to left.
"""

_QUARTER_MS = 900_000
# One of each month, with two digits.
_DAYS_OF_MONTHS_MS = tuple(1_738_152_000_000 + month * 2_592_000_000 for month in range(12))
_NO_PARENT = QModelIndex()


class Column(IntEnum):
    """What stands in a column."""

    TIME = 0
    SIDE = 1
    PRICE = 2
    USD = 3


class TapeModel(QAbstractTableModel):
    """Liquidations by time, at most `MOST_ROWS`: the oldest go.

    Attributes
    ----------
    rows
        The newest first.
    decimals
        Of prices, by the tick size; change it by `set_decimals`.
    zone
        Whose clock the times are on; change it by `set_zone`.
    whole_head
        The head of the amounts, in words.
    """

    def __init__(self) -> None:
        super().__init__()
        self.rows: deque[TapeRow] = deque()
        self.decimals = 1
        self.zone = QTimeZone.utc()
        self._heads = {
            Column.TIME: self.tr("Time"),
            Column.SIDE: self.tr("Side"),
            Column.PRICE: self.tr("Price"),
            Column.USD: self.tr("USD, at least"),
        }
        self.whole_head = self._heads[Column.USD]
        # Price and amount that were the largest since all rows were replaced, USD.
        self._largest = 0.0, 0.0
        self._sides = {True: self.tr("Long"), False: self.tr("Short")}
        # In the place of the word for time; empty: rows in sight are of today.
        self._day = ""

    def replace(self, rows: Sequence[TapeRow]) -> None:
        """Show other rows in the place of all, given the oldest first."""
        self.beginResetModel()
        self.rows = deque(reversed(rows[-MOST_ROWS:]))
        self._largest = 0.0, 0.0
        self._note_largest(rows)
        self.endResetModel()

    def add(self, rows: Sequence[TapeRow]) -> int:
        """Add rows, given the oldest first; late ones find their place.

        Returns
        -------
        int
            How many of them are the newest, on top of all others.
        """
        if len(rows) >= MOST_ROWS:
            self.replace(rows)
            return len(rows)
        self._note_largest(rows)
        newest_ms = self.rows[0][0] if self.rows else None
        late = 0 if newest_ms is None else sum(row[0] < newest_ms for row in rows)
        for row in rows[:late]:
            place = next((i for i, one in enumerate(self.rows) if one[0] <= row[0]), len(self.rows))
            self._insert(place, [row])
        self._insert(0, rows[late:])
        surplus = len(self.rows) - MOST_ROWS
        if surplus > 0:
            self.beginRemoveRows(_NO_PARENT, MOST_ROWS, MOST_ROWS + surplus - 1)
            for _ in range(surplus):
                self.rows.pop()
            self.endRemoveRows()
        return len(rows) - late

    def find(self, matches: Callable[[TapeRow], bool]) -> int | None:
        """Return the row with the largest of the liquidations that match; ``None``: none does."""
        found = [(row[2], -at) for at, row in enumerate(self.rows) if matches(row)]
        return -max(found)[1] if found else None

    def find_nearest(self, distance: Callable[[TapeRow], float | None], most: float) -> int | None:
        """Return the row with the least distance; ``None``: none has one of at most `most`."""
        found = [
            (far, at)
            for at, row in enumerate(self.rows)
            if (far := distance(row)) is not None and far <= most
        ]
        return min(found)[1] if found else None

    def set_decimals(self, decimals: int) -> None:
        """Give prices so many digits after the point."""
        if decimals != self.decimals:
            self.decimals = decimals
            self._change_column(Column.PRICE)

    def set_brief(self, *, is_brief: bool) -> None:
        """Have the head of the amounts say in one sign that they are lower bounds, or in words."""
        head = BRIEF_HEAD if is_brief else self.whole_head
        if head != self._heads[Column.USD]:
            self._heads[Column.USD] = head
            self.headerDataChanged.emit(Qt.Orientation.Horizontal, Column.USD, Column.USD)

    def set_zone(self, zone: QTimeZone) -> None:
        """Give times by another clock."""
        if zone != self.zone:
            self.zone = zone
            self._change_column(Column.TIME)

    def show_day(self, top: int, now_ms: int | None) -> None:
        """Say the day of the row on top of those in sight, where it is not today."""
        day = ""
        if now_ms is not None and 0 <= top < len(self.rows):
            ts_ms = self.rows[top][0]
            is_today = is_same_day(ts_ms, now_ms, self.zone)
            day = "" if is_today else day_text(ts_ms, self.zone)
        if day != self._day:
            self._day = day
            self.headerDataChanged.emit(Qt.Orientation.Horizontal, Column.TIME, Column.TIME)

    def text(self, at: int, column: int) -> str:
        """Return what stands in a cell."""
        ts_ms, price, usd, is_long = self.rows[at]
        if column == Column.TIME:
            is_dated = self.is_dated(at)
            clock = clock_text(ts_ms, self.zone, has_seconds=not is_dated)
            return f"{day_text(ts_ms, self.zone)} {clock}" if is_dated else clock
        if column == Column.SIDE:
            return self._sides[is_long]
        if column == Column.PRICE:
            return decimal_number(price, self.decimals)
        return whole_usd(usd)

    def longest_texts(self, column: Column) -> list[str]:
        """Return texts of which one is as long as any in a column, digits being of one width."""
        if column == Column.SIDE:
            return [*self._sides.values()]
        if column == Column.PRICE:
            return [decimal_number(self._largest[0], self.decimals)]
        if column == Column.USD:
            return [whole_usd(self._largest[1])]
        return [f"{day_text(ms, QTimeZone.utc())} 00:00" for ms in _DAYS_OF_MONTHS_MS]

    @property
    def width_key(self) -> tuple[object, ...]:
        """Another one where `longest_texts` may be others."""
        return self._largest, self.decimals

    def _note_largest(self, rows: Sequence[TapeRow]) -> None:
        price, usd = self._largest
        self._largest = (
            max([price, *(row[1] for row in rows)]),
            max([usd, *(row[2] for row in rows)]),
        )

    def is_dated(self, at: int) -> bool:
        """Whether a row says its day: the first one of each day before the newest's."""
        if at == 0:
            return False
        newer_ms, ts_ms = self.rows[at - 1][0], self.rows[at][0]
        # All zones change their day at such a time.
        if newer_ms // _QUARTER_MS == ts_ms // _QUARTER_MS:
            return False
        return not is_same_day(newer_ms, ts_ms, self.zone)

    @override
    def rowCount(self, parent: QModelIndex = _NO_PARENT) -> int:
        """Return how many liquidations there are."""
        return 0 if parent.isValid() else len(self.rows)

    @override
    def columnCount(self, parent: QModelIndex = _NO_PARENT) -> int:
        """Return how many columns there are."""
        return 0 if parent.isValid() else len(Column)

    @override
    def headerData(
        self,
        section: int,
        orientation: Qt.Orientation,
        role: int = Qt.ItemDataRole.DisplayRole,
    ) -> Any:
        """Return the heads of the columns."""
        if orientation != Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            head = self._heads[Column(section)]
            return (section == Column.TIME and self._day) or head
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return alignment(section)
        is_hint = role == Qt.ItemDataRole.ToolTipRole and section == Column.USD
        return self.whole_head if is_hint else None

    @override
    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return the text of a cell, its alignment, a tool tip with the day, or the liquidation."""
        at, column = index.row(), index.column()
        if not 0 <= at < len(self.rows):
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return self.text(at, column)
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return alignment(column)
        if role == Qt.ItemDataRole.ToolTipRole:
            ts_ms = self.rows[at][0]
            day, clock = day_text(ts_ms, self.zone), clock_text(ts_ms, self.zone)
            return self.tr("{time}. Enter shows it on the chart").format(time=f"{day} {clock}")
        return self.rows[at] if role == ROW_ROLE else None

    def _insert(self, place: int, rows: Sequence[TapeRow]) -> None:
        if not rows:
            return
        self.beginInsertRows(_NO_PARENT, place, place + len(rows) - 1)
        if place == 0:
            self.rows.extendleft(rows)
        else:
            for row in rows:
                self.rows.insert(place, row)
        self.endInsertRows()

    def _change_column(self, column: Column) -> None:
        if self.rows:
            last = len(self.rows) - 1
            self.dataChanged.emit(self.index(0, column), self.index(last, column))


def alignment(column: int) -> Qt.AlignmentFlag:
    """Return where the text of a column stands: numbers at its right end."""
    side = Qt.AlignmentFlag.AlignRight if column >= Column.PRICE else Qt.AlignmentFlag.AlignLeft
    return side | Qt.AlignmentFlag.AlignVCenter
