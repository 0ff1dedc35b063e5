"""Longs and shorts per price row, whenever they were liquidated."""

import numpy as np
from numpy.typing import NDArray

from Heatmap.aggregation.grid_builder import build_grid
from Heatmap.aggregation.resolution import GridSpec, PriceAxis, TimeAxis

# One column from the epoch until long after everything.
_ALL_TIME = TimeAxis(bin_ms=2**62, first_col=0, n_cols=1)


def price_profile(events: NDArray[np.void], axis: PriceAxis) -> NDArray[np.float64]:
    """Add up longs and shorts per price row.

    Parameters
    ----------
    events : (n,) EVENT_DTYPE
        In any order.
    axis
        The rows.

    Returns
    -------
    (2, n_rows) float64, USD
        Longs, then shorts; row 0 is the lowest price, rows half-open. What lies outside the axis
        is left out.
    """
    grid = build_grid(events, GridSpec(axis, _ALL_TIME))
    return np.stack([grid.long_usd[:, 0], grid.short_usd[:, 0]])
