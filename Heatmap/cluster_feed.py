"""Clusters for whoever listens: looked for in a worker thread, told on the host's loop."""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Any

from Heatmap.aggregation.clusters import ClusterParameters, LiquidationCluster, require_price
from Heatmap.cluster_book import ClusterBook
from Heatmap.errors import HeatmapError
from Heatmap.heatmap_settings import HeatmapSettings
from Heatmap.model import StoredBatch

logger = logging.getLogger(__name__)

ClusterListener = Callable[[str, list[LiquidationCluster]], None]
"""Called with a symbol and its clusters, the strongest first."""


def begin_task(
    loop: asyncio.AbstractEventLoop, coroutine: Coroutine[Any, Any, None], name: str
) -> asyncio.Task[None]:
    """Run a coroutine in a task of a loop that the host may close at any moment."""
    task = loop.create_task(coroutine, name=name)
    # WORKAROUND asyncio: a task that its loop has left behind is reported when it is collected. A
    # host that closes its loop without stopping the service shall not find ours in its log.
    task._log_destroy_pending = False  # type: ignore[attr-defined]  # noqa: SLF001
    return task


def end_task(task: asyncio.Task[None]) -> None:
    """Cancel a task; one whose loop was closed never goes on anyway, and refuses to be told."""
    if not task.get_loop().is_closed():
        task.cancel()


@dataclass(frozen=True, slots=True)
class ClusterSource:
    """Where clusters come from.

    Attributes
    ----------
    database
        Path of the database to read.
    price
        A symbol's newest price, USD; ``None`` while there is none.
    clock
        Data time now, UTC milliseconds.
    is_standby
        Whether another recorder writes the database: its events are read from there.
    """

    database: Path
    price: Callable[[str], float | None]
    clock: Callable[[], int]
    is_standby: Callable[[], bool]


