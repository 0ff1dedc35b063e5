"""What stands now is drawn to the pane's right edge, and its strongest levels are named there."""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from Heatmap.aggregation.arrays import EVENT_DTYPE
from Heatmap.aggregation.bubble_cells import group_into_cells
from Heatmap.feeds.bubble_book import MOST_BUBBLES, bubble_message
from Heatmap.picture.packing import pack_cells
from Heatmap.picture.texts import LEVEL_WORDS
from Heatmap.tests.ui.cell_grids import BIN_USD, COLS, PRICE_LOW, ROWS, wait_for_change
from Heatmap.tests.ui.chart_page import (
    START_S,
    ChartPage,
    Recording,
    changed,
    grid_message,
    minute_candles,
    to_array,
)
from Heatmap.ui.layer.chart_layer import HeatmapLayer

pytestmark = pytest.mark.qt_log_ignore("Registered new object after initialization")

# The window ends with the page's 60 candles; the pane goes on for as many minutes more.
VIEW = "{from: -1.5, to: 89.5}"
HIGH_ROW, LOW_ROW = 51, 9
SCALES = {
    "linear": "{}",
    "logarithmic": "{mode: 1}",
    "percentage": "{mode: 2}",
    "indexed": "{mode: 3}",
    "inverted": "{invertScale: true}",
    "inverted logarithmic": "{mode: 1, invertScale: true}",
}


def standing_cells() -> Any:
    """Give two levels that stand at the end, and one that is gone by then."""
    grid = np.zeros((ROWS, COLS), np.uint8)
    grid[HIGH_ROW, 240:] = 255
    grid[LOW_ROW, 480:] = 120
    grid[LOW_ROW - 3, 240 : COLS - 1] = 255
    return grid


@pytest.fixture
def layer(qtbot: Any, chart_page: ChartPage, listener: Recording) -> HeatmapLayer:
    chart_page.create_chart()
    chart_page.js(f"(chart.timeScale().setVisibleLogicalRange({VIEW}), 0)")
    layer = HeatmapLayer(chart_page.page)
    layer.set_listener(listener)
    qtbot.waitUntil(lambda: layer.is_ready, timeout=10_000)
    layer.set_options({"opacity": 1.0})
    return layer


def x_of_end(page: ChartPage) -> float:
    """Give where the window ends: with the newest candle."""
    spacing = page.x_of_candle(START_S + 60) - page.x_of_candle(START_S)
    return page.x_of_candle(START_S + 59 * 60) + spacing / 2


def row_place(page: ChartPage, row: int) -> slice:
    """Give the pixel rows well inside of a row of the grid."""
    top, bottom = sorted(page.y_of_price(PRICE_LOW + edge * BIN_USD) for edge in (row, row + 1))
    return slice(round(top) + 1, round(bottom) - 1)


def pane_width(page: ChartPage) -> int:
    return int(page.js("chart.timeScale().width()"))


@pytest.mark.parametrize("scale", SCALES)
def test_the_last_column_holds_to_the_right_edge_in_its_full_strength(
    scale: str, layer: HeatmapLayer, chart_page: ChartPage
) -> None:
    chart_page.js(f"(priceSeries.priceScale().applyOptions({SCALES[scale]}), 0)")
    chart_page.js("(priceSeries.applyOptions({priceLineVisible: false}), 0)")
    bare = chart_page.settled_picture()
    layer.show_grid(*grid_message(standing_cells(), standing=True))
    difference = changed(bare, wait_for_change(chart_page, bare))
    pixels = to_array(chart_page.settled_picture())
    end, width = round(x_of_end(chart_page)), pane_width(chart_page)
    for row in (HIGH_ROW, LOW_ROW):
        rows = row_place(chart_page, row)
        # But for the chart's grid lines, which lie over it.
        beyond = difference[rows, end + 3 : width - 1]
        assert beyond.mean() > 0.97
        middle = (rows.start + rows.stop) // 2
        own, held = pixels[middle, end - 6], pixels[middle, end + 12 : width - 1]
        assert (held == own).all(axis=1).mean() > 0.95
    gone = difference[row_place(chart_page, LOW_ROW - 3), end + 3 : width - 1]
    assert not gone.any()
    # And nothing else but the line at now.
    others = difference[:, end + 3 : width - 1].copy()
    for row in (HIGH_ROW, LOW_ROW):
        rows = row_place(chart_page, row)
        others[rows.start - 3 : rows.stop + 3] = False
    assert not others.any()


