"""What exporting and merging recordings did: facts. Their words are in `texts`. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from Heatmap.domain.events import DataKind
from Heatmap.ingestion.venue import Completeness


@dataclass(frozen=True, slots=True)
class ExportReport:
    """What was exported.

    Attributes
    ----------
    files
        The liquidations, and what they cover.
    kind
        What they are.
    events
        How many liquidations, by instrument as it is written.
    left_out
        Stored rows that cannot be used.
    first_ms, last_ms
        Of the first and the last one, UTC milliseconds; ``None``: there is none.
    intervals
        How many intervals of covered time.
    venues
        Which of its liquidations each sends, by its stored name.
    """

    files: tuple[Path, Path]
    kind: DataKind
    events: Mapping[str, int]
    left_out: int
    first_ms: int | None
    last_ms: int | None
    intervals: int
    venues: Mapping[str, Completeness]


@dataclass(frozen=True, slots=True)
class MergedInstrument:
    """What a merge meant for one instrument.

    Attributes
    ----------
    instrument
        As it is written.
    events
        How many events the other recording has of it.
    filled
        Time that is proven now and was not before: begin and end, UTC milliseconds, in order.
    left
        What is still not recorded between the first and the last covered time.
    unproven_ms
        How long it is covered without proof.
    """

    instrument: str
    events: int
    filled: tuple[tuple[int, int], ...]
    left: tuple[tuple[int, int], ...]
    unproven_ms: int


@dataclass(frozen=True, slots=True)
class MergeReport:
    """What a merge did.

    Attributes
    ----------
    origin
        What the other recording is called from now on.
    kind
        What both hold.
    events, added
        How many events it has, and how many were missing here.
    has_coverage
        Whether it says what time it covers; without, it fills no hole.
    intervals
        How many intervals of covered time it names.
    instruments
        By instrument, sorted.
    kept_before_ms, kept_ms
        How long this database kept events before, and keeps them now; ``None``: nobody has said so
        yet. It is the longest there is where the merge brought something older.
    older
        How many of all events are older than it kept them before; 0 where that is as it was.
    left_out
        How many events of the other database were not taken, since another program spoilt them.
    """

    origin: str
    kind: DataKind
    events: int
    added: int
    has_coverage: bool
    intervals: int
    instruments: tuple[MergedInstrument, ...]
    kept_before_ms: int | None
    kept_ms: int | None
    older: int
    left_out: int = 0
