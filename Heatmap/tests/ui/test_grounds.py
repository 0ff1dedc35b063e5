"""Whatever the chart is drawn on, heat is seen on it and words can be read."""

import itertools
import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from PyQt6.QtCore import Qt

from Heatmap.heatmap_settings import PALETTES
from Heatmap.tests.ui.cell_grids import COLS, ROWS
from Heatmap.tests.ui.chart_page import START_S, ChartPage, Recording, grid_message, to_array
from Heatmap.tests.ui.crosshair_box import box_text, place, point_at
from Heatmap.tests.ui.test_palette import channels, distance, lightness, to_hex
from Heatmap.ui.layer.chart_layer import HeatmapLayer

pytestmark = pytest.mark.qt_log_ignore("Registered new object after initialization")

LAYER = "OrderPilotHeatmap.layers.values().next().value"
LIGHT_TEXT, DARK_TEXT = "#c8ccd4", "#24292f"


def solid(colour: str, text: str) -> dict[str, Any]:
    return {"background": {"type": "solid", "color": colour}, "textColor": text}


def gradient(top: str, bottom: str, text: str) -> dict[str, Any]:
    background = {"type": "gradient", "topColor": top, "bottomColor": bottom}
    return {"background": background, "textColor": text}


def luminance(colour: Any) -> float:
    parts = [channel / 255 for channel in colour]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return float(0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2])


def contrast(one: Any, other: Any) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def apply(page: ChartPage, layout: dict[str, Any]) -> None:
    page.js(f"(chart.applyOptions({json.dumps({'layout': layout})}), 0)")


def ramp() -> Any:
    """Give a grid of ten steps from nothing to the strongest, from left to right."""
    grid = np.zeros((ROWS, COLS), np.uint8)
    for step in range(10):
        grid[10:50, 72 * step : 72 * (step + 1)] = [0, 28, 56, 85, 113, 141, 170, 198, 226, 255][
            step
        ]
    return grid


def step_colours(page: ChartPage) -> list[Any]:
    """Give the colours of the steps, between the candles and away from the grid's lines."""
    pixels = to_array(page.settled_picture())
    found = []
    for step in range(10):
        at = place(page, 6 * step + 3, 12.5)
        part = pixels[at.y() - 3 : at.y() + 4, at.x() + 3 : at.x() + 8].reshape(-1, 3)
        found.append(np.median(part, axis=0))
    return found


@pytest.fixture
def layer(qtbot: Any, chart_page: ChartPage, listener: Recording) -> HeatmapLayer:
    chart_page.create_chart(options={"grid": {"vertLines": {"visible": False}}})
    layer = HeatmapLayer(chart_page.page)
    layer.set_listener(listener)
    qtbot.waitUntil(lambda: layer.is_ready, timeout=10_000)
    layer.set_options({"colourBar": False, "sourceLine": False})
    layer.show_grid(*grid_message(ramp()))
    return layer


def assert_seen(colours: list[Any]) -> None:
    """Check that each step is further from the first one, the ground, than that before."""
    ground = list(colours[0])
    lights = [lightness(to_hex(list(colour))) for colour in colours]
    sign = 1 if lights[0] < 50 else -1
    assert all(sign * (b - a) > -0.6 for a, b in itertools.pairwise(lights)), lights
    assert abs(lights[-1] - lights[0]) > 24
    assert distance(list(colours[-1]), ground) > 30
    assert distance(list(colours[2]), ground) > 5


@pytest.mark.parametrize("name", PALETTES)
@pytest.mark.parametrize(
    "layout",
    [
        solid("#0b0b0d", LIGHT_TEXT),
        solid("#ffffff", DARK_TEXT),
        solid("#ffffff", LIGHT_TEXT),
        solid("#888888", LIGHT_TEXT),
        gradient("#1b2a4a", "#05070c", LIGHT_TEXT),
        gradient("#ffffff", "#d5dde8", DARK_TEXT),
    ],
    ids=["dark", "light", "light, light text", "grey", "dark gradient", "light gradient"],
)
def test_heat_runs_away_from_the_ground(
    layout: dict[str, Any], name: str, layer: HeatmapLayer, chart_page: ChartPage
) -> None:
    layer.set_options({"palette": name})
    # Later than the grid: a host may change its theme at any time.
    apply(chart_page, layout)
    assert_seen(step_colours(chart_page))


