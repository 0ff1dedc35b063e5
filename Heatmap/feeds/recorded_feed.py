"""Recorded liquidations of single symbols for whoever follows them, told on the host's loop.

- They are read in a worker thread. Each follower has a book of its own, which is begun anew with
  each start of the service: what it is told first is the whole.
- News are told at most four times a second, what changes with the clock once a second.
- A book that cannot be read is tried again after `RETRY_S`; what a listener fails with is logged.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import partial
from time import monotonic
from typing import Any, Generic, TypeVar

from Heatmap.feeds.recorded_books import (
    RecordedBook,
    RecordedTotals,
    TapeBook,
    TapeNews,
    TotalsBook,
)
from Heatmap.feeds.replay_reads import RecordedTime, RecordedTimeBook
from Heatmap.runtime.guarded import guarded
from Heatmap.runtime.host_loop import Outcome, Turns, run_beside
from Heatmap.runtime.safe_log import get_logger
from Heatmap.sources.heat_source import Heartbeats
from Heatmap.storage.event_tape import EventTape

logger = get_logger(__name__)

LOOK_S = 0.25
"""From one look at what is stored to the next."""
CLOCK_S = 1.0
"""Without anything new it is read again after this time, for what changes with the clock."""
RETRY_S = 5.0
"""Time until the next try after reading failed."""

Answer = TypeVar("Answer")
TapeListener = Callable[[TapeNews], object]
"""Called with what a tape did not know yet."""
TimeListener = Callable[[RecordedTime | None], object]
"""Called with what time was recorded, where that has changed."""
TotalsListener = Callable[[RecordedTotals], object]
"""Called with totals that have changed."""


@dataclass(frozen=True, slots=True)
class RecordedSource:
    """Where it comes from.

    Attributes
    ----------
    tape
        What is stored.
    clock
        Data time now, UTC milliseconds.
    heartbeats
        What a symbol's heartbeats prove beyond the written coverage; ``None``: nothing.
    """

    tape: EventTape
    clock: Callable[[], int]
    heartbeats: Callable[[str], Heartbeats | None]


class RecordedFeed:
    """Tells followers what was recorded of their symbols. Belongs on the loop's thread.

    They may come at any time, and are told between `start` and `stop`, which may alternate.
    """

    def __init__(self, source: RecordedSource) -> None:
        self._source = source
        self._executor: Executor | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._followings: list[_Following[Any]] = []

    def start(self, executor: Executor) -> None:
        """Begin to read in `executor`; call it in the running loop. Idempotent."""
        if self._loop is not None:
            return
        self._executor, self._loop = executor, asyncio.get_running_loop()
        for following in self._followings:
            following.begin(self._loop, executor)

    def stop(self) -> None:
        """End it; idempotent, and never waits."""
        self._executor = self._loop = None
        for following in self._followings:
            following.end()

    def hurry(self) -> None:
        """Look at everything anew: the clock has jumped."""
        for following in self._followings:
            following.hurry()

    def follow_tape(
        self, symbol: str, listener: TapeListener, least_usd: float = 0.0
    ) -> Callable[[], None]:
        """Tell `listener` the newest liquidations, and then what is new; see `TapeBook`.

        Returns
        -------
        callable
            Ends it; idempotent.
        """
        make = partial(TapeBook, self._source.tape, symbol, least_usd)
        return self._add(_Following(self._source, symbol, make, _unless_none(listener), LOOK_S))

    def follow_totals(self, symbol: str, listener: TotalsListener) -> Callable[[], None]:
        """Tell `listener` the totals soon, and whenever they have changed; see `TotalsBook`.

        Returns
        -------
        callable
            Ends it; idempotent.
        """
        make = partial(TotalsBook, self._source.tape, symbol)
        return self._add(_Following(self._source, symbol, make, _if_changed(listener), CLOCK_S))

    def follow_time(self, symbol: str, listener: TimeListener) -> Callable[[], None]:
        """Tell `listener` soon, and whenever it has changed; see `RecordedTimeBook`.

        Returns
        -------
        callable
            Ends it; idempotent.
        """
        make = partial(RecordedTimeBook, self._source.tape, symbol)
        return self._add(_Following(self._source, symbol, make, _if_changed(listener), CLOCK_S))

    async def totals(self, symbol: str) -> RecordedTotals:
        """Return the totals as of now.

        Raises
        ------
        ValueError
            It is stopped.
        StorageError
            The store cannot be read.
        """
        executor, source = self._executor, self._source
        if executor is None:
            raise ValueError("totals need a service that runs; start it first")
        book = TotalsBook(source.tape, symbol)
        read = partial(book.read, source.clock(), source.heartbeats(symbol))
        try:
            return await run_beside(executor, read)
        finally:
            book.close()

    def _add(self, following: "_Following[Any]") -> Callable[[], None]:
        following.join(self._followings)
        if self._loop is not None and self._executor is not None and not self._loop.is_closed():
            following.begin(self._loop, self._executor)
        return following.leave


class _Following(Generic[Answer]):
    """One follower: its book, and its turns.

    Parameters
    ----------
    source
        Where it comes from.
    symbol
        Of what.
    make_book
        Makes a book that begins anew.
    tell
        Takes what was read.
    look_s
        From one look to the next, seconds.
    """

    def __init__(
        self,
        source: RecordedSource,
        symbol: str,
        make_book: Callable[[], RecordedBook[Answer]],
        tell: Callable[[Answer], object],
        look_s: float,
    ) -> None:
        self._source = source
        self._symbol = symbol
        self._make_book = make_book
        self._tell = tell
        self._look_s = look_s
        self._turns = Turns(self._take_turn)
        self._book: RecordedBook[Answer] | None = None
        self._executor: Executor | None = None
        self._read_s = 0.0
        # What was read, or is being read, may be of a moment before a jump.
        self._is_stale = False
        # What it failed with last, in words: told once.
        self._failure = ""
        self._others: list[_Following[Any]] = []

    def join(self, others: "list[_Following[Any]]") -> None:
        """Be one of these until it leaves."""
        self._others = others
        others.append(self)

    def leave(self) -> None:
        """End, and be one of the others no more; idempotent, and a call of a `Farewell`."""
        self.end()
        if self in self._others:
            self._others.remove(self)

    def begin(self, loop: asyncio.AbstractEventLoop, executor: Executor) -> None:
        """Read from the beginning, in `executor`."""
        self.end()
        self._book, self._executor, self._read_s = self._make_book(), executor, 0.0
        self._turns.begin(loop)
        self._turns.appoint()

    def hurry(self) -> None:
        """Read as soon as may be, at most once in `LOOK_S`."""
        self._is_stale = True
        self._turns.appoint(self._wait_s())

    def end(self) -> None:
        """Read and tell nothing any more; never waits."""
        self._turns.end()
        book, self._book = self._book, None
        if book is not None:
            book.close()

    def note_error(self, error: Exception) -> None:
        """Log an error once, and try again after a while."""
        if repr(error) != self._failure:
            self._failure = repr(error)
            logger.warning(
                "what was recorded of %s could not be told: %s", self._symbol, error, exc_info=error
            )
        self._turns.appoint(RETRY_S)

    @guarded
    def _take_turn(self) -> None:
        book, executor, now_s = self._book, self._executor, monotonic()
        if book is None or executor is None:
            return
        is_due = self._is_stale or now_s - self._read_s >= CLOCK_S
        if not (is_due or book.has_news()):
            self._turns.appoint(self._look_s)
            return
        self._read_s, self._is_stale = now_s, False
        source = self._source
        work = partial(book.read, source.clock(), source.heartbeats(self._symbol))
        self._turns.hand_over(executor, work, self._take)

    @guarded
    def _take(self, done: Outcome[Answer]) -> None:
        answer = done.result()
        self._turns.appoint(self._wait_s() if self._is_stale else self._look_s)
        self._tell(answer)
        self._failure = ""

    def _wait_s(self) -> float:
        return max(0.0, self._read_s + LOOK_S - monotonic())


def _unless_none(listener: Callable[[Answer], object]) -> Callable[[Answer | None], object]:
    def tell(answer: Answer | None) -> None:
        if answer is not None:
            listener(answer)

    return tell


def _if_changed(listener: Callable[[Answer], object]) -> Callable[[Answer], object]:
    told: list[Answer] = []

    def tell(answer: Answer) -> None:
        if told != [answer]:
            told[:] = [answer]
            listener(answer)

    return tell
