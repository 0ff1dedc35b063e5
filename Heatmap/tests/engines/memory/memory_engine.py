"""A storage engine for tests, in the memory of this process: an address is ``memory://name``."""

import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from decimal import Decimal
from typing import Any

from Heatmap.domain.coverage import CoverageInterval
from Heatmap.domain.events import REJECTED_COUNTER, UNREAD_COUNTER, DataKind, LiquidationEvent
from Heatmap.domain.instruments import (
    ALL_SYMBOLS,
    Instrument,
    InstrumentName,
    instrument_of,
)
from Heatmap.domain.market_note import MarketNote
from Heatmap.errors import OtherWriterError, StorageError, WrongDataKindError
from Heatmap.storage.coverage import clipped, effective, gaps_between, without_future
from Heatmap.storage.store import Address, DatabaseFacts, DayFacts
from Heatmap.tests.engines.memory.contents import Contents
from Heatmap.tests.engines.memory.memory_reader import MemoryReader
from Heatmap.tests.engines.memory.memory_writer import MemoryWriter
from Heatmap.tests.engines.memory.times import time_of

SCHEME = "memory"
_DAY_MS = 86_400_000
_ROW_BYTES = 200
_COUNTERS = ("received", "stored", "duplicates", "overflowed", "reconnects", "rotations")

# By address; a fresh one takes the place of one that is forgotten.
_stores: dict[str, Contents] = {}


class MemoryEngine:
    """A `Heatmap.storage.engine.Store`; its methods are described there."""

    def __init__(self, address: Address) -> None:
        self.address = str(address)

    def exists(self) -> bool:
        return self.address in _stores

    def discard_empty(self) -> bool:
        found = _stores.get(self.address)
        if found is not None and found.writer is None and found.is_empty:
            self.forget()
        return not self.exists()

    def forget(self) -> None:
        """Take the store away, as somebody may take a file."""
        _stores.pop(self.address, None)

    def open_writer(self, kind: DataKind, *, is_recorder: bool = True) -> MemoryWriter:
        del is_recorder  # nothing is ever damaged or locked
        contents = _stores.setdefault(self.address, Contents(kind))
        if contents.kind is not kind:
            raise WrongDataKindError(f"{self.address} holds {contents.kind} data, not {kind}")
        with contents.lock:
            if contents.writer is not None:
                error = OtherWriterError(f"{self.address} is being written by another recorder")
                error.recorded = contents.symbols
                raise error
            return MemoryWriter(contents)

    def open_reader(self) -> MemoryReader:
        return MemoryReader(self._contents(), lambda: _stores.get(self.address))

    def day_facts(self, instruments: Sequence[InstrumentName], day_start_ms: int, /) -> DayFacts:
        end_ms = day_start_ms + _DAY_MS
        rows = self._contents().rows
        asked = set(map(instrument_of, instruments))
        times = [
            event.ts_ms
            for _row_id, event in rows
            if not asked.isdisjoint({event.instrument, Instrument(event.source, ALL_SYMBOLS)})
            and event.ts_ms < end_ms
        ]
        today = sum(ts_ms >= day_start_ms for ts_ms in times)
        return DayFacts(today, max(times, default=None), len(rows) * _ROW_BYTES)

    def health(self, *, timeout_s: float = 10.0) -> DatabaseFacts:
        del timeout_s
        contents = _stores.get(self.address)
        if contents is None:
            return DatabaseFacts(self.address)
        return DatabaseFacts(self.address, exists=True, kind=contents.kind)

    def kept_retention_ms(self) -> int | None:
        return self._contents().retention_ms

    def count_expired(self, before_ms: int, /) -> int:
        return sum(event.ts_ms < before_ms for _row_id, event in self._contents().rows)

    def tick_sizes(self, instruments: Iterable[InstrumentName], /) -> dict[str, Decimal]:
        return self.open_reader().tick_sizes(instruments)

    def status(self, machine_ms: int | None = None) -> dict[str, Any]:
        contents = self._contents()
        with contents.lock:
            symbols = _summaries(contents, machine_ms)
            counts = _totals(contents)
            return {
                "path": self.address,
                "kind": contents.kind.value,
                "schema_version": 0,
                "size_bytes": len(contents.rows) * _ROW_BYTES,
                "writer": {"active": contents.writer is not None},
                "recorded_symbols": None if contents.symbols is None else list(contents.symbols),
                "retention_ms": contents.retention_ms,
                "counters": {name: counts[name] for name in _COUNTERS}
                | {"rejected": _with_prefix(contents, REJECTED_COUNTER)},
                "damaged_rows": {},
                "imports": _imports(contents),
                "candles": {},
                "market": asdict(contents.market or MarketNote()),
                "unread_orders": {
                    "by_reason": _with_prefix(contents, UNREAD_COUNTER),
                    "last": contents.unread_order,
                },
                "events": sum(symbol["events"] for symbol in symbols.values()),
                "symbols": symbols,
            }

    def _contents(self) -> Contents:
        if self.address not in _stores:
            raise StorageError(f"there is no database {self.address}; record first")
        return _stores[self.address]


