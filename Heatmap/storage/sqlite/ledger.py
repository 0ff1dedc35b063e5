"""What a database notes beside the events: counters, recorded symbols, the retention in force.

Every function works inside the caller's transaction.
"""

import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any

from Heatmap.domain.events import REJECTED_COUNTER

_SYMBOLS = "symbols"
_RETENTION = "retention_ms"
_COUNTERS = ("received", "stored", "duplicates", "overflowed", "reconnects", "rotations")


def add_counts(connection: sqlite3.Connection, counts: Mapping[str, int]) -> None:
    """Add to the totals by name."""
    connection.executemany(
        "INSERT INTO counters (name, total) VALUES (?, ?) "
        "ON CONFLICT (name) DO UPDATE SET total = total + excluded.total",
        sorted(counts.items()),
    )


def read_counts(connection: sqlite3.Connection) -> dict[str, Any]:
    """Return the totals: each counter by name, and ``rejected`` by reason."""
    totals: dict[str, int] = dict(connection.execute("SELECT name, total FROM counters"))
    rejected = {
        name.removeprefix(REJECTED_COUNTER): total
        for name, total in sorted(totals.items())
        if name.startswith(REJECTED_COUNTER)
    }
    return {name: totals.get(name, 0) for name in _COUNTERS} | {"rejected": rejected}


def save_symbols(connection: sqlite3.Connection, symbols: Sequence[str]) -> None:
    """Note which symbols are recorded from now on."""
    _save(connection, _SYMBOLS, ",".join(symbols))


def read_symbols(connection: sqlite3.Connection) -> tuple[str, ...] | None:
    """Return which symbols the last recorder records or recorded; ``None``: not noted."""
    text = _read(connection, _SYMBOLS)
    return tuple(text.split(",")) if text else None


def save_retention(connection: sqlite3.Connection, retention_ms: int) -> None:
    """Note the retention in force, milliseconds."""
    _save(connection, _RETENTION, str(retention_ms))


def read_retention(connection: sqlite3.Connection) -> int | None:
    """Return the retention in force, milliseconds; ``None``: not noted."""
    text = _read(connection, _RETENTION)
    return int(text) if text is not None and text.isascii() and text.isdigit() else None


def _save(connection: sqlite3.Connection, key: str, value: str) -> None:
    connection.execute(
        "INSERT INTO meta (key, value) VALUES (?, ?) "
        "ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        (key, value),
    )


def _read(connection: sqlite3.Connection, key: str) -> str | None:
    row = connection.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
    return None if row is None else str(row[0])
