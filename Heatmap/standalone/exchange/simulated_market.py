"""A market that is a pure function of a seed and the absolute time.

Whoever asks for a stretch of time gets the same candles, liquidations and mark prices, whatever was
asked before, in this process or in another. Days are made when they are first needed and kept for a
while; that only saves time.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from decimal import Decimal
from typing import Any, TypeVar, cast

import numpy as np

from Heatmap.standalone.exchange.market import (
    DAY_MS,
    MINUTE_MS,
    Bars,
    Candle,
    IntArray,
    first_open_ms,
)
from Heatmap.standalone.exchange.simulated_day import (
    Flow,
    MinuteBars,
    Orders,
    bars_of_day,
    flow_of_day,
    orders_of_day,
    path_of_day,
)

DEFAULT_SEED = 20_241_205
_SECOND_MS = 1000
_TICKS_PER_USD = 10
# A push is at most this late (1.251 s in the recording): so far back a day's orders may be pushed.
_LATEST_PUSH_MS = 10_000
# Days kept: a year of minute bars is 20 MB; the second-by-second paths are 0.7 MB a day.
_DAYS_KEPT, _PATHS_KEPT = 400, 6

_Value = TypeVar("_Value")


class _Kept:
    """The newest results of one stage, by day; safe to use from several threads."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._lock = threading.Lock()
        self._values: OrderedDict[Hashable, object] = OrderedDict()

    def get(self, key: Hashable, make: Callable[[], _Value]) -> _Value:
        """Return the value of `key`, making it when it is not kept."""
        with self._lock:
            if key in self._values:
                self._values.move_to_end(key)
                return cast("_Value", self._values[key])
        # Made outside the lock: twice at worst, with equal results.
        value = make()
        with self._lock:
            self._values[key] = value
            while len(self._values) > self._limit:
                self._values.popitem(last=False)
        return value


