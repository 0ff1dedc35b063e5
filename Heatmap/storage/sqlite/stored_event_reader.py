"""Reads events by the number of their row, for whoever hands them on. Imports no numpy."""

import math
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from functools import lru_cache
from typing import Any

from Heatmap.domain.instruments import Instrument, InstrumentName, instrument_of
from Heatmap.storage.engine import EventWindow, Gathered, KnownRow, StoredEvent
from Heatmap.storage.sqlite.candle_reader import CandleReader
from Heatmap.storage.sqlite.sound_rows import LAST_TIME_MS, SIZED_EVENT

_FIELDS = "id, source, symbol, ts_ms, side = 'SELL', price, qty, notional, limit_price"
_SOUND = f"{SIZED_EVENT} AND typeof(source) = 'text' AND typeof(symbol) = 'text'"
_SELECT_STORED = f"""
SELECT {_FIELDS} FROM liq_events
WHERE id > ? AND +ts_ms BETWEEN 0 AND {LAST_TIME_MS} AND {_SOUND} ORDER BY id LIMIT ?
"""
# The plus signs keep SQLite from walking all rows after the first one: the time is the narrower.
_SELECT_BETWEEN = f"""
SELECT {_FIELDS} FROM liq_events
WHERE symbol = ? AND source = ? AND ts_ms >= ? AND ts_ms < ? AND +id > ? AND {_SOUND}
ORDER BY +id LIMIT ?
"""
# A spoilt push counts as none. A venue whose clock is behind tells of nothing before it happens.
_KNOWN = "max(ts_ms, iif(typeof(push_ms) = 'integer', push_ms, ts_ms))"
_SELECT_KNOWN = f"""
SELECT {_KNOWN}, id, ts_ms, price, notional, side = 'SELL' FROM liq_events
WHERE symbol = ? AND source = ? AND ts_ms >= ? AND ts_ms < ? AND +id > ?
AND {_KNOWN} - ts_ms > ? AND {SIZED_EVENT} ORDER BY ts_ms, id
"""
# What was stored after a row is the narrower.
_SELECT_KNOWN_AFTER = f"""
SELECT {_KNOWN}, id, ts_ms, price, notional, side = 'SELL' FROM liq_events
WHERE +symbol = ? AND source = ? AND +ts_ms >= ? AND +ts_ms < ? AND id > ?
AND {_KNOWN} - ts_ms > ? AND {SIZED_EVENT} ORDER BY +ts_ms, id
"""


class StoredEventReader(CandleReader):
    """The part of `EventReader` that gives whole events, in the order of storing."""

    def read_stored(self, row_id: int, limit: int, /) -> EventWindow[tuple[StoredEvent, ...]]:
        """Read at most `limit` events of all instruments that were stored after a row.

        Raises
        ------
        StorageError
            The file cannot be read.
        """
        with self._transaction() as connection:
            last_row_id = connection.execute("SELECT max(id) FROM liq_events").fetchone()[0] or 0
            events = _events(connection.execute(_SELECT_STORED, (row_id, limit)))
        return EventWindow(events, last_row_id)

    def read_stored_between(
        self,
        instrument: InstrumentName,
        start_ms: int,
        end_ms: int,
        row_id: int,
        limit: int,
        /,
    ) -> tuple[StoredEvent, ...]:
        """Read at most `limit` events of a half-open time that were stored after a row.

        Raises
        ------
        StorageError
            The file cannot be read.
        """
        asked = instrument_of(instrument)
        bound = (asked.symbol, asked.venue, start_ms, end_ms, row_id, limit)
        with self._transaction() as connection:
            return _events(connection.execute(_SELECT_BETWEEN, bound))

    def read_known(
        self,
        instrument: InstrumentName,
        start_ms: int,
        end_ms: int,
        row_id: int,
        late_ms: int,
        gather: Callable[[Iterator[KnownRow]], Gathered],
        /,
    ) -> EventWindow[Gathered]:
        """Read events of a half-open time, and when the venue told of them; see `StoreReader`.

        Raises
        ------
        StorageError
            The file cannot be read.
        """
        asked = instrument_of(instrument)
        start_ms, end_ms = max(start_ms, 0), min(end_ms, LAST_TIME_MS + 1)
        bound = (asked.symbol, asked.venue, start_ms, end_ms, row_id, late_ms)
        statement = _SELECT_KNOWN_AFTER if row_id else _SELECT_KNOWN
        with self._transaction() as connection:
            last_row_id = connection.execute("SELECT max(id) FROM liq_events").fetchone()[0] or 0
            with closing(connection.execute(statement, bound)) as rows:
                events = gather(rows)
        return EventWindow(events, max(last_row_id, row_id))


def _events(rows: Iterable[tuple[Any, ...]]) -> tuple[StoredEvent, ...]:
    return tuple(
        StoredEvent(
            row_id,
            _written(source, symbol),
            ts_ms,
            bool(is_long),
            float(price),
            _number(qty) or 0.0,
            float(notional),
            _number(limit_price),
        )
        for row_id, source, symbol, ts_ms, is_long, price, qty, notional, limit_price in rows
    )


@lru_cache(maxsize=4_096)
def _written(source: str, symbol: str) -> str:
    """Return an instrument as it is written: a page of events has few of them."""
    return str(Instrument(source, symbol))


def _number(value: object) -> float | None:
    """Return a number that is none of a spoilt row's."""
    if type(value) is float and math.isfinite(value):
        return value
    is_number = isinstance(value, int | float) and math.isfinite(value)
    return float(value) if is_number else None  # type: ignore[arg-type]
