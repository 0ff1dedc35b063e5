"""A feed's answers to what the page asks, what it tells the page, and what it says of itself."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from Heatmap import HeatmapService
from Heatmap.domain.events import DataKind
from Heatmap.domain.viewport import Viewport
from Heatmap.errors import Failure, FailureKind
from Heatmap.feeds import layer_feed
from Heatmap.feeds.feed_context import FeedContext
from Heatmap.feeds.feed_schedule import Action
from Heatmap.feeds.layer_feed import LayerFeed, describe_layer
from Heatmap.feeds.layer_port import LayerListener
from Heatmap.feeds.layer_state import LayerState
from Heatmap.heatmap_settings import HeatmapSettings
from Heatmap.picture.messages import CellLines, CellQuery, PictureMessage
from Heatmap.picture.packing import pack_cells
from Heatmap.runtime.host_loop import begin_task
from Heatmap.runtime.plain import as_plain
from Heatmap.storage.event_tape import EventTape
from Heatmap.storage.sqlite_store import SqliteStore
from Heatmap.storage.store import open_store
from Heatmap.tests.executor_lock import ends_amid_a_hand_over
from Heatmap.tests.packed_cells import unpack_cells
from Heatmap.tests.unit.stored_events import EVENT

NOW_MS = 1_733_360_400_000
VIEWPORT = Viewport(97_000.0, 99_000.0, None, 900.0, 500.0)


class AskingLayer:
    """The far side of a feed: asks about places, and keeps the answers."""

    def __init__(self) -> None:
        self.symbol: str | None = "BTCUSDT"
        self.failure: Failure | None = None
        self.listener: LayerListener | None = None
        self.grid: Mapping[str, Any] = {}
        self.options: dict[str, Any] = {}
        self.answers: list[CellLines | None] = []
        self.offer: dict[str, str] | None = None
        self.shows_bubbles = False

    def set_leave_listener(self, leave: object) -> None:
        self.leave = leave

    def set_listener(self, listener: LayerListener | None) -> None:
        self.listener = listener

    def show_grid(self, meta: Mapping[str, Any], packed: str) -> None:
        assert len(unpack_cells(packed)) == meta["rows"] * meta["cols"]
        self.grid = meta

    def append_cells(self, _meta: Mapping[str, Any], _packed: str) -> None:
        return

    def set_options(self, options: Mapping[str, Any]) -> None:
        self.options.update(options)

    def clear(self) -> None:
        self.grid = {}
        self.offer = None

    def show_part(self, name: str, payload: Any) -> None:
        if name == "bubbles" and self.shows_bubbles:
            return
        assert name == "offer"
        self.offer = payload

    def show_cell(self, report: CellLines | None) -> None:
        self.answers.append(report)

    def open_page(self) -> None:
        """Tell the feed what a page tells it once it has a chart."""
        assert self.listener is not None
        self.listener.page_ready()
        self.listener.viewport_changed(VIEWPORT)

    def place(self, cols_back: int) -> CellQuery:
        """The cell of the stored event, or one further left in its row."""
        grid, bin_ms, bin_usd = self.grid, self.grid["binMs"], self.grid["binUsd"]
        low = 98_000.0 // bin_usd * bin_usd
        start_ms = (NOW_MS - 60_000) // bin_ms * bin_ms - cols_back * bin_ms
        assert grid["timeStartMs"] <= start_ms
        return CellQuery(low, low + bin_usd, start_ms, start_ms + bin_ms)


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110 - work of another thread
            await asyncio.sleep(0.005)


class Asked:
    """A running feed on a real file with one liquidation, and the layer that asks it."""

    def __init__(
        self,
        path: Path,
        settings: HeatmapSettings,
        *,
        is_known: Callable[[str], bool] = lambda _symbol: True,
    ) -> None:
        self.layer = AskingLayer()
        # One worker: while the gate is shut no piece of work begins.
        self.executor = ThreadPoolExecutor(1)
        self._gate = threading.Event()
        context = FeedContext(
            tape=EventTape(open_store(path), lambda: False),
            clock=lambda: NOW_MS,
            tick_size=lambda _symbol: Decimal("0.1"),
            heartbeats=lambda _symbol: None,
            executor=self.executor,
            label="",
            is_known=is_known,
            can_have_candles=lambda symbol: symbol.endswith("USDT"),
        )
        self.feed = LayerFeed(self.layer, settings, context)

    def shut_gate(self) -> None:
        self.executor.submit(self._gate.wait)

    def open_gate(self) -> None:
        self._gate.set()

    def ask(self, query: CellQuery) -> None:
        # As a layer does: the listener is whom it tells; nobody after `close`.
        self.feed.cell_asked(query)


@asynccontextmanager
async def asked(directory: Path, **values: Any) -> AsyncIterator[Asked]:
    path = directory / "x.sqlite3"
    event = replace(EVENT, ts_ms=NOW_MS - 60_000, price=98_000.0, notional=20_000.0)
    settings = HeatmapSettings(**{"enabled": True, "shape": "cells", "decay": "off", **values})
    with SqliteStore(path, DataKind.REPLAY) as store:
        store.write([event])
        world = Asked(path, settings)
        task = asyncio.create_task(world.feed.run())
        try:
            await asyncio.sleep(0)  # the task begins
            world.layer.open_page()
            if settings.enabled:
                await until(lambda: world.layer.grid)
            yield world
        finally:
            world.open_gate()
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
            await asyncio.to_thread(world.executor.shutdown)


def amount(report: CellLines | None) -> str:
    assert report is not None
    return dict(report.lines)["Liquidated here"]


def test_a_question_is_answered_with_what_lies_there(tmp_path: Path) -> None:
    async def main() -> None:
        async with asked(tmp_path) as world:
            for query, expected in [
                (world.layer.place(0), "\u2265 20k USD in 1"),
                (world.layer.place(1), "not recorded"),
            ]:
                world.layer.answers.clear()
                world.ask(query)
                await until(lambda: world.layer.answers)
                (report,) = world.layer.answers
                assert report is not None
                assert report.query == query
                assert amount(report) == expected

    asyncio.run(main())


def test_of_several_questions_meanwhile_only_the_last_counts(tmp_path: Path) -> None:
    async def main() -> list[int]:
        async with asked(tmp_path) as world:
            places = [world.layer.place(number) for number in range(5)]
            world.shut_gate()
            for query in places[:4]:
                world.ask(query)
            world.open_gate()
            await until(lambda: len(world.layer.answers) == 2)
            # What was passed over is not answered later either.
            world.ask(places[4])
            await until(lambda: len(world.layer.answers) == 3)
            answered = [report.query for report in world.layer.answers if report is not None]
            return [places.index(query) for query in answered]

    assert asyncio.run(main()) == [0, 3, 4]


def test_the_status_says_how_fine_the_picture_is_and_where_bubbles_begin(tmp_path: Path) -> None:
    async def main() -> None:
        async with asked(tmp_path) as world:
            grid, measured = world.layer.grid, world.feed.measured
            # Rows of the pane, without those beyond its edges; columns of the window.
            assert measured["rows"] == round(2_000.0 / grid["binUsd"]) < grid["rows"]
            assert measured["columns"] == world.feed._settings.window_ms / grid["binMs"]
            world.layer.shows_bubbles = True
            world.feed._show_part("bubbles", {"leastUsd": 130_000.0})
            assert measured["bubble_least_usd"] == 130_000.0
            # Where the page decides it, nothing is told.
            world.feed._show_part("bubbles", {"leastUsd": None})
            assert "bubble_least_usd" not in measured

    asyncio.run(main())


def test_without_a_picture_nothing_is_known(tmp_path: Path) -> None:
    async def main() -> None:
        async with asked(tmp_path, enabled=False) as world:
            world.ask(CellQuery(98_000.0, 98_010.0, NOW_MS - 60_000, NOW_MS - 50_000))
            assert world.layer.answers == [None]

    asyncio.run(main())


def test_a_place_that_is_not_in_the_picture_is_not_known(tmp_path: Path) -> None:
    async def main() -> None:
        async with asked(tmp_path) as world:
            world.ask(replace(world.layer.place(0), price_low=1.0, price_high=2.0))
            await until(lambda: world.layer.answers)
            assert world.layer.answers == [None]

    asyncio.run(main())


def test_a_closed_feed_answers_nothing(tmp_path: Path) -> None:
    async def main() -> None:
        async with asked(tmp_path) as world:
            query = world.layer.place(0)
            world.shut_gate()
            world.ask(query)  # under way when the feed is closed
            world.ask(query)
            world.feed.close()
            world.ask(query)
            world.open_gate()
            # Everything that was handed to the worker is done, and its callbacks have run.
            await asyncio.get_running_loop().run_in_executor(world.executor, int)
            for _ in range(10):
                await asyncio.sleep(0)
            assert world.layer.answers == []
            assert world.layer.listener is None

    asyncio.run(main())


def test_a_question_that_cannot_be_answered_is_logged_and_the_next_one_is_answered(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def main() -> None:
        async with asked(tmp_path) as world:
            # No page asks this (the bridge refuses it): something that does fail in the worker.
            world.ask(replace(world.layer.place(0), price_low=float("nan")))
            await until(lambda: world.layer.answers)
            assert world.layer.answers == [None]
            world.ask(world.layer.place(0))
            await until(lambda: len(world.layer.answers) == 2)
            assert amount(world.layer.answers[1]) == "\u2265 20k USD in 1"
            # It is the question's failure and not the picture's.
            assert world.feed.failure is None

    asyncio.run(main())
    assert any(record.levelname == "ERROR" for record in caplog.records)


def test_a_layer_is_told_what_the_page_does_by_itself(tmp_path: Path) -> None:
    async def main() -> None:
        async with asked(tmp_path, price_profile=True, tooltip=False) as world:
            assert world.layer.options["profile"] is True
            assert world.layer.options["tooltip"] is False
            assert "profile" in world.layer.grid
            # Switching the profile off restyles: the next whole grid has none.
            off = HeatmapSettings(enabled=True, shape="cells", decay="off")
            world.feed.apply_settings(off)
            await until(lambda: world.layer.grid and "profile" not in world.layer.grid)
            assert world.layer.options["profile"] is False

    asyncio.run(main())


READY: Mapping[str, Any] = {
    "enabled": True,
    "has_chart": True,
    "symbol": "BTCUSDT",
    "symbols": ("BTCUSDT", "ETHUSDT"),
    "viewport": VIEWPORT,
}


@pytest.mark.parametrize(
    ("amiss", "state"),
    [
        ({"enabled": False}, LayerState.OFF),
        ({"has_chart": False}, LayerState.NO_CHART),
        ({"symbol": None}, LayerState.NO_SYMBOL),
        ({"symbol": "AAPL"}, LayerState.NOT_RECORDED),
        ({"symbol": "AAPL", "symbols": ("ALL",)}, LayerState.BUILDING),
        # Candles can be had of what is not recorded, but of nothing that the exchange lacks.
        ({"symbol": "SOLUSDT", "heat": "predicted"}, LayerState.BUILDING),
        ({"symbol": "SOLUSDT", "heat": "both"}, LayerState.BUILDING),
        ({"symbol": "SOLUSDT"}, LayerState.NOT_RECORDED),
        ({"symbol": "AAPL", "heat": "both"}, LayerState.NOT_RECORDED),
        ({"symbol": "ALL", "heat": "both"}, LayerState.NOT_RECORDED),
        ({"viewport": None}, LayerState.NO_VIEW),
        ({"viewport": replace(VIEWPORT, price_low=99_000.0)}, LayerState.NO_VIEW),
        ({"viewport": replace(VIEWPORT, height_px=0.0)}, LayerState.NO_VIEW),
        ({}, LayerState.BUILDING),
        # Of several reasons the first one that somebody can do something about.
        ({"enabled": False, "has_chart": False, "symbol": None, "viewport": None}, LayerState.OFF),
        ({"has_chart": False, "symbol": None, "viewport": None}, LayerState.NO_CHART),
        ({"symbol": None, "viewport": None}, LayerState.NO_SYMBOL),
        ({"symbol": "AAPL", "viewport": None}, LayerState.NOT_RECORDED),
    ],
)
def test_the_first_reason_why_nothing_is_drawn_is_told(
    tmp_path: Path, amiss: Mapping[str, Any], state: LayerState
) -> None:
    case = {**READY, **amiss}
    settings = HeatmapSettings(
        enabled=case["enabled"], symbols=case["symbols"], heat=case.get("heat", "recorded")
    )
    world = Asked(tmp_path / "x.sqlite3", settings)
    world.layer.symbol = case["symbol"]
    if case["has_chart"]:
        world.feed.page_ready()
    if case["viewport"] is not None:
        world.feed.viewport_changed(case["viewport"])
    assert world.feed.state is state
    assert describe_layer(world.layer, world.feed) == {
        "symbol": case["symbol"],
        "state": state.value,
        "failure": None,
        "measured": {},
    }
    assert describe_layer(world.layer, None)["state"] == "stopped"
    # Whatever is not drawn for one of these reasons is drawn once it is gone.
    world.feed.apply_settings(HeatmapSettings(enabled=True))
    world.layer.symbol = "BTCUSDT"
    world.layer.open_page()
    assert world.feed.state is LayerState.BUILDING
    world.executor.shutdown()


def test_a_picture_is_drawn_from_when_the_page_has_it_until_it_is_taken_away(
    tmp_path: Path,
) -> None:
    async def main() -> None:
        async with asked(tmp_path) as world:
            feed, layer = world.feed, world.layer
            assert feed.state is LayerState.DRAWN
            # While another one is built the page keeps it.
            world.shut_gate()
            feed.apply_settings(feed._settings.changed(window="8h"))
            assert feed.state is LayerState.DRAWN
            # Another symbol's is not this one's, and a fresh page has none.
            layer.symbol = "AAPL"
            feed.symbol_changed()
            assert feed.state is LayerState.NOT_RECORDED
            layer.symbol = "BTCUSDT"
            feed.symbol_changed()
            assert feed.state is LayerState.BUILDING
            world.open_gate()
            await until(lambda: feed.state is LayerState.DRAWN)
            assert layer.grid
            feed.page_ready()
            assert feed.state is LayerState.BUILDING
            await until(lambda: feed.state is LayerState.DRAWN)
            # Nothing is built for a page that goes, and for the next one only where it looks.
            feed.page_gone()
            layer.failure = Failure(FailureKind.PAGE_NOT_LOADED)
            assert describe_layer(layer, feed) == {
                "symbol": "BTCUSDT",
                "state": "no chart",
                "failure": as_plain(Failure(FailureKind.PAGE_NOT_LOADED)),
                "measured": {},
            }
            layer.failure, layer.grid = None, {}
            feed.page_ready()
            assert feed.state is LayerState.NO_VIEW
            feed.viewport_changed(VIEWPORT)
            await until(lambda: feed.state is LayerState.DRAWN)
            assert layer.grid

    asyncio.run(main())


def test_with_all_symbols_recorded_one_is_drawn_once_the_exchange_is_known_to_have_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(layer_feed, "LISTING_S", 0.02)
    known: set[str] = set()

    async def main() -> None:
        settings = HeatmapSettings(enabled=True, symbols=("ALL",))
        with SqliteStore(tmp_path / "x.sqlite3", DataKind.REPLAY) as store:
            store.write([EVENT])
        world = Asked(tmp_path / "x.sqlite3", settings, is_known=known.__contains__)
        task = asyncio.create_task(world.feed.run())
        # A share may be called as what stands for all of them.
        for symbol in ("AAPL", "ALL", "BTCUSDT"):
            world.layer.symbol = symbol
            world.layer.open_page()
            assert world.feed.state is LayerState.NOT_RECORDED
        known.add("BTCUSDT")
        await until(lambda: world.feed.state is LayerState.DRAWN)
        # The chart has lost its candles: there is nothing to draw on.
        world.feed.view_lost()
        assert world.feed.state is LayerState.NO_VIEW
        world.feed.viewport_changed(VIEWPORT)
        await until(lambda: world.feed.state is LayerState.DRAWN)
        task.cancel()
        await asyncio.wait([task])
        world.executor.shutdown()

    asyncio.run(main())


def test_a_loop_that_the_host_has_closed_feeds_nobody(tmp_path: Path) -> None:
    world = Asked(tmp_path / "x.sqlite3", HeatmapSettings(enabled=True))
    loop = asyncio.new_event_loop()
    task = begin_task(loop, world.feed.run(), "feed")
    world.layer.open_page()
    loop.run_until_complete(asyncio.sleep(0))
    assert world.feed.state is not LayerState.STOPPED
    loop.close()
    assert world.feed.state is LayerState.STOPPED
    del task
    world.executor.shutdown()


def test_a_feed_of_a_closed_loop_goes_without_waiting_for_anything(tmp_path: Path) -> None:
    """The garbage collector may take it while the lock of every executor is held."""
    loop = asyncio.new_event_loop()
    world = Asked(tmp_path / "x.sqlite3", HeatmapSettings(enabled=True))
    coroutine = world.feed.run()

    async def draw() -> None:
        world.layer.open_page()
        await until(lambda: world.layer.grid)

    with SqliteStore(tmp_path / "x.sqlite3", DataKind.REPLAY) as store:
        store.write([replace(EVENT, ts_ms=NOW_MS - 60_000)])
        task = begin_task(loop, coroutine, "feed")
        loop.run_until_complete(draw())
        loop.close()
        del task
        picture = world.feed._work.picture
        assert picture is not None
        assert picture._source._tape._reader is not None
        # The host may go on to use it: nothing happens, and nothing is raised.
        world.feed.viewport_changed(replace(VIEWPORT, price_low=96_000.0))
        world.feed.apply_settings(HeatmapSettings(enabled=True, window="8h"))
        world.ask(world.layer.place(0))
        assert world.feed.failure is None

        assert ends_amid_a_hand_over(coroutine.close)
        assert world.feed._work.picture is None
        assert picture._source._tape._reader is None
        world.executor.shutdown()


def test_a_picture_that_cannot_be_built_has_failed_until_one_can(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(layer_feed, "RETRY_S", 0.05)

    async def main() -> None:
        async with asked(tmp_path) as world:
            whole, away = tmp_path / "x.sqlite3", tmp_path / "away.sqlite3"
            whole.rename(away)
            world.feed.page_ready()
            await until(lambda: world.feed.state is LayerState.FAILED)
            assert describe_layer(world.layer, world.feed)["failure"]
            # Whoever switches it off is not told of a failure.
            settings = world.feed._settings
            world.feed.apply_settings(settings.changed(enabled=False))
            assert world.feed.state is LayerState.OFF
            world.feed.apply_settings(settings)
            away.rename(whole)
            await until(lambda: world.feed.state is LayerState.DRAWN)
            assert describe_layer(world.layer, world.feed)["failure"] is None

    asyncio.run(main())


def test_the_service_tells_the_state_of_each_attached_layer(tmp_path: Path) -> None:
    async def main() -> None:
        # Nobody listens there: what is drawn is the database's, which is empty.
        nowhere = {"ws_url": "ws://127.0.0.1:1", "rest_url": "http://127.0.0.1:1"}
        settings = HeatmapSettings(enabled=True)
        service = HeatmapService(settings, db=tmp_path / "x.sqlite3", **nowhere)
        layers = [AskingLayer(), AskingLayer()]
        layers[1].symbol = "AAPL"
        for layer in layers:
            service.attach(layer)

        def states() -> list[str]:
            return [each["state"] for each in service.status()["layers"]]

        assert states() == ["stopped", "stopped"]
        await service.start()
        try:
            assert states() == ["no chart", "no chart"]
            for layer in layers:
                layer.open_page()
            await until(lambda: states() == ["drawn", "not recorded"])
            service.apply_settings(settings.changed(enabled=False))
            assert states() == ["off", "off"]
            service.detach(layers[0])
            assert states() == ["off"]
        finally:
            await service.stop()
        assert states() == ["stopped"]

    asyncio.run(main())


@pytest.mark.parametrize(
    "view",
    [
        Viewport(-1e308, 1e308, None, 900.0, 500.0),
        # So narrow and so high that its rows have no numbers.
        Viewport(9e11, 9e11 + 0.001, None, 900.0, 500.0),
        Viewport(-3.0, -1.0, None, 900.0, 500.0),
        Viewport(99_000.0, 97_000.0, None, 900.0, 500.0),
        Viewport(float("nan"), 99_000.0, None, 900.0, 500.0),
        Viewport(97_000.0, 99_000.0, None, float("inf"), 500.0),
    ],
)
def test_a_view_without_rows_leaves_the_picture_and_the_next_one_is_drawn(
    view: Viewport, tmp_path: Path
) -> None:
    async def main() -> None:
        async with asked(tmp_path) as world:
            shown = world.layer.grid
            world.feed.viewport_changed(view)
            assert world.feed.state is LayerState.DRAWN
            world.feed.viewport_changed(replace(VIEWPORT, price_low=90_000.0))
            await until(lambda: world.layer.grid is not shown)
            assert world.feed.state is LayerState.DRAWN
            assert world.feed.failure is None

    asyncio.run(main())


def test_a_view_without_rows_for_the_next_symbol_is_forgotten(tmp_path: Path) -> None:
    async def main() -> None:
        async with asked(tmp_path) as world:
            world.layer.symbol = None
            world.feed.symbol_changed()
            # Without a symbol nobody knows the ticks.
            world.feed.viewport_changed(Viewport(9e11, 9e11 + 0.001, None, 900.0, 500.0))
            world.layer.symbol = "BTCUSDT"
            world.feed.symbol_changed()
            await until(lambda: world.feed.state is LayerState.NO_VIEW)
            world.feed.viewport_changed(VIEWPORT)
            await until(lambda: world.feed.state is LayerState.DRAWN)

    asyncio.run(main())


def test_a_click_counts_only_for_what_the_chart_offers(tmp_path: Path) -> None:
    async def main() -> None:
        async with asked(tmp_path) as world:
            feed, chosen = world.feed, list[str]()
            object.__setattr__(feed._context, "set_heat", chosen.append)
            feed.heat_chosen("both")
            assert chosen == []
            offered = {"words": "Show predicted levels", "heat": "both"}
            for offer, expected in ((offered, ["both"]), (None, ["both"])):
                meta = {**world.layer.grid, "offer": offer}
                cells = pack_cells(bytes(meta["rows"] * meta["cols"]))
                message = PictureMessage(is_whole=True, meta=meta, packed=cells)
                feed._work.send(Action.REBUILD, message, 0.0)
                feed.heat_chosen("both")
                feed.heat_chosen("predicted")
                assert chosen == expected

    asyncio.run(main())
