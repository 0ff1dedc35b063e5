"""Nothing is mocked: recording, loopback exchange, websocket, SQLite file, web page, pixels."""

import asyncio
import dataclasses
import json
import sqlite3
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PyQt6.QtCore import QSettings

from Heatmap.heatmap_settings import HeatmapSettings
from Heatmap.standalone.sources import Source, load_market, open_replay
from Heatmap.standalone.window import ChartWindow
from Heatmap.standalone.windows import follow_theme
from Heatmap.tests.systems import kill
from Heatmap.tests.ui.chart_page import answer_of, wait_until_taken_in
from Heatmap.tests.ui.pictures import grab
from Heatmap.ui.settings.settings_store import load_settings
from Heatmap.ui.settings.settings_tab import HeatmapSettingsTab

MINUTE_MS = 60_000
T0_MS = 1_733_360_400_000  # 2024-12-05T01:00:00Z
START_MS = T0_MS + 200 * MINUTE_MS
HOLE = range(110, 126)
# (milliseconds after T0, side, price, quantity): far from the candles, which stay within 150 USD.
LONG_BAND = (90 * MINUTE_MS + 20_000, "SELL", 100_400.0, 2.0)
SHORT_BAND = (150 * MINUTE_MS + 10_000, "BUY", 99_600.0, 1.5)
LIVE_BAND = (200 * MINUTE_MS + 2_000, "BUY", 100_250.0, 3.0)
SETTINGS = HeatmapSettings(
    enabled=True,
    opacity=1.0,
    clip_usd=100_000.0,
    decay="6h",
    window="2h",
    gap_hatch=False,
    colour_bar=False,
    source_line=False,
)
# A change of a pixel counts from here on.
VISIBLE = 24


def message(after_ms: int, side: str, price: float, quantity: float) -> str:
    ts_ms = T0_MS + after_ms
    order = {
        "s": "BTCUSDT",
        "S": side,
        "o": "LIMIT",
        "f": "IOC",
        "q": f"{quantity:.3f}",
        "p": f"{price * (0.996 if side == 'SELL' else 1.004):.2f}",
        "ap": f"{price:.2f}",
        "X": "FILLED",
        "l": "0.001",
        "z": f"{quantity:.3f}",
        "T": ts_ms,
    }
    data = {"e": "forceOrder", "E": ts_ms + 5, "o": order}
    return json.dumps({"stream": "btcusdt@forceOrder", "data": data})


@pytest.fixture
def recording(tmp_path: Path) -> tuple[Path, Path]:
    """Write three large liquidations, small ones between them, and candles with a hole."""
    small = [(minute * MINUTE_MS, "SELL", 99_950.0, 0.001) for minute in range(2, 230, 25)]
    rows = sorted([*small, LONG_BAND, SHORT_BAND, LIVE_BAND])
    messages = tmp_path / "messages.jsonl"
    messages.write_text("\n".join(message(*row) for row in rows) + "\n")
    candles = tmp_path / "klines.csv"
    lines = ["open_time,open,high,low,close,volume,quote_volume,trades"]
    for minute in range(260):
        if minute not in HOLE:
            middle = 100_000 + 10 * ((minute * 7) % 11 - 5)
            # One candle is tall, so that the bands lie within the pane.
            reach = 550 if minute == 140 else 60
            prices = (middle - 20, middle + reach, middle - reach, middle + 20)
            numbers = ",".join(str(number) for number in prices)
            lines.append(f"{T0_MS + minute * MINUTE_MS},{numbers},1.5,150000,10")
    candles.write_text("\n".join(lines) + "\n")
    return messages, candles


STRIP_PX = 32


