"""What is drawn of events: one heat field, or with split sides one of longs and one of shorts."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from Heatmap.aggregation.heat_field import ColumnRange, HeatField, united
from Heatmap.aggregation.resolution import GridSpec
from Heatmap.heatmap_settings import HeatmapSettings
from Heatmap.runtime.compat import override
from Heatmap.sources.heat_cells import HeatCells


class DrawnField(HeatCells):
    """The field, or the two, of one picture; they share axes and time.

    Parameters
    ----------
    spec
        Where the cells lie at first.
    settings
        Shape, decay, side and smallest notional.
    now_ms
        The time that the window follows, or where one that stays ends, see `HeatField`.
    is_still
        Whether the window stays, see `HeatField`.
    """

    def __init__(
        self, spec: GridSpec, settings: HeatmapSettings, now_ms: int, *, is_still: bool = False
    ) -> None:
        sides = ("longs", "shorts") if settings.side == "split" else (settings.side,)
        self._fields = tuple(
            HeatField(
                spec,
                shape=settings.shape,
                tau_ms=settings.decay_tau_on(spec.time.n_cols * spec.time.bin_ms),
                side=side,
                minimum_notional=settings.minimum_notional,
                now_ms=now_ms,
                is_still=is_still,
            )
            for side in sides
        )

    @property
    @override
    def spec(self) -> GridSpec:
        """Where the cells lie now."""
        return self._fields[0].spec

    @property
    @override
    def is_split(self) -> bool:
        """Whether longs and shorts are kept apart."""
        return len(self._fields) > 1

    def load(self, events: NDArray[np.void]) -> None:
        """Forget everything and build from these events, see `HeatField.load`."""
        for field in self._fields:
            field.load(events)

    def add(self, events: NDArray[np.void]) -> ColumnRange | None:
        """Add events where they belong, see `HeatField.add`."""
        changed = None
        for field in self._fields:
            changed = united(changed, field.add(events))
        return changed

    def advance(self, now_ms: int) -> ColumnRange | None:
        """Let time pass, see `HeatField.advance`."""
        changed = None
        for field in self._fields:
            changed = united(changed, field.advance(now_ms))
        return changed

    @override
    def sides(self, columns: ColumnRange | None = None) -> Sequence[NDArray[np.float64]]:
        """Return the cells of each field, longs before shorts."""
        wanted = self.all_columns() if columns is None else columns
        return [field.column_values(wanted) for field in self._fields]
