"""One line instead of a flood, for what others can have logged as often as they like."""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic

from Heatmap.runtime.compat import override

EVERY_S = 60.0
"""The same is logged once in this time."""
_MOST_KINDS = 200


@dataclass(slots=True)
class _Told:
    since_s: float
    left_out: int = 0


class CalmFilter(logging.Filter):
    """Lets a message through once a minute; the next one says how many were left out.

    Messages are the same whose text is, before their arguments are put in, and whose exceptions are
    of one class. Thread-safe. On a logger it stands before what changes the text.

    Parameters
    ----------
    clock_s
        The monotonic clock, seconds.
    """

    def __init__(self, clock_s: Callable[[], float] = monotonic) -> None:
        super().__init__()
        self._clock_s = clock_s
        self._lock = threading.Lock()
        self._told: dict[tuple[object, ...], _Told] = {}

    @override
    def filter(self, record: logging.LogRecord) -> bool:
        """Tell whether a record is logged."""
        fault = record.exc_info[0] if record.exc_info else None
        key = (record.name, record.levelno, str(record.msg), fault)
        with self._lock:
            now_s, told = self._clock_s(), self._told.pop(key, None)
            if told is not None and now_s - told.since_s < EVERY_S:
                told.left_out += 1
                self._told[key] = told
                return False
            self._told[key] = _Told(now_s)
            while len(self._told) > _MOST_KINDS:
                del self._told[next(iter(self._told))]
        if told is not None and told.left_out:
            text = str(record.msg).rstrip("\n")
            record.msg = f"{text} (and {told.left_out} more like it since it was logged last)"
        return True
