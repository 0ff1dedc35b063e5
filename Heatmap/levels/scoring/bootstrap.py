"""Intervals from whole blocks of time: neighbouring minutes are not independent."""

import numpy as np
from numpy.typing import NDArray

from Heatmap.levels.yields import Estimate

BLOCK_MS = 1_800_000
_DRAWS = 2_000


def ratio_of_sums(
    tops: NDArray[np.float64],
    bottoms: NDArray[np.float64],
    times_ms: NDArray[np.int64],
    random: np.random.Generator,
    block_ms: int = BLOCK_MS,
) -> Estimate:
    """Estimate sum over sum, with a 90 % interval from drawing blocks of time anew.

    Parameters
    ----------
    tops, bottoms : (n,) float64
        Such as a gain and a number of events at each time. Paired: a difference of two models is
        one value here.
    times_ms : (n,) int64
        UTC milliseconds.
    random
        The source of the draws.
    block_ms
        How long a block is.

    Returns
    -------
    Estimate
        NaN where the bottoms add up to nothing.
    """
    total = float(bottoms.sum())
    if not len(tops) or total <= 0:
        return Estimate(np.nan, np.nan, np.nan)
    _, block = np.unique(times_ms // block_ms, return_inverse=True)
    n_blocks = int(block.max()) + 1
    top = np.bincount(block, tops, n_blocks)
    bottom = np.bincount(block, bottoms, n_blocks)
    draws = random.multinomial(n_blocks, np.full(n_blocks, 1.0 / n_blocks), _DRAWS)
    drawn_bottom = draws @ bottom
    drawn = (draws @ top)[drawn_bottom > 0] / drawn_bottom[drawn_bottom > 0]
    low, high = np.quantile(drawn, (0.05, 0.95))
    return Estimate(float(tops.sum()) / total, float(low), float(high))
