"""What a replay's bar and candles are made of, read from what is stored. Not for a GUI's loop."""

from dataclasses import dataclass
from time import monotonic

from Heatmap.aggregation.time_buckets import time_buckets
from Heatmap.domain.candles import MINUTE_MS, Candle, Span
from Heatmap.sources.heat_source import Heartbeats
from Heatmap.storage.coverage import gaps_between
from Heatmap.storage.event_arrays import as_array
from Heatmap.storage.event_tape import EventTape

_STEPS_MS = (60_000, 300_000, 900_000, 3_600_000, 14_400_000, 86_400_000)
_MOST_STEPS = 600
# All of it is read again after this, and after so many times its own cost.
_LOOK_S, _COSTS = 10.0, 50.0


@dataclass(frozen=True, slots=True)
class RecordedTime:
    """What was recorded of a symbol, from end to end.

    Attributes
    ----------
    start_ms, end_ms
        The time from the start of the recording until now, UTC milliseconds.
    holes
        What of it was not recorded, in order: half-open, UTC milliseconds.
    step_ms
        Liquidations are added up in lengths of time of this many milliseconds.
    sums
        Beginning (UTC ms), longs and shorts (USD, lower bounds) of those that have any, in order.
    count
        How many liquidations were recorded in that time.
    """

    start_ms: int
    end_ms: int
    holes: tuple[Span, ...]
    step_ms: int
    sums: tuple[tuple[int, float, float], ...]
    count: int = 0

    def holes_between(self, start_ms: int, end_ms: int) -> tuple[Span, ...]:
        """Return what of a time was not recorded, in order; before the first start nothing was.

        What was recorded a moment ago is not written yet: a last hole that is shorter than a
        minute is none.
        """
        spans = [*self.holes]
        if spans and spans[-1][1] >= self.end_ms and spans[-1][1] - spans[-1][0] < MINUTE_MS:
            spans.pop()
        if start_ms < self.start_ms:
            spans.insert(0, (start_ms, self.start_ms))
        inside = ((max(first, start_ms), min(last, end_ms)) for first, last in spans)
        return tuple((first, last) for first, last in inside if first < last)


def read_recorded_time(tape: EventTape, symbol: str, now_ms: int) -> RecordedTime | None:
    """Read what was recorded of a symbol until now; ``None``: nothing.

    Raises
    ------
    StorageError
        The store cannot be read.
    """
    with tape.reading() as reader:
        start_ms = reader.recorded_since_ms(symbol)
        if start_ms is None or start_ms >= now_ms:
            return None
        coverage = reader.read_coverage(symbol, start_ms, now_ms)
        events = reader.read_window(symbol, start_ms, now_ms, as_array).events
    fitting = (one for one in _STEPS_MS if (now_ms - start_ms) // one <= _MOST_STEPS)
    step_ms = next(fitting, _STEPS_MS[-1])
    found = time_buckets(events, start_ms, now_ms, step_ms)
    rows = zip(found.start_ms.tolist(), *found.usd.tolist(), strict=True)
    sums = tuple(row for row in rows if row[1] + row[2] > 0)
    holes = gaps_between(coverage, start_ms, now_ms)
    return RecordedTime(start_ms, now_ms, holes, step_ms, sums, len(events))


class RecordedTimeBook:
    """Reads what was recorded of a symbol, a `RecordedBook`.

    Parameters
    ----------
    tape
        What is stored.
    symbol
        Whose.
    """

    def __init__(self, tape: EventTape, symbol: str) -> None:
        self.symbol = symbol
        self._tape = tape
        self._found: RecordedTime | None = None
        # Before it is read again, monotonic seconds.
        self._due_s = 0.0

    def has_news(self) -> bool:
        """Return ``False``: it is read now and then, since all is added up each time."""
        return False

    def read(self, now_ms: int, heartbeats: Heartbeats | None) -> RecordedTime | None:
        """Return what was recorded until now, or a moment ago; ``None``: nothing.

        Raises
        ------
        StorageError
            The store cannot be read.
        """
        del heartbeats
        if monotonic() >= self._due_s:
            started_s = monotonic()
            self._found = read_recorded_time(self._tape, self.symbol, now_ms)
            cost_s = monotonic() - started_s
            wait_s = _LOOK_S if self._found is not None else 0.0
            self._due_s = monotonic() + max(wait_s, _COSTS * cost_s)
        return self._found

    def close(self) -> None:
        """Nothing is followed."""


def with_running(
    closed: tuple[Candle, ...], minutes: tuple[Candle, ...], interval_ms: int
) -> tuple[Candle, ...]:
    """Add the candle in progress, made of its closed minutes, where there are any. Pure.

    Parameters
    ----------
    closed
        Candles of the interval, in order.
    minutes
        Closed minutes of the time after them, in order.
    interval_ms
        How long a candle is.
    """
    if interval_ms == MINUTE_MS or not minutes:
        return closed
    known = [one.taker_buy_quote for one in minutes if one.taker_buy_quote is not None]
    running = Candle(
        minutes[0].open_ms // interval_ms * interval_ms,
        minutes[0].open,
        max(one.high for one in minutes),
        min(one.low for one in minutes),
        minutes[-1].close,
        sum(one.quote_volume for one in minutes),
        sum(known) if len(known) == len(minutes) else None,
    )
    return (*closed, running)
