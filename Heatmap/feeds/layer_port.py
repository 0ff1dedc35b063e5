"""What a layer and its feed tell each other; neither needs to know what the other one is."""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from Heatmap.domain.viewport import Viewport
from Heatmap.errors import Failure
from Heatmap.picture.messages import CellLines, CellQuery


class LayerListener(Protocol):
    """What a layer tells its feed; called on the thread of the user interface."""

    def viewport_changed(self, viewport: Viewport) -> None:
        """Record what the chart shows now; at most ten times a second."""

    def page_ready(self) -> None:
        """Show everything anew: the page has a chart (again), or missed an increment."""

    def view_lost(self) -> None:
        """Draw nothing until `viewport_changed`: the chart has no candles any more."""

    def page_gone(self) -> None:
        """Draw nothing until `page_ready`: the page is loaded again, or its chart has gone."""

    def symbol_changed(self) -> None:
        """Note that `LayerPort.symbol` has changed."""

    def painted(self, timing: Mapping[str, float]) -> None:
        """Record paint times: ``paint_ms`` in the mean, ``frames`` in the last second."""

    def cell_asked(self, query: CellQuery) -> None:
        """Answer with `LayerPort.show_cell` what lies at a place of the picture."""

    def heat_chosen(self, heat: str) -> None:
        """Apply the heat that the chart offered, one of `HEATS`."""


class SymbolPort(Protocol):
    """Whatever shows a symbol: a layer, or panels without a chart."""

    @property
    def symbol(self) -> str | None:
        """Symbol that is shown; ``None`` while it is not known."""


class LayerPort(SymbolPort, Protocol):
    """What a feed needs of a layer; `Heatmap.ui.HeatmapLayer` is one."""

    @property
    def failure(self) -> Failure | None:
        """Why the page cannot show the heatmap at present; ``None``: nothing is known of it."""

    def set_listener(self, listener: LayerListener | None) -> None:
        """Tell `listener` from now on; ``None``: nobody."""

    def set_leave_listener(self, leave: "Callable[[LayerPort], None] | None") -> None:
        """Tell `leave` once when the layer goes, or gets another of these; ``None``: nobody."""

    def show_grid(self, meta: Mapping[str, Any], packed: str) -> None:
        """Replace the picture."""

    def append_cells(self, meta: Mapping[str, Any], packed: str) -> None:
        """Replace or add columns of the picture."""

    def set_options(self, options: Mapping[str, Any]) -> None:
        """Change what the page applies by itself, such as visible, opacity and palette."""

    def clear(self) -> None:
        """Remove the picture, and what the parts show."""

    def show_part(self, name: str, payload: object) -> None:
        """Show something by a part of the page, in place of what it showed; ``None``: nothing.

        Kept until `clear`, also for the charts and pages that come later.
        """

    def show_cell(self, report: CellLines | None) -> None:
        """Show what lies at the place that was asked about last; ``None``: nothing is known."""
