"""The newest liquidations of one symbol, and their totals, kept up with what is stored.

All reading runs in a worker thread, one piece after the other.
"""

from dataclasses import dataclass, field
from typing import Any, Protocol, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from Heatmap.aggregation.arrays import EVENT_DTYPE
from Heatmap.aggregation.event_timeline import EventTimeline
from Heatmap.feeds.recorded_coverage import read_known_coverage
from Heatmap.sources.heat_source import Heartbeats
from Heatmap.storage.coverage import covered_share
from Heatmap.storage.event_arrays import as_array
from Heatmap.storage.event_tape import EventTape

MOST_ROWS = 10_000
"""So many liquidations of one symbol are kept for a tape."""
TAPE_SPAN_MS = 7 * 86_400_000
"""Older ones are not among them."""
TOTAL_SPANS_MS = (3_600_000, 14_400_000, 86_400_000)
"""Lengths of time that are added up, milliseconds: back from now."""

# Which liquidations are large: those from this quantile on, where there are enough to tell.
_LARGE_QUANTILE, _ENOUGH = 0.98, 50
_USUALLY_LARGE_USD = 100_000.0
# Where nothing was recorded lately, the end of the recording is looked for in so much time.
_LONG_AGO_MS = 366 * 86_400_000
# What has left the longest span is dropped when there is so much time of it.
_DROP_MS = 600_000

TapeRow: TypeAlias = tuple[int, float, float, bool]
"""A liquidation: time (UTC ms), price (USD), amount (USD, a lower bound), whether a long's."""

Answer_co = TypeVar("Answer_co", covariant=True)


@dataclass(frozen=True, slots=True, eq=False)
class TapeNews:
    """What a tape did not know yet.

    Attributes
    ----------
    rows
        By time, the oldest first; some may be older than others that came before.
    is_restarted
        They are all that there are, in the place of those before.
    large_usd
        From this amount on a liquidation is a large one of this symbol, USD.
    blind_since_ms
        Since when nothing was recorded, UTC milliseconds; ``None``: it is recorded now, or never
        was.
    """

    rows: list[TapeRow]
    is_restarted: bool
    large_usd: float
    blind_since_ms: int | None


@dataclass(frozen=True, slots=True)
class SpanTotals:
    """What was liquidated in a length of time back from now: lower bounds.

    Attributes
    ----------
    span_ms
        How long it is, milliseconds.
    long_usd, short_usd
        Notional of liquidated longs and shorts, USD.
    recorded_share
        Which share of the time was recorded, proven or not: 0 to 1.
    """

    span_ms: int
    long_usd: float
    short_usd: float
    recorded_share: float


@dataclass(frozen=True, slots=True)
class RecordedTotals:
    """Totals of one symbol.

    Attributes
    ----------
    at_ms
        As of when, UTC milliseconds; equal totals of different times are equal.
    spans
        Those of `TOTAL_SPANS_MS`, in that order.
    """

    at_ms: int = field(compare=False)
    spans: tuple[SpanTotals, ...]


class RecordedBook(Protocol[Answer_co]):
    """Keeps up with one symbol; `close` at any time."""

    def has_news(self) -> bool:
        """Whether events may have been stored since it was read last."""

    def read(self, now_ms: int, heartbeats: Heartbeats | None) -> Answer_co:
        """Return what there is to tell; in a worker thread."""

    def close(self) -> None:
        """Follow what is stored no more; idempotent, and never waits."""


