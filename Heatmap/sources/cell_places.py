"""Places of a picture that are asked about, and what is told of them. Pure."""

import math
from dataclasses import dataclass

from Heatmap.aggregation.resolution import GridSpec

_EDGE_ROUNDING = 1e-6


@dataclass(frozen=True, slots=True)
class CellQuery:
    """A place of the picture that is asked about: the cells under one pixel of it.

    Attributes
    ----------
    price_low, price_high
        Edges of its rows, USD.
    from_ms, to_ms
        Edges of its columns, UTC milliseconds.
    is_now
        Right of now, where the newest column goes on: what stands there, not what happened.
    """

    price_low: float
    price_high: float
    from_ms: int
    to_ms: int
    is_now: bool = False


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


@dataclass(frozen=True, slots=True)
class CellReport:
    """What lies at a place of the picture.

    Attributes
    ----------
    query
        The place that was asked about.
    facts
        What lies there, as a plain value of its source's.
    lines
        The same in words, as `CellLines` has them.
    """

    query: CellQuery
    facts: object
    lines: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class CellBlock:
    """The cells of a place: rows and columns of a grid, each until before its end; never empty."""

    first_row: int
    end_row: int
    first_col: int
    end_col: int


def cells_at(query: CellQuery, spec: GridSpec) -> CellBlock | None:
    """Return the cells of a place; an edge within a cell counts as that cell.

    Returns
    -------
    CellBlock or None
        ``None``: the place is not in the grid (any more).
    """
    first_row, end_row = _span(
        (query.price_low / spec.price.bin_usd) - spec.price.first_row,
        (query.price_high / spec.price.bin_usd) - spec.price.first_row,
        spec.price.n_rows,
    )
    first_col, end_col = _span(
        query.from_ms / spec.time.bin_ms - spec.time.first_col,
        query.to_ms / spec.time.bin_ms - spec.time.first_col,
        spec.time.n_cols,
    )
    if first_row >= end_row or first_col >= end_col:
        return None
    return CellBlock(first_row, end_row, first_col, end_col)


def _span(low: float, high: float, size: int) -> tuple[int, int]:
    """Return the bins between two edges, counted in bins; at least the one at the lower edge."""
    # Edges of cells come with the rounding of binary fractions.
    first = math.floor(low + _EDGE_ROUNDING)
    end = max(math.ceil(high - _EDGE_ROUNDING), first + 1)
    return max(0, first), min(size, end)
