"""How late the loop of the user interface gets with the plugin, beside the same minute without it.

Run as ``python Heatmap/tests/bench/bench_stalls.py``: one JSON object per line; see `measured_loop`
for how it is measured and what the figures mean. The script is the same with the plugin and
without: the view is resized between three sizes in steps as by dragging, and the chart is panned in
time and in price. With the plugin the heatmap is toggled as well. The answer counts too: what was
recorded meanwhile is drawn.
"""

import asyncio
import sqlite3
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np

from Heatmap.standalone.exchange.simulated_market import SimulatedMarket
from Heatmap.tests.bench.busy_chart import EVENTS_PER_S, LIVE_MINIMUM_USD, PANES, Chart
from Heatmap.tests.bench.measured_loop import RecordingPlugin, compare, measure, until

MINUTE_S = 60.0
# So much of the minute's events must be drawn as heat: a pixel differs by more than 24 of 255.
VISIBLE_CHANGE = 24


async def follow_script(
    chart: Chart, toggle: Callable[[bool], object], seconds: float
) -> dict[str, int]:
    """Do what a busy user does, round after round, until the time is over."""
    until_s = time.monotonic() + seconds
    done = {"resized": 0, "panned": 0, "toggled": 0}

    async def toggle_twice() -> None:
        for is_on in (False, True):
            toggle(is_on)
            await asyncio.sleep(0.4)
        done["toggled"] += 2

    async def resize(before: tuple[int, int], after: tuple[int, int]) -> None:
        await chart.drag_to(before, after)
        done["resized"] += 1

    async def pan(bars: int) -> None:
        await chart.pan(bars)
        done["panned"] += 1

    async def pan_price() -> None:
        await chart.pan_price()
        done["panned"] += 1

    steps: list[Callable[[], Awaitable[None]]] = []
    for before, after in zip(PANES, (*PANES[1:], PANES[0]), strict=True):
        steps += [
            lambda before=before, after=after: resize(before, after),
            lambda: pan(60),
            toggle_twice,
            pan_price,
        ]
    number = 0
    while time.monotonic() < until_s:
        await steps[number % len(steps)]()
        # Time to answer the last step: the picture follows after a moment of quiet.
        await asyncio.sleep(0.45)
        number += 1
    return done


async def run_bare(seconds: float, _database: Path) -> dict[str, Any]:
    """Run the script on the page without the plugin."""
    chart = Chart()
    await chart.show(SimulatedMarket())
    return await measure(chart, lambda: follow_script(chart, lambda _on: None, seconds))


async def run_plugin(seconds: float, plugin: RecordingPlugin) -> dict[str, Any]:
    """Run the script on the page with the plugin, and see what it has drawn."""

    def toggle(is_on: bool) -> None:
        plugin.change(enabled=is_on)

    figures = await plugin.measure(lambda: follow_script(plugin.chart, toggle, seconds))
    return {**figures, "heat": await drawn_heat(plugin)}


async def drawn_heat(plugin: RecordingPlugin) -> int:
    """Count the pixels that the events of the minute, and they alone, have changed."""
    with closing(sqlite3.connect(plugin.service.database)) as connection:
        mixed = connection.execute(
            "SELECT count(*) FROM liq_events WHERE (id <= ?) = (notional >= ?)",
            (plugin.seeded, LIVE_MINIMUM_USD),
        ).fetchone()[0]
    if mixed:
        raise AssertionError(f"{mixed} events cannot be told apart by their notional")
    plain = {"minimum_notional": LIVE_MINIMUM_USD, "gap_hatch": False}
    plain |= {"colour_bar": False, "source_line": False}
    plugin.change(enabled=False, **plain)
    bare = await settled(plugin.chart)
    plugin.change(enabled=True)
    heat = 0

    def is_drawn() -> bool:
        nonlocal heat
        heat = int((np.abs(picture(plugin.chart) - bare).max(axis=2) > VISIBLE_CHANGE).sum())
        return heat > 0

    await until(is_drawn, "the events of the minute on the page")
    return heat


def picture(chart: Chart) -> np.ndarray:
    from Heatmap.tests.ui.pictures import grab  # noqa: PLC0415

    return grab(chart.view)


async def settled(chart: Chart) -> np.ndarray:
    """Give the picture once it has stood still for half a second."""
    last, same = picture(chart), 0

    def is_still() -> bool:
        nonlocal last, same
        before, last = last, picture(chart)
        same = same + 1 if np.array_equal(before, last) else 0
        return same >= 25

    await until(is_still, "a picture that stands still")
    return last


def main() -> int:
    """Run all; return 1 when a goal was missed."""
    return compare(
        __file__,
        __doc__,
        seconds=MINUTE_S,
        run_bare=run_bare,
        run_plugin=run_plugin,
        what=lambda length: (
            f"GUI loop, {length} of toggling, resizing, panning, {EVENTS_PER_S} events/s"
        ),
    )


if __name__ == "__main__":
    sys.exit(main())
