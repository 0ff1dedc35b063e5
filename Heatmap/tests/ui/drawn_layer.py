"""Whether a layer draws, and whether its host's own things work."""

from typing import Any

import numpy as np

from Heatmap.tests.ui.chart_page import ChartPage, changed, grid_message
from Heatmap.tests.ui.conftest import HostBridge
from Heatmap.ui.layer.chart_layer import HeatmapLayer


def full_grid() -> Any:
    return np.full((60, 720), 200, np.uint8)


def wait_ready(layer: HeatmapLayer, page: ChartPage) -> None:
    page.qtbot.waitUntil(lambda: layer.is_ready, timeout=10_000)


def assert_draws(layer: HeatmapLayer, page: ChartPage) -> None:
    layer.set_options({"visible": True})
    bare = page.settled_picture()
    layer.show_grid(*grid_message(full_grid()))
    page.qtbot.waitUntil(lambda: int(changed(bare, page.picture()).sum()) > 20_000, timeout=10_000)


def assert_host_works(page: ChartPage, bridge: HostBridge) -> None:
    """Call a method, emit a signal and change a property of the host, twice each."""
    qtbot = page.qtbot
    for value in (21, 34):
        page.js(f"(pyBridge.double({value}, v => {{ window.doubled = v; }}), 0)")
        qtbot.waitUntil(lambda v=value: page.js("window.doubled") == 2 * v, timeout=10_000)
        bridge.spoken.emit(f"word {value}")
        qtbot.waitUntil(
            lambda v=value: page.js("received[received.length - 1]") == f"word {v}", timeout=10_000
        )
        bridge.set_level(value)
        qtbot.waitUntil(
            lambda v=value: page.js("received[received.length - 1]") == f"level {v}",
            timeout=10_000,
        )
        assert page.js("pyBridge.level") == value
