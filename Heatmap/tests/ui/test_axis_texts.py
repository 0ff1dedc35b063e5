"""Prices and times in the layer's words are those of the chart's own axes."""

import json
from typing import Any

import pytest
from PyQt6.QtCore import QPoint

from Heatmap.picture.messages import CellLines
from Heatmap.tests.ui.chart_page import START_S, ChartPage, Recording, grid_message
from Heatmap.tests.ui.crosshair_box import box_text, bright_block, place, point_at
from Heatmap.ui.layer.chart_layer import HeatmapLayer

pytestmark = pytest.mark.qt_log_ignore("Registered new object after initialization")


# Keeps every text that is drawn: those of the axes stand on canvases.
LISTEN = """(window.drawn = [], window.plainFillText = CanvasRenderingContext2D.prototype.fillText,
  CanvasRenderingContext2D.prototype.fillText = function (text, ...rest) {
    drawn.push(String(text));
    return plainFillText.call(this, text, ...rest);
  }, 0)"""
EURO = "(p) => p.toLocaleString('de-DE', {minimumFractionDigits: 1}) + ' €'"
INDIA = "(t) => new Date((t + 19800) * 1000).toISOString().slice(11, 16) + (window.zone || ' IST')"


@pytest.fixture
def layer(qtbot: Any, chart_page: ChartPage, listener: Recording) -> HeatmapLayer:
    chart_page.js(LISTEN)
    chart_page.create_chart()
    chart_page.js("(chart.applyOptions({crosshair: {mode: 0}}), 0)")
    layer = HeatmapLayer(chart_page.page)
    layer.set_listener(listener)
    qtbot.waitUntil(lambda: layer.is_ready, timeout=10_000)
    layer.show_grid(*grid_message(bright_block()))
    chart_page.settled_picture()
    return layer


def apply(page: ChartPage, options: str) -> None:
    page.js(f"(chart.applyOptions({options}), 0)")
    # Another text may be wider: the axis grows, and the candles move.
    page.next_frames()


def drawn_texts(page: ChartPage) -> list[str]:
    """Give what is drawn when everything is drawn anew."""
    page.next_frames()
    page.js("(drawn.length = 0, chart.applyOptions({layout: {fontSize: 12}}), 0)")
    page.next_frames()
    return [str(text) for text in page.js("drawn")]


def show_line(layer: HeatmapLayer, price: float) -> None:
    line = {
        "price": price,
        "side": "long",
        "strength": 1.0,
        "fromMs": (START_S + 20 * 60) * 1000,
        "text": "41x",
    }
    layer.show_part("cluster_lines", [line])


def line_price(page: ChartPage) -> str:
    """Give what the line's label says before its own words."""
    found: list[str] = []

    def is_found() -> bool:
        found[:] = [text for text in drawn_texts(page) if text.endswith("  41x")]
        return bool(found)

    page.qtbot.waitUntil(is_found, timeout=10_000)
    return found[0].removesuffix("  41x")


def open_box(page: ChartPage, row: float = 30.5) -> str:
    point_at(page, place(page, 30, row))
    page.qtbot.waitUntil(lambda: box_text(page) is not None, timeout=10_000)
    return box_text(page) or ""


def title(page: ChartPage) -> list[str]:
    """Give the box's first two lines: prices and times."""
    return (box_text(page) or "\n").split("\n")[:2]


FORMATS = {
    "none": "{}",
    "euro": f"{{localization: {{priceFormatter: {EURO}}}}}",
    "both": f"{{localization: {{priceFormatter: {EURO}, "
    "tickmarksPriceFormatter: (ps) => ps.map((p) => 't' + p)}}",
    "percent": "{localization: {percentageFormatter: (p) => p.toFixed(3) + ' pc'}}",
}


@pytest.mark.parametrize("scale", ["mode: 0", "mode: 1", "mode: 2", "mode: 3", "invertScale: true"])
@pytest.mark.parametrize("name", FORMATS)
def test_a_lines_price_is_said_as_the_axis_says_it_in_every_mode(
    name: str, scale: str, layer: HeatmapLayer, chart_page: ChartPage
) -> None:
    apply(chart_page, FORMATS[name])
    apply(chart_page, f"{{rightPriceScale: {{{scale}}}}}")
    # Scrolled, so that the first candle of all is not the first in the picture.
    chart_page.js("(chart.timeScale().setVisibleLogicalRange({from: 13.3, to: 61.5}), 0)")
    chart_page.js("(priceSeries.createPriceLine({price: 99731, axisLabelVisible: true}), 0)")
    show_line(layer, 99_731.0)
    own = line_price(chart_page)
    texts = drawn_texts(chart_page)
    assert own in texts, own
    assert own != ""
    if scale == "mode: 2":
        assert own.endswith(" pc" if name == "percent" else "%")


