"""What exporting, merging and validating cost: processor time, as the machine may be busy.

Run as ``python Heatmap/tests/bench/bench_recordings.py``: one JSON object per line.
"""

import json
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any

from Heatmap.domain.events import DataKind, LiquidationEvent
from Heatmap.history.engine import open_engine
from Heatmap.history.recordings.columns import SUFFIXES
from Heatmap.history.recordings.export_recording import export_recording
from Heatmap.history.recordings.merge_recording import merge_recording
from Heatmap.history.recordings.recording_sources import open_source
from Heatmap.history.store_layout import day_path
from Heatmap.history.validation.findings import Check
from Heatmap.history.validation.validate import Asked, validate_store
from Heatmap.ingestion.venues.table import BINANCE
from Heatmap.storage.store import Store, open_store
from Heatmap.tests.bench.bench_storage import START_MS, STEP_MS, make_events
from Heatmap.tests.bench.measurements import at_most

EVENTS = 50_000
TRADES = 1_430_000
NOW_MS = 2**42
EXPORT_GOAL_US, MERGE_GOAL_US, VALIDATE_GOAL_S = 75.0, 150.0, 2.0
DAY = date(2025, 1, 1)
DAY_TRADES = """
SELECT i::BIGINT AS id, (1735689600000 + i * 86400000 // {count})::BIGINT AS ts_ms,
    round(95000 + 500 * sin(i / 5000), 1)::DOUBLE AS price, 0.01::DOUBLE AS qty,
    i % 2 = 0 AS buyer_is_maker FROM range({count}) made(i) WHERE i <> 700000
"""


def main() -> int:
    """Run all; return 1 when a goal was missed."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        own = open_store(folder / "own.sqlite3")
        events = [_received(one) for one in make_events(EVENTS)]
        with closing(own.open_writer(DataKind.LIVE)) as sink:
            for first in range(0, EVENTS, 2000):
                sink.write(events[first : first + 2000])
            sink.extend_coverage("BTCUSDT", START_MS, START_MS + EVENTS * STEP_MS, proven=True)
        results = [good for suffix in SUFFIXES for good in _files(own, folder, suffix)]
        results.append(_validate(folder))
    return 0 if all(results) else 1


def _received(one: LiquidationEvent) -> LiquidationEvent:
    """Return an event with its message, which an import reads again."""
    numbers = {"q": f"{one.qty:.3f}", "p": f"{one.price:.2f}", "ap": f"{one.price:.2f}"}
    numbers |= {"X": "FILLED", "l": f"{one.qty:.3f}", "z": f"{one.qty:.3f}", "T": one.ts_ms}
    order = {"s": one.symbol, "S": one.liquidated.order_side, "o": "LIMIT", "f": "IOC"} | numbers
    text = json.dumps({"e": "forceOrder", "E": one.push_ms, "o": order})
    (parsed,) = BINANCE.parse(text, one.receive_ms, keep_raw=True)
    if not isinstance(parsed, LiquidationEvent):
        raise TypeError(f"{parsed} came of {text}")
    return parsed


def _files(own: Store, folder: Path, suffix: str) -> list[bool]:
    path = folder / f"recording{suffix}"
    report, export_s = _timed(lambda: export_recording(own, path, NOW_MS))
    other = open_store(folder / f"other{suffix}.sqlite3")
    with closing(other.open_writer(DataKind.LIVE)):
        pass  # into one that is there, so that the file is read once
    merged, merge_s = _timed(lambda: merge_recording(open_source(str(path)), other, NOW_MS))
    if not sum(report.events.values()) == merged.added == EVENTS:
        raise AssertionError(f"{report.events} were exported and {merged.added} merged")
    return [
        at_most(
            f"export of an event, {suffix}", export_s / EVENTS * 1e6, None, EXPORT_GOAL_US, "us"
        ),
        at_most(f"merge of an event, {suffix}", merge_s / EVENTS * 1e6, None, MERGE_GOAL_US, "us"),
    ]


def _validate(folder: Path) -> bool:
    path = day_path(folder, "agg_trades", "BTCUSDT", DAY)
    path.parent.mkdir(parents=True)
    with closing(open_engine()) as connection:
        rows = DAY_TRADES.format(count=TRADES)
        connection.execute(f"COPY ({rows}) TO '{path}' (FORMAT parquet, COMPRESSION zstd)")
    found, took_s = _timed(lambda: validate_store(folder, Asked()))
    missing = {one.check: one.count for one in found.findings}
    if (
        missing != {Check.MISSING_IDS: 1, Check.MANIFEST: 1}
        or found.summaries[0].rows != TRADES - 1
    ):
        raise AssertionError(f"a day of which one trade was left out: {found}")
    return at_most("validation of a day of trades", took_s, None, VALIDATE_GOAL_S, "s")


def _timed(call: Callable[[], Any]) -> tuple[Any, float]:
    """Return what a call returns, and its processor time, seconds."""
    started = time.process_time()
    answer = call()
    return answer, time.process_time() - started


if __name__ == "__main__":
    sys.exit(main())
