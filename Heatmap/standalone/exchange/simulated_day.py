"""One day of the simulated market from second to second: what is reported of it, and the price.

Pure functions of a seed, a day number (days since 1970), and what the day's positions and bars are.
The price runs through the levels that a minute liquidates one after the other, as it does where
each order pushes it to the next one; of a minute with more of them than the exchange reports,
about one a second, the others are not reported.

The distributions follow the recording of December 2024 (BTCUSDT, Binance USD-M, 1,844 messages).
"""

from dataclasses import dataclass

import numpy as np

from Heatmap.standalone.exchange.market import DAY_MS, FloatArray, IntArray
from Heatmap.standalone.exchange.random_stages import Stage, even_shares, generator
from Heatmap.standalone.exchange.simulated_bars import LOT, MINUTES, TICK_USD, MinuteBars
from Heatmap.standalone.exchange.simulated_positions import BoolArray, EndedPositions, Positions

# Seconds between two messages: cumulative share, quantile. Never under 0.988 s: one message per
# symbol and second.
_GAP_SHARE = (0.0, 0.01, 0.05, 0.10, 0.25, 0.50, 0.75, 0.90, 0.95, 0.99, 1.0)
_GAP_S = (0.988, 1.0, 1.02, 1.05, 1.38, 3.15, 14.0, 63.1, 128.0, 457.0, 1360.0)
_SHORTEST_S = 0.988
_MAX_PER_MINUTE = 27
# How far up in the gaps those between messages of one minute reach, and how much shorter they are
# where there are many.
_WITHIN_SHARE, _CROWDED = 0.79, 1.3
# A minute's messages lie between these seconds of it.
_FIRST_S, _LAST_S, _LONGEST_S = 1.5, 57.5, 50.0
# How strongly they are drawn to those of the minutes beside it; 1: not at all.
_RUN_POWER = 3.0
# Between the two sides of one minute the price has to turn.
_TURN_S = 1.2

# By how many basis points orders are filled beyond the level, and by how many more per USD.
_SLIP_SHARE = (0.0, 0.05, 0.10, 0.25, 0.50, 0.75, 0.90, 0.95, 0.99, 1.0)
_SLIP_BP = (-2.5, -1.2, -0.7, 0.2, 1.0, 2.1, 3.6, 5.0, 8.2, 34.0)
_SLIP_BP_PER_USD = 2.5e-6
# Push time less trade time, milliseconds.
_DELAY_SHARE = (0.0, 0.10, 0.50, 0.75, 0.90, 0.95, 0.98, 0.99, 0.995, 1.0)
_DELAY_MS = (1, 2, 3, 4, 5, 14, 90, 161, 385, 1251)
# Share of orders filled in several parts, by log10 of the notional.
_PARTIAL_LOG10_USD = (2.0, 2.5, 3.5, 4.5, 5.5)
_PARTIAL_SHARE = (0.0, 0.06, 0.24, 0.54, 0.92)
_AVERAGED_SHARE = 0.044  # fills at an average of two prices, off the tick
_LIMIT_ON_TICK_SHARE = 0.105

_NOISE = 0.08  # of the minute's range


@dataclass(frozen=True, slots=True)
class Timing:
    """When a day's reported liquidations happen, and when each minute reaches its extremes.

    Attributes
    ----------
    positions
        What is reported, in order of time.
    offset_s : (n,) float64
        Since the day's beginning, whole milliseconds; at least 0.988 apart.
    is_low_first : (1440,) bool
        The minute reaches its low before its high.
    first_s, second_s : (1440,) int64
        Seconds of the minute at which it reaches the one and the other.
    """

    positions: Positions
    offset_s: FloatArray
    is_low_first: BoolArray
    first_s: IntArray
    second_s: IntArray


@dataclass(frozen=True, slots=True)
class Orders:
    """A day's force orders as columns, all (n,), ordered by `push_ms`.

    Attributes
    ----------
    trade_ms, push_ms
        int64, UTC milliseconds.
    is_long
        bool, a long was liquidated.
    price_cents, limit_cents
        int64, average fill and limit price in hundredths of a USD.
    lots, last_lots
        int64, filled quantity and its last part in thousandths of a coin.
    """

    trade_ms: IntArray
    push_ms: IntArray
    is_long: BoolArray
    price_cents: IntArray
    limit_cents: IntArray
    lots: IntArray
    last_lots: IntArray


