"""What holds for all clusters, beside a plain recursive reference in exact fractions."""

import itertools
import math
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from Heatmap.aggregation.arrays import EVENT_DTYPE
from Heatmap.aggregation.clusters.cluster_index import ClusterIndex
from Heatmap.aggregation.clusters.find_clusters import (
    ClusterParameters,
    LiquidationCluster,
    find_clusters,
)
from Heatmap.aggregation.clusters.price_groups import group_starts, in_canonical_order
from Heatmap.aggregation.decay import age_weights
from Heatmap.domain.events import Liquidated, LiquidationEvent
from Heatmap.ingestion.venues.binance.force_order import parse_frame

Row = tuple[int, float, float, bool]

NOW = 1_733_346_000_000  # 2024-12-04T21:00Z
MINUTE = 60_000
LOOKBACK = 6 * 60 * MINUTE
SINGLES = ClusterParameters(min_cluster_size=1)

# Eighths are exact in binary, so that gaps and widths of these prices tie as their fractions do.
prices = st.one_of(
    st.integers(80, 130).map(float),
    st.integers(8_000, 8_400).map(lambda eighths: eighths / 8),
    st.integers(1, 1_000_000).map(lambda eighths: eighths / 8),
)
rows = st.tuples(
    st.integers(NOW - LOOKBACK - 5 * MINUTE, NOW + 5 * MINUTE),
    prices,
    st.sampled_from([0.0, 1.0, 2.5]) | st.floats(0.01, 1e7),
    st.booleans(),
)
batches = st.lists(
    st.tuples(st.lists(rows, max_size=12), st.integers(0, 90 * MINUTE)), min_size=1, max_size=6
)
windows = st.sampled_from([0.001, 0.02, 0.1, 0.5])
sizes = st.sampled_from([1, 2, 5])


def events_of(given_rows: list[Row]) -> np.ndarray:
    return np.array(given_rows, dtype=EVENT_DTYPE)


def split(group: list[Fraction], window: Fraction) -> list[list[Fraction]]:
    """The rule, as it is said: wider than the window, so split at the largest gap, again."""
    if group[-1] / group[0] - 1 <= window:
        return [group]
    # Quotients have the order of the differences of logarithms.
    gaps = [above / below for below, above in itertools.pairwise(group)]
    lowest_largest = gaps.index(max(gaps)) + 1
    return split(group[:lowest_largest], window) + split(group[lowest_largest:], window)


def reference_groups(values: list[Fraction], window: float) -> list[list[Fraction]]:
    return split(sorted(values), Fraction(str(window))) if values else []


def groups(values: list[float], window: float) -> list[list[float]]:
    """Groups of the product, from prices in any order."""
    ordered = np.sort(np.array(values, float))
    return [part.tolist() for part in np.split(ordered, group_starts(ordered, window))[1:]]


def reference_members(
    counted: list[Row], parameters: ClusterParameters
) -> list[tuple[list[Row], str]]:
    """Members and side of each cluster."""
    found = []
    for is_long, side in ((False, "short"), (True, "long")):
        of_side = [row for row in counted if row[3] is is_long]
        values = [Fraction(str(row[1])) for row in of_side]
        for group in reference_groups(values, parameters.cluster_window_pct):
            members = [row for row in of_side if group[0] <= Fraction(str(row[1])) <= group[-1]]
            assert len(members) == len(group)
            if len(members) >= parameters.min_cluster_size:
                found.append((members, side))
    return found


def reference_clusters(
    given_rows: list[Row], current: float, parameters: ClusterParameters, now_ms: int = NOW
) -> list[LiquidationCluster]:
    """All clusters by the plain recursion, in no particular order."""
    counted = [row for row in given_rows if 0 <= now_ms - row[0] <= parameters.lookback_ms]
    found = reference_members(counted, parameters)

    def decayed(members: list[Row], value: Callable[[Row], float]) -> float:
        return math.fsum(
            math.exp((row[0] - now_ms) / parameters.tau_ms) * value(row) for row in members
        )

    counts = [decayed(members, lambda _: 1.0) for members, _ in found]
    notionals = [decayed(members, lambda row: row[2]) for members, _ in found]
    clusters = []
    for (members, side), count, notional in zip(found, counts, notionals, strict=True):
        if notional:
            level = decayed(members, lambda row: row[1] * row[2]) / notional
        else:
            level = decayed(members, lambda row: row[1]) / count
        share = 0.6 * notional / max(notionals) if notional else 0.0
        clusters.append(
            LiquidationCluster(
                price_level=level,
                side=side,
                liquidation_count=len(members),
                total_notional=math.fsum(row[2] for row in members),
                strength=0.4 * count / max(counts) + share,
                distance_from_price=(level / current - 1) * 100,
                last_updated=max(row[0] for row in members),
                first_event_ms=min(row[0] for row in members),
                lowest_price=min(row[1] for row in members),
                highest_price=max(row[1] for row in members),
            )
        )
    return clusters


