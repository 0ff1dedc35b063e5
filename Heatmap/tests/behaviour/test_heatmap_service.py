"""The service on a plain asyncio loop, with a loopback exchange and real files."""

import asyncio
import json
import sqlite3
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from Heatmap import HeatmapService, HeatmapSettings
from Heatmap.domain.events import DataKind, StoredBatch
from Heatmap.domain.viewport import Viewport
from Heatmap.errors import Failure, FailureKind, StorageError
from Heatmap.feeds.layer_state import LayerState
from Heatmap.runtime.exchange_clock import ExchangeClock
from Heatmap.runtime.plain import as_plain
from Heatmap.storage.sqlite_store import SqliteStore
from Heatmap.tests.array_reader import EventReader
from Heatmap.tests.behaviour.service_world import (
    START_MS,
    RecordingLayer,
    World,
    in_world,
)
from Heatmap.tests.left_behind import own_threads
from Heatmap.tests.unit.stored_events import EVENT


def test_history_is_shown_first_and_live_events_are_added(tmp_path: Path) -> None:
    async def script(world: World) -> None:
        await world.until(lambda: bool(world.layer.grids))
        world.clock.start()
        await world.until(lambda: len(world.layer.appended) >= 3 and world.stored() > 20)

    world = in_world(tmp_path, script)
    first = world.layer.grids[0]
    assert first["timeStartMs"] <= START_MS - 7_200_000
    ends = [meta["endMs"] for _at, meta in world.layer.appended]
    assert ends == sorted(ends)


def test_updates_keep_their_interval(tmp_path: Path) -> None:
    async def script(world: World) -> None:
        await world.until(lambda: bool(world.layer.grids))
        world.clock.start()
        await world.until(lambda: len(world.layer.appended) >= 8)

    world = in_world(tmp_path, script, update_interval_ms=300, clip_usd=50_000.0)
    times = [at for at, _meta in world.layer.appended]
    # A slow machine sends fewer of them, never more; the first and the last may be early and late.
    assert len(times) - 2 <= (times[-1] - times[0]) / 0.3


def test_sequence_numbers_leave_nothing_out(tmp_path: Path) -> None:
    async def script(world: World) -> None:
        await world.until(lambda: bool(world.layer.grids))
        world.clock.start()
        await world.until(lambda: len(world.layer.appended) >= 5)

    world = in_world(tmp_path, script, clip_usd=50_000.0)
    numbers = [world.layer.grids[-1]["sequence"]]
    numbers += [meta["sequence"] for _at, meta in world.layer.appended]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))


def test_switched_off_nothing_is_shown_and_recording_goes_on(tmp_path: Path) -> None:
    async def script(world: World) -> None:
        await world.until(lambda: world.layer.is_shown)
        world.clock.start()
        world.service.apply_settings(world.service.settings.changed(enabled=False))
        assert not world.layer.is_shown
        assert world.layer.options["visible"] is False
        shown, before = len(world.layer.grids), world.stored()
        await world.until(lambda: world.stored() > before + 20)
        assert not world.layer.is_shown
        assert len(world.layer.grids) == shown
        assert not world.layer.appended
        world.service.apply_settings(world.service.settings.changed(enabled=True))
        await world.until(lambda: world.layer.is_shown)

    world = in_world(tmp_path, script)
    stored = count_rows(world.database)
    assert stored == 30 + world.stored()


def test_a_symbol_that_is_not_recorded_is_not_drawn(tmp_path: Path) -> None:
    async def script(world: World) -> None:
        await world.until(lambda: world.layer.is_shown)
        world.layer.symbol = "AAPL"
        assert world.layer.listener is not None
        world.layer.listener.symbol_changed()
        assert not world.layer.is_shown
        world.clock.start()
        before = world.stored()
        await world.until(lambda: world.stored() > before + 10)
        assert not world.layer.is_shown
        world.layer.symbol = "BTCUSDT"
        world.layer.listener.symbol_changed()
        await world.until(lambda: world.layer.is_shown)

    in_world(tmp_path, script)