class ClusterFeed:
    """Tells listeners the clusters of their symbols whenever these have changed.

    `subscribe` may be called at any time; clusters are told between `start` and `stop`, which may
    alternate. Belongs on the loop's thread, but for `add_batch`.

    Parameters
    ----------
    source
        Where clusters come from.
    settings
        Parameters of the clusters, and how often they are looked at anew.
    """

    def __init__(self, source: ClusterSource, settings: HeatmapSettings) -> None:
        self.last_error = ""
        self._source = source
        self._parameters = _parameters(settings)
        self._interval_s = settings.cluster_interval_s
        self._book: ClusterBook | None = None
        self._executor: Executor | None = None
        self._task: asyncio.Task[None] | None = None
        self._listeners: dict[str, list[ClusterListener]] = {}
        # What was told last.
        self._known: dict[str, list[tuple[object, ...]]] = {}
        # What a listener failed with that was told last, by symbol.
        self._listener_errors: dict[str, str] = {}
        self._wake = asyncio.Event()

    @property
    def error(self) -> str:
        """What went wrong last, with a file or with a listener; empty: nothing."""
        return self.last_error or next(iter(self._listener_errors.values()), "")

    def start(self, executor: Executor) -> None:
        """Begin to look for clusters in `executor`; call it in the running loop. Idempotent."""
        if self._task is not None:
            return
        self._executor = executor
        self._book = ClusterBook(self._source.database, self._parameters)
        # Bound to the loop that waits for it.
        self._wake = asyncio.Event()
        self._task = begin_task(asyncio.get_running_loop(), self._run(), "Heatmap cluster feed")

    def stop(self) -> None:
        """End it; idempotent. Closing the file waits for a question under way, in the executor."""
        book, executor, task = self._book, self._executor, self._task
        self._book = self._executor = self._task = None
        self._known.clear()
        if task is not None:
            end_task(task)
        if book is not None and executor is not None:
            executor.submit(book.close)

    def apply_settings(self, settings: HeatmapSettings) -> None:
        """Take over changed parameters; they are looked at with at once."""
        self._interval_s = settings.cluster_interval_s
        parameters = _parameters(settings)
        if parameters != self._parameters:
            self._parameters = parameters
            if self._book is not None:
                self._book.set_parameters(parameters)
            self._wake.set()

    def add_batch(self, batch: StoredBatch) -> None:
        """Take newly stored events; from any thread."""
        book = self._book
        if book is not None:
            book.add_batch(batch)

    def subscribe(self, symbol: str, listener: ClusterListener) -> Callable[[], None]:
        """Tell `listener` the clusters of `symbol` soon, and after each change.

        Returns
        -------
        callable
            Ends it; idempotent.
        """
        self._listeners.setdefault(symbol, []).append(listener)
        # Whoever comes later has seen nothing yet.
        self._known.pop(symbol, None)
        self._wake.set()

        def unsubscribe() -> None:
            listeners = self._listeners.get(symbol, [])
            if listener in listeners:
                listeners.remove(listener)
            if not listeners:
                self._listeners.pop(symbol, None)
                self._known.pop(symbol, None)
                self._listener_errors.pop(symbol, None)

        return unsubscribe

    async def find(self, symbol: str, price: float | None = None) -> list[LiquidationCluster]:
        """Return the clusters of a symbol as of now.

        Parameters
        ----------
        symbol
            Such as ``BTCUSDT``.
        price
            What the distances are from, USD; ``None``: the newest mark price, or that of the newest
            liquidation while there is none.

        Returns
        -------
        list of LiquidationCluster
            The strongest first; empty while it is stopped.

        Raises
        ------
        ValueError
            `price` is not above 0 and finite.
        StorageError
            The database cannot be read.
        """
        if price is not None:
            require_price("price", price)
        known = self._source.price(symbol) if price is None else price
        book, executor = self._book, self._executor
        if book is None or executor is None:
            return []
        now_ms, is_standby = self._source.clock(), self._source.is_standby()

        def work() -> list[LiquidationCluster]:
            return book.clusters(symbol, known, now_ms, reads_new_rows=is_standby)

        return await asyncio.get_running_loop().run_in_executor(executor, work)

    async def _run(self) -> None:
        """Tell what has changed until cancelled; a failure is logged, shown and tried again."""
        while True:
            self._wake.clear()
            due_s = monotonic() + self._interval_s
            for symbol in list(self._listeners):
                await self._look(symbol)
            try:
                async with asyncio.timeout(max(0.0, due_s - monotonic())):
                    await self._wake.wait()
            except TimeoutError:
                continue

    async def _look(self, symbol: str) -> None:
        try:
            clusters = await self.find(symbol)
        except HeatmapError as error:
            self._note_failure(f"no clusters of {symbol}: {error}")
            return
        except Exception as error:
            logger.exception("the clusters of %s could not be found", symbol)
            self._note_failure(f"the clusters of {symbol} could not be found: {error!r}")
            return
        self.last_error = ""
        listeners = list(self._listeners.get(symbol, []))
        # As they age, strengths differ by what rounding leaves of equal quotients.
        told = [_rounded(cluster) for cluster in clusters]
        if told == self._known.get(symbol) or not listeners:
            return
        self._known[symbol] = told
        self._listener_errors.pop(symbol, None)
        for listener in listeners:
            try:
                listener(symbol, clusters)
            except Exception as error:
                logger.exception("a listener failed on the clusters of %s", symbol)
                text = f"a listener failed on the clusters of {symbol}: {error!r}"
                self._listener_errors[symbol] = text

    def _note_failure(self, text: str) -> None:
        if text != self.last_error:
            logger.warning("%s; trying again every %g s", text, self._interval_s)
        self.last_error = text


def _rounded(cluster: LiquidationCluster) -> tuple[object, ...]:
    """Return what of a cluster is a change when it differs."""
    return (
        cluster.side,
        cluster.liquidation_count,
        cluster.last_updated,
        cluster.first_event_ms,
        float(f"{cluster.price_level:.9g}"),
        float(f"{cluster.total_notional:.9g}"),
        round(cluster.strength, 6),
        round(cluster.distance_from_price, 6),
    )


def _parameters(settings: HeatmapSettings) -> ClusterParameters:
    return ClusterParameters(
        cluster_window_pct=settings.cluster_window_pct,
        min_cluster_size=settings.min_cluster_size,
        time_decay_minutes=settings.time_decay_minutes,
        lookback_time_constants=settings.lookback_time_constants,
    )