def test_a_dotted_line_marks_now(layer: HeatmapLayer, chart_page: ChartPage) -> None:
    bare = chart_page.settled_picture()
    layer.show_grid(*grid_message(np.zeros((ROWS, COLS), np.uint8), standing=True))
    difference = changed(bare, wait_for_change(chart_page, bare))
    height = int(chart_page.js("chart.paneSize(0).height"))
    _, columns = np.nonzero(difference)
    end = x_of_end(chart_page)
    assert abs(columns.min() - end) <= 1
    assert abs(columns.max() - end) <= 1
    line = difference[:height, columns.min()]
    assert 0.2 < line.mean() < 0.5


@pytest.mark.parametrize("changes", [{}, {"standing": False}])
def test_recorded_heat_ends_where_the_window_does(
    changes: dict[str, Any], layer: HeatmapLayer, chart_page: ChartPage
) -> None:
    bare = chart_page.settled_picture()
    layer.show_grid(*grid_message(standing_cells(), **changes))
    difference = changed(bare, wait_for_change(chart_page, bare))
    assert not difference[:, round(x_of_end(chart_page)) + 2 :].any()


@pytest.mark.parametrize("view", ["{from: 20, to: 75}", "{from: -600, to: 300}"])
@pytest.mark.parametrize("holes", [False, True])
def test_it_holds_after_a_pan_and_a_zoom_and_a_column_more(
    holes: bool, view: str, layer: HeatmapLayer, chart_page: ChartPage
) -> None:
    if holes:
        candles = [candle for i, candle in enumerate(minute_candles()) if i % 7 or i == 0]
        chart_page.js(f"(priceSeries.setData({candles}), 0)")
    bare = chart_page.settled_picture()
    layer.show_grid(*grid_message(standing_cells(), standing=True))
    wait_for_change(chart_page, bare)
    column = np.zeros((ROWS, 1), np.uint8)
    column[LOW_ROW, 0] = 255
    # The level above is consumed in it.
    layer.append_cells(
        {
            "sequence": 2,
            "firstCol": START_S // 5 + COLS,
            "cols": 1,
            "dropCols": 0,
            "timeStartMs": START_S * 1000,
            "windowStartMs": 0,
            "endMs": (START_S + 5 * (COLS + 1)) * 1000,
        },
        pack_cells(column.tobytes()),
    )
    chart_page.js(f"(chart.timeScale().setVisibleLogicalRange({view}), 0)")
    drawn = to_array(chart_page.settled_picture())
    layer.clear()
    difference = (drawn != to_array(chart_page.settled_picture())).any(axis=2)
    end, width = round(x_of_end(chart_page)), pane_width(chart_page)
    assert difference[row_place(chart_page, LOW_ROW), end + 10 : width - 1].mean() > 0.97
    assert not difference[row_place(chart_page, HIGH_ROW), end + 10 : width - 1].any()


# -- labels -----------------------------------------------------------------------------------


def level(price: float, usd: float = 1e6, side: str = "shorts", text: str = "\u2248 1.4M") -> Any:
    return {"price": price, "usd": usd, "text": text, "side": side}


def labels(*levels: Any) -> Any:
    """Give what the feed shows of levels."""
    return {"levels": list(levels), "words": LEVEL_WORDS, "endMs": (START_S + 3600) * 1000}


def show_labels(page: ChartPage, layer: HeatmapLayer, *levels: Any) -> Any:
    """Show labels; give where the picture changed."""
    bare = page.settled_picture()
    layer.show_part("level_labels", labels(*levels))
    page.qtbot.waitUntil(lambda: bool(changed(bare, page.picture()).any()), timeout=10_000)
    return changed(bare, page.settled_picture())


def label_tops(difference: Any, width: int) -> list[tuple[int, int]]:
    """Give the height ranges of what was drawn at the right edge."""
    is_label = difference[:, width - 60 : width].sum(axis=1) > 2
    edges = np.flatnonzero(np.diff(np.concatenate([[False], is_label, [False]]).astype(int)))
    return [(int(top), int(end)) for top, end in zip(edges[::2], edges[1::2], strict=True)]


@pytest.mark.parametrize("scale", SCALES)
def test_labels_stand_at_the_right_edge_at_their_prices(
    scale: str, layer: HeatmapLayer, chart_page: ChartPage
) -> None:
    chart_page.js(f"(priceSeries.priceScale().applyOptions({SCALES[scale]}), 0)")
    chart_page.js("(priceSeries.applyOptions({priceLineVisible: false}), 0)")
    prices = (101_000.0, 99_000.0)
    difference = show_labels(chart_page, layer, *(level(price) for price in prices))
    width = pane_width(chart_page)
    tops = label_tops(difference, width)
    assert len(tops) == 2
    wanted = sorted(chart_page.y_of_price(price) for price in prices)
    assert [(top + end) / 2 for top, end in tops] == pytest.approx(wanted, abs=2)
    assert not difference[:, : width - 90].any()
    assert not difference[:, width - 3 :].any()