def test_what_was_dropped_on_its_way_is_read_and_each_event_drawn_once(tmp_path: Path) -> None:
    async def script(world: World) -> None:
        await world.until(lambda: world.layer.is_shown)
        tape, dropped = world.service._tape, list[StoredBatch]()
        picture = world.service._attached.feeds[world.layer][0]._work.picture
        assert picture is not None
        drawn = len(picture._source._events)
        add_batch, tape.add_batch = tape.add_batch, dropped.append  # type: ignore[method-assign]
        world.clock.start()
        await world.until(lambda: sum(len(batch.events) for batch in dropped) > 10)
        assert len(picture._source._events) == drawn
        tape.add_batch = add_batch  # type: ignore[method-assign]
        tape.lose_batches()
        await world.until(lambda: len(picture._source._events) > drawn + 10)
        world.clock.freeze()

        def stored() -> int:
            with EventReader(world.database) as reader:
                start_ms = picture._source._follower._from_ms
                return len(reader.read_window("BTCUSDT", start_ms, None).events)

        await world.until(lambda: len(picture._source._events) == stored())

    in_world(tmp_path, script)


def test_only_what_a_setting_touches_is_sent_again(tmp_path: Path) -> None:
    async def script(world: World) -> None:
        await world.until(lambda: world.layer.is_shown)
        service, layer = world.service, world.layer
        service.apply_settings(service.settings.changed(opacity=0.2, palette="ice"))
        assert layer.options["opacity"] == 0.2
        assert layer.options["palette"] == "ice"
        service.apply_settings(service.settings.changed(normalization="log"))
        await world.until(lambda: layer.grids[-1]["scale"]["mode"] == "log")
        assert len(layer.grids) == 2
        service.apply_settings(service.settings.changed(window="8h"))
        await world.until(lambda: layer.grids[-1]["windowStartMs"] == START_MS - 28_800_000)
        assert len(layer.grids) == 3

    in_world(tmp_path, script)


def test_a_resize_is_answered_once_after_quiet(tmp_path: Path) -> None:
    async def script(world: World) -> None:
        await world.until(lambda: world.layer.is_shown)
        listener = world.layer.listener
        assert listener is not None
        # A drag of the window's edge: many sizes, none of them for long.
        for width in range(900, 1780, 80):
            listener.viewport_changed(Viewport(99_000.0, 101_000.0, None, float(width), 700.0))
            await asyncio.sleep(0.02)
        assert len(world.layer.grids) == 1
        await world.until(lambda: len(world.layer.grids) == 2)
        assert world.layer.grids[-1]["binMs"] == 5_000

    in_world(tmp_path, script)


def test_each_event_is_stored_once_however_often_the_service_starts(tmp_path: Path) -> None:
    async def script(world: World) -> None:
        world.clock.start()
        for _ in range(3):
            before = world.stored()
            await world.until(lambda before=before: world.stored() > before + 5)  # type: ignore[misc]
            await world.service.stop()
            await world.service.stop()
            assert not world.service.is_running()
            await world.service.start()
            await world.service.start()
            assert world.service.is_running()
            await world.until(world.service.is_live)

    world = in_world(tmp_path, script)
    connection = sqlite3.connect(world.database)
    total, distinct = connection.execute(
        "SELECT count(*), count(DISTINCT ts_ms) FROM liq_events"
    ).fetchone()
    connection.close()
    assert total == distinct


def test_a_database_of_another_kind_stops_the_start_and_nothing_is_left(tmp_path: Path) -> None:
    path = tmp_path / "x.sqlite3"
    SqliteStore(path, DataKind.SIMULATED).close()

    async def main() -> None:
        service = HeatmapService(db=path, ws_url="ws://127.0.0.1:9", rest_url="http://127.0.0.1:9")
        for _ in range(2):
            with pytest.raises(StorageError, match="simulated"):
                await service.start()
        assert not service.is_running()
        await service.stop()

    asyncio.run(main())
    assert not own_threads()


def test_other_symbols_are_recorded_at_once_and_a_stop_is_not_undone(tmp_path: Path) -> None:
    async def main() -> None:
        service = HeatmapService(
            db=tmp_path / "x.sqlite3", ws_url="ws://127.0.0.1:9", rest_url="http://127.0.0.1:9"
        )
        await service.start()
        service.apply_settings(service.settings.changed(symbols=("ETHUSDT",)))
        async with asyncio.timeout(10):
            while service._recording.symbols != ("ETHUSDT",) or not service.is_running():  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        service.apply_settings(service.settings.changed(symbols=("BTCUSDT",)))
        await service.stop()
        restart = service._lifecycle._restart_task
        assert restart is not None
        await restart
        assert not service.is_running()

    asyncio.run(main())
    assert not own_threads()


