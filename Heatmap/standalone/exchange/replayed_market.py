"""A recorded market: force orders as they were sent, candles from minute bars."""

from collections import Counter
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import numpy as np

from Heatmap.errors import RecordingFileError
from Heatmap.levels.yields import Volume
from Heatmap.standalone.exchange.market import (
    MINUTE_MS,
    Bars,
    Candle,
    Funding,
    OpenInterest,
    first_open_ms,
)
from Heatmap.standalone.exchange.recording import Recording, time_text

#: Longer silence between two messages means that the recorder was off.
HOLE_MS = 3_600_000
_USUAL_SYMBOL = "BTCUSDT"
# Liquidations happen at traded prices; spot and futures differ by far less than this.
_LARGEST_MISFIT = 0.1


class ReplayedMarket:
    """The market of a recording; satisfies `Market`.

    The recorder is taken to have been on from the first message to an hour after the last one,
    except in silences of more than an hour; there, mark price and force orders are missing. The
    candles come from elsewhere and go on: as long as they do after the last message, so does the
    mark price, without which no candle is kept. No force order proves that time any more.

    Inside a minute the price goes from the open to the nearer-lying extreme of the move (a rising
    minute to its low first), to the other extreme, to the close: three straight lines, each a
    third of the minute. So a candle in progress depends on nothing but the bar and the time.

    Parameters
    ----------
    recording
        As `load_recording` gives it.
    symbol
        Whose market; ``None``: BTCUSDT if the recording has it, else its most frequent symbol.
    tick_size
        Smallest price step, USD; recordings do not name it.
    volume
        Which market's volume the candles have; recordings do not name it either.

    Raises
    ------
    RecordingFileError
        The recording has no message of the symbol, or none while there are candles, or the candles
        are another symbol's.
    """

    def __init__(
        self,
        recording: Recording,
        symbol: str | None = None,
        tick_size: Decimal = Decimal("0.10"),
        volume: Volume = Volume.FUTURES,
    ) -> None:
        counts = Counter(message.symbol for message in recording.messages)
        if symbol is None:
            symbol = _USUAL_SYMBOL if _USUAL_SYMBOL in counts else counts.most_common(1)[0][0]
        if symbol not in counts:
            known = ", ".join(name for name, _count in counts.most_common(5))
            raise RecordingFileError(
                f"{recording.messages_path}: expected messages of {symbol}, found {known}; "
                "choose one of these symbols"
            )
        self._recording = recording
        self._symbol = symbol
        self._tick_size = tick_size
        self._volume = volume
        self._bars = recording.candles
        self._payloads = [message.payload for message in recording.messages]
        self._push_ms = np.array([message.push_ms for message in recording.messages])
        candles_end_ms = int(self._bars.open_ms[-1]) + MINUTE_MS
        self._spans = _alive_spans(self._push_ms.tolist(), candles_end_ms)
        self._require_fitting_candles()

    @property
    def symbol(self) -> str:
        """Return the symbol whose candles and mark price there are."""
        return self._symbol

    @property
    def tick_size(self) -> Decimal:
        """Return the smallest price step, USD."""
        return self._tick_size

    @property
    def name(self) -> str:
        """Return nothing: recordings are of the real market."""
        return ""

    @property
    def volume(self) -> Volume:
        """Return which market's volume the candles have."""
        return self._volume

    def require_inside(self, ts_ms: int) -> None:
        """Refuse a time from which nothing can be replayed.

        Raises
        ------
        RecordingFileError
            The time lies before the first message or candle, or at or after the end of either.
        """
        first_ms = max(self._spans[0][0], int(self._bars.open_ms[0]))
        last_ms = min(self._spans[-1][1], int(self._bars.open_ms[-1]) + MINUTE_MS)
        if not first_ms <= ts_ms < last_ms:
            raise RecordingFileError(
                f"{self._recording.messages_path}: expected a time to replay from between "
                f"{time_text(first_ms)} and {time_text(last_ms)}, found {time_text(ts_ms)}; "
                "choose a time inside the recording"
            )

    def candles(self, interval_ms: int, start_ms: int, end_ms: int) -> list[Candle]:
        """Return the candles that open in ``[start_ms, end_ms)``, the last one as of `end_ms`.

        Raises
        ------
        ValueError
            The interval is not a multiple of a minute.
        """
        if interval_ms <= 0 or interval_ms % MINUTE_MS:
            raise ValueError(f"the interval must be whole minutes, got {interval_ms} ms")
        bars = self._bars
        start_ms = first_open_ms(start_ms, interval_ms)
        low, high = np.searchsorted(bars.open_ms, (start_ms, end_ms))
        if low >= high:
            return []
        part = slice(low, high)
        prices = [bars.open[part], bars.high[part], bars.low[part], bars.close[part]]
        amounts = [bars.volume, bars.quote_volume, bars.taker_buy_quote, bars.trades]
        amounts = [None if column is None else column[part] for column in amounts]
        newest = int(high) - 1
        open_ms = int(bars.open_ms[newest])
        if end_ms < open_ms + MINUTE_MS:
            elapsed = (end_ms - open_ms) / MINUTE_MS
            points = _points(bars, newest, elapsed)
            unfinished = (points[0], max(points), min(points), points[-1])
            prices = [
                np.append(column[:-1], value)
                for column, value in zip(prices, unfinished, strict=True)
            ]
            amounts = [
                None if column is None else np.append(column[:-1], column[-1] * elapsed)
                for column in amounts
            ]
        return Bars(bars.open_ms[part], *prices, *amounts).aggregate(interval_ms, end_ms)

    def force_orders(self, start_ms: int, end_ms: int) -> list[dict[str, Any]]:
        """Return the recorded payloads, of every symbol, pushed in ``[start_ms, end_ms)``."""
        low, high = np.searchsorted(self._push_ms, (start_ms, end_ms))
        return self._payloads[low:high]

    def mark_price(self, ts_ms: int) -> float | None:
        """Return the price at a time, USD; ``None`` where the recorder was off.

        Where the candles have a hole, the last close before it stands in.
        """
        if not any(start <= ts_ms <= end for start, end in self._spans):
            return None
        bars = self._bars
        index = int(np.searchsorted(bars.open_ms, ts_ms, side="right")) - 1
        if index < 0:
            return float(bars.open[0])
        elapsed = min((ts_ms - int(bars.open_ms[index])) / MINUTE_MS, 1.0)
        return _points(bars, index, elapsed)[-1]

    def open_interest(self, period_ms: int, start_ms: int, end_ms: int) -> list[OpenInterest]:
        """Return nothing: recordings hold no open interest."""
        del period_ms, start_ms, end_ms
        return []

    def funding(self, start_ms: int, end_ms: int) -> list[Funding]:
        """Return nothing: recordings hold no funding."""
        del start_ms, end_ms
        return []

    def funding_rate(self, ts_ms: int) -> float | None:
        """Return that it is unknown."""
        del ts_ms
        return None

    def alive_spans(self, start_ms: int, end_ms: int) -> list[tuple[int, int]]:
        """Return the closed times in which the recorder was on, clipped to the time asked for."""
        return [
            (max(start, start_ms), min(end, end_ms))
            for start, end in self._spans
            if start <= end_ms and end >= start_ms
        ]

    def _require_fitting_candles(self) -> None:
        recording, bars = self._recording, self._bars
        events = [
            message.event
            for message in recording.messages
            if message.event is not None and message.symbol == self._symbol
        ]
        minutes = np.array([event.ts_ms - event.ts_ms % MINUTE_MS for event in events])
        index = np.searchsorted(bars.open_ms, minutes)
        inside = index < len(bars.open_ms)
        inside[inside] = bars.open_ms[index[inside]] == minutes[inside]
        if not inside.any():
            raise RecordingFileError(
                f"{recording.candles_path}: expected candles of the time of "
                f"{recording.messages_path.name} (from {time_text(int(self._push_ms[0]))}), found "
                f"{time_text(int(bars.open_ms[0]))} to {time_text(int(bars.open_ms[-1]))}; "
                "name two files of the same time"
            )
        prices = np.array([event.price for event in events])[inside]
        misfit = float(np.median(np.abs(prices / bars.close[index[inside]] - 1)))
        if misfit > _LARGEST_MISFIT:
            raise RecordingFileError(
                f"{recording.candles_path}: expected candles of {self._symbol}, found prices "
                f"{misfit:.0%} away from its liquidations; name the candles of {self._symbol}"
            )


