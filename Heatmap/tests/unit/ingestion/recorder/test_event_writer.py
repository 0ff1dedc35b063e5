"""Batches, and coverage after its events, with a sink that notes the order of the calls."""

import asyncio
import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal

import pytest

from Heatmap.domain.coverage import CoverageInterval
from Heatmap.domain.events import Liquidated, LiquidationEvent, StoredBatch
from Heatmap.domain.failure_texts import failure_text
from Heatmap.domain.instruments import Instrument, InstrumentName, instrument_of
from Heatmap.errors import Failure, StorageError
from Heatmap.ingestion.recorder.event_writer import EventWriter
from Heatmap.ingestion.recorder.recorder_status import RecorderConfig, StatusBoard


def event(ts_ms: int) -> LiquidationEvent:
    return LiquidationEvent(
        ts_ms=ts_ms,
        symbol="BTCUSDT",
        liquidated=Liquidated.LONG,
        price=2.0,
        qty=3.0,
        notional=6.0,
        source="BINANCE_USDM",
        limit_price=1.9,
        original_qty=3.0,
        push_ms=ts_ms,
        receive_ms=ts_ms,
        raw_json="",
    )


def covered(start_ms: int, end_ms: int) -> CoverageInterval:
    return CoverageInterval("BTCUSDT", start_ms, end_ms, proven=True)


class NotingSink:
    """Notes every successful call; fails the next ones as often as it is told to."""

    def __init__(self) -> None:
        self.calls: list[tuple[int, ...] | str] = []
        self.failures = 0
        self.counts: Counter[str] = Counter()
        self.notices: tuple[Failure, ...] = ()
        self.number = 1
        self.hurried = False
        # What it raises instead of failing as told, and which events it will never take.
        self.error: Exception = StorageError("locked")
        self.poisonous: set[int] = set()
        self.uncoverable: set[str] = set()

    def generation(self) -> int:
        return self.number

    def finish_now(self) -> None:
        self.hurried = True

    def write(self, events: Sequence[LiquidationEvent]) -> StoredBatch:
        self._fail_if_told()
        if bad := self.poisonous & {one.ts_ms for one in events}:
            raise OverflowError(f"int too large: {sorted(bad)}")
        self.calls.append(tuple(one.ts_ms for one in events))
        self.counts.update(received=len(events), stored=len(events))
        return StoredBatch(tuple(events), tuple(range(len(events))), 0)

    def extend_coverage(
        self, instrument: InstrumentName, start_ms: int, end_ms: int, *, proven: bool
    ) -> None:
        self._fail_if_told()
        if instrument_of(instrument).symbol in self.uncoverable:
            raise TypeError("'<' not supported between str and int")
        assert (instrument, proven) == (Instrument("BINANCE_USDM", "BTCUSDT"), True)
        self.calls.append(f"{start_ms}-{end_ms}")

    def add_counts(self, counts: Mapping[str, int], venue: str = "") -> None:
        self._fail_if_told()
        assert venue == "BINANCE_USDM"
        self.counts.update(counts)

    def save_symbols(self, symbols: Sequence[str]) -> None:
        raise AssertionError("a writer saves no symbols", symbols)

    def kept_retention_ms(self) -> int | None:
        raise AssertionError("a writer asks for no retention")

    def keep_retention(self, retention_ms: int) -> None:
        raise AssertionError("a writer sets no retention", retention_ms)

    def expired_counts(self, before_ms: int) -> Iterator[int]:
        raise AssertionError("a writer counts nothing that expired", before_ms)

    def save_tick_size(self, symbol: str, tick_size: Decimal, ts_ms: int) -> None:
        raise AssertionError("a writer saves no tick size", symbol, tick_size, ts_ms)

    def delete_expired(self, before_ms: int, limit: int = 500) -> int:
        raise AssertionError("a writer deletes nothing", before_ms, limit)

    def close(self) -> None:
        raise AssertionError("a writer closes nothing")

    def _fail_if_told(self) -> None:
        if self.failures:
            self.failures -= 1
            raise self.error


