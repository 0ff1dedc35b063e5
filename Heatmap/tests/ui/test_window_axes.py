"""The axes of the window's chart: the zone's hours, round minutes, per cents, room at the right."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from PyQt6.QtWidgets import QApplication

from Heatmap.standalone.exchange.market import Candle
from Heatmap.tests.ui.test_window_chart_page import Page, history
from Heatmap.ui import install_translation

pytestmark = pytest.mark.qt_log_ignore("Registered new object after initialization")

MINUTE_MS = 60_000
# 4 December 2024, 12:00 UTC.
NOON_MS = 1_733_313_600_000
# Words and places of the axis' ticks, as the library has them while it draws.
LISTEN = """(window.ticks = new Map(),
  window.plainFillText = CanvasRenderingContext2D.prototype.fillText,
  CanvasRenderingContext2D.prototype.fillText = function (text, x, ...rest) {
    ticks.set(String(text), x);
    return plainFillText.call(this, text, x, ...rest);
  }, 0)"""


@pytest.fixture
def shown(qtbot: Any, qt_run: Callable[..., Any], render_process: None) -> Iterator[Page]:
    del render_process
    shown = Page(qtbot)
    qt_run(shown.page.load_chart("dark"), timeout=20_000)
    shown.js(LISTEN)
    yield shown
    errors = list(shown.page.console_errors)
    shown.view.setPage(None)
    with qtbot.waitSignal(shown.page.destroyed, timeout=10_000):
        shown.page.deleteLater()
    shown.view.deleteLater()
    assert errors == []


def show(shown: Page, interval: str, minutes: int, count: int = 240) -> None:
    candles = [
        replace(one, open_ms=NOON_MS + i * minutes * MINUTE_MS)
        for i, one in enumerate(history(count))
    ]
    shown.page.set_candles(candles, 120, Decimal("0.01"), ("BTCUSDT", interval))
    shown.wait_until_whole(count)
    shown.wait_until_reported()


def drawn(shown: Page, qt_run: Callable[..., Any]) -> dict[str, float]:
    """Have the chart painted anew; give its words and where each stands, CSS pixels."""
    shown.js("(ticks.clear(), chart.applyOptions({layout: {fontSize: 12}}), 0)")
    qt_run(shown.page.wait_for_frame(), timeout=20_000)
    return {str(text): float(x) for text, x in shown.js("[...ticks]")}


def clocks(found: dict[str, float]) -> dict[str, float]:
    return {text: x for text, x in found.items() if len(text) == 5 and text[2] == ":"}


def test_another_zone_and_back_leaves_no_tick_of_the_zone_before(
    shown: Page, qt_run: Callable[..., Any]
) -> None:
    show(shown, "3m", 3)
    # What was asked for as the candles came has come: nothing but the zone changes from here on.
    shown.show_range(100, 220)
    utc = clocks(drawn(shown, qt_run))
    assert len(utc) > 3
    # Five hours earlier, at the same places.
    york = {f"{(int(text[:2]) - 5) % 24:02}{text[2:]}": x for text, x in utc.items()}
    for zone, expected in (("America/New_York", york), ("UTC", utc)):
        assert shown.page.set_time_zone(zone)
        shown.qtbot.waitUntil(
            lambda told=expected: clocks(drawn(shown, qt_run)) == told,  # type: ignore[misc]
            timeout=20_000,
        )


def test_ticks_within_an_hour_are_at_round_minutes(shown: Page, qt_run: Callable[..., Any]) -> None:
    # Of which no other is a multiple of five than each quarter of an hour.
    show(shown, "3m", 3)
    shown.show_range(199, 222)
    shown.qtbot.waitUntil(lambda: len(clocks(drawn(shown, qt_run))) > 2, timeout=20_000)
    odd = [text for text in clocks(drawn(shown, qt_run)) if int(text[3:]) % 15]
    assert odd == []


def test_candles_that_begin_at_half_hours_have_ticks_all_the_same(shown: Page) -> None:
    show(shown, "1h", 60)
    assert shown.page.set_time_zone("Asia/Kolkata")
    weights = shown.js(
        "(() => { const points = candleSeries.data().map((c) => ({originalTime: c.time}));"
        "new zonedTime.ZonedAxis().fillWeightsForPoints(points, 0);"
        "return points.slice(1).map((p) => p.timeWeight); })()"
    )
    # 17:30 is the first candle; of each day one is its first, one the first of its afternoon.
    assert min(weights) >= 30
    assert weights[:8] == [32, 30, 30, 31, 30, 30, 50, 30]


def test_per_cents_of_the_axis_are_written_as_the_language_does(
    qapp: QApplication, qt_run: Callable[..., Any], shown: Page
) -> None:
    install_translation(qapp, "de")
    try:
        qt_run(shown.page.load_chart("dark"), timeout=20_000)
    finally:
        install_translation(qapp, "en")
    shown.js(LISTEN)
    show(shown, "1m", 1)
    shown.page.set_scale("percent")
    shown.qtbot.waitUntil(
        lambda: sum(text.endswith(" %") for text in drawn(shown, qt_run)) > 3, timeout=20_000
    )
    found = [text for text in drawn(shown, qt_run) if "%" in text]
    assert [text for text in found if "," not in text or "." in text] == []


def test_keys_that_zoom_keep_the_room_for_tags_as_wide_as_it_is(shown: Page) -> None:
    shown.page.set_room(has_room=False, has_tags=True)
    show(shown, "1m", 1)
    room = (
        "(() => { const scale = chart.timeScale(); const last = scale.logicalToCoordinate(239);"
        " const bar = scale.logicalToCoordinate(239) - scale.logicalToCoordinate(238);"
        " return [scale.width() - last - bar / 2, bar]; })()"
    )
    first, width = shown.js(room)
    assert 86 < first < 96
    for direction, factor in ((-1, 1.25**5), (1, 0.8**9)):
        for _ in range(5 if direction < 0 else 9):
            shown.page.zoom(direction)
        shown.qtbot.waitUntil(
            lambda f=factor, w=width: (  # type: ignore[misc]
                shown.js(room)[1] == pytest.approx(w / f, rel=0.02)
            ),
            timeout=20_000,
        )
        assert shown.js(room)[0] == pytest.approx(first, abs=1.5)
        width = shown.js(room)[1]


@pytest.mark.parametrize(("first", "last"), [(99_000.0, 98_000.0), (98_000.0, 99_000.0)])
def test_words_about_the_oldest_candle_keep_off_candles(
    shown: Page, first: float, last: float
) -> None:
    closes = [first] * 60 + [last] * 100
    candles = [
        Candle(NOON_MS + i * MINUTE_MS, one, one + 9, one - 9, one, 1.0, is_closed=True)
        for i, one in enumerate(closes)
    ]
    shown.page.set_candles(candles, 120, Decimal("0.01"), ("BTCUSDT", "1m"))
    shown.wait_until_whole(160)
    shown.page.set_limit("BTCUSDT: the exchange has no older candles")
    shown.show_range(-2, 118)
    limit = "document.getElementById('limit')"
    shown.qtbot.waitUntil(lambda: not shown.js(f"{limit}.hidden"), timeout=20_000)
    where = (
        f"(({{offsetTop, offsetHeight, offsetLeft, offsetWidth}}) => [offsetTop, offsetTop +"
        f" offsetHeight, offsetLeft + offsetWidth, candleSeries.priceToCoordinate({first + 9}),"
        f" candleSeries.priceToCoordinate({first - 9}),"
        f" chart.timeScale().logicalToCoordinate(0)])({limit})"
    )

    def is_off() -> bool:
        top, bottom, right, high, low, x = shown.js(where)
        return x < right and (bottom < high or top > low)

    shown.qtbot.waitUntil(is_off, timeout=20_000)


def test_the_pane_for_bars_keeps_its_height_whatever_the_windows_is(shown: Page) -> None:
    shown.page.set_bars(has_bars=True)
    show(shown, "1m", 1)
    for height, bars in ((900, 92), (420, 72), (560, 72), (500, 72), (760, 92), (440, 72)):
        shown.view.resize(800, height)
        shown.qtbot.waitUntil(
            lambda h=height, b=bars: (  # type: ignore[misc]
                shown.js("[innerHeight, chart.panes()[1].getHeight()]")
                == [h, pytest.approx(b, abs=1)]
            ),
            timeout=20_000,
        )


def test_another_interval_shows_the_time_that_the_chart_is_scrolled_back_to(shown: Page) -> None:
    show(shown, "1m", 1)
    shown.show_range(20, 80)
    middle_s = NOON_MS // 1000 + 50 * 60

    def times(minutes: int) -> list[Candle]:
        ends = range(-40 * minutes, 240, minutes)
        return [replace(history(1)[0], open_ms=NOON_MS + at * MINUTE_MS) for at in ends]

    def seen_s() -> float:
        """Give the time in the middle of the pane."""
        return float(
            shown.js(
                "(({from, to}) => candleSeries.dataByIndex(Math.round((from + to) / 2))?.time ?? 0)"
                "(chart.timeScale().getVisibleLogicalRange())"
            )
        )

    for interval, minutes in (("5m", 5), ("1m", 1)):
        shown.page.set_candles(times(minutes), 24, None, ("BTCUSDT", interval))
        shown.qtbot.waitUntil(
            lambda m=minutes: abs(seen_s() - middle_s) <= 60 * m,  # type: ignore[misc]
            timeout=20_000,
        )
        shown.wait_until_reported()
    # Another symbol is shown at its newest candle, and so is one whose newest candle is in sight.
    for symbol, interval, minutes in (("ETHUSDT", "1m", 1), ("ETHUSDT", "5m", 5)):
        candles = times(minutes)
        newest = len(candles) - 1
        shown.page.set_candles(candles, 24, None, (symbol, interval))
        shown.qtbot.waitUntil(lambda at=newest: shown.range()[1] > at, timeout=20_000)  # type: ignore[misc]
        shown.wait_until_reported()
    # Candles before all that are there are asked for first.
    shown.show_range(0, 24)
    wanted: list[int] = []
    shown.page.older_wanted.connect(wanted.append)
    late = [one for one in times(1) if one.open_ms > NOON_MS + 200 * MINUTE_MS]
    shown.page.set_candles(late, 24, None, ("ETHUSDT", "1m"))
    assert max(wanted) > 200


# -- what is asked for before the next frame ------------------------------------------------------


@pytest.mark.parametrize(
    "next_call",
    [
        "setTimeZone('Asia/Tokyo', 'JST')",
        "goToNow()",
        "setRoom(true, false)",
        "replaceCandles(candleSeries.data(), true)",
        "scrollTo(candleSeries.data().at(-2).time, 98000)",
    ],
)
def test_a_range_that_was_asked_for_outlives_what_comes_before_its_frame(
    shown: Page, next_call: str
) -> None:
    width = "(({from, to}) => to - from)(chart.timeScale().getVisibleLogicalRange())"
    show(shown, "1m", 1)
    shown.qtbot.waitUntil(lambda: shown.js(width) > 100, timeout=20_000)
    shown.js(f"(chartPage.showNewest(40, 7), chartPage.{next_call}, 0)")
    shown.qtbot.waitUntil(lambda: 39 < shown.js(width) < 60, timeout=20_000)
    shown.wait_until_reported()
    assert 39 < shown.js(width) < 60
