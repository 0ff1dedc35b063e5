"""The heat sources by name."""

from collections.abc import Callable

from Heatmap.sources.heat_source import HeatSource
from Heatmap.sources.recorded_liquidations import RecordedLiquidations
from Heatmap.storage.event_tape import EventTape

RECORDED = "recorded"
"""Liquidations that happened."""

HEAT_SOURCES: dict[str, Callable[[EventTape, str], HeatSource]] = {
    RECORDED: RecordedLiquidations,
}
"""What makes each source, for a tape and a symbol."""
