"""Liquidations by time and side, for charts of volume over time. Pure."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class TimeBuckets:
    """Sums of longs and shorts in equal times.

    Attributes
    ----------
    start_ms : (n,) int64
        When each begins, UTC milliseconds: multiples of the length.
    usd : (2, n) float64
        Longs, then shorts, USD; lower bounds.
    counts : (2, n) int64
        How many were reported.
    """

    start_ms: NDArray[np.int64]
    usd: NDArray[np.float64]
    counts: NDArray[np.int64]


def time_buckets(
    events: NDArray[np.void], start_ms: int, end_ms: int, bucket_ms: int
) -> TimeBuckets:
    """Add up liquidations in buckets.

    Parameters
    ----------
    events : (m,) EVENT_DTYPE
        What lies outside of the time is left out.
    start_ms, end_ms
        Half-open time, UTC milliseconds. The buckets hold all of it; the first and the last may
        begin before it or end after it.
    bucket_ms
        How long each is; half-open, on multiples of it.
    """
    first, stop = start_ms // bucket_ms, -(-end_ms // bucket_ms)
    n = max(stop - first, 0)
    inside = events[(events["ts_ms"] >= start_ms) & (events["ts_ms"] < end_ms)]
    place = inside["ts_ms"] // bucket_ms - first
    usd, counts = np.zeros((2, n)), np.zeros((2, n), np.int64)
    for side, is_mine in enumerate((inside["is_long"], ~inside["is_long"])):
        usd[side] = np.bincount(place[is_mine], inside["notional"][is_mine], n)
        counts[side] = np.bincount(place[is_mine], minlength=n)
    return TimeBuckets((first + np.arange(n, dtype=np.int64)) * bucket_ms, usd, counts)
