"""Loggers whose lines hold no password and no control character, whoever handles them.

A host has handlers of its own, so the text is made safe where it is logged: in a filter of each of
our loggers, traceback included. The commands' own handler does the same to what libraries log.
"""

import logging
import traceback

from Heatmap.runtime.compat import override
from Heatmap.runtime.outside_text import printable, without_secrets

_LINE_ENDS = "\n"
_TAB = "\t"


def get_logger(name: str) -> logging.Logger:
    """Return the logger of a module, which makes what it logs safe to show."""
    logger = logging.getLogger(name)
    if _FILTER not in logger.filters:
        logger.addFilter(_FILTER)
    return logger


def safe_lines(text: str) -> str:
    """Return a text of several lines, such as a traceback, without secrets and controls."""
    return printable(without_secrets(text), keep=_LINE_ENDS + _TAB)


class SafeFilter(logging.Filter):
    """Lets every record through, its message as one safe line and its traceback as safe lines."""

    @override
    def filter(self, record: logging.LogRecord) -> bool:
        """Make the record safe; returns ``True``."""
        try:
            text = record.getMessage()
        except Exception:  # noqa: BLE001 - logging reports it where the record is handled
            return True
        safe = printable(without_secrets(text))
        if safe != text:
            record.msg, record.args = safe, ()
        if record.exc_info and record.exc_info[1] is not None and not record.exc_text:
            lines = "".join(traceback.format_exception(record.exc_info[1]))
            # What a formatter finds here it does not make itself.
            record.exc_text = safe_lines(lines).rstrip("\n")
        return True


class SafeFormatter(logging.Formatter):
    """Makes a line of any library's record as safe as one of ours."""

    @override
    def format(self, record: logging.LogRecord) -> str:
        """Return the record as text."""
        SafeFilter().filter(record)
        return safe_lines(super().format(record))


_FILTER = SafeFilter()
