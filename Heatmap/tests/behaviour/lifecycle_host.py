"""A host in a process of its own: its loop, its layers, and a watch on what blocks its loop."""

import _thread
import asyncio
import gc
import linecache
import logging
import os
import sys
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import Heatmap
from Heatmap import HeatmapService, HeatmapSettings
from Heatmap.picture.messages import CellQuery
from Heatmap.tests.array_reader import EventReader
from Heatmap.tests.behaviour.scripted_exchange import ScriptedExchange
from Heatmap.tests.behaviour.scripted_service import make_service
from Heatmap.tests.behaviour.service_world import RecordingLayer
from Heatmap.tests.left_behind import own_threads

PACKAGE = str(Path(Heatmap.__file__).parent) + os.sep
TESTS = PACKAGE + "tests" + os.sep
# What Python tells of that reaches a disk, the network or another process.
BLOCKING_EVENTS = frozenset(
    {
        "open",
        "sqlite3.connect",
        "time.sleep",
        "socket.connect",
        "socket.getaddrinfo",
        "socket.gethostbyaddr",
        "socket.gethostbyname",
        "socket.getnameinfo",
    }
)
BLOCKING_FAMILIES = ("fcntl.", "glob.", "os.", "shutil.", "subprocess.", "tempfile.")
# A hand over to a worker begins its thread where there is none yet, and asyncio's own way to do so
# waits until that runs. Imports and the log are the application's; source lines are read for the
# tracebacks that asyncio keeps of every task and appointment in its debug mode alone.
BEGIN_OF_A_THREAD = threading.Thread.start.__code__
LOG_MODULES = str(Path(logging.__file__).parent) + os.sep
EXEMPT_MODULES = ("<frozen importlib", linecache.__file__, LOG_MODULES)
# The service joins this one last of all, when the work that it awaited there has come back: the
# thread is at its end, and a host that goes on shall find no thread left.
EXEMPT_THREAD = "Heatmap control"


class WatchedLock:
    """A lock that knows whether somebody waits for something else while holding it.

    With `is_reentrant` its thread may take it again, as an `RLock`.

    Where the loop takes such a lock, it may wait as long; how long a lock is held cannot be told
    from a single run.
    """

    def __init__(self, watch: "LoopWatch", *, is_reentrant: bool = False) -> None:
        self._watch = watch
        self._lock: Any = _thread.RLock() if is_reentrant else _thread.allocate_lock()
        self.waits: set[str] = set()
        self.taken: set[str] = set()
        if not is_reentrant:
            self.locked = self._lock.locked
        self._at_fork_reinit = self._lock._at_fork_reinit

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:
        return self._take(sys._getframe(1), blocking, timeout)

    def release(self) -> None:
        held = self._watch.held()
        if self in held:
            held.remove(self)
        self._lock.release()

    def __enter__(self) -> bool:
        return self._take(sys._getframe(1), True, -1)

    def __exit__(self, *_: object) -> None:
        self.release()

    def _take(self, frame: FrameType, blocking: bool, timeout: float) -> bool:
        place = self._watch.place_on_loop(frame) if blocking else ""
        if place and timeout > 0:
            self._watch.note("Lock.acquire with a timeout", place)
        elif place:
            self.taken.add(place)
            self._watch.taken.add(self)
        is_taken: bool = self._lock.acquire(blocking, timeout)
        if is_taken:
            self._watch.held().append(self)
        return is_taken


