"""What the path of the price alone says of liquidations, without any level."""

import numpy as np
from numpy.typing import NDArray

from Heatmap.levels.arrays import LONGS, SHORTS
from Heatmap.levels.minutes import Minutes

#: Look-backs of the new extremes, minutes.
LOOKBACKS = (5, 15, 60, 240, 1440)
N_TERMS = len(LOOKBACKS) + 2
# Log price: a tenth of a basis point is as good as nothing.
_LEAST = 1e-5


def path_terms(minutes: Minutes, lookbacks: tuple[int, ...] = LOOKBACKS) -> NDArray[np.float64]:
    """Return the terms of each minute and side, each at least 0.

    Parameters
    ----------
    minutes
        In order of time.
    lookbacks
        In minutes.

    Returns
    -------
    (n, 2, len(lookbacks) + 2) float64
        How far the minute went beyond the extreme of each look-back, its range, and its return
        against the side; all in log price. Longs are hurt downwards, shorts upwards.
    """
    n = len(minutes)
    terms = np.zeros((n, 2, len(lookbacks) + 2))
    if not n:
        return terms
    before = np.concatenate([minutes.log_close[:1], minutes.log_close[:-1]])
    before = np.where(minutes.resets, minutes.log_close, before)
    gain = minutes.log_close - before
    for side, extreme, sign in (
        (LONGS, minutes.log_low, -1.0),
        (SHORTS, minutes.log_high, 1.0),
    ):
        signed = sign * extreme
        for number, lookback in enumerate(lookbacks):
            beyond = signed - _highest_before(signed, lookback)
            terms[:, side, number] = np.where(beyond > 0, beyond, 0.0)
        terms[:, side, -2] = minutes.log_high - minutes.log_low
        terms[:, side, -1] = np.maximum(sign * gain, 0.0)
    return terms


def log_path_terms(minutes: Minutes, lookbacks: tuple[int, ...] = LOOKBACKS) -> NDArray[np.float64]:
    """Return the terms of a regression of the logarithm, of any sign.

    Parameters
    ----------
    minutes
        In order of time; bars of any length.
    lookbacks
        In bars.

    Returns
    -------
    (n, 2, len(lookbacks) + 3) float64
        Logarithms of how far the bar went beyond each extreme and of its range, its return against
        the side, and that in parts of the range.
    """
    terms = path_terms(minutes, lookbacks)
    reach = terms[:, :, -2]
    # The terms keep only one direction of the return.
    against = terms[:, :, -1] - terms[:, ::-1, -1]
    part = np.divide(against, reach, out=np.zeros(reach.shape), where=reach > 0)
    return np.concatenate(
        [np.log(terms[:, :, :-1] + _LEAST), against[:, :, None], part[:, :, None]], axis=2
    )


def _highest_before(values: NDArray[np.float64], lookback: int) -> NDArray[np.float64]:
    """Return the highest of the values before each, NaN before the first.

    Each stretch of `lookback` values is the end of one block and the beginning of the next: the
    highest so far within blocks, forwards and backwards, tells its highest (van Herk).
    """
    n = len(values)
    blocks = -(-(n + lookback) // lookback)
    padded = np.full(blocks * lookback, -np.inf)
    padded[lookback : lookback + n - 1] = values[:-1]
    shaped = padded.reshape(blocks, lookback)
    forwards = np.maximum.accumulate(shaped, axis=1).ravel()
    backwards = np.maximum.accumulate(shaped[:, ::-1], axis=1)[:, ::-1].ravel()
    # Of value k these are the places k to k + lookback - 1 of the padded ones.
    highest = np.maximum(backwards[:n], forwards[lookback - 1 : lookback - 1 + n])
    return np.where(np.isfinite(highest), highest, np.nan)