class TapeBook:
    """Reads the newest liquidations of a symbol, and what is new of them.

    Parameters
    ----------
    tape
        What is stored.
    symbol
        Whose liquidations.
    least_usd
        Smaller ones are left out, USD.
    """

    def __init__(self, tape: EventTape, symbol: str, least_usd: float) -> None:
        self.symbol = symbol
        self._tape = tape
        self._least_usd = least_usd
        self._follower = tape.follow(symbol, 0, as_array)
        self._large_usd = _USUALLY_LARGE_USD
        self._blind_since_ms: int | None = None

    def has_news(self) -> bool:
        """Whether events may have been stored since it was read last."""
        return self._follower.has_news()

    def read(self, now_ms: int, heartbeats: Heartbeats | None) -> TapeNews | None:
        """Return what is new; ``None``: nothing.

        Raises
        ------
        StorageError
            The store cannot be read.
        """
        news = self._follower.read(now_ms - TAPE_SPAN_MS)
        if news.restarted:
            self._large_usd = large_from(news.events["notional"])
        counted = news.events[news.events["notional"] >= self._least_usd][-MOST_ROWS:]
        before, self._blind_since_ms = self._blind_since_ms, self._find_blind(now_ms, heartbeats)
        if not (len(counted) or news.restarted or before != self._blind_since_ms):
            return None
        rows: list[TapeRow] = counted.tolist()
        return TapeNews(rows, news.restarted, self._large_usd, self._blind_since_ms)

    def close(self) -> None:
        """Follow what is stored no more; idempotent, and never waits."""
        self._follower.close()

    def _find_blind(self, now_ms: int, heartbeats: Heartbeats | None) -> int | None:
        """Return since when nothing was recorded; ``None``: it is, or never was."""
        with self._tape.reading() as reader:
            for span_ms in (TOTAL_SPANS_MS[0], _LONG_AGO_MS):
                known = read_known_coverage(
                    reader, self.symbol, now_ms - span_ms, now_ms, heartbeats
                )
                if known:
                    return None if known[-1].end_ms >= now_ms else known[-1].end_ms
        return None


class TotalsBook:
    """Adds up the liquidations of a symbol over lengths of time back from now.

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
        self._events = EventTimeline(np.empty(0, dtype=EVENT_DTYPE))
        # From where on events are kept; `None`: none were read yet.
        self._from_ms: int | None = None

    def has_news(self) -> bool:
        """Return ``True``: totals change with the clock too."""
        return True

    def read(self, now_ms: int, heartbeats: Heartbeats | None) -> RecordedTotals:
        """Return the totals as of now.

        Raises
        ------
        StorageError
            The store cannot be read.
        """
        longest_ms = max(TOTAL_SPANS_MS)
        start_ms = now_ms - longest_ms
        if self._from_ms is None or start_ms < self._from_ms:
            # A clock that goes back needs what was dropped.
            self._follower.rewind(start_ms)
            self._from_ms = start_ms
        news = self._follower.read(start_ms)
        if news.restarted:
            self._events, self._from_ms = EventTimeline(news.events), start_ms
        elif len(news.events):
            self._events.add(news.events)
        if start_ms - self._from_ms > _DROP_MS:
            self._events.forget_before(start_ms)
            self._from_ms = start_ms
        with self._tape.reading() as reader:
            known = read_known_coverage(reader, self.symbol, start_ms, now_ms, heartbeats)
        spans = []
        for span_ms in TOTAL_SPANS_MS:
            # What happened in this very millisecond counts.
            events = self._events.between(now_ms - span_ms, now_ms + 1)
            usd, is_long = events["notional"], events["is_long"]
            share = covered_share(known, now_ms - span_ms, now_ms)
            longs, shorts = float(usd[is_long].sum()), float(usd[~is_long].sum())
            spans.append(SpanTotals(span_ms, longs, shorts, share))
        return RecordedTotals(now_ms, tuple(spans))

    def close(self) -> None:
        """Follow what is stored no more; idempotent, and never waits."""
        self._follower.close()


def large_from(usd: NDArray[Any]) -> float:
    """Return from which amount on a liquidation is large, USD, by what there was.

    Parameters
    ----------
    usd : (n,) float64
        What there was; few of them tell nothing.
    """
    return float(np.quantile(usd, _LARGE_QUANTILE)) if len(usd) >= _ENOUGH else _USUALLY_LARGE_USD
