"""The service in a host that runs its loop inside another one, and ends without stopping it."""

import asyncio
import sqlite3
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from Heatmap import HeatmapService, HeatmapSettings
from Heatmap.ingestion.recorder.recorder import Recorder
from Heatmap.programs.live_liquidation_heatmap import LiveLiquidationHeatmap
from Heatmap.tests.behaviour.lifecycle_host import held
from Heatmap.tests.behaviour.nested_host import BEGINNINGS, ENDINGS, Ended, run_host
from Heatmap.tests.behaviour.scripted_exchange import ScriptedExchange
from Heatmap.tests.behaviour.scripted_service import make_service
from Heatmap.tests.behaviour.service_world import RecordingLayer
from Heatmap.tests.fact_texts import told_text

MOVING = "started in an event loop that does not run now: moving to the one that does"


@pytest.fixture
def pouring(exchange: ScriptedExchange) -> Iterator[ScriptedExchange]:
    """Have liquidations come without end, so that some are on their way at any moment."""
    ended = threading.Event()

    def pour() -> None:
        while not ended.wait(0.02):
            exchange.liquidate(price="100000.5")

    thread = threading.Thread(target=pour)
    thread.start()
    yield exchange
    ended.set()
    thread.join(10)


def rows(directory: Path) -> int:
    with closing(sqlite3.connect(directory / "x.sqlite3")) as connection:
        count: int = connection.execute("SELECT count(*) FROM liq_events").fetchone()[0]
    return count


def require_whole(ended: Ended, directory: Path) -> None:
    """The process has ended as it should, and all that had come is in the file."""
    assert (ended.code, ended.errors) == (0, "")
    told = ended.told
    assert told["stored"] > 0
    assert told["received"] == told["stored"] + told["duplicates"]
    assert (told["queued"], told["overflowed"]) == (0, 0)
    assert rows(directory) == told["stored"]


@pytest.mark.parametrize("ends", ENDINGS)
def test_whoever_ends_first_the_process_ends_well_and_all_that_came_is_stored(
    pouring: ScriptedExchange, tmp_path: Path, ends: str
) -> None:
    require_whole(run_host(pouring, tmp_path, begins="slot", ends=ends), tmp_path)


@pytest.mark.parametrize("begins", BEGINNINGS)
@pytest.mark.parametrize("uses", ["status", "nothing"])
def test_wherever_it_is_started_it_is_drawn_in_the_loop_that_runs(
    pouring: ScriptedExchange, tmp_path: Path, begins: str, uses: str
) -> None:
    ended = run_host(pouring, tmp_path, begins=begins, ends=ENDINGS[0], uses=uses)
    # It ends only once its chart has got a picture and what came after it.
    require_whole(ended, tmp_path)
    # One connection, whatever loop it was begun in.
    assert ended.told["reconnects"] == 0
    assert (MOVING in ended.told["seen"]) == (uses == "status" and begins != "slot")


@pytest.mark.parametrize("begins", BEGINNINGS)
def test_it_is_stopped_in_the_loop_that_runs(
    pouring: ScriptedExchange, tmp_path: Path, begins: str
) -> None:
    require_whole(run_host(pouring, tmp_path, begins=begins, ends=ENDINGS[0], stops=True), tmp_path)


# -- loops inside loops, and one after the other, in this process ---------------------------------

Script = Callable[[], Coroutine[Any, Any, None]]


@contextmanager
def inner_loop() -> Iterator[asyncio.AbstractEventLoop]:
    """Have another loop run inside the one that runs, as Qt's does."""
    outer = asyncio.get_running_loop()
    asyncio.events._set_running_loop(None)
    task = asyncio.current_task(outer)
    assert task is not None
    asyncio.tasks._leave_task(outer, task)
    inner = asyncio.new_event_loop()
    try:
        yield inner
    finally:
        inner.close()
        asyncio.tasks._enter_task(outer, task)
        asyncio.events._set_running_loop(outer)


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110 - state of other threads
            await asyncio.sleep(0.005)


async def turns(count: int = 3) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


def make(exchange: ScriptedExchange, directory: Path) -> HeatmapService:
    return make_service(exchange, directory / "x.sqlite3", HeatmapSettings(enabled=True))


def test_a_start_whose_loop_comes_too_late_does_not_undo_a_stop(
    exchange: ScriptedExchange, tmp_path: Path
) -> None:
    service = make(exchange, tmp_path)

    async def inner() -> None:
        assert not service.is_running()
        await until(service.is_live)
        await service.stop()

    async def outer() -> None:
        late = asyncio.ensure_future(service.start())
        with inner_loop() as loop:
            loop.run_until_complete(inner())
        await late
        assert not service.is_running()

    asyncio.run(outer())


