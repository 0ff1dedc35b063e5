"""The cells of a picture: values in USD, and the bytes that are made of them. Pure."""

from abc import ABC, abstractmethod
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from Heatmap.aggregation.heat_field import ColumnRange
from Heatmap.aggregation.normalization import Scale, to_bytes, to_split_bytes
from Heatmap.aggregation.resolution import GridSpec


class HeatCells(ABC):
    """Cells in USD, of both sides together or of longs and shorts apart."""

    @property
    @abstractmethod
    def spec(self) -> GridSpec:
        """Where the cells lie now."""

    @property
    @abstractmethod
    def is_split(self) -> bool:
        """Whether longs and shorts are kept apart."""

    @abstractmethod
    def sides(self, columns: ColumnRange | None = None) -> Sequence[NDArray[np.float64]]:
        """Return the cells of both sides together, or those of longs and those of shorts.

        Parameters
        ----------
        columns
            Which columns of the window; ``None``: all of them.

        Returns
        -------
        one or two (n_rows, n) float64, USD
            Finite and not negative; row 0 is the lowest price, column 0 the oldest. Read-only, and
            valid until the next call.
        """

    def all_columns(self) -> ColumnRange:
        """Return the columns of the whole window."""
        return ColumnRange(0, self.spec.time.n_cols)

    def values(self, columns: ColumnRange | None = None) -> NDArray[np.float64]:
        """Return what the scale is about: of split sides the larger one.

        Returns
        -------
        (n_rows, n) float64, USD
            All columns where `columns` is ``None``; valid until the next call. Of a source that
            covers the pane only the rows that the pane shows, and columns that are alike once.
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
