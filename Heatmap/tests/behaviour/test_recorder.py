"""The recorder against a real websocket and REST server on loopback: what is stored and told."""

import contextlib
import itertools
import threading
import time
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed

from Heatmap.domain.events import DataKind, RejectReason, StoredBatch
from Heatmap.domain.failure_texts import failure_text
from Heatmap.ingestion.connection.supervisor import (
    ConnectionMemory,
    ConnectionState,
    ConnectionTimes,
)
from Heatmap.ingestion.recorder.recorder import Recorder, TickOrigin
from Heatmap.ingestion.recorder.texts import connection_text, heartbeat_text
from Heatmap.storage.sqlite_store import SqliteStore
from Heatmap.tests.array_reader import EventReader
from Heatmap.tests.behaviour.memory_sink import MemorySink, eventually, live, times_of
from Heatmap.tests.behaviour.scripted_exchange import START_MS, ScriptedExchange, force_order

StartRecorder = Callable[..., Recorder]


def test_each_event_is_handed_over_once_and_in_order(
    exchange: ScriptedExchange, sink: MemorySink, start_recorder: StartRecorder
) -> None:
    batches: list[StoredBatch] = []
    recorder = start_recorder(on_stored=batches.append)
    eventually(lambda: live(recorder))
    sent = [exchange.liquidate(price=f"100.{n}", side="BUY") for n in range(300)]
    eventually(lambda: len(sink.events) == 300)
    assert times_of(sink) == sent
    assert [event.price for event in sink.events] == [float(f"100.{n}") for n in range(300)]
    assert {event.liquidated for event in sink.events} == {"short"}
    # What was written is handed over and counted a moment later.
    eventually(lambda: [event for batch in batches for event in batch.events] == sink.events)
    eventually(lambda: recorder.status().stored == 300)
    assert max(sink.batches) <= 200
    # The symbol's own stream and the one of all symbols bring it twice.
    eventually(lambda: recorder.status().duplicates == 300)
    status = recorder.status()
    assert (status.received, status.stored, status.queued) == (600, 300, 0)
    assert status.last_event_ms == sent[-1]
    assert status.mark_prices == {"BTCUSDT": 100.25}
    assert status.connected_since_ms == exchange.served[0].heartbeats_ms[0]
    recorder.stop()
    assert sink.closed
    assert len(sink.threads) == 1
    assert threading.get_ident() not in sink.threads
    assert recorder.status().connection is ConnectionState.STOPPED


def test_the_streams_are_those_that_deliver(
    exchange: ScriptedExchange, start_recorder: StartRecorder
) -> None:
    recorder = start_recorder(symbols=("BTCUSDT", "ETHUSDT"))
    eventually(lambda: live(recorder))
    assert exchange.served[0].streams == [
        "btcusdt@forceOrder",
        "ethusdt@forceOrder",
        "btcusdt@markPrice@1s",
        "ethusdt@markPrice@1s",
        "!forceOrder@arr",
    ]


def test_whatever_is_no_event_is_counted_and_disturbs_nothing(
    exchange: ScriptedExchange, sink: MemorySink, start_recorder: StartRecorder
) -> None:
    recorder = start_recorder()
    eventually(lambda: live(recorder))
    exchange.send("garbage")
    exchange.send(b"\xff\xfe\x00")
    exchange.send({"result": None, "id": 1})
    exchange.send({"e": "aggTrade"})
    exchange.send(force_order(START_MS, "ETHUSDT"))
    exchange.send(force_order(START_MS, "BTCUSD_PERP"))
    exchange.send(force_order(START_MS, price="-1"))
    sent = exchange.liquidate()
    eventually(lambda: times_of(sink) == [sent])
    assert recorder.status().rejected == {
        RejectReason.NOT_JSON: 2,
        RejectReason.PROTOCOL: 1,
        RejectReason.OTHER_EVENT: 1,
        RejectReason.FOREIGN_SYMBOL: 1,
        RejectReason.COIN_M: 1,
        RejectReason.BAD_VALUE: 1,
    }
    assert recorder.status().reconnects == 0
    assert len(exchange.served) == 1


