"""What the recorder needs of the places where candles are kept; a store's writer is one."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Protocol

from Heatmap.domain.candles import Fetched, Series, Span
from Heatmap.domain.instruments import InstrumentName
from Heatmap.domain.market_note import MarketNote


class CandleSink(Protocol):
    """Where candles, open interest and funding are kept; called in the recorder's thread only.

    What it raises concerns these alone: they can be fetched again, liquidations cannot.
    """

    def candle_generation(self) -> int:
        """Make ready to write; return a number that changes when what was fetched may be lost.

        So where a fresh sink took the place, and where a log was lost that held some of it.
        """

    def save_fetched(self, instrument: InstrumentName, fetched: Fetched) -> None:
        """Store values, and that their time was fetched, in one transaction.

        A value of a time that has one takes its place.
        """

    def fetched_spans(self, instrument: InstrumentName, series: Series) -> tuple[Span, ...]:
        """Return which time was fetched, in order; spans do not touch."""

    def delete_old_candles(self, before_ms: int, limit: int = 500) -> int:
        """Delete a few of the values older than this; return how many, 0 when none is left.

        Of every series and instrument. Their time counts as not fetched then.
        """

    def kept_candle_retention_ms(self) -> int | None:
        """Return how long they were kept so far, milliseconds; ``None``: it was never noted."""

    def keep_candle_retention(self, retention_ms: int) -> None:
        """Note how long they are kept, milliseconds."""

    def kept_market(self) -> MarketNote | None:
        """Return of which market the data are; ``None``: it was never noted."""

    def keep_market(self, note: MarketNote) -> None:
        """Note of which market the data are."""


@dataclass(frozen=True, slots=True)
class HeldCandles:
    """Some of what is held in memory: the newest values of a series, and their fetched time."""

    instrument: InstrumentName
    fetched: Fetched


class CandlesBeside(CandleSink, Protocol):
    """Where a recorder that stands by keeps candles: in memory, beside what the other one stores.

    `fetched_spans` tells of both. Called in the recorder's thread only; whoever draws reads it.
    """

    def stored_until_ms(
        self, instruments: Collection[InstrumentName]
    ) -> Mapping[InstrumentName, int]:
        """Return until when the other program has stored candles, UTC milliseconds.

        What it has none of is left out. Raises `StorageError` where that cannot be read.
        """

    def hold_only(self, instruments: Collection[InstrumentName]) -> None:
        """Forget what is held in memory of all others."""

    def next_held(self) -> HeldCandles | None:
        """Return some of what is held in memory, to be stored; ``None``: nothing is."""

    def release(self, held: HeldCandles) -> None:
        """Forget what `next_held` gave: it is stored."""
