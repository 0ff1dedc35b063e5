"""The heat sources by name: one row each."""

from collections.abc import Callable
from dataclasses import dataclass

from Heatmap.sources.heat_source import HeatSource
from Heatmap.sources.predicted_levels import PredictedLevelHeat
from Heatmap.sources.recorded_liquidations import RecordedLiquidations
from Heatmap.sources.source_context import SourceContext

RECORDED = "recorded"
"""Liquidations that happened."""
PREDICTED = "predicted"
"""Levels that would be liquidated if the price went there."""


@dataclass(frozen=True, slots=True)
class SourceRow:
    """What is known of a source before there is one.

    Attributes
    ----------
    make
        Makes it, for a context and a symbol.
    needs_recording
        Whether it has nothing of a symbol that is not recorded.
    """

    make: Callable[[SourceContext, str], HeatSource]
    needs_recording: bool = False


HEAT_SOURCES: dict[str, SourceRow] = {
    RECORDED: SourceRow(
        lambda context, symbol: RecordedLiquidations(context.tape, symbol), needs_recording=True
    ),
    PREDICTED: SourceRow(PredictedLevelHeat),
}
"""By the values of the setting ``heat``."""

_DRAWN_BY = {"both": PREDICTED}


def source_of(heat: str) -> str:
    """Return which source draws a heat of the settings: with ``both``, bubbles are the other."""
    return _DRAWN_BY.get(heat, heat)
