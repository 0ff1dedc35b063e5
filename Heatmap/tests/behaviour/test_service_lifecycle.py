"""The service in a host's running loop: started, stopped, left behind, and met by faults.

Each test runs a host in a process of its own, with qasync's loop on Qt and with a plain asyncio
loop: what reaches the loop's exception handler, standard error or the log as an error counts as a
fault, and so do tasks, threads and timers that are left, and calls that may block the loop.
"""

import asyncio
import gc
import json
import os
import random
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path

import pytest

from Heatmap import HeatmapService
from Heatmap.domain.events import DataKind
from Heatmap.errors import OtherWriterError
from Heatmap.feeds import layer_feed
from Heatmap.ingestion.recorder.recorder import Recorder, RecorderConfig
from Heatmap.picture.heat_picture import HeatPicture
from Heatmap.storage.sqlite.connections import size_bytes
from Heatmap.storage.sqlite.writer_lock import WriterLock
from Heatmap.storage.sqlite_store import SqliteStore
from Heatmap.tests.array_reader import EventReader
from Heatmap.tests.behaviour.lifecycle_host import FailingLayer, Host, held
from Heatmap.tests.fact_texts import told_text

KINDS = ("asyncio", "qasync")
MOMENTS = ("start", "rebuild", "question", "stop", "idle")
# What the watch must see, so that its silence elsewhere says something.
BLOCKED = (
    "Condition.wait in ingestion/recorder/recorder.py, Recorder.start",
    "Thread.join in ingestion/recorder/recorder.py, Recorder._join",
    "a lock is held while waiting",
    "os.stat in storage/sqlite/connections.py, size_bytes",
    "sqlite3.connect in storage/sqlite/connections.py, open_uri",
    "time.sleep in storage/sqlite/writer_lock.py, WriterLock._acquire",
)
RESTARTS, RANDOM_CLOSINGS, SEED = 8, 12, 20_241_205


# -- what the hosts do ----------------------------------------------------------------------------


def start_and_stop_again_and_again(host: Host) -> None:
    service = host.make_service(cluster_lines=True)
    service.attach(host.layer)

    async def script() -> None:
        for number in range(RESTARTS):
            await service.start()
            if number % 3 == 0:
                await host.show(service)
                host.layer.ask()
                await host.record_one(service)
            service.status()
            await service.stop()
            assert not service.is_running()
            assert service.status()["running"] is False
            # The end of cancelled tasks takes a turn of the loop.
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            host.assert_nothing_left()

    host.run(script)
    host.assert_all_stored()


def use_it_before_the_loop_runs(host: Host) -> None:
    service = host.make_service()
    heard: list[float] = []
    service.add_settings_listener(lambda settings: heard.append(settings.opacity))
    service.add_cluster_listener("BTCUSDT", lambda *_words: None)
    service.attach(host.layer)
    service.apply_settings(service.settings.changed(opacity=0.3, symbols=("BTCUSDT", "ETHUSDT")))
    assert service.status()["running"] is False
    assert heard == [0.3]

    async def script() -> None:
        await service.start()
        await host.show(service)
        assert host.layer.options["opacity"] == 0.3
        await service.stop()
        host.assert_nothing_left()

    host.run(script)
    # The loop is closed: what the host's last dialogs do reaches nobody, and fails nowhere.
    service.apply_settings(service.settings.changed(symbols=("BTCUSDT",)))
    service.detach(host.layer)
    service.attach(host.layer)
    assert service.status()["running"] is False


def ask_for_the_status_and_attach_while_it_stops(host: Host) -> None:
    service = host.make_service()

    async def script() -> None:
        await service.start()
        await host.until(service.is_live)
        with held(Recorder, "stop") as (begun, gate):
            stop = asyncio.create_task(service.stop(), name="host stop")
            await host.until(begun.is_set)
            # As a status panel does by its timer, and a chart that is opened just now.
            service._watch._asked_s = float("-inf")
            service.status()
            service.attach(host.layer)
            gate.set()
            await stop
        assert host.layer.listener is None
        host.assert_nothing_left()
        await service.start()
        await host.show(service)
        await service.stop()

    host.run(script)


