"""What an ensemble said stood at some times: each part as a walk, added up as rates. Pure.

The newest column is what `standing_ensemble` gives, but on the rows of the newest minute, which
are 0 here.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from Heatmap.levels.arrays import LONGS, SHORTS
from Heatmap.levels.ensemble_table import EnsembleTable
from Heatmap.levels.ladders import Ladder, bin_ladder, joined, leverage_ladder
from Heatmap.levels.learn import FIVE_TIERS, LEVELS
from Heatmap.levels.market import Market
from Heatmap.levels.minutes import Minutes
from Heatmap.levels.models import EQUAL_MIX
from Heatmap.levels.price_rows import LogRows
from Heatmap.levels.scoring.conditional import DISTANCE
from Heatmap.levels.walk import LevelWalk, WalkInput


def ensemble_columns(
    market: Market,
    minutes: Minutes,
    rows: LogRows,
    column_ms: NDArray[np.int64],
    pause: Callable[[], None] | None = None,
) -> NDArray[np.float64]:
    """Return what stood at each time by the ensemble valid then. Nothing later is looked at.

    Parameters
    ----------
    market
        Its ensembles and brackets are used.
    minutes
        All that are known.
    rows
        A basis point each, as in the fit.
    column_ms : (m,) int64
        Rising, UTC milliseconds.
    pause
        As for `consume`.

    Returns
    -------
    (m, rows.count) float64, USD
        0 where no ensemble is known, or no minute.
    """
    usd = np.zeros((len(column_ms), rows.count))
    ends = np.searchsorted(minutes.closes_ms, column_ms, side="right")
    tables = [market.ensemble_at(at) for at in column_ms.tolist()]
    first = 0
    while first < len(tables):
        stop = first + 1
        while stop < len(tables) and tables[stop] == tables[first]:
            stop += 1
        table = tables[first]
        if table is not None and ends[stop - 1] > 0:
            at_ms = int(column_ms[stop - 1])
            usd[first:stop] = _of_table(
                market, table, minutes, rows, ends[first:stop], at_ms, pause
            )
        first = stop
    return usd


def _of_table(
    market: Market,
    table: EnsembleTable,
    minutes: Minutes,
    rows: LogRows,
    ends: NDArray[np.int64],
    at_ms: int,
    pause: Callable[[], None] | None,
) -> NDArray[np.float64]:
    volume = minutes.volume_usd

    def walked(ladder: Ladder, entries: NDArray[np.float64]) -> NDArray[np.float64]:
        given = WalkInput.plain(minutes, entries).until(int(ends[-1]))
        found = LevelWalk(rows, [ladder]).run(given, ends, pause).columns
        return np.asarray(found, np.float64)

    usd = np.zeros((len(ends), rows.count))
    if table.part(LEVELS) is not None:
        usd += walked(_by_bins(table.usd_per_usd(LEVELS), rows), volume)
    if table.part(DISTANCE) is not None:
        # The same entry every minute. What stands is in proportion to it, so that each column can
        # have the mean of the minutes that it knows.
        known = np.maximum(ends, 1)
        means = np.cumsum(volume)[known - 1] / known
        entry = float(volume.mean())
        even = walked(_by_bins(table.usd_per_usd(DISTANCE), rows), np.full(len(volume), entry))
        usd += even * (means / entry if entry > 0 else np.zeros(len(ends)))[:, None]
    if table.part(FIVE_TIERS) is not None:
        brackets = market.brackets.in_force(market.symbol, at_ms)
        for side in (LONGS, SHORTS):
            ladder = leverage_ladder(side, EQUAL_MIX, brackets, rows.width)
            usd += walked(ladder, volume) * float(table.usd_per_usd(FIVE_TIERS)[side].sum())
    usd[ends == 0] = 0.0
    return usd


def _by_bins(yields: NDArray[np.float64], rows: LogRows) -> Ladder:
    return joined([bin_ladder(side, yields[side], rows.width) for side in (LONGS, SHORTS)])
