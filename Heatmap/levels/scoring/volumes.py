"""S2: how much was liquidated in each bar, scored by a log-normal law.

Dollars have heavy tails, so their logarithm is scored: a straight line from the logarithm of what
was expected to that of what came, fitted on the training part, and the scatter around it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from Heatmap.levels.notes import Note, NoteKind
from Heatmap.levels.scoring.bootstrap import ratio_of_sums
from Heatmap.levels.scoring.folds import Fold
from Heatmap.levels.scoring.rate_model import Predictor, RateModel
from Heatmap.levels.yields import Estimate

#: Added to dollars before the logarithm is taken: smaller sums are as good as none.
FLOOR_USD = 1_000.0
_DAY_MS = 86_400_000
_MILLION = 1e6


@dataclass(frozen=True, slots=True)
class VolumeScore:
    """How a model foretold dollars.

    Attributes
    ----------
    name
        The model's.
    over_constant
        Bits per bar and side, with a 90 % interval.
    predicted_over_actual
        Of longs and of shorts: all that was foretold over all that came.
    by_decile
        Foretold over come in each tenth of the bars by what was foretold, the least first.
    top_share
        What part of all dollars came in the twentieth of the bars with most foretold.
    """

    name: str
    over_constant: Estimate
    predicted_over_actual: tuple[float, float]
    by_decile: tuple[float, ...]
    top_share: float


@dataclass(frozen=True, slots=True)
class VolumeScores:
    """S2 of several models on the same bars.

    Attributes
    ----------
    bars
        How many were scored.
    models
        In the order given.
    notes
        Why there is nothing, where there is nothing.
    gains : (n_models, n) float64
        Bits over a constant, both sides' mean; NaN where it was not scored.
    """

    bars: int
    models: tuple[VolumeScore, ...]
    notes: tuple[Note, ...]
    gains: NDArray[np.float64]


def score_volumes(
    models: Sequence[Predictor],
    usd: NDArray[np.float64],
    open_ms: NDArray[np.int64],
    folds: Sequence[Fold],
    seed: int = 0,
) -> VolumeScores:
    """Score models on bars that were held out.

    Parameters
    ----------
    models
        What they expect is learned on each training part.
    usd : (n, 2) float64
        Liquidated longs and shorts of each bar; NaN where unknown (not in any fold).
    open_ms : (n,) int64
        UTC milliseconds.
    folds
        How time is held out.
    seed
        Of the draws of the intervals, whole days.
    """
    if not folds:
        note = Note(NoteKind.TOO_FEW_FOLDS)
        return VolumeScores(0, (), (note,), np.zeros((0, len(usd))))
    base, _ = _held_out(RateModel("constant", np.zeros((len(usd), 2, 0))), usd, folds)
    is_scored = np.isfinite(base[:, 0])
    gains, scores = [], []
    for model in models:
        scored, foretold = _held_out(model, usd, folds)
        gain = (scored - base).mean(axis=1) / np.log(2)
        gains.append(gain)
        bits = ratio_of_sums(
            gain[is_scored],
            np.ones(int(is_scored.sum())),
            open_ms[is_scored],
            np.random.default_rng(seed),
            _DAY_MS,
        )
        scores.append(_score(model.name, bits, foretold[is_scored], usd[is_scored]))
    return VolumeScores(int(is_scored.sum()), tuple(scores), (), np.array(gains))


def _score(
    name: str, bits: Estimate, foretold: NDArray[np.float64], usd: NDArray[np.float64]
) -> VolumeScore:
    ratio = foretold.sum(axis=0) / np.maximum(usd.sum(axis=0), 1.0)
    order = np.argsort(foretold.ravel(), kind="stable")
    tenths = np.array_split(order, 10)
    came = usd.ravel()
    deciles = tuple(
        float(foretold.ravel()[one].sum() / max(float(came[one].sum()), 1.0)) for one in tenths
    )
    top = order[len(order) - max(len(order) // 20, 1) :]
    share = float(came[top].sum() / max(float(came.sum()), 1.0))
    return VolumeScore(name, bits, (float(ratio[0]), float(ratio[1])), deciles, share)


def _held_out(
    model: Predictor, usd: NDArray[np.float64], folds: Sequence[Fold]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    scores = np.full(usd.shape, np.nan)
    means = np.full(usd.shape, np.nan)
    came = np.log(usd + FLOOR_USD)
    for fold in folds:
        # In millions, as if they were counts.
        both = model.predict(usd / _MILLION, fold.train) * _MILLION
        for side in range(2):
            foretold = both[:, side]
            at = np.log(foretold + FLOOR_USD)
            line, scatter = _line(at[fold.train], came[fold.train, side])
            miss = (came[fold.test, side] - np.polyval(line, at[fold.test])) / scatter
            scores[fold.test, side] = -0.5 * miss**2 - np.log(scatter)
            means[fold.test, side] = foretold[fold.test]
    return scores, means


def _line(at: NDArray[np.float64], came: NDArray[np.float64]) -> tuple[NDArray[np.float64], float]:
    line = np.array([0.0, came.mean()])
    if np.ptp(at) > 1e-9:  # noqa: PLR2004 - a constant has no slope
        line = np.polyfit(at, came, 1)
    scatter = float(np.std(came - np.polyval(line, at)))
    return line, max(scatter, 1e-3)
