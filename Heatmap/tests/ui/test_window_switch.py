"""The window: candles, heat, title and digits are of one symbol, source and interval, always."""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from PyQt6.QtCore import QSettings
from PyQt6.QtWidgets import QLineEdit, QPushButton

from Heatmap.heatmap_settings import HEATS, HeatmapSettings
from Heatmap.standalone.settings_dock import SettingsDock
from Heatmap.standalone.sources import Source, open_live, open_simulated
from Heatmap.standalone.window import ChartWindow
from Heatmap.tests.fact_texts import told_text
from Heatmap.tests.systems import kill
from Heatmap.tests.two_symbol_exchange import TwoSymbolExchange
from Heatmap.tests.ui.chart_page import answer_of

BOTH = HeatmapSettings(enabled=True, symbols=("BTCUSDT", "ETHUSDT"))
PLACES = {"BTCUSDT": 98_000.0, "ETHUSDT": 3_009.0}
DIGITS = {"BTCUSDT": 1, "ETHUSDT": 2}
STEP_S = {"1m": 60, "5m": 300, "15m": 900, "1h": 3600}


@dataclass(frozen=True)
class Picture:
    """What the window says and shows at one moment."""

    title: str
    name: str
    layer: str
    close: float
    digits: int
    step_s: int


class World:
    """A window on an exchange with two symbols."""

    def __init__(self, qtbot: Any, qt_run: Any, qt_loop: Any, tmp_path: Path) -> None:
        self.qtbot, self.qt_run, self.qt_loop, self.tmp_path = qtbot, qt_run, qt_loop, tmp_path
        self.exchange = TwoSymbolExchange()
        self.store = QSettings(str(tmp_path / "settings.ini"), QSettings.Format.IniFormat)
        self.sources: list[Source] = []
        self.window: ChartWindow
        self.tending: asyncio.Task[None]

    async def open(self, settings: HeatmapSettings, source: Source | None = None) -> None:
        self.window = ChartWindow(self.store, "dark")
        self.window.show()
        await self.window.load()
        self.tending = self.qt_loop.create_task(self.window.tend())
        await self.window.show_source(source or await self.live(settings))

    async def live(self, settings: HeatmapSettings) -> Source:
        exchange = self.exchange
        db = self.tmp_path / "live.sqlite3"
        self.sources.append(await open_live(settings, db, exchange.ws_url, exchange.rest_url))
        return self.sources[-1]

    async def simulated(self, settings: HeatmapSettings) -> Source:
        self.sources.append(await open_simulated(settings, self.tmp_path / "simulated.sqlite3"))
        return self.sources[-1]

    async def close(self) -> None:
        self.tending.cancel()
        await asyncio.gather(self.tending, return_exceptions=True)
        await self.window.leave()
        for source in self.sources:
            await source.close()
        self.window.close()
        self.window.deleteLater()

    @property
    def service(self) -> Any:
        return self.sources[0].service

    def js(self, script: str) -> Any:
        return answer_of(self.window.page, script)

    def picture(self) -> Picture | None:
        """Return what the window shows; ``None`` where it changed while it was asked."""
        said = self._said()
        found = self.js(
            "[candleSeries.data().slice(-2), candleSeries.options().priceFormat.precision]"
        )
        if said != self._said() or not found or len(found[0]) < 2:
            return None
        (before, newest), digits = found
        return Picture(*said, newest["close"], digits, newest["time"] - before["time"])

    def _said(self) -> tuple[str, str, str]:
        window = self.window
        return window.windowTitle(), window.tool_bar.symbols.text(), window.layer.symbol or ""

    def shows(self, symbol: str, interval: str) -> bool:
        """Tell whether the picture is of `symbol`; whatever it is of, it must be of one thing."""
        picture = self.picture()
        if picture is None:
            return False
        self.require_one(picture)
        return picture.layer == symbol and picture.step_s == STEP_S[interval]

    def require_one(self, picture: Picture) -> None:
        symbol = picture.layer
        assert picture.title.startswith(f"{symbol} "), picture
        assert picture.name == symbol, picture
        # Prices of `TraderExchange` swing by three per cent over the day.
        assert picture.close == pytest.approx(PLACES[symbol], rel=0.03), picture
        assert picture.digits == DIGITS[symbol], picture

    def wait_for(self, symbol: str, interval: str) -> None:
        self.qtbot.waitUntil(lambda: self.shows(symbol, interval), timeout=15_000)

    def stays(self, symbol: str, interval: str, until: Callable[[], bool]) -> None:
        """Wait for `until`; all the time the picture is of `symbol`."""

        def check() -> bool:
            picture = self.picture()
            if picture is not None:
                self.require_one(picture)
                assert (picture.layer, picture.step_s) == (symbol, STEP_S[interval])
            return until()

        self.qtbot.waitUntil(check, timeout=15_000)

    def set_interval(self, text: str) -> None:
        box = self.window.tool_bar.intervals
        box.setCurrentIndex(box.findText(text))

    def set_symbols(self, *symbols: str) -> None:
        self.service.apply_settings(self.service.settings.changed(symbols=symbols))


