"""What lies under the crosshair, as facts. Pure."""

import math
from collections.abc import Sequence
from typing import Any

from Heatmap.aggregation.event_timeline import EventTimeline, SideTotals, sum_rows
from Heatmap.aggregation.heat_field import ROW_SIGMA, ColumnRange
from Heatmap.heatmap_settings import HeatmapSettings
from Heatmap.sources.cell_places import CellQuery, cells_at
from Heatmap.sources.coverage_gaps import recorded_parts
from Heatmap.sources.recorded.cell_facts import CellFacts, CellHeat, HeatOrigin, Recorded
from Heatmap.sources.recorded.drawn_field import DrawnField

#: A band's neighbours within two standard deviations of its blur belong to its level.
LEVEL_REACH_ROWS = math.ceil(2 * ROW_SIGMA)
_CENT_USD = 0.01


def describe_cell(
    query: CellQuery,
    drawn: DrawnField,
    events: EventTimeline,
    gaps: Sequence[Sequence[Any]],
    settings: HeatmapSettings,
    window_ms: tuple[int, int],
    scale_end_usd: float,
) -> CellFacts | None:
    """Return what was liquidated in some cells, what is drawn there, and what was recorded of it.

    Parameters
    ----------
    query
        The cells; edges that are not those of cells count as the cells they lie in.
    drawn, events, gaps, settings
        What the picture was made of.
    window_ms
        Start and end of the window.
    scale_end_usd
        Where the colour bar ends, USD.

    Returns
    -------
    CellFacts or None
        ``None``: the place is not in the picture (any more).
    """
    spec = drawn.spec
    place = cells_at(query, spec)
    if place is None:
        return None
    first_row, end_row = place.first_row, place.end_row
    first_col, end_col = place.first_col, place.end_col
    start_ms = (spec.time.first_col + first_col) * spec.time.bin_ms
    end_ms = (spec.time.first_col + end_col) * spec.time.bin_ms
    here = sum_rows(events.between(start_ms, end_ms), spec.price, first_row, end_row)
    prices = sum_rows(events.between(*window_ms), spec.price, first_row, end_row)
    level, level_age_ms = None, None
    own = here
    if settings.shape == "bands":
        so_far = events.between(None, end_ms)
        own = sum_rows(so_far, spec.price, first_row, end_row)
        level = sum_rows(
            so_far, spec.price, first_row - LEVEL_REACH_ROWS, end_row + LEVEL_REACH_ROWS
        )
        if level.newest_ms is not None:
            level_age_ms = end_ms - level.newest_ms
    heat: list[CellHeat] = []
    if settings.shape != "cells" or settings.decay != "off":
        columns = ColumnRange(first_col, end_col)
        sides = ("longs", "shorts") if drawn.is_split else ("both",)
        for side, values in zip(sides, drawn.sides(columns), strict=True):
            usd = float(values[first_row:end_row].max())
            # With bands the box tells the whole level: the heat is left of that.
            source_usd = _of_side(here if level is None else level, side)
            is_own = _of_side(own, side) > 0.0 and usd <= source_usd
            origin = _origin(usd, is_own=is_own, fades=settings.decay != "off")
            from_usd = source_usd if is_own else 0.0
            heat.append(CellHeat(side, usd, origin, from_usd, scale_end_usd))
    return CellFacts(
        query,
        tuple(heat),
        here,
        prices,
        None if settings.covers_pane else settings.window_ms,
        level,
        level_age_ms,
        Recorded(*recorded_parts(gaps, max(start_ms, window_ms[0]), min(end_ms, window_ms[1]))),
        "both" if settings.side == "split" else settings.side,
        settings.minimum_notional,
    )


def _of_side(totals: SideTotals, side: str) -> float:
    if side == "both":
        return totals.total_usd
    return totals.long_usd if side == "longs" else totals.short_usd


def _origin(usd: float, *, is_own: bool, fades: bool) -> HeatOrigin:
    # Less than a cent is what decay leaves of everything.
    if usd < _CENT_USD:
        return HeatOrigin.NOTHING
    if not is_own:
        return HeatOrigin.NEIGHBOURS
    return HeatOrigin.FADED if fades else HeatOrigin.SPREAD
