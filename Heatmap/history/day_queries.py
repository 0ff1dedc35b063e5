"""What levels need of imported days, as numpy arrays. Each function reads Parquet files."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from Heatmap.history.engine import exact
from Heatmap.history.imported_days import StoredDay
from Heatmap.levels.arrays import CANDLE_DTYPE, FUNDING_DTYPE, MINUTE_MS, OPEN_INTEREST_DTYPE

if TYPE_CHECKING:
    import duckdb

# Files of days that follow each other may both have a row of the midnight between them: then the
# one in the file of its own day counts.
_OF_OWN_DAY = (
    "QUALIFY row_number() OVER (PARTITION BY {key} ORDER BY "
    "parse_filename(filename, true) = strftime(epoch_ms({key}), '%Y-%m-%d') DESC, filename) = 1"
)


@dataclass(frozen=True, slots=True)
class Series:
    """What is read of a dataset as it stands in its files.

    Attributes
    ----------
    columns
        In the order of the fields of `dtype`.
    at, key
        The column with the time that is asked for, UTC milliseconds, and the one of which each
        value counts once.
    dtype
        Of the array.
    """

    columns: str
    at: str
    key: str
    dtype: np.dtype[np.void]


KLINES: Final = Series(
    "ts_ms, open, high, low, close, quote_volume, taker_buy_quote", "ts_ms", "ts_ms", CANDLE_DTYPE
)
#: Its time is when it became known.
OPEN_INTEREST: Final = Series(
    "known_ms, open_interest_usd", "known_ms", "label_ms", OPEN_INTEREST_DTYPE
)
FUNDING: Final = Series("ts_ms, rate", "ts_ms", "ts_ms", FUNDING_DTYPE)


def read_series(
    connection: "duckdb.DuckDBPyConnection",
    series: Series,
    days: Sequence[StoredDay],
    start_ms: int,
    end_ms: int,
) -> NDArray[np.void]:
    """Return the rows of a half-open time, (n,) of the series' dtype, in order; each once."""
    return read_rows(
        connection,
        f"SELECT {series.columns} FROM read_parquet($files, filename = true) "
        f"WHERE {series.at} >= $start_ms AND {series.at} < $end_ms "
        f"{_each_once(days, series.key)} ORDER BY {series.at}",
        days,
        series.dtype,
        start_ms=start_ms,
        end_ms=end_ms,
    )


def add_up_trades(
    connection: "duckdb.DuckDBPyConnection",
    days: Sequence[StoredDay],
    start_ms: int,
    end_ms: int,
) -> NDArray[np.void]:
    """Return candles made of trades in a half-open time of whole minutes, (n,) CANDLE_DTYPE.

    A minute without a trade has none. Of aggregated trades those that straddle two minutes count
    for the one in which they began, which the exchange's own candles do not do.
    """
    return read_rows(
        connection,
        f"SELECT ts_ms // {MINUTE_MS} * {MINUTE_MS} AS open_ms, arg_min(price, id), max(price), "
        "min(price), arg_max(price, id), sum(price * qty), "
        "sum(CASE WHEN buyer_is_maker THEN 0.0 ELSE price * qty END) "
        "FROM read_parquet($files) WHERE ts_ms >= $start_ms AND ts_ms < $end_ms "
        "GROUP BY open_ms ORDER BY open_ms",
        days,
        CANDLE_DTYPE,
        start_ms=start_ms,
        end_ms=end_ms,
    )


def _each_once(days: Sequence[StoredDay], key: str) -> str:
    """Return the condition under which a key has one row; none where no two days have one."""
    is_shared = any(before.last_ms >= after.first_ms for before, after in pairwise(days))
    return _OF_OWN_DAY.format(key=key) if is_shared else ""


def read_rows(
    connection: "duckdb.DuckDBPyConnection",
    query: str,
    days: Sequence[StoredDay],
    dtype: np.dtype[np.void],
    **values: object,
) -> NDArray[np.void]:
    """Return the rows of a query over some days, its columns in the order of a dtype's fields.

    A number that is unknown becomes NaN. Without days nothing is read.
    """
    if not days:
        return np.zeros(0, dtype)
    files = [exact(one.path) for one in days]
    columns: dict[str, Any] = connection.execute(query, {"files": files, **values}).fetchnumpy()
    names = dtype.names or ()
    found = np.zeros(len(next(iter(columns.values()))), dtype)
    for name, column in zip(names, columns.values(), strict=True):
        found[name] = column
        # What is blank is masked.
        is_blank = getattr(column, "mask", False)
        if dtype[name].kind == "f" and np.any(is_blank):
            found[name][is_blank] = np.nan
    return found
