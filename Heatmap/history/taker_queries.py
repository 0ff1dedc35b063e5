"""The single trades among which `py_liquidation_map` chooses: only those that it may choose.

A month has some forty million trades. What a rule never chooses stays in the files:

- ``gross_value``: whatever is below its limit.
- ``top_n``: what was not among the n largest of its own minute, and what was no larger than the
  n-th of all days before.
- ``portion``: what was below the limit at each minute's end. The limits are found by counting the
  trades in classes of notional, minute by minute.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from Heatmap.history.day_queries import read_rows
from Heatmap.history.imported_days import StoredDay
from Heatmap.levels.arrays import MINUTE_MS, TRADE_COUNT_DTYPE, TRADE_DTYPE
from Heatmap.levels.taker_selection import TakerMode, TakerRule, TakerTrades

if TYPE_CHECKING:
    import duckdb

# Classes of notional are so fine, natural logarithm.
_CLASS = 0.05
_CLASS_DTYPE = np.dtype(
    [("open_ms", np.int64), ("is_buy", np.bool_), ("class", np.int64), ("trades", np.int64)]
)
_MINUTE = f"ts_ms // {MINUTE_MS} * {MINUTE_MS}"
_SOURCE = "FROM read_parquet($files) WHERE ts_ms >= $start_ms AND ts_ms < $end_ms"
_SELECT = f"SELECT ts_ms, price, price * qty AS usd, NOT buyer_is_maker {_SOURCE}"


class TakerReader:
    """Reads the trades of some days.

    Parameters
    ----------
    connection
        To whatever database; stays open.
    days
        Of trades, in order.
    start_ms, end_ms
        Half-open time of whole minutes, UTC milliseconds.
    """

    def __init__(
        self,
        connection: "duckdb.DuckDBPyConnection",
        days: Sequence[StoredDay],
        start_ms: int,
        end_ms: int,
    ) -> None:
        self._connection = connection
        self._days = days
        self._time = {"start_ms": start_ms, "end_ms": end_ms}

    def read(self, rule: TakerRule) -> TakerTrades:
        """Return what a rule may choose, and how many trades there were."""
        counts = self._rows(
            f"SELECT {_MINUTE} AS open_ms, count_if(NOT buyer_is_maker), count_if(buyer_is_maker) "
            f"{_SOURCE} GROUP BY open_ms ORDER BY open_ms",
            TRADE_COUNT_DTYPE,
        )
        if rule.mode is TakerMode.GROSS_VALUE:
            trades = self._rows(
                f"{_SELECT} AND price * qty >= $least_usd ORDER BY ts_ms, id",
                TRADE_DTYPE,
                least_usd=rule.trade_usd,
            )
        elif rule.mode is TakerMode.TOP_N:
            trades = self._largest(rule.top_n)
        else:
            trades = self._portion(rule.portion, counts)
        return TakerTrades(rule, trades, counts)

    def _largest(self, count: int) -> NDArray[np.void]:
        found: list[NDArray[np.void]] = []
        # By side: the n largest so far. Only what is larger than the least of them is looked at.
        largest: dict[bool, NDArray[np.float64]] = {one: np.zeros(0) for one in (True, False)}
        for day in self._days:
            least = {
                is_buy: float(some.min()) if len(some) >= count > 0 else 0.0
                for is_buy, some in largest.items()
            }
            fresh = self._rows(
                f"{_SELECT} AND price * qty > "
                "CASE WHEN buyer_is_maker THEN $least_sell ELSE $least_buy END "
                f"QUALIFY row_number() OVER (PARTITION BY {_MINUTE}, buyer_is_maker "
                "ORDER BY price * qty DESC, ts_ms, id) <= $count ORDER BY ts_ms, id",
                TRADE_DTYPE,
                days=[day],
                least_sell=least[False],
                least_buy=least[True],
                count=count,
            )
            found.append(fresh)
            for is_buy, some in largest.items():
                mine = np.concatenate([some, fresh["usd"][fresh["is_buy"] == is_buy]])
                largest[is_buy] = np.sort(mine)[::-1][:count]
        # A trade may lie a second outside of its day.
        both = np.concatenate([np.zeros(0, TRADE_DTYPE), *found])
        return both[np.argsort(both["ts_ms"], kind="stable")]

    def _portion(self, portion: float, counts: NDArray[np.void]) -> NDArray[np.void]:
        classes = self._rows(
            f"SELECT {_MINUTE} AS open_ms, NOT buyer_is_maker AS is_buy, "
            f"floor(ln(price * qty) / {_CLASS})::BIGINT AS class, count(*) {_SOURCE} "
            "GROUP BY ALL ORDER BY open_ms",
            _CLASS_DTYPE,
        )
        least = {}
        for name, is_buy in (("buys", True), ("sells", False)):
            rooms = (np.cumsum(counts[name]) * portion).astype(np.int64)
            mine = classes[classes["is_buy"] == is_buy]
            number = _least_class(mine, counts["open_ms"], rooms)
            # A little less: what lies on an edge belongs to the class above or below it.
            least[name] = np.inf if number is None else float(np.exp(number * _CLASS)) * (1 - 1e-9)
        return self._rows(
            f"{_SELECT} AND price * qty >= "
            "CASE WHEN buyer_is_maker THEN $least_sell ELSE $least_buy END ORDER BY ts_ms, id",
            TRADE_DTYPE,
            least_buy=least["buys"],
            least_sell=least["sells"],
        )

    def _rows(
        self,
        query: str,
        dtype: np.dtype[np.void],
        days: Sequence[StoredDay] | None = None,
        **values: object,
    ) -> NDArray[np.void]:
        chosen = self._days if days is None else days
        return read_rows(self._connection, query, chosen, dtype, **self._time, **values)


def _least_class(
    classes: NDArray[np.void], open_ms: NDArray[np.int64], rooms: NDArray[np.int64]
) -> int | None:
    """Return the lowest class in which the smallest chosen trade of any minute's end was.

    ``None``: nothing is ever chosen.

    Parameters
    ----------
    classes : (c,) _CLASS_DTYPE
        Trades by minute and class, in order of time.
    open_ms : (n,) int64
        Minutes in order.
    rooms : (n,) int64
        How many are chosen at the end of each.
    """
    if not rooms.any():
        return None
    first = int(classes["class"].min())
    total = np.zeros(int(classes["class"].max()) - first + 1, np.int64)
    least = len(total) - 1
    cuts = np.searchsorted(classes["open_ms"], open_ms, side="right")
    begin = 0
    for stop, room in zip(cuts.tolist(), rooms.tolist(), strict=True):
        part = classes[begin:stop]
        np.add.at(total, part["class"] - first, part["trades"])
        begin = stop
        # Of the classes from above, the one in which as many as there is room for are together.
        if room:
            above = np.cumsum(total[::-1])
            least = min(least, len(total) - 1 - int(np.searchsorted(above, room)))
    return first + least
