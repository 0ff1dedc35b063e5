"""Numbers and times in the form of the user's locale; ``js/heatmap_language.js`` writes the same.

Amounts are rounded down: none says more than is known. The clock has 24 hours.
"""

from datetime import UTC, datetime

from PyQt6.QtCore import QDate, QLocale

from Heatmap.domain.phrases import Moment, MomentForm, whole
from Heatmap.sources.amount_texts import AMOUNT_DIGITS, usd_text
from Heatmap.ui.language import users_locale

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


def decimal_number(number: float, decimals: int) -> str:
    """Return a number with so many decimals, its digits in groups; prices have the tick's digits.

    It is rounded to the nearest: use it for what is no amount of liquidations.
    """
    return in_locale(f"{number:,.{decimals}f}")


def moment_words(moment: Moment) -> str:
    """Return a time in UTC: ``5 Dec 2024 16:46 UTC``, in German ``5. Dez. 2024 16:46 UTC``."""
    locale = users_locale()
    time = datetime.fromtimestamp(moment.ms / 1000, UTC)
    day = "d." if locale.language() == QLocale.Language.German else "d"
    date = QDate(time.year, time.month, time.day)
    text = locale.toString(date, day + _QT_FORMATS[moment.form])
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
