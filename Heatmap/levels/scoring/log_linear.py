"""Models whose logarithm is a straight sum: what scores dollars best when only the path is known.

Dollars per bar scatter by factors, so a sum of rates lets a few large bars decide everything. A
regression of the logarithm does not: as a baseline for S2 it is the stronger one.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from Heatmap.levels.expectation import Pause
from Heatmap.levels.scoring.rate_model import Predictor

# Standard deviation below which a feature says nothing.
_FLAT = 1e-12
# Added to the squares of standardised features, in bars: two features may be the same.
_RIDGE = 1e-6


@dataclass(frozen=True, slots=True)
class LogLinearModel:
    """Least squares on the logarithm, for each side.

    Attributes
    ----------
    name
        What it is called.
    features : (n, 2, k) float64
        Of each bar and side; of any sign.
    floor
        Added before the logarithm is taken, in the unit of the counts; above 0.
    beside
        Models of which the logarithms of what they foretell are further features.
    """

    name: str
    features: NDArray[np.float64]
    floor: float
    beside: tuple[Predictor, ...] = ()

    def predict(
        self,
        counts: NDArray[np.float64],
        train: NDArray[np.bool_],
        pause: Pause | None = None,
    ) -> NDArray[np.float64]:
        """Learn on the bars of `train` and return the mean of every bar and side, (n, 2).

        What was foretold there adds up to what came there, on each side.
        """
        further = [np.log(one.predict(counts, train, pause) + self.floor) for one in self.beside]
        features = np.concatenate([self.features, *(one[:, :, None] for one in further)], axis=2)
        means = np.empty(counts.shape)
        for side in range(2):
            happened = counts[:, side]
            at = _fitted(features[:, side], np.log(happened + self.floor), train)
            foretold = np.maximum(np.exp(at) - self.floor, 0.0)
            total = float(foretold[train].sum())
            means[:, side] = foretold * (float(happened[train].sum()) / total if total else 0.0)
        return means


def _fitted(
    features: NDArray[np.float64], values: NDArray[np.float64], train: NDArray[np.bool_]
) -> NDArray[np.float64]:
    known = features[train]
    scatter = known.std(axis=0)
    units = (features - known.mean(axis=0)) / np.where(scatter > _FLAT, scatter, np.inf)
    seen, level = units[train], float(values[train].mean())
    squares = seen.T @ seen + _RIDGE * len(seen) * np.eye(seen.shape[1])
    slopes = np.linalg.solve(squares, seen.T @ (values[train] - level))
    # No further than the bars that were learned from.
    low, high = values[train].min(), values[train].max()
    return np.asarray(np.clip(level + units @ slopes, low, high))