def test_a_stop_that_is_cancelled_goes_on(tmp_path: Path) -> None:
    async def main() -> None:
        service = HeatmapService(
            db=tmp_path / "x.sqlite3", ws_url="ws://127.0.0.1:9", rest_url="http://127.0.0.1:9"
        )
        await service.start()
        stop = asyncio.create_task(service.stop())
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        stop.cancel()
        with pytest.raises(asyncio.CancelledError):
            await stop
        await service.start()
        assert service.is_running()
        await service.stop()
        assert not service.is_running()

    asyncio.run(main())
    assert not own_threads()


def test_the_last_of_calls_that_wait_for_each_other_counts(tmp_path: Path) -> None:
    async def main() -> None:
        service = HeatmapService(
            db=tmp_path / "x.sqlite3", ws_url="ws://127.0.0.1:9", rest_url="http://127.0.0.1:9"
        )
        await service.start()
        await asyncio.gather(service.stop(), service.start(), service.stop())
        assert not service.is_running()

    asyncio.run(main())
    assert not own_threads()


def test_a_start_that_is_cancelled_leaves_nothing_running(tmp_path: Path) -> None:
    async def main() -> None:
        service = HeatmapService(
            db=tmp_path / "x.sqlite3", ws_url="ws://127.0.0.1:9", rest_url="http://127.0.0.1:9"
        )
        start = asyncio.create_task(service.start())
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        start.cancel()
        with pytest.raises(asyncio.CancelledError):
            await start
        await service.stop()
        assert not service.is_running()
        await service.start()
        assert service.is_running()
        await service.stop()

    asyncio.run(main())
    assert not own_threads()


def test_it_starts_again_in_another_loop_after_a_host_that_went_away(tmp_path: Path) -> None:
    world = World(tmp_path)

    async def once(stored: int) -> None:
        await world.exchange.start()
        world.service._recording._recording = replace(
            world.service._recording._recording,
            ws_url=world.exchange.ws_url,
            rest_url=world.exchange.rest_url,
        )
        await world.service.start()
        await world.until(world.service.is_live)
        world.layer.open_page()
        await world.until(lambda: world.layer.is_shown)
        world.clock.start()
        await world.until(lambda: len(world.layer.appended) > stored)
        await world.service.stop()
        await world.exchange.stop()

    async def make() -> None:
        await world.exchange.start()
        world.service = world.make_service()
        world.service.attach(world.layer)
        await world.exchange.stop()

    asyncio.run(make())
    asyncio.run(once(0))
    asyncio.run(once(len(world.layer.appended)))


def test_the_last_known_tick_size_serves_without_the_exchange(tmp_path: Path) -> None:
    path = tmp_path / "x.sqlite3"
    with SqliteStore(path, DataKind.LIVE) as store:
        store.save_tick_size("BTCUSDT", Decimal("0.50"), START_MS)

    async def main() -> None:
        service = HeatmapService(db=path, ws_url="ws://127.0.0.1:9", rest_url="http://127.0.0.1:9")
        assert service.status()["tick_sizes"] == {"BTCUSDT": "assumed"}
        await service.start()
        assert service.tick_size("BTCUSDT") == Decimal("0.50")
        assert service.tick_size("ETHUSDT") == Decimal("0.1")
        assert service.status()["tick_sizes"] == {"BTCUSDT": "last known"}
        assert service.tick_origin("BTCUSDT") == "last known"
        assert service.tick_origin("ETHUSDT") == "assumed"
        await service.stop()

    asyncio.run(main())


def test_what_is_wrong_is_as_the_status_says(tmp_path: Path) -> None:
    service = HeatmapService(db=tmp_path / "x.sqlite3", ws_url="ws://127.0.0.1:9")
    good, bad = RecordingLayer(), RecordingLayer("ETHUSDT")
    bad.failure = Failure(FailureKind.PAGE_NOT_LOADED)

    def compare() -> list[FailureKind]:
        status, told = service.status(), service.failures()
        both = [status["failure"], *(layer["failure"] for layer in status["layers"])]
        assert [as_plain(one) for one in told] == [one for one in both if one is not None]
        return [one.kind for one in told]

    assert compare() == []
    service.attach(good)
    service.attach(bad)
    assert compare() == [FailureKind.PAGE_NOT_LOADED]

    def fail(_settings: HeatmapSettings) -> None:
        raise RuntimeError("the host's own")

    service.add_settings_listener(fail)
    service.apply_settings(service.settings.changed(opacity=0.4))
    assert compare() == [FailureKind.LISTENER_FAILED, FailureKind.PAGE_NOT_LOADED]


