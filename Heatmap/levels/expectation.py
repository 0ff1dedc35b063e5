"""Rates of a sum of causes, learned from counts by expectation maximisation (EM).

``y[t] ~ Poisson(sum_k w[k] x[t, k])`` with gamma priors on the rates: each count is shared out
among its possible causes in proportion to what each would have given, and each rate becomes what
it was given over its exposure. A prior of `a` pseudo-events with the mean `m` adds `a` events and
the exposure ``a / m``.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_MAX_ITERATIONS = 2_000
_TOLERANCE = 1e-6
# Normal quantile of a 90 % interval.
_Z_90 = 1.645
# Of the largest exposure.
_LEAST_SHARE = 1e-9
# Below this a rate counts as none.
_TINY = 1e-300


@dataclass(frozen=True, slots=True)
class Rates:
    """Rates with what carries them.

    Attributes
    ----------
    values : (k,) float64
        Events per unit of exposure.
    assigned : (k,) float64
        Events that were given to each cause.
    exposure : (k,) float64
        Sum of each cause over all times.
    interval_90 : (k, 2) float64
        From the sandwich estimate on the logarithms, with whole blocks of time as the units that
        are independent; the prior counts as further data.
    """

    values: NDArray[np.float64]
    assigned: NDArray[np.float64]
    exposure: NDArray[np.float64]
    interval_90: NDArray[np.float64]


def learn_rates(
    causes: NDArray[np.float64],
    counts: NDArray[np.float64],
    prior_mean: NDArray[np.float64],
    pseudo_events: NDArray[np.float64],
    blocks: NDArray[np.int64] | None = None,
) -> Rates:
    """Learn the rates of causes.

    Parameters
    ----------
    causes : (n, k) float64
        Exposure of each cause at each time; at least 0.
    counts : (n,) float64
        Events at each time.
    prior_mean : (k,) float64
        Events per unit; above 0 where there are pseudo-events.
    pseudo_events : (k,) float64
        Weight of each prior; 0: none.
    blocks : (n,) int64
        Number of the block of time that each belongs to; ``None``: no intervals, they are NaN.
    """
    exposure = causes.sum(axis=0)
    has_prior = pseudo_events > 0
    prior_exposure = np.zeros(len(exposure))
    np.divide(pseudo_events, prior_mean, out=prior_exposure, where=has_prior)
    # What rounding left of a cause that never happened is no exposure.
    is_there = has_prior | (exposure > _LEAST_SHARE * exposure.max(initial=0.0))
    divisor = np.where(is_there, exposure + prior_exposure, 0.0)
    is_event = counts > 0
    seen, happened = causes[is_event], counts[is_event]
    # Where nothing is known a cause starts as likely as all events by all exposure.
    start = np.where(has_prior, prior_mean, happened.sum() / max(exposure.sum(), _TINY))
    values = np.where(divisor > 0, start, 0.0)
    assigned = np.zeros(len(values))
    for _ in range(_MAX_ITERATIONS):
        expected = np.maximum(seen @ values, _TINY)
        assigned = values * ((happened / expected) @ seen)
        new = np.zeros(len(values))
        np.divide(pseudo_events + assigned, divisor, out=new, where=divisor > 0)
        change = np.abs(new - values) * divisor
        values = new
        # In events: no cause moves by a thousandth of one any more.
        if change.max(initial=0.0) < max(_TOLERANCE * happened.sum(), _TOLERANCE):
            break
    interval: NDArray[np.float64] = np.full((len(values), 2), np.nan)
    if blocks is not None:
        interval = _intervals(causes, counts, values, pseudo_events, blocks)
    return Rates(values, assigned, exposure, interval)


def _intervals(
    causes: NDArray[np.float64],
    counts: NDArray[np.float64],
    values: NDArray[np.float64],
    pseudo_events: NDArray[np.float64],
    blocks: NDArray[np.int64],
) -> NDArray[np.float64]:
    parts = causes * values
    expected = np.maximum(parts.sum(axis=1), _TINY)
    ratio = counts / expected
    scores = parts * (ratio - 1.0)[:, None]
    _, number = np.unique(blocks, return_inverse=True)
    by_block = np.zeros((int(number.max(initial=-1)) + 1, len(values)))
    np.add.at(by_block, number, scores)
    weighted = parts * (ratio / expected)[:, None]
    curvature = weighted.T @ parts + np.diag(pseudo_events)
    spread = by_block.T @ by_block + np.diag(pseudo_events)
    # A cause without data and prior has no curvature; it stays without an interval.
    inverse = np.linalg.pinv(curvature, hermitian=True)
    variance = np.diag(inverse @ spread @ inverse)
    reach = np.exp(_Z_90 * np.sqrt(np.clip(variance, 0.0, 100.0)))
    is_known = np.diag(curvature) > 0
    low = np.where(is_known, values / reach, 0.0)
    high = np.where(is_known, values * reach, np.inf)
    return np.stack([low, high], axis=1)
