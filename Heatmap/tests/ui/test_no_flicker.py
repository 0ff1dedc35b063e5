"""While a view moves and its picture is built anew, every frame on the page has the heat.

The page itself looks at the chart's canvas in each of its frames. The worker thread is held up, so
that frames surely come between the request of a picture and the picture.
"""

import random
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from Heatmap import HeatmapService, HeatmapSettings
from Heatmap.domain.events import DataKind
from Heatmap.feeds.feed_schedule import QUIET_S, SPACING_S, Action, FeedSchedule
from Heatmap.feeds.layer_feed import LayerFeed
from Heatmap.heatmap_settings import (
    DECAYS_S,
    NORMALIZATIONS,
    PALETTES,
    SHAPES,
    SIDES,
    WINDOWS_S,
)
from Heatmap.picture.heat_picture import HeatPicture
from Heatmap.storage.sqlite_store import SqliteStore
from Heatmap.tests.behaviour.lifecycle_host import held
from Heatmap.tests.behaviour.scripted_exchange import START_MS, ScriptedExchange
from Heatmap.tests.fact_texts import told_text
from Heatmap.tests.ui.chart_page import START_S, ChartPage, minute_candles
from Heatmap.tests.ui.host_page import shifted
from Heatmap.tests.unit.stored_events import EVENT
from Heatmap.ui.layer.chart_layer import HeatmapLayer

pytestmark = pytest.mark.qt_log_ignore("Registered new object after initialization")

SETTINGS = HeatmapSettings(
    enabled=True,
    opacity=1.0,
    decay="off",
    gap_hatch=False,
    colour_bar=False,
    source_line=False,
    clip_usd=10_000.0,
)
FIRST_S = START_MS // 60_000 * 60
NOW_MS = (FIRST_S + 3599) * 1000
FRAMES = 12
# So large a part of the candles' pane is not its background: with the heat, and bare.
HEATED, BARE = 0.2, 0.12

WATCH = """(() => {
  window.seen = [];
  window.watching = true;
  const copy = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  function look() {
    if (!window.watching) { return; }
    const pane = priceSeries.getPane().getHTMLElement();
    const canvas = pane.children[1].querySelector("canvas");
    if (canvas.width > 0 && canvas.height > 0) {
      copy.canvas.width = canvas.width;
      copy.canvas.height = canvas.height;
      copy.drawImage(canvas, 0, 0);
      const image = copy.getImageData(0, 0, canvas.width, canvas.height);
      const pixels = new Uint32Array(image.data.buffer);
      let heat = 0;
      let candles = 0;
      for (const pixel of pixels) {
        // 0xAABBGGRR: a candle's two colours; its background, its grid lines and nothing.
        if (pixel === 0xff9aa626 || pixel === 0xff5053ef) { candles += 1; }
        else if (pixel !== 0xff0d0b0b && pixel !== 0xff26221f && pixel !== 0) { heat += 1; }
      }
      window.seen.push([heat / pixels.length, candles]);
    }
    requestAnimationFrame(look);
  }
  requestAnimationFrame(look);
})()"""


def price_range(low: float, high: float) -> str:
    margins = "{autoScale: false, scaleMargins: {top: 0, bottom: 0}}"
    return (
        f"(priceSeries.priceScale().applyOptions({margins}),"
        f" priceSeries.priceScale().setVisibleRange({{from: {low}, to: {high}}}), 0)"
    )


def logical_range(first: float, last: float) -> str:
    return f"(chart.timeScale().setVisibleLogicalRange({{from: {first}, to: {last}}}), 0)"


