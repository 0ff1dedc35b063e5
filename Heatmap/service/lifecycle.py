"""When a service records and feeds: start, stop and restart, in a loop that the host may close.

- `start` and `stop` may alternate, and come while another one is under way: one holds the lock at
  a time, and the last one that was asked for counts. A stop that was asked for comes first.
- A restart, for other symbols or in another loop, never undoes a stop.
- What was begun in a loop is void once the service belongs to another one (`LoopHome.visit`):
  whoever awaits something looks at that afterwards. Recording goes on meanwhile.
- The recorder is started and stopped in a worker thread of its own, so that no picture holds it up.
"""

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from functools import partial
from typing import Any

from Heatmap.errors import Failure, FailureKind
from Heatmap.heatmap_settings import HeatmapSettings
from Heatmap.runtime.host_loop import LoopHome, Request, begin_task, end_task, run_beside
from Heatmap.runtime.safe_log import get_logger
from Heatmap.service.database_watch import DatabaseWatch
from Heatmap.service.feeding import Feeding
from Heatmap.service.recorder_holder import RecorderHolder

logger = get_logger(__name__)


class Lifecycle:
    """Starts and stops the recorder, and the feeds with it. Belongs on the loop's thread.

    Parameters
    ----------
    recording, feeding
        What is started and stopped.
    watch
        Reads what the database knows of the symbols.
    settings
        Gives the current settings.
    learn
        Takes the tick sizes that the database knows, USD, once recording has begun.

    Attributes
    ----------
    home
        Which loop it belongs to.
    executor
        Where feeds read and build; ``None``: it does not run.
    is_started
        Recording has begun, and what attaches is fed.
    is_wanted
        The host wants it to run: a restart must not undo a stop.
    failure
        What a restart failed with; ``None``: nothing.
    """

    def __init__(
        self,
        recording: RecorderHolder,
        feeding: Feeding,
        watch: DatabaseWatch,
        settings: Callable[[], HeatmapSettings],
        learn: Callable[[dict[str, Decimal]], None],
    ) -> None:
        self.home = LoopHome(self._move_over)
        self.executor: ThreadPoolExecutor | None = None
        self.is_started = False
        self.is_wanted = False
        self.failure: Failure | None = None
        self._recording = recording
        self._feeding = feeding
        self._watch = watch
        self._settings = settings
        self._learn = learn
        self._control: ThreadPoolExecutor | None = None
        self._stop_task: asyncio.Task[None] | None = None
        self._restart_task: asyncio.Task[None] | None = None
        self._lock = asyncio.Lock()

    def start(self) -> Coroutine[Any, Any, None]:
        """Return what starts it; it may be awaited in another loop than this one."""
        request = self.home.ask()
        if request.loop is not None:
            self._feeding.listen()
        return self._start_asked(request)

    async def _start_asked(self, request: Request) -> None:
        if not self.home.begin(request, is_wanted=self.is_wanted):
            return
        self.is_wanted = True
        self._enter_loop()
        # A stop that was asked for before comes first, though its task has not begun.
        if self._stop_task is not None and not self._stop_task.done():
            await asyncio.shield(self._stop_task)
        async with self._lock:
            # A stop that was asked for after this start, and waited for its turn with it, counts.
            if self.is_wanted:
                await self._start()

    async def stop(self) -> None:
        """Stop it; whoever is cancelled while waiting for it does not interrupt it."""
        self.is_wanted = False
        loop = self._enter_loop()
        if self._stop_task is None or self._stop_task.done():
            self._stop_task = begin_task(loop, self._stop_alone(), "Heatmap stop")
        await asyncio.shield(self._stop_task)

    def look_around(self) -> bool:
        """Notice a loop that runs in the place of its own; whether it is about to move there."""
        return self.home.look(is_wanted=self.is_wanted)

    def loop_failure(self) -> Failure | None:
        """Return why nothing is drawn, where the loop is the reason; ``None``: it is not."""
        fault = self.home.fault() if self.is_wanted or self.home.awaits_turn else None
        return None if fault is None else Failure(FailureKind(fault.value))

    def feed_layers(self) -> None:
        """Feed the layers that were attached since."""
        self._feeding.feed_layers(self.executor, self.home.loop)

    def request_restart(self) -> None:
        """Start, or start anew for other symbols, in a task of the loop."""
        loop, task = self.home.loop, self._restart_task
        if loop is not None and not loop.is_closed() and (task is None or task.done()):
            self._restart_task = begin_task(loop, self._restart(), "Heatmap recorder restart")

    def _move_over(self) -> None:
        """Go on in the running loop, in place of the one that has no turn while this one runs."""
        self.is_wanted = True
        self._enter_loop()
        self.request_restart()

    def _enter_loop(self) -> asyncio.AbstractEventLoop:
        """Belong to the running loop; leave behind what was under way in an earlier one.

        Recording goes on meanwhile. A start or a stop that was under way in a loop which was closed
        never ends, and holds its lock for ever; in one that waits, it finds that it is void.
        """
        loop = asyncio.get_running_loop()
        if not self.home.enter():
            return loop
        self._lock = asyncio.Lock()
        for task in (self._stop_task, self._restart_task):
            if task is not None and task.get_loop().is_closed():
                end_task(task)
        self._stop_task = self._restart_task = None
        self._feeding.leave_loop()
        return loop

    async def _start(self) -> None:
        visit = self.home.visit
        if not (self._recording.is_running() and self.is_started):
            await self._stop()
            if visit == self.home.visit:
                await self._start_recorder()
        if visit != self.home.visit:
            # Another loop took over meanwhile.
            return
        self._feeding.begin(self.executor, self.home.loop)

    async def _start_recorder(self) -> None:
        visit = self.home.visit
        self.executor = ThreadPoolExecutor(max_workers=2, thread_name_prefix="Heatmap")
        # Apart from the pictures, so that none of them holds up the recorder's start and stop.
        self._control = ThreadPoolExecutor(max_workers=1, thread_name_prefix="Heatmap control")
        # Known before it runs: what is set, stopped or cancelled meanwhile reaches it.
        self.failure = None
        self._feeding.forget_failures()
        recorder = self._recording.make(self._settings())
        try:
            await run_beside(self._control, recorder.start)
            known = await run_beside(
                self._control, partial(self._watch.tick_sizes, self._recording.all_names)
            )
        except GeneratorExit:
            # The host has closed its loop: nothing can be awaited any more.
            raise
        except BaseException:
            if visit == self.home.visit:
                await self._stop()
            raise
        if visit == self.home.visit:
            self._learn(known)
            self.is_started = True

    async def _stop_alone(self) -> None:
        async with self._lock:
            await self._stop()

    async def _stop(self) -> None:
        self.is_started = False
        self._feeding.end(is_wanted=self.is_wanted)
        # Whoever asks for the status meanwhile gives it no more to do.
        executor, self.executor = self.executor, None
        if executor is not None:
            # Its threads end even where the host closes the loop before this has waited for them.
            executor.shutdown(wait=False)
        control = self._control
        if control is None:
            return
        visit, recorder = self.home.visit, self._recording.recorder
        if recorder is not None:
            await run_beside(control, recorder.stop)
            if visit != self.home.visit:
                return
            self._recording.forget(recorder)
        # A picture under way is waited for beside the loop, not in it.
        if executor is not None:
            await run_beside(control, executor.shutdown)
            if visit != self.home.visit:
                return
        control.shutdown(wait=True)
        self._control = None

    async def _restart(self) -> None:
        """Record what is set now, unless the host has stopped the service meanwhile."""
        visit = self.home.visit
        try:
            async with self._lock:
                while self.is_wanted and visit == self.home.visit:
                    if self._recording.symbols != self._settings().symbols:
                        await self._stop()
                    await self._start()
                    if self._recording.symbols == self._settings().symbols:
                        break
        except Exception as error:
            logger.exception("recording could not be started again")
            self.failure = Failure(FailureKind.NOT_RESTARTED, cause=Failure.of(error))
