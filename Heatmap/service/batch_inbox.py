"""Stored batches on their way from the recorder's thread to the host's event loop."""

import threading
from collections import deque
from collections.abc import Sequence

from Heatmap.domain.events import StoredBatch

INBOX_LIMIT = 1_000
"""Batches kept for a loop that does not run; beyond it they are dropped, and that is told."""


class BatchInbox:
    """Keeps batches until somebody in the loop takes them. Thread-safe.

    The recorder's thread tells the loop nothing: what a host's loop consists of may be gone at any
    moment, see `Heatmap.runtime.host_loop`. Feeds look here whenever they look for what is due.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._batches: deque[StoredBatch] = deque()
        self._has_overflown = False

    def put(self, batch: StoredBatch) -> None:
        """Take a batch, in the recorder's thread."""
        with self._lock:
            self._batches.append(batch)
            if len(self._batches) > INBOX_LIMIT:
                self._batches.clear()
                self._has_overflown = True

    def take(self) -> tuple[Sequence[StoredBatch], bool]:
        """Return the batches since the last time, and whether others were dropped before them.

        Returns
        -------
        (batches, has_missed)
            The oldest first.
        """
        with self._lock:
            batches, self._batches = self._batches, deque()
            has_overflown, self._has_overflown = self._has_overflown, False
        return list(batches), has_overflown

    def empty(self) -> None:
        """Forget what waits."""
        self.take()
