"""Candles made of minutes: what each holds, and that holes stay holes."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from Heatmap.aggregation.longer_candles import longer_candles
from Heatmap.domain.candles import MINUTE_MS, joined
from Heatmap.levels.arrays import CANDLE_DTYPE

HOUR_MS = 60 * MINUTE_MS
T0 = 1_790_000_000_000 // HOUR_MS * HOUR_MS


def minutes(numbers: list[int], seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    rows = []
    for number in numbers:
        opened, close = rng.uniform(90, 110, 2)
        high, low = max(opened, close) + rng.uniform(0, 2), min(opened, close) - rng.uniform(0, 2)
        taken = math.nan if rng.uniform() < 0.1 else 3.0
        rows.append((T0 + number * MINUTE_MS, opened, high, low, close, 7.0, taken))
    return np.array(rows, CANDLE_DTYPE)


def one_by_one(found: np.ndarray, spans: list[tuple[int, int]], interval_ms: int) -> list[tuple]:
    """Do the same candle by candle, asking of each of its minutes whether it was fetched."""
    whole = joined(spans)
    made = []
    for begins_ms in sorted({int(one) // interval_ms * interval_ms for one in found["open_ms"]}):
        mine = found[(found["open_ms"] >= begins_ms) & (found["open_ms"] < begins_ms + interval_ms)]
        if all(
            any(start <= at and at + MINUTE_MS <= end for start, end in whole)
            for at in range(begins_ms, begins_ms + interval_ms, MINUTE_MS)
        ):
            made.append(
                (
                    begins_ms,
                    mine["open"][0],
                    mine["high"].max(),
                    mine["low"].min(),
                    mine["close"][-1],
                    mine["quote_volume"].sum(),
                    mine["taker_buy_quote"].sum(),
                )
            )
    return made


@given(
    numbers=st.sets(st.integers(0, 90), max_size=60),
    spans=st.lists(st.tuples(st.integers(0, 95), st.integers(0, 95)), max_size=5),
    length=st.sampled_from([1, 3, 5, 15, 60]),
)
def test_each_candle_is_that_of_its_minutes_and_only_where_all_were_fetched(
    numbers: set[int], spans: list[tuple[int, int]], length: int
) -> None:
    fetched = [
        (T0 + min(pair) * MINUTE_MS, T0 + max(pair) * MINUTE_MS)
        for pair in spans
        if pair[0] != pair[1]
    ]
    found = minutes(sorted(numbers))
    made = longer_candles(found, fetched, length * MINUTE_MS)
    expected = one_by_one(found, fetched, length * MINUTE_MS)
    assert len(made) == len(expected)
    for got, wanted in zip(made.tolist(), expected, strict=True):
        assert got == pytest.approx(wanted, nan_ok=True)


def test_a_time_without_trades_stays_a_hole_and_an_unfetched_one_as_well() -> None:
    found = minutes([*range(5), *range(20, 30)])
    fetched = [(T0, T0 + 25 * MINUTE_MS)]
    made = longer_candles(found, fetched, 5 * MINUTE_MS)
    # 5 to 20: nothing was traded; 25 to 30: not fetched.
    assert [(int(one) - T0) // MINUTE_MS for one in made["open_ms"]] == [0, 20]
    assert len(longer_candles(found, [], MINUTE_MS)) == 0
    assert len(longer_candles(minutes([]), fetched, MINUTE_MS)) == 0


@pytest.mark.parametrize("interval_ms", [0, -MINUTE_MS, 1_000, 90_000])
def test_only_whole_minutes_make_an_interval(interval_ms: int) -> None:
    with pytest.raises(ValueError, match="whole minutes"):
        longer_candles(minutes([0]), [(T0, T0 + HOUR_MS)], interval_ms)
