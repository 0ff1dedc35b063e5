"""S1: the number of messages in each minute, given where the price went in it.

This is what a level claims: not where the price goes, but how much is liquidated if it goes there.
Each model gives a mean per minute and side; counts are scored by the negative binomial law, its
dispersion fitted on the training part; bits per message are told over a constant rate.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from Heatmap.levels.counts import Counts
from Heatmap.levels.expectation import Pause
from Heatmap.levels.notes import Note, NoteKind
from Heatmap.levels.scoring.bootstrap import BlockDraws, ratio_of_sums
from Heatmap.levels.scoring.folds import Fold
from Heatmap.levels.scoring.negative_binomial import fit_dispersion, log_scores
from Heatmap.levels.scoring.rate_model import Predictor, RateModel
from Heatmap.levels.yields import Estimate, Score, Verdict

CONSTANT, DISTANCE = "constant", "distance only"


@dataclass(frozen=True, slots=True)
class ModelScore:
    """How a model did.

    Attributes
    ----------
    name
        The model's.
    over_constant, over_distance
        Bits per message, with 90 % intervals.
    predicted_over_actual
        Messages of longs and of shorts: foretold over counted.
    """

    name: str
    over_constant: Estimate
    over_distance: Estimate
    predicted_over_actual: tuple[float, float]

    @property
    def verdict(self) -> Verdict:
        """Better, or worse, only where the whole interval over distance alone is."""
        return self.over_distance.verdict


@dataclass(frozen=True, slots=True)
class ConditionalScores:
    """S1 of several models on the same minutes.

    Attributes
    ----------
    folds
        How time was held out.
    minutes, events
        How much of it was scored.
    models
        In the order given; the constant rate is not among them.
    notes
        Why there is nothing, where there is nothing.
    gains : model to (n, 2) float64
        Bits over the constant rate in each minute and side; NaN where it was not scored.
    """

    folds: str
    minutes: int
    events: int
    models: tuple[ModelScore, ...]
    notes: tuple[Note, ...]
    gains: Mapping[str, NDArray[np.float64]]

    def of(self, name: str) -> ModelScore:
        """Return the score of a model."""
        return next(one for one in self.models if one.name == name)

    def score(self, name: str) -> Score:
        """Return what a table of yields keeps of a model's score."""
        one = self.of(name)
        return Score(self.folds, self.events, one.over_constant, one.over_distance)

    def between(
        self, name: str, other: str, counts: Counts, open_ms: NDArray[np.int64], seed: int = 0
    ) -> Estimate:
        """Return by how many bits per message one model is better than another."""
        return _per_event(self.gains[name] - self.gains[other], counts.messages, open_ms, seed)


def score_conditional(
    models: Sequence[Predictor],
    counts: Counts,
    open_ms: NDArray[np.int64],
    folds: Sequence[Fold],
    folds_name: str,
    seed: int = 0,
    pause: Pause | None = None,
) -> ConditionalScores:
    """Score models on time that was held out.

    Parameters
    ----------
    models
        One of them is named ``DISTANCE``, or the gains over distance are NaN.
    counts
        Only minutes that are used count.
    open_ms : (n,) int64
        UTC milliseconds.
    folds, folds_name
        How time is held out, and what that is called.
    seed
        Of the draws of the intervals.
    pause
        ``None``: nobody else waits.
    """
    number = counts.messages
    if not counts.is_used.any():
        return _nothing(folds_name, NoteKind.NO_COVERAGE)
    if not number[counts.is_used].any():
        return _nothing(folds_name, NoteKind.NO_MESSAGES)
    if not folds:
        return _nothing(folds_name, NoteKind.TOO_FEW_FOLDS)
    constant = RateModel(CONSTANT, np.zeros((len(number), 2, 0)))
    base, _ = _held_out(constant, number, folds, pause)
    gains, scores = {}, []
    means = {}
    for model in models:
        scored, means[model.name] = _held_out(model, number, folds, pause)
        gains[model.name] = (scored - base) / np.log(2)
    is_scored = np.isfinite(base[:, 0])
    events = number[is_scored].sum(axis=1)
    draws = BlockDraws(open_ms[is_scored], np.random.default_rng(seed), pause=pause)
    for model in models:
        gain = gains[model.name][is_scored].sum(axis=1)
        over_distance = Estimate(np.nan, np.nan, np.nan)
        if DISTANCE in gains:
            baseline = gains[DISTANCE][is_scored].sum(axis=1)
            over_distance = draws.ratio(gain - baseline, events)
        foretold = means[model.name][is_scored].sum(axis=0)
        happened = np.maximum(number[is_scored].sum(axis=0), 1e-9)
        scores.append(
            ModelScore(
                model.name,
                draws.ratio(gain, events),
                over_distance,
                (float(foretold[0] / happened[0]), float(foretold[1] / happened[1])),
            )
        )
    return ConditionalScores(
        folds_name, int(is_scored.sum()), int(events.sum()), tuple(scores), (), gains
    )


def least_favourable(scorings: Sequence[ConditionalScores], name: str) -> Score | None:
    """Return a model's score in the way of holding time out that speaks least for it.

    One way alone may flatter by chance: a model is better than distance only where all ways say so.
    ``None``: nothing was scored.
    """
    scores = [one.score(name) for one in scorings if one.models]
    return min(scores, key=lambda one: one.over_distance.low) if scores else None


def _held_out(
    model: Predictor,
    counts: NDArray[np.float64],
    folds: Sequence[Fold],
    pause: Pause | None,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    scores = np.full(counts.shape, np.nan)
    means = np.full(counts.shape, np.nan)
    for fold in folds:
        foretold = model.predict(counts, fold.train, pause)
        dispersion = fit_dispersion(counts[fold.train], foretold[fold.train], pause)
        scores[fold.test] = log_scores(counts[fold.test], foretold[fold.test], dispersion)
        means[fold.test] = foretold[fold.test]
    return scores, means


def _per_event(
    gains: NDArray[np.float64],
    counts: NDArray[np.float64],
    open_ms: NDArray[np.int64],
    seed: int,
) -> Estimate:
    is_scored = np.isfinite(gains[:, 0])
    return ratio_of_sums(
        gains[is_scored].sum(axis=1),
        counts[is_scored].sum(axis=1),
        open_ms[is_scored],
        np.random.default_rng(seed),
    )


def _nothing(folds: str, kind: NoteKind) -> ConditionalScores:
    return ConditionalScores(folds, 0, 0, (), (Note(kind),), {})
