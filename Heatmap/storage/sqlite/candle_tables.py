"""Candles, open interest and funding in the database: statements, and which rows can be used.

Every function works inside the caller's transaction. Rows that another program has spoilt are left
out, as in `sound_rows`; they are few and can be fetched again, so nobody counts them.
"""

import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from types import MappingProxyType

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
    joined,
    length_ms,
)
from Heatmap.domain.instruments import Instrument
from Heatmap.storage.sqlite.ledger import read_note, save_note
from Heatmap.storage.sqlite.sound_rows import LAST_TIME_MS

# As in `sound_rows`: a text or a blob is larger than every number, and so is no price.
_USD = "> 0 AND {0} < 1e15"
SOUND_CANDLE = (
    f"typeof(open_ms) = 'integer' AND low {_USD.format('low')} AND high {_USD.format('high')} "
    f"AND open BETWEEN low AND high AND close BETWEEN low AND high "
    "AND quote_volume >= 0 AND quote_volume < 1e15 "
    "AND (taker_buy_quote IS NULL OR (taker_buy_quote >= 0 AND taker_buy_quote < 1e15))"
)
"""Condition on ``candles_1m``; the instrument is the asker's."""
_SOUND_INTEREST = f"typeof(label_ms) = 'integer' AND usd {_USD.format('usd')}"
_SOUND_FUNDING = "typeof(paid_ms) = 'integer' AND rate > -1 AND rate < 1"
_SOUND_SPAN = (
    "typeof(start_ms) = 'integer' AND typeof(end_ms) = 'integer' "
    f"AND start_ms BETWEEN {-LAST_TIME_MS} AND end_ms AND end_ms <= {LAST_TIME_MS}"
)

# In the table meta.
_RETENTION = "candle_retention_ms"
_MOST_DIGITS = 15

_INSERTS = MappingProxyType(
    {
        Series.CANDLES: """
INSERT OR REPLACE INTO candles_1m (
    source, symbol, open_ms, open, high, low, close, quote_volume, taker_buy_quote, trades
) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)""",
        Series.OPEN_INTEREST: """
INSERT OR REPLACE INTO open_interest_5m (source, symbol, label_ms, usd) VALUES (?, ?, ?, ?)""",
        Series.FUNDING: """
INSERT OR REPLACE INTO funding_rates (source, symbol, paid_ms, rate) VALUES (?, ?, ?, ?)""",
    }
)
# What a series is stored in: the table, and its column of time.
_PLACES = MappingProxyType(
    {
        Series.CANDLES: ("candles_1m", "open_ms"),
        Series.OPEN_INTEREST: ("open_interest_5m", "label_ms"),
        Series.FUNDING: ("funding_rates", "paid_ms"),
    }
)
TIME_COLUMNS = MappingProxyType({series: column for series, (_, column) in _PLACES.items()})
"""By series, the column of its time."""
SELECT_CANDLES = f"""
SELECT open_ms, open, high, low, close, quote_volume, taker_buy_quote FROM candles_1m
WHERE source = ? AND symbol = ? AND open_ms >= ? AND open_ms < ? AND {SOUND_CANDLE}
ORDER BY open_ms
"""
SELECT_INTEREST = f"""
SELECT label_ms, usd FROM open_interest_5m
WHERE source = ? AND symbol = ? AND label_ms >= ? AND label_ms < ? AND {_SOUND_INTEREST}
ORDER BY label_ms
"""
SELECT_FUNDING = f"""
SELECT paid_ms, rate FROM funding_rates
WHERE source = ? AND symbol = ? AND paid_ms >= ? AND paid_ms < ? AND {_SOUND_FUNDING}
ORDER BY paid_ms
"""
_SELECT_SPANS = f"""
SELECT start_ms, end_ms FROM fetched_spans
WHERE source = ? AND symbol = ? AND series = ? AND {_SOUND_SPAN}
"""
_SELECT_SUMMARY = f"""
SELECT source, symbol, count(*), min(open_ms), max(open_ms) FROM candles_1m
WHERE typeof(source) = 'text' AND typeof(symbol) = 'text' AND {SOUND_CANDLE}
GROUP BY source, symbol
"""


def add_fetched(connection: sqlite3.Connection, instrument: Instrument, fetched: Fetched) -> None:
    """Store values, and that their time was fetched."""
    key = (instrument.venue, instrument.symbol)
    connection.executemany(
        _INSERTS[fetched.series], [(*key, *value_to_row(value)) for value in fetched.values]
    )
    for span in joined(fetched.spans):
        _add_span(connection, (*key, fetched.series.value), span)


def value_to_row(value: Value) -> tuple[object, ...]:
    """Return a value's columns in the order of its insert statement."""
    match value:
        case Candle():
            return (
                *(value.open_ms, value.open, value.high, value.low, value.close),
                *(value.quote_volume, value.taker_buy_quote, value.trades),
            )
        case OpenInterest():
            return (value.label_ms, value.usd)
        case Funding():
            return (value.paid_ms, value.rate)


