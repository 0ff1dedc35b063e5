"""Liquidations per minute and side, in the minutes that are proven to have been recorded."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from Heatmap.levels.arrays import LONGS, MINUTE_MS, SHORTS
from Heatmap.levels.minutes import Minutes


@dataclass(frozen=True, slots=True)
class Counts:
    """What was liquidated in each minute.

    Attributes
    ----------
    messages : (n, 2) float64
        Number of messages per side.
    usd : (n, 2) float64
        Their notional.
    is_used : (n,) bool
        The whole minute was covered, and follows another one of known volume. A blind minute is
        not a quiet one.
    """

    messages: NDArray[np.float64]
    usd: NDArray[np.float64]
    is_used: NDArray[np.bool_]


def count_messages(
    minutes: Minutes,
    messages: NDArray[np.void],
    coverage: NDArray[np.void],
    bar_ms: int = MINUTE_MS,
) -> Counts:
    """Sort liquidations into minutes.

    Parameters
    ----------
    minutes
        In order of time.
    messages : (m,)
        With the fields of `MESSAGE_DTYPE`, in any order. Those outside all minutes are left out,
        and so are those whose notional is unknown or not above 0.
    coverage : (k,) INTERVAL_DTYPE
        When recording is proven; may touch each other, must not overlap.
    bar_ms
        How long a "minute" lasts, milliseconds.
    """
    n = len(minutes)
    number, usd = np.zeros((n, 2)), np.zeros((n, 2))
    if n:
        is_good = np.isfinite(messages["notional"]) & (messages["notional"] > 0)
        messages = messages[is_good]
        at = np.searchsorted(minutes.open_ms, messages["ts_ms"], side="right") - 1
        is_inside = (at >= 0) & (messages["ts_ms"] < minutes.open_ms[at] + bar_ms)
        at, messages = at[is_inside], messages[is_inside]
        side = np.where(messages["is_long"], LONGS, SHORTS)
        np.add.at(number, (at, side), 1.0)
        np.add.at(usd, (at, side), messages["notional"])
    return Counts(number, usd, _covered(minutes.open_ms, coverage, bar_ms) & minutes.follows)


def _covered(
    open_ms: NDArray[np.int64], coverage: NDArray[np.void], bar_ms: int
) -> NDArray[np.bool_]:
    coverage = np.sort(coverage, order="from_ms")
    if not len(coverage):
        return np.zeros(len(open_ms), np.bool_)
    # Intervals that touch are one.
    starts = np.concatenate([[True], coverage["from_ms"][1:] > coverage["until_ms"][:-1]])
    first = coverage["from_ms"][starts]
    last = coverage["until_ms"][np.concatenate([starts[1:], [True]])]
    at = np.searchsorted(first, open_ms, side="right") - 1
    return np.asarray((at >= 0) & (open_ms + bar_ms <= last[np.maximum(at, 0)]))
