"""What goes into a picture and what comes out of it."""

import json
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any

from Heatmap.aggregation.event_timeline import SideTotals
from Heatmap.domain.viewport import Viewport
from Heatmap.heatmap_settings import HeatmapSettings

# The scale's end may be that of the very cell, but for the rounding of binary fractions.
_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class Heartbeats:
    """The heartbeats of the present connection of the recorder that writes.

    Attributes
    ----------
    since_ms, until_ms
        First and newest one, exchange time, UTC milliseconds.
    lag_ms
        How far the written coverage may lie behind the newest one.
    """

    since_ms: int
    until_ms: int
    lag_ms: int


@dataclass(frozen=True, slots=True)
class PictureRequest:
    """Everything a picture depends on, besides what is stored.

    Attributes
    ----------
    viewport
        What the chart shows.
    settings
        The settings in force.
    tick_size
        Tick size of the symbol, USD.
    now_ms
        Data time now.
    heartbeats
        What heartbeats prove beyond the written coverage; ``None``: nothing.
    """

    viewport: Viewport
    settings: HeatmapSettings
    tick_size: Decimal
    now_ms: int
    heartbeats: Heartbeats | None

    @property
    def end_ms(self) -> int:
        """Where the window ends: now, or the right edge of a chart that is scrolled back."""
        end_ms = self.viewport.end_ms
        return self.now_ms if end_ms is None else min(end_ms, self.now_ms)


@dataclass(frozen=True, slots=True)
class PictureMessage:
    """What goes to the page.

    Attributes
    ----------
    is_whole
        A whole grid (`LayerPort.show_grid`), else columns (`LayerPort.append_cells`).
    meta
        Where the cells belong; times in UTC milliseconds, prices and values in USD.
    packed
        The cells, as `pack_cells` gives them: uint8 (rows, columns) in C order; row 0 is the lowest
        price, column 0 the oldest.
    """

    is_whole: bool
    meta: dict[str, Any]
    packed: str

    @property
    def size_bytes(self) -> int:
        """What goes over the channel, but for its envelope."""
        return len(self.packed) + len(json.dumps(self.meta))


@dataclass(frozen=True, slots=True)
class CellQuery:
    """A place of the picture that is asked about: the cells under one pixel of it.

    Attributes
    ----------
    price_low, price_high
        Edges of its rows, USD.
    from_ms, to_ms
        Edges of its columns, UTC milliseconds.
    """

    price_low: float
    price_high: float
    from_ms: int
    to_ms: int


@dataclass(frozen=True, slots=True)
class CellLines:
    """What the page is told of a place: what lies there, in words.

    Attributes
    ----------
    query
        The place that was asked about.
    lines
        What there is to say, ``(label, text)`` each, in the order in which it is shown.
    """

    query: CellQuery
    lines: tuple[tuple[str, str], ...]


class HeatOrigin(StrEnum):
    """What the heat of a place came of.

    Attributes
    ----------
    NOTHING
        There is none: less than a cent.
    NEIGHBOURS
        More than was liquidated at these prices: it glows over from others.
    FADED
        What was liquidated here, less by the time since.
    SPREAD
        What was liquidated here, spread over neighbouring prices; it does not fade.
    """

    NOTHING = "nothing"
    NEIGHBOURS = "neighbours"
    FADED = "faded"
    SPREAD = "spread"


@dataclass(frozen=True, slots=True)
class CellHeat:
    """What is drawn at a place.

    Attributes
    ----------
    side
        Of whom: ``both``, or with split sides ``longs`` or ``shorts``.
    usd
        The strongest of its cells, USD.
    origin
        What it came of.
    from_usd
        What was liquidated of which it is left, USD; 0 where it came of something else.
    scale_end_usd
        Where the colour bar ends, USD.
    """

    side: str
    usd: float
    origin: HeatOrigin
    from_usd: float
    scale_end_usd: float

    @property
    def is_above_scale(self) -> bool:
        """Whether it is above the colour bar's end, whose last colour stands for it as well."""
        return self.usd > self.scale_end_usd * (1 + _ROUNDING)


@dataclass(frozen=True, slots=True)
class Recorded:
    """How much of a time was recorded: parts from 0 to 1, which together are 1.

    Attributes
    ----------
    proven, unproven, missing
        Recorded; recorded, but nothing proved that liquidations are delivered; not recorded.
    """

    proven: float
    unproven: float
    missing: float

    @property
    def is_whole(self) -> bool:
        """Whether all of it was recorded."""
        return self.missing <= 0.0 and self.unproven <= 0.0


@dataclass(frozen=True, slots=True)
class CellReport:
    """What lies at a place of the picture, as facts; its words are those of `picture.texts`.

    Attributes
    ----------
    query
        The place that was asked about.
    heat
        What is drawn there; empty where that is the sum itself, as for cells that do not fade.
    here
        What was liquidated there.
    level
        With bands, what was liquidated at this level so far; ``None``: there are no levels.
    level_age_ms
        How long before the end of the place the newest of them was; ``None``: there is none.
    recorded
        How much of the time was recorded.
    side, minimum_usd
        What is counted: ``both``, ``longs``, ``shorts`` or ``split``, from this notional up.
    """

    query: CellQuery
    heat: tuple[CellHeat, ...]
    here: SideTotals
    level: SideTotals | None
    level_age_ms: int | None
    recorded: Recorded
    side: str
    minimum_usd: float