def test_all_symbols_are_recorded_on_one_connection(
    exchange: ScriptedExchange, sink: MemorySink, start_recorder: StartRecorder
) -> None:
    recorder = start_recorder(symbols=("ALL",))
    eventually(lambda: live(recorder))
    assert exchange.served[0].streams == ["btcusdt@markPrice@1s", "!forceOrder@arr"]
    for symbol in ("BTCUSDT", "ETHUSDT", "BTCUSDT_260327"):
        exchange.liquidate(symbol)
    eventually(lambda: len(sink.events) == 3)
    assert [event.symbol for event in sink.events] == ["BTCUSDT", "ETHUSDT", "BTCUSDT_260327"]
    eventually(lambda: {one.symbol for one in sink.coverage} == {"ALL"})
    # Each chart's present is proven by the one heartbeat, whatever its symbol.
    assert set(recorder.status().heartbeats) == {"BTCUSDT", "ALL"}


@pytest.mark.parametrize("abort", [False, True])
def test_a_connection_that_drops_is_back_within_a_second(
    exchange: ScriptedExchange, sink: MemorySink, start_recorder: StartRecorder, abort: bool
) -> None:
    # A second is the time between two attempts; a failed one would be backed off for more.
    recorder = start_recorder(times=ConnectionTimes(first_backoff_s=30.0))
    eventually(lambda: live(recorder))
    for drop in range(1, 3):
        dropped_s = time.monotonic()
        (exchange.abort_all if abort else exchange.close_all)()
        eventually(lambda drop=drop: len(exchange.attempts_s) == drop + 1)
        assert exchange.attempts_s[-1] - dropped_s < 15.0
        assert exchange.attempts_s[-1] - exchange.attempts_s[-2] >= 1.0
        eventually(lambda: live(recorder))
    sent = exchange.liquidate()
    eventually(lambda: times_of(sink) == [sent])
    assert recorder.status().reconnects == 2


def test_a_server_that_accepts_and_closes_is_not_hammered(
    exchange: ScriptedExchange, start_recorder: StartRecorder
) -> None:
    exchange.close_at_once = True
    recorder = start_recorder()
    eventually(lambda: len(exchange.attempts_s) == 6)
    gaps = [later - earlier for earlier, later in itertools.pairwise(exchange.attempts_s)]
    for gap, least_s in zip(gaps, (0.1, 0.2, 0.4, 0.5, 0.5), strict=True):
        assert gap >= least_s
    status = recorder.status()
    assert status.connection is not ConnectionState.LIVE
    assert status.last_failure is not None
    exchange.close_at_once = False
    eventually(lambda: live(recorder))


def test_silence_ends_a_connection_and_is_named(
    exchange: ScriptedExchange, start_recorder: StartRecorder
) -> None:
    recorder = start_recorder()
    eventually(lambda: live(recorder))
    silent_s = time.monotonic()
    exchange.mute = True
    eventually(lambda: "silent" in failure_text(recorder.status().last_failure))
    eventually(lambda: len(exchange.attempts_s) >= 2)
    # By the usual times it would take ten seconds.
    assert 0.4 <= exchange.attempts_s[1] - silent_s < 9.0
    eventually(lambda: "delivered no mark price" in failure_text(recorder.status().last_failure))
    exchange.mute = False
    eventually(lambda: live(recorder))


def test_a_recorder_that_slept_reads_its_socket_before_it_judges(
    exchange: ScriptedExchange, sink: MemorySink, start_recorder: StartRecorder
) -> None:
    recorder = start_recorder()
    eventually(lambda: live(recorder))
    sink.write_gate.clear()
    before = exchange.now_ms
    sent = [exchange.liquidate()]
    # The recorder's thread is held in the sink for three times the silence that it allows.
    eventually(lambda: exchange.now_ms > before + 60_000)
    sent.append(exchange.liquidate())
    sink.write_gate.set()
    eventually(lambda: times_of(sink) == sent)
    eventually(lambda: sink.coverage and sink.coverage[-1].end_ms > sent[-1])
    assert len(exchange.served) == 1
    assert recorder.status().reconnects == 0


def test_a_ping_is_answered(exchange: ScriptedExchange, start_recorder: StartRecorder) -> None:
    recorder = start_recorder()
    eventually(lambda: live(recorder))
    exchange.ping()


