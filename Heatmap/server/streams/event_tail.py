"""The newest stored liquidations, shared by all streams; each keeps only how far it has come.

- The cursor is the number of a row: rows ascend in the order of committing and never come twice.
- One task looks for new rows while anybody streams. What it finds is kept for a while; a stream
  that has fallen further behind, or resumes, reads the store by itself.
- A stream that never reads holds nothing but its cursor.
"""

import asyncio
from bisect import bisect_right
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from Heatmap.errors import StorageError
from Heatmap.runtime.safe_log import get_logger
from Heatmap.server.kept_reader import KeptReader
from Heatmap.server.streams.bell import Bell
from Heatmap.server.work import Work
from Heatmap.storage.store import EventWindow, StoredEvent

logger = get_logger(__name__)

PAGE = 500
"""So many events are handed on at once."""
_LOOK_S = 0.05
_RETRY_S = 0.5
# No fewer are kept, and no more.
_KEPT, _MOST_KEPT = 4_000, 6_000


class EventTail:
    """Belongs on the server's loop.

    Parameters
    ----------
    reader
        Reads the store.
    work
        Where it is read.
    bell
        Rung when there are new rows.
    """

    def __init__(self, reader: KeptReader, work: Work, bell: Bell) -> None:
        self._reader = reader
        self._work = work
        self._bell = bell
        self._kept: list[StoredEvent] = []
        # All rows after this one, up to the newest, are kept.
        self._floor = 0
        self._newest: int | None = None
        self._streams = 0
        self._task: asyncio.Task[None] | None = None

    @asynccontextmanager
    async def streaming(self) -> AsyncIterator[None]:
        """Look for new rows meanwhile.

        Raises
        ------
        StorageError
            The store cannot be read.
        """
        self._streams += 1
        try:
            if self._task is None or self._task.done():
                newest = await self.newest()
                if self._task is None or self._task.done():
                    self._begin(newest)
            yield
        finally:
            self._streams -= 1

    async def newest(self) -> int:
        """Return the newest row there is.

        Raises
        ------
        StorageError
            The store cannot be read.
        """
        return (await self._read(0, 0)).last_row_id

    async def after(self, row_id: int) -> tuple[Sequence[StoredEvent], int]:
        """Return at most `PAGE` events after a row, and how far that reaches.

        Raises
        ------
        StorageError
            The store cannot be read.
        """
        newest = self._newest or 0
        if row_id == newest:
            return (), newest
        if self._floor <= row_id < newest:
            kept = self._kept
            first = bisect_right(kept, row_id, key=lambda one: one.row_id)
            found = kept[first : first + PAGE]
            return found, found[-1].row_id if first + PAGE < len(kept) else newest
        # Long ago; or ahead of what was looked at, or of rows that have been deleted.
        window = await self._read(row_id, PAGE)
        if len(window.events) == PAGE:
            return window.events, window.events[-1].row_id
        return window.events, window.last_row_id

    def close(self) -> None:
        """Look no more. Idempotent."""
        if self._task is not None:
            self._task.cancel()

    def _begin(self, newest: int) -> None:
        self._kept.clear()
        self._floor = self._newest = newest
        self._task = asyncio.create_task(self._follow(), name="Heatmap server tail")

    async def _follow(self) -> None:
        while self._streams:
            try:
                await self._take_new()
            except StorageError as error:
                logger.info("streams wait for the database: %s", error)
                await asyncio.sleep(_RETRY_S)
            await asyncio.sleep(_LOOK_S)

    async def _take_new(self) -> None:
        before = self._newest or 0
        window = await self._read(before, PAGE)
        if window.events:
            self._kept.extend(window.events)
        if len(self._kept) > _MOST_KEPT:
            self._floor = self._kept[-_KEPT - 1].row_id
            del self._kept[:-_KEPT]
        is_whole = len(window.events) < PAGE
        newest = window.last_row_id if is_whole else window.events[-1].row_id
        if newest == before:
            return
        self._newest = newest
        if newest < before:
            # The newest rows were deleted; what comes next has larger numbers all the same.
            self._kept.clear()
            self._floor = newest
        self._bell.ring()

    async def _read(self, row_id: int, limit: int) -> EventWindow[tuple[StoredEvent, ...]]:
        def read() -> EventWindow[tuple[StoredEvent, ...]]:
            with self._reader.reading() as reader:
                return reader.read_stored(row_id, limit)

        return await self._work.quick(read)
