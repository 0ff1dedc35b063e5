"""Predicted levels where the chart was moved, the page hidden, or its process dead.

The source, the picture and the feed are those of the product: only the clock stands still.
"""

import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from Heatmap.domain.candles import MINUTE_MS, RunningMinute
from Heatmap.runtime.host_loop import begin_task, end_task
from Heatmap.tests.systems import kill
from Heatmap.tests.ui.chart_page import ChartPage
from Heatmap.tests.ui.conftest import HEIGHT, WIDTH
from Heatmap.tests.ui.predicted_market import (
    COUNT,
    LOWER,
    NOW_MS,
    PRICE,
    REACHED,
    START_MS,
    saved_market,
)
from Heatmap.tests.ui.predicted_page import PredictedPage

pytestmark = pytest.mark.qt_log_ignore("Registered new object after initialization")


@pytest.fixture(scope="module")
def render_process() -> None:
    """Give each page a process of its own: a test kills it."""


# Each scale once and each ratio of pixels twice; all eight pairs take twice as long, and neither of
# the two decides what becomes of the other.
VIEWS = {
    "linear": 1.0,
    "logarithmic": 2.0,
    "percentage": 1.0,
    "inverted": 2.0,
}


@pytest.fixture(params=VIEWS)
def shown(
    request: pytest.FixtureRequest,
    qtbot: Any,
    qt_loop: Any,
    make_page: Callable[..., ChartPage],
    tmp_path: Path,
) -> Iterator[PredictedPage]:
    ratio = VIEWS[request.param]
    page = make_page(size=(round(WIDTH * ratio), round(HEIGHT * ratio)))
    page.load()
    store = saved_market(tmp_path / "heatmap.sqlite3")
    shown = PredictedPage(page, store, request.param, ratio)
    task = begin_task(qt_loop, shown.feed.run(), "feed")
    qtbot.waitUntil(lambda: shown.layer.shown_count > 0, timeout=10_000)
    yield shown
    end_task(task)
    shown.feed.close()
    shown.executor.shutdown()


def test_levels_are_where_they_were_after_a_pan_and_a_zoom(shown: PredictedPage) -> None:
    shown.assert_levels()
    for view in ((5.2, 91.2), (30.0, 72.0), (-40.0, 160.0)):
        shown.show_candles(*view)
        shown.assert_levels()
    # There are other rows then, and a logarithmic scale is seen to be bent.
    before = shown.layer.meta["binUsd"]
    shown.wait_for_grid(lambda: shown.show_prices(4_000.0))
    assert shown.layer.meta["binUsd"] > before
    shown.assert_levels()


def test_scrolled_back_levels_stand_as_of_the_right_edge(shown: PredictedPage) -> None:
    # The right edge is behind the candle that reaches the upper one, before it, and amid it.
    for view, edge, upper_until in (
        ((-1.5, 50.5), (51, 52), REACHED),
        ((-1.5, 34.5), (35, 36), math.inf),
        ((37.5, 39.4), (REACHED + 0.1, REACHED + 0.9), math.inf),
    ):
        shown.wait_for_grid(lambda view=view: shown.show_candles(*view))
        known = (shown.layer.end_ms - START_MS) / MINUTE_MS
        assert edge[0] < known < edge[1]
        assert "standing" not in shown.layer.meta
        shown.assert_levels(upper_until=upper_until, known=known)


def hide(shown: PredictedPage) -> None:
    shown.page.view.hide()
    shown.page.qtbot.waitUntil(lambda: shown.page.js("document.hidden"), timeout=10_000)


def unhide(shown: PredictedPage) -> None:
    shown.page.view.show()
    shown.page.qtbot.waitUntil(lambda: not shown.page.js("document.hidden"), timeout=10_000)


def test_after_a_hidden_page_is_shown_levels_are_there_and_what_was_reached_is_gone(
    shown: PredictedPage,
) -> None:
    hide(shown)
    unhide(shown)
    shown.assert_levels()
    hide(shown)
    shown.now_ms = NOW_MS + MINUTE_MS // 3
    shown.running = RunningMinute(NOW_MS, LOWER * 0.99, PRICE)
    shown.page.qtbot.waitUntil(lambda: shown.layer.end_ms == shown.now_ms, timeout=10_000)
    unhide(shown)
    shown.assert_levels(lower_until=COUNT)


def test_levels_are_back_each_time_the_render_process_died(shown: PredictedPage) -> None:
    page, qtbot = shown.page, shown.page.qtbot
    # The second time nobody loads the page again but the layer.
    for does_host_load in (True, False):
        with qtbot.waitSignal(page.page.loadFinished, timeout=20_000):
            with qtbot.waitSignal(page.page.renderProcessTerminated, timeout=20_000):
                kill(page.page.renderProcessPid())
            if does_host_load:
                page.load()
        shown.wait_for_grid(shown.create_chart)
        shown.assert_levels()
