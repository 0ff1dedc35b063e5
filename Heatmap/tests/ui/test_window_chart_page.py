"""The window's chart page: one newest price, and everything back after its process has died."""

import asyncio
import json
import os
import signal
from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from PyQt6.QtWebEngineWidgets import QWebEngineView

from Heatmap.standalone.chart_page import ChartPage
from Heatmap.standalone.chart_state import ChartState
from Heatmap.standalone.exchange.market import MINUTE_MS, Candle
from Heatmap.tests.systems import kill, posix_only
from Heatmap.tests.ui.chart_page import answer_of, wait_until_taken_in
from Heatmap.tests.ui.pictures import grab

T0_MS = 1_733_360_400_000
COUNT = 400
# Above the chart.
STRIP_PX = 32
# The newest close lies far from the closes of the middle of the chart.
NEWEST = 98_714.5
LINE_COLOUR = {"dark": (43, 179, 160), "light": (15, 143, 126)}
TAG_COLOUR = {"dark": (21, 120, 107), "light": (11, 117, 102)}


def candle(minute: int, close: float, *, is_closed: bool = True) -> Candle:
    opened = close - 20
    return Candle(
        T0_MS + minute * MINUTE_MS, opened, close + 15, opened - 15, close, 1.0, is_closed
    )


def history(count: int = COUNT) -> list[Candle]:
    closes = [98_300.0 + 40 * ((minute * 7) % 11 - 5) for minute in range(count - 1)]
    candles = [candle(minute, close) for minute, close in enumerate([*closes, NEWEST])]
    # Tall ones, so that the newest price lies within what is in sight elsewhere.
    for minute in range(25, count - 1, 50):
        candles[minute] = replace(candles[minute], high=98_900.0, low=97_900.0)
    return candles


class Page:
    """A shown chart page, and what the tests ask of it."""

    def __init__(self, qtbot: Any) -> None:
        self.qtbot = qtbot
        self.page = ChartPage()
        self.view = QWebEngineView()
        self.view.setPage(self.page)
        self.view.resize(900, 500)
        self.view.show()

    def js(self, script: str) -> Any:
        return answer_of(self.page, script)

    def kill(self) -> None:
        """Kill the render process as soon as there is one, and wait until Qt knows."""
        with self.qtbot.waitSignal(self.page.renderProcessTerminated, timeout=10_000):
            self.tell_process(kill)

    def tell_process(self, tell: Callable[[int], None]) -> None:
        """Do something to the render process, as soon as there is one."""
        pids: list[int] = []

        def is_told() -> bool:
            # 0 while there is none: that would be the tests' own group of processes.
            if pid := self.page.renderProcessPid():
                tell(pid)
                pids.append(pid)
            return bool(pids)

        self.qtbot.waitUntil(is_told, timeout=10_000)

    def is_whole(self, count: int = COUNT) -> Callable[[], bool]:
        """Tell whether there is a chart with so many candles; asks only a page that is there."""

        def check() -> bool:
            if self.page.isLoading() or not self.page.renderProcessPid():
                return False
            found = self.js("typeof candleSeries !== 'undefined' && candleSeries?.data().length")
            return bool(found == count)

        return check

    def wait_until_whole(self, count: int = COUNT) -> None:
        self.qtbot.waitUntil(self.is_whole(count), timeout=20_000)

    def range(self) -> tuple[float, float]:
        found = self.js("chart.timeScale().getVisibleLogicalRange()") or {"from": 0, "to": 0}
        return found["from"], found["to"]

    def show_range(self, start: float, end: float) -> None:
        """Scroll the chart as the user would, and wait until it has got there."""
        self.js(f"(chart.timeScale().setVisibleLogicalRange({{from: {start}, to: {end}}}), 0)")
        self.qtbot.waitUntil(
            lambda: self.range() == pytest.approx((start, end), abs=0.01), timeout=20_000
        )
        # The report follows with the next frame.
        self.wait_until_reported()

    def wait_until_reported(self) -> None:
        """Wait until the page has told what is in sight: it does so by its title."""

        def is_reported() -> bool:
            title = self.page.title()
            if not title.startswith("{"):
                return False
            return bool(json.loads(title).get("from") == pytest.approx(self.range()[0], abs=0.01))

        self.qtbot.waitUntil(is_reported, timeout=20_000)


