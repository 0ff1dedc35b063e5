"""A sink without a file, that a test can look into and let fail; and waiting for other threads."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from Heatmap.domain.coverage import CoverageInterval
from Heatmap.domain.events import LiquidationEvent, StoredBatch
from Heatmap.domain.instruments import BINANCE_USDM, InstrumentName
from Heatmap.ingestion.connection.supervisor import ConnectionState
from Heatmap.ingestion.coverage_holes import CoverageHoles
from Heatmap.ingestion.recorder.recorder import Recorder

if TYPE_CHECKING:
    from Heatmap.errors import Failure


class MemorySink:
    """Keeps everything in memory, and fails where the test wants it to."""

    def __init__(self) -> None:
        self.events: list[LiquidationEvent] = []
        self.batches: list[int] = []
        self.coverage: list[CoverageInterval] = []
        self.coverage_writes_s: list[float] = []
        self.counts: Counter[str] = Counter()
        self.unread_order: str | None = None
        self.symbols: tuple[str, ...] = ()
        self.retention_ms: int | None = None
        self.notices: tuple[Failure, ...] = ()
        self.tick_sizes: dict[str, tuple[Decimal, int]] = {}
        self.deletions: list[int] = []
        self.expired_rows = 0
        self.fault: Exception | None = None
        self.write_gate = threading.Event()
        self.write_gate.set()
        self.closed = False
        self.hurried = False
        self.threads: set[int] = set()
        self._keys: set[tuple[Any, ...]] = set()

    def generation(self) -> int:
        return 1

    def finish_now(self) -> None:
        self.hurried = True

    def write(self, events: Sequence[LiquidationEvent]) -> StoredBatch:
        self._enter()
        self.write_gate.wait(10)
        new = []
        for event in events:
            key = (event.symbol, event.ts_ms, event.liquidated, event.price, event.qty)
            if key not in self._keys:
                self._keys.add(key)
                new.append(event)
        self.batches.append(len(events))
        first_id = len(self.events) + 1
        self.events += new
        self.counts.update(received=len(events), stored=len(new))
        self.counts["duplicates"] += len(events) - len(new)
        ids = tuple(range(first_id, first_id + len(new)))
        return StoredBatch(tuple(new), ids, len(events) - len(new))

    def extend_coverage(
        self, instrument: InstrumentName, start_ms: int, end_ms: int, *, proven: bool
    ) -> None:
        self._enter()
        symbol = str(instrument)
        assert start_ms < end_ms
        self.coverage_writes_s.append(time.monotonic())
        newest = next((one for one in reversed(self.coverage) if one.symbol == symbol), None)
        if newest is not None and newest.proven == proven and newest.end_ms >= start_ms:
            self.coverage.remove(newest)
            start_ms, end_ms = newest.start_ms, max(newest.end_ms, end_ms)
        self.coverage.append(CoverageInterval(symbol, start_ms, end_ms, proven))

    def cut_coverage(
        self, symbol: str | None, spans: Sequence[tuple[int, int]], venue: str = BINANCE_USDM
    ) -> None:
        self._enter()
        assert venue == BINANCE_USDM
        holes = CoverageHoles()
        holes.add(symbol, spans)
        self.coverage = [part for one in self.coverage for part in holes.cut(one)]

    def save_unread_order(self, words: str) -> None:
        self._enter()
        self.unread_order = words

    def save_tick_size(self, instrument: InstrumentName, tick_size: Decimal, ts_ms: int) -> None:
        self._enter()
        self.tick_sizes[str(instrument)] = (tick_size, ts_ms)

    def add_counts(self, counts: Mapping[str, int], venue: str = BINANCE_USDM) -> None:
        self._enter()
        assert venue == BINANCE_USDM
        self.counts.update(counts)

    def save_symbols(self, symbols: Sequence[str]) -> None:
        self._enter()
        self.symbols = tuple(symbols)

    def kept_retention_ms(self) -> int | None:
        self._enter()
        return self.retention_ms

    def keep_retention(self, retention_ms: int) -> None:
        self._enter()
        self.retention_ms = retention_ms

    def expired_counts(self, before_ms: int) -> Iterator[int]:
        del before_ms
        self._enter()
        yield from (self.expired_rows // 2, self.expired_rows - self.expired_rows // 2)

    def delete_expired(self, before_ms: int, limit: int = 500) -> int:
        self._enter()
        self.deletions.append(before_ms)
        deleted = min(limit, self.expired_rows)
        self.expired_rows -= deleted
        return deleted

    def close(self) -> None:
        self.threads.add(threading.get_ident())
        self.closed = True

    def _enter(self) -> None:
        assert not self.closed
        self.threads.add(threading.get_ident())
        if self.fault is not None:
            raise self.fault


# An end that is not held up takes less, also beside seven busy processes; one that is held up, by a
# peer that does not answer or a file that does not become free, takes longer.
QUICK_END_S = 8.0


def eventually(condition: Callable[[], object], limit_s: float = 20.0) -> None:
    """Wait for a condition that other threads bring about."""
    until_s = time.monotonic() + limit_s
    pause = threading.Event()
    while not condition():
        assert time.monotonic() < until_s, "it did not come about"
        pause.wait(0.005)


def live(recorder: Recorder) -> bool:
    return recorder.status().connection is ConnectionState.LIVE


def times_of(sink: MemorySink) -> list[int]:
    return [event.ts_ms for event in sink.events]