@pytest.mark.parametrize(
    "price_format",
    [
        "{type: 'price', precision: 1, minMove: 0.1}",
        "{type: 'price', precision: 0, minMove: 5}",
        "{type: 'volume'}",
        "{type: 'custom', minMove: 1, formatter: (p) => 'USD ' + Math.round(p)}",
    ],
)
def test_the_candles_own_price_format_is_followed(
    price_format: str, layer: HeatmapLayer, chart_page: ChartPage
) -> None:
    chart_page.js(f"(priceSeries.applyOptions({{priceFormat: {price_format}}}), 0)")
    chart_page.js("(priceSeries.createPriceLine({price: 99731, axisLabelVisible: true}), 0)")
    show_line(layer, 99_731.0)
    own = line_price(chart_page)
    assert own in drawn_texts(chart_page)
    assert open_box(chart_page).split("\n")[0] == " \u2013 ".join(
        chart_page.js(f"priceSeries.priceFormatter().format({price})") for price in (100e3, 100050)
    )


def test_marks_that_have_a_formatter_of_their_own_are_followed(
    layer: HeatmapLayer, chart_page: ChartPage
) -> None:
    apply(
        chart_page,
        "{localization: {tickmarksPriceFormatter: (ps) => ps.map((p) => p / 1e3 + ' k')}}",
    )
    show_line(layer, 100_000.0)
    assert line_price(chart_page) == "100 k"
    assert "100 k" in drawn_texts(chart_page)


def test_the_box_says_prices_and_times_as_the_axes_do(
    layer: HeatmapLayer, chart_page: ChartPage
) -> None:
    apply(chart_page, f"{{localization: {{priceFormatter: {EURO}, timeFormatter: {INDIA}}}}}")
    open_box(chart_page)
    # Both ends of the cell lie in one minute, which is said once.
    assert title(chart_page) == ["100.000,0 € \u2013 100.050,0 €", "07:00 IST"]
    assert "07:00 IST" in drawn_texts(chart_page)
    # And again when the host changes its mind, though nothing moves.
    apply(chart_page, "{localization: {priceFormatter: (p) => 'p' + p}}")
    chart_page.js("(window.zone = ' MST', chart.applyOptions({}), 0)")
    chart_page.qtbot.waitUntil(
        lambda: title(chart_page)[0] == "p100000 \u2013 p100050", timeout=10_000
    )
    # Which minute it is depends on the new width of the axis.
    chart_page.qtbot.waitUntil(lambda: title(chart_page)[1].endswith(" MST"), timeout=10_000)
    del layer


@pytest.mark.parametrize("mode", [2, 3])
def test_the_box_says_prices_where_the_axis_counts_otherwise(
    mode: int, layer: HeatmapLayer, chart_page: ChartPage
) -> None:
    apply(chart_page, f"{{rightPriceScale: {{mode: {mode}}}}}")
    open_box(chart_page)
    assert title(chart_page)[0] == "100000.00 \u2013 100050.00"
    del layer


def test_the_box_never_has_one_places_title_above_anothers_amounts(
    layer: HeatmapLayer, chart_page: ChartPage, listener: Recording
) -> None:
    first = open_box(chart_page).split("\n")[0]
    layer.show_cell(CellLines(listener.queries[-1], (("Heat", "of the first"),)))
    chart_page.qtbot.waitUntil(
        lambda: "of the first" in (box_text(chart_page) or ""), timeout=10_000
    )
    # Each state of the box, until the place alone is said: nobody answers for the second.
    chart_page.js(
        "(window.seen = [], new MutationObserver(() => "
        "seen.push(chart.chartElement().lastElementChild.innerText)).observe("
        "chart.chartElement().lastElementChild,"
        " {childList: true, subtree: true, characterData: true, attributes: true}), 0)"
    )
    point_at(chart_page, place(chart_page, 30, 33.5))
    second = "100150.00 \u2013 100200.00"
    chart_page.qtbot.waitUntil(
        lambda: (box_text(chart_page) or "").startswith(second), timeout=10_000
    )
    seen = chart_page.js("seen")
    assert any(text.startswith(first) for text in seen)
    for text in seen:
        assert ("of the first" in text) == text.startswith(first), text
    assert len(listener.queries) > 1
    layer.show_cell(CellLines(listener.queries[-1], (("Heat", "of the second"),)))
    chart_page.qtbot.waitUntil(
        lambda: "of the second" in (box_text(chart_page) or ""), timeout=10_000
    )
    assert title(chart_page)[0] == second


