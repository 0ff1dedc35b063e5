"""Reads candles, open interest and funding beside the recorder that writes. Imports no numpy."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing
from typing import Any

from Heatmap.domain.candles import Series, Span
from Heatmap.domain.instruments import InstrumentName, instrument_of
from Heatmap.domain.market_note import MarketNote
from Heatmap.storage.engine import CandleRow, Gathered, OrderRow, TimedRow
from Heatmap.storage.sqlite import candle_tables, ledger
from Heatmap.storage.sqlite.sound_rows import SOUND_EVENT

_SELECT_ORDERS = f"""
SELECT price, limit_price, notional, side = 'SELL' FROM liq_events
WHERE source = ? AND symbol = ? AND ts_ms >= ? AND ts_ms < ? AND {SOUND_EVENT}
AND limit_price > 0 AND limit_price < 1e15 AND notional > 0 ORDER BY ts_ms, id
"""


class CandleReader:
    """The part of `EventReader` that reads what levels are computed from."""

    def read_candles(
        self,
        instrument: InstrumentName,
        start_ms: int,
        end_ms: int,
        gather: Callable[[Iterator[CandleRow]], Gathered],
        /,
    ) -> Gathered:
        """Read the closed minutes that began in ``start_ms <= open_ms < end_ms``, in order.

        Parameters
        ----------
        instrument
            Whose.
        start_ms, end_ms
            UTC milliseconds.
        gather
            Takes the rows one by one while they are read, within the transaction.

        Raises
        ------
        StorageError
            The file cannot be read.
        """
        return self._read(candle_tables.SELECT_CANDLES, instrument, start_ms, end_ms, gather)

    def read_series(
        self,
        instrument: InstrumentName,
        series: Series,
        start_ms: int,
        end_ms: int,
        gather: Callable[[Iterator[TimedRow]], Gathered],
        /,
    ) -> Gathered:
        """Read open interest or funding of ``start_ms <= time < end_ms``, in order.

        Raises
        ------
        ValueError
            It is a series of candles.
        StorageError
            The file cannot be read.
        """
        statements = {
            Series.OPEN_INTEREST: candle_tables.SELECT_INTEREST,
            Series.FUNDING: candle_tables.SELECT_FUNDING,
        }
        if series not in statements:
            raise ValueError(f"expected open interest or funding, got {series}")
        return self._read(statements[series], instrument, start_ms, end_ms, gather)

    def read_order_prices(
        self,
        instrument: InstrumentName,
        start_ms: int,
        end_ms: int,
        gather: Callable[[Iterator[OrderRow]], Gathered],
        /,
    ) -> Gathered:
        """Read the orders of ``start_ms <= ts_ms < end_ms`` whose own price is known, in order.

        Raises
        ------
        StorageError
            The file cannot be read.
        """
        return self._read(_SELECT_ORDERS, instrument, start_ms, end_ms, gather)

    def fetched_spans(self, instrument: InstrumentName, series: Series, /) -> tuple[Span, ...]:
        """Return which time of a series was fetched, in order; spans do not touch.

        Raises
        ------
        StorageError
            The file cannot be read.
        """
        with self._transaction() as connection:
            return candle_tables.read_spans(connection, instrument_of(instrument), series)

    def market(self) -> MarketNote | None:
        """Return of which market the data are; ``None``: nobody noted it.

        Raises
        ------
        StorageError
            The file cannot be read.
        """
        with self._transaction() as connection:
            return ledger.read_market(connection)

    def _read(
        self,
        statement: str,
        instrument: InstrumentName,
        start_ms: int,
        end_ms: int,
        gather: Callable[[Iterator[Any]], Gathered],
    ) -> Gathered:
        whose = instrument_of(instrument)
        with (
            self._transaction() as connection,
            closing(
                connection.execute(statement, (whose.venue, whose.symbol, start_ms, end_ms))
            ) as rows,
        ):
            return gather(rows)

    def _transaction(self) -> AbstractContextManager[sqlite3.Connection]:
        """Give the connection inside a transaction that reads."""
        raise NotImplementedError
