"""What the tests of the writer share: an event, a file, a question to it."""

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from Heatmap.domain.events import Liquidated, LiquidationEvent

EVENT = LiquidationEvent(
    ts_ms=1_733_330_785_584,
    symbol="BTCUSDT",
    liquidated=Liquidated.LONG,
    price=94_809.6,
    qty=0.013,
    notional=94_809.6 * 0.013,
    source="BINANCE_USDM",
    limit_price=94_434.91,
    original_qty=0.014,
    push_ms=1_733_330_785_587,
    receive_ms=1_733_330_785_600,
    raw_json='{"e":"forceOrder"}',
)


def events(count: int, start_ms: int = 0, step_ms: int = 1000) -> list[LiquidationEvent]:
    return [replace(EVENT, ts_ms=start_ms + number * step_ms) for number in range(count)]


def event(
    ts_ms: int, symbol: str = "BTCUSDT", liquidated: Liquidated = Liquidated.LONG, qty: float = 0.5
) -> LiquidationEvent:
    """Return an event whose price, which is no round number, tells its time."""
    price = 100_000.1 + ts_ms / 7
    return LiquidationEvent(
        ts_ms,
        symbol,
        liquidated,
        price,
        qty,
        price * qty,
        "BINANCE_USDM",
        price,
        qty,
        ts_ms,
        ts_ms,
        "",
    )


def query(path: Path, statement: str, *values: object) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(statement, values).fetchall()


def tamper(path: Path, script: str) -> None:
    """Change a file as another program may, which cares for no rule of ours."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA ignore_check_constraints = ON")
        connection.executescript(script)
