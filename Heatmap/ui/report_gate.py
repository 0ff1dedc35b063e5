"""Holds back what a page says too often: reports, and the log lines about them.

Any script of the page can call the bridge's slots, as often as it likes and with whatever it likes.
"""

import re
from collections.abc import Callable
from time import monotonic

from PyQt6.QtCore import QObject, QTimer

from Heatmap.runtime.outside_text import LONGEST_LOOKED_AT, without_secrets

BURST = 20
"""So many reports are passed on at once; the layer's own script sends far fewer."""
PER_SECOND = 40.0
"""And so many in a second after that."""
INTERVAL_S = 0.1
"""What is more waits for this long, and only the newest of each kind is left then."""
MAX_WORDS_CHARS = 300
"""Words from the page are cut off after so many characters."""


_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")


def page_words(text: str) -> str:
    """Return words from the page as one line that is safe in a log: printable, and not long."""
    line = _UNPRINTABLE.sub(" ", without_secrets(text[:LONGEST_LOOKED_AT])).strip()
    return line if len(line) <= MAX_WORDS_CHARS else line[: MAX_WORDS_CHARS - 1] + "\u2026"


class ReportGate(QObject):
    """Passes reports on in their order, at once as a rule.

    While more come than that, the newest of each kind is kept, and those are passed on every
    `INTERVAL_S` in the order in which they came: whatever was said before, the last word counts.

    Parameters
    ----------
    parent
        Qt parent.
    """

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._tokens = float(BURST)
        self._filled_s = monotonic()
        # By kind, the newest last.
        self._waiting: dict[str, Callable[[], None]] = {}
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(int(INTERVAL_S * 1000))
        self._timer.timeout.connect(self._pass_waiting)

    def take(self, kind: str, report: Callable[[], None]) -> None:
        """Call `report` now or soon, or never where another one of its kind comes before that."""
        now_s = monotonic()
        grown = (now_s - self._filled_s) * PER_SECOND
        self._tokens, self._filled_s = min(float(BURST), self._tokens + grown), now_s
        if self._waiting or self._tokens < 1.0:
            self._waiting.pop(kind, None)
            self._waiting[kind] = report
            if not self._timer.isActive():
                self._timer.start()
            return
        self._tokens -= 1.0
        report()

    def _pass_waiting(self) -> None:
        waiting, self._waiting = self._waiting, {}
        for report in waiting.values():
            report()


class LineLimit:
    """Says which of many like lines are to be logged: the first few, then one now and then.

    Parameters
    ----------
    at_once
        So many may follow each other.
    interval_s
        So long until there may be one more.
    clock
        Seconds of a monotonic clock.
    """

    def __init__(
        self, at_once: int, interval_s: float, clock: Callable[[], float] = monotonic
    ) -> None:
        self._at_once = at_once
        self._interval_s = interval_s
        self._clock = clock
        self._left = float(at_once)
        self._filled_s = clock()
        self._withheld = 0

    def grant(self) -> str | None:
        """Return what to add to the line, most often nothing; ``None``: it is one too many."""
        now_s = self._clock()
        grown = (now_s - self._filled_s) / self._interval_s
        self._left, self._filled_s = min(float(self._at_once), self._left + grown), now_s
        if self._left < 1.0:
            self._withheld += 1
            return None
        self._left -= 1.0
        withheld, self._withheld = self._withheld, 0
        return f" ({withheld} more like it were not logged)" if withheld else ""
