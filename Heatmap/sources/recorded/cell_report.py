"""What lies under the crosshair, in words. Pure."""

import math
from collections.abc import Sequence
from typing import Any

from Heatmap.aggregation.event_timeline import EventTimeline, SideTotals, sum_rows
from Heatmap.aggregation.heat_field import ROW_SIGMA, ColumnRange
from Heatmap.heatmap_settings import HeatmapSettings
from Heatmap.sources.amount_texts import age_text, bound_text, usd_text
from Heatmap.sources.cell_places import CellQuery, CellReport, cells_at
from Heatmap.sources.recorded.drawn_field import DrawnField
from Heatmap.sources.recorded.gaps import recorded_parts

#: A band's neighbours within two standard deviations of its blur belong to its level.
LEVEL_REACH_ROWS = math.ceil(2 * ROW_SIGMA)
_MINUTE_MS = 60_000
_HEAT_LABELS = {False: ("Heat",), True: ("Heat of longs", "Heat of shorts")}
_ONE_SIDE = {"longs": "longs", "shorts": "shorts"}
_CENT_USD = 0.01
# Per cent; binary fractions of whole per cents are off by less.
_ROUNDING = 1e-9


def describe_cell(
    query: CellQuery,
    drawn: DrawnField,
    events: EventTimeline,
    gaps: Sequence[Sequence[Any]],
    settings: HeatmapSettings,
    window_ms: tuple[int, int],
) -> CellReport | None:
    """Say what was liquidated in some cells, what is drawn there, and what was recorded of it.

    Parameters
    ----------
    query
        The cells; edges that are not those of cells count as the cells they lie in.
    drawn, events, gaps, settings
        What the picture was made of.
    window_ms
        Start and end of the window.

    Returns
    -------
    CellReport or None
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
    recorded = recorded_parts(gaps, max(start_ms, window_ms[0]), min(end_ms, window_ms[1]))
    lines: list[tuple[str, str]] = []
    if settings.shape != "cells" or settings.decay != "off":
        columns = ColumnRange(first_col, end_col)
        for label, values in zip(_HEAT_LABELS[drawn.is_split], drawn.sides(columns), strict=True):
            lines.append((label, _bound(float(values[first_row:end_row].max()))))
    lines += _liquidated("Liquidated here", here, _none_words(*recorded))
    if settings.shape == "bands":
        level = sum_rows(
            events.between(None, end_ms),
            spec.price,
            first_row - LEVEL_REACH_ROWS,
            end_row + LEVEL_REACH_ROWS,
        )
        lines += _liquidated("At this level so far", level, "none known")
        if level.newest_ms is not None:
            lines.append(("Last of them", _age(end_ms - level.newest_ms)))
    lines.append(("Recorded", _recorded_words(*recorded)))
    if settings.side in _ONE_SIDE or settings.minimum_notional > 0:
        lines.append(("Counted", _filter_words(settings)))
    return CellReport(query, tuple(lines))


def _liquidated(label: str, totals: SideTotals, none_words: str) -> list[tuple[str, str]]:
    if totals.count == 0:
        return [(label, none_words)]
    lines = [(label, f"{_bound(totals.total_usd)} in {totals.count}")]
    if totals.long_count:
        lines.append(("  longs", f"{_bound(totals.long_usd)} in {totals.long_count}"))
    if totals.short_count:
        lines.append(("  shorts", f"{_bound(totals.short_usd)} in {totals.short_count}"))
    return lines


def _none_words(recorded: float, unproven: float, missing: float) -> str:
    """Say that nothing is known to have been liquidated: no data is not zero."""
    if missing >= 1.0:
        return "not recorded"
    if recorded <= 0.0:
        return "none seen, unproven"
    return "none" if missing <= 0.0 and unproven <= 0.0 else "none in what was recorded"


def _filter_words(settings: HeatmapSettings) -> str:
    words = _ONE_SIDE.get(settings.side, "longs and shorts")
    if settings.minimum_notional > 0:
        words += f" from {usd_text(settings.minimum_notional)} USD"
    return f"only {words}"


def _bound(usd: float) -> str:
    # Less than a cent is what decay leaves of everything.
    return "0 USD" if usd < _CENT_USD else f"\u2265 {bound_text(usd)} USD"


def _age(age_ms: int) -> str:
    return "less than a minute before" if age_ms < _MINUTE_MS else f"{age_text(age_ms)} before"


def _recorded_words(recorded: float, unproven: float, missing: float) -> str:
    if missing >= 1.0:
        return "nothing of this time"
    if missing <= 0.0 and unproven <= 0.0:
        return "all of this time"
    words = [f"{math.floor(recorded * 100 + _ROUNDING)} % of this time"]
    if unproven > 0.0:
        words.append(f"{math.ceil(unproven * 100 - _ROUNDING)} % unproven")
    if missing > 0.0:
        words.append(f"{math.ceil(missing * 100 - _ROUNDING)} % not")
    return ", ".join(words)
