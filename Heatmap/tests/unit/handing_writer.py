"""A store, who writes it, and the tape that is told of it: what followers are tested on."""

from collections.abc import Sequence
from typing import Any

from Heatmap.domain.events import DataKind, LiquidationEvent, StoredBatch
from Heatmap.storage.event_tape import EventTape
from Heatmap.storage.store import Store


class HandingWriter:
    """Writes a store and hands each batch to a tape, as a recorder of this process does.

    While `is_standby` it is another process's recorder, which hands over nothing; the tape is told
    so.
    """

    def __init__(self, database: Store, kind: DataKind = DataKind.LIVE) -> None:
        self.database = database
        self.is_standby = False
        self.tape = EventTape(database, lambda: self.is_standby)
        self._writer = database.open_writer(kind)

    def write(self, events: Sequence[LiquidationEvent]) -> StoredBatch:
        batch = self._writer.write(events)
        if not self.is_standby:
            self.tape.add_batch(batch)
        return batch

    def write_silently(self, events: Sequence[LiquidationEvent]) -> StoredBatch:
        """Store what is handed over later, or never."""
        return self._writer.write(events)

    def reopen(self, kind: DataKind = DataKind.LIVE) -> None:
        """Go on in what lies at the address now."""
        self._writer.close()
        self._writer = self.database.open_writer(kind)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._writer, name)
