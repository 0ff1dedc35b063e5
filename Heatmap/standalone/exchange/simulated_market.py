"""A market that is a pure function of a seed and the absolute time.

Whoever asks for a stretch of time gets the same candles, liquidations and mark prices, whatever was
asked before, in this process or in another. Days are made when they are first needed and kept for a
while; that only saves time.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from decimal import Decimal
from functools import cache
from typing import Any, TypeVar, cast

import numpy as np

from Heatmap.levels.brackets import BracketTable
from Heatmap.levels.shipped import shipped_brackets
from Heatmap.levels.yields import Volume
from Heatmap.standalone.exchange.market import (
    DAY_MS,
    FUNDING_MS,
    MINUTE_MS,
    Bars,
    Candle,
    FloatArray,
    Funding,
    IntArray,
    OpenInterest,
    first_open_ms,
)
from Heatmap.standalone.exchange.random_stages import Stage, generator
from Heatmap.standalone.exchange.simulated_bars import (
    LOT,
    MINUTES,
    MinuteBars,
    Shocks,
    bars_of_day,
    shocks_of_day,
)
from Heatmap.standalone.exchange.simulated_day import (
    Orders,
    Timing,
    orders_of_day,
    path_of_day,
    timing_of_day,
)
from Heatmap.standalone.exchange.simulated_positions import (
    HOLDING_DAYS,
    EndedPositions,
    PositionMix,
    Positions,
    end_positions,
    open_positions,
)

DEFAULT_SEED = 20_241_205
_SECOND_MS = 1000
_TICKS_PER_USD = 10
# A push is at most this late (1.251 s in the recording): so far back a day's orders may be pushed.
_LATEST_PUSH_MS = 10_000
# Days kept: a year of minute bars is 37 MB; positions are 0.2 MB a day, and each day needs those of
# the days before; the second-by-second paths are 0.7 MB a day.
_DAYS_KEPT, _POSITIONS_KEPT, _PATHS_KEPT = 400, HOLDING_DAYS + 40, 6
# Held with so little leverage that nothing liquidates it.
_STEADY_COINS = 85_000.0
_FUNDING_MEAN, _FUNDING_SPREAD = 1e-4, 6e-5
# When the brackets that are used were valid: they stay the same at all times.
_BRACKETS_MS = 1_795_000_000_000

VERSION = 2
"""Raised with whatever makes another market of the same seed: what is stored says whose it is."""

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

    Prices wander about 95,000 USD (mostly 88,000 to 102,000, for years), 0.09 % a minute. What is
    liquidated are positions that its own volume opened, see `simulated_positions`. What is reported
    of it follows the figures of a recording of December 2024.

    Parameters
    ----------
    seed
        Which market; not negative. Equal seeds give equal markets.
    symbol
        What the market calls itself.
    mix
        Which positions are opened.
    """

    def __init__(
        self,
        seed: int = DEFAULT_SEED,
        symbol: str = "BTCUSDT",
        mix: PositionMix | None = None,
    ) -> None:
        if seed < 0:
            raise ValueError(f"the seed must not be negative, got {seed}")
        self._seed = seed
        self._symbol = symbol
        self._mix = PositionMix() if mix is None else mix
        self._shocks_kept = _Kept(_DAYS_KEPT)
        self._bars_kept = _Kept(_DAYS_KEPT)
        self._positions_kept = _Kept(_POSITIONS_KEPT)
        self._ended_kept = _Kept(_POSITIONS_KEPT)
        self._standing_kept = _Kept(_POSITIONS_KEPT)
        self._timings_kept = _Kept(_PATHS_KEPT)
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

    @property
    def name(self) -> str:
        """Return which of all simulated markets it is."""
        own = "" if self._mix == PositionMix() else ", positions of its own"
        return f"simulated market {VERSION}, seed {self._seed}{own}"

    @property
    def volume(self) -> Volume:
        """Return that the candles are those of futures."""
        return Volume.FUTURES

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
        open_ms, *rest = (np.concatenate(column) for column in zip(*columns, strict=True))
        prices = [ticks / _TICKS_PER_USD for ticks in rest[:4]]
        return Bars(open_ms, *prices, *rest[4:]).aggregate(interval_ms, end_ms)

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

    def open_interest(self, period_ms: int, start_ms: int, end_ms: int) -> list[OpenInterest]:
        """Return the open interest at the multiples of whole minutes in ``[start_ms, end_ms]``.

        Half of all positions that stand, since each contract has two holders, and what is held
        with little leverage.

        Raises
        ------
        ValueError
            The period is not whole minutes.
        """
        if period_ms <= 0 or period_ms % MINUTE_MS:
            raise ValueError(f"the period must be whole minutes, got {period_ms} ms")
        found = []
        for ts_ms in range(first_open_ms(max(start_ms, 0), period_ms), end_ms + 1, period_ms):
            standing = self._standing_lots(ts_ms // DAY_MS)
            coins = _STEADY_COINS + standing[ts_ms % DAY_MS // MINUTE_MS] * LOT / 2
            usd = coins * self._opening_price(ts_ms)
            found.append(OpenInterest(ts_ms, round(coins, 3), round(usd, 4)))
        return found

    def funding(self, start_ms: int, end_ms: int) -> list[Funding]:
        """Return what was paid in ``[start_ms, end_ms]``, every eight hours."""
        first_ms = first_open_ms(max(start_ms, 0), FUNDING_MS)
        return [
            Funding(ts_ms, self.funding_rate(ts_ms), self._opening_price(ts_ms))
            for ts_ms in range(first_ms, end_ms + 1, FUNDING_MS)
        ]

    def funding_rate(self, ts_ms: int) -> float:
        """Return the rate of the next funding at or after a time."""
        number = -(-ts_ms // FUNDING_MS)
        drawn = generator(self._seed, Stage.FUNDING, number).standard_normal()
        return round(_FUNDING_MEAN + _FUNDING_SPREAD * drawn, 8)

    def alive_spans(self, start_ms: int, end_ms: int) -> list[tuple[int, int]]:
        """Return the whole time asked for: the simulated exchange is always there."""
        return [(start_ms, end_ms)] if start_ms <= end_ms else []

    def positions(self, day: int) -> Positions:
        """Return what is opened on a day (days since 1970): the truth behind the liquidations."""
        return self._positions_kept.get(
            day,
            lambda: open_positions(self._seed, day, self._bars(day), self._mix, _brackets()),
        )

    def ended(self, day: int) -> EndedPositions:
        """Return what ends on a day (days since 1970), reported or not."""

        def make() -> EndedPositions:
            days = range(day - HOLDING_DAYS, day + 1)
            return end_positions(
                [self._bars(one) for one in days], [self.positions(one) for one in days]
            )

        return self._ended_kept.get(day, make)

    def _standing_lots(self, day: int) -> IntArray:
        """Return the size of all that stands when each minute of a day begins, (1440,)."""

        def make() -> IntArray:
            opened, ended = self.positions(day), self.ended(day)
            change = np.bincount(opened.minute, opened.lots, MINUTES)
            change -= np.bincount(ended.minute, ended.liquidated.lots, MINUTES)
            change -= np.bincount(ended.closed.minute, ended.closed.lots, MINUTES)
            return ended.standing_lots + np.append(0, np.cumsum(change)[:-1]).astype(np.int64)

        return self._standing_kept.get(day, make)

    def _opening_price(self, ts_ms: int) -> float:
        """Return the price at which a minute opens, USD."""
        day, offset_ms = divmod(ts_ms, DAY_MS)
        return int(self._bars(day).open[offset_ms // MINUTE_MS]) / _TICKS_PER_USD

    def _shocks(self, day: int) -> Shocks:
        return self._shocks_kept.get(day, lambda: shocks_of_day(self._seed, day))

    def _bars(self, day: int) -> MinuteBars:
        return self._bars_kept.get(
            day,
            lambda: bars_of_day(self._seed, day, self._shocks(day - 1), self._shocks(day)),
        )

    def _timing(self, day: int) -> Timing:
        return self._timings_kept.get(
            day, lambda: timing_of_day(self._seed, day, self._bars(day), self.ended(day))
        )

    def _path(self, day: int) -> IntArray:
        return self._paths_kept.get(
            day, lambda: path_of_day(self._seed, day, self._bars(day), self._timing(day))
        )

    def _orders(self, day: int) -> Orders:
        return self._orders_kept.get(
            day, lambda: orders_of_day(self._seed, day, self._bars(day), self._timing(day))
        )

    def _columns(
        self, day: int, bar_ms: int, start_ms: int, end_ms: int
    ) -> tuple[np.ndarray[Any, Any], ...]:
        """Return a day's bars of a minute or a second that lie in ``[start_ms, end_ms)``."""
        day_ms = day * DAY_MS
        low = max(start_ms - day_ms, 0) // bar_ms
        high = min(end_ms - day_ms, DAY_MS) // bar_ms
        open_ms = day_ms + np.arange(low, high, dtype=np.int64) * bar_ms
        bars = self._bars(day)
        amounts = (bars.volume, bars.quote_volume, bars.taker_buy_quote, bars.trades)
        if bar_ms == MINUTE_MS:
            columns = (bars.open, bars.high, bars.low, bars.close, *amounts)
            return (open_ms, *(column[low:high] for column in columns))
        path = self._path(day)
        opens, closes = path[low:high], path[low + 1 : high + 1]
        prices = (opens, np.maximum(opens, closes), np.minimum(opens, closes), closes)
        return (open_ms, *prices, *(np.repeat(one / 60, 60)[low:high] for one in amounts))

    def _unfinished_bar(self, open_ms: int, end_ms: int) -> tuple[np.ndarray[Any, Any], ...]:
        """Return the bar of a minute or a second that began at `open_ms`, as of `end_ms`."""
        day, offset_ms = divmod(open_ms, DAY_MS)
        seconds = -(-(end_ms - open_ms) // _SECOND_MS)
        first = offset_ms // _SECOND_MS
        points = np.append(self._path(day)[first : first + seconds], self._ticks_at(end_ms))
        minute, part = offset_ms // MINUTE_MS, (end_ms - open_ms) / MINUTE_MS
        bars = self._bars(day)
        amounts = (bars.volume, bars.quote_volume, bars.taker_buy_quote, bars.trades)
        traded: list[FloatArray] = [one[minute : minute + 1] * part for one in amounts]
        values = (open_ms, points[0], points.max(), points.min(), points[-1])
        return (*(np.array([value]) for value in values), *traded)

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


@cache
def _brackets() -> BracketTable:
    return shipped_brackets().in_force("BTCUSDT", _BRACKETS_MS)
