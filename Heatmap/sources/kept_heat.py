"""What sources have in common that keep cells of one symbol, and facts about them."""

from collections.abc import Sequence
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from Heatmap.aggregation.heat_field import ColumnRange
from Heatmap.aggregation.resolution import GridSpec
from Heatmap.runtime.compat import override
from Heatmap.sources.coverage_gaps import inner_edges
from Heatmap.sources.heat_cells import HeatCells
from Heatmap.sources.heat_source import HeatSource, Legend
from Heatmap.sources.source_context import SourceContext

Cells = TypeVar("Cells", bound=HeatCells)


class KeptHeat(HeatSource, Generic[Cells]):
    """Answers from the cells, the legend and the gaps that were kept last.

    Whoever inherits it sets `_cells` in `load`, and calls `_keep_facts` in `load` and `advance`.

    Parameters
    ----------
    context
        Where its data come from.
    symbol
        Whose heat it is.
    """

    # From `load` on.
    _cells: Cells

    def __init__(self, context: SourceContext, symbol: str) -> None:
        self._tape = context.tape
        self._symbol = symbol
        self._legend = Legend("")
        self._gaps: list[list[Any]] = []
        self._inner_gap_edges: list[tuple[Any, ...]] = []

    @property
    @override
    def spec(self) -> GridSpec:
        """Where the cells lie now."""
        return self._cells.spec

    @property
    @override
    def is_split(self) -> bool:
        """Whether longs and shorts are kept apart."""
        return self._cells.is_split

    @override
    def sides(self, columns: ColumnRange | None = None) -> Sequence[NDArray[np.float64]]:
        """Return the cells of both sides together, or those of longs and those of shorts."""
        return self._cells.sides(columns)

    @property
    @override
    def legend(self) -> Legend:
        """What the corner of the chart says of it."""
        return self._legend

    @property
    @override
    def gaps(self) -> Sequence[Sequence[Any]]:
        """Time of the window without data."""
        return self._gaps

    def _keep_facts(
        self, legend: Legend, gaps: list[list[Any]], start_ms: int, end_ms: int
    ) -> bool:
        """Keep what is true now; return whether it is something else than before.

        Parameters
        ----------
        legend, gaps
            As the properties give them.
        start_ms, end_ms
            The time that the gaps are about, UTC milliseconds: where they touch its edges, they
            only move with it.
        """
        inner = inner_edges(gaps, start_ms, end_ms)
        has_changed = legend != self._legend or inner != self._inner_gap_edges
        self._legend, self._gaps, self._inner_gap_edges = legend, gaps, inner
        return has_changed
