"""A second heat source on a real page: its cells, its colours, its words at the crosshair."""

from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from Heatmap.domain.viewport import Viewport
from Heatmap.heatmap_settings import HeatmapSettings
from Heatmap.picture.heat_picture import HeatPicture
from Heatmap.picture.messages import CellLines, CellQuery, PictureMessage, PictureRequest
from Heatmap.sources.source_context import SourceContext
from Heatmap.storage.event_tape import EventTape
from Heatmap.storage.store import open_store
from Heatmap.tests.made_up_source import CLIP_USD, PALETTE_OPTION, UNIT, Level, MadeUpLevels
from Heatmap.tests.ui.chart_page import (
    START_S,
    ChartPage,
    Recording,
    changed,
    grid_message,
    to_array,
)
from Heatmap.tests.ui.crosshair_box import box_text, point_at
from Heatmap.ui.layer.chart_layer import HeatmapLayer

pytestmark = pytest.mark.qt_log_ignore("Registered new object after initialization")

# In the middle of the page's 60 candles, so that the other half of the pane stays empty.
NOW_MS = (START_S + 30 * 60) * 1000
LEVELS = Level(101_300.0, CLIP_USD, is_long=False), Level(99_300.0, CLIP_USD, is_long=True)
LAYERS_OWN, PALETTE = "aurora", "inferno"


class Listener(Recording):
    """Keeps what the layer tells, and answers the crosshair as a feed does."""

    picture: HeatPicture
    layer: HeatmapLayer

    def cell_asked(self, query: CellQuery) -> None:
        super().cell_asked(query)
        report = self.picture.describe(query)
        assert report is not None
        self.layer.show_cell(CellLines(query, report.lines))


@pytest.fixture
def source(tmp_path: Any) -> MadeUpLevels:
    made = MadeUpLevels(SourceContext(EventTape(open_store(tmp_path / "none.sqlite3"))), "BTCUSDT")
    made.set_levels(*LEVELS)
    return made


@pytest.fixture
def listener(source: MadeUpLevels) -> Listener:
    made = Listener()
    made.picture = HeatPicture(source, "BTCUSDT")
    return made


@pytest.fixture
def layer(qtbot: Any, chart_page: ChartPage, listener: Listener) -> HeatmapLayer:
    chart_page.create_chart()
    layer = listener.layer = HeatmapLayer(chart_page.page)
    layer.set_listener(listener)
    qtbot.waitUntil(lambda: bool(listener.viewports), timeout=10_000)
    layer.set_options({"opacity": 1.0, "palette": LAYERS_OWN, PALETTE_OPTION: PALETTE})
    return layer


def request(viewport: Viewport, now_ms: int = NOW_MS) -> PictureRequest:
    settings = HeatmapSettings(enabled=True)
    live = Viewport(viewport.price_low, viewport.price_high, None, 800.0, 500.0)
    return PictureRequest(live, settings, Decimal("0.1"), now_ms, None)


def shown(message: PictureMessage | None) -> tuple[dict[str, Any], str]:
    assert message is not None
    return message.meta, message.packed


def strongest(page: ChartPage, palette: str) -> np.ndarray:
    """Give the colour of byte 255 on the page's ground, red green blue."""
    colour = f"OrderPilotHeatmap.palette.colourAt('{palette}', 1, '#0b0b0d')"
    return np.array(page.js(colour))


def columns_of(page: ChartPage, price: float, palette: str) -> np.ndarray:
    """Give which pixels of a level's middle line have the strongest colour of a palette."""
    line = to_array(page.picture())[round(page.y_of_price(price))]
    return np.flatnonzero((np.abs(line - strongest(page, palette)) <= 2).all(axis=1))