class LoopWatch:
    """Notes what the package does in the loop's thread that may block it; in a host's process only.

    What counts is what the package does, and not a test which it has called. No time is measured:
    what may block is noted, however soon it returns.

    Attributes
    ----------
    faults
        What was noted, with its places.
    taken
        Locks that the loop's thread has taken.
    """

    def __init__(self) -> None:
        self.faults: set[str] = set()
        self.taken: set[WatchedLock] = set()
        self._thread: int | None = None
        self._local = threading.local()
        self._is_over = False
        sys.addaudithook(self._hear)
        self._wrap(time, "sleep", "time.sleep")
        self._wrap(os, "stat", "os.stat")
        self._wrap(threading.Thread, "join", "Thread.join")
        # Events, queues, semaphores and the futures of workers wait by it.
        self._wrap(threading.Condition, "wait", "Condition.wait")
        self._replace(threading, "Lock", lambda: WatchedLock(self))
        self._replace(threading, "RLock", self._reentrant_lock)

    @contextmanager
    def of_this_thread(self) -> Iterator[None]:
        """Watch this thread, while its loop runs."""
        self._thread = threading.get_ident()
        try:
            yield
        finally:
            self._thread = None

    def findings(self) -> list[str]:
        """Return what was noted, and the locks that the loop should not take; notes no more."""
        # A hook cannot be taken away, and would be called while Python takes its modules apart.
        self._is_over = True
        locks = (
            f"a lock is held while waiting {sorted(lock.waits)} and taken {sorted(lock.taken)}"
            for lock in self.taken
            if lock.waits
        )
        return sorted(self.faults) + sorted(locks)

    def note(self, what: str, place: str) -> None:
        self.faults.add(f"{what} {place}")

    def held(self) -> list[WatchedLock]:
        """Return the locks that this thread holds."""
        if not hasattr(self._local, "held"):
            self._local.held = []
        return self._local.held  # type: ignore[no-any-return]

    def place_on_loop(self, frame: FrameType | None) -> str:
        """Return where the package does something on the loop; empty where it is not so."""
        return place_of(frame) if threading.get_ident() == self._thread else ""

    def _hear(self, event: str, _words: tuple[object, ...]) -> None:
        if self._is_over:
            return
        if event in BLOCKING_EVENTS or event.startswith(BLOCKING_FAMILIES):
            self._meet(event, sys._getframe(1))

    def _meet(self, what: str, frame: FrameType | None, own: object = None) -> None:
        """Note something that may block: on the loop, or while holding locks but for its own."""
        if threading.get_ident() == self._thread:
            place = place_of(frame)
            if place:
                self.note(what, place)
        locks = [lock for lock in self.held() if lock is not own]
        if locks and (place := place_of(frame)):
            for lock in locks:
                lock.waits.add(f"{what} {place}")

    def _reentrant_lock(self) -> Any:
        """Make one for the package itself; those of conditions have more methods."""
        is_own = sys._getframe(1).f_code.co_filename.startswith(PACKAGE)
        return WatchedLock(self, is_reentrant=True) if is_own else _thread.RLock()

    def _wrap(self, owner: Any, name: str, what: str) -> None:
        work = getattr(owner, name)

        def tell_first(*words: Any, **options: Any) -> Any:
            timeout_s = options.get("timeout", words[1] if words[1:] else None)
            is_exempt = name == "join" and words[0].name.startswith(EXEMPT_THREAD)
            # A question whether it would have to wait is none.
            is_question = name in ("join", "wait") and timeout_s is not None and timeout_s <= 0
            if not is_exempt and not is_question:
                # A condition lets go of its own lock while it waits.
                own = getattr(words[0], "_lock", None) if name == "wait" else None
                self._meet(what, sys._getframe(1), own)
            return work(*words, **options)

        self._replace(owner, name, tell_first)

    @staticmethod
    def _replace(owner: Any, name: str, other: Callable[..., Any]) -> None:
        """Replace it where it is, and under the names by which the package has imported it."""
        before = getattr(owner, name)
        setattr(owner, name, other)
        for module_name, module in list(sys.modules.items()):
            if module_name.startswith("Heatmap."):
                for known, value in list(vars(module).items()):
                    if value is before:
                        setattr(module, known, other)


def place_of(frame: FrameType | None) -> str:
    """Return where the package does something; empty where a test does, or what is exempt."""
    while frame is not None:
        code = frame.f_code
        if code is BEGIN_OF_A_THREAD or code.co_filename.startswith(EXEMPT_MODULES):
            return ""
        if code.co_filename.startswith(PACKAGE):
            if code.co_filename.startswith(TESTS):
                return ""
            return f"in {code.co_filename.removeprefix(PACKAGE)}, {code.co_qualname}"
        frame = frame.f_back
    return ""


class AskingLayer(RecordingLayer):
    """A layer whose page also asks what lies under its crosshair."""

    def __init__(self) -> None:
        super().__init__()
        self.answers: list[object] = []

    def show_cell(self, report: object) -> None:
        self.answers.append(report)

    def ask(self) -> None:
        assert self.listener is not None
        grid = self.grids[-1]
        start_ms = grid["timeStartMs"]
        self.listener.cell_asked(
            CellQuery(
                grid["priceLow"],
                grid["priceLow"] + grid["binUsd"],
                start_ms,
                start_ms + grid["binMs"],
            )
        )


class FailingLayer(AskingLayer):
    """A layer that fails at everything it is told, while it is `broken`."""

    def __init__(self) -> None:
        self.broken = False
        super().__init__()

    def __getattribute__(self, name: str) -> Any:
        told = ("set_listener", "show_grid", "append_cells", "set_options", "clear", "show_part")
        if name in told and self.broken:
            return self._fail
        return super().__getattribute__(name)

    def _fail(self, *_words: object) -> None:
        raise RuntimeError("wrapped C/C++ object of type HeatmapBridge has been deleted")


