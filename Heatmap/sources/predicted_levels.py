"""Predicted levels as heat: what would be liquidated if the price went there, as known then.

Computed from one-minute candles by the calibrated model of `Heatmap.levels`. Amounts are expected
USD per 0.1 % of price, a lower bound as Binance reports them.
"""

from contextlib import nullcontext
from math import floor, log
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from Heatmap.aggregation.event_timeline import sum_rows
from Heatmap.aggregation.heat_field import ColumnRange, counted
from Heatmap.aggregation.normalization import Scale
from Heatmap.aggregation.resolution import GridSpec
from Heatmap.domain.candles import DAY_MS, MINUTE_MS, RunningMinute
from Heatmap.errors import StorageError
from Heatmap.heatmap_settings import HeatmapSettings
from Heatmap.levels.price_rows import FIT_WIDTH
from Heatmap.runtime.compat import override
from Heatmap.sources.cell_places import CellQuery, CellReport, cells_at
from Heatmap.sources.coverage_gaps import find_gaps, recorded_parts
from Heatmap.sources.heat_source import (
    Change,
    HeatWindow,
    Legend,
    LevelMark,
    ScaleRule,
)
from Heatmap.sources.kept_heat import KeptHeat
from Heatmap.sources.level_maps import LevelMap
from Heatmap.sources.predicted.candle_gaps import candle_gaps
from Heatmap.sources.predicted.crests import find_crests
from Heatmap.sources.predicted.level_columns import LevelColumns
from Heatmap.sources.predicted.level_facts import MapFacts, RecordedHere
from Heatmap.sources.predicted.level_history import LevelHistory
from Heatmap.sources.predicted.place_report import describe_place, fit_facts
from Heatmap.sources.predicted.texts import (
    HEAT_BRIEF,
    HEAT_HINT,
    HEAT_PER,
    HEAT_TITLE,
    MISSING,
    UNIT,
    map_words,
    place_lines,
)
from Heatmap.sources.recorded.cell_facts import Recorded
from Heatmap.sources.source_context import SourceContext
from Heatmap.storage.event_arrays import as_array

EMPTY_CLIP_USD = 100_000.0
"""Where the scale ends while there is nothing to take a percentile of, USD per 0.1 %."""

# So much of what is wanted may be missing of candles that count as complete.
_MISSING_MS = DAY_MS // 8
# Levels that are told apart are so many rows apart, and at least this bright.
_APART_ROWS, _PAINTED = 11, 32
_MOST_MARKS = 24


