"""A second heat source, as a newcomer writes one: standing levels, nothing of the recording.

Longs below a price and shorts above it, in its own unit, on its own scale, in its own colours and
words. It is what the interface has to carry beside recorded liquidations.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from Heatmap.aggregation.heat_field import ColumnRange
from Heatmap.aggregation.resolution import GridSpec
from Heatmap.heatmap_settings import HeatmapSettings
from Heatmap.runtime.compat import override
from Heatmap.sources.cell_places import CellQuery, CellReport, cells_at
from Heatmap.sources.heat_source import Change, HeatSource, HeatWindow, Legend, ScaleRule
from Heatmap.sources.source_context import SourceContext

PALETTE_OPTION, UNIT = "predictedPalette", "USD per 0.1 %"
CLIP_USD = 4e6


@dataclass(frozen=True)
class Level:
    """What would be liquidated at a price: from the middle of `price` on, a whole row of it."""

    price: float
    usd: float
    is_long: bool


class MadeUpLevels(HeatSource):
    """Levels that stand in all columns, until others are set."""

    palette_option: ClassVar[str] = PALETTE_OPTION
    # From `load` on.
    _spec: GridSpec

    def __init__(self, _context: SourceContext, symbol: str) -> None:
        self.symbol = symbol
        self.levels_set: Sequence[Level] = ()
        self.is_spoilt = False
        self.is_closed = False
        self._has_news = False
        self._cells = np.zeros((2, 0))
        self._is_split = False

    def set_levels(self, *levels: Level) -> None:
        self.levels_set, self._has_news = levels, True

    @property
    @override
    def spec(self) -> GridSpec:
        return self._spec

    @property
    @override
    def is_split(self) -> bool:
        return self._is_split

    @override
    def sides(self, columns: ColumnRange | None = None) -> Sequence[NDArray[np.float64]]:
        wanted = self.all_columns() if columns is None else columns
        shape = (self.spec.price.n_rows, wanted.stop - wanted.start)
        sides = [np.broadcast_to(side[:, None], shape) for side in self._cells]
        return sides if self._is_split else [sides[0] + sides[1]]

    @property
    @override
    def legend(self) -> Legend:
        words = f"Made-up levels of {self.symbol}, expected if reached"
        return Legend(f"{words}, {len(self.levels_set)} known", unit=UNIT)

    @override
    def scale_rule(self, settings: HeatmapSettings) -> ScaleRule:
        return ScaleRule("linear", CLIP_USD, settings.clip_percentile, CLIP_USD)

    @override
    def has_news(self) -> bool:
        return self._has_news

    @override
    def load(self, spec: GridSpec, window: HeatWindow) -> None:
        self._spec, self._is_split = spec, window.settings.side == "split"
        self._lay()

    @override
    def advance(self, window: HeatWindow) -> Change | None:
        if self.is_spoilt:
            self.is_spoilt = False
            return None
        time, last_col = self.spec.time, window.end_ms // self.spec.time.bin_ms
        steps = 0 if window.is_still else max(0, last_col - time.last_col)
        self._spec = replace(self._spec, time=replace(time, first_col=time.first_col + steps))
        if self._has_news:
            self._lay()
            return Change(self.all_columns(), has_new_facts=True)
        new = ColumnRange(max(0, time.n_cols - steps), time.n_cols) if steps else None
        return Change(new, has_new_facts=False)

    @override
    def describe(
        self,
        query: CellQuery,
        window: HeatWindow,  # noqa: ARG002
        scale_end_usd: float,  # noqa: ARG002
    ) -> CellReport | None:
        place = cells_at(query, self.spec)
        if place is None:
            return None
        longs, shorts = self._cells[:, place.first_row : place.end_row].sum(axis=1)
        facts = {"longs": float(longs), "shorts": float(shorts)}
        texts = [f"{usd:.0f} {UNIT} of {side}" for side, usd in facts.items()]
        return CellReport(query, facts, tuple(("Expected if reached", text) for text in texts))

    @override
    def close(self) -> None:
        self.is_closed = True

    def _lay(self) -> None:
        self._cells = np.zeros((2, self.spec.price.n_rows))
        for level in self.levels_set:
            row = int(self.spec.price.rows_of(np.array([level.price]))[0])
            self._cells[int(not level.is_long), row] += level.usd
        self._has_news = False
