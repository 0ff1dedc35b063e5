"""Yields fitted from a recording: first one factor per side, then the bins, as far as data carry.

The prior is a table that is known already, the shipped one at first. With few messages the fit is
the prior, scaled; each bin moves away from it as its own messages outweigh the prior's.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from Heatmap.levels.counts import Counts
from Heatmap.levels.expectation import Evidence, Pause, Rates, learn_rates, learn_values
from Heatmap.levels.ladders import DISTANCE_EDGES_PCT
from Heatmap.levels.minutes import Minutes
from Heatmap.levels.notes import Note, NoteKind
from Heatmap.levels.scoring.bootstrap import BLOCK_MS, ratio_of_sums
from Heatmap.levels.scoring.folds import hours_out
from Heatmap.levels.scoring.negative_binomial import fit_dispersion, log_scores
from Heatmap.levels.yields import BinYield, Estimate, Score, YieldTable

#: Weight of the prior of each side's factor, pseudo-messages: little, its unit may be wrong.
FACTOR_EVENTS = 5.0
#: Weight of the prior of each bin, pseudo-messages.
BIN_EVENTS = 30.0
#: Lighter weights, taken only where the recording itself refutes the prior: where a fit with them
#: foretells hours that were held out better, by more than twice the standard error.
LIGHTER_EVENTS = (3.0, 0.3)
#: With fewer messages the prior is not put to that test.
LEAST_FOR_TEST = 500
#: Weight of the prior of the mean notional, messages.
_SIZE_EVENTS = 20.0
#: With fewer messages the dollars stay provisional.
LEAST_MESSAGES = 20
# Part of the time on which a fit is held against the one in use.
_HELD_OUT = 0.2
_BILLION = 1e9
# Standard errors.
_SURE = 2.0


@dataclass(frozen=True, slots=True)
class FitSettings:
    """What a fit is of, and how it is weighted.

    Attributes
    ----------
    name, venue, symbol, source
        As in `YieldTable`.
    fitted_ms
        UTC milliseconds.
    bin_events, factor_events
        Weights of the priors, pseudo-messages.
    may_lighten
        The weight of the bins' prior may become lighter where the recording refutes it.
    """

    name: str
    venue: str
    symbol: str
    source: str
    fitted_ms: int
    bin_events: float = BIN_EVENTS
    factor_events: float = FACTOR_EVENTS
    may_lighten: bool = True


@dataclass(frozen=True, slots=True)
class Fit:
    """A fit, or why there is none.

    Attributes
    ----------
    table
        ``None``: nothing could be fitted.
    is_taken
        It did not score worse on time held out than the table in use.
    gain_bits
        Bits per message more than the table in use on that time; NaN where nothing was held out.
    notes
        Why there is no table, or what is provisional.
    """

    table: YieldTable | None
    is_taken: bool
    gain_bits: float
    notes: tuple[Note, ...]


def fit_yields(
    minutes: Minutes,
    reached_usd: NDArray[np.float64],
    counts: Counts,
    prior: YieldTable,
    settings: FitSettings,
    score: Score | None = None,
    pause: Pause | None = None,
) -> Fit:
    """Fit yields on all minutes that are used.

    Parameters
    ----------
    minutes
        In order of time.
    reached_usd : (n, 2, N_BINS) float64
        From `consume`, with the same entries that a map will use.
    counts
        Of the same minutes.
    prior
        For the same market's volume, see `YieldTable.for_volume`.
    settings
        What the fit is of.
    score
        What is known of its skill; kept in the table.
    pause
        ``None``: nobody else waits.
    """
    used = counts.is_used
    if not used.any():
        return Fit(None, False, np.nan, (Note(NoteKind.NO_COVERAGE),))
    if not counts.messages[used].any():
        return Fit(None, False, np.nan, (Note(NoteKind.NO_MESSAGES, int(used.sum())),))
    blocks = minutes.open_ms[used] // BLOCK_MS
    reached, happened = reached_usd[used], counts.messages[used]
    events = settings.bin_events
    if settings.may_lighten and happened.sum() >= LEAST_FOR_TEST:
        events = _weight_of_prior(reached, happened, minutes.open_ms[used], prior, settings, pause)
    sides, factors, background = [], [], []
    for side in range(2):
        factor, rates = _learn_side(
            reached[:, side],
            happened[:, side],
            prior.messages_per_usd[side],
            events,
            settings.factor_events,
            blocks,
            pause,
        )
        mean = factor * prior.messages_per_usd[side]
        sides.append(_bins(rates, mean, events))
        factors.append(prior.factors[side] * factor)
        background.append(float(rates.values[-1]))
    total = int(counts.messages[used].sum())
    is_provisional = prior.is_provisional and total < LEAST_MESSAGES
    table = YieldTable(
        name=settings.name,
        version=1,
        venue=settings.venue,
        symbol=settings.symbol,
        fitted_ms=settings.fitted_ms,
        volume=prior.volume,
        data_from_ms=int(minutes.open_ms[used][0]),
        data_until_ms=int(minutes.closes_ms[used][-1]),
        minutes=int(used.sum()),
        source=settings.source,
        usd_per_message=_mean_size(minutes, counts, prior, pause),
        background_per_minute=(background[0], background[1]),
        factors=(factors[0], factors[1]),
        is_provisional=is_provisional,
        longs=sides[0],
        shorts=sides[1],
        score=score,
        notes=(f"prior: {prior.name}, {events:g} pseudo-messages a bin",),
    )
    notes = (Note(NoteKind.PROVISIONAL_USD, total),) if is_provisional else ()
    return Fit(table, True, np.nan, notes)


def fit_and_compare(
    minutes: Minutes,
    reached_usd: NDArray[np.float64],
    counts: Counts,
    prior: YieldTable,
    in_use: YieldTable,
    settings: FitSettings,
    score: Score | None = None,
    held_out: NDArray[np.bool_] | None = None,
    pause: Pause | None = None,
) -> Fit:
    """Fit yields, and say whether they are to be taken.

    Some minutes are held out: what was fitted on the rest is scored there beside the table in use.
    A fit that scores worse is not taken. The table that is returned is fitted on everything.

    Parameters
    ----------
    minutes, reached_usd, counts, prior, settings, score, pause
        As for `fit_yields`.
    in_use
        What the fit would replace.
    held_out : (n,) bool
        Minutes that the table in use has not seen either; ``None``: the newest fifth of those that
        are used.
    """
    whole = fit_yields(minutes, reached_usd, counts, prior, settings, score, pause)
    if whole.table is None:
        return whole
    used = np.flatnonzero(counts.is_used)
    later: NDArray[np.bool_] = np.zeros(len(minutes), np.bool_)
    if held_out is None:
        later[used[int(len(used) * (1 - _HELD_OUT)) :]] = True
    else:
        later |= held_out & counts.is_used
    earlier = Counts(counts.messages, counts.usd, counts.is_used & ~later)
    trial = fit_yields(minutes, reached_usd, earlier, prior, settings, pause=pause).table
    events = float(counts.messages[later].sum())
    if trial is None or not events:
        return whole
    gained = 0.0
    for table, sign in ((trial, 1.0), (in_use, -1.0)):
        fitted = expected_messages(table, reached_usd)
        is_train = earlier.is_used
        dispersion = fit_dispersion(counts.messages[is_train], fitted[is_train], pause)
        gained += sign * float(log_scores(counts.messages[later], fitted[later], dispersion).sum())
    bits = gained / np.log(2) / events
    return Fit(whole.table, bits >= 0, bits, whole.notes)


def expected_messages(table: YieldTable, reached_usd: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the messages that a table expects of each minute and side, (n, 2)."""
    return np.asarray(
        np.einsum("nsb,sb->ns", reached_usd, table.messages_per_usd)
        + np.array(table.background_per_minute)
    )


