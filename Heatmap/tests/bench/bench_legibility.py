"""How much of the real recording can be seen in the picture, eight hours with default settings.

Run as ``python Heatmap/tests/bench/bench_legibility.py``: one JSON object per line, for a dark and
a light chart and for two sizes of its pane. The recording is replayed up to one moment; there the
same chart is grabbed bare and with the heatmap, without words, hatch and profile. The baseline of
every figure is the same picture with the shape ``cells``, the plain histogram.

pixels
    Part of the pane's pixels that differ from the bare chart by more than 24 of 255 in a channel.
notional in cells
    What the drawn cells inside the pane stand for, in USD by the scale that made their bytes;
    the part of it in cells that stand out. What exceeds the scale's end does not count.
notional of events
    The liquidations inside the pane by their own notional; the part that lies in such cells.

A cell stands out where the pixel at its middle differs from the bare chart's by more than 10 in CIE
Delta E 2000. Cells whose middle is behind a candle are left out; the bodies must be unchanged.
"""

import asyncio
import json
import os
import sqlite3
import sys
import tempfile
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from Heatmap.aggregation.normalization import Scale, to_usd
from Heatmap.heatmap_settings import HeatmapSettings
from Heatmap.standalone.exchange.recording import parse_time
from Heatmap.tests.bench.measurements import tell
from Heatmap.tests.packed_cells import unpack_cells

DATA = Path(__file__).resolve().parents[4] / "shared" / "data"
MESSAGES = DATA / "forceorder_btcusdt_2024-12-04_06.jsonl"
CANDLES = DATA / "klines_1m_btcusdt_spot_2024-12-03_07.csv"
# As `--from 2024-12-05T01:00:00Z --speed 60 --exit-after 30`, at ten times the speed.
START_MS = parse_time("2024-12-05T01:00:00Z")
SPEED, DURATION_S = 600.0, 3.0
PANES = ((1060, 550), (1780, 700))
VISIBLE_CHANGE, STANDS_OUT = 24, 10.0
PIXELS_GOAL_PERCENT, NOTIONAL_GOAL_PERCENT = 20.0, 95.0
CANDLE_COLOURS = {
    "dark": ((0x26, 0xA6, 0x9A), (0xEF, 0x53, 0x50)),
    "light": ((0x00, 0x89, 0x7B), (0xD3, 0x2F, 0x2F)),
}
MINUTE_MS = 60_000

Pixels = NDArray[np.int64]
Floats = NDArray[np.float64]


# -- colours --------------------------------------------------------------------------------------


def to_lab(rgb: Pixels) -> Floats:
    """Convert sRGB, 0 to 255 in the last axis, to CIE L*a*b* (D65)."""
    channel = rgb / 255.0
    linear = np.where(channel <= 0.04045, channel / 12.92, ((channel + 0.055) / 1.055) ** 2.4)
    matrix = np.array(
        [
            [0.4124564, 0.3575761, 0.1804375],
            [0.2126729, 0.7151522, 0.0721750],
            [0.0193339, 0.1191920, 0.9503041],
        ]
    )
    xyz = linear @ matrix.T / np.array([0.95047, 1.0, 1.08883])
    f = np.where(xyz > 216 / 24389, np.cbrt(xyz), (24389 / 27 * xyz + 16) / 116)
    x, y, z = np.moveaxis(f, -1, 0)
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=-1)


def delta_e_2000(first: Floats, second: Floats) -> Floats:
    """Return CIEDE2000 of L*a*b* colours (Sharma, Wu, Dalal 2005; all weights 1)."""
    (l_1, a_1, b_1), (l_2, a_2, b_2) = np.moveaxis(first, -1, 0), np.moveaxis(second, -1, 0)
    mean_c7 = ((np.hypot(a_1, b_1) + np.hypot(a_2, b_2)) / 2) ** 7
    stretch = 1.5 - 0.5 * np.sqrt(mean_c7 / (mean_c7 + 25.0**7))
    c_1, c_2 = np.hypot(stretch * a_1, b_1), np.hypot(stretch * a_2, b_2)
    h_1 = np.degrees(np.arctan2(b_1, stretch * a_1)) % 360
    h_2 = np.degrees(np.arctan2(b_2, stretch * a_2)) % 360
    is_grey = c_1 * c_2 == 0
    turn = (h_2 - h_1 + 180) % 360 - 180
    # Opposite hues count the way that the formula's authors chose.
    turn = np.where(is_grey, 0.0, np.where((turn == -180) & (h_2 > h_1), 180.0, turn))
    mean_h = np.where(is_grey, h_1 + h_2, (h_1 + turn / 2) % 360)
    d_l, d_c = l_2 - l_1, c_2 - c_1
    d_h = 2 * np.sqrt(c_1 * c_2) * np.sin(np.radians(turn / 2))
    mean_l, mean_c = (l_1 + l_2) / 2, (c_1 + c_2) / 2
    t = (
        1
        - 0.17 * np.cos(np.radians(mean_h - 30))
        + 0.24 * np.cos(np.radians(2 * mean_h))
        + 0.32 * np.cos(np.radians(3 * mean_h + 6))
        - 0.20 * np.cos(np.radians(4 * mean_h - 63))
    )
    s_l = 1 + 0.015 * (mean_l - 50) ** 2 / np.sqrt(20 + (mean_l - 50) ** 2)
    s_c, s_h = 1 + 0.045 * mean_c, 1 + 0.015 * mean_c * t
    r_c = 2 * np.sqrt(mean_c**7 / (mean_c**7 + 25.0**7))
    r_t = -np.sin(np.radians(60 * np.exp(-(((mean_h - 275) / 25) ** 2)))) * r_c
    l, c, h = d_l / s_l, d_c / s_c, d_h / s_h  # noqa: E741  # as in the formula
    return np.sqrt(l**2 + c**2 + h**2 + r_t * c * h)


