"""What is liquidated of an instrument in a usual minute, from what was recorded of it."""

from collections.abc import Iterator

from Heatmap.storage.coverage import clipped, gaps_between
from Heatmap.storage.event_tape import EventTape
from Heatmap.storage.store import Row

SPAN_MS = 7 * 86_400_000
"""So far back it is looked at."""
LEAST_MINUTES = 60
"""With less that was recorded a usual minute is not known."""
_MINUTE_MS = 60_000


class UsualMinutes:
    """Reads them, each once. One thread uses it at a time.

    Parameters
    ----------
    tape
        What is stored.
    now_ms
        As of when, UTC milliseconds.
    """

    def __init__(self, tape: EventTape, now_ms: int) -> None:
        self._tape = tape
        self._now_ms = now_ms
        self._known: dict[str, float | None] = {}

    def __call__(self, instrument: str) -> float | None:
        """Return the mean of the recorded minutes of the last week, USD; ``None``: not known.

        Minutes in which nothing was liquidated count, time that was not recorded does not.

        Raises
        ------
        StorageError
            The store cannot be read.
        """
        if instrument not in self._known:
            self._known[instrument] = self._read(instrument)
        return self._known[instrument]

    def _read(self, instrument: str) -> float | None:
        until_ms = self._now_ms
        from_ms = until_ms - SPAN_MS
        with self._tape.reading() as reader:
            parts = clipped(reader.read_coverage(instrument, from_ms, until_ms), from_ms, until_ms)
            missing = sum(end - start for start, end in gaps_between(parts, from_ms, until_ms))
            minutes = (SPAN_MS - missing) / _MINUTE_MS
            if minutes < LEAST_MINUTES:
                return None
            usd = reader.read_window(instrument, from_ms, until_ms, _sum_usd).events
        return usd / minutes if usd > 0 else None


def _sum_usd(rows: Iterator[Row]) -> float:
    return sum(row[2] for row in rows)
