"""The events of one symbol, kept ready for clusters while new ones come and old ones go."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from Heatmap.aggregation.arrays import EVENT_DTYPE
from Heatmap.aggregation.clusters.find_clusters import (
    ClusterParameters,
    LiquidationCluster,
    clusters_in_order,
    counted,
    require_events,
    require_price,
)
from Heatmap.aggregation.clusters.price_groups import in_canonical_order

# So many batches wait at most before they are sorted in: each costs more memory than its events.
_MAX_WAITING = 64


class ClusterIndex:
    """Keeps the liquidations of one symbol and gives their clusters at any time.

    `clusters` returns what `find_clusters` returns for all events taken so far, to the last bit.
    Events come by `load` and `add`, in any order and however late. `clusters` and `forget` drop
    what is older than the lookback; should now go back after that, it stays dropped. Not
    thread-safe.

    Parameters
    ----------
    parameters
        What makes a cluster; ``None``: the defaults.

    Attributes
    ----------
    parameters
        As given.
    """

    def __init__(self, parameters: ClusterParameters | None = None) -> None:
        self.parameters = parameters or ClusterParameters()
        self._events: NDArray[np.void] = np.zeros(0, EVENT_DTYPE)  # in canonical order
        self._waiting: list[NDArray[np.void]] = []  # not yet sorted in

    def __len__(self) -> int:
        """Return how many events are kept."""
        return len(self._events) + sum(map(len, self._waiting))

    def load(self, events: NDArray[np.void]) -> None:
        """Replace everything.

        Parameters
        ----------
        events : (n,) EVENT_DTYPE
            In any order.

        Raises
        ------
        ValueError
            As in `find_clusters`; nothing is replaced then.
        """
        require_events(events)
        self._events = in_canonical_order(events)
        self._waiting = []

    def add(self, events: NDArray[np.void]) -> None:
        """Take events.

        Parameters
        ----------
        events : (n,) EVENT_DTYPE
            In any order, of any age.

        Raises
        ------
        ValueError
            As in `find_clusters`; nothing is taken then.
        """
        require_events(events)
        if len(events):
            # A copy, as the caller may use the array again.
            self._waiting.append(events.copy())
            if len(self._waiting) >= _MAX_WAITING:
                self._sort_in()

    def newest_price(self, now_ms: int) -> float | None:
        """Return the price of the newest event that counts, USD; ``None``: there is none."""
        self._sort_in()
        events = counted(self._events, now_ms, self.parameters)
        return float(events["price"][np.argmax(events["ts_ms"])]) if len(events) else None

    def forget(self, now_ms: int) -> None:
        """Drop what is older than the lookback at `now_ms`, UTC milliseconds; idempotent."""
        self._sort_in()
        is_kept = self._events["ts_ms"] >= now_ms - self.parameters.lookback_ms
        if not is_kept.all():
            self._events = np.compress(is_kept, self._events)

    def clusters(
        self, current_price: float, now_ms: int, window_pct: float | None = None
    ) -> list[LiquidationCluster]:
        """Return the clusters as `find_clusters` gives them, and forget what is too old for them.

        Parameters
        ----------
        current_price
            USD.
        now_ms
            UTC milliseconds; later events are kept and wait for their time.
        window_pct
            In the place of the parameters' `cluster_window_pct`, which the events that are kept do
            not depend on; ``None``: that one.

        Returns
        -------
        list of LiquidationCluster
            The strongest first.

        Raises
        ------
        ValueError
            `current_price` is not above 0 and at most 1e18 USD; nothing is forgotten then.
        SettingsError
            `window_pct` is out of its range.
        """
        parameters = self.parameters
        if window_pct is not None:
            parameters = replace(parameters, cluster_window_pct=window_pct)
        require_price("current_price", current_price)
        self.forget(now_ms)
        events = counted(self._events, now_ms, parameters)
        return clusters_in_order(events, current_price, now_ms, parameters)

    def _sort_in(self) -> None:
        if self._waiting:
            self._events = in_canonical_order(np.concatenate([self._events, *self._waiting]))
            self._waiting = []
