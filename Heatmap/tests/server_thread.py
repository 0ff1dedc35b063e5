"""A server of a test: in a thread with a loop of its own, so that a busy test does not delay it."""

import asyncio
import threading
from collections.abc import Coroutine
from contextlib import AbstractAsyncContextManager
from typing import Any, Self

_LIMIT_S = 10.0


class ServerThread:
    """Start with ``with``: it serves from then on, until the end.

    Whoever derives from it says in `serving` how, and calls ``super().__init__()``.
    """

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop
        self._stop: asyncio.Event
        self._ready = threading.Event()
        self._fault: BaseException | None = None
        name = type(self).__name__
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._ready.wait(_LIMIT_S)
        if self._fault is not None:
            raise self._fault
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(_LIMIT_S)
        assert not self._thread.is_alive()
        if self._fault is not None:
            raise self._fault

    def serving(self) -> AbstractAsyncContextManager[object]:
        """Return within what it serves; its addresses are known once that was entered."""
        raise NotImplementedError

    def call(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        """Run a coroutine in the server's loop, and return its result; from another thread."""
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(_LIMIT_S)

    def _run(self) -> None:
        try:
            asyncio.run(self._main())
        except BaseException as error:  # noqa: BLE001 - raised where it was started
            self._fault = error
            self._ready.set()

    async def _main(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        async with self.serving():
            self._ready.set()
            await self._stop.wait()
