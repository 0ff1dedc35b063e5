"""Minutes that grow at their end without being copied each time. Pure."""

from dataclasses import fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from Heatmap.levels.minutes import Minutes

# Room for a day more.
_SPARE = 1_440
_ARRAYS = tuple(one.name for one in fields(Minutes) if one.name != "notes")


class MinuteBook:
    """Minutes in order of time; `append` adds later ones.

    Parameters
    ----------
    minutes
        The first ones.
    """

    def __init__(self, minutes: Minutes) -> None:
        self._count = len(minutes)
        self._notes = minutes.notes
        self._arrays: dict[str, NDArray[Any]] = {
            name: _with_room(getattr(minutes, name), 0) for name in _ARRAYS
        }

    def __len__(self) -> int:
        """Return how many there are."""
        return self._count

    @property
    def minutes(self) -> Minutes:
        """All of them; views, valid until the next `append`."""
        views = {name: array[: self._count] for name, array in self._arrays.items()}
        return Minutes(**views, notes=self._notes)

    def append(self, minutes: Minutes) -> None:
        """Add minutes that came after all others."""
        end = self._count + len(minutes)
        for name, array in self._arrays.items():
            if len(array) < end:
                array = _with_room(array[: self._count], len(minutes))  # noqa: PLW2901
                self._arrays[name] = array
            array[self._count : end] = getattr(minutes, name)
        self._count = end


def _with_room(values: NDArray[Any], more: int) -> NDArray[Any]:
    array = np.zeros((len(values) + more + _SPARE, *values.shape[1:]), values.dtype)
    array[: len(values)] = values
    return array
