"""Live liquidation clusters for programs: synchronous, no Qt, no event loop of the caller's."""

import os
import threading
import time
import weakref
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any, Self

from Heatmap.aggregation.clusters.find_clusters import (
    ClusterParameters,
    FoundClusters,
    LiquidationCluster,
    best_cluster,
    is_number,
    require_price,
)
from Heatmap.domain.failure_texts import failure_text
from Heatmap.domain.instruments import parse_symbol, parse_symbols
from Heatmap.errors import Failure, FailureKind, SettingsError, StorageError
from Heatmap.feeds.cluster_book import ClusterBook
from Heatmap.feeds.level_book import LevelBook
from Heatmap.feeds.level_market import LevelStore
from Heatmap.heatmap_settings import REST_URL, WS_URL, HeatmapSettings
from Heatmap.history.market_history import MarketHistory
from Heatmap.ingestion.connection.addresses import base_words, is_base
from Heatmap.ingestion.connection.supervisor import (
    ConnectionMemory,
    ConnectionState,
    ConnectionTimes,
)
from Heatmap.ingestion.recorder.recorder import RecorderStatus, SinkRole
from Heatmap.levels.models import LevelModel
from Heatmap.levels.predict import PREDICTED_MODELS, PredictedLevels
from Heatmap.runtime.exchange_clock import ExchangeClock, wall_clock_ms
from Heatmap.runtime.plain import as_plain
from Heatmap.runtime.safe_log import get_logger
from Heatmap.service.recording import Recording, is_standby, make_recorder
from Heatmap.storage.event_tape import EventTape
from Heatmap.storage.store import Address, open_store

logger = get_logger(__name__)

# All that live, for a fork; and what a child must neither use nor close, since the open files are
# the parent's.
_living: "weakref.WeakSet[LiveLiquidationHeatmap]" = weakref.WeakSet()
_parents: list[object] = []

LONGEST_INTERVAL_S = 3600.0


def _require_url(name: str, value: object, schemes: tuple[str, ...]) -> None:
    if not isinstance(value, str) or not is_base(value, schemes):
        raise SettingsError(f"{name} must be {base_words(schemes)}, got {value!r}")


def require_number(name: str, value: object, low: float, high: float) -> None:
    """Raise SettingsError, naming the parameter, unless `value` is a number in the closed range."""
    if not is_number(value) or not low <= value <= high:  # type: ignore[operator]
        raise SettingsError(f"{name} must be a number from {low:g} to {high:g}, got {value!r}")


