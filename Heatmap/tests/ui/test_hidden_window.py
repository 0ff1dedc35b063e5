"""Nothing is painted while the window is hidden, and it is up to date when it is seen again."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from Heatmap.heatmap_settings import HeatmapSettings
from Heatmap.tests.trader_exchange import TraderExchange
from Heatmap.tests.ui.test_window_switch import World

SETTINGS = HeatmapSettings(enabled=True, heat="recorded", symbols=("BTCUSDT",), candle_bars=True)
# Of the layer, of the chart, and of the browser.
WATCH = """
(() => {
  const layer = OrderPilotHeatmap.layers.values().next().value;
  const paint = layer.stage.paint;
  window.counted = { paints: 0, frames: 0 };
  layer.stage.paint = function (...words) {
    counted.paints += 1;
    return paint.apply(layer.stage, words);
  };
  const next = () => { counted.frames += 1; requestAnimationFrame(next); };
  requestAnimationFrame(next);
  return true;
})()
"""


@pytest.fixture
def world(qtbot: Any, qt_run: Any, qt_loop: Any, tmp_path: Path) -> Iterator[World]:
    world = World(qtbot, qt_run, qt_loop, tmp_path)
    world.exchange = TraderExchange()
    with world.exchange:
        yield world
        errors = list(world.window.page.console_errors)
        qt_run(world.close(), timeout=20_000)
    assert errors == []


def test_nothing_is_painted_while_the_window_is_hidden(world: World) -> None:
    exchange = world.exchange
    assert isinstance(exchange, TraderExchange)
    world.qt_run(world.open(SETTINGS), timeout=20_000)
    world.wait_for("BTCUSDT", "1m")
    window, service, qtbot = world.window, world.service, world.qtbot

    def counted() -> tuple[int, int]:
        found = world.js("[counted.paints, counted.frames]")
        return found[0], found[1]

    def stored() -> int:
        return int(service.recorder_status().stored)

    assert world.js(WATCH)
    exchange.liquidate("BTCUSDT", 80_000.0, is_long=True)
    qtbot.waitUntil(lambda: counted()[0] > 2, timeout=15_000)
    window.hide()
    # What was under way when it was hidden.
    qtbot.waitUntil(lambda: not world.js("document.visibilityState === 'visible'"), timeout=10_000)
    qtbot.waitUntil(lambda: _is_still(counted), timeout=10_000)
    before, rows = counted(), stored()
    for number in range(3):
        exchange.liquidate("BTCUSDT", 90_000.0 + number, is_long=False)
        qtbot.waitUntil(lambda n=number: stored() > rows + n, timeout=15_000)
    closes = window.market.closes
    qtbot.waitUntil(lambda: window.market.closes != closes, timeout=15_000)
    assert counted() == before
    window.show()
    qtbot.waitUntil(lambda: counted()[0] > before[0], timeout=15_000)
    qtbot.waitUntil(
        lambda: world.js("candleSeries.data().at(-1).close") == window.market.closes[-1],
        timeout=15_000,
    )


def _is_still(counted: Any) -> bool:
    """Whether three questions to the page, each a turn of its own, find no more frames."""
    first = counted()
    return all(counted() == first for _ in range(3))
