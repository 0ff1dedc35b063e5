"""The words of recorded liquidations: the source line, the crosshair's box. Pure."""

import math
from typing import Any

from Heatmap.aggregation.event_timeline import SideTotals
from Heatmap.domain.events import DataKind
from Heatmap.domain.instruments import BINANCE_USDM, venue_title
from Heatmap.domain.phrases import Moment, Phrase, counted, joined, say, whole
from Heatmap.sources.amount_texts import age_text, scale_end_text, span_text, usd_text
from Heatmap.sources.recorded.cell_facts import CellFacts, CellHeat, HeatOrigin, Recorded

_MINUTE_MS = 60_000
_CENT_USD = 0.01
# Per cent; binary fractions of whole per cents are off by less.
_ROUNDING = 1e-9
_HEAT_LABELS = {
    "both": say("Heat"),
    "longs": say("Heat of longs"),
    "shorts": say("Heat of shorts"),
}
HEAT_BRIEF = say("Liquidated, USD")
"""The same as `heat_title` in few words."""
HEAT_PER = say("/row")
"""Of what price range its USD are."""
HEAT_HINT = say(
    "Past: what was liquidated at these prices, not what is to come. At least, since an exchange "
    "need not tell of each one. A row is a narrow range of prices; the crosshair says which."
)
"""What a reader of the colours may ask, in a tool tip."""
OFFER_WORDS = say(
    "Nothing recorded here yet; past liquidations cannot be fetched. Show predicted levels"
)
"""What a chart says where nothing was recorded: a click shows the other heat."""


def source_words(kind: DataKind, since_ms: int | None, venue: str = BINANCE_USDM) -> str:
    """Return the line that says where the data come from and since when they are recorded."""
    words = _what(kind, venue)
    if since_ms is None:
        return say("{source}: none recorded yet", source=words)
    return joined(" ", [_since_words(words), Moment(since_ms)])


def heat_title(kind: DataKind, venue: str = BINANCE_USDM) -> str:
    """Return what the colours are, beside the colour bar."""
    if kind is DataKind.SIMULATED:
        return say("Simulated liquidations, USD a row")
    if kind is DataKind.REPLAY:
        return say("Replayed liquidations, USD a row")
    return say("Liquidated on {venue}, USD a row", venue=venue_title(venue))


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
    words = _what(kind, venue)
    return {"words": _since_words(words), "ms": since_ms}


def _what(kind: DataKind, venue: str) -> Phrase:
    if kind is DataKind.SIMULATED:
        return say("Simulated liquidations")
    title = venue_title(venue)
    if kind is DataKind.REPLAY:
        return say("Replayed {venue} liquidations", venue=title)
    return say("{venue} liquidations", venue=title)


def _since_words(words: str) -> Phrase:
    return say("{source}, lower bound, recorded since", source=words)


def cell_lines(report: CellFacts) -> tuple[tuple[str, str], ...]:
    """Return what the box at the crosshair says.

    A lower bound is said of recorded totals only: what was not recorded is missing there. Heat is
    what is drawn, and says what it came of.

    Returns
    -------
    tuple of ``(label, text)``
        In the order in which they are shown.
    """
    lines: list[tuple[str, str]] = []
    lines += [(_HEAT_LABELS[heat.side], _heat_text(heat)) for heat in report.heat]
    lines += totals_lines(say("Liquidated here"), report.here, none_text(report.recorded))
    if report.prices.count:
        lines += totals_lines(_prices_label(report.span_ms), report.prices, "")
    if report.level is not None:
        # Its heat is from more prices than those of the box: their sum is said to be another one.
        lines += totals_lines(say("Level around it so far"), report.level, say("none known"))[:1]
        if report.level_age_ms is not None:
            lines.append((say("Last of them"), _before_text(report.level_age_ms)))
    lines.append((say("Recorded"), recorded_text(report.recorded)))
    if report.side != "both" or report.minimum_usd > 0:
        lines.append((say("Counted"), counted_text(report.side, report.minimum_usd)))
    return tuple(lines)


def _prices_label(span_ms: int | None) -> Phrase:
    if span_ms is None:
        return say("These prices in sight")
    return say("These prices in {span}", span=span_text(span_ms))


def _heat_text(heat: CellHeat) -> Phrase:
    if heat.origin is HeatOrigin.NOTHING:
        return say("0 USD")
    amount = (
        scale_end_text(heat.scale_end_usd)
        if heat.is_above_scale
        else say("{amount} USD", amount=usd_text(heat.usd))
    )
    if heat.origin is HeatOrigin.NEIGHBOURS:
        return say("{amount}, glow from neighbouring prices", amount=amount)
    before = usd_text(heat.from_usd)
    if heat.origin is HeatOrigin.FADED:
        return say("{amount}, faded from {before} USD", amount=amount, before=before)
    return say("{amount}, spread from {before} USD", amount=amount, before=before)


def totals_lines(label: str, totals: SideTotals, none: str) -> list[tuple[str, str]]:
    """Say what was liquidated, of both sides and of each; `none` where nothing was."""
    if totals.count == 0:
        return [(label, none)]
    lines: list[tuple[str, str]] = [(label, _in_text(totals.total_usd, totals.count))]
    if totals.long_count:
        lines.append((say("  longs"), _in_text(totals.long_usd, totals.long_count)))
    if totals.short_count:
        lines.append((say("  shorts"), _in_text(totals.short_usd, totals.short_count)))
    return lines


def none_text(recorded: Recorded) -> Phrase:
    """Say that nothing is known to have been liquidated: no data is not zero."""
    if recorded.missing >= 1.0:
        return say("not recorded")
    if recorded.proven <= 0.0:
        return say("none seen, unproven")
    return say("none") if recorded.is_whole else say("none in what was recorded")


def counted_text(side: str, minimum_usd: float) -> Phrase:
    """Say what is counted where not everything is."""
    sides = {"longs": say("only longs"), "shorts": say("only shorts")}
    words = sides.get(side, say("only longs and shorts"))
    if minimum_usd <= 0:
        return words
    return say("{sides} from {amount} USD", sides=words, amount=usd_text(minimum_usd))


def _in_text(usd: float, count: int) -> Phrase:
    amount = _bound(usd)
    return counted("{amount} in {count}", "{amount} in {count}", count, amount=amount)


def _bound(usd: float) -> Phrase:
    if usd < _CENT_USD:
        return say("0 USD")
    return say("\u2265 {amount} USD", amount=usd_text(usd))


def _before_text(age_ms: int) -> Phrase:
    if age_ms < _MINUTE_MS:
        return say("less than a minute before")
    return say("{span} before", span=age_text(age_ms))


def recorded_text(recorded: Recorded) -> str:
    """Say how much of a time was recorded."""
    if recorded.missing >= 1.0:
        return say("nothing of this time")
    if recorded.is_whole:
        return say("all of this time")
    share = whole(recorded.proven * 100 + _ROUNDING)
    words = [say("{number} % of this time", number=share)]
    if recorded.unproven > 0.0:
        share = whole(math.ceil(recorded.unproven * 100 - _ROUNDING))
        words.append(say("{number} % unproven", number=share))
    if recorded.missing > 0.0:
        share = whole(math.ceil(recorded.missing * 100 - _ROUNDING))
        words.append(say("{number} % not", number=share))
    return joined(", ", words)
