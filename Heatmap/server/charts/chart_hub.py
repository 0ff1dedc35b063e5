"""What the open charts of one server share: worker threads, clusters, what their feeds need."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from Heatmap.domain.candles import RunningMinute
from Heatmap.feeds.cluster_feed import ClusterFeed, ClusterSource
from Heatmap.feeds.feed_context import FeedContext
from Heatmap.ingestion.recorder.recorder import RecorderStatus
from Heatmap.service.shared_parts import SharedParts

MOST_CHARTS = 100
_BUILDERS = 2


class ChartHub:
    """Belongs on the server's loop; touches nothing of the host's.

    Parameters
    ----------
    parts
        Of the service that is served.
    """

    def __init__(self, parts: SharedParts) -> None:
        self.parts = parts
        self.open_charts = 0
        #: Set when the server ends.
        self.ended = asyncio.Event()
        self._executor: ThreadPoolExecutor | None = None
        self._clusters: ClusterFeed | None = None

    @property
    def is_full(self) -> bool:
        """Whether no other chart can be opened."""
        return self.ended.is_set() or self.open_charts >= MOST_CHARTS

    def context(self, set_heat: Callable[[str], object]) -> FeedContext:
        """Return what one chart's feed needs.

        Parameters
        ----------
        set_heat
            Applies another heat to this chart, as it offers it.
        """
        parts = self.parts
        if self._executor is None:
            self._executor = ThreadPoolExecutor(_BUILDERS, "Heatmap server charts")
        if self._clusters is None:
            source = ClusterSource(parts.tape, self._mark_price, parts.clock)
            self._clusters = ClusterFeed(source, parts.settings())
            self._clusters.start(self._executor)
        self._clusters.apply_settings(parts.settings())
        return FeedContext(
            tape=parts.tape,
            clock=parts.clock,
            tick_size=parts.symbols.tick_size,
            heartbeats=parts.heartbeats,
            executor=self._executor,
            label=parts.label,
            is_known=parts.symbols.is_known,
            is_recorded_elsewhere=parts.symbols.is_recorded_elsewhere,
            can_have_candles=parts.symbols.can_have_candles,
            clusters=self._clusters,
            mark_price=self._mark_price,
            running_minute=self._running_minute,
            maps=parts.maps,
            set_heat=set_heat,
        )

    def end(self) -> None:
        """Have all charts end, soon. Idempotent."""
        self.ended.set()

    def close(self) -> None:
        """Build nothing more. Idempotent."""
        self.end()
        if self._clusters is not None:
            self._clusters.stop()
        if self._executor is not None:
            self._executor.shutdown(wait=False, cancel_futures=True)

    def _status(self) -> RecorderStatus | None:
        return self.parts.recorder()

    def _mark_price(self, symbol: str) -> float | None:
        status = self._status()
        return None if status is None else status.mark_prices.get(symbol)

    def _running_minute(self, symbol: str) -> RunningMinute | None:
        status = self._status()
        return None if status is None else status.running_minutes.get(symbol)
