"""What a host does with its chart has the same outcome with the layer on it as without.

Every operation, by calls and by the mouse, is carried out on two charts, of which the second one
has the layer, and then everything that the host can see is compared.
"""

import base64
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import pytest

from Heatmap.aggregation.arrays import EVENT_DTYPE
from Heatmap.aggregation.bubble_cells import group_into_cells
from Heatmap.feeds.bubble_book import bubble_message
from Heatmap.picture.texts import LEVEL_WORDS
from Heatmap.tests.ui.chart_page import (
    PACKAGED_BUILD,
    START_S,
    ChartPage,
    changed,
    grid_message,
)
from Heatmap.tests.ui.paired_hosts import (
    HIGH,
    LINE_PRICES,
    LOW,
    PAGE_PX,
    Outcome,
    PairedHosts,
)
from Heatmap.ui.layer.chart_layer import HeatmapLayer

pytestmark = pytest.mark.qt_log_ignore("Registered new object after initialization")

# The oldest and the newest 5.x as development builds, which reject more; the host's; our own.
BUILDS = ("5.0.0 development", "5.0.9 production", PACKAGED_BUILD, "5.2.1 development")
ALL_BUILDS = (*BUILDS, "5.0.0 production", "5.2.1 production")
ROWS = 16

# Name to JavaScript: `c` the chart, `s` the candle series, `h` the host's own notes and its mouse.
OPERATIONS: dict[str, str] = {
    "visible range": "c.timeScale().setVisibleLogicalRange({from: -1.5, to: 61.5})",
    "update of the newest": "s.update(Object.assign(candle(59), {close: 100300, high: 100350}))",
    "new candle": "s.update(candle(60))",
    "another new candle": "s.update(candle(61))",
    "scrolled back": "c.timeScale().scrollToPosition(-25, false)",
    "new candle while scrolled back": "s.update(candle(62))",
    "newer data": "s.setData(wave(60, 60, 10))",
    "older data": "s.setData(wave(60, 60, -200))",
    "longer data": "s.setData(wave(600, 60, -500))",
    "fit content": "c.timeScale().fitContent()",
    "the first data": "s.setData(wave(60, 60))",
    "bar spacing": "c.timeScale().applyOptions({barSpacing: 7.3, rightOffset: 4})",
    "to the newest": "c.timeScale().scrollToPosition(2, false)",
    "time range": "c.timeScale().setVisibleRange({from: START + 300, to: START + 3000})",
    "enter": "(mouse(h, 'enter', 150, 90), mouse(h, 'move', 150, 90))",
    "hover over a candle": "hover(h, 24, candle(24).open)",
    "hover elsewhere": "mouse(h, 'move', 262, 203)",
    "hover with the magnet": "hover(h, 21, candle(21).high - 5)",
    "free crosshair": "c.applyOptions({crosshair: {mode: 0}})",
    "hover freely": "hover(h, 21, candle(21).high - 5)",
    "wider magnet": "c.applyOptions({crosshair: {mode: WIDER_MAGNET || 1}})",
    "hover with the wider magnet": "hover(h, 21, candle(21).high - 5)",
    "magnet again": "c.applyOptions({crosshair: {mode: 1}})",
    "hover with the magnet again": "hover(h, 21, candle(21).high - 5)",
    "hover and click": "(mouse(h, 'down', 222, 133), mouse(h, 'up', 222, 133))",
    "leave": "mouse(h, 'leave', 275, 171)",
    "wheel in": "wheel(h, 200, 120, 0, -120)",
    "wheel out": "wheel(h, 150, 90, 0, 80)",
    "wheel to the side": "wheel(h, 200, 120, 60, 0)",
    "drag of the pane": "drag(h, 'pane', 220, 150, 60, 12)",
    "drag of the times": "drag(h, 'times', 220, 10, -50, 0)",
    "drag of the prices": "drag(h, 'prices', 20, 150, 0, 40)",
    "drag of the pane upwards": "drag(h, 'pane', 220, 200, 8, -40)",
    "prices by themselves": "s.priceScale().applyOptions({autoScale: true})",
    "time range again": "c.timeScale().setVisibleRange({from: START + 300, to: START + 3000})",
    "crosshair by call": "c.setCrosshairPosition(100100, START + 1200, s)",
    "no crosshair": "c.clearCrosshairPosition()",
    "line beside the candles": (
        "h.line = c.addSeries(LightweightCharts.LineSeries, {color: '#ffffff'}), "
        "h.line.setData(wave(60, 60).map((each) => ({time: each.time, value: each.high + 90})))"
    ),
    "pane below": (
        "h.other = c.addSeries(LightweightCharts.AreaSeries, {lineColor: '#8888ff'}, 1), "
        "h.other.setData(wave(60, 60).map((each) => ({time: each.time, value: each.low - 90})))"
    ),
    "hover with two panes": (
        "(mouse(h, 'enter', 201, 60), mouse(h, 'move', 201, 60), mouse(h, 'leave', 201, 60))"
    ),
    "line removed": "c.removeSeries(h.line)",
    "candles to the pane below": "s.moveToPane(1)",
    "logarithmic": "s.priceScale().applyOptions({mode: 1})",
    "percentage": "s.priceScale().applyOptions({mode: 2})",
    "indexed": "s.priceScale().applyOptions({mode: 3})",
    "normal": "s.priceScale().applyOptions({mode: 0})",
    "inverted": "s.priceScale().applyOptions({invertScale: true})",
    "upright": "s.priceScale().applyOptions({invertScale: false})",
    "candles to a pane of their own": "s.moveToPane(1)",
    "panes swapped": "c.swapPanes(0, 1)",
    "pane removed": "c.removeSeries(h.other)",
    "left scale": (
        "(c.applyOptions({leftPriceScale: {visible: true}}), "
        "s.applyOptions({priceScaleId: 'left'}))"
    ),
    "right scale": (
        "(s.applyOptions({priceScaleId: 'right'}), "
        "c.applyOptions({leftPriceScale: {visible: false}}))"
    ),
    "margins": "s.priceScale().applyOptions({scaleMargins: {top: 0.3, bottom: 0.2}})",
    "scale by hand": (
        "s.priceScale().setVisibleRange && "
        "s.priceScale().setVisibleRange({from: 99000, to: 100800})"
    ),
    "scale by itself": "s.priceScale().applyOptions({autoScale: true})",
    "price format": "s.applyOptions({priceFormat: {type: 'price', precision: 1, minMove: 0.1}})",
    "price line": (
        "s.createPriceLine({id: 'limit', price: 99800, color: '#ffff00', title: 'limit'})"
    ),
    "hover over the price line": (
        "(mouse(h, 'enter', 200, 60), hover(h, 30, 99800), mouse(h, 'leave', 200, 60))"
    ),
    "resize": "(h.div.style.height = '330px', c.resize(460, 330))",
    "old size": "(h.div.style.height = '400px', c.resize(480, 400))",
    "hidden candles": "s.applyOptions({visible: false})",
    "shown candles": "s.applyOptions({visible: true})",
    "holes": "s.setData(wave(60, 60).filter((_, i) => i % 9 !== 4))",
    "blank places": "s.setData(wave(60, 60).concat([{time: START + 3660}, {time: START + 3720}]))",
    "weekly": "s.setData(wave(40, 604800, -20))",
    "one of the weeks": "c.timeScale().setVisibleLogicalRange({from: 20, to: 20.5})",
    "one candle": (
        "(s.setData(wave(1, 60, 4)), c.timeScale().setVisibleLogicalRange({from: -2, to: 10}))"
    ),
    "empty": "s.setData([])",
    "candles again": "s.setData(wave(60, 60))",
    "seconds": "s.setData(wave(300, 1))",
    "five minutes": "(s.setData(wave(60, 300, -10)), c.timeScale().fitContent())",
}
# Each of these is told as an event of the crosshair.
HOVERS = tuple(name for name in OPERATIONS if name.startswith(("enter", "hover")))
# And each of these changes what is in view.
MOVES = tuple(name for name in OPERATIONS if name.startswith(("wheel", "drag")))
# With everything on that the layer can show beside the heat.
WITH_AIDS = (
    *("visible range", "update of the newest", "new candle", "scrolled back", "the first data"),
    *("time range", "enter", "hover over a candle", "hover with the magnet", "free crosshair"),
    *("hover freely", "magnet again", "hover with the magnet again", "leave", "wheel in"),
    *("wheel to the side", "drag of the pane", "drag of the times", "drag of the prices"),
    *("prices by themselves", "time range again", "pane below", "hover with two panes"),
    *("candles to the pane below", "logarithmic", "normal", "pane removed", "left scale"),
    *("right scale", "price line", "hover over the price line", "resize", "old size", "empty"),
    "candles again",
)


