"""Positions of the simulated market: opened by its volume, liquidated where the price comes.

Pure. Positions are opened in each minute in proportion to its quote volume (or evenly, for tests),
at prices of that minute. They stand from its end on, unless the price has passed them by then. A
position whose liquidation price is reached is liquidated; one that is not is closed by its holder
after two weeks. So a day is known from the two weeks before it, and there is no beginning at which
nothing stands.

What is stated here is the truth that a fit has to find: `PositionMix`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from Heatmap.levels.arrays import LONGS, SHORTS
from Heatmap.levels.brackets import BracketTable
from Heatmap.levels.liquidation_price import liquidation_distance
from Heatmap.standalone.exchange.market import FloatArray, IntArray
from Heatmap.standalone.exchange.random_stages import (
    Stage,
    even_shares_in_blocks,
    generator,
)
from Heatmap.standalone.exchange.simulated_bars import LOT, MINUTES, TICK_USD, USUAL_USD, MinuteBars

HOLDING_DAYS = 14
"""After so many days a position that still stands is closed by its holder."""
AVERAGED = -1
"""Number of the tier of averaged positions."""

BoolArray = npt.NDArray[np.bool_]

_SIDES = (LONGS, SHORTS)
# USD per position. The smallest lots are 0.001 and 0.002 BTC, hence the steps at 99 and 197.
_NOTIONAL_SHARE = (0.0, 0.035, 0.04, 0.10, 0.18, 0.25, 0.50, 0.75, 0.90, 0.95, 0.99, 1.0)
_NOTIONAL_USD = (95, 99, 190, 197, 290, 484, 1579, 6226, 22567, 43694, 285008, 2100000)
# Of so many positions in a row one is in each part of the sizes.
_SIZE_BLOCK = 100


class Entries(StrEnum):
    """What positions are opened by."""

    BY_VOLUME = "volume"
    EVEN = "even"


@dataclass(frozen=True, slots=True)
class PositionMix:
    """Which positions are opened.

    Attributes
    ----------
    entries
        By the minute's volume, or alike in every minute.
    per_busd
        Positions opened per 1e9 USD traded, longs and shorts.
    leverages
        Leverage, and its part of all positions; where a size may not have it, the highest that it
        may have. Isolated margin.
    averaged_distance
        All other positions have been added to, or share their margin with others. Their
        liquidation price is so far from their last entry, as a part of it: spread evenly over
        the logarithm between these two.
    """

    entries: Entries = Entries.BY_VOLUME
    per_busd: tuple[float, float] = (27.0, 41.0)
    leverages: tuple[tuple[float, float], ...] = (
        (150.0, 0.07),
        (125.0, 0.13),
        (100.0, 0.07),
        (20.0, 0.02),
        (10.0, 0.01),
    )
    averaged_distance: tuple[float, float] = (7e-4, 6e-3)

    @property
    def averaged_share(self) -> float:
        """Part of all positions that are averaged."""
        return 1.0 - sum(share for _leverage, share in self.leverages)


@dataclass(frozen=True, slots=True)
class Positions:
    """Positions opened on one day, in order of their minute on each side; all (n,).

    Attributes
    ----------
    minute
        int64, of the day.
    is_long
        bool.
    tier
        int64, index into `PositionMix.leverages`, or `AVERAGED`.
    level
        int64, ticks: the liquidation price.
    limit_cents
        int64, hundredths of a USD: the bankruptcy price, at which the order is sent.
    lots
        int64, thousandths of a coin.
    """

    minute: IntArray
    is_long: BoolArray
    tier: IntArray
    level: IntArray
    limit_cents: IntArray
    lots: IntArray

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self.minute)

    def at(self, chosen: IntArray | BoolArray) -> "Positions":
        """Return some of them."""
        return Positions(
            self.minute[chosen],
            self.is_long[chosen],
            self.tier[chosen],
            self.level[chosen],
            self.limit_cents[chosen],
            self.lots[chosen],
        )


@dataclass(frozen=True, slots=True)
class EndedPositions:
    """Positions that ended on one day.

    Attributes
    ----------
    minute : (n,) int64
        In which each was liquidated, ascending.
    liquidated
        They, each side of a minute in the order in which the price comes to them.
    closed
        Others, which were closed by their holders in the same minute of the day as they were
        opened.
    standing_lots
        Size of all that stood when the day began.
    """

    minute: IntArray
    liquidated: Positions
    closed: Positions
    standing_lots: int


def open_positions(
    seed: int, day: int, bars: MinuteBars, mix: PositionMix, table: BracketTable
) -> Positions:
    """Draw the positions that are opened on a day."""
    rng = generator(seed, Stage.POSITIONS, day)
    traded = bars.quote_volume if mix.entries is Entries.BY_VOLUME else np.full(MINUTES, USUAL_USD)
    sides = [_open_side(rng, side, traded, bars, mix, table) for side in _SIDES]
    return Positions(
        *(np.concatenate([getattr(side, name) for side in sides]) for name in Positions.__slots__)
    )


def _open_side(
    rng: np.random.Generator,
    side: int,
    traded: FloatArray,
    bars: MinuteBars,
    mix: PositionMix,
    table: BracketTable,
) -> Positions:
    sign = 1 if side == LONGS else -1
    minute = np.repeat(np.arange(MINUTES), rng.poisson(traded * (mix.per_busd[side] / 1e9)))
    count = len(minute)
    low, high = bars.low[minute], bars.high[minute]
    entry = (low + (high - low) * rng.random(count)) * TICK_USD
    sizes = even_shares_in_blocks(rng, count, _SIZE_BLOCK)
    usd = np.exp(np.interp(sizes, _NOTIONAL_SHARE, np.log(_NOTIONAL_USD)))
    lots = np.maximum(np.rint(usd / entry / LOT), 1).astype(np.int64)
    notional = lots * LOT * entry

    bounds = np.cumsum([share for _leverage, share in mix.leverages])
    tier = np.searchsorted(bounds, rng.random(count), side="right")
    is_averaged = tier == len(bounds)
    nearest, farthest = np.log(mix.averaged_distance)
    distance = np.exp(nearest + (farthest - nearest) * rng.random(count))
    isolated = np.flatnonzero(~is_averaged)
    usd = notional[isolated]
    asked = np.array([leverage for leverage, _share in mix.leverages])[tier[isolated]]
    leverage = np.minimum(asked, table.max_leverages[table.index(usd)])
    distance[isolated] = liquidation_distance(side, usd, leverage, table)

    level = np.rint(entry * (1 - sign * distance) / TICK_USD).astype(np.int64)
    there = lots * LOT * level * TICK_USD
    margin = table.maintenance_usd(there) / there
    limit = np.rint(level * (TICK_USD * 100) * (1 - sign * margin)).astype(np.int64)
    opened = Positions(
        minute,
        np.full(count, side == LONGS),
        np.where(is_averaged, AVERAGED, tier),
        level,
        limit,
        lots,
    )
    # Those that the price has passed when their minute ends are not followed.
    return opened.at(sign * (bars.close[minute] - level) > 0)


def end_positions(bars: Sequence[MinuteBars], opened: Sequence[Positions]) -> EndedPositions:
    """Find what the price of a day liquidates, and what is closed on it.

    Parameters
    ----------
    bars, opened
        Of `HOLDING_DAYS` days and of the day itself, which comes last.
    """
    today = bars[-1]
    lowest, highest = np.minimum.accumulate(today.low), np.maximum.accumulate(today.high)
    minutes, hit = [], []
    closed = opened[-1].at(np.zeros(0, np.int64))
    standing = 0
    # Reached between the end of a position's own day and the beginning of this one.
    low, high = np.iinfo(np.int64).max, np.iinfo(np.int64).min
    for age in range(1, len(bars)):
        own, cohort = bars[-1 - age], opened[-1 - age]
        left = cohort.at(_still_standing(own, cohort, low, high))
        low, high = min(low, int(own.low.min())), max(high, int(own.high.max()))
        standing += int(left.lots.sum())
        first: IntArray = np.where(
            left.is_long,
            np.searchsorted(-lowest, -left.level),
            np.searchsorted(highest, left.level),
        )
        is_hit = first < MINUTES
        if age == HOLDING_DAYS:
            is_hit &= first <= left.minute
            closed = left.at(~is_hit)
        minutes.append(first[is_hit])
        hit.append(left.at(is_hit))
    fresh = opened[-1]
    first = _first_reached(today, fresh)
    minutes.append(first[first < MINUTES])
    hit.append(fresh.at(first < MINUTES))
    liquidated = Positions(
        *(np.concatenate([getattr(one, name) for one in hit]) for name in Positions.__slots__)
    )
    reached = np.concatenate(minutes)
    # Longs from the highest down, shorts from the lowest up.
    along = np.where(liquidated.is_long, -liquidated.level, liquidated.level)
    order = np.lexsort((along, liquidated.is_long, reached))
    return EndedPositions(reached[order], liquidated.at(order), closed, standing)


def _still_standing(own: MinuteBars, cohort: Positions, low: int, high: int) -> BoolArray:
    """Tell which were not reached: on the rest of their own day, nor between `low` and `high`."""
    # Lowest and highest of what comes after each minute.
    rest_low = np.append(np.minimum.accumulate(own.low[::-1])[-2::-1], low)
    rest_high = np.append(np.maximum.accumulate(own.high[::-1])[-2::-1], high)
    return np.where(
        cohort.is_long,
        cohort.level < np.minimum(rest_low, low)[cohort.minute],
        cohort.level > np.maximum(rest_high, high)[cohort.minute],
    )


def _first_reached(bars: MinuteBars, positions: Positions) -> IntArray:
    """Return the first minute after its own in which each is reached; `MINUTES`: none."""
    found = np.full(len(positions), MINUTES)
    for is_long, reach in ((True, -bars.low), (False, bars.high)):
        mine = positions.is_long == is_long
        level = positions.level[mine] * (-1 if is_long else 1)
        found[mine] = _first_at_least(reach, positions.minute[mine] + 1, level)
    return found


def _first_at_least(values: IntArray, start: IntArray, bound: IntArray) -> IntArray:
    """Return the first index from `start` on whose value is not below `bound`; else the length."""
    count = len(values)
    # Largest of 1, 2, 4, ... values from each on; beyond the end nothing is reached.
    widths = [np.append(values, np.iinfo(np.int64).min)]
    while 1 << len(widths) <= count:
        half = 1 << (len(widths) - 1)
        index = np.minimum(np.arange(count + 1) + half, count)
        widths.append(np.maximum(widths[-1], widths[-1][index]))
    at = np.minimum(start, count)
    for power in range(len(widths) - 1, -1, -1):
        is_below = widths[power][at] < bound
        at = np.where(is_below, np.minimum(at + (1 << power), count), at)
    return at