def assert_same(found: list[LiquidationCluster], expected: list[LiquidationCluster]) -> None:
    """The same clusters in any order; sums may differ in their last digits."""

    def place(cluster: LiquidationCluster) -> tuple[str, float]:
        return cluster.side, cluster.lowest_price

    assert len(found) == len(expected)
    for one, other in zip(sorted(found, key=place), sorted(expected, key=place), strict=True):
        for name in ("price_level", "total_notional", "strength"):
            assert getattr(one, name) == pytest.approx(getattr(other, name), rel=1e-9)
        near = pytest.approx(other.distance_from_price, rel=1e-9, abs=1e-9)
        assert one.distance_from_price == near
        summed = ("price_level", "total_notional", "strength", "distance_from_price")
        exact = {name: getattr(other, name) for name in summed}
        assert replace(one, **exact) == other


def random_prices(random: np.random.Generator) -> list[int]:
    """Prices in eighths, of the sorts that try the rule: dense, sparse, ties, runs, few or many."""
    n = int(random.choice([1, 2, 3, 5, 8, 13, 20, 40, 120]))
    middle = int(random.choice([40, 1_000, 80_000, 750_000]))
    kind = random.integers(6)
    if kind == 0:  # all one price
        values = np.full(n, middle)
    elif kind == 1:  # around a level, many equal
        values = random.normal(middle, middle * random.choice([0.005, 0.02, 0.1]), n)
    elif kind == 2:  # equal steps: the largest gap is always the lowest
        values = middle + np.arange(n) * max(1, middle // 500)
    elif kind == 3:  # gaps that grow: each split takes off one price at the top
        values = middle + np.cumsum(np.arange(n) * max(1, middle // 20_000))
    elif kind == 4:  # equal quotients, as far as whole numbers are
        values = 64 * 2.0 ** random.integers(0, 12, n)
    else:  # over decades
        values = middle * np.exp(random.uniform(-3, 3, n))
    return [max(1, round(value)) for value in random.permutation(values)]


def test_the_grouping_equals_the_plain_recursion_on_thousands_of_inputs() -> None:
    random = np.random.default_rng(20_241_204)
    n_groups = 0
    for _ in range(3_000):
        eighths = random_prices(random)
        window = float(random.choice([0.001, 0.02, 0.02, 0.25, 1.0]))
        expected = reference_groups([Fraction(value, 8) for value in eighths], window)
        assert groups([value / 8 for value in eighths], window) == expected
        n_groups += len(expected)
    assert n_groups > 10_000


@pytest.mark.parametrize("grows", [True, False])
def test_the_grouping_equals_the_plain_recursion_where_each_split_takes_off_one_price(
    grows: bool,
) -> None:
    steps = np.cumsum(np.arange(600))
    eighths = 800_000 + steps if grows else 1_200_000 - steps
    expected = reference_groups([Fraction(int(value), 8) for value in eighths], 0.02)
    assert groups((eighths / 8).tolist(), 0.02) == expected
    assert sum(len(group) == 1 for group in expected) > 100


def test_an_equal_gap_nearby_does_not_end_the_group_below_it() -> None:
    # A hole at 9,700, then two gaps of exactly 1 %, at 10,000 and 10,300, then a long fine run.
    parts = [
        np.arange(9_500, 9_701, 10),
        [9_900, 9_950, 10_000],
        np.arange(10_100, 10_301, 25),
        np.arange(10_403, 12_000, 20),
    ]
    values = np.concatenate(parts).astype(float)
    expected = reference_groups([Fraction(value) for value in values], 0.1)
    assert [9_900, 9_950, 10_000] in expected
    assert groups(values.tolist(), 0.1) == expected


@settings(deadline=None, max_examples=400)
@given(st.lists(prices, max_size=60), windows)
def test_the_grouping_equals_the_plain_recursion(values: list[float], window: float) -> None:
    assert groups(values, window) == reference_groups([Fraction(value) for value in values], window)


@settings(deadline=None, max_examples=300)
@given(st.lists(rows, max_size=60), windows, sizes, st.floats(1.0, 1e6))
def test_clusters_equal_the_plain_recursion(
    given_rows: list[Row], window: float, size: int, current: float
) -> None:
    parameters = ClusterParameters(window, size)
    found = find_clusters(events_of(given_rows), current, NOW, parameters)
    assert_same(found, reference_clusters(given_rows, current, parameters))
    assert [one.strength for one in found] == sorted((one.strength for one in found), reverse=True)
    assert all(0 < one.strength <= 1 for one in found)


@settings(deadline=None, max_examples=200)
@given(st.lists(rows, max_size=60), windows)
def test_clusters_hold_their_members_and_no_event_is_in_two(
    given_rows: list[Row], window: float
) -> None:
    left = [row for row in given_rows if 0 <= NOW - row[0] <= LOOKBACK]
    parameters = ClusterParameters(window, min_cluster_size=1)
    for one in find_clusters(events_of(given_rows), 100.0, NOW, parameters):
        members = [
            row
            for row in left
            if one.lowest_price <= row[1] <= one.highest_price and row[3] is (one.side == "long")
        ]
        assert one.liquidation_count == len(members)
        assert one.total_notional == pytest.approx(math.fsum(row[2] for row in members), rel=1e-9)
        assert one.lowest_price <= one.price_level <= one.highest_price
        width = Fraction(one.highest_price) / Fraction(one.lowest_price) - 1
        assert width <= Fraction(str(window))
        # What is in this one is not there for another.
        left = [row for row in left if row not in members]
    assert left == []


@settings(deadline=None, max_examples=200)
@given(st.lists(rows, max_size=60), st.randoms(use_true_random=False))
def test_the_order_of_the_events_changes_nothing_to_the_last_bit(
    given_rows: list[Row],
    random: Random,
) -> None:
    shuffled = list(given_rows)
    random.shuffle(shuffled)
    expected = find_clusters(events_of(given_rows), 100.0, NOW, SINGLES)
    assert find_clusters(events_of(shuffled), 100.0, NOW, SINGLES) == expected
    ordered = in_canonical_order(events_of(shuffled)).tolist()
    assert ordered == sorted(given_rows, key=lambda row: (row[3], row[1], row[0], row[2]))


@settings(deadline=None, max_examples=200)
@given(batches, windows, sizes)
def test_the_index_equals_the_search_from_scratch_to_the_last_bit(
    history: list[tuple[list[Row], int]], window: float, size: int
) -> None:
    parameters = ClusterParameters(window, size)
    index = ClusterIndex(parameters)
    everything: list[Row] = []
    now_ms = NOW - LOOKBACK
    for batch, passed_ms in history:
        n_before = len(everything)
        everything += batch
        # Everything is sent once more, as after a reconnection.
        index.add(events_of(everything[n_before:]), range(n_before + 1, len(everything) + 1))
        index.add(events_of(everything), range(1, len(everything) + 1))
        now_ms += passed_ms
        expected = find_clusters(events_of(everything), 100.0, now_ms, parameters)
        assert index.clusters(100.0, now_ms) == expected


@settings(deadline=None, max_examples=100)
@given(st.lists(rows, max_size=40), st.integers(-40, 40))
def test_prices_times_a_power_of_two_move_the_levels_by_it(
    given_rows: list[Row], exponent: int
) -> None:
    factor = 2.0**exponent
    moved = events_of(given_rows)
    moved["price"] *= factor
    expected = [
        replace(
            one,
            price_level=one.price_level * factor,
            lowest_price=one.lowest_price * factor,
            highest_price=one.highest_price * factor,
        )
        for one in find_clusters(events_of(given_rows), 100.0, NOW, SINGLES)
    ]
    assert find_clusters(moved, 100.0 * factor, NOW, SINGLES) == expected


@settings(deadline=None, max_examples=100)
@given(st.integers(0, 2**32 - 1), st.floats(1e-6, 1e6))
def test_prices_times_any_factor_move_the_levels_by_it(seed: int, factor: float) -> None:
    # Continuous prices: rounding decides nothing among gaps and widths that are far from equal.
    random = np.random.default_rng(seed)
    events = np.zeros(40, EVENT_DTYPE)
    events["ts_ms"] = NOW - random.integers(0, LOOKBACK, 40)
    events["price"] = random.normal(1_000, 40, 40)
    events["notional"] = random.lognormal(7.4, 1.9, 40)
    events["is_long"] = random.random(40) < 0.4
    moved = events.copy()
    moved["price"] *= factor
    expected = [
        replace(
            one,
            price_level=one.price_level * factor,
            lowest_price=one.lowest_price * factor,
            highest_price=one.highest_price * factor,
        )
        for one in find_clusters(events, 1_000.0, NOW, SINGLES)
    ]
    assert_same(find_clusters(moved, 1_000.0 * factor, NOW, SINGLES), expected)


@settings(deadline=None, max_examples=100)
@given(
    st.lists(st.integers(0, LOOKBACK), min_size=1, max_size=20),
    st.integers(0, LOOKBACK),
    st.floats(0.01, 100_000.0),
)
def test_decayed_weights_compose_over_time(ages: list[int], later: int, minutes: float) -> None:
    tau_ms = ClusterParameters(time_decay_minutes=minutes).tau_ms
    ages_ms = np.array(ages)
    at_once = age_weights(ages_ms + later, tau_ms)
    in_two_steps = age_weights(ages_ms, tau_ms) * age_weights(np.array([later]), tau_ms)
    np.testing.assert_allclose(at_once, in_two_steps, rtol=1e-9, atol=1e-300)


@settings(deadline=None, max_examples=100)
@given(st.lists(rows, max_size=40), st.integers(0, LOOKBACK))
def test_time_alone_changes_neither_levels_nor_strengths(given_rows: list[Row], later: int) -> None:
    # Everything fades by the same factor; the lookback is long enough that nothing leaves it.
    parameters = ClusterParameters(min_cluster_size=1, lookback_time_constants=20)
    past = [row for row in given_rows if row[0] <= NOW]
    before = find_clusters(events_of(past), 100.0, NOW, parameters)
    assert_same(find_clusters(events_of(past), 100.0, NOW + later, parameters), before)


@settings(deadline=None, max_examples=100)
@given(st.lists(rows, max_size=40), sizes)
def test_sides_are_never_swapped(given_rows: list[Row], size: int) -> None:
    parameters = ClusterParameters(min_cluster_size=size)
    events = events_of(given_rows)
    found = find_clusters(events, 100.0, NOW, parameters)
    events["is_long"] = ~events["is_long"]
    other = {"long": "short", "short": "long"}
    expected = [replace(one, side=other[one.side]) for one in found]
    assert_same(find_clusters(events, 100.0, NOW, parameters), expected)
    longs = [row for row in given_rows if row[3]]
    assert {one.side for one in find_clusters(events_of(longs), 100.0, NOW, SINGLES)} <= {"long"}


@pytest.fixture
def recorded(shared_data: Callable[[str], Path]) -> list[Row]:
    path = shared_data("forceorder_btcusdt_2024-12-04_06.jsonl")
    found = []
    for line in path.read_text().splitlines():
        (event,) = parse_frame(line, 0, keep_raw=False)
        assert isinstance(event, LiquidationEvent)
        is_long = event.liquidated is Liquidated.LONG
        found.append((event.ts_ms, event.price, event.notional, is_long))
    return found


@pytest.mark.parametrize("size", [1, 5])
@pytest.mark.parametrize("window", [0.001, 0.02])
def test_the_recording_as_of_an_evening_equals_the_plain_recursion(
    recorded: list[Row], window: float, size: int
) -> None:
    parameters = ClusterParameters(window, size)
    found = find_clusters(events_of(recorded), 96_000.0, NOW, parameters)
    expected = reference_clusters(recorded, 96_000.0, parameters)
    assert_same(found, expected)
    assert {one.side for one in found} == {"long", "short"}
    # An index that took each liquidation as it came, up to then.
    index = ClusterIndex(parameters)
    for number, row in enumerate(recorded, 1):
        index.add(events_of([row]), [number])
        if row[0] <= NOW and number % 50 == 0:
            index.clusters(96_000.0, row[0])
    assert index.clusters(96_000.0, NOW) == found


def test_the_recording_as_of_its_end_without_forgetting_equals_the_plain_recursion(
    recorded: list[Row],
) -> None:
    now_ms = recorded[-1][0]
    parameters = ClusterParameters(lookback_time_constants=50.0)
    found = find_clusters(events_of(recorded), 101_000.0, now_ms, parameters)
    assert sum(one.liquidation_count for one in found) > 1_800
    assert_same(found, reference_clusters(recorded, 101_000.0, parameters, now_ms))
