"""Amounts and times as words. Pure.

Amounts are rounded down, so that none says more than is known; ``ui/js/heatmap_amounts.js`` writes
the same.
"""

import math

from Heatmap.domain.phrases import Number, Phrase, counted, say, significant, whole

AMOUNT_DIGITS = 3
"""Significant digits of an amount."""
EXPECTED_DIGITS = 2
"""The same of what is expected, which is right within a factor of two or three."""

_MINUTE_MS, _LONG_MINUTES, _LONG_HOURS = 60_000, 120, 48
# What is a step but for the rounding of binary fractions is that step.
_ROUNDING = 1 + 1e-12
_UNITS = ((1e9, "B"), (1e6, "M"), (1e3, "k"), (1.0, ""))


def usd_text(usd: float, digits: int = AMOUNT_DIGITS) -> Number:
    """Return an amount in short, never more than it is: ``950``, ``1.02k``, ``35k``, ``2.52M``.

    Parameters
    ----------
    usd
        Not negative.
    digits
        Significant digits, without noughts at the end.
    """
    if usd <= 0.0:
        return Number("0")
    step = 10.0 ** (math.floor(math.log10(usd)) - digits + 1)
    amount = float(f"{math.floor(usd / step * _ROUNDING) * step:.{digits}g}")
    for unit, name in _UNITS:
        if amount >= unit:
            return Number(f"{amount / unit:g}{name}")
    return Number(f"{amount:g}")


def age_text(age_ms: int) -> Phrase:
    """Return an age in whole minutes, from two hours on in hours: ``12 min``, ``3 h``."""
    minutes = age_ms // _MINUTE_MS
    if minutes < _LONG_MINUTES:
        return say("{number} min", number=Number(minutes))
    return say("{number} h", number=Number(f"{minutes / 60:.0f}"))


def span_text(span_ms: float) -> Phrase:
    """Return a length of time: ``12 min``, from two hours on ``6 h``, from two days on ``3 d``."""
    minutes = span_ms / _MINUTE_MS
    if minutes < _LONG_MINUTES:
        return say("{number} min", number=significant(minutes, 3))
    hours = minutes / 60
    if hours < _LONG_HOURS:
        return say("{number} h", number=significant(hours, 3))
    return say("{number} d", number=significant(hours / 24, 3))


def scale_end_text(clip_usd: float, unit: str = "USD") -> Phrase:
    """Return the amount at the end of a colour bar, which stands for all above it as well."""
    return say("\u2265{amount} {unit}", amount=usd_text(clip_usd), unit=unit)


def count_text(count: int) -> Phrase:
    """Return how many liquidations."""
    return counted("{count} liquidation", "{count} liquidations", count)


def share_text(share: float) -> Phrase:
    """Say how much of a time was recorded, proven or not: whole per cents, rounded down."""
    if share >= 1.0:
        return say("all of this time")
    if share <= 0.0:
        return say("nothing of this time")
    return say("{number} % of this time", number=whole(share * 100 * _ROUNDING))
