"""The clusters of several symbols: history from the database, kept up with what is stored."""

import threading
from pathlib import Path

import numpy as np

from Heatmap.aggregation.arrays import EVENT_DTYPE
from Heatmap.aggregation.clusters.cluster_index import ClusterIndex
from Heatmap.aggregation.clusters.find_clusters import (
    ClusterParameters,
    LiquidationCluster,
    are_usable,
    require_price,
)
from Heatmap.domain.events import StoredBatch
from Heatmap.domain.instruments import instrument_of
from Heatmap.storage.sqlite.connections import file_id
from Heatmap.storage.sqlite.event_reader import EventReader

WAITING_LIMIT = 2_000
"""Events of a symbol that wait for a question; beyond it they are read from the file instead."""

# Now may go back by this without a new read: heartbeats are not all equally fast.
_STEP_BACK_MS = 1000


class ClusterBook:
    """The clusters of several symbols: read from the file once, then kept up with what is stored.

    Thread-safe. A symbol is read at the first question for it. From then on its events come by
    `add_batch`, or from the file while another recorder writes it; each counts once, whichever way
    it comes. Rows that neither way has brought, as after a change of the writer, are noticed by
    their ids and read.

    Parameters
    ----------
    database
        The file, which need not exist yet.
    parameters
        What makes a cluster.
    """

    def __init__(self, database: Path, parameters: ClusterParameters) -> None:
        self._database = database
        # Held while the file is read and the clusters are computed; guards the reader and what is
        # known of each symbol.
        self._work = threading.Lock()
        self._reader: EventReader | None = None
        # Guards the rest; never held for long, so that the recorder's thread does not wait.
        self._lock = threading.Lock()
        self._parameters = parameters
        self._symbols: dict[str, _Symbol] = {}
        self._is_closed = False

    def set_parameters(self, parameters: ClusterParameters) -> None:
        """Put other parameters in force at the next question.

        The events that are kept serve further, unless the lookback has become longer: then they
        are read again.
        """
        with self._lock:
            self._parameters = parameters

    def add_batch(self, batch: StoredBatch) -> None:
        """Take events that were committed; never waits for the database.

        Symbols that were not asked for yet are skipped: they will be read from the file. Batches
        come in the order in which they were committed.
        """
        if not batch.row_ids:
            return
        with self._lock:
            for symbol, known in self._symbols.items():
                known.inbox.add(symbol, batch)

    def miss_batches(self) -> None:
        """Take note that batches were lost: everything is read again at the next question."""
        with self._lock:
            for known in self._symbols.values():
                known.inbox.overflow()

    def clusters(
        self, symbol: str, current_price: float | None, now_ms: int, *, reads_new_rows: bool = False
    ) -> list[LiquidationCluster]:
        """Return the clusters of a symbol; reads the file at the first question.

        Parameters
        ----------
        symbol
            Such as ``BTCUSDT``.
        current_price
            USD; ``None``: not known, the distances are from that of the newest liquidation.
        now_ms
            UTC milliseconds, by the exchange's clock.
        reads_new_rows
            Look for new rows in the file, because another recorder writes it.

        Returns
        -------
        list of LiquidationCluster
            The strongest first; empty without events that count, without a database file, and
            after `close`.

        Raises
        ------
        ValueError
            `current_price` is not above 0 and at most 1e18 USD; nothing has changed then.
        StorageError
            The file cannot be read; the next question reads the symbol from the start.
        """
        if current_price is not None:
            current_price = require_price("current_price", current_price)
        with self._lock:
            if self._is_closed:
                return []
            # From here on batches are kept for it. What was committed before is in the file.
            known = self._symbols.setdefault(symbol, _Symbol())
        with self._work:
            reader = self._open_reader()
            if reader is None:
                return []
            try:
                index = self._kept_up(symbol, known, reader, now_ms, reads_new_rows=reads_new_rows)
            except BaseException:
                known.index = None
                raise
            price = index.newest_price(now_ms) if current_price is None else current_price
            return [] if price is None else index.clusters(price, now_ms)

    def close(self) -> None:
        """Close the file; waits for a question that is being answered. Idempotent."""
        with self._lock:
            self._is_closed = True
            self._symbols.clear()
        with self._work:
            self._close_reader()

    # -- with self._work held -----------------------------------------------------------------

    def _kept_up(
        self,
        symbol: str,
        known: "_Symbol",
        reader: EventReader,
        now_ms: int,
        *,
        reads_new_rows: bool,
    ) -> ClusterIndex:
        """Return the index of a symbol with every event that was committed before the question."""
        with self._lock:
            parameters = self._parameters
            inbox, known.inbox = known.inbox, _Inbox()
        index = known.index
        start_ms = now_ms - parameters.lookback_ms
        # What was in the inbox is committed, so whatever is read from here on contains it.
        if (
            index is None
            or inbox.has_overflown
            # Now has gone back, or the lookback has become longer.
            or known.kept_from_ms - start_ms > _STEP_BACK_MS
        ):
            index = ClusterIndex(parameters)
            # Open towards the future: this machine's clock may be behind the exchange's.
            window = reader.read_window(symbol, start_ms, None)
            index.load(window.events[are_usable(window.events)], window.last_row_id)
            known.index, known.kept_from_ms = index, start_ms
            known.reads_new_rows = reads_new_rows
            return index
        index.parameters = parameters
        known.kept_from_ms = max(known.kept_from_ms, start_ms)
        # Once more after the other recorder has ended: for what it wrote last.
        was_reading, known.reads_new_rows = known.reads_new_rows, reads_new_rows
        if reads_new_rows or was_reading or inbox.begins_after(index.last_row_id):
            window = reader.read_after(symbol, index.last_row_id)
            index.add(window.events[are_usable(window.events)])
            index.last_row_id = window.last_row_id
            return index
        if inbox.events:
            events = np.array(inbox.events, dtype=EVENT_DTYPE)
            usable = are_usable(events)
            index.add(events[usable], np.array(inbox.row_ids)[usable])
        # Also where the newest rows are those of other symbols.
        index.last_row_id = max(index.last_row_id, inbox.last_row_id)
        return index

    def _open_reader(self) -> EventReader | None:
        """Return a reader of the file that is there now; ``None``: none is, or the end has come."""
        if self._reader is not None and not self._reader.is_current():
            # The recorder has begun a fresh file in the place of a damaged one.
            self._close_reader()
        if self._reader is None:
            with self._lock:
                if self._is_closed or file_id(self._database) is None:
                    return None
                for known in self._symbols.values():
                    known.index = None
            self._reader = EventReader(self._database)
        return self._reader

    def _close_reader(self) -> None:
        if self._reader is not None:
            self._reader.close()
            self._reader = None


