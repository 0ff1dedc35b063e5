"""What was recorded: single liquidations, sums over time, candles, clusters."""

from collections.abc import Sequence
from dataclasses import asdict
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from Heatmap.aggregation.clusters.find_clusters import FoundClusters
from Heatmap.aggregation.time_buckets import time_buckets
from Heatmap.domain.candles import CandleHistory
from Heatmap.domain.coverage import CoverageInterval
from Heatmap.server.answers.coverage import fetched, gaps, recorded
from Heatmap.storage.coverage import covered_shares
from Heatmap.storage.event_records import record_of
from Heatmap.storage.store import StoredEvent

_MINUTE_MS = 60_000
#: Lengths of buckets that are chosen from, minutes.
_BUCKETS_MIN = (1, 5, 15, 30, 60, 120, 240, 360, 720, 1440)
_USUAL_BUCKETS = 300


def bucket_ms_for(start_ms: int, end_ms: int) -> int:
    """Return the shortest bucket that gives no more than some hundreds of them."""
    wanted_ms = (end_ms - start_ms) / _USUAL_BUCKETS
    fitting = [one for one in _BUCKETS_MIN if one * _MINUTE_MS >= wanted_ms]
    return (fitting[0] if fitting else _BUCKETS_MIN[-1]) * _MINUTE_MS


def records_answer(
    symbol: str,
    events: Sequence[StoredEvent],
    *,
    has_more: bool,
    coverage: Sequence[CoverageInterval],
    start_ms: int,
    end_ms: int,
) -> dict[str, Any]:
    """Return single liquidations in the order of storing; `next` is where to go on after."""
    return {
        "symbol": symbol,
        "start": start_ms,
        "end": end_ms,
        "records": [record_of(one) for one in events],
        "next": events[-1].row_id if has_more else None,
        "coverage": recorded(coverage, start_ms, end_ms),
        "lower_bound": True,
    }


def buckets_answer(
    symbol: str,
    events: NDArray[np.void],
    coverage: Sequence[CoverageInterval],
    start_ms: int,
    end_ms: int,
    bucket_ms: int,
) -> dict[str, Any]:
    """Return longs and shorts over time; where nothing was recorded nothing is known."""
    found = time_buckets(events, start_ms, end_ms, bucket_ms)
    begins = found.start_ms.tolist()
    # The first and the last may be cut by the time that was asked for.
    edges = [max(one, start_ms) for one in begins] + [end_ms]
    shares = covered_shares(coverage, edges)
    usd, counts = found.usd.tolist(), found.counts.tolist()
    buckets = chain.from_iterable(
        (
            _bucket(begin, "long", usd[0][k], counts[0][k], shares[k]),
            _bucket(begin, "short", usd[1][k], counts[1][k], shares[k]),
        )
        for k, begin in enumerate(begins)
    )
    return {
        "symbol": symbol,
        "start": start_ms,
        "end": end_ms,
        "bucket_s": bucket_ms // 1000,
        "buckets": list(buckets),
        "gaps": gaps(coverage, start_ms, end_ms),
        "coverage": recorded(coverage, start_ms, end_ms),
        "lower_bound": True,
    }


def _bucket(begin_ms: int, side: str, volume: float, count: int, covered: float) -> dict[str, Any]:
    is_known = covered > 0 or count > 0
    return {
        "timestamp": begin_ms,
        "side": side,
        "volume": volume if is_known else None,
        "count": count if is_known else None,
        "covered": covered,
    }


def coverage_answer(
    symbol: str, coverage: Sequence[CoverageInterval], start_ms: int, end_ms: int
) -> dict[str, Any]:
    """Return when a symbol's liquidations were recorded."""
    return {
        "symbol": symbol,
        "start": start_ms,
        "end": end_ms,
        "intervals": [
            {"start": one.start_ms, "end": one.end_ms, "proven": one.proven} for one in coverage
        ],
        "coverage": recorded(coverage, start_ms, end_ms),
        "lower_bound": True,
    }


def candles_answer(
    symbol: str, history: CandleHistory, interval: str, start_ms: int, end_ms: int
) -> dict[str, Any]:
    """Return closed candles, and of which time these are all that the exchange has."""
    return {
        "symbol": symbol,
        "interval": interval,
        "start": start_ms,
        "end": end_ms,
        "candles": [
            {
                "timestamp": one.open_ms,
                "open": one.open,
                "high": one.high,
                "low": one.low,
                "close": one.close,
                "volume": one.quote_volume,
                "taker_buy_volume": one.taker_buy_quote,
            }
            for one in history.candles
        ],
        "coverage": fetched(history.fetched, start_ms, end_ms),
        "lower_bound": True,
    }


def clusters_answer(
    symbol: str,
    found: FoundClusters,
    price: float | None,
    at_ms: int,
    lookback_ms: int,
    coverage: Sequence[CoverageInterval],
) -> dict[str, Any]:
    """Return price clusters of recorded liquidations, the strongest first."""
    source = None
    if price is not None:
        source = "mark price"
    elif found:
        source = "the newest liquidation"
    return {
        "symbol": symbol,
        "at": at_ms,
        "current_price": price,
        "price_source": source,
        "lookback_s": lookback_ms // 1000,
        "clusters": [asdict(one) for one in found],
        "was_recorded": found.was_recorded,
        "coverage": {
            **recorded(coverage, at_ms - lookback_ms, at_ms),
            "share": found.recorded_share,
        },
        "lower_bound": True,
    }
