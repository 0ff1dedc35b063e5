"""A recording as a whole: every event with its key, and what time it covers by whose word. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from Heatmap.domain.coverage import CoverageInterval
from Heatmap.domain.events import DataKind, LiquidationEvent
from Heatmap.domain.market_note import MarketNote

RECORDER = "recorder"
"""Stands where an origin would, for what a database's own recorder covered."""
LONGEST_ORIGIN_CHARS = 100
LONGEST_RETENTION_MS = 3650 * 86_400_000
"""The longest that can be set: what is kept so long goes only when somebody shortens it."""


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
    market
        Of which market, as far as somebody noted it.
    left_out
        How many stored events another program has spoilt: they are not among those that are read.
    """

    kind: DataKind
    coverage: tuple[CoverageInterval, ...] = ()
    imported: tuple[ImportedCoverage, ...] = ()
    left_out: int = 0
    market: MarketNote | None = None


def retention_after_merge(kept_ms: int | None, oldest_ms: int | None, now_ms: int) -> int | None:
    """Return the retention that a merge has to note so that what it brought stays, milliseconds.

    A recorder applies the first retention it is given without a question, and deletes by the
    current one. So what is older, or is merged before there was any, is kept for the longest
    time there is: shortening that is told, with how many events it deletes, and confirmed.

    Parameters
    ----------
    kept_ms
        The current retention; ``None``: none was ever noted.
    oldest_ms
        Of the merged events and the merged covered time, UTC milliseconds; ``None``: there is none.
    now_ms
        This machine's time, UTC milliseconds.

    Returns
    -------
    int or None
        ``None``: the current one may stay.
    """
    if oldest_ms is None or (kept_ms is not None and oldest_ms >= now_ms - kept_ms):
        return None
    return None if kept_ms == LONGEST_RETENTION_MS else LONGEST_RETENTION_MS


class OldestTime:
    """Passes events on and notes the time of the oldest."""

    def __init__(self, coverage: Iterable[ImportedCoverage]) -> None:
        self.oldest_ms = min((one.interval.start_ms for one in coverage), default=None)

    def watched(self, events: Iterable[RecordedEvent]) -> Iterator[RecordedEvent]:
        """Yield the events as they come."""
        for one in events:
            if self.oldest_ms is None or one.event.ts_ms < self.oldest_ms:
                self.oldest_ms = one.event.ts_ms
            yield one


class RecordingSink(Protocol):
    """Where another recording can be added to the one that is there."""

    def merge_recording(
        self,
        events: Iterable[RecordedEvent],
        coverage: Sequence[ImportedCoverage],
        now_ms: int,
        market: MarketNote | None = None,
    ) -> int:
        """Add events and covered time in one transaction; return how many events were new.

        Parameters
        ----------
        events
            In any order; those that are stored already stay as they are. What the iterator raises
            ends the transaction, and nothing is stored.
        coverage
            Kept apart from what the store's own recorder covered, and from other origins'.
        now_ms
            This machine's time, UTC milliseconds. What is older than the current retention is kept
            all the same: `retention_after_merge` is noted in the same transaction.
        market
            Noted with it; ``None``: what is noted stays.

        Raises
        ------
        StorageError
            It cannot be written; nothing was stored.
        """