class _Inbox:
    """Events of one symbol on their way from the recorder's thread."""

    def __init__(self) -> None:
        self.events: list[tuple[int, float, float, bool]] = []
        self.row_ids: list[int] = []
        # The first and the last row of all batches, also those of other symbols.
        self._first_row_id: int | None = None
        self.last_row_id = 0
        # Rows between two batches were stored by someone else.
        self._is_broken = False
        self.has_overflown = False

    def add(self, symbol: str, batch: StoredBatch) -> None:
        first, last = batch.row_ids[0], batch.row_ids[-1]
        if self._first_row_id is None:
            self._first_row_id = first
        elif first > self.last_row_id + 1:
            self._is_broken = True
        self.last_row_id = last
        if self.has_overflown:
            return
        asked = instrument_of(symbol)
        for row_id, event in zip(batch.row_ids, batch.events, strict=True):
            is_asked = (event.source, event.symbol) == (asked.venue, asked.symbol)
            if is_asked and event.notional is not None:
                is_long = event.liquidated == "long"
                self.events.append((event.ts_ms, event.price, event.notional, is_long))
                self.row_ids.append(row_id)
        if len(self.events) > WAITING_LIMIT:
            self.overflow()

    def overflow(self) -> None:
        """Drop what waits, since it is read from the file instead."""
        self.has_overflown = True
        self.events, self.row_ids = [], []

    def begins_after(self, row_id: int) -> bool:
        """Whether there may be rows after `row_id` that did not come this way."""
        is_apart = self._first_row_id is not None and self._first_row_id > row_id + 1
        return is_apart or self._is_broken


class _Symbol:
    """What is known of one symbol."""

    def __init__(self) -> None:
        # Under the book's lock.
        self.inbox = _Inbox()
        # While the book works: `None` until it is read, then all events from this time on.
        self.index: ClusterIndex | None = None
        self.kept_from_ms = 0
        # As the last question said.
        self.reads_new_rows = False
