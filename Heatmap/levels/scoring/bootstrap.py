"""Intervals from whole blocks of time: neighbouring minutes are not independent."""

import numpy as np
from numpy.typing import NDArray

from Heatmap.levels.expectation import Pause
from Heatmap.levels.yields import Estimate

BLOCK_MS = 1_800_000
_DRAWS = 2_000
# Drawn between two pauses.
_BLOCKS_PER_PAUSE = 50_000


class BlockDraws:
    """Blocks of time drawn anew, the same for all that is estimated over the same times.

    Parameters
    ----------
    times_ms : (n,) int64
        UTC milliseconds.
    random
        The source of the draws.
    block_ms
        How long a block is.
    pause
        ``None``: nobody else waits.
    """

    def __init__(
        self,
        times_ms: NDArray[np.int64],
        random: np.random.Generator,
        block_ms: int = BLOCK_MS,
        pause: Pause | None = None,
    ) -> None:
        blocks, self._block = np.unique(times_ms // block_ms, return_inverse=True)
        self._count = count = len(blocks)
        # (draws, blocks): how often each block was drawn.
        self._draws = np.empty((_DRAWS if count else 0, count))
        step = max(_BLOCKS_PER_PAUSE // max(count, 1), 1)
        for first in range(0, len(self._draws), step):
            if pause is not None:
                pause()
            part = self._draws[first : first + step]
            part[:] = random.multinomial(count, np.full(count, 1.0 / count), len(part))

    def ratio(self, tops: NDArray[np.float64], bottoms: NDArray[np.float64]) -> Estimate:
        """Estimate sum over sum, with a 90 % interval.

        Parameters
        ----------
        tops, bottoms : (n,) float64
            Such as a gain and a number of events at each time. Paired: a difference of two models
            is one value here.

        Returns
        -------
        Estimate
            NaN where the bottoms add up to nothing.
        """
        total = float(bottoms.sum())
        if not len(tops) or total <= 0:
            return Estimate(np.nan, np.nan, np.nan)
        top = np.bincount(self._block, tops, self._count)
        bottom = np.bincount(self._block, bottoms, self._count)
        drawn_top, drawn_bottom = self._draws @ top, self._draws @ bottom
        is_some = drawn_bottom > 0
        low, high = np.quantile(drawn_top[is_some] / drawn_bottom[is_some], (0.05, 0.95))
        return Estimate(float(tops.sum()) / total, float(low), float(high))


def ratio_of_sums(
    tops: NDArray[np.float64],
    bottoms: NDArray[np.float64],
    times_ms: NDArray[np.int64],
    random: np.random.Generator,
    block_ms: int = BLOCK_MS,
    pause: Pause | None = None,
) -> Estimate:
    """Estimate one ratio; the parameters are those of `BlockDraws` and its `ratio`."""
    if not len(tops) or bottoms.sum() <= 0:
        return Estimate(np.nan, np.nan, np.nan)
    return BlockDraws(times_ms, random, block_ms, pause).ratio(tops, bottoms)
