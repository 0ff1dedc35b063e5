"""How late the loop gets while 50 settings a second change and live events arrive, for 20 s.

Run as ``python Heatmap/tests/bench/bench_settings_storm.py``: one JSON object per line; see
`measured_loop` for how it is measured and what the figures mean. A program that changes settings is
the host's, hence the bare turn changes as many, of a service that has no layer and records nothing.
The answer counts too: after the last change the page shows that one, in every field that the storm
changes.
"""

import asyncio
import json
import random
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from Heatmap import HeatmapService, HeatmapSettings
from Heatmap.standalone.exchange.simulated_market import SimulatedMarket
from Heatmap.tests.bench.busy_chart import EVENTS_PER_S, Chart
from Heatmap.tests.bench.measured_loop import RecordingPlugin, compare, measure, until

STORM_S, CHANGES_PER_S, SEED = 20.0, 50, 20_241_207
# Each change takes one of these, as controls do that are dragged and clicked wildly.
STORM: dict[str, Sequence[Any]] = {
    "opacity": [number / 100 for number in range(5, 101)],
    "palette": ["aurora", "viridis", "inferno", "ice", "daylight"],
    "shape": ["bands", "spots", "cells"],
    "side": ["both", "longs", "shorts", "split"],
    "normalization": ["linear", "sqrt", "log"],
    "decay": ["off", "20m", "60m", "6h"],
    "window": ["2h", "8h", "2d"],
    "minimum_notional": [0.0, 10_000.0, 100_000.0],
    "clip_usd": [50_000.0, 500_000.0, None],
    "price_profile": [True, False],
    "colour_bar": [True, False],
    "gap_hatch": [True, False],
}
LAST = {
    "opacity": 0.65,
    "palette": "viridis",
    "shape": "spots",
    "side": "split",
    "normalization": "log",
    "decay": "6h",
    "window": "8h",
    "minimum_notional": 0.0,
    "clip_usd": 750_000.0,
    "price_profile": True,
    "colour_bar": False,
    "gap_hatch": True,
}
# What the page itself knows of the picture that it shows.
SHOWN = """(() => {
  const layer = Array.from(OrderPilotHeatmap.layers.values())[0];
  const grid = layer.picture.bitmap === null ? null : layer.picture.grid;
  const { opacity, palette, profile, colourBar, hatch } = layer.picture.options;
  return JSON.stringify({ opacity, palette, profile, colourBar, hatch,
    sequence: grid === null ? -1 : grid.sequence, isSplit: grid !== null && grid.isSplit });
})()"""


async def storm(change: Callable[..., object], seconds: float) -> int:
    """Change one setting after the other at an even pace; give how many.

    It ends when the last change has had time to take effect.
    """
    chance = random.Random(SEED)
    begin_s = time.monotonic()
    done = 0
    while (due_s := done / CHANGES_PER_S) < seconds:
        await asyncio.sleep(max(0.0, begin_s + due_s - time.monotonic()))
        name = chance.choice(tuple(STORM))
        change(**{name: chance.choice(STORM[name])})
        done += 1
    change(**LAST)
    await asyncio.sleep(1)
    return done


async def run_bare(seconds: float, database: Path) -> dict[str, Any]:
    """Change settings that no layer and no recorder follows, beside the same page."""
    chart = Chart()
    await chart.show(SimulatedMarket())
    service = HeatmapService(HeatmapSettings(enabled=True), db=database)

    def change(**values: object) -> None:
        service.apply_settings(service.settings.changed(**values))

    return await measure(chart, lambda: storm(change, seconds))


async def run_plugin(seconds: float, plugin: RecordingPlugin) -> dict[str, Any]:
    """Change the settings of a service that records, and of the layer that it feeds."""
    figures = await plugin.measure(lambda: storm(plugin.change, seconds))
    await require_last(plugin)
    return figures


async def require_last(plugin: RecordingPlugin) -> None:
    """Wait until the page shows what the last change asks for, and go on to live increments."""
    expected = {
        "opacity": LAST["opacity"],
        "palette": LAST["palette"],
        "profile": LAST["price_profile"],
        "colourBar": LAST["colour_bar"],
        "hatch": LAST["gap_hatch"],
        "isSplit": LAST["side"] == "split",
    }
    shown: dict[str, Any] = {}

    def take(answer: str) -> None:
        shown.update(json.loads(answer))

    def is_last() -> bool:
        plugin.chart.page.runJavaScript(SHOWN, take)
        meta = plugin.messages.meta
        span_ms = meta["endMs"] - meta["windowStartMs"]
        is_meant = (
            span_ms == 8 * 3_600_000
            and meta["scale"]["mode"] == LAST["normalization"]
            and meta["scale"]["clipUsd"] == LAST["clip_usd"]
        )
        same = {name: shown.get(name) for name in expected} == expected
        # An increment after the grid: live events go on over it.
        return is_meant and same and shown["sequence"] > meta["sequence"]

    await until(is_last, "the last change on the page")


def main() -> int:
    """Run all; return 1 when a goal was missed."""
    changes = f"{CHANGES_PER_S} setting changes/s and {EVENTS_PER_S} events/s"
    return compare(
        __file__,
        __doc__,
        seconds=STORM_S,
        run_bare=run_bare,
        run_plugin=run_plugin,
        what=lambda length: f"GUI loop, {changes} for {length}",
    )


if __name__ == "__main__":
    sys.exit(main())
