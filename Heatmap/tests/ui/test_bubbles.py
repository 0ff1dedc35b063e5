"""Bubbles of recorded liquidations on the page: place, size, colour, words, and that they go."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from PyQt6.QtCore import QPoint, QUrl

from Heatmap.aggregation.arrays import EVENT_DTYPE
from Heatmap.aggregation.bubble_cells import group_into_cells
from Heatmap.feeds.bubble_book import MOST_BUBBLES, bubble_message
from Heatmap.picture.messages import CellLines
from Heatmap.sources.amount_texts import usd_text
from Heatmap.tests.ui.cell_grids import COLS, ROWS
from Heatmap.tests.ui.chart_page import (
    START_S,
    ChartPage,
    Recording,
    changed,
    grid_message,
    minute_candles,
    to_array,
)
from Heatmap.tests.ui.crosshair_box import box_text, point_at
from Heatmap.ui.layer.chart_layer import HeatmapLayer

pytestmark = pytest.mark.qt_log_ignore("Registered new object after initialization")


@pytest.fixture(scope="module")
def render_process() -> None:
    """Give each page a process of its own: a test has it crash."""


# Away from the candles, above and below them.
ABOVE, BELOW = 100_950.0, 98_950.0
LARGEST_PX, SMALLEST_PX = 13.04, 3.5
# What is drawn around a circle's edge.
RIM_PX = 3.0


def bubble(minute: float, price: float, usd: float, *, is_long: bool = True) -> Any:
    """Give a liquidation in the middle of a candle, so many minutes after the page's first one."""
    return (round((START_S + 60 * minute + 30) * 1000), price, usd, is_long)


def show(layer: HeatmapLayer, *bubbles: Any, least_usd: float | None = 0.0) -> None:
    cells = group_into_cells(np.array(list(bubbles), dtype=EVENT_DTYPE), MOST_BUBBLES)
    layer.show_part("bubbles", bubble_message(cells, least_usd))


def show_grid(layer: HeatmapLayer, cells: Any = None, **changes: Any) -> None:
    empty = np.zeros((ROWS, COLS), np.uint8)
    layer.show_grid(*grid_message(empty if cells is None else cells, **changes))


# Nothing lies over what the layer draws, but candles.
PLAIN = {"grid": {"vertLines": {"visible": False}, "horzLines": {"visible": False}}}


@pytest.fixture
def layer(qtbot: Any, chart_page: ChartPage, listener: Recording) -> HeatmapLayer:
    chart_page.create_chart(options=PLAIN)
    chart_page.js("(priceSeries.applyOptions({priceLineVisible: false}), 0)")
    layer = HeatmapLayer(chart_page.page)
    layer.set_listener(listener)
    qtbot.waitUntil(lambda: layer.is_ready, timeout=10_000)
    layer.set_options({"opacity": 1.0})
    return layer


def difference_of(page: ChartPage, act: Callable[[], None]) -> tuple[Any, Any]:
    """Do something that changes the picture; give where it did, and the pixels after it."""
    bare = page.settled_picture()
    act()
    page.qtbot.waitUntil(lambda: bool(changed(bare, page.picture()).any()), timeout=10_000)
    drawn = page.settled_picture()
    return changed(bare, drawn), to_array(drawn)


def place_of(page: ChartPage, minute: float, price: float) -> tuple[float, float]:
    """Give where a bubble's middle is to be, CSS pixels."""
    whole = int(minute)
    spacing = page.x_of_candle(START_S + 60) - page.x_of_candle(START_S)
    # A candle is centred on its open time, and its middle is half of its length later.
    return page.x_of_candle(START_S + whole * 60) + (minute - whole) * spacing, page.y_of_price(
        price
    )


