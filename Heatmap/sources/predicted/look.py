"""How predicted levels look: a level stands out, and what is everywhere is not painted. Pure.

Per column, and so without any look at other columns:

1. blur over rows, Gaussian, without a spill to rows where nothing stands; the sum stays;
2. prominence: what is not above the mean of its surroundings is not painted;
3. crest: brightness falls off beside the largest value near by, so that a level is no slab.

2 and 3 are a weight from 0 to 1; brightness is the scale's, times the weight. So on a crest a
colour means exactly the amount that the colour bar says; beside it colours fade on purpose.
"""

import math
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from Heatmap.aggregation.normalization import Scale

Number = TypeVar("Number", bound=np.floating)

#: Standard deviation of the blur, rows.
BLUR_ROWS = 1.3
#: Parts of the pane's rows over which the mean, and the largest, are taken.
MEAN_SHARE, CREST_SHARE = 0.30, 0.08
# Over the mean by so much a value begins to be painted, and by so much more it is whole.
_PROMINENT_FROM, _PROMINENT_RUN = 1.0, 0.6
# Intensities below the first are nothing; from the second on they are what the scale says.
_FAINT, _CLEAR = 0.05, 0.10
# Levels below this part of the brightest are nothing.
_LEAST = 0.02
_REACH = math.ceil(3 * BLUR_ROWS)
_LEVELS, _SPLIT_LEVELS = 255, 127


def blurred(usd: NDArray[np.float64]) -> NDArray[np.float64]:
    """Spread what stands over neighbouring rows; rows with nothing stay empty, and the sum stays.

    Parameters
    ----------
    usd : (k, n_rows) float64, USD
        One row of the array per column of the picture; not negative.
    """
    kernel = np.exp(-0.5 * (np.arange(-_REACH, _REACH + 1) / BLUR_ROWS) ** 2)
    is_there = usd > 0
    # What a row gives to the rows around it that hold something, itself among them.
    given = np.where(is_there, _spread(is_there.astype(np.float64), kernel), 1.0)
    return np.asarray(_spread(usd / given, kernel) * is_there)


def weights(values: NDArray[np.float64], pane_rows: float) -> NDArray[np.float32]:
    """Return how much of its brightness each cell keeps: prominence times crest.

    Parameters
    ----------
    values : (k, n_rows) float64
        Blurred, per same part of the price; not negative.
    pane_rows
        How many rows the pane shows.

    Returns
    -------
    (k, n_rows) float32
        0 to 1.
    """
    around = mean_around(values, window_rows(pane_rows, MEAN_SHARE)).astype(np.float32)
    # The sums above need all digits, the rest does not.
    short = values.astype(np.float32)
    highest = max_around(short, window_rows(pane_rows, CREST_SHARE))
    above, crest = np.zeros_like(short), np.zeros_like(short)
    np.divide(short, around, out=above, where=around > 0)
    np.divide(short, highest, out=crest, where=highest > 0)
    above -= np.float32(_PROMINENT_FROM)
    above /= np.float32(_PROMINENT_RUN)
    # To the power of two and a half.
    return np.asarray(_smooth_step(above) * crest * crest * np.sqrt(crest))


def brightness(
    values: NDArray[np.float64],
    weight: NDArray[np.float32],
    scale: Scale,
    is_long: NDArray[np.bool_] | None = None,
) -> NDArray[np.uint8]:
    """Return the levels that a page draws.

    Parameters
    ----------
    values, weight : (k, n_rows)
        As above.
    scale
        The scale of the values.
    is_long : (k, n_rows) bool
        Whose each cell is, where longs and shorts have colours of their own; see `to_split_bytes`.
        ``None``: one colour for both.
    """
    x = _intensity(values, scale)
    y = x * _smooth_step((x - _FAINT) / (_CLEAR - _FAINT)) * weight
    y[y < _LEAST] = 0.0
    if is_long is None:
        return np.asarray(np.rint(y * _LEVELS).astype(np.uint8))
    levels = np.rint(y * _SPLIT_LEVELS).astype(np.uint8)
    return np.asarray((levels << 1) | ((levels > 0) & is_long))


def window_rows(pane_rows: float, share: float) -> int:
    """Return a window of a share of the pane as an odd number of rows, at least 3."""
    return 2 * max(1, round(pane_rows * share / 2)) + 1


def mean_around(values: NDArray[np.float64], window: int) -> NDArray[np.float64]:
    """Return the mean over a window around each row, cut off at both ends of the rows."""
    n, half = values.shape[1], window // 2
    sums = np.zeros((len(values), n + 1))
    np.cumsum(values, axis=1, out=sums[:, 1:])
    low = np.maximum(np.arange(n) - half, 0)
    high = np.minimum(np.arange(n) + half + 1, n)
    # Differences of sums may come out a rounding below 0.
    return np.asarray(np.maximum(sums[:, high] - sums[:, low], 0.0) / (high - low))


def max_around(values: NDArray[Number], window: int) -> NDArray[Number]:
    """Return the largest in a window around each row; beyond both ends there is nothing."""
    n, half = values.shape[1], window // 2
    padded: NDArray[Number] = np.zeros((len(values), n + 2 * half), values.dtype)
    padded[:, half : half + n] = values
    # Each step makes what is covered twice as long; the last one as long as is wanted.
    length = 1
    while length < window:
        step = min(length, window - length)
        padded = np.asarray(np.maximum(padded[:, :-step], padded[:, step:]))
        length += step
    return padded


def _intensity(values: NDArray[np.float64], scale: Scale) -> NDArray[np.float32]:
    part = (values / scale.clip_usd).astype(np.float32)
    np.minimum(part, 1.0, out=part)
    if scale.mode == "sqrt":
        return np.sqrt(part)
    if scale.mode == "log":
        floor = np.float32(scale.floor_usd / scale.clip_usd)
        return np.asarray(1.0 - np.log(np.maximum(part, floor)) / np.log(floor))
    return part


def _smooth_step(x: NDArray[np.float32]) -> NDArray[np.float32]:
    x = np.clip(x, 0.0, 1.0)
    return np.asarray(x * x * (3.0 - 2.0 * x))


def _spread(values: NDArray[np.float64], kernel: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the sum of shifted copies; what leaves at an end is lost."""
    n, reach = values.shape[1], len(kernel) // 2
    total = values * kernel[reach]
    for k in range(1, min(reach, n - 1) + 1):
        total[:, k:] += values[:, :-k] * kernel[reach - k]
        total[:, :-k] += values[:, k:] * kernel[reach + k]
    return np.asarray(total)