@pytest.mark.parametrize("status", [403, 418, 429, 451])
def test_a_refusal_is_shown_in_words_and_waited_out(
    exchange: ScriptedExchange, start_recorder: StartRecorder, status: int
) -> None:
    exchange.refusal = (status, {"Retry-After": "1"})
    recorder = start_recorder()
    eventually(lambda: recorder.status().connection is ConnectionState.BLIND)
    assert f"HTTP {status}" in connection_text(recorder.status())
    exchange.refusal = None
    eventually(lambda: live(recorder))
    assert len(exchange.attempts_s) == 2
    assert 1.0 <= exchange.attempts_s[1] - exchange.attempts_s[0] < 1.5


def test_a_server_error_is_backed_off(
    exchange: ScriptedExchange, start_recorder: StartRecorder
) -> None:
    exchange.refusal = (503, {})
    recorder = start_recorder()
    eventually(lambda: len(exchange.attempts_s) >= 4)
    assert "HTTP 503" in connection_text(recorder.status())
    exchange.refusal = None
    eventually(lambda: live(recorder))


def test_a_redirect_is_a_refusal_and_is_not_followed(
    exchange: ScriptedExchange, start_recorder: StartRecorder
) -> None:
    exchange.refusal = (302, {"Location": "/market/stream?streams=btcusdt@markPrice@1s"})
    recorder = start_recorder()
    eventually(lambda: len(exchange.attempts_s) >= 4)
    assert "HTTP 302" in connection_text(recorder.status())
    assert "is the address right?" in connection_text(recorder.status())
    gaps = [later - earlier for earlier, later in itertools.pairwise(exchange.attempts_s)]
    for gap, least_s in zip(gaps[:3], (0.1, 0.2, 0.4), strict=True):
        assert gap >= least_s
    exchange.refusal = None
    eventually(lambda: live(recorder))


@pytest.mark.parametrize("is_same", [True, False])
def test_a_hold_outlives_a_restart(
    exchange: ScriptedExchange, start_recorder: StartRecorder, *, is_same: bool
) -> None:
    exchange.refusal = (429, {"Retry-After": "2"})
    memory = ConnectionMemory()
    recorder = start_recorder(open_sink=MemorySink, memory=memory)
    eventually(lambda: recorder.status().connection is ConnectionState.BLIND)
    exchange.refusal = None
    recorder.stop()
    if is_same:
        recorder.start()
        again = recorder
    else:
        again = start_recorder(open_sink=MemorySink, memory=memory)
    eventually(lambda: "HTTP 429" in connection_text(again.status()))
    eventually(lambda: live(again))
    assert len(exchange.attempts_s) == 2
    assert exchange.attempts_s[1] - exchange.attempts_s[0] >= 2.0


def test_to_be_stopped_is_no_failure_of_the_connection(
    exchange: ScriptedExchange, start_recorder: StartRecorder
) -> None:
    exchange.mute = True
    memory = ConnectionMemory()
    recorder = start_recorder(memory=memory, times=ConnectionTimes())
    eventually(lambda: recorder.status().connection is ConnectionState.OPEN)
    recorder.stop()
    assert memory.failure is None
    assert memory.backoff_s is None


def test_restarts_in_quick_succession_keep_the_time_between_attempts(
    exchange: ScriptedExchange, start_recorder: StartRecorder
) -> None:
    recorder = start_recorder(open_sink=MemorySink, times=ConnectionTimes(spacing_s=0.5))
    for count in range(1, 4):
        eventually(lambda count=count: len(exchange.attempts_s) == count)
        recorder.stop()
        recorder.start()
    eventually(lambda: live(recorder))
    gaps = [later - earlier for earlier, later in itertools.pairwise(exchange.attempts_s)]
    assert min(gaps) >= 0.5


