"""Clusters by way of the service: asked for, listened to, and as lines of a layer."""

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from Heatmap import HeatmapService, HeatmapSettings
from Heatmap.aggregation.clusters.find_clusters import LiquidationCluster
from Heatmap.domain.events import DataKind
from Heatmap.domain.viewport import Viewport
from Heatmap.storage.sqlite_store import SqliteStore
from Heatmap.tests.behaviour.service_world import PRICE, START_MS, World, in_world
from Heatmap.tests.unit.stored_events import EVENT


def test_clusters_are_found_in_the_history_and_follow_live_events(tmp_path: Path) -> None:
    async def script(world: World) -> None:
        first = await world.service.clusters("BTCUSDT", PRICE)
        assert first
        # The recording has one price: longs and shorts are a cluster each.
        assert {one.side for one in first} == {"long", "short"}
        assert all(one.price_level == pytest.approx(PRICE, rel=0.01) for one in first)
        before = sum(one.liquidation_count for one in first)
        world.clock.start()
        await world.until(lambda: world.stored() > 20)
        stored = world.stored()
        after = sum(one.liquidation_count for one in await world.service.clusters("BTCUSDT", PRICE))
        assert after >= before + stored

    in_world(tmp_path, script)


def test_listeners_hear_of_changes_until_they_leave_also_across_a_restart(tmp_path: Path) -> None:
    heard: list[tuple[str, list[LiquidationCluster]]] = []

    def listen(symbol: str, clusters: list[LiquidationCluster]) -> None:
        heard.append((symbol, clusters))

    async def script(world: World) -> None:
        service = world.service
        service.add_cluster_listener("BTCUSDT", listen)
        await world.until(lambda: any(clusters for _, clusters in heard))
        world.clock.start()
        told = len(heard)
        await world.until(lambda: len(heard) > told)
        await service.stop()
        told = len(heard)
        await service.start()
        await world.until(lambda: len(heard) > told)
        service.remove_cluster_listener("BTCUSDT", listen)
        service.remove_cluster_listener("BTCUSDT", listen)
        told, stored = len(heard), world.stored()
        await world.until(lambda: world.stored() > stored + 5)
        assert len(heard) == told

    in_world(tmp_path, script, cluster_interval_s=1.0)
    assert {symbol for symbol, _ in heard} == {"BTCUSDT"}


