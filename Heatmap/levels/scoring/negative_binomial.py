"""Log-scores of counts that scatter more than a Poisson law lets them.

Mean ``m`` and dispersion ``a``: the variance is ``m + a m^2``.
"""

import math

import numpy as np
from numpy.typing import NDArray

from Heatmap.levels.expectation import Pause

_SMALLEST, _LARGEST = 1e-3, 100.0
_ROUNDS = 40
_GOLDEN = (math.sqrt(5) - 1) / 2
#: No forecast is below this: what was called impossible would otherwise cost everything.
LEAST_MEAN = 1e-4


def log_scores(
    counts: NDArray[np.float64], means: NDArray[np.float64], dispersion: float
) -> NDArray[np.float64]:
    """Return the natural logarithm of the probability of each count, of the shape of `counts`."""
    size = 1.0 / dispersion
    means = np.maximum(means, LEAST_MEAN)
    whole = counts.astype(np.int64)
    steps = np.arange(int(whole.max(initial=0)))
    # log(gamma(size + y) / gamma(size) / y!) for each y up to the largest.
    ways = np.concatenate([[0.0], np.cumsum(np.log(size + steps) - np.log1p(steps))])
    return np.asarray(
        ways[whole]
        - size * np.log1p(means / size)
        + counts * (np.log(means) - np.log(size + means))
    )


def fit_dispersion(
    counts: NDArray[np.float64], means: NDArray[np.float64], pause: Pause | None = None
) -> float:
    """Return the dispersion under which the counts are most probable, by golden section.

    Parameters
    ----------
    counts, means
        Of one shape.
    pause
        ``None``: nobody else waits.
    """
    means = np.maximum(means, LEAST_MEAN).ravel()
    is_event = counts.ravel() > 0
    happened, of_events = counts.ravel()[is_event], means[is_event]
    whole = happened.astype(np.int64)
    steps = np.arange(int(whole.max(initial=0)))
    known = float((happened * np.log(of_events)).sum())

    def loss(at: float) -> float:
        if pause is not None:
            pause()
        size = math.exp(-at)
        # `log_scores`, added up: most counts are 0, of which only the first term is left.
        ways = np.concatenate([[0.0], np.cumsum(np.log(size + steps) - np.log1p(steps))])
        total = -size * float(np.log1p(means / size).sum())
        total += float(ways[whole].sum()) + known
        return -(total - float((happened * np.log(size + of_events)).sum()))

    low, high = math.log(_SMALLEST), math.log(_LARGEST)
    left, right = high - _GOLDEN * (high - low), low + _GOLDEN * (high - low)
    at_left, at_right = loss(left), loss(right)
    for _ in range(_ROUNDS):
        if at_left < at_right:
            high, right, at_right = right, left, at_left
            left = high - _GOLDEN * (high - low)
            at_left = loss(left)
        else:
            low, left, at_left = left, right, at_right
            right = low + _GOLDEN * (high - low)
            at_right = loss(right)
    return math.exp((low + high) / 2)
