"""Price clusters: what the rule says about single cases, bad input, and the index that is kept."""

import itertools
import math
import tracemalloc

import numpy as np
import pytest

from Heatmap.aggregation.arrays import EVENT_DTYPE
from Heatmap.aggregation.clusters.cluster_index import ClusterIndex
from Heatmap.aggregation.clusters.find_clusters import (
    ClusterParameters,
    LiquidationCluster,
    best_cluster,
    find_clusters,
)
from Heatmap.errors import SettingsError

NOW = 1_733_346_000_000
MINUTE = 60_000
HOUR = 60 * MINUTE
ALONE = ClusterParameters(min_cluster_size=1)


def events_of(*rows: tuple[int, float, float, bool]) -> np.ndarray:
    return np.array(list(rows), dtype=EVENT_DTYPE)


def at(*prices: float, is_long: bool = True) -> np.ndarray:
    """Events of now, worth 1,000 USD each."""
    return events_of(*((NOW, price, 1_000.0, is_long) for price in prices))


def spans(
    events: np.ndarray, parameters: ClusterParameters = ALONE
) -> list[tuple[float, float, int]]:
    """Lowest and highest price and count of each cluster, from below."""
    return sorted(
        (one.lowest_price, one.highest_price, one.liquidation_count)
        for one in find_clusters(events, 100.0, NOW, parameters)
    )


def random_events(n: int, seed: int = 5) -> np.ndarray:
    random = np.random.default_rng(seed)
    events = np.zeros(n, EVENT_DTYPE)
    events["ts_ms"] = NOW - random.integers(0, 6 * HOUR, n)
    events["price"] = np.round(random.normal(95_000, 2_500, n), 1)
    events["notional"] = random.lognormal(7.4, 1.9, n)
    events["is_long"] = random.random(n) < 0.4
    return events


def cluster(side: str, distance: float, strength: float, **other: float) -> LiquidationCluster:
    level = other.get("level", 100.0 + distance)
    return LiquidationCluster(
        price_level=level,
        side=side,
        liquidation_count=5,
        total_notional=other.get("notional", 1_000.0),
        strength=strength,
        distance_from_price=distance,
        last_updated=NOW,
        first_event_ms=NOW,
        lowest_price=level,
        highest_price=level,
    )


def test_the_defaults_are_those_of_the_guide() -> None:
    parameters = ClusterParameters()
    assert parameters == ClusterParameters(0.02, 5, 60.0, 6.0)
    assert parameters.tau_ms == HOUR
    assert parameters.lookback_ms == 6 * HOUR


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [
        ("cluster_window_pct", 0.0, "from 1e-06 to 1,"),
        ("cluster_window_pct", 2, "from 1e-06 to 1,"),
        ("cluster_window_pct", math.nan, "a number from"),
        ("cluster_window_pct", "0.02", "a number from"),
        ("cluster_window_pct", True, "a number from"),
        ("min_cluster_size", 0, "a whole number from 1 to 1000000,"),
        ("min_cluster_size", 2.0, "a whole number from"),
        ("min_cluster_size", True, "a whole number from"),
        ("time_decay_minutes", 0.0, "from 0.01 to 100000,"),
        ("time_decay_minutes", math.inf, "from 0.01 to 100000,"),
        ("lookback_time_constants", 51, "from 0.1 to 50,"),
        ("lookback_time_constants", None, "from 0.1 to 50,"),
    ],
)
def test_a_parameter_out_of_range_is_named_with_its_range(
    name: str, value: object, allowed: str
) -> None:
    with pytest.raises(ValueError, match=f"^{name} must be ") as caught:
        ClusterParameters(**{name: value})  # type: ignore[arg-type]
    assert isinstance(caught.value, SettingsError)
    assert allowed in str(caught.value)
    assert str(caught.value).endswith(f"got {value!r}")


