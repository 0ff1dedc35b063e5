"""The strongest standing levels: the same amounts whatever the zoom. Pure."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from Heatmap.levels.price_rows import LogRows

#: A level reaches down to half of its crest, but at most so far on either side, log price.
REACH = 0.0025
# Crests are looked for in values that were blurred by this much, log price.
_BLUR = 0.0003
# Levels below this part of the strongest are none.
_LEAST = 0.01
_MOST = 120


@dataclass(frozen=True, slots=True)
class Crest:
    """A level that stands out.

    Attributes
    ----------
    price
        Of its strongest row, USD.
    usd
        What stands in it, USD.
    side
        Who would be liquidated: ``longs`` or ``shorts``.
    rows
        Its rows of log price, counted from price 1.
    """

    price: float
    usd: float
    side: str
    rows: range


def find_crests(fine: NDArray[np.floating], rows: LogRows, log_price: float) -> list[Crest]:
    """Return the strongest levels of a column.

    Parameters
    ----------
    fine : (rows.count,) float, USD
        What stands per row of log price.
    rows
        Where the rows lie.
    log_price
        Natural logarithm of the price: longs stand below it, shorts above.

    Returns
    -------
    list of Crest
        The one with the most USD first; no two of them share a row.
    """
    values = np.asarray(fine, np.float64)
    smooth = _smooth(values, _BLUR / rows.width)
    reach = max(1, round(REACH / rows.width))
    inner = smooth[1:-1]
    is_top = (inner > smooth[:-2]) & (inner >= smooth[2:]) & (inner > 0)
    tops = np.flatnonzero(is_top) + 1
    tops = tops[np.argsort(-smooth[tops], kind="stable")]
    taken = np.zeros(len(values), np.bool_)
    found: list[Crest] = []
    for top in tops.tolist():
        if len(found) == _MOST or smooth[top] < _LEAST * smooth[tops[0]]:
            break
        if taken[top]:
            continue
        low, high = _extent(smooth, taken, top, reach)
        taken[low:high] = True
        price = math.exp((rows.first + top + 0.5) * rows.width)
        side = "longs" if (rows.first + top + 0.5) * rows.width < log_price else "shorts"
        usd = float(values[low:high].sum())
        found.append(Crest(price, usd, side, range(rows.first + low, rows.first + high)))
    return sorted(found, key=lambda one: -one.usd)


def _extent(
    smooth: NDArray[np.float64], taken: NDArray[np.bool_], top: int, reach: int
) -> tuple[int, int]:
    """Return the rows of a level, half-open: down to half of its crest."""
    half = smooth[top] / 2
    low = top
    while low > max(0, top - reach) and smooth[low - 1] >= half and not taken[low - 1]:
        low -= 1
    high, end = top + 1, min(len(smooth), top + reach + 1)
    while high < end and smooth[high] >= half and not taken[high]:
        high += 1
    return low, high


def _smooth(values: NDArray[np.float64], sigma: float) -> NDArray[np.float64]:
    reach = max(1, math.ceil(3 * sigma))
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / max(sigma, 1e-9)) ** 2)
    smooth = np.convolve(values, kernel / kernel.sum(), "same")[: len(values)]
    # Nothing stands where the price has been.
    return np.asarray(np.where(values > 0, smooth, 0.0))
