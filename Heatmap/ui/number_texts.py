"""Numbers and times in the form of the user's locale; ``js/heatmap_language.js`` writes the same.

Amounts and shares are rounded down: none says more than is known. The clock has 24 hours.
"""

import math
from datetime import UTC, datetime

from PyQt6.QtCore import QDate, QDateTime, QLocale, QTimeZone

from Heatmap.domain.phrases import Moment, MomentForm, whole
from Heatmap.sources.amount_texts import AMOUNT_DIGITS, usd_text
from Heatmap.ui.language import users_locale

UNKNOWN = "\u2013"
"""Stands for an amount that is not known."""

# What is a whole number but for the rounding of binary fractions is that number.
_ROUNDING = 1 + 1e-12
_HOUR_MIN = 60
_QT_FORMATS = {
    MomentForm.DAY_OF_MONTH: "",
    MomentForm.DAY: " MMM",
    MomentForm.DATE: " MMM yyyy",
    MomentForm.MINUTE: " MMM yyyy",
}


def in_locale(number: str) -> str:
    """Return a number that is written in English, such as ``1,234.5``, in the locale's form."""
    locale = users_locale()
    marks = {",": locale.groupSeparator(), ".": locale.decimalPoint()}
    return "".join(marks.get(sign, sign) for sign in number)


def short_usd(usd: float, digits: int = AMOUNT_DIGITS) -> str:
    """Return an amount in short: ``1.02M``, in German ``1,02M``."""
    return in_locale(usd_text(usd, digits))


def whole_number(number: float) -> str:
    """Return a number without decimals, rounded down, its digits in groups: ``2,520,530``."""
    return in_locale(whole(number))


def whole_usd(usd: float) -> str:
    """Return an amount in whole USD: ``2,520,530``."""
    return whole_number(usd * _ROUNDING)


def whole_percent(share: float) -> int:
    """Return a share, 0 to 1, in percent, rounded down."""
    return min(100, math.floor(share * 100 * _ROUNDING))


def percent_text(share: float) -> str:
    """Return a share as whole percent: ``100 %`` is all of it, and nothing less is."""
    return f"{whole_percent(share)} %"


def decimal_number(number: float, decimals: int) -> str:
    """Return a number with so many decimals, its digits in groups; prices have the tick's digits.

    It is rounded to the nearest: use it for what is no amount of liquidations.
    """
    return in_locale(f"{number:,.{decimals}f}")


def moment_words(moment: Moment) -> str:
    """Return a time in UTC: ``5 Dec 2024 16:46 UTC``, in German ``5. Dez. 2024 16:46 UTC``."""
    time = datetime.fromtimestamp(moment.ms / 1000, UTC)
    text = _date_text(QDate(time.year, time.month, time.day), _QT_FORMATS[moment.form])
    return f"{text} {clock_words(moment.ms)[:5]} UTC" if moment.form is MomentForm.MINUTE else text


def date_words(ms: int) -> str:
    """Return a day in UTC: ``5 Dec``, in German ``5. Dez.``."""
    return moment_words(Moment(ms, MomentForm.DAY))


def hours_words(ms: int) -> str:
    """Return a length of time, rounded: ``16.5 h``, ``22 min``, in German ``16,5 h``."""
    minutes = round(ms / 60_000)
    if minutes < _HOUR_MIN:
        return f"{max(1, minutes)} min"
    return f"{decimal_number(ms / 3_600_000, 1)} h"


def clock_words(ms: int) -> str:
    """Return a time of day in UTC, ``16:46:05``."""
    return f"{datetime.fromtimestamp(ms / 1000, UTC):%H:%M:%S}"


def clock_text(ts_ms: int, zone: QTimeZone, *, has_seconds: bool = True) -> str:
    """Return a time of the day in a zone, 24 hours: ``00:12:15``, or ``00:12``."""
    return _moment(ts_ms, zone).toString("HH:mm:ss" if has_seconds else "HH:mm")


def day_text(ts_ms: int, zone: QTimeZone) -> str:
    """Return a day and its month in a zone: ``5 Dec``, in German ``5. Dez.``."""
    return _date_text(_moment(ts_ms, zone).date(), _QT_FORMATS[MomentForm.DAY])


def is_same_day(one_ms: int, other_ms: int, zone: QTimeZone) -> bool:
    """Whether two times are on one day of a zone."""
    return bool(_moment(one_ms, zone).date() == _moment(other_ms, zone).date())


def _date_text(date: QDate, form: str) -> str:
    locale = users_locale()
    day = "d." if locale.language() == QLocale.Language.German else "d"
    return locale.toString(date, day + form)


def _moment(ts_ms: int, zone: QTimeZone) -> QDateTime:
    return QDateTime.fromMSecsSinceEpoch(ts_ms, zone)
