"""The recorded liquidations of one symbol as bubbles, kept up with what is stored.

All reading and grouping runs in a worker thread, one piece after the other.
"""

import math
from dataclasses import dataclass
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from Heatmap.aggregation.arrays import EVENT_DTYPE
from Heatmap.aggregation.bubble_cells import BubbleCells, group_into_cells
from Heatmap.aggregation.event_timeline import EventTimeline
from Heatmap.aggregation.heat_field import counted
from Heatmap.feeds.recorded_coverage import read_known_coverage
from Heatmap.picture.messages import Heartbeats
from Heatmap.picture.packing import pack_numbers
from Heatmap.picture.texts import BUBBLE_WORDS, moment_text
from Heatmap.sources.coverage_gaps import find_gaps, inner_edges
from Heatmap.storage.event_arrays import as_array
from Heatmap.storage.event_tape import EventTape

MOST_BUBBLES = 1_500
"""So many go to the page, which joins those that overlap."""

# Read more than is asked about: now may go back a little, since heartbeats are not equally fast.
_SPARE_MS = 60_000
# What has left the window is dropped when there is so much time of it.
_DROP_MS = 600_000
# Which liquidations are large: those from this quantile on, where there are enough to tell.
_LARGE_QUANTILE, _ENOUGH = 0.98, 50
# Where there are not, the largest one is taken for so many times of what is large.
_LARGEST_TO_LARGE = 13.0
# Bitcoin's in December 2024, where nothing was liquidated at all.
_USUAL_LARGE_USD = 130_000.0


@dataclass(frozen=True, slots=True)
class BubbleQuestion:
    """Which liquidations are to be bubbles.

    Attributes
    ----------
    start_ms
        The oldest ones begin here, UTC milliseconds.
    until_ms
        The newest ones end before this; ``None``: whatever comes.
    side, minimum_usd
        What counts, see `Heatmap.aggregation.heat_field.counted`.
    least_usd
        Bubbles of less are not drawn; ``None``: less than what is large for the symbol.
    usual_from_ms
        By what was liquidated since then it is told what is large, UTC milliseconds; ``None``:
        nobody asks.
    recorded_until_ms
        Until when it is told what was not recorded; ``None``: nothing is told of it.
    heartbeats
        What heartbeats prove beyond the written coverage; ``None``: nothing.
    """

    start_ms: int
    until_ms: int | None
    side: str
    minimum_usd: float
    least_usd: float | None
    recorded_until_ms: int | None = None
    heartbeats: Heartbeats | None = None
    usual_from_ms: int | None = None