def write(
    put: Callable[[EventWriter], None], sink: NotingSink, until: int, **config: float
) -> StatusBoard:
    """Let a writer run until its sink noted this many calls."""
    board = StatusBoard()

    async def scenario() -> None:
        values = {"batch_events": 2, "batch_s": 0.01, "coverage_s": 0.0, "queue_limit": 100}
        writer = EventWriter(RecorderConfig(**(values | config)), sink, board, None)  # type: ignore[arg-type]
        put(writer)
        task = asyncio.create_task(writer.run())
        async with asyncio.timeout(10):
            while len(sink.calls) < until:  # noqa: ASYNC110 - the sink is no part of the loop
                await asyncio.sleep(0.001)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(scenario())
    return board


def test_coverage_is_written_once_the_events_before_it_are() -> None:
    def put(writer: EventWriter) -> None:
        for ts_ms in (1, 2, 3, 4):
            writer.put(event(ts_ms))
        writer.put_coverage(covered(0, 4))
        for ts_ms in (5, 6):
            writer.put(event(ts_ms))
        writer.put_coverage(covered(4, 6))

    sink = NotingSink()
    write(put, sink, until=5)
    assert sink.calls == [(1, 2), (3, 4), "0-4", (5, 6), "4-6"]


def test_a_failed_write_is_repeated_with_the_same_events() -> None:
    def put(writer: EventWriter) -> None:
        for ts_ms in (1, 2, 3):
            writer.put(event(ts_ms))
        writer.put_coverage(covered(0, 3))

    sink = NotingSink()
    sink.failures = 2
    board = write(put, sink, until=3)
    assert sink.calls == [(1, 2), (3,), "0-3"]
    assert failure_text(board.snapshot(0.0).last_failure) == "locked"
    assert board.snapshot(0.0).stored == 3


def test_coverage_that_is_not_yet_due_comes_later_by_itself() -> None:
    def put(writer: EventWriter) -> None:
        writer.put_coverage(covered(0, 1))
        asyncio.get_running_loop().call_later(0.05, writer.put_coverage, covered(1, 2))
        asyncio.get_running_loop().call_later(0.10, writer.put_coverage, covered(2, 3))

    sink = NotingSink()
    write(put, sink, until=2, coverage_s=0.3)
    assert sink.calls == ["0-1", "1-3"]


def test_a_full_queue_drops_and_counts_what_comes_beyond() -> None:
    taken = []

    def put(writer: EventWriter) -> None:
        taken.extend(writer.put(event(ts_ms)) for ts_ms in range(1, 6))

    sink = NotingSink()
    board = write(put, sink, until=2, queue_limit=3)
    assert taken == [True, True, True, False, False]
    assert sink.calls == [(1, 2), (3,)]
    assert board.snapshot(0.0).overflowed == 2


def test_draining_tries_again_and_writes_what_is_left() -> None:
    sink = NotingSink()

    async def scenario() -> None:
        writer = EventWriter(RecorderConfig(batch_events=2), sink, StatusBoard(), None)
        writer.put(event(1))
        writer.put_coverage(covered(0, 1))
        sink.failures = 1
        await writer.drain(2.0)

    asyncio.run(scenario())
    assert sink.calls == [(1,), "0-1"]
    assert sink.hurried


def test_draining_gives_up_at_its_limit_and_counts_what_is_lost() -> None:
    sink = NotingSink()
    board = StatusBoard()

    async def scenario() -> float:
        writer = EventWriter(RecorderConfig(batch_events=2), sink, board, None)
        for ts_ms in (1, 2, 3):
            writer.put(event(ts_ms))
        writer.put_coverage(covered(0, 3))
        sink.failures = 1000
        begun_s = time.monotonic()
        await writer.drain(0.4)
        sink.failures = 0
        taken_s = time.monotonic() - begun_s
        await writer.drain(1.0)  # what was given up does not come back
        return taken_s

    # The second wait would have been 0.5 s.
    assert 0.35 < asyncio.run(scenario()) < 0.6
    assert sink.calls == []
    status = board.snapshot(0.0)
    assert (status.overflowed, status.queued) == (3, 0)
    assert sink.counts == {"received": 3, "overflowed": 3}