def test_a_cluster_computed_by_hand() -> None:
    events = events_of(
        (NOW - HOUR, 100.0, 1_000.0, True),
        (NOW, 101.0, 3_000.0, True),
        (NOW - 2 * HOUR, 200.0, 500.0, False),
        (NOW - 2 * HOUR, 200.0, 250.0, False),
    )
    strong, weak = find_clusters(events, 125.0, NOW, ClusterParameters(min_cluster_size=2))
    once, twice = math.exp(-1), math.exp(-2)
    notional = 3_000 + 1_000 * once
    assert strong.side == "long"
    assert strong.price_level == pytest.approx((303_000 + 100_000 * once) / notional, rel=1e-12)
    assert strong.liquidation_count == 2
    assert strong.total_notional == 4_000.0
    assert strong.strength == 1.0
    assert strong.distance_from_price == pytest.approx((strong.price_level / 125 - 1) * 100)
    assert strong.distance_from_price < 0
    assert (strong.last_updated, strong.first_event_ms) == (NOW, NOW - HOUR)
    assert (strong.lowest_price, strong.highest_price) == (100.0, 101.0)
    assert (weak.side, weak.price_level, weak.total_notional) == ("short", 200.0, 750.0)
    expected = 0.4 * 2 * twice / (1 + once) + 0.6 * 750 * twice / notional
    assert weak.strength == pytest.approx(expected, rel=1e-12)
    assert weak.distance_from_price == pytest.approx(60.0)


def test_the_weights_are_92_61_and_37_percent() -> None:
    events = events_of(
        *((NOW - age * MINUTE, 100.0 + age, 1_000.0, True) for age in (0, 5, 30, 60))
    )
    strengths = [one.strength for one in find_clusters(events, 100.0, NOW, ALONE)]
    assert [round(strength, 2) for strength in strengths] == [1.0, 0.92, 0.61, 0.37]


def test_a_group_as_wide_as_the_window_is_one_cluster_in_spite_of_binary_fractions() -> None:
    assert 102 / 100 - 1 > 0.02
    assert spans(at(100.0, 102.0)) == [(100.0, 102.0, 2)]
    assert spans(at(94_000.0, 95_880.0)) == [(94_000.0, 95_880.0, 2)]
    assert spans(at(94_000.0, 95_880.1)) == [(94_000.0, 94_000.0, 1), (95_880.1, 95_880.1, 1)]


def test_a_wide_group_is_split_at_its_largest_gap_and_not_where_it_begins_to_be_wide() -> None:
    # 2 % from 100.0 reaches to 102.0, but the hole is below 101.5.
    assert spans(at(100.0, 100.2, 101.5, 101.9, 102.5)) == [
        (100.0, 100.2, 2),
        (101.5, 102.5, 3),
    ]


def test_gaps_are_compared_on_log_price() -> None:
    # 10 USD at 100 are a larger gap than 10.9 USD at 110.
    wide = ClusterParameters(cluster_window_pct=0.15, min_cluster_size=1)
    assert spans(at(100.0, 110.0, 120.9), wide) == [(100.0, 100.0, 1), (110.0, 120.9, 2)]
    assert spans(at(100.0, 110.0, 121.1), wide) == [(100.0, 110.0, 2), (121.1, 121.1, 1)]


def test_of_equal_gaps_the_lowest_is_split() -> None:
    wide = ClusterParameters(cluster_window_pct=0.15, min_cluster_size=1)
    assert spans(at(100.0, 110.0, 121.0), wide) == [(100.0, 100.0, 1), (110.0, 121.0, 2)]


def test_equal_prices_are_never_parted() -> None:
    assert spans(at(100.0, 100.0, 103.0, 103.0, 103.0)) == [(100.0, 100.0, 2), (103.0, 103.0, 3)]
    assert spans(at(*[100.0] * 50)) == [(100.0, 100.0, 50)]


def test_sides_are_grouped_apart() -> None:
    events = np.concatenate([at(100.0, 101.0), at(100.5, 101.5, is_long=False)])
    found = {one.side: one for one in find_clusters(events, 100.0, NOW, ALONE)}
    assert (found["long"].lowest_price, found["long"].highest_price) == (100.0, 101.0)
    assert (found["short"].lowest_price, found["short"].highest_price) == (100.5, 101.5)


def test_too_small_a_group_is_dropped_by_its_plain_count_and_takes_no_part_in_the_maxima() -> None:
    old = [(NOW - 5 * HOUR, 100.0, 1.0, True)] * 5
    large = [(NOW, 200.0, 1e9, False)] * 4
    (only,) = find_clusters(events_of(*old, *large), 100.0, NOW)
    assert (only.side, only.liquidation_count, only.strength) == ("long", 5, 1.0)


def test_both_ends_of_the_lookback_count_and_nothing_beyond() -> None:
    ages = (-1, 0, 6 * HOUR, 6 * HOUR + 1)
    events = events_of(*((NOW - age, 100.0, 1.0, True) for age in ages))
    (one,) = find_clusters(events, 100.0, NOW, ALONE)
    assert one.liquidation_count == 2
    assert (one.first_event_ms, one.last_updated) == (NOW - 6 * HOUR, NOW)


