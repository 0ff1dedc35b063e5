"""What a heat source is: the values that a picture draws, and the facts that go with them. Pure.

A picture draws one source and knows it by this interface only. It lays the axes, finds the end of
the scale, makes bytes of the values and messages of all that. The source keeps the values up and
says what they mean: its scale, its palette, its legend, its gaps and what lies at a place. So two
sources never share a scale, a colour or a word.

A new source is one module beside this one and a row in `Heatmap.sources.registry`. What others ask
of a source before there is one, such as whether it needs a recording, its class says.
"""

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from Heatmap.aggregation.heat_field import ColumnRange
from Heatmap.aggregation.normalization import Scale
from Heatmap.aggregation.resolution import GridSpec
from Heatmap.domain.candles import RunningMinute
from Heatmap.domain.phrases import say
from Heatmap.heatmap_settings import HeatmapSettings
from Heatmap.sources.cell_places import CellQuery, CellReport
from Heatmap.sources.heat_cells import HeatCells


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
class HeatWindow:
    """What a source is asked for, besides the axes.

    Attributes
    ----------
    settings
        The current settings.
    end_ms
        Where the window ends: now, or where one that stays ends. UTC milliseconds.
    is_still
        Whether the window stays where it is, as that of a chart that is scrolled back.
    heartbeats
        What heartbeats prove beyond the written coverage; ``None``: nothing.
    span_ms
        How long it is; ``None``: as the settings say.
    now_ms
        Data time now, UTC milliseconds; ``None``: the window's end.
    running
        What is known of the minutes whose candles have not come yet, the oldest first.
    """

    settings: HeatmapSettings
    end_ms: int
    is_still: bool
    heartbeats: Heartbeats | None
    span_ms: int | None = None
    now_ms: int | None = None
    running: tuple[RunningMinute, ...] = ()

    @property
    def start_ms(self) -> int:
        """Where the window begins, UTC milliseconds."""
        span_ms = self.settings.window_ms if self.span_ms is None else self.span_ms
        return self.end_ms - span_ms

    @property
    def now_or_end_ms(self) -> int:
        """Data time now, as far as it is known."""
        return self.end_ms if self.now_ms is None else self.now_ms


@dataclass(frozen=True, slots=True)
class Change:
    """What has become different since a source was asked last.

    Attributes
    ----------
    columns
        Columns of the window, as it lies now, that are new or may have changed; ``None``: none.
    has_new_facts
        Whether gaps or legend are others than before.
    """

    columns: ColumnRange | None
    has_new_facts: bool


@dataclass(frozen=True, slots=True)
class ScaleRule:
    """How the values of a source become brightness.

    Attributes
    ----------
    mode
        See `Scale.mode`.
    clip_usd
        Where the scale ends; ``None``: at a percentile of the values.
    percentile
        That percentile, see `auto_clip`.
    empty_clip_usd
        Where it ends while there is nothing to take a percentile of.
    """

    mode: str
    clip_usd: float | None
    percentile: float
    empty_clip_usd: float


OFFERED_HEAT = "both"
"""What is offered where nothing was recorded, a value of the setting ``heat``."""


@dataclass(frozen=True, slots=True)
class HeatOffer:
    """Another heat that a click takes.

    Attributes
    ----------
    words
        Why, and what it is.
    heat
        What it sets `HeatmapSettings.heat` to.
    """

    words: str
    heat: str


@dataclass(frozen=True, slots=True)
class Legend:
    """What the corner of the chart says of a source.

    Attributes
    ----------
    words
        What is drawn and where it comes from, times in UTC.
    since
        The same words up to a time and that time, ``{"words": ..., "ms": ...}``, for a chart that
        says times in its own way; ``None``: they end with no time.
    unit
        Of the values, behind the amount at the end of the colour bar.
    title, brief
        What the colours are, beside the bar: at length and in few words.
    per
        Of what price range the USD are, behind `brief` where there is room; empty: nothing.
    hint
        What a reader of them may ask, for a tool tip; empty: nothing.
    names_unit
        Whether `title` and `brief` say the unit, so that the amounts beside them need none.
    missing
        What the hatch means.
    offer
        What the chart offers in one line where there is nothing to draw; ``None``: nothing.
    """

    words: str
    since: dict[str, Any] | None = None
    unit: str = "USD"
    offer: HeatOffer | None = None
    title: str = say("Liquidated")
    brief: str = say("Liquidated")
    per: str = ""
    missing: str = say("not recorded")
    hint: str = ""
    names_unit: bool = False


@dataclass(frozen=True, slots=True)
class LevelMark:
    """A level that stands out at the right edge of a picture.

    Attributes
    ----------
    price
        USD.
    usd
        What stands in it, USD: the same whatever the zoom.
    side
        Whose: ``longs`` or ``shorts``.
    """

    price: float
    usd: float
    side: str


