"""What a market offers to the loopback exchange: candles, force orders and the mark price.

`SimulatedMarket` and `ReplayedMarket` satisfy `Market` structurally. A market knows no clock: every
question names its time, and what is asked for "now" is asked for with now as the end.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

MINUTE_MS = 60_000
DAY_MS = 86_400_000

#: Binance's candle intervals up to a day, milliseconds. Weeks and months are left out: they do not
#: begin at multiples of their length.
INTERVALS_MS: Mapping[str, int] = {
    "1m": 60_000,
    "3m": 180_000,
    "5m": 300_000,
    "15m": 900_000,
    "30m": 1_800_000,
    "1h": 3_600_000,
    "2h": 7_200_000,
    "4h": 14_400_000,
    "6h": 21_600_000,
    "8h": 28_800_000,
    "12h": 43_200_000,
    "1d": 86_400_000,
}

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Candle:
    """Prices of the half-open time ``[open_ms, open_ms + interval)``, USD; volume in coins.

    `is_closed` says that the interval was over when the candle was made; otherwise it is in
    progress and holds what was traded so far.
    """

    open_ms: int
    open: float
    high: float
    low: float
    close: float
    volume: float
    is_closed: bool


class Market(Protocol):
    """One symbol's market. Methods may be called from any thread, in any order."""

    @property
    def symbol(self) -> str:
        """Return the symbol, as ``BTCUSDT``."""

    @property
    def tick_size(self) -> Decimal:
        """Return the smallest price step, USD."""

    def candles(self, interval_ms: int, start_ms: int, end_ms: int) -> list[Candle]:
        """Return the candles that open in ``[start_ms, end_ms)``, oldest first.

        They hold what was traded before `end_ms`: where that lies inside the last candle, it is in
        progress. Times without trades have no candle.
        """

    def force_orders(self, start_ms: int, end_ms: int) -> list[dict[str, Any]]:
        """Return the ``forceOrder`` payloads pushed (``E``) in ``[start_ms, end_ms)``, by ``E``."""

    def mark_price(self, ts_ms: int) -> float | None:
        """Return the mark price, USD; ``None`` in a hole, where there is no heartbeat."""

    def alive_spans(self, start_ms: int, end_ms: int) -> list[tuple[int, int]]:
        """Return the closed times with a heartbeat, clipped to ``[start_ms, end_ms]``, sorted."""


@dataclass(frozen=True, slots=True)
class Bars:
    """Candles as columns, all of them ``(n,)``, ordered by `open_ms`.

    Attributes
    ----------
    open_ms
        int64, UTC milliseconds.
    open, high, low, close
        float64, USD.
    volume
        float64, coins.
    """

    open_ms: IntArray
    open: FloatArray
    high: FloatArray
    low: FloatArray
    close: FloatArray
    volume: FloatArray

    def aggregate(self, interval_ms: int, end_ms: int) -> list[Candle]:
        """Merge the bars into candles of a longer (or the same) interval.

        Parameters
        ----------
        interval_ms
            Candles open at its multiples; a multiple of the bars' own length.
        end_ms
            Candles that last beyond this time are marked as in progress.

        Returns
        -------
        list of Candle
            Oldest first; an interval without any bar gives no candle.
        """
        if not len(self.open_ms):
            return []
        opens = self.open_ms - self.open_ms % interval_ms
        first = np.flatnonzero(np.diff(opens, prepend=opens[0] - 1))
        last = np.append(first[1:], len(opens)) - 1
        return [
            Candle(open_ms, opened, high, low, close, volume, open_ms + interval_ms <= end_ms)
            for open_ms, opened, high, low, close, volume in zip(
                opens[first].tolist(),
                self.open[first].tolist(),
                np.maximum.reduceat(self.high, first).tolist(),
                np.minimum.reduceat(self.low, first).tolist(),
                self.close[last].tolist(),
                np.add.reduceat(self.volume, first).tolist(),
                strict=True,
            )
        ]


def first_open_ms(start_ms: int, interval_ms: int) -> int:
    """Return the first multiple of `interval_ms` at or after `start_ms`."""
    return math.ceil(start_ms / interval_ms) * interval_ms
