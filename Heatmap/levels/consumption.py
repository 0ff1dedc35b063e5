"""How much entry notional each minute reached, per side and distance bin.

A row that is reached gives up what was entered since it was last reached. So it is enough to keep,
for each row, the sums of entries up to each bin edge as they were then; the difference to now is
what is consumed. An entry lies evenly in its row, and a bin evenly in log distance, as in
`ladders.bin_ladder`: the walk with that ladder consumes the same.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from Heatmap.levels.arrays import LONGS, SHORTS
from Heatmap.levels.ladders import N_BINS, log_edges
from Heatmap.levels.minutes import Minutes
from Heatmap.levels.price_rows import LogRows

# Columns of the sums: the edges of longs from near to far, then those of shorts.
_N_EDGES = N_BINS + 1
_MAX_EXPONENT = 30.0
# A few milliseconds of work.
_MINUTES_PER_SLICE = 200


@dataclass(frozen=True, slots=True)
class Consumption:
    """What was reached.

    Attributes
    ----------
    reached_usd : (n, 2, N_BINS) float64
        Entry notional of each side and bin whose level the minute reached first.
    standing_usd : (2, N_BINS, rows.count) float64
        What is left at the end on each row. Empty where it was not asked for.
    rows
        The grid.
    """

    reached_usd: NDArray[np.float64]
    standing_usd: NDArray[np.float64]
    rows: LogRows


def consume(
    minutes: Minutes,
    entries_usd: NDArray[np.float64],
    rows: LogRows,
    decay: NDArray[np.float64] | None = None,
    *,
    with_standing: bool = False,
    pause: Callable[[], None] | None = None,
) -> Consumption:
    """Walk over minutes and add up what each reached.

    Parameters
    ----------
    minutes
        In order of time.
    entries_usd : (n,) float64
        Entries of each minute; each side gets as much.
    rows
        Must cover the prices; what is reached outside is not seen.
    decay : (n,) float64
        By how much the exponent of the decay grows before each minute; ``None``: nothing decays.
    with_standing
        Whether to tell what is left; only where `rows` reach.
    pause
        Called every few milliseconds of work; what it raises ends the walk. ``None``: nothing is.
    """
    n = len(minutes)
    entered = rows.rows(minutes.log_entries)
    is_covered = not n or (entered.min() >= 0 and entered.max() < rows.count)
    # Entries outside are told apart as far as the farthest bin reaches.
    pad = 1 if is_covered else math.ceil(float(log_edges(LONGS)[-1]) / rows.width) + 2
    sums = np.zeros(rows.count + 2 * pad + 1)
    near, part = _edge_places(rows.width)
    index = np.arange(rows.count)[:, None] + near + pad
    index = np.clip(index, 0, len(sums) - 2)
    then = np.zeros((rows.count, 2 * _N_EDGES))
    raw = np.zeros((n, 2 * _N_EDGES))
    start, stop = (one.tolist() for one in rows.touched(minutes.log_low, minutes.log_high))
    places = (np.clip(entered, -pad, rows.count + pad - 1) + pad + 1).tolist()
    resets = minutes.resets.tolist()
    exponents, segments = _segments(n, decay)
    inflation = np.exp(exponents)
    amounts = (entries_usd * inflation / entered.shape[1]).tolist()
    for t in range(n):
        if pause is not None and not t % _MINUTES_PER_SLICE:
            pause()
        if t in segments:
            sums *= segments[t]
            then *= segments[t]
        if resets[t]:
            then[:] = _at_edges(sums, index, part)
        begin, end, amount = start[t], stop[t], amounts[t]
        if end > begin:
            now = _at_edges(sums, index[begin:end], part)
            kept = then[begin:end]
            np.subtract(now, kept, out=kept)
            kept.sum(axis=0, out=raw[t])
            kept[:] = now
        if amount:
            for place in places[t]:
                sums[place:] += amount
    raw /= inflation[:, None]
    standing: NDArray[np.float64] = np.zeros((2, N_BINS, 0))
    if with_standing:
        left = (_at_edges(sums, index, part) - then) / (inflation[-1] if n else 1.0)
        standing = _per_bin(left, rows.width).transpose(1, 2, 0)
    return Consumption(_per_bin(raw, rows.width), standing, rows)


def _edge_places(width: float) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return where the entries of a level in row 0 lie whose distance is at a bin's edge.

    As whole rows and parts: longs from near to far (their entries are above), then shorts.
    """
    longs, shorts = log_edges(LONGS) / width, log_edges(SHORTS) / width
    places = np.concatenate([0.5 + longs, 0.5 - shorts])
    near = np.floor(places).astype(np.int64)
    return near, places - near


def _segments(
    n: int, decay: NDArray[np.float64] | None
) -> tuple[NDArray[np.float64], dict[int, float]]:
    """Return each minute's exponent, and where the sums are scaled down so that it stays small."""
    if decay is None or not decay.any():
        return np.zeros(n), {}
    total = np.cumsum(decay)
    number = np.floor(total / _MAX_EXPONENT)
    starts = np.flatnonzero(np.diff(number, prepend=0.0) != 0)
    base = np.zeros(n)
    factors = {}
    before = 0.0
    for begin in starts.tolist():
        base[begin:] = total[begin]
        factors[begin] = math.exp(before - float(total[begin]))
        before = float(total[begin])
    return total - base, factors


def _at_edges(
    sums: NDArray[np.float64], index: NDArray[np.int64], part: NDArray[np.float64]
) -> NDArray[np.float64]:
    below = sums.take(index)
    return np.asarray(below + (sums.take(index + 1) - below) * part)


def _per_bin(sums: NDArray[np.float64], width: float) -> NDArray[np.float64]:
    """Turn sums up to edges into what is in each bin, (n, 2, N_BINS)."""
    longs = np.diff(sums[:, :_N_EDGES], axis=1) / (np.diff(log_edges(LONGS)) / width)
    shorts = -np.diff(sums[:, _N_EDGES:], axis=1) / (np.diff(log_edges(SHORTS)) / width)
    # A difference of sums may be below 0 by rounding.
    return np.maximum(np.stack([longs, shorts], axis=1), 0.0)