@pytest.fixture
def shown(qtbot: Any, qt_run: Callable[..., Any]) -> Iterator[Page]:
    shown = Page(qtbot)
    qt_run(shown.page.load_chart("dark"), timeout=20_000)
    shown.page.set_candles(history(), 120, Decimal("0.01"))
    shown.wait_until_whole()
    shown.wait_until_reported()
    yield shown
    errors = list(shown.page.console_errors)
    shown.view.setPage(None)
    with qtbot.waitSignal(shown.page.destroyed, timeout=10_000):
        shown.page.deleteLater()
    shown.view.deleteLater()
    assert errors == []


# -- one newest price -----------------------------------------------------------------------------


def newest_price_places(shown: Page, theme: str = "dark") -> tuple[float, float, float]:
    """Return y of the newest price's line, of its tag, and of the price itself; CSS pixels."""
    picture = grab(shown.view)[STRIP_PX:]
    is_line = np.abs(picture - np.array(LINE_COLOUR[theme])).max(axis=2) <= 6
    is_tag = np.abs(picture - np.array(TAG_COLOUR[theme])).max(axis=2) <= 6
    pane = int(shown.js("chart.timeScale().width()"))
    # A dotted line colours its row from end to end; candles only here and there.
    line = np.flatnonzero(is_line[:, :pane].mean(axis=1) > 0.4)
    tag = np.flatnonzero(is_tag[:, pane + 10 : -4].mean(axis=1) > 0.4)
    price = shown.js(
        "candleSeries.priceToCoordinate(candleSeries.data().findLast(c => 'close' in c).close)"
    )
    assert len(line), "there is no line"
    assert len(tag), "there is no tag"
    return float(line.mean()), float(tag.mean()), float(price)


def assert_one_price(shown: Page, theme: str = "dark") -> None:
    def is_one() -> bool:
        line, tag, price = newest_price_places(shown, theme)
        return abs(line - price) <= 1.5 and abs(tag - price) <= 2.5

    shown.qtbot.waitUntil(is_one, timeout=20_000)


def scroll_back(shown: Page) -> None:
    shown.show_range(100, 220)


def test_a_chart_that_is_scrolled_back_shows_one_newest_price(shown: Page) -> None:
    scroll_back(shown)
    assert_one_price(shown)


@pytest.mark.parametrize(
    "change",
    [
        "(candleSeries.priceScale().applyOptions({mode: 2}), 0)",
        "(candleSeries.priceScale().applyOptions({mode: 1}), 0)",
        "(candleSeries.priceScale().applyOptions({invertScale: true}), 0)",
        "(candleSeries.setData(candleSeries.data().slice(0, -3)), 0)",
        "(candleSeries.setData([...candleSeries.data(), {time: 1733390000}]), 0)",
        "(candleSeries.update({time: 1733390000}), 0)",
    ],
    ids=["percentage", "logarithmic", "inverted", "fewer candles", "ends in a hole", "hole comes"],
)
def test_the_newest_price_stays_one_whatever_changes(shown: Page, change: str) -> None:
    shown.js(change)
    scroll_back(shown)
    assert_one_price(shown)
    shown.show_range(340, 396)
    assert_one_price(shown)


def test_a_candle_that_comes_late_moves_line_and_tag_together(shown: Page) -> None:
    scroll_back(shown)
    for step, close in enumerate((98_500.0, 98_820.0)):
        shown.page.update_candle(candle(COUNT + step, close))
        shown.qtbot.waitUntil(
            lambda close=close: shown.js("candleSeries.priceLines()[0].options().price") == close,  # type: ignore[misc]
            timeout=20_000,
        )
        assert_one_price(shown)
    assert shown.js("candleSeries.priceLines().length") == 1


