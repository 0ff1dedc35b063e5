"""What a recorder does while another one writes the same file: the decisions. Pure.

It stays connected and keeps the last 30 s, so that what the other one had received but not written
when it died is added. Older events were written by the other one, or it said that they were not.
"""

from collections import deque
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from Heatmap.domain.coverage import CoverageInterval
from Heatmap.domain.instruments import ALL_SYMBOLS, instrument_of


class SinkRole(StrEnum):
    """Whether this recorder writes."""

    WRITER = "writer"
    STANDBY = "standby"
    STOPPED = "stopped"


def not_recorded(wanted: Sequence[str], recorded: Collection[str] | None) -> tuple[str, ...]:
    """Return which of the symbols that a standby was asked for the writer does not record.

    Parameters
    ----------
    wanted
        What the standby was asked for, as instruments are written; ``("ALL",)``: all.
    recorded
        What the writer records, alike; ``None``: not known, so nothing is claimed.

    Returns
    -------
    tuple of str
        ``("ALL",)`` where all were asked for and the writer records only some.
    """
    if recorded is None:
        return ()
    whole = {one.venue for one in map(instrument_of, recorded) if one.symbol == ALL_SYMBOLS}
    return tuple(
        name for name in wanted if name not in recorded and instrument_of(name).venue not in whole
    )


def is_among(symbol: str, recorded: Collection[str] | None) -> bool | None:
    """Whether the writer records a symbol; ``None``: nobody else writes, or that is not known."""
    return None if recorded is None else symbol in recorded or ALL_SYMBOLS in recorded


@dataclass(slots=True)
class Mark:
    """A moment of the standby.

    Attributes
    ----------
    at_s
        When, monotonic clock.
    accepted
        How many events had been taken until then.
    cuts_ms
        By symbol, the exchange's time from which all that was received came after the mark: the
        first heartbeat after it.
    """

    at_s: float
    accepted: int
    cuts_ms: dict[str, int] = field(default_factory=dict)


class KeepWindow:
    """Remembers what came when, by marks about a second apart. Not thread-safe.

    Parameters
    ----------
    keep_s
        What came within this time stays, seconds.
    """

    def __init__(self, keep_s: float) -> None:
        self._keep_s = keep_s
        self._marks: deque[Mark] = deque()

    def mark(self, now_s: float, accepted: int) -> None:
        """Remember how many events had come by now."""
        self._marks.append(Mark(now_s, accepted))

    def note_coverage(self, interval: CoverageInterval) -> None:
        """Record covered time; it ends with a heartbeat."""
        self.note_heartbeat(interval.symbol, interval.end_ms)

    def note_heartbeat(self, symbol: str, ts_ms: int) -> None:
        """Record a heartbeat; the marks before it learn where the time after them begins."""
        for mark in reversed(self._marks):
            if symbol in mark.cuts_ms:
                break
            mark.cuts_ms[symbol] = ts_ms

    def passed(self, now_s: float) -> Mark | None:
        """Return the newest mark that is old enough to forget what came before it."""
        newest = None
        while self._marks and now_s - self._marks[0].at_s >= self._keep_s:
            newest = self._marks.popleft()
        return newest

    def clear(self) -> None:
        """Forget all marks: everything is kept from now on."""
        self._marks.clear()
