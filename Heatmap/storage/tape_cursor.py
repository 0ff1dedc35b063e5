"""How far a follower of stored events has come, and how it goes on. Pure: no I/O, no locks.

The rules:

- An event counts once, whichever way it comes: in a batch that was handed over, or read from the
  store. Its row id tells, since ids ascend in the order of committing.
- Whatever was handed over is committed, so whatever is read afterwards contains it.
- Rows that no batch has brought show by a jump of the ids, or are said to be missing: they are
  read.
- While another recorder writes, all rows are read, and once more after it has ended.
- Ids of different stores do not compare: in the place of another store everything is read anew.
"""

from enum import Enum

from Heatmap.domain.events import StoredBatch
from Heatmap.domain.instruments import Instrument, InstrumentName, instrument_of
from Heatmap.storage.engine import Row

WAITING_LIMIT = 2_000
"""Events that wait for their follower; beyond it they are read from the store instead."""


class Step(Enum):
    """What a follower does to learn the news."""

    LOAD = "read the window anew"
    CATCH_UP = "read the rows after the cursor"
    TAKE = "take what waits"


class TapeCursor:
    """What one follower has seen of one instrument.

    `receive_batch` and `lose_batches` may be called at any time. A round is `begin`, then, by its
    answer, reading and `reached`, or `take`; a round that fails ends with `forget`.

    Parameters
    ----------
    instrument
        Whose events count.
    """

    def __init__(self, instrument: InstrumentName) -> None:
        self.row_id = 0
        self._instrument = instrument_of(instrument)
        self._waiting = _Waiting()
        self._taken = _Waiting()
        # The store whose window was loaded; None: none was.
        self._store: object | None = None
        self._was_standby = False

    @property
    def has_waiting(self) -> bool:
        """Whether something came since the last round, or the next one reads in any case."""
        waiting = self._waiting
        is_lossy = waiting.has_lost or waiting.has_jumped
        return bool(waiting.rows) or is_lossy or self._was_standby or self._store is None

    def receive_batch(self, batch: StoredBatch) -> None:
        """Take events that were committed, in the order of committing."""
        if batch.row_ids:
            self._waiting.add(self._instrument, batch)

    def lose_batches(self) -> None:
        """Note that batches were dropped on their way: their events are read."""
        self._waiting.lose()

    def forget(self) -> None:
        """Have the next round load the window anew."""
        self._store = None

    def begin(self, store: object, *, is_standby: bool) -> Step:
        """Begin a round with what has come so far.

        Parameters
        ----------
        store
            Stands for the store that is there now; another one was replaced.
        is_standby
            Whether another recorder writes it.
        """
        self._taken, self._waiting = self._waiting, _Waiting()
        was_standby, self._was_standby = self._was_standby, is_standby
        if store is not self._store:
            self._store = store
            return Step.LOAD
        if is_standby or was_standby or self._taken.lacks_after(self.row_id):
            return Step.CATCH_UP
        return Step.TAKE

    def reached(self, row_id: int) -> None:
        """Note that every row up to this one was read."""
        self.row_id = row_id

    def take(self) -> list[Row]:
        """Return the events of the round that were not seen yet."""
        taken = self._taken
        rows = [row for row_id, row in taken.rows if row_id > self.row_id]
        # Also where the newest rows are those of other instruments.
        self.row_id = max(self.row_id, taken.last_row_id)
        return rows


class _Waiting:
    """Events on their way from the recorder's thread."""

    def __init__(self) -> None:
        self.rows: list[tuple[int, Row]] = []
        # The first and the last row of all batches, also those of other instruments.
        self._first_row_id: int | None = None
        self.last_row_id = 0
        # Rows between two batches were stored by someone else, or came in another order.
        self.has_jumped = False
        self.has_lost = False

    def add(self, instrument: Instrument, batch: StoredBatch) -> None:
        first = batch.row_ids[0]
        if self._first_row_id is None:
            self._first_row_id = first
        elif first != self.last_row_id + 1:
            self.has_jumped = True
        self.last_row_id = batch.row_ids[-1]
        if self.has_lost:
            return
        venue, symbol = instrument.venue, instrument.symbol
        self.rows += [
            (row_id, (event.ts_ms, event.price, event.notional, event.liquidated == "long"))
            for row_id, event in zip(batch.row_ids, batch.events, strict=True)
            if event.symbol == symbol and event.source == venue and event.notional is not None
        ]
        if len(self.rows) > WAITING_LIMIT:
            self.lose()

    def lose(self) -> None:
        self.has_lost = True
        self.rows = []

    def lacks_after(self, row_id: int) -> bool:
        """Whether there may be rows after `row_id` that did not come this way."""
        is_apart = self._first_row_id is not None and self._first_row_id > row_id + 1
        return is_apart or self.has_jumped or self.has_lost