def test_without_data_there_is_an_empty_list() -> None:
    nothing = events_of()
    assert find_clusters(nothing, 100.0, NOW) == []
    assert find_clusters(at(100.0, 100.0, 100.0, 100.0), 100.0, NOW) == []
    assert find_clusters(at(*[100.0] * 9), 100.0, NOW - 1) == []
    assert ClusterIndex().clusters(100.0, NOW) == []


@pytest.mark.parametrize(
    "price", [0.0, -1.0, math.nan, math.inf, -math.inf, 10**400, "9", None, True]
)
def test_a_bad_current_price_is_named(price: float) -> None:
    index = ClusterIndex()
    index.add(at(100.0))
    for call in (lambda: find_clusters(at(100.0), price, NOW), lambda: index.clusters(price, NOW)):
        with pytest.raises(
            ValueError, match=r"^current_price must be a number above 0 and at most"
        ):
            call()
    # The oldest is still there, although a time was named at which it is not needed.
    with pytest.raises(ValueError, match="current_price"):
        index.clusters(price, NOW + 7 * HOUR)
    assert len(index) == 1


@pytest.mark.parametrize("price", [0.0, -1.0, math.nan, math.inf])
@pytest.mark.parametrize("ts_ms", [NOW, NOW - 9 * HOUR])
def test_a_bad_price_of_an_event_is_named_also_where_it_would_not_count(
    price: float, ts_ms: int
) -> None:
    bad = events_of((NOW, 100.0, 1.0, True), (ts_ms, price, 1.0, True))
    index = ClusterIndex()
    for call in (
        lambda: find_clusters(bad, 100.0, NOW),
        lambda: index.add(bad),
        lambda: index.load(bad),
    ):
        with pytest.raises(ValueError, match=f"price of an event .*above 0.* got {price!r}"):
            call()
    assert len(index) == 0


@pytest.mark.parametrize("notional", [-1.0, math.nan, math.inf, 1e19])
def test_a_bad_notional_is_named(notional: float) -> None:
    with pytest.raises(ValueError, match=r"notional of an event must be 0 or more and at most"):
        find_clusters(events_of((NOW, 100.0, notional, True)), 100.0, NOW)


def test_notionals_of_zero_leave_the_counts() -> None:
    events = events_of((NOW, 100.0, 0.0, True), (NOW, 101.0, 0.0, True))
    (one,) = find_clusters(events, 100.0, NOW, ALONE)
    assert (one.price_level, one.total_notional, one.strength) == (100.5, 0.0, 0.4)
    worthless, worthy = sorted(
        find_clusters(np.concatenate([events, at(200.0)]), 100.0, NOW, ALONE),
        key=lambda one: one.price_level,
    )
    assert (worthless.price_level, worthless.strength) == (100.5, 0.4)
    assert worthy.strength == pytest.approx(0.4 * 0.5 + 0.6)


def test_prices_may_be_as_far_apart_as_numbers_go() -> None:
    prices = (5e-324, 1e-300, 1.0, 1.01, 1e18)
    events = events_of(*((NOW, price, 1e18, True) for price in prices))
    assert spans(events) == [
        (5e-324, 5e-324, 1),
        (1e-300, 1e-300, 1),
        (1.0, 1.01, 2),
        (1e18, 1e18, 1),
    ]


def test_the_strongest_comes_first_and_a_tie_is_decided() -> None:
    events = np.concatenate([at(300.0), at(200.0, is_long=False), at(200.0), at(100.0, 100.0)])
    found = find_clusters(events, 100.0, NOW, ALONE)
    assert [(one.price_level, one.side) for one in found] == [
        (100.0, "long"),
        (200.0, "long"),
        (200.0, "short"),
        (300.0, "long"),
    ]


def test_events_that_differ_in_the_notional_only_may_come_in_any_order() -> None:
    orders = list(itertools.permutations([1e16, 1.0, 1.0, 0.3]))
    # Whoever sums them up as they come gets different sums.
    assert len({float(np.add.reduceat(np.array(order), [0])[0]) for order in orders}) > 1
    first, *others = (
        find_clusters(
            events_of(*((NOW, 100.0, notional, True) for notional in order)), 100.0, NOW, ALONE
        )
        for order in orders
    )
    assert all(other == first for other in others)


def test_the_given_events_are_left_as_they_are() -> None:
    events = random_events(300)
    events["ts_ms"][:200], events["price"][:200] = NOW, 100.0
    before = events.copy()
    find_clusters(events, 100.0, NOW)
    index = ClusterIndex()
    index.add(events)
    index.clusters(100.0, NOW)
    assert np.array_equal(events, before)