def close_at_any_moment(host: Host) -> None:
    for moment in MOMENTS:
        close_at(host, moment)
    chance = random.Random(SEED)
    service = host.make_service()
    service.attach(host.layer)
    for _ in range(RANDOM_CLOSINGS):
        close_after(host, service, chance.uniform(0, 0.12))
    host.run(lambda: use_and_stop(host, service))
    host.assert_all_stored()


def close_at(host: Host, moment: str) -> None:
    """Close the loop while something is under way; then use the service in another loop."""
    service = host.make_service()
    service.attach(host.layer)
    owner, name = {
        "start": (Recorder, "start"),
        "stop": (Recorder, "stop"),
        "rebuild": (HeatPicture, "rebuild"),
        "question": (HeatPicture, "describe"),
        "idle": (HeatPicture, "close"),
    }[moment]

    async def reach(begun: threading.Event) -> None:
        start = asyncio.ensure_future(service.start())
        start.set_name("host start")  # type: ignore[attr-defined]
        if moment != "start":
            await start
            await host.until(service.is_live)
            if moment == "rebuild":
                host.layer.open_page()
            else:
                await host.show(service)
            if moment == "question":
                host.layer.ask()
            elif moment == "stop":
                asyncio.ensure_future(service.stop()).set_name("host stop")  # type: ignore[attr-defined]
        if moment != "idle":
            await host.until(begun.is_set)
        await host.quit()

    with held(owner, name) as (begun, gate):
        host.run(lambda: reach(begun))
        gate.set()
    host.run(lambda: use_and_stop(host, service))
    service.detach(host.layer)


async def use_and_stop(host: Host, service: HeatmapService) -> None:
    """Find the service as good as new in another loop."""
    async with asyncio.timeout(30):
        await service.start()
        await host.show(service)
        await host.record_one(service)
        appended = len(host.layer.appended)
        await host.until(lambda: len(host.layer.appended) > appended)
        answers = len(host.layer.answers)
        host.layer.ask()
        await host.until(lambda: len(host.layer.answers) > answers)
        await service.stop()
    await asyncio.sleep(0)
    host.assert_nothing_left()


def close_after(host: Host, service: HeatmapService, delay_s: float) -> None:
    async def script() -> None:
        start = asyncio.ensure_future(service.start())
        start.set_name("host start")  # type: ignore[attr-defined]
        start.add_done_callback(lambda _task: host.layer.open_page())
        await asyncio.sleep(delay_s)
        await host.quit()

    host.run(script)


def leave_it_running(host: Host) -> None:
    service = host.make_service()
    service.attach(host.layer)

    async def script() -> None:
        await service.start()
        await host.show(service)
        await host.record_one(service)
        host.layer.ask()
        await host.quit()

    host.run(script)
    # Recording does not need the host's loop.
    before = service.recorder_status()
    assert before is not None
    host.exchange.liquidate(price="100000.5")
    until_s = time.monotonic() + 20
    while (service.recorder_status() or before).stored == before.stored:
        assert time.monotonic() < until_s
        time.sleep(0.01)
    assert service.is_running()


def meet_failing_listeners(host: Host) -> None:
    service = host.make_service(cluster_interval_s=1.0)
    heard: list[str] = []
    is_broken = True

    def fail(*_words: object) -> None:
        if is_broken:
            raise RuntimeError("a listener's own mistake")

    async def script() -> None:
        nonlocal is_broken
        await service.start()
        await host.until(service.is_live)
        service.add_settings_listener(fail)
        service.add_settings_listener(lambda _settings: heard.append("settings"))
        host.expects_errors = True
        service.apply_settings(service.settings.changed(opacity=0.2))
        assert heard == ["settings"]
        assert "a listener's own mistake" in told_text(service.status())
        is_broken = False
        service.apply_settings(service.settings.changed(opacity=0.4))
        assert told_text(service.status()) == ""
        is_broken = True
        for _ in range(6):
            await host.record_one(service)
        service.add_cluster_listener("BTCUSDT", fail)
        service.add_cluster_listener("BTCUSDT", lambda *_words: heard.append("clusters"))
        await host.until(lambda: "clusters" in heard)
        assert "a listener's own mistake" in told_text(service.status())
        service.remove_cluster_listener("BTCUSDT", fail)
        await host.record_one(service)
        await service.stop()
        host.assert_nothing_left()

    host.run(script)
    host.assert_all_stored()