def read_spans(
    connection: sqlite3.Connection, instrument: Instrument, series: Series
) -> tuple[Span, ...]:
    """Return which time of a series was fetched."""
    key = (instrument.venue, instrument.symbol, series.value)
    return joined(connection.execute(_SELECT_SPANS, key).fetchall())


def delete_before(connection: sqlite3.Connection, before_ms: int, limit: int) -> int:
    """Delete a few of the oldest values of a series and instrument; 0: none is left."""
    # First the claim, then what it claims: what is interrupted in between is fetched again.
    rows: Iterable[tuple[str, str, str, int, int]] = connection.execute(
        f"SELECT source, symbol, series, start_ms, end_ms FROM fetched_spans "
        f"WHERE start_ms < ? AND {_SOUND_SPAN}",
        (before_ms,),
    ).fetchall()
    for source, symbol, series, start_ms, end_ms in rows:
        key = (source, symbol, series)
        connection.execute(
            "DELETE FROM fetched_spans "
            "WHERE source = ? AND symbol = ? AND series = ? AND start_ms = ?",
            (*key, start_ms),
        )
        if end_ms > before_ms:
            _add_span(connection, key, (before_ms, end_ms))
    for table, column in _PLACES.values():
        # By instrument: the key begins with it, so that each deletion is a short stretch of it.
        for source, symbol in instruments_in(connection, table):
            deleted = connection.execute(
                f"DELETE FROM {table} WHERE source = ? AND symbol = ? AND {column} IN ("
                f"SELECT {column} FROM {table} WHERE source = ? AND symbol = ? AND {column} < ? "
                f"ORDER BY {column} LIMIT ?)",
                (source, symbol, source, symbol, before_ms, limit),
            ).rowcount
            if deleted:
                return int(deleted)
    return 0


@dataclass(frozen=True, slots=True)
class CandleSummary:
    """What a file holds of one instrument's candles.

    Attributes
    ----------
    instrument
        Whose.
    candles
        How many.
    first_ms, last_ms
        When the oldest and the newest began, UTC milliseconds.
    without_candle
        Minutes in between that were fetched, and of which the exchange has none.
    not_fetched
        Minutes in between that are still to be fetched.
    """

    instrument: Instrument
    candles: int
    first_ms: int
    last_ms: int
    without_candle: int
    not_fetched: int


def candle_summary(connection: sqlite3.Connection) -> list[CandleSummary]:
    """Summarise the candles of each instrument; reads every one of them."""
    found = []
    for source, symbol, count, first_ms, last_ms in connection.execute(_SELECT_SUMMARY).fetchall():
        instrument = Instrument(source, symbol)
        end_ms = last_ms + MINUTE_MS
        spans = clipped(read_spans(connection, instrument, Series.CANDLES), first_ms, end_ms)
        fetched = length_ms(spans) // MINUTE_MS
        total = (end_ms - first_ms) // MINUTE_MS
        without = max(fetched - count, 0)
        found.append(
            CandleSummary(instrument, count, first_ms, last_ms, without, max(total - fetched, 0))
        )
    return found


def read_retention(connection: sqlite3.Connection) -> int | None:
    """Return how long candles are kept, milliseconds; ``None``: not noted, or spoilt."""
    text = read_note(connection, _RETENTION)
    if not isinstance(text, str) or not text.isascii() or not text.isdigit():
        return None
    return int(text) or None if len(text) <= _MOST_DIGITS else None


def save_retention(connection: sqlite3.Connection, retention_ms: int) -> None:
    """Note how long candles are kept, milliseconds."""
    save_note(connection, _RETENTION, str(retention_ms))


def instruments_in(connection: sqlite3.Connection, table: str) -> Iterator[tuple[str, str]]:
    """Yield the instruments of a table, going from one to the next without reading their rows."""
    reached = ("", "")
    while True:
        row = connection.execute(
            f"SELECT source, symbol FROM {table} WHERE (source, symbol) > (?, ?) "
            "ORDER BY source, symbol LIMIT 1",
            reached,
        ).fetchone()
        if row is None or not all(isinstance(one, str) for one in row):
            return
        reached = row
        yield reached


def _add_span(connection: sqlite3.Connection, key: tuple[str, str, str], span: Span) -> None:
    """Merge a span with those that it touches."""
    touching = connection.execute(
        "SELECT start_ms, end_ms FROM fetched_spans WHERE source = ? AND symbol = ? "
        f"AND series = ? AND start_ms <= ? AND end_ms >= ? AND {_SOUND_SPAN}",
        (*key, span[1], span[0]),
    ).fetchall()
    connection.executemany(
        "DELETE FROM fetched_spans WHERE source = ? AND symbol = ? AND series = ? AND start_ms = ?",
        [(*key, start) for start, _end in touching],
    )
    start, end = joined([*touching, span])[0]
    connection.execute(
        "INSERT OR REPLACE INTO fetched_spans (source, symbol, series, start_ms, end_ms) "
        "VALUES (?, ?, ?, ?, ?)",
        (*key, start, end),
    )
