"""What runs in the host's event loop, which the host may close at any moment."""

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import Executor
from contextlib import suppress
from typing import Any, TypeVar

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
    """Cancel a task; one whose loop was closed never goes on anyway, and refuses to be told."""
    if not task.get_loop().is_closed():
        # At the end of the interpreter what a loop of Qt consists of may be gone before it.
        with suppress(RuntimeError):
            task.cancel()


def ignore_result(done: asyncio.Future[Any]) -> None:
    """Let a result go that comes too late: a failure among them is nobody's any more.

    Without this the host would find it in its log, as never retrieved.
    """
    if not done.cancelled():
        done.exception()


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
        if self._loop is not None and not self._is_working:
            self._appointment = self._loop.call_later(delay_s, self._keep)

    def hand_over(
        self, executor: Executor, work: Callable[[], T], take: Callable[[asyncio.Future[T]], None]
    ) -> None:
        """Run `work` in a worker thread, and hand what came of it to `take`; one at a time.

        Raises
        ------
        RuntimeError
            The turns have ended, or the worker threads have.
        """
        if self._loop is None:
            raise RuntimeError("work was handed over after the turns had ended")
        done = self._loop.run_in_executor(executor, work)
        self._is_working = True
        begun = self._begun

        def finish(done: asyncio.Future[T]) -> None:
            if begun != self._begun or self._loop is None:
                ignore_result(done)
                return
            self._is_working = False
            if not done.cancelled():
                take(done)

        done.add_done_callback(finish)

    def _keep(self) -> None:
        self._appointment = None
        self._take_turn()

    def _cancel(self) -> None:
        if self._appointment is not None:
            self._appointment.cancel()
            self._appointment = None
