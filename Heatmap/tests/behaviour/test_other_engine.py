"""A storage engine that nothing outside its folder knows: recording and drawing work on it."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from Heatmap.domain.events import DataKind
from Heatmap.heatmap_settings import HeatmapSettings
from Heatmap.programs.live_liquidation_heatmap import LiveLiquidationHeatmap
from Heatmap.service.recording import Recording, make_recorder
from Heatmap.storage.store import Store
from Heatmap.tests.behaviour.conftest import QUICK
from Heatmap.tests.behaviour.memory_sink import eventually
from Heatmap.tests.behaviour.scripted_exchange import START_MS, ScriptedExchange
from Heatmap.tests.behaviour.service_world import World, in_world
from Heatmap.tests.engines.stores import made_store
from Heatmap.tests.unit.stored_events import EVENT


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Store]:
    with made_store("memory", tmp_path) as made:
        yield made


def count_of(heatmap: LiveLiquidationHeatmap) -> int:
    return sum(cluster.liquidation_count for cluster in heatmap.get_clusters("BTCUSDT"))


def test_a_service_draws_what_was_recorded_there_and_what_comes(
    database: Store, tmp_path: Path
) -> None:
    async def script(world: World) -> None:
        await world.until(lambda: world.layer.is_shown)
        status = world.service.status()
        assert (status["database"], status["failure"]) == (database.address, None)
        before = len(world.layer.appended)
        world.clock.start()
        await world.until(lambda: world.stored() > 20 and len(world.layer.appended) > before)
        clusters = await world.service.clusters("BTCUSDT")
        assert sum(cluster.liquidation_count for cluster in clusters) > 20
        await world.until(lambda: world.service.status()["events_today"] is not None)

    in_world(tmp_path, script, address=database.address)
    assert database.status()["symbols"]["BTCUSDT"]["coverage"]["proven_ms"] > 0
    assert not list(tmp_path.glob("*.sqlite3*"))


def test_a_second_recorder_stands_by_reads_and_takes_over(
    database: Store, exchange: ScriptedExchange
) -> None:
    with closing(database.open_writer(DataKind.LIVE)) as sink:
        sink.write([replace(EVENT, ts_ms=START_MS - number, price=97.0) for number in range(5)])
        sink.keep_retention(3 * 86_400_000)
    addresses = {"ws_url": exchange.ws_url, "rest_url": exchange.rest_url}
    recording = Recording(database, connection_times=QUICK, keeps_retention=True, **addresses)
    writer = make_recorder(recording, HeatmapSettings())
    writer.start()
    try:
        with LiveLiquidationHeatmap(
            min_cluster_size=1,
            update_interval=0,
            db=database.address,
            connection_times=QUICK,
            **addresses,
        ) as heatmap:
            heatmap.start_stream(["BTCUSDT"])
            assert heatmap.status()["role"] == "standby"
            eventually(lambda: heatmap.status()["live"])
            eventually(lambda: count_of(heatmap) == 5)
            exchange.liquidate()
            eventually(lambda: count_of(heatmap) == 6)
            writer.stop()
            eventually(lambda: heatmap.status()["role"] == "writer")
            exchange.liquidate()
            eventually(lambda: count_of(heatmap) == 7)
            retention = heatmap.status()["recorder"]["retention"]
            assert retention["wanted_ms"] == 3 * 86_400_000
    finally:
        writer.stop()
    assert database.status()["counters"]["stored"] == 7
