"""Liquidations grouped into price clusters, weighted by their age."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from numbers import Integral, Real
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from Heatmap.aggregation.clusters.price_groups import group_starts, in_canonical_order
from Heatmap.aggregation.decay import age_weights
from Heatmap.errors import SettingsError
from Heatmap.heatmap_settings import CLUSTER_WINDOW_PCT, SETTINGS

#: Shares of the count and of the notional in the strength.
COUNT_SHARE, NOTIONAL_SHARE = 0.4, 0.6
#: Shares of the strength and of the distance in the score of the best cluster.
STRENGTH_SHARE, DISTANCE_SHARE = 0.7, 0.3
#: The distance from the price, in %, that scores best; none and twice as much score nothing.
BEST_DISTANCE_PCT = 3.5

# More than all the money there is; a sum of products of two of them is still finite.
_MAX_USD = 1e18

_Number = TypeVar("_Number", np.int64, np.float64)

#: Parameter to its smallest and largest value.
PARAMETER_RANGES = {
    name: SETTINGS.range(name)
    for name in (
        "cluster_window_pct",
        "min_cluster_size",
        "time_decay_minutes",
        "lookback_time_constants",
    )
}


@dataclass(frozen=True, slots=True)
class ClusterParameters:
    """What makes a cluster. Immutable; validated at construction.

    Attributes
    ----------
    cluster_window_pct
        How wide a cluster may be, as a part of its lowest price: 0.02 is 2 %. 0.000001 to 1.
    min_cluster_size
        Fewer events, each counted as one whatever its age, are no cluster. 1 to 1,000,000.
    time_decay_minutes
        Time constant of the weight ``exp(-age / time_decay_minutes)``: at 60, 92 % are left after
        5 minutes, 61 % after 30, 37 % after 60. 0.01 to 100,000.
    lookback_time_constants
        Older events, in time constants, are left out. 0.1 to 50; at 6, what is left out weighs
        less than 0.25 % each.

    Raises
    ------
    SettingsError
        A value is out of its range; the message names the parameter, the range and the value.
    """

    cluster_window_pct: float = CLUSTER_WINDOW_PCT
    min_cluster_size: int = 5
    time_decay_minutes: float = 60.0
    lookback_time_constants: float = 6.0

    def __post_init__(self) -> None:
        for name, (low, high) in PARAMETER_RANGES.items():
            value = getattr(self, name)
            is_whole = name == "min_cluster_size"
            is_kind = isinstance(value, Integral) if is_whole else is_number(value)
            # A bool is an integer; NaN fails the comparison.
            if isinstance(value, bool) or not is_kind or not low <= value <= high:
                noun = "a whole number" if is_whole else "a number"
                raise SettingsError(
                    f"{name} must be {noun} from {low:.10g} to {high:.10g}, got {value!r}"
                )
            object.__setattr__(self, name, int(value) if is_whole else float(value))

    @property
    def tau_ms(self) -> float:
        """Time constant of the weights, milliseconds."""
        return self.time_decay_minutes * 60_000.0

    @property
    def lookback_ms(self) -> int:
        """Age of the oldest events that count, milliseconds."""
        return round(self.lookback_time_constants * self.tau_ms)


@dataclass(frozen=True, slots=True)
class LiquidationCluster:
    """Liquidations of one side at prices close to each other.

    Attributes
    ----------
    price_level
        Mean price weighted by decayed notional, USD; never outside the members' prices.
    side
        Who was liquidated: ``long`` (SELL orders) or ``short`` (BUY orders).
    liquidation_count
        Number of members; each counts as one, whatever its age.
    total_notional
        Sum of the members' notionals, USD, not decayed. A lower bound of what was liquidated, as
        the exchange reports at most one liquidation a second and symbol.
    strength
        0 to 1, see `find_clusters`.
    distance_from_price
        ``(price_level / current_price - 1) * 100``, %: positive above the price.
    last_updated
        Time of the newest member, UTC milliseconds.
    first_event_ms
        Time of the oldest member, UTC milliseconds.
    lowest_price, highest_price
        Of the members, USD.
    """

    price_level: float
    side: str
    liquidation_count: int
    total_notional: float
    strength: float
    distance_from_price: float
    last_updated: int
    first_event_ms: int
    lowest_price: float
    highest_price: float


class FoundClusters(list[LiquidationCluster]):
    """The clusters of one instrument, the strongest first, and how much of the time is known.

    None where something was recorded is an answer; none where nothing was is no answer.

    Attributes
    ----------
    recorded_share
        Which part of the lookback was recorded, proven or not: 0 to 1.
    was_recorded
        Whether the store has ever recorded the instrument.
    """

    def __init__(
        self,
        clusters: Iterable[LiquidationCluster] = (),
        recorded_share: float = 0.0,
        *,
        was_recorded: bool = False,
    ) -> None:
        super().__init__(clusters)
        self.recorded_share = recorded_share
        self.was_recorded = was_recorded


def find_clusters(
    events: NDArray[np.void],
    current_price: float,
    now_ms: int,
    parameters: ClusterParameters | None = None,
) -> list[LiquidationCluster]:
    """Group the liquidations of one symbol into price clusters.

    The known program cuts a Ward linkage at a distance, and so needs memory in the square of the
    number of events; this rule keeps its parameters, weights and strength:

    1. Events with an age ``now_ms - ts_ms`` from 0 to the lookback count, both ends included.
       What is to come is left out, as is what is older.
    2. Longs and shorts apart, the prices are sorted. A group that is wider than the window,
       ``highest / lowest - 1 > cluster_window_pct``, is split at its largest gap on log price (a
       tie: the lowest), again and again (`price_groups`).
    3. What has fewer than `min_cluster_size` events is dropped.
    4. With the weight ``w = exp(-age / time_decay_minutes)`` of an event, ``C = sum(w)`` and
       ``N = sum(w * notional)`` of a cluster::

           price_level = sum(w * notional * price) / N
           strength    = 0.4 * C / max(C) + 0.6 * N / max(N)

       The maxima are over the remaining clusters of both sides.

    Source: the guide to live liquidation heatmaps that this interface follows (2 % windows, at
    least 5 liquidations, weight ``exp(-age_minutes / 60)``, strength of count and notional); the
    rule of splitting, the shares 0.4 and 0.6 and the lookback are this program's specification.

    Edge cases: a group exactly as wide as the window is not split, in spite of binary fractions;
    of equal gaps the lowest is split; equal prices are never parted; a cluster may be a single
    event where `min_cluster_size` is 1; where all notionals are 0, the weights alone make the
    level, and the strength is 0.4 at most.

    Parameters
    ----------
    events : (n,) EVENT_DTYPE
        Of one symbol, in any order: the result is the same to the last bit. Each is counted.
    current_price
        USD; it gives the distances and takes no part in the grouping.
    now_ms
        UTC milliseconds, by the exchange's clock.
    parameters
        What makes a cluster; ``None``: the defaults.

    Returns
    -------
    list of LiquidationCluster
        The strongest first (a tie: the lower price, then long before short); empty without events
        that count, or where all groups are too small.

    Raises
    ------
    ValueError
        `current_price` or the price of an event is not above 0 and at most 1e18 USD, or the
        notional of an event not from 0 to 1e18 USD.
    """
    parameters = parameters or ClusterParameters()
    require_events(events)
    events = counted(events, now_ms, parameters)
    return clusters_in_order(in_canonical_order(events), current_price, now_ms, parameters)


def best_cluster(
    clusters: Iterable[LiquidationCluster], min_strength: float = 0.6
) -> LiquidationCluster | None:
    """Return the cluster that the price is most likely drawn to, by a rule of thumb.

    Candidates are long clusters below the price and short ones above it. With ``d`` the distance
    in %, without its sign, the best has the largest::

        score = 0.7 * strength + 0.3 * (1 - min(|d - 3.5| / 3.5, 1))

    Parameters
    ----------
    clusters
        In any order. The distances are those that they carry.
    min_strength
        Weaker ones are no candidates; one of exactly this strength is. 0 to 1.

    Returns
    -------
    LiquidationCluster or None
        Of equal scores the stronger, then the larger notional, then the lower price; ``None``
        without a candidate.

    Raises
    ------
    ValueError
        `min_strength` is not a number from 0 to 1.
    """
    if not (is_number(min_strength) and 0 <= min_strength <= 1):
        raise ValueError(f"min_strength must be a number from 0 to 1, got {min_strength!r}")
    candidates = (
        cluster
        for cluster in clusters
        if cluster.strength >= min_strength
        and (
            cluster.distance_from_price < 0
            if cluster.side == "long"
            else cluster.distance_from_price > 0
        )
    )
    return max(candidates, key=_rank, default=None)


def counted(
    events: NDArray[np.void], now_ms: int, parameters: ClusterParameters
) -> NDArray[np.void]:
    """Return the events that count at `now_ms`, in the order given; the same array where all do."""
    ages_ms = now_ms - np.ascontiguousarray(events["ts_ms"])
    counts = (ages_ms >= 0) & (ages_ms <= parameters.lookback_ms)
    return events if counts.all() else np.compress(counts, events)


def clusters_in_order(
    events: NDArray[np.void], current_price: float, now_ms: int, parameters: ClusterParameters
) -> list[LiquidationCluster]:
    """Do what `find_clusters` does with events that are checked, all count, and are in order.

    The order is that of `in_canonical_order`.

    Raises
    ------
    ValueError
        `current_price` is not above 0 and at most 1e18 USD.
    """
    # Python's numbers: a quotient that overflows is infinite there, and no warning.
    current_price, now_ms = require_price("current_price", current_price), int(now_ms)
    n_shorts = len(events) - np.count_nonzero(events["is_long"])
    prices = np.ascontiguousarray(events["price"])
    window = parameters.cluster_window_pct
    starts = np.concatenate(
        [
            group_starts(prices[:n_shorts], window),
            n_shorts + group_starts(prices[n_shorts:], window),
        ]
    )
    sizes = np.diff(starts, append=len(events))
    is_cluster = sizes >= parameters.min_cluster_size
    if not is_cluster.any():
        return []

    def each(combine: np.ufunc, values: NDArray[_Number]) -> NDArray[_Number]:
        combined: NDArray[_Number] = combine.reduceat(values, starts)[is_cluster]
        return combined

    ages_ms = now_ms - np.ascontiguousarray(events["ts_ms"])
    weights = age_weights(ages_ms, parameters.tau_ms)
    oldest_ms, newest_ms = each(np.maximum, ages_ms), each(np.minimum, ages_ms)
    notionals = np.ascontiguousarray(events["notional"])
    worths = weights * notionals
    counts_left, notionals_left = each(np.add, weights), each(np.add, worths)
    strengths = COUNT_SHARE * counts_left / counts_left.max()
    is_worthless = notionals_left == 0
    if not is_worthless.all():
        strengths += NOTIONAL_SHARE * notionals_left / notionals_left.max()
    worths *= prices
    levels = each(np.add, worths) / np.where(is_worthless, 1, notionals_left)
    if is_worthless.any():
        levels = np.where(is_worthless, each(np.add, weights * prices) / counts_left, levels)
    lowest = prices[starts[is_cluster]]
    highest = prices[(starts + sizes - 1)[is_cluster]]
    columns = (
        # What rounding puts beyond the members is brought back: a mean of equal prices is that one.
        np.clip(levels, lowest, highest),
        starts[is_cluster] >= n_shorts,
        sizes[is_cluster],
        each(np.add, notionals),
        strengths,
        now_ms - newest_ms,
        now_ms - oldest_ms,
        lowest,
        highest,
    )
    clusters = [
        LiquidationCluster(
            price_level=level,
            side="long" if is_long else "short",
            liquidation_count=size,
            total_notional=notional,
            strength=strength,
            distance_from_price=(level / current_price - 1) * 100,
            last_updated=last_ms,
            first_event_ms=first_ms,
            lowest_price=low,
            highest_price=high,
        )
        for level, is_long, size, notional, strength, last_ms, first_ms, low, high in zip(
            *(column.tolist() for column in columns), strict=True
        )
    ]
    return sorted(clusters, key=lambda one: (-one.strength, one.price_level, one.side))


def require_price(name: str, price: object) -> float:
    """Return `price` as a float; raise ValueError unless it is above 0 and at most 1e18 USD.

    Any real number will do, of Python or numpy, or a Decimal.
    """
    if not (is_number(price) and 0 < price <= _MAX_USD):  # type: ignore[operator]
        raise ValueError(f"{name} must be a number above 0 and at most {_MAX_USD:g}, got {price!r}")
    return float(price)  # type: ignore[arg-type]  # it is a number


def are_usable(events: NDArray[np.void]) -> NDArray[np.bool_]:
    """Tell which events can be in a cluster: (n,) bool; see `require_events`."""
    usable: NDArray[np.bool_] = _are_prices(events["price"]) & _are_notionals(events["notional"])
    return usable


def require_events(events: NDArray[np.void]) -> None:
    """Raise ValueError unless all prices are above 0 and all notionals 0 or more, up to 1e18 USD.

    A number that is none would spoil its cluster, and the strength of all others.
    """
    price, notional = events["price"], events["notional"]
    for name, values, is_good, allowed in (
        ("price", price, _are_prices(price), "above 0 and"),
        ("notional", notional, _are_notionals(notional), "0 or more and"),
    ):
        if not is_good.all():
            bad = float(values[np.argmin(is_good)])
            raise ValueError(
                f"the {name} of an event must be {allowed} at most {_MAX_USD:g} USD, got {bad!r}"
            )


def _are_prices(values: NDArray[np.float64]) -> NDArray[np.bool_]:
    # False for NaN, here and below.
    return (values > 0) & (values <= _MAX_USD)


def _are_notionals(values: NDArray[np.float64]) -> NDArray[np.bool_]:
    return (values >= 0) & (values <= _MAX_USD)


def is_number(value: object) -> bool:
    """Tell whether it is a real number of Python or numpy, or a Decimal; a bool is none, NaN is."""
    return isinstance(value, Real | Decimal) and not isinstance(value, bool)


def _rank(cluster: LiquidationCluster) -> tuple[float, float, float, float]:
    distance = abs(cluster.distance_from_price)
    nearness = 1 - min(abs(distance - BEST_DISTANCE_PCT) / BEST_DISTANCE_PCT, 1)
    score = STRENGTH_SHARE * cluster.strength + DISTANCE_SHARE * nearness
    return score, cluster.strength, cluster.total_notional, -cluster.price_level
