"""Price and volume of the simulated market, minute by minute.

Pure functions of a seed and a day number (days since 1970). The price swings about a slow level,
by what the last hours brought; busy and quiet hours follow each other. Prices are whole ticks of
0.1 USD, so that bars of every length agree exactly.
"""

from dataclasses import dataclass

import numpy as np

from Heatmap.standalone.exchange.market import FloatArray, IntArray
from Heatmap.standalone.exchange.random_stages import Stage, generator

TICK_USD = 0.1
LOT = 0.001
MINUTES = 1440
USUAL_USD = 3.45e7
"""Quote volume of a usual minute, USD: what positions that ignore volume are opened by."""

# The level: it returns to its centre, with the days as steps.
_CENTRE_USD = 95_000.0
_LEVEL_DAYS, _LEVEL_DECAY, _LEVEL_STEP = 80, 0.92, 0.010
_LEVEL_BLOCK = 512
# What a minute brings (log return, standard deviation), and how long the price remembers it.
_RETURN, _DEGREES, _MEMORY_MINUTES = 8e-4, 8, 150
# Part of the variance that goes on in one direction, and for about how many minutes.
_RUN_PART, _RUN_MINUTES = 0.18, 8
# How unlike each other stretches of time are: minutes of the stretch, strength.
_MOODS = ((25, 0.35), (240, 0.2))
_WICK = 0.85
# Volume follows the range, hour by hour more or less.
_COINS, _USUAL_RANGE, _RANGE_POWER = 390.0, 1.2e-3, 0.8
_BUSY_MINUTES, _BUSY_STRENGTH, _VOLUME_SHAPE = 120, 0.4, 10
# Takers buy more in a rising minute.
_BUYERS, _BUYERS_SPREAD, _FEWEST_BUYERS = 0.18, 0.05, 0.05
_TRADES_PER_COIN = 14.0

_RETAINED = np.exp(-np.arange(MINUTES + 1) / _MEMORY_MINUTES)


@dataclass(frozen=True, slots=True)
class MinuteBars:
    """A day's 1440 minute bars, all (1440,).

    Attributes
    ----------
    open, high, low, close
        int64, ticks.
    volume
        float64, coins.
    quote_volume, taker_buy_quote
        float64, USD: what was traded, and the part of it that buyers took.
    trades
        float64, how many; whole.
    """

    open: IntArray
    high: IntArray
    low: IntArray
    close: IntArray
    volume: FloatArray
    quote_volume: FloatArray
    taker_buy_quote: FloatArray
    trades: FloatArray