def timing_of_day(seed: int, day: int, bars: MinuteBars, ended: EndedPositions) -> Timing:
    """Choose what is reported of a day's liquidations, and draw when it happens."""
    rng = generator(seed, Stage.TIMES, day)
    # A minute that falls mostly begins with its high.
    is_low_first = rng.random(MINUTES) < np.where(bars.close < bars.open, 0.2, 0.8)
    reported = _reported(ended.minute)
    minute, positions = ended.minute[reported], ended.liquidated.at(reported)
    # The side of the extreme that comes first.
    is_second = positions.is_long != is_low_first[minute]
    order = np.lexsort((is_second, minute))
    minute, positions, is_second = minute[order], positions.at(order), is_second[order]

    gap_s = _gaps(rng, minute, is_second)
    start = np.searchsorted(minute, np.arange(MINUTES))
    stop = np.searchsorted(minute, np.arange(MINUTES), side="right")
    since = np.cumsum(gap_s)
    is_hit = stop > start
    span_s = np.zeros(MINUTES)
    span_s[is_hit] = since[stop[is_hit] - 1] - since[start[is_hit]]
    lead_s = _FIRST_S + _lateness(rng, is_hit) * (_LAST_S - _FIRST_S - span_s)
    within_s = since - since[start[minute]] + lead_s[minute]
    first_s, second_s = _extremes(rng, minute, is_second, within_s)
    # Rounded up: 988 ms must stay 988 ms.
    offset_s = np.ceil((minute * 60 + within_s) * 1000) / 1000
    return Timing(positions, offset_s, is_low_first, first_s, second_s)


