"""SQLite as a storage engine: one database file. Imports no numpy."""

import os
from collections.abc import Iterable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from Heatmap.domain.events import DataKind
from Heatmap.domain.instruments import InstrumentName
from Heatmap.storage.engine import DatabaseFacts, DayFacts
from Heatmap.storage.sqlite.connections import file_stat
from Heatmap.storage.sqlite.day_facts import read_day_facts
from Heatmap.storage.sqlite.discard import discard_empty
from Heatmap.storage.sqlite.event_reader import EventReader, read_tick_sizes
from Heatmap.storage.sqlite.health import examine_database
from Heatmap.storage.sqlite.status import count_expired, kept_retention_ms, read_status
from Heatmap.storage.sqlite_store import SqliteStore


class SqliteEngine:
    """A `Heatmap.storage.engine.Store` in one file; its methods are described there.

    Parameters
    ----------
    address
        The file, on a local disk, in a directory that exists.
    """

    def __init__(self, address: str | os.PathLike[str]) -> None:
        self.address = Path(address)

    def exists(self) -> bool:
        """Whether there is a file."""
        return file_stat(self.address) is not None

    def discard_empty(self) -> bool:
        """Delete the file where nothing is in it."""
        return discard_empty(self.address)

    def open_writer(self, kind: DataKind, *, is_recorder: bool = True) -> SqliteStore:
        """Open the file for writing."""
        if is_recorder:
            return SqliteStore.for_recorder(self.address, kind)
        return SqliteStore(self.address, kind)

    def open_reader(self) -> EventReader:
        """Open the file for reading."""
        return EventReader(self.address)

    def day_facts(self, instruments: Sequence[InstrumentName], day_start_ms: int, /) -> DayFacts:
        """Read what a status panel tells."""
        return read_day_facts(self.address, instruments, day_start_ms)

    def status(self, machine_ms: int | None = None) -> dict[str, Any]:
        """Summarise the file."""
        return read_status(self.address, machine_ms)

    def health(self, *, timeout_s: float = 10.0) -> DatabaseFacts:
        """Return what tells whether the file can be recorded into."""
        return examine_database(self.address, timeout_s=timeout_s)

    def kept_retention_ms(self) -> int | None:
        """Return the current retention, milliseconds."""
        return kept_retention_ms(self.address)

    def count_expired(self, before_ms: int, /) -> int:
        """Count the events before a time."""
        return count_expired(self.address, before_ms)

    def tick_sizes(self, instruments: Iterable[InstrumentName], /) -> dict[str, Decimal]:
        """Return the last known tick sizes, USD."""
        return read_tick_sizes(self.address, instruments)
