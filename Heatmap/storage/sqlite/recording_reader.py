"""Reads a recording as a whole beside the recorder that writes: to export it, or to merge it."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any, cast

from Heatmap.domain.coverage import CoverageInterval
from Heatmap.domain.events import (
    DataKind,
    Liquidated,
    LiquidationEvent,
    Origin,
    PriceKind,
    PriceRule,
)
from Heatmap.domain.recordings import ImportedCoverage, RecordedEvent, RecordingHead
from Heatmap.storage.engine import Gathered
from Heatmap.storage.sqlite import ledger
from Heatmap.storage.sqlite.candle_reader import CandleReader
from Heatmap.storage.sqlite.sound_rows import SOUND_COVERAGE, SOUND_IMPORTED, WHOLE_EVENT

_SELECT_EVENTS = f"""
SELECT ts_ms, symbol, side, price, qty, notional, source, limit_price, original_qty, push_ms,
    receive_ms, raw_json, price_kind, price_rule, reported_price, origin, twin, event_key,
    key_from_numbers
FROM liq_events WHERE {WHOLE_EVENT} ORDER BY ts_ms, id
"""
_COUNT_LEFT_OUT = f"SELECT count(*) FROM liq_events WHERE ({WHOLE_EVENT}) IS NOT TRUE"
_SELECT_COVERAGE = f"""
SELECT symbol, start_ms, end_ms, proven, source FROM coverage
WHERE {SOUND_COVERAGE} ORDER BY source, symbol, start_ms, end_ms
"""
_SELECT_IMPORTED = f"""
SELECT symbol, start_ms, end_ms, proven, source, origin FROM imported_coverage
WHERE {SOUND_IMPORTED} ORDER BY origin, source, symbol, start_ms, end_ms
"""


class RecordingReader(CandleReader):
    """The part of `EventReader` that reads every event with all that is kept of it."""

    kind: DataKind

    def read_recording(
        self, gather: Callable[[RecordingHead, Iterator[RecordedEvent]], Gathered], /
    ) -> Gathered:
        """Read all events, by time, and what time is covered, as of one moment.

        Parameters
        ----------
        gather
            Takes what the store says of the recording, and the events one by one while they are
            read, within the transaction.

        Raises
        ------
        StorageError
            The file cannot be read.
        """
        with self._transaction() as connection:
            own, imported = read_coverage_rows(connection)
            left_out = connection.execute(_COUNT_LEFT_OUT).fetchone()[0]
            head = RecordingHead(
                self.kind, tuple(own), tuple(imported), left_out, ledger.read_market(connection)
            )
            with closing(connection.execute(_SELECT_EVENTS)) as rows:
                return gather(head, map(_event, rows))


def read_coverage_rows(
    connection: sqlite3.Connection,
) -> tuple[list[CoverageInterval], list[ImportedCoverage]]:
    """Return what this database's recorder covered, and what was imported, within a transaction."""
    return (
        [_interval(row) for row in connection.execute(_SELECT_COVERAGE)],
        [ImportedCoverage(_interval(row), row[5]) for row in connection.execute(_SELECT_IMPORTED)],
    )


def _interval(row: tuple[Any, ...]) -> CoverageInterval:
    symbol, start_ms, end_ms, proven, venue = row[:5]
    return CoverageInterval(symbol, start_ms, end_ms, bool(proven), venue)


def _event(row: tuple[Any, ...]) -> RecordedEvent:
    (
        ts_ms,
        symbol,
        side,
        price,
        qty,
        notional,
        source,
        limit_price,
        original_qty,
        push_ms,
        receive_ms,
        raw_json,
        price_kind,
        price_rule,
        reported_price,
        origin,
        twin,
        key,
        key_from_numbers,
    ) = row
    event = LiquidationEvent(
        ts_ms=ts_ms,
        symbol=symbol,
        liquidated=Liquidated.LONG if side == "SELL" else Liquidated.SHORT,
        price=price,
        qty=qty,
        notional=notional,
        source=source,
        limit_price=limit_price,
        original_qty=original_qty,
        push_ms=push_ms,
        receive_ms=receive_ms,
        raw_json=raw_json,
        price_kind=cast("PriceKind", price_kind),
        price_rule=cast("PriceRule", price_rule),
        reported_price=reported_price,
        origin=cast("Origin", origin),
        twin=twin,
        event_key=key,
    )
    return RecordedEvent(event, key, bool(key_from_numbers))
