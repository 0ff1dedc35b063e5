"""Worker threads of one server, in lanes: what takes long never keeps a short question waiting.

- In each lane askers have turns: one who asks for much waits for himself, not others for him.
- States of streams have a lane of their own: all streams together take no route its threads. So
  have answers that are kept for all, and those of a time that one asker chose.
- Whoever goes away before his turn is not worked for.
"""

import asyncio
import queue
import threading
from collections import OrderedDict, deque
from collections.abc import Callable, Hashable
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, TypeVar

from Heatmap.errors import StorageError
from Heatmap.server import texts
from Heatmap.server.problems import ProblemError

Result = TypeVar("Result")

ASKER: ContextVar[Hashable] = ContextVar("ASKER", default="")
"""Who asks, so that askers have turns; the guard sets it for each request."""
MOST_WAITING = 24
"""So many computations of one asker run and wait at once; more are refused."""
MOST_WAITING_IN_ALL = 96
"""So many of all of them."""
_READERS, _KEEPERS, _COMPUTERS, _STATE_MAKERS = 4, 2, 1, 1


class Work:
    """Runs calls beside the server's loop, on which it belongs."""

    def __init__(self) -> None:
        self._quick = _Lane("Heatmap server read", _READERS)
        self._kept = _Lane("Heatmap server levels", _KEEPERS)
        self._slow = _Lane("Heatmap server times", _COMPUTERS)
        self._states = _Lane("Heatmap server states", _STATE_MAKERS)

    async def quick(self, call: Callable[[], Result]) -> Result:
        """Run what reads a little.

        Raises
        ------
        StorageError
            The server ends.
        """
        return await self._quick.run(ASKER.get(), call)

    async def slow(self, call: Callable[[], Result], *, is_kept: bool = False) -> Result:
        """Run what computes for seconds.

        Parameters
        ----------
        call
            What computes.
        is_kept
            The answer is kept for all who ask.

        Raises
        ------
        ProblemError
            So much waits already that this would take minutes.
        StorageError
            The server ends.
        """
        asker, lane = ASKER.get(), self._kept if is_kept else self._slow
        if lane.count_of(asker) >= MOST_WAITING or lane.count >= MOST_WAITING_IN_ALL:
            raise ProblemError(503, texts.BUSY)
        return await lane.run(asker, call)

    async def state(self, asker: Hashable, call: Callable[[], Result]) -> Result:
        """Run what computes the state of a stream.

        Parameters
        ----------
        asker
            The stream.
        call
            What computes.

        Raises
        ------
        StorageError
            The server ends.
        """
        return await self._states.run(asker, call)

    def close(self) -> None:
        """Take nothing more; what runs ends by itself, and is not waited for. Idempotent."""
        for one in (self._quick, self._kept, self._slow, self._states):
            one.close()


@dataclass(slots=True, eq=False)
class _Job:
    asker: Hashable
    call: Callable[[], Any]
    future: asyncio.Future[Any]


class _Lane:
    """Some threads, and what waits for them.

    The threads are daemons: a program that ends does not wait for seconds of computing.
    """

    def __init__(self, name: str, threads: int) -> None:
        self._name = name
        self._most = threads
        self._threads: list[threading.Thread] = []
        self._running: set[_Job] = set()
        # By asker; the first one has the next turn.
        self._waiting: OrderedDict[Hashable, deque[_Job]] = OrderedDict()
        self._todo: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._is_closed = False

    @property
    def count(self) -> int:
        """How many calls run and wait."""
        return len(self._running) + sum(map(len, self._waiting.values()))

    def count_of(self, asker: Hashable) -> int:
        """Return how many calls of one asker run and wait."""
        running = sum(one.asker == asker for one in self._running)
        return running + len(self._waiting.get(asker, ()))

    async def run(self, asker: Hashable, call: Callable[[], Result]) -> Result:
        if self._is_closed:
            raise StorageError(texts.CLOSING)
        future: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        job = _Job(asker, call, future)
        self._waiting.setdefault(asker, deque()).append(job)
        self._hand_on()
        try:
            return await future
        finally:
            self._forget(job)

    def close(self) -> None:
        self._is_closed = True
        jobs = [*self._running, *(job for jobs in self._waiting.values() for job in jobs)]
        self._waiting.clear()
        for job in jobs:
            if not job.future.done():
                job.future.set_exception(StorageError(texts.CLOSING))
        for _ in self._threads:
            self._todo.put(None)
        self._threads.clear()

    def _hand_on(self) -> None:
        """Give free threads what waits, an asker after the other."""
        while len(self._running) < self._most and self._waiting:
            asker, jobs = self._waiting.popitem(last=False)
            job = jobs.popleft()
            if jobs:
                self._waiting[asker] = jobs
            self._running.add(job)
            if len(self._running) > len(self._threads):
                thread = threading.Thread(target=self._serve, name=self._name, daemon=True)
                self._threads.append(thread)
                thread.start()
            self._todo.put(job)

    def _forget(self, job: _Job) -> None:
        """Let go of one that nobody waits for any more, before its turn."""
        jobs = self._waiting.get(job.asker)
        if jobs is not None and job in jobs:
            jobs.remove(job)
            if not jobs:
                del self._waiting[job.asker]

    def _serve(self) -> None:
        """Work, in a thread of its own."""
        while (job := self._todo.get()) is not None:
            result, error = None, None
            try:
                result = job.call()
            except BaseException as caught:  # noqa: BLE001 - raised where it is waited for
                error = caught
            try:
                job.future.get_loop().call_soon_threadsafe(self._finish, job, result, error)
            except RuntimeError:
                return  # the server has ended meanwhile
            # Else the last answer is kept until the next question.
            del job, result, error

    def _finish(self, job: _Job, result: object, error: BaseException | None) -> None:
        self._running.discard(job)
        if not job.future.done():
            if error is None:
                job.future.set_result(result)
            else:
                job.future.set_exception(error)
        if not self._is_closed:
            self._hand_on()
