"""What runs in the host's event loop, which the host may close at any moment."""

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import Executor
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Generic, TypeVar, cast

T = TypeVar("T")


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
    """Cancel a task; one whose loop was closed never goes on, and ends here.

    Left to the garbage collector it would end amid anything, or be told of as never awaited.
    """
    # At the end of the interpreter what a loop of Qt consists of may be gone before it; and what
    # waits for the task in a closed loop cannot be told.
    with suppress(RuntimeError):
        if not task.get_loop().is_closed():
            task.cancel()
        elif (coroutine := task.get_coro()) is not None:
            coroutine.close()


@dataclass(frozen=True, slots=True)
class Outcome(Generic[T]):
    """What came of a piece of work: its value, or the error that it ended with.

    It is handed on as a value: an exception of a future that is not taken any more, as its loop has
    just been stopped, would be told of in the host's log.
    """

    value: T | None
    error: Exception | None

    def result(self) -> T:
        """Return the value, or raise the error."""
        if self.error is not None:
            raise self.error
        return cast("T", self.value)


def hand_over(
    loop: asyncio.AbstractEventLoop,
    executor: Executor,
    work: Callable[[], T],
    take: Callable[[Outcome[T]], None],
) -> None:
    """Run `work` in a worker thread, and have `loop` hand what came of it to `take`.

    Raises
    ------
    RuntimeError
        The loop is closed, or the worker threads have ended.
    """

    def run() -> Outcome[T]:
        try:
            return Outcome(work(), None)
        except Exception as error:  # noqa: BLE001 - raised where it is taken
            return Outcome(None, error)

    def arrive(done: asyncio.Future[Outcome[T]]) -> None:
        if not done.cancelled():
            take(done.result())

    loop.run_in_executor(executor, run).add_done_callback(arrive)


async def run_beside(
    loop: asyncio.AbstractEventLoop, executor: Executor, work: Callable[[], object]
) -> None:
    """Run `work` in a worker thread; at the end of the interpreter, which begins none, here."""
    try:
        under_way = loop.run_in_executor(executor, work)
    except RuntimeError:
        work()
        return
    await under_way


class Turns:
    """Looks again and again at what is due: one appointment at a time, none while a worker is busy.

    In callbacks and not in a task: while a host has a modal dialog open in a task of its own,
    asyncio refuses all other tasks their turn. Belongs on the loop's thread.

    Parameters
    ----------
    take_turn
        Looks at what is due; makes the next appointment, or hands work over.
    """

    def __init__(self, take_turn: Callable[[], None]) -> None:
        self._take_turn = take_turn
        self._loop: asyncio.AbstractEventLoop | None = None
        self._appointment: asyncio.TimerHandle | None = None
        self._is_working = False
        # How often it has begun: a result of an earlier time is none any more.
        self._begun = 0

    @property
    def loop(self) -> asyncio.AbstractEventLoop | None:
        """The loop between `begin` and `end`; ``None`` outside."""
        return self._loop

    def begin(self, loop: asyncio.AbstractEventLoop) -> None:
        """Take turns in `loop` from now on; make an appointment for the first one."""
        # What was handed over before never comes, or comes too late.
        self._loop, self._is_working = loop, False
        self._begun += 1

    def end(self) -> None:
        """Take no more turns, and no more results; idempotent."""
        self._loop = None
        self._cancel()

    def appoint(self, delay_s: float = 0.0) -> None:
        """Take a turn after a delay, in place of an earlier appointment."""
        self._cancel()
        loop = self._loop
        if loop is not None and not self._is_working and not loop.is_closed():
            self._appointment = loop.call_later(delay_s, self._keep)

    def hand_over(
        self, executor: Executor, work: Callable[[], T], take: Callable[[Outcome[T]], None]
    ) -> None:
        """Run `work` in a worker thread, and hand what came of it to `take`; one at a time.

        Raises
        ------
        RuntimeError
            The turns have ended, or the loop is closed, or the worker threads have ended.
        """
        if self._loop is None:
            raise RuntimeError("work was handed over after the turns had ended")
        begun = self._begun

        def finish(outcome: Outcome[T]) -> None:
            if begun == self._begun and self._loop is not None:
                self._is_working = False
                take(outcome)

        hand_over(self._loop, executor, work, finish)
        self._is_working = True

    def _keep(self) -> None:
        self._appointment = None
        self._take_turn()

    def _cancel(self) -> None:
        if self._appointment is not None:
            self._appointment.cancel()
            self._appointment = None
