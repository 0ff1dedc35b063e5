"""The newest candles of a chart: closed minutes that were fetched, and the minute that runs.

The exchange's candle of a minute comes after its end. Until then the candle goes from the close
before to the mark price, through what the price has reached in between.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from Heatmap.domain.candles import MINUTE_MS, Candle, RunningMinute
from Heatmap.service.candle_reads import read_history
from Heatmap.service.shared_parts import SharedParts


@dataclass(frozen=True, slots=True)
class ChartCandle:
    """One candle as the chart takes it: its opening in UTC seconds, prices in USD."""

    time: int
    open: float
    high: float
    low: float
    close: float


def read_newest(parts: SharedParts, symbol: str, interval_ms: int) -> list[ChartCandle]:
    """Return the last two candles of an interval; in a worker thread.

    Raises
    ------
    StorageError
        The store cannot be read.
    """
    now_ms = parts.clock()
    start_ms = now_ms // interval_ms * interval_ms - interval_ms
    # One minute more, for the close before.
    found = read_history(parts.markets, symbol, start_ms - MINUTE_MS, now_ms, MINUTE_MS)
    status = parts.recorder()
    running = None if status is None else status.running_minutes.get(symbol)
    price = None if status is None else status.mark_prices.get(symbol)
    return newest_candles(found.candles, start_ms, interval_ms, running, price)


def newest_candles(
    minutes: Sequence[Candle],
    start_ms: int,
    interval_ms: int,
    running: RunningMinute | None,
    price: float | None,
) -> list[ChartCandle]:
    """Add minutes up to candles of an interval.

    Parameters
    ----------
    minutes
        Closed minutes, the oldest first, from before `start_ms` on.
    start_ms
        Where the first candle begins.
    interval_ms
        Length of a candle, a multiple of a minute.
    running
        What the minute that is not over has reached; ``None``: not known.
    price
        The newest price, USD; ``None``: not known.
    """
    rows: dict[int, list[float]] = {}

    def add(open_ms: int, opened: float, high: float, low: float, close: float) -> None:
        place = open_ms // interval_ms * interval_ms
        row = rows.setdefault(place, [opened, high, low, close])
        row[1:] = [max(row[1], high), min(row[2], low), close]

    for one in minutes:
        if one.open_ms >= start_ms:
            add(one.open_ms, one.open, one.high, one.low, one.close)
    is_after = running is not None and bool(minutes) and running.open_ms > minutes[-1].open_ms
    if running is not None and price is not None and is_after:
        opened = minutes[-1].close
        reached = (opened, running.low, running.high, price)
        add(running.open_ms, opened, max(reached), min(reached), price)
    return [ChartCandle(place // 1000, *row) for place, row in sorted(rows.items())]
