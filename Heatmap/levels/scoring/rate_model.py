"""Models of rates whose causes are given and whose strengths are learned."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from Heatmap.levels.expectation import Evidence, Pause, learn_values
from Heatmap.levels.ladders import DISTANCE_EDGES_PCT


class Predictor(Protocol):
    """A model that learns on some minutes and foretells all of them."""

    @property
    def name(self) -> str:
        """What it is called."""

    def predict(
        self,
        counts: NDArray[np.float64],
        train: NDArray[np.bool_],
        pause: Pause | None = None,
    ) -> NDArray[np.float64]:
        """Learn on the minutes of `train` and return the mean of every minute and side, (n, 2)."""


@dataclass(frozen=True, slots=True)
class Shrinkage:
    """Gamma priors: both sides together towards a shape, then each side towards both.

    Attributes
    ----------
    shape : (k,) float64
        Relative rates of the causes; one factor of all is fitted first.
    pooled_events, side_events
        Weight of the two priors, pseudo-messages for each cause.
    """

    shape: NDArray[np.float64]
    pooled_events: float = 20.0
    side_events: float = 5.0


def falling_shape() -> NDArray[np.float64]:
    """Return the shape of yields over distance from which fits begin, (N_BINS,) float64.

    ``min(1, 0.65 % / d) min(1, d / 0.25 %)`` at the geometric middle `d` of each bin.
    """
    edges = np.array(DISTANCE_EDGES_PCT)
    middle = np.sqrt(edges[:-1] * edges[1:])
    return np.asarray(np.minimum(1.0, 0.65 / middle) * np.minimum(1.0, middle / 0.25))


@dataclass(frozen=True, slots=True)
class RateModel:
    """A model of message rates: non-negative causes whose rates are learned.

    Attributes
    ----------
    name
        What it is called.
    causes : (n, 2, k) float64
        Of each minute and side; k may be 0, then only the background is left.
    shrinkage
        ``None``: each side's rates are learned freely.
    """

    name: str
    causes: NDArray[np.float64]
    shrinkage: Shrinkage | None = None

    def predict(
        self,
        counts: NDArray[np.float64],
        train: NDArray[np.bool_],
        pause: Pause | None = None,
    ) -> NDArray[np.float64]:
        """Learn on the minutes of `train` and return the mean of every minute and side, (n, 2)."""
        rates = self.learn(counts, train, pause)
        means = np.empty((len(self.causes), 2))
        for side in range(2):
            means[:, side] = self.causes[:, side] @ rates[side, :-1] + rates[side, -1]
        return means

    def learn(
        self,
        counts: NDArray[np.float64],
        train: NDArray[np.bool_],
        pause: Pause | None = None,
    ) -> NDArray[np.float64]:
        """Return the rates of each side's causes, and last of its background, (2, k + 1)."""
        n_causes = self.causes.shape[2]
        sides = [Evidence.of(self.causes[:, n], counts[:, n], train) for n in range(2)]
        prior: NDArray[np.float64] = np.zeros(n_causes)
        events = 0.0
        if self.shrinkage is not None:
            prior = _pooled(self.shrinkage, sides[0].joined(sides[1]), pause)
            events = self.shrinkage.side_events
        weights = np.where(prior > 0, events, 0.0)
        return np.stack([learn_with_background(one, prior, weights, pause) for one in sides])


def _pooled(shrinkage: Shrinkage, both: Evidence, pause: Pause | None) -> NDArray[np.float64]:
    shape = shrinkage.shape
    nothing = np.zeros(1)
    factor = learn_with_background(both.merged(shape), nothing, nothing, pause)[0]
    prior = np.maximum(factor, 1e-30) * shape
    events = np.full(len(shape), shrinkage.pooled_events)
    return learn_with_background(both, prior, events, pause)[:-1]


def learn_with_background(
    evidence: Evidence,
    prior: NDArray[np.float64],
    events: NDArray[np.float64],
    pause: Pause | None = None,
) -> NDArray[np.float64]:
    """Learn rates with one more cause that is always there; it comes last and has no prior."""
    values, _ = learn_values(
        evidence.with_background(), np.append(prior, 0.0), np.append(events, 0.0), pause
    )
    return values
