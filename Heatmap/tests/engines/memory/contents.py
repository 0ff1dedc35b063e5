"""What a store in memory holds. One lock makes each step of a writer or reader a transaction."""

import threading
from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal

from Heatmap.domain.candles import Series, Span, Value
from Heatmap.domain.coverage import CoverageInterval
from Heatmap.domain.event_keys import key_of_numbers
from Heatmap.domain.events import DataKind, LiquidationEvent
from Heatmap.domain.instruments import Instrument
from Heatmap.domain.market_note import MarketNote


@dataclass(eq=False)
class Contents:
    """The tables; `writer` is who writes, and row ids are never given twice."""

    kind: DataKind
    next_row_id: int = 1
    rows: list[tuple[int, LiquidationEvent]] = field(default_factory=list)
    coverage: dict[Instrument, tuple[CoverageInterval, ...]] = field(default_factory=dict)
    imported: dict[tuple[str, Instrument], tuple[CoverageInterval, ...]] = field(
        default_factory=dict
    )
    tick_sizes: dict[Instrument, tuple[Decimal, int]] = field(default_factory=dict)
    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    unread_order: str | None = None
    symbols: tuple[str, ...] | None = None
    retention_ms: int | None = None
    candle_retention_ms: int | None = None
    market: MarketNote | None = None
    values: dict[tuple[Instrument, Series], dict[int, Value]] = field(default_factory=dict)
    fetched: dict[tuple[Instrument, Series], tuple[Span, ...]] = field(default_factory=dict)
    writer: object = None
    lock: threading.RLock = field(default_factory=threading.RLock)

    def __post_init__(self) -> None:
        self.keys: set[bytes] = set()
        # Keys of rows that say themselves that theirs was made from numbers.
        self.keys_from_numbers: set[bytes] = set()

    @property
    def is_empty(self) -> bool:
        return not (self.rows or self.all_coverage() or self.tick_sizes or self.values)

    def all_coverage(self) -> dict[Instrument, list[CoverageInterval]]:
        """Return what was covered, also by what was imported."""
        found = {one: list(parts) for one, parts in self.coverage.items()}
        for (_origin, one), parts in self.imported.items():
            found.setdefault(one, []).extend(parts)
        return found


def key_of(event: LiquidationEvent) -> bytes:
    """What tells a message from any other one."""
    if event.event_key is not None:
        return event.event_key
    numbers = (event.price, event.qty, event.limit_price, event.original_qty)
    return key_of_numbers(
        event.source, event.symbol, event.ts_ms, event.liquidated, numbers, event.twin
    )
