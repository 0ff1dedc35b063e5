"""What the recorder has fetched of a chart's candles, as the chart's own."""

import math
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from Heatmap import Candle as StoredCandle
from Heatmap import CandleHistory
from Heatmap.errors import HeatmapError
from Heatmap.runtime.safe_log import get_logger
from Heatmap.standalone.exchange.market import Candle

logger = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Kept:
    """A time that the table holds without a break.

    Attributes
    ----------
    start_ms, end_ms
        Half-open, whole intervals, UTC milliseconds.
    candles
        All that there are in it, oldest first.
    """

    start_ms: int
    end_ms: int
    candles: tuple[Candle, ...]

    def before(self, ms: int) -> list[Candle]:
        """Return the candles that began before a time."""
        return [one for one in self.candles if one.open_ms < ms]


NOTHING_KEPT = Kept(0, 0, ())


@dataclass(frozen=True, slots=True)
class CandleTable:
    """What the recorder has fetched of one symbol, for one interval.

    Attributes
    ----------
    read
        Gives the candles of a half-open time, UTC milliseconds.
    clock
        Data time now, UTC milliseconds.
    first_count
        How many candles are wanted at once; the rest may follow.
    on_older
        Gets candles before all that were delivered, oldest first.
    """

    read: Callable[[int, int], Awaitable[CandleHistory]]
    clock: Callable[[], int]
    first_count: int
    on_older: Callable[[list[Candle]], None]

    async def newest_kept(self, start_ms: int, end_ms: int, interval_ms: int) -> Kept:
        """Return the newest unbroken time between two moments; nothing where it cannot be read."""
        try:
            history = await self.read(start_ms // interval_ms * interval_ms, end_ms)
        except (HeatmapError, ValueError) as error:
            # The service does not run (yet), or its database cannot be read: the exchange is asked.
            logger.info("stored candles: %s", error)
            return NOTHING_KEPT
        if not history.fetched:
            return NOTHING_KEPT
        first_ms, last_ms = history.fetched[-1]
        first_ms = -(-first_ms // interval_ms) * interval_ms
        last_ms = last_ms // interval_ms * interval_ms
        candles = tuple(as_drawn(one) for one in history.candles if one.open_ms >= first_ms)
        return Kept(first_ms, last_ms, candles) if first_ms < last_ms else NOTHING_KEPT


def as_drawn(one: StoredCandle) -> Candle:
    """Return a stored candle as one of the chart's."""
    # The table knows what was traded in USD, and not in coins.
    return Candle(
        one.open_ms,
        one.open,
        one.high,
        one.low,
        one.close,
        math.nan,
        is_closed=True,
        quote_volume=one.quote_volume,
        taker_buy_quote=one.taker_buy_quote,
    )
