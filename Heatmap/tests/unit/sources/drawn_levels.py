"""A picture of predicted levels on a store of its own, and what is asked of it."""

from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np

from Heatmap.domain.candles import MINUTE_MS, Candle, Fetched, RunningMinute, Series
from Heatmap.domain.events import DataKind
from Heatmap.domain.viewport import Viewport
from Heatmap.feeds.level_market import LevelStore
from Heatmap.heatmap_settings import HeatmapSettings
from Heatmap.picture.heat_picture import HeatPicture
from Heatmap.picture.messages import PictureMessage, PictureRequest
from Heatmap.sources.level_maps import LevelMaps
from Heatmap.sources.predicted_levels import PredictedLevelHeat
from Heatmap.sources.source_context import SourceContext
from Heatmap.storage.event_tape import EventTape
from Heatmap.storage.store import open_store
from Heatmap.tests.packed_cells import bytes_of
from Heatmap.tests.stored_market import START_MS, SYMBOL, made_candles, made_events, store_market

ALL = made_candles(3_000)
COUNT = 2_880
NOW_MS = START_MS + COUNT * MINUTE_MS
PRICE = ALL[COUNT - 1].close
TICK = Decimal("0.1")


class Drawn:
    """A picture of predicted levels on a store of its own."""

    def __init__(self, path: Path, candles: tuple[Candle, ...]) -> None:
        self.path = path
        store_market(path, candles, made_events(candles[-600:], 3.0))
        store = open_store(path)
        self.tape = EventTape(store)
        self.reader = LevelStore.of(store)
        self.maps = LevelMaps(self.tape, self.reader, look_s=0.0)
        self.source = PredictedLevelHeat(SourceContext(self.tape, self.maps), SYMBOL)
        self.picture = HeatPicture(self.source, SYMBOL)

    def store(self, candles: tuple[Candle, ...]) -> None:
        span = (candles[0].open_ms, candles[-1].open_ms + MINUTE_MS)
        with closing(open_store(self.path).open_writer(DataKind.LIVE, is_recorder=False)) as writer:
            writer.save_fetched(SYMBOL, Fetched(Series.CANDLES, candles, (span,)))


def view(hours: float = 4.0, end_ms: int | None = None, now_ms: int = NOW_MS) -> Viewport:
    right = now_ms if end_ms is None else end_ms
    return Viewport(PRICE * 0.98, PRICE * 1.02, end_ms, 920, 500, right - round(hours * 3_600_000))


def request(
    now_ms: int = NOW_MS,
    viewport: Viewport | None = None,
    running: tuple[RunningMinute, ...] = (),
    **settings: Any,
) -> PictureRequest:
    return PictureRequest(
        viewport=viewport or view(now_ms=now_ms),
        settings=HeatmapSettings(enabled=True, heat="both", **settings),
        tick_size=TICK,
        now_ms=now_ms,
        heartbeats=None,
        running=running,
    )


def cells_of(message: PictureMessage | None) -> np.ndarray:
    assert message is not None
    shape = (message.meta["rows"], message.meta["cols"])
    if not message.is_whole:
        shape = (-1, message.meta["cols"])
    return np.frombuffer(bytes_of(message), np.uint8).reshape(shape)


def whole(message: PictureMessage | None) -> PictureMessage:
    assert message is not None
    assert message.is_whole
    return message


def level_above(message: PictureMessage) -> tuple[int, float]:
    """Give row and price of the nearest level that is seen above the price, in the last column."""
    meta = message.meta
    rows = np.flatnonzero(cells_of(message)[:, -1] > 60)
    prices = meta["priceLow"] + (rows + 0.5) * meta["binUsd"]
    above = prices > PRICE
    return int(rows[above][0]), float(prices[above][0])