class LiveLiquidationHeatmap:
    """Records liquidations and gives their clusters, to programs that have no event loop.

    Every method may be called from any thread at any time. It stands on the same recorder and
    database as the chart: there are clusters of what was recorded before, connections are replaced
    when they are lost, and where another recorder writes the database (a window, ``python -m
    Heatmap record``), this one stands by, reads what that one stores, and takes over when it ends.
    Usable in a ``with`` statement, which stops it at the end. In a forked child it is stopped, and
    may be started there.

    Parameters
    ----------
    cluster_window_pct
        How wide a cluster may be, as a part of its lowest price: 0.02 is 2 %. 0.000001 to 1.
    min_cluster_size
        Fewer liquidations are no cluster. 1 to 1,000,000.
    time_decay_minutes
        Time constant of the weight ``exp(-age / time_decay_minutes)``. 0.01 to 100,000.
    update_interval
        The clusters of a symbol are computed at most once in this time, seconds; 0 to 3600. In
        between they stay as they are, except for `LiquidationCluster.distance_from_price`, which is
        always from the newest price.
    lookback_time_constants
        Older liquidations, in units of `time_decay_minutes`, are left out. 0.1 to 50.
    db
        Address of the database, a file as a rule; ``None``: ``heatmap.sqlite3`` in the user's data
        directory. The directory of a file that is given must exist.
    ws_url, rest_url
        Bases of the exchange's websocket and REST addresses.
    connection_times
        The connection's waiting times; ``None``: those that suit the real exchange.

    Raises
    ------
    SettingsError
        A parameter is out of its range; also a ValueError. The message names both.

    Examples
    --------
    ::

        with LiveLiquidationHeatmap() as heatmap:
            heatmap.start_stream(["BTCUSDT", "ETHUSDT"])
            while True:
                for cluster in heatmap.get_clusters("BTCUSDT"):
                    print(cluster.side, cluster.price_level, cluster.strength)
                time.sleep(5)
    """

    def __init__(
        self,
        cluster_window_pct: float = 0.02,
        min_cluster_size: int = 5,
        time_decay_minutes: float = 60,
        update_interval: float = 5.0,
        *,
        lookback_time_constants: float = 6.0,
        db: Address | None = None,
        ws_url: str = WS_URL,
        rest_url: str = REST_URL,
        connection_times: ConnectionTimes | None = None,
    ) -> None:
        self._parameters = ClusterParameters(
            cluster_window_pct, min_cluster_size, time_decay_minutes, lookback_time_constants
        )
        require_number("update_interval", update_interval, 0, LONGEST_INTERVAL_S)
        _require_url("ws_url", ws_url, ("ws", "wss"))
        _require_url("rest_url", rest_url, ("http", "https"))
        self._update_interval_s = update_interval
        # It is kept as the store was kept so far.
        self._recording = Recording(
            open_store(db),
            ws_url=ws_url,
            rest_url=rest_url,
            connection_times=connection_times or ConnectionTimes(),
            keeps_retention=True,
        )
        # A recorder that is started anew keeps to what the exchange asked of the one before.
        self._connection_memory = ConnectionMemory()
        _living.add(self)
        self._begin_stopped()
        # One for all sessions: each would begin with this machine's clock, which may be wrong.
        self._clock = ExchangeClock(self._newest_heartbeat, wall_clock_ms, time.monotonic)

    def _begin_stopped(self) -> None:
        # Held by start_stream and stop, for as long as they take; nothing else waits for it.
        self._lifecycle = threading.Lock()
        # These two are replaced as a whole, by whoever holds the lock, and read without it.
        self._session: _Session | None = None
        self._symbols: tuple[str, ...] = ()
        # By symbol: the price that was given last, and the exchange's time of the mark price that
        # was there before it. Written with the lock held.
        self._given: dict[str, tuple[float, int | None]] = {}
        store = self._recording.store
        self._levels = LevelBook(LevelStore.of(store, MarketHistory.beside(store.address)))
        self._prices_lock = threading.Lock()
        self._clock_lock = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.stop()

    # -- life ---------------------------------------------------------------------------------

    def start_stream(self, symbols: Iterable[str]) -> None:
        """Record these symbols from now on, beside those that are recorded already.

        Returns when the database is open, or stood by for; the connection comes a moment later.
        Where a symbol is new, the recorder starts anew for all of them, and the connection with it;
        otherwise nothing happens. Only `stop` ends a symbol.

        Parameters
        ----------
        symbols
            One or more like ``BTCUSDT`` or ``BTC/USDT:USDT``, in capitals or not.

        Raises
        ------
        ValueError
            There is none, or one of them is no symbol; nothing has changed then.
        StorageError
            The database cannot be used; nothing runs then.
        """
        wanted = parse_symbols(symbols)
        with self._lifecycle:
            before = self._session
            kept = () if before is None else before.symbols
            together = tuple(dict.fromkeys([*kept, *wanted]))
            if before is not None and before.recorder.is_running() and together == kept:
                return
            self._start(together, before)
            session = self._session
            if session is not None and (missing := _missing(session.recorder.status())):
                logger.warning("%s", failure_text(missing))

    def stop(self) -> None:
        """Stop recording; everything received is in the database then. Takes under 3 s, idempotent.

        There are no clusters afterwards, until `start_stream` is called again. Not from a signal
        handler or a ``__del__``: they interrupt a call that may hold what this waits for. Set a
        flag there, and stop where it is looked at; Ctrl-C without a handler of its own is fine.
        """
        with self._lifecycle:
            session, self._session = self._session, None
            with self._prices_lock:
                self._given.clear()
            if session is not None:
                session.close()

    def is_running(self) -> bool:
        """Whether it records; `status` tells whether data comes."""
        session = self._session
        return session is not None and session.recorder.is_running()

    def status(self) -> dict[str, Any]:
        """Return how it is, as plain facts that `json.dumps` takes.

        Returns
        -------
        dict
            ``running``; ``live`` (the exchange delivers heartbeats at this moment); ``role``
            (``writer``, ``standby`` while another recorder writes the database, or ``stopped``);
            ``symbols``; ``database``; ``prices``, USD by symbol, ``None`` where none is known yet;
            ``failure`` of the clusters, or ``None``; and ``recorder``, `RecorderStatus` as a dict
            with everything else, ``None`` while stopped.
        """
        session = self._session
        recorder = self.recorder_status()
        return {
            "running": self.is_running(),
            "live": recorder is not None and recorder.connection is ConnectionState.LIVE,
            "role": (SinkRole.STOPPED if recorder is None else recorder.role).value,
            "symbols": list(self._symbols),
            "database": str(self._recording.store.address),
            "prices": {
                symbol: None if session is None else self._price(symbol, session)
                for symbol in self._symbols
            },
            "failure": as_plain(self.failure()),
            "recorder": as_plain(recorder),
        }

    def recorder_status(self) -> RecorderStatus | None:
        """Return the recorder's own snapshot; ``None`` while stopped."""
        session = self._session
        return None if session is None else session.recorder.status()

    def failure(self) -> Failure | None:
        """Return what is amiss with the clusters; ``None``: nothing, or it is stopped."""
        session = self._session
        if session is None:
            return None
        return session.failure or _missing(session.recorder.status())

    # -- prices and clusters ------------------------------------------------------------------

    def update_price(self, symbol: str, price: float) -> None:
        """Set the current price of a symbol.

        The exchange's mark price, which comes once a second, does so as well: the newer of the two
        counts. So this is needed only to be ahead of it.

        Parameters
        ----------
        symbol
            One of those that were started.
        price
            USD.

        Raises
        ------
        ValueError
            `symbol` was not started, or `price` is not above 0 and at most 1e18.
        """
        symbol = self._require_started(symbol)
        price = require_price("price", price)
        session = self._session
        if session is not None:
            with self._prices_lock:
                seen_ms = session.recorder.status().heartbeats.get(symbol)
                self._given[symbol] = price, seen_ms

    def get_clusters(self, symbol: str, *, price: float | None = None) -> FoundClusters:
        """Return the clusters of a symbol.

        Reads the database at the first call for it, which takes three milliseconds for a
        thousand liquidations within the lookback.

        Parameters
        ----------
        symbol
            One of those that were started.
        price
            What the distances are from, USD, for this call only; ``None``: the newest price.

        Returns
        -------
        FoundClusters
            A list of `LiquidationCluster`, the strongest first; its `recorded_share`, 0 to 1, tells
            how much of the lookback was recorded. Empty where there is none, and after `stop`.
            While no price is known the distances are from that of the newest liquidation. Where the
            database cannot be read at present, those that were computed last; `status` tells why.

        Raises
        ------
        ValueError
            `symbol` was not started, or `price` is not above 0 and at most 1e18.
        """
        symbol = self._require_started(symbol)
        if price is not None:
            price = require_price("price", price)
        while (session := self._session) is not None:
            newest = self._price(symbol, session) if price is None else price
            clusters = session.clusters(symbol, newest)
            if session is self._session:
                return clusters
            # Another has taken its place meanwhile, and it may have been closed.
        return FoundClusters()

    def get_best_cluster(
        self, symbol: str, min_strength: float = 0.6, *, price: float | None = None
    ) -> LiquidationCluster | None:
        """Return the cluster that the price is most likely drawn to, by a rule of thumb.

        Long clusters below the price and short clusters above it are candidates; see
        `Heatmap.aggregation.clusters.find_clusters.best_cluster`.

        Parameters
        ----------
        symbol, price
            As in `get_clusters`.
        min_strength
            Weaker clusters are no candidates. 0 to 1.

        Returns
        -------
        LiquidationCluster or None
            ``None`` without a candidate.

        Raises
        ------
        ValueError
            As in `get_clusters`, or `min_strength` is not a number from 0 to 1.
        """
        return best_cluster(self.get_clusters(symbol, price=price), min_strength)

    # -- predicted levels ---------------------------------------------------------------------

    def get_levels(
        self,
        symbol: str,
        model: LevelModel | str = LevelModel.CALIBRATED,
        *,
        at: int | None = None,
    ) -> PredictedLevels:
        """Return where liquidations are expected, if the price goes there.

        A statement with an "if": not where the price goes. Its dollars are what Binance would
        report, a lower bound. The first call after a new minute reads candles and computes, which
        takes a second for a month of them.

        Parameters
        ----------
        symbol
            One of those that were started.
        model
            ``calibrated``, ``binance_standard``, ``funding_adjusted``, ``py_liquidation_map`` or
            ``ensemble``.
        at
            As of when, UTC milliseconds; ``None``: now. Nothing that came later is looked at.

        Returns
        -------
        PredictedLevels
            With its score, what it was fitted on, and notes that say why it is empty or partial.

        Raises
        ------
        ValueError
            `symbol` was not started, or there is no such model.
        StorageError
            The database cannot be read.
        """
        symbol = self._require_started(symbol)
        if model not in PREDICTED_MODELS:
            raise ValueError(f"model must be one of {', '.join(PREDICTED_MODELS)}, got {model!r}")
        span_ms = HeatmapSettings().candle_retention_ms
        return self._levels.levels(symbol, self._now_ms(), span_ms, LevelModel(model), at)

    # -- inside -------------------------------------------------------------------------------

    def _forget_parent(self) -> None:
        """Be stopped, in a child: its locks may be held by threads that it does not have."""
        _parents.append(self._session)
        self._begin_stopped()

    def _require_started(self, name: str) -> str:
        symbol, symbols = parse_symbol(name), self._symbols
        if symbol not in symbols:
            allowed = ", ".join(symbols) or "none yet"
            raise ValueError(
                f"symbol must be one of those given to start_stream ({allowed}), got {name!r}"
            )
        return symbol

    def _start(self, symbols: tuple[str, ...], before: "_Session | None") -> None:
        """Record `symbols` in the place of what was recorded before; with the lock held."""
        session = _Session(
            self._recording,
            symbols,
            self._parameters,
            self._update_interval_s,
            self._connection_memory,
            self._now_ms,
        )
        if before is not None:
            before.recorder.stop()
            # Its last mark prices count until the first ones of the new recorder.
            with self._prices_lock:
                for symbol in before.symbols:
                    if (price := self._price(symbol, before)) is not None:
                        self._given[symbol] = price, None
        try:
            session.recorder.start()
            self._symbols, self._session = symbols, session
        except BaseException:
            self._session = None
            session.close()
            raise
        finally:
            # Up to here it has answered what was asked meanwhile.
            if before is not None:
                before.close()

    def _price(self, symbol: str, session: "_Session") -> float | None:
        """Return the newest price, USD; ``None``: none is known."""
        status = session.recorder.status()
        mark_price, given = status.mark_prices.get(symbol), self._given.get(symbol)
        if given is None:
            return mark_price
        price, seen_ms = given
        # Each mark price has a time of its own: while it is the same, none has come since.
        is_older = mark_price is None or status.heartbeats.get(symbol) == seen_ms
        return price if is_older else mark_price

    def _now_ms(self) -> int:
        with self._clock_lock:
            return self._clock()

    def _newest_heartbeat(self) -> tuple[int, float] | None:
        session = self._session
        return None if session is None else session.recorder.status().newest_heartbeat