def heat(**changes: Any) -> tuple[dict[str, Any], bytes]:
    cells = np.full((ROWS, 720), 255, np.uint8)
    return grid_message(cells, priceLow=LOW, binUsd=(HIGH - LOW) / ROWS, windowStartMs=0, **changes)


@pytest.fixture
def hosts(make_page: Callable[..., ChartPage], request: pytest.FixtureRequest) -> PairedHosts:
    return PairedHosts(make_page(size=PAGE_PX), request.param)


def attached(hosts: PairedHosts, **options: Any) -> HeatmapLayer:
    """Put the layer with its heat on the second chart."""
    hosts.page.next_frames()
    hosts.look()
    layer = HeatmapLayer(hosts.page.page)
    hosts.page.qtbot.waitUntil(lambda: layer.is_ready, timeout=10_000)
    # The box beside the crosshair opens after a while; what it does not change has its own test.
    layer.set_options({"opacity": 1.0, "tooltip": False, **options})
    layer.show_grid(*heat())
    hosts.page.next_frames()
    # Coming is no event for the host.
    assert hosts.page.js("[hosts.bare.events, hosts.heated.events]") == [[], []]
    wait_for_heat(hosts)
    return layer


def wait_for_heat(hosts: PairedHosts) -> None:
    hosts.page.qtbot.waitUntil(lambda: hosts.compare("heated").heated > 1000, timeout=10_000)


