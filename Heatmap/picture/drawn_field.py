"""What a picture draws: one heat field, or with split sides one of longs and one of shorts."""

import numpy as np
from numpy.typing import NDArray

from Heatmap.aggregation.heat_field import ColumnRange, HeatField, united
from Heatmap.aggregation.normalization import Scale, to_bytes, to_split_bytes
from Heatmap.aggregation.resolution import GridSpec
from Heatmap.heatmap_settings import HeatmapSettings


class DrawnField:
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
        self.is_split = settings.side == "split"
        sides = ("longs", "shorts") if self.is_split else (settings.side,)
        self._fields = tuple(
            HeatField(
                spec,
                shape=settings.shape,
                tau_ms=settings.decay_tau_ms,
                side=side,
                minimum_notional=settings.minimum_notional,
                now_ms=now_ms,
                is_still=is_still,
            )
            for side in sides
        )

    @property
    def spec(self) -> GridSpec:
        """Where the cells lie now."""
        return self._fields[0].spec

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

    def all_columns(self) -> ColumnRange:
        """Return the columns of the whole window."""
        return ColumnRange(0, self.spec.time.n_cols)

    def values(self, columns: ColumnRange | None = None) -> NDArray[np.float64]:
        """Return what the scale is about: of split sides the larger one.

        Returns
        -------
        (n_rows, n) float64, USD
            All columns where `columns` is ``None``; valid until the next call.
        """
        parts = self.sides(columns)
        return parts[0] if len(parts) == 1 else np.maximum(parts[0], parts[1])

    def levels(self, scale: Scale, columns: ColumnRange | None = None) -> bytes:
        """Return the cells as the page takes them: uint8 (n_rows, n) in C order.

        Without split sides 0 is nothing and 1 to 255 little to much; with them see
        `to_split_bytes`.
        """
        parts = self.sides(columns)
        cells = (
            to_bytes(parts[0], scale)
            if len(parts) == 1
            else to_split_bytes(parts[0], parts[1], scale)
        )
        return cells.tobytes()

    def sides(self, columns: ColumnRange | None = None) -> list[NDArray[np.float64]]:
        """Return the cells of each field, longs before shorts; otherwise as `values`."""
        wanted = self.all_columns() if columns is None else columns
        return [field.column_values(wanted) for field in self._fields]
