"""The columns of a picture of predicted levels: from rows of log price to its cells. Pure.

Columns are kept as slots: a slot is a column, or, where columns are shorter than a minute, the
minute that several of them share.

- A column shows what was known at its end; one that is shorter than a minute, what was known when
  its minute began.
- The rows that the candle of a short column's minute touched are 0 in it, and in the newest column
  those that the running minute has touched: what the price has passed is gone at once.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from Heatmap.aggregation.heat_field import ColumnRange
from Heatmap.aggregation.normalization import Scale
from Heatmap.aggregation.resolution import MARGIN, SPARE_ROWS, GridSpec, PriceAxis
from Heatmap.domain.candles import MINUTE_MS, RunningMinute
from Heatmap.levels.price_rows import LogRows
from Heatmap.runtime.compat import override
from Heatmap.sources.heat_cells import HeatCells
from Heatmap.sources.predicted.level_history import LevelHistory, crop
from Heatmap.sources.predicted.look import blurred, brightness, weights

#: Amounts are told per this part of the price: rows change with the zoom.
UNIT_SHARE = 0.001
# Room for new columns before all are moved.
_SPARE_SLOTS = 240
# What rounding leaves of rows in which nothing stands, as a part of the column's sum.
_ROUNDING = 1e-12
_NOT_KNOWN = -1
# Half a per cent of price.
_NEAR_ROWS = 50


@dataclass(frozen=True, slots=True)
class _Slots:
    """Arrays with an entry for each slot, and room for some more.

    Attributes
    ----------
    fine : (cap, n_fine) float32, USD
        What stood, per row of log price, before the slot's own candle.
    usd : (cap, n_rows) float64, USD
        What is drawn of it, per row of the picture.
    shown : (cap, n_rows) float64, USD per `UNIT_SHARE` of the price
        The same, blurred.
    weight : (cap, n_rows) float32
        See `look.weights`.
    seen : (cap,) int64
        How many minutes were closed by then.
    close : (cap,) float64
        Natural logarithm of the price then: longs stand below it, shorts above.
    """

    fine: NDArray[np.float32]
    usd: NDArray[np.float64]
    shown: NDArray[np.float64]
    weight: NDArray[np.float32]
    seen: NDArray[np.int64]
    close: NDArray[np.float64]


class LevelColumns(HeatCells):
    """What stands at each price and time of a picture. Not thread-safe.

    Parameters
    ----------
    spec
        Where the cells lie at first.
    history
        What stood when; ``None``: nothing is known.
    side
        One of `SIDES`: which levels are drawn.
    until_ms
        What came to be known later does not count, as in a window that stays; ``None``: all counts.
    """

    def __init__(
        self,
        spec: GridSpec,
        history: LevelHistory | None,
        side: str,
        until_ms: int | None = None,
    ) -> None:
        self._spec = spec
        self._history = history
        self._side = side
        self._until_ms = until_ms
        self._edges = _edges_usd(spec.price)
        self._unit_rows = np.diff(np.log(np.maximum(self._edges, 1e-300))) / UNIT_SHARE
        self._middles = (self._edges[:-1] + self._edges[1:]) / 2
        self._pane_rows = pane_rows(spec.price)
        self._slot_ms = max(spec.time.bin_ms, MINUTE_MS)
        #: The rows of log price that are kept.
        self.fine_rows, self._kept_rows = self._choose_rows()
        self._drawn_rows = self._choose_drawn_rows()
        self._first, self._end = self._slot_range()
        # The slot that the arrays begin with.
        self._base = self._first
        self._slots = self._make(self._end - self._first + _SPARE_SLOTS)
        self._running: tuple[RunningMinute, ...] = ()

    @property
    @override
    def spec(self) -> GridSpec:
        """Where the cells lie now."""
        return self._spec

    @property
    @override
    def is_split(self) -> bool:
        """Whether longs and shorts are kept apart."""
        return self._side == "split"

    @property
    def row_units(self) -> NDArray[np.float64]:
        """How many times `UNIT_SHARE` of the price each row holds, (n_rows,) float64."""
        return self._unit_rows

    def usd(self, columns: ColumnRange | None = None) -> NDArray[np.float64]:
        """Return what stands in each cell before it is blurred, (n_rows, n) float64, USD."""
        return np.asarray(self._slots.usd[self._index(columns)].T)

    def fine_column(self, column: int) -> NDArray[np.float32]:
        """Return a column in rows of log price, `fine_rows`, (n,) float32, USD."""
        slot = self._slot_of(column)
        fine = self._slots.fine[[slot - self._base]]
        return np.asarray(self._masked(np.array([slot]), fine, self.fine_rows)[0])

    def rows_near_picture(self, column: int) -> tuple[NDArray[np.float32], LogRows]:
        """Return a column of the picture's prices and some more, and which rows it has."""
        kept, drawn = self.fine_rows, self._drawn_rows
        first = max(kept.first, drawn.first - _NEAR_ROWS)
        end = min(kept.first + kept.count, drawn.first + drawn.count + _NEAR_ROWS)
        fine = self.fine_column(column)[first - kept.first : end - kept.first]
        return fine, LogRows(kept.width, first, end - first)

    def price_at(self, column: int) -> float | None:
        """Return the price at a column's time, USD; ``None``: not known."""
        place = self._slot_of(column) - self._base
        if self._slots.seen[place] <= 0:
            return None
        return float(np.exp(self._slots.close[place]))

    def seen_at(self, column: int) -> int:
        """Return how many minutes a column has seen."""
        return max(0, int(self._slots.seen[self._slot_of(column) - self._base]))

    @override
    def sides(self, columns: ColumnRange | None = None) -> Sequence[NDArray[np.float64]]:
        """Return what stands, blurred, in USD per `UNIT_SHARE` of the price."""
        index = self._index(columns)
        cells = self._slots.shown[index]
        if not self.is_split:
            return [cells.T]
        is_long = self._is_long(index)
        return [(cells * is_long).T, (cells * ~is_long).T]

    @override
    def values(self, columns: ColumnRange | None = None) -> NDArray[np.float64]:
        """Return what the scale is about: what the pane shows, without the rows beside it.

        Columns that share a minute are there once. Longs and shorts never share a row, so of split
        sides it is the same.
        """
        spare = round((self._spec.price.n_rows - self._pane_rows) / 2)
        index = self._index(columns)
        cells = self._slots.shown[index[0] : index[-1] + 1]
        return np.asarray(cells[:, spare : cells.shape[1] - spare].T)

    @override
    def levels(self, scale: Scale, columns: ColumnRange | None = None) -> bytes:
        """Return the cells as the page takes them, see `look.brightness`."""
        index = self._index(columns)
        distinct = np.arange(index[0], index[-1] + 1)
        cells = brightness(
            self._slots.shown[distinct],
            self._slots.weight[distinct],
            scale,
            self._is_long(distinct) if self.is_split else None,
        )
        return np.ascontiguousarray(cells[index - index[0]].T).tobytes()

    def load(self, running: tuple[RunningMinute, ...]) -> None:
        """Work out all columns.

        Parameters
        ----------
        running
            What is known of the minutes whose candles have not come yet.
        """
        self._running = running
        self._work_out(self._first, self._end)

    def advance(
        self, end_ms: int | None, running: tuple[RunningMinute, ...], new_from_ms: int | None
    ) -> ColumnRange | None:
        """Move on, and work out what has become different.

        Parameters
        ----------
        end_ms
            Where the window ends now; ``None``: it stays.
        running
            What is known of the minutes whose candles have not come yet.
        new_from_ms
            When the first minute began that came since; ``None``: none did.

        Returns
        -------
        ColumnRange or None
            The columns that may have changed.
        """
        before_end, time = self._end, self._spec.time
        before_cols = time.first_col + time.n_cols
        # A clock that is set back takes no column away.
        if end_ms is not None and end_ms // time.bin_ms > time.last_col:
            first_col = end_ms // time.bin_ms - time.n_cols + 1
            self._spec = replace(self._spec, time=replace(time, first_col=first_col))
            self._first, self._end = self._slot_range()
            if self._first >= before_end:
                self._base = self._first
                self._slots = self._make(self._end - self._first + _SPARE_SLOTS)
                before_end = self._first
            self._make_room()
        first = before_end
        for one in {*running} ^ {*self._running}:
            first = min(first, one.open_ms // self._slot_ms)
        if new_from_ms is not None:
            first = min(first, new_from_ms // self._slot_ms)
        self._running = running
        first = max(first, self._first)
        if first < self._end:
            self._work_out(first, self._end)
        time = self._spec.time
        # Columns that are new within a slot that was there are new all the same.
        first_col = min(before_cols, first * self._slot_ms // time.bin_ms) - time.first_col
        first_col = max(first_col, 0)
        return ColumnRange(first_col, time.n_cols) if first_col < time.n_cols else None

    # -- inside -------------------------------------------------------------------------------

    def _choose_rows(self) -> tuple[LogRows, slice]:
        """Choose the rows of log price: those of the picture, and of all prices of its time."""
        history = self._history
        if history is None:
            return LogRows(1.0, 0, 1), slice(0, 1)
        time, minutes = self._spec.time, history.minutes
        low, high = max(float(self._edges[0]), 1e-9), float(self._edges[-1])
        start, stop = np.searchsorted(minutes.open_ms, [time.start_ms - MINUTE_MS, time.end_ms])
        if stop > start:
            low = min(low, float(np.exp(minutes.log_low[start:stop].min())))
            high = max(high, float(np.exp(minutes.log_high[start:stop].max())))
        kept = crop(history.rows, low, high)
        rows = history.rows
        return LogRows(rows.width, rows.first + kept.start, kept.stop - kept.start), kept

    def _choose_drawn_rows(self) -> LogRows:
        """Return those of the kept rows that the picture's lie in."""
        kept = self.fine_rows
        low, high = np.log(np.maximum(self._edges[[0, -1]], 1e-9)) / kept.width - kept.first
        first = int(np.clip(np.floor(low), 0, kept.count - 1))
        end = int(np.clip(np.ceil(high), first + 1, kept.count))
        return LogRows(kept.width, kept.first + first, end - first)

    def _make(self, cap: int) -> _Slots:
        n_rows = self._spec.price.n_rows
        return _Slots(
            np.zeros((cap, self.fine_rows.count), np.float32),
            np.zeros((cap, n_rows)),
            np.zeros((cap, n_rows)),
            np.zeros((cap, n_rows), np.float32),
            np.full(cap, _NOT_KNOWN),
            np.zeros(cap),
        )

    def _make_room(self) -> None:
        """Move what is kept to the beginning, where there is no room at the end."""
        slots = self._slots
        cap = len(slots.seen)
        if self._end - self._base <= cap:
            return
        kept = slice(self._first - self._base, None)
        fresh = self._make(max(cap, self._end - self._first + _SPARE_SLOTS))
        for name in ("fine", "usd", "shown", "weight", "seen", "close"):
            part = getattr(slots, name)[kept]
            getattr(fresh, name)[: len(part)] = part
        self._slots, self._base = fresh, self._first

    def _slot_range(self) -> tuple[int, int]:
        time = self._spec.time
        return time.start_ms // self._slot_ms, (time.end_ms - 1) // self._slot_ms + 1

    def _slot_of(self, column: int) -> int:
        time = self._spec.time
        return (time.first_col + column) * time.bin_ms // self._slot_ms

    def _index(self, columns: ColumnRange | None) -> NDArray[np.int64]:
        """Return where in the arrays the columns are, (n,) int64."""
        wanted = self.all_columns() if columns is None else columns
        time = self._spec.time
        numbers = time.first_col + np.arange(wanted.start, wanted.stop, dtype=np.int64)
        return np.asarray(numbers * time.bin_ms // self._slot_ms - self._base)

    def _is_long(self, index: NDArray[np.int64]) -> NDArray[np.bool_]:
        return np.asarray(self._middles < np.exp(self._slots.close[index])[:, None])

    def _known_ms(self, numbers: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return until when a slot knows what happened, (k,) int64, UTC milliseconds."""
        is_minute = self._spec.time.bin_ms < MINUTE_MS
        known_ms = (numbers if is_minute else numbers + 1) * self._slot_ms
        return known_ms if self._until_ms is None else np.minimum(known_ms, self._until_ms)

    def _work_out(self, first: int, end: int) -> None:
        history, slots = self._history, self._slots
        if history is None:
            return
        numbers = np.arange(first, end, dtype=np.int64)
        at = numbers - self._base
        seen = history.seen_by(self._known_ms(numbers))
        is_other = seen != slots.seen[at]
        is_now = is_other & (seen == len(history))
        if is_now.any():
            slots.fine[at[is_now]] = history.standing()[self._kept_rows]
        is_other &= ~is_now
        if is_other.any():
            # Neighbours that have seen the same need one column.
            counts, which = np.unique(seen[is_other], return_inverse=True)
            slots.fine[at[is_other]] = history.columns(counts, self._kept_rows)[which]
        slots.seen[at] = seen
        slots.close[at] = history.minutes.log_close[np.maximum(seen - 1, 0)]
        rows = self._drawn_rows
        first = rows.first - self.fine_rows.first
        fine = self._masked(numbers, slots.fine[at, first : first + rows.count], rows)
        if self._side in ("longs", "shorts"):
            middles = (rows.first + np.arange(rows.count) + 0.5) * rows.width
            is_long = middles < slots.close[at][:, None]
            fine[~is_long if self._side == "longs" else is_long] = 0.0
        usd = rows.to_price_rows(fine, np.maximum(self._edges, 1e-9))
        usd[usd < _ROUNDING * usd.sum(axis=1, keepdims=True)] = 0.0
        slots.usd[at] = usd
        shown = blurred(usd) / self._unit_rows
        slots.shown[at] = shown
        slots.weight[at] = weights(shown, self._pane_rows)

    def _masked(
        self, numbers: NDArray[np.int64], fine: NDArray[np.float32], rows: LogRows
    ) -> NDArray[np.float32]:
        """Return slots without what their own candle touched, a copy."""
        fine = fine.copy()
        history = self._history
        if history is None:
            return fine
        minutes = history.minutes
        if self._spec.time.bin_ms < MINUTE_MS:
            opens = numbers * MINUTE_MS
            place = np.minimum(np.searchsorted(minutes.open_ms, opens), len(minutes) - 1)
            is_there = minutes.open_ms[place] == opens
            if self._until_ms is not None:
                is_there &= opens < self._until_ms
            touched = rows.rows(minutes.log_range[place])
            number = np.arange(rows.count)
            is_touched = (number >= touched[:, :1]) & (number <= touched[:, 1:])
            fine[is_touched & is_there[:, None]] = 0.0
        for one in self._running:
            if one.open_ms > int(minutes.open_ms[-1]):
                low, high = rows.rows(np.log([one.low, one.high])).tolist()
                is_later = numbers >= one.open_ms // self._slot_ms
                fine[is_later, max(low, 0) : max(high + 1, 0)] = 0.0
        return fine


def pane_rows(axis: PriceAxis) -> float:
    """Return how many rows of an axis the pane shows; see `choose_price_axis`."""
    return max(1.0, (axis.n_rows - 2 * SPARE_ROWS) / (1 + 2 * MARGIN))


def _edges_usd(axis: PriceAxis) -> NDArray[np.float64]:
    numbers = axis.first_row + np.arange(axis.n_rows + 1)
    return np.asarray(numbers * axis.bin_usd)
