"""What there is to know of a place where liquidations were recorded. Pure."""

from dataclasses import dataclass
from enum import StrEnum

from Heatmap.aggregation.event_timeline import SideTotals
from Heatmap.sources.cell_places import CellQuery

# The scale's end may be that of the very cell, but for the rounding of binary fractions.
_ROUNDING = 1e-9


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
class CellFacts:
    """What lies at a place of the picture; its words are those of `texts.cell_lines`.

    Attributes
    ----------
    query
        The place that was asked about.
    heat
        What is drawn there; empty where that is the sum itself, as for cells that do not fade.
    here
        What was liquidated there.
    prices
        What was liquidated at its prices in the heat's time span, and at no others.
    span_ms
        How long that is, milliseconds; ``None``: what is in sight.
    level
        With bands, what was liquidated there, and so near to it that its heat reaches the place,
        until the end of the place; ``None``: there are no levels.
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
    prices: SideTotals
    span_ms: int | None
    level: SideTotals | None
    level_age_ms: int | None
    recorded: Recorded
    side: str
    minimum_usd: float
