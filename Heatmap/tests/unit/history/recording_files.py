"""What the tests of exported and merged recordings share."""

import json
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

from Heatmap.domain.event_keys import event_key
from Heatmap.domain.events import DataKind, Liquidated, LiquidationEvent
from Heatmap.domain.recordings import RecordedEvent, RecordingHead
from Heatmap.history.recordings.merge_recording import merge_recording
from Heatmap.history.recordings.recording_sources import open_source
from Heatmap.history.recordings.reports import MergeReport
from Heatmap.storage.store import Store
from Heatmap.tests.unit.stored_events import EVENT

DEC_5_MS = 1_764_892_800_000  # 2025-12-05
NOW_MS = DEC_5_MS + 5 * 86_400_000
MINUTE_MS, HOUR_MS, DAY_MS = 60_000, 3_600_000, 86_400_000


def keyed(ts_ms: int, **fields: Any) -> LiquidationEvent:
    one = replace(EVENT, ts_ms=ts_ms, push_ms=ts_ms + 3, receive_ms=ts_ms + 20, **fields)
    texts = [f"{one.price}0", "0.013", "94434.910", "0.014"]
    key = event_key(one.source, one.symbol, ts_ms, one.liquidated, texts, one.twin)
    return replace(one, event_key=key)


def message(ts_ms: int, **order: str) -> str:
    """Return what Binance sends of `keyed`, with a field that no file can take for granted."""
    sent = {"s": "BTCUSDT", "S": "SELL", "q": "0.014", "p": "94434.910", "ap": "94809.60"}
    sent |= {"X": "FILLED", "z": "0.013", "note": 'x,"y"\n'} | order
    return json.dumps({"e": "forceOrder", "E": ts_ms + 3, "o": sent | {"T": ts_ms}})


# Odd ones: without what may be missing, a key from numbers, texts that CSV has to quote.
EVENTS = (
    keyed(DEC_5_MS + 1, raw_json=message(DEC_5_MS + 1), price_kind="fill"),
    keyed(DEC_5_MS + 2, raw_json="", price=0.1 + 0.2, notional=1e-7, twin=1),
    replace(EVENT, ts_ms=DEC_5_MS + 3, liquidated=Liquidated.SHORT, raw_json="π\r\n, "),
    keyed(
        DEC_5_MS + 4,
        source="BYBIT",
        notional=None,
        limit_price=None,
        original_qty=None,
        reported_price=94_809.65,
        price_kind="bankruptcy",
    ),
)


def record(store: Store, kind: DataKind = DataKind.LIVE) -> Store:
    with closing(store.open_writer(kind)) as sink:
        sink.write(EVENTS)
        sink.extend_coverage("BTCUSDT", DEC_5_MS, DEC_5_MS + HOUR_MS, proven=True)
        sink.extend_coverage("BTCUSDT", DEC_5_MS + HOUR_MS, DEC_5_MS + 2 * HOUR_MS, proven=False)
        sink.extend_coverage("bybit:ALL", DEC_5_MS, DEC_5_MS + HOUR_MS, proven=True)
    return store


def whole(store: Store) -> tuple[RecordingHead, list[RecordedEvent]]:
    with closing(store.open_reader()) as reader:
        return reader.read_recording(lambda head, found: (head, list(found)))


def contents(store: Store) -> list[RecordedEvent]:
    """Return the events, whichever way they came."""
    return [replace(one, event=replace(one.event, origin="import")) for one in whole(store)[1]]


def covered(store: Store, name: str = "BTCUSDT") -> list[tuple[int, int, bool]]:
    with closing(store.open_reader()) as reader:
        parts = reader.read_coverage(name, 0, None)
    return [(one.start_ms - DEC_5_MS, one.end_ms - DEC_5_MS, one.proven) for one in parts]


def merge(source: Path | str, store: Store, origin: str | None = None) -> MergeReport:
    return merge_recording(open_source(str(source)), store, NOW_MS, origin=origin)
