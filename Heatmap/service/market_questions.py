"""What a host asks about a market: its clusters, its candles, its predicted levels.

A question is answered once, and a listener each time the answer has changed. Whoever asks about a
symbol that is not recorded by name has its candles fetched from then on.
"""

from collections.abc import Callable
from concurrent.futures import Executor
from functools import partial

from Heatmap.aggregation.clusters.find_clusters import FoundClusters
from Heatmap.domain.candles import MINUTE_MS, CandleHistory
from Heatmap.domain.instruments import parse_symbol
from Heatmap.feeds.cluster_feed import ClusterFeed, ClusterListener
from Heatmap.feeds.level_feed import LevelFeed, LevelListener, LevelQuestion
from Heatmap.feeds.level_market import LevelStore
from Heatmap.levels.models import LevelModel
from Heatmap.levels.predict import PREDICTED_MODELS, PredictedLevels
from Heatmap.runtime.host_loop import run_beside
from Heatmap.service.candle_reads import read_history
from Heatmap.service.symbol_facts import SymbolFacts


class MarketQuestions:
    """The part of `HeatmapService` that answers; belongs on the loop's thread.

    Parameters
    ----------
    store
        Where candles are read from: recorded ones, and imported ones beside them.
    symbols
        Knows which symbols are recorded, and is told of which are looked at.
    clusters, levels
        Find and follow what is asked about.
    executor
        Gives where reading is done; ``None``: the service does not run.
    want_candles
        Has the candles of a symbol fetched from now on.
    look_around
        Has the service notice that another loop runs than the one in which it was started.
    """

    def __init__(
        self,
        store: LevelStore,
        symbols: SymbolFacts,
        clusters: ClusterFeed,
        levels: LevelFeed,
        executor: Callable[[], Executor | None],
        want_candles: Callable[[str], None],
        look_around: Callable[[], object],
    ) -> None:
        self._level_store = store
        self._symbols = symbols
        self._clusters = clusters
        self._levels = levels
        self._executor = executor
        self._want_candles = want_candles
        self._notice_loop = look_around
        self._cluster_leavers: dict[tuple[str, ClusterListener], Callable[[], None]] = {}
        self._level_leavers: dict[tuple[LevelQuestion, LevelListener], Callable[[], None]] = {}

    def tick_origin(self, symbol: str) -> str:
        """Return where its tick size is from: ``exchange``, ``last known`` or ``assumed``."""
        return self._symbols.tick_origin(symbol)

    def is_recorded(self, symbol: str) -> bool:
        """Whether a symbol is to be recorded, by this program or by the one that writes.

        Costs no `recorder_status`. For all of them ask `recorded_symbols`.

        Parameters
        ----------
        symbol
            As instruments are written, such as ``BTCUSDT``; another spelling is not recorded.
        """
        return self._symbols.is_recorded(symbol)

    async def clusters(self, symbol: str, price: float | None = None) -> FoundClusters:
        """Return the price clusters of a recorded symbol as of now, by the current settings.

        Parameters
        ----------
        symbol
            ``BTCUSDT`` or ``BTC/USDT:USDT``, in capitals or not.
        price
            What the distances are from, USD; ``None``: the newest mark price, or that of the newest
            liquidation while there is none.

        Returns
        -------
        FoundClusters
            A list of `LiquidationCluster`, the strongest first; empty while the service is stopped.
            Its `recorded_share` tells how much of the lookback was recorded.

        Raises
        ------
        ValueError
            The symbol is not recorded, or `price` is not above 0 and finite.
        StorageError
            The database cannot be read.
        """
        return await self._clusters.find(self._symbols.require_recorded(symbol), price)

    def add_cluster_listener(self, symbol: str, listener: ClusterListener) -> None:
        """Call `listener` with the symbol and its clusters, soon and after each change.

        Adding it twice is the same as once. The calls come on the loop, at most one in
        ``settings.cluster_interval_s``, while the service runs, also after it was stopped and
        started again.

        Raises
        ------
        ValueError
            The symbol is not recorded.
        """
        self._notice_loop()
        key = self._symbols.require_recorded(symbol), listener
        if key not in self._cluster_leavers:
            self._cluster_leavers[key] = self._clusters.subscribe(*key)

    def remove_cluster_listener(self, symbol: str, listener: ClusterListener) -> None:
        """Call `listener` no more; nothing happens when it is not known."""
        leave = self._cluster_leavers.pop((parse_symbol(symbol), listener), None)
        if leave is not None:
            leave()

    # -- candles and predicted levels ---------------------------------------------------------

    async def candles(
        self, symbol: str, from_ms: int, to_ms: int, interval_ms: int = MINUTE_MS
    ) -> CandleHistory:
        """Return what the recorder has fetched of a symbol's candles; asks no exchange.

        Parameters
        ----------
        symbol
            ``BTCUSDT`` or ``BTC/USDT:USDT``, in capitals or not. Of one that is not recorded by
            name the candles are fetched from now on.
        from_ms, to_ms
            Half-open time, UTC milliseconds.
        interval_ms
            How long a candle lasts: whole minutes. Longer ones are made of minutes.

        Returns
        -------
        CandleHistory
            Closed candles, and the time of which these are all that the exchange has.

        Raises
        ------
        ValueError
            The symbol or the interval is none, or the service does not run.
        StorageError
            The database cannot be read.
        """
        self._notice_loop()
        instrument, executor = parse_symbol(symbol), self._executor()
        self._symbols.note_shown(instrument)
        if executor is None:
            raise ValueError("candles need a service that runs; start it first")
        read = partial(read_history, self._level_store, instrument, from_ms, to_ms, interval_ms)
        return await run_beside(executor, read)

    async def levels(
        self,
        symbol: str,
        model: LevelModel | str = LevelModel.CALIBRATED,
        at: int | None = None,
    ) -> PredictedLevels:
        """Return where liquidations are expected, if the price goes there.

        A statement with an "if": not where the price goes, and not where the next liquidations
        will be. Its dollars are what Binance would report, a lower bound.

        Parameters
        ----------
        symbol
            ``BTCUSDT`` or ``BTC/USDT:USDT``, in capitals or not. Of one that is not recorded by
            name the candles are fetched from now on.
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
            The symbol or the model is none, or the service does not run.
        StorageError
            The database cannot be read.
        """
        self._notice_loop()
        question = self._question(symbol, model)
        self._want_candles(question.symbol)
        return await self._levels.find(question, at)

    def add_levels_listener(
        self,
        symbol: str,
        listener: LevelListener,
        model: LevelModel | str = LevelModel.CALIBRATED,
    ) -> None:
        """Call `listener` with a symbol's `levels`, soon and after each minute.

        Adding it twice is the same as once. The calls come on the loop while the service runs, also
        after it was stopped and started again.

        Raises
        ------
        ValueError
            The symbol or the model is none.
        """
        self._notice_loop()
        question = self._question(symbol, model)
        self._want_candles(question.symbol)
        if (question, listener) not in self._level_leavers:
            leave = self._levels.subscribe(question, listener)
            self._level_leavers[question, listener] = leave

    def remove_levels_listener(
        self,
        symbol: str,
        listener: LevelListener,
        model: LevelModel | str = LevelModel.CALIBRATED,
    ) -> None:
        """Call `listener` no more; nothing happens when it is not known."""
        leave = self._level_leavers.pop((self._question(symbol, model), listener), None)
        if leave is not None:
            leave()

    @staticmethod
    def _question(symbol: str, model: LevelModel | str) -> LevelQuestion:
        if model not in PREDICTED_MODELS:
            raise ValueError(f"model must be one of {', '.join(PREDICTED_MODELS)}, got {model!r}")
        return LevelQuestion(parse_symbol(symbol), LevelModel(model))