def carry_out(hosts: PairedHosts, names: Iterable[str]) -> dict[str, Outcome]:
    """Carry out operations one after the other, and see that each of them did something."""
    outcomes: dict[str, Outcome] = {}
    view: list[Any] = []
    for name in names:
        outcome = outcomes[name] = hosts.compare(name, OPERATIONS[name])
        before, view = view, [outcome.seen[each] for each in ("logical", "top", "bottom")]
        if name in HOVERS:
            assert outcome.told("crosshair"), name
        elif name in MOVES:
            assert view != before, name
    assert outcomes["leave"].seen["events"]
    assert not outcomes["leave"].told("crosshair")
    # The crosshair's labels were there to be compared: they differ by what the crosshair does.
    free, magnet = (outcomes[f"hover {how}"].axes for how in ("freely", "with the magnet"))
    assert (free != magnet).any()
    assert (outcomes["hover with the magnet again"].axes == magnet).all()
    # What is hovered is the host's own.
    told = outcomes["hover over the price line"].told("crosshair")[-1]
    assert told[7:9] == ["candles", "limit"]
    return outcomes


@pytest.mark.parametrize("hosts", BUILDS, indirect=True)
def test_every_operation_has_the_same_outcome_with_the_layer(hosts: PairedHosts) -> None:
    assert hosts.compare("before the layer").heated == 0
    layer = attached(hosts)
    outcomes = carry_out(hosts, OPERATIONS)
    # The heat was there to be compared with, but where it has no candles.
    without = {name for name, outcome in outcomes.items() if outcome.heated == 0}
    assert without == {"older data", "empty"}
    assert outcomes["hover and click"].told("click")
    if hosts.page.js("WIDER_MAGNET !== undefined"):
        wider = outcomes["hover with the wider magnet"].axes
        for how in ("freely", "with the magnet"):
            assert (wider != outcomes[f"hover {how}"].axes).any()
    hosts.compare("another candle series", "replaceCandles(h)")
    wait_for_heat(hosts)
    hosts.look()
    layer.detach()
    hosts.page.qtbot.waitUntil(
        lambda: hosts.page.js("chart.panes()[0].getSeries().length") == 1, timeout=10_000
    )
    hosts.page.next_frames()
    # Going is no event for the host either.
    assert hosts.page.js("[hosts.bare.events, hosts.heated.events]") == [[], []]
    assert hosts.compare("detached").heated == 0
    for name in ("series", "chart"):
        keys = "Object.keys(hosts.{}.{})"
        assert hosts.page.js(keys.format("heated", name)) == hosts.page.js(
            keys.format("bare", name)
        )
    assert hosts.page.js("chart.panes().map((pane) => pane.getSeries().length)") == [1]


@pytest.mark.parametrize("hosts", BUILDS, indirect=True)
def test_operations_have_the_same_outcome_with_price_profile_and_lines(
    hosts: PairedHosts,
) -> None:
    layer = attached(hosts, profile=True)
    heated = hosts.compare("heat").heated
    hosts.has_aids = True
    bars = base64.b64encode(bytes([90] * 2 * ROWS)).decode("ascii")
    profile = {"bars": bars, "longText": "1.2M", "shortText": "300k"}
    layer.show_grid(*heat(profile=profile))
    layer.show_part(
        "cluster_lines",
        [
            {"price": price, "side": side, "strength": 0.8, "fromMs": (START_S + 600) * 1000}
            | {"text": "1.2M USD, 41 liquidations, last 6 h"}
            for price, side in zip(LINE_PRICES, ("long", "short"), strict=True)
        ],
    )
    # The sums above the bars are outside the heat.
    hosts.page.qtbot.waitUntil(
        lambda: hosts.compare("heat and aids").heated > heated + 1000, timeout=10_000
    )
    outcomes = carry_out(hosts, WITH_AIDS)
    assert {name for name, outcome in outcomes.items() if outcome.heated == 0} == {"empty"}


