"""What the recorder needs of the place where events are kept; a store's writer is one."""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Protocol

from Heatmap.domain.candle_sink import CandleSink
from Heatmap.domain.events import LiquidationEvent, StoredBatch
from Heatmap.domain.instruments import BINANCE_USDM, InstrumentName
from Heatmap.errors import Failure


class EventSink(CandleSink, Protocol):
    """Where events are kept; every method is called in the recorder's thread only.

    A method that fails because of the environment raises `StorageError` and has changed nothing:
    it is called again with the same arguments. Whatever else it raises has changed nothing either,
    and may be the fault of what it was called with.
    """

    @property
    def notices(self) -> tuple[Failure, ...]:
        """What a user should know about where the events go."""

    def generation(self) -> int:
        """Make ready to write; return a number that changes when a fresh sink took the place.

        What was written under another number is not in the sink any more.
        """

    def finish_now(self) -> None:
        """Note that the end is near: what would be put off until later is done at once."""

    def write(self, events: Sequence[LiquidationEvent]) -> StoredBatch:
        """Store events in one transaction; those already stored are counted as duplicates.

        The totals ``received``, ``stored`` and ``duplicates`` grow in the same transaction.
        """

    def extend_coverage(
        self, instrument: InstrumentName, start_ms: int, end_ms: int, *, proven: bool
    ) -> None:
        """Record a closed interval of exchange time as recorded."""

    def cut_coverage(
        self, symbol: str | None, spans: Sequence[tuple[int, int]], venue: str = BINANCE_USDM
    ) -> None:
        """Take spans of a venue's time out of what was recorded; ``None``: of every symbol's."""

    def save_unread_order(self, words: str) -> None:
        """Keep what is said of the latest force order that could not be read."""

    def add_counts(self, counts: Mapping[str, int], venue: str = BINANCE_USDM) -> None:
        """Add to a venue's totals by name, in one transaction."""

    def save_symbols(self, symbols: Sequence[str]) -> None:
        """Note which symbols are recorded from now on."""

    def save_tick_size(self, instrument: InstrumentName, tick_size: Decimal, ts_ms: int) -> None:
        """Keep the tick size of an instrument, as fetched at this time."""

    def kept_retention_ms(self) -> int | None:
        """Return the current retention, milliseconds; ``None``: none was ever noted."""

    def keep_retention(self, retention_ms: int) -> None:
        """Note the current retention, milliseconds."""

    def expired_counts(self, before_ms: int) -> Iterator[int]:
        """Count the events older than this in small steps; their sum is the number."""

    def delete_expired(self, before_ms: int, limit: int = 500) -> int:
        """Delete a few of the events older than this; return how many, 0 when none is left."""

    def close(self) -> None:
        """Release everything; nothing is called afterwards."""
