"""Days as history has them: ISO dates in UTC. Pure."""

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta

from Heatmap.domain.candles import DAY_MS
from Heatmap.errors import HistoryError

#: The archive begins later.
EARLIEST = date(2017, 1, 1)
LATEST = date(2099, 12, 31)
_DAY = re.compile(r"(\d{4})-(\d{2})-(\d{2})")
_EPOCH = date(1970, 1, 1)
_DECEMBER = 12


def parse_day(text: str) -> date:
    """Read a day such as ``2025-01-31``.

    Raises
    ------
    HistoryError
        It is none, or lies outside 2017 to 2099.
    """
    if found := _DAY.fullmatch(text.strip()):
        try:
            day = date(*map(int, found.groups()))
        except ValueError:
            pass
        else:
            if EARLIEST <= day <= LATEST:
                return day
    raise HistoryError(f"expected a day from 2017 to 2099 such as 2025-01-31, got {text[:40]!r}")


def parse_period(text: str) -> tuple[date, date] | None:
    """Return the first and the last day of ``2025-01-31`` or ``2025-01``; ``None``: neither."""
    try:
        first = parse_day(text if text.count("-") > 1 else f"{text}-01")
    except HistoryError:
        return None
    return (first, first) if text.count("-") > 1 else (first, last_of_month(first))


def last_of_month(day: date) -> date:
    """Return the last day of a day's month."""
    if day.month == _DECEMBER:
        return date(day.year, 12, 31)
    return date(day.year, day.month + 1, 1) - timedelta(days=1)


def begin_ms(day: date) -> int:
    """Return when a day begins, UTC milliseconds."""
    return (day - _EPOCH).days * DAY_MS


def day_of(ts_ms: int) -> date:
    """Return the day of a time in UTC milliseconds."""
    return datetime.fromtimestamp(ts_ms // 1000, UTC).date()


def days_between(first: date, last: date) -> Iterator[date]:
    """Yield each day from the first to the last one, both included."""
    for number in range((last - first).days + 1):
        yield first + timedelta(days=number)


def spans(days: Iterable[date]) -> list[tuple[date, date]]:
    """Return the runs of days that follow each other, both ends included."""
    found: list[tuple[date, date]] = []
    for day in sorted(set(days)):
        if found and day - found[-1][1] == timedelta(days=1):
            found[-1] = (found[-1][0], day)
        else:
            found.append((day, day))
    return found


def spans_text(days: Iterable[date]) -> str:
    """Say which days: ``2025-01-03, 2025-01-07 to 2025-01-09``."""
    return ", ".join(
        str(first) if first == last else f"{first} to {last}" for first, last in spans(days)
    )
