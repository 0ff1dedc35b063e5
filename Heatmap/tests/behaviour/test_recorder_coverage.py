"""The recorder's coverage, rotation and queue, against a real server on loopback."""

import itertools
from collections.abc import Callable

from Heatmap.domain.failure_texts import failure_text
from Heatmap.errors import StorageError
from Heatmap.ingestion.connection.supervisor import ConnectionState, ConnectionTimes
from Heatmap.ingestion.push_margin import LEAST_DELAY_MS
from Heatmap.ingestion.recorder.recorder import Recorder
from Heatmap.tests.behaviour.memory_sink import MemorySink, eventually, live, times_of
from Heatmap.tests.behaviour.scripted_exchange import ScriptedExchange

StartRecorder = Callable[..., Recorder]


def test_coverage_is_what_the_server_served(
    exchange: ScriptedExchange, sink: MemorySink, start_recorder: StartRecorder
) -> None:
    recorder = start_recorder(symbols=("BTCUSDT", "ETHUSDT"))
    for count in range(1, 4):
        eventually(lambda count=count: len(exchange.served) == count)
        eventually(lambda: len(exchange.served[-1].heartbeats_ms) > 10)
        if count == 3:
            exchange.refusal = (503, {})
        exchange.close_all()
    eventually(lambda: recorder.status().connection is ConnectionState.BLIND)
    recorder.stop()
    # Liquidations of the last second had not come yet.
    expected = [
        (served.heartbeats_ms[0], served.heartbeats_ms[-1] - LEAST_DELAY_MS)
        for served in exchange.served
        if len(served.heartbeats_ms) > 1
    ]
    assert len(expected) == 3
    for symbol in ("BTCUSDT", "ETHUSDT"):
        recorded = [one for one in sink.coverage if one.symbol == symbol]
        assert [(one.start_ms, one.end_ms) for one in recorded] == expected
        assert not any(one.proven for one in recorded)


def test_a_hole_in_the_heartbeats_is_a_hole_in_the_coverage(
    exchange: ScriptedExchange, sink: MemorySink, start_recorder: StartRecorder
) -> None:
    recorder = start_recorder(times=ConnectionTimes())
    eventually(lambda: live(recorder) and len(exchange.served[0].heartbeats_ms) > 3)
    exchange.mute = True
    before = exchange.now_ms
    eventually(lambda: exchange.now_ms > before + 15_000)
    exchange.mute = False
    beats = exchange.served[0].heartbeats_ms
    eventually(lambda: beats[-1] > before + 30_000)
    recorder.stop()
    assert len(exchange.served) == 1
    assert len(sink.coverage) == 2
    first, second = sink.coverage
    assert first.start_ms == beats[0]
    assert second.start_ms - first.end_ms > 10_000
    assert {first.end_ms, second.start_ms} <= set(beats)


def test_coverage_is_proven_by_any_symbols_force_order_and_for_its_time_only(
    exchange: ScriptedExchange, sink: MemorySink, start_recorder: StartRecorder
) -> None:
    recorder = start_recorder(proof_ms=30_000)
    eventually(lambda: live(recorder))
    eventually(lambda: len(exchange.served[0].heartbeats_ms) > 3)
    assert not recorder.status().proven
    pushed = exchange.liquidate("XRPUSDT") + 5
    eventually(lambda: recorder.status().proven)
    assert recorder.status().last_force_order_ms == pushed
    eventually(lambda: exchange.now_ms > pushed + 60_000)
    eventually(lambda: not recorder.status().proven)
    recorder.stop()
    assert [one.proven for one in sink.coverage] == [False, True, False]
    before, proven, after = sink.coverage
    # Each instant is recorded, and as proven from the heartbeat before the force order on.
    assert (before.end_ms, proven.end_ms) == (proven.start_ms, after.start_ms)
    assert pushed - 2100 < proven.start_ms <= pushed
    assert pushed + 28_000 <= proven.end_ms <= pushed + 30_000
    assert sink.events == []


def test_coverage_is_written_about_once_a_second(
    exchange: ScriptedExchange, sink: MemorySink, start_recorder: StartRecorder
) -> None:
    recorder = start_recorder(coverage_s=0.5)
    eventually(lambda: len(sink.coverage_writes_s) >= 4)
    recorder.stop()
    *regular, last = sink.coverage_writes_s
    assert last
    assert all(b - a >= 0.49 for a, b in itertools.pairwise(regular))
    assert sink.coverage[-1].end_ms >= exchange.served[0].heartbeats_ms[-1] - 3000


def test_rotation_loses_nothing_and_stores_the_overlap_once(
    exchange: ScriptedExchange, sink: MemorySink, start_recorder: StartRecorder
) -> None:
    times = ConnectionTimes(
        silence_s=5.0, spacing_s=0.1, first_backoff_s=0.1, rotate_after_s=0.5, handover_s=5.0
    )
    recorder = start_recorder(times=times)
    eventually(lambda: live(recorder))
    sent = []
    while recorder.status().rotations < 3:
        sent.append(exchange.liquidate())
        assert live(recorder)
        assert len(sent) < 100_000
    eventually(lambda: len(sink.events) >= len(sent))
    assert times_of(sink) == sent
    status = recorder.status()
    assert status.reconnects == 0
    assert status.duplicates > len(sent)
    recorder.stop()
    assert {one.proven for one in sink.coverage} <= {False, True}
    assert len(sink.coverage) <= 2
    assert all(a.end_ms == b.start_ms for a, b in itertools.pairwise(sink.coverage))
    assert sink.coverage[0].start_ms == exchange.served[0].heartbeats_ms[0]


def test_a_failing_sink_delays_events_and_coverage_but_loses_neither(
    exchange: ScriptedExchange, sink: MemorySink, start_recorder: StartRecorder
) -> None:
    recorder = start_recorder()
    eventually(lambda: live(recorder))
    sink.fault = StorageError("disk full")
    sent = [exchange.liquidate() for _ in range(250)]
    eventually(lambda: failure_text(recorder.status().storage_fault) == "disk full")
    eventually(lambda: recorder.status().queued == 500)
    assert sink.events == []
    sink.fault = None
    eventually(lambda: times_of(sink) == sent)
    eventually(lambda: recorder.status().storage_fault is None)
    assert failure_text(recorder.status().last_failure) == "disk full"
    recorder.stop()
    assert sink.coverage[0].start_ms == exchange.served[0].heartbeats_ms[0]
    assert all(a.end_ms == b.start_ms for a, b in itertools.pairwise(sink.coverage))


def test_an_overflowing_queue_is_counted_and_breaks_the_coverage(
    exchange: ScriptedExchange, sink: MemorySink, start_recorder: StartRecorder
) -> None:
    recorder = start_recorder(symbols=("ALL",), queue_limit=10)
    eventually(lambda: live(recorder))
    sink.fault = StorageError("locked")
    sent = [exchange.liquidate() for _ in range(15)]
    eventually(lambda: recorder.status().overflowed == 5)
    sink.fault = None
    eventually(lambda: times_of(sink) == sent[:10])
    eventually(lambda: sink.coverage and sink.coverage[-1].end_ms > sent[-1] + 2000)
    recorder.stop()
    for lost_ms in sent[10:]:
        assert not any(one.start_ms <= lost_ms <= one.end_ms for one in sink.coverage)
    assert recorder.status().received == 15
