"""Strip, card, scales and zones of the window's chart page: what a trader reads on it."""

import itertools
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from PyQt6.QtCore import QPoint, Qt
from PyQt6.QtTest import QTest

from Heatmap.aggregation.arrays import EVENT_DTYPE
from Heatmap.aggregation.bubble_cells import group_into_cells
from Heatmap.feeds.bubble_book import bubble_message
from Heatmap.picture.messages import CellLines
from Heatmap.picture.packing import pack_numbers
from Heatmap.runtime.compat import override
from Heatmap.tests.ui.cell_grids import BIN_USD
from Heatmap.tests.ui.chart_page import Recording, grid_message
from Heatmap.tests.ui.pictures import grab
from Heatmap.tests.ui.test_window_chart_page import (
    COUNT,
    NEWEST,
    STRIP_PX,
    T0_MS,
    Page,
    candle,
    history,
)
from Heatmap.ui import HeatmapLayer

pytestmark = pytest.mark.qt_log_ignore("Registered new object after initialization")

TEXT = "document.getElementById('{}').innerText.replace(/\\s+/g, ' ').trim()"
# A box of an element in the page, CSS pixels.
BOX = (
    "(({{left, top, right, bottom}}) => [left, top, right, bottom])"
    "(document.getElementById('{}').getBoundingClientRect())"
)
MINUTE_S = 60


@pytest.fixture
def shown(qtbot: Any, qt_run: Callable[..., Any], render_process: None) -> Iterator[Page]:
    del render_process
    shown = Page(qtbot)
    qt_run(shown.page.load_chart("dark"), timeout=20_000)
    shown.page.set_candles(history(), 120, Decimal("0.01"), ("BTCUSDT", "1m"))
    shown.wait_until_whole()
    shown.wait_until_reported()
    yield shown
    errors = list(shown.page.console_errors)
    shown.view.setPage(None)
    with qtbot.waitSignal(shown.page.destroyed, timeout=10_000):
        shown.page.deleteLater()
    shown.view.deleteLater()
    assert errors == []


def text(shown: Page, name: str) -> str:
    return str(shown.js(TEXT.format(name)))


def wait_for(shown: Page, name: str, *parts: str) -> None:
    shown.qtbot.waitUntil(lambda: all(part in text(shown, name) for part in parts), timeout=20_000)