def assert_circle(difference: Any, x: float, y: float, radius: float, ratio: float = 1.0) -> None:
    """Nothing but one circle was drawn near a place: full inside, nothing outside."""
    rows, columns = np.ogrid[: difference.shape[0], : difference.shape[1]]
    distance = np.hypot(columns + 0.5 - x * ratio, rows + 0.5 - y * ratio)
    inside = difference[distance < (radius - 1) * ratio]
    assert inside.size > 0
    assert inside.mean() > 0.97
    ring = (distance > (radius + RIM_PX) * ratio) & (distance < (radius + 9) * ratio)
    # Beside the circle are its words.
    words = (abs(rows - y * ratio) < 9 * ratio) & (columns >= 0)
    assert not difference[ring & ~words].any()


SCALES = {
    "linear": "{}",
    "logarithmic": "{mode: 1}",
    "percentage": "{mode: 2}",
    "indexed": "{mode: 3}",
    "inverted": "{invertScale: true}",
    "inverted logarithmic": "{mode: 1, invertScale: true}",
}


@pytest.mark.parametrize("scale", SCALES)
def test_a_bubble_lies_at_its_time_and_price_in_every_scale(
    scale: str, layer: HeatmapLayer, chart_page: ChartPage
) -> None:
    chart_page.js(f"(priceSeries.priceScale().applyOptions({SCALES[scale]}), 0)")
    chart_page.settled_picture()
    difference, _ = difference_of(
        chart_page,
        lambda: show(layer, bubble(20, ABOVE, 1e6), bubble(40.4, BELOW, 1e6 / 4, is_long=False)),
    )
    assert_circle(difference, *place_of(chart_page, 20, ABOVE), LARGEST_PX)
    assert_circle(difference, *place_of(chart_page, 40.4, BELOW), LARGEST_PX / 2)


@pytest.mark.parametrize("ratio", [1.5, 2.0])
def test_so_it_does_at_other_device_pixel_ratios(
    ratio: float, qtbot: Any, make_page: Callable[..., ChartPage]
) -> None:
    page = make_page()
    page.load()
    page.page.setZoomFactor(ratio)
    page.create_chart(options=PLAIN)
    qtbot.waitUntil(lambda: page.js("devicePixelRatio") == ratio, timeout=10_000)
    page.js("(priceSeries.applyOptions({priceLineVisible: false}), 0)")
    layer = HeatmapLayer(page.page)
    qtbot.waitUntil(lambda: layer.is_ready, timeout=10_000)
    difference, _ = difference_of(page, lambda: show(layer, bubble(15, ABOVE, 1e6)))
    assert_circle(difference, *place_of(page, 15, ABOVE), LARGEST_PX, ratio)


def test_the_area_says_how_much_and_the_smallest_can_be_seen(
    layer: HeatmapLayer, chart_page: ChartPage
) -> None:
    sizes = {10: 1e6, 20: 5e5, 30: 1.2e5, 40: 10.0}
    difference, _ = difference_of(
        chart_page, lambda: show(layer, *(bubble(at, ABOVE, usd) for at, usd in sizes.items()))
    )
    for at, usd in sizes.items():
        radius = max(SMALLEST_PX, LARGEST_PX * (usd / 1e6) ** 0.5)
        assert_circle(difference, *place_of(chart_page, at, ABOVE), radius)


def test_a_size_is_the_same_whatever_else_is_in_sight(
    layer: HeatmapLayer, chart_page: ChartPage
) -> None:
    difference, _ = difference_of(
        chart_page,
        lambda: show(layer, bubble(10, ABOVE, 9e7), bubble(40, BELOW, 5e5, is_long=False)),
    )
    # The largest there can be, and one beside it as large as without it.
    assert_circle(difference, *place_of(chart_page, 10, ABOVE), 22.0)
    assert_circle(difference, *place_of(chart_page, 40, BELOW), LARGEST_PX * 0.5**0.5)