@pytest.fixture
def world(qtbot: Any, qt_run: Callable[..., Any], qt_loop: Any, tmp_path: Path) -> Iterator[World]:
    world = World(qtbot, qt_run, qt_loop, tmp_path)
    with world.exchange:
        yield world
        errors = list(world.window.page.console_errors)
        qt_run(world.close(), timeout=20_000)
    assert errors == []


def test_another_first_symbol_and_then_another_interval_change_the_whole_picture(
    world: World,
) -> None:
    world.qt_run(world.open(BOTH), timeout=20_000)
    world.wait_for("BTCUSDT", "1m")
    world.window.open_settings()
    dock = world.window.findChild(SettingsDock)
    # The card of the first one: the next one is shown.
    dock.findChild(QPushButton, "stop_BTCUSDT").click()
    world.wait_for("ETHUSDT", "1m")
    world.set_interval("5m")
    world.wait_for("ETHUSDT", "5m")
    dock.tab.reset()
    world.wait_for("BTCUSDT", "5m")
    field = dock.findChild(QLineEdit, "symbols")
    field.setText("ETHUSDT")
    field.editingFinished.emit()
    dock.findChild(QPushButton, "stop_BTCUSDT").click()
    world.wait_for("ETHUSDT", "5m")
    dock.tab.restore()
    world.wait_for("BTCUSDT", "5m")


MARGINS = "candleSeries.priceScale().options().scaleMargins.bottom"


def test_where_the_heat_is_from_is_chosen_in_the_tool_bar(world: World) -> None:
    world.qt_run(world.open(BOTH), timeout=20_000)
    world.wait_for("BTCUSDT", "1m")
    box, service = world.window.tool_bar.heats, world.service
    assert {box.itemData(index) for index in range(box.count())} == set(HEATS)
    assert box.currentData() == service.settings.heat == "recorded"
    usual = world.js(MARGINS)
    for heat in ("predicted", "both"):
        box.setCurrentIndex(box.findData(heat))
        assert service.settings.heat == heat
        assert world.store.value("Heatmap/heat") == heat
        # Levels ahead have room right of now and below the candles.
        world.qtbot.waitUntil(lambda: world.js(MARGINS) > usual, timeout=10_000)
    # What is chosen elsewhere shows here, and is not told again.
    world.store.remove("Heatmap/heat")
    service.apply_settings(service.settings.changed(heat="recorded"))
    assert box.currentData() == "recorded"
    assert world.store.value("Heatmap/heat") is None
    world.qtbot.waitUntil(lambda: world.js(MARGINS) == usual, timeout=10_000)


def test_candles_that_come_late_change_nothing_until_they_are_there(world: World) -> None:
    world.qt_run(world.open(BOTH), timeout=20_000)
    world.wait_for("BTCUSDT", "1m")
    world.exchange.held.add(("ETHUSDT", "1m"))
    world.set_symbols("ETHUSDT", "BTCUSDT")
    world.stays("BTCUSDT", "1m", lambda: ("ETHUSDT", "1m") in world.exchange.asked)
    # The old candles go on meanwhile.
    world.exchange.held.clear()
    world.wait_for("ETHUSDT", "1m")


