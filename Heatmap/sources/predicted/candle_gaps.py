"""Time of which there are no candles, as the chart hatches it. Pure."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from Heatmap.domain.candles import MINUTE_MS

#: The candle of the minute before may be on its way for so long.
ON_ITS_WAY_MS = 150_000


def candle_gaps(open_ms: NDArray[np.int64], start_ms: int, end_ms: int) -> list[list[Any]]:
    """Return the holes in candles between two times.

    Parameters
    ----------
    open_ms : (n,) int64
        When closed minutes began, rising, UTC milliseconds.
    start_ms, end_ms
        The window. At its end so much may be missing as is on its way.

    Returns
    -------
    list of ``[from_ms, to_ms, "gap"]``
        Sorted, not overlapping.
    """
    first, stop = np.searchsorted(open_ms, [start_ms - MINUTE_MS + 1, end_ms])
    opens = open_ms[first:stop]
    if not len(opens):
        return [[start_ms, end_ms, "gap"]] if end_ms > start_ms else []
    at = np.flatnonzero(np.diff(opens) > MINUTE_MS)
    gaps: list[list[Any]] = [
        [int(opens[k]) + MINUTE_MS, int(opens[k + 1]), "gap"] for k in at.tolist()
    ]
    if opens[0] > start_ms:
        gaps.insert(0, [start_ms, int(opens[0]), "gap"])
    last_ms = int(opens[-1]) + MINUTE_MS
    if end_ms - last_ms > ON_ITS_WAY_MS:
        gaps.append([last_ms, end_ms, "gap"])
    return gaps
