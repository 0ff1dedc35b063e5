"""How long it takes from a changed setting until the page has painted what it asks for.

The service, its database of 1,000,000 events, the web channel and the chart page are real. A time
begins with `HeatmapService.apply_settings` and ends when the frame with the new picture has been
made on the page. The floors of switching the heatmap on are measured alone, in the same run. One
JSON object a line, see `measured_page.report`.
"""

import asyncio
import base64
import json
import sqlite3
import statistics
import sys
import tempfile
from collections.abc import Callable, Mapping
from contextlib import closing
from itertools import repeat
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
from PyQt6.QtCore import QRect

from Heatmap import HeatmapService, HeatmapSettings
from Heatmap.aggregation.grid_builder import build_grid
from Heatmap.aggregation.heat_field import needed_span_ms
from Heatmap.domain.events import DataKind
from Heatmap.picture.heat_picture import HeatPicture
from Heatmap.storage.sqlite_store import SqliteStore
from Heatmap.tests.array_reader import EventReader
from Heatmap.tests.bench.measured_page import MeasuredPage, report, run
from Heatmap.tests.bench.measurements import median_ms
from Heatmap.tests.packed_cells import unpack_cells
from Heatmap.tests.ui.chart_page import to_array
from Heatmap.ui.layer.chart_layer import HeatmapLayer

ROUNDS = 21
TOTAL, IN_TWO_DAYS = 1_000_000, 20_000
TWO_DAYS_MS = 2 * 86_400_000
STEP_MS = TWO_DAYS_MS // IN_TWO_DAYS
NOW_MS = 1_733_360_400_000
CANDLE_MS = 300_000
TOGGLE_LIMIT_MS, TIMES_FLOORS, CHANGE_LIMIT_MS, FRAMES = 150.0, 2.0, 80.0, 2
TOGGLE_PANE = (1060, 550)
PANES = ((1060, 550), (1780, 700))
# What the bare chart and the heatmap must differ by, of 255.
VISIBLE = 24
# The recorder runs, and finds nobody: a port of this machine that nothing listens on.
NOWHERE = "127.0.0.1:9"
SETTINGS = HeatmapSettings(retention_days=3650)


class WatchedLayer(HeatmapLayer):
    """The layer, which keeps what it was told to show last."""

    shown: tuple[Mapping[str, Any], bytes] | None = None
    count = 0

    def show_grid(self, meta: Mapping[str, Any], packed: str) -> None:
        self.shown = (meta, unpack_cells(packed))
        self.count += 1
        super().show_grid(meta, packed)


class Work:
    """Counts what Python builds for the picture."""

    def __init__(self) -> None:
        self.counts = {"rebuild": 0, "restyle": 0}
        for name in self.counts:
            self._watch(name, getattr(HeatPicture, name))

    def _watch(self, name: str, work: Callable[..., Any]) -> None:
        def counted(*arguments: Any) -> Any:
            self.counts[name] += 1
            return work(*arguments)

        setattr(HeatPicture, name, counted)


def price_path(count: int) -> np.ndarray:
    """Return prices that wander by a few per cent, one per step of 5 minutes."""
    random = np.random.default_rng(20_241_205)
    steps = random.normal(0, 0.0011, count)
    return np.round(95_000 * np.exp(np.cumsum(steps) - np.linspace(0, steps.sum(), count)), 1)


def candles_of(prices: np.ndarray) -> list[dict[str, float]]:
    """Return candles of 5 minutes that end now, at whole seconds."""
    first_s = (NOW_MS - len(prices) * CANDLE_MS) // 1_000
    opens = np.concatenate([prices[:1], prices[:-1]])
    return [
        {
            "time": first_s + number * CANDLE_MS // 1_000,
            "open": float(first),
            "high": float(max(first, last)) + 40.0,
            "low": float(min(first, last)) - 40.0,
            "close": float(last),
        }
        for number, (first, last) in enumerate(zip(opens, prices, strict=True))
    ]


