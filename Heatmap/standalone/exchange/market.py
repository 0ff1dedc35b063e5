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

from Heatmap.levels.yields import Volume

MINUTE_MS = 60_000
DAY_MS = 86_400_000
FUNDING_MS = 28_800_000
"""Funding is paid so often, at multiples of it."""

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
    """What was traded in the half-open time ``[open_ms, open_ms + interval)``.

    Attributes
    ----------
    open_ms
        UTC milliseconds.
    open, high, low, close
        USD.
    volume
        Coins.
    is_closed
        The interval was over when the candle was made; otherwise it is in progress and holds what
        was traded so far.
    quote_volume, taker_buy_quote
        USD: what was traded, and the part of it that buyers took; ``None``: unknown.
    trades
        How many; ``None``: unknown.
    """

    open_ms: int
    open: float
    high: float
    low: float
    close: float
    volume: float
    is_closed: bool
    quote_volume: float | None = None
    taker_buy_quote: float | None = None
    trades: int | None = None


@dataclass(frozen=True, slots=True)
class OpenInterest:
    """All open contracts at a time: `coins`, and their worth in USD."""

    ts_ms: int
    coins: float
    usd: float


@dataclass(frozen=True, slots=True)
class Funding:
    """A funding that longs paid to shorts: `rate` of the notional, at a mark price in USD."""

    ts_ms: int
    rate: float
    mark_price: float


class Market(Protocol):
    """One symbol's market. Methods may be called from any thread, in any order."""

    @property
    def symbol(self) -> str:
        """Return the symbol, as ``BTCUSDT``."""

    @property
    def tick_size(self) -> Decimal:
        """Return the smallest price step, USD."""

    @property
    def name(self) -> str:
        """Return which simulated market it is; empty: a real one's recording."""

    @property
    def volume(self) -> Volume:
        """Return which market's volume the candles have."""

    def candles(self, interval_ms: int, start_ms: int, end_ms: int) -> list[Candle]:
        """Return the candles that open in ``[start_ms, end_ms)``, oldest first.

        They hold what was traded before `end_ms`: where that lies inside the last candle, it is in
        progress. Times without trades have no candle.
        """

    def force_orders(self, start_ms: int, end_ms: int) -> list[dict[str, Any]]:
        """Return the ``forceOrder`` payloads pushed (``E``) in ``[start_ms, end_ms)``, by ``E``."""

    def mark_price(self, ts_ms: int) -> float | None:
        """Return the mark price, USD; ``None`` in a hole, where there is no heartbeat."""

    def open_interest(self, period_ms: int, start_ms: int, end_ms: int) -> list[OpenInterest]:
        """Return the open interest at the multiples of a period in ``[start_ms, end_ms]``.

        Empty where it is unknown.
        """

    def funding(self, start_ms: int, end_ms: int) -> list[Funding]:
        """Return what was paid in ``[start_ms, end_ms]``, by time; empty where it is unknown."""

    def funding_rate(self, ts_ms: int) -> float | None:
        """Return the rate of the next funding at or after a time; ``None``: unknown."""

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
    quote_volume
        float64, USD.
    taker_buy_quote
        float64, USD; ``None``: unknown.
    trades
        float64; ``None``: unknown.
    """

    open_ms: IntArray
    open: FloatArray
    high: FloatArray
    low: FloatArray
    close: FloatArray
    volume: FloatArray
    quote_volume: FloatArray
    taker_buy_quote: FloatArray | None = None
    trades: FloatArray | None = None

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
        columns = (
            self.open[first],
            np.maximum.reduceat(self.high, first),
            np.minimum.reduceat(self.low, first),
            self.close[last],
            np.add.reduceat(self.volume, first),
            opens[first] + interval_ms <= end_ms,
            np.add.reduceat(self.quote_volume, first),
        )
        return [
            Candle(*values)
            for values in zip(
                opens[first].tolist(),
                *(column.tolist() for column in columns),
                _sums(self.taker_buy_quote, first),
                _counts(self.trades, first),
                strict=True,
            )
        ]


def _sums(values: FloatArray | None, first: npt.NDArray[np.intp]) -> list[float | None]:
    if values is None:
        return [None] * len(first)
    return list(np.add.reduceat(values, first).tolist())


def _counts(values: FloatArray | None, first: npt.NDArray[np.intp]) -> list[int | None]:
    return [None if value is None else round(value) for value in _sums(values, first)]


def first_open_ms(start_ms: int, interval_ms: int) -> int:
    """Return the first multiple of `interval_ms` at or after `start_ms`."""
    return math.ceil(start_ms / interval_ms) * interval_ms
