"""Which rows of a database can be used, whatever another program has put into it.

SQLite keeps text, a blob or nothing in any column, whatever type it was declared with, and a check
can be switched off. A row that does not hold what the program writes is damaged: readers skip it,
and `count_damaged` counts it. It is left in the file, as nobody knows what it was.
"""

import sqlite3
from collections.abc import Iterable
from decimal import Decimal
from types import MappingProxyType

from Heatmap.domain.instruments import parse_tick_size

LAST_TIME_MS = 253_402_300_799_999
"""The last millisecond of the year 9999: what lies beyond is no time of a recording."""

_LARGEST_TOTAL = 2**53 - 1

# In SQLite every text and blob is larger than every number, and nothing is larger than NULL: so two
# limits tell a number, and without the function calls that would slow down the reading of a window.
# A time that is no integer differs from what is left of it after `| 0`. BETWEEN reads its value
# once; 1e-300 stands for "above 0".
_SOUND_PRICE, _SOUND_SIZE = "price BETWEEN 1e-300 AND 1e15", "notional BETWEEN 0 AND 1e18"
_SOUND_TIME_AND_SIDE = "ts_ms = ts_ms | 0 AND side IN ('SELL', 'BUY')"
SOUND_EVENT = f"{_SOUND_PRICE} AND (notional IS NULL OR {_SOUND_SIZE}) AND {_SOUND_TIME_AND_SIDE}"
"""Condition on ``liq_events``; venue and symbol are the asker's. The notional may not be known."""
SIZED_EVENT = f"{_SOUND_PRICE} AND {_SOUND_SIZE} AND {_SOUND_TIME_AND_SIDE}"
"""Condition on ``liq_events``: sound, and of a known size."""
_NUMBER_OR_NULL = " AND ".join(
    f"typeof({name}) IN ('real', 'null')"
    for name in ("notional", "limit_price", "original_qty", "reported_price")
)
WHOLE_EVENT = (
    f"typeof(source) = 'text' AND typeof(symbol) = 'text' AND {SOUND_EVENT} "
    f"AND ts_ms BETWEEN 0 AND {LAST_TIME_MS} AND typeof(price) = 'real' AND typeof(qty) = 'real' "
    f"AND qty >= 0 AND qty < 1e18 AND {_NUMBER_OR_NULL} AND typeof(receive_ms) = 'integer' "
    "AND typeof(push_ms) IN ('integer', 'null') AND typeof(raw_json) = 'text' "
    "AND typeof(price_kind) = 'text' AND typeof(price_rule) = 'text' AND typeof(origin) = 'text' "
    "AND typeof(twin) = 'integer' AND typeof(event_key) = 'blob' AND length(event_key) = 16"
)
"""Condition on ``liq_events``: every column holds what this program writes."""
SOUND_COVERAGE = (
    "typeof(source) = 'text' AND typeof(symbol) = 'text' "
    "AND typeof(start_ms) = 'integer' AND typeof(end_ms) = 'integer' "
    "AND typeof(proven) = 'integer' AND proven IN (0, 1) "
    f"AND start_ms BETWEEN {-LAST_TIME_MS} AND end_ms AND end_ms <= {LAST_TIME_MS}"
)
"""Condition on ``coverage``."""
SOUND_IMPORTED = f"{SOUND_COVERAGE} AND typeof(origin) = 'text'"
"""Condition on ``imported_coverage``."""
SOUND_TICK_SIZE = (
    "typeof(source) = 'text' AND typeof(symbol) = 'text' AND typeof(tick_size) = 'text' "
    "AND typeof(fetched_ms) = 'integer'"
)
"""Condition on ``tick_sizes``; `read_tick_size` tells the rest."""
SOUND_COUNTER = (
    "typeof(source) = 'text' AND typeof(name) = 'text' AND typeof(total) = 'integer' "
    f"AND total BETWEEN 0 AND {_LARGEST_TOTAL}"
)
"""Condition on ``counters``."""

_CONDITIONS = MappingProxyType(
    {
        "liq_events": f"typeof(source) = 'text' AND typeof(symbol) = 'text' AND {SOUND_EVENT}",
        "coverage": SOUND_COVERAGE,
        "tick_sizes": SOUND_TICK_SIZE,
        "counters": SOUND_COUNTER,
        "imported_coverage": SOUND_IMPORTED,
    }
)
TABLES = tuple(_CONDITIONS)
"""The tables whose rows are told apart."""
SMALL_TABLES = TABLES[1:]
"""Those that are small, whatever was recorded."""


def count_damaged(connection: sqlite3.Connection, tables: Iterable[str] = TABLES) -> dict[str, int]:
    """Count the damaged rows by table; tables without any are left out.

    Parameters
    ----------
    connection
        Open on a file with the schema of this version.
    tables
        Which ones; ``liq_events`` is read as a whole.
    """
    counts = {
        table: int(
            # IS NOT TRUE: also where a comparison with NULL has no answer.
            connection.execute(
                f"SELECT count(*) FROM {table} WHERE ({_CONDITIONS[table]}) IS NOT TRUE"
            ).fetchone()[0]
        )
        for table in tables
    }
    if "tick_sizes" in counts:
        sizes = connection.execute(f"SELECT tick_size FROM tick_sizes WHERE {SOUND_TICK_SIZE}")
        counts["tick_sizes"] += sum(read_tick_size(row[0]) is None for row in sizes)
    return {table: count for table, count in counts.items() if count}


def read_tick_size(value: object) -> Decimal | None:
    """Return the tick size that a row holds, USD; ``None`` where it holds none."""
    try:
        return parse_tick_size(value)
    except ValueError:
        return None


def is_readable(text: str) -> bool:
    """Whether a text of the file was UTF-8; wrong bytes are read as a replacement sign."""
    return "\ufffd" not in text