@pytest.mark.parametrize("hosts", BUILDS, indirect=True)
def test_operations_have_the_same_outcome_with_bubbles_labels_and_what_stands(
    hosts: PairedHosts,
) -> None:
    layer = attached(hosts)
    before = hosts.page.settled_picture()
    hosts.has_aids = True
    # Without the line at now, which is not where the prices of the heat are.
    layer.show_grid(*heat(standing=True, endMs=(START_S - 3600) * 1000))
    liquidations = np.array(
        [
            (
                (START_S + 60 * minute + 30) * 1000,
                LINE_PRICES[minute % 2],
                1e5 * minute,
                minute > 30,
            )
            for minute in range(1, 60, 4)
        ],
        dtype=EVENT_DTYPE,
    )
    layer.show_part("bubbles", bubble_message(group_into_cells(liquidations, 100), 0.0))
    levels = [
        {"price": price, "usd": 1.4e6, "text": "\u2248 1.4M", "side": side}
        for price, side in zip(LINE_PRICES, ("longs", "shorts"), strict=True)
    ]
    layer.show_part(
        "level_labels", {"levels": levels, "words": LEVEL_WORDS, "endMs": START_S * 1000}
    )
    # All three have been drawn, and not the first of them alone.
    hosts.page.next_frames()
    hosts.page.qtbot.waitUntil(
        lambda: int(changed(before, hosts.page.picture()).sum()) > 2_000, timeout=10_000
    )
    outcomes = carry_out(hosts, WITH_AIDS)
    assert {name for name, outcome in outcomes.items() if outcome.heated == 0} == {"empty"}
    hosts.look()
    layer.detach()
    hosts.page.qtbot.waitUntil(
        lambda: hosts.page.js("chart.panes()[0].getSeries().length") == 1, timeout=10_000
    )
    hosts.page.next_frames()
    assert hosts.compare("detached").heated == 0


@pytest.mark.parametrize("hosts", BUILDS, indirect=True)
def test_the_box_at_the_crosshair_keeps_nothing_from_the_host(hosts: PairedHosts) -> None:
    attached(hosts, tooltip=True)
    at_rest = hosts.look("(mouse(h, 'enter', 150, 90), hover(h, 24, 100000))")
    assert at_rest["events"]
    box = "hosts.heated.chart.chartElement().lastElementChild"
    hosts.page.qtbot.waitUntil(
        lambda: (
            hosts.page.js(f"getComputedStyle({box}).position === 'fixed' && {box}.offsetWidth") > 20
        ),
        timeout=10_000,
    )
    x, y = hosts.page.js(
        f"(() => {{ const [box, pane] = [{box}, cell(hosts.heated, 'pane')].map((each) =>"
        " each.getBoundingClientRect());"
        " return [box.left + box.width / 2 - pane.left, box.top + box.height / 2 - pane.top]"
        ".map(Math.round); })()"
    )
    through = hosts.look(f"mouse(h, 'move', {x}, {y})")
    assert [event[3] for event in through["events"]] == [{"x": x, "y": y}]
    hosts.look(f"(mouse(h, 'down', {x}, {y}), mouse(h, 'up', {x}, {y}))")
    hosts.look(f"wheel(h, {x}, {y}, 0, -120)")
    hosts.look(f"mouse(h, 'leave', {x}, {y})")


@pytest.mark.parametrize("hosts", ALL_BUILDS, indirect=True)
def test_a_screenshot_differs_by_the_heat_only(hosts: PairedHosts) -> None:
    attached(hosts)
    bounds = hosts.page.js(
        "(() => { const data = [hosts.bare, hosts.heated].map((host) => {"
        " const canvas = host.chart.takeScreenshot(); return canvas.getContext('2d')"
        ".getImageData(0, 0, canvas.width, canvas.height); });"
        " const [a, b] = data; const rows = [];"
        " for (let i = 0; i < a.data.length; i += 4) {"
        "  if (a.data[i] !== b.data[i]) { rows.push(Math.floor(i / 4 / a.width)); } }"
        " return { same: a.width === b.width && a.height === b.height, count: rows.length,"
        "  top: rows[0], bottom: rows[rows.length - 1], band: seen(hosts.bare).band }; })()"
    )
    assert bounds["same"]
    assert bounds["count"] > 1000
    assert min(bounds["band"]) - 1 <= bounds["top"] < bounds["bottom"] <= max(bounds["band"]) + 1
    assert hosts.page.js("seen(hosts.bare)") == hosts.page.js("seen(hosts.heated)")
