"""The ensemble: rates of several models add up, in parts that are learned on time held out."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from Heatmap.levels.expectation import Evidence, Pause
from Heatmap.levels.scoring.folds import walk_forward
from Heatmap.levels.scoring.rate_model import Predictor, learn_with_background

# Weight of the prior that all parts are alike, pseudo-messages.
_PART_EVENTS = 1.0
# Each part of the time but the first is foretold from what came before it.
_PARTS_OF_TIME = 3


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
    background
        Messages a minute and side that none of them explains.
    """

    names: tuple[str, ...]
    messages_per_unit: tuple[float, ...]
    shares: tuple[float, ...]
    background: float = 0.0

    def settled(
        self,
        causes: NDArray[np.float64],
        counts: NDArray[np.float64],
        chosen: NDArray[np.bool_],
    ) -> "EnsembleParts":
        """Return them so that as many messages are expected in all of some minutes as came.

        Models that are fitted on more time than the parts were learned on expect other sums.
        """
        rates = np.array(self.messages_per_unit)
        expected = float((causes[chosen] @ rates + self.background).sum())
        factor = float(counts[chosen].sum()) / expected if expected > 0 else 1.0
        return replace(
            self,
            messages_per_unit=tuple((rates * factor).tolist()),
            background=self.background * factor,
        )


def learn_parts(
    names: Sequence[str],
    causes: NDArray[np.float64],
    counts: NDArray[np.float64],
    chosen: NDArray[np.bool_],
    pause: Pause | None = None,
) -> EnsembleParts | None:
    """Learn how much of each model is in the sum.

    Parameters
    ----------
    names
        One for each cause.
    causes : (n, 2, k) float64
        What each model foretells of each minute and side, fitted on *earlier* time where it is
        fitted; path terms and distance alone may be among them.
    counts : (n, 2) float64
        Messages of the same minutes.
    chosen : (n,) bool
        Minutes to learn on.
    pause
        ``None``: nobody else waits.

    Returns
    -------
    EnsembleParts or None
        ``None``: no messages in these minutes.
    """
    happened = counts[chosen].T.ravel()
    total = float(happened.sum())
    if not total:
        return None
    both = np.concatenate([causes[chosen, 0], causes[chosen, 1]])
    scale = both.sum(axis=0)
    is_there = scale > 0
    # In units of what each would be if it alone explained everything, alike at first.
    unit = np.where(is_there, total / np.where(is_there, scale, 1.0), 0.0)
    alike = np.where(is_there, 1.0 / max(int(is_there.sum()), 1), 0.0)
    events = np.where(is_there, _PART_EVENTS, 0.0)
    scaled = both * unit
    rates = learn_with_background(Evidence.of(scaled, happened), alike, events, pause)
    shares = rates[:-1] * scaled.sum(axis=0) / total
    return EnsembleParts(
        tuple(names),
        tuple((rates[:-1] * unit).tolist()),
        tuple(shares.tolist()),
        float(rates[-1]),
    )


def foretold(
    models: Sequence[Predictor],
    counts: NDArray[np.float64],
    train: NDArray[np.bool_],
    pause: Pause | None = None,
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Foretell each part of some minutes from those before it.

    Returns
    -------
    tuple
        What each model foretells, (n, 2, k) float64; and of which minutes, (n,) bool. Where there
        is too little to hold any out, all of them, foretold by what they were fitted on.
    """
    means = np.zeros((len(counts), 2, len(models)))
    held_out = np.zeros(len(counts), np.bool_)
    for fold in walk_forward(np.zeros(0, np.int64), train, _PARTS_OF_TIME):
        if counts[fold.train].any():
            for number, model in enumerate(models):
                means[fold.test, :, number] = model.predict(counts, fold.train, pause)[fold.test]
            held_out |= fold.test
    if counts[held_out].any():
        return means, held_out
    for number, model in enumerate(models):
        means[:, :, number] = model.predict(counts, train, pause)
    return means, train


@dataclass(frozen=True, slots=True)
class EnsembleModel:
    """A sum of models, to be scored beside them.

    Attributes
    ----------
    name
        What it is called.
    models
        Those that are added up.
    holds_out
        Whether the parts are learned on time that the models were not fitted on. With few of both
        that costs more than it brings.
    """

    name: str
    models: tuple[Predictor, ...]
    holds_out: bool = True

    def predict(
        self,
        counts: NDArray[np.float64],
        train: NDArray[np.bool_],
        pause: Pause | None = None,
    ) -> NDArray[np.float64]:
        """Learn the models and their parts on `train`; return the mean everywhere, (n, 2)."""
        whole = np.stack([one.predict(counts, train, pause) for one in self.models], axis=2)
        means, chosen = whole, train
        if self.holds_out:
            means, chosen = foretold(self.models, counts, train, pause)
        parts = learn_parts([one.name for one in self.models], means, counts, chosen, pause)
        if parts is None:
            return np.asarray(whole.mean(axis=2))
        parts = parts.settled(whole, counts, train)
        return np.asarray(whole @ np.array(parts.messages_per_unit) + parts.background)
