"""Time without candles is hatched, and the candle that is on its way is not missing."""

import numpy as np

from Heatmap.sources.predicted.candle_gaps import ON_ITS_WAY_MS, candle_gaps

M = 60_000
T0 = 1_790_000_040_000


def opens(*minutes: int) -> np.ndarray:
    return np.array([T0 + one * M for one in minutes], np.int64)


def test_candles_without_a_hole_leave_no_gap() -> None:
    assert candle_gaps(opens(*range(10)), T0 + 2 * M, T0 + 10 * M) == []
    # A window may begin and end within a minute.
    assert candle_gaps(opens(*range(10)), T0 + 90_000, T0 + 9 * M + 5) == []


def test_holes_within_and_before_the_candles_are_gaps() -> None:
    found = candle_gaps(opens(3, 4, 8, 9), T0, T0 + 10 * M)
    assert found == [[T0, T0 + 3 * M, "gap"], [T0 + 5 * M, T0 + 8 * M, "gap"]]


def test_what_is_on_its_way_is_not_missing_for_a_while() -> None:
    last_ms = T0 + 3 * M
    assert candle_gaps(opens(0, 1, 2), T0, last_ms + ON_ITS_WAY_MS) == []
    assert candle_gaps(opens(0, 1, 2), T0, last_ms + ON_ITS_WAY_MS + 1) == [
        [last_ms, last_ms + ON_ITS_WAY_MS + 1, "gap"]
    ]


def test_without_candles_all_of_it_is_a_gap() -> None:
    assert candle_gaps(opens(), T0, T0 + M) == [[T0, T0 + M, "gap"]]
    assert candle_gaps(opens(0, 1), T0 + 60 * M, T0 + 70 * M) == [[T0 + 60 * M, T0 + 70 * M, "gap"]]
    assert candle_gaps(opens(), T0, T0) == []
