"""A chart page whose predicted levels a real feed keeps up, and where they are on it."""

import math
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from Heatmap.feeds.feed_context import FeedContext
from Heatmap.feeds.layer_feed import LayerFeed
from Heatmap.feeds.level_market import LevelStore
from Heatmap.heatmap_settings import HeatmapSettings
from Heatmap.sources.level_maps import LevelMaps
from Heatmap.storage.event_tape import EventTape
from Heatmap.storage.store import Store
from Heatmap.tests.packed_cells import unpack_cells
from Heatmap.tests.ui.chart_page import START_S, ChartPage, to_array
from Heatmap.tests.ui.predicted_market import (
    COUNT,
    LOWER,
    NOW_MS,
    OPENED,
    PRICE,
    REACHED,
    SCALES,
    UPPER,
    page_candles,
)
from Heatmap.ui.layer.chart_layer import HeatmapLayer

if TYPE_CHECKING:
    from Heatmap.domain.candles import RunningMinute

SETTINGS = HeatmapSettings(
    enabled=True,
    heat="predicted",
    opacity=1.0,
    gap_hatch=False,
    colour_bar=False,
    source_line=False,
)
# What stands is named in so many CSS pixels at the right edge.
_LABELS_PX = 90
# Nothing but candles lies over what the layer draws.
_PLAIN = {"grid": {"vertLines": {"visible": False}, "horzLines": {"visible": False}}}
# Both levels lie within, whatever candles are in sight.
_PRICES_USD = 600.0
_CANDLES = (-1.5, 84.5)


class CountingLayer(HeatmapLayer):
    """Knows what it was told to show last, and how often."""

    shown_count = 0
    # Until when what the page has is known, UTC milliseconds.
    end_ms = 0.0
    meta: Mapping[str, Any] = {}
    packed = ""

    def show_grid(self, meta: Mapping[str, Any], packed: str) -> None:
        self.shown_count += 1
        self.meta, self.packed, self.end_ms = meta, packed, meta["endMs"]
        super().show_grid(meta, packed)

    def append_cells(self, meta: Mapping[str, Any], packed: str) -> None:
        self.end_ms = meta["endMs"]
        super().append_cells(meta, packed)

    def column_at(self, ts_ms: int) -> tuple[np.ndarray, np.ndarray]:
        """Give the grid shown last at a time: (rows,) uint8, and its (rows + 1,) edges, USD."""
        meta = self.meta
        cells = np.frombuffer(unpack_cells(self.packed), np.uint8)
        column = ts_ms // meta["binMs"] - meta["timeStartMs"] // meta["binMs"]
        edges = meta["priceLow"] + np.arange(meta["rows"] + 1) * meta["binUsd"]
        return cells.reshape(meta["rows"], meta["cols"])[:, column], edges