def _alive_spans(push_ms: Sequence[int], candles_end_ms: int) -> list[tuple[int, int]]:
    """Return the closed times from message to message, without the silences of over an hour.

    The last one ends with the candles, and not before an hour is over.
    """
    spans: list[tuple[int, int]] = []
    start_ms = previous_ms = push_ms[0]
    for ts_ms in push_ms:
        if ts_ms - previous_ms > HOLE_MS:
            spans.append((start_ms, previous_ms))
            start_ms = ts_ms
        previous_ms = ts_ms
    return [*spans, (start_ms, max(previous_ms + HOLE_MS, candles_end_ms))]


def _points(bars: Bars, index: int, elapsed: float) -> list[float]:
    """Return the corners of a minute's path up to a part of it (0 to 1), and the price there."""
    rises = bars.close[index] >= bars.open[index]
    extremes = (bars.low, bars.high) if rises else (bars.high, bars.low)
    path = [float(column[index]) for column in (bars.open, *extremes, bars.close)]
    leg = min(int(elapsed * 3), 2)
    part = elapsed * 3 - leg
    # The end of a leg exactly, not by way of a product.
    now = path[leg + 1] if part >= 1 else path[leg] + (path[leg + 1] - path[leg]) * part
    return [*path[: leg + 1], now]
