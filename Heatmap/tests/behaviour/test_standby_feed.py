"""A layer's feed while another recorder writes, and when this one takes over."""

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

from Heatmap.domain.events import DataKind, LiquidationEvent
from Heatmap.feeds.feed_context import FeedContext
from Heatmap.feeds.layer_feed import LayerFeed
from Heatmap.heatmap_settings import HeatmapSettings
from Heatmap.runtime.compat import override
from Heatmap.storage.event_tape import EventTape
from Heatmap.storage.sqlite_store import SqliteStore
from Heatmap.storage.store import open_store
from Heatmap.tests.behaviour.service_world import RecordingLayer
from Heatmap.tests.packed_cells import unpack_cells
from Heatmap.tests.unit.stored_events import EVENT

NOW_MS = 1_733_360_400_000


class KeepingLayer(RecordingLayer):
    """Keeps the newest whole grid's cells."""

    def __init__(self) -> None:
        super().__init__()
        self.cells = b""

    @override
    def show_grid(self, meta: Mapping[str, Any], packed: str) -> None:
        super().show_grid(meta, packed)
        self.cells = unpack_cells(packed)


def event(price: float) -> LiquidationEvent:
    return replace(EVENT, ts_ms=NOW_MS - 60_000, price=price, notional=20_000.0)


def test_the_last_rows_of_the_other_recorder_are_drawn_after_taking_over(tmp_path: Path) -> None:
    path = tmp_path / "x.sqlite3"
    layer = KeepingLayer()
    is_standby = True
    settings = HeatmapSettings(enabled=True, clip_usd=50_000.0, decay="off")

    async def until(condition: Callable[[], object]) -> None:
        async with asyncio.timeout(5):
            while not condition():  # noqa: ASYNC110 - work of another thread
                await asyncio.sleep(0.005)

    async def main(store: SqliteStore, executor: ThreadPoolExecutor) -> list[bytes]:
        nonlocal is_standby
        tape = EventTape(open_store(path), lambda: is_standby)
        context = FeedContext(
            tape=tape,
            clock=lambda: NOW_MS,
            tick_size=lambda _symbol: Decimal("0.1"),
            heartbeats=lambda _symbol: None,
            executor=executor,
            label="",
        )
        feed = LayerFeed(layer, settings, context)
        task = asyncio.create_task(feed.run())
        pictures = []
        try:
            layer.open_page()
            await until(lambda: layer.grids)
            store.write([event(100_000.0)])
            await until(lambda: layer.appended)
            # Between two looks the other one stores its last event and ends.
            store.write([event(100_200.0)])
            is_standby = False
            tape.add_batch(store.write([event(99_800.0)]))
            await until(lambda: len(layer.appended) >= 2)
            feed.apply_settings(settings.changed(normalization="log"))
            await until(lambda: len(layer.grids) == 2)
            pictures.append(layer.cells)
            layer.open_page()
            await until(lambda: len(layer.grids) == 3)
            pictures.append(layer.cells)
        finally:
            feed.close()
            task.cancel()
            await asyncio.wait([task])
        return pictures

    with SqliteStore(path, DataKind.LIVE) as store, ThreadPoolExecutor(1) as executor:
        kept_up, rebuilt = asyncio.run(main(store, executor))
    assert any(kept_up)
    assert kept_up == rebuilt
