"""What there is to know of predicted levels, and of a place among them. Pure."""

from dataclasses import dataclass

from Heatmap.aggregation.event_timeline import SideTotals
from Heatmap.levels.standing import DistanceShare
from Heatmap.levels.yields import Verdict
from Heatmap.sources.cell_places import CellQuery
from Heatmap.sources.recorded.cell_facts import Recorded


@dataclass(frozen=True, slots=True)
class FitFacts:
    """How good the yields are that a map was made with, and what they were learned from.

    Attributes
    ----------
    name
        Of the fit.
    symbol
        On whose liquidations it was fitted.
    data_from_ms, data_until_ms
        When these were, UTC milliseconds.
    messages
        How many they were; 0: not told.
    verdict
        What its score says.
    beats_fixed
        Whether it is for certain better than every fixed leverage table that was scored on the same
        recording.
    is_provisional
        The dollars are not fitted to this market yet.
    """

    name: str
    symbol: str
    data_from_ms: int
    data_until_ms: int
    messages: int
    verdict: Verdict
    beats_fixed: bool
    is_provisional: bool


@dataclass(frozen=True, slots=True)
class MapFacts:
    """What the corner of the chart says of a map.

    Attributes
    ----------
    fit
        The yields in use; ``None``: there are no candles yet, so nothing is drawn.
    symbol
        Whose map it is.
    candle_days
        Days of candles that it is made of.
    wanted_days
        Days that will be there when all that is missing has been fetched.
    is_complete
        Whether nothing is missing any more.
    fit_changed_ms
        When other yields came into force within the picture, which changes its scale from there
        on, UTC milliseconds; ``None``: they did not.
    drawn_from_ms
        Before then prices were so far from those of now that nothing is drawn, UTC milliseconds;
        ``None``: all is drawn.
    has_volume
        Whether anything was traded in these candles: what was not opened cannot be liquidated.
    """

    fit: FitFacts | None
    symbol: str
    candle_days: float
    wanted_days: int
    is_complete: bool
    fit_changed_ms: int | None = None
    drawn_from_ms: int | None = None
    has_volume: bool = True


@dataclass(frozen=True, slots=True)
class RecordedHere:
    """What was recorded at a place.

    Attributes
    ----------
    totals
        What was liquidated there; lower bounds.
    recorded
        How much of its time was recorded.
    """

    totals: SideTotals
    recorded: Recorded


@dataclass(frozen=True, slots=True)
class LevelFacts:
    """What lies at a place of a map; its words are those of `texts.place_lines`.

    Attributes
    ----------
    query
        The place that was asked about.
    known_ms
        What was known by then counts, UTC milliseconds.
    price_usd
        The price at that time; ``None``: not known.
    side
        Who would be liquidated there: ``longs`` or ``shorts``; empty: the price is there.
    per_unit_usd
        Expected at the place if it is reached, USD per 0.1 % of price; a lower bound.
    cumulative_usd
        Expected from the price up to the place's far end, USD; a lower bound.
    distance_pct
        From the price to the near end of the 0.1 % level that the place's strongest row is in, %.
    shares
        Of that level, by how far away the positions were opened, the largest first.
    fit
        The yields in use; ``None``: nothing was known at that time.
    recorded
        What was recorded there; ``None``: it could not be read, or nothing can have happened yet.
    counted_side
        ``longs`` or ``shorts`` where only these count; empty: both do.
    level_usd
        Expected of the whole level that the place is in, as its label at the right edge has it,
        USD; 0: the place is in none that stands out.
    """

    query: CellQuery
    known_ms: int
    price_usd: float | None
    side: str
    per_unit_usd: float
    cumulative_usd: float
    distance_pct: float
    shares: tuple[DistanceShare, ...]
    fit: FitFacts | None
    recorded: RecordedHere | None
    counted_side: str = ""
    level_usd: float = 0.0