def test_the_status_tells_when_and_of_which_symbols_heartbeats_came(
    exchange: ScriptedExchange, start_recorder: StartRecorder
) -> None:
    exchange.untraded = {"ETHUSDX"}
    began_s = time.monotonic()
    recorder = start_recorder(symbols=("BTCUSDT", "ETHUSDX"))
    eventually(lambda: recorder.status().heartbeats)
    status = recorder.status()
    assert set(status.heartbeats) == {"BTCUSDT"}
    assert status.heartbeats["BTCUSDT"] == status.last_heartbeat_ms
    assert status.last_heartbeat_monotonic_s is not None
    assert began_s < status.last_heartbeat_monotonic_s <= time.monotonic()
    assert status.without_heartbeat == (), "it may yet come"
    eventually(lambda: recorder.status().without_heartbeat == ("ETHUSDX",))
    assert time.monotonic() - began_s >= 0.4
    assert heartbeat_text(recorder.status()) == "no mark price for ETHUSDX: is the symbol right?"
    recorder.stop()
    assert recorder.status().without_heartbeat == ()


def test_the_mark_price_of_another_symbol_keeps_no_connection_alive(
    exchange: ScriptedExchange, start_recorder: StartRecorder
) -> None:
    recorder = start_recorder()
    eventually(lambda: live(recorder))
    exchange.mute = True
    foreign = {"e": "markPriceUpdate", "E": exchange.now_ms, "s": "ETHUSDT", "p": "1"}
    until_s = time.monotonic() + 20
    while len(exchange.attempts_s) == 1:
        assert time.monotonic() < until_s
        # The recorder may give the connection up in the middle of this: that is awaited here.
        with contextlib.suppress(ConnectionClosed):
            exchange.send({"stream": "ethusdt@markPrice@1s", "data": foreign})
        time.sleep(0.02)
    assert "ETHUSDT" not in recorder.status().mark_prices
    exchange.mute = False
    eventually(lambda: live(recorder))


def test_a_bug_in_the_sink_is_shown_and_recording_goes_on(
    exchange: ScriptedExchange, sink: MemorySink, start_recorder: StartRecorder
) -> None:
    recorder = start_recorder()
    eventually(lambda: live(recorder))
    sink.fault = RuntimeError("a bug")
    sent = exchange.liquidate()
    eventually(lambda: "a bug" in failure_text(recorder.status().last_failure))
    sink.fault = None
    eventually(lambda: times_of(sink) == [sent])
    assert live(recorder)


def test_a_failing_listener_does_not_disturb_recording(
    exchange: ScriptedExchange, sink: MemorySink, start_recorder: StartRecorder
) -> None:
    def fail(_: StoredBatch) -> None:
        raise ValueError("listener")

    recorder = start_recorder(on_stored=fail)
    eventually(lambda: live(recorder))
    sent = []
    for count in range(1, 4):
        sent.append(exchange.liquidate())
        eventually(lambda count=count: len(sink.events) == count)
    assert times_of(sink) == sent
    assert recorder.status().reconnects == 0


def listed(**tick_sizes: str) -> dict[str, Any]:
    return {
        "serverTime": START_MS,
        "symbols": [
            {"symbol": symbol, "filters": [{"filterType": "PRICE_FILTER", "tickSize": tick}]}
            for symbol, tick in tick_sizes.items()
        ],
    }


def test_the_tick_size_is_saved_refreshed_and_told_with_age_and_origin(
    exchange: ScriptedExchange, sink: MemorySink, start_recorder: StartRecorder
) -> None:
    exchange.rest = (200, listed(BTCUSDT="0.10", ETHUSDT="0.01"))
    recorder = start_recorder(tick_refresh_s=0.2)
    eventually(lambda: "BTCUSDT" in sink.tick_sizes)
    tick_size, ts_ms = sink.tick_sizes["BTCUSDT"]
    assert str(tick_size) == "0.10"
    assert START_MS <= ts_ms <= exchange.now_ms
    assert sink.tick_sizes.keys() == {"BTCUSDT"}
    told = recorder.status().tick_sizes["BTCUSDT"]
    assert (told.tick_size, told.origin) == (Decimal("0.10"), TickOrigin.EXCHANGE)
    assert 0 <= told.age_s < 5
    exchange.rest = (200, listed(BTCUSDT="0.50"))
    eventually(lambda: sink.tick_sizes["BTCUSDT"][0] == Decimal("0.50"))
    exchange.rest = (503, {})
    eventually(lambda: recorder.status().tick_sizes["BTCUSDT"].origin is TickOrigin.LAST_KNOWN)
    assert recorder.status().tick_sizes["BTCUSDT"].tick_size == Decimal("0.50")