def meet_a_failing_layer(host: Host) -> None:
    layer_feed.RETRY_S = 0.05
    service = host.make_service(cluster_lines=True)
    failing = FailingLayer()

    async def script() -> None:
        service.attach(failing)
        service.attach(host.layer)
        await service.start()
        await host.until(service.is_live)
        failing.open_page()
        await host.until(lambda: failing.grids)
        host.expects_errors = True
        failing.broken = True
        await host.show(service)
        for enabled in (False, True):
            service.apply_settings(service.settings.changed(enabled=enabled, opacity=0.1))
        assert failing.listener is not None
        failing.listener.symbol_changed()
        failing.listener.page_ready()
        failing.ask()
        errors = [told_text(each) for each in service.status()["layers"]]
        assert "HeatmapBridge has been deleted" in errors[0]
        assert errors[1] == ""
        await host.record_one(service)
        # The other layer has its picture all the while.
        shown = len(host.layer.grids)
        await host.until(lambda: len(host.layer.grids) > shown)
        # A layer that works again has its picture again.
        failing.broken = False
        shown = len(failing.grids)
        await host.until(lambda: len(failing.grids) > shown)
        await host.until(lambda: told_text(service.status()["layers"][0]) == "")
        failing.broken = True
        await service.stop()
        assert not service.is_running()
        # One that fails from the beginning keeps nobody from starting.
        await service.start()
        assert "a layer could not be fed" in told_text(service.status())
        await host.show(service)
        await host.record_one(service)
        service.detach(failing)
        await service.stop()
        host.assert_nothing_left()

    host.run(script)
    host.assert_all_stored()


def meet_a_row_and_a_file_that_are_not_as_they_were(host: Host) -> None:
    layer_feed.RETRY_S = 0.05
    service = host.make_service(cluster_interval_s=1.0)
    service.attach(host.layer)

    def error() -> str:
        return told_text(service.status()["layers"][0])

    async def picture_comes_again(shown: int) -> None:
        await host.until(lambda: len(host.layer.grids) > shown and not error())

    async def script() -> None:
        await service.start()
        await host.show(service)
        await host.record_one(service)
        host.expects_errors = True
        # Another program has changed a row so that it cannot be read: it is left out.
        change(host.database, "UPDATE liq_events SET price = 'a word'")
        service.add_cluster_listener("BTCUSDT", lambda *_words: None)
        shown = len(host.layer.grids)
        host.layer.open_page()
        await picture_comes_again(shown)
        await host.record_one(service)
        assert told_text(service.status()) == ""
        change(host.database, "UPDATE liq_events SET price = 100000.0 WHERE price = 'a word'")
        # Somebody moves the file away, the log before it: what is begun anew keeps its own.
        shown = len(host.layer.grids)
        for suffix in ("-wal", "-shm", ""):
            path = host.database.with_name(f"x.sqlite3{suffix}")
            path.rename(path.with_name(f"moved.sqlite3{suffix}"))
        host.layer.open_page()
        await host.until(lambda: host.database.exists() or error())
        host.exchange.liquidate(price="100000.5")
        await host.until(host.database.exists)
        await picture_comes_again(shown)
        assert service.is_running()
        await service.stop()
        host.assert_nothing_left()

    host.run(script)
    with EventReader(host.database) as fresh:
        assert len(fresh.read_window("BTCUSDT", 0, None).events) == 1
    host.database = host.database.with_name("moved.sqlite3")
    host.assert_all_stored()


