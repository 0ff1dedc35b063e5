"""Writes a store in memory."""

import math
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal

from Heatmap.domain.coverage import CoverageInterval
from Heatmap.domain.events import LiquidationEvent, StoredBatch
from Heatmap.domain.instruments import (
    BINANCE_USDM,
    InstrumentName,
    instrument_of,
    parse_tick_size,
)
from Heatmap.domain.market_note import MarketNote
from Heatmap.domain.recordings import (
    ImportedCoverage,
    OldestTime,
    RecordedEvent,
    retention_after_merge,
)
from Heatmap.storage.coverage import clipped, normalized
from Heatmap.tests.engines.memory.contents import Contents, key_of
from Heatmap.tests.engines.memory.memory_candles import CandleWriter

_CERTAINLY_AHEAD_MS = 3_600_000
_COUNTED_PER_STEP = 1_000


class MemoryWriter(CandleWriter):
    """The one writer of some contents; `close` gives them up."""

    notices = ()

    def __init__(self, contents: Contents) -> None:
        self.kind = contents.kind
        self._contents = contents
        contents.writer = self

    def generation(self) -> int:
        return 1

    def finish_now(self) -> None:
        """Nothing is ever put off."""

    def write(self, events: Sequence[LiquidationEvent]) -> StoredBatch:
        contents = self._contents
        for event in events:
            if not all(map(math.isfinite, (event.price, event.qty, event.notional or 0.0))):
                raise ValueError(f"a number of an event is none: {event}")
        with contents.lock:
            new: list[tuple[int, LiquidationEvent]] = []
            for event in events:
                if (key := key_of(event)) not in contents.keys:
                    contents.keys.add(key)
                    if event.event_key is None:
                        contents.keys_from_numbers.add(key)
                    new.append((contents.next_row_id, event))
                    contents.next_row_id += 1
            contents.rows += new
            duplicates = len(events) - len(new)
            contents.counts.update((event.source, "received") for event in events)
            contents.counts.update((event.source, "stored") for _row_id, event in new)
            contents.counts.update((event.source, "duplicates") for event in events)
            contents.counts.subtract((event.source, "duplicates") for _row_id, event in new)
        return StoredBatch(
            tuple(event for _row_id, event in new),
            tuple(row_id for row_id, _event in new),
            duplicates,
        )

    def merge_recording(
        self,
        events: Iterable[RecordedEvent],
        coverage: Sequence[ImportedCoverage],
        now_ms: int,
        market: MarketNote | None = None,
    ) -> int:
        contents = self._contents
        # Before anything is changed: what the iterator raises ends it.
        oldest = OldestTime(coverage)
        given = list(oldest.watched(events))
        with contents.lock:
            added = 0
            for one in given:
                if one.key not in contents.keys:
                    contents.keys.add(one.key)
                    if one.key_from_numbers:
                        contents.keys_from_numbers.add(one.key)
                    event = replace(one.event, event_key=one.key)
                    contents.rows.append((contents.next_row_id, event))
                    contents.next_row_id += 1
                    added += 1
            for part in coverage:
                key = (part.origin, part.interval.instrument)
                known = contents.imported.get(key, ())
                contents.imported[key] = normalized([*known, part.interval])
            kept_ms = contents.retention_ms
            longer_ms = retention_after_merge(kept_ms, oldest.oldest_ms, now_ms)
            contents.retention_ms = kept_ms if longer_ms is None else longer_ms
            contents.market = market or contents.market
        return added

    def extend_coverage(
        self, instrument: InstrumentName, start_ms: int, end_ms: int, *, proven: bool
    ) -> None:
        if end_ms < start_ms:
            raise ValueError(f"coverage of {instrument} ends at {end_ms}, before {start_ms}")
        whose = instrument_of(instrument)
        added = CoverageInterval(whose.symbol, start_ms, end_ms, proven, whose.venue)
        latest_ms = max(end_ms, time.time_ns() // 1_000_000) + _CERTAINLY_AHEAD_MS
        with self._contents.lock:
            known = self._contents.coverage.get(whose, ())
            present = [part for part in known if part.start_ms <= latest_ms]
            self._contents.coverage[whose] = normalized([*present, added])

    def cut_coverage(
        self, symbol: str | None, spans: Sequence[tuple[int, int]], venue: str = BINANCE_USDM
    ) -> None:
        with self._contents.lock:
            coverage = self._contents.coverage
            for one in coverage:
                if one.venue == venue and symbol in (None, one.symbol):
                    for start_ms, end_ms in spans:
                        coverage[one] = tuple(_without(coverage[one], start_ms, end_ms))

    def save_tick_size(self, instrument: InstrumentName, tick_size: Decimal, ts_ms: int) -> None:
        try:
            parse_tick_size(str(tick_size))
        except ValueError as error:
            raise ValueError(f"{instrument}: {error}") from None
        with self._contents.lock:
            known = Decimal(f"{tick_size:f}"), ts_ms
            self._contents.tick_sizes[instrument_of(instrument)] = known

    def add_counts(self, counts: Mapping[str, int], venue: str = BINANCE_USDM) -> None:
        with self._contents.lock:
            self._contents.counts.update({(venue, name): n for name, n in counts.items()})

    def save_unread_order(self, words: str) -> None:
        self._contents.unread_order = words

    def save_symbols(self, symbols: Sequence[str]) -> None:
        self._contents.symbols = tuple(symbols)

    def kept_retention_ms(self) -> int | None:
        return self._contents.retention_ms

    def keep_retention(self, retention_ms: int) -> None:
        self._contents.retention_ms = retention_ms

    def expired_counts(self, before_ms: int) -> Iterator[int]:
        with self._contents.lock:
            left = sum(event.ts_ms < before_ms for _row_id, event in self._contents.rows)
        while left > _COUNTED_PER_STEP:
            left -= _COUNTED_PER_STEP
            yield _COUNTED_PER_STEP
        yield left

    def delete_expired(self, before_ms: int, limit: int = 500) -> int:
        contents = self._contents
        with contents.lock:
            for whose, parts in contents.coverage.items():
                contents.coverage[whose] = tuple(
                    kept
                    for part in parts
                    for kept in (
                        clipped([part], before_ms, None) if part.start_ms < before_ms else [part]
                    )
                )
            for key, parts in contents.imported.items():
                contents.imported[key] = clipped(parts, before_ms, None)
            oldest = sorted((event.ts_ms, row_id) for row_id, event in contents.rows)[:limit]
            gone = {row_id for ts_ms, row_id in oldest if ts_ms < before_ms}
            contents.keys -= {key_of(event) for row_id, event in contents.rows if row_id in gone}
            contents.rows = [row for row in contents.rows if row[0] not in gone]
        return len(gone)

    def close(self) -> None:
        if self._contents.writer is self:
            self._contents.writer = None


def _without(
    parts: Sequence[CoverageInterval], start_ms: int, end_ms: int
) -> Iterator[CoverageInterval]:
    for part in parts:
        if part.end_ms < start_ms or part.start_ms > end_ms:
            yield part
            continue
        for low, high in ((part.start_ms, start_ms), (end_ms, part.end_ms)):
            if low < high:
                yield replace(part, start_ms=low, end_ms=high)
