"""Several windows: where each stands, and that nothing of them is lost however a program ends."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PyQt6.QtCore import QPoint, QSize
from PyQt6.QtWidgets import QMainWindow

from Heatmap import HeatmapSettings
from Heatmap.standalone.sources import open_live
from Heatmap.standalone.window import ChartWindow
from Heatmap.standalone.window_store import (
    FIRST,
    LAYOUT_VERSION,
    MOST_WINDOWS,
    WindowStore,
    kept_windows,
)
from Heatmap.tests.ui.test_window_frame import Many, shows
from Heatmap.tests.ui.test_window_switch import World

ONE = HeatmapSettings(enabled=True, heat="recorded", symbols=("BTCUSDT",))


@pytest.fixture
def world(qtbot: Any, qt_run: Any, qt_loop: Any, tmp_path: Path) -> Iterator[World]:
    world = World(qtbot, qt_run, qt_loop, tmp_path)
    with world.exchange:
        yield world


@pytest.fixture
def many(world: World, qt_run: Callable[..., Any]) -> Iterator[Callable[[], Many]]:
    exchange = world.exchange
    db = world.tmp_path / "live.sqlite3"
    source = qt_run(open_live(ONE, db, exchange.ws_url, exchange.rest_url))
    made: list[Many] = []

    def make() -> Many:
        made.append(Many(world, source))
        return made[-1]

    yield make
    for one in made:
        one.end()
    qt_run(source.close(), timeout=20_000)


def kept_size(store: WindowStore) -> QSize:
    """Return the size that a window would have that was started now."""
    like = QMainWindow()
    like.restoreGeometry(store.bytes_of("geometry"))
    return like.size()


def kept_docks(window: ChartWindow) -> list[bool]:
    """Return which docks would be hidden in a window that was started now."""
    like = QMainWindow()
    docks = [type(one)(like) for one in window.docks._docks]
    for dock, one in zip(docks, window.docks._docks, strict=True):
        dock.setObjectName(one.objectName())
        like.addDockWidget(window.dockWidgetArea(one), dock)
    like.restoreState(window.store.bytes_of("state"), LAYOUT_VERSION)
    return [dock.isHidden() for dock in docks]


def test_what_a_window_is_like_is_kept_while_it_is_open_and_taken_over_by_one_more(
    world: World, many: Callable[[], Many]
) -> None:
    # A program that is killed says nothing at its end: what counts is what is kept before that.
    one = many()
    (first,) = one.wait_until_open(1)
    first.resize(780, 555)
    first.docks.toggle.trigger()
    first.chart_choices.set_time_zone("Asia/Tokyo")
    world.qtbot.waitUntil(lambda: kept_size(first.store) == QSize(780, 555), timeout=10_000)
    world.qtbot.waitUntil(lambda: kept_docks(first) == [True, True, True], timeout=10_000)
    # The settings stand in the docks' place for the moment: these come back, as they were.
    first.docks.toggle.trigger()
    world.qtbot.waitUntil(lambda: kept_docks(first) == [False, False, False], timeout=10_000)
    before = first.store.bytes_of("geometry")
    first.resize(1400, 555)
    first.open_settings()
    assert first.docks.are_open is False
    world.qtbot.waitUntil(lambda: first.store.bytes_of("geometry") != before, timeout=10_000)
    assert kept_docks(first) == [False, False, False]
    for _ in range(3):
        first.actions_["new_window"].trigger()
    windows = one.wait_until_open(4)
    assert kept_windows(world.store) == [1, 2, 3, 4]
    screen = first.screen()
    assert screen is not None
    room = screen.availableGeometry()
    assert len({(window.x(), window.y()) for window in windows}) == 4
    for window in windows[1:]:
        assert window.chart_choices.time_zone == "Asia/Tokyo"
        assert [dock.isHidden() for dock in window.docks._docks] == [False, False, False]
        assert room.contains(window.frameGeometry().topLeft() + QPoint(600, 400))
    # Full screen and back: as large as before.
    first.showMaximized()
    for is_full in (True, False):
        first.actions_["full_screen"].trigger()
        assert first.isFullScreen() is is_full
    assert first.isMaximized()


def test_a_window_that_is_closed_before_it_has_loaded_holds_up_nothing(
    many: Callable[[], Many],
) -> None:
    one = many()
    (first,) = one.wait_until_open(1)
    first.actions_["new_window"].trigger()
    first, second = one.wait_until_open(2)
    assert second.market.candles.shown is None
    second.close()
    one.wait_until_open(1)
    one.end()
    assert one.task.done()


def test_windows_that_are_closed_together_come_back_together(
    world: World, many: Callable[[], Many]
) -> None:
    one = many()
    (first,) = one.wait_until_open(1)
    first.actions_["new_window"].trigger()
    first, second = one.wait_until_open(2)
    second.market.choose_symbol("ETHUSDT")
    world.qtbot.waitUntil(shows(second, "ETHUSDT"), timeout=15_000)
    # As a task bar's "close all" does it, in any order.
    first.close()
    second.close()
    one.end()
    assert kept_windows(world.store) == [1, 2]
    one = many()
    first, second = one.wait_until_open(2)
    world.qtbot.waitUntil(shows(second, "ETHUSDT"), timeout=15_000)
    # Who closes one and quits has done with that one.
    second.close()
    first.actions_["quit"].trigger()
    assert kept_windows(world.store) == [1]


def test_one_more_window_before_the_others_are_there_replaces_none_of_them(
    world: World, many: Callable[[], Many]
) -> None:
    world.store.setValue("Windows/open", "1 2")
    WindowStore(world.store, 2).set_text("chosenSymbol", "ETHUSDT")
    one = many()
    world.qtbot.waitUntil(
        lambda: hasattr(one, "windows") and bool(one.windows.open_windows), timeout=10_000
    )
    (first,) = one.windows.open_windows
    assert first.store.number == FIRST
    first.actions_["new_window"].trigger()
    windows = {window.store.number: window for window in one.wait_until_open(3)}
    assert sorted(windows) == [1, 2, 3]
    world.qtbot.waitUntil(shows(windows[2], "ETHUSDT"), timeout=15_000)
    world.qtbot.waitUntil(shows(windows[3], "BTCUSDT"), timeout=15_000)


@pytest.mark.parametrize("text", ["", "0", "x 3 x", f"3 {MOST_WINDOWS + 1} 3", "9" * 5000 + " 3"])
def test_a_damaged_list_of_windows_does_no_harm(world: World, text: str) -> None:
    world.store.setValue("Windows/open", text)
    assert kept_windows(world.store) == ([3] if "3" in text else [FIRST])


def test_of_two_programs_the_last_one_to_end_keeps_its_windows(
    world: World, many: Callable[[], Many]
) -> None:
    one = many()
    (first,) = one.wait_until_open(1)
    first.actions_["new_window"].trigger()
    first, second = one.wait_until_open(2)
    second.market.choose_symbol("ETHUSDT")
    second.chart_choices.set_scale("log")
    world.qtbot.waitUntil(shows(second, "ETHUSDT"), timeout=15_000)
    # A second program opens the same ones, and forgets one of them.
    other = many()
    other.wait_until_open(2)[1].close()
    world.qtbot.waitUntil(lambda: kept_windows(world.store) == [1], timeout=10_000)
    other.end()
    assert WindowStore(world.store, 2).text("chosenSymbol") == ""
    one.end()
    assert kept_windows(world.store) == [1, 2]
    store = WindowStore(world.store, 2)
    assert (store.text("chosenSymbol"), store.text("scale")) == ("ETHUSDT", "log")
