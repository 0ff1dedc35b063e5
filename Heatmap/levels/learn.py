"""Learning from a user's own recording: what is fitted on it, and how good that is."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from Heatmap.levels.arrays import MINUTE_MS
from Heatmap.levels.consumption import consume
from Heatmap.levels.counts import Counts, count_messages
from Heatmap.levels.ensemble_table import EnsembleTable
from Heatmap.levels.expectation import Pause
from Heatmap.levels.fit import Fit, FitSettings, fit_and_compare
from Heatmap.levels.ladders import leverage_ladder
from Heatmap.levels.market import Market
from Heatmap.levels.minutes import Minutes, prepare_minutes
from Heatmap.levels.models import EQUAL_MIX
from Heatmap.levels.notes import Note, NoteKind
from Heatmap.levels.price_rows import FIT_WIDTH, rows_over
from Heatmap.levels.scoring.conditional import (
    DISTANCE,
    ConditionalScores,
    least_favourable,
    score_conditional,
)
from Heatmap.levels.scoring.ensemble import EnsembleModel
from Heatmap.levels.scoring.folds import Fold, hours_out, walk_forward
from Heatmap.levels.scoring.path_terms import path_terms
from Heatmap.levels.scoring.rate_model import Predictor, RateModel, Shrinkage, falling_shape
from Heatmap.levels.walk import LevelWalk, WalkInput

#: Names of the models that are scored, beside `DISTANCE`.
LEVELS, PATH, PATH_AND_LEVELS = "levels", "price path", "price path and levels"
FIVE_TIERS = "five leverages alike"
ENSEMBLE = "ensemble"
_WAYS: tuple[tuple[str, Callable[..., list[Fold]]], ...] = (
    ("groups of hours", hours_out),
    ("walk forward", walk_forward),
)
# The farthest tier, 5x, is 20 % away.
_MARGIN = 0.25
# In billions of USD rates are of the order of one.
_BILLION = 1e9
_GROUPS = 8
_DAY_MS = 86_400_000
# An own fit is replaced by what did not do worse on at least so many messages that it never saw.
_LEAST_NEW = 20
# Bits per message within which two fits are alike: a fit on much the same data is not worse.
_ALIKE_BITS = 0.002


class Learning(StrEnum):
    """What became of a fit."""

    TAKEN = "taken"
    WORSE = "not kept: on time it had not seen it is worse than the fit in use"
    WAITING = "not kept: too little is new since the fit in use"
    NOTHING = "nothing to learn from"


@dataclass(frozen=True, slots=True)
class Recording:
    """Minutes with what they reached and what came.

    Attributes
    ----------
    minutes
        In order.
    reached_usd, even_usd : (n, 2, N_BINS) float64
        Entries that were reached, by distance: of the traded volume, and of as much in each minute.
    counts
        Liquidations of each minute.
    """

    minutes: Minutes
    reached_usd: NDArray[np.float64]
    even_usd: NDArray[np.float64]
    counts: Counts

    @property
    def messages(self) -> int:
        """Liquidations in the minutes that are used."""
        return int(self.counts.messages[self.counts.is_used].sum())


@dataclass(frozen=True, slots=True)
class Learned:
    """A fit and what became of it.

    Attributes
    ----------
    result
        Whether it is to be used.
    fit
        With its table, which carries its score; and why there is none.
    scorings
        In several ways of holding time out.
    messages, minutes
        What there was to learn from.
    ensemble
        What was learned of several models together; ``None``: nothing that is to be used.
    """

    result: Learning
    fit: Fit
    scorings: tuple[ConditionalScores, ...]
    messages: int
    minutes: int
    ensemble: EnsembleTable | None = None


def prepare_recording(
    market: Market,
    messages: NDArray[np.void],
    coverage: NDArray[np.void],
    until_ms: int,
    pause: Pause | None = None,
) -> Recording | None:
    """Walk over what is known by a time; ``None``: there are no candles.

    Parameters
    ----------
    market
        Candles closed later are not looked at.
    messages, coverage
        As for `count_messages`.
    until_ms
        UTC milliseconds.
    pause
        As for `consume`.
    """
    minutes = prepare_minutes(market.candles[market.candles["open_ms"] + MINUTE_MS <= until_ms])
    if not len(minutes):
        return None
    rows, _ = rows_over(minutes, FIT_WIDTH)
    volume = minutes.volume_usd
    reached = consume(minutes, volume, rows, pause=pause).reached_usd
    even = np.full(len(volume), volume.mean())
    counts = count_messages(minutes, messages, coverage)
    return Recording(
        minutes, reached, consume(minutes, even, rows, pause=pause).reached_usd, counts
    )


def score_recording(
    recording: Recording, market: Market, pause: Pause | None = None, *, has_baselines: bool = True
) -> tuple[ConditionalScores, ...]:
    """Score levels, in several ways of holding time out.

    Parameters
    ----------
    recording, market, pause
        As for `learn`.
    has_baselines
        Whether the price path and a table of leverages are scored beside distance alone.
    """
    if not has_baselines:
        return score_models(_own_models(recording), recording, pause)
    distance, levels, tiers, path = rate_models(recording, market, pause)
    models: list[Predictor] = [
        distance,
        levels,
        path,
        EnsembleModel(PATH_AND_LEVELS, (path, levels), holds_out=False),
        tiers,
        EnsembleModel(ENSEMBLE, (distance, levels, tiers, path)),
    ]
    return score_models(models, recording, pause)


def score_models(
    models: Sequence[Predictor], recording: Recording, pause: Pause | None = None
) -> tuple[ConditionalScores, ...]:
    """Score models on a recording, in several ways of holding time out."""
    open_ms, used = recording.minutes.open_ms, recording.counts.is_used
    found = []
    for name, make_folds in _WAYS:
        if pause is not None:
            pause()
        folds = make_folds(open_ms, used) if used.any() else []
        found.append(score_conditional(models, recording.counts, open_ms, folds, name, pause=pause))
    return tuple(found)


def rate_models(
    recording: Recording, market: Market, pause: Pause | None = None
) -> tuple[RateModel, RateModel, RateModel, RateModel]:
    """Return distance alone, levels, five leverages alike, and the price path.

    Causes of the first three are billions of USD reached.
    """
    minutes = recording.minutes
    rows, _ = rows_over(minutes, FIT_WIDTH, _MARGIN)
    table = market.brackets.in_force(market.symbol, int(minutes.open_ms[-1]))
    tiers = np.zeros((len(minutes), 2, 1))
    for side in range(2):
        walk = LevelWalk(rows, [leverage_ladder(side, EQUAL_MIX, table, FIT_WIDTH)])
        inputs = WalkInput.plain(minutes, minutes.volume_usd / _BILLION)
        tiers[:, side, 0] = walk.run(inputs, np.zeros(0, np.int64), pause).consumed_usd
    distance, levels = _own_models(recording)
    return distance, levels, RateModel(FIVE_TIERS, tiers), RateModel(PATH, path_terms(minutes))


def learn(
    recording: Recording | None,
    market: Market,
    now_ms: int,
    venue: str,
    pause: Pause | None = None,
) -> Learned:
    """Fit yields to a recording, and say whether they are to be used.

    The shipped table is the prior: a few messages scale it, many move its bins. What scores worse
    on time held out than what is in use is not taken. That time is the newest day, where the one in
    use was learned here too: it has not seen that either; otherwise the newest fifth.

    Parameters
    ----------
    recording
        ``None``: there are no candles.
    market
        With the fits so far.
    now_ms
        When this is, UTC milliseconds.
    venue
        Where it was recorded, as the database names it.
    pause
        As for `consume`.
    """
    prior, in_use = market.shipped, market.table_at(now_ms)
    if recording is None or prior is None or in_use is None:
        kind = NoteKind.NO_CANDLES if recording is None else NoteKind.NO_YIELDS
        return Learned(Learning.NOTHING, Fit(None, False, np.nan, (Note(kind),)), (), 0, 0)
    prior = prior.for_volume(market.volume)
    if prior.symbol != market.symbol:
        prior = replace(prior, is_provisional=True)
    scorings = score_recording(recording, market, pause, has_baselines=False)
    settings = FitSettings(
        name=f"{market.symbol} {_day(now_ms)}",
        venue=venue,
        symbol=market.symbol,
        source=f"own recording, {recording.messages} messages",
        fitted_ms=now_ms,
    )
    if pause is not None:
        pause()
    score = least_favourable(scorings, LEVELS)
    if score is not None and not np.isfinite(score.over_distance.low):
        score = None
    held_out = None
    if in_use in market.fits:
        begins_ms = max(in_use.data_until_ms, now_ms - _DAY_MS)
        held_out = recording.minutes.open_ms >= begins_ms
    fit = fit_and_compare(
        recording.minutes,
        recording.reached_usd,
        recording.counts,
        prior,
        in_use,
        settings,
        score,
        held_out,
        pause,
    )
    result = _result(fit, recording, held_out)
    minutes = int(recording.counts.is_used.sum())
    return Learned(result, fit, scorings, recording.messages, minutes)


def _result(fit: Fit, recording: Recording, held_out: NDArray[np.bool_] | None) -> Learning:
    if fit.table is None:
        return Learning.NOTHING
    if held_out is not None:
        new = held_out & recording.counts.is_used
        if recording.counts.messages[new].sum() < _LEAST_NEW:
            return Learning.WAITING
    is_alike = np.isfinite(fit.gain_bits) and fit.gain_bits > -_ALIKE_BITS
    return Learning.TAKEN if fit.is_taken or is_alike else Learning.WORSE


@dataclass(frozen=True, slots=True)
class Reliability:
    """Minutes for which about as much was expected, and what came in them.

    Attributes
    ----------
    minutes
        How many, of both sides.
    expected, came
        Messages.
    """

    minutes: int
    expected: float
    came: float


def reliability(recording: Recording) -> tuple[Reliability, ...]:
    """Compare what levels expect of minutes that were held out with what came, from little to much.

    Each part of the time is foretold from what came before it. Empty where there is too little.
    """
    counts, used = recording.counts.messages, recording.counts.is_used
    model = RateModel(LEVELS, recording.reached_usd / _BILLION, Shrinkage(falling_shape()))
    expected: list[NDArray[np.float64]] = []
    came: list[NDArray[np.float64]] = []
    folds = walk_forward(recording.minutes.open_ms, used) if used.any() else []
    for fold in folds:
        if counts[fold.train].any():
            expected.append(model.predict(counts, fold.train)[fold.test].ravel())
            came.append(counts[fold.test].ravel())
    if not expected:
        return ()
    foretold, happened = np.concatenate(expected), np.concatenate(came)
    order = np.argsort(foretold, kind="stable")
    # Groups that expect the same number of messages in all, so that each tells as much.
    share = np.cumsum(foretold[order]) / max(float(foretold.sum()), 1e-12)
    group = np.minimum((share * _GROUPS).astype(np.int64), _GROUPS - 1)
    return tuple(
        Reliability(
            int((group == k).sum()),
            float(foretold[order][group == k].sum()),
            float(happened[order][group == k].sum()),
        )
        for k in range(_GROUPS)
        if (group == k).any()
    )


def _own_models(recording: Recording) -> tuple[RateModel, RateModel]:
    shrunk = Shrinkage(falling_shape())
    return (
        RateModel(DISTANCE, recording.even_usd / _BILLION, shrunk),
        RateModel(LEVELS, recording.reached_usd / _BILLION, shrunk),
    )


def _day(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1_000, UTC).strftime("%Y-%m-%d")
