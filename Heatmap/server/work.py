"""Worker threads of one server: short questions to the store, and levels that take seconds."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from Heatmap.server import texts
from Heatmap.server.problems import ProblemError

Result = TypeVar("Result")

MOST_WAITING = 24
"""So many computations run and wait at once; more are refused."""
_READERS, _COMPUTERS = 4, 2


class Work:
    """Runs calls beside the server's loop; what takes long never keeps a short one waiting."""

    def __init__(self) -> None:
        self._quick = ThreadPoolExecutor(_READERS, "Heatmap server read")
        self._waiting = 0
        self._slow = ThreadPoolExecutor(_COMPUTERS, "Heatmap server levels")

    async def quick(self, call: Callable[[], Result]) -> Result:
        """Run what reads a little."""
        return await asyncio.get_running_loop().run_in_executor(self._quick, call)

    async def slow(self, call: Callable[[], Result]) -> Result:
        """Run what computes for seconds.

        Raises
        ------
        ProblemError
            So much waits already that this would take minutes.
        """
        if self._waiting >= MOST_WAITING:
            raise ProblemError(503, texts.BUSY)
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._slow, call)
        finally:
            self._waiting -= 1

    def close(self) -> None:
        """Take nothing more; what runs ends by itself, and is not waited for."""
        for one in (self._quick, self._slow):
            one.shutdown(wait=False, cancel_futures=True)