def block_the_loop_on_purpose(host: Host) -> None:
    """Call on the loop what the package keeps for other threads."""
    config = RecorderConfig(ws_url=host.exchange.ws_url, rest_url=host.exchange.rest_url)
    recorder = Recorder(config, lambda: SqliteStore(host.database, DataKind.SIMULATED))
    lock_file = host.directory / "other.sqlite3-writer"

    async def script() -> None:
        recorder.start()
        EventReader(host.database).close()
        size_bytes(host.database)
        # Who only reads the lock file has a writer try again after a while.
        with closing(sqlite3.connect(lock_file)) as reader:
            reader.execute("CREATE TABLE things (thing)")
            reader.execute("BEGIN")
            reader.execute("SELECT * FROM things")
            with suppress(OtherWriterError):
                WriterLock(host.directory / "other.sqlite3")
        recorder.stop()

    host.run(script)


def change(database: Path, statement: str) -> None:
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute(statement)


# -- the tests ------------------------------------------------------------------------------------


def play(scenario: Callable[[Host], None], kind: str, directory: Path) -> None:
    assert find_faults(scenario, kind, directory) == []


def find_faults(scenario: Callable[[Host], None], kind: str, directory: Path) -> list[str]:
    """Run a host in a process of its own, which must end by itself; return what it has noted."""
    command = f"from {__name__} import main; main({scenario.__name__!r}, {kind!r})"
    result = subprocess.run(  # noqa: S603 - this very file
        [sys.executable, "-X", "dev", "-W", "error", "-c", command],
        cwd=directory,
        env={
            **os.environ,
            "PYTHONPATH": str(Path(__file__).parents[3]),
            "QT_QPA_PLATFORM": "offscreen",
        },
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    assert result.stderr == ""
    return json.loads(result.stdout)  # type: ignore[no-any-return]


def main(scenario: str, kind: str) -> None:
    """Be the host."""
    host = Host(kind, Path.cwd())
    with host.exchange:
        globals()[scenario](host)
        gc.collect()
        print(json.dumps(host.faults + host.watch.findings()))  # noqa: T201 - for the test


@pytest.mark.parametrize("kind", KINDS)
def test_any_number_of_starts_and_stops_leaves_nothing_behind(kind: str, tmp_path: Path) -> None:
    play(start_and_stop_again_and_again, kind, tmp_path)


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_used_before_its_loop_runs_and_after_it_was_closed(kind: str, tmp_path: Path) -> None:
    play(use_it_before_the_loop_runs, kind, tmp_path)


@pytest.mark.parametrize("kind", KINDS)
def test_a_stop_under_way_bears_questions_and_layers(kind: str, tmp_path: Path) -> None:
    play(ask_for_the_status_and_attach_while_it_stops, kind, tmp_path)


@pytest.mark.parametrize("kind", KINDS)
def test_a_host_that_closes_at_any_moment_can_go_on_in_another_loop(
    kind: str, tmp_path: Path
) -> None:
    play(close_at_any_moment, kind, tmp_path)


@pytest.mark.parametrize("kind", KINDS)
def test_a_host_that_never_stops_it_ends_quietly_and_recording_goes_on_until_then(
    kind: str, tmp_path: Path
) -> None:
    play(leave_it_running, kind, tmp_path)
    with EventReader(tmp_path / "x.sqlite3") as reader:
        assert len(reader.read_window("BTCUSDT", 0, None).events) == 2


@pytest.mark.parametrize("kind", KINDS)
def test_a_listener_that_fails_is_shown_and_disturbs_nobody(kind: str, tmp_path: Path) -> None:
    play(meet_failing_listeners, kind, tmp_path)


@pytest.mark.parametrize("kind", KINDS)
def test_a_layer_that_fails_is_shown_and_disturbs_nobody(kind: str, tmp_path: Path) -> None:
    play(meet_a_failing_layer, kind, tmp_path)


@pytest.mark.parametrize("kind", KINDS)
def test_a_row_or_a_file_that_somebody_changes_ends_neither_recording_nor_the_picture(
    kind: str, tmp_path: Path
) -> None:
    play(meet_a_row_and_a_file_that_are_not_as_they_were, kind, tmp_path)


@pytest.mark.parametrize("kind", KINDS)
def test_whatever_may_block_the_loop_is_noticed(kind: str, tmp_path: Path) -> None:
    faults = find_faults(block_the_loop_on_purpose, kind, tmp_path)
    assert [each for each in BLOCKED if not any(fault.startswith(each) for fault in faults)] == []
