"""Sums over time are those of a plain loop, and hold every event of the time once."""

import numpy as np

from Heatmap.aggregation.arrays import EVENT_DTYPE
from Heatmap.aggregation.time_buckets import time_buckets


def test_buckets_are_those_of_a_plain_loop() -> None:
    rng = np.random.default_rng(16)
    rows = [
        (int(at), 1.0, float(usd), bool(side))
        for at, usd, side in zip(
            [*rng.integers(0, 10_000, 300), 2_500, 9_499, 9_500, 3_000, 2_499],
            rng.random(305),
            rng.integers(0, 2, 305),
            strict=True,
        )
    ]
    found = time_buckets(np.array(rows, EVENT_DTYPE), 2_500, 9_500, 1_000)
    assert found.start_ms.tolist() == list(range(2_000, 10_000, 1_000))
    for side, is_long in enumerate((True, False)):
        for k, begin in enumerate(found.start_ms.tolist()):
            mine = [
                usd
                for at, _, usd, long in rows
                if long is is_long and max(begin, 2_500) <= at < min(begin + 1_000, 9_500)
            ]
            assert found.counts[side, k] == len(mine)
            np.testing.assert_allclose(found.usd[side, k], sum(mine), rtol=1e-12)


def test_without_events_every_bucket_is_empty() -> None:
    found = time_buckets(np.empty(0, EVENT_DTYPE), 0, 180_000, 60_000)
    assert found.usd.shape == (2, 3)
    assert not found.usd.any()
    assert not found.counts.any()
