"""Half an hour of the real recording, with and without the heatmap: the same chart, and heat."""

import asyncio
import json
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PyQt6.QtCore import QSettings

from Heatmap.heatmap_settings import HeatmapSettings
from Heatmap.standalone.exchange.recording import parse_time
from Heatmap.standalone.sources import load_market, open_replay
from Heatmap.standalone.window import ChartWindow
from Heatmap.tests.ui.pictures import grab

START_MS = parse_time("2024-12-05T01:00:00Z")
# Time stands still amid a candle: at its edge it is chance whether the next one has begun.
SPEED, DURATION_S = 600.0, 2.95
UNTIL_MS = START_MS + int(SPEED * DURATION_S * 1000)
PLAIN = HeatmapSettings(window="8h", gap_hatch=False, colour_bar=False, source_line=False)
CANDLE_COLOURS = ((43, 179, 160), (239, 90, 88))
TICK = 0.1
# Eight hours of minutes.


async def replayed(
    tmp_path: Path, messages: Path, candles: Path, *, enabled: bool
) -> tuple[np.ndarray, dict[str, Any]]:
    """Replay into a file and give the picture of the chart when time stands still, and its pane."""
    name = "on" if enabled else "off"
    store = QSettings(str(tmp_path / f"{name}.ini"), QSettings.Format.IniFormat)
    source = await open_replay(
        HeatmapSettings(
            enabled=enabled, window="8h", gap_hatch=False, colour_bar=False, source_line=False
        ),
        tmp_path / f"{name}.sqlite3",
        market=load_market(messages, candles, START_MS),
        start_ms=START_MS,
        speed=SPEED,
        duration_s=DURATION_S,
    )
    window = ChartWindow(store, "dark")
    window.show()
    try:
        await window.load()
        await window.show_source(source)
        assert await window.wait_for_candles(10)
        source.begin()
        await settled(lambda: source.clock() >= UNTIL_MS)
        picture = await settled_picture(window)
        return picture, await window.page.geometry()
    finally:
        await window.leave()
        await source.close()
        window.close()
        window.deleteLater()


async def settled(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110 - pixels and clocks tell nobody
            await asyncio.sleep(0.02)


async def settled_picture(window: ChartWindow) -> np.ndarray:
    """Give the picture when it has not changed for a second: everything on its way has come."""
    last, same = grab(window.view), 0

    def is_still() -> bool:
        nonlocal last, same
        before, last = last, grab(window.view)
        same = same + 1 if np.array_equal(before, last) else 0
        return same >= 40

    await settled(is_still)
    return last


def test_heat_is_readable_and_the_chart_stays_as_it_was(
    qt_run: Callable[..., Any], shared_data: Callable[[str], Path], tmp_path: Path
) -> None:
    messages = shared_data("forceorder_btcusdt_2024-12-04_06.jsonl")
    candles = shared_data("klines_1m_btcusdt_spot_2024-12-03_07.csv")

    bare, bare_pane = qt_run(replayed(tmp_path, messages, candles, enabled=False), timeout=40_000)
    heat, heat_pane = qt_run(replayed(tmp_path, messages, candles, enabled=True), timeout=40_000)

    for edge in ("priceLow", "priceHigh"):
        assert abs(bare_pane[edge] - heat_pane[edge]) < TICK
    assert bare_pane["logicalRange"] == heat_pane["logicalRange"]

    # Below the strip.
    pane = np.s_[32 : 32 + int(bare_pane["paneHeight"]), : int(bare_pane["paneWidth"])]
    bare, heat = bare[pane], heat[pane]
    changed = np.abs(heat - bare).max(axis=2) > 24
    assert changed.mean() > 0.15, f"{changed.mean():.1%} of the pane differ"

    bodies = np.any([np.all(bare == colour, axis=2) for colour in CANDLE_COLOURS], axis=0)
    assert bodies.sum() > 2_000
    assert np.array_equal(bare[bodies], heat[bodies])

    for name in ("on", "off"):
        assert stored_rows(tmp_path / f"{name}.sqlite3") == delivered_rows(messages)


def stored_rows(database: Path) -> list[tuple[Any, ...]]:
    connection = sqlite3.connect(database)
    try:
        return connection.execute(
            "SELECT ts_ms, side, price, qty FROM liq_events ORDER BY push_ms, id"
        ).fetchall()
    finally:
        connection.close()


def delivered_rows(messages: Path) -> list[tuple[Any, ...]]:
    """Read from the file itself what has been pushed until the clock stood still."""
    rows = []
    for line in messages.read_text().splitlines():
        data = json.loads(line)["data"]
        order = data["o"]
        if data["E"] <= UNTIL_MS:
            row = (order["T"], order["S"], float(order["ap"]), float(order["z"]))
            rows.append((data["E"], row))
    return [row for _push_ms, row in sorted(rows, key=lambda pair: pair[0])]
