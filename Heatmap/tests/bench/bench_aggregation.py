"""Measures the aggregation, and asserts the answers it measures.

Each line is a JSON object: ``value`` and ``baseline`` are medians of several rounds, taken in the
same run; ``ratio`` is baseline over value, and ``ok`` tells whether it reaches ``goal``. Where a
line has a limit instead of a baseline, the goal is the largest allowed value.
"""

import statistics
import sys
from decimal import Decimal
from time import perf_counter

import boost_histogram
import numpy as np
from numpy.typing import NDArray

from Heatmap.aggregation.arrays import EVENT_DTYPE
from Heatmap.aggregation.grid_builder import build_grid
from Heatmap.aggregation.heat_field import ColumnRange, HeatField
from Heatmap.aggregation.normalization import Scale, auto_clip, log_floor, to_bytes
from Heatmap.aggregation.resolution import GridSpec, PriceAxis, TimeAxis
from Heatmap.tests.bench.measurements import at_most, median_ms, times_better

ROUNDS = 9
N_EVENTS = 1_000_000
# A large pane: 400 visible rows with their margins, two hours in columns of 5 s.
SPEC = GridSpec(
    PriceAxis(Decimal("0.1"), bin_ticks=50, first_row=19_000, n_rows=600),
    TimeAxis(bin_ms=5_000, first_col=346_680_000, n_cols=1_441),
)
NOW_MS = SPEC.time.end_ms - 1
TAU_MS = 3_600_000.0


def random_events(n: int) -> np.ndarray:
    """Return events all over the grid and a little beyond, reproducibly."""
    random = np.random.default_rng(20_241_205)
    events = np.zeros(n, EVENT_DTYPE)
    time, price = SPEC.time, SPEC.price
    events["ts_ms"] = random.integers(time.start_ms - 60_000, time.end_ms, n)
    # Off the edges by half a tick, so that binary edges sort the prices as well.
    events["price"] = np.round(random.uniform(price.low - 50, price.high + 50, n), 1) + 0.05
    events["notional"] = random.lognormal(7.4, 1.9, n)
    events["is_long"] = random.random(n) < 0.4
    return events


def field_of(shape: str) -> HeatField:
    """Return an empty field on the benchmark's grid."""
    return HeatField(
        SPEC, shape=shape, tau_ms=TAU_MS, side="both", minimum_notional=0.0, now_ms=NOW_MS
    )


