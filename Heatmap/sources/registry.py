"""The heat sources by name, one row each; and what is known of a heat before it is drawn."""

from Heatmap.sources.heat_source import HeatSource
from Heatmap.sources.predicted_levels import PredictedLevelHeat
from Heatmap.sources.recorded_liquidations import RecordedLiquidations

HEAT_SOURCES: dict[str, type[HeatSource]] = {
    "recorded": RecordedLiquidations,
    "predicted": PredictedLevelHeat,
}
"""By the values of the setting ``heat``."""

# Heats of the setting that bring bubbles with the heat of a source.
_WITH_BUBBLES = {"both": "predicted"}
# What there is of a symbol that is not recorded.
_WITHOUT_RECORDING = "predicted"


def source_of(heat: str) -> str:
    """Return which source draws a heat of the settings: with ``both``, bubbles are the other."""
    return _WITH_BUBBLES.get(heat, heat)


def source_class(heat: str) -> type[HeatSource]:
    """Return the class that draws a heat of the settings; it says what is known beforehand."""
    return HEAT_SOURCES[source_of(heat)]


def has_bubbles(heat: str) -> bool:
    """Tell whether a heat of the settings shows what was recorded as bubbles, by itself."""
    return heat in _WITH_BUBBLES


def wants_room(heat: str) -> bool:
    """Tell whether a heat goes on to the right of now, where a chart then leaves room for it.

    Parameters
    ----------
    heat
        A value of the setting ``heat``.
    """
    return source_class(heat).stands


def heat_of_unrecorded(heat: str) -> str:
    """Return the heat of a symbol that is not recorded: `heat`, unless that needs a recording.

    Parameters
    ----------
    heat
        A value of the setting ``heat``.
    """
    return _WITHOUT_RECORDING if source_class(heat).needs_recording else heat
