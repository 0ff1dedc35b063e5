"""Tags of the strongest levels at the right edge: their places, their words, and that they go."""

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from PyQt6.QtCore import QPoint

from Heatmap.aggregation.strongest_levels import StrongLevel
from Heatmap.feeds.level_tags import level_message
from Heatmap.tests.ui.cell_grids import COLS, ROWS
from Heatmap.tests.ui.chart_page import ChartPage, Recording, changed, grid_message, to_array
from Heatmap.tests.ui.crosshair_box import box_text, point_at
from Heatmap.tests.ui.test_grounds import contrast
from Heatmap.ui.layer.chart_layer import HeatmapLayer

pytestmark = pytest.mark.qt_log_ignore("Registered new object after initialization")

# The window ends with the page's 60 candles; the pane goes on to the right of them.
VIEW = "{from: -1.5, to: 75.5}"
PART = (
    "OrderPilotHeatmap.layers.values().next().value.stage.parts._made"
    ".find((one) => one.record.name === 'level_tags').part"
)
PLACES = (
    f"(({{_count, _placed, _middles, _heights, _widths, _right}}) => ({{"
    "count: _count, placed: Array.from(_placed), middles: Array.from(_middles),"
    f" heights: Array.from(_heights), widths: Array.from(_widths), right: _right}}))({PART})"
)


def level(price: float, long_usd: float, short_usd: float) -> StrongLevel:
    return StrongLevel(price, price - 60, price + 60, long_usd, short_usd, 1_234)


# The first two are nearer to each other than two tags can be.
LEVELS = [
    level(100_500.0, 500_000.0, 1_620_000.0),
    level(100_440.0, 1_180_000.0, 0.0),
    level(99_200.0, 0.0, 1_130_000.0),
]


@pytest.fixture
def layer(qtbot: Any, chart_page: ChartPage, listener: Recording) -> HeatmapLayer:
    chart_page.create_chart()
    chart_page.js(f"(chart.timeScale().setVisibleLogicalRange({VIEW}), 0)")
    chart_page.js("(priceSeries.applyOptions({priceLineVisible: false}), 0)")
    layer = HeatmapLayer(chart_page.page)
    layer.set_listener(listener)
    qtbot.waitUntil(lambda: layer.is_ready, timeout=10_000)
    layer.show_grid(*grid_message(np.zeros((ROWS, COLS), np.uint8)))
    return layer


def shown(page: ChartPage, count: int) -> Any:
    page.qtbot.waitUntil(lambda: page.js(f"{PART}._count") == count, timeout=10_000)
    return page.js(PLACES)


def test_each_stands_at_its_level_in_the_margin_and_they_go(
    layer: HeatmapLayer, chart_page: ChartPage
) -> None:
    bare = chart_page.settled_picture()
    layer.show_part("level_tags", level_message(LEVELS, 28_800_000, 1.0))
    places = shown(chart_page, 3)
    picture = chart_page.settled_picture()
    pixels = to_array(picture)
    difference = changed(bare, picture)
    heights = [chart_page.y_of_price(one.price) for one in LEVELS]
    assert places["heights"] == pytest.approx(heights, abs=0.01)
    apart = [abs(one - other) for one, other in pairwise(sorted(places["middles"]))]
    assert min(apart) >= 22 - 1e-6
    # The strongest stands at its level, one that gives way near to its own.
    assert places["middles"][0] == pytest.approx(heights[0], abs=0.01)
    assert abs(places["middles"][1] - heights[1]) <= 33
    # Nothing lies on the candles, and each tag has its bar: as long as what is of each side.
    width = chart_page.js("chart.timeScale().width()")
    newest = chart_page.js("chart.timeScale().logicalToCoordinate(59)")
    assert not difference[:, : round(newest)].any()
    assert places["right"] <= width
    for one, at, middle in zip(LEVELS, places["placed"], places["middles"], strict=True):
        left = round(places["right"] - places["widths"][at]) + 6
        row = pixels[round(middle - 10) + 16, left : round(places["right"]) - 6].astype(int)
        longs = (row[:, 0] > row[:, 2] + 60).mean()
        shorts = (row[:, 2] > row[:, 0] + 60).mean()
        total = one.long_usd + one.short_usd
        assert longs == pytest.approx(one.long_usd / total, abs=0.06)
        assert shorts == pytest.approx(one.short_usd / total, abs=0.06)
    for end in (lambda: layer.show_part("level_tags", None), layer.detach):
        end()
        chart_page.qtbot.waitUntil(
            lambda: not changed(bare, chart_page.picture()).any(), timeout=10_000
        )


def test_leaders_of_tags_that_give_way_do_not_cross(
    layer: HeatmapLayer, chart_page: ChartPage
) -> None:
    # The third would stand above the first, which it is below: there is the nearest free place.
    prices = chart_page.js("[100, 101, 103].map((y) => priceSeries.coordinateToPrice(y))")
    levels = [level(price, 0.0, 9e5 - 1e5 * at) for at, price in enumerate(prices)]
    layer.show_part("level_tags", level_message(levels, 28_800_000, 1.0))
    places = shown(chart_page, 3)
    assert places["heights"] == sorted(places["heights"])
    assert places["placed"] == [0, 1, 2]
    middles = places["middles"]
    assert min(after - before for before, after in pairwise(middles)) >= 22 - 1e-6
    assert all(abs(m - h) <= 33 for m, h in zip(middles, places["heights"], strict=True))


