"""An event loop that can end while a name is being resolved."""

import asyncio
import contextlib
import socket
import threading
from typing import Any

from Heatmap.runtime.compat import override

_AddressInfo = list[tuple[Any, ...]]


class RecorderLoop(asyncio.SelectorEventLoop):
    """Resolves names in daemon threads.

    asyncio's own way is a pool whose threads both the end of a loop and the end of the interpreter
    wait for. Without a network a resolution can hang for half a minute, and stopping would too.
    """

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
