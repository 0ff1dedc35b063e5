"""Liquidations as few bubbles: what lies close to each other in time and price is one. Pure."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

TIME_STEP_MS = 1_000
"""Width of the finest cells."""
PRICE_STEP = 1e-5
"""Their height as a part of the price: steps are equal in the logarithm of the price."""
LEAST_CELLS = 8
"""So many may always be left: each side's before and after 1970, above and below 1 USD."""


@dataclass(frozen=True, slots=True, eq=False)
class BubbleCells:
    """Cells of one side each, by time. What was not recorded is in none of them: lower bounds.

    Attributes
    ----------
    ts_ms : (n,) float64
        Mean time of a cell's liquidations, weighted by USD, UTC milliseconds.
    price : (n,) float64
        The same of their prices, USD.
    usd : (n,) float64
        Their sum.
    count : (n,) int64
        Their number.
    is_long : (n,) bool
        Whether longs were liquidated.
    """

    ts_ms: NDArray[np.float64]
    price: NDArray[np.float64]
    usd: NDArray[np.float64]
    count: NDArray[np.int64]
    is_long: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.ts_ms)


def group_into_cells(events: NDArray[np.void], most: int) -> BubbleCells:
    """Group liquidations into at most so many cells, as fine as that allows.

    Nothing is left out but what has no place or no size, and the sum is conserved. Cells double in
    width and height until they are few enough; their edges lie on multiples of their size, so that
    coarser ones consist of whole finer ones.

    Parameters
    ----------
    events : (n,) EVENT_DTYPE
        In any order. Prices and amounts that are not above 0 and finite are left out.
    most
        `LEAST_CELLS` and up.

    Raises
    ------
    ValueError
        `most` is less.
    """
    price, usd = events["price"], events["notional"]
    with np.errstate(invalid="ignore"):
        is_usable = (price > 0) & (usd > 0) & np.isfinite(price) & np.isfinite(usd)
    events = events[is_usable]
    # From here on by time, so that the cells are too wherever each is one liquidation.
    events = events[np.argsort(events["ts_ms"], kind="stable")]
    return _summed(events, _cell_numbers(events, most))


def _cell_numbers(events: NDArray[np.void], most: int) -> NDArray[np.int64]:
    """Return the number of each event's cell, from 0; each has its own while they are few."""
    if most < LEAST_CELLS:
        raise ValueError(f"at least {LEAST_CELLS} cells must be allowed, got {most}")
    numbers = np.arange(len(events))
    steps = events["ts_ms"] // TIME_STEP_MS
    levels = np.floor(np.log(events["price"]) / PRICE_STEP).astype(np.int64)
    is_long = events["is_long"]
    while len(steps) > most:
        # Half of a whole number of steps is the number of the double step: floors agree.
        height = int(levels.max() - levels.min()) + 1
        keys = ((steps - steps.min()) * height + levels - levels.min()) * 2 + is_long
        _, first, own = np.unique(keys, return_index=True, return_inverse=True)
        numbers = own[numbers]
        steps, levels, is_long = steps[first] // 2, levels[first] // 2, is_long[first]
    return numbers


def _summed(events: NDArray[np.void], numbers: NDArray[np.int64]) -> BubbleCells:
    weights = np.ascontiguousarray(events["notional"])
    usd = np.bincount(numbers, weights).astype(np.float64)
    # Times are summed from the first one on: as they are, products would lose milliseconds.
    start_ms = int(events["ts_ms"].min()) if len(events) else 0
    since_ms = (events["ts_ms"] - start_ms).astype(np.float64)
    ts_ms = start_ms + np.bincount(numbers, since_ms * weights) / usd
    is_long = np.zeros(len(usd), dtype=np.bool_)
    is_long[numbers] = events["is_long"]
    order = np.argsort(ts_ms, kind="stable")
    return BubbleCells(
        ts_ms=ts_ms[order],
        price=(np.bincount(numbers, events["price"] * weights) / usd)[order],
        usd=usd[order],
        count=np.bincount(numbers)[order],
        is_long=is_long[order],
    )
