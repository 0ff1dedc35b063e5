"""Rows of events as arrays: every value comes through exactly."""

import pytest

from Heatmap.aggregation.arrays import EVENT_DTYPE
from Heatmap.storage.engine import Row
from Heatmap.storage.event_arrays import as_array
from Heatmap.storage.sqlite.sound_rows import LAST_TIME_MS


@pytest.mark.parametrize(
    "rows",
    [
        [],
        [(0, 1e-12, 0.0, 0)],
        [
            (1_733_270_400_001, 94_809.6, 123.456789012345, 1),
            (LAST_TIME_MS, 0.1 + 0.2, 1e15, 0),
            (LAST_TIME_MS - 1, 1e15, 1e-300, 1),
        ],
        [(LAST_TIME_MS - number, 0.1 * number, number / 3, number % 2) for number in range(1, 120)],
    ],
    ids=["none", "one", "few", "many"],
)
def test_each_number_is_the_same_in_the_array(rows: list[Row]) -> None:
    events = as_array(iter(rows))
    assert events.dtype == EVENT_DTYPE
    assert events.tolist() == rows
