"""USD per cell to one byte per cell and back, and where the scale ends.

A byte of 0 is nothing; 1 to 255 are ``round(255 * f)`` of an intensity ``f`` from 0 to 1:

=========  ================================================
linear     ``f = v / clip``
sqrt       ``f = sqrt(v / clip)``
log        ``f = log(v / floor) / log(clip / floor)``
=========  ================================================

At and above the clip ``f`` is 1. In ``log`` everything below the floor is nothing and the floor
itself is byte 1; in the others a value of less than half a step is nothing.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from Heatmap.heatmap_settings import NORMALIZATIONS

#: The logarithmic scale spans this part of the clip: four decades, 1 k USD at a quarter of the
#: scale when it ends at 1 M.
LOG_FLOOR_RATIO = 1e-4
#: Cells below this part of the largest one do not count for the automatic clip: bands leave long
#: faint tails, which would otherwise be most of the cells.
CLIP_NOISE = 1e-3
#: The clip moves only when it is off by more than this part.
CLIP_HYSTERESIS = 0.10

#: Levels of a side where longs and shorts are drawn apart: a byte holds the side as well.
SPLIT_LEVELS = 127

_LEVELS = 255
# Clip over floor of a logarithmic scale: closer together, float32 cannot tell the levels apart.
_MIN_RATIO, _MAX_RATIO = 1.01, 1e15
# Every so manieth cell makes the sample that guesses a percentile, and how many per cent lower.
_SAMPLE_STEP, _SAMPLE_MARGIN = 97, 1.0
# Cells converted at a time: the float32 scratch of a block stays in the processor's cache.
_BLOCK_CELLS = 65_536


@dataclass(frozen=True, slots=True)
class Scale:
    """How USD map to brightness.

    Attributes
    ----------
    mode
        ``linear``, ``sqrt`` or ``log``.
    floor_usd
        Where ``log`` begins; the other modes begin at 0 and ignore it.
    clip_usd
        Where every mode ends: this much and more is the brightest.

    Raises
    ------
    ValueError
        An unknown mode, a clip that is not positive and finite, or for ``log`` a floor that is not
        1.01 to 1e15 times smaller than the clip.
    """

    mode: str
    floor_usd: float
    clip_usd: float

    def __post_init__(self) -> None:
        if self.mode not in NORMALIZATIONS:
            raise ValueError(f"mode must be one of {', '.join(NORMALIZATIONS)}, got {self.mode!r}")
        if not (math.isfinite(self.clip_usd) and self.clip_usd > 0):
            raise ValueError(f"the clip must be a positive number of USD, got {self.clip_usd!r}")
        if self.mode == "log" and not (
            self.floor_usd > 0 and _MIN_RATIO <= self.clip_usd / self.floor_usd <= _MAX_RATIO
        ):
            raise ValueError(
                f"the floor of a logarithmic scale must be {_MIN_RATIO} to {_MAX_RATIO:g} times "
                f"below the clip of {self.clip_usd!r} USD, got {self.floor_usd!r}"
            )


def log_floor(clip_usd: float) -> float:
    """Return where a logarithmic scale that ends at `clip_usd` begins, USD: four decades lower."""
    return clip_usd * LOG_FLOOR_RATIO


def auto_clip(values: NDArray[np.float64], percentile: float) -> float | None:
    """Return where the scale should end so that only the strongest cells reach its end.

    Parameters
    ----------
    values : (n_rows, n_cols) float64, USD
        Finite and not negative.
    percentile
        0 to 100, over the cells above `CLIP_NOISE` of the largest one; linear between ranks.

    Returns
    -------
    float or None
        USD; ``None`` when there is nothing in any cell.

    Raises
    ------
    ValueError
        The percentile is not between 0 and 100.
    """
    if not 0 <= percentile <= 100:  # noqa: PLR2004  # per cent
        raise ValueError(f"the percentile must be 0 to 100, got {percentile!r}")
    in_memory_order = _in_memory_order(values)
    peak = float(in_memory_order.max(initial=0.0))
    if peak <= 0.0:
        return None
    cells = in_memory_order[in_memory_order > CLIP_NOISE * peak]
    rank = (cells.size - 1) * (percentile / 100.0)
    # Few cells are above it: a sample tells a value that is surely below, and only what lies above
    # that one is put in order.
    strongest = cells[cells > _surely_below(cells, percentile)]
    if rank >= cells.size - strongest.size:
        rank -= cells.size - strongest.size
        cells = strongest
    lower = math.floor(rank)
    # One partition puts the lower rank in place; the next one is the least of what lies above it.
    cells.partition(lower)
    below = float(cells[lower])
    above = float(cells[lower + 1 :].min(initial=peak))
    return below + (above - below) * (rank - lower)


def _surely_below(cells: NDArray[np.float64], percentile: float) -> float:
    """Return a value that is most likely, but not necessarily, below the percentile."""
    sample = np.sort(cells[::_SAMPLE_STEP])
    return float(sample[int(sample.size * max(0.0, percentile - _SAMPLE_MARGIN) / 100.0)])


def steady_clip(previous: float | None, fresh: float | None) -> float | None:
    """Return the clip to use: the one in use unless the fresh one is off by more than 10 %.

    Parameters
    ----------
    previous
        The clip in use, USD; ``None`` before the first.
    fresh
        What `auto_clip` says now; ``None`` (an empty picture) moves nothing.
    """
    if previous is None or fresh is None:
        return previous if fresh is None else fresh
    return fresh if abs(fresh - previous) > CLIP_HYSTERESIS * previous else previous


def to_bytes(values: NDArray[np.float64], scale: Scale, levels: int = _LEVELS) -> NDArray[np.uint8]:
    """Convert cells to brightness levels.

    Parameters
    ----------
    values : (n_rows, n_cols) float64, USD
        Finite and not negative, in any memory order.
    scale
        The scale.
    levels
        The brightest level, 2 to 255.

    Returns
    -------
    (n_rows, n_cols) uint8, C order
        0: nothing; 1 to `levels`: brightness. Rounding is that of float32, so that a value within
        1e-6 of the middle between two levels may take either.
    """
    source = _in_memory_order(values)
    cells = np.empty(source.shape, dtype=np.uint8)
    height = max(1, _BLOCK_CELLS // max(1, source.shape[1]))
    scratch = np.empty((min(height, source.shape[0]), source.shape[1]), dtype=np.float32)
    # A value far above the clip may overflow float32: infinity is above the clip as well.
    with np.errstate(over="ignore"):
        for start in range(0, source.shape[0], height):
            block = source[start : start + height]
            _convert(block, scale, levels, scratch[: len(block)], cells[start : start + height])
    return cells if source is values else np.ascontiguousarray(cells.T)


def to_split_bytes(
    longs: NDArray[np.float64], shorts: NDArray[np.float64], scale: Scale
) -> NDArray[np.uint8]:
    """Convert longs and shorts to brightness levels that say whose they are.

    A cell shows its larger side. The level stands above the side in the byte, so that the larger
    of two bytes is the stronger cell, whichever its side.

    Parameters
    ----------
    longs, shorts : (n_rows, n_cols) float64, USD
        As for `to_bytes`.
    scale
        The scale of both.

    Returns
    -------
    (n_rows, n_cols) uint8, C order
        0: nothing; ``2 * level`` with a level of 1 to `SPLIT_LEVELS`: mostly shorts;
        ``2 * level + 1``: mostly longs, or as much.
    """
    source = _in_memory_order(longs)
    other = shorts if source is longs else shorts.T
    cells = to_bytes(source, scale, SPLIT_LEVELS)
    is_short = other > source
    np.copyto(cells, to_bytes(other, scale, SPLIT_LEVELS), where=is_short)
    is_long = (cells > 0) & ~is_short
    cells <<= 1
    cells |= is_long
    return cells if source is longs else np.ascontiguousarray(cells.T)


def to_usd(levels: ArrayLike, scale: Scale) -> NDArray[np.float64]:
    """Return the value that a brightness level stands for: the inverse of `to_bytes`.

    Parameters
    ----------
    levels
        Levels 0 to 255, of any shape; fractions give the values between.
    scale
        The scale.

    Returns
    -------
    float64, the shape of `levels`
        USD; level 0 is 0, level 255 the clip. `to_bytes` of it gives the level back.
    """
    intensity = np.asarray(levels, dtype=np.float64) / _LEVELS
    if scale.mode == "linear":
        usd = scale.clip_usd * intensity
    elif scale.mode == "sqrt":
        usd = scale.clip_usd * intensity**2
    else:
        usd = scale.floor_usd * (scale.clip_usd / scale.floor_usd) ** intensity
        usd = np.where(intensity > 0.0, usd, 0.0)
    return np.asarray(usd, dtype=np.float64)


def _in_memory_order(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the array, or its transpose where that is how it lies in memory."""
    return values.T if abs(values.strides[0]) < abs(values.strides[1]) else values


def _convert(
    block: NDArray[np.float64],
    scale: Scale,
    levels: int,
    scratch: NDArray[np.float32],
    out: NDArray[np.uint8],
) -> None:
    """Convert one block to `levels` levels; `scratch` and `out` have its shape."""
    if scale.mode == "linear":
        np.multiply(block, levels / scale.clip_usd, out=scratch, casting="same_kind")
    elif scale.mode == "sqrt":
        # The square of the level, so that one multiplication does for both factors.
        np.multiply(block, levels**2 / scale.clip_usd, out=scratch, casting="same_kind")
        np.sqrt(scratch, out=scratch)
    else:
        np.multiply(block, 1.0 / scale.floor_usd, out=scratch, casting="same_kind")
        np.maximum(scratch, 1.0, out=scratch)
        np.log(scratch, out=scratch)
        scratch *= levels / math.log(scale.clip_usd / scale.floor_usd)
        np.maximum(scratch, 1.0, out=scratch)
    np.minimum(scratch, levels, out=scratch)
    scratch += 0.5
    # Truncation of what was lifted by a half is rounding.
    np.copyto(out, scratch, casting="unsafe")
    if scale.mode == "log":
        out[block < scale.floor_usd] = 0
