"""Which bracket table the recorded orders fit.

A liquidation order of Binance is sent at the position's bankruptcy price, and filled near the price
that triggered it. Between the two lies the maintenance margin of the order's own bracket, so that
recordings tell which table was valid: ``gap = rate - amount / notional``.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from Heatmap.levels.brackets import BracketTable

#: Smaller orders are in the first bracket of every table and tell nothing.
LEAST_USD = 50_000.0


@dataclass(frozen=True, slots=True)
class TableFit:
    """How well orders fit a table.

    Attributes
    ----------
    table
        The table.
    orders
        How many told something.
    error_bp
        Median distance between the gap and the table's margin, 0.01 %; NaN without orders.
    """

    table: BracketTable
    orders: int
    error_bp: float


def fit_tables(
    fill_price: NDArray[np.float64],
    limit_price: NDArray[np.float64],
    notional_usd: NDArray[np.float64],
    is_long: NDArray[np.bool_],
    tables: Sequence[BracketTable],
) -> list[TableFit]:
    """Compare orders with tables.

    Parameters
    ----------
    fill_price, limit_price, notional_usd : (n,) float64, USD
        Of liquidation orders; those under `LEAST_USD` or with prices that are not above 0 are
        left out.
    is_long : (n,) bool
        A long was liquidated.
    tables
        At least one.

    Returns
    -------
    list of TableFit
        The best first.
    """
    is_telling = np.isfinite(fill_price) & np.isfinite(limit_price) & (notional_usd >= LEAST_USD)
    is_telling &= (fill_price > 0) & (limit_price > 0)
    ratio = limit_price[is_telling] / fill_price[is_telling]
    gap = np.where(is_long[is_telling], 1 - ratio, ratio - 1)
    notional = notional_usd[is_telling]
    fits = []
    for table in tables:
        margin = table.maintenance_usd(notional) / notional
        error = float(np.median(np.abs(gap - margin))) * 1e4 if len(gap) else float("nan")
        fits.append(TableFit(table, len(gap), error))
    return sorted(fits, key=lambda one: one.error_bp)
