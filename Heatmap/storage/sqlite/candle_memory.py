"""Candles, open interest and funding in memory, for who may not write the store. Thread-safe.

They lie in SQLite's tables all the same, so that spans and rows have one meaning. A minute takes
about a hundred bytes; how many instruments and how far back is for the caller to bound.
"""

import sqlite3
import threading
import weakref
from collections.abc import Collection
from functools import cached_property
from importlib.resources import files
from typing import Any

from Heatmap.domain.candle_sink import HeldCandles
from Heatmap.domain.candles import (
    MINUTE_MS,
    Candle,
    Fetched,
    Funding,
    OpenInterest,
    Series,
    Span,
    Value,
    clipped,
)
from Heatmap.domain.instruments import Instrument, InstrumentName, instrument_of
from Heatmap.storage.sqlite import candle_tables

# So many values at most are handed over at once.
_PART_VALUES = 1_000
_SLICE_MS = 1_000 * MINUTE_MS
_TABLES = {
    Series.CANDLES: "candles_1m",
    Series.OPEN_INTEREST: "open_interest_5m",
    Series.FUNDING: "funding_rates",
}
_SELECTS = {
    Series.CANDLES: candle_tables.SELECT_CANDLES,
    Series.OPEN_INTEREST: candle_tables.SELECT_INTEREST,
    Series.FUNDING: candle_tables.SELECT_FUNDING,
}


class CandleMemory:
    """Holds values and their fetched time, until it is dropped."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        # Whether there is anything: looked at without the lock, by whoever reads the store.
        self.is_empty = True

    @cached_property
    def _connection(self) -> sqlite3.Connection:
        # Made when there is something to hold: most programs write themselves.
        made = sqlite3.connect(":memory:", check_same_thread=False, isolation_level=None)
        weakref.finalize(self, made.close)
        script = files("Heatmap.storage").joinpath("sqlite/schema_candles.sql")
        made.executescript(script.read_text("utf-8"))
        return made

    def save(self, instrument: InstrumentName, fetched: Fetched) -> None:
        """Hold values in place of those of the same times, and that their time was fetched."""
        with self._lock:
            self._connection.execute("BEGIN")
            candle_tables.add_fetched(self._connection, instrument_of(instrument), fetched)
            self._connection.execute("COMMIT")
            self.is_empty = False

    def spans(self, instrument: InstrumentName, series: Series) -> tuple[Span, ...]:
        """Return which time of a series was fetched, in order."""
        if self.is_empty:
            return ()
        with self._lock:
            return candle_tables.read_spans(self._connection, instrument_of(instrument), series)

    def rows(
        self, instrument: InstrumentName, series: Series, start_ms: int, end_ms: int
    ) -> list[Any]:
        """Return the rows of a half-open time as a reader of the store gives them, in order."""
        # What lies in no span is nothing to rely on.
        spans = clipped(self.spans(instrument, series), start_ms, end_ms)
        whose, found = instrument_of(instrument), list[Any]()
        for first_ms, last_ms in spans:
            # In slices: neither the recorder's thread nor the host's is kept waiting.
            for at_ms in range(first_ms, last_ms, _SLICE_MS):
                until_ms = min(at_ms + _SLICE_MS, last_ms)
                with self._lock:
                    found += self._connection.execute(
                        _SELECTS[series], (whose.venue, whose.symbol, at_ms, until_ms)
                    ).fetchall()
        return found

    def delete_before(self, before_ms: int, limit: int) -> int:
        """Forget a few of the oldest values; return how many, 0 when none is left."""
        if self.is_empty:
            return 0
        with self._lock:
            return candle_tables.delete_before(self._connection, before_ms, limit)

    def hold_only(self, instruments: Collection[InstrumentName]) -> None:
        """Forget what is held of all others."""
        kept = {instrument_of(one) for one in instruments}
        if self.is_empty:
            return
        with self._lock:
            for one in self._held():
                if one not in kept:
                    for table in (*_TABLES.values(), "fetched_spans"):
                        self._delete(table, one)
            self.is_empty = not self._held()

    def next_held(self) -> HeldCandles | None:
        """Return the newest part of some series that is held; ``None``: nothing is."""
        if self.is_empty:
            return None
        with self._lock:
            row = self._connection.execute(
                "SELECT source, symbol, series, start_ms, end_ms FROM fetched_spans "
                "ORDER BY end_ms DESC LIMIT 1"
            ).fetchone()
            if row is None:
                # Values without a span are none that anybody may rely on.
                for table in _TABLES.values():
                    self._connection.execute(f"DELETE FROM {table}")
                self.is_empty = True
                return None
            whose, series = Instrument(row[0], row[1]), Series(row[2])
            start_ms = max(row[3], row[4] - _PART_VALUES * max(series.step_ms, MINUTE_MS))
            values = self._values(whose, series, start_ms, row[4])
        span = (start_ms, row[4])
        return HeldCandles(whose, Fetched(series, values, (span,)))

    def release(self, held: HeldCandles) -> None:
        """Forget a part, whose span is the end of one that is held."""
        whose, fetched = instrument_of(held.instrument), held.fetched
        key = (whose.venue, whose.symbol)
        column = candle_tables.TIME_COLUMNS[fetched.series]
        with self._lock:
            self._connection.execute("BEGIN")
            for start_ms, end_ms in fetched.spans:
                self._connection.execute(
                    "DELETE FROM fetched_spans WHERE source = ? AND symbol = ? AND series = ? "
                    "AND start_ms >= ? AND end_ms <= ?",
                    (*key, fetched.series.value, start_ms, end_ms),
                )
                self._connection.execute(
                    "UPDATE fetched_spans SET end_ms = ? WHERE source = ? AND symbol = ? "
                    "AND series = ? AND start_ms < ? AND end_ms = ?",
                    (start_ms, *key, fetched.series.value, start_ms, end_ms),
                )
                self._connection.execute(
                    f"DELETE FROM {_TABLES[fetched.series]} WHERE source = ? AND symbol = ? "
                    f"AND {column} >= ? AND {column} < ?",
                    (*key, start_ms, end_ms),
                )
            self._connection.execute("COMMIT")

    def _values(
        self, whose: Instrument, series: Series, start_ms: int, end_ms: int
    ) -> tuple[Value, ...]:
        key = (whose.venue, whose.symbol, start_ms, end_ms)
        if series is Series.CANDLES:
            rows = self._connection.execute(
                "SELECT open_ms, open, high, low, close, quote_volume, taker_buy_quote, trades "
                "FROM candles_1m WHERE source = ? AND symbol = ? AND open_ms >= ? AND open_ms < ? "
                "ORDER BY open_ms",
                key,
            )
            return tuple(Candle(*row) for row in rows)
        kind = OpenInterest if series is Series.OPEN_INTEREST else Funding
        return tuple(kind(*row) for row in self._connection.execute(_SELECTS[series], key))

    def _held(self) -> set[Instrument]:
        found: set[Instrument] = set()
        for table in (*_TABLES.values(), "fetched_spans"):
            rows = candle_tables.instruments_in(self._connection, table)
            found.update(Instrument(*row) for row in rows)
        return found

    def _delete(self, table: str, one: Instrument) -> None:
        self._connection.execute(
            f"DELETE FROM {table} WHERE source = ? AND symbol = ?", (one.venue, one.symbol)
        )
