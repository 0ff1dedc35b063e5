"""An event loop that can end while a name is being resolved, and on Ctrl-C at any time."""

import asyncio
import contextlib
import socket
import threading
from collections.abc import Callable
from typing import Any, TypeVar

from Heatmap.runtime.compat import override

_Answer = TypeVar("_Answer")
_AddressInfo = list[tuple[Any, ...]]

_BEAT_S = 0.2


class RecorderLoop(asyncio.SelectorEventLoop):
    """Resolves names in daemon threads; wakes up for signals in the main thread.

    asyncio's own way is a pool whose threads both the end of a loop and the end of the interpreter
    wait for. Without a network a resolution can hang for half a minute, and stopping would too.

    It waits by `select` on Windows as well, and not by completion ports (asyncio's default there):
    so it behaves alike on all systems. What that costs there is pipes and subprocesses, which
    nothing of the recorder needs, and more than 512 sockets, of which it has a handful. On Windows
    no signal interrupts that waiting, so it must not last.
    """

    _next_beat: asyncio.TimerHandle | None = None

    @override
    def run_forever(self) -> None:
        """Run until it is stopped."""
        if threading.current_thread() is not threading.main_thread():
            super().run_forever()  # signals do not come here
            return
        self._beat()
        try:
            super().run_forever()
        finally:
            if self._next_beat is not None:
                self._next_beat.cancel()

    def _beat(self) -> None:
        self._next_beat = self.call_later(_BEAT_S, self._beat)

    # The base class's parameters, less typed: they are handed on as they come.
    @override
    async def getaddrinfo(self, host: Any, port: Any, **hints: Any) -> Any:
        """Resolve as `socket.getaddrinfo`, without blocking the loop."""
        resolved: asyncio.Future[_AddressInfo] = self.create_future()

        def settle(answer: _AddressInfo | BaseException) -> None:
            if resolved.done():  # whoever asked was cancelled
                return
            if isinstance(answer, BaseException):
                resolved.set_exception(answer)
            else:
                resolved.set_result(answer)

        def resolve() -> None:
            answer: _AddressInfo | BaseException
            try:
                answer = socket.getaddrinfo(host, port, **hints)
            except (OSError, UnicodeError, ValueError, OverflowError) as error:
                answer = error
            with contextlib.suppress(RuntimeError):  # the loop has ended
                self.call_soon_threadsafe(settle, answer)

        threading.Thread(target=resolve, name="heatmap-resolver", daemon=True).start()
        return await resolved


async def in_daemon_thread(function: Callable[[], _Answer]) -> _Answer:
    """Call a function that may block; neither the loop's end nor the interpreter's waits for it."""
    loop = asyncio.get_running_loop()
    answered: asyncio.Future[_Answer] = loop.create_future()

    def settle(answer: _Answer | None, error: Exception | None) -> None:
        if answered.done():  # whoever asked was cancelled
            return
        if error is not None:
            answered.set_exception(error)
        else:
            answered.set_result(answer)  # type: ignore[arg-type]  # None only where it answers None

    def call() -> None:
        answer: _Answer | None = None
        failure: Exception | None = None
        try:
            answer = function()
        except Exception as error:  # noqa: BLE001 - raised again where it is awaited
            failure = error
        with contextlib.suppress(RuntimeError):  # the loop has ended
            loop.call_soon_threadsafe(settle, answer, failure)

    threading.Thread(target=call, name="heatmap-worker", daemon=True).start()
    return await answered
