"""The ensemble: rates of several models add up, in parts that are learned."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from Heatmap.levels.counts import Counts
from Heatmap.levels.scoring.rate_model import Predictor, learn_with_background

# Weight of the prior that all parts are alike, pseudo-messages.
_PART_EVENTS = 1.0


@dataclass(frozen=True, slots=True)
class EnsembleParts:
    """What each model contributes.

    Attributes
    ----------
    names
        The models.
    messages_per_unit
        Messages per unit of each model's cause.
    shares
        Part of all messages that each explains; the background has the rest.
    """

    names: tuple[str, ...]
    messages_per_unit: tuple[float, ...]
    shares: tuple[float, ...]


def learn_parts(
    names: Sequence[str], causes: NDArray[np.float64], counts: Counts
) -> EnsembleParts | None:
    """Learn how much of each model is in the sum.

    Parameters
    ----------
    names
        One for each cause.
    causes : (n, 2, k) float64
        What each model foretells of each minute and side, fitted on *earlier* time where it is
        fitted; path terms and distance alone may be among them.
    counts
        Of the same minutes.

    Returns
    -------
    EnsembleParts or None
        ``None``: no messages in covered minutes.
    """
    used = counts.is_used
    happened = counts.messages[used].T.ravel()
    total = float(happened.sum())
    if not total:
        return None
    both = np.concatenate([causes[used, 0], causes[used, 1]])
    scale = both.sum(axis=0)
    is_there = scale > 0
    # In units of what each would be if it alone explained everything, alike at first.
    unit = np.where(is_there, total / np.where(is_there, scale, 1.0), 0.0)
    alike = np.where(is_there, 1.0 / max(int(is_there.sum()), 1), 0.0)
    events = np.where(is_there, _PART_EVENTS, 0.0)
    parts = learn_with_background(both * unit, happened, alike, events)[:-1]
    shares = parts * (both * unit).sum(axis=0) / total
    return EnsembleParts(tuple(names), tuple((parts * unit).tolist()), tuple(shares.tolist()))


@dataclass(frozen=True, slots=True)
class EnsembleModel:
    """A sum of models, to be scored beside them.

    Attributes
    ----------
    name
        What it is called.
    models
        Those that are added up.
    """

    name: str
    models: tuple[Predictor, ...]

    def predict(self, counts: NDArray[np.float64], train: NDArray[np.bool_]) -> NDArray[np.float64]:
        """Learn the models and their parts on `train`; return the mean everywhere, (n, 2)."""
        means = np.stack([one.predict(counts, train) for one in self.models], axis=2)
        happened = Counts(counts, counts, train)
        parts = learn_parts([one.name for one in self.models], means, happened)
        if parts is None:
            return np.asarray(means.mean(axis=2))
        return np.asarray(means @ np.array(parts.messages_per_unit))
