"""One day of the simulated market: liquidations, minute bars, prices second by second.

Pure functions of a seed and a day number (days since 1970). Every random stage has a generator of
its own, so that a stage that is not needed need not be run, and nothing depends on the order of
questions. The liquidations come first and push the price: that is what makes longs die in falls.

The distributions follow the recording of December 2024 (BTCUSDT, Binance USD-M, 1,844 messages).
Prices are whole ticks of 0.1 USD, so that bars of every length agree exactly.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from Heatmap.standalone.exchange.market import DAY_MS, MINUTE_MS, FloatArray, IntArray

TICK_USD = 0.1
MINUTES = 1440
BoolArray = npt.NDArray[np.bool_]

# Stages of the random generators.
_LEVEL, _FLOW, _BARS, _PATH, _ORDERS = range(5)

# Seconds between two messages: cumulative share, quantile. Never under 0.988 s: one message per
# symbol and second.
_GAP_SHARE = (0.0, 0.01, 0.05, 0.10, 0.25, 0.50, 0.75, 0.90, 0.95, 0.99, 1.0)
_GAP_S = (0.988, 1.0, 1.02, 1.05, 1.38, 3.15, 14.0, 63.1, 128.0, 457.0, 1360.0)
# More draws than any day holds (mean gap 29 s), in stretches of eight hours: in each of them the
# shares are exact, so that every two days have the recording's quantiles, and not only every year.
_GAP_STRETCHES, _GAPS_IN_STRETCH = 6, 1000
_GAPS_DRAWN = _GAP_STRETCHES * _GAPS_IN_STRETCH
# Weight and persistence of the part of a gap that carries over to the next: cascades.
_GAP_MEMORY, _GAP_MEMORY_DECAY, _GAP_MEMORY_LENGTH = 0.30, 0.83, 32
_MAX_PER_MINUTE = 27

# The chance that a message continues the side of the one before it, beyond pure chance, by the
# seconds between them.
_SIDE_GAP_S = (1.2, 5.0, 20.0, 100.0, 600.0)
_SIDE_KEPT = (0.958, 0.90, 0.80, 0.60, 0.0)
_SELL_SHARE = 0.40

# USD per order. The smallest lots are 0.001 and 0.002 BTC, hence the steps at 99 and 197.
_NOTIONAL_SHARE = (0.0, 0.035, 0.04, 0.10, 0.18, 0.25, 0.50, 0.75, 0.90, 0.95, 0.99, 1.0)
_NOTIONAL_USD = (95, 99, 190, 197, 290, 484, 1579, 6226, 22567, 43694, 285008, 2520530)
_LOT = 0.001

# By how many basis points the fill is better than the limit price.
_BETTER_SHARE = (0.0, 0.01, 0.05, 0.10, 0.25, 0.50, 0.75, 0.90, 0.95, 0.99, 1.0)
_BETTER_BP = (5.4, 31.8, 35.0, 36.4, 37.9, 39.0, 39.8, 40.7, 41.8, 46.9, 57.8)
# Push time less trade time, milliseconds.
_DELAY_SHARE = (0.0, 0.10, 0.50, 0.75, 0.90, 0.95, 0.98, 0.99, 0.995, 1.0)
_DELAY_MS = (1, 2, 3, 4, 5, 14, 90, 161, 385, 1251)
# Share of orders filled in several parts, by log10 of the notional.
_PARTIAL_LOG10_USD = (2.0, 2.5, 3.5, 4.5, 5.5)
_PARTIAL_SHARE = (0.0, 0.06, 0.24, 0.54, 0.92)
_AVERAGED_SHARE = 0.044  # fills at an average of two prices, off the tick
_LIMIT_ON_TICK_SHARE = 0.105

# The price: a slow level that returns to its centre, with the days as steps.
_CENTRE_USD = 95_000.0
_LEVEL_DAYS, _LEVEL_DECAY, _LEVEL_STEP = 80, 0.92, 0.016
_LEVEL_BLOCK = 512
# Log return of a calm minute, and what one liquidation order adds. Longs are the smaller part of
# the orders and push harder, so that the flow as a whole has no direction.
_CALM_RETURN = 5.0e-4
_PUSH_LONG, _PUSH_SHORT = -1.45e-4, 0.97e-4
_MOOD_MINUTES, _MOOD_STRENGTH = 90, 0.35
_VOLUME_BASE = 40.0


@dataclass(frozen=True, slots=True)
class Flow:
    """When liquidations happen in a day, and whose.

    Attributes
    ----------
    offset_ms
        (n,) int64, trade time since the day's beginning, ascending, at least 988 ms apart.
    is_long
        (n,) bool, whether a long is liquidated (a SELL order).
    gap_s
        (n,) float64, seconds since the one before.
    """

    offset_ms: IntArray
    is_long: BoolArray
    gap_s: FloatArray


@dataclass(frozen=True, slots=True)
class MinuteBars:
    """A day's 1440 minute bars: prices (1440,) int64 in ticks, volume (1440,) float64 in coins."""

    open: IntArray
    high: IntArray
    low: IntArray
    close: IntArray
    volume: FloatArray


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