def fill(path: Path, prices: np.ndarray) -> None:
    """Store a million liquidations near the candles, evenly in time, the last one just now."""
    random = np.random.default_rng(5)
    with SqliteStore(path, DataKind.LIVE) as store:
        # Three hours were not recorded, and an hour is unproven.
        gap_ms, unproven_ms = NOW_MS - 7 * 3_600_000, NOW_MS - 3 * 3_600_000
        first_ms = NOW_MS - TOTAL * STEP_MS
        for start_ms, end_ms, proven in (
            (first_ms, gap_ms - 3 * 3_600_000, True),
            (gap_ms, unproven_ms, True),
            (unproven_ms, unproven_ms + 3_600_000, False),
            (unproven_ms + 3_600_000, NOW_MS, True),
        ):
            store.extend_coverage("BTCUSDT", start_ms, end_ms, proven=proven)
    ts_ms = NOW_MS - STEP_MS * np.arange(TOTAL, 0, -1) + STEP_MS - 1
    number = np.clip(len(prices) - 1 - (NOW_MS - ts_ms) // CANDLE_MS, 0, None)
    price = np.round(prices[number] + random.normal(0, 60, TOTAL), 1)
    qty = np.round(random.lognormal(-4, 2, TOTAL) + 0.001, 3)
    side = np.where(random.random(TOTAL) < 0.4, "SELL", "BUY")
    raw = repeat("x" * 230, TOTAL)  # as long as the exchange's message
    columns = (ts_ms.tolist(), side.tolist(), price.tolist(), qty.tolist(), raw)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.executemany(
            "INSERT INTO liq_events (ts_ms, symbol, side, price, qty, notional, source, raw_json, "
            "limit_price, original_qty, push_ms, receive_ms, event_key, key_from_numbers, twin, "
            "origin, price_kind, price_rule) "
            "VALUES (?1, 'BTCUSDT', ?2, ?3, ?4, ?3 * ?4, 'BINANCE_USDM', ?5, "
            "?3, ?4, ?1 + 3, ?1 + 90, randomblob(16), 1, 0, 'recorder', 'fill', 'reported')",
            zip(*columns, strict=True),
        )


class Bench:
    """One page with the service's layer on it."""

    def __init__(self, path: Path, work: Work, window: str) -> None:
        self.path = path
        self.work = work
        self.page = MeasuredPage()
        self.service = HeatmapService(
            SETTINGS.changed(window=window),
            db=path,
            ws_url=f"ws://{NOWHERE}",
            rest_url=f"http://{NOWHERE}",
            clock=lambda: NOW_MS,
        )
        self.layer: WatchedLayer

    async def open(self, candles: list[dict[str, float]], pane: tuple[int, int]) -> None:
        """Show the bare chart, and attach the heatmap, switched off."""
        await self.page.open(candles, pane=pane)
        count = len(candles)
        await self.page.js(
            f"(chart.timeScale().setVisibleLogicalRange({{from: 0, to: {count + 3}}}), 0)"
        )
        self.layer = WatchedLayer(self.page.page, symbol="BTCUSDT")
        await self.page.until("window.OrderPilotHeatmap && OrderPilotHeatmap.layers.size === 1")
        await self.page.until("OrderPilotHeatmap.layers.values().next().value.stage !== null")
        await self.page.watch()
        await self.service.start()
        self.service.attach(self.layer)
        async with asyncio.timeout(10):
            while self.layer.viewport is None:  # noqa: ASYNC110  # told in its own time
                await asyncio.sleep(0.02)

    async def close(self) -> None:
        """Stop everything."""
        self.service.detach(self.layer)
        self.layer.detach()
        await self.service.stop()
        await self.page.close()

    async def change(self, what: str, **settings: Any) -> dict[str, float]:
        """Change settings, and return when what happened, milliseconds since."""
        changed = self.service.settings.changed(**settings)
        assert changed != self.service.settings
        times = await self.page.painted_after(what, lambda: self.service.apply_settings(changed))
        # Whatever follows, such as the report of paint times, is over before the next one begins.
        await self.page.frame_ms(rounds=1)
        await asyncio.sleep(0.05)
        return times

    async def grabbed_ms(self, seen: np.ndarray) -> float:
        """Switch the heatmap on, and off again; return when the view's own pixels showed it.

        Later than painting by what Qt takes for a frame, and by the looking itself.
        """
        y, x = np.argwhere(seen)[len(np.argwhere(seen)) // 2].tolist()
        spot = QRect(x, y, 1, 1)
        bare = to_array(self.page.view.grab(spot).toImage())
        began = perf_counter()
        self.service.apply_settings(self.service.settings.changed(enabled=True))
        while (np.abs(to_array(self.page.view.grab(spot).toImage()) - bare) <= VISIBLE).all():
            await asyncio.sleep(0.001)
            assert perf_counter() - began < 10
        spent_ms = (perf_counter() - began) * 1_000
        await self.change("nothing", enabled=False)
        await self.page.picture()
        return spent_ms

    async def assert_shown(self) -> None:
        """Fail unless the page holds the bytes that Python built last."""
        assert self.layer.shown is not None
        meta, data = self.layer.shown
        rows, cols = meta["rows"], meta["cols"]
        cells = np.frombuffer(data, np.uint8).reshape(rows, cols).astype(np.int64)
        assert cells.max() == 255
        expected = [
            rows,
            cols,
            int(cells.sum()),
            int((cells * np.arange(rows)[:, None]).sum()),
            int((cells * np.arange(cols)).sum()),
        ]
        assert await self.page.js("measured.sumOfCells()") == expected


async def base64_floor_ms(bench: Bench) -> float:
    """Return the time of plain base64 of a grid's bytes, through the channel, and back."""
    assert bench.layer.shown is not None
    meta, data = bench.layer.shown
    text = json.dumps(dict(meta))
    page = bench.page
    await page.js(
        "(measured.kept = measured.layer().setHeatmapData, measured.layer().setHeatmapData = "
        "(meta, cells) => { const text = atob(cells), bytes = new Uint8Array(text.length); "
        "for (let i = 0; i < text.length; i += 1) bytes[i] = text.charCodeAt(i); "
        "measured.tell('unpacked', [measured.now(), bytes.length, bytes[bytes.length >> 1]]); }, 0)"
    )
    times = []
    for _ in range(ROUNDS):
        unpacked = page.expect("unpacked")
        began_ms = perf_counter() * 1_000
        packed = base64.b64encode(data).decode("ascii")
        bench.layer._link._bridge.gridShown.emit(text, packed)
        page_ms, size, middle = await asyncio.wait_for(unpacked, 10)
        times.append(page.python_ms(page_ms) - began_ms)
        assert (size, middle) == (len(data), data[len(data) // 2])
        await asyncio.sleep(0.02)
    await page.js("(measured.layer().setHeatmapData = measured.kept, 0)")
    return statistics.median(times)


async def floors_ms(bench: Bench) -> dict[str, float]:
    """Return what a new picture cannot do without, each measured alone, milliseconds."""
    (feed, _task) = next(iter(bench.service._attached.feeds.values()))
    assert feed._work.picture is not None
    settings, spec = bench.service.settings, feed._work.picture._source.spec
    start_ms, _end_ms = needed_span_ms(
        spec.time,
        shape=settings.shape,
        tau_ms=settings.decay_tau_ms,
        retention_ms=settings.retention_ms,
    )
    with EventReader(bench.path) as reader:
        events = reader.read_window("BTCUSDT", start_ms, None).events
        in_window = np.count_nonzero(events["ts_ms"] >= NOW_MS - TWO_DAYS_MS)
        assert in_window == IN_TWO_DAYS, in_window
        read = median_ms(lambda: reader.read_window("BTCUSDT", start_ms, None), ROUNDS)
    assert build_grid(events, spec).count.sum() > 0.9 * IN_TWO_DAYS
    return {
        "indexed read": read,
        "binning": median_ms(lambda: build_grid(events, spec), ROUNDS),
        "base64 there and back": await base64_floor_ms(bench),
        "one frame": await bench.page.frame_ms(),
    }


async def bench_toggle(path: Path, work: Work, candles: list[dict[str, float]]) -> bool:
    """Switch the heatmap on, over two days, against the sum of the floors."""
    bench = Bench(path, work, "2d")
    await bench.open(candles, TOGGLE_PANE)
    bare = await bench.page.picture()
    times: list[dict[str, float]] = []
    seen = np.zeros(bare.shape[:2], bool)
    for turn in range(ROUNDS):
        times.append(await bench.change("grid", enabled=True))
        await bench.assert_shown()
        seen = np.abs(await bench.page.picture() - bare).max(axis=2) > VISIBLE
        assert seen.mean() > 0.05, f"only {seen.mean():.1%} of the pixels show it"
        if turn < ROUNDS - 1:
            await bench.change("nothing", enabled=False)
    assert bench.work.counts["rebuild"] == bench.layer.count == ROUNDS
    floors = await floors_ms(bench)
    await bench.change("nothing", enabled=False)
    assert (await bench.page.picture() == bare).all()
    grabbed = [await bench.grabbed_ms(seen) for _ in range(ROUNDS)]
    await bench.close()
    totals = [time["handedOn"] for time in times]
    name = "switched on to pixels, 2 days, 20,000 of 1,000,000 events"
    is_ok = report(name, totals, TOGGLE_LIMIT_MS)
    is_ok &= report(f"{name}, until a grab of the view shows it", grabbed, TOGGLE_LIMIT_MS)
    floor = sum(floors.values())
    is_ok &= report(f"{name}, against its floors", totals, 1 / TIMES_FLOORS, floor)
    for part, value in floors.items():
        report(f"floor: {part}", [value])
    return is_ok


async def bench_changes(
    path: Path, work: Work, candles: list[dict[str, float]], pane: tuple[int, int]
) -> bool:
    """Change how the same eight hours look, setting by setting."""
    bench = Bench(path, work, "8h")
    await bench.open(candles, pane)
    await bench.change("grid", enabled=True)
    frame_ms = await bench.page.frame_interval_ms()
    where = f"8 hours in {pane[0]}x{pane[1]}"
    is_ok = True
    for name, values in (("palette", ("inferno", "aurora")), ("opacity", (0.4, 0.75))):
        before = await bench.page.picture()
        counts = dict(work.counts), bench.layer.count
        times = [
            (await bench.change("colours", **{name: values[turn % 2]}))["handedOn"]
            for turn in range(ROUNDS)
        ]
        assert counts == (work.counts, bench.layer.count), "Python built something"
        await bench.assert_shown()
        changed = np.abs(await bench.page.picture() - before).max(axis=2) > VISIBLE
        assert changed.mean() > 0.02, f"only {changed.mean():.1%} of the pixels changed"
        is_ok &= report(f"{name} to pixels, {where}", times, round(FRAMES * frame_ms, 2))
    for name, values in (
        ("normalization", ("log", "linear", "sqrt")),
        ("clip_percentile", (97.0, 99.5)),
        ("clip_usd", (50_000.0, 200_000.0)),
        ("minimum_notional", (2_000.0, 0.0)),
        ("shape", ("spots", "cells", "bands")),
    ):
        times, sums = [], set()
        for turn in range(ROUNDS):
            count = bench.layer.count
            value = values[turn % len(values)]
            times.append((await bench.change("grid", **{name: value}))["handedOn"])
            assert bench.layer.count == count + 1
            await bench.assert_shown()
            assert bench.layer.shown is not None
            sums.add(sum(bench.layer.shown[1]))
        assert len(sums) == len(values), f"{len(sums)} pictures of {len(values)} values"
        is_ok &= report(f"{name} to pixels, {where}", times, CHANGE_LIMIT_MS)
        if name == "clip_usd":
            await bench.change("grid", clip_usd=None)
    await bench.close()
    return is_ok


async def main() -> bool:
    """Run everything."""
    work = Work()
    prices = price_path(2 * 288 + 24)
    candles = candles_of(prices)
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "million.sqlite3"
        fill(path, prices)
        is_ok = await bench_toggle(path, work, candles)
        for pane in PANES:
            is_ok &= await bench_changes(path, work, candles[-100:], pane)
    return is_ok


if __name__ == "__main__":
    sys.exit(run(main))
