"""What goes into a picture and what comes out of it."""

import json
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from Heatmap.domain.viewport import Viewport
from Heatmap.heatmap_settings import HeatmapSettings
from Heatmap.picture.packing import unpack_cells


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
class PictureRequest:
    """Everything a picture depends on, besides the database.

    Attributes
    ----------
    viewport
        What the chart shows.
    settings
        The settings in force.
    tick_size
        Tick size of the symbol, USD.
    now_ms
        Data time now.
    heartbeats
        What heartbeats prove beyond the written coverage; ``None``: nothing.
    reads_new_rows
        Whether another recorder writes the database, so that new events are read from it instead of
        being handed over.
    """

    viewport: Viewport
    settings: HeatmapSettings
    tick_size: Decimal
    now_ms: int
    heartbeats: Heartbeats | None
    reads_new_rows: bool = False

    @property
    def end_ms(self) -> int:
        """Where the window ends: now, or the right edge of a chart that is scrolled back."""
        end_ms = self.viewport.end_ms
        return self.now_ms if end_ms is None else min(end_ms, self.now_ms)


@dataclass(frozen=True, slots=True)
class PictureMessage:
    """What goes to the page.

    Attributes
    ----------
    is_whole
        A whole grid (`LayerPort.show_grid`), else columns (`LayerPort.append_cells`).
    meta
        Where the cells belong; times in UTC milliseconds, prices and values in USD.
    packed
        The cells, as `pack_cells` gives them: uint8 (rows, columns) in C order; row 0 is the lowest
        price, column 0 the oldest.
    """

    is_whole: bool
    meta: dict[str, Any]
    packed: str

    @property
    def size_bytes(self) -> int:
        """What goes over the channel, but for its envelope."""
        return len(self.packed) + len(json.dumps(self.meta))

    @property
    def cells(self) -> bytes:
        """The cells, unpacked."""
        return unpack_cells(self.packed)


@dataclass(frozen=True, slots=True)
class CellQuery:
    """A place of the picture that is asked about: the cells under one pixel of it.

    Attributes
    ----------
    price_low, price_high
        Edges of its rows, USD.
    from_ms, to_ms
        Edges of its columns, UTC milliseconds.
    """

    price_low: float
    price_high: float
    from_ms: int
    to_ms: int


@dataclass(frozen=True, slots=True)
class CellReport:
    """What lies at a place of the picture.

    Attributes
    ----------
    query
        The place that was asked about.
    lines
        What there is to say, ``(label, text)`` each, in the order in which it is shown.
    """

    query: CellQuery
    lines: tuple[tuple[str, str], ...]
