"""Where the grid's cells lie: bin sizes and edges in price and in time.

Edges lie on whole multiples of the bin size, counted from price zero and from the epoch, so that a
cell keeps its place while the window slides and the pane pans. Bins are half-open: a price or a
time exactly on an edge belongs to the bin above it.
"""

import math
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from Heatmap.domain.viewport import Viewport
from Heatmap.setting_fields import Resolution

#: Bin widths a column can have, milliseconds.
TIME_BINS_MS = (
    *(5_000, 10_000, 15_000, 30_000, 60_000, 120_000, 180_000),
    # For windows of a week and a month.
    *(300_000, 600_000, 900_000, 1_800_000),
)
#: Part of the visible price range that is built above and below it, so that a small pan is free.
MARGIN = 0.25
#: Rows built beyond the margin on both sides, for what the price blur carries over the edge.
SPARE_ROWS = 6
#: The automatic bin size stays while the visible rows are between these multiples of their target.
KEEP_LOW, KEEP_HIGH = 0.7, 1.4
#: Largest axes that can be built; a picture never needs more, and memory stays bounded.
MAX_ROWS, MAX_COLUMNS, MAX_CELLS = 4_000, 20_000, 24_000_000

_MAX_VISIBLE_ROWS, _MAX_VISIBLE_COLUMNS = 2_600, 4_000
# A price this close below an edge (relative to the price) is on it: 0.1 has no finite binary
# fraction, so that 3 * 0.1 and the edge at 0.3 differ by rounding. The rounding of a quotient is
# below 4e-16; real prices have at most 12 significant digits.
_SNAP = 1e-13
# Beyond this row number the snap would reach a noticeable part of a row.
_MAX_ROW_NUMBER = 10**10
# Row numbers are clamped here, far outside every axis, before they become integers.
_FAR = float(2**40)


@dataclass(frozen=True, slots=True)
class PriceAxis:
    """Rows of the grid: row ``r`` covers ``[first_row + r, first_row + r + 1) * bin``.

    Attributes
    ----------
    tick_size
        Smallest price step of the symbol, USD, exact.
    bin_ticks
        Ticks in a row.
    first_row
        Absolute number of row 0: its lower edge is ``first_row * bin_ticks * tick_size``.
    n_rows
        Number of rows, 1 to `MAX_ROWS`.

    Raises
    ------
    ValueError
        The tick size or the bin is not positive, or the rows are out of bounds.
    """

    tick_size: Decimal
    bin_ticks: int
    first_row: int
    n_rows: int

    def __post_init__(self) -> None:
        _require_tick(self.tick_size)
        if self.bin_ticks < 1:
            raise ValueError(f"a row must have at least 1 tick, got {self.bin_ticks}")
        if not 1 <= self.n_rows <= MAX_ROWS:
            raise ValueError(f"a price axis has 1 to {MAX_ROWS} rows, got {self.n_rows}")
        if not 0 <= self.first_row <= _MAX_ROW_NUMBER:
            raise ValueError(
                f"the first row must be 0 to {_MAX_ROW_NUMBER} bins above price 0, "
                f"got {self.first_row}"
            )

    @property
    def bin_usd(self) -> float:
        """Height of a row, USD."""
        return float(self.tick_size * self.bin_ticks)

    @property
    def low(self) -> float:
        """Lower edge of row 0, USD."""
        return float(self.tick_size * (self.bin_ticks * self.first_row))

    @property
    def high(self) -> float:
        """Upper edge of the last row, USD; itself outside."""
        return float(self.tick_size * (self.bin_ticks * (self.first_row + self.n_rows)))

    def rows_of(self, price: NDArray[np.float64]) -> NDArray[np.int64]:
        """Return the row of each price.

        Parameters
        ----------
        price : (n,) float64, USD
            Need not lie on the tick grid. A price on an edge, or below it by no more than the
            rounding of binary fractions, belongs to the upper row.

        Returns
        -------
        (n,) int64
            Relative to `first_row`; outside ``0 .. n_rows - 1`` for a price outside the axis. A
            price that is not a number, or infinite, is far outside.
        """
        # Only edges matter, so instead of snapping every price to its nearest tick all of them are
        # lifted by the snap; what was above an edge stays above it.
        numbers = price * ((1.0 + _SNAP) / self.bin_usd)
        np.floor(numbers, out=numbers)
        numbers -= self.first_row
        # fmax also turns NaN, whose conversion to an integer is undefined, into "far below".
        np.fmax(numbers, -_FAR, out=numbers)
        np.fmin(numbers, _FAR, out=numbers)
        return numbers.astype(np.int64)


