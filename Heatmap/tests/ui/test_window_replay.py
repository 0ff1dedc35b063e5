"""The window shows an earlier time: its candles, heat, title and status, and then the present."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PyQt6.QtCore import Qt
from PyQt6.QtTest import QTest

from Heatmap import DataKind, HeatmapService
from Heatmap.errors import StorageError
from Heatmap.heatmap_settings import HeatmapSettings
from Heatmap.standalone.exchange.data_clock import DataClock
from Heatmap.standalone.exchange.loopback_exchange import LoopbackExchange
from Heatmap.standalone.exchange.simulated_market import SimulatedMarket
from Heatmap.standalone.sources import Source
from Heatmap.standalone.window import ChartWindow
from Heatmap.tests.ui.pictures import grab
from Heatmap.tests.ui.test_window_switch import World

SETTINGS = HeatmapSettings(enabled=True, window="2h")
HOUR_MS = 3_600_000
START_MS = 1_733_360_400_000
RANGE = "chart.timeScale().getVisibleLogicalRange()"


STRIP = "[0, 1].map((at) => document.getElementById('values').children[at].textContent)"
VIOLET = (177, 163, 255)


def violet_columns(window: ChartWindow) -> int:
    """Return how many columns of the chart are of the line's colour, but for what crosses it."""
    picture = grab(window.view)
    return int((np.all(picture == VIOLET, axis=2).mean(axis=0) > 0.5).sum())


def in_sight(world: World) -> tuple[float, float, int]:
    """Return the bars at the chart's edges, and the newest one's; -1 while it is laid out."""
    found = world.js(
        f"((seen) => seen && [seen.from, seen.to, candleSeries.data().length - 1])({RANGE})"
    )
    return tuple(found or (-1.0, -1.0, 0))


def is_zoomed(world: World, bars: int) -> bool:
    """Zoom until so many bars are in sight: a seek's own range may come after an attempt."""
    seen = in_sight(world)
    if seen[1] - seen[0] == pytest.approx(bars, abs=0.1):
        return True
    world.js(f"(chart.timeScale().setVisibleLogicalRange({{from: 2.5, to: 2.5 + {bars}}}), 0)")
    return False


def says_what_is_shown(world: World, interval: str) -> bool:
    """Tell whether the title has the close of the last candle, and the strip its interval."""
    assert world.js(STRIP) == ["BTCUSDT", interval]
    price = world.js("candleSeries.data().at(-1).close.toFixed(1)")
    title = world.window.windowTitle().replace(",", "")
    return title.startswith(f"Replay: Simulated: BTCUSDT {price} ")


@pytest.fixture
def world(qtbot: Any, qt_run: Any, qt_loop: Any, tmp_path: Any) -> Iterator[World]:
    world = World(qtbot, qt_run, qt_loop, tmp_path)
    yield world
    errors = list(world.window.page.console_errors)
    qt_run(world.close(), timeout=20_000)
    assert errors == []