def test_marks_of_the_time_axis_are_followed_where_they_alone_have_a_formatter(
    layer: HeatmapLayer, chart_page: ChartPage
) -> None:
    apply(chart_page, f"{{timeScale: {{tickMarkFormatter: {INDIA}}}}}")
    open_box(chart_page)
    assert title(chart_page)[1] == "07:00 IST"
    del layer


@pytest.mark.parametrize(
    ("date_format", "locale", "day"),
    [
        ("yyyy-MM-dd", "en-US", "2024-12-05"),
        ("dd. MMMM yyyy", "de-DE", "05. Dezember 2024"),
        ("MMM dd 'yy", "fr-FR", "d\u00e9c. 05 '24"),
        # A locale that is none: the chart's own months are English then as well.
        ("dd MM yyyy", "no such locale", "05 12 2024"),
    ],
)
def test_days_follow_the_charts_date_format_and_locale(
    date_format: str, locale: str, day: str, layer: HeatmapLayer, chart_page: ChartPage
) -> None:
    localization = {"dateFormat": date_format, "locale": locale}
    apply(chart_page, json.dumps({"localization": localization}))
    open_box(chart_page)
    assert title(chart_page)[1].startswith(f"{day} 01:30:")
    chart_page.page.console_errors.clear()
    del layer


def test_months_follow_the_locale_in_the_usual_date_format(
    layer: HeatmapLayer, chart_page: ChartPage
) -> None:
    apply(chart_page, "{localization: {locale: 'es-ES'}}")
    open_box(chart_page)
    assert title(chart_page)[1].startswith("5 dic 01:30:")
    del layer


BAD = [
    "null",
    "undefined",
    "({})",
    "['1']",
    "NaN",
    "''",
    "' \\n '",
    "Symbol('x')",
    "(() => { throw new Error('no'); })()",
    "(() => { throw null; })()",
]


@pytest.mark.parametrize("bad", BAD)
def test_a_formatter_that_fails_or_gives_no_text_does_no_harm(
    bad: str, layer: HeatmapLayer, chart_page: ChartPage
) -> None:
    # Only where the axes do not ask: there it would be the host's own fault.
    apply(
        chart_page,
        f"{{localization: {{priceFormatter: (p) => p === 100150 || p === 99731 ? {bad} : 'ok'}}}}",
    )
    show_line(layer, 99_731.0)
    assert line_price(chart_page) == "99731.00"
    open_box(chart_page, 33.5)
    assert title(chart_page)[0] == "100150.00 \u2013 ok"
    # Of times the box asks about the middle of a minute, the axis about its beginning.
    apply(chart_page, f"{{localization: {{timeFormatter: (t) => t % 60 ? {bad} : 'ok'}}}}")
    chart_page.next_frames()
    assert title(chart_page)[1].startswith("5 Dec 01:30:")
    assert layer.fault == ""


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("'5 Dec ' + clock(t)", "5 Dec 01:30:30 \u2013 01:30:40"),
        # The same words and no times, the same times and other words, a time in the middle.
        ("'second ' + t % 60", "second 30 \u2013 second 40"),
        ("clock(t) + ' PM'", "01:30:30 PM \u2013 01:30:40 PM"),
        ("'day ' + t % 60 + ' ' + '01:30'", "day 30 01:30 \u2013 day 40 01:30"),
    ],
)
def test_a_range_of_times_says_its_day_once(
    layer: HeatmapLayer, chart_page: ChartPage, said: str, expected: str
) -> None:
    del layer
    clock = "(t) => new Date(t * 1000).toISOString().slice(11, 19)"
    apply(
        chart_page,
        f"{{localization: {{timeFormatter: (t) => ((clock) => {said})({clock})}}}}",
    )
    open_box(chart_page, 33.5)
    assert title(chart_page)[1] == expected