def _totals(contents: Contents) -> Counter[str]:
    totals: Counter[str] = Counter()
    for (_venue, name), count in contents.counts.items():
        totals[name] += count
    return totals


def _with_prefix(contents: Contents, prefix: str) -> dict[str, int]:
    counts = sorted(_totals(contents).items())
    return {name.removeprefix(prefix): n for name, n in counts if name.startswith(prefix)}


def _summaries(contents: Contents, machine_ms: int | None) -> dict[str, dict[str, Any]]:
    coverage = contents.all_coverage()
    if contents.kind is DataKind.LIVE:
        now_ms = time.time_ns() // 1_000_000 if machine_ms is None else machine_ms
        newest_push_ms = contents.rows[-1][1].pushed_ms if contents.rows else None
        for one, parts in coverage.items():
            present = without_future(parts, now_ms, newest_push_ms)
            if present and contents.retention_ms is not None:
                start_ms = max(part.end_ms for part in present) - contents.retention_ms
                present = clipped(present, start_ms, None)
            coverage[one] = list(present)
    events: dict[Instrument, list[LiquidationEvent]] = {}
    for _row_id, event in contents.rows:
        events.setdefault(event.instrument, []).append(event)
    return {
        str(one): {
            **_event_summary(events.get(one, [])),
            **_coverage_summary(one, coverage),
            **_tick_summary(contents, one),
        }
        for one in sorted({*events, *coverage, *contents.tick_sizes}, key=str)
    }


def _event_summary(events: list[LiquidationEvent]) -> dict[str, Any]:
    long_usd = [event.notional or 0.0 for event in events if event.liquidated == "long"]
    short_usd = [event.notional or 0.0 for event in events if event.liquidated == "short"]
    times = [event.ts_ms for event in events]
    return {
        "events": len(events),
        "long_events": len(long_usd),
        "short_events": len(short_usd),
        "notional_usd_lower_bound": sum(long_usd) + sum(short_usd),
        "long_notional_usd_lower_bound": sum(long_usd),
        "short_notional_usd_lower_bound": sum(short_usd),
        **time_of("first_event", min(times, default=None)),
        **time_of("last_event", max(times, default=None)),
    }


def _coverage_summary(
    whose: Instrument, coverage: dict[Instrument, list[CoverageInterval]]
) -> dict[str, Any]:
    own = effective(whose, coverage)
    first_ms = min((part.start_ms for part in own), default=None)
    last_ms = max((part.end_ms for part in own), default=None)
    gaps = () if first_ms is None or last_ms is None else gaps_between(own, first_ms, last_ms)
    return {
        "coverage": {
            "proven_ms": sum(part.end_ms - part.start_ms for part in own if part.proven),
            "unproven_ms": sum(part.end_ms - part.start_ms for part in own if not part.proven),
            **time_of("first", first_ms),
            **time_of("last", last_ms),
        },
        "gaps": [
            {**time_of("from", start), **time_of("to", end), "duration_ms": end - start}
            for start, end in gaps
        ],
    }


def _imports(contents: Contents) -> list[dict[str, Any]]:
    found = sorted(contents.imported.items(), key=lambda one: (one[0][0], str(one[0][1])))
    return [
        {
            "origin": origin,
            "symbol": str(whose),
            "proven_ms": sum(part.end_ms - part.start_ms for part in parts if part.proven),
            "unproven_ms": sum(part.end_ms - part.start_ms for part in parts if not part.proven),
            **time_of("first", min(part.start_ms for part in parts)),
            **time_of("last", max(part.end_ms for part in parts)),
        }
        for (origin, whose), parts in found
        if parts
    ]


def _tick_summary(contents: Contents, whose: Instrument) -> dict[str, Any]:
    tick_size, fetched_ms = contents.tick_sizes.get(whose, (None, None))
    text = None if tick_size is None else str(tick_size)
    return {"tick_size": text, **time_of("tick_size_fetched", fetched_ms)}
