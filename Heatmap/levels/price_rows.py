"""Rows of equal log price, on which levels stand."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from Heatmap.levels.minutes import Minutes

#: Width of the rows on which yields are fitted: one basis point.
FIT_WIDTH = 1e-4
#: More rows than this are not made: at a basis point each, prices that differ by a factor of 20.
MAX_ROWS = 30_000


@dataclass(frozen=True, slots=True)
class LogRows:
    """Rows of equal log price; half-open, a price on an edge belongs to the upper row.

    Edges lie on multiples of the width, so that rows stay where they are when a range grows.

    Attributes
    ----------
    width
        Natural logarithm of upper over lower edge: 0.0001 is one basis point.
    first
        Number of the lowest row; row n begins at the price ``exp(n * width)``.
    count
        How many rows.
    """

    width: float
    first: int
    count: int

    @property
    def edges_usd(self) -> NDArray[np.float64]:
        """(count + 1,) float64, USD, rising."""
        return np.asarray(np.exp((self.first + np.arange(self.count + 1)) * self.width))

    def rows(self, log_price: NDArray[np.float64]) -> NDArray[np.int64]:
        """Return the row of each price, counted from `first`; may lie outside."""
        return np.floor(log_price / self.width).astype(np.int64) - self.first

    def touched(
        self, log_low: NDArray[np.float64], log_high: NDArray[np.float64]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the first and one past the last row whose middle lies in each range.

        Middles, since rows that are touched at all would reach half a row too far at each end.
        Cut to the rows there are; empty ranges have both equal.
        """
        start = np.ceil(log_low / self.width - 0.5).astype(np.int64) - self.first
        stop = np.floor(log_high / self.width - 0.5).astype(np.int64) - self.first + 1
        start = np.clip(start, 0, self.count)
        return start, np.maximum(np.clip(stop, 0, self.count), start)

    def to_price_rows(
        self, values: NDArray[np.floating], edges_usd: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Add up values in other rows; each row is spread evenly over its log price.

        Parameters
        ----------
        values : (..., count) float
            Sums per row, such as USD.
        edges_usd : (m + 1,) float64, USD
            Rising.

        Returns
        -------
        (..., m) float64
            What lies between the outermost edges, all of it and nothing twice.
        """
        places = np.clip(np.log(edges_usd) / self.width - self.first, 0, self.count)
        below = np.minimum(places.astype(np.int64), self.count - 1)
        part = places - below
        sums = np.zeros((*values.shape[:-1], self.count + 1))
        np.cumsum(values, axis=-1, dtype=np.float64, out=sums[..., 1:])
        at_edges = sums[..., below] * (1 - part) + sums[..., below + 1] * part
        return np.asarray(np.diff(at_edges, axis=-1))


def rows_over(
    minutes: Minutes, width: float, margin: float = 0.0, max_rows: int = MAX_ROWS
) -> tuple[LogRows, bool]:
    """Return rows over all prices of some minutes.

    Parameters
    ----------
    minutes
        At least one.
    width
        Of a row, natural logarithm.
    margin
        Further rows below and above, as a part of the price: 0.22 is 22 %.
    max_rows
        Where more would be needed, the newest minutes whose prices fit decide.

    Returns
    -------
    tuple of LogRows and bool
        Whether older prices lie outside.
    """
    below, above = -math.log1p(-margin), math.log1p(margin)
    # Lowest and highest from each minute to the newest, the newest first.
    low = np.minimum.accumulate(minutes.log_low[::-1]) - below
    high = np.maximum.accumulate(minutes.log_high[::-1]) + above
    first = np.floor(low / width).astype(np.int64)
    count = np.floor(high / width).astype(np.int64) - first + 1
    fitting = max(int(np.searchsorted(count, max_rows, side="right")) - 1, 0)
    rows = LogRows(width, int(first[fitting]), int(min(count[fitting], max_rows)))
    return rows, fitting < len(minutes) - 1
