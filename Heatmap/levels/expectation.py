"""Rates of a sum of causes, learned from counts by expectation maximisation (EM).

``y[t] ~ Poisson(sum_k w[k] x[t, k])`` with gamma priors on the rates: each count is shared out
among its possible causes in proportion to what each would have given, and each rate becomes what
it was given over its exposure. A prior of `a` pseudo-events with the mean `m` adds `a` events and
the exposure ``a / m``.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_MAX_ITERATIONS = 2_000
_TOLERANCE = 1e-6
# Normal quantile of a 90 % interval.
_Z_90 = 1.645
# Of the largest exposure.
_LEAST_SHARE = 1e-9
# Below this a rate counts as none.
_TINY = 1e-300
# Numbers that are worked through between two pauses: a few milliseconds.
_NUMBERS_PER_PAUSE = 1_000_000

Pause = Callable[[], None]
"""Called every few milliseconds of work, so that others get their turn; what it raises ends it."""


@dataclass(frozen=True, slots=True)
class Rates:
    """Rates with what carries them.

    Attributes
    ----------
    values : (k,) float64
        Events per unit of exposure.
    assigned : (k,) float64
        Events that were given to each cause.
    exposure : (k,) float64
        Sum of each cause over all times.
    interval_90 : (k, 2) float64
        From the sandwich estimate on the logarithms, with whole blocks of time as the units that
        are independent; the prior counts as further data.
    """

    values: NDArray[np.float64]
    assigned: NDArray[np.float64]
    exposure: NDArray[np.float64]
    interval_90: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known of some causes and of what came: all that rates are learned from.

    Attributes
    ----------
    exposure : (k,) float64
        Sum of each cause over all times.
    causes : (m, k) float64
        At the times with events; at least 0.
    counts : (m,) float64
        Events at these times; above 0.
    times
        How many times there are in all.
    """

    exposure: NDArray[np.float64]
    causes: NDArray[np.float64]
    counts: NDArray[np.float64]
    times: int

    @classmethod
    def of(
        cls,
        causes: NDArray[np.float64],
        counts: NDArray[np.float64],
        chosen: NDArray[np.bool_] | None = None,
    ) -> "Evidence":
        """Gather it from causes (n, k) and counts (n,); `chosen` (n,): only of these times."""
        is_event = counts > 0
        if chosen is None:
            return cls(causes.sum(axis=0), causes[is_event], counts[is_event], len(counts))
        is_event &= chosen
        # Without a copy of all chosen rows, and without threads that wait for one another.
        exposure = np.einsum("n,nk->k", chosen.astype(np.float64), causes)
        return cls(exposure, causes[is_event], counts[is_event], int(chosen.sum()))

    def joined(self, other: "Evidence") -> "Evidence":
        """Return both together, as if they were of further times."""
        return Evidence(
            self.exposure + other.exposure,
            np.concatenate([self.causes, other.causes]),
            np.concatenate([self.counts, other.counts]),
            self.times + other.times,
        )

    def merged(self, weights: NDArray[np.float64]) -> "Evidence":
        """Return it with one cause in the place of all: their weighted sum."""
        exposure = np.array([float(self.exposure @ weights)])
        return Evidence(exposure, (self.causes @ weights)[:, None], self.counts, self.times)

    def with_background(self) -> "Evidence":
        """Return it with one more cause that is always there; it comes last."""
        always = np.ones((len(self.counts), 1))
        return Evidence(
            np.append(self.exposure, float(self.times)),
            np.concatenate([self.causes, always], axis=1),
            self.counts,
            self.times,
        )