def test_without_a_sink_what_waits_at_the_end_is_counted_as_lost() -> None:
    board = StatusBoard()

    async def scenario() -> None:
        writer = EventWriter(RecorderConfig(), None, board, None)
        writer.put(event(1))
        writer.abandon()

    asyncio.run(scenario())
    assert board.snapshot(0.0).overflowed == 1


def test_a_fresh_sink_is_not_told_of_time_whose_events_it_lacks() -> None:
    sink = NotingSink()

    async def scenario() -> None:
        config = RecorderConfig(batch_events=2, batch_s=0.01, coverage_s=3600.0)
        writer = EventWriter(config, sink, StatusBoard(), None)
        task = asyncio.create_task(writer.run())
        writer.put(event(1))
        async with asyncio.timeout(5):
            while not sink.calls:  # noqa: ASYNC110 - the sink is no part of the loop
                await asyncio.sleep(0.001)
        writer.put_coverage(covered(0, 10))  # holds the first event, which is written
        sink.number = 2
        writer.put_coverage(covered(10, 20))  # quiet
        writer.put(event(21))
        writer.put(event(22))
        writer.put_coverage(covered(20, 30))
        async with asyncio.timeout(5):
            while len(sink.calls) < 2:  # noqa: ASYNC110 - the sink is no part of the loop
                await asyncio.sleep(0.001)
        task.cancel()
        await asyncio.wait([task])
        await writer.drain(1.0)

    asyncio.run(scenario())
    assert sink.calls == [(1,), (21, 22), "10-30"]


def test_a_standby_keeps_the_last_seconds_and_writes_them_when_it_begins() -> None:
    sink = NotingSink()
    board = StatusBoard()

    async def scenario() -> None:
        config = RecorderConfig(batch_events=10, standby_keep_s=30.0)
        writer = EventWriter(config, None, board, None)
        for second in range(60):
            writer.put(event(second * 1000 + 1))
            board.count(received=1)
            writer.put_coverage(covered(second * 1000, (second + 1) * 1000))
            writer.keep_last(100.0 + second)
        # The mark at 129 s has passed: what came before it is in the other recorder's file.
        assert board.snapshot(0.0).queued == 30
        writer.begin(sink)
        await writer.drain(2.0)

    asyncio.run(scenario())
    *batches, coverage = sink.calls
    times = [ts_ms for batch in batches for ts_ms in batch if not isinstance(batch, str)]
    assert times == [second * 1000 + 1 for second in range(30, 60)]
    # The heartbeat before the mark came before it too: coverage begins with the first one after.
    assert coverage == "31000-60000"
    assert sink.counts == {"received": 30, "stored": 30}


def test_a_standby_without_events_keeps_coverage_all_the_same() -> None:
    sink = NotingSink()

    async def scenario() -> None:
        writer = EventWriter(RecorderConfig(standby_keep_s=3.0), None, StatusBoard(), None)
        for second in range(60):
            writer.put_coverage(covered(second * 1000, (second + 1) * 1000))
            writer.keep_last(float(second))
        writer.begin(sink)
        await writer.drain(2.0)

    asyncio.run(scenario())
    assert sink.calls == ["58000-60000"]