@pytest.mark.parametrize("behind", ["#10141c", "#fdf6e3"])
@pytest.mark.parametrize("colour", ["transparent", "rgba(0, 0, 0, 0)", "rgba(128, 128, 128, 0.1)"])
def test_a_transparent_chart_counts_as_what_is_behind_it(
    colour: str, behind: str, layer: HeatmapLayer, chart_page: ChartPage
) -> None:
    text = LIGHT_TEXT if behind == "#fdf6e3" else DARK_TEXT
    # What the host says of its body is not seen: the root has a colour, and the body no height.
    chart_page.js("(document.body.style.background = '#7f7f7f', 0)")
    chart_page.js(f"(document.documentElement.style.background = '{behind}', 0)")
    apply(chart_page, solid(colour, text))
    assert_seen(step_colours(chart_page))
    # And when that changes later, while nothing of the chart does.
    other = "#fdf6e3" if behind == "#10141c" else "#10141c"
    before = ground_of(chart_page)
    chart_page.js(f"(document.documentElement.style.background = '{other}', 0)")
    chart_page.qtbot.waitUntil(lambda: ground_of(chart_page) != before, timeout=10_000)
    assert_seen(step_colours(chart_page))
    # Or when something is laid between them.
    before = ground_of(chart_page)
    chart_page.js(
        "((div) => { div.style.cssText = 'position: absolute; inset: 0; background: "
        f"{behind}'; document.body.prepend(div); }})(document.createElement('div'))"
    )
    chart_page.qtbot.waitUntil(lambda: ground_of(chart_page) != before, timeout=10_000)
    assert_seen(step_colours(chart_page))
    del layer


def test_where_nothing_is_painted_the_pages_own_colour_counts(
    make_page: Callable[..., ChartPage], listener: Recording
) -> None:
    for colour in (Qt.GlobalColor.black, Qt.GlobalColor.white, Qt.GlobalColor.transparent):
        page = make_page()
        page.page.setBackgroundColor(colour)
        page.load()
        page.js("(document.documentElement.style.background = 'transparent', 0)")
        page.js("(document.body.style.background = 'transparent', 0)")
        page.create_chart(options={"layout": solid("transparent", LIGHT_TEXT)})
        layer = HeatmapLayer(page.page)
        layer.set_listener(listener)
        page.qtbot.waitUntil(lambda one=layer: one.is_ready, timeout=10_000)
        page.settled_picture()
        expected = "light" if colour is Qt.GlobalColor.white else "dark"
        kind = page.js(f"OrderPilotHeatmap.palette.groundOf({LAYER}.stage.ground.hex)")
        assert kind == expected


def ground_of(page: ChartPage) -> str:
    return str(page.js(f"{LAYER}.picture._ground"))


@pytest.mark.parametrize(
    "background",
    ["#0b0b0d", "#131722", "#3a3a3a", "#777777", "#8a8a8a", "#d8d0c0", "#ffffff"],
)
@pytest.mark.parametrize("text", [LIGHT_TEXT, DARK_TEXT, "#808080", "rgba(255, 255, 255, 0.2)"])
def test_words_can_be_read_on_any_ground_with_any_text_colour(
    text: str, background: str, layer: HeatmapLayer, chart_page: ChartPage
) -> None:
    apply(chart_page, solid(background, text))
    chart_page.settled_picture()
    found = chart_page.js(f"{LAYER}.stage.ground.place")
    assert found["colour"] == background
    ink = text_pixels(chart_page, found["ink"], background)
    assert contrast(ink, channels(background)) >= 4.2, found
    point_at(chart_page, place(chart_page, 40, 30.5))
    chart_page.qtbot.waitUntil(lambda: box_text(chart_page) is not None, timeout=10_000)
    box = "getComputedStyle(chart.chartElement().lastElementChild)"
    assert channels(background) == rgb(chart_page.js(f"{box}.backgroundColor"))
    drawn = rgb(chart_page.js(f"{box}.color"))
    assert contrast(drawn[:3], channels(background)) >= 4.2 or "rgba" in text
    del layer


def rgb(css: str) -> list[float]:
    return [float(part) for part in css[css.index("(") + 1 : -1].split(",")][:3]