def test_the_answer_of_an_earlier_request_is_dropped(world: World) -> None:
    world.qt_run(world.open(BOTH), timeout=20_000)
    world.wait_for("BTCUSDT", "1m")
    held = {("ETHUSDT", "1m"), ("ETHUSDT", "5m"), ("BTCUSDT", "15m")}
    world.exchange.held |= held
    # Twice quickly, then an interval while candles load, then back.
    world.set_symbols("ETHUSDT", "BTCUSDT")
    world.stays("BTCUSDT", "1m", lambda: ("ETHUSDT", "1m") in world.exchange.asked)
    world.set_interval("5m")
    world.stays("BTCUSDT", "1m", lambda: ("ETHUSDT", "5m") in world.exchange.asked)
    world.set_symbols("BTCUSDT", "ETHUSDT")
    world.set_interval("15m")
    world.stays("BTCUSDT", "1m", lambda: ("BTCUSDT", "15m") in world.exchange.asked)
    world.exchange.held -= {("ETHUSDT", "1m"), ("ETHUSDT", "5m")}
    world.set_interval("1m")
    world.exchange.held.clear()
    world.set_interval("5m")
    world.wait_for("BTCUSDT", "5m")


def test_candles_that_cannot_be_fetched_leave_the_picture_and_are_said(world: World) -> None:
    world.qt_run(world.open(BOTH), timeout=20_000)
    world.wait_for("BTCUSDT", "1m")
    world.exchange.broken |= {("ETHUSDT", "1m")}
    world.set_symbols("ETHUSDT")
    world.stays("BTCUSDT", "1m", lambda: "candles of ETHUSDT 1m" in world.window.status_text())
    world.exchange.broken.clear()
    world.wait_for("ETHUSDT", "1m")
    assert "candles" not in world.window.status_text()


@pytest.mark.parametrize("symbols", [("XYZUSDT",), ("XYZUSDT", "QQQUSDT")])
def test_symbols_that_the_exchange_does_not_have_leave_the_picture_and_are_said(
    world: World, symbols: tuple[str, ...]
) -> None:
    world.qt_run(world.open(BOTH), timeout=20_000)
    world.wait_for("BTCUSDT", "1m")
    world.set_symbols(*symbols)
    words = f"no candles of {', '.join(symbols)} here"
    world.stays("BTCUSDT", "1m", lambda: words in world.window.status_text())
    world.set_interval("5m")
    world.wait_for("BTCUSDT", "5m")
    world.set_symbols("ETHUSDT")
    world.wait_for("ETHUSDT", "5m")
    assert "no candles" not in world.window.status_text()


def test_the_next_symbol_is_shown_where_the_first_has_no_candles(world: World) -> None:
    world.qt_run(world.open(BOTH), timeout=20_000)
    world.wait_for("BTCUSDT", "1m")
    world.set_symbols("XYZUSDT", "ETHUSDT")
    world.wait_for("ETHUSDT", "1m")


def test_with_all_symbols_the_shown_one_stays_and_is_there_at_the_next_start(
    world: World,
) -> None:
    world.qt_run(world.open(BOTH.changed(symbols=("ETHUSDT",))), timeout=20_000)
    world.wait_for("ETHUSDT", "1m")
    world.set_symbols("ALL")
    world.set_interval("5m")
    world.wait_for("ETHUSDT", "5m")
    world.qt_run(world.close(), timeout=20_000)
    world.sources.clear()
    world.qt_run(world.open(BOTH.changed(symbols=("ALL",))), timeout=20_000)
    # The interval is kept as well.
    world.wait_for("ETHUSDT", "5m")


@pytest.mark.parametrize(
    ("symbols", "shown"),
    [
        (("ALL",), "BTCUSDT"),
        (("XYZUSDT",), "BTCUSDT"),
        (("XYZUSDT", "ETHUSDT"), "ETHUSDT"),
        (("ETHUSDT", "BTCUSDT"), "ETHUSDT"),
    ],
)
def test_a_start_shows_a_symbol_that_has_candles_whatever_is_recorded(
    world: World, symbols: tuple[str, ...], shown: str
) -> None:
    world.qt_run(world.open(BOTH.changed(symbols=symbols)), timeout=20_000)
    world.wait_for(shown, "1m")
    assert world.service.settings.symbols == symbols


@pytest.mark.parametrize("text", ["ALL", "XYZUSDT", "no/symbol", "", "BTCUSDT,ETHUSDT"])
def test_a_damaged_memory_of_the_shown_symbol_does_no_harm(world: World, text: str) -> None:
    world.store.setValue("Window/symbol", text)
    world.qt_run(world.open(BOTH.changed(symbols=("ALL",))), timeout=20_000)
    world.wait_for("BTCUSDT", "1m")


