"""The whole window on an exchange: what its strip, its card and the end of its candles say."""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from Heatmap.heatmap_settings import HeatmapSettings
from Heatmap.standalone.window import ChartWindow
from Heatmap.tests.ui.test_chart_strip import TEXT
from Heatmap.tests.ui.test_window_switch import World

RECORDED = HeatmapSettings(enabled=True, heat="recorded", symbols=("BTCUSDT", "ETHUSDT"))
HIDDEN = "document.getElementById('{}').hidden"


@pytest.fixture
def world(qtbot: Any, qt_run: Callable[..., Any], qt_loop: Any, tmp_path: Path) -> Iterator[World]:
    world = World(qtbot, qt_run, qt_loop, tmp_path)
    with world.exchange:
        yield world
        errors = list(world.window.page.console_errors)
        qt_run(world.close(), timeout=20_000)
    assert errors == []


def wait_for(world: World, name: str, *parts: str) -> None:
    world.qtbot.waitUntil(
        lambda: all(part in world.js(TEXT.format(name)) for part in parts), timeout=20_000
    )


def test_a_first_start_says_what_to_do_and_does_it(world: World) -> None:
    world.qt_run(world.open(RECORDED), timeout=20_000)
    world.wait_for("BTCUSDT", "1m")
    wait_for(world, "values", "BTCUSDT 1m", "C 9")
    # Nothing was liquidated: a hatch, and no scale that nobody could know.
    wait_for(world, "card", "Nothing recorded yet", "Show predicted levels")
    wait_for(world, "legend", "not recorded")
    assert world.js("document.getElementById('scale')") is None
    # One offer, not two above each other: the layer's own line has given way.
    offers = "document.body.innerText.split('Show predicted levels').length - 1"
    world.qtbot.waitUntil(lambda: world.js(offers) == 1, timeout=20_000)
    world.js("(document.querySelector('#card .act').click(), 0)")
    world.qtbot.waitUntil(lambda: world.service.settings.heat == "predicted", timeout=20_000)
    world.set_interval("15m")
    world.wait_for("BTCUSDT", "15m")
    wait_for(world, "values", "BTCUSDT 15m")


def test_where_the_exchange_has_no_older_candles_the_chart_says_so(world: World) -> None:
    world.qt_run(world.open(RECORDED), timeout=20_000)
    world.wait_for("BTCUSDT", "1m")
    assert world.js(HIDDEN.format("limit"))
    world.js("(chart.timeScale().setVisibleLogicalRange({from: -20, to: 60}), 0)")
    wait_for(world, "limit", "BTCUSDT: the exchange has no older candles")
    world.qtbot.waitUntil(lambda: not world.js(HIDDEN.format("limit")), timeout=20_000)
    # It is said at the oldest candle and nowhere else.
    world.set_interval("5m")
    world.wait_for("BTCUSDT", "5m")
    world.qtbot.waitUntil(lambda: world.js(HIDDEN.format("limit")), timeout=20_000)


def test_how_the_chart_was_set_is_kept_for_the_next_window(world: World) -> None:
    world.qt_run(world.open(RECORDED), timeout=20_000)
    choices = world.window.chart_choices
    choices.set_scale("log")
    choices.set_look("neutral")
    assert choices.set_time_zone("Asia/Tokyo")
    assert not choices.set_time_zone("Asia/Atlantis")
    other = ChartWindow(world.store, "dark")
    try:
        kept = other.chart_choices
        assert (kept.scale, kept.look, kept.time_zone) == ("log", "neutral", "Asia/Tokyo")
        world.qt_run(other.load(), timeout=20_000)
        shown = "[candleSeries.priceScale().options().mode, candleSeries.options().upColor]"
        answers: list[str] = []
        other.page.runJavaScript(f"JSON.stringify({shown})", answers.append)
        world.qtbot.waitUntil(lambda: bool(answers), timeout=20_000)
        assert answers == ['[1,"#e3e7ee"]']
    finally:
        world.qt_run(other.leave(), timeout=20_000)
        other.close()
        other.deleteLater()
        world.qt_run(asyncio.sleep(0), timeout=20_000)
