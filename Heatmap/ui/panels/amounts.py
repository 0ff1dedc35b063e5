"""Amounts, prices, shares and times of the panels, in the form of a locale.

Amounts are lower bounds: they are rounded down, always.
"""

import math

from PyQt6.QtCore import QDateTime, QLocale, QTimeZone

from Heatmap.ui.language import users_locale

UNKNOWN = "\u2013"
"""Stands for an amount that is not known."""

# What is a whole number but for the rounding of binary fractions is that number.
_ROUNDING = 1 + 1e-12
_UNITS = ((1e9, "B"), (1e6, "M"), (1e3, "k"), (1.0, ""))
_DIGITS = 3


def grouping_locale() -> QLocale:
    """Return the user's locale, which groups thousands even where that is ``C``."""
    locale = QLocale(users_locale())
    locale.setNumberOptions(QLocale.NumberOption.DefaultNumberOptions)
    return locale


def whole_usd(locale: QLocale, usd: float) -> str:
    """Return an amount in whole USD, its thousands grouped: ``2,520,530``."""
    return locale.toString(math.floor(usd * _ROUNDING))


def short_usd(locale: QLocale, usd: float) -> str:
    """Return an amount with three digits: ``132k``, ``1.69M``, ``12.7M``; below 1000 ``792``."""
    usd *= _ROUNDING
    for unit, name in _UNITS:
        if usd >= unit:
            whole = usd / unit
            decimals = _DIGITS - len(str(int(whole))) if name else 0
            step = 10**decimals
            return locale.toString(math.floor(whole * step) / step, "f", decimals) + name
    return "0"


def step_usd(locale: QLocale, usd: int) -> str:
    """Return a round amount: ``1k``, ``100k``, ``1M``."""
    unit, name = next(((unit, name) for unit, name in _UNITS if usd >= unit), (1.0, ""))
    return locale.toString(int(usd / unit)) + name


def price_text(locale: QLocale, price: float, decimals: int) -> str:
    """Return a price with the digits of its tick size, grouped: ``98,855.1``."""
    return locale.toString(float(price), "f", decimals)


def percent_text(locale: QLocale, share: float) -> str:
    """Return a share as whole percent: ``100 %`` is all of it, and nothing less is."""
    return f"{locale.toString(whole_percent(share))} %"


def whole_percent(share: float) -> int:
    """Return a share, 0 to 1, in percent, rounded down."""
    return min(100, math.floor(share * 100 * _ROUNDING))


def clock_text(ts_ms: int, zone: QTimeZone, *, has_seconds: bool = True) -> str:
    """Return a time of the day, 24 hours: ``00:12:15``, or ``00:12``."""
    return _moment(ts_ms, zone).toString("HH:mm:ss" if has_seconds else "HH:mm")


def day_text(locale: QLocale, ts_ms: int, zone: QTimeZone) -> str:
    """Return a day and its month: ``5 Dec``, in German ``5. Dez.``."""
    day = "d. MMM" if locale.language() == QLocale.Language.German else "d MMM"
    return locale.toString(_moment(ts_ms, zone).date(), day)


def is_same_day(one_ms: int, other_ms: int, zone: QTimeZone) -> bool:
    """Whether two times are on one day of a zone."""
    return bool(_moment(one_ms, zone).date() == _moment(other_ms, zone).date())


def _moment(ts_ms: int, zone: QTimeZone) -> QDateTime:
    return QDateTime.fromMSecsSinceEpoch(ts_ms, zone)