class _Session:
    """One recorder and what is computed of its symbols, from a start to the next. Thread-safe."""

    def __init__(
        self,
        recording: Recording,
        symbols: tuple[str, ...],
        parameters: ClusterParameters,
        update_interval_s: float,
        memory: ConnectionMemory,
        now_ms: Callable[[], int],
    ) -> None:
        self.symbols = symbols
        self.failure: Failure | None = None
        self._update_interval_s = update_interval_s
        tape = EventTape(recording.store, lambda: is_standby(self.recorder.status()))
        self._book = ClusterBook(tape, parameters)
        self.recorder = make_recorder(
            recording, HeatmapSettings(symbols=symbols), on_stored=tape.add_batch, memory=memory
        )
        self._now_ms = now_ms
        # Held while clusters are computed; guards them.
        self._computing = threading.Lock()
        # The clusters by symbol, and when they were computed, on the monotonic clock.
        self._computed: dict[str, tuple[float, FoundClusters]] = {}

    def close(self) -> None:
        """Stop recording and close the database; idempotent."""
        self.recorder.stop()
        self._book.close()

    def clusters(self, symbol: str, price: float | None) -> FoundClusters:
        """Return the clusters, computed anew when they are due, with distances from `price`."""
        with self._computing:
            now_s = time.monotonic()
            computed_s, clusters = self._computed.get(symbol, (float("-inf"), FoundClusters()))
            if now_s - computed_s >= self._update_interval_s:
                # Before the first heartbeat now is this machine's clock's, which may be wrong; and
                # one may come while the clusters are computed.
                is_lasting = self.recorder.status().last_heartbeat_ms is not None
                clusters = self._compute(symbol, price, clusters)
                self._computed[symbol] = now_s if is_lasting else float("-inf"), clusters
        from_price = clusters if price is None else [_from_price(one, price) for one in clusters]
        return FoundClusters(
            from_price, clusters.recorded_share, was_recorded=clusters.was_recorded
        )

    def _compute(self, symbol: str, price: float | None, before: FoundClusters) -> FoundClusters:
        try:
            clusters = self._book.find(symbol, price, self._now_ms())
        except StorageError as error:
            failure = Failure(FailureKind.NO_CLUSTERS, {"symbol": symbol}, error.failure)
            if failure != self.failure:
                logger.warning("the clusters of %s stay as they are: %s", symbol, error)
            self.failure = failure
            return before
        self.failure = None
        return clusters


def _from_price(cluster: LiquidationCluster, price: float) -> LiquidationCluster:
    return replace(cluster, distance_from_price=(cluster.price_level / price - 1) * 100)


def _missing(status: RecorderStatus) -> Failure | None:
    """Return which symbols nobody records, because the recorder that writes was not asked to."""
    if not status.not_recorded:
        return None
    values = {"symbols": status.not_recorded, "recorded": status.recorded_by_writer}
    return Failure(FailureKind.SYMBOLS_NOT_RECORDED, values)


def _forget_parents() -> None:
    for heatmap in list(_living):
        heatmap._forget_parent()  # noqa: SLF001 - of this module


if hasattr(os, "register_at_fork"):  # not on Windows, where nothing forks
    os.register_at_fork(after_in_child=_forget_parents)
