"""What is known of a market from imported files, and how it joins what was recorded. Pure.

What was recorded counts where there is any; imported data count for the time beside it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from Heatmap.domain.candles import Span
from Heatmap.levels.arrays import (
    CANDLE_DTYPE,
    FUNDING_DTYPE,
    MINUTE_MS,
    OPEN_INTEREST_DTYPE,
)
from Heatmap.levels.taker_selection import TakerRule, TakerTrades
from Heatmap.levels.yields import Volume

# What lies nearer to a recorded value than this is another writing of it.
_INTEREST_APART_MS, _FUNDING_APART_MS = 5 * MINUTE_MS, 30 * MINUTE_MS


@dataclass(frozen=True)
class ImportedMarket:
    """What was imported of a market in a time.

    Attributes
    ----------
    candles : (n,) CANDLE_DTYPE
        In order, one a minute.
    of_trades : (n,) bool
        Which of them were added up from aggregated trades, and so differ a little from the
        exchange's own.
    spans
        Time whose candles were imported; the archive has no other candle in it.
    open_interest : (k,) OPEN_INTEREST_DTYPE
    funding : (k,) FUNDING_DTYPE
    """

    candles: NDArray[np.void] = field(default_factory=lambda: np.zeros(0, CANDLE_DTYPE))
    of_trades: NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, np.bool_))
    spans: tuple[Span, ...] = ()
    open_interest: NDArray[np.void] = field(
        default_factory=lambda: np.zeros(0, OPEN_INTEREST_DTYPE)
    )
    funding: NDArray[np.void] = field(default_factory=lambda: np.zeros(0, FUNDING_DTYPE))


class ImportedMarkets(Protocol):
    """Markets that were imported. Safe to use from any thread, but not on a GUI's loop.

    The methods raise `HistoryError` where what was imported cannot be read, and know nothing of an
    instrument that was not imported.
    """

    def volume(self, instrument: str, /) -> Volume | None:
        """Return of which market an instrument's candles and trades are; ``None``: of none."""

    def spans(self, instrument: str, /) -> tuple[Span, ...]:
        """Return of which time there are candles, or trades to make them of, in order; quick."""

    def candle_spans(self, instrument: str, /) -> tuple[Span, ...]:
        """Return of which time there are the exchange's own candles, in order; quick."""

    def candles(self, instrument: str, start_ms: int, end_ms: int, /) -> NDArray[np.void]:
        """Return the exchange's own candles that began in a half-open time, (n,) CANDLE_DTYPE."""

    def read(self, instrument: str, start_ms: int, end_ms: int, /) -> ImportedMarket:
        """Return what was known by the end of a half-open time, UTC milliseconds."""

    def trades(
        self, instrument: str, start_ms: int, end_ms: int, rule: TakerRule, /
    ) -> TakerTrades | None:
        """Return single trades of a half-open time; ``None``: none were imported."""


def lies_beside(
    open_ms: NDArray[np.int64], candles: NDArray[np.void], fetched: Sequence[Span]
) -> NDArray[np.bool_]:
    """Return which minutes were not recorded, (n,) bool.

    Parameters
    ----------
    open_ms : (n,) int64
        When they began, UTC milliseconds.
    candles : (m,) CANDLE_DTYPE
        Recorded ones.
    fetched
        Time whose candles were recorded: it has no other candle.
    """
    is_new = ~np.isin(open_ms, candles["open_ms"])
    for start_ms, end_ms in fetched:
        is_new &= (open_ms < start_ms) | (open_ms >= end_ms)
    return is_new


def beside_recorded(
    imported: ImportedMarket, candles: NDArray[np.void], fetched: Sequence[Span]
) -> ImportedMarket:
    """Return what was imported without the minutes that were recorded; see `lies_beside`."""
    is_new = lies_beside(imported.candles["open_ms"], candles, fetched)
    return ImportedMarket(
        imported.candles[is_new],
        imported.of_trades[is_new],
        imported.spans,
        imported.open_interest,
        imported.funding,
    )


def join_candles(recorded: NDArray[np.void], imported: NDArray[np.void]) -> NDArray[np.void]:
    """Return both in order of time, (n,) CANDLE_DTYPE."""
    return np.sort(np.concatenate([recorded, imported]), order="open_ms")


def join_open_interest(recorded: NDArray[np.void], imported: NDArray[np.void]) -> NDArray[np.void]:
    """Return what was recorded, and what was imported at other times, (n,) in order of time."""
    return _joined(recorded, imported, "known_ms", _INTEREST_APART_MS)


def join_funding(recorded: NDArray[np.void], imported: NDArray[np.void]) -> NDArray[np.void]:
    """Return what was recorded, and what was imported at other times, (n,) in order of time."""
    return _joined(recorded, imported, "paid_ms", _FUNDING_APART_MS)


def _joined(
    recorded: NDArray[np.void], imported: NDArray[np.void], name: str, apart_ms: int
) -> NDArray[np.void]:
    if len(recorded) and len(imported):
        times, at_ms = np.sort(recorded[name]), imported[name]
        after = np.searchsorted(times, at_ms)
        to_next = np.abs(times[np.minimum(after, len(times) - 1)] - at_ms)
        to_last = np.abs(times[np.maximum(after - 1, 0)] - at_ms)
        imported = imported[np.minimum(to_next, to_last) >= apart_ms]
    return np.sort(np.concatenate([recorded, imported]), order=name)
