"""Imported days as levels take them: candles, open interest, funding, trades.

Reads what the manifest names, and only that. DuckDB is loaded when the first day is read.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from Heatmap.domain.candles import MINUTE_MS, Span, clipped, joined
from Heatmap.domain.instruments import BINANCE_USDM, InstrumentName, instrument_of
from Heatmap.errors import HistoryError
from Heatmap.history.day_queries import (
    FUNDING,
    KLINES,
    OPEN_INTEREST,
    add_up_trades,
    read_series,
)
from Heatmap.history.engine import open_engine, require_duckdb
from Heatmap.history.imported_days import ImportedDays, StoredDay, StoredDays
from Heatmap.history.taker_queries import TakerReader
from Heatmap.levels.arrays import CANDLE_DTYPE
from Heatmap.levels.imported import ImportedMarket
from Heatmap.levels.taker_selection import TakerRule, TakerTrades
from Heatmap.levels.yields import Volume
from Heatmap.storage.store import Address

if TYPE_CHECKING:
    import duckdb

_KLINES, _METRICS, _FUNDING = "klines_1m", "metrics", "funding"
_AGG_TRADES = "agg_trades"
# Candles are added up from the first that has the day: single trades reproduce the exchange's.
_TRADES = ("trades", _AGG_TRADES)
_HOUR_MS = 60 * MINUTE_MS


@dataclass(frozen=True, slots=True)
class _KnownCandles:
    days: StoredDays
    key: tuple[int, int]
    candles: NDArray[np.void]
    of_trades: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class _KnownTrades:
    days: StoredDays
    key: tuple[int, int, TakerRule]
    trades: TakerTrades


class MarketHistory:
    """Markets that were imported: `Heatmap.levels.imported.ImportedMarkets`.

    Safe to use from any thread. Nothing is opened until a method asks for it.

    Parameters
    ----------
    store
        The directory that `history import` calls the store; need not exist.
    """

    def __init__(self, store: Path) -> None:
        self._store = store
        self._days = ImportedDays(store)
        # Those that were asked for last; replaced as a whole.
        self._candles: _KnownCandles | None = None
        self._trades: _KnownTrades | None = None

    @classmethod
    def beside(cls, address: Address) -> "MarketHistory | None":
        """Return what was imported into the directory of a database; ``None``: it is no file."""
        return None if isinstance(address, str) else cls(address.parent)

    def volume(self, instrument: InstrumentName, /) -> Volume | None:
        """Return of which market an instrument's candles and trades are; ``None``: of none.

        Raises
        ------
        HistoryError
            It cannot be read.
        """
        days = self._found(instrument)
        of_any = [days[name][-1].volume for name in (_KLINES, *_TRADES) if name in days]
        return of_any[0] if of_any else None

    def spans(self, instrument: InstrumentName, /) -> tuple[Span, ...]:
        """Return of which time there are candles, or trades that they are made of; quick.

        Raises
        ------
        HistoryError
            The manifest cannot be read.
        """
        return self._spans(instrument, (_KLINES, *_TRADES))

    def candle_spans(self, instrument: InstrumentName, /) -> tuple[Span, ...]:
        """Return of which time there are the exchange's own candles; quick.

        Raises
        ------
        HistoryError
            The manifest cannot be read.
        """
        return self._spans(instrument, (_KLINES,))

    def read(self, instrument: InstrumentName, start_ms: int, end_ms: int, /) -> ImportedMarket:
        """Return what was known by the end of a half-open time.

        Raises
        ------
        HistoryError
            It cannot be read.
        """
        days = self._found(instrument)
        # A minute is known when it is over.
        start_ms, until_ms = -(-start_ms // MINUTE_MS) * MINUTE_MS, end_ms // MINUTE_MS * MINUTE_MS
        if not any(_within(days, name, start_ms, end_ms) for name in days):
            return ImportedMarket()
        with self._opened() as connection:
            candles, of_trades = self._read_candles(connection, days, start_ms, until_ms)
            # What was labelled just before is known just after; what is known at the end counts.
            labelled = _within(days, _METRICS, start_ms - 10 * MINUTE_MS, end_ms)
            interest = read_series(connection, OPEN_INTEREST, labelled, start_ms, end_ms + 1)
            paid = _within(days, _FUNDING, start_ms, end_ms)
            funding = read_series(connection, FUNDING, paid, start_ms, end_ms)
        spans = clipped(self.spans(instrument), 0, until_ms)
        return ImportedMarket(candles, of_trades, spans, interest, funding)

    def candles(
        self, instrument: InstrumentName, start_ms: int, end_ms: int, /
    ) -> NDArray[np.void]:
        """Return the exchange's own candles that began in a half-open time, (n,) CANDLE_DTYPE.

        Raises
        ------
        HistoryError
            They cannot be read.
        """
        days = self._found(instrument)
        chosen = _within(days, _KLINES, start_ms, end_ms)
        if not chosen:
            return np.zeros(0, CANDLE_DTYPE)
        with self._opened() as connection:
            return read_series(connection, KLINES, chosen, start_ms, end_ms)

    def trades(
        self, instrument: InstrumentName, start_ms: int, end_ms: int, rule: TakerRule, /
    ) -> TakerTrades | None:
        """Return the trades of whole minutes among which a rule chooses; ``None``: there are none.

        Aggregated ones, as the model's project has it, unless only single ones were imported. From
        the first whole hour on, so that who asks again a minute later finds them at hand.

        Raises
        ------
        HistoryError
            They cannot be read.
        """
        days = self._found(instrument)
        start_ms, end_ms = -(-start_ms // _HOUR_MS) * _HOUR_MS, end_ms // MINUTE_MS * MINUTE_MS
        for name in reversed(_TRADES):
            chosen = _within(days, name, start_ms, end_ms)
            if chosen:
                key = (start_ms, min(end_ms, chosen[-1].minutes[1]), rule)
                known = self._trades
                if known is None or known.days is not days or known.key != key:
                    with self._opened() as connection:
                        found = TakerReader(connection, chosen, *key[:2]).read(rule)
                    known = self._trades = _KnownTrades(days, key, found)
                return known.trades
        return None

    # -- helpers ------------------------------------------------------------------------------

    def _read_candles(
        self, connection: "duckdb.DuckDBPyConnection", days: StoredDays, start_ms: int, end_ms: int
    ) -> tuple[NDArray[np.void], NDArray[np.bool_]]:
        """Return candles, and which were added up; kept for an hour, as trades are."""
        ends_ms = [days[name][-1].minutes[1] for name in (_KLINES, *_TRADES) if name in days]
        key = (start_ms // _HOUR_MS * _HOUR_MS, min(end_ms, max(ends_ms, default=0)))
        known = self._candles
        if known is None or known.days is not days or known.key != key:
            candles, of_trades = _candles(connection, days, *key)
            known = self._candles = _KnownCandles(days, key, candles, of_trades)
        is_inside = known.candles["open_ms"] >= start_ms
        return known.candles[is_inside], known.of_trades[is_inside]

    def _spans(self, instrument: InstrumentName, names: Iterable[str]) -> tuple[Span, ...]:
        days = self._found(instrument)
        return joined(day.minutes for name in names for day in days.get(name, ()))

    def _found(self, instrument: InstrumentName) -> StoredDays:
        one = instrument_of(instrument)
        # The archive is Binance's.
        days = self._days.of(one.symbol) if one.venue == BINANCE_USDM else {}
        if days:
            require_duckdb()
        return days

    @contextmanager
    def _opened(self) -> Iterator["duckdb.DuckDBPyConnection"]:
        connection = open_engine()
        import duckdb  # noqa: PLC0415 - an extra, which the line above has found

        try:
            yield connection
        except duckdb.Error as error:
            reason = str(error).splitlines()[0]
            raise HistoryError(
                f"days in {self._store} cannot be read ({reason}); expected the files of `history "
                "import`; import these days again with --replace"
            ) from error
        finally:
            connection.close()


def _candles(
    connection: "duckdb.DuckDBPyConnection", days: StoredDays, start_ms: int, end_ms: int
) -> tuple[NDArray[np.void], NDArray[np.bool_]]:
    """Return candles, and which were added up from aggregated trades since there is no other."""
    klines = _within(days, _KLINES, start_ms, end_ms)
    found = read_series(connection, KLINES, klines, start_ms, end_ms)
    of_trades: NDArray[np.bool_] = np.zeros(len(found), np.bool_)
    for name in _TRADES:
        lacking = [
            day
            for day in _within(days, name, start_ms, end_ms)
            if _has_more(day, found["open_ms"], start_ms, end_ms)
        ]
        made = add_up_trades(connection, lacking, start_ms, end_ms)
        made = made[~np.isin(made["open_ms"], found["open_ms"])]
        found = np.concatenate([found, made])
        of_trades = np.concatenate([of_trades, np.full(len(made), name == _AGG_TRADES)])
    order = np.argsort(found["open_ms"], kind="stable")
    return found[order], of_trades[order]


def _has_more(day: StoredDay, open_ms: NDArray[np.int64], start_ms: int, end_ms: int) -> bool:
    """Whether a day of trades has minutes of which there is no candle yet."""
    begin_ms, stop_ms = day.minutes
    begin_ms, stop_ms = max(begin_ms, start_ms), min(stop_ms, end_ms)
    known = int(((open_ms >= begin_ms) & (open_ms < stop_ms)).sum())
    return known * MINUTE_MS < stop_ms - begin_ms


def _within(days: StoredDays, dataset: str, start_ms: int, end_ms: int) -> list[StoredDay]:
    return [day for day in days.get(dataset, ()) if day.overlaps(start_ms, end_ms)]