def test_the_best_is_a_long_cluster_below_or_a_short_one_above() -> None:
    below, above = cluster("long", -2.0, 0.8), cluster("short", 2.0, 0.7)
    wrong = [cluster("long", 3.5, 1.0), cluster("short", -3.5, 1.0), cluster("long", 0.0, 1.0)]
    assert best_cluster([*wrong, above, below]) is below
    assert best_cluster([*wrong, above]) is above
    assert best_cluster([*wrong, cluster("short", 0.0, 1.0)]) is None
    assert best_cluster([]) is None


def test_the_best_has_the_largest_score() -> None:
    # 0.7 * 0.7 + 0.3 against 0.7 * 0.9 + 0.3 * 0.5, and against 0.7 * 1 with nothing for 8 %.
    near, far, best = (
        cluster("short", 1.75, 0.9),
        cluster("long", -8.0, 1.0),
        cluster("long", -3.5, 0.7),
    )
    assert best_cluster([near, far, best]) is best
    assert best_cluster([near, far]) is near
    # From 7 % on the distance gives nothing, and takes nothing away either.
    farther = cluster("long", -80.0, 1.0, notional=2_000.0)
    assert best_cluster([far, farther]) is farther


def test_of_equal_scores_the_stronger_the_larger_and_the_lower_is_best() -> None:
    one = cluster("long", -3.5, 0.8)
    large = cluster("short", 3.5, 0.8, notional=2_000.0)
    low = cluster("short", 3.5, 0.8, notional=2_000.0, level=50.0)
    assert best_cluster([one, large]) is best_cluster([large, one]) is large
    assert best_cluster([large, low]) is best_cluster([low, large]) is low


def test_the_smallest_strength_is_included() -> None:
    one = cluster("long", -3.5, 0.6)
    assert best_cluster([one]) is one
    assert best_cluster([one], min_strength=0.61) is None
    assert best_cluster([cluster("long", -3.5, 0.0)], min_strength=0) is not None


@pytest.mark.parametrize("strength", [-0.1, 1.1, math.nan, "0.6", None, True])
def test_a_bad_smallest_strength_is_named(strength: float) -> None:
    with pytest.raises(ValueError, match=r"^min_strength must be a number from 0 to 1, got "):
        best_cluster([], min_strength=strength)


def test_every_event_is_taken() -> None:
    index = ClusterIndex(ALONE)
    index.add(at(100.0))
    index.add(at(100.0))
    index.add(at())
    (one,) = index.clusters(100.0, NOW)
    assert one.liquidation_count == len(index) == 2


def test_loading_replaces_everything() -> None:
    index = ClusterIndex(ALONE)
    index.add(at(100.0))
    index.load(at(200.0, 200.0))
    index.add(at(200.0))
    (one,) = index.clusters(100.0, NOW)
    assert (one.price_level, one.liquidation_count) == (200.0, 3)


def test_what_is_too_old_is_forgotten_and_what_is_to_come_waits() -> None:
    index = ClusterIndex(ALONE)
    times = (NOW - 6 * HOUR - 1, NOW - 6 * HOUR, NOW, NOW + 1)
    index.add(events_of(*((ts, 100.0, 1.0, True) for ts in times)))
    assert index.clusters(100.0, NOW)[0].liquidation_count == 2
    assert len(index) == 3
    assert index.clusters(100.0, NOW + 1)[0].liquidation_count == 2
    assert len(index) == 2
    index.forget(NOW + 7 * HOUR)
    index.forget(NOW + 7 * HOUR)
    assert len(index) == 0
    # Late, and too late.
    index.add(events_of((NOW + 2, 100.0, 1.0, True), (NOW, 100.0, 1.0, True)))
    assert index.clusters(100.0, NOW + 6 * HOUR + 1)[0].liquidation_count == 1


def test_the_array_that_was_added_may_be_used_again() -> None:
    index, array = ClusterIndex(ALONE), at(100.0)
    index.add(array)
    array["price"] = 500.0
    assert index.clusters(100.0, NOW)[0].price_level == 100.0


def test_ten_thousand_events_take_less_than_2_mb_also_while_they_are_grouped() -> None:
    events = random_events(10_000)
    expected = find_clusters(events, 95_000.0, NOW)
    one_by_one = np.split(events, 10_000)
    tracemalloc.start()
    try:
        index = ClusterIndex()
        for event in one_by_one:
            index.add(event)
        found = index.clusters(95_000.0, NOW)
        kept, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert found == expected
    assert kept < 500_000
    assert peak < 2_000_000
