"""Writes candles, open interest and funding beside the events; imports no numpy."""

from Heatmap.domain.candles import Fetched, Series, Span
from Heatmap.domain.instruments import InstrumentName, instrument_of
from Heatmap.domain.market_note import MarketNote
from Heatmap.storage.sqlite import candle_tables, ledger
from Heatmap.storage.sqlite.writable_database import WritableDatabase


class CandleWriter(WritableDatabase):
    """The part of `SqliteStore` that keeps what can be fetched again.

    Nothing of it is remembered for a log that is lost: the spans are lost with their values, and
    both are fetched again.
    """

    # Which market the data are of, for a fresh file in the place of this one; None: not noted.
    _market: MarketNote | None = None

    def candle_generation(self) -> int:
        """Make ready to write; return a number that grows when what was fetched may be lost.

        Raises
        ------
        StorageError
            The file cannot be written.
        """
        return self.generation() + self._lost_logs

    def save_fetched(self, instrument: InstrumentName, fetched: Fetched) -> None:
        """Store values, and that their time was fetched, in one transaction.

        Parameters
        ----------
        instrument
            Whose.
        fetched
            Values, in place of those of the same times; and spans, which merge with what they
            touch.

        Raises
        ------
        StorageError
            The file cannot be written; nothing of it is stored.
        """
        with self._transaction() as connection:
            candle_tables.add_fetched(connection, instrument_of(instrument), fetched)

    def fetched_spans(self, instrument: InstrumentName, series: Series) -> tuple[Span, ...]:
        """Return which time of a series was fetched, in order; spans do not touch.

        Raises
        ------
        StorageError
            The file cannot be read.
        """
        with self._transaction("BEGIN") as connection:
            return candle_tables.read_spans(connection, instrument_of(instrument), series)

    def delete_old_candles(self, before_ms: int, limit: int = 500) -> int:
        """Do one small step of their retention; call it again until it returns 0.

        Parameters
        ----------
        before_ms
            Values of before this time go, UTC milliseconds, of every series and instrument.
        limit
            Delete at most this many.

        Returns
        -------
        int
            Deleted values; 0: done.

        Raises
        ------
        StorageError
            The file cannot be written.
        """
        with self._transaction() as connection:
            return candle_tables.delete_before(connection, before_ms, limit)

    def kept_candle_retention_ms(self) -> int | None:
        """Return how long they were kept so far, milliseconds; ``None``: it was never noted.

        Raises
        ------
        StorageError
            The file cannot be read.
        """
        with self._transaction("BEGIN") as connection:
            return candle_tables.read_retention(connection)

    def keep_candle_retention(self, retention_ms: int) -> None:
        """Note how long they are kept, milliseconds.

        Raises
        ------
        StorageError
            The file cannot be written.
        """
        with self._transaction() as connection:
            candle_tables.save_retention(connection, retention_ms)

    def kept_market(self) -> MarketNote | None:
        """Return of which market the data are; ``None``: it was never noted.

        Raises
        ------
        StorageError
            The file cannot be read.
        """
        with self._transaction("BEGIN") as connection:
            return ledger.read_market(connection)

    def keep_market(self, note: MarketNote) -> None:
        """Note of which market the data are.

        Raises
        ------
        StorageError
            The file cannot be written.
        """
        with self._transaction() as connection:
            ledger.save_market(connection, note)
        self._market = note