@pytest.mark.parametrize("is_dark", [True, False])
def test_longs_are_orange_and_shorts_are_blue(
    is_dark: bool, qtbot: Any, make_page: Callable[..., ChartPage]
) -> None:
    page = make_page(is_dark=is_dark)
    page.load()
    page.create_chart()
    layer = HeatmapLayer(page.page)
    qtbot.waitUntil(lambda: layer.is_ready, timeout=10_000)
    _, pixels = difference_of(
        page, lambda: show(layer, bubble(20, ABOVE, 1e6), bubble(40, ABOVE, 1e6, is_long=False))
    )
    ground = pixels[2, 2]
    # Contrast of the fill as it is seen, which a colour-blind eye has too, and the hue for others.
    for minute, is_long in ((20, True), (40, False)):
        x, y = place_of(page, minute, ABOVE)
        red, _green, blue = seen = pixels[round(y) + 4, round(x) + 4]
        assert (red > blue + 50) if is_long else (blue > red + 50)
        assert abs(seen.astype(int) - ground).max() > 60
    row = round(place_of(page, 20, ABOVE)[1])
    light = [
        pixels[row + 4, round(place_of(page, minute, ABOVE)[0]) + 4] @ [0.299, 0.587, 0.114]
        for minute in (20, 40)
    ]
    assert abs(light[0] - ground @ [0.299, 0.587, 0.114]) > 20
    assert abs(light[1] - ground @ [0.299, 0.587, 0.114]) > 20


def test_candles_lie_in_front_and_the_heat_behind(
    layer: HeatmapLayer, chart_page: ChartPage
) -> None:
    bare = to_array(chart_page.settled_picture())
    y = round(chart_page.y_of_price(100_000.0))
    x = round(chart_page.x_of_candle(START_S + 7 * 60))
    candle = bare[y, x]
    assert tuple(candle) in {(0x26, 0xA6, 0x9A), (0xEF, 0x53, 0x50)}, candle
    show_grid(layer, np.full((ROWS, COLS), 255, np.uint8))
    show(layer, bubble(6.5, 100_000.0, 1e6))
    chart_page.qtbot.waitUntil(
        lambda: bool((to_array(chart_page.picture())[y, x + 8] != bare[y, x + 8]).any()),
        timeout=10_000,
    )
    with_bubble = to_array(chart_page.settled_picture())
    assert tuple(with_bubble[y, x]) == tuple(candle)
    # Orange over yellow heat.
    layer.show_part("bubbles", None)
    without, _ = with_bubble, chart_page.settled_picture()
    heat = to_array(chart_page.settled_picture())
    between = round(chart_page.x_of_candle(START_S + 6 * 60)) + 6
    assert (without[y + 3, between] != heat[y + 3, between]).any()
    assert (heat[y + 3, between] != bare[y + 3, between]).any()


def test_what_is_near_is_one_bubble_and_apart_when_there_is_room(
    layer: HeatmapLayer, chart_page: ChartPage
) -> None:
    # Each of its own cell, whatever the cells' edges are: 40 s and 4 USD apart.
    near = [bubble(30 + i / 15, ABOVE + i, 1e5) for i in range(6)]

    def largest_place() -> Any:
        return chart_page.js(
            "(() => { const part = OrderPilotHeatmap.layers.values().next().value.stage.parts._made"
            ".find((one) => one.record.name === 'bubbles').part; const g = part._groups;"
            " return [g.count, g.usd[g.order[0]], g.counts[g.order[0]], Array.from(g.ms)]; })()"
        )

    difference_of(chart_page, lambda: show(layer, *near))
    count, usd, number, _ = largest_place()
    assert count <= 2
    assert usd == pytest.approx(number * 1e5)
    chart_page.js("(chart.timeScale().setVisibleLogicalRange({from: 29, to: 32}), 0)")
    chart_page.settled_picture()
    assert largest_place()[0] == 6


