"""Follows stored events: a first window, then news, each event once. Imports no numpy.

Whoever keeps up with a store follows its tape and keeps no cursor. `tape_cursor` has the rules;
this module reads the store where they say so.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Generic, Protocol

from Heatmap.domain.events import StoredBatch
from Heatmap.domain.instruments import InstrumentName
from Heatmap.storage.engine import (
    Events,
    EventWindow,
    Gather,
    Row,
    Store,
    StoredEvent,
    StoreReader,
)
from Heatmap.storage.tape_cursor import Step, TapeCursor


@dataclass(frozen=True, slots=True, eq=False)
class News(Generic[Events]):
    """What a follower did not know yet.

    Attributes
    ----------
    events
        As the follower gathers them, sorted by time. They may be older than the window's start:
        some come late. Empty: there are none.
    restarted
        They are the whole window and take the place of all that came before: it was read for the
        first time or on request, or another store stands in the place of the one that was followed.
    """

    events: Events
    restarted: bool


class _Follows(Protocol):
    """Who is told of batches."""

    @property
    def is_closed(self) -> bool: ...

    def receive_batch(self, batch: StoredBatch, /) -> None: ...

    def lose_batches(self) -> None: ...


class EventTape:
    """What is stored in one store, for any number of followers. Thread-safe.

    The recorder of this process hands its batches to `add_batch`; where another one writes, the
    store is read. One reader serves all, and is closed when nobody follows any more.

    Parameters
    ----------
    store
        What is followed; it need not exist before the first read.
    is_standby
        Whether another recorder writes the store at present; asked in any thread. By default
        always, for programs that hand over no batches.
    """

    def __init__(self, store: Store, is_standby: Callable[[], bool] = lambda: True) -> None:
        self.store = store
        self._is_standby = is_standby
        # Replaced as a whole under the lock, and looked at without it.
        self._followers: tuple[_Follows, ...] = ()
        self._lock = threading.Lock()
        # Held while the store is read. What closes it never waits for this.
        self._reading = threading.Lock()
        self._reader: StoreReader | None = None

    def add_batch(self, batch: StoredBatch) -> None:
        """Take events that were committed, in that order; never waits for the store."""
        for follower in self._followers:
            follower.receive_batch(batch)

    def lose_batches(self) -> None:
        """Note that batches were dropped on their way here; followers read them."""
        for follower in self._followers:
            follower.lose_batches()

    def follow(
        self, instrument: InstrumentName, from_ms: int, gather: Gather[Events]
    ) -> "Follower[Events]":
        """Follow one instrument; nothing is read before the follower asks.

        Parameters
        ----------
        instrument
            Whose events; another venue's of the same symbol are not among them.
        from_ms
            Where the first window begins, UTC milliseconds.
        gather
            What is made of the events, such as ``list`` or `event_arrays.as_array`.
        """
        follower = Follower(self, instrument, from_ms, gather, self._is_standby)
        self._add(follower)
        return follower

    def follow_stored(self, on_news: Callable[[], object]) -> "StoredFollower":
        """Follow all instruments in the order of storing; who asks keeps the number of a row.

        Parameters
        ----------
        on_news
            Called when this process has stored something, in the recorder's thread; must return at
            once. What another process stores is found by reading only.
        """
        follower = StoredFollower(self, on_news)
        self._add(follower)
        return follower

    def _add(self, follower: _Follows) -> None:
        with self._lock:
            living = (one for one in self._followers if not one.is_closed)
            self._followers = (*living, follower)

    @contextmanager
    def reading(self) -> Iterator[StoreReader]:
        """Lend the reader of the store that is there now, to one at a time; waits for the others.

        Raises
        ------
        StorageError
            The store cannot be read, or one of its reader's methods said so.
        """
        try:
            with self._reading:
                try:
                    yield self._open_reader()
                except BaseException:
                    # One that has failed may go on failing when the store is well again.
                    self._close_reader()
                    raise
        finally:
            self.close_unused()

    def close_unused(self) -> None:
        """Close the store where nobody follows; whoever reads it just now does so afterwards.

        Never waits. So the garbage collector may lead here, in any thread and in the midst of
        anything.
        """
        if any(not follower.is_closed for follower in self._followers):
            return
        if self._reading.acquire(blocking=False):
            try:
                self._close_reader()
            finally:
                self._reading.release()

    def _open_reader(self) -> StoreReader:
        if self._reader is not None and not self._reader.is_current():
            # Another store has taken its place, such as a fresh one that of a damaged one.
            self._close_reader()
        if self._reader is None:
            self._reader = self.store.open_reader()
        return self._reader

    def _close_reader(self) -> None:
        reader, self._reader = self._reader, None
        if reader is not None:
            reader.close()


class Follower(Generic[Events]):
    """One instrument's events from a time on; `EventTape.follow` makes it.

    Read by one thread at a time; batches may come from another. A read that fails, whatever the
    reason, is followed by one of the whole window.
    """

    def __init__(
        self,
        tape: EventTape,
        instrument: InstrumentName,
        from_ms: int,
        gather: Gather[Events],
        is_standby: Callable[[], bool],
    ) -> None:
        self.instrument = instrument
        self.is_closed = False
        self._tape = tape
        self._from_ms = from_ms
        self._until_ms: int | None = None
        self._gather = gather
        self._is_standby = is_standby
        self._cursor = TapeCursor(instrument)
        # Guards the cursor; never held for long, so that the recorder's thread does not wait.
        self._lock = threading.Lock()

    def rewind(self, from_ms: int, until_ms: int | None = None) -> None:
        """Have the next read give a whole window again.

        Parameters
        ----------
        from_ms, until_ms
            Its edges, half-open, UTC milliseconds; `until_ms` ``None``: open. What happens from
            `until_ms` on is no news either.
        """
        self._from_ms, self._until_ms = from_ms, until_ms
        with self._lock:
            self._cursor.forget()

    def has_news(self) -> bool:
        """Whether a read may give something; for another thread to look before it has one read."""
        return self._cursor.has_waiting or self._is_standby()

    def read(self, from_ms: int | None = None) -> News[Events]:
        """Return every event that was committed before this call and not returned yet.

        Parameters
        ----------
        from_ms
            Where a window would begin that has to be read; ``None``: as before.

        Raises
        ------
        StorageError
            The store is missing or cannot be read.
        """
        if from_ms is not None:
            self._from_ms = from_ms
        try:
            with self._tape.reading() as reader:
                return self._read(reader)
        except BaseException:
            with self._lock:
                self._cursor.forget()
            raise

    def receive_batch(self, batch: StoredBatch) -> None:
        """Take events that were committed; nothing happens once it is closed."""
        if not self.is_closed:
            with self._lock:
                self._cursor.receive_batch(batch)

    def lose_batches(self) -> None:
        """Note that batches were dropped on their way here."""
        with self._lock:
            self._cursor.lose_batches()

    def close(self) -> None:
        """Follow no more; idempotent, and never waits, as `EventTape.close_unused`."""
        self.is_closed = True
        self._tape.close_unused()

    def _read(self, reader: StoreReader) -> News[Events]:
        is_standby = self._is_standby()
        with self._lock:
            step = self._cursor.begin(reader, is_standby=is_standby)
        if step is Step.LOAD:
            window = reader.read_window(
                self.instrument, self._from_ms, self._until_ms, self._gather
            )
            return self._reached(window, restarted=True)
        if step is Step.CATCH_UP:
            after = reader.read_after(self.instrument, self._cursor.row_id, self._gather_news)
            return self._reached(after, restarted=False)
        with self._lock:
            rows = self._cursor.take()
        rows.sort(key=_time_of)
        return News(self._gather_news(iter(rows)), restarted=False)

    def _reached(self, window: EventWindow[Events], *, restarted: bool) -> News[Events]:
        with self._lock:
            self._cursor.reached(window.last_row_id)
        return News(window.events, restarted)

    def _gather_news(self, rows: Iterator[Row]) -> Events:
        until_ms = self._until_ms
        if until_ms is None:
            return self._gather(rows)
        return self._gather(row for row in rows if row[0] < until_ms)


class StoredFollower:
    """Every instrument's events in the order of storing; `EventTape.follow_stored` makes it.

    It holds nothing: rows wait in the store for who reads them. One thread reads at a time.
    """

    def __init__(self, tape: EventTape, on_news: Callable[[], object]) -> None:
        self.is_closed = False
        self._tape = tape
        self._on_news = on_news

    def read(self, row_id: int, limit: int) -> EventWindow[tuple[StoredEvent, ...]]:
        """Read at most `limit` events stored after a row; `last_row_id` is that of all there are.

        Raises
        ------
        StorageError
            The store is missing or cannot be read.
        """
        with self._tape.reading() as reader:
            return reader.read_stored(row_id, limit)

    def receive_batch(self, _: StoredBatch) -> None:
        """Tell that there is something to read; nothing happens once it is closed."""
        if not self.is_closed:
            self._on_news()

    def lose_batches(self) -> None:
        """Tell the same where batches were dropped."""
        if not self.is_closed:
            self._on_news()

    def close(self) -> None:
        """Follow no more; idempotent, and never waits, as `EventTape.close_unused`."""
        self.is_closed = True
        self._tape.close_unused()


def _time_of(row: Row) -> int:
    return row[0]
