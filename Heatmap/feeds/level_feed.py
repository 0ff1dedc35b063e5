"""Predicted levels for whoever listens: computed in a worker thread, told on the host's loop."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import partial

from Heatmap.errors import Failure, FailureKind, HeatmapError
from Heatmap.feeds.level_book import LevelBook
from Heatmap.levels.models import LevelModel
from Heatmap.levels.predict import PredictedLevels
from Heatmap.runtime.host_loop import Outcome, Turns, run_beside
from Heatmap.runtime.safe_log import get_logger

logger = get_logger(__name__)

LevelListener = Callable[[PredictedLevels], None]
"""Called with what stands, whenever that may be another."""

# Levels change once a minute; a look that finds nothing new costs a few milliseconds of a worker.
_INTERVAL_S = 2.0


@dataclass(frozen=True, slots=True)
class LevelQuestion:
    """What is asked: whose levels, and by which model."""

    symbol: str
    model: LevelModel


class LevelFeed:
    """Tells listeners the levels of their symbols whenever these may have changed.

    `subscribe` may be called at any time; levels are told between `start` and `stop`, which may
    alternate. Belongs on the loop's thread.

    Parameters
    ----------
    book
        Computes them.
    clock
        Data time now, UTC milliseconds.
    span_ms
        Gives how far back candles are used, milliseconds.
    """

    def __init__(
        self, book: LevelBook, clock: Callable[[], int], span_ms: Callable[[], int]
    ) -> None:
        self.failure: Failure | None = None
        self._book = book
        self._clock = clock
        self._span_ms = span_ms
        self._executor: Executor | None = None
        self._turns = Turns(self._take_turn)
        self._listeners: dict[LevelQuestion, list[LevelListener]] = {}
        self._told: dict[LevelQuestion, PredictedLevels] = {}
        self._round: list[LevelQuestion] = []

    def start(self, executor: Executor) -> None:
        """Begin to tell levels, computed in `executor`; in the running loop. Idempotent."""
        if self._turns.loop is None:
            self._executor = executor
            self._turns.begin(asyncio.get_running_loop())
            self._turns.appoint()

    def stop(self) -> None:
        """End it; idempotent."""
        self._executor = None
        self._turns.end()
        self._told.clear()
        self._round.clear()

    def subscribe(self, question: LevelQuestion, listener: LevelListener) -> Callable[[], None]:
        """Tell `listener` levels soon, and whenever they may have changed; return what ends it."""
        self._listeners.setdefault(question, []).append(listener)
        self._told.pop(question, None)
        self._turns.appoint()

        def unsubscribe() -> None:
            listeners = self._listeners.get(question, [])
            if listener in listeners:
                listeners.remove(listener)
            if not listeners:
                self._listeners.pop(question, None)
                self._told.pop(question, None)

        return unsubscribe

    async def find(self, question: LevelQuestion, at_ms: int | None) -> PredictedLevels:
        """Return levels as of a time; ``None``: now.

        Raises
        ------
        ValueError
            It is stopped, or the model has no levels of its own.
        StorageError
            The store cannot be read.
        """
        executor = self._executor
        if executor is None:
            raise ValueError("levels need a service that runs; start it first")
        return await run_beside(executor, self._work(question, at_ms))

    def _work(
        self, question: LevelQuestion, at_ms: int | None = None
    ) -> Callable[[], PredictedLevels]:
        now_ms, span_ms = self._clock(), self._span_ms()
        return partial(
            self._book.levels, question.symbol, now_ms, span_ms, question.model, at_ms=at_ms
        )

    def _take_turn(self) -> None:
        if not self._round:
            self._round = list(self._listeners)
        executor = self._executor
        if not self._round or executor is None:
            # Without anybody who listens there is nothing to come back for.
            return
        question = self._round.pop(0)
        try:
            self._turns.hand_over(executor, self._work(question), partial(self._finish, question))
        except RuntimeError:  # the worker threads have ended
            self._turns.appoint(_INTERVAL_S)

    def _finish(self, question: LevelQuestion, done: Outcome[PredictedLevels]) -> None:
        try:
            self._tell(question, done.result())
        except HeatmapError as error:
            values = {"symbol": question.symbol}
            self.failure = Failure(FailureKind.NO_LEVELS, values, error.failure)
        except Exception as error:
            logger.exception("the levels of %s could not be computed", question.symbol)
            self.failure = Failure(
                FailureKind.LEVELS_NOT_COMPUTED, {"symbol": question.symbol, "error": error}
            )
        self._turns.appoint(0.0 if self._round else _INTERVAL_S)

    def _tell(self, question: LevelQuestion, levels: PredictedLevels) -> None:
        self.failure = None
        # The book gives the same object while nothing is new.
        if self._told.get(question) is levels:
            return
        self._told[question] = levels
        for listener in list(self._listeners.get(question, [])):
            try:
                listener(levels)
            except Exception as error:
                logger.exception("a listener failed on the levels of %s", question.symbol)
                self.failure = Failure(
                    FailureKind.LEVEL_LISTENER_FAILED, {"symbol": question.symbol, "error": error}
                )
