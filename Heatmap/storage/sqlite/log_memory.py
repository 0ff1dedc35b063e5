"""What only the write-ahead log holds: it is written once more where the log is lost. Pure."""

from collections import Counter, deque
from collections.abc import Sequence
from decimal import Decimal

from Heatmap.domain.coverage import CoverageInterval
from Heatmap.domain.events import LiquidationEvent
from Heatmap.domain.instruments import Instrument
from Heatmap.storage.coverage import extended, normalized, without_span

# A log that a reader keeps from shrinking may hold more; some 50 MB.
_LIMIT = 50_000
_COVERAGE_LIMIT = 1000


class LogMemory:
    """Keeps what was committed since the last time that all of the log was in the file.

    Parameters
    ----------
    limit
        How many events are kept; of older ones only the number is.
    """

    def __init__(self, limit: int = _LIMIT) -> None:
        self._limit = limit
        self._events: deque[tuple[int, LiquidationEvent]] = deque()
        # Batches that are kept no more: their last row id, and how many rows.
        self._forgotten: deque[tuple[int, int]] = deque()
        self._coverage: dict[Instrument, list[CoverageInterval]] = {}
        # Tick size and when it held, UTC ms.
        self._tick_sizes: dict[Instrument, tuple[Decimal, int]] = {}
        # By the number of their transaction, venue and name.
        self._counts: list[tuple[int, dict[str, dict[str, int]]]] = []

    def add_events(self, row_ids: Sequence[int], events: Sequence[LiquidationEvent]) -> None:
        """Take a batch that was committed."""
        self._events.extend(zip(row_ids, events, strict=True))
        surplus = len(self._events) - self._limit
        if surplus > 0:
            last_id = 0
            for _ in range(surplus):
                last_id, _ = self._events.popleft()
            self.forget(last_id, surplus)

    def forget(self, last_id: int, count: int) -> None:
        """Record rows of which only the number is known."""
        self._forgotten.append((last_id, count))

    def add_coverage(self, interval: CoverageInterval) -> None:
        """Take covered time."""
        known = self._coverage.setdefault(interval.instrument, [])
        last = known[-1] if known else None
        # A heartbeat continues the newest one, which touches none of the others.
        if (
            last is not None
            and last.proven is interval.proven
            and last.start_ms <= interval.start_ms <= last.end_ms
        ):
            if interval.end_ms > last.end_ms:
                known[-1] = extended(last, interval.end_ms)
        else:
            known[:] = normalized([*known, interval])[-_COVERAGE_LIMIT:]

    def cut_coverage(
        self, symbol: str | None, spans: Sequence[tuple[int, int]], venue: str
    ) -> None:
        """Take spans of time, UTC milliseconds, out of what a venue's symbol covers; or of all."""
        for instrument, known in self._coverage.items():
            if instrument.venue == venue and symbol in (None, instrument.symbol):
                for start_ms, end_ms in spans:
                    known[:] = without_span(known, start_ms, end_ms)

    def add_tick_size(self, instrument: Instrument, tick_size: Decimal, ts_ms: int) -> None:
        """Take a tick size, USD, and when it held, UTC milliseconds."""
        self._tick_sizes[instrument] = (tick_size, ts_ms)

    def add_counts(self, number: int, counts: dict[str, dict[str, int]]) -> None:
        """Take increments of each venue's totals, and which transaction added them."""
        self._counts.append((number, counts))
        if len(self._counts) > _COVERAGE_LIMIT:
            # Of so long ago only the latest transaction's number is kept.
            (_, first), (later, second) = self._counts[:2]
            joined = {
                venue: dict(Counter(first.get(venue, {})) + Counter(second.get(venue, {})))
                for venue in {*first, *second}
            }
            self._counts[:2] = [(later, joined)]

    def events_after(self, row_id: int) -> list[tuple[int, LiquidationEvent]]:
        """Return the events with larger row ids, in their order."""
        return [(number, event) for number, event in self._events if number > row_id]

    @property
    def has_forgotten(self) -> bool:
        """Whether the log holds rows that are not kept here."""
        return bool(self._forgotten)

    def forgotten_after(self, row_id: int) -> int:
        """Return how many rows with larger ids are not kept."""
        return sum(count for last_id, count in self._forgotten if last_id > row_id)

    def coverage(self) -> list[CoverageInterval]:
        """Return the covered time."""
        return [interval for known in self._coverage.values() for interval in known]

    def tick_sizes(self) -> list[tuple[Instrument, Decimal, int]]:
        """Return each instrument's tick size and when it held."""
        return [(instrument, *known) for instrument, known in self._tick_sizes.items()]

    def counts_after(self, number: int) -> list[dict[str, dict[str, int]]]:
        """Return the increments that later transactions added, by venue and name."""
        return [counts for when, counts in self._counts if when > number]

    def clear(self) -> None:
        """Forget all: it is in the file."""
        self._events.clear()
        self._forgotten.clear()
        self._coverage.clear()
        self._tick_sizes.clear()
        self._counts.clear()