class Host:
    """An application with a loop, which it opens, runs and closes; it notes every fault."""

    def __init__(self, kind: str, directory: Path) -> None:
        self.kind = kind
        self.faults: list[str] = []
        self.expects_errors = False
        self.watch = LoopWatch()
        self.loop: asyncio.AbstractEventLoop
        self.layer = AskingLayer()
        self.exchange = ScriptedExchange()
        self.directory = directory
        self.database = directory / "x.sqlite3"
        self.sent = 0
        if kind == "qasync":
            from PyQt6.QtCore import QCoreApplication  # noqa: PLC0415 - in a host's process only

            self.application = QCoreApplication(["host"])
        handler = logging.Handler(logging.ERROR)
        handler.emit = self._note_record  # type: ignore[method-assign]
        logging.getLogger().addHandler(handler)

    def _note_record(self, record: logging.LogRecord) -> None:
        # The exchange is not the plugin's, and a connection that ends early its everyday matter.
        if not record.name.startswith("websockets") and not self.expects_errors:
            self.faults.append(f"{record.name}: {record.getMessage()} {record.exc_info}")

    def _note_context(self, _loop: object, context: dict[str, Any]) -> None:
        task = context.get("task")
        # What the host leaves pending itself is its own affair.
        if task is None or not task.get_name().startswith("host"):
            self.faults.append(f"loop: {context}")

    def make_service(self, **settings: Any) -> HeatmapService:
        return make_service(self.exchange, self.database, HeatmapSettings(enabled=True, **settings))

    def run(self, script: Callable[[], Awaitable[None]]) -> None:
        """Run a script in a new loop until it ends or asks to `quit`, and close the loop."""
        self.open_loop()
        task = self.loop.create_task(script(), name="host script")  # type: ignore[arg-type]
        task.add_done_callback(lambda _task: self.loop.stop())
        with self.watch.of_this_thread():
            self.loop.run_forever()
        if task.done():
            task.result()
            assert [handle for handle in self.timers() if not handle.cancelled()] == []
        self.loop.close()
        del task
        gc.collect()

    def open_loop(self) -> None:
        if self.kind == "qasync":
            from qasync import QEventLoop  # noqa: PLC0415

            self.loop = QEventLoop(self.application)
        else:
            self.loop = asyncio.new_event_loop()
        self.loop.set_exception_handler(self._note_context)
        asyncio.set_event_loop(self.loop)

    async def quit(self) -> None:
        """End the loop here and now, as a host does whose last window was closed."""
        self.loop.stop()
        await asyncio.Event().wait()

    async def until(self, condition: Callable[[], object], timeout_s: float = 20.0) -> None:
        async with asyncio.timeout(timeout_s):
            while not condition():  # noqa: ASYNC110 - state of other threads
                await asyncio.sleep(0.005)

    async def show(self, service: HeatmapService) -> None:
        """Have the layer's page opened, and wait for its picture."""
        await self.until(service.is_live)
        count = len(self.layer.grids)
        self.layer.open_page()
        await self.until(lambda: len(self.layer.grids) > count)

    async def record_one(self, service: HeatmapService) -> None:
        """Have one liquidation come, and wait until it is stored."""
        status = service.recorder_status()
        assert status is not None
        before = status.stored
        self.exchange.liquidate(price="100000.5")
        self.sent += 1
        await self.until(lambda: (service.recorder_status() or status).stored > before)

    def assert_nothing_left(self) -> None:
        assert own_threads() == []
        names = [task.get_name() for task in asyncio.all_tasks(self.loop)]
        assert not [name for name in names if not name.startswith("host")]

    def timers(self) -> list[asyncio.Handle]:
        if self.kind == "asyncio":
            return list(self.loop._scheduled)  # type: ignore[attr-defined]
        return list(self.loop._timer._SimpleTimer__callbacks.values())  # type: ignore[attr-defined]

    def assert_all_stored(self) -> None:
        with EventReader(self.database) as reader:
            assert len(reader.read_window("BTCUSDT", 0, None).events) == self.sent


@contextmanager
def held(owner: type, name: str) -> Iterator[tuple[threading.Event, threading.Event]]:
    """Let a piece of work begin and wait; give what tells that it began, and what lets it go on."""
    begun, gate = threading.Event(), threading.Event()
    work = getattr(owner, name)

    def wait_first(*arguments: Any) -> Any:
        begun.set()
        gate.wait(30)
        return work(*arguments)

    setattr(owner, name, wait_first)
    try:
        yield begun, gate
    finally:
        gate.set()
        setattr(owner, name, work)