def test_a_listener_that_fails_does_not_disturb_the_others(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    heard: list[Any] = []

    def fail(_symbol: str, _clusters: list[LiquidationCluster]) -> None:
        raise RuntimeError("a listener's own mistake")

    async def script(world: World) -> None:
        world.service.add_cluster_listener("BTCUSDT", fail)
        world.service.add_cluster_listener("BTCUSDT", lambda *told: heard.append(told))
        await world.until(lambda: bool(heard))
        assert world.service.is_running()

    in_world(tmp_path, script)
    assert "a listener's own mistake" in caplog.text


def test_lines_are_drawn_the_strongest_first_and_go_when_switched_off(tmp_path: Path) -> None:
    async def script(world: World) -> None:
        service, layer = world.service, world.layer
        await world.until(lambda: bool(layer.grids))
        assert layer.lines == []
        service.apply_settings(service.settings.changed(cluster_lines=True))
        await world.until(lambda: bool(layer.lines))
        lines = layer.lines[-1]
        assert [one["strength"] for one in lines] == sorted(
            (one["strength"] for one in lines), reverse=True
        )
        assert all("\u2265" in one["text"] for one in lines)
        service.apply_settings(service.settings.changed(cluster_line_count=1))
        await world.until(lambda: len(layer.lines[-1]) == 1)
        # Other parameters are looked at with at once: no cluster is that large.
        service.apply_settings(service.settings.changed(min_cluster_size=1000))
        await world.until(lambda: not layer.lines[-1])
        service.apply_settings(service.settings.changed(min_cluster_size=5))
        await world.until(lambda: bool(layer.lines[-1]))
        service.apply_settings(service.settings.changed(cluster_lines=False))
        await world.until(lambda: not layer.lines[-1])

    in_world(tmp_path, script)


def test_a_page_that_comes_back_gets_its_lines_again(tmp_path: Path) -> None:
    async def script(world: World) -> None:
        layer = world.layer
        await world.until(lambda: bool(layer.lines))
        told = len(layer.lines)
        layer.open_page()
        await world.until(lambda: len(layer.lines) > told and bool(layer.lines[-1]))

    in_world(tmp_path, script, cluster_lines=True)


def test_what_cannot_be_asked_is_refused_in_words(tmp_path: Path) -> None:
    async def script(world: World) -> None:
        with pytest.raises(ValueError, match=r"symbol must be .*BTCUSDT.*'XRPUSDT'"):
            await world.service.clusters("XRPUSDT")
        with pytest.raises(ValueError, match="symbol must be"):
            world.service.add_cluster_listener("XRPUSDT", lambda *_: None)
        with pytest.raises(ValueError, match="price must be"):
            await world.service.clusters("BTCUSDT", -1.0)

    in_world(tmp_path, script)


def test_a_stopped_service_and_one_without_a_price_have_no_clusters(tmp_path: Path) -> None:
    async def main() -> None:
        service = HeatmapService(
            HeatmapSettings(),
            db=tmp_path / "x.sqlite3",
            ws_url="ws://127.0.0.1:9",
            rest_url="http://127.0.0.1:9",
        )
        assert await service.clusters("BTCUSDT", 100.0) == []
        await service.start()
        try:
            assert await service.clusters("BTCUSDT") == []
            assert await service.clusters("BTCUSDT", 100.0) == []
        finally:
            await service.stop()

    asyncio.run(main())


def test_a_standby_finds_the_clusters_of_what_another_recorder_writes(tmp_path: Path) -> None:
    async def script(world: World) -> None:
        other = HeatmapService(
            HeatmapSettings(),
            db=world.database,
            ws_url=world.exchange.ws_url,
            rest_url=world.exchange.rest_url,
            clock=world.clock,
        )
        await other.start()
        try:
            await world.until(other.is_standby)
            assert await other.clusters("BTCUSDT", PRICE) == []
            world.clock.start()
            await world.until(lambda: world.stored() > 20)
            found = await other.clusters("BTCUSDT", PRICE)
            assert sum(one.liquidation_count for one in found) >= 20
        finally:
            await other.stop()

    in_world(tmp_path, script, kind=DataKind.LIVE)


def test_at_one_price_and_without_events_nothing_is_told_again(tmp_path: Path) -> None:
    heard: list[Any] = []

    async def script(world: World) -> None:
        service = world.service
        await world.until(lambda: bool(world.layer.grids))
        source = service._clusters._source
        looks = []

        def clock() -> int:
            looks.append(None)
            return world.clock()

        # One price, as at night; and every look is counted.
        service._clusters._source = replace(source, price=lambda _symbol: PRICE, clock=clock)
        service.add_cluster_listener("BTCUSDT", lambda *told: heard.append(told))
        service.add_cluster_listener("BTC/USDT:USDT", lambda *_told: None)
        await world.until(lambda: bool(heard))
        first = len(looks)
        await world.until(lambda: len(looks) >= first + 3)
        assert len(heard) == 1

    in_world(tmp_path, script, cluster_interval_s=1.0)


def test_symbols_without_a_mark_price_have_clusters_too(tmp_path: Path) -> None:
    path = tmp_path / "x.sqlite3"
    with SqliteStore(path, DataKind.LIVE) as store:
        store.write(
            [
                replace(EVENT, symbol="ETHUSDT", ts_ms=START_MS + number, price=3_000.0 + number)
                for number in range(9)
            ]
        )

    async def main() -> None:
        service = HeatmapService(
            HeatmapSettings(symbols=("ALL",)),
            db=path,
            ws_url="ws://127.0.0.1:9",
            rest_url="http://127.0.0.1:9",
            clock=lambda: START_MS + 60_000,
        )
        await service.start()
        try:
            (cluster,) = await service.clusters("ETH/USDT:USDT")
            assert cluster.liquidation_count == 9
            # From the newest liquidation, at 3,008.
            assert cluster.distance_from_price < 0
            assert await service.clusters("XRPUSDT") == []
            for name in ("ALL", "", "BTC/USD:BTC"):
                with pytest.raises(ValueError, match="symbol must be"):
                    await service.clusters(name)
        finally:
            await service.stop()

    asyncio.run(main())


def test_a_listener_added_twice_is_called_once_and_leaves_at_once(tmp_path: Path) -> None:
    heard: list[Any] = []

    def listen(symbol: str, _clusters: list[LiquidationCluster]) -> None:
        heard.append(symbol)

    async def script(world: World) -> None:
        world.service.add_cluster_listener("BTCUSDT", listen)
        world.service.add_cluster_listener("BTC/USDT:USDT", listen)
        await world.until(lambda: bool(heard))
        assert heard == ["BTCUSDT"]
        world.service.remove_cluster_listener("BTCUSDT", listen)
        assert world.service._clusters._listeners == {}

    in_world(tmp_path, script)


def test_lines_are_those_of_the_side_that_is_drawn(tmp_path: Path) -> None:
    async def script(world: World) -> None:
        service, layer = world.service, world.layer
        await world.until(lambda: bool(layer.lines))
        assert {one["side"] for one in layer.lines[-1]} == {"long", "short"}
        service.apply_settings(service.settings.changed(side="longs"))
        await world.until(lambda: {one["side"] for one in layer.lines[-1]} == {"long"})

    in_world(tmp_path, script, cluster_lines=True)


def test_lines_are_as_wide_as_the_view_has_them_and_clusters_two_per_cent(tmp_path: Path) -> None:
    async def script(world: World) -> None:
        service, layer = world.service, world.layer
        await world.until(lambda: bool(layer.lines))
        questions = list(service._clusters._listeners)
        # The page shows 99,000 to 101,000.
        assert [one.window_pct for one in questions] == [pytest.approx(0.025 * 0.02)]
        assert layer.listener is not None
        layer.listener.viewport_changed(Viewport(99_900.0, 100_100.0, None, 900.0, 500.0))
        await world.until(lambda: list(service._clusters._listeners) != questions)
        (narrow,) = service._clusters._listeners
        assert narrow.window_pct == pytest.approx(0.025 * 0.002)
        found = await service.clusters("BTCUSDT", PRICE)
        assert {one.side for one in found} == {"long", "short"}
        service.apply_settings(service.settings.changed(cluster_window_pct=0.01))
        (wide,) = service._clusters._listeners
        assert wide.window_pct is None
        # Its lines may be those that are shown, which are not told again.
        await world.until(lambda: wide in service._clusters._known)
        assert "last 6 h" in layer.lines[-1][0]["text"]
        service.apply_settings(service.settings.changed(time_decay_minutes=30.0))
        await world.until(lambda: "last 3 h" in layer.lines[-1][0]["text"])

    in_world(tmp_path, script, cluster_lines=True)