class Shown:
    """The window with a source, and what the tests ask of it."""

    def __init__(self, qtbot: Any, qt_run: Callable[..., Any]) -> None:
        self.qtbot = qtbot
        self.qt_run = qt_run
        self.window: ChartWindow
        self.source: Source

    async def open(self, recording: tuple[Path, Path], tmp_path: Path) -> None:
        store = QSettings(str(tmp_path / "settings.ini"), QSettings.Format.IniFormat)
        self.source = await open_replay(
            SETTINGS,
            tmp_path / "x.sqlite3",
            market=load_market(*recording, START_MS),
            start_ms=START_MS,
            speed=1.0,
            duration_s=4.0,
        )
        self.window = ChartWindow(store, "dark")
        self.window.show()
        await self.window.load()
        await self.window.show_source(self.source)

    async def close(self) -> None:
        await self.window.leave()
        await self.source.close()
        self.window.close()
        self.window.deleteLater()

    def js(self, script: str) -> Any:
        return answer_of(self.window.page, script)

    def is_laid_out(self) -> bool:
        """Whether the candles are those for the pane's own width, which is known a moment later."""
        window = self.window
        pane_px, shown = window.page.pane_px, window.market.candles.shown
        if pane_px is None or shown is None or window._resized.isActive():
            return False
        wanted = window.tool_bar.interval(window.market.settings.window_ms, pane_px)
        return bool(shown.interval == wanted)

    def picture(self) -> np.ndarray:
        # Without the strip above the chart: its legend is not of the pane.
        return grab(self.window.view)[STRIP_PX:]

    def settled(self) -> np.ndarray:
        """Give the picture when it has stood still for a third of a second."""
        wait_until_taken_in(self.qtbot, self.window.page)
        last, same = self.picture(), 0

        def is_still() -> bool:
            nonlocal last, same
            before, last = last, self.picture()
            same = same + 1 if np.array_equal(before, last) else 0
            return same >= 6

        self.qtbot.waitUntil(is_still, timeout=15_000)
        return last

    def enable(self, *, on: bool) -> None:
        service = self.source.service
        service.apply_settings(service.settings.changed(enabled=on))

    def heat(self) -> np.ndarray:
        """Give where the heatmap changes the bare chart: (height, width) bool."""
        bare = self.bare()
        self.enable(on=True)
        self.qtbot.waitUntil(
            lambda: bool((np.abs(self.picture() - bare).max(axis=2) > VISIBLE).any()),
            timeout=15_000,
        )
        return np.asarray(np.abs(self.settled() - bare).max(axis=2) > VISIBLE)

    def bare(self) -> np.ndarray:
        self.enable(on=False)
        return self.settled()

    def place(self, after_ms: int, price: float) -> tuple[float, float]:
        """Give x of the candle that contains a time, and y of a price, in pixels."""
        open_s = (T0_MS + after_ms) // MINUTE_MS * 60
        x = self.js(f"chart.timeScale().timeToCoordinate({open_s})")
        y = self.js(f"candleSeries.priceToCoordinate({price})")
        return float(x), float(y)

    def look(self, before: int, after: int) -> None:
        """Show so many candles before the end and so much room after it, however many there are."""
        end = "candleSeries.data().length"
        edges = f"{{from: {end} - {before}, to: {end} + {after}}}"
        self.js(f"(chart.timeScale().setVisibleLogicalRange({edges}), 0)")

    def spacing(self) -> float:
        return float(self.js("chart.timeScale().options().barSpacing"))


@pytest.fixture
def shown(
    qtbot: Any, qt_run: Callable[..., Any], recording: tuple[Path, Path], tmp_path: Path
) -> Iterator[Shown]:
    opened = Shown(qtbot, qt_run)
    qt_run(opened.open(recording, tmp_path), timeout=20_000)
    qtbot.waitUntil(lambda: opened.js("candleSeries.data().length") > 150, timeout=10_000)
    qtbot.waitUntil(opened.is_laid_out, timeout=10_000)
    yield opened
    errors = list(opened.window.page.console_errors)
    qt_run(opened.close(), timeout=10_000)
    assert errors == []


def assert_band(shown: Shown, heat: np.ndarray, band: tuple[int, str, float, float]) -> None:
    """A band starts at its time, keeps its price to the right, and is nowhere else near."""
    after_ms, _side, price, _quantity = band
    x, y = shown.place(after_ms, price)
    spacing = shown.spacing()
    middle = round(y)
    # The event comes in the first half of its candle; its column begins within that.
    start = x - spacing / 2 + (after_ms % MINUTE_MS) / MINUTE_MS * spacing
    row = heat[middle - 1 : middle + 2].any(axis=0)
    now_x, _ = shown.place(199 * MINUTE_MS, price)
    right = row[round(start) + 3 : round(now_x)]
    assert right.mean() > 0.97
    left = row[max(0, round(start - 4 * spacing)) : round(start) - 2]
    assert not left.any()
    # A blurred band is a few rows high; a dozen rows away there is nothing.
    x_check = round((start + now_x) / 2)
    away = 30
    assert not heat[middle - away - 3 : middle - away, x_check].any()
    assert not heat[middle + away : middle + away + 3, x_check].any()


