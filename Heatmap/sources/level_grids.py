"""Predicted levels of a window as amounts: columns of time by ranges of 0.1 % of price.

What a picture paints of the calibrated model and what is told here come of the same `LevelMaps`.
The newest column is what `Heatmap.levels.predict` says stands now.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from Heatmap.domain.candles import Span
from Heatmap.levels.build_map import build_map, known_columns
from Heatmap.levels.ensemble_columns import ensemble_columns
from Heatmap.levels.market import Market
from Heatmap.levels.minutes import prepare_minutes
from Heatmap.levels.models import LevelModel, Unit
from Heatmap.levels.price_rows import FIT_WIDTH, LogRows, rows_over
from Heatmap.levels.standing import LEVEL_ROWS
from Heatmap.sources.level_maps import LevelMaps, MarketReader

BUCKET_STEP = LEVEL_ROWS * FIT_WIDTH
"""Natural logarithm of a bucket's upper over its lower edge."""
# Farther than the farthest level nothing stands.
_MARGIN = 0.23
_ALMOST_NOTHING_USD = 0.5


@dataclass(frozen=True, slots=True)
class GridTimes:
    """The columns of a grid: each shows what was known at its end, the newest what is known now.

    Attributes
    ----------
    start_ms
        When the first one begins, UTC milliseconds, a multiple of the step.
    step_ms
        How long each is.
    count
        How many.
    now_ms
        Data time now; it lies in the last one.
    """

    start_ms: int
    step_ms: int
    count: int
    now_ms: int

    @classmethod
    def until(cls, now_ms: int, step_ms: int, count: int) -> "GridTimes":
        """Return columns of which the last one holds now."""
        end_ms = (now_ms // step_ms + 1) * step_ms
        return cls(end_ms - count * step_ms, step_ms, count, now_ms)

    @property
    def known_ms(self) -> NDArray[np.int64]:
        """(count,) int64: what was known by then is shown."""
        ends = self.start_ms + np.arange(1, self.count + 1, dtype=np.int64) * self.step_ms
        return np.minimum(ends, self.now_ms)


@dataclass(frozen=True, slots=True, eq=False)
class LevelGrid:
    """What stood when and where.

    Attributes
    ----------
    model, unit
        Which model says so, and what its dollars are.
    times
        The columns.
    first_bucket
        Bucket k of the grid lies from ``exp((first_bucket + k) * BUCKET_STEP)`` USD on.
    usd : (n_buckets, n_columns) float64
        In each bucket; less than half a dollar is 0.
    is_known : (n_columns,) bool
        The candle before the column's time is there.
    price_usd
        The newest close; ``None``: there is no candle.
    fetched
        Time whose candles were fetched.
    usd_per_message
        Mean notional of a reported liquidation; ``None``: these dollars are none of reports.
    """

    model: LevelModel
    unit: Unit
    times: GridTimes
    first_bucket: int
    usd: NDArray[np.float64]
    is_known: NDArray[np.bool_]
    price_usd: float | None
    fetched: tuple[Span, ...]
    usd_per_message: float | None


class LevelGrids:
    """Makes grids. Safe to use from any thread, but not on a loop: a month of candles takes long.

    Parameters
    ----------
    maps
        Keeps the calibrated model's up.
    reader
        Where the other models' markets come from.
    pause
        Called amid long work, so that other threads get their turn.
    """

    def __init__(
        self, maps: LevelMaps, reader: MarketReader, pause: Callable[[], None] | None = None
    ) -> None:
        self._maps = maps
        self._reader = reader
        self._pause = pause

    def grid(self, symbol: str, model: LevelModel, times: GridTimes, span_ms: int) -> LevelGrid:
        """Return what a model says stood in each column.

        Parameters
        ----------
        symbol
            Whose.
        model
            Which model.
        times
            The columns.
        span_ms
            How far back candles are used, milliseconds.

        Raises
        ------
        StorageError
            The store cannot be read.
        """
        if model is LevelModel.CALIBRATED:
            return self._calibrated(symbol, times, span_ms)
        found = self._reader.read(symbol, times.now_ms, span_ms)
        return self._computed(found.market, model, times, found.data.fetched)

    def _calibrated(self, symbol: str, times: GridTimes, span_ms: int) -> LevelGrid:
        with self._maps.lock:
            known = self._maps.look(symbol, times.now_ms, span_ms)
            history = known.history
            if history is None:
                return _empty(LevelModel.CALIBRATED, times, known.fetched)
            minutes, rows = history.minutes, history.rows
            seen = np.searchsorted(minutes.closes_ms, times.known_ms, side="right")
            usd = history.columns(seen, rows)
            is_known = known_columns(minutes, times.known_ms, seen)
            price = float(minutes.close_usd[seen[-1] - 1]) if seen[-1] else None
            first_bucket, grouped = _grouped(usd, rows)
            return LevelGrid(
                LevelModel.CALIBRATED,
                Unit.EXPECTED_USD,
                times,
                first_bucket,
                grouped,
                is_known,
                price,
                known.fetched,
                history.table.usd_per_message.value,
            )

    def _computed(
        self, market: Market, model: LevelModel, times: GridTimes, fetched: Sequence[Span]
    ) -> LevelGrid:
        minutes = prepare_minutes(market.candles)
        if not len(minutes):
            return _empty(model, times, tuple(fetched))
        rows, _ = rows_over(minutes, FIT_WIDTH, _MARGIN)
        usd_per_message = None
        if model is LevelModel.ENSEMBLE:
            table = market.ensemble_at(times.now_ms)
            usd_per_message = None if table is None else table.usd_per_message.value
            usd = ensemble_columns(market, minutes, rows, times.known_ms, self._pause)
            unit = Unit.EXPECTED_USD
        else:
            made = build_map(model, market, rows, times.known_ms)
            usd, unit = np.nan_to_num(made.usd), made.unit
        seen = np.searchsorted(minutes.closes_ms, times.known_ms, side="right")
        first_bucket, grouped = _grouped(usd, rows)
        return LevelGrid(
            model,
            unit,
            times,
            first_bucket,
            grouped,
            known_columns(minutes, times.known_ms, seen),
            float(minutes.close_usd[-1]),
            tuple(fetched),
            usd_per_message,
        )


def _grouped(usd: NDArray[np.floating], rows: LogRows) -> tuple[int, NDArray[np.float64]]:
    """Group rows by tens, on multiples; from the first bucket that holds anything to the last."""
    group = (rows.first + np.arange(rows.count)) // LEVEL_ROWS
    starts = np.flatnonzero(np.diff(group, prepend=int(group[0]) - 1))
    sums = np.add.reduceat(usd, starts, axis=1, dtype=np.float64).T
    sums[sums <= _ALMOST_NOTHING_USD] = 0.0
    used = np.flatnonzero(sums.any(axis=1))
    if not len(used):
        return int(group[0]), sums[:0]
    return int(group[0]) + int(used[0]), sums[used[0] : used[-1] + 1]


def _empty(model: LevelModel, times: GridTimes, fetched: tuple[Span, ...]) -> LevelGrid:
    is_expected = model in (LevelModel.CALIBRATED, LevelModel.ENSEMBLE)
    return LevelGrid(
        model,
        Unit.EXPECTED_USD if is_expected else Unit.STANDING_USD,
        times,
        0,
        np.zeros((0, times.count)),
        np.zeros(times.count, np.bool_),
        None,
        fetched,
        None,
    )