def test_the_newest_price_is_one_in_the_other_colours(shown: Page) -> None:
    scroll_back(shown)
    shown.page.set_theme("light")
    assert_one_price(shown, "light")


def test_without_candles_there_is_no_newest_price(shown: Page) -> None:
    shown.page.clear_candles()
    shown.qtbot.waitUntil(lambda: shown.js("candleSeries.priceLines().length") == 0, timeout=20_000)


# -- room for levels ahead ------------------------------------------------------------------------


def free_part(shown: Page) -> float:
    """Give the part of the pane's width right of the newest candle."""
    start, end = shown.range()
    return (end + 0.5 - COUNT) / (end - start)


def prices_free(shown: Page) -> tuple[float, float]:
    """Give the parts of the pane's height above and below the candles that are in sight."""
    start, end = shown.range()
    seen = history()[max(0, round(start)) : round(end) + 1]
    height = shown.js("chart.paneSize(0).height")
    top = shown.js(f"candleSeries.priceToCoordinate({max(one.high for one in seen)})")
    bottom = shown.js(f"candleSeries.priceToCoordinate({min(one.low for one in seen)})")
    return top / height, 1 - bottom / height


def test_there_is_room_for_levels_while_there_are_any(shown: Page) -> None:
    usual = shown.range()
    shown.page.set_room(has_room=True)
    shown.qtbot.waitUntil(
        lambda: free_part(shown) == pytest.approx(0.11, abs=0.002), timeout=20_000
    )
    shown.qtbot.waitUntil(
        lambda: prices_free(shown) == pytest.approx((0.22, 0.22), abs=0.02), timeout=20_000
    )
    # Asked for another span it keeps the room; and so does the next process of the page.
    shown.page.show_newest(60)
    shown.qtbot.waitUntil(
        lambda: shown.range()[0] == pytest.approx(COUNT - 60.5, abs=0.1), timeout=20_000
    )
    assert free_part(shown) == pytest.approx(0.11, abs=0.002)
    shown.kill()
    shown.wait_until_whole()
    shown.qtbot.waitUntil(
        lambda: free_part(shown) == pytest.approx(0.11, abs=0.002), timeout=20_000
    )
    shown.page.show_newest(120)
    shown.qtbot.waitUntil(
        lambda: shown.range()[0] == pytest.approx(usual[0], abs=0.1), timeout=20_000
    )
    shown.page.set_room(has_room=False)
    shown.qtbot.waitUntil(lambda: shown.range() == pytest.approx(usual, abs=0.1), timeout=20_000)
    assert prices_free(shown) != pytest.approx((0.22, 0.22), abs=0.02)
    # Tags have so many pixels, however wide a candle is.
    shown.page.set_room(has_room=False, has_tags=True)
    for bars in (40, 180):
        shown.page.show_newest(bars)
        shown.qtbot.waitUntil(
            lambda: (
                shown.js("chart.timeScale().width()") * free_part(shown) == pytest.approx(88, abs=2)
            ),
            timeout=20_000,
        )


def test_words_of_ticks_are_whole_or_there_are_none(shown: Page) -> None:
    shown.page.set_bars(has_bars=True)
    shown.qtbot.waitUntil(lambda: shown.js("chart.panes().length") == 2, timeout=20_000)
    scales = "chart.panes().map((_pane, i) => chart.priceScale('right', i).options())"
    assert shown.js(f"{scales}.map((one) => one.entireTextOnly)") == [True, True]


def test_a_chart_that_is_scrolled_back_stays_where_it_is(shown: Page) -> None:
    scroll_back(shown)
    shown.page.set_room(has_room=True)
    shown.qtbot.waitUntil(
        lambda: prices_free(shown) == pytest.approx((0.22, 0.22), abs=0.02), timeout=20_000
    )
    assert shown.range() == pytest.approx((100, 220), abs=0.01)


# -- a render process that dies -------------------------------------------------------------------