class PredictedLevelHeat(KeptHeat[LevelColumns]):
    """The predicted levels of one symbol.

    Parameters
    ----------
    context
        Where the maps and what was recorded come from.
    symbol
        Whose levels are drawn.
    """

    clip_field: ClassVar[str] = "predicted_clip_usd"
    covers_pane: ClassVar[bool] = True
    stands: ClassVar[bool] = True
    # What stands in a place is there also where it is too little to be painted.
    is_told_everywhere: ClassVar[bool] = True
    palette_option: ClassVar[str] = "predictedPalette"
    # Higher than that of recorded heat: faint edges stay soft, most of all on white.
    alpha_exponent: ClassVar[float | None] = 0.75
    # Candles know nothing shorter.
    least_bin_ms: ClassVar[int] = MINUTE_MS

    def __init__(self, context: SourceContext, symbol: str) -> None:
        super().__init__(context, symbol)
        self._maps = context.maps
        # What was loaded: number of the map, and how many of its minutes.
        self._map = LevelMap(None, 0, ())
        self._seen = 0
        # When the newest candle began, and what the price has reached since, as rows of log price.
        self._newest_ms = -1
        self._reached: tuple[int, int] | None = None

    @property
    def columns(self) -> LevelColumns:
        """What stands in each column."""
        return self._cells

    @override
    def values(self, columns: ColumnRange | None = None) -> NDArray[np.float64]:
        """Return what the scale is about, see `LevelColumns.values`."""
        return self._cells.values(columns)

    @override
    def levels(self, scale: Scale, columns: ColumnRange | None = None) -> bytes:
        """Return the cells as the page takes them, with what makes a level stand out."""
        return self._cells.levels(scale, columns)

    @override
    def scale_rule(self, settings: HeatmapSettings) -> ScaleRule:
        """Return the scale that the settings ask for."""
        return ScaleRule(
            settings.normalization,
            settings.predicted_clip_usd,
            settings.clip_percentile,
            EMPTY_CLIP_USD,
        )

    @override
    def has_news(self) -> bool:
        """Nothing is told of candles: what is stored is looked at with each update."""
        return False

    @override
    def reaches_more(self, running: tuple[RunningMinute, ...]) -> bool:
        """Whether the price has reached rows of log price that still stand in the newest column."""
        known, waiting = self._reached, _after(running, self._newest_ms)
        reached = _rows_of(waiting)
        if reached is None:
            return False
        return known is None or reached[0] < known[0] or reached[1] > known[1]

    @override
    def close(self) -> None:
        """Nothing is followed."""

    @override
    def load(self, spec: GridSpec, window: HeatWindow) -> None:
        """Lay what stood at each column's time on these axes.

        Raises
        ------
        StorageError
            The store cannot be read.
        """
        with self._lock():
            found = self._look(window)
            history = found.history
            until_ms = window.end_ms if window.is_still else None
            columns = LevelColumns(spec, history, window.settings.side, until_ms)
            self._cells, self._map = columns, found
            self._seen = 0 if history is None else len(history)
            columns.load(self._take_running(window))
            self._say(window)

    @override
    def advance(self, window: HeatWindow) -> Change | None:
        """Add the columns of closed minutes, and take away what the running one has touched.

        Raises
        ------
        StorageError
            The store cannot be read.
        """
        with self._lock():
            before = self._map
            found = self._look(window)
            if found.number != before.number:
                return None
            self._map = found
            history, new_from_ms = found.history, None
            if history is not None and len(history) > self._seen:
                new_from_ms = int(history.minutes.open_ms[self._seen])
                self._seen = len(history)
            end_ms = None if window.is_still else window.end_ms
            changed = self._cells.advance(end_ms, self._take_running(window), new_from_ms)
            return Change(changed, self._say(window))

    @override
    def marks(self, scale: Scale) -> tuple[LevelMark, ...]:
        """Return the levels that stand out at the right edge, the strongest first."""
        with self._lock():
            last = self.spec.time.n_cols - 1
            price = self._cells.price_at(last)
            if price is None:
                return ()
            fine, rows = self._cells.rows_near_picture()
            crests = find_crests(fine, rows, float(np.log(price)))
        cells = np.frombuffer(self.levels(scale, ColumnRange(last, last + 1)), np.uint8)
        axis = self.spec.price
        places = axis.rows_of(np.array([one.price for one in crests]))
        chosen: list[LevelMark] = []
        taken: list[int] = []
        for crest, row in zip(crests, places.tolist(), strict=True):
            if not 0 <= row < axis.n_rows or len(chosen) == _MOST_MARKS:
                continue
            is_painted = int(cells[max(row - 1, 0) : row + 2].max()) >= _PAINTED
            if is_painted and all(abs(row - other) >= _APART_ROWS for other in taken):
                taken.append(row)
                chosen.append(LevelMark(crest.price, crest.usd, crest.side))
        return tuple(chosen)

    @override
    def describe(
        self,
        query: CellQuery,
        window: HeatWindow,
        scale_end_usd: float,  # noqa: ARG002 - amounts are exact, whatever the colour
    ) -> CellReport | None:
        """Say what is expected at a place if it is reached, and what was recorded there."""
        recorded = None if query.is_now else self._recorded_at(query, window)
        with self._lock():
            side = window.settings.side
            facts = describe_place(query, self._cells, self._map.history, recorded, side)
        if facts is None:
            return None
        return CellReport(query, facts, place_lines(facts, self._symbol))

    # -- helpers ------------------------------------------------------------------------------

    def _lock(self) -> Any:
        """Keep the map from moving on; other layers of the same symbol use it too."""
        return nullcontext() if self._maps is None else self._maps.lock

    def _look(self, window: HeatWindow) -> LevelMap:
        if self._maps is None:
            return self._map
        return self._maps.look(
            self._symbol, window.now_or_end_ms, window.settings.candle_retention_ms
        )

    def _take_running(self, window: HeatWindow) -> tuple[RunningMinute, ...]:
        """Return the minutes that count: those whose candles have not come, however late it is."""
        history = self._map.history
        self._newest_ms = -1 if history is None else int(history.minutes.open_ms[-1])
        running = () if window.is_still else _after(window.running, self._newest_ms)
        self._reached = _rows_of(running)
        return running

    def _say(self, window: HeatWindow) -> bool:
        """Work out legend and gaps; whether they have changed."""
        words = map_words(self._facts(window))
        history = self._map.history
        # What is not drawn is no data: it is hatched like a hole.
        opens = np.zeros(0, np.int64) if history is None else history.minutes.open_ms[history.cut :]
        start_ms, end_ms = max(window.start_ms, self.spec.time.start_ms), window.end_ms
        gaps = candle_gaps(opens, start_ms, end_ms)
        return self._keep_facts(
            Legend(
                words,
                unit=UNIT,
                title=HEAT_TITLE,
                brief=HEAT_BRIEF,
                per=HEAT_PER,
                missing=MISSING,
                hint=HEAT_HINT,
                names_unit=True,
            ),
            gaps,
            start_ms,
            end_ms,
        )

    def _facts(self, window: HeatWindow) -> MapFacts:
        history, settings = self._map.history, window.settings
        wanted_ms = settings.candle_retention_ms
        if history is None:
            return MapFacts(None, self._symbol, 0.0, settings.candle_retention_days, False)
        fetched_ms = self._map.fetched_ms(window.now_or_end_ms - wanted_ms)
        return MapFacts(
            fit=fit_facts(history.table, history.market),
            symbol=self._symbol,
            candle_days=len(history) * MINUTE_MS / DAY_MS,
            wanted_days=settings.candle_retention_days,
            is_complete=fetched_ms >= wanted_ms - _MISSING_MS,
            fit_changed_ms=_changed_within(history, window),
            drawn_from_ms=_drawn_from(history),
            has_volume=bool(history.minutes.volume_usd.any()),
        )

    def _recorded_at(self, query: CellQuery, window: HeatWindow) -> RecordedHere | None:
        block = cells_at(query, self.spec)
        if block is None:
            return None
        time = self.spec.time
        from_ms = (time.first_col + block.first_col) * time.bin_ms
        to_ms = min((time.first_col + block.end_col) * time.bin_ms, window.end_ms)
        try:
            with self._tape.reading() as reader:
                events = reader.read_window(self._symbol, from_ms, to_ms, as_array).events
                coverage = list(reader.read_coverage(self._symbol, from_ms, to_ms))
        except StorageError:
            return None
        events = events[counted(events, window.settings.side, 0.0)]
        totals = sum_rows(events, self.spec.price, block.first_row, block.end_row)
        parts = recorded_parts(find_gaps(coverage, from_ms, to_ms), from_ms, to_ms)
        return RecordedHere(totals, Recorded(*parts))


def _after(running: tuple[RunningMinute, ...], newest_ms: int) -> tuple[RunningMinute, ...]:
    return tuple(one for one in running if one.open_ms > newest_ms)


def _rows_of(running: tuple[RunningMinute, ...]) -> tuple[int, int] | None:
    """Return the lowest and the highest row of log price that were reached."""
    if not running:
        return None
    low, high = min(one.low for one in running), max(one.high for one in running)
    return floor(log(low) / FIT_WIDTH), floor(log(high) / FIT_WIDTH)


def _drawn_from(history: LevelHistory) -> int | None:
    return int(history.minutes.open_ms[history.cut - 1]) + MINUTE_MS if history.cut else None


def _changed_within(history: LevelHistory, window: HeatWindow) -> int | None:
    opens = history.minutes.open_ms
    times = [int(opens[first - 1]) + MINUTE_MS for first in history.fit_changes]
    inside = [at for at in times if window.start_ms < at <= window.end_ms]
    return inside[-1] if inside else None
