"""The whole window on an exchange: what its strip, its card and the end of its candles say."""

import asyncio
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from Heatmap.domain.events import DataKind
from Heatmap.heatmap_settings import HeatmapSettings
from Heatmap.service import market_state
from Heatmap.standalone.new_notices import NOTICE_S, NewNotices
from Heatmap.standalone.window import ChartWindow
from Heatmap.storage.store import open_store
from Heatmap.tests.trader_exchange import TraderExchange, liquidation
from Heatmap.tests.ui.test_chart_strip import TEXT
from Heatmap.tests.ui.test_window_switch import World

RECORDED = HeatmapSettings(enabled=True, heat="recorded", symbols=("BTCUSDT", "ETHUSDT"))
BITCOIN = RECORDED.changed(symbols=("BTCUSDT",))
HIDDEN = "document.getElementById('{}').hidden"


@pytest.fixture
def world(qtbot: Any, qt_run: Callable[..., Any], qt_loop: Any, tmp_path: Path) -> Iterator[World]:
    world = World(qtbot, qt_run, qt_loop, tmp_path)
    with world.exchange:
        yield world
        errors = list(world.window.page.console_errors)
        qt_run(world.close(), timeout=20_000)
    assert errors == []


def wait_for(world: World, name: str, *parts: str) -> None:
    world.qtbot.waitUntil(
        lambda: all(part in world.js(TEXT.format(name)) for part in parts), timeout=20_000
    )


def test_a_first_start_says_what_to_do_and_does_it(world: World) -> None:
    world.qt_run(world.open(RECORDED), timeout=20_000)
    world.wait_for("BTCUSDT", "1m")
    wait_for(world, "values", "BTCUSDT 1m", "C 9")
    # Nothing was liquidated: a hatch, and no scale that nobody could know.
    wait_for(world, "card", "Nothing recorded yet", "Show predicted levels")
    wait_for(world, "legend", "not recorded")
    assert world.js("document.getElementById('scale')") is None
    # One offer, not two above each other: the layer's own line has given way.
    offers = "document.body.innerText.split('Show predicted levels').length - 1"
    world.qtbot.waitUntil(lambda: world.js(offers) == 1, timeout=20_000)
    world.js("(document.querySelector('#card .act').click(), 0)")
    world.qtbot.waitUntil(lambda: world.service.settings.heat == "predicted", timeout=20_000)
    world.set_interval("15m")
    world.wait_for("BTCUSDT", "15m")
    wait_for(world, "values", "BTCUSDT 15m")


def test_where_the_exchange_has_no_older_candles_the_chart_says_so(world: World) -> None:
    world.qt_run(world.open(RECORDED), timeout=20_000)
    world.wait_for("BTCUSDT", "1m")
    assert world.js(HIDDEN.format("limit"))
    world.js("(chart.timeScale().setVisibleLogicalRange({from: -20, to: 60}), 0)")
    wait_for(world, "limit", "BTCUSDT: the exchange has no older candles")
    world.qtbot.waitUntil(lambda: not world.js(HIDDEN.format("limit")), timeout=20_000)
    # It is said at the oldest candle and nowhere else.
    world.set_interval("5m")
    world.wait_for("BTCUSDT", "5m")
    world.qtbot.waitUntil(lambda: world.js(HIDDEN.format("limit")), timeout=20_000)