def _reported(minute: IntArray) -> BoolArray:
    """Choose at most 27 of each minute's liquidations, evenly, (n,)."""
    first = np.searchsorted(minute, minute)
    count = np.searchsorted(minute, minute, side="right") - first
    number = np.arange(len(minute)) - first
    kept = np.minimum(count, _MAX_PER_MINUTE)
    return np.asarray((number + 1) * kept // count > number * kept // count)


def _lateness(rng: np.random.Generator, is_hit: BoolArray) -> FloatArray:
    """Draw how late in its minute each one's messages come, 0 to 1, (1440,).

    Nearer to the minute with messages that is nearer: what makes a run does not know of minutes.
    """
    number = np.arange(MINUTES)
    before = np.maximum.accumulate(np.where(is_hit, number, -MINUTES))
    after = np.minimum.accumulate(np.where(is_hit, number, 2 * MINUTES)[::-1])[::-1]
    since = number - np.append(-MINUTES, before[:-1])
    until = np.append(after[1:], 2 * MINUTES) - number
    near = rng.random(MINUTES) ** _RUN_POWER
    late = np.where(since == until, rng.integers(2, size=MINUTES) > 0, until < since)
    return np.asarray(np.where(late, 1 - near, near))


def _gaps(rng: np.random.Generator, minute: IntArray, is_second: BoolArray) -> FloatArray:
    """Return the seconds from the message before, (n,); 0 for each minute's first."""
    count = len(minute)
    is_within = np.append(False, minute[1:] == minute[:-1])[:count]
    within = np.flatnonzero(is_within)
    crowd = np.bincount(minute, minlength=MINUTES)[minute[within]]
    # Ranks, so that a day has the recording's shares exactly: short gaps where there are many.
    score = rng.standard_normal(len(within)) - _CROWDED * np.log(crowd)
    share = (np.argsort(np.argsort(score)) + rng.random(len(within))) / max(len(within), 1)
    gap_s = np.zeros(count)
    gap_s[within] = np.exp(np.interp(share * _WITHIN_SHARE, _GAP_SHARE, np.log(_GAP_S)))
    turns = within[is_second[within] != is_second[within - 1]]
    gap_s[turns] = np.maximum(gap_s[turns], _TURN_S)
    # What does not fit into its minute is drawn together.
    spare = np.where(is_within, gap_s - _SHORTEST_S, 0.0)
    number = np.bincount(minute, is_within, MINUTES)
    room = _LONGEST_S - number * _SHORTEST_S
    wanted = np.bincount(minute, spare, MINUTES)
    fits = np.minimum(room / np.maximum(wanted, room), 1.0)
    return np.where(is_within, _SHORTEST_S + spare * fits[minute], 0.0)


def _extremes(
    rng: np.random.Generator, minute: IntArray, is_second: BoolArray, within_s: FloatArray
) -> tuple[IntArray, IntArray]:
    """Return the seconds at which each minute reaches its extremes, after what they liquidate."""
    earliest, latest = np.ones(MINUTES, np.int64), np.full(MINUTES, 58)
    np.maximum.at(earliest, minute[~is_second], _next_second(within_s[~is_second]))
    np.minimum.at(latest, minute[is_second], within_s[is_second].astype(np.int64))
    first = rng.integers(earliest, np.maximum(latest, earliest), endpoint=True)
    # Soon after its last liquidation: the price turns where nothing pushes it any more.
    is_hit = np.bincount(minute[~is_second], minlength=MINUTES) > 0
    first = np.where(is_hit, np.minimum(first, earliest + 2), first)
    after = first + 1
    np.maximum.at(after, minute[is_second], _next_second(within_s[is_second]))
    second = rng.integers(after, 59, endpoint=True)
    is_hit = np.bincount(minute[is_second], minlength=MINUTES) > 0
    return first, np.where(is_hit, np.minimum(second, after + 2), second)


def _next_second(seconds: FloatArray) -> IntArray:
    return np.asarray(np.floor(seconds).astype(np.int64) + 1)


def path_of_day(seed: int, day: int, bars: MinuteBars, timing: Timing) -> IntArray:
    """Draw the price at every full second of a day.

    Returns
    -------
    (86401,) int64, ticks
        Each minute's 61 points begin at its bar's open, end at its close, touch its high and its
        low, and pass the level of each reported liquidation when it happens; the last point
        belongs to the next day as well.
    """
    rng = generator(seed, Stage.PATH, day)
    start_s = np.arange(MINUTES) * 60.0
    one = np.where(timing.is_low_first, bars.low, bars.high)
    two = np.where(timing.is_low_first, bars.high, bars.low)
    at_s = np.concatenate(
        [start_s, start_s + timing.first_s, start_s + timing.second_s, timing.offset_s, [86_400.0]]
    )
    price = np.concatenate([bars.open, one, two, timing.positions.level, bars.close[-1:]])
    order = np.argsort(at_s, kind="stable")
    at_s, price = at_s[order], price[order]

    second = np.arange(86_401)
    # The corner at or before each second.
    lasts = np.diff(np.ceil(at_s).astype(np.int64), append=86_401)
    index = np.minimum(np.repeat(np.arange(len(at_s)), lasts), len(at_s) - 2)
    left, right = price[index], price[index + 1]
    part = (second - at_s[index]) / (at_s[index + 1] - at_s[index])
    noise = rng.standard_normal(86_400, dtype=np.float32)
    noise *= _NOISE * np.repeat((bars.high - bars.low).astype(np.float32), 60)
    value = left + (right - left) * part
    value[:-1] += np.where(part[:-1] > 0, noise, 0.0)
    # Between two corners never beyond them: no level is passed before its time.
    path = np.clip(value, np.minimum(left, right), np.maximum(left, right))
    path[-1] = bars.close[-1]
    return np.asarray(np.rint(path).astype(np.int64))


def orders_of_day(seed: int, day: int, bars: MinuteBars, timing: Timing) -> Orders:
    """Draw fills and push times of a day's reported liquidations."""
    rng = generator(seed, Stage.ORDERS, day)
    positions = timing.positions
    count = len(positions)
    minute = (timing.offset_s // 60).astype(np.int64)
    usd = positions.lots * (LOT * TICK_USD) * positions.level
    slip = np.interp(even_shares(rng, count), _SLIP_SHARE, _SLIP_BP)
    slip = np.minimum(slip + _SLIP_BP_PER_USD * usd, _SLIP_BP[-1])
    filled = positions.level * (1 + np.where(positions.is_long, -slip, slip) / 1e4)
    # Averages over two price levels lie off the tick, inside what was traded in the minute.
    averaged = rng.random(count) < _AVERAGED_SHARE
    cents = np.rint(filled).astype(np.int64) * 10
    cents += np.where(averaged, rng.integers(-9, 9, count), 0)
    cents = np.clip(cents, bars.low[minute] * 10, bars.high[minute] * 10)
    on_tick = rng.random(count) < _LIMIT_ON_TICK_SHARE
    limit = np.where(on_tick, np.rint(positions.limit_cents / 10) * 10, positions.limit_cents)

    lots = positions.lots
    partial = rng.random(count) < np.interp(np.log10(usd), _PARTIAL_LOG10_USD, _PARTIAL_SHARE)
    share = rng.random(count) ** 1.4
    last = np.where(partial, np.maximum(np.floor(lots * share), 1), lots).astype(np.int64)

    trade_ms = day * DAY_MS + np.rint(timing.offset_s * 1000).astype(np.int64)
    delay = np.interp(even_shares(rng, count), _DELAY_SHARE, _DELAY_MS)
    push_ms = trade_ms + np.maximum(np.rint(delay), 1).astype(np.int64)
    # One connection keeps the order of the trades: a late push holds up the next.
    push_ms = np.maximum.accumulate(push_ms) if count else push_ms
    return Orders(trade_ms, push_ms, positions.is_long, cents, limit.astype(np.int64), lots, last)