def test_nothing_jumps_while_the_chart_is_moved(layer: HeatmapLayer, chart_page: ChartPage) -> None:
    random = np.random.default_rng(5)
    many = [
        bubble(float(at), 100_000 + 900 * float(np.sin(at)), float(usd), is_long=bool(at % 2 > 1))
        for at, usd in zip(np.arange(0, 60, 0.21), random.lognormal(11, 1.5, 286), strict=True)
    ]
    difference_of(chart_page, lambda: show(layer, *many, least_usd=None))
    where = (
        "(() => { const part = OrderPilotHeatmap.layers.values().next().value.stage.parts._made"
        ".find((one) => one.record.name === 'bubbles').part;"
        " return [Array.from(part._groups.ms), Array.from(part._groups.price),"
        " Array.from(part._radius)]; })()"
    )
    before = chart_page.js(where)
    assert len(before[0]) > 20
    # The prices in view change with the candles in view, and so does the scale.
    for shift in (3.3, 11.7, 24.2, -8.1):
        view = f"{{from: {shift - 1.5}, to: {shift + 61.5}}}"
        chart_page.js(f"(chart.timeScale().setVisibleLogicalRange({view}), 0)")
        chart_page.settled_picture()
        assert chart_page.js(where) == before


def test_many_lie_at_their_places_while_the_chart_moves_and_after_each_zoom(
    layer: HeatmapLayer, chart_page: ChartPage
) -> None:
    # Their prices stay where they are, so that a pan only moves them.
    chart_page.js(
        "(priceSeries.priceScale().applyOptions({autoScale: false}),"
        " priceSeries.priceScale().setVisibleRange({from: 98600, to: 101500}), 0)"
    )
    large = [bubble(at, ABOVE + 150, 1e6) for at in (5, 17, 29, 41, 53)]
    many = [bubble(i * 0.72, BELOW, 2e3, is_long=False) for i in range(83)]
    is_kept = (
        "OrderPilotHeatmap.layers.values().next().value.stage.parts._made"
        ".find((one) => one.record.name === 'bubbles').part._layer.isPainted"
    )
    kept = 0
    for start, end in ((-1.5, 61.5), (2.1, 65.1), (20.4, 83.4), (-12, 51), (10, 40), (11, 41)):
        chart_page.js(
            f"(chart.timeScale().setVisibleLogicalRange({{from: {start}, to: {end}}}), 0)"
        )
        layer.show_part("bubbles", None)
        difference, _ = difference_of(chart_page, lambda: show(layer, *large, *many))
        for shift in (0, 1.3, 2.9):
            view = f"{{from: {start + shift}, to: {end + shift}}}"
            chart_page.js(f"(chart.timeScale().setVisibleLogicalRange({view}), 0)")
            with_bubbles = chart_page.settled_picture()
            kept += chart_page.js(is_kept)
            layer.set_options({"visible": False})
            chart_page.qtbot.waitUntil(
                lambda before=with_bubbles: bool(changed(before, chart_page.picture()).any()),
                timeout=10_000,
            )
            difference = changed(with_bubbles, chart_page.settled_picture())
            layer.set_options({"visible": True})
            chart_page.settled_picture()
            width = chart_page.js("chart.timeScale().width()")
            for at in (5, 17, 29, 41, 53):
                x, y = place_of(chart_page, at, ABOVE + 150)
                if 80 < x < width - 40:
                    assert_circle(difference, x, y, LARGEST_PX)
    # It was that way of painting which was looked at.
    assert kept > 9


def test_what_is_small_gets_no_bubble(layer: HeatmapLayer, chart_page: ChartPage) -> None:
    sizes = {10: 1e6, 20: 3e5, 30: 2e5, 40: 4e4, 50: 1e3}

    def shown(least_usd: float | None) -> list[int]:
        layer.show_part("bubbles", None)
        difference, _ = difference_of(
            chart_page,
            lambda: show(
                layer, *(bubble(at, ABOVE, usd) for at, usd in sizes.items()), least_usd=least_usd
            ),
        )
        places = {at: place_of(chart_page, at, ABOVE) for at in sizes}
        return [at for at, (x, y) in places.items() if difference[round(y), round(x)]]

    assert shown(0.0) == [10, 20, 30, 40, 50]
    assert shown(200_000.0) == [10, 20, 30]
    assert shown(200_001.0) == [10, 20]
    # By what there is: together they hold nine tenths of the USD.
    assert shown(None) == [10, 20, 30]


