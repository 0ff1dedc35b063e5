"""Which time of a symbol was recorded, as it is known at this moment."""

from dataclasses import replace

from Heatmap.domain.coverage import HEARTBEAT_GAP_MS, CoverageInterval
from Heatmap.sources.coverage_gaps import stretched
from Heatmap.sources.heat_source import Heartbeats
from Heatmap.storage.store import StoreReader

# Coverage is written after its events: so much of it may be missing at its end.
_ON_ITS_WAY_MS = 2 * HEARTBEAT_GAP_MS


def read_known_coverage(
    reader: StoreReader,
    symbol: str,
    start_ms: int,
    end_ms: int,
    heartbeats: Heartbeats | None,
) -> list[CoverageInterval]:
    """Read the coverage of a time that ends now, with what is not written of it yet.

    Parameters
    ----------
    reader
        Of the store.
    symbol
        Whose.
    start_ms, end_ms
        The time, UTC milliseconds; `end_ms` is now.
    heartbeats
        What heartbeats prove beyond the written coverage; ``None``: nothing.

    Returns
    -------
    list of CoverageInterval
        Sorted and disjoint.

    Raises
    ------
    StorageError
        The store cannot be read.
    """
    intervals = list(reader.read_coverage(symbol, start_ms, end_ms))
    if intervals:
        newest = intervals[-1]
        if heartbeats is not None:
            newest = stretched(newest, heartbeats, end_ms)
        if end_ms - newest.end_ms <= _ON_ITS_WAY_MS:
            newest = replace(newest, end_ms=end_ms)
        intervals[-1] = newest
    return intervals
