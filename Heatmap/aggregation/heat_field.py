"""The values that are drawn: liquidations as bands, spots or cells, kept up as time goes on.

Shapes
------
bands
    ``H[:, c] = H[:, c - 1] * exp(-bin / tau) + blur(A[:, c])``, where ``A`` is the notional of the
    column and ``blur`` a Gaussian over the rows. What came before the left edge is carried in.
spots
    ``A`` blurred by a Gaussian in price and one in time.
cells
    ``A`` itself.

Spots and cells fade with their age against now. Ages are counted in whole columns, as in bands:
between the steps of now's column nothing changes, and all that has to be sent again at a step
differs by one common factor.

A cell's value depends on the events and on now only, never on where the grid ends: an event outside
the rows (or, for spots, beside the columns) adds to the cells that its blur reaches.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from Heatmap.aggregation.decay import age_weights, carry_in_ms, column_factor
from Heatmap.aggregation.resolution import GridSpec, TimeAxis
from Heatmap.heatmap_settings import SHAPES

#: Whose liquidations a field can count.
FIELD_SIDES = ("both", "longs", "shorts")
#: Standard deviation of the blur over prices, rows.
ROW_SIGMA = 1.3
#: Standard deviation of the blur over time, columns. At the automatic resolution a row is 2.3 px
#: high and a column 1.15 px wide: twice as many columns as rows make a spot round.
COLUMN_SIGMA = 2 * ROW_SIGMA

# Kernels end at four standard deviations; what is cut, 6e-5 of the sum, is made up by the rest.
_TRUNCATE = 4.0
# Less than this is nothing: decay without end would reach denormal numbers, on which a processor
# is a hundred times slower (in float32 below 1e-38).
_NOTHING_USD = 1e-30
# The fade of spots and cells is taken into the stored values when this many tau have passed.
_MAX_FADE_TAUS = 10.0
# The buffer has room to slide for this part of the window before it is moved back.
_SLACK = 4
_MIN_SLACK_COLS = 64


@dataclass(frozen=True, slots=True)
class ColumnRange:
    """Adjacent columns, ``start`` until before ``stop``; never empty.

    They count from the window's first column as it is when the range is given: columns of
    `HeatField.values`. The window's `TimeAxis.first_col` makes them absolute.
    """

    start: int
    stop: int


def needed_span_ms(
    time: TimeAxis, *, shape: str, tau_ms: float | None, retention_ms: int
) -> tuple[int, int]:
    """Return which events a field needs: from a time until before another, UTC milliseconds.

    Parameters
    ----------
    time
        The window.
    shape
        One of `SHAPES`: bands need what came before the window, spots a few columns around it.
    tau_ms
        Time constant of the decay, ``None``: no decay.
    retention_ms
        How long events are kept.
    """
    if shape == "bands":
        return time.start_ms - carry_in_ms(tau_ms, retention_ms), time.end_ms
    reach_ms = time.bin_ms * (len(_time_kernel(shape)) // 2)
    return time.start_ms - reach_ms, time.end_ms + reach_ms


def counted(events: NDArray[np.void], side: str, minimum_notional: float) -> NDArray[np.bool_]:
    """Tell which events count: (n,) bool.

    Parameters
    ----------
    events : (n,) EVENT_DTYPE
    side
        ``longs`` or ``shorts``; anything else: both.
    minimum_notional
        Smaller events do not count, USD.
    """
    # A number that is not finite would stay in the bands for ever.
    counts: NDArray[np.bool_] = np.isfinite(events["notional"])
    counts &= events["notional"] >= minimum_notional
    if side == "longs":
        counts &= events["is_long"]
    elif side == "shorts":
        counts &= ~events["is_long"]
    return counts


class HeatField:
    """The values of a window that slides with now.

    `load` builds from scratch and may be called at any time; `add` and `advance` keep the values
    up and may be mixed in any order. Adding events in any batches and order gives what loading
    them all would, to 1e-9 relative (and 1e-28 USD).

    Parameters
    ----------
    spec
        Where the cells lie at first. When the last column is the one of now the window follows
        now, unless `is_still`; when it lies before, the window stays.
    shape
        One of `SHAPES`.
    tau_ms
        Time constant of the decay; ``None``: no decay.
    side
        One of `FIELD_SIDES`: whose liquidations count.
    minimum_notional
        Smaller events do not count, USD.
    now_ms
        The exchange's time, against which spots and cells fade.
    is_still
        Whether the window stays whatever comes, as that of a chart that was scrolled back: `now_ms`
        is its end, and events after it have come already. They count where their blur reaches.

    Raises
    ------
    ValueError
        An unknown shape or side, a time constant that is not positive, or a window that ends in a
        column after now's.
    """

    def __init__(
        self,
        spec: GridSpec,
        *,
        shape: str,
        tau_ms: float | None,
        side: str,
        minimum_notional: float,
        now_ms: int,
        is_still: bool = False,
    ) -> None:
        if shape not in SHAPES:
            raise ValueError(f"shape must be one of {', '.join(SHAPES)}, got {shape!r}")
        if side not in FIELD_SIDES:
            raise ValueError(f"side must be one of {', '.join(FIELD_SIDES)}, got {side!r}")
        if tau_ms is not None and not tau_ms > 0:
            raise ValueError(f"the time constant must be positive or None, got {tau_ms!r}")
        self._spec = spec
        self._is_bands = shape == "bands"
        self._row_kernel = _gaussian(ROW_SIGMA) if shape != "cells" else np.ones(1)
        self._time_kernel = _time_kernel(shape)
        self._row_reach = len(self._row_kernel) // 2
        # Columns on either side of the window whose events can be seen in it; as many columns are
        # kept ready at its right, already holding what present events will show there.
        self._col_reach = len(self._time_kernel) // 2
        self._tau_ms = tau_ms
        self._factor = column_factor(spec.time.bin_ms, tau_ms)
        self._fades = tau_ms is not None and not self._is_bands
        self._side = side
        self._minimum_notional = minimum_notional
        self._now_col = now_ms // spec.time.bin_ms
        if self._now_col < spec.time.last_col:
            raise ValueError(
                f"the window ends at {spec.time.end_ms}, after the column of now ({now_ms})"
            )
        self._is_still = is_still
        self._follows_now = not is_still and self._now_col == spec.time.last_col
        n_rows, n_cols = spec.shape
        self._kept_cols = n_cols + self._col_reach
        slack = max(_MIN_SLACK_COLS, n_cols // _SLACK)
        # Time runs along the first axis: a column's rows are adjacent in memory. The window begins
        # at `_origin`; everything right of the kept columns is zero.
        self._buffer = np.zeros((self._kept_cols + slack, n_rows))
        self._origin = 0
        # Stored values of fading shapes are weighted by age against this column.
        self._reference_col = self._now_col
        self._fade = 1.0
        # Events of columns after now's, until their column comes.
        self._held: list[NDArray[np.void]] = []
        self._n_outside = 0

    @property
    def spec(self) -> GridSpec:
        """Where the cells lie now."""
        return self._spec

    @property
    def n_outside(self) -> int:
        """Events given since `load` that had no cell of their own when they were taken in.

        That is: outside the rows, right of a window that stays, or left of the window in shapes
        that carry nothing in. Their blur may still reach cells. Events that do not count (side,
        smallest notional) and events still held are not among them.
        """
        return self._n_outside

    @property
    def values(self) -> NDArray[np.float64]:
        """All cells: (n_rows, n_cols) float64, USD, read-only, valid until the next call.

        Row 0 is the lowest price, column 0 the oldest; columns are adjacent in memory.
        """
        return self.column_values(ColumnRange(0, self._spec.time.n_cols))

    def column_values(self, columns: ColumnRange) -> NDArray[np.float64]:
        """Return the cells of some columns only, otherwise as `values`.

        Raises
        ------
        ValueError
            The columns are not all in the window.
        """
        if not 0 <= columns.start < columns.stop <= self._spec.time.n_cols:
            raise ValueError(f"{columns} is not within {self._spec.time.n_cols} columns")
        cells = self._kept()[columns.start : columns.stop]
        if self._fades:
            cells = cells * self._fade
        view = cells.T
        view.flags.writeable = False
        return view

    def load(self, events: NDArray[np.void]) -> None:
        """Forget everything and build from these events.

        Parameters
        ----------
        events : (n,) EVENT_DTYPE
            In any order; those of `needed_span_ms` suffice.
        """
        self._buffer.fill(0.0)
        self._origin = 0
        self._reference_col = self._now_col
        self._fade = 1.0
        self._held = []
        self._n_outside = 0
        self.add(events)

    def add(self, events: NDArray[np.void]) -> ColumnRange | None:
        """Add events where they belong; late ones are carried forward.

        Parameters
        ----------
        events : (n,) EVENT_DTYPE
            In any order. Events of columns after now's are held until `advance` reaches them; not
            where the window is still.

        Returns
        -------
        ColumnRange or None
            The columns of the window that may have changed; ``None``: none has.
        """
        events = events[counted(events, self._side, self._minimum_notional)]
        cols = self._spec.time.cols_of(np.ascontiguousarray(events["ts_ms"]))
        is_ahead = cols > self._now_col - self._spec.time.first_col
        if not self._is_still and is_ahead.any():
            self._held.append(events[is_ahead])
            events, cols = events[~is_ahead], cols[~is_ahead]
        rows = self._spec.price.rows_of(np.ascontiguousarray(events["price"]))
        n_rows, n_cols = self._spec.shape
        has_no_cell = (rows < 0) | (rows >= n_rows) | (cols >= n_cols)
        if not self._is_bands:
            has_no_cell |= cols < 0
        self._n_outside += int(np.count_nonzero(has_no_cell))

        is_seen = (rows >= -self._row_reach) & (rows < n_rows + self._row_reach)
        is_seen &= cols < n_cols + self._col_reach
        if not self._is_bands:
            is_seen &= cols >= -self._col_reach
        if not is_seen.any():
            return None
        rows, cols, notional = rows[is_seen], cols[is_seen], events["notional"][is_seen]
        if self._is_bands:
            return self._add_bands(rows, cols, notional)
        return self._add_local(rows, cols, notional)

    def advance(self, now_ms: int) -> ColumnRange | None:
        """Let time pass: the window slides to the column of now and the held events come in.

        Surviving columns of bands keep their values to the bit; a time that lies before an earlier
        one changes nothing.

        Returns
        -------
        ColumnRange or None
            The columns of the window that are new or may have changed: with fading spots and cells
            all of them. ``None`` while the column of now stays the same.
        """
        now_col = now_ms // self._spec.time.bin_ms
        steps = now_col - self._now_col
        if steps <= 0:
            return None
        self._now_col = now_col
        changed = self._slide(steps) if self._follows_now else None
        if self._fades:
            self._update_fade()
        if self._held:
            held = np.concatenate(self._held)
            self._held = []
            changed = united(changed, self.add(held))
        if self._fades:
            return ColumnRange(0, self._spec.time.n_cols)
        return changed

    def _kept(self) -> NDArray[np.float64]:
        """Return the columns of the window and those kept ready at its right, as a view."""
        return self._buffer[self._origin : self._origin + self._kept_cols]

    def _add_bands(
        self, rows: NDArray[np.int64], cols: NDArray[np.int64], notional: NDArray[np.float64]
    ) -> ColumnRange:
        bin_ms, n_cols = self._spec.time.bin_ms, self._spec.time.n_cols
        # What came before the left edge has decayed by the time it reaches the first column.
        missed_ms = np.maximum(-cols, 0) * bin_ms
        weights = notional * age_weights(missed_ms, self._tau_ms)
        cols = np.maximum(cols, 0)
        start, newest = int(cols.min()), int(cols.max())
        row_start, row_stop = self._touched_rows(rows)

        added = _blurred(
            rows - row_start,
            cols - start,
            weights,
            (row_stop - row_start, newest - start + 1),
            self._row_kernel,
            self._time_kernel,
        )
        for index in range(1, len(added)):
            added[index] += added[index - 1] * self._factor
        target = self._kept()[start:, row_start:row_stop]
        target[: len(added)] += added
        later = target[len(added) :]
        if len(later):
            ages_ms = np.arange(1, len(later) + 1) * bin_ms
            later += np.outer(age_weights(ages_ms, self._tau_ms), added[-1])
        target[target < _NOTHING_USD] = 0.0
        return ColumnRange(start, n_cols)

    def _add_local(
        self, rows: NDArray[np.int64], cols: NDArray[np.int64], notional: NDArray[np.float64]
    ) -> ColumnRange:
        time = self._spec.time
        ages_ms = (self._reference_col - time.first_col - cols) * time.bin_ms
        weights = notional * age_weights(ages_ms, self._tau_ms)
        start = max(0, int(cols.min()) - self._col_reach)
        stop = min(self._kept_cols, int(cols.max()) + self._col_reach + 1)
        row_start, row_stop = self._touched_rows(rows)

        target = self._kept()[start:stop, row_start:row_stop]
        target += _blurred(
            rows - row_start,
            cols - start,
            weights,
            (row_stop - row_start, stop - start),
            self._row_kernel,
            self._time_kernel,
        )
        target[target < _NOTHING_USD] = 0.0
        return ColumnRange(start, min(stop, time.n_cols))

    def _touched_rows(self, rows: NDArray[np.int64]) -> tuple[int, int]:
        """Return the first row that the blur of these rows reaches, and the one after the last."""
        start = max(0, int(rows.min()) - self._row_reach)
        return start, min(self._spec.price.n_rows, int(rows.max()) + self._row_reach + 1)

    def _slide(self, steps: int) -> ColumnRange:
        """Move the window right and fill its new columns; return them."""
        time = self._spec.time
        newest = self._kept()[time.n_cols - 1].copy()
        self._move_origin(steps)
        self._spec = GridSpec(
            self._spec.price, TimeAxis(time.bin_ms, time.first_col + steps, time.n_cols)
        )
        new_cols = min(steps, time.n_cols)
        if self._is_bands:
            unseen_ms = np.array([(steps - new_cols) * time.bin_ms])
            newest *= age_weights(unseen_ms, self._tau_ms)
            for column in self._kept()[time.n_cols - new_cols :]:
                newest *= self._factor
                newest[newest < _NOTHING_USD] = 0.0
                column[:] = newest
        return ColumnRange(time.n_cols - new_cols, time.n_cols)

    def _move_origin(self, steps: int) -> None:
        """Drop columns at the left; as many zero columns follow at the right."""
        surviving = self._kept()[steps:]
        if self._origin + steps + self._kept_cols <= len(self._buffer):
            self._origin += steps
            return
        self._buffer[: len(surviving)] = surviving
        self._buffer[len(surviving) :] = 0.0
        self._origin = 0

    def _update_fade(self) -> None:
        """Set the common factor of everything stored; take it in before it becomes extreme."""
        age_ms = (self._now_col - self._reference_col) * self._spec.time.bin_ms
        self._fade = float(age_weights(np.array([age_ms]), self._tau_ms)[0])
        if self._fade < np.exp(-_MAX_FADE_TAUS):
            self._buffer *= self._fade
            self._buffer[self._buffer < _NOTHING_USD] = 0.0
            self._reference_col = self._now_col
            self._fade = 1.0


def united(first: ColumnRange | None, second: ColumnRange | None) -> ColumnRange | None:
    """Return the smallest range that contains both; ``None`` is no column."""
    if first is None or second is None:
        return first or second
    return ColumnRange(min(first.start, second.start), max(first.stop, second.stop))


def _gaussian(sigma: float) -> NDArray[np.float64]:
    """Return a normalised Gaussian at whole distances, of odd length."""
    reach = int(_TRUNCATE * sigma + 0.5)
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    normalised: NDArray[np.float64] = kernel / kernel.sum()
    return normalised


def _time_kernel(shape: str) -> NDArray[np.float64]:
    return _gaussian(COLUMN_SIGMA) if shape == "spots" else np.ones(1)


def _blurred(
    rows: NDArray[np.int64],
    cols: NDArray[np.int64],
    weights: NDArray[np.float64],
    shape: tuple[int, int],
    row_kernel: NDArray[np.float64],
    time_kernel: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Blur point weights into a region.

    Parameters
    ----------
    rows, cols : (n,) int64
        Relative to the region; may lie outside it by half a kernel.
    weights : (n,) float64, USD
    shape
        Rows and columns of the region.
    row_kernel, time_kernel
        Normalised, of odd length.

    Returns
    -------
    (shape[1], shape[0]) float64
        Time along the first axis.
    """
    row_pad, col_pad = len(row_kernel) // 2, len(time_kernel) // 2
    padded_rows, padded_cols = shape[0] + 2 * row_pad, shape[1] + 2 * col_pad
    # Laid out end to end, the padding keeps one line's blur out of the next, so that a single
    # one-dimensional convolution does for all of them.
    n_padded = padded_rows * padded_cols
    if col_pad:
        raw = _summed((rows + row_pad) * padded_cols + (cols + col_pad), weights, n_padded)
        by_row = np.convolve(raw, time_kernel, "same").reshape(padded_rows, padded_cols)
        raw = np.ascontiguousarray(by_row[:, col_pad : col_pad + shape[1]].T).ravel()
    else:
        raw = _summed(cols * padded_rows + (rows + row_pad), weights, n_padded)
    if row_pad:
        raw = np.convolve(raw, row_kernel, "same").astype(np.float64, copy=False)
    return raw.reshape(shape[1], padded_rows)[:, row_pad : row_pad + shape[0]]


def _summed(
    cells: NDArray[np.int64], weights: NDArray[np.float64], n_cells: int
) -> NDArray[np.float64]:
    # With weights the result is float64 already; numpy's type stubs do not know.
    return np.bincount(cells, weights, n_cells).astype(np.float64, copy=False)