def content(shown: Page) -> dict[str, Any]:
    return dict(
        shown.js(
            "{candles: candleSeries.data(), theme: document.body.className,"
            " background: chart.options().layout.background.color,"
            " format: candleSeries.options().priceFormat,"
            " mode: candleSeries.priceScale().options().mode,"
            " isAuto: candleSeries.priceScale().options().autoScale}"
        )
    )


def test_everything_is_back_each_time_the_process_dies(shown: Page) -> None:
    shown.page.set_theme("light")
    shown.show_range(60, 180)
    before = content(shown)
    assert before["format"]["precision"] == 2
    for _death in range(6):
        shown.kill()
        shown.wait_until_whole()
        assert content(shown) == before
        shown.qtbot.waitUntil(
            lambda: shown.range() == pytest.approx((60, 180), abs=0.01), timeout=20_000
        )


def test_a_light_window_has_no_dark_moment_while_its_page_comes_back(shown: Page) -> None:
    shown.page.set_theme("light")
    is_back = shown.is_whole()
    shown.qtbot.waitUntil(lambda: grab(shown.view)[8, 8].min() > 200, timeout=20_000)
    shown.kill()
    darkest = 255

    def check() -> bool:
        nonlocal darkest
        darkest = min(darkest, int(grab(shown.view)[8, 8].min()))
        return is_back()

    shown.qtbot.waitUntil(check, timeout=20_000)
    assert darkest > 200


def test_a_range_of_prices_that_the_user_chose_is_back(shown: Page) -> None:
    shown.js("(candleSeries.priceScale().setVisibleRange({from: 97000, to: 99500}), 0)")
    shown.show_range(60, 180)
    shown.kill()
    shown.wait_until_whole()
    assert not content(shown)["isAuto"]
    shown.qtbot.waitUntil(
        lambda: (
            shown.js("candleSeries.priceScale().getVisibleRange()")
            == pytest.approx({"from": 97_000, "to": 99_500}, rel=1e-4)
        ),
        timeout=20_000,
    )


def test_a_percentage_scale_is_back(shown: Page) -> None:
    shown.page.set_scale("percent")
    shown.js("(candleSeries.priceScale().applyOptions({invertScale: true}), 0)")
    shown.show_range(60, 180)
    before = content(shown)
    assert before["mode"] == 2
    shown.kill()
    shown.wait_until_whole()
    assert content(shown) == before
    assert shown.js("candleSeries.priceScale().options().invertScale") is True


def test_what_comes_while_there_is_no_page_is_shown_afterwards(shown: Page) -> None:
    start, end = shown.range()
    shown.kill()
    # A page that is not there is told nothing: each call of it would be an error on the console.
    shown.page.update_candle(candle(COUNT - 1, 98_600.0))
    shown.page.update_candle(candle(COUNT, 98_650.0, is_closed=False))
    shown.page.set_theme("light")
    shown.page.set_price_format(Decimal("0.1"))
    shown.wait_until_whole(COUNT + 1)
    after = content(shown)
    assert [row["close"] for row in after["candles"][-2:]] == [98_600.0, 98_650.0]
    assert after["theme"] == "light"
    assert after["format"]["precision"] == 1
    # The newest candle was in sight and is, as on a living page.
    shown.qtbot.waitUntil(
        lambda: shown.range() == pytest.approx((start + 1, end + 1), abs=0.01), timeout=20_000
    )


def test_candles_of_another_interval_that_come_meanwhile_are_shown_from_their_end(
    shown: Page,
) -> None:
    shown.show_range(60, 180)
    shown.kill()
    shown.page.set_candles(history(50), 30)
    shown.wait_until_whole(50)
    shown.qtbot.waitUntil(
        lambda: shown.range() == pytest.approx((50 - 30 - 0.5, 53), abs=0.01), timeout=20_000
    )


def test_a_death_while_the_page_loads_is_mended_as_well(shown: Page, qtbot: Any) -> None:
    before = content(shown)
    with qtbot.waitSignal(shown.page.loadStarted, timeout=10_000):
        shown.kill()
    shown.kill()
    shown.wait_until_whole()
    assert content(shown) == before