def check_delta_e() -> None:
    """Compare with pairs that the formula's authors published."""
    pairs = (
        ((50.0, 2.6772, -79.7751), (50.0, 0.0, -82.7485), 2.0425),
        ((50.0, 2.5, 0.0), (73.0, 25.0, -18.0), 27.1492),
        ((50.0, 0.0, 0.0), (50.0, -1.0, 2.0), 2.3669),
        ((2.0776, 0.0795, -1.1350), (0.9033, -0.0636, -0.5514), 0.9082),
    )
    for first, second, expected in pairs:
        found = float(delta_e_2000(np.array(first), np.array(second)))
        if abs(found - expected) > 1e-4:
            raise AssertionError(f"Delta E of {first} and {second} is {found}, not {expected}")


# -- pictures -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Place:
    """Where times and prices lie in the pane, pixels."""

    width: int
    height: int
    x_at: Callable[[Floats], Floats]
    y_at: Callable[[Floats], Floats]


@dataclass(frozen=True, slots=True)
class Shown:
    """The pane with the heatmap, and the grid that the page was given for it."""

    pixels: Pixels
    meta: Mapping[str, Any]
    cells: NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Figures:
    """What is measured of one picture, in per cent."""

    pixels: float
    in_cells: float
    of_events: float


def measure(bare: Pixels, shown: Shown, place: Place, events: Floats, theme: str) -> Figures:
    """Compare a picture with the bare chart.

    Parameters
    ----------
    events : (n, 3) float64
        Time (UTC milliseconds), price and notional (USD).
    """
    is_changed = np.abs(shown.pixels - bare).max(axis=2) > VISIBLE_CHANGE
    is_candle = np.any([np.all(bare == colour, axis=2) for colour in CANDLE_COLOURS[theme]], axis=0)
    if is_candle.sum() < 2_000:
        raise AssertionError(f"the chart has only {is_candle.sum()} pixels of candles")
    if not np.array_equal(bare[is_candle], shown.pixels[is_candle]):
        raise AssertionError("the heatmap covers candles")
    stands_out = delta_e_2000(to_lab(bare), to_lab(shown.pixels)) > STANDS_OUT
    meta, scale = shown.meta, shown.meta["scale"]
    times = meta["timeStartMs"] + (np.arange(meta["cols"]) + 0.5) * meta["binMs"]
    prices = meta["priceLow"] + (np.arange(meta["rows"]) + 0.5) * meta["binUsd"]
    usd = to_usd(shown.cells, Scale(scale["mode"], scale["floorUsd"], scale["clipUsd"]))
    x, y = np.floor(place.x_at(times)), np.floor(place.y_at(prices))
    cols = np.flatnonzero((x >= 0) & (x < place.width))
    rows = np.flatnonzero((y >= 0) & (y < place.height))
    middles = np.ix_(y[rows].astype(int), x[cols].astype(int))
    is_free = ~is_candle[middles]
    usd = usd[np.ix_(rows, cols)]
    in_cells = float(usd[is_free & stands_out[middles]].sum() / usd[is_free].sum())
    # The cell of each event. A column may be narrower than a pixel: any pixel it touches tells.
    col = np.floor((events[:, 0] - meta["timeStartMs"]) / meta["binMs"]).astype(int)
    row = np.floor((events[:, 1] - meta["priceLow"]) / meta["binUsd"] + 1e-9).astype(int)
    inside = np.isin(col, cols) & np.isin(row, rows)
    notional, lines = events[inside, 2], y[row[inside]].astype(int)
    edges = place.x_at(
        meta["timeStartMs"] + (col[inside] + np.array([[0.0], [1.0]])) * meta["binMs"]
    )
    touched = np.clip(np.floor(edges), 0, place.width - 1).astype(int)
    is_free = (~is_candle[lines, touched]).any(axis=0)
    is_seen = stands_out[lines, touched].any(axis=0)
    if inside.sum() < 100:
        raise AssertionError(f"only {inside.sum()} liquidations are inside the pane")
    of_events = float(notional[is_free & is_seen].sum() / notional[is_free].sum())
    return Figures(100 * float(is_changed.mean()), 100 * in_cells, 100 * of_events)


