"""Between the stream and the sink: a bounded queue, batches, and coverage after its events.

Lives in the recorder's loop; the sink is called there, and only there.

Whatever the sink raises, nothing is dropped for it: what could not be written waits, the fault is
shown, and it is tried again. What the environment does (a `StorageError`) concerns all that waits.
Anything else may be the fault of single events: then the others are stored without them.
"""

import asyncio
import contextlib
import itertools
import math
from collections import deque
from collections.abc import Callable, Sequence

from Heatmap.domain.coverage import CoverageInterval
from Heatmap.domain.event_sink import EventSink
from Heatmap.domain.events import LiquidationEvent, StoredBatch
from Heatmap.errors import StorageError
from Heatmap.ingestion.recorder.recorder_status import RecorderConfig, SinkPart, StatusBoard
from Heatmap.ingestion.recorder.standby import KeepWindow
from Heatmap.ingestion.recorder.texts import unread_order_text
from Heatmap.ingestion.recorder.waiting_coverage import WaitingCoverage
from Heatmap.ingestion.recorder.write_faults import WriteFaults
from Heatmap.runtime.safe_log import get_logger

__all__ = ["EventSink", "EventWriter"]

_logger = get_logger(__name__)

# A sink that failed is tried again after the first, then after twice as long, up to the longest.
_FIRST_RETRY_S, _LONGEST_RETRY_S = 0.25, 2.0
# So long it is tried whether a sink that refuses a batch takes any of its events.
_SINGLY_S = 0.2


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
        self._coverage = WaitingCoverage()
        self._kept = KeepWindow(config.standby_keep_s)
        # Events that the sink refuses though it takes others; they are tried again by themselves.
        self._refused: list[LiquidationEvent] = []
        self._accepted = 0
        # So many have left the queue, into the sink or among the refused ones.
        self._written = 0
        self._coverage_due_s = 0.0
        self._refused_due_s = 0.0
        self._retry_s = _FIRST_RETRY_S
        self._faults = WriteFaults(board, lambda: self.waiting)
        # The sink's; None: it was not asked yet.
        self._generation: int | None = None
        # There is something to write; there is a whole batch.
        self._arrived = asyncio.Event()
        self._full = asyncio.Event()

    @property
    def waiting(self) -> int:
        """How many events are not in the sink yet."""
        return len(self._queue) + len(self._refused)

    def put(self, event: LiquidationEvent) -> bool:
        """Take an event; return ``False`` where the queue is full and it was dropped."""
        if self.waiting >= self._config.queue_limit:
            self._board.count_lost(1)
            return False
        self._queue.append(event)
        self._accepted += 1
        self._arrived.set()
        if len(self._queue) >= self._config.batch_events:
            self._full.set()
        return True

    def put_coverage(self, interval: CoverageInterval) -> None:
        """Take covered time; it is written after the events that were put before."""
        self._coverage.put(interval, self._accepted)
        self._kept.note_coverage(interval)
        self._arrived.set()

    def put_hole(self, symbol: str | None, spans: Sequence[tuple[int, int]]) -> None:
        """Take time that no coverage of a symbol (``None``: of any) may claim, whenever it came."""
        self._coverage.put_hole(symbol, spans)
        self._arrived.set()

    def note_heartbeat(self, symbol: str, ts_ms: int) -> None:
        """Record a heartbeat whose time is believed, before what is complete by it is put.

        What happened after it comes after it. So what a standby keeps is cut at heartbeats, and
        covered time needs the events since the heartbeat at which it begins.
        """
        self._coverage.note_heartbeat(symbol, ts_ms, self._accepted)
        self._kept.note_heartbeat(symbol, ts_ms)

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
            self._coverage.cut(mark.cuts_ms)
        self._kept.mark(now_s, self._accepted)
        # The other recorder counts; only what is kept here will ever be added to the totals.
        self._board.begin_totals()
        self._note_queued()

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
            if await self._write_all(clock):
                self._retry_s = _FIRST_RETRY_S
            else:
                await self._wait_out()
            self._come_back(clock())

    async def drain(self, limit_s: float) -> None:
        """Write all that is left, for at most this long, seconds; what then remains is lost."""
        clock = asyncio.get_running_loop().time
        until_s = clock() + limit_s
        self._retry_s = _FIRST_RETRY_S
        self._open_sink.finish_now()

        def write_queue() -> None:
            while self._write_batch() and clock() < until_s:
                pass

        while clock() < until_s:
            is_done = self._faults.attempt(SinkPart.EVENTS, write_queue)
            is_done &= self._faults.attempt(SinkPart.REFUSED_EVENTS, self._write_refused)
            is_done &= self._faults.attempt(SinkPart.COVERAGE, self._write_coverage)
            is_done &= self._faults.attempt(SinkPart.COUNTERS, self._write_counts)
            if is_done:
                break
            await self._wait_out(longest_s=until_s - clock())
        if self.waiting:
            self.abandon()
            self._faults.attempt(SinkPart.COUNTERS, self._write_counts)

    def abandon(self) -> None:
        """Give up what still waits, at the end: it is counted as dropped, and logged."""
        count = self.waiting
        self._queue.clear()
        self._refused.clear()
        self._board.count_lost(count)
        self._note_queued()
        if count:
            _logger.error("%d events could not be written before the end and are lost", count)

    async def _write_all(self, clock: Callable[[], float]) -> bool:
        """Write all that waits and is due; return whether the queue could be written."""
        if self._refused and clock() >= self._refused_due_s:
            self._faults.attempt(SinkPart.REFUSED_EVENTS, self._write_refused)
            self._refused_due_s = clock() + _LONGEST_RETRY_S
        try:
            while self._write_batch():
                self._write_coverage_when_due(clock())
                await asyncio.sleep(0)  # the sockets get their turn between two batches
        except Exception as error:  # noqa: BLE001 - told there
            self._faults.tell(SinkPart.EVENTS, error)
            return False
        finally:
            # Also where events cannot be written: it may be for them alone.
            self._write_coverage_when_due(clock())
        self._faults.tell(SinkPart.EVENTS, None)
        # What the sink has done to be able to write is told as soon as it does.
        self._board.note(storage_notices=self._open_sink.notices)
        return True

    def _note_queued(self) -> None:
        self._board.note(queued=self.waiting)

    def _come_back(self, now_s: float) -> None:
        if self._queue:
            self._arrived.set()
            self._full.set()
            return
        due_s = [
            *([self._coverage_due_s] if self._coverage else []),
            *([self._refused_due_s] if self._refused else []),
        ]
        if due_s:
            delay_s = max(0.0, min(due_s) - now_s)
            asyncio.get_running_loop().call_later(delay_s, self._arrived.set)

    def _write_batch(self) -> bool:
        """Write the first events of the queue; return whether there were any."""
        count = min(len(self._queue), self._config.batch_events)
        self._note_queued()
        if not count:
            return False
        self._look_at_generation()
        try:
            self._store(list(itertools.islice(self._queue, count)))
        except StorageError:
            raise
        except Exception:
            if not self._write_singly(count):
                raise
        else:
            for _ in range(count):
                self._queue.popleft()
            self._written += count
        self._note_queued()
        return True

    def _write_singly(self, count: int) -> bool:
        """Write the first events of the queue one by one, and put aside those that are refused.

        Returns
        -------
        bool
            ``False`` where the sink takes none: then it is not for the events, and all stay.
        """
        clock = asyncio.get_running_loop().time
        until_s, begun = clock() + _SINGLY_S, self._written
        refused: list[tuple[int, LiquidationEvent]] = []
        try:
            # Where all of a batch are refused, the event after it tells whether any is taken.
            for _ in range(min(count + 1, len(self._queue))):
                if len(refused) == self._written - begun and clock() > until_s:
                    break
                event = self._queue[0]
                if not _is_taken(self._store, event):
                    refused.append((self._written, event))
                self._queue.popleft()
                self._written += 1
        finally:
            is_taking = len(refused) < self._written - begun
            if is_taking:
                for number, event in refused:
                    self._coverage.leave_out(number)
                    self._refused.append(event)
            else:
                self._queue.extendleft(event for _, event in reversed(refused))
                self._written -= len(refused)
        return is_taking

    def _write_refused(self) -> None:
        """Try each of the refused events again; raises what the last of them was refused with."""
        last: Exception | None = None
        for event in list(self._refused):
            try:
                self._store([event])
            except StorageError:
                raise
            except Exception as error:  # noqa: BLE001 - raised below
                last = error
            else:
                self._refused.remove(event)
                self._note_queued()
        if last is not None:
            raise last

    def _store(self, events: list[LiquidationEvent]) -> None:
        clock = asyncio.get_running_loop().time
        began_s = clock()
        batch = self._open_sink.write(events)
        done_s = clock()
        self._board.note_batch(len(batch.events), batch.duplicates, done_s - began_s, done_s)
        _logger.debug("stored %d events in %.1f ms", len(batch.events), (done_s - began_s) * 1000)
        if batch.events and self._on_stored is not None:
            try:
                self._on_stored(batch)
            except Exception:
                _logger.exception("a listener failed on a stored batch")

    def _write_coverage_when_due(self, now_s: float) -> None:
        if now_s < self._coverage_due_s:
            return
        is_done = self._faults.attempt(SinkPart.COVERAGE, self._write_coverage)
        is_done &= self._faults.attempt(SinkPart.COUNTERS, self._write_counts)
        pause_s = self._config.coverage_s
        if not is_done:
            pause_s = max(_FIRST_RETRY_S, min(pause_s, _LONGEST_RETRY_S))
        self._coverage_due_s = now_s + pause_s

    def _look_at_generation(self) -> None:
        """Record a fresh sink: it lacks what was written, so that time is not covered."""
        generation = self._open_sink.generation()
        self._board.note(storage_notices=self._open_sink.notices)
        if self._generation not in (None, generation):
            self._coverage.forget_written(self._written)
        self._generation = generation

    def _write_coverage(self) -> None:
        if self._coverage.has_intervals:
            self._look_at_generation()
        self._coverage.write(self._open_sink, self._written, self._config.venue.id)

    def _write_counts(self) -> None:
        if (order := self._board.unsaved_unread_order()) is not None:
            self._open_sink.save_unread_order(unread_order_text(order))
            self._board.note_unread_order_saved(order)
        counts = self._board.unsaved_counts()
        if counts:
            self._open_sink.add_counts(counts, self._config.venue.id)
            self._board.note_saved(counts)

    @property
    def _open_sink(self) -> EventSink:
        if self._sink is None:
            raise RuntimeError("an EventWriter was to write before it was given a sink")
        return self._sink

    async def _wait_out(self, *, longest_s: float = math.inf) -> None:
        self._note_queued()
        retry_s = self._retry_s
        self._retry_s = min(retry_s * 2, _LONGEST_RETRY_S)
        await asyncio.sleep(max(0.0, min(retry_s, longest_s)))


def _is_taken(store: Callable[[list[LiquidationEvent]], None], event: LiquidationEvent) -> bool:
    try:
        store([event])
    except StorageError:
        raise
    except Exception:  # noqa: BLE001 - whoever asks tells of the whole
        return False
    return True