def middle(message: PictureMessage | dict[str, Any], price: float) -> float:
    """Give the price in the middle of the row that a price lies in."""
    meta = message if isinstance(message, dict) else message.meta
    return (price // meta["binUsd"] + 0.5) * float(meta["binUsd"])


def test_a_second_source_is_drawn_kept_up_and_described(
    layer: HeatmapLayer, chart_page: ChartPage, listener: Listener, source: MadeUpLevels
) -> None:
    page, picture, view = chart_page, listener.picture, listener.viewports[-1]
    # The legend would stand over a level.
    layer.set_options({"colourBar": False, "sourceLine": False})
    meta, packed = shown(picture.rebuild(request(view)))
    layer.show_grid(meta, packed)
    upper, lower = (middle(meta, level.price) for level in LEVELS)
    spacing = page.x_of_candle(START_S + 60) - page.x_of_candle(START_S)
    now_x = page.x_of_candle(START_S + 30 * 60) - spacing / 2

    def reach(price: float, palette: str = PALETTE) -> float:
        found = columns_of(page, price, palette)
        return float(found.max()) if len(found) > 200 else 0.0

    # Up to now, at both prices, in its own palette and not in the layer's.
    page.qtbot.waitUntil(lambda: reach(upper) == pytest.approx(now_x, abs=3), timeout=10_000)
    assert reach(lower) == pytest.approx(now_x, abs=3)
    assert reach(upper, LAYERS_OWN) == 0.0

    # The layer's palette is not for it; its own is changed by the page alone.
    layer.set_options({"palette": "ice"})
    page.next_frames()
    assert reach(upper) == pytest.approx(now_x, abs=3)
    layer.set_options({PALETTE_OPTION: "viridis"})
    page.qtbot.waitUntil(lambda: reach(upper, "viridis") > 0, timeout=10_000)
    assert reach(upper, "viridis") == pytest.approx(now_x, abs=3)
    assert reach(upper) == 0.0
    layer.set_options({PALETTE_OPTION: PALETTE})
    page.qtbot.waitUntil(lambda: reach(upper) > 0, timeout=10_000)

    # Five minutes later there is more of it.
    later_ms = NOW_MS + 300_000
    layer.append_cells(*shown(picture.update(request(view, later_ms))))
    later_x = now_x + 5 * spacing
    page.qtbot.waitUntil(lambda: reach(upper) == pytest.approx(later_x, abs=3), timeout=10_000)

    # Its own words at the crosshair.
    point = page.view.rect().center()
    point.setX(round(page.x_of_candle(START_S + 20 * 60)))
    point.setY(round(page.y_of_price(upper)))
    point_at(page, point)
    page.qtbot.waitUntil(lambda: "Expected if reached" in (box_text(page) or ""), timeout=10_000)
    assert f"{CLIP_USD:.0f} {UNIT} of shorts" in (box_text(page) or "").replace("\n", " ")

    # What is new of it.
    source.set_levels(LEVELS[1])
    layer.append_cells(*shown(picture.update(request(view, later_ms))))
    page.qtbot.waitUntil(lambda: reach(upper) == 0.0, timeout=10_000)
    assert reach(lower) == pytest.approx(later_x, abs=3)


def test_after_another_sources_grid_the_layers_palette_is_back(
    layer: HeatmapLayer, chart_page: ChartPage, listener: Listener
) -> None:
    page, view = chart_page, listener.viewports[-1]
    layer.set_options({"colourBar": False, "sourceLine": False})
    meta, packed = shown(listener.picture.rebuild(request(view)))
    upper = middle(meta, LEVELS[0].price)
    layer.show_grid(meta, packed)
    page.qtbot.waitUntil(lambda: len(columns_of(page, upper, PALETTE)) > 200, timeout=10_000)
    full = np.full((60, 720), 255, np.uint8)
    layer.show_grid(*grid_message(full))
    page.qtbot.waitUntil(lambda: len(columns_of(page, 101_300.0, LAYERS_OWN)) > 200, timeout=10_000)
    assert len(columns_of(page, 101_300.0, PALETTE)) == 0
    layer.set_options({"palette": "ice"})
    page.qtbot.waitUntil(lambda: len(columns_of(page, 101_300.0, "ice")) > 200, timeout=10_000)


def bar_width(page: ChartPage, layer: HeatmapLayer) -> int:
    """Give how wide the colour bar is with its ground, by taking it away."""
    layer.set_options({"colourBar": True, "sourceLine": False})
    with_bar = page.settled_picture()
    layer.set_options({"colourBar": False})
    page.qtbot.waitUntil(lambda: bool(changed(with_bar, page.picture()).any()), timeout=10_000)
    return int(np.ptp(np.flatnonzero(changed(with_bar, page.settled_picture()).any(axis=0))) + 1)


def test_the_colour_bar_is_long_enough_for_amounts_of_a_longer_unit(
    layer: HeatmapLayer, chart_page: ChartPage, listener: Listener
) -> None:
    usual = [[0.0, "0"], [0.5, "1M"], [1.0, "\u22654M USD"]]
    full = np.full((60, 720), 255, np.uint8)
    meta, packed = grid_message(full, scale={"labels": usual})
    layer.show_grid(meta, packed)
    assert bar_width(chart_page, layer) == pytest.approx(190 + 14, abs=1)
    longer, labels = shown(listener.picture.rebuild(request(listener.viewports[-1]))), "labels"
    meta["scale"] = {labels: longer[0]["scale"][labels]}
    layer.show_grid({**meta, "sequence": 2}, packed)
    assert 230 < bar_width(chart_page, layer) < 320