def test_a_death_before_the_first_chart_does_not_end_the_loading(qtbot: Any, qt_loop: Any) -> None:
    shown = Page(qtbot)
    task = qt_loop.create_task(shown.page.load_chart("light"))
    with qtbot.waitSignal(shown.page.loadStarted, timeout=10_000):
        pass
    shown.kill()
    qtbot.waitUntil(task.done, timeout=20_000)
    task.result()
    shown.page.set_candles(history(), 120)
    shown.wait_until_whole()
    assert content(shown)["theme"] == "light"
    assert shown.page.console_errors == []
    shown.view.setPage(None)
    with qtbot.waitSignal(shown.page.destroyed, timeout=10_000):
        shown.page.deleteLater()
    shown.view.deleteLater()


def test_a_death_while_the_window_is_hidden_is_mended_when_it_is_seen_again(shown: Page) -> None:
    shown.show_range(60, 180)
    before = content(shown)
    shown.view.hide()
    shown.kill()
    shown.wait_until_whole()
    shown.view.show()
    shown.qtbot.waitUntil(
        lambda: shown.range() == pytest.approx((60, 180), abs=0.01), timeout=20_000
    )
    assert content(shown) == before


def test_candles_that_come_to_a_hidden_page_in_its_place_are_in_sight_afterwards(
    shown: Page,
) -> None:
    shown.view.hide()
    shown.kill()
    shown.wait_until_whole()
    shown.page.set_candles(history(50), 30)
    shown.page.update_candle(candle(50, 98_400.0))
    shown.wait_until_whole(51)
    shown.view.show()
    shown.qtbot.waitUntil(
        lambda: shown.range() == pytest.approx((50 - 30 + 0.5, 54), abs=0.01), timeout=20_000
    )


@posix_only
def test_a_question_that_is_under_way_at_a_death_is_answered_by_the_next_page(
    shown: Page, qt_loop: Any
) -> None:
    async def ask() -> tuple[dict[str, Any], None]:
        async with asyncio.timeout(15):
            return await asyncio.gather(shown.page.geometry(), shown.page.wait_for_frame())

    # The process stands still, so that the questions are under way when it dies.
    shown.tell_process(lambda pid: os.kill(pid, signal.SIGSTOP))
    task = qt_loop.create_task(ask())
    shown.qtbot.waitUntil(lambda: len(shown.page._answers) == 2, timeout=20_000)
    shown.kill()
    shown.qtbot.waitUntil(task.done, timeout=20_000)
    assert task.result()[0]["paneWidth"] > 100


def test_a_reload_from_outside_brings_everything_back(shown: Page) -> None:
    shown.show_range(60, 180)
    before = content(shown)
    with shown.qtbot.waitSignal(shown.page.loadFinished, timeout=10_000):
        shown.page.triggerAction(ChartPage.WebAction.Reload)
    shown.wait_until_whole()
    assert content(shown) == before
    shown.qtbot.waitUntil(
        lambda: shown.range() == pytest.approx((60, 180), abs=0.01), timeout=20_000
    )


