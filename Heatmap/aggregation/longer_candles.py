"""Candles of any whole number of minutes, made of one-minute candles. Pure."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from Heatmap.domain.candles import MINUTE_MS, Span, joined
from Heatmap.levels.arrays import CANDLE_DTYPE


def longer_candles(
    minutes: NDArray[np.void], fetched: Sequence[Span], interval_ms: int
) -> NDArray[np.void]:
    """Merge closed minutes into candles of an interval.

    Parameters
    ----------
    minutes : (n,) CANDLE_DTYPE
        In order of time, each once.
    fetched
        The time of which these are all candles that the exchange has. A candle is made only where
        its whole time was fetched: what is not known is a hole and stays one.
    interval_ms
        A multiple of a minute; candles begin at its multiples since 1970.

    Returns
    -------
    (m,) CANDLE_DTYPE
        A time in which nothing was traded has none. A volume is unknown, NaN, where that of one of
        its minutes is.

    Raises
    ------
    ValueError
        The interval is no whole number of minutes.
    """
    if interval_ms <= 0 or interval_ms % MINUTE_MS:
        raise ValueError(f"interval_ms must be whole minutes, got {interval_ms}")
    if not len(minutes):
        return np.zeros(0, CANDLE_DTYPE)
    begins_ms = minutes["open_ms"] // interval_ms * interval_ms
    first = np.flatnonzero(np.diff(begins_ms, prepend=begins_ms[0] - 1))
    last = np.append(first[1:], len(minutes)) - 1
    made = np.zeros(len(first), CANDLE_DTYPE)
    made["open_ms"] = begins_ms[first]
    made["open"] = minutes["open"][first]
    made["high"] = np.maximum.reduceat(minutes["high"], first)
    made["low"] = np.minimum.reduceat(minutes["low"], first)
    made["close"] = minutes["close"][last]
    for name in ("quote_volume", "taker_buy_quote"):
        made[name] = np.add.reduceat(minutes[name], first)
    return made[_lies_within(made["open_ms"], interval_ms, fetched)]


def _lies_within(
    begins_ms: NDArray[np.int64], length_ms: int, spans: Sequence[Span]
) -> NDArray[np.bool_]:
    whole = joined(spans)
    if not whole:
        return np.zeros(len(begins_ms), np.bool_)
    starts_ms, ends_ms = np.array(whole, np.int64).T
    at = np.searchsorted(starts_ms, begins_ms, side="right") - 1
    return np.asarray((at >= 0) & (begins_ms + length_ms <= ends_ms[np.maximum(at, 0)]))
