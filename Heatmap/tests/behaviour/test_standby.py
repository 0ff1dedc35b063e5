"""Two recorders on one file: one writes, the other takes over with what it has kept."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from Heatmap import HeatmapService, HeatmapSettings
from Heatmap.domain.events import DataKind, StoredBatch
from Heatmap.errors import OtherWriterError
from Heatmap.ingestion.connection.supervisor import ConnectionState
from Heatmap.ingestion.recorder.recorder import Recorder, SinkRole
from Heatmap.ingestion.recorder.texts import role_text
from Heatmap.standalone.sources import require_database
from Heatmap.standalone.status_line import connection_words
from Heatmap.storage.coverage import gaps_between
from Heatmap.storage.sqlite.status import read_status
from Heatmap.storage.sqlite_store import SqliteStore
from Heatmap.tests.array_reader import EventReader
from Heatmap.tests.behaviour.memory_sink import QUICK_END_S, eventually, live
from Heatmap.tests.behaviour.scripted_exchange import ScriptedExchange
from Heatmap.tests.behaviour.service_world import RecordingLayer
from Heatmap.tests.fact_texts import told_text
from Heatmap.tests.systems import posix_only

ROOT = Path(__file__).resolve().parents[3]
StartRecorder = Callable[..., Recorder]
StartOn = Callable[..., Recorder]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "heatmap.sqlite3"


@pytest.fixture
def start_on(start_recorder: StartRecorder, path: Path) -> StartOn:
    """Start a recorder that writes `path`, and looks for the lock often."""

    def start(**config: Any) -> Recorder:
        return start_recorder(
            open_sink=lambda: SqliteStore.for_recorder(path, DataKind.LIVE),
            **({"standby_poll_s": 0.05, "coverage_s": 0.1} | config),
        )

    return start


@contextmanager
def other_process(exchange: ScriptedExchange, path: Path, *words: str) -> Iterator[Any]:
    """Run ``record`` in a process of its own, up to its first line."""
    command = [sys.executable, "-m", "Heatmap", "record", "--db", str(path)]
    command += ["--ws-url", exchange.ws_url, "--rest-url", exchange.rest_url, *words]
    with subprocess.Popen(  # noqa: S603 - this interpreter
        command,
        stdout=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "error"},
    ) as process:
        assert process.stdout is not None
        try:
            yield process
        finally:
            process.kill()


def stored_times(path: Path, symbol: str = "BTCUSDT") -> list[int]:
    with EventReader(path) as reader:
        times: list[int] = reader.read_window(symbol, 0, None).events["ts_ms"].tolist()
    return times


def test_the_second_recorder_stands_by_connected_and_says_so(
    exchange: ScriptedExchange, start_on: StartOn
) -> None:
    writer = start_on()
    standby = start_on(symbols=("BTCUSDT", "ETHUSDT"))
    assert writer.status().role is SinkRole.WRITER
    eventually(lambda: live(writer) and live(standby))
    status = standby.status()
    assert status.role is SinkRole.STANDBY
    assert status.storage_fault is None
    eventually(lambda: standby.status().not_recorded == ("ETHUSDT",))
    assert "NOT recorded: ETHUSDT" in role_text(standby.status())
    assert writer.status().not_recorded == ()
    exchange.liquidate()
    eventually(lambda: writer.status().stored == 1 and standby.status().received == 2)
    assert standby.status().stored == 0


def test_all_symbols_of_the_writer_include_those_of_the_standby(start_on: StartOn) -> None:
    start_on(symbols=("ALL",))
    standby = start_on(symbols=("XRPUSDT",))
    assert standby.status().role is SinkRole.STANDBY
    assert standby.status().not_recorded == ()


def test_the_standby_takes_over_when_the_writer_stops_and_leaves_no_gap(
    exchange: ScriptedExchange, start_on: StartOn, path: Path
) -> None:
    writer, standby = start_on(), start_on()
    eventually(lambda: live(writer) and live(standby))
    sent = [exchange.liquidate() for _ in range(20)]
    eventually(lambda: writer.status().stored == 20)
    eventually(lambda: standby.status().queued == standby.status().received == 40)
    writer.stop()
    sent += [exchange.liquidate() for _ in range(20)]
    eventually(lambda: standby.status().role is SinkRole.WRITER)
    sent += [exchange.liquidate() for _ in range(20)]
    eventually(lambda: standby.status().stored == 40)
    standby.stop()
    assert stored_times(path) == sent
    with EventReader(path) as reader:
        covered = reader.read_coverage("BTCUSDT", 0, None)
    assert gaps_between(covered, covered[0].start_ms, covered[-1].end_ms) == ()
    # What both have received is counted once as received and once as a duplicate.
    counters = read_status(path)["counters"]
    assert counters["stored"] == 60
    assert counters["received"] == counters["stored"] + counters["duplicates"]


@posix_only
def test_a_killed_writer_is_followed_within_ten_seconds_and_its_last_events_are_added(
    exchange: ScriptedExchange, start_recorder: StartRecorder, path: Path
) -> None:
    with other_process(exchange, path) as other:
        assert "recording BTCUSDT" in other.stdout.readline()
        eventually(lambda: exchange.served and exchange.served[0].heartbeats_ms, limit_s=60)
        batches: list[StoredBatch] = []
        standby = start_recorder(
            open_sink=lambda: SqliteStore.for_recorder(path, DataKind.LIVE),
            on_stored=batches.append,
        )
        assert standby.status().role is SinkRole.STANDBY
        eventually(lambda: live(standby))
        sent = [exchange.liquidate() for _ in range(10)]
        eventually(lambda: len(stored_times(path)) == 10)
        # Held up, the other receives and cannot write; then it is killed.
        os.kill(other.pid, signal.SIGSTOP)
        sent += [exchange.liquidate() for _ in range(10)]
        eventually(lambda: standby.status().received == 40)
        assert stored_times(path) == sent[:10]
        other.kill()
        killed_s = time.monotonic()
        eventually(lambda: standby.status().role is SinkRole.WRITER)
        eventually(lambda: standby.status().stored == 10)
        assert time.monotonic() - killed_s < 10
    assert [one.ts_ms for batch in batches for one in batch.events] == sent[10:]
    standby.stop()
    assert stored_times(path) == sent
    with EventReader(path) as reader:
        covered = reader.read_coverage("BTCUSDT", sent[0], sent[-1])
    assert gaps_between(covered, sent[0], sent[-1]) == ()


def test_a_standby_keeps_no_more_than_its_time(
    exchange: ScriptedExchange, start_on: StartOn, path: Path
) -> None:
    writer, standby = start_on(), start_on(standby_keep_s=2.0)
    eventually(lambda: live(writer) and live(standby))
    for _ in range(10):
        exchange.liquidate()
    # On a busy machine the first of them have gone when the last one comes; they are counted as
    # received before they are queued.
    eventually(lambda: standby.status().received == 20 and standby.status().queued > 0)
    eventually(lambda: standby.status().queued == 0)
    writer.stop()
    eventually(lambda: standby.status().role is SinkRole.WRITER)
    late = exchange.liquidate()
    # The duplicate is the same event on the stream of all symbols.
    eventually(lambda: standby.status().duplicates == 1)
    assert standby.status().stored == 1
    assert stored_times(path)[-1] == late


def test_the_tick_size_that_a_standby_fetched_is_saved_when_it_takes_over(
    exchange: ScriptedExchange, start_on: StartOn, path: Path
) -> None:
    writer = start_on()
    tick = [{"filterType": "PRICE_FILTER", "tickSize": "0.25"}]
    exchange.rest = (200, {"symbols": [{"symbol": "BTCUSDT", "filters": tick}]})
    standby = start_on()
    eventually(lambda: "BTCUSDT" in standby.status().tick_sizes)
    writer.stop()

    def saved() -> bool:
        return read_status(path)["symbols"].get("BTCUSDT", {}).get("tick_size") == "0.25"

    eventually(saved)


def test_three_recorders_follow_each_other(exchange: ScriptedExchange, start_on: StartOn) -> None:
    recorders = [start_on() for _ in range(3)]
    first, *others = recorders
    assert first.status().role is SinkRole.WRITER
    first.stop()
    assert first.status().role is SinkRole.STOPPED
    eventually(lambda: [one.status().role for one in others].count(SinkRole.WRITER) == 1)
    second = next(one for one in others if one.status().role is SinkRole.WRITER)
    third = next(one for one in others if one is not second)
    assert third.status().role is SinkRole.STANDBY
    second.stop()
    eventually(lambda: third.status().role is SinkRole.WRITER)
    eventually(lambda: live(third))
    exchange.liquidate()
    eventually(lambda: third.status().stored == 1)


# --- stopping


def stop_time_s(recorder: Recorder) -> float:
    before_s = time.monotonic()
    recorder.stop()
    recorder.stop()
    assert not recorder.is_running()
    assert recorder.status().role is SinkRole.STOPPED
    return time.monotonic() - before_s


def test_a_standby_stops_quickly_and_writes_nothing(
    exchange: ScriptedExchange, start_on: StartOn, path: Path
) -> None:
    writer, standby = start_on(), start_on()
    eventually(lambda: live(writer) and live(standby))
    exchange.liquidate()
    eventually(lambda: standby.status().queued and writer.status().stored)
    assert stop_time_s(standby) < QUICK_END_S
    exchange.refusal = (451, {})
    exchange.close_all()
    blind = start_on()
    eventually(lambda: blind.status().connection is ConnectionState.BLIND)
    assert stop_time_s(blind) < QUICK_END_S
    assert read_status(path)["counters"]["duplicates"] <= writer.status().duplicates
    writer.stop()
    names = [thread.name for thread in threading.enumerate()]
    assert not [name for name in names if name.startswith("heatmap-recorder")]


def test_a_standby_that_stops_right_after_the_writer_died_writes_what_it_kept(
    exchange: ScriptedExchange, start_on: StartOn, path: Path
) -> None:
    writer = start_on()
    standby = start_on(standby_poll_s=60.0)
    eventually(lambda: live(writer) and live(standby))
    writer.stop()
    sent = exchange.liquidate()
    eventually(lambda: standby.status().received)
    assert standby.status().role is SinkRole.STANDBY
    standby.stop()
    assert stored_times(path) == [sent]


@posix_only
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_record_stands_by_in_one_line_and_ends_on_a_signal(
    exchange: ScriptedExchange, start_on: StartOn, path: Path, number: int
) -> None:
    start_on()
    with other_process(exchange, path, "--symbol", "BTCUSDT,XRPUSDT") as other:
        line = other.stdout.readline()
        for words in ("standby", str(path), "NOT recorded: XRPUSDT"):
            assert words in line
        other.send_signal(number)
        began_s = time.monotonic()
        assert other.wait(timeout=20) == 0
        assert time.monotonic() - began_s < QUICK_END_S
        assert "standby" not in other.stdout.read()


def test_record_says_that_it_took_over(
    exchange: ScriptedExchange, start_on: StartOn, path: Path
) -> None:
    writer = start_on()
    with other_process(exchange, path) as other:
        assert "standby" in other.stdout.readline()
        writer.stop()
        assert "took over: recording BTCUSDT" in other.stdout.readline()
        other.terminate()
        assert other.wait(timeout=20) == 0


# --- the window's side


def test_only_live_data_may_be_shown_beside_another_recorder(tmp_path: Path) -> None:
    for kind in DataKind:
        path = tmp_path / f"{kind}.sqlite3"
        with SqliteStore(path, kind):
            if kind is DataKind.LIVE:
                require_database(path, kind)
                continue
            with pytest.raises(OtherWriterError):
                require_database(path, kind)

            async def start(path: Path = path, kind: DataKind = kind) -> None:
                await HeatmapService(db=path, kind=kind).start()

            with pytest.raises(OtherWriterError):
                asyncio.run(start())


def test_a_service_in_standby_draws_what_the_other_writes_and_goes_on_as_the_writer(
    exchange: ScriptedExchange, start_on: StartOn, path: Path
) -> None:
    writer = start_on()
    eventually(lambda: live(writer))
    layer = RecordingLayer()

    async def until(condition: Callable[[], object]) -> None:
        async with asyncio.timeout(10):
            while not condition():  # noqa: ASYNC110 - state of other threads
                await asyncio.sleep(0.01)

    def drawn() -> int:
        return len(layer.grids) + len(layer.appended)

    async def main() -> None:
        service = HeatmapService(
            HeatmapSettings(enabled=True, symbols=("BTCUSDT", "XRPUSDT")),
            db=path,
            ws_url=exchange.ws_url,
            rest_url=exchange.rest_url,
            clock=lambda: exchange.now_ms,
        )
        service.attach(layer)
        await service.start()
        try:
            assert service.is_standby()
            status = service.status()
            assert status["role"] == "standby"
            words = connection_words("Binance", service.recorder_status(), is_running=True)
            assert "does not record XRPUSDT" in words
            await until(service.is_live)
            layer.open_page()
            await until(lambda: layer.grids)
            clip_usd = [grid["scale"]["clipUsd"] for grid in layer.grids][-1]
            for _ in range(3):
                await asyncio.to_thread(exchange.liquidate, price="100000.5", qty="400")
            # The scale follows the first large event: it has come through the file.
            await until(lambda: layer.grids[-1]["scale"]["clipUsd"] > clip_usd * 10)
            recorder = service.recorder_status()
            assert recorder is not None
            assert recorder.stored == 0
            await asyncio.to_thread(writer.stop)
            await until(lambda: service.status()["role"] == "writer")
            before = drawn()
            await asyncio.to_thread(exchange.liquidate, price="100000.5", qty="400")
            await until(lambda: drawn() > before)
            assert not [one for one in service.status()["layers"] if told_text(one)]
        finally:
            await service.stop()

    asyncio.run(main())
    counters = read_status(path)["counters"]
    assert counters["stored"] == 4
    assert json.dumps(counters)
