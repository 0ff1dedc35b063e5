"""Amounts and times as words. Pure."""

import math

_MINUTE_MS, _LONG_MINUTES, _LONG_HOURS = 60_000, 120, 48


def usd_text(usd: float) -> str:
    """Return an amount with two significant digits: ``950``, ``1.2k``, ``35k``, ``2.5M``."""
    for unit, name in ((1e9, "B"), (1e6, "M"), (1e3, "k"), (1.0, "")):
        # Rounded first: 999,600 is 1.0M and not 1000k.
        if float(f"{usd:.2g}") >= unit:
            return f"{float(f'{usd:.2g}') / unit:g}{name}"
    return f"{usd:.2g}"


def bound_text(usd: float) -> str:
    """Return a lower bound with two significant digits, like `usd_text` but never more than it is.

    Parameters
    ----------
    usd
        Not negative.
    """
    if usd <= 0.0:
        return "0"
    step = 10.0 ** (math.floor(math.log10(usd)) - 1)
    # What is a step but for the rounding of binary fractions is that step.
    return usd_text(math.floor(usd / step * (1 + 1e-12)) * step)


def age_text(age_ms: int) -> str:
    """Return an age in whole minutes, from two hours on in hours: ``12 min``, ``3 h``."""
    minutes = age_ms // _MINUTE_MS
    return f"{minutes} min" if minutes < _LONG_MINUTES else f"{minutes / 60:.0f} h"


def span_text(span_ms: float) -> str:
    """Return a length of time: ``12 min``, from two hours on ``6 h``, from two days on ``3 d``."""
    minutes = span_ms / _MINUTE_MS
    if minutes < _LONG_MINUTES:
        return f"{minutes:.3g} min"
    hours = minutes / 60
    return f"{hours:.3g} h" if hours < _LONG_HOURS else f"{hours / 24:.3g} d"


def scale_end_text(clip_usd: float, unit: str = "USD") -> str:
    """Return the amount at the end of a colour bar, which stands for all above it as well."""
    return f"\u2265{bound_text(clip_usd)} {unit}"