SCALES = {
    "linear": "{}",
    "logarithmic": "{mode: 1}",
    "inverted": "{invertScale: true}",
}


@pytest.mark.parametrize("scale", SCALES)
def test_bands_lie_at_their_time_and_price(scale: str, shown: Shown) -> None:
    shown.js(f"(candleSeries.priceScale().applyOptions({SCALES[scale]}), 0)")
    heat = shown.heat()
    assert_band(shown, heat, LONG_BAND)
    assert_band(shown, heat, SHORT_BAND)


def test_bands_stay_in_place_after_a_pan_and_a_zoom(shown: Shown) -> None:
    shown.look(124, 6)
    heat = shown.heat()
    assert_band(shown, heat, LONG_BAND)
    assert_band(shown, heat, SHORT_BAND)
    shown.look(104, 0)
    heat = shown.heat()
    assert_band(shown, heat, LONG_BAND)
    shown.js(
        "(candleSeries.priceScale().applyOptions({autoScale: false}),"
        " candleSeries.priceScale().setVisibleRange({from: 99400, to: 100700}), 0)"
    )
    heat = shown.heat()
    assert_band(shown, heat, LONG_BAND)
    assert_band(shown, heat, SHORT_BAND)


def test_a_live_liquidation_appears_and_is_stored_once(shown: Shown, tmp_path: Path) -> None:
    before = shown.heat()
    x, y = shown.place(199 * MINUTE_MS, LIVE_BAND[2])
    assert not before[round(y) - 2 : round(y) + 3, round(x) :].any()
    shown.source.begin()

    def is_stored() -> bool:
        status = shown.source.service.recorder_status()
        return status is not None and status.stored == 1

    shown.qtbot.waitUntil(is_stored, timeout=15_000)
    shown.qtbot.waitUntil(lambda: not shown.source.clock.is_running, timeout=15_000)  # type: ignore[attr-defined]
    heat = shown.heat()
    x, y = shown.place(200 * MINUTE_MS, LIVE_BAND[2])
    # Time has reached the first seconds of this candle, and the band with it.
    start = round(x - shown.spacing() / 2)
    assert heat[round(y) - 1 : round(y) + 2, start - 1 : start + 3].any()
    with sqlite3.connect(tmp_path / "x.sqlite3") as connection:
        rows = connection.execute(
            "SELECT side, price, qty, notional FROM liq_events WHERE ts_ms = ?",
            (T0_MS + LIVE_BAND[0],),
        ).fetchall()
    connection.close()
    assert rows == [("BUY", 100_250.0, 3.0, 300_750.0)]