class SimulatedMarket:
    """A Bitcoin-like perpetual market with liquidation cascades; satisfies `Market`.

    Prices wander about 95,000 USD (mostly 88,000 to 102,000, for years), 0.07 % a minute. The
    liquidations follow the figures of a recording of December 2024.

    Parameters
    ----------
    seed
        Which market; not negative. Equal seeds give equal markets.
    symbol
        What the market calls itself.
    """

    def __init__(self, seed: int = DEFAULT_SEED, symbol: str = "BTCUSDT") -> None:
        if seed < 0:
            raise ValueError(f"the seed must not be negative, got {seed}")
        self._seed = seed
        self._symbol = symbol
        self._bars_kept = _Kept(_DAYS_KEPT)
        self._paths_kept = _Kept(_PATHS_KEPT)
        self._orders_kept = _Kept(_PATHS_KEPT)

    @property
    def symbol(self) -> str:
        """Return the symbol."""
        return self._symbol

    @property
    def tick_size(self) -> Decimal:
        """Return the smallest price step, 0.10 USD."""
        return Decimal("0.10")

    def candles(self, interval_ms: int, start_ms: int, end_ms: int) -> list[Candle]:
        """Return the candles that open in ``[start_ms, end_ms)``, the last one as of `end_ms`.

        Raises
        ------
        ValueError
            The interval is neither a multiple nor a divisor of a minute in whole seconds.
        """
        if interval_ms <= 0 or (
            interval_ms % MINUTE_MS and (MINUTE_MS % interval_ms or interval_ms % _SECOND_MS)
        ):
            raise ValueError(
                "the interval must divide a minute into whole seconds or be whole minutes, "
                f"got {interval_ms} ms"
            )
        start_ms = first_open_ms(max(start_ms, 0), interval_ms)
        if start_ms >= end_ms:
            return []
        bar_ms = MINUTE_MS if interval_ms % MINUTE_MS == 0 else _SECOND_MS
        whole_end_ms = end_ms - end_ms % bar_ms
        columns = [
            self._columns(day, bar_ms, start_ms, whole_end_ms)
            for day in range(start_ms // DAY_MS, -(-whole_end_ms // DAY_MS))
        ]
        if whole_end_ms < end_ms:
            columns.append(self._unfinished_bar(whole_end_ms, end_ms))
        open_ms, opens, highs, lows, closes, volumes = (
            np.concatenate(column) for column in zip(*columns, strict=True)
        )
        usd = [ticks / _TICKS_PER_USD for ticks in (opens, highs, lows, closes)]
        return Bars(open_ms, usd[0], usd[1], usd[2], usd[3], volumes).aggregate(interval_ms, end_ms)

    def force_orders(self, start_ms: int, end_ms: int) -> list[dict[str, Any]]:
        """Return the ``forceOrder`` payloads pushed in ``[start_ms, end_ms)``, in that order."""
        first_day = max(start_ms - _LATEST_PUSH_MS, 0) // DAY_MS
        payloads = []
        for day in range(first_day, -(-max(end_ms, 0) // DAY_MS)):
            orders = self._orders(day)
            low, high = np.searchsorted(orders.push_ms, (start_ms, end_ms))
            payloads += [self._payload(orders, index) for index in range(low, high)]
        # A push late in one day may come after the first one of the next.
        payloads.sort(key=lambda payload: payload["E"])
        return payloads

    def mark_price(self, ts_ms: int) -> float:
        """Return the mark price, USD: here the last traded one; there is no hole."""
        return self._ticks_at(ts_ms) / _TICKS_PER_USD

    def alive_spans(self, start_ms: int, end_ms: int) -> list[tuple[int, int]]:
        """Return the whole time asked for: the simulated exchange is always there."""
        return [(start_ms, end_ms)] if start_ms <= end_ms else []

    def _bars(self, day: int) -> tuple[Flow, MinuteBars]:
        def make() -> tuple[Flow, MinuteBars]:
            flow = flow_of_day(self._seed, day)
            return flow, bars_of_day(self._seed, day, flow)

        return self._bars_kept.get(day, make)

    def _path(self, day: int) -> IntArray:
        return self._paths_kept.get(day, lambda: path_of_day(self._seed, day, self._bars(day)[1]))

    def _orders(self, day: int) -> Orders:
        return self._orders_kept.get(
            day, lambda: orders_of_day(self._seed, day, *self._bars(day), self._path(day))
        )

    def _columns(
        self, day: int, bar_ms: int, start_ms: int, end_ms: int
    ) -> tuple[np.ndarray[Any, Any], ...]:
        """Return a day's bars of a minute or a second that lie in ``[start_ms, end_ms)``."""
        day_ms = day * DAY_MS
        low = max(start_ms - day_ms, 0) // bar_ms
        high = min(end_ms - day_ms, DAY_MS) // bar_ms
        open_ms = day_ms + np.arange(low, high, dtype=np.int64) * bar_ms
        bars = self._bars(day)[1]
        if bar_ms == MINUTE_MS:
            part = slice(low, high)
            return (
                open_ms,
                bars.open[part],
                bars.high[part],
                bars.low[part],
                bars.close[part],
                bars.volume[part],
            )
        path = self._path(day)
        opens, closes = path[low:high], path[low + 1 : high + 1]
        volume = np.repeat(bars.volume / 60, 60)[low:high]
        return open_ms, opens, np.maximum(opens, closes), np.minimum(opens, closes), closes, volume

    def _unfinished_bar(self, open_ms: int, end_ms: int) -> tuple[np.ndarray[Any, Any], ...]:
        """Return the bar of a minute or a second that began at `open_ms`, as of `end_ms`."""
        day, offset_ms = divmod(open_ms, DAY_MS)
        seconds = -(-(end_ms - open_ms) // _SECOND_MS)
        first = offset_ms // _SECOND_MS
        points = np.append(self._path(day)[first : first + seconds], self._ticks_at(end_ms))
        minute = offset_ms // MINUTE_MS
        volume = self._bars(day)[1].volume[minute] / MINUTE_MS * (end_ms - open_ms)
        values = (open_ms, points[0], points.max(), points.min(), points[-1], volume)
        return tuple(np.array([value]) for value in values)

    def _ticks_at(self, ts_ms: int) -> int:
        """Return the price at a time, in ticks: between the full seconds a straight line."""
        day, offset_ms = divmod(ts_ms, DAY_MS)
        second, part_ms = divmod(offset_ms, _SECOND_MS)
        path = self._path(day)
        before, after = int(path[second]), int(path[second + 1])
        return round(before + (after - before) * part_ms / _SECOND_MS)

    def _payload(self, orders: Orders, index: int) -> dict[str, Any]:
        lots = f"{orders.lots[index] / 1000:.3f}"
        return {
            "e": "forceOrder",
            "E": int(orders.push_ms[index]),
            "o": {
                "s": self._symbol,
                "S": "SELL" if orders.is_long[index] else "BUY",
                "o": "LIMIT",
                "f": "IOC",
                "q": lots,
                "p": f"{orders.limit_cents[index] / 100:.2f}",
                "ap": f"{orders.price_cents[index] / 100:.2f}",
                "X": "FILLED",
                "l": f"{orders.last_lots[index] / 1000:.3f}",
                "z": lots,
                "T": int(orders.trade_ms[index]),
                "ps": self._symbol,
                "st": 1,
            },
        }