@pytest.mark.parametrize("is_dark", [True, False])
def test_labels_can_be_read_over_heat(
    is_dark: bool, qtbot: Any, make_page: Callable[..., ChartPage]
) -> None:
    page = make_page(is_dark=is_dark)
    page.load()
    page.create_chart()
    layer = HeatmapLayer(page.page)
    qtbot.waitUntil(lambda: layer.is_ready, timeout=10_000)
    layer.set_options({"opacity": 1.0, "colourBar": False, "sourceLine": False})
    layer.show_grid(*grid_message(np.full((ROWS, COLS), 255, np.uint8), standing=True))
    page.settled_picture()
    difference = show_labels(page, layer, level(101_000.0))
    rows, columns = np.nonzero(difference)
    pixels = to_array(page.settled_picture())
    label = pixels[rows.min() : rows.max(), columns.min() : columns.max() - 6].reshape(-1, 3)
    light = label @ [0.2126, 0.7152, 0.0722]
    assert light.max() - light.min() > 110


def test_the_strongest_are_labelled_and_none_lies_on_another_or_on_the_price_line(
    layer: HeatmapLayer, chart_page: ChartPage
) -> None:
    width = pane_width(chart_page)
    close = minute_candles()[-1]["close"]
    price_y = chart_page.y_of_price(close)
    prices = [100_600.0, 100_590.0, 100_610.0, 100_000.0, close + 5, 99_000.0, 101_000.0]
    prices += [99_250.0, 100_420.0, 99_600.0]
    difference = show_labels(chart_page, layer, *(level(price) for price in prices))
    tops = label_tops(difference, width)
    # Of three at one price one; and seven in all.
    assert len(tops) == 7
    for (_, end), (top, _) in pairwise(tops):
        assert top >= end - 1
    for top, end in tops:
        assert end <= price_y + 1 or top >= price_y - 1
    below = chart_page.y_of_price(99_600.0)
    assert not any(top < below < end for top, end in tops)


def test_labels_keep_off_the_panes_edges(layer: HeatmapLayer, chart_page: ChartPage) -> None:
    top, bottom = (chart_page.js(f"priceSeries.coordinateToPrice({y})") for y in (4, 438))
    height = int(chart_page.js("chart.paneSize(0).height"))
    bottom = chart_page.js(f"priceSeries.coordinateToPrice({height - 4})")
    difference = show_labels(
        chart_page, layer, level(top), level(bottom), level(101_000.0), level(250_000.0)
    )
    assert len(label_tops(difference, pane_width(chart_page))) == 1


LEGEND = {
    "sourceText": "expected if reached, USD per 0.1 %, 30 days of candles",
    "scale": {"labels": [[0, "0"], [0.5, "104k"], [1, "\u2265414k"]]},
}


def leave_room_below(page: ChartPage) -> None:
    """Have no candle come near the lower edge."""
    margins = "{scaleMargins: {top: 0.2, bottom: 0.35}}"
    page.js(f"(priceSeries.priceScale().applyOptions({margins}), 0)")