def test_the_largest_say_how_much_and_no_words_lie_on_others(
    layer: HeatmapLayer, chart_page: ChartPage
) -> None:
    # Three beside each other, so that there is room for words on some sides only.
    near = [bubble(30 + 3 * i, ABOVE, 1e6 - 1e5 * i, is_long=bool(i % 2)) for i in range(3)]
    difference_of(chart_page, lambda: show(layer, *near))
    taken = chart_page.js(
        "(() => { const part = OrderPilotHeatmap.layers.values().next().value.stage.parts._made"
        ".find((one) => one.record.name === 'bubbles').part;"
        " return [part._said.takenCount, Array.from(part._said.taken)]; })()"
    )
    boxes = np.array(taken[1]).reshape(-1, 4)[: taken[0]]
    assert len(boxes) == 3
    for i, (left, top, right, bottom) in enumerate(boxes):
        assert left >= 0
        for other in boxes[i + 1 :]:
            assert right <= other[0] or left >= other[2] or bottom <= other[1] or top >= other[3]
        for at in (30, 33, 36):
            x, y = place_of(chart_page, at, ABOVE)
            dx = x - min(max(x, left), right)
            dy = y - min(max(y, top), bottom)
            assert np.hypot(dx, dy) >= LARGEST_PX * 0.8 - 1


def test_amounts_are_said_as_everywhere(layer: HeatmapLayer, chart_page: ChartPage) -> None:
    random = np.random.default_rng(2)
    amounts = [0.0, 0.5, 1.0, 9.99, 999.9, 1_000.0, 999_999.0, 1_027_145.0, 2.5e9, 1e6, 29_999.9]
    amounts += np.exp(random.uniform(-3, 24, 500)).tolist()
    del layer
    said = chart_page.js(f"{amounts}.map(OrderPilotHeatmap.amounts.usdText)")
    assert said == [usd_text(usd) for usd in amounts]


def test_the_crosshair_says_how_much_how_many_whose_and_when(
    layer: HeatmapLayer, chart_page: ChartPage, listener: Recording
) -> None:
    show_grid(layer)
    difference_of(
        chart_page,
        lambda: show(
            layer, bubble(20, ABOVE, 1_234_567.0), bubble(20.1, ABOVE, 1.0), bubble(40, BELOW, 9e5)
        ),
    )
    x, y = place_of(chart_page, 20, ABOVE)
    point_at(chart_page, QPoint(round(x) + 3, round(y) + 2))
    chart_page.qtbot.waitUntil(lambda: box_text(chart_page) is not None, timeout=10_000)
    text = box_text(chart_page) or ""
    assert "Longs liquidated" in text
    assert "\u2265 1.23M USD in 2" in text
    assert "5 Dec 01:20:30 \u2013 01:20:36 UTC" in text
    # There is no heat: nobody is asked about it.
    assert listener.queries == []
    # Beside it nothing is said, and when it goes the box goes.
    point_at(chart_page, QPoint(round(x) + 60, round(y) + 2))
    chart_page.qtbot.waitUntil(lambda: box_text(chart_page) is None, timeout=10_000)
    point_at(chart_page, QPoint(round(x) + 3, round(y) + 2))
    chart_page.qtbot.waitUntil(lambda: box_text(chart_page) is not None, timeout=10_000)
    layer.show_part("bubbles", None)
    chart_page.qtbot.waitUntil(lambda: box_text(chart_page) is None, timeout=10_000)


def test_over_heat_the_crosshair_says_both(
    layer: HeatmapLayer, chart_page: ChartPage, listener: Recording
) -> None:
    show_grid(layer, np.full((ROWS, COLS), 200, np.uint8))
    difference_of(chart_page, lambda: show(layer, bubble(20, ABOVE, 1e6, is_long=False)))
    x, y = place_of(chart_page, 20, ABOVE)
    point_at(chart_page, QPoint(round(x), round(y)))
    chart_page.qtbot.waitUntil(lambda: bool(listener.queries), timeout=10_000)
    layer.show_cell(CellLines(listener.queries[-1], (("Heat", "1.2M USD"),)))
    chart_page.qtbot.waitUntil(lambda: "1.2M USD" in (box_text(chart_page) or ""), timeout=10_000)
    text = box_text(chart_page) or ""
    assert text.index("Shorts liquidated") < text.index("Heat")