def test_a_replay_shows_nothing_of_what_came_later_and_ends_in_the_present(world: World) -> None:
    simulated = world.qt_run(world.simulated(SETTINGS), timeout=60_000)
    world.qt_run(world.open(SETTINGS, simulated), timeout=20_000)
    window, service = world.window, simulated.service
    world.qt_run(window.wait_for_candles(20), timeout=25_000)
    bar = window.replay.bar
    replay = bar.replay
    assert replay is not None
    assert window.windowTitle().startswith("Simulated: BTCUSDT")
    assert bar.isHidden()

    def newest_s() -> float:
        found = world.js("candleSeries.data().slice(-1).map((one) => one.time)")
        return found[0] if found else 0

    live_s = newest_s()
    window.activateWindow()
    noted: list[bool] = []
    window.replay.changed.connect(lambda: noted.append(bar.isVisible()))
    QTest.keyClick(window, Qt.Key.Key_R, Qt.KeyboardModifier.ControlModifier)
    assert bar.isVisible()
    # Once, though the bar tells of itself as it comes into sight.
    assert noted == [True]
    assert bar.height() == 56
    assert window.windowTitle().startswith("Replay: Simulated: BTCUSDT")
    now_ms = replay.now_ms()
    assert now_ms == pytest.approx(service.clock() - HOUR_MS, abs=30_000)
    # Candles of the time, the last of them over; and never a later one, whatever comes live.
    world.qtbot.waitUntil(lambda: newest_s() > 0, timeout=20_000)
    assert newest_s() * 1000 == now_ms // 60_000 * 60_000 - 60_000
    assert window.status_text().startswith("Replay: Shown as it was known then.")
    caption = window.docks.alerts.head.caption
    world.qtbot.waitUntil(lambda: caption.text() == "do not ring for a replay", timeout=20_000)
    world.qtbot.waitUntil(lambda: service.status()["layers"][0]["state"] == "drawn", timeout=20_000)
    assert service.status()["layers"][0]["symbol"] == "BTCUSDT"
    # A line from top to bottom is where it stands, right of the newest candle.
    world.qtbot.waitUntil(lambda: violet_columns(window) == 1, timeout=20_000)
    # Another interval: its candle in progress is made of the minutes that were over.
    world.set_interval("5m")
    world.qtbot.waitUntil(
        lambda: newest_s() * 1000 == (now_ms // 60_000 * 60_000 - 1) // 300_000 * 300_000,
        timeout=20_000,
    )
    world.qtbot.waitUntil(lambda: says_what_is_shown(world, "5m"), timeout=10_000)
    back_ms = now_ms - HOUR_MS
    replay.seek(back_ms)
    world.qtbot.waitUntil(lambda: 0 < newest_s() * 1000 < back_ms, timeout=20_000)

    # What the user has zoomed to stays so wide, and a seek ends at its moment.
    # Older candles come a moment later, and the frame after that shows all that was asked for.
    world.qt_run(window.page.wait_for_frame(), timeout=10_000)
    world.qtbot.waitUntil(lambda: is_zoomed(world, 20), timeout=10_000)
    replay.seek(now_ms)
    world.qtbot.waitUntil(lambda: newest_s() * 1000 > back_ms, timeout=20_000)
    assert newest_s() * 1000 < now_ms
    world.qtbot.waitUntil(lambda: (seen := in_sight(world))[1] >= seen[2], timeout=10_000)
    after = in_sight(world)
    assert after[1] - after[0] == pytest.approx(20, abs=0.1)
    assert after[1] <= after[2] + 5
    QTest.keyClick(window, Qt.Key.Key_Escape)
    assert bar.isHidden()
    assert window.windowTitle().startswith("Simulated: BTCUSDT")
    world.qtbot.waitUntil(lambda: violet_columns(window) == 0, timeout=20_000)
    world.qtbot.waitUntil(lambda: newest_s() >= live_s - 240, timeout=20_000)


def test_older_candles_come_in_a_replay_and_what_cannot_be_read_is_read_again(
    world: World,
) -> None:
    simulated = world.qt_run(world.simulated(SETTINGS), timeout=60_000)
    world.qt_run(world.open(SETTINGS, simulated), timeout=20_000)
    window, database = world.window, Path(simulated.service.database)
    world.qt_run(window.wait_for_candles(20), timeout=25_000)
    replay = window.replay.bar.replay
    assert replay is not None
    replay.begin(replay.now_ms() - HOUR_MS)

    def edges_ms() -> tuple[int, int]:
        found = world.js("[candleSeries.data()[0], candleSeries.data().at(-1)]") or [None, None]
        return tuple(one["time"] * 1000 if one else 0 for one in found)

    world.qtbot.waitUntil(lambda: edges_ms()[0] > 0, timeout=20_000)
    # A row of the tape is of a time before all candles.
    place_ms = edges_ms()[0] - 100 * 60_000
    window.page.scroll_to(place_ms, 98_000.0)
    world.qtbot.waitUntil(lambda: 0 < edges_ms()[0] <= place_ms, timeout=20_000)
    candles = world.js("candleSeries.data().map(({ time }) => time)")
    assert np.diff(candles).tolist() == [60] * (len(candles) - 1)
    assert edges_ms()[1] < replay.now_ms()

    sought_ms = replay.now_ms() - 10 * HOUR_MS
    away = database.with_suffix(".away")
    database.rename(away)
    replay.seek(sought_ms)
    clock = window.page.times.clock(sought_ms)
    assert window.scale_bar.clock.text().startswith(f"{clock} "), "at once"
    with pytest.raises(StorageError):
        world.qt_run(replay.candles("BTCUSDT", sought_ms, sought_ms + 1), timeout=10_000)
    away.rename(database)
    world.qtbot.waitUntil(
        lambda: sought_ms - 120_000 < edges_ms()[1] <= sought_ms - 60_000, timeout=10_000
    )

    # With its source it ends, and no candle of that one stays, nor comes afterwards.
    world.qt_run(window.market.leave(), timeout=10_000)
    assert window.page.candle_count == 0
    world.qt_run(window.page.wait_for_frame(), timeout=10_000)
    assert window.page.candle_count == 0


async def replayed(folder: Path) -> Source:
    """Replay an invented market sixty times as fast, as ``--replay`` does with a recording."""
    market, kind = SimulatedMarket(seed=7), DataKind.REPLAY
    clock = DataClock.replay(START_MS, 60.0)
    db = folder / "run.sqlite3"
    exchange = LoopbackExchange(market, clock)
    await exchange.start()
    urls = exchange.rest_url, exchange.ws_url
    service = HeatmapService(
        SETTINGS, db=db, ws_url=urls[1], rest_url=urls[0], kind=kind, clock=clock, speed=60.0
    )
    await service.start()
    return Source(service, "REPLAY 60x", clock, *urls, exchange, market.symbol)


def test_space_pauses_a_replayed_run_and_lets_it_go_on(world: World) -> None:
    source = world.qt_run(replayed(world.tmp_path), timeout=60_000)
    world.sources.append(source)
    world.qt_run(world.open(SETTINGS, source), timeout=20_000)
    window, clock = world.window, source.clock
    world.qt_run(window.wait_for_candles(20), timeout=25_000)
    source.begin()
    world.qtbot.waitUntil(lambda: clock() > START_MS + 60_000, timeout=20_000)
    window.activateWindow()
    newest = "candleSeries.data().slice(-1)[0].time"
    QTest.keyClick(window, Qt.Key.Key_Space)
    paused_ms = clock()
    assert window.windowTitle().startswith("Paused: ")
    assert window.status_bar.line.words.startswith("Paused: The run waits at ")
    assert window.status_bar.line.has_pill
    # Where the replay bar is seen the key is the bar's, and the run stays paused.
    QTest.keyClick(window, Qt.Key.Key_R, Qt.KeyboardModifier.ControlModifier)
    replay = window.replay.bar.replay
    assert replay is not None
    QTest.keyClick(window, Qt.Key.Key_Space)
    assert replay.is_playing
    QTest.keyClick(window, Qt.Key.Key_Escape)
    assert source.is_paused
    assert clock() == paused_ms
    # What the exchange had sent until then is there, and nothing of a later time.
    world.qtbot.waitUntil(lambda: bool(world.js("candleSeries.data().length")), timeout=20_000)
    paused_s = world.js(newest)
    assert paused_s * 1000 <= paused_ms
    QTest.keyClick(window, Qt.Key.Key_Space)
    assert clock() - paused_ms < 60_000, "no jump"
    assert window.windowTitle().startswith("Replay: ")
    world.qtbot.waitUntil(lambda: world.js(newest) > paused_s, timeout=20_000)
