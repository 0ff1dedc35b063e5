"""What goes into a picture and what comes out of it."""

import json
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from Heatmap.domain.candles import RunningMinute
from Heatmap.domain.viewport import Viewport
from Heatmap.heatmap_settings import HeatmapSettings

# What is asked and told of one place, and what heartbeats prove, goes through a picture unchanged.
from Heatmap.sources.cell_places import CellLines as CellLines  # noqa: PLC0414
from Heatmap.sources.cell_places import CellQuery as CellQuery  # noqa: PLC0414
from Heatmap.sources.cell_places import CellReport as CellReport  # noqa: PLC0414
from Heatmap.sources.heat_source import Heartbeats as Heartbeats  # noqa: PLC0414
from Heatmap.sources.heat_source import LevelMark as LevelMark  # noqa: PLC0414


@dataclass(frozen=True, slots=True)
class PictureRequest:
    """Everything a picture depends on, besides what is stored.

    Attributes
    ----------
    viewport
        What the chart shows.
    settings
        The current settings.
    tick_size
        Tick size of the symbol, USD.
    now_ms
        Data time now.
    heartbeats
        What heartbeats prove beyond the written coverage; ``None``: nothing.
    running
        What is known of the minutes whose candles have not come yet, the oldest first.
    """

    viewport: Viewport
    settings: HeatmapSettings
    tick_size: Decimal
    now_ms: int
    heartbeats: Heartbeats | None
    running: tuple[RunningMinute, ...] = ()

    @property
    def end_ms(self) -> int:
        """Where the window ends: now, or the right edge of a chart that is scrolled back."""
        end_ms = self.viewport.end_ms
        return self.now_ms if end_ms is None else min(end_ms, self.now_ms)


@dataclass(frozen=True, slots=True)
class PictureMessage:
    """What goes to the page: heat of one source, with its own scale, legend, palette and gaps.

    Attributes
    ----------
    is_whole
        A whole grid (`LayerPort.show_grid`), else columns (`LayerPort.append_cells`).
    meta
        Where the cells belong; times in UTC milliseconds, prices and values in USD.
    packed
        The cells, as `pack_cells` gives them: uint8 (rows, columns) in C order; row 0 is the lowest
        price, column 0 the oldest.
    marks
        The levels that stand out at the right edge, the strongest first.
    """

    is_whole: bool
    meta: dict[str, Any]
    packed: str
    marks: tuple[LevelMark, ...] = ()

    @property
    def size_bytes(self) -> int:
        """What goes over the channel, but for its envelope."""
        return len(self.packed) + len(json.dumps(self.meta))