def test_long_texts_are_cut_and_markup_is_text(layer: HeatmapLayer, chart_page: ChartPage) -> None:
    apply(
        chart_page,
        "{localization: {priceFormatter: (p) => p === 100150 ? 'x'.repeat(1e6) : p === 100200 ? "
        "'<img src=x onerror=\"window.hurt = 1\">\\n2' : 'ok', "
        "timeFormatter: (t) => t % 60 ? '<b>' + t + '</b>' : 'ok'}}",
    )
    open_box(chart_page, 33.5)
    low, high = title(chart_page)[0].split(" \u2013 ")
    assert len(low) <= 24
    assert low.endswith("\u2026")
    assert high.startswith("<img src=x onerror=")
    assert title(chart_page)[1].startswith("<b>17333622")
    assert chart_page.js("document.querySelectorAll('#chart img, #chart b').length") == 0
    assert chart_page.js("window.hurt") is None
    del layer


def test_candles_by_days_are_told_to_the_host_as_days(
    layer: HeatmapLayer, chart_page: ChartPage, listener: Recording
) -> None:
    days = [
        {"time": f"2024-{11 + i // 30}-{1 + i % 30:02}", "open": 1e5, "high": 101e3, "low": 99e3}
        | {"close": 100_500}
        for i in range(60)
    ]
    chart_page.js(f"(priceSeries.setData({json.dumps(days)}), 0)")
    apply(
        chart_page,
        "{localization: {timeFormatter: (t) => typeof t === 'string' ? 'day ' + t : t.a.b}}",
    )
    chart_page.js("(chart.timeScale().setVisibleLogicalRange({from: -1.5, to: 61.5}), 0)")
    block = bright_block()
    block[:] = 200
    day_ms = 86_400_000
    start_ms = 1_733_356_800_000  # 2024-12-05
    layer.show_grid(
        *grid_message(block, timeStartMs=start_ms, binMs=day_ms // 720, endMs=start_ms + day_ms)
    )
    chart_page.settled_picture()
    x = chart_page.js("chart.timeScale().timeToCoordinate('2024-12-05')")
    point_at(chart_page, QPoint(round(x), round(chart_page.y_of_price(100_025))))
    chart_page.qtbot.waitUntil(lambda: bool(listener.queries), timeout=10_000)
    assert title(chart_page)[1] == "day 2024-12-05"


def test_the_source_line_says_since_when_in_the_charts_time(
    layer: HeatmapLayer, chart_page: ChartPage
) -> None:
    words = "Binance USD-M liquidations, lower bound, recorded since"
    layer.show_grid(
        *grid_message(
            bright_block(),
            sourceText=f"{words} 2024-12-04 16:46 UTC",
            sourceSince={"words": words, "ms": 1_733_330_760_000},
        )
    )

    def says(since: str) -> None:
        chart_page.qtbot.waitUntil(
            lambda: f"{words} {since}" in ", ".join(drawn_texts(chart_page)), timeout=10_000
        )

    says("2024-12-04 16:46 UTC")
    apply(chart_page, "{localization: {dateFormat: 'dd.MM.yyyy'}}")
    says("04.12.2024 16:46 UTC")
    layer.set_time_offset(7_200_000)
    says("04.12.2024 18:46")
    layer.set_time_offset(0)
    local = "new Date((t + 19800) * 1000).toISOString().slice(0, 16) + ' IST'"
    apply(chart_page, f"{{localization: {{timeFormatter: (t) => {local}}}}}")
    says("2024-12-04T22:16 IST")
    # One that tells no days would leave open which one it was.
    apply(chart_page, f"{{localization: {{timeFormatter: {INDIA}}}}}")
    says("2024-12-04 16:46 UTC")


def test_what_lies_there_is_told_as_before(
    layer: HeatmapLayer, chart_page: ChartPage, listener: Recording
) -> None:
    apply(chart_page, f"{{localization: {{priceFormatter: {EURO}}}}}")
    open_box(chart_page)
    chart_page.qtbot.waitUntil(lambda: bool(listener.queries), timeout=10_000)
    assert (listener.queries[-1].price_low, listener.queries[-1].price_high) == (100e3, 100_050)
    layer.show_cell(CellLines(listener.queries[-1], (("Heat", "\u2265 1.2M USD"),)))
    chart_page.qtbot.waitUntil(lambda: "1.2M USD" in (box_text(chart_page) or ""), timeout=10_000)
