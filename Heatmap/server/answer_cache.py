"""Answers that take seconds to compute, kept and brought up to date beside those who ask.

Levels change once a minute, and a month of candles takes seconds. While the next answer is being
computed the one before is given, for `STALE_S` at the most; each answer says as of when it is. Each
is computed once, however many ask.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from time import monotonic

from Heatmap.runtime.safe_log import get_logger
from Heatmap.server.json_answer import Packed
from Heatmap.server.work import Work

logger = get_logger(__name__)

FRESH_S = 1.0
"""An answer is looked at again after this time."""
STALE_S = 30.0
"""An answer that could not be looked at for so long is not given any more."""
_MOST_ANSWERS = 64


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer, ready to be sent.

    Attributes
    ----------
    basis
        Equal to that of another answer where both say the same.
    packed
        What is sent.
    """

    basis: object
    packed: Packed


Make = Callable[[Answer | None], Answer]
"""Makes an answer in a worker thread; takes the one before, and may return it."""


@dataclass(slots=True, eq=False)
class _Entry:
    answer: Answer | None = None
    # When it was found to be right, on the monotonic clock.
    checked_s: float = 0.0
    task: asyncio.Task[Answer] | None = None


class AnswerCache:
    """Belongs on the server's loop.

    Parameters
    ----------
    work
        Where answers are made.
    clock_s
        The monotonic clock, seconds.
    """

    def __init__(self, work: Work, clock_s: Callable[[], float] = monotonic) -> None:
        self._work = work
        self._clock_s = clock_s
        self._entries: OrderedDict[Hashable, _Entry] = OrderedDict()

    async def get(self, key: Hashable, make: Make) -> Packed:
        """Return an answer that is at most `STALE_S` old.

        What `make` raises is raised here, unless there is an answer that may still be given.
        """
        entry = self._entries.setdefault(key, _Entry())
        self._entries.move_to_end(key)
        while len(self._entries) > _MOST_ANSWERS:
            self._entries.popitem(last=False)
        age_s = self._clock_s() - entry.checked_s
        if entry.answer is not None and age_s < FRESH_S:
            return entry.answer.packed
        if entry.task is None:
            entry.task = asyncio.create_task(self._check(entry, make), name="Heatmap answer")
            entry.task.add_done_callback(_look_at)
        if entry.answer is not None and age_s < STALE_S:
            return entry.answer.packed
        # Whoever goes away does not end it for the others.
        return (await asyncio.shield(entry.task)).packed

    async def _check(self, entry: _Entry, make: Make) -> Answer:
        try:
            before = entry.answer
            answer = await self._work.slow(lambda: make(before), is_kept=True)
            entry.answer, entry.checked_s = answer, self._clock_s()
            return answer
        finally:
            entry.task = None

    async def close(self) -> None:
        """Wait for nothing any more."""
        for entry in self._entries.values():
            if entry.task is not None:
                entry.task.cancel()
        self._entries.clear()


def _look_at(task: "asyncio.Task[Answer]") -> None:
    """Log what went wrong where nobody waits for it; whoever asks next tries again."""
    if not task.cancelled() and (error := task.exception()) is not None:
        logger.info("an answer could not be computed: %s", error)