def test_how_the_chart_was_set_is_kept_for_the_next_window(world: World) -> None:
    world.qt_run(world.open(RECORDED), timeout=20_000)
    choices = world.window.chart_choices
    choices.set_scale("log")
    choices.set_look("neutral")
    assert choices.set_time_zone("Asia/Tokyo")
    assert not choices.set_time_zone("Asia/Atlantis")
    other = ChartWindow(world.store, "dark")
    try:
        kept = other.chart_choices
        assert (kept.scale, kept.look, kept.time_zone) == ("log", "neutral", "Asia/Tokyo")
        other.market.expected = HeatmapSettings(heat="both", window="24h")
        world.qt_run(other.load(), timeout=20_000)
        # Until its database is read it shows what will hold; a window that is opened meanwhile
        # takes this over, and keeps it as its own.
        bar, settings = other.tool_bar, other.market.settings
        assert (bar.heats.currentData(), bar.windows.currentData()) == ("both", "24h")
        assert (settings.heat, settings.window) == ("both", "24h")
        shown = "[candleSeries.priceScale().options().mode, candleSeries.options().upColor]"
        answers: list[str] = []
        other.page.runJavaScript(f"JSON.stringify({shown})", answers.append)
        world.qtbot.waitUntil(lambda: bool(answers), timeout=20_000)
        assert answers == ['[1,"#e3e7ee"]']
    finally:
        world.qt_run(other.leave(), timeout=20_000)
        other.close()
        other.deleteLater()
        world.qt_run(asyncio.sleep(0), timeout=20_000)


def test_a_bar_that_was_never_seen_cuts_nothing_off_once_it_is(world: World) -> None:
    world.qt_run(world.open(RECORDED), timeout=20_000)
    other = ChartWindow(world.store, "dark")
    try:
        other.resize(1280, 780)
        # Nothing is set after that which would have it measure again.
        other.show()
        world.qtbot.waitUntil(other.tool_bar.isVisible, timeout=10_000)
        world.qtbot.waitUntil(lambda: other.tool_bar.width() == 1280, timeout=10_000)
        bar = other.tool_bar
        assert bar._layout.sizeHint().width() <= bar.width()
    finally:
        world.qt_run(other.leave(), timeout=20_000)
        other.close()
        other.deleteLater()
        world.qt_run(asyncio.sleep(0), timeout=20_000)


def says(world: World, *parts: str) -> None:
    """Wait until the bar says all of it, in its word and its sentence."""
    line = world.window.status_bar.line
    world.qtbot.waitUntil(lambda: all(part in line.words for part in parts), timeout=20_000)


def test_what_the_other_program_records_is_shown_and_called_recorded(world: World) -> None:
    world.qt_run(world.live(RECORDED), timeout=20_000)
    own = world.qt_run(world.live(BITCOIN), timeout=20_000)
    world.qt_run(world.open(BITCOIN, own), timeout=20_000)
    world.wait_for("BTCUSDT", "1m")
    says(world, "Standby: ", "records BTCUSDT")
    world.window.market.choose_symbol("ETHUSDT")
    says(world, "Standby: ", "records ETHUSDT")
    assert world.window.market.settings.heat == "recorded"
    world.qtbot.waitUntil(
        lambda: own.service.status()["layers"][0]["state"] == "drawn", timeout=20_000
    )
    assert world.js(HIDDEN.format("card"))
    empty = world.window.docks.tape.empty
    waits = "Liquidations appear here as they are recorded."
    world.qtbot.waitUntil(lambda: empty.text() == waits, timeout=20_000)
    # It ends: this one records in its place, and that is another symbol.
    world.qt_run(world.sources[0].close(), timeout=20_000)
    says(world, "Not recorded: ETHUSDT")
    wait_for(world, "card", "ETHUSDT is not recorded", "Record ETHUSDT too")
    assert world.window.market.settings.heat != "recorded"
    world.qtbot.waitUntil(lambda: empty.text() == "ETHUSDT is not recorded.", timeout=20_000)


