"""Between the stream and the sink: a bounded queue, batches, and coverage after its events.

Lives in the recorder's loop; the sink is called there, and only there.
"""

import asyncio
import contextlib
import itertools
import logging
import math
from collections import deque
from collections.abc import Callable

from Heatmap.domain.events import CoverageInterval, LiquidationEvent, StoredBatch
from Heatmap.errors import StorageError
from Heatmap.ingestion.recorder.coverage_tracker import CoverageLedger
from Heatmap.ingestion.recorder.event_sink import EventSink
from Heatmap.ingestion.recorder.recorder_status import RecorderConfig, StatusBoard
from Heatmap.ingestion.recorder.standby import KeepWindow

__all__ = ["EventSink", "EventWriter"]

_logger = logging.getLogger(__name__)

# A sink that failed is tried again after the first, then after twice as long, up to the longest.
_FIRST_RETRY_S, _LONGEST_RETRY_S = 0.25, 2.0


class EventWriter:
    """Takes events and coverage without blocking, and writes them in batches. Not thread-safe.

    Without a sink it only takes; `begin` gives it one, and `run` and `drain` may be called then.

    Parameters
    ----------
    config
        The limits.
    sink
        Where to; ``None``: not known yet.
    board
        Where counters and faults are shown.
    on_stored
        Told each batch that stored something, once it is committed.
    """

    def __init__(
        self,
        config: RecorderConfig,
        sink: EventSink | None,
        board: StatusBoard,
        on_stored: Callable[[StoredBatch], None] | None,
    ) -> None:
        self._config = config
        self._sink = sink
        self._board = board
        self._on_stored = on_stored
        # Of the queue, the first `batch_events` are the batch in hand: they leave once committed.
        self._queue: deque[LiquidationEvent] = deque()
        self._ledger = CoverageLedger()
        self._kept = KeepWindow(config.standby_keep_s)
        self._accepted = 0
        self._written = 0
        self._coverage_due_s = 0.0
        self._retry_s = _FIRST_RETRY_S
        # The sink's; None: it was not asked yet.
        self._generation: int | None = None
        # There is something to write; there is a whole batch.
        self._arrived = asyncio.Event()
        self._full = asyncio.Event()

    def put(self, event: LiquidationEvent) -> bool:
        """Take an event; return ``False`` where the queue is full and it was dropped."""
        if len(self._queue) >= self._config.queue_limit:
            self._board.count(overflowed=1)
            return False
        self._queue.append(event)
        self._accepted += 1
        self._arrived.set()
        if len(self._queue) >= self._config.batch_events:
            self._full.set()
        return True

    def put_coverage(self, interval: CoverageInterval) -> None:
        """Take covered time; it is written after the events that were put before."""
        self._ledger.add(interval, self._accepted)
        self._kept.note_coverage(interval)
        self._arrived.set()

    def wake(self) -> None:
        """Write what is due, such as counters, even though no event came."""
        self._arrived.set()

    def keep_last(self, now_s: float) -> None:
        """Forget what is too old for a standby to add, called about once a second.

        Parameters
        ----------
        now_s
            The monotonic clock, by which events count as old.
        """
        mark = self._kept.passed(now_s)
        if mark is not None:
            while self._written < mark.accepted:
                self._queue.popleft()
                self._written += 1
            self._ledger.cut(mark.cuts_ms)
        self._kept.mark(now_s, self._accepted)
        # The other recorder counts; only what is kept here will ever be added to the totals.
        self._board.begin_totals(received=len(self._queue))
        self._board.note(queued=len(self._queue))

    def begin(self, sink: EventSink) -> None:
        """Write to this sink from now on, beginning with what was kept."""
        self._sink = sink
        self._generation = None
        self._kept.clear()
        self._arrived.set()

    async def run(self) -> None:
        """Write whatever comes; ends only by being cancelled, which loses nothing that was put."""
        clock = asyncio.get_running_loop().time
        while True:
            await self._arrived.wait()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._config.batch_s):
                    await self._full.wait()
            self._arrived.clear()
            self._full.clear()
            try:
                while self._write_batch():
                    self._write_coverage_when_due(clock())
                    await asyncio.sleep(0)  # the sockets get their turn between two batches
                self._write_coverage_when_due(clock())
            except StorageError as error:
                await self._wait_out(error)
            else:
                self._recovered()
            self._come_back(clock())

    async def drain(self, limit_s: float) -> None:
        """Write all that is left, for at most this long, seconds; what then remains is lost."""
        clock = asyncio.get_running_loop().time
        until_s = clock() + limit_s
        self._retry_s = _FIRST_RETRY_S
        self._open_sink.hurry()
        while clock() < until_s:
            try:
                while self._write_batch() and clock() < until_s:
                    pass
                self._write_coverage()
                self._write_counts()
                break
            except StorageError as error:
                await self._wait_out(error, longest_s=until_s - clock())
        if self._queue:
            self.abandon()
            with contextlib.suppress(StorageError):
                self._write_counts()

    def abandon(self) -> None:
        """Give up what still waits, at the end: it is counted as dropped, and logged."""
        count = len(self._queue)
        self._queue.clear()
        self._board.count(overflowed=count)
        self._board.note(queued=0)
        if count:
            _logger.error("%d events could not be written before the end and are lost", count)

    def _come_back(self, now_s: float) -> None:
        if self._queue:
            self._arrived.set()
            self._full.set()
        elif self._ledger:
            delay_s = max(0.0, self._coverage_due_s - now_s)
            asyncio.get_running_loop().call_later(delay_s, self._arrived.set)

    def _write_batch(self) -> bool:
        """Write the first events of the queue; return whether there were any."""
        count = min(len(self._queue), self._config.batch_events)
        self._board.note(queued=len(self._queue))
        if not count:
            return False
        self._look_at_generation()
        clock = asyncio.get_running_loop().time
        began_s = clock()
        batch = self._open_sink.write(list(itertools.islice(self._queue, count)))
        done_s = clock()
        for _ in range(count):
            self._queue.popleft()
        self._written += count
        self._board.note(queued=len(self._queue))
        self._board.note_batch(len(batch.events), batch.duplicates, done_s - began_s, done_s)
        _logger.debug("stored %d events in %.1f ms", len(batch.events), (done_s - began_s) * 1000)
        if batch.events and self._on_stored is not None:
            try:
                self._on_stored(batch)
            except Exception:
                _logger.exception("a listener failed on a stored batch")
        return True

    def _write_coverage_when_due(self, now_s: float) -> None:
        if now_s >= self._coverage_due_s:
            self._write_coverage()
            self._write_counts()
            self._coverage_due_s = now_s + self._config.coverage_s

    def _look_at_generation(self) -> None:
        """Take note of a fresh sink: it lacks what was written, so that time is not covered."""
        generation = self._open_sink.generation()
        if self._generation not in (None, generation):
            self._ledger.forget_written(self._written)
        self._generation = generation

    def _write_coverage(self) -> None:
        if self._ledger:
            self._look_at_generation()
        while (interval := self._ledger.first_ready(self._written)) is not None:
            self._open_sink.extend_coverage(
                interval.symbol, interval.start_ms, interval.end_ms, proven=interval.proven
            )
            self._ledger.discard(interval)

    def _write_counts(self) -> None:
        counts = self._board.unsaved_counts()
        if counts:
            self._open_sink.add_counts(counts)
            self._board.note_saved(counts)

    @property
    def _open_sink(self) -> EventSink:
        if self._sink is None:
            raise RuntimeError("an EventWriter was to write before it was given a sink")
        return self._sink

    async def _wait_out(self, error: StorageError, *, longest_s: float = math.inf) -> None:
        _logger.warning("cannot write, %d events wait: %s", len(self._queue), error)
        self._board.note(storage_fault=str(error), last_error=str(error), queued=len(self._queue))
        retry_s = self._retry_s
        self._retry_s = min(retry_s * 2, _LONGEST_RETRY_S)
        await asyncio.sleep(max(0.0, min(retry_s, longest_s)))

    def _recovered(self) -> None:
        self._retry_s = _FIRST_RETRY_S
        self._board.note(storage_fault=None)
