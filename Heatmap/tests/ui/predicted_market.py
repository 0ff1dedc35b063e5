"""A market with one predicted level above and one below, and the store that holds it.

One minute trades a lot and all others next to nothing, so that all that stands was opened there: a
level above it and one below, at the distance at which the shipped yields are largest.
"""

import math
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np

from Heatmap.domain.candles import MINUTE_MS, Candle, Fetched, Series
from Heatmap.domain.events import DataKind
from Heatmap.levels.arrays import LONGS, SHORTS
from Heatmap.levels.ladders import smooth_ladder
from Heatmap.levels.price_rows import FIT_WIDTH
from Heatmap.levels.shipped import shipped_yields
from Heatmap.storage.store import Store, open_store
from Heatmap.tests.ui.chart_page import START_S

START_MS = START_S * 1000
PRICE = 100_000.0
# When it is opened, and when a candle reaches the upper one.
OPENED, REACHED, COUNT = 10, 40, 60
NOW_MS = START_MS + COUNT * MINUTE_MS
SCALES = {
    "linear": "{mode: 0}",
    "logarithmic": "{mode: 1}",
    "percentage": "{mode: 2}",
    "inverted": "{mode: 0, invertScale: true}",
}


def crest(side: int) -> float:
    """Return the price at which most stands of what was opened at `PRICE`."""
    ladder = smooth_ladder(side, shipped_yields().usd_per_usd[side], FIT_WIDTH)
    return PRICE * math.exp((ladder.first + int(np.argmax(ladder.values))) * FIT_WIDTH)


UPPER, LOWER = crest(SHORTS), crest(LONGS)


def candle(minute: int) -> Candle:
    high = UPPER * 1.004 if minute == REACHED else PRICE + 5
    volume = 4e9 if minute == OPENED else 1.0
    return Candle(START_MS + minute * MINUTE_MS, PRICE, high, PRICE - 5, PRICE, volume)


CANDLES = tuple(candle(minute) for minute in range(-600, COUNT))


def saved_market(path: Path) -> Store:
    """Save the candles, ten hours before the page's first one included."""
    span = (CANDLES[0].open_ms, NOW_MS)
    with closing(open_store(path).open_writer(DataKind.LIVE)) as writer:
        writer.save_fetched("BTCUSDT", Fetched(Series.CANDLES, CANDLES, (span,)))
    return open_store(path)


def page_candles() -> list[dict[str, Any]]:
    """Give the last hour as the page takes it."""
    return [
        {
            "time": one.open_ms // 1000,
            "open": one.open,
            "high": one.high,
            "low": one.low,
            "close": one.close,
        }
        for one in CANDLES[-COUNT:]
    ]