@dataclass(frozen=True, slots=True, eq=False)
class SideProfile:
    """Longs and shorts of the window by price.

    Attributes
    ----------
    rows_usd : (2, n_rows) float64, USD
        Longs, then shorts, per row of the price axis.
    long_usd, short_usd
        Sums of the window, also of what lies beyond the rows, USD. Lower bounds.
    """

    rows_usd: NDArray[np.float64]
    long_usd: float
    short_usd: float


class HeatSource(HeatCells):
    """The heat of one instrument. `load` comes first; `close` and `has_news` at any time.

    All methods but those two are called in a worker thread, by one at a time. `load` and `advance`
    bring values, legend and gaps up to date; in between they stay as they are. What a source cannot
    read it raises as a `StorageError`, or another `HeatmapError`: the picture is built anew then.

    Parameters
    ----------
    context
        Where its data come from, a `SourceContext`.
    symbol
        Whose heat it is.

    Attributes
    ----------
    needs_recording
        Whether it shows what was recorded: it has nothing of a symbol that is not recorded, and its
        gaps are the time that was not.
    takes_recorded_settings
        Whether the settings of recorded heat act on it (`Setting.is_of_recorded`, such as shape and
        decay).
    clip_field
        The setting that locks the end of its scale; the status measures that end under this name.
        Empty: there is none, and it is measured as ``<name>_clip``.
    covers_pane
        Whether its window is what the pane shows, and not the settings' window.
    stands
        Whether what is in the column of now goes on to the right of it, where room is then wanted.
    is_told_everywhere
        Whether there is something to say at a place where nothing is painted.
    palette_option
        The page's option that says in which palette it is drawn: a change needs nothing of it.
    alpha_exponent
        How alpha rises with the level; ``None``: as the page's palettes have it.
    least_bin_ms
        No column is narrower, milliseconds; one of `TIME_BINS_MS`, or 0: any width.
    """

    needs_recording: ClassVar[bool] = False
    takes_recorded_settings: ClassVar[bool] = False
    clip_field: ClassVar[str] = ""
    covers_pane: ClassVar[bool] = False
    stands: ClassVar[bool] = False
    is_told_everywhere: ClassVar[bool] = False
    palette_option: ClassVar[str] = "palette"
    alpha_exponent: ClassVar[float | None] = None
    least_bin_ms: ClassVar[int] = 0

    # A `SourceContext`; this module is pure, and what that holds is not.
    @abstractmethod
    def __init__(self, context: Any, symbol: str) -> None:
        """Make the source; reads nothing yet."""

    @property
    @abstractmethod
    def legend(self) -> Legend:
        """What the corner of the chart says of it."""

    @property
    def gaps(self) -> Sequence[Sequence[Any]]:
        """Time without data, which is hatched: ``[from_ms, to_ms, "gap" or "unproven"]`` each."""
        return []

    @abstractmethod
    def scale_rule(self, settings: HeatmapSettings) -> ScaleRule:
        """Return how its values become brightness."""

    @abstractmethod
    def has_news(self) -> bool:
        """Whether `advance` may find something, whatever the time; asked in any thread."""

    def reaches_more(self, running: tuple[RunningMinute, ...]) -> bool:  # noqa: ARG002
        """Whether the price has touched more than the values know; asked in any thread."""
        return False

    @abstractmethod
    def load(self, spec: GridSpec, window: HeatWindow) -> None:
        """Give the values on these axes from now on, from scratch.

        Parameters
        ----------
        spec
            Where the cells lie at first; the last column is the one of the window's end.
        window
            The window that they cover.
        """

    @abstractmethod
    def advance(self, window: HeatWindow) -> Change | None:
        """Move on to the window's end, and take in what is new.

        Returns
        -------
        Change or None
            ``None``: what was loaded does not hold any more, and has to be loaded again.
        """

    def take_news(self, window: HeatWindow) -> bool:  # noqa: ARG002 - for those with news
        """Take in what is new for other bytes of the same picture; nothing else moves.

        Returns
        -------
        bool
            False: as with `advance`, it has to be loaded again.
        """
        return True

    @abstractmethod
    def describe(
        self, query: CellQuery, window: HeatWindow, scale_end_usd: float
    ) -> CellReport | None:
        """Say what lies at a place.

        Parameters
        ----------
        query
            The place.
        window
            What it was loaded or moved on for last.
        scale_end_usd
            Where the colour bar ends: no line contradicts it.

        Returns
        -------
        CellReport or None
            ``None``: the place is not in the picture (any more).
        """

    def marks(self, scale: Scale) -> tuple[LevelMark, ...]:  # noqa: ARG002 - for those with some
        """Return the levels that stand out at the right edge, the strongest first.

        Parameters
        ----------
        scale
            In force: what it does not paint is not named.
        """
        return ()

    def profile(self, window: HeatWindow) -> SideProfile | None:  # noqa: ARG002 - for those with one
        """Return longs and shorts of the window by price; ``None``: it has none."""
        return None

    @abstractmethod
    def close(self) -> None:
        """Follow nothing any more; idempotent.

        Never waits. So the garbage collector may lead here, in any thread and in the midst of
        anything.
        """
