"""Time in which a force order came that could not be read: it counts as not recorded. Pure.

Without this such an order would be worse than lost: its time would be told as recorded, with
nothing in it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from Heatmap.domain.coverage import CoverageInterval
from Heatmap.domain.events import UnreadOrder

# The exchange sends the one order that stands for a second; what it told of that second is missing.
_SECOND_MS = 1000
# Where the order names no time it came after the latest heartbeat, and before the next.
_UNTIL_NEXT_MS = 2000
# What a symbol's holes are limited to; the oldest go first. An hour of them is a row for a second.
_MOST_SPANS = 4000

Span = tuple[int, int]


def spans_of(order: UnreadOrder, heartbeat_ms: int | None) -> tuple[Span, ...]:
    """Return which time an unread order leaves unknown, UTC milliseconds, both ends included.

    Parameters
    ----------
    order
        What is known of it.
    heartbeat_ms
        The exchange's time when it came, as far as its heartbeats tell.
    """
    if order.times_ms:
        return tuple((ts_ms - _SECOND_MS, ts_ms + 1) for ts_ms in order.times_ms)
    if heartbeat_ms is None:
        return ()
    return ((heartbeat_ms - _SECOND_MS, heartbeat_ms + _UNTIL_NEXT_MS),)


class CoverageHoles:
    """What no coverage may claim, by symbol (``None``: any). Not thread-safe."""

    def __init__(self) -> None:
        # Sorted and apart.
        self._spans: dict[str | None, list[Span]] = {}
        # Those that what was written before may claim still.
        self._unwritten: dict[str | None, list[Span]] = {}

    def __bool__(self) -> bool:
        return bool(self._unwritten)

    def add(self, symbol: str | None, spans: Iterable[Span]) -> None:
        """Note time that is not recorded, of a symbol, of ``ALL`` or of any."""
        spans = list(spans)
        if spans:
            for known in (self._spans, self._unwritten):
                known[symbol] = _joined([*known.get(symbol, ()), *spans])

    def unwritten(self) -> Mapping[str | None, tuple[Span, ...]]:
        """Return what is to be taken out of the coverage that was written."""
        return {symbol: tuple(spans) for symbol, spans in self._unwritten.items()}

    def note_written(self, symbol: str | None, spans: Iterable[Span]) -> None:
        """Note that these were taken out."""
        done = set(spans)
        left = [span for span in self._unwritten.get(symbol, ()) if span not in done]
        if left:
            self._unwritten[symbol] = left
        else:
            self._unwritten.pop(symbol, None)

    def cut(self, interval: CoverageInterval) -> tuple[CoverageInterval, ...]:
        """Return what of an interval was recorded."""
        spans = self._spans.get(interval.symbol, [])
        if None in self._spans:
            spans = _joined([*spans, *self._spans[None]])
        parts = []
        start_ms = interval.start_ms
        for from_ms, to_ms in spans:
            if to_ms <= start_ms:
                continue
            if from_ms >= interval.end_ms:
                break
            if from_ms > start_ms:
                parts.append(replace(interval, start_ms=start_ms, end_ms=from_ms))
            start_ms = to_ms
        if start_ms < interval.end_ms:
            parts.append(replace(interval, start_ms=start_ms))
        return tuple(parts)


def is_concerned(order: UnreadOrder, wanted: frozenset[str] | None) -> bool:
    """Tell whether an unread order may be one of the recorded symbols (``None``: all)."""
    return wanted is None or order.symbol is None or order.symbol in wanted


def _joined(spans: list[Span]) -> list[Span]:
    joined: list[Span] = []
    for from_ms, to_ms in sorted(spans):
        if joined and from_ms <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], to_ms))
        else:
            joined.append((from_ms, to_ms))
    return joined[-_MOST_SPANS:]
