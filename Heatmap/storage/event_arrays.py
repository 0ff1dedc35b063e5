"""Stored events as numpy arrays; beside `level_arrays` the only one of `storage` with numpy."""

from collections.abc import Iterator
from itertools import chain, islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from Heatmap.aggregation.arrays import EVENT_DTYPE
from Heatmap.storage.engine import Row

# What is read several times in a second is no more than this, as a rule.
_FEW = 50


def as_array(rows: Iterator[Row]) -> NDArray[Any]:
    """Gather rows into an array, (n,) `EVENT_DTYPE`, in their order.

    Not by way of a list: building 20,000 tuples first stalls every other thread. As plain numbers
    first, since numpy takes longer to make a record of each row; a time in ms is exact in them.
    """
    first = list(islice(rows, _FEW))
    if len(first) < _FEW:
        return np.array(first, dtype=EVENT_DTYPE)
    names = EVENT_DTYPE.names or ()
    numbers = np.fromiter(chain.from_iterable(chain(first, rows)), dtype=np.float64)
    numbers = numbers.reshape(-1, len(names))
    events = np.empty(len(numbers), dtype=EVENT_DTYPE)
    for column, name in enumerate(names):
        events[name] = numbers[:, column]
    return events
