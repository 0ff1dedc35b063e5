"""Measures the price clusters, and asserts the answers it measures.

Each line is a JSON object: ``value`` and ``baseline`` are medians of several rounds, taken in the
same run; ``ratio`` is baseline over value, and ``ok`` tells whether it reaches ``goal``. Where a
line has a limit instead of a baseline, the goal is the largest allowed value. The lines on growth
are quotients of the shortest processor times: a quotient doubles what other programs disturb.
"""

import math
import statistics
import sys
import tracemalloc
from collections.abc import Callable
from time import perf_counter, thread_time

import numpy as np
from scipy.cluster.hierarchy import fcluster, linkage

from Heatmap.aggregation.arrays import EVENT_DTYPE
from Heatmap.aggregation.clusters.cluster_index import ClusterIndex
from Heatmap.aggregation.clusters.find_clusters import ClusterParameters, find_clusters
from Heatmap.tests.bench.measurements import at_most, median_ms, times_better

ROUNDS = 15
NOW_MS = 1_733_346_000_000
LOOKBACK_MS = 21_600_000
PRICE = 95_000.0
PARAMETERS = ClusterParameters()
# Ward keeps the distances of all pairs: 8 bytes each, 200 MB of one side at this size.
N_WARD = 7_000
FEW, MANY, MOST = 10_000, 100_000, 1_000_000
# What the exchange can send of a symbol within the lookback, at one a second.
FULL = LOOKBACK_MS // 1_000


def least_ms(call: Callable[[], object]) -> float:
    """Return the shortest time that a call takes of the processor, milliseconds."""
    call()
    times = []
    for _ in range(ROUNDS):
        start = thread_time()
        call()
        times.append((thread_time() - start) * 1_000)
    return min(times)


def events_at(prices: np.ndarray) -> np.ndarray:
    """Return events at these prices, in order of time as a database gives them, reproducibly."""
    random = np.random.default_rng(20_241_204)
    events = np.zeros(len(prices), EVENT_DTYPE)
    events["ts_ms"] = np.sort(NOW_MS - random.integers(0, LOOKBACK_MS, len(prices)))
    events["price"] = prices
    events["notional"] = random.lognormal(7.4, 1.9, len(prices))
    events["is_long"] = random.random(len(prices)) < 0.4
    return events


def market(n: int) -> np.ndarray:
    """Return events of a price that wanders over some 10 %; average fills are between ticks."""
    random = np.random.default_rng(1)
    path = np.cumsum(random.normal(0, 0.04 / math.sqrt(n), n))
    return events_at(PRICE * np.exp(path + random.normal(0, 0.002, n)))


def peeled(n: int) -> np.ndarray:
    """Return the events that are worst for the plain recursion: gaps that grow with the price.

    Each split takes off the highest price alone, so that the recursion is n deep.
    """
    return events_at(PRICE * np.exp(np.cumsum(np.linspace(0, 4 / n, n))))


def time_of(events: np.ndarray) -> float:
    """Return the time of finding all clusters from scratch, and see that all events are looked at.

    With a smallest size of 1 every event is in a cluster, and in one only.
    """
    found = find_clusters(events, PRICE, NOW_MS, ClusterParameters(min_cluster_size=1))
    assert sum(one.liquidation_count for one in found) == len(events)
    assert all(one.highest_price / one.lowest_price - 1 < 0.02 + 1e-9 for one in found)
    return median_ms(lambda: find_clusters(events, PRICE, NOW_MS, PARAMETERS), ROUNDS)


def bench_growth(name: str, make: Callable[[int], np.ndarray]) -> bool:
    """A hundred and ten times the events, against numpy's own sort, which leaves the caches too."""
    took: dict[int, float] = {}
    sorting: dict[int, float] = {}
    for n in (FEW, MANY, MOST):
        events = make(n)
        prices = np.random.default_rng(2).permutation(events["price"])
        took[n] = least_ms(lambda events=events: find_clusters(events, PRICE, NOW_MS, PARAMETERS))
        sorting[n] = least_ms(lambda prices=prices: np.argsort(prices))
        found = find_clusters(events, PRICE, NOW_MS, ClusterParameters(min_cluster_size=1))
        assert sum(one.liquidation_count for one in found) == n
    results = [
        times_better(
            f"{name}, growth of the time from {n:,} to {MOST:,} events beside numpy.argsort",
            took[MOST] / took[n],
            sorting[MOST] / sorting[n],
            0.8,
            "times",
        )
        for n in (FEW, MANY)
    ]
    return all(results)


