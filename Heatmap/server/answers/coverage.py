"""How much of a time was recorded: part of every answer. Pure."""

from collections.abc import Sequence
from typing import Any

from Heatmap.domain.candles import Span, clipped, length_ms, without
from Heatmap.domain.coverage import CoverageInterval
from Heatmap.sources.coverage_gaps import find_gaps
from Heatmap.storage.coverage import covered_share


def recorded(intervals: Sequence[CoverageInterval], start_ms: int, end_ms: int) -> dict[str, Any]:
    """Return which part of a time was recorded, and its gaps; unproven time is named as such."""
    return {
        "of": "liquidations",
        "start": start_ms,
        "end": end_ms,
        "share": covered_share(intervals, start_ms, end_ms),
        "gaps": gaps(intervals, start_ms, end_ms),
    }


def gaps(intervals: Sequence[CoverageInterval], start_ms: int, end_ms: int) -> list[dict[str, Any]]:
    """Return what was not recorded, or not proven to be."""
    return [
        {"start": from_ms, "end": to_ms, "kind": kind}
        for from_ms, to_ms, kind in find_gaps(intervals, start_ms, end_ms)
    ]


def fetched(spans: Sequence[Span], start_ms: int, end_ms: int) -> dict[str, Any]:
    """Return of which part of a time all candles were fetched, and of which not."""
    inside = clipped(spans, start_ms, end_ms)
    missing = without([(start_ms, end_ms)], inside)
    share = length_ms(inside) / (end_ms - start_ms) if end_ms > start_ms else 0.0
    return {
        "of": "candles",
        "start": start_ms,
        "end": end_ms,
        "share": share,
        "gaps": [{"start": begin, "end": end, "kind": "gap"} for begin, end in missing],
    }
