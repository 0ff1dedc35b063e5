"""Exponential decay of a liquidation's weight with its age: ``exp(-age / tau)``.

Only exponentials: `heat_field` carries one column into the next by one factor. Another law is a
sum of them, see docs/how-to-add.md.
"""

import math

import numpy as np
from numpy.typing import NDArray

#: After this many time constants less than 1e-9 of a liquidation is left.
CARRY_IN_TAUS = 21


def column_factor(bin_ms: int, tau_ms: float | None) -> float:
    """Return what is left of a value one column later; 1 when the decay is off.

    Parameters
    ----------
    bin_ms
        Width of a column.
    tau_ms
        Time constant; ``None``: no decay.
    """
    return 1.0 if tau_ms is None else math.exp(-bin_ms / tau_ms)


def age_weights(ages_ms: NDArray[np.int64], tau_ms: float | None) -> NDArray[np.float64]:
    """Return what is left after each age: 37 % at the age of one time constant.

    Parameters
    ----------
    ages_ms : (n,) int64, milliseconds
        A negative age gives a weight above 1: the factor from that later time back.
    tau_ms
        Time constant; ``None``: no decay, every weight is 1.

    Returns
    -------
    (n,) float64
    """
    if tau_ms is None:
        return np.ones(ages_ms.shape)
    weights: NDArray[np.float64] = np.exp(ages_ms * (-1.0 / tau_ms))
    return weights


def carry_in_ms(tau_ms: float | None, retention_ms: int) -> int:
    """Return how long before the left edge a liquidation can still be seen in bands.

    Parameters
    ----------
    tau_ms
        Time constant; ``None``: no decay, so that everything that is retained counts.
    retention_ms
        How long events are kept.
    """
    if tau_ms is None:
        return retention_ms
    return min(retention_ms, math.ceil(CARRY_IN_TAUS * tau_ms))