def test_the_heading_gives_way_to_a_tag_and_the_crosshair_says_what_there_is(
    layer: HeatmapLayer, chart_page: ChartPage
) -> None:
    layer.show_part("level_tags", level_message(LEVELS, 28_800_000, 0.301))
    places = shown(chart_page, 3)
    # Right above the highest of them.
    heading = chart_page.js(f"{PART}._headingTop()")
    assert 0 <= min(places["middles"]) - 10 - heading <= 40
    right, middle = places["right"], places["middles"][0]
    point_at(chart_page, QPoint(round(right) - 20, round(middle)))
    chart_page.qtbot.waitUntil(lambda: box_text(chart_page) is not None, timeout=10_000)
    text = box_text(chart_page) or ""
    for words in ("Largest in 8 h", "100440.00", "\u2265 500k USD", "\u2265 1.62M USD", "1,234"):
        assert words in text
    assert "30 % of this time" in text
    top = chart_page.js("priceSeries.coordinateToPrice(12)")
    layer.show_part("level_tags", level_message([level(top, 1.0, 2.0)], None, 1.0))
    shown(chart_page, 1)
    assert chart_page.js(f"{PART}._headingTop()") is None


def test_they_keep_off_candles_of_a_chart_that_is_scrolled_back(
    layer: HeatmapLayer, chart_page: ChartPage
) -> None:
    # Candles go on to the right edge, and most of them stand at a level.
    chart_page.js("(chart.timeScale().setVisibleLogicalRange({from: -20, to: 40}), 0)")
    bodies = chart_page.js("priceSeries.data().slice(33, 41).map((c) => (c.high + c.low) / 2)")
    levels = [level(price, 0.0, 9e5 - 1e4 * i) for i, price in enumerate(bodies[::2])]
    layer.show_part("level_tags", level_message(levels, 28_800_000, 1.0))
    places = shown(chart_page, len(levels))
    left = places["right"] - max(places["widths"])
    candles = chart_page.js(
        "priceSeries.data().map((c, i) => [chart.timeScale().logicalToCoordinate(i),"
        " priceSeries.priceToCoordinate(c.high), priceSeries.priceToCoordinate(c.low)])"
    )
    below = [(high, low) for x, high, low in candles if left <= x <= places["right"]]
    assert len(below) > 3
    for middle in places["middles"]:
        assert all(low < middle - 10 or high > middle + 10 for high, low in below)


def test_amounts_of_bubbles_keep_off_candles_tags_and_each_other_or_are_led_to(
    layer: HeatmapLayer, chart_page: ChartPage
) -> None:
    from Heatmap.tests.ui.test_bubbles import bubble, show  # noqa: PLC0415 - its marks are its own

    layer.show_part("level_tags", level_message(LEVELS, 28_800_000, 1.0))
    shown(chart_page, 3)
    # Between and on the candles, so that the largest finds no room beside it.
    near = [
        bubble(30 + 2.2 * i, 100_000 + 90 * j, 1e6 - 1e4 * (i + j))
        for i in range(5)
        for j in range(4)
    ]
    show(layer, *near, bubble(58.9, 100_480.0, 2e5))
    said = f"{PART.replace('level_tags', 'bubbles')}._said"
    chart_page.qtbot.waitUntil(lambda: chart_page.js(f"{said}.takenCount") > 2, timeout=10_000)
    count, taken, choices = chart_page.js(
        f"[{said}.takenCount, Array.from({said}.taken), Array.from({said}._choices)]"
    )
    boxes = np.array(taken).reshape(-1, 4)[:count]
    assert count <= 9
    assert max(choices) >= 4, "none was led away"
    free = chart_page.js(f"{PART}._right - Math.max(...{PART}._widths)")
    assert (boxes[:, 2] <= free).all()
    for i, (left, top, right, bottom) in enumerate(boxes):
        for other in boxes[i + 1 :]:
            assert right <= other[0] or left >= other[2] or bottom <= other[1] or top >= other[3]


# Words and ground of the window, dark and light, as its page has them.
@pytest.mark.parametrize(("text", "ground"), [("#b4bcc9", "#0b0d12"), ("#404958", "#ffffff")])
def test_captions_can_be_read(
    layer: HeatmapLayer, chart_page: ChartPage, text: str, ground: str
) -> None:
    del layer
    over, under = ([int(one[i : i + 2], 16) for i in (1, 3, 5)] for one in (text, ground))
    alpha = chart_page.js("OrderPilotHeatmap.words.CAPTION_ALPHA")
    seen = [low + (high - low) * alpha for high, low in zip(over, under, strict=True)]
    assert contrast(seen, under) >= 4.6