class PredictedPage:
    """The market of `predicted_market` on a page, kept up by a feed whose clock stands.

    Parameters
    ----------
    page
        A page that is loaded.
    scale
        One of `SCALES`.
    ratio
        Device pixels per CSS pixel.
    """

    def __init__(self, page: ChartPage, store: Store, scale: str, ratio: float) -> None:
        self.page, self.scale, self.ratio = page, scale, ratio
        self.now_ms = NOW_MS
        self.running: RunningMinute | None = None
        self.executor = ThreadPoolExecutor(1)
        tape = EventTape(store)
        self._context = FeedContext(
            tape=tape,
            clock=lambda: self.now_ms,
            tick_size=lambda _symbol: Decimal("0.1"),
            heartbeats=lambda _symbol: None,
            executor=self.executor,
            label="",
            running_minute=lambda _symbol: self.running,
            maps=LevelMaps(tape, LevelStore.of(store)),
        )
        self.create_chart()
        self.layer = CountingLayer(page.page, symbol="BTCUSDT")
        self.feed = LayerFeed(self.layer, SETTINGS, self._context)

    def create_chart(self) -> None:
        """Make the chart, as a host does after each load."""
        page = self.page
        # A new process begins with pixels of the usual size.
        page.page.setZoomFactor(self.ratio)
        page.qtbot.waitUntil(lambda: page.js("devicePixelRatio") == self.ratio, timeout=10_000)
        page.create_chart(page_candles(), _PLAIN, until_drawn=False)
        page.js(
            f"(priceSeries.priceScale().applyOptions({SCALES[self.scale]}),"
            " priceSeries.applyOptions({priceLineVisible: false}), 0)"
        )
        self.show_prices(_PRICES_USD)
        self.show_candles(*_CANDLES)

    def wait_for_grid(self, act: Callable[[], object]) -> None:
        """Do something that has the feed build another grid, and wait until that is sent."""
        before = self.layer.shown_count
        act()
        self.page.qtbot.waitUntil(lambda: self.layer.shown_count > before, timeout=20_000)

    def show_candles(self, start: float, end: float) -> None:
        """Show candles from one number to another, and those between."""
        self.page.js(f"(chart.timeScale().setVisibleLogicalRange({{from: {start}, to: {end}}}), 0)")

    def show_prices(self, away_usd: float) -> None:
        """Show so much above and below of the price, whatever candles are in sight."""
        prices = f"{{minValue: {PRICE - away_usd}, maxValue: {PRICE + away_usd}}}"
        self.page.js(
            "(priceSeries.applyOptions({autoscaleInfoProvider: () =>"
            f" ({{priceRange: {prices}}})}}), 0)"
        )

    def strength(self) -> np.ndarray:
        """Give how far the layer changes each device pixel of the pane, (height, width) int.

        All of it is of the grid that was shown last, and no other is on its way.
        """
        while True:
            self.page.qtbot.waitUntil(self._is_at_rest, timeout=20_000)
            shown_count = self.layer.shown_count
            strength = self._strength()
            if self.layer.shown_count == shown_count and self._is_at_rest():
                return strength

    def _is_at_rest(self) -> bool:
        """Tell whether no other grid is asked for, or being built, for what the page shows."""
        schedule = self.feed._schedule
        return schedule._rebuild_due_s is None and not self.feed._turns.is_working

    def _strength(self) -> np.ndarray:
        page = self.page
        drawn = page.settled_picture()
        self.layer.set_options({"visible": False})
        page.qtbot.waitUntil(lambda: page.picture() != drawn, timeout=10_000)
        bare = page.settled_picture()
        self.layer.set_options({"visible": True})
        page.qtbot.waitUntil(lambda: page.picture() != bare, timeout=10_000)
        difference = np.abs(to_array(drawn) - to_array(bare)).sum(axis=2)
        height, width = (page.js(f"chart.paneSize(0).{side}") for side in ("height", "width"))
        return np.asarray(difference[: round(height * self.ratio), : round(width * self.ratio)])

    def x_of(self, minute: float) -> float:
        """Give where a minute begins, device pixels: its candle stands in its middle."""
        first, second = (self.page.x_of_candle(START_S + 60 * i) for i in (0, COUNT - 1))
        return (first + (minute - 0.5) * (second - first) / (COUNT - 1)) * self.ratio

    def y_of(self, price: float) -> float:
        return self.page.y_of_price(price) * self.ratio

    def assert_levels(
        self, *, upper_until: float = REACHED, lower_until: float = math.inf, known: float = COUNT
    ) -> None:
        """Both are painted at their prices, from the opening on, each to its end, and no further.

        Parameters
        ----------
        upper_until, lower_until
            The minute with which each ends; infinite: it stands to the pane's right edge.
        known
            The minute with which the grid ends.
        """
        strength = self.strength()
        # But for the labels at its right edge.
        end = strength.shape[1] - round(_LABELS_PX * self.ratio)
        for price, until in ((UPPER, upper_until), (LOWER, lower_until)):
            found = _runs(strength[round(self.y_of(price)), :end])
            # The dots that mark now are no wider.
            found = [run for run in found if run[1] - run[0] > 4 * self.ratio]
            last = end if math.isinf(until) else min(end, self.x_of(until))
            wanted = (max(0, self.x_of(OPENED)), last)
            assert found == [pytest.approx(wanted, abs=1.5 * self.ratio)], price
        # In the middle of what is in sight of the time in which both stood.
        places = [self.x_of(minute + 0.5) for minute in range(OPENED, REACHED)]
        seen = [i for i, x in enumerate(places) if 0 < x < end and OPENED + i < known]
        minute = OPENED + seen[len(seen) // 2]
        self._assert_prices(strength[:, round(self.x_of(minute + 0.5))], minute)
        # What stands, stands right of now at the same prices, in the same strength.
        now_x = self.x_of(known)
        if now_x + 10 * self.ratio < end:
            own = strength[:, round(now_x - 4 * self.ratio), None]
            beyond = strength[:, round(now_x + 4 * self.ratio) : end]
            if math.isinf(lower_until):
                assert own.any()
                assert (beyond == own).all()

    def _assert_prices(self, line: np.ndarray, minute: int) -> None:
        """Assert that a column of pixels is painted at the prices of the cells that were sent."""
        cells, edges = self.layer.column_at((START_S + 60 * minute) * 1000)
        height = len(line)
        bands = [
            np.clip(sorted((self.y_of(edges[first]), self.y_of(edges[stop]))), 0, height)
            for first, stop in _runs(cells)
        ]
        wanted = sorted(tuple(band) for band in bands if band[1] - band[0] > 1.5)
        found = _runs(line)
        assert found == [pytest.approx(band, abs=1.5) for band in wanted]
        # Where one is strongest, a few rows alike, its price is.
        row_px = abs(self.y_of(edges[1]) - self.y_of(edges[0]))
        for price in (UPPER, LOWER):
            y = self.y_of(price)
            first, stop = next(run for run in found if run[0] <= y < run[1])
            strongest = first + np.flatnonzero(line[first:stop] == line[first:stop].max())
            assert strongest[0] - row_px < y < strongest[-1] + 1 + row_px
            assert strongest[-1] - strongest[0] < 4 * row_px


def _runs(line: np.ndarray) -> list[tuple[int, int]]:
    """Give where something begins and ends, half-open."""
    is_there = np.concatenate([[False], line > 0, [False]]).astype(np.int8)
    edges = np.flatnonzero(np.diff(is_there)).tolist()
    return list(zip(edges[::2], edges[1::2], strict=True))