def learn_rates(
    causes: NDArray[np.float64],
    counts: NDArray[np.float64],
    prior_mean: NDArray[np.float64],
    pseudo_events: NDArray[np.float64],
    blocks: NDArray[np.int64] | None = None,
    pause: Pause | None = None,
) -> Rates:
    """Learn the rates of causes.

    Parameters
    ----------
    causes : (n, k) float64
        Exposure of each cause at each time; at least 0.
    counts : (n,) float64
        Events at each time.
    prior_mean : (k,) float64
        Events per unit; above 0 where there are pseudo-events.
    pseudo_events : (k,) float64
        Weight of each prior; 0: none.
    blocks : (n,) int64
        Number of the block of time that each belongs to, in order; ``None``: no intervals, they
        are NaN.
    pause
        ``None``: nobody else waits.
    """
    evidence = Evidence.of(causes, counts)
    values, assigned = learn_values(evidence, prior_mean, pseudo_events, pause)
    interval: NDArray[np.float64] = np.full((len(values), 2), np.nan)
    if blocks is not None:
        interval = _intervals(causes, evidence, values, pseudo_events, blocks, counts > 0)
    return Rates(values, assigned, evidence.exposure, interval)


def learn_values(
    evidence: Evidence,
    prior_mean: NDArray[np.float64],
    pseudo_events: NDArray[np.float64],
    pause: Pause | None = None,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Learn rates alone; return their values and the events that each was given, (k,) each."""
    exposure, seen, happened = evidence.exposure, evidence.causes, evidence.counts
    has_prior = pseudo_events > 0
    prior_exposure = np.zeros(len(exposure))
    np.divide(pseudo_events, prior_mean, out=prior_exposure, where=has_prior)
    # What rounding left of a cause that never happened is no exposure.
    is_there = has_prior | (exposure > _LEAST_SHARE * exposure.max(initial=0.0))
    divisor = np.where(is_there, exposure + prior_exposure, 0.0)
    has_divisor = divisor > 0
    # Where nothing is known a cause starts as likely as all events by all exposure.
    start = np.where(has_prior, prior_mean, happened.sum() / max(exposure.sum(), _TINY))
    values = np.where(has_divisor, start, 0.0)
    assigned = np.zeros(len(values))
    # In events: no cause moves by a thousandth of one any more.
    least = max(_TOLERANCE * happened.sum(), _TOLERANCE)
    rounds = max(_NUMBERS_PER_PAUSE // max(seen.size, 1), 1)
    for number in range(_MAX_ITERATIONS):
        if pause is not None and not number % rounds:
            pause()
        expected = seen @ values
        np.maximum(expected, _TINY, out=expected)
        np.divide(happened, expected, out=expected)
        assigned = values * (expected @ seen)
        new = np.zeros(len(values))
        np.divide(pseudo_events + assigned, divisor, out=new, where=has_divisor)
        change = np.abs(new - values) * divisor
        values = new
        if change.max(initial=0.0) < least:
            break
    return values, assigned


def _intervals(
    causes: NDArray[np.float64],
    evidence: Evidence,
    values: NDArray[np.float64],
    pseudo_events: NDArray[np.float64],
    blocks: NDArray[np.int64],
    is_event: NDArray[np.bool_],
) -> NDArray[np.float64]:
    parts = evidence.causes * values
    expected = np.maximum(parts.sum(axis=1), _TINY)
    ratio = evidence.counts / expected
    # Of each block: what came to each cause, without what was expected of it.
    starts = np.flatnonzero(np.diff(blocks, prepend=blocks[:1] - 1))
    by_block = np.add.reduceat(causes, starts, axis=0) * -values
    np.add.at(
        by_block,
        np.searchsorted(starts, np.flatnonzero(is_event), side="right") - 1,
        parts * ratio[:, None],
    )
    weighted = parts * (ratio / expected)[:, None]
    curvature = weighted.T @ parts + np.diag(pseudo_events)
    spread = by_block.T @ by_block + np.diag(pseudo_events)
    # A cause without data and prior has no curvature; it stays without an interval.
    inverse = np.linalg.pinv(curvature, hermitian=True)
    variance = np.diag(inverse @ spread @ inverse)
    reach = np.exp(_Z_90 * np.sqrt(np.clip(variance, 0.0, 100.0)))
    is_known = np.diag(curvature) > 0
    low = np.where(is_known, values / reach, 0.0)
    high = np.where(is_known, values * reach, np.inf)
    return np.stack([low, high], axis=1)