@pytest.mark.parametrize("rest", [(503, {}), (429, {}), (200, []), (200, listed()), (200, None)])
def test_a_failing_rest_interface_does_not_disturb_recording(
    exchange: ScriptedExchange,
    sink: MemorySink,
    start_recorder: StartRecorder,
    rest: tuple[int, Any],
) -> None:
    exchange.rest = rest
    recorder = start_recorder()
    eventually(lambda: live(recorder))
    if rest[1] is not None:
        eventually(lambda: recorder.status().last_failure is not None)
    sent = exchange.liquidate()
    eventually(lambda: times_of(sink) == [sent])
    assert sink.tick_sizes == {}
    assert recorder.status().reconnects == 0


def test_what_expired_is_deleted_in_steps_against_the_exchanges_time(
    exchange: ScriptedExchange, sink: MemorySink, start_recorder: StartRecorder
) -> None:
    sink.expired_rows = 1200
    recorder = start_recorder(retention_ms=86_400_000)
    eventually(lambda: sink.expired_rows == 0 and len(sink.deletions) == 4)
    for before_ms in sink.deletions:
        assert START_MS - 86_400_000 < before_ms <= exchange.now_ms - 86_400_000
    recorder.reconfigure(retention_ms=2 * 86_400_000)
    eventually(lambda: len(sink.deletions) > 4)
    assert sink.deletions[-1] < exchange.now_ms - 2 * 86_400_000 + 1
    assert sink.retention_ms == 2 * 86_400_000


def test_raw_messages_can_be_switched_off_while_recording(
    exchange: ScriptedExchange, sink: MemorySink, start_recorder: StartRecorder
) -> None:
    recorder = start_recorder()
    eventually(lambda: live(recorder))
    exchange.liquidate()
    eventually(lambda: len(sink.events) == 1)
    recorder.reconfigure(keep_raw=False)
    exchange.liquidate()
    eventually(lambda: len(sink.events) == 2)
    assert '"forceOrder"' in sink.events[0].raw_json
    assert sink.events[1].raw_json == ""


def test_with_the_database_everything_delivered_is_stored_once(
    exchange: ScriptedExchange, start_recorder: StartRecorder, tmp_path: Path
) -> None:
    path = tmp_path / "events.sqlite3"
    exchange.rest = (200, listed(BTCUSDT="0.10"))
    batches: list[StoredBatch] = []
    recorder = start_recorder(
        open_sink=lambda: SqliteStore(path, DataKind.SIMULATED), on_stored=batches.append
    )
    eventually(lambda: live(recorder))
    sent = [exchange.liquidate(price=f"{100 + n}.5") for n in range(20)]
    eventually(lambda: recorder.status().stored == 20)
    exchange.close_all()
    eventually(lambda: recorder.status().reconnects == 1 and live(recorder))
    sent += [exchange.liquidate(side="BUY") for _ in range(20)]
    eventually(lambda: recorder.status().stored == 40)
    eventually(lambda: "BTCUSDT" in recorder.status().tick_sizes)
    recorder.stop()

    with EventReader(path) as reader:
        window = reader.read_window("BTCUSDT", 0, None)
        tick_size = reader.tick_size("BTCUSDT")
        covered = reader.read_coverage("BTCUSDT", 0, None)
    assert window.events["ts_ms"].tolist() == sent
    assert window.events["is_long"].tolist() == [True] * 20 + [False] * 20
    assert window.events["price"][:20].tolist() == [100.5 + n for n in range(20)]
    assert [row for batch in batches for row in batch.row_ids][-1] == window.last_row_id
    assert tick_size == Decimal("0.10")
    assert covered[0].start_ms == exchange.served[0].heartbeats_ms[0]
    gap_ms = exchange.served[0].heartbeats_ms[-1], exchange.served[1].heartbeats_ms[0]
    assert not any(one.start_ms < gap_ms[1] and one.end_ms > gap_ms[0] for one in covered)