def by_histogram2d(
    events: np.ndarray,
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return long and short notional and the count, as numpy alone gives them."""
    price_edges = SPEC.price.low + SPEC.price.bin_usd * np.arange(SPEC.price.n_rows + 1)
    time_edges = SPEC.time.start_ms + SPEC.time.bin_ms * np.arange(SPEC.time.n_cols + 1)
    bins = (price_edges, time_edges)
    longs, shorts = events[events["is_long"]], events[~events["is_long"]]
    return (
        np.histogram2d(longs["price"], longs["ts_ms"], bins, weights=longs["notional"])[0],
        np.histogram2d(shorts["price"], shorts["ts_ms"], bins, weights=shorts["notional"])[0],
        np.histogram2d(events["price"], events["ts_ms"], bins)[0],
    )


def by_boost_histogram(
    events: np.ndarray,
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return the same, filled by boost-histogram."""
    axes = (
        boost_histogram.axis.Regular(SPEC.price.n_rows, SPEC.price.low, SPEC.price.high),
        # Half a millisecond early: its arithmetic puts some times on an edge into the bin before.
        boost_histogram.axis.Regular(
            SPEC.time.n_cols, SPEC.time.start_ms - 0.5, SPEC.time.end_ms - 0.5
        ),
    )
    notional = boost_histogram.Histogram(
        boost_histogram.axis.Boolean(), *axes, storage=boost_histogram.storage.Double()
    )
    count = boost_histogram.Histogram(*axes, storage=boost_histogram.storage.Int64())
    notional.fill(events["is_long"], events["price"], events["ts_ms"], weight=events["notional"])
    count.fill(events["price"], events["ts_ms"])
    shorts, longs = notional.values()
    return longs, shorts, count.values()


def bench_grid(events: np.ndarray) -> bool:
    """A million events against two ways of filling the same three quantities on the same axes."""
    grid = build_grid(events, SPEC)
    for way in (by_histogram2d, by_boost_histogram):
        longs, shorts, count = way(events)
        np.testing.assert_allclose(grid.long_usd, longs, rtol=1e-9)
        np.testing.assert_allclose(grid.short_usd, shorts, rtol=1e-9)
        assert np.array_equal(grid.count, count)
        assert 0 < grid.n_outside == N_EVENTS - int(count.sum())
    value = median_ms(lambda: build_grid(events, SPEC), ROUNDS)
    boost = median_ms(lambda: by_boost_histogram(events), ROUNDS)
    name = "build_grid of 1,000,000 events"
    is_ok = times_better(f"{name}, against boost-histogram", value, boost, goal=0.5)
    numpy_alone = median_ms(lambda: by_histogram2d(events), rounds=5)
    return times_better(f"{name}, against numpy.histogram2d", value, numpy_alone, goal=8) and is_ok


def bench_rebuild(shape: str, events: np.ndarray, limit_ms: float) -> bool:
    """Build a whole field."""
    field = field_of(shape)
    value = median_ms(lambda: field.load(events), ROUNDS)
    inside = build_grid(events, SPEC).total_usd
    if shape == "cells":
        ages = (SPEC.time.n_cols - 1 - np.arange(SPEC.time.n_cols)) * SPEC.time.bin_ms
        grid = build_grid(events, SPEC)
        expected = (grid.long_usd + grid.short_usd) * np.exp(-ages / TAU_MS)
        np.testing.assert_allclose(field.values, expected, rtol=1e-9)
    assert 0 < field.values[:, -1].sum() < inside
    return at_most(f"load {len(events):,} events as {shape}", value, None, limit_ms)


def bench_increment(shape: str, events: np.ndarray) -> bool:
    """A column advances and five events come, against building everything again."""
    history, live = events[:-200], events[-200:].copy()
    live["ts_ms"] = NOW_MS + 1 + np.arange(200) // 5 * SPEC.time.bin_ms
    kept = field_of(shape)
    kept.load(history)
    times = []
    for step in range(40):
        now_ms = NOW_MS + 1 + step * SPEC.time.bin_ms
        start = perf_counter()
        advanced = kept.advance(now_ms)
        added = kept.add(live[step * 5 : step * 5 + 5])
        assert advanced is not None
        assert added is not None
        kept.column_values(ColumnRange(min(advanced.start, added.start), added.stop))
        times.append((perf_counter() - start) * 1_000)
    rebuilt = HeatField(
        kept.spec,
        shape=shape,
        tau_ms=TAU_MS,
        side="both",
        minimum_notional=0.0,
        now_ms=kept.spec.time.end_ms - 1,
    )
    everything = np.concatenate([history, live])
    baseline = median_ms(lambda: rebuilt.load(everything), ROUNDS)
    np.testing.assert_allclose(kept.values, rebuilt.values, rtol=1e-9, atol=1e-25)
    name = f"advance and add 5 events as {shape}"
    return times_better(
        name, statistics.median(times), baseline, goal=20 if shape == "bands" else 2
    )


def bench_late(events: np.ndarray) -> bool:
    """An event that is almost a window late is carried through all columns."""
    field = field_of("bands")
    field.load(events)
    late = events[:1].copy()
    late["ts_ms"], late["price"] = SPEC.time.start_ms, SPEC.price.low + 1_000
    before = field.values[:, -1].sum()
    value = median_ms(lambda: field.add(late), ROUNDS)
    share = float(late["notional"][0] * np.exp(-SPEC.time.bin_ms * 1_440 / TAU_MS))
    gained = field.values[:, -1].sum() - before
    assert abs(gained - (ROUNDS + 1) * share) <= 1e-9 * field.values[:, -1].sum()
    baseline = median_ms(lambda: field.load(events), ROUNDS)
    return times_better("one event a whole window late, as bands", value, baseline, goal=5)


def plain_bytes(values: NDArray[np.float64], clip_usd: float) -> NDArray[np.uint8]:
    """Return the square-root levels as one writes them down first."""
    levels = np.round(255 * np.sqrt(np.clip(values / clip_usd, 0, 1))).astype(np.uint8)
    return np.ascontiguousarray(levels)


def bench_bytes(values: NDArray[np.float64]) -> bool:
    """Field to bytes, against the plain expression; a column; and the other modes."""
    clip_usd = auto_clip(values, 99.5)
    assert clip_usd is not None
    scale = Scale("sqrt", 0.0, clip_usd)
    levels, plain = to_bytes(values, scale), plain_bytes(values, clip_usd)
    assert np.mean(levels != plain) < 1e-4
    assert np.max(np.abs(levels.astype(int) - plain)) <= 1
    n_cells = f"{values.size:,} cells"
    value = median_ms(lambda: to_bytes(values, scale), ROUNDS)
    baseline = median_ms(lambda: plain_bytes(values, clip_usd), ROUNDS)
    is_ok = times_better(f"to_bytes of {n_cells}, sqrt", value, baseline, goal=1.2)
    for mode, floor in (("linear", 0.0), ("log", log_floor(clip_usd))):
        other = Scale(mode, floor, clip_usd)
        assert to_bytes(values, other).max() == 255
        spent = median_ms(lambda other=other: to_bytes(values, other), ROUNDS)  # type: ignore[misc]
        is_ok &= at_most(f"to_bytes of {n_cells}, {mode}", spent, None, goal=20)
    column = values[:, -1:]
    assert np.array_equal(to_bytes(column, scale), levels[:, -1:])
    spent = median_ms(lambda: to_bytes(column, scale), rounds=99)
    return is_ok & times_better("to_bytes of one column", spent, value, goal=10)


def bench_clip(values: NDArray[np.float64]) -> bool:
    """The automatic clip, against numpy's percentile of the same cells."""

    def plain() -> float:
        return float(np.percentile(values[values > 1e-3 * values.max()], 99.5))

    clip_usd = auto_clip(values, 99.5)
    assert clip_usd is not None
    assert abs(clip_usd - plain()) <= 1e-12 * clip_usd
    value = median_ms(lambda: auto_clip(values, 99.5), ROUNDS)
    return times_better(
        f"auto_clip of {values.size:,} cells", value, median_ms(plain, ROUNDS), goal=1.1
    )


def main() -> int:
    """Run everything; 0 when every goal is met."""
    events = random_events(N_EVENTS)
    few = random_events(5_000)
    results = [
        bench_grid(events),
        bench_rebuild("bands", few, limit_ms=60),
        bench_rebuild("spots", few, limit_ms=120),
        bench_rebuild("cells", few, limit_ms=30),
        bench_rebuild("bands", events, limit_ms=200),
        bench_increment("bands", few),
        bench_increment("spots", few),
        bench_increment("cells", few),
        bench_late(few),
    ]
    field = field_of("bands")
    field.load(few)
    results += [bench_bytes(field.values), bench_clip(field.values)]
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