class BubbleBook:
    """Reads the liquidations of one symbol, and what is new of them. `close` at any time.

    Parameters
    ----------
    tape
        What is stored.
    symbol
        Whose liquidations.
    """

    def __init__(self, tape: EventTape, symbol: str) -> None:
        self.symbol = symbol
        self._tape = tape
        self._follower = tape.follow(symbol, 0, as_array)
        self._lock = Lock()
        self._events = EventTimeline(np.empty(0, dtype=EVENT_DTYPE))
        # What is large for the symbol, and by what was liquidated since when; `None`: not known.
        self._large_usd: float | None = None
        self._usual_from_ms: int | None = None
        # What was read of time: from where on, and until where; `None`: nothing yet.
        self._span_ms: tuple[int, int | None] | None = None

    def has_news(self) -> bool:
        """Whether events may have been stored since it was read last."""
        return self._follower.has_news()

    def close(self) -> None:
        """Follow what is stored no more; idempotent, and never waits."""
        self._follower.close()

    def read(self, question: BubbleQuestion) -> dict[str, Any]:
        """Return what the page's part takes, see ``ui/js/parts/bubbles.js``.

        Raises
        ------
        StorageError
            The store cannot be read.
        """
        events = self.read_events(question)
        events = events[counted(events, question.side, question.minimum_usd)]
        cells = group_into_cells(events, MOST_BUBBLES)
        large_usd = self._find_large(question.usual_from_ms)
        least_usd = large_usd if question.least_usd is None else question.least_usd
        measure_usd = large_usd or float(events["notional"].max(initial=0.0)) / _LARGEST_TO_LARGE
        return bubble_message(
            cells, least_usd, self.read_recorded(question), measure_usd or _USUAL_LARGE_USD
        )

    def read_events(self, question: BubbleQuestion) -> NDArray[np.void]:
        """Return all liquidations of the time that is asked about, by time, (n,) EVENT_DTYPE."""
        with self._lock:
            self._keep_up(question)
            return self._events.between(question.start_ms, _end_ms(question))

    def read_recorded(self, question: BubbleQuestion) -> dict[str, Any] | None:
        """Return since when there is a recording, and what of the time is missing in it."""
        start_ms, end_ms = question.start_ms, question.recorded_until_ms
        if end_ms is None:
            return None
        with self._tape.reading() as reader:
            if question.until_ms is None:
                intervals = read_known_coverage(
                    reader, self.symbol, start_ms, end_ms, question.heartbeats
                )
            else:
                intervals = list(reader.read_coverage(self.symbol, start_ms, end_ms))
            since_ms = reader.recorded_since_ms(self.symbol)
        gaps = inner_edges(find_gaps(intervals, start_ms, end_ms), start_ms, end_ms)
        return {
            "gaps": [list(gap) for gap in gaps],
            "sinceMs": since_ms,
            "sinceText": "" if since_ms is None else moment_text(since_ms),
        }

    def _find_large(self, from_ms: int | None) -> float | None:
        """Return from which amount on one is large, USD; ``None``: there are too few to tell."""
        if from_ms is None:
            return None
        if self._large_usd is None or from_ms != self._usual_from_ms:
            follower = self._tape.follow(self.symbol, from_ms, as_array)
            try:
                self._large_usd = usually_large_from(follower.read(from_ms).events["notional"])
            finally:
                follower.close()
            self._usual_from_ms = from_ms
        return self._large_usd

    def _keep_up(self, question: BubbleQuestion) -> None:
        """Have all events of the time that is asked about, and not many before it."""
        from_ms, until_ms = question.start_ms - _SPARE_MS, question.until_ms
        known = self._span_ms
        if known is None or question.start_ms < known[0] or until_ms != known[1]:
            known = self._span_ms = from_ms, until_ms
            self._follower.rewind(*known)
        news = self._follower.read(known[0])
        if news.restarted:
            # Also what is large may be by what is not known any more: time may have gone back.
            self._large_usd = None
            self._events = EventTimeline(news.events)
        elif len(news.events):
            self._events.add(news.events)
        if from_ms - known[0] > _DROP_MS:
            self._events.forget_before(from_ms)
            self._span_ms = from_ms, until_ms


def _end_ms(question: BubbleQuestion) -> int:
    return np.iinfo(np.int64).max if question.until_ms is None else question.until_ms


def usually_large_from(usd: NDArray[Any]) -> float | None:
    """Return from which amount on a liquidation is one of the largest 2 %, USD.

    Parameters
    ----------
    usd : (n,) float64
        What there was.

    Returns
    -------
    float or None
        Two digits, rounded down; ``None``: there were too few to tell.
    """
    if len(usd) < _ENOUGH:
        return None
    large = float(np.quantile(usd, _LARGE_QUANTILE))
    if large <= 0:
        return None
    # Some more of them do not change it each time.
    step = 10.0 ** (math.floor(math.log10(large)) - 1)
    return float(f"{math.floor(large / step) * step:.2g}")


def bubble_message(
    cells: BubbleCells,
    least_usd: float | None,
    recorded: dict[str, Any] | None = None,
    large_usd: float = _USUAL_LARGE_USD,
) -> dict[str, Any]:
    """Return what the page's part takes; `large_usd` is the measure of the bubbles' sizes.

    Returns
    -------
    dict
        ``cells``: five columns of numbers one behind the other (time, price, USD, count, whether
        longs), see `pack_numbers`; ``leastUsd``; ``largeUsd``; ``words``; ``recorded``, ``None``
        where the heat itself tells it: ``gaps`` (``[from_ms, to_ms, "gap" or "unproven"]`` each,
        ``None`` where it is the window's own edge), ``sinceMs`` and ``sinceText``.
    """
    columns = np.concatenate(
        (np.round(cells.ts_ms), cells.price, cells.usd, cells.count, cells.is_long)
    )
    return {
        "cells": pack_numbers(columns),
        "leastUsd": least_usd,
        "largeUsd": large_usd,
        "recorded": recorded,
        "words": BUBBLE_WORDS,
    }
