"""What was done about the database lately: news for some minutes, and then only in the tool tip."""

from collections.abc import Callable, Iterable
from time import monotonic

NOTICE_S = 600.0
"""So long the bar says what was done about the database; the tool tip goes on."""


class NewNotices:
    """Picks what was done about the database lately: the chart may have lost its past by that.

    Parameters
    ----------
    clock
        The monotonic clock, seconds.
    """

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        # When each was there first.
        self._seen_s: dict[str, float] = {}

    def pick(self, notices: Iterable[str]) -> list[str]:
        """Return those that are there since `NOTICE_S` at most."""
        now_s = self._clock()
        return [
            notice
            for notice in notices
            if now_s - self._seen_s.setdefault(notice, now_s) < NOTICE_S
        ]
