"""What a database notes beside the events: counters, recorded symbols, the current retention.

Every function works inside the caller's transaction. A note that another program has spoilt counts
as none, but for the retention: what is kept must not become less by that.
"""

import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any

from Heatmap.domain.events import REJECTED_COUNTER, UNREAD_COUNTER
from Heatmap.domain.instruments import BINANCE_USDM
from Heatmap.domain.market_note import FUTURES, SPOT, MarketNote
from Heatmap.domain.recordings import LONGEST_RETENTION_MS
from Heatmap.storage.sqlite.sound_rows import SOUND_COUNTER, is_readable

_SYMBOLS = "symbols"
_RETENTION = "retention_ms"
_UNREAD_ORDER = "last_unread_order"
_MARKET, _CANDLES_MARKET = "market", "candles_market"
_MOST_DIGITS = 15
_COUNTERS = ("received", "stored", "duplicates", "overflowed", "reconnects", "rotations")


def add_counts(
    connection: sqlite3.Connection, counts: Mapping[str, int], venue: str = BINANCE_USDM
) -> None:
    """Add to a venue's totals by name."""
    connection.executemany(
        # A total that is damaged begins anew.
        "INSERT INTO counters (source, name, total) VALUES (?, ?, ?) "
        "ON CONFLICT (source, name) DO UPDATE SET "
        f"total = CASE WHEN {SOUND_COUNTER} THEN total ELSE 0 END + excluded.total",
        [(venue, name, count) for name, count in sorted(counts.items())],
    )


def read_counts(connection: sqlite3.Connection) -> dict[str, Any]:
    """Return the totals of all venues: each counter by name, and ``rejected`` by reason."""
    totals = _totals(connection)
    rejected = {
        name.removeprefix(REJECTED_COUNTER): total
        for name, total in sorted(totals.items())
        if name.startswith(REJECTED_COUNTER)
    }
    return {name: totals.get(name, 0) for name in _COUNTERS} | {"rejected": rejected}


def save_unread_order(connection: sqlite3.Connection, words: str) -> None:
    """Keep what is said of the latest force order that could not be read."""
    save_note(connection, _UNREAD_ORDER, words)


def read_unread_orders(connection: sqlite3.Connection) -> dict[str, Any]:
    """Return how many force orders could not be read, ``by_reason``, and the ``last`` in words."""
    by_reason = {
        name.removeprefix(UNREAD_COUNTER): total
        for name, total in sorted(_totals(connection).items())
        if name.startswith(UNREAD_COUNTER)
    }
    last = read_note(connection, _UNREAD_ORDER)
    return {"by_reason": by_reason, "last": last if isinstance(last, str) else None}


def save_symbols(connection: sqlite3.Connection, symbols: Sequence[str]) -> None:
    """Note which symbols are recorded from now on."""
    save_note(connection, _SYMBOLS, ",".join(symbols))


def read_symbols(connection: sqlite3.Connection) -> tuple[str, ...] | None:
    """Return which symbols the last recorder records or recorded; ``None``: not noted."""
    text = read_note(connection, _SYMBOLS)
    return tuple(text.split(",")) if isinstance(text, str) and text and is_readable(text) else None


def save_retention(connection: sqlite3.Connection, retention_ms: int) -> None:
    """Note the current retention, milliseconds."""
    save_note(connection, _RETENTION, str(retention_ms))


def read_retention(connection: sqlite3.Connection) -> int | None:
    """Return the current retention, milliseconds; ``None``: not noted.

    The longest one where the note is damaged: a shorter one then waits for confirmation, and no
    event is deleted that may have been meant to stay.
    """
    text = read_note(connection, _RETENTION)
    if text is None:
        return None
    if not isinstance(text, str) or not text.isascii() or not text.isdigit():
        return LONGEST_RETENTION_MS
    retention_ms = int(text) if len(text) <= _MOST_DIGITS else LONGEST_RETENTION_MS
    return min(retention_ms, LONGEST_RETENTION_MS) or LONGEST_RETENTION_MS


def save_market(connection: sqlite3.Connection, note: MarketNote) -> None:
    """Note of which market the data are."""
    save_note(connection, _MARKET, note.name)
    save_note(connection, _CANDLES_MARKET, note.candles)


def read_market(connection: sqlite3.Connection) -> MarketNote | None:
    """Return of which market the data are; ``None``: not noted."""
    name, candles = read_note(connection, _MARKET), read_note(connection, _CANDLES_MARKET)
    if not isinstance(name, str) or not is_readable(name) or candles not in (FUTURES, SPOT):
        return None
    return MarketNote(name, str(candles))


def read_newest_push_ms(connection: sqlite3.Connection) -> int | None:
    """Return when the event was pushed that was stored last, UTC ms; ``None``: there is none."""
    row = connection.execute(
        "SELECT coalesce(push_ms, ts_ms) FROM liq_events ORDER BY id DESC LIMIT 1"
    ).fetchone()
    return row[0] if row is not None and isinstance(row[0], int) else None


def _totals(connection: sqlite3.Connection) -> dict[str, int]:
    return dict(
        connection.execute(
            f"SELECT name, sum(total) FROM counters WHERE {SOUND_COUNTER} GROUP BY name"
        )
    )


def save_note(connection: sqlite3.Connection, key: str, value: str) -> None:
    """Note a text under a key, in place of the one before."""
    connection.execute(
        "INSERT INTO meta (key, value) VALUES (?, ?) "
        "ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        (key, value),
    )


def read_note(connection: sqlite3.Connection, key: str) -> object:
    """Return what is noted under a key, whatever another program made of it; ``None``: nothing."""
    row = connection.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
    return None if row is None else row[0]