def bench_ward() -> bool:
    """Against SciPy's Ward linkage with a distance cut, on levels that both tell apart."""
    random = np.random.default_rng(3)
    level = random.integers(0, 20, N_WARD)
    events = events_at(50_000 * 1.05**level * (1 + random.uniform(-1e-4, 1e-4, N_WARD)))
    events["is_long"] = True
    logs = np.log(events["price"])[:, None]
    cut = math.log1p(PARAMETERS.cluster_window_pct)

    def ward() -> np.ndarray:
        return fcluster(linkage(logs, "ward"), cut, "distance")

    labels = ward()
    found = find_clusters(events, PRICE, NOW_MS, PARAMETERS)
    spans = sorted((one.lowest_price, one.highest_price) for one in found)
    by_ward = [events["price"][labels == label] for label in np.unique(labels)]
    assert spans == sorted((float(part.min()), float(part.max())) for part in by_ward)
    assert len(spans) == 20
    value = median_ms(lambda: find_clusters(events, PRICE, NOW_MS, PARAMETERS), ROUNDS)
    name = f"clusters of {N_WARD:,} events, beside SciPy's Ward linkage"
    return times_better(name, value, median_ms(ward, 3), goal=100)


def bench_index() -> bool:
    """Five events come to those kept, against finding everything from scratch."""
    events = market(FEW)
    index = ClusterIndex(PARAMETERS)
    index.load(events[:-200])
    times = []
    for first in range(FEW - 200, FEW, 5):
        new = events[first : first + 5]
        start = perf_counter()
        index.add(new)
        found = index.clusters(PRICE, NOW_MS)
        times.append((perf_counter() - start) * 1_000)
        assert found
    assert found == find_clusters(events, PRICE, NOW_MS, PARAMETERS)
    baseline = median_ms(lambda: find_clusters(events, PRICE, NOW_MS, PARAMETERS), ROUNDS)
    is_ok = at_most(
        f"5 events to {FEW:,} kept, and their clusters", statistics.median(times), None, 5
    )
    kept = median_ms(lambda: index.clusters(PRICE, NOW_MS), ROUNDS)
    return is_ok & times_better(f"clusters of {FEW:,} kept, beside from scratch", kept, baseline, 1)


def bench_memory() -> bool:
    """What a symbol takes: kept, and at most while its events come one by one and are grouped."""
    events = market(FEW)
    one_by_one = np.split(events, FEW)
    tracemalloc.start()
    index = ClusterIndex(PARAMETERS)
    for event in one_by_one:
        index.add(event)
    found = index.clusters(PRICE, NOW_MS)
    kept, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert found == find_clusters(events, PRICE, NOW_MS, PARAMETERS)
    assert len(index) == FEW
    is_ok = at_most(f"memory of {FEW:,} events, kept", kept / 1e6, None, 2, "MB")
    return is_ok & at_most(f"memory of {FEW:,} events, at most", peak / 1e6, None, 2, "MB")


def main() -> int:
    """Run everything; 0 when every goal is met."""
    events = market(MANY)
    shuffled = np.random.default_rng(4).permutation(events)
    results = [
        at_most(f"clusters of {MANY:,} events", time_of(events), None, 20),
        at_most(f"clusters of {MANY:,} events in no order", time_of(shuffled), None, 20),
        at_most(f"clusters of {FULL:,} events, growing gaps", time_of(peeled(FULL)), None, 60),
        bench_ward(),
        bench_growth("market", market),
        bench_index(),
        bench_memory(),
    ]
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