@pytest.mark.parametrize("name", ["start", "stop"])
def test_what_was_under_way_in_a_loop_that_waits_is_void_afterwards(
    exchange: ScriptedExchange, tmp_path: Path, name: str
) -> None:
    service, layer = make(exchange, tmp_path), RecordingLayer()
    service.attach(layer)

    async def inner(gate: threading.Event) -> None:
        gate.set()
        if name == "stop":
            await service.start()
        await until(lambda: told_text(service.status()) != MOVING and service.is_live())
        layer.open_page()
        await until(lambda: layer.grids)

    async def outer() -> None:
        if name == "stop":
            await service.start()
        with held(Recorder, name) as (begun, gate):
            under_way = asyncio.ensure_future(getattr(service, name)())
            await until(begun.is_set)
            with inner_loop() as loop:
                loop.run_until_complete(inner(gate))
        await under_way
        await turns()
        assert service.is_running()
        # Back in the outer loop, where it is used again.
        shown = len(layer.grids)
        service.status()
        await until(lambda: len(layer.grids) > shown)
        await service.stop()

    asyncio.run(outer())
    assert not service.is_running()


def test_symbols_that_were_changed_in_the_inner_loop_are_recorded(
    exchange: ScriptedExchange, tmp_path: Path
) -> None:
    service = make(exchange, tmp_path)

    async def inner() -> None:
        service.apply_settings(service.settings.changed(symbols=("BTCUSDT", "ETHUSDT")))
        await until(lambda: "ETHUSDT" in exchange_symbols())
        await service.stop()

    def exchange_symbols() -> dict[str, int]:
        status = service.recorder_status()
        return {} if status is None else dict(status.heartbeats)

    async def outer() -> None:
        await service.start()
        with inner_loop() as loop:
            loop.run_until_complete(inner())

    asyncio.run(outer())


def test_clusters_are_told_in_the_loop_that_runs(
    exchange: ScriptedExchange, tmp_path: Path
) -> None:
    service = make_service(
        exchange,
        tmp_path / "x.sqlite3",
        HeatmapSettings(enabled=True, cluster_interval_s=1.0, min_cluster_size=2),
    )
    told: list[asyncio.AbstractEventLoop] = []

    async def inner() -> None:
        await until(service.is_live)
        for _ in range(3):
            exchange.liquidate(price="100000.5")
        await until(lambda: asyncio.get_running_loop() in told)
        await service.stop()

    async def outer() -> None:
        await service.start()
        service.add_cluster_listener(
            "BTCUSDT", lambda *_words: told.append(asyncio.get_running_loop())
        )
        with inner_loop() as loop:
            loop.run_until_complete(inner())

    asyncio.run(outer())


def test_of_two_loops_one_after_the_other_the_second_one_draws(
    exchange: ScriptedExchange, tmp_path: Path
) -> None:
    service, layer = make(exchange, tmp_path), RecordingLayer()
    service.attach(layer)

    async def draw() -> None:
        await until(service.is_live)
        layer.open_page()
        await until(lambda: layer.grids)

    async def go_on() -> None:
        shown = len(layer.grids)
        # The page says something, and nothing else is done with the service.
        layer.open_page()
        await until(lambda: len(layer.grids) > shown)
        await service.stop()

    first = asyncio.new_event_loop()
    first.run_until_complete(service.start())
    first.run_until_complete(draw())
    # Between two turns of a loop that goes on, and after its end, the status says what is amiss.
    assert "the event loop does not run" in told_text(service.status())
    first.close()
    assert "the event loop was closed" in told_text(service.status())
    asyncio.run(go_on())
    assert told_text(service.status()) == ""


def test_a_program_without_a_loop_of_its_own_may_be_used_from_any(
    exchange: ScriptedExchange, tmp_path: Path
) -> None:
    heatmap = LiveLiquidationHeatmap(
        min_cluster_size=1,
        update_interval=0,
        db=tmp_path / "x.sqlite3",
        ws_url=exchange.ws_url,
        rest_url=exchange.rest_url,
    )

    async def inner() -> None:
        await until(lambda: heatmap.status()["live"])
        exchange.liquidate()
        await until(lambda: heatmap.get_clusters("BTCUSDT"))

    async def outer() -> None:
        heatmap.start_stream(["BTCUSDT"])
        with inner_loop() as loop:
            loop.run_until_complete(inner())
        assert heatmap.get_clusters("BTCUSDT")

    with heatmap:
        asyncio.run(outer())