def test_counts_are_written_with_coverage_and_at_the_end_and_never_twice() -> None:
    sink = NotingSink()
    board = StatusBoard()

    async def scenario() -> None:
        writer = EventWriter(RecorderConfig(batch_s=0.01, coverage_s=0.05), sink, board, None)
        task = asyncio.create_task(writer.run())
        writer.put(event(1))
        board.count(reconnects=1)
        async with asyncio.timeout(5):
            while sink.counts["reconnects"] < 1:  # noqa: ASYNC110 - the sink is no part of the loop
                await asyncio.sleep(0.001)
        # Nothing comes any more; what is counted is written on the next occasion.
        board.count(reconnects=1)
        sink.failures = 1
        async with asyncio.timeout(5):
            while sink.counts["reconnects"] < 2:
                writer.wake()
                await asyncio.sleep(0.01)
        task.cancel()
        await asyncio.wait([task])
        board.count(rotations=1)
        await writer.drain(1.0)
        await writer.drain(1.0)

    asyncio.run(scenario())
    assert sink.counts == {"received": 1, "stored": 1, "reconnects": 2, "rotations": 1}


def test_a_writer_without_a_sink_is_a_bug_to_run() -> None:
    async def scenario() -> None:
        writer = EventWriter(RecorderConfig(), None, StatusBoard(), None)
        writer.put(event(1))
        with pytest.raises(RuntimeError, match="sink"):
            await writer.drain(0.1)

    asyncio.run(scenario())


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(6):
        while not condition():  # noqa: ASYNC110 - the sink is no part of the loop
            await asyncio.sleep(0.001)


# What neither SQLite's table of faults nor ours names.
UNNAMED = [
    sqlite3.OperationalError("ON CONFLICT clause does not match any UNIQUE constraint"),
    sqlite3.IntegrityError("no"),
    sqlite3.ProgrammingError("Cannot operate on a closed database."),
    sqlite3.InterfaceError("bad parameter"),
    MemoryError(),
    SystemError("error return without exception set"),
    OverflowError("Python int too large to convert to SQLite INTEGER"),
    ValueError("embedded null character"),
    UnicodeEncodeError("utf-8", "\ud800", 0, 1, "surrogates not allowed"),
    AttributeError("'NoneType' object has no attribute 'execute'"),
    RecursionError("maximum recursion depth exceeded"),
    OSError(5, "Input/output error"),
]


@pytest.mark.parametrize("error", UNNAMED, ids=lambda error: type(error).__name__)
def test_whatever_a_write_raises_is_shown_and_the_events_wait(error: Exception) -> None:
    sink = NotingSink()
    board = StatusBoard()

    async def scenario() -> None:
        config = RecorderConfig(batch_events=2, batch_s=0.01, coverage_s=0.05)
        writer = EventWriter(config, sink, board, None)
        sink.error, sink.failures = error, 10**6
        for ts_ms in (1, 2, 3):
            writer.put(event(ts_ms))
        writer.put_coverage(covered(0, 3))
        task = asyncio.create_task(writer.run())
        await until(lambda: board.snapshot(0.0).storage_fault is not None)
        fault = board.snapshot(0.0).storage_fault
        words = failure_text(fault)
        assert type(error).__name__ in words
        assert len(words.splitlines()) == 1
        assert (sink.calls, board.snapshot(0.0).queued) == ([], 3)
        # It heals: what waited is stored, and the fault leaves the status.
        sink.failures = 0
        await until(lambda: board.snapshot(0.0).storage_fault is None and len(sink.calls) == 3)
        assert not task.done()
        task.cancel()
        await asyncio.wait([task])

    asyncio.run(scenario())
    assert sink.calls == [(1, 2), (3,), "0-3"]
    assert board.snapshot(0.0).overflowed == 0


@pytest.mark.parametrize("error", UNNAMED, ids=lambda error: type(error).__name__)
def test_whatever_the_end_meets_what_is_lost_is_counted(error: Exception) -> None:
    sink = NotingSink()
    board = StatusBoard()

    async def scenario() -> None:
        writer = EventWriter(RecorderConfig(batch_events=2), sink, board, None)
        sink.error, sink.failures = error, 10**6
        for ts_ms in (1, 2, 3):
            writer.put(event(ts_ms))
        await writer.drain(0.3)

    asyncio.run(scenario())
    status = board.snapshot(0.0)
    assert (status.overflowed, status.queued) == (3, 0)
    assert status.storage_fault is not None


