"""Bars of longs and shorts per candle: what the page is told, on a real file, and when."""

import asyncio
from base64 import b64decode
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from Heatmap.domain.events import DataKind, Liquidated
from Heatmap.feeds.candle_bars import CandleBars
from Heatmap.heatmap_settings import SETTINGS
from Heatmap.setting_fields import Effect
from Heatmap.storage.sqlite_store import SqliteStore
from Heatmap.tests.unit.feeds.test_bubbles import LIVE, NOW_MS, ON, World, liquidation, until

BARS = ON.changed(candle_bars=True, side="longs", minimum_notional=25_000.0)
HOUR_MS = 3_600_000
# The pane begins four hours ago: its sums are of 5 seconds each.
PANE = replace(LIVE, start_ms=NOW_MS - 4 * HOUR_MS)


def sums(message: dict[str, Any]) -> Any:
    """Give seconds before now, longs and shorts."""
    times, longs, shorts = np.frombuffer(b64decode(message["sums"]), "<f8").reshape(3, -1)
    return ((NOW_MS - times) / 1000).tolist(), longs.tolist(), shorts.tolist()


def test_all_that_was_recorded_of_the_pane_is_told_in_short_sums(tmp_path: Path) -> None:
    async def main() -> None:
        path, executor = tmp_path / "x.sqlite3", ThreadPoolExecutor(1)
        with SqliteStore(path, DataKind.REPLAY) as store:
            # Smaller than the heat shows, of a side that it does not, before its window.
            short = liquidation(3 * 3_600, 30_000.0, liquidated=Liquidated.SHORT)
            store.write([liquidation(59, 1_000.0), liquidation(58, 500.0), short])
            store.write([liquidation(7 * 3_600)])
            store.extend_coverage("BTCUSDT", NOW_MS - HOUR_MS, NOW_MS, proven=True)
            world = World(path, executor, store)
            bars = CandleBars(
                world.bubbles._context,
                lambda: world.loop,
                world.shown.append,
                world.errors.append,
            )
            bars.follow("BTCUSDT", ON, PANE)
            assert world.shown == []
            bars.follow("BTCUSDT", BARS, PANE)
            await until(lambda: world.shown)
            message = world.shown[-1]
            assert message is not None
            assert sums(message) == ([10_800.0, 60.0], [0.0, 1_500.0], [30_000.0, 0.0])
            assert message["startMs"] <= PANE.start_ms
            # The pane's left edge and now move all the time, and are told of in no gap.
            assert message["recorded"]["gaps"] == [[None, NOW_MS - HOUR_MS, "gap"]]
            world.store(liquidation(1, 9_000.0))
            await until(lambda: len(world.shown) > 1)
            told = world.shown[-1]
            assert told is not None
            assert sums(told) == (
                [10_800.0, 60.0, 5.0],
                [0.0, 1_500.0, 9_000.0],
                [30_000.0, 0.0, 0.0],
            )
            # A clock that goes on tells nothing anew.
            known = len(world.shown)
            world.now_ms += 3_000
            bars.follow("BTCUSDT", BARS, PANE)
            await until(lambda: not (bars._is_stale or bars._turns._is_working))
            bars.follow("BTCUSDT", ON, PANE)
            assert world.shown[known:] == [None]
            assert world.errors == []
            bars.end()
            await asyncio.to_thread(executor.shutdown)

    asyncio.run(main())


def test_settings_that_change_them_have_their_effect() -> None:
    found = SETTINGS.with_effect(Effect.BARS)
    assert {"candle_bars", "window"} <= found
    assert found.isdisjoint({"side", "minimum_notional", "bubbles", "heat"})