def point_at(shown: Page, candle_s: int, y: int, name: str, *parts: str) -> None:
    """Rest at a candle until a part of the page has these words.

    The pointer comes again and again: a chart that is laid out anew under it forgets where it is,
    and has the candle elsewhere.
    """
    turn = itertools.count()

    def says() -> bool:
        x = shown.js(f"chart.timeScale().timeToCoordinate({candle_s})")
        if x is None or x < 0:
            # What was asked for when the candles came has come after it.
            shown.js("(chart.timeScale().setVisibleLogicalRange({from: 100, to: 220}), 0)")
        else:
            # Another widget may take its place once the page has drawn.
            target = shown.view.focusProxy()
            QTest.mouseMove(target, QPoint(int(x) + next(turn) // 4 % 7, y + next(turn) % 2))
        return all(part in text(shown, name) for part in parts)

    shown.qtbot.waitUntil(says, timeout=20_000)


def legend_on(shown: Page, **meta: Any) -> HeatmapLayer:
    """Put a heatmap on the page, which hands its legend over."""
    layer = HeatmapLayer(shown.page, candles="candleSeries", bars="barsSeries", legend="heatLegend")
    layer.set_time_offset(0)
    layer.set_listener(Recording())
    shown.qtbot.waitUntil(lambda: layer.is_ready, timeout=20_000)
    labels = {"labels": [[0, "0"], [0.5, "45k"], [1, "\u2265179k USD"]]}
    words = {"words": "Liquidated on Binance", "text": "Liquidated", "missing": "not recorded"}
    words["per"] = "/row"
    cells = np.zeros((20, 80), np.uint8)
    cells[10] = 255
    layer.show_grid(
        *grid_message(
            cells,
            timeStartMs=T0_MS,
            binMs=300_000,
            priceLow=98_000.0,
            windowStartMs=T0_MS,
            endMs=T0_MS + COUNT * MINUTE_S * 1000,
            scale=labels,
            legend=words,
            sourceText="Binance liquidations, lower bound",
            **meta,
        )
    )
    return layer


class Answering(Recording):
    """A listener that says something of each place that the page asks about."""

    def __init__(self, layer: HeatmapLayer) -> None:
        super().__init__()
        self._layer = layer

    @override
    def cell_asked(self, query: Any) -> None:
        self._layer.show_cell(CellLines(query, (("Heat", "1k USD"),)))


def test_the_strip_has_the_newest_candle_and_that_at_the_crosshair(
    shown: Page, qt_run: Callable[..., Any]
) -> None:
    before, newest = history()[-2:]
    change = (NEWEST / before.close - 1) * 100
    wait_for(shown, "values", "BTCUSDT", "1m", f"C {newest.close:,.2f}", f"+{change:.2f} %")
    shown.js("(chart.timeScale().setVisibleLogicalRange({from: 100, to: 220}), 0)")
    shown.wait_until_reported()
    candle_s = T0_MS // 1000 + 150 * MINUTE_S
    one = history()[150]
    names = {"O": one.open, "H": one.high, "L": one.low, "C": one.close}
    parts = [f"{name} {price:,.2f}" for name, price in names.items()]
    point_at(shown, candle_s, 200, "values", *parts)
    # With its time at the axis, as words elsewhere say it.
    shown.js(LISTEN)
    when = datetime.fromtimestamp(candle_s, UTC)
    moment = f"{when.day} {when:%b %Y %H:%M}"
    point_at(shown, candle_s, 200, "values", *parts)
    shown.qtbot.waitUntil(lambda: moment in drawn(shown, qt_run), timeout=20_000)
    # Off the chart it is the newest again, also when that goes on.
    shown.page.update_candle(candle(COUNT - 1, NEWEST + 7.0, is_closed=False))
    point_at(shown, candle_s, 12, "values", f"C {NEWEST + 7.0:,.2f}")
    # Moved by less than is said, it has neither sign.
    shown.page.update_candle(candle(COUNT - 1, before.close * (1 - 1e-6), is_closed=False))
    wait_for(shown, "values", " 0.00 %")
    assert "\u22120.00" not in text(shown, "values")


def test_a_new_price_takes_one_frame(shown: Page, qt_run: Callable[..., Any]) -> None:
    shown.js(
        """(() => {
            window.taken = [];
            const ask = window.requestAnimationFrame.bind(window);
            window.requestAnimationFrame = (then) => ask((at) => {
                // Who waits for a frame takes more of them.
                if (!String(then).includes("framesDrawn")) {
                    window.taken.push(at);
                }
                then(at);
            });
            return 0;
        })()"""
    )
    shown.page.update_candle(candle(COUNT - 1, NEWEST + 0.01, is_closed=False))
    qt_run(shown.page.wait_for_frame())
    wait_for(shown, "values", f"C {NEWEST + 0.01:,.2f}")
    taken = shown.js("window.taken")
    assert len(taken) > 1
    assert len(set(taken)) == 1
    # What looks the same is not drawn again.
    shown.page.update_candle(replace(candle(COUNT - 1, NEWEST + 0.01, is_closed=False), volume=9.0))
    qt_run(shown.page.wait_for_frame())
    assert shown.js("window.taken") == taken


def test_the_legend_is_in_the_strip_and_gives_way_but_for_close_and_hatch(shown: Page) -> None:
    bare = grab(shown.view)
    shown.view.resize(1300, 500)
    shown.page.set_bars(has_bars=True)
    gaps = [[T0_MS + (COUNT - 14) * 60_000, T0_MS + (COUNT - 4) * 60_000, "gap"]]
    layer = legend_on(shown, gaps=gaps)
    minute = float(T0_MS + (COUNT - 1) * 60_000)
    layer.show_part(
        "candle_bars",
        {
            "sums": pack_numbers(np.array([minute, 12_340.0, 1_027_145.0])),
            "startMs": T0_MS,
            "recorded": {"gaps": []},
            "words": {"title": "Liquidated per candle"},
        },
    )
    # Whose colours are whose is the last that gives way.
    event = np.array([(T0_MS + 380 * 60_000, 98_500.0, 5e5, True)], dtype=EVENT_DTYPE)
    layer.show_part("bubbles", bubble_message(group_into_cells(event, 10), 0.0))
    whole = ("Liquidated on Binance", "0", "\u2265179k USD", "longs", "not recorded")
    wait_for(shown, "legend", *whole)
    wait_for(shown, "values", "shorts 1.02M", "longs 12.3k", "H ")
    # No words of it in the pane: its lower right corner is as it was but for candles and heat.
    title = shown.js("document.getElementById('legend').title")
    assert title.split("\n")[0] == "Binance liquidations, lower bound"
    assert bare.shape != grab(shown.view).shape
    lost: list[str] = []
    units: set[bool] = set()
    order = {
        "shorts 1.02M": "values",
        "Liquidated on Binance": "legend",
        "H ": "values",
        "+": "values",
        "\u2265179k": "legend",
        "longs": "legend",
    }
    for width in range(1300, 339, -60):
        shown.view.resize(width, 500)
        shown.qtbot.waitUntil(lambda w=width: shown.js("innerWidth") == w, timeout=20_000)  # type: ignore[misc]
        shown.qtbot.waitUntil(
            lambda: shown.js(
                "(({values, strip}) => values.scrollWidth <= values.clientWidth"
                " && strip.scrollWidth <= strip.clientWidth)"
                "({values: document.getElementById('values'),"
                " strip: document.getElementById('strip')})"
            ),
            timeout=20_000,
        )
        assert "not recorded" in text(shown, "legend")
        assert f"C {NEWEST:,.2f}" in text(shown, "values")
        if "/row" in text(shown, "legend"):
            # Of what range the amounts are: the long words name it themselves.
            assert "Liquidated on Binance" not in text(shown, "legend")
            units.add("H " in text(shown, "values"))
        lost += [
            part
            for part, name in order.items()
            if part not in text(shown, name) and part not in lost
        ]
    assert lost == list(order)
    # There is room for it again where open, high and low have left.
    assert units == {True, False}
    layer.set_options({"visible": False})
    shown.qtbot.waitUntil(lambda: text(shown, "legend") == "", timeout=20_000)
    layer.detach()


def test_a_hatch_below_the_bars_alone_has_its_word(shown: Page) -> None:
    shown.page.set_bars(has_bars=True)
    layer = legend_on(shown)
    wait_for(shown, "legend", "179k")
    assert "missed" not in text(shown, "legend")
    bars: dict[str, Any] = {
        "sums": pack_numbers(np.array([])),
        "startMs": T0_MS,
        "recorded": {"gaps": [[None, T0_MS + 300 * 60_000, "gap"]]},
        "words": {"title": "", "missing": "missed"},
    }
    layer.show_part("candle_bars", bars)
    wait_for(shown, "legend", "missed")
    # What is no pixel wide is not hatched: such as the moments since the newest heartbeat.
    end_ms = T0_MS + COUNT * MINUTE_S * 1000
    moments = {**bars, "recorded": {"gaps": [[end_ms - 900, None, "gap"]]}}
    layer.show_part("candle_bars", moments)
    shown.qtbot.waitUntil(lambda: "missed" not in text(shown, "legend"), timeout=20_000)
    layer.show_part("candle_bars", bars)
    wait_for(shown, "legend", "missed")
    # Where it has left the pane its word goes.
    shown.show_range(310, 400)
    shown.qtbot.waitUntil(lambda: "missed" not in text(shown, "legend"), timeout=20_000)
    layer.detach()


def test_the_box_at_the_crosshair_has_the_sums_of_its_candle(shown: Page) -> None:
    layer = legend_on(shown)
    layer.set_listener(Answering(layer))
    minutes = T0_MS + np.array([380.0, 381.0]) * 60_000
    layer.show_part(
        "candle_bars",
        {
            "sums": pack_numbers(np.concatenate((minutes, [12_340.0, 0.0], [1_027_145.0, 7.0]))),
            "startMs": T0_MS,
            "recorded": {"gaps": []},
            "words": {
                "title": "",
                "longs": "Longs",
                "shorts": "Shorts",
                "amount": "at least {usd}",
            },
        },
    )
    box = (
        "[...chart.chartElement().children].filter((one) => one.style.position === 'fixed'"
        " && one.style.display === 'block').map((one) => one.innerText).join(' ')"
    )
    turn = itertools.count()

    def said(minute: int) -> list[str]:
        # It opens where the pointer rests: not at each look.
        if next(turn) % 40 == 0:
            point(minute)
        return [line for line in str(shown.js(box)).split("\n") if line][4:]

    def point(minute: int) -> None:
        y = STRIP_PX + round(shown.js(f"candleSeries.priceToCoordinate({98_000 + 10.5 * BIN_USD})"))
        x = shown.js(f"chart.timeScale().timeToCoordinate({T0_MS // 1000 + minute * MINUTE_S})")
        QTest.mouseMove(shown.view.focusProxy(), QPoint(int(x) - 1, y))
        QTest.mouseMove(shown.view.focusProxy(), QPoint(int(x), y))

    both = ["Longs", "at least 12.3k", "Shorts", "at least 1.02M"]
    for minute, lines in ((380, both), (381, ["Shorts", "at least 7"]), (382, [])):
        shown.qtbot.waitUntil(lambda m=minute, told=lines: said(m) == told, timeout=20_000)  # type: ignore[misc]
    layer.detach()


def card_box(shown: Page) -> list[float]:
    return [float(edge) for edge in shown.js(BOX.format("card"))]


def candle_boxes(shown: Page, count: int) -> list[list[float]]:
    """Give the rectangles of the newest candles on the page, CSS pixels."""
    found = shown.js(
        "(() => { const {left, top} = document.getElementById('chart').getBoundingClientRect();"
        f"return candleSeries.data().slice(-{count}).map((c) => {{"
        " const x = left + chart.timeScale().timeToCoordinate(c.time);"
        " return [x, top + candleSeries.priceToCoordinate(c.high),"
        " x, top + candleSeries.priceToCoordinate(c.low)]; }); })()"
    )
    return [[float(edge) for edge in box] for box in found]


def overlaps(one: list[float], other: list[float]) -> bool:
    return one[0] <= other[2] and one[2] >= other[0] and one[1] <= other[3] and one[3] >= other[1]


SENTENCES = "Nothing has come from the exchange since 00:11:40. What happens is missed for good."


def test_a_card_keeps_off_the_newest_candles_and_tells_its_button(shown: Page) -> None:
    actions: list[str] = []
    shown.page.card_action.connect(actions.append)
    shown.page.show_card(SENTENCES, "Check the connection", "check", is_bad=True)
    shown.qtbot.waitUntil(lambda: not shown.js("document.getElementById('card').hidden"))
    for move in (5.0, -30.0, 60.0, 300.0):
        # Wherever the candles are, it is somewhere else, and its sentence is whole.
        prices = f"{{from: {NEWEST - 400 + move}, to: {NEWEST + 20 + 4 * move}}}"
        shown.js(f"(candleSeries.priceScale().setVisibleRange({prices}), 0)")
        shown.qtbot.waitUntil(
            lambda: not any(overlaps(card_box(shown), one) for one in candle_boxes(shown, 10)),
            timeout=20_000,
        )
        left, top, right, bottom = card_box(shown)
        assert right - left <= 560
        assert left >= 0
        assert top >= 32
        assert bottom <= 500
        assert shown.js(
            "(({scrollHeight, clientHeight}) => scrollHeight <= clientHeight + 1)"
            "(document.querySelector('#card .words'))"
        )
    # Another theme and a narrow pane: words, button and mark are inside the pane, none is cut.
    shown.page.set_theme("light")
    shown.view.resize(400, 430)

    def is_inside() -> bool:
        pane = shown.js("chart.timeScale().width()")
        left, _, right, bottom = card_box(shown)
        parts = shown.js(
            "[...document.getElementById('card').children].map((part) => {"
            "const {left, top, right, bottom} = part.getBoundingClientRect();"
            "return [left, top, right, bottom, part.scrollWidth - part.clientWidth];})"
        )
        return (
            pane < 360
            and left >= 0
            and right <= pane
            and len(parts) == 3
            and all(
                one[0] >= left and one[2] <= right and one[3] <= bottom and one[4] <= 1
                for one in parts
            )
        )

    shown.qtbot.waitUntil(is_inside, timeout=20_000)
    shown.view.resize(900, 500)
    shown.qtbot.waitUntil(lambda: shown.js("chart.timeScale().width()") > 600, timeout=20_000)
    shown.qtbot.waitUntil(lambda: card_box(shown)[2] - card_box(shown)[0] > 400, timeout=20_000)
    x, y = shown.js(
        "(({left, top, width, height}) => [left + width / 2, top + height / 2])"
        "(document.querySelector('#card .act').getBoundingClientRect())"
    )
    QTest.mouseClick(
        shown.view.focusProxy(), Qt.MouseButton.LeftButton, pos=QPoint(round(x), round(y))
    )
    shown.qtbot.waitUntil(lambda: actions == ["check"], timeout=20_000)
    # What the user shuts stays shut, on the next page too; another state is another card.
    with shown.qtbot.waitSignal(shown.page.card_shut, timeout=20_000):
        QTest.keyClick(shown.view.focusProxy(), Qt.Key.Key_Escape)
    shown.page.show_card(SENTENCES, "Check the connection", "check", is_bad=True)
    assert shown.js("document.getElementById('card').hidden")
    shown.page.show_card("The disk is full.", "", "")
    shown.qtbot.waitUntil(lambda: "disk is full" in text(shown, "card"), timeout=20_000)
    shown.kill()
    shown.wait_until_whole()
    shown.qtbot.waitUntil(lambda: "disk is full" in text(shown, "card"), timeout=20_000)
    shown.page.hide_card()
    shown.qtbot.waitUntil(
        lambda: shown.js("document.getElementById('card').hidden"), timeout=20_000
    )


# Keeps what is written on the canvases.
LISTEN = """(window.drawn = [], window.plainFillText = CanvasRenderingContext2D.prototype.fillText,
  CanvasRenderingContext2D.prototype.fillText = function (text, ...rest) {
    drawn.push(String(text));
    return plainFillText.call(this, text, ...rest);
  }, 0)"""


def drawn(shown: Page, qt_run: Callable[..., Any]) -> list[str]:
    """Have the chart painted anew; return what was written since `drawn` was emptied."""
    shown.js("(chart.applyOptions({layout: {fontSize: 12}}), 0)")
    qt_run(shown.page.wait_for_frame(), timeout=20_000)
    return [str(one) for one in shown.js("drawn")]


def test_days_begin_at_midnight_of_the_chosen_zone(shown: Page, qt_run: Callable[..., Any]) -> None:
    shown.js(LISTEN)
    # Two days from 2024-12-05T01:00Z on, in quarters of an hour.
    start_ms = T0_MS - T0_MS % 900_000
    quarters = [replace(one, open_ms=start_ms + i * 900_000) for i, one in enumerate(history(192))]
    shown.page.set_candles(quarters, 192, None, ("BTCUSDT", "15m"))
    shown.wait_until_whole(192)
    candles = shown.js("candleSeries.data()")
    # In which the day begins nine hours earlier, and the days of the axis with it.
    for zone, hours in (("UTC", 0), ("Asia/Tokyo", 9), ("UTC", 0)):
        assert shown.page.set_time_zone(zone)
        shown.js("(drawn.length = 0, 0)")
        shown.qtbot.waitUntil(lambda: "6 Dec" in drawn(shown, qt_run), timeout=20_000)
        seconds = f"Date.UTC(2024, 11, 6) / 1000 - {hours} * 3600"
        found = shown.js(
            "(() => { const axis = new zonedTime.ZonedAxis();"
            f"const points = candleSeries.data().map((c) => ({{originalTime: c.time}}));"
            "axis.fillWeightsForPoints(points, 0);"
            f"return [points.find((p) => p.originalTime === {seconds}).timeWeight,"
            "points.filter((p) => p.timeWeight === 50).length]; })()"
        )
        # The candles go from 5 Dec 01:00 to 7 Dec 00:45 UTC.
        assert found == [50, 2]
        assert shown.js("candleSeries.data()") == candles
    assert not shown.page.set_time_zone("Europe/Atlantis")
    assert shown.page.clock(T0_MS) == "5 Dec 01:00:00"


def test_prices_lie_as_the_scale_says_also_on_the_next_page(shown: Page) -> None:
    def middle() -> float:
        """Give how far the mean price lies above the pane's middle, as a part of its height."""
        low, high, height = shown.js(
            "(() => { const h = chart.panes()[0].getHeight();"
            "return [candleSeries.coordinateToPrice(h), candleSeries.coordinateToPrice(0), h]; })()"
        )
        y = float(shown.js(f"candleSeries.priceToCoordinate({(low + high) / 2})"))
        return (height / 2 - y) / height

    tall = history()
    tall[-3] = replace(tall[-3], low=20_000.0, high=300_000.0)
    shown.page.set_candles(tall, 120)
    shown.qtbot.waitUntil(lambda: abs(middle()) < 0.01, timeout=20_000)
    shown.page.set_scale("log")
    # The upper half of the prices has much less than half of the height.
    shown.qtbot.waitUntil(lambda: middle() > 0.1, timeout=20_000)
    shown.kill()
    shown.wait_until_whole()
    shown.qtbot.waitUntil(lambda: middle() > 0.1, timeout=20_000)
    shown.page.set_scale("percent")
    shown.qtbot.waitUntil(lambda: abs(middle()) < 0.01, timeout=20_000)
    assert shown.js("candleSeries.priceScale().options().mode") == 2
    shown.page.set_scale("linear")
    shown.qtbot.waitUntil(
        lambda: shown.js("candleSeries.priceScale().options().mode") == 0, timeout=20_000
    )


def test_a_scrolled_chart_wants_older_candles_and_goes_to_a_place_when_they_are_there(
    shown: Page,
) -> None:
    wanted: list[int] = []
    shown.page.older_wanted.connect(wanted.append)
    first = shown.range()
    assert not wanted
    shown.show_range(20, 140)
    shown.qtbot.waitUntil(lambda: bool(wanted), timeout=20_000)
    assert wanted[-1] >= 120
    # To now, as wide as it was; and back to what was shown at first.
    shown.page.go_to_now()
    shown.qtbot.waitUntil(lambda: shown.range()[1] > COUNT, timeout=20_000)
    assert shown.range()[1] - shown.range()[0] == pytest.approx(120, abs=0.1)
    shown.js("(candleSeries.priceScale().setVisibleRange({from: 90000, to: 99500}), 0)")
    shown.show_range(100, 110)
    shown.page.reset_view()
    shown.qtbot.waitUntil(lambda: shown.range() == pytest.approx(first, abs=0.1), timeout=20_000)
    assert shown.js("candleSeries.priceScale().options().autoScale")
    # A place before all candles: they are wanted first, and then it is in the middle.
    wanted.clear()
    shown.page.scroll_to(T0_MS - 100 * 60_000, 98_300.0)
    assert wanted
    assert wanted[-1] >= 100
    reached: list[Any] = []
    shown.page.place_reached.connect(lambda *place: reached.append(place))
    shown.page.add_older_candles([candle(minute, 98_300.0) for minute in range(-50, 0)])
    assert not reached
    shown.page.add_older_candles([candle(minute, 98_300.0) for minute in range(-200, -50)])
    assert reached == [(T0_MS - 100 * 60_000, 98_300.0)]
    shown.wait_until_whole(COUNT + 200)
    shown.qtbot.waitUntil(
        lambda: sum(shown.range()) / 2 == pytest.approx(100, abs=1.0), timeout=20_000
    )
    # Where there is nothing older, it says why, and only there.
    shown.page.set_limit("No older candles")
    is_hidden = "document.getElementById('limit').hidden"
    assert shown.js(is_hidden)
    shown.show_range(-10, 110)
    shown.qtbot.waitUntil(lambda: not shown.js(is_hidden), timeout=20_000)


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_candles_have_the_colours_of_the_look(shown: Page, theme: str) -> None:
    shown.page.set_theme(theme)
    colours = {
        ("dark", "colour"): ((43, 179, 160), (239, 90, 88)),
        ("dark", "neutral"): ((227, 231, 238), (119, 129, 154)),
        ("light", "colour"): ((15, 143, 126), (210, 59, 59)),
        ("light", "neutral"): ((138, 148, 166), (47, 55, 68)),
    }
    falling = [
        replace(one, open=one.close + 14) if i % 3 == 0 else one for i, one in enumerate(history())
    ]
    shown.page.set_candles(falling, 120)
    for look in ("neutral", "colour"):
        shown.page.set_look(look)
        for colour in colours[theme, look]:
            shown.qtbot.waitUntil(
                lambda colour=colour: (  # type: ignore[misc]
                    np.count_nonzero((grab(shown.view)[32:] == colour).all(axis=2)) > 40
                ),
                timeout=20_000,
            )
    assert json.loads(shown.page.title())["width"] == shown.page.pane_px