def log_level(seed: int, day: int) -> float:
    """Return the natural logarithm of the level (USD) about which the price swings."""
    first = day - _LEVEL_DAYS + 1
    blocks = range(first // _LEVEL_BLOCK, day // _LEVEL_BLOCK + 1)
    steps = np.concatenate(
        [generator(seed, Stage.LEVEL, block).standard_normal(_LEVEL_BLOCK) for block in blocks]
    )
    start = first - blocks[0] * _LEVEL_BLOCK
    weights = _LEVEL_DECAY ** np.arange(_LEVEL_DAYS - 1, -1, -1)
    deviation = _LEVEL_STEP * float(weights @ steps[start : start + _LEVEL_DAYS])
    return float(np.log(_CENTRE_USD)) + deviation


@dataclass(frozen=True, slots=True)
class Shocks:
    """What each minute of a day brings, (1440,) float64, log price: return, and usual size."""

    returns: FloatArray
    spread: FloatArray

    @property
    def remembered(self) -> float:
        """What is left of them at the day's end."""
        return float(_RETAINED[MINUTES - 1 :: -1] @ self.returns)


def shocks_of_day(seed: int, day: int) -> Shocks:
    """Draw what each minute of a day brings."""
    rng = generator(seed, Stage.SHOCKS, day)
    mood = sum(strength * _moving(rng, minutes) for minutes, strength in _MOODS)
    calm = sum(strength**2 for _minutes, strength in _MOODS) / 2
    spread = _RETURN * np.exp(mood - calm)
    news = rng.standard_t(_DEGREES, MINUTES) * np.sqrt((_DEGREES - 2) / _DEGREES)
    runs = _moving(rng, _RUN_MINUTES)
    returns = np.sqrt(1 - _RUN_PART) * news + np.sqrt(_RUN_PART) * runs
    return Shocks(spread * returns, spread)


def bars_of_day(seed: int, day: int, before: Shocks, shocks: Shocks) -> MinuteBars:
    """Draw a day's minute bars.

    Parameters
    ----------
    before, shocks
        Of the day before and of the day itself.
    """
    rng = generator(seed, Stage.BARS, day)
    walk = _walk(seed, day, before, shocks)
    edges = np.rint(np.exp(walk) / TICK_USD).astype(np.int64)
    opens, closes = edges[:-1], edges[1:]

    # Extremes of a Brownian bridge: max = (r + sqrt(r^2 - 2 s^2 ln U)) / 2 above the open.
    r, wick = np.diff(walk), _WICK * shocks.spread
    up = (r + np.sqrt(r**2 - 2 * wick**2 * np.log1p(-rng.random(MINUTES)))) / 2
    down = (r - np.sqrt(r**2 - 2 * wick**2 * np.log1p(-rng.random(MINUTES)))) / 2
    highs = np.rint(np.exp(walk[:-1] + up) / TICK_USD).astype(np.int64)
    lows = np.rint(np.exp(walk[:-1] + down) / TICK_USD).astype(np.int64)
    highs = np.maximum(highs, np.maximum(opens, closes))
    lows = np.minimum(lows, np.minimum(opens, closes))

    busy = _BUSY_STRENGTH * _moving(rng, _BUSY_MINUTES) - _BUSY_STRENGTH**2 / 2
    coins = _COINS * ((up - down) / _USUAL_RANGE) ** _RANGE_POWER * np.exp(busy)
    coins *= rng.gamma(_VOLUME_SHAPE, 1 / _VOLUME_SHAPE, MINUTES)
    # In steps that leave each second a whole number of lots.
    step = 60 * LOT
    volume = np.maximum(np.rint(coins / step), 1) * step
    quote = np.round(volume * (opens + highs + lows + closes) / 4 * TICK_USD, 4)
    bought = 0.5 + _BUYERS * np.tanh(r / shocks.spread)
    bought += _BUYERS_SPREAD * rng.standard_normal(MINUTES)
    bought = np.clip(bought, _FEWEST_BUYERS, 1 - _FEWEST_BUYERS)
    trades = np.maximum(np.rint(volume * _TRADES_PER_COIN * rng.gamma(20, 1 / 20, MINUTES)), 1)
    return MinuteBars(
        opens, highs, lows, closes, volume, quote, np.round(quote * bought, 4), trades
    )


def _walk(seed: int, day: int, before: Shocks, shocks: Shocks) -> FloatArray:
    """Return the logarithm of the price at the minutes' edges, (1441,)."""
    start, end = log_level(seed, day), log_level(seed, day + 1)
    carried = before.remembered
    # What each minute brought fades from its own end on.
    brought = np.concatenate([[0.0], np.cumsum(shocks.returns / _RETAINED[1:])])
    walk = np.linspace(start, end, MINUTES + 1) + _RETAINED * (carried + brought)
    # Exactly, so that a day opens at the very tick at which the one before it closed.
    walk[0], walk[-1] = start + carried, end + shocks.remembered
    return np.asarray(walk)


def _moving(rng: np.random.Generator, minutes: int) -> FloatArray:
    """Draw a value for each minute, normal, alike for about so many `minutes`, (1440,).

    Their mean is 0, so that days are alike.
    """
    sums = np.cumsum(np.concatenate([[0.0], rng.standard_normal(MINUTES + minutes - 1)]))
    values = (sums[minutes:] - sums[:-minutes]) / np.sqrt(minutes)
    return np.asarray(values - values.mean())