class Watched:
    """A chart with heat all over it, whose frames are looked at."""

    def __init__(self, page: ChartPage, service: HeatmapService) -> None:
        self.page = page
        self.service = service
        self.layer = HeatmapLayer(page.page, symbol="BTCUSDT")
        self.layer.set_time_offset(0.0)
        self.grids_s: list[float] = []
        show_grid = self.layer.show_grid

        def note_grid(meta: Any, packed: str) -> None:
            self.grids_s.append(time.monotonic())
            show_grid(meta, packed)

        self.layer.show_grid = note_grid  # type: ignore[method-assign]
        service.attach(self.layer)

    def wait(self, condition: Callable[[], object]) -> None:
        self.page.qtbot.waitUntil(lambda: bool(condition()), timeout=20_000)

    @property
    def feed(self) -> LayerFeed:
        return self.service._attached.feeds[self.layer][0]

    def is_rebuild_due(self) -> bool:
        return self.feed._schedule._rebuild_due_s is not None

    def do(self, script: str) -> None:
        """Move the view, and wait until the feed knows the view that came of it."""
        before = self.layer.viewport
        self.page.js(script)
        self.wait(lambda: self.layer.viewport != before)

    def watch(self) -> None:
        self.page.js(f"({WATCH}, 0)")

    def frames(self) -> int:
        return int(self.page.js("seen.length"))

    def see_more(self) -> None:
        until = self.frames() + FRAMES
        # A frame is asked for: a chart that does not change is not painted.
        self.wait(lambda: self.page.js("(chart.applyOptions({}), seen.length)") >= until)

    def seen(self) -> list[tuple[float, int]]:
        """Give for each frame the part that is coloured, and how many pixels are candles."""
        return [(heat, candles) for heat, candles in self.page.js("(watching = false, seen)")]

    def shown_sequence(self) -> int:
        return int(
            self.page.js(
                "Array.from(OrderPilotHeatmap.layers.values())[0].picture.grid?.sequence ?? -1"
            )
        )


@pytest.fixture
def exchange() -> Iterator[ScriptedExchange]:
    with ScriptedExchange() as running:
        yield running


@pytest.fixture
def watched(
    chart_page: ChartPage, qt_run: Callable[..., Any], exchange: ScriptedExchange, tmp_path: Path
) -> Iterator[Watched]:
    path = tmp_path / "x.sqlite3"
    events = [
        replace(
            EVENT,
            ts_ms=(FIRST_S - 3600) * 1000 + number,
            price=97_000.0 + 25 * number,
            notional=20_000.0,
        )
        for number in range(240)
    ]
    with SqliteStore(path, DataKind.SIMULATED) as store:
        store.write(events)
    service = HeatmapService(
        SETTINGS,
        db=path,
        ws_url=exchange.ws_url,
        rest_url=exchange.rest_url,
        kind=DataKind.SIMULATED,
        clock=lambda: NOW_MS,
    )
    qt_run(service.start(), timeout=20_000)
    try:
        yield opened(chart_page, service)
    finally:
        qt_run(service.stop(), timeout=20_000)


def opened(page: ChartPage, service: HeatmapService) -> Watched:
    page.create_chart(shifted(minute_candles(), FIRST_S - START_S))
    watched = Watched(page, service)
    watched.wait(lambda: watched.grids_s)
    watched.wait(lambda: watched.shown_sequence() >= 1)
    watched.wait(lambda: not watched.is_rebuild_due())
    page.settled_picture()
    return watched


MOVES = {
    "pan in price": [price_range(98_900 + step * 120, 100_100 + step * 120) for step in range(8)],
    "zoom in price": [price_range(99_300 + step * 60, 100_700 - step * 60) for step in range(8)],
    "zoom out": [price_range(99_300 - step * 150, 100_700 + step * 150) for step in range(8)],
    "pan in time": [logical_range(-1.5 - step * 4, 61.5 - step * 4) for step in range(8)],
}


@pytest.mark.parametrize("name", MOVES)
def test_every_frame_of_a_move_and_of_the_rebuild_after_it_has_the_heat(
    name: str, watched: Watched
) -> None:
    watched.watch()
    grids = len(watched.grids_s)
    with held(HeatPicture, "rebuild") as (begun, gate):
        for script in MOVES[name]:
            watched.page.js(script)
        watched.wait(begun.is_set)
        watched.see_more()
        assert len(watched.grids_s) == grids
        gate.set()
        watched.wait(lambda: len(watched.grids_s) > grids)
    assert_heat_in_every_frame(watched)


