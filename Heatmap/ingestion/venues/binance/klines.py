"""One closed minute as Binance tells it, over REST and in its streams. Pure."""

from collections.abc import Mapping, Sequence

from Heatmap.domain.candles import MINUTE_MS, Candle, RunningMinute
from Heatmap.ingestion.venue import Kline
from Heatmap.ingestion.venues.numbers import (
    LARGEST_NUMBER,
    LATEST_MS,
    SMALLEST_NUMBER,
    read_decimal,
)
from Heatmap.runtime.outside_text import shown_value

# A rounding of the exchange's may put what takers bought a little above the whole.
_ROUNDING = 1.000_001
_MOST_TRADES = 10**12


def read_candle(open_ms: int, fields: Sequence[object]) -> Candle:
    """Read a candle.

    Parameters
    ----------
    open_ms
        When it began, UTC milliseconds.
    fields
        Open, high, low, close, USD traded, USD that takers bought, number of trades. The last two
        may be ``None``; no volume is guessed.

    Raises
    ------
    ValueError
        A number is absurd, or they do not fit each other; the message says which.
    """
    if open_ms % MINUTE_MS:
        raise ValueError(f"{open_ms} is no whole minute")
    opened, high, low, close = (
        read_number(name, value, SMALLEST_NUMBER)
        for name, value in zip(("open", "high", "low", "close"), fields[:4], strict=True)
    )
    if not low <= min(opened, close) <= max(opened, close) <= high:
        raise ValueError(f"open {opened:g}, high {high:g}, low {low:g}, close {close:g}")
    volume = read_number("quote volume", fields[4], 0.0)
    taken = fields[5]
    taker = None if taken in (None, "") else read_number("taker buy volume", taken, 0.0)
    if taker is not None and taker > volume * _ROUNDING:
        raise ValueError(f"takers bought {taker:g} of {volume:g}")
    trades = fields[6]
    if trades is None:
        return Candle(open_ms, opened, high, low, close, volume, taker)
    if type(trades) is not int or not 0 <= trades < _MOST_TRADES:
        raise ValueError(f"the number of trades is {shown_value(trades)}")
    return Candle(open_ms, opened, high, low, close, volume, taker, trades)


def read_push(symbol: str, kline: Mapping[str, object]) -> Kline | None:
    """Read the ``k`` of a stream's push; ``None``: it is not of one minute.

    Raises
    ------
    ValueError
        It is over and cannot be read; the message says why.
    """
    if kline.get("i") != "1m":
        return None
    open_ms = kline.get("t")
    if kline.get("x") is not True:
        return Kline(symbol, None, _read_running(open_ms, kline.get("l"), kline.get("h")))
    if type(open_ms) is not int or not 0 <= open_ms < LATEST_MS:
        raise ValueError(f"its time is {shown_value(open_ms)}")
    return Kline(symbol, read_candle(open_ms, [kline.get(name) for name in "ohlcqQn"]))


def _read_running(open_ms: object, low: object, high: object) -> RunningMinute | None:
    """Read what a minute has reached that is not over; ``None``: nothing is lost where it fails."""
    least, most = read_decimal(low), read_decimal(high)
    if type(open_ms) is not int or open_ms % MINUTE_MS or not 0 <= open_ms < LATEST_MS:
        return None
    if least is None or most is None or not SMALLEST_NUMBER <= least <= most < LARGEST_NUMBER:
        return None
    return RunningMinute(open_ms, least, most)


def read_number(name: str, value: object, least: float) -> float:
    """Read a number of a field.

    Raises
    ------
    ValueError
        It is none, or less than `least`.
    """
    number = read_decimal(value)
    if number is None or not least <= number < LARGEST_NUMBER:
        raise ValueError(f"{name} is {shown_value(value)}")
    return number
