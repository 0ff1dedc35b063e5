"""Predicted levels on a real page: where one stands, since when, and where a candle ends it."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PyQt6.QtCore import QPoint

from Heatmap.domain.candles import MINUTE_MS, RunningMinute
from Heatmap.domain.viewport import Viewport
from Heatmap.feeds.level_market import LevelStore
from Heatmap.heatmap_settings import HeatmapSettings
from Heatmap.picture.heat_picture import HeatPicture
from Heatmap.picture.messages import CellLines, PictureMessage, PictureRequest
from Heatmap.sources.level_maps import LevelMaps
from Heatmap.sources.predicted_levels import PredictedLevelHeat
from Heatmap.sources.source_context import SourceContext
from Heatmap.storage.event_tape import EventTape
from Heatmap.tests.ui.chart_page import START_S, ChartPage, Recording, changed
from Heatmap.tests.ui.crosshair_box import box_text, point_at
from Heatmap.tests.ui.predicted_market import (
    COUNT,
    LOWER,
    NOW_MS,
    OPENED,
    PRICE,
    REACHED,
    SCALES,
    START_MS,
    UPPER,
    page_candles,
    saved_market,
)
from Heatmap.ui.layer.chart_layer import HeatmapLayer

pytestmark = pytest.mark.qt_log_ignore("Registered new object after initialization")


@pytest.fixture
def picture(tmp_path: Path) -> HeatPicture:
    store = saved_market(tmp_path / "heatmap.sqlite3")
    tape = EventTape(store)
    maps = LevelMaps(tape, LevelStore.of(store), look_s=0.0)
    return HeatPicture(PredictedLevelHeat(SourceContext(tape, maps), "BTCUSDT"), "BTCUSDT")


@pytest.fixture
def layer(qtbot: Any, chart_page: ChartPage, listener: Recording) -> HeatmapLayer:
    chart_page.create_chart(page_candles())
    chart_page.js(
        "(priceSeries.priceScale().applyOptions({scaleMargins: {top: 0.4, bottom: 0.4}}), "
        "priceSeries.applyOptions({priceLineVisible: false}), 0)"
    )
    layer = HeatmapLayer(chart_page.page)
    layer.set_listener(listener)
    qtbot.waitUntil(lambda: bool(listener.viewports), timeout=10_000)
    layer.set_options({"opacity": 1.0, "colourBar": False, "sourceLine": False})
    return layer


def shown(message: PictureMessage | None) -> tuple[dict[str, Any], str]:
    assert message is not None
    return message.meta, message.packed


def request(
    view: Viewport, now_ms: int = NOW_MS, running: tuple[RunningMinute, ...] = ()
) -> PictureRequest:
    settings = HeatmapSettings(enabled=True, heat="predicted")
    return PictureRequest(view, settings, Decimal("0.1"), now_ms, None, running)


def painted(page: ChartPage, bare: np.ndarray, price: float) -> np.ndarray:
    """Give which pixels of a price's line are painted, but for the chart's own lines over it."""
    y = round(page.y_of_price(price))
    return np.asarray(changed(bare, page.picture())[y - 1 : y + 2].any(axis=0))


@pytest.mark.parametrize("scale", SCALES)
def test_a_level_stands_at_its_price_from_its_opening_until_a_candle_reaches_it(
    scale: str,
    qtbot: Any,
    layer: HeatmapLayer,
    chart_page: ChartPage,
    listener: Recording,
    picture: HeatPicture,
) -> None:
    page = chart_page
    page.js(f"(priceSeries.priceScale().applyOptions({SCALES[scale]}), 0)")
    page.settled_picture()
    qtbot.waitUntil(lambda: listener.viewports[-1].price_low < LOWER, timeout=10_000)
    view = listener.viewports[-1]
    assert view.end_ms is None
    # The page tells its left edge: that of its first candle, or after it.
    assert view.start_ms is not None
    assert START_MS <= view.start_ms < START_MS + OPENED * MINUTE_MS
    bare = page.settled_picture()
    layer.show_grid(*shown(picture.rebuild(request(view))))

    def x_of(minute: float) -> int:
        spacing = page.x_of_candle(START_S + 60) - page.x_of_candle(START_S)
        return round(page.x_of_candle(START_S) + (minute - 0.5) * spacing)

    width = int(page.js("chart.timeScale().width()"))
    before, opened = slice(0, x_of(OPENED) - 2), slice(x_of(OPENED + 1) + 3, x_of(REACHED) - 3)
    after, beyond = slice(x_of(REACHED + 1) + 3, x_of(COUNT) - 3), slice(x_of(COUNT) + 3, width - 3)
    page.qtbot.waitUntil(lambda: painted(page, bare, UPPER)[opened].mean() > 0.95, timeout=10_000)
    page.settled_picture()
    upper, lower = painted(page, bare, UPPER), painted(page, bare, LOWER)
    assert not upper[before].any()
    assert not lower[before].any()
    assert not upper[after].any()
    assert not upper[beyond].any()
    # What was not reached stands on, to the right edge of the pane.
    assert lower[opened].mean() > 0.95
    assert lower[after].mean() > 0.95
    assert beyond.stop > beyond.start + 5
    assert lower[beyond].mean() > 0.9
    # At its price, and not everywhere.
    assert not painted(page, bare, PRICE * 1.0012)[opened].any()


def test_the_running_candle_ends_a_level_at_once_on_the_page(
    qtbot: Any,
    layer: HeatmapLayer,
    chart_page: ChartPage,
    listener: Recording,
    picture: HeatPicture,
) -> None:
    page, width = chart_page, int(chart_page.js("chart.timeScale().width()"))
    qtbot.waitUntil(lambda: listener.viewports[-1].price_low < LOWER, timeout=10_000)
    view, bare = listener.viewports[-1], page.settled_picture()
    layer.show_grid(*shown(picture.rebuild(request(view))))
    spacing = page.x_of_candle(START_S + 60) - page.x_of_candle(START_S)
    end = round(page.x_of_candle(START_S + COUNT * 60 - 60) + spacing / 2)
    beyond = slice(end + round(spacing) + 3, width - 3)
    assert beyond.stop > beyond.start + 5
    page.qtbot.waitUntil(lambda: painted(page, bare, LOWER)[beyond].mean() > 0.9, timeout=10_000)
    reached = RunningMinute(NOW_MS, LOWER * 0.99, PRICE)
    layer.append_cells(*shown(picture.update(request(view, NOW_MS + 20_000, (reached,)))))
    page.qtbot.waitUntil(lambda: not painted(page, bare, LOWER)[beyond].any(), timeout=10_000)
    # Where it stood before it still stands.
    assert painted(page, bare, LOWER)[end - 60 : end - 8].mean() > 0.9


def test_the_crosshair_answers_right_of_now_and_where_nothing_is_painted(
    qtbot: Any,
    layer: HeatmapLayer,
    chart_page: ChartPage,
    listener: Recording,
    picture: HeatPicture,
) -> None:
    page = chart_page
    page.js("(chart.timeScale().applyOptions({rightOffset: 12}), 0)")
    page.settled_picture()
    qtbot.waitUntil(lambda: listener.viewports[-1].price_low < LOWER, timeout=10_000)
    bare = page.settled_picture()
    meta, packed = shown(picture.rebuild(request(listener.viewports[-1])))
    layer.show_grid(meta, packed)
    spacing = page.x_of_candle(START_S + 60) - page.x_of_candle(START_S)
    now_x = page.x_of_candle(START_S + COUNT * 60 - 60) + spacing / 2
    right = round(now_x + 6 * spacing)
    page.qtbot.waitUntil(lambda: bool(painted(page, bare, LOWER)[right]), timeout=10_000)
    bare_price = PRICE * 1.0012
    assert not painted(page, bare, bare_price)[round(now_x - 5.5 * spacing)]

    def told(x: float, price: float) -> str:
        """Point at a place, answer what is asked there, and give the box's words."""
        asked = len(listener.queries)
        point_at(page, QPoint(round(x), round(page.y_of_price(price))))
        qtbot.waitUntil(lambda: len(listener.queries) > asked, timeout=10_000)

        def is_told() -> bool:
            # On its way there the crosshair may have asked about a cell before: the last counts.
            report = picture.describe(listener.queries[-1])
            assert report is not None
            layer.show_cell(CellLines(listener.queries[-1], report.lines))
            return report.lines[0][0] in (box_text(page) or "")

        qtbot.waitUntil(is_told, timeout=10_000)
        return box_text(page) or ""

    words = told(right, LOWER)
    assert "as of now" in words
    assert "If reached, longs" in words
    last = listener.queries[-1]
    assert last.from_ms // meta["binMs"] == meta["timeStartMs"] // meta["binMs"] + meta["cols"] - 1
    # Nothing has happened there yet.
    assert last.is_now
    assert "Liquidated here" not in words
    # Before now a place has its time; also one at which nothing is painted.
    words = told(now_x - 5.5 * spacing, bare_price)
    assert "as of now" not in words
    assert "UTC" in words
    assert not listener.queries[-1].is_now
    assert "Liquidated here" in words
