"""What levels are computed from, as numpy arrays of one instrument. Not for a GUI's loop."""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from Heatmap.domain.candles import MINUTE_MS, OPEN_INTEREST_DELAY_MS, Series, Span
from Heatmap.domain.coverage import CoverageInterval
from Heatmap.levels.arrays import (
    CANDLE_DTYPE,
    FUNDING_DTYPE,
    INTERVAL_DTYPE,
    OPEN_INTEREST_DTYPE,
)
from Heatmap.storage.engine import CandleRow, OrderRow, StoreReader, TimedRow
from Heatmap.storage.event_arrays import as_array

_ORDER_DTYPE = np.dtype(
    [
        ("fill_price", np.float64),
        ("limit_price", np.float64),
        ("notional", np.float64),
        ("is_long", np.bool_),
    ]
)


@dataclass(frozen=True)
class LevelData:
    """What is stored of one instrument in a time.

    Attributes
    ----------
    candles : (n,) CANDLE_DTYPE
        In order; a volume that is unknown is NaN.
    open_interest : (k,) OPEN_INTEREST_DTYPE
    funding : (k,) FUNDING_DTYPE
    messages : (m,) EVENT_DTYPE
        Liquidations; empty where they were not asked for.
    coverage : (c,) INTERVAL_DTYPE
        When recording is proven.
    fetched
        Time whose candles were fetched.
    """

    candles: NDArray[np.void]
    open_interest: NDArray[np.void]
    funding: NDArray[np.void]
    messages: NDArray[Any]
    coverage: NDArray[np.void]
    fetched: tuple[Span, ...]


def read_level_data(
    reader: StoreReader, instrument: str, start_ms: int, end_ms: int, *, with_messages: bool = True
) -> LevelData:
    """Read what levels are computed from.

    Parameters
    ----------
    reader
        Of the store.
    instrument
        Whose.
    start_ms, end_ms
        Half-open time, UTC milliseconds. Nothing that was not known by its end is among it.
    with_messages
        Whether liquidations and their coverage are wanted, as fits need them.

    Raises
    ------
    StorageError
        The store cannot be read.
    """
    # Spans first: what is stored meanwhile is then in no span, and not the other way round.
    fetched = reader.fetched_spans(instrument, Series.CANDLES)
    # A candle is known when it is over.
    candles = reader.read_candles(instrument, start_ms, end_ms - MINUTE_MS + 1, candle_array)
    interest = reader.read_series(
        instrument, Series.OPEN_INTEREST, start_ms, end_ms, open_interest_array
    )
    funding = reader.read_series(instrument, Series.FUNDING, start_ms, end_ms, funding_array)
    messages, coverage = as_array(iter(())), coverage_array(())
    if with_messages:
        messages = reader.read_window(instrument, start_ms, end_ms, as_array).events
        coverage = coverage_array(reader.read_coverage(instrument, start_ms, end_ms))
    return LevelData(candles, interest, funding, messages, coverage, fetched)


def no_level_data() -> LevelData:
    """Return what is stored where there is no store."""
    none = iter(())
    return LevelData(
        candle_array(none),
        open_interest_array(none),
        funding_array(none),
        as_array(none),
        coverage_array(()),
        (),
    )


def candle_array(rows: Iterator[CandleRow]) -> NDArray[np.void]:
    """Gather candles, (n,) `CANDLE_DTYPE`; an unknown volume becomes NaN."""
    known = ((*row[:6], math.nan if row[6] is None else row[6]) for row in rows)
    return np.fromiter(known, dtype=CANDLE_DTYPE)


def open_interest_array(rows: Iterator[TimedRow]) -> NDArray[np.void]:
    """Gather open interest, (n,) `OPEN_INTEREST_DTYPE`, by when it became known."""
    known = ((label_ms + OPEN_INTEREST_DELAY_MS, usd) for label_ms, usd in rows)
    return np.fromiter(known, dtype=OPEN_INTEREST_DTYPE)


def funding_array(rows: Iterator[TimedRow]) -> NDArray[np.void]:
    """Gather funding, (n,) `FUNDING_DTYPE`."""
    return np.fromiter(rows, dtype=FUNDING_DTYPE)


def order_array(rows: Iterator[OrderRow]) -> NDArray[np.void]:
    """Gather orders, (n,): ``fill_price``, ``limit_price``, ``notional`` (USD), ``is_long``."""
    return np.fromiter(rows, dtype=_ORDER_DTYPE)


def coverage_array(intervals: Iterable[CoverageInterval]) -> NDArray[np.void]:
    """Return the proven ones, (n,) `INTERVAL_DTYPE`."""
    return np.array(
        [(one.start_ms, one.end_ms) for one in intervals if one.proven], dtype=INTERVAL_DTYPE
    )