@dataclass(frozen=True, slots=True)
class TimeAxis:
    """Columns of the grid: column ``c`` covers ``[first_col + c, first_col + c + 1) * bin_ms``.

    Attributes
    ----------
    bin_ms
        Width of a column, milliseconds.
    first_col
        Absolute number of column 0, counted from the epoch.
    n_cols
        Number of columns, 1 to `MAX_COLUMNS`.

    Raises
    ------
    ValueError
        The bin is not positive, or there are too few or too many columns.
    """

    bin_ms: int
    first_col: int
    n_cols: int

    def __post_init__(self) -> None:
        if self.bin_ms < 1:
            raise ValueError(f"a column must be at least 1 ms wide, got {self.bin_ms}")
        if not 1 <= self.n_cols <= MAX_COLUMNS:
            raise ValueError(f"a time axis has 1 to {MAX_COLUMNS} columns, got {self.n_cols}")

    @property
    def start_ms(self) -> int:
        """Left edge of column 0."""
        return self.first_col * self.bin_ms

    @property
    def end_ms(self) -> int:
        """Right edge of the last column; itself outside."""
        return (self.first_col + self.n_cols) * self.bin_ms

    @property
    def last_col(self) -> int:
        """Absolute number of the last column."""
        return self.first_col + self.n_cols - 1

    def cols_of(self, ts_ms: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the column of each time, relative to `first_col`.

        Parameters
        ----------
        ts_ms : (n,) int64, UTC milliseconds

        Returns
        -------
        (n,) int64
            Outside ``0 .. n_cols - 1`` for a time outside the axis.
        """
        cols: NDArray[np.int64] = ts_ms // self.bin_ms
        cols -= self.first_col
        return cols


@dataclass(frozen=True, slots=True)
class GridSpec:
    """Both axes of a grid.

    Raises
    ------
    ValueError
        The grid would have more than `MAX_CELLS` cells.
    """

    price: PriceAxis
    time: TimeAxis

    def __post_init__(self) -> None:
        if self.price.n_rows * self.time.n_cols > MAX_CELLS:
            raise ValueError(
                f"a grid has at most {MAX_CELLS} cells, "
                f"got {self.price.n_rows} rows by {self.time.n_cols} columns"
            )

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns, the shape of the grid's arrays."""
        return self.price.n_rows, self.time.n_cols


def rows_target(height_px: float) -> int:
    """Return how many rows a pane of this height should show: one per 2.3 px, 180 to 380.

    Raises
    ------
    ValueError
        The height is not a positive number.
    """
    _require_positive("pane height", height_px)
    return _clamp(round(height_px / 2.3), 180, 380)


def columns_target(width_px: float) -> int:
    """Return how many columns a pane of this width should show: one per 1.15 px, 800 to 1700.

    Raises
    ------
    ValueError
        The width is not a positive number.
    """
    _require_positive("pane width", width_px)
    return _clamp(round(width_px / 1.15), 800, 1700)


def price_bin_ticks(low: float, high: float, rows: int, tick: Decimal) -> int:
    """Return the ticks of a row so that `rows` rows span the range: rounded up, at least 1.

    Prices count as the decimal numbers they print as, and a quotient that misses a whole number
    only by rounding is that number: 100.0 to 100.3 in three rows of 0.1 takes 1 tick, not 2.

    Parameters
    ----------
    low, high
        The visible price range, USD.
    rows
        Rows wanted in it.
    tick
        Tick size, USD.

    Raises
    ------
    ValueError
        The range is empty or not finite, or rows or tick are not positive.
    """
    _require_range(low, high)
    _require_positive("number of rows", rows)
    _require_tick(tick)
    rows_usd = rows * Fraction(tick)
    ticks = (Fraction(repr(float(high))) - Fraction(repr(float(low)))) / rows_usd
    nearest = round(ticks)
    if abs(ticks - nearest) * rows_usd <= Fraction(_SNAP) * Fraction(max(abs(low), abs(high))):
        return max(1, nearest)
    return max(1, math.ceil(ticks))


def time_bin_ms(window_ms: int, columns: int) -> int:
    """Return the bin of `TIME_BINS_MS` nearest to ``window_ms / columns``; the coarser on a tie.

    Raises
    ------
    ValueError
        The window or the number of columns is not positive.
    """
    _require_positive("window", window_ms)
    _require_positive("number of columns", columns)
    return min(TIME_BINS_MS, key=lambda bin_ms: (abs(window_ms - bin_ms * columns), -bin_ms))


def choose_price_axis(
    viewport: Viewport, tick: Decimal, resolution: Resolution, previous: PriceAxis | None
) -> PriceAxis:
    """Lay rows over the visible price range, a quarter of it more on both sides, and spare rows.

    Parameters
    ----------
    viewport
        What the chart shows. Its lower edge may be below zero (a pane zoomed far out); no rows are
        built there.
    tick
        Tick size of the symbol.
    resolution
        Automatic, or the number of rows, or pixels per row; it divides the visible part.
    previous
        The axis in use. With the automatic resolution and the same tick size its bin stays while
        the visible rows are 0.7 to 1.4 times their target. ``None`` forgets it.

    Raises
    ------
    ValueError
        The viewport is absurd: not finite, empty, without a positive price or size, or so narrow
        that its rows cannot be told apart; or the tick size is not positive.
    """
    _require_viewport(viewport)
    bin_ticks = _choose_bin_ticks(viewport, tick, resolution, previous)
    bin_usd = float(tick * bin_ticks)
    margin = (viewport.price_high - viewport.price_low) * MARGIN
    first = math.floor((viewport.price_low - margin) / bin_usd) - SPARE_ROWS
    end = math.ceil((viewport.price_high + margin) / bin_usd) + SPARE_ROWS
    first = max(0, first)
    return PriceAxis(tick_size=tick, bin_ticks=bin_ticks, first_row=first, n_rows=end - first)


def fits(axis: PriceAxis, viewport: Viewport, resolution: Resolution) -> bool:
    """Tell whether a built axis still serves: it covers the pane, and its bin would be kept.

    Parameters
    ----------
    axis
        What was built.
    viewport, resolution
        What `choose_price_axis` would be given now, with the tick size of `axis`.

    Raises
    ------
    ValueError
        As in `choose_price_axis`.
    """
    _require_viewport(viewport)
    if viewport.price_high > axis.high or max(0.0, viewport.price_low) < axis.low:
        return False
    return _choose_bin_ticks(viewport, axis.tick_size, resolution, axis) == axis.bin_ticks


# Asked at every turn of a layer's, of the same view; the price's exact fractions take their time.
@lru_cache(maxsize=64)
def can_lay_rows(viewport: Viewport, tick: Decimal, resolution: Resolution) -> bool:
    """Tell whether there is a price axis for this view: it is not absurd, nor too narrow.

    Asked four times a second of each chart, mostly of the same view.

    Parameters
    ----------
    viewport, tick, resolution
        As in `choose_price_axis`.
    """
    try:
        choose_price_axis(viewport, tick, resolution, None)
    except ValueError:
        return False
    return True


def choose_time_axis(
    end_ms: int,
    window_ms: int,
    width_px: float,
    resolution: Resolution,
    least_bin_ms: int = 0,
) -> TimeAxis:
    """Lay columns over the window.

    The last column is the one that contains `end_ms`, the first the one that contains
    ``end_ms - window_ms``: a window of a whole number of bins takes one column more than that.

    Parameters
    ----------
    end_ms
        Now, or the visible right edge of a chart that was scrolled back.
    window_ms
        Time span.
    width_px
        Width of the pane, CSS pixels.
    resolution
        Automatic, or the number of columns, or pixels per column; the bin is the nearest one of
        `TIME_BINS_MS` in every case.
    least_bin_ms
        No column is narrower; one of `TIME_BINS_MS`, or 0.

    Raises
    ------
    ValueError
        The window or the width is not positive, or the window has more than `MAX_COLUMNS` columns.
    """
    _require_positive("window", window_ms)
    bin_ms = max(time_bin_ms(window_ms, _visible_columns(width_px, resolution)), least_bin_ms)
    first = (end_ms - window_ms) // bin_ms
    return TimeAxis(bin_ms=bin_ms, first_col=first, n_cols=end_ms // bin_ms - first + 1)


def _choose_bin_ticks(
    viewport: Viewport, tick: Decimal, resolution: Resolution, previous: PriceAxis | None
) -> int:
    target, is_automatic = _visible_rows(viewport.height_px, resolution)
    if is_automatic and previous is not None and previous.tick_size == tick:
        visible = (viewport.price_high - viewport.price_low) / previous.bin_usd
        if KEEP_LOW * target <= visible <= KEEP_HIGH * target:
            return previous.bin_ticks
    return price_bin_ticks(viewport.price_low, viewport.price_high, target, tick)


def _visible_rows(height_px: float, resolution: Resolution) -> tuple[int, bool]:
    if resolution.rows is not None:
        return _clamp(resolution.rows, 1, _MAX_VISIBLE_ROWS), False
    if resolution.pixels_per_bin is not None:
        return _clamp(round(height_px / resolution.pixels_per_bin), 1, _MAX_VISIBLE_ROWS), False
    return rows_target(height_px), True


def _visible_columns(width_px: float, resolution: Resolution) -> int:
    _require_positive("pane width", width_px)
    if resolution.columns is not None:
        return _clamp(resolution.columns, 1, _MAX_VISIBLE_COLUMNS)
    if resolution.pixels_per_bin is not None:
        return _clamp(round(width_px / resolution.pixels_per_bin), 1, _MAX_VISIBLE_COLUMNS)
    return columns_target(width_px)


def _clamp(number: int, low: int, high: int) -> int:
    return max(low, min(high, number))


def _require_viewport(viewport: Viewport) -> None:
    _require_range(viewport.price_low, viewport.price_high)
    _require_positive("upper edge of the pane", viewport.price_high)
    _require_positive("pane width", viewport.width_px)
    _require_positive("pane height", viewport.height_px)


def _require_range(low: float, high: float) -> None:
    # Twice the range, since margins are added to it.
    if not (math.isfinite(2.0 * (high - low)) and low < high):
        raise ValueError(f"the price range must be finite and not empty, got {low!r} to {high!r}")


def _require_positive(name: str, number: float) -> None:
    if not (math.isfinite(number) and number > 0):
        raise ValueError(f"the {name} must be a positive number, got {number!r}")


def _require_tick(tick: Decimal) -> None:
    if not (tick.is_finite() and tick > 0):
        raise ValueError(f"the tick size must be a positive number, got {tick}")