class Stage:
    """The window that shows the replay when its time has come to rest."""

    def __init__(self, window: Any, service: Any) -> None:
        self._window = window
        self._service = service
        self._layer = window.layer
        self._grid: tuple[Mapping[str, Any], bytes] | None = None
        show = self._layer.show_grid

        def show_grid(meta: Mapping[str, Any], packed: str) -> None:
            self._grid = meta, unpack_cells(packed)
            show(meta, packed)

        self._layer.show_grid = show_grid

    async def resize_pane(self, size: tuple[int, int]) -> None:
        """Give the pane a size."""
        for _ in range(3):
            pane = await self._geometry()
            found = int(pane["paneWidth"]), int(pane["paneHeight"])
            if found == size:
                # The bars kept their width: the window of eight hours fills the pane again.
                self._window.page.show_newest(self._service.settings.window_ms // MINUTE_MS)
                await settled(self._picture)
                return
            window = self._window
            window.resize(window.width() + size[0] - found[0], window.height() + size[1] - found[1])
            await settled(self._picture)
        raise AssertionError(f"the pane has not taken the size {size}")

    def begin_anew(self) -> None:
        """Forget the bin sizes that suited the pane before."""
        self._service.detach(self._layer)
        self._service.attach(self._layer)

    async def place(self) -> Place:
        """Ask the page where things are."""
        pane = await self._geometry()
        low, high = pane["priceLow"], pane["priceHigh"]
        width, height = int(pane["paneWidth"]), int(pane["paneHeight"])
        last = await self._ask(
            "(() => { const n = candleSeries.data().length - 1, t = chart.timeScale();"
            "return [candleSeries.data()[n].time, t.logicalToCoordinate(n),"
            "t.options().barSpacing]; })()"
        )
        last_ms, last_x, spacing = last[0] * 1000, last[1], last[2]

        def x_at(times_ms: Floats) -> Floats:
            # A candle's slot is centred on its coordinate.
            return np.asarray(last_x + ((times_ms - last_ms) / MINUTE_MS - 0.5) * spacing)

        def y_at(prices: Floats) -> Floats:
            return np.asarray((high - prices) / (high - low) * height)

        return Place(width, height, x_at, y_at)

    async def bare(self, place: Place) -> Pixels:
        """Grab the chart without the heatmap."""
        self._change(enabled=False)
        return self._pane(await settled(self._picture), place)

    async def shown(self, place: Place, bare: Pixels, shape: str) -> Shown:
        """Grab the chart with the heatmap in one shape."""
        self._grid = None
        self._change(enabled=True, shape=shape)
        async with asyncio.timeout(20):
            while not self._has_changed(place, bare):  # noqa: ASYNC110 - pixels tell nobody
                await asyncio.sleep(0.02)
        assert self._grid is not None
        pixels = self._pane(await settled(self._picture), place)
        meta, cells = self._grid
        return Shown(pixels, meta, np.frombuffer(cells, np.uint8).reshape(meta["rows"], -1))

    def _has_changed(self, place: Place, bare: Pixels) -> bool:
        return self._grid is not None and not np.array_equal(
            self._pane(self._picture(), place), bare
        )

    def _change(self, **values: object) -> None:
        self._service.apply_settings(self._service.settings.changed(**values))

    def _picture(self) -> Pixels:
        from Heatmap.tests.ui.pictures import grab  # noqa: PLC0415  # Qt after the environment

        return grab(self._window.view)

    def _pane(self, picture: Pixels, place: Place) -> Pixels:
        return picture[: place.height, : place.width]

    async def _geometry(self) -> dict[str, Any]:
        geometry: dict[str, Any] = await self._window.page.geometry()
        return geometry

    async def _ask(self, script: str) -> Any:
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._window.page.runJavaScript(script, answer.set_result)
        return await answer


async def settled(picture: Callable[[], Pixels]) -> Pixels:
    """Give a picture once it has stood still for a second."""
    last, same = picture(), 0
    async with asyncio.timeout(30):
        while same < 20:
            await asyncio.sleep(0.05)
            before, last = last, picture()
            same = same + 1 if np.array_equal(before, last) else 0
    return last


# -- the run --------------------------------------------------------------------------------------


def report(name: str, value: float, baseline: float, goal: float) -> bool:
    """Print one result in per cent; `goal` is the least that is good."""
    return tell(name, value, "%", goal, ok=value >= goal, baseline=baseline)


async def run(folder: Path) -> bool:
    """Replay the recording and measure every picture."""
    from PyQt6.QtCore import QSettings  # noqa: PLC0415

    from Heatmap.standalone.sources import load_market, open_replay  # noqa: PLC0415
    from Heatmap.standalone.theme import THEME_PALETTES  # noqa: PLC0415
    from Heatmap.standalone.window import ChartWindow  # noqa: PLC0415

    settings = HeatmapSettings(window="8h", gap_hatch=False, colour_bar=False, source_line=False)
    database = folder / "x.sqlite3"
    source = await open_replay(
        settings,
        database,
        market=load_market(MESSAGES, CANDLES, START_MS),
        start_ms=START_MS,
        speed=SPEED,
        duration_s=DURATION_S,
    )
    source.begin()
    await source.rest(at_end=True)
    results = []
    for theme in ("dark", "light"):
        service = source.service
        service.apply_settings(service.settings.changed(palette=THEME_PALETTES[theme]))
        store = QSettings(str(folder / f"{theme}.ini"), QSettings.Format.IniFormat)
        window = ChartWindow(store, theme)
        window.show()
        await window.load()
        await window.show_source(source)
        if not await window.wait_for_candles(20):
            raise AssertionError("the page shows no candles")
        # The line of the last price has a candle's colour, and half transparent ends of its dashes.
        window.page.runJavaScript("candleSeries.applyOptions({ priceLineVisible: false })")
        stage = Stage(window, service)
        for size in PANES:
            results += await measure_pane(stage, size, theme, stored_events(database))
        if window.page.console_errors:
            raise AssertionError(f"the page reported {window.page.console_errors}")
        await window.leave()
        window.close()
    await source.close()
    return all(results)


async def measure_pane(
    stage: Stage, size: tuple[int, int], theme: str, events: Floats
) -> list[bool]:
    """Measure one theme at one size."""
    await stage.resize_pane(size)
    stage.begin_anew()
    bare = await stage.bare(place := await stage.place())
    bands, cells = [
        measure(bare, await stage.shown(place, bare, shape), place, events, theme)
        for shape in ("bands", "cells")
    ]
    where = f"8h of the recording, {theme}, {size[0]}x{size[1]}"
    return [
        report(f"{where}: pixels changed", bands.pixels, cells.pixels, PIXELS_GOAL_PERCENT),
        report(
            f"{where}: notional in cells that stand out",
            bands.in_cells,
            cells.in_cells,
            NOTIONAL_GOAL_PERCENT,
        ),
        report(
            f"{where}: notional of events in cells that stand out",
            bands.of_events,
            cells.of_events,
            NOTIONAL_GOAL_PERCENT,
        ),
    ]


def stored_events(database: Path) -> Floats:
    """Read what was recorded: (n, 3) time, price, notional."""
    with closing(sqlite3.connect(database)) as connection:
        rows = connection.execute("SELECT ts_ms, price, notional FROM liq_events").fetchall()
    return np.array(rows, dtype=float)


def main() -> int:
    """Run all; return 1 when a goal was missed."""
    check_delta_e()
    missing = [path.name for path in (MESSAGES, CANDLES) if not path.is_file()]
    if missing:
        skipped = f"skipped: {', '.join(missing)} not beside this repository"
        line = {"name": f"legibility, {skipped}", "value": None, "unit": "%", "baseline": None}
        print(json.dumps({**line, "ratio": None, "goal": None, "ok": None}))
        return 0
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    flags = "--no-sandbox --disable-gpu --log-level=3"
    os.environ.setdefault("QTWEBENGINE_CHROMIUM_FLAGS", flags)
    from PyQt6 import QtWebEngineWidgets  # noqa: F401, PLC0415  # before the application
    from PyQt6.QtWidgets import QApplication  # noqa: PLC0415
    from qasync import QEventLoop  # noqa: PLC0415

    application = QApplication(["bench"])
    # The loop ends after the clean-up, not when a window is gone.
    application.setQuitOnLastWindowClosed(False)
    loop = QEventLoop(application)
    asyncio.set_event_loop(loop)
    with tempfile.TemporaryDirectory() as name:

        async def entry() -> bool:
            try:
                return await run(Path(name))
            finally:
                loop.stop()

        task = loop.create_task(entry())
        # Entered once: a second exec() after a web view was shown crashes Qt.
        loop.run_forever()
        is_good = task.result()
    # Chromium's processes and Qt's objects go in no particular order: nothing is left to save.
    os._exit(0 if is_good else 1)


if __name__ == "__main__":
    sys.exit(main())
