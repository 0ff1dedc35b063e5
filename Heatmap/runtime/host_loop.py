"""What runs in the host's event loop, which the host may close at any moment."""

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import Executor
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from threading import get_ident
from time import monotonic
from typing import Any, Generic, TypeVar, cast

from Heatmap.runtime.safe_log import get_logger

logger = get_logger(__name__)

T = TypeVar("T")

# From one look at a worker to the next: a part of the time that it has taken, within these.
_FIRST_LOOK_S, _LONGEST_LOOK_S, _LOOK_PART = 0.001, 0.02, 0.1


class LoopFault(Enum):
    """Why a host's loop is the reason that nothing is drawn; values as those of `FailureKind`.

    Attributes
    ----------
    MOVING
        It was started in a loop that does not run now, and is about to move to the one that does.
    CLOSED
        The loop was closed.
    NOT_RUNNING
        The loop does not run.
    """

    MOVING = "loop_moving"
    CLOSED = "loop_closed"
    NOT_RUNNING = "loop_not_running"


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
    error: BaseException | None

    def result(self) -> T:
        """Return the value, or raise the error."""
        if self.error is not None:
            raise self.error
        return cast("T", self.value)


class _Work(Generic[T]):
    """A piece of work in a worker thread; the loop looks whether it is done.

    The worker does not tell the loop. With qasync that is a signal of a Qt object, which goes with
    the application, in C++ and at any moment: a host that ends without stopping the service would
    end with a segmentation fault. No look at the loop beforehand can exclude that.
    """

    def __init__(self, executor: Executor, work: Callable[[], T]) -> None:
        # Set by the worker, as the last thing that it does.
        self.outcome: Outcome[T] | None = None
        self._work = work
        self._begun_s = monotonic()
        executor.submit(self._run)

    @property
    def look_s(self) -> float:
        """Time until the next look, seconds: a part of what it has taken so far."""
        waited_s = monotonic() - self._begun_s
        return min(max(_FIRST_LOOK_S, waited_s * _LOOK_PART), _LONGEST_LOOK_S)

    def _run(self) -> None:
        try:
            self.outcome = Outcome(self._work(), None)
        except BaseException as error:  # noqa: BLE001 - raised where it is taken
            self.outcome = Outcome(None, error)


def hand_over(
    loop: asyncio.AbstractEventLoop,
    executor: Executor,
    work: Callable[[], T],
    take: Callable[[Outcome[T]], None],
) -> Callable[[], None]:
    """Run `work` in a worker thread, and have `loop` hand what came of it to `take`.

    Returns
    -------
    callable
        Has it handed to nobody; idempotent. On the loop's thread.

    Raises
    ------
    RuntimeError
        The loop is closed, or the worker threads have ended.
    """
    if loop.is_closed():
        raise RuntimeError("work was handed over for a loop that is closed")
    under_way = _Work(executor, work)
    appointment: asyncio.TimerHandle

    def look() -> None:
        nonlocal appointment
        if under_way.outcome is None:
            appointment = loop.call_later(under_way.look_s, look)
        else:
            take(under_way.outcome)

    appointment = loop.call_later(under_way.look_s, look)

    def forget() -> None:
        appointment.cancel()

    return forget


async def run_beside(executor: Executor, work: Callable[[], T]) -> T:
    """Run `work` in a worker thread; at the end of the interpreter, which begins none, here.

    Whoever is cancelled while waiting for it does not interrupt it.
    """
    try:
        under_way = _Work(executor, work)
    except RuntimeError:
        return work()
    while under_way.outcome is None:  # noqa: ASYNC110 - nothing tells the loop
        await asyncio.sleep(under_way.look_s)
    return under_way.outcome.result()


def running_loop() -> asyncio.AbstractEventLoop | None:
    """Return the event loop that runs in this thread; ``None``: none does."""
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


@dataclass(slots=True)
class Request:
    """A start that was asked for in a loop, and has not had a turn of it yet.

    Attributes
    ----------
    loop
        Where it was asked for; ``None``: before any loop ran.
    has_begun
        It has had its first turn.
    is_taken
        It was begun in another loop, which runs in the place of its own.
    """

    loop: asyncio.AbstractEventLoop | None
    has_begun: bool = False
    is_taken: bool = False