def test_recorded_liquidations_are_bubbles_and_a_live_one_soon_is_too(shown: Shown) -> None:
    service = shown.source.service
    # So faint that the bands cannot be taken for them.
    service.apply_settings(service.settings.changed(enabled=True, opacity=0.02))
    bare = shown.settled()
    service.apply_settings(service.settings.changed(bubbles="on", bubble_least_usd=100_000.0))

    def discs(*bands: tuple[int, str, float, float]) -> list[bool]:
        """Tell for each band whether a disc is drawn where it begins, in its side's colour."""
        picture, found = shown.picture().astype(int), []
        for after_ms, side, price, _quantity in bands:
            # The live one comes with its candle.
            minute = min(after_ms // MINUTE_MS, 199)
            x, y = shown.place(minute * MINUTE_MS, price)
            offset = after_ms / MINUTE_MS - minute - 0.5
            at = round(y), round(x + offset * shown.spacing())
            red, _green, blue = picture[at]
            is_drawn = np.abs(picture[at] - bare[at]).max() > VISIBLE
            found.append(bool(is_drawn and (bool(red > blue) is (side == "SELL"))))
        return found

    shown.qtbot.waitUntil(
        lambda: discs(LONG_BAND, SHORT_BAND, LIVE_BAND) == [True, True, False], timeout=15_000
    )
    shown.source.begin()
    shown.qtbot.waitUntil(
        lambda: discs(LONG_BAND, SHORT_BAND, LIVE_BAND) == [True, True, True], timeout=15_000
    )
    service.apply_settings(service.settings.changed(bubbles="off"))
    shown.qtbot.waitUntil(
        lambda: discs(LONG_BAND, SHORT_BAND, LIVE_BAND) == [False] * 3, timeout=15_000
    )


def test_switched_off_the_chart_is_bare_and_recording_goes_on(shown: Shown) -> None:
    bare = shown.bare()
    shown.heat()
    assert np.array_equal(shown.bare(), bare)
    shown.source.begin()

    def is_stored() -> bool:
        status = shown.source.service.recorder_status()
        return status is not None and status.stored == 1

    shown.qtbot.waitUntil(is_stored, timeout=15_000)


def test_a_resize_builds_another_grid_after_a_moment_of_quiet(shown: Shown) -> None:
    shown.heat()
    feed_status = shown.source.service.status()["layers"][0]["measured"]
    before = feed_status["sent_bytes"]
    shown.window.resize(1780, 700)
    shown.qtbot.waitUntil(
        lambda: shown.source.service.status()["layers"][0]["measured"]["sent_bytes"] != before,
        timeout=10_000,
    )
    heat = shown.heat()
    assert_band(shown, heat, LONG_BAND)


def test_a_change_in_the_settings_is_seen_and_survives_a_restart(
    shown: Shown, tmp_path: Path
) -> None:
    shown.heat()
    aurora = shown.settled()
    store = QSettings(str(tmp_path / "settings.ini"), QSettings.Format.IniFormat)
    tab = HeatmapSettingsTab(shown.source.service, store)
    shown.qtbot.addWidget(tab)
    palettes = tab.findChild(object, "palette")
    palettes.setCurrentIndex(palettes.findData("inferno"))
    assert shown.source.service.settings.palette == "inferno"
    shown.qtbot.waitUntil(lambda: not np.array_equal(shown.picture(), aurora), timeout=20_000)
    store.sync()
    again = QSettings(str(tmp_path / "settings.ini"), QSettings.Format.IniFormat)
    assert load_settings(again).palette == "inferno"
    tab.restore()
    assert np.array_equal(shown.settled(), aurora)


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_after_each_death_of_the_render_process_the_picture_is_as_before(
    shown: Shown, theme: str
) -> None:
    if theme == "light":
        shown.window.set_theme(theme)
        follow_theme(shown.source.service, "dark", theme)
    shown.look(124, 6)
    heat = shown.heat()
    assert_band(shown, heat, LONG_BAND)
    before = shown.settled()
    page = shown.window.page
    for _death in range(2):
        # 0 would be a signal to the tests themselves.
        pid = page.renderProcessPid()
        assert pid > 0
        with shown.qtbot.waitSignal(page.renderProcessTerminated, timeout=10_000):
            kill(pid)
        # Time stands still in this replay: every pixel is to be back.
        shown.qtbot.waitUntil(lambda: np.array_equal(shown.picture(), before), timeout=20_000)
        assert shown.window.layer.fault == ""


def test_candles_of_one_source_never_stand_under_the_name_of_another(shown: Shown) -> None:
    # Another source, whose candles do not come.
    silent = dataclasses.replace(
        shown.source,
        name="Silent",
        rest_url="http://127.0.0.1:9",
        ws_url="ws://127.0.0.1:9",
    )
    assert shown.js("candleSeries.data().length") > 150
    shown.qt_run(shown.window.show_source(silent, shown.source), timeout=10_000)
    shown.qtbot.waitUntil(lambda: shown.js("candleSeries.data().length") == 0, timeout=10_000)
    words = shown.window.status_text()
    assert "Silent" in words
    assert "REPLAY" in words
    shown.qtbot.waitUntil(lambda: "candles:" in shown.window.status_text(), timeout=10_000)
    shown.qt_run(shown.window.show_source(shown.source), timeout=10_000)
    shown.qtbot.waitUntil(lambda: shown.js("candleSeries.data().length") > 150, timeout=10_000)


def test_nothing_is_left_after_the_end(shown: Shown) -> None:
    shown.heat()
    service = shown.source.service

    async def stop_twice() -> None:
        await service.stop()
        await service.stop()

    shown.qt_run(stop_twice(), timeout=20_000)
    assert not service.is_running()
    names = [thread.name for thread in threading.enumerate()]
    assert not [name for name in names if name.startswith(("heatmap-recorder", "Heatmap"))]
    tasks = [task for task in asyncio.all_tasks(shown_loop(shown)) if "feed" in task.get_name()]
    assert not tasks


def shown_loop(shown: Shown) -> asyncio.AbstractEventLoop:
    loop = shown.source.service._lifecycle.home.loop
    assert loop is not None
    return loop
