"""Tags of the strongest levels: what the page is told, on a real file, and when."""

import asyncio
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from Heatmap.domain.events import DataKind, Liquidated, LiquidationEvent
from Heatmap.feeds.level_tags import LevelTags, are_wanted
from Heatmap.heatmap_settings import SETTINGS, HeatmapSettings
from Heatmap.setting_fields import Effect
from Heatmap.storage.sqlite_store import SqliteStore
from Heatmap.tests.unit.feeds.test_bubbles import LIVE, NOW_MS, World, liquidation, until

TAGGED = HeatmapSettings(enabled=True, window="8h", level_tags=4, min_cluster_size=3)
HOUR_MS = 3_600_000
SUMS = """
    SELECT COALESCE(SUM(notional) FILTER (WHERE side = 'SELL'), 0),
           COALESCE(SUM(notional) FILTER (WHERE side = 'BUY'), 0), COUNT(*)
    FROM liq_events WHERE symbol = 'BTCUSDT' AND ts_ms >= ? AND price >= ? AND price < ?
"""


def recording() -> list[LiquidationEvent]:
    """Give ten hours of liquidations around a walking price."""
    random = np.random.default_rng(18)
    prices = 98_000 + np.cumsum(random.normal(0, 25, 1_500))
    return [
        liquidation(
            float(36_000 - 24 * i),
            float(usd),
            price=round(float(price), 1),
            liquidated=Liquidated.LONG if side else Liquidated.SHORT,
        )
        for i, (price, usd, side) in enumerate(
            zip(prices, random.lognormal(9, 1.6, 1_500), random.integers(0, 2, 1_500), strict=True)
        )
    ]


def test_amounts_are_those_of_plain_sql_and_follow_what_is_stored(tmp_path: Path) -> None:
    async def main() -> None:
        path, executor = tmp_path / "x.sqlite3", ThreadPoolExecutor(1)
        with SqliteStore(path, DataKind.REPLAY) as store:
            store.write(recording())
            store.extend_coverage("BTCUSDT", NOW_MS - 2 * HOUR_MS, NOW_MS, proven=True)
            world = World(path, executor, store)
            tags = LevelTags(
                world.bubbles._context, lambda: world.loop, world.shown.append, world.errors.append
            )
            tags.look_s = 0.01
            tags.follow("BTCUSDT", TAGGED, LIVE)
            await until(lambda: world.shown)
            message: Any = world.shown[-1]
            assert len(message["levels"]) == 4
            totals = [one["longUsd"] + one["shortUsd"] for one in message["levels"]]
            assert totals == sorted(totals, reverse=True)
            with closing(sqlite3.connect(path)) as connection:
                for one in message["levels"]:
                    asked = NOW_MS - 8 * HOUR_MS, one["low"], one["high"]
                    longs, shorts, count = connection.execute(SUMS, asked).fetchone()
                    assert one["longUsd"] == pytest.approx(longs)
                    assert one["shortUsd"] == pytest.approx(shorts)
                    assert one["count"] == count
            assert message["words"]["share"] == "25 % of this time"
            assert message["words"]["heading"] == "Largest in 8 h"
            # Far away from all others: too few at first, and then the strongest of all.
            far = liquidation(5, 9e7, price=110_000.0), liquidation(4, 1e6, price=110_010.0)
            world.store(*far)
            world.store(liquidation(3, 1e6, price=110_020.0, liquidated=Liquidated.SHORT))
            await until(lambda: world.shown[-1]["levels"][0]["price"] > 109_000)  # type: ignore[index]
            first: Any = world.shown[-1]["levels"][0]  # type: ignore[index]
            assert (first["longUsd"], first["shortUsd"], first["count"]) == (9.1e7, 1e6, 3)
            # Without longs, of two hours.
            tags.follow("BTCUSDT", TAGGED.changed(side="shorts", window="2h"), LIVE)
            await until(lambda: world.shown[-1]["words"]["heading"] == "Largest in 2 h")  # type: ignore[index]
            last: Any = world.shown[-1]
            assert {one["longUsd"] for one in last["levels"]} == {0.0}
            assert last["words"]["share"] == "all of this time"
            tags.follow("BTCUSDT", TAGGED.changed(level_tags=0), LIVE)
            assert world.shown[-1] is None
            assert world.errors == []
            tags.end()
            await asyncio.to_thread(executor.shutdown)

    asyncio.run(main())


def test_they_are_of_recorded_heat_and_have_the_width_of_a_cluster_where_that_is_set() -> None:
    assert are_wanted(TAGGED)
    assert not are_wanted(TAGGED.changed(heat="both"))
    assert not are_wanted(TAGGED.changed(heat="predicted"))
    assert not are_wanted(HeatmapSettings(enabled=True))
    found = SETTINGS.with_effect(Effect.TAGS)
    expected = {"heat", "window", "side", "minimum_notional", "level_tags", "min_cluster_size"}
    assert found == expected | {"cluster_window_pct"}