def test_the_legend_makes_room_on_the_left_right_of_the_logo(
    layer: HeatmapLayer, chart_page: ChartPage
) -> None:
    leave_room_below(chart_page)
    bare = chart_page.settled_picture()
    layer.show_grid(*grid_message(np.zeros((ROWS, COLS), np.uint8), **LEGEND))
    right = changed(bare, wait_for_change(chart_page, bare))
    width = pane_width(chart_page)
    assert not right[:, : width // 2].any()
    layer.show_part("level_labels", labels(level(101_000.0)))
    chart_page.qtbot.waitUntil(
        lambda: bool(changed(bare, chart_page.picture())[:, : width // 2].any()), timeout=10_000
    )
    left = changed(bare, chart_page.settled_picture())
    rows, columns = np.nonzero(left[:, : width - 100])
    assert columns.min() >= 49
    assert columns.max() < width * 0.6
    assert rows.min() > 350
    logo = chart_page.js(
        "(() => { const a = document.querySelector('#tv-attr-logo');"
        " return a === null ? null : a.getBoundingClientRect().right; })()"
    )
    assert logo is not None
    assert logo <= columns.min()
    layer.show_part("level_labels", None)
    chart_page.qtbot.waitUntil(
        lambda: not (changed(bare, chart_page.picture()) != right).any(), timeout=10_000
    )


STAGE = "OrderPilotHeatmap.layers.values().next().value.stage"


def test_a_line_leads_from_each_label_to_its_level(
    layer: HeatmapLayer, chart_page: ChartPage
) -> None:
    width = pane_width(chart_page)
    close = minute_candles()[-1]["close"]
    # Its label has no room beside the price line: it stands off, the line's end does not.
    beside = close + 4 * (
        chart_page.js("priceSeries.coordinateToPrice(100)")
        - chart_page.js("priceSeries.coordinateToPrice(101)")
    )
    prices = (101_000.0, beside)
    difference = show_labels(chart_page, layer, *(level(price) for price in prices))
    taken = float(chart_page.js(f"{STAGE}.room.right"))
    # The dot at the end of the line is what lies farthest to the left.
    ends = difference[:, round(width - taken) : round(width - taken) + 8]
    heights = np.flatnonzero(ends.any(axis=1))
    parts = np.split(heights, np.flatnonzero(np.diff(heights) > 1) + 1)
    found = sorted(float(part.mean()) for part in parts)
    wanted = sorted(chart_page.y_of_price(price) for price in prices)
    assert found == pytest.approx(wanted, abs=1.5)
    middles = [(top + end) / 2 for top, end in label_tops(difference, width)]
    moved = max(abs(middle - want) for middle, want in zip(middles, wanted, strict=True))
    assert moved > 3


def test_the_legend_says_what_the_amounts_and_colours_of_labels_are(
    layer: HeatmapLayer, chart_page: ChartPage
) -> None:
    layer.show_grid(*grid_message(standing_cells(), standing=True, **LEGEND))

    def rows() -> Any:
        chart_page.settled_picture()
        return chart_page.js(
            f"{STAGE}.legend.rows.map((row) => [row.text, row.entries.map((one) => one.text)])"
        )

    assert rows() == []
    show_labels(chart_page, layer, level(101_000.0))
    assert rows() == [[LEVEL_WORDS["sum"], ["longs", "shorts"]]]
    # Where bubbles have said whose which colour is, it is not said twice.
    events = np.zeros(1, EVENT_DTYPE)
    events["ts_ms"], events["price"], events["notional"] = START_S * 1000, 100_500.0, 1e6
    layer.show_part("bubbles", bubble_message(group_into_cells(events, MOST_BUBBLES), 0.0))
    said = rows()
    assert [entries for _, entries in said] == [["longs", "shorts"], []]
    assert said[1][0] == LEVEL_WORDS["sum"]


# Corners as the legend has them: of the left ones the lower one keeps off the logo.
SEEK = f"""((times) => {{
  const made = {STAGE}.parts._made.find(({{ record }}) => record.name === "legend");
  const surface = made.part._surface;
  window.quiet = window.quiet || new OrderPilotHeatmap.corners.QuietCorner(surface);
  const {{ width, height }} = chart.paneSize(0);
  return times.map((nowMs) => {{
    [[50, height - 60], [width - 220, height - 60], [10, 20], [width - 220, 20]].forEach(
      ([left, top], corner) => quiet.offer(corner, left, top),
    );
    quiet.find(200, 40, width, nowMs);
    return (quiet.top > height / 2 ? "lower" : "upper") + (quiet.left > 50 ? " right" : " left");
  }});
}})"""


def heat_but_for(corner: str) -> Any:
    """Give a grid that is all bright but for a quarter."""
    grid = np.full((ROWS, COLS), 255, np.uint8)
    rows = slice(0, ROWS // 2) if "lower" in corner else slice(ROWS // 2, ROWS)
    columns = slice(0, COLS // 2) if "left" in corner else slice(COLS // 2, COLS)
    grid[rows, columns] = 0
    return grid


def test_the_legend_seeks_a_corner_without_heat_and_does_not_jump(
    layer: HeatmapLayer, chart_page: ChartPage
) -> None:
    # Only the window's own time, and prices that the grid has, so that each quarter is one of it;
    # candles are in none of them more than in another.
    chart_page.js("(chart.timeScale().setVisibleLogicalRange({from: -0.5, to: 59.5}), 0)")
    middle = "{scaleMargins: {top: 0.35, bottom: 0.35}}"
    chart_page.js(f"(priceSeries.priceScale().applyOptions({middle}), 0)")
    corners = ("lower left", "lower right", "upper left", "upper right")

    def show(corner: str) -> None:
        before = chart_page.settled_picture()
        low, high = (
            chart_page.js(f"priceSeries.coordinateToPrice({y})")
            for y in (chart_page.js("chart.paneSize(0).height"), 0)
        )
        bin_usd = (high - low) / ROWS
        at = {"binUsd": bin_usd, "priceLow": round(low / bin_usd) * bin_usd}
        layer.show_grid(*grid_message(heat_but_for(corner), **at))
        wait_for_change(chart_page, before)

    def found(*times_ms: int) -> Any:
        return chart_page.js(f"{SEEK}({list(times_ms)})")

    show(corners[1])
    assert found(0) == [corners[1]]
    now_ms = 0
    for before, corner in pairwise((corners[1], *corners)):
        show(corner)
        now_ms += 10_000
        times = [now_ms + more for more in (0, 100, 1_000, 2_500, 3_100, 4_000)]
        # Once it has been better for three seconds, and was looked at meanwhile.
        assert found(*times) == [before] * 4 + [corner] * 2
    # Where the host has words of its own it does not go.
    chart_page.js(
        "(() => { const words = document.createElement('div'); words.id = 'words';"
        " words.style.cssText = 'position: absolute; left: 12px; top: 12px; pointer-events: none';"
        " words.textContent = 'OHLC'; chart.chartElement().parentElement.append(words); })()"
    )
    show(corners[2])
    assert found(now_ms + 11_000, now_ms + 15_000)[-1] != corners[2]
    chart_page.js("(document.getElementById('words').remove(), 0)")
    show(corners[3])
    assert found(now_ms + 16_000, now_ms + 19_500)[-1] == corners[3]
    # What is better for a moment only changes nothing.
    show(corners[0])
    assert found(now_ms + 20_000, now_ms + 21_000) == [corners[3]] * 2
    show(corners[3])
    assert found(now_ms + 22_000) == [corners[3]]
    show(corners[0])
    assert found(now_ms + 23_500, now_ms + 26_000) == [corners[3]] * 2


def test_the_legend_of_levels_keeps_off_a_strong_one(
    layer: HeatmapLayer, chart_page: ChartPage
) -> None:
    leave_room_below(chart_page)
    layer.show_grid(*grid_message(np.zeros((ROWS, COLS), np.uint8), standing=True, **LEGEND))
    show_labels(chart_page, layer, level(100_500.0))
    place = f"[{STAGE}.legend.left, {STAGE}.legend.top, {STAGE}.legend.bottom]"
    left, top, bottom = chart_page.js(place)
    assert left < 60
    # A level comes to where it stands.
    low, high = (chart_page.js(f"priceSeries.coordinateToPrice({y})") for y in (bottom, top))
    grid = np.zeros((ROWS, COLS), np.uint8)
    lowest = low // BIN_USD * BIN_USD - 500
    first, last = (int((price - lowest) // BIN_USD) for price in (low, high))
    grid[first : last + 1] = 255
    layer.show_grid(*grid_message(grid, standing=True, priceLow=lowest, **LEGEND))

    def is_clear() -> bool:
        chart_page.picture()
        chart_page.js("(chart.applyOptions({}), 0)")
        return bool(chart_page.js(place)[2] < top)

    chart_page.qtbot.waitUntil(is_clear, timeout=15_000)


def test_lines_of_clusters_say_their_words_beside_the_labels(
    layer: HeatmapLayer, chart_page: ChartPage
) -> None:
    line = {
        "price": 101_000.0,
        "side": "long",
        "strength": 1.0,
        "fromMs": (START_S + 20 * 60) * 1000,
        "text": "\u2265 1.2M USD",
    }
    layer.show_part("cluster_lines", [line])
    chart_page.settled_picture()
    width = pane_width(chart_page)
    room = "OrderPilotHeatmap.layers.values().next().value.stage.room.right"
    assert chart_page.js(room) == 0
    show_labels(chart_page, layer, level(101_000.0))
    taken = chart_page.js(room)
    assert 40 < taken < 90
    assert width > taken


def test_labels_go_with_the_layer_and_change_nothing_of_the_hosts_chart(
    layer: HeatmapLayer, chart_page: ChartPage
) -> None:
    bare, state = chart_page.settled_picture(), chart_page.state()
    for end in (
        layer.clear,
        lambda: layer.show_part("level_labels", None),
        lambda: layer.show_part("level_labels", labels()),
        lambda: layer.set_options({"visible": False}),
        layer.detach,
    ):
        layer.set_options({"visible": True})
        show_labels(chart_page, layer, level(101_000.0), level(10.0))
        assert chart_page.state() == state
        end()
        chart_page.qtbot.waitUntil(
            lambda: not changed(bare, chart_page.picture()).any(), timeout=10_000
        )
        layer.show_part("level_labels", None)