def test_older_candles_come_in_front_and_what_is_in_sight_stays(shown: Page) -> None:
    scroll_back(shown)
    assert_one_price(shown)
    # Two frames after it was scrolled: what is grabbed may be a frame behind.
    wait_until_taken_in(shown.qtbot, shown.page)
    before = grab(shown.view)
    shown.page.add_older_candles([candle(minute, 98_300.0) for minute in range(-250, 0)])
    shown.wait_until_whole(COUNT + 250)
    shown.qtbot.waitUntil(
        lambda: shown.range() == pytest.approx((350, 470), abs=0.01), timeout=20_000
    )

    def is_same() -> bool:
        # But for the dashes of the price line, one row, which begin elsewhere.
        rows = np.flatnonzero((grab(shown.view) != before).any(axis=(1, 2)))
        return rows.size == 0 or int(np.ptp(rows)) <= 1

    shown.qtbot.waitUntil(is_same, timeout=20_000)
    times = shown.js("candleSeries.data().map(c => c.time)")
    assert times == [T0_MS // 1000 + 60 * minute for minute in range(-250, COUNT)]
    # The one in progress goes on.
    shown.page.update_candle(candle(COUNT, 98_500.0))
    shown.wait_until_whole(COUNT + 251)
    told = content(shown)
    shown.kill()
    shown.wait_until_whole(COUNT + 251)
    assert content(shown) == told
    shown.qtbot.waitUntil(
        lambda: shown.range() == pytest.approx((350, 470), abs=0.01), timeout=20_000
    )


def test_older_candles_of_a_hidden_page_move_what_is_to_be_in_sight(shown: Page) -> None:
    shown.view.hide()
    shown.kill()
    shown.wait_until_whole()
    shown.page.set_candles(history(50), 30)
    shown.page.add_older_candles([candle(minute, 98_300.0) for minute in range(-20, 0)])
    shown.wait_until_whole(70)
    shown.view.show()
    shown.qtbot.waitUntil(
        lambda: shown.range() == pytest.approx((70 - 30 - 0.5, 73), abs=0.01), timeout=20_000
    )


# -- several things within one frame --------------------------------------------------------------

# What is asked of the page before it draws again, and by how many bars what is in sight then begins
# and ends later than at first.
WITHIN_A_FRAME = {
    "older ones, then a new one": (["older", "new"], (251, 251)),
    "older ones twice, then two new ones": (["older", "new", "oldest", "new"], (262, 262)),
    "another span, then a new one": (["span", "new"], (61, 1)),
    "another span, older ones, a new one": (["span", "older", "new"], (311, 251)),
}


@pytest.mark.parametrize("name", WITHIN_A_FRAME)
def test_what_is_in_sight_is_right_whatever_comes_within_one_frame(
    shown: Page, qt_run: Callable[..., Any], name: str
) -> None:
    steps, moved = WITHIN_A_FRAME[name]
    start, end = COUNT - 120.5, COUNT + 3
    qt_run(shown.page.wait_for_frame(), timeout=20_000)
    assert shown.range() == (start, end)
    minutes = {"older": range(-250, 0), "oldest": range(-260, -250)}
    calls, minute = [], COUNT
    for step in steps:
        if step == "new":
            calls.append(f"chartPage.updateCandle({row(minute)})")
            minute += 1
        elif step == "span":
            calls.append("chartPage.showNewest(60, 1)")
        else:
            calls.append(f"chartPage.addOlderCandles([{', '.join(map(row, minutes[step]))}])")
    # Within one task of the page, so that no frame comes between.
    shown.js(f"({', '.join(calls)}, 0)")
    qt_run(shown.page.wait_for_frame(), timeout=20_000)
    assert shown.range() == (start + moved[0], end + moved[1])


def test_a_window_that_was_hidden_shows_the_newest_candle_at_its_place(
    shown: Page, qt_run: Callable[..., Any]
) -> None:
    qt_run(shown.page.wait_for_frame(), timeout=20_000)
    shown.view.hide()
    shown.qtbot.waitUntil(lambda: shown.js("document.hidden"), timeout=20_000)
    shown.page.show_newest(60)
    for minute in range(COUNT, COUNT + 3):
        shown.page.update_candle(candle(minute, 98_400.0))
    shown.page.set_room(has_room=True)
    shown.page.add_older_candles([candle(minute, 98_300.0) for minute in range(-20, 0)])
    shown.page.update_candle(candle(COUNT + 3, 98_400.0))
    shown.wait_until_whole(COUNT + 24)
    shown.view.show()
    qt_run(shown.page.wait_for_frame(), timeout=20_000)
    start, end = shown.range()
    assert start == COUNT + 24 - 60.5
    assert (end + 0.5 - COUNT - 24) / (end - start) == pytest.approx(0.11, abs=0.002)


def row(minute: int) -> str:
    """Give a candle as the page takes it."""
    return json.dumps(ChartState().update_candle(candle(minute, 98_310.0)))
