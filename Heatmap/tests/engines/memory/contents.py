"""What a store in memory holds. One lock makes each step of a writer or reader a transaction."""

import threading
from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal

from Heatmap.domain.candles import Series, Span, Value
from Heatmap.domain.coverage import CoverageInterval
from Heatmap.domain.events import DataKind, LiquidationEvent
from Heatmap.domain.instruments import Instrument


@dataclass(eq=False)
class Contents:
    """The tables; `writer` is who writes, and row ids are never given twice."""

    kind: DataKind
    next_row_id: int = 1
    rows: list[tuple[int, LiquidationEvent]] = field(default_factory=list)
    coverage: dict[str, tuple[CoverageInterval, ...]] = field(default_factory=dict)
    tick_sizes: dict[str, tuple[Decimal, int]] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)
    unread_order: str | None = None
    symbols: tuple[str, ...] | None = None
    retention_ms: int | None = None
    candle_retention_ms: int | None = None
    values: dict[tuple[Instrument, Series], dict[int, Value]] = field(default_factory=dict)
    fetched: dict[tuple[Instrument, Series], tuple[Span, ...]] = field(default_factory=dict)
    writer: object = None
    lock: threading.RLock = field(default_factory=threading.RLock)

    def __post_init__(self) -> None:
        self.keys: set[tuple[object, ...]] = set()


def key_of(event: LiquidationEvent) -> tuple[object, ...]:
    """What tells a message from any other one."""
    return (
        *(event.source, event.symbol, event.ts_ms, event.liquidated, event.limit_price),
        *(event.price, event.original_qty, event.qty),
    )
