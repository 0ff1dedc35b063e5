"""Candles of the store as plain values, for whoever draws or computes with them."""

import math
from collections.abc import Iterable
from contextlib import closing

from Heatmap.aggregation.longer_candles import longer_candles
from Heatmap.domain.candles import Candle, CandleHistory, Series, clipped
from Heatmap.storage.level_arrays import candle_array
from Heatmap.storage.store import Store


def read_history(
    store: Store, instrument: str, start_ms: int, end_ms: int, interval_ms: int
) -> CandleHistory:
    """Read candles of a half-open time, made of the stored minutes. Not for a GUI's loop.

    Parameters
    ----------
    store
        Where they are.
    instrument
        Whose.
    start_ms, end_ms
        UTC milliseconds.
    interval_ms
        A multiple of a minute.

    Raises
    ------
    ValueError
        The interval is no whole number of minutes.
    StorageError
        The store cannot be read.
    """
    with closing(store.open_reader()) as reader:
        # Spans first: what is stored meanwhile is then in no span, and not the other way round.
        spans = reader.fetched_spans(instrument, Series.CANDLES)
        minutes = reader.read_candles(instrument, start_ms, end_ms, candle_array)
    fetched = clipped(spans, start_ms, end_ms)
    found = longer_candles(minutes, fetched, interval_ms)
    return CandleHistory(tuple(_candles(found.tolist())), fetched)


def _candles(rows: Iterable[tuple[int, float, float, float, float, float, float]]) -> list[Candle]:
    return [
        Candle(open_ms, opened, high, low, close, volume, None if math.isnan(taken) else taken)
        for open_ms, opened, high, low, close, volume, taken in rows
    ]
