"""When a symbol was recorded, as the chart knows it."""

from Heatmap.domain.coverage import CoverageInterval
from Heatmap.service.shared_parts import SharedParts
from Heatmap.sources.coverage_gaps import stretched
from Heatmap.storage.store import StoreReader


def read_recorded(
    parts: SharedParts, reader: StoreReader, symbol: str, start_ms: int, end_ms: int
) -> list[CoverageInterval]:
    """Read when a symbol's liquidations were recorded, as the chart knows it.

    The newest interval reaches as far as heartbeats prove, beyond what is written yet.
    """
    intervals = list(reader.read_coverage(symbol, start_ms, end_ms))
    heartbeats = parts.heartbeats(symbol)
    if intervals and heartbeats is not None:
        intervals[-1] = stretched(intervals[-1], heartbeats, end_ms)
    return intervals
