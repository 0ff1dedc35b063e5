"""What heat sources are made with."""

from dataclasses import dataclass

from Heatmap.sources.level_maps import LevelMaps
from Heatmap.storage.event_tape import EventTape


@dataclass(frozen=True, slots=True)
class SourceContext:
    """Where all sources of one service get their data.

    Attributes
    ----------
    tape
        What is stored, and what comes on top.
    maps
        Predicted levels; ``None``: there are none.
    """

    tape: EventTape
    maps: LevelMaps | None = None