def test_the_status_tells_what_the_database_holds_of_today(tmp_path: Path) -> None:
    path = tmp_path / "x.sqlite3"
    day_ms = START_MS // 86_400_000 * 86_400_000
    with SqliteStore(path, DataKind.LIVE) as store:
        store.write([replace(EVENT, ts_ms=day_ms + offset_ms) for offset_ms in (-1, 0, 5000)])

    async def main() -> None:
        service = HeatmapService(
            db=path,
            ws_url="ws://127.0.0.1:9",
            rest_url="http://127.0.0.1:9",
            clock=lambda: day_ms + 6000,
        )
        assert service.status()["events_today"] is None
        service.apply_settings(HeatmapSettings(enabled=True))
        service.attach(RecordingLayer())
        await service.start()
        try:
            async with asyncio.timeout(10):
                while (status := service.status())["events_today"] is None or (  # noqa: ASYNC110  # nothing tells
                    status["recorder"]["connection_failure"] is None
                ):
                    await asyncio.sleep(0.01)
        finally:
            await service.stop()
        assert status["events_today"] == 2
        assert status["last_event_ms"] == day_ms + 5000
        assert status["database_bytes"] >= path.stat().st_size
        # Plain as it is, while it records, fails to connect and has a layer that nobody feeds.
        assert json.loads(json.dumps(status, allow_nan=False)) == status
        assert status["recorder"]["connection_failure"]["kind"] == FailureKind.NO_CONNECTION
        assert [layer["state"] for layer in status["layers"]] == [LayerState.NO_CHART]

    asyncio.run(main())


def test_now_is_the_exchanges_whatever_this_machines_clock_says() -> None:
    beat: tuple[int, float] | None = None
    monotonic_s = 50.0
    clock = ExchangeClock(lambda: beat, lambda: 1_000_000, lambda: monotonic_s)
    assert clock() == 1_000_000
    beat = (1_300_000, 50.0)  # this machine is five minutes behind
    assert clock() == 1_300_000
    monotonic_s = 50.4
    assert clock() == 1_300_400
    beat, monotonic_s = (1_301_000, 52.0), 52.0  # on its way for a second: nothing moves back
    assert clock() == 1_302_000
    # Nobody looked for an hour, half of it without heartbeats.
    beat, monotonic_s = (1_301_000 + 1_800_000, 1_851.0), 3_650.0
    assert clock() == 1_300_000 + 3_600_000
    # The exchange's clock was set back: believed when several heartbeats agree.
    for number in range(5):
        beat, monotonic_s = (2_000_000 + number * 1000, 4_000.0 + number), 4_000.0 + number
        now_ms = clock()
    assert now_ms == 2_004_000


def test_listeners_hear_each_change_once_until_they_are_removed(tmp_path: Path) -> None:
    async def main() -> None:
        service = HeatmapService(db=tmp_path / "x.sqlite3")
        seen: list[HeatmapSettings] = []
        service.add_settings_listener(seen.append)
        changed = service.settings.changed(opacity=0.1)
        service.apply_settings(changed)
        service.apply_settings(changed)
        assert seen == [changed]
        service.remove_settings_listener(seen.append)
        service.apply_settings(service.settings.changed(opacity=0.3))
        assert seen == [changed]

    asyncio.run(main())


def count_rows(database: Path) -> int:
    connection = sqlite3.connect(database)
    try:
        return int(connection.execute("SELECT count(*) FROM liq_events").fetchone()[0])
    finally:
        connection.close()


def test_a_layer_that_leaves_its_page_is_fed_no_more(tmp_path: Path) -> None:
    async def script(world: World) -> None:
        await world.until(lambda: bool(world.layer.grids))
        world.layer.leave(world.layer)
        assert world.service.status()["layers"] == []
        assert world.service._attached.layers == []
        assert not world.layer.is_shown

    in_world(tmp_path, script)


def test_what_was_asked_last_in_one_turn_of_the_loop_holds(tmp_path: Path) -> None:
    async def script(world: World) -> None:
        service = world.service
        await asyncio.gather(service.stop(), service.start())
        assert service.is_running()
        await asyncio.gather(service.start(), service.stop())
        assert not service.is_running()
        await asyncio.gather(service.stop(), service.start(), service.stop(), service.start())
        assert service.is_running()

    in_world(tmp_path, script)