def test_another_program_that_stores_nothing_is_said(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(market_state, "WRITER_SILENT_AFTER_MS", 0)
    now_ms = time.time_ns() // 1_000_000
    store = open_store(world.tmp_path / "live.sqlite3")
    with closing(store.open_writer(DataKind.LIVE, is_recorder=False)) as writer:
        writer.extend_coverage("BTCUSDT", now_ms - 3_600_000, now_ms - 60_000, proven=True)
        writer.write([liquidation("BTCUSDT", now_ms - 90_000, 5_000.0, is_long=True)])
        world.qt_run(world.open(BITCOIN), timeout=20_000)
        blind = world.window.docks.tape.blind
        says(world, "Blind: The program that records has stored nothing since")
        wait_for(world, "card", "goes on in its place")
        # One time in all places.
        world.qtbot.waitUntil(lambda: not blind.isHidden(), timeout=20_000)
        assert blind.text().rpartition(" ")[2] in world.window.status_bar.line.words
        writer.extend_coverage("BTCUSDT", now_ms - 60_000, now_ms + 3_600_000, proven=True)
        says(world, "Standby: ")
        world.qtbot.waitUntil(lambda: world.js(HIDDEN.format("card")), timeout=20_000)


def test_another_day_is_named_whatever_candles_are_shown(world: World) -> None:
    world.qt_run(world.open(RECORDED), timeout=20_000)
    world.wait_for("BTCUSDT", "1m")
    window = world.window
    told: list[str] = []
    window.state_told.connect(told.append)
    hour = "BTCUSDT: Live\n1 h at least: "
    world.qtbot.waitUntil(lambda: any(one.startswith(hour) for one in told), timeout=9_000)
    replay = window.replay.bar.replay
    assert replay is not None
    asked_ms = world.service.clock() - 2 * 86_400_000
    replay.show_as_of(asked_ms)
    # Candles of that day are shown, or none: the title has no price of today.
    world.qtbot.waitUntil(
        lambda: window.windowTitle() == "Replay: BTCUSDT - Heatmap", timeout=9_000
    )
    says(world, f"As of {window.page.times.day(asked_ms)} ", "Recording goes on")
    world.exchange.is_down = True
    says(world, "Blind: Nothing recorded since")
    assert window.status_bar.line.words.startswith("As of ")
    # The tray tells of the recording, not of the day that is shown.
    assert told[-1] == "BTCUSDT: Blind"
    assert "Recording goes on" not in window.status_bar.line.words


def test_a_narrow_window_says_what_its_hatch_means(world: World) -> None:
    with TraderExchange() as world.exchange:
        world.qt_run(world.open(BITCOIN.changed(heat="both")), timeout=20_000)
        world.window.resize(760, 460)
        world.window.docks.set_open(are_open=True)
        # Little of it was recorded: the hatch is below the map, and in the pane of the bars.
        layer = world.service.status
        world.qtbot.waitUntil(lambda: layer()["layers"][0]["state"] == "drawn", timeout=20_000)
        world.exchange.liquidate("BTCUSDT", 400_000.0, is_long=True)
        # The page tells its width with a frame of its own, and says then what there is room for.
        world.qtbot.waitUntil(lambda: (world.window.page.pane_px or 480) < 480, timeout=20_000)
        wait_for(world, "legend", "longs", "not recorded")


@pytest.mark.skipif(sys.platform == "win32", reason="an open file is not deleted there")
def test_what_was_done_about_the_database_is_said_for_a_while(world: World) -> None:
    world.qt_run(world.open(RECORDED), timeout=20_000)
    world.wait_for("BTCUSDT", "1m")
    says(world, "Live: ", "none liquidated yet")
    # A program that cleans up: the chart begins anew, and why is not only in the tool tip.
    (world.tmp_path / "live.sqlite3").unlink()
    says(world, "Live: ", "moved or deleted", "goes on in a new file")


def test_a_notice_is_new_for_its_time_and_not_again() -> None:
    now_s = 0.0
    notices = NewNotices(lambda: now_s)
    assert notices.pick(["a"]) == ["a"]
    now_s = NOTICE_S - 1
    assert notices.pick(["a", "b"]) == ["a", "b"]
    now_s = NOTICE_S
    assert notices.pick(["a", "b"]) == ["b"]
    assert notices.pick([]) == []
