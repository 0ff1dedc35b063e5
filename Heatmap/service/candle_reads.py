"""Candles that are known as plain values, for whoever draws or computes with them."""

import math
from collections.abc import Iterable
from contextlib import closing, suppress

from Heatmap.aggregation.longer_candles import longer_candles
from Heatmap.domain.candles import Candle, CandleHistory, Series, clipped, joined
from Heatmap.errors import HistoryError
from Heatmap.feeds.level_market import LevelStore
from Heatmap.levels.imported import join_candles, lies_beside
from Heatmap.storage.level_arrays import candle_array


def read_history(
    source: LevelStore, instrument: str, start_ms: int, end_ms: int, interval_ms: int
) -> CandleHistory:
    """Read candles of a half-open time, made of minutes. Not for a GUI's loop.

    They are what was recorded, and the exchange's own candles of imported history beside it.

    Parameters
    ----------
    source
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
    time = (start_ms, end_ms)
    with closing(source.store.open_reader()) as reader:
        # Spans first: what is stored meanwhile is then in no span, and not the other way round.
        spans = reader.fetched_spans(instrument, Series.CANDLES)
        minutes = reader.read_candles(instrument, *time, candle_array)
    imported = source.imported_spans(instrument)
    if source.imported is not None and clipped(imported, *time):
        # Where these cannot be read, the exchange is asked for them.
        with suppress(HistoryError):
            others = source.imported.candles(instrument, *time)
            others = others[lies_beside(others["open_ms"], minutes, spans)]
            minutes = join_candles(minutes, others)
            spans = joined([*spans, *source.imported.candle_spans(instrument)])
    fetched = clipped(spans, *time)
    found = longer_candles(minutes, fetched, interval_ms)
    return CandleHistory(tuple(_candles(found.tolist())), fetched)


def _candles(rows: Iterable[tuple[int, float, float, float, float, float, float]]) -> list[Candle]:
    return [
        Candle(open_ms, opened, high, low, close, volume, None if math.isnan(taken) else taken)
        for open_ms, opened, high, low, close, volume, taken in rows
    ]
