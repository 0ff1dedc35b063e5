"""The columns of a picture of predicted levels: from rows of log price to its cells. Pure.

A column is a minute or a whole number of minutes: candles know nothing shorter. It shows what was
known at its end, and nothing later. In the newest column the rows that the running minute has
touched are 0: what the price has passed is gone at once.

Rows of log price are kept of the newest columns only, those near the picture. All of a column, as
what stands between the price and a place needs it, is worked out when it is asked for.
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
# Of log price, kept on either side of the picture: half a per cent of price.
_NEAR_ROWS = 50
# Columns that the running minutes may change, and so many that are worked out at once.
_TAIL, _AT_ONCE = 16, 256


@dataclass(frozen=True, slots=True)
class _Slots:
    """Arrays with an entry for each column, and room for some more.

    Attributes
    ----------
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

    Raises
    ------
    ValueError
        Columns are shorter than a minute, or no whole number of them.
    """

    def __init__(
        self,
        spec: GridSpec,
        history: LevelHistory | None,
        side: str,
        until_ms: int | None = None,
    ) -> None:
        if spec.time.bin_ms % MINUTE_MS:
            raise ValueError(f"columns must be whole minutes, got {spec.time.bin_ms} ms")
        self._spec = spec
        self._history = history
        self._side = side
        self._until_ms = until_ms
        self._edges = _edges_usd(spec.price)
        self._unit_rows = np.diff(np.log(np.maximum(self._edges, 1e-300))) / UNIT_SHARE
        self._middles = (self._edges[:-1] + self._edges[1:]) / 2
        self._pane_rows = pane_rows(spec.price)
        low, high = max(float(self._edges[0]), 1e-9), max(float(self._edges[-1]), 1e-9)
        self._kept_rows = crop(self.fine_rows, low, high, _NEAR_ROWS)
        self._drawn_rows = self._choose_drawn_rows()
        # The number of the column that the arrays begin with.
        self._base = spec.time.first_col
        self._slots = self._make(spec.time.n_cols + _SPARE_SLOTS)
        # The newest columns by number, in the kept rows, whatever the running minute touched.
        self._tail: dict[int, NDArray[np.float32]] = {}
        # All rows of the column that was asked for last, and how many minutes it has seen.
        self._whole: tuple[int, LogRows, NDArray[np.float32]] | None = None
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
        return np.array(self._slots.usd[self._index(columns)].T)

    @property
    def fine_rows(self) -> LogRows:
        """All rows of log price on which something may stand."""
        return LogRows(1.0, 0, 1) if self._history is None else self._history.rows

    def fine_column(self, column: int) -> NDArray[np.float32]:
        """Return a column in rows of log price, all `fine_rows`, (n,) float32, USD."""
        rows, history = self.fine_rows, self._history
        if history is None:
            return np.zeros(rows.count, np.float32)
        seen = self.seen_at(column)
        if self._whole is None or self._whole[:2] != (seen, rows):
            is_now = seen == len(history)
            fine = history.standing() if is_now else history.columns(np.array([seen]), rows)[0]
            self._whole = seen, rows, fine
        number = np.array([self._spec.time.first_col + column])
        return np.asarray(self._masked(number, self._whole[2][None], rows)[0])

    def rows_near_picture(self) -> tuple[NDArray[np.float32], LogRows]:
        """Return the newest column of the picture's prices and some more, and which rows it has."""
        kept, drawn = self._kept_rows, self._drawn_rows
        first = max(kept.first, drawn.first - _NEAR_ROWS)
        end = min(kept.first + kept.count, drawn.first + drawn.count + _NEAR_ROWS)
        rows = LogRows(kept.width, first, end - first)
        number = self._spec.time.last_col
        fine = self._tail[number][None, first - kept.first : end - kept.first]
        return np.asarray(self._masked(np.array([number]), fine, rows)[0]), rows

    def price_at(self, column: int) -> float | None:
        """Return the price at a column's time, USD; ``None``: not known."""
        place = self._spec.time.first_col + column - self._base
        if self._slots.seen[place] <= 0:
            return None
        return float(np.exp(self._slots.close[place]))

    def seen_at(self, column: int) -> int:
        """Return how many minutes a column has seen."""
        return max(0, int(self._slots.seen[self._spec.time.first_col + column - self._base]))

    @override
    def sides(self, columns: ColumnRange | None = None) -> Sequence[NDArray[np.float64]]:
        """Return what stands, blurred, in USD per `UNIT_SHARE` of the price."""
        index = self._index(columns)
        cells = self._slots.shown[index]
        if not self.is_split:
            return [cells.T.copy()]
        is_long = self._is_long(index)
        return [(cells * is_long).T, (cells * ~is_long).T]

    @override
    def values(self, columns: ColumnRange | None = None) -> NDArray[np.float64]:
        """Return what the scale is about: what the pane shows, without the rows beside it.

        Longs and shorts never share a row, so of split sides it is the same.
        """
        spare = round((self._spec.price.n_rows - self._pane_rows) / 2)
        cells = self._slots.shown[self._index(columns)]
        return np.asarray(cells[:, spare : cells.shape[1] - spare].T)

    @override
    def levels(self, scale: Scale, columns: ColumnRange | None = None) -> bytes:
        """Return the cells as the page takes them, see `look.brightness`."""
        index = self._index(columns)
        cells = brightness(
            self._slots.shown[index],
            self._slots.weight[index],
            scale,
            self._is_long(index) if self.is_split else None,
        )
        return np.ascontiguousarray(cells.T).tobytes()

    def load(self, running: tuple[RunningMinute, ...]) -> None:
        """Work out all columns.

        Parameters
        ----------
        running
            What is known of the minutes whose candles have not come yet.
        """
        self._running = running
        time = self._spec.time
        self._work_out(time.first_col, time.last_col + 1)

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
        time = self._spec.time
        first = time.last_col + 1
        # A clock that is set back takes no column away.
        if end_ms is not None and end_ms // time.bin_ms > time.last_col:
            first_col = end_ms // time.bin_ms - time.n_cols + 1
            if first_col >= first:
                self._base = first_col
                self._slots = self._make(time.n_cols + _SPARE_SLOTS)
            time = replace(time, first_col=first_col)
            self._spec = replace(self._spec, time=time)
            self._make_room()
        for one in {*running} ^ {*self._running}:
            first = min(first, one.open_ms // time.bin_ms)
        if new_from_ms is not None:
            first = min(first, new_from_ms // time.bin_ms)
        self._running = running
        first = max(first, time.first_col)
        if first > time.last_col:
            return None
        self._work_out(first, time.last_col + 1)
        return ColumnRange(first - time.first_col, time.n_cols)

    # -- inside -------------------------------------------------------------------------------

    def _choose_drawn_rows(self) -> LogRows:
        """Return those of the kept rows that the picture's lie in."""
        kept = self._kept_rows
        low, high = np.log(np.maximum(self._edges[[0, -1]], 1e-9)) / kept.width - kept.first
        first = int(np.clip(np.floor(low), 0, kept.count - 1))
        end = int(np.clip(np.ceil(high), first + 1, kept.count))
        return LogRows(kept.width, kept.first + first, end - first)

    def _make(self, cap: int) -> _Slots:
        n_rows = self._spec.price.n_rows
        return _Slots(
            np.zeros((cap, n_rows)),
            np.zeros((cap, n_rows)),
            np.zeros((cap, n_rows), np.float32),
            np.full(cap, _NOT_KNOWN),
            np.zeros(cap),
        )

    def _make_room(self) -> None:
        """Move what is kept to the beginning, where there is no room at the end."""
        slots, time = self._slots, self._spec.time
        cap = len(slots.seen)
        if time.last_col + 1 - self._base <= cap:
            return
        kept = slice(time.first_col - self._base, None)
        fresh = self._make(max(cap, time.n_cols + _SPARE_SLOTS))
        for name in ("usd", "shown", "weight", "seen", "close"):
            part = getattr(slots, name)[kept]
            getattr(fresh, name)[: len(part)] = part
        self._slots, self._base = fresh, time.first_col

    def _index(self, columns: ColumnRange | None) -> slice:
        """Return where in the arrays the columns are."""
        wanted = self.all_columns() if columns is None else columns
        begin = self._spec.time.first_col - self._base
        return slice(begin + wanted.start, begin + wanted.stop)

    def _is_long(self, index: slice) -> NDArray[np.bool_]:
        return np.asarray(self._middles < np.exp(self._slots.close[index])[:, None])

    def _known_ms(self, numbers: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return until when a column knows what happened, (k,) int64, UTC milliseconds."""
        known_ms = (numbers + 1) * self._spec.time.bin_ms
        return known_ms if self._until_ms is None else np.minimum(known_ms, self._until_ms)

    def _work_out(self, first: int, end: int) -> None:
        history, slots = self._history, self._slots
        if history is None:
            return
        numbers = np.arange(first, end, dtype=np.int64)
        seen = history.seen_by(self._known_ms(numbers))
        before = slots.seen[first - self._base : end - self._base]
        is_kept = (seen == before) & [number in self._tail for number in numbers.tolist()]
        is_now = ~is_kept & (seen == len(history))
        is_other = ~is_kept & ~is_now
        kept_rows = self._kept_rows
        # Neighbours that have seen the same need one column.
        counts, which = np.unique(seen[is_other], return_inverse=True)
        found: NDArray[np.float32] = np.zeros((0, kept_rows.count), np.float32)
        if len(counts):
            found = history.columns(counts, kept_rows)
        places = np.full(len(numbers), -1)
        places[is_other] = which
        low = kept_rows.first - history.rows.first
        now = history.standing()[low : low + kept_rows.count] if is_now.any() else None
        for begin in range(0, len(numbers), _AT_ONCE):
            part = slice(begin, begin + _AT_ONCE)
            fine = np.zeros((len(numbers[part]), kept_rows.count), np.float32)
            fine[is_other[part]] = found[places[part][is_other[part]]]
            if now is not None:
                fine[is_now[part]] = now
            for k in np.flatnonzero(is_kept[part]).tolist():
                fine[k] = self._tail[int(numbers[begin + k])]
            for k in range(max(0, end - _TAIL - first - begin), len(fine)):
                self._tail[first + begin + k] = fine[k].copy()
            self._draw(numbers[part], seen[part], fine)
        self._tail = {one: usd for one, usd in self._tail.items() if one >= end - _TAIL}

    def _draw(
        self, numbers: NDArray[np.int64], seen: NDArray[np.int64], fine: NDArray[np.float32]
    ) -> None:
        """Lay columns of the kept rows on the picture's."""
        history, slots = self._history, self._slots
        if history is None:
            return
        at = numbers - self._base
        slots.seen[at] = seen
        slots.close[at] = history.minutes.log_close[np.maximum(seen - 1, 0)]
        rows = self._drawn_rows
        first = rows.first - self._kept_rows.first
        fine = self._masked(numbers, fine[:, first : first + rows.count], rows)
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
        """Return columns without what the running minutes have touched, a copy."""
        fine = fine.copy()
        history = self._history
        if history is None:
            return fine
        for one in self._running:
            if one.open_ms > int(history.minutes.open_ms[-1]):
                low, high = rows.rows(np.log([one.low, one.high])).tolist()
                is_later = numbers >= one.open_ms // self._spec.time.bin_ms
                fine[is_later, max(low, 0) : max(high + 1, 0)] = 0.0
        return fine


def pane_rows(axis: PriceAxis) -> float:
    """Return how many rows of an axis the pane shows; see `choose_price_axis`."""
    return max(1.0, (axis.n_rows - 2 * SPARE_ROWS) / (1 + 2 * MARGIN))


def _edges_usd(axis: PriceAxis) -> NDArray[np.float64]:
    numbers = axis.first_row + np.arange(axis.n_rows + 1)
    return np.asarray(numbers * axis.bin_usd)
