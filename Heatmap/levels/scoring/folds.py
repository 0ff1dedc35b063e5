"""Ways of holding time out: each minute that is scored was left out of the fit that scores it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_HOUR_MS = 3_600_000


@dataclass(frozen=True, slots=True)
class Fold:
    """One split.

    Attributes
    ----------
    train, test : (n,) bool
        Minutes to fit on and minutes to score; never both.
    """

    train: NDArray[np.bool_]
    test: NDArray[np.bool_]


def leave_stretch_out(
    open_ms: NDArray[np.int64], is_used: NDArray[np.bool_], gap_ms: int = _HOUR_MS
) -> list[Fold]:
    """Leave out one stretch of recording at a time; gaps longer than `gap_ms` part them."""
    used = np.flatnonzero(is_used)
    number = np.full(len(open_ms), -1)
    number[used] = np.cumsum(np.diff(open_ms[used], prepend=open_ms[used][:1]) > gap_ms)
    return _one_group_out(number, is_used)


def hours_out(
    open_ms: NDArray[np.int64], is_used: NDArray[np.bool_], groups: int = 5
) -> list[Fold]:
    """Leave out a group of whole hours at a time; hours go to the groups in turn."""
    return _one_group_out(np.where(is_used, open_ms // _HOUR_MS % groups, -1), is_used)


def halves_out(open_ms: NDArray[np.int64], is_used: NDArray[np.bool_]) -> list[Fold]:
    """Leave out one half of the used minutes at a time, the earlier and the later one."""
    del open_ms
    later = np.cumsum(is_used) > is_used.sum() / 2
    return _one_group_out(np.where(is_used, later, -1), is_used)


def walk_forward(
    open_ms: NDArray[np.int64], is_used: NDArray[np.bool_], parts: int = 4
) -> list[Fold]:
    """Score each part of the used minutes but the first, fitted on all that came before."""
    del open_ms
    place = np.cumsum(is_used) - 1
    number = np.where(is_used, place * parts // max(int(is_used.sum()), 1), -1)
    folds = [Fold((number >= 0) & (number < k), number == k) for k in range(1, parts)]
    return [one for one in folds if one.train.any() and one.test.any()]


def _one_group_out(number: NDArray[np.int64], is_used: NDArray[np.bool_]) -> list[Fold]:
    groups = np.unique(number[is_used])
    folds = [Fold(is_used & (number != one), is_used & (number == one)) for one in groups]
    return [one for one in folds if one.train.any() and one.test.any()]
