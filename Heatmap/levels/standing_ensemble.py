"""What an ensemble says stands: the levels of its parts, added up as rates."""

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from Heatmap.levels.arrays import LONGS, SHORTS
from Heatmap.levels.consumption import consume
from Heatmap.levels.ensemble_table import EnsembleTable
from Heatmap.levels.ladders import leverage_ladder
from Heatmap.levels.learn import FIVE_TIERS, LEVELS
from Heatmap.levels.market import Market, clock_decay
from Heatmap.levels.minutes import Minutes
from Heatmap.levels.models import EQUAL_MIX
from Heatmap.levels.price_rows import FIT_WIDTH, LogRows
from Heatmap.levels.scoring.conditional import DISTANCE
from Heatmap.levels.walk import LevelWalk, WalkInput


def standing_ensemble(
    market: Market,
    table: EnsembleTable,
    minutes: Minutes,
    rows: LogRows,
    at_ms: int,
    half_life_ms: float | None = None,
    pause: Callable[[], None] | None = None,
) -> NDArray[np.float64]:
    """Return the expected USD of each row, (rows.count,) float64.

    Parameters
    ----------
    market
        Its brackets are used.
    table
        The parts. What the price path explains has no price, and is not among it.
    minutes
        All that are known.
    rows
        A basis point each, as in the fit.
    at_ms
        As of when, UTC milliseconds.
    half_life_ms
        As in `ModelOptions`.
    pause
        As for `consume`.
    """
    volume = minutes.volume_usd
    decay = clock_decay(minutes, half_life_ms)
    usd = np.zeros(rows.count)
    for name, entries in ((LEVELS, volume), (DISTANCE, np.full(len(volume), volume.mean()))):
        if table.part(name) is not None:
            walked = consume(minutes, entries, rows, decay, with_standing=True, pause=pause)
            usd += np.einsum("sbr,sb->r", walked.standing_usd, table.usd_per_usd(name))
    brackets = market.brackets.in_force(market.symbol, at_ms)
    per_usd = table.usd_per_usd(FIVE_TIERS)
    for side in (LONGS, SHORTS) if table.part(FIVE_TIERS) is not None else ():
        walk = LevelWalk(rows, [leverage_ladder(side, EQUAL_MIX, brackets, FIT_WIDTH)])
        given = WalkInput(minutes, volume[:, None], decay, np.zeros(len(minutes)))
        walk.run(given, np.zeros(0, np.int64), pause)
        usd += walk.standing_usd * per_usd[side].sum()
    return usd


def path_share(table: EnsembleTable, path: str) -> float:
    """Return the part of all messages that the price path explains; 0: it is no part."""
    part = table.part(path)
    return 0.0 if part is None or not math.isfinite(part.share) else part.share
