"""Which candles a window shows: their interval, how many, their digits. Pure."""

import re
from collections.abc import Sequence
from decimal import Decimal

from Heatmap.standalone.exchange.market import INTERVALS_MS, Candle

CANDLE_COUNT = 1500
"""Candles loaded in the end, so that the chart can be scrolled back."""
SPARE_CANDLES = 50
LEAST_CANDLE_PX = 5.0
"""With the automatic interval candles are at least this wide, CSS pixels."""
USUAL_PANE_PX = 1040.0
"""How wide the candles' pane is taken to be before it is known."""
LEAST_SHOWN = 24
"""No fewer are shown at first: days of a window of hours would be two candles as wide as a hand."""
MOST_CANDLES = 6_000
"""No more are shown at once, whatever interval is chosen for a long window."""
MOST_LOADED = 12_000
"""No more are loaded, however far the chart is scrolled back."""
SELECTABLE_INTERVALS = (
    "1m",
    "3m",
    "5m",
    "15m",
    "30m",
    "1h",
    "2h",
    "4h",
    "6h",
    "12h",
    "1d",
)
_TYPED = re.compile(r"(?P<count>\d{0,4})\s*(?P<unit>[mhd]?)", re.ASCII)
_UNITS_MS = {"m": 60_000, "h": 3_600_000, "d": 86_400_000}
# Candles that are looked at for their digits.
_DIGITS_CANDLES = 200


def automatic_interval(window_ms: int, pane_px: float | None = None) -> str:
    """Return the finest interval whose candles are at least 5 pixels wide.

    Parameters
    ----------
    window_ms
        What is to be in sight, milliseconds.
    pane_px
        Width of the candles' pane, CSS pixels; ``None``: not known yet.
    """
    room = USUAL_PANE_PX if pane_px is None else pane_px
    for interval in SELECTABLE_INTERVALS:
        if window_ms / INTERVALS_MS[interval] * LEAST_CANDLE_PX <= room:
            return interval
    return SELECTABLE_INTERVALS[-1]


def typed_interval(text: str, intervals: Sequence[str] = SELECTABLE_INTERVALS) -> str | None:
    """Return the interval that a trader has typed: ``15`` and ``15m``, ``4h`` and ``240``, ``1d``.

    Parameters
    ----------
    text
        A number of minutes, or one with ``m``, ``h`` or ``d``; ``h`` and ``d`` alone are one.
    intervals
        What is possible.

    Returns
    -------
    str or None
        One of `intervals`; ``None`` where it is none of them.
    """
    found = _TYPED.fullmatch(text.strip().lower())
    if found is None or not (found["count"] or found["unit"]):
        return None
    length_ms = int(found["count"] or 1) * _UNITS_MS[found["unit"] or "m"]
    return next((one for one in intervals if INTERVALS_MS[one] == length_ms), None)


def visible_candles(window_ms: int, interval: str) -> int:
    """Return how many candles a window of this length shows: its own, but at least 24."""
    return max(LEAST_SHOWN, min(window_ms // INTERVALS_MS[interval], MOST_CANDLES))


def first_candles(window_ms: int, interval: str) -> int:
    """Return how many candles are loaded at once: what is in sight, and a few."""
    return min(MOST_CANDLES, visible_candles(window_ms, interval) + SPARE_CANDLES)


def loaded_candles(window_ms: int, interval: str) -> int:
    """Return how many candles are loaded in the end for a window of this length."""
    return max(CANDLE_COUNT, first_candles(window_ms, interval))


def step_of_digits(candles: Sequence[Candle]) -> Decimal:
    """Return the step of the digits in which candles are told, where no tick size is known."""
    prices = [price for one in candles[-_DIGITS_CANDLES:] for price in (one.high, one.low)]
    digits = [Decimal(repr(price)).normalize().as_tuple().exponent for price in prices]
    return Decimal(1).scaleb(min((e for e in digits if isinstance(e, int)), default=0))
