"""The words of recorded liquidations: the source line, the crosshair's box. Pure."""

import math
from datetime import UTC, datetime
from typing import Any

from Heatmap.aggregation.event_timeline import SideTotals
from Heatmap.domain.events import DataKind
from Heatmap.domain.instruments import BINANCE_USDM, venue_title
from Heatmap.sources.amount_texts import age_text, bound_text, scale_end_text, usd_text
from Heatmap.sources.recorded.cell_facts import CellFacts, CellHeat, HeatOrigin, Recorded

_SOURCE_WORDS = {
    DataKind.LIVE: "{} liquidations",
    DataKind.SIMULATED: "Simulated liquidations",
    DataKind.REPLAY: "Replayed {} liquidations",
}
_MINUTE_MS = 60_000
_CENT_USD = 0.01
# Per cent; binary fractions of whole per cents are off by less.
_ROUNDING = 1e-9
_HEAT_LABELS = {"both": "Heat", "longs": "Heat of longs", "shorts": "Heat of shorts"}
OFFER_WORDS = (
    "Nothing recorded here yet; past liquidations cannot be fetched. Show predicted levels"
)
"""What a chart says where nothing was recorded: a click shows the other heat."""
_SINCE_WORDS = "lower bound, recorded since"


def source_words(kind: DataKind, since_ms: int | None, venue: str = BINANCE_USDM) -> str:
    """Return the line that says where the data come from and since when they are recorded."""
    words = _SOURCE_WORDS[kind].format(venue_title(venue))
    if since_ms is None:
        return f"{words}: none recorded yet"
    since = datetime.fromtimestamp(since_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M UTC")
    return f"{words}, {_SINCE_WORDS} {since}"


def source_since(
    kind: DataKind, since_ms: int | None, venue: str = BINANCE_USDM
) -> dict[str, Any] | None:
    """Return the same line for a page that says times as its chart does.

    Returns
    -------
    ``{"words": ..., "ms": ...}`` or None
        The words up to the time, and that time; ``None``: nothing is recorded yet.
    """
    if since_ms is None:
        return None
    words = _SOURCE_WORDS[kind].format(venue_title(venue))
    return {"words": f"{words}, {_SINCE_WORDS}", "ms": since_ms}


def cell_lines(report: CellFacts) -> tuple[tuple[str, str], ...]:
    """Return what the box at the crosshair says.

    A lower bound is said of recorded totals only: what was not recorded is missing there. Heat is
    what is drawn, and says what it came of.

    Returns
    -------
    tuple of ``(label, text)``
        In the order in which they are shown.
    """
    lines = [(_HEAT_LABELS[heat.side], _heat_text(heat)) for heat in report.heat]
    lines += totals_lines("Liquidated here", report.here, none_text(report.recorded))
    if report.level is not None:
        lines += totals_lines("At this level so far", report.level, "none known")
        if report.level_age_ms is not None:
            lines.append(("Last of them", _before_text(report.level_age_ms)))
    lines.append(("Recorded", recorded_text(report.recorded)))
    if report.side != "both" or report.minimum_usd > 0:
        lines.append(("Counted", counted_text(report.side, report.minimum_usd)))
    return tuple(lines)


def _heat_text(heat: CellHeat) -> str:
    if heat.origin is HeatOrigin.NOTHING:
        return "0 USD"
    # Rounded down, as everything that it stands beside: rounded otherwise it could be the larger.
    amount = (
        scale_end_text(heat.scale_end_usd) if heat.is_above_scale else f"{bound_text(heat.usd)} USD"
    )
    if heat.origin is HeatOrigin.NEIGHBOURS:
        return f"{amount}, glow from neighbouring prices"
    verb = "faded" if heat.origin is HeatOrigin.FADED else "spread"
    return f"{amount}, {verb} from {bound_text(heat.from_usd)} USD"


def totals_lines(label: str, totals: SideTotals, none: str) -> list[tuple[str, str]]:
    """Say what was liquidated, of both sides and of each; `none` where nothing was."""
    if totals.count == 0:
        return [(label, none)]
    lines = [(label, f"{_bound(totals.total_usd)} in {totals.count}")]
    if totals.long_count:
        lines.append(("  longs", f"{_bound(totals.long_usd)} in {totals.long_count}"))
    if totals.short_count:
        lines.append(("  shorts", f"{_bound(totals.short_usd)} in {totals.short_count}"))
    return lines


def none_text(recorded: Recorded) -> str:
    """Say that nothing is known to have been liquidated: no data is not zero."""
    if recorded.missing >= 1.0:
        return "not recorded"
    if recorded.proven <= 0.0:
        return "none seen, unproven"
    return "none" if recorded.is_whole else "none in what was recorded"


def counted_text(side: str, minimum_usd: float) -> str:
    """Say what is counted where not everything is."""
    words = side if side in ("longs", "shorts") else "longs and shorts"
    if minimum_usd > 0:
        words += f" from {usd_text(minimum_usd)} USD"
    return f"only {words}"


def _bound(usd: float) -> str:
    return "0 USD" if usd < _CENT_USD else f"\u2265 {bound_text(usd)} USD"


def _before_text(age_ms: int) -> str:
    return "less than a minute before" if age_ms < _MINUTE_MS else f"{age_text(age_ms)} before"


def recorded_text(recorded: Recorded) -> str:
    """Say how much of a time was recorded."""
    if recorded.missing >= 1.0:
        return "nothing of this time"
    if recorded.is_whole:
        return "all of this time"
    words = [f"{math.floor(recorded.proven * 100 + _ROUNDING)} % of this time"]
    if recorded.unproven > 0.0:
        words.append(f"{math.ceil(recorded.unproven * 100 - _ROUNDING)} % unproven")
    if recorded.missing > 0.0:
        words.append(f"{math.ceil(recorded.missing * 100 - _ROUNDING)} % not")
    return ", ".join(words)
