"""Ladders: how the notional of an entry is spread over prices away from it.

An entry's ladder is the same at each price when rows have equal log price: one fixed vector, laid
from the entry's row downwards for longs and upwards for shorts.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from Heatmap.levels.arrays import LONGS, SHORTS
from Heatmap.levels.brackets import BracketTable
from Heatmap.levels.liquidation_price import liquidation_distance

#: Edges of the distance bins, % of the entry price.
DISTANCE_EDGES_PCT = (
    *(0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.65, 0.85, 1.1, 1.5, 2.0, 2.7, 3.6, 4.8, 6.5, 9.0),
    *(13.0, 17.0, 22.0),
)
N_BINS = len(DISTANCE_EDGES_PCT) - 1

#: Notional of positions, USD, and the part of all notional that such positions hold. From the
#: quantiles of 1,844 liquidations of BTCUSDT, 2024-12-04 to 06: each quantile stands for the ranks
#: up to half way to its neighbours.
POSITION_SIZES_USD = (197.0, 484.0, 1_579.0, 6_226.0, 22_567.0, 285_008.0)
_SIZE_RANKS = (0.175, 0.2, 0.25, 0.2, 0.12, 0.055)
POSITION_SHARES = tuple(
    size * rank / sum(a * b for a, b in zip(POSITION_SIZES_USD, _SIZE_RANKS, strict=True))
    for size, rank in zip(POSITION_SIZES_USD, _SIZE_RANKS, strict=True)
)


def log_edges(side: int, edges_pct: Sequence[float] = DISTANCE_EDGES_PCT) -> NDArray[np.float64]:
    """Return the bins' edges as distances in log price, (n_bins + 1,) float64, above 0."""
    parts = np.asarray(edges_pct) / 100.0
    return np.asarray(-np.log1p(-parts) if side == LONGS else np.log1p(parts))


@dataclass(frozen=True, slots=True)
class Ladder:
    """What one USD of entries puts on each row.

    Attributes
    ----------
    first
        Row of the first value, counted from the entry's row; below 0 for longs.
    values : (n,) float64
        USD per USD of entries.
    """

    first: int
    values: NDArray[np.float64]

    @property
    def total(self) -> float:
        """USD per USD of entries on all rows."""
        return float(self.values.sum())

    def scaled(self, factor: float) -> "Ladder":
        """Return the ladder times a factor."""
        return Ladder(self.first, self.values * factor)


def joined(ladders: Sequence[Ladder]) -> Ladder:
    """Return the sum of some ladders as one."""
    ladders = [one for one in ladders if len(one.values)]
    if not ladders:
        return Ladder(0, np.zeros(1))
    first = min(one.first for one in ladders)
    values = np.zeros(max(one.first + len(one.values) for one in ladders) - first)
    for one in ladders:
        values[one.first - first : one.first - first + len(one.values)] += one.values
    return Ladder(first, values)


def bin_ladder(side: int, weights: NDArray[np.float64], width: float) -> Ladder:
    """Spread a weight per distance bin evenly over the bin's log distance.

    Parameters
    ----------
    side
        ``LONGS`` or ``SHORTS``.
    weights : (N_BINS,) float64
        USD per USD of entries in each bin.
    width
        Of a row, natural logarithm. The entry is in the middle of its row.
    """
    edges = log_edges(side) / width
    # Up to each row's outer edge; row k covers the distances k - 0.5 to k + 0.5.
    places = np.arange(math.ceil(edges[-1] + 0.5) + 1) - 0.5
    inside = np.interp(places, edges, np.concatenate([[0.0], np.cumsum(weights)]))
    return _from_near_to_far(side, np.diff(inside))


def smooth_ladder(side: int, weights: NDArray[np.float64], width: float) -> Ladder:
    """Spread bins by the straight lines through their densities, which draws no edges.

    Bins exchange a little with their neighbours; the sum of all stays.
    """
    edges = log_edges(side)
    density = np.asarray(weights) / np.diff(edges)
    middles = np.sqrt(edges[:-1] * edges[1:])
    fine = 8
    places = (np.arange(math.ceil(edges[-1] / width + 0.5) * fine) + 0.5) / fine - 0.5
    at = places * width
    values = np.where((at >= edges[0]) & (at < edges[-1]), np.interp(at, middles, density), 0.0)
    per_row = values.reshape(-1, fine).sum(axis=1)
    total = per_row.sum()
    return _from_near_to_far(side, per_row * (np.sum(weights) / total if total else 0.0))


def point_ladder(
    side: int, distances: NDArray[np.float64], shares: NDArray[np.float64], width: float
) -> Ladder:
    """Put shares at exact distances, each split between the two rows whose middles enclose it.

    Parameters
    ----------
    distances : (n,) float64
        Parts of the entry price, above 0; NaN where such a position cannot be.
    shares : (n,) float64
        USD per USD of entries.
    """
    is_there = np.isfinite(distances) & (shares > 0)
    distances, shares = distances[is_there], shares[is_there]
    if not len(distances):
        return Ladder(0, np.zeros(1))
    logs = -np.log1p(-distances) if side == LONGS else np.log1p(distances)
    places = logs / width
    near = np.floor(places).astype(np.int64)
    values = np.zeros(int(near.max()) + 2)
    np.add.at(values, near, shares * (1 - (places - near)))
    np.add.at(values, near + 1, shares * (places - near))
    return _from_near_to_far(side, values)


def leverage_ladder(
    side: int, mix: Sequence[tuple[float, float]], table: BracketTable, width: float
) -> Ladder:
    """Return the ladder of a leverage table, by the exact formula and the recorded position sizes.

    What a size may not have of leverage is left out, and the rest stands for it.

    Parameters
    ----------
    mix
        Leverage and share of each tier; shares above 0 need not add up to 1.
    table
        The brackets in use.

    Returns
    -------
    Ladder
        Adds up to 1; to 0 where no tier is possible.
    """
    leverages, shares = np.array(mix, np.float64).T
    sizes, parts = np.array(POSITION_SIZES_USD), np.array(POSITION_SHARES)
    distances = liquidation_distance(side, sizes[:, None], leverages[None, :], table)
    weights = np.where(np.isfinite(distances), parts[:, None] * shares[None, :], 0.0)
    total = weights.sum()
    if total <= 0:
        return Ladder(0, np.zeros(1))
    return point_ladder(side, distances.ravel(), (weights / total).ravel(), width)


def flat_ladder(side: int, mix: Sequence[tuple[float, float]], width: float) -> Ladder:
    """Return the ladder of a leverage table at 1/L, without maintenance; adds up to 1."""
    leverages, shares = np.array(mix, np.float64).T
    return point_ladder(side, 1.0 / leverages, shares / shares.sum(), width)


def _from_near_to_far(side: int, values: NDArray[np.float64]) -> Ladder:
    if side == SHORTS:
        return Ladder(0, values)
    return Ladder(1 - len(values), values[::-1].copy())
