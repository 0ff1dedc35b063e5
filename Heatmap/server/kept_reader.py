"""One reader of a store that stays open between questions, lent to one thread at a time."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from Heatmap.storage.store import Store, StoreReader


class KeptReader:
    """Opens a store when it is asked, and again where another one stands in its place.

    Parameters
    ----------
    store
        It need not exist yet.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._reader: StoreReader | None = None
        self._is_closed = False

    @contextmanager
    def reading(self) -> Iterator[StoreReader]:
        """Lend the reader; waits for whoever has it.

        Raises
        ------
        StorageError
            The store cannot be read.
        """
        with self._lock:
            reader = self._reader
            if reader is not None and not reader.is_current():
                self._forget()
            try:
                if self._reader is None:
                    self._reader = self._store.open_reader()
                yield self._reader
            except BaseException:
                # One that has failed may go on failing when the store is well again.
                self._forget()
                raise
            if self._is_closed:
                self._forget()

    def close(self) -> None:
        """Close the store once nobody reads; never waits. Idempotent."""
        self._is_closed = True
        if self._lock.acquire(blocking=False):
            try:
                self._forget()
            finally:
                self._lock.release()

    def _forget(self) -> None:
        reader, self._reader = self._reader, None
        if reader is not None:
            reader.close()