@pytest.mark.parametrize("poisonous", [{1}, {4}, {2, 3}, {1, 2, 3, 4}, set(range(1, 12))])
def test_events_that_are_refused_keep_no_other_from_being_stored(poisonous: set[int]) -> None:
    sink = NotingSink()
    board = StatusBoard()
    everything = list(range(1, 15))

    async def scenario() -> None:
        config = RecorderConfig(batch_events=11, batch_s=0.01, coverage_s=0.02)
        writer = EventWriter(config, sink, board, None)
        sink.poisonous = poisonous
        for ts_ms in everything:
            writer.put(event(ts_ms))
            writer.put_coverage(covered(ts_ms - 1, ts_ms))
        task = asyncio.create_task(writer.run())
        wanted = len(everything) - len(poisonous)
        await until(
            lambda: (
                not (sink.counts["stored"] < wanted or "-14" not in "".join(map(str, sink.calls)))
            )
        )

        # Told when a batch has been tried, which may be after what it could store is stored.
        def is_told() -> bool:
            status = board.snapshot(0.0)
            fault = status.storage_fault
            is_refused = fault is not None and "OverflowError" in failure_text(fault)
            return status.queued == len(poisonous) and is_refused

        await until(is_told)
        task.cancel()
        await asyncio.wait([task])
        await writer.drain(0.3)

    asyncio.run(scenario())
    batches = [call for call in sink.calls if not isinstance(call, str)]
    stored = sorted(ts_ms for batch in batches for ts_ms in batch)
    assert stored == [one for one in everything if one not in poisonous]
    status = board.snapshot(0.0)
    assert (status.overflowed, status.queued) == (len(poisonous), 0)
    assert sink.counts["received"] == len(everything)
    # The time in which they came is not claimed.
    claimed = [call.split("-") for call in sink.calls if isinstance(call, str)]
    spans = [(int(start), int(end)) for start, end in claimed]
    for ts_ms in everything:
        is_claimed = any(start < ts_ms <= end for start, end in spans)
        assert is_claimed == (ts_ms not in poisonous)


def test_a_refused_event_that_is_taken_later_is_stored_and_the_fault_leaves() -> None:
    sink = NotingSink()
    board = StatusBoard()

    async def scenario() -> None:
        sink.poisonous = {2}
        writer = EventWriter(RecorderConfig(batch_events=5, batch_s=0.01), sink, board, None)
        for ts_ms in (1, 2, 3):
            writer.put(event(ts_ms))
        task = asyncio.create_task(writer.run())
        await until(lambda: board.snapshot(0.0).queued == 1)
        sink.poisonous = set()
        await until(
            lambda: board.snapshot(0.0).storage_fault is None and not board.snapshot(0.0).queued
        )
        task.cancel()
        await asyncio.wait([task])

    asyncio.run(scenario())
    assert (2,) in sink.calls


def test_coverage_that_cannot_be_written_holds_up_neither_events_nor_other_symbols() -> None:
    sink = NotingSink()
    board = StatusBoard()

    async def scenario() -> None:
        config = RecorderConfig(batch_events=2, batch_s=0.01, coverage_s=0.02)
        writer = EventWriter(config, sink, board, None)
        sink.uncoverable = {"AUSDT"}
        writer.put_coverage(CoverageInterval("AUSDT", 0, 5, proven=True))
        for ts_ms in range(1, 101):
            writer.put(event(ts_ms))
        writer.put_coverage(covered(0, 5))
        begun_s = time.monotonic()
        task = asyncio.create_task(writer.run())
        await until(lambda: "0-5" in sink.calls)
        assert time.monotonic() - begun_s < 2.0  # and not a pause of the retry for each batch
        assert sink.counts["stored"] == 100
        assert "TypeError" in failure_text(board.snapshot(0.0).storage_fault)
        assert board.snapshot(0.0).queued == 0
        task.cancel()
        await asyncio.wait([task])

    asyncio.run(scenario())
