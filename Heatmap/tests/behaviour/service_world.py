"""A service beside a replaying exchange, and a layer that keeps what it is shown."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from Heatmap import HeatmapService, HeatmapSettings
from Heatmap.domain.events import DataKind
from Heatmap.domain.viewport import Viewport
from Heatmap.feeds.layer_port import LayerListener
from Heatmap.standalone.exchange.data_clock import DataClock
from Heatmap.standalone.exchange.history import seed_history
from Heatmap.standalone.exchange.loopback_exchange import LoopbackExchange
from Heatmap.standalone.exchange.recording import load_recording
from Heatmap.standalone.exchange.replayed_market import ReplayedMarket
from Heatmap.tests.left_behind import own_threads
from Heatmap.tests.packed_cells import unpack_cells

if TYPE_CHECKING:
    from Heatmap.errors import Failure

START_MS = 1_733_360_400_000
EVERY_MS = 1_000
SPEED = 20.0
PRICE = 100_000.0


class RecordingLayer:
    """The far side of a feed: keeps what it is told to show, and when."""

    def __init__(self, symbol: str | None = "BTCUSDT") -> None:
        self.symbol = symbol
        self.failure: Failure | None = None
        self.listener: LayerListener | None = None
        self.grids: list[Mapping[str, Any]] = []
        self.appended: list[tuple[float, Mapping[str, Any]]] = []
        self.options: dict[str, Any] = {}
        self.lines: list[Sequence[Mapping[str, Any]]] = []
        self.is_shown = False

    def set_leave_listener(self, leave: object) -> None:
        self.leave: Any = leave

    def set_listener(self, listener: LayerListener | None) -> None:
        self.listener = listener

    def show_grid(self, meta: Mapping[str, Any], packed: str) -> None:
        assert len(unpack_cells(packed)) == meta["rows"] * meta["cols"]
        self.grids.append(meta)
        self.is_shown = True

    def append_cells(self, meta: Mapping[str, Any], packed: str) -> None:
        assert len(unpack_cells(packed)) == self.grids[-1]["rows"] * meta["cols"]
        self.appended.append((time.monotonic(), meta))

    def set_options(self, options: Mapping[str, Any]) -> None:
        self.options.update(options)

    def show_part(self, name: str, payload: Any) -> None:
        assert name == "cluster_lines"
        self.lines.append(payload)

    def show_cell(self, report: object) -> None:
        raise AssertionError(f"nobody asked about a cell, got {report}")

    def clear(self) -> None:
        self.is_shown = False

    def open_page(self) -> None:
        """Tell the feed what a page tells it once it has a chart."""
        assert self.listener is not None
        self.listener.page_ready()
        self.listener.viewport_changed(Viewport(99_000.0, 101_000.0, None, 900.0, 500.0))


def write_recording(directory: Path) -> tuple[Path, Path]:
    """Write an hour with one liquidation a second after the start, and one a minute before it."""
    times = [*range(-1_800_000, 0, 60_000), *range(500, 600_000, EVERY_MS)]
    lines = []
    for number, after_ms in enumerate(times):
        order = {
            "s": "BTCUSDT",
            "S": "SELL" if number % 2 else "BUY",
            "q": "0.100",
            "p": f"{PRICE:.2f}",
            "ap": f"{PRICE + number % 50:.2f}",
            "z": "0.100",
            "T": START_MS + after_ms,
        }
        lines.append(json.dumps({"e": "forceOrder", "E": START_MS + after_ms + 3, "o": order}))
    messages = directory / "messages.jsonl"
    messages.write_text("\n".join(lines) + "\n")
    rows = [
        f"{START_MS + 60_000 * minute},{PRICE},{PRICE},{PRICE},{PRICE},1,1,1"
        for minute in range(-40, 20)
    ]
    candles = directory / "klines.csv"
    header = "open_time,open,high,low,close,volume,quote_volume,trades"
    candles.write_text("\n".join([header, *rows]) + "\n")
    return messages, candles


class World:
    """A replaying exchange, a service on it, and a layer."""

    def __init__(
        self,
        directory: Path,
        *,
        kind: DataKind = DataKind.REPLAY,
        address: str | None = None,
        **settings: Any,
    ) -> None:
        self.kind = kind
        self.database = directory / "x.sqlite3"
        self.address = address or self.database
        market = ReplayedMarket(load_recording(*write_recording(directory)))
        self.clock = DataClock.replay(START_MS, SPEED)
        if kind is DataKind.REPLAY:
            seed_history(self.address, kind, market, START_MS, None)
        self.exchange = LoopbackExchange(market, self.clock)
        self.settings = HeatmapSettings(enabled=True, **settings)
        self.layer = RecordingLayer()
        self.service: HeatmapService

    def make_service(self) -> HeatmapService:
        return HeatmapService(
            self.settings,
            db=self.address,
            ws_url=self.exchange.ws_url,
            rest_url=self.exchange.rest_url,
            kind=self.kind,
            clock=self.clock,
        )

    def stored(self) -> int:
        status = self.service.recorder_status()
        return 0 if status is None else status.stored

    async def until(self, condition: Callable[[], bool], timeout_s: float = 10.0) -> None:
        async with asyncio.timeout(timeout_s):
            while not condition():  # noqa: ASYNC110 - state of other threads
                await asyncio.sleep(0.01)


def in_world(directory: Path, script: Callable[[World], Awaitable[None]], **settings: Any) -> World:
    """Run `script` with a started service whose layer is on a page; everything ends with it."""
    world = World(directory, **settings)

    async def main() -> None:
        await world.exchange.start()
        world.service = world.make_service()
        world.service.attach(world.layer)
        await world.service.start()
        try:
            await world.until(world.service.is_live)
            world.layer.open_page()
            await script(world)
        finally:
            await world.service.stop()
            await world.exchange.stop()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        assert not [task.get_name() for task in others]

    asyncio.run(main())
    assert not own_threads()
    return world