def _generator(seed: int, stage: int, number: int) -> np.random.Generator:
    # Blocks before 1970 can be asked for by the level's memory; a seed takes no negative number.
    return np.random.default_rng((seed, stage, number + 1_000_000))


def _even_shares(rng: np.random.Generator, count: int) -> FloatArray:
    """Draw shares from 0 to 1 in random order, one in each `count`-th part."""
    shares: FloatArray = (rng.permutation(count) + rng.random(count)) / max(count, 1)
    return shares


def log_level(seed: int, day: int) -> float:
    """Return the natural logarithm of the price (USD) at the beginning of a day."""
    first = day - _LEVEL_DAYS + 1
    blocks = range(first // _LEVEL_BLOCK, day // _LEVEL_BLOCK + 1)
    steps = np.concatenate(
        [_generator(seed, _LEVEL, block).standard_normal(_LEVEL_BLOCK) for block in blocks]
    )
    start = first - blocks[0] * _LEVEL_BLOCK
    weights = _LEVEL_DECAY ** np.arange(_LEVEL_DAYS - 1, -1, -1)
    deviation = _LEVEL_STEP * float(weights @ steps[start : start + _LEVEL_DAYS])
    return float(np.log(_CENTRE_USD)) + deviation


def flow_of_day(seed: int, day: int) -> Flow:
    """Draw the times and sides of a day's liquidations."""
    rng = _generator(seed, _FLOW, day)
    kernel = _GAP_MEMORY_DECAY ** np.arange(_GAP_MEMORY_LENGTH)
    kernel /= np.sqrt(np.sum(kernel**2))
    memory = np.convolve(
        rng.standard_normal(_GAPS_DRAWN + _GAP_MEMORY_LENGTH - 1), kernel, mode="valid"
    )
    score = np.sqrt(_GAP_MEMORY) * memory + np.sqrt(1 - _GAP_MEMORY) * rng.standard_normal(
        _GAPS_DRAWN
    )
    # Ranks instead of the normal distribution function: the shares come out exactly.
    rank = np.argsort(np.argsort(score.reshape(_GAP_STRETCHES, _GAPS_IN_STRETCH), axis=1), axis=1)
    share = (rank.ravel() + rng.random(_GAPS_DRAWN)) / _GAPS_IN_STRETCH
    gap_s = np.exp(np.interp(share, _GAP_SHARE, np.log(_GAP_S)))
    # Rounded up: 988 ms must stay 988 ms after the sum is cut to whole milliseconds.
    offset_ms = np.cumsum(np.ceil(gap_s * 1000)).astype(np.int64)
    count = int(np.searchsorted(offset_ms, DAY_MS))
    offset_ms, gap_s = offset_ms[:count], gap_s[:count]

    kept = rng.random(count) < np.interp(gap_s, _SIDE_GAP_S, _SIDE_KEPT)
    kept[:1] = False
    fresh = rng.random(count) < _SELL_SHARE
    is_long = fresh[np.maximum.accumulate(np.where(kept, 0, np.arange(count)))]

    minute = offset_ms // MINUTE_MS
    allowed = np.arange(count) - np.searchsorted(minute, minute) < _MAX_PER_MINUTE
    return Flow(offset_ms[allowed], is_long[allowed], gap_s[allowed])


def bars_of_day(seed: int, day: int, flow: Flow) -> MinuteBars:
    """Draw a day's minute bars, pushed by its liquidations, between the levels of two days."""
    rng = _generator(seed, _BARS, day)
    minute = flow.offset_ms // MINUTE_MS
    longs = np.bincount(minute[flow.is_long], minlength=MINUTES)
    shorts = np.bincount(minute[~flow.is_long], minlength=MINUTES)

    mood = np.convolve(
        rng.standard_normal(MINUTES + _MOOD_MINUTES - 1),
        np.full(_MOOD_MINUTES, 1 / np.sqrt(_MOOD_MINUTES)),
        mode="valid",
    )
    spread = _CALM_RETURN * np.exp(_MOOD_STRENGTH * mood) * (1 + 0.02 * (longs + shorts))
    returns = spread * rng.standard_normal(MINUTES) + _PUSH_LONG * longs + _PUSH_SHORT * shorts
    start, end = log_level(seed, day), log_level(seed, day + 1)
    walk = np.concatenate(([0.0], np.cumsum(returns)))
    walk += start + np.linspace(0.0, end - start - walk[-1], MINUTES + 1)
    # Exactly, so that a day opens at the very tick at which the one before it closed.
    walk[0], walk[-1] = start, end
    edges = np.rint(np.exp(walk) / TICK_USD).astype(np.int64)
    opens, closes = edges[:-1], edges[1:]

    # Extremes of a Brownian bridge: max = (r + sqrt(r^2 - 2 s^2 ln U)) / 2 above the open.
    r = np.diff(walk)
    up = (r + np.sqrt(r**2 - 2 * spread**2 * np.log1p(-rng.random(MINUTES)))) / 2
    down = (r - np.sqrt(r**2 - 2 * spread**2 * np.log1p(-rng.random(MINUTES)))) / 2
    highs = np.rint(np.exp(walk[:-1] + up) / TICK_USD).astype(np.int64)
    lows = np.rint(np.exp(walk[:-1] + down) / TICK_USD).astype(np.int64)
    top, bottom = np.maximum(opens, closes), np.minimum(opens, closes)
    # Volume follows the range; in steps that leave each second a whole number of lots.
    volume = _VOLUME_BASE * (np.abs(up) + np.abs(down)) / _CALM_RETURN * rng.gamma(4, 0.25, MINUTES)
    step = 60 * _LOT
    return MinuteBars(
        opens,
        np.maximum(highs, top),
        np.minimum(lows, bottom),
        closes,
        np.maximum(np.rint(volume / step), 1) * step,
    )


def path_of_day(seed: int, day: int, bars: MinuteBars) -> IntArray:
    """Draw the price at every full second of a day.

    Returns
    -------
    (86401,) int64, ticks
        Each minute's 61 points begin at its bar's open, end at its close, and touch its high and
        its low; the last point belongs to the next day as well.
    """
    rng = _generator(seed, _PATH, day)
    first = rng.integers(1, 58, MINUTES, endpoint=True)
    second = rng.integers(first + 1, 59, endpoint=True)
    falls = bars.close < bars.open
    # A minute that falls mostly begins with its high.
    high_first = rng.random(MINUTES) < np.where(falls, 0.8, 0.2)
    one = np.where(high_first, bars.high, bars.low)
    two = np.where(high_first, bars.low, bars.high)

    knot_s = np.stack([np.zeros_like(first), first, second, np.full_like(first, 60)], axis=1)
    knot = np.stack([bars.open, one, two, bars.close], axis=1)
    k = np.arange(60)
    leg = (k >= first[:, None]).astype(np.int64) + (k >= second[:, None])
    left_s = np.take_along_axis(knot_s, leg, axis=1)
    left = np.take_along_axis(knot, leg, axis=1)
    slope = np.diff(knot, axis=1) / np.diff(knot_s, axis=1)
    noise = rng.standard_normal((MINUTES, 60), dtype=np.float32)
    noise *= 0.08 * (bars.high - bars.low)[:, None].astype(np.float32)
    noise[k == left_s] = 0.0
    path = left + np.take_along_axis(slope, leg, axis=1) * (k - left_s) + noise
    np.clip(path, bars.low[:, None], bars.high[:, None], out=path)
    return np.append(np.rint(path).astype(np.int64), bars.close[-1])


def orders_of_day(seed: int, day: int, flow: Flow, bars: MinuteBars, path: IntArray) -> Orders:
    """Draw prices, sizes and push times of a day's liquidations, at traded prices."""
    rng = _generator(seed, _ORDERS, day)
    count = len(flow.offset_ms)
    minute, second = flow.offset_ms // MINUTE_MS, flow.offset_ms // 1000
    part = (flow.offset_ms % 1000) / 1000
    ticks = np.rint(path[second] + (path[second + 1] - path[second]) * part)
    # Averages over two price levels lie off the tick, inside what was traded in the minute.
    averaged = rng.random(count) < _AVERAGED_SHARE
    cents = ticks.astype(np.int64) * 10 + np.where(averaged, rng.integers(-9, 9, count), 0)
    cents = np.clip(cents, bars.low[minute] * 10, bars.high[minute] * 10)

    better = np.interp(_even_shares(rng, count), _BETTER_SHARE, _BETTER_BP) / 1e4
    limit = cents * np.where(flow.is_long, 1 - better, 1 + better)
    on_tick = rng.random(count) < _LIMIT_ON_TICK_SHARE
    limit = np.where(on_tick, np.rint(limit / 10) * 10, np.rint(limit))

    usd = np.exp(np.interp(_even_shares(rng, count), _NOTIONAL_SHARE, np.log(_NOTIONAL_USD)))
    lots = np.maximum(np.rint(usd / (cents / 100) / _LOT), 1).astype(np.int64)
    partial = rng.random(count) < np.interp(np.log10(usd), _PARTIAL_LOG10_USD, _PARTIAL_SHARE)
    share = rng.random(count) ** 1.4
    last = np.where(partial, np.maximum(np.floor(lots * share), 1), lots).astype(np.int64)

    trade_ms = day * DAY_MS + flow.offset_ms
    delay = np.interp(_even_shares(rng, count), _DELAY_SHARE, _DELAY_MS)
    push_ms = trade_ms + np.maximum(np.rint(delay), 1).astype(np.int64)
    # One connection keeps the order of the trades: a late push holds up the next.
    push_ms = np.maximum.accumulate(push_ms) if count else push_ms
    return Orders(trade_ms, push_ms, flow.is_long, cents, limit.astype(np.int64), lots, last)
