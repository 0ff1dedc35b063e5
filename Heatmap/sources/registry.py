"""The heat sources by name."""

from collections.abc import Callable

from Heatmap.sources.heat_source import HeatSource
from Heatmap.sources.predicted_levels import PredictedLevelHeat
from Heatmap.sources.recorded_liquidations import RecordedLiquidations
from Heatmap.sources.source_context import SourceContext

RECORDED = "recorded"
"""Liquidations that happened."""
PREDICTED = "predicted"
"""Levels that would be liquidated if the price went there."""

HEAT_SOURCES: dict[str, Callable[[SourceContext, str], HeatSource]] = {
    RECORDED: lambda context, symbol: RecordedLiquidations(context.tape, symbol),
    PREDICTED: PredictedLevelHeat,
}
"""What makes each source, for a context and a symbol."""

NEEDS_RECORDING = frozenset({RECORDED})
"""The sources that have nothing of a symbol that is not recorded."""


def source_of(heat: str) -> str:
    """Return which source draws a heat of the settings: with ``both``, bubbles are the other."""
    return RECORDED if heat == "recorded" else PREDICTED
