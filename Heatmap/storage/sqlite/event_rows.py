"""Events as rows of ``liq_events``: what is written, in which order, and what is stored already."""

import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import suppress
from itertools import chain, islice

from Heatmap.domain.event_keys import key_of_numbers
from Heatmap.domain.events import Liquidated, LiquidationEvent
from Heatmap.domain.recordings import RecordedEvent

# ON CONFLICT names the one index whose conflicts mean "already stored". INSERT OR IGNORE would
# swallow every other fault as well, such as a missing value.
_VALUES = f"({', '.join('?' * 19)})"
_INSERT_EVENT = f"""
INSERT INTO liq_events (
    ts_ms, symbol, side, price, qty, notional, source, raw_json,
    limit_price, original_qty, push_ms, receive_ms, event_key, key_from_numbers, twin,
    origin, reported_price, price_kind, price_rule
) VALUES {_VALUES}
ON CONFLICT (ts_ms, event_key) DO NOTHING
"""
# One statement for several rows: each statement looks up and notes the last row id.
_PART_ROWS = 20
_INSERT_PART = _INSERT_EVENT.replace(_VALUES, ", ".join([_VALUES] * _PART_ROWS))
_SELECT_NEWEST = "SELECT id, ts_ms, event_key FROM liq_events ORDER BY id DESC LIMIT ?"
_INSERT_NUMBERED = _INSERT_EVENT.replace("(\n    ts_ms", "(\n    id, ts_ms").replace(
    "VALUES (", "VALUES (?, "
)
_READ_SEQUENCE = "SELECT seq FROM sqlite_sequence WHERE name = 'liq_events'"
# Looking up an attribute of an enum takes longer than all others of an event.
_LONG, _SHORT = Liquidated.LONG, Liquidated.SHORT
_LONG_SIDE, _SHORT_SIDE = _LONG.order_side, _SHORT.order_side
_KEY_COLUMN = 12
_MERGED_ROWS = 1000


def event_to_row(event: LiquidationEvent) -> tuple[object, ...]:
    """Return an event's values in the order of the insert statement."""
    key, liquidated = event.event_key, event.liquidated
    if liquidated is _LONG:
        side = _LONG_SIDE
    else:
        side = _SHORT_SIDE if liquidated is _SHORT else liquidated.order_side
    return (
        event.ts_ms,
        event.symbol,
        side,
        event.price,
        event.qty,
        event.notional,
        event.source,
        event.raw_json,
        event.limit_price,
        event.original_qty,
        event.push_ms,
        event.receive_ms,
        # Other types are bound at once, bytes and bool by way of a search for an adapter.
        bytearray(key or key_of(event)),
        0 if key else 1,
        event.twin,
        event.origin,
        event.reported_price,
        event.price_kind,
        event.price_rule,
    )


def key_of(event: LiquidationEvent) -> bytes:
    """Return by which key an event is stored once; where it has none, that of its numbers."""
    if event.event_key is not None:
        return event.event_key
    numbers = (event.price, event.qty, event.limit_price, event.original_qty)
    return key_of_numbers(
        event.source, event.symbol, event.ts_ms, event.liquidated, numbers, event.twin
    )


def insert_events(
    connection: sqlite3.Connection, events: Sequence[LiquidationEvent]
) -> tuple[Sequence[int], Sequence[LiquidationEvent]]:
    """Insert the events that are not stored; return their row ids and themselves.

    All in one go: asking after each one takes a third of the time of storing it.
    """
    if len(events) == 1:
        cursor = connection.execute(_INSERT_EVENT, event_to_row(events[0]))
        row_id = cursor.lastrowid
        return ((row_id,), events) if cursor.rowcount and row_id is not None else ((), ())
    rows = [event_to_row(event) for event in events]
    whole = len(rows) - len(rows) % _PART_ROWS
    count = 0
    if whole:
        joined = [
            tuple(chain.from_iterable(rows[first : first + _PART_ROWS]))
            for first in range(0, whole, _PART_ROWS)
        ]
        count = connection.executemany(_INSERT_PART, joined).rowcount
    if whole < len(rows):
        count += connection.executemany(_INSERT_EVENT, rows[whole:]).rowcount
    if not count:
        return (), ()
    if count == len(events):
        # No conflict has used up an id, so they follow each other.
        last = connection.execute("SELECT last_insert_rowid()").fetchone()[0]
        return range(last + 1 - count, last + 1), events
    # A new row's id is larger than any that was given before.
    found = connection.execute(_SELECT_NEWEST, (count,)).fetchall()[::-1]
    # The first one of each key is the one that was stored.
    firsts: dict[object, LiquidationEvent] = {}
    for event in events:
        firsts.setdefault((event.ts_ms, key_of(event)), event)
    return [row[0] for row in found], [firsts[row[1:]] for row in found]


def insert_recorded(connection: sqlite3.Connection, events: Iterable[RecordedEvent]) -> int:
    """Insert events of another recording that are not stored; return how many those were."""
    rows = map(_recorded_row, events)
    count = 0
    while part := list(islice(rows, _MERGED_ROWS)):
        count += connection.executemany(_INSERT_EVENT, part).rowcount
    return count


def _recorded_row(one: RecordedEvent) -> tuple[object, ...]:
    row = list(event_to_row(one.event))
    row[_KEY_COLUMN : _KEY_COLUMN + 2] = bytearray(one.key), int(one.key_from_numbers)
    return tuple(row)


def insert_again(
    connection: sqlite3.Connection, row_id: int | None, event: LiquidationEvent
) -> int:
    """Insert an event unless it is stored; return how many were."""
    row = event_to_row(event)
    if row_id is not None:
        with suppress(sqlite3.IntegrityError):  # somebody else has used the id
            return connection.execute(_INSERT_NUMBERED, (row_id, *row)).rowcount
    return connection.execute(_INSERT_EVENT, row).rowcount


def counts_by_venue(
    events: Sequence[LiquidationEvent], stored: Sequence[LiquidationEvent]
) -> dict[str, dict[str, int]]:
    """Return the increments of each venue's totals; what does not grow is left out."""
    received = [event.source for event in events]
    kept = received if stored is events else [event.source for event in stored]
    totals = {}
    for venue in set(received):
        count, stored_count = received.count(venue), kept.count(venue)
        counts = {"received": count, "stored": stored_count, "duplicates": count - stored_count}
        totals[venue] = {name: added for name, added in counts.items() if added}
    return totals


def sequence(connection: sqlite3.Connection) -> int:
    """Return the largest row id that was ever given."""
    row = connection.execute(_READ_SEQUENCE).fetchone()
    return 0 if row is None else int(row[0])
