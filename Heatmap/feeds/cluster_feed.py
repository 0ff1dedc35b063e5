"""Clusters for whoever listens: looked for in a worker thread, told on the host's loop."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import partial
from time import monotonic

from Heatmap.aggregation.clusters.find_clusters import (
    ClusterParameters,
    FoundClusters,
    LiquidationCluster,
    require_price,
)
from Heatmap.domain.failure_texts import failure_text
from Heatmap.errors import Failure, FailureKind, HeatmapError
from Heatmap.feeds.cluster_book import ClusterBook
from Heatmap.heatmap_settings import CLUSTER_WINDOW_PCT, HeatmapSettings
from Heatmap.runtime.guarded import guarded
from Heatmap.runtime.host_loop import Outcome, Turns, run_beside
from Heatmap.runtime.safe_log import get_logger
from Heatmap.storage.event_tape import EventTape

logger = get_logger(__name__)

ClusterListener = Callable[[str, list[LiquidationCluster]], None]
"""Called with a symbol and its clusters, the strongest first."""


@dataclass(frozen=True, slots=True)
class ClusterSource:
    """Where clusters come from.

    Attributes
    ----------
    tape
        What is stored.
    price
        A symbol's newest price, USD; ``None`` while there is none.
    clock
        Data time now, UTC milliseconds.
    """

    tape: EventTape
    price: Callable[[str], float | None]
    clock: Callable[[], int]


class ClusterFeed:
    """Tells listeners the clusters of their symbols whenever these have changed.

    `subscribe` may be called at any time; clusters are told between `start` and `stop`, which may
    alternate. Belongs on the loop's thread.

    Parameters
    ----------
    source
        Where clusters come from.
    settings
        Parameters of the clusters, and how often they are looked at anew.
    """

    def __init__(self, source: ClusterSource, settings: HeatmapSettings) -> None:
        self._failure: Failure | None = None
        self._source = source
        self._parameters = cluster_parameters(settings)
        self._interval_s = settings.cluster_interval_s
        self._book: ClusterBook | None = None
        self._executor: Executor | None = None
        self._turns = Turns(self._take_turn)
        # What is still to be looked at in this round, and when the next one begins.
        self._round: list[_Question] = []
        self._due_s = 0.0
        self._listeners: dict[_Question, list[ClusterListener]] = {}
        # What was told last.
        self._known: dict[_Question, list[tuple[object, ...]]] = {}
        # What a listener failed with that was told last.
        self._listener_failures: dict[_Question, Failure] = {}

    @property
    def failure(self) -> Failure | None:
        """What went wrong last, with a file or with a listener; ``None``: nothing."""
        return self._failure or next(iter(self._listener_failures.values()), None)

    def start(self, executor: Executor) -> None:
        """Begin to look for clusters in `executor`; call it in the running loop. Idempotent."""
        if self._turns.loop is not None:
            return
        self._executor = executor
        self._book = ClusterBook(self._source.tape, self._parameters)
        self._round = []
        self._turns.begin(asyncio.get_running_loop())
        self._wake()

    def stop(self) -> None:
        """End it; idempotent. Closing the file waits for a question under way, in the executor."""
        book, executor = self._book, self._executor
        self._book = self._executor = None
        self._turns.end()
        self._known.clear()
        if book is not None and executor is not None:
            try:
                executor.submit(book.close)
            except RuntimeError:
                # The process is at its end, or the worker threads are.
                book.close()

    @guarded
    def apply_settings(self, settings: HeatmapSettings) -> None:
        """Take over changed parameters; they are looked at with at once."""
        self._interval_s = settings.cluster_interval_s
        parameters = cluster_parameters(settings)
        if parameters != self._parameters:
            self._parameters = parameters
            if self._book is not None:
                self._book.set_parameters(parameters)
            self._wake()

    def subscribe(
        self, symbol: str, listener: ClusterListener, window_pct: float | None = None
    ) -> Callable[[], None]:
        """Tell `listener` the clusters of `symbol` soon, and after each change.

        Parameters
        ----------
        symbol, listener
            What is asked about, and who is told.
        window_pct
            How wide a cluster may be, as a part of its price; ``None``: as the settings have it.

        Returns
        -------
        callable
            Ends it; idempotent.
        """
        question = _Question(symbol, window_pct)
        self._listeners.setdefault(question, []).append(listener)
        # Whoever comes later has seen nothing yet.
        self._known.pop(question, None)
        self._wake()

        def unsubscribe() -> None:
            listeners = self._listeners.get(question, [])
            if listener in listeners:
                listeners.remove(listener)
            if not listeners:
                self._listeners.pop(question, None)
                self._known.pop(question, None)
                self._listener_failures.pop(question, None)

        return unsubscribe

    async def find(self, symbol: str, price: float | None = None) -> FoundClusters:
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
        FoundClusters
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
        book, executor = self._book, self._executor
        if book is None or executor is None:
            return FoundClusters()
        known = self._source.price(symbol) if price is None else price
        return await run_beside(executor, partial(book.find, symbol, known, self._source.clock()))

    def _work(self, question: "_Question") -> Callable[[], list[LiquidationCluster]] | None:
        """Return what finds the clusters in a worker thread; ``None`` while it is stopped."""
        symbol, book = question.symbol, self._book
        if book is None:
            return None
        return partial(
            book.clusters,
            symbol,
            self._source.price(symbol),
            self._source.clock(),
            window_pct=question.window_pct,
        )

    def _wake(self) -> None:
        """Begin a round at once, or after the one under way."""
        self._due_s = 0.0
        self._turns.appoint()

    def _take_turn(self) -> None:
        try:
            self._begin_next()
        except Exception as error:  # noqa: BLE001 - told there
            self.note_error(error)
            self._turns.appoint(self._interval_s)

    def _begin_next(self) -> None:
        """Look at the next symbol of the round; after the last one, at all of them when due."""
        now_s = monotonic()
        if not self._round and now_s >= self._due_s:
            self._round, self._due_s = list(self._listeners), now_s + self._interval_s
        if not self._round:
            # Without anybody who listens there is nothing to come back for.
            if self._listeners:
                self._turns.appoint(max(0.0, self._due_s - now_s))
            return
        question = self._round.pop(0)
        work, executor = self._work(question), self._executor
        if work is not None and executor is not None:
            self._turns.hand_over(executor, work, partial(self._finish, question))

    def _finish(self, question: "_Question", done: Outcome[list[LiquidationCluster]]) -> None:
        symbol = question.symbol
        try:
            self._tell(question, done.result())
        except HeatmapError as error:
            values = {"symbol": symbol}
            self._note_failure(Failure(FailureKind.NO_CLUSTERS, values, error.failure))
        except Exception as error:  # noqa: BLE001 - told there
            values = {"symbol": symbol, "error": repr(error)}
            self._note_bug(Failure(FailureKind.CLUSTERS_NOT_FOUND, values), error)
        self._turns.appoint()

    def _tell(self, question: "_Question", clusters: list[LiquidationCluster]) -> None:
        """Tell the listeners what has changed."""
        self._failure = None
        symbol, listeners = question.symbol, list(self._listeners.get(question, []))
        # As they age, strengths differ by what rounding leaves of equal quotients.
        told = [rounded_cluster(cluster) for cluster in clusters]
        if told == self._known.get(question) or not listeners:
            return
        self._known[question] = told
        self._listener_failures.pop(question, None)
        for listener in listeners:
            try:
                listener(symbol, clusters)
            except Exception as error:
                logger.exception("a listener failed on the clusters of %s", symbol)
                values = {"symbol": symbol, "error": repr(error)}
                self._listener_failures[question] = Failure(
                    FailureKind.CLUSTER_LISTENER_FAILED, values
                )

    def note_error(self, error: Exception) -> None:
        """Log an error of the feed itself once, and keep it for the status; from any thread."""
        self._note_bug(Failure(FailureKind.CLUSTERS_FAILED, {"error": repr(error)}), error)

    def _note_bug(self, failure: Failure, error: Exception) -> None:
        if failure != self._failure:
            logger.error("%s", failure_text(failure), exc_info=error)
        self._failure = failure

    def _note_failure(self, failure: Failure) -> None:
        if failure != self._failure:
            text = failure_text(failure)
            logger.warning("%s; trying again every %g s", text, self._interval_s)
        self._failure = failure


@dataclass(frozen=True, slots=True)
class _Question:
    """What is asked: a symbol's clusters of a width; ``None``: of the width that is set."""

    symbol: str
    window_pct: float | None = None


def rounded_cluster(cluster: LiquidationCluster) -> tuple[object, ...]:
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


def cluster_parameters(settings: HeatmapSettings) -> ClusterParameters:
    """Return what makes a cluster by the settings."""
    return ClusterParameters(
        cluster_window_pct=settings.cluster_window_pct or CLUSTER_WINDOW_PCT,
        min_cluster_size=settings.min_cluster_size,
        time_decay_minutes=settings.time_decay_minutes,
        lookback_time_constants=settings.lookback_time_constants,
    )
