"""Stored batches on their way from the recorder's thread to the host's event loop."""

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Sequence

from Heatmap.domain.events import StoredBatch

INBOX_LIMIT = 1_000
"""Batches kept for a loop that does not run; beyond it they are dropped, and that is told."""


class BatchInbox:
    """Takes batches in the recorder's thread, and delivers them in the loop. Thread-safe.

    At most one callback to the loop is pending at any time, however many batches wait.

    Parameters
    ----------
    deliver
        Called in the loop with the batches that have come since the last time, the oldest first,
        and whether others were dropped before them.
    """

    def __init__(self, deliver: Callable[[Sequence[StoredBatch], bool], None]) -> None:
        self._deliver = deliver
        self._lock = threading.Lock()
        self._batches: deque[StoredBatch] = deque()
        self._has_overflown = False
        # A callback that will deliver them is on its way.
        self._is_pending = False

    def put(self, batch: StoredBatch, loop: asyncio.AbstractEventLoop | None) -> None:
        """Take a batch for `loop`; ``None``: there is none yet, and it waits for the next `put`."""
        with self._lock:
            self._batches.append(batch)
            if len(self._batches) > INBOX_LIMIT:
                self._batches.clear()
                self._has_overflown = True
            if self._is_pending or loop is None:
                return
            self._is_pending = True
        try:
            loop.call_soon_threadsafe(self._drain)
        except RuntimeError:
            # The host has closed its loop without stopping the service; recording goes on.
            self.empty()

    def empty(self) -> None:
        """Forget what waits, and a callback that a closed loop will never make."""
        with self._lock:
            self._batches.clear()
            self._is_pending = False
            self._has_overflown = False

    def _drain(self) -> None:
        with self._lock:
            batches = list(self._batches)
            self._batches.clear()
            self._is_pending = False
            has_overflown, self._has_overflown = self._has_overflown, False
        self._deliver(batches, has_overflown)
