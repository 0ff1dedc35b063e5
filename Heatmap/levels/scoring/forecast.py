"""S3: where the next hour's liquidations will be, as a density over price.

Levels do not claim this: they say how much is liquidated *if* the price goes there. It is scored
nevertheless, so that nobody has to take that on trust.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from Heatmap.levels.scoring.bootstrap import ratio_of_sums
from Heatmap.levels.yields import Estimate

#: Half-width of the prices that are scored, natural logarithm: 6 %.
REACH = 0.06
#: Cells of the density over that range.
CELLS = 240
# Of every density, spread evenly: an impossible place would cost everything.
_FLOOR = 0.02
_HOUR_MS = 3_600_000
# A kernel of 0.25 volatilities.
_BANDWIDTH = 0.25


@dataclass(frozen=True, slots=True)
class ForecastScore:
    """How a density foretold places.

    Attributes
    ----------
    name
        What made it.
    over_uniform, over_prior
        Bits per event more than even spread, and than the prior by distance.
    hit_rate
        Part of the events in the tenth of the cells with most density.
    """

    name: str
    over_uniform: Estimate
    over_prior: Estimate
    hit_rate: float


def cell_middles() -> NDArray[np.float64]:
    """Return the middles of the cells as distances from the price, log, (CELLS,)."""
    return np.asarray((np.arange(CELLS) + 0.5) / CELLS * 2 * REACH - REACH)


def distance_prior(
    distances: NDArray[np.float64], volatility: NDArray[np.float64], at_volatility: float
) -> NDArray[np.float64]:
    """Return a density from the distances of other hours' events, in units of volatility.

    Parameters
    ----------
    distances : (m,) float64
        Of events in other hours from the price as of that time, log price.
    volatility : (m,) float64
        Realised volatility as of that time, log price per hour; above 0.
    at_volatility
        The same now.

    Returns
    -------
    (CELLS,) float64
        Adds up to 1.
    """
    middles = cell_middles() / at_volatility
    units = distances / volatility
    edges = np.linspace(-40, 40, 1_601)
    # Sums over a fine grid stand for sums over all events.
    number, _ = np.histogram(np.clip(units, -39.9, 39.9), edges)
    places = (edges[:-1] + edges[1:]) / 2
    kernel = np.exp(-0.5 * ((middles[:, None] - places) / _BANDWIDTH) ** 2)
    return normalised(kernel @ number)


def normalised(weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return weights as a density with a floor, (CELLS,), adding up to 1."""
    weights = np.where(np.isfinite(weights) & (weights > 0), weights, 0.0)
    total = weights.sum()
    even = np.full(len(weights), 1.0 / len(weights))
    return even if total <= 0 else np.asarray((1 - _FLOOR) * weights / total + _FLOOR * even)


def score_forecasts(
    densities: Mapping[str, NDArray[np.float64]],
    prior_name: str,
    as_of: NDArray[np.int64],
    distances: NDArray[np.float64],
    as_of_ms: NDArray[np.int64],
    seed: int = 0,
) -> list[ForecastScore]:
    """Score densities.

    Parameters
    ----------
    densities : name to (k, CELLS) float64
        One density per as-of time, each adding up to 1.
    prior_name
        Which of them the others are held against.
    as_of : (m,) int64
        Which as-of time each event follows.
    distances : (m,) float64
        Log price of each event less that of the as-of time; events beyond `REACH` are left out.
    as_of_ms : (k,) int64
        UTC milliseconds.
    seed
        Of the draws of the intervals, whole hours.
    """
    is_inside = np.abs(distances) < REACH
    as_of, distances = as_of[is_inside], distances[is_inside]
    cell = ((distances + REACH) / (2 * REACH) * CELLS).astype(np.int64)
    times = as_of_ms[as_of]
    ones = np.ones(len(cell))
    scored = {name: np.log2(one[as_of, cell] * CELLS) for name, one in densities.items()}

    def estimate(gain: NDArray[np.float64]) -> Estimate:
        return ratio_of_sums(gain, ones, times, np.random.default_rng(seed), _HOUR_MS)

    scores = []
    for name, density in densities.items():
        rank = np.argsort(np.argsort(-density, axis=1, kind="stable"), axis=1, kind="stable")
        hits = rank[as_of, cell] < CELLS // 10
        rate = float(hits.mean()) if len(hits) else np.nan
        over_prior = estimate(scored[name] - scored[prior_name])
        scores.append(ForecastScore(name, estimate(scored[name]), over_prior, rate))
    return scores
