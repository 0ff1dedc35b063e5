"""The price levels at which most was liquidated: sums that do not fade. Pure."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

LEVEL_PART = 0.0012
"""How wide a level is where nothing is set, as a part of its price: 0.12 %."""


@dataclass(frozen=True, slots=True)
class StrongLevel:
    """What was liquidated within a narrow range of prices: lower bounds.

    Attributes
    ----------
    price
        The mean price of its liquidations by USD.
    low, high
        The range, USD: `low` is in it, `high` is not.
    long_usd, short_usd
        Notional of liquidated longs and shorts in the range, USD.
    count
        Liquidations of both.
    """

    price: float
    low: float
    high: float
    long_usd: float
    short_usd: float
    count: int

    @property
    def usd(self) -> float:
        """Notional of both sides, USD."""
        return self.long_usd + self.short_usd


def find_strongest_levels(
    events: NDArray[np.void], most: int, part: float = LEVEL_PART, least_count: int = 1
) -> list[StrongLevel]:
    """Return the ranges of prices with the most USD, no two of which share a price.

    Each is centred on a liquidation. The strongest is taken first, then the strongest of those that
    are clear of it, and so on. Its sums are those of all events in its range, so that adding up the
    stored liquidations between `low` and `high` gives the same.

    Parameters
    ----------
    events : (n,) EVENT_DTYPE
        In any order.
    most
        So many at most.
    part
        How wide a range is, as a part of its middle's price.
    least_count
        Ranges with fewer liquidations are none.

    Returns
    -------
    list of StrongLevel
        The one with the most USD first; of equal ones the lowest.
    """
    if most <= 0 or not len(events):
        return []
    # Of the same price in the order of their amounts: sums do not depend on that of the events.
    events = events[np.lexsort((events["is_long"], events["notional"], events["price"]))]
    prices, usd = events["price"], events["notional"]
    lows, highs = prices * (1 - part / 2), prices * (1 + part / 2)
    firsts = np.searchsorted(prices, lows)
    ends = np.searchsorted(prices, highs)
    sums = np.concatenate(((0.0,), np.cumsum(usd)))
    inside = sums[ends] - sums[firsts]
    is_free = (ends - firsts >= least_count) & (inside > 0)
    found: list[StrongLevel] = []
    while len(found) < most and is_free.any():
        best = int(np.argmax(np.where(is_free, inside, -1.0)))
        found.append(_level(events[firsts[best] : ends[best]], lows[best], highs[best]))
        is_free &= (lows >= highs[best]) | (highs <= lows[best])
    return found


def _level(events: NDArray[np.void], low: float, high: float) -> StrongLevel:
    usd, is_long = events["notional"], events["is_long"]
    return StrongLevel(
        price=float((events["price"] * usd).sum() / usd.sum()),
        low=float(low),
        high=float(high),
        long_usd=float(usd[is_long].sum()),
        short_usd=float(usd[~is_long].sum()),
        count=len(events),
    )