def test_the_legend_says_what_the_colours_mean_while_there_are_bubbles(
    layer: HeatmapLayer, chart_page: ChartPage
) -> None:
    show_grid(layer, sourceText="Binance", scale={"labels": [[0, "0"], [1, "1M USD"]]})
    chart_page.settled_picture()
    # Outside of the pane: only the legend changes.
    difference, pixels = difference_of(
        chart_page, lambda: show(layer, bubble(5, 1_000_000.0, 1e6, is_long=False))
    )
    rows, columns = np.nonzero(difference)
    height, width = (chart_page.js(f"chart.paneSize(0).{side}") for side in ("height", "width"))
    assert height - 90 < rows.min()
    assert columns.max() < chart_page.x_of_candle(START_S + 50 * 60) < width
    line = pixels[rows.min() : rows.min() + 16, columns.min() : columns.max()].reshape(-1, 3)
    assert ((line[:, 0] > line[:, 2] + 100) & (line[:, 0] > 180)).any()
    assert ((line[:, 2] > line[:, 0] + 100) & (line[:, 2] > 180)).any()


def test_they_go_with_the_layer_and_change_nothing_of_the_hosts_chart(
    layer: HeatmapLayer, chart_page: ChartPage
) -> None:
    bare, state = chart_page.settled_picture(), chart_page.state()
    for end in (
        layer.clear,
        lambda: layer.show_part("bubbles", None),
        lambda: show(layer),
        lambda: layer.set_options({"visible": False}),
        layer.detach,
    ):
        layer.set_options({"visible": True})
        difference_of(
            chart_page, lambda: show(layer, bubble(20, ABOVE, 1e6), bubble(70, 250_000.0, 3e6))
        )
        assert chart_page.state() == state
        end()
        chart_page.qtbot.waitUntil(
            lambda: not changed(bare, chart_page.picture()).any(), timeout=10_000
        )
        layer.show_part("bubbles", None)


def reload(page: ChartPage) -> None:
    page.load()
    page.create_chart(options=PLAIN)
    page.js("(priceSeries.applyOptions({priceLineVisible: false}), 0)")


def let_die(page: ChartPage) -> None:
    with page.qtbot.waitSignal(page.page.renderProcessTerminated, timeout=20_000):
        page.page.load(QUrl("chrome://crash"))
    reload(page)


def hide_and_show(page: ChartPage) -> None:
    page.view.hide()
    page.view.show()
    page.settled_picture()


@pytest.mark.parametrize("lose", [reload, let_die, hide_and_show])
def test_they_are_there_again_after_the_page_was_lost_or_hidden(
    lose: Callable[[ChartPage], None], layer: HeatmapLayer, chart_page: ChartPage
) -> None:
    difference_of(chart_page, lambda: show(layer, bubble(20, ABOVE, 1e6)))
    before = chart_page.settled_picture()
    lose(chart_page)
    chart_page.qtbot.waitUntil(lambda: layer.is_ready, timeout=20_000)
    chart_page.qtbot.waitUntil(
        lambda: not changed(before, chart_page.settled_picture()).any(), timeout=20_000
    )


def test_what_happened_in_a_hole_of_the_candles_has_no_place(
    qtbot: Any, chart_page: ChartPage
) -> None:
    chart_page.create_chart(minute_candles(without=range(25, 30)), PLAIN)
    layer = HeatmapLayer(chart_page.page)
    qtbot.waitUntil(lambda: layer.is_ready, timeout=10_000)
    difference, _ = difference_of(
        chart_page, lambda: show(layer, bubble(27, ABOVE, 1e6), bubble(40, BELOW, 2e5))
    )
    assert_circle(difference, *place_of(chart_page, 40, BELOW), LARGEST_PX * 0.2**0.5)
    y = chart_page.y_of_price(ABOVE)
    assert not difference[round(y) - 20 : round(y) + 20].any()
