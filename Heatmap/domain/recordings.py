"""A recording as a whole: every event with its key, and what time it covers by whose word. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from Heatmap.domain.coverage import CoverageInterval
from Heatmap.domain.events import DataKind, LiquidationEvent

RECORDER = "recorder"
"""Stands where an origin would, for what a database's own recorder covered."""
LONGEST_ORIGIN_CHARS = 100


@dataclass(frozen=True, slots=True)
class RecordedEvent:
    """An event as it is stored.

    Attributes
    ----------
    event
        With its key, whatever that was made from.
    key
        By which it is stored once, 16 bytes.
    key_from_numbers
        Whether the key was made from the numbers, since the venue's own texts were not kept.
    """

    event: LiquidationEvent
    key: bytes
    key_from_numbers: bool


@dataclass(frozen=True, slots=True)
class ImportedCoverage:
    """Time that another recording covers.

    Attributes
    ----------
    interval
        Closed, of one instrument; what is not proven there proves nothing here either.
    origin
        Which recording that was, one printable line.
    """

    interval: CoverageInterval
    origin: str


@dataclass(frozen=True, slots=True)
class RecordingHead:
    """What a store says of its recording, at the moment at which its events are read.

    Attributes
    ----------
    kind
        What it holds.
    coverage
        What its own recorder covered, by instrument and time; a symbol may be ``ALL``.
    imported
        What was imported, by origin, instrument and time.
    left_out
        How many stored events another program has spoilt: they are not among those that are read.
    """

    kind: DataKind
    coverage: tuple[CoverageInterval, ...] = ()
    imported: tuple[ImportedCoverage, ...] = ()
    left_out: int = 0


class RecordingSink(Protocol):
    """Where another recording can be added to the one that is there."""

    def merge_recording(
        self, events: Iterable[RecordedEvent], coverage: Sequence[ImportedCoverage]
    ) -> int:
        """Add events and covered time in one transaction; return how many events were new.

        Parameters
        ----------
        events
            In any order; those that are stored already stay as they are. What the iterator raises
            ends the transaction, and nothing is stored.
        coverage
            Kept apart from what the store's own recorder covered, and from other origins'.

        Raises
        ------
        StorageError
            It cannot be written; nothing was stored.
        """