def test_every_frame_of_a_resize_and_of_the_rebuild_after_it_has_the_heat(watched: Watched) -> None:
    watched.watch()
    grids = len(watched.grids_s)
    with held(HeatPicture, "rebuild") as (begun, gate):
        for step in range(1, 13):
            watched.page.view.resize(800 + 45 * step, 500 + 12 * step)
            watched.page.js("0")
        watched.wait(begun.is_set)
        watched.see_more()
        assert len(watched.grids_s) == grids
        gate.set()
        watched.wait(lambda: len(watched.grids_s) > grids)
    assert_heat_in_every_frame(watched)


def assert_heat_in_every_frame(watched: Watched) -> None:
    sequence = watched.shown_sequence()
    watched.wait(lambda: watched.shown_sequence() >= sequence)
    watched.see_more()
    frames = watched.seen()
    assert len(frames) > 2 * FRAMES
    assert all(candles for _heat, candles in frames)
    assert min(heat for heat, _candles in frames) > HEATED
    # The measure tells: without the heat it is far below.
    watched.layer.set_options({"visible": False})
    watched.page.settled_picture()
    watched.watch()
    watched.see_more()
    assert max(heat for heat, _candles in watched.seen()[-3:]) < BARE


def test_a_small_move_needs_no_other_picture_and_a_larger_one_gets_it_after_quiet(
    watched: Watched,
) -> None:
    page = watched.page
    top = page.js("priceSeries.coordinateToPrice(0)")
    bottom = page.js("priceSeries.coordinateToPrice(chart.paneSize(0).height)")
    watched.page.js(price_range(bottom, top))
    watched.wait(lambda: not watched.is_rebuild_due())
    grids, reach = len(watched.grids_s), top - bottom
    requests_s, waits_s = note_schedule(watched.feed._schedule)
    # A quarter of the pane is built beyond each of its edges.
    for part in (0.05, 0.1, 0.2, -0.1, -0.2):
        watched.do(price_range(bottom + part * reach, top + part * reach))
    assert requests_s == []
    assert len(watched.grids_s) == grids
    # The view moves on: the picture waits for the end of it.
    for part in (0.35, 0.4):
        watched.do(price_range(bottom + part * reach, top + part * reach))
    assert len(requests_s) == 2
    watched.wait(lambda: len(watched.grids_s) > grids and not watched.is_rebuild_due())
    assert min(waits_s) >= QUIET_S
    # Other rows, since the price range is twice as large.
    bins = watched.page.js("Array.from(OrderPilotHeatmap.layers.values())[0].picture.grid.binUsd")
    grids = len(watched.grids_s)
    watched.do(price_range(bottom - 0.5 * reach, top + 0.5 * reach))
    watched.wait(lambda: len(watched.grids_s) > grids)
    watched.wait(
        lambda: (
            watched.page.js("Array.from(OrderPilotHeatmap.layers.values())[0].picture.grid.binUsd")
            > 1.5 * bins
        )
    )


def note_schedule(schedule: FeedSchedule) -> tuple[list[float], list[float]]:
    """Note when rebuilds are asked for, and how long after the last of these one begins, seconds.

    What is due at a moment says less: a busy machine may have begun it before the test looks.
    """
    requests_s: list[float] = []
    waits_s: list[float] = []
    request, begin = schedule.request_rebuild, schedule.begin

    def note_request(now_s: float, *, quiet_s: float = 0.0) -> None:
        requests_s.append(now_s)
        request(now_s, quiet_s=quiet_s)

    def note_begin(action: Action, now_s: float) -> None:
        if action is Action.REBUILD:
            waits_s.append(now_s - requests_s[-1])
        begin(action, now_s)

    schedule.request_rebuild = note_request  # type: ignore[method-assign]
    schedule.begin = note_begin  # type: ignore[method-assign]
    return requests_s, waits_s


