"""Events to the raw grid: what was liquidated in each cell, long and short kept apart."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from Heatmap.aggregation.resolution import GridSpec


@dataclass(frozen=True, slots=True, eq=False)
class Grid:
    """What happened in each cell of `spec`. Row 0 is the lowest price, column 0 the oldest.

    Attributes
    ----------
    spec
        Where the cells lie.
    long_usd, short_usd : (n_rows, n_cols) float64, USD
        Notional of liquidated longs and shorts; bins half-open.
    count : (n_rows, n_cols) int64
        Number of liquidations of both sides.
    n_outside
        Events that lie in no cell; they are in none of the arrays.
    """

    spec: GridSpec
    long_usd: NDArray[np.float64]
    short_usd: NDArray[np.float64]
    count: NDArray[np.int64]
    n_outside: int

    @property
    def total_usd(self) -> float:
        """Notional of everything inside, USD."""
        return float(self.long_usd.sum() + self.short_usd.sum())


def build_grid(events: NDArray[np.void], spec: GridSpec) -> Grid:
    """Sort events into cells.

    Parameters
    ----------
    events : (n,) EVENT_DTYPE
        In any order. Notionals must be finite.
    spec
        Where the cells lie.

    Returns
    -------
    Grid
        Its total equals the sum of the events inside, to 1e-9 relative. Events outside, and those
        whose price is not a number, are left out and counted, never moved to an edge.
    """
    n_rows, n_cols = spec.shape
    n_cells = n_rows * n_cols
    # The fields of a packed record array are strided and unaligned; copied once, the arithmetic
    # below runs on whole vectors.
    rows = spec.price.rows_of(np.ascontiguousarray(events["price"]))
    cols = spec.time.cols_of(np.ascontiguousarray(events["ts_ms"]))
    # Seen as unsigned a negative number is huge, so that one comparison tests both ends.
    is_inside = rows.view(np.uint64) < n_rows
    is_inside &= cols.view(np.uint64) < n_cols
    cells = rows
    cells *= n_cols
    cells += cols
    # One cell more than there are takes everything outside.
    np.putmask(cells, ~is_inside, n_cells)
    count = np.bincount(cells, minlength=n_cells + 1)
    cells += np.multiply(events["is_long"], n_cells + 1, dtype=np.int64)
    weights = np.ascontiguousarray(events["notional"])
    notional = np.bincount(cells, weights, 2 * (n_cells + 1)).astype(np.float64, copy=False)
    return Grid(
        spec=spec,
        long_usd=notional[n_cells + 1 : -1].reshape(n_rows, n_cols),
        short_usd=notional[:n_cells].reshape(n_rows, n_cols),
        count=count[:n_cells].astype(np.int64, copy=False).reshape(n_rows, n_cols),
        n_outside=int(count[n_cells]),
    )
