"""What `get_clusters` says of time that was not recorded, with a real recorder and file."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from Heatmap import LiveLiquidationHeatmap
from Heatmap.aggregation.clusters.find_clusters import ClusterParameters
from Heatmap.domain.events import DataKind
from Heatmap.domain.instruments import Instrument
from Heatmap.storage.sqlite_store import SqliteStore
from Heatmap.tests.behaviour.conftest import QUICK
from Heatmap.tests.behaviour.memory_sink import eventually
from Heatmap.tests.behaviour.scripted_exchange import START_MS, ScriptedExchange
from Heatmap.tests.unit.stored_events import EVENT

LOOKBACK_MS = ClusterParameters().lookback_ms
NINE_DAYS_MS = 9 * 86_400_000


@pytest.fixture
def heatmap(exchange: ScriptedExchange, tmp_path: Path) -> Iterator[LiveLiquidationHeatmap]:
    path = tmp_path / "heatmap.sqlite3"
    past = [replace(EVENT, ts_ms=START_MS - number, price=97.0) for number in range(10)]
    with closing(SqliteStore.for_recorder(path, DataKind.LIVE)) as store:
        store.write(past)
        store.extend_coverage("BTCUSDT", START_MS - LOOKBACK_MS // 4, START_MS, proven=True)
        ended_ms = START_MS - NINE_DAYS_MS
        store.extend_coverage("ETHUSDT", ended_ms - 1000, ended_ms, proven=True)
        # Another venue has recorded all of the time.
        of_another = Instrument("BYBIT", "SOLUSDT")
        store.write([replace(one, source="BYBIT", symbol="SOLUSDT") for one in past])
        store.extend_coverage(of_another, START_MS - LOOKBACK_MS, START_MS, proven=True)
    # Nothing comes of these, as of a symbol that is misspelt.
    exchange.untraded = {"ETHUSDT", "SOLUSDT", "SOLUDST"}
    with LiveLiquidationHeatmap(
        min_cluster_size=1,
        update_interval=0,
        db=path,
        ws_url=exchange.ws_url,
        rest_url=exchange.rest_url,
        connection_times=QUICK,
    ) as heatmap:
        yield heatmap


def test_clusters_tell_how_much_of_the_lookback_was_recorded(
    heatmap: LiveLiquidationHeatmap,
) -> None:
    heatmap.start_stream(["BTCUSDT", "ETHUSDT", "SOLUSDT", "SOLUDST"])
    eventually(lambda: sum(one.liquidation_count for one in heatmap.get_clusters("BTCUSDT")) == 10)
    bitcoin = heatmap.get_clusters("BTCUSDT")
    # Each heartbeat of the scripted exchange takes its time on by a second.
    assert bitcoin.recorded_share == pytest.approx(0.25, abs=0.02)
    assert bitcoin.was_recorded
    for symbol, was_recorded in (("ETHUSDT", True), ("SOLUSDT", False), ("SOLUDST", False)):
        found = heatmap.get_clusters(symbol)
        assert (list(found), found.recorded_share) == ([], 0)
        assert found.was_recorded is was_recorded
    heatmap.stop()
    assert heatmap.get_clusters("BTCUSDT").recorded_share == 0