# For twenty seconds.
STORM_CHANGES, STORM_CHANGES_PER_S = 1000, 50
STORM = {
    "opacity": tuple(number / 50 for number in range(5, 51)),
    "palette": PALETTES,
    "shape": SHAPES,
    "side": SIDES,
    "normalization": NORMALIZATIONS,
    "decay": tuple(DECAYS_S),
    "window": tuple(WINDOWS_S),
    "minimum_notional": (0.0, 5_000.0, 50_000.0),
    "clip_usd": (5_000.0, 50_000.0, None),
    "price_profile": (True, False),
    "gap_hatch": (True, False),
    "enabled": (True, True, False),
}
# What the storm ends with: every field that it blows at, so that nothing of it may remain.
LAST = {
    "opacity": 0.9,
    "palette": "inferno",
    "shape": "spots",
    "side": "split",
    "normalization": "log",
    "decay": "6h",
    "window": "8h",
    "minimum_notional": 1_000.0,
    "clip_usd": 30_000.0,
    "price_profile": True,
    # The exchange's time goes on, and with it what is recorded.
    "gap_hatch": False,
    "enabled": True,
    "resolution": "200x900",
}


def test_of_fifty_changes_a_second_with_live_events_the_last_is_what_is_seen(
    watched: Watched, exchange: ScriptedExchange, make_page: Callable[..., ChartPage]
) -> None:
    service, chance = watched.service, random.Random(7)
    watched.wait(service.is_live)
    before = watched.page.picture()
    begin_s, liquidations = time.monotonic(), 0
    for number in range(STORM_CHANGES):
        name = chance.choice(tuple(STORM))
        service.apply_settings(service.settings.changed(**{name: chance.choice(STORM[name])}))
        if number % 3 == 0:
            exchange.liquidate(price=f"{chance.uniform(99_500, 100_500):.1f}")
            liquidations += 1
        # The pace of a slider that is dragged; a machine that falls behind does not wait.
        due_s = begin_s + (number + 1) / STORM_CHANGES_PER_S
        watched.page.qtbot.wait(max(1, round(1000 * (due_s - time.monotonic()))))
    other = next(name for name in WINDOWS_S if name != service.settings.window)
    with held(HeatPicture, "rebuild") as (begun, _gate):
        # The last one comes while the one before is carried out.
        service.apply_settings(service.settings.changed(enabled=True, window=other))
        watched.wait(begun.is_set)
        service.apply_settings(service.settings.changed(**LAST))
    status = service.recorder_status()
    assert status is not None
    watched.wait(lambda: (service.recorder_status() or status).stored == liquidations)
    # A chart beside it, which has never seen anything else.
    page = make_page()
    page.load()
    fresh = opened(page, service)
    expected = fresh.page.settled_picture()
    assert expected != before
    watched.wait(lambda: watched.page.picture() == expected)
    assert [told_text(each) for each in service.status()["layers"]] == ["", ""]


def test_changes_that_come_faster_than_pictures_are_carried_out_together() -> None:
    schedule, rebuilt_s = FeedSchedule(0.25), []
    for number in range(51):
        now_s = 100.0 + number / 50
        schedule.request_rebuild(now_s)
        action, _delay_s = schedule.next_action(now_s)
        if action is Action.REBUILD:
            schedule.begin(action, now_s)
            rebuilt_s.append(now_s)
    # The first at once, and the last within a moment.
    assert rebuilt_s[0] == 100.0
    gaps_s = [after - before for before, after in pairwise(rebuilt_s)]
    assert min(gaps_s) > SPACING_S - 1e-6
    assert max(gaps_s) < SPACING_S + 0.03
    # Switched off and on again it does not wait.
    schedule.begin(Action.REBUILD, 101.5)
    schedule.reset()
    schedule.request_rebuild(101.51)
    assert schedule.next_action(101.51) == (Action.REBUILD, None)
