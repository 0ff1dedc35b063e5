"""Cluster lines lie where the heat is that they stand for: on the real recording."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from Heatmap.aggregation.clusters.find_clusters import ClusterParameters, LiquidationCluster
from Heatmap.domain.events import DataKind
from Heatmap.domain.viewport import Viewport
from Heatmap.feeds.cluster_book import ClusterBook
from Heatmap.feeds.cluster_lines import fitting_window_pct
from Heatmap.heatmap_settings import CLUSTER_WINDOW_PCT, HeatmapSettings
from Heatmap.picture.heat_picture import HeatPicture
from Heatmap.picture.messages import PictureRequest
from Heatmap.sources.recorded_liquidations import RecordedLiquidations
from Heatmap.sources.source_context import SourceContext
from Heatmap.standalone.exchange.history import seed_history
from Heatmap.standalone.exchange.recording import load_recording
from Heatmap.standalone.exchange.replayed_market import ReplayedMarket
from Heatmap.storage.event_tape import EventTape
from Heatmap.storage.store import open_store
from Heatmap.tests.packed_cells import bytes_of

HOUR_MS = 3_600_000
FIRST_MS, LAST_MS = 1_733_367_600_000, 1_733_443_200_000
LINES = 6
SIDES = {"long": "longs", "short": "shorts"}


class Recorded:
    """The recording in a database, and what a chart would show of it."""

    def __init__(self, messages: Path, candles: Path, database: Path) -> None:
        self.database = database
        market = ReplayedMarket(load_recording(messages, candles))
        seed_history(database, DataKind.REPLAY, market, LAST_MS, None)
        self.candles = np.genfromtxt(candles, delimiter=",", skip_header=1)

    def view(self, now_ms: int, window_ms: int) -> Viewport:
        """Give what a chart shows that has scaled itself to the window's candles."""
        times = self.candles[:, 0]
        seen = self.candles[(times >= now_ms - window_ms) & (times < now_ms)]
        low, high = seen[:, 3].min(), seen[:, 2].max()
        margin = 0.15 * (high - low)
        return Viewport(low - margin, high + margin, None, 1_200.0, 560.0)

    def lines(self, now_ms: int, window_pct: float) -> list[LiquidationCluster]:
        book = ClusterBook(EventTape(open_store(self.database)), ClusterParameters())
        try:
            return book.clusters("BTCUSDT", None, now_ms, window_pct=window_pct)[:LINES]
        finally:
            book.close()

    def shares(self, window: str, width: Callable[[Viewport], float]) -> list[float]:
        """Give for each line that is seen how bright its row is now, of its side's heat.

        1 is the brightest row within the prices of the line's cluster.
        """
        window_ms = HeatmapSettings(window=window).window_ms
        found = []
        for now_ms in range(FIRST_MS, LAST_MS, 2 * HOUR_MS):
            view = self.view(now_ms, window_ms)
            lines = self.lines(now_ms, width(view))
            for side in SIDES:
                heat = self.heat(window, view, now_ms, side)
                found += [
                    heat.share(line)
                    for line in lines
                    if line.side == side and view.price_low < line.price_level < view.price_high
                ]
        return found

    def heat(self, window: str, view: Viewport, now_ms: int, side: str) -> "Heat":
        tape = EventTape(open_store(self.database))
        picture = HeatPicture(RecordedLiquidations(SourceContext(tape), "BTCUSDT"), "BTCUSDT")
        settings = HeatmapSettings(enabled=True, window=window, side=SIDES[side])
        request = PictureRequest(view, settings, Decimal("0.1"), now_ms, None)
        try:
            message = picture.rebuild(request)
        finally:
            picture.close()
        assert message is not None
        cells = np.frombuffer(bytes_of(message), np.uint8).reshape(message.meta["rows"], -1)
        return Heat(message.meta["priceLow"], message.meta["binUsd"], cells[:, -1].astype(float))


@dataclass(frozen=True)
class Heat:
    """The heat of one side now, by rows of prices."""

    low_usd: float
    bin_usd: float
    rows: NDArray[np.float64]

    def share(self, line: LiquidationCluster) -> float:
        prices = (line.lowest_price, line.price_level, line.highest_price)
        low, row, high = (int((price - self.low_usd) // self.bin_usd) for price in prices)
        inside = self.rows[max(0, low) : high + 1]
        return float(self.rows[row] / max(1.0, inside.max(initial=0.0)))


@pytest.mark.parametrize("window", ["2h", "8h"])
def test_a_line_of_the_usual_width_lies_in_the_heat_of_its_side(
    window: str, shared_data: Callable[[str], Path], tmp_path: Path
) -> None:
    recorded = Recorded(
        shared_data("forceorder_btcusdt_2024-12-04_06.jsonl"),
        shared_data("klines_1m_btcusdt_spot_2024-12-03_07.csv"),
        tmp_path / "x.sqlite3",
    )
    shares = recorded.shares(window, fitting_window_pct)
    assert len(shares) > 30
    assert min(shares) > 0.2
    assert np.quantile(shares, 0.1) > 0.65
    assert np.median(shares) > 0.95
    # Two per cent of the price are most of what the chart shows: a line lies anywhere in it.
    fixed = recorded.shares(window, lambda _view: CLUSTER_WINDOW_PCT)
    assert np.quantile(fixed, 0.1) < 0.4
    assert np.median(fixed) < 0.75