class LoopHome:
    """Which loop a service belongs to, and whether another one runs in its thread by now.

    A host may run its loop inside a coroutine of another loop, as ``asyncio.run(main)`` with Qt's
    loop in ``main``. What was begun in the outer one then has no turn before the end.

    Parameters
    ----------
    move
        Called in the loop that does run, once for each time that it was noticed.
    """

    def __init__(self, move: Callable[[], None]) -> None:
        self.loop: asyncio.AbstractEventLoop | None = None
        # How often it has come to a loop: what was under way before then is void.
        self.visit = 0
        self._move = move
        self._thread: int | None = None
        self._request: Request | None = None
        self._moving_to: asyncio.AbstractEventLoop | None = None

    @property
    def awaits_turn(self) -> bool:
        """Whether a start was asked for and has had no turn yet."""
        return self._request is not None and not self._request.has_begun

    def ask(self) -> Request:
        """Note that a start is asked for, before it has a turn."""
        self._request = Request(running_loop())
        self._thread = get_ident()
        return self._request

    def begin(self, request: Request, *, is_wanted: bool) -> bool:
        """Note that a start has its first turn; whether it is still to be done.

        It is not where it was begun in another loop meanwhile, and perhaps stopped there.
        """
        request.has_begun = True
        loop = running_loop()
        if request.is_taken and not (is_wanted and loop is self.loop):
            return False
        if loop is None:
            # Qt's loop has ended inside the one that gives this its turn.
            logger.warning("start() has had no turn before the end of its loop: nothing is begun")
        return loop is not None

    def enter(self) -> bool:
        """Belong to the running loop; whether it is another one than before."""
        loop = asyncio.get_running_loop()
        self._moving_to = None
        if self.awaits_turn and self._request is not None and self._request.loop is not loop:
            self._request.has_begun = self._request.is_taken = True
        if loop is self.loop:
            return False
        self.loop, self._thread = loop, get_ident()
        self.visit += 1
        return True

    def look(self, *, is_wanted: bool) -> bool:
        """Notice that another loop runs here than its own; whether it is about to move there.

        Parameters
        ----------
        is_wanted
            Whether it is to run; what is stopped has nothing to move.
        """
        running, own = running_loop(), self.loop
        if self.awaits_turn and self._request is not None:
            own, is_wanted = self._request.loop, True
        if running is None or own is None or running is own or get_ident() != self._thread:
            return False
        if not is_wanted:
            return False
        if self._moving_to is not running:
            self._moving_to = running
            # Not at once: it may be noticed amid a feed's work.
            running.call_soon(self._arrive, running)
        return True

    def fault(self) -> LoopFault | None:
        """Return why nothing is drawn, where the loop is the reason; ``None``: it is not."""
        if self._moving_to is not None:
            return LoopFault.MOVING
        if self.loop is None or running_loop() is not None:
            return None
        if self.loop.is_closed():
            return LoopFault.CLOSED
        return None if self.loop.is_running() else LoopFault.NOT_RUNNING

    def _arrive(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._moving_to is loop:
            self._move()


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
        self._thread: int | None = None
        self._appointment: asyncio.TimerHandle | None = None
        # When the last appointment was to be kept, by the monotonic clock.
        self._due_s = 0.0
        self._is_working = False
        # Has what came of the work handed to nobody.
        self._forget_work: Callable[[], None] | None = None

    @property
    def loop(self) -> asyncio.AbstractEventLoop | None:
        """The loop between `begin` and `end`; ``None`` outside."""
        return self._loop

    @property
    def moment_s(self) -> float:
        """The time for a turn that was appointed, by the monotonic clock, seconds.

        A timer of Qt may end some milliseconds early: what its turn is for is due all the same.
        """
        return max(self._due_s, monotonic())

    @property
    def is_working(self) -> bool:
        """Whether work was handed over, and nothing has come of it yet."""
        return self._is_working

    def begin(self, loop: asyncio.AbstractEventLoop) -> None:
        """Take turns in `loop` from now on; make an appointment for the first one."""
        self._forget()
        self._loop, self._thread = loop, get_ident()

    def end(self) -> None:
        """Take no more turns, and no more results; idempotent."""
        self._loop = None
        self._forget()
        self._cancel()

    def appoint(self, delay_s: float = 0.0) -> None:
        """Take a turn after a delay, in place of an earlier appointment.

        In another thread it does nothing, and what is due waits for the next turn. The garbage
        collector leads there, by a page or a dialog that it takes amid the recorder's work.
        """
        if get_ident() != self._thread:
            return
        self._cancel()
        loop = self._loop
        if loop is not None and not self._is_working and not loop.is_closed():
            self._due_s = monotonic() + delay_s
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

        def finish(outcome: Outcome[T]) -> None:
            self._is_working, self._forget_work = False, None
            take(outcome)

        self._forget_work = hand_over(self._loop, executor, work, finish)
        self._is_working = True

    def _keep(self) -> None:
        self._appointment = None
        self._take_turn()

    def _forget(self) -> None:
        """Take no result of what was handed over before: it comes too late, or never."""
        forget, self._forget_work, self._is_working = self._forget_work, None, False
        if forget is not None:
            forget()

    def _cancel(self) -> None:
        if self._appointment is not None:
            self._appointment.cancel()
            self._appointment = None