def _learn_side(
    reached: NDArray[np.float64],
    happened: NDArray[np.float64],
    known: NDArray[np.float64],
    events: float,
    factor_events: float,
    blocks: NDArray[np.int64],
    pause: Pause | None,
) -> tuple[float, Rates]:
    """Learn one side: the factor of its prior, then its bins, beside a background that is last."""
    factor = _learn_factor(Evidence.of(reached, happened), known, factor_events, pause)
    causes = np.concatenate([reached, np.ones((len(reached), 1))], axis=1)
    weights, means = _prior(factor * known, events)
    return factor, learn_rates(causes, happened, means, weights, blocks, pause)


def _learn_factor(
    evidence: Evidence, known: NDArray[np.float64], events: float, pause: Pause | None
) -> float:
    """Return by what the rates that are known are to be multiplied."""
    weights, means = _prior(np.ones(1), events)
    merged = evidence.merged(known).with_background()
    return float(learn_values(merged, means, weights, pause)[0][0])


def _prior(
    means: NDArray[np.float64], events: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return weights and means of the priors; the background, which comes last, has none."""
    return np.append(np.where(means > 0, events, 0.0), 0.0), np.append(means, 0.0)


def _weight_of_prior(
    reached: NDArray[np.float64],
    happened: NDArray[np.float64],
    open_ms: NDArray[np.int64],
    prior: YieldTable,
    settings: FitSettings,
    pause: Pause | None,
) -> float:
    """Return the weight of the bins' prior: lighter only where the recording refutes it."""
    weights = (settings.bin_events, *LIGHTER_EVENTS)
    scores = np.zeros((len(weights), len(open_ms)))
    for fold in hours_out(open_ms, np.ones(len(open_ms), np.bool_), groups=2):
        for side in range(2):
            causes, seen = reached[:, side], happened[:, side]
            evidence, known = Evidence.of(causes, seen, fold.train), prior.messages_per_usd[side]
            factor = _learn_factor(evidence, known, settings.factor_events, pause)
            for number, events in enumerate(weights):
                pseudo, means = _prior(factor * known, events)
                rates, _ = learn_values(evidence.with_background(), means, pseudo, pause)
                expected = causes @ rates[:-1] + rates[-1]
                dispersion = fit_dispersion(seen[fold.train], expected[fold.train], pause)
                scored = log_scores(seen[fold.test], expected[fold.test], dispersion)
                scores[number, fold.test] += scored
    best = 0
    for number in range(1, len(weights)):
        if _is_surely_better(scores[number] - scores[best], open_ms):
            best = number
    return weights[best]


def _is_surely_better(gain: NDArray[np.float64], open_ms: NDArray[np.int64]) -> bool:
    _, block = np.unique(open_ms // BLOCK_MS, return_inverse=True)
    sums = np.bincount(block, gain)
    return bool(sums.sum() > _SURE * np.sqrt(len(sums)) * sums.std())


def _bins(rates: Rates, mean: NDArray[np.float64], events: float) -> tuple[BinYield, ...]:
    bins = []
    for k, (low, high) in enumerate(pairwise(DISTANCE_EDGES_PCT)):
        exposure = float(rates.exposure[k])
        of_prior = events / float(mean[k]) if mean[k] > 0 else 0.0
        share = exposure / (exposure + of_prior) if exposure else 0.0
        bins.append(
            BinYield(
                low,
                high,
                Estimate(
                    float(rates.values[k]) * _BILLION,
                    float(rates.interval_90[k, 0]) * _BILLION,
                    float(rates.interval_90[k, 1]) * _BILLION,
                ),
                exposure / _BILLION,
                float(rates.assigned[k]),
                share,
            )
        )
    return tuple(bins)


def _mean_size(
    minutes: Minutes, counts: Counts, prior: YieldTable, pause: Pause | None
) -> Estimate:
    used = counts.is_used
    usd, number = counts.usd[used].sum(axis=1), counts.messages[used].sum(axis=1)
    random = np.random.default_rng(0)
    own = ratio_of_sums(usd, number, minutes.open_ms[used], random, pause=pause)
    weight = float(number.sum())
    share = weight / (weight + _SIZE_EVENTS)
    known = prior.usd_per_message
    return Estimate(
        own.value * share + known.value * (1 - share),
        own.low * share + known.low * (1 - share),
        own.high * share + known.high * (1 - share),
    )