def test_a_simulated_market_stays_until_the_live_candles_are_there(world: World) -> None:
    settings = BOTH.changed(symbols=("ETHUSDT",))

    async def open_both() -> tuple[Source, Source]:
        live = await world.live(settings)
        simulated = await world.simulated(settings)
        await world.open(settings, simulated)
        await world.window.show_source(simulated, live)
        return live, simulated

    live, simulated = world.qt_run(open_both(), timeout=20_000)
    world.qtbot.waitUntil(lambda: world.window.market.candles.shown is not None, timeout=10_000)
    world.exchange.held.add(("ETHUSDT", "1m"))
    world.qt_run(world.window.show_source(live, at_once=False))

    def is_simulated() -> bool:
        layers = [source.service.status()["layers"] for source in (live, simulated)]
        return (
            world.window.windowTitle().startswith("Simulated: BTCUSDT ")
            and world.window.layer.symbol == "BTCUSDT"
            and world.window.layer._options["label"] == "SIMULATED"
            and [len(one) for one in layers] == [0, 1]
        )

    def is_asked() -> bool:
        assert is_simulated()
        return ("ETHUSDT", "1m") in world.exchange.asked

    world.qtbot.waitUntil(is_asked, timeout=10_000)
    assert is_simulated()
    world.exchange.held.clear()
    world.wait_for("ETHUSDT", "1m")
    world.window.refresh_status()
    assert world.window.windowTitle().startswith("ETHUSDT 3,0")
    assert world.window.layer._options["label"] == ""
    assert simulated.service.status()["layers"] == []


def test_a_source_that_is_wanted_again_before_another_has_come_is_there(world: World) -> None:
    world.qt_run(world.open(BOTH), timeout=20_000)
    world.wait_for("BTCUSDT", "1m")
    (live,) = world.sources
    # Nothing comes from there.
    other = replace(live, rest_url="http://127.0.0.1:9", ws_url="ws://127.0.0.1:9")
    world.qt_run(world.window.show_source(other, live, at_once=False), timeout=20_000)
    assert not world.qt_run(world.window.wait_for_candles(0.0), timeout=20_000)
    world.qt_run(world.window.show_source(live, at_once=False), timeout=20_000)
    assert world.qt_run(world.window.wait_for_candles(10.0), timeout=20_000)
    world.wait_for("BTCUSDT", "1m")


def test_the_symbols_of_the_recorder_behind_a_simulated_market_are_what_is_set(
    world: World,
) -> None:
    settings = BOTH.changed(symbols=("ALL",))

    async def open_both() -> Source:
        live = await world.live(settings)
        simulated = await world.simulated(settings)
        await world.open(settings, simulated)
        await world.window.show_source(simulated, live)
        return live

    live = world.qt_run(open_both(), timeout=20_000)
    world.qtbot.waitUntil(lambda: world.window.market.candles.shown is not None, timeout=10_000)
    world.window.actions_["show_heat"].trigger()
    assert live.service.settings.enabled is False
    assert live.service.settings.symbols == ("ALL",)
    world.window.open_settings()
    dock = world.window.findChild(SettingsDock)
    dock.tab.reset()
    assert live.service.settings.symbols == ("BTCUSDT",)
    dock.tab.restore()
    assert live.service.settings.symbols == ("ALL",)
    assert world.window.layer.symbol == "BTCUSDT"


def test_a_window_whose_page_died_is_whole_again_with_the_interval_chosen_meanwhile(
    world: World,
) -> None:
    world.qt_run(world.open(BOTH), timeout=20_000)
    world.wait_for("BTCUSDT", "1m")
    page = world.window.page
    for interval in ("5m", "15m"):
        with world.qtbot.waitSignal(page.renderProcessTerminated, timeout=10_000):
            pid = page.renderProcessPid()
            assert pid
            kill(pid)
        world.set_interval(interval)
        world.qtbot.waitUntil(
            lambda interval=interval: (  # type: ignore[misc]
                page._chart_there.is_set()
                and world.js("candleSeries.data().length") > 50
                and world.shows("BTCUSDT", interval)
            ),
            timeout=15_000,
        )
        world.qtbot.waitUntil(lambda: world.window.layer.is_ready, timeout=10_000)
        layers = world.service.status()["layers"]
        assert [told_text(layer) for layer in layers] == [""]
