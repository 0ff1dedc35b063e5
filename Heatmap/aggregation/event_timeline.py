"""The events behind a picture, kept by time: for what is asked about single places of it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from Heatmap.aggregation.arrays import EVENT_DTYPE
from Heatmap.aggregation.resolution import PriceAxis


@dataclass(frozen=True, slots=True)
class SideTotals:
    """Sums over some events. What was not recorded is in none of them: lower bounds.

    Attributes
    ----------
    long_usd, short_usd
        Notional of liquidated longs and shorts, USD.
    long_count, short_count
        Number of liquidations.
    newest_ms
        Time of the newest of them, UTC milliseconds; ``None``: there is none.
    """

    long_usd: float = 0.0
    short_usd: float = 0.0
    long_count: int = 0
    short_count: int = 0
    newest_ms: int | None = None

    @property
    def total_usd(self) -> float:
        """Notional of both sides, USD."""
        return self.long_usd + self.short_usd

    @property
    def count(self) -> int:
        """Liquidations of both sides."""
        return self.long_count + self.short_count


class EventTimeline:
    """Events sorted by time. Any order in; late ones find their place.

    Parameters
    ----------
    events : (n,) EVENT_DTYPE
        Not to be changed afterwards.
    """

    def __init__(self, events: NDArray[np.void]) -> None:
        self._events: NDArray[np.void] = np.empty(0, dtype=EVENT_DTYPE)
        # Added since it was last asked: sorted in all together.
        self._added = [events]

    def __len__(self) -> int:
        return len(self._events) + sum(len(part) for part in self._added)

    def add(self, events: NDArray[np.void]) -> None:
        """Take more events, (n,) EVENT_DTYPE."""
        self._added.append(events)

    def forget_before(self, start_ms: int) -> None:
        """Drop the events before `start_ms`."""
        events = self._sorted()
        self._events = events[np.searchsorted(events["ts_ms"], start_ms) :].copy()

    def between(self, start_ms: int | None, end_ms: int) -> NDArray[np.void]:
        """Return the events from `start_ms` (``None``: the oldest) until before `end_ms`.

        Returns
        -------
        (n,) EVENT_DTYPE
            By time; a view, not to be changed.
        """
        events = self._sorted()
        times = events["ts_ms"]
        first = 0 if start_ms is None else int(np.searchsorted(times, start_ms))
        return events[first : int(np.searchsorted(times, end_ms))]

    def _sorted(self) -> NDArray[np.void]:
        if self._added:
            added = np.concatenate(self._added) if len(self._added) > 1 else self._added[0]
            self._added = []
            times = added["ts_ms"]
            # A window is read in order.
            if (times[1:] < times[:-1]).any():
                added = added[np.argsort(times, kind="stable")]
            if not len(self._events):
                self._events = added
                return added
            # Only what is new is sorted; after those of the same time that were there.
            places = np.searchsorted(self._events["ts_ms"], added["ts_ms"], side="right")
            self._events = np.insert(self._events, places, added)
        return self._events


def sum_rows(events: NDArray[np.void], axis: PriceAxis, start: int, stop: int) -> SideTotals:
    """Add up the events whose price lies in some rows.

    Parameters
    ----------
    events : (n,) EVENT_DTYPE
        By time.
    axis
        The rows.
    start, stop
        Rows ``start`` until before ``stop``, relative to the axis.
    """
    rows = axis.rows_of(np.ascontiguousarray(events["price"]))
    inside = events[(rows >= start) & (rows < stop)]
    if not len(inside):
        return SideTotals()
    is_long = inside["is_long"]
    notional = inside["notional"]
    n_longs = int(np.count_nonzero(is_long))
    return SideTotals(
        long_usd=float(notional[is_long].sum()),
        short_usd=float(notional[~is_long].sum()),
        long_count=n_longs,
        short_count=len(inside) - n_longs,
        newest_ms=int(inside["ts_ms"][-1]),
    )
