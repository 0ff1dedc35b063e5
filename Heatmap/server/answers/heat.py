"""The heat of a window as numbers: what stood when and where."""

from base64 import b64encode
from enum import StrEnum
from typing import Any

import numpy as np

from Heatmap.server.answers.coverage import fetched
from Heatmap.server.answers.levels import UNIT_WORDS, asked_time
from Heatmap.sources.level_grids import BUCKET_STEP, GridTimes, LevelGrid

_MINUTE_MS = 60_000


class Timeframe(StrEnum):
    """How much time is shown."""

    HOUR = "1h"
    FOUR_HOURS = "4h"
    HALF_DAY = "12h"
    DAY = "1d"
    WEEK = "7d"
    MONTH = "30d"


#: Length of a column in minutes, and how many there are.
_COLUMNS = {
    Timeframe.HOUR: (1, 60),
    Timeframe.FOUR_HOURS: (3, 80),
    Timeframe.HALF_DAY: (10, 72),
    Timeframe.DAY: (15, 96),
    Timeframe.WEEK: (120, 84),
    Timeframe.MONTH: (480, 90),
}


class Format(StrEnum):
    """How the cells are written."""

    CELLS = "cells"
    BYTES = "bytes"


def times_of(timeframe: Timeframe, now_ms: int) -> GridTimes:
    """Return the columns of a time up to now."""
    minutes, count = _COLUMNS[timeframe]
    return GridTimes.until(now_ms, minutes * _MINUTE_MS, count)


def heat_answer(symbol: str, grid: LevelGrid, span_ms: int, written: Format) -> dict[str, Any]:
    """Return a grid with what is needed to place it.

    `span_ms` is how far back the model looks at candles. Amounts are rounded to cents, messages to
    millionths; as bytes they are float32.
    """
    times, (n_buckets, n_columns) = grid.times, grid.usd.shape
    # What stands in a column comes of candles long before it.
    start_ms, end_ms = asked_time(times.now_ms, grid.fetched, span_ms)
    coverage = fetched(grid.fetched, min(start_ms, times.start_ms), end_ms)
    newest = grid.usd[:, -1]
    total = float(newest.sum())
    densest = None
    if total > 0:
        middle = (grid.first_bucket + int(newest.argmax()) + 0.5) * BUCKET_STEP
        densest = float(np.exp(middle))
    return {
        "symbol": symbol,
        "model": grid.model.value,
        "at": times.now_ms,
        "current_price": grid.price_usd,
        "unit": UNIT_WORDS[grid.unit.value],
        "time": {
            "start": times.start_ms,
            "step_s": times.step_ms // 1000,
            "n": n_columns,
            "known": [bool(one) for one in grid.is_known],
        },
        "price": {
            "low": float(np.exp(grid.first_bucket * BUCKET_STEP)),
            "step": BUCKET_STEP,
            "n": n_buckets,
            "scale": "log",
        },
        "data": _cells(grid) if written is Format.CELLS else _bytes(grid),
        "metadata": {
            "total_liquidation_volume": total,
            "highest_density_price": densest,
            "num_buckets": n_buckets,
            "data_quality_score": coverage["share"],
        },
        "coverage": coverage,
        "lower_bound": True,
    }


def _cells(grid: LevelGrid) -> list[dict[str, Any]]:
    """Return the cells that hold anything, column by column, from the lowest price up."""
    columns, buckets = np.nonzero(grid.usd.T)
    volumes = grid.usd[buckets, columns]
    times = grid.times.start_ms + columns * grid.times.step_ms
    per_message = grid.usd_per_message
    densities: list[float | None] = [None] * len(volumes)
    if per_message:
        densities = [round(one, 6) for one in (volumes / per_message).tolist()]
    return [
        {"time": at, "price_bucket": bucket, "density": density, "volume": round(volume, 2)}
        for at, bucket, density, volume in zip(
            times.tolist(), buckets.tolist(), densities, volumes.tolist(), strict=True
        )
    ]


def _bytes(grid: LevelGrid) -> dict[str, Any]:
    cells = np.ascontiguousarray(grid.usd, "<f4")
    return {
        "dtype": "float32",
        "shape": list(cells.shape),
        "base64": b64encode(cells.tobytes()).decode("ascii"),
        "usd_per_message": grid.usd_per_message,
    }
