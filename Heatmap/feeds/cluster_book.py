"""The clusters of several symbols: history from the store, kept up with what is stored."""

import threading
from typing import Any

from numpy.typing import NDArray

from Heatmap.aggregation.clusters.cluster_index import ClusterIndex
from Heatmap.aggregation.clusters.find_clusters import (
    ClusterParameters,
    FoundClusters,
    LiquidationCluster,
    are_usable,
    require_price,
)
from Heatmap.storage.coverage import covered_share
from Heatmap.storage.event_arrays import as_array
from Heatmap.storage.event_tape import EventTape, Follower

# Now may go back by this without a new read: heartbeats are not all equally fast.
_STEP_BACK_MS = 1000
# More than any exchange has: whoever asks for made-up symbols does not fill the memory.
_MOST_SYMBOLS = 2_000


class ClusterBook:
    """The clusters of several symbols: read once, then kept up with what is stored.

    Thread-safe. A symbol is read at the first question for it, and followed from then on.

    Parameters
    ----------
    tape
        What is stored; its store need not exist yet.
    parameters
        What makes a cluster.
    """

    def __init__(self, tape: EventTape, parameters: ClusterParameters) -> None:
        self._tape = tape
        # Held while events are read and clusters are computed; guards what is known of each symbol.
        self._work = threading.Lock()
        # Guards the rest; never held for long.
        self._lock = threading.Lock()
        self._parameters = parameters
        # The one that was asked about last stands last; read anew when it was forgotten.
        self._symbols: dict[str, _Symbol] = {}
        self._is_closed = False

    def set_parameters(self, parameters: ClusterParameters) -> None:
        """Use other parameters from the next question on.

        The events that are kept serve further, unless the lookback has become longer: then they
        are read again.
        """
        with self._lock:
            self._parameters = parameters

    def clusters(
        self,
        symbol: str,
        current_price: float | None,
        now_ms: int,
        *,
        window_pct: float | None = None,
    ) -> list[LiquidationCluster]:
        """Return the clusters of an instrument; reads the store at the first question.

        Parameters
        ----------
        symbol
            Such as ``BTCUSDT``, as instruments are written.
        current_price
            USD; ``None``: not known, the distances are from that of the newest liquidation.
        now_ms
            UTC milliseconds, by the exchange's clock.
        window_pct
            How wide a cluster may be, as a part of its lowest price; ``None``: as the parameters
            have it.

        Returns
        -------
        list of LiquidationCluster
            The strongest first; empty without events that count, without a store, and after
            `close`.

        Raises
        ------
        ValueError
            `current_price` is not above 0 and at most 1e18 USD; nothing has changed then.
        StorageError
            The store cannot be read; the next question reads the symbol from the start.
        """
        if current_price is not None:
            current_price = require_price("current_price", current_price)
        with self._lock:
            if self._is_closed:
                return []
            # From here on batches are kept for it. What was committed before is in the store.
            known = self._symbols.pop(symbol, None)
            if known is None:
                known = _Symbol(self._tape.follow(symbol, 0, as_array))
            self._symbols[symbol] = known
            too_many = list(self._symbols)[:-_MOST_SYMBOLS]
            forgotten = [self._symbols.pop(one) for one in too_many]
        with self._work:
            for one in forgotten:
                one.follower.close()
            if known.follower.is_closed or not self._tape.store.exists():
                return []
            try:
                index = self._kept_up(known, now_ms)
            except BaseException:
                known.index = None
                raise
            price = index.newest_price(now_ms) if current_price is None else current_price
            return [] if price is None else index.clusters(price, now_ms, window_pct)

    def find(self, symbol: str, current_price: float | None, now_ms: int) -> FoundClusters:
        """Return the same, and how much of the lookback was recorded, which is read each time.

        Parameters and what it raises are those of `clusters`.
        """
        clusters = self.clusters(symbol, current_price, now_ms)
        with self._lock:
            start_ms = now_ms - self._parameters.lookback_ms
            if self._is_closed:
                return FoundClusters()
        if not self._tape.store.exists():
            return FoundClusters()
        with self._tape.reading() as reader:
            coverage = reader.read_coverage(symbol, start_ms, now_ms)
            was_recorded = bool(coverage) or reader.recorded_since_ms(symbol) is not None
        share = covered_share(coverage, start_ms, now_ms)
        return FoundClusters(clusters, share, was_recorded=was_recorded)

    def close(self) -> None:
        """Follow no more; waits for a question that is being answered. Idempotent."""
        with self._lock:
            self._is_closed = True
            symbols, self._symbols = self._symbols, {}
        with self._work:
            for known in symbols.values():
                known.follower.close()

    def _kept_up(self, known: "_Symbol", now_ms: int) -> ClusterIndex:
        """Return the index of a symbol with every event that was committed before the question."""
        with self._lock:
            parameters = self._parameters
        index, start_ms = known.index, now_ms - parameters.lookback_ms
        # Now may have gone back, or the lookback may have become longer.
        if index is None or known.kept_from_ms - start_ms > _STEP_BACK_MS:
            # Open towards the future: this machine's clock may be behind the exchange's.
            known.follower.rewind(start_ms)
        news = known.follower.read(start_ms)
        events = news.events[are_usable(news.events)]
        if index is None or news.restarted:
            index = known.index = ClusterIndex(parameters)
            index.load(events)
            known.kept_from_ms = start_ms
            return index
        index.parameters = parameters
        index.add(events)
        known.kept_from_ms = max(known.kept_from_ms, start_ms)
        return index


class _Symbol:
    """What is known of one symbol."""

    def __init__(self, follower: Follower[NDArray[Any]]) -> None:
        self.follower = follower
        # While the book works: `None` until it is read, then all events from this time on.
        self.index: ClusterIndex | None = None
        self.kept_from_ms = 0
