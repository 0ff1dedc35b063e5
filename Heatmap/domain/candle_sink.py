"""What the recorder needs of the place where candles are kept; a store's writer is one."""

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