def text_pixels(page: ChartPage, ink: str, background: str) -> list[float]:
    """Give an ink as the words in the corner have it, on its ground."""
    return [
        float(part)
        for part in page.js(
            "(() => { const canvas = document.createElement('canvas'); canvas.width = 1;"
            " canvas.height = 1; const context = canvas.getContext('2d');"
            f" context.fillStyle = '{background}'; context.fillRect(0, 0, 1, 1);"
            f" context.globalAlpha = 0.9; context.fillStyle = '{ink}';"
            " context.fillRect(0, 0, 1, 1);"
            " return Array.from(context.getImageData(0, 0, 1, 1).data).slice(0, 3); })()"
        )
    ]


def test_a_text_colour_that_can_be_read_is_left_as_it_is(
    layer: HeatmapLayer, chart_page: ChartPage
) -> None:
    for background, text in (("#0b0b0d", "#c8ccd4"), ("#ffffff", "rgb(36, 41, 47)")):
        apply(chart_page, solid(background, text))
        chart_page.settled_picture()
        assert chart_page.js(f"{LAYER}.stage.ground.place.ink") == text
    del layer


@pytest.mark.parametrize(
    "layout",
    [
        solid("#ffffff", LIGHT_TEXT),
        solid("#0b0b0d", DARK_TEXT),
        gradient("#000000", "#ffffff", LIGHT_TEXT),
    ],
)
def test_hatch_and_mark_are_seen_from_top_to_bottom(
    layout: dict[str, Any], layer: HeatmapLayer, chart_page: ChartPage
) -> None:
    apply(chart_page, layout)
    empty = np.zeros((ROWS, COLS), np.uint8)
    start_ms = START_S * 1000
    layer.show_grid(*grid_message(empty))
    bare = to_array(chart_page.settled_picture())
    gap = [[start_ms + 600_000, start_ms + 1_800_000, "gap"]]
    layer.show_grid(*grid_message(empty, gaps=gap, windowStartMs=start_ms + 300_000))
    chart_page.qtbot.waitUntil(
        lambda: bool((to_array(chart_page.picture()) != bare).any()), timeout=10_000
    )
    drawn = to_array(chart_page.settled_picture())
    left, right = place(chart_page, 12, 0).x(), place(chart_page, 28, 0).x()
    height = int(chart_page.js("chart.paneSize(0).height"))
    mark = round(chart_page.x_of_candle(START_S + 300) - 5)
    for top in range(0, height - 40, 40):
        part = slice(top, top + 40)
        for columns in (slice(left, right), slice(mark - 8, mark + 9)):
            one, other = bare[part, columns], drawn[part, columns]
            change = np.abs(one - other).max(axis=2)
            strongest = np.unravel_index(change.argmax(), change.shape)
            apart = distance(list(one[strongest]), list(other[strongest]))
            assert apart > 12, (top, columns, apart)


def test_a_background_that_was_a_gradient_before_counts_as_what_it_is(
    layer: HeatmapLayer, chart_page: ChartPage
) -> None:
    apply(chart_page, gradient("#ffffff", "#eeeeee", DARK_TEXT))
    chart_page.settled_picture()
    apply(chart_page, solid("#0b0b0d", LIGHT_TEXT))
    chart_page.settled_picture()
    assert ground_of(chart_page) == "#0b0b0d"
    apply(chart_page, gradient("#ffffff", "#ffffff", DARK_TEXT))
    chart_page.settled_picture()
    assert ground_of(chart_page) == "#ffffff"
    del layer


def test_an_open_box_follows_a_change_of_the_theme(
    layer: HeatmapLayer, chart_page: ChartPage
) -> None:
    point_at(chart_page, place(chart_page, 40, 30.5))
    chart_page.qtbot.waitUntil(lambda: box_text(chart_page) is not None, timeout=10_000)
    apply(chart_page, solid("#ffffff", LIGHT_TEXT))
    box = "chart.chartElement().lastElementChild"
    chart_page.qtbot.waitUntil(
        lambda: rgb(chart_page.js(f"getComputedStyle({box}).backgroundColor")) == [255, 255, 255],
        timeout=10_000,
    )
    assert contrast(rgb(chart_page.js(f"getComputedStyle({box}).color")), [255] * 3) > 4.5
    assert box_text(chart_page) is not None
    del layer
